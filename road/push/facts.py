"""What travels on the road to the other system: all that is known of a record. Plain values, never changed."""

from typing import NamedTuple

from ..bound import Bound
from ..outcome import NOTHING, Failure


class Look(NamedTuple):
    """The remote record as it was just now; kept until the record is done.

    :ivar dict base: what it is; None: there is none
    :ivar version: what the remote calls its version
    """

    base: dict | None = None
    version: object = None


class Children(NamedTuple):
    """The nested records of one parent.

    :ivar list ids: Odoo ids, in Odoo's order
    :ivar dict bound: Odoo id to Bound
    :ivar list gone: binding ids of those that are not there any more
    :ivar dict terms: Odoo id to comparable values
    :ivar bool has_changed: does anything differ from what both sides had
    :ivar str summary: how many are new, changed and gone, for the log
    """

    ids: list
    bound: dict
    gone: list
    terms: dict
    has_changed: bool
    summary: str


class Facts(NamedTuple):
    """An Odoo record, and its remote record.

    :ivar int record_id: its Odoo id
    :ivar bool exists: is it there
    :ivar bool inside: is it one of the records to push
    :ivar bool readable: may the acting user read it
    :ivar dict terms: Odoo field to comparable value; with the keys of relations (mapping/merge.py)
    :ivar str name: what Odoo calls it
    :ivar Bound bound: what is known of it; None if nothing
    :ivar dict standing: (kind, field) to what stands: conflicts that were found before
    :ivar dict children: one2many field to Children
    :ivar Look look: the remote record, where it was looked at; None: it was not
    :ivar str prefer: the side that a person wants for this record
    :ivar frozenset only: the fields for which it is wanted; None: for all, and for the record itself
    :ivar bool taken: is another job creating it there right now
    :ivar Failure failure: why it can not be handled
    """

    record_id: int
    exists: bool = True
    inside: bool = True
    readable: bool = True
    terms: dict = NOTHING
    name: str | None = None
    bound: Bound | None = None
    standing: dict = NOTHING
    children: dict = NOTHING
    look: Look | None = None
    prefer: str | None = None
    only: frozenset | None = None
    taken: bool = False
    failure: Failure | None = None

    def preferred(self, name=None):
        """The side that a person wants for a field, or, without one, for the record itself.

        :rtype: str | None
        """
        return self.prefer if self.only is None or name in self.only else None
