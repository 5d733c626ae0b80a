"""A creation whose answer was lost, where the other system can not be asked: a person decides, in two clicks."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .test_push import PushCase, contacts_flow


@tagged("post_install", "-at_install")
class TestUncertain(PushCase):
    def uncertain(self, stored=True):
        """Ada was sent and the answer lost; give the flow, her, and the job that says so."""
        flow = self.connect(contacts_flow())
        ada = self.partner()
        self.remote.fault = lambda method, _path: ("lost" if stored else "unavailable") if method == "POST" else None
        self.settle()
        self.remote.fault = None
        self.connector._gate()._open()
        self.env["bridge.job"].search([("state", "=", "pending")]).due_at = "2020-01-01"
        self.settle()
        job = self.env["bridge.job"].search([("flow_id", "=", flow.id), ("state", "=", "uncertain")])
        self.assertEqual((job.kind, job.res_id, job.error_kind), ("push_record", ada.id, "uncertain"))
        self.assertEqual(self.writes(), 1, "never a blind second POST")
        return flow, ada, job

    def test_it_is_there_binds_the_record_and_what_changed_since_goes_out(self):
        flow, ada, job = self.uncertain()
        ada.phone = "2"
        self.settle()
        self.assertEqual((job.state, self.writes()), ("uncertain", 0))
        (there,) = self.contacts
        job._resolve_there(f" {there} ")
        self.assertEqual((job.state, self.binding(flow, ada).state), ("done", "linked"))
        self.settle()
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])
        self.assertEqual(self.remote.counters()["by_method"], {"GET": 1, "PATCH": 1})
        self.settle()
        self.assertEqual(self.writes(), 1)
        self.assertIn("it is there", " ".join(job.run_id.log_ids.mapped("message")))

    def test_it_is_not_there_creates_it(self):
        flow, ada, job = self.uncertain(stored=False)
        self.assertFalse(self.contacts)
        job.action_not_there()
        self.settle()
        self.assertEqual((self.names_there(), job.state), (["Ada"], "done"))
        self.assertEqual(self.binding(flow, ada).state, "linked")
        self.settle()
        self.assertEqual(self.writes(), 1)

    def test_a_record_that_odoo_has_deleted_meanwhile_is_deleted_there(self):
        self.deleted_meanwhile(True, lambda job: job._resolve_there(next(iter(self.contacts))))
        self.assertEqual(self.remote.counters()["by_method"], {"GET": 1, "DELETE": 1})

    def test_a_record_that_odoo_has_deleted_meanwhile_is_not_created_any_more(self):
        self.deleted_meanwhile(False, lambda job: job.action_not_there())
        self.assertEqual(self.remote.counters()["requests"], 0)

    def deleted_meanwhile(self, stored, decide):
        flow, ada, job = self.uncertain(stored)
        ada.unlink()
        self.settle()
        self.assertEqual(job.state, "uncertain")
        decide(job)
        self.settle()
        self.assertFalse(self.contacts)
        self.assertFalse(self.env["bridge.binding"].search([("flow_id", "=", flow.id)]))
        self.assertEqual(job.state, "done")

    def test_an_id_that_can_not_be_the_record_is_refused(self):
        _flow, _ada, job = self.uncertain()
        (there,) = self.contacts
        self.partner("Bob")
        self.settle()
        bob = next(external_id for external_id in self.contacts if external_id != there)
        for wrong, words in ((bob, "Bob"), ("rec_404", "rec_404"), ("", "Look there")):
            with self.assertRaisesRegex(UserError, words):
                job._resolve_there(wrong)
        job._resolve_there(there)
        for again in (lambda: job._resolve_there(there), job.action_not_there):
            with self.assertRaisesRegex(UserError, "not uncertain any more"):
                again()
        self.assertEqual(len(self.contacts), 2)

    def test_only_an_operator_decides(self):
        _flow, _ada, job = self.uncertain()
        user = new_test_user(
            self.env, "bridge_looker", "base.group_user,integration_bridge.group_integration_bridge_user"
        )
        operator = new_test_user(
            self.env, "bridge_op", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        with self.assertRaises(AccessError):
            job.with_user(user).action_not_there()
        with self.assertRaises(AccessError):
            job.with_user(user)._resolve_there("1")
        job.with_user(operator)._resolve_there(next(iter(self.contacts)))
        self.assertEqual(job.state, "done")
