"""Moments in every notation in which systems write them: one place that reads them, for values and for cursors.

A *format* is ``iso``, ``epoch`` (seconds), ``epoch_ms``, ``auto`` (a text as ``iso``, a number by its size), or a
pattern of strptime. ``iso`` also reads other notations that can mean one moment only: ``/Date(1717243200000+0200)/``,
``2024-06-01T12:00:00Z[UTC]``, ``2024-06-01 12:00:00 +0200`` and ``2024-06-01 12:00:00 UTC``.

A zone that is named counts, or the value is refused: an abbreviation such as CST means several. A moment without a zone
is in the zone that is given. In the hour that comes twice the first is meant, and an hour that a clock change skips is
read with the offset before the change (PEP 495, fold 0).
"""

import datetime
import decimal
import re
import zoneinfo

import dateutil.parser

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
ISO, AUTO = "iso", "auto"
UNITS = {"epoch": 1, "epoch_ms": 1000}  # in a second
FORMATS = (ISO, *UNITS, AUTO)

_DOTNET = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")  # the offset only says where it was written
_BRACKET = re.compile(r"(.*?)\[([^\[\]]+)\]", re.DOTALL)  # Java's ZonedDateTime
_LAST_WORD = re.compile(r"(.*\d)\s*([A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*)", re.DOTALL)
_OFFSET = re.compile(r"(.*:\d\d(?:[.,]\d+)?)\s+([+-]\d\d:?\d\d)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SIZES = ((11, 1), (14, 10**3), (17, 10**6))  # below ten to the power of: units in a second


def zone_choices(_model=None):
    """:return: every zone there is, as the choices of a selection field"""
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


def check_format(pattern):
    """:raises ValueError: if nothing can be read or written in this format"""
    if pattern in FORMATS:
        return
    if "%" not in pattern:
        raise ValueError(pattern)
    sample = datetime.datetime(2024, 5, 31, 12, 34, 56, tzinfo=UTC)
    read(write(sample, pattern, UTC), pattern, UTC)


def zone_of(name):
    """:param str name: IANA name
    :rtype: datetime.tzinfo
    :raises ValueError: if there is no such zone
    """
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, OSError) as error:  # a folder of zones, such as Europe, is an OSError
        raise ValueError(name) from error


def read(value, pattern, zone):
    """A moment of another system.

    :param value: a text or a number
    :param str pattern: the format
    :param datetime.tzinfo zone: of moments that carry none
    :rtype: datetime.datetime
    :raises ValueError: if it is no moment in this format
    """
    try:
        if pattern in UNITS:
            return _since_epoch(value, UNITS[pattern])
        if pattern == AUTO and (unit := _unit_by_size(value)):
            return _since_epoch(value, unit)
        if not isinstance(value, str):
            raise ValueError(value)
        moment = _read_iso(value.strip()) if pattern in (ISO, AUTO) else _read_pattern(value, pattern)
    except (OverflowError, TypeError, AttributeError, decimal.InvalidOperation) as error:
        raise ValueError(value) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def is_day(value):
    """Is it a day without a time?"""
    return isinstance(value, str) and bool(re.fullmatch(r"\s*\d{4}-\d\d-\d\d\s*", value))


def is_dotnet(value):
    """Is it /Date(1717243200000)/, which is always a moment?"""
    return isinstance(value, str) and bool(_DOTNET.fullmatch(value.strip()))


def write(moment, pattern, zone):
    """A moment for another system; ``auto`` is written as ``iso``.

    :param datetime.datetime moment: with zone
    :param datetime.tzinfo zone: in which it is written
    :raises OverflowError: if the calendar ends before
    """
    if pattern in UNITS:
        return int((moment - EPOCH) / datetime.timedelta(seconds=1) * UNITS[pattern])
    if pattern in (ISO, AUTO):
        return _write_iso(moment, zone)
    # The abbreviation of a zone could not be read again.
    local = moment.astimezone(UTC if "%Z" in pattern else zone)
    # The C library writes the year 999 as "999", which strptime's %Y then refuses.
    return local.strftime(pattern.replace("%Y", f"{local.year:04d}"))


def not_later(moment, zone):
    """A moment that, written without its zone, is not read as a later one than it is.

    In the hour that comes twice nobody can tell which one is meant, so it is the hour before.
    """
    local = moment.astimezone(zone)
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    if first > second:  # it comes twice
        return (local.replace(tzinfo=None) - (first - second)).replace(tzinfo=zone)
    return local


def _write_iso(moment, zone):
    try:
        local = moment.astimezone(zone)
    except OverflowError:  # the calendar's first and last hours, such as 9999-12-31 23:59:59 for "never"
        local = moment
    if local.utcoffset().seconds % 60:  # local mean time of old days; ISO 8601 has no seconds in an offset
        local = moment
    text = local.isoformat()
    return text.replace("+00:00", "Z") if zone is UTC or getattr(zone, "key", None) == "UTC" else text


def _since_epoch(value, unit):
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
        raise ValueError(value)
    number = decimal.Decimal(value.strip() if isinstance(value, str) else repr(value))
    if not number.is_finite() or abs(number) > 10**18:
        raise ValueError(value)
    microseconds = (number * 10**6 / unit).to_integral_value(decimal.ROUND_FLOOR)
    # Not fromtimestamp: it knows no moment before 1970 on some systems.
    return EPOCH + datetime.timedelta(microseconds=int(microseconds))


def _unit_by_size(value):
    """Units in a second of a number that is a moment; None for what is no number."""
    if isinstance(value, str):
        digits = value.strip().lstrip("-").partition(".")[0]
        if not _NUMBER.fullmatch(value.strip()) or len(digits) == 8:  # 20240531
            return None
        if len(digits) == 14 or len(digits) < 8:  # 20240531120000, or too small to be sure of
            raise ValueError(value)
        value = digits
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    size = abs(float(value))
    for power, unit in _SIZES:
        if size < 10**power:
            return unit
    raise ValueError(value)


def _read_iso(text):
    found = _DOTNET.fullmatch(text)
    if found:
        return _since_epoch(found[1], 1000)
    found = _BRACKET.fullmatch(text)
    if found:  # an offset before it is exact; the name only says whose it is
        moment = _read_iso(found[1])
        return moment if moment.tzinfo else moment.replace(tzinfo=zone_of(found[2]))
    found = _OFFSET.fullmatch(text)
    if found:
        return dateutil.parser.isoparse(found[1] + found[2])
    found = _LAST_WORD.fullmatch(text)
    if found:
        moment = dateutil.parser.isoparse(found[1])
        if moment.tzinfo:
            raise ValueError(text)
        return moment.replace(tzinfo=zone_of(found[2]))
    return dateutil.parser.isoparse(text)


def _read_pattern(value, pattern):
    if "%Z" not in pattern:
        return datetime.datetime.strptime(value, pattern)
    # strptime reads the names of this machine's own zone, too, and then forgets which it was.
    for word in _WORD.finditer(value):
        try:
            moment = datetime.datetime.strptime(value[: word.start()] + "UTC" + value[word.end() :], pattern)
        except ValueError:
            continue
        return moment if "%z" in pattern else moment.replace(tzinfo=zone_of(word[0]))
    raise ValueError(value)
