"""A binding, as both roads see it: the row as it was when it was read."""

from typing import NamedTuple


class Bound(NamedTuple):
    """A row of ``bridge.binding``; made there only.

    :ivar bool alive: is its Odoo record there
    :ivar dict odoo_snapshot: None: there is none, or it was not read because nothing has changed
    :ivar str version: what the remote calls the record's version
    :ivar int parent_id: the binding of the record that this one is inside of
    :ivar bool inside: was it one of the records to push when it was looked at last
    :ivar str reference: what Odoo calls the record in the request that creates it
    :ivar dict intent: what was sent to create it: ``document`` and ``terms``
    :ivar datetime sent_at: when it was sent; None: the other system has not seen it
    :ivar int job_id: the job that creates it
    """

    id: int
    external_id: str | None
    res_id: int | None
    state: str
    alive: bool = True
    odoo_snapshot: dict | None = None
    remote_snapshot: dict | None = None
    version: str | None = None
    parent_id: int | None = None
    inside: bool = False
    reference: str | None = None
    intent: dict | None = None
    sent_at: object = None
    job_id: int | None = None
