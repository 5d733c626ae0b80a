"""Promise 3: a record is created there once, whatever becomes of the answer."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import field
from .push_case import PushCase, contacts_flow, contacts_operations
from .servers.fault_server import json_answer

BY_REFERENCE = {
    "kind": "find",
    "path": "/contacts",
    "query": {"reference": "{reference}"},
    "records": "records",
    "pagination": {"type": "none"},
}
BY_EMAIL = {**BY_REFERENCE, "query": {"email": "{email}"}}
REFERENCE = {"id": "id", "updated": "updated", "version": "updated", "deleted": "deleted", "reference": "reference"}


@tagged("post_install", "-at_install")
class TestCreateOnce(PushCase):
    def lose(self, kind, times=1):
        """The next answers to POST requests are lost like this."""
        left = [kind] * times

        def fault(method, path):
            return left.pop() if method == "POST" and left else None

        self.remote.fault = fault

    def pass_time(self, seconds=120):
        """All that waits only for the time to pass is due."""
        past = fields.Datetime.now() - timedelta(seconds=1)
        self.env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": past})
        self.connector._gate()._open()
        sent = self.env["bridge.binding"].search([("state", "=", "creating"), ("sent_at", "!=", False)])
        for binding in sent:
            binding.sent_at -= timedelta(seconds=seconds)
        self.env.flush_all()

    def go_on(self):
        self.pass_time()
        self.work()

    def connect_by(self, way, **values):
        about, operations = {}, contacts_operations()
        if way == "header":
            self.remote.idempotency = True
            about = {"idempotency": {"header": "Idempotency-Key"}}
        elif way == "reference":
            operations = contacts_operations(find=BY_REFERENCE)
            values["record"] = REFERENCE
        elif way == "key":
            operations = contacts_operations(find=BY_EMAIL)
        return self.connect(contacts_flow(operations=operations, **values), **about)

    def test_lost_answer(self):
        for way in ("header", "reference", "key"):
            for kind in ("lost", "error_after", "truncated"):
                with self.subTest(way=way, kind=kind):
                    flow = self.connect_by(way)
                    ada = self.partner()
                    self.lose(kind)
                    self.settle()
                    self.assertEqual(self.binding(flow, ada).state, "creating")
                    self.go_on()
                    binding = self.binding(flow, ada)
                    self.assertEqual((binding.state, list(self.contacts)), ("linked", [binding.external_id]))
                    self.assertFalse(self.failures(flow))
                    self.writes()
                    ada.phone = "4"
                    self.settle()
                    self.assertEqual(([one["phone"] for one in self.contacts.values()], self.writes()), (["4"], 1))
                    self.forget(ada)

    def test_what_was_not_stored_is_sent_again(self):
        for way in ("header", "reference", "key"):
            with self.subTest(way=way):
                flow = self.connect_by(way)
                ada = self.partner()
                self.lose("error")
                self.settle()
                self.assertFalse(self.contacts)
                self.go_on()
                self.assertEqual(list(self.contacts), [self.binding(flow, ada).external_id])
                self.forget(ada)

    def test_what_is_not_found_may_still_come_so_it_is_not_sent_at_once(self):
        flow = self.connect_by("reference")
        ada = self.partner()
        self.lose("error")
        self.settle()
        self.pass_time(seconds=0)
        self.work()
        self.assertFalse(self.contacts)
        self.assertEqual(self.binding(flow, ada).state, "creating")
        waiting = self.env["bridge.job"].search([("kind", "=", "push_record"), ("state", "=", "pending")])
        self.assertEqual((waiting.res_id, waiting.error_kind), (ada.id, "unavailable"))
        self.go_on()
        self.assertEqual(self.names_there(), ["Ada"])

    def test_a_change_while_the_answer_is_lost_is_sent_afterwards(self):
        for way in ("header", "reference"):
            with self.subTest(way=way):
                flow = self.connect_by(way)
                ada = self.partner(phone="1")
                self.lose("lost")
                self.settle()
                ada.phone = "2"
                self.env.cr.flush()
                self.go_on()
                self.work()
                self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])
                self.assertFalse(self.failures(flow))
                self.forget(ada)

    def test_where_nothing_can_be_known_a_person_decides(self):
        flow = self.connect_by("nothing")
        ada = self.partner()
        self.lose("lost")
        self.settle()
        self.go_on()
        job = self.env["bridge.job"].search([("flow_id", "=", flow.id), ("state", "=", "uncertain")])
        self.assertEqual((job.kind, job.res_id, job.error_kind), ("push_record", ada.id, "uncertain"))
        self.assertIn("It Is There", job.error_message)
        ada.phone = "5"
        self.settle()
        self.assertEqual((len(self.contacts), job.state), (1, "uncertain"), "never a blind second POST")

    def test_what_was_certainly_refused_leaves_no_doubt(self):
        flow = self.connect_by("nothing")
        self.partner()
        self.lose("throttle")
        self.settle()
        self.go_on()
        self.assertEqual((self.names_there(), self.failures(flow).ids), (["Ada"], []))

    def test_a_record_that_is_there_is_linked_and_not_created(self):
        flow = self.connect_by("key")
        there = self.there(name="Ada of old", email="ada@example.com")
        ada = self.partner()
        self.settle()
        self.assertEqual(self.binding(flow, ada).external_id, there["id"])
        self.work()
        self.assertEqual(self.names_there(), ["Ada"])

    def test_two_that_are_alike_there_are_not_guessed_at(self):
        flow = self.connect_by("key")
        self.there(name="Ada", email="ada@example.com")
        self.there(name="Ada", email="ada@example.com")
        self.partner()
        self.settle()
        self.assertIn("2 records of the other system are like this one", self.failures(flow).error_message)
        self.assertEqual(len(self.contacts), 2)

    def test_an_id_that_belongs_to_another_record_is_not_taken(self):
        flow = self.connect_by("nothing")
        ada = self.partner()
        self.settle()
        [external_id] = self.contacts
        bob = self.partner("Bob")
        self.remote.script(json_answer({"id": external_id, "name": "Ada", "updated": 9}, 201))
        self.settle()
        self.assertIn("has already", self.failures(flow).error_message)
        self.assertEqual(self.binding(flow, ada).external_id, external_id)
        self.assertFalse(self.binding(flow, bob))

    def test_an_unknown_record_is_not_taken_for_another_while_one_is_uncertain(self):
        fields_ = [field("name", "name", required=True), field("email", "email"), field("ref", "ref")]
        flow = self.connect_by("nothing", direction="both", fields=fields_)
        self.sync(flow)
        ada = self.partner()
        self.lose("lost")
        self.settle()
        self.sync(flow)
        self.go_on()
        self.assertEqual(self.env["res.partner"].search_count([("email", "=", "ada@example.com")]), 1)
        uncertain = self.env["bridge.job"].search([("flow_id", "=", flow.id), ("state", "=", "uncertain")])
        uncertain._resolve_there(next(iter(self.contacts)))
        self.go_on()
        self.sync(flow, full=True)
        self.assertEqual(self.env["res.partner"].search([("email", "=", "ada@example.com")]), ada)
        self.assertEqual(self.failures(flow).mapped("error_message"), [])
        self.assertEqual(len(self.contacts), 1)

    def test_an_answer_that_can_not_be_read_is_not_an_invitation_to_send_again(self):
        flow = self.connect_by("reference")
        create = flow.operation_ids.filtered(lambda operation: operation.kind == "create")
        create.records_path = "nowhere"
        ada = self.partner()
        self.remote.normalise = lambda document: {**document, "reference": "lost"}  # so that it is not found either
        self.settle()
        for _attempt in range(4):
            self.go_on()
        self.assertEqual((len(self.contacts), self.binding(flow, ada).state), (1, "creating"))
        job = self.env["bridge.job"].search([("flow_id", "=", flow.id), ("state", "=", "uncertain")])
        self.assertEqual(job.res_id, ada.id)

    def test_a_repeated_creation_that_is_refused_can_be_corrected(self):
        flow = self.connect_by("header")
        ada = self.partner()
        self.lose("unavailable")
        self.settle()
        self.remote.refuse = lambda method, path, document: (
            (422, {"message": "No"}) if document["name"] == "Ada" else None
        )
        self.go_on()
        self.assertIn("No", self.failures(flow).error_message)
        ada.name = "Ada Lovelace"
        self.settle()
        self.assertEqual((self.names_there(), self.failures(flow).ids), (["Ada Lovelace"], []))
