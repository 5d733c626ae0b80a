import base64
import hashlib
import hmac
import json

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL
from odoo.tools.misc import file_open

from ..models.bridge_secrets_mixin import SECRETS
from ..remote.auth import OPTIONS, SCHEMES
from .common import FaultCase, thing
from .servers.connect_proxy import ConnectProxy
from .servers.fault_server import json_answer

SIGNED = {
    "scheme": "hmac",
    "client_id": "key-1",
    "client_id_header": "X-Key",
    "signed_text": "{method}\n{target}\n{timestamp}{nonce}",
    "signature_hash": "sha512",
    "signature_encoding": "hex",
    "signature_header": "X-Sign",
    "signature_format": "v1={signature}",
    "key_encoding": "text",
    "timestamp_header": "X-Time",
    "timestamp_format": "ms",
    "nonce_header": "X-Nonce",
}


@tagged("post_install", "-at_install")
class TestAuthentication(FaultCase):
    def test_definition_keeps_every_option(self):
        cases = [
            SIGNED,
            {"scheme": "oauth1", "client_id": "a", "token_id": "t", "realm": "r", "signature_hash": "sha256"},
            {"scheme": "aws4", "client_id": "a", "region": "eu-central-1", "service": "es"},
            {"scheme": "digest", "username": "ann"},
            {"scheme": "api_key_cookie", "parameter": "sid"},
            {"scheme": "basic_csrf", "username": "ann", "csrf_path": "/service"},
            {"scheme": "login", "username": "ann", "login_path": "/login", "token_cookie": "sid"},
            {
                "scheme": "oauth2_jwt_bearer",
                "token_url": "https://login.example.com/token",
                "client_id": "a",
                "jwt_algorithm": "ES256",
                "jwt_key_id": "7",
                "jwt_claims": {"sub": "ann"},
            },
        ]
        for auth in cases:
            with self.subTest(auth["scheme"]):
                self.connect(auth=auth)
                exported = self.connector._export_definition()
                self.assertEqual(exported["connector"]["auth"], auth)
                self.connector.unlink()
                again = self.env["bridge.connector"]._import_definition(json.loads(json.dumps(exported)))
                self.assertEqual(again._export_definition(), exported)

    def test_request_of_a_connector_is_signed(self):
        self.connect(auth=SIGNED)
        self.connector.secret = "sesame"
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.connector.action_test_connection()["params"]["type"], "success")
        request = self.remote.requests[-1]
        sent = request.headers
        text = f"{request.method}\n{request.target}\n{sent['x-time']}{sent['x-nonce']}"
        expected = hmac.new(b"sesame", text.encode(), hashlib.sha512).hexdigest()
        self.assertEqual((sent["x-sign"], sent["x-key"]), (f"v1={expected}", "key-1"))

    def test_misuse_is_refused_when_it_is_saved(self):
        self.connect()
        cases = [
            ({"auth_scheme": "hmac"}, "“Signed Text” is missing"),
            ({"auth_scheme": "hmac", "auth_signed_text": "{bodies}"}, "Unknown placeholder {bodies}"),
            ({"auth_scheme": "hmac", "auth_signed_text": "{nonce}"}, "signed, but not sent"),
            ({"auth_scheme": "oauth1"}, "“Client ID” is missing"),
            ({"auth_scheme": "oauth1", "auth_client_id": "a", "auth_signature_hash": "md5"}, "no MD5"),
            ({"auth_scheme": "aws4", "auth_client_id": "a", "auth_region": "b"}, "“Service” is missing"),
            ({"auth_scheme": "oauth2_jwt_bearer"}, "“Token Address” is missing"),
            (
                {"auth_scheme": "oauth2_jwt_bearer", "auth_token_url": "https://a.example", "auth_jwt_claims": "[]"},
                "must look like",
            ),
            (
                {
                    "auth_scheme": "oauth2_jwt_bearer",
                    "auth_token_url": "https://a.example",
                    "auth_jwt_claims": '{"exp": 1}',
                },
                "“exp” is set already",
            ),
        ]
        for values, words in cases:
            with self.subTest(**values), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                self.connector.write(values)

    def test_secret_that_can_not_be_used_is_refused_when_it_is_typed(self):
        self.connect(auth={"scheme": "oauth2_jwt_bearer", "token_url": "https://a.example/token"})
        with self.assertRaisesRegex(ValidationError, "not a private key for RS256") as caught, self.cr.savepoint():
            self.connector.secret = "not-a-key-4711"
            self.env.flush_all()
        self.assertNotIn("4711", str(caught.exception))
        self.connector.invalidate_recordset()
        self.assertFalse(self.connector.has_secret)

    def test_every_secret_is_sealed_hidden_guarded_and_neutralized(self):
        self.connect()
        administrator = self.env.ref("base.user_admin")
        for name in SECRETS:
            with self.subTest(name):
                self.connector.write({name: f"typed-{name}"})
                self.env.invalidate_all()
                self.assertFalse(self.connector[name])
                self.assertTrue(self.connector[f"has_{name}"])
                self.assertNotIn("typed", self.connector.sudo()[f"{name}_sealed"])
                self.assertEqual(self.connector._fields[name].groups, "base.group_system")
                with self.assertRaises(AccessError):
                    self.connector.with_user(administrator).read([f"{name}_sealed"])
        self.assertEqual(self.connector._unsealed(), {name: f"typed-{name}" for name in SECRETS})
        self.assertEqual(self.connector.copy()._unsealed(), {})
        self.env.flush_all()
        with file_open("integration_bridge/data/neutralize.sql") as script:
            self.cr.execute(SQL(script.read()))
        self.env.invalidate_all()
        self.assertEqual(self.connector._unsealed(), {})

    def test_requests_go_through_the_proxy_of_the_connector(self):
        credentials = "Basic " + base64.b64encode(b"bridge:pa:ss@word").decode()
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        with ConnectProxy(credentials=credentials) as proxy:
            self.connector.write({"proxy": "own", "proxy_url": proxy.url, "proxy_username": "bridge"})
            message = self.connector.action_test_connection()["params"]["message"]
            self.assertIn("(proxy) does not accept its user name and password", message)
            self.connector.proxy_password = "pa:ss@word"
            self.assertEqual(self.sync(flow).state, "done")
            self.assertEqual({*proxy.asked}, {f"127.0.0.1:{self.remote.port}"})
            exchanges = self.env["bridge.exchange"].search([("connector_id", "=", self.connector.id)])
            self.assertNotIn("pa:ss@word", str(exchanges.read()))
            self.connector.proxy = "none"
            asked = len(proxy.asked)
            self.assertEqual(self.sync(flow).state, "done")
            self.assertEqual(len(proxy.asked), asked)

    def test_misuse_of_a_proxy_is_refused(self):
        self.connect()
        for values, words in [
            ({"proxy": "own"}, "enter the address of the proxy"),
            ({"proxy": "own", "proxy_url": "http://ann:pw@proxy.example:1"}, "there it is encrypted"),
            ({"proxy": "own", "proxy_url": "socks5://proxy.example:1"}, "must look like http://"),
            ({"proxy_url": "proxy"}, "must look like http://"),
        ]:
            with self.subTest(**values), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                self.connector.write(values)

    def test_proxy_is_for_system_administrators(self):
        self.connect()
        person = new_test_user(self.env, "bridge_admin", "integration_bridge.group_integration_bridge_administrator")
        for values in ({"proxy": "environment"}, {"proxy_url": "http://10.0.0.1:1"}, {"proxy_username": "x"}):
            with self.subTest(**values), self.assertRaises(AccessError):
                self.connector.with_user(person).write(values)

    def test_cookies_are_kept_where_the_connector_says_so(self):
        flow = self.connect(cookies=True)
        self.server.records["things"] = [thing(number) for number in range(1, 6)]
        self.assertIs(self.connector._export_definition()["connector"]["cookies"], True)
        for expected in ("node=1", None):
            self.remote.requests.clear()
            self.remote.script(
                lambda connection, request: json_answer(
                    self.server.answer(request.path, request.query)[1], 200, {"Set-Cookie": "node=1; Path=/"}
                )(connection, request)
            )
            self.sync(flow, full=True)
            self.assertEqual([one.headers.get("cookie") for one in self.remote.requests], [None, expected])
            self.connector.keep_cookies = False

    def test_form_shows_what_a_scheme_uses_and_nothing_else(self):
        self.connect()
        with Form(self.connector) as form:
            for name, scheme in SCHEMES.items():
                form.auth_scheme = name
                shown = {one for one in OPTIONS if not form._get_modifier(f"auth_{one}", "invisible")}
                secrets = {one for one in SECRETS[:3] if not form._get_modifier(one, "invisible")}
                with self.subTest(name):
                    self.assertEqual((shown, secrets), (set(scheme.fields), set(scheme.secrets)))
            form.auth_scheme = "none"

    def test_digest_is_answered_and_its_question_is_no_failure(self):
        flow = self.connect(auth={"scheme": "digest", "username": "ann"})
        self.connector.secret = "sesame"
        self.server.records["things"] = [thing(1)]
        self.remote.script(json_answer({}, 401, {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}))
        self.assertEqual(self.sync(flow).state, "done")
        self.assertIn('username="ann"', self.remote.requests[-1].headers["authorization"])
