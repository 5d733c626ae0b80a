"""The brake on the way out: a run that would remove more in the other system than the flow's limit stops, and asks.

A domain that was changed by mistake, or a mass deletion in Odoo, must not empty the other system.
"""

import math

from ..inside import inside
from ..words import REMOVAL

MOST_TOGETHER = 10_000  # records that are looked at by one query


def is_believable(run, record_ids):
    """May these records be pushed, or would the run remove more there than its flow allows? Then it is blocked.

    :param BridgeRun run: of a push
    :param list[int] record_ids: Odoo ids of the next batch
    :rtype: bool
    """
    flow = run.flow_id
    if run.dry_run or run._is_confirmed(REMOVAL) or not _leaving(flow, record_ids):
        return True
    bindings = flow.env["bridge.binding"].sudo()
    total = run.sent_removed + bindings.search_count(_ours_there(flow))
    most = math.ceil(total * flow.remove_limit / 100)
    waiting = [] if run.full else flow.env["bridge.change"]._waiting_records(flow)
    if not run.full and run.sent_removed + len(waiting) <= most:
        return True
    ours = bindings.search_fetch(_ours_there(flow), ["res_id"]).mapped("res_id") if run.full else waiting
    leaving = run.sent_removed + _leaving(flow, ours)
    if leaving <= most:
        return True
    message = run.env._(
        "This push would remove %(leaving)s of %(total)s records in the other system. That is more than the limit of"
        " %(limit)s %%, so it has stopped, and the flow sends nothing until you decide. If they are to go, press"
        " “Remove Them”; otherwise put right what was deleted in Odoo or is not among the records to push any more,"
        " then press “Cancel”.",
        leaving=leaving,
        total=total,
        limit=flow.remove_limit,
    )
    end_asking(run)
    run._ask(REMOVAL, message)
    return False


def end_asking(run):
    """What runs before this one have asked is asked anew, or answered."""
    (run._asking(run.flow_id) - run).write({"state": "cancelled"})


def _ours_there(flow):
    """A domain of the bindings of records that are in the other system and ours to remove there.

    :rtype: list
    """
    return [
        ("flow_id", "=", flow.id),
        ("state", "in", ("linked", "missing")),
        ("inside", "=", True),
        ("parent_id", "=", False),
    ]


def _leaving(flow, record_ids):
    """How many of these records are going to be removed in the other system.

    :param list[int] record_ids: Odoo ids of any records
    :rtype: int
    """
    if flow.odoo_delete_policy == "keep" and flow.leave_policy == "keep":
        return 0
    bindings, found = flow.env["bridge.binding"].sudo(), 0
    for start in range(0, len(record_ids), MOST_TOGETHER):
        some = [("res_id", "in", record_ids[start : start + MOST_TOGETHER])]
        some = bindings.search_fetch([*_ours_there(flow), *some], ["res_id"]).mapped("res_id")
        there = flow.env[flow.model].sudo().browse(some).exists()._ids
        if flow.odoo_delete_policy != "keep":
            found += len(some) - len(there)
        if flow.leave_policy != "keep":
            found += len(there) - len(inside(flow, there))
    return found
