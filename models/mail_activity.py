from odoo import api, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    @api.readonly
    def action_open_document(self):
        """The activity of an alert leads at once to where one can do something about it, not first to the alert."""
        action = super().action_open_document()
        if self.res_model != "bridge.alert":
            return action
        alert = self.env["bridge.alert"].browse(self.res_id)
        return alert.action_open() if alert.has_access("read") else action
