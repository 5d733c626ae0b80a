"""Lists that have only IDs or a part of each record, and lists at an address per record (case 19)."""

from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import BridgeCase, field, list_operation, thing, things_flow

LISTED = "items[].{id: id, updated: updated}"


def get_operation():
    return {"kind": "get", "path": "/things/{external_id}", "records": "@"}


def summary_flow(details="changed", records=LISTED, **values):
    operations = [list_operation("things", records=records, details=details), get_operation()]
    return things_flow(operations=operations, **{"page_size": 10, **values})


def flows_with_lines():
    """Contacts of a company as its lines, which are read at an address of each company."""
    parent = summary_flow()
    parent["fields"].append(field("child_ids", "lines", "nested", options={"flow": "lines"}))
    child = {
        "code": "lines",
        "name": "Lines",
        "model": "res.partner",
        "parent": "things",
        "delete_policy": "unlink",
        "page_size": 2,
        "operations": [list_operation("lines-{external_id}")],
        "fields": [field("name", "name", required=True)],
    }
    return parent, child


@tagged("post_install", "-at_install")
class TestDetail(BridgeCase):
    def got(self):
        """IDs There of the records that were asked for one by one, since the last time."""
        paths = [path for _method, path, _query in self.server.requests]
        self.server.requests.clear()
        return sorted(path.rpartition("/")[2] for path in paths if path.startswith("/things/"))

    def phones(self, flow, *numbers):
        return [self.bound(flow, number).phone for number in numbers]

    def test_each_record_is_fetched_and_again_only_if_its_entry_has_changed(self):
        flow = self.connect(summary_flow(page_size=2))
        self.server.records["things"] = [thing(number, phone=f"+32 {number}") for number in range(1, 6)]
        run = self.sync(flow)
        self.assertEqual((self.counters(run), self.got()), ({"created": 5}, ["1", "2", "3", "4", "5"]))
        self.assertEqual(self.phones(flow, 1, 5), ["+32 1", "+32 5"])
        self.server.records["things"][1].update(phone="+32 9", updated=9)
        run = self.sync(flow, full=True)
        self.assertEqual((self.counters(run), self.got()), ({"updated": 1, "unchanged": 4}, ["2"]))
        self.assertEqual(self.phones(flow, 2), ["+32 9"])
        self.assertEqual((self.counters(self.sync(flow, full=True)), self.got()), ({"unchanged": 5}, []))

    def test_what_was_asked_one_by_one_is_kept_also_where_a_pause_ends_the_last_page(self):
        flow = self.connect(summary_flow())
        self.connector.log_level = "everything"
        self.server.records["things"] = [thing(1), thing(2)]

        def after_sync(flow, _outcomes):
            flow.connector_id.sudo()._gate()._pause(flow.env.user)

        with patch.object(type(flow), "_after_sync", after_sync):
            run = self.sync(flow)
        self.assertEqual((run.state, run.created), ("running", 2))
        asked = self.env["bridge.exchange"].search([("run_id", "=", run.id)]).mapped("url")
        self.assertEqual(len([url for url in asked if "/things/" in url]), 2, asked)

    def test_where_the_list_does_not_tell_what_has_changed_all_are_fetched(self):
        flow = self.connect(summary_flow("all", "items[].{id: id}"))
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        self.got()
        self.server.records["things"][1]["phone"] = "+32 2"
        run = self.sync(flow)
        self.assertEqual((self.counters(run), self.got()), ({"updated": 1, "unchanged": 1}, ["1", "2"]))

    def test_what_is_gone_from_the_list_is_archived(self):
        flow = self.connect(summary_flow(remove_limit=100))
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        self.sync(flow)
        gone = self.bound(flow, 3)
        del self.server.records["things"][2]
        run = self.sync(flow, full=True)
        self.assertEqual((self.counters(run), gone.active), ({"unchanged": 2, "archived": 1}, False))

    def test_record_that_is_listed_and_can_not_be_got_is_no_deletion(self):
        flow = self.connect(summary_flow(remove_limit=100))
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        self.sync(flow)
        for case, answer in (("gone", (404, {}, b"{}")), ("refused", (400, {}, b'{"message": "Not now"}'))):
            with self.subTest(case=case):
                self.server.records["things"][1]["updated"] += 1
                self.server.faults[:] = [None, answer]
                run = self.sync(flow, full=True)
                self.assertEqual(self.counters(run), {"unchanged": 2, "failed": 1})
                self.assertTrue(self.bound(flow, 2).active)
                failure = self.failures(flow)
                self.assertEqual(failure.external_id, "2")
                self.assertIn("The list has the record" if case == "gone" else "Not now", failure.error_message)
                self.sync(flow, full=True)
                self.assertFalse(self.failures(flow), "closed by itself")

    def test_one_without_an_answer_does_not_hold_the_others(self):
        flow = self.connect(summary_flow(), limits={"requests_at_once": 1})
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        self.server.faults[:] = [None, None, (500, {}, b"{}")]
        run = self.sync(flow)
        self.assertEqual((run.created, run.failed), (2, 1))
        self.assertEqual(self.failures(flow).external_id, "2")

    def test_where_none_has_an_answer_the_run_waits(self):
        flow = self.connect(summary_flow())
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        self.server.faults[:] = [None, *[(503, {}, b"{}")] * 3]
        run = self.sync(flow)
        self.assertEqual((run.state, run.fetched, self.failures(flow).filtered("external_id").ids), ("running", 0, []))

    def test_preview_and_compare_see_the_whole_record(self):
        flow = self.connect(summary_flow())
        self.server.records["things"] = [thing(1, phone="+32 1"), thing(2)]
        flow.action_preview()
        run = self.env["bridge.run"].search([("flow_id", "=", flow.id), ("dry_run", "=", True)], limit=1)
        line = self.log_of(run, "create").filtered(lambda line: line.external_id == "1")
        self.assertEqual(line.changes["phone"], [None, "+32 1"])
        self.sync(flow)
        self.bound(flow, 1).phone = "other"
        run = flow._enqueue("manual", kinds=["compare"])
        self.work()
        self.assertEqual(run.drift_ids.differences, {"phone": ["other", "+32 1"]})

    def test_lines_at_an_address_of_each_record(self):
        flow = self.connect(*flows_with_lines())
        self.server.records["things"] = [thing(1), thing(2)]
        self.server.records["lines-1"] = [{"id": number, "name": f"Line {number}"} for number in (1, 2, 3)]
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).child_ids.mapped("name"), ["Line 1", "Line 2", "Line 3"], "two pages")
        self.assertFalse(self.bound(flow, 2).child_ids)
        del self.server.records["lines-1"][0]
        self.server.records["lines-1"][0]["name"] = "Changed"
        self.server.records["things"][0]["updated"] = 9
        self.sync(flow)
        self.assertEqual(sorted(self.bound(flow, 1).child_ids.mapped("name")), ["Changed", "Line 3"])
        self.env["bridge.job"]._enqueue_records(flow, ["1"])
        self.work()
        self.assertEqual(
            sorted(self.bound(flow, 1).child_ids.mapped("name")), ["Changed", "Line 3"], "a single one, too"
        )

    def test_record_is_fetched_again_after_a_failure_and_not_made_of_its_entry(self):
        flow = self.connect(summary_flow(), limits={"requests_at_once": 1})
        self.server.records["things"] = [thing(1), thing(2, phone="+32 2")]
        self.server.faults[:] = [None, None, (500, {}, b"{}")]
        self.sync(flow)
        job = self.failures(flow)
        self.assertEqual((job.external_id, job.payload), ("2", False))
        job.due_at = "2020-01-01"
        self.work()
        self.assertEqual((self.bound(flow, 2).phone, self.failures(flow).ids), ("+32 2", []))

    def test_lines_that_are_not_there_are_no_deletion_of_their_record(self):
        """Neither for a single one, nor at the end of a full scan."""
        flow = self.connect(*flows_with_lines())
        flow.remove_limit = 100
        self.server.records["things"] = [thing(1), thing(2)]
        self.server.records["lines-1"] = [{"id": 1, "name": "Line 1"}]
        self.sync(flow)
        answer = self.server.answer
        self.patch(self.server, "answer", lambda path, query: (404, {}) if path == "/lines-1" else answer(path, query))
        self.env["bridge.job"]._enqueue_records(flow, ["1"])
        self.work()
        self.assertIn("A list inside the record could not be read", self.failures(flow).error_message)
        del self.server.records["things"][0]  # it slipped from its page; it can still be got
        self.patch(
            self.server,
            "answer",
            lambda path, query: (
                (404, {}) if path == "/lines-1" else (200, thing(1)) if path == "/things/1" else answer(path, query)
            ),
        )
        self.sync(flow, full=True)
        self.assertTrue(self.bound(flow, 1).active)
        self.assertEqual(self.bound(flow, 1).child_ids.mapped("name"), ["Line 1"])

    def test_lines_that_end_before_their_total_are_not_taken(self):
        parent, child = flows_with_lines()
        pagination = {"type": "offset", "end": "total", "total_path": "total"}
        child["operations"] = [list_operation("lines-{external_id}", pagination=pagination)]
        flow = self.connect(parent, child)
        self.server.records["things"] = [thing(1)]
        self.server.records["lines-1"] = [{"id": number, "name": f"Line {number}"} for number in (1, 2, 3)]
        self.sync(flow)
        answer = self.server.answer

        def cut(path, query):
            status, document = answer(path, query)
            if path == "/lines-1":
                document = {"items": document["items"] if query["offset"] == "0" else [], "total": 3}
            return status, document

        self.patch(self.server, "answer", cut)
        self.server.records["things"][0]["updated"] = 9
        run = self.sync(flow)
        self.assertEqual((run.failed, len(self.bound(flow, 1).child_ids)), (1, 3))
        self.assertIn("although it counts 3", self.failures(flow).error_message)

    def test_lines_that_can_not_be_read_empty_nothing(self):
        flow = self.connect(*flows_with_lines())
        self.server.records["things"] = [thing(1)]
        self.server.records["lines-1"] = [{"id": 1, "name": "Line 1"}]
        self.sync(flow)
        self.server.records["things"][0]["updated"] = 9
        self.server.faults[:] = [None, None, (404, {}, b"{}")]
        run = self.sync(flow)
        self.assertEqual((run.failed, self.bound(flow, 1).child_ids.mapped("name")), (1, ["Line 1"]))

    def test_misuse(self):
        for change, words in (
            ({"operations": [list_operation("things", details="changed")]}, "needs the operation “Get one record”"),
            (
                {"operations": [list_operation("things"), {**get_operation(), "details": "all"}]},
                "list of a flow of its own",
            ),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(ValidationError, words):
                self.connect(things_flow(**change))
        parent, child = flows_with_lines()
        for operations, words in (
            ([list_operation("lines")], "has no {external_id}"),
            ([list_operation("lines-{external_id}", body={"since": "{since}"}, method="POST")], "since"),
            ([{**get_operation(), "path": "/x/{external_id}"}], "can only list its records"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(ValidationError, words):
                self.connect(parent, {**child, "operations": operations})

    def test_definition_keeps_it(self):
        flow = self.connect(*flows_with_lines())
        document = flow.connector_id._export_definition()
        flows = {one["code"]: one for one in document["flows"]}
        self.assertEqual(flows["things"]["operations"][0]["details"], "changed")
        self.assertEqual(flows["lines"]["operations"][0]["path"], "/lines-{external_id}")
