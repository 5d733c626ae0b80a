"""Which job is next: one statement takes jobs, whoever else does so at the same moment."""

import psycopg2

from ..database import BUSY_ATTEMPTS, is_busy
from .kinds import DRAINS, SENDING, TAKING
from .retry import FIRST_REST, LONGEST_REST, REST_AFTER

CLAIM_LIMIT = 200  # jobs that are claimed together

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
     WHERE job.connector_id = ready.id AND job.state = 'pending' AND job.due_at <= {NOW}
       -- One that takes deliveries belongs to a flow in name only; and it asks nobody, so it is no probe.
       AND (flow.active OR job.kind = '{TAKING}') AND (NOT ready.probing OR job.kind <> '{TAKING}')
       AND (ready.state = 'live' OR job.kind IN ('pull', 'compare'))
       AND (NOT job.kind = ANY(%(long)s) OR NOT EXISTS (
            SELECT FROM bridge_job other
             WHERE other.flow_id = job.flow_id AND other.kind IN {DRAINS} AND other.state = 'running'))
       -- Two that take deliveries at once could write the older one last.
       AND (job.kind <> '{TAKING}' OR NOT EXISTS (
            SELECT FROM bridge_job other
             WHERE other.connector_id = job.connector_id AND other.kind = '{TAKING}' AND other.state = 'running'))
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


def claim(env, lane_id):
    """Take what is due next: one that may take long, or small ones of the same kind, flow and run together.

    A flow never runs twice at the same time; the unique index has the last word on that. A connector that rests is
    tried by one job at a time.

    :param int lane_id: of the scheduled action that takes them; False for none

    :rtype: BridgeJob
    """
    jobs = env["bridge.job"]
    for _attempt in range(BUSY_ATTEMPTS):
        try:
            env.flush_all()
            env.cr.execute(CLAIM, {**_claim_values(env), "lane": lane_id or None})
            ids = sorted(row[0] for row in env.cr.fetchall())
            jobs.invalidate_model()
            env["bridge.gate"].invalidate_model()
            return jobs.browse(ids)
        except psycopg2.Error as error:
            if not is_busy(error):
                raise
            env.cr.rollback()  # another lane was first; look again
    return jobs.browse()


def oldest_due(env):
    """Since when the first job waits that a lane could do now; False if there is none.

    :rtype: datetime
    """
    env.flush_all()
    env.cr.execute(OLDEST_DUE, _claim_values(env))
    due = env.cr.fetchone()[0]
    return due.replace(microsecond=0) if due else False


def is_any_due(env):
    """Is there a job that a lane could do now?"""
    env.cr.execute(ANY_DUE, _claim_values(env))
    return env.cr.fetchone()[0]


def running(env, ids):
    """Those of these jobs that are at work.

    :param ids: of jobs
    :rtype: set[int]
    """
    env.cr.execute("SELECT id FROM bridge_job WHERE id = ANY(%s) AND state = 'running'", [list(ids)])
    return {row[0] for row in env.cr.fetchall()}


def _claim_values(env):
    return {
        "long": list(env["bridge.job"]._kinds_that_are_long()),
        "limit": CLAIM_LIMIT,
        "rest_after": REST_AFTER,
        "first_rest": FIRST_REST,
        "longest_rest": LONGEST_REST,
    }
