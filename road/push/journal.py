"""Written down: at once what was sent, so that nobody sends it again; at the end what both roads write."""

from ...jobs import outcome as outcome_of_jobs
from ...jobs.retry import ATTEMPTS
from ...mapping import merge
from ...mapping.errors import MappingError
from .. import journal
from ..pull.kept import is_kept
from ..words import (
    ALTERED_THERE,
    CONFLICT,
    FORGET,
    GONE_IN_ODOO,
    LEAVE,
    LOGGED_SENDS,
    SEND_ARCHIVE,
    SEND_CREATE,
    SEND_DELETE,
    SEND_RESTORE,
    SEND_UPDATE,
    SENDS,
    UNCERTAIN,
    UNCHANGED,
)
from . import intent
from .answers import snapshots, terms_of, version_of


def sent(push, receipts, exchanges):
    """Write down what was sent, and commit: from here on nobody sends it again.

    Nothing is written here that a user may be writing, too.

    :param list[Receipt] receipts: what was answered
    :param list exchanges: of the requests
    :return: steps whose remote record another Odoo record has already, rejected; receipts of which the answers say how
        the records are now; and what names a record to the kept exchange that was about it
    :rtype: tuple[list[Step], list[Receipt], dict]
    """
    told = {push.about(one.step): one.error for one in receipts if one.error is not None and one.error.reason == "told"}
    for exchange in exchanges:
        errors = (told[one].message for one in exchange.about or () if one in told)
        exchange.error = exchange.error or next(errors, None)
        exchange.job = next((push.jobs[one] for one in exchange.about or () if one in push.jobs), None)
    kept = push.env["bridge.exchange"]._record(push.run, exchanges)
    kept = {about: one for exchange, one in kept.items() for about in exchange.about or ()}
    done = [receipt for receipt in receipts if receipt.is_done]
    refused = intent.write_created(push, _having(done, SEND_CREATE))
    intent.write_refused(push, receipts)
    taken = {step.record_id for step in refused}
    done = [receipt for receipt in done if receipt.record_id not in taken]
    updated(push, _having(done, SEND_UPDATE))
    restored(push, _having(done, SEND_RESTORE))
    ended(push, done)
    answered = [one for one in _having(done, SEND_CREATE, SEND_UPDATE, SEND_RESTORE) if one.answer]
    keep_altered(push, _having(answered, SEND_CREATE, SEND_UPDATE))
    answered = [one for one in answered if bind_children(push, one)]
    push.commit(len(done))
    return refused, answered, kept


def _having(receipts, *actions):
    return [receipt for receipt in receipts if receipt.step.action in actions]


def updated(push, receipts):
    """Records that were changed there: both sides have now what was sent."""
    rows = []
    for receipt in receipts:
        odoo, remote = snapshots(push, receipt, list(receipt.step.changes))
        remote |= _doubts(push, receipt) | {merge.begun_name(name): None for name in receipt.step.changes}
        rows.append(
            {
                "id": receipt.draft.bound.id,
                "odoo_snapshot": {**odoo, **receipt.step.agreed},
                "remote_snapshot": {**remote, **receipt.step.agreed},
                "remote_version": version_of(push, receipt),
            }
        )
    push.env["bridge.binding"]._merge_snapshots(rows, sent=True)
    push.env["bridge.conflict"]._settle(
        (one.draft.bound.id, kind, name)
        for one in receipts
        for kind, name in one.step.facts.standing
        if name in one.step.changes
    )


def _doubts(push, receipt):
    """What the other system had, where its answer does not show that it has now what was sent (mapping/merge.py)."""
    snapshot, names = receipt.draft.bound.remote_snapshot or {}, [*receipt.step.changes]
    if push.policy.direction != "both":
        return {}
    if receipt.answer:
        return {merge.doubt_name(name): None for name in names if merge.doubt_name(name) in snapshot}
    before = {**snapshot, **merge.doubts(snapshot)}
    terms = receipt.step.facts.terms
    return {
        merge.doubt_name(name): [before[name]]
        for name in names
        if name in before and name in terms and not merge.same(before[name], terms[name])
    }


def keep_altered(push, receipts):
    """What the other system keeps otherwise than it was sent, as far as its answers say, is told until it is settled.

    :param list[Receipt] receipts: answered with the records
    """
    if not receipts:
        return
    fields_of, rows = {}, []
    for one in receipts:
        external_id = one.external_id or one.step.external_id
        fields_of[external_id], found = altered(push, one)
        if found:
            differences = {name: [journal.brief(value) for value in pair] for name, pair in found.items()}
            row = {"external_id": external_id, "res_id": one.record_id, "differences": differences}
            rows.append({**row, "record_name": one.step.facts.name})
    if rows:
        push.run._add({"altered": len(rows)})
    push.env["bridge.drift"]._keep_altered(push.flow, push.run, ALTERED_THERE, fields_of, rows)


def altered(push, receipt):
    """The fields of which the answer has something else than was sent.

    :param Receipt receipt: answered with the record
    :return: the fields that were sent and answered; and of those that differ (Odoo's value, what the other system
        keeps), comparable
    :rtype: tuple[set, dict]
    """
    names = receipt.step.changes if receipt.step.action == SEND_UPDATE else receipt.draft.intent["terms"]
    terms = receipt.step.facts.terms
    odoo = {name: terms[name] for name in names if name in terms and name == merge.field_of(name)}
    there = terms_of(push, push.flow, push.mapper.map(receipt.answer), odoo)
    differing = {name: value for name, value in there.items() if not merge.same(value, odoo[name])}
    record = push.records.browse(receipt.record_id)
    if differing:
        record = record.exists()  # nothing may keep from being written down what was sent
    return set(there), {
        name: (odoo[name], value)
        for name, value in differing.items()
        if record and not is_kept(record, name, value, odoo[name])
    }


def restored(push, receipts):
    """They have been away: what has changed on either side meanwhile is looked at as for any other record."""
    push.env["bridge.binding"]._restore([one.draft.bound.id for one in receipts])
    push.env["bridge.change"]._note(push.flow.id, push.flow.model, [one.record_id for one in receipts])


def ended(push, receipts):
    """Records that are not kept in agreement any more. What is deleted on both sides is forgotten."""
    bindings = push.env["bridge.binding"]
    bindings._forget([one.draft.bound.id for one in _having(receipts, SEND_DELETE)])
    bindings._leave([one.draft.bound.id for one in _having(receipts, SEND_ARCHIVE)])


# Records inside the records


def bind_children(push, receipt):
    """Bind the nested records that were sent to those in the answer: by their ids, new ones by their order.

    :return: are all of them known, so that the answer can be compared like any other document
    :rtype: bool
    """
    is_known = True
    for rule in push.mapper.nested:
        if rule.field in receipt.step.facts.children:
            is_known = _bind_answered(push, rule, receipt) and is_known
    return is_known


def _bind_answered(push, rule, receipt):
    flow, children = push.nested_flows[rule.field], receipt.step.facts.children[rule.field]
    parent_id = receipt.external_id or receipt.step.external_id
    push.env["bridge.binding"]._forget(children.gone)
    try:
        answered = rule.converter.read(rule.source(receipt.answer)).documents
    except (MappingError, AttributeError):
        return False
    if len(answered) != len(children.ids):
        return False
    rows = []
    for position, (record_id, document) in enumerate(zip(children.ids, answered, strict=True)):
        own = rule.child.about(document, "id") if isinstance(document, dict) else None
        external_id = f"#{position + 1}" if own is None else str(own)
        if not flow.global_ids or own is None:
            external_id = f"{parent_id}/{external_id}"
        odoo = children.terms[record_id]
        rows.append(
            {
                "external_id": external_id,
                "res_id": record_id,
                "odoo_snapshot": odoo,
                "remote_snapshot": {**odoo, **terms_of(push, flow, rule.child.map(document), odoo)},
                "parent_id": receipt.draft.bound.id,
            }
        )
    push.env["bridge.binding"]._bind_nested(flow, rows)
    return True


# ------------------------------------------------------------------------------------------------------------------
# At the end
# ------------------------------------------------------------------------------------------------------------------


def write(push, outcomes, jobs=None):
    """What became of all records of the batch: log, failures, counters. The caller empties the outbox.

    :param list[Outcome] outcomes: what was done; those that are held are not told
    :param BridgeJob jobs: the running jobs whose matter the records are, if there are
    """
    closed, run = set(), push.run
    if not run.dry_run:
        unsent(push, outcomes)
        closed = journal.close_failures(push, outcomes, jobs, "res_id")
        outcomes = journal.keep_failures(push, outcomes, jobs, "res_id", _Failures())
    journal.write_lines(
        push, outcomes, closed, "res_id", LOGGED_SENDS, lambda outcome, action: _line(push, outcome, action)
    )
    run._count_sent(outcomes)
    if not run.dry_run:
        push.flow._after_push(outcomes)
        push.commit(0)


def unsent(push, outcomes):
    """Those for which nothing had to be sent: what both sides agree on, and that they were looked at."""
    bindings, conflicts = push.env["bridge.binding"], push.env["bridge.conflict"]
    unchanged = [one.step for one in outcomes if one.action == UNCHANGED and one.step.facts.bound]
    bindings._merge_snapshots([row for step in unchanged for row in _agreed(step)], sent=False)
    conflicts._settle(
        (step.facts.bound.id, kind, name)
        for step in unchanged
        for kind, name in step.facts.standing
        if name in step.agreed
    )
    bindings._leave([one.step.facts.bound.id for one in outcomes if one.action == LEAVE])
    gone = [step.facts.bound.id for step in unchanged if not step.facts.exists and step.facts.bound.state == "removed"]
    bindings._forget([*gone, *(one.step.facts.bound.id for one in outcomes if one.action == FORGET)])
    rows = [row for one in outcomes if one.action == CONFLICT for row in _end_conflicts(one.step.facts)]
    push.run.conflicts += conflicts._keep(push.flow, rows)


def _agreed(step):
    """The row of a binding of which something is to be written down."""
    bound, facts = step.facts.bound, step.facts
    if bound.state not in ("linked", "missing", "left") or not facts.inside:
        return
    known = bound.odoo_snapshot or {}
    new = {**step.agreed, **merge.keys_in(facts.terms)}
    changed = {name: value for name, value in new.items() if known.get(name) != value}
    if changed or not bound.inside or bound.state == "left":
        yield {"id": bound.id, "odoo_snapshot": changed, "remote_snapshot": merge.without_keys(changed)}


def _end_conflicts(facts):
    if not any(kind == GONE_IN_ODOO for kind, _name in facts.standing):
        yield {"binding_id": facts.bound.id, "kind": GONE_IN_ODOO, "record_name": facts.name}


class _Failures:
    """What of a record that can not be pushed is kept in the job that it becomes."""

    def of(self, outcome):
        """:rtype: Failure | None"""
        return outcome.failure

    def fingerprint(self, outcome):
        """What is ignored of a push does not come back by itself."""

    def row(self, outcome):
        """Columns of the new job."""
        due = outcome.step.due
        return {
            "state": self._state(outcome),
            "res_id": outcome.record_id,
            "external_id": outcome.external_id,
            "name": outcome.name,
            "due": due,
        }

    @staticmethod
    def _state(outcome):
        if outcome.action == UNCERTAIN:
            return "uncertain"
        return "pending" if outcome.failure.kind in ATTEMPTS or outcome.step.due else "failed"

    def note(self, job, outcome, failure, now):
        """The record is a job already: that says so, and waits or fails."""
        job.write({"error_field": failure.field, "external_id": outcome.external_id, "record_name": outcome.name})
        if outcome.action == UNCERTAIN:
            outcome_of_jobs.fail(job, "uncertain", failure.message, {"state": "uncertain"})
        elif outcome.step.due:
            job._wait({**outcome_of_jobs.error_values(failure.kind, failure.message), "due_at": outcome.step.due})
            outcome_of_jobs.wake_when_due(job)
        else:
            outcome_of_jobs.fail_or_retry(job, failure.kind, failure.message)


def _line(push, outcome, action):
    return {
        "record_name": outcome.name,
        "exchange_id": push.kept.get(push.about(outcome.step)),
        "changes": told_changes(outcome.step) if action in SENDS and action == outcome.step.action else None,
    }


def told_changes(step):
    """What the line of a step says of values; None: nothing."""
    if step.action not in SENDS:
        return None
    if step.action == SEND_CREATE:
        terms = merge.without_keys(step.facts.terms)
        changes = {name: (None, value) for name, value in terms.items() if value not in (False, None, "", [])}
    else:
        changes = step.changes
    return journal.told_values(changes)
