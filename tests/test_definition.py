import base64
import json
from pathlib import Path

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools.misc import file_path

from .common import BridgeCase, definition, field, list_operation, things_flow


@tagged("post_install", "-at_install")
class TestDefinition(BridgeCase):
    def documents(self):
        for path in sorted(Path(file_path("integration_bridge/data/gallery")).glob("*.json")):
            yield path.name, json.loads(path.read_text())

    def test_export_and_import_are_inverse(self):
        for name, document in self.documents():
            with self.subTest(name):
                connector = self.env["bridge.connector"]._import_definition(document)
                exported = connector._export_definition()
                connector.unlink()
                again = self.env["bridge.connector"]._import_definition(json.loads(json.dumps(exported)))
                self.assertEqual(again._export_definition(), exported)
                for flow, given in zip(exported["flows"], document["flows"], strict=True):
                    self.assertEqual(
                        [one["field"] for one in flow["fields"]], [one["field"] for one in given["fields"]]
                    )

    def test_importing_again_changes_nothing(self):
        for name, document in self.documents():
            with self.subTest(name):
                connector = self.env["bridge.connector"]._import_definition(document)
                connector.flow_ids.write({"full_scan_needed": False})
                self.env.flush_all()
                tables = ("bridge_connector", "bridge_flow", "bridge_operation", "bridge_field_mapping")
                before = [self.versions(table) for table in tables]
                self.assertEqual(self.env["bridge.connector"]._import_definition(document), connector)
                self.env.flush_all()
                self.assertEqual([self.versions(table) for table in tables], before)

    def versions(self, table):
        self.env.cr.execute(f"SELECT array_agg((id, xmin, ctid) ORDER BY id) FROM {table}")
        return self.env.cr.fetchone()

    def test_import_updates_and_removes_but_keeps_state_and_credentials(self):
        self.connect(auth={"scheme": "bearer"})
        self.connector._set_secrets({"secret": "s3cret"})
        document = self.connector._export_definition()
        document["connector"]["name"] = "New name"
        document["flows"][0]["fields"].pop()
        document["flows"].append(things_flow(code="more", name="More"))
        self.env["bridge.connector"]._import_definition(document)
        self.assertEqual(
            (self.connector.name, self.connector.state, self.connector.user_id), ("New name", "live", self.acting)
        )
        self.assertTrue(self.connector.has_secret)
        self.assertEqual(self.connector.flow_ids.mapped("code"), ["things", "more"])
        self.assertEqual(self.connector.flow_ids[0].mapping_ids.mapped("field_name"), ["name", "email"])

    def test_definition_keeps_how_a_token_is_asked_for(self):
        auth = {
            "scheme": "oauth2_client_credentials",
            "token_url": "https://login.example.com/token",
            "client_in": "header",
            "token_parameters": {"audience": "https://api.example.com"},
        }
        self.connect(auth=auth)
        exported = self.connector._export_definition()
        self.assertEqual(exported["connector"]["auth"], auth)
        self.connector.unlink()
        again = self.env["bridge.connector"]._import_definition(exported)
        self.assertEqual(again._export_definition(), exported)

    def test_token_parameters_that_mean_nothing_are_refused(self):
        self.connect()
        for parameters, words in [
            ({"grant_type": "password"}, "sent already"),
            ({"password": "x"}, "enter it as the secret"),
            ({"audience": ["a"]}, "must be a text"),
        ]:
            with self.subTest(parameters), self.assertRaisesRegex(ValidationError, words):
                self.connector.auth_token_parameters = json.dumps(parameters)

    def test_definition_has_no_secret(self):
        self.connect(auth={"scheme": "basic", "username": "demo"})
        self.connector._set_secrets({"secret": "s3cret"})
        self.assertNotIn("s3cret", json.dumps(self.connector._export_definition()))

    def test_bad_definition_names_the_place_and_writes_nothing(self):
        def changed(change):
            document = definition(self.server.url)
            change(document, document["flows"][0])
            return document

        def flow_of(**values):
            return changed(lambda document, flow: flow.update(values))

        fields = things_flow()["fields"]
        operation = list_operation("things")
        cases = [
            ([], "definition: "),
            ({**definition(self.server.url), "version": 2}, "version: 1 was expected"),
            (definition("ftp://example.com"), "connector.base_url: "),
            (definition(self.server.url, secret="x"), "connector: Additional properties"),
            (definition(self.server.url, auth={"scheme": "magic"}), "connector.auth.scheme: there is no “magic”"),
            (flow_of(model="no.such"), r"flows\[0\] \(things\).model: there is no model “no.such”"),
            (flow_of(page_size=0), r"flows\[0\].page_size: "),
            (flow_of(parent="nowhere"), r"parent: there is no “nowhere”"),
            (flow_of(parent="things"), "can not be inside itself"),
            (
                flow_of(fields=[field("no_such", "x")]),
                r"fields\[0\].field: the model res.partner has no field “no_such”",
            ),
            (flow_of(fields=[field("name", "name", "magic")]), r"fields\[0\].converter: there is no “magic”"),
            (flow_of(fields=[field("name", "name", options={"speed": 3})]), "has no option “speed”"),
            (flow_of(fields=[field("name", "a..b")]), "“a..b” is not a path"),
            (flow_of(fields=[field("name", "", "expression", options={"expression": "a[?"})]), "not a JMESPath"),
            (flow_of(fields=[field("name", "name", "date")]), "can not fill a field of type char"),
            (flow_of(fields=[field("commercial_company_name", "x")]), "Odoo sets this field itself"),
            (flow_of(fields=[field("name", "name", on_null="default")]), "needs a default"),
            (
                flow_of(
                    operations=[
                        {**operation, "delta": {"type": "timestamp", "format": "soon", "source": "header", "path": "X"}}
                    ]
                ),
                "use iso, epoch",
            ),
            (flow_of(fields=[field("create_date", "x", "datetime")]), "Odoo sets this field itself"),
            (flow_of(fields=[field("parent_id", "x", "many2one_binding", options={"flow": "nope"})]), "no flow “nope”"),
            (flow_of(fields=[*fields, fields[0]]), r"fields\[3\].field: “name” is mapped twice"),
            (flow_of(record={"id": "a["}), "not a JMESPath"),
            (flow_of(match_domain=[["no_such", "=", 1]]), "“Match Domain” can not be used"),
            (flow_of(operations=[]), "no operation that lists records"),
            (flow_of(operations=[{**operation, "path": "/{nope}"}]), "nope"),
            (flow_of(operations=[{**operation, "records": "a["}]), "not a JMESPath"),
            (
                flow_of(operations=[{**operation, "pagination": {"type": "magic"}}]),
                "pagination.type: there is no “magic”",
            ),
            (flow_of(operations=[{**operation, "pagination": {"type": "offset", "speed": 1}}]), "speed"),
            (flow_of(operations=[operation, {"kind": "get", "path": "/one"}]), "no {external_id}"),
            (flow_of(model="res.currency.rate", fields=[field("name", "day", "date")]), "can not be archived"),
        ]
        for document, words in cases:
            with self.subTest(words), self.assertRaisesRegex((UserError, ValidationError), words), self.cr.savepoint():
                self.env["bridge.connector"]._import_definition(document)
        self.assertFalse(self.env["bridge.connector"].search([("code", "=", "things_system")]))

    def test_text_that_can_not_be_kept_is_refused_with_its_place(self):
        connectors = self.env["bridge.connector"]
        for bad in ("\x00", "\ud800"):
            with self.subTest(repr(bad)):
                document = definition(self.server.url, code="unkept")
                document["flows"][0]["fields"][1]["path"] = f"a{bad}"
                with self.assertRaisesRegex(UserError, r"flows\[0\].fields\[1\].path: it has a character"):
                    connectors._import_definition(document)
                document = definition(self.server.url, code="unkept")
                document["flows"][0]["operations"][0]["query"][f"a{bad}"] = "1"
                with self.assertRaisesRegex(UserError, r"operations\[0\].query: it has a character"):
                    connectors._import_definition(document)
        self.assertFalse(connectors.search([("code", "=", "unkept")]))

    def test_import_from_a_file_opens_the_connector(self):
        content = json.dumps(definition(self.server.url)).encode()
        wizard = self.env["bridge.definition.import"].create({"file": base64.b64encode(content), "file_name": "x.json"})
        action = wizard.action_import()
        connector = self.env["bridge.connector"].browse(action["res_id"])
        self.assertEqual((connector.code, connector.state), ("things_system", "disabled"))
        wizard.file = base64.b64encode(b"{oops")
        with self.assertRaisesRegex(UserError, "not JSON"):
            wizard.action_import()

    def test_export_is_a_file(self):
        self.connect()
        action = self.connector.action_export_definition()
        attachment = self.env["ir.attachment"].browse(int(action["url"].split("/")[3].split("?")[0]))
        self.assertEqual(json.loads(attachment.raw)["connector"]["code"], "things_system")
