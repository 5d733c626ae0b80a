from odoo import fields, models


class BridgeJobIgnore(models.TransientModel):
    _name = "bridge.job.ignore"
    _description = "Ignore Failures"

    job_ids = fields.Many2many("bridge.job", string="Failures")
    reason = fields.Char(required=True)

    def action_ignore(self):
        """Close the failures; each comes back when its remote record changes."""
        self.ensure_one()
        self.job_ids._ignore(self.reason)
