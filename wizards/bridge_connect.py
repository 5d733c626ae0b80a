import json
from pathlib import Path

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.bridge_authentication_mixin import uses_of
from ..models.bridge_code_mixin import code_of

GALLERY = Path(__file__).parent.parent / "data" / "gallery"
WITHOUT = "none"  # nothing from the gallery: only an address


class BridgeConnect(models.TransientModel):
    """From nothing to a connector that can be tried: from the gallery, or from no more than an address."""

    _name = "bridge.connect"
    _description = "Connect a System"
    _rec_name = "name"

    entry = fields.Selection("_selection_entry", "System", required=True, default=WITHOUT)
    about = fields.Html(compute="_compute_about")
    name = fields.Char(help="How people here call it.")
    base_url = fields.Char("Base Address")
    auth_scheme = fields.Selection(
        lambda self: self.env["bridge.connector"]._fields["auth_scheme"]._description_selection(self.env),
        string="Signs In By",
        default="none",
    )
    auth_username = fields.Char("Login")
    auth_parameter = fields.Char("Name of the Header or Parameter")
    uses = fields.Char(compute="_compute_uses")

    @api.model
    def _documents(self):
        """The definitions of the gallery. Other addons add to it.

        :return: name to definition (``definition/schema.json``)
        :rtype: dict[str, dict]
        """
        return {path.stem: json.loads(path.read_text()) for path in sorted(GALLERY.glob("*.json"))}

    @api.model
    def _selection_entry(self):
        named = [(name, document["connector"]["name"]) for name, document in self._documents().items()]
        return [(WITHOUT, self.env._("Another system: I have its address")), *sorted(named, key=lambda one: one[1])]

    @api.depends("entry")
    def _compute_about(self):
        for one in self:
            one.about = one._about(self._documents()[one.entry]) if one.entry not in (WITHOUT, False) else False

    @api.depends("auth_scheme")
    def _compute_uses(self):
        for one in self:
            one.uses = uses_of(one.auth_scheme)

    @api.onchange("entry")
    def _onchange_entry(self):
        if self.entry in (WITHOUT, False):
            return
        about = self._documents()[self.entry]["connector"]
        auth = about.get("auth", {})
        self.name, self.base_url = about["name"], about.get("base_url") or False
        self.auth_scheme = auth.get("scheme", "none")
        self.auth_username, self.auth_parameter = auth.get("username"), auth.get("parameter")

    def _about(self, document):
        """What is synced, which way, and who wins; and what this Odoo has not."""
        ways = dict(self.env["bridge.flow"]._fields["direction"]._description_selection(self.env))
        winners = dict(self.env["bridge.flow"]._fields["authority"]._description_selection(self.env))
        row = Markup("<li><b>%s</b>: %s%s</li>")
        rows = [
            row
            % (
                flow["name"],
                ways[flow.get("direction", "pull")],
                self.env._("; if both sides have changed it: %s", winners.get(flow.get("authority", "remote")))
                if flow.get("direction") == "both"
                else "",
            )
            for flow in document["flows"]
            if not flow.get("parent") and flow["model"] in self.env
        ]
        text = Markup("<ul>%s</ul>") % Markup("").join(rows)
        left_out = [flow for flow in document["flows"] if flow["model"] not in self.env]
        if left_out:
            names = ", ".join(f"{flow['name']} ({flow['model']})" for flow in left_out)
            text += Markup("<p class='text-muted'>%s</p>") % self.env._(
                "Left out, because no app here has it: %s", names
            )
        return text

    def action_create(self):
        """Make the connector, disabled, and test the connection if that can be: nothing is written before *Go Live*.

        :raises UserError: naming what is missing or can not be used
        """
        self.ensure_one()
        connectors = self.env["bridge.connector"]
        connectors.check_access("create")
        if not self.name or not self.base_url:
            raise UserError(self.env._("Give the system a name, and enter its base address."))
        code = self._free_code()
        if self.entry == WITHOUT:
            connector = connectors.create({"name": self.name, "code": code, "base_url": self.base_url})
        else:
            connector = connectors._import_definition(self._named(code))
        values = {"user_id": self.env.uid, "auth_scheme": self.auth_scheme or "none"}
        values |= {name: self[name] for name in ("auth_username", "auth_parameter") if self[name]}
        connector.write(values)
        shown = self.env["bridge.binding"]._show_record(connector._name, connector.id)
        if connector._lacks_secret():
            return shown  # which says what comes next; a secret is typed there alone, where it is encrypted at once
        told = connector.action_test_connection()
        return {**told, "params": {**told["params"], "next": shown}}

    def _named(self, code):
        """The definition under these names, without the flows of apps that are not here."""
        document = self._documents()[self.entry]
        document["connector"] |= {"code": code, "name": self.name, "base_url": self.base_url}
        document["flows"] = [flow for flow in document["flows"] if flow["model"] in self.env]
        return document

    def _free_code(self):
        """A code from the name; with a number, if there is a connector of that code."""
        code = own = code_of(self.name) or "system"
        taken = self.env["bridge.connector"].sudo().with_context(active_test=False)
        number = 1
        while taken.search_count([("code", "=", code)], limit=1):
            number += 1
            code = f"{own}_{number}"
        return code
