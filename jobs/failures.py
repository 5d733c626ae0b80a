"""A record that failed is a job of its own; one that succeeded closes it.

The key of a record is one of two columns: ``external_id`` for what comes in, ``res_id`` for what goes out.
"""

import datetime
import re

from odoo import fields
from odoo.tools import SQL

from ..database import json_rows
from .kinds import OPEN_PUSH, OPEN_RECORD
from .retry import ATTEMPTS, FIRST_DELAY

# What tells one failure from another of the same sort: what stands in quotes, and words with a digit or an @ in them.
PARTICULARS = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»|(?<!\S)(?<!HTTP )\S*[\d@]\S*")
# By the column of the key: kind of job, what is open of it (the unique index), type of the column.
KEYS = {"external_id": ("pull_record", OPEN_RECORD, "text"), "res_id": ("push_record", OPEN_PUSH, "int")}
KEEP = f"""
    INSERT INTO bridge_job (
           kind, flow_id, connector_id, company_id, run_id, priority, attempts, crashes, create_date,
           state, external_id, res_id, record_name, payload, payload_at, fingerprint,
           error_kind, error_field, error_message, error_group, due_at)
    SELECT %(kind)s, %(flow_id)s, %(connector_id)s, %(company_id)s, %(run_id)s, 10, 1, 0, %(now)s, row.*
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
           state text, external_id text, res_id int, record_name text, payload jsonb, payload_at timestamp,
           fingerprint text, error_kind text, error_field text, error_message text, error_group text, due_at timestamp)
ON CONFLICT (flow_id, %(column)s) WHERE %(is_open)s DO UPDATE
       SET payload = excluded.payload, payload_at = excluded.payload_at, payload_edited = FALSE,
           error_kind = excluded.error_kind, error_field = excluded.error_field,
           error_message = excluded.error_message, error_group = excluded.error_group,
           record_name = excluded.record_name, external_id = excluded.external_id, fingerprint = excluded.fingerprint,
           attempts = bridge_job.attempts + 1, due_at = excluded.due_at,
           run_id = CASE WHEN %(is_anew)s THEN excluded.run_id ELSE bridge_job.run_id END,
           state = CASE WHEN bridge_job.state = 'running' THEN 'running'
                        WHEN excluded.state = 'pending' AND bridge_job.attempts + 1 >= {ATTEMPTS["dependency"]}
                        THEN 'failed'
                        ELSE excluded.state END
"""
CLOSE = """
    UPDATE bridge_job
       SET state = 'done', finished = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE flow_id = %(flow_id)s AND kind = %(kind)s AND %(column)s = ANY(%(keys)s)
       AND state IN ('pending', 'failed', 'uncertain') AND NOT id = ANY(%(own)s)
 RETURNING %(column)s
"""
IGNORED = """
    SELECT job.%(column)s, job.ignored_reason
      FROM bridge_job job
      JOIN unnest(%(keys)s::%(type)s[], %(fingerprints)s::text[]) AS known (%(column)s, fingerprint)
           USING (%(column)s, fingerprint)
     WHERE job.flow_id = %(flow_id)s AND job.ignored_reason IS NOT NULL AND job.state = 'cancelled'
"""
OPEN_AMONG = """
    SELECT %(column)s FROM bridge_job WHERE flow_id = %(flow_id)s AND %(column)s = ANY(%(keys)s) AND %(is_open)s
"""


def keep(flow, run, rows, column):
    """Records that failed become jobs of their own; one that is one already says so.

    :param BridgeFlow flow: whose records they are
    :param BridgeRun run: in which they failed
    :param rows: dicts with the key (``external_id`` or ``res_id``), ``name``, ``kind`` (of the error), ``message``,
        ``field`` and, where they are meant: the other key, ``payload`` (JSON: the record as it came), ``fingerprint``,
        ``state`` (``pending`` if the kind has another attempt, else ``failed``), ``due`` (datetime, naive UTC)
    :param str column: the key: ``external_id`` or ``res_id``
    :return: have any failed
    :rtype: bool
    """
    now = fields.Datetime.now()
    rows = [_columns(row, now) for row in rows]
    if not rows:
        return False
    own = {"run_id": run.id, "is_anew": bool(run.anew), "now": now, "rows": json_rows(rows)}
    own |= {"connector_id": flow.connector_id.id, "company_id": flow.company_id.id or None}
    flow.env.cr.execute(SQL(KEEP, **_about(flow, column), **own))
    flow.env["bridge.job"].invalidate_model()
    flow.env["bridge.alert"]._wake()
    return True


def close(flow, column, keys, jobs=None):
    """Records that succeeded close their open failures by themselves.

    :param BridgeFlow flow: whose records they are
    :param str column: the key: ``external_id`` or ``res_id``
    :param list keys: of the records that succeeded
    :param BridgeJob jobs: the running jobs whose matter the records are, if there are; they end otherwise
    :return: keys of records whose failure is over
    :rtype: list
    """
    own = {"keys": keys, "own": jobs.ids if jobs else []}
    flow.env.cr.execute(SQL(CLOSE, **_about(flow, column), **own))
    closed = [row[0] for row in flow.env.cr.fetchall()]
    if jobs:
        closed += [job[column] for job in jobs if job.error_kind and job[column] in keys]
    if closed:
        flow.env["bridge.job"].invalidate_model()
    return closed


def ignored(flow, column, known):
    """Failures that a person has said to ignore, as long as the record is the same.

    :param BridgeFlow flow: whose records they are
    :param str column: the key: ``external_id`` or ``res_id``
    :param list known: pairs of key and fingerprint
    :return: key to the reason
    :rtype: dict
    """
    if not known:
        return {}
    keys, fingerprints = zip(*known, strict=True)
    own = {"keys": list(keys), "fingerprints": list(fingerprints)}
    flow.env.cr.execute(SQL(IGNORED, **_about(flow, column), **own))
    return dict(flow.env.cr.fetchall())


def open_among(flow, column, keys):
    """Which of these records have an open job of their own.

    :param BridgeFlow flow: whose records they are
    :param str column: the key: ``external_id`` or ``res_id``
    :param list keys: of the records
    :rtype: set
    """
    flow.env.cr.execute(SQL(OPEN_AMONG, **_about(flow, column), keys=keys))
    return {row[0] for row in flow.env.cr.fetchall()}


def open_of_bindings(env, binding_ids):
    """Which bindings have a record that fails.

    :return: id of a binding to that of the job which tells why
    :rtype: dict[int, int]
    """
    env["bridge.job"].flush_model()
    env.cr.execute(
        """
        SELECT binding.id, max(job.id)
          FROM bridge_job job
          JOIN bridge_binding binding ON binding.flow_id = job.flow_id
               AND (job.kind = 'pull_record' AND job.external_id = binding.external_id
                    OR job.kind = 'push_record' AND job.res_id = binding.res_id)
         WHERE binding.id = ANY(%s) AND job.error_kind IS NOT NULL
           AND job.state IN ('pending', 'running', 'failed', 'uncertain')
      GROUP BY binding.id
        """,
        [list(binding_ids)],
    )
    return dict(env.cr.fetchall())


def group_of(message):
    """What failures of the same sort have in common.

    :param str message: of one of them; its first line counts
    :rtype: str
    """
    first = (message or "").strip().partition("\n")[0]
    return PARTICULARS.sub("…", first)[:250]


def _about(flow, column):
    kind, is_open, column_type = KEYS[column]
    return {
        "flow_id": flow.id,
        "column": SQL.identifier(column),
        "kind": kind,
        "is_open": SQL(is_open),
        "type": SQL(column_type),
    }


def _columns(row, now):
    return {
        "state": row.get("state") or ("pending" if row["kind"] in ATTEMPTS else "failed"),
        "external_id": row.get("external_id"),
        "res_id": row.get("res_id"),
        "record_name": row["name"],
        "payload": row.get("payload"),
        "payload_at": now.isoformat() if "payload" in row else None,
        "fingerprint": row.get("fingerprint"),
        "error_kind": row["kind"],
        "error_field": row["field"],
        "error_message": row["message"],
        "error_group": group_of(row["message"]),
        "due_at": (row.get("due") or now + datetime.timedelta(seconds=FIRST_DELAY)).isoformat(),
    }
