"""Records come and go in other formats than JSON, by definition only."""

import gzip
import json

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import BridgeCase, definition, field, thing, things_flow
from .servers import fault_server as faults

XML = {"Content-Type": "application/xml"}
THINGS = "<things>%s</things>"
THING = '<thing id="%s"><name>Thing %s</name><contact><email>thing%s@example.com</email></contact></thing>'


def xml_flow(**values):
    return things_flow(
        record={"id": '"@id"'},
        operations=[
            {"kind": "list", "path": "/things", "records": "things.thing", "answer_format": "xml"},
            {"kind": "get", "path": "/things/{external_id}", "records": "thing"},
            {
                "kind": "create",
                "method": "POST",
                "path": "/things",
                "records": "thing",
                "body": {"thing": "{record}"},
                "body_format": "xml",
            },
        ],
        fields=[field("name", "name", required=True), field("email", "contact.email", key=True)],
        **{"direction": "push", "authority": "odoo", "push_domain": [["ref", "=", "bridge"]], **values},
    )


@tagged("post_install", "-at_install")
class TestFormats(BridgeCase):
    def setUp(self):
        super().setUp()
        self.remote = faults.FaultServer()
        self.addCleanup(self.remote.close)

    def connect(self, *flows, **about):
        document = definition(self.remote.url, list(flows), **about)
        self.connector = self.env["bridge.connector"]._import_definition(document)
        self.connector.write({"user_id": self.acting.id, "state": "live"})
        return self.connector.flow_ids[:1]

    def give(self, path, body, headers=None, status=200):
        self.remote.route(path, faults.answer(status, body.encode() if isinstance(body, str) else body, headers or {}))

    def partners(self, flow):
        bindings = self.env["bridge.binding"].search([("flow_id", "=", flow.id)], order="external_id")
        partners = self.env["res.partner"].browse(bindings.mapped("res_id"))
        return [(one.external_id, partner.name) for one, partner in zip(bindings, partners, strict=True)]

    def assert_refused(self, words, **operation):
        flow = things_flow()
        flow["operations"][0].update(operation)
        with self.assertRaisesRegex((UserError, ValidationError), words), self.cr.savepoint():
            self.connect(flow)

    # --- XML

    def test_records_in_xml_come_and_go(self):
        flow = self.connect(xml_flow(direction="pull", authority="remote"))
        self.give("/things", THINGS % "".join(THING % ((number,) * 3) for number in "12"), XML)
        run = self.sync(flow)
        self.assertEqual((run.state, self.partners(flow)), ("done", [("1", "Thing 1"), ("2", "Thing 2")]))
        self.assertEqual(self.sync(flow).updated, 0)
        # One record is a list of one; and the other is not there any more.
        self.give("/things", THINGS % (THING % (("1",) * 3)), XML)
        self.give("/things/2", "<error>No such thing</error>", XML, status=404)
        run = self.sync(flow, full=True)
        self.assertEqual((run.state, run.archived), ("done", 1))

    def test_record_is_sent_in_xml(self):
        flow = self.connect(xml_flow())
        self.give("/things", '<thing id="7"/>', XML, status=201)
        self.env["res.partner"].create({"name": "Ann & Bob", "email": "ann@example.com", "ref": "bridge"})
        self.env.cr.flush()
        self.work()
        sent = [request for request in self.remote.requests if request.method == "POST"]
        self.assertEqual(
            [request.body.decode().partition("\n")[2] for request in sent],
            ["<thing><name>Ann &amp; Bob</name><contact><email>ann@example.com</email></contact></thing>"],
        )
        self.assertEqual(self.partners(flow), [("7", "Ann & Bob")])

    def test_what_xml_can_not_say_fails_that_record_only(self):
        self.connect(xml_flow())
        self.give("/things", '<thing id="7"/>', XML, status=201)
        for name in ("Bell \x07", "Ann"):
            self.env["res.partner"].create({"name": name, "ref": "bridge"})
        self.env.cr.flush()
        self.work()
        job = self.env["bridge.job"].search([("connector_id", "=", self.connector.id), ("state", "=", "failed")])
        self.assertEqual((len(job), job.error_kind), (1, "rejected"))
        self.assertRegex(job.error_message, r"can not be written as XML \(“name” has the character '\\x07'")

    def test_multi_status_report_is_a_list(self):
        flow = self.connect(
            things_flow(
                record={"id": "href"},
                operations=[
                    {
                        "kind": "list",
                        "method": "REPORT",
                        "path": "/ann",
                        "headers": {"Depth": "1"},
                        "body": {"c:addressbook-query": {"d:prop": {"d:getetag": None}}},
                        "body_format": "xml",
                        "body_options": {"namespaces": {"d": "DAV:", "c": "urn:ietf:params:xml:ns:carddav"}},
                        "records": "multistatus.response",
                    }
                ],
                fields=[field("name", "propstat.prop.getetag")],
            )
        )
        self.give(
            "/ann",
            '<D:multistatus xmlns:D="DAV:"><D:response><D:href>/ann/1.vcf</D:href><D:propstat><D:prop><D:getetag>"e1"'
            "</D:getetag></D:prop></D:propstat></D:response></D:multistatus>",
            {"Content-Type": "text/xml; charset=utf-8"},
            status=207,
        )
        self.assertEqual(self.sync(flow).state, "done")
        self.assertEqual(self.partners(flow), [("/ann/1.vcf", '"e1"')])
        self.assertEqual((self.remote.requests[0].method, self.remote.requests[0].headers["depth"]), ("REPORT", "1"))

    # --- CSV, JSON lines, files

    def test_table_comes_page_by_page(self):
        operation = {
            "kind": "list",
            "path": "/things.csv",
            "query": {"page": "{page}"},
            "pagination": {"type": "page", "end": "empty_page"},
            "answer_options": {"encoding": "windows-1252"},
        }
        flow = self.connect(things_flow(operations=[operation], fields=[field("name", "name")]))
        pages = ['id;name\n01;"Zoë;\nLtd"\n', "id;name\n02;Bob\n", "id;name\n"]
        kind = {"Content-Type": "text/csv"}
        self.remote.route("/things.csv", *(faults.answer(200, page.encode("cp1252"), kind) for page in pages))
        run = self.sync(flow)
        self.assertEqual((run.state, self.partners(flow)), ("done", [("01", "Zoë;\nLtd"), ("02", "Bob")]))
        # A message in place of the table removes nothing.
        self.give("/things.csv", "Sorry; come back later\n", kind)
        run = self.sync(flow, full=True)
        job = self.env["bridge.job"].search([("connector_id", "=", self.connector.id)], order="id desc", limit=1)
        self.assertEqual((run.archived, job.error_kind), (0, "protocol"))
        self.assertIn("has no column “id”", job.error_message)

    def test_packed_lines_come_by_the_name_of_the_file(self):
        flow = self.connect(things_flow(operations=[{"kind": "list", "path": "/things.jsonl.gz"}]))
        lines = "".join(json.dumps(thing(number)) + "\n" for number in (1, 2))
        self.give("/things.jsonl.gz", gzip.compress(lines.encode()), {"Content-Type": "application/gzip"})
        self.assertEqual(self.sync(flow).state, "done")
        self.assertEqual(self.partners(flow), [("1", "Thing 1"), ("2", "Thing 2")])

    def test_many_records_go_as_an_uploaded_table(self):
        create = {
            "kind": "create",
            "method": "POST",
            "path": "/import",
            "body": {"file": "{records}", "kind": "contacts"},
            "body_format": "multipart",
            "body_options": {"options": {"columns": ["name", "email"]}},
            "bulk": {"size": 10},
            "records": "results",
        }
        flow = self.connect(
            things_flow(
                direction="push",
                authority="odoo",
                push_domain=[["ref", "=", "bridge"]],
                operations=[{"kind": "list", "path": "/things", "records": "items"}, create],
            )
        )
        flow.mapping_ids.filtered(lambda mapping: mapping.field_name == "phone").unlink()
        self.remote.route("/import", faults.json_answer({"results": [{"id": 1}, {"id": 2}]}))
        for name in ("Ann", "Bob; Ltd"):
            self.env["res.partner"].create({"name": name, "email": f"{name[:3]}@example.com", "ref": "bridge"})
        self.env.cr.flush()
        self.work()
        (sent,) = (request for request in self.remote.requests if request.method == "POST")
        self.assertIn(b"\r\n\r\nname,email\r\nAnn,Ann@example.com\r\nBob; Ltd,Bob@example.com\r\n\r\n", sent.body)
        self.assertEqual(self.partners(flow), [("1", "Ann"), ("2", "Bob; Ltd")])

    # --- One large answer

    def large_flow(self, **values):
        operation = {"kind": "list", "path": "/things.csv", "pagination": {"type": "stream"}, **values}
        return things_flow(operations=[operation], fields=[field("name", "name")], page_size=100)

    def test_large_answer_is_read_in_pages_and_complete_or_nothing_is_removed(self):
        flow = self.connect(self.large_flow())
        rows = "".join(f"{number},Thing {number},{'x' * 4000}\n" for number in range(300))
        kind = {"Content-Type": "text/csv"}
        self.give("/things.csv", f"id,name,note\n{rows}", kind)
        run = self.sync(flow)
        self.assertEqual((run.state, run.fetched, len(self.remote.requests)), ("done", 300, 1))
        self.assertEqual(len(self.partners(flow)), 300)
        # Cut off in its midst: what was read stays read, and nothing is removed.
        self.give("/things.csv", f"id,name,note\n{rows[:-3]}\n7", kind)
        run = self.sync(flow, full=True)
        job = self.env["bridge.job"].search([("connector_id", "=", self.connector.id)], order="id desc", limit=1)
        self.assertEqual((run.state, run.archived, job.error_kind), ("running", 0, "protocol"))
        self.assertIn("has 1 cells, and there are 3 columns", job.error_message)
        self.give("/things.csv", f"id,name,note\n{rows}", kind)
        self.assertIn("records on the first page: 10", self.connector.action_test_connection()["params"]["message"])

    def test_large_answer_that_can_not_be_read_in_parts_is_refused(self):
        stream = {"pagination": {"type": "stream"}, "records": "@", "query": {}}
        for words, operation in [
            ("Answer Format: only CSV, JSON, JSON lines and XML", {"answer_format": "vcard"}),
            ("Records in the Answer: of a large answer write @", {"records": "items[].thing"}),
            ("From: of a large answer choose", {"delta": {"type": "token", "source": "body", "path": "next"}}),
            ("Options: end: no option of “stream”", {"pagination": {"type": "stream", "end": "flag"}}),
        ]:
            with self.subTest(words):
                self.assert_refused(words, **{**stream, **operation})

    # --- GraphQL

    def graphql_flow(self):
        def operation(kind, query, body, records):
            options = {"body_format": "graphql", "body_options": {"query": query}}
            return {"kind": kind, "method": "POST", "path": "/q", "body": body, "records": records, **options}

        update = "mutation($input: ThingInput!) { thingUpdate(input: $input) { thing { id } userErrors { message } } }"
        body = {"input": {"id": "{external_id}", "...": "{record}"}}
        paging = {"type": "cursor", "cursor_path": "data.things.pageInfo.endCursor"}
        paging |= {"end": "flag", "flag_path": "data.things.pageInfo.hasNextPage"}
        walk = (
            "query($after: String) { things(after: $after) { nodes { id name } pageInfo { endCursor hasNextPage } } }"
        )
        return things_flow(
            direction="both",
            authority="odoo",
            record={"id": "id"},
            operations=[
                {**operation("list", walk, {"after": "{cursor}"}, "data.things.nodes"), "pagination": paging},
                operation("update", update, body, "data.thingUpdate.thing"),
            ],
            fields=[field("name", "name")],
        )

    def test_records_come_and_go_by_graphql(self):
        flow = self.connect(self.graphql_flow())
        pages = [
            {"nodes": [{"id": one, "name": f"Thing {one}"}], "pageInfo": {"endCursor": one, "hasNextPage": one == "a"}}
            for one in "ab"
        ]
        self.remote.script(*(faults.json_answer({"data": {"things": page}}) for page in pages))
        self.assertEqual(set(self.sync(flow).mapped("state")), {"done"})
        self.assertEqual(self.partners(flow), [("a", "Thing a"), ("b", "Thing b")])
        self.assertEqual([request.json["variables"] for request in self.remote.requests], [{}, {"after": "a"}])
        refusal = {"data": {"thingUpdate": {"thing": None, "userErrors": [{"message": "Name is taken"}]}}}
        self.remote.route("/q", faults.json_answer(refusal))
        self.env["res.partner"].search([("name", "=", "Thing a")]).name = 'Evil"} {'
        self.env.cr.flush()
        self.work()
        sent = self.remote.requests[2].json
        self.assertEqual(sent["variables"], {"input": {"id": "a", "name": 'Evil"} {'}})
        job = self.env["bridge.job"].search([("connector_id", "=", self.connector.id), ("state", "=", "failed")])
        self.assertIn("Name is taken", job.error_message)

    def test_query_has_a_field_of_its_own(self):
        flow = self.connect(self.graphql_flow())
        operation = flow.operation_ids.filtered(lambda one: one.kind == "list")
        self.assertTrue(operation.graphql_query.startswith("query($after"))
        query = "query($after: String) {\n  other(after: $after) { id }\n}"
        operation.graphql_query = query
        exported = self.connector._export_definition()["flows"][0]["operations"]
        self.assertEqual([one["body_options"] for one in exported if one["kind"] == "list"], [{"query": query}])
        for words, value in [
            ("no variable \\$after", "{ things { id } }"),
            ("not closed", "{ things"),
            ("no query", ""),
        ]:
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                operation.graphql_query = value
        with self.assertRaisesRegex(ValidationError, "sent by POST"), self.cr.savepoint():
            operation.method = "GET"

    # --- On the form and in the definition

    def test_definition_keeps_formats_and_their_options(self):
        flow = xml_flow()
        flow["operations"][0]["answer_options"] = {"lists": ["thing"], "namespaces": {"d": "DAV:"}}
        flow["operations"][2]["body_options"] = {"namespaces": {"d": "DAV:"}}
        self.connect(flow)
        exported = self.connector._export_definition()
        given = {one["kind"]: one for one in exported["flows"][0]["operations"]}
        self.assertEqual(given["list"]["answer_format"], "xml")
        self.assertEqual(given["list"]["answer_options"], flow["operations"][0]["answer_options"])
        self.assertEqual(given["create"]["body_format"], "xml")
        self.assertEqual(given["create"]["body_options"], flow["operations"][2]["body_options"])
        self.connector.unlink()
        again = self.env["bridge.connector"]._import_definition(json.loads(json.dumps(exported)))
        self.assertEqual(again._export_definition(), exported)

    def test_formats_that_mean_nothing_are_refused_when_saved(self):
        for words, operation in [
            ("answer_format: there is no “yaml”", {"answer_format": "yaml"}),
            ("body_format: there is no “auto”", {"body_format": "auto"}),
            ("Answer Options: lists: no option of “auto”", {"answer_options": {"lists": ["a"]}}),
            ("Answer Options: lists: 'a' is not a list", {"answer_format": "xml", "answer_options": {"lists": "a"}}),
            ("Body Options: lists: no option", {"body_format": "xml", "body_options": {"lists": ["a"]}}),
            ("Body: XML has one outermost element", {"method": "POST", "body_format": "xml", "body": {"a": 1, "b": 2}}),
            ("Answer Options: delimiter: write one", {"answer_format": "csv", "answer_options": {"delimiter": "::"}}),
            ("Body: The body is an object in which", {"method": "POST", "body_format": "multipart", "body": {"a": 1}}),
            ("Body: “a b” can not be a name", {"method": "POST", "body_format": "xml", "body": {"a b": 1}}),
        ]:
            with self.subTest(words):
                self.assert_refused(words, **operation)

    def test_form_lists_the_options_of_the_chosen_formats(self):
        flow = self.connect(xml_flow())
        operation = flow.operation_ids.filtered(lambda one: one.kind == "create")
        operation.answer_format = "xml"
        self.assertIn("lists", operation.answer_options_help)
        self.assertIn("namespaces", operation.body_options_help)
        self.assertNotIn("lists", operation.body_options_help)
