"""Promise 3: the other system is away, has had enough of us, or does not know us: then the whole connector waits."""

from odoo import fields
from odoo.tests import tagged

from ..road.pull.slice import PullSlice
from .common import SORRY, FaultCase, no, thing, with_a_test_for_each
from .servers import fault_server as faults

NOW = {"Date": "Mon, 23 Nov 2026 12:00:00 GMT"}
# Headers of a 429, and the seconds that the connector waits: at least, at most.
WAITS = {
    "seconds": ({"Retry-After": "120"}, 120, 120),
    "a_date": ({**NOW, "Retry-After": "Mon, 23 Nov 2026 12:01:30 GMT"}, 90, 90),
    "a_date_in_the_past": ({**NOW, "Retry-After": "Mon, 23 Nov 2020 12:00:00 GMT"}, 1, 1),
    "no_seconds": ({"Retry-After": "0"}, 1, 1),
    "nothing": ({}, 24, 36),
    "words": ({"Retry-After": "soon"}, 24, 36),
    "absurd_seconds": ({"Retry-After": "999999999"}, 3600, 3600),
    "an_absurd_date": ({**NOW, "Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3600, 3600),
}


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_fault_429_with_", WAITS, "check_wait")
class TestFaultsConnector(FaultCase):
    def three_runs(self, answer):
        """Runs of three flows of one connector whose remote always answers so; a lane has worked."""
        self.addCleanup(setattr, self.remote, "fallback", self.remote.fallback)
        self.connect(*(self.delta_flow(code=code, name=code) for code in ("a", "b", "c")))
        self.server.records["things"] = [thing(1)]
        self.remote.fallback = answer
        runs = self.env["bridge.run"].union(*(flow._enqueue("manual") for flow in self.connector.flow_ids))
        self.work()
        return runs

    def assert_all_wait(self, runs):
        """Every job waits, and none has burned an attempt."""
        self.assertEqual([(job.state, job.attempts) for job in runs.job_ids], [("pending", 0)] * 3)

    # --- It is away

    def test_fault_500_storm_and_recovery(self):
        runs = self.three_runs(no(500))
        gate, asked = self.gate, len(self.asked())
        self.assertEqual((asked, gate.failures, gate.rest_kind), (3, 3, "unavailable"))
        self.assertGreater(gate.resting_until, fields.Datetime.now())
        self.assertIn("Sorry, no", gate.reason)
        runs.job_ids.write({"due_at": "2000-01-01"})
        self.work()
        self.assertEqual(self.asked(), [], "while it rests, nothing is claimed")
        rest = gate.resting_until - fields.Datetime.now()
        self.pass_time()
        self.work()
        self.assertEqual((len(self.asked()), gate.failures), (1, 4), "one probe, whatever else is due")
        self.assertGreater(gate.resting_until - fields.Datetime.now(), rest, "and it rests for longer")
        self.assert_all_wait(runs)
        self.remote.fallback = self.answer_as_usual
        self.pass_time()
        self.work()
        self.assertEqual(runs.mapped("state"), ["done"] * 3)
        self.assertEqual((gate.failures, gate.resting_until), (0, False))

    def test_fault_that_only_one_job_has_burns_its_attempts(self):
        """The others of the connector succeed in between, so it is not the system that is away."""
        flow = self.connect(self.delta_flow(code="a"), self.delta_flow(code="b", name="b"))
        other = self.connector.flow_ids - flow
        flow.operation_ids.filtered(lambda one: one.kind == "list").path = "/broken"
        self.remote.route("/broken", no(500))
        self.server.records["things"] = [thing(1)]
        run, attempts = self.sync(flow), []
        while run.job_ids.state == "pending" and len(attempts) < 20:
            attempts.append(run.job_ids.attempts)
            self.assertEqual(self.sync(other).state, "done")
            self.pass_time()
            self.work()
        self.assertEqual((attempts[:3], run.job_ids.state, run.state), ([0, 1, 2], "failed", "failed"))
        self.assertLess(len(attempts), 10)
        self.assertFalse(self.gate._is_resting(), "the others are not kept from their work")

    def test_fault_500_now_and_then_is_not_three_in_a_row(self):
        """A walk that gets every other page moves on, and no connector rests for it."""
        flow = self.connect(self.delta_flow())
        self.server.records["things"] = [thing(n) for n in range(11)]
        self.remote.script(*(None, no(500)) * 3)
        run = self.sync(flow)
        for pages in (1, 2, 3):
            self.assertEqual((run.position["pages"], self.gate._is_resting()), (pages, False))
            self.env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": "2000-01-01"})
            self.work()
        self.assertEqual((run.state, run.created, run.job_ids.attempts), ("done", 11, 0))

    def test_fault_500_storm_over_single_records(self):
        """Three in a row and the connector rests, also when it is asked for one record after the other."""
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(6)]
        self.addCleanup(setattr, self.remote, "fallback", self.remote.fallback)
        self.remote.fallback = no(500)
        jobs = self.env["bridge.job"]._enqueue_records(flow, [str(n) for n in range(6)])
        self.work()
        self.assertEqual((len(self.asked()), self.gate.failures, self.gate.rest_kind), (3, 3, "unavailable"))
        self.assertEqual((set(jobs.mapped("state")), sum(jobs.mapped("attempts"))), ({"pending"}, 0))
        self.remote.fallback = self.answer_as_usual
        self.pass_time()
        self.work()
        self.assertEqual((set(jobs.mapped("state")), flow.binding_count, self.gate.failures), ({"done"}, 6, 0))

    def test_fault_500_of_some_records_is_not_three_in_a_row(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(6)]
        for number in (0, 2, 4):
            self.remote.route(f"/things/{number}", no(500))
        jobs = self.env["bridge.job"]._enqueue_records(flow, [str(n) for n in range(6)])
        self.work()
        self.assertEqual([job.state for job in jobs.sorted("external_id")], ["pending", "done"] * 3)
        self.assertFalse(self.gate.resting_until, "the others are answered: it is there")

    def test_fault_record_whose_answer_never_comes_holds_up_no_other(self):
        flow = self.connect(self.delta_flow(), self.delta_flow(code="b", name="b"))
        other = self.connector.flow_ids - flow
        self.server.records["things"] = [thing(n) for n in range(3)]
        self.remote.route("/things/1", faults.reset())
        jobs = self.env["bridge.job"]._enqueue_records(flow, ["0", "1", "2"])
        for _round in range(15):
            self.work()
            self.assertEqual(self.sync(other).state, "done")
            self.pass_time()
        self.assertEqual([job.state for job in jobs.sorted("external_id")], ["done", "failed", "done"])
        self.assertEqual(jobs.filtered(lambda job: job.state == "failed").error_kind, "unavailable")

    # --- It has had enough

    def check_wait(self, case):
        headers, least, most = case
        begun = fields.Datetime.now()
        runs = self.three_runs(faults.json_answer(SORRY, 429, headers))
        self.assertEqual(len(self.asked()), 1, "the other flows are not even tried")
        waits = (self.gate.resting_until - begun).total_seconds()
        self.assertTrue(least <= waits <= most + 5, waits)
        self.assertEqual((self.gate.rest_kind, self.gate.failures), ("throttled", 0))
        self.assertEqual([one for one in runs.job_ids.mapped("error_kind") if one], ["throttled"])
        self.assert_all_wait(runs)
        if least > 1:
            runs.job_ids.write({"due_at": "2000-01-01"})
            self.work()
            self.assertEqual(self.asked(), [], "while it waits, nothing is claimed")
        self.remote.fallback = self.answer_as_usual
        self.pass_time()
        self.work()
        self.assertEqual(runs.mapped("state"), ["done"] * 3)

    def test_fault_429_again_and_again_without_a_word_makes_the_wait_grow(self):
        runs, waits = self.three_runs(no(429)), []
        for _time in range(3):
            waits.append((self.gate.resting_until - fields.Datetime.now()).total_seconds())
            self.pass_time()
            self.work()
        self.assertTrue(waits[0] * 1.5 < waits[1] < waits[2] / 1.5, waits)
        self.assert_all_wait(runs)

    def test_fault_429_is_heeded_although_another_lane_still_gets_answers(self):
        """What was under way when the remote asked to wait ends well, and does not end the wait."""
        flow = self.connect(self.delta_flow(), self.delta_flow(code="b", name="b"))
        other = self.connector.flow_ids - flow
        self.server.records["things"] = [thing(1)]
        (flow | other)._enqueue("manual")
        original = PullSlice.finish

        def finish(walk):
            gate = walk.run.connector_id._gate()
            gate._shut("throttled", "Asked to wait", 120)  # as another lane does at this moment
            original(walk)

        self.patch(PullSlice, "finish", finish)
        self.work()
        self.assertEqual(len(self.asked()), 1, "nothing else is claimed")
        self.assertEqual((self.gate.rest_kind, self.gate._is_resting()), ("throttled", True))

    # --- It does not know us

    def test_fault_refused_credentials_pause_the_connector_with_one_alert(self):
        self.env["bridge.alert"].search([]).unlink()
        runs = self.three_runs(no(401))
        self.assertEqual(len(self.asked()), 1, "nothing is claimed while it is paused")
        self.assert_all_wait(runs)
        self.pass_time()
        self.work()
        self.assertEqual(self.asked(), [])
        for _look in range(2):
            self.env["bridge.alert"]._watch()
        alert = self.env["bridge.alert"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((alert.kind, alert.closed), ("paused", False))
        self.assertIn("did not accept the credentials", alert.message)
        self.remote.fallback = self.answer_as_usual
        self.connector.auth_scheme = "bearer"
        self.connector.secret = "new-secret-42"
        self.pass_time()
        self.work()
        self.assertEqual((runs.mapped("state"), self.gate.paused), (["done"] * 3, False))
        self.env["bridge.alert"]._watch()
        self.assertTrue(alert.closed)
