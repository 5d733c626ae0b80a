"""What one side does while the change of the other side is on its way."""

from odoo.tests import tagged

from .test_push import PushCase, contacts_flow, contacts_operations


@tagged("post_install", "-at_install")
class TestPushRaces(PushCase):
    def both_ways(self, **flow):
        self.remote.conditional = True
        operations = contacts_operations(conditional=True)
        flow = self.connect(contacts_flow("both", operations=operations, remove_limit=100, **flow))
        self.sync(flow, full=True)
        return flow

    def conflicts(self, **values):
        found = self.env["bridge.conflict"].search([("state", "!=", "closed")])
        return [(one.kind, one.field_name or None, one.state) for one in found]

    def test_a_change_of_what_was_deleted_there_is_sent_once_and_then_waits_for_a_decision(self):
        flow = self.both_ways()
        ada = self.partner()
        self.settle()
        (there,) = self.contacts
        self.remote.delete("contacts", there)
        ada.phone = "1"
        self.writes()
        self.settle()
        self.assertEqual((self.conflicts(), self.writes()), ([("gone_there", None, "open")], 1))
        ada.phone = "2"
        self.settle()
        self.sync(flow)
        self.assertEqual((self.conflicts(), self.writes()), ([("gone_there", None, "open")], 0))
        open_jobs = self.env["bridge.job"].search([("state", "not in", ("done", "cancelled"))])
        self.assertEqual(open_jobs.mapped(lambda job: (job.kind, job.state, job.error_message)), [])

    def test_what_was_deleted_there_and_changed_here_goes_as_the_person_decides(self):
        for side in ("odoo", "remote"):
            with self.subTest(side=side):
                flow = self.both_ways()
                ada = self.partner()
                self.settle()
                (there,) = self.contacts
                self.remote.delete("contacts", there)
                ada.phone = "1"
                self.settle()
                conflict = self.env["bridge.conflict"].search([("flow_id", "=", flow.id)])
                getattr(conflict, f"action_keep_{side}")()
                self.settle()
                self.sync(flow)
                self.assertEqual((conflict.state, conflict.settled), ("closed", False))
                self.assertEqual([one["phone"] for one in self.contacts.values()], ["1"] if side == "odoo" else [])
                self.assertEqual(ada.active, side == "odoo")
                self.connector.unlink()
                ada.unlink()
                self.remote.records.clear()

    def test_what_comes_back_there_settles_the_conflict_and_takes_the_change(self):
        flow = self.both_ways()
        ada = self.partner()
        self.settle()
        self.sync(flow)  # its fingerprint is known
        (there,) = self.contacts.values()
        self.remote.delete("contacts", there["id"])
        ada.phone = "1"
        self.settle()
        self.assertEqual(self.conflicts(), [("gone_there", None, "open")])
        self.remote.put("contacts", there)
        self.sync(flow)
        self.settle()
        self.assertEqual(self.conflicts(), [])
        self.assertEqual([(one["id"], one["phone"]) for one in self.contacts.values()], [(there["id"], "1")])

    def test_what_is_there_again_with_another_id_is_the_same_record(self):
        """Also if the old one was sent by us, or a scan has still to see that it is gone."""
        for direction in ("pull", "both"):
            with self.subTest(direction=direction):
                there = self.there(name="Ada", email="ada@example.com", ref="bridge")
                flow = self.both_ways()
                if direction == "pull":
                    flow.direction = "pull"
                ada = self.bound(flow, there["id"])
                self.remote.delete("contacts", there["id"])
                self.sync(flow)
                self.assertFalse(ada.active)
                again = self.there(name="Ada", email="ada@example.com", ref="bridge", phone="1")
                self.sync(flow)
                self.assertEqual(self.bound(flow, again["id"]), ada)
                self.assertEqual((ada.active, ada.phone, self.binding(flow, ada).state), (True, "1", "linked"))
                self.assertFalse(self.failures(flow))
                self.assertEqual(self.sync(flow)[0].updated, 0)
                self.assertEqual(len(self.contacts), 1)
                self.connector.unlink()
                ada.unlink()
                self.remote.records.clear()

    def test_what_is_there_again_before_odoo_forgets_it_is_a_conflict_that_stays(self):
        for side in ("odoo", "remote"):
            with self.subTest(side=side):
                there = self.there(name="Ada", email="ada@example.com", ref="bridge")
                flow = self.both_ways()
                ada = self.bound(flow, there["id"])
                self.remote.delete("contacts", there["id"])
                self.sync(flow)
                self.remote.put("contacts", there)
                ada.unlink()
                self.sync(flow)
                self.settle()
                self.assertEqual(self.conflicts(), [("gone_in_odoo", None, "open")])
                getattr(self.env["bridge.conflict"].search([("state", "=", "open")]), f"action_keep_{side}")()
                self.settle()
                self.sync(flow)
                self.assertEqual(self.conflicts(), [])
                self.assertEqual(len(self.contacts), 0 if side == "odoo" else 1)
                found = self.env["res.partner"].search([("ref", "=", "bridge")])
                self.assertEqual(len(found), 0 if side == "odoo" else 1)
                self.connector.unlink()
                found.unlink()
                self.remote.records.clear()

    def test_what_was_changed_there_and_is_again_as_it_was_is_deleted_as_in_odoo(self):
        there = self.there(name="Ada", email="ada@example.com", ref="bridge")
        flow = self.both_ways()
        self.remote.put("contacts", {**there, "name": "Eve"})
        self.bound(flow, there["id"]).unlink()
        self.settle()
        self.sync(flow)
        self.assertEqual((self.conflicts(), len(self.contacts)), ([("gone_in_odoo", None, "open")], 1))
        self.remote.put("contacts", there)
        self.sync(flow)
        self.settle()
        self.assertEqual((self.conflicts(), len(self.contacts)), ([], 0))
