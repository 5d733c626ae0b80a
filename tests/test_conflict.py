"""What a person sees of a record in conflict, and decides at once (promises 2 and 5)."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, thing, things_flow
from .test_both_ways import BothWaysCase

GROUP = "integration_bridge.group_integration_bridge_"


@tagged("post_install", "-at_install")
class TestConflictsOfARecord(BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.server.records["things"] = [thing(number) for number in range(1, 6)]
        self.sync(self.flow)
        self.operator = new_test_user(
            self.env, "decides", f"base.group_user,base.group_partner_manager,{GROUP}operator"
        )

    def rows(self, conflict, *names, person=None):
        self.env.invalidate_all()
        return [tuple(row[name] for name in names) for row in conflict.with_user(person or self.operator).same_record]

    def decide_others(self, conflict, side, person=None):
        """As the form does: with what it has told the person of this field."""
        told = {row[0]: row[1:] for row in self.rows(conflict, "id", "others", "latest")}[conflict.id]
        return getattr(conflict.with_user(person or self.operator), f"action_others_{side}")(*told)

    def test_all_that_stand_are_shown_in_the_order_of_the_mapping(self):
        email = self.conflict(self.flow, 1, "email", odoo="a@example.com", remote="b@example.com", agreed=None)
        phone = self.conflict(self.flow, 1, "phone")
        name = self.conflict(self.flow, 1, "name", odoo="Ada", remote="Bob", agreed="Thing 1")
        self.conflict(self.flow, 2, "phone")
        shown = ("id", "field_label", "odoo_text", "remote_text", "agreed_text")
        expected = [
            (name.id, "Name", "Ada", "Bob", "Thing 1"),
            (email.id, "Email", "a@example.com", "b@example.com", "—"),
            (phone.id, "Phone", "1", "2", "0"),
        ]
        for conflict in (name, email, phone):
            self.assertEqual(self.rows(conflict, *shown), expected)

    def test_what_is_closed_is_shown_by_itself_only(self):
        phone, email = self.conflict(self.flow, 1), self.conflict(self.flow, 1, "email")
        self.env["bridge.conflict"]._settle([(phone.binding_id.id, "field", "phone")])
        self.assertEqual(self.rows(email, "id", "state"), [(email.id, "open")])
        self.assertEqual(self.rows(phone, "id", "state"), [(email.id, "open"), (phone.id, "closed")])

    def test_who_changed_what_when_and_what_was_chosen(self):
        conflict = self.conflict(self.flow, 1)
        conflict.write({"odoo_user_id": self.acting.id, "odoo_date": "2026-11-29 12:00:00", "remote_date": "yesterday"})
        names = ("odoo_user", "odoo_date", "remote_changed", "remote_date", "state", "decision")
        told = (self.acting.name, "2026-11-29 12:00:00", False, "yesterday")
        self.assertEqual(self.rows(conflict, *names), [(*told, "open", False)])
        conflict.write({"state": "decided", "decision": "remote", "remote_date": "2026-11-29T13:00:00Z"})
        told = (self.acting.name, "2026-11-29 12:00:00", "2026-11-29 13:00:00", "2026-11-29T13:00:00Z")
        self.assertEqual(self.rows(conflict, *names), [(*told, "decided", "remote")])

    def test_values_that_may_not_be_read_are_not_shown(self):
        conflict = self.conflict(self.flow, 1, odoo="secret 1", remote="secret 2", agreed="secret 0")
        user = new_test_user(self.env, "reads", f"base.group_user,{GROUP}user")
        self.assertEqual(self.rows(conflict, "odoo_text", person=user), [("secret 1",)])
        values = {"name": "x", "model_id": self.env.ref("base.model_res_partner").id}
        group = Command.link(self.env.ref(f"{GROUP}user").id)
        self.env["ir.rule"].create({**values, "groups": [group], "domain_force": "[('name', 'not like', 'Thing')]"})
        hidden = ("no access",) * 3
        self.assertEqual(self.rows(conflict, "odoo_text", "remote_text", "agreed_text", person=user), [hidden])

    def test_others_are_counted_where_the_same_field_is_open(self):
        conflict = self.conflict(self.flow, 1)
        self.conflict(self.flow, 1, "email")
        others = self.conflict(self.flow, 2) | self.conflict(self.flow, 3) | self.conflict(self.flow, 4)
        self.conflict(self.flow, 2, kind="gone_there")
        self.assertEqual(self.rows(conflict, "field_label", "others"), [("Email", 0), ("Phone", 3)])
        others[0].action_keep_remote()
        self.assertEqual(self.rows(conflict, "field_label", "others"), [("Email", 0), ("Phone", 2)])

    def test_others_are_decided_and_nothing_else(self):
        for side in ("odoo", "remote"):
            with self.subTest(side):
                own = self.conflict(self.flow, 1)
                email = self.conflict(self.flow, 2, "email")
                others = self.conflict(self.flow, 2) | self.conflict(self.flow, 3) | self.conflict(self.flow, 4)
                decided = self.conflict(self.flow, 5)
                decided.write({"state": "decided", "decision": "odoo" if side == "remote" else "remote"})
                said = self.decide_others(own, side)
                self.assertEqual(said["params"]["message"], "Conflicts that are decided: 3.")
                self.env.invalidate_all()
                self.assertEqual((own | email).mapped("state"), ["open", "open"])
                self.assertEqual(others.mapped("decision"), [side] * 3)
                self.assertEqual(others.decided_by, self.operator)
                self.assertNotEqual(decided.decision, side)
                mapping = self.flow.mapping_ids.filtered(lambda one: one.field_name == "phone")
                self.assertFalse(mapping.authority)
                self.env["bridge.conflict"].search([]).unlink()

    def test_both_keep_what_they_have_where_nothing_is_ever_sent(self):
        self.bound(self.flow, 1).phone = "1"
        conflict = self.conflict(self.flow, 1)
        conflict.with_user(self.operator).action_keep_odoo()
        self.assertEqual((conflict.state, conflict.decision, conflict.settled), ("closed", "odoo", False))
        self.assertTrue(conflict.closed)
        self.sync(self.flow, full=True)
        self.assertEqual(self.bound(self.flow, 1).phone, "1")

    def test_others_of_another_flow_or_company_are_left_as_they_are(self):
        mine = self.flow
        own, other = self.conflict(mine, 1), self.conflict(mine, 2)
        other.company_id = self.env["res.company"].create({"name": "Other"})
        flow = self.connect(things_flow(), code="second")
        self.sync(flow)
        elsewhere = self.conflict(flow, 2)
        self.decide_others(own, "odoo")
        self.env.invalidate_all()
        self.assertEqual((other | elsewhere).mapped("state"), ["open", "open"])

    def test_only_operators_decide_others_and_only_of_fields(self):
        conflict, user = self.conflict(self.flow, 1), new_test_user(self.env, "reads", f"base.group_user,{GROUP}user")
        for method in ("action_others_odoo", "action_others_remote"):
            with self.assertRaises(AccessError):
                getattr(conflict.with_user(user), method)(0, 0)
        with self.assertRaisesRegex(UserError, "no field"):
            self.conflict(self.flow, 2, kind="gone_there").action_others_remote(0, 0)
        with self.assertRaisesRegex(UserError, "IDs"):
            conflict.action_others_remote("all", None)

    def test_only_those_are_decided_that_the_person_was_told_of(self):
        own, told = self.conflict(self.flow, 1), self.conflict(self.flow, 2)
        (count, latest), *_rest = self.rows(own, "others", "latest")
        came_since = self.conflict(self.flow, 3)
        own.with_user(self.operator).action_others_remote(count, latest)
        self.env.invalidate_all()
        self.assertEqual((told.state, came_since.state), ("decided", "open"))

    def test_one_that_is_open_again_is_asked_about_anew(self):
        """A decision about other values is none, so an old conflict can be open again."""
        own, again, told = (self.conflict(self.flow, number) for number in (1, 2, 3))
        again.with_user(self.operator).action_keep_remote()
        (count, latest), *_rest = self.rows(own, "others", "latest")
        self.assertEqual(count, 1)
        self.conflict(self.flow, 2, remote="another value")
        with self.assertRaisesRegex(UserError, "more records than you were asked about: 2"):
            own.with_user(self.operator).action_others_remote(count, latest)
        self.assertEqual((again | told).mapped("state"), ["open", "open"])
        self.decide_others(own, "remote")
        self.env.invalidate_all()
        self.assertEqual((again | told).mapped("state"), ["decided", "decided"])

    def test_many_others_take_no_more_queries_than_a_few(self):
        self.server.records["things"] = [thing(number) for number in range(1, 62)]
        self.sync(self.flow)

        def queries(side, numbers):
            for number in numbers:
                self.conflict(self.flow, number)
            conflict = self.conflict(self.flow, 1)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.decide_others(conflict, side, self.env.user)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        for direction, side in (("pull", "odoo"), ("both", "odoo"), ("pull", "remote")):
            with self.subTest(direction=direction, side=side):
                self.flow.sudo().direction = direction
                queries(side, range(2, 5))  # what is read once
                few = queries(side, range(5, 8))
                many = queries(side, range(8, 62))
                self.assertLessEqual(many, few + 5)
                self.env["bridge.conflict"].search([]).unlink()

    def test_it_leads_to_the_external_id(self):
        conflict = self.conflict(self.flow, 1).with_user(self.operator)
        action = conflict.action_open_binding()
        self.assertEqual((action["res_model"], action["res_id"]), ("bridge.binding", conflict.binding_id.id))

    def test_line_of_the_log_leads_to_the_external_id_where_there_is_one(self):
        self.connector.log_level = "everything"
        self.server.records["things"] = [thing(1, phone="5", updated=9), thing(9, name=None, updated=9)]
        run = self.sync(self.flow)
        changed, failed = (run.log_ids.filtered(lambda line, name=name: line.external_id == name) for name in "19")
        self.assertFalse(failed.binding_id.ids)
        action = changed.with_user(self.operator).action_open_binding()
        self.assertEqual((action["res_model"], action["res_id"]), ("bridge.binding", changed.binding_id.id))
        self.assertEqual(changed.binding_id.external_id, "1")
        changed.external_id = False
        self.assertEqual(changed.binding_id.res_id, changed.res_id, "by its record, where it had no ID there yet")


@tagged("post_install", "-at_install")
class TestWhatNeedsAPersonComesFirst(BothWaysCase):
    """Of a preview (promise 5)."""

    def plan(self, kind="pull"):
        self.env.cr.flush()
        self.flow.action_preview()
        domain = [("flow_id", "=", self.flow.id), ("kind", "=", kind)]
        run = self.env["bridge.run"].search([*domain, ("dry_run", "=", True)], limit=1)
        action = run.action_open_plan()
        views = {mode: self.env["ir.ui.view"].browse(view_id) for view_id, mode in action["views"]}
        orders = {views[mode]._get_combined_arch().get("default_order") for mode in ("list", "kanban")}
        (order,) = orders
        return run, self.env["bridge.log"].search(action["domain"], order=order)

    def test_failures_and_conflicts_then_the_rest_as_ever(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1", city="London")
        ada.phone = "2"
        self.put(there, phone="3", city="Paris")
        self.there(name=None, email="nameless@example.com")
        self.there(name="Bob", email="bob@example.com")
        self.there(name="Cid", email="cid@example.com")
        run, lines = self.plan()
        rest = ["create", "create", "update"]
        self.assertEqual(sorted(lines[:2].mapped("action")), ["conflict", "reject"])
        self.assertEqual(sorted(lines[2:].mapped("action")), rest)
        for part in (lines[:2], lines[2:]):
            self.assertEqual(part.ids, sorted(part.ids, reverse=True))
        self.assertEqual(lines.mapped("needs_person"), [True, True, False, False, False])
        conflict = lines.filtered(lambda line: line.action == "conflict")
        self.assertEqual((conflict.record_label, conflict.res_id, run.conflicts), ("Ada", ada.id, 1))
        self.assertIn("a person has to decide: Phone", conflict.message_text)
        self.assertFalse(conflict.changes_text)
        self.assertFalse(self.conflicts(), "a preview writes nothing")

    def test_record_of_which_nothing_else_would_change_is_told_as_well(self):
        self.connect_both()
        ada, there = self.in_agreement(phone="1", city="London")
        ada.write({"phone": "2", "city": "Rome"})
        self.put(there, phone="3", city="Paris")
        run, lines = self.plan()
        self.assertEqual((lines.mapped("action"), run.conflicts), (["conflict"], 2))
        self.assertIn("Phone, City", lines.message_text)
        self.sync(self.flow)
        self.assertEqual(len(self.conflicts()), 2)
        self.put(there, phone="4", city="Oslo")
        run, lines = self.plan()
        self.assertEqual((lines.mapped("action"), run.conflicts), (["conflict"], 0), "they are known already")
