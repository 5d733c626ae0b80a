"""Single records, each the matter of a job: with the payload that failed, or fetched again."""

import functools
import math
import time
from typing import NamedTuple

from ...jobs import lane, outcome
from ...jobs.kinds import SINGLE
from ...jobs.retry import REST_AFTER, is_charged
from ...mapping.merge import REMOTE
from ...remote.errors import RemoteError
from ...remote.flight import WHOLESALE
from ...remote.status import is_absent
from ..chosen import shown_of
from ..words import DATA
from . import arrival
from .facts import tombstone


class Refusal(NamedTuple):
    """Why the record of a job could not be had.

    :ivar bool charged: does the attempt count
    :ivar Shut state: of the connector's gate, where the error has shut it
    """

    job: object
    kind: str
    message: str
    charged: bool = True
    state: object = None


class PullSingles:
    """Brings the records of jobs along the road. What could be fetched is written, also if the remote gives no more.

    :param BridgeJob jobs: of one flow
    """

    def __init__(self, flow, jobs):
        self.env, self.flow, self.jobs, self.exchanges = flow.env, flow, jobs, []
        self.run = jobs.run_id[:1] or self.env["bridge.run"]._start(flow, "record")
        # Nothing is written while these are filled, so that nothing is lost if the batch has to be done again.
        self.documents, self.refused, self.waiting = [], [], []

    def work(self):
        with self.flow.connector_id._client(self.exchanges) as client:
            self.fetch(client)
            self.run._again_when_busy(self.take, client)

    def fetch(self, client):
        """The documents of the jobs, None where the remote has none any more; what was refused; what waits.

        A later state of those that were overtaken is in Odoo; they have nothing left to do.
        """
        operation, end = self.flow._operation("get"), self.env.context.get("cron_end_time", math.inf)
        failures, answered, stopped = 0, False, False
        for job in self.jobs - self.jobs._overtaken():
            if job.payload:
                self.documents.append((job, job.payload))
            elif not operation:
                self.refused.append(Refusal(job, DATA, self._can_not_be_fetched()))
            elif stopped or failures >= REST_AFTER or time.monotonic() > end:
                self.waiting.append(job)
            else:
                error = self._fetch_one(operation, client, job)
                if error is None or error.kind not in WHOLESALE:  # it was answered
                    if failures or not answered:
                        self.flow.connector_id._gate()._answered()
                    failures, answered = 0, True
                else:
                    failures += error.kind == "unavailable"
                    # What has no answer may be one record's trouble; the rest is not.
                    stopped = error.kind != "unavailable"

    def _can_not_be_fetched(self):
        return self.env._(
            "The record can not be fetched again, because “%s” has no operation that gets one record.",
            self.flow.display_name,
        )

    def _fetch_one(self, operation, client, job):
        """:return: the RemoteError; None if there was none"""
        known, error = len(self.exchanges), None
        try:
            self.documents.append((job, operation._get(client, job.external_id)))
        except RemoteError as caught:
            if is_absent(caught) and self._is_unknown(job):
                self.refused.append(Refusal(job, "rejected", self._not_there(job.external_id)))
            elif is_absent(caught):
                self.documents.append((job, None))
            else:
                error = caught
        for exchange in self.exchanges[known:]:
            exchange.job = job
        if error is not None:
            self.refused.append(self._refusal(job, error))
        return error

    def _is_unknown(self, job):
        """Was this record never here, and nothing told of it but the id that a person has entered?"""
        domain = [("flow_id", "=", self.flow.id), ("external_id", "=", job.external_id)]
        return not job.error_kind and not self.env["bridge.binding"].search_count(domain, limit=1)

    def _not_there(self, external_id):
        return self.env._(
            "The other system has no record with the ID %s. Look at the ID, and fetch again.", external_id
        )

    def _refusal(self, job, error):
        message, gate = self.flow.connector_id._tell(error), self.flow.connector_id._gate()
        if error.kind not in WHOLESALE:
            return Refusal(job, error.kind, message)
        if error.reason == "own_limit":
            return Refusal(job, error.kind, message, charged=False)
        state = gate._shut(error.kind, message, error.retry_after)
        return Refusal(job, error.kind, message, is_charged(job.error_kind == error.kind, state.failures), state)

    def take(self, client):
        """All of it, in one transaction.

        :return: the seconds that are left
        """
        kept = self.env["bridge.exchange"]._record(self.run, self.exchanges)
        exchange_ids = {exchange.job.external_id: one for exchange, one in kept.items() if exchange.job}
        pull = self.flow._pull(
            self.run, client, commit=functools.partial(lane.commit, self.env), exchange_ids=exchange_ids
        )
        brought = pull.bring(self.arrivals(pull.mapper), self.jobs)
        self.check_editors(brought)
        # After the road, which commits when it has to ask for related records: an attempt is charged once.
        for refusal in self.refused:
            outcome.fail_or_retry(refusal.job, refusal.kind, refusal.message, refusal.charged, refusal.state)
        for job in self.waiting:
            job._wait({})
        if self.run.trigger in SINGLE:  # a run that walked a list has counted these records already
            self.run._count(brought)
        outcome.conclude(self.jobs, finished=True)
        self.run._finish_records()
        outcome.wake_when_due(self.jobs.browse(refusal.job.id for refusal in self.refused))
        return lane.commit(self.env, 0)

    def check_editors(self, brought):
        """A record that a person has edited has become one that this person may write, too: its new values may be those
        of another company.

        :param list[Outcome] brought: what became of the records
        :raises AccessError: if not; then nothing of the batch is kept, and each is done alone
        """
        editors = {job.external_id: job.edited_by_id for job in self.jobs if job.payload_edited and job.edited_by_id}
        for one in brought:
            if one.record_id and one.external_id in editors:
                record = self.env[self.flow.model].browse(one.record_id)
                record.with_user(editors[one.external_id]).check_access("write")

    def arrivals(self, mapper):
        """:rtype: list[Arrival]"""
        wanted = {
            job.external_id: {"prefer": job.prefer or REMOTE, "only": job.run_id._anew_fields()}
            for job in self.jobs
            if job.prefer or job.run_id._is_anew(job.external_id)
        }
        shown = {job.external_id: shown_of(job) for job in self.jobs}
        documents = [document for _job, document in self.documents if document]
        arrivals = arrival.identify(self.flow, mapper, documents)
        arrivals = [one._replace(**wanted.get(one.external_id, {})) for one in arrivals]
        # One that is gone has no values that could be preferred.
        arrivals += [tombstone(job.external_id) for job, document in self.documents if document is None]
        return [one._replace(shown=shown.get(one.external_id)) for one in arrivals]
