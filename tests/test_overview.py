import json

from odoo.tests import Form, tagged

from .common import BridgeCase, definition, thing


@tagged("post_install", "-at_install")
class TestOverview(BridgeCase):
    """The app's first screen, and what leads from it (promise 5)."""

    def test_a_card_says_how_each_flow_is(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        self.sync(flow)
        (line,) = self.connector.overview
        self.assertEqual((line["name"], line["icon"], line["color"]), (flow.name, "fa-arrow-down", "warning"))
        self.assertTrue(line["when"] and line["result"])
        (graph,) = json.loads(self.connector.activity_graph)
        self.assertEqual(len(graph["values"]), 14)
        self.assertEqual((graph["values"][-1]["value"], graph["values"][-1]["type"]), (2, "past"))
        self.assertEqual([bar["value"] for bar in graph["values"][:-1]], [0] * 13)

    def test_one_that_has_done_nothing_has_no_graph(self):
        connector = self.env["bridge.connector"].create({"name": "New", "code": "new"})
        self.assertEqual((connector.overview, connector.activity_graph), (False, False))

    def test_a_hundred_cards_take_no_more_queries_than_two(self):
        self.connect()
        fields = [field.get("name") for field in self._card_fields()]

        def queries():
            self.env.invalidate_all()
            connectors = self.env["bridge.connector"].search([])
            before = self.env.cr.sql_log_count
            connectors.read(fields)
            return self.env.cr.sql_log_count - before

        few = queries()
        for number in range(8):
            document = definition("http://127.0.0.1:1")
            document["connector"] |= {"code": f"more_{number}", "name": f"More {number}"}
            self.env["bridge.connector"]._import_definition(document)
        many = queries()
        self.assertLessEqual(many, few + 2, "each card costs queries of its own")
        self.assertLess(many, 40)

    def _card_fields(self):
        from lxml import etree

        view = self.env.ref("integration_bridge.bridge_connector_view_kanban")
        return etree.fromstring(view.arch).iter("field")

    def test_what_comes_next_is_said_until_it_is_live(self):
        connector = self.env["bridge.connector"].create({"name": "Guided", "code": "guided"})
        self.assertIn("enter the base address", connector.next_step)
        connector.write({"base_url": "https://guided.example.com", "auth_scheme": "bearer"})
        self.assertIn("how to sign in", connector.next_step)
        connector.auth_scheme = "none"
        self.assertIn("add a flow", connector.next_step)
        flow = self.env["bridge.flow"].create(
            {
                "name": "Contacts",
                "code": "contacts",
                "connector_id": connector.id,
                "model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.assertIn("which field goes where", connector.next_step)
        flow.mapping_ids = [
            (0, 0, {"field_id": self.env["ir.model.fields"]._get("res.partner", "name").id, "path": "name"})
        ]
        self.assertIn("how to ask for its list", connector.next_step)
        flow.operation_ids = [(0, 0, {"kind": "list", "path": "/contacts", "records_path": "@"})]
        self.assertIn("acting user", connector.next_step)
        connector.user_id = self.env.ref("base.user_admin")
        self.assertIn("press Preview", connector.next_step)
        flow.action_go_live()
        self.assertEqual((connector.state, connector.next_step), ("live", False))

    def test_the_gear_of_a_flow_leads_to_what_is_rare(self):
        flow = self.connect()
        for kind in ("pull", "push"):
            action = getattr(flow, f"action_{kind}_again")()
            self.assertEqual(action["context"], {"default_kind": kind, "default_flow_id": flow.id})
            Form(self.env["bridge.anew"].with_context(**action["context"]))
        for entry in ("full_sync", "full_push", "compare", "recover", "pull_again", "push_again"):
            action = self.env.ref(f"integration_bridge.bridge_flow_action_{entry}")
            groups = action.group_ids.mapped("full_name")
            self.assertEqual(len(groups), 1, f"{entry} is for operators alone, not for {groups}")

    def test_the_error_desk_finds_a_record_by_its_name_and_remote_id(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name=None), thing(22, name=None, email="no address")]
        self.sync(flow)
        failures = self.env["bridge.failure"]
        self.assertTrue(failures.search([("record", "ilike", "22")]))
        self.assertFalse(failures.search([("record", "ilike", "333")]))
        action = failures.search([("record", "ilike", "22")], limit=1).action_open_jobs()
        self.assertTrue(action["context"]["bridge_of_one_sort"])
