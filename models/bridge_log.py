from markupsafe import Markup

from odoo import fields, models
from odoo.tools import html2plaintext

from . import batch, outgoing

ACTIONS = [
    (batch.CREATE, "Create"),
    (batch.UPDATE, "Update"),
    (batch.LINK, "Link"),
    (batch.ARCHIVE, "Archive"),
    (batch.UNLINK, "Delete"),
    (batch.FLAG, "Mark"),
    (batch.SKIP, "Skip"),
    (batch.REJECT, "Failed"),
    (batch.CONFLICT, "Conflict"),
    (outgoing.SEND_CREATE, "Create There"),
    (outgoing.SEND_UPDATE, "Update There"),
    (outgoing.SEND_DELETE, "Delete There"),
    (outgoing.SEND_ARCHIVE, "Archive There"),
    (outgoing.SEND_RESTORE, "Restore There"),
    (outgoing.LEAVE, "Leave"),
    (outgoing.UNCERTAIN, "Uncertain"),
    ("closed", "Failure Closed"),
]


class BridgeLog(models.Model):
    _name = "bridge.log"
    _description = "Log Line"
    _inherit = ["bridge.record.mixin"]
    _order = "id desc"
    _rec_name = "external_id"

    run_id = fields.Many2one("bridge.run", ondelete="cascade", index=True, readonly=True)
    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id")
    company_id = fields.Many2one(related="flow_id.company_id")
    job_id = fields.Many2one("bridge.job", ondelete="set null", index="btree_not_null", readonly=True)
    exchange_id = fields.Many2one("bridge.exchange", ondelete="set null", index="btree_not_null", readonly=True)
    create_date = fields.Datetime("When")
    dry_run = fields.Boolean("Only Planned", readonly=True)
    action = fields.Selection(ACTIONS, readonly=True)
    external_id = fields.Char("Remote ID", readonly=True, index="btree_not_null")
    res_model = fields.Char("Odoo Model", readonly=True)
    res_id = fields.Many2oneReference("Odoo Record ID", model_field="res_model", readonly=True)
    record_name = fields.Char("Record", readonly=True)
    error_kind = fields.Selection(lambda self: self.env["bridge.job"]._fields["error_kind"].selection, readonly=True)
    field_name = fields.Char("Field", readonly=True)
    message = fields.Text(readonly=True)
    changes = fields.Json("Changed Values", readonly=True)
    changes_html = fields.Html("Changes", compute="_compute_changes_html")
    changes_text = fields.Char("Changed Fields", compute="_compute_changes_html")

    def _compute_changes_html(self):
        for line in self:
            rows = line._readable_changes()
            line.changes_text = ", ".join(
                "%s: %s → %s" % row if row[1] else "%s: %s" % (row[0], row[2]) for row in rows
            )
            line.changes_html = line._changes_table(rows) if rows else False

    def _changes_table(self, rows):
        head = Markup("<thead><tr><th>%s</th><th>%s</th><th>%s</th></tr></thead>") % (
            self.env._("Field"),
            self.env._("Before"),
            self.env._("After"),
        )
        row = Markup("<tr><td>%s</td><td class='text-muted'>%s</td><td>%s</td></tr>")
        body = Markup("").join(row % values for values in rows)
        return Markup("<table class='table table-sm'>%s<tbody>%s</tbody></table>") % (head, body)

    def _readable_changes(self):
        """What was changed, in the words of the form of the record.

        :return: (field label, old value, new value)
        :rtype: list[tuple[str, str, str]]
        """
        self.ensure_one()
        model = self.env.get(self.res_model) if self.res_model else None
        if model is None or not self.changes:
            return []
        # JSON in PostgreSQL keeps no order; the mapping's is the one that the person knows.
        order = {name: place for place, name in enumerate(self.flow_id.sudo().mapping_ids.mapped("field_name"))}
        return [
            (
                model._fields[name].get_description(self.env, ["string"])["string"] if name in model._fields else name,
                *(self._readable(model._fields.get(name), value) for value in values),
            )
            for name, values in sorted(self.changes.items(), key=lambda change: order.get(change[0], len(order)))
        ]

    def _readable(self, field, value):
        if value is None or value is False or value == "" or value == []:
            return self.env._("no") if field is not None and field.type == "boolean" and value is False else ""
        if value is True:
            return self.env._("yes")
        if field is not None and field.relational:
            return self._readable_relation(field, value)
        if field is not None and field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, str(value))
        text = html2plaintext(value).strip() if field is not None and field.type == "html" else str(value)
        return text if len(text) <= 200 else text[:199] + "…"

    def _readable_relation(self, field, value):
        values = value if isinstance(value, list) else [value]
        related = self.env[field.comodel_name].browse(one for one in values if isinstance(one, int)).exists()
        names = [record.display_name if record.has_access("read") else f"#{record.id}" for record in related]
        names += [str(one).lstrip("+#") for one in values if isinstance(one, str)]
        return ", ".join(names) or str(value)
