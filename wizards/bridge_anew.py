from odoo import api, fields, models
from odoo.exceptions import UserError

from ..jobs import on_demand
from ..jobs.schedule import KINDS


class BridgeAnew(models.TransientModel):
    """Takes one side's values, whatever both sides had agreed on: of chosen fields, of some records or of all.

    It ends what a sync can not end, because to it nothing has changed: after a mapping was corrected, or where one side
    had kept something else than it was given.
    """

    _name = "bridge.anew"
    _description = "Pull or Push Again"

    flow_id = fields.Many2one("bridge.flow", required=True, readonly=True)
    kind = fields.Selection([("pull", "Pull Again"), ("push", "Push Again")], required=True, readonly=True)
    chosen_ids = fields.Json(readonly=True, help="IDs There of what is pulled, Odoo IDs of what is pushed.")
    count = fields.Integer("Records", compute="_compute_count")
    mapping_ids = fields.Many2many(
        "bridge.field.mapping",
        string="Fields",
        domain="[('flow_id', '=', flow_id)]",
        help="Empty: all fields that go this way.",
    )

    @api.model
    def default_get(self, fields_list):
        """Of the records that are chosen in a list, or of the whole flow."""
        values = super().default_get(fields_list)
        model, ids = self.env.context.get("active_model"), self.env.context.get("active_ids") or []
        if model not in ("bridge.binding", "bridge.drift") or values.get("flow_id"):
            return values
        records = self.env[model].browse(ids)
        if model == "bridge.binding":
            records = records.filtered(lambda binding: not binding.parent_id)
        column = "external_id" if values.get("kind", "pull") == "pull" else "res_id"
        records = records.filtered(column)
        if len(records.flow_id) != 1:
            raise UserError(self.env._("Choose records of one flow that are on both sides."))
        return {**values, "flow_id": records.flow_id.id, "chosen_ids": list(dict.fromkeys(records.mapped(column)))}

    @api.constrains("chosen_ids")
    def _check_chosen_ids(self):
        for wizard in self.filtered(lambda one: one.chosen_ids is not False):
            on_demand.check_ids(self.env, wizard.chosen_ids, (int, str))

    @api.depends("flow_id", "chosen_ids")
    def _compute_count(self):
        for wizard in self:
            wizard.count = wizard.flow_id.binding_count if wizard.chosen_ids is False else len(wizard.chosen_ids)

    def action_preview(self):
        """Show what it would do to the first records, and write nothing."""
        flow, anew = self._ordered()
        run = self.env["bridge.run"].sudo()._start(flow, "manual", full=True, dry_run=True, kind=self.kind, anew=anew)
        run._preview()
        return run.sudo(False)._action_open()

    def action_start(self):
        """Do it."""
        flow, anew = self._ordered()
        if flow.connector_id.state == "disabled":
            raise UserError(self.env._("The connector “%s” is disabled. Set it to Live first.", flow.connector_id.name))
        if self.kind == "pull" and anew["ids"] is not None and flow._operation("get"):
            jobs = self.env["bridge.job"]._enqueue_records(flow, anew["ids"], prefer="remote", anew=anew)
            return jobs.run_id[:1].sudo(False)._action_open()
        run = self.env["bridge.run"].sudo()._enqueue(flow, "manual", full=True, kind=self.kind, anew=anew)
        return run.sudo(False)._action_open()

    def _ordered(self):
        """:return: the flow, and what is taken anew, as a run keeps it"""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self.flow_id)
        flow = self.flow_id.sudo()
        if self.kind not in KINDS[flow.direction]:
            raise UserError(
                self.env._("The flow “%s” takes nothing from the other system.", flow.display_name)
                if self.kind == "pull"
                else self.env._("The flow “%s” sends nothing to the other system.", flow.display_name)
            )
        rules = [mapping._rule() for mapping in self.sudo().mapping_ids or flow.mapping_ids]
        names = [
            rule.field
            for rule in rules
            if (rule.pulls if self.kind == "pull" else rule.pushes) and (self.mapping_ids or not rule.create_only)
        ]
        if not names:
            raise UserError(self.env._("None of these fields goes this way. Choose others, or none for all of them."))
        return flow, {"fields": names, "ids": None if self.chosen_ids is False else self.chosen_ids}
