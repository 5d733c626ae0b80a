"""What a counter of a run leads to is what it has counted, no more and no less (promise 5)."""

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, thing
from .test_both_ways import BothWaysCase


class CountedCase:
    """Presses each counter of a run that can be pressed."""

    def pressed(self, run):
        """:return: name of each counter that can be pressed to how many it shows"""
        found = {}
        for name in run.listed or ():
            action = run.action_open_counted(name)
            shown = run.env[action["res_model"]].search_count(action["domain"])
            self.assertEqual(shown, run[name], name)
            found[name] = shown
        return found


@tagged("post_install", "-at_install")
class TestCounted(CountedCase, BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.flow.remove_limit = 100

    def test_each_counter_of_a_pull_leads_to_its_records(self):
        self.server.records["things"] = [thing(1), thing(2), thing(3), thing(4, name=None)]
        self.assertEqual(self.pressed(self.sync(self.flow)), {"created": 3, "failed": 1})
        self.server.records["things"] = [thing(1), thing(2, name="Two", updated=9), thing(5), thing(6)]
        run = self.sync(self.flow, full=True)
        self.assertEqual(self.pressed(run), {"created": 2, "updated": 1, "archived": 1})
        self.assertTrue(run.unchanged)
        with self.assertRaisesRegex(UserError, "one by one"):
            run.action_open_counted("unchanged")

    def test_who_reads_only_sees_the_same(self):
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        run = self.sync(self.flow)
        user = new_test_user(self.env, "counts", "base.group_user,integration_bridge.group_integration_bridge_user")
        self.assertEqual(self.pressed(run.with_user(user)), {"created": 1, "failed": 1})

    def test_what_is_not_logged_can_not_be_pressed(self):
        self.connector.log_level = "errors"
        self.server.records["things"] = [thing(1), thing(2), thing(3, name=None)]
        run = self.sync(self.flow)
        self.assertEqual((run.created, self.pressed(run)), (2, {"failed": 1}))

    def test_a_list_that_has_lost_lines_is_not_shown(self):
        self.server.records["things"] = [thing(1), thing(2)]
        run = self.sync(self.flow)
        self.log_of(run, "create")[0].unlink()
        run.invalidate_recordset(["listed"])
        self.assertEqual(self.pressed(run), {})

    def test_a_preview_shows_its_plan(self):
        self.connector.action_disable()
        self.server.records["things"] = [thing(1), thing(2)]
        run = self.env["bridge.run"].browse(self.flow.action_preview()["res_id"])
        self.assertEqual(self.pressed(run), {"created": 2})
        action = run.action_open_counted("created")
        self.assertEqual(action["id"], self.env.ref("integration_bridge.bridge_log_action_preview").id)
        self.assertEqual((action["name"], action["display_name"]), ("Created", "Created"), "the title is the latter")


@tagged("post_install", "-at_install")
class TestCountedBothWays(CountedCase, BothWaysCase):
    def test_conflicts_and_what_was_sent(self):
        self.connect_both("ask")
        ada, there = self.in_agreement(phone="1", city="Bern")
        ada.write({"phone": "odoo", "city": "Basel"})
        self.put(there, phone="there")
        runs = self.sync(self.flow)
        pull = self.env["bridge.run"].search([("flow_id", "=", self.flow.id), ("conflicts", ">", 0)], limit=1)
        self.assertEqual(self.pressed(pull)["conflicts"], 1, runs)
        action = pull.action_open_counted("conflicts")
        self.assertEqual(self.env["bridge.conflict"].search(action["domain"]), self.conflicts())
        push = self.env["bridge.run"].search([("flow_id", "=", self.flow.id), ("sent_updated", ">", 0)], limit=1)
        self.assertEqual(self.pressed(push), {"sent_updated": 1})
