from odoo import api, fields, models

# One binding by its unique index. The LIMIT leaves the planner no choice: while a table grows, its statistics lag
# behind, and a plain join would read all bindings of the flow for every page.
ONE_BINDING = """
    SELECT * FROM bridge_binding WHERE flow_id = %s AND external_id = known.external_id LIMIT 1
"""


class BridgeBinding(models.Model):
    _name = "bridge.binding"
    _description = "External ID"
    _inherit = ["bridge.record.mixin"]
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

    def _readable_name(self):
        """The bound record's name, as far as this user may read it."""
        self.ensure_one()
        return self._name_of_record(self.res_model, self.res_id)

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
