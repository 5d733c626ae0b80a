"""What a flow may do, as the plans see it: compiled once a batch, without a record in it."""

from typing import NamedTuple

from ..remote.operation import WALK
from .outcome import NOTHING


class Policy(NamedTuple):
    """The rules of one flow.

    :ivar tuple[Rule] rules: the field mappings
    :ivar str direction: ``pull``, ``push`` or ``both``; of a nested flow that of the outermost one
    :ivar str authority: who wins
    :ivar bool can_create: may records be created in Odoo
    :ivar bool can_update: may they be written in Odoo
    :ivar str delete_policy: what becomes of an Odoo record whose remote record is gone
    :ivar str leave_policy: what becomes of a remote record whose Odoo record is not one to push any more
    :ivar str odoo_delete_policy: what becomes of a remote record whose Odoo record was deleted
    :ivar frozenset kinds: of the operations that there are
    :ivar bool sends_whole: does an update carry the whole record
    :ivar bool conditional: does the remote itself refuse a stale change
    :ivar str active_name: the model's field that says whether a record is archived; None if it has none
    :ivar Creation creation: how it is known what became of a creation
    :ivar dict children: one2many field to the policy of the flow of the records inside
    """

    rules: tuple
    direction: str = "pull"
    authority: str = "remote"
    can_create: bool = True
    can_update: bool = True
    delete_policy: str = "archive"
    leave_policy: str = "keep"
    odoo_delete_policy: str = "keep"
    kinds: frozenset = frozenset()
    sends_whole: bool = False
    conditional: bool = False
    active_name: str | None = None
    creation: object = None
    children: dict = NOTHING


class Creation(NamedTuple):
    """How a flow creates records in the other system, exactly once (DESIGN.md).

    :ivar bool repeatable: can the very same request be sent again, because it names the record itself
    :ivar float idempotency_hours: for so long the remote knows a request by its key; 0: it never does
    :ivar bool finds_by_keys: can a record be looked up there by what it is, not only by our reference
    :ivar bool can_find_out: can it be known whether one has arrived whose answer was lost
    :ivar int settle_seconds: so long after it was sent, one that is not found may still come to be there
    """

    repeatable: bool = False
    idempotency_hours: float = 0
    finds_by_keys: bool = False
    can_find_out: bool = True
    settle_seconds: int = 0


def policy_of(flow, mapper):
    """What a flow may do.

    :param Mapper mapper: the flow's field mappings, compiled
    :rtype: Policy
    """
    direction = flow.direction
    children = {
        name: policy_of(one, one._mapper())._replace(direction=direction)
        for name, one in nested_flows_of(flow, mapper).items()
    }
    create, update = flow._operation("create"), flow._operation("update")
    return Policy(
        rules=mapper.rules,
        direction=direction,
        authority=flow.authority,
        can_create=flow.can_create,
        can_update=flow.can_update,
        delete_policy=flow.delete_policy,
        leave_policy=flow.leave_policy,
        odoo_delete_policy=flow.odoo_delete_policy,
        kinds=frozenset(flow.operation_ids.mapped("kind")),
        sends_whole=update.sends == "whole",
        conditional=bool(update) and update._is_conditional(),
        active_name=flow.env[flow.model]._active_name,
        creation=_creation_of(flow, create),
        children=children,
    )


def _creation_of(flow, create):
    connector, find = flow.connector_id, flow._operation("find")
    is_keyed = bool(connector.idempotency_header)
    return Creation(
        repeatable=create.repeatable and not create.bulk_size,
        idempotency_hours=connector.idempotency_hours if is_keyed and not create.bulk_size else 0,
        finds_by_keys=bool(find and find._placeholders() - WALK - {"reference"}),
        can_find_out=bool(not create or create.repeatable or is_keyed or find),
        settle_seconds=connector.settle_seconds,
    )


def nested_flows_of(flow, mapper):
    """The flows of the records inside those of a flow, by the field that they are in.

    :rtype: dict[str, BridgeFlow]
    """
    codes = {rule.field: rule.keyed_settings["flow"] for rule in mapper.nested}
    return {name: flow.child_ids.filtered(lambda one, code=code: one.code == code) for name, code in codes.items()}
