from markupsafe import Markup

from odoo import api, fields, models

from ..remote.redaction import is_credential, is_sensitive, literal_secret, secret_in_url
from ..remote.template import placeholders


class BridgeFlowPart(models.AbstractModel):
    """What an operation and a field mapping have in common: they say what a flow does."""

    _name = "bridge.flow.part"
    _description = "Part of a Flow"
    _inherit = ["bridge.derived.mixin"]

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True, index=True)

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        self.env["bridge.approval"]._has_new(parts.flow_id.connector_id, parts)
        parts.flow_id._configuration_changed()
        return parts

    def write(self, vals):
        flows = self.flow_id | self.flow_id.browse(vals.get("flow_id") or ())
        with self.env["bridge.approval"]._configuring(flows.connector_id):
            result = super().write(vals)
        self.flow_id._configuration_changed()
        return result

    def unlink(self):
        flows = self.flow_id
        with self.env["bridge.approval"]._configuring(flows.connector_id):
            result = super().unlink()
        flows.exists()._configuration_changed()
        return result

    @api.model
    def _credential_in(self, name, part):
        """The name under which a part of a request has a credential itself, where a placeholder may have stood.

        :param str name: ``path``, ``query``, ``headers`` or another one
        :param part: text, or JSON
        :rtype: str | None
        """
        if name == "path":
            return secret_in_url(part or "")
        carries = {"headers": is_credential, "query": is_sensitive}.get(name)
        named = part.items() if carries and part else ()
        return next((key for key, value in named if carries(key) and not placeholders(value)), literal_secret(part))

    @api.model
    def _render_options(self, options):
        """Options and what they do, as a small table for a form."""
        if not options:
            return Markup("<p class='text-muted'>%s</p>") % self.env._("There is nothing to set.")
        row = Markup("<tr><td class='pe-3'><code>%s</code></td><td>%s</td></tr>")
        return Markup("<table>%s</table>") % Markup("").join(row % pair for pair in options)
