"""What a remote says about how many more requests it will take."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

LONGEST_RESET = 3600.0
_EPOCH = 1_000_000_000  # a reset beyond this is a point in time, not a number of seconds
_EPOCH_MS = 100_000_000_000  # and beyond this, one in milliseconds
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_REMAINING = (
    "RateLimit-Remaining",
    "X-RateLimit-Remaining",
    "X-Rate-Limit-Remaining",
    "X-RateLimit-Requests-Remaining",
)
_RESET = ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset", "X-RateLimit-Reset-After")
_ONE_HEADER = re.compile(r"(?:^|[;,]\s*)(r|remaining|t|reset)=(\d+)")  # RateLimit: "default";r=0;t=30
_USED = re.compile(r"(\d+)\s*/\s*(\d+)$")  # X-Shopify-Shop-Api-Call-Limit: 40/40


def pause_after(headers, now: datetime | None = None) -> float:
    """Seconds until the remote takes another request, as its rate headers say; 0 if it takes one now.

    Known are the IETF draft's ``RateLimit`` and ``RateLimit-Remaining``/``-Reset``, their usual ``X-`` forms with
    seconds, a point in time (in seconds or milliseconds), an HTTP or ISO date, and the ``used/limit`` of Shopify.
    """
    remaining, reset = _one_header(headers.get("RateLimit", ""))
    if remaining is None:
        remaining = _number(_first(headers, _REMAINING))
        reset = _seconds(_first(headers, _RESET), headers, now)
    used = _USED.match(headers.get("X-Shopify-Shop-Api-Call-Limit", "").strip())
    if remaining is None and used:
        remaining, reset = int(used[2]) - int(used[1]), 1.0
    if remaining is None or remaining > 0 or not reset:
        return 0.0
    return min(max(reset, 0.0), LONGEST_RESET)


def _one_header(text: str):
    """Remaining and reset of ``RateLimit: "default";r=0;t=30`` or, as in older drafts, ``remaining=0, reset=30``."""
    found = {name: int(number) for name, number in _ONE_HEADER.findall(text)}
    return found.get("r", found.get("remaining")), found.get("t", found.get("reset"))


def _first(headers, names) -> str:
    return next((headers[name] for name in names if name in headers), "").strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _seconds(text: str, headers, now) -> float | None:
    now = now or date_of(headers.get("Date", "")) or datetime.now(timezone.utc)
    number = _number(text)
    if number is not None:
        number = number / 1000 if number > _EPOCH_MS else number
        return number - now.timestamp() if number > _EPOCH else number
    until = date_of(text)
    return (until - now).total_seconds() if until else None


def date_of(text: str) -> datetime | None:
    """An HTTP date, or an ISO date as some systems write it; aware, UTC if it names no zone; None if it is none."""
    try:
        date = datetime.fromisoformat(text) if _ISO.match(text) else parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
