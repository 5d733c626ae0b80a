"""What is to be done about each record that came. Pure: Preview shows it, apply carries it out.

Notes are keys, put into words where they are written down (road/journal.py).
"""

from typing import NamedTuple

from ...mapping import merge
from ...mapping.paths import MISSING
from ..outcome import NOTHING, Failure
from ..words import (
    ARCHIVE,
    CONFLICT,
    CREATE,
    FIELD,
    FLAG,
    GONE_IN_ODOO,
    GONE_THERE,
    LINK,
    REJECT,
    SKIP,
    UNCHANGED,
    UPDATE,
)
from .facts import GONE_HERE, Facts

THE_RECORD = frozenset({None})  # stands, among fields, for the record itself
OPPOSED = {None: (None, None, None)}


class Step(NamedTuple):
    """What is to be done about one record.

    :ivar str action: one of road/words.py
    :ivar dict values: Odoo field to value
    :ivar dict terms: what the remote says, comparable
    :ivar dict changes: Odoo field to (old, new), comparable
    :ivar frozenset pushes: fields whose value in Odoo stands and has to be sent; None: that the record was deleted
    :ivar dict opposed: Odoo field to (odoo, remote, agreed): where a person has to decide; None: about the record
    :ivar frozenset kept: fields whose snapshots stay: a change of Odoo waits for its way, or for a decision
    :ivar dict children: one2many field to the steps of the records inside
    :ivar dict unmoved: Odoo field to (odoo, remote): what was sent, and has changed nothing there
    :ivar frozenset deferred: fields whose related record is not here yet
    :ivar str note: what there is to say of it
    :ivar Failure failure: why it is rejected
    """

    facts: Facts
    action: str
    values: dict = NOTHING
    terms: dict = NOTHING
    changes: dict = NOTHING
    pushes: frozenset = frozenset()
    opposed: dict = NOTHING
    kept: frozenset = frozenset()
    children: dict = NOTHING
    unmoved: dict = NOTHING
    deferred: frozenset = frozenset()
    note: str | None = None
    failure: Failure | None = None

    @property
    def document(self):
        """The record as the remote sent it."""
        return self.facts.arrival.document

    @property
    def external_id(self):
        return self.facts.arrival.external_id

    @property
    def record_id(self):
        return self.facts.record_id

    def refuse(self, kind, message, field=None):
        """This step, rejected."""
        return self._replace(action=REJECT, failure=Failure(kind, message, field))

    def without(self, names):
        """This step without some fields, which come later."""

        def rest(values):
            return {name: value for name, value in values.items() if name not in names}

        return self._replace(
            values=rest(self.values),
            terms=rest(self.terms),
            changes=rest(self.changes),
            deferred=self.deferred | frozenset(names),
        )


def plan(policy, records):
    """:rtype: list[Step]"""
    return [decide(policy, facts) for facts in records]


def decide(policy, facts):
    """What is to be done about one record.

    :param Policy policy: what its flow may do
    :param Facts facts: all that is known of it
    :rtype: Step
    """
    if facts.failure:
        return Step(facts, REJECT, failure=facts.failure)
    if facts.verdict not in (None, GONE_HERE):
        return _known(facts)
    if facts.arrival.deleted:
        return Step(facts, _removal(policy, facts, changed=_is_changed_here(policy, facts)))
    step = decide_fields(policy, facts)
    step = _with_children(policy, step)
    if facts.verdict == GONE_HERE:
        return _gone_here(policy, step)
    if facts.record_id is None:
        return step._replace(action=CREATE) if policy.can_create else step._replace(action=SKIP, note="no_match")
    if _is_new_link(facts):
        return step._replace(action=LINK)
    if not step.changes and not _has_changed_children(step):
        return step
    return step._replace(action=UPDATE) if policy.can_update else step._replace(action=SKIP, note="no_update")


def _known(facts):
    """It was known before it was mapped; a deletion in Odoo that a person wants still has to go there."""
    waits = facts.verdict == UNCHANGED and (facts.standing.get((GONE_IN_ODOO, None)) or {}).get("decision") == "odoo"
    return Step(facts, facts.verdict, pushes=THE_RECORD if waits else frozenset())


def _gone_here(policy, step):
    """Deleted in Odoo: a conflict if it has changed there, which one that has come back has."""
    if step.facts.bound.state != "removed" and is_as_before(policy, step):
        return Step(step.facts, UNCHANGED)
    return step._replace(action=CONFLICT, opposed=OPPOSED)


def _is_new_link(facts):
    bound = facts.bound
    if bound is None or bound.res_id != facts.record_id or bound.state == "creating":
        return True
    return bound.external_id != facts.arrival.external_id


# What is gone there


def _removal(policy, facts, changed):
    """What becomes of a record that is gone there."""
    decision = facts.standing.get((GONE_THERE, None), {}).get("decision")
    if changed and decision != "remote" and facts.arrival.preferred() != "remote":
        return FLAG if decision == "odoo" else CONFLICT
    if policy.delete_policy == "ignore":
        return SKIP
    return policy.delete_policy if facts.bound.alive else FLAG


def _is_changed_here(policy, facts):
    """Has it a change in Odoo that the other system has not seen?"""
    return policy.direction == "both" and any(
        rule.pushes
        and rule.field in facts.odoo
        and not merge.same(facts.odoo[rule.field], merge.before(facts.bound.odoo_snapshot, rule.field))
        for rule in policy.rules
    )


# Fields


def decide_fields(policy, facts):
    """Three-way merge of every field.

    :return: a step that does nothing yet, with what the fields want
    :rtype: Step
    """
    if facts.record_id is None:
        new = {name: (None, facts.terms[name]) for name in facts.values if not merge.is_empty(facts.terms[name])}
        return Step(facts, UNCHANGED, facts.values, facts.terms, new, deferred=facts.deferred)
    step = Step(facts, UNCHANGED, facts.values, facts.terms, deferred=facts.deferred)
    bound = facts.bound if facts.bound and facts.bound.res_id == facts.record_id else None
    changes, pushes, opposed, kept, unmoved = {}, set(), {}, set(), {}
    doubts = merge.doubts(bound and bound.remote_snapshot)
    begun = merge.begun(bound and bound.remote_snapshot)
    for rule in policy.rules:
        name = rule.field
        preferred = facts.arrival.preferred(name)
        is_chosen = preferred is not None and facts.arrival.only is not None
        if name not in facts.values or (rule.create_only and not is_chosen):
            continue
        odoo, remote = facts.odoo.get(name), facts.terms[name]
        agreed = merge.before(bound and bound.odoo_snapshot, name)
        # What it had before something was sent there is no change of it.
        is_unmoved = name in doubts and preferred is None and merge.same(remote, doubts[name])
        if name in begun and preferred is None and merge.same(remote, begun[name]):
            # It arrived there, and only its answer did not come: what both sides agreed upon is what we have sent.
            is_unmoved, agreed = True, begun[name]
        verdict = merge.decide_field(
            rule,
            odoo,
            remote,
            agreed,
            remote if is_unmoved else merge.before(bound and bound.remote_snapshot, name),
            decision=facts.standing.get((FIELD, name), {}).get("decision"),
            prefer=preferred,
            newest=facts.newest,
        )
        if verdict == merge.PULL:
            changes[name] = (odoo, remote)
        elif verdict == merge.PUSH:
            pushes.add(name)
        elif verdict == merge.CONFLICT:
            opposed[name] = (odoo, remote, None if agreed is MISSING else agreed)
        if verdict != merge.PULL and not merge.agree(odoo, remote):
            kept.add(name)
            if is_unmoved and name in doubts and verdict == merge.NONE:
                unmoved[name] = (odoo, remote)
    step = step._replace(
        changes=changes, pushes=frozenset(pushes), opposed=opposed, kept=frozenset(kept), unmoved=unmoved
    )
    if bound and bound.state == "removed" and policy.delete_policy == ARCHIVE:
        return _revived(policy, step)
    return step


def _revived(policy, step):
    """A record that was deleted remotely and is there again is there again in Odoo as well."""
    active = policy.active_name
    if active is None or active in step.values:
        return step
    return step._replace(
        values={**step.values, active: True},
        terms={**step.terms, active: True},
        changes={**step.changes, active: (False, True)},
    )


def is_as_before(policy, step):
    """Is the remote record what it was when both sides agreed?

    Of a record that was created there and not read since, we know what we have sent: a field that is only pulled tells
    nothing then.
    """
    known = step.facts.bound.remote_snapshot
    untold = {rule.field for rule in policy.rules if not rule.pushes and rule.field not in known} if known else ()
    return all(merge.same(value, merge.before(known, name)) for name, value in step.terms.items() if name not in untold)


# Records inside the record


def _with_children(policy, step):
    if not step.facts.children:
        return step
    children, pushes = {}, set(step.pushes)
    for name, inside in step.facts.children.items():
        children[name] = tuple(decide_child(policy.children[name], step.facts, child) for child in inside)
        if any(child.pushes for child in children[name]):
            pushes.add(name)
    return step._replace(children=children, pushes=frozenset(pushes))


def decide_child(policy, parent, facts):
    """What is to be done about a record inside another one.

    :param Policy policy: of the nested flow
    :param Facts parent: what is known of the record that it is inside of
    :rtype: Step
    """
    if facts.arrival.deleted:
        return Step(facts, _removal(policy, facts, changed=False))
    step = decide_fields(policy, facts)
    if facts.record_id is None:
        if facts.bound and policy.direction == "both" and is_as_before(policy, step):
            # It was deleted in Odoo, and the push that says so is still to come.
            return step._replace(pushes=step.pushes | THE_RECORD)
        return step._replace(action=CREATE)
    return step._replace(action=UPDATE) if step.changes or has_moved(parent, facts) else step


def has_moved(parent, facts):
    """Was this nested record inside another parent before?"""
    before_id = facts.bound and facts.bound.parent_id
    return bool(before_id) and not (parent.bound and parent.bound.id == before_id)


def _has_changed_children(step):
    return any(child.action != UNCHANGED for inside in step.children.values() for child in inside)
