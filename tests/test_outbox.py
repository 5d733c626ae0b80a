"""What the bridge itself has brought to Odoo is nothing to be sent; what a person changes meanwhile is."""

from odoo.tests import tagged

from .push_case import contacts_flow, contacts_operations
from .test_both_ways import BothWaysCase


@tagged("post_install", "-at_install")
class TestOutbox(BothWaysCase):
    def outbox(self):
        self.env.cr.flush()
        return sorted(set(self.env["bridge.change"].search([("flow_id", "=", self.flow.id)]).mapped("res_id")))

    def pull(self, full=False):
        """Pull, and no more; give the run."""
        self.env.cr.flush()
        run = self.flow._enqueue("manual", full=full, kinds=["pull"])
        self.flow.push_waits_until = "2999-01-01"
        self.work()
        self.flow.push_waits_until = False
        self.assertEqual(run.state, "done", run.message)
        return run

    def pushes(self):
        return self.env["bridge.run"].search_count([("flow_id", "=", self.flow.id), ("kind", "=", "push")])

    def test_pull_of_new_and_changed_records_leaves_nothing_to_look_at(self):
        self.connect_both()
        there = [self.there(name=f"C{n}", email=f"c{n}@example.com", ref="bridge", phone="1") for n in range(30)]
        before = self.pushes()
        self.assertEqual(self.pull().created, 30)
        self.assertEqual(self.outbox(), [])
        for one in there[:25]:
            self.put(one["id"], phone="2", city="Paris")
        self.remote.delete("contacts", there[29]["id"])
        run = self.pull()
        self.assertEqual((run.updated, run.archived), (25, 1))
        self.assertEqual(self.outbox(), [])
        for _lane in range(3):
            self.settle()
        self.assertEqual((self.pushes(), self.writes()), (before, 0), "no push run looks at them")
        self.assertEqual(self.bound(self.flow, there[0]["id"]).city, "Paris")
        for _again in range(2):
            self.sync(self.flow, full=True)
        self.assertEqual(self.writes(), 0)

    def test_what_a_person_changed_before_the_pull_goes_out(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1", city="London")
        bob = self.there(name="Bob", email="bob@example.com", ref="bridge")
        ada.phone = "2"
        self.env.cr.flush()
        self.put(there, city="Paris")
        self.pull()
        self.assertEqual(self.outbox(), ada.ids)
        self.assertTrue(self.bound(self.flow, bob["id"]))
        self.settle()
        self.assertEqual(
            (self.contacts[there]["phone"], self.contacts[there]["city"], ada.city), ("2", "Paris", "Paris")
        )
        self.assertEqual(self.writes(), 1)

    def test_what_a_person_changed_after_the_pull_goes_out(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1", city="London")
        self.put(there, city="Paris")
        self.pull()
        ada.city = "Rome"
        self.settle()
        self.assertEqual(self.contacts[there]["city"], "Rome")

    def test_other_records_that_a_pull_changes_in_passing_go_out(self):
        """Odoo copies the address of a company to its people, who have records there, too."""
        self.connect_both()
        ada, there = self.in_agreement(city="London")
        bob = self.partner("Bob", city="London")
        self.settle()
        partners = type(self.env["res.partner"])
        original = partners.write

        def write(records, vals):
            result = original(records, vals)
            if vals.get("city") == "Paris" and records.ids == ada.ids:
                original(bob.with_env(records.env), {"city": "Paris, too"})
            return result

        self.patch(partners, "write", write)
        self.put(there, city="Paris")
        self.pull()
        self.assertEqual(self.outbox(), bob.ids)
        self.settle()
        self.assertIn("Paris, too", [one["city"] for one in self.contacts.values()])

    def test_value_that_odoo_trims_is_no_change_of_odoo(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1")
        partners = type(self.env["res.partner"])
        original = partners.write

        def write(records, vals):
            return original(records, {**vals, "phone": vals["phone"].strip()} if vals.get("phone") else vals)

        self.patch(partners, "write", write)
        self.put(there, phone=" 2 ")
        self.pull()
        self.assertEqual((ada.phone, self.outbox()), ("2", []))
        for _again in range(2):
            self.sync(self.flow, full=True)
        self.assertEqual((self.writes(), self.contacts[there]["phone"], ada.phone), (0, " 2 ", "2"))
        ada.phone = "3"
        self.settle()
        self.assertEqual(self.contacts[there]["phone"], "3")

    def test_field_that_odoo_changes_besides_is_sent_where_the_other_system_says_nothing_of_it(self):
        for says in (False, True):
            with self.subTest(says=says):
                self.connect_both()
                ada, there = self.in_agreement(phone="1", **({"city": "London"} if says else {}))
                partners = type(self.env["res.partner"])
                original = partners.write

                def write(records, vals, original=original):
                    return original(records, {**vals, "city": "By Odoo"} if vals.get("phone") == "2" else vals)

                self.patch(partners, "write", write)
                self.put(there, phone="2")
                self.pull()
                self.assertEqual(ada.city, "By Odoo")
                self.assertEqual(self.outbox(), [] if says else ada.ids)
                self.settle()
                self.assertEqual(self.contacts[there].get("city"), "London" if says else "By Odoo")
                self.writes()
                for _again in range(2):
                    self.sync(self.flow, full=True)
                self.assertEqual((self.writes(), ada.city), (0, "By Odoo"), "no ping-pong")
                self.patch(partners, "write", original)
                self.forget(ada)

    def test_record_that_a_pull_takes_out_of_the_domain_has_left(self):
        self.connect_both()
        ada, there = self.in_agreement()
        self.put(there, ref="somebody else's")
        self.pull()
        self.assertEqual(self.outbox(), ada.ids)
        self.settle()
        self.assertEqual(self.names_there(), [])

    def test_other_flows_learn_what_a_pull_has_brought(self):
        self.connect_both()
        other = contacts_flow("push", code="copies", operations=contacts_operations("list"), push_domain=[])
        document = {**self.connector._export_definition(), "flows": [other]}
        document["connector"] = {**document["connector"], "code": "other_system", "name": "Other"}
        connector = self.env["bridge.connector"]._import_definition(document)
        connector.write({"user_id": self.acting.id, "state": "live"})
        copies = connector.flow_ids
        there = self.there(name="Ada", email="ada@example.com", ref="bridge")
        self.pull()
        ada = self.bound(self.flow, there["id"])
        noted = self.env["bridge.change"].search([("flow_id", "=", copies.id)])
        self.assertEqual((self.outbox(), noted.mapped("res_id")), ([], ada.ids))
