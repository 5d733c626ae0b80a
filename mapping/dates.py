"""Days and moments; which notations there are is decided in ``moments``."""

import datetime
import re

from .. import moments
from .converter import Converter, Option, converter
from .errors import ConversionError, _lt

_FORMAT = _lt("iso, epoch (seconds), epoch_ms, auto (numbers by their size), or a pattern such as %d.%m.%Y %H:%M")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")


class _OfTime(Converter):
    """What has a format and a zone."""

    refers = False
    formats = moments.FORMATS

    def _prepare(self):
        self.zone = self._zone()
        self.pattern = self.settings["format"]
        try:
            if self.pattern not in self.formats:
                if self.pattern in moments.FORMATS:
                    raise ValueError(self.pattern)
                moments.check_format(self.pattern)
        except ValueError:
            self._refuse("format", ", ".join(self.formats) + ", or a pattern such as %d.%m.%Y")


@converter
class Date(_OfTime):
    """A day. ``format`` is ``iso`` (2024-05-31), or a pattern of strptime.

    What is sent as a moment is another day in another zone: with ``instant``, as with ``epoch`` and ``epoch_ms``, it is
    the day of that moment in ``timezone`` (else the connector's).
    """

    name = "date"
    label = _lt("Date")
    options = {
        "format": Option("text", _lt("iso, epoch, epoch_ms, or a pattern such as %d.%m.%Y"), default="iso"),
        "instant": Option(
            "boolean",
            _lt("the value is a moment, such as 2024-05-31T22:00:00Z for June 1 in Brussels: take its day in the zone"),
            default=False,
        ),
        "timezone": Option("text", _lt("zone in which a moment is a day; if not set, the connector's")),
    }
    field_types = frozenset({"date"})
    formats = (moments.ISO, *moments.UNITS)

    def _prepare(self):
        super()._prepare()
        self.is_instant = self.settings["instant"] or self.pattern in moments.UNITS

    def read(self, value):
        try:
            if (self.is_instant and not moments.is_day(value)) or moments.is_dotnet(value):
                return moments.read(value, self.pattern, self.zone).astimezone(self.zone).date()
            if self.is_instant or self.pattern == moments.ISO:
                return _iso_date(value)
            return moments.read(value, self.pattern, self.zone).date()
        except (AttributeError, TypeError, ValueError, OverflowError):
            raise ConversionError("not_date", value=value, format=self.pattern) from None

    def write(self, value):
        if self.is_instant:
            midnight = datetime.datetime.combine(value, datetime.time(), self.zone)
            return moments.write(midnight, self.pattern, self.zone)
        if self.pattern == moments.ISO:
            return value.isoformat()
        midnight = datetime.datetime.combine(value, datetime.time(), moments.UTC)
        return moments.write(midnight, self.pattern, moments.UTC)


def _iso_date(value):
    # A time or zone behind it does not matter. Not date.fromisoformat alone: what it accepts depends on the Python.
    if not _ISO_DATE.match(value.strip()):
        raise ValueError(value)
    return datetime.date.fromisoformat(value.strip()[:10])


@converter
class Datetime(_OfTime):
    """A moment. Odoo keeps whole seconds in UTC without a zone; so does what this reads.

    Naive times are in ``timezone`` (else the connector's). ``auto`` is written as ``iso``.
    """

    name = "datetime"
    label = _lt("Date and time")
    options = {
        "format": Option("text", _FORMAT, default="iso"),
        "timezone": Option("text", _lt("zone of times that carry none, such as Europe/Brussels")),
    }
    field_types = frozenset({"datetime"})

    def read(self, value):
        try:
            moment = moments.read(value, self.pattern, self.zone)
            return moment.astimezone(moments.UTC).replace(tzinfo=None, microsecond=0)
        except (ValueError, OverflowError):
            raise ConversionError("not_datetime", value=value, format=self.pattern) from None

    def write(self, value):
        try:
            return moments.write(value.replace(tzinfo=moments.UTC), self.pattern, self.zone)
        except OverflowError:
            raise ConversionError("not_datetime", value=str(value), format=self.pattern) from None
