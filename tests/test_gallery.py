from odoo.exceptions import AccessError
from odoo.tests import Form, TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestGallery(TransactionCase):
    """The systems that can be connected are looked through, and one leads to its guide and to its connection."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            role: new_test_user(cls.env, f"gallery_{role}", f"base.group_user,integration_bridge.{group}")
            for role, group in (
                ("operator", "group_integration_bridge_operator"),
                ("administrator", "group_integration_bridge_administrator"),
            )
        }
        cls.gallery = cls.env["bridge.gallery"].with_user(cls.people["administrator"])

    def test_each_definition_is_there_with_a_sentence_and_its_guide(self):
        documents = self.env["bridge.connect"]._documents()
        found = self.gallery.search([])
        self.assertEqual(sorted(found.mapped("entry")), sorted(documents))
        self.assertEqual(found.mapped("name"), sorted(found.mapped("name")))
        for one in found:
            with self.subTest(one.entry):
                self.assertEqual(one.name, documents[one.entry]["connector"]["name"])
                self.assertRegex(one.summary, r"^Syncs .+\.$")
                self.assertIn("<table", one.guide)
                self.assertNotIn("system-message", one.guide)
        self.assertEqual(self.gallery.search([("name", "ilike", "xero")]).entry, "xero")

    def test_the_sentence_says_what_goes_which_way(self):
        flows = [
            {"name": "Contacts", "model": "res.partner", "direction": "both"},
            {"name": "Countries", "model": "res.country"},
            {"name": "Currencies", "model": "res.currency"},
            {"name": "Users", "model": "res.users", "direction": "push"},
            {"name": "People", "model": "res.partner", "parent": "contacts"},
            {"name": "Rockets", "model": "no.such.model"},
        ]
        self.assertEqual(
            self.gallery._sentence(flows),
            "Syncs Contacts both ways; Countries and Currencies to Odoo; Users from Odoo.",
        )
        self.assertIn("no app that is installed", self.gallery._sentence(flows[-1:]))

    def test_it_leads_to_its_guide_and_to_its_connection(self):
        xero = self.gallery.search([("entry", "=", "xero")])
        guide = xero.action_guide()
        self.assertEqual(
            (guide["res_model"], guide["res_id"], guide["views"]), ("bridge.gallery", xero.id, [(False, "form")])
        )
        action = xero.action_connect()
        connect = (
            self.env[action["res_model"]].with_user(self.people["administrator"]).with_context(**action["context"])
        )
        form = Form(connect)
        self.assertEqual((form.entry, form.name, form.auth_scheme), ("xero", xero.name, "oauth2_authorization_code"))
        self.assertTrue(form.base_url)

    def test_what_another_addon_adds_is_there_as_well(self):
        connect = self.env.registry["bridge.connect"]
        own = self.env["bridge.connect"]._documents()
        self.patch(connect, "_documents", lambda _self: {**own, "a'b": {"connector": {"name": "A'b %s"}, "flows": []}})
        self.assertEqual(self.gallery.search([("entry", "=", "a'b")]).name, "A'b %s")

    def test_it_is_for_administrators_and_nobody_writes_it(self):
        with self.assertRaises(AccessError):
            self.gallery.with_user(self.people["operator"]).search([])
        one = self.gallery.search([], limit=1)
        for method in ("action_guide", "action_connect"):
            with self.assertRaises(AccessError):
                getattr(one.with_user(self.people["operator"]), method)()
        for write in (lambda: one.write({"name": "x"}), one.unlink, lambda: one.create({"name": "x"})):
            with self.assertRaises(AccessError):
                write()
