"""Doing jobs, and what becomes of them: the kind of an error decides (DESIGN.md, "The queue"; jobs/retry.py)."""

import logging

import psycopg2

from odoo import fields

from .. import database
from ..database import is_busy
from ..remote.errors import RemoteError
from ..remote.flight import WHOLESALE
from .failures import group_of
from .kinds import DRAINS
from .retry import is_charged, verdict
from .wake import IS_SHUT

_logger = logging.getLogger(__name__)

NO_ERROR = {"error_kind": False, "error_field": False, "error_message": False, "error_group": False}


def perform(jobs, kind):
    """Do these jobs, and note what became of them; a failure of one is never one of the lane.

    :param str kind: that all of them are of
    """
    try:
        finished = getattr(jobs, f"_perform_{kind}")()
        conclude(jobs, finished)
        jobs.env.flush_all()
    except RemoteError as error:
        recover(jobs, error, error.kind, getattr(error, "exchanges", []))
    except Exception as error:
        if is_busy(error):
            recover(jobs, error, "busy")
        elif getattr(error, "kind", None) in WHOLESALE:  # the connector may not act as its user: all its work waits
            recover(jobs, error, error.kind)
        elif isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
            raise  # the database itself is not there; the next start of the lane puts the jobs back
        else:
            _logger.exception("Jobs %s failed", jobs.ids)
            _recover_unexpected(jobs, error)


def conclude(jobs, finished):
    """They went well.

    :param bool finished: are they done; else they are due again
    """
    if not finished:
        running = jobs.exists().filtered(lambda job: job.state == "running")
        running._wait({"due_at": fields.Datetime.now(), "crashes": 0})
        return
    jobs.flush_recordset()
    # What was wrong with a record stays to be read among the resolved failures.
    jobs.env.cr.execute(
        """
        UPDATE bridge_job
           SET state = 'done', finished = clock_timestamp() AT TIME ZONE 'UTC', lane_id = NULL, crashes = 0,
               error_kind = CASE WHEN kind = ANY(%(drains)s) THEN NULL ELSE error_kind END,
               error_message = CASE WHEN kind = ANY(%(drains)s) THEN NULL ELSE error_message END
         WHERE id = ANY(%(ids)s) AND state = 'running'
        """,
        {"ids": jobs.ids, "drains": list(DRAINS)},
    )
    jobs.invalidate_recordset()


def note_answer(jobs):
    """The other system has answered; its gate is written only if it was not open."""
    jobs.env.cr.execute(
        f"""
        SELECT DISTINCT gate.id
          FROM bridge_gate gate
          JOIN bridge_job job USING (connector_id)
         WHERE job.id = ANY(%s) AND {IS_SHUT}
        """,
        [jobs.ids],
    )
    gates = jobs.env["bridge.gate"].browse(row[0] for row in jobs.env.cr.fetchall())
    if gates:
        gates._answered()


def progressed(run, answered=True):
    """A page of a run is written: what went wrong before does not count any more.

    It is asked with every page, and nearly always there is nothing to be done: so in one query.

    :param bool answered: was the other system asked, and has it answered
    """
    jobs, gates = run.env["bridge.job"], run.env["bridge.gate"]
    jobs.flush_model()
    run.env.cr.execute(
        f"""
        SELECT job.id, job.attempts > 0 OR job.crashes > 0, gate.id, {IS_SHUT}
          FROM bridge_job job
          JOIN bridge_gate gate USING (connector_id)
         WHERE job.run_id = %s AND job.kind = %s AND job.state = 'running'
        """,
        [run.id, run.kind],
    )
    for job_id, has_failed, gate_id, is_shut in run.env.cr.fetchall():
        if has_failed:
            jobs.browse(job_id).write({"attempts": 0, "crashes": 0, **NO_ERROR})
        if answered and is_shut:
            gates.browse(gate_id)._answered()


def recover(jobs, error, kind, exchanges=()):
    """After an exception: nothing of the broken transaction stays, and the jobs say what happened."""
    jobs.env.cr.rollback()
    jobs = jobs.exists()
    if not jobs:
        return
    connector, state, charged = jobs.connector_id, None, True
    message = connector._tell(error)
    if kind in WHOLESALE and getattr(error, "reason", None) != "own_limit":
        state = connector._gate()._shut(kind, message, getattr(error, "retry_after", None))
        charged = len(jobs) == 1 and is_charged(jobs.error_kind == kind, state.failures)
    elif isinstance(error, RemoteError):
        note_answer(jobs)
    database.again_when_busy(jobs.env, _write_failure, jobs, error, kind, message, list(exchanges), charged, state)


def _write_failure(jobs, error, kind, message, exchanges, charged, state):
    jobs = jobs.exists()
    run = jobs.run_id[:1]
    if run:
        jobs.env["bridge.exchange"]._record(run, exchanges, jobs if len(jobs) == 1 else None)
    if isinstance(error, RemoteError) and jobs[:1].kind == "pull" and run._restart_in_full(error):
        conclude(jobs, finished=False)
        return
    for job in jobs.filtered(lambda job: job.state == "running"):  # some may have been done before
        fail_or_retry(job, kind, message, charged, state)
    if getattr(error, "reason", None) == "own_limit":
        jobs.due_at = fields.Datetime.add(fields.Datetime.now(), seconds=int(error.retry_after) + 1)
    wake_when_due(jobs, state)


def _recover_unexpected(jobs, error):
    """An error that no rule foresees. Jobs that were done together are done alone, to find the one to blame."""
    if len(jobs) == 1:
        recover(jobs, error, "data")
        return
    jobs.env.cr.rollback()
    for job in jobs.exists():
        job._wait({"crashes": max(job.crashes, 1), "due_at": fields.Datetime.now()})


def fail_or_retry(job, kind, message, charged=True, state=None):
    """Wait for another attempt, or fail.

    :param str kind: of the error
    :param str message: in words
    :param bool charged: does this attempt count
    :param Shut state: of the connector's gate, where the error has shut it
    """
    decision = verdict(kind, job.attempts, charged)
    if not decision.again:
        fail(job, kind, message, {"attempts": decision.attempts})
        return
    due = fields.Datetime.add(fields.Datetime.now(), seconds=int(decision.delay))
    job._wait({**error_values(kind, message), "attempts": decision.attempts, "due_at": due})
    if job.kind in DRAINS:
        until = (state and state.resting_until) or due
        again = job.env._("Next attempt at about %(time)s UTC.", time=max(due, until))
        if state and state.paused:
            again = job.env._("The connector is paused; see there.")
        job.run_id.message = f"{message} {again}"


def fail(job, kind, message, values):
    """No other attempt.

    :param str kind: of the error
    :param str message: in words
    :param dict values: what else is written
    """
    now = fields.Datetime.now()
    failed = {"state": "failed", "lane_id": False, "finished": now, **error_values(kind, message), **values}
    job.write(failed)
    if job.kind in DRAINS:
        job.run_id._fail(message)
    else:
        job.run_id._finish_records()


def error_values(kind, message):
    """The columns of a job that tell about an error.

    :rtype: dict
    """
    return {"error_kind": kind, "error_message": message, "error_group": group_of(message)}


def wake_when_due(jobs, state=None):
    """Have a lane look when the first of these jobs may go again; not only at its next minute."""
    waiting = jobs.filtered(lambda job: job.state == "pending")
    if waiting:
        due = min(waiting.mapped("due_at"))
        jobs.env["ir.cron"]._wake_lanes(at=max(due, (state and state.resting_until) or due))
