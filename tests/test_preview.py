"""Promise 5: what would be done can be read before anything is done, also before the connector is enabled."""

from ast import literal_eval
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..road.pull.arrival import identify
from ..road.pull.slice import PullSlice
from .common import BridgeCase, field, thing, things_flow
from .push_case import PushCase, contacts_flow, contacts_operations


@tagged("post_install", "-at_install")
class TestPreviewOfPull(BridgeCase):
    def preview(self, flow):
        return self.env["bridge.run"].browse(flow.action_preview()["res_id"])

    def test_preview_of_a_disabled_connector_reads_all_pages_and_is_done(self):
        told = {8: "all records in question: 8.", 200: "the first records: 200. There can be more."}
        for count, fetched in ((8, 8), (230, 200)):
            with self.subTest(count=count):
                flow = self.connect(things_flow(page_size=50 if count > 200 else 3))
                self.connector.action_disable()
                self.server.records["things"] = [thing(n) for n in range(count)]
                run = self.preview(flow)
                self.assertEqual((run.state, run.fetched, run.created), ("done", fetched, fetched))
                self.assertTrue(run.finished)
                self.assertIn(told[fetched], run.message)
                self.assertFalse(flow.binding_count)
                self.connector.unlink()

    def test_preview_that_meets_a_fault_says_so_and_ends(self):
        flow = self.connect()
        self.connector.action_disable()
        self.server.records["things"] = [thing(n) for n in range(8)]
        self.server.faults = [None, (500, {}, b"{}")]
        run = self.preview(flow)
        self.assertEqual((run.state, run.fetched), ("failed", 3))
        self.assertIn("500", run.message)

    def test_run_of_a_connector_that_is_disabled_meanwhile_stops(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(8)]
        original = type(flow)._after_sync

        def disable(flow, brought):
            flow.connector_id.state = "disabled"
            return original(flow, brought)

        self.patch(type(flow), "_after_sync", disable)
        run = self.sync(flow)
        self.assertEqual((run.state, run.fetched), ("running", 3))

    def test_preview_of_a_lane_stops_as_well_where_its_connector_is_disabled_meanwhile(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(8)]
        run = flow._enqueue("manual")
        run.dry_run = True
        original = PullSlice.checkpoint

        def checkpoint(walk, *args):
            original(walk, *args)
            walk.flow.connector_id.state = "disabled"

        with patch.object(PullSlice, "checkpoint", checkpoint):
            self.work()
        self.assertEqual((run.state, run.fetched, run.created), ("running", 3, 3))
        self.connector.state = "live"
        self.work()
        self.assertEqual((run.state, run.fetched, run.created), ("done", 8, 8))
        self.assertFalse(flow.binding_count)


@tagged("post_install", "-at_install")
class TestPreviewOfPush(PushCase):
    def test_preview_of_a_disabled_connector_looks_at_all_records_both_ways(self):
        for direction in ("push", "both"):
            with self.subTest(direction=direction):
                flow = self.connect(contacts_flow(direction, page_size=5))
                self.connector.action_disable()
                ours = self.env["res.partner"].concat(*(self.partner(f"Our {n}") for n in range(12)))
                for n in range(13):
                    self.there(name=f"Their {n}", email=f"their{n}@example.com")
                flow.action_preview()
                runs = self.env["bridge.run"].search([("flow_id", "=", flow.id)])
                found = {run.kind: (run.state, run.fetched) for run in runs}
                expected = {"push": ("done", 12), "pull": ("done", 13)}
                self.assertEqual(found, {kind: expected[kind] for kind in found})
                self.assertEqual(set(found), {"push"} if direction == "push" else {"push", "pull"})
                self.assertEqual((self.writes(), flow.binding_count), (0, 0))
                self.forget(ours)


@tagged("post_install", "-at_install")
class TestApplyShown(BridgeCase):
    """What a person chose in a preview is applied, and nothing else (promises 1 and 5)."""

    def preview(self, flow):
        self.env["bridge.run"].browse(flow.action_preview()["res_id"])
        return self.env["bridge.log"].search([("dry_run", "=", True), ("flow_id", "=", flow.id)], order="id")

    def apply(self, lines):
        run = self.env["bridge.run"].browse(lines.action_apply()["res_id"])
        self.work()
        return run

    def partners(self):
        return sorted(self.env["res.partner"].search([("email", "=like", "thing%")]).mapped("name"))

    def test_only_the_chosen_are_written_and_of_them_only_what_was_shown(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        lines = self.preview(flow)
        self.assertEqual((lines.mapped("action"), self.partners()), (["create"] * 3, []))
        self.server.records["things"][1]["phone"] = "changed since"
        run = self.apply(lines[:2])
        self.assertEqual(self.partners(), ["Thing 1"])
        self.assertEqual((run.state, run.created, run.skipped), ("done", 1, 1))
        self.assertIn("1 of 2 chosen records", run.message)
        said = run.log_ids.filtered(lambda line: line.action == "skip")
        self.assertEqual(said.external_id, "2")
        self.assertIn("Look at a new preview", said.message_text)
        self.assertFalse(self.failures(flow))

    def test_to_apply_again_changes_nothing(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        lines = self.preview(flow)
        self.apply(lines)
        run = self.apply(lines)
        self.assertEqual((run.created, run.updated, run.skipped, run.unchanged), (0, 0, 0, 1))
        self.assertEqual((self.partners(), run.message), (["Thing 1"], False))

    def test_changes_and_removals_are_applied_as_shown(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        self.server.records["things"] = [thing(1, phone="1", updated=9), thing(2, deleted=True, updated=9)]
        lines = self.preview(flow).filtered(lambda line: line.action != "create")
        self.assertEqual(sorted(lines.mapped("action")), ["archive", "update"])
        self.bound(flow, 1).phone = "0"
        run = self.apply(lines)
        self.assertEqual((run.archived, run.skipped, self.bound(flow, 1).phone), (1, 1, "0"))
        self.assertFalse(self.bound(flow, 2).active)

    def test_a_related_record_that_was_made_meanwhile_is_still_the_same(self):
        tags = field("category_id", None, "constant", options={"value": ["A Tag"], "then": "many2many_key"})
        tags["options"]["then_options"] = {"field": "name", "create": True}
        self.acting.group_ids += self.env.ref("base.group_system")
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], tags]))
        self.server.records["things"] = [thing(1), thing(2)]
        lines = self.preview(flow)
        self.apply(lines[:1])
        self.assertEqual((self.apply(lines[1:]).created, self.partners()), (1, ["Thing 1", "Thing 2"]))

    def test_another_record_of_the_same_name_is_not_the_same(self):
        twins = self.env["res.partner.category"].create([{"name": "Twin"}, {"name": "Twin"}])
        log, flow = self.env["bridge.log"], self.connect()
        one, two = twins.ids

        def same(shown, now):
            return log._says_same(flow, {"category_id": [None, shown]}, {"category_id": [None, now]})

        self.assertTrue(same([one], [one]))
        self.assertFalse(same([one], [two]))
        self.assertTrue(same(["+Twin"], [two]), "it was made meanwhile")
        self.assertFalse(same([one, "+Twin"], [two, "+Other"]))
        self.assertFalse(same(["+Twin"], []))
        self.assertTrue(same(False, []))

    def test_what_changed_behind_the_part_of_a_long_text_that_is_kept_is_seen(self):
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], field("street", "street")]))
        self.server.records["things"] = [thing(1, street="x" * 2500)]
        lines = self.preview(flow)
        self.server.records["things"][0]["street"] = "x" * 2400 + "y" * 100
        self.assertEqual((self.apply(lines).skipped, self.partners()), (1, []))
        lines = self.preview(flow)[1:]
        self.assertEqual((self.apply(lines).created, self.bound(flow, 1).street[-1]), (1, "y"))

    def test_an_open_failure_is_left_as_it_is(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name=None), thing(2)]
        failed_in = self.sync(flow)
        job = self.failures(flow)
        self.server.records["things"] = [thing(1), thing(3)]
        lines = self.preview(flow).filtered(lambda line: line.action == "create")
        self.assertEqual(lines.mapped("external_id"), ["1", "3"])
        self.server.records["things"][0]["phone"] = "changed since"
        run = self.apply(lines)
        self.assertEqual((job.state, job.run_id, self.partners()), ("failed", failed_in, ["Thing 2", "Thing 3"]))
        self.assertEqual((run.state, run.created, run.skipped), ("done", 1, 0))
        self.assertIn("Chosen records that wait or failed already: 1.", run.message)
        self.assertIn("retry it there", run.log_ids.filtered(lambda line: line.external_id == "1").message_text)
        self.assertFalse(run.log_ids.filtered(lambda line: line.action == "closed"))
        with self.assertRaisesRegex(UserError, "retry them there"):
            lines[0].action_apply()
        job.action_retry()
        self.work()
        self.assertEqual((job.state, self.partners()), ("done", ["Thing 1", "Thing 2", "Thing 3"]))

    def test_one_that_has_failed_when_it_was_applied_is_a_failure_like_any_other(self):
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], field("city", "city")]))
        self.server.records["things"] = [thing(1, city="Rome")]
        lines = self.preview(flow)
        lines.action_apply()
        self.server.records["things"] = [thing(1, name=None, city="Rome")]
        self.work()
        job = self.failures(flow)
        self.assertEqual((job.state, job.error_kind), ("failed", "data"))
        self.server.records["things"] = [thing(1, city="Oslo")]
        job.payload = False
        self.env["bridge.job"]._retry_data_failures(flow)
        self.work()
        self.assertEqual((job.state, self.partners(), self.bound(flow, 1).city), ("done", ["Thing 1"], "Oslo"))

    def test_what_is_not_as_shown_closes_no_failure(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(flow)
        job, run = self.failures(flow), self.env["bridge.run"]._start(flow, "record")
        arrivals = identify(flow, flow._mapper(), [thing(1)])
        shown = {"action": "create", "changes": {"name": [None, "Another"]}}
        [outcome] = flow._pull(run).bring([one._replace(shown=shown) for one in arrivals])
        self.assertEqual((outcome.action, job.state, self.partners()), ("skip", "failed", []))

    def test_what_was_only_tried_is_not_taken_for_what_was_done(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        runs = self.env["bridge.run"].browse(flow.action_preview()["res_id"] for _number in range(2))
        action = runs._action_open()
        self.assertEqual((action["display_name"], runs.mapped("dry_run")), ("Preview", [True, True]))
        menu = self.env.ref("integration_bridge.bridge_run_action")._get_action_dict()
        for opened, is_shown in ((menu, False), (action, True), (flow.action_open_runs(), True)):
            defaults = opened["context"] if isinstance(opened["context"], dict) else literal_eval(opened["context"])
            self.assertEqual("search_default_real" not in defaults, is_shown, "totals of a month are of what was done")
        for kind in ("list", "kanban"):
            arch = etree.fromstring(runs.get_view(view_type=kind)["arch"])
            [mark] = [one for one in arch.iter("field") if one.get("name") == "dry_run"]
            self.assertNotEqual(mark.get("optional"), "hide")

    def test_misuse_is_said(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name=None), thing(2)]
        lines = self.preview(flow)
        with self.assertRaisesRegex(UserError, "Nothing would happen"):
            lines.filtered(lambda line: line.action == "reject").action_apply()
        with self.assertRaisesRegex(UserError, "one preview"):
            (lines + self.preview(flow)).action_apply()
        self.connector.action_set_preview()
        with self.assertRaisesRegex(UserError, "Set its connector to Live"):
            lines.action_apply()
        self.connector.action_set_live()
        user = new_test_user(
            self.env, "applies_not", "base.group_user,integration_bridge.group_integration_bridge_user"
        )
        with self.assertRaises(AccessError):
            lines.with_user(user).action_apply()
        plan = lines.run_id[:1].with_user(user).action_open_plan()
        self.assertEqual(self.env["bridge.log"].search(plan["domain"]), lines)
        with self.assertRaises(AccessError):
            lines.run_id.with_user(new_test_user(self.env, "outside", "base.group_user")).action_open_plan()
        flow.operation_ids.filtered(lambda operation: operation.kind == "get").unlink()
        with self.assertRaisesRegex(UserError, "no operation that gets one record"):
            lines.action_apply()
        self.assertEqual(self.partners(), [])

    def test_what_it_was_shown_of_is_read_by_nobody_who_may_not_read_the_record(self):
        with self.assertRaises(AccessError):
            self.env["bridge.run"].with_user(self.env.ref("base.user_admin")).search([]).read(["chosen"])


@tagged("post_install", "-at_install")
class TestApplyShownThere(PushCase):
    def test_only_the_chosen_are_sent_and_of_them_only_what_was_shown(self):
        flow = self.connect(contacts_flow())
        ada, bob, cid = (self.partner(name) for name in ("Ada", "Bob", "Cid"))
        flow.action_preview()
        lines = self.env["bridge.log"].search([("dry_run", "=", True), ("flow_id", "=", flow.id)])
        lines = lines.filtered(lambda line: line.res_id in (ada + bob + cid).ids)
        self.assertEqual(lines.mapped("action"), ["send_create"] * 3)
        bob.phone = "changed since"
        run = self.env["bridge.run"].browse(lines.filtered(lambda line: line.res_id != cid.id).action_apply()["res_id"])
        self.work()
        self.assertEqual(self.names_there(), ["Ada"])
        self.assertEqual((run.state, run.sent_created, run.skipped), ("done", 1, 1))
        self.assertIn("1 of 2 chosen records", run.message)

    def lines(self, flow, *records):
        flow.action_preview()
        lines = self.env["bridge.log"].search([("dry_run", "=", True), ("flow_id", "=", flow.id)], order="id")
        return lines.filtered(lambda line: line.run_id.kind == "push" and line.res_id in [one.id for one in records])

    def test_a_push_that_waits_already_is_left_as_it_is(self):
        flow = self.connect(contacts_flow())
        ada = self.partner()
        lines = self.lines(flow, ada)
        jobs = self.env["bridge.job"]._enqueue_pushes(flow, ada.ids)
        carrying = jobs.run_id
        ada.phone = "changed since"
        self.env["bridge.change"].search([]).unlink()  # only the job remembers
        with self.assertRaisesRegex(UserError, "wait or failed already"):
            lines.action_apply()
        self.assertEqual(jobs.run_id, carrying)
        self.work()
        self.assertEqual((jobs.state, self.names_there()), ("done", ["Ada"]))

    def test_a_line_without_a_record_queues_nothing(self):
        flow = self.connect(contacts_flow())
        ada, bob = self.partner(), self.partner("Bob")
        lines = self.lines(flow, ada, bob)
        lines.filtered(lambda line: line.res_id == bob.id).sudo().res_id = False
        run = self.env["bridge.run"].browse(lines.action_apply()["res_id"])
        self.assertEqual(run.job_ids.mapped("res_id"), ada.ids)

    def test_a_creation_in_doubt_stays_in_doubt(self):
        flow = self.connect(contacts_flow())
        ada = self.partner()
        lines = self.lines(flow, ada)
        left = ["lost"]
        self.remote.fault = lambda method, path: left.pop() if method == "POST" and left else None
        self.settle()
        self.assertEqual((self.binding(flow, ada).state, self.names_there()), ("creating", ["Ada"]))
        lines.action_apply()
        self.connector._gate()._open()
        self.work()
        jobs = self.env["bridge.job"].search([("flow_id", "=", flow.id), ("kind", "=", "push_record")])
        self.assertEqual(jobs.mapped("state"), ["uncertain"])
        self.assertEqual((self.binding(flow, ada).state, self.names_there()), ("creating", ["Ada"]))

    def test_a_record_that_is_looked_for_first_is_shown_as_created(self):
        find = {"kind": "find", "path": "/contacts", "query": {"email": "{email}"}, "records": "records"}
        find["pagination"] = {"type": "none"}
        flow = self.connect(contacts_flow(operations=contacts_operations(find=find)))
        ada, bob = self.partner(), self.partner("Bob")
        lines = self.lines(flow, ada, bob)
        self.assertEqual((lines.mapped("action"), lines.run_id.sent_created), (["send_create"] * 2, 2))
        self.assertIn("looked for there first", lines[0].message_text)
        self.assertIn("Ada", lines[0].changes_text)
        self.there(name="Bob", email="bob@example.com", ref="bridge")
        self.writes()
        run = self.env["bridge.run"].browse(lines.action_apply()["res_id"])
        self.work()
        self.assertEqual((self.names_there(), run.sent_created, self.writes()), (["Ada", "Bob"], 1, 1))
