"""Promise 4: a transaction that is lost against another one is done again, and what it was given is as it was."""

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BridgeCase, field, thing, things_flow
from .push_case import PushCase, contacts_flow, contacts_operations
from .test_create_once import BY_EMAIL


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


@tagged("post_install", "-at_install")
class TestPushAgain(PushCase):
    """What is sent is written down in steps that are done again when another transaction was first."""

    def connect_found(self, **values):
        """A flow that goes both ways, and finds by their e-mail the records that the other side has already."""
        operations = contacts_operations(find=BY_EMAIL)
        flow = self.connect(contacts_flow("both", operations=operations, **values))
        self.sync(flow)
        return flow

    def test_record_that_was_found_there_is_bound_to_what_was_found(self):
        flow = self.connect_found()
        there = self.there(name="Ada", email="ada@example.com", phone="5", ref="bridge")
        ada = self.partner()
        lost = self.lose_once("UPDATE", "res_partner", "NEW.phone = '5'")  # a user writes the record at this moment
        with mute_logger("odoo.sql_db"):
            self.settle()
        self.assertTrue(lost())
        self.assertEqual((self.binding(flow, ada).external_id, ada.phone), (there["id"], "5"))
        ada.phone = "6"
        self.settle()
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["6"])
        self.assertFalse(self.failures(flow))

    def test_nothing_is_held_while_the_other_system_is_asked_for_what_a_found_record_points_to(self):
        parent = field("parent_id", "parent", "many2one_binding", options={"flow": "contacts"})
        flow = self.connect_found(fields=[*contacts_flow()["fields"], parent])
        company = self.there(name="Company", email="company@example.com")
        self.there(name="Ada", email="ada@example.com", ref="bridge", parent=company["id"])
        ada = self.partner()
        self.env.cr.flush()
        bound_when_asked = []

        def arrived(_method, path, _document):
            if path.endswith(company["id"]):
                bound_when_asked.append(self.binding(flow, ada).ids)

        self.remote.arrived = arrived
        self.work()
        self.assertEqual(bound_when_asked[:1], [[]])
        self.assertEqual(ada.parent_id.name, "Company")

    def test_record_that_is_made_there_again_is_made_although_its_intent_was_lost(self):
        flow = self.connect(contacts_flow("both"))
        self.sync(flow)
        there = self.there(name="Ada", email="ada@example.com", ref="bridge")
        self.sync(flow)
        ada = self.bound(flow, there["id"])
        self.settle()
        self.remote.delete("contacts", there["id"])
        self.sync(flow)
        self.assertEqual((ada.active, self.binding(flow, ada).state), (False, "removed"))
        ada.write({"active": True, "phone": "7"})
        lost = self.lose_once("UPDATE", "bridge_binding", "NEW.state = 'creating' AND NEW.intent IS NOT NULL")
        with mute_logger("odoo.sql_db"):
            self.settle()
        self.assertTrue(lost())
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["7"])
        refused = self.env["bridge.log"].search([("flow_id", "=", flow.id), ("action", "=", "reject")])
        self.assertEqual(refused.mapped("message"), [], "nobody else was creating it")
        self.assertEqual(self.binding(flow, ada).external_id, *self.contacts)
