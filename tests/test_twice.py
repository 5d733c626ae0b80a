"""A list that has the same remote id for several records (tests/README.md, "Cases from practice": A8), and related
records that would be made again and again (A18).
"""

from odoo.tests import tagged

from .common import BridgeCase, field, thing, things_flow

NAMED = "the same ID There for several records"


def orders(*guests):
    """Orders, by e-mail and name: the e-mail is the remote id."""
    return [thing(number, id=email, name=name, email=email) for number, (email, name) in enumerate(guests)]


@tagged("post_install", "-at_install")
class TestTwice(BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect(things_flow(record={"id": "id"}, remove_limit=100))
        self.guests = [("ann@x", "Ann"), ("bob@x", "Bob"), ("cid@x", "Cid"), ("dan@x", "Dan"), ("ann@x", "Ann Two")]
        self.guests.append(("eve@x", "Eve"))

    def scan(self, *guests, **values):
        self.server.records["things"] = orders(*(guests or self.guests))
        for one in self.server.records["things"]:
            one.update(values.get(one["name"], {}))
        run = self.sync(self.flow, full=True)
        self.assertEqual(run.state, "done")
        return run

    def name(self):
        return self.bound(self.flow, "ann@x").name

    def test_it_is_said_and_the_next_scan_changes_nothing(self):
        run = self.scan()
        self.assertIn(NAMED, run.message)
        self.assertIn("ann@x (1)", run.message)
        for _again in range(2):
            run = self.scan()
            self.assertEqual((self.counters(run), self.name()), ({"unchanged": 6}, "Ann Two"))
            self.assertIn(NAMED, run.message)

    def test_it_is_the_same_where_both_are_on_one_page(self):
        self.flow.page_size = 100
        self.assertEqual(self.counters(self.scan())["created"], 5)
        for page_size in (100, 3, 2, 100):
            self.flow.page_size = page_size
            run = self.scan()
            self.assertEqual((self.counters(run), self.name()), ({"unchanged": 6}, "Ann Two"))
            self.assertIn(NAMED, run.message)

    def test_it_is_stable_where_nothing_was_said_at_first(self):
        self.scan(*(one for one in self.guests if one[1] != "Ann Two"))
        self.assertEqual(self.name(), "Ann")
        self.scan()
        self.assertEqual(self.name(), "Ann Two")
        self.scan()
        self.assertEqual(self.counters(self.scan()), {"unchanged": 6})
        self.assertEqual(self.name(), "Ann Two")

    def test_newer_one_counts_wherever_it_stands(self):
        self.flow.updated_path = "updated"
        times = {"epoch": (1_760_000_000, 1_750_000_000), "iso": ("2026-03-02T10:00:00+02:00", "2026-03-02T09:00:00Z")}
        for form, (first, second) in {**times, "integer": (7, 3)}.items():
            self.flow.operation_ids.filtered(lambda one: one.kind == "list").delta_format = form
            # Of the moments in ISO the second is the newer one: 9:00 in UTC is later than 10:00 two hours before UTC.
            for page_size in (3, 100):
                with self.subTest(form=form, page_size=page_size):
                    self.flow.page_size = page_size
                    one, other = f"One {form} {page_size}", f"Other {form} {page_size}"
                    self.guests[0], self.guests[4] = ("ann@x", one), ("ann@x", other)
                    values = {one: {"updated": first}, other: {"updated": second}}
                    self.scan(**values)
                    run = self.scan(**values)
                    newer = other if form == "iso" else one
                    self.assertEqual((self.counters(run), self.name()), ({"unchanged": 6}, newer))
                    self.assertIn(NAMED, run.message)

    def test_change_of_the_one_that_counts_arrives(self):
        self.scan()
        self.guests[4] = ("ann@x", "Ann Three")
        self.scan()
        self.assertEqual(self.name(), "Ann Three")
        self.assertEqual(self.counters(self.scan()), {"unchanged": 6})

    def test_the_other_one_counts_when_it_is_all_that_is_left(self):
        self.scan()
        del self.guests[4]
        self.scan()
        self.assertTrue(self.flow.full_scan_needed)
        self.assertTrue(self.bound(self.flow, "ann@x").active)
        run = self.scan()
        self.assertEqual((self.counters(run), self.name()), ({"unchanged": 4, "updated": 1}, "Ann"))
        self.assertFalse(run.message)
        self.assertEqual(self.counters(self.scan()), {"unchanged": 5})

    def test_the_other_one_may_come_to_be_like_the_one_that_counts(self):
        self.scan()
        self.guests[0] = self.guests[4]
        run = self.scan()
        self.assertFalse(run.message)
        self.assertEqual((self.name(), self.counters(self.scan())), ("Ann Two", {"unchanged": 6}))

    def test_a_list_of_changes_may_name_a_record_twice(self):
        self.flow.updated_path = "updated"
        self.flow.operation_ids.filtered(lambda one: one.kind == "list").write(
            {
                "query": '{"limit": "{limit}", "offset": "{offset}", "since": "{since}"}',
                "delta_kind": "timestamp",
                "delta_format": "integer",
            }
        )
        self.scan(("ann@x", "Ann"), ("bob@x", "Bob"))
        self.server.records["things"] = orders(("ann@x", "A"), ("bob@x", "Bob"), ("bob@x", "Bo"), ("ann@x", "An"))
        run = self.sync(self.flow)
        self.assertFalse(run.full)
        self.assertFalse(run.message)
        self.assertEqual(self.name(), "An")


@tagged("post_install", "-at_install")
class TestRelated(BridgeCase):
    def bring(self, tags_each):
        options = {"field": "name", "create": True}
        tags = field("category_id", "tags", "many2many_key", options=options)
        self.flow = self.connect(things_flow(page_size=10, fields=[*things_flow()["fields"], tags]))
        self.server.records["things"] = [
            thing(number, tags=[f"{number}.{one}" for one in range(tags_each)]) for number in range(30)
        ]
        return self.sync(self.flow)

    def tags(self):
        return self.env["res.partner.category"].search_count([("name", "=like", "%.%")])

    def test_far_more_related_records_than_documents_stop_the_run_before_they_are_made(self):
        run = self.bring(21)
        self.assertEqual((run.state, run.asked, run.fetched, self.tags()), ("blocked", "related", 0, 0))
        self.assertIn("210 related records for 10 records", run.message)
        run.action_confirm()
        self.work()
        self.assertEqual((run.state, run.created, self.tags()), ("done", 30, 630))

    def test_yes_to_related_records_is_no_yes_to_a_removal(self):
        self.bring(21).action_confirm()
        self.work()
        run = self.sync(self.flow, full=True)
        self.assertEqual(run.state, "done")
        self.server.records["things"] = [thing(40, tags=[f"40.{one}" for one in range(201)])]
        run = self.sync(self.flow, full=True)
        self.assertEqual(run.asked, "related")
        run.action_confirm()
        self.work()
        self.assertEqual((run.state, run.asked, run.archived), ("blocked", "removal", 0))

    def test_a_few_for_each_document_are_made(self):
        self.assertEqual((self.bring(5).state, self.tags()), ("done", 150))

    def test_they_are_counted_over_the_pages(self):
        run = self.bring(19)
        self.assertEqual((run.state, run.fetched, self.tags()), ("blocked", 10, 190))
