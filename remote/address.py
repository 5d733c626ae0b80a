"""Addresses of the other system: joining, adding parameters, and telling its own host from another."""

from __future__ import annotations

import functools
import re
from urllib.parse import unquote, unquote_plus, urlencode, urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from .errors import Rejected
from .redaction import redact_url
from .template import form_encode, text_of

_PORTS = {"http": 80, "https": 443}


@functools.lru_cache(maxsize=256)  # one request asks for the parts of its address again and again
def parsed(url: str):
    """Split an address with the parser that the connection will use (two parsers may disagree on the host).

    :return: ``urllib3.util.Url`` with scheme and host
    :raises Rejected: not http(s), or no host (reason ``bad_url``)
    """
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = None
    if parts is None or parts.scheme not in _PORTS or not parts.host:
        raise Rejected("bad_url", sent=False, url=redact_url(url))
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454): credentials never travel from one origin to another."""
    parts = parsed(url)
    return parts.scheme, parts.host.lower(), parts.port or _PORTS[parts.scheme]


def is_below(base_url: str, url: str) -> bool:
    """Does an address lie below the base address: its origin, and its path without dot segments?

    One host may serve many tenants by path, and the credentials of one are not for another. What some server may still
    read as a dot segment, such as ``%2e%2e`` or ``..;``, is not below.
    """
    if origin(base_url) != origin(url):
        return False
    base, path = unquote(parsed(base_url).path or "").rstrip("/"), _decoded(parsed(url).path or "")
    return not has_dot_segments(path) and (path == base or path.startswith(f"{base}/"))


def has_dot_segments(path: str) -> bool:
    """Does a path go up, or stay, in a way that any server may understand (RFC 3986 section 3.3)?"""
    segments = re.split(r"[/\\]", _decoded(path))
    return any(segment.partition(";")[0] in (".", "..") for segment in segments)


def _decoded(path: str) -> str:
    return unquote(unquote(path))  # a proxy may decode before the server does


def on_the_wire(url: str) -> str:
    """The address as it is sent: percent-encoded, without fragment. A signature must be made over this one."""
    return parsed(url)._replace(fragment=None).url


def host_of(url: str) -> str:
    """Host and port as a person knows them, for messages."""
    return parsed(url).netloc


def host_header(url: str) -> str:
    """The Host header of a request: with the port only if it is not the usual one (RFC 9110 section 7.2)."""
    parts = parsed(url)
    return parts.host if parts.port in (None, _PORTS[parts.scheme]) else f"{parts.host}:{parts.port}"


def join_base(base_url: str, path: str) -> str:
    """Absolute address of an operation's path. The base address keeps its own path: ``/v1`` + ``/users``."""
    if path.startswith(("http://", "https://")):
        return path
    base = base_url.rstrip("/")
    return f"{base}/{path.lstrip('/')}" if path.strip("/") else base + path


def resolve(current_url: str, reference: str) -> str:
    """Absolute address of a reference in an answer (RFC 3986 section 5), without its fragment.

    :raises Rejected: it can not be read as an address (reason ``bad_url``)
    """
    try:
        return urljoin(current_url, reference.strip()).split("#", 1)[0]
    except ValueError as error:
        raise Rejected("bad_url", sent=False, url=redact_url(reference)) from error


def as_secure_as(home: str, url: str) -> str:
    """The address with https in place of http, if it is on the host of ``home``, which is reached by https.

    Behind a proxy that ends TLS, many systems believe that they are reached by http.

    :raises Rejected: one of them is no address (reason ``bad_url``)
    """
    own, other = parsed(home), parsed(url)
    same = own.host.lower() == other.host.lower() and (other.port or 80) in (80, own.port)
    is_usual = (own.port or 443) == 443 or other.port == own.port
    if own.scheme != "https" or other.scheme != "http" or not (same and is_usual):
        return url
    return other._replace(scheme="https", port=own.port).url


def query_pairs(query) -> list[tuple[str, str]]:
    """Name and text of each parameter. A list is a repeated parameter, an object nests as ``created[gte]``.

    :param query: dict or list of pairs; a value of None is left out
    """
    pairs = []
    for name, value in query.items() if isinstance(query, dict) else query or ():
        if isinstance(value, dict):
            pairs += form_encode({name: value})
        elif value is not None:
            items = value if isinstance(value, (list, tuple)) else [value]
            pairs += [(name, text_of(item)) for item in items if item is not None]
    return pairs


def add_query(url: str, pairs) -> str:
    """The address with these parameters; those of the same names that it had are replaced, others stay byte by byte."""
    if not pairs:
        return url
    head, _, old = url.partition("?")
    names = {name for name, _value in pairs}
    kept = [part for part in old.split("&") if part and unquote_plus(part.split("=", 1)[0]) not in names]
    return f"{head}?{'&'.join([*kept, urlencode(pairs)])}"


def without_parameters(url: str, mark: str) -> str:
    """The address without the parameters whose value holds a mark, such as that of a credential that was blanked.

    The authentication adds its own anew; others stay byte by byte.
    """
    head, question, query = url.partition("?")
    kept = [part for part in query.split("&") if mark not in unquote_plus(part)]
    return f"{head}?{'&'.join(kept)}" if question and any(kept) else head
