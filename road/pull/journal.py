"""Written down in the transaction of the records: bindings, conflicts, the outbox; then what both roads write."""

import contextlib

import psycopg2

from ...database import text
from ...jobs import outcome as outcome_of_jobs
from ...mapping import merge
from ...mapping.errors import MappingError
from .. import journal
from ..inside import inside
from ..notes import told
from ..outcome import Failure
from ..words import (
    ALTERED,
    ALTERED_THERE,
    CONFLICT,
    CREATE,
    DEPENDENCY,
    FIELD,
    FLAG,
    GONE_IN_ODOO,
    GONE_THERE,
    LINK,
    LOGGED,
    REJECT,
    REMOVALS,
    SKIP,
    UNCHANGED,
    UNLINK,
    UPDATE,
)
from . import agreed

AGREED = (CREATE, LINK, UPDATE, UNCHANGED)
CHILD_ACTIONS = ((CREATE,), (UPDATE,), REMOVALS)


def write(pull, outcomes, jobs=None):
    """Write down what became of a batch.

    :param list[Outcome] outcomes: what was done
    :param BridgeJob jobs: the running jobs whose matter the records are, if there are
    :return: the same; but a failure that a person has said to ignore is none
    :rtype: list[Outcome]
    """
    closed = set()
    if not pull.run.dry_run:
        to_push = _to_push(pull, outcomes)
        binding_ids = write_bindings(pull, outcomes, to_push)
        write_conflicts(pull, pull.flow, outcomes, binding_ids)
        note_outgoing(pull, outcomes, to_push)
        keep_altered(pull, outcomes)
        _note_seen(pull, outcomes, binding_ids)
        closed = journal.close_failures(pull, outcomes, jobs, "external_id")
        outcomes = journal.keep_failures(pull, outcomes, jobs, "external_id", _Failures(pull))
    planned = _planned_conflicts(pull, outcomes) if pull.run.dry_run else []
    journal.write_lines(
        pull, outcomes, closed, "external_id", LOGGED, lambda outcome, action: _line(pull, outcome, action), planned
    )
    return outcomes


# ------------------------------------------------------------------------------------------------------------------
# Bindings
# ------------------------------------------------------------------------------------------------------------------


def write_bindings(pull, outcomes, to_push):
    """What both sides agree on now; and the end of what is gone.

    :param set to_push: Odoo ids of those that are to be pushed; None: it is not known
    :return: remote id to the id of its binding
    :rtype: dict[str, int]
    """
    bindings = pull.env["bridge.binding"]
    new = [one for one in outcomes if one.action in (CREATE, LINK) and one.step.facts.bound is None]
    known = [one for one in outcomes if one.action in AGREED and _has_changed(one)]
    rows = [{**_row(one), "inside": one.record_id in (to_push or ())} for one in (*new, *known)]
    binding_ids = bindings._insert_linked(pull.flow, rows[: len(new)])
    bindings._renew([{**row, "id": one.step.facts.bound.id} for one, row in zip(known, rows[len(new) :], strict=True)])
    _end(bindings, outcomes)
    binding_ids |= _known_ids(outcomes)
    parents = [one for one in outcomes if one.action in (CREATE, LINK, UPDATE)]
    for name, flow in pull.nested_flows.items():
        _write_nested(pull, flow, name, parents, binding_ids)
    return binding_ids


def _to_push(pull, outcomes):
    """Which of the records that agree are to be pushed: only those are ours to change or delete there.

    :return: Odoo ids; None: it is not known
    :rtype: set[int] | None
    """
    written = [one for one in outcomes if one.action in AGREED and (one.step.facts.bound is None or _has_changed(one))]
    ids = [one.record_id for one in written if one.record_id]
    if not pull.goes_both_ways or not ids:
        return None
    try:
        return set(inside(pull.flow, ids, pull)._ids)
    except psycopg2.Error:
        raise
    except Exception:
        return None  # the domain can not be used; the next push says so, and looks at all of them


def _known_ids(outcomes):
    return {one.external_id: one.step.facts.bound.id for one in outcomes if one.step.facts.bound}


def _has_changed(outcome):
    """Is there something to be written down about a binding that was there before?"""
    bound, facts = outcome.step.facts.bound, outcome.step.facts
    if bound is None or facts.arrival.deleted:
        return False
    return outcome.action != UNCHANGED or not (facts.verdict or bound.state == "left")


def _row(outcome, parent_id=None):
    step, arrival, bound = outcome.step, outcome.step.facts.arrival, outcome.step.facts.bound
    return {
        "external_id": outcome.external_id,
        "res_id": outcome.record_id,
        # A record that lacks a relation must not look unchanged next time.
        "fingerprint": "" if outcome.deferred else arrival.fingerprint,
        "odoo_snapshot": agreed.snapshot(outcome),
        "remote_snapshot": merge.renew(
            bound and bound.remote_snapshot,
            outcome.remote,
            agreed=outcome.remote,
            kept=step.kept,
            known=agreed.known_fields(outcome),
        ),
        "remote_updated": text(arrival.updated),
        "remote_version": text(arrival.version),
        "parent_id": parent_id,
    }


def _end(bindings, outcomes):
    """The remote record is gone: the binding stays, to know it again, unless Odoo's record is gone as well."""
    bindings._end([one.step.facts.bound.id for one in outcomes if one.action in REMOVALS and one.action != UNLINK])
    bindings._forget([one.step.facts.bound.id for one in outcomes if one.action == UNLINK])


def _write_nested(pull, flow, name, parents, parent_ids):
    bindings = pull.env["bridge.binding"]
    children = [(child, parent_ids[one.external_id]) for one in parents for child in one.children.get(name, ())]
    new = [_row(child, parent) for child, parent in children if child.action == CREATE and not child.step.facts.bound]
    binding_ids = bindings._insert_linked(flow, new)
    bindings._renew(
        [
            {**_row(child, parent), "id": child.step.facts.bound.id}
            for child, parent in children
            if child.step.facts.bound and child.action in (CREATE, UPDATE)
        ]
    )
    children = [child for child, _parent in children]
    _end(bindings, children)
    write_conflicts(pull, flow, children, binding_ids | _known_ids(children))


def _note_seen(pull, outcomes, binding_ids):
    """A full scan remembers what it has seen, to find what it has not."""
    if pull.run.full and (pull.flow.delete_policy != "ignore" or pull.run.kind == "compare"):
        # One that is told to be gone, and could not be removed, is not looked for once more at the end.
        done = [one for one in outcomes if one.action not in REMOVALS]
        ids = [binding_ids[one.external_id] for one in done if one.external_id in binding_ids]
        note_seen(pull, ids, [one.step.facts for one in done])


def note_seen(pull, binding_ids, records):
    """A full scan has seen them.

    :param list[int] binding_ids: what they are bound by
    :param list[Facts] records: what was known of them before, without what is gone
    """
    pull.env["bridge.seen"]._note(pull.run, binding_ids)
    if found := [one.bound.id for one in records if one.bound and one.bound.state == "missing"]:
        pull.env["bridge.binding"]._found_again(found)


# ------------------------------------------------------------------------------------------------------------------
# What the other side has to learn, and what a person has to decide
# ------------------------------------------------------------------------------------------------------------------


def note_outgoing(pull, outcomes, to_push):
    """What Odoo has to say about these records is sent by the next push; what was only written here has no news.

    :param set to_push: Odoo ids of those that are to be pushed; None: it is not known
    """
    if pull.flow.direction == "pull":
        return
    pull.env["bridge.change"]._release(agreed.settled(pull, outcomes, to_push))
    if pull.is_sending:
        return
    ids = [one.record_id for one in outcomes if one.record_id and _has_to_be_told(one)]
    # Nor was it sent that one was deleted in Odoo, as long as that was in conflict with a change there.
    ids += [
        one.step.facts.bound.res_id
        for one in outcomes
        if one.action == UNCHANGED and (GONE_IN_ODOO, None) in one.step.facts.standing
    ]
    if ids:
        pull.env["bridge.change"]._note(pull.flow.id, pull.flow.model, [one for one in ids if one])


def _has_to_be_told(outcome):
    if outcome.step.pushes or outcome.action == LINK:
        return True
    standing = outcome.step.facts.standing
    if outcome.action == FLAG:
        return bool(standing)
    # Nothing of a record that was deleted there was sent; now it has come back.
    is_back = agreed.has_come_back(outcome) or (GONE_THERE, None) in standing
    return is_back and outcome.action in (UPDATE, UNCHANGED)


def write_conflicts(pull, flow, outcomes, binding_ids):
    """What persons have to decide about records of a flow, or have not to decide any more.

    :param dict binding_ids: remote id to the id of its binding
    """
    conflicts = pull.env["bridge.conflict"]
    merged = [one for one in outcomes if one.action in (*AGREED, CONFLICT) and one.external_id in binding_ids]
    rows = [{**row, "binding_id": binding_ids[one.external_id]} for one in merged for row in _opposed(pull, flow, one)]
    if rows:
        pull.run.conflicts += conflicts._keep(flow, rows)
    # Deleted there: if it comes back as it was, it must be looked at all the same, for that ends the conflict.
    gone = [binding_ids[one.external_id] for one in merged if one.action == CONFLICT and one.step.facts.arrival.deleted]
    pull.env["bridge.binding"]._look_anew(gone)
    conflicts._settle(
        (binding_ids[one.external_id], kind, name)
        for one in outcomes
        if one.external_id in binding_ids and one.action not in (CONFLICT, REJECT, SKIP)
        for kind, name in one.step.facts.standing
        if name not in one.step.opposed
        and name not in one.step.pushes
        and not (kind == GONE_THERE and one.action == FLAG)
    )


def _opposed(pull, flow, outcome):
    facts, opposed = outcome.step.facts, outcome.step.opposed
    if outcome.action == CONFLICT and not opposed:
        opposed = {None: (None, None, None)}
    written = pull.records_of(flow).sudo().browse(outcome.record_id).exists() if opposed else None
    for name, (odoo, remote, before) in opposed.items():
        yield {
            "kind": FIELD if name else GONE_THERE if facts.arrival.deleted else GONE_IN_ODOO,
            "field_name": name,
            "record_name": (written.display_name if written else None) or name_of(pull, facts),
            "odoo_value": odoo,
            "remote_value": remote,
            "agreed_value": before,
            "odoo_user_id": written.write_uid.id or None if written else None,
            "odoo_date": written.write_date.isoformat() if written and written.write_date else None,
            "remote_date": text(facts.arrival.updated),
        }


def _planned_conflicts(pull, outcomes):
    """What persons would have to decide: a preview writes down no conflict, so its lines say it.

    :return: lines as ``road/journal.py`` takes them, of records with fields that go neither way
    :rtype: list[tuple[Outcome, str, str]]
    """
    opposed = [(one, list(_opposed_fields(one.step))) for one in outcomes]
    new = sum(is_new for _one, fields_ in opposed for _name, is_new in fields_)
    if new:
        pull.run._add({"conflicts": new})
    label = pull.env["bridge.drift"]._label_in
    return [
        (
            one,
            CONFLICT,
            pull.env._(
                "Both sides have changed it, and a person has to decide: %s.",
                ", ".join(dict.fromkeys(label(pull.flow.model, name) for name, _is_new in fields_)),
            ),
        )
        for one, fields_ in opposed
        if fields_
    ]


def _opposed_fields(step):
    """Fields that go neither way, also of records inside, and whether that is not known yet."""
    if step.action not in AGREED:
        return  # not one field, but the whole record
    for name in step.opposed:
        yield name, (FIELD, name) not in step.facts.standing
    for outer, children in step.children.items():
        yield from ((f"{outer}.{name}", is_new) for child in children for name, is_new in _opposed_fields(child))


# ------------------------------------------------------------------------------------------------------------------
# Failures and log
# ------------------------------------------------------------------------------------------------------------------


class _Failures:
    """What of a record that failed is kept in the job that it becomes."""

    def __init__(self, pull):
        self.pull = pull

    def of(self, outcome):
        """Why there is work left with this record; None if there is none.

        :rtype: Failure | None
        """
        if outcome.failure or not outcome.deferred:
            return outcome.failure
        if outcome.step.facts.lacking:
            return outcome.step.facts.lacking
        if outcome.note:
            return Failure(DEPENDENCY, told(self.pull.env, outcome.note))
        labels = ", ".join(self.pull.flow._field_label(name) for name in sorted(outcome.deferred))
        message = self.pull.env._("%s: the related record of the other system is not in Odoo yet.", labels)
        return Failure(DEPENDENCY, message)

    def fingerprint(self, outcome):
        """What the failure is about: one that is ignored comes back when this changes."""
        return outcome.step.facts.arrival.fingerprint

    def row(self, outcome):
        """Columns of the new job."""
        facts = outcome.step.facts
        return {
            "external_id": outcome.external_id,
            "name": name_of(self.pull, facts),
            "payload": facts.arrival.document or None,
            "fingerprint": facts.arrival.fingerprint,
        }

    def note(self, job, outcome, failure, now):
        """The record is a job already: that says so, and waits or fails."""
        arrival = outcome.step.facts.arrival
        values = {"payload": arrival.document or False, "payload_at": now, "error_field": failure.field}
        job.write({**values, "fingerprint": arrival.fingerprint})
        outcome_of_jobs.fail_or_retry(job, failure.kind, failure.message)


def keep_altered(pull, outcomes):
    """What Odoo keeps of the records otherwise than it was meant is told until it is settled."""
    seen = [one for one in outcomes if one.action in (CREATE, LINK, UPDATE, *REMOVALS) or one.step.values]
    seen = [one for one in seen if not one.failure]
    if not seen:
        return
    drifts, ids = pull.env["bridge.drift"], [one.external_id for one in seen]
    told, rows = drifts._altered_fields(pull.flow, ids), []
    for one in seen:
        if not (one.altered or one.different or one.children):
            continue  # nearly all of them
        # Of what differs since before it is not known why, but where it was told.
        since = {
            name: pair
            for name, pair in altered_values(one, "different").items()
            if name in told.get(one.external_id, ())
        }
        differences = {**since, **altered_values(one, "altered")}
        if differences:
            row = {"external_id": one.external_id, "res_id": one.record_id, "differences": differences}
            rows.append({**row, "record_name": name_of(pull, one.step.facts)})
    if told or rows:
        drifts._keep_altered(pull.flow, pull.run, ALTERED, dict.fromkeys(ids), rows)
    if pull.goes_both_ways:
        _keep_altered_there(pull, seen)


def _keep_altered_there(pull, seen):
    """What was sent without an answer that shows the record, and is not there, is told until it is settled."""
    # What the other system has now in a field is another value than it was said to keep.
    known = {one.external_id: {*one.step.changes, *_doubted(one)} for one in seen}
    known = {external_id: names for external_id, names in known.items() if names}
    known |= {one.external_id: None for one in seen if one.action in REMOVALS}
    rows = [
        {
            "external_id": one.external_id,
            "res_id": one.record_id,
            "record_name": name_of(pull, one.step.facts),
            "differences": {name: [journal.brief(value) for value in pair] for name, pair in one.step.unmoved.items()},
        }
        for one in seen
        if one.step.unmoved
    ]
    if known:
        pull.env["bridge.drift"]._keep_altered(pull.flow, pull.run, ALTERED_THERE, known, rows)
    if rows:
        pull.run._add({"altered": len(rows)})


def _doubted(outcome):
    """Fields that were sent without an answer that shows the record, and of which it is known now what is there."""
    bound = outcome.step.facts.bound
    return merge.doubts(bound and bound.remote_snapshot).keys() & outcome.step.terms.keys()


def altered_values(outcome, what):
    """What Odoo keeps otherwise; of the records inside the first one speaks for those with the same field.

    :param str what: ``altered`` or ``different``
    :return: field, or ``field.inner_field``, to [what Odoo keeps, what was meant]
    :rtype: dict
    """
    found = {name: list(map(journal.brief, pair)) for name, pair in getattr(outcome, what).items()}
    for name, children in outcome.children.items():
        for child in children:
            for inner, pair in getattr(child, what).items():
                found.setdefault(f"{name}.{inner}", list(map(journal.brief, pair)))
    return found


def _line(pull, outcome, action):
    line = {
        "record_name": name_of(pull, outcome.step.facts),
        "exchange_id": pull.exchange_ids.get(outcome.external_id, pull.exchange_ids.get(None)),
    }
    if action == outcome.step.action:
        line["changes"] = told_changes(outcome.step)
    elif action == CONFLICT:
        return line  # its message is about that
    if outcome.step.facts.lacking and not outcome.failure:
        line["message"] = outcome.step.facts.lacking.message
    elif outcome.is_altered and not outcome.note:
        labels = (
            pull.env["bridge.drift"]._label_in(pull.flow.model, name) for name in altered_values(outcome, "altered")
        )
        line["message"] = pull.env._("Odoo keeps another value: %s", ", ".join(labels))
    return line


def told_changes(step):
    """What the line of a step says of values; None: nothing."""
    return logged_changes(step) if step.action in (CREATE, UPDATE, LINK) else None


def logged_changes(step):
    """Old and new values; of files only that they changed.

    :param Step step: of a record
    :return: field to [old, new]
    """
    changes = journal.told_values(step.changes)
    for name, children in step.children.items():
        counts = [sum(child.action in actions for child in children) for actions in CHILD_ACTIONS]
        if any(counts):
            changes[name] = [None, "+%s ~%s −%s" % tuple(counts)]
    return changes


def name_of(pull, facts):
    """What a person calls the record: as the remote says it, or Odoo if it is gone there.

    :rtype: str | None
    """
    if facts.name or not facts.arrival.document:
        return facts.name
    if pull.naming is not None:
        with contextlib.suppress(MappingError):
            name = pull.naming.source(facts.arrival.document)
            return name[:200] if isinstance(name, str) else None
    return None
