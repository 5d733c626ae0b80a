"""Single records, each the matter of a job."""

import functools

from odoo import fields

from ...jobs import lane, outcome
from ...mapping.merge import ODOO
from ...remote.errors import RemoteError
from ..chosen import shown_of
from .send import flight_of


class PushSingles:
    """Brings the records of jobs along the road.

    :param BridgeFlow flow: theirs
    :param BridgeJob jobs: of that flow
    """

    def __init__(self, flow, jobs):
        self.env, self.flow, self.jobs, self.exchanges = flow.env, flow, jobs, []
        self.run = jobs.run_id[:1] or self.env["bridge.run"]._start(flow, "record", kind="push")

    def work(self):
        """:raises RemoteError: if the remote takes nothing now"""
        jobs = self.jobs
        prefer = {job.res_id: job.prefer or ODOO for job in jobs if job.prefer or job.run_id._is_anew(job.res_id)}
        with self.flow.connector_id._client(self.exchanges) as client, flight_of(self.flow) as flight:
            commit = functools.partial(lane.commit, self.env)
            push = self.flow._push(
                self.run, client, flight, exchanges=self.exchanges, commit=commit, job_id=jobs[:1].id
            )
            push.shown = {job.res_id: shown_of(job) for job in jobs}
            try:
                ledger = push.bring(jobs.mapped("res_id"), prefer, jobs)
            except RemoteError as error:
                error.exchanges = self.exchanges
                raise
            self.run._again_when_busy(self.conclude, ledger, flight)
            if flight.error is not None:
                flight.error.exchanges = []
                raise flight.error

    def conclude(self, ledger, flight):
        """The jobs are done; those whose turn did not come wait."""
        jobs, held = self.jobs, ledger.held
        self.env["bridge.exchange"]._record(self.run, self.exchanges)
        left = jobs.filtered(lambda job: job.res_id in held and job.state == "running")
        if flight.answered:
            outcome.note_answer(jobs)
        outcome.conclude(jobs - left, finished=True)
        if flight.error is None:
            left._wait({"due_at": fields.Datetime.now()})
        self.run._finish_records()
        lane.commit(self.env, 0)
