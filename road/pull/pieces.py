"""What a list that can not be read at once is read in: windows of time, or the records of another flow."""

import datetime

from ... import moments
from ...jobs.kinds import ENDED_WELL, SINGLE
from ...mapping.paths import parse_path
from ...remote.delta import UTC
from ...remote.pieces import PerParent, Windows


def pieces_of(operation):
    """The pieces of a list; None if it is read at once.

    :param BridgeOperation operation: that lists records
    :rtype: Pieces | None
    """
    if operation.window_days:
        zone = moments.zone_of(operation.flow_id.connector_id.timezone or "UTC")
        start = datetime.datetime.combine(operation.window_start, datetime.time(), zone)
        return Windows(operation._delta(), operation.window_days, start, datetime.datetime.now(UTC))
    return _per_parent(operation) if operation.for_each else None


def _per_parent(operation):
    env, parent = operation.env, operation.flow_id._sibling(operation.for_each)
    domain = [("flow_id", "=", parent.id), ("parent_id", "=", False), ("state", "in", ("linked", "missing"))]
    bindings = env["bridge.binding"].sudo().search_fetch(domain, ["external_id", "create_date"], order="id")
    read = _last_read(operation.flow_id)
    fresh = bindings.filtered(lambda binding: not read or binding.create_date >= read)
    return PerParent(
        {binding.id: binding.external_id for binding in bindings},
        frozenset(fresh.mapped("external_id")),
        parse_path(operation.parent_id_path) if operation.parent_id_path else None,
        parent._remote_id(),
    )


def _last_read(flow):
    """When the last run that came to the end of the list began; None if none has.

    :rtype: datetime.datetime | None
    """
    ended = [("kind", "=", "pull"), ("dry_run", "=", False), ("trigger", "not in", SINGLE)]
    ended += [("flow_id", "=", flow.id), ("state", "in", ENDED_WELL)]
    return flow.env["bridge.run"].sudo().search(ended, limit=1, order="id desc").started or None
