from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from ..models import bridge_authentication_mixin
from .common import definition, thing
from .servers.authorization_server import AuthorizationServer
from .servers.fault_server import json_answer

GROUPS = "integration_bridge.group_integration_bridge_administrator"


@tagged("post_install", "-at_install")
class TestAuthorization(HttpCase):
    """*Connect*: from the button to the authorization server, and back into Odoo."""

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
        self.env["bridge.connector"].search([]).write({"state": "disabled"})
        self.back = self.base_url() + bridge_authentication_mixin.CALLBACK
        self.env["ir.config_parameter"].set_param("web.base.url", self.base_url())
        things = json_answer({"items": [thing(1)], "total": 1})
        self.provider = AuthorizationServer(self.back, things)
        self.addCleanup(self.provider.close)
        auth = {
            "scheme": "oauth2_authorization_code",
            "authorize_url": self.provider.url + "/authorize",
            "token_url": self.provider.url + "/token",
            "client_id": "bridge",
            "authorize_parameters": {"prompt": "consent"},
        }
        document = definition(self.provider.url, auth=auth)
        self.connector = self.env["bridge.connector"]._import_definition(document)
        self.assertEqual(self.connector._export_definition()["connector"]["auth"], auth)
        self.connector._set_secrets({"secret": self.provider.client_secret})
        for login, groups in (("chief", f"{GROUPS},base.group_system"), ("second", f"{GROUPS},base.group_system")):
            new_test_user(self.env, login, groups, password=login)
        new_test_user(self.env, "configurer", GROUPS, password="configurer")
        self.authenticate("chief", "chief")

    def press_connect(self):
        """What the web client does; the address that the person is sent to."""
        called = {"model": "bridge.connector", "method": "action_connect", "args": [[self.connector.id]], "kwargs": {}}
        action = self.make_jsonrpc_request("/web/dataset/call_button/bridge.connector/action_connect", called)
        self.assertEqual((action["type"], action["target"]), ("ir.actions.act_url", "self"))
        return action["url"]

    def agree(self, url):
        """The person's browser at the authorization server; where it is sent back to."""
        answer = requests.get(url, allow_redirects=False, timeout=10)
        self.assertEqual(answer.status_code, 302, answer.text)
        return answer.headers["Location"]

    def come_back(self, url):
        self.assertTrue(url.startswith(self.back))
        answer = self.url_open(url, allow_redirects=False)
        self.env.invalidate_all()
        return answer

    def test_administrator_connects_and_the_next_run_has_its_tokens(self):
        answer = self.come_back(self.agree(self.press_connect()))
        self.assertEqual(answer.status_code, 303)
        self.assertTrue(answer.headers["Location"].endswith(f"/odoo/bridge/{self.connector.id}"))
        self.assertTrue(self.connector.has_refresh_token)
        self.assertEqual({self.connector._unsealed()["refresh_token"]}, self.provider.refresh_tokens)
        self.assertIn("the other system agreed", self.connector.message_ids[0].body)
        message = self.connector.action_test_connection()["params"]
        self.assertEqual(message["type"], "success", message)
        self.assertEqual(len(self.provider.refreshed), 1)

    def test_answer_counts_once(self):
        url = self.agree(self.press_connect())
        self.come_back(url)
        asked = len(self.provider.requests)
        answer = self.come_back(url)
        self.assertEqual((answer.status_code, len(self.provider.requests)), (400, asked))
        self.assertIn("Nobody here has asked for this", answer.text)

    def test_answer_to_no_question_is_refused(self):
        """Somebody sends a link with a code of theirs, so that their data would come in (RFC 6749 section 10.12)."""
        code = dict(parse_qsl(urlsplit(self.agree(self.press_connect())).query))["code"]
        for parameters in ({"code": code}, {"code": code, "state": "made-up"}, {}):
            with self.subTest(parameters):
                self.assertEqual(self.come_back(f"{self.back}?{urlencode(parameters)}").status_code, 400)
        self.assertFalse(self.connector.has_refresh_token)
        self.assertNotIn("/token", [request.path for request in self.provider.requests])

    def test_answer_in_another_session_is_refused(self):
        url = self.agree(self.press_connect())
        for login in ("second", "chief"):
            self.authenticate(login, login)
            self.assertEqual(self.come_back(url).status_code, 400)
        self.assertFalse(self.connector.has_refresh_token)

    def test_answer_without_a_session_leads_to_the_login(self):
        url = self.agree(self.press_connect())
        self.authenticate(None, None)
        answer = self.come_back(url)
        self.assertIn("/web/login", answer.headers["Location"])
        self.assertFalse(self.connector.has_refresh_token)

    def test_late_answer_is_refused(self):
        self.patch(bridge_authentication_mixin, "PATIENCE", -1)
        answer = self.come_back(self.agree(self.press_connect()))
        self.assertEqual(answer.status_code, 400)
        self.assertIn("took too long", answer.text)
        self.assertFalse(self.connector.has_refresh_token)

    def test_person_who_lost_the_right_meanwhile_is_refused(self):
        url = self.agree(self.press_connect())
        chief = self.env["res.users"].search([("login", "=", "chief")])
        chief.group_ids -= self.env.ref("base.group_system")
        self.assertEqual(self.come_back(url).status_code, 403)
        self.assertFalse(self.connector.has_refresh_token)

    def test_only_who_may_set_credentials_connects(self):
        for login in ("configurer", "chief"):
            person = self.env["res.users"].search([("login", "=", login)])
            with self.subTest(login), self.assertRaises(AccessError if login == "configurer" else UserError):
                self.connector.with_user(person).action_connect()  # the second has no browser session here

    def test_button_is_for_schemes_that_a_person_agrees_to(self):
        self.connector.auth_scheme = "none"
        called = {"model": "bridge.connector", "method": "action_connect", "args": [[self.connector.id]], "kwargs": {}}
        answer = self.url_open(
            "/web/dataset/call_button/bridge.connector/action_connect",
            json={"jsonrpc": "2.0", "method": "call", "params": called},
        )
        self.assertIn("Choose an authentication that a person agrees to", answer.text)

    def test_person_who_does_not_agree_is_told_what_was_said(self):
        self.provider.agrees = False
        answer = self.come_back(self.agree(self.press_connect()))
        self.assertEqual(answer.status_code, 400)
        self.assertIn("access_denied: The &lt;b&gt;person", answer.text)
        self.assertIn(f"/odoo/bridge/{self.connector.id}", answer.text)

    def test_code_that_is_refused_is_told_and_nothing_is_kept(self):
        url = self.agree(self.press_connect())
        self.provider.codes.clear()
        answer = self.come_back(url)
        self.assertEqual(answer.status_code, 400)
        self.assertIn("refused to give a token", answer.text)
        self.assertFalse(self.connector.has_refresh_token)

    def test_several_may_be_asked_and_the_oldest_are_forgotten(self):
        urls = [self.agree(self.press_connect()) for _time in range(bridge_authentication_mixin.MOST_PENDING + 1)]
        self.assertEqual(self.come_back(urls[0]).status_code, 400)
        self.assertEqual(self.come_back(urls[1]).status_code, 303)
