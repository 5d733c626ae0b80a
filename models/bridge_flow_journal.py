"""The road: journal. Bindings, log lines and failures, in the same transaction as the records they tell about."""

import contextlib

from odoo import fields, models

from ..database import json_rows, text
from ..jobs import failures
from ..jobs.outcome import fail_or_retry
from ..mapping.errors import MappingError
from ..mapping.mapper import DELETED
from .batch import (
    ARCHIVE,
    CONFLICT,
    CREATE,
    DEPENDENCY,
    FLAG,
    LINK,
    REJECT,
    REMOVALS,
    SKIP,
    UNCHANGED,
    UNLINK,
    UPDATE,
)
from .bridge_conflict import FIELD, GONE_IN_ODOO, GONE_THERE

LOGGED = (CREATE, UPDATE, LINK, ARCHIVE, UNLINK, FLAG, SKIP, REJECT, CONFLICT)


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    def _journal(self, batch, jobs=None):
        """Write down what became of a batch.

        :param BridgeJob jobs: the running jobs whose matter the batch is, if there are
        """
        if not batch.run.dry_run:
            self._write_bindings(batch)
            self._write_conflicts(batch, batch.items)
            self._note_outgoing(batch)
            self._mark_seen(batch)
            closed = self._close_failures(batch, jobs)
            self._write_failures(batch, jobs)
        else:
            closed = []
        self._write_log(batch, closed)
        self._after_sync(batch)

    def _after_sync(self, batch):
        """Called when a batch is written, before it is committed. For other addons.

        :param Batch batch: with what became of each record
        """

    # Bindings

    def _write_bindings(self, batch):
        new = [item for item in batch.having(CREATE, LINK) if item.binding is None]
        self._insert_bindings(new, batch, seen=batch.run.id if batch.run.full else None)
        known = [item for item in batch.having(CREATE, LINK, UPDATE, UNCHANGED) if item.binding and not _is_same(item)]
        self._update_bindings([item for item in known if not item.deleted])
        self._end_bindings(batch.having(*REMOVALS))
        self._write_nested_bindings(batch)

    def _insert_bindings(self, items, batch, seen=None):
        """New bindings.

        A binding that another transaction made meanwhile violates the unique index, and the whole batch is done again:
        never is a binding moved to the record that we have just created in vain.
        """
        if not items:
            return
        self.env.cr.execute(
            """
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, seen_run_id, synced, create_date, external_id, res_id, fingerprint,
                   odoo_snapshot, remote_snapshot, remote_updated, remote_version, parent_id)
            SELECT %(flow_id)s, %(model)s, 'linked', %(seen)s, %(now)s, %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   external_id text, res_id int, fingerprint text, odoo_snapshot jsonb, remote_snapshot jsonb,
                   remote_updated text, remote_version text, parent_id int)
         RETURNING id, external_id
            """,
            {**self._journal_values(), "seen": seen, "rows": json_rows(self._binding_row(item) for item in items)},
        )
        ids = {external_id: binding_id for binding_id, external_id in self.env.cr.fetchall()}
        for item in items:
            item.binding = NewBinding(ids[item.external_id])

    def _update_bindings(self, items):
        if not items:
            return
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET external_id = row.external_id, res_id = row.res_id, state = 'linked',
                   fingerprint = row.fingerprint, sent_at = NULL, intent = NULL, job_id = NULL,
                   odoo_snapshot = row.odoo_snapshot, remote_snapshot = row.remote_snapshot,
                   remote_updated = row.remote_updated, remote_version = row.remote_version,
                   parent_id = row.parent_id, synced = %(now)s
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, external_id text, res_id int, fingerprint text, odoo_snapshot jsonb, remote_snapshot jsonb,
                   remote_updated text, remote_version text, parent_id int)
             WHERE binding.id = row.id
            """,
            {
                **self._journal_values(),
                "rows": json_rows({**self._binding_row(item), "id": item.binding.id} for item in items),
            },
        )

    def _journal_values(self):
        """What is the same for every row that a batch writes."""
        return {
            "flow_id": self.id,
            "connector_id": self.connector_id.id,
            "company_id": self.company_id.id or None,
            "model": self.model,
            "now": fields.Datetime.now(),
        }

    @staticmethod
    def _binding_row(item):
        known = item.binding
        return {
            "external_id": item.external_id,
            "res_id": item.record_id,
            # A record that lacks a relation must not look unchanged next time.
            "fingerprint": "" if item.deferred else item.fingerprint,
            "odoo_snapshot": _renewed(known and known.odoo_snapshot, item.odoo_terms, item),
            "remote_snapshot": _renewed(known and known.remote_snapshot, item.remote_terms, item),
            "remote_updated": text(item.updated),
            "remote_version": text(item.version),
            "parent_id": item.parent.binding.id if item.parent else None,
        }

    def _end_bindings(self, items):
        """The remote record is gone: the binding stays, to know it again, unless Odoo's record is gone as well."""
        bindings = self.env["bridge.binding"].browse(item.binding.id for item in items if item.action != UNLINK)
        bindings.write({"state": "removed", "fingerprint": DELETED})
        self.env["bridge.binding"].browse(item.binding.id for item in items if item.action == UNLINK).unlink()

    def _write_nested_bindings(self, batch):
        parents = batch.having(CREATE, LINK, UPDATE)
        for rule in batch.mapper.rules:
            if rule.converter.name != "nested":
                continue
            flow = self._child_flow(rule)
            children = [child for parent in parents for child in parent.children.get(rule.field, ())]
            flow._insert_bindings(
                [child for child in children if child.action in (None, CREATE) and not child.binding], batch
            )
            flow._update_bindings(
                [
                    child
                    for child in children
                    if child.binding and not _is_new(child) and child.action in (CREATE, UPDATE)
                ]
            )
            flow._end_bindings([child for child in children if child.action in REMOVALS])
            flow._write_conflicts(batch, children)

    def _mark_seen(self, batch):
        """A full scan remembers what it has seen, to find what it has not."""
        if not batch.run.full or (self.delete_policy == "ignore" and batch.run.kind != "compare"):
            return
        ids = [item.binding.id for item in batch.items if item.binding and not _is_new(item) and not item.deleted]
        self.env.cr.execute(
            """
            UPDATE bridge_binding SET seen_run_id = GREATEST(seen_run_id, %s),
                   state = CASE state WHEN 'missing' THEN 'linked' ELSE state END
             WHERE id = ANY(%s)
            """,
            [batch.run.id, ids],
        )

    # What the other side has to learn, and what a person has to decide

    def _note_outgoing(self, batch):
        """What Odoo has to say about these records is sent by the next push."""
        if self.direction == "pull" or batch.pushing:
            return
        ids = [item.record_id for item in batch.items if item.record_id and (item.pushes or item.action == LINK)]
        ids += [item.record_id for item in batch.having(FLAG) if item.record_id and item.standing]
        # Nothing of a record that was deleted there was sent; now it has come back.
        back = [item for item in batch.having(UPDATE, UNCHANGED) if _has_come_back(item) or _has_gone(item)]
        ids += [item.record_id for item in back if item.record_id]
        # Nor that it was deleted in Odoo, as long as that was in conflict with a change there.
        back = [item for item in batch.having(UNCHANGED) if (GONE_IN_ODOO, None) in item.standing]
        ids += [item.binding.res_id for item in back if item.binding.res_id]
        if ids:
            self.env["bridge.change"]._note(self.id, self.model, ids)

    def _write_conflicts(self, batch, items):
        merged = [item for item in items if item.action in (CREATE, UPDATE, LINK, UNCHANGED, CONFLICT)]
        rows = [row for item in merged if item.binding for row in self._conflict_rows(batch, item)]
        if rows:
            batch.run.conflicts += self.env["bridge.conflict"]._keep(self, rows)
        # Deleted there: if it comes back as it was, it must be looked at all the same, for that ends the conflict.
        gone = [item.binding.id for item in batch.having(CONFLICT) if item.binding and item.deleted]
        self.env["bridge.binding"].browse(gone).write({"fingerprint": ""})
        self.env["bridge.conflict"]._settle(
            (item.binding.id, kind, name)
            for item in items
            if item.binding and item.action not in (CONFLICT, REJECT, SKIP)
            for kind, name in item.standing
            if name not in item.opposed and name not in item.pushes and not (kind == GONE_THERE and item.action == FLAG)
        )

    def _conflict_rows(self, batch, item):
        if item.action == CONFLICT and not item.opposed:
            item.opposed[None] = (None, None, None)
        written = self._records().sudo().browse(item.record_id).exists() if item.opposed else None
        for name, (odoo, remote, agreed) in item.opposed.items():
            kind = FIELD if name else GONE_THERE if item.deleted else GONE_IN_ODOO
            yield {
                "binding_id": item.binding.id,
                "kind": kind,
                "field_name": name,
                "record_name": (written.display_name if written else None) or self._record_name(batch, item),
                "odoo_value": odoo,
                "remote_value": remote,
                "agreed_value": agreed,
                "odoo_user_id": written.write_uid.id or None if written else None,
                "odoo_date": written.write_date.isoformat() if written and written.write_date else None,
                "remote_date": text(item.updated),
            }

    # Failures

    def _close_failures(self, batch, jobs):
        """A record that succeeds closes its open failure by itself.

        :return: external ids whose failure was closed
        :rtype: list[str]
        """
        succeeded = [
            item.external_id
            for item in batch.items
            if item.action != REJECT and not item.deferred and not item.superseded
        ]
        return failures.close(self, "external_id", succeeded, jobs)

    def _write_failures(self, batch, jobs):
        """A record that failed becomes a job of its own, with its payload; one that is one already says so."""
        own = {job.external_id: job for job in jobs or ()}
        rows = []
        troubled = [(item, *self._trouble(item)) for item in batch.items]
        troubled = [(item, *trouble) for item, *trouble in troubled if trouble[0]]
        known = [(item.external_id, item.fingerprint) for item, *_trouble in troubled]
        ignored = failures.ignored(self, "external_id", known)
        for item, kind, message, field_name in troubled:
            if item.external_id in ignored:
                if item.failure:
                    item.skip(self.env._("Ignored: %s", ignored[item.external_id]))
                continue
            if item.external_id in own:
                own[item.external_id].write(
                    {
                        "payload": item.document,
                        "payload_at": fields.Datetime.now(),
                        "error_field": field_name,
                        "fingerprint": item.fingerprint,
                    }
                )
                fail_or_retry(own[item.external_id], kind, message)
            else:
                rows.append(
                    {
                        "external_id": item.external_id,
                        "name": self._record_name(batch, item),
                        "kind": kind,
                        "message": message,
                        "field": field_name,
                        "payload": item.document,
                        "fingerprint": item.fingerprint,
                    }
                )
        failures.keep(self, batch.run, rows, "external_id")

    def _trouble(self, item):
        if item.failure:
            return item.failure.kind, item.failure.message, item.failure.field
        if item.deferred:
            if item.note:
                return DEPENDENCY, item.note, None
            labels = ", ".join(self._field_label(name) for name in sorted(item.deferred))
            return DEPENDENCY, self.env._("%s: the related remote record is not in Odoo yet.", labels), None
        return None, None, None

    # Log

    def _write_log(self, batch, closed):
        """One line for each record to which something happened, as the connector's log level says."""
        run = batch.run
        everything = run.dry_run or self.connector_id.log_level != "errors"
        lines = [
            (item, item.action, (item.failure and item.failure.message) or item.note)
            for item in batch.items
            if item.action == REJECT or (everything and item.action in LOGGED)
        ]
        by_id = {item.external_id: item for item in batch.items}
        said = self.env._("The record succeeded, so its open failure is closed.")
        lines += [(by_id[external_id], "closed", said) for external_id in closed]
        rows = [
            {
                "action": action,
                "external_id": item.external_id,
                "res_id": item.record_id or None,
                "record_name": self._record_name(batch, item),
                "error_kind": item.failure and item.failure.kind,
                "field_name": item.failure and item.failure.field,
                "message": message,
                "exchange_id": batch.exchange_ids.get(item.external_id, batch.exchange_id),
                **({"changes": self._logged_changes(item)} if action in (CREATE, UPDATE, LINK) else {}),
            }
            for item, action, message in lines
        ]
        self._insert_log(run, rows)

    def _insert_log(self, run, rows):
        """Log lines of a run.

        :param list[dict] rows: columns of ``bridge.log``
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            INSERT INTO bridge_log (
                   run_id, flow_id, dry_run, res_model, create_date, action, external_id, res_id, record_name,
                   error_kind, field_name, message, exchange_id, changes)
            SELECT %(run_id)s, %(flow_id)s, %(dry_run)s, %(model)s, %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   action text, external_id text, res_id int, record_name text, error_kind text, field_name text,
                   message text, exchange_id int, changes jsonb)
            """,
            {**self._journal_values(), "run_id": run.id, "dry_run": run.dry_run, "rows": json_rows(rows)},
        )
        run.invalidate_recordset(["log_ids"])

    def _logged_changes(self, item):
        """Old and new values; of files only that they changed."""
        changes = {name: [_brief(old), _brief(new)] for name, (old, new) in item.changes.items()}
        for name, children in item.children.items():
            counts = [sum(child.action in actions for child in children) for actions in CHILD_ACTIONS]
            if any(counts):
                changes[name] = [None, "+%s ~%s −%s" % tuple(counts)]
        return changes

    def _record_name(self, batch, item):
        """What a person calls the record: as the remote says it, or Odoo if it is gone there."""
        if item.name:
            return item.name
        rec_name = self.env[self.model]._rec_name
        # A record without a name of its own is known by its key.
        rules = sorted(batch.mapper.rules, key=lambda rule: (rule.field != rec_name, not rule.key))
        for rule in rules[:1] if item.document else ():
            if rule.field == rec_name or rule.key:
                with contextlib.suppress(MappingError):
                    name = rule.source(item.document)
                    return name[:200] if isinstance(name, str) else None
        return None


CHILD_ACTIONS = ((None, CREATE), (UPDATE,), REMOVALS)


def _renewed(snapshot, terms, item):
    """A snapshot with what both sides agree on now; the fields that wait for their way or a decision stay (merge.py).

    Of a field that Odoo has and of which the remote says nothing, nothing was agreed: it is sent, if it may be. Only of
    a record that was created just now, what Odoo has made of it is no change.
    """
    agreed = terms.keys() if item.action in (None, CREATE) else item.remote_terms.keys()
    new = {
        name: value
        for name, value in terms.items()
        if name.rstrip(".") not in item.held and (name.rstrip(".") in agreed or name in agreed)
    }
    if _has_come_back(item):
        # It was deleted there, and what is there now is another one: of what it does not say, nothing is agreed.
        snapshot = {name: value for name, value in (snapshot or {}).items() if name.rstrip(".") in item.remote_terms}
    return {**(snapshot or {}), **new}


def _has_gone(item):
    return (GONE_THERE, None) in item.standing


def _has_come_back(item):
    return bool(item.binding) and not _is_new(item) and item.binding.state == "removed" and not item.deleted


class NewBinding:
    """A binding that was made just now: only its id matters any more."""

    remote_snapshot = odoo_snapshot = None

    def __init__(self, binding_id):
        self.id = binding_id


def _is_new(item):
    return isinstance(item.binding, NewBinding)


def _is_same(item):
    return _is_new(item) or (item.action == UNCHANGED and (item.binding.same or item.binding.state == "left"))


def _brief(value):
    return value[:2000] if isinstance(value, str) else value
