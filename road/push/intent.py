"""Creating remotely, exactly once (DESIGN.md): the intent, committed before the request; and what came of it.

The binding is the intent, with a reference of its own. Whoever finds it in state ``creating`` knows that the record may
be there already, and asks before anything is sent again.
"""

from ...mapping import merge
from ...remote.errors import Rejected
from ..words import DATA, DEPENDENCY, SEND_CREATE, SEND_UPDATE
from .answers import snapshots, version_of


def write(push, drafts):
    """Say what is about to be sent, and commit; nothing is held while we wait for answers.

    :param list[Draft] drafts: what is going to be sent
    :return: the same, as they can be sent; and the steps of those that another job creates right now, rejected
    :rtype: tuple[list[Draft], list[Step]]
    """
    bindings = push.env["bridge.binding"]
    creating = [_with_intent(push, draft) for draft in drafts if draft.step.action == SEND_CREATE]
    if anew := [draft.bound.id for draft in creating if draft.step.is_made_anew]:
        bindings._begin_anew(anew)
    ours = _write(push, creating)
    _write_begun(push, [draft for draft in drafts if draft.step.action == SEND_UPDATE])
    push.commit(0)
    known = bindings._by_record(push.flow, ours)
    begun = {one.record_id: one._replace(bound=known[one.record_id]) for one in creating if one.record_id in ours}
    lost = {draft.record_id for draft in creating if draft.record_id not in ours}
    ready = [begun.get(draft.record_id, draft) for draft in drafts if draft.record_id not in lost]
    return ready, [draft.step.refuse(DEPENDENCY, "another_job") for draft in creating if draft.record_id in lost]


def _with_intent(push, draft):
    if draft.step.repeats:  # the very same request, or it would be another one
        intent = draft.step.facts.bound.intent
        return draft._replace(document=intent["document"], intent=intent)
    sent = {rule.field for rule in push.mapper.rules if rule.pushes} - draft.late
    terms = {name: value for name, value in draft.step.facts.terms.items() if merge.field_of(name) in sent}
    # "by" tells this attempt from any other of the same job.
    return draft._replace(intent={"document": draft.document, "terms": terms, "by": draft.reference})


def _write(push, creating):
    """:return: Odoo ids of those that are ours
    :rtype: set[int]
    """
    bindings = push.env["bridge.binding"]
    new = [
        {"res_id": draft.record_id, "reference": draft.reference, "intent": draft.intent}
        for draft in creating
        if draft.bound is None
    ]
    begun = [
        {
            "id": draft.bound.id,
            "intent": draft.intent,
            "repeats": draft.step.repeats,
            "sent_at": _found_sent_at(draft),
            "job_id": draft.bound.job_id,
        }
        for draft in creating
        if draft.bound
    ]
    return bindings._insert_intents(push.flow, new, push.job_id) | bindings._renew_intents(begun, push.job_id)


def _write_begun(push, drafts):
    """What is being sent of records that are there: if no answer comes, it is no change of somebody else there.

    A flow that only pushes does not look at what the other system has.
    """
    if push.policy.direction != "both":
        return
    rows = []
    for draft in drafts:
        terms = draft.step.facts.terms
        sent = {merge.begun_name(name): [terms[name]] for name in draft.step.changes if name in terms}
        rows.append({"id": draft.bound.id, "odoo_snapshot": {}, "remote_snapshot": sent})
    push.env["bridge.binding"]._merge_snapshots(rows, sent=False)


def _forget_begun(push, receipts):
    """What certainly did not arrive is not there."""
    if push.policy.direction != "both":
        return
    rows = []
    for receipt in receipts:
        if receipt.step.action != SEND_UPDATE or receipt.is_done or not _is_certainly_not_done(receipt):
            continue
        over = {merge.begun_name(name): None for name in receipt.step.changes}
        rows.append({"id": receipt.draft.bound.id, "odoo_snapshot": {}, "remote_snapshot": over})
    push.env["bridge.binding"]._merge_snapshots(rows, sent=False)


def _is_certainly_not_done(receipt):
    return not receipt.sent or isinstance(receipt.error, Rejected) or _was_refused(receipt.error)


def _found_sent_at(draft):
    """When the creation that we have found was sent; what is made anew was not."""
    sent_at = None if draft.step.is_made_anew else draft.bound.sent_at
    return sent_at and sent_at.isoformat()


# Outcome


def write_created(push, receipts):
    """The records that are there now: their external ids.

    :param list[Receipt] receipts: of those that the other system says it has made
    :return: the steps of those whose remote record another Odoo record has already, rejected
    :rtype: list[Step]
    """
    bindings, flow = push.env["bridge.binding"], push.flow
    taken = taken_by(push, receipts)
    bindings._forget([one.draft.bound.id for one in receipts if one.record_id in taken])
    created = [one for one in receipts if one.record_id not in taken]
    bindings._adopt([_row(push, one) for one in created])
    push.env["bridge.conflict"]._settle(
        (one.draft.bound.id, kind, name) for one in created for kind, name in one.step.facts.standing
    )
    differing = [one.record_id for one in created if one.draft.late or _is_outdated(one.draft)]
    push.env["bridge.change"]._note(flow.id, flow.model, differing)
    return refuse_taken(push, receipts, taken)


def _row(push, receipt):
    draft = receipt.draft
    intent = draft.intent["terms"]
    # A creation that is sent again says what it said the first time. Odoo's record may have changed since, or be gone:
    # then what it has now would look as if somebody had changed it there.
    odoo, remote = snapshots(push, receipt, list(merge.without_keys(intent)), intent)
    # What is empty was not sent: a value that the other system gives it by itself is a change of its own.
    remote |= {name: value for name, value in intent.items() if name in remote and merge.is_empty(value)}
    late = dict.fromkeys(draft.late, False)
    return {
        "id": draft.bound.id,
        "external_id": receipt.external_id,
        "odoo_snapshot": {**odoo, **intent, **late},
        "remote_snapshot": {**remote, **late},
        "remote_version": version_of(push, receipt),
    }


def taken_by(push, receipts):
    """Which of these remote records belong to another Odoo record, be it one of the same answers.

    :param list[Receipt] receipts: with the ids of remote records
    :return: Odoo id to that of the other Odoo record
    :rtype: dict[int, int]
    """
    own = [one.draft.bound.id for one in receipts if one.draft.bound]
    ids = [one.external_id for one in receipts]
    owners = push.env["bridge.binding"]._bound_elsewhere(push.flow, ids, own) if ids else {}
    taken = {}
    for one in receipts:
        if owners.setdefault(one.external_id, one.record_id) != one.record_id:
            taken[one.record_id] = owners[one.external_id]
    return taken


def refuse_taken(push, receipts, taken):
    """The steps of those whose remote record belongs to another Odoo record, rejected.

    :rtype: list[Step]
    """
    return [
        one.step.refuse(
            DATA,
            push.env._(
                "The other system says that this is its record %(id)s, which the Odoo record %(other)s has already."
                " Merge the two records of Odoo, or change one.",
                id=one.external_id,
                other=taken[one.record_id],
            ),
        )
        for one in receipts
        if one.record_id in taken
    ]


def write_refused(push, receipts):
    """What the other system has not made need not be looked for.

    :param list[Receipt] receipts: of any requests
    """
    _forget_begun(push, receipts)
    bindings = push.env["bridge.binding"]
    creating = [one for one in receipts if one.step.action == SEND_CREATE and one.draft.bound and not one.is_done]
    if not creating:
        return
    bindings._forget([one.draft.bound.id for one in creating if _is_refusal(one)])
    # What was sent once before may be there all the same.
    unsent = [one for one in creating if not _is_refusal(one) and not one.step.repeats]
    unsent = [one for one in unsent if not one.sent or _was_refused(one.error)]
    bindings._not_sent([one.draft.bound.id for one in unsent])
    # It was answered, and only the id was not where the operation says: that is no page of a proxy.
    answered = [one for one in creating if one.sent and _is_unclear(one.error)]
    bindings._answered([one.draft.bound.id for one in answered])


def _is_outdated(draft):
    """Has the record changed since it was sent?"""
    facts, sent = draft.step.facts, draft.intent["terms"]
    return not (facts.exists and facts.inside) or {name: facts.terms.get(name) for name in sent} != sent


def _was_refused(error):
    """Is this an error after which the record is certainly not there?"""
    return error is not None and (not error.sent or error.kind in ("throttled", "auth"))


def _is_unclear(error):
    return error is not None and error.kind == "protocol" and error.reason in ("no_records", "told")


def _is_refusal(receipt):
    """Does this answer say that the record was not made, neither now nor before?

    One that is sent again with its key is refused for what it is only by 400 and 422: the very same request was then
    never accepted. Anything else, such as a right that is gone, says nothing about the first time.
    """
    return isinstance(receipt.error, Rejected) and (not receipt.step.repeats or receipt.error.status in (400, 422))
