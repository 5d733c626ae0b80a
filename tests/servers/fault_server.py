"""A remote system that misbehaves on demand: real sockets, and raw bytes where HTTP libraries would forbid the fault.

    with FaultServer() as server:
        server.script(json_answer({"data": []}), reset(), drip(b"x"))
        ...  # the first request gets the document, the second a reset, the third a byte now and then
        assert [request.method for request in server.requests] == ["GET", "GET", "GET"]

Answers of ``script`` are used in turn; when they are used up, or for None among them, the path's own answers (by
``route``) come, the last one again and again, else ``fallback``. An answer is a function of (connection, request); any
function will do. What goes wrong before a server is there is ``nobody_listens`` and ``nobody_accepts``.
Needs only the standard library, so that unit tests, Odoo tests and the crash tests can all use it.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
import zlib
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

_REASONS = {200: "OK", 201: "Created", 204: "No Content", 302: "Found", 404: "Not Found", 429: "Too Many Requests"}


@dataclass
class Received:
    """One request as it came. Header names are in lower case."""

    method: str
    target: str
    headers: dict
    body: bytes
    connection: int  # which connection it came on, counted from 1

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self) -> dict:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Closed(Exception):
    """This connection is over."""


@dataclass
class Connection:
    """The server's side of one connection."""

    socket: socket.socket
    number: int
    stopping: threading.Event
    buffer: bytes = field(default=b"")

    def send(self, data: bytes) -> None:
        """:raises Closed: the client has gone"""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Closed from error

    def wait(self, seconds: float | None = None) -> None:
        """Let time pass, or wait until the server stops.

        :raises Closed: the server stops
        """
        if self.stopping.wait(seconds) or seconds is None:
            raise Closed

    def reset(self) -> None:
        """End the connection with RST instead of FIN.

        :raises Closed: always
        """
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        raise Closed

    def read_request(self) -> Received | None:
        """Next request, or None if the client closed."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _version = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            if not self._more():
                return None
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Received(method, target, headers, body, self.number)

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except OSError:
            return False
        self.buffer += data
        return bool(data)


class FaultServer:
    """An HTTP server whose answers are told one by one; a thread a connection.

    :param ssl.SSLContext tls: serve HTTPS with it
    :param host: address to listen on; the port is free and chosen by the system
    :param on_connect: called with the raw socket before anything is read (for faults below HTTP); true ends the
        connection
    """

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", on_connect=None):
        self.requests: list[Received] = []
        self.connections = 0
        self.fallback = json_answer({})
        self._tls = tls
        self._on_connect = on_connect
        self._script = deque()
        self._routes: dict[str, deque] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((host, 0), backlog=128)
        self.host, self.port = host, self._listener.getsockname()[1]
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def script(self, *answers) -> None:
        """Answer the next requests, whatever they ask, with these, one each; None answers as usual."""
        with self._lock:
            self._script.extend(answers)

    def route(self, path: str, *answers) -> None:
        """Answer requests of this path with these in turn; the last one again and again."""
        with self._lock:
            self._routes[path] = deque(answers)

    def forget(self) -> None:
        """Drop what was told and what was asked; open connections stay."""
        with self._lock:
            self._script.clear()
            self._routes.clear()
            self.requests.clear()

    def close(self) -> None:
        """Stop listening, end all connections, and wait for the threads."""
        self.stopping.set()
        with contextlib.suppress(OSError):  # wakes the accepting thread
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connected in self._open:
                with contextlib.suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connected, _address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connected)
                number = self.connections
            self._start(self._serve, connected, number)

    def _serve(self, connected, number):
        talking = connected
        try:
            # A peer that goes away is what these tests are about.
            with contextlib.suppress(Closed, OSError):
                if self._on_connect and self._on_connect(connected):
                    return
                if self._tls:
                    talking = self._tls.wrap_socket(connected, server_side=True)
                    with self._lock:
                        self._open.add(talking)
                self._talk(Connection(talking, number, self.stopping))
        finally:
            with self._lock:
                self._open -= {connected, talking}
            talking.close()
            connected.close()

    def _talk(self, connection):
        while (request := connection.read_request()) is not None:
            with self._lock:
                self.requests.append(request)
                answer = self._next_answer(request)
            answer(connection, request)

    def _next_answer(self, request):
        if self._script and (answer := self._script.popleft()):
            return answer
        answers = self._routes.get(request.path)
        if not answers:
            return self.fallback
        return answers.popleft() if len(answers) > 1 else answers[0]


# --- Nobody answers


@contextlib.contextmanager
def nobody_listens():
    """The address of a port where connections are refused."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def nobody_accepts():
    """The address of a listener whose queue is full, so that further connections wait."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield "http://{}:{}".format(*full.getsockname())


# --- Answers as they should be


def head(status: int = 200, headers: dict | None = None) -> bytes:
    """Status line and headers with the empty line after them."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(status: int = 200, body: bytes = b"", headers: dict | None = None, content_type: str = "application/json"):
    """A complete answer with Content-Length."""
    fields = {"Content-Type": content_type, "Content-Length": len(body), **(headers or {})}
    return raw(head(status, fields) + body)


def json_answer(document, status: int = 200, headers: dict | None = None):
    """A JSON document."""
    return answer(status, json.dumps(document).encode(), headers)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", headers: dict | None = None):
    """A chunked body; with another ``end`` it is a broken one."""
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    fields = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", **(headers or {})}
    return raw(head(200, fields) + framed + end, close=end != b"0\r\n\r\n")


def redirect(location: str, status: int = 302):
    """A redirect."""
    return answer(status, b"", {"Location": location})


def gzipped(body: bytes, headers: dict | None = None):
    """A compressed body."""
    return answer(200, gzip.compress(body, 1), {"Content-Encoding": "gzip", **(headers or {})})


# --- Answers as they should not be


def raw(data: bytes, close: bool = False, abort: bool = False):
    """Exactly these bytes; then keep the connection, close it, or abort it with RST."""

    def send(connection, _request):
        connection.send(data)
        if abort:
            connection.reset()
        if close:
            raise Closed

    return send


def reset():
    """RST instead of an answer."""
    return lambda connection, _request: connection.reset()


def hang_up():
    """Close instead of an answer."""
    return raw(b"", close=True)


def silence():
    """No answer until the server stops."""
    return lambda connection, _request: connection.wait()


def truncated(body: bytes, missing: int = 10):
    """A Content-Length that the body does not reach."""
    fields = {"Content-Type": "application/json", "Content-Length": len(body) + missing}
    return raw(head(200, fields) + body, close=True)


def without_length(body: bytes, abort: bool = False):
    """A body that ends with the connection; with ``abort`` by RST, once the client has begun to read."""

    def send(connection, _request):
        connection.send(head(200, {"Content-Type": "application/json", "Connection": "close"}) + body)
        if abort:
            connection.wait(0.05)  # an RST overtakes data that were not read yet
            connection.reset()
        raise Closed

    return send


def drip(piece: bytes = b" ", every: float = 0.02, before: bytes | None = None):
    """A piece now and then, without end."""

    def send(connection, _request):
        connection.send(head(200, {"Content-Type": "application/json"}) if before is None else before)
        while True:
            connection.send(piece)
            connection.wait(every)

    return send


def endless(block: bytes = b" " * 65536):
    """As much as the client takes."""
    return drip(block, 0)


def gzip_bomb(megabytes: int):
    """A small body that decompresses to many megabytes of blanks."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b" " * 1024 * 1024
    packed = b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()
    return answer(200, packed, {"Content-Encoding": "gzip"})


def once_then_close(following):
    """A good answer that promises to keep the connection, which is then closed when the next request arrives."""

    def send(connection, request):
        following(connection, request)
        connection.read_request()
        raise Closed

    return send
