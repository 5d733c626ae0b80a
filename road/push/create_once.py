"""A creation that was begun: may it be sent again? Never a blind second one (DESIGN.md). Pure."""

import datetime

from ..outcome import Failure
from ..words import DEPENDENCY, FORGET, LOOK_UP, REJECT, SEND_CREATE, UNCERTAIN


def decide(policy, facts, now):
    """What to do about a record that we have begun to create there.

    :param Policy policy: what its flow may do
    :param Facts facts: all that is known of it
    :param datetime now: naive UTC
    :return: fields of a ``Step``; None: as if it had never been begun
    :rtype: dict | None
    """
    bound = facts.bound
    if facts.taken:
        return {"action": REJECT, "failure": Failure(DEPENDENCY, "another_job")}
    if bound.sent_at is None:
        return unseen(facts)
    if may_repeat(policy.creation, bound.sent_at, now):
        return {"action": SEND_CREATE, "repeats": True}
    if "find" not in policy.kinds:
        return {"action": UNCERTAIN, "failure": Failure("uncertain", "answer_lost")}
    return {"action": LOOK_UP} if facts.look is None else _not_found(policy.creation, facts, now)


def unseen(facts):
    """The other system has not seen it: it is created, if it is still one of ours."""
    return None if facts.exists and facts.inside else {"action": FORGET}


def _not_found(creation, facts, now):
    """It is not found there: is that the last word, or may it still come to be there?"""
    settled = facts.bound.sent_at + datetime.timedelta(seconds=creation.settle_seconds)
    if settled > now:
        due = settled + datetime.timedelta(seconds=1)
        return {"action": REJECT, "failure": Failure("unavailable", "looked_for"), "due": due}
    if facts.bound.intent.get("answered"):
        return {"action": UNCERTAIN, "failure": Failure("uncertain", "answer_unreadable")}
    return unseen(facts)


def may_repeat(creation, sent_at, now):
    """Does the other system itself see to it that the same request, sent again, makes no second record?

    :param Creation creation: how the flow creates
    :param datetime sent_at: when it was sent first, naive UTC
    :rtype: bool
    """
    if creation.repeatable:
        return True
    forgotten = sent_at + datetime.timedelta(hours=creation.idempotency_hours)
    return creation.idempotency_hours > 0 and now < forgotten  # another server's clock may be ahead
