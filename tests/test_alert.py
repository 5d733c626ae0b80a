from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from ..jobs import health
from ..models import bridge_alert
from .common import BridgeCase, thing, things_flow


@tagged("post_install", "-at_install")
class TestAlert(BridgeCase):
    """The sixth promise: it says when it needs attention; once when it begins, once when it is over."""

    def setUp(self):
        super().setUp()
        self.flow = self.connect(things_flow(schedule={"every": 15, "unit": "minutes"}))
        self.receiver = self.acting
        self.give("integration_bridge.group_integration_bridge_user")
        self.connector.responsible_ids = self.receiver
        self.patch(health, "cron_problem", lambda env, lanes: False)
        self.alerts = self.env["bridge.alert"]
        self.alerts._watch()
        self.alerts.search([]).unlink()
        self.env["mail.mail"].search([]).unlink()
        self.letters = []
        letters, original = self.letters, type(self.alerts)._letter

        def letter(alerts, user):
            values = original(alerts, user)
            letters.append((user, values["subject"], values["body_html"]))
            return values

        self.patch(type(self.alerts), "_letter", letter)

    def watch(self):
        """Look, with the digest due."""
        self.env["ir.config_parameter"].set_param("integration_bridge.last_digest", "")
        self.env.invalidate_all()
        self.alerts._watch()

    def kinds(self):
        return sorted(self.alerts.search([("closed", "=", False)]).mapped("kind"))

    def test_nothing_is_told_while_all_is_well(self):
        self.server.records["things"] = [thing(1)]
        self.sync(self.flow)
        self.watch()
        self.assertEqual((self.kinds(), self.letters, self.connector.health), ([], [], "ok"))

    def test_many_failures_of_one_sort_are_one_message_and_one_when_it_is_over(self):
        self.server.records["things"] = [thing(n, name=None) for n in range(20)]
        self.sync(self.flow)
        for _number in range(3):
            self.watch()
        alert = self.alerts.search([])
        self.assertEqual((alert.kind, alert.activity_ids.user_id), ("failures", self.receiver))
        self.assertIn("20 records", alert.message)
        self.assertEqual(self.env["bridge.failure"].search(alert.action_open()["domain"]).job_count, 20)
        self.assertEqual((len(self.letters), self.connector.health), (1, "attention"))
        self.assertIn("20 records", self.connector.health_reason)
        self.server.records["things"] = [thing(n) for n in range(20)]
        self.sync(self.flow, full=True)
        for _number in range(3):
            self.watch()
        self.assertTrue(alert.closed)
        self.assertFalse(alert.activity_ids, "the activity is done")
        self.assertEqual(
            [subject for _user, subject, _body in self.letters][1:],
            ["Integration Bridge: 0 need attention, 1 are over"],
        )

    def test_conflicts_of_a_flow_are_one_message_until_they_are_decided(self):
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(self.flow)
        conflicts = self.conflict(self.flow, 1)
        self.watch()
        alert = self.alerts.search([])
        self.assertEqual((alert.kind, alert.flow_id, self.connector.health), ("conflicts", self.flow, "attention"))
        self.assertIn("a conflict waits for a decision", alert.message)
        conflicts |= self.conflict(self.flow, 2)
        self.watch()
        self.assertEqual(self.alerts.search([]), alert)
        self.assertIn("2 conflicts wait for a decision", alert.message)
        self.assertEqual(self.env["bridge.conflict"].search(alert.action_open()["domain"]), conflicts)
        conflicts.action_keep_odoo()
        self.watch()
        self.assertTrue(alert.closed)
        self.assertEqual((self.kinds(), self.connector.health), ([], "ok"))

    def test_digest_comes_once_in_a_while(self):
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.flow)
        self.watch()
        self.server.faults = [(403, {}, b"{}")]
        self.sync(self.flow)
        self.alerts._watch()
        self.assertEqual((self.kinds(), len(self.letters)), (["failures", "run"], 1), "the second waits")
        self.watch()
        self.assertEqual(len(self.letters), 2)

    def test_several_alerts_are_one_letter(self):
        for number in range(3):
            about = {"kind": "paused", "message": f"Message {number}", "connector_id": self.connector.id}
            self.alerts.create({"key": f"x{number}", **about})
        self.env["ir.config_parameter"].set_param("integration_bridge.last_digest", "")
        self.alerts._send_digest()
        self.assertTrue(self.letters)
        for _user, _subject, body in self.letters:
            self.assertTrue(all(f"Message {number}" in body for number in range(3)), body)

    def test_paused_connector(self):
        self.server.faults = [(401, {}, b"{}")]
        run = self.sync(self.flow)
        self.watch()
        self.assertEqual((self.kinds(), self.connector.health, run.state), (["paused"], "down", "running"))
        self.assertIn("did not accept the credentials", self.connector.health_reason)
        self.connector.action_resume()
        self.work()
        self.watch()
        self.assertEqual((self.kinds(), run.state, self.connector.health), ([], "done", "ok"))

    def test_resting_connector_is_told_as_such_and_not_as_late(self):
        self.flow.create_date = "2000-01-01"
        with self.enter_registry_test_mode():
            for _number in range(3):
                self.connector._gate()._shut("unavailable", "It is down.")
        self.watch()
        self.assertEqual(self.kinds(), ["resting"])
        self.assertIn("It is down.", self.alerts.search([]).message)

    def test_resume_is_there_as_long_as_it_is_down(self):
        """Also when its rest is over, until it is tried again: that happens when a lane has the time."""
        form = etree.fromstring(self.connector.get_view(view_type="form")["arch"])
        hidden = form.find(".//button[@name='action_resume']").get("invisible")

        def how():
            self.env.invalidate_all()
            (values,) = self.connector.read(["health", "is_shut"])
            return values["health"], values["is_shut"], not safe_eval(hidden, values)

        self.assertEqual(how(), ("ok", False, False))
        with self.enter_registry_test_mode():
            for _number in range(3):
                self.connector._gate()._shut("unavailable", "It is down.")
        self.assertEqual(how(), ("down", True, True))
        self.connector._gate().resting_until = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(how(), ("down", False, True))

    def test_time_of_the_next_attempt_is_said_to_be_about_right(self):
        self.server.faults = [(503, {}, b"{}")] * 3
        self.assertRegex(self.sync(self.flow).message, r"Next attempt at about \d{4}-\d\d-\d\d [\d:]+ UTC\.")

    def test_one_record_is_not_called_1_records(self):
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.flow)
        self.watch()
        self.assertRegex(self.alerts.search([]).message, r"Things\)?, a record: ")

    def test_flow_without_success_in_time_is_overdue(self):
        self.server.records["things"] = [thing(1)]
        run = self.sync(self.flow)
        run.finished = fields.Datetime.now() - timedelta(minutes=45)
        self.watch()
        self.assertEqual(self.kinds(), ["overdue"])
        self.assertIn("should run every 15 minutes, but the last successful run was at", self.alerts.search([]).message)
        self.sync(self.flow)
        self.watch()
        self.assertEqual(self.kinds(), [])

    def test_flow_that_never_ran_is_not_said_to_have_run(self):
        self.flow.write({"interval_number": 1, "interval_type": "hours"})
        self.env.flush_all()
        self.env.cr.execute("UPDATE bridge_flow SET create_date = '2020-01-01' WHERE id = %s", [self.flow.id])
        self.watch()
        self.assertIn("should run every hour, but no run has been successful yet", self.alerts.search([]).message)

    def test_failed_run_stays_told_while_single_records_or_the_next_run_are_under_way(self):
        self.server.faults = [(403, {}, b"{}")]
        self.sync(self.flow)
        self.watch()
        self.assertEqual(self.kinds(), ["run"])
        self.server.records["things"] = [thing(1)]
        self.env["bridge.job"]._enqueue_records(self.flow, ["1"])
        self.work()
        self.flow._enqueue("schedule")
        self.watch()
        self.assertEqual((self.kinds(), self.alerts.search_count([])), (["run"], 1))

    def test_queue_that_is_late(self):
        job = self.flow._enqueue("manual").job_ids
        self.env["ir.cron"]._lanes().lastcall = fields.Datetime.now()
        job.due_at = fields.Datetime.now() - timedelta(minutes=61)
        self.watch()
        self.assertEqual(self.kinds(), ["queue"])

    def test_lanes_that_do_not_work_are_told_when_somebody_opens_odoo(self):
        job = self.flow._enqueue("manual").job_ids
        job.due_at = fields.Datetime.now() - timedelta(minutes=30)
        self.env["ir.cron"]._lanes().lastcall = fields.Datetime.now() - timedelta(minutes=20)
        self.env.flush_all()
        bridge_alert._looked.clear()  # another test may have opened Odoo a moment ago
        with self.enter_registry_test_mode():
            self.alerts._watch_without_cron()
        self.assertEqual(self.kinds(), ["lanes"])
        self.assertEqual(self.connector.health, "down")

    def test_switched_off_scheduler_is_named(self):
        self.patch(health, "cron_problem", lambda env, lanes: "max_cron_threads = 0")
        self.watch()
        self.assertEqual((self.kinds(), self.connector.health), (["lanes"], "down"))

    def test_receivers_fall_back_to_the_settings_and_the_administrators(self):
        alert = self.alerts.create({"key": "x", "kind": "paused", "message": "x", "connector_id": self.connector.id})
        self.assertEqual(alert._receivers(), self.receiver)
        self.connector.responsible_ids = False
        admin = self.env.ref("base.user_admin")
        self.env["res.config.settings"].create({"bridge_alert_user_ids": [(6, 0, admin.ids)]}).execute()
        self.assertEqual(alert._receivers(), admin)
        self.env["res.config.settings"].create({"bridge_alert_user_ids": [(5,)]}).execute()
        administrators = self.env.ref("integration_bridge.group_integration_bridge_administrator").all_user_ids
        self.assertEqual(alert._receivers(), administrators - self.env.ref("base.user_root"))

    def test_failures_that_are_tried_again_are_not_over_until_they_succeed(self):
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.flow)
        self.watch()
        alert = self.alerts.search([])
        self.flow.mapping_ids.filtered(
            lambda one: one.path == "phone"
        ).required = True  # the mapping says something else
        self.assertEqual(self.env["bridge.job"].search([("error_kind", "=", "data")]).state, "pending")
        self.watch()
        self.assertFalse(alert.closed, "it is only being tried again")
        self.work()
        self.watch()
        self.assertEqual(self.alerts.search([]), alert, "nothing new is told")
        self.assertFalse(alert.closed)
        self.flow.mapping_ids.filtered(lambda one: one.path == "phone").required = False
        self.server.records["things"] = [thing(1)]
        self.sync(self.flow, full=True)
        self.watch()
        self.assertTrue(alert.closed)

    def test_one_that_nobody_has_an_address_for_is_not_said_to_be_mailed(self):
        self.connector.responsible_ids = self.acting
        self.acting.email = False
        self.assertIn(self.acting.name, self.connector.unreached)
        about = {"kind": "paused", "message": "It is paused.", "connector_id": self.connector.id}
        alert = self.alerts.create({"key": "unreached", **about})
        self.env["ir.config_parameter"].set_param("integration_bridge.last_digest", "")
        self.alerts._send_digest()
        self.assertEqual((alert.opening_mailed, self.letters), (False, []))
        self.acting.email = "acting@example.com"
        self.env.invalidate_all()
        self.assertFalse(self.connector.unreached)
        self.alerts._send_digest()
        self.assertEqual((alert.opening_mailed, len(self.letters)), (True, 1))

    def test_moments_are_told_in_the_readers_own_zone(self):
        about = {"kind": "paused", "message": "Paused since 2026-11-25 13:14:47 UTC: why."}
        alert = self.alerts.create({"key": "zone", "connector_id": self.connector.id, **about})
        alert = alert.with_context(tz="Asia/Tokyo", lang="en_US")
        self.assertRegex(alert.message_text, r"Paused since 11/25/2026 10:14:47\sPM \(Asia/Tokyo\): why\.")
        self.env.user.tz = "Asia/Tokyo"  # in a mail, the zone of whoever sends it: none of the reader's business
        self.assertRegex(alert.with_context(tz=False).message_text, r"11/25/2026 0?1:14:47\sPM \(UTC\): why\.")
        self.assertEqual(alert.display_name, f"Connector paused · {self.connector.name}")
        self.assertEqual(alert.message, about["message"])

    def test_who_makes_a_connector_is_not_told_that_it_is_assigned(self):
        before = self.env["mail.message"].search_count([("model", "=", "bridge.connector")])
        other = new_test_user(self.env, "assigned", "base.group_user", email="assigned@example.com")
        made = self.env["bridge.connector"].create({"name": "Mine", "code": "mine", "user_id": other.id})
        told = self.env["mail.message"].search([("model", "=", "bridge.connector"), ("res_id", "=", made.id)])
        self.assertFalse(told.filtered(lambda one: one.partner_ids or "assigned" in (one.subject or "")), before)

    def test_activity_leads_at_once_to_what_the_alert_is_about(self):
        self.server.faults = [(403, {}, b"{}")]
        run = self.sync(self.flow)
        self.watch()
        alert = self.alerts.search([])
        activity = alert.activity_ids.with_user(self.receiver)
        mine = self.alerts.with_user(self.receiver).search([("activity_user_id", "=", self.receiver.id)])
        self.assertEqual(mine, alert)
        action = activity.action_open_document()
        self.assertEqual((action["res_model"], action["res_id"]), ("bridge.run", run.id))
        for kind in ("list", "kanban", "form"):  # a line opens the alert, and has a button to its cause
            arch = etree.fromstring(self.alerts.get_view(view_type=kind)["arch"])
            self.assertIsNone(arch.get("action"), kind)
            self.assertEqual(len(arch.xpath(".//button[@name='action_open']")), 1, kind)
        alert._close()
        action = alert.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("bridge.alert", alert.id), "it is over")
        partner = self.env["res.partner"].create({"name": "Ada"})
        other = partner.activity_schedule("mail.mail_activity_data_todo", user_id=self.env.uid)
        self.assertEqual(other.action_open_document()["res_model"], "res.partner")

    def test_alert_about_no_connector_leads_to_what_the_person_has(self):
        user = new_test_user(self.env, "alert_user", "integration_bridge.group_integration_bridge_user")
        operator = new_test_user(self.env, "alert_operator", "integration_bridge.group_integration_bridge_operator")
        alert = self.alerts.create({"key": "queue", "kind": "queue", "message": "x"})
        for who, model in ((user, "bridge.connector"), (operator, "bridge.job")):
            self.assertEqual(alert.with_user(who).action_open()["res_model"], model)

    def test_each_thing_that_is_the_matter_is_one_click_away(self):
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.flow)
        self.watch()
        action = self.connector.action_open_alerts()
        self.assertEqual(self.alerts.search(action["domain"]), self.alerts.search([]))
