"""A server with workers and lanes, a sender of webhooks, and whatever may die meanwhile; for a test and a benchmark."""

import contextlib
import random
import signal
import threading
import time

import psutil
import psycopg2
from bridge_dev.errors import SetupError
from hook_sender import HookSender

SECRET = "whsec_c2VjcmV0IG9mIHRoZSBzeXN0ZW0gdGVzdHMsIGxvbmc="
ROUTE = {"event": "contact.*", "action": "payload", "path": "data"}
DRAINED = 600  # seconds until the lanes have taken all


def definition():
    """A flow of contacts that nobody is asked for."""
    fields = [
        {"field": "name", "path": "name", "converter": "text", "required": True},
        {"field": "email", "path": "email", "converter": "text"},
    ]
    flow = {"code": "contacts", "name": "Contacts", "model": "res.partner", "is_called": True, "fields": fields}
    about = {"code": "shop", "name": "Shop"}
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": about,
        "flows": [{**flow, "record": {"id": "id"}}],
    }


def processes(server):
    """The workers of a prefork server: those that answer, and those that run scheduled actions.

    :rtype: dict[str, list]
    """
    found = {"door": [], "lane": []}
    for child in psutil.Process(server.process.pid).children():
        with contextlib.suppress(psutil.Error):
            if "gevent" in child.cmdline():
                continue
            listens = any(one.status == psutil.CONN_LISTEN for one in child.net_connections("inet"))
            found["door" if listens else "lane"].append(child)
    return found


class HookStorm:
    """Deliveries at a rate; workers, lanes and PostgreSQL die meanwhile.

    :param Server server: of Odoo, with two workers
    :param str path: of the webhook
    :param connect: gives a new connection to the database
    :param restart: restarts PostgreSQL; None: nothing dies
    :param float rate: deliveries a second
    :param float seconds: how long
    :param int restarts: how often PostgreSQL is restarted
    :param float every: seconds between two kills, of a worker and of a lane each time
    """

    def __init__(self, server, path, connect, restart, rate, seconds, restarts, seed, prefix="sent", every=3):
        self.server, self.connect, self.restart = server, connect, restart
        self.rate, self.seconds, self.restarts, self.chance = rate, seconds, restarts, random.Random(seed)
        self.sender = HookSender(server.url + path, SECRET, rate, seconds, seed=seed, prefix=prefix)
        self.every = every
        self.prefix, self.killed, self.restarted = prefix, {"door": 0, "lane": 0}, 0

    def run(self):
        """:return: seconds from the first delivery until the last one was taken by a lane"""
        began = time.monotonic()
        self.deadline = began + self.seconds + DRAINED
        sending = threading.Thread(target=self.sender.run)
        sending.start()
        if self.restart:
            self._let_die(began)
        while sending.is_alive():
            sending.join(1)
            self._keep_alive()
        while self.value("SELECT count(*) FROM bridge_delivery WHERE state = 'waiting'") != 0:
            self._keep_alive()
            if time.monotonic() > self.deadline:
                raise TimeoutError("the lanes do not take what waits")
            threading.Event().wait(0.1)
        return time.monotonic() - began

    def left(self):
        """Jobs that are not over, when the lane had the time to see that nothing comes any more.

        :rtype: list[tuple]
        """
        query = "SELECT kind, state, error_message FROM bridge_job WHERE state NOT IN ('done', 'cancelled')"
        while (found := self.rows(query)) != [] and time.monotonic() < self.deadline:
            self._keep_alive()
            threading.Event().wait(0.1)
        return found

    def _keep_alive(self):
        """What systemd does: Odoo's master asks the database when it starts a worker, and may end with PostgreSQL."""
        while self.server.process.poll() is not None and time.monotonic() < self.deadline:
            with contextlib.suppress(SetupError):  # the workers of the dead one may still hold the port
                self.server.start()

    def _let_die(self, began):
        restart_at = [self.seconds * (one + 1) / (self.restarts + 1) for one in range(self.restarts)]
        while (passed := time.monotonic() - began) < self.seconds:
            if restart_at and passed > restart_at[0]:
                restart_at.pop(0)
                self.restart(self.chance.choice(["immediate", "fast"]))
                self.restarted += 1
            self._wait(self.every * self.chance.uniform(0.5, 1))
            for kind, found in processes(self.server).items():
                if found:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        self.chance.choice(found).send_signal(signal.SIGKILL)
                        self.killed[kind] += 1

    def _wait(self, seconds):
        """The server is up again within a second meanwhile, as a service manager sees to it."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            threading.Event().wait(min(left, 0.5))
            self._keep_alive()

    def rows(self, query, *parameters):
        """What a query gives; None if PostgreSQL is not there."""
        try:
            with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
                cursor.execute(query, parameters)
                return cursor.fetchall()
        except psycopg2.OperationalError:
            return None

    def value(self, query):
        rows = self.rows(query)
        return rows[0][0] if rows else None

    def problems(self):
        """What is not as it should be: each delivery that was answered 2xx has made its one record once.

        :rtype: list[str]
        """
        sender, numbers = self.sender, range(self.sender.number)
        like = f"{self.prefix}%"
        created = dict(
            self.rows(
                "SELECT external_id, count(*) FROM bridge_log"
                " WHERE action = 'create' AND external_id LIKE %s GROUP BY external_id",
                like,
            )
        )
        partners = dict(self.rows("SELECT email, count(*) FROM res_partner WHERE email LIKE %s GROUP BY email", like))
        states = dict(
            self.rows("SELECT state, count(*) FROM bridge_delivery WHERE delivery_id LIKE %s GROUP BY state", like)
        )
        found = []
        if len(sender.taken) != sender.number:
            found.append(f"only {len(sender.taken)} of {sender.number} were answered 2xx")
        if states != {"done": sender.number}:
            found.append(f"deliveries are {states}")
        if created != {f"{self.prefix}{one}": 1 for one in numbers}:
            found.append(f"created {sum(created.values())} times, {len(created)} records")
        if partners != {f"{self.prefix}{one}@example.com": 1 for one in numbers}:
            found.append(f"there are {sum(partners.values())} contacts of {len(partners)} addresses")
        return found
