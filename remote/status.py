"""What an HTTP status means for us."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .errors import AuthFailed, ProtocolError, Rejected, RemoteError, Throttled, Unavailable

MOST_RETRY_AFTER = 3600.0
ABSENT = (404, 410)  # there is no such record, or none any more
REDIRECTS = {301, 302, 303, 307, 308}
_SECONDS = re.compile(r"\d{1,12}(\.\d*)?$")
_REJECTED = {403: "forbidden", 404: "not_found", 410: "not_found"}
# Where systems usually put the sentence for a person: Stripe and Google, most others, JSON:API, OAuth, problem details.
_MESSAGE_PLACES = (
    ("error", "message"),
    ("message",),
    ("errors", 0, "message"),
    ("error_description",),
    ("detail",),
    ("errors", 0, "detail"),
    ("title",),
    ("error",),
    ("errors", 0),
)


def is_absent(error) -> bool:
    """Does this error say that there is no such record (any more)?

    :param RemoteError error: of a request about one record
    """
    return error.status in ABSENT or error.reason == "gone"


def is_stale(error) -> bool:
    """Does it say that the record there has another version than the one that was to be changed?

    :param RemoteError error: of a request about one record
    """
    return error.status in (409, 412)


def retry_after(headers) -> float | None:
    """Seconds that the remote asks to wait (RFC 9110 section 10.2.3), at most ``MOST_RETRY_AFTER``.

    A date is compared with the answer's own Date, so that a wrong clock does not matter.

    :return: None if the header is absent or makes no sense
    """
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.match(text):
        return min(float(text), MOST_RETRY_AFTER)
    until = date_of(text)
    if until is None:
        return None
    now = date_of(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), MOST_RETRY_AFTER)


def date_of(text: str) -> datetime | None:
    """An HTTP date, aware; None if it is none."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def remote_message(body: bytes) -> str:
    """The other system's own words about an error, or an empty text if its body is not the usual JSON."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = (_at(document, place) for place in _MESSAGE_PLACES)
    return next((text.strip() for text in found if isinstance(text, str) and text.strip()), "")


def _at(document, place):
    for step in place:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def status_error(status: int, headers, *, host: str, remote: str = "", excerpt: str = "") -> RemoteError:
    """The error for a status that is not a success (DESIGN.md, "The queue").

    :param remote: the remote's own words, redacted
    """
    wait = retry_after(headers)
    kind, detail = judge(status, wait)
    remote = f": {remote.rstrip('.')}" if remote else ""
    values = {"host": host, "remote": remote, "excerpt": excerpt}
    return kind("status", detail, status=status, retry_after=wait if kind is Throttled else None, **values)


def judge(status: int, wait: float | None):
    """The class of error that a status stands for, and which variety of it.

    :param wait: seconds that the remote asks to wait, if it does
    """
    if status == 429 or (status == 503 and wait is not None):
        return Throttled, "throttled"
    if status == 408 or status >= 500:
        return Unavailable, "failed"
    if status == 401:
        return AuthFailed, "auth"
    if status >= 400:
        return Rejected, _REJECTED.get(status, "refused")
    return ProtocolError, ""
