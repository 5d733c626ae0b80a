import ast
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import new_test_user, tagged

from ..jobs import health
from ..models.bridge_summary import LAST, OFF
from .common import BridgeCase, thing, things_flow

MONDAY = datetime(2026, 11, 30, 5)


@tagged("post_install", "-at_install")
class TestSummary(BridgeCase):
    """What moved, failed, waits and needs attention, once a week, to who is told of alerts (promises 5 and 6)."""

    def setUp(self):
        super().setUp()
        self.flow = self.connect(things_flow())
        self.reader = self.acting
        self.reader.email = "reader@example.com"
        self.give("integration_bridge.group_integration_bridge_user")
        self.connector.responsible_ids = self.reader
        self.patch(health, "cron_problem", lambda env, lanes: False)
        self.env["mail.mail"].search([]).unlink()
        self.parameters = self.env["ir.config_parameter"].sudo()
        self.cron = self.env.ref("integration_bridge.ir_cron_summary")
        self.last(datetime.now() - timedelta(days=8))
        if "digest.digest" in self.env:
            self.env["digest.digest"].search([]).user_ids = False

    def last(self, moment):
        self.parameters.set_param(LAST, fields.Datetime.to_string(moment))

    def send(self):
        """Have Odoo's scheduler call it; return the mails that there are."""
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()
        return self.mails()

    def mails(self):
        return self.env["mail.mail"].search([("subject", "like", "Integration Bridge")])

    def figures(self, mail):
        """Label to number, of the table of the first connector."""
        from lxml import html

        table = html.fromstring(mail.body_html).find(".//table")
        return {row[0].text_content().strip(): row[1].text_content().strip() for row in table.iter("tr")}

    def test_it_says_what_moved_failed_waits_and_needs_attention(self):
        self.server.records["things"] = [thing(1), thing(2), thing(3, name=None)]
        self.sync(self.flow)
        self.conflict(self.flow, 1)
        self.env["bridge.change"].create(
            {"flow_id": self.flow.id, "res_model": "res.partner", "res_id": self.bound(self.flow, 2).id, "path": ""}
        )
        mail = self.send()
        self.assertEqual(mail.email_to, self.reader.email_formatted)
        self.assertEqual(
            self.figures(mail),
            {
                "Came into Odoo": "2",
                "Sent to the other system": "0",
                "Failed in these days": "1",
                "Failures that are open now": "1",
                "Conflicts that wait for a decision": "1",
                "Records that wait and go on by themselves": "1",
            },
        )
        self.assertEqual(mail.subject, "Integration Bridge, your week: moved 2, failed 1, needs attention 2")
        body = mail.body_html
        self.assertIn("a conflict waits for a decision", body)
        for path in ("/odoo/bridge", "/odoo/bridge-alerts", f"/odoo/bridge/{self.connector.id}"):
            self.assertIn(f'href="{self.connector.get_base_url()}{path}"', body)

    def test_a_known_alert_is_one_click_away(self):
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.flow)
        self.env["bridge.alert"]._watch()
        alert = self.env["bridge.alert"].search([("kind", "=", "failures"), ("closed", "=", False)])
        self.env["mail.mail"].search([]).unlink()
        self.assertIn(f"/odoo/bridge-alerts/{alert.id}", self.send().body_html)

    def test_all_is_well_is_said_as_well(self):
        self.server.records["things"] = [thing(1)]
        self.sync(self.flow)
        mail = self.send()
        self.assertIn("Nothing: all is well.", mail.body_html)
        self.assertIn("needs attention 0", mail.subject)

    def test_what_is_older_than_a_week_or_was_a_preview_does_not_count(self):
        self.server.records["things"] = [thing(1)]
        self.sync(self.flow).started = fields.Datetime.now() - timedelta(days=7, minutes=1)
        run = self.env["bridge.run"]._start(self.flow, "manual")
        run.write({"dry_run": True, "state": "done", "started": fields.Datetime.now(), "created": 7})
        self.assertEqual(self.figures(self.send())["Came into Odoo"], "0")

    def test_it_says_fewer_days_where_runs_are_not_kept_so_long(self):
        self.parameters.set_param("integration_bridge.run_days", 3)
        self.assertIn("last 3 days", self.send().body_html)

    def test_once_a_week_however_often_it_runs(self):
        self.assertEqual(len(self.send()), 1)
        self.assertEqual(len(self.send()), 1)
        sent = []
        model = type(self.env["bridge.summary"])
        self.patch(model, "_letter", lambda summary, user, connectors: sent.append(user) or {})
        for days in range(15):  # each day, from a Monday to the second Monday after it
            with freeze_time(MONDAY + timedelta(days=days)):
                if not days:
                    self.last(MONDAY - timedelta(days=7))
                self.env["bridge.summary"]._send_weekly()
        self.assertEqual(len(sent), 3)

    def test_one_that_was_late_is_sent_once_and_the_next_on_monday(self):
        sent = []
        model = type(self.env["bridge.summary"])
        self.patch(model, "_letter", lambda summary, user, connectors: sent.append(user) or {})
        self.last(MONDAY - timedelta(days=7))
        for days, expected in ((2, 1), (3, 1), (6, 1), (7, 2)):
            with freeze_time(MONDAY + timedelta(days=days)):
                self.env["bridge.summary"]._send_weekly()
            self.assertEqual(len(sent), expected, days)

    def test_one_that_died_before_its_commit_is_sent_once_by_the_next(self):
        summary = self.env["bridge.summary"]
        with (
            self.assertRaises(ZeroDivisionError),
            self.env.cr.savepoint(),
            patch.object(type(self.env["mail.mail"]), "send_after_commit", lambda mails: 1 / 0),
        ):
            summary._send_weekly()
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertFalse(self.mails())
        self.assertEqual(len(self.send()), 1)
        self.assertEqual(len(self.send()), 1)

    def test_the_first_time_there_is_no_week_to_tell_of(self):
        self.parameters.set_param(LAST, False)
        self.assertFalse(self.send())
        self.assertTrue(self.parameters.get_param(LAST))

    def test_nothing_is_sent_without_a_connector(self):
        self.connector.state = "disabled"
        self.assertFalse(self.send())
        self.connector.unlink()
        self.last(datetime.now() - timedelta(days=8))
        self.assertFalse(self.send())

    def test_it_can_be_switched_off_and_on_in_the_settings(self):
        settings = self.env["res.config.settings"]

        def switch(value):
            self.assertIs(settings.create({}).bridge_weekly_summary, not value)
            settings.create({"bridge_weekly_summary": value}).execute()

        switch(False)
        self.assertFalse(self.send())
        switch(True)
        self.assertFalse(self.parameters.get_param(OFF))
        self.last(datetime.now() - timedelta(days=8))
        self.assertTrue(self.send())

    def test_each_reads_of_the_connectors_that_are_theirs_to_see(self):
        company = self.env["res.company"].create({"name": "Another"})
        self.acting.company_ids += company  # it acts there
        other = self.connector.copy({"name": "Theirs", "code": "theirs", "company_id": company.id})
        stranger = new_test_user(
            self.env,
            "summary_stranger",
            "integration_bridge.group_integration_bridge_user",
            email="stranger@example.com",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        other.write({"state": "preview", "responsible_ids": [(6, 0, (self.reader | stranger).ids)]})
        self.acting.company_ids -= company
        self.connector.company_id = self.env.company
        mails = {mail.email_to: mail.body_html for mail in self.send()}
        self.assertEqual(set(mails), {self.reader.email_formatted, stranger.email_formatted})
        self.assertNotIn("Theirs", mails[self.reader.email_formatted])
        self.assertIn("Theirs", mails[stranger.email_formatted])
        self.assertNotIn(self.connector.name, mails[stranger.email_formatted])

    def test_it_is_in_the_readers_language_and_zone(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"]._load_module_terms(["integration_bridge"], ["de_DE"])
        self.reader.write({"lang": "de_DE", "tz": "Asia/Tokyo"})
        for _number in range(3):
            with self.enter_registry_test_mode():
                self.connector._gate()._shut("unavailable", "It is down.")
        mail = self.send()
        self.assertIn("Was Aufmerksamkeit braucht", mail.body_html)
        self.assertIn("In Odoo angekommen", mail.body_html)
        self.assertIn("(Asia/Tokyo)", mail.body_html)
        self.assertIn("ist seit", mail.body_html)

    def test_a_copy_of_the_database_tells_nobody(self):
        self.patch(type(self.env["bridge.instance"]), "_is_at_home", lambda instance: False)
        self.assertFalse(self.send())


@tagged("post_install", "-at_install")
class TestDigest(BridgeCase):
    """Odoo's own digests show the same figures, and who has them there gets no mail of ours."""

    def setUp(self):
        super().setUp()
        if "digest.digest" not in self.env:
            self.skipTest("digest is not installed")
        self.flow = self.connect(things_flow())
        self.reader = self.acting
        self.reader.email = "reader@example.com"
        self.give("integration_bridge.group_integration_bridge_user")
        self.connector.responsible_ids = self.reader
        self.digest = self.env["digest.digest"].create(
            {"name": "Mine", "periodicity": "weekly", "user_ids": [(6, 0, self.reader.ids)]}
        )

    def turn_on(self, *figures):
        self.digest.write({f"x_kpi_bridge_{figure}": True for figure in figures})

    def test_the_figures_are_the_same(self):
        self.server.records["things"] = [thing(1), thing(2), thing(3, name=None)]
        self.sync(self.flow)
        self.env["bridge.alert"]._watch()
        alerts = self.env["bridge.alert"].search([("connector_id", "=", self.connector.id)])
        self.assertTrue(alerts)
        hour_ago = fields.Datetime.now() - timedelta(hours=1)  # Odoo's time ends with the second before this one
        self.env["bridge.run"].search([("flow_id", "=", self.flow.id)]).started = alerts.opened = hour_ago
        self.turn_on("moved", "failed", "waiting", "attention")
        shown = self.digest._compute_kpis(self.env.company, self.reader)
        week = {one["kpi_fullname"]: one["kpi_col2"]["value"] for one in shown if "bridge" in one["kpi_name"]}
        expected = {"Synced Records": 2, "Sync Failures": 1, "Records Waiting to Sync": 0, "Sync Alerts": len(alerts)}
        self.assertEqual({name: int(value) for name, value in week.items()}, expected)

    def test_who_may_not_see_connectors_does_not_see_the_figures(self):
        plain = new_test_user(self.env, "plain_digest", "base.group_user")
        self.turn_on("moved")
        names = {one["kpi_name"] for one in self.digest._compute_kpis(self.env.company, plain)}
        self.assertNotIn("x_kpi_bridge_moved", names)

    def test_who_has_them_often_in_a_digest_gets_no_mail(self):
        summary = self.env["bridge.summary"]
        self.assertIn(self.reader, summary._readers(), "the digest shows other figures only")
        self.turn_on("moved")
        self.assertNotIn(self.reader, summary._readers())
        self.digest.periodicity = "quarterly"
        self.assertIn(self.reader, summary._readers())
        self.digest.write({"periodicity": "weekly", "state": "deactivated"})
        self.assertIn(self.reader, summary._readers())

    def test_a_person_finds_them_in_the_form_of_the_digest(self):
        arch = self.env["digest.digest"].get_view(view_type="form")["arch"]
        for figure in ("moved", "failed", "waiting", "attention"):
            self.assertIn(f'name="x_kpi_bridge_{figure}"', arch)

    def test_they_are_made_once_and_go_with_the_addon(self):
        kpis = self.env["bridge.kpi"]
        self.addCleanup(self.env.registry._setup_models__, self.env.cr, ["digest.digest"])
        before = kpis._fields_there()
        self.assertEqual(len(before), 8)
        kpis._offer()
        self.assertEqual((kpis._fields_there(), len(kpis._view())), (before, 1))
        kpis._withdraw()
        self.assertFalse(kpis._fields_there() or kpis._view())
        self.assertEqual(kpis._readers(), self.env["res.users"])
        kpis._offer()
        self.assertEqual((len(kpis._fields_there()), len(kpis._view())), (8, 1))

    def test_the_code_of_the_fields_calls_what_there_is(self):
        for field in self.env["bridge.kpi"]._fields_there().filtered("compute"):
            (call,) = (one for one in ast.walk(ast.parse(field.compute)) if isinstance(one, ast.Call))
            self.assertTrue(hasattr(self.env["bridge.summary"], f"_{call.args[1].value}"))
