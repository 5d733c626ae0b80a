"""Requests and answers: while some are under way, what those before have brought is written down."""

import functools

from ...jobs.retry import REST_AFTER
from ...remote.errors import Rejected
from ...remote.flight import AT_ONCE, Flight
from ...remote.formats import FORMS
from ..words import SEND_CREATE
from . import document, faults, intent, journal, take_in

TOGETHER = 6  # requests for each that may be under way, before what they brought is written down


def flight_of(flow):
    """What sends the requests of a flow.

    :rtype: Flight
    """
    until = flow.env.context.get("cron_end_time", float("inf"))
    is_away = flow.connector_id._gate().failures >= REST_AFTER  # then one request tells whether it is back
    return Flight(flow.connector_id.max_requests or AT_ONCE, until, careful=is_away)


def send(push, steps, is_circle=False):
    """Send records that do not wait for each other.

    :param list[Step] steps: what is to be done
    :param bool is_circle: do they point to each other all the same, because they can not do otherwise
    :return: what was answered
    :rtype: list[Receipt]
    """
    receipts, under_way = [], None
    # What is not sent yet must not become uncertain: its intent is committed when those before have landed.
    is_sure = push.policy.creation.can_find_out or not any(step.action == SEND_CREATE for step in steps)
    ahead = TOGETHER if is_sure else 1
    size = max(ahead * push.flight.at_once, *(sender.bulk_size for sender in push.senders.values()))
    for start in range(0, len(steps), size):
        some = steps[start : start + size]
        try:
            if under_way and is_circle:  # those before may be what these point to
                landed, under_way = under_way, None
                receipts += _land(push, landed)
            landing, written = None, () if push.flight.is_over else document.write(push, some)
            if under_way and not is_sure:
                landed, under_way = under_way, None
                receipts += _land(push, landed)
            if not push.flight.is_over:
                landing = _begin(push, *written)
        except Exception:
            push.env.cr.rollback()
            if under_way:  # what has arrived there is written down, whatever else goes wrong
                _land(push, under_way)
            raise
        if landing is None:
            for step in some:
                push.ledger.hold(step)
            continue
        if under_way:
            receipts += _land(push, under_way)
        under_way = landing
    return receipts + (_land(push, under_way) if under_way else [])


def _begin(push, drafts, refused):
    """Intents, and the requests on their way; nothing is written from here on until they land.

    :param list[Draft] drafts: what is sent
    :param list[Step] refused: what can not be said there
    :return: the tasks, and what waits for their results
    :rtype: tuple
    """
    ready, lost = push.again(intent.write, push, drafts)
    for step in (*refused, *lost):
        push.ledger.settle(push.outcome(step))
    tasks = []
    for action, sender in push.senders.items():
        tasks += sender.tasks([draft for draft in ready if draft.step.action == action], push.about)
    place = {draft.record_id: number for number, draft in enumerate(ready)}
    tasks.sort(key=lambda task: place[task.drafts[0].record_id])  # what has failed before comes last, whatever it is
    return tasks, push.flight.begin(tasks, functools.partial(_request, push.client))


def _request(client, task):
    """Send a request.

    :raises RemoteError: also if what Odoo has can not be written as the body, which no attempt will change, and if the
        answer says in its body that it failed
    """
    try:
        answer = client.send(task.request)
    except (TypeError, ValueError) as error:
        shown = FORMS[task.request.body_format].label
        raise Rejected("bad_body", sent=False, problem=str(error)[:200], format=shown) from error
    failure = task.failure(answer, client)
    if failure is not None:
        raise failure
    return answer


def _land(push, under_way):
    """Wait for the answers, and write down what they say.

    :rtype: list[Receipt]
    """
    tasks, landed = under_way
    receipts = [
        faults.as_wanted(receipt)
        for task, result in zip(tasks, landed(), strict=True)
        for receipt in task.receipts(result, push.client)
    ]
    exchanges = [push.exchanges.pop(0) for _ in range(len(push.exchanges))]  # others may come at this moment
    refused, answered, kept = push.again(journal.sent, push, receipts, exchanges)
    push.kept |= kept
    push.again(take_in.answers, push, answered)
    refused = {step.record_id: step for step in refused}
    for receipt in receipts:
        if receipt.record_id in refused:
            push.ledger.settle(push.outcome(refused[receipt.record_id], receipt))
        else:
            _settle(push, receipt)
    return [receipt for receipt in receipts if receipt.record_id not in refused]


def _settle(push, receipt):
    verdict = faults.judge(push.policy, receipt)
    if verdict == faults.DONE:
        push.ledger.settle(push.outcome(receipt.step, receipt))
    elif receipt.error is None:
        push.ledger.hold(receipt.step)
    elif verdict in (faults.FAILED, faults.HELD):
        push.fail(receipt.step, receipt.error, receipt)
