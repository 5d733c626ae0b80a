"""What became of a record: bindings, log, failures and counters take nothing else."""

from types import MappingProxyType
from typing import NamedTuple

from .words import DATA

NOTHING = MappingProxyType({})


class Failure(NamedTuple):
    """Why one record could not be handled.

    :ivar str kind: of the error (DESIGN.md, "The queue")
    :ivar str message: for a person, in the language of the log
    :ivar str field: the Odoo field, where one is to blame
    """

    kind: str
    message: str
    field: str | None = None

    @classmethod
    def of(cls, flow, error):
        """A mapping error, on the record that it concerns.

        :param BridgeFlow flow: whose mapping it is
        :param MappingError error: names the field
        """
        label, message = flow._field_label(error.field), flow.connector_id._explain(error)
        if not error.says_what_to_do:
            message = flow.env._("%s Correct it, or have an administrator change the mapping.", message)
        message = flow.env["bridge.approval"]._without_secret(flow.model, error.field, message)
        return cls(DATA, f"{label}: {message}" if label else message, error.field)

    def inside(self, flow, name, position):
        """The same, said of the record that holds the one which is to blame.

        :param BridgeFlow flow: of the records inside
        :param str name: the field that holds them
        :param int position: of that record among them, from 1
        """
        message = f"{flow.name} {position}: {self.message}"
        return self._replace(message=message, field=f"{name}.{self.field}" if self.field else name)


class Outcome(NamedTuple):
    """What became of one record.

    :ivar str action: what was done (road/words.py)
    :ivar step: what it was to be; bindings and conflicts read it
    :ivar int record_id: the Odoo record
    :ivar Failure failure: why nothing was done
    :ivar str note: what there is to say of it
    :ivar frozenset deferred: fields whose related record is not here yet
    :ivar dict after: Odoo's terms now; they may differ from what was written
    :ivar dict remote: the remote's terms, with the ids of relations
    :ivar dict children: field to the outcomes of the records inside
    :ivar dict altered: field to (what Odoo keeps, what was meant), where these are not the same after a write
    :ivar dict different: the same of fields that nothing was done about, because nothing has changed in them
    :ivar Receipt receipt: what the other system answered, where something was sent
    """

    action: str
    step: object
    record_id: int | None = None
    failure: Failure | None = None
    note: str | None = None
    deferred: frozenset = frozenset()
    after: dict = NOTHING
    remote: dict = NOTHING
    children: dict = NOTHING
    altered: dict = NOTHING
    different: dict = NOTHING
    receipt: object = None

    @property
    def external_id(self):
        if self.receipt is None:
            return self.step.external_id
        bound = self.receipt.draft.bound  # of one that is made anew it has no id any more
        return self.receipt.external_id or (bound and bound.external_id)

    @property
    def name(self):
        """What a person calls the record; None if it has no name yet."""
        return self.step.facts.name

    @property
    def changes(self):
        """Field to (old, new), comparable."""
        return self.step.changes

    @property
    def is_altered(self):
        """Does Odoo keep something else than was meant, of this record or of those inside it?"""
        return bool(self.altered) or any(one.altered for inside in self.children.values() for one in inside)

    @property
    def succeeded(self):
        return self.failure is None and not self.deferred


def not_readable(road):
    """Why nothing is done with a record that was moved out of the acting user's sight.

    :param road: Pull or Push
    :rtype: Failure
    """
    message = road.env._(
        "The acting user %s may not read this record any more. Give the right, or another acting user.",
        road.flow.connector_id.sudo().user_id.name,
    )
    return Failure(DATA, message)
