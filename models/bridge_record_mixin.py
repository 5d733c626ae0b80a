from odoo import api, models


class BridgeRecordMixin(models.AbstractModel):
    """What tells about one Odoo record, in ``res_id``, can name and open it."""

    _name = "bridge.record.mixin"
    _description = "About an Odoo Record"

    def _record_model(self):
        """The name of the record's model.

        :rtype: str
        """
        return self.res_model

    def action_open_record(self):
        """Open the Odoo record."""
        self.ensure_one()
        self.check_access("read")
        return self._show_record(self._record_model(), self.res_id)

    @api.model
    def _name_of_record(self, model_name, record_id):
        """An Odoo record's name, as far as this user may read it."""
        if not record_id or model_name not in self.env:
            return False
        record = self.env[model_name].browse(record_id).exists()
        if not record:
            return self.env._("deleted in Odoo")
        return record.display_name if record.has_access("read") else self.env._("no access")

    @api.model
    def _show_record(self, model_name, record_id):
        """The action that shows one Odoo record."""
        return {
            "type": "ir.actions.act_window",
            "res_model": model_name,
            "res_id": record_id,
            "views": [(False, "form")],
        }
