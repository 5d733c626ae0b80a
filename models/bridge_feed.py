import base64
import binascii
import contextlib
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..mapping.fingerprint import fingerprint
from ..road.inside import inside_after
from ..road.push.feed import CHANGED

_logger = logging.getLogger(__name__)

MOST_MOVED = 5000  # changes that one call takes out of the outbox
AT_ONCE = 10_000  # records that are looked at by one query


class BridgeFeed(models.Model):
    """What the other system is told when it asks: each record once, in the order of its last change.

    Changes come out of the outbox and get their number here. Two calls that do so at the same time get the same
    numbers, and the unique index has one of them begin again; so a number is never committed behind a later one, and
    a reader who has seen a number has seen all before it. Since a record has one place, no cursor gets too old.
    """

    _name = "bridge.feed"
    _description = "Changes That the Other System Reads"
    _log_access = False

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", readonly=True)
    res_id = fields.Integer("Odoo Record ID", required=True, readonly=True)
    own = fields.Boolean(readonly=True, help="The other system has made the change itself.")
    told = fields.Boolean(readonly=True, help="Was the other system told that the record is there?")
    number = fields.Integer(required=True, readonly=True)

    _number_uniq = models.UniqueIndex("(flow_id, number)")
    _record_uniq = models.UniqueIndex("(flow_id, res_id, own)")

    @api.model
    def _fill(self, flow):
        """Move what has changed into the feed; all records of the flow, where it has to look at everything.

        :return: is there more in the outbox
        :rtype: bool
        """
        if flow.push_scan_needed or not flow.last_push_scan:
            bound_after = self.env["bridge.binding"]._records_after
            for next_ids in (inside_after, bound_after):  # what is to be told, and what may be gone or have left
                after = 0
                while ids := next_ids(flow, after, AT_ONCE):
                    self._append(flow, [(record_id, False) for record_id in ids])
                    after = ids[-1]
            flow.write({"push_scan_needed": False, "last_push_scan": fields.Datetime.now()})
        self._append(flow, self.env["bridge.change"]._drain(flow, MOST_MOVED))
        return bool(self.env["bridge.change"].search_count([("flow_id", "=", flow.id)], limit=1))

    @api.model
    def _append(self, flow, rows):
        """:param rows: (Odoo id, was it the other system) in the order of the changes; the last one of each counts"""
        if not rows:
            return
        last = list(dict.fromkeys(reversed(rows)))[::-1]
        self.env.cr.execute(
            """
            INSERT INTO bridge_feed (flow_id, res_id, own, number)
            SELECT %(flow)s, row.res_id, row.own, (
                       SELECT COALESCE(max(number), 0) FROM bridge_feed WHERE flow_id = %(flow)s
                   ) + row.place
              FROM unnest(%(ids)s::int[], %(own)s::boolean[]) WITH ORDINALITY AS row (res_id, own, place)
       ON CONFLICT (flow_id, res_id, own) DO UPDATE SET number = EXCLUDED.number
            """,
            {
                "flow": flow.id,
                "ids": [res_id for res_id, _own in last],
                "own": [own for _res_id, own in last],
            },
        )

    @api.model
    def _read_after(self, flow, cursor, limit, own):
        """:return: Odoo ids in the order of their last change, and the cursor behind them
        :rtype: tuple[list[int], str]
        """
        number = self._number_of(flow, cursor)
        self.env.cr.execute(
            """
            SELECT feed.res_id, feed.number
              FROM bridge_feed feed
             WHERE feed.flow_id = %(flow)s AND feed.number > %(number)s AND (%(own)s OR NOT feed.own)
               AND NOT (%(own)s AND EXISTS (  -- it comes later, too
                   SELECT FROM bridge_feed later
                    WHERE later.flow_id = feed.flow_id AND later.res_id = feed.res_id AND later.number > feed.number))
          ORDER BY feed.number LIMIT %(limit)s
            """,
            {"flow": flow.id, "number": number, "own": own, "limit": limit},
        )
        rows = self.env.cr.fetchall()
        return [row[0] for row in rows], self._cursor(flow, rows[-1][1] if rows else number)

    @api.model
    def _told_before(self, flow, record_ids):
        """Those of these records that the other system was told of, and so wants to know when they are gone.

        :rtype: set[int]
        """
        self.env.cr.execute(
            "SELECT res_id FROM bridge_feed WHERE flow_id = %s AND told AND res_id = ANY(%s)",
            [flow.id, list(record_ids)],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _note_told(self, flow, changes):
        """:param list[dict] changes: what the other system is told now"""
        ids = [one["odoo_id"] for one in changes if one["action"] == CHANGED]
        self.env.cr.execute(
            "UPDATE bridge_feed SET told = TRUE WHERE flow_id = %s AND told IS NOT TRUE AND res_id = ANY(%s)",
            [flow.id, ids],
        )

    @api.model
    def _cursor(self, flow, number):
        return base64.urlsafe_b64encode(f"{flow.id}.{number}.{self._mark()}".encode()).decode()

    @api.model
    def _mark(self):
        """What tells this database from others, whose numbers count other changes.

        :rtype: str
        """
        return fingerprint(self.env["ir.config_parameter"].sudo().get_param("database.uuid"))[:8]

    @api.model
    def _last_number(self, flow):
        self.env.cr.execute("SELECT COALESCE(max(number), 0) FROM bridge_feed WHERE flow_id = %s", [flow.id])
        return self.env.cr.fetchone()[0]

    @api.model
    def _number_of(self, flow, cursor):
        """The number that a cursor stands for.

        :raises ValidationError: if it is no cursor of this flow, or is ahead of it: then the database was restored
            from a backup, and what happened since would be missed
        """
        if cursor is None or cursor is False:
            return 0
        with contextlib.suppress(AttributeError, ValueError, binascii.Error):
            flow_id, number, mark = base64.b64decode(cursor.encode(), b"-_", validate=True).decode().split(".")
            if (int(flow_id), mark) == (flow.id, self._mark()) and 0 <= int(number) <= self._last_number(flow):
                return int(number)
        raise ValidationError(
            self.env._(
                "“since” is no cursor of the flow “%s”. Send the cursor of its last answer, or leave it out to read"
                " everything.",
                flow.code,
            )
        )

    @api.autovacuum
    def _gc_outbox(self):
        """What nobody reads does not pile up in the outbox."""
        for flow in self.env["bridge.flow"].sudo().search([("is_called", "=", True), ("direction", "!=", "pull")]):
            if not flow.last_push_scan or flow.push_scan_needed:
                continue  # the next reader is told of everything
            try:
                with self.env.cr.savepoint():
                    while self._fill(flow):
                        pass
            except UserError as error:  # one flow that is not right keeps no other from its turn
                _logger.warning("The outbox of the flow %s is not moved: %s", flow.code, error)
