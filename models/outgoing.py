"""What travels along the road from Odoo to the remote: a batch of changed records of one flow."""

from dataclasses import dataclass, field

from .batch import REJECT, SKIP, UNCHANGED, Failure

SEND_CREATE, SEND_UPDATE, SEND_DELETE = "send_create", "send_update", "send_delete"
SEND_ARCHIVE, SEND_RESTORE = "send_archive", "send_restore"
LOOK_UP = "look_up"  # ask the remote whether it has the record already, then decide again
LEAVE = "leave"  # the remote record stays, and is not ours to change any more
FORGET = "forget"  # its creation was begun, nobody there has seen it, and it is not one of ours any more
UNCERTAIN = "uncertain"
OPERATIONS = {
    SEND_CREATE: "create",
    SEND_UPDATE: "update",
    SEND_DELETE: "delete",
    SEND_ARCHIVE: "archive",
    SEND_RESTORE: "restore",
}
SENDS = tuple(OPERATIONS)
SENT_COUNTERS = {
    SEND_CREATE: "sent_created",
    SEND_UPDATE: "sent_updated",
    SEND_RESTORE: "sent_updated",
    SEND_DELETE: "sent_removed",
    SEND_ARCHIVE: "sent_removed",
    LEAVE: "unchanged",
    UNCHANGED: "unchanged",
    FORGET: "unchanged",
    SKIP: "skipped",
    REJECT: "failed",
    UNCERTAIN: "failed",
}


@dataclass
class Link:
    """A binding, as far as pushing needs it."""

    id: int
    res_id: int
    external_id: str = None
    state: str = "linked"
    odoo_snapshot: dict = None
    remote_snapshot: dict = None
    version: str = None
    inside: bool = False
    reference: str = None
    intent: dict = None
    sent_at: object = None
    job_id: int = None


@dataclass(eq=False)
class Outgoing:
    """One Odoo record on its way.

    :ivar Link binding: what is known of it; None if nothing
    :ivar bool there: does the Odoo record exist
    :ivar bool inside: is it one of the records to push
    :ivar dict terms: Odoo field to comparable value, now
    :ivar dict changes: Odoo field to (old, new), comparable: what is sent
    :ivar dict agreed: fields whose values both sides have by themselves
    :ivar set late: fields that point to a record which is created after this one
    :ivar dict document: what is sent
    :ivar dict base: the remote record as it was fetched just now
    :ivar dict answer: the remote record as it was answered; None if the answer has none
    :ivar object error: the RemoteError of the request
    :ivar str failed_action: what was tried, of one that failed
    :ivar dict standing: (kind, field) to what stands: conflicts that were found before
    :ivar dict intent: document and terms of a creation, as they are kept
    :ivar bool repeats: is it created by a request that may have arrived before, word for word
    :ivar dict sought: what the placeholders of a look-up stand for
    :ivar is_sought: is a document of the other system this record; None if nothing could tell
    :ivar datetime due: when to look again, for one that has to wait
    """

    record_id: int
    binding: Link = None
    there: bool = True
    inside: bool = False
    prefer: str = None
    terms: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)
    agreed: dict = field(default_factory=dict)
    late: set = field(default_factory=set)
    children: dict = field(default_factory=dict)
    document: dict = None
    base: dict = None
    looked: bool = False
    answer: dict = None
    external_id: str = None
    version: object = None
    action: str = None
    failure: Failure = None
    note: str = None
    name: str = None
    error: object = None
    failed_action: str = None
    standing: dict = field(default_factory=dict)
    intent: dict = None
    repeats: bool = False
    sought: dict = None
    is_sought: object = None
    due: object = None
    sent: bool = False

    @property
    def open(self):
        return self.action is None

    @property
    def remote_id(self):
        return self.external_id or (self.binding and self.binding.external_id)

    @property
    def is_made_anew(self):
        """Is it to be created there although it was there before?"""
        return self.action == SEND_CREATE and self.binding is not None and self.binding.state == "removed"

    def fail(self, kind, message, field_name=None):
        self.action = REJECT
        self.failure = Failure(kind, message, field_name)

    def again(self):
        """Forget what was decided; it is looked at anew."""
        self.action = self.failure = self.error = self.document = self.answer = None
        self.changes, self.agreed, self.late = {}, {}, set()
        self.sent, self.failed_action, self.repeats = False, None, False


@dataclass
class OutBatch:
    """Records of one flow that are pushed together.

    :ivar list ancestors: (flow, Odoo ids) of the batches for whose sake this one is pushed
    :ivar int job_id: the job that does it
    :ivar Flight flight: sends the requests
    :ivar list held: records whose turn did not come, or whose outcome is not known: they stay in the outbox
    :ivar dict kept: record to the kept exchange that was about it
    :ivar dict jobs: Odoo id to the running job whose matter it is
    :ivar set closed: Odoo ids whose open failure was closed
    """

    run: object
    flow: object
    mapper: object
    items: list
    client: object
    exchanges: list
    commit: object
    flight: object
    job_id: int = None
    ancestors: tuple = ()
    held: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    closed: set = field(default_factory=set)
    jobs: dict = field(default_factory=dict)

    def having(self, *actions):
        return [item for item in self.items if item.action in actions]

    def open_items(self):
        return [item for item in self.items if item.open]
