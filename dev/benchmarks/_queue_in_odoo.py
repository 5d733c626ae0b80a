"""The part of `queue.py` that runs inside Odoo with our addon, in a process of its own (see in_odoo.py)."""

import statistics
import time

from benchmarks._lane import configure, profiled, vacuum, work  # noqa: F401 (configure is called from outside)

import odoo
from odoo.addons.integration_bridge.jobs.claim import claim as claim_jobs
from odoo.modules.registry import Registry
from odoo.tools import SQL

NOOP = "noop"
# Whether jobs of the kind are done together is all that makes the two ways differ.
TABLES = "bridge_job, ir_cron_trigger, ir_cron_progress"
TOGETHER = {"done in batches": (NOOP,), "done singly": ()}
WAITING = 10_000  # jobs among which some are claimed


def measure(env, jobs, enqueued, chunk, profile=None):
    """Return the rate (jobs/s) of each way: {"enqueue": ..., "done in batches": ..., "done singly": ...}."""
    flow = env["bridge.flow"].search([], limit=1)
    type(env["bridge.job"])._perform_noop = lambda jobs: True
    rates = {}
    _forget(env)
    with profiled(profile, "enqueue"):
        rates["enqueue"] = enqueued / _enqueue(flow, enqueued, chunk)
    for way in TOGETHER:
        _forget(env)
        _add(flow, jobs, "pending")
        with profiled(profile, way.replace(" ", "-")):
            rates[way] = jobs / _work(env, way)
        _check(env, way, jobs)
    return rates


def add_done(env, number):
    """Leave so many done jobs in the table."""
    _add(env["bridge.flow"].search([], limit=1), number, "done")


def claim(env, other, repetitions):
    """Claims in this database and in the other one, by turns, each undone.

    :return: {what is claimed: [median seconds here, median seconds there]}
    :rtype: dict
    """
    medians = {}
    with Registry(other).cursor() as cr:
        environments = env, odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
        lanes = [one.ref("integration_bridge.lane_1").id for one in environments]
        for one in environments:
            _add(one["bridge.flow"].search([], limit=1), WAITING, "pending")
        for name, together in (("claim a batch", (NOOP,)), ("claim singles", ())):
            type(one["bridge.job"])._kinds_done_together = lambda jobs, kinds=together: kinds
            found = [[], []]
            for _repetition in range(repetitions):
                for one, lane, seconds in zip(environments, lanes, found, strict=True):
                    seconds.append(_claim_once(one, lane))
            medians[name] = [statistics.median(seconds) for seconds in found]
    return medians


def _claim_once(env, lane):
    started = time.perf_counter()
    jobs = claim_jobs(env, lane)
    seconds = time.perf_counter() - started
    if not jobs:
        raise ValueError("nothing was claimed")
    env.cr.rollback()
    return seconds


def _enqueue(flow, number, chunk):
    """Put in jobs as a webhook or a push would, a transaction for each chunk; return the seconds."""
    run = flow.env["bridge.run"].sudo()._start(flow, "record")
    rows = [
        {"kind": "pull_record", "flow_id": flow.id, "external_id": f"n-{one}", "run_id": run.id, "priority": 5}
        for one in range(number)
    ]
    flow.env.cr.commit()
    started = time.perf_counter()
    for start in range(0, number, chunk):
        flow.env["bridge.job"]._enqueue(rows[start : start + chunk])
        flow.env.cr.commit()
    return time.perf_counter() - started


def _work(env, way):
    """Let the lane work until all is done, by the clock, the way Odoo's scheduler calls it; return the seconds."""
    type(env["bridge.job"])._kinds_done_together = lambda jobs: TOGETHER[way]
    return work(env, lambda: _count(env, "count(*)", "pending"))


def _check(env, way, number):
    """Everything is done, and only a single job in a transaction of its own.

    :raises ValueError: if it is not so
    """
    done, transactions = _count(env, "count(*)", "done"), _count(env, "count(DISTINCT xmin::text)", "done")
    if done != number or (transactions == number) != (not TOGETHER[way]):
        raise ValueError(f"{way}: {done} of {number} jobs were done, in {transactions} transactions")


def _count(env, what, state):
    env.cr.execute(f"SELECT {what} FROM bridge_job WHERE state = %s", [state])
    return env.cr.fetchone()[0]


def _add(flow, number, state):
    """Jobs that do nothing: one is put in as any other, and copied by SQL."""
    env = flow.env
    first = env["bridge.job"]._enqueue([{"kind": "pull_record", "flow_id": flow.id, "external_id": "first"}])
    env.flush_all()
    columns = {name: SQL.identifier(name) for name, field in first._fields.items() if field.store and field.column_type}
    columns |= {"id": SQL("nextval('bridge_job_id_seq')"), "kind": SQL("%s", NOOP), "state": SQL("%s", state)}
    columns |= {"external_id": SQL("number"), "finished": SQL("due_at") if state == "done" else SQL("NULL")}
    env.cr.execute(
        SQL(
            "INSERT INTO bridge_job (%s) SELECT %s FROM bridge_job, generate_series(1, %s) number WHERE id = %s",
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(columns.values()),
            number,
            first.id,
        )
    )
    first.unlink()
    env.cr.commit()
    env.invalidate_all()
    vacuum(env, TABLES)


def _forget(env):
    env.cr.rollback()
    env.cr.execute("DELETE FROM bridge_job")
    env.cr.execute("DELETE FROM ir_cron_trigger")
    env.cr.execute("DELETE FROM ir_cron_progress")
    env.cr.commit()
    env.invalidate_all()
    vacuum(env, TABLES)
