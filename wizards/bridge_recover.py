import re

from odoo import fields, models
from odoo.exceptions import UserError


class BridgeRecover(models.TransientModel):
    _name = "bridge.recover"
    _description = "Fetch Records by ID There"

    flow_id = fields.Many2one(
        "bridge.flow", required=True, domain=[("parent_id", "=", False), ("direction", "!=", "push")]
    )
    external_ids = fields.Text("IDs There", required=True, help="One in each line.")

    def action_recover(self):
        """Fetch these records now, whether they failed, were missed, or are as they should be."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self.flow_id)
        external_ids = list(dict.fromkeys(filter(None, map(str.strip, re.split(r"[\r\n]+", self.external_ids)))))
        if not external_ids:
            raise UserError(self.env._("Write at least one ID there."))
        jobs = self.env["bridge.job"]._enqueue_records(self.flow_id, external_ids).sudo(False)
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_job_action")
        return {**action, "domain": [("id", "in", jobs.ids)], "context": {}}
