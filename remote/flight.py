"""Several requests under way at the same time, in threads that use nothing but the client."""

import concurrent.futures
import threading
import time

from .errors import RemoteError

AT_ONCE = 8  # requests under way together, where the connector says nothing
WHOLESALE = ("unavailable", "throttled", "auth")  # kinds of errors that are not about one record


class Flight:
    """Sends things together, and stops taking new ones when the other system gives no more or the time is up.

    A context manager: at its end nothing is under way any more.

    :param int at_once: most requests under way at the same time
    :param float until: ``time.monotonic()`` after which nothing new is begun
    :param bool careful: is the other system likely to be away: then the others wait until it has answered the first
    :ivar RemoteError error: the first error that is not about one record; None if there was none
    :ivar int answered: how many changes the other system has answered, be it with a refusal
    """

    def __init__(self, at_once, until, careful=False):
        self.at_once = at_once
        self.until = until
        self.error = None
        self.answered = 0
        self._careful = careful
        self._lock, self._first = threading.Lock(), threading.Lock()
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

    def ask(self, tasks, send):
        """As ``begin`` and wait, for what only reads: that it is answered does not say that changes are taken.

        :rtype: list
        """
        under_way = [self._executor.submit(self._attempt, task, send, counts=False) for task in tasks]
        return [one.result() for one in under_way]

    @property
    def is_over(self):
        """Is nothing new begun any more?"""
        return self.error is not None or time.monotonic() > self.until

    def note(self, error):
        """Take an error into account; one that is not about one record ends the flight.

        :param RemoteError error: of a task, or of one of the records in it
        """
        if error.kind in WHOLESALE:
            with self._lock:
                self.error = self.error or error

    def _attempt(self, task, send, counts=True):
        if self._careful and not self.answered:
            with self._first:
                if not self.answered:
                    return self._attempt_now(task, send, counts)
        return self._attempt_now(task, send, counts)

    def _attempt_now(self, task, send, counts):
        if self.is_over:
            return None
        try:
            result = True, send(task)
        except RemoteError as error:
            self.note(error)
            result = False, error
            counts = counts and error.kind not in WHOLESALE and (error.sent or error.status)
        if counts:
            with self._lock:
                self.answered += 1
        return result
