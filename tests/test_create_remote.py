"""Creating there, exactly once: what is known of a request whose answer was lost, and what is done about it."""

import datetime

import psycopg2
from psycopg2 import errorcodes

from odoo import fields
from odoo.tests import tagged

from ..road.pull.road import Pull
from ..road.push import intent
from .test_push import PushCase, contacts_flow, contacts_operations

BY_REFERENCE = {
    "kind": "find",
    "path": "/contacts",
    "query": {"reference": "{reference}"},
    "records": "records",
}
SETTLE = 60


class CreateCase(PushCase):
    def connect_with_key(self, **flow):
        self.remote.idempotency = True
        return self.connect(contacts_flow(**flow), idempotency={"header": "Idempotency-Key"})

    def connect_with_reference(self):
        record = {"id": "id", "reference": "reference"}
        operations = contacts_operations("list", find=BY_REFERENCE)
        return self.connect(contacts_flow(record=record, operations=operations), idempotency={"settle": SETTLE})

    def lost(self, fault="lost", **values):
        """Ada, who was sent, and whose answer was lost (or who never arrived)."""
        ada = self.partner(**values)
        self.remote.fault = lambda method, _path: fault if method == "POST" else None
        self.settle()
        self.remote.fault = None
        return ada

    def soon(self):
        """What waits is tried again, sooner than a lost request settles."""
        self.env["bridge.job"].search([("state", "=", "pending")]).due_at = "2020-01-01"
        self.connector._gate().filtered("resting_until").resting_until = "2020-01-01"
        self.settle()

    def later(self):
        for binding in self.env["bridge.binding"].search([("sent_at", "!=", False)]):
            binding.sent_at -= datetime.timedelta(seconds=SETTLE)
        self.soon()

    def settled(self):
        """Nothing waits, and nothing is sent any more."""
        self.later()
        self.writes()
        self.later()
        self.assertEqual(self.writes(), 0)
        self.assertFalse(self.env["bridge.job"].search([("state", "not in", ("done", "cancelled"))]))
        self.assertFalse(self.env["bridge.change"].search([]))


class Busy(psycopg2.OperationalError):
    pgcode = errorcodes.SERIALIZATION_FAILURE


@tagged("post_install", "-at_install")
class TestCreateRemote(CreateCase):
    def test_what_changed_after_a_lost_answer_is_sent_after_the_repeated_creation(self):
        self.connect_with_key()
        ada = self.lost(phone="1")
        ada.phone = "2"
        self.later()
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])
        self.settled()

    def test_a_repeated_creation_that_was_put_off_is_still_the_same_request(self):
        """Otherwise the answer to the first request would be taken for one to the second."""
        for fault in ("throttle", "refused"):
            with self.subTest(fault=fault):
                self.remote.records.clear()
                self.connect_with_key()
                ada = self.lost(phone="1")
                ada.phone = "2"
                self.remote.fault = lambda _method, _path, fault=fault: fault
                self.later()
                self.remote.fault = None
                self.later()
                self.settled()
                self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])
                ada.unlink()
                self.settled()
                self.connector.unlink()

    def test_a_record_that_odoo_deleted_after_a_lost_answer_is_deleted_there(self):
        for connect in (self.connect_with_key, self.connect_with_reference):
            for fault in ("lost", "unavailable"):
                with self.subTest(connect=connect.__name__, fault=fault):
                    connect()
                    self.lost(fault).unlink()
                    self.partner("Bob")
                    self.settled()
                    self.assertEqual(self.names_there(), ["Bob"])
                    self.assertEqual(len(self.env["bridge.binding"].search([])), 1)
                    self.connector.unlink()
                    self.env["res.partner"].search([("ref", "=", "bridge")]).unlink()
                    self.remote.records.clear()

    def test_what_is_not_found_is_created_again_only_when_it_can_not_come_to_be_there_any_more(self):
        self.sync(self.connect_with_reference())  # the first push looks at everything
        self.lost("unavailable")
        self.soon()
        self.assertFalse(self.contacts)
        self.assertEqual(self.remote.counters()["by_method"], {"POST": 1, "GET": 1})
        self.settled()
        self.assertEqual(self.names_there(), ["Ada"])

    def test_an_answer_that_can_not_be_read_is_not_asked_for_without_end(self):
        self.connect_with_key()
        self.connector.flow_ids.operation_ids.filtered(lambda one: one.kind == "create").records_path = "nowhere"
        self.partner()
        for _attempt in range(12):
            self.later()
        job = self.env["bridge.job"].search([("kind", "=", "push_record")])
        self.assertEqual((job.state, job.error_kind), ("failed", "protocol"))
        self.assertIn("nowhere", job.error_message)
        self.assertEqual(len(self.contacts), 1)
        self.assertLess(self.writes(), 8)
        self.connector.flow_ids.operation_ids.filtered(lambda one: one.kind == "create").records_path = "@"
        job.action_retry()
        self.settled()
        self.assertEqual((self.names_there(), job.state), (["Ada"], "done"))

    def test_an_intent_that_another_job_has_taken_up_is_left_to_it(self):
        """Two lanes come upon the same creation, which neither has sent yet."""
        flow = self.connect_with_key()
        ada = self.lost("throttle")
        binding = self.binding(flow, ada)
        self.assertEqual((binding.state, binding.sent_at), ("creating", False))
        lane = self.env.ref("integration_bridge.lane_2")
        # Any job that runs will do; one that sends would keep the lane from this flow altogether.
        other = {"kind": "pull_record", "flow_id": flow.id, "state": "running", "lane_id": lane.id}
        other = self.env["bridge.job"].create(other)
        taken = []

        def take(push, drafts):
            if not taken:
                taken.append(push.job_id)
                binding.write({"job_id": other.id, "sent_at": fields.Datetime.now()})
                binding.flush_recordset()
            return take.origin(push, drafts)

        self.patch_method(intent, "write", take)
        self.writes()
        self.later()
        self.assertEqual((len(taken), self.writes()), (1, 0))
        job = self.env["bridge.job"].search([("kind", "=", "push_record"), ("id", "!=", other.id)])
        self.assertEqual((job.state, job.error_kind, job.res_id), ("pending", "dependency", ada.id))
        other.state = "done"
        self.settled()
        self.assertEqual(self.names_there(), ["Ada"])

    def test_preview_forgets_nothing_of_what_was_begun(self):
        flow = self.connect(contacts_flow())
        ada = self.lost("throttle")  # its creation was begun, and nobody there has seen it
        self.assertEqual((self.binding(flow, ada).state, self.binding(flow, ada).sent_at), ("creating", False))
        ada.ref = "not ours any more"
        self.env.flush_all()
        flow.push_scan_needed = True  # everything is looked at
        flow.action_preview()
        self.assertEqual(self.binding(flow, ada).state, "creating")
        self.soon()
        self.assertEqual((self.binding(flow, ada).ids, self.contacts), ([], {}))

    def test_what_the_other_system_fills_in_by_itself_comes_to_odoo(self):
        flow = self.connect(contacts_flow("both"))
        self.sync(flow, full=True)
        self.remote.normalise = lambda document: {**document, "phone": document.get("phone") or "+1"}
        ada = self.partner()
        self.settle()
        self.assertEqual((ada.phone, self.writes()), ("+1", 1))
        self.settled()

    def test_the_remote_id_is_kept_although_the_record_is_busy_when_the_answer_comes(self):
        """With remotes that can not be asked, it would be uncertain although the answer is here."""
        flow = self.connect(contacts_flow("both"))
        self.sync(flow, full=True)
        self.remote.normalise = lambda document: {**document, "phone": "+1"}  # so that the answer is to be written

        def apply(pull, steps):
            if pull.is_sending and any(step.action == "update" for step in steps):
                raise Busy("somebody writes the record")
            return apply.origin(pull, steps)

        self.patch_method(Pull, "apply", apply)
        ada = self.partner()
        self.settle()
        self.assertEqual((self.binding(flow, ada).state, self.writes()), ("linked", 1))

    def patch_method(self, owner, name, method):
        method.origin = getattr(owner, name)
        self.patch(owner, name, method)

    def test_a_full_scan_does_not_take_what_is_being_created_for_gone(self):
        self.remote.idempotency = False
        flow = self.connect(contacts_flow("both", remove_limit=100))
        self.sync(flow, full=True)
        ada = self.lost()
        self.env["bridge.binding"].search([]).create_date = "2020-01-01"
        self.remote.records.clear()
        run = flow._enqueue("manual", full=True)
        self.soon()
        self.assertEqual(run[:1].state, "done", run[:1].message)
        self.assertEqual((self.binding(flow, ada).state, ada.active), ("creating", True))
