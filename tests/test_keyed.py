"""Promise 4: a record that a value names is found by the rule by which it was made, however Odoo keeps that value."""

import random
import re
import string
from contextlib import closing, suppress
from unittest.mock import patch

import psycopg2

from odoo import api
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL

from ..models import bridge_key
from ..road.keyed import Keyed, having
from .common import BridgeCase, field, thing, things_flow


@tagged("post_install", "-at_install")
class TestKeyed(BridgeCase):
    def connect_tags(self, converter="many2many_key", **options):
        tags = field("category_id", "tags", converter, options={"field": "name", "create": True, **options})
        return self.connect(things_flow(page_size=2, fields=[*things_flow()["fields"], tags]))

    def tags(self, *names):
        return self.env["res.partner.category"].search([("name", "in", names)])

    def bring(self, flow, *values):
        """A thing for each value, two on a page, and then all of them again after they were changed there."""
        self.server.records["things"] = [thing(n, tags=value) for n, value in enumerate(values)]
        run = self.sync(flow)
        self.assertEqual((run.state, run.created, run.failed), ("done", len(values), 0), run.log_ids.mapped("message"))
        for document in self.server.records["things"]:
            document["phone"] = "1"
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"updated": len(values)})
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": len(values)})

    def test_number_that_names_a_record_by_a_text_makes_one_record(self):
        flow = self.connect_tags()
        self.bring(flow, [24], [24], [24], ["24"], [24.0], [24, "24"])
        self.assertEqual(self.tags("24").mapped("name"), ["24"])
        self.assertEqual({self.bound(flow, n).category_id for n in range(6)}, {self.tags("24")})

    def test_tag_that_is_written_in_two_ways_on_one_page_is_one_tag(self):
        flow = self.connect_tags(compare="ignore_case")
        self.bring(flow, ["Red"], ["red"], ["Red", "red"], ["RED", "Blue"])
        (red,) = self.env["res.partner.category"].search([("name", "=ilike", "red")])
        self.assertEqual([self.bound(flow, n).category_id for n in range(3)], [red] * 3)
        self.assertEqual(self.bound(flow, 3).category_id, red | self.tags("Blue"))

    def test_number_finds_the_record_that_is_there(self):
        there = self.env["res.partner.category"].create({"name": "24"})
        flow = self.connect_tags(create=False)
        self.bring(flow, [24], ["24"])
        self.assertEqual(self.bound(flow, 0).category_id, there)

    def test_code_with_leading_zeros_is_another_text_than_its_number(self):
        flow = self.connect_tags()
        self.bring(flow, ["007"], [7], ["007"])
        self.assertEqual(sorted(self.tags("007", "7").mapped("name")), ["007", "7"])
        self.assertEqual(self.bound(flow, 2).category_id.name, "007")

    def test_text_that_names_a_record_by_a_number(self):
        country = field("country_id", "country", "many2one_key", options={"field": "phone_code"})
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], country]))
        belgium = self.env.ref("base.be")
        self.server.records["things"] = [thing(n, country=code) for n, code in enumerate(("32", 32, "032", "x", 32.5))]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 3, "failed": 2})
        self.assertEqual({self.bound(flow, n).country_id for n in range(3)}, {belgium})
        self.assertIn("“32.5”", "".join(self.log_of(run, "reject").mapped("message")))

    def test_two_spellings_of_one_tag_are_one_tag_where_the_case_does_not_matter(self):
        flow = self.connect_tags(ignore_case=True)
        self.bring(flow, ["Shiny"], ["SHINY"], ["shiny", "Shiny"])
        self.assertEqual(len(self.env["res.partner.category"].search([("name", "=ilike", "shiny")])), 1)

    def test_what_odoo_makes_of_a_value_is_found_by_that_value(self):
        made = {
            "trimmed": lambda name: " ".join(name.split()),
            "in capitals": str.upper,
            "cut off": lambda name: name[:5],
        }
        for how, make in made.items():
            with self.subTest(how=how):
                categories = type(self.env["res.partner.category"])
                original = categories.create

                @api.model_create_multi
                def create(model, vals_list, make=make, original=original):
                    return original(model, [{**vals, "name": make(vals["name"])} for vals in vals_list])

                self.patch(categories, "create", create)
                flow = self.connect_tags()
                self.bring(flow, ["x  y"], ["x  y"], ["x  y"], ["Long tag"], ["Long tag"])
                self.patch(categories, "create", original)
                found = self.env["res.partner.category"].search([("name", "=ilike", "x%y")])
                self.assertEqual(len(found), 1)
                self.assertEqual(self.bound(flow, 2).category_id, found)
                self.assertEqual(self.bound(flow, 3).category_id, self.bound(flow, 4).category_id)
                things = self.env["res.partner"].browse(self.bound(flow, n).id for n in range(5))
                things.category_id.unlink()
                things.unlink()
                self.connector.unlink()

    def test_number_that_odoo_rounds_is_found_by_the_number_that_was_sent(self):
        options = {"field": "partner_latitude", "create": True, "domain": [["name", "=", "Place"]]}
        place = field("parent_id", "place", "many2one_key", options=options)
        flow = self.connect(things_flow(page_size=1, fields=[*things_flow()["fields"], place]))
        self.server.records["things"] = [thing(n, place=where) for n, where in enumerate((1.234567891, "1.234567892"))]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 2})
        self.assertEqual(len(self.env["res.partner"].search([("name", "=", "Place")])), 1)

    def test_record_that_would_not_be_found_again_is_not_made_and_that_is_said(self):
        flow = self.connect_tags(domain=[["color", ">", 50]])
        self.server.records["things"] = [thing(1, tags=["Odd"])]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"failed": 1})
        self.assertIn("would not find it again", run.log_ids.message)
        self.assertFalse(self.tags("Odd"))

    def test_text_that_means_nothing_matches_nothing_beside_one_of_which_only_foreign_letters_are_left(self):
        there = self.env["res.partner"].create({"name": "Without", "phone": "-"})
        name = field("name", "name", required=True)
        flow = self.connect(things_flow(fields=[name, field("phone", "phone", key=True)]))
        self.server.records["things"] = [thing(0, phone="нет"), thing(1, phone=""), thing(2, phone="-")]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 3})
        self.assertEqual(there.name, "Without")


@tagged("post_install", "-at_install")
class TestLookups(BridgeCase):
    """Records are found by what a key is alike to, and no index of Odoo's has that."""

    def setUp(self):
        super().setUp()
        self.server.records["things"] = [thing(n) for n in range(3)]

    def indexes(self):
        """The table and column of each index of ours, and its name."""
        self.env.cr.execute(r"SELECT indexname FROM pg_indexes WHERE indexname LIKE 'bridge\_lookup\_%'")
        names = [name for (name,) in self.env.cr.fetchall()]
        return {name.removeprefix("bridge_lookup_").partition("_")[2]: name for name in names}

    def assertSearchedBy(self, index, name, way):
        """PostgreSQL uses an index where the condition is word for word what the index is of. In the transaction that
        has made it, it can not be used yet, so it is not the plan that shows it.
        """
        query = self.env["res.partner"]._search(having(self.env["res.partner"], name, way, {"Ann@Example.com"}))
        self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())
        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index])
        [made] = re.findall(r"USING btree \((.*)\) WHERE", self.env.cr.fetchone()[0])
        self.assertIn(f"{made} = ANY", plan)

    def test_key_that_is_compared_by_a_rule_gets_an_index_and_a_preview_makes_none(self):
        flow = self.connect(things_flow())
        flow.action_preview()
        self.assertEqual(self.indexes(), {})
        self.sync(flow)
        self.assertEqual([*self.indexes()], ["res_partner_email"])
        self.assertSearchedBy(self.indexes()["res_partner_email"], "email", "email")

    def test_records_that_are_named_by_such_a_field_are_looked_for_by_an_index_as_well(self):
        parent = field("parent_id", "parent", "many2one_key", options={"field": "phone", "optional": True})
        name = field("name", "name", required=True)
        self.sync(self.connect(things_flow(fields=[name, parent])))
        self.assertEqual([*self.indexes()], ["res_partner_phone"])
        self.assertSearchedBy(self.indexes()["res_partner_phone"], "phone", "phone")

    def test_key_that_odoo_keeps_an_index_of_gets_none(self):
        self.sync(self.connect(things_flow(fields=[field("name", "name", required=True, key=True)])))
        self.assertEqual(self.indexes(), {})

    def test_compare_makes_none(self):
        flow = self.connect(things_flow())
        flow._enqueue("manual", kinds=["compare"])
        self.work()
        self.assertEqual(self.indexes(), {})

    def test_index_refuses_no_text_however_long(self):
        self.sync(self.connect(things_flow()))
        long = "".join(random.Random(7).choices(string.ascii_letters, k=50_000))
        contact, other = (self.env["res.partner"].create({"name": "Long", "email": long + end}) for end in "ab")
        contact.flush_recordset()
        self.assertEqual(contact.email, long + "a")
        found = Keyed(self.env["res.partner"], "email", (), "email").find([long + "b"])
        self.assertEqual(found.get((long + "b").lower()), [other.id])

    def test_table_that_is_too_large_gets_none(self):
        flow = self.connect(things_flow())
        with patch.object(bridge_key, "MOST_INDEXED", -2):
            self.sync(flow)
        self.assertEqual(self.indexes(), {})

    def test_table_that_others_write_to_holds_up_no_run_and_is_indexed_by_a_later_one(self):
        flow = self.connect(things_flow())
        with closing(db_connect(self.env.cr.dbname).cursor()) as other:
            other.execute("LOCK TABLE res_partner IN ROW EXCLUSIVE MODE")
            self.assertEqual(self.counters(self.sync(flow)), {"created": 3})
            self.assertEqual(self.indexes(), {})
        self.sync(flow, full=True)
        self.assertEqual([*self.indexes()], ["res_partner_email"])

    def test_settings_of_postgresql_are_afterwards_what_they_were_also_after_a_refusal(self):
        self.sync(self.connect(things_flow()))
        self.env.cr.execute("SET LOCAL jit TO on")
        for refusal in (None, UserError("not for you"), KeyError("x")):
            with suppress(UserError, KeyError), self.by_index():
                self.assertEqual((self.setting("enable_seqscan"), self.setting("jit")), ("off", "off"))
                if refusal:
                    raise refusal
            self.assertEqual(self.setting("enable_seqscan"), "on")
            self.assertEqual(self.setting("jit"), "on")

    def test_error_of_postgresql_itself_is_what_is_told_and_takes_the_settings_with_it(self):
        self.sync(self.connect(things_flow()))
        with self.assertRaises(psycopg2.errors.DivisionByZero), self.env.cr.savepoint(), self.by_index():
            self.env.cr.execute("SELECT 1 / 0", log_exceptions=False)
        self.assertEqual(self.setting("enable_seqscan"), "on")

    def by_index(self):
        return self.env["bridge.key"]._by_index(self.env["res.partner"], {"email": "email"})

    def setting(self, name):
        self.env.cr.execute("SELECT current_setting(%s)", [name])
        return self.env.cr.fetchone()[0]

    def test_uninstalling_takes_the_indexes_away(self):
        self.sync(self.connect(things_flow()))
        self.env["bridge.key"]._drop_indexes()
        self.assertEqual(self.indexes(), {})
