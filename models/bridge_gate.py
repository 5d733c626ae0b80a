from odoo import api, fields, models

from ..remote.retry import REST_AFTER, rest, wait
from .own_transaction import in_own_transaction

OPENED = {
    "failures": 0,
    "throttles": 0,
    "paused": False,
    "resting_until": None,
    "rest_kind": None,
    "reason": None,
    "since": None,
}


class BridgeGate(models.Model):
    """What all lanes on all servers share about a connector: may it be called now, and how fast.

    One row a connector. It is written in transactions of its own, because many lanes meet here.
    """

    _name = "bridge.gate"
    _description = "Gate"
    _rec_name = "connector_id"

    connector_id = fields.Many2one("bridge.connector", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="connector_id.company_id")
    failures = fields.Integer("Failures in a Row", default=0, required=True, readonly=True)
    throttles = fields.Integer("Asked to Wait in a Row", default=0, required=True, readonly=True)
    resting_until = fields.Datetime(readonly=True)
    rest_kind = fields.Selection([("unavailable", "Not available"), ("throttled", "Asked to wait")], readonly=True)
    paused = fields.Boolean(default=False, required=True, readonly=True)
    reason = fields.Text(readonly=True)
    since = fields.Datetime("Stopped Since", readonly=True)
    next_slot = fields.Float(
        default=0, required=True, readonly=True, help="When the next request may go, in seconds since 1970."
    )
    token_sealed = fields.Char(groups=fields.NO_ACCESS)

    _connector_uniq = models.Constraint("UNIQUE(connector_id)", "A connector has one gate.")

    def _shut(self, kind, reason, asked=None):
        """Note an error that is not about one record.

        :param str kind: ``unavailable``, ``throttled`` or ``auth``
        :param str reason: in words
        :param float asked: seconds that the remote asked to wait
        :return: failures in a row before this one
        :rtype: int
        """
        self.ensure_one()

        def shut(cr):
            cr.execute(
                """
                SELECT failures, throttles, resting_until, COALESCE(since, %s)
                  FROM bridge_gate WHERE id = %s FOR UPDATE
                """,
                [fields.Datetime.now(), self.id],
            )
            failures, throttles, until, since = cr.fetchone()
            values = {"reason": reason, "since": since}
            if kind == "auth":
                values["paused"] = True
            elif kind == "throttled":
                values |= {"throttles": throttles + 1, "rest_kind": kind, "resting_until": until}
                values["resting_until"] = _later(until, wait(asked, throttles))
            else:
                values["failures"] = failures + 1
                seconds = rest(failures + 1)
                if seconds:
                    values |= {"rest_kind": kind, "resting_until": _later(until, seconds)}
            _update(cr, self.ids, values)
            return failures

        failures = in_own_transaction(self.env.registry.cursor, shut)
        self.invalidate_recordset()
        if self.paused or self.failures == REST_AFTER:
            self.env["bridge.alert"]._wake()
        return failures

    def _open(self, beside=False):
        """The other system answers again, or a person says so: what waits for a connector that rested is due.

        :param bool beside: in a transaction of its own, so that lanes that do so at once do not meet
        """
        shut = self.filtered(lambda gate: gate.failures or gate.throttles or gate.resting_until or gate.paused)
        if not shut:
            return
        rested = shut.filtered(lambda gate: gate.resting_until or gate.paused)
        if beside:
            in_own_transaction(self.env.registry.cursor, lambda cr: _update(cr, shut.ids, OPENED))
            shut.invalidate_recordset()
        else:
            shut.write(OPENED)
        if rested:
            self.env["bridge.job"]._make_waiting_due(rested.connector_id)

    def _is_resting(self):
        return bool(self.resting_until and self.resting_until > fields.Datetime.now())

    @api.model
    def _ensure(self, connectors):
        """Connectors have their gate from the beginning."""
        self.sudo().create([{"connector_id": connector.id} for connector in connectors])


def _later(until, seconds):
    """:return: so many seconds from now, but not before ``until``"""
    later = fields.Datetime.add(fields.Datetime.now(), seconds=int(seconds) + 1)
    return max(later, until) if until else later


def _update(cr, ids, values):
    names = ", ".join(f"{name} = %s" for name in values)
    cr.execute(f"UPDATE bridge_gate SET {names} WHERE id = ANY(%s)", [*values.values(), ids])
