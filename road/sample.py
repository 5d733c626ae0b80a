"""A few records, seen through field mappings one at a time: what Odoo would take of each, and what would be sent.

Nothing is written and nothing is asked. Related records are looked up as the person who looks may read them.
"""

import json
from typing import NamedTuple

from odoo.exceptions import AccessError

from ..mapping.errors import MappingError
from ..mapping.paths import MISSING
from ..mapping.references import EMPTIED, ByBinding, ByKey, Download, Many, Money, Nested
from .keyed import Keyed, belongs
from .push.document import portable
from .push.related import external_ids

LONGEST = 300  # characters of a value that are shown


class Cell(NamedTuple):
    """One field of one record.

    :ivar there: what the other system has, or would be sent, as a text; None: nothing is there
    :ivar here: what Odoo has, or would take, as a text; None: Odoo keeps what it has
    :ivar str problem: why it can not be read or sent; empty if it can
    :ivar sent: what would be sent of Odoo's value, as a text; None: nothing is sent
    """

    there: str | None
    here: str | None
    problem: str = ""
    sent: str | None = None


class There:
    """Records of the other system, on their way to Odoo.

    :param flow: a flow, as the person sees it
    :param list[dict] documents: the records
    """

    def __init__(self, flow, documents):
        self.flow, self.env, self.documents = flow, flow.env, documents
        self.model = self.env[flow.model]

    def found(self, rule):
        """How many of the records have something at the place of a field mapping."""
        return sum(rule.source(document) is not MISSING for document in self.documents)

    def cells(self, rule):
        """A field of each record.

        :rtype: list[Cell]
        """
        read = [self._read(rule, document) for document in self.documents]
        known = self._known(rule, [value for value, _problem in read])
        return [
            self._cell(rule, document, value, problem, known)
            for document, (value, problem) in zip(self.documents, read, strict=True)
        ]

    def _read(self, rule, document):
        try:
            return rule.read(document), ""
        except MappingError as error:
            return MISSING, self.flow.connector_id._explain(error)

    def _cell(self, rule, document, value, problem, known):
        source = self._source(rule, document)
        there = None if source is MISSING else text_of(source)
        if problem:
            return Cell(there, None, problem)
        if value is MISSING:
            return Cell(there, None)
        names, problem = [], ""
        for one in value.references if isinstance(value, Many) else [value]:
            name, wrong = self._name(rule, one, known)
            names.append(name)
            problem = problem or wrong
        return Cell(there, ", ".join(names), problem, None if problem else self._sent(rule, document, value))

    def _source(self, rule, document):
        try:
            return rule.source(document)
        except MappingError:
            return MISSING

    def _sent(self, rule, document, value):
        if not rule.pushes or isinstance(value, (Nested, Download)):
            return None
        try:
            sent = rule.written(self._portable(rule, document, value))
        except (MappingError, AttributeError, TypeError, ValueError):
            return None  # said where it is read
        return None if sent is MISSING else text_of(sent)

    def _portable(self, rule, document, value):
        if value is EMPTIED:
            return False
        if isinstance(value, Many):
            return [self._portable(rule, document, one) for one in value.references]
        if isinstance(value, ByKey):
            return value.value
        if isinstance(value, ByBinding):
            return self.flow._sibling(value.flow)._remote_id()(value.external_id)
        currency = getattr(rule.converter, "currency", None)
        return Money(value, currency.read(document)) if currency and value else value

    # ------------------------------------------------------------------------------------------------------------------
    # What a value is called in Odoo
    # ------------------------------------------------------------------------------------------------------------------

    def _known(self, rule, values):
        """The records that values refer to, in one query for each kind.

        :return: what they belong to to how they are looked up and their ids; flow code to remote id to id
        """
        keys, bound = {}, {}
        for value in values:
            for one in value.references if isinstance(value, Many) else [value]:
                if isinstance(one, ByKey):
                    keys.setdefault(one.within, []).append(one.value)
                elif isinstance(one, ByBinding):
                    bound.setdefault(one.flow, {})[one.external_id] = True
        related = self.env.get(self.model._fields[rule.field].comodel_name or "")
        if related is None or not related.has_access("read"):
            return {}
        known, settings = {}, rule.keyed_settings
        if keys and self.env["bridge.record.mixin"]._is_hidden_field(related._name, settings["field"]):
            keys = {}  # who may not read a field, does not learn either which record has a value in it
        for within, given in keys.items():
            domain = [*settings["domain"], *(belongs(name, value) for name, value in within)]
            keyed = Keyed(related, settings["field"], domain, settings["compare"])
            known[within] = keyed, keyed.find(given)
        bindings = self.env["bridge.binding"].sudo()
        for code, ids in bound.items():
            known[code] = bindings._known(self.flow.sudo()._sibling(code), ids) if self.flow._sibling(code) else {}
        return known

    def _name(self, rule, value, known):
        """:return: a value as a person reads it, and what is wrong with it"""
        if isinstance(value, ByKey):
            return self._name_by_key(rule, value, known)
        if isinstance(value, ByBinding):
            return self._name_by_binding(rule, value, known)
        if isinstance(value, Nested):
            return self.env._("Records: %s", len(value.documents)), ""
        if isinstance(value, Download):
            return value.url, ""
        if value is EMPTIED or value is False:
            return self._shown(rule, False), ""
        return self._shown(rule, value), ""

    def _name_by_key(self, rule, one, known):
        if one.within not in known:
            return str(one.value), ""
        keyed, ids_of = known[one.within]
        key = keyed.key(one.value)
        ids = ids_of.get(key, []) if key is not None else []
        if len(ids) == 1:
            return keyed.model.browse(ids[0]).display_name, ""
        settings, said = rule.keyed_settings, {"value": one.value, "model": keyed.model._description}
        said["key"] = keyed.field.get_description(self.env, ["string"])["string"]
        if ids:
            return str(one.value), self.env._(
                "%(count)s records of “%(model)s” have %(key)s “%(value)s”; it must be one. Choose another key.",
                count=len(ids),
                **said,
            )
        if settings["create"]:
            return self.env._("%s (would be created)", one.value), ""
        if settings["optional"]:
            return "", ""
        return str(one.value), self.env._(
            "There is no “%(model)s” with %(key)s “%(value)s”. Create it, or let the mapping create it or leave the"
            " field empty.",
            **said,
        )

    def _name_by_binding(self, rule, one, known):
        flow, record_id = self.flow._sibling(one.flow), known.get(one.flow, {}).get(one.external_id)
        record = self.env[flow.model].browse(record_id) if record_id and flow else None
        if record is not None and record.has_access("read"):
            return record.display_name, ""
        return self.env._("%(id)s of “%(flow)s”", id=one.external_id, flow=flow.name or one.flow), ""

    def _shown(self, rule, value):
        return shown(self.model, rule.field, value)


class Here:
    """Records of Odoo, on their way to the other system.

    :param flow: a flow, as the person sees it
    :param records: of its model, those that the person may read
    :param list[int] ids: of the whole sample, in its order; who looks knows a cell by its position only
    """

    def __init__(self, flow, records, ids):
        self.flow, self.env, self.ids = flow, flow.env, ids
        self.records = records.with_context(active_test=False)

    def found(self, rule):
        """How many of the records have something in the field."""
        return sum(self._has(rule, record) for record in self.records)

    def _has(self, rule, record):
        try:
            return bool(record[rule.field])
        except AccessError:  # said in its cell
            return False

    def cells(self, rule):
        """A field of each record; without values for one that is gone or that the person may not read any more.

        :rtype: list[Cell]
        """
        by_id = {record.id: record for record in self.records}
        gone = Cell(None, None, self.env._("This record is not in Odoo any more, or you may not read it."))
        return [self._cell(rule, by_id[one]) if one in by_id else gone for one in self.ids]

    def _cell(self, rule, record):
        # Odoo's own words are not shown: to some people they name the record that may not be read.
        here = self.env._("no access")
        try:
            here = self._here(rule, record)
            return self._there(rule, record, here)
        except AccessError:
            return Cell(None, here, self._no_access())

    def _here(self, rule, record):
        value = record[rule.field]
        if not record._fields[rule.field].relational:
            return shown(record, rule.field, value)
        readable = value._filtered_access("read")
        names = readable.mapped("display_name")
        return ", ".join(names if readable == value else [*names, self.env._("no access")])

    def _there(self, rule, record, here):
        if not rule.pushes:
            return Cell(None, here)
        if rule.is_nested:
            return Cell(self.env._("Records: %s", len(record[rule.field])), here)
        if not self._may_read_key(rule, record):
            return Cell(None, here, self._no_access())
        try:
            sent = portable(rule, record, self._external_ids(rule))
            if sent is MISSING:
                return Cell(None, here, self.env._("The related record is not in the other system yet."))
            written = rule.written(sent)
        except MappingError as error:
            return Cell(None, here, self.flow.connector_id._explain(error))
        return Cell(None if written is MISSING else text_of(written), here)

    def _may_read_key(self, rule, record):
        """May the person read by what related records are named? Asked, for what is in Odoo's cache refuses nobody."""
        value = record[rule.field]
        if not (rule.is_keyed and value and record._fields[rule.field].relational):
            return True
        is_hidden = self.env["bridge.record.mixin"]._is_hidden_field(value._name, rule.keyed_settings["field"])
        return not is_hidden and value._filtered_access("read") == value

    def _no_access(self):
        return self.env._("You may not read a related record, or a field of it, so what would be sent is not shown.")

    def _external_ids(self, rule):
        if not rule.keyed_settings.get("flow"):
            return {}
        return external_ids(_Asking(self.flow.sudo(), self.env), _Only((rule,)), self.records)


class _Asking(NamedTuple):
    """What ``external_ids`` wants to know of a push."""

    flow: object
    env: object


class _Only(NamedTuple):
    rules: tuple


def text_of(value):
    """A remote value as a person reads it: a text as it is, all else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def shown(model, name, value):
    """Odoo's value of a field as a person reads it."""
    field = model._fields[name]
    if field.type == "boolean":
        return model.env._("Yes") if value else model.env._("No")
    if value is False or value is None:
        return ""
    if field.type == "selection":
        choices = dict(field._description_selection(model.env))
        return str(choices.get(value, value))
    if field.type == "binary":
        return model.env._("a file")
    return text_of(value if isinstance(value, (str, int, float)) else str(value))
