"""What both roads write down about a record: its failure, which is a job of its own; and its line in the log."""

import datetime

from odoo import fields

from ..jobs import failures
from ..jobs.retry import FIRST_DELAY
from ..mapping.fingerprint import fingerprint
from .chosen import NOT_AS_SHOWN
from .notes import told
from .words import REJECT, SKIP, UNCERTAIN

LONGEST = 2000  # characters of a value in the log


def close_failures(road, outcomes, jobs, column):
    """A record that succeeded closes its open failure by itself.

    :param road: ``Pull`` or ``Push``
    :param list[Outcome] outcomes: what became of the records
    :param BridgeJob jobs: the running jobs whose matter they are, if there are
    :param str column: what names the record in its job: ``external_id`` or ``res_id``
    :return: names of the records whose failure was closed
    :rtype: set
    """
    # One that is not as a preview has shown it was not written at all.
    done = [one for one in outcomes if one.succeeded and one.action != UNCERTAIN and one.step.note != NOT_AS_SHOWN]
    succeeded = [_named(one, column) for one in done]
    return set(failures.close(road.flow, column, succeeded, jobs))


def keep_failures(road, outcomes, jobs, column, form):
    """A record that failed becomes a job of its own; one that is one already says so.

    :param form: what of a failure is kept: ``of``, ``fingerprint``, ``row`` and ``note`` (road/pull/journal.py)
    :return: the outcomes; a failure that a person has said to ignore is none
    :rtype: list[Outcome]
    """
    troubled = {_named(one, column): (one, form.of(one)) for one in outcomes}
    troubled = {name: trouble for name, trouble in troubled.items() if trouble[1]}
    if not troubled:
        return outcomes
    known = [(name, form.fingerprint(outcome)) for name, (outcome, _failure) in troubled.items()]
    ignored = failures.ignored(road.flow, column, [pair for pair in known if pair[1] is not None])
    own, now, rows = {job[column]: job for job in jobs or ()}, fields.Datetime.now(), []
    for name, (outcome, failure) in troubled.items():
        if name in ignored:
            continue
        if name in own:
            form.note(own[name], outcome, failure, now)
        else:
            rows.append({**failure._asdict(), **form.row(outcome)})
    if failures.keep(road.flow, road.run, rows, column):
        road.env["ir.cron"]._wake_lanes(at=now + datetime.timedelta(seconds=FIRST_DELAY))
    return [
        one._replace(action=SKIP, failure=None, note=road.env._("Ignored: %s", ignored[_named(one, column)]))
        if one.failure and _named(one, column) in ignored
        else one
        for one in outcomes
    ]


def write_lines(road, outcomes, closed, column, logged, more, also=()):
    """One line for each record to which something happened, as the connector's log level says.

    :param set closed: names of the records whose open failure was closed
    :param tuple logged: the actions that are told where everything is
    :param more: gives the other columns of the line of an outcome, for the action that is told
    :param list also: lines beside those: (outcome, action, message)
    """
    run, env = road.run, road.env
    everything = run.dry_run or road.flow.connector_id.log_level != "errors"
    lines = [
        (one, one.action, one.failure.message if one.failure else told(env, one.note))
        for one in outcomes
        if one.action in (REJECT, UNCERTAIN) or (everything and one.action in logged)
    ]
    said = env._("The record succeeded, so its open failure is closed.")
    lines += [(one, "closed", said) for one in outcomes if _named(one, column) in closed]
    lines += also
    rows = [{**_row(one, action, message), **more(one, action)} for one, action, message in lines]
    env["bridge.log"]._insert(road.flow, run, rows)


def _row(outcome, action, message):
    """What each line says; a column that it has nothing for is left out, for there are many lines."""
    row = {"action": action, "external_id": outcome.external_id, "res_id": outcome.record_id or None}
    if outcome.failure:
        row |= {"error_kind": outcome.failure.kind, "field_name": outcome.failure.field}
    return row | {"message": message} if message else row


def brief(value):
    """A value as the log keeps it."""
    return value[:LONGEST] if isinstance(value, str) else value


def told_values(changes):
    """Old and new values as a line of the log tells them.

    :param dict changes: field to (old, new), JSON values
    :return: field to [old, new]
    """
    return {name: [_told(old), _told(new)] for name, (old, new) in changes.items()}


def _told(value):
    """A fingerprint stands for what is cut off of a text, so that lines can be compared."""
    if type(value) is not str or len(value) <= LONGEST:
        return value
    return f"{brief(value)}… {fingerprint(value)}"


def _named(outcome, column):
    return outcome.external_id if column == "external_id" else outcome.record_id
