import datetime

from odoo import api, fields, models

from ..database import json_rows

KEPT_DAYS = 90  # longer than any sender tries again


class BridgeNewest(models.Model):
    """The newest version that a webhook told of a record, so that what comes later and is older is known.

    A record that was deleted has no binding to look at; and what the pull reads carries another kind of version.
    """

    _name = "bridge.newest"
    _description = "Newest Version That a Webhook Told"
    _log_access = False

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True)
    external_id = fields.Char("ID There", required=True, readonly=True)
    version = fields.Float(digits=(40, 6), required=True, readonly=True)
    write_date = fields.Datetime(readonly=True, index=True)

    _record_uniq = models.UniqueIndex("(flow_id, external_id)")

    @api.model
    def _advance(self, flow, versions):
        """Keep versions that are not older than those that are known.

        :param dict versions: remote id to version, a number
        :return: the ids of which an older version was told
        :rtype: set[str]
        """
        if not versions:
            return set()
        rows = [{"external_id": one, "version": str(version)} for one, version in sorted(versions.items())]
        self.env.cr.execute(
            """
            INSERT INTO bridge_newest (flow_id, external_id, version, write_date)
            SELECT %(flow)s, row.external_id, row.version, %(now)s
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (external_id text, version numeric)
       ON CONFLICT (flow_id, external_id) DO UPDATE
               SET version = excluded.version, write_date = excluded.write_date
             WHERE bridge_newest.version <= excluded.version
         RETURNING external_id
            """,
            {"flow": flow.id, "rows": json_rows(rows), "now": fields.Datetime.now()},
        )
        return versions.keys() - {row[0] for row in self.env.cr.fetchall()}

    @api.autovacuum
    def _gc_old(self):
        before = fields.Datetime.now() - datetime.timedelta(days=KEPT_DAYS)
        self.sudo().search([("write_date", "<", before)], limit=10_000).unlink()
