"""How a system wants to be signed in to, by what it answers to a request without credentials (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..remote.errors import _lt
from .proposal import Reason

ASKS = _lt("Without credentials it answers %(status)s, and asks for %(asked)s.")
ASKS_UNKNOWN = _lt(
    "Without credentials it answers %(status)s, and asks for %(asked)s, which is not known here. Look in its"
    " documentation for another way to sign in."
)
SAYS_NOTHING = _lt(
    "Without credentials it answers %(status)s, and does not say how one signs in. Look in its documentation; a key"
    " in a header is usual."
)
OPEN = _lt("It answers without credentials (%(status)s). Whether its lists do so, too, shows with the first flow.")
ELSEWHERE = _lt(
    "It leads to %(url)s, which answers without credentials: perhaps a page for people to sign in at. Look in its"
    " documentation for the address of its API."
)
NO_ANSWER = _lt(
    "It answers %(status)s, which says nothing about signing in. Ask the address of a list, if you know one, or look in"
    " its documentation."
)
# How a challenge is called (in lower case) to the scheme of authentication, ``remote/auth.py``.
SCHEMES = {"bearer": "bearer", "basic": "basic", "digest": "digest", "oauth": "oauth1", "aws4-hmac-sha256": "aws4"}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
# A challenge begins the header or comes after a comma; a parameter has an equals sign behind its name.
_CHALLENGE = re.compile(r"(?:^|,)\s*([A-Za-z][\w!#$%&'*+.^`|~-]*)(?=\s+[^\s=]|\s*(?:,|$))")


class Proposed(NamedTuple):
    """:ivar str scheme: of ``remote/auth.py``; empty if nothing can be proposed
    :ivar Reason reason: what was answered, and what to do if nothing can be
    """

    scheme: str
    reason: Reason


def challenges(header: str) -> list[str]:
    """The ways that a ``WWW-Authenticate`` header offers, as it writes them, in its order; each once."""
    return list(dict.fromkeys(_CHALLENGE.findall(_QUOTED.sub('""', header))))


def propose(status: int, header: str, elsewhere: str = "") -> Proposed:
    """What an answer to a request without credentials says about signing in.

    :param status: of the answer
    :param header: ``WWW-Authenticate``; empty if there was none
    :param elsewhere: the address that answered, if it is another one than was asked
    """
    asked = challenges(header)
    values = {"status": status, "asked": ", ".join(asked)}
    known = [SCHEMES[one.lower()] for one in asked if one.lower() in SCHEMES]
    if known:
        return Proposed(known[0], Reason(ASKS, values))
    if asked:
        return Proposed("", Reason(ASKS_UNKNOWN, values))
    if status in (401, 403):
        return Proposed("", Reason(SAYS_NOTHING, values))
    if status < 300 and elsewhere:
        return Proposed("", Reason(ELSEWHERE, {"url": elsewhere}))
    if status < 300:
        return Proposed("none", Reason(OPEN, values))
    return Proposed("", Reason(NO_ANSWER, values))
