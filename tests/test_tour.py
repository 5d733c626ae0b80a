from odoo.tests import HttpCase, tagged

from .common import thing
from .servers.list_server import ListServer


@tagged("post_install", "-at_install")
class TestTour(HttpCase):
    """From an empty database to synced records, in a browser."""

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
