import json

from odoo import fields, models, tools
from odoo.fields import Domain

from ..jobs.kinds import ERROR_KINDS


class BridgeFailure(models.Model):
    """The error desk: failures that are the same but for the record, as one line."""

    _name = "bridge.failure"
    _description = "Failures of One Sort"
    _auto = False
    _order = "state, job_count desc, id desc"
    _rec_name = "message"

    connector_id = fields.Many2one("bridge.connector", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    flow_id = fields.Many2one("bridge.flow", readonly=True)
    kind = fields.Selection(lambda self: self.env["bridge.job"]._fields["kind"].selection, readonly=True)
    error_kind = fields.Selection(ERROR_KINDS, readonly=True)
    message = fields.Char(readonly=True)
    state = fields.Selection([("open", "Open"), ("waiting", "Waiting")], readonly=True)
    job_count = fields.Integer("Records", readonly=True, aggregator="sum")
    first_date = fields.Datetime("Since", readonly=True)
    due_at = fields.Datetime("Next Attempt", readonly=True)
    example_id = fields.Many2one("bridge.job", "For Example", readonly=True)
    example_message = fields.Text(related="example_id.error_message", string="In Full")

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            """
            CREATE VIEW bridge_failure AS
            SELECT ('x' || substr(md5(concat_ws('/', job.flow_id, job.kind, job.state, job.error_kind,
                                                job.error_group)), 1, 7))::bit(28)::int + 1 AS id,
                   min(job.id) AS example_id, job.connector_id, job.company_id, job.flow_id,
                   job.kind, job.error_kind, job.error_group AS message, count(*) AS job_count,
                   CASE job.state WHEN 'pending' THEN 'waiting' ELSE 'open' END AS state,
                   min(job.create_date) AS first_date,
                   CASE WHEN job.state = 'pending' THEN GREATEST(min(job.due_at), min(gate.resting_until)) END AS due_at
              FROM bridge_job job
         LEFT JOIN bridge_gate gate ON gate.connector_id = job.connector_id
             WHERE job.state IN ('failed', 'uncertain') OR job.state = 'pending' AND job.error_kind IS NOT NULL
          GROUP BY job.connector_id, job.company_id, job.flow_id, job.kind, job.error_kind, job.error_group, job.state
            """
        )

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

    def action_retry(self):
        """Try all records of these groups again, now."""
        return self._jobs().action_retry()

    def action_ignore(self):
        """Ask why, then ignore all records of these groups."""
        action = self.env["bridge.job"].action_ignore()
        return {**action, "context": {"default_domain": json.dumps(list(self._domain()))}}

    def action_cancel(self):
        """Give up on all records of these groups."""
        return self._jobs().action_cancel()

    def action_open_jobs(self):
        """The records of these groups, one by one."""
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_job_action")
        return {**action, "domain": list(self._domain()), "context": {}}
