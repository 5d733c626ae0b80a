"""A system that calls a webhook at a steady rate, and again until it is told that a call was taken, as real ones do.

It signs with the library of Standard Webhooks, and also sends calls twice that were taken already.
"""

import collections
import datetime
import http.client
import json
import random
import threading
import time
from urllib.parse import urlsplit

import standardwebhooks

AT_ONCE = 48  # calls under way
TIMEOUT = 20  # seconds until a call counts as lost
AGAIN_AFTER = 0.5


def percentile(seconds, share):
    """:return: seconds within which so many of these are"""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class HookSender:
    """Sends so many events a second, each about a record of its own.

    :param str url: the address of the webhook
    :param str secret: of Standard Webhooks
    :param float rate: events a second
    :param float seconds: how long
    :param float repeated: share of the events that are sent once more after they were taken
    :param int seed: of what is repeated
    :param str prefix: of the ids
    :ivar dict taken: event number to the answers with 2xx that it got
    :ivar list answer_seconds: of every answer with 2xx
    :ivar Counter statuses: of all answers; ``lost`` for none
    """

    def __init__(self, url, secret, rate, seconds, repeated=0.1, seed=0, prefix="sent"):
        self.host, self.path = urlsplit(url).netloc, urlsplit(url).path
        self.prefix = prefix
        self.oracle, self.rate, self.number = standardwebhooks.Webhook(secret), rate, int(rate * seconds)
        chance = random.Random(seed)
        self.repeated = {one for one in range(self.number) if chance.random() < repeated}
        self.taken, self.answer_seconds = collections.Counter(), []
        self.statuses, self.late = collections.Counter(), 0.0
        self._next, self._lock, self.over = 0, threading.Lock(), threading.Event()

    def run(self, patience=120):
        """Send all; come back when each was taken."""
        self.began = time.monotonic()
        self.deadline = self.began + self.number / self.rate + patience
        threads = [threading.Thread(target=self._work, daemon=True) for _one in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.over.set()
        return self

    def percentile(self, share):
        """:return: seconds within which so many of the answers came"""
        return percentile(self.answer_seconds, share)

    def _work(self):
        while True:
            with self._lock:
                number, self._next = self._next, self._next + 1
            if number >= self.number:
                return
            due = self.began + number / self.rate
            while (left := due - time.monotonic()) > 0:
                threading.Event().wait(left)
            self.late = max(self.late, time.monotonic() - due)
            self._until_taken(number)
            if number in self.repeated:
                self._until_taken(number)

    def _until_taken(self, number):
        while time.monotonic() < self.deadline:
            status, seconds = self._send(number)
            with self._lock:
                self.statuses[status] += 1
                if status != "lost" and 200 <= status < 300:
                    self.taken[number] += 1
                    self.answer_seconds.append(seconds)
                    return
            threading.Event().wait(AGAIN_AFTER)

    def _send(self, number):
        """:return: status, and seconds until the answer was there"""
        delivery, now = f"{self.prefix}{number}", datetime.datetime.now(datetime.timezone.utc)
        record = {"id": delivery, "name": f"Sent {number}", "email": f"{delivery}@example.com"}
        body = json.dumps({"type": "contact.created", "timestamp": now.isoformat(), "data": record})
        headers = {
            "Content-Type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.oracle.sign(delivery, now, body),
        }
        began = time.monotonic()
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        try:
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, time.monotonic() - began
        except (OSError, http.client.HTTPException):
            return "lost", 0
        finally:
            connection.close()
