"""Session tokens in this process: kept until they expire, and fetched once however many threads need one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import cachetools

# A token is renewed this much before its end, at most a tenth of its life: requests take time, and clocks differ.
_MARGIN = 60.0


@dataclass(frozen=True)
class Token:
    """A credential that expires; ``seconds`` is its life from when it was given."""

    value: str
    seconds: float


def _expiry(_key, token: Token, now: float) -> float:
    return now + token.seconds - min(_MARGIN, token.seconds / 10)


class _Slot:
    """Where the threads that need the same token wait for each other."""

    def __init__(self):
        self.lock = threading.Lock()
        self.attempts = 0
        self.failure = None


class TokenStore:
    """Tokens by key; safe to use from many threads.

    :param int size: most tokens kept
    """

    def __init__(self, size: int = 1024, timer=time.monotonic):
        self._tokens = cachetools.TLRUCache(size, ttu=_expiry, timer=timer)
        self._slots = {}
        self._guard = threading.Lock()

    def get(self, key) -> str | None:
        """The token's value, or None if there is none that is still good."""
        with self._guard:
            token = self._tokens.get(key)
        return token.value if token else None

    def put(self, key, token: Token) -> None:
        with self._guard:
            self._tokens[key] = token

    def clear(self) -> None:
        """Forget all tokens."""
        with self._guard:
            self._tokens.clear()
            self._slots.clear()

    def renew(self, key, rejected: str | None, fetch) -> None:
        """Have a token that is not the rejected one. One thread calls ``fetch``; those that wait share what it gets.

        :param rejected: the value the remote did not accept, or None if there was none
        :param fetch: called without arguments, gives a ``Token``
        :raises RemoteError: as ``fetch``, also to the threads that waited for it
        """
        with self._guard:
            slot = self._slots.setdefault(key, _Slot())
            seen = slot.attempts
        with slot.lock:
            if self.get(key) not in (None, rejected):
                return
            if slot.attempts != seen and slot.failure is not None:
                raise slot.failure
            self._fetch(slot, key, fetch)

    def _fetch(self, slot, key, fetch):
        slot.failure = None
        try:
            self.put(key, fetch())
        except Exception as error:
            slot.failure = error
            raise
        finally:
            slot.attempts += 1
