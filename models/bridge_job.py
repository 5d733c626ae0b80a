import datetime
import logging
import random

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import config

from ..remote.errors import RemoteError
from .bridge_run import BUSY_ATTEMPTS, is_busy
from .json_text import write_json

_logger = logging.getLogger(__name__)

LANES = "integration_bridge.lanes"
CLAIM_LIMIT = 200  # single records that are worked off together
MAX_ATTEMPTS = 8
FIRST_DELAY, LONGEST_DELAY = 15, 3600  # seconds
RETRIED = ("unavailable", "throttled", "protocol", "dependency", "busy")
OPEN_RECORD = "kind = 'pull_record' AND state IN ('pending', 'running', 'failed', 'uncertain')"


class BridgeJob(models.Model):
    _name = "bridge.job"
    _description = "Job"
    _order = "id desc"

    kind = fields.Selection([("pull", "Pull a list"), ("pull_record", "Pull a record")], required=True, readonly=True)
    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", index=True, readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id", store=True, index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True, index=True)
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
        index=True,
    )
    priority = fields.Integer(default=10, readonly=True, help="Smaller is earlier.")
    due_at = fields.Datetime("Due", default=fields.Datetime.now, required=True, readonly=True)
    attempts = fields.Integer(readonly=True)
    lane_id = fields.Many2one("ir.cron", ondelete="set null", readonly=True, index="btree_not_null")
    started = fields.Datetime(readonly=True)
    finished = fields.Datetime(readonly=True)

    external_id = fields.Char("Remote ID", readonly=True)
    record_name = fields.Char("Record", readonly=True)
    payload = fields.Json(readonly=True, help="The record as the other system sent it; empty: it is fetched again.")
    payload_text = fields.Text("Remote Record", compute="_compute_payload_text")
    error_kind = fields.Selection(
        [
            ("unavailable", "Not available"),
            ("throttled", "Asked to wait"),
            ("auth", "Not authorized"),
            ("rejected", "Rejected"),
            ("protocol", "Unexpected answer"),
            ("data", "Data"),
            ("dependency", "Related record missing"),
            ("busy", "Busy"),
            ("uncertain", "Uncertain"),
        ],
        readonly=True,
    )
    error_field = fields.Char("Field", readonly=True)
    error_message = fields.Text("Message", readonly=True)

    _pull_pending = models.UniqueIndex(
        "(flow_id) WHERE kind = 'pull' AND state = 'pending'", "This flow waits for a lane already."
    )
    _pull_running = models.UniqueIndex("(flow_id) WHERE kind = 'pull' AND state = 'running'")
    _open_record = models.UniqueIndex(f"(flow_id, external_id) WHERE {OPEN_RECORD}")
    _due = models.Index("(priority, due_at, id) WHERE state = 'pending'")

    @api.depends("kind", "flow_id.name", "external_id", "record_name")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for job in self:
            parts = (kinds.get(job.kind), job.flow_id.name, job.record_name or job.external_id)
            job.display_name = " · ".join(part for part in parts if part)

    def _compute_payload_text(self):
        for job in self:
            job.payload_text = write_json(job.payload)

    # ----------------------------------------------------------------------------------------------------------------
    # Putting work in
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _enqueue(self, vals_list):
        """New jobs; the lanes wake up when the transaction commits.

        :param list[dict] vals_list: values of jobs
        :rtype: BridgeJob
        """
        jobs = self.sudo().create(vals_list)
        self._wake_lanes()
        return jobs

    @api.model
    def _enqueue_records(self, bindings):
        """Fetch the remote records of these bindings again; one that waits already is not queued twice.

        :param BridgeBinding bindings: of any flows
        :rtype: dict
        :raises UserError: if a flow can not get single records
        """
        bindings = bindings.filtered(lambda binding: not binding.parent_id)
        for flow in bindings.flow_id:
            if not flow.sudo()._operation("get"):
                raise UserError(
                    self.env._(
                        "“%s” has no operation that gets one record. Sync the whole flow instead.", flow.display_name
                    )
                )
        open_jobs = self.sudo().search(
            [
                ("flow_id", "in", bindings.flow_id.ids),
                ("external_id", "in", bindings.mapped("external_id")),
                ("kind", "=", "pull_record"),
                ("state", "in", ("pending", "running", "failed", "uncertain")),
            ]
        )
        known = {(job.flow_id, job.external_id) for job in open_jobs}
        new = bindings.filtered(lambda binding: (binding.flow_id, binding.external_id) not in known)
        open_jobs.sudo(False).action_retry()
        return self._enqueue(
            [
                {
                    "kind": "pull_record",
                    "flow_id": flow.id,
                    "external_id": binding.external_id,
                    "run_id": run.id,
                    "priority": 5,
                }
                for flow in new.flow_id
                for run in self.env["bridge.run"].sudo()._start(flow, "record")
                for binding in new.filtered(lambda binding, flow=flow: binding.flow_id == flow)
            ]
        )

    @api.model
    def _wake_lanes(self):
        for lane in self._lanes():
            lane._trigger()

    @api.model
    def _make_due(self, flow, arrived):
        """Records that wait for a related record are tried again now.

        :param bool arrived: have records come that the other flows of the connector may have waited for, too
        """
        waiting = self.search([("flow_id", "=", flow.id), ("state", "=", "pending"), ("error_kind", "=", "dependency")])
        if arrived:
            waiting |= self.search(
                [
                    ("connector_id", "=", flow.connector_id.id),
                    ("state", "in", ("pending", "failed")),
                    ("kind", "=", "pull_record"),
                    ("error_kind", "=", "dependency"),
                ]
            )
            waiting.write({"state": "pending", "attempts": 0})
        waiting.write({"due_at": fields.Datetime.now()})

    # ----------------------------------------------------------------------------------------------------------------
    # Lanes
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _lane_count(self):
        return int(self.env["ir.config_parameter"].sudo().get_param(LANES, 2))

    @api.model
    def _lanes(self):
        """The scheduled actions that are lanes, in their order.

        :rtype: IrCron
        """
        data = (
            self.env["ir.model.data"]
            .sudo()
            .search(
                [("module", "=", "integration_bridge"), ("model", "=", "ir.cron"), ("name", "=like", "lane\\_%")],
                order="id",
            )
        )
        return self.env["ir.cron"].sudo().with_context(active_test=False).browse(data.mapped("res_id")).exists()

    @api.model
    def _set_lanes(self, count):
        """Have exactly so many lanes; one more or less needs no restart."""
        lanes = self._lanes()
        surplus = lanes[count:]
        self.sudo().search([("lane_id", "in", surplus.ids), ("state", "=", "running")])._put_back()
        self.env["ir.model.data"].sudo().search([("model", "=", "ir.cron"), ("res_id", "in", surplus.ids)]).unlink()
        surplus.unlink()
        for number in range(len(lanes) + 1, count + 1):
            self._create_lane(number)

    @api.model
    def _create_lane(self, number):
        lane = (
            self.env["ir.cron"]
            .sudo()
            .create(
                {
                    "name": f"Integration Bridge: lane {number}",
                    "model_id": self.env["ir.model"]._get_id(self._name),
                    "state": "code",
                    "code": "model._run_lane()",
                    "user_id": self.env.ref("base.user_root").id,
                    "interval_number": 1,
                    "interval_type": "minutes",
                    "priority": 5,
                }
            )
        )
        # A name of its own, so that uninstalling the addon finds it.
        self.env["ir.model.data"].sudo().create(
            {
                "module": "integration_bridge",
                "name": f"lane_{number}",
                "model": "ir.cron",
                "res_id": lane.id,
                "noupdate": True,
            }
        )

    @api.model
    def _cron_problem(self):
        """Why no lane can work, in words; False if lanes can.

        :rtype: str | bool
        """
        if config["max_cron_threads"] == 0:
            return self.env._(
                "This Odoo server runs no scheduled actions (max_cron_threads = 0), so nothing will be synced. Set it"
                " to 2 or more in Odoo's configuration file, or run lanes on another server of this database."
            )
        if not self._lanes().filtered("active"):
            return self.env._(
                "All lanes of the Integration Bridge are switched off. Activate the scheduled actions named"
                " “Integration Bridge: lane”."
            )
        return False

    @api.model
    def _run_lane(self):
        """What a lane does when Odoo's scheduler calls it: work until the time is up or nothing is due."""
        if not self.env.su:
            raise UserError(self.env._("Lanes are run by the scheduler only."))
        lane_id = self.env.context.get("cron_id", False)
        self._rescue(lane_id)
        self._commit(0)
        try:
            self.env["bridge.flow"]._enqueue_due()
            left = self._commit(0)
        except psycopg2.Error as error:
            if not is_busy(error):
                raise
            self.env.cr.rollback()  # another lane has done it at the same moment
            left = self._commit(0)
        while left > 0:
            jobs = self._claim(lane_id)
            if not jobs:
                break
            self._commit(0)  # others see that they are taken
            jobs._perform()
            left = self._commit(0)

    def _commit(self, processed):
        """Commit, tell the scheduler, and learn how many seconds are left."""
        self.env.flush_all()
        self.env.cr.execute(ANY_DUE)
        remaining = int(self.env.cr.fetchone()[0])
        return self.env["ir.cron"]._commit_progress(processed, remaining=remaining)

    @api.model
    def _rescue(self, lane_id):
        """Put back what this lane left behind when it died.

        Odoo holds the lane's row for as long as it works, in any process of any server. So when a lane starts, a job
        that is still marked as its own has nobody working on it.
        """
        orphans = self.search(
            [("state", "=", "running"), "|", ("lane_id", "in", (lane_id, False)), ("lane_id.active", "=", False)]
        )
        if orphans:
            _logger.warning("Lane %s: %s jobs of a worker that died are put back", lane_id, len(orphans))
            orphans._put_back()

    def _put_back(self):
        for job in self:
            job._wait({"attempts": job.attempts + 1, "due_at": fields.Datetime.now()})

    def _wait(self, values):
        """Back to waiting. A run of the same flow that waits behind this one is the same work, and gives way to it.

        :param dict values: what else is written
        """
        for job in self.filtered(lambda job: job.kind == "pull"):
            behind = self.search(
                [
                    ("flow_id", "=", job.flow_id.id),
                    ("kind", "=", "pull"),
                    ("state", "=", "pending"),
                    ("id", "!=", job.id),
                ]
            )
            if behind.run_id.filtered("full"):
                job.flow_id.full_scan_needed = True  # what was asked for comes with the next run
            behind.run_id.write(
                {"state": "cancelled", "message": self.env._("Another run of the flow goes on instead.")}
            )
            behind.write({"state": "cancelled", "finished": fields.Datetime.now()})
        self.flush_model()
        self.write({"state": "pending", "lane_id": False, **values})

    @api.model
    def _claim(self, lane_id):
        """Take what is due next: a run, or single records of one flow together.

        A flow never runs twice at the same time; the unique index has the last word on that.

        :rtype: BridgeJob
        """
        for _attempt in range(BUSY_ATTEMPTS):
            try:
                self.flush_model()
                self.env.cr.execute(CLAIM, {"limit": CLAIM_LIMIT, "lane": lane_id or None})
                ids = sorted(row[0] for row in self.env.cr.fetchall())
                self.invalidate_model()
                return self.browse(ids)
            except psycopg2.Error as error:
                if not is_busy(error):
                    raise
                self.env.cr.rollback()  # another lane was first; look again
        return self.browse()

    # ----------------------------------------------------------------------------------------------------------------
    # Doing it
    # ----------------------------------------------------------------------------------------------------------------

    def _perform(self):
        """Do these jobs, and note what became of them; a failure of one is never one of the lane."""
        try:
            finished = getattr(self, f"_perform_{self[0].kind}")()
        except RemoteError as error:
            self._recover(error, error.kind, getattr(error, "exchanges", []))
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            if not is_busy(error):
                raise  # the database itself is not there; the next start of the lane puts the jobs back
            self._recover(error, "busy")
        except Exception as error:
            if not is_busy(error):
                _logger.exception("Jobs %s failed", self.ids)
            self._recover(error, "busy" if is_busy(error) else "data")
        else:
            self._conclude(finished)

    def _perform_pull(self):
        return self.run_id._run_slice(self._commit)

    def _perform_pull_record(self):
        self.flow_id._pull_records(self)
        return True

    def _conclude(self, finished):
        now = fields.Datetime.now()
        running = self.exists().filtered(lambda job: job.state == "running")
        if finished:
            running.write(
                {"state": "done", "finished": now, "lane_id": False, "error_kind": False, "error_message": False}
            )
        else:
            running._wait({"due_at": now})

    def _recover(self, error, kind, exchanges=()):
        """After an exception: nothing of the broken transaction stays, and the jobs say what happened."""
        self.env.cr.rollback()
        self = self.exists()
        if not self:
            return
        run = self.run_id[:1]
        if run:
            self.env["bridge.exchange"]._record(run, list(exchanges))
        if isinstance(error, RemoteError) and self[0].kind == "pull" and run._restart_in_full(error):
            self._conclude(finished=False)
            return
        message = self.connector_id._explain(error)
        for job in self:
            job._fail_or_retry(kind, message, getattr(error, "retry_after", None))

    def _fail_or_retry(self, kind, message, retry_after=None):
        self.ensure_one()
        attempts = self.attempts + 1
        again = kind in RETRIED and attempts < MAX_ATTEMPTS
        values = {"error_kind": kind, "error_message": message, "attempts": attempts}
        if again:
            delay = retry_after or self._delay(attempts)
            due = fields.Datetime.now() + datetime.timedelta(seconds=delay)
            self._wait({**values, "due_at": due})
            for lane in self._lanes()[:1]:
                lane._trigger(at=due)
        else:
            self.write({**values, "state": "failed", "lane_id": False, "finished": fields.Datetime.now()})
        if self.kind == "pull":
            self._tell_run(again, message)
        elif not again:
            self.run_id._finish_records()

    def _tell_run(self, again, message):
        if again:
            self.run_id.message = self.env._(
                "%(problem)s Next attempt at %(time)s UTC.", problem=message, time=self.due_at
            )
        else:
            self.run_id._fail(message)

    @api.model
    def _delay(self, attempts):
        """Seconds until the next attempt: doubled each time, and spread so that not all come back at once."""
        return min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempts - 1)) * random.uniform(0.8, 1.2)

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_retry(self):
        """Try again, now; a record is fetched anew where the remote allows it."""
        self.env["bridge.run"]._check_operator(self)
        self.check_access("read")
        for job in self.sudo().filtered(lambda job: job.state in ("failed", "pending")):
            values = {"due_at": fields.Datetime.now(), "attempts": 0, "finished": False}
            if job.kind == "pull_record" and job.flow_id._operation("get") and not job.external_id.startswith("?"):
                values["payload"] = False
            if job.kind == "pull" and job.run_id.state == "failed":
                job.run_id.write({"state": "running", "finished": False})
            job._wait(values)
        self._wake_lanes()

    def action_cancel(self):
        """Give up on these jobs."""
        self.env["bridge.run"]._check_operator(self)
        self.check_access("read")
        jobs = self.sudo().filtered(lambda job: job.state in ("failed", "pending", "uncertain"))
        jobs.write({"state": "cancelled", "finished": fields.Datetime.now()})
        jobs.filtered(lambda job: job.kind == "pull").run_id.write({"state": "cancelled"})
        jobs.filtered(lambda job: job.kind == "pull_record").run_id._finish_records()

    def action_open_logs(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_log_action")
        domain = [("flow_id", "=", self.flow_id.id), ("external_id", "=", self.external_id)]
        return {**action, "domain": domain, "context": {}}


# The jobs that a lane may take up.
DUE = """
          FROM bridge_job job
          JOIN bridge_flow flow ON flow.id = job.flow_id
          JOIN bridge_connector connector ON connector.id = flow.connector_id
         WHERE job.state = 'pending'
           AND job.due_at <= (clock_timestamp() AT TIME ZONE 'UTC')
           AND flow.active
           AND connector.active
           AND (connector.state = 'live' OR (connector.state = 'preview' AND job.kind = 'pull'))
           AND (job.kind != 'pull' OR NOT EXISTS (
                SELECT FROM bridge_job other
                 WHERE other.flow_id = job.flow_id AND other.kind = 'pull' AND other.state = 'running'))
"""
ANY_DUE = f"SELECT EXISTS (SELECT {DUE})"
# The job that is due first; with a single record also the others of the same flow and run that are due.
CLAIM = f"""
    WITH first AS (
        SELECT job.id, job.kind, job.flow_id, job.run_id
        {DUE}
         ORDER BY job.priority, job.due_at, job.id
         LIMIT 1
           FOR UPDATE OF job SKIP LOCKED
    ), more AS (
        SELECT job.id
          FROM bridge_job job
          JOIN first USING (flow_id, kind)
         WHERE job.kind = 'pull_record'
           AND job.run_id IS NOT DISTINCT FROM first.run_id
           AND job.state = 'pending'
           AND job.due_at <= (clock_timestamp() AT TIME ZONE 'UTC')
         ORDER BY job.priority, job.due_at, job.id
         LIMIT %(limit)s
           FOR UPDATE OF job SKIP LOCKED
    )
    UPDATE bridge_job job
       SET state = 'running', lane_id = %(lane)s, started = (clock_timestamp() AT TIME ZONE 'UTC')
     WHERE job.id IN (SELECT id FROM first UNION SELECT id FROM more)
    RETURNING job.id
"""
