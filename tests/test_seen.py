"""What a full scan has seen is known until it has ended, and not longer."""

import datetime

from odoo import fields
from odoo.tests import tagged

from .common import BridgeCase, thing, things_flow


@tagged("post_install", "-at_install")
class TestSeen(BridgeCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect(things_flow(remove_limit=20))
        self.things(*range(6))
        self.sync(self.flow)
        self.clean_up()

    def things(self, *numbers):
        self.server.records["things"] = [thing(number) for number in numbers]

    def seen(self):
        """Which runs have notes."""
        return self.env["bridge.seen"].search([("flow_id", "=", self.flow.id)]).run_id

    def clean_up(self):
        self.env["bridge.seen"]._gc_ended()
        self.env.invalidate_all()

    def broken_off(self):
        """A full scan that has read the first page and has failed at the second."""
        listed = self.server.answer
        self.patch(
            type(self.server),
            "answer",
            lambda server, path, query: (400, {}) if int(query.get("offset", 0)) else listed(path, query),
        )
        run = self.sync(self.flow, full=True)
        self.assertEqual((run.state, run.fetched), ("failed", 3))
        self.patch(type(self.server), "answer", lambda server, path, query: listed(path, query))
        return run

    def retry(self, run):
        run.job_ids.action_retry()
        self.env.cr.flush()
        self.work()
        self.assertEqual(run.state, "done")

    def test_notes_of_a_scan_that_has_ended_are_cleaned_up(self):
        run = self.sync(self.flow, full=True)
        self.assertEqual(self.seen(), run)
        self.clean_up()
        self.assertFalse(self.seen())

    def test_notes_stay_while_a_person_is_asked_also_those_of_later_scans(self):
        self.things(0, 1, 2)
        asked = self.sync(self.flow, full=True)
        self.assertEqual(asked.state, "blocked")
        self.things(*range(6))
        later = self.sync(self.flow, full=True)
        self.clean_up()
        self.assertEqual(self.seen(), asked | later)
        asked.action_confirm()
        self.work()
        self.assertEqual((asked.state, asked.archived), ("done", 0))
        self.clean_up()
        self.assertFalse(self.seen())

    def test_retried_scan_goes_on_and_knows_what_it_had_seen(self):
        run = self.broken_off()
        self.clean_up()
        self.retry(run)
        self.assertEqual((run.fetched, run.archived), (6, 0))

    def test_scan_that_is_retried_when_its_notes_are_gone_begins_anew(self):
        run = self.broken_off()
        run.finished = fields.Datetime.now() - datetime.timedelta(hours=25)
        self.clean_up()
        self.assertFalse(self.seen())
        self.retry(run)
        self.assertEqual((run.fetched, run.archived), (3 + 6, 0))

    def test_what_was_bound_in_the_second_in_which_the_scan_began_is_seen(self):
        self.things(*range(8))
        run = self.sync(self.flow, full=True)
        new = self.env["bridge.binding"].search([("external_id", "in", ("6", "7"))])
        self.assertEqual(self.env["bridge.seen"]._count(run), (0, 8))
        run.started = new[:1].create_date
        self.assertEqual(self.env["bridge.seen"]._count(run), (0, 8))
