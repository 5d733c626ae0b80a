"""A push never empties the other system unasked (tests/README.md, "Cases from practice": A13)."""

from odoo import fields
from odoo.tests import tagged

from .push_case import PushCase, contacts_flow, contacts_operations


@tagged("post_install", "-at_install")
class TestBrake(PushCase):
    def in_agreement(self, count=10, **values):
        """So many contacts that are there."""
        self.flow = self.connect(contacts_flow(**values))
        self.people = self.env["res.partner"].browse()
        for number in range(count):
            self.people |= self.partner(f"Person {number}")
        self.settle()
        self.assertEqual(len(self.contacts), count)
        self.writes()

    def run_of(self, state):
        return self.env["bridge.run"].search(
            [("flow_id", "=", self.flow.id), ("kind", "=", "push"), ("state", "=", state)]
        )

    def assert_blocked(self, leaving, total=10):
        run = self.run_of("blocked")
        self.assertEqual((len(run), self.writes(), len(self.contacts)), (1, 0, total))
        self.assertIn(f"remove {leaving} of {total} records", run.message)
        return run

    def test_deletions_up_to_the_limit_are_sent(self):
        self.in_agreement(remove_limit=20)
        self.people[:2].unlink()
        self.settle()
        self.assertEqual((len(self.contacts), self.run_of("blocked").ids), (8, []))

    def test_mass_deletion_stops_before_the_first(self):
        self.in_agreement(remove_limit=20)
        self.people[:3].unlink()
        self.people[5].name = "Changed"
        self.settle()
        self.assert_blocked(3)

    def test_wrong_domain_stops_before_the_first(self):
        self.in_agreement()
        self.flow.push_domain = "[('ref', '=', 'nobody')]"
        self.flow._enqueue("manual", full=True, kinds=["push"])
        self.work()
        self.assert_blocked(10)

    def test_archiving_there_is_a_removal_too(self):
        archive = {"kind": "archive", "method": "PATCH", "path": "/contacts/{external_id}", "body": {"active": False}}
        restore = {**archive, "kind": "restore", "body": {"active": True}}
        self.in_agreement(leave_policy="archive", operations=contacts_operations(archive=archive, restore=restore))
        self.people[:5].write({"ref": "left"})
        self.settle()
        self.assert_blocked(5)

    def test_mass_deletion_over_several_batches_stops_before_the_first(self):
        self.in_agreement(page_size=2, remove_limit=20)
        self.people.unlink()
        self.settle()
        self.assert_blocked(10)

    def test_what_stays_there_does_not_count(self):
        self.in_agreement(odoo_delete_policy="keep", leave_policy="keep")
        self.people.unlink()
        self.settle()
        self.assertEqual((len(self.contacts), self.run_of("blocked").ids), (10, []))

    def test_confirmed_removal_is_carried_out(self):
        self.in_agreement(page_size=2)
        self.people[:6].unlink()
        self.settle()
        run = self.assert_blocked(6)
        run.action_confirm()
        self.work()
        self.assertEqual((run.state, run.sent_removed, len(self.contacts)), ("done", 6, 4))
        self.assertEqual(self.env["bridge.change"].search_count([("flow_id", "=", self.flow.id)]), 0)

    def test_nothing_is_sent_until_somebody_decides_and_it_is_asked_once(self):
        self.in_agreement()
        self.people[:6].unlink()
        self.settle()
        self.assert_blocked(6)
        self.people[9].name = "Changed"
        self.flow.next_run = fields.Datetime.now()
        self.settle()
        self.assert_blocked(6)

    def test_what_was_put_right_goes_on_after_cancel(self):
        self.in_agreement()
        self.people.write({"ref": "left"})
        self.settle()
        run = self.assert_blocked(10)
        self.people.write({"ref": "bridge"})
        self.people[9].name = "Changed"
        run.action_cancel()
        self.settle()
        self.assertEqual((len(self.contacts), self.run_of("blocked").ids), (10, []))
        self.assertIn("Changed", self.names_there())

    def test_sync_now_asks_anew_or_ends_the_question(self):
        self.in_agreement()
        self.people.write({"ref": "left"})
        self.settle()
        first = self.assert_blocked(10)
        self.flow._enqueue("manual", kinds=["push"])
        self.work()
        second = self.assert_blocked(10)
        self.assertEqual((first.state, second == first), ("cancelled", False))
        self.people.write({"ref": "bridge"})
        self.flow._enqueue("manual", kinds=["push"])
        self.work()
        self.assertEqual((second.state, len(self.contacts)), ("cancelled", 10))

    def test_preview_shows_it_and_asks_nobody(self):
        self.in_agreement()
        self.people.unlink()
        self.env.cr.flush()
        run = self.env["bridge.run"].browse(self.flow.action_preview()["res_id"])
        self.assertEqual((run.dry_run, run.state, self.writes(), len(self.contacts)), (True, "done", 0, 10))
