from odoo import fields, models


class BridgeInstanceMixin(models.AbstractModel):
    """What a connector shows, and a person answers, where the database has woken up in another place."""

    _name = "bridge.instance.mixin"
    _description = "Question Whether the Database Is a Copy"

    instance_question = fields.Char(compute="_compute_instance_question")

    def _compute_instance_question(self):
        instance = self.env["bridge.instance"]
        question = False if instance._is_at_home() else instance._question()
        for connector in self:
            connector.instance_question = question

    def action_same_system(self):
        """It is the same system, which was moved: connectors that were live go on."""
        self.env["bridge.instance"]._answer(is_same=True)

    def action_is_copy(self):
        """It is a copy: what was to be sent is the original's matter, and all connectors stay on trial."""
        self.env["bridge.instance"]._answer(is_same=False)
