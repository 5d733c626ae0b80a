"""What travels on the road to Odoo: a record as it came, and all that is known of it. Plain values, never changed."""

from typing import NamedTuple

from ...mapping.mapper import DELETED
from ..bound import Bound
from ..outcome import NOTHING, Failure

GONE_HERE = "gone_here"  # deleted in Odoo, which the other system has still to learn


class Arrival(NamedTuple):
    """One remote record, as it came.

    :ivar dict document: as the remote sent it
    :ivar str external_id: its id; for one without, a mark that stands for its content
    :ivar str fingerprint: equal for documents that the mapping can not tell apart
    :ivar bool deleted: is it a tombstone
    :ivar updated: when the remote says that it was changed
    :ivar version: the remote's version of it
    :ivar Failure failure: why it can not be identified
    :ivar Mapped mapped: what the mapping made of it, where that is known already
    :ivar str prefer: the side that a person wants for this record; or ``compare``
    :ivar frozenset only: the fields for which it is wanted; None: for all, and for the record itself
    :ivar dict shown: what a preview has shown of it, where a person has chosen it there
    """

    document: dict
    external_id: str
    fingerprint: str = ""
    deleted: bool = False
    updated: object = None
    version: object = None
    failure: Failure | None = None
    mapped: object = None
    prefer: str | None = None
    only: frozenset | None = None
    shown: dict | None = None

    def preferred(self, name=None):
        """The side that a person wants for a field, or, without one, for the record itself.

        :rtype: str | None
        """
        return self.prefer if self.only is None or name in self.only else None


def tombstone(external_id):
    """The arrival of a record that the remote does not have any more."""
    return Arrival({}, external_id, DELETED, deleted=True)


def doubtful(external_id, failure):
    """The arrival of a record of which it can not be known whether the remote has it.

    :param Failure failure: why
    """
    return Arrival({}, external_id, failure=failure)


class Facts(NamedTuple):
    """A remote record, and its Odoo record.

    :ivar Arrival arrival: as it came
    :ivar Bound bound: what is known of it; None if nothing
    :ivar int record_id: its Odoo record
    :ivar dict values: Odoo field to value or reference
    :ivar dict terms: Odoo field to comparable value: what the remote says
    :ivar dict odoo: the same, of Odoo
    :ivar dict standing: (kind, field) to what stands: conflicts that were found before
    :ivar str newest: the side that changed the record last, where that is known
    :ivar frozenset deferred: fields whose related record is not here yet
    :ivar dict children: one2many field to the facts of the records inside
    :ivar Failure failure: why it can not be handled
    :ivar str verdict: what is known of it before it is mapped: an action, or ``gone_here``; None: nothing
    :ivar str name: what Odoo calls the record, for one that goes
    :ivar Failure lacking: why it goes on without a field, such as an image that can not be had
    """

    arrival: object
    bound: Bound | None = None
    record_id: int | None = None
    values: dict = NOTHING
    terms: dict = NOTHING
    odoo: dict = NOTHING
    standing: dict = NOTHING
    newest: str | None = None
    deferred: frozenset = frozenset()
    children: dict = NOTHING
    failure: Failure | None = None
    verdict: str | None = None
    name: str | None = None
    lacking: Failure | None = None

    @property
    def is_open(self):
        """Has it still to be decided what is done?"""
        return self.failure is None and self.verdict in (None, GONE_HERE)

    @property
    def is_mapped(self):
        """Is it one whose document says something?"""
        return self.is_open and not self.arrival.deleted

    def without(self, name, lacking):
        """These facts, which go on without a field, or without one of a record inside; the first reason stays.

        :param str name: of the Odoo field
        :param Failure lacking: why
        """
        return self._replace(deferred=self.deferred | {name}, lacking=self.lacking or lacking)

    def fail(self, kind, message, field=None):
        """These facts, with the reason why nothing can be done; the first one stays."""
        return self if self.failure else self._replace(failure=Failure(kind, message, field))


def throughout(pull, facts, change):
    """A record and those inside it, changed; what is wrong with one inside is wrong with the record.

    :param change: called with flow, mapper, facts and whether they are inside another record; gives the facts, and what
        is wrong with them (kind, message, field), or None
    :rtype: Facts
    """
    facts, problem = change(pull.flow, pull.mapper, facts, False)
    children = dict(facts.children)
    for rule in pull.mapper.nested:
        inside = []
        for position, child in enumerate(children.get(rule.field, ()), 1):
            flow = pull.nested_flows[rule.field]
            child, failure = change(flow, rule.child, child, True)
            problem = problem or (failure and Failure(*failure).inside(flow, rule.field, position))
            inside.append(child)
            if child.lacking:  # so the record must not look unchanged next time
                facts = facts.without(rule.field, child.lacking)
        if inside:
            children[rule.field] = tuple(inside)
    if children:
        facts = facts._replace(children=children)
    return facts.fail(*problem) if problem else facts
