import json

from odoo import Command
from odoo.tests import tagged

from .common import field, thing, things_flow
from .test_sample import SampleCase

EMAIL = "match.sample"


@tagged("post_install", "-at_install")
class TestMatchSample(SampleCase):
    """What the key fields find of a sample is told before anything is written, and is what a sync then does."""

    def connect(self, *flows, **about):
        flow = super().connect(*(flows or [things_flow(page_size=20)]), **about)
        self.key = self.line("email", "email", key=True)
        return flow

    def partner(self, name, **values):
        return self.env["res.partner"].create({"name": name, **values})

    def told(self, flow, *lines, person=None):
        records = self.server.records["things"]
        told = flow.with_user(person or self.operator).match_sample(records, list(lines or [self.key]))
        self.assertIsNotNone(json.dumps(told))
        return told

    def twenty(self, flow):
        """12 are here under their address, in other letters; 1 is linked, 1 has no address, and 1 matches two."""
        things = [thing(number, email=f"{EMAIL}{number}@example.com") for number in range(1, 21)]
        for number in range(1, 13):
            self.partner(f"Here {number}", email=f"Match.SAMPLE{number}@Example.com ")
        linked = self.partner("Linked")
        self.env["bridge.binding"].create({"flow_id": flow.id, "external_id": "13", "res_id": linked.id})
        things[13]["email"] = None
        twins = [self.partner(name, email=f"{EMAIL}15@example.com") for name in ("Ada", "Ada Lee")]
        self.server.records["things"] = things
        return twins

    def test_it_is_said_in_words_and_the_doubtful_are_named(self):
        flow = self.connect()
        ada, lee = self.twenty(flow)
        told = self.told(flow)
        self.assertEqual(
            told["summary"],
            "12 of 20 samples would match a record of “Contact” by Email; 1 is linked already; 6 would be new;"
            " 1 matches more than one record.",
        )
        self.assertEqual([one["positions"] for one in told["doubtful"]], [[14], [13]])
        several, without = (one["reason"] for one in told["doubtful"])
        self.assertIn(f"Ada ({ada.id}), Ada Lee ({lee.id})", several)
        self.assertEqual(without, "no Email, so no record of Odoo is looked for.")
        self.assertEqual((told["problem"], told["more"]), ("", 0))

    def test_a_sync_then_does_what_was_told(self):
        flow = self.connect()
        self.twenty(flow)
        self.told(flow)
        self.connector.write({"state": "live"})
        run = self.sync(flow.sudo())
        done = self.counters(run)
        self.assertEqual((done["created"], done["failed"]), (6, 1), done)
        self.assertEqual(self.bound(flow.sudo(), 1).name, "Thing 1")
        self.assertEqual(sum(bool(self.bound(flow.sudo(), one)) for one in range(1, 21)), 12 + 1 + 6)

    def test_nothing_is_written_and_nothing_is_asked(self):
        flow = self.connect()
        self.twenty(flow)
        self.env.flush_all()
        self.env.cr.execute("SAVEPOINT reading; SET TRANSACTION READ ONLY")
        self.assertIn("12 of 20", self.told(flow)["summary"])
        self.env.flush_all()
        self.env.cr.execute("ROLLBACK TO SAVEPOINT reading")
        self.assertEqual(self.server.requests, [])

    def test_it_follows_the_key_and_how_it_is_compared(self):
        flow = self.connect()
        self.partner("One", ref="A-1", phone="+41 31 000 00 00", vat="CHE 123")
        self.partner("Two", ref="a1")
        self.server.records["things"] = [thing(1, code="a-1", tel="0041310000000", vat="che123")]
        cases = {
            "ref, letter by letter": (self.line("ref", "code", key=True), "0 of 1 samples"),
            "ref as a code": (self.line("ref", "code", key=True, options={"compare": "code"}), "matches more than one"),
            "ref in any case": (self.line("ref", "code", key=True, options={"compare": "ignore_case"}), "1 of 1"),
            "telephone": (
                self.line("phone", "tel", key=True),
                "1 of 1 samples would match a record of “Contact” by Phone",
            ),
            "vat": (self.line("vat", "vat", key=True), "1 of 1 samples"),
        }
        for name, (line, words) in cases.items():
            with self.subTest(name):
                self.assertIn(words, self.told(flow, line)["summary"])
        both = self.told(flow, cases["telephone"][0], cases["ref, letter by letter"][0])
        self.assertIn(
            "0 of 1 samples would match a record of “Contact” by Phone, Reference; 1 would be new", both["summary"]
        )

    def test_only_records_to_match_in_count_and_archived_ones_where_there_is_no_other(self):
        flow = self.connect(things_flow(match_domain=[["is_company", "=", True]]))
        self.server.records["things"] = [thing(1)]
        person = self.partner("Person", email="thing1@example.com")
        self.assertIn("0 of 1 samples", self.told(flow)["summary"])
        person.write({"is_company": True, "active": False})
        self.assertIn("1 of 1 samples", self.told(flow)["summary"])
        self.partner("Firm", email="thing1@example.com", is_company=True)
        self.assertIn("1 of 1 samples", self.told(flow)["summary"])

    def test_only_what_the_acting_user_may_read_is_found(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        hidden = self.partner("Hidden", email="thing1@example.com")
        self.partner("Seen", email="thing2@example.com")
        self.env["ir.rule"].create(
            {
                "name": "not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {hidden.id})]",
                "groups": [Command.link(self.env.ref("base.group_partner_manager").id)],
            }
        )
        self.env.flush_all()
        self.assertNotIn(hidden, self.env["res.partner"].with_user(self.acting).search([]))
        self.assertIn("1 of 2 samples", self.told(flow)["summary"])

    def test_who_may_not_read_what_would_be_found_learns_nothing_of_it(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        secret = self.partner("Secret", email="thing1@example.com")
        rule = {
            "name": "not this one",
            "model_id": self.env["ir.model"]._get_id("res.partner"),
            "domain_force": f"[('id', '!=', {secret.id})]",
            "groups": [Command.link(self.env.ref("integration_bridge.group_integration_bridge_operator").id)],
        }
        self.env["ir.rule"].create(rule)
        self.env.flush_all()
        self.env.invalidate_all()
        here = self.told(flow)
        self.server.records["things"] = [thing(1, email="nobody@example.com")]
        self.assertEqual(here, self.told(flow), "the answer would tell of an address that he may not read")
        self.assertEqual(here["summary"], "")
        self.assertIn("Ask somebody who may", here["problem"])
        self.assertNotIn("Secret", json.dumps(here))

    def test_a_field_that_he_may_not_read_is_no_key_for_him(self):
        flow = self.connect()
        self.partner("Secret", ref="S-1")
        self.env["res.partner.industry"].create({"name": "Mills", "full_name": "Secret mills"})
        self.server.records["things"] = [thing(1, code="S-1", industry="Secret mills")]
        self.patch(self.env.registry["res.partner"]._fields["ref"], "groups", "base.group_partner_manager")
        self.patch(
            self.env.registry["res.partner.industry"]._fields["full_name"], "groups", "base.group_partner_manager"
        )
        lines = [
            self.line("ref", "code", key=True),
            self.line("industry_id", "industry", "many2one_key", key=True, options={"field": "full_name"}),
        ]
        for line in lines:
            told = self.told(flow, line)
            self.assertEqual((told["summary"], told["doubtful"]), ("", []))
            self.assertIn("a field of the key", told["problem"])

    def test_related_records_of_a_key_are_those_that_he_may_read(self):
        flow = self.connect()
        mills, hidden = self.env["res.partner.industry"].create([{"name": "Mills"}, {"name": "Hidden works"}])
        self.partner("One", industry_id=mills.id)
        self.server.records["things"] = [thing(1, industry="Mills"), thing(2, industry="Hidden works")]
        self.env["ir.rule"].create(
            {
                "name": "not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner.industry"),
                "domain_force": f"[('id', '!=', {hidden.id})]",
                "groups": [Command.link(self.env.ref("integration_bridge.group_integration_bridge_operator").id)],
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()
        told = self.told(
            flow, self.line("industry_id", "industry", "many2one_key", key=True, options={"field": "name"})
        )
        self.assertIn("1 of 2 samples", told["summary"])
        self.assertIn("1 can not be told", told["summary"])
        [one] = told["doubtful"]
        self.assertEqual(one["positions"], [1])
        self.assertIn("there is no", one["reason"])

    def test_why_it_can_not_be_told_is_said(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.assertIn("No field is marked as Key", self.told(flow, self.line("email", "email"))["problem"])
        self.assertIn("all that are not linked yet would be new", self.told(flow, self.line("name", "name"))["problem"])
        wrong = self.line("email", "a..b", key=True)
        self.assertIn("First correct", self.told(flow, wrong)["problem"])
        nowhere = self.line("parent_id", "id", "many2one_binding", key=True, options={"flow": "nobody"})
        self.assertIn("no flow “nobody”", self.told(flow, nowhere)["problem"])
        self.connector.sudo().user_id = False
        self.assertIn("no acting user", self.told(flow)["problem"])

    def test_of_a_flow_that_creates_nothing_they_are_left_out(self):
        flow = self.connect(things_flow(can_create=False))
        self.server.records["things"] = [thing(1), thing(2), thing(3, deleted=True), thing(4, id=None)]
        told = self.told(flow)
        self.assertIn("2 match none and are left out, because this flow creates no records", told["summary"])
        self.assertIn("1 is deleted", told["summary"])
        self.assertIn("1 can not be told", told["summary"])
        self.assertNotIn("new", told["summary"])
        self.assertIn("nothing would come", self.told(flow, self.line("name", "name"))["problem"])

    def test_one_that_belongs_to_another_record_there_is_doubtful(self):
        flow = self.connect()
        partner = self.partner("One", email="thing1@example.com")
        self.env["bridge.binding"].create({"flow_id": flow.id, "external_id": "77", "res_id": partner.id})
        self.server.records["things"] = [
            thing(1),
            thing(2, email="same@example.com"),
            thing(3, email="Same@example.com"),
        ]
        self.partner("Same", email="same@example.com")
        told = self.told(flow)
        self.assertIn("1 of 3 samples", told["summary"])
        self.assertIn("2 match a record that belongs to another one there", told["summary"])
        self.assertEqual([one["positions"] for one in told["doubtful"]], [[0], [2]])
        self.assertIn("belongs to the record 77 of the other system", told["doubtful"][0]["reason"])

    def test_no_more_than_some_doubtful_ones_are_named(self):
        flow = self.connect()
        self.server.records["things"] = [thing(number, email=None) for number in range(1, 9)]
        told = self.told(flow)
        self.assertEqual(([one["positions"] for one in told["doubtful"]], told["more"]), ([[0, 1, 2, 3, 4]], 3))
        self.assertIn("8 would be new", told["summary"])

    def test_a_flow_that_looks_for_no_record_of_odoo_tells_nothing(self):
        operations = [{"kind": "create", "method": "POST", "path": "/things"}]
        flow = self.connect(things_flow(direction="push", operations=operations, fields=[field("name", "name")]))
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.told(flow), {})
