"""Promise 4: a transaction that is lost against another one is done again, and what it was given is as it was."""

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BridgeCase, field, thing, things_flow


@tagged("post_install", "-at_install")
class TestPageAgain(BridgeCase):
    """The first pull of a flow maps a page once, however often the page has to be written."""

    def connect_flows(self):
        """Things with tags, a parent, and people inside."""
        people = field("child_ids", "people", "nested", options={"flow": "people"})
        tags = field("category_id", "tags", "many2many_key", options={"field": "name", "create": True})
        parent = field("parent_id", "parent", "many2one_binding", options={"flow": "things"})
        child = {"code": "people", "name": "People", "model": "res.partner", "parent": "things"}
        return self.connect(
            things_flow(fields=[*things_flow()["fields"], people, tags, parent]),
            {**child, "delete_policy": "unlink", "fields": [field("name", "name", required=True)]},
        )

    def lost_page(self, **values):
        """Thing 1 is brought by a page that is lost at its end and done again; give the flow."""
        flow = self.connect_flows()
        self.server.records["things"] = [thing(1, **values), thing(2)]
        lost = self.lose_once("INSERT", "bridge_log")
        with mute_logger("odoo.sql_db"):
            run = self.sync(flow)
        self.assertTrue(lost())
        self.assertEqual((run.state, self.counters(run)), ("done", {"created": 2}))
        return flow

    def test_records_inside_the_record_are_there(self):
        flow = self.lost_page(people=[{"id": "a", "name": "Ann"}, {"id": "b", "name": "Bob"}])
        self.assertEqual(set(self.bound(flow, 1).child_ids.mapped("name")), {"Ann", "Bob"})
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 2})
        self.assertEqual(len(self.bound(flow, 1).child_ids), 2)

    def test_tag_that_the_lost_attempt_had_made_is_made_again(self):
        flow = self.lost_page(tags=["Brand new"])
        self.assertEqual(self.bound(flow, 1).category_id.mapped("name"), ["Brand new"])

    def test_relation_to_a_record_of_the_same_page_is_to_the_one_that_is_there(self):
        flow = self.lost_page(parent=2)
        self.assertEqual(self.bound(flow, 1).parent_id, self.bound(flow, 2))

    def test_full_compare_reports_the_same(self):
        self.env["res.partner"].create({"name": "Thing 1", "email": "thing1@example.com"})
        flow = self.connect_flows()
        self.server.records["things"] = [thing(1, people=[{"id": "a", "name": "Ann"}])]
        lost = self.lose_once("INSERT", "bridge_drift")
        flow.action_compare()
        with mute_logger("odoo.sql_db"):
            self.work()
        self.assertTrue(lost())
        line = self.env["bridge.drift"].search([("flow_id", "=", flow.id)])
        self.assertEqual((line.kind, line.differences), ("unlinked", {"child_ids": [None, "+1 ~0 −0"]}))
