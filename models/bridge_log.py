import json

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, html2plaintext
from odoo.tools.misc import format_date, format_datetime

from ..database import json_rows
from ..jobs.failures import group_of
from ..remote.redaction import REDACTED
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
MOMENTS = ("date", "datetime")  # types of fields
FOR_A_PERSON = (words.REJECT, words.UNCERTAIN, words.CONFLICT)  # nothing goes on by itself


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
    external_id = fields.Char("ID There", readonly=True, index="btree_not_null")
    res_model = fields.Char("Odoo Model", readonly=True)
    res_id = fields.Many2oneReference("Odoo Record ID", model_field="res_model", readonly=True)
    record_name = fields.Char(readonly=True, groups=fields.NO_ACCESS, index="trigram")
    record_label = fields.Char("Record", compute="_compute_record_label", search="_search_record_label")
    error_kind = fields.Selection(
        lambda self: self.env["bridge.job"]._fields["error_kind"].selection, string="Reason", readonly=True
    )
    field_name = fields.Char("Technical Field", readonly=True)
    field_label = fields.Char("Field", compute="_compute_field_label")
    message = fields.Text(readonly=True, groups=fields.NO_ACCESS)
    message_text = fields.Text("Message", compute="_compute_message_text")
    changes = fields.Json("Changed Values", readonly=True, groups=fields.NO_ACCESS)
    needs_person = fields.Boolean(compute="_compute_needs_person")
    binding_id = fields.Many2one("bridge.binding", "External ID", compute="_compute_binding_id")
    changes_html = fields.Html("Changes", compute="_compute_changes_html")
    changes_text = fields.Char("Changed Fields", compute="_compute_changes_html")

    _record = models.Index("(res_id, flow_id) WHERE res_id IS NOT NULL")

    @api.depends_context("uid")
    def _compute_message_text(self):
        readable = self._readable()
        for line in self:
            kept = line.sudo()
            is_hidden = kept.field_name and self._is_hidden_field(kept.res_model, kept.field_name)
            is_shown = not kept.message or (line in readable and not is_hidden)
            line.message_text = kept.message if is_shown else group_of(kept.message)

    @api.depends("field_name", "res_model")
    @api.depends_context("lang")
    def _compute_field_label(self):
        for line in self:
            line.field_label = self._label_in(line.res_model, line.field_name)

    @api.depends("action")
    def _compute_needs_person(self):
        for line in self:
            line.needs_person = line.action in FOR_A_PERSON

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """The list of a preview begins with what needs a person: PostgreSQL sorts, nothing is read for it."""
        if field_name != "needs_person":
            return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        action = self._field_to_sql(alias, "action", query)
        return SQL("COALESCE(%s IN %s, FALSE) %s %s", action, FOR_A_PERSON, direction, nulls)

    @api.depends_context("uid")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.sudo(False).record_label or line.external_id or ""

    @api.depends("flow_id", "external_id", "res_id")
    def _compute_binding_id(self):
        """As it is now: a line may be of before there was one, and outlives it."""
        for flow, lines in self.grouped("flow_id").items():
            ids, record_ids = lines.mapped("external_id"), lines.mapped("res_id")
            known = Domain("external_id", "in", list(filter(None, ids)))
            known |= Domain("res_id", "in", list(filter(None, record_ids)))
            found = self.env["bridge.binding"].search(Domain("flow_id", "=", flow.id) & known)
            of_ids, of_records = ({one[name]: one for one in found} for name in ("external_id", "res_id"))
            for line in lines:
                of_id = line.external_id and of_ids.get(line.external_id)
                line.binding_id = of_id or (line.res_id and of_records.get(line.res_id))

    @api.depends_context("uid", "lang", "tz")
    def _compute_changes_html(self):
        readable = self._readable()
        change = self._change_pattern()
        for line in self:
            rows = line._readable_changes() if line in readable else []
            line.changes_text = ", ".join(change % row if row[1] else "%s: %s" % (row[0], row[2]) for row in rows)
            line.changes_html = line._changes_table(rows) if rows else False

    @api.model
    def _change_pattern(self):
        """A field, its old and its new value. Unicode turns no arrow around, and mixes up values of both directions."""
        language = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        return "%s: \u2068%s\u2069 ← \u2068%s\u2069" if language.direction == "rtl" else "%s: %s → %s"

    @api.model
    def _insert(self, flow, run, rows):
        """Lines of a run.

        :param list[dict] rows: ``action``, and ``external_id``, ``res_id``, ``record_name``, ``error_kind``,
            ``field_name``, ``message``, ``exchange_id``, ``changes`` where there are
        """
        if not rows:
            return
        secret = self._secret_fields(flow, {name for row in rows for name in row.get("changes") or ()})
        rows = [
            {**row, "changes": self._without_secrets(row["changes"], secret)} if row.get("changes") else row
            for row in rows
        ]
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

    @api.model
    def _secret_fields(self, flow, names):
        """Fields such as passwords."""
        is_secret = self.env["bridge.approval"]._is_secret
        return {name for name in names if is_secret(flow.model, name)}

    @api.model
    def _without_secrets(self, changes, secret):
        """Their values are not written down, not even for an administrator."""
        found = secret & changes.keys()
        return {**changes, **{name: [REDACTED if one else one for one in changes[name]] for name in found}}

    @api.model
    def _says_same(self, flow, shown, changes):
        """Do two lines say the same of values? A related record that was still to be made may have an id now.

        :param dict shown: as a line has it
        :param dict changes: as a line would get it
        :rtype: bool
        """
        changes = self._without_secrets(changes or {}, self._secret_fields(flow, set(changes or ())))
        shown, now = shown or {}, json.loads(json_rows([changes]))[0]
        fields_of = self.env[flow.model]._fields

        def is_same(name, one, other):
            field = fields_of.get(name)
            if field is None or not field.relational:
                return one == other
            return self.sudo()._are_same_records(field, one, other)

        return shown.keys() == now.keys() and all(
            is_same(name, one, other) for name in now for one, other in zip(shown[name], now[name], strict=True)
        )

    def _are_same_records(self, field, one, other):
        """Do two values of a relation mean the same records, by their ids; by a name where one is still to be made?"""
        one, other = (value if isinstance(value, list) else [value] if value else [] for value in (one, other))
        one, other = [each for each in one if each not in other], [each for each in other if each not in one]

        def are_made(texts, records):
            ids = [each for each in records if isinstance(each, int)]
            names = self.env[field.comodel_name].browse(ids).exists().mapped("display_name")
            return sorted(str(each).lstrip("+#") for each in texts if isinstance(each, str)) == sorted(names)

        return are_made(one, other) and are_made(other, one)

    def action_open_binding(self):
        """Open the external ID of the record."""
        return self._open_binding()

    def action_apply(self):
        """Do what a preview has shown of these records, where that is still what would happen."""
        self.env["bridge.run"]._check_operator(self)
        if len(self.run_id) != 1 or not self.run_id.dry_run:
            raise UserError(self.env._("Choose records of one preview."))
        return self.run_id.sudo()._apply(self.sudo()).sudo(False)._action_open()

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
        model, changes = self.env.get(self.res_model) if self.res_model else None, self.sudo().changes
        if model is None or not changes:
            return []
        # JSON in PostgreSQL keeps no order; the mapping's is the one that the person knows.
        order = {name: place for place, name in enumerate(self.flow_id.sudo().mapping_ids.mapped("field_name"))}
        return [
            (
                model._fields[name].get_description(self.env, ["string"])["string"] if name in model._fields else name,
                *(self._in_words(model._fields.get(name), value) for value in values),
            )
            for name, values in sorted(changes.items(), key=lambda change: order.get(change[0], len(order)))
            if not self._is_hidden_field(self.res_model, name)
        ]

    def _in_words(self, field, value):
        if value is None or value is False or value == "" or value == []:
            return self.env._("no") if field is not None and field.type == "boolean" and value is False else ""
        if value is True:
            return self.env._("yes")
        if field is not None and field.relational:
            return self._readable_relation(field, value)
        if field is not None and field.type in MOMENTS:
            return self._readable_moment(field, value)
        if field is not None and field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, str(value))
        text = html2plaintext(value).strip() if field is not None and field.type == "html" else str(value)
        return text if len(text) <= 200 else text[:199] + "…"

    def _readable_moment(self, field, value):
        """As this person's language writes it, in his own time zone; a text that is none stays as it is."""
        zone = self.env.context.get("tz") or self.env.user.tz or "UTC"
        try:
            if field.type == "date":
                return format_date(self.env, fields.Date.to_date(value))
            return format_datetime(self.env, fields.Datetime.to_datetime(value), tz=zone, dt_format="medium")
        except ValueError:
            return str(value)

    def _readable_relation(self, field, value):
        values = value if isinstance(value, list) else [value]
        related = self.env[field.comodel_name].browse(one for one in values if isinstance(one, int)).exists()
        names = [record.display_name if record.has_access("read") else f"#{record.id}" for record in related]
        names += [str(one).lstrip("+#") for one in values if isinstance(one, str)]
        return ", ".join(names) or str(value)
