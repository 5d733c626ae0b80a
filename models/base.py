from lxml import etree

from odoo import api, models


class Base(models.AbstractModel):
    """The form of every model that a flow maps says how a record is with the other systems."""

    _inherit = "base"

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        key = super()._get_view_cache_key(view_id, view_type, **options)
        return (*key, view_type == "form" and self.env["bridge.flow"]._is_mapped_model(self._name))

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form" and self.env["bridge.flow"]._is_mapped_model(self._name):
            _add_status(arch)
        return arch, view


def _add_status(arch):
    """Put the button where the form has its others; a form without a sheet has no place for it."""
    sheet = arch.find(".//sheet")
    if sheet is None:
        return
    box = arch.find(".//div[@name='button_box']")
    if box is None:
        box = etree.Element("div", {"name": "button_box", "class": "oe_button_box"})
        sheet.insert(0, box)
    attributes = {"name": "bridge_status", "groups": "integration_bridge.group_integration_bridge_user"}
    box.append(etree.Element("widget", attributes))
