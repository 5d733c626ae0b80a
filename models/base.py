from lxml import etree

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

USER = "integration_bridge.group_integration_bridge_user"
SYNCED = "bridge_is_synced"


class Base(models.AbstractModel):
    """The form of every model that a flow maps says how a record is with the other systems; its search finds the rest.

    A filter needs a field, and any model may be mapped tomorrow. So all have it, and it shows where a flow maps them.
    """

    _inherit = "base"

    bridge_is_synced = fields.Boolean(
        "Synced",
        compute="_compute_bridge_is_synced",
        search="_search_bridge_is_synced",
        groups=USER,
        exportable=False,
    )

    def _compute_bridge_is_synced(self):
        synced = set(self.env["bridge.binding"].search(self._bridge_bound(self.ids)).mapped("res_id"))
        for record in self:
            record.bridge_is_synced = record.id in synced

    @api.model
    def _search_bridge_is_synced(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        # A "NOT IN" of many bindings is compared row by row; of "NOT EXISTS" PostgreSQL makes a join.
        wanted = SQL("EXISTS") if operator == "in" else SQL("NOT EXISTS")

        def to_sql(_records, alias, _query):
            bound = self.env["bridge.binding"]._search(self._bridge_bound())
            bound.add_where(SQL("%s = %s", SQL.identifier(bound.table, "res_id"), SQL.identifier(alias, "id")))
            return SQL("%s %s", wanted, bound.subselect("1"))

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _bridge_bound(self, ids=None):
        """What finds the bindings of records of this model that another system has.

        :param list[int] ids: of records; None: all
        """
        return self.env["bridge.binding"]._there_of(self._name, ids)

    @api.model
    def _has_field_access(self, field, operation):
        if field.name == SYNCED and not self.env["bridge.flow"]._is_mapped_model(self._name):
            return False
        return super()._has_field_access(field, operation)

    @api.model
    def _get_default_form_view(self):
        """Odoo puts all fields into the form of a model that has none; this one is there for the search alone."""
        form = super()._get_default_form_view()
        for node in form.xpath(f".//field[@name='{SYNCED}']"):
            node.getparent().remove(node)
        return form

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        key = super()._get_view_cache_key(view_id, view_type, **options)
        return (*key, view_type in ADDED and self.env["bridge.flow"]._is_mapped_model(self._name))

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type in ADDED and self.env["bridge.flow"]._is_mapped_model(self._name):
            ADDED[view_type](self.env, arch)
        return arch, view


def _add_status(_env, arch):
    """Put the button where the form has its others; a form without a sheet has no place for it."""
    sheet = arch.find(".//sheet")
    if sheet is None:
        return
    box = arch.find(".//div[@name='button_box']")
    if box is None:
        box = etree.Element("div", {"name": "button_box", "class": "oe_button_box"})
        sheet.insert(0, box)
    box.append(etree.Element("widget", {"name": "bridge_status", "groups": USER}))


def _add_filter(env, arch):
    """Put the filter behind the others, as a group of its own."""
    about = {"name": "bridge_not_synced", "string": env._("Not Synced"), "domain": f"[('{SYNCED}', '=', False)]"}
    added = [etree.Element("separator"), etree.Element("filter", {**about, "groups": USER})]
    filters = [place for place, node in enumerate(arch) if node.tag == "filter"]
    place = filters[-1] + 1 if filters else len(arch)
    arch[place:place] = added


ADDED = {"form": _add_status, "search": _add_filter}
