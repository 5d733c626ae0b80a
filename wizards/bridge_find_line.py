from odoo import api, fields, models
from odoo.exceptions import UserError

from ..jobs import on_demand
from ..models.roles import is_operator
from ..road.inside import inside


class BridgeFindLine(models.TransientModel):
    _name = "bridge.find.line"
    _description = "A Record That Was Found"

    find_id = fields.Many2one("bridge.find", required=True, ondelete="cascade")
    flow_id = fields.Many2one("bridge.flow", ondelete="cascade")
    connector_id = fields.Many2one(related="flow_id.connector_id")
    external_id = fields.Char("ID There")
    res_id = fields.Integer("Odoo Record ID")
    record_label = fields.Char("Record")
    state = fields.Selection(
        [
            ("failed", "Failed"),
            ("conflict", "In Conflict"),
            ("waiting", "Waits"),
            ("altered", "Another Value Kept"),
            ("ignored", "Ignored"),
            ("skipped", "Left Out"),
            ("gone", "Gone"),
            ("apart", "Not Connected"),
            ("here", "All Is Well"),
        ]
    )
    story = fields.Text()
    job_id = fields.Many2one("bridge.job", ondelete="cascade")
    binding_id = fields.Many2one("bridge.binding", ondelete="cascade")
    log_id = fields.Many2one("bridge.log", ondelete="cascade")
    delivery_id = fields.Many2one("bridge.delivery", ondelete="cascade")
    may_ask = fields.Boolean(help="The other system can be asked for it, which may change the story.")
    may_send = fields.Boolean(help="It should have been sent, and nothing has noted that.")
    can_retry = fields.Boolean(compute="_compute_can_retry")
    can_ask = fields.Boolean(compute="_compute_can_retry")
    can_send = fields.Boolean(compute="_compute_can_retry")
    open_url = fields.Char(related="binding_id.open_url")

    @api.depends("job_id.state", "may_ask", "may_send")
    @api.depends_context("uid")
    def _compute_can_retry(self):
        may = is_operator(self.env)
        for line in self:
            line.can_retry = may and line.job_id.state in ("failed", "pending")
            line.can_ask = may and line.may_ask
            line.can_send = may and line.may_send

    def action_retry(self):
        """Try the record again now, and look anew."""
        self.check_access("read")
        self.env["bridge.run"]._check_operator()
        self.job_id.action_retry()
        return self.find_id.action_find()

    def action_ask(self):
        """Fetch the record from the other system again, and look anew."""
        self.check_access("read")
        self.env["bridge.run"]._check_operator(self.flow_id)
        for line in self:
            find = line.find_id
            if not find._may_ask(line.flow_id, line.external_id, find._askable()):
                raise UserError(self.env._("The other system can not be asked for this record."))
            self.env["bridge.job"]._enqueue_records(line.flow_id, [line.external_id])
        return self.find_id.action_find()

    def action_send(self):
        """Have the record looked at and sent, and look anew."""
        self.check_access("read")
        self.env["bridge.run"]._check_operator(self.flow_id)
        for line in self:
            record = self.env[line.flow_id.model].browse(line.res_id).exists()._filtered_access("read")
            to_send = inside(line.flow_id, record.ids).ids
            on_demand.sync_records(line.flow_id, self.env["bridge.binding"], to_send, set(), set())
        self.env.cr.flush()  # what is noted is written at the end of a transaction, and is looked for now
        return self.find_id.action_find()

    def action_open_there(self):
        """Open the record in the other system."""
        self.ensure_one()
        self.check_access("read")
        return self.env["bridge.flow"]._open_there(self.open_url)

    def action_open(self):
        """What tells more: the failure, the conflict, the record itself, or the last line of the log."""
        self.ensure_one()
        self.check_access("read")
        if self.state == "conflict":
            action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_conflict_action")
            return {**action, "domain": [("binding_id", "=", self.binding_id.id)], "context": {}}
        for about in (
            self.job_id,
            self.binding_id if not self.res_id else None,
            self.log_id if not self.res_id else None,
            self.delivery_id if not self.res_id else None,
        ):
            if about:
                return self.env["bridge.binding"]._show_record(about._name, about.id)
        return self.env["bridge.binding"]._show_record(self.flow_id.model, self.res_id)
