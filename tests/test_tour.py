from odoo.tests import HttpCase, new_test_user, tagged

from .common import definition, field, thing, things_flow
from .servers.list_server import ListServer


@tagged("post_install", "-at_install")
class TestTour(HttpCase):
    """From an empty database to synced records, and what a person has to decide, in a browser."""

    def test_administrator_connects_a_system_and_its_records_are_in_odoo(self):
        self.env["bridge.connector"].search([]).unlink()
        with ListServer() as server:
            server.records["things"] = [thing(1), thing(2), thing(3)]
            self.start_tour(f"/odoo?bridge_tour={server.url}", "integration_bridge_set_up", login="admin")
            run = self.env["bridge.run"].search([("state", "=", "pending")])
            self.assertEqual(run.flow_id.code, "contacts")
            self.assertIs(self.env.ref("integration_bridge.lane_1").method_direct_trigger(), True)
        self.start_tour(f"/odoo/bridge-runs/{run.id}", "integration_bridge_see_result", login="admin")
        partners = self.env["bridge.binding"].search([("flow_id", "=", run.flow_id.id)])
        self.assertEqual(len(partners), 3)

    def test_administrator_maps_fields_by_a_sample_and_the_pull_fills_the_records(self):
        with ListServer() as server:
            address = {"country": "CH", "postal_code": "3000"}
            server.records["things"] = [
                thing(1, address={"city": "Bern", "town": "Altstadt West", **address}),
                thing(2, address={"city": "Basel", "town": "Altstadt Ost", **address}),
            ]
            flows = [things_flow(fields=[field("email", "email", key=True)], page_size=20)]
            connector = self.env["bridge.connector"]._import_definition(definition(server.url, flows))
            connector.write({"user_id": self.env.ref("base.user_admin").id, "allowed_addresses": "127.0.0.1"})
            flow = connector.flow_ids
            self.start_tour(f"/odoo/bridge-flows/{flow.id}", "integration_bridge_map", login="admin")
            self.assertEqual(
                {mapping.field_name: mapping.path for mapping in flow.mapping_ids},
                {"email": "email", "name": "name", "city": "address.town", "country_id": "address.country"},
            )
            self.assertFalse(self.env["bridge.run"].search_count([("flow_id", "=", flow.id)]))
            connector.state = "live"
            run = flow._enqueue("manual")
            self.assertIs(self.env.ref("integration_bridge.lane_1").method_direct_trigger(), True)
        self.assertEqual((run.state, run.created), ("done", 2))
        bindings = self.env["bridge.binding"].search([("flow_id", "=", flow.id)], order="external_id")
        partners = self.env["res.partner"].browse(bindings.mapped("res_id"))
        self.assertEqual(partners.mapped("city"), ["Altstadt West", "Altstadt Ost"])
        self.assertEqual(partners.country_id, self.env.ref("base.ch"))

    def test_operator_decides_conflicts(self):
        new_test_user(
            self.env,
            "decider",
            "base.group_user,integration_bridge.group_integration_bridge_operator",
            password="decider",
        )
        connector = self.env["bridge.connector"]._import_definition(definition("http://127.0.0.1:1"))
        connector.write({"user_id": self.env.ref("base.user_admin").id, "state": "live"})
        flow, ada = connector.flow_ids, self.env["res.partner"].create({"name": "Ada"})
        flow.direction = "both"
        binding = self.env["bridge.binding"].create({"flow_id": flow.id, "external_id": "7", "res_id": ada.id})
        values = {
            "phone": ("111", "222", "000"),
            "email": ("new@example.com", "their@example.com", "old@example.com"),
            "city": ("Bern", "Basel", "Genf"),
            "street": ("One", "Two", None),
        }
        self.env["bridge.conflict"]._keep(
            flow,
            [
                {
                    "binding_id": binding.id,
                    "kind": "field",
                    "field_name": name,
                    "record_name": "Ada",
                    "odoo_value": odoo,
                    "remote_value": remote,
                    "agreed_value": agreed,
                }
                for name, (odoo, remote, agreed) in values.items()
            ],
        )
        self.start_tour("/odoo/bridge-conflicts", "integration_bridge_decide", login="decider")
        conflicts = self.env["bridge.conflict"].search([("flow_id", "=", flow.id)])
        self.assertEqual(
            {conflict.field_name: (conflict.state, conflict.decision) for conflict in conflicts},
            {"phone": ("decided", "odoo"), **dict.fromkeys(("email", "city", "street"), ("decided", "remote"))},
        )
        self.assertEqual(conflicts.decided_by.login, "decider")

    def person(self, group, *others):
        """Somebody of one of our groups, who signs in by its name."""
        groups = ",".join(("base.group_user", f"integration_bridge.group_integration_bridge_{group}", *others))
        return new_test_user(self.env, f"tour_{group}", groups, password=f"tour_{group}").login

    def connect(self, server, *things, flow=None):
        """A live connector with one flow, which has not run yet."""
        server.records["things"] = list(things)
        self.env["bridge.connector"].search([]).unlink()
        self.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
        connector = self.env["bridge.connector"]._import_definition(definition(server.url, flow and [flow]))
        connector.write({"user_id": self.env.ref("base.user_admin").id, "state": "live"})
        return connector.flow_ids

    def work(self):
        self.env.flush_all()
        self.assertIs(self.env.ref("integration_bridge.lane_1").method_direct_trigger(), True)
        self.env.invalidate_all()

    def test_user_finds_why_an_order_is_missing(self):
        self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        orders = things_flow(
            model="sale.order",
            delete_policy="flag",
            fields=[
                field("client_order_ref", "order", key=True),
                field("partner_id", "customer", "many2one_key", required=True, options={"field": "email"}),
            ],
        )
        with ListServer() as server:
            there = [("SO-00100", "ann@example.com"), ("SO-00101", "nobody@example.com")]
            things = [thing(number, order=order, customer=who) for number, (order, who) in enumerate(there, 1)]
            flow = self.connect(server, *things, flow=orders)
            flow._enqueue("manual")
            self.work()
            self.assertEqual(flow.binding_count, 1)
            manager = self.person("user", "sales_team.group_sale_salesman_all_leads")
            self.start_tour("/odoo", "integration_bridge_find", login=manager)

    def test_administrator_of_the_bridge_alone_connects_from_the_gallery(self):
        login = self.person("administrator")
        self.start_tour("/odoo", "integration_bridge_gallery", login=login)
        connector = self.env["bridge.connector"].search([("create_uid.login", "=", login)])
        self.assertEqual((connector.state, connector.has_secret), ("disabled", False))
        self.assertEqual(connector.base_url, "http://kinto.example/v1")
        self.assertEqual(connector.flow_ids.model, "res.partner")

    def test_operator_retries_all_with_the_same_problem(self):
        with ListServer() as server:
            flow = self.connect(server, *(thing(number, name=None) for number in (1, 2, 3)))
            flow._enqueue("manual")
            self.work()
            self.assertFalse(flow.binding_count)
            server.records["things"] = [thing(number) for number in (1, 2, 3)]
            self.start_tour("/odoo/bridge-errors", "integration_bridge_retry", login=self.person("operator"))
            self.work()
            self.assertEqual(flow.binding_count, 3)

    def test_operator_applies_a_part_of_a_preview(self):
        with ListServer() as server:
            flow = self.connect(server, thing(1), thing(2), thing(3))
            address = f"/odoo/bridge-flows/{flow.id}"
            self.start_tour(address, "integration_bridge_apply", login=self.person("operator"))
            self.work()
            bindings = self.env["bridge.binding"].search([("flow_id", "=", flow.id)])
            self.assertEqual(bindings.mapped("external_id"), ["2"])

    def test_operator_pauses_and_resumes(self):
        with ListServer() as server:
            flow = self.connect(server, thing(1))
            self.start_tour("/odoo/bridge", "integration_bridge_pause", login=self.person("operator"))
            self.assertFalse(flow.connector_id.is_paused)
