from odoo import api, fields, models

# One binding by its unique index. The LIMIT leaves the planner no choice: while a table grows, its statistics lag
# behind, and a plain join would read all bindings of the flow for every page.
ONE_BINDING = """
    SELECT * FROM bridge_binding WHERE flow_id = %s AND external_id = known.external_id LIMIT 1
"""


class BridgeBinding(models.Model):
    _name = "bridge.binding"
    _description = "External ID"
    _order = "id desc"
    _rec_name = "external_id"

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id")
    company_id = fields.Many2one(related="flow_id.company_id")
    parent_id = fields.Many2one("bridge.binding", ondelete="cascade", index="btree_not_null", readonly=True)
    external_id = fields.Char("Remote ID", readonly=True, help="Empty as long as the remote record is being created.")
    res_model = fields.Char("Odoo Model", related="flow_id.model", store=True)
    res_id = fields.Many2oneReference("Odoo Record ID", model_field="res_model", readonly=True)
    record_name = fields.Char("Odoo Record", compute="_compute_record_name")
    last_run_id = fields.Many2one("bridge.run", "Last Run of the Flow", compute="_compute_last_run_id")
    state = fields.Selection(
        [
            ("linked", "Linked"),
            ("missing", "Not Seen Once"),
            ("removed", "Removed Remotely"),
            ("creating", "Being Created Remotely"),
            ("left", "Not Kept in Agreement Any More"),
        ],
        default="linked",
        required=True,
        readonly=True,
        help="Not seen once: the last full scan did not find it; the next one decides.\n"
        "Being created remotely: it was sent, and the answer is not here yet.\n"
        "Not kept in agreement any more: it left the flow or was deleted in Odoo, and stays in the other system.",
    )
    inside = fields.Boolean(readonly=True, help="Was it one of the records to push when it was looked at last?")
    reference = fields.Char(readonly=True, help="What Odoo calls the record in the request that creates it.")
    intent = fields.Json(readonly=True, help="What was sent to create the remote record.")
    sent_at = fields.Datetime(readonly=True, help="When it was sent; empty: the other system has not seen it.")
    job_id = fields.Integer(readonly=True, help="The job that creates the remote record.")
    fingerprint = fields.Char(readonly=True)
    odoo_snapshot = fields.Json(readonly=True, help="Odoo's mapped fields when both sides last agreed.")
    remote_snapshot = fields.Json(readonly=True, help="The other system's mapped fields when both sides last agreed.")
    remote_updated = fields.Char(readonly=True)
    remote_version = fields.Char(readonly=True)
    synced = fields.Datetime("Last Change Synced", readonly=True)
    seen_run_id = fields.Integer(readonly=True, help="The last full scan that saw the record.")
    conflict_count = fields.Integer("Open Conflicts", compute="_compute_conflict_count")
    remote_changed = fields.Datetime("Changed Remotely", compute="_compute_remote_changed")
    failure_id = fields.Many2one("bridge.job", "Open Failure", compute="_compute_status")
    status = fields.Selection("_selection_status", compute="_compute_status")
    status_text = fields.Text("What Is the Matter", compute="_compute_status")

    _external_uniq = models.Constraint("UNIQUE(flow_id, external_id)", "This remote record is bound already.")
    _creating = models.Index("(flow_id, reference) WHERE state = 'creating'")
    _record_uniq = models.UniqueIndex(
        "(flow_id, res_id) WHERE res_id IS NOT NULL", "This Odoo record is bound already."
    )

    @api.depends("external_id", "reference")
    def _compute_display_name(self):
        for binding in self:
            binding.display_name = binding.external_id or binding.reference or self.env._("Being created")

    def _compute_record_name(self):
        for binding in self:
            binding.record_name = binding._readable_name()

    def _compute_last_run_id(self):
        for binding in self:
            binding.last_run_id = (binding.flow_id.parent_id or binding.flow_id).last_run_id

    def _compute_conflict_count(self):
        conflicts = self.env["bridge.conflict"]._count_open("binding_id", self)
        for binding in self:
            binding.conflict_count = conflicts.get(binding, 0)

    @api.depends("remote_updated")
    def _compute_remote_changed(self):
        for binding in self:
            binding.remote_changed = binding.flow_id.sudo()._told_moment(binding.remote_updated)

    @api.model
    def _selection_status(self):
        return [
            ("failed", self.env._("Failed")),
            ("conflict", self.env._("In Conflict")),
            ("waiting", self.env._("Waits to Be Sent")),
            *self._fields["state"]._description_selection(self.env),
        ]

    @api.depends("state", "conflict_count")
    def _compute_status(self):
        """What a person has to know of the record: what failed comes before what waits, and that before the state."""
        failures, waiting = self._open_failures(), self._waiting_to_be_sent()
        for binding in self:
            binding.failure_id = failures.get(binding.id, False)
            binding.status, binding.status_text = binding._status(binding.failure_id.sudo(), binding.id in waiting)

    def _status(self, failure, waits):
        """:return: status, and what is to be said of it"""
        if failure:
            since = fields.Datetime.context_timestamp(self, failure.create_date).strftime("%Y-%m-%d %H:%M")
            return "failed", self.env._("Failed since %(since)s: %(reason)s", since=since, reason=failure.error_message)
        if self.conflict_count:
            return "conflict", self.env._("Both sides have changed it: decide the conflict.")
        if waits:
            return "waiting", self.env._("It was changed in Odoo, and has still to be sent.")
        return self.state, False

    def _open_failures(self):
        """:return: id of a binding to that of the job which tells that its record failed
        :rtype: dict[int, int]
        """
        self.env["bridge.job"].flush_model()
        self.env.cr.execute(
            """
            SELECT binding.id, max(job.id)
              FROM bridge_binding binding
              JOIN bridge_job job ON job.flow_id = binding.flow_id AND job.error_kind IS NOT NULL
                   AND job.state IN ('pending', 'running', 'failed', 'uncertain')
                   AND (job.kind = 'pull_record' AND job.external_id = binding.external_id
                        OR job.kind = 'push_record' AND job.res_id = binding.res_id)
             WHERE binding.id = ANY(%s)
          GROUP BY binding.id
            """,
            [self.ids],
        )
        return dict(self.env.cr.fetchall())

    def _waiting_to_be_sent(self):
        self.env.cr.execute(
            """
            SELECT binding.id
              FROM bridge_binding binding
              JOIN bridge_change change ON change.flow_id = binding.flow_id AND change.path = ''
                   AND change.res_id = binding.res_id
             WHERE binding.id = ANY(%s)
            """,
            [self.ids],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def action_open_failure(self):
        """The job that tells why the record failed."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_job_action")
        return {**action, "views": [(False, "form")], "res_id": self.failure_id.id, "context": {}}

    def _readable_name(self):
        """The bound record's name, as far as this user may read it."""
        self.ensure_one()
        return self.env["bridge.flow"]._name_of_record(self.res_model, self.res_id)

    @api.model
    def _known(self, flow, external_ids):
        """The Odoo records of remote ids: those that are there.

        :return: external id to Odoo id
        :rtype: dict
        """
        if not external_ids:
            return {}
        table = self.env[flow.model]._table
        self.env.cr.execute(
            f"""
            SELECT binding.external_id, binding.res_id
              FROM unnest(%s::text[]) AS known (external_id)
        CROSS JOIN LATERAL ({ONE_BINDING}) binding
             WHERE EXISTS (SELECT FROM "{table}" record WHERE record.id = binding.res_id)
            """,
            [list(external_ids), flow.id],
        )
        return dict(self.env.cr.fetchall())

    def action_open_record(self):
        """Open the Odoo record."""
        self.ensure_one()
        self.check_access("read")
        return self.env["bridge.flow"]._open_record(self.res_model, self.res_id)

    def action_sync(self):
        """Fetch these records again, and send what is new in Odoo, now."""
        self.env["bridge.run"]._check_operator(self)
        self.check_access("read")
        fetched, looked_at = set(), set()
        for flow, bindings in self.filtered(lambda binding: not binding.parent_id).grouped("flow_id").items():
            flow._sync_records(bindings, bindings.mapped("res_id"), fetched, looked_at)
        return self.env["bridge.flow"]._tell_synced(fetched, looked_at)

    def action_open_conflicts(self):
        return self.env["bridge.conflict"]._action_open_of("binding_id", self)

    def action_open_logs(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_log_action")
        domain = [("flow_id", "=", self.flow_id.id), ("external_id", "=", self.external_id)]
        return {**action, "domain": domain, "context": {}}
