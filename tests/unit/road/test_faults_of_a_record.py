"""What an error of a request about one record means."""

import pytest
from samples import bound, policy, pushed

from integration_bridge.remote.errors import Rejected, Throttled, Unavailable
from integration_bridge.road.push.faults import DONE, FAILED, GONE, HELD, STALE, as_wanted, judge, kind_of, set_aside
from integration_bridge.road.push.plan import Step
from integration_bridge.road.push.receipt import Draft, Receipt


def receipt(action, error=None, sent=True):
    return Receipt(Draft(Step(pushed(bound=bound()), action)), sent=sent, error=error)


def said(status):
    return Rejected("refused", status=status)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (receipt("send_create"), DONE),
        (receipt("send_update", sent=False), HELD),
        (receipt("send_update", Unavailable("reset")), HELD),
        (receipt("send_update", Throttled("asked", status=429)), HELD),
        (receipt("send_update", said(400)), FAILED),
        (receipt("send_update", said(404)), GONE),
        (receipt("send_restore", said(410)), GONE),
        (receipt("send_create", said(404)), FAILED),
        (receipt("send_update", said(409)), STALE),
        (receipt("send_delete", said(412)), STALE),
        (receipt("send_create", said(409)), FAILED),
        (receipt("send_update", said(412), sent=False), FAILED),
    ],
)
def test_verdict(one, verdict):
    assert judge(policy(), one) == verdict


def test_stale_is_refused_where_the_record_can_not_be_fetched():
    assert judge(policy(kinds=["update"]), receipt("send_update", said(412))) == FAILED


@pytest.mark.parametrize("action", ["send_delete", "send_archive"])
@pytest.mark.parametrize("status", [404, 410])
def test_what_was_to_be_removed_and_is_gone_is_as_wanted(action, status):
    assert as_wanted(receipt(action, said(status))).is_done


def test_what_was_to_be_changed_and_is_gone_is_not():
    assert not as_wanted(receipt("send_update", said(404))).is_done


def test_first_request_with_the_same_key_that_is_still_worked_on_is_tried_again():
    step = Step(pushed(), "send_create", repeats=True)
    assert (kind_of(step, said(409)), kind_of(step._replace(repeats=False), said(409))) == ("busy", "rejected")


@pytest.mark.parametrize(
    ("error", "is_answering", "ids"),
    [
        (None, True, []),
        (Unavailable("reset"), True, [1]),
        (Unavailable("reset"), False, []),
        (Throttled("asked", status=429), True, []),
    ],
)
def test_record_without_an_answer_is_set_aside_while_others_are_answered(error, is_answering, ids):
    held = {1: Unavailable("reset"), 2: None, 3: Throttled("asked", status=429)}
    assert set_aside(held, error, lambda: is_answering) == ids
