"""What has to be done in the other system about each Odoo record that changed. Pure; Preview shows it.

Notes, and the messages of failures, are keys, put into words by whoever settles the record (road/journal.py).
"""

from typing import NamedTuple

from ...mapping import merge
from ...mapping.paths import MISSING
from ..outcome import NOTHING, Failure
from ..words import (
    CONFLICT,
    FIELD,
    GONE_IN_ODOO,
    GONE_THERE,
    LEAVE,
    LOOK_UP,
    REJECT,
    SEND_ARCHIVE,
    SEND_CREATE,
    SEND_DELETE,
    SEND_RESTORE,
    SEND_UPDATE,
    SENDS,
    SKIP,
    UNCHANGED,
)
from . import create_once
from .facts import Facts

POLICIES = {"delete": SEND_DELETE, "archive": SEND_ARCHIVE, "keep": LEAVE}


class Step(NamedTuple):
    """What is to be done about one record.

    :ivar str action: one of road/words.py
    :ivar dict changes: Odoo field to (old, new), comparable: what is sent
    :ivar dict agreed: fields whose values both sides have by themselves
    :ivar bool repeats: is it created by a request that may have arrived before, word for word
    :ivar datetime due: when to look again, for one that has to wait
    :ivar str note: what there is to say of it
    :ivar Failure failure: why it is rejected
    """

    facts: Facts
    action: str
    changes: dict = NOTHING
    agreed: dict = NOTHING
    repeats: bool = False
    due: object = None
    note: str | None = None
    failure: Failure | None = None

    @property
    def record_id(self):
        return self.facts.record_id

    @property
    def external_id(self):
        return self.facts.bound and self.facts.bound.external_id

    @property
    def asks(self):
        """Has the other system to be asked for something, be it to take a change?"""
        return self.action in (*SENDS, LOOK_UP)

    @property
    def is_made_anew(self):
        """Is it to be created there although it was there before?"""
        bound = self.facts.bound
        return self.action == SEND_CREATE and bound is not None and bound.state == "removed"

    def refuse(self, kind, message, field=None):
        """This step, rejected."""
        return self._replace(action=REJECT, failure=Failure(kind, message, field))


def plan(policy, records, now):
    """:rtype: list[Step]"""
    return [decide(policy, facts, now) for facts in records]


def decide(policy, facts, now):
    """What is to be done about one record.

    :param Policy policy: what its flow may do
    :param Facts facts: all that is known of it
    :param datetime now: naive UTC
    :rtype: Step
    """
    bound = facts.bound
    if facts.failure:
        return Step(facts, REJECT, failure=facts.failure)
    if facts.exists and not facts.readable:
        return Step(facts, UNCHANGED)  # a record of another company, or none of this user's business
    if bound and bound.state == "creating":
        begun = create_once.decide(policy, facts, now)
        return first(policy, facts) if begun is None else Step(facts, **begun)
    if not facts.exists:
        return Step(facts, end(facts, policy.odoo_delete_policy) if _was_ours(facts) else UNCHANGED)
    if not facts.inside:
        was_inside = bound and bound.inside and bound.state not in ("removed", "left")
        return Step(facts, end(facts, policy.leave_policy) if was_inside else UNCHANGED)
    if bound is None or (bound.state == "removed" and _is_revived(policy, facts)):
        return first(policy, facts)
    if bound.state == "removed":
        return Step(facts, SKIP if facts.prefer else UNCHANGED, note="deleted_there")
    stays_gone = facts.standing.get((GONE_THERE, None), {"decision": "odoo"})["decision"] != "odoo"
    if stays_gone and facts.preferred() != "odoo":
        return Step(facts, SKIP, note="gone_there")
    if bound.state == "left" and "restore" in policy.kinds and policy.leave_policy == "archive":
        return Step(facts, SEND_RESTORE)
    return _update(policy, facts)


def first(policy, facts):
    """A record that the other system does not have, as far as we know."""
    if "create" not in policy.kinds:
        return Step(facts, SKIP, note="no_create_operation")
    # Where records can be found there by their keys, one that is there is linked, and not created twice.
    if facts.look is None and "find" in policy.kinds and policy.creation.finds_by_keys:
        return Step(facts, LOOK_UP)
    return Step(facts, SEND_CREATE)


def foreseen(step):
    """A step, as far as a preview can tell, which asks the other system for nothing.

    :rtype: Step
    """
    return step._replace(action=SEND_CREATE, note="looked_for_first") if step.action == LOOK_UP else step


def end(facts, rule):
    """The record is not one of ours any more: deleted in Odoo, or out of the domain.

    :param str rule: what becomes of the remote record: a key of ``POLICIES``
    :return: the action
    :rtype: str
    """
    bound, standing = facts.bound, facts.standing.get((GONE_IN_ODOO, None), {})
    if standing and standing["decision"] != "odoo":
        return CONFLICT
    if bound is None or (bound.state in ("removed", "left") and not standing):
        return UNCHANGED
    return POLICIES[rule]


def _was_ours(facts):
    """Was a record that is deleted in Odoo ever one to push? Else it is not ours to delete there either."""
    if facts.preferred() == merge.ODOO or (GONE_IN_ODOO, None) in facts.standing:
        return True  # a person says so, or has to
    return bool(facts.bound and facts.bound.inside)


def _is_revived(policy, facts):
    """Was a record that is gone there brought back in Odoo?"""
    if facts.preferred() == "odoo" or facts.standing.get((GONE_THERE, None), {}).get("decision") == "odoo":
        return True
    active = policy.active_name
    return policy.delete_policy == "archive" and bool(active and facts.terms.get(active, True))


def _update(policy, facts):
    changes, agreed = decide_fields(policy, facts)
    step = Step(facts, SEND_UPDATE, changes, agreed)
    if not changes:
        return step._replace(action=UNCHANGED)
    if "update" not in policy.kinds:
        return step._replace(action=SKIP, note="no_update_operation")
    if "get" not in policy.kinds and overrules(policy, step):
        return step._replace(action=SKIP, note="with_a_conflict")
    return step


def decide_fields(policy, facts):
    """Three-way merge of every field with what is known of the remote.

    :return: what changes there: field to (old, new); and what both sides have: field to value
    :rtype: tuple[dict, dict]
    """
    changes, agreed = {}, {}
    for rule in policy.rules:
        name = rule.field
        if not rule.pushes or rule.create_only:
            continue
        if rule.is_nested:
            children = facts.children.get(name)
            if children and (children.has_changed or facts.preferred(name) == merge.ODOO):
                changes[name] = (None, children.summary)
        elif name in facts.terms:
            odoo, remote, verdict = _decide_field(rule, facts)
            if verdict == merge.PUSH:
                changes[name] = (None if remote is MISSING else remote, odoo)
            elif merge.agree(odoo, remote):
                agreed[name] = odoo
    return changes, agreed


def _decide_field(rule, facts):
    name, bound = rule.field, facts.bound
    standing = facts.standing.get((FIELD, name), {})
    odoo, remote_before = facts.terms[name], merge.before(bound.remote_snapshot, name)
    odoo_before, begun = merge.before(bound.odoo_snapshot, name), merge.begun(bound.remote_snapshot)
    if name in begun and not merge.same(odoo, begun[name]):
        odoo_before = remote_before = begun[name]  # it may be there by now, though Odoo has something else again
    remote = standing["remote"] if standing else remote_before
    verdict = merge.decide_field(
        rule,
        odoo,
        remote,
        odoo_before,
        remote_before,
        decision=standing.get("decision"),
        prefer=merge.ODOO if facts.preferred(name) == merge.ODOO else None,
    )
    key = merge.key_name(name)
    key_before = merge.before(bound.odoo_snapshot, key)
    if verdict == merge.NONE and key in facts.terms and key_before is not MISSING and facts.terms[key] != key_before:
        verdict = merge.PUSH  # the relation is the same, and the related record's key has changed
    return odoo, remote, verdict


def sent_rules(policy, step, base=None, whole=False):
    """The rules of what Odoo says: of the fields that change; and of all or of those beside them that go along.

    Many systems replace a top-level value as a whole, so the fields inside one go together. Where the remote record
    was fetched just now, what goes along is what stands there, which may be in conflict with what Odoo has.

    :param dict base: the remote record as it was fetched just now
    :param bool whole: is the whole record sent
    :rtype: list[Rule]
    """
    rules = [rule for rule in policy.rules if rule.pushes]
    if base is not None and step.action == SEND_UPDATE:
        return [rule for rule in rules if rule.field in step.changes]
    if whole or step.action == SEND_RESTORE:
        return rules
    changed = tops(rules, step.changes)
    return [rule for rule in rules if rule.field in step.changes or rule.target.steps[:1] in changed]


def tops(rules, changes):
    """The top-level places of the remote record in which something changes.

    :rtype: set
    """
    return {rule.target.steps[:1] for rule in rules if rule.path is not None and rule.field in changes}


def overrules(policy, step):
    """Would what goes along with the changes end a conflict that nobody has decided?

    :rtype: bool
    """
    undecided = {name for (kind, name), one in step.facts.standing.items() if kind == FIELD and not one["decision"]}
    along = {rule.field for rule in sent_rules(policy, step, whole=policy.sends_whole)} if undecided else set()
    return bool(undecided & along - step.changes.keys())
