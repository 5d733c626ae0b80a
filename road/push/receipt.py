"""What is going to be sent about a record, and what was answered. Plain values, never changed."""

from typing import NamedTuple

from .plan import Step


class Draft(NamedTuple):
    """What is going to be sent about one record.

    :ivar Step step: what is to be done
    :ivar dict document: the record in the remote's terms; None where nothing is said of it
    :ivar frozenset late: fields that point to a record which is sent after this one
    :ivar Bound bound: its binding, as it is now
    :ivar str reference: what a creation is called that was not begun before
    :ivar dict intent: of a creation: ``document`` and ``terms``, as they are kept
    """

    step: Step
    document: dict | None = None
    late: frozenset = frozenset()
    bound: object = None
    reference: str | None = None
    intent: dict | None = None

    @property
    def record_id(self):
        return self.step.record_id


class Receipt(NamedTuple):
    """What the other system answered about one record.

    :ivar Draft draft: what was sent
    :ivar bool sent: has the request, as far as we know, left
    :ivar dict answer: the record as it was answered; None if the answer has none
    :ivar str external_id: of one that was created
    :ivar str version: of the record, where that is in a header
    :ivar RemoteError error: why it was not done; with ``sent`` False and no error its turn did not come
    """

    draft: Draft
    sent: bool = False
    answer: dict | None = None
    external_id: str | None = None
    version: str | None = None
    error: object = None

    @property
    def step(self):
        return self.draft.step

    @property
    def record_id(self):
        return self.draft.step.record_id

    @property
    def is_done(self):
        return self.sent and self.error is None
