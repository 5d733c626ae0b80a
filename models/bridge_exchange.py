from psycopg2.extras import execute_values

from odoo import api, fields, models

COLUMNS = (
    "run_id",
    "job_id",
    "flow_id",
    "connector_id",
    "company_id",
    "method",
    "url",
    "status",
    "request_headers",
    "request_body",
    "response_headers",
    "response_body",
    "seconds",
    "started",
    "error",
)
MOST_FOUND = 10_000


class BridgeExchange(models.Model):
    _name = "bridge.exchange"
    _description = "HTTP Exchange"
    _order = "id desc"
    _rec_name = "address"

    run_id = fields.Many2one("bridge.run", ondelete="cascade", index="btree_not_null", readonly=True)
    job_id = fields.Many2one("bridge.job", ondelete="set null", index="btree_not_null", readonly=True)
    flow_id = fields.Many2one(
        "bridge.flow",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
        help="The flow that a sample was fetched for; all other requests are those of a run.",
    )
    connector_id = fields.Many2one("bridge.connector", required=True, ondelete="cascade", index=True, readonly=True)
    company_id = fields.Many2one("res.company", index=True, readonly=True)
    started = fields.Datetime(readonly=True)
    method = fields.Char(readonly=True)
    # What was said may hold any value of any record; it is read in the texts below.
    url = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    address = fields.Char(compute="_compute_texts", search="_search_address")
    status = fields.Integer(readonly=True)
    seconds = fields.Float(readonly=True, digits=(16, 3))
    request_headers = fields.Text(readonly=True)
    request_body = fields.Text(readonly=True, groups=fields.NO_ACCESS)
    request_text = fields.Text("Request Body", compute="_compute_texts")
    response_headers = fields.Text(readonly=True)
    response_body = fields.Text(readonly=True, groups=fields.NO_ACCESS)
    response_text = fields.Text("Response Body", compute="_compute_texts")
    error = fields.Char(readonly=True)

    @api.depends_context("uid")
    def _compute_texts(self):
        seen, hidden = {}, self.env._("no access: these are records, or fields of them, that you may not read")
        for exchange in self:
            kept = exchange.sudo()
            flow, job = kept.run_id.flow_id or kept.flow_id, kept.job_id
            if flow not in seen:
                seen[flow] = self._sees(flow)
            is_seen = seen[flow] and (not job or bool(job.sudo(self.env.su)._readable()))
            exchange.address = kept.url if is_seen else (kept.url or "").partition("?")[0]
            exchange.request_text = kept.request_body and (kept.request_body if is_seen else hidden)
            exchange.response_text = kept.response_body and (kept.response_body if is_seen else hidden)

    def _compute_display_name(self):
        # Shown wherever something points here, also to who may not read what was said.
        for exchange in self:
            exchange.display_name = (exchange.sudo().url or "").partition("?")[0]

    @api.model
    def _sees(self, flow):
        """May this person read every record of a flow, and every field of them that goes one way or the other?

        A page has many records, and it is not known which stand where in it.

        :rtype: bool
        """
        flows, lines = flow, self.env["bridge.record.mixin"]
        while flows:
            for mapping in flows.mapping_ids:
                if lines._is_hidden_field(mapping.flow_id.model, mapping.field_id.name):
                    return False
            flows = flows.child_ids
        model = self.env[flow.model].with_context(active_test=False)
        if self.env.su or not model.has_access("read"):
            return self.env.su
        bound = self.env["bridge.binding"].sudo()._search([("flow_id", "=", flow.id), ("res_id", "!=", False)])
        bound = bound.subselect("res_id")
        hidden = [("id", "in", bound), ("id", "not in", model._search([]))]
        return not model.sudo().search_count(hidden, limit=1)

    def _search_address(self, operator, value):
        """Without its parameters, which may hold values of records."""
        if operator not in ("ilike", "like", "=ilike", "=like", "="):
            return NotImplemented
        found = self.sudo().search_fetch([("url", operator, value)], ["url"], limit=MOST_FOUND)
        text = str(value).strip("%").lower()
        return [("id", "in", [one.id for one in found if text in one.url.partition("?")[0].lower()])]

    @api.model
    def _record(self, run, exchanges, job=None):
        """Keep what was said over HTTP, as the connector's log level says.

        :param run: the run that the requests were made for; or a flow, if a person looks at a sample of it
        :param list exchanges: of the client
        :param BridgeJob job: whose matter they are, where they do not know it themselves
        :return: for each exchange that was kept its id
        :rtype: dict
        """
        if run.connector_id.log_level != "everything":
            exchanges = [exchange for exchange in exchanges if exchange.failed]
        if not exchanges:
            return {}
        flow = run if run._name == "bridge.flow" else self.env["bridge.flow"]
        rows = [
            (
                None if flow else run.id,
                (exchange.job or job or self.env["bridge.job"]).id or None,
                flow.id or None,
                run.connector_id.id,
                run.company_id.id or None,
                exchange.method,
                exchange.url,
                exchange.status,
                _lines(exchange.request_headers),
                exchange.request_body,
                _lines(exchange.response_headers),
                exchange.response_body,
                exchange.seconds,
                exchange.started.replace(tzinfo=None, microsecond=0),
                exchange.error,
            )
            for exchange in exchanges
        ]
        ids = execute_values(
            self.env.cr._obj,
            f"INSERT INTO bridge_exchange ({', '.join(COLUMNS)}, create_date) VALUES %s RETURNING id",
            [(*row, fields.Datetime.now()) for row in rows],
            page_size=len(rows),
            fetch=True,
        )
        return {exchange: row[0] for exchange, row in zip(exchanges, ids, strict=True)}


def _lines(headers):
    if not headers or isinstance(headers, str):
        return headers or None
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
