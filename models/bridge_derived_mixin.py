from odoo import api, models


class BridgeDerivedMixin(models.AbstractModel):
    """What follows from another record, such as the company from the connector, is not written by anybody.

    Odoo keeps such fields in columns, so that rules can ask for them, and takes a value that is written to them like
    any other: a flow could be moved into a company that does not have its connector. Of a new record it works them out
    by itself, whatever is given.
    """

    _name = "bridge.derived.mixin"
    _description = "With Fields That Follow"

    @api.model
    def _followers(self):
        """:rtype: set[str]"""
        return {name for name, field in self._fields.items() if field.related and field.store}

    def write(self, vals):
        followers = self._followers()
        return super().write({name: value for name, value in vals.items() if name not in followers})
