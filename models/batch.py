"""What travels along the road: a batch of records of one flow."""

import dataclasses
import datetime
from dataclasses import dataclass, field

from ..mapping.converters import ByBinding, ByKey, Download, Many
from ..mapping.paths import MISSING

# What the plan can decide about one record (DESIGN.md, "The road").
CREATE, UPDATE, LINK, UNCHANGED = "create", "update", "link", "unchanged"
ARCHIVE, UNLINK, FLAG = "archive", "unlink", "flag"
SKIP, REJECT = "skip", "reject"
CONFLICT = "conflict"  # one side deleted what the other changed: nothing is done until a person decides

REMOVALS = (ARCHIVE, UNLINK, FLAG)
COUNTERS = {
    CREATE: "created",
    UPDATE: "updated",
    LINK: "linked",
    UNCHANGED: "unchanged",
    ARCHIVE: "archived",
    FLAG: "archived",
    UNLINK: "removed",
    SKIP: "skipped",
    REJECT: "failed",
    CONFLICT: "unchanged",
}

# Kinds of errors (DESIGN.md, "The queue") that a single record can have.
DATA, DEPENDENCY = "data", "dependency"


@dataclass
class Failure:
    """Why one record could not be handled.

    :ivar str kind: ``data`` or ``dependency``
    :ivar str message: for a person, in the language of the log
    :ivar str field: the Odoo field, where one is to blame
    """

    kind: str
    message: str
    field: str = None


@dataclass(eq=False)
class Item:
    """One remote record on its way.

    :ivar dict document: as the remote sent it
    :ivar str external_id: its id; for one without, a mark that stands for its content
    :ivar Bound binding: what is already known of it; None if nothing
    :ivar dict values: Odoo field to value; references until they are resolved
    :ivar dict remote_terms: Odoo field to comparable value, what the remote says
    :ivar dict changes: Odoo field to (old, new), comparable
    :ivar set pushes: fields whose value in Odoo stands, and has to be sent
    :ivar dict opposed: Odoo field to (odoo, remote, agreed): where a person has to decide
    :ivar dict standing: (kind, field) to what stands: conflicts that were found before
    :ivar set held: fields whose snapshots stay, because a change of Odoo waits for its way, or for a decision
    :ivar str newest: the side that changed the record last, where that is known
    :ivar str prefer: the side that a person wants for this record
    :ivar bool gone_here: was it deleted in Odoo, which the other system has still to learn
    :ivar str name: what Odoo calls the record, for one that goes
    :ivar bool inside: is the Odoo record one of those to push; None where that was not asked
    :ivar dict children: one2many field to items of the nested flow
    :ivar set deferred: fields whose related record is not here yet
    :ivar int record_id: the Odoo record
    :ivar Mapped mapped: what the mapping made of the document, where that is known already
    """

    document: dict
    external_id: str = None
    fingerprint: str = ""
    deleted: bool = False
    updated: object = None
    version: object = None
    binding: object = None
    values: dict = field(default_factory=dict)
    remote_terms: dict = field(default_factory=dict)
    odoo_terms: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)
    pushes: set = field(default_factory=set)
    opposed: dict = field(default_factory=dict)
    standing: dict = field(default_factory=dict)
    held: set = field(default_factory=set)
    newest: str = None
    prefer: str = None
    gone_here: bool = False
    inside: bool = None
    children: dict = field(default_factory=dict)
    children_changed: bool = False
    superseded: bool = False
    parent: object = None
    deferred: set = field(default_factory=set)
    action: str = None
    failure: Failure = None
    note: str = None
    name: str = None
    record_id: int = None
    mapped: object = None

    def supersede(self):
        """A later document of the same batch speaks for this record."""
        self.action, self.failure, self.superseded = UNCHANGED, None, True

    def skip(self, note):
        self.action, self.failure, self.note = SKIP, None, note

    def fail(self, kind, message, field_name=None):
        self.action = REJECT
        self.failure = Failure(kind, message, field_name)

    @property
    def has_moved(self):
        """Was this nested record inside another parent before?"""
        before_id = self.binding and self.binding.parent_id
        return bool(before_id and self.parent and not (self.parent.binding and self.parent.binding.id == before_id))

    @property
    def open(self):
        """Has the plan still to decide about it?"""
        return self.action is None


@dataclass
class Bound:
    """A binding, as far as the road needs it."""

    id: int
    external_id: str
    res_id: int
    state: str
    same: bool
    alive: bool
    odoo_snapshot: dict
    remote_snapshot: dict
    parent_id: int = None
    inside: bool = False  # was it one of the records to push


@dataclass
class Batch:
    """Records of one flow that go along the road together.

    :ivar run: the run that they belong to
    :ivar flow: their flow
    :ivar client: to ask the remote for what is missing; None where nothing may be asked
    :ivar commit: commits what was written for related records, before the remote is asked for more
    :ivar int exchange_id: the kept exchange that the records came with
    :ivar dict exchange_ids: for records that came one by one, remote id to kept exchange
    :ivar dict files: by address, those that were fetched: base64, or the RemoteError that says why there is none
    :ivar bool pushing: is it read for the sake of a push, which sends by itself what Odoo has to say
    :ivar bool patient: may related records of the same flow still come on a later page
    """

    run: object
    flow: object
    mapper: object
    items: list
    client: object = None
    commit: object = None
    patient: bool = False
    depth: int = 0
    exchange_id: int = None
    exchange_ids: dict = field(default_factory=dict)
    pushing: bool = False
    files: dict = field(default_factory=dict)
    references: list = field(default_factory=list)

    def having(self, *actions):
        return [item for item in self.items if item.action in actions]

    def open_items(self):
        return [item for item in self.items if item.open]

    def open_references(self, *kinds):
        """What the open records, and the records inside them, refer to.

        :rtype: list[Reference]
        """
        return [one for one in self.references if one.is_open and any(references_in(one.value, kind) for kind in kinds)]

    def wanted_ids(self):
        """Remote ids that the open records refer to: flow code to ids.

        :rtype: dict[str, dict]
        """
        wanted = {}
        for reference in self.open_references(ByBinding):
            for one in references_in(reference.value, ByBinding):
                wanted.setdefault(one.flow, {})[one.external_id] = True
        return wanted


@dataclass(frozen=True)
class Reference:
    """A value of a record that has to be looked up.

    :ivar flow: the flow of the record; for a record inside another one its nested flow
    :ivar Rule rule: the mapping that the value comes from
    """

    flow: object
    item: Item
    rule: object
    value: object

    @property
    def is_open(self):
        return (self.item.parent or self.item).action is None


@dataclass(frozen=True)
class Pending:
    """A reference to a record of the same batch that is about to be created."""

    item: Item


@dataclass(frozen=True)
class ToCreate:
    """A reference to a record that the apply step has to make first.

    :ivar key: the same for all values that name the record
    :ivar value: one of them, as the other system sent it
    """

    model: str
    field: str
    key: object
    domain: tuple = ()
    ignore_case: bool = False
    value: object = dataclasses.field(default=None, compare=False)


def references_in(value, kind):
    """The references of one kind inside a value, also those of a list.

    :rtype: list
    """
    if isinstance(value, Many):
        return [one for one in value.references if isinstance(one, kind)]
    return [value] if isinstance(value, kind) else []


SCALARS = {str, int, float, bool, type(None)}


def comparable(value):
    """A value in terms that can be compared, kept as JSON and shown: no objects, no order where none is meant."""
    if type(value) in SCALARS:
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Many):
        parts = [comparable(one) for one in value.references]
        return sorted(parts, key=str)
    if isinstance(value, (list, tuple)):
        return sorted((comparable(one) for one in value), key=str)
    if isinstance(value, Download):
        return value.url
    if isinstance(value, Pending):
        return "#" + value.item.external_id
    if isinstance(value, ByBinding):
        return "#" + value.external_id
    if isinstance(value, (ToCreate, ByKey)):
        return "+" + str(value.value)
    return value


def before(snapshot, name):
    """A field's value in a snapshot; ``MISSING`` at first contact or for a field that is mapped since."""
    return MISSING if snapshot is None or name not in snapshot else snapshot[name]
