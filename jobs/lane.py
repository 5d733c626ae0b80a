"""One worker: it puts back what a dead one left, claims jobs, has them done, and commits (DESIGN.md, "The queue")."""

import logging
import math
import time

import psycopg2

from odoo import fields

from ..database import is_busy
from .claim import claim, is_any_due
from .kinds import TAKING
from .outcome import fail, perform
from .schedule import enqueue_due

_logger = logging.getLogger(__name__)

MOST_CRASHES = 5
TOLD_EVERY = 1  # second at least, until screens and scheduler are told of progress again


def run(env, lane_id):
    """Work until the time is up or nothing is due.

    :param int lane_id: of the scheduled action; False for none
    """
    try:
        may_work = env["bridge.instance"]._wake_up()
        env.flush_all()
    except psycopg2.Error as error:
        if not (is_busy(error) or isinstance(error, psycopg2.errors.UniqueViolation)):
            raise
        env.cr.rollback()  # another lane has done it at the same moment
        may_work = env["bridge.instance"]._is_at_home()
    if not may_work:
        env["ir.cron"]._commit_progress(0, remaining=0)  # nothing is to be done, however much is due
        return
    rescue(env, lane_id)
    commit(env, 0)
    if lane_id in env["ir.cron"]._lanes()[env["ir.cron"]._lane_count() :].ids:
        return  # one too many: it was at work when the setting was changed
    try:
        enqueue_due(env)
        left = commit(env, 0)
    except psycopg2.Error as error:
        if not is_busy(error):
            raise
        env.cr.rollback()  # another lane has done it at the same moment
        left = commit(env, 0)
    while left > 0:
        jobs = claim(env, lane_id)
        if not jobs:
            break
        env.cr.commit()  # pylint: disable=invalid-commit  # others see that they are taken
        left = work_off(jobs)
    commit(env, 0, is_end=True)


def work_off(jobs):
    """Do jobs that were claimed together: in one batch, or each in a transaction of its own.

    :return: the seconds that are left
    """
    kind = _kind_of(jobs)
    if len(jobs) == 1 or kind in jobs._kinds_done_together():
        perform(jobs, kind)
        return commit(jobs.env, len(jobs))
    end, ids, done = jobs.env.context.get("cron_end_time", math.inf), jobs.ids, 0
    while done < len(ids) and time.monotonic() < end:
        perform(jobs.browse(ids[done]), kind)
        jobs.env.cr.commit()  # pylint: disable=invalid-commit  # the scheduler is told once for all of them
        done += 1
    jobs.browse(ids[done:])._wait({})
    return commit(jobs.env, done)


def _kind_of(jobs):
    """Those that are claimed together are of one kind. No more of them is read here, for each commit forgets it."""
    first = jobs.browse(jobs._ids[0])
    first.fetch(["kind"])
    return first.kind


def commit(env, processed, is_end=False):
    """Commit, tell the scheduler, and learn how many seconds are left.

    :param int processed: jobs or records that were handled
    :param bool is_end: say whether there is more to do, so that the scheduler calls again at once
    """
    env.flush_all()
    remaining = 1
    if is_end:
        remaining = int(is_any_due(env))
    return env["ir.cron"]._commit_progress(processed, remaining=remaining)


def committer(job):
    """For a job that commits as it goes: what is written so far stays, and deaths of its worker before do not count.

    Screens and scheduler are told once a second at most, because there may be thirty pages of unchanged records in it.

    :return: commits, told how many records were handled; gives the seconds that are left, none if the connector was
        paused or disabled meanwhile
    """
    told, untold, connector, has_crashed = 0, 0, job.connector_id, bool(job.crashes)

    def commit_some(processed):
        nonlocal told, untold, has_crashed
        if processed and has_crashed:
            job.crashes = 0
        if untold + processed and time.monotonic() - told > TOLD_EVERY:
            job.run_id._tell()
            left = commit(job.env, untold + processed)
            told, untold = time.monotonic(), 0
        else:
            job.env.flush_all()
            left = job.env["ir.cron"]._commit_untold()
            untold += processed
        has_crashed = has_crashed and not processed  # not before: a commit that is lost is done again
        return left if job.env["bridge.gate"]._may_go_on(connector) else 0

    return commit_some


def rescue(env, lane_id):
    """Put back what this lane left behind when it died.

    Odoo holds the lane's row for as long as it works, in any process of any server. So when a lane starts, a job
    that is still marked as its own has nobody working on it.
    """
    orphans = env["bridge.job"].search(
        [("state", "=", "running"), "|", ("lane_id", "in", (lane_id, False)), ("lane_id.active", "=", False)]
    )
    if orphans:
        _logger.warning("Lane %s: %s jobs of a worker that died are put back", lane_id, len(orphans))
        put_back(orphans)


def put_back(jobs):
    """The worker died: once more, and alone; but not for ever if that is what kills it."""
    known = (*jobs._kinds_that_are_long(), *jobs._kinds_done_together())
    now = fields.Datetime.now()
    # Of those that are done one behind the other, it was the first that is still there.
    waiting = jobs.filtered(lambda job: job.kind not in known).sorted("id")[1:]
    waiting._wait({"due_at": now})
    for job in jobs - waiting:
        values = {"attempts": job.attempts + 1, "crashes": job.crashes + 1}
        if values["crashes"] < MOST_CRASHES:
            job._wait({**values, "due_at": now})
        elif job.kind == TAKING and jobs.env["bridge.delivery"].sudo()._blame(job.payload or [], values["crashes"]):
            job._wait({"attempts": 0, "crashes": 0, "payload": None, "due_at": now})
        else:
            fail(
                job,
                "data",
                jobs.env._(
                    "Odoo's server process died %(count)s times in a row while it did this. Look at Odoo's server log"
                    " (memory or time limit?), then retry.",
                    count=values["crashes"],
                ),
                values,
            )
