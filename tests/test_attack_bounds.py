"""Attacks by what is stored and typed: pictures that are none, depth, cost, time, literal secrets (holes 12 to 17)."""

import base64
import io
import json

from PIL import Image

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..road.pull.related import is_image
from .common import field, list_operation, thing, things_flow
from .test_attack_acting import AttackCase

PAGE = b"<html><body>Internal: salaries</body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(kind="PNG"):
    written = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(written, kind)
    return written.getvalue()


# What is no picture, although it begins or is called like one.
NO_PICTURES = {
    "page": PAGE,
    "page_behind_a_comment": b"<!-- svg -->" + PAGE,
    "svg": SVG,
    "svg_behind_a_declaration": b'<?xml version="1.0"?>' + SVG,
    "xml": b"<?xml version='1.0'?><secrets/>",
    "pdf": b"%PDF-1.7 ...",
    "text": b"root:x:0:0:root:/root:/bin/bash",
    "magic_only": b"\x89PNG\r\n\x1a\n" + PAGE,
    "jpeg_magic_only": b"\xff\xd8\xff\xe0" + PAGE,
    "nothing": b"",
}


@tagged("post_install", "-at_install")
class TestPictures(AttackCase):
    def photos(self, *documents, **options):
        photo = field("image_1920", "photo", "image", **options)
        flow = self.connect(things_flow(page_size=20, fields=[*things_flow()["fields"], photo]))
        self.server.records["things"] = [thing(number, photo=one) for number, one in enumerate(documents, 1)]
        self.sync(flow)
        return [bool(self.bound(flow, number).image_1920) for number in range(1, len(documents) + 1)]

    def test_pictures_are_known_by_how_they_begin(self):
        for kind in ("PNG", "JPEG", "GIF", "BMP"):
            self.assertTrue(is_image(picture(kind), f"image/{kind.lower()}"), kind)
            self.assertTrue(is_image(picture(kind)), kind)

    def test_attack_page_of_another_system_behind_an_address(self):
        self.server.files = {f"/{name}.png": ("image/png", content) for name, content in NO_PICTURES.items()}
        self.server.files["/typed.png"] = ("text/html; charset=utf-8", picture())
        self.server.files["/right.png"] = ("image/png", picture())
        self.addCleanup(self.server.files.clear)
        found = self.photos(*self.server.files)
        self.assertEqual(found, [False] * (len(NO_PICTURES) + 1) + [True])

    def test_attack_page_inside_the_record(self):
        contents = [base64.b64encode(content).decode() for content in (*NO_PICTURES.values(), picture()) if content]
        found = self.photos(*contents, options={"inline": True})
        self.assertEqual(found, [False] * (len(contents) - 1) + [True])

    def test_attack_picture_of_another_port_of_an_allowed_host(self):
        dead = f"http://127.0.0.1:{int(self.server.url.rpartition(':')[2]) + 1}/web/login"
        self.assertEqual(self.photos(dead), [False])
        self.assertIn("private address", self.failures(self.connector.flow_ids).error_message)


@tagged("post_install", "-at_install")
class TestBounds(AttackCase):
    def test_attack_import_file_that_is_nested_without_end(self):
        for depth in (102, 5_000, 200_000):
            content = base64.b64encode(b"[" * depth + b"]" * depth)
            wizard = self.env["bridge.definition.import"].with_user(self.adm).create({"file": content})
            with self.subTest(depth), self.assertRaisesRegex(UserError, "nested too deeply"):
                wizard.action_import()

    def test_attack_json_in_a_form_that_is_nested_without_end(self):
        connector = self.own()
        for depth in (102, 5_000, 200_000):
            with self.subTest(depth), self.assertRaisesRegex(ValidationError, "nested too deeply"):
                connector.headers = '{"a":' * depth + "1" + "}" * depth

    def test_attack_expression_that_doubles_with_each_step(self):
        flow = self.connect()
        for text in ("[@,@]" + "|[@,@][]" * 24, "(" * 5_000 + "@" + ")" * 5_000, "a" * 5_000 + "[0]"):
            with self.subTest(text[:20]), self.assertRaisesRegex(ValidationError, "expression"):
                flow.with_user(self.adm).id_path = text

    @mute_logger("odoo.sql_db")
    def test_attack_time_outs_without_end(self):
        connector = self.own()
        limits = {"connect_timeout": 300, "read_timeout": 3600, "total_timeout": 3600}
        for name, limit in limits.items():
            connector[name] = limit
            connector.flush_recordset()
            for value in (limit + 1, 1e9, float("inf"), float("nan"), 0, -1):
                with self.subTest(name, value=value), self.assertRaises(Exception) as caught, self.env.cr.savepoint():
                    connector[name] = value
                    connector.flush_recordset()
                self.assertIn("bridge_connector", str(caught.exception))
                self.env.invalidate_all()

    def test_attack_unknown_model_is_an_error_in_words(self):
        flows = self.env["bridge.flow"].with_user(self.operator)
        for name in ("no.such.model", "", "__class__", None):
            with self.subTest(name), self.assertRaisesRegex(UserError, "There is no model"):
                flows.action_sync_records(name, [1])


@tagged("post_install", "-at_install")
class TestWhatFollows(AttackCase):
    """Hole 14: what follows from another record can not be written."""

    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.other = self.env["res.company"].create({"name": "Other"})
        self.connector.company_id = self.env.company

    def assert_as_it_was(self):
        self.env.flush_all()
        self.env.invalidate_all()
        for record in (self.flow, self.flow.operation_ids[0], self.flow.mapping_ids[0]):
            self.assertEqual(record.company_id, self.env.company)
        self.assertEqual((self.flow.model, self.flow.mapping_ids[0].field_name), ("res.partner", "name"))

    def test_attack_flow_is_moved_out_of_its_company_or_renamed(self):
        flow, operation = self.flow.with_user(self.adm), self.flow.operation_ids[0].with_user(self.adm)
        mapping = self.flow.mapping_ids[0].with_user(self.adm)
        for value in (False, self.other.id):
            for record in (flow, operation, mapping):
                record.write({"company_id": value})
        flow.write({"model": "bridge.connector"})
        mapping.write({"field_name": "password"})
        flow.web_save({"model": "res.users", "company_id": self.other.id}, {})
        self.assert_as_it_was()

    def test_attack_value_or_default_of_a_new_one(self):
        default = {"default_company_id": self.other.id, "default_model": "res.users"}
        flows = self.env["bridge.flow"].with_user(self.adm).with_context(**default)
        connector = self.own()
        values = {"name": "x", "code": "x", "connector_id": connector.id, "model_id": self.model("res.partner")}
        for more in ({}, {"company_id": self.other.id, "model": "bridge.job"}):
            flow = flows.create({**values, **more})
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual((flow.company_id, flow.model), (connector.company_id, "res.partner"))
            flow.unlink()

    def test_company_still_follows_the_connector(self):
        self.acting.company_ids += self.other
        self.connector.company_id = self.other
        self.env.flush_all()
        self.assertEqual((self.flow.company_id, self.flow.mapping_ids.company_id), (self.other, self.other))


HEADERS = ("X-Auth-Key", "Ocp-Apim-Subscription-Key", "x-functions-key", "X-Auth", "X-Session", "X-Shopify-Access")
HEADERS += (
    "X-Shopify-Access-Token",
    "Authorization",
    "Cookie",
    "Api-Key",
    "X_API_KEY",
    "X-Access",
    "Session-Id",
    "X-Sid",
)
SHAPES = (
    *("sk_live_" + "a" * 24, "ghp_" + "a" * 36, "AKIA" + "A" * 16, "xoxb-1234567890-abc", "shpat_" + "a" * 32),
    *("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef", "-----BEGIN PRIVATE KEY-----", "Bearer abcdefgh12345678"),
    *("Basic Ym9iOnNlY3JldA==", "glpat-" + "a" * 20, "AIza" + "a" * 35),
)


@tagged("post_install", "-at_install")
class TestLiteralSecrets(AttackCase):
    """Hole 15: a secret is refused wherever text is stored that a user of the bridge reads."""

    def setUp(self):
        super().setUp()
        self.flow = self.connect()

    def refuse(self, record, **values):
        words = "credential"
        with self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
            record.write(values)
        self.env.invalidate_all()

    def test_attack_header_by_its_name(self):
        for name in HEADERS:
            for record in (self.connector, self.flow._operation("list")):
                with self.subTest(name, model=record._name):
                    self.refuse(record, headers=json.dumps({name: "x"}))

    def test_attack_secret_by_its_shape(self):
        operation, mapping = self.flow._operation("list"), self.flow.mapping_ids[0]
        for secret in SHAPES:
            with self.subTest(secret[:12]):
                self.refuse(self.connector, headers=json.dumps({"X-Company": secret}))
                self.refuse(operation, headers=json.dumps({"X-Company": secret}))
                self.refuse(operation, query=json.dumps({"q": secret, "limit": "{limit}", "offset": "{offset}"}))
                self.refuse(operation, body=json.dumps({"a": [{"b": secret}]}))
                self.refuse(mapping, default_value=json.dumps(secret))

    def test_attack_secret_in_an_address(self):
        for address in (
            "http://x.example/?api_key=abc",
            "http://x.example/v1?a=1&access_token=abc",
            "http://x/?p=ghp_" + "a" * 36,
        ):
            self.refuse(self.connector, base_url=address)
            self.refuse(self.connector, auth_token_url=address)
        for path in ("/things?api_key=abc&limit={limit}&offset={offset}", "/things?q=ghp_" + "a" * 36):
            self.refuse(self.flow._operation("list"), path=path)

    def test_attack_secret_in_the_body_of_a_login(self):
        about = {"auth_scheme": "login", "auth_login_path": "/login", "auth_username": "bob", "auth_token_path": "t"}
        for body in ({"password": "LiteralPw123"}, {"user": {"client_secret": "abc"}}, {"x": SHAPES[0]}):
            self.refuse(self.connector, **about, auth_login_body=json.dumps(body))
        self.connector.write({**about, "auth_login_body": '{"user": "{username}", "password": "{password}"}'})

    def test_usual_texts_are_accepted(self):
        headers = {"Accept": "application/json", "X-Company": "7", "Prefer": "return=minimal", "OData-Version": "4.0"}
        self.connector.headers = json.dumps(headers)
        operation = self.flow._operation("get")
        operation.headers = json.dumps({"Idempotency-Key": "{external_id}", "If-Match": "*"})
        listing = list_operation("things")["query"] | {"q": "token expired", "sort": "-key"}
        self.flow._operation("list").query = json.dumps(listing)


@tagged("post_install", "-at_install")
class TestCopy(AttackCase):
    """Hole 17: who may configure can duplicate; and what he may not set, he does not copy."""

    def test_copy_of_a_connector_has_no_private_addresses_and_no_secret(self):
        self.connect()
        self.connector.write(
            {"allowed_addresses": "10.0.0.5", "proxy": "own", "proxy_url": "http://proxy.example:3128"}
        )
        self.connector._set_secrets({"secret": "x"})
        copy = self.connector.with_user(self.adm).copy().sudo()
        self.assertEqual((copy.allowed_addresses, copy.proxy_url, copy.has_secret), (False, False, False))
        self.assertEqual((copy.state, copy.user_id), ("disabled", self.adm))
        with self.assertRaises(AccessError):
            self.connector.with_user(self.adm).copy({"code": "y", "allowed_addresses": "10.0.0.5"})
        copy = self.connector.with_user(self.system).copy({"code": "z"})
        self.assertEqual((copy.allowed_addresses, copy.has_secret), ("10.0.0.5", False))
