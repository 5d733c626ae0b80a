"""The other system calls Odoo: many callers at once, a server that is killed, a reader that dies (promises 3 and 4).

`./dev/test --crash` has 20 callers for 60 s; without it there is a short form.
"""

import contextlib
import itertools
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import PATIENCE, ROOT, wait_for

IS_LONG = bool(os.environ.get("BRIDGE_CRASHES"))
CALLERS, SECONDS, KILLS, IDS = (20, 60, 5, 200) if IS_LONG else (5, 5, 2, 30)
SEED = int(os.environ.get("BRIDGE_SEED") or random.SystemRandom().randrange(10**6))
PAGE = Path(ROOT) / "doc" / "reference" / "external_api.rst"
LOST = (urllib.error.URLError, ConnectionError, TimeoutError, json.JSONDecodeError)


def definition():
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {"code": "shop", "name": "Shop"},
        "flows": [
            {
                "code": "contacts",
                "name": "Contacts",
                "model": "res.partner",
                "direction": "both",
                "is_called": True,
                "record": {"id": "id"},
                "push_domain": [["ref", "=", "shop"]],
                "fields": [
                    {"field": "name", "path": "name", "converter": "text", "required": True},
                    {"field": "email", "path": "email", "converter": "text", "key": True},
                    {"field": "phone", "path": "phone", "converter": "text", "direction": "push"},
                    {"field": "ref", "converter": "constant", "options": {"value": "shop"}, "direction": "pull"},
                ],
            }
        ],
    }


class Door:
    """Calls the flow by `/json/2`; a call that gets no answer is made again, as it was."""

    def __init__(self, url, key):
        self.url, self.key = url, key

    def once(self, method, **arguments):
        body = json.dumps({"flow": "contacts", **arguments}).encode()
        headers = {"Authorization": f"bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/json/2/bridge.flow/{method}", body, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def call(self, method, **arguments):
        def answered():
            with contextlib.suppress(*LOST):
                return self.once(method, **arguments)
            return None

        return wait_for(answered, f"{method} is answered")


class Reader:
    """Follows the feed. Each time it may die before it has written down what it has read, and where it stands."""

    def __init__(self, door, chance):
        self.door, self.chance, self.deaths = door, chance, 0
        self.cursor, self.known = None, {}

    def read(self, may_die=True):
        """:return: was that all"""
        answer = self.door.call("changes", since=self.cursor, limit=7, own=True)
        if may_die and self.chance.random() < 0.3:
            self.deaths += 1
            return False
        for change in answer["changes"]:
            self.known[change["id"]] = change["record"]["name"], change["record"]["phone"]
        self.cursor = answer["cursor"]
        return not answer["more"]


@pytest.fixture
def called(world):
    """A database with the flow, a caller's key, and a server that can be killed."""
    database = world.database("called")
    worker = world.worker(database)
    return database, worker, worker.call("configure_called", definition=definition())


def test_callers_kills_and_a_reader_that_dies(world, called, capsys):
    database, worker, key = called
    with capsys.disabled():
        print(f"\nseed {SEED}", end=" ", flush=True)
    chance, versions, over = random.Random(SEED), itertools.count(1), threading.Event()
    port, kills, errors = None, 0, []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(world.workplace.odoo.server(database))
        port = server.port
        door = Door(server.url, key)

        def caller(number):
            own = random.Random(SEED + number)
            for call in itertools.count():
                if over.is_set():
                    return
                ids = own.sample(range(1, IDS + 1), own.randint(1, 5))
                records = [{"id": one, "name": f"Name {next(versions)}", "email": f"c{one}@example.com"} for one in ids]
                try:
                    answer = door.call("upsert", records=records, request_id=f"{number}-{call}")
                    bad = [one for one in answer["results"] if one["result"] == "failed"]
                    assert not bad, bad
                except AssertionError as error:
                    errors.append(error)
                    return

        reader = Reader(door, chance)
        threads = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or kills < KILLS:
            for _round in range(chance.randint(5, 15)):
                # A person who was not the first with a record tries again, or not.
                worker.start("change_phone", phone=str(next(versions)), seed=chance.random())
                said = worker.outcome().get("error", "")
                assert not said or "could not serialize" in said, said
                reader.read()
            server.process.kill()
            server.process.wait()
            kills += 1
            server = stack.enter_context(world.workplace.odoo.server(database, port=port))
        over.set()
        for thread in threads:
            thread.join(2 * PATIENCE)
        assert not errors, errors[:3]
        while not reader.read(may_die=False):
            pass
    sql = world.sql(database)
    there = sql.rows(
        "SELECT b.external_id, p.name, p.phone FROM bridge_binding b JOIN res_partner p ON p.id = b.res_id"
        " WHERE b.res_model = 'res.partner'"
    )
    doubled = sql.rows("SELECT email FROM res_partner WHERE ref = 'shop' GROUP BY email HAVING count(*) > 1")
    with capsys.disabled():
        calls = sql.value("SELECT count(*) FROM bridge_request")
        print(f"{calls} calls of {CALLERS}, {kills} kills, {reader.deaths} deaths of the reader, {len(there)} records")
    assert kills and calls and len(there) == len({row[0] for row in there})
    assert not doubled, f"seed {SEED}"
    assert reader.known == {external_id: (name, phone) for external_id, name, phone in there}, f"seed {SEED}"


def example(language):
    """The code of the page's example."""
    text = PAGE.read_text()
    block = re.search(rf"^With {language}.*?::\n\n((?:    .*\n|\n)+)", text, re.MULTILINE).group(1)
    return "\n".join(line[4:] for line in block.splitlines())


def run_example(python, language, values, then=""):
    """Run the example as a program that knows these values; return what it printed."""
    program = "\n".join([*(f"{name} = {value!r}" for name, value in values.items()), example(language), then])
    done = subprocess.run([str(python), "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_examples_of_the_page_work_as_they_stand(world, called):
    database, _worker, key = called
    with world.workplace.odoo.server(database) as server:
        values = {"ODOO": server.url, "KEY": key, "DATABASE": database, "LOGIN": "shop_caller"}
        command = ["bash", "-ec", example("``curl``")]
        done = subprocess.run(command, env={**os.environ, **values}, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        first, second = re.findall(r"\{.*\}", done.stdout.replace("}{", "}\n{"))
        assert json.loads(first)["results"][0]["result"] == "created"
        assert [one["record"]["name"] for one in json.loads(second)["changes"]] == ["Ann"]
        told, number = run_example(sys.executable, "Python", values, "print(call('status', 'contacts')['records'])")
        assert told.startswith("changed 7 {'name': 'Ann'") and number == "1"
        # Libraries that a developer is likely to have; each with a venv of its own (dev/requirements/clients.in).
        values |= {"HOST": "127.0.0.1", "PORT": server.port}
        python = world.workplace.clients_env.python
        assert run_example(python, "Odoo's own client library", values) == ["created 8 None"]
        assert run_example(python, "``odoorpc``", values) == ["8 Ben", "unknown: ['9']"]
