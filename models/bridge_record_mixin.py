from odoo import api, models
from odoo.fields import Domain

from ..acting import is_sensitive_path


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

    # ----------------------------------------------------------------------------------------------------------------
    # Nobody reads here of a record what he may not read in it
    # ----------------------------------------------------------------------------------------------------------------

    def _asked_id(self):
        """The Odoo record that decides who may read this; 0 if there is none yet.

        :rtype: int
        """
        return self.res_id or 0

    def _readable(self):
        """Those of these lines whose record this person may read: its model, and by the record rules.

        What is not in Odoo, or not any more, is read by who may read the model.
        """
        found = self.browse()
        for model_name, lines in self.grouped(lambda line: line._record_model()).items():
            model = self.env.get(model_name)
            if model is None or not model.has_access("read"):
                continue
            ids = {line.id: line._asked_id() for line in lines.sudo()}
            records = model.browse(set(filter(None, ids.values()))).exists()
            hidden = set(records.ids) - set(records._filtered_access("read").ids)
            found |= lines.filtered(lambda line, ids=ids, hidden=hidden: ids[line.id] not in hidden)
        return found

    @api.model
    def _is_hidden_field(self, model_name, name):
        """May this person not read a field, or is it one that is never shown?

        :param str name: of a snapshot or change: with a dot for one of a record inside
        """
        outer, _dot, inner = name.partition(".")
        model = self.env.get(model_name)
        field = model._fields.get(outer) if model is not None else None
        if field is None:
            return is_sensitive_path(name)
        if not model._has_field_access(field, "read") or self.env["bridge.approval"]._is_secret(model_name, outer):
            return True
        return bool(inner and field.comodel_name) and self._is_hidden_field(field.comodel_name, inner)

    @api.depends_context("uid")
    def _compute_record_label(self):
        readable = self._readable()
        for line in self:
            name = line.sudo().record_name
            line.record_label = name if line in readable or not name else self.env._("no access")

    def _search_record_label(self, operator, value):
        """Names are found by who may read them, so that nobody guesses one letter by letter."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = self.browse(self.sudo()._search([("record_name", operator, value)]))
        return [("id", "in", found._filtered_access("read")._readable().ids)]

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
