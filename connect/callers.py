"""Who calls a webhook how often: this process keeps count, because a table would be written by every call."""

import threading
import time

import cachetools

MOST_CALLERS = 10_000
NOTE_EVERY = 1.0  # seconds between two notes of refused calls of one connector, however many there are

_lock = threading.Lock()
_buckets = cachetools.LRUCache(MOST_CALLERS)
_refusals = {}


def may_call(caller, rate, now=None):
    """Is this call within the limit? A caller may have so many a second, and twice as many at once.

    :param caller: whatever names it
    :param int rate: calls a second; 0: no limit
    :param float now: seconds of a clock that never goes back
    :rtype: bool
    """
    if not rate:
        return True
    now = time.monotonic() if now is None else now
    with _lock:
        left, since = _buckets.get(caller, (2 * rate, now))
        left = min(2 * rate, left + (now - since) * rate)
        _buckets[caller] = (left - 1 if left >= 1 else left, now)
        return left >= 1


def note_refusal(connector, now=None):
    """A call was refused. A flood of them must not write as often as it calls.

    :param connector: whatever names it
    :param float now: seconds of a clock that never goes back
    :return: how many are to be written down now; 0: later, with the next one
    :rtype: int
    """
    now = time.monotonic() if now is None else now
    with _lock:
        count, written = _refusals.get(connector, (0, -NOTE_EVERY))
        due = now - written >= NOTE_EVERY
        _refusals[connector] = (0, now) if due else (count + 1, written)
        return count + 1 if due else 0


def take_refusals(connector):
    """What was not written down yet.

    :rtype: int
    """
    if connector not in _refusals:
        return 0
    with _lock:
        count, written = _refusals[connector]
        _refusals[connector] = (0, written)
        return count
