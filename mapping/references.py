"""What stands for a value that only the database, or another request, can give.

A converter gives references; the road replaces them for a whole batch at once (road/pull/references.py). All of them
are plain values without a record in them, so that they outlive a transaction that has to be done again.
"""

import dataclasses
import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class ByBinding:
    """The Odoo record that is bound to a remote record of another flow."""

    flow: str
    external_id: str


@dataclass(frozen=True)
class ByKey:
    """The Odoo record whose field has a value.

    :ivar tuple within: what else must be true of it, as (field, value) of this remote record
    """

    value: object
    within: tuple = ()


@dataclass(frozen=True)
class Many:
    """Several references, in the order of the remote's list."""

    references: tuple


@dataclass(frozen=True)
class Nested:
    """Documents of a child flow that live inside their parent's."""

    documents: tuple


@dataclass(frozen=True)
class Download:
    """A file that is at an address."""

    url: str
    max_bytes: int


class _Emptied:
    """No value, on purpose: also in a new record, where Odoo would put a default."""

    def __bool__(self):
        return False


EMPTIED = _Emptied()


@dataclass(frozen=True)
class Money:
    """An amount of Odoo on its way out, where the currency says in what it is counted.

    :ivar amount: in major units
    :ivar str currency: its code; None if the record has none
    """

    amount: object
    currency: str | None


@dataclass(frozen=True)
class Pending:
    """The Odoo record of a remote record of the same batch, which is about to be created."""

    external_id: str


@dataclass(frozen=True)
class ToCreate:
    """A record that the road has to make first, such as a new tag.

    :ivar str model: its model
    :ivar str field: the field that is its key
    :ivar key: the same for all values that name the record
    :ivar tuple domain: what else must be true of it, as (field, operator, value)
    :ivar str way: how texts are compared (mapping/alike.py)
    :ivar value: one of the values that name it, as the other system sent it
    """

    model: str
    field: str
    key: object
    domain: tuple = ()
    way: str = "exact"
    value: object = dataclasses.field(default=None, compare=False)


REFERENCES = (ByBinding, ByKey, Many, Nested, Download)
SCALARS = {str, int, float, bool, type(None)}


def references_in(value, kind):
    """The references of one kind inside a value, also those of a list.

    :param kind: a class, or several as a tuple
    :rtype: list
    """
    if type(value) in SCALARS:  # nearly all of them
        return []
    if isinstance(value, Many):
        return [one for one in value.references if isinstance(one, kind)]
    return [value] if isinstance(value, kind) else []


def replaced(value, replace):
    """A value, or each of a list of them, as a function gives it.

    :param replace: a function of one reference
    """
    return Many(tuple(map(replace, value.references))) if isinstance(value, Many) else replace(value)


def unique(value):
    """A value; of a list of references each only once, because two of them may name the same record."""
    return Many(tuple(dict.fromkeys(value.references))) if isinstance(value, Many) else value


def comparable(value):
    """A value in terms that can be compared, kept as JSON and shown: no objects, no order where none is meant."""
    if type(value) in SCALARS:
        return value
    if value is EMPTIED:
        return False
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Many):
        return sorted((comparable(one) for one in value.references), key=str)
    if isinstance(value, (list, tuple)):
        return sorted((comparable(one) for one in value), key=str)
    if isinstance(value, Download):
        return value.url
    if isinstance(value, (Pending, ByBinding)):
        return "#" + value.external_id
    if isinstance(value, (ToCreate, ByKey)):
        return "+" + str(value.value)
    return value
