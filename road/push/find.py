"""Is it there already? The other system is asked, by our reference or by the record's keys; what is there is bound."""

from typing import NamedTuple

from odoo.exceptions import UserError

from ...mapping import merge
from ...mapping.errors import MappingError
from ...mapping.paths import parse_path
from ...remote.errors import RemoteError
from ...remote.status import is_absent
from ..outcome import Failure
from ..words import DATA, SEND_CREATE
from . import document, take_in
from .answers import version_of
from .facts import Look
from .intent import refuse_taken, taken_by
from .receipt import Draft, Receipt

MOST_FOUND = 5  # ids that a message names


class Sought(NamedTuple):
    """A record that is looked for.

    :ivar Step step: what it is about
    :ivar dict values: what the placeholders of the look-up stand for
    :ivar is_it: is a document of the other system this record; None if nothing could tell
    """

    step: object
    values: dict
    is_it: object = None


def look_up(push, steps):
    """Ask the other system for records; bind what is there. Those that it has not, or that are bound now, stay open.

    :param list[Step] steps: what is to be done
    """
    sought, refused = _sought(push, steps)
    for step in refused:
        push.ledger.settle(push.outcome(step))
    operation, client = push.flow._operation("find")._compiled(), push.client
    push.commit(0)  # nothing is held while we wait
    found = push.flight.ask(sought, lambda one: operation.find(client, one.values, one.is_it, (push.about(one.step),)))
    matched = []
    for one, result in zip(sought, found, strict=True):
        push.ledger.learn(one.step.record_id, Look())
        if result is None:
            push.ledger.hold(one.step)
        elif not result[0]:
            push.fail(one.step, result[1])
        elif result[1]:
            matched += _only_one(push, one.step, result[1])
    if matched:
        _bind(push, matched)


def _only_one(push, step, documents):
    """:return: the record and its document, if that is one and has an id
    :rtype: list[Receipt]
    """
    try:
        ids = [push.mapper.external_id(one) for one in documents]
    except MappingError as error:
        push.ledger.settle(push.outcome(step.refuse(*Failure.of(push.flow, error))))
        return []
    if len(documents) == 1:
        return [Receipt(Draft(step, bound=step.facts.bound), True, documents[0], ids[0])]
    message = push.env._(
        "%(count)s records of the other system are like this one (%(ids)s). Merge them there, or link one by hand.",
        count=len(documents),
        ids=", ".join(ids[:MOST_FOUND]),
    )
    push.ledger.settle(push.outcome(step.refuse(DATA, message)))
    return []


# What is looked for


def _sought(push, steps):
    """What tells these records from all others there: our reference, or their keys in the remote's terms.

    :return: what is looked for; and steps that can not be said in the remote's terms, rejected
    :rtype: tuple[list[Sought], list[Step]]
    """
    begun = {step.record_id: step.facts.bound.intent["document"] for step in steps if _was_begun(step)}
    fresh = [step._replace(action=SEND_CREATE) for step in steps if step.record_id not in begun]
    drafts, refused = document.write(push, fresh)
    documents = begun | {draft.record_id: draft.document for draft in drafts}
    place = parse_path(push.flow.reference_path) if push.flow.reference_path else None
    keys = [rule for rule in push.mapper.rules if rule.key and rule.path is not None]
    wanted = [step for step in steps if step.record_id in documents]
    return [_sought_by(step, documents[step.record_id], place, keys) for step in wanted], refused


def _was_begun(step):
    return bool(step.facts.bound and step.facts.bound.intent)


def _sought_by(step, sent, place, keys):
    bound = step.facts.bound
    reference = (bound and bound.sent_at and bound.reference) or None
    values = {rule.field: rule.target.read(sent) for rule in keys}
    values = {name: value for name, value in values.items() if value not in (None, "")}
    is_it = None  # it has no key: nothing there can be known to be it
    if place and reference:
        is_it = _is_ours(place, reference)
    elif len(values) == len(keys):
        is_it = _has_keys([(rule, rule.sought(rule.target.read(sent))) for rule in keys])
    return Sought(step, {"reference": reference, **values}, is_it)


def _is_ours(place, reference):
    return lambda found: place.read(found) == reference


def _has_keys(wanted):
    def matches(found):
        return all(value is not None and rule.sought(rule.path.read(found)) == value for rule, value in wanted)

    return matches


# What was found


def _bind(push, receipts):
    """Records that are there already: bound, then merged like any other, in one transaction."""
    files, documents = {}, [(receipt.answer, None) for receipt in receipts]
    if push.flow.direction == "both":
        push.again(take_in.fetch_related, push, documents, files)
    for step in push.again(_write, push, receipts, files):
        push.ledger.settle(push.outcome(step))
    for receipt in receipts:
        push.ledger.learn(receipt.record_id, None)  # what is known of it is another record now


def _write(push, receipts, files):
    """:return: the steps of those whose remote record another Odoo record has already, rejected
    :rtype: list[Step]
    """
    bindings, flow = push.env["bridge.binding"], push.flow
    taken = taken_by(push, receipts)
    bindings._forget([one.draft.bound.id for one in receipts if one.record_id in taken and one.draft.bound])
    found = [one for one in receipts if one.record_id not in taken]
    bindings._adopt([_row(push, one) for one in found if one.draft.bound])
    bindings._link(
        flow,
        [
            {
                "res_id": one.record_id,
                "external_id": one.external_id,
                "remote_version": version_of(push, one),
            }
            for one in found
            if not one.draft.bound
        ],
    )
    if flow.direction == "both":
        take_in.take_in(push, [(one.answer, None) for one in found], files=files)
    push.commit(0)
    return refuse_taken(push, receipts, taken)


def _row(push, receipt):
    bound = receipt.draft.bound
    # What we have sent is what both sides had; what differs by now was changed since.
    terms = (bound.intent and bound.intent["terms"]) or {}
    return {
        "id": bound.id,
        "external_id": receipt.external_id,
        "odoo_snapshot": terms,
        "remote_snapshot": merge.without_keys(terms),
        "remote_version": version_of(push, receipt),
    }


# What a person says


def exists_there(flow, external_id):
    """Is there such a record? A flow that can not get one has to believe it.

    :rtype: bool
    :raises UserError: if the other system can not be asked now
    """
    get = flow._operation("get")
    if not get:
        return True
    try:
        with flow.connector_id._client() as client:
            get._get(client, external_id)
    except RemoteError as error:
        if is_absent(error):
            return False
        raise UserError(flow.connector_id._tell(error)) from error
    return True
