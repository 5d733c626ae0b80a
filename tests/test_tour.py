from odoo.tests import HttpCase, new_test_user, tagged

from .common import definition, thing
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
        binding = self.env["bridge.binding"].create({"flow_id": flow.id, "external_id": "7", "res_id": ada.id})
        values = {"phone": ("111", "222", "000"), "email": ("new@example.com", "their@example.com", "old@example.com")}
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
            {"phone": ("decided", "odoo"), "email": ("decided", "remote")},
        )
        self.assertEqual(conflicts.decided_by.login, "decider")
