"""Several requests under way at the same time, in threads that use nothing but the client."""

import concurrent.futures
import threading
import time

from .errors import RemoteError

WHOLESALE = ("unavailable", "throttled", "auth")  # kinds of errors that are not about one record


class Flight:
    """Sends things together, and stops taking new ones when the other system gives no more or the time is up.

    :param int at_once: most requests under way at the same time
    :param float until: ``time.monotonic()`` after which nothing new is begun
    :ivar RemoteError error: the first error that is not about one record; None if there was none
    """

    def __init__(self, at_once, until):
        self.at_once = at_once
        self.until = until
        self.error = None
        self._lock = threading.Lock()

    def send(self, tasks, send):
        """Call a function with each task; give what became of it, in the order of the tasks.

        :param list tasks: anything
        :param send: called in a thread
        :return: for each task ``(True, result)``, ``(False, RemoteError)``, or None if its turn did not come
        :rtype: list
        """

        def attempt(task):
            if self.error is not None or time.monotonic() > self.until:
                return None
            try:
                return True, send(task)
            except RemoteError as error:
                if error.kind in WHOLESALE:
                    with self._lock:
                        self.error = self.error or error
                return False, error

        if len(tasks) < 2 or self.at_once < 2:
            return [attempt(task) for task in tasks]
        with concurrent.futures.ThreadPoolExecutor(
            min(self.at_once, len(tasks)), thread_name_prefix="bridge-send"
        ) as executor:
            return list(executor.map(attempt, tasks))
