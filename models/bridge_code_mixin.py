import re
import unicodedata

from odoo import api, fields, models


class BridgeCodeMixin(models.AbstractModel):
    """What has a name for people and a code for definitions: the code is proposed while the name is typed."""

    _name = "bridge.code.mixin"
    _description = "With a Code"

    name = fields.Char(required=True)
    code = fields.Char(required=True)

    @api.onchange("name")
    def _onchange_name(self):
        if self.name and not self.code:
            self.code = code_of(self.name)


def code_of(name):
    """A code from a name: small letters, digits and underscores.

    :rtype: str
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
