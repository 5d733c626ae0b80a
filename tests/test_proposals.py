from odoo.tests import Form, tagged

from .common import BridgeCase


@tagged("post_install", "-at_install")
class TestProposals(BridgeCase):
    """What is proposed while a person types, so that little has to be typed."""

    def test_the_code_follows_from_the_name_until_it_is_typed(self):
        form = Form(self.env["bridge.connector"])
        form.name = "My Web-Shop (Zürich)"
        self.assertEqual(form.code, "my_web_shop_zurich")
        form.code = "shop"
        form.name = "Another Name"
        self.assertEqual(form.code, "shop")

    def test_the_converter_follows_from_the_field(self):
        flow, fields = self.connect(), self.env["ir.model.fields"]
        expected = {
            "country_id": ("many2one_key", '"code"'),
            "category_id": ("many2many_key", '"name"'),
            "active": ("boolean", None),
            "image_1920": ("image", None),
            "name": ("text", None),
        }
        mapping = self.env["bridge.field.mapping"].new({"flow_id": flow.id})
        for name, (converter, option) in expected.items():
            with self.subTest(name):
                mapping.field_id = fields._get("res.partner", name)
                mapping._onchange_field_id()
                self.assertEqual(mapping.converter, converter)
                self.assertEqual(bool(mapping.options), bool(option))
                self.assertIn(option or "", mapping.options or "")
        mapping.converter, mapping.options = "expression", '{"expression": "name"}'
        mapping.field_id = fields._get("res.partner", "country_id")
        mapping._onchange_field_id()
        self.assertEqual(mapping.converter, "expression", "what a person has chosen stays")

    def test_the_parameters_follow_from_the_pagination(self):
        operation = self.env["bridge.operation"].new({"flow_id": self.connect().id, "kind": "list"})
        operation.pagination = "page"
        operation._onchange_pagination()
        self.assertIn('"{page}"', operation.query)
        operation.pagination = "cursor"
        operation._onchange_pagination()
        self.assertIn('"{cursor}"', operation.query)
        operation.query = '{"mine": 1}'
        operation.pagination = "offset"
        operation._onchange_pagination()
        self.assertEqual(operation.query, '{"mine": 1}')

    def test_every_proposed_query_is_taken(self):
        """No proposal is of a way of paging that is not there, or names a placeholder that is unknown."""
        from ..models.bridge_operation import PLACEHOLDERS, USUAL_QUERIES
        from ..remote.pagination import PAGINATORS

        self.assertLessEqual(set(USUAL_QUERIES), set(PAGINATORS))
        named = {value.strip("{}") for query in USUAL_QUERIES.values() for value in query.values()}
        self.assertLessEqual(named, PLACEHOLDERS["list"])

    def test_the_field_that_is_called_just_so_comes_first(self):
        context = {"bridge_mapped_model": "res.partner", "bridge_is_filled": True}
        fields = self.env["ir.model.fields"].with_context(**context)
        domain = [("model", "=", "res.partner")]
        for typed, expected in (("Name", "name"), ("email", "email"), ("Country", "country_id")):
            with self.subTest(typed):
                found = fields.name_search(typed, domain, limit=8)
                self.assertEqual(fields.browse(found[0][0]).name, expected)
                self.assertLessEqual(len(found), 8)
        names = {fields.browse(one).name for one, _label in fields.name_search("Name", domain)}
        self.assertNotIn("complete_name", names, "Odoo makes it itself")
        pushed = fields.with_context(bridge_is_filled=False).name_search("Name", domain)
        self.assertIn("complete_name", {fields.browse(one).name for one, _label in pushed})
        plain = fields.with_context(bridge_mapped_model=None).name_search("Name", domain, limit=8)
        self.assertEqual(plain, self.env["ir.model.fields"].name_search("Name", domain, limit=8))
