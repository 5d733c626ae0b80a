import hashlib
import secrets as randomness
import time

import requests

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..connect.door import Door
from ..connect.secret_box import seal, unseal
from ..connect.versions import as_long_as
from ..mapping.errors import MappingError
from ..mapping.paths import parse_expression
from ..remote.errors import ConfigurationError
from ..remote.webhooks import HOOK_OPTIONS, HOOK_SCHEMES, header_of, read_networks, test_body
from .bridge_secrets_mixin import SECRETS

PATH = "/integration_bridge/hook/"
MOST_KB, MOST_RATE, MOST_TOLERANCE = 16 * 1024, 100_000, 86_400
TEST_SECONDS = 10
REFUSED_STATUS, NOT_FOUND = 401, 404
PLACES = ("id_place", "event_place", "time_place")


READ_BY_CALL = [f"hook_{name}" for name in ("scheme", "addresses", "tolerance", "max_kb", "rate", *HOOK_OPTIONS)]
READ_BY_CALL += [f"hook_{name}" for name in (*PLACES, "challenge", "challenge_name", "old_until")]
READ_BY_CALL += [f"hook_{name}_sealed" for name in ("secret", "old_secret", "token")]
READ_BY_CALL += ["company_id", *(f"{name}_sealed" for name in SECRETS)]


class BridgeWebhookMixin(models.AbstractModel):
    """The webhook of a connector: its address, how a call proves who has sent it, and where it says what.

    The address has a random part, and is kept as secrets are: encrypted, with a hash to find it by.
    """

    _name = "bridge.webhook.mixin"
    _description = "Webhook"

    hook_scheme = fields.Selection(
        "_selection_hook_scheme",
        string="Verification",
        tracking=True,
        help="How a call proves who has sent it. Empty: the connector has no webhook.",
    )
    hook_header = fields.Char("Header", help="The header that has the signature, the secret or the fingerprint.")
    hook_prefix = fields.Char("Before It", help="What stands before the signature or the secret: sha256= or Bearer ")
    hook_hash = fields.Selection([("sha256", "SHA-256"), ("sha512", "SHA-512")], string="Hash of the Signature")
    hook_encoding = fields.Selection([("hex", "Hexadecimal"), ("base64", "Base64")], string="Signature Written As")
    hook_key_encoding = fields.Selection(
        [("text", "Text"), ("base64", "Base64"), ("hex", "Hexadecimal")], string="Webhook Secret Is Written As"
    )
    hook_signed_text = fields.Char("Text That Is Signed", help="{body}, or for example v0:{timestamp}:{body}")
    hook_timestamp_header = fields.Char(
        "Header of the Time", help="The header with the {timestamp} that is signed: seconds since 1970."
    )
    hook_username = fields.Char("Webhook User Name")
    hook_fingerprint = fields.Char(
        "Fingerprint", help="Of the client's certificate, as the proxy tells it; several are separated by commas."
    )
    hook_addresses = fields.Char(
        "Callers' IP Addresses",
        help="Only these may call: addresses or networks, separated by commas. Empty: all. Behind a proxy Odoo needs"
        " proxy_mode, else it sees the proxy's address.",
    )
    hook_anybody = fields.Boolean("Yes, Anybody Who Knows the Address May Call")
    hook_tolerance = fields.Integer(
        "Tolerance (s)", default=300, required=True, help="How far the signed time may be from ours, both ways."
    )
    hook_max_kb = fields.Integer(
        "Largest Call (kB)", default=1024, required=True, help="A larger body is refused before it is read."
    )
    hook_rate = fields.Integer(
        "Calls a Second",
        default=500,
        required=True,
        help="Most calls of one IP address, in each process of Odoo; 0: no limit. What is too much is answered 429.",
    )
    hook_id_place = fields.Char(
        "Delivery ID In", help="header:NAME, or a JMESPath in the body. By it a repeated call is known."
    )
    hook_event_place = fields.Char("Event In", help="header:NAME, or a JMESPath in the body. Routes are chosen by it.")
    hook_time_place = fields.Char(
        "Time of the Event In",
        help="header:NAME, or a JMESPath in the body. What is older than what was taken of a record is ignored.",
    )
    hook_challenge = fields.Selection(
        [("query", "A parameter of the address"), ("body", "A field of the body")],
        string="Challenge In",
        help="Where the other system sends a text that it wants back, before it begins to use an address.",
    )
    hook_challenge_name = fields.Char("Challenge Name", help="For example: hub.challenge, validationToken, challenge")
    hook_secret = fields.Char(
        "Webhook Secret",
        compute="_compute_hook_secret",
        inverse="_inverse_hook_secret",
        groups="base.group_system",
        help="It is stored encrypted and never shown again.",
    )
    hook_secret_sealed = fields.Char(copy=False, groups=fields.NO_ACCESS)
    hook_old_secret_sealed = fields.Char(copy=False, groups=fields.NO_ACCESS)
    hook_old_until = fields.Datetime(
        "Old Secret Valid Until", readonly=True, copy=False, help="After a rotation both secrets are taken until then."
    )
    hook_token_sealed = fields.Char(copy=False, groups=fields.NO_ACCESS)
    hook_token_hash = fields.Char(copy=False, groups=fields.NO_ACCESS)
    hook_address = fields.Char(
        "Webhook Address",
        compute="_compute_hook_address",
        groups="base.group_system",
        help="Enter it in the other system. Treat it like a password.",
    )
    has_hook_secret = fields.Boolean("Webhook Secret Is Set", compute="_compute_has_hook_secret", compute_sudo=True)
    hook_uses = fields.Char(compute="_compute_hook_uses")  # for the form: names in blanks
    hook_defaults = fields.Char("If Empty", compute="_compute_hook_uses")
    route_ids = fields.One2many("bridge.route", "connector_id", string="Routes", copy=False)
    delivery_waiting_count = fields.Integer("Deliveries That Wait", compute="_compute_deliveries")
    delivery_failed_count = fields.Integer("Failed Deliveries", compute="_compute_deliveries")
    last_delivery_id = fields.Many2one("bridge.delivery", compute="_compute_deliveries")
    hook_refused = fields.Integer("Refused Calls", compute="_compute_hook_refused")
    hook_refused_text = fields.Char("Last Refused", compute="_compute_hook_refused")

    _hook_token_uniq = models.UniqueIndex("(hook_token_hash) WHERE hook_token_hash IS NOT NULL")
    _hook_limits = models.Constraint(
        f"CHECK(hook_tolerance BETWEEN 1 AND {MOST_TOLERANCE} AND hook_max_kb BETWEEN 1 AND {MOST_KB}"
        f" AND hook_rate BETWEEN 0 AND {MOST_RATE})",
        "The webhook's tolerance must be 1 s to a day, its largest call 1 kB to 16 MB, calls a second at most 100,000.",
    )

    # ----------------------------------------------------------------------------------------------------------------
    # Computes
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _selection_hook_scheme(self):
        return [(name, self.env._(scheme.label)) for name, scheme in HOOK_SCHEMES.items()]

    def _compute_hook_secret(self):
        self.hook_secret = False

    @api.depends("hook_secret_sealed")
    def _compute_has_hook_secret(self):
        for connector in self:
            connector.has_hook_secret = bool(connector.hook_secret_sealed)

    def _compute_hook_address(self):
        for connector in self:
            try:
                token = unseal(self.env, connector.sudo().hook_token_sealed)
            except UserError:  # it was encrypted on another server
                token = False
            connector.hook_address = token and connector.hook_scheme and connector.get_base_url() + PATH + token

    @api.depends("hook_scheme")
    def _compute_hook_uses(self):
        for connector in self:
            scheme = HOOK_SCHEMES.get(connector.hook_scheme)
            marks = [name for name in ("has_secret", "has_time", "needs_yes") if scheme and getattr(scheme, name)]
            connector.hook_uses = f" {' '.join((*scheme.fields, *marks))} " if scheme else False
            places = {name: getattr(scheme, name, "") or "-" for name in PLACES}
            connector.hook_defaults = scheme and self.env._(
                "Event in %(event_place)s, delivery ID in %(id_place)s, time in %(time_place)s", **places
            )

    def _compute_deliveries(self):
        deliveries = self.env["bridge.delivery"]
        counts = deliveries._read_group(
            [("connector_id", "in", self.ids), ("state", "in", ("waiting", "failed"))],
            ["connector_id", "state"],
            ["__count"],
        )
        counts = {(connector, state): count for connector, state, count in counts}
        for connector in self:
            connector.delivery_waiting_count = counts.get((connector, "waiting"), 0)
            connector.delivery_failed_count = counts.get((connector, "failed"), 0)
            connector.last_delivery_id = deliveries.search([("connector_id", "=", connector.id)], limit=1)

    def _compute_hook_refused(self):
        gates = {gate.connector_id: gate for gate in self.env["bridge.gate"].search([("connector_id", "in", self.ids)])}
        for connector in self:
            gate = gates.get(connector, self.env["bridge.gate"])
            connector.hook_refused = gate.refused
            connector.hook_refused_text = gate._last_refusal()

    # ----------------------------------------------------------------------------------------------------------------
    # Constraints
    # ----------------------------------------------------------------------------------------------------------------

    @api.constrains(
        "hook_scheme",
        "hook_addresses",
        "hook_anybody",
        "hook_challenge",
        "hook_challenge_name",
        *(f"hook_{name}" for name in (*HOOK_OPTIONS, *PLACES)),
    )
    def _check_webhook(self):
        for connector in self.filtered("hook_scheme"):
            connector._refuse_webhook(connector._webhook_problem(connector._readable_hook_secrets()))
            if not connector.sudo().hook_token_hash:
                connector._give_hook_address()

    def _refuse_webhook(self, problem):
        """:raises ValidationError: if there is a problem"""
        if problem:
            raise ValidationError(
                self.env._("Connector “%(connector)s”, webhook: %(problem)s", connector=self.name, problem=problem)
            )

    def _webhook_problem(self, secrets):
        """What is wrong with the webhook.

        :param secrets: those that were typed just now
        :return: a sentence, or None
        """
        scheme = HOOK_SCHEMES[self.hook_scheme]
        for name in (*scheme.required, *(["addresses"] if scheme.needs_addresses else [])):
            if not self[f"hook_{name}"]:
                label = self._fields[f"hook_{name}"].get_description(self.env, ["string"])["string"]
                return self.env._("enter “%s”.", label)
        if scheme.needs_yes and not self.hook_anybody:
            return self.env._(
                "without a verification anybody who learns the address can send what he likes. Choose another"
                " verification, or say so with the check box."
            )
        if self.hook_challenge and not self.hook_challenge_name:
            return self.env._("enter the name of the parameter or field that has the challenge.")
        try:
            read_networks(self.hook_addresses or "")
            for name in PLACES:
                place = self[f"hook_{name}"]
                if place and header_of(place) is None:
                    parse_expression(place)
            scheme(self._hook_options(), secrets).check()
        except (ConfigurationError, MappingError) as error:
            return self.env["bridge.connector"]._explain(error)
        return None

    # ----------------------------------------------------------------------------------------------------------------
    # Address and secrets
    # ----------------------------------------------------------------------------------------------------------------

    def _give_hook_address(self):
        """A new address; the one before is nobody's any more."""
        token = randomness.token_urlsafe(24)
        self.sudo().write({"hook_token_sealed": seal(self.env, token), "hook_token_hash": _hash(token)})

    def _inverse_hook_secret(self):
        """A secret that was typed counts at once, and alone; the wizard lets the old one be valid for a while."""
        for connector in self.filtered("hook_secret"):
            connector._keep_hook_secret(connector.hook_secret, 0)

    def _keep_hook_secret(self, secret, hours):
        """Set the secret of the webhook.

        :param str secret: the new one
        :param float hours: how long the old one is taken, too
        :raises ValidationError: if it can not be one
        """
        self.ensure_one()
        if not self.hook_scheme or not HOOK_SCHEMES[self.hook_scheme].has_secret:
            self._refuse_webhook(self.env._("this verification has no secret. Choose another one first."))
        self._refuse_webhook(self._webhook_problem((secret,)))
        connector = self.sudo()
        is_kept = hours > 0 and connector._readable(connector.hook_secret_sealed)
        connector.write(
            {
                "hook_old_secret_sealed": connector.hook_secret_sealed if is_kept else False,
                "hook_old_until": fields.Datetime.add(fields.Datetime.now(), minutes=round(hours * 60))
                if is_kept
                else False,
                "hook_secret_sealed": seal(self.env, secret),
            }
        )

    def _hook_options(self):
        """What a scheme wants to know.

        :rtype: dict
        """
        options = {name: self[f"hook_{name}"] for name in HOOK_OPTIONS if self[f"hook_{name}"]}
        return {**options, "addresses": self.hook_addresses or None, "tolerance": self.hook_tolerance}

    def _door(self):
        """What a call has to know. A secret that was encrypted with another key is None there.

        :rtype: Door
        """
        connector = self.sudo()
        connector.fetch(READ_BY_CALL)  # what a call needs, and not the hundred other fields
        scheme = HOOK_SCHEMES.get(connector.hook_scheme)
        return Door(
            connector_id=connector.id,
            company_id=connector.company_id.id or None,
            most=connector.hook_max_kb * 1024,
            rate=connector.hook_rate,
            challenge=connector.hook_challenge or None,
            challenge_name=connector.hook_challenge_name or None,
            places={name: connector[f"hook_{name}"] or getattr(scheme, name, "") for name in PLACES},
            scheme_name=connector.hook_scheme,
            options=connector._hook_options(),
            secret=connector._readable(connector.hook_secret_sealed),
            old_secret=connector._readable(connector.hook_old_secret_sealed),
            old_until=connector.hook_old_until or None,
            blanked=connector._all_secrets(),
        )

    def _hook(self):
        """The scheme, with the secrets that are valid now.

        :rtype: HookScheme
        :raises UserError: if the secrets were encrypted with another key
        """
        connector, now = self.sudo(), fields.Datetime.now()
        unseal(self.env, connector.hook_secret_sealed)
        if connector.hook_old_until and connector.hook_old_until > now:
            unseal(self.env, connector.hook_old_secret_sealed)
        return self._door().scheme(now)

    def _readable(self, sealed):
        """:return: a secret; empty if there is none, None if it was encrypted with another key"""
        try:
            return unseal(self.env, sealed)
        except UserError:
            return None

    def _readable_hook_secrets(self):
        """Those that are valid now, as far as they can be read here.

        :rtype: tuple[str]
        """
        try:
            return self._hook().secrets
        except UserError:
            return ()

    def _hook_secrets(self):
        """All of them, to be blanked wherever they are repeated; those that can not be read now can not be repeated.

        :rtype: tuple[str]
        """
        connector = self.sudo()
        sealed = (connector.hook_secret_sealed, connector.hook_old_secret_sealed, connector.hook_token_sealed)
        return tuple(filter(None, map(connector._readable, sealed)))

    def _all_secrets(self):
        """What must not be kept of a call: those of the webhook, and the connector's own as far as they can be read.

        :rtype: tuple[str]
        """
        try:
            own = self._unsealed().values()
        except UserError:  # a call is taken all the same
            own = ()
        return (*own, *self._hook_secrets())

    @api.model
    def _by_hook_token(self, token):
        """The door of the connector that has this address.

        :param str token: the random part of the address
        :rtype: Door | None
        """
        self.env.cr.execute(
            "SELECT id, ctid::text || xmin::text FROM bridge_connector"
            " WHERE hook_token_hash = %s AND hook_scheme IS NOT NULL",
            [_hash(token)],
        )
        for connector_id, version in self.env.cr.fetchall():
            name = "door", self.env.cr.dbname, connector_id
            return as_long_as(name, version, self.sudo().browse(connector_id)._door_to_keep)
        return None

    def _door_to_keep(self):
        """To read its row and to decrypt its secrets was a third of the cost of a call.

        :return: the door, and whether it may be kept: not if a secret can not be read, or its addon is gone. Key and
            addon may be put back at any moment, without a change of the row
        :rtype: tuple[Door, bool]
        """
        door = self._door()  # it has fetched all that is read here
        connector, sealed = self.sudo(), [name for name in READ_BY_CALL if name.endswith("_sealed")]
        is_whole = all(connector._readable(connector[name]) is not None for name in sealed)
        return door, is_whole and connector.hook_scheme in HOOK_SCHEMES

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def _check_sets_credentials(self):
        """:raises AccessError: for everybody but an administrator of Odoo"""
        self.check_access("write")
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._("Only somebody with Odoo's role Administrator sets addresses and secrets. Ask one.")
            )

    def action_new_hook_address(self):
        """The old address may be known to others: from now on it is answered as any that does not exist."""
        self.ensure_one()
        self._check_sets_credentials()
        if self.hook_remote_id:
            self._take_back_hook()
        self._give_hook_address()

    def action_send_test(self):
        """Make a call that is right, through the real door: by HTTP, to the address that the other system calls."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        if not self.hook_scheme:
            raise UserError(self.env._("“%s” has no webhook. Choose a verification first.", self.name))
        scheme, now = self._hook(), time.time()
        if scheme.has_secret and not scheme.secrets:
            raise UserError(self.env._("Set a secret first: press “New Secret”."))
        delivery_id = f"test_{randomness.token_hex(8)}"
        body = test_body(now, delivery_id)
        try:
            headers = {"Content-Type": "application/json", **scheme.sign(body, now, delivery_id)}
        except ConfigurationError as error:
            raise UserError(self._explain(error)) from error
        kind, message = "danger", ""
        try:
            # It is our own address, which is no secret to us and may be private; no proxy of the environment is asked.
            with requests.Session() as session:
                session.trust_env = False
                address = self.sudo().hook_address
                answer = session.post(address, body, headers=headers, timeout=TEST_SECONDS, allow_redirects=False)
            if answer.ok and not answer.is_redirect:
                kind = "success"
                message = self.env._("The test was taken. It is among the deliveries, and waits for a lane.")
            else:
                message = self.env._(
                    "The door answered with status %(status)s. %(reason)s",
                    status=answer.status_code,
                    reason=self._why_refused(answer.status_code),
                )
        except requests.RequestException as error:
            message = self.env._(
                "This server does not reach its own address %(address)s (%(problem)s). Look at the system parameter"
                " web.base.url; the other system may reach it all the same.",
                address=self.get_base_url(),
                problem=type(error).__name__,
            )
        title = self.env._("Webhook")
        params = {"type": kind, "title": title, "message": message, "sticky": kind != "success"}
        return {"type": "ir.actions.client", "tag": "display_notification", "params": params}

    def _why_refused(self, status):
        if status == REFUSED_STATUS:
            return self.env._("It was refused: look at the IP addresses that may call, and at the last refusal below.")
        if status == NOT_FOUND:
            return self.env._("Another server answers there, or one that has several databases: set a dbfilter.")
        return self.env._("Look at the log of the server.")

    def action_open_deliveries(self):
        self.check_access("read")
        return self._open("delivery")

    def action_open_failed_deliveries(self):
        action = self.action_open_deliveries()
        return {**action, "domain": [*action["domain"], ("state", "=", "failed")]}


def _hash(token):
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
