from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..json_text import read_json
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
        """:raises ValidationError: what is written is no domain of failures"""
        try:
            domain = Domain(read_json(self, "domain", (list,)) or [])
            domain.validate(self.env["bridge.job"])
        except (ValueError, TypeError) as error:
            raise ValidationError(
                self.env._("These failures can not be found: %s. Choose them in the list again.", error)
            ) from error
        return domain & Domain("kind", "not in", DRAINS)

    def action_ignore(self):
        """Close the failures; each comes back when its remote record changes."""
        self.ensure_one()
        self.env["bridge.job"].search(self._jobs_domain())._ignore(self.reason)
