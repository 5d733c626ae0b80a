"""Promise 5: what would be done can be read before anything is done, also before the connector is enabled."""

from odoo.tests import tagged

from .common import BridgeCase, thing, things_flow
from .push_case import PushCase, contacts_flow


@tagged("post_install", "-at_install")
class TestPreviewOfPull(BridgeCase):
    def preview(self, flow):
        return self.env["bridge.run"].browse(flow.action_preview()["res_id"])

    def test_preview_of_a_disabled_connector_reads_all_pages_and_is_done(self):
        for count, fetched in ((8, 8), (230, 200)):
            with self.subTest(count=count):
                flow = self.connect(things_flow(page_size=50 if count > 200 else 3))
                self.connector.action_disable()
                self.server.records["things"] = [thing(n) for n in range(count)]
                run = self.preview(flow)
                self.assertEqual((run.state, run.fetched, run.created), ("done", fetched, fetched))
                self.assertTrue(run.finished)
                self.assertFalse(flow.binding_count)
                self.connector.unlink()

    def test_preview_that_meets_a_fault_says_so_and_ends(self):
        flow = self.connect()
        self.connector.action_disable()
        self.server.records["things"] = [thing(n) for n in range(8)]
        self.server.faults = [None, (500, {}, b"{}")]
        run = self.preview(flow)
        self.assertEqual((run.state, run.fetched), ("failed", 3))
        self.assertIn("500", run.message)

    def test_run_of_a_connector_that_is_disabled_meanwhile_stops(self):
        flow = self.connect()
        self.server.records["things"] = [thing(n) for n in range(8)]
        original = type(flow)._after_sync

        def disable(flow, brought):
            flow.connector_id.state = "disabled"
            return original(flow, brought)

        self.patch(type(flow), "_after_sync", disable)
        run = self.sync(flow)
        self.assertEqual((run.state, run.fetched), ("running", 3))


@tagged("post_install", "-at_install")
class TestPreviewOfPush(PushCase):
    def test_preview_of_a_disabled_connector_looks_at_all_records_both_ways(self):
        for direction in ("push", "both"):
            with self.subTest(direction=direction):
                flow = self.connect(contacts_flow(direction, page_size=5))
                self.connector.action_disable()
                ours = self.env["res.partner"].concat(*(self.partner(f"Our {n}") for n in range(12)))
                for n in range(13):
                    self.there(name=f"Their {n}", email=f"their{n}@example.com")
                flow.action_preview()
                runs = self.env["bridge.run"].search([("flow_id", "=", flow.id)])
                found = {run.kind: (run.state, run.fetched) for run in runs}
                expected = {"push": ("done", 12), "pull": ("done", 13)}
                self.assertEqual(found, {kind: expected[kind] for kind in found})
                self.assertEqual(set(found), {"push"} if direction == "push" else {"push", "pull"})
                self.assertEqual((self.writes(), flow.binding_count), (0, 0))
                self.forget(ours)
