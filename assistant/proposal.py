"""What is proposed, and why. Nothing in here is ever applied unasked."""

from __future__ import annotations

from typing import NamedTuple

from ..remote.errors import _lt


class Reason(NamedTuple):
    """Why something is proposed: one English sentence, marked for translation, and what it names."""

    template: str
    values: dict = {}

    def __str__(self):
        return self.template % self.values


class Paging(NamedTuple):
    """A way to walk a list.

    :ivar str kind: name of a paginator, ``remote/pagination.py``
    :ivar dict options: of the paginator
    :ivar dict query: parameters with placeholders, such as ``{"limit": "{limit}"}``
    :ivar Reason reason: why
    :ivar int page_size: records to ask for
    :ivar bool is_sure: False for one that is only usual, and has to be tried
    """

    kind: str
    options: dict
    query: dict
    reason: Reason
    page_size: int = 100
    is_sure: bool = True


class Since(NamedTuple):
    """How only changes are asked for.

    :ivar str place: ``query`` or ``header``
    :ivar str format: how ``{since}`` is written; empty: as it came
    """

    name: str
    place: str
    format: str
    reason: Reason


class Choice(NamedTuple):
    """A JMESPath, and why it is that one; ``path`` is empty where nothing fits, and the reason says so.

    :ivar bool is_sure: False for one that a person has to look at before it is used
    """

    path: str
    reason: Reason
    is_sure: bool = True


class Proposal(NamedTuple):
    """All that is proposed about one list.

    :ivar Choice records: where the records are in an answer
    :ivar Choice id: where a record has its id
    :ivar Choice updated: where it says when it was changed
    :ivar str updated_format: how that moment is written, see ``moments``
    :ivar Choice deleted: what tells that it is deleted
    :ivar tuple[Paging] pagings: the likeliest first; only the first is proposed, the others can be tried
    :ivar Since since: None where only everything can be asked for
    """

    records: Choice
    id: Choice
    updated: Choice
    updated_format: str
    deleted: Choice
    pagings: tuple
    since: Since | None = None

    @property
    def paging(self) -> Paging:
        return self.pagings[0]


class Scheme(NamedTuple):
    """A way to sign in.

    :ivar str scheme: name of one of ours, ``remote/auth.py``; empty for one that we do not have
    :ivar dict options: of it
    :ivar str called: how the document calls it
    """

    scheme: str
    options: dict
    called: str


class Collection(NamedTuple):
    """A list of records that a document describes.

    :ivar str name: as a person would call it
    :ivar str path: of the list, behind the base address
    :ivar Proposal proposal: how it is read
    :ivar dict operations: kind (get, create, update, delete) to its method, path, body and records
    :ivar tuple[str] needs: names of what a request must have besides, which only a person knows
    :ivar dict fixed: parameters that have to be sent, with the value that the document says
    """

    name: str
    path: str
    proposal: Proposal
    operations: dict
    needs: tuple = ()
    fixed: dict = {}


class Description(NamedTuple):
    """What a document says.

    :ivar str title: name of the API
    :ivar tuple[str] addresses: base addresses, the first one is proposed
    :ivar tuple[Scheme] schemes: ways to sign in, the likeliest first
    :ivar tuple[Collection] collections: in the order of the document
    :ivar tuple[Reason] notes: what a person should know of it
    """

    title: str
    addresses: tuple
    schemes: tuple
    collections: tuple
    notes: tuple


NOTHING = Reason(_lt("Nothing in it looks like that."))
