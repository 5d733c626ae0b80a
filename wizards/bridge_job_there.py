from odoo import fields, models
from odoo.exceptions import UserError


class BridgeJobThere(models.TransientModel):
    _name = "bridge.job.there"
    _description = "It Is There"
    _rec_name = "job_id"

    job_id = fields.Many2one("bridge.job", required=True, readonly=True)
    record_name = fields.Char(related="job_id.record_label", related_sudo=False)
    flow_id = fields.Many2one(related="job_id.flow_id", related_sudo=False)
    external_id = fields.Char("ID There", required=True, help="As the other system shows it.")

    def action_resolve(self):
        """This is the remote record that was sent to be created: link it."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self.job_id)
        external_id = self.external_id.strip()
        if not external_id:
            raise UserError(self.env._("Write the ID that the record has there."))
        self.job_id._resolve_there(external_id)
