import json

from odoo import api, fields, models
from odoo.fields import Domain

from ..models.bridge_run import DRAINS


class BridgeJobIgnore(models.TransientModel):
    _name = "bridge.job.ignore"
    _description = "Ignore Failures"

    domain = fields.Char(required=True, help="JSON: which failures. There may be more than a form can list.")
    job_count = fields.Integer("Records", compute="_compute_job_count")
    reason = fields.Char(required=True)

    @api.depends("domain")
    def _compute_job_count(self):
        for wizard in self:
            wizard.job_count = self.env["bridge.job"].search_count(wizard._jobs_domain())

    def _jobs_domain(self):
        return Domain(json.loads(self.domain or "[]")) & Domain("kind", "not in", DRAINS)

    def action_ignore(self):
        """Close the failures; each comes back when its remote record changes."""
        self.ensure_one()
        self.env["bridge.job"].search(self._jobs_domain())._ignore(self.reason)
