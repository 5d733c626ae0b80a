"""Odoo's side of the comparison: what mapped fields of records are, in terms that can be compared and kept as JSON."""

import collections
import contextlib
import math

from ..mapping.fingerprint import fingerprint
from ..mapping.merge import key_name
from ..mapping.references import comparable


def read_terms(records, mapper, record_ids):
    """What the mapped fields of Odoo records are.

    :param records: the model, as the acting user sees it
    :param Mapper mapper: whose fields
    :param record_ids: Odoo ids
    :return: id to field to value; of a relation that is sent by a key also the keys (mapping/merge.py)
    :rtype: dict[int, dict]
    """
    names = [rule.field for rule in mapper.plain]
    if not record_ids or not names:
        return {}
    keys = {rule.field: rule.keyed_settings["field"] for rule in mapper.rules if rule.pushes and rule.is_keyed}
    # Archived tags of a record are tags of the record.
    records = records.with_context(active_test=False).browse(record_ids)
    fetch(records, names)
    values = zip(*(_column(records, name) for name in names), strict=True)
    terms = {record_id: dict(zip(names, row, strict=True)) for record_id, row in zip(records._ids, values, strict=True)}
    for name, key in keys.items():
        # What is sent is the key of the related record, which can change while the relation does not.
        for record in records:
            terms[record.id][key_name(name)] = sorted((comparable(one[key]) for one in record[name]), key=str)
    return terms


def fetch(records, names):
    """Read fields of records in one query: Odoo by itself would read all the others of the model, too.

    :param records: as somebody sees them
    :param names: of the fields
    """
    records.fetch([name for name in names if records._fields[name].type not in ("binary", "many2many")])


def _column(records, name):
    """One field of records, comparable."""
    as_term = term_of(records._fields[name])
    return [as_term(value) for value in values_of(records, name)]


def values_of(records, name):
    """One field of records, as Odoo has it; of a many2one the id, False for none.

    What was fetched is taken from the cache: to ask each record for each of its fields costs seven times as much,
    which is a tenth of what it costs to create them.
    """
    field = records._fields[name]
    is_one = field.type == "many2one"
    if field.type in _KEPT_AS_THEY_ARE or is_one:
        if field.compute and field.store:
            field.recompute(records)
        cache = field._get_cache(records.env)
        with contextlib.suppress(KeyError):  # what is not in the cache after all is asked for
            kept = [cache[record_id] for record_id in records._ids]
            return [one or False for one in kept] if is_one else [field.convert_to_record(one, records) for one in kept]
    values = [record[name] for record in records]
    return [value.id for value in values] if is_one else values


def term_of(field):
    """:return: what makes a value of ``values_of`` comparable"""
    return _TERMS.get(field.type, comparable)


def _number_term(value):
    """NaN, which only SQL can write, equals nothing, not even itself, and JSON has no word for it."""
    return value if math.isfinite(value) else str(value)


def _ids_term(value):
    return sorted(value.ids)


def _binary_term(value):
    return fingerprint(value.decode("ascii", "replace")) if value else False


def _html_term(value):
    return str(value) if value else False


# What a record has in a field of these types is what the cache has of it, whatever the record is.
_KEPT_AS_THEY_ARE = frozenset(
    {"boolean", "char", "date", "datetime", "float", "html", "integer", "monetary", "selection", "text"}
)

# How a value of each type of field is made comparable; others are as they are.
_TERMS = {
    "float": _number_term,
    "monetary": _number_term,
    "many2many": _ids_term,
    "one2many": _ids_term,
    "binary": _binary_term,
    "html": _html_term,
}


def records_by_key(model, domain, names, key_of):
    """Records by the values of fields; archived ones only where there is no other.

    :param model: the model, as somebody sees it
    :param domain: which of them
    :param list[str] names: the fields to read
    :param key_of: gives the key of a record, for the values of these fields (``values_of``)
    :return: key to list of ids
    :rtype: dict
    """
    active = [model._active_name] if model._active_name else []
    found, archived = collections.defaultdict(list), collections.defaultdict(list)
    records = model.with_context(active_test=False).search_fetch(domain, [*names, *active])
    columns = [values_of(records, name) for name in (*names, *active)]
    for record_id, *values in zip(records._ids, *columns, strict=True):
        is_active = values.pop() if active else True
        (found if is_active else archived)[key_of(*values)].append(record_id)
    return {**archived, **found}
