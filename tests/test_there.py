"""Promise 5: from a business record one comes to the other system, and finds those that it does not have."""

from lxml import etree

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .common import BridgeCase, thing

WRONG = {
    "javascript:alert({external_id})": "begin with http",
    "ftp://shop.example.com/{external_id}": "begin with http",
    "shop.example.com/{external_id}": "begin with http",
    "https://ann:secret@shop.example.com/{external_id}": "without a user name",
    "https://{external_id}.example.com/": "behind the name of the host",
    "https://example.com{external_id}": "behind the name of the host",
    "https://shop.example.com/orders": "no {external_id}",
    "https://shop.example.com/{order}": "Unknown placeholder",
    "https://shop.example.com/{external_id": "Unbalanced",
    "https://shop.example.com/?id={+external_id}": "keeps slashes in a path",
    "https://shop.example.com/{external_id}?api_key=sk_live_12345678901": "carries a credential",
    "https://shop.example.com/a b/{external_id}": "begin with http",
}
USER = "base.group_user,base.group_partner_manager,integration_bridge.group_integration_bridge_user"


@tagged("post_install", "-at_install")
class TestOpenThere(BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(self.flow)
        self.flow.open_address = "https://shop.example.com/admin?thing={external_id}#top"
        self.user = new_test_user(self.env, "opens", USER)

    def binding(self, number):
        return self.env["bridge.binding"].search([("flow_id", "=", self.flow.id), ("external_id", "=", str(number))])

    def test_the_record_its_external_id_and_its_story_lead_there(self):
        address = "https://shop.example.com/admin?thing=1#top"
        partner = self.bound(self.flow, 1)
        status = self.env["bridge.binding"].with_user(self.user).status_of("res.partner", partner.id)
        self.assertEqual(status["url"], address)
        action = self.binding(1).with_user(self.user).action_open_there()
        self.assertEqual((action["type"], action["url"], action["target"]), ("ir.actions.act_url", address, "new"))
        find = self.env["bridge.find"].with_user(self.user).create({"sought": "1"})
        find.action_find()
        self.assertEqual(find.line_ids.action_open_there()["url"], address)

    def test_the_id_is_escaped_whatever_it_is_made_of(self):
        for flow_address, external_id, opened in (
            ("https://x.example/{external_id}", 'a/b?c=d&e#f"><', "https://x.example/a%2Fb%3Fc%3Dd%26e%23f%22%3E%3C"),
            ("https://x.example/o?id={external_id}", "1&admin=1", "https://x.example/o?id=1%26admin%3D1"),
            ("https://x.example/{+external_id}", "/ann/card.vcf", "https://x.example/ann/card.vcf"),
            ("https://x.example/{+external_id}", "//evil.example/x", False),
            ("https://x.example/{external_id}", "..", False),
        ):
            with self.subTest(external_id):
                self.flow.open_address = flow_address
                self.assertEqual(self.flow._address_there(external_id), opened)

    def test_where_there_is_nothing_to_open_nothing_is_offered(self):
        self.binding(1).state = "removed"
        self.assertFalse(self.binding(1).open_url)
        with self.assertRaisesRegex(UserError, "Enter the Address of a Record"):
            self.binding(1).action_open_there()
        self.flow.open_address = False
        self.assertFalse(self.binding(2).open_url)
        self.assertFalse(self.env["bridge.binding"].status_of("res.partner", self.bound(self.flow, 2).id)["url"])

    def test_misuse_is_said(self):
        for address, problem in WRONG.items():
            with self.subTest(address), self.assertRaisesRegex(ValidationError, problem.replace("{", r"\{")):
                self.flow.open_address = address

    def test_it_is_a_part_of_the_definition(self):
        document = self.connector._export_definition()
        self.assertEqual(document["flows"][0]["open_address"], self.flow.open_address)
        document["flows"][0]["open_address"] = "https://other.example/{external_id}"
        self.env["bridge.connector"]._import_definition(document)
        self.assertEqual(self.flow.open_address, "https://other.example/{external_id}")


@tagged("post_install", "-at_install")
class TestNotSynced(BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(self.flow)
        self.here = self.env["res.partner"].create({"name": "Thing of Ours", "email": "thing9@example.com"})
        self.user = new_test_user(self.env, "looks", USER)

    def search(self, model, who):
        return etree.fromstring(self.env[model].with_user(who).get_view(view_type="search")["arch"])

    def filter(self, model, who=None):
        return self.search(model, who or self.user).find(".//filter[@name='bridge_not_synced']")

    def found(self, value, who=None):
        partners = self.env["res.partner"].with_user(who or self.user)
        domain = [("email", "=like", "thing%"), ("bridge_is_synced", "=", value)]
        return sorted(partners.search(domain).mapped("name"))

    def test_the_search_of_a_mapped_model_has_the_filter_and_no_other(self):
        self.assertEqual(self.filter("res.partner").get("domain"), "[('bridge_is_synced', '=', False)]")
        self.assertIsNone(self.filter("res.company"))
        self.assertIsNone(self.filter("res.partner", new_test_user(self.env, "outside", "base.group_user")))
        self.flow.active = False
        self.assertIsNone(self.filter("res.partner"), "no flow maps it any more")

    def test_the_field_shows_only_where_a_flow_maps_the_model(self):
        self.assertIn("bridge_is_synced", self.env["res.partner"].with_user(self.user).fields_get())
        self.assertNotIn("bridge_is_synced", self.env["res.company"].with_user(self.user).fields_get())
        for model in ("bridge.approval", "res.partner"):  # a form of all fields, where a model has no other
            form = self.env[model]._get_default_form_view()
            self.assertFalse(form.xpath("//field[@name='bridge_is_synced']"))
            self.assertTrue(form.xpath("//field"))
        outside = new_test_user(self.env, "outside", "base.group_user")
        self.assertNotIn("bridge_is_synced", self.env["res.partner"].with_user(outside).fields_get())

    def test_it_finds_those_that_no_other_system_has(self):
        self.assertEqual(self.found(False), ["Thing of Ours"])
        self.assertEqual(self.found(True), ["Thing 1", "Thing 2"])
        partner = self.bound(self.flow, 1).with_user(self.user)
        self.assertEqual((partner + self.here.with_user(self.user)).mapped("bridge_is_synced"), [True, False])
        binding = self.env["bridge.binding"].search([("res_id", "=", partner.id), ("flow_id", "=", self.flow.id)])
        binding.state = "removed"
        self.assertEqual(self.found(False), ["Thing 1", "Thing of Ours"])

    def test_it_is_one_join_however_many_are_bound(self):
        """A "NOT IN" of more bindings than work_mem holds is compared row by row: hours where a join takes a second."""
        partners = self.env["res.partner"].with_user(self.user)
        query = partners._search([("bridge_is_synced", "=", False)], order="id")
        self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertIn("Anti Join", plan)
        self.assertNotIn("SubPlan", plan)

    def test_what_other_companies_sync_is_not_told(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.acting.company_ids = [Command.link(other.id)]
        self.connector.company_id = other
        self.env.flush_all()
        self.assertEqual(self.found(True), [])
        self.user.company_ids = [Command.link(other.id)]
        allowed = self.user.with_context(allowed_company_ids=other.ids)
        partners = self.env["res.partner"].with_user(allowed).with_context(allowed_company_ids=other.ids)
        self.assertEqual(len(partners.search([("bridge_is_synced", "=", True), ("email", "=like", "thing%")])), 2)
