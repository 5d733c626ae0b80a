"""The example definitions for OData and JSON:API do what their systems ask for, against a real socket."""

import json
from pathlib import Path

from odoo.tests import tagged
from odoo.tools.misc import file_path

from .common import BridgeCase
from .servers import fault_server as faults

WHEN = "2026-01-0%sT10:00:00Z"


@tagged("post_install", "-at_install")
class TestPresets(BridgeCase):
    def setUp(self):
        super().setUp()
        self.remote = faults.FaultServer()
        self.addCleanup(self.remote.close)

    def connect_to(self, name, path):
        document = json.loads((Path(file_path("integration_bridge/data/gallery")) / f"{name}.json").read_text())
        document["connector"] |= {"base_url": self.remote.url + path}
        self.connector = self.env["bridge.connector"]._import_definition(document)
        self.connector._set_secrets({"secret": "s3cret-token"})
        self.connector.write({"user_id": self.acting.id, "state": "live"})
        return self.connector.flow_ids

    def partner(self, flow, external_id):
        binding = self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("external_id", "=", external_id)])
        return self.env["res.partner"].browse(binding.res_id)

    def sync_well(self, flow):
        self.remote.requests.clear()
        self.assertEqual(set(self.sync(flow).mapped("state")), {"done"})
        return [(request.method, request.path, request.query) for request in self.remote.requests]

    def settle(self):
        self.remote.requests.clear()
        self.env.cr.flush()
        self.work()
        self.assertFalse(
            self.env["bridge.job"].search([("connector_id", "=", self.connector.id), ("state", "=", "failed")])
        )
        return [request for request in self.remote.requests if request.method != "GET"]

    @property
    def customers(self):
        """What makes a contact one that is sent."""
        return {"category_id": [(0, 0, {"name": "Customers"})]}

    # --- OData

    def customer(self, number, **values):
        about = {"@odata.etag": f'W/"{number}"', "CustomerID": number, "ModifiedAt": WHEN % number}
        return {**about, "CompanyName": f"Firm {number}", "Email": f"firm{number}@example.com", **values}

    def test_odata(self):
        flow = self.connect_to("odata", "/v4")
        more = {"@odata.nextLink": f"{self.remote.url}/v4/Customers?$skiptoken=x%2B1"}
        self.remote.route(
            "/v4/Customers",
            faults.json_answer({"value": [self.customer(1, Address={"City": "Ghent"})], **more}),
            faults.json_answer({"value": [self.customer(2, Address=None)]}),
        )
        first, second = self.sync_well(flow)
        self.assertEqual(first[2], {"$orderby": "ModifiedAt,CustomerID"})
        self.assertEqual(second, ("GET", "/v4/Customers", {"$skiptoken": "x+1"}))
        self.assertEqual((self.partner(flow, "1").city, self.partner(flow, "2").name), ("Ghent", "Firm 2"))
        # Only what has changed is asked for, and found.
        self.remote.route("/v4/Customers", faults.json_answer({"value": [self.customer(2, CompanyName="New")]}))
        (third,) = self.sync_well(flow)
        self.assertEqual(third[2]["$filter"], f"ModifiedAt ge {WHEN % 2}")
        self.assertEqual(self.partner(flow, "2").name, "New")
        # A change of ours goes with the version that we know.
        theirs, ours = self.customer(1, Address={"City": "Ghent"}), self.customer(1, CompanyName="Ours")
        self.remote.route("/v4/Customers(1)", faults.json_answer(theirs), faults.json_answer(ours))
        self.partner(flow, "1").write({"name": "Ours", **self.customers})
        (sent,) = self.settle()
        self.assertEqual((sent.method, sent.headers["if-match"]), ("PATCH", 'W/"1"'))
        self.assertEqual(sent.json, {"CompanyName": "Ours"})

    # --- JSON:API

    def person(self, number, **attributes):
        given = {"name": f"Person {number}", "email": f"p{number}@example.com", "updated-at": WHEN % number}
        return {"type": "people", "id": str(number), "attributes": {**given, **attributes}}

    def test_json_api(self):
        flow = self.connect_to("json_api", "/api")
        self.remote.route(
            "/api/people",
            faults.json_answer({"data": [self.person(1)], "links": {"next": "/api/people?page[number]=2"}}),
            faults.json_answer({"data": [self.person(2)], "links": {"next": None}}),
        )
        first, second = self.sync_well(flow)
        self.assertEqual(first[2], {"page[size]": "50", "sort": "updated-at,id"})
        self.assertEqual(second[2], {"page[number]": "2"})
        self.assertEqual(self.partner(flow, "2").name, "Person 2")
        self.remote.route("/api/people", faults.json_answer({"data": [], "links": {}}))
        (third,) = self.sync_well(flow)
        self.assertEqual(third[2]["filter[updated-since]"], WHEN % 2)
        # Created there, changed there, refused there.
        self.remote.route("/api/people", faults.json_answer({"data": self.person(7, name="Ann")}, 201))
        ann = self.env["res.partner"].create(
            {"name": "Ann", "email": "p7@example.com", "city": "Ghent", **self.customers}
        )
        (sent,) = self.settle()
        self.assertEqual(sent.headers["content-type"], "application/vnd.api+json")
        attributes = {"name": "Ann", "email": "p7@example.com", "address": {"city": "Ghent"}}
        self.assertEqual(sent.json, {"data": {"type": "people", "attributes": attributes}})
        self.assertEqual(self.partner(flow, "7"), ann)
        problem = {"errors": [{"detail": "is taken", "source": {"pointer": "/data/attributes/name"}}]}
        self.remote.route(
            "/api/people/7",
            faults.json_answer({"data": self.person(7, name="Ann")}),
            faults.json_answer(problem, 422),
        )
        ann.name = "Bob"
        self.env.cr.flush()
        self.work()
        job = self.env["bridge.job"].search([("connector_id", "=", self.connector.id), ("state", "=", "failed")])
        self.assertIn("name: is taken", job.error_message)
        sent = self.remote.requests[-1].json["data"]
        self.assertEqual(sent, {"type": "people", "id": "7", "attributes": {"name": "Bob"}})
