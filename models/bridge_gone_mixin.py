from odoo import api, fields, models
from odoo.exceptions import UserError

from ..json_text import read_json

ALLOWED_BUTTONS = "integration_bridge.allowed_buttons"


class BridgeGoneMixin(models.AbstractModel):
    """What becomes of an Odoo record whose remote record is gone."""

    _name = "bridge.gone.mixin"
    _description = "Rule for What Is Gone"

    delete_policy = fields.Selection(
        [
            ("archive", "Archive"),
            ("unlink", "Delete"),
            ("mark", "Write values or press a button"),
            ("flag", "Mark the external ID"),
            ("ignore", "Ignore"),
        ],
        string="Deleted Remotely",
        default="archive",
        required=True,
        help="What happens in Odoo to a record that was deleted in the other system.",
    )
    gone_values = fields.Text(
        "Values to Write", help='JSON: Odoo fields and values of a record that is gone there: {"active": false}'
    )
    gone_button = fields.Char(
        "Button to Press",
        help="The method behind a button of the record's form, such as action_cancel. The settings say which are"
        " allowed.",
    )

    @api.constrains("model_id", "delete_policy")
    def _check_delete_policy(self):
        for flow in self:
            if flow.delete_policy == "archive" and not self.env[flow.model]._active_name:
                flow._refuse(
                    self.env._("records of %s can not be archived; choose another rule for deleted records", flow.model)
                )

    @api.constrains("model_id", "delete_policy", "gone_values", "gone_button")
    def _check_gone(self):
        allowed = self._allowed_buttons()
        for flow in self:
            values = read_json(flow, "gone_values") or {}
            if flow.delete_policy == "mark" and not values and not flow.gone_button:
                flow._refuse(self.env._("say which values are written, or which button is pressed, for what is gone"))
            unknown = [name for name in values if name not in self.env[flow.model]._fields]
            if unknown:
                flow._refuse(self.env._("%(model)s has no field “%(field)s”", model=flow.model, field=unknown[0]))
            button = f"{flow.model}.{flow.gone_button}"
            if flow.gone_button and (button not in allowed or flow.gone_button.startswith("_")):
                flow._refuse(
                    self.env._(
                        "the button “%s” is not allowed. An administrator of Odoo can allow it in the settings of the"
                        " Integration Bridge.",
                        button,
                    )
                )
            if flow.gone_button and not callable(getattr(type(self.env[flow.model]), flow.gone_button, None)):
                flow._refuse(self.env._("there is no button “%s”", button))

    @api.model
    def _allowed_buttons(self):
        """:rtype: set[str]"""
        text = self.env["ir.config_parameter"].sudo().get_param(ALLOWED_BUTTONS) or ""
        return set(text.replace(",", " ").split())

    def _mark_gone(self, records):
        """Do to records of the flow's model what its rule says of those that are gone.

        :param records: as the acting user sees them
        :raises UserError: if the button is not allowed any more; and what the model raises
        """
        values = read_json(self, "gone_values") or {}
        if values:
            records.write(values)
        if self.gone_button:
            self._check_gone()
            answer = getattr(records, self.gone_button)()
            if isinstance(answer, dict) and str(answer.get("type", "")).startswith("ir.actions.act_window"):
                raise UserError(
                    self.env._("the button “%s” asks a question first, so nothing was done", self.gone_button)
                )
