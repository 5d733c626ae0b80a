"""What both sides agree on after a batch: Odoo's snapshot, and what a push need not look at."""

from ...mapping import merge
from ...mapping.paths import MISSING
from ..words import ARCHIVE, CREATE, LINK, MARK, REMOVALS, UNCHANGED, UNLINK, UPDATE


def snapshot(outcome):
    """What Odoo had when both sides last agreed, that is now.

    :rtype: dict
    """
    bound = outcome.step.facts.bound
    # Of a record that was created just now, what Odoo has made of it is no change; of others, of what the remote says
    # nothing of, nothing was agreed: it is sent, if it may be.
    agreed = outcome.after if outcome.action == CREATE else outcome.remote
    return merge.renew(
        bound and bound.odoo_snapshot, outcome.after, agreed=agreed, kept=outcome.step.kept, known=known_fields(outcome)
    )


def known_fields(outcome):
    """It was deleted there, and what is there now is another one: of what it does not say, nothing is agreed."""
    return outcome.remote if has_come_back(outcome) else None


def has_come_back(outcome):
    """Was the remote record gone, and is it, or another one, there again?"""
    bound = outcome.step.facts.bound
    return bound is not None and bound.state == "removed" and not outcome.step.facts.arrival.deleted


def settled(pull, outcomes, to_push):
    """Which of the changes that a batch has made need not be sent.

    :param list[Outcome] outcomes: what was done
    :param set to_push: Odoo ids of those that are to be pushed; None: it is not known
    :return: (flow id, path) to the ids of records
    :rtype: dict[tuple, set]
    """
    flow, nested = pull.flow, [rule for rule in pull.mapper.nested if rule.pushes]
    sent = {mapper: _sent_fields(mapper) for mapper in (pull.mapper, *(rule.child for rule in pull.mapper.nested))}
    done = {one.record_id for one in outcomes if one.action in (ARCHIVE, UNLINK, MARK)}
    written = [one for one in outcomes if one.action in (CREATE, UPDATE) and _has_no_news(pull, one, to_push, sent)]
    records = pull.records.browse(one.record_id for one in written) if nested else ()
    there = {record.id: [set(record[rule.field]._ids) for rule in nested] for record in records}
    inside = {}
    for outcome in written:
        children = [outcome.children.get(rule.field, ()) for rule in nested]
        kept = [{one.record_id for one in some if one.action not in REMOVALS} for some in children]
        if nested and kept != there[outcome.record_id]:
            continue  # Odoo has more of them, or fewer
        done.add(outcome.record_id)
        for rule, some in zip(nested, children, strict=True):
            inside.setdefault((flow.id, rule.field), set()).update(one.record_id for one in some)
    return {(flow.id, ""): done, **inside}


def _sent_fields(mapper):
    return frozenset(rule.field for rule in mapper.rules if rule.pushes and not rule.create_only)


def _has_no_news(pull, outcome, to_push, sent):
    """Does Odoo have after the write what both sides agree on, so that there is nothing to be sent?"""
    if outcome.failure or outcome.step.pushes or to_push is None or outcome.action == LINK:
        return False
    bound = outcome.step.facts.bound
    if bound and ((bound.inside and outcome.record_id not in to_push) or bound.state != "linked"):
        return False  # it has left, or it is there again
    children = [
        (rule.child, child)
        for rule in pull.mapper.nested
        for child in outcome.children.get(rule.field, ())
        if child.action not in REMOVALS
    ]
    return not any(_differs(sent[mapper], one) for mapper, one in [(pull.mapper, outcome), *children])


def _differs(names, outcome):
    """Would a push find that Odoo has something else than what was agreed?"""
    step = outcome.step
    if outcome.action == UNCHANGED:
        return bool(step.pushes or step.kept)
    if outcome.action == CREATE and step.facts.bound is None and not step.kept:
        return False  # what Odoo has made of a new record is what was agreed (see snapshot)
    agreed = snapshot(outcome)
    return any(
        not merge.same(value, agreed.get(name, MISSING))
        for name, value in outcome.after.items()
        if merge.field_of(name) in names
    )
