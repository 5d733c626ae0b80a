from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import BridgeCase, thing


@tagged("post_install", "-at_install")
class TestConnector(BridgeCase):
    """Promise 5: what is wrong with a connection is said in words."""

    def message(self):
        return self.connector.action_test_connection()["params"]

    def test_connection_that_works_says_what_it_found(self):
        self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.assertEqual(self.message()["type"], "success")
        self.assertEqual(self.message()["message"], "Things: records on the first page: 2.")

    def test_what_would_fail_or_is_empty_is_said_as_a_doubt(self):
        """Cases A15, A16: a list with nothing in it, and first records that the mapping can not read."""
        self.connect()
        cases = [
            ([], "if there are none yet"),
            ([thing(1), {**thing(2), "name": {"first": "Ann"}}], "1 of them can not be read"),
            ([{"name": "Ann"}], "can not be read"),
            ([{"id": 1, "updated": 1}], "None of them has: name, email, phone"),
        ]
        for records, words in cases:
            with self.subTest(words=words):
                self.server.records["things"] = records
                message = self.message()
                self.assertEqual((message["type"], message["sticky"]), ("warning", True))
                self.assertIn(words, message["message"])

    def test_connection_without_a_flow_needs_nothing_at_the_base_address(self):
        self.connect()
        self.connector.flow_ids.unlink()
        self.server.faults = [(404, {}, b"")]
        message = self.message()
        self.assertEqual((message["type"], message["title"]), ("warning", "The other system answers"))
        self.assertIn("status 404. Whether address and sign-in are right", message["message"])
        self.server.faults = [(200, {}, b"{}")]
        self.assertEqual(self.message()["type"], "success")

    def test_test_of_the_connection_shows_no_credential(self):
        self.connect()
        self.connector.flow_ids.unlink()
        key = "S3cretKeyValue-987654321"
        self.connector.write({"auth_scheme": "api_key_query", "auth_parameter": "k", "secret": key})
        for path in ("", "/v1"):
            with self.subTest(path=path):
                self.connector.base_url = self.server.url + path
                message = self.message()
                self.assertEqual(message["type"], "success")
                self.assertIn(self.server.url, message["message"])
                self.assertNotIn("987654321", message["message"])
        self.assertEqual(self.server.requests[0][2]["k"], key)

    def test_connection_that_fails_says_why(self):
        self.connect()
        address = self.server.url
        refused = "http://127.0.0.1:1"
        cases = [
            ("http://no-such-host.invalid", None, "was not found"),
            (refused, None, "refused the connection"),
            (address.replace("http", "https"), None, "does not speak TLS"),
            (address, (401, {}, b"{}"), "credentials"),
            (address, (404, {}, b"{}"), "path"),
            (address, (200, {"Content-Type": "text/html"}, b"<html></html>"), "web page instead of JSON"),
            (address, (200, {"Content-Type": "application/json"}, b'{"other": []}'), "no records at items"),
            (address, (200, {}, b""), "answered with nothing"),
        ]
        for url, fault, words in cases:
            with self.subTest(words):
                self.connector.base_url = url
                self.server.faults = [fault] if fault else []
                result = self.message()
                self.assertEqual(result["type"], "danger")
                self.assertIn(words, result["message"])

    def test_private_address_is_refused_unless_it_is_allowed(self):
        self.connect()
        self.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "")
        self.assertIn("Allowed Private Addresses", self.message()["message"])
        self.assertFalse(self.server.requests)
        self.connector.allowed_addresses = "10.0.0.0/8, 127.0.0.1"
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.message()["type"], "success")

    def test_bad_configuration_is_refused_when_it_is_saved(self):
        self.connect()
        cases = [
            ({"base_url": "ftp://example.com"}, "http:// or https://"),
            ({"base_url": "http://"}, "http:// or https://"),
            ({"base_url": "https://user:pw@example.com"}, "user name"),
            ({"base_url": "http://example.com:port"}, "http:// or https://"),
            ({"headers": '{"Authorization": "Bearer x"}'}, "credentials"),
            ({"headers": '{"X-Shop-Access-Token": "x"}'}, "credentials"),
            ({"headers": '{"X-One": 1}'}, "must be text"),
            ({"headers": "{oops"}, "not valid JSON"),
            ({"headers": "[]"}, "must look like"),
            ({"code": "Bad Code"}, "small letters"),
            ({"allowed_addresses": "10.0.0.300/24"}, "not a host name"),
            ({"user_id": self.env.ref("base.user_root").id}, "can not be the acting user"),
            ({"user_id": False}, "needs an acting user"),
            ({"auth_scheme": "oauth2_client_credentials"}, "“Token Address” is missing"),
            ({"auth_scheme": "login"}, "“Login Path” is missing"),
            ({"auth_login_body": '{"a": "{nope}"}'}, "nope"),
            ({"auth_token_path": "a["}, "not a JMESPath"),
        ]
        for values, words in cases:
            with self.subTest(**values), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                self.connector.write(values)

    def test_acting_user_must_belong_to_the_company(self):
        self.connect()
        company = self.env["res.company"].create({"name": "Other"})
        with self.assertRaisesRegex(ValidationError, "no access to Other"):
            self.connector.company_id = company

    def test_secret_is_encrypted_write_only_and_not_copied(self):
        self.connect(auth={"scheme": "bearer"})
        self.connector.secret = "open sesame"
        self.env.invalidate_all()
        self.assertFalse(self.connector.secret, "it can not be read back")
        self.assertTrue(self.connector.has_secret)
        self.assertNotIn("sesame", self.connector.sudo().secret_sealed)
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.message()["type"], "success")
        self.connector.write({"name": "Renamed", "secret": False})
        self.assertTrue(self.connector.has_secret, "a form without a new secret keeps the old one")
        self.assertFalse(self.connector.copy().has_secret)
        self.assertNotIn("secret_sealed", self.connector.with_user(self.env.ref("base.user_admin")).read()[0])

    def test_sync_of_all_flows(self):
        self.connect()
        self.connector.action_sync()
        self.assertEqual(self.env["bridge.run"].search([("connector_id", "=", self.connector.id)]).state, "pending")
