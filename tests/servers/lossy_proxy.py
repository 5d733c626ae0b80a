"""A proxy in front of a real server, that forwards everything and loses answers when it is told to.

with LossyProxy("http://127.0.0.1:8420") as proxy:
    proxy.lose = lambda method, path: method == "POST"   # the server gets the request, the client no answer
    proxy.url
"""

import contextlib
import http.client
import http.server
import sys
import threading
from urllib.parse import urlsplit

PATIENCE = 60  # seconds
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that is killed breaks its connection; that is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            return super().handle_error(request, client_address)
        return None


class LossyProxy:
    """:ivar lose: called with method and path of each request; true: its answer is lost
    :ivar stop: called with them before it is forwarded; true: it never arrives there, and has no answer
    :ivar list lost: what was lost, as (method, path)
    :ivar list requests: all that came, as (method, path)
    :ivar list bodies: what came with them
    """

    def __init__(self, target):
        self.lose = self.stop = lambda method, path: False
        self.lost = []
        self.requests, self.bodies = [], []
        self._target = urlsplit(target).netloc
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(proxy):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _forward(self):
                proxy._forward(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_REPORT = _forward

            def log_message(self, *_arguments):
                """A test talks for itself."""

        return Handler

    def _forward(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        if len(body) < length:  # who has sent it was killed in the midst: that is no request
            handler.close_connection = True
            return
        self.requests.append((handler.command, handler.path))
        self.bodies.append(body)
        if self.stop(handler.command, handler.path):
            handler.close_connection = True
            return
        with contextlib.closing(http.client.HTTPConnection(self._target, timeout=PATIENCE)) as connection:
            headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP_BY_HOP}
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        if self.lose(handler.command, handler.path):
            self.lost.append((handler.command, handler.path))
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)
