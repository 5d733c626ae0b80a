import json

from odoo import api, fields, models, tools
from odoo.fields import Domain
from odoo.tools import SQL

from ..jobs import on_demand
from ..road.words import ALTERED, ALTERED_THERE

# The group that a job belongs to, by a number that stays the same as long as there is one of them.
GROUP_ID = """
    ('x' || substr(md5(concat_ws('/', {job}.flow_id, {job}.kind, {job}.state, {job}.error_kind, {job}.error_group)),
                   1, 7))::bit(28)::int + 1
"""


class BridgeFailure(models.Model):
    """The error desk: failures that are the same but for the record, as one line.

    Records of which one side keeps something else than was written are no failures, but somebody has to know of them.
    """

    _name = "bridge.failure"
    _description = "Failures of One Sort"
    _inherit = ["bridge.opening.mixin"]
    _auto = False
    _order = "state, job_count desc, id desc"
    _rec_name = "message"

    connector_id = fields.Many2one("bridge.connector", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    flow_id = fields.Many2one("bridge.flow", readonly=True)
    kind = fields.Selection(lambda self: self.env["bridge.job"]._fields["kind"].selection, readonly=True)
    error_kind = fields.Selection("_selection_error_kind", string="Reason", readonly=True)
    message = fields.Char(readonly=True)
    state = fields.Selection([("open", "Open"), ("waiting", "Waiting")], readonly=True)
    job_count = fields.Integer("Records", readonly=True, aggregator="sum")
    first_date = fields.Datetime("Since", readonly=True)
    due_at = fields.Datetime("Next Attempt", readonly=True)
    example_id = fields.Many2one("bridge.job", "For Example", readonly=True)
    example_drift_id = fields.Many2one("bridge.drift", readonly=True)
    record = fields.Char(compute="_compute_record", search="_search_record")
    example_message = fields.Text("In Full", compute="_compute_example_message")

    @api.model
    def _selection_error_kind(self):
        """The kinds of errors of jobs, and the kinds of differences that are told here."""
        drifts = self.env["bridge.drift"]._fields["kind"]._description_selection(self.env)
        return [
            *self.env["bridge.job"]._fields["error_kind"]._description_selection(self.env),
            *((kind, label) for kind, label in drifts if kind in (ALTERED, ALTERED_THERE)),
        ]

    @api.depends("example_id", "example_drift_id.differences_text")
    @api.depends_context("uid")
    def _compute_example_message(self):
        kinds = dict(self._fields["error_kind"]._description_selection(self.env))
        for group in self:
            drift = group.example_drift_id
            group.example_message = (
                f"{kinds[drift.kind]}: {drift.differences_text}" if drift else group.example_id.error_text
            )

    def _compute_record(self):
        self.record = False  # there are many: one is only searched for

    def _search_record(self, operator, value):
        """The failures among whose records is one of this name or ID there."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        about = Domain("record_label", operator, value) | Domain("external_id", operator, value)
        is_open = Domain("state", "in", ("failed", "uncertain", "pending")) & Domain("error_kind", "!=", False)
        jobs = self.env["bridge.job"]._search(about & is_open)
        return Domain("id", "in", jobs.subselect(SQL(GROUP_ID.format(job=jobs.table))))

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        query = SQL(
            """
            CREATE VIEW bridge_failure AS
            SELECT %s AS id,
                   min(job.id) AS example_id, NULL::int AS example_drift_id, job.connector_id, job.company_id,
                   job.flow_id, job.kind, job.error_kind, job.error_group AS message, count(*) AS job_count,
                   CASE job.state WHEN 'pending' THEN 'waiting' ELSE 'open' END AS state,
                   min(job.create_date) AS first_date,
                   CASE WHEN job.state = 'pending' THEN GREATEST(min(job.due_at), min(gate.resting_until)) END AS due_at
              FROM bridge_job job
         LEFT JOIN bridge_gate gate ON gate.connector_id = job.connector_id
             WHERE job.state IN ('failed', 'uncertain') OR job.state = 'pending' AND job.error_kind IS NOT NULL
          GROUP BY job.connector_id, job.company_id, job.flow_id, job.kind, job.error_kind, job.error_group, job.state
         UNION ALL
            SELECT ('x' || substr(md5(concat_ws('/', drift.flow_id, drift.kind,
                                                drift.field_names)), 1, 7))::bit(28)::int + 1 AS id,
                   NULL AS example_id, min(drift.id) AS example_drift_id, flow.connector_id, drift.company_id,
                   drift.flow_id, CASE drift.kind WHEN 'altered' THEN 'pull_record' ELSE 'push_record' END AS kind,
                   drift.kind AS error_kind, drift.field_names AS message,
                   count(*) AS job_count, 'open' AS state, min(drift.create_date) AS first_date, NULL AS due_at
              FROM bridge_drift drift
              JOIN bridge_flow flow ON flow.id = drift.flow_id
             WHERE drift.kind IN ('altered', 'altered_there') AND drift.state = 'open'
          GROUP BY flow.connector_id, drift.company_id, drift.flow_id, drift.kind, drift.field_names
            """,
            SQL(GROUP_ID.format(job="job")),
        )
        self.env.cr.execute(query)

    def _domain(self):
        """What finds the jobs of these groups.

        :rtype: Domain
        """
        return Domain.OR(
            Domain(
                [
                    ("flow_id", "=", group.flow_id.id),
                    ("kind", "=", group.kind),
                    ("error_kind", "=", group.error_kind),
                    ("error_group", "=", group.message),
                    ("state", "in", ["pending"] if group.state == "waiting" else ["failed", "uncertain"]),
                ]
            )
            for group in self
        )

    def _jobs(self):
        """The jobs of these groups.

        :rtype: BridgeJob
        """
        return self.env["bridge.job"].search(self._domain())

    def _drift_domain(self):
        """What finds the records of these groups of which one side keeps another value.

        :rtype: Domain
        """
        return Domain("state", "=", "open") & Domain.OR(
            Domain(
                [
                    ("flow_id", "=", group.flow_id.id),
                    ("kind", "=", group.error_kind),
                    ("field_names", "=", group.message),
                ]
            )
            for group in self
        )

    def _apart(self):
        """Failures and others are handled in other ways.

        :return: the groups that are failures, and the lines of the others
        :rtype: tuple[BridgeFailure, BridgeDrift]
        """
        altered = self.filtered("example_drift_id")
        return self - altered, self.env["bridge.drift"].search(altered._drift_domain())

    def action_retry(self):
        """Try all records of these groups again, now; of those that are kept otherwise write the values again."""
        failures, drifts = self._apart()
        here = drifts.filtered(lambda line: line.kind == ALTERED)
        able = here.filtered(lambda line: line.flow_id._operation("get"))
        if able or (here and len(drifts) == len(here) and not failures):  # then it is said why that can not be
            (able or here).action_pull()
        if there := drifts - here:
            there.action_push()
        jobs = failures._jobs() if failures else self.env["bridge.job"]
        open_ = Domain("state", "in", ("failed", "pending"))
        count = jobs.search_count(failures._domain() & open_) if failures else 0
        jobs.action_retry()
        count += len(able) + len(there)
        return on_demand.tell_retried(self.env, count, len(jobs) + len(drifts) - count)

    def action_ignore(self):
        """Ask why, then ignore all records of these groups; what a side keeps may stay."""
        failures, drifts = self._apart()
        if drifts:
            drifts.action_accept()
        if not failures:
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        action = self.env["bridge.job"].action_ignore()
        return {**action, "context": {"default_domain": json.dumps(list(failures._domain()))}}

    def action_cancel(self):
        """Give up on all records of these groups."""
        failures, drifts = self._apart()
        if drifts:
            drifts.action_accept()
        return failures._jobs().action_cancel() if failures else None

    def action_open_jobs(self):
        """The records of these groups, one by one."""
        failures, drifts = self._apart()
        domain = failures._domain() if failures else Domain("id", "in", drifts.ids)
        context = {"bridge_of_one_sort": len(self) == 1}
        return self._opens("failed" if failures else "drift", list(domain), context=context)
