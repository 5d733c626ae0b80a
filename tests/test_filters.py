from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import BridgeCase, thing


@tagged("post_install", "-at_install")
class TestFilters(BridgeCase):
    """What a person looks for often is a filter of the list, in his own language (promise 5)."""

    def filters(self, model):
        """:return: name to the domain of each filter of a model's lists, as this person has them"""
        arch = etree.fromstring(model.get_view(view_type="search")["arch"])
        of_filters = [one for one in arch.iter("filter") if one.get("domain")]
        return {one.get("name"): safe_eval(one.get("domain"), {"uid": self.env.uid}) for one in of_filters}

    def found(self, records, name):
        """Those of the records that a filter finds."""
        return records.search([*self.filters(records)[name], ("id", "in", records.ids)])

    def test_each_filter_can_be_chosen(self):
        person = new_test_user(self.env, "filters", "integration_bridge.group_integration_bridge_administrator")
        views = self.env["ir.ui.view"].search([("type", "=", "search"), ("model", "=like", "bridge.%")])
        count = 0
        for name in set(views.mapped("model")):
            model = self.env[name].with_user(person)
            for filter_name, domain in self.filters(model).items():
                with self.subTest(model=name, filter=filter_name):
                    model.search(domain, limit=1)
                    count += 1
        self.assertGreater(count, 30)

    def test_failures_of_the_last_days(self):
        flow = self.connect()
        self.server.records["things"] = [thing(number, name=None) for number in (1, 2)]
        lines = self.log_of(self.sync(flow), "reject")
        long_ago = fields.Datetime.now() - timedelta(days=9)
        self.env.cr.execute("UPDATE bridge_log SET create_date = %s WHERE id = %s", [long_ago, lines[0].id])
        self.env.cr.execute("UPDATE bridge_job SET create_date = %s WHERE flow_id = %s", [long_ago, flow.id])
        self.env.invalidate_all()
        self.assertEqual(self.found(lines, "failed_lately"), lines[1])
        failures = self.env["bridge.failure"].search([("flow_id", "=", flow.id)])
        self.assertTrue(failures)
        self.assertFalse(self.found(failures, "new"))
        self.env.cr.execute("UPDATE bridge_job SET create_date = now() WHERE flow_id = %s", [flow.id])
        self.env.invalidate_all()
        self.assertEqual(self.found(failures, "new"), failures)

    def test_external_ids_that_are_quiet_or_were_not_seen(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        quiet, lost = self.env["bridge.binding"].search([("flow_id", "=", flow.id)], order="external_id")
        quiet.synced = fields.Datetime.now() - timedelta(days=31)
        lost.state = "missing"
        self.assertEqual(self.found(quiet | lost, "quiet"), quiet)
        self.assertEqual(self.found(quiet | lost, "missing"), lost)

    def test_what_is_not_done_or_late_or_slow(self):
        flow = self.connect()
        values = {"connector_id": self.connector.id, "received": fields.Datetime.now()}
        deliveries = self.env["bridge.delivery"].create(
            [{**values, "delivery_id": state, "state": state} for state in ("waiting", "failed", "done", "ignored")]
        )
        self.assertEqual(set(self.found(deliveries, "not_done").mapped("state")), {"waiting", "failed"})
        exchanges = self.env["bridge.exchange"].create(
            [{"connector_id": self.connector.id, "seconds": seconds} for seconds in (0.2, 6)]
        )
        self.assertEqual(self.found(exchanges, "slow"), exchanges[1])
        job = flow._enqueue("manual").job_ids
        self.assertFalse(self.found(job, "late"))
        job.due_at = fields.Datetime.now() - timedelta(minutes=61)
        self.assertEqual(self.found(job, "late"), job)
