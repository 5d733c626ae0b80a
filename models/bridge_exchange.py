from psycopg2.extras import execute_values

from odoo import api, fields, models

COLUMNS = (
    "run_id",
    "job_id",
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


class BridgeExchange(models.Model):
    _name = "bridge.exchange"
    _description = "HTTP Exchange"
    _order = "id desc"
    _rec_name = "url"

    run_id = fields.Many2one("bridge.run", ondelete="cascade", index="btree_not_null", readonly=True)
    job_id = fields.Many2one("bridge.job", ondelete="set null", index="btree_not_null", readonly=True)
    connector_id = fields.Many2one("bridge.connector", required=True, ondelete="cascade", index=True, readonly=True)
    company_id = fields.Many2one("res.company", index=True, readonly=True)
    started = fields.Datetime(readonly=True)
    method = fields.Char(readonly=True)
    url = fields.Char("Address", readonly=True)
    status = fields.Integer(readonly=True)
    seconds = fields.Float(readonly=True, digits=(16, 3))
    request_headers = fields.Text(readonly=True)
    request_body = fields.Text(readonly=True)
    response_headers = fields.Text(readonly=True)
    response_body = fields.Text(readonly=True)
    error = fields.Char(readonly=True)

    @api.model
    def _record(self, run, exchanges, job=None):
        """Keep what was said over HTTP, as the connector's log level says.

        :param run: the run that the requests were made for
        :param list exchanges: of the client
        :param BridgeJob job: whose matter they are, where they do not know it themselves
        :return: for each exchange that was kept its id
        :rtype: dict
        """
        if run.connector_id.log_level != "everything":
            exchanges = [exchange for exchange in exchanges if exchange.failed]
        if not exchanges:
            return {}
        rows = [
            (
                run.id,
                (exchange.job or job or self.env["bridge.job"]).id or None,
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
