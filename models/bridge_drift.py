from odoo import api, fields, models
from odoo.exceptions import UserError

from ..database import json_rows
from ..road.words import ALTERED, ALTERED_THERE, DIFFERENT, ONLY_ODOO, ONLY_THERE, UNLINKED, UNREADABLE

LONGEST = 80  # characters of a value in a line


class BridgeDrift(models.Model):
    """A record in which the two sides differ: as a full compare has found, or because one side keeps something else
    than it was given.

    Of the latter there is one line for each record, until a later write, a compare or a person finds it settled. What
    is ordered from a line takes the usual road.
    """

    _name = "bridge.drift"
    _description = "Difference"
    _inherit = ["bridge.record.mixin"]
    _order = "run_id desc, kind, id"
    _rec_name = "external_id"

    run_id = fields.Many2one("bridge.run", required=True, ondelete="cascade", index=True, readonly=True)
    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", index=True, readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id")
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    kind = fields.Selection(
        [
            (ONLY_ODOO, "Only in Odoo"),
            (ONLY_THERE, "Only in the other system"),
            (DIFFERENT, "Different"),
            (UNLINKED, "Not linked"),
            (UNREADABLE, "Can not be read"),
            (ALTERED, "Odoo keeps another value"),
            (ALTERED_THERE, "The other system keeps another value"),
        ],
        required=True,
        readonly=True,
    )
    record_name = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    record_label = fields.Char("Record", compute="_compute_record_label", search="_search_record_label")
    res_model = fields.Char("Odoo Model", related="flow_id.model")
    res_id = fields.Many2oneReference("Odoo Record ID", model_field="res_model", readonly=True)
    external_id = fields.Char("ID There", readonly=True)
    # Odoo field to value in Odoo and value there.
    differences = fields.Json("Different Values", readonly=True, groups=fields.NO_ACCESS)
    differences_text = fields.Char("Differences", compute="_compute_differences_text")
    message = fields.Text(readonly=True, groups=fields.NO_ACCESS)
    field_names = fields.Char("Fields", readonly=True, help="The technical names of the fields that differ.")
    state = fields.Selection(
        [("open", "Open"), ("ordered", "Ordered"), ("accepted", "Accepted")],
        default="open",
        required=True,
        readonly=True,
        help="Ordered: a push, pull or link was ordered; the next compare shows whether it helped. Accepted: it may"
        " stay as it is.",
    )

    can_push = fields.Boolean(compute="_compute_can")
    can_pull = fields.Boolean(compute="_compute_can")

    @api.depends("kind", "flow_id.direction", "res_id", "external_id")
    def _compute_can(self):
        for line in self:
            line.can_push = line.flow_id.direction != "pull" and bool(line._filtered_pushed())
            line.can_pull = line.flow_id.direction != "push" and bool(line._filtered_pulled())

    def _filtered_pushed(self):
        """Those of which Odoo has something to send."""
        return self.filtered(lambda line: line.res_id and line.kind != UNREADABLE)

    def _filtered_pulled(self):
        """Those of which the other system has something to take."""
        return self.filtered(lambda line: line.external_id and line.kind != ONLY_ODOO)

    @api.depends_context("uid")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.sudo(False).record_label or line.external_id or ""

    @api.depends_context("uid", "lang", "tz")
    def _compute_differences_text(self):
        readable, hidden = self._readable(), self.env._("no access")
        for line in self:
            flow, kept = line.flow_id.sudo(), line.sudo()
            parts = [
                self.env._(
                    "%(field)s: Odoo %(odoo)s, theirs %(theirs)s",
                    field=self._label_in(flow.model, name),
                    odoo=self._shown(flow.model, name, odoo),
                    theirs=self._shown(flow.model, name, remote),
                )
                for name, (odoo, remote) in (kept.differences or {}).items()
                if not self._is_hidden_field(flow.model, name)
            ]
            text = "; ".join(parts) or (hidden if kept.differences else kept.message)
            line.differences_text = text if line in readable else hidden

    @api.model
    def _shown(self, model_name, name, value):
        """A comparable value in words, short enough for a line."""
        outer, _dot, inner = name.partition(".")
        field = self.env[model_name]._fields.get(outer)
        if field is not None and inner:
            return self._shown(field.comodel_name, inner, value)
        text = self.env["bridge.log"]._in_words(field, value) or "—"
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    _altered_idx = models.Index("(flow_id, kind, external_id) WHERE kind IN ('altered', 'altered_there')")

    # ----------------------------------------------------------------------------------------------------------------
    # Ordering
    # ----------------------------------------------------------------------------------------------------------------

    def action_push(self):
        """Send Odoo's values of these records; create there what is only here."""
        lines = self._ordered(type(self)._filtered_pushed)
        for flow, of_flow in lines.grouped("flow_id").items():
            if flow.direction == "pull":
                raise UserError(self.env._("The flow “%s” sends nothing to the other system.", flow.display_name))
            gone = of_flow.filtered(lambda line: line.kind == ONLY_ODOO and line.external_id)
            gone._bindings().write({"state": "removed"})  # so the compare has found
            of_flow.filtered(lambda line: line.kind == UNLINKED)._link_same()
            self.env["bridge.job"]._enqueue_pushes(flow, of_flow.mapped("res_id"), prefer="odoo")

    def action_pull(self):
        """Fetch these records, and take their values from the other system."""
        lines = self._ordered(type(self)._filtered_pulled)
        for flow, of_flow in lines.grouped("flow_id").items():
            if flow.direction == "push":
                raise UserError(self.env._("The flow “%s” takes nothing from the other system.", flow.display_name))
            self.env["bridge.job"]._enqueue_records(flow, of_flow.mapped("external_id"), prefer="remote")

    def action_accept(self):
        """What a side keeps may stay: the lines are not open any more, until another value is kept."""
        self._ordered(lambda line: line.kind in (ALTERED, ALTERED_THERE)).state = "accepted"

    def action_link(self):
        """Bind a record of Odoo and one of the other system: those of one line, or of two that belong together."""
        lines = self._ordered(lambda line: line.kind in (UNLINKED, ONLY_ODOO, ONLY_THERE))
        lines.filtered(lambda line: line.kind == UNLINKED)._link_same()
        here = lines.filtered(lambda line: line.kind == ONLY_ODOO and not line.external_id)
        there = lines.filtered(lambda line: line.kind == ONLY_THERE and not line.res_id)
        if len(here) == 1 and len(there) == 1 and here.flow_id == there.flow_id:
            here._link(there.external_id)
        elif here or there:
            raise UserError(
                self.env._("Choose one record that is only in Odoo and one of the same flow that is only there.")
            )

    def _ordered(self, condition):
        self.env["bridge.run"]._check_operator(self)
        lines = self.sudo().filtered(condition)
        if not lines:
            raise UserError(self.env._("None of the chosen lines can be handled like this."))
        lines.state = "ordered"
        return lines

    def _bindings(self):
        found = self.env["bridge.binding"].sudo()
        for flow, lines in self.grouped("flow_id").items():
            found |= found.search([("flow_id", "=", flow.id), ("res_id", "in", lines.mapped("res_id"))])
        return found

    def _link_same(self):
        for line in self:
            line._link(line.external_id)

    def _link(self, external_id):
        """Bind, with nothing agreed yet: the first contact of the two records decides field by field."""
        self.ensure_one()
        bindings = self.env["bridge.binding"].sudo()
        if bindings.search_count(
            [("flow_id", "=", self.flow_id.id), "|", ("external_id", "=", external_id), ("res_id", "=", self.res_id)]
        ):
            raise UserError(self.env._("“%s” is linked already. Compare again.", self.record_label))
        bindings.create({"flow_id": self.flow_id.id, "external_id": external_id, "res_id": self.res_id})
        if self.flow_id.direction != "push" and self.flow_id._operation("get"):
            self.env["bridge.job"]._enqueue_records(self.flow_id, [external_id])
        if self.flow_id.direction != "pull":
            self.env["bridge.change"]._note(self.flow_id.id, self.flow_id.model, [self.res_id])

    @api.model
    def _insert(self, flow, run, rows):
        """The report of a run.

        :param list[dict] rows: ``kind``, and ``external_id``, ``res_id``, ``record_name``, ``differences``, ``message``
            where there are
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            INSERT INTO bridge_drift (
                   run_id, flow_id, company_id, state, create_date, kind, external_id, res_id, record_name, differences,
                   message, field_names)
            SELECT %(run)s, %(flow_id)s, %(company_id)s, 'open', %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   kind text, external_id text, res_id int, record_name text, differences jsonb, message text,
                   field_names text)
            """,
            {**flow._row_values(), "run": run.id, "rows": json_rows(map(_with_names, rows))},
        )
        run.invalidate_recordset(["drift_ids"])

    @api.model
    def _altered_fields(self, flow, external_ids):
        """Of which fields of these records it was told that Odoo keeps another value.

        :return: remote id to names
        :rtype: dict[str, set]
        """
        return {line.external_id: set(line.differences) for line in self._told_of(flow, ALTERED, external_ids)}

    @api.model
    def _told_of(self, flow, kind, external_ids):
        """What is told of these records; it is asked for with every page, and there is nearly never any.

        :rtype: BridgeDrift
        """
        self.flush_model()
        self.env.cr.execute(
            "SELECT id FROM bridge_drift WHERE flow_id = %s AND kind = %s AND external_id = ANY(%s) ORDER BY id",
            [flow.id, kind, list(external_ids)],
        )
        return self.sudo().browse(row[0] for row in self.env.cr.fetchall())

    @api.model
    def _altered_bindings(self, binding_ids):
        """Those of these bindings of which one side keeps another value, as nobody has accepted yet.

        :rtype: set[int]
        """
        self.flush_model()
        self.env.cr.execute(
            """
            SELECT binding.id
              FROM bridge_drift drift
              JOIN bridge_binding binding ON binding.flow_id = drift.flow_id AND binding.external_id = drift.external_id
             WHERE binding.id = ANY(%s) AND drift.kind IN %s AND drift.state = 'open'
            """,
            [list(binding_ids), (ALTERED, ALTERED_THERE)],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _keep_altered(self, flow, run, kind, fields_of, rows):
        """What a side keeps of records that were written just now; what was kept of them before is over.

        A line that says nothing new stays as it is, also if a person has accepted it.

        :param str kind: which side
        :param dict fields_of: remote id of each record that was written, or is gone, to the fields of which it is known
            now; None: all of them
        :param list[dict] rows: as for ``_insert``, of those of which it keeps something else
        """
        known = self._told_of(flow, kind, fields_of)
        by_id, settled = {row["external_id"]: row for row in rows}, self.browse()
        for line in known:
            external_id, names = line.external_id, fields_of[line.external_id]
            found = by_id.get(external_id, {}).get("differences", {})
            still = (
                {} if names is None else {name: pair for name, pair in line.differences.items() if name not in names}
            )
            both = {**still, **found}
            if both and line.state != "ordered" and both.items() <= line.differences.items():
                by_id.pop(external_id, None)
                if both != line.differences:
                    line.write({"differences": both, "field_names": _names(both)})
                continue
            settled |= line
            if both:
                row = {"external_id": external_id, "res_id": line.res_id, "record_name": line.record_name}
                by_id[external_id] = {**row, **by_id.get(external_id, {}), "differences": both}
        settled.unlink()
        self._insert(flow, run, [{**row, "kind": kind} for row in by_id.values()])

    def action_open_record(self):
        """Open the Odoo record, if there is one."""
        self.ensure_one()
        self.check_access("read")
        if not self.res_id:
            raise UserError(self.env._("“%s” is not in Odoo.", self.record_label or self.external_id))
        return super().action_open_record()


def _with_names(row):
    return {**row, "field_names": _names(row.get("differences"))}


def _names(differences):
    return ", ".join(sorted(differences)) if differences else None
