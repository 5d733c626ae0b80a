"""Loopback servers: free ports, start, readiness, stop."""

import contextlib
import http.client
import random
import socket
import subprocess
import time

from .errors import SetupError

LOOPBACK = "127.0.0.1"
# Seconds between two looks at a server that is starting.
POLL = 0.05
# Below those that the kernel gives to whoever asks for any port (ip_local_port_range): a server that takes seconds to
# start would find such a one taken, and what answers there meanwhile looks as if it were the server.
PORTS = (20000, 32767)


def free_port(preferred=None):
    """Return a loopback port that nothing listens on: `preferred` if it is free."""
    if preferred:
        with contextlib.suppress(OSError), contextlib.closing(_bound(preferred)):
            return preferred
    while True:
        port = random.SystemRandom().randint(*PORTS)
        with contextlib.suppress(OSError), contextlib.closing(_bound(port)):
            return port


def require_port(port):
    """Return `port`.

    :raise SetupError: something else listens on it.
    """
    try:
        _bound(port).close()
    except OSError as error:
        raise SetupError(f"Port {port} can not be used ({error.strerror})", "choose another with --port") from None
    return port


def _bound(port):
    probe = socket.socket()
    try:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
    except OSError:
        probe.close()
        raise
    return probe


class Server:
    """A server process, as a context manager: entered when it answers, ended by its process id.

    :param str name: for messages.
    :param list command: what to run.
    :param int port: where it will listen on loopback.
    :param str path: a path that it answers (with any status below 500) once it is ready.
    :param Path log: where its output goes.
    :param float patience: seconds to wait for the first answer.
    """

    def __init__(self, name, command, port, path, log, env=None, patience=60, headers=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.port = port
        self.path = path
        self.log = log
        self.env = env
        self.patience = patience
        self.headers = headers or {}
        self.process = None

    @property
    def url(self):
        """The server's address, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def start(self):
        """Start the process and wait until it answers.

        :raise SetupError: it ended, or did not answer in time.
        """
        with open(self.log, "a") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=self.env
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """End the process that was started here; nothing happens when it has ended."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _wait(self):
        deadline = time.monotonic() + self.patience
        while not self._ready():
            if self.process.poll() is not None:
                raise SetupError(f"{self.name} ended with code {self.process.returncode}", f"read {self.log}")
            if time.monotonic() > deadline:
                raise SetupError(f"{self.name} did not answer within {self.patience} s", f"read {self.log}")
            time.sleep(POLL)

    def _ready(self):
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", self.path, headers=self.headers)
            return connection.getresponse().status < 500
        return False
