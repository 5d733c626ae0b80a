"""Promise 3: what an answer says of a record is believed only as far as it can be known, and of the right record."""

import itertools
import json

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .push_case import contacts_operations
from .servers import fault_server as faults
from .test_faults_push import BY_REFERENCE, FaultsPushCase


@tagged("post_install", "-at_install")
class TestAnswers(FaultsPushCase):
    def change(self, direction="push"):
        """Ada is in agreement, and changed in Odoo."""
        self.connect_push(direction)
        ada = self.in_agreement("Ada")
        ada.phone = "2"
        return ada

    def test_document_that_says_that_it_failed_is_not_taken_for_the_record(self):
        ada = self.change("both")
        told = {"id": next(iter(self.contacts)), "name": "Error 17", "phone": "9", "error": "Locked"}
        self.tell(faults.json_answer(told))
        self.settle()
        self.assertEqual((ada.name, ada.phone, self.jobs().error_kind), ("Ada", "2", "rejected"))
        self.recover()
        self.assert_quiet(("Ada", "2"))

    def test_operation_says_where_the_error_of_one_record_is(self):
        self.change()
        operation = self.flow.operation_ids.filtered(lambda one: one.kind == "update")
        operation.item_error_path = "result.problem"
        self.tell(faults.json_answer({"result": {"problem": "No such street"}}))
        self.settle()
        self.assertIn("No such street", self.jobs().error_message)
        self.assertEqual((self.jobs().state, self.jobs().error_kind), ("failed", "rejected"))

    def test_operation_says_where_the_status_of_one_record_is(self):
        ada = self.change()
        operation = self.flow.operation_ids.filtered(lambda one: one.kind == "update")
        operation.item_status_path = "code"
        self.tell(faults.json_answer({"code": 429, "error": "Wait"}))
        self.settle()
        self.assertEqual((self.gate.rest_kind, self.outbox), ("throttled", ada.ids))
        self.recover()
        self.assert_quiet(("Ada", "2"))

    def test_what_the_operation_says_is_all_that_counts(self):
        self.change()
        operation = self.flow.operation_ids.filtered(lambda one: one.kind == "update")
        operation.item_error_path = "result.problem"
        self.remote.normalise = lambda document: {**document, "error": "an error of the record itself"}
        self.settle()
        self.assertFalse(self.jobs())
        self.assert_quiet(("Ada", "2"))

    def test_definition_keeps_where_the_error_of_one_record_is(self):
        self.change()
        self.flow.operation_ids.filtered(lambda one: one.kind == "update").item_error_path = "result.problem"
        exported = self.connector._export_definition()
        self.connector.unlink()
        connector = self.env["bridge.connector"]._import_definition(exported)
        update = connector.flow_ids.operation_ids.filtered(lambda one: one.kind == "update")
        self.assertEqual((update.item_error_path, update.bulk_size), ("result.problem", 0))

    def create_with(self, headers, document=None):
        """Ada is created; the answer names her record in a header.

        :param headers: with ``{id}`` where her id is
        """
        create = {"kind": "create", "method": "POST", "path": "/contacts", "id_header": "Location"}
        self.connect_push("both", operations=contacts_operations(create=create, find=BY_REFERENCE))
        ada = self.partner(phone="2")

        def answer(connection, request):
            made = self.remote._answer(connection, request).document["id"]
            head = {name: value.format(id=made) for name, value in headers.items()}
            body = b"" if document is None else json.dumps(document).encode()
            faults.answer(201, body, head)(connection, request)

        self.tell(answer)
        self.settle()
        return ada

    def test_id_of_a_new_record_stands_in_a_header(self):
        for headers, document in [
            ({"Location": "https://api.example.com/contacts/{id}"}, None),
            ({"Location": "/contacts/{id}/?fresh=1"}, None),
            ({"Location": "https://api.example.com/contacts({id})"}, {"message": "Created"}),
        ]:
            with self.subTest(headers):
                ada = self.create_with(headers, document)
                self.assertEqual(self.sent(), ["POST"])
                self.assertEqual(self.binding(self.flow, ada).external_id, *self.contacts)
                self.assert_quiet(("Ada", "2"))
                self.forget(ada)

    def test_creation_without_the_header_that_names_the_record_is_looked_for(self):
        self.create_with({"X-Other": "{id}"})
        self.assertEqual((self.jobs().error_kind, self.jobs().state), ("protocol", "pending"))
        self.recover()
        self.assert_quiet(("Ada", "2"))

    def test_creation_whose_header_names_another_record_than_its_answer_is_looked_for(self):
        self.create_with({"Location": "/contacts/{id}"}, {"id": "rec_another", "name": "Ada"})
        self.assertIn("names the new record", self.jobs().error_message)
        self.assertFalse(self.env["bridge.binding"].search([("external_id", "=", "rec_another")]))
        self.recover()
        self.assert_quiet(("Ada", "2"))

    def test_definition_keeps_where_an_id_stands_and_what_is_not_sent_back(self):
        create = {"kind": "create", "method": "POST", "path": "/contacts", "id_header": "Location"}
        update = {"kind": "update", "method": "PUT", "path": "/contacts/{external_id}", "sends": "whole"}
        operations = contacts_operations(create=create, update={**update, "unsent": ["quantity", "lines.total"]})
        self.connect_push(operations=operations)
        exported = self.connector._export_definition()
        self.connector.unlink()
        connector = self.env["bridge.connector"]._import_definition(exported)
        kept = {one.kind: one for one in connector.flow_ids.operation_ids}
        self.assertEqual((kept["create"].id_header, kept["update"].unsent_paths), ("Location", "quantity, lines.total"))

    def test_creation_that_was_made_counts_although_the_answer_has_errors(self):
        create = {"kind": "create", "method": "POST", "path": "/contacts", "records": "data.save.customer"}
        self.connect_push(operations=contacts_operations(create=create, find=BY_REFERENCE))
        ada = self.partner(phone="2")

        def answer(connection, request):
            made = self.remote._answer(connection, request).document
            document = {"data": {"save": {"customer": made}}, "errors": [{"message": "The address is hidden"}]}
            faults.json_answer(document)(connection, request)

        self.tell(answer)
        self.settle()
        self.assertEqual(self.binding(self.flow, ada).external_id, *self.contacts)
        self.assert_quiet(("Ada", "2"))

    def test_creation_that_answers_an_id_and_an_error_is_looked_for(self):
        self.connect_push()
        self.partner(phone="2")
        self.tell(faults.json_answer({"id": "rec_7", "error": "The index is down"}), done=True)
        self.settle()
        self.assertEqual((self.jobs().error_kind, self.jobs().state), ("protocol", "pending"))
        self.assertIn("The index is down", self.jobs().error_message)
        self.recover()
        self.assert_quiet(("Ada", "2"))


@tagged("post_install", "-at_install")
class TestOrderOfResults(FaultsPushCase):
    """One request about Ada, Bob and Cid, whose results come in another order."""

    def connect_bulk(self, find=True, item=None, **bulk):
        bulks = {
            kind: {
                "kind": kind,
                "method": "POST",
                "path": "/contacts/_bulk",
                "records": "results",
                "body": {"items": "{records}"},
                "bulk": {"size": 50, "status": "status", "record": "record", "error": "error", "item": way, **bulk},
            }
            for kind, way in {
                "create": {"op": "create", "record": "{record}"},
                "update": {"op": "update", "id": "{external_id}", "record": "{record}"},
            }.items()
        }
        return self.connect_push(operations=contacts_operations(find=BY_REFERENCE, **bulks))

    def answer_in(self, order, without=()):
        """The next bulk is answered in this order; of its records without these fields."""

        def answer(connection, request):
            results = self.remote._bulk("contacts", request.json).document["results"]
            for result in results:
                record = result["record"] or {}
                result["record"] = {name: value for name, value in record.items() if name not in without}
            faults.json_answer({"results": [results[place] for place in order]})(connection, request)

        self.tell(answer)

    def three(self):
        return [self.partner(name, phone="2") for name in ("Ada", "Bob", "Cid")]

    def assert_right(self, people):
        """Everybody is bound to the record of the same name."""
        for person in people:
            binding = self.binding(self.flow, person)
            self.assertEqual(self.contacts[binding.external_id]["name"], person.name)

    def test_created_records_are_told_apart_by_reference_or_key_in_every_order(self):
        by = {"reference": ("email", "name"), "key": ("reference",), "both": ()}
        for (how, without), order in itertools.product(by.items(), ((2, 0, 1), (1, 0, 2))):
            with self.subTest(how=how, order=order):
                self.connect_bulk()
                people = self.three()
                self.answer_in(order, without)
                self.settle()
                self.assertEqual(self.sent(), ["POST"])
                self.assert_right(people)
                self.assert_quiet(("Ada", "2"), ("Bob", "2"), ("Cid", "2"))
                self.forget(self.env["res.partner"].union(*people))

    def test_changed_records_are_told_apart_by_their_ids(self):
        self.connect_bulk()
        people = self.in_agreement("Ada", "Bob", "Cid")
        people.phone = "2"
        self.remote.normalise = lambda document: {**document, "email": document["email"].upper()}
        self.answer_in((2, 0, 1), ("reference",))
        self.settle()
        self.assert_right(people)
        self.assert_quiet(("Ada", "2"), ("Bob", "2"), ("Cid", "2"))

    def test_what_can_not_be_told_apart_is_bound_to_nothing_and_looked_for(self):
        self.connect_bulk()
        people = self.three()

        def answer(connection, request):
            """The key that came back is another one, as a remote may write it in its own way."""
            results = self.remote._bulk("contacts", request.json).document["results"]
            for result in reversed(results):
                result["record"] = {"id": result["record"]["id"], "email": "x" + result["record"]["email"]}
            faults.json_answer({"results": results[::-1]})(connection, request)

        self.tell(answer)
        self.settle()
        self.assertEqual(set(self.jobs().mapped("error_kind")), {"protocol"})
        self.assertIn("another order", self.jobs()[0].error_message)
        self.assertFalse(self.env["bridge.binding"].search([("external_id", "!=", False)]))
        self.recover()
        self.assert_right(people)
        self.assert_quiet(("Ada", "2"), ("Bob", "2"), ("Cid", "2"))

    def test_results_that_say_nothing_of_themselves_are_in_order(self):
        self.connect_bulk()
        people = self.three()
        self.answer_in((0, 1, 2), ("email", "reference", "name"))
        self.settle()
        self.assert_right(people)
        self.assert_quiet(("Ada", "2"), ("Bob", "2"), ("Cid", "2"))

    def test_one_key_that_is_written_in_another_way_does_not_matter(self):
        self.connect_bulk()
        people = self.three()
        self.remote.normalise = lambda document: {
            **document,
            "email": document["email"].replace("bob@", "b.o.b@"),
        }
        self.answer_in((2, 1, 0), ("reference",))
        self.settle()
        self.assertFalse(self.jobs())
        self.assert_right(people)


CHOSEN = {
    "kind": "create",
    "method": "PUT",
    "path": "/contacts/{reference}.vcf",
    "headers": {"If-None-Match": "*"},
    "repeatable": True,
    "new_id": "{reference}.vcf",
}


@tagged("post_install", "-at_install")
class TestChosenId(FaultsPushCase):
    """The address of a new record is ours to choose, as in CardDAV; nothing that is there is overwritten."""

    def connect_chosen(self, direction="push", **create):
        self.remote.named = True
        return self.connect_push(direction, operations=contacts_operations(create={**CHOSEN, **create}))

    def test_new_record_has_the_id_that_we_chose(self):
        for direction in ("push", "both"):
            with self.subTest(direction):
                self.connect_chosen(direction)
                ada = self.partner(phone="2")
                self.settle()
                [made] = self.contacts
                self.assertEqual((made[-4:], self.binding(self.flow, ada).external_id), (".vcf", made))
                self.assertEqual(self.sent(), ["PUT"])
                self.assert_quiet(("Ada", "2"))
                self.forget(ada)

    def test_creation_without_an_answer_is_sent_again_and_is_there_once(self):
        for done in (True, False):
            with self.subTest(done=done):
                self.connect_chosen()
                ada = self.partner(phone="2")
                self.tell(faults.reset(), done=done)
                self.settle()
                self.recover()
                self.assertEqual(len({one.path for one in self.remote.requests if one.method == "PUT"}), 1)
                self.assert_quiet(("Ada", "2"))
                self.forget(ada)

    def test_creation_that_was_refused_for_another_reason_is_not_taken_for_done(self):
        for status, headers in ((409, {"If-None-Match": "*"}), (412, {"X-Other": "1"})):
            with self.subTest(status=status):
                self.connect_chosen(headers=headers)
                ada = self.partner(phone="2")
                self.tell(faults.json_answer({"message": "Sorry"}, status))
                self.settle()
                self.assertEqual((self.jobs().state, self.jobs().error_kind), ("failed", "rejected"))
                self.recover()
                self.assert_quiet(("Ada", "2"))
                self.forget(ada)

    def test_answer_that_names_another_id_is_refused(self):
        self.connect_chosen()
        self.partner(phone="2")
        self.tell(faults.json_answer({"id": "another", "name": "Ada"}, 201), done=True)
        self.settle()
        self.assertEqual((self.jobs().error_kind, self.jobs().state), ("protocol", "pending"))
        self.assertIn("another", self.jobs().error_message)

    def test_misuse_is_refused_when_it_is_saved(self):
        flow = self.connect_chosen()
        create = flow.operation_ids.filtered(lambda one: one.kind == "create")
        update = flow.operation_ids.filtered(lambda one: one.kind == "update")
        for operation, values, words in [
            (create, {"id_header": "Location"}, "ours or in a header"),
            (create, {"new_id": "/contacts/new"}, r"it has no \{reference\}"),
            (create, {"new_id": "{reference}{x}"}, r"\{x\}"),
            (create, {"new_id": "{+reference}"}, "keeps slashes in a path"),
            (create, {"bulk_size": 5, "body": '{"items": "{records}"}'}, "the creation of one record"),
            (update, {"new_id": "{reference}"}, "the creation of one record"),
            (update, {"query": '{"id": "{+external_id}"}'}, "keeps slashes in a path"),
        ]:
            with (
                self.subTest(values),
                self.assertRaisesRegex(ValidationError, words),
                self.env.cr.savepoint(),
            ):
                operation.write(values)
        update.path = "/{+external_id}"

    def test_definition_keeps_the_id_that_we_choose(self):
        self.connect_chosen()
        exported = self.connector._export_definition()
        self.connector.unlink()
        connector = self.env["bridge.connector"]._import_definition(exported)
        create = connector.flow_ids.operation_ids.filtered(lambda one: one.kind == "create")
        self.assertEqual((create.new_id, create.repeatable), (CHOSEN["new_id"], True))


@tagged("post_install", "-at_install")
class TestUnanswered(FaultsPushCase):
    """What people do in Odoo while a request has no answer: what we have sent ourselves is no change of the others."""

    def connect_unanswered(self, authority="remote", **create):
        self.remote.named = True
        operations = contacts_operations(create={**CHOSEN, **create})
        self.connect_push("both", authority, operations)
        city = {"field_id": self.env.ref("base.field_res_partner__city").id, "path": "city", "converter": "text"}
        self.flow.mapping_ids.create({**city, "flow_id": self.flow.id, "direction": "pull"})
        self.remote.normalise = lambda document: {"city": "Set there", **document}
        self.flow._enqueue("manual", full=True)
        self.work()
        self.sent()

    def test_record_that_is_deleted_in_odoo_while_its_creation_has_no_answer_is_deleted_there(self):
        self.connect_unanswered()
        for done in (True, False):
            with self.subTest(done=done):
                ada = self.partner(phone="2")
                self.tell(faults.reset(), done=done)
                self.settle()
                ada.unlink()
                self.recover()
                self.sync(self.flow)
                self.settle()
                self.assertFalse(self.env["bridge.conflict"].search([("state", "=", "open")]))
                self.assertFalse(self.contacts)

    def test_record_that_is_deleted_in_odoo_before_it_was_read_again_is_deleted_there(self):
        self.connect_unanswered()
        ada = self.partner(phone="2")
        self.settle()
        ada.unlink()
        self.sync(self.flow)
        self.settle()
        self.assertFalse(self.env["bridge.conflict"].search([("state", "=", "open")]))
        self.assertFalse(self.contacts)

    def test_what_changes_in_odoo_while_a_creation_has_no_answer_is_sent(self):
        for authority, is_read in itertools.product(("remote", "ask", "odoo"), (False, True)):
            with self.subTest(authority, is_read=is_read):
                self.connect_unanswered(authority)
                ada = self.partner(phone="2")
                self.tell(faults.reset(), done=True)
                self.settle()
                ada.phone = "3"
                if is_read:  # it comes to us before it is asked for
                    self.sync(self.flow)
                self.recover()
                self.assert_quiet(("Ada", "3"))
                self.assertEqual((ada.phone, ada.city), ("3", "Set there"))
                self.forget(ada)

    def change_unanswered(self, authority, done=True):
        """The phone of Ada was changed from 1 to 2, and no answer came."""
        self.connect_unanswered(authority)
        ada = self.in_agreement("Ada")
        self.sync(self.flow)
        ada.phone = "2"
        self.tell(faults.reset(), done=done)
        self.settle()
        self.assertFalse(self.told)
        return ada

    def test_what_changes_in_odoo_while_a_change_has_no_answer_is_sent(self):
        for authority in ("remote", "ask", "odoo"):
            for value in ("3", "1", False):
                with self.subTest(authority=authority, value=value):
                    ada = self.change_unanswered(authority)
                    ada.phone = value
                    self.sync(self.flow)
                    self.recover()
                    self.assert_quiet(("Ada", value or None))
                    self.assertEqual(ada.phone, value)
                    self.forget(ada)

    def test_what_others_change_there_while_a_change_has_no_answer_is_their_change(self):
        for done in (True, False):
            with self.subTest(done=done):
                ada = self.change_unanswered("remote", done)
                [there] = self.contacts.values()
                self.remote.put("contacts", {**there, "phone": "9"})
                ada.phone = "3"
                self.sync(self.flow)
                self.recover()
                self.assert_quiet(("Ada", "9"))
                self.assertEqual(ada.phone, "9")
                self.forget(ada)

    def test_what_was_refused_is_not_taken_for_sent(self):
        self.connect_unanswered("remote")
        ada = self.in_agreement("Ada")
        self.sync(self.flow)
        ada.phone = "2"
        self.tell(faults.json_answer({"message": "Sorry"}, 422))
        self.settle()
        [there] = self.contacts.values()
        self.remote.put("contacts", {**there, "phone": "2"})  # somebody else does
        ada.phone = "3"
        self.sync(self.flow)
        self.recover()
        self.assert_quiet(("Ada", "2"))
