"""An SMTP server that keeps what it is sent.

with MailSink() as sink:
    sink.port
    sink.letters  # the text of each, headers and body
"""

import socketserver
import threading

_GREETING = b"220 sink\r\n"
_MORE = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class _Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(_GREETING)
        while line := self.rfile.readline():
            command = line.strip().upper()
            self.wfile.write(_MORE.get(command, b"250 ok\r\n"))
            if command == b"DATA":
                self._keep()
            elif command == b"QUIT":
                return

    def _keep(self):
        lines = iter(self.rfile.readline, b".\r\n")
        letter = b"".join(lines).decode(errors="replace")
        self.server.letters.append(letter)
        self.wfile.write(b"250 kept\r\n")


class MailSink(socketserver.ThreadingTCPServer):
    """:ivar list letters: texts, in the order in which they came"""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Talk)
        self.letters = []
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self.shutdown()
        self.server_close()
        self._thread.join()
