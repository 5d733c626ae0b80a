"""The way through a proxy: a tunnel (CONNECT, RFC 9110 section 9.3.6), also for http, so that one rule holds for all.

The guard looks at the target here, and the proxy is asked for the very address that was looked at; see
``connection.py``. The proxy's own address is the administrator's matter, and is mostly a private one.
"""

from __future__ import annotations

import http.client
import socket
from typing import NamedTuple
from urllib.parse import unquote

from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from .auth import basic_credentials
from .errors import AuthFailed, ProtocolError, Rejected, Unavailable
from .redaction import redact_url

ENVIRONMENT = "environment"  # in place of an address: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say


class Proxy(NamedTuple):
    """Where the proxy is, and the value of its header for credentials, if it wants any."""

    host: str
    port: int
    credentials: str | None = None

    @property
    def name(self) -> str:
        """As it is called in messages."""
        return f"{self.host}:{self.port} (proxy)"


def parse_proxy(url: str) -> Proxy:
    """Read an address such as ``http://user:password@proxy.example:3128``.

    :raises Rejected: it is none (reason ``bad_proxy``)
    """
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = None
    if parts is None or parts.scheme != "http" or not parts.host or parts.path not in (None, "/") or parts.query:
        raise Rejected("bad_proxy", sent=False, proxy=redact_url(url))
    credentials = None
    if parts.auth:
        user, _, password = parts.auth.partition(":")
        credentials = basic_credentials(unquote(user), unquote(password))
    return Proxy(parts.host.strip("[]"), parts.port or 80, credentials)


def proxy_for(setting: str, scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy on the way to a host.

    :param str setting: empty for none, ``ENVIRONMENT``, or the address of the proxy
    :raises Rejected: it is no address (reason ``bad_proxy``)
    """
    if setting == ENVIRONMENT:
        url = f"{scheme}://{host}:{port}/"
        setting = select_proxy(url, get_environ_proxies(url)) or ""
        if setting and "://" not in setting:
            setting = f"http://{setting}"
    return parse_proxy(setting) if setting else None


def open_tunnel(connected: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy connect through to a host; from then on the socket is as one to the host itself.

    :param host: what the proxy is asked for, name or address
    :raises AuthFailed: the proxy wants other credentials (reason ``proxy_auth``)
    :raises Unavailable: it does not connect (reason ``proxy``)
    :raises ProtocolError: it is no HTTP proxy (reason ``not_http``)
    :raises OSError: from the socket
    """
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.credentials:
        lines.append(f"Proxy-Authorization: {proxy.credentials}")
    connected.sendall("\r\n".join([*lines, "", ""]).encode())
    answer = http.client.HTTPResponse(connected, method="CONNECT")
    try:
        answer.begin()
        status = answer.status
    except ConnectionError as error:
        raise Unavailable("reset", sent=False, host=proxy.name) from error
    except http.client.HTTPException as error:
        raise ProtocolError("not_http", sent=False, host=proxy.name) from error
    finally:
        answer.close()
    if status == 407:
        raise AuthFailed("proxy_auth", sent=False, host=proxy.name)
    if not 200 <= status < 300:
        raise Unavailable("proxy", sent=False, host=proxy.name, target=authority, answer=str(status))
