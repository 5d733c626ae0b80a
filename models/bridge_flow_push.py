"""The road, from Odoo to remote: apply and journal. What was planned is sent, and what came of it is written down."""

import datetime
import functools

from odoo import fields, models

from ..database import json_rows, text
from ..jobs import failures
from ..jobs.outcome import error_values, fail, fail_or_retry, wake_when_due
from ..jobs.retry import ATTEMPTS, FIRST_DELAY, REST_AFTER, is_charged
from ..remote.errors import Rejected
from ..remote.flight import WHOLESALE, Flight
from .batch import CONFLICT, REJECT, SKIP, UNCHANGED, comparable
from .bridge_conflict import GONE_IN_ODOO
from .bridge_flow_journal import _brief
from .bridge_flow_pull import ABSENT, DEEPEST
from .outgoing import (
    LEAVE,
    LOOK_UP,
    OPERATIONS,
    SEND_ARCHIVE,
    SEND_CREATE,
    SEND_DELETE,
    SEND_RESTORE,
    SEND_UPDATE,
    SENDS,
    UNCERTAIN,
    OutBatch,
)

ROUNDS = 6  # how often a record is looked at anew because the remote has another version than we know
TOGETHER = 6  # requests for each that may be under way, before what they brought is written down
AT_ONCE = 8  # requests under way together, where the connector says nothing
STALE = (409, 412)
LOGGED_SENDS = (*SENDS, LEAVE, SKIP, REJECT, CONFLICT, UNCERTAIN)


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    # ----------------------------------------------------------------------------------------------------------------
    # The road
    # ----------------------------------------------------------------------------------------------------------------

    def _push_batch(self, run, items, client, exchanges, commit, flight, job_id=None, jobs=None, ancestors=()):
        """Bring changed records along the road (DESIGN.md, "The road"). What is sent is written down at once.

        :param list[Outgoing] items: the records
        :param list exchanges: where the client puts its exchanges
        :param Flight flight: what sends
        :param BridgeJob jobs: the running jobs whose matter the records are, if there are
        :return: the batch; its ``flight.error`` says why not all could be sent
        :rtype: OutBatch
        """
        batch = OutBatch(
            run, self, self._mapper(), items, client, exchanges, commit, flight, job_id=job_id, ancestors=ancestors
        )
        batch.jobs = {job.res_id: job for job in jobs or ()}
        waiting = items
        for _round in range(ROUNDS):
            self._read_outgoing(batch, waiting)
            self._plan_outgoing(batch, waiting)
            if run.dry_run:
                break
            again = self._look_first(batch, waiting)
            if again:
                waiting = again
                continue
            self._push_related(batch, waiting)
            for wave in self._out_waves(batch, waiting):
                self._send_wave(batch, wave)
            waiting = self._stale(batch, waiting)
            if not waiting:
                break
        for item in waiting if not run.dry_run else ():
            if item.open:
                item.fail("unavailable", self.env._("The record changes there faster than it can be sent."))
        self._set_aside(batch)
        run._again_when_busy(self._journal_outgoing, batch, jobs)
        return batch

    def _send_wave(self, batch, wave):
        """Send records that do not wait for each other; while some are under way, those before are written down."""
        under_way = None
        ahead = TOGETHER if self._can_find_out() else 1  # what is not sent yet must not become uncertain
        size = max(ahead * batch.flight.at_once, self._most_in_bulk())
        for start in range(0, len(wave), size):
            some = wave[start : start + size]
            if batch.flight.is_over:
                for item in some:
                    self._hold(batch, item)
                continue
            try:
                self._write_documents(batch, some)
                batch.run._again_when_busy(self._write_intents, batch, some)
                begun = self._begin_sending(batch, some)
            except Exception:
                self.env.cr.rollback()
                if under_way:  # what has arrived there is written down, whatever else goes wrong
                    self._land(batch, *under_way)
                raise
            if under_way:
                self._land(batch, *under_way)
            under_way = some, begun
            if ahead == 1:
                self._land(batch, *under_way)
                under_way = None
        if under_way:
            self._land(batch, *under_way)

    def _can_find_out(self):
        """Can it be known whether a creation has arrived whose answer was lost?"""
        create = self._operation("create")
        return bool(not create or create.repeatable or self.connector_id.idempotency_header or self._operation("find"))

    def _most_in_bulk(self):
        return max(self.operation_ids.mapped("bulk_size"), default=0)

    def _land(self, batch, items, begun):
        """Wait for the answers, and write down what they say."""
        self._read_answers(batch, *begun)
        exchanges = [batch.exchanges.pop(0) for _ in range(len(batch.exchanges))]  # others may come at this moment
        created = [item for item in items if item.action == SEND_CREATE and item.sent and item.error is None]
        answered = batch.run._again_when_busy(self._journal_sent, batch, items, created, exchanges)
        batch.run._again_when_busy(self._take_in_answers, batch, answered)

    # ----------------------------------------------------------------------------------------------------------------
    # Look before sending
    # ----------------------------------------------------------------------------------------------------------------

    def _looks_first(self):
        """Must a record be fetched before it is changed there? Not where the remote itself refuses a stale change."""
        get, update = self._operation("get"), self._operation("update")
        if not get or not update:
            return False
        return update.sends == "whole" or (self.direction == "both" and not update._is_conditional())

    def _look_first(self, batch, items):
        """Fetch what is about to be changed, and take in what the remote has to say first.

        :return: the records that have to be planned again
        :rtype: list[Outgoing]
        """
        unknown = [item for item in items if item.action == LOOK_UP]
        known = [
            item
            for item in items
            if item.action in (SEND_UPDATE, SEND_DELETE, SEND_ARCHIVE) and not item.looked and item.prefer != "odoo"
        ]
        if not self._looks_first():
            mapper = batch.mapper
            can_look = self.direction == "both" and self._operation("get")
            # The remote can only refuse a stale change if we say which version we know; and what goes along with a
            # change must not be what is in conflict.
            known = [
                item for item in known if can_look and (item.binding.version is None or self._overrules(mapper, item))
            ]
        # What was deleted there is created anew only if it is not there again, or was there all the time.
        known += [item for item in items if self._operation("get") and item.is_made_anew and not item.looked]
        if unknown:
            self._look_up(batch, unknown)
        if known:
            self._fetch_known(batch, known)
        if unknown or known:
            for item in items:
                if item.action in SENDS and item not in batch.held:
                    item.again()  # it was planned with what was known before
            return [item for item in items if item.open]
        return []

    def _fetch_known(self, batch, items):
        """Fetch the remote records of these, and bring them along the other direction of the road."""
        get = functools.partial(self._operation("get")._compiled().get, batch.client)
        batch.commit(0)  # nothing is held while we wait
        found = batch.flight.ask(items, lambda item: get(item.remote_id, about=(item,)))
        documents, gone = [], []
        for item, result in zip(items, found, strict=True):
            item.looked = True
            if result is None:
                batch.held.append(item)
                item.action = UNCHANGED
            elif result[0]:
                item.base, version = result[1]
                item.version = batch.mapper.about(item.base, "version") if version is None else version
                documents.append((item.base, item.version))
            elif result[1].status in ABSENT:
                gone.append(item)
            else:
                self._settle_error(batch, item, result[1])
                item.action = UNCHANGED if item in batch.held else item.action
        if self.direction == "both":
            batch.run._again_when_busy(self._take_in, batch, documents, gone)
        else:
            back = [item.binding.id for item in items if item.base is not None and item.binding.state == "removed"]
            self.env["bridge.binding"].browse(back).write({"state": "linked", "fingerprint": ""})
        for item in items:
            if item in gone and self.direction == "push" and item.binding.state != "removed":
                self._gone_there(item)
            elif item.base is not None or item in gone:
                item.again()

    def _take_in(self, batch, documents, gone):
        """What the remote says of records that we push: the pull road, in a batch of its own.

        :param list documents: (remote record, its version where that is in a header)
        :param list[Outgoing] gone: those that are not there any more
        """
        incoming = self._incoming(batch, documents, batch.client)
        incoming.items += [self._tombstone(item.remote_id) for item in gone]
        self._compare(incoming)
        self._map(incoming)
        self._fetch_related(incoming)
        self._plan(incoming)
        self._apply(incoming)
        self._journal(incoming)
        batch.run._count_taken_in(incoming)
        batch.commit(0)

    def _incoming(self, batch, documents, client):
        incoming = self._batch(
            batch.run, [one for one, _version in documents], client, commit=batch.commit, pushing=True
        )
        if self.version_header:
            for item, (_document, version) in zip(incoming.items, documents, strict=True):
                item.version = version
        return incoming

    def _gone_there(self, item):
        """A flow that only pushes: what is gone there is created again, if Odoo is the authority."""
        if self.authority == "odoo" and item.there and item.inside:
            self.env["bridge.binding"].browse(item.binding.id).unlink()
            item.again()
        else:
            item.fail("rejected", self.env._("The record is not there any more."))

    def _stale(self, batch, items):
        """Fetch what was refused because it has another version than we know, to merge and send it again."""
        stale = [item for item in items if item.error is not None and item.error.status in STALE and item.sent]
        stale = [item for item in stale if item.action in SENDS and item.action != SEND_CREATE]
        gone = [item for item in items if item.error is not None and item.error.status in ABSENT]
        gone = [item for item in gone if item.action in (SEND_UPDATE, SEND_RESTORE)]
        if gone and self.direction == "both":
            batch.run._again_when_busy(self._take_in, batch, [], gone)
            for item in gone:
                item.again()
        elif gone:
            for item in gone:
                self._gone_there(item)
        if stale and self._operation("get"):
            tried = [(item, item.error, item.action, item.base, self._known_version(item)) for item in stale]
            self._fetch_known(batch, stale)
            for item, error, action, base, version in tried:
                learned = self._known_version(item) != version if version is not None else item.base != base
                if item.open and item.base is not None and not learned:
                    self._fail_sending(item, error, action)  # it is not about the version
        for item in [*stale, *gone]:
            if item.error is not None and not item.open and item.failure is None:
                self._settle_error(batch, item, item.error)
        return [item for item in [*stale, *gone] if item.open]

    def _known_version(self, item):
        return text(item.version if item.version is not None else item.binding.version)

    # ----------------------------------------------------------------------------------------------------------------
    # What comes first
    # ----------------------------------------------------------------------------------------------------------------

    def _push_related(self, batch, items):
        """Push the records that these point to and that are not there yet, such as the customer of an order."""
        sending = [item for item in items if item.action in (SEND_CREATE, SEND_UPDATE, SEND_RESTORE)]
        sending = [item.record_id for item in sending if not item.repeats]
        if not sending or len(batch.ancestors) >= DEEPEST:
            return
        records = self._records().with_context(active_test=False).browse(sending)
        known = self._related_external_ids(batch.mapper, records)
        around = [*batch.ancestors, (self, {item.record_id for item in batch.items})]
        for code, ids in self._pointed_to(batch.mapper, records).items():
            sibling = self._sibling(code)
            missing = [one for one in ids if one not in known.get(code, {})]
            missing = [one for one in missing if not any(flow == sibling and one in those for flow, those in around)]
            if missing and sibling.direction != "pull" and not sibling._waits_for_matching():
                related = sibling._push_batch(
                    batch.run,
                    sibling._outgoing(missing),
                    batch.client,
                    batch.exchanges,
                    batch.commit,
                    batch.flight,
                    job_id=batch.job_id,
                    ancestors=tuple(around),
                )
                held = [item.record_id for item in related.held]
                self.env["bridge.change"]._note(sibling.id, sibling.model, held)

    def _out_waves(self, batch, items):
        """Records in an order in which each is sent after those of the batch that it points to; circles together."""
        waiting = [item for item in items if item.action in SENDS]
        own = [rule for rule in batch.mapper.rules if rule.pushes and rule.keyed_settings.get("flow") == self.code]
        own = [rule for rule in own if rule.converter.name != "nested"]
        if not own:
            yield waiting
            return
        records = {record.id: record for record in self._records().browse(item.record_id for item in waiting)}
        while waiting:
            coming = {item.record_id for item in waiting if item.action == SEND_CREATE}
            ready = [
                item
                for item in waiting
                if not item.there or not any(set(records[item.record_id][rule.field]._ids) & coming for rule in own)
            ]
            ready = ready or waiting
            yield ready
            waiting = [item for item in waiting if item not in ready]

    # ----------------------------------------------------------------------------------------------------------------
    # Apply: send
    # ----------------------------------------------------------------------------------------------------------------

    def _begin_sending(self, batch, items):
        """Send what was planned, several requests at a time; nothing is written here.

        :return: the tasks, and what waits for their results
        :rtype: tuple
        """
        tasks = []
        for action in SENDS:
            ready = [item for item in items if item.action == action]
            operation = self._operation(OPERATIONS[action])
            if ready:
                tasks += operation._tasks(ready, self._variables, self._more_headers)
        place = {item: number for number, item in enumerate(items)}
        tasks.sort(key=lambda task: place[task.items[0]])  # what has failed before comes last, whatever it is
        return tasks, batch.flight.begin(tasks, functools.partial(_send, batch.client))

    def _read_answers(self, batch, tasks, landed):
        for task, result in zip(tasks, landed(), strict=True):
            if result is None:
                for item in task.items:
                    self._hold(batch, item)
            elif result[0]:
                task.settle(result[1], batch.client)
            else:
                for item in task.items:
                    item.sent, item.error = result[1].sent, result[1]
            for item in task.items:
                if item.error is not None:
                    self._settle_error(batch, item, item.error)

    def _more_headers(self, item):
        header = self.connector_id.idempotency_header
        if item.action != SEND_CREATE or not header:
            return {}
        return {header: item.binding.reference}

    def _hold(self, batch, item):
        """Its turn did not come; it stays in the outbox."""
        batch.held.append(item)

    def _settle_error(self, batch, item, error):
        """What becomes of a record whose request failed: the kind of the error decides."""
        item.error = error
        if error.kind in WHOLESALE:
            batch.flight.note(error)  # of one result among many it is news
            batch.held.append(item)
            return
        if error.status in ABSENT and item.action in (SEND_DELETE, SEND_ARCHIVE):
            item.error = None  # it is gone, which is what was wanted
            return
        retried = error.status in STALE and self._operation("get") and item.action != SEND_CREATE
        if retried or (error.status in ABSENT and item.action in (SEND_UPDATE, SEND_RESTORE)):
            return
        self._fail_sending(item, error, item.action)

    def _fail_sending(self, item, error, action):
        """The request of one record failed, and is not sent again at once."""
        item.error, item.failed_action = error, action
        # The first request with this key is still being worked on (draft-ietf-httpapi-idempotency-key-header, 2.6).
        kind = "busy" if item.repeats and error.status == 409 else error.kind
        item.fail(kind, self.connector_id._explain(error))

    def _set_aside(self, batch):
        """A record whose request fails while others are answered is a failure of its own; the others go on."""
        error, job = batch.flight.error, batch.run._own_job()
        if error is None or error.kind != "unavailable":
            return
        others = batch.flight.answered or is_charged(
            job.error_kind == "unavailable", self.connector_id._gate().failures
        )
        for item in list(batch.held) if others else ():
            if item.error is not None and item.error.kind == "unavailable":
                batch.held.remove(item)
                self._fail_sending(item, item.error, item.action)

    # ----------------------------------------------------------------------------------------------------------------
    # Journal
    # ----------------------------------------------------------------------------------------------------------------

    def _journal_sent(self, batch, items, created, exchanges):
        """Write down what was sent, and commit: from here on nobody sends it again.

        Nothing is written here that a user may be writing, too.

        :param list[Outgoing] created: those that the other system says it has made
        :return: the records of which the answers say how they are now
        :rtype: list[Outgoing]
        """
        for exchange in exchanges:
            exchange.job = next(
                (batch.jobs[one.record_id] for one in exchange.about or () if one.record_id in batch.jobs), None
            )
        kept = self.env["bridge.exchange"]._record(batch.run, exchanges)
        batch.kept |= {item: one for exchange, one in kept.items() for item in exchange.about or ()}
        self._write_created(batch, created)
        done = [item for item in items if item.sent and item.error is None and item.failure is None]
        self._write_creations_refused(items)
        self._write_updated([item for item in done if item.action == SEND_UPDATE])
        self._write_restored([item for item in done if item.action == SEND_RESTORE])
        self._write_ended(done)
        answered = [item for item in done if item.answer and item.action in (SEND_CREATE, SEND_UPDATE, SEND_RESTORE)]
        answered = [item for item in answered if self._bind_children(batch, item)]
        batch.commit(len(done))
        return answered

    def _sent_values(self, batch_mapper, item, names):
        """The snapshots of the fields that were sent: Odoo's value, and what the remote has made of it."""
        odoo = {name: item.terms[name] for name in names if name in item.terms}
        odoo |= {f"{name}.": item.terms[f"{name}."] for name in names if f"{name}." in item.terms}
        remote = dict(odoo)
        if item.answer:
            mapped = batch_mapper.map(item.answer)
            remote |= self._answered_terms(mapped, odoo)
        return odoo, {name: value for name, value in remote.items() if not name.endswith(".")}

    def _answered_terms(self, mapped, odoo):
        """What the remote has made of values that we have sent; relations are what we know them to be."""
        return {
            name: comparable(value)
            for name, value in mapped.values.items()
            if name in odoo and not self.env[self.model]._fields[name].relational
        }

    def _write_updated(self, items):
        if not items:
            return
        mapper, rows = self._mapper(), []
        for item in items:
            odoo, remote = self._sent_values(mapper, item, item.changes)
            rows.append(
                {
                    "id": item.binding.id,
                    "odoo_snapshot": {**odoo, **item.agreed},
                    "remote_snapshot": {**remote, **item.agreed},
                    "remote_version": self._answered_version(mapper, item),
                }
            )
        self._merge_snapshots(rows, sent=True)
        self.env["bridge.conflict"]._settle(
            (item.binding.id, kind, name) for item in items for kind, name in item.standing if name in item.changes
        )

    def _merge_snapshots(self, rows, sent):
        """Renew some fields of snapshots; what is not named stays.

        :param list[dict] rows: ``id``, ``odoo_snapshot``, ``remote_snapshot``, and ``remote_version`` if it is known
        :param bool sent: was anything sent, so that what comes next from the remote has to be looked at
        """
        if not rows:
            return
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET odoo_snapshot = COALESCE(binding.odoo_snapshot, '{}') || row.odoo_snapshot,
                   remote_snapshot = COALESCE(binding.remote_snapshot, '{}') || row.remote_snapshot,
                   remote_version = COALESCE(row.remote_version, binding.remote_version),
                   fingerprint = CASE WHEN %(sent)s THEN '' ELSE binding.fingerprint END,
                   synced = CASE WHEN %(sent)s THEN %(now)s ELSE binding.synced END,
                   state = CASE state WHEN 'left' THEN 'linked' ELSE state END, inside = TRUE
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, odoo_snapshot jsonb, remote_snapshot jsonb, remote_version text)
             WHERE binding.id = row.id
            """,
            {"sent": sent, "now": fields.Datetime.now(), "rows": json_rows(rows)},
        )

    def _answered_version(self, mapper, item):
        if self.version_header:
            return text(item.version)
        return text(mapper.about(item.answer, "version")) if item.answer else None

    def _write_restored(self, items):
        bindings = self.env["bridge.binding"].browse(item.binding.id for item in items)
        bindings.write({"state": "linked", "inside": True, "fingerprint": ""})
        # It has been away: what has changed on either side meanwhile is looked at as for any other record.
        self.env["bridge.change"]._note(self.id, self.model, [item.record_id for item in items])

    def _write_ended(self, done):
        """Records that are not kept in agreement any more. What is deleted on both sides is forgotten."""
        bindings = self.env["bridge.binding"]
        deleted = [item for item in done if item.action == SEND_DELETE]
        bindings.browse(item.binding.id for item in deleted).unlink()
        archived = [item for item in done if item.action == SEND_ARCHIVE]
        bindings.browse(item.binding.id for item in archived).write({"state": "left", "inside": False})

    def _take_in_answers(self, batch, answered):
        """The answers are the newest that is known of the remote: what else has changed there is taken in at once."""
        if self.direction != "both" or not answered:
            return
        incoming = self._incoming(batch, [(item.answer, item.version) for item in answered], None)
        self._compare(incoming)
        self._map(incoming)
        self._plan(incoming)
        self._apply(incoming)
        self._journal(incoming)
        batch.run._count_taken_in(incoming)
        batch.commit(0)

    def _journal_outgoing(self, batch, jobs):
        """What became of all records of the batch: log, failures, counters. The caller empties the outbox."""
        run = batch.run
        if not run.dry_run:
            self._write_unsent(batch)
            self._close_push_failures(batch, jobs)
            self._write_push_failures(batch, jobs)
        self._log_outgoing(batch)
        run._count_outgoing(batch)
        if not run.dry_run:
            self._after_push(batch)
            batch.commit(0)

    def _flight(self):
        """What sends the requests of this flow.

        :rtype: Flight
        """
        until = self.env.context.get("cron_end_time", float("inf"))
        is_away = self.connector_id._gate().failures >= REST_AFTER  # then one request tells whether it is back
        return Flight(self.connector_id.max_requests or AT_ONCE, until, careful=is_away)

    def _after_push(self, batch):
        """Called when a batch was pushed, before it is committed. For other addons.

        :param OutBatch batch: with what became of each record
        """

    def _write_unsent(self, batch):
        """Those for which nothing had to be sent: what both sides agree on, and that they were looked at."""
        rows = []
        for item in batch.having(UNCHANGED):
            link = item.binding
            if not link or item in batch.held or link.state not in ("linked", "missing", "left") or not item.inside:
                continue
            keys = {name: value for name, value in item.terms.items() if name.endswith(".")}
            new = {**item.agreed, **keys}
            changed = {name: value for name, value in new.items() if (link.odoo_snapshot or {}).get(name) != value}
            if changed or not link.inside or link.state == "left":
                remote = {name: value for name, value in changed.items() if not name.endswith(".")}
                rows.append({"id": link.id, "odoo_snapshot": changed, "remote_snapshot": remote})
        self._merge_snapshots(rows, sent=False)
        self.env["bridge.conflict"]._settle(
            (item.binding.id, kind, name)
            for item in batch.having(UNCHANGED)
            if item.binding
            for kind, name in item.standing
            if name in item.agreed
        )
        left = [item.binding.id for item in batch.having(LEAVE)]
        self.env["bridge.binding"].browse(left).write({"state": "left", "inside": False})
        gone = [item for item in batch.having(UNCHANGED) if not item.there and item.binding]
        gone = [item for item in gone if item.binding.state == "removed"]
        self.env["bridge.binding"].browse(item.binding.id for item in gone).unlink()
        rows = [row for item in batch.having(CONFLICT) for row in self._end_conflict_rows(item)]
        batch.run.conflicts += self.env["bridge.conflict"]._keep(self, rows)

    def _end_conflict_rows(self, item):
        if not any(kind == GONE_IN_ODOO for kind, _name in item.standing):
            yield {"binding_id": item.binding.id, "kind": GONE_IN_ODOO, "record_name": item.name}

    # Failures

    def _close_push_failures(self, batch, jobs):
        """A record that was pushed, or needs not be, closes its open failure by itself."""
        succeeded = [
            item.record_id
            for item in batch.items
            if item not in batch.held and item.failure is None and item.action not in (None, UNCERTAIN)
        ]
        batch.closed = set(failures.close(self, "res_id", succeeded, jobs))

    def _write_push_failures(self, batch, jobs):
        """A record that can not be pushed becomes a job of its own; one that is one already says so."""
        own, rows = {job.res_id: job for job in jobs or ()}, []
        for item in batch.items:
            uncertain = item.action == UNCERTAIN
            if item.failure is None or item in batch.held:
                continue
            kind, message = item.failure.kind, item.failure.message
            state = "uncertain" if uncertain else "pending" if kind in ATTEMPTS or item.due else "failed"
            if item.record_id in own:
                job = own[item.record_id]
                job.write({"error_field": item.failure.field, "external_id": item.remote_id, "record_name": item.name})
                if state == "uncertain":
                    fail(job, "uncertain", message, {"state": "uncertain"})
                elif item.due:
                    job._wait({**error_values(kind, message), "due_at": item.due})
                    wake_when_due(job)
                else:
                    fail_or_retry(job, kind, message)
                continue
            rows.append(
                {
                    "state": state,
                    "res_id": item.record_id,
                    "external_id": item.remote_id,
                    "name": item.name,
                    "kind": kind,
                    "field": item.failure.field,
                    "message": message,
                    "due": item.due,
                }
            )
        if failures.keep(self, batch.run, rows, "res_id"):
            soon = fields.Datetime.now() + datetime.timedelta(seconds=FIRST_DELAY)
            self.env["ir.cron"]._wake_lanes(at=soon)

    # Log

    def _log_outgoing(self, batch):
        run = batch.run
        everything = run.dry_run or self.connector_id.log_level != "errors"
        items = [item for item in batch.items if item not in batch.held or item.failure]
        lines = [
            (item, item.action, (item.failure and item.failure.message) or item.note)
            for item in items
            if item.action in (REJECT, UNCERTAIN) or (everything and item.action in LOGGED_SENDS)
        ]
        said = self.env._("The record succeeded, so its open failure is closed.")
        lines += [(item, "closed", said) for item in items if item.record_id in batch.closed]
        self._insert_log(
            run,
            [
                {
                    "action": action,
                    "external_id": item.remote_id,
                    "res_id": item.record_id,
                    "record_name": item.name,
                    "error_kind": item.failure and item.failure.kind,
                    "field_name": item.failure and item.failure.field,
                    "message": message,
                    "exchange_id": batch.kept.get(item),
                    "changes": self._logged_sends(item) if action in SENDS else None,
                }
                for item, action, message in lines
            ],
        )

    def _logged_sends(self, item):
        if item.action == SEND_CREATE:
            names = {name: (None, value) for name, value in item.terms.items() if value not in (False, None, "", [])}
        else:
            names = item.changes
        return {name: [_brief(old), _brief(new)] for name, (old, new) in names.items() if not name.endswith(".")}


def _send(client, task):
    """:raises RemoteError: also if what Odoo has can not be written as JSON, which no attempt will change"""
    try:
        return client.send(task.request)
    except (TypeError, ValueError) as error:
        raise Rejected("bad_body", sent=False, problem=str(error)[:200]) from error
