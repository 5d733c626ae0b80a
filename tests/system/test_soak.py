"""Promises 2, 3 and 4 at once: both sides are changed at random, everything goes wrong, and in the end they agree.

`./dev/test --soak` takes at least 2,000 steps; without it there is a short form.
"""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter

from conftest import wait_for
from record_server import RandomFaults, RecordServer

STEPS = int(os.environ.get("BRIDGE_SOAK") or 150)
SEED = int(os.environ.get("BRIDGE_SEED") or random.SystemRandom().randrange(10**6))
ENOUGH_KILLS = STEPS // 50
MOST_STEPS = 20 * STEPS  # half of the syncs are followed by a kill, unless jobs never get through any more
CHANGES_A_SYNC = (4, 12)
MOST_REQUESTS = 2.5  # a change
FAULTS = 0.05
FIELDS = {"name": "odoo", "phone": "remote", "city": "ask", "zip": "newest", "street": "odoo"}
WORDS = ["Ada", "Bea", "Cem", "Dora", "Emil", "Fay", "Gül", "株式会社", "Ida ☕"]
PATIENT_CRASHES = 3  # a job that kills its worker five times in a row fails, and rightly so; here it is not the job
LANES = (1, 2)
LEFT = "SELECT flow_id, res_id, path FROM bridge_change"
OPEN = "SELECT kind, state, res_id, external_id, error_message FROM bridge_job WHERE state NOT IN ('done', 'cancelled')"
# A record that was brought back there can wait for what a person decides about the one that took its place.
UNDECIDED = " AND NOT (error_kind = 'dependency' AND error_message LIKE '%%Decide that conflict first%%')"


class Remote(RecordServer):
    """A remote whose versions are moments, so that it is known which side was changed last; people change it, too."""

    def __init__(self):
        super().__init__(conditional=True, idempotency=True)
        self._store._clock = _milliseconds()
        self.deleted = {}

    def change(self, chance, new_email, brought_back):
        """What a person does there; give the word for it.

        :param set brought_back: e-mail addresses that must not be brought back there; gets the one that is
        """
        with self.lock:
            ids = list(self.records["contacts"])
            what = chance.choice(["create", "update", "update", "update", "update", "delete", "undelete"])
            if what == "create" or not ids:
                self.put("contacts", {"email": new_email, "ref": "soak", **values(chance, all_of_them=True)})
                return "create"
            if what == "undelete":
                living = {record["email"] for record in self.records["contacts"].values()} | brought_back
                known = [one for one, document in self.deleted.items() if document["email"] not in living]
                if not known:
                    return None
                document = self.deleted.pop(chance.choice(known))
                self.put("contacts", document)
                brought_back.add(document["email"])
                return what
            document = self.records["contacts"][chance.choice(ids)]
            if what == "delete":
                self.deleted[document["id"]] = document
                self.delete("contacts", document["id"])
            else:
                self.put("contacts", {**document, **values(chance)})
            return what


def _milliseconds():
    """Since 1970, and never twice the same."""
    last = 0
    while True:
        last = max(last + 1, int(time.time() * 1000))
        yield last


def values(chance, all_of_them=False):
    """New values for some fields; a name is never empty."""
    names = list(FIELDS) if all_of_them else chance.sample(list(FIELDS), chance.randint(1, 2))
    return {name: chance.choice(WORDS if name == "name" else [*WORDS, None]) for name in names}


def contacts_definition(url):
    one = "/contacts/{external_id}"
    versioned = {"headers": {"If-Match": '"{version}"'}}
    fields = [{"field": "email", "path": "email", "converter": "text", "key": True}]
    fields += [{"field": "ref", "path": "ref", "converter": "text"}]
    fields += [
        {"field": name, "path": name, "converter": "text", "authority": authority, "required": name == "name"}
        for name, authority in FIELDS.items()
    ]
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {
            "code": "soak",
            "name": "Soak",
            "base_url": url,
            "idempotency": {"header": "Idempotency-Key"},
        },
        "flows": [
            {
                "code": "contacts",
                "name": "Contacts",
                "model": "res.partner",
                "direction": "both",
                "authority": "ask",
                "page_size": 50,
                "full_scan_days": 0,
                "push_domain": [["ref", "=", "soak"]],
                "odoo_delete_policy": "delete",
                "leave_policy": "delete",
                "delete_policy": "archive",
                "remove_limit": 100,  # the brakes are tested elsewhere; here a few records come and go
                "record": {"id": "id", "updated": "updated", "version": "updated", "deleted": "deleted"},
                "operations": [
                    {
                        "kind": "list",
                        "path": "/contacts",
                        "query": {"since": "{since}", "limit": "{limit}", "offset": "{offset}"},
                        "records": "records",
                        "pagination": {"type": "offset", "end": "short_page"},
                        "delta": {"type": "timestamp", "format": "epoch_ms", "source": "record"},
                    },
                    {"kind": "get", "path": one},
                    {"kind": "create", "method": "POST", "path": "/contacts"},
                    {"kind": "update", "method": "PATCH", "path": one, **versioned},
                    {"kind": "delete", "method": "DELETE", "path": one, **versioned},
                ],
                "fields": fields,
            }
        ],
    }


class Soak:
    """Both sides, two lanes, and what has happened so far."""

    def __init__(self, world, remote, chance):
        database = world.database("soak")
        self.remote, self.chance = remote, chance
        self.worker, self.sql = world.worker(database).ready(), world.sql(database)
        self.emails = (f"contact{number}@example.com" for number in itertools.count(1))
        self.done, self.decided, self.kills, self.lanes = Counter(), 0, 0, {}
        # A contact that both sides bring back at the same time is made twice by persons, and not by the bridge.
        self.brought_back = set()
        self.longest = 0.5

    # What people do

    def step(self):
        """One change of one side."""
        before = self.done.total()
        while self.done.total() == before:
            if self.chance.random() < 0.5:
                if what := self.remote.change(self.chance, next(self.emails), self.brought_back):
                    self.done[f"{what} there"] += 1
            else:
                what, *act = self.act()
                self.done[f"{what} in Odoo"] += self.worker.call("act", acts=[act])

    def act(self):
        """What somebody does in Odoo: a word for it, and how it is done."""
        contacts = dict(self.sql.rows("SELECT email, active FROM res_partner WHERE ref = 'soak' ORDER BY id"))
        what = self.chance.choice(["create", "write", "write", "write", "write", "unlink", "archive", "unarchive"])
        known = [email for email, active in contacts.items() if active == (what != "unarchive")]
        if what == "unarchive":
            known = [email for email in known if email not in self.brought_back]
        if what == "create" or not known:
            return "create", "create", next(self.emails), {"ref": "soak", **values(self.chance, all_of_them=True)}
        email = self.chance.choice(known)
        if what == "unarchive":
            self.brought_back.add(email)
        how = {"unlink": ("unlink", {}), "archive": ("write", {"active": False})}
        how |= {"unarchive": ("write", {"active": True}), "write": ("write", values(self.chance))}
        return what, how[what][0], email, how[what][1]

    def decide_now_and_then(self):
        if self.chance.random() < 0.3:
            side = self.chance.choice(["odoo", "remote"])
            request = {"wanted": "decide_conflict", "arguments": {"side": side}}
            self.decided += self.worker.call("as_a_request", **request)

    # What lanes do, and what is done to them

    def start_lanes(self):
        for number in LANES:
            if number not in self.lanes:
                self.lanes[number] = self.worker.fork("lane", number=number)

    def stop_lanes(self):
        for number in list(self.lanes):
            self.kill(number)

    def kill(self, number):
        pid = self.lanes.pop(number)
        os.kill(pid, signal.SIGKILL)
        self.worker.reap(pid)

    def kill_one_now_and_then(self):
        crashes = "SELECT coalesce(max(crashes), 0) FROM bridge_job WHERE state IN ('pending', 'running')"
        if self.chance.random() < 0.5 and self.sql.value(crashes) < PATIENT_CRASHES:
            threading.Event().wait(self.chance.uniform(0, self.longest))  # a random moment has no event
            self.kill(self.chance.choice(LANES))
            self.kills += 1
            self.start_lanes()

    def sync(self, full=False):
        self.worker.call("as_a_request", wanted="enqueue", arguments={"full": full})

    def is_quiet(self):
        """Is nothing left to do? Where something only waits, time passes."""
        if not self.sql.rows("SELECT id FROM bridge_job WHERE state IN ('pending', 'running')"):
            return not self.sql.rows("SELECT id FROM bridge_change")
        due = "SELECT id FROM bridge_job WHERE state = 'running' OR state = 'pending'"
        due += " AND due_at <= now() AT TIME ZONE 'UTC'"
        rests = "SELECT id FROM bridge_gate WHERE resting_until > now() AT TIME ZONE 'UTC'"
        if self.sql.rows(rests) or not self.sql.rows(due):
            waiting = "SELECT id FROM bridge_job WHERE state = 'pending' FOR UPDATE SKIP LOCKED"
            self.sql.rows(f"UPDATE bridge_job SET due_at = due_at - interval '1 hour' WHERE id IN ({waiting})")
            self.sql.rows("UPDATE bridge_gate SET resting_until = resting_until - interval '1 hour'")
        return False

    def come_to_rest(self):
        try:
            wait_for(self.is_quiet, f"nothing is left to do (seed {SEED})")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.sql.rows(OPEN)}, {self.sql.rows(LEFT)}") from error
        self.brought_back.clear()


def test_fault_everything_at_once_and_both_sides_agree_in_the_end(world, capsys):
    chance = random.Random(SEED)
    with Remote() as remote:
        soak = Soak(world, remote, chance)
        with capsys.disabled():
            print(f"\nseed {SEED}:", end=" ", flush=True)
        soak.worker.call("configure", definition=contacts_definition(remote.url))
        soak.worker.call("sync", full=True)
        remote.reset_counters()
        remote.fault = RandomFaults(FAULTS, seed=SEED)
        world.stack.callback(soak.stop_lanes)
        soak.start_lanes()
        while soak.done.total() < STEPS or soak.kills <= ENOUGH_KILLS:
            assert soak.done.total() < MOST_STEPS, f"only {soak.kills} kills (seed {SEED})"
            for _change in range(chance.randint(*CHANGES_A_SYNC)):
                soak.step()
            soak.decide_now_and_then()
            soak.sync()
            soak.kill_one_now_and_then()
            if chance.random() < 0.7:
                soak.come_to_rest()
        remote.fault = None
        for _sync in range(4):
            soak.sync()
            soak.come_to_rest()
        requests, changes = remote.counters(), soak.done.total()
        problems, excepted = disagreements(soak.sql, remote)
        with capsys.disabled():
            print(f"{changes} steps {dict(soak.done)}, {soak.kills} kills, {soak.decided} decided;", end=" ")
            print(f"{requests['requests'] / changes:.2f} requests a change {requests['by_method']};", end=" ")
            print(f"{len(remote.records['contacts'])} contacts there, excepted {dict(excepted)}")
        assert problems == [], history(soak.sql, problems)
        assert soak.sql.rows(OPEN + UNDECIDED) == []
        assert requests["requests"] / changes < MOST_REQUESTS
        remote.reset_counters()
        for number in range(10):
            soak.sync(full=number in (4, 9))
            soak.come_to_rest()
        assert remote.counters()["writes"] == 0, remote.counters()
        assert disagreements(soak.sql, remote)[0] == []


def history(sql, problems):
    """What the bridge says of the records that are named in problems."""
    lines = []
    for external_id in sorted(
        {word.strip("'(),") for problem in problems for word in problem.split() if "rec_" in word}
    ):
        lines.append(f"\n{external_id}:")
        for query in (
            "SELECT * FROM (SELECT create_date, run_id, action, res_id, message, changes FROM bridge_log"
            " WHERE external_id = %s ORDER BY id DESC LIMIT 12) line ORDER BY create_date",
            "SELECT 'binding', res_id, state, inside, odoo_snapshot, remote_snapshot, remote_version, fingerprint"
            " FROM bridge_binding WHERE external_id = %s",
            "SELECT 'conflict', conflict.state, kind, field_name, decision, settled FROM bridge_conflict conflict"
            " JOIN bridge_binding binding ON binding.id = binding_id WHERE external_id = %s",
            "SELECT 'job', kind, state, error_message FROM bridge_job WHERE external_id = %s",
        ):
            lines += [" ".join(map(str, row)) for row in sql.rows(query, external_id)]
    return "\n".join(lines)


def disagreements(sql, remote):
    """What is not the same on both sides and not listed as a conflict; and a count of what is excepted."""
    names = list(FIELDS)
    in_odoo = {}
    problems, excepted = [], Counter()
    for record_id, email, active, *row in sql.rows(
        f"SELECT id, email, active, {', '.join(names)} FROM res_partner WHERE ref = 'soak' ORDER BY id"
    ):
        if email in in_odoo:
            problems.append(f"{email} is twice in Odoo")
        in_odoo[email] = (record_id, active, dict(zip(names, row, strict=True)))
    with remote.lock:
        living = list(remote.records["contacts"].values())
    times = Counter(record["email"] for record in living)
    problems += [f"{email} is {count} times there" for email, count in times.items() if count > 1]
    there = {record["email"]: record for record in living}
    bound, inside = {}, {}
    for res_id, external_id, state, is_inside in sql.rows(
        "SELECT res_id, external_id, state, inside FROM bridge_binding"
    ):
        bound[res_id], inside[res_id] = (external_id, state), is_inside
    conflicts = {}
    for res_id, kind, field_name in sql.rows(
        "SELECT res_id, kind, field_name FROM bridge_conflict conflict"
        " JOIN bridge_binding binding ON binding.id = binding_id WHERE conflict.state = 'open'"
    ):
        conflicts.setdefault(res_id, set()).add(field_name or kind)
    gone_in_odoo = {bound[res_id][0] for res_id, kinds in conflicts.items() if "gone_in_odoo" in kinds}
    for email in sorted({*in_odoo, *there}):
        record_id, active, mine = in_odoo.get(email, (None, False, {}))
        theirs, known = there.get(email), conflicts.get(record_id, set())
        if (theirs and theirs["id"] in gone_in_odoo) or "gone_there" in known:
            excepted["deleted on one side, changed on the other"] += 1
        elif theirs and record_id and bound.get(record_id) != (theirs["id"], "linked"):
            problems.append(f"{email} ({record_id}, {theirs['id']}) is bound as {bound.get(record_id)}")
        elif theirs and record_id and not active and not inside[record_id]:
            excepted["archived in Odoo, and then undeleted there"] += 1
        elif bool(theirs) != bool(active):
            problems.append(f"{email}: active in Odoo: {active} ({record_id}, {bound.get(record_id)}), there: {theirs}")
        elif theirs:
            differing = {name for name in names if (mine[name] or None) != (theirs.get(name) or None)}
            excepted["fields in conflict"] += len(differing & known)
            problems += [
                f"{email} ({record_id}, {theirs['id']}) {name}: {mine[name]!r} in Odoo, {theirs.get(name)!r} there"
                for name in differing - known
            ]
    return problems, excepted
