"""Promise 4: a record that a value names is found by the rule by which it was made, however Odoo keeps that value."""

from odoo import api
from odoo.tests import tagged

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
