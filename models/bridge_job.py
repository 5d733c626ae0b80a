import json
import threading

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..jobs import lane, on_demand
from ..jobs.kinds import DRAINS, ERROR_KINDS, OPEN_PUSH, OPEN_RECORD, TAKING
from ..jobs.retry import ATTEMPTS
from ..jobs.wake import wake_scheduler
from ..json_text import write_json
from ..road.pull.delivered import Delivered
from ..road.pull.shown import as_kept, has_mark, shown
from ..road.pull.singles import PullSingles
from ..road.push.find import exists_there
from ..road.push.singles import PushSingles
from . import bridge_job_lane
from .local_times import in_local_time

WAKE_AFTER_START = (5, 20)  # seconds after the models are loaded; the scheduler begins to listen somewhat later


class BridgeJob(models.Model):
    _name = "bridge.job"
    _description = "Job"
    _inherit = ["bridge.record.mixin", "bridge.opening.mixin", "bridge.job.words.mixin"]
    _order = "id desc"

    kind = fields.Selection(
        [
            ("pull", "Fetch a list"),
            ("pull_record", "Fetch a record"),
            ("push", "Send changes"),
            ("push_record", "Send a record"),
            ("compare", "Compare both sides"),
            ("take", "Read what was sent to Odoo"),
        ],
        required=True,
        readonly=True,
    )
    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", index=True, readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id", store=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    run_id = fields.Many2one("bridge.run", ondelete="cascade", index=True, readonly=True)
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("uncertain", "Uncertain"),
            ("cancelled", "Cancelled"),
        ],
        default="pending",
        required=True,
        readonly=True,
    )
    priority = fields.Integer(default=10, readonly=True, help="Smaller is earlier.")
    due_at = fields.Datetime("Due", default=fields.Datetime.now, required=True, readonly=True)
    attempts = fields.Integer(
        default=0, readonly=True, help="Attempts that failed. Waiting for the other system is none."
    )
    crashes = fields.Integer(
        default=0, required=True, readonly=True, help="How often in a row the worker died; such a job is done alone."
    )
    lane_id = fields.Many2one("ir.cron", ondelete="set null", readonly=True, index="btree_not_null")
    started = fields.Datetime(readonly=True)
    finished = fields.Datetime(readonly=True)

    external_id = fields.Char("ID There", readonly=True)
    res_id = fields.Integer("Odoo Record ID", readonly=True)
    prefer = fields.Selection(
        [("odoo", "Odoo"), ("remote", "The other system")],
        readonly=True,
        help="The side whose values a person wants for this record, whatever the flow says.",
    )
    record_name = fields.Char(readonly=True, groups=fields.NO_ACCESS, index="trigram")
    record_label = fields.Char("Record", compute="_compute_record_label", search="_search_record_label")
    payload = fields.Json(readonly=True, groups=fields.NO_ACCESS)  # as it was sent; empty: it is fetched again
    payload_text = fields.Text("Record as It Came", compute="_compute_payload_text")
    payload_at = fields.Datetime(readonly=True, help="When the record was as the payload says.")
    payload_edited = fields.Boolean("Edited by Hand", readonly=True)
    edited_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    fingerprint = fields.Char(readonly=True, help="Of the remote record, as the mapping sees it.")
    error_kind = fields.Selection(ERROR_KINDS, string="Reason", readonly=True)
    error_field = fields.Char("Technical Field", readonly=True)
    error_message = fields.Text(readonly=True, groups=fields.NO_ACCESS)
    error_text = fields.Text("Message", compute="_compute_error_text")
    error_group = fields.Char(
        "Same Failures", readonly=True, help="The message without what is particular to a record."
    )
    ignored_reason = fields.Char("Ignored Because", readonly=True)
    exchange_ids = fields.One2many("bridge.exchange", "job_id", string="HTTP Exchanges")
    exchange_count = fields.Integer(compute="_compute_exchange_count")

    _drain_pending = models.UniqueIndex(
        f"(flow_id, kind) WHERE kind IN {DRAINS} AND state = 'pending'", "This flow waits for a lane already."
    )
    _drain_running = models.UniqueIndex(f"(flow_id) WHERE kind IN {DRAINS} AND state = 'running'")
    _open_record = models.UniqueIndex(f"(flow_id, external_id) WHERE {OPEN_RECORD}")
    _open_push = models.UniqueIndex(f"(flow_id, res_id) WHERE {OPEN_PUSH}")
    _take_pending = models.UniqueIndex(f"(connector_id) WHERE kind = '{TAKING}' AND state = 'pending'")
    _take_running = models.UniqueIndex(f"(connector_id) WHERE kind = '{TAKING}' AND state = 'running'")
    _due = models.Index("(connector_id, priority, due_at, id) WHERE state = 'pending'")
    _running = models.Index("(connector_id) WHERE state = 'running'")
    _failures = models.Index("(flow_id, error_kind, error_group) WHERE state IN ('failed', 'uncertain')")
    _ignored = models.Index("(flow_id, external_id) WHERE ignored_reason IS NOT NULL")

    @api.depends("kind", "flow_id.name", "external_id", "state", "error_kind")
    @api.depends_context("uid", "lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for job in self:
            record = job.sudo(False).record_label or job.external_id
            parts = (kinds.get(job.kind), job.flow_id.name, record)
            job.display_name = job._failure_title(record) or " · ".join(part for part in parts if part)

    @api.depends_context("uid")
    def _compute_payload_text(self):
        readable = self._readable()
        for job in self:
            kept = job.sudo().payload or None  # Odoo reads an empty JSON field as False
            job.payload_text = write_json(shown(job, kept) if kept and job in readable else None)

    @api.depends_context("uid")
    def _compute_error_text(self):
        readable = self._readable()
        for job in self:
            kept = job.sudo()
            is_hidden = kept.error_field and self._is_hidden_field(kept.flow_id.model, kept.error_field)
            is_shown = job in readable and not is_hidden
            text = kept.error_message if is_shown else kept.error_group or kept.error_message
            job.error_text = in_local_time(self.env, text)

    def _compute_exchange_count(self):
        counts = dict(self.env["bridge.exchange"]._read_group([("job_id", "in", self.ids)], ["job_id"], ["__count"]))
        for job in self:
            job.exchange_count = counts.get(job, 0)

    # ----------------------------------------------------------------------------------------------------------------
    # Putting work in
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _enqueue(self, vals_list):
        """New jobs; the lanes wake up when the transaction commits. A record that is open already gets no second one.

        :param list[dict] vals_list: ``kind``, ``flow_id`` and, where they are meant, ``run_id``, ``external_id``,
            ``payload`` (JSON), ``priority``, ``state``
        :rtype: BridgeJob
        """
        self.flush_model()
        self.env["bridge.flow"].flush_model()
        self.env["bridge.run"].flush_model(["flow_id"])
        self.env.cr.execute(
            """
            INSERT INTO bridge_job (
                   kind, flow_id, connector_id, company_id, run_id, external_id, res_id, record_name, prefer, payload,
                   priority, state, due_at, attempts, crashes, create_uid, create_date)
            SELECT row.kind, flow.id, flow.connector_id, flow.company_id, row.run_id, row.external_id, row.res_id,
                   row.record_name, row.prefer, row.payload,
                   COALESCE(row.priority, 10), COALESCE(row.state, 'pending'), %(now)s, 0, 0, %(user)s, %(now)s
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   kind text, flow_id int, run_id int, external_id text, res_id int, record_name text, prefer text,
                   payload jsonb, priority int, state text)
              JOIN bridge_flow flow ON flow.id = row.flow_id
       ON CONFLICT DO NOTHING
         RETURNING id
            """,
            {"rows": json.dumps(vals_list), "now": fields.Datetime.now(), "user": self.env.uid},
        )
        jobs = self.sudo().browse(row[0] for row in self.env.cr.fetchall())
        runs = {values["run_id"] for values in vals_list if values.get("run_id")}
        self.env["bridge.run"].browse(runs).invalidate_recordset(["job_ids"])
        self.env["ir.cron"]._wake_lanes()
        return jobs

    @api.model
    def _enqueue_records(self, flow, external_ids, prefer=None, anew=None, run=None):
        """Fetch remote records again; one that waits already is not queued twice.

        :param list[str] external_ids: their remote ids
        :param str prefer: ``remote``, if their values are to stand whatever the flow says
        :param dict anew: the fields for which they are, as in ``bridge.run``; None: for all, and for the record itself
        :param BridgeRun run: that counts them; None: a new one
        :rtype: BridgeJob
        :raises UserError: if the flow can not get single records
        """
        on_demand.check_gets_records(flow)
        open_jobs = self.sudo().search(
            [
                ("flow_id", "=", flow.id),
                ("external_id", "in", external_ids),
                ("kind", "=", "pull_record"),
                ("state", "in", ("pending", "running", "failed", "uncertain")),
            ]
        )
        known = set(open_jobs.mapped("external_id"))
        new = [external_id for external_id in external_ids if external_id not in known]
        run = run or self.env["bridge.run"].sudo()
        if not run and (new or anew):
            run = run._start(flow, "record", anew=anew)
        open_jobs.write({"prefer": prefer, **({"run_id": run.id} if anew else {})})
        open_jobs.action_retry()
        values = {"kind": "pull_record", "flow_id": flow.id, "run_id": run.id, "priority": 5, "prefer": prefer}
        return open_jobs + self._enqueue([{**values, "external_id": external_id} for external_id in new])

    @api.model
    def _enqueue_pushes(self, flow, record_ids, prefer=None, run=None):
        """Push Odoo records; one that waits already is not queued twice.

        :param list[int] record_ids: their ids
        :param str prefer: ``odoo``, if their values are to stand whatever the flow says
        :param BridgeRun run: that counts them; None: a new one
        :rtype: BridgeJob
        """
        open_jobs = self.sudo().search(
            [
                ("flow_id", "=", flow.id),
                ("res_id", "in", record_ids),
                ("kind", "=", "push_record"),
                ("state", "in", ("pending", "running", "failed")),
            ]
        )
        open_jobs.write({"prefer": prefer})
        open_jobs.action_retry()
        run = run or self.env["bridge.run"].sudo()._start(flow, "record", kind="push")
        values = {"kind": "push_record", "flow_id": flow.id, "run_id": run.id, "priority": 5, "prefer": prefer}
        known = set(open_jobs.mapped("res_id"))
        return open_jobs + self._enqueue([{**values, "res_id": one} for one in record_ids if one not in known])

    @api.model
    def _make_due(self, flow, arrived):
        """Records that wait for a related record are tried again now.

        :param bool arrived: have records come that the other flows of the connector may have waited for, too
        """
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE bridge_job
               SET state = 'pending', due_at = clock_timestamp() AT TIME ZONE 'UTC',
                   attempts = LEAST(attempts, %(last)s)
             WHERE connector_id = %(connector)s AND kind IN ('pull_record', 'push_record')
               AND error_kind = 'dependency'
               AND (flow_id = %(flow)s AND state = 'pending' OR %(arrived)s AND state IN ('pending', 'failed'))
            """,
            {
                "flow": flow.id,
                "connector": flow.connector_id.id,
                "arrived": arrived,
                "last": ATTEMPTS["dependency"] - 1,  # one that has failed gets one attempt more
            },
        )
        self.invalidate_model()

    @api.model
    def _retry_data_failures(self, flows):
        """The mapping of these flows says something else now, so records that it could not take are tried again."""
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE bridge_job
               SET state = 'pending', attempts = 0, finished = NULL, due_at = clock_timestamp() AT TIME ZONE 'UTC'
             WHERE flow_id = ANY(%s) AND kind IN ('pull_record', 'push_record') AND state = 'failed'
               AND error_kind IN ('data', 'dependency')
            """,
            [flows.ids],
        )
        if self.env.cr.rowcount:
            self.invalidate_model()
            self.env["ir.cron"]._wake_lanes()

    @api.model
    def _open_with(self, flow_ids, text, limit):
        """Records that fail and say a text anywhere in what came: the newest ones. Who asks may not be told of all.

        :return: ids of jobs
        :rtype: list[int]
        """
        self.flush_model()
        self.env.cr.execute(
            """
            SELECT id
              FROM bridge_job
             WHERE state IN ('failed', 'uncertain') AND flow_id = ANY(%s)
               AND position(lower(%s) in lower(payload::text)) > 0
          ORDER BY id DESC
             LIMIT %s
            """,
            [list(flow_ids), text, limit],
        )
        return [row[0] for row in self.env.cr.fetchall()]

    # ----------------------------------------------------------------------------------------------------------------
    # Working
    # ----------------------------------------------------------------------------------------------------------------

    def _register_hook(self):
        """After a start Odoo's scheduler first sleeps for a minute; work that was left behind is called earlier."""
        super()._register_hook()
        self.env.cr.execute(  # one partial index for each, however many jobs are done
            """
            SELECT EXISTS (SELECT FROM bridge_job WHERE state = 'pending')
                OR EXISTS (SELECT FROM bridge_job WHERE state = 'running')
            """
        )
        if self.env.cr.fetchone()[0]:
            for seconds in WAKE_AFTER_START:
                timer = threading.Timer(seconds, wake_scheduler, [self.env.cr.dbname])
                timer.daemon = True
                timer.start()

    @api.autovacuum
    def _gc_lanes(self):
        self.env["ir.cron"]._set_lanes(self.env["ir.cron"]._lane_count())

    @api.model
    def _run_lane(self):
        """What a lane does when Odoo's scheduler calls it."""
        if not self.env.su:
            raise UserError(self.env._("Lanes are run by the scheduler only."))
        lane.run(self.env, self.env.context.get("cron_id", False))

    @api.model
    def _kinds_done_together(self):
        """Kinds whose jobs of one flow and run are done in one batch; for other addons, which add their own.

        :rtype: tuple[str]
        """
        return bridge_job_lane.TOGETHER

    @api.model
    def _kinds_that_are_long(self):
        """Kinds whose jobs are claimed one by one, because each may take a lane's whole time; for other addons.

        :rtype: tuple[str]
        """
        return bridge_job_lane.LONG

    def _perform_pull(self):
        return self.run_id._run_slice(lane.committer(self))

    def _perform_pull_record(self):
        self.env["bridge.approval"]._check(self.connector_id)
        PullSingles(self.flow_id, self).work()
        return True

    def _perform_push(self):
        return self.run_id._run_slice(lane.committer(self))

    def _perform_push_record(self):
        self.env["bridge.approval"]._check(self.connector_id)
        PushSingles(self.flow_id, self).work()
        return True

    def _perform_compare(self):
        return self.run_id._run_slice(lane.committer(self))

    def _perform_take(self):
        self.env["bridge.approval"]._check(self.connector_id)
        Delivered(self.connector_id, lane.committer(self), self).work()
        return True

    def _wait(self, values):
        """Back to waiting. A run of the same flow that waits behind this one is the same work, and gives way to it.

        :param dict values: what else is written
        """
        for job in self.filtered(lambda job: job.kind == TAKING):
            waiting = [("kind", "=", TAKING), ("state", "=", "pending"), ("id", "!=", job.id)]
            waiting = self.search([("connector_id", "=", job.connector_id.id), *waiting])
            waiting.write({"state": "cancelled", "finished": fields.Datetime.now()})  # it is the same work
        for job in self.filtered(lambda job: job.kind in DRAINS):
            behind = self.search(
                [
                    ("flow_id", "=", job.flow_id.id),
                    ("kind", "=", job.kind),
                    ("state", "=", "pending"),
                    ("id", "!=", job.id),
                ]
            )
            if behind.run_id.filtered("full"):  # what was asked for comes with the next run
                job.flow_id["full_scan_needed" if job.kind == "pull" else "push_scan_needed"] = True
            behind.run_id.write(
                {"state": "cancelled", "message": self.env._("Another run of the flow goes on instead.")}
            )
            behind.write({"state": "cancelled", "finished": fields.Datetime.now()})
        self.flush_model()
        self.write({"state": "pending", "lane_id": False, **values})

    @api.model
    def _give_up_all(self):
        """What waits is not done: it is the matter of another database."""
        self.env.cr.execute("UPDATE bridge_job SET state = 'cancelled' WHERE state IN ('pending', 'running')")
        self.invalidate_model()

    def _overtaken(self):
        """Those whose payload is older than what was synced of the record since.

        :rtype: BridgeJob
        """
        self.env.cr.execute(
            """
            SELECT job.id
              FROM bridge_job job
              JOIN bridge_binding binding ON binding.flow_id = job.flow_id AND binding.external_id = job.external_id
             WHERE job.id = ANY(%s) AND job.payload_at < binding.synced
            """,
            [self.ids],
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    # ----------------------------------------------------------------------------------------------------------------
    # Error desk
    # ----------------------------------------------------------------------------------------------------------------

    # Thousands of failures are one click, so nothing here reads them one by one.

    def action_retry(self):
        """Try again, now; a record is fetched anew where the remote allows it."""
        self.env["bridge.run"]._check_operator(self)
        drains = self.sudo().search([("id", "in", self.ids), ("kind", "in", DRAINS)])._retry_drain()
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE bridge_job job
               SET state = 'pending', lane_id = NULL, attempts = 0, crashes = 0, finished = NULL,
                   due_at = clock_timestamp() AT TIME ZONE 'UTC',
                   payload = CASE WHEN NOT COALESCE(job.payload_edited, FALSE) AND job.external_id NOT LIKE '?%%'
                                   AND NOT job.external_id IS NULL
                                   AND EXISTS (SELECT FROM bridge_operation operation
                                                WHERE operation.flow_id = job.flow_id AND operation.kind = 'get')
                                  THEN NULL ELSE job.payload END
             WHERE job.id = ANY(%s) AND NOT job.kind = ANY(%s) AND job.state IN ('failed', 'pending')
            """,
            [self.ids, list(DRAINS)],
        )
        count = self.env.cr.rowcount + len(drains)
        self.invalidate_model()
        self.env["ir.cron"]._wake_lanes()
        return on_demand.tell_retried(self.env, count, len(self) - count)

    def _retry_drain(self):
        drains = self.filtered(lambda job: job.state in ("failed", "pending"))
        for job in drains:
            if job.run_id.state == "failed":
                job.run_id._resume()
            job._wait({"due_at": fields.Datetime.now(), "attempts": 0, "crashes": 0, "finished": False})
        return drains

    def action_cancel(self):
        """Give up on these jobs."""
        self._give_up()

    def _ignore(self, reason):
        """Close failures for good: they come back when the remote record changes.

        :param str reason: why, for whoever asks later
        """
        self.search([("id", "in", self.ids), ("kind", "not in", DRAINS)])._give_up(reason)

    def _give_up(self, reason=None):
        self.env["bridge.run"]._check_operator(self)
        self.flush_model()
        self.env.cr.execute(
            """
            WITH given_up AS (
                UPDATE bridge_job
                   SET state = 'cancelled', finished = clock_timestamp() AT TIME ZONE 'UTC',
                       ignored_reason = COALESCE(%s, ignored_reason)
                 WHERE id = ANY(%s) AND state IN ('failed', 'pending', 'uncertain')
             RETURNING run_id, kind)
            SELECT DISTINCT run_id, kind FROM given_up WHERE run_id IS NOT NULL
            """,
            [reason, self.ids],
        )
        runs = self.env["bridge.run"].sudo()
        for run_id, kind in self.env.cr.fetchall():
            if kind in DRAINS:
                runs.browse(run_id).state = "cancelled"
            else:
                runs |= runs.browse(run_id)
        self.invalidate_model()
        runs._finish_records()

    def action_ignore(self):
        """Ask why, then ignore."""
        self.env["bridge.run"]._check_operator(self)
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_job_ignore_action")
        return {**action, "context": {"default_domain": json.dumps([("id", "in", self.ids)])}}

    def action_edit(self):
        """Change what the other system sent, and do it again with that."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_job_replay_action")
        return {**action, "context": {"default_job_id": self.id, "default_payload_text": self.payload_text}}

    def _replay(self, payload):
        """Do a record that failed again, with this document instead of the one that the other system sent.

        :param dict payload: the whole record
        :raises AccessError: if this person could not write it himself
        :raises UserError: if there is nothing to be done again
        """
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        flow = self.flow_id.sudo()
        self.env["bridge.approval"]._check(flow.connector_id)
        known = self.env["bridge.binding"]._known(flow, [self.external_id or ""])
        self.env["bridge.approval"]._check_writer(flow, known.get(self.external_id))
        if self.kind != "pull_record" or self.state not in ("failed", "pending"):
            raise UserError(self.env._("Only a record that failed or waits can be done again."))
        identity = self.flow_id.sudo()._mapper().identify(payload)
        if identity.error or (not self.external_id.startswith("?") and identity.external_id != self.external_id):
            raise UserError(
                self.env._(
                    "The record must keep its ID there, “%(id)s”, but what you have written says “%(other)s”.",
                    id=self.external_id,
                    other=identity.external_id or "",
                )
            )
        payload = as_kept(payload, self.sudo().payload)  # what was not shown is as it was
        if has_mark(payload) and not has_mark(self.sudo().payload):
            raise UserError(
                self.env._(
                    "“***” stands for a value that is not shown to you. Where a list has got another length, it is not"
                    " known which one: change the values, and leave the list as long as it was."
                )
            )
        edited = {"payload_edited": True, "edited_by_id": self.env.uid, "payload_at": fields.Datetime.now()}
        self.sudo().write({"payload": payload, **edited})
        self.action_retry()

    # ----------------------------------------------------------------------------------------------------------------
    # Uncertain: was the record created there, when the answer was lost?
    # ----------------------------------------------------------------------------------------------------------------

    def _resolve_there(self, external_id):
        """It is there: the record that was sent is the one with this id. It is bound, and compared again.

        :param str external_id: its remote id
        :raises UserError: if the job is not uncertain, or the id can not be that of the record
        """
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        job, flow, external_id = self.sudo(), self.flow_id.sudo(), str(external_id or "").strip()
        self.env["bridge.approval"]._check(flow.connector_id)
        binding = job._uncertain_binding()
        taken = (
            self.env["bridge.binding"]
            .sudo()
            .search([("flow_id", "=", flow.id), ("external_id", "=", external_id), ("id", "!=", binding.id)])
        )
        if taken:
            raise UserError(
                self.env._(
                    "The remote record %(id)s belongs to the Odoo record “%(other)s” (%(res_id)s) already. Look again"
                    " which one this is.",
                    id=external_id,
                    other=taken.with_user(self.env.user).record_name,
                    res_id=taken.res_id,
                )
            )
        if not external_id or not exists_there(flow, external_id):
            raise UserError(
                self.env._("The other system has no record “%s”. Look there, and enter its id.", external_id)
            )
        terms = (binding.intent or {}).get("terms", {})
        binding.write(
            {
                "external_id": external_id,
                "state": "linked",
                "odoo_snapshot": terms,
                "remote_snapshot": {name: value for name, value in terms.items() if not name.endswith(".")},
                "fingerprint": "",
                "synced": fields.Datetime.now(),
                "sent_at": False,
                "intent": False,
                "job_id": False,
            }
        )
        job.write({"state": "done", "finished": fields.Datetime.now(), "external_id": external_id})
        job.run_id._finish_records()
        job._log_decision(self.env._("%s says that it is there.", self.env.user.name))
        self.env["bridge.change"]._note(flow.id, flow.model, [job.res_id])

    def action_not_there(self):
        """It is not there: these records are created now."""
        self.env["bridge.run"]._check_operator(self)
        for job in self.sudo():
            job._uncertain_binding().sent_at = False
            job._wait({"due_at": fields.Datetime.now(), "attempts": 0, "finished": False})
            job._log_decision(self.env._("%s says that it is not there.", self.env.user.name))
        self.env["ir.cron"]._wake_lanes()

    def _uncertain_binding(self):
        """:raises UserError: if there is nothing to decide any more"""
        binding = self.env["bridge.binding"]
        if self.kind == "push_record" and self.state == "uncertain":
            domain = [("flow_id", "=", self.flow_id.id), ("res_id", "=", self.res_id), ("state", "=", "creating")]
            binding = binding.search(domain)
        if not binding:
            raise UserError(self.env._("“%s” is not uncertain any more.", self.display_name))
        return binding

    def _log_decision(self, message):
        line = {"action": "link" if self.state == "done" else "uncertain", "external_id": self.external_id or None}
        line |= {"res_id": self.res_id, "record_name": self.record_name or None, "message": message}
        if self.run_id:
            self.env["bridge.log"]._insert(self.flow_id, self.run_id, [line])

    def action_there(self):
        """Ask which remote record it is that was sent to be created."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_job_there_action")
        return {**action, "context": {"default_job_id": self.id}}

    def _record_model(self):
        return self.flow_id.sudo().model

    def _asked_ids(self):
        """The record of a job that brings one is known by its external ID only."""
        found = super()._asked_ids()
        for flow, jobs in self.filtered(lambda job: not job.res_id and job.external_id).grouped("flow_id").items():
            known = self.env["bridge.binding"]._known(flow, jobs.mapped("external_id"))
            found |= {job.id: known.get(job.external_id, 0) for job in jobs}
        return found

    @api.model
    def _asked_sql(self, alias, query):
        binding, key = query.make_alias(alias, "bound"), ("flow_id", "external_id")
        same = SQL(" AND ").join(
            SQL("%s = %s", SQL.identifier(binding, one), SQL.identifier(alias, one)) for one in key
        )
        query.add_join("LEFT JOIN", binding, "bridge_binding", same)
        return SQL("COALESCE(NULLIF(%s, 0), %s)", super()._asked_sql(alias, query), SQL.identifier(binding, "res_id"))

    def action_open_logs(self):
        self.ensure_one()
        same = ("res_id", "=", self.res_id) if self.res_id else ("external_id", "=", self.external_id)
        return self._opens("log", [("flow_id", "=", self.flow_id.id), same], context={})

    def action_open_exchanges(self):
        return self._opens("exchange", [("job_id", "in", self.ids)], context={})
