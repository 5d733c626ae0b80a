import itertools
import json
import re

from odoo import api, fields, models

from ..connect.burst import let_callers_wait
from ..connect.callers import may_call, note_refusal, take_refusals
from ..database import again_when_busy, json_rows, literal
from ..jobs.wake import call_soon
from ..mapping.errors import MappingError
from ..mapping.paths import parse_expression
from ..moments import AUTO, zone_of
from ..remote.delta import told_moment
from ..remote.document import storable
from ..remote.errors import ConfigurationError, ProtocolError
from ..remote.redaction import may_hold, redact_document, redact_text, without_secrets
from ..remote.webhooks import (
    LONGEST_NAME,
    Refused,
    delivery_key,
    echo_of,
    read_document,
    read_place,
)
from ..road.pull.delivered import BETWEEN_IDS

WAITING, DONE, IGNORED, FAILED, CANCELLED = "waiting", "done", "ignored", "failed", "cancelled"
TAKE = "take"  # the kind of the jobs that take deliveries
MOST_LOOKED_AT, MOST_LETTERS = 5_000, 100_000  # where something is looked for: in the newest, and in each
REFUSED = (401, "")  # for whoever does not prove himself, and for an address that does not exist


class BridgeDelivery(models.Model):
    """The inbox: a webhook call that was received, as it came; kept and committed before it is answered.

    What is done with it is another transaction, of a lane (``road/pull/delivered.py``).
    """

    _name = "bridge.delivery"
    _description = "Webhook Delivery"
    _order = "id desc"
    _rec_name = "delivery_id"
    _log_access = False

    connector_id = fields.Many2one("bridge.connector", required=True, ondelete="cascade", index=True, readonly=True)
    company_id = fields.Many2one("res.company", index=True, readonly=True)
    delivery_id = fields.Char("Delivery ID", required=True, readonly=True)
    event = fields.Char(readonly=True)
    version = fields.Char("Time of the Event", readonly=True, help="As the other system says it.")
    happened = fields.Datetime("Happened On", compute="_compute_happened")
    received = fields.Datetime(required=True, readonly=True, index=True)
    address = fields.Char("From", readonly=True, help="The caller's IP address.")
    content_type = fields.Char(readonly=True)
    # What was sent may hold any value of any record; it is read in the text below.
    body = fields.Text(readonly=True, groups=fields.NO_ACCESS)
    body_text = fields.Text("What Was Sent", compute="_compute_body_text")
    state = fields.Selection(
        [
            (WAITING, "Waiting"),
            (DONE, "Done"),
            (IGNORED, "Ignored"),
            (FAILED, "Failed"),
            (CANCELLED, "Given Up"),
        ],
        required=True,
        default=WAITING,
        readonly=True,
    )
    reason = fields.Text(readonly=True)
    flow_id = fields.Many2one("bridge.flow", ondelete="set null", readonly=True)
    run_id = fields.Many2one("bridge.run", ondelete="set null", readonly=True, index="btree_not_null")
    external_ids = fields.Char("IDs There", readonly=True)
    processed = fields.Datetime("Taken", readonly=True)

    _delivery_uniq = models.UniqueIndex("(connector_id, delivery_id)")
    _waiting = models.Index("(connector_id, id) WHERE state = 'waiting'")
    _failed = models.Index("(connector_id) WHERE state = 'failed'")
    _not_done = models.Index("(connector_id, id) WHERE state != 'done'")
    _of_flow = models.Index("(flow_id, id) WHERE flow_id IS NOT NULL")

    def _register_hook(self):
        super()._register_hook()
        if let_callers_wait():
            # A new worker has what the server had when it began. Else its first caller waits until it has made this.
            self.env["ir.http"].routing_map()

    @api.depends("version", "connector_id.timezone")
    def _compute_happened(self):
        for delivery in self:
            zone = zone_of(delivery.connector_id.timezone or "UTC")
            delivery.happened = told_moment(delivery.version, AUTO, zone)

    @api.depends_context("uid")
    def _compute_body_text(self):
        hidden = self.env._("no access: these are records, or fields of them, that you may not read")
        shown = self._shown_to_me()
        for delivery in self:
            body = delivery.sudo().body
            delivery.body_text = body and (_shown(body) if delivery in shown else hidden)

    def _shown_to_me(self):
        """Those of which this person may read what was sent.

        :rtype: BridgeDelivery
        """
        if self.env.user.has_group("base.group_system"):
            return self
        seen, routed = {}, {}
        for delivery in self.sudo():
            connector, event = delivery.connector_id, delivery.event
            if connector not in seen:
                flows = connector.route_ids.flow_id
                seen[connector] = all(self.env["bridge.exchange"]._sees(flow) for flow in flows)
            if (connector, event) not in routed:  # what no route is for may be about anything
                routed[connector, event] = bool(connector.route_ids._of(event))
        return self.filtered(lambda one: seen[one.sudo().connector_id] and routed[one.sudo().connector_id, one.event])

    # ----------------------------------------------------------------------------------------------------------------
    # The door
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _receive(self, door, call):
        """Take a call: proved, kept, committed, and only then answered.

        :param Door door: of the connector whose address was called; None if it is nobody's
        :param Call call: its body is None if it is too large
        :return: status and text of the answer
        :rtype: tuple[int, str]
        """
        if not door:
            return REFUSED
        name = self.env.cr.dbname, door.connector_id
        if not may_call((*name, call.address), door.rate):
            return 429, ""
        if call.body is None:
            return 413, ""
        if door.challenge == "query":  # it is asked before anything is signed
            echo = echo_of("query", door.challenge_name, call, None)
            if echo is not None:
                return 200, echo
        if call.method == "GET":
            return REFUSED
        try:
            scheme = door.scheme(fields.Datetime.now())
            scheme.verify(call)
        except Refused as refusal:
            self._note_refused(door, refusal.reason)
            return REFUSED
        except ConfigurationError:  # encrypted elsewhere, or of another scheme; the sender tries again
            self._note_refused(door, "no_secret")
            return 503, ""
        document, problem = self._read(call)
        if door.challenge == "body":
            echo = echo_of("body", door.challenge_name, call, document)
            if echo is not None:
                return 200, echo
        row = _row(door, call, document, problem)
        if count := take_refusals(name):
            self._gate_of(door)._refused(count, None)  # those of the last second of a flood that is over
        again_when_busy(self.env, self._keep, row)
        # pylint: disable-next=invalid-commit
        self.env.cr.commit()  # what is answered is there
        call_soon(self.env.cr.dbname)
        return scheme.answer(call)

    @api.model
    def _read(self, call):
        """:return: the document of a call, and why it can not be read"""
        try:
            return read_document(call.body, call.content_type), None
        except ProtocolError:
            problem = self.env._("The body is neither JSON nor a form. Look at what the other system sends.")
            return None, problem

    def _keep(self, row):
        """A delivery is kept once, whoever sends it again."""
        self.env.cr.execute(KEEP, {**row, "now": fields.Datetime.now()})

    @api.model
    def _note_refused(self, door, reason):
        """A refused call is counted on the connector; many of them write no more than a few."""
        count = note_refusal((self.env.cr.dbname, door.connector_id))
        if count:
            self._gate_of(door)._refused(count, reason)

    def _gate_of(self, door):
        return self.env["bridge.connector"].sudo().browse(door.connector_id)._gate()

    # ----------------------------------------------------------------------------------------------------------------
    # What lanes do with it
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _start_taking(self):
        """Every live connector that has deliveries waiting gets a job that takes them."""
        connectors = self.env["bridge.connector"].sudo().search([("state", "=", "live")])
        if not connectors:
            return
        self.env["bridge.job"].flush_model()
        self.env.cr.execute(
            """
            SELECT connector.id
              FROM unnest(%s::int[]) AS connector (id)
             WHERE EXISTS (SELECT FROM bridge_delivery WHERE connector_id = connector.id AND state = 'waiting')
               AND NOT EXISTS (SELECT FROM bridge_job
                                WHERE connector_id = connector.id AND kind = 'take' AND state = 'pending')
            """,
            [connectors.ids],
        )
        self._enqueue_take(connectors.browse(row[0] for row in self.env.cr.fetchall()))

    @api.model
    def _enqueue_take(self, connectors, seconds=0):
        """:param int seconds: until it is due"""
        values = []
        for connector in connectors:
            flow = (connector.route_ids.flow_id | connector.with_context(active_test=False).flow_ids)[:1]
            if flow:  # the job stands for the connector, but belongs to a flow
                values.append({"kind": TAKE, "flow_id": flow.id, "priority": 4})
        jobs = self.env["bridge.job"]._enqueue(values) if values else self.env["bridge.job"]
        if seconds and jobs:
            due = fields.Datetime.add(fields.Datetime.now(), seconds=seconds)
            jobs.due_at = due
            self.env["ir.cron"]._wake_lanes(at=due)

    @api.model
    def _next(self, connector, limit, but):
        """The oldest that wait, held for this transaction.

        :param but: ids of those that wait for something else
        :rtype: BridgeDelivery
        """
        self.env.cr.execute(
            """
            SELECT id FROM bridge_delivery
             WHERE connector_id = %s AND state = 'waiting' AND NOT id = ANY(%s)
          ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            [connector.id, list(but), limit],
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _document(self):
        """What was sent.

        :raises ProtocolError: it can not be read
        """
        return read_document((self.sudo().body or "").encode(), "application/json")

    @api.model
    def _settle(self, rows):
        """What became of deliveries.

        :param list[dict] rows: ``id``, ``state``, and ``reason``, ``flow``, ``run``, ``ids`` where there are
        """
        self.env.cr.execute(
            """
            UPDATE bridge_delivery delivery
               SET state = row.state, reason = row.reason, flow_id = row.flow, run_id = row.run,
                   external_ids = row.ids, processed = %(now)s
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, state text, reason text, flow int, run int, ids text)
             WHERE delivery.id = row.id AND delivery.state = 'waiting'
            """,
            {"rows": json_rows(rows), "now": fields.Datetime.now()},
        )
        self.invalidate_model()
        if any(row["state"] == FAILED for row in rows):
            self.env["bridge.alert"]._wake()

    def _blame(self, ids, count):
        """The worker died each time it took these alone: they are left, so that the others can be taken.

        :param list[int] ids: what it was taking
        :param int count: how often it died in a row
        :return: is it one of these; False if none waits any more
        :rtype: bool
        """
        waiting = self.search([("id", "in", ids), ("state", "=", WAITING)])
        reason = self.env._(
            "The worker died %(count)s times in a row while it took this. Look at Odoo's server log (memory or time"
            " limit?), then replay it.",
            count=count,
        )
        self._settle([{"id": one.id, "state": FAILED, "reason": reason} for one in waiting])
        return bool(waiting)

    @api.model
    def _give_up_all(self):
        """What waits is the matter of another database."""
        self.env.cr.execute("UPDATE bridge_delivery SET state = 'cancelled' WHERE state = 'waiting'")
        self.invalidate_model()

    # ----------------------------------------------------------------------------------------------------------------
    # Why is a record not here?
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _last_of(self, flow_ids, external_ids):
        """The last ones that told something of records, as far as this person may read them.

        :param list[int] flow_ids: that took them
        :param list[str] external_ids: of the records there
        :return: flow id and remote id to a delivery
        :rtype: dict[tuple[int, str], BridgeDelivery]
        """
        if not external_ids:
            return {}
        self.flush_model()
        self.env.cr.execute(
            """
            SELECT DISTINCT ON (told.flow_id, one.external_id) told.flow_id, one.external_id, told.id
              FROM (SELECT id, flow_id, external_ids FROM bridge_delivery
                     WHERE flow_id = ANY(%s) ORDER BY id DESC LIMIT %s) told
        CROSS JOIN unnest(string_to_array(told.external_ids, %s)) one (external_id)
             WHERE one.external_id = ANY(%s)
          ORDER BY told.flow_id, one.external_id, told.id DESC
            """,
            [list(flow_ids), MOST_LOOKED_AT, BETWEEN_IDS, list(external_ids)],
        )
        found = {(flow_id, external_id): one for flow_id, external_id, one in self.env.cr.fetchall()}
        readable = set(self.browse(found.values())._filtered_access("read").ids)
        return {key: self.browse(one) for key, one in found.items() if one in readable}

    @api.model
    def _not_taken_with(self, connectors, text, limit):
        """The newest ones of which nothing came and that say a text, not only as a part of another word.

        :return: those of which this person may read what was sent; what he may not read is not counted, or it could be
            guessed letter by letter
        :rtype: BridgeDelivery
        """
        self.flush_model()
        self.env.cr.execute(
            """
            SELECT id
              FROM (SELECT id, body FROM bridge_delivery
                     WHERE state != 'done' AND connector_id = ANY(%s) ORDER BY id DESC LIMIT %s) told
             WHERE lower(left(body, %s)) LIKE ANY(%s)
          ORDER BY id DESC
            """,
            [connectors.ids, MOST_LOOKED_AT, MOST_LETTERS, [f"%{literal(one)}%" for one in _written(text)]],
        )
        found = self.browse(row[0] for row in self.env.cr.fetchall())._filtered_access("read")._shown_to_me()
        word = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE)
        telling = (one for one in found if word.search(one.body_text or ""))
        return self.union(*itertools.islice(telling, limit))

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_replay(self):
        """Take these again. What is older than what was taken of a record since is ignored again."""
        self.env["bridge.run"]._check_operator(self)
        self.flush_model()
        self.env.cr.execute(
            "UPDATE bridge_delivery SET state = 'waiting', reason = NULL, processed = NULL"
            " WHERE id = ANY(%s) AND state != 'waiting'",
            [self.ids],
        )
        self.invalidate_model()
        self.env["ir.cron"]._wake_lanes()

    def action_ignore(self):
        """These need not be looked at any more."""
        self.env["bridge.run"]._check_operator(self)
        chosen = self.sudo().filtered(lambda one: one.state in (FAILED, WAITING))
        chosen.write({"state": IGNORED, "reason": self.env._("%s says so.", self.env.user.name)})


def _row(door, call, document, problem):
    """What is kept of a call. Credentials that it repeats are blanked; headers are not kept, but what they say of the
    delivery.

    :rtype: dict
    """
    told = {name: read_place(place, call.headers, document, _read_path) for name, place in door.places.items()}
    told = without_secrets(told, door.blanked)
    return {
        "connector": door.connector_id,
        "company": door.company_id,
        "delivery": storable(delivery_key(told["id_place"])),
        "event": storable(told["event_place"] or "")[:LONGEST_NAME] or None,
        "version": storable(told["time_place"] or "")[:LONGEST_NAME] or None,
        "address": call.address,
        "content_type": storable(call.content_type.partition(";")[0])[:LONGEST_NAME] or None,
        "body": _text_of(call, document, door.blanked),
        "state": FAILED if problem else WAITING,
        "reason": problem,
    }


def _text_of(call, document, secrets):
    """What is kept of a body: as it came, if it is JSON in UTF-8 and repeats no credential.

    :param document: of the body; None if there is none, or it can not be read
    """
    if document is None:
        return redact_text(storable(call.body.decode("utf-8", "replace")), secrets)
    if may_hold(call.body, secrets):
        return json.dumps(without_secrets(document, secrets), ensure_ascii=False)
    text, content_type = call.body.decode("utf-8", "replace"), call.content_type.lower()
    is_json = text.lstrip()[:1] in ("{", "[") and "urlencoded" not in content_type
    is_as_read = is_json and ("charset" not in content_type or "utf-8" in content_type)
    return storable(text) if is_as_read else json.dumps(document, ensure_ascii=False)


def _read_path(path, document):
    try:
        return parse_expression(path).read(document)
    except MappingError:
        return None


def _written(text):
    """How a text can stand in what was sent: JSON may have its letters and slashes escaped.

    :return: in small letters
    :rtype: set[str]
    """
    found = {text}
    for one in (text, text.lower(), text.upper()):
        escaped = json.dumps(one)[1:-1]
        found |= {escaped, escaped.replace("/", "\\/"), json.dumps(one, ensure_ascii=False)[1:-1]}
    return {one.lower() for one in found}


def _shown(body):
    """A body for a person: no value whose name tells that it is a credential."""
    try:
        return json.dumps(redact_document(json.loads(body)), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return redact_text(body)


KEEP = """
    INSERT INTO bridge_delivery (
           connector_id, company_id, delivery_id, event, version, received, address, content_type, body, state, reason)
    VALUES (%(connector)s, %(company)s, %(delivery)s, %(event)s, %(version)s, %(now)s, %(address)s, %(content_type)s,
            %(body)s, %(state)s, %(reason)s)
ON CONFLICT (connector_id, delivery_id) DO NOTHING
"""
