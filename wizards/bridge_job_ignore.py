import json

from odoo import fields, models


class BridgeJobIgnore(models.TransientModel):
    _name = "bridge.job.ignore"
    _description = "Ignore Failures"

    domain = fields.Char(required=True, help="JSON: which failures. There may be more than a form can list.")
    reason = fields.Char(required=True)

    def action_ignore(self):
        """Close the failures; each comes back when its remote record changes."""
        self.ensure_one()
        self.env["bridge.job"].search(json.loads(self.domain))._ignore(self.reason)
