from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..acting import is_sensitive_path


class BridgeRecordMixin(models.AbstractModel):
    """What tells about one Odoo record, in ``res_id``, can name and open it."""

    _name = "bridge.record.mixin"
    _description = "About an Odoo Record"

    def _record_model(self):
        """The name of the record's model.

        :rtype: str
        """
        return self.res_model

    def action_open_record(self):
        """Open the Odoo record."""
        self.ensure_one()
        self.check_access("read")
        return self._show_record(self._record_model(), self.res_id)

    def _open_binding(self):
        """Open the external ID of the record; what has one says so in ``binding_id``."""
        self.ensure_one()
        self.check_access("read")
        return self._show_record("bridge.binding", self.binding_id.id)

    # ----------------------------------------------------------------------------------------------------------------
    # Nobody reads here of a record what he may not read in it
    # ----------------------------------------------------------------------------------------------------------------

    def _asked_ids(self):
        """The Odoo records that decide who may read these lines; 0 where there is none yet.

        :return: id of a line to that of its record
        :rtype: dict[int, int]
        """
        return {line.id: line.res_id or 0 for line in self}

    @api.model
    def _asked_sql(self, alias, query):
        """The same, of one line, in SQL.

        :param str alias: of the table of the lines
        :param Query query: which it is a part of; it may join what it needs
        :rtype: SQL
        """
        return SQL.identifier(alias, "res_id")

    def _readable(self):
        """Those of these lines whose record this person may read: its model, and by the record rules.

        What is not in Odoo, or not any more, is read by who may read the model.
        """
        found = self.browse()
        for model_name, lines in self.grouped(lambda line: line._record_model()).items():
            model = self.env.get(model_name)
            if model is None or not model.has_access("read"):
                continue
            ids = lines.sudo()._asked_ids()
            records = model.browse(set(filter(None, ids.values()))).exists()
            hidden = set(records.ids) - set(records._filtered_access("read").ids)
            found |= lines.filtered(lambda line, ids=ids, hidden=hidden: ids[line.id] not in hidden)
        return found

    @api.model
    def _is_hidden_field(self, model_name, name):
        """May this person not read a field, or is it one that is never shown?

        :param str name: of a snapshot or change: with a dot for one of a record inside
        """
        outer, _dot, inner = name.partition(".")
        model = self.env.get(model_name)
        field = model._fields.get(outer) if model is not None else None
        if field is None:
            return is_sensitive_path(name)
        if not model._has_field_access(field, "read") or self.env["bridge.approval"]._is_secret(model_name, outer):
            return True
        return bool(inner and field.comodel_name) and self._is_hidden_field(field.comodel_name, inner)

    @api.model
    def _label_in(self, model_name, name):
        """What a person calls a field, or one of the records inside: ``order_line.price_unit``.

        :param str name: of the field
        :rtype: str
        """
        outer, _dot, inner = (name or "").partition(".")
        model = self.env.get(model_name)
        field = model._fields.get(outer) if model is not None else None
        if field is None:
            return name or ""
        label = field.get_description(self.env, ["string"])["string"]
        return "%s / %s" % (label, self._label_in(field.comodel_name, inner)) if inner else label

    @api.depends_context("uid")
    def _compute_record_label(self):
        readable = self._readable()
        for line in self:
            name = line.sudo().record_name
            line.record_label = name if line in readable or not name else self.env._("no access")

    def _search_record_label(self, operator, value):
        """Names are found by who may read them, so that nobody guesses one letter by letter."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        named = Domain("record_name", operator, value).optimize_full(self.sudo())
        return Domain.custom(
            to_sql=lambda lines, alias, query: SQL(
                "(%s AND %s)", named._to_sql(lines.sudo(), alias, query), lines._readable_sql(alias, query)
            )
        )

    @api.model
    def _readable_sql(self, alias, query):
        """What ``_readable`` says, for as many lines as there are: PostgreSQL decides, nothing is read.

        :param str alias: of the table of the lines
        :param Query query: which it is a part of
        :rtype: SQL
        """
        found, record = [SQL("FALSE")], self._asked_sql(alias, query)
        all_flows = self.env["bridge.flow"].sudo().with_context(active_test=False)
        for model_name, flows in all_flows._read_group([], ["model"], ["id:recordset"]):
            model = self.env.get(model_name)
            if model is None or not model.has_access("read"):
                continue
            records = model.with_context(active_test=False)
            of_model = SQL("%s IN %s", SQL.identifier(alias, "flow_id"), flows._ids)
            # One look by the id for each line; a "NOT IN" of many records would be compared with each of them.
            is_there, may_be_read = (_is_among(one._search([]), record) for one in (records.sudo(), records))
            found.append(SQL("(%s AND (NOT %s OR %s))", of_model, is_there, may_be_read))
        return SQL("(%s)", SQL(" OR ").join(found))

    @api.model
    def _name_of_record(self, model_name, record_id):
        """An Odoo record's name, as far as this user may read it."""
        return self._names_of_records(model_name, [record_id]).get(record_id, False)

    @api.model
    def _names_of_records(self, model_name, record_ids):
        """Odoo records' names, as far as this user may read them: the same queries for one as for a page of them.

        :rtype: dict[int, str]
        """
        model, ids = self.env.get(model_name) if model_name else None, set(filter(None, record_ids))
        if model is None:
            return {}
        there = model.browse(ids).exists()
        deleted, hidden = self.env._("deleted in Odoo"), self.env._("no access")
        names = {one: hidden if one in there._ids else deleted for one in ids}
        return {**names, **{record.id: record.display_name for record in there._filtered_access("read")}}

    def _record_names(self):
        """The names of the Odoo records that these lines are about.

        :return: id of a line to the name, False where there is no record
        :rtype: dict[int, str]
        """
        found = {}
        for model_name, lines in self.grouped(lambda line: line._record_model()).items():
            names = self._names_of_records(model_name, lines.mapped("res_id"))
            found |= {line.id: names.get(line.res_id, False) for line in lines}
        return found

    @api.model
    def _show_record(self, model_name, record_id):
        """The action that shows one Odoo record."""
        return {
            "type": "ir.actions.act_window",
            "res_model": model_name,
            "res_id": record_id,
            "views": [(False, "form")],
        }


def _is_among(query, record_id):
    """Is a record one of those that a query finds?

    :param Query query: of records
    :param SQL record_id: of a line; NULL or 0 where there is no record
    :rtype: SQL
    """
    query.add_where(SQL("%s = %s", SQL.identifier(query.table, "id"), record_id))
    return SQL("EXISTS %s", query.subselect("1"))
