from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import BridgeCase


@tagged("post_install", "-at_install")
class TestConnect(BridgeCase):
    """From nothing to a connector that can be tried."""

    def setUp(self):
        super().setUp()
        self.uid = self.env.ref("base.user_admin").id

    def connect_by(self, **values):
        form = Form(self.env["bridge.connect"])
        for name, value in values.items():
            form[name] = value
        return form.save()

    def test_an_address_is_enough(self):
        self.server.records["things"] = []
        wizard = self.connect_by(name="My Things", base_url=self.server.url)
        self.env["ir.config_parameter"].sudo().set_param("integration_bridge.allowed_addresses", "127.0.0.1")
        action = wizard.action_create()
        connector = self.env["bridge.connector"].browse(action["params"]["next"]["res_id"])
        self.assertEqual((connector.code, connector.state, connector.user_id), ("my_things", "disabled", self.env.user))
        self.assertIn("add a flow", connector.next_step)
        again = self.connect_by(name="My Things", base_url=self.server.url).action_create()
        other = self.env["bridge.connector"].browse(again["params"]["next"]["res_id"])
        self.assertEqual(other.code, "my_things_2", "the first one stays as it is")

    def test_every_entry_of_the_gallery_makes_a_connector(self):
        for entry, _label in self.env["bridge.connect"]._selection_entry()[1:]:
            with self.subTest(entry):
                wizard = self.connect_by(entry=entry, name=f"Own {entry}")
                self.assertIn("<li>", wizard.about)
                document = wizard._documents()[entry]
                here = [flow for flow in document["flows"] if flow["model"] in self.env]
                self.assertEqual("Left out" in wizard.about, len(here) < len(document["flows"]))
                action = wizard.action_create()
                action = action.get("params", {}).get("next", action)
                connector = self.env["bridge.connector"].browse(action["res_id"])
                self.assertEqual(connector.code, f"own_{entry}")
                self.assertEqual(len(connector.flow_ids), len(here))
                self.assertTrue(connector.next_step)

    def test_what_is_missing_is_said(self):
        with self.assertRaisesRegex(UserError, "enter its base address"):
            self.connect_by(name="No Address").action_create()

    def test_only_administrators_connect(self):
        operator = new_test_user(
            self.env, "no_admin", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        with self.assertRaises(AccessError):
            self.env["bridge.connect"].with_user(operator).create({"name": "x", "base_url": "https://x.example.com"})
