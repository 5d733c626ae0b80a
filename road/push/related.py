"""What the records that are sent point to: their ids there, and those that have to be sent first."""

import collections

from ..inside import waits_for_matching
from ..words import DEEPEST, SEND_CREATE, SEND_RESTORE, SEND_UPDATE


def external_ids(push, mapper, records):
    """The remote ids of what records point to.

    :param Mapper mapper: of the records
    :return: flow code to Odoo id to remote id, as it is sent
    """
    found = {}
    for code, ids in pointed_to(push, mapper, records).items():
        sibling = push.flow._sibling(code)
        remote_id = sibling._remote_id()
        known = push.env["bridge.binding"]._remote_ids(sibling, ids)
        found[code] = {res_id: remote_id(external_id) for res_id, external_id in known.items()}
    return found


def pointed_to(push, mapper, records):
    """Odoo ids that records point to, by the code of the flow that knows them.

    :rtype: dict[str, dict]
    """
    wanted = collections.defaultdict(dict)
    for rule in mapper.rules:
        code = rule.keyed_settings.get("flow")
        if not code or not rule.pushes:
            continue
        related = records.mapped(rule.field)
        if rule.is_nested:
            for inner_code, ids in pointed_to(push, rule.child, related).items():
                wanted[inner_code].update(ids)
        else:
            wanted[code].update(dict.fromkeys(related._ids))
    return wanted


def send_first(push, steps):
    """Push the records that these point to and that are not there yet, such as the customer of an order.

    :param list[Step] steps: what is about to be sent
    """
    sending = [step for step in steps if step.action in (SEND_CREATE, SEND_UPDATE, SEND_RESTORE)]
    sending = [step.record_id for step in sending if not step.repeats]
    if not sending or len(push.ancestors) >= DEEPEST:
        return
    records = push.records.with_context(active_test=False).browse(sending)
    known = external_ids(push, push.mapper, records)
    for code, ids in pointed_to(push, push.mapper, records).items():
        sibling = push.flow._sibling(code)
        missing = [one for one in ids if one not in known.get(code, {})]
        missing = [one for one in missing if not push.is_around(sibling, {one})]
        if missing and sibling.direction != "pull" and not waits_for_matching(sibling):
            ledger = push.beside(sibling).bring(missing)
            push.again(_keep_in_outbox, push, sibling, ledger.held_ids())


def _keep_in_outbox(push, flow, record_ids):
    """In a transaction of its own: what comes next may lose its own."""
    if record_ids:
        push.env["bridge.change"]._note(flow.id, flow.model, record_ids)
        push.commit(0)
