"""What an HTTP status means for us."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from .errors import AuthFailed, ProtocolError, Rejected, RemoteError, Throttled, Unavailable
from .rate import date_of, pause_after

MOST_RETRY_AFTER = 3600.0
ABSENT = (404, 410)  # there is no such record, or none any more
REDIRECTS = {301, 302, 303, 307, 308}
_SECONDS = re.compile(r"\d{1,12}(\.\d*)?$")
# Refusals that are one of now, and no refusal of what was asked, if the answer says when to come again.
_LATER = {403, 413, 420, 430, 503}
_REFUSALS = {403, 413}  # those that mostly are
_RATE = re.compile(r"rate.?limit|too.?many.?requests|throttl|request.?limit.?exceeded", re.IGNORECASE)
_REJECTED = {403: "forbidden", 404: "not_found", 410: "not_found"}


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
    now = date_of(headers.get("Date", "")) or datetime.now(timezone.utc)
    return min(max((until - now).total_seconds(), 0.0), MOST_RETRY_AFTER)


def status_error(status: int, headers, *, host: str, remote: str = "", excerpt: str = "", item=False) -> RemoteError:
    """The error for a status that is not a success (DESIGN.md, "The queue").

    :param remote: the remote's own words, redacted
    :param bool item: is it the status of one record among many: then the headers are about all of them
    """
    wait = retry_after(headers)
    is_limit = status in _LATER and bool(_RATE.search(remote))
    if wait is None and status in _LATER and not item and (is_limit or not remote or status not in _REFUSALS):
        # Where the words are others, what is left is 0 by chance, or always: then it is what was asked that is refused.
        wait = pause_after(headers) or None
    if wait is None and status == 403 and is_limit:
        kind, detail = Throttled, "throttled"
    else:
        kind, detail = judge(status, wait)
    remote = f": {remote.rstrip('.')}" if remote else ""
    values = {"host": host, "remote": remote, "excerpt": excerpt}
    return kind("status", detail, status=status, retry_after=wait if kind is Throttled else None, **values)


def judge(status: int, wait: float | None):
    """The class of error that a status stands for, and which variety of it.

    :param wait: seconds that the remote asks to wait, if it does
    """
    if status == 429 or (status in _LATER and wait is not None):
        return Throttled, "throttled"
    if status == 408 or status >= 500:
        return Unavailable, "failed"
    if status == 401:
        return AuthFailed, "auth"
    if status >= 400:
        return Rejected, _REJECTED.get(status, "refused")
    return ProtocolError, ""
