"""Only Checked: what Odoo computes must be what the other system says, or nothing of the record is written."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import BridgeCase, field, list_operation, thing, things_flow


def checked(name, path, converter="text", **values):
    return field(name, path, converter, checked=True, direction="pull", **values)


@tagged("post_install", "-at_install")
class TestChecked(BridgeCase):
    """Contacts, of which Odoo computes the complete name and the company that is invoiced."""

    def things(self, *labels):
        self.server.records["things"] = [thing(n, label=label) for n, label in enumerate(labels, 1)]

    def flow_with(self, *more):
        return self.connect(things_flow(fields=[field("name", "name", required=True), field("email", "email"), *more]))

    def test_record_that_computes_what_is_said_is_written(self):
        self.things("Thing 1")
        flow = self.flow_with(checked("complete_name", "label"))
        run = self.sync(flow)
        self.assertEqual((run.state, self.counters(run)), ("done", {"created": 1}))
        self.assertEqual(self.bound(flow, 1).complete_name, "Thing 1")
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 1})

    def test_record_that_computes_something_else_is_not_written_and_says_both(self):
        self.things("Thing 1", "Other")
        flow = self.flow_with(checked("complete_name", "label"))
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1, "failed": 1})
        self.assertFalse(self.bound(flow, 2))
        self.assertFalse(self.env["res.partner"].search([("email", "=", "thing2@example.com")]))
        message = self.failures(flow).error_message
        self.assertIn("would be Thing 2 in Odoo, and is Other in the other system", message)
        self.things("Thing 1", "Thing 2")
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1, "unchanged": 1}, "corrected there")
        self.assertFalse(self.failures(flow), "the failure closes itself")

    def test_change_that_computes_something_else_is_undone_as_a_whole(self):
        self.things("Thing 1")
        flow = self.flow_with(checked("complete_name", "label"))
        self.sync(flow)
        self.server.records["things"] = [thing(1, label="Never", email="new@example.com")]
        self.assertEqual(self.counters(self.sync(flow)), {"failed": 1})
        self.assertEqual(self.bound(flow, 1).email, "thing1@example.com")

    def test_change_of_another_field_that_makes_it_something_else_is_undone_as_a_whole(self):
        """The other system says the same total as before, and Odoo computes another one now."""
        self.things("Thing 1")
        flow = self.flow_with(checked("complete_name", "label"))
        self.sync(flow)
        self.server.records["things"] = [thing(1, label="Thing 1", name="Renamed", email="new@example.com")]
        self.assertEqual(self.counters(self.sync(flow)), {"failed": 1})
        partner = self.bound(flow, 1)
        self.assertEqual((partner.name, partner.email), ("Thing 1", "thing1@example.com"))
        self.assertIn("would be Renamed in Odoo, and is Thing 1", self.failures(flow).error_message)

    def test_what_a_person_has_left_otherwise_holds_up_no_other_field(self):
        self.things("Thing 1")
        flow = self.flow_with(checked("complete_name", "label"))
        self.sync(flow)
        self.bound(flow, 1).name = "By Hand"
        self.server.records["things"] = [thing(1, label="Thing 1", email="new@example.com")]
        self.assertEqual(self.counters(self.sync(flow)), {"updated": 1})
        self.assertEqual(self.bound(flow, 1).email, "new@example.com")

    def test_related_record_is_named_in_words(self):
        other = self.env["res.partner"].create({"name": "Other Company", "email": "other@example.com"})
        self.server.records["things"] = [thing(1, owner=other.email)]
        flow = self.flow_with(
            checked("commercial_partner_id", "owner", "many2one_key", options={"field": "email"}),
        )
        self.assertEqual(self.counters(self.sync(flow)), {"failed": 1})
        self.assertIn("would be Thing 1 in Odoo, and is Other Company in", self.failures(flow).error_message)

    def test_what_can_not_be_checked_is_said_when_saved(self):
        wrong = {
            "pulled": {"direction": "both"},
            "Key": {"key": True},
            "one value": {"name": "category_id", "converter": "many2many_key", "options": {"field": "name"}},
        }
        for words, values in wrong.items():
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                one = {"direction": "pull", **checked("complete_name", "label"), **values}
                one["field"] = one.pop("name", one["field"])
                self.connect(
                    things_flow(
                        direction="both" if values.get("direction") else "pull",
                        fields=[field("name", "name"), one],
                        operations=[list_operation("things")],
                    ),
                    code=f"wrong_{len(words)}",
                )

    def test_computed_field_that_is_not_checked_can_not_be_filled(self):
        with self.assertRaisesRegex(ValidationError, "Only Checked"):
            self.flow_with(field("complete_name", "label"))
