"""Tests with real processes, databases and third-party servers; started by `./dev/test` (see dev/README.md)."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dev"), str(ROOT / "tests" / "servers")]

from bridge_dev.workplace import Workplace  # noqa: E402
from list_server import ListServer  # noqa: E402

PATIENCE = 60  # seconds that anything may take before the test fails
WORKER = Path(__file__).with_name("odoo_worker.py")


def wait_for(condition, what, patience=PATIENCE):
    """Poll until `condition()` is true; return its value.

    :raises AssertionError: if it does not become true in time, telling `what` was waited for
    """
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {patience} s in vain: {what}"
        time.sleep(0.02)
    return value


class OdooWorker:
    """An Odoo process of its own, as a context manager (see odoo_worker.py)."""

    def __init__(self, workplace, database, *options):
        command = [workplace.odoo_env.python, str(WORKER), str(workplace.odoo.config), database, *options]
        with open(workplace.cache.log(f"system-{database}"), "a") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=workplace.odoo.environment,
            )
        self._waits = ["ready"]

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def start(self, function, **arguments):
        """Begin a call; `result` waits for it."""
        self._flush_ready()
        self.process.stdin.write(json.dumps({"function": function, "arguments": arguments}) + "\n")
        self.process.stdin.flush()

    def outcome(self):
        """Return the answer to the call that was started, also if it is an error."""
        line = self.process.stdout.readline()
        assert line, f"the Odoo process ended with {self.process.wait()}; read the log system-*.log in the cache"
        return json.loads(line)

    def result(self):
        """Return what the call that was started returned."""
        answer = self.outcome()
        assert "error" not in answer, answer["error"]
        return answer.get("result")

    def call(self, function, **arguments):
        """Run a function of odoo_worker.py; return what it returns."""
        self.start(function, **arguments)
        return self.result()

    def kill(self):
        """SIGKILL, as the kernel does it when memory is short."""
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def forked(self, function, **arguments):
        """A child of the process that runs a function again and again; it is killed in the end.

        :return: context manager that gives the function to kill it earlier
        """
        pid = self.fork(function, **arguments)
        killed = []

        def kill():
            os.kill(pid, signal.SIGKILL)
            self.reap(pid)
            killed.append(pid)

        try:
            yield kill
        finally:
            if not killed:
                kill()

    def fork(self, function, **arguments):
        """Begin a child that runs a function again and again; return its process id. Somebody kills it, then `reap`."""
        return self.call("fork", repeated=function, arguments=arguments)

    def reap(self, pid):
        """Wait for the end of a child that somebody has killed, or will."""
        signalled = self.call("reap", pid=pid)
        assert signalled == signal.SIGKILL, "the child ended by itself; read the log system-*.log in the cache"

    def ready(self):
        """Wait until Odoo is loaded."""
        self._flush_ready()
        return self

    def _flush_ready(self):
        if self._waits:
            self._waits.clear()
            self.result()


class GatedServer(ListServer):
    """A ListServer that can hold a request back.

    :ivar gate: called with path and query before each answer; it may wait for an event of the test
    """

    gate = None

    def answer(self, path, query):
        if self.gate:
            self.gate(path, query)
        return super().answer(path, query)


class Sql:
    """Look into a database past Odoo; each look is a transaction of its own."""

    def __init__(self, workplace, database):
        environment = workplace.postgres.environment
        self.connection = psycopg2.connect(
            dbname=database,
            host=environment["PGHOST"],
            port=environment.get("PGPORT"),
            user=environment.get("PGUSER"),
        )
        self.connection.autocommit = True

    def rows(self, query, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def value(self, query, *parameters):
        return self.rows(query, *parameters)[0][0]

    def versions(self, *tables):
        """Return {table: {id: row version}}: a row that is written, even with the same values, has another one."""
        return {table: dict(self.rows(f"SELECT id, xmin::text FROM {table}")) for table in tables}

    def close(self):
        self.connection.close()


class World:
    """What a test makes: databases, Odoo processes, servers; all of it ends with the test (or its module)."""

    def __init__(self, stack):
        self.workplace = Workplace()
        self.stack = stack

    def database(self, purpose, source=None, at_home=True):
        """Return a fresh database with the addon; `source` is copied instead, if given, and is at home there."""
        name = self.workplace.clone.database(f"system_{purpose}")
        databases = self.workplace.databases
        databases.copy(source, name) if source else databases.copy_installed(f"system_{purpose}")
        self.stack.callback(databases.drop, name)
        if source and at_home:
            with contextlib.closing(Sql(self.workplace, name)) as sql:
                sql.rows("DELETE FROM ir_config_parameter WHERE key = 'integration_bridge.instances'")
        return name

    def worker(self, database, *options):
        """:param str options: of Odoo, such as another data directory"""
        return self.stack.enter_context(OdooWorker(self.workplace, database, *options))

    def server(self):
        return self.stack.enter_context(GatedServer())

    def sql(self, database):
        return self.stack.enter_context(contextlib.closing(Sql(self.workplace, database)))

    def enter(self, context):
        return self.stack.enter_context(context)


@pytest.fixture(scope="module")
def module_world():
    with contextlib.ExitStack() as stack:
        yield World(stack)


@pytest.fixture
def world():
    with contextlib.ExitStack() as stack:
        yield World(stack)


def things(number):
    """Records for a ListServer, each as different as people are."""
    return [
        {
            "id": position,
            "name": f"Thing {position} ☕ 株式会社",
            "email": f"thing{position}@example.com",
            "updated": position,
        }
        for position in range(1, number + 1)
    ]


def things_definition(url, code="things_system", key=True, page_size=10, **flow):
    """A connector definition that pulls the things of a ListServer into contacts."""
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {"code": code, "name": "System of Things", "base_url": url},
        "flows": [
            {
                "code": f"{code}_things",
                "name": "Things",
                "model": "res.partner",
                "page_size": page_size,
                "record": {"id": "id", "updated": "updated", "deleted": "deleted"},
                "operations": [
                    {
                        "kind": "list",
                        "path": "/things",
                        "query": {"limit": "{limit}", "offset": "{offset}"},
                        "records": "items",
                        "pagination": {"type": "offset", "end": "short_page"},
                    }
                ],
                "fields": [
                    {"field": "name", "path": "name", "converter": "text", "required": True},
                    {"field": "email", "path": "email", "converter": "text", "key": key},
                ],
                **flow,
            }
        ],
    }
