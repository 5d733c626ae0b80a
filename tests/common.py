import itertools
import os
from collections import namedtuple
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

from ..jobs import lane
from . import lossy
from .servers.fault_server import FaultServer, json_answer
from .servers.list_server import ListServer

if "PYTEST_XDIST_WORKER" in os.environ:
    # Side by side, the processes have one filestore: what one of them collects as garbage after a class is what another
    # one has just written, in a transaction that nobody else sees.
    TransactionCase._gc_filestore = classmethod(lambda cls: None)

LOST = itertools.count(1)  # names of what ``lose_once`` makes
# A sequence, because it goes on counting when what it was asked for is rolled back.
LOSE_ONCE = """
    CREATE SEQUENCE %(name)s;
    CREATE FUNCTION %(name)s() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval(%(text)s) = 1 THEN RAISE SQLSTATE '40001'; END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER %(name)s AFTER %(event)s ON %(table)s
       FOR EACH ROW WHEN (%(condition)s) EXECUTE FUNCTION %(name)s();
"""
# By kind: states of job and run, attempts burned, and of the gate: failures in a row, what it rests for, is it paused.
Outcome = namedtuple("Outcome", "job run attempts failures rests paused")
OUTCOMES = {
    "unavailable": Outcome("pending", "running", 0, 1, False, False),
    "throttled": Outcome("pending", "running", 0, 0, "throttled", False),
    "auth": Outcome("pending", "running", 0, 0, False, True),
    "rejected": Outcome("failed", "failed", 1, 0, False, False),
    "protocol": Outcome("pending", "running", 1, 0, False, False),
}


def definition(url, flows=None, **about):
    """A connector definition for a ``ListServer``: things to contacts."""
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {"code": "things_system", "name": "System of Things", "base_url": url, **about},
        "flows": flows if flows is not None else [things_flow()],
    }


def things_flow(**values):
    """A flow of things to contacts, with offset paging."""
    return {
        "code": "things",
        "name": "Things",
        "model": "res.partner",
        "page_size": 3,
        "record": {"id": "id", "updated": "updated", "deleted": "deleted"},
        "operations": [list_operation("things"), {"kind": "get", "path": "/things/{external_id}", "records": "@"}],
        "fields": [
            field("name", "name", required=True),
            field("email", "email", key=True),
            field("phone", "phone"),
        ],
        **values,
    }


def list_operation(collection, **values):
    return {
        "kind": "list",
        "path": f"/{collection}",
        "query": {"limit": "{limit}", "offset": "{offset}"},
        "records": "items",
        "pagination": {"type": "offset", "end": "short_page"},
        **values,
    }


def field(name, path=None, converter="text", **values):
    return {"field": name, "path": path, "converter": converter, **values}


def thing(number, **values):
    return {"id": number, "name": f"Thing {number}", "email": f"thing{number}@example.com", "updated": number, **values}


class BridgeCase(TransactionCase):
    """A live connector to a real server on loopback, and lanes that can be told to work."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ListServer().start()
        cls.addClassCleanup(cls.server.stop)
        cls.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
        cls.acting = new_test_user(cls.env, "bridge_acting", "base.group_user,base.group_partner_manager")
        cls.env["bridge.connector"].search([]).write({"state": "disabled"})
        cls.lane = cls.env.ref("integration_bridge.lane_1")

    def setUp(self):
        super().setUp()
        if lossy.IS_ON and not lossy.is_out(self):
            lossy.switch_on(self)
        self.server.records.clear()
        self.server.requests.clear()
        self.server.faults.clear()

    def connect(self, *flows, **about):
        """Import a definition with these flows and go live; return the first flow."""
        document = definition(self.server.url, list(flows) or None, **about)
        self.connector = self.env["bridge.connector"]._import_definition(document)
        self.connector.write({"user_id": self.acting.id, "state": "live"})
        return self.connector.flow_ids.filtered(lambda flow: not flow.parent_id)[:1]

    def give(self, *groups):
        """The acting user gains rights, and a system administrator approves that."""
        for group in groups:
            self.acting.group_ids += self.env.ref(group)
        self.connector.action_approve()

    def sync(self, flow, full=False):
        """Have a lane run a flow; return the run."""
        run = flow._enqueue("manual", full=full)
        self.work()
        return run

    @contextmanager
    def committing_nothing(self, left=1):
        """A test has one transaction: a lane that works in it is told that so many seconds are left, and goes on."""
        cron = type(self.env["ir.cron"])
        with (
            patch.object(lane, "commit", lambda env, processed, is_end=False: env.flush_all() or left),
            patch.object(cron, "_commit_untold", lambda self: left),
        ):
            yield

    def work(self):
        """Have a lane do all that is due, as Odoo's scheduler would."""
        with self.enter_registry_test_mode():
            self.assertIs(self.lane.method_direct_trigger(), True)
        self.env.invalidate_all()

    def counters(self, run):
        names = ("created", "updated", "linked", "unchanged", "archived", "removed", "skipped", "failed")
        return {name: run[name] for name in names if run[name]}

    def bound(self, flow, external_id):
        """The Odoo record of a remote record; empty if there is none."""
        binding = self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("external_id", "=", str(external_id))])
        return self.env[flow.model].browse(binding.res_id) if binding.res_id else self.env[flow.model]

    def failures(self, flow):
        return self.env["bridge.job"].search([("flow_id", "=", flow.id), ("state", "in", ("failed", "pending"))])

    def conflict(self, flow, external_id, field_name="phone", kind="field", odoo="1", remote="2", agreed="0"):
        """A record on which both sides do not agree, and a person has to decide."""
        record = self.bound(flow, external_id)
        binding = self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("res_id", "=", record.id)])
        row = {"binding_id": binding.id, "kind": kind, "record_name": record.display_name}
        if kind == "field":
            row |= {"field_name": field_name, "odoo_value": odoo, "remote_value": remote, "agreed_value": agreed}
        self.env["bridge.conflict"]._keep(flow, [row])
        return self.env["bridge.conflict"].search([("binding_id", "=", binding.id)], limit=1)

    def lose_once(self, event, table, condition="TRUE"):
        """Have another transaction be first, once: the next such statement meets a serialization failure.

        Whoever does the work again finds everything as it was before, and has to do all of it again.

        :param str event: ``INSERT``, ``UPDATE`` or ``DELETE``
        :param str table: of the database
        :param str condition: SQL about ``NEW`` or ``OLD``: of which rows
        :return: a function that tells whether it has happened
        """
        name = f"lost_{next(LOST)}"
        names = {"name": SQL.identifier(name), "text": name, "event": SQL(event), "table": SQL.identifier(table)}
        self.env.cr.execute(SQL(LOSE_ONCE, condition=SQL(condition), **names))

        def has_happened():
            self.env.cr.execute(SQL("SELECT last_value, is_called FROM %s", names["name"]))
            last, is_called = self.env.cr.fetchone()
            return is_called and last > 1  # once lost, and at least once more that it went well

        return has_happened

    def log_of(self, run, action=None):
        return run.log_ids.filtered(lambda line: action in (None, line.action))


SORRY = {"message": "Sorry, no"}


def no(status, **headers):
    """The remote says no, in its own words."""
    return json_answer(SORRY, status, {name.replace("_", "-"): value for name, value in headers.items()})


def with_a_test_for_each(prefix, cases, check):
    """Give the class a test method for each case: a fault has a name of its own, and fails alone."""

    def decorate(cls):
        for name, case in cases.items():
            setattr(cls, prefix + name, lambda self, case=case: getattr(self, check)(case))
        return cls

    return decorate


class FaultCase(BridgeCase):
    """A flow that is up to date at a remote that answers as told, else from the list of the ``ListServer``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.remote = FaultServer()
        cls.addClassCleanup(cls.remote.close)
        cls.remote.fallback = cls.answer_as_usual

    @classmethod
    def answer_as_usual(cls, connection, request):
        code, document = cls.server.answer(request.path, request.query)
        json_answer(document, code)(connection, request)

    def setUp(self):
        super().setUp()
        self.remote.forget()

    def connect(self, *flows, **about):
        flow = super().connect(*flows, **about)
        self.connector.base_url = self.remote.url
        return flow

    def delta_flow(self, **values):
        """Three records a page, and after the first time only what has changed."""
        query = {"since": "{since}", "limit": "{limit}", "offset": "{offset}"}
        delta = {"type": "timestamp", "format": "integer", "source": "record"}
        operations = [list_operation("things", query=query, delta=delta), things_flow()["operations"][1]]
        return things_flow(**{"operations": operations, **values})

    def up_to_date(self, flow):
        """Things 1 and 2 are in Odoo; the next run finds 2 to 6 on two pages."""
        self.server.records["things"] = [thing(1), thing(2)]
        self.assertEqual(self.sync(flow).state, "done")
        self.assertEqual(flow.cursor, 2)
        self.server.records["things"] += [thing(n) for n in (3, 4, 5, 6)]
        self.remote.requests.clear()

    @property
    def gate(self):
        return self.connector._gate()

    def asked(self):
        """Paths and offsets of the requests since the last time."""
        asked = [request.query.get("offset", request.path) for request in self.remote.requests]
        self.remote.requests.clear()
        return asked

    def pass_time(self):
        """All that waits only for the time to pass is due."""
        past = fields.Datetime.now() - timedelta(seconds=1)
        self.env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": past})
        self.gate.filtered("resting_until").write({"resting_until": past})

    def assert_outcome(self, run, kind, words):
        """Job, run, gate and the words of an error are as its kind wants them."""
        job, gate = run.job_ids.filtered(lambda job: job.kind == "pull"), self.gate
        rests = gate.resting_until > fields.Datetime.now() and gate.rest_kind if gate.resting_until else False
        found = Outcome(job.state, run.state, job.attempts, gate.failures, rests, gate.paused)
        self.assertEqual((job.error_kind, found), (kind, OUTCOMES[kind]), job.error_message)
        self.assertIn(words, job.error_message)
        self.assertIn(words, run.message)
        if kind in ("unavailable", "protocol"):
            self.assertGreater(job.due_at, fields.Datetime.now() + timedelta(seconds=5))

    def recover(self, run):
        """What a person or the time does about an error; then a lane works again."""
        job = run.job_ids
        if job.state == "failed":
            job.action_retry()
        if self.gate.paused:
            self.connector.action_resume()
        self.pass_time()
        self.work()
        self.assertEqual((run.state, run.message, job.state), ("done", False, "done"))
        self.assertEqual((self.gate.failures, self.gate.resting_until, self.gate.paused), (0, False, False))
