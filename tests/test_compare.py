"""Full compare: promise 5, what differs can be read, and nothing is written until somebody says so."""

from odoo.tests import tagged

from .test_both_ways import BothWaysCase


@tagged("post_install", "-at_install")
class TestCompare(BothWaysCase):
    def setUp(self):
        super().setUp()
        self.connect_both("ask")
        self.ada, self.ada_there = self.in_agreement(phone="1")

    def compare(self):
        self.flow.action_compare()
        self.settle()
        run = self.env["bridge.run"].search([("flow_id", "=", self.flow.id), ("kind", "=", "compare")], limit=1)
        self.assertEqual(run.state, "done", run.message)
        return {(line.kind, line.record_name): line for line in run.drift_ids}

    def disturb(self):
        """Differences that neither side has noticed."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET phone = '9' WHERE id = %s", [self.ada.id])
        self.env.invalidate_all()
        bob = self.partner("Bob")
        self.env.cr.flush()
        self.env["bridge.change"].search([]).unlink()
        self.there(name="Carl", email="carl@example.com")
        self.there(name="Bob there", email="bob@example.com")
        return bob

    def test_what_differs_is_reported_and_nothing_is_written(self):
        bob = self.disturb()
        dora = self.partner("Dora")
        self.env.cr.flush()
        self.env["bridge.change"].search([]).unlink()
        known = self.contacts.copy()
        lines = self.compare()
        self.assertEqual(
            set(lines), {("different", "Ada"), ("unlinked", "Bob there"), ("only_there", "Carl"), ("only_odoo", "Dora")}
        )
        self.assertEqual(lines["different", "Ada"].differences, {"phone": ["9", "1"]})
        able = {key: (line.can_push, line.can_pull) for key, line in lines.items()}
        self.assertEqual(able.pop(("only_there", "Carl")), (False, True))
        self.assertEqual(able.pop(("only_odoo", "Dora")), (True, False))
        self.assertEqual(set(able.values()), {(True, True)})
        self.assertEqual(lines["unlinked", "Bob there"].res_id, bob.id)
        self.assertEqual(lines["only_odoo", "Dora"].res_id, dora.id)
        self.assertEqual((self.writes(), self.contacts, self.ada.phone), (0, known, "9"))
        self.assertFalse(self.binding(self.flow, bob))

    def test_what_is_there_is_not_missing_where_deletions_are_ignored(self):
        self.flow.delete_policy = "ignore"
        self.assertEqual(self.compare(), {})

    def test_push_from_the_report(self):
        self.disturb()
        lines = self.compare()
        (lines["different", "Ada"] + lines["unlinked", "Bob there"]).action_push()
        self.settle()
        self.assertEqual(self.contacts[self.ada_there]["phone"], "9")
        self.assertEqual(set(self.compare()), {("only_there", "Carl")})

    def test_pull_from_the_report(self):
        bob = self.disturb()
        lines = self.compare()
        (lines["different", "Ada"] + lines["unlinked", "Bob there"] + lines["only_there", "Carl"]).action_pull()
        self.settle()
        self.assertEqual((self.ada.phone, bob.name), ("1", "Bob there"))
        self.assertEqual(self.compare(), {})

    def test_link_from_the_report(self):
        dora = self.partner("Dora")
        self.env.cr.flush()
        self.env["bridge.change"].search([]).unlink()
        there = self.there(name="Theodora", phone="5")
        lines = self.compare()
        (lines["only_odoo", "Dora"] + lines["only_there", "Theodora"]).action_link()
        self.settle()
        self.assertEqual(self.binding(self.flow, dora).external_id, there["id"])
        self.assertEqual(dora.phone, "5", "an empty value is no statement at first contact")
        self.assertEqual(self.conflicts().mapped("field_name"), ["name"])

    def test_what_only_seemed_to_be_gone_there_is_not_pushed_twice(self):
        for direction in ("both", "push"):
            with self.subTest(direction):
                self.flow.direction = direction
                there = self.contacts.pop(self.ada_there)
                lines = self.compare()
                self.contacts[self.ada_there] = there  # such as one that has moved between two pages
                self.ada.phone = direction
                lines["only_odoo", "Ada"].action_push()
                self.settle()
                self.assertEqual([one["phone"] for one in self.contacts.values()], [direction])
                self.assertEqual(self.binding(self.flow, self.ada).external_id, self.ada_there)

    def test_what_is_gone_there_can_be_pushed_again(self):
        self.remote.records["contacts"].clear()
        lines = self.compare()
        lines["only_odoo", "Ada"].action_push()
        self.settle()
        self.assertEqual(self.names_there(), ["Ada"])
        self.assertEqual(self.compare(), {})

    def test_what_a_field_does_to_every_value_is_no_difference_and_all_else_is(self):
        self.remote.normalise = lambda document: {**document, "name": f" {document.get('name') or ''} "}
        self.ada.name = "Ada Lovelace"
        self.settle()
        self.assertEqual((self.ada.name, self.contacts[self.ada_there]["name"]), ("Ada Lovelace", " Ada Lovelace "))
        self.assertEqual(self.compare(), {})
        self.remote.normalise = lambda document: {**document, "name": (document.get("name") or "")[:5]}
        self.ada.name = "Ada King"
        self.settle()
        self.assertEqual(list(self.compare()), [("different", "Ada K")], "what the other system has cut")
        self.put(self.ada_there, name="Eve")
        self.assertEqual(list(self.compare()), [("different", "Eve")])
