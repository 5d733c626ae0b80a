"""Attacks on where credentials go, as they are configured (holes 7 and 8); what is sent is in the unit tests."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common import thing
from .test_attack_acting import AttackCase

STEERING = ("Host", "X-Forwarded-Host", "X_Forwarded_Host", "X-Original-URL", "Forwarded", "Proxy-Authorization")
STEERING += ("Transfer-Encoding", "Content-Length", "Connection", "X-Rewrite-URL")


@tagged("post_install", "-at_install")
class TestWhereCredentialsGo(AttackCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()

    def test_attack_header_that_steers_is_refused_in_connector_and_operation(self):
        for person in (self.adm, self.system):
            for name in STEERING:
                for record in (self.connector, self.flow._operation("list")):
                    refused = self.assertRaisesRegex(ValidationError, "decides where a request goes")
                    with self.subTest(name, person=person.login, model=record._name), refused:
                        record.with_user(person).headers = f'{{"{name}": "evil.example"}}'

    def test_attack_headers_of_a_connector_with_credentials(self):
        self.connector.with_user(self.adm).headers = '{"X-Company": "1"}'
        self.connector._set_secrets({"secret": "x"})
        with self.assertRaisesRegex(AccessError, "has credentials"):
            self.connector.with_user(self.adm).headers = '{"X-Company": "2"}'
        self.connector.with_user(self.system).headers = '{"X-Company": "2"}'

    def test_attack_operation_with_dot_segments(self):
        operation = self.flow._operation("list").with_user(self.adm)
        for path in (
            "/../../tenantEVIL/things",
            "/things/..",
            "/./things",
            "/%2e%2e/x",
            "/..;/x",
            "/a/..\\x",
            "/%252e./x",
        ):
            with self.subTest(path), self.assertRaisesRegex(ValidationError, "a segment"):
                operation.path = path
        operation.path = "/things?back=/../x"

    def test_attack_absolute_path_of_another_tenant_is_not_called(self):
        self.connector.write({"base_url": f"{self.server.url}/tenantA", "auth_scheme": "bearer"})
        self.connector._set_secrets({"secret": "tenant-a-secret"})
        self.flow._operation("list").path = f"{self.server.url}/things"
        self.server.records["things"] = [thing(1)]
        run = self.sync(self.flow)
        self.assertEqual((run.state, run.job_ids.error_kind), ("failed", "rejected"))
        self.assertIn("is not below the base address", run.message)
        self.assertFalse(self.server.requests)
