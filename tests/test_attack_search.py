"""Attacks by what is searched for (hole 10): by what is pushed nobody learns what the acting user may not read."""

from odoo.fields import Command
from odoo.tests import tagged

from .push_case import PushCase, contacts_flow

# A contact that belongs to a company which the acting user may not see, asked for in all ways that Odoo has.
ORACLES = {
    "dotted": [("parent_id.name", "=like", "Secret%")],
    "dotted_twice": [("parent_id.child_ids.name", "=like", "Secret%")],
    "to_many": [("child_ids.name", "=like", "Secret%")],
    "any": [("parent_id", "any", [("name", "=like", "Secret%")])],
    "display_name": [("parent_id", "ilike", "Secret")],
    "name": [("parent_id", "=", "Secret Company")],
    "dotted_id": [("parent_id.id", ">", 0)],
}


@tagged("post_install", "-at_install")
class TestSearch(PushCase):
    def setUp(self):
        super().setUp()
        self.secret = self.env["res.partner"].create({"name": "Secret Company", "is_company": True})
        self.ada = self.partner("Ada", parent_id=self.secret.id)
        self.partner("Secret Child", parent_id=self.ada.id, ref=False)
        self.partner("Secret Sister", parent_id=self.secret.id, ref=False)
        self.rule = self.env["ir.rule"].create(
            {
                "name": "no secrets",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "groups": [Command.link(self.env.ref("base.group_partner_manager").id)],
                "domain_force": "[('name', 'not like', 'Secret')]",
            }
        )

    def pushed(self, domain):
        domain = [("ref", "=", "bridge"), *domain]
        flow = self.connect(contacts_flow(push_domain=[list(part) for part in domain]))
        self.sync(flow, full=True)
        names = self.names_there()
        self.connector.unlink()
        self.remote.records.clear()
        return names

    def test_attacks_that_ask_for_related_records(self):
        for name, domain in ORACLES.items():
            with self.subTest(name):
                self.assertEqual(self.pushed(domain), [], "the acting user does not see what is asked for")

    def test_who_sees_the_related_record_may_ask_for_it(self):
        self.rule.unlink()
        for name, domain in ORACLES.items():
            with self.subTest(name):
                self.assertEqual(self.pushed(domain), ["Ada"])

    def test_record_that_is_hidden_from_the_acting_user_has_not_left(self):
        flow = self.connect(contacts_flow())
        self.sync(flow, full=True)
        self.assertEqual(self.names_there(), ["Ada"])
        self.rule.domain_force = "[('name', '!=', 'Ada')]"
        self.sync(flow, full=True)
        self.assertEqual(self.names_there(), ["Ada"], "it is not removed there")
