"""Lists that are read in pieces: some days at a time (case 27), or one list for each record of a flow (case A17)."""

import datetime

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import BridgeCase, field, list_operation, thing, things_flow

PAGES = {"limit": "{limit}", "offset": "{offset}"}
DAY = datetime.timedelta(days=1)


def moment(days_ago):
    return (datetime.datetime.now(datetime.timezone.utc) - days_ago * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text):
    return datetime.datetime.fromisoformat(text)


class PiecesCase(BridgeCase):
    def asked(self):
        """The queries of the lists that were asked for, since the last time."""
        found = [(path, query) for _method, path, query in self.server.requests]
        self.server.requests.clear()
        return found


@tagged("post_install", "-at_install")
class TestWindows(PiecesCase):
    def setUp(self):
        super().setUp()
        self.patch(self.server, "answer", self.answer)

    def answer(self, path, query):
        """A list that gives 30 days at most, and nothing without both moments."""
        if "from" not in query or "to" not in query:
            return 400, {"message": "from and to are needed"}
        since, until = read(query["from"]), read(query["to"])
        if until - since > 30 * DAY:
            return 422, {"message": "30 days at most"}
        records = [one for one in self.server.records["things"] if since <= read(one["updated"]) <= until]
        offset, limit = int(query["offset"]), int(query["limit"])
        return 200, {"items": records[offset : offset + limit]}

    def window_flow(self, **values):
        operation = {
            **list_operation("things", query={"from": "{since}", "to": "{until}", **PAGES}),
            "delta": {"type": "timestamp", "format": "iso"},
            "window": {"days": 30, "start": (datetime.date.today() - 100 * DAY).isoformat()},
            **values,
        }
        return things_flow(operations=[operation], page_size=2, remove_limit=100)

    def test_full_scan_reads_all_windows_and_later_runs_the_last_ones(self):
        flow = self.connect(self.window_flow())
        self.server.records["things"] = [thing(n, updated=moment(n)) for n in (1, 2, 3, 29, 31, 40, 61, 95)]
        run = self.sync(flow)
        self.assertEqual((run.state, self.counters(run)), ("done", {"created": 8}), run.message)
        asked = self.asked()
        self.assertGreaterEqual(len({query["from"] for _path, query in asked}), 4)
        self.sync(flow)  # pages by offset: what came before the last walk is read twice
        self.asked()
        self.server.records["things"][7].update(phone="1", updated=moment(0))
        run = self.sync(flow)
        self.assertEqual(self.bound(flow, 95).phone, "1")
        self.assertEqual(len({query["from"] for _path, query in self.asked()}), 1, "only what is new is asked for")

    def test_what_no_window_has_is_removed(self):
        flow = self.connect(self.window_flow())
        self.server.records["things"] = [thing(n, updated=moment(n)) for n in (1, 40, 95)]
        self.sync(flow)
        gone = self.bound(flow, 40)
        del self.server.records["things"][1]
        for _twice in range(2):  # pages by offset: missing in two scans
            run = self.sync(flow, full=True)
        self.assertEqual((self.counters(run), gone.active), ({"unchanged": 2, "archived": 1}, False))

    def test_run_that_is_interrupted_goes_on_in_its_window(self):
        flow = self.connect(self.window_flow())
        self.server.records["things"] = [thing(n, updated=moment(n)) for n in (1, 40, 95)]
        self.server.faults[:] = [None, None, (503, {}, b"{}")]
        run = self.sync(flow)
        self.assertEqual(run.state, "running")
        before = self.asked()
        flow.connector_id._gate()._open()
        run.job_ids.due_at = datetime.datetime.now() - DAY
        self.work()
        self.assertEqual((run.state, run.created), ("done", 3), run.message)
        first = before[0][1]["from"]
        self.assertNotIn(first, [query["from"] for _path, query in self.asked()], "not from the beginning")

    def test_misuse(self):
        for values, words in (
            ({"query": {"from": "{since}", **PAGES}}, "belong together"),
            ({"window": None}, "belong together"),
            ({"delta": {"type": "timestamp", "format": "integer"}}, "a timestamp as changes"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(ValidationError, words):
                self.connect(self.window_flow(**values))


@tagged("post_install", "-at_install")
class TestForEach(PiecesCase):
    def flows(self, **values):
        events = things_flow(code="events", name="Events", operations=[list_operation("events")], remove_limit=100)
        items = things_flow(
            code="items",
            name="Items",
            remove_limit=100,
            operations=[
                {
                    **list_operation("items-{parent}", query={"since": "{since}", **PAGES}),
                    "delta": {"type": "timestamp", "format": "integer"},
                    "for_each": {"flow": "events", "path": "event"},
                    **values,
                }
            ],
            record={"id": "join('-', [event, to_string(id)])", "updated": "updated"},
        )
        items["fields"] = [
            field("name", "name", required=True),
            field("parent_id", "event", "many2one_binding", options={"flow": "events"}),
        ]
        return [items, events]  # not in the order in which they have to run

    def connected(self, **values):
        self.connect(*self.flows(**values))
        flows = {flow.code: flow for flow in self.connector.flow_ids}
        self.server.records["events"] = [thing("a", updated=1), thing("b", updated=2)]
        self.server.records["items-a"] = [thing(number, name=f"A{number}") for number in range(1, 5)]
        self.server.records["items-b"] = [thing(1, name="B1")]
        return flows["items"], flows["events"]

    def names(self, event):
        return sorted(event.child_ids.mapped("name"))

    def sync_all(self, full=False):
        runs = self.connector.flow_ids._enqueue("manual", full=full)
        self.work()
        return {run.flow_id.code: run for run in runs}

    def test_list_of_each_parent_with_its_own_ids_and_relation(self):
        items, events = self.connected()
        runs = self.sync_all()
        self.assertEqual((runs["items"].state, runs["items"].created), ("done", 5), runs["items"].message)
        self.assertEqual(self.names(self.bound(events, "a")), ["A1", "A2", "A3", "A4"], "two pages")
        self.assertEqual(self.bound(items, "b-1").name, "B1", "the same number, another parent")
        self.assertEqual(self.counters(self.sync_all(full=True)["items"]), {"unchanged": 5})

    def test_parent_that_comes_later_is_read_whole_and_the_others_by_their_changes(self):
        _items, events = self.connected()
        for _twice in range(3):  # the cursor of pages by offset moves a run later
            self.sync_all()
        self.env.cr.execute("UPDATE bridge_binding SET create_date = create_date - interval '1 hour'")
        self.env.invalidate_all()
        self.asked()
        self.server.records["events"].append(thing("c", updated=3))
        self.server.records["items-c"] = [thing(1, name="C1")]  # older than all that is known
        self.sync_all()
        self.assertEqual(self.names(self.bound(events, "c")), ["C1"])
        asked = {path: query for path, query in self.asked() if path.startswith("/items")}
        self.assertNotIn("since", asked["/items-c"])
        self.assertIn("since", asked["/items-a"])

    def test_what_is_gone_from_the_list_of_its_parent_or_with_it_is_removed(self):
        items, _events = self.connected()
        self.sync_all()
        gone = self.bound(items, "a-1") + self.bound(items, "b-1")
        del self.server.records["items-a"][0]
        del self.server.records["events"][1]
        for _twice in range(2):
            self.sync_all(full=True)
        self.assertEqual(gone.mapped("active"), [False, False])
        self.assertTrue(self.bound(items, "a-2").active)

    def test_list_that_can_not_be_read_removes_nothing(self):
        items, _events = self.connected()
        self.sync_all()
        for status, state in ((404, "done"), (400, "failed")):
            self.server.faults[:] = [(status, {}, b"{}")]
            run = self.sync(items, full=True)
            self.assertEqual((run.state, run.archived), (state, 0))
        removed = [("flow_id", "=", items.id), ("state", "=", "removed")]
        self.assertEqual(self.env["bridge.binding"].search_count(removed), 0)

    def test_parent_that_is_gone_holds_no_other(self):
        items, events = self.connected()
        self.sync(events)
        self.server.records["items-a"].clear()
        answer = self.server.answer
        self.patch(self.server, "answer", lambda path, query: (404, {}) if path == "/items-a" else answer(path, query))
        run = self.sync(items)
        self.assertEqual((run.state, run.created), ("done", 1))
        self.assertIn("no list for 1 of the parents, such as a", run.message)

    def test_without_a_parent_there_is_nothing(self):
        items, _events = self.connected()
        run = self.sync(items)
        self.assertEqual((run.state, run.fetched), ("done", 0))

    def test_run_that_is_interrupted_goes_on_with_its_parent(self):
        items, events = self.connected()
        self.sync(events)
        self.asked()
        self.server.faults[:] = [None, None, (503, {}, b"{}")]
        run = self.sync(items)
        self.assertEqual((run.state, run.created), ("running", 4))
        self.asked()
        items.connector_id._gate()._open()
        run.job_ids.due_at = datetime.datetime.now() - DAY
        self.work()
        self.assertEqual((run.state, run.created), ("done", 5))
        self.assertEqual([path for path, _query in self.asked()], ["/items-b"])

    def test_misuse_and_definition(self):
        for values, words in (
            ({"for_each": {"flow": "nobody"}}, "no flow that pulls"),
            ({"for_each": {"flow": "items"}}, "no flow that pulls"),
            ({"for_each": None}, "belong together"),
            ({"for_each": {"flow": "events", "path": "a..b"}}, "a name is missing"),
        ):
            with self.subTest(values=values), self.assertRaisesRegex(ValidationError, words):
                self.connect(*self.flows(**values))
        self.connect(*self.flows())
        document = self.connector._export_definition()
        operation = next(one for one in document["flows"] if one["code"] == "items")["operations"][0]
        self.assertEqual(operation["for_each"], {"flow": "events", "path": "event"})
