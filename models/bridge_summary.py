"""Once a week, in one mail to each who is told of alerts: what moved, what failed, what waits, what needs attention."""

import collections
import datetime

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from ..jobs.kinds import TOGETHER
from .bridge_alert import DOWN
from .bridge_overview_mixin import CAME_IN, DONE, SENT_OUT
from .local_times import in_local_time

DAYS = 7
MOST_MATTERS = 10  # that need attention, in one mail; the list of alerts has them all
LOCK = 0x62726477  # one that sends at a time
LAST = "integration_bridge.last_summary"  # when it was looked last if a summary is due, and so was every one before
OFF = "integration_bridge.no_summary"


class BridgeSummary(models.AbstractModel):
    """What was and what is, in a few figures. Alerts tell at once; this one tells also when all is well."""

    _name = "bridge.summary"
    _description = "Weekly Summary"

    # ----------------------------------------------------------------------------------------------------------------
    # Sending
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _send_weekly(self):
        """Called each day; sends on the first day of the week that it is called, and only once.

        That it was done is written in the transaction that makes the mails, so either both are committed or none.
        """
        self.env["bridge.kpi"]._offer()
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not self.env.cr.fetchone()[0]:
            return
        parameters, now = self.env["ir.config_parameter"].sudo(), fields.Datetime.now()
        last = fields.Datetime.to_datetime(parameters.get_param(LAST) or False)
        monday = now.date() - datetime.timedelta(days=now.weekday())
        if last and last.date() >= monday:
            return
        parameters.set_param(LAST, fields.Datetime.to_string(now))
        # The first time there is no week yet to tell of. A copy of a database is not the one whose week it was.
        if not last or parameters.get_param(OFF) or not self.env["bridge.instance"]._is_at_home():
            return
        letters = [self._letter(user, connectors) for user, connectors in self._readers().items()]
        self.env["mail.mail"].sudo().create(letters).send_after_commit()

    @api.model
    def _readers(self):
        """Who gets one, and of which connectors: of those that they are told the alerts of.

        :rtype: dict[ResUsers, BridgeConnector]
        """
        alerts, found = self.env["bridge.alert"].sudo(), {}
        have_digest = self.env["bridge.kpi"]._readers()
        for connector in self.env["bridge.connector"].sudo().search([("state", "!=", "disabled")]):
            for user in alerts._receivers_of(connector).filtered("email") - have_digest:
                found[user] = found.get(user, connector.browse()) | connector
        return found

    @api.model
    def _letter(self, user, connectors):
        """The values of the mail to one person, in that person's language.

        :rtype: dict
        """
        self = self.with_context(lang=user.lang, tz=user.tz)
        days = min(DAYS, int(self.env["ir.config_parameter"].sudo().get_param("integration_bridge.run_days", 90)))
        matters = self._matters(connectors)
        systems = self._systems(connectors, days, matters, len(user.company_ids) > 1)
        address = self.env["bridge.connector"].get_base_url()
        values = {
            "intro": self.env._("What was in the last %s days, and how it is now.", days),
            "systems": systems,
            "matters": matters[:MOST_MATTERS],
            "more": len(matters[MOST_MATTERS:]),
            "address": address,
        }
        subject = self.env._(
            "Integration Bridge, your week: moved %(moved)s, failed %(failed)s, needs attention %(attention)s",
            moved=formatLang(self.env, sum(one["moved"] for one in systems), digits=0),
            failed=formatLang(self.env, sum(one["failed"] for one in systems), digits=0),
            attention=formatLang(self.env, len(matters), digits=0),
        )
        body = self.env["ir.qweb"]._render("integration_bridge.bridge_summary_mail", values)
        return {"subject": subject, "body_html": body, "email_to": user.email_formatted, "auto_delete": True}

    @api.model
    def _systems(self, connectors, days, matters, by_company):
        """What is told of each connector.

        :rtype: list[dict]
        """
        connectors = connectors.with_env(self.env)
        health = dict(connectors._fields["health"]._description_selection(self.env))
        week = connectors, fields.Datetime.now() - datetime.timedelta(days=days)
        came, sent = self._ran(CAME_IN, *week), self._ran(SENT_OUT, *week)
        failed, waiting = self._ran(("failed",), *week), self._waiting(connectors)
        told = []
        for connector in connectors:
            kinds = {one["kind"] for one in matters if one["connector_id"] in (connector.id, False)}
            state = "down" if kinds.intersection(DOWN) else "attention" if kinds else "ok"
            told.append(
                {
                    "id": connector.id,
                    "name": connector.name,
                    "company": by_company and connector.company_id.name,
                    "state": state,
                    "health": health[state],
                    "moved": came[connector.id] + sent[connector.id],
                    "failed": failed[connector.id],
                    "figures": [  # in words, how many, and does a person have to do something about it
                        (self.env._("Came into Odoo"), came[connector.id], False),
                        (self.env._("Sent to the other system"), sent[connector.id], False),
                        (self.env._("Failed in these days"), failed[connector.id], False),
                        (self.env._("Failures that are open now"), connector.failure_count, connector.failure_count),
                        (
                            self.env._("Conflicts that wait for a decision"),
                            connector.conflict_count,
                            connector.conflict_count,
                        ),
                        (self.env._("Records that wait and go on by themselves"), waiting[connector.id], False),
                    ],
                }
            )
        return told

    @api.model
    def _matters(self, connectors):
        """What needs attention now, found anew, so that it is said in the reader's language; with where to go on.

        :rtype: list[dict]
        """
        alerts = self.env["bridge.alert"].sudo()
        now = alerts._situations(connectors.with_env(alerts.env))
        known = {one.key: one.id for one in alerts.search([("closed", "=", False), ("key", "in", list(now))])}
        return [
            {
                **values,
                "text": in_local_time(self.env, values["message"]),
                "path": f"/odoo/bridge-alerts/{known[key]}" if key in known else "/odoo/bridge-alerts",
            }
            for key, values in now.items()
        ]

    # ----------------------------------------------------------------------------------------------------------------
    # Figures: of each connector by its id, as far as this person may read them
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _ran(self, counters, connectors, start, end=None):
        """What runs have counted that started in a time.

        :param counters: names of fields of runs
        :rtype: collections.Counter
        """
        about = [("connector_id", "in", connectors.ids), ("dry_run", "=", False), *_within("started", start, end)]
        rows = self.env["bridge.run"]._read_group(about, ["connector_id"], [f"{name}:sum" for name in counters])
        return collections.Counter({connector.id: sum(filter(None, sums)) for connector, *sums in rows})

    @api.model
    def _moved(self, *about):
        return self._ran(DONE, *about)

    @api.model
    def _failed(self, *about):
        return self._ran(("failed",), *about)

    @api.model
    def _waiting(self, connectors, start=None, end=None):
        """Records that wait now: to be sent, to be tried again, or in a webhook's call.

        :param start: only those that wait since then
        :param end: only those that wait since before
        """
        jobs, changes, calls = (self.env[f"bridge.{name}"] for name in ("job", "change", "delivery"))
        of_these, found = [("connector_id", "in", connectors.ids)], collections.Counter()
        records = [*of_these, ("kind", "in", TOGETHER), ("state", "=", "pending"), *_within("create_date", start, end)]
        called = [*of_these, ("state", "=", "waiting"), *_within("received", start, end)]
        for connector, count in (
            *jobs._read_group(records, ["connector_id"], ["__count"]),
            *calls._read_group(called, ["connector_id"], ["__count"]),
        ):
            found[connector.id] += count
        noted = [("flow_id", "in", connectors.flow_ids.ids), ("path", "=", ""), *_within("create_date", start, end)]
        for flow, count in changes._read_group(noted, ["flow_id"], ["__count"]):
            found[flow.connector_id.id] += count
        return found

    @api.model
    def _attention(self, connectors, start, end):
        """Alerts that began in a time."""
        about = [("connector_id", "in", connectors.ids), *_within("opened", start, end)]
        groups = self.env["bridge.alert"]._read_group(about, ["connector_id"], ["__count"])
        return collections.Counter({connector.id: count for connector, count in groups})


def _within(name, start, end):
    """What finds records by a moment of theirs; no start or no end: all before or after."""
    return [(name, sign, moment) for sign, moment in ((">=", start), ("<", end)) if moment]
