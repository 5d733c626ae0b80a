import collections

from odoo import api, fields, models

from ..database import in_own_transaction
from ..jobs.retry import REST_AFTER, rest, wait
from ..jobs.wake import IS_SHUT, make_due
from ..remote.webhooks import REFUSALS

Shut = collections.namedtuple("Shut", ["failures", "resting_until", "paused"])


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
    held = fields.Boolean(readonly=True, help="A person has paused it; only a person resumes it.")
    paused_by_id = fields.Many2one("res.users", readonly=True)
    reason = fields.Text(readonly=True)
    since = fields.Datetime("Stopped Since", readonly=True)
    next_slot = fields.Float(
        default=0, required=True, readonly=True, help="When the next request may go, in seconds since 1970."
    )
    token_sealed = fields.Char(groups=fields.NO_ACCESS)
    refused = fields.Integer("Refused Webhook Calls", default=0, required=True, readonly=True)
    refused_lately = fields.Integer(default=0, required=True, readonly=True, help="Since the time below.")
    refused_since = fields.Datetime(readonly=True)
    refused_at = fields.Datetime(readonly=True)
    refused_reason = fields.Char(readonly=True)

    _connector_uniq = models.Constraint("UNIQUE(connector_id)", "A connector has one gate.")

    @api.model
    def _of(self, connectors):
        """The gates of these connectors, all that is known of them in one query.

        :rtype: BridgeGate
        """
        return self.search_fetch([("connector_id", "in", connectors.ids)])

    def _shut(self, kind, reason, asked=None):
        """Note an error that is not about one record.

        :param str kind: ``unavailable``, ``throttled`` or ``auth``
        :param str reason: in words
        :param float asked: seconds that the remote asked to wait
        :return: failures in a row before this one, until when the connector rests now, and whether it is paused
        :rtype: Shut
        """
        self.ensure_one()
        now = fields.Datetime.now()

        def shut(cr):
            cr.execute(
                """
                SELECT failures, throttles, resting_until, paused, COALESCE(since, %s)
                  FROM bridge_gate WHERE id = %s FOR UPDATE
                """,
                [now, self.id],
            )
            failures, throttles, until, paused, since = cr.fetchone()
            values = {"reason": reason, "since": since}
            if kind == "auth":
                values["paused"] = paused = True
            elif kind == "throttled":
                until = _later(until, wait(asked, throttles))
                values |= {"throttles": throttles + 1, "rest_kind": kind, "resting_until": until}
            else:
                values["failures"] = failures + 1
                seconds = rest(failures + 1)
                if seconds:
                    until = _later(until, seconds)
                    values |= {"rest_kind": kind, "resting_until": until}
            names = ", ".join(f"{name} = %s" for name in values)
            cr.execute(f"UPDATE bridge_gate SET {names} WHERE id = %s", [*values.values(), self.id])
            return Shut(failures, until, paused)

        state = in_own_transaction(self.env.registry.cursor, shut)
        self.invalidate_recordset()
        if state.paused or state.failures + 1 == REST_AFTER:
            self.env["bridge.alert"]._wake()
        return state

    def _answered(self):
        """The other system has answered, so it is there, and what waited for it is due.

        A pause ends only when a person has looked, and what it told us to wait only with the time. What another lane
        has noted meanwhile stays, because the row itself is asked, not what this transaction has seen of it.
        """

        def answer(cr):
            cr.execute(ANSWERED, {"ids": self.ids})
            rested = [row[0] for row in cr.fetchall() if row[1]]
            if rested:
                make_due(cr, rested)
            return rested

        if in_own_transaction(self.env.registry.cursor, answer):
            self.env["bridge.job"].invalidate_model()
            self.env["ir.cron"]._wake_lanes()
        self.invalidate_recordset()

    def _open(self):
        """It may be called again; limits and tokens begin anew, too. What a person has paused stays so."""
        self.write({"next_slot": 0, "token_sealed": False})
        gates = self.filtered(lambda gate: not gate.held)
        gates.write(OPENED)
        self.env["bridge.job"].flush_model()
        make_due(self.env.cr, gates.connector_id.ids)
        self.env["bridge.job"].invalidate_model()
        self.env["ir.cron"]._wake_lanes()

    def _pause(self, user):
        """A person wants nothing to go on. What is at work ends with its page, or with its batch of single records."""
        held = {"paused": True, "held": True, "paused_by_id": user.id}
        self.write({**held, "since": fields.Datetime.now(), "reason": False})
        self.env["bridge.run"]._tell_of(self.connector_id)

    def _resume(self):
        """A person wants it to go on."""
        self.write({"held": False, "paused_by_id": False})
        self._open()
        self.env["bridge.run"]._tell_of(self.connector_id)

    @api.model
    def _held(self, connectors):
        """Those of these connectors that a person has paused.

        :rtype: BridgeConnector
        """
        domain = [("connector_id", "in", connectors.ids), ("held", "=", True)]
        return self.search(domain).connector_id if connectors else connectors

    @api.model
    def _may_go_on(self, connector):
        """Was a connector neither paused nor disabled meanwhile? What others have committed counts.

        :rtype: bool
        """
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT FROM bridge_gate gate
              JOIN bridge_connector connector ON connector.id = gate.connector_id
             WHERE connector.id = %s AND NOT gate.paused AND connector.state != 'disabled'
            """,
            [connector.id],
        )
        return bool(self.env.cr.rowcount)

    def _is_resting(self):
        return bool(self.resting_until and self.resting_until > fields.Datetime.now())

    def _refused(self, count, reason):
        """Webhook calls were refused.

        :param str reason: of the last one, a key of ``REFUSALS``; None: as before
        """
        now = fields.Datetime.now()
        values = {"id": self.id, "count": count, "reason": reason, "now": now}
        values["hour"] = fields.Datetime.subtract(now, hours=1)
        in_own_transaction(self.env.registry.cursor, lambda cr: cr.execute(COUNT_REFUSED, values))
        self.invalidate_recordset()
        if self._is_refusing():
            self.env["bridge.alert"]._wake()

    def _is_refusing(self):
        """Were so many calls refused lately that a person should know?"""
        hour = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        return self.refused_lately >= MANY_REFUSED and bool(self.refused_at and self.refused_at > hour)

    def _last_refusal(self):
        """Why the last webhook call was refused, and when, in words.

        :rtype: str
        """
        if not self.refused_at:
            return ""
        reason = self.env._(REFUSALS.get(self.refused_reason, self.refused_reason or "-"))
        return self.env._("%(time)s UTC: %(reason)s", time=self.refused_at, reason=reason)

    @api.model
    def _ensure(self, connectors):
        """Connectors have their gate from the beginning."""
        self.sudo().create([{"connector_id": connector.id} for connector in connectors])


def _later(until, seconds):
    """:return: so many seconds from now, but not before ``until``"""
    later = fields.Datetime.add(fields.Datetime.now(), seconds=int(seconds) + 1)
    return max(later, until) if until else later


MANY_REFUSED = 20  # calls within an hour
COUNT_REFUSED = """
    UPDATE bridge_gate
       SET refused = refused + %(count)s, refused_at = %(now)s, refused_reason = COALESCE(%(reason)s, refused_reason),
           refused_lately = CASE WHEN refused_since > %(hour)s THEN refused_lately ELSE 0 END + %(count)s,
           refused_since = CASE WHEN refused_since > %(hour)s THEN refused_since ELSE %(now)s END
     WHERE id = %(id)s
"""
OPENED = {
    "failures": 0,
    "throttles": 0,
    "paused": False,
    "resting_until": False,
    "rest_kind": False,
    "reason": False,
    "since": False,
}
ANSWERED = f"""
    WITH known AS (
        SELECT id, connector_id, resting_until
          FROM bridge_gate gate
         WHERE id = ANY(%(ids)s) AND NOT paused AND {IS_SHUT}
           AND (rest_kind IS DISTINCT FROM 'throttled' OR resting_until <= clock_timestamp() AT TIME ZONE 'UTC')
           FOR UPDATE
    )
    UPDATE bridge_gate gate
       SET failures = 0, throttles = 0, resting_until = NULL, rest_kind = NULL, reason = NULL, since = NULL
      FROM known
     WHERE known.id = gate.id
 RETURNING gate.connector_id, known.resting_until IS NOT NULL
"""
