import json
from ast import literal_eval
from datetime import timedelta
from unittest.mock import patch

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

    def favourites(self):
        """:return: our favourites, by id"""
        names = self.env["ir.model.data"].search([("module", "=", "integration_bridge"), ("model", "=", "ir.filters")])
        return self.env["ir.filters"].browse(names.mapped("res_id"))

    def test_each_favourite_opens(self):
        person = new_test_user(self.env, "favourites", "integration_bridge.group_integration_bridge_operator")
        favourites = self.favourites()
        self.assertGreater(len(favourites), 5)
        for favourite in favourites:
            model = self.env[favourite.model_id].with_user(person)
            with self.subTest(favourite=favourite.name):
                domain = favourite._get_eval_domain()
                context = literal_eval(favourite.context)
                self.assertLessEqual(set(context), {"group_by"})
                order = json.loads(favourite.sort)
                self.assertTrue(order or context, "a filter of the list does as much")
                for name in order:
                    self.assertTrue(model.fields_get([name], ["sortable"])[name]["sortable"])
                model.web_search_read(domain, {"id": {}}, limit=1, order=", ".join(order) or None)
                model.formatted_read_group(domain, context.get("group_by", []), ["__count"])

    def test_everybody_has_the_favourites_where_they_belong(self):
        person = new_test_user(self.env, "favourites", "integration_bridge.group_integration_bridge_operator")
        for favourite in self.favourites():
            how = {"action_id": favourite.action_id.id, "load_filters": True}
            views = self.env[favourite.model_id].with_user(person).get_views([(False, "search")], how)
            self.assertIn(favourite.name, [one["name"] for one in views["views"]["search"]["filters"]])
            self.assertEqual(
                self.env[favourite.action_id.type].browse(favourite.action_id.id).res_model, favourite.model_id
            )

    def test_favourite_is_named_in_the_language_of_who_looks(self):
        with patch.object(type(self.env), "_", side_effect=lambda term: f"<{term._source}>"):
            for favourite in self.favourites():
                found = self.env["ir.filters"].get_filters(favourite.model_id, favourite.action_id.id)
                self.assertIn(f"<{favourite.name}>", [one["name"] for one in found])
        favourite.name = "Another name"
        found = self.env["ir.filters"].get_filters(favourite.model_id, favourite.action_id.id)
        self.assertIn("Another name", [one["name"] for one in found])
