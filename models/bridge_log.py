from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import html2plaintext

from ..database import json_rows
from ..road import words

ACTIONS = [
    (words.CREATE, "Create"),
    (words.UPDATE, "Update"),
    (words.LINK, "Link"),
    (words.ARCHIVE, "Archive"),
    (words.MARK, "Mark as Gone"),
    (words.UNLINK, "Delete"),
    (words.FLAG, "Mark"),
    (words.SKIP, "Skip"),
    (words.REJECT, "Failed"),
    (words.CONFLICT, "Conflict"),
    (words.SEND_CREATE, "Create There"),
    (words.SEND_UPDATE, "Update There"),
    (words.SEND_DELETE, "Delete There"),
    (words.SEND_ARCHIVE, "Archive There"),
    (words.SEND_RESTORE, "Restore There"),
    (words.LEAVE, "Leave"),
    (words.UNCERTAIN, "Uncertain"),
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

    @api.model
    def _insert(self, flow, run, rows):
        """Lines of a run.

        :param list[dict] rows: ``action``, and ``external_id``, ``res_id``, ``record_name``, ``error_kind``,
            ``field_name``, ``message``, ``exchange_id``, ``changes`` where there are
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            INSERT INTO bridge_log (
                   run_id, flow_id, dry_run, res_model, create_date, action, external_id, res_id, record_name,
                   error_kind, field_name, message, exchange_id, changes)
            SELECT %(run_id)s, %(flow_id)s, %(dry_run)s, %(model)s, %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   action text, external_id text, res_id int, record_name text, error_kind text, field_name text,
                   message text, exchange_id int, changes jsonb)
            """,
            {**flow._row_values(), "run_id": run.id, "dry_run": run.dry_run, "rows": json_rows(rows)},
        )
        run.invalidate_recordset(["log_ids"])

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
