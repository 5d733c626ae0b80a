"""The webhook at the other system: registered once, renewed, and registered again where it is gone."""

import json
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, things_flow
from .servers.fault_server import FaultServer, json_answer

REGISTRATION = {
    "find": {"path": "/hooks"},
    "create": {"path": "/hooks", "body": {"url": "{address}", "events": "{events}"}},
    "renew": {"method": "PATCH", "path": "/hooks/{hook_id}", "body": {"until": "{expires}"}},
    "delete": {"path": "/hooks/{hook_id}"},
    "address": "url",
    "secret": "key",
    "days": 3,
}
WEBHOOK = {
    "scheme": "hmac",
    "header": "X-Signature",
    "hash": "sha512",
    "encoding": "base64",
    "addresses": "127.0.0.0/8",
    "tolerance": 60,
    "places": {"id": "delivery", "event": "header:X-Event", "time": None},
    "challenge": {"in": "query", "name": "challenge"},
    "registration": REGISTRATION,
    "routes": [
        {"event": "thing.deleted", "flow": "things", "action": "delete", "path": "id"},
        {"event": "thing.*", "flow": "things", "action": "payload", "path": "data", "version": "at"},
    ],
}


class Hooks:
    """A system that keeps webhooks."""

    def __init__(self):
        self.known, self.calls, self.refuses = {}, [], False

    def __call__(self, connection, request):
        self.calls.append(f"{request.method} {request.path}")
        number = request.path.rpartition("/")[2]
        if self.refuses:
            return json_answer({"message": "not now"}, 403)(connection, request)
        if request.method == "POST":
            number = str(len(self.calls))
            self.known[number] = {"id": number, **json.loads(request.body)}
            return json_answer({**self.known[number], "key": f"made-there-{number}"}, 201)(connection, request)
        if request.method == "GET":
            return json_answer(list(self.known.values()))(connection, request)
        if number not in self.known:
            return json_answer({}, 404)(connection, request)
        if request.method == "DELETE":
            del self.known[number]
        return json_answer({"id": number})(connection, request)


@tagged("post_install", "-at_install")
class TestRegistration(BridgeCase):
    def setUp(self):
        super().setUp()
        self.remote = FaultServer()
        self.addCleanup(self.remote.close)
        self.hooks = self.remote.fallback = Hooks()
        self.connect(webhook=WEBHOOK)
        self.connector.base_url = self.remote.url

    def keep(self):
        with self.enter_registry_test_mode():
            self.env.ref("integration_bridge.ir_cron_keep_registered").method_direct_trigger()
        self.env.invalidate_all()

    def test_registering_twice_registers_once(self):
        self.connector.action_register_hook()
        self.connector.action_register_hook()
        self.assertEqual(self.hooks.calls, ["GET /hooks", "POST /hooks", "GET /hooks"])
        (there,) = self.hooks.known.values()
        self.assertEqual(there["url"], self.connector.hook_address)
        self.assertEqual(there["events"], ["thing.deleted", "thing.*"])
        self.assertEqual(self.connector.hook_remote_id, there["id"])
        self.assertEqual(self.connector._hook().secrets[0], f"made-there-{there['id']}")

    def test_what_is_registered_is_renewed_before_it_ends(self):
        self.connector.action_register_hook()
        self.keep()
        self.assertEqual(len(self.hooks.calls), 2)
        now = fields.Datetime.now()
        self.connector.hook_expires = fields.Datetime.add(now, hours=2)
        self.connector.hook_registered = fields.Datetime.subtract(now, days=3)
        self.keep()
        self.assertEqual(self.hooks.calls[2:], [f"PATCH /hooks/{self.connector.hook_remote_id}"])
        self.assertGreater(self.connector.hook_expires, fields.Datetime.add(now, days=2))

    def test_what_is_gone_there_is_registered_again(self):
        self.connector.action_register_hook()
        old = self.connector.hook_remote_id
        self.hooks.known.clear()
        self.connector.hook_checked = fields.Datetime.subtract(fields.Datetime.now(), days=2)
        self.keep()
        self.assertEqual(len(self.hooks.known), 1)
        self.assertNotEqual(self.connector.hook_remote_id, old)

    def test_what_can_not_be_kept_is_told_until_it_can(self):
        self.connector.action_register_hook()
        self.hooks.refuses = True
        self.connector.hook_checked = False
        self.keep()
        self.assertIn("not now", self.connector.hook_problem)
        kinds = [one["kind"] for one in self.env["bridge.alert"]._situations(self.connector).values()]
        self.assertIn("hook", kinds)
        self.hooks.refuses = False
        self.keep()
        self.assertFalse(self.connector.hook_problem)

    def test_unregistering_takes_it_back_also_twice(self):
        self.connector.action_register_hook()
        self.connector.action_unregister_hook()
        self.assertFalse(self.hooks.known or self.connector.hook_remote_id)
        self.connector.action_unregister_hook()

    def test_copied_database_does_not_touch_it(self):
        self.connector.action_register_hook()
        self.connector.hook_checked = False
        with patch.object(type(self.env["bridge.instance"]), "_is_at_home", lambda instance: False):
            self.keep()
            with self.assertRaisesRegex(UserError, "moved, or it is a copy"):
                self.connector.action_register_hook()
        self.assertEqual(len(self.hooks.calls), 2)

    def test_who_sets_no_credentials_does_not_register(self):
        administrator = new_test_user(
            self.env,
            "bridge_configurer",
            "base.group_user,base.group_partner_manager,integration_bridge.group_integration_bridge_administrator",
        )
        for method in ("action_register_hook", "action_unregister_hook"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(self.connector.with_user(administrator), method)()

    def test_misuse_is_refused_in_words(self):
        for text, words in (("{", "valid JSON"), ('{"find": {}}', "needs “create”"), ("[]", "must look like")):
            with self.subTest(text=text), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                self.connector.hook_registration = text
        self.connector.hook_registration = False
        with self.assertRaisesRegex(UserError, "by hand"):
            self.connector.action_register_hook()


@tagged("post_install", "-at_install")
class TestDefinition(BridgeCase):
    def test_webhook_goes_with_the_definition_and_its_secrets_do_not(self):
        self.connect(webhook=WEBHOOK)
        self.connector._keep_hook_secret("our-webhook-secret", 0)
        exported = self.connector._export_definition()
        text = json.dumps(exported)
        self.assertNotIn("our-webhook-secret", text)
        self.assertNotIn(self.connector.hook_address.rpartition("/")[2], text)
        given = exported["connector"]["webhook"]
        self.assertEqual(given, {**given, **WEBHOOK, "routes": given["routes"]})
        self.assertEqual([route["event"] for route in given["routes"]], ["thing.deleted", "thing.*"])
        address = self.connector.hook_address
        self.env["bridge.connector"]._import_definition(exported)
        self.assertEqual(self.connector._export_definition(), exported)
        self.assertEqual((self.connector.hook_address, self.connector.has_hook_secret), (address, True))
        self.connector.unlink()
        again = self.env["bridge.connector"]._import_definition(json.loads(text))
        self.assertEqual(again._export_definition(), exported)
        self.assertNotEqual(again.hook_address, address)

    def test_routes_are_updated_and_removed_and_a_silent_definition_leaves_them(self):
        self.connect(webhook=WEBHOOK)
        document = self.connector._export_definition()
        routes = self.connector.route_ids
        document["connector"]["webhook"]["routes"] = [{**WEBHOOK["routes"][1], "event": "x"}]
        self.env["bridge.connector"]._import_definition(document)
        self.assertEqual((self.connector.route_ids, routes[0].event), (routes[0], "x"))
        del document["connector"]["webhook"]
        self.env["bridge.connector"]._import_definition(document)
        self.assertTrue(self.connector.hook_scheme and self.connector.route_ids)
        document["connector"]["webhook"] = None
        self.env["bridge.connector"]._import_definition(document)
        self.assertFalse(self.connector.hook_scheme or self.connector.route_ids)

    def test_mistakes_are_named_with_their_place(self):
        for values, words in (
            ({"scheme": "hmacs"}, "connector.webhook.scheme: there is no “hmacs”"),
            ({"routes": [{"flow": "other", "action": "fetch"}]}, r"connector.webhook.routes\[0\].flow"),
            ({"routes": [{"flow": "things", "action": "take"}]}, "take"),
            ({"secret": "x"}, "secret"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(UserError, words):
                self.connect(things_flow(), webhook={**WEBHOOK, **values})
