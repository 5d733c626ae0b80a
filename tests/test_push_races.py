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
