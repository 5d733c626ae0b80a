from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# What the favourites of data/ir_filters.xml are called. Odoo keeps one name of each, for all languages.
NAMES = {
    "Failed This Week, by Reason": _lt("Failed This Week, by Reason"),
    "Conflicts per Connector": _lt("Conflicts per Connector"),
    "Open, by Connector and Message": _lt("Open, by Connector and Message"),
    "Waiting the Longest": _lt("Waiting the Longest"),
    "By Connector and Reason": _lt("By Connector and Reason"),
    "Oldest First": _lt("Oldest First"),
    "Gone There, by Flow": _lt("Gone There, by Flow"),
    "Unchanged the Longest": _lt("Unchanged the Longest"),
}


class IrFilters(models.Model):
    _inherit = "ir.filters"

    @api.model
    def get_filters(self, model, *args, **kwargs):
        """What is called like a favourite of ours, so ours as well, is named in the reader's language."""
        found = super().get_filters(model, *args, **kwargs)
        for favourite in found if model.startswith("bridge.") else ():
            if name := NAMES.get(favourite["name"]):
                favourite["name"] = self.env._(name)
        return found
