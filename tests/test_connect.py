import base64
import json

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..assistant import document as documents
from .common import BridgeCase, field, thing
from .servers.fault_server import FaultServer, json_answer

THING = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "email": {"type": "string"},
        "updated": {"type": "integer"},
    },
}


def answer(schema):
    return {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}


def parameters(*names):
    return [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in names]


def openapi(**more):
    """What the list server would say of itself."""
    listed = {"type": "object", "properties": {"items": {"type": "array", "items": THING}}}
    get = {"responses": answer(listed), "parameters": parameters("offset", "limit")}
    one = {"get": {"responses": answer(THING)}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Things & More", "version": "1"},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
        "paths": {
            "/gadgets": {"get": get},
            "/customers": {"get": get},
            "/customers/{id}": one,
            "/orders": {"get": get},
        },
        **more,
    }


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
        action = wizard.action_create()
        connector = self.env["bridge.connector"].browse(action["params"]["next"]["res_id"])
        self.assertEqual((connector.code, connector.state, connector.user_id), ("my_things", "disabled", self.env.user))
        self.assertIn("press Add a Flow", connector.next_step)
        again = self.connect_by(name="My Things", base_url=self.server.url).action_create()
        other = self.env["bridge.connector"].browse(again["params"]["next"]["res_id"])
        self.assertEqual(other.code, "my_things_2", "the first one stays as it is")

    def test_every_entry_of_the_gallery_makes_a_connector(self):
        for entry, _label in self.env["bridge.connect"]._selection_entry()[3:]:
            with self.subTest(entry):
                wizard = self.connect_by(entry=entry, name=f"Own {entry}")
                if " client_id " in wizard.uses:
                    wizard.auth_client_id = "our-client"
                if wizard.own_header:
                    wizard.own_header_value = "our value"
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
                self.assertNotIn("YOUR-", json.dumps(connector._export_definition()), "a person has entered it")
                for part in ("<table", "What to enter where", "<strong>" if entry in ("xero", "square") else "<ol"):
                    self.assertIn(part, wizard.guide)
                self.assertNotIn("system-message", wizard.guide)

    def test_what_a_definition_leaves_to_a_person_is_asked_for(self):
        wizard = self.connect_by(entry="xero", name="Our Xero")
        self.assertEqual((wizard.auth_client_id, wizard.own_header), (False, "xero-tenant-id"))
        with self.assertRaisesRegex(UserError, "Enter the Client ID"):
            wizard.action_create()
        wizard.auth_client_id = "our-client"
        with self.assertRaisesRegex(UserError, "value of the header “xero-tenant-id”: the guide below"):
            wizard.action_create()
        wizard.own_header_value = " 45e4 "
        connector = self.env["bridge.connector"].browse(wizard.action_create()["res_id"])
        self.assertEqual((connector.auth_client_id, connector.auth_scheme), ("our-client", "oauth2_authorization_code"))
        self.assertEqual(json.loads(connector.headers)["xero-tenant-id"], "45e4")

    def test_what_was_entered_for_one_entry_is_not_asked_of_another(self):
        form = Form(self.env["bridge.connect"])
        form.entry = "xero"
        form.entry = "square"
        self.assertFalse(form.save().own_header)

    def answer_of(self, *answers):
        """The wizard after *Ask How to Sign In*, and the requests that it took."""
        remote = FaultServer()
        self.addCleanup(remote.close)
        remote.route("/api", *answers)
        wizard = self.connect_by(name="Asked", base_url=f"{remote.url}/api")
        self.assertEqual(wizard.action_ask()["res_id"], wizard.id)
        return wizard, remote.requests

    def test_address_that_demands_a_way_to_sign_in_has_it_proposed_with_the_reason(self):
        header = {"WWW-Authenticate": 'Negotiate, Bearer realm="api"'}
        wizard, (request,) = self.answer_of(json_answer({}, 401, headers=header))
        self.assertEqual(wizard.auth_scheme, "bearer")
        self.assertIn("answers 401, and asks for Negotiate, Bearer", wizard.asked)
        self.assertNotIn("authorization", request.headers)
        connector = self.env["bridge.connector"].browse(wizard.action_create()["res_id"])
        self.assertEqual((connector.auth_scheme, connector.state), ("bearer", "disabled"))

    def test_what_a_person_has_chosen_stays_where_nothing_is_demanded_that_is_known(self):
        for header, words in (({}, "does not say how"), ({"WWW-Authenticate": "NTLM"}, "not known here")):
            wizard, _requests = self.answer_of(json_answer({}, 401, headers=header))
            self.assertEqual(wizard.auth_scheme, "none")
            self.assertIn(words, wizard.asked)
        wizard.auth_scheme = "api_key_header"
        wizard.action_ask()
        self.assertEqual(wizard.auth_scheme, "api_key_header")

    def test_address_that_can_not_be_asked_says_what_to_do(self):
        for base_url, words in (
            ("ftp://x.example.com", "begins with http"),
            ("https://me:secret@x.example.com", "no user name, password"),
            (self.server.url, "[Aa]llow"),
        ):
            wizard = self.env["bridge.connect"].create({"name": "x", "base_url": base_url})
            self.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "")
            with self.subTest(base_url), self.assertRaisesRegex(UserError, words):
                wizard.action_ask()

    def test_another_connector_is_a_start_and_its_secret_stays_with_it(self):
        like = self.connect().connector_id
        like._set_secrets({"secret": "hidden-1"})
        like.auth_scheme = "bearer"
        wizard = self.connect_by(entry="like", like_id=like)
        self.assertEqual((wizard.base_url, wizard.auth_scheme), (like.base_url, "bearer"))
        self.assertIn(like.flow_ids.name, wizard.about)
        wizard.write({"name": "The Other", "base_url": "http://127.0.0.1:9/other"})
        made = self.env["bridge.connector"].browse(wizard.action_create()["res_id"])
        self.assertEqual((made.code, made.state, made.base_url), ("the_other", "disabled", "http://127.0.0.1:9/other"))
        self.assertEqual(made.user_id, self.env.user)
        self.assertTrue(made._lacks_secret())
        first, second = (one._export_definition() for one in (like, made))
        self.assertEqual(second["flows"], first["flows"])
        self.assertEqual(like.base_url, first["connector"]["base_url"], "the first one stays as it is")

    def test_another_connector_has_to_be_chosen(self):
        wizard = self.env["bridge.connect"].create({"entry": "like", "name": "X", "base_url": "http://127.0.0.1:9"})
        with self.assertRaisesRegex(UserError, "Choose the connector"):
            wizard.action_create()

    def test_what_was_begun_and_left_is_gone_on_with(self):
        self.connect_by(name="Left", base_url="http://127.0.0.1:9/left").action_later()
        begun = Form(self.env["bridge.connect"])
        self.assertEqual(begun.unfinished_id.name, "Left")
        left, new = begun.unfinished_id, begun.save()
        shown = new.action_continue()
        self.assertEqual((shown["res_id"], left.base_url), (left.id, "http://127.0.0.1:9/left"))
        self.assertFalse(new.exists())
        self.assertFalse(Form(self.env["bridge.connect"]).unfinished_id, "it is not left any more")

    def test_what_is_left_keeps_no_secret(self):
        wizard = self.connect_by(entry="openapi", name="Left")
        wizard.write({"document_url": "https://x.example/openapi.json?api_key=s3cr3t-4711-abcd-9999-zzzz"})
        wizard.write({"document_file": base64.b64encode(b"{}")})
        wizard.action_later()
        self.assertEqual((wizard.document_url, wizard.document_file), (False, False))

    def test_what_was_begun_can_be_forgotten_and_is_nobody_elses(self):
        self.connect_by(name="Left").action_later()
        group = "integration_bridge.group_integration_bridge_administrator"
        other = new_test_user(self.env, "connect_other", f"base.group_user,{group}")
        self.assertFalse(Form(self.env["bridge.connect"].with_user(other)).unfinished_id)
        new = Form(self.env["bridge.connect"]).save()
        self.assertEqual(new.action_forget()["res_id"], new.id)
        self.assertFalse(Form(self.env["bridge.connect"]).unfinished_id)
        with self.assertRaisesRegex(UserError, "Begin anew"):
            new.action_continue()

    def test_what_was_left_is_kept_for_two_weeks(self):
        left = self.connect_by(name="Left")
        kept = self.connect_by(name="Kept")
        for one, days in ((left, 15), (kept, 13)):
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE bridge_connect SET write_date = now() AT TIME ZONE 'UTC' - %s * interval '1 day',"
                " create_date = now() AT TIME ZONE 'UTC' - %s * interval '1 day' WHERE id = %s",
                (days, days, one.id),
            )
        self.env.invalidate_all()
        self.env["bridge.connect"]._transient_vacuum()
        self.assertEqual((left | kept).exists(), kept)

    def test_what_is_missing_is_said(self):
        with self.assertRaisesRegex(UserError, "enter its base address"):
            self.connect_by(name="No Address").action_create()

    def test_only_administrators_connect(self):
        operator = new_test_user(
            self.env, "no_admin", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        with self.assertRaises(AccessError):
            self.env["bridge.connect"].with_user(operator).create({"name": "x", "base_url": "https://x.example.com"})


@tagged("post_install", "-at_install")
class TestConnectByDocument(BridgeCase):
    """From an OpenAPI document to a connector with flows; nothing is written before *Go Live*."""

    def setUp(self):
        super().setUp()
        self.uid = self.env.ref("base.user_admin").id
        self.server.files = {"/openapi.json": ("application/json", json.dumps(openapi()).encode())}
        self.addCleanup(self.server.files.clear)

    def read_by(self, **values):
        """The form after *Read the Document*."""
        wizard = self.env["bridge.connect"].create({"entry": "openapi", **values})
        self.assertEqual(wizard.action_read()["res_id"], wizard.id)
        return wizard

    def by_address(self):
        return self.read_by(document_url=f"{self.server.url}/openapi.json")

    def line(self, wizard, path):
        return wizard.line_ids.filtered(lambda line: line.path == path)

    def created(self, wizard):
        action = wizard.action_create()
        return self.env["bridge.connector"].browse(action.get("params", {}).get("next", action)["res_id"])

    def test_what_the_document_says_is_shown(self):
        wizard = self.by_address()
        self.assertEqual((wizard.name, wizard.base_url), ("Things & More", self.server.url))
        self.assertEqual((wizard.auth_scheme, wizard.auth_parameter), ("api_key_header", "X-Key"))
        self.assertIn("Things &amp; More", wizard.said)
        self.assertEqual(self.server.requests, [("GET", "/openapi.json", {})], "nothing else is fetched")
        self.assertEqual(wizard.line_ids[0].path, "/customers", "what has a model comes first")
        self.assertEqual(self.line(wizard, "/customers").model_id.model, "res.partner")
        self.assertEqual(self.line(wizard, "/gadgets").model_id.model, False)
        expected = "sale.order" if "sale.order" in self.env else False
        self.assertEqual(self.line(wizard, "/orders").model_id.model, expected, "only models of apps that are here")
        self.assertEqual(set(wizard.line_ids.mapped("direction")), {"pull"})
        self.assertFalse(any(wizard.line_ids.mapped("is_chosen")), "a person picks")
        self.assertIn("“offset” is the number of records to skip", self.line(wizard, "/customers").reasons)

    def test_model_without_an_archive_can_be_chosen(self):
        self.assertFalse(self.env["res.country.state"]._active_name)
        wizard = self.by_address()
        self.line(wizard, "/gadgets").write(
            {"is_chosen": True, "model_id": self.env["ir.model"]._get_id("res.country.state")}
        )
        self.assertEqual(self.created(wizard).flow_ids.delete_policy, "flag")

    def test_sign_in_at_another_host_is_said_and_never_in_clear(self):
        for url, is_kept in (("https://login.evil.example/t", True), ("http://login.evil.example/t", False)):
            grant = {"clientCredentials": {"tokenUrl": url, "scopes": {}}}
            schemes = {"securitySchemes": {"o": {"type": "oauth2", "flows": grant}}}
            servers = [{"url": "https://api.shop.example/v1"}]
            document = json.dumps(openapi(components=schemes, servers=servers)).encode()
            wizard = self.read_by(document_file=base64.b64encode(document))
            with self.subTest(url):
                self.assertEqual("login.evil.example" in wizard.said, is_kept)
                self.assertEqual("login.evil.example" in str(wizard.auth_proposed), is_kept)

    def test_create_makes_flows_and_operations_and_writes_no_record(self):
        wizard = self.by_address()
        self.line(wizard, "/customers").is_chosen = True
        partners = self.env["res.partner"].search_count([])
        connector = self.created(wizard)
        self.assertEqual(
            (connector.state, connector.code, connector.user_id), ("disabled", "things_more", self.env.user)
        )
        self.assertEqual((connector.auth_scheme, connector.auth_parameter), ("api_key_header", "X-Key"))
        flow = connector.flow_ids
        self.assertEqual((flow.code, flow.model, flow.direction), ("customers", "res.partner", "pull"))
        self.assertEqual((flow.id_path, flow.updated_path, flow.page_size), ("id", "updated", 100))
        self.assertEqual(flow.operation_ids.mapped("kind"), ["list", "get"])
        listed = flow._operation("list")
        self.assertEqual((listed.path, listed.records_path, listed.pagination), ("/customers", "items", "offset"))
        self.assertEqual(json.loads(listed.query), {"limit": "{limit}", "offset": "{offset}"})
        self.assertEqual(flow._operation("get").path, "/customers/{external_id}")
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertFalse(connector.flow_ids.mapping_ids)

    def test_what_was_made_pulls_every_record(self):
        self.server.records["customers"] = [thing(number) for number in range(1, 8)]
        wizard = self.by_address()
        self.line(wizard, "/customers").is_chosen = True
        wizard.auth_scheme = "none"
        connector = self.created(wizard)
        flow = connector.flow_ids
        flow.page_size = 3
        for mapped in (field("name", "name"), field("email", "email", key=True)):
            self.env["bridge.field.mapping"].create(
                {
                    "flow_id": flow.id,
                    "field_id": self.env["ir.model.fields"]._get("res.partner", mapped["field"]).id,
                    "path": mapped["path"],
                    "converter": "text",
                    "key": mapped.get("key", False),
                }
            )
        connector.write({"user_id": self.acting.id, "state": "live"})
        run = self.sync(flow)
        self.assertEqual((run.state, run.created), ("done", 7), run.message)

    def test_file_is_read_as_well(self):
        document = openapi(servers=[{"url": "https://things.example.com/api"}])
        wizard = self.read_by(document_file=base64.b64encode(json.dumps(document).encode()), name="Mine")
        self.assertEqual((wizard.name, wizard.base_url), ("Mine", "https://things.example.com/api"))
        self.assertEqual(self.server.requests, [])

    def test_read_again_shows_the_new_document_only(self):
        wizard = self.by_address()
        self.server.files["/openapi.json"] = (
            "application/json",
            json.dumps(openapi(paths={"/people": openapi()["paths"]["/customers"]})).encode(),
        )
        wizard.action_read()
        self.assertEqual(wizard.line_ids.mapped("path"), ["/people"])

    def test_lists_of_the_same_name_become_flows_of_their_own(self):
        paths = openapi()["paths"]
        document = openapi(
            paths={f"/{one}/customers": paths["/customers"] for one in ("a", "b")},
            servers=[{"url": "https://a.example.com"}],
        )
        wizard = self.read_by(document_file=base64.b64encode(json.dumps(document).encode()))
        wizard.line_ids.is_chosen = True
        wizard.auth_scheme = "none"
        connector = self.created(wizard)
        self.assertEqual(sorted(connector.flow_ids.mapped("code")), ["customers", "customers_2"])

    def test_options_of_oauth_come_from_the_document(self):
        flows = {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}}
        document = openapi(
            servers=[{"url": "https://things.example.com/api"}],
            components={"securitySchemes": {"o": {"type": "oauth2", "flows": flows}}},
        )
        wizard = self.read_by(document_file=base64.b64encode(json.dumps(document).encode()))
        self.line(wizard, "/customers").is_chosen = True
        connector = self.created(wizard)
        self.assertEqual(connector.auth_scheme, "oauth2_client_credentials")
        self.assertEqual(connector.auth_token_url, "https://things.example.com/oauth/token")

    def test_what_is_missing_is_said(self):
        cases = [
            ({}, "Enter the address of the OpenAPI document"),
            ({"document_url": "ftp://x.example.com/a"}, "must begin with http"),
            ({"document_url": "https://ann:pw@x.example.com/a"}, "carry no user name"),
            ({"document_url": "https://x.example.com/a?api_key=abcdefgh1234"}, "carry no user name"),
            ({"document_file": base64.b64encode(b"<html></html>")}, "web page or XML"),
            ({"document_file": base64.b64encode(b'{"a": 1}')}, "no OpenAPI 3 or Swagger 2"),
        ]
        for values, words in cases:
            with self.subTest(words=words), self.assertRaisesRegex(UserError, words) as caught:
                self.read_by(**values)
            self.assertNotIn("abcdefgh1234", str(caught.exception))
        wizard = self.by_address()
        with self.assertRaisesRegex(UserError, "Tick at least one list"):
            wizard.action_create()
        self.line(wizard, "/gadgets").is_chosen = True
        with self.assertRaisesRegex(UserError, "Choose the Odoo model for “Gadgets”"):
            wizard.action_create()
        unread = self.env["bridge.connect"].create(
            {"entry": "openapi", "name": "X", "base_url": "https://x.example.com"}
        )
        with self.assertRaisesRegex(UserError, "Read the Document"):
            unread.action_create()

    def test_server_that_does_not_give_the_document_is_said(self):
        for fault, words in (((404, {}, b"{}"), "404"), ((200, {}, b""), "no OpenAPI 3")):
            self.server.faults = [fault]
            with self.subTest(words=words), self.assertRaisesRegex(UserError, words):
                self.by_address()

    def test_attack_the_inside_is_not_read_through_a_document(self):
        """The address is called by the guard, by name and by redirect, with what the settings allow only."""
        url = f"{self.server.url}/openapi.json"
        self.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "")
        with self.assertRaisesRegex(UserError, "Allowed Private Addresses"):
            self.read_by(document_url=url)
        self.assertEqual(self.server.requests, [])

    def test_attack_document_too_large_is_refused(self):
        self.patch(documents, "MOST_BYTES", 1000)
        with self.assertRaisesRegex(UserError, "The document has more than"):
            self.by_address()

    def test_copied_database_fetches_nothing(self):
        self.patch(type(self.env["bridge.instance"]), "_is_at_home", lambda *_args: False)
        with self.assertRaisesRegex(UserError, "another place"):
            self.by_address()
        self.assertEqual(self.server.requests, [])

    def test_attack_settings_of_a_line_pass_the_same_checks_as_a_definition(self):
        """Who writes into a line by the external API gets no further than with an imported definition."""
        wizard = self.by_address()
        line = self.line(wizard, "/customers")
        line.is_chosen = True
        listed = {"kind": "list", "path": "/customers", "headers": {"Host": "inner.example.com"}}
        line.proposed = {"pull": {"operations": [listed]}}
        with self.assertRaisesRegex(ValidationError, "decides where a request goes"):
            wizard.action_create()
