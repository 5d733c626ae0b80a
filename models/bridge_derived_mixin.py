from odoo import api, models


class BridgeDerivedMixin(models.AbstractModel):
    """What follows from another record, such as the company from the connector, is not written by anybody.

    Odoo keeps such fields in columns, so that rules can ask for them, and would take a value for them like any other: a
    flow could be moved into a company that does not have its connector.
    """

    _name = "bridge.derived.mixin"
    _description = "With Fields That Follow"

    @api.model
    def _followers(self):
        """:rtype: set[str]"""
        return {name for name, field in self._fields.items() if field.related and field.store}

    @api.model_create_multi
    def create(self, vals_list):
        followers = self._followers()
        defaults = {f"default_{name}" for name in followers}
        context = {name: value for name, value in self.env.context.items() if name not in defaults}
        vals_list = [{name: one for name, one in vals.items() if name not in followers} for vals in vals_list]
        return super(BridgeDerivedMixin, self.with_context(context)).create(vals_list)

    def write(self, vals):
        followers = self._followers()
        return super().write({name: value for name, value in vals.items() if name not in followers})
