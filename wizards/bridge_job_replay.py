from odoo import fields, models
from odoo.exceptions import UserError

from ..json_text import read_json


class BridgeJobReplay(models.TransientModel):
    _name = "bridge.job.replay"
    _description = "Edit and Replay"
    _rec_name = "job_id"

    job_id = fields.Many2one("bridge.job", required=True, readonly=True)
    error_message = fields.Text(related="job_id.error_text", related_sudo=False)
    payload_text = fields.Text("Remote Record", required=True)

    def action_replay(self):
        """Do the record again as it is written here."""
        self.ensure_one()
        payload = read_json(self, "payload_text")
        if not payload:
            raise UserError(self.env._("Write the whole record as JSON."))
        self.job_id._replay(payload)
