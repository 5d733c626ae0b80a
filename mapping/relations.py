"""Related records, and records inside a record: references, which the road resolves."""

import dataclasses

from .alike import IGNORE_CASE
from .converter import COMPARE, Converter, Option, converter, external_id
from .errors import ConversionError, PathError, _lt
from .paths import MISSING, parse_path
from .references import ByBinding, ByKey, Many, Nested, replaced

_FLOW = Option("text", _lt("the code of the flow that holds these records"), required=True)
_ITEM = Option("text", _lt("where the id or key is inside the value, for example id or [0]"))
_KEY = Option("text", _lt("the Odoo field that the value is compared with"), required=True)
_DOMAIN = Option("list", _lt("an Odoo domain that the records must match"), default=())
_CREATE = Option("boolean", _lt("create a record when there is none"), default=False)
_OPTIONAL = Option("boolean", _lt("leave the field empty when there is none"), default=False)
_IGNORE_CASE = Option("boolean", _lt("the same as compare: ignore_case"), default=False)
_SEPARATOR = Option("text", _lt("the list is one text, with this between its parts, for example “, ”"))
_KEYED = {
    "field": _KEY,
    "domain": _DOMAIN,
    "create": _CREATE,
    "optional": _OPTIONAL,
    "item": _ITEM,
    "compare": COMPARE,
    "ignore_case": _IGNORE_CASE,
    "within": Option(
        "object",
        _lt("only records that belong to others of this record: Odoo field: path, as {“country_id.code”: “country”}"),
    ),
}


class _Relation(Converter):
    """What relations have in common: where in the value the id or key of one record is."""

    def _prepare(self):
        try:
            self.item = self._path("item")
        except PathError:
            self._refuse("item", "a path such as id or [0]")

    def read(self, value):
        found = self.item.read(value) if self.item else value
        if found is MISSING:
            raise ConversionError("not_identifier", value=value)
        return self._reference(found)

    def write(self, value):
        if self.item is None or not self.item.steps or not isinstance(self.item.steps[0], str):
            return value
        document = {}
        self.item.write(document, value)
        return document

    def write_bare(self, value):
        return value

    def in_shape(self, value):
        is_bare = isinstance(value, (str, int)) and not isinstance(value, bool)
        return self.write(value) if is_bare else value

    def _reference(self, value):
        raise NotImplementedError


class _Several(_Relation):
    """A list of relations; with ``separator`` it is one text."""

    field_types = frozenset({"many2many"})

    def _prepare(self):
        super()._prepare()
        self.separator = self.settings["separator"]
        if self.separator and self.item:
            self._refuse("item", "left out where separator is set: what is between the separators is the id or key")

    @property
    def null(self):
        return None if self.separator else []  # a list of none

    @property
    def nothing(self):
        return "" if self.separator else []

    def read(self, value):
        if self.separator and isinstance(value, (str, int)) and not isinstance(value, bool):
            parts = (part.strip() for part in str(value).split(self.separator.strip() or None))
            value = [part for part in parts if part]
        if not isinstance(value, (list, tuple)):
            raise ConversionError("not_list", value=value)
        references = (super(_Several, self).read(item) for item in value)
        return Many(tuple(dict.fromkeys(references)))  # a list that names one twice means it once

    def in_shape(self, value):
        return [super(_Several, self).in_shape(item) for item in value] if isinstance(value, list) else value

    def write_bare(self, value):
        return list(value) if self.separator is None else self.write(value)

    def write(self, value):
        if self.separator is None:
            return [super(_Several, self).write(item) for item in value]
        parts = sorted({str(item) for item in value}, key=lambda part: (part.casefold(), part))
        for part in parts:
            if (self.separator.strip() or " ") in part:
                raise ConversionError("separator_inside", value=part)
        return self.separator.join(parts)


class _Bound(_Relation):
    def _reference(self, value):
        return ByBinding(self.settings["flow"], external_id(value))


class _Keyed(_Relation):
    def _prepare(self):
        super()._prepare()
        if self.settings["ignore_case"]:
            if self.settings["compare"] not in (None, IGNORE_CASE):
                self._refuse("compare", "left out where ignore_case is set")
            self.settings["compare"] = IGNORE_CASE
        within = self.settings["within"] or {}
        if within and self.settings["create"]:
            self._refuse("create", "left out where within is set: what a new record belongs to is not known")
        try:
            self.within = {name: parse_path(text) for name, text in within.items()}
        except (PathError, TypeError, AttributeError):
            self._refuse("within", "an object of Odoo fields and paths, such as country_id.code and address.country")

    def also_reads(self, document):
        return [None if found is MISSING else found for found in self._belongings(document).values()]

    def _belongings(self, document):
        return {name: path.read(document) for name, path in self.within.items()}

    def read_in(self, value, document):
        if not self.within:
            return self.read(value)
        belongings = self._belongings(document)
        if any(isinstance(one, (dict, list)) for one in belongings.values()):
            raise ConversionError("not_identifier", value=belongings)
        within = tuple((name, None if one is MISSING else one) for name, one in belongings.items())
        return replaced(self.read(value), lambda reference: dataclasses.replace(reference, within=within))

    def _reference(self, value):
        if isinstance(value, (dict, list)) or value is None:
            raise ConversionError("not_identifier", value=value)
        return ByKey(value.strip() if isinstance(value, str) else value)


@converter
class Many2oneBinding(_Bound):
    """A record that another flow (or this one) has brought here, by its remote id."""

    name = "many2one_binding"
    label = _lt("Related record, by the external id of a flow")
    options = {"flow": _FLOW, "item": _ITEM}
    field_types = frozenset({"many2one"})


@converter
class Many2oneKey(_Keyed):
    """A record of Odoo that has this value in a field, such as a country by its code."""

    name = "many2one_key"
    label = _lt("Related record, by a field")
    options = _KEYED
    field_types = frozenset({"many2one"})


@converter
class Many2manyBinding(_Several, _Bound):
    """Records that another flow has brought here, by their remote ids."""

    name = "many2many_binding"
    label = _lt("Related records, by the external ids of a flow")
    options = {"flow": _FLOW, "item": _ITEM, "separator": _SEPARATOR}


@converter
class Many2manyKey(_Several, _Keyed):
    """Records of Odoo by a field, such as tags by their names."""

    name = "many2many_key"
    label = _lt("Related records, by a field")
    options = {**_KEYED, "separator": _SEPARATOR}


@converter
class NestedRecords(Converter):
    """Records that live inside this one, such as the lines of an order; a child flow describes them."""

    name = "nested"
    label = _lt("Records inside this record")
    options = {"flow": _FLOW}
    field_types = frozenset({"one2many"})
    null = nothing = []  # a list of none

    def read(self, value):
        documents = [value] if isinstance(value, dict) else value
        if not isinstance(documents, (list, tuple)):
            raise ConversionError("not_list", value=value)
        return Nested(tuple(documents))

    def write(self, value):
        return list(value)
