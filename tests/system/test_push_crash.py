"""Promise 3: a record is created there exactly once, although its creator is killed between the request and its answer.

`./dev/test --crash` kills 1,000 times in all; without it there is a short form.
"""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter

import pytest
from conftest import PATIENCE, wait_for
from record_server import RecordServer

KINDS = ("key", "reference", "email", "nothing")
KILLS = int(os.environ.get("BRIDGE_PUSH_CRASHES") or 60) // len(KINDS)
SEED = int(os.environ.get("BRIDGE_SEED") or random.SystemRandom().randrange(10**6))
SETTLE = 0.5
# Five crashes in a row without any progress are the job's own fault (jobs/lane.py); here they are not.
PATIENT_CRASHES = 3
OPEN = "SELECT kind, state, error_kind, error_message FROM bridge_job WHERE state NOT IN ('done', 'cancelled')"
# That of the other remotes, which are switched off when it is this one's turn, is not looked at.
GATES = "SELECT failures, resting_until, paused FROM bridge_gate"
OUTBOX = """
    SELECT change.res_id, binding.state, binding.sent_at
      FROM bridge_change change
      JOIN bridge_flow flow ON flow.id = change.flow_id
      JOIN bridge_connector connector ON connector.id = flow.connector_id AND connector.state = 'live'
 LEFT JOIN bridge_binding binding ON binding.flow_id = flow.id AND binding.res_id = change.res_id
"""


class Killer(RecordServer):
    """A remote at which a POST kills who has sent it: before or after it is stored, and never answered."""

    def __init__(self, **attributes):
        super().__init__(fault=self._before, arrived=self._after, **attributes)
        self._lock, self._moment = threading.Lock(), None
        self._victim, self._pid = threading.Event(), None
        self.killed = threading.Event()

    def arm(self, moment):
        """Kill at the next POST that is new here: `stored`, or `unstored`."""
        self._victim.clear()
        self.killed.clear()
        self._moment = moment

    def aim(self, pid):
        self._pid = pid
        self._victim.set()

    def _before(self, method, _path):
        return "refused" if method == "POST" and self._strike("unstored") else None

    def _after(self, method, _path, _document):
        if method == "POST":
            self._strike("stored")

    def _strike(self, moment):
        with self._lock:
            if self._moment != moment:
                return False
            self._moment = None
        assert self._victim.wait(PATIENCE)
        os.kill(self._pid, signal.SIGKILL)
        self.killed.set()
        return True


@pytest.fixture(scope="module")
def place(module_world):
    """A loaded Odoo process, and a way to look into its database."""
    database = module_world.database("push_crash")
    return module_world.worker(database).ready(), module_world.sql(database)


def contacts_definition(url, kind):
    """Contacts that are pushed to a remote which tells in one way, or in none, whether it has one already."""
    one = "/contacts/{external_id}"
    find = {"kind": "find", "path": "/contacts", "records": "records"}
    find |= {"query": {"reference": "{reference}"} if kind == "reference" else {"email": "{email}"}}
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {
            "code": kind,
            "name": kind,
            "base_url": url,
            "idempotency": {"header": "Idempotency-Key" if kind == "key" else None, "settle": SETTLE},
        },
        "flows": [
            {
                "code": "contacts",
                "name": "Contacts",
                "model": "res.partner",
                "direction": "push",
                "authority": "odoo",
                "page_size": 20,
                "push_domain": [["ref", "=", kind]],
                "record": {"id": "id", **({"reference": "reference"} if kind == "reference" else {})},
                "operations": [
                    {"kind": "get", "path": one},
                    {"kind": "create", "method": "POST", "path": "/contacts"},
                    {"kind": "update", "method": "PATCH", "path": one},
                    *([find] if kind in ("reference", "email") else []),
                ],
                "fields": [
                    {"field": "name", "path": "name", "converter": "text", "required": True},
                    {"field": "email", "path": "email", "converter": "text", "key": True},
                ],
            }
        ],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_fault_kill_9_between_the_arrival_of_a_creation_and_its_commit(place, capsys, kind):
    worker, sql = place
    chance = random.Random(SEED)
    with Killer(idempotency=kind == "key", lookup=kind in ("reference", "email")) as remote:
        worker.call("configure", definition=contacts_definition(remote.url, kind))
        come_to_rest(worker, sql)
        names, moments = (f"{kind} {number}" for number in itertools.count(1)), Counter()
        began = time.monotonic()
        for _kill in range(KILLS):
            let_it_work(worker, sql)
            worker.call("create_contacts", names=[next(names) for _one in range(chance.randint(1, 4))], ref=kind)
            moments[kill_at(worker, sql, remote, chance)] += 1
        seconds = (time.monotonic() - began) / KILLS
        come_to_rest(worker, sql)
        decided = undecided_cases(sql)
        if kind == "nothing":
            assert decided >= KILLS / 2, "the kills came at the wrong moments"
            there = {record["email"]: record["id"] for record in remote.records["contacts"].values()}
            no_contact_is_there_twice(remote)
            assert sum(worker.call("decide", there=there)) == decided
            come_to_rest(worker, sql)
        with capsys.disabled():
            print(f"\n{kind}: {KILLS} kills {dict(moments)} of {seconds * 1000:.0f} ms, seed {SEED}:", end=" ")
            print(f"{len(remote.records['contacts'])} contacts, {decided} uncertain, {remote.counters()['by_method']}")
        no_contact_is_there_twice(remote)
        each_contact_is_bound_to_its_own(sql, remote, kind)
        nothing_is_left(sql)
        assert decided == 0 or kind == "nothing"
        remote.reset_counters()
        worker.call("sync", full=True)
        assert remote.counters()["writes"] == 0
        sql.rows("UPDATE bridge_connector SET state = 'disabled'")


def kill_at(worker, sql, remote, chance):
    """Have a lane work, in a process that is killed by the POST that it sends; return at which moment."""
    moment = "unstored" if chance.random() < 0.25 else "stored"
    remote.arm(moment)
    pid = worker.fork("lane")
    remote.aim(pid)
    assert remote.killed.wait(PATIENCE), ("no contact was sent", sql.rows(OPEN), sql.rows(OUTBOX), sql.rows(GATES))
    worker.reap(pid)
    return moment


def let_it_work(worker, sql):
    """A job that was killed again and again is let through once."""
    crashes = "SELECT coalesce(max(crashes), 0) FROM bridge_job WHERE state IN ('pending', 'running')"
    if sql.value(crashes) >= PATIENT_CRASHES:
        come_to_rest(worker, sql)


def come_to_rest(worker, sql):
    """Time passes until nothing waits any more."""
    for _again in range(100):
        wait_for(lambda: has_worked(worker), "PostgreSQL notices that the lane is dead")
        sql.rows("UPDATE bridge_job SET due_at = due_at - interval '1 hour' WHERE state = 'pending'")
        sql.rows("UPDATE bridge_gate SET resting_until = resting_until - interval '1 hour'")
        sql.rows("UPDATE bridge_binding SET sent_at = sent_at - interval '1 minute'")
        if not sql.rows("SELECT id FROM bridge_job WHERE state IN ('pending', 'running')") and not sql.rows(OUTBOX):
            return
    raise AssertionError(["jobs", *sql.rows(OPEN), "outbox", *sql.rows(OUTBOX)])


def has_worked(worker):
    """Have the lane work; it can not as long as its row is held."""
    worker.start("lane")
    outcome = worker.outcome()
    assert "BlockingIOError" in outcome.get("error", "BlockingIOError"), outcome["error"]
    return "error" not in outcome


def undecided_cases(sql):
    return sql.value("SELECT count(*) FROM bridge_job WHERE kind = 'push_record' AND state = 'uncertain'")


def no_contact_is_there_twice(remote):
    times = Counter(record["email"] for record in remote.records["contacts"].values())
    assert [email for email, count in times.items() if count > 1] == []


def each_contact_is_bound_to_its_own(sql, remote, kind):
    in_odoo = sql.rows("SELECT id, email FROM res_partner WHERE ref = %s", kind)
    there = {record["email"]: record["id"] for record in remote.records["contacts"].values()}
    assert sorted(email for _id, email in in_odoo) == sorted(there)
    bindings = sql.rows(
        "SELECT res_id, external_id, binding.state FROM bridge_binding binding"
        " JOIN bridge_flow flow ON flow.id = flow_id"
        " JOIN bridge_connector connector ON connector.id = flow.connector_id WHERE connector.code = %s",
        kind,
    )
    assert sorted(bindings) == sorted((res_id, there[email], "linked") for res_id, email in in_odoo)


def nothing_is_left(sql):
    assert sql.rows(OPEN) == []
    assert sql.rows(OUTBOX) == []
    assert (
        sql.rows("SELECT id, state, message FROM bridge_run WHERE state NOT IN ('done', 'partial', 'cancelled')") == []
    )
    locks = "SELECT objid FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE locktype = 'advisory'"
    assert sql.rows(f"{locks} AND datname = current_database()") == []
