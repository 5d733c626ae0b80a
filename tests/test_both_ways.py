"""Promise 2: two sides that change the same records never overwrite each other silently."""

from odoo import fields
from odoo.tests import tagged

from .common import field
from .push_case import PushCase, contacts_flow, contacts_operations


class BothWaysCase(PushCase):
    """A two-way flow of contacts, and a contact that both sides have."""

    def connect_both(self, authority="ask", conditional=True, **values):
        self.remote.conditional = conditional
        operations = values.pop("operations", None) or contacts_operations(conditional=conditional)
        fields_ = [
            field("name", "name", required=True),
            field("email", "email", key=True),
            field("phone", "phone"),
            field("city", "city"),
            field("ref", "ref"),
        ]
        flow = self.connect(
            contacts_flow("both", authority, operations=operations, **{"fields": fields_, "push_domain": [], **values})
        )
        # Only what the tests make is a contact of ours.
        flow.push_domain = [["ref", "=", "bridge"]]
        self.flow = flow
        self.sync(flow)
        return flow

    def in_agreement(self, **values):
        """A contact that both sides have."""
        there = self.there(name="Ada", email="ada@example.com", ref="bridge", **values)
        self.sync(self.flow)
        self.settle()
        self.writes()
        return self.bound(self.flow, there["id"]), there["id"]

    def put(self, external_id, **values):
        self.remote.put("contacts", {**self.contacts[external_id], **values})

    def sync(self, flow, full=False):
        self.env.cr.flush()
        runs = flow._enqueue("manual", full=full)
        self.work()
        return runs

    def conflicts(self, state="open"):
        return self.env["bridge.conflict"].search([("flow_id", "=", self.flow.id), ("state", "=", state)])


@tagged("post_install", "-at_install")
class TestBothWays(BothWaysCase):
    def test_each_side_gets_what_the_other_changed(self):
        for conditional in (True, False):
            with self.subTest(conditional=conditional):
                self.connect_both(conditional=conditional)
                ada, there = self.in_agreement(phone="1", city="London")
                ada.phone = "2"
                self.put(there, city="Paris")
                self.sync(self.flow)
                self.assertEqual((ada.phone, ada.city), ("2", "Paris"))
                self.assertEqual((self.contacts[there]["phone"], self.contacts[there]["city"]), ("2", "Paris"))
                self.assertEqual(self.conflicts().ids, [])
                self.writes()
                for _again in range(3):
                    self.sync(self.flow, full=True)
                self.assertEqual(self.writes(), 0, "no echo")
                self.forget(ada)

    def test_what_changes_there_between_pull_and_push_is_not_overwritten(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1", city="London")
        ada.phone = "2"
        self.put(there, city="Paris")
        self.settle()  # no pull before: the remote refuses the old version
        self.assertEqual((ada.phone, ada.city), ("2", "Paris"))
        self.assertEqual((self.contacts[there]["phone"], self.contacts[there]["city"]), ("2", "Paris"))

    def test_run_that_sends_counts_what_it_took_in(self):
        """Promise 5: what was done in Odoo for the sake of a push can be read in its run."""
        flow = self.connect_both(conditional=False)
        ada, there = self.in_agreement(phone="1", city="London")
        ada.phone = "2"
        self.put(there, city="Paris")
        self.settle()
        run = self.env["bridge.run"].search([("flow_id", "=", flow.id), ("kind", "=", "push")], limit=1)
        self.assertEqual((ada.city, self.contacts[there]["phone"]), ("Paris", "2"))
        self.assertEqual((run.updated, run.sent_updated), (1, 1))

    def test_record_that_is_only_pulled_is_not_deleted_there(self):
        self.connect_both()
        there = self.there(name="Ada", email="ada@example.com", ref="somebody else's")
        self.sync(self.flow)
        ada = self.bound(self.flow, there["id"])
        ada.phone = "2"
        self.settle()
        ada.unlink()
        self.settle()
        self.assertEqual((self.writes(), self.names_there()), (0, ["Ada"]))

    def test_record_that_is_only_pulled_and_deleted_in_odoo_comes_again_when_it_changes_there(self):
        self.connect_both()
        there = self.there(name="Ada", email="ada@example.com", ref="somebody else's")
        self.sync(self.flow)
        self.bound(self.flow, there["id"]).unlink()
        self.settle()
        self.put(there["id"], phone="3")
        self.sync(self.flow)
        self.assertEqual(self.bound(self.flow, there["id"]).phone, "3")
        self.assertEqual((self.conflicts().ids, self.writes()), ([], 0))

    def test_record_that_entered_the_domain_is_deleted_there(self):
        self.connect_both()
        there = self.there(name="Ada", email="ada@example.com", ref="somebody else's")
        self.sync(self.flow)
        ada = self.bound(self.flow, there["id"])
        ada.ref = "bridge"
        self.settle()
        ada.unlink()
        self.settle()
        self.assertEqual(self.names_there(), [])

    def test_record_that_was_pulled_into_the_domain_is_deleted_there_also_before_any_push_has_looked_at_it(self):
        self.connect_both()
        there = self.there(name="Ada", email="ada@example.com", ref="bridge")
        pull = self.flow._enqueue("manual", kinds=["pull"])
        self.env["bridge.change"].search([]).unlink()
        self.work()
        self.assertEqual(pull.state, "done")
        self.bound(self.flow, there["id"]).unlink()
        self.settle()
        self.assertEqual(self.names_there(), [])

    def test_both_changed_the_same_field(self):
        winners = {"odoo": ("2", 0), "remote": ("3", 0), "ask": (None, 1)}
        for authority, (winner, conflicts) in winners.items():
            for order in ("pull", "push"):
                with self.subTest(authority=authority, order=order):
                    self.connect_both(authority)
                    ada, there = self.in_agreement(phone="1")
                    ada.phone = "2"
                    self.put(there, phone="3")
                    if order == "pull":
                        self.sync(self.flow)
                    else:
                        self.settle()
                    self.sync(self.flow)
                    found = (ada.phone, self.contacts[there]["phone"])
                    self.assertEqual(found, (winner, winner) if winner else ("2", "3"))
                    self.assertEqual(len(self.conflicts()), conflicts)
                    self.sync(self.flow, full=True)
                    self.assertEqual(len(self.conflicts()), conflicts)
                    self.forget(ada)

    def test_the_side_changed_last_wins(self):
        now = {"past": "2001-01-01T00:00:00Z", "future": "2099-01-01T00:00:00Z"}
        for moment, winner in (("past", "2"), ("future", "3")):
            with self.subTest(moment=moment):
                record = {"id": "id", "updated": "changed", "version": "updated", "deleted": "deleted"}
                self.connect_both("newest", record=record)
                ada, there = self.in_agreement(phone="1", changed=now["past"])
                ada.phone = "2"
                self.put(there, phone="3", changed=now[moment])
                self.sync(self.flow, full=True)
                self.sync(self.flow, full=True)
                self.assertEqual((ada.phone, self.contacts[there]["phone"]), (winner, winner))
                self.forget(ada)

    def test_the_side_changed_last_wins_by_the_connectors_clock(self):
        cases = [
            # zone, when it changed there in local time, when in Odoo (UTC), who was last
            ("America/New_York", "2024-06-01T08:00:00", "2024-06-01 11:00:00", "3"),
            ("Europe/Brussels", "2024-06-01T13:00:00", "2024-06-01 12:00:00", "2"),
            ("Europe/Brussels", "2024-06-01T13:00:00Z", "2024-06-01 12:00:00", "3"),  # it says its zone
            ("Asia/Kolkata", "2024-06-01 18:00:00", "2024-06-01 12:00:00", "3"),
            # A time that does not exist as UTC is none, so that a person has to say.
            ("Europe/Brussels", "0001-01-01T00:00:00", "2024-06-01 12:00:00", None),
        ]
        for zone, there_at, here_at, winner in cases:
            with self.subTest(zone=zone, there_at=there_at):
                record = {"id": "id", "updated": "changed", "version": "updated", "deleted": "deleted"}
                flow = self.connect_both("newest", record=record)
                self.connector.timezone = zone
                ada, there = self.in_agreement(phone="1", changed="2001-01-01T00:00:00Z")
                ada.phone = "2"
                self.env.cr.flush()
                self.env.cr.execute("UPDATE bridge_change SET create_date = %s WHERE flow_id = %s", [here_at, flow.id])
                self.put(there, phone="3", changed=there_at)
                self.sync(flow, full=True)
                self.sync(flow, full=True)
                self.assertEqual((ada.phone, self.contacts[there]["phone"]), (winner, winner) if winner else ("2", "3"))
                self.forget(ada)

    def test_a_conflict_says_what_stands_against_what_and_other_fields_go_on(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1", city="London")
        ada.write({"phone": "2", "city": "Paris"})
        self.put(there, phone="3")
        self.sync(self.flow)
        conflict = self.conflicts()
        self.assertEqual((conflict.odoo_text, conflict.remote_text, conflict.agreed_text), ("2", "3", "1"))
        self.assertEqual((conflict.field_label, conflict.res_id, conflict.external_id), ("Phone", ada.id, there))
        self.assertEqual(self.contacts[there]["city"], "Paris")
        self.assertEqual((ada.phone, self.contacts[there]["phone"]), ("2", "3"))

    def test_what_goes_along_with_a_change_does_not_end_a_conflict(self):
        whole = {"kind": "update", "method": "PUT", "path": "/contacts/{external_id}", "sends": "whole"}
        fields_ = [
            field("name", "name", required=True),
            field("email", "email", key=True),
            field("ref", "ref"),
            field("city", "address.city"),
            field("street", "address.street"),
        ]
        for name, operations in (
            ("looks first", contacts_operations()),
            ("conditional", contacts_operations(conditional=True)),
            ("whole", contacts_operations(update=whole)),
            ("can not look", contacts_operations("get")),
        ):
            with self.subTest(name):
                self.connect_both(conditional=name == "conditional", operations=operations, fields=fields_)
                ada, there = self.in_agreement(address={"city": "Bonn", "street": "A 1"})
                ada.street = "A 2"
                self.put(there, address={"city": "Bonn", "street": "A 3"})
                self.sync(self.flow)
                ada.city = "Ulm"
                self.sync(self.flow)
                city = "Bonn" if name == "can not look" else "Ulm"
                self.assertEqual(self.contacts[there]["address"], {"city": city, "street": "A 3"})
                self.assertEqual((self.conflicts().mapped("field_name"), ada.street), (["street"], "A 2"))
                self.conflicts().action_keep_odoo()
                self.sync(self.flow)
                self.assertEqual(self.contacts[there]["address"], {"city": "Ulm", "street": "A 2"})
                self.assertFalse(self.conflicts())
                ada.unlink()
                self.settle()
                self.connector.unlink()
                self.remote.records.clear()

    def test_a_decision_takes_the_road(self):
        for side, winner in (("odoo", "2"), ("remote", "3")):
            with self.subTest(side=side):
                self.connect_both()
                ada, there = self.in_agreement(phone="1")
                ada.phone = "2"
                self.put(there, phone="3")
                self.sync(self.flow)
                conflict = self.conflicts()
                getattr(conflict, f"action_keep_{side}")()
                self.settle()
                self.assertEqual((ada.phone, self.contacts[there]["phone"]), (winner, winner))
                self.assertEqual((conflict.state, conflict.decision, conflict.settled), ("closed", side, False))
                self.sync(self.flow, full=True)
                self.assertFalse(self.conflicts())
                self.forget(ada)

    def test_a_conflict_that_both_sides_settle_closes_itself(self):
        for who in ("odoo", "remote"):
            with self.subTest(who=who):
                self.connect_both()
                ada, there = self.in_agreement(phone="1")
                ada.phone = "2"
                self.put(there, phone="3")
                self.sync(self.flow)
                conflict = self.conflicts()
                if who == "odoo":
                    ada.phone = "3"
                    self.settle()
                else:
                    self.put(there, phone="2")
                    self.sync(self.flow)
                self.assertEqual((conflict.state, conflict.settled), ("closed", True))
                self.writes()
                self.sync(self.flow)
                self.assertEqual(self.writes(), 0)
                self.forget(ada)

    def test_always_this_side(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1")
        ada.phone = "2"
        self.put(there, phone="3")
        self.sync(self.flow)
        self.conflicts().action_always_odoo()
        self.settle()
        self.assertEqual(self.contacts[there]["phone"], "2")
        mapping = self.flow.mapping_ids.filtered(lambda one: one.field_name == "phone")
        self.assertEqual(mapping.authority, "odoo")

    def test_first_contact(self):
        cases = {"odoo": ("2", "2", 0), "remote": ("3", "3", 0), "ask": ("2", "3", 1)}
        for authority, (here, remote, conflicts) in cases.items():
            with self.subTest(authority=authority):
                ada = self.partner(phone="2")
                there = self.there(name="Ada", email="ada@example.com", ref="bridge", phone="3", city="London")["id"]
                self.connect_both(authority)
                self.settle()
                self.assertEqual(self.bound(self.flow, there), ada)
                self.assertEqual((ada.phone, self.contacts[there]["phone"]), (here, remote))
                self.assertEqual((ada.city, len(self.conflicts())), ("London", conflicts))
                self.assertEqual(len(self.contacts), 1)
                self.forget(ada)

    def test_deleted_there(self):
        self.connect_both()
        ada, there = self.in_agreement()
        self.remote.delete("contacts", there)
        self.sync(self.flow)
        self.assertFalse(ada.active)
        self.settle()
        self.assertEqual((self.writes(), len(self.contacts)), (0, 0))
        ada.action_unarchive()
        self.settle()
        self.assertEqual(self.names_there(), ["Ada"], "brought back in Odoo, so it is there again")

    def test_what_comes_back_there_gets_what_it_says_nothing_of(self):
        self.connect_both("remote")
        ada, there = self.in_agreement(phone="1", city="London")
        self.remote.delete("contacts", there)
        self.sync(self.flow)
        self.assertFalse(ada.active)
        self.remote.put("contacts", {"id": there, "name": "Ada", "email": "ada@example.com", "ref": "bridge"})
        self.sync(self.flow)
        self.sync(self.flow)
        self.assertEqual((ada.active, ada.phone, self.contacts[there].get("phone")), (True, "1", "1"))

    def test_deleted_in_odoo(self):
        self.connect_both()
        ada, there = self.in_agreement()
        ada.unlink()
        self.sync(self.flow)
        self.assertNotIn(there, self.contacts)
        self.sync(self.flow, full=True)
        self.assertFalse(self.env["res.partner"].search([("email", "=", "ada@example.com")]))

    def test_deleted_there_and_changed_in_odoo(self):
        for side in ("odoo", "remote"):
            with self.subTest(side=side):
                self.connect_both()
                ada, there = self.in_agreement()
                ada.phone = "7"
                self.remote.delete("contacts", there)
                self.sync(self.flow)
                self.assertTrue(ada.active)
                conflict = self.conflicts()
                self.assertEqual(conflict.kind, "gone_there")
                getattr(conflict, f"action_keep_{side}")()
                self.settle()
                self.sync(self.flow)
                if side == "odoo":
                    self.assertEqual([one["phone"] for one in self.contacts.values()], ["7"])
                else:
                    self.assertEqual((len(self.contacts), ada.active), (0, False))
                self.assertEqual(conflict.state, "closed")
                self.forget(ada)

    def test_deleted_there_changed_in_odoo_and_there_again_with_another_id(self):
        self.connect_both()
        ada, there = self.in_agreement()
        ada.phone = "7"
        self.remote.delete("contacts", there)
        self.sync(self.flow)
        again = self.remote.put("contacts", {"email": "ada@example.com", "name": "Ada"})["id"]
        self.sync(self.flow)
        self.assertIn("Decide that conflict first", self.failures(self.flow).error_message)
        self.conflicts().action_keep_remote()
        self.settle()
        self.failures(self.flow).due_at = fields.Datetime.now()
        self.work()
        self.assertFalse(self.failures(self.flow))
        self.assertEqual(self.bound(self.flow, again), ada)

    def test_deleted_in_odoo_and_changed_there(self):
        for side in ("odoo", "remote"):
            for order in ("pull", "push"):
                with self.subTest(side=side, order=order):
                    self.connect_both()
                    ada, there = self.in_agreement()
                    ada.unlink()
                    self.put(there, phone="8")
                    if order == "pull":
                        self.sync(self.flow)
                    else:
                        self.settle()
                    self.sync(self.flow)
                    conflict = self.conflicts()
                    self.assertEqual((conflict.kind, there in self.contacts), ("gone_in_odoo", True))
                    getattr(conflict, f"action_keep_{side}")()
                    self.settle()
                    self.sync(self.flow)
                    again = self.env["res.partner"].search([("email", "=", "ada@example.com")])
                    if side == "odoo":
                        self.assertEqual((there in self.contacts, len(again)), (False, 0))
                    else:
                        self.assertEqual((again.phone, self.contacts[there]["phone"]), ("8", "8"))
                        self.assertEqual(conflict.state, "closed")
                    self.forget(again)

    def test_a_remote_that_changes_what_it_gets_makes_no_echo(self):
        self.remote.normalise = lambda document: {**document, "name": (document.get("name") or "")[:5]}
        for conditional in (True, False):
            with self.subTest(conditional=conditional):
                self.connect_both(conditional=conditional)
                ada, there = self.in_agreement()
                ada.name = "Ada Lovelace"
                self.sync(self.flow)
                self.assertEqual((ada.name, self.contacts[there]["name"]), ("Ada Lovelace", "Ada L"))
                self.writes()
                for _again in range(3):
                    self.sync(self.flow, full=True)
                self.assertEqual((self.writes(), ada.name), (0, "Ada Lovelace"))
                self.forget(ada)

    def test_everything_is_matched_before_anything_is_sent(self):
        self.partner()
        flow = self.connect(contacts_flow("both", "odoo"))
        self.settle()
        self.assertEqual(self.remote.counters()["requests"], 0)
        self.assertFalse(flow.last_full_scan)

    def test_nor_is_it_sent_for_the_sake_of_a_record_that_points_to_it(self):
        operations = [{**one, "path": one["path"].replace("contacts", "people")} for one in contacts_operations()]
        fields_ = [
            field("name", "name", required=True),
            field("parent_id", "company", "many2one_binding", options={"flow": "contacts"}),
        ]
        people = contacts_flow(code="people", name="People", operations=operations, fields=fields_)
        contacts = self.connect(contacts_flow("both", "ask", push_domain=[["ref", "=", "company"]]), people)
        there = self.there(name="Acme", email="acme@example.com", ref="company")
        acme = self.partner("Acme", ref="company", is_company=True)
        self.partner("Eve", parent_id=acme.id)
        self.settle()
        self.assertEqual(self.names_there(), ["Acme"])
        self.sync(contacts)
        self.settle()
        [eve] = self.remote.records["people"].values()
        self.assertEqual((self.names_there(), eve["company"]), (["Acme"], there["id"]))
