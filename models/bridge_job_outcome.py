"""Doing jobs, and what becomes of them: the kind of an error decides (DESIGN.md, "The queue"; jobs/retry.py)."""

import logging

import psycopg2

from odoo import api, fields, models

from ..database import again_when_busy, is_busy
from ..jobs.retry import is_charged, verdict
from ..remote.errors import RemoteError
from ..remote.flight import WHOLESALE
from .bridge_job import group_of
from .bridge_run import DRAINS

_logger = logging.getLogger(__name__)

NO_ERROR = {"error_kind": False, "error_field": False, "error_message": False, "error_group": False}


class BridgeJob(models.Model):
    _inherit = "bridge.job"

    def _perform(self):
        """Do these jobs, and note what became of them; a failure of one is never one of the lane."""
        self.fetch(["kind"])
        try:
            finished = getattr(self, f"_perform_{self[0].kind}")()
            self._conclude(finished)
            self.env.flush_all()
        except RemoteError as error:
            self._recover(error, error.kind, getattr(error, "exchanges", []))
        except Exception as error:
            if is_busy(error):
                self._recover(error, "busy")
            elif isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
                raise  # the database itself is not there; the next start of the lane puts the jobs back
            else:
                _logger.exception("Jobs %s failed", self.ids)
                self._recover_unexpected(error)

    def _perform_pull(self):
        return self.run_id._run_slice(self._commit)

    def _perform_pull_record(self):
        self.flow_id._pull_records(self)
        return True

    def _perform_push(self):
        return self.run_id._push_slice(self._commit)

    def _perform_push_record(self):
        self.flow_id._push_records(self)
        return True

    def _perform_compare(self):
        return self.run_id._run_slice(self._commit)

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
    # It went well
    # ----------------------------------------------------------------------------------------------------------------

    def _conclude(self, finished):
        if not finished:
            running = self.exists().filtered(lambda job: job.state == "running")
            running._wait({"due_at": fields.Datetime.now(), "crashes": 0})
            return
        self.flush_recordset()
        # What was wrong with a record stays to be read among the resolved failures.
        self.env.cr.execute(
            """
            UPDATE bridge_job
               SET state = 'done', finished = clock_timestamp() AT TIME ZONE 'UTC', lane_id = NULL, crashes = 0,
                   error_kind = CASE WHEN kind = ANY(%(drains)s) THEN NULL ELSE error_kind END,
                   error_message = CASE WHEN kind = ANY(%(drains)s) THEN NULL ELSE error_message END
             WHERE id = ANY(%(ids)s) AND state = 'running'
            """,
            {"ids": self.ids, "drains": list(DRAINS)},
        )
        self.invalidate_recordset()

    def _note_answer(self):
        """The other system has answered; its gate is written only if it was not open."""
        self.env.cr.execute(
            """
            SELECT DISTINCT gate.id
              FROM bridge_gate gate
              JOIN bridge_job job USING (connector_id)
             WHERE job.id = ANY(%s) AND (gate.failures > 0 OR gate.throttles > 0 OR gate.resting_until IS NOT NULL)
            """,
            [self.ids],
        )
        gates = self.env["bridge.gate"].browse(row[0] for row in self.env.cr.fetchall())
        if gates:
            gates._answered()

    def _progressed(self, answered=True):
        """A page is written: what went wrong before does not count any more.

        :param bool answered: was the other system asked, and has it answered
        """
        for job in self.filtered(lambda job: job.state == "running"):
            if job.attempts or job.crashes:
                job.write({"attempts": 0, "crashes": 0, **NO_ERROR})
            if answered:
                job._note_answer()

    # ----------------------------------------------------------------------------------------------------------------
    # It did not
    # ----------------------------------------------------------------------------------------------------------------

    def _recover(self, error, kind, exchanges=()):
        """After an exception: nothing of the broken transaction stays, and the jobs say what happened."""
        self.env.cr.rollback()
        self = self.exists()
        if not self:
            return
        connector, state, charged = self.connector_id, None, True
        message = connector._explain(error)
        if kind in WHOLESALE and error.reason != "own_limit":
            state = connector._gate()._shut(kind, message, error.retry_after)
            charged = len(self) == 1 and is_charged(self.error_kind == kind, state.failures)
        elif isinstance(error, RemoteError):
            self._note_answer()
        again_when_busy(self.env, self._write_failure, error, kind, message, list(exchanges), charged, state)

    def _write_failure(self, error, kind, message, exchanges, charged, state):
        self = self.exists()
        run = self.run_id[:1]
        if run:
            self.env["bridge.exchange"]._record(run, exchanges, self if len(self) == 1 else None)
        if isinstance(error, RemoteError) and self[:1].kind == "pull" and run._restart_in_full(error):
            self._conclude(finished=False)
            return
        for job in self.filtered(lambda job: job.state == "running"):  # some may have been done before
            job._fail_or_retry(kind, message, charged, state)
        if getattr(error, "reason", None) == "own_limit":
            self.due_at = fields.Datetime.add(fields.Datetime.now(), seconds=int(error.retry_after) + 1)
        self._wake_when_due(state)

    def _recover_unexpected(self, error):
        """An error that no rule foresees. Jobs that were done together are done alone, to find the one to blame."""
        if len(self) == 1:
            self._recover(error, "data")
            return
        self.env.cr.rollback()
        for job in self.exists():
            job._wait({"crashes": max(job.crashes, 1), "due_at": fields.Datetime.now()})

    def _fail_or_retry(self, kind, message, charged=True, state=None):
        """Wait for another attempt, or fail.

        :param str kind: of the error
        :param str message: in words
        :param bool charged: does this attempt count
        :param Shut state: of the connector's gate, where the error has shut it
        """
        self.ensure_one()
        decision = verdict(kind, self.attempts, charged)
        if not decision.again:
            self._fail(kind, message, {"attempts": decision.attempts})
            return
        due = fields.Datetime.add(fields.Datetime.now(), seconds=int(decision.delay))
        self._wait({**self._error_values(kind, message), "attempts": decision.attempts, "due_at": due})
        if self.kind in DRAINS:
            until = (state and state.resting_until) or due
            again = self.env._("Next attempt at %(time)s UTC.", time=max(due, until))
            if state and state.paused:
                again = self.env._("The connector is paused; see there.")
            self.run_id.message = f"{message} {again}"

    def _fail(self, kind, message, values):
        self.ensure_one()
        now = fields.Datetime.now()
        failed = {"state": "failed", "lane_id": False, "finished": now, **self._error_values(kind, message), **values}
        self.write(failed)
        if self.kind in DRAINS:
            self.run_id._fail(message)
        else:
            self.run_id._finish_records()

    @api.model
    def _error_values(self, kind, message):
        return {"error_kind": kind, "error_message": message, "error_group": group_of(message)}

    def _wake_when_due(self, state=None):
        """Have a lane look when the first of these jobs may go again; not only at its next minute."""
        waiting = self.filtered(lambda job: job.state == "pending")
        if waiting:
            due = min(waiting.mapped("due_at"))
            self.env["ir.cron"]._wake_lanes(at=max(due, (state and state.resting_until) or due))
