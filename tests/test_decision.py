"""What a person sees of both ways, and decides (the fifth promise)."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, thing
from .test_push import PushCase, contacts_flow


@tagged("post_install", "-at_install")
class TestConflictInWords(BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(self.flow)

    def texts(self, conflict):
        return (conflict.field_label, conflict.odoo_text, conflict.remote_text, conflict.agreed_text)

    def test_values_are_said_in_the_words_of_the_form(self):
        belgium, france = self.env.ref("base.be"), self.env.ref("base.fr")
        for name, values, texts in (
            ("phone", ("1", "2", None), ("Phone", "1", "2", "—")),
            ("country_id", (belgium.id, france.id, None), ("Country", "Belgium", "France", "—")),
            ("is_company", (True, False, False), ("Is a Company", "yes", "no", "no")),
            ("comment", ("<p>Call me</p>", "", "<p>Call</p>"), ("Notes", "Call me", "—", "Call")),
            ("color", (3, 0, 0), ("Color Index", "3", "0", "0")),
        ):
            with self.subTest(name):
                odoo, remote, agreed = values
                conflict = self.conflict(self.flow, 1, name, odoo=odoo, remote=remote, agreed=agreed)
                self.assertEqual(self.texts(conflict), texts)
                self.assertEqual(conflict.display_name, f"Thing 1 · {texts[0]}")

    def test_deletion_against_change_is_said_so(self):
        for kind, odoo, remote, name in (
            ("gone_in_odoo", "Deleted", "Changed", "Thing 1 · Deleted in Odoo, changed there"),
            ("gone_there", "Changed", "Deleted", "Thing 1 · Deleted there, changed in Odoo"),
        ):
            with self.subTest(kind):
                conflict = self.conflict(self.flow, 1, kind=kind)
                self.assertEqual(self.texts(conflict), ("The whole record", odoo, remote, "—"))
                self.assertEqual(conflict.display_name, name)
                with self.assertRaisesRegex(UserError, "no field"):
                    conflict.action_always_odoo()

    def test_what_is_open_is_counted_where_one_looks(self):
        conflicts = self.conflict(self.flow, 1) | self.conflict(self.flow, 1, "email") | self.conflict(self.flow, 2)
        binding = conflicts[0].binding_id
        self.assertEqual((self.flow.conflict_count, self.connector.conflict_count, binding.conflict_count), (3, 3, 2))
        for record, shown in ((self.flow, conflicts), (self.connector, conflicts), (binding, conflicts[:2])):
            found = self.env["bridge.conflict"].search(record.action_open_conflicts()["domain"])
            self.assertEqual(found, shown.sorted("id", reverse=True))
        conflicts[2].action_keep_odoo()
        self.env.invalidate_all()
        self.assertEqual((self.flow.conflict_count, self.connector.conflict_count, binding.conflict_count), (2, 2, 2))

    def test_what_waits_to_be_sent_is_counted_and_named(self):
        record = self.bound(self.flow, 1)
        self.env["bridge.change"]._note(self.flow.id, record._name, record.ids)
        self.env.cr.flush()
        self.env.invalidate_all()
        change = self.env["bridge.change"].search(self.flow.action_open_changes()["domain"])
        self.assertEqual((self.flow.change_count, change.record_name), (1, "Thing 1"))
        self.assertEqual(change.action_open_record()["res_id"], record.id)
        record.unlink()
        self.env.invalidate_all()
        self.assertEqual(change.record_name, "deleted in Odoo")


@tagged("post_install", "-at_install")
class TestSyncNow(PushCase):
    """The entry in the Actions menu of mapped models."""

    def sync_now(self, records):
        return self.env["bridge.flow"].action_sync_records(records._name, records.ids)["params"]["message"]

    def forget(self):
        """As if what was changed had been changed past the ORM."""
        self.env.cr.flush()
        self.env.cr.execute("DELETE FROM bridge_change")

    def test_record_that_is_not_there_yet_is_sent(self):
        self.connect(contacts_flow())
        ada = self.partner()
        self.forget()
        self.assertEqual(self.sync_now(ada), "Records that will be sent if they have changed: 1.")
        self.settle()
        self.assertEqual(self.names_there(), ["Ada"])

    def test_record_that_is_there_is_sent_again_only_if_it_has_changed(self):
        self.connect(contacts_flow())
        ada = self.partner(phone="1")
        self.settle()
        self.writes()
        self.sync_now(ada)
        self.settle()
        self.assertEqual(self.writes(), 0)
        ada.phone = "2"
        self.forget()
        self.sync_now(ada)
        self.settle()
        self.assertEqual(([one["phone"] for one in self.contacts.values()], self.writes()), (["2"], 1))

    def test_both_ways_fetches_and_sends(self):
        flow = self.connect(contacts_flow("both"))
        ada = self.partner()
        flow._enqueue("manual", full=True)
        self.settle()
        self.assertEqual(
            self.sync_now(ada),
            "Records that will be fetched again: 1. Records that will be sent if they have changed: 1.",
        )

    def test_record_that_no_flow_has_to_do_with_is_refused(self):
        self.connect(contacts_flow())
        with self.assertRaisesRegex(UserError, "nothing to sync"):
            self.sync_now(self.partner(ref="none of our business"))

    def test_external_id_is_synced_the_same_way(self):
        flow = self.connect(contacts_flow())
        ada = self.partner()
        self.settle()
        message = self.binding(flow, ada).action_sync()["params"]["message"]
        self.assertEqual(message, "Records that will be sent if they have changed: 1.")


@tagged("post_install", "-at_install")
class TestUncertain(PushCase):
    """A record whose creation was sent, and nobody knows whether it arrived."""

    def setUp(self):
        super().setUp()
        flow = self.connect(contacts_flow())
        self.ada = self.partner()
        values = {"kind": "push_record", "flow_id": flow.id, "res_id": self.ada.id, "record_name": "Ada"}
        self.job = self.env["bridge.job"]._enqueue([{**values, "state": "uncertain"}])

    def wizard(self, user, external_id):
        action = self.job.with_user(user).action_there()
        return (
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**action["context"])
            .create({"external_id": external_id})
        )

    def test_person_says_which_remote_record_it_is(self):
        operator = new_test_user(
            self.env, "bridge_operator", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        wizard = self.wizard(operator, " 17 ")
        self.assertEqual(wizard.record_name, "Ada")
        with patch.object(type(self.job), "_resolve_there", create=True) as resolve:
            wizard.action_resolve()
            resolve.assert_called_once_with("17")
            wizard.external_id = "  "
            with self.assertRaisesRegex(UserError, "ID that the record has there"):
                wizard.action_resolve()
            resolve.assert_called_once()

    def test_only_operators_say_it(self):
        user = new_test_user(
            self.env, "bridge_user", "base.group_user,integration_bridge.group_integration_bridge_user"
        )
        with self.assertRaises(AccessError):
            self.wizard(user, "17")

    def test_whose_remote_record_it_is_already_is_said_only_to_who_may_read_it(self):
        bob, flow = self.partner("Bob"), self.job.flow_id
        self.env["bridge.binding"].create(
            [
                {"flow_id": flow.id, "res_id": bob.id, "external_id": "17"},
                {"flow_id": flow.id, "res_id": self.ada.id, "state": "creating"},
            ]
        )
        operator = new_test_user(
            self.env, "bridge_operator", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        with self.assertRaisesRegex(UserError, "“Bob”"):
            self.job.with_user(operator)._resolve_there("17")
        partners = self.env.ref("base.model_res_partner").id
        self.env["ir.rule"].create({"name": "Bob", "model_id": partners, "domain_force": "[('name', '!=', 'Bob')]"})
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "“no access”"):
            self.job.with_user(operator)._resolve_there("17")

    def test_job_opens_its_odoo_record(self):
        action = self.job.action_open_record()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", self.ada.id))
