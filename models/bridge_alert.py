"""Situations that need a person: found from facts, told once when they begin and once when they are over."""

import datetime
import logging
import time

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain

from ..jobs import claim, health
from ..jobs.kinds import DRAINS, ENDED_WELL, SINGLE
from ..jobs.retry import REST_AFTER
from ..jobs.schedule import interval, interval_text
from .local_times import in_local_time
from .roles import is_operator

_logger = logging.getLogger(__name__)

KINDS = [
    ("lanes", "Nothing is being worked on"),
    ("queue", "Work is late"),
    ("moved", "Database moved or copied"),
    ("paused", "Connector paused"),
    ("held", "Connector paused by a person"),
    ("approval", "Not approved yet"),
    ("resting", "Other system not available"),
    ("throttled", "Asked to wait for long"),
    ("overdue", "No successful run in time"),
    ("run", "Run failed or needs a decision"),
    ("failures", "Records failed"),
    ("conflicts", "Conflicts wait for a decision"),
    ("deliveries", "What was sent to Odoo failed"),
    ("waiting", "What was sent to Odoo waits"),
    ("refused", "Calls from outside refused"),
    ("hook", "Other system does not tell of changes"),
]
DOWN = ("lanes", "moved", "paused", "approval", "resting")  # nothing moves meanwhile; the rest needs attention
LONG_WAIT = 15  # minutes of being asked to wait, or without any lane at work, that are worth telling
DIGEST_MINUTES = 15  # one e-mail in so many minutes at most
MOST_GROUPS = 20  # of failures that a connector is alerted about; the error desk has them all
_looked = {}  # database to when this process looked last


class BridgeAlert(models.Model):
    _name = "bridge.alert"
    _description = "Alert"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "message"

    key = fields.Char(required=True, readonly=True, help="Names the situation; it is open once at most.")
    kind = fields.Selection(KINDS, required=True, readonly=True)
    connector_id = fields.Many2one("bridge.connector", ondelete="cascade", index="btree_not_null", readonly=True)
    company_id = fields.Many2one(related="connector_id.company_id")
    flow_id = fields.Many2one("bridge.flow", ondelete="cascade", index="btree_not_null", readonly=True)
    message = fields.Text(required=True, readonly=True)
    message_text = fields.Text("What Is the Matter", compute="_compute_message_text")
    opened = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    closed = fields.Datetime("Over Since", readonly=True)
    opening_mailed = fields.Boolean(readonly=True)
    closing_mailed = fields.Boolean(readonly=True)

    _open_uniq = models.UniqueIndex("(key) WHERE closed IS NULL")

    @api.depends("kind", "connector_id.name", "flow_id.name")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for alert in self:
            about = alert.flow_id.display_name or alert.connector_id.name
            alert.display_name = " · ".join(filter(None, (kinds.get(alert.kind), about)))

    @api.depends("message")
    @api.depends_context("uid", "tz", "lang")
    def _compute_message_text(self):
        for alert in self:
            alert.message_text = in_local_time(self.env, alert.message)

    # ----------------------------------------------------------------------------------------------------------------
    # Facts
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _situations(self, connectors=None, gates=None):
        """What is the matter now.

        :param BridgeConnector connectors: which; None for all
        :param BridgeGate gates: theirs, where they are read already
        :return: key to the values of an alert
        :rtype: dict[str, dict]
        """
        if connectors is None:
            connectors = self.env["bridge.connector"].search([("state", "!=", "disabled")])
        connectors = connectors.filtered(lambda connector: connector.state != "disabled")
        if not self.env["bridge.instance"]._is_at_home():
            return self._situation("moved", self.env["bridge.instance"]._question())
        gates = self.env["bridge.gate"].sudo()._of(connectors) if gates is None else gates
        gates = gates.filtered(lambda gate: gate.connector_id in connectors)
        found = {**self._queue_situations(), **self._gate_situations(gates)}
        stopped = {values["connector_id"] for values in found.values()}
        runs, succeeded = self._ended_runs(connectors.flow_ids)
        found |= self._run_situations(runs)
        if "lanes" not in {values["kind"] for values in found.values()}:
            working = connectors.filtered(lambda connector: connector.id not in stopped)
            found |= self._overdue_situations(working, succeeded)
        found |= self._failure_situations(connectors)
        found |= self._conflict_situations(connectors)
        found |= self._webhook_situations(connectors, gates)
        return found

    @api.model
    def _situation(self, kind, message, connector=None, flow=None, part=""):
        key = ":".join(str(one) for one in (kind, (connector or flow or self).id or 0, part) if one != "")
        connector = connector or (flow.connector_id if flow else self.env["bridge.connector"])
        values = {"kind": kind, "message": message, "connector_id": connector.id or False}
        return {key: {**values, "flow_id": flow.id if flow else False}}

    @api.model
    def _queue_situations(self):
        oldest = claim.oldest_due(self.env)
        problem = health.problem(self.env, oldest)
        if problem:
            return self._situation("lanes", problem)
        minutes = int(self.env["ir.config_parameter"].sudo().get_param("integration_bridge.queue_minutes", 60))
        if oldest and oldest < fields.Datetime.now() - datetime.timedelta(minutes=minutes):
            message = self.env._(
                "Work has been due since %(time)s UTC: more comes in than can be done at the same time, or something"
                " hangs. An administrator can have more done at the same time in the settings.",
                time=oldest,
            )
            return self._situation("queue", message)
        return {}

    @api.model
    def _gate_situations(self, gates):
        found, long_ago = {}, fields.Datetime.now() - datetime.timedelta(minutes=LONG_WAIT)
        for gate in gates:
            connector = gate.connector_id
            values = {"connector": connector.name, "reason": gate.reason or "", "time": gate.since}
            problem = self.env["bridge.approval"]._problem(connector)
            if problem:  # it is paused for that, or will be when it runs
                found |= self._situation("approval", problem, connector)
            elif gate.held:
                message = self.env._(
                    "%(user)s has paused %(connector)s, at %(time)s UTC. All work waits and nothing is lost; press"
                    " “Resume” to go on.",
                    user=gate.paused_by_id.name or self.env._("Somebody"),
                    **values,
                )
                found |= self._situation("held", message, connector)
            elif gate.paused:
                message = self.env._(
                    "%(connector)s is paused since %(time)s UTC: %(reason)s Correct the credentials; it goes on by"
                    " itself then, or press “Resume”.",
                    **values,
                )
                found |= self._situation("paused", message, connector)
            elif gate.failures >= REST_AFTER:
                message = self.env._(
                    "%(connector)s is not available since %(time)s UTC: %(reason)s It is tried again now and then; all"
                    " work waits and nothing is lost.",
                    **values,
                )
                found |= self._situation("resting", message, connector)
            elif gate.throttles and gate.since and gate.since < long_ago:
                message = self.env._(
                    "%(connector)s has been asking us to wait since %(time)s UTC: %(reason)s Set a limit of requests"
                    " in the connector.",
                    **values,
                )
                found |= self._situation("throttled", message, connector)
        return found

    @api.model
    def _run_situations(self, runs):
        found = {}
        for run in runs:
            flow = run.flow_id
            if run.state in ("failed", "blocked"):
                message = self.env._("%(flow)s: %(problem)s", flow=flow.display_name, problem=run.message or "")
                found |= self._situation("run", message, flow=flow)
        return found

    @api.model
    def _ended_runs(self, flows):
        """How the runs of these flows have ended; single records do not count.

        :return: of each flow the last run of each kind, and when one went well for the last time
        :rtype: tuple[BridgeRun, dict[BridgeFlow, datetime.datetime]]
        """
        domain = [("flow_id", "in", flows.ids), ("trigger", "not in", SINGLE), ("dry_run", "=", False)]
        domain.append(("state", "in", (*ENDED_WELL, "blocked", "failed")))
        last, succeeded = {}, {}
        for flow, kind, state, run_id, finished in self.env["bridge.run"]._read_group(
            domain, ["flow_id", "kind", "state"], ["id:max", "finished:max"]
        ):
            last[flow, kind] = max(run_id, last.get((flow, kind), 0))
            if state in ENDED_WELL and finished:
                succeeded[flow] = max(finished, succeeded.get(flow, finished))
        return self.env["bridge.run"].browse(last.values()), succeeded

    @api.model
    def _overdue_situations(self, connectors, succeeded):
        found, now = {}, fields.Datetime.now()
        flows = connectors.filtered(lambda connector: connector.state == "live").flow_ids
        flows = flows.filtered(lambda flow: flow.interval_number and not flow.parent_id)
        for flow in flows:
            last = succeeded.get(flow) or flow.create_date
            if last and last + 2 * interval(flow) + datetime.timedelta(minutes=10) < now:
                values = {"flow": flow.display_name, "often": interval_text(flow), "time": succeeded.get(flow)}
                message = self.env._(
                    "%(flow)s should run %(often)s, but the last successful run was at %(time)s UTC. Look at its last"
                    " run.",
                    **values,
                )
                if not succeeded.get(flow):
                    message = self.env._(
                        "%(flow)s should run %(often)s, but no run has been successful yet. Look at its last run.",
                        **values,
                    )
                found |= self._situation("overdue", message, flow=flow)
        return found

    @api.model
    def _failure_situations(self, connectors):
        groups = self.env["bridge.job"]._read_group(
            [
                ("flow_id", "in", connectors.flow_ids.ids),
                ("kind", "not in", DRAINS),
                ("state", "in", ("failed", "uncertain")),
            ],
            ["connector_id", "flow_id", "error_kind", "error_group"],
            ["__count", "error_message:max"],
            order="__count desc",
        )
        found, told = {}, {}
        for connector, flow, kind, text, count, example in groups:
            told[connector] = told.get(connector, 0) + 1
            if told[connector] > MOST_GROUPS:
                continue
            problem = (example or kind).partition("\n")[0]
            message = self.env._("%(flow)s, a record: %(problem)s", flow=flow.display_name, problem=problem)
            if count > 1:
                message = self.env._(
                    "%(flow)s, %(count)s records, for example: %(problem)s",
                    flow=flow.display_name,
                    count=count,
                    problem=problem,
                )
            found |= self._situation("failures", message, flow=flow, part=f"{kind}:{text}")
        return found

    @api.model
    def _conflict_situations(self, connectors):
        found = {}
        domain = [("flow_id", "in", connectors.flow_ids.ids), ("state", "=", "open")]
        for flow, count in self.env["bridge.conflict"]._read_group(domain, ["flow_id"], ["__count"]):
            message = self.env._("%(flow)s: a conflict waits for a decision.", flow=flow.display_name)
            if count > 1:
                message = self.env._(
                    "%(flow)s: %(count)s conflicts wait for a decision.", flow=flow.display_name, count=count
                )
            found |= self._situation("conflicts", message, flow=flow)
        return found

    @api.model
    def _webhook_situations(self, connectors, gates):
        found = {}
        failed, waiting = self._deliveries_left(connectors)
        for connector, count in failed:
            message = self.env._(
                "%(connector)s: a notification from the other system could not be used. Have an operator look at it.",
                connector=connector.name,
            )
            if count > 1:
                message = self.env._(
                    "%(connector)s: %(count)s notifications from the other system could not be used. Have an operator"
                    " look at them.",
                    connector=connector.name,
                    count=count,
                )
            found |= self._situation("deliveries", message, connector)
        shut = gates.filtered("paused").connector_id  # which says why, and that all waits
        for connector, count, since in waiting:
            if connector in shut:
                continue
            values = {"connector": connector.name, "count": count, "time": since}
            if connector.state == "live":
                message = self.env._(
                    "%(connector)s: notifications from the other system wait to be taken: %(count)s, the oldest since"
                    " %(time)s UTC. Have an operator look what keeps them.",
                    **values,
                )
            else:
                message = self.env._(
                    "%(connector)s: notifications from the other system wait: %(count)s, the oldest since %(time)s UTC,"
                    " because the connector is not live. They are taken when it goes live; what nobody needs can be"
                    " ignored.",
                    **values,
                )
            found |= self._situation("waiting", message, connector)
        for connector in connectors.filtered("hook_problem"):
            message = self.env._(
                "%(connector)s: the other system may no longer tell Odoo of changes: %(problem)s Press “Register”"
                " when that is right.",
                connector=connector.name,
                problem=connector.hook_problem,
            )
            found |= self._situation("hook", message, connector)
        for gate in gates:
            if gate._is_refusing():
                message = self.env._(
                    "%(connector)s: many notifications in the name of the other system were refused (%(reason)s)."
                    " Compare the secret on both sides; if that is right, somebody else sends them.",
                    connector=gate.connector_id.name,
                    reason=gate._last_refusal(),
                )
                found |= self._situation("refused", message, gate.connector_id)
        return found

    @api.model
    def _deliveries_left(self, connectors):
        """What of the notifications could not be used, and what has been waiting for long; in one query.

        :return: connector and how many failed; connector, how many wait and since when
        :rtype: tuple[list, list]
        """
        long_ago = fields.Datetime.now() - datetime.timedelta(minutes=LONG_WAIT)
        left = Domain("state", "=", "failed") | Domain([("state", "=", "waiting"), ("received", "<", long_ago)])
        groups = self.env["bridge.delivery"]._read_group(
            Domain("connector_id", "in", connectors.ids) & left,
            ["connector_id", "state"],
            ["__count", "received:min"],
        )
        failed = [(connector, count) for connector, state, count, _since in groups if state == "failed"]
        waiting = [(connector, count, since) for connector, state, count, since in groups if state == "waiting"]
        return failed, waiting

    # ----------------------------------------------------------------------------------------------------------------
    # Telling
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _watch(self):
        """Compare what is the matter with what was told, and tell what is new and what is over."""
        if not self.env.su:
            return
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [0x62726469])
        if not self.env.cr.fetchone()[0]:
            return  # two at once would tell everything twice
        now = self._situations()
        known = {alert.key: alert for alert in self.search([("closed", "=", False)])}
        for key in known.keys() - now.keys():
            if not known[key]._is_tried_again():
                known[key]._close()
        for key in now.keys() & known.keys():
            if known[key].message != now[key]["message"]:
                known[key].message = now[key]["message"]
        self.with_context(tracking_disable=True).create(
            [{"key": key, **now[key]} for key in now if key not in known]
        )._tell()
        self._send_digest()

    @api.model
    def _wake(self):
        """Look soon: something has happened that a person may have to know."""
        self.env.ref("integration_bridge.ir_cron_watch").sudo()._trigger()

    def _is_tried_again(self):
        """Are these failures being tried again just now? Only when that has succeeded they are over.

        :rtype: bool
        """
        if self.kind != "failures" or self.connector_id.state == "disabled":
            return False
        _kind, _flow_id, error_kind, text = self.key.split(":", 3)
        again = [("flow_id", "=", self.flow_id.id), ("kind", "not in", DRAINS), ("state", "in", ("pending", "running"))]
        again += [("error_kind", "=", error_kind), ("error_group", "=", text)]
        return bool(self.env["bridge.job"].search_count(again, limit=1))

    def _close(self):
        self.closed = fields.Datetime.now()
        self.activity_unlink(["mail.mail_activity_data_warning"])

    def _tell(self):
        for alert in self.with_context(mail_activity_quick_update=True):  # the digest is the e-mail
            for user in alert._receivers():
                alert.activity_schedule(
                    "mail.mail_activity_data_warning",
                    user_id=user.id,
                    summary=dict(self._fields["kind"]._description_selection(self.env))[alert.kind],
                )

    def _receivers(self):
        """Who is told of this one.

        :rtype: ResUsers
        """
        self.ensure_one()
        return self._receivers_of(self.connector_id).filtered(lambda user: self.with_user(user).has_access("read"))

    @api.model
    def _receivers_of(self, connector):
        """Who is told: the connector's responsible people, else those of the settings, else the administrators.

        :rtype: ResUsers
        """
        group, root = self.env.ref("integration_bridge.group_integration_bridge_administrator"), SUPERUSER_ID
        for users in (connector.responsible_ids, self._default_receivers(), group.all_user_ids):
            users = users.filtered(lambda user: user.active and not user.share and user.id != root)
            readers = users.filtered(lambda user: connector.with_user(user).has_access("read"))
            if readers:
                return readers
        return self.env["res.users"]

    @api.model
    def _default_receivers(self):
        """The alert receivers of the settings.

        :rtype: ResUsers
        """
        ids = self.env["ir.config_parameter"].sudo().get_param("integration_bridge.alert_user_ids", "")
        users = self.env["res.users"].sudo().browse(int(part) for part in ids.split(",") if part)
        return users.exists().filtered("active")

    @api.model
    def _send_digest(self):
        """One e-mail to each receiver, with everything that has begun or ended since the last one."""
        parameters = self.env["ir.config_parameter"].sudo()
        last = fields.Datetime.to_datetime(parameters.get_param("integration_bridge.last_digest") or False)
        now = fields.Datetime.now()
        if last and last > now - datetime.timedelta(minutes=DIGEST_MINUTES):
            return
        begun = self.search([("opening_mailed", "=", False)])
        ended = self.search([("closed", "!=", False), ("closing_mailed", "=", False)])
        if not begun and not ended:
            return
        letters = {}
        for alert in begun | ended:
            for user in alert._receivers().filtered("email"):
                letters[user] = letters.get(user, self.browse()) | alert
        mails = self.env["mail.mail"].sudo().create([alerts._letter(user) for user, alerts in letters.items()])
        # One that nobody has an address for is not mailed: it is as soon as somebody has, unless it is over by then.
        (begun & self.union(*letters.values(), ended)).opening_mailed = True
        ended.closing_mailed = True
        if mails:
            parameters.set_param("integration_bridge.last_digest", fields.Datetime.to_string(now))
        mails.send_after_commit()

    def _letter(self, user):
        self = self.with_context(lang=user.lang, tz=user.tz)
        still = self.filtered(lambda alert: not alert.closed)
        parts = [(self.env._("Needs attention"), still), (self.env._("Is over"), self - still)]
        body = Markup("").join(
            Markup("<h3>%s</h3><ul>%s</ul>") % (title, alerts._letter_lines()) for title, alerts in parts if alerts
        )
        subject = self.env._(
            "Integration Bridge: %(open)s need attention, %(over)s are over",
            open=len(still),
            over=len(self) - len(still),
        )
        return {"subject": subject, "body_html": body, "email_to": user.email_formatted, "auto_delete": True}

    def _letter_lines(self):
        line = Markup("<li><a href='%s/odoo/bridge-alerts/%s'>%s</a></li>")
        address = self.browse().get_base_url()  # Odoo has one for a record or for none, not for several
        return Markup("").join(line % (address, alert.id, alert.message_text) for alert in self)

    # ----------------------------------------------------------------------------------------------------------------
    # When nothing runs that could tell
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _watch_without_cron(self):
        """Called when somebody opens Odoo: if scheduled actions do not run, nobody else would tell."""
        database = self.env.cr.dbname
        if time.monotonic() - _looked.get(database, float("-inf")) < DIGEST_MINUTES * 60:
            return
        _looked[database] = time.monotonic()
        with self.env.registry.cursor() as cr:  # whatever happens here, the page of that person goes on
            alerts = self.with_env(self.env(cr=cr, su=True))
            if health.problem(alerts.env, claim.oldest_due(alerts.env)):
                alerts._watch()

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_open(self):
        """Where one can do something about it; of one that is over, what was the matter."""
        self.ensure_one()
        self.check_access("read")
        if self.closed:
            return self.env["bridge.record.mixin"]._show_record(self._name, self.id)
        if self.kind == "failures":
            action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_failure_action")
            text = self.key.split(":", 3)[3]
            return {**action, "domain": [("flow_id", "=", self.flow_id.id), ("message", "=", text)]}
        if self.kind == "deliveries":
            return self.connector_id.action_open_failed_deliveries()
        if self.kind == "waiting":
            action = self.connector_id.action_open_deliveries()
            return {**action, "domain": [*action["domain"], ("state", "=", "waiting")]}
        if self.kind == "conflicts":
            return self.env["bridge.conflict"]._action_open_of("flow_id", self.flow_id)
        record = self.connector_id
        if self.kind in ("run", "overdue"):
            runs, _succeeded = self._ended_runs(self.flow_id)
            record = runs.filtered(lambda run: run.state in ("failed", "blocked"))[:1] or runs[:1]
        if not record:
            name = "job" if is_operator(self.env) and self.kind != "moved" else "connector"
            return self.env["ir.actions.act_window"]._for_xml_id(f"integration_bridge.bridge_{name}_action")
        return self.env["bridge.record.mixin"]._show_record(record._name, record.id)

    @api.autovacuum
    def _gc_closed(self):
        before = fields.Datetime.now() - datetime.timedelta(days=90)
        self.sudo().search([("closed", "<", before)], limit=10000).unlink()
