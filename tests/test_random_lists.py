"""A list is never cut silently: random lists, filters, ways of paging, ends, totals, and changes while it is walked."""

import random

from odoo.tests import tagged

from .common import BridgeCase, field, things_flow

CASES = 25
PAGE = 4
# way of paging to the ends that it may have; a server that filters after paging has no end by a short page
ENDS = {
    "offset": ("short_page", "empty_page", "total", "flag"),
    "page": ("short_page", "empty_page", "total", "flag"),
    "cursor": ("no_next", "empty_page", "flag", "total"),
    "next_url": ("no_next", "empty_page", "flag", "total"),
    "last_record": ("empty_page", "short_page", "flag"),
}
QUERIES = {
    "offset": {"offset": "{offset}", "limit": "{limit}"},
    "page": {"page": "{page}", "limit": "{limit}"},
    "cursor": {"cursor": "{cursor}", "limit": "{limit}"},
    "next_url": {"limit": "{limit}"},
    "last_record": {"after": "{cursor}", "limit": "{limit}"},
}
OPTIONS = {"cursor": {"cursor_path": "next"}, "next_url": {"next_path": "next_url"}}
END_OPTIONS = {"total": {"total_path": "total"}, "flag": {"flag_path": "more", "flag_end": False}}


class Source:
    """A list on the other side, and how its server shows it.

    :ivar dict there: id to record
    :ivar str chosen: who leaves out what is of kind b: nobody, ``records`` (the operation), or ``server`` after paging
    """

    def __init__(self, random_):
        self.random, self.moves = random_, 0
        self.way = random_.choice(sorted(ENDS))
        self.end = random_.choice(ENDS[self.way])
        self.chosen = random_.choice(["nobody", "records", "server"])
        if self.end == "short_page" and self.chosen == "server":
            self.chosen = "records"
        self.newest = 0
        self.there = {}
        for _number in range(random_.choice([0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 1])):
            self.add()

    def __repr__(self):
        return f"{self.way}, {self.end}, left out by {self.chosen}, {len(self.there)} records"

    def add(self):
        self.newest += 1
        # A page of which a server shows nothing would be the end that is agreed upon: it never leaves out a whole one.
        kind = "aab"[self.newest % 3] if self.chosen == "server" else self.random.choice("aab")
        self.there[self.newest] = {"id": self.newest, "name": f"R{self.newest}", "kind": kind}

    def disturb(self):
        """Somebody adds, changes or removes something while the list is walked."""
        if not self.moves:
            return
        self.moves -= 1
        what = self.random.choice(["add", "change", "remove"])
        if what == "add" or not self.there:
            self.add()
        elif what == "change":
            self.there[self.random.choice(sorted(self.there))]["name"] += "'"
        else:
            del self.there[self.random.choice(sorted(self.there))]

    def wanted(self):
        """What Odoo should have."""
        return {
            str(one["id"]): one["name"] for one in self.there.values() if self.chosen == "nobody" or one["kind"] == "a"
        }

    def operation(self):
        pagination = {"type": self.way, "end": self.end, **OPTIONS.get(self.way, {}), **END_OPTIONS.get(self.end, {})}
        records = "items[?kind == 'a']" if self.chosen == "records" else "items"
        return {
            "kind": "list",
            "path": "/things",
            "query": QUERIES[self.way],
            "records": records,
            "pagination": pagination,
        }

    def answer(self, path, query):
        listed, limit = sorted(self.there.values(), key=lambda one: one["id"]), int(query["limit"])
        place = {
            "offset": lambda: int(query["offset"]),
            "page": lambda: (int(query["page"]) - 1) * limit,
            "cursor": lambda: int(query.get("cursor") or 0),
            "next_url": lambda: int(query.get("from") or 0),
            "last_record": lambda: 0,
        }[self.way]()
        if self.way == "last_record":  # by id, so that it does not move
            listed = [one for one in listed if one["id"] > int(query.get("after") or 0)]
        page, rest = listed[place : place + limit], listed[place + limit :]
        if self.chosen == "server":
            page = [one for one in page if one["kind"] == "a"]
        document = {"items": page, "total": len(self.there), "more": bool(rest)}
        if rest:
            document |= {"next": place + limit, "next_url": f"/things?limit={limit}&from={place + limit}"}
        self.disturb()
        return 200, document


@tagged("post_install", "-at_install")
class TestRandomLists(BridgeCase):
    def test_what_is_there_at_rest_is_in_odoo_after_the_next_run_and_nothing_of_it_is_removed(self):
        seed = random.randrange(10**6)
        for number in range(CASES):
            random_ = random.Random(seed + number)
            source = Source(random_)
            with self.subTest(seed=seed + number, source=source):
                self.check(source, random_)

    def check(self, source, random_):
        self.patch(self.server, "answer", source.answer)
        flow = self.connect(
            things_flow(
                operations=[source.operation()],
                page_size=PAGE,
                remove_limit=100,
                record={"id": "id"},
                fields=[field("name", "name", required=True)],
            )
        )
        self.sync(flow)
        for _round in range(2):
            source.moves = random_.randrange(4)
            run = self.sync(flow)
            self.assertEqual(run.state, "done", run.message)
            source.moves = 0
            run = self.sync(flow)
            self.assertEqual(run.state, "done", run.message)
            self.assertEqual({key: self.names(flow).get(key) for key in source.wanted()}, source.wanted())
        for _twice in range(2):  # pages by position: what is gone has to be missing in two scans
            run = self.sync(flow)
        if self.names(flow) != source.wanted():
            # A list that has fewer records than its total says may have been cut: nothing is removed, and that is said.
            self.assertEqual((source.end, source.chosen), ("total", "server"))
            self.assertIn("although the other system counts", run.message)
        self.connector.unlink()

    def names(self, flow):
        """Remote id to name, of what is in Odoo and not archived."""
        bindings = self.env["bridge.binding"].search([("flow_id", "=", flow.id)])
        records = {one.external_id: self.env["res.partner"].browse(one.res_id) for one in bindings}
        return {external_id: record.name for external_id, record in records.items() if record.active}
