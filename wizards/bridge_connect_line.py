from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..assistant import flow as flows
from ..assistant.model_names import model_for
from ..assistant.sample import segment_of
from ..models.bridge_code_mixin import code_of
from .reasons import told

WAYS = [("pull", "To Odoo"), ("push", "From Odoo"), ("both", "Both ways")]


class BridgeConnectLine(models.TransientModel):
    """A list of records that an OpenAPI document describes."""

    _name = "bridge.connect.line"
    _description = "List of Records of a System to Connect"
    _rec_name = "name"
    _order = "id"

    connect_id = fields.Many2one("bridge.connect", required=True, ondelete="cascade", index=True)
    is_chosen = fields.Boolean("Sync")
    name = fields.Char(required=True)
    path = fields.Char(readonly=True)
    model_id = fields.Many2one(
        "ir.model", "Odoo Model", domain=[("transient", "=", False), ("abstract", "=", False)], ondelete="cascade"
    )
    direction = fields.Selection(WAYS, required=True, default="pull")
    reading = fields.Char("How It Is Read", readonly=True)
    reasons = fields.Html("Why", readonly=True)
    proposed = fields.Json("Proposed Flows, by Direction", readonly=True)

    @api.model
    def _values_of(self, collection):
        """What is shown of a list, and what is proposed for it.

        :param Collection collection: of a description
        :rtype: dict
        """
        model = model_for(segment_of(collection.path), lambda name: self._is_here(name))
        _said, asked = flows.said_and_asked(collection)
        return {
            "name": collection.name,
            "path": collection.path,
            "model_id": self.env["ir.model"]._get_id(model) if model else False,
            "reading": self._reading(collection.proposal),
            "reasons": self._told(collection, asked),
            "proposed": {way: flows.flow_values(collection, way) for way, _label in WAYS},
        }

    @api.model
    def _is_here(self, name):
        model = self.env.get(name)
        return model is not None and not model._abstract and not model._transient

    def _reading(self, proposal):
        pagings = dict(self.env["bridge.operation"]._selection_pagination())
        parts = [proposal.id.path or self.env._("no ID found"), pagings[proposal.paging.kind]]
        return " · ".join([*parts, *([self.env._("only changes")] if proposal.since else [])])

    def _told(self, collection, asked):
        """Why it is read so, and what is missing still."""
        labels = self._labels()
        row = Markup("<tr><td class='pe-3 text-nowrap'>%s</td><td class='pe-3'><code>%s</code></td><td>%s</td></tr>")
        rows = [
            row % (labels[what], value, told(self.env, why))
            for what, value, why in flows.reasons_of(collection.proposal)
        ]
        text = Markup("<table>%s</table>") % Markup("").join(rows)
        if asked:
            text += Markup("<p class='text-warning-emphasis mt-2'>%s</p>") % self.env._(
                "The list must be asked with: %s. What to send there only you know; enter it afterwards, in the"
                " operation's parameters.",
                ", ".join(asked),
            )
        return text

    @api.model
    def _labels(self):
        return {
            "records": self.env._("Records in the answer"),
            "id": self.env._("ID"),
            "updated": self.env._("Updated at"),
            "deleted": self.env._("Deleted marker"),
            "pagination": self.env._("Pagination"),
            "since": self.env._("Only changes"),
        }

    def _flow(self, taken):
        """The flow of the definition.

        :param set taken: codes of flows that were given already; it gets this one
        :raises UserError: if no model is chosen
        """
        if not self.model_id:
            raise UserError(
                self.env._(
                    "Choose the Odoo model for “%s”, or do not tick it: what its records are in Odoo.", self.name
                )
            )
        own, number = code_of(self.name) or "list", 1
        code = own
        while code in taken:
            number += 1
            code = f"{own}_{number}"
        taken.add(code)
        values = {"code": code, "name": self.name, "model": self.model_id.model, **self.proposed[self.direction]}
        if not self.env[self.model_id.model]._active_name:  # there is nothing to archive it by
            values["delete_policy"] = "flag"
        return values
