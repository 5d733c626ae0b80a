from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..mapping.converters import CONVERTERS
from ..models.bridge_operation import PLACEHOLDERS, WRITES
from ..remote.pagination import PAGINATORS
from .common import BridgeCase, thing


@tagged("post_install", "-at_install")
class TestFlow(BridgeCase):
    def test_unbalanced_brace_in_any_part_is_said_whatever_is_checked_first(self):
        operation = self.connect()._operation("list")
        for name, text in (
            ("path", "/things{"),
            ("query", '{"limit": "{limit}", "offset": "{offset}", "q": "}"}'),
            ("headers", '{"X-A": "{"}'),
            ("body", '{"a": "{"}'),
        ):
            with self.subTest(name), self.assertRaisesRegex(ValidationError, "Unbalanced"), self.cr.savepoint():
                operation.write({name: text})

    def test_schedule_runs_a_flow_whose_time_has_come(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        flow.write({"interval_number": 15, "interval_type": "minutes"})
        self.assertAlmostEqual(flow.next_run, datetime.utcnow() + timedelta(minutes=15), delta=timedelta(seconds=5))
        self.work()
        self.assertFalse(flow.last_run_id, "its time has not come")
        flow.next_run = fields.Datetime.now() - timedelta(seconds=1)
        self.work()
        self.assertEqual((flow.last_run_id.trigger, flow.last_run_id.created), ("schedule", 1))
        self.assertGreater(flow.next_run, fields.Datetime.now())

    def test_flow_that_waits_is_not_queued_twice(self):
        flow = self.connect()
        run = flow._enqueue("manual")
        self.assertEqual(flow._enqueue("schedule"), run)
        self.assertFalse(run.full)
        self.assertEqual(flow._enqueue("manual", full=True), run)
        self.assertTrue(run.full, "a full scan that was asked for is not lost")

    def test_every_converter_and_paginator_explains_itself_in_the_form(self):
        flow = self.connect()
        mapping = flow.mapping_ids[0]
        for name, converter in CONVERTERS.items():
            text = mapping.new({"flow_id": flow.id, "converter": name}).options_help
            for option in converter.options:
                self.assertIn(f"<code>{option}</code>", text)
        operation = flow.operation_ids[0]
        for name, paginator in PAGINATORS.items():
            text = operation.new({"flow_id": flow.id, "pagination": name}).pagination_help
            for option in paginator.options:
                self.assertIn(f"<code>{option}</code>", text)

    def test_every_operation_explains_its_placeholders_in_the_form(self):
        flow = self.connect()
        for kind in PLACEHOLDERS:
            operation = self.env["bridge.operation"].new({"flow_id": flow.id, "kind": kind})
            for name in PLACEHOLDERS[kind]:
                self.assertIn("<code>{%s}</code>" % name, operation.placeholders_help)
            if kind == "find":
                self.assertIn("<code>{email}</code>", operation.placeholders_help, "it is the key field")
            self.assertNotIn("{records}", operation.placeholders_help)
            operation.bulk_size = 10
            self.assertIs("{records}" in operation.placeholders_help, kind in WRITES)

    def test_truth_follows_the_direction(self):
        form = Form(self.env["bridge.flow"])
        self.assertEqual((form.direction, form.authority), ("pull", "remote"))
        form.direction = "push"
        self.assertEqual(form.authority, "odoo")
        form.direction = "pull"
        self.assertEqual(form.authority, "remote")
        form.authority = "newest"
        form.direction = "push"
        self.assertEqual(form.authority, "newest", "what was chosen stays")

    def test_only_flows_that_send_push_everything(self):
        flow = self.connect()
        with self.assertRaisesRegex(UserError, "sends nothing"):
            flow.action_full_push()

    def test_field_mapping_says_which_ways_it_goes(self):
        flow = self.connect()
        mapping = flow.mapping_ids[0]
        self.assertEqual(mapping.ways, "pull")
        flow.direction = "both"
        self.assertEqual(mapping.ways, "both")
        mapping.direction = "push"
        self.assertEqual(mapping.ways, "push")

    def test_connector_can_be_set_up_in_forms_from_nothing(self):
        connector_form = Form(self.env["bridge.connector"])
        connector_form.name = "By hand"
        connector_form.code = "by_hand"
        connector_form.base_url = self.server.url
        connector = connector_form.save()
        flow_form = Form(self.env["bridge.flow"].with_context(default_connector_id=connector.id))
        flow_form.name = "Things"
        flow_form.code = "things"
        flow_form.model_id = self.env["ir.model"]._get("res.partner")
        with flow_form.operation_ids.new() as operation:
            operation.path = "/things"
            operation.records_path = "items"
        with flow_form.mapping_ids.new() as mapping:
            mapping.path = "name"
            mapping.field_id = self.env["ir.model.fields"]._get("res.partner", "name")
        flow = flow_form.save()
        connector.write({"user_id": self.acting.id, "state": "live"})
        self.server.records["things"] = [thing(1)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})

    def test_actions_menu_follows_the_mapped_models(self):
        actions = self.env["ir.actions.server"]._bridge_entries
        self.env["bridge.connector"].search([]).unlink()
        self.assertFalse(actions())
        flow = self.connect()
        self.assertEqual(set(actions().mapped("name")), {"Sync Status", "Sync Now"})
        self.assertEqual(actions().binding_model_id.model, "res.partner")
        flow.active = False
        self.assertFalse(actions())
        flow.active = True
        self.assertEqual(len(actions()), 2)
        self.connector.unlink()
        self.assertFalse(actions())

    def test_sync_now_in_the_gear_of_a_record_is_for_operators(self):
        self.connect()
        offered = {"user": {"Sync Status"}, "operator": {"Sync Status", "Sync Now"}}
        for role, expected in {**offered, "administrator": offered["operator"]}.items():
            groups = f"base.group_user,integration_bridge.group_integration_bridge_{role}"
            partners = self.env["res.partner"].with_user(new_test_user(self.env, f"gear_{role}", groups))
            views = partners.get_views([(False, "form"), (False, "list")], {"toolbar": True})["views"]
            for kind, view in views.items():
                with self.subTest(role=role, view=kind):
                    entries = {entry["name"] for entry in view["toolbar"]["action"]}
                    self.assertEqual(entries & offered["operator"], expected)
