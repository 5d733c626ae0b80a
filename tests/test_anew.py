"""Pull Again and Push Again: what no sync repairs, because to it nothing has changed (cases A11)."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, thing, things_flow
from .test_both_ways import BothWaysCase

OPERATOR = "base.group_user,integration_bridge.group_integration_bridge_operator"


def wizard_of(env, flow, kind, *names, records=None):
    """The wizard, as a person opens it from the flow or from a list, and chooses fields."""
    context = {"default_kind": kind}
    if records is None:
        context["default_flow_id"] = flow.id
    else:
        context |= {"active_model": records._name, "active_ids": records.ids}
    mappings = flow.mapping_ids.filtered(lambda mapping: mapping.field_name in names)
    return env["bridge.anew"].with_context(**context).create({"mapping_ids": [(6, 0, mappings.ids)]})


@tagged("post_install", "-at_install")
class TestPullAgain(BridgeCase):
    def setUp(self):
        super().setUp()
        self.operator = new_test_user(self.env, "bridge_anew", OPERATOR)
        self.flow = self.connect(things_flow(page_size=10))
        self.server.records["things"] = [thing(number, phone=f"+32 {number}") for number in (1, 2, 3)]
        self.sync(self.flow)

    def spoil(self):
        """Values that a person put right nowhere, and that no sync sees: both sides have not changed since."""
        for number in (1, 2):
            self.bound(self.flow, number).write({"phone": "spoilt", "name": "Ann"})
        self.sync(self.flow, full=True)
        self.assertEqual(self.phones(), ["spoilt", "spoilt", "+32 3"])

    def phones(self):
        return [self.bound(self.flow, number).phone for number in (1, 2, 3)]

    def names(self):
        return [self.bound(self.flow, number).name for number in (1, 2, 3)]

    def bindings(self, *numbers):
        domain = [("flow_id", "=", self.flow.id), ("external_id", "in", [str(number) for number in numbers])]
        return self.env["bridge.binding"].search(domain)

    def wizard(self, *names, numbers=()):
        records = self.bindings(*numbers).with_user(self.operator) if numbers else None
        return wizard_of(self.env(user=self.operator), self.flow, "pull", *names, records=records)

    def test_all_fields_of_all_records(self):
        self.spoil()
        wizard = self.wizard()
        self.assertEqual(wizard.count, 3)
        run = self.env["bridge.run"].browse(wizard.action_start()["res_id"])
        self.work()
        self.assertEqual((run.state, run.updated, run.unchanged), ("done", 2, 1), run.message)
        self.assertEqual((self.phones(), self.names()[0]), (["+32 1", "+32 2", "+32 3"], thing(1)["name"]))
        self.assertIn("Phone", run.anew_text)
        self.assertEqual(self.counters(self.sync(self.flow, full=True)), {"unchanged": 3}, "and that is the end of it")

    def test_chosen_fields_only(self):
        self.spoil()
        self.wizard("phone").action_start()
        self.work()
        self.assertEqual((self.phones()[:2], self.names()[:2]), (["+32 1", "+32 2"], ["Ann", "Ann"]))

    def test_chosen_records_and_fields(self):
        for has_get in (True, False):
            with self.subTest(has_get=has_get):
                if not has_get:
                    self.flow.operation_ids.filtered(lambda one: one.kind == "get").unlink()
                self.spoil()
                self.wizard("phone", numbers=[2, 3]).action_start()
                self.work()
                self.assertEqual((self.phones(), self.names()[1]), (["spoilt", "+32 2", "+32 3"], "Ann"))

    def test_record_that_waits_already_takes_only_the_chosen_fields(self):
        self.spoil()
        self.env["bridge.job"]._enqueue_records(self.flow, ["2"])
        self.wizard("phone", numbers=[2]).action_start()
        self.work()
        self.assertEqual((self.phones()[1], self.names()[1]), ("+32 2", "Ann"))

    def test_preview_shows_it_and_writes_nothing(self):
        self.spoil()
        for numbers, shown in (((), {"1", "2"}), ((2, 3), {"2"})):
            with self.subTest(numbers=numbers):
                run = self.env["bridge.run"].browse(self.wizard("phone", numbers=numbers).action_preview()["res_id"])
                self.assertEqual((run.state, run.dry_run), ("done", True))
                lines = self.log_of(run, "update")
                self.assertEqual(set(lines.mapped("external_id")), shown)
                self.assertEqual(lines[:1].changes, {"phone": ["spoilt", f"+32 {lines[:1].external_id}"]})
                self.assertEqual(self.phones()[:2], ["spoilt", "spoilt"])

    def test_what_is_only_set_on_create_is_taken_where_it_is_chosen(self):
        self.flow.mapping_ids.filtered(lambda one: one.field_name == "phone").create_only = True
        self.spoil()
        self.wizard().action_start()
        self.work()
        self.assertEqual((self.phones()[0], self.names()[0]), ("spoilt", thing(1)["name"]))
        self.wizard("phone").action_start()
        self.work()
        self.assertEqual(self.phones()[0], "+32 1")

    def test_record_that_was_deleted_in_odoo_stays_deleted(self):
        self.spoil()
        gone = self.bound(self.flow, 1)
        count = self.env["res.partner"].search_count([])
        gone.unlink()
        self.sync(self.flow, full=True)
        made_again = self.env["res.partner"].search_count([]) - count
        self.wizard("phone").action_start()
        self.work()
        self.assertEqual(self.env["res.partner"].search_count([]) - count, made_again)

    def test_constant_that_is_added_reaches_existing_records(self):
        added = {
            "flow_id": self.flow.id,
            "field_id": self.env["ir.model.fields"]._get("res.partner", "ref").id,
            "converter": "constant",
            "options": '{"value": "shop"}',
        }
        self.bound(self.flow, 1).ref = "old"
        self.env["bridge.field.mapping"].create(added)
        self.assertTrue(self.flow.full_scan_needed, "and the form says how many records it concerns")
        self.sync(self.flow)
        self.assertEqual([self.bound(self.flow, number).ref for number in (1, 2, 3)], ["shop"] * 3)

    def test_what_fails_is_taken_anew_by_its_retry(self):
        self.spoil()
        self.server.records["things"][0]["name"] = None  # it can not be read
        self.wizard("phone", "name").action_start()
        self.work()
        self.assertEqual(self.failures(self.flow).external_id, "1")
        self.server.records["things"][0]["name"] = "Thing 1"
        self.failures(self.flow).action_retry()
        self.work()
        self.assertEqual((self.phones()[0], self.failures(self.flow).ids), ("+32 1", []))

    def test_while_another_run_is_under_way_it_is_refused_in_words(self):
        run = self.flow._enqueue("manual")
        run.job_ids.state = "running"
        with self.assertRaisesRegex(UserError, "Wait for it, or cancel it"):
            self.wizard("phone").action_start()
        run.job_ids.state, run.position = "pending", {"since": None}
        with self.assertRaisesRegex(UserError, "Wait for it, or cancel it"):
            self.wizard("phone").action_start()

    def test_it_joins_a_run_that_has_not_begun(self):
        self.spoil()
        waiting = self.flow._enqueue("manual")
        self.wizard("phone").action_start()
        self.work()
        self.assertEqual((waiting.state, waiting.full, self.phones()[0]), ("done", True, "+32 1"))

    def test_misuse(self):
        reader = new_test_user(
            self.env, "bridge_reads", "base.group_user,integration_bridge.group_integration_bridge_user"
        )
        with self.assertRaises(AccessError):
            wizard_of(self.env(user=reader), self.flow, "pull")
        with self.assertRaisesRegex(UserError, "sends nothing"):
            wizard_of(self.env(user=self.operator), self.flow, "push").action_start()
        with self.assertRaisesRegex(UserError, "records of one flow"):
            wizard_of(self.env(user=self.operator), self.flow, "pull", records=self.env["bridge.binding"])

    def test_from_what_odoo_keeps_otherwise(self):
        """A10 and A11 together: the mapping is put right, and the differences are taken anew."""
        flow = self.flow
        flow.mapping_ids.filtered(lambda one: one.field_name == "phone").direction = "pull"
        self.spoil()
        run = flow._enqueue("manual", kinds=["compare"])
        self.work()
        lines = run.drift_ids.filtered(lambda line: line.kind == "different")
        self.assertEqual(set(lines.mapped("external_id")), {"1", "2"})
        wizard = wizard_of(self.env(user=self.operator), flow, "pull", "phone", records=lines.with_user(self.operator))
        self.assertEqual(wizard.count, 2)
        wizard.action_start()
        self.work()
        self.assertEqual(self.phones(), ["+32 1", "+32 2", "+32 3"])


@tagged("post_install", "-at_install")
class TestPushAgain(BothWaysCase):
    def setUp(self):
        super().setUp()
        self.connect_both("ask", conditional=False)
        self.ada, self.ada_there = self.in_agreement(phone="1", city="London")

    def spoil(self, **values):
        """The other system has lost what it had, and no pull has seen it."""
        self.contacts[self.ada_there].update(values)
        self.writes()

    def wizard(self, *names, records=None):
        return wizard_of(self.env, self.flow, "push", *names, records=records)

    def test_all_fields(self):
        self.spoil(phone="", city="")
        self.wizard().action_start()
        self.work()
        there = self.contacts[self.ada_there]
        self.assertEqual((there["phone"], there["city"]), ("1", "London"))
        self.assertEqual(self.conflicts().ids, [])

    def test_chosen_fields_of_chosen_records(self):
        bob = self.partner("Bob", phone="7")
        self.settle()
        bob_there = self.binding(self.flow, bob).external_id
        self.spoil(phone="", city="")
        self.contacts[bob_there].update(phone="")
        wizard = self.wizard("phone", records=self.binding(self.flow, self.ada))
        self.assertEqual(wizard.count, 1)
        wizard.action_start()
        self.work()
        there = self.contacts[self.ada_there]
        self.assertEqual((there["phone"], there["city"], self.contacts[bob_there]["phone"]), ("1", "", ""))

    def test_what_has_changed_there_does_not_come_first(self):
        self.put(self.ada_there, phone="5")
        self.wizard("phone", records=self.binding(self.flow, self.ada)).action_start()
        self.work()
        self.assertEqual((self.contacts[self.ada_there]["phone"], self.ada.phone), ("1", "1"))

    def test_what_was_not_sent_in_time_comes_next_and_nothing_twice(self):
        others = [self.partner(f"Person {number}", phone="7") for number in range(5)]
        self.settle()
        self.writes()
        self.wizard("phone").action_start()
        sent = []

        def fault(method, path):
            """It gives no more after the second change, for once."""
            if method == "PATCH":
                sent.append(path)
            return "throttle" if len(sent) == 3 else None

        self.remote.fault = fault
        self.connector.max_requests = 1
        self.work()
        self.remote.fault = None
        run = self.env["bridge.run"].search([("flow_id", "=", self.flow.id), ("kind", "=", "push")], limit=1)
        self.assertEqual((run.state, len(run.position["held"])), ("running", len(others) + 1 - 2))
        self.connector._gate()._open()
        run.job_ids.due_at = "2020-01-01"
        self.work()
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self.writes(), len(others) + 1 + 1, "each once, and the one that was refused once more")

    def test_refused_record_is_sent_by_its_retry(self):
        self.spoil(phone="")
        self.remote.refuse = lambda method, path, document: (422, {"message": "Not now"}) if method == "PATCH" else None
        self.wizard("phone").action_start()
        self.work()
        self.remote.refuse = None
        failure = self.env["bridge.job"].search([("flow_id", "=", self.flow.id), ("state", "=", "failed")])
        self.assertEqual(failure.res_id, self.ada.id)
        failure.action_retry()
        self.work()
        self.assertEqual(self.contacts[self.ada_there]["phone"], "1")

    def test_preview(self):
        self.spoil(phone="")
        wizard = self.wizard("phone", records=self.binding(self.flow, self.ada))
        run = self.env["bridge.run"].browse(wizard.action_preview()["res_id"])
        line = self.env["bridge.log"].search([("run_id", "=", run.id), ("action", "=", "send_update")])
        self.assertEqual((run.dry_run, line.record_name, list(line.changes)), (True, "Ada", ["phone"]))
        self.assertEqual((self.writes(), self.contacts[self.ada_there]["phone"]), (0, ""))

    def test_field_that_does_not_go_this_way(self):
        self.flow.mapping_ids.filtered(lambda one: one.field_name == "phone").direction = "pull"
        with self.assertRaisesRegex(UserError, "goes this way"):
            self.wizard("phone").action_start()

    def test_what_is_gone_there_is_not_made_anew(self):
        self.remote.delete("contacts", self.ada_there)
        self.wizard("phone").action_start()
        self.work()
        self.assertEqual(self.names_there(), [])

    def test_whole_record_keeps_what_odoo_does_not_map(self):
        update = self.flow.operation_ids.filtered(lambda one: one.kind == "update")
        update.write({"method": "PUT", "sends": "whole"})
        self.contacts[self.ada_there].update(phone="", theirs="stays")
        self.env["bridge.job"]._enqueue_pushes(self.flow, self.ada.ids, prefer="odoo")
        self.work()
        there = self.contacts[self.ada_there]
        self.assertEqual((there["phone"], there.get("theirs")), ("1", "stays"))
