"""Promise 5: what stands on the screen is so, and says what is the matter with a record, a run, a conflict."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import BridgeCase, FaultCase, no, thing
from .push_case import PushCase, contacts_flow
from .servers import fault_server as faults
from .test_both_ways import BothWaysCase


@tagged("post_install", "-at_install")
class TestStatusOfPulled(BridgeCase):
    def test_record_that_failed_says_since_when_and_why(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        records = self.bound(flow, 1) + self.bound(flow, 2)
        self.server.records["things"][0]["name"] = None
        self.sync(flow)
        action = self.env["bridge.flow"].action_sync_status("res.partner", records.ids)
        bindings = self.env[action["res_model"]].search(action["domain"], order="id")
        self.assertEqual(bindings.mapped("status"), ["failed", "linked"])
        self.assertRegex(bindings[0].status_text, r"Failed since \d+/\d+/\d\d, \d+:\d\d.[AP]M: Name: ")
        failure = bindings[0].action_open_failure()
        self.assertEqual(self.env[failure["res_model"]].browse(failure["res_id"]), self.failures(flow))
        self.assertFalse(bindings[1].status_text)
        self.server.records["things"][0]["name"] = "Again"
        self.sync(flow)
        self.env.invalidate_all()
        self.assertEqual((bindings[0].status, bindings[0].failure_id.ids), ("linked", []))

    def test_record_that_is_not_there_is_said_to_be_not_there(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        jobs = self.env["bridge.job"]._enqueue_records(flow, ["SO-00101", "1"])
        self.work()
        states = {job.external_id: (job.state, job.error_kind, job.error_message) for job in jobs}
        self.assertEqual(states["SO-00101"][:2], ("failed", "rejected"))
        self.assertIn("The other system has no record with the ID SO-00101", states["SO-00101"][2])
        self.assertEqual(states["1"][:2], ("done", False))
        self.assertEqual(jobs.run_id.state, "partial")

    def test_record_that_was_here_and_is_not_there_any_more_is_removed(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.server.records["things"] = []
        job = self.env["bridge.job"]._enqueue_records(flow, ["1"])
        self.work()
        self.assertEqual((job.state, self.bound(flow, 1).active), ("done", False))

    def test_time_of_quick_pages_adds_up_and_a_run_says_how_long_it_took(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(9)]
        run = self.sync(flow)
        self.assertGreater(run.duration, 0)
        said = {0: "less than 1 s", 59: "59 s", 125: "2 min 5 s", 3600: "1 h 0 min", 7265: "2 h 1 min"}
        for seconds, text in said.items():
            run.finished = run.started + timedelta(seconds=seconds)
            self.assertEqual(run.elapsed, text)
        run.finished = False
        self.assertFalse(run.elapsed)


@tagged("post_install", "-at_install")
class TestStatusOfRuns(FaultCase):
    def test_run_that_waits_for_the_other_system_is_not_shown_as_running(self):
        for kind, fault in {"unavailable": faults.reset(), "throttled": no(429), "auth": no(401)}.items():
            with self.subTest(kind=kind):
                flow = self.connect()
                self.server.records["things"] = [thing(1)]
                self.remote.script(fault, fault)
                run = self.sync(flow)
                self.assertEqual((run.state, run.shown_state, flow.last_run_state), ("running", "waiting", "waiting"))
                self.remote.forget()
                self.recover(run)
                self.assertEqual((run.shown_state, flow.last_run_state), ("done", "done"))
                self.env["res.partner"].search([("email", "=like", "thing%")]).unlink()
                self.connector.unlink()


@tagged("post_install", "-at_install")
class TestStatusOfPushed(PushCase):
    def test_record_that_could_not_be_created_there_leads_to_its_failure(self):
        flow = self.connect(contacts_flow())
        self.remote.refuse = lambda method, path, document: (422, {"message": "Sorry, no"})
        ada = self.partner()
        self.settle()
        action = self.env["bridge.flow"].action_sync_status("res.partner", ada.ids)
        self.assertEqual(action["res_model"], "bridge.job")
        self.assertEqual(self.env["bridge.job"].search(action["domain"]), self.failures(flow))

    def test_record_that_has_still_to_be_sent_says_so(self):
        flow = self.connect(contacts_flow())
        ada = self.partner()
        self.settle()
        ada.phone = "2"
        self.env.cr.flush()
        self.assertEqual(self.binding(flow, ada).status, "waiting")


@tagged("post_install", "-at_install")
class TestStatusOfConflicts(BothWaysCase):
    def test_moment_of_a_change_there_is_a_date_whatever_form_it_comes_in(self):
        record = {"id": "id", "updated": "changed", "version": "updated", "deleted": "deleted"}
        self.connect_both("ask", record=record)
        forms = {
            1795611819965: "2026-11-25 13:03:39",
            1795611819: "2026-11-25 13:03:39",
            "2026-11-25T14:03:39+01:00": "2026-11-25 13:03:39",
            17: False,
            "v17": False,
        }
        ada, there = self.in_agreement(phone="1")
        for number, (changed, moment) in enumerate(forms.items()):
            ada.phone = f"odoo {number}"
            self.put(there, phone=f"there {number}", changed=changed)
            self.sync(self.flow, full=True)
            conflict = self.conflicts()
            self.assertEqual(conflict.remote_date, str(changed))
            self.assertEqual(conflict.remote_changed, moment and fields.Datetime.to_datetime(moment))
        self.assertEqual(self.binding(self.flow, ada).status, "conflict")
