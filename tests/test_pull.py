"""The road from remote to Odoo, against a real socket; each test names the promise that it holds."""

import base64
import itertools
import random
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..jobs.retry import ATTEMPTS
from ..road.pull import arrival
from . import lossy
from .common import BridgeCase, field, list_operation, thing, things_flow

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestPull(BridgeCase):
    # --- Promise 4: running again is safe

    def test_second_run_changes_nothing(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(7)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 7})
        self.env.flush_all()
        self.env.cr.execute("SELECT array_agg(xmin ORDER BY id) FROM res_partner")
        before = self.env.cr.fetchall()
        run = self.sync(flow)
        self.assertEqual((run.state, run.fetched, self.counters(run)), ("done", 7, {"unchanged": 7}))
        self.env.cr.execute("SELECT array_agg(xmin ORDER BY id) FROM res_partner")
        self.assertEqual(self.env.cr.fetchall(), before, "no row of the mapped table was written")
        self.assertFalse(run.log_ids, "an unchanged record is a counter, not a log line")

    def test_unchanged_page_costs_one_query(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(3)]
        run = self.sync(flow)
        pull = flow._pull(run)
        arrivals = arrival.identify(flow, pull.mapper, self.server.records["things"])
        self.env["bridge.binding"].flush_model()
        with self.assertQueryCount(1):
            known = pull.recognise(arrivals)
        self.assertEqual({one.verdict for one in known}, {"unchanged"})

    def test_key_order_and_unmapped_values_are_no_change(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.server.records["things"] = [dict(reversed(thing(1, updated=99, color="red").items()))]
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1})

    def test_record_named_twice_in_a_list_is_made_once_with_the_later_value(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name="Old"), thing(1, name="New")]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1, "unchanged": 1})
        self.assertEqual(self.bound(flow, 1).name, "New")

    def test_id_that_changes_its_type_is_the_same_record(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.server.records["things"] = [thing("1")]
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1})

    # --- Promise 5: everything is visible

    def test_update_writes_only_what_changed_and_tells_old_and_new(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, phone="1"), thing(2)]
        self.sync(flow)
        partner = self.bound(flow, 1)
        partner.name = "Renamed in Odoo"
        self.server.records["things"][0] = thing(1, phone="2")
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"updated": 1, "unchanged": 1})
        self.assertEqual((partner.phone, partner.name), ("2", "Renamed in Odoo"), "the name did not change remotely")
        line = self.log_of(run, "update")
        self.assertEqual(line.changes, {"phone": ["1", "2"]})
        self.assertEqual(line.changes_text, "Phone: 1 → 2")
        self.assertEqual(line.action_open_record()["res_id"], partner.id)

    def test_log_level_errors_keeps_only_failures(self):
        flow = self.connect(log_level="errors")
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        run = self.sync(flow)
        self.assertEqual(run.log_ids.mapped("action"), ["reject"])

    def test_exchanges_are_kept_by_log_level_and_without_secrets(self):
        flow = self.connect(things_flow(), auth={"scheme": "api_key_query", "parameter": "key"}, log_level="everything")
        self.connector._set_secrets({"secret": "hush-hush-42"})
        self.server.records["things"] = [thing(1)]
        run = self.sync(flow)
        self.assertEqual(run.exchange_ids.mapped("status"), [200])
        self.assertEqual(self.server.requests[-1][2]["key"], "hush-hush-42")
        kept = " ".join(str(run.exchange_ids.read()))
        self.assertNotIn("hush-hush-42", kept)

    # --- Promise 3: one bad record leaves the others untouched

    def test_record_that_odoo_refuses_stands_alone(self):
        flow = self.connect(things_flow(page_size=50, fields=[field("name", "name"), field("phone", "phone")]))
        self.server.records["things"] = [thing(n, name=None if n == 13 else f"Thing {n}", phone="1") for n in range(40)]
        run = self.sync(flow)
        self.assertEqual((run.state, self.counters(run)), ("partial", {"created": 39, "failed": 1}))
        line = self.log_of(run, "reject")
        self.assertEqual((line.external_id, line.error_kind), ("13", "data"))
        self.assertIn("Contacts require a name", line.message)
        job = self.failures(flow)
        self.assertEqual((job.state, job.external_id, job.payload["phone"]), ("failed", "13", "1"))

    def test_record_that_a_converter_can_not_read_names_record_field_and_reason(self):
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], field("color", "color", "integer")]))
        self.server.records["things"] = [thing(1), thing(2, color="green"), thing(3)]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 2, "failed": 1})
        line = self.log_of(run, "reject")
        self.assertEqual((line.external_id, line.field_name), ("2", "color"))
        step = "Correct it, or have an administrator change the mapping."
        self.assertEqual(line.message, f"Color Index: “green” is not a whole number. {step}")

    def test_record_without_id_names_its_content(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), {"name": "Nobody"}, "no record at all", thing(2)]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 2, "failed": 2})
        self.assertEqual(set(self.log_of(run, "reject").mapped("record_name")), {"Nobody", False})
        self.assertIn("has no ID at “id”", self.log_of(run, "reject").filtered("record_name").message)
        self.sync(flow)
        self.assertEqual(len(self.failures(flow)), 2, "the same content is the same failure")

    def test_same_broken_record_twice_on_a_page_is_one_failure(self):
        flow = self.connect()
        self.server.records["things"] = [None, None, {"name": "Nobody"}, {"name": "Nobody"}, thing(1)]
        run = self.sync(flow)
        self.assertEqual((run.state, run.created, run.failed), ("partial", 1, 3), "one more on the next page")
        self.assertEqual(len(self.failures(flow)), 2)

    def test_failure_closes_itself_when_the_record_succeeds(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(flow)
        job = self.failures(flow)
        self.assertEqual((job.state, job.error_field), ("failed", "name"))
        self.server.records["things"] = [thing(1)]
        run = self.sync(flow)
        self.assertEqual(job.state, "done")
        self.assertEqual(self.log_of(run, "closed").external_id, "1")

    def test_failure_closes_itself_when_the_remote_goes_back_to_the_old_value(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(flow)
        job = self.failures(flow)
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.assertEqual(job.state, "done")

    def test_retry_fetches_the_record_again(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(flow)
        job = self.failures(flow)
        self.server.records["things"] = [thing(1)]
        job.action_retry()
        self.work()
        self.assertEqual((job.state, self.bound(flow, 1).name), ("done", "Thing 1"))
        self.assertEqual(self.server.requests[-1][1], "/things/1")

    def test_run_goes_on_from_its_position_after_an_interruption(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(8)]
        self.server.faults = [None, None, (500, {}, b"")]
        run = self.sync(flow)
        self.assertEqual((run.state, run.fetched, run.created), ("running", 6, 6), "what was read is committed")
        job = run.job_ids
        self.assertEqual((job.state, job.error_kind, job.attempts), ("pending", "unavailable", 0))
        self.assertIn("internal problem", run.message)
        self.server.requests.clear()
        job.due_at = "2000-01-01"
        self.work()
        self.assertEqual((run.state, run.fetched, run.created), ("done", 8, 8))
        self.assertEqual([query["offset"] for _method, _path, query in self.server.requests], ["6"])

    def test_rejected_request_is_not_sent_again(self):
        flow = self.connect()
        self.server.faults = [(403, {"Content-Type": "application/json"}, b'{"message": "Plan expired"}')]
        run = self.sync(flow)
        self.assertEqual((run.state, run.job_ids.error_kind), ("failed", "rejected"))
        self.assertIn("Plan expired", run.message)
        self.assertEqual(len(self.server.requests), 1)
        self.assertEqual(run.exchange_ids.status, 403)

    def test_html_for_json_does_not_move_the_cursor(self):
        flow = self.connect()
        self.server.faults = [(200, {"Content-Type": "text/html"}, b"<html>Maintenance</html>")]
        run = self.sync(flow)
        self.assertEqual((run.job_ids.error_kind, flow.cursor, run.fetched), ("protocol", False, 0))

    # --- Promise 2: one source of truth

    def test_field_with_odoo_as_authority_keeps_odoos_change(self):
        fields = things_flow()["fields"]
        fields[2]["authority"] = "odoo"
        flow = self.connect(things_flow(fields=fields))
        self.server.records["things"] = [thing(1, phone="1")]
        self.sync(flow)
        self.bound(flow, 1).phone = "2"
        self.server.records["things"] = [thing(1, phone="3")]
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).phone, "2", "both changed it: Odoo decides")

    def test_value_that_odoo_changes_on_writing_is_no_change(self):
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], field("comment", "note", "html")]))
        self.server.records["things"] = [thing(1, note="<p>Hi<script>alert(1)</script></p>")]
        self.sync(flow)
        self.assertNotIn("script", self.bound(flow, 1).comment)
        self.server.records["things"] = [thing(1, note="<p>Hi<script>alert(1)</script></p>", phone="5")]
        run = self.sync(flow)
        self.assertEqual(self.log_of(run, "update").changes, {"phone": [False, "5"]})

    def test_missing_null_and_empty_have_their_own_effects(self):
        effects = {"on_missing": "keep", "on_null": "clear", "on_empty": "default", "default": "none given"}
        flow = self.connect(things_flow(fields=[field("name", "name"), field("phone", "phone", **effects)]))
        for value, expected in (
            ({"phone": "1"}, "1"),
            ({}, "1"),
            ({"phone": ""}, "none given"),
            ({"phone": None}, False),
        ):
            self.server.records["things"] = [thing(1, **value)]
            self.sync(flow)
            self.assertEqual(self.bound(flow, 1).phone, expected, value)

    def test_create_only_field_is_not_touched_again(self):
        flow = self.connect(things_flow(fields=[field("name", "name"), field("phone", "phone", create_only=True)]))
        self.server.records["things"] = [thing(1, phone="1")]
        self.sync(flow)
        self.server.records["things"] = [thing(1, phone="2")]
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1})
        self.assertEqual(self.bound(flow, 1).phone, "1")

    # --- Matching before creating

    def test_record_with_the_same_key_is_linked_not_doubled(self):
        partner = self.env["res.partner"].create({"name": "Old", "email": "thing1@example.com"})
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.counters(self.sync(flow)), {"linked": 1})
        self.assertEqual((self.bound(flow, 1), partner.name), (partner, "Thing 1"))

    def test_two_records_with_the_same_key_are_a_question_not_a_guess(self):
        self.env["res.partner"].create(
            [{"name": "A", "email": "thing1@example.com"}, {"name": "B", "email": "thing1@example.com"}]
        )
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"failed": 1})
        self.assertIn("2 records of Odoo have the same Email", run.log_ids.message)

    def test_bound_record_is_not_given_to_a_second_remote_record(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.server.records["things"] = [thing(1), thing(2, email="thing1@example.com")]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"unchanged": 1, "failed": 1})
        for _attempt in range(ATTEMPTS["dependency"]):
            self.failures(flow).filtered(lambda job: job.state == "pending").due_at = fields.Datetime.now()
            self.work()
        self.assertEqual(self.failures(flow).mapped("state"), ["failed"])
        self.assertIn("belongs to the record 1 of the other system", self.failures(flow).error_message)

    def test_record_that_has_another_id_now_waits_for_the_deletion(self):
        """It may be tried before the list comes to the deletion, and then is not refused for good."""
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        partner = self.bound(flow, 1)
        self.server.records["things"] = [thing(1), thing(2, email="thing1@example.com")]
        self.sync(flow)
        self.failures(flow).due_at = fields.Datetime.now()
        self.work()
        self.assertEqual(self.failures(flow).mapped("state"), ["pending"])
        self.server.records["things"][0] = {"id": 1, "deleted": True}
        self.sync(flow)
        self.failures(flow).due_at = fields.Datetime.now()
        self.work()
        self.assertEqual(self.bound(flow, 2), partner)
        self.assertFalse(self.failures(flow))

    def test_record_that_has_another_id_now_takes_over_whatever_comes_first(self):
        """Merged there: the new one bears the key of the old one, which is deleted. The soak of both sides found it."""
        flow = self.connect()
        settled = []
        for number, (page_size, order) in enumerate(itertools.product((1, 10), (1, -1))):
            with self.subTest(page_size=page_size, order=order):
                old, new, flow.page_size = 2 * number, 2 * number + 1, page_size
                self.server.records["things"] = [*settled, thing(old)]
                self.sync(flow)
                partner = self.bound(flow, old)
                settled.append(thing(new, email=f"thing{old}@example.com"))
                merged = [{"id": old, "deleted": True}, settled[-1]]
                self.server.records["things"] = [*settled[:-1], *merged[::order]]
                self.sync(flow)
                self.failures(flow).due_at = fields.Datetime.now()
                self.work()
                self.assertEqual(self.bound(flow, new), partner)
                self.assertTrue(partner.active)
                self.assertFalse(self.failures(flow))

    def test_empty_key_matches_nothing(self):
        self.env["res.partner"].create({"name": "No mail", "email": False})
        flow = self.connect()
        self.server.records["things"] = [thing(1, email=None)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})

    def test_match_domain_limits_the_candidates(self):
        self.env["res.partner"].create({"name": "A", "email": "thing1@example.com", "is_company": False})
        flow = self.connect(things_flow(match_domain=[["is_company", "=", True]]))
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})

    def test_flow_that_may_not_create_says_so(self):
        flow = self.connect(things_flow(can_create=False))
        self.server.records["things"] = [thing(1)]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"skipped": 1})
        self.assertIn("does not create", run.log_ids.message)

    def test_record_deleted_in_odoo_is_created_again(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.bound(flow, 1).unlink()
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})
        self.assertTrue(self.bound(flow, 1).exists())
        self.assertEqual(flow.binding_count, 1)

    # --- Deletes

    def test_tombstone_archives_and_return_revives(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        partner = self.bound(flow, 1)
        self.server.records["things"][0] = {"id": 1, "deleted": True}
        self.assertEqual(self.counters(self.sync(flow)), {"archived": 1, "unchanged": 1})
        self.assertFalse(partner.active)
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 2})
        self.server.records["things"][0] = thing(1)
        self.assertEqual(self.counters(self.sync(flow)), {"updated": 1, "unchanged": 1})
        self.assertTrue(partner.active)

    def test_full_scan_finds_what_is_gone(self):
        flow = self.connect(things_flow(remove_limit=50))
        self.server.records["things"] = [thing(n) for n in range(6)]
        self.sync(flow)
        partner = self.bound(flow, 2)
        del self.server.records["things"][2]
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 5, "archived": 1})
        self.assertFalse(partner.active)

    def test_record_that_slipped_from_page_to_page_is_not_removed(self):
        flow = self.connect(things_flow(remove_limit=50))
        self.server.records["things"] = [thing(n) for n in range(6)]
        self.sync(flow)
        # The list misses a record that the remote still has when it is asked for it.
        listed = self.server.answer
        self.patch(
            type(self.server),
            "answer",
            lambda server, path, query: (
                (200, {"items": self.server.records["things"][1:][int(query["offset"]) :][:3]})
                if path == "/things"
                else listed(path, query)
            ),
        )
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 5})
        self.assertTrue(self.bound(flow, 0).active)

    def test_without_get_a_record_must_be_missing_twice(self):
        flow = self.connect(things_flow(remove_limit=50, operations=[list_operation("things")]))
        self.server.records["things"] = [thing(n) for n in range(6)]
        self.sync(flow)
        partner = self.bound(flow, 5)
        del self.server.records["things"][5]
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 5})
        self.assertTrue(partner.active)
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 5, "archived": 1})
        self.assertFalse(partner.active)

    def test_mass_removal_stops_before_it_removes_anything_and_asks(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(10)]
        self.sync(flow)
        partners = self.env["res.partner"].browse(
            self.env["bridge.binding"].search([("flow_id", "=", flow.id)]).mapped("res_id")
        )
        self.server.records["things"] = []
        run = self.sync(flow, full=True)
        self.assertEqual((run.state, self.counters(run)), ("blocked", {}))
        self.assertIn("10 of 10", run.message)
        self.assertTrue(all(partners.mapped("active")))
        run.action_confirm()
        self.work()
        self.assertEqual((run.state, run.archived), ("done", 10))
        self.assertFalse(any(partners.mapped("active")))

    def test_old_question_about_a_removal_does_not_remove_what_was_seen_since(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(6)]
        self.sync(flow)
        self.server.records["things"] = []
        blocked = self.sync(flow, full=True)
        self.server.records["things"] = [thing(n) for n in range(6)]
        self.sync(flow, full=True)
        blocked.action_confirm()
        self.work()
        self.assertEqual((blocked.state, blocked.archived), ("done", 0))

    def test_unlink_flag_and_ignore(self):
        for policy, exists, state in (("unlink", False, []), ("flag", True, ["removed"]), ("ignore", True, ["linked"])):
            with self.subTest(policy):
                flow = self.connect(things_flow(delete_policy=policy))
                number = {"unlink": 1, "flag": 2, "ignore": 3}[policy]
                self.server.records["things"] = [thing(number)]
                self.sync(flow)
                partner = self.bound(flow, number)
                self.server.records["things"] = [{"id": number, "deleted": True}]
                self.sync(flow)
                self.assertEqual(bool(partner.exists()), exists)
                bindings = self.env["bridge.binding"].search(
                    [("flow_id", "=", flow.id), ("external_id", "=", str(number))]
                )
                self.assertEqual(bindings.mapped("state"), state)

    # --- Only what changed

    def test_delta_asks_only_for_changes(self):
        flow = self.connect(self.delta_flow())
        self.server.records["things"] = [thing(n, updated=n) for n in range(1, 4)]
        self.sync(flow)
        self.assertEqual((flow.cursor, flow.full_scan_needed), (3, False))
        self.server.records["things"].append(thing(9, updated=9))
        run = self.sync(flow)
        self.assertEqual((run.fetched, self.counters(run)), (2, {"created": 1, "unchanged": 1}))
        self.assertEqual(self.server.requests[-1][2]["since"], "3")

    def test_cursor_of_a_walk_by_position_lags_one_walk_and_loses_nothing(self):
        flow = self.connect({**self.delta_flow(), "page_size": 3})
        self.server.records["things"] = [thing(n, updated=n) for n in range(1, 8)]
        self.assertEqual(self.sync(flow).fetched, 7)
        self.assertEqual((flow.cursor, flow.candidate), (False, 7), "a record may have slipped away while we walked")
        self.assertEqual((self.sync(flow).fetched, flow.cursor), (7, 7), "so everything is read once more")
        self.assertEqual((self.sync(flow).fetched, flow.cursor), (1, 7))
        self.server.records["things"] += [thing(n, updated=n) for n in (8, 9)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 2, "unchanged": 1})
        self.server.records["things"] += [thing(n, updated=n) for n in range(10, 20)]
        self.sync(flow)
        self.assertEqual(flow.binding_count, 19)

    def test_full_scan_comes_by_itself_to_find_what_left_no_trace(self):
        flow = self.connect({**self.delta_flow(), "full_scan_days": 7, "remove_limit": 50})
        self.server.records["things"] = [thing(n, updated=n) for n in range(1, 4)]
        self.sync(flow)
        del self.server.records["things"][0]
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1})
        flow.last_full_scan -= timedelta(days=8)
        run = self.sync(flow)
        self.assertEqual((run.full, self.counters(run)), (True, {"unchanged": 2, "archived": 1}))
        self.assertEqual(self.log_of(run, "archive").record_name, "Thing 1")

    def test_quiet_remote_keeps_the_cursor(self):
        flow = self.connect(self.delta_flow())
        self.server.records["things"] = [thing(1, updated=5)]
        self.sync(flow)
        self.assertEqual(flow.cursor, 5)
        self.server.records["things"] = []
        for _number in range(2):
            run = self.sync(flow)
            self.assertEqual((run.full, run.fetched, flow.cursor), (False, 0, 5))

    def test_list_that_changes_while_it_is_walked_is_right_after_the_next_run(self):
        """For any page size, and insertions, removals and updates between the pages: none doubled, none missing."""
        for seed in range(8):
            chance = random.Random(seed)
            with self.subTest(seed=seed):
                page_size = chance.choice([1, 2, 3, 5, 8])
                flow = self.connect({**self.delta_flow(), "page_size": page_size, "remove_limit": 100})
                self.server.records["things"] = [thing(n, updated=n) for n in range(1, 10)]
                clock = itertools.count(100)
                self.server.before_answer = lambda: self.disturb(chance, clock)  # noqa: B023
                for _number in range(3):
                    self.sync(flow, full=chance.random() < 0.5)
                self.server.before_answer = None
                self.sync(flow, full=True)
                there = {str(record["id"]): record["name"] for record in self.server.records["things"]}
                bindings = self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("state", "=", "linked")])
                partners = self.env["res.partner"].browse(bindings.mapped("res_id"))
                self.assertEqual(dict(zip(bindings.mapped("external_id"), partners.mapped("name"), strict=True)), there)
                self.assertEqual(len(partners), len(there))
                self.assertFalse(self.failures(flow))
                self.connector.unlink()
                partners.unlink()

    def disturb(self, chance, clock):
        """One thing happens at the remote."""
        records = self.server.records["things"]
        moment = next(clock)
        what = chance.choice(["insert", "remove", "update", "nothing"])
        if what == "insert":
            records.insert(chance.randint(0, len(records)), thing(moment, updated=moment))
        elif what == "remove" and records:
            records.pop(chance.randrange(len(records)))
        elif what == "update" and records:
            records[chance.randrange(len(records))] |= {"name": f"At {moment}", "updated": moment}

    def test_cursor_that_the_remote_refuses_leads_to_a_full_scan(self):
        flow = self.connect(self.delta_flow())
        self.server.records["things"] = [thing(n, updated=n) for n in range(1, 4)]
        self.sync(flow)
        self.server.faults = [(410, {}, b"{}")]
        run = self.sync(flow)
        self.assertEqual((run.state, run.full, self.counters(run)), ("done", True, {"unchanged": 3}))

    def test_changed_mapping_looks_at_every_record_again(self):
        flow = self.connect(self.delta_flow())
        self.server.records["things"] = [thing(n, updated=n, city="Gent") for n in range(1, 4)]
        self.sync(flow)
        city = self.env["ir.model.fields"]._get("res.partner", "city")
        flow.mapping_ids.create({"flow_id": flow.id, "field_id": city.id, "path": "city"})
        run = self.sync(flow)
        self.assertEqual((run.full, self.counters(run)), (True, {"updated": 3}))
        self.assertEqual(self.bound(flow, 2).city, "Gent")

    def delta_flow(self):
        operation = list_operation(
            "things",
            query={"since": "{since}", "limit": "{limit}", "offset": "{offset}"},
            delta={"type": "timestamp", "format": "integer", "source": "record"},
        )
        return things_flow(operations=[operation, things_flow()["operations"][1]], page_size=50)

    # --- Relations

    def test_related_record_on_a_later_page_is_there_in_the_end(self):
        flow = self.connect(self.parent_flow())
        self.server.records["things"] = [thing(1, parent=9), thing(2), thing(3), thing(9)]
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(flow, 9))
        self.assertFalse(self.failures(flow))
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 4})

    def test_related_record_on_the_same_page_comes_first(self):
        flow = self.connect(self.parent_flow())
        self.server.records["things"] = [thing(1, parent=2), thing(2, parent=3), thing(3)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 3})
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(flow, 2))
        self.assertEqual(self.bound(flow, 2).parent_id, self.bound(flow, 3))
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 3})

    def test_relation_to_a_record_that_is_refused_is_not_emptied(self):
        flow = self.connect(self.parent_flow())
        self.server.records["things"] = [thing(1, parent=2), thing(2)]
        self.sync(flow)
        self.server.records["things"] = [thing(1, parent=3), thing(2), {"id": 3}]
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(flow, 2), "the old one stays until the new is here")
        self.server.records["things"][2] = thing(3)
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(flow, 3))
        self.assertFalse(self.failures(flow))

    def test_related_record_that_can_not_be_had_concerns_only_its_referrer(self):
        flow = self.connect(*self.owner_flows())
        self.server.records["owners"] = [thing(50)]
        self.server.records["things"] = [thing(1, owner=49), thing(2, owner=50)]
        self.server.faults = [None, (403, {}, b"{}")]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1, "failed": 1})

    def test_unknown_relation_waits_visibly_and_the_rest_is_there(self):
        flow = self.connect(self.parent_flow())
        self.server.records["things"] = [thing(1, parent=77)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})
        job = self.failures(flow)
        self.assertEqual((job.state, job.error_kind), ("pending", "dependency"))
        self.assertIn("Related Company", job.error_message)
        self.server.records["things"].append(thing(77))
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(flow, 77))
        self.assertEqual(job.state, "done")

    def test_circular_relations_are_written_in_a_second_pass(self):
        self.env["ir.model.fields"].create(
            {
                "name": "x_buddy_id",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "ttype": "many2one",
                "relation": "res.partner",
                "field_description": "Buddy",
            }
        )
        buddy = field("x_buddy_id", "buddy", "many2one_binding", options={"flow": "things"})
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], buddy]))
        self.server.records["things"] = [thing(1, buddy=2), thing(2, buddy=1), thing(3, buddy=3)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 3})
        self.assertEqual(self.bound(flow, 1).x_buddy_id, self.bound(flow, 2))
        self.assertEqual(self.bound(flow, 2).x_buddy_id, self.bound(flow, 1))
        self.assertEqual(self.bound(flow, 3).x_buddy_id, self.bound(flow, 3))
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 3})

    def test_circle_that_odoo_refuses_leaves_records_bound_and_a_job(self):
        flow = self.connect(self.parent_flow())
        self.server.records["things"] = [thing(1, parent=2), thing(2, parent=1)]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 2}, run.message)
        self.assertEqual(flow.binding_count, 2)
        self.assertTrue(self.failures(flow))
        self.sync(flow)
        self.assertEqual(self.env["res.partner"].search_count([("name", "in", ("Thing 1", "Thing 2"))]), 2)

    def test_record_of_another_flow_is_fetched_on_demand(self):
        flow = self.connect(*self.owner_flows())
        self.server.records["owners"] = [thing(50), thing(51)]
        self.server.records["things"] = [thing(1, owner=50), thing(2, owner=99)]
        run = self.sync(flow)
        owners = self.connector.flow_ids.filtered(lambda one: one.code == "owners")
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(owners, 50))
        self.assertFalse(self.bound(owners, 51), "only what is needed is fetched")
        self.assertEqual(self.counters(run), {"created": 1, "failed": 1})
        self.assertEqual(self.failures(flow).error_kind, "dependency")

    def test_related_by_key(self):
        country = field("country_id", "country", "many2one_key", options={"field": "code"})
        tags = field("category_id", "tags", "many2many_key", options={"field": "name", "create": True})
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], country, tags]))
        self.env["res.partner.category"].create({"name": "Known"})
        self.give("base.group_system")
        self.server.records["things"] = [
            thing(1, country="BE", tags=["Known", "New"]),
            thing(2, country="ZZ"),
            thing(3, tags=["New"]),
        ]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 2, "failed": 1})
        self.assertEqual(self.bound(flow, 1).country_id.code, "BE")
        self.assertEqual(set(self.bound(flow, 1).category_id.mapped("name")), {"Known", "New"})
        self.assertEqual(self.env["res.partner.category"].search_count([("name", "=", "New")]), 1)
        self.assertIn("there is no “Country” with Country Code “ZZ”", self.log_of(run, "reject").message)
        self.assertEqual(self.failures(flow).mapped("error_kind"), ["data"], "no flow brings countries")
        self.server.records["things"][0]["tags"] = []
        self.sync(flow)
        self.assertFalse(self.bound(flow, 1).category_id)

    def keyed_owner_flows(self):
        """Things that name their owner by the e-mail; the owners come by a flow that stands behind."""
        owner = field("parent_id", "owner", "many2one_key", options={"field": "email"})
        things, owners = self.owner_flows()
        return {**things, "fields": [*things_flow()["fields"], owner]}, owners

    def test_flows_run_after_those_that_they_refer_to(self):
        for flows in (self.keyed_owner_flows(), self.owner_flows()):
            with self.subTest(fields=flows[0]["fields"][-1]):
                self.connect(*flows)
                self.assertEqual(self.connector.flow_ids.mapped("code"), ["things", "owners"])
                runs = self.connector.flow_ids._enqueue("manual")
                self.assertEqual(runs.flow_id.mapped("code"), ["owners", "things"])
                self.connector.unlink()

    def test_record_waits_for_one_that_it_names_by_a_key(self):
        flow = self.connect(*self.keyed_owner_flows())
        owners = self.connector.flow_ids - flow
        self.server.records["things"] = [thing(1, owner="thing9@example.com")]
        self.assertEqual(self.counters(self.sync(flow)), {"failed": 1})
        self.assertEqual((self.failures(flow).state, self.failures(flow).error_kind), ("pending", "dependency"))
        self.failures(flow).write({"state": "failed", "attempts": 8})  # it has waited long
        self.server.records["owners"] = [thing(9)]
        self.sync(owners)
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(owners, 9))
        self.assertEqual(self.failures(flow).ids, [])

    def owner_flows(self):
        """Things that need their owner, who is a record of another flow."""
        owner = field("parent_id", "owner", "many2one_binding", options={"flow": "owners"}, required=True)
        owners = things_flow(
            code="owners",
            name="Owners",
            operations=[list_operation("owners"), {"kind": "get", "path": "/owners/{external_id}", "records": "@"}],
        )
        return things_flow(fields=[*things_flow()["fields"], owner]), owners

    def parent_flow(self):
        parent = field("parent_id", "parent", "many2one_binding", options={"flow": "things"})
        return things_flow(fields=[*things_flow()["fields"], parent])

    def test_archived_record_is_matched_only_where_there_is_no_other(self):
        category = field("industry_id", "industry", "many2one_key", options={"field": "name"})
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], category]))
        industries = self.env["res.partner.industry"]
        old, new = industries.create([{"name": "Bees", "active": False}, {"name": "Bees"}])
        gone = industries.create({"name": "Coal", "active": False})
        self.server.records["things"] = [thing(1, industry="Bees"), thing(2, industry="Coal")]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 2})
        self.assertEqual((self.bound(flow, 1).industry_id, self.bound(flow, 2).industry_id), (new, gone))
        self.assertFalse(old.active)

    # --- Images

    @lossy.counts_requests
    def test_image_is_fetched_once_and_again_when_its_address_changes(self):
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], field("image_1920", "photo", "image")]))
        self.server.files = {"/a.png": ("image/png", PIXEL), "/b.png": ("image/png", PIXEL)}
        self.server.records["things"] = [thing(1, photo=f"{self.server.url}/a.png"), thing(2, photo="nowhere")]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 1, "failed": 1})
        self.assertTrue(self.bound(flow, 1).image_1920)
        self.server.records["things"] = [thing(1, photo=f"{self.server.url}/a.png", phone="1")]
        self.assertEqual(self.log_of(self.sync(flow), "update").changes, {"phone": [False, "1"]})
        self.server.records["things"] = [thing(1, photo=f"{self.server.url}/b.png", phone="1")]
        self.sync(flow)
        paths = [path for _method, path, _query in self.server.requests if path.endswith(".png")]
        self.assertEqual(paths, ["/a.png", "/b.png"])

    def test_image_that_is_too_large_or_gone_is_said_so(self):
        photo = field("image_1920", "photo", "image", options={"max_bytes": 10})
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], photo]))
        self.server.files = {"/a.png": ("image/png", PIXEL)}
        self.server.records["things"] = [
            thing(n, photo=f"{self.server.url}/{name}.png") for n, name in ((1, "a"), (2, "b"))
        ]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 2}, "the records are there without it")
        failures = self.failures(flow)
        self.assertEqual(
            (set(failures.mapped("external_id")), set(failures.mapped("error_field"))), ({"1", "2"}, {"image_1920"})
        )
        self.assertEqual(set(failures.mapped("state")), {"failed"})
        self.assertIn("larger than", " ".join(failures.mapped("error_message")))

    # --- What counts as deleted

    def test_marker_that_says_no_in_a_text_archives_nothing(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(4)]
        self.sync(flow)
        markers = ("0", "false", "N", "0000-00-00 00:00:00")
        self.server.records["things"] = [thing(n, phone="1", deleted=one) for n, one in enumerate(markers)]
        self.server.records["things"] += [thing(4, deleted="0"), thing(5, deleted="1")]
        self.assertEqual(self.counters(self.sync(flow)), {"updated": 4, "created": 1, "unchanged": 1})
        self.assertEqual({self.bound(flow, n).active for n in range(5)}, {True})

    def test_marker_that_may_mean_either_is_said_and_archives_nothing(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        self.server.records["things"] = [thing(1, phone="1", deleted="active"), thing(2, deleted="1")]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"failed": 1, "archived": 1})
        self.assertIn("“active”, which is neither yes nor no", self.log_of(run, "reject").message)
        self.assertTrue(self.bound(flow, 1).active)

    # --- Where the list ends

    def test_list_whose_total_is_that_of_the_page_is_read_to_its_end(self):
        pagination = {"type": "offset", "end": "total", "total_path": "total"}
        operation = list_operation("things", records="data", pagination=pagination)
        for refusal in (None, 404, 400):
            with self.subTest(refusal=refusal):
                flow = self.connect(things_flow(operations=[operation]))

                def page(path, query, refusal=refusal):
                    found = [thing(n) for n in range(6)][int(query["offset"]) :][: int(query["limit"])]
                    if refusal and not found:
                        return refusal, {"message": "There is no such page"}
                    return 200, {"data": found, "total": len(found)}

                self.patch(self.server, "answer", page)
                run = self.sync(flow)
                self.assertEqual((run.state, run.fetched, run.created), ("done", 6, 6), run.message)
                self.env["res.partner"].search([("email", "=like", "thing%")]).unlink()
                self.connector.unlink()

    def test_refusal_of_a_page_before_the_total_is_reached_is_an_error(self):
        pagination = {"type": "offset", "end": "total", "total_path": "total"}
        flow = self.connect(things_flow(operations=[list_operation("things", pagination=pagination)]))
        self.server.records["things"] = [thing(n) for n in range(6)]
        self.server.faults = [None, (404, {}, b"{}")]
        self.assertEqual(self.sync(flow).state, "failed")

    # --- Records inside records

    def test_nested_records_come_change_and_go_with_their_parent(self):
        flow = self.connect(*self.nested_flows())
        people = [{"id": "a", "name": "Ann"}, {"id": "b", "name": "Bob"}]
        self.server.records["things"] = [thing(1, people=people)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})
        parent = self.bound(flow, 1)
        ann = self.bound(flow.child_ids, "1/a")
        self.assertEqual(set(parent.child_ids.mapped("name")), {"Ann", "Bob"})
        people[:] = [{"id": "a", "name": "Anna"}, {"id": "c", "name": "Cid"}]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"updated": 1})
        self.assertEqual((set(parent.child_ids.mapped("name")), ann.name), ({"Anna", "Cid"}, "Anna"))
        self.assertEqual(run.log_ids.changes, {"child_ids": [None, "+1 ~1 −1"]})
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1})

    def test_nested_record_that_fails_leaves_nothing_half_written(self):
        flow = self.connect(*self.nested_flows())
        self.server.records["things"] = [thing(1, people=[{"id": "a", "name": "Ann"}, {"id": "b"}]), thing(2)]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 1, "failed": 1})
        self.assertFalse(self.bound(flow, 1))
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Ann")]))
        self.assertIn(
            "People 2: Name: The record of the other system has no “name”", self.log_of(run, "reject").message
        )

    def test_nested_records_without_id_are_known_by_their_place(self):
        flow = self.connect(*self.nested_flows())
        self.server.records["things"] = [thing(1, people=[{"name": "Ann"}, {"name": "Bob"}])]
        self.sync(flow)
        self.server.records["things"] = [thing(1, people=[{"name": "Ann"}, {"name": "Bo"}])]
        self.sync(flow)
        self.assertEqual(set(self.bound(flow, 1).child_ids.mapped("name")), {"Ann", "Bo"})
        self.assertEqual(flow.child_ids.binding_count, 2)

    def test_ids_of_nested_records_count_only_inside_their_parent(self):
        flow = self.connect(*self.nested_flows())
        self.server.records["things"] = [thing(n, people=[{"id": 1, "name": f"Of {n}"}]) for n in (1, 2, 3, 4)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 4})
        self.assertEqual(self.bound(flow, 4).child_ids.mapped("name"), ["Of 4"])
        self.assertEqual(self.bound(flow, 1).child_ids.mapped("name"), ["Of 1"])
        self.server.records["things"].append(thing(5, people=[{"id": 1, "name": "A"}, {"id": 1, "name": "B"}]))
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"unchanged": 4, "failed": 1})
        self.assertIn("two records have the id 5/1", run.log_ids.message)

    def test_nested_record_that_moves_to_another_parent_is_the_same_record(self):
        parent, child = self.nested_flows()
        flow = self.connect(parent, {**child, "global_ids": True})
        ann = [{"id": "a", "name": "Ann"}]
        self.server.records["things"] = [thing(1, people=[]), thing(2, people=ann)]
        self.sync(flow)
        record = self.bound(flow.child_ids, "a")
        self.server.records["things"] = [thing(1, people=ann), thing(2, people=[])]
        self.sync(flow)
        self.assertEqual((self.bound(flow.child_ids, "a"), self.bound(flow, 1).child_ids), (record, record))
        self.assertFalse(self.bound(flow, 2).child_ids)
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 2})

    def test_nested_id_in_two_parents_fails_the_later_one_alone(self):
        """It would move from one to the other with each page, or be made twice."""
        parent, child = self.nested_flows()
        flow = self.connect(parent, {**child, "global_ids": True})
        ann = [{"id": "a", "name": "Ann"}]
        self.server.records["things"] = [thing(1, people=ann), thing(2, people=ann), thing(3, people=[])]
        run = self.sync(flow)
        self.assertEqual((run.state, self.counters(run)), ("partial", {"created": 2, "failed": 1}))
        self.assertIn("two records have the id a", self.log_of(run, "reject").message)
        self.assertEqual(self.bound(flow, 1).child_ids.mapped("name"), ["Ann"])

    def test_fault_remote_merge_of_related_records_is_one_record(self):
        """Both ids that are pointed to are answered with the same record."""
        parent = field("parent_id", "parent", "many2one_binding", options={"flow": "companies"})
        companies = {**things_flow(code="companies", name="Companies"), "operations": []}
        companies["operations"] = [list_operation("companies"), {"kind": "get", "path": "/companies/{external_id}"}]
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], parent]), companies)
        self.server.records["things"] = [thing(1, parent="5"), thing(2, parent="7")]
        merged = thing("7", name="Merged", email="merged@example.com")
        answer = self.server.answer
        self.patch(
            self.server,
            "answer",
            lambda path, query: (200, merged) if path.startswith("/companies/") else answer(path, query),
        )
        run = self.sync(flow)
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self.env["res.partner"].search_count([("email", "=", "merged@example.com")]), 1)
        self.assertEqual(self.bound(flow, 2).parent_id.name, "Merged")

    def test_nested_record_that_was_archived_comes_back(self):
        parent, child = self.nested_flows()
        flow = self.connect(parent, {**child, "delete_policy": "archive"})
        ann = [{"id": "a", "name": "Ann"}]
        for people, active in ((ann, True), ([], False), ([], False), (ann, True)):
            self.server.records["things"] = [thing(1, people=people)]
            self.sync(flow)
            self.assertEqual(self.bound(flow.child_ids, "1/a").active, active)
        self.assertEqual(flow.child_ids.binding_count, 1)

    def nested_flows(self):
        people = field("child_ids", "people", "nested", options={"flow": "people"})
        return (
            things_flow(fields=[*things_flow()["fields"], people]),
            {
                "code": "people",
                "name": "People",
                "model": "res.partner",
                "parent": "things",
                "delete_policy": "unlink",
                "fields": [field("name", "name", required=True)],
            },
        )

    # --- Preview

    def test_preview_is_the_plan_shown_and_not_applied(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2, phone="1")]
        self.sync(flow)
        self.server.records["things"] = [thing(1, name="Changed"), thing(2, phone="1"), thing(3), thing(4, name=None)]
        before = (self.env["res.partner"].search_count([]), flow.binding_count, flow.cursor)
        action = flow.action_preview()
        run = self.env["bridge.run"].browse(action["res_id"])
        self.assertEqual((run.state, run.dry_run), ("partial", True))
        self.assertEqual(self.counters(run), {"updated": 1, "unchanged": 1, "created": 1, "failed": 1})
        self.assertEqual(self.log_of(run, "update").changes, {"name": ["Thing 1", "Changed"]})
        flow.invalidate_recordset()
        self.assertEqual((self.env["res.partner"].search_count([]), flow.binding_count, flow.cursor), before)
        self.assertEqual(self.bound(flow, 1).name, "Thing 1")
        self.assertFalse(self.failures(flow))

    def test_connector_in_preview_writes_nothing(self):
        flow = self.connect()
        self.connector.state = "preview"
        self.server.records["things"] = [thing(1)]
        run = self.sync(flow)
        self.assertEqual((run.dry_run, run.created, flow.binding_count), (True, 1, 0))

    def test_disabled_connector_does_not_run(self):
        flow = self.connect()
        self.connector.state = "disabled"
        with self.assertRaisesRegex(UserError, "disabled"):
            flow._enqueue("manual")

    # --- Rights

    def test_records_are_written_with_the_acting_users_rights(self):
        flow = self.connect()
        self.acting.group_ids -= self.env.ref("base.group_partner_manager")
        self.server.records["things"] = [thing(1)]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"failed": 1})
        self.assertIn("not allowed to create", run.log_ids.message)

    def test_author_of_records_is_the_acting_user(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).create_uid, self.acting)

    # --- From the record

    def test_sync_now_and_status_of_a_record(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        partner = self.bound(flow, 1)
        actions = self.env["ir.actions.server"].search(
            [("binding_model_id.model", "=", "res.partner"), ("name", "in", ("Sync Now", "Sync Status"))]
        )
        status = actions.filtered(lambda action: action.name == "Sync Status").with_context(
            active_model="res.partner", active_id=partner.id, active_ids=partner.ids
        )
        self.assertEqual(self.env["bridge.binding"].search(status.run()["domain"]).external_id, "1")
        self.server.records["things"][0]["phone"] = "7"
        now = actions.filtered(lambda action: action.name == "Sync Now").with_context(
            active_model="res.partner", active_id=partner.id, active_ids=partner.ids
        )
        now.run()
        self.work()
        self.assertEqual(partner.phone, "7")
        run = self.env["bridge.run"].search([("flow_id", "=", flow.id)], limit=1)
        self.assertEqual((run.trigger, run.state, run.updated), ("record", "done", 1))
