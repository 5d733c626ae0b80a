import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..jobs.failures import group_of
from .common import BridgeCase, thing


@tagged("post_install", "-at_install")
class TestFailure(BridgeCase):
    """Promise 5: the error desk."""

    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.operator = new_test_user(
            self.env,
            "bridge_desk",  # what an operator edits is what he could write himself
            "base.group_partner_manager,integration_bridge.group_integration_bridge_operator",
        )
        self.server.records["things"] = [thing(1), thing(2, name=None), thing(3, name=None), thing(4, email=5.5)]
        self.sync(self.flow)
        self.env.flush_all()
        self.groups = self.env["bridge.failure"].with_user(self.operator).search([("flow_id", "=", self.flow.id)])

    def group(self, text):
        return self.groups.filtered(lambda group: text in group.message)

    def test_failures_are_grouped_by_what_they_have_in_common(self):
        self.assertEqual(sum(self.groups.mapped("job_count")), len(self.failures(self.flow)))
        self.assertEqual(self.group("Name").job_count, 2)

    def test_particulars_are_no_part_of_a_group(self):
        same = [
            ("“Ann” is 12.50 too long.", "“Bob” is 7 too long."),
            ('The record "a" (id 5) is gone', 'The record "b" (id 66) is gone'),
            ("Mail ann@example.com is taken", "Mail bob@example.org is taken"),
            ("Wrong on 2024-05-01", "Wrong on 2025-12-31"),
        ]
        for one, other in same:
            self.assertEqual(group_of(one), group_of(other))
        self.assertNotEqual(group_of("answered with HTTP 404."), group_of("answered with HTTP 422."))
        self.assertEqual(group_of("First\nbody"), "First")

    def test_retry_of_a_group(self):
        self.server.records["things"] = [thing(n) for n in range(1, 5)]
        group = self.group("Name")
        jobs = group._jobs()
        told = group.action_retry()
        self.assertEqual((told["tag"], told["params"]["type"]), ("display_notification", "success"))
        self.assertEqual(told["params"]["message"], f"What is tried again now: {len(jobs)}.")
        self.assertTrue(told["params"]["next"], "what is shown there is read anew")
        self.work()
        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertEqual(self.bound(self.flow, 2).name, "Thing 2")

    def test_retry_of_what_is_done_says_that(self):
        job = self.failures(self.flow)[:1]
        self.assertEqual(job.action_retry()["params"]["message"], "What is tried again now: 1.")
        job.state = "done"
        told = job.action_retry()["params"]
        self.assertEqual(told["type"], "warning")
        self.assertIn("Left as they are, because they are not waiting for that: 1.", told["message"])

    def test_retry_counts_what_is_tried_again_and_what_is_not(self):
        self.failures(self.flow)[:1].state = "uncertain"
        groups = self.groups.search([("flow_id", "=", self.flow.id)])
        count = len(self.failures(self.flow))
        message = groups.action_retry()["params"]["message"]
        self.assertIn(f"What is tried again now: {count}.", message)
        self.assertIn("not waiting for that: 1.", message)

    def test_ignored_failure_stays_away_until_the_record_changes(self):
        job = self.failures(self.flow).filtered(lambda job: job.external_id == "2")
        wizard = self.env["bridge.job.ignore"].with_user(self.operator)
        context = job.with_user(self.operator).action_ignore()["context"]
        wizard.with_context(**context).create({"reason": "a test order"}).action_ignore()
        self.assertEqual((job.state, job.ignored_reason), ("cancelled", "a test order"))
        run = self.sync(self.flow, full=True)
        self.assertNotIn("2", self.failures(self.flow).mapped("external_id"))
        self.assertEqual(run.skipped, 1)
        self.assertIn("a test order", self.log_of(run, "skip").message)
        self.server.records["things"][1]["phone"] = "new"
        self.sync(self.flow, full=True)
        self.assertIn("2", self.failures(self.flow).mapped("external_id"))

    def test_runs_that_failed_are_not_ignored_with_the_records(self):
        kinds = ("pull", "push", "compare")
        rows = [{"kind": kind, "flow_id": self.flow.id, "state": "failed"} for kind in kinds]
        self.env["bridge.job"]._enqueue(rows)
        failed = self.env["bridge.job"].search([("flow_id", "=", self.flow.id), ("state", "=", "failed")])
        wizard = self.env["bridge.job.ignore"].with_user(self.operator)
        wizard = wizard.create({"domain": json.dumps([("id", "in", failed.ids)]), "reason": "a test"})
        self.assertEqual(wizard.job_count, len(failed) - 3)
        wizard.action_ignore()
        self.assertEqual(set(failed.filtered(lambda job: job.state == "failed").mapped("kind")), set(kinds))

    def test_edited_record_is_replayed(self):
        job = self.failures(self.flow).filtered(lambda job: job.external_id == "2").with_user(self.operator)
        wizard = self.env["bridge.job.replay"].with_user(self.operator)
        wizard = wizard.create({"job_id": job.id, "payload_text": "{not json"})
        with self.assertRaises(UserError):
            wizard.action_replay()
        wizard.payload_text = json.dumps({**thing(2), "name": "By hand"})
        wizard.action_replay()
        self.work()
        self.assertEqual((job.state, self.bound(self.flow, 2).name), ("done", "By hand"))

    def test_replayed_record_keeps_its_remote_id(self):
        job = self.failures(self.flow).filtered(lambda job: job.external_id == "2").with_user(self.operator)
        for payload in ({**thing(3), "name": "Other"}, {"name": "None"}, ["a list"]):
            with self.assertRaisesRegex(UserError, "must keep its ID there"):
                job._replay(payload)
        self.assertEqual(job.state, "failed")

    def test_jobs_that_nobody_would_take_are_refused(self):
        self.connector.state = "preview"
        with self.assertRaisesRegex(UserError, "does not work now"):
            self.env["bridge.job"]._enqueue_records(self.flow, ["9"])

    def test_only_operators_edit(self):
        user = new_test_user(
            self.env, "bridge_reader", "base.group_user,integration_bridge.group_integration_bridge_user"
        )
        job = self.failures(self.flow)[:1]
        with self.assertRaises(AccessError):
            job.with_user(user)._replay({})
        with self.assertRaises(AccessError):
            job.with_user(user)._ignore("no")
        with self.assertRaises(AccessError):
            job.with_user(self.operator).write({"state": "done"})

    def test_record_is_recovered_by_its_remote_id(self):
        self.server.records["things"].append(thing(9))
        wizard = self.env["bridge.recover"].with_user(self.operator)
        wizard.create({"flow_id": self.flow.id, "external_ids": " 9\n9\n\n1"}).action_recover()
        self.work()
        self.assertEqual(self.bound(self.flow, 9).name, "Thing 9")

    def test_changed_mapping_retries_what_it_could_not_take(self):
        job = self.failures(self.flow).filtered(lambda job: job.external_id == "2")
        self.flow.mapping_ids.filtered(lambda mapping: mapping.field_name == "name").write({"path": "email"})
        self.work()
        self.assertEqual((job.state, self.bound(self.flow, 2).name), ("done", "thing2@example.com"))

    def test_fifty_thousand_failures(self):
        rows = [
            {"kind": "pull_record", "flow_id": self.flow.id, "external_id": f"m{n}", "state": "failed"}
            for n in range(50_000)
        ]
        jobs = self.env["bridge.job"]._enqueue(rows)
        self.env.cr.execute(
            "UPDATE bridge_job SET error_kind = 'data', error_group = 'VAT number is not valid' WHERE id = ANY(%s)",
            [jobs.ids],
        )
        self.env.invalidate_all()
        group = self.groups.search([("message", "=", "VAT number is not valid")])
        self.assertEqual(group.job_count, 50_000)
        with self.assertQueryCount(30):
            group.action_retry()
            self.env.flush_all()
        waiting = self.env["bridge.job"].search_count([("id", "in", jobs.ids), ("state", "=", "pending")])
        self.assertEqual(waiting, 50_000)
        self.env.invalidate_all()
        group = self.groups.search([("message", "=", "VAT number is not valid")])
        context = group.action_ignore()["context"]
        self.assertLess(len(str(context)), 1000, "the browser is not sent what it can not hold")
        wizard = self.env["bridge.job.ignore"].with_user(self.operator).with_context(**context)
        with self.assertQueryCount(30):
            wizard.create({"reason": "the old shop"}).action_ignore()
            self.env.flush_all()
        self.assertEqual(self.env["bridge.job"].search_count([("ignored_reason", "=", "the old shop")]), 50_000)
