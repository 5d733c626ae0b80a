"""Related records that are named by the value of a field, such as a country by its code: one rule for all of them.

Whoever looks for a record and whoever makes one asks here what a value is for that field, so that what was made is
found again.
"""

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.sql import make_identifier

from ..mapping.alike import EXACT, ROUGH, alike, rough, usual_way
from ..mapping.fingerprint import fingerprint
from .terms import records_by_key, values_of

TEXTS = ("char", "text", "html", "selection", "reference")
WHOLE = ("integer", "many2one", "many2one_reference")
DECIMAL = ("float", "monetary")
INDEX = "bridge_lookup_"  # how the names of our indexes on tables of others begin
LONGEST_ROUGH = 200  # characters by which a record is looked for; what is left of a text is plain ASCII


class Keyed:
    """Records of a model by the value of one field.

    :param model: the model, as the acting user sees it
    :param str name: the field
    :param domain: what the records must match besides
    :param str way: how texts are compared (mapping/alike.py); None: as fits the field
    """

    def __init__(self, model, name, domain=(), way=None):
        self.model, self.name = model, name
        self.field = model._fields[name]
        self.domain = list(domain)
        self.way = way_of(self.field, way)

    def value(self, given):
        """What a value of the other system is for the field, as Odoo would keep it; None if it can not be one.

        24 is "24" for a text, and "24" is 24 for a number; a code with leading zeros stays what it is.
        """
        kind = self.field.type
        if kind == "boolean" or isinstance(given, bool):
            return given if kind == "boolean" and isinstance(given, bool) else None
        try:
            if kind in TEXTS:
                return self._text(given)
            if kind in WHOLE:
                return _whole(given)
            if kind in DECIMAL:  # what is rounded to a currency is known only of a record
                return float(given) if kind == "monetary" else self.field.convert_to_cache(float(given), self.model)
            return self.field.convert_to_cache(given, self.model)
        except (ValueError, TypeError, OverflowError):
            return None

    def _text(self, given):
        if isinstance(given, float) and given.is_integer():
            given = int(given)
        text = str(given).replace("\x00", "")
        return text[: self.field.size] if getattr(self.field, "size", None) else text

    def key(self, given):
        """The same for all values that mean the same record; None for what can not be compared."""
        return alike(self.value(given), self.way)

    def find(self, given):
        """The records that these values name, in one query.

        :return: key to list of ids; archived records only where there is no other
        :rtype: dict
        """
        values = {value for value in map(self.value, given) if value is not None}
        if not values:
            return {}
        by_value = having(self.model, self.name, self.way, values)
        with self.model.env["bridge.key"]._by_index(self.model, {self.name: self.way}):
            return records_by_key(self.model, by_value & Domain(self.domain), [self.name], self.key)

    def make(self, given):
        """Create the record that a value names, so that the same value finds it from now on.

        To be called in a savepoint.

        :return: its id
        :raises ExistsError: if what Odoo makes of the value is there already, so that nothing is to be made
        :raises UserError: if it would not be found again
        """
        value = self.value(given)
        if value is None:
            raise UserError(self.model.env._("“%s” can not be a value of this field.", given))
        record = self.model.create({**self._said_by_domain(), self.name: value})
        record.flush_recordset()
        record.invalidate_recordset([self.name])
        if record.id in self.find([given]).get(self.key(given), ()):
            return record.id
        (kept,) = values_of(record, self.name)  # Odoo has trimmed or rounded it, or made something else of it
        same = self.find([kept]).get(self.key(kept), [])
        others = [record_id for record_id in same if record_id != record.id]
        if len(others) == 1:
            raise ExistsError(others[0])
        if others or not same:
            raise UserError(
                self.model.env._(
                    "Odoo makes “%(kept)s” of “%(value)s”, and would not find it again. Correct the domain or the"
                    " value.",
                    kept=kept,
                    value=value,
                )
            )
        return record.id

    def _said_by_domain(self):
        """A domain such as [("type", "=", "x")] says what the records are, so it says it of a new one as well."""
        if any(isinstance(part, str) for part in self.domain):  # an "or" says nothing for certain
            return {}
        return {name: value for name, operator, value in self.domain if operator == "=" and "." not in name}


class ExistsError(Exception):
    """The record that was made is there already, under what Odoo makes of its key; so it is not to be made.

    :ivar int record_id: the one that is there
    """

    def __init__(self, record_id):
        super().__init__(record_id)
        self.record_id = record_id


def _whole(given):
    """:raises ValueError: if it is no whole number"""
    if isinstance(given, float) and not given.is_integer():
        raise ValueError(given)
    return int(given)


def belongs(name, value):
    """A condition: does a record belong to what another value of the remote record says?

    :param str name: a field, also of a related record, such as ``country_id.code``
    :param value: None: it does not say, so that none does
    :rtype: tuple
    """
    if isinstance(value, str):
        text = value.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return name, "=ilike", text
    return name, "=", False if value is None else value


def way_of(field, way=None):
    """How the values of a field of Odoo are compared.

    :param str way: what a person wants; None: as fits the field
    """
    if field.type not in TEXTS:
        return EXACT
    return way or (usual_way(field.name) if is_column(field) else EXACT)


def is_column(field):
    """Can PostgreSQL compute with the field, itself or that of another record?"""
    return bool(field.store or field.related)


def having(model, name, way, values):
    """The records whose field is one of these values, or nearly: ``alike`` says which it is.

    One condition, whatever the number of values: PostgreSQL looks each record up in a hash of them.

    :param str way: how they are compared
    :rtype: Domain
    """
    if way == EXACT:
        return Domain(name, "in", list(values))
    wanted = sorted({rough(str(value), way)[:LONGEST_ROUGH] for value in values})

    def is_wanted(records, alias, query):
        return SQL("%s = ANY(%s)", rough_of(records._field_to_sql(alias, name, query), way), wanted)

    return Domain.custom(to_sql=is_wanted)


def index_of(model, name, way):
    """The name of the index by which records are found; of another rule, or of another column, it is another one."""
    mark = fingerprint([model._table, name, ROUGH[way]])[:8]
    return make_identifier(f"{INDEX}{mark}_{model._table}_{name}")


def rough_of(column, way):
    """What is left of a column of texts (see ``rough`` in mapping/alike.py), as PostgreSQL reckons it.

    :param SQL column: the column
    :rtype: SQL
    """
    # As text, because an index that names the column by its type would forbid to change that; and only its beginning,
    # because an index has no room for a long one, and would refuse the record of whoever writes it.
    return SQL("left(lower(regexp_replace(%s::text, %s, '', 'g')), %s)", column, ROUGH[way], LONGEST_ROUGH)


def can_be_indexed(field, way):
    """Is what is left of a field of Odoo's a thing that PostgreSQL can keep an index of, and has none of by itself?"""
    return way != EXACT and bool(field.store and field.column_type) and not (field.translate or field.company_dependent)
