from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError
from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_open, mute_logger

from ..jobs import lane
from ..jobs.claim import claim
from ..jobs.lane import put_back, rescue
from ..jobs.outcome import conclude, fail_or_retry
from ..models import bridge_job_lane
from ..road.pull.road import Pull
from ..road.pull.slice import PullSlice
from ..road.pull.unseen import Unseen
from .common import BridgeCase, thing, things_flow


def again_without_rollback(_run, step, *args):
    """As the real one, but what the failed try has written is undone by a savepoint: a test has one transaction."""
    try:
        with _run.env.cr.savepoint():
            return step(*args)
    except SerializationFailure:
        return step(*args)


@tagged("post_install", "-at_install")
class TestJob(BridgeCase):
    """Promise 3: failure is survived."""

    def test_lanes_follow_the_setting(self):
        lanes = self.env["ir.cron"]._lanes
        for count in (3, 1, 2):
            settings = self.env["res.config.settings"].create({"bridge_lanes": count})
            settings.execute()
            self.assertEqual(len(lanes()), count)
        self.assertEqual(lanes().mapped("name"), ["Integration Bridge: lane 1", "Integration Bridge: lane 2"])

    def test_lane_that_is_at_work_goes_when_it_is_done(self):
        jobs, lanes = self.env["bridge.job"], self.env["ir.cron"]._lanes
        self.env["res.config.settings"].create({"bridge_lanes": 3}).execute()
        third = lanes()[2]
        with patch.object(type(third), "unlink", side_effect=UserError("This cron task is being executed")):
            self.env["res.config.settings"].create({"bridge_lanes": 2}).execute()
        self.assertEqual(len(lanes()), 3)
        run = self.connect()._enqueue("manual")
        with self.enter_registry_test_mode():
            third.method_direct_trigger()
        self.assertEqual(run.state, "pending", "it does no more")
        jobs._gc_lanes()
        self.assertEqual(len(lanes()), 2)

    def test_settings_that_make_no_sense_are_refused(self):
        for values in ({"bridge_lanes": 0}, {"bridge_log_days": 0}, {"bridge_allowed_addresses": "a b/c"}):
            with self.subTest(**values), self.assertRaises(ValidationError), self.cr.savepoint():
                self.env["res.config.settings"].create(values)

    @mute_logger("odoo.sql_db")
    def test_database_keeps_a_flow_from_having_two_of_a_kind(self):
        flow = self.connect()
        values = {"kind": "pull", "flow_id": flow.id}
        for state in ("pending", "running"):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self.env["bridge.job"].create([{**values, "state": state}, {**values, "state": state}])
        binding = {"flow_id": flow.id, "external_id": "1", "res_id": 1}
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.env["bridge.binding"].create([binding, {**binding, "res_id": 2}])
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.env["bridge.binding"].create([binding, {**binding, "external_id": "2"}])

    def test_orphan_is_put_back_when_its_lane_starts(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        run = flow._enqueue("manual")
        run.job_ids.write({"state": "running", "lane_id": self.lane.id})
        rescue(self.env, self.lane.id)
        self.assertEqual((run.job_ids.state, run.job_ids.attempts), ("pending", 1))
        self.work()
        self.assertEqual((run.state, run.created), ("done", 1))

    def test_run_that_waits_gives_way_to_the_one_that_goes_on(self):
        """A slice that ends, an error and a rescue all put a running pull back while another one may wait."""
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(4)]
        for way in ("conclude", "fail", "put_back"):
            with self.subTest(way):
                run = flow._enqueue("manual")
                run.job_ids.write({"state": "running", "lane_id": self.lane.id})
                self.env.flush_all()
                behind = flow._enqueue("schedule", full=True)
                self.assertNotEqual(run, behind)
                job = run.job_ids
                if way == "conclude":
                    conclude(job, finished=False)
                elif way == "fail":
                    fail_or_retry(job, "unavailable", "down")
                    job.due_at = "2000-01-01"
                else:
                    put_back(job)
                self.assertEqual((job.state, behind.state, behind.job_ids.state), ("pending", "cancelled", "cancelled"))
                self.work()
                self.assertEqual(run.state, "done")

    def test_one_flow_that_is_not_right_does_not_keep_the_others_from_their_work(self):
        flow = self.connect(things_flow(), things_flow(code="more", name="More"))
        more = self.connector.flow_ids[1]
        self.server.records["things"] = [thing(1)]
        flow.operation_ids.unlink()
        (flow | more).write({"next_run": "2000-01-01"})
        self.work()
        self.assertEqual((flow.last_run_id.state, more.last_run_id.state), ("failed", "done"))
        self.assertIn("no operation that lists records", flow.last_run_id.message)
        self.assertFalse(flow.next_run, "it is by hand again, and does not fail every minute")

    def test_cancelled_run_stops_at_its_next_page(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(9)]
        run = flow._enqueue("manual")
        original = PullSlice.checkpoint

        def checkpoint(walk, *args):
            original(walk, *args)
            walk.run.state = "cancelled"

        self.patch(PullSlice, "checkpoint", checkpoint)
        self.work()
        self.assertEqual((run.state, run.created), ("cancelled", 3))

    def test_run_that_is_cancelled_in_its_last_page_removes_nothing_and_stays_cancelled(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(3)]
        self.sync(flow)
        self.server.records["things"] = [thing(n) for n in range(2)]
        original = PullSlice.checkpoint

        def checkpoint(walk, *args):
            original(walk, *args)
            walk.run.state = "cancelled"

        with patch.object(PullSlice, "checkpoint", checkpoint):
            run = self.sync(flow, full=True)
        self.assertEqual((run.state, run.fetched, run.archived), ("cancelled", 2, 0))
        self.assertEqual(run.job_ids.state, "done")
        self.assertTrue(self.bound(flow, 2).active)

    def test_run_that_is_cancelled_while_it_removes_stops_after_that_batch(self):
        flow = self.connect(things_flow(page_size=2, remove_limit=100))
        self.server.records["things"] = [thing(n) for n in range(7)]
        self.sync(flow)
        self.server.records["things"] = [thing(6)]
        original = Unseen.take

        def take(unseen, records):
            left = original(unseen, records)
            unseen.run.state = "cancelled"
            return left

        with patch.object(Unseen, "take", take):
            run = self.sync(flow, full=True)
        self.assertEqual((run.state, run.archived), ("cancelled", 2))
        self.assertEqual(len([n for n in range(6) if self.bound(flow, n).active]), 4)

    def test_job_of_another_lane_is_left_alone(self):
        flow = self.connect()
        other = self.env.ref("integration_bridge.lane_2")
        run = flow._enqueue("manual")
        run.job_ids.write({"state": "running", "lane_id": other.id})
        self.work()
        self.assertEqual((run.job_ids.state, run.created), ("running", 0))

    def test_flow_that_runs_is_not_claimed_a_second_time(self):
        flow = self.connect()
        run = flow._enqueue("manual")
        run.job_ids.write({"state": "running", "lane_id": self.env.ref("integration_bridge.lane_2").id})
        self.env.flush_all()
        flow._enqueue("manual")
        self.assertFalse(claim(self.env, self.lane.id))

    def test_priority_then_due_time_decides(self):
        flow = self.connect()
        now = fields.Datetime.now()
        jobs = self.env["bridge.job"].create(
            [
                {"kind": "pull_record", "flow_id": flow.id, "external_id": "late", "due_at": now},
                {"kind": "pull", "flow_id": flow.id, "due_at": now - timedelta(hours=1)},
                {"kind": "pull_record", "flow_id": flow.id, "external_id": "first", "priority": 1, "due_at": now},
                {
                    "kind": "pull_record",
                    "flow_id": flow.id,
                    "external_id": "not yet",
                    "due_at": now + timedelta(hours=1),
                },
            ]
        )
        self.env.flush_all()
        claimed = [claim(self.env, self.lane.id) for _number in range(3)]
        self.assertEqual([one.mapped("external_id") for one in claimed], [["late", "first"], [False], []])
        self.assertEqual(jobs.mapped("state"), ["running", "running", "running", "pending"])

    def test_attempts_end_where_the_others_succeed(self):
        """Only what fails while other calls succeed is at fault itself."""
        flow = self.connect()
        run = flow._enqueue("manual")
        for _attempt in range(9):
            self.server.faults = [(500, {}, b"")]
            run.job_ids.due_at = "2000-01-01"
            self.work()
            self.connector._gate()._open()
        self.assertEqual((run.job_ids.state, run.job_ids.attempts, run.state), ("failed", 8, "failed"))
        self.server.records["things"] = [thing(1)]
        run.job_ids.action_retry()
        self.work()
        self.assertEqual((run.state, run.created), ("done", 1))

    def test_connector_that_fails_rests_and_burns_no_attempts(self):
        flow = self.connect()
        run = flow._enqueue("manual")
        job, gate = run.job_ids, self.connector._gate()
        self.server.faults = [(500, {}, b"")] * 10
        for _attempt in range(3):
            job.due_at = "2000-01-01"
            self.work()
        self.assertEqual((job.state, job.attempts, gate.failures, gate.rest_kind), ("pending", 0, 3, "unavailable"))
        self.assertGreater(gate.resting_until, fields.Datetime.now())
        self.server.requests.clear()
        job.due_at = "2000-01-01"
        self.work()
        self.assertEqual(self.server.requests, [], "it rests")
        gate.resting_until = "2000-01-01"
        self.work()
        self.assertEqual((len(self.server.requests), gate.failures, job.attempts), (1, 4, 0), "one probe")
        self.assertGreater(gate.resting_until, fields.Datetime.now() + timedelta(seconds=40), "it rests longer")
        self.server.faults.clear()
        gate.resting_until = job.due_at = "2000-01-01"
        self.work()
        self.assertEqual((run.state, gate.failures, gate.resting_until, gate.reason), ("done", 0, False, False))

    def test_only_one_lane_probes_a_resting_connector(self):
        flow = self.connect(things_flow(), things_flow(code="more", name="More"))
        (flow | self.connector.flow_ids)._enqueue("manual")
        gate = self.connector._gate()
        gate.write({"failures": 3, "resting_until": "2000-01-01"})
        self.assertEqual([len(claim(self.env, self.lane.id)) for _number in range(2)], [1, 0])
        self.assertGreater(gate.resting_until, fields.Datetime.now())

    def test_other_addon_says_which_of_its_kinds_are_done_together(self):
        jobs = self.env["bridge.job"]
        self.assertEqual(jobs._kinds_done_together(), ("pull_record", "push_record"))
        # Until the next version, an addon may still rebind the tuple of the module that had it.
        self.patch(bridge_job_lane, "TOGETHER", (*bridge_job_lane.TOGETHER, "webhook"))
        self.patch(bridge_job_lane, "LONG", (*bridge_job_lane.LONG, "report"))
        self.assertIn("webhook", jobs._kinds_done_together())
        self.assertIn("report", jobs._kinds_that_are_long())

    def test_lanes_at_once(self):
        flow = self.connect(things_flow(), things_flow(code="more", name="More"))
        self.connector.max_lanes = 1
        (flow | self.connector.flow_ids)._enqueue("manual")
        first = claim(self.env, self.lane.id)
        self.assertFalse(claim(self.env, self.env.ref("integration_bridge.lane_2").id))
        first.write({"state": "done"})
        self.assertTrue(claim(self.env, self.env.ref("integration_bridge.lane_2").id))

    def test_job_that_kills_its_worker_is_done_alone_and_ends(self):
        flow = self.connect()
        jobs = self.env["bridge.job"]._enqueue_records(flow, ["1", "2", "3"])
        killer = jobs[0]
        killer.crashes = 1
        self.env.flush_all()
        claimed = [claim(self.env, self.lane.id) for _number in range(2)]
        self.assertEqual(claimed, [killer, jobs - killer])
        for _death in range(4):
            killer.write({"state": "running", "lane_id": self.lane.id})
            put_back(killer)
        self.assertEqual((killer.state, killer.crashes, killer.error_kind), ("failed", 5, "data"))
        self.assertIn("server process died 5 times", killer.error_message)

    def test_deaths_are_counted_since_something_was_written_last(self):
        """A run of hours, or a stream of deliveries, may meet more restarts of the server than a job may."""
        job = self.connect()._enqueue("manual").job_ids
        job.write({"state": "running", "lane_id": self.lane.id, "crashes": 4, "attempts": 4})
        with self.committing_nothing():
            committed = lane.committer(job)
            committed(0)
            self.assertEqual(job.crashes, 4, "nothing was done")
            committed(7)
        self.assertEqual((job.crashes, job.attempts), (0, 4), "what was sent in vain is another matter")

    def test_deaths_count_until_the_commit_has_come_through(self):
        job = self.connect()._enqueue("manual").job_ids
        job.write({"state": "running", "lane_id": self.lane.id, "crashes": 4})
        committed = lane.committer(job)
        for outcome in (SerializationFailure(), 1):  # the step is done again
            with patch.object(lane, "commit", side_effect=[outcome]), suppress(SerializationFailure):
                job.crashes = 4
                committed(7)
        self.assertEqual(job.crashes, 0)

    def test_credentials_that_are_refused_pause_the_connector(self):
        flow = self.connect()
        run = flow._enqueue("manual")
        job, gate = run.job_ids, self.connector._gate()
        self.server.faults = [(401, {}, b"{}")]
        self.work()
        self.assertEqual((job.state, job.attempts, job.error_kind, gate.paused), ("pending", 0, "auth", True))
        self.assertIn("paused", run.message)
        self.work()
        self.assertEqual(len(self.server.requests), 1)
        self.connector.secret = "a new one"
        self.work()
        self.assertEqual((run.state, gate.paused), ("done", False))

    def test_throttled_connector_waits_as_it_was_told(self):
        flow = self.connect()
        run = flow._enqueue("manual")
        self.server.faults = [(429, {"Retry-After": "120"}, b"{}")]
        self.work()
        job, gate = run.job_ids, self.connector._gate()
        self.assertEqual(
            (job.error_kind, job.state, job.attempts, gate.rest_kind), ("throttled", "pending", 0, "throttled")
        )
        self.assertAlmostEqual(
            gate.resting_until, fields.Datetime.now() + timedelta(seconds=120), delta=timedelta(seconds=5)
        )
        self.work()
        self.assertEqual(len(self.server.requests), 1)

    def test_payload_that_was_overtaken_is_not_written_over_the_newer_state(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        late = {"kind": "pull_record", "flow_id": flow.id, "external_id": "1", "payload": thing(1, name="Old")}
        job = self.env["bridge.job"]._enqueue([late])
        job.payload_at = fields.Datetime.now() - timedelta(minutes=1)
        self.work()
        self.assertEqual((job.state, self.bound(flow, 1).name), ("done", "Thing 1"))

    def test_outcome_of_a_job_survives_a_transaction_that_is_done_again(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        jobs = self.env["bridge.job"]._enqueue_records(flow, ["1", "2", "3"])
        self.server.faults = [None, (403, {}, b"{}")]
        original, lost = Pull.journal, []

        def journal(pull, outcomes, jobs=None):
            if not lost:
                lost.append(True)
                raise SerializationFailure("another transaction was first")
            return original(pull, outcomes, jobs)

        self.patch(Pull, "journal", journal)
        self.patch(type(self.env["bridge.run"]), "_again_when_busy", again_without_rollback)
        self.work()
        self.assertEqual(
            [(job.state, job.error_kind) for job in jobs], [("done", False), ("failed", "rejected"), ("done", False)]
        )

    def test_what_a_quota_gives_is_taken_and_only_the_rest_waits(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(12)]
        jobs = self.env["bridge.job"]._enqueue_records(flow, [str(n) for n in range(12)])
        gate = self.connector._gate()
        for done in (5, 10, 12):
            self.server.faults = [None] * 5 + [(429, {"Retry-After": "60"}, b"{}")] * (done < 12)
            self.work()
            self.assertEqual((jobs.mapped("state").count("done"), set(jobs.mapped("attempts"))), (done, {0}))
            gate.resting_until = "2000-01-01"
        self.assertEqual(len(self.server.requests), 14)

    def test_pause_and_wait_of_another_lane_stay_when_this_one_has_an_answer(self):
        gate = self.connect().connector_id._gate()
        for values in ({"paused": True, "failures": 1}, {"paused": False, "rest_kind": "throttled"}):
            until = fields.Datetime.now() + timedelta(hours=1)
            gate.write({**values, "resting_until": until})
            with self.enter_registry_test_mode():
                gate._answered()
            self.assertEqual((gate.paused, gate.resting_until), (values["paused"], until))

    def test_record_that_always_fails_does_not_hold_up_the_others(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        jobs = self.env["bridge.job"]._enqueue_records(flow, ["1", "2", "3"])
        self.server.faults = [None, (500, {}, b"")]
        self.work()
        self.assertEqual(jobs.mapped("state"), ["done", "pending", "done"])

    def test_cancelled_run_does_not_go_on(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        run = flow._enqueue("manual")
        run.action_cancel()
        self.work()
        self.assertEqual((run.state, run.created, self.server.requests), ("cancelled", 0, []))

    def test_retention_deletes_what_is_old_and_never_an_open_failure(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        old_run = self.sync(flow)
        failure = self.failures(flow)
        self.server.records["things"].append(thing(3))
        self.env.flush_all()
        for table in ("bridge_run", "bridge_log", "bridge_job", "bridge_exchange"):
            self.env.cr.execute(f"UPDATE {table} SET create_date = now() - interval '200 days'")
        self.env.invalidate_all()
        new_run = self.sync(flow)
        for _round in range(2):  # runs go after their jobs
            self.env["bridge.run"]._gc_finished()
        self.assertTrue(failure.exists())
        self.assertTrue(new_run.log_ids)
        self.assertFalse(old_run.log_ids)
        self.assertTrue(old_run.exists(), "an open failure still belongs to it")

    def test_neutralized_copy_can_not_call_anybody(self):
        flow = self.connect(auth={"scheme": "bearer"})
        self.connector._set_secrets({"secret": "x"})
        run = flow._enqueue("manual")
        self.env.flush_all()
        with file_open("integration_bridge/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual((self.connector.state, self.connector.has_secret), ("disabled", False))
        self.assertEqual(run.job_ids.state, "cancelled")
