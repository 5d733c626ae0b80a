"""Promises 3 and 4: what lists, clocks, records and the database can do to a pull.

Faults that stand in test_pull.py already (see tests/README.md) are not repeated here.
"""

import datetime
import time

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..road.pull.slice import PullSlice
from .common import FaultCase, field, list_operation, thing, things_flow, with_a_test_for_each
from .servers import fault_server as faults

GONE = object()
# Schema drift: what a thing has now. Then the run's counters, what Odoo's phone is, and of the failure field and words.
DRIFTS = {
    "optional_field_gone": ({"phone": GONE}, {"unchanged": 1, "updated": 1}, "1", None),
    "optional_field_null": ({"phone": None}, {"unchanged": 1, "updated": 1}, False, None),
    "text_that_becomes_a_number": ({"phone": 7}, {"unchanged": 1, "updated": 1}, "7", None),
    "text_that_becomes_an_object": ({"phone": {"home": "7"}}, {"unchanged": 1, "failed": 1}, "1", ("phone", "Phone: ")),
    "required_field_gone": ({"name": GONE}, {"unchanged": 1, "failed": 1}, "1", ("name", "has no “name”")),
    "required_field_null": ({"name": None}, {"unchanged": 1, "failed": 1}, "1", ("name", "Name: ")),
}
# Local times in Brussels on the days when its clocks change, and the moments that they mean.
CLOCK_CHANGES = {
    "2026-03-29T01:59:59": "2026-03-29 00:59:59",
    "2026-03-29T02:30:00": "2026-03-29 01:30:00",  # there is no such time
    "2026-03-29T03:00:00": "2026-03-29 01:00:00",
    "2026-10-25T01:59:59": "2026-10-24 23:59:59",
    "2026-10-25T02:30:00": "2026-10-25 00:30:00",  # there are two: the first
    "2026-10-25T03:00:00": "2026-10-25 02:00:00",
}


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_fault_schema_drift_", DRIFTS, "check_drift")
@with_a_test_for_each("test_fault_clock_skew_", {"behind": -3600, "right": 0, "ahead": 3600}, "check_clock")
class TestFaultsRecords(FaultCase):
    # --- Lists

    def test_fault_page_loop(self):
        """Every page is new, but the cursors lead in a circle: the walk ends, and is not believed to be complete."""
        following = {None: "a", "a": "b", "b": "c", "c": "a"}

        def answer(connection, request):
            place = request.query.get("cursor")
            page = {"items": [thing(len(self.remote.requests))], "next": following[place]}
            faults.json_answer(page)(connection, request)

        self.remote.route("/circle", answer)
        listed = list_operation("circle", query={"cursor": "{cursor}", "since": "{since}"})
        listed["pagination"] = {"type": "cursor", "cursor_path": "next"}
        listed["delta"] = {"type": "timestamp", "format": "integer", "source": "record"}
        flow = self.connect(self.delta_flow(operations=[listed]))
        run = self.sync(flow)
        self.assert_outcome(run, "protocol", "already read")
        self.assertEqual((flow.cursor, flow.candidate, run.failed), (False, False, 0))
        self.assertLessEqual(len(self.asked()), 12, "at most three rounds")

    def test_fault_equal_timestamps_at_a_page_boundary(self):
        flow = self.connect(self.delta_flow())
        self.server.records["things"] = [thing(n, updated=5) for n in range(1, 8)]
        self.sync(flow)
        self.sync(flow)
        self.assertEqual((flow.binding_count, flow.cursor), (7, 5))
        self.server.records["things"].insert(0, thing(8, updated=5))  # committed at the remote after we had asked
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1, "unchanged": 7})

    # --- Clocks

    def check_clock(self, skew):
        """A record dated 2099 hides no other: the cursor stops at the remote's own clock, however wrong that is."""
        now = int(time.time()) + skew
        date = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")

        def answer(connection, request):
            code, document = self.server.answer(request.path, request.query)
            faults.json_answer(document, code, {"Date": date})(connection, request)

        self.remote.route("/things", answer)
        delta = {"type": "timestamp", "format": "epoch", "source": "record"}
        listed = list_operation("things", query={"since": "{since}", "limit": "{limit}", "offset": "{offset}"})
        flow = self.connect(self.delta_flow(operations=[{**listed, "delta": delta}], page_size=10))
        self.server.records["things"] = [thing(1, updated=now - 60), thing(2, updated=4070908800)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 2})
        self.assertTrue(now - 2 <= flow.cursor <= now, (flow.cursor, now))
        self.server.records["things"].append(thing(3, updated=now))
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1, "unchanged": 1})

    def test_fault_naive_times_over_both_clock_changes(self):
        values = {"name": "x_seen", "ttype": "datetime", "field_description": "Seen"}
        self.env["ir.model.fields"].create({**values, "model_id": self.env["ir.model"]._get_id("res.partner")})
        seen = field("x_seen", "seen", "datetime")
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], seen]), timezone="Europe/Brussels")
        self.server.records["things"] = [thing(n, seen=local) for n, local in enumerate(CLOCK_CHANGES)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": len(CLOCK_CHANGES)})
        found = [fields.Datetime.to_string(self.bound(flow, n).x_seen) for n in range(len(CLOCK_CHANGES))]
        self.assertEqual(found, list(CLOCK_CHANGES.values()))
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": len(CLOCK_CHANGES)})

    # --- Records

    def check_drift(self, case):
        changed, counters, phone, failure = case
        flow = self.connect()
        self.server.records["things"] = [thing(1, phone="1"), thing(2)]
        self.sync(flow)
        drifted = {**thing(1, phone="1", updated=9), "email": "other@example.com", **changed}
        self.server.records["things"][0] = {name: value for name, value in drifted.items() if value is not GONE}
        run = self.sync(flow)
        self.assertEqual((run.state, self.counters(run)), ("partial" if failure else "done", counters))
        partner, job = self.bound(flow, 1), self.failures(flow)
        self.assertEqual((partner.phone, partner.name), (phone, "Thing 1"))
        if not failure:
            self.assertFalse(job)
            return
        self.assertEqual(partner.email, "thing1@example.com", "nothing of it is half written")
        line = self.log_of(run, "reject")
        self.assertEqual((line.external_id, line.error_kind, line.field_name), ("1", "data", failure[0]))
        self.assertIn(failure[1], line.message)
        self.assertEqual((job.kind, job.state, job.error_kind), ("pull_record", "failed", "data"))
        self.assertEqual((job.external_id, job.error_field), ("1", failure[0]))
        self.server.records["things"][0] = thing(1, phone="2")
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1, "updated": 1})
        self.assertEqual((job.state, partner.phone), ("done", "2"), "it closes itself")

    @mute_logger("odoo.sql_db")
    def test_fault_poison_record(self):
        """A value that breaks the database's own transaction stands alone, and its failure closes itself."""
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], field("color", "color", "integer")]))
        self.server.records["things"] = [thing(n, color=10**12 if n == 2 else n) for n in range(1, 8)]
        run = self.sync(flow)
        self.assertEqual((run.state, self.counters(run)), ("partial", {"created": 6, "failed": 1}))
        job, line = self.failures(flow), self.log_of(run, "reject")
        self.assertEqual((job.state, job.error_kind, job.external_id, line.external_id), ("failed", "data", "2", "2"))
        self.assertTrue(line.message)
        self.assertEqual((self.gate.failures, run.job_ids.filtered(lambda one: one.kind == "pull").state), (0, "done"))
        self.server.records["things"][1]["color"] = 2
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1, "unchanged": 6})
        self.assertEqual(job.state, "done")

    def test_fault_id_reuse(self):
        """An id that comes back after a removal is the same record: Odoo's is brought back, not doubled."""
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        partner = self.bound(flow, 1)
        self.server.records["things"][0] = {"id": 1, "deleted": True}
        self.sync(flow)
        self.assertFalse(partner.active)
        self.server.records["things"][0] = thing(1, name="Another", email="another@example.com")
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"updated": 1, "unchanged": 1})
        self.assertEqual((self.bound(flow, 1), flow.binding_count), (partner, 2))
        self.assertEqual((partner.active, partner.name), (True, "Another"))
        self.assertEqual(
            self.log_of(run, "update").changes["name"], ["Thing 1", "Another"], "the log tells what it was"
        )

    def test_fault_remote_merge(self):
        """The remote merges two records, so that the one that stays has the other's key: each is still its own."""
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        one, two = self.bound(flow, 1), self.bound(flow, 2)
        merged = thing(1, email="thing2@example.com", phone="2")
        self.server.records["things"] = [merged, {"id": 2, "deleted": True}]
        self.assertEqual(self.counters(self.sync(flow)), {"updated": 1, "archived": 1})
        self.assertEqual((one.active, one.email, one.phone), (True, "thing2@example.com", "2"))
        self.assertEqual((two.active, two.email), (False, "thing2@example.com"))
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 2})

    # --- The database

    def lose_against_another_transaction(self, times):
        """So many times, the page's transaction fails as PostgreSQL makes it fail."""
        original, left = PullSlice.checkpoint, [times]

        def checkpoint(walk, *args):
            original(walk, *args)
            walk.run.flush_recordset()
            if left[0]:
                left[0] -= 1
                walk.env.cr.execute("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")

        self.patch(PullSlice, "checkpoint", checkpoint)
        return left

    @mute_logger("odoo.sql_db")
    def test_fault_serialization_failure_is_tried_again_at_once(self):
        flow = self.connect(self.delta_flow())
        self.up_to_date(flow)
        left = self.lose_against_another_transaction(2)
        run = self.sync(flow)
        self.assertEqual((left, run.state, run.job_ids.attempts, run.fetched), ([0], "done", 0, 5))
        self.assertEqual(self.counters(run), {"created": 4, "unchanged": 1})
        self.assertEqual(self.asked(), ["0", "3"], "the page is not asked for again")
        self.assertEqual(self.env["res.partner"].search_count([("name", "=like", "Thing _")]), 6)

    @mute_logger("odoo.sql_db")
    def test_fault_serialization_failure_without_end_is_left_for_later(self):
        flow = self.connect(self.delta_flow())
        self.up_to_date(flow)
        left = self.lose_against_another_transaction(1000)
        run = self.sync(flow)
        job = run.job_ids
        self.assertEqual(
            (job.state, job.error_kind, run.state, run.position["pages"]), ("pending", "busy", "running", 0)
        )
        self.assertGreater(job.due_at, fields.Datetime.now())
        self.assertEqual((run.fetched, flow.cursor, flow.binding_count, self.gate.failures), (0, 2, 2, 0))
        left[0] = 0
        self.recover(run)
        self.assertEqual(self.counters(run), {"created": 4, "unchanged": 1})
