"""Look before sending: fetch what is about to be changed, and take in what the remote has to say first."""

from ...database import text
from ...mapping import merge
from ...remote.status import is_absent
from ..words import LOOK_UP, SEND_ARCHIVE, SEND_DELETE, SEND_RESTORE, SEND_UPDATE
from . import find, take_in
from .facts import Look
from .plan import overrules


def look_first(push, steps):
    """Ask for the remote records of these, where they must be known before anything is sent.

    :param list[Step] steps: what is to be done
    :return: was anything asked, so that they have to be planned again
    :rtype: bool
    """
    unknown = [step for step in steps if step.action == LOOK_UP]
    known = [step for step in steps if _is_to_be_fetched(push.policy, step)]
    if unknown:
        find.look_up(push, unknown)
    if known:
        fetch_known(push, known)
    return bool(unknown or known)


def _is_to_be_fetched(policy, step):
    facts = step.facts
    if facts.look is not None or "get" not in policy.kinds:
        return False
    if step.is_made_anew:
        return True  # created anew only if it is not there again, or was there all the time
    if step.action == SEND_RESTORE:
        return _is_in_lists(policy.rules)
    if step.action not in (SEND_UPDATE, SEND_DELETE, SEND_ARCHIVE):
        return False
    if policy.sends_whole and step.action == SEND_UPDATE:
        return True  # what Odoo does not map goes back as it is
    if step.action == SEND_UPDATE and _is_in_lists(rule for rule in policy.rules if rule.field in step.changes):
        return True
    if facts.prefer == merge.ODOO:
        return False
    if "update" in policy.kinds and policy.direction == "both" and (policy.sends_whole or not policy.conditional):
        return True
    # The remote can only refuse a stale change if we say which version we know; and what goes along with a change must
    # not be what is in conflict.
    return policy.direction == "both" and (facts.bound.version is None or overrules(policy, step))


def _is_in_lists(rules):
    """Is any of the places inside a list, so that what is beside it would go?"""
    return any(rule.target.is_in_list for rule in rules if rule.pushes and not rule.is_nested)


def fetch_known(push, steps):
    """Fetch the remote records of these, and bring them along the road to Odoo.

    :return: Odoo id to Look, of those that are there
    :rtype: dict[int, Look]
    """
    operation, client = push.flow._operation("get")._compiled(), push.client
    push.commit(0)  # nothing is held while we wait
    found = push.flight.ask(steps, lambda step: operation.get(client, step.external_id, (push.about(step),)))
    there, gone = {}, []
    for step, result in zip(steps, found, strict=True):
        push.ledger.learn(step.record_id, Look())
        if result is None:
            push.ledger.hold(step)
        elif result[0]:
            document, version = result[1]
            version = push.mapper.about(document, "version") if version is None else version
            there[step.record_id] = Look(document, version)
            push.ledger.learn(step.record_id, there[step.record_id])
        elif is_absent(result[1]):
            gone.append(step)
        else:
            push.fail(step, result[1])
    if push.flow.direction == "both":
        documents = [(look.base, look.version) for look in there.values()]
        # Whose value stands was said already, so what is there now does not come first.
        orders = {
            step.external_id: {"prefer": step.facts.prefer, "only": step.facts.only}
            for step in steps
            if step.facts.prefer
        }
        if documents or gone:
            push.again(take_in.take_in, push, documents, [step.external_id for step in gone], push.client, None, orders)
    else:
        back = [step.facts.bound for step in steps if step.record_id in there and step.facts.bound.state == "removed"]
        push.again(_note, push, "_come_back", [bound.id for bound in back])
        _gone_there(push, [step for step in gone if step.facts.bound.state != "removed"])
    return there


def _note(push, method, binding_ids):
    """What was learned of bindings, in a transaction of its own: what comes next may lose its own."""
    if binding_ids:
        getattr(push.env["bridge.binding"], method)(binding_ids)
        push.commit(0)


def _gone_there(push, steps):
    """A flow that only pushes: what is gone there is created again, if Odoo is the authority."""
    is_authority = push.flow.authority == "odoo"
    again = [step for step in steps if is_authority and step.facts.exists and step.facts.inside]
    push.again(_note, push, "_forget", [step.facts.bound.id for step in again])
    for step in steps:
        if step not in again:
            push.ledger.settle(push.outcome(step.refuse("rejected", "not_there")))


def look_again(push, stale, gone):
    """Fetch what was refused because it has another version than we know, to merge and send it again.

    :param list[Receipt] stale: those; they are open
    :param list[Receipt] gone: of records that are not there any more
    """
    if gone and push.flow.direction == "both":
        push.again(take_in.take_in, push, [], [receipt.step.external_id for receipt in gone], push.client)
    elif gone:
        _gone_there(push, [receipt.step for receipt in gone])
    if not stale:
        return
    there = fetch_known(push, [receipt.step for receipt in stale])
    for receipt in stale:
        look = there.get(receipt.record_id)
        if look and push.ledger.is_open(receipt.record_id) and not _has_learned(receipt, look):
            push.fail(receipt.step, receipt.error, receipt)  # it is not about the version


def _has_learned(receipt, look):
    """Is the remote record another one than we knew when we sent?"""
    before, bound = receipt.step.facts.look, receipt.step.facts.bound
    version = text(before.version if before and before.version is not None else bound.version)
    if version is None:
        return look.base != (before and before.base)
    return text(look.version if look.version is not None else bound.version) != version
