import functools

from odoo import api, fields, models

from .. import capture
from ..jobs.wake import call_soon

WITHHELD = "integration_bridge.withheld"  # where a transaction keeps what a page has changed, until its journal
NOTED = "integration_bridge.changes"  # where a transaction keeps what it has changed, until just before its commit


class BridgeChange(models.Model):
    """The outbox: Odoo records that were changed and have to be looked at.

    A row says no more than that; what has changed, if anything, is found by comparing the record with the snapshots of
    its binding. So a row too many costs a look and nothing else, and the bridge's own writes need no mark.
    """

    _name = "bridge.change"
    _description = "Change in Odoo"
    _inherit = ["bridge.record.mixin"]
    _order = "id"
    _rec_name = "res_id"

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id")
    company_id = fields.Many2one(related="flow_id.company_id")
    res_model = fields.Char("Odoo Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Odoo Record ID", model_field="res_model", required=True, readonly=True)
    path = fields.Char(
        readonly=True, help="How the flow's records reach the changed one, such as country_id; empty: it is one itself."
    )
    own = fields.Boolean(readonly=True, help="The other system has made the change itself.")
    record_name = fields.Char("Record", compute="_compute_record_name")
    create_date = fields.Datetime("When")
    create_uid = fields.Many2one("res.users", "Who")

    _oldest = models.Index("(flow_id, path, id)")

    @api.depends_context("uid")
    def _compute_record_name(self):
        names = self._record_names()
        for change in self:
            change.record_name = names[change.id]

    def _register_hook(self):
        super()._register_hook()
        capture.patch(self.env.registry, capture.watches(self.env))

    def _unregister_hook(self):
        result = super()._unregister_hook()
        capture.patch(self.env.registry, {})
        return result

    # ----------------------------------------------------------------------------------------------------------------
    # Putting in
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _note(self, flow_id, model_name, record_ids, path=""):
        """Remember records that this transaction has changed; they are written down once, just before its commit.

        :param int flow_id: whose records they are
        :param str model_name: of the changed records
        :param record_ids: their ids
        :param str path: how the flow's records reach them; empty if they are the flow's own
        """
        callbacks = self.env.cr.precommit
        noted = callbacks.data.get(NOTED)
        if noted is None:
            noted = callbacks.data[NOTED] = {}
            callbacks.add(functools.partial(self.sudo()._write_noted, noted))
        noted.setdefault((flow_id, model_name, path), {}).update(dict.fromkeys(record_ids))

    @api.model
    def _write_noted(self, noted):
        """One statement, whatever was changed. What is rolled back is not there."""
        # What others change from now on, also just before the commit, is written down by a call of its own.
        self.env.cr.precommit.data.pop(NOTED, None)
        held = self.env.cr.postrollback.data.get(WITHHELD)
        if held is not None:
            for key, record_ids in noted.items():
                held.setdefault(key, {}).update(record_ids)
            return
        rows = [(*key, record_id) for key, record_ids in noted.items() for record_id in record_ids]
        if not rows:
            return
        flow_ids, model_names, paths, record_ids = zip(*rows, strict=True)
        self.env.cr.execute(
            WRITE,
            {
                "flows": list(flow_ids),
                "models": list(model_names),
                "paths": list(paths),
                "records": list(record_ids),
                "now": fields.Datetime.now(),
                "user": self.env.uid,
            },
        )
        if self.env.cr.rowcount:
            self.env.cr.postcommit.add(functools.partial(call_soon, self.env.cr.dbname))

    @api.model
    def _withhold(self):
        """Keep what is noted from now on, until it is known whether anything has to be sent because of it.

        What is withheld is forgotten with the transaction. Nobody commits before it is released.
        """
        self.env.cr.flush()  # what was noted before is written down
        self.env.cr.postrollback.data[WITHHELD] = {}

    @api.model
    def _release(self, settled):
        """Note what was withheld, but for what is settled.

        :param dict settled: (flow id, path) to ids of which nothing is left to be sent
        """
        if WITHHELD not in self.env.cr.postrollback.data:
            return
        self.env.cr.flush()  # what the writes that are withheld have still to say
        for (flow_id, model_name, path), record_ids in self.env.cr.postrollback.data.pop(WITHHELD).items():
            left = [one for one in record_ids if one not in settled.get((flow_id, path), ())]
            if left:
                self._note(flow_id, model_name, left, path)

    # ----------------------------------------------------------------------------------------------------------------
    # Taking out
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _take(self, flow, limit):
        """The oldest changes of a flow, as records of the flow itself.

        Changes of records that the flow's records only reach are first turned into changes of those.

        :param int limit: most records
        :return: Odoo ids, and the ids of the rows that brought them
        :rtype: tuple[list[int], list[int]]
        """
        self._resolve_reached(flow)
        self.env.cr.execute(TAKE, {"flow": flow.id, "limit": limit})
        rows = self.env.cr.fetchall()
        return [res_id for res_id, _ids in rows], [row_id for _res_id, ids in rows for row_id in ids]

    @api.model
    def _resolve_reached(self, flow):
        self.env.cr.execute(
            "SELECT id, path, res_id FROM bridge_change WHERE flow_id = %s AND path != '' ORDER BY id LIMIT %s",
            [flow.id, MOST_REACHED],
        )
        rows = self.env.cr.fetchall()
        if not rows:
            return
        reached, records = {}, self.env[flow.model].sudo().with_context(active_test=False)
        for _row_id, path, res_id in rows:
            reached.setdefault(path, set()).add(res_id)
        for path, ids in reached.items():
            found = records.search([(path, "in", list(ids))], order="id")
            self._note(flow.id, flow.model, found.ids)
        self.env.flush_all()
        self.env.cr.precommit.run()
        self._done([row_id for row_id, _path, _res_id in rows])

    @api.model
    def _note_own(self, flow, record_ids):
        """Records that the other system has changed by a call; it is told of them only if it asks for that."""
        now = fields.Datetime.now()
        self.env.cr.execute(
            """
            INSERT INTO bridge_change (flow_id, res_model, path, res_id, own, create_date, create_uid)
            SELECT %s, %s, '', record.id, TRUE, %s, %s FROM unnest(%s::int[]) AS record (id)
            """,
            [flow.id, flow.model, now, self.env.uid, list(record_ids)],
        )

    @api.model
    def _drain(self, flow, limit):
        """Take changes out of the outbox for good, in the order in which they were made.

        :return: Odoo id, and was it the other system that has made the change
        :rtype: list[tuple[int, bool]]
        """
        self._resolve_reached(flow)
        self.env.cr.execute(
            """
            DELETE FROM bridge_change
             WHERE id IN (SELECT id FROM bridge_change WHERE flow_id = %s AND path = '' ORDER BY id LIMIT %s)
         RETURNING id, res_id, COALESCE(own, FALSE)
            """,
            [flow.id, limit],
        )
        return [(res_id, own) for _id, res_id, own in sorted(self.env.cr.fetchall())]

    @api.model
    def _waiting_records(self, flow):
        """Odoo ids of the flow's records that wait to be looked at.

        :rtype: list[int]
        """
        self.env.cr.execute("SELECT DISTINCT res_id FROM bridge_change WHERE flow_id = %s AND path = ''", [flow.id])
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _done(self, row_ids):
        """These have been looked at."""
        self.env.cr.execute("DELETE FROM bridge_change WHERE id = ANY(%s)", [list(row_ids)])

    @api.model
    def _forget_all(self):
        """Nothing of what was changed until now is sent."""
        self.env.cr.execute("DELETE FROM bridge_change")

    @api.model
    def _moments(self, flow, record_ids):
        """When records that wait in the outbox were changed last.

        :return: Odoo id to naive UTC
        :rtype: dict[int, datetime]
        """
        self.env.cr.execute(
            """
            SELECT res_id, max(create_date) FROM bridge_change
             WHERE flow_id = %s AND path = '' AND own IS NOT TRUE AND res_id = ANY(%s) GROUP BY res_id
            """,
            [flow.id, list(record_ids)],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _waiting_bindings(self, binding_ids):
        """Those of these bindings whose Odoo record waits to be looked at.

        :rtype: set[int]
        """
        self.env.cr.execute(
            """
            SELECT binding.id
              FROM bridge_change change
              JOIN bridge_binding binding ON binding.flow_id = change.flow_id AND binding.res_id = change.res_id
             WHERE change.path = '' AND change.own IS NOT TRUE AND binding.id = ANY(%s)
            """,
            [list(binding_ids)],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _waiting_flows(self):
        """Flows with changes that no push is queued for, and those that have to look at everything.

        :rtype: BridgeFlow
        """
        self.env["bridge.job"].flush_model()
        self.env["bridge.flow"].flush_model(["push_waits_until"])
        self.env.cr.execute(WAITING, {"now": fields.Datetime.now()})
        return self.env["bridge.flow"].sudo().browse(row[0] for row in self.env.cr.fetchall())


MOST_REACHED = 1000  # changes of reached records that are turned into the flow's own at a time
WRITE = """
    INSERT INTO bridge_change (flow_id, res_model, path, res_id, create_date, create_uid)
    SELECT flow.id, noted.model, noted.path, noted.record, %(now)s, %(user)s
      FROM unnest(%(flows)s::int[], %(models)s::text[], %(paths)s::text[], %(records)s::int[])
           WITH ORDINALITY AS noted (flow, model, path, record, place)
      JOIN bridge_flow flow ON flow.id = noted.flow
  ORDER BY noted.place
"""
TAKE = """
    SELECT change.res_id, array_agg(change.id)
      FROM (SELECT id, res_id FROM bridge_change
             WHERE flow_id = %(flow)s AND path = '' ORDER BY id LIMIT 10 * %(limit)s) change
  GROUP BY change.res_id
  ORDER BY min(change.id)
     LIMIT %(limit)s
"""
# One index look-up for each flow, however long the outbox is.
WAITING = """
    SELECT flow.id
      FROM bridge_flow flow
      JOIN bridge_connector connector ON connector.id = flow.connector_id
     WHERE flow.active AND connector.active AND connector.state = 'live' AND flow.is_called IS NOT TRUE
       AND (flow.push_waits_until IS NULL OR flow.push_waits_until <= %(now)s)
       AND (flow.direction = 'push' OR flow.direction = 'both' AND flow.last_full_scan IS NOT NULL)
       AND (EXISTS (SELECT FROM bridge_change change WHERE change.flow_id = flow.id)
            OR flow.push_scan_needed AND flow.last_push_scan IS NOT NULL
            OR flow.full_scan_days > 0
           AND flow.last_push_scan < %(now)s - make_interval(days => flow.full_scan_days))
       AND NOT EXISTS (SELECT FROM bridge_job job
                        WHERE job.flow_id = flow.id AND job.kind = 'push' AND job.state = 'pending')
       AND NOT EXISTS (SELECT FROM bridge_run run
                        WHERE run.flow_id = flow.id AND run.kind = 'push' AND run.state = 'blocked')
"""
