from odoo import api, fields, models
from odoo.tools import SQL, format_list

from .guides import as_html


class BridgeGallery(models.Model):
    """The definitions that *Connect a System* offers, to look through. They are files, so there is no table."""

    _name = "bridge.gallery"
    _description = "Gallery"
    _auto = False
    _order = "name, id"

    entry = fields.Char(readonly=True)
    name = fields.Char("System", readonly=True)
    summary = fields.Char("What Is Synced", compute="_compute_summary")
    about = fields.Html(compute="_compute_guide")
    guide = fields.Html(compute="_compute_guide")

    @property
    def _table_query(self):
        documents = sorted(self._documents().items())
        rows = [
            SQL("(%s::int, %s::text, %s::text)", number, entry, document["connector"]["name"])
            for number, (entry, document) in enumerate(documents, start=1)
        ]
        return SQL("SELECT * FROM (VALUES %s) AS gallery (id, entry, name)", SQL(", ").join(rows))

    @api.model
    def _documents(self):
        """:rtype: dict[str, dict]"""
        return self.env["bridge.connect"]._documents()

    @api.depends("entry")
    @api.depends_context("lang")
    def _compute_summary(self):
        documents = self._documents()
        for one in self:
            one.summary = self._sentence(documents[one.entry]["flows"])

    def _sentence(self, flows):
        """What is synced, and which way; what no app here has is left out, as it is when it is connected."""
        ways = {}
        for flow in flows:
            if not flow.get("parent") and flow["model"] in self.env:
                ways.setdefault(flow.get("direction", "pull"), []).append(flow["name"])
        names = {way: format_list(self.env, found) for way, found in ways.items()}
        said = [
            ("both", self.env._("%s both ways", names.get("both"))),
            ("pull", self.env._("%s to Odoo", names.get("pull"))),
            ("push", self.env._("%s from Odoo", names.get("push"))),
        ]
        parts = [text for way, text in said if way in names]
        if not parts:
            return self.env._("Syncs nothing here: no app that is installed has its records.")
        return self.env._("Syncs %s.", "; ".join(parts))

    @api.depends("entry")
    @api.depends_context("lang")
    def _compute_guide(self):
        connect, documents = self.env["bridge.connect"], self._documents()
        for one in self:
            one.about = connect._about(documents[one.entry])
            one.guide = as_html(connect._guide(one.entry))

    def action_guide(self):
        """What is synced, and what to enter where."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_gallery_action")
        return {**action, "name": self.name, "res_id": self.id, "views": [(False, "form")]}

    def action_connect(self):
        """*Connect a System*, with this one chosen."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_connect_action")
        context = {"dialog_size": "extra-large", "default_entry": self.entry}
        return {**action, "context": context}
