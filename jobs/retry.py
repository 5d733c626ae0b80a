"""What is done after an error: its kind decides, not the place where it was caused (DESIGN.md, "The queue").

Pure decisions; times in seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

# Attempts that a job has, by the kind of its error; a kind that is not named here fails at once. Waiting for the other
# system (``throttled``, ``auth``) is no attempt.
ATTEMPTS = {"unavailable": 8, "protocol": 3, "dependency": 8, "busy": 8}
WAITING = ("throttled", "auth")
FIRST_DELAY, LONGEST_DELAY = 15.0, 3600.0

# After so many failures in a row the connector rests, and one probe at a time tries it.
REST_AFTER = 3
FIRST_REST, LONGEST_REST = 30.0, 900.0
FIRST_WAIT, SHORTEST_WAIT, LONGEST_WAIT = 30.0, 1.0, 3600.0
_SPREAD = (0.8, 1.2)  # not all come back at once


@dataclass(frozen=True)
class Verdict:
    """What becomes of a job after an error.

    :ivar bool again: does it wait for another attempt, or has it failed
    :ivar int attempts: how many it has had
    :ivar float delay: seconds until it is due again
    """

    again: bool
    attempts: int
    delay: float = 0.0


def verdict(kind: str, attempts: int, charged: bool = True) -> Verdict:
    """Decide about a job.

    :param attempts: that it had before this one
    :param charged: is this an attempt that counts
    """
    if kind in WAITING:
        return Verdict(True, attempts)
    attempts += bool(charged)
    if attempts >= ATTEMPTS.get(kind, 0):
        return Verdict(False, attempts)
    return Verdict(True, attempts, delay(attempts))


def delay(attempts: int) -> float:
    """Seconds until the next attempt: doubled each time, and spread."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2 ** max(attempts - 1, 0)) * random.uniform(*_SPREAD)


def wait_of_flow(failures: int) -> float:
    """Seconds until a flow whose runs fail as a whole is run again by itself, longer each time.

    :param failures: runs that have failed in a row, with this one
    """
    return delay(failures)


def is_charged(failed_before: bool, failures_in_row: int) -> bool:
    """Is an ``unavailable`` the job's own trouble, so that it costs an attempt?

    It is if the job failed so before, and other calls of the same connector have succeeded in between.

    :param failures_in_row: of the connector, without this one
    """
    return failed_before and failures_in_row == 0


def rest(failures_in_row: int) -> float | None:
    """Seconds that a connector rests after so many failures in a row; None while it goes on."""
    if failures_in_row < REST_AFTER:
        return None
    grown = FIRST_REST * 2 ** min(failures_in_row - REST_AFTER, 20)
    return min(LONGEST_REST, grown) * random.uniform(*_SPREAD)


def wait(asked: float | None, times_in_row: int) -> float:
    """Seconds that a connector waits when the remote asks for fewer requests.

    :param asked: the remote's Retry-After, if it said one
    :param times_in_row: how often it has asked in a row, without this one
    """
    if asked is None:
        asked = FIRST_WAIT * 2 ** min(times_in_row, 20)
    return min(max(asked, SHORTEST_WAIT), LONGEST_WAIT)
