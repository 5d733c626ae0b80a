"""Several requests under way at the same time, in threads that use nothing but the client."""

import concurrent.futures
import threading
import time

from .errors import RemoteError

WHOLESALE = ("unavailable", "throttled", "auth")  # kinds of errors that are not about one record


class Flight:
    """Sends things together, and stops taking new ones when the other system gives no more or the time is up.

    A context manager: at its end nothing is under way any more.

    :param int at_once: most requests under way at the same time
    :param float until: ``time.monotonic()`` after which nothing new is begun
    :ivar RemoteError error: the first error that is not about one record; None if there was none
    """

    def __init__(self, at_once, until):
        self.at_once = at_once
        self.until = until
        self.error = None
        self._lock = threading.Lock()
        self._executor = concurrent.futures.ThreadPoolExecutor(at_once, thread_name_prefix="bridge-send")

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._executor.shutdown(wait=True, cancel_futures=True)

    def begin(self, tasks, send):
        """Call a function with each task, in threads, while the caller goes on.

        :param list tasks: anything
        :param send: called in a thread
        :return: a function that waits, and gives for each task, in their order, ``(True, result)``,
            ``(False, RemoteError)``, or None if its turn did not come
        :rtype: collections.abc.Callable
        """
        under_way = [self._executor.submit(self._attempt, task, send) for task in tasks]
        return lambda: [one.result() for one in under_way]

    def send(self, tasks, send):
        """As ``begin``, and wait.

        :rtype: list
        """
        return self.begin(tasks, send)()

    def _attempt(self, task, send):
        if self.error is not None or time.monotonic() > self.until:
            return None
        try:
            return True, send(task)
        except RemoteError as error:
            if error.kind in WHOLESALE:
                with self._lock:
                    self.error = self.error or error
            return False, error
