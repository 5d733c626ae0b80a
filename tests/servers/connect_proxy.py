"""A proxy that tunnels (CONNECT) on real sockets, with what a test wants of it: credentials, refusals, silence.

    with ConnectProxy(routes={("shop.example", 443): server.address}) as proxy:
        ...
        assert proxy.asked == ["shop.example:443"]

Without a route it connects to what it is asked for. Needs only the standard library.
"""

from __future__ import annotations

import contextlib
import socket
import threading


class ConnectProxy:
    """Tunnels, a thread for each way of a connection.

    :param dict routes: (host, port) as they are asked for, to the (host, port) that is connected to
    :param str credentials: the Proxy-Authorization that it wants, if any
    :param bytes answer: sent in place of a tunnel, if given
    :ivar list asked: targets of the CONNECT requests, in their order
    :ivar list heads: all that came before the tunnels, as bytes
    """

    def __init__(self, routes=None, credentials=None, answer=None):
        self.routes, self.credentials, self.reply = routes or {}, credentials, answer
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def close(self):
        """Stop listening, and end all tunnels."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connected in self._open:
                with contextlib.suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

    def _start(self, target, *args):
        threading.Thread(target=target, args=args, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connected, _address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connected)
            self._start(self._serve, connected)

    def _serve(self, client):
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(65536)
                if not data:
                    return
                head += data
            self.heads.append(head)
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target, _version = first.split(" ", 2)
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if method != "CONNECT":
                client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                return
            self.asked.append(target)
            if self.credentials and fields.get("proxy-authorization") != self.credentials:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif self.reply is not None:
                client.sendall(self.reply)
            else:
                self._tunnel(client, target)

    def _tunnel(self, client, target):
        host, _, port = target.rpartition(":")
        where = host.strip("[]"), int(port)
        with socket.create_connection(self.routes.get(where, where), 5) as server:
            with self._lock:
                self._open.add(server)
            client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n")
            self._start(self._pump, server, client)
            self._pump(client, server)

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
