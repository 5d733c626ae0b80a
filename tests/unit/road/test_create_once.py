"""A creation that was begun, and whose answer is not here: never a blind second one."""

import datetime

import pytest
from samples import bound, policy, pushed

from integration_bridge.road.policy import Creation
from integration_bridge.road.push.create_once import may_repeat
from integration_bridge.road.push.facts import Look
from integration_bridge.road.push.plan import decide

NOW = datetime.datetime(2026, 1, 1, 12)
JUST_NOW, LONG_AGO = NOW - datetime.timedelta(seconds=5), NOW - datetime.timedelta(hours=30)
FIND = ("create", "update", "find")
HEADER, OWN_ID, SLOW = Creation(idempotency_hours=24), Creation(repeatable=True), Creation(settle_seconds=60)
LOOKED = {"look": Look()}


def begun(sent_at=JUST_NOW, answered=False, **values):
    intent = {"document": {}, "terms": {}, **({"answered": True} if answered else {})}
    return pushed(bound=bound(state="creating", external_id=None, sent_at=sent_at, intent=intent), **values)


@pytest.mark.parametrize(
    ("facts", "flow", "action", "repeats"),
    [
        (begun(taken=True), policy(), "reject", False),
        # The other system has not seen it.
        (begun(None), policy(), "send_create", False),
        (begun(None, inside=False), policy(), "forget", False),
        (begun(None, exists=False), policy(), "forget", False),
        # It sees to it by itself that it makes no second one.
        (begun(), policy(creation=HEADER), "send_create", True),
        (begun(LONG_AGO), policy(creation=HEADER), "uncertain", False),
        (begun(LONG_AGO), policy(creation=OWN_ID), "send_create", True),
        (begun(exists=False), policy(creation=HEADER), "send_create", True),
        # It can be asked.
        (begun(), policy(kinds=FIND), "look_up", False),
        (begun(**LOOKED), policy(kinds=FIND), "send_create", False),
        (begun(**LOOKED), policy(kinds=FIND, creation=SLOW), "reject", False),
        (begun(LONG_AGO, **LOOKED), policy(kinds=FIND, creation=SLOW), "send_create", False),
        (begun(LONG_AGO, answered=True, **LOOKED), policy(kinds=FIND), "uncertain", False),
        (begun(LONG_AGO, inside=False, **LOOKED), policy(kinds=FIND), "forget", False),
        # Nobody knows.
        (begun(), policy(), "uncertain", False),
    ],
)
def test_next_step(facts, flow, action, repeats):
    step = decide(flow, facts, NOW)
    assert (step.action, step.repeats) == (action, repeats)


def test_one_that_may_still_come_to_be_there_is_looked_for_when_it_must_be_there():
    step = decide(policy(kinds=FIND, creation=SLOW), begun(**LOOKED), NOW)
    assert step.due == JUST_NOW + datetime.timedelta(seconds=61)
    assert step.failure.kind == "unavailable"


@pytest.mark.parametrize(
    ("creation", "sent_at", "expected"),
    [
        (HEADER, JUST_NOW, True),
        (HEADER, LONG_AGO, False),
        (OWN_ID, LONG_AGO, True),
        (Creation(), JUST_NOW, False),
        (Creation(), NOW + datetime.timedelta(seconds=3), False),  # sent by a server whose clock is ahead
    ],
)
def test_same_request_again(creation, sent_at, expected):
    assert may_repeat(creation, sent_at, NOW) is expected
