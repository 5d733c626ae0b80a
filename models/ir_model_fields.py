from odoo import api, models

from .base import SYNCED

MAPPED, IS_FILLED = "bridge_mapped_model", "bridge_is_filled"  # in the context of the form of a mapping

USUAL_KEYS = ("code", "default_code", "ref", "barcode")  # what related records are named by, where they have it
FORBIDDEN_FIELDS = {"id", "create_uid", "create_date", "write_uid", "write_date", "display_name", SYNCED}


class IrModelFields(models.Model):
    _inherit = "ir.model.fields"

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """Where a field to be mapped is chosen, the one that is called just so comes first; none that is not filled.

        Odoo finds "Company Name Entity" before "Name", because it sorts by technical names.
        """
        found = super().name_search(name, domain, operator, limit)
        model = self.env.get(self.env.context.get(MAPPED) or "")
        if model is None:
            return found
        if name and limit and len(found) >= limit:
            found = super().name_search(name, domain, operator, None)
        fields = self.browse(one for one, _label in found)
        is_any = not self.env.context.get(IS_FILLED)
        order = {one.id: _place(one, name) for one in fields if is_any or is_filled(model._fields.get(one.name))}
        found = sorted((one for one in found if one[0] in order), key=lambda one: order[one[0]])
        return found[:limit] if limit else found


def is_filled(field):
    """Can a field be filled, or does its model do it alone?"""
    return field is not None and (field.store or field.inverse) and not (field.compute and field.readonly)


def _place(field, name):
    """:return: smaller for a field that is more likely meant"""
    text, labels = name.strip().lower(), ((field.field_description or "").lower(), field.name.lower())
    return (
        text not in labels,
        not any(one.startswith(text) for one in labels),
        min(map(len, labels)),
    )
