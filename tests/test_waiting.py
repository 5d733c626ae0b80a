"""Promise 3: a run that fails as a whole is tried again by itself, but longer and longer apart, and says so."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..jobs import retry
from .common import BridgeCase, thing
from .push_case import PushCase, contacts_flow

LOGGER = "odoo.addons.integration_bridge.jobs.outcome"


def past():
    return fields.Datetime.now() - timedelta(seconds=1)


@tagged("post_install", "-at_install")
class TestPushWaits(PushCase):
    def setUp(self):
        super().setUp()
        self.patch(retry, "FIRST_DELAY", 600.0)  # longer than any test

    def runs(self, flow, kind="push"):
        return self.env["bridge.run"].search([("flow_id", "=", flow.id), ("kind", "=", kind)], order="id")

    def some_lanes(self):
        with mute_logger(LOGGER):
            for _lane in range(4):
                self.settle()

    def connect_failing(self):
        """A push flow whose acting user can not work, and a change that waits; give flow, user and partner."""
        flow = self.connect(contacts_flow())
        ada = self.partner(phone="1")
        self.settle()
        self.acting.active = False
        ada.phone = "2"
        return flow, ada

    def test_push_that_fails_as_a_whole_waits_longer_each_time(self):
        flow, _ada = self.connect_failing()
        before, waited = len(self.runs(flow)), []
        for count in (1, 2, 3):
            self.some_lanes()
            self.assertEqual(len(self.runs(flow)), before + count, "one run, whatever lanes look")
            run = self.runs(flow)[-1]
            self.assertEqual(run.state, "failed")
            self.assertIn("No other run starts by itself before", run.message)
            waited.append(flow.push_waits_until - run.finished)
            flow.push_waits_until = past()
        self.assertEqual(waited, sorted(waited))
        self.assertGreater(waited[2], 2 * waited[0])
        self.acting.active = True
        self.settle()
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])
        self.assertEqual((flow.push_failures, flow.push_waits_until), (0, False))

    def test_person_need_not_wait(self):
        flow, _ada = self.connect_failing()
        self.some_lanes()
        self.acting.active = True
        self.some_lanes()
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["1"])
        self.assertEqual(self.sync(flow).state, "done")
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])

    def test_what_is_corrected_need_not_wait(self):
        flow, _ada = self.connect_failing()
        self.some_lanes()
        self.acting.active = True
        self.connector.user_id = self.acting
        self.settle()
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])
        self.assertFalse(flow.push_waits_until)

    def test_pulls_of_the_same_flow_go_on(self):
        flow = self.connect(contacts_flow("both"))
        self.sync(flow)
        flow.push_waits_until = fields.Datetime.now() + timedelta(hours=1)
        flow.interval_number = 1
        flow.next_run = past()
        ada = self.partner()
        there = self.there(name="Bob", email="bob@example.com")
        self.settle()
        self.assertTrue(self.bound(flow, there["id"]))
        self.assertFalse(self.binding(flow, ada))

    def test_domain_that_can_not_be_searched_is_refused_when_it_is_saved(self):
        flow = self.connect(contacts_flow())
        with self.assertRaises(ValidationError), mute_logger("odoo.domains", "odoo.orm.models", "odoo.models"):
            flow.push_domain = [["user_ids.password", "=", "x"]]


@tagged("post_install", "-at_install")
class TestPullWaits(BridgeCase):
    def setUp(self):
        super().setUp()
        self.patch(retry, "FIRST_DELAY", 600.0)

    def test_scheduled_pull_that_fails_waits_longer_than_its_schedule(self):
        flow = self.connect()
        flow.write({"interval_number": 1, "interval_type": "minutes"})
        self.server.records["things"] = [thing(1)]
        runs, counts = self.env["bridge.run"], []
        for _time in range(4):
            self.server.faults = [(404, {}, b"{}")]
            flow.next_run = past()
            self.work()
            counts.append(runs.search_count([("flow_id", "=", flow.id)]))
        self.assertEqual(counts, [1, 1, 1, 1])
        self.assertLess(flow.next_run, fields.Datetime.now(), "it is due when it has waited")
        flow.pull_waits_until = past()
        self.work()
        self.assertEqual((flow.pull_failures, runs.search_count([("flow_id", "=", flow.id)])), (2, 2))
        self.server.faults = []
        self.assertEqual(self.sync(flow).state, "done")
        self.assertEqual((flow.pull_failures, flow.pull_waits_until), (0, False))
