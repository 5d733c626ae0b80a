"""Connections that go only where the guard permits, and that never outlive their deadline.

urllib3 resolves and connects in one step, and its time-outs are per read: a remote that sends a byte a second could
hold a lane for ever. So the connection classes here resolve through the guard, and the sockets ask before every call
how long they may still wait. The answer is the ``Attempt`` of the running thread.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import socket
import ssl
import threading
import time
from dataclasses import dataclass

import requests.certs
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from .errors import RemoteError, Unavailable
from .guard import Guard
from .proxy import open_tunnel, proxy_for
from .redaction import REDACTED, LogFilter

_CERTIFICATE_PROBLEMS = {10: "expired", 18: "untrusted", 19: "untrusted", 20: "untrusted", 21: "untrusted"}
_CERTIFICATE_PROBLEMS |= {62: "host", 64: "host"}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}

# At level debug urllib3 writes down each address that it calls, with its parameters; a key may be one of them. That it
# concerns whoever else uses urllib3 in this process is the price: it does not say whose request it is.
logging.getLogger("urllib3.connectionpool").addFilter(LogFilter(r"\?.*", f"?{REDACTED}"))


class Deadline:
    """A point in monotonic time.

    :param float seconds: from now
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def extend(self, seconds: float) -> None:
        """Give more time, for what was no part of the work."""
        self._end += seconds

    def patience(self, limit: float) -> float:
        """How long one call may wait: the limit, or less near the end.

        :raises TimeoutError: no time is left (a time-out of 0 would make the socket non-blocking)
        """
        left = self.left()
        if not left:
            raise TimeoutError("deadline")
        return min(limit, left)


@dataclass
class Attempt:
    """One HTTP request under way in this thread; all times in seconds."""

    guard: Guard
    deadline: Deadline
    connect_timeout: float
    read_timeout: float
    proxy: str = ""  # as ``proxy.proxy_for`` takes it
    fresh: bool = False  # the connection was opened for this request, so it can not be stale


_running = threading.local()


@contextlib.contextmanager
def running(attempt: Attempt):
    """Make this the attempt that connections of the current thread obey."""
    before = getattr(_running, "attempt", None)
    _running.attempt = attempt
    try:
        yield attempt
    finally:
        _running.attempt = before


class _Bounded:
    """A socket that obeys the deadline of the running attempt in every call."""

    def recv_into(self, *args, **kwargs):
        attempt = _running.attempt
        self.settimeout(attempt.deadline.patience(attempt.read_timeout))
        return super().recv_into(*args, **kwargs)

    def send(self, *args, **kwargs):
        self._bound_sending()
        return super().send(*args, **kwargs)

    def sendall(self, *args, **kwargs):
        self._bound_sending()
        return super().sendall(*args, **kwargs)

    def _bound_sending(self):
        # A large body may take longer than one read: only the whole request is limited.
        deadline = _running.attempt.deadline
        self.settimeout(deadline.patience(deadline.seconds))


class BoundedSocket(_Bounded, socket.socket):
    """Plain socket with a deadline."""


class BoundedTlsSocket(_Bounded, ssl.SSLSocket):
    """TLS socket with a deadline (made by ``SSLContext.wrap_socket``)."""


def _connect_one(entry, timeout: float) -> socket.socket:
    family, kind, protocol, _name, where = entry
    connected = BoundedSocket(family, kind, protocol)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.settimeout(timeout)
        connected.connect(where)
    except BaseException:
        connected.close()
        raise
    return connected


def _connect_first(entries, deadline: Deadline) -> socket.socket:
    """Connect to the first address that accepts; each gets its share of the time, so that one can not use it all up."""
    problem = None
    for index, entry in enumerate(entries):
        try:
            connected = _connect_one(entry, deadline.patience(deadline.left() / (len(entries) - index)))
        except OSError as error:
            problem = error
        else:
            connected.settimeout(max(deadline.left(), 0.001))  # what is left is for the TLS handshake
            return connected
    raise problem


class _Pinned:
    """Connection to an address that the guard has seen."""

    def _new_conn(self):
        attempt = _running.attempt
        deadline = Deadline(attempt.deadline.patience(attempt.connect_timeout))
        proxy = proxy_for(attempt.proxy, self.scheme, self.host.strip("[]"), self.port)
        if proxy is None:
            return _connect_first(attempt.guard.resolve(self.host, self.port), deadline)
        return self._through(proxy, attempt, deadline)

    def _through(self, proxy, attempt, deadline):
        target = attempt.guard.target_of_a_proxy(self.host, self.port)
        try:
            entries = attempt.guard.lookup(proxy.host, proxy.port)
        except Unavailable as error:
            raise Unavailable("proxy", "unknown", sent=False, host=proxy.name) from error
        try:
            connected = _connect_first(entries, deadline)
            try:
                open_tunnel(connected, proxy, target, self.port)
            except BaseException:
                connected.close()
                raise
        except OSError as error:
            raise _not_connected(error, proxy.name, proxy.port, attempt) from error
        connected.settimeout(max(deadline.left(), 0.001))
        return connected

    def connect(self):
        attempt = _running.attempt
        attempt.fresh = True
        try:
            self._establish()
        except OSError as error:
            raise _not_connected(error, self.host, self.port, attempt) from error


def _not_connected(error, host, port, attempt) -> RemoteError:
    """Why no connection came to be; the request was not sent."""
    values = {"sent": False, "host": host, "port": port}
    if isinstance(error, ssl.SSLError) and not isinstance(error, TimeoutError):
        return Unavailable("tls", tls_problem(error), problem=_tls_words(error), **values)
    if isinstance(error, TimeoutError):
        seconds = min(attempt.connect_timeout, attempt.deadline.seconds)
        return Unavailable("timeout", "connect", seconds=f"{seconds:g}", **values)
    if isinstance(error, ConnectionRefusedError):
        return Unavailable("refused", **values)
    if isinstance(error, ConnectionError):
        return Unavailable("reset", **values)
    detail = "network" if getattr(error, "errno", None) in _UNREACHABLE else ""
    return Unavailable("unreachable", detail, problem=getattr(error, "strerror", None) or str(error), **values)


def tls_problem(error) -> str:
    """Which sentence fits a TLS error: expired, host, untrusted, not_tls, or none of them."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE_PROBLEMS.get(error.verify_code, "")
    # A plain HTTP server answers the handshake with text.
    plain = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
    return "not_tls" if getattr(error, "reason", None) in plain else ""


def _tls_words(error) -> str:
    words = getattr(error, "verify_message", None) or getattr(error, "reason", None) or type(error).__name__
    return str(words).replace("_", " ").lower()


class PinnedConnection(_Pinned, HTTPConnection):
    """HTTP to a checked address."""

    scheme = "http"

    def _establish(self):
        self.sock = self._new_conn()


class PinnedTlsConnection(_Pinned, HTTPSConnection):
    """HTTPS to a checked address; the certificate must name the host, not the address."""

    scheme = "https"

    def _establish(self):
        # Not left to urllib3, whose 1.26 does not let OpenSSL verify a host that is an IP address.
        self.sock = self.ssl_context.wrap_socket(self._new_conn(), server_hostname=self.host.strip("[]"))
        # Only keeps urllib3 from a warning per connection where an administrator has switched verification off.
        self.is_verified = True


class PinnedPool(urllib3.HTTPConnectionPool):
    ConnectionCls = PinnedConnection


class PinnedTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = PinnedTlsConnection


@functools.lru_cache(maxsize=64)  # reading the public authorities takes longer than a request
def tls_context(verify: bool, ca_pem: str | None) -> ssl.SSLContext:
    """TLS rules of one connector; an own CA takes the place of the public ones.

    :raises Unavailable: ``ca_pem`` is not a PEM certificate (reason ``tls``, detail ``bad_ca``)
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = BoundedTlsSocket
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context.load_verify_locations(**({"cadata": ca_pem} if ca_pem else {"cafile": requests.certs.where()}))
    except (ssl.SSLError, ValueError) as error:
        raise Unavailable("tls", "bad_ca", sent=False) from error
    return context


def pool_manager(context: ssl.SSLContext, hosts: int, size: int) -> urllib3.PoolManager:
    """Thread-safe pool of guarded connections to so many hosts, ``size`` kept open for each."""
    manager = urllib3.PoolManager(
        num_pools=hosts,
        maxsize=size,
        ssl_context=context,
        cert_reqs="CERT_REQUIRED" if context.check_hostname else "CERT_NONE",
    )
    manager.pool_classes_by_scheme = {"http": PinnedPool, "https": PinnedTlsPool}
    return manager
