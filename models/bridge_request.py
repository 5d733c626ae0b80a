import datetime

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..mapping.fingerprint import fingerprint

KEPT_DAYS = 7


class BridgeRequest(models.Model):
    """A call of the other system that has a request id, and its answer: the same call gets the same answer again."""

    _name = "bridge.request"
    _description = "Call of the Other System"
    _log_access = False

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True)
    request_id = fields.Char(required=True, readonly=True)
    digest = fields.Char(required=True, readonly=True, help="Of what was sent.")
    answer = fields.Json(readonly=True)
    create_date = fields.Datetime(readonly=True)

    _request_uniq = models.UniqueIndex("(flow_id, request_id)")

    @api.model
    def _once(self, flow, request_id, sent, work):
        """Do something, but not if it was done before: then give the answer of that time.

        What was done and its answer are one transaction; of two calls at the same time the later one is done again, and
        finds the answer of the first.

        :param str request_id: what the caller calls the request; None: it is done in any case
        :param sent: what the caller has sent, as JSON
        :param work: called without arguments; gives the answer
        :rtype: dict
        :raises ValidationError: if the same request id was used for something else
        """
        if not request_id:
            return work()
        digest = fingerprint(sent)
        known = self.search([("flow_id", "=", flow.id), ("request_id", "=", request_id)])
        if not known:
            answer = work()
            if answer.get("preview"):
                return answer  # nothing was done, so it may be asked for once more
            self.create(
                {
                    "flow_id": flow.id,
                    "request_id": request_id,
                    "digest": digest,
                    "answer": answer,
                    "create_date": fields.Datetime.now(),
                }
            )
            self.flush_model()
            return answer
        if known.digest != digest:
            raise ValidationError(
                self.env._(
                    "The request ID “%s” was used for another request of this flow. Give each request its own.",
                    request_id,
                )
            )
        return {**known.answer, "repeated": True}

    @api.autovacuum
    def _gc_old(self):
        before = fields.Datetime.now() - datetime.timedelta(days=KEPT_DAYS)
        self.search([("create_date", "<", before)], limit=10_000).unlink()
