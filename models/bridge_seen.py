import datetime
import json

from odoo import api, fields, models

from ..database import settings

KEPT_HOURS = 24
# Those that a full scan can see: not what is nested in another record.
VISIBLE = "binding.flow_id = %(flow)s AND binding.parent_id IS NULL AND binding.state IN ('linked', 'missing')"
# Those that it should have seen, and neither it nor a later one has; what was bound meanwhile is not among them.
UNSEEN = """
    binding.create_date <= %(started)s AND NOT EXISTS (
        SELECT FROM (SELECT jsonb_array_elements_text(binding_ids)::int AS id
                       FROM bridge_seen WHERE flow_id = %(flow)s AND run_id >= %(run)s) seen
         WHERE seen.id = binding.id)
"""


class BridgeSeen(models.Model):
    """What a full scan has seen: a row a page, to find at its end what it has not seen.

    The bindings themselves are not written: a scan in which nothing has changed would write each of their rows anew,
    with all that they know of both sides.
    """

    _name = "bridge.seen"
    _description = "Records Seen by a Full Scan"
    _log_access = False

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True, index=True)
    run_id = fields.Many2one("bridge.run", required=True, ondelete="cascade", readonly=True, index=True)
    binding_ids = fields.Json("External IDs", readonly=True)

    @api.model
    def _note(self, run, binding_ids):
        """:param Iterable[int] binding_ids: of the run's flow"""
        if ids := list(binding_ids):
            self.env.cr.execute(
                "INSERT INTO bridge_seen (flow_id, run_id, binding_ids) VALUES (%s, %s, %s)",
                [run.flow_id.id, run.id, json.dumps(ids)],
            )

    @api.model
    def _unseen(self, run, limit):
        """The first that a full scan has not seen.

        :rtype: BridgeBinding
        """
        rows = self._select(run, "binding.id", f"{UNSEEN} ORDER BY binding.id LIMIT %(limit)s", limit=limit)
        return self.env["bridge.binding"].browse(row[0] for row in rows)

    @api.model
    def _unseen_records(self, run, after, limit):
        """The next Odoo records whose remote record a full scan has not seen, in the order of their ids.

        :return: Odoo id to external id
        """
        where = f"binding.res_id > %(after)s AND {UNSEEN} ORDER BY binding.res_id LIMIT %(limit)s"
        return dict(self._select(run, "binding.res_id, binding.external_id", where, after=after, limit=limit))

    @api.model
    def _count(self, run):
        """How many a full scan has not seen, of how many.

        :rtype: tuple[int, int]
        """
        (missing,) = self._select(run, "COUNT(*)", UNSEEN)
        (total,) = self._select(run, "COUNT(*)", "TRUE")
        return missing[0], total[0]

    def _select(self, run, columns, where, **values):
        self.env["bridge.binding"].flush_model()
        values |= {"flow": run.flow_id.id, "run": run.id, "started": run.started}
        # How many a row has seen is not known to the planner: it may go through all of them for every binding.
        with settings(self.env.cr, {"enable_nestloop": "off"}):
            self.env.cr.execute(f"SELECT {columns} FROM bridge_binding binding WHERE {VISIBLE} AND {where}", values)
            return self.env.cr.fetchall()

    @api.model
    def _kept_since(self):
        """Of a scan that failed before that, nobody knows any more what it has seen.

        :rtype: datetime.datetime
        """
        return fields.Datetime.now() - datetime.timedelta(hours=KEPT_HOURS)

    @api.autovacuum
    def _gc_ended(self):
        """A scan that has ended needs no notes, neither its own nor later ones; one that has failed may be retried."""
        self.env["bridge.run"].flush_model()
        self.env.cr.execute(
            """
            DELETE FROM bridge_seen seen
             WHERE NOT EXISTS (
                   SELECT FROM bridge_run run
                    WHERE run.flow_id = seen.flow_id AND run.id <= seen.run_id
                      AND (run.state IN ('pending', 'running', 'blocked')
                           OR run.state = 'failed' AND run.finished >= %s))
            """,
            [self._kept_since()],
        )
