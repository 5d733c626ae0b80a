"""Where a database is at home, and what happens when it wakes up elsewhere."""

import json
import tempfile

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..models.bridge_instance import HELD, KNOWN
from .common import BridgeCase, thing


@tagged("post_install", "-at_install")
class TestInstance(BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.instance = self.env["bridge.instance"]
        self.parameters = self.env["ir.config_parameter"].sudo()

    def move(self):
        """Odoo finds another data directory."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.addCleanup(config.__setitem__, "data_dir", config["data_dir"])
        config["data_dir"] = directory.name

    def say(self, is_same):
        connector = self.connector.with_user(self.env.ref("base.user_admin"))
        connector.action_same_system() if is_same else connector.action_is_copy()

    def test_at_home_nobody_is_asked(self):
        self.assertTrue(self.instance._is_at_home())
        self.assertFalse(self.connector.instance_question)

    def test_another_directory_number_or_frozen_address_is_another_place(self):
        self.parameters.set_param("web.base.url", "https://other.example.com")
        self.assertTrue(self.instance._is_at_home(), "Odoo changes it at each login")
        for key in ("database.uuid", "web.base.url.freeze"):
            kept = self.parameters.get_param(key)
            self.parameters.set_param(key, "x")
            with self.subTest(key):
                self.assertFalse(self.instance._is_at_home())
            self.parameters.set_param(key, kept)
        self.move()
        self.assertFalse(self.instance._is_at_home())

    def test_elsewhere_nothing_is_called_or_taken_and_everything_says_so(self):
        self.server.records["things"] = [thing(1)]
        self.flow._enqueue("manual")
        self.move()
        self.work()
        self.assertEqual(self.server.requests, [])
        self.assertEqual(self.connector.state, "preview")
        self.connector.invalidate_recordset()
        self.assertIn("moved, or it is a copy", self.connector.instance_question)
        self.assertEqual([one["kind"] for one in self.env["bridge.alert"]._situations().values()], ["moved"])
        self.assertIn("moved, or it is a copy", self.connector.action_test_connection()["params"]["message"])
        with self.assertRaisesRegex(UserError, "moved, or it is a copy"):
            self.connector.action_set_live()
        with self.assertRaisesRegex(UserError, "moved, or it is a copy"):
            self.flow._check_called("pull")
        self.work()
        self.assertEqual(self.server.requests, [])
        self.assertEqual(json.loads(self.parameters.get_param(HELD)), self.connector.ids)

    def test_same_system_goes_on_and_is_asked_once(self):
        self.move()
        self.work()
        self.say(is_same=True)
        self.assertEqual((self.connector.state, self.connector.instance_question), ("live", False))
        self.assertEqual(len(json.loads(self.parameters.get_param(KNOWN))), 2, "at home in both places")
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.sync(self.flow).created, 1)

    def test_copy_stays_in_preview_and_gives_up_what_waited(self):
        run = self.flow._enqueue("manual")
        self.env["bridge.change"]._note(self.flow.id, "res.partner", [1])
        self.env.cr.flush()
        self.move()
        self.work()
        self.say(is_same=False)
        self.assertEqual((self.connector.state, run.job_ids.state), ("preview", "cancelled"))
        self.assertFalse(self.env["bridge.change"].search([]))
        self.assertTrue(self.instance._is_at_home())
        self.connector.state = "live"  # a person may want that after all

    def test_only_an_administrator_of_odoo_says_what_it_is(self):
        group = "base.group_user,integration_bridge.group_integration_bridge_administrator"
        administrator = new_test_user(self.env, "bridge_configurer", group)
        self.move()
        for button in ("action_same_system", "action_is_copy"):
            with self.subTest(button), self.assertRaises(AccessError):
                getattr(self.connector.with_user(administrator), button)()
        self.assertFalse(self.instance._is_at_home())
