"""Both sides change while the worker is killed again and again, at requests to a system that nobody here wrote."""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter

from conftest import PATIENCE, wait_for
from lossy_proxy import LossyProxy

KILLS = int(os.environ.get("BRIDGE_SYSTEM_CRASHES") or 5)
SEED = int(os.environ.get("BRIDGE_SEED") or random.SystemRandom().randrange(10**6))
KILLS_AT = "@kills.example"  # where all e-mail addresses are of what this makes
CREATE, CHANGE, DELETE = "create", "change", "delete"
# Five crashes in a row without any progress are the job's own fault (jobs/lane.py); here they are not.
PATIENT_CRASHES = 3
OPEN = "SELECT kind, state, error_kind, error_message FROM bridge_job WHERE state NOT IN ('done', 'cancelled')"
CRASHES = "SELECT coalesce(max(crashes), 0) FROM bridge_job WHERE state IN ('pending', 'running')"
OUTBOX = "SELECT flow_id, res_id FROM bridge_change"
LINKED = """
    SELECT binding.external_id, partner.email FROM bridge_binding binding
      JOIN bridge_flow flow ON flow.id = binding.flow_id AND flow.code = %s
      JOIN res_partner partner ON partner.id = binding.res_id
     WHERE binding.state = 'linked' AND partner.email LIKE %s
"""


class KillingProxy(LossyProxy):
    """A proxy at which a request kills who has sent it: before it arrives there, or after, and never answered.

    :param set reads: methods that change nothing there
    """

    def __init__(self, target, reads):
        super().__init__(target)
        self.reads = reads
        self.stop = lambda method, path: self._strike(method, "before")
        self.lose = lambda method, path: self._strike(method, "after")
        self.killed, self._victim, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._moment, self._left, self._only_writes, self._pid = None, 0, False, None

    def arm(self, chance):
        """Kill at one of the next requests; return in which way."""
        self.killed.clear()
        self._victim.clear()
        self._only_writes = chance.random() < 0.6
        self._left = 1 if self._only_writes else chance.randint(1, 3)
        moment = chance.choice(["before", "after", "after"])
        self._moment = moment
        return f"{'write' if self._only_writes else 'any'} {moment}"

    def aim(self, pid):
        self._pid = pid
        self._victim.set()

    def _strike(self, method, moment):
        with self._lock:
            if self._moment != moment or (self._only_writes and method in self.reads):
                return False
            self._left -= 1
            if self._left:
                return False
            self._moment = None
        assert self._victim.wait(PATIENCE)
        os.kill(self._pid, signal.SIGKILL)
        self.killed.set()
        return True


class Sides:
    """What a test of one system says of it; its contacts are known by their e-mail addresses.

    :ivar worker, sql, proxy: the Odoo, and the way to the other system
    """

    flow = tag = None

    def there(self):
        """Return {remote id: (e-mail, name, phone)} of what is there of `KILLS_AT`."""
        raise NotImplementedError

    def act_there(self, what, email, name):
        """Somebody creates, changes or deletes a contact there."""
        raise NotImplementedError

    def act_here(self, what, email, name, tag_id):
        if what == DELETE:
            acts = [("unlink", email, {})]
        elif what == CREATE:
            acts = [("create", email, {"name": name, "phone": "0", "category_id": [[6, 0, [tag_id]]]})]
        else:
            acts = [("write", email, {"name": name})]
        assert self.worker.call("act", acts=acts) == 1

    def here(self):
        """Return (e-mail, name, phone, active) of the contacts in Odoo."""
        domain = [["email", "like", KILLS_AT]]
        rows = self.worker.call("read", model="res.partner", domain=domain, names=["email", "name", "phone", "active"])
        return [(row["email"], row["name"], row["phone"] or None, row["active"]) for row in rows]


def kill_again_and_again(sides, capsys):
    """Change both sides at random and kill the worker, `KILLS` times.

    Then both sides are the same, each record is there once, and each is as somebody has left it.
    """
    chance, worker, sql = random.Random(SEED), sides.worker, sides.sql
    tag_id = sql.value("SELECT id FROM res_partner_category WHERE name->>'en_US' = %s", sides.tag)
    numbers, ways, doomed = itertools.count(1), Counter(), {"here": [], "there": []}
    living = {"here": {}, "there": {}}
    began = time.monotonic()
    for _kill in range(KILLS):
        if sql.value(CRASHES) >= PATIENT_CRASHES:
            come_to_rest(sides)
        _change(chance, "there", sides.act_there, numbers, living, doomed)
        _change(chance, "here", lambda *args: sides.act_here(*args, tag_id), numbers, living, doomed)
        ways[sides.proxy.arm(chance)] += 1
        pid = worker.fork("sync_and_work")
        sides.proxy.aim(pid)
        is_killed = sides.proxy.killed.wait(PATIENCE)
        if not is_killed:
            os.kill(pid, signal.SIGKILL)
        worker.reap(pid)
        assert is_killed, ("nothing was asked or sent", sql.rows(OPEN), sql.rows(OUTBOX))
    seconds = (time.monotonic() - began) / KILLS
    come_to_rest(sides)
    for full in (False, True):
        worker.call("sync", full=full)
    come_to_rest(sides)
    with capsys.disabled():
        print(f"\n{sides.flow}: {KILLS} kills {dict(ways)} of {seconds:.2f} s, seed {SEED}:", end=" ")
        print(f"{len(sides.there())} there, {len(sides.here())} here, {next(numbers) - 1} were made")
    both_sides_are_the_same(sides)
    names = {email: name for email, name, _phone in sides.there().values()}
    wanted = (living["here"] | living["there"]).items()
    lost = [(email, name, names.get(email)) for email, name in wanted if names.get(email) != name]
    assert not lost, f"a change was lost (e-mail, what somebody wrote, what is there): {lost}"
    sides.proxy.requests.clear()
    worker.call("sync", full=True)
    assert [one for one in sides.proxy.requests if one[0] not in sides.proxy.reads] == []


def _change(chance, side, act, numbers, living, doomed):
    """A person makes one contact, changes one and now and then deletes one; what is deleted was never changed.

    :param dict living: by side, e-mail address to the name that somebody gave it last
    """
    made, name = f"{side}{next(numbers)}{KILLS_AT}", f"Made {side} ☕"
    act(CREATE, made, name)
    if living[side]:
        changed = chance.choice(list(living[side]))
        living[side][changed] = f"Changed {side} {next(numbers)}"
        act(CHANGE, changed, living[side][changed])
    if chance.random() < 0.3:
        doomed[side].append(made)
    else:
        living[side][made] = name
    if len(doomed[side]) > 1:
        act(DELETE, doomed[side].pop(0), None)


def come_to_rest(sides):
    """Time passes until nothing waits any more."""
    for _again in range(100):
        wait_for(lambda: _has_worked(sides.worker), "PostgreSQL notices that the lane is dead")
        sides.sql.rows("UPDATE bridge_job SET due_at = due_at - interval '1 hour' WHERE state = 'pending'")
        sides.sql.rows("UPDATE bridge_gate SET resting_until = resting_until - interval '1 hour'")
        sides.sql.rows("UPDATE bridge_binding SET sent_at = sent_at - interval '1 hour'")
        waiting = sides.sql.rows("SELECT id FROM bridge_job WHERE state IN ('pending', 'running')")
        if not waiting and not sides.sql.rows(OUTBOX):
            return
    raise AssertionError(["jobs", *sides.sql.rows(OPEN), "outbox", *sides.sql.rows(OUTBOX)])


def _has_worked(worker):
    worker.start("lane")
    outcome = worker.outcome()
    assert "BlockingIOError" in outcome.get("error", "BlockingIOError"), outcome["error"]
    return "error" not in outcome


def both_sides_are_the_same(sides):
    there, here, sql = sides.there(), sides.here(), sides.sql
    for emails in ([email for email, *_rest in there.values()], [email for email, *_rest in here]):
        assert [email for email, count in Counter(emails).items() if count > 1] == [], "there twice"
    ours, theirs = {row[:3] for row in here if row[3]}, set(there.values())
    assert not ours ^ theirs, f"only here: {ours - theirs}, only there: {theirs - ours}"
    linked = sql.rows(LINKED, sides.flow, f"%{KILLS_AT}")
    assert sorted(linked) == sorted((external_id, email) for external_id, (email, *_rest) in there.items())
    left = sql.rows(OPEN)
    assert not left, f"jobs that are left: {left}"
    assert sql.rows("SELECT state, message FROM bridge_run WHERE state NOT IN ('done', 'partial', 'cancelled')") == []
    assert sql.rows("SELECT odoo_value, remote_value FROM bridge_conflict WHERE state = 'open'") == []
    locks = "SELECT objid FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE locktype = 'advisory'"
    assert sql.rows(f"{locks} AND datname = current_database()") == []
