"""HTTP by requests: a session that sends what it is given once, and goes only where the guard permits.

Of what requests does by itself, nothing is wanted here: redirects, retries, proxies of the environment and ``.netrc``
are decided in ``client.py``; bodies are read in ``body.py``, which counts.
"""

from __future__ import annotations

import re
import ssl

import requests
from requests.adapters import HTTPAdapter

from .connection import pool_manager
from .errors import Rejected

_HOSTS = 16  # pools that are kept
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # token, RFC 9110 section 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Outgoing(requests.PreparedRequest):
    """One final request, as it is signed and sent; it is not prepared any further.

    :param str method: in capitals
    :param str url: absolute, as it will be on the wire
    :param CaseInsensitiveDict headers: all of them as text, but those that HTTP itself needs (Host, Content-Length)
    :param bytes|None body: its bytes
    """

    def __init__(self, method, url, headers, body):
        super().__init__()
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.token: str | None = None  # the session token that it was signed with

    def copy(self):
        """Another one that may be changed."""
        same = Outgoing(self.method, self.url, self.headers.copy(), self.body)
        same.token = self.token
        return same


class GuardedAdapter(HTTPAdapter):
    """Sends through guarded connections; the ``Attempt`` of the running thread says where to and how long.

    :param ssl.SSLContext context: TLS rules
    :param int size: connections that are kept open per host
    """

    def __init__(self, context: ssl.SSLContext, size: int):
        self._context = context
        super().__init__(pool_connections=_HOSTS, pool_maxsize=size)

    def init_poolmanager(self, connections, maxsize, block=False, **_options):
        self.poolmanager = pool_manager(self._context, connections, maxsize)

    def send(self, request, stream=True, timeout=None, verify=True, cert=None, proxies=None):
        """Send once; the body of the answer is on the wire still.

        Not left to requests, which would hide what happened in errors of its own, and does not say what was sent.

        :raises urllib3.exceptions.HTTPError: from the connection
        :raises RemoteError: no connection came to be
        """
        response = self.poolmanager.urlopen(
            request.method,
            request.url,
            body=request.body,
            headers=wire_headers(request.headers),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, response)


class GuardedSession(requests.Session):
    """A session that many threads may use, because nothing in it changes while it sends."""

    def __init__(self, context: ssl.SSLContext, size: int):
        super().__init__()
        self.trust_env = False
        adapter = GuardedAdapter(context, size)
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)

    def send(self, request, **options):
        """Send once, by the adapter.

        requests' own way looks for redirects even if it is told not to follow them, and for that reads the whole body
        of the answer, however large; and it takes every cookie.

        :raises urllib3.exceptions.HTTPError, RemoteError: as ``GuardedAdapter.send``
        """
        return self.get_adapter(request.url).send(request, **options)


def wire_headers(headers) -> dict:
    """Headers as bytes may be sent.

    :raises Rejected: a line break or other character that would change the request (reason ``bad_header``)
    """
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise Rejected("bad_header", sent=False, name=repr(name)[:80])
    return {name: value.encode() if not value.isascii() else value for name, value in headers.items()}
