"""What is gone there and can be neither archived nor deleted here (case A7)."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models.bridge_gone_mixin import ALLOWED_BUTTONS
from .common import BridgeCase, field, list_operation, thing, things_flow

CANCEL = "sale.order.action_cancel"


@tagged("post_install", "-at_install")
class TestGone(BridgeCase):
    def setUp(self):
        super().setUp()
        self.customer = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        self.acting.group_ids += self.env.ref("sales_team.group_sale_salesman_all_leads")

    def orders(self, **values):
        flow = self.connect(
            things_flow(
                model="sale.order",
                operations=[list_operation("orders")],
                remove_limit=100,
                page_size=10,
                delete_policy="mark",
                fields=[
                    field("client_order_ref", "name", required=True),
                    field("partner_id", "customer", "many2one_key", options={"field": "email"}),
                ],
                **values,
            )
        )
        self.server.records["orders"] = [thing(number, customer="ann@example.com") for number in (1, 2, 3)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 3})
        return flow

    def allow(self, text):
        self.env["ir.config_parameter"].set_param(ALLOWED_BUTTONS, text)

    def test_values_are_written_once(self):
        flow = self.orders(gone_values={"client_order_ref": "gone"})
        gone = self.bound(flow, 2)
        del self.server.records["orders"][1]
        run = self.sync(flow, full=True)
        self.assertEqual((self.counters(run), gone.client_order_ref), ({"updated": 1, "unchanged": 2}, "gone"))
        self.assertEqual(self.log_of(run, "mark").external_id, "2")
        gone.client_order_ref = "by hand"
        self.assertEqual(
            (self.counters(self.sync(flow, full=True)), gone.client_order_ref), ({"unchanged": 2}, "by hand")
        )

    def test_button_is_pressed_as_the_acting_user_also_by_a_tombstone(self):
        self.allow(f"res.partner.action_archive, {CANCEL}")
        flow = self.orders(gone_button="action_cancel")
        confirmed = self.bound(flow, 1)
        confirmed.action_confirm()
        self.assertEqual(confirmed.state, "sale")
        self.server.records["orders"][0]["deleted"] = True
        self.sync(flow)
        self.assertEqual((confirmed.state, confirmed.write_uid), ("cancel", self.acting))

    def test_what_odoo_refuses_is_a_failure_of_that_record(self):
        self.allow(CANCEL)
        flow = self.orders(gone_button="action_cancel")
        locked = self.bound(flow, 1)
        locked.action_confirm()
        locked.locked = True
        others = self.bound(flow, 2)
        self.server.records["orders"][:2] = []
        run = self.sync(flow, full=True)
        self.assertEqual((others.state, locked.state, run.failed), ("cancel", "sale", 1))
        self.assertIn("Odoo refused the record", self.failures(flow).error_message)

    def test_record_that_comes_back_is_updated_again(self):
        flow = self.orders(gone_values={"client_order_ref": "gone"})
        order, kept = self.bound(flow, 3), self.server.records["orders"].pop()
        self.sync(flow, full=True)
        self.assertEqual(order.client_order_ref, "gone")
        self.server.records["orders"].append({**kept, "name": "again", "updated": 9})
        self.sync(flow, full=True)
        self.assertEqual((self.bound(flow, 3), order.client_order_ref), (order, "again"))

    def test_preview_shows_it_and_presses_nothing(self):
        self.allow(CANCEL)
        flow = self.orders(gone_button="action_cancel")
        self.server.records["orders"][0]["deleted"] = True
        flow.action_preview()
        run = self.env["bridge.run"].search([("flow_id", "=", flow.id), ("dry_run", "=", True)], limit=1)
        self.assertEqual(self.log_of(run, "mark").external_id, "1")
        self.assertEqual(self.bound(flow, 1).state, "draft")

    def test_button_that_is_not_allowed_any_more_is_not_pressed(self):
        self.allow(CANCEL)
        flow = self.orders(gone_button="action_cancel")
        self.allow("")
        self.server.records["orders"][0]["deleted"] = True
        run = self.sync(flow)
        self.assertEqual((run.failed, self.bound(flow, 1).state), (1, "draft"))
        self.assertIn("is not allowed", self.failures(flow).error_message)

    def test_button_that_only_asks_a_question_is_a_failure(self):
        self.allow(CANCEL)
        flow = self.orders(gone_button="action_cancel")
        asks = {"type": "ir.actions.act_window", "res_model": "sale.order"}
        self.patch(type(self.env["sale.order"]), "action_cancel", lambda orders: asks)
        self.server.records["orders"][0]["deleted"] = True
        run = self.sync(flow)
        self.assertEqual(run.failed, 1)
        self.assertIn("asks a question", self.failures(flow).error_message)

    def test_misuse(self):
        self.allow("sale.order.no_such_button, sale.order._action_cancel")
        for values, words in (
            ({}, "say which values"),
            ({"gone_values": {"no_such_field": 1}}, "has no field"),
            ({"gone_button": "action_cancel"}, "is not allowed"),
            ({"gone_button": "_action_cancel"}, "is not allowed"),
            ({"gone_button": "no_such_button"}, "there is no button"),
        ):
            with self.subTest(values=values), self.assertRaisesRegex(ValidationError, words):
                self.orders(**values)

    def test_definition_keeps_it(self):
        self.allow(CANCEL)
        flow = self.orders(gone_button="action_cancel", gone_values={"client_order_ref": "gone"})
        document = flow.connector_id._export_definition()["flows"][0]
        told = {name: document[name] for name in ("delete_policy", "gone_values", "gone_button")}
        wanted = {"delete_policy": "mark", "gone_values": {"client_order_ref": "gone"}, "gone_button": "action_cancel"}
        self.assertEqual(told, wanted)
