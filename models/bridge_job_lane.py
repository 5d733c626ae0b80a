"""Lanes: scheduled actions that claim jobs and put back what a dead worker left (DESIGN.md, "The queue")."""

import logging
import math
import threading
import time

import psycopg2

from odoo import api, fields, models
from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tools import SQL, config

from ..database import BUSY_ATTEMPTS, is_busy
from ..jobs.retry import FIRST_REST, LONGEST_REST, REST_AFTER
from ..jobs.schedule import enqueue_due
from .bridge_run import DRAINS

_logger = logging.getLogger(__name__)

CLAIM_LIMIT = 200  # jobs that are claimed together
LONG = DRAINS  # kinds whose jobs are claimed one by one, because each may take a lane's whole time
TOGETHER = (
    "pull_record",
    "push_record",
)  # kinds whose jobs of one flow and run are done in one batch; others one behind the other
SENDING = ("push", "push_record")  # kinds of which a flow has one at work at a time
MOST_CRASHES = 5
LONG_SILENCE = 15  # minutes
WAKE_AFTER_START = (5, 20)  # seconds after the models are loaded; the scheduler begins to listen somewhat later


class BridgeJob(models.Model):
    _inherit = "bridge.job"

    # ----------------------------------------------------------------------------------------------------------------
    # How many, and are they there
    # ----------------------------------------------------------------------------------------------------------------

    @api.autovacuum
    def _gc_lanes(self):
        self.env["ir.cron"]._set_lanes(self.env["ir.cron"]._lane_count())

    @api.model
    def _cron_problem(self):
        """Why no lane can work, in words; False if lanes can.

        :rtype: str | bool
        """
        if config["max_cron_threads"] == 0 and not self._have_lanes_worked():
            return self.env._(
                "This Odoo server runs no scheduled actions (max_cron_threads = 0), so nothing will be synced. Set it"
                " to 2 or more in Odoo's configuration file, or run lanes on another server of this database."
            )
        if not self.env["ir.cron"]._lanes().filtered("active"):
            return self.env._(
                "All lanes of the Integration Bridge are switched off. Activate the scheduled actions named"
                " “Integration Bridge: lane”."
            )
        return False

    @api.model
    def _last_work(self):
        """When a lane has worked last, on whatever server; False if never.

        :rtype: datetime
        """
        lanes = self.env["ir.cron"]._lanes()
        progress = self.env["ir.cron.progress"].sudo().search([("cron_id", "in", lanes.ids)], order="id desc", limit=20)
        return max(
            (time for time in (*progress.mapped("write_date"), *lanes.mapped("lastcall")) if time), default=False
        )

    @api.model
    def _have_lanes_worked(self):
        """Have lanes worked lately? Then another server of this database runs them."""
        worked = self._last_work()
        return bool(worked and worked > fields.Datetime.subtract(fields.Datetime.now(), minutes=LONG_SILENCE))

    @api.model
    def _lane_problem(self):
        """Why work waits although lanes should do it, in words; False if it does not.

        :rtype: str | bool
        """
        oldest, long_ago = self._oldest_due(), fields.Datetime.subtract(fields.Datetime.now(), minutes=LONG_SILENCE)
        worked = self._last_work()
        if not oldest or oldest > long_ago or (worked and worked > long_ago):
            return False
        return self.env._(
            "Work waits since %(due)s UTC, but no lane has worked since %(worked)s UTC. Check that the Odoo server"
            " which runs scheduled actions is up.",
            due=oldest,
            worked=worked,
        )

    @api.model
    def _oldest_due(self):
        """Since when the first job waits that a lane could do now; False if there is none.

        :rtype: datetime
        """
        self.env.flush_all()
        self.env.cr.execute(OLDEST_DUE, self._claim_values())
        due = self.env.cr.fetchone()[0]
        return due.replace(microsecond=0) if due else False

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

    # ----------------------------------------------------------------------------------------------------------------
    # Working
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _run_lane(self):
        """What a lane does when Odoo's scheduler calls it: work until the time is up or nothing is due."""
        if not self.env.su:
            raise UserError(self.env._("Lanes are run by the scheduler only."))
        lane_id = self.env.context.get("cron_id", False)
        self._rescue(lane_id)
        self._commit(0)
        if lane_id in self.env["ir.cron"]._lanes()[self.env["ir.cron"]._lane_count() :].ids:
            return  # one too many: it was at work when the setting was changed
        try:
            enqueue_due(self.env)
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
            left = jobs._work_off()
        self._commit(0, is_end=True)

    def _work_off(self):
        """Do jobs that were claimed together: in one batch, or each in a transaction of its own.

        :return: the seconds that are left
        """
        self.fetch(["kind"])
        if len(self) == 1 or self[0].kind in TOGETHER:
            self._perform()
            return self._commit(len(self))
        end, ids, done = self.env.context.get("cron_end_time", math.inf), self.ids, 0
        while done < len(ids) and time.monotonic() < end:
            self.browse(ids[done])._perform()
            self.env.cr.commit()  # pylint: disable=invalid-commit  # the scheduler is told once for all of them
            done += 1
        self.browse(ids[done:])._wait({})
        return self._commit(done)

    def _commit(self, processed, is_end=False):
        """Commit, tell the scheduler, and learn how many seconds are left.

        :param bool is_end: say whether there is more to do, so that the scheduler calls again at once
        """
        self.env.flush_all()
        remaining = 1
        if is_end:
            self.env.cr.execute(ANY_DUE, self._claim_values())
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
        """The worker died: once more, and alone; but not for ever if that is what kills it."""
        now = fields.Datetime.now()
        # Of those that are done one behind the other, it was the first that is still there.
        waiting = self.filtered(lambda job: job.kind not in (*LONG, *TOGETHER)).sorted("id")[1:]
        waiting._wait({"due_at": now})
        for job in self - waiting:
            values = {"attempts": job.attempts + 1, "crashes": job.crashes + 1}
            if values["crashes"] < MOST_CRASHES:
                job._wait({**values, "due_at": now})
            else:
                job._fail(
                    "data",
                    self.env._(
                        "The worker died %(count)s times in a row while it did this. Look at Odoo's server log (memory"
                        " or time limit?), then retry.",
                        count=values["crashes"],
                    ),
                    values,
                )

    def _wait(self, values):
        """Back to waiting. A run of the same flow that waits behind this one is the same work, and gives way to it.

        :param dict values: what else is written
        """
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

    # ----------------------------------------------------------------------------------------------------------------
    # Claiming
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _claim(self, lane_id):
        """Take what is due next: one that may take long, or small ones of the same kind, flow and run together.

        A flow never runs twice at the same time; the unique index has the last word on that. A connector that rests is
        tried by one job at a time.

        :rtype: BridgeJob
        """
        for _attempt in range(BUSY_ATTEMPTS):
            try:
                self.env.flush_all()
                self.env.cr.execute(CLAIM, {**self._claim_values(), "lane": lane_id or None})
                ids = sorted(row[0] for row in self.env.cr.fetchall())
                self.invalidate_model()
                self.env["bridge.gate"].invalidate_model()
                return self.browse(ids)
            except psycopg2.Error as error:
                if not is_busy(error):
                    raise
                self.env.cr.rollback()  # another lane was first; look again
        return self.browse()

    @api.model
    def _claim_values(self):
        return {
            "long": list(LONG),
            "limit": CLAIM_LIMIT,
            "rest_after": REST_AFTER,
            "first_rest": FIRST_REST,
            "longest_rest": LONGEST_REST,
        }


def wake_scheduler(database):
    """Tell Odoo's scheduler, wherever it runs, that this database has work; what ``ir.cron`` does after a trigger."""
    try:
        with db_connect("postgres").cursor() as cr:
            cr.execute(SQL("SELECT %s('cron_trigger', %s)", SQL.identifier(ODOO_NOTIFY_FUNCTION), database))
    except psycopg2.Error:
        _logger.info("The scheduler could not be woken; it looks for work by itself every minute")


NOW = "(clock_timestamp() AT TIME ZONE 'UTC')"
# The connectors that may be called now. Waiting jobs of another one are not even looked at, however many they are.
READY = f"""
    SELECT connector.id, connector.state, gate.failures >= %(rest_after)s AS probing
      FROM bridge_connector connector
      JOIN bridge_gate gate ON gate.connector_id = connector.id
     WHERE connector.active AND connector.state IN ('live', 'preview') AND NOT gate.paused
       AND (gate.resting_until IS NULL OR gate.resting_until <= {NOW})
       AND (connector.max_lanes = 0 OR connector.max_lanes > (
            SELECT count(DISTINCT COALESCE(running.lane_id, 0))
              FROM bridge_job running
             WHERE running.connector_id = connector.id AND running.state = 'running'))
"""
# What such a connector has to do next.
NEXT = f"""
    SELECT job.*
      FROM bridge_job job
      JOIN bridge_flow flow ON flow.id = job.flow_id
     WHERE job.connector_id = ready.id AND job.state = 'pending' AND job.due_at <= {NOW} AND flow.active
       AND (ready.state = 'live' OR job.kind IN ('pull', 'compare'))
       AND (NOT job.kind = ANY(%(long)s) OR NOT EXISTS (
            SELECT FROM bridge_job other
             WHERE other.flow_id = job.flow_id AND other.kind IN {DRAINS} AND other.state = 'running'))
       -- Two that send the same record at once could have the older value arrive last.
       AND (job.kind NOT IN {SENDING} OR NOT EXISTS (
            SELECT FROM bridge_job other
             WHERE other.flow_id = job.flow_id AND other.kind IN {SENDING} AND other.state = 'running'))
     ORDER BY job.priority, job.due_at, job.id
     LIMIT 1
"""
OLDEST_DUE = f"SELECT min(job.due_at) FROM ({READY}) ready CROSS JOIN LATERAL ({NEXT}) job"
ANY_DUE = f"SELECT EXISTS (SELECT FROM ({READY}) ready CROSS JOIN LATERAL ({NEXT}) job)"
# The mates of a job are looked for among what its connector has to do next: however much waits, no more is read.
# A lane that tries a resting connector closes it again for the others; one that takes the last free place of a
# connector writes its gate, so that two that do so at once do not both succeed.
CLAIM = f"""
    WITH first AS (
        SELECT job.id, job.kind, job.flow_id, job.run_id, job.connector_id,
               ready.probing OR job.crashes > 0 AS alone, ready.probing
          FROM ({READY}) ready
    CROSS JOIN LATERAL ({NEXT} FOR UPDATE OF job SKIP LOCKED) job
         ORDER BY job.priority, job.due_at, job.id
         LIMIT 1
    ), guard AS (
        UPDATE bridge_gate gate
           SET resting_until = CASE WHEN first.probing THEN {NOW} + make_interval(secs => LEAST(
                   %(longest_rest)s, %(first_rest)s * 2 ^ LEAST(gate.failures - %(rest_after)s, 20)))
                   ELSE gate.resting_until END
          FROM first
          JOIN bridge_connector connector ON connector.id = first.connector_id
         WHERE gate.connector_id = first.connector_id AND (first.probing OR connector.max_lanes > 0)
    ), more AS (
        SELECT soon.id
          FROM first
    CROSS JOIN LATERAL (
            SELECT job.id, job.kind, job.flow_id, job.run_id, job.crashes
              FROM bridge_job job
             WHERE job.connector_id = first.connector_id AND job.state = 'pending' AND job.due_at <= {NOW}
             ORDER BY job.priority, job.due_at, job.id
             LIMIT %(limit)s
               FOR UPDATE OF job SKIP LOCKED
        ) soon
         WHERE NOT first.alone AND NOT first.kind = ANY(%(long)s)
           AND soon.kind = first.kind AND soon.flow_id = first.flow_id
           AND soon.run_id IS NOT DISTINCT FROM first.run_id AND soon.crashes = 0
    )
    UPDATE bridge_job job
       SET state = 'running', lane_id = %(lane)s, started = {NOW}
     WHERE job.id IN (SELECT id FROM first UNION SELECT id FROM more)
    RETURNING job.id
"""
