from odoo import api, fields, models
from odoo.fields import Domain

from ..database import json_rows
from ..jobs import on_demand
from ..mapping.mapper import DELETED
from ..road.bound import Bound
from ..road.pull.gather import shown_moment

# The columns of a ``Bound``, in its order; snapshots are only read where something may have changed.
BOUND = """
    binding.id, binding.external_id, binding.res_id, binding.state, {alive}, {odoo}, {remote}, binding.remote_version,
    binding.parent_id, COALESCE(binding.inside, FALSE), binding.reference, binding.intent, binding.sent_at,
    binding.job_id
"""
# One binding by its unique index. The LIMIT leaves the planner no choice: while a table grows, its statistics lag
# behind, and a plain join would read all bindings of the flow for every page.
ONE_BINDING = """
    SELECT * FROM bridge_binding WHERE flow_id = %s AND external_id = known.external_id LIMIT 1
"""
THERE = ("linked", "missing")  # states of what the other system has, as far as is known


class BridgeBinding(models.Model):
    _name = "bridge.binding"
    _description = "External ID"
    _inherit = ["bridge.record.mixin", "bridge.opening.mixin", "bridge.status.mixin"]
    _order = "id desc"
    _rec_name = "external_id"

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id")
    company_id = fields.Many2one(related="flow_id.company_id")
    parent_id = fields.Many2one("bridge.binding", ondelete="cascade", index="btree_not_null", readonly=True)
    external_id = fields.Char("ID There", readonly=True, help="Empty as long as the record is being created there.")
    res_model = fields.Char("Odoo Model", related="flow_id.model", store=True)
    res_id = fields.Many2oneReference("Odoo Record ID", model_field="res_model", readonly=True)
    record_name = fields.Char("Odoo Record", compute="_compute_record_name")
    last_run_id = fields.Many2one("bridge.run", "Last Run of the Flow", compute="_compute_last_run_id")
    state = fields.Selection(
        [
            ("linked", "Linked"),
            ("missing", "Not Seen Once"),
            ("removed", "Deleted There"),
            ("creating", "Being Created There"),
            ("left", "Not Kept in Agreement Any More"),
        ],
        default="linked",
        required=True,
        readonly=True,
        help="Not seen once: it was not found when everything was looked at last; the next time decides.\n"
        "Being created there: it was sent, and the answer is not here yet.\n"
        "Not kept in agreement any more: it left the flow or was deleted in Odoo, and stays in the other system.",
    )
    inside = fields.Boolean(readonly=True, help="Was it one of the records to push when it was looked at last?")
    reference = fields.Char(readonly=True, help="What Odoo calls the record in the request that creates it.")
    intent = fields.Json(readonly=True, groups=fields.NO_ACCESS)  # what was sent to create the remote record
    sent_at = fields.Datetime(readonly=True, help="When it was sent; empty: the other system has not seen it.")
    job_id = fields.Integer(readonly=True, help="The job that creates the remote record.")
    fingerprint = fields.Char(readonly=True)
    # The mapped fields of both sides when they last agreed.
    odoo_snapshot = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    remote_snapshot = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    remote_updated = fields.Char(readonly=True)
    remote_version = fields.Char(readonly=True)
    synced = fields.Datetime("Last Change Synced", readonly=True)
    open_url = fields.Char("Address There", compute="_compute_open_url")
    conflict_count = fields.Integer("Open Conflicts", compute="_compute_conflict_count")
    remote_changed = fields.Datetime("Changed There", compute="_compute_remote_changed")

    _external_uniq = models.Constraint("UNIQUE(flow_id, external_id)", "This remote record is bound already.")
    _creating = models.Index("(flow_id, reference) WHERE state = 'creating'")
    _record_uniq = models.UniqueIndex(
        "(flow_id, res_id) WHERE res_id IS NOT NULL", "This Odoo record is bound already."
    )

    @api.depends("external_id", "reference")
    def _compute_display_name(self):
        for binding in self:
            binding.display_name = binding.external_id or binding.reference or self.env._("Being created")

    @api.depends_context("uid")
    def _compute_record_name(self):
        names = self._record_names()
        for binding in self:
            binding.record_name = names[binding.id]

    def _compute_last_run_id(self):
        for binding in self:
            binding.last_run_id = (binding.flow_id.parent_id or binding.flow_id).last_run_id

    @api.depends("external_id", "state", "flow_id.open_address")
    def _compute_open_url(self):
        for binding in self:
            is_there = binding.state in THERE
            binding.open_url = is_there and binding.flow_id._address_there(binding.external_id)

    def _compute_conflict_count(self):
        conflicts = self.env["bridge.conflict"]._count_open("binding_id", self)
        for binding in self:
            binding.conflict_count = conflicts.get(binding, 0)

    @api.depends("remote_updated")
    def _compute_remote_changed(self):
        for binding in self:
            binding.remote_changed = shown_moment(binding.flow_id.sudo(), binding.remote_updated)

    def action_open_failure(self):
        """The job that tells why the record failed."""
        self.ensure_one()
        return self._opens("job", [], views=[(False, "form")], res_id=self.failure_id.id, context={})

    # ----------------------------------------------------------------------------------------------------------------
    # Look up, for both roads
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _known(self, flow, external_ids):
        """The Odoo records of remote ids: those that are there.

        :return: external id to Odoo id
        :rtype: dict
        """
        if not external_ids:
            return {}
        self.env.cr.execute(
            f"""
            SELECT binding.external_id, binding.res_id
              FROM unnest(%s::text[]) AS known (external_id)
        CROSS JOIN LATERAL ({ONE_BINDING}) binding
             WHERE {_is_alive(self.env[flow.model])}
            """,
            [list(external_ids), flow.id],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _by_external_id(self, flow, fingerprints):
        """What is known of remote records: one query, whatever their number.

        The snapshots of one whose fingerprint is the same are not read.

        :param dict fingerprints: external id to fingerprint
        :return: external id to the binding, and whether the remote record is as it was
        :rtype: dict[str, tuple[Bound, bool]]
        """
        self.flush_model()
        differs = "CASE WHEN binding.fingerprint != known.fingerprint THEN binding.{}_snapshot END"
        self.env.cr.execute(
            f"""
            SELECT binding.fingerprint = known.fingerprint AND binding.state != 'removed',
                   {_columns(self.env[flow.model], differs.format("odoo"), differs.format("remote"))}
              FROM unnest(%s::text[], %s::text[]) AS known (external_id, fingerprint)
        CROSS JOIN LATERAL ({ONE_BINDING}) binding
            """,
            [list(fingerprints), list(fingerprints.values()), flow.id],
        )
        return {row[1]: (Bound(*row), bool(same)) for same, *row in self.env.cr.fetchall()}

    @api.model
    def _fingerprints(self, flow, external_ids):
        """:return: remote id to the fingerprint of the remote record, and when it says that it was changed"""
        domain = [("flow_id", "=", flow.id), ("external_id", "in", external_ids)]
        found = self.search_fetch(domain, ["external_id", "fingerprint", "remote_updated"])
        return {one.external_id: (one.fingerprint, one.remote_updated) for one in found}

    @api.model
    def _by_reference(self, flow, references):
        """Creations under way, by the reference that we gave them.

        :rtype: dict[str, Bound]
        """
        return self._bound_where(
            flow, "reference", "binding.state = 'creating' AND binding.reference = ANY(%s)", [list(references)]
        )

    @api.model
    def _by_record(self, flow, record_ids):
        """Bindings of Odoo records, by their ids.

        :rtype: dict[int, Bound]
        """
        self.flush_model()
        return self._bound_where(flow, "res_id", "binding.res_id = ANY(%s)", [list(record_ids)])

    @api.model
    def _nested(self, flow, parent_ids, external_ids):
        """Nested records of these parents, and those that come to them from another parent.

        :rtype: dict[str, Bound]
        """
        self.flush_model()
        where = "(binding.parent_id = ANY(%s) OR binding.external_id = ANY(%s))"
        return self._bound_where(flow, "external_id", where, [list(parent_ids), list(external_ids)])

    @api.model
    def _inside_of(self, flow, parent_ids):
        """The nested records of these parents that are not gone there.

        :return: binding id of the parent to list of Bound
        """
        where = "binding.state != 'removed' AND binding.parent_id = ANY(%s)"
        found = {}
        for bound in self._bound_where(flow, "id", where, [list(parent_ids)]).values():
            found.setdefault(bound.parent_id, []).append(bound)
        return found

    @api.model
    def _free(self, flow, record_ids):
        """Those of these records whose binding has no record of the other system any more, or not yet.

        :return: Odoo id to Bound
        """
        if not record_ids:
            return {}
        where = "binding.res_id = ANY(%s) AND binding.state IN ('creating', 'removed')"
        return self._bound_where(flow, "res_id", where, [list(record_ids)])

    @api.model
    def _bound_where(self, flow, key, where, parameters):
        columns = _columns(self.env[flow.model])
        self.env.cr.execute(
            f"SELECT {columns} FROM bridge_binding binding WHERE binding.flow_id = %s AND {where}",
            [flow.id, *parameters],
        )
        found = (Bound(*row) for row in self.env.cr.fetchall())
        return {getattr(bound, key): bound for bound in found}

    @api.model
    def _taken(self, flow, record_ids):
        """Which of these Odoo records are bound.

        :return: Odoo id to external id
        """
        if not record_ids:
            return {}
        self.flush_model()
        self.env.cr.execute(
            "SELECT res_id, external_id FROM bridge_binding WHERE flow_id = %s AND res_id = ANY(%s)",
            [flow.id, list(record_ids)],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _there_of(self, model_name, record_ids=None):
        """What finds the bindings of Odoo records that the other system has; not those of records inside others.

        :param list[int] record_ids: which; None: all of the model
        :rtype: Domain
        """
        domain = Domain("flow_id.model", "=", model_name) & Domain("state", "in", THERE)
        domain &= Domain("parent_id", "=", False) & Domain("external_id", "!=", False)
        return domain & (Domain("res_id", "!=", False) if record_ids is None else Domain("res_id", "in", record_ids))

    @api.model
    def _remote_ids(self, flow, record_ids):
        """What these Odoo records are in the other system, those that are there.

        :return: Odoo id to external id
        """
        self.env.cr.execute(
            """
            SELECT res_id, external_id FROM bridge_binding
             WHERE flow_id = %s AND res_id = ANY(%s) AND external_id IS NOT NULL AND state != 'removed'
            """,
            [flow.id, list(record_ids)],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _bound_elsewhere(self, flow, external_ids, own_ids):
        """Remote ids that other Odoo records have already.

        :param own_ids: bindings that do not count
        :return: external id to Odoo id
        """
        self.env.cr.execute(
            """
            SELECT external_id, res_id FROM bridge_binding
             WHERE flow_id = %s AND external_id = ANY(%s) AND NOT id = ANY(%s)
            """,
            [flow.id, list(external_ids), list(own_ids)],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _records_after(self, flow, after, limit):
        """The next bound Odoo records, by their ids; also those that were deleted past the ORM.

        :rtype: list[int]
        """
        self.env.cr.execute(
            """
            SELECT res_id FROM bridge_binding
             WHERE flow_id = %s AND parent_id IS NULL AND res_id > %s ORDER BY res_id LIMIT %s
            """,
            [flow.id, after, limit],
        )
        return [row[0] for row in self.env.cr.fetchall()]

    # ----------------------------------------------------------------------------------------------------------------
    # A binding's life: creating -> linked <-> missing -> removed, or left; and how it begins anew
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _insert_linked(self, flow, rows):
        """Bind records that are on both sides.

        A binding that another transaction made meanwhile violates the unique index, and the whole batch is done again:
        never is a binding moved to the record that we have just created in vain.

        :param list[dict] rows: ``external_id``, ``res_id``, ``fingerprint``, ``odoo_snapshot``, ``remote_snapshot``,
            ``remote_updated``, ``remote_version``, ``parent_id``, ``inside``; without ``remote_snapshot`` it is
            Odoo's
        :return: external id to the id of the binding
        """
        if not rows:
            return {}
        self.env.cr.execute(
            """
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, synced, create_date, external_id, res_id, fingerprint,
                   odoo_snapshot, remote_snapshot, remote_updated, remote_version, parent_id, inside)
            SELECT %(flow_id)s, %(model)s, 'linked', %(now)s, %(now)s, row.external_id, row.res_id, row.fingerprint,
                   row.odoo_snapshot, COALESCE(row.remote_snapshot, row.odoo_snapshot), row.remote_updated,
                   row.remote_version, row.parent_id, row.inside
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   external_id text, res_id int, fingerprint text, odoo_snapshot jsonb, remote_snapshot jsonb,
                   remote_updated text, remote_version text, parent_id int, inside boolean)
         RETURNING external_id, id
            """,
            {**flow._row_values(), "rows": json_rows(map(_same_once, rows))},
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _renew(self, rows):
        """Both sides agree again: what they have now.

        :param list[dict] rows: as for ``_insert_linked``, and ``id``
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET external_id = row.external_id, res_id = row.res_id, state = 'linked',
                   fingerprint = row.fingerprint, sent_at = NULL, intent = NULL, job_id = NULL,
                   odoo_snapshot = row.odoo_snapshot, remote_snapshot = row.remote_snapshot,
                   remote_updated = row.remote_updated, remote_version = row.remote_version,
                   parent_id = row.parent_id, synced = %(now)s,
                   inside = COALESCE(binding.inside, FALSE) OR COALESCE(row.inside, FALSE)
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, external_id text, res_id int, fingerprint text, odoo_snapshot jsonb, remote_snapshot jsonb,
                   remote_updated text, remote_version text, parent_id int, inside boolean)
             WHERE binding.id = row.id
            """,
            {"now": fields.Datetime.now(), "rows": json_rows(rows)},
        )

    @api.model
    def _merge_snapshots(self, rows, sent):
        """Renew some fields of snapshots; what is not named stays.

        :param list[dict] rows: ``id``, ``odoo_snapshot``, ``remote_snapshot``, and ``remote_version`` if it is known
        :param bool sent: was anything sent, so that what comes next from the remote has to be looked at
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET odoo_snapshot = COALESCE(binding.odoo_snapshot, '{}') || row.odoo_snapshot,
                   remote_snapshot = COALESCE(binding.remote_snapshot, '{}') || row.remote_snapshot,
                   remote_version = COALESCE(row.remote_version, binding.remote_version),
                   fingerprint = CASE WHEN %(sent)s THEN '' ELSE binding.fingerprint END,
                   synced = CASE WHEN %(sent)s THEN %(now)s ELSE binding.synced END,
                   state = CASE state WHEN 'left' THEN 'linked' ELSE state END, inside = TRUE
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, odoo_snapshot jsonb, remote_snapshot jsonb, remote_version text)
             WHERE binding.id = row.id
            """,
            {"sent": sent, "now": fields.Datetime.now(), "rows": json_rows(rows)},
        )

    @api.model
    def _found_again(self, binding_ids):
        """A full scan had not seen them once, and they are there after all."""
        self.browse(binding_ids).write({"state": "linked"})

    @api.model
    def _end(self, binding_ids):
        """The remote record is gone: the binding stays, to know it again."""
        self.browse(binding_ids).write({"state": "removed", "fingerprint": DELETED})

    @api.model
    def _forget(self, binding_ids):
        """Gone on both sides, or never there."""
        self.browse(binding_ids).unlink()

    @api.model
    def _leave(self, binding_ids):
        """Not kept in agreement any more; the remote record stays."""
        self.browse(binding_ids).write({"state": "left", "inside": False})

    @api.model
    def _come_back(self, binding_ids):
        """What was gone or left is kept in agreement again, and looked at whatever it is."""
        self.browse(binding_ids).write({"state": "linked", "fingerprint": ""})

    @api.model
    def _restore(self, binding_ids):
        """What had left is one of the records to push again."""
        self._come_back(binding_ids)
        self.browse(binding_ids).inside = True

    @api.model
    def _look_anew(self, binding_ids):
        """What comes next from the remote has to be looked at, also if it is as it was."""
        self.browse(binding_ids).write({"fingerprint": ""})

    # Created there, exactly once (road/push/intent.py)

    @api.model
    def _begin_anew(self, binding_ids):
        """What was deleted there is created again: the same binding, so that its conflicts stay to be read."""
        self.env.cr.execute(
            """
            UPDATE bridge_binding
               SET state = 'creating', external_id = NULL, reference = gen_random_uuid()::text, fingerprint = NULL,
                   odoo_snapshot = NULL, remote_snapshot = NULL, remote_updated = NULL, remote_version = NULL,
                   sent_at = NULL
             WHERE id = ANY(%s) AND state = 'removed'
            """,
            [list(binding_ids)],
        )
        self.invalidate_model()

    @api.model
    def _insert_intents(self, flow, rows, job_id):
        """Say that records are about to be created there.

        :param list[dict] rows: ``res_id``, ``reference``, ``intent``
        :return: Odoo ids of those that no other job was first with
        :rtype: set[int]
        """
        if not rows:
            return set()
        self.env.cr.execute(
            """
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, inside, sent_at, job_id, create_date, res_id, reference, intent)
            SELECT %(flow_id)s, %(model)s, 'creating', TRUE, %(now)s, %(job)s, %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (res_id int, reference text, intent jsonb)
       ON CONFLICT DO NOTHING
            """,
            {**flow._row_values(), "job": job_id, "rows": json_rows(rows)},
        )
        # Also what an attempt has written that did not learn of its commit.
        self.env.cr.execute(
            "SELECT res_id FROM bridge_binding WHERE flow_id = %s AND state = 'creating' AND reference = ANY(%s)",
            [flow.id, [row["reference"] for row in rows]],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _renew_intents(self, rows, job_id):
        """Take up creations that were begun before. One that is not as we have found it is another job's by now.

        :param list[dict] rows: ``id``, ``intent``, ``repeats``, and ``sent_at`` and ``job_id`` as they were found
        :return: Odoo ids of those that are ours
        :rtype: set[int]
        """
        if not rows:
            return set()
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET job_id = %(job)s, intent = row.intent, inside = TRUE,
                   sent_at = CASE WHEN row.repeats THEN binding.sent_at ELSE %(now)s END
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, intent jsonb, repeats boolean, sent_at timestamp, job_id int)
             WHERE binding.id = row.id AND binding.state = 'creating'
               AND (binding.sent_at IS NOT DISTINCT FROM row.sent_at
                    AND binding.job_id IS NOT DISTINCT FROM row.job_id
                    -- or an attempt has written it that did not learn of its commit
                    OR binding.job_id = %(job)s AND binding.intent = row.intent)
         RETURNING binding.res_id
            """,
            {"job": job_id, "now": fields.Datetime.now(), "rows": json_rows(rows)},
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _adopt(self, rows):
        """Creations that are there; one that the pull has bound meanwhile is bound.

        :param list[dict] rows: ``id``, ``external_id``, ``odoo_snapshot``, ``remote_snapshot``, ``remote_version``
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET external_id = row.external_id, state = 'linked', fingerprint = '', synced = %(now)s,
                   odoo_snapshot = row.odoo_snapshot, remote_snapshot = row.remote_snapshot,
                   remote_version = row.remote_version, sent_at = NULL, intent = NULL, job_id = NULL
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, external_id text, odoo_snapshot jsonb, remote_snapshot jsonb, remote_version text)
             WHERE binding.id = row.id AND binding.state = 'creating'
            """,
            {"now": fields.Datetime.now(), "rows": json_rows(rows)},
        )

    @api.model
    def _link(self, flow, rows):
        """First contact with records that were found there: linked, and nothing agreed yet.

        :param list[dict] rows: ``res_id``, ``external_id``, ``remote_version``
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, inside, create_date, synced, fingerprint, odoo_snapshot, remote_snapshot,
                   res_id, external_id, remote_version)
            SELECT %(flow_id)s, %(model)s, 'linked', TRUE, %(now)s, %(now)s, '', '{}', '{}', row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (res_id int, external_id text, remote_version text)
            """,
            {**flow._row_values(), "rows": json_rows(rows)},
        )

    @api.model
    def _bind_nested(self, flow, rows):
        """Nested records that were sent with their parent, and are in its answer.

        :param list[dict] rows: ``external_id``, ``res_id``, ``odoo_snapshot``, ``remote_snapshot``, ``parent_id``
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            WITH row AS (
                SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                       external_id text, res_id int, odoo_snapshot jsonb, remote_snapshot jsonb, parent_id int)
            ), known AS (
                UPDATE bridge_binding binding
                   SET external_id = row.external_id, odoo_snapshot = row.odoo_snapshot, state = 'linked',
                       remote_snapshot = row.remote_snapshot, parent_id = row.parent_id, synced = %(now)s
                  FROM row
                 WHERE binding.flow_id = %(flow_id)s AND binding.res_id = row.res_id
             RETURNING binding.res_id
            )
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, create_date, synced, external_id, res_id, odoo_snapshot, remote_snapshot,
                   parent_id)
            SELECT %(flow_id)s, %(model)s, 'linked', %(now)s, %(now)s, row.external_id, row.res_id, row.odoo_snapshot,
                   row.remote_snapshot, row.parent_id
              FROM row WHERE NOT EXISTS (SELECT FROM known WHERE known.res_id = row.res_id)
            """,
            {**flow._row_values(), "rows": json_rows(rows)},
        )
        self.invalidate_model()

    @api.model
    def _not_sent(self, binding_ids):
        """The other system has certainly not seen these creations."""
        self.env.cr.execute(
            "UPDATE bridge_binding SET sent_at = NULL WHERE id = ANY(%s) AND state = 'creating'", [list(binding_ids)]
        )

    @api.model
    def _answered(self, binding_ids):
        """These creations were answered in a way that can not be read: that is no page of a proxy."""
        self.env.cr.execute(
            """
            UPDATE bridge_binding SET intent = intent || '{"answered": true}'
             WHERE id = ANY(%s) AND state = 'creating'
            """,
            [list(binding_ids)],
        )

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_sync(self):
        """Fetch these records again, and send what is new in Odoo, now."""
        self.env["bridge.run"]._check_operator(self)
        self.check_access("read")
        fetched, looked_at = set(), set()
        for flow, bindings in self.filtered(lambda binding: not binding.parent_id).grouped("flow_id").items():
            on_demand.sync_records(flow, bindings, bindings.mapped("res_id"), fetched, looked_at)
        return on_demand.tell(self.env, fetched, looked_at)

    def action_open_there(self):
        """Open the record in the other system."""
        self.ensure_one()
        self.check_access("read")
        return self.env["bridge.flow"]._open_there(self.open_url)

    def action_open_conflicts(self):
        return self.env["bridge.conflict"]._action_open_of("binding_id", self)

    def action_open_jobs(self):
        self.ensure_one()
        same = Domain.OR(Domain(name, "=", self[name]) for name in ("external_id", "res_id") if self[name])
        return self._opens("job", list(Domain("flow_id", "=", self.flow_id.id) & same), context={})

    def action_open_logs(self):
        self.ensure_one()
        domain = [("flow_id", "=", self.flow_id.id), ("external_id", "=", self.external_id)]
        return self._opens("log", domain, context={})


def _same_once(row):
    """Most new records have the same on both sides: that is carried to PostgreSQL once."""
    odoo, remote = row.get("odoo_snapshot"), row.get("remote_snapshot")
    # 1 and True are equal, and are not the same; inside a list nobody looks for that (``merge.same``).
    is_same = odoo and odoo == remote and all(type(value) is type(remote[name]) for name, value in odoo.items())
    return {**row, "remote_snapshot": None} if is_same else row


def _columns(model, odoo="binding.odoo_snapshot", remote="binding.remote_snapshot"):
    return BOUND.format(alive=_is_alive(model), odoo=odoo, remote=remote)


def _is_alive(model):
    return f'EXISTS (SELECT FROM "{model._table}" record WHERE record.id = binding.res_id)'
