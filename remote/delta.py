"""Asking only for what changed: the cursor of a flow, and how far it may move.

A cursor that moves too far loses records for good, one that moves too little only reads some again. So, in doubt, it
moves too little: never beyond the moment at which the walk began (by the remote's own clock where it tells it), back by
the overlap, and a walk by position over several pages moves it only as far as the walk before it came.
"""

import datetime
import email.utils
import operator
from dataclasses import dataclass

import jmespath
import jmespath.exceptions

from .. import moments
from . import address
from .errors import ProtocolError

NO_DELTA, TIMESTAMP, TOKEN = "none", "timestamp", "token"
RECORD, HEADER, BODY = "record", "header", "body"
UTC = datetime.timezone.utc
FIRST_YEAR = 1990  # a number that would be a moment before is a count
MOST_DIGITS = 20  # a number with more is no moment


@dataclass(frozen=True)
class Delta:
    """How a list operation tells what changed.

    :ivar str kind: ``none``, ``timestamp`` or ``token``
    :ivar str format: of timestamps: ``integer`` (a counter such as an ETag that only grows), or one of ``moments``
    :ivar str source: where the next cursor is: in every ``record``, in a ``header`` or in the ``body``
    :ivar str path: the header's name, or a JMESPath in the body; for records the flow's *updated* path is used
    :ivar int overlap: seconds (for ``integer``: counts) to go back, for remotes that commit out of order
    :ivar datetime.tzinfo zone: of timestamps that carry none
    :ivar str sent_format: of what ``{since}`` stands for; empty: as the remote wrote it
    :ivar datetime.tzinfo sent_zone: in which it is written; None: as ``zone``
    """

    kind: str = NO_DELTA
    format: str = "iso"
    source: str = RECORD
    path: str = ""
    overlap: int = 0
    zone: datetime.tzinfo = UTC
    sent_format: str = ""
    sent_zone: datetime.tzinfo | None = None

    @property
    def clockless(self):
        """Are the cursors counts of the records, which no clock can limit to the beginning of the walk?

        Then a record that changes on a page that was read already may have a smaller count than one that is still to
        be read; after several pages such a cursor has to wait as one of a walk by position does (``next_cursor``).
        """
        return self.kind == TIMESTAMP and self.format == "integer" and self.source == RECORD

    def since(self, cursor):
        """What ``{since}`` stands for in the next request; None for a full scan."""
        if cursor is None or self.kind == NO_DELTA:
            return None
        is_as_it_came = not (self.overlap or self.sent_format or self.sent_zone)
        if self.kind == TOKEN or is_as_it_came:
            return cursor
        return self._text(self._moment(cursor), -self.overlap, self.sent_format, self.sent_zone)

    def moment(self, since):
        """The moment that is asked for, from what ``since`` gave.

        :rtype: datetime.datetime
        """
        if self.sent_format or self.sent_zone:
            return moments.read(since, self.sent_format or self.format, self.sent_zone or self.zone)
        return self._moment(since)

    def sent(self, moment):
        """A moment as ``{since}`` is written.

        :param datetime.datetime moment: with its zone
        """
        return self._text(moment, 0, self.sent_format, self.sent_zone)

    def observe(self, candidate, answer, updates):
        """The next cursor, as far as this page tells.

        :param candidate: what the pages before told; None at first
        :param Answer answer: the page
        :param list updates: the *updated* value of each record of the page
        :raises ProtocolError: ``no_since``: what stands in the header or body could not be sent back as ``{since}``
        """
        if self.kind == NO_DELTA:
            return None
        if self.source == RECORD:
            read = [(self._read(value), value) for value in (*updates, candidate)]
            known = [(moment, value) for moment, value in read if moment is not None]
            return max(known, key=operator.itemgetter(0), default=(None, None))[1]
        found = self._find(answer)
        if found is None:
            return candidate
        if self.kind == TIMESTAMP and not self.is_readable(found):
            raise self._no_since(answer)
        # A sync token is right on the last page; a clock is right on the first, before anything changes meanwhile.
        if self.kind == TOKEN or candidate is None:
            return found
        return candidate

    def _find(self, answer):
        """What stands at the place of the next cursor, or None."""
        if self.source == HEADER:
            return answer.headers.get(self.path)
        if answer.document is None:  # 204, 304: it says nothing of it
            return None
        try:
            return jmespath.search(self.path, answer.document)
        except (jmespath.exceptions.JMESPathError, ArithmeticError, TypeError, ValueError) as error:
            raise self._no_since(answer) from error  # such as max() over a null

    def _no_since(self, answer):
        return ProtocolError("no_since", host=address.host_of(answer.url), place=self.path, format=self.format)

    def limit(self, candidate, began):
        """The candidate, but not after the beginning of the walk: a record dated 2099 must not hide the others.

        :param datetime.datetime began: when the walk began, by the remote's clock, with zone
        """
        if candidate is None or self.kind != TIMESTAMP or self.format == "integer":
            return candidate
        return candidate if self._moment(candidate) <= began else self._text(began)

    def _read(self, value):
        """The moment, or count, that a value stands for; None if it stands for none."""
        try:
            return None if value is None else self._moment(value)
        except (TypeError, ValueError, OverflowError):
            return None

    @property
    def reads_records(self):
        """Is the cursor what the records say of themselves?"""
        return self.kind == TIMESTAMP and self.source == RECORD

    def is_readable(self, value):
        """Can this *updated* value be the next cursor?"""
        return self._read(value) is not None

    def _moment(self, value):
        if self.format == "integer":
            return int(str(value).removeprefix("W/").strip('"'))
        return moments.read(value, self.format, self.zone)

    def _text(self, moment, shift=0, form=None, zone=None):
        if self.format == "integer":
            return max(moment + shift, 0)
        form = form or self.format
        zone = zone or (UTC if form in (moments.ISO, moments.AUTO) else self.zone)
        try:
            moment = moment + datetime.timedelta(seconds=shift)
            if form not in moments.FORMATS and "%z" not in form:
                moment = moments.not_later(moment, zone)
            return moments.write(moment, form, zone)
        except OverflowError:  # .NET's "never" is the first moment of the calendar: nothing lies before it
            return moments.write(moments.EPOCH, form, zone)


def moment_of(value, pattern="iso", zone=UTC):
    """The moment that an updated-at stands for, in the flow's format or as most systems write it; None if it is none.

    :param str pattern: a format of ``moments``, or ``integer`` (seconds or milliseconds, by their size)
    :param datetime.tzinfo zone: of times that carry none
    :rtype: datetime.datetime
    """
    if pattern == "integer" or isinstance(value, (int, float)):
        pattern = moments.AUTO
    # Which reads all that ISO is, but for digits alone: "2026" is as likely a count as a year.
    for one in (pattern,) if pattern == moments.AUTO else (pattern, moments.ISO):
        try:
            return moments.read(value, one, zone)
        except ValueError:
            continue
    return None


def told_moment(text, pattern, zone):
    """The moment that a person is shown, from the text that is kept of an updated-at, or of the time of an event.

    :param str text: None or empty for none
    :param str pattern: as for ``moment_of``
    :param datetime.tzinfo zone: of times that carry none
    :return: naive UTC, whole seconds; False for a text that is no time, such as a count
    """
    for value in (text, int(text) if is_count(text) else None):
        moment = naive(moment_of(value, pattern, zone)) if value else None
        if moment:
            return moment if moment.year >= FIRST_YEAR else False
    return False


def is_count(value):
    """Is it the text of a whole number, which may be seconds or milliseconds?"""
    return isinstance(value, str) and value.isdecimal() and len(value) < MOST_DIGITS


def naive(moment):
    """A moment as Odoo keeps it: naive UTC, whole seconds; None for none.

    Systems that know no empty time send the first or the last one of their calendar, which as UTC may be outside of it.
    """
    try:
        return moment and moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    except OverflowError:
        return None


def remote_clock(answer):
    """What the remote's clock said when it was asked (``Date`` header, RFC 9110 6.6.1), else our own, in whole seconds.

    The header tells when the answer was made, which may be long after the remote looked; so the whole time that the
    request took is taken off.

    :rtype: datetime.datetime
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    try:
        moment = email.utils.parsedate_to_datetime(answer.headers["Date"])
        if moment.tzinfo is None:  # "-0000" says UTC as well (RFC 5322 3.3)
            moment = moment.replace(tzinfo=datetime.timezone.utc)
        moment = (moment - datetime.timedelta(seconds=answer.seconds)).astimezone(datetime.timezone.utc)
    except (KeyError, TypeError, ValueError, OverflowError):
        moment = now - datetime.timedelta(seconds=answer.seconds)
    return moment.replace(microsecond=0)


def next_cursor(position, several_pages_by_position):
    """Which cursor to keep once a walk has ended.

    While we walk by page number or offset, a record that is removed moves the others by one, and one that we have not
    read slips onto a page that we have. So the next walk begins where the walk *before* this one ended: every change is
    walked over twice, and what slipped away once is found by the next run. What slips away in two runs that follow each
    other is left to the next full scan: nothing in the answers tells that it was there.

    :param dict position: ``candidate``: what this walk observed; ``previous``: the candidate of the walk before
    :param bool several_pages_by_position: did this walk take several pages, by number or offset
    :return: (cursor, candidate to remember)
    :rtype: tuple
    """
    candidate = position.get("candidate")
    if several_pages_by_position:
        return position.get("previous"), candidate
    return candidate, candidate
