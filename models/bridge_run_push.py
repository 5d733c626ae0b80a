"""Runs from Odoo to the remote: the outbox, and now and then a look at everything."""

import collections
import functools

from odoo import fields, models

from ..jobs import failures, lane, outcome
from ..remote.errors import RemoteError
from .batch import COUNTERS, UNCHANGED
from .outgoing import LOOK_UP, SEND_CREATE, SENT_COUNTERS


class BridgeRun(models.Model):
    _inherit = "bridge.run"

    def _push_slice(self, commit):
        """Go on until nothing is left to be looked at, or the time is up.

        :param commit: commits, told how many records were handled; gives the seconds that are left
        :return: has the run ended
        :rtype: bool
        :raises RemoteError: if the remote takes nothing now; what was committed stays, the rest is in the outbox
        """
        exchanges = []
        if not self._again_when_busy(self._begin_push, commit):
            return True
        flow = self.flow_id
        try:
            with flow.connector_id._client(exchanges) as client, flow._flight() as flight:
                while True:
                    record_ids, change_ids, after = self._again_when_busy(self._next_outgoing)
                    if not record_ids and not change_ids and after is None:
                        break
                    items = flow._outgoing(record_ids)
                    job_id = self._own_job().id or None
                    batch = flow._push_batch(self, items, client, exchanges, commit, flight, job_id=job_id)
                    left = self._again_when_busy(self._checkpoint_push, batch, change_ids, after, commit)
                    if flight.error is not None:
                        raise flight.error
                    if self.state == "cancelled" or self._preview_is_full():
                        break
                    if left <= 0 or flow.connector_id.state == "disabled" or batch.held:
                        return False
        except RemoteError as error:
            error.exchanges = exchanges
            raise
        self.env["bridge.exchange"]._record(self, exchanges)
        if self.state != "cancelled":
            self._again_when_busy(self._finish_push, commit)
        return True

    def _own_job(self):
        return self.job_ids.filtered(lambda job: job.kind == self.kind and job.state == "running")[:1]

    def _begin_push(self, commit):
        """From waiting to running; decide whether everything is looked at, once.

        :return: may it go on
        :rtype: bool
        """
        flow = self.flow_id
        if flow._waits_for_matching() and not self.dry_run:
            self._fail(
                self.env._(
                    "Records of the two sides must be matched before anything is sent, or all of them would be there"
                    " twice. Let the flow read everything once: press “Full Sync”."
                )
            )
            commit(0)
            return False
        if not self.position:
            self.full = self.full or flow.push_scan_needed or flow._is_full_push_due()
            self.position = {"scan": 0 if self.full else None, "mapping": flow._mapping_key().decode()}
        if self.state != "running":
            self.write({"state": "running", "started": self.started or fields.Datetime.now(), "message": False})
        commit(0)
        return True

    def _next_outgoing(self):
        """What is to be looked at next: what has changed, then, in a full push, everything else.

        :return: Odoo ids, ids of the outbox rows that brought them, and where a full push goes on; None: not at all
        :rtype: tuple
        """
        flow, limit = self.flow_id, self._page_size()
        if not self.dry_run:
            record_ids, change_ids = self.env["bridge.change"]._take(flow, limit)
            if record_ids or change_ids:
                return record_ids, change_ids, self.position["scan"]
        if self.position["scan"] is None:
            return [], [], None
        # Those that are to be pushed, and those that were and are not any more, also if they were deleted by SQL.
        after = self.position["scan"]
        inside = flow._inside_after(after, limit)
        self.env.cr.execute(
            """
            SELECT res_id FROM bridge_binding
             WHERE flow_id = %s AND parent_id IS NULL AND res_id > %s ORDER BY res_id LIMIT %s
            """,
            [flow.id, after, limit],
        )
        ids = sorted({*inside, *(row[0] for row in self.env.cr.fetchall())})[:limit]
        return self._without_failures(ids), [], ids[-1] if ids else None

    def _without_failures(self, record_ids):
        """What has failed is not sent again before something about it changes, or a person says so."""
        failed = failures.open_among(self.flow_id, "res_id", record_ids)
        return [record_id for record_id in record_ids if record_id not in failed]

    def _checkpoint_push(self, batch, change_ids, after, commit):
        """What was looked at leaves the outbox; what could not be sent stays in it."""
        # Those that were tried go to the end, so that they keep no others from their turn.
        held = [item.record_id for item in sorted(batch.held, key=lambda item: item.error is not None)]
        if change_ids:
            self.env["bridge.change"]._done(change_ids)
        if held:
            self.env["bridge.change"]._note(self.flow_id.id, self.flow_id.model, held)
        position = dict(self.position)
        if position["scan"] is not None:
            position["scan"] = after
        self.position = position
        if batch.flight.error is None or batch.flight.answered:
            outcome.progressed(self._own_job(), answered=bool(batch.flight.answered))
        return commit(len(batch.items) - len(held))

    def _finish_push(self, commit):
        flow = self.flow_id
        if self.full and not self.dry_run:
            progress = {"last_push_scan": fields.Datetime.now()}
            if self.position["mapping"] == flow._mapping_key().decode():
                progress["push_scan_needed"] = False
            flow.write(progress)
        if not self.dry_run:
            arrived = bool(self.sent_created)
            self.env["bridge.job"]._make_due(flow, arrived=arrived)
        message = self.env._("This is what the first %s records would become.", self.fetched) if self.dry_run else False
        state = "partial" if self.failed else "done"
        self.write({"state": state, "finished": fields.Datetime.now(), "message": message})
        commit(0)

    def _count_outgoing(self, batch):
        """Add what became of a batch to the counters."""
        items = [item for item in batch.items if item not in batch.held]
        counts = collections.Counter({"fetched": len(items)})
        for item in items:
            action = SEND_CREATE if item.action == LOOK_UP else item.action
            counts[SENT_COUNTERS.get(action, COUNTERS.get(action, "skipped"))] += 1
        self._add(counts)

    def _count_taken_in(self, incoming):
        """What the remote had to say while we pushed; that nothing had changed there says nothing."""
        counts = collections.Counter(COUNTERS[item.action] for item in incoming.items if item.action != UNCHANGED)
        self._add(counts)


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    def _inside_after(self, after, limit):
        """The next records to push, by their ids.

        :rtype: list[int]
        """
        return self._search_inside([("id", ">", after)], order="id", limit=limit).ids

    def _waits_for_matching(self):
        """Must the records of the two sides still be matched, before any is sent?"""
        return self.direction == "both" and not self.last_full_scan

    def _push_records(self, jobs):
        """Single records, each the matter of a job.

        :param BridgeJob jobs: of this flow
        """
        exchanges = []
        run = jobs.run_id[:1] or self.env["bridge.run"]._start(self, "record", kind="push")
        prefer = {job.res_id: job.prefer for job in jobs if job.prefer}
        with self.connector_id._client(exchanges) as client, self._flight() as flight:
            items = self._outgoing(jobs.mapped("res_id"), prefer)
            try:
                job_id, commit = jobs[:1].id, functools.partial(lane.commit, jobs.env)
                batch = self._push_batch(run, items, client, exchanges, commit, flight, job_id=job_id, jobs=jobs)
            except RemoteError as error:
                error.exchanges = exchanges
                raise
            run._again_when_busy(self._conclude_records, run, batch, jobs, exchanges)
            if flight.error is not None:
                flight.error.exchanges = []
                raise flight.error

    def _conclude_records(self, run, batch, jobs, exchanges):
        self.env["bridge.exchange"]._record(run, exchanges)
        held = {item.record_id for item in batch.held}
        left = jobs.filtered(lambda job: job.res_id in held and job.state == "running")
        if batch.flight.answered:
            outcome.note_answer(jobs)
        outcome.conclude(jobs - left, finished=True)
        if batch.flight.error is None:
            left._wait({"due_at": fields.Datetime.now()})
        run._finish_records()
        lane.commit(jobs.env, 0)

    def _is_full_push_due(self):
        """Is it time to look for what was changed past the ORM?"""
        before = fields.Datetime.subtract(fields.Datetime.now(), days=self.full_scan_days)
        return bool(self.full_scan_days) and (not self.last_push_scan or self.last_push_scan <= before)

    def _look_again(self, bindings, side):
        """A person has decided about these records: they take the road again.

        :param str side: whose value stands
        """
        self.ensure_one()
        if self.parent_id:
            self.parent_id._look_again(bindings.parent_id, side)
        elif side == "odoo":
            self.env["bridge.change"]._note(self.id, self.model, bindings.mapped("res_id"))
        else:
            bindings.write({"fingerprint": ""})  # what is known already is looked at again
            if self._operation("get"):
                self.env["bridge.job"]._enqueue_records(self, bindings.mapped("external_id"))
            else:
                self._enqueue(trigger="manual", full=True)
