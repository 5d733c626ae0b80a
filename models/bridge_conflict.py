import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..jobs import on_demand
from ..road.pull.gather import shown_moment
from ..road.words import FIELD, GONE_IN_ODOO, GONE_THERE
from .roles import is_administrator

SIDES = [("odoo", "Odoo"), ("remote", "The other system")]
STANDING = "state IN ('open', 'decided')"


class BridgeConflict(models.Model):
    """A record on which both sides changed the same field, or one deleted what the other changed: a person decides.

    Until then the field goes neither way, and the snapshots stay as they were. A decision is no write: it lets the
    record take the road again, on which the chosen side wins; that closes the conflict, as does every other way by
    which both sides come to agree.
    """

    _name = "bridge.conflict"
    _description = "Conflict"
    _inherit = ["bridge.record.mixin"]
    _order = "id desc"

    binding_id = fields.Many2one("bridge.binding", required=True, ondelete="cascade", readonly=True)
    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", index=True, readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id", store=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    kind = fields.Selection(
        [
            (FIELD, "Changed on both sides"),
            (GONE_IN_ODOO, "Deleted in Odoo, changed there"),
            (GONE_THERE, "Deleted there, changed in Odoo"),
        ],
        required=True,
        readonly=True,
    )
    external_id = fields.Char(related="binding_id.external_id")
    record_name = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    record_label = fields.Char("Record", compute="_compute_record_label", search="_search_record_label")
    res_model = fields.Char(related="binding_id.res_model")
    res_id = fields.Many2oneReference(related="binding_id.res_id", model_field="res_model")
    field_name = fields.Char("Technical Field", readonly=True)
    field_label = fields.Char("Field", compute="_compute_field_label")
    odoo_value = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    remote_value = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    agreed_value = fields.Json(readonly=True, groups=fields.NO_ACCESS)  # when both sides last agreed
    odoo_text = fields.Char("In Odoo", compute="_compute_texts")
    remote_text = fields.Char("In the Other System", compute="_compute_texts")
    agreed_text = fields.Char(
        "Last Agreed", compute="_compute_texts", help="What both sides had when they last agreed."
    )
    question = fields.Char(compute="_compute_question")
    same_record = fields.Json("Of the Same Record", compute="_compute_same_record")
    odoo_user_id = fields.Many2one("res.users", "Changed in Odoo By", readonly=True)
    odoo_date = fields.Datetime("Changed in Odoo", readonly=True)
    remote_date = fields.Char("Changed There", readonly=True, help="As the other system says it.")
    remote_changed = fields.Datetime("Changed There On", compute="_compute_remote_changed")
    create_date = fields.Datetime("Found")
    state = fields.Selection(
        [("open", "Open"), ("decided", "Decided"), ("closed", "Closed")], default="open", required=True, readonly=True
    )
    decision = fields.Selection(SIDES, string="Keep", readonly=True)
    decided_by = fields.Many2one("res.users", readonly=True)
    decided = fields.Datetime(readonly=True)
    closed = fields.Datetime(readonly=True)
    settled = fields.Boolean("Settled by Itself", readonly=True, help="Both sides came to agree before the decision.")

    _standing = models.UniqueIndex(f"(binding_id, kind, COALESCE(field_name, '')) WHERE {STANDING}")
    _standing_flow = models.Index(f"(flow_id) WHERE {STANDING}")

    @api.depends("field_name", "kind")
    @api.depends_context("uid")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for conflict in self:
            about = conflict.field_label if conflict.kind == FIELD else kinds.get(conflict.kind)
            parts = (conflict.sudo(False).record_label or conflict.external_id, about)
            conflict.display_name = " · ".join(part for part in parts if part)

    @api.depends("field_name", "kind", "flow_id.model")
    def _compute_field_label(self):
        for conflict in self:
            label = conflict.flow_id.sudo()._field_label(conflict.field_name) or conflict.field_name
            conflict.field_label = label if conflict.kind == FIELD else self.env._("The whole record")

    @api.depends_context("uid", "lang", "tz")
    def _compute_texts(self):
        readable, hidden = self._readable(), self.env._("no access")
        deleted, changed = self.env._("Deleted"), self.env._("Changed")
        of_records = {GONE_IN_ODOO: (deleted, changed), GONE_THERE: (changed, deleted)}
        for conflict in self:
            kept = conflict.sudo()
            values = (kept.odoo_value, kept.remote_value, kept.agreed_value)
            texts = (*of_records.get(conflict.kind, map(conflict._in_words, values[:2])), conflict._in_words(values[2]))
            is_hidden = conflict.field_name and self._is_hidden_field(
                conflict.flow_id.sudo().model, conflict.field_name
            )
            if conflict not in readable or is_hidden:
                texts = (*of_records.get(conflict.kind, (hidden, hidden)), hidden)
            conflict.odoo_text, conflict.remote_text, conflict.agreed_text = texts

    @api.depends("remote_date")
    def _compute_remote_changed(self):
        for conflict in self:
            conflict.remote_changed = shown_moment(conflict.flow_id.sudo(), conflict.remote_date)

    @api.depends("kind")
    def _compute_question(self):
        questions = {
            FIELD: self.env._("Both sides have changed the same field. Whose value stands?"),
            GONE_IN_ODOO: self.env._(
                "The record was deleted in Odoo, and changed in the other system. Keep Odoo's: it is removed there as"
                " well. Keep theirs: it is made in Odoo again."
            ),
            GONE_THERE: self.env._(
                "The record was deleted in the other system, and changed in Odoo. Keep Odoo's: it is made there again."
                " Keep theirs: it is removed in Odoo, as the flow says."
            ),
        }
        for conflict in self:
            conflict.question = questions.get(conflict.kind)

    @api.depends_context("uid", "lang", "tz")
    def _compute_same_record(self):
        """For the form: this conflict, and all others of the record that stand, in the order of the mapping."""
        standing = [("binding_id", "in", self.binding_id.ids), ("state", "in", ("open", "decided"))]
        of_bindings = self.search(standing).grouped("binding_id")
        for conflict in self:
            rows = conflict | of_bindings.get(conflict.binding_id, conflict)
            names = rows.filtered("field_name").mapped("field_name")
            groups = self._read_group(conflict._others(names), ["field_name"], ["__count", "id:max"])
            others = {name: (count, latest) for name, count, latest in groups}
            mapped = conflict.flow_id.sudo().mapping_ids.mapped("field_name")
            order = {name: place for place, name in enumerate(mapped)}
            rows = rows.sorted(lambda row, order=order: (order.get(row.field_name, len(order)), row.id))
            conflict.same_record = [row._row(*others.get(row.field_name, (0, 0))) for row in rows]

    def _row(self, others, latest):
        """What the form shows of a conflict, as far as this person may read it.

        :param int others: how many other records have an open conflict about the same field
        :param int latest: the newest of them
        :rtype: dict
        """
        moments = {name: fields.Datetime.to_string(self[name]) for name in ("odoo_date", "remote_changed", "decided")}
        return {
            **{name: self[name] for name in ("id", "kind", "state", "decision", "odoo_text", "remote_text")},
            **{name: self[name] for name in ("agreed_text", "field_label", "remote_date")},
            **moments,
            "odoo_user": self.sudo().odoo_user_id.name,
            "others": others,
            "latest": latest,
        }

    def _others(self, names):
        """What finds the open conflicts about these fields of all other records of the flow.

        :param list[str] names: of fields
        :rtype: Domain
        """
        same_flow = Domain("flow_id", "=", self.flow_id.id) & Domain("binding_id", "!=", self.binding_id.id)
        return same_flow & Domain("kind", "=", FIELD) & Domain("field_name", "in", names) & Domain("state", "=", "open")

    @api.model
    def _asked_sql(self, alias, query):
        binding = query.left_join(alias, "binding_id", "bridge_binding", "id", "binding_id")
        return SQL.identifier(binding, "res_id")

    def _in_words(self, value):
        """A comparable value as a person reads it; related records by their names."""
        field = self.env.get(self.flow_id.model, self)._fields.get(self.field_name)
        return self.env["bridge.log"]._in_words(field, value) or "—"

    # ----------------------------------------------------------------------------------------------------------------
    # Found, settled
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _standing_of(self, flow, binding_ids):
        """What is open or decided and not yet carried out.

        :return: binding id to (kind, field name) to {"decision": side or None, "remote": value}
        :rtype: dict
        """
        self.flush_model()
        self.env.cr.execute(
            f"""
            SELECT binding_id, kind, field_name, decision, remote_value
              FROM bridge_conflict
             WHERE flow_id = %s AND binding_id = ANY(%s) AND {STANDING}
            """,
            [flow.id, list(binding_ids)],
        )
        found = {}
        for binding_id, kind, field_name, decision, remote in self.env.cr.fetchall():
            found.setdefault(binding_id, {})[kind, field_name] = {"decision": decision, "remote": remote}
        return found

    @api.model
    def _asks_if_gone(self, flow, record_id):
        """Is it to be decided whether this Odoo record, whose record was deleted there, stays?

        :rtype: bool
        """
        asked = [("flow_id", "=", flow.id), ("kind", "=", GONE_THERE), ("state", "in", ("open", "decided"))]
        return bool(self.search_count([*asked, ("binding_id.res_id", "=", record_id)], limit=1))

    @api.model
    def _keep(self, flow, rows):
        """Write down conflicts. One that stands gets the newest values; a decision about other values is none.

        :param list[dict] rows: columns of this table
        :return: how many are new
        :rtype: int
        """
        if not rows:
            return 0
        self.env.cr.execute(
            f"""
            INSERT INTO bridge_conflict (
                   flow_id, connector_id, company_id, state, create_date, binding_id, kind, field_name, record_name,
                   odoo_value, remote_value, agreed_value, odoo_user_id, odoo_date, remote_date)
            SELECT %(flow)s, %(connector)s, %(company)s, 'open', %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   binding_id int, kind text, field_name text, record_name text, odoo_value jsonb, remote_value jsonb,
                   agreed_value jsonb, odoo_user_id int, odoo_date timestamp, remote_date text)
       ON CONFLICT (binding_id, kind, COALESCE(field_name, '')) WHERE {STANDING} DO UPDATE
               SET odoo_value = excluded.odoo_value, remote_value = excluded.remote_value,
                   odoo_user_id = excluded.odoo_user_id, odoo_date = excluded.odoo_date,
                   remote_date = excluded.remote_date, record_name = excluded.record_name,
                   state = CASE WHEN bridge_conflict.odoo_value IS NOT DISTINCT FROM excluded.odoo_value
                                 AND bridge_conflict.remote_value IS NOT DISTINCT FROM excluded.remote_value
                                THEN bridge_conflict.state ELSE 'open' END,
                   decision = CASE WHEN bridge_conflict.odoo_value IS NOT DISTINCT FROM excluded.odoo_value
                                    AND bridge_conflict.remote_value IS NOT DISTINCT FROM excluded.remote_value
                                   THEN bridge_conflict.decision END
         RETURNING xmax = 0
            """,
            {
                "flow": flow.id,
                "connector": flow.connector_id.id,
                "company": flow.company_id.id or None,
                "now": fields.Datetime.now(),
                "rows": json.dumps(rows, default=str),
            },
        )
        new = sum(row[0] for row in self.env.cr.fetchall())
        self.invalidate_model()
        self.env["bridge.alert"]._wake()
        return new

    @api.model
    def _settle(self, pairs):
        """Close what does not stand any more: decided and carried out, or agreed upon by both sides.

        :param pairs: (binding id, kind, field name or None)
        """
        pairs = list(pairs)
        if not pairs:
            return
        self.flush_model()  # a decision of this transaction is one, and is not written over what is written here
        bindings, kinds, names = zip(*pairs, strict=True)
        self.env.cr.execute(
            f"""
            UPDATE bridge_conflict conflict
               SET state = 'closed', closed = clock_timestamp() AT TIME ZONE 'UTC', settled = decision IS NULL
              FROM unnest(%s::int[], %s::text[], %s::text[]) AS gone (binding_id, kind, field_name)
             WHERE conflict.binding_id = gone.binding_id AND conflict.kind = gone.kind
               AND conflict.field_name IS NOT DISTINCT FROM gone.field_name AND conflict.{STANDING}
            """,
            [list(bindings), list(kinds), list(names)],
        )
        self.invalidate_model()

    # ----------------------------------------------------------------------------------------------------------------
    # Deciding
    # ----------------------------------------------------------------------------------------------------------------

    def action_keep_odoo(self):
        """Odoo's value stands; the other system gets it."""
        return self._decide("odoo")

    def action_keep_remote(self):
        """The other system's value stands; Odoo gets it."""
        return self._decide("remote")

    def action_others_odoo(self, count=0, latest=0):
        """Odoo's value of this field stands in the other records of the flow that the person was told of.

        :param int count: how many that were
        :param int latest: the newest of their conflicts; what was found since stays open
        :raises UserError: if they are more now
        """
        return self._decide_others("odoo", count, latest)

    def action_others_remote(self, count=0, latest=0):
        """The other system's value of this field stands in the other records that the person was told of.

        :param int count: how many that were
        :param int latest: the newest of their conflicts; what was found since stays open
        :raises UserError: if they are more now
        """
        return self._decide_others("remote", count, latest)

    def _decide_others(self, side, count, latest):
        self.env["bridge.run"]._check_operator(self)
        self.ensure_one()
        on_demand.check_ids(self.env, [count, latest])
        if self.kind != FIELD:
            raise UserError(self.env._("A deleted record has no field that could be decided in others as well."))
        others = self.search(self._others([self.field_name]) & Domain("id", "<=", latest))
        if len(others) > count:  # a decision is none any more when one of the values has changed since
            raise UserError(
                self.env._(
                    "Meanwhile it is open in more records than you were asked about: %s. Nothing was decided; look at"
                    " them and press the button again.",
                    len(others),
                )
            )
        others._decide(side)
        return on_demand.said(self.env._("Conflicts that are decided: %s.", len(others)))

    def action_open_binding(self):
        """Open the external ID that the conflict is about."""
        return self._open_binding()

    def _decide(self, side):
        self.env["bridge.run"]._check_operator(self)
        conflicts = self.sudo().filtered(lambda conflict: conflict.state != "closed")
        conflicts.write(
            {"state": "decided", "decision": side, "decided_by": self.env.uid, "decided": fields.Datetime.now()}
        )
        for flow, of_flow in conflicts.grouped("flow_id").items():
            if side == "odoo" and flow.direction == "pull":
                of_flow._let_differ()
            else:
                self._look_again(flow, of_flow.binding_id, side)

    def _look_again(self, flow, bindings, side):
        """A person has decided about these records: they take the road again.

        :param str side: whose value stands
        """
        if flow.parent_id:
            self._look_again(flow.parent_id, bindings.parent_id, side)
        elif side == "odoo":
            self.env["bridge.change"]._note(flow.id, flow.model, bindings.mapped("res_id"))
        else:
            bindings._look_anew(bindings.ids)  # what is known already is looked at again
            if flow._operation("get"):
                self.env["bridge.job"]._enqueue_records(flow, bindings.mapped("external_id"))
            elif not flow.is_called:  # else it is taken when the other system sends it again
                flow._enqueue(trigger="manual", full=True)

    def _let_differ(self):
        """Nothing is ever sent, so both sides keep what they have, until the other system changes it again."""
        for conflict in self:
            binding, name = conflict.binding_id, conflict.field_name
            if conflict.kind == FIELD:
                binding.odoo_snapshot = {**(binding.odoo_snapshot or {}), name: conflict.odoo_value}
                binding.remote_snapshot = {**(binding.remote_snapshot or {}), name: conflict.remote_value}
        self._settle((conflict.binding_id.id, conflict.kind, conflict.field_name or None) for conflict in self)

    def action_always_odoo(self):
        """From now on Odoo wins for this field, also for what is open."""
        return self._always("odoo")

    def action_always_remote(self):
        """From now on the other system wins for this field, also for what is open."""
        return self._always("remote")

    def _always(self, side):
        if not is_administrator(self.env):
            raise AccessError(self.env._("Only an administrator of the Integration Bridge may change a mapping."))
        conflicts = self.filtered(lambda conflict: conflict.kind == FIELD)
        if not conflicts:
            raise UserError(self.env._("A deleted record has no field that one side could always win."))
        for flow, of_flow in conflicts.grouped("flow_id").items():
            names = list(set(of_flow.mapped("field_name")))
            flow.mapping_ids.filtered_domain([("field_name", "in", names)]).authority = side
            open_ones = [("flow_id", "=", flow.id), ("field_name", "in", names), ("state", "=", "open")]
            self.search(open_ones)._decide(side)

    @api.model
    def _count_open(self, field_name, records):
        """How many are open, of each of these records.

        :param str field_name: which relation to them, such as ``flow_id``
        :rtype: dict
        """
        domain = [(field_name, "in", records.ids), ("state", "=", "open")]
        return dict(self._read_group(domain, [field_name], ["__count"]))

    @api.model
    def _action_open_of(self, field_name, records):
        """Show the conflicts of these records, the open ones first.

        :raises AccessError: if this person may not read them
        """
        records.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_conflict_action")
        return {**action, "domain": [(field_name, "in", records.ids)]}

    @api.autovacuum
    def _gc_closed(self):
        days = int(self.env["ir.config_parameter"].sudo().get_param("integration_bridge.log_days", 90))
        before = fields.Datetime.subtract(fields.Datetime.now(), days=days)
        self.sudo().search([("state", "=", "closed"), ("closed", "<", before)], limit=10000).unlink()
