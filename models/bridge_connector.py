import json
import re
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .. import capture
from ..connect.addresses import ALLOWED_ADDRESSES, is_http, parse_addresses
from ..connect.secret_box import seal
from ..connect.shared_tokens import SharedTokens
from ..connect.turnstile import MOST_REQUESTS, Turnstile
from ..definition.check import check
from ..definition.export import export
from ..definition.load import load
from ..definition.ready import check_references
from ..jobs.kinds import ENDED_WELL, SINGLE
from ..jobs.schedule import end_waiting
from ..json_text import read_json
from ..mapping.errors import MappingError
from ..moments import zone_choices
from ..remote.auth import SCHEMES
from ..remote.client import Client, Request, Settings
from ..remote.errors import ConfigurationError, RemoteError
from ..remote.redaction import is_credential, literal_secret, redact_url, secret_in_url
from ..remote.steering import steers
from ..road.pull import trial
from .bridge_alert import DOWN
from .bridge_secrets_mixin import SECRETS
from .local_times import in_local_time

CREDENTIAL_FIELDS = {
    "base_url",
    "headers",
    "verify_tls",
    "ca_pem",
    "proxy",
    "proxy_url",
}  # whoever sets these decides who gets the credentials
REOPENING = CREDENTIAL_FIELDS | {"rate_requests", "rate_period", "rate_burst"}
REOPENING |= {*SECRETS, "secret_sealed", "state"}  # what may end a rest or pause
GROWING = {"base_url", "caller_ids", "hook_scheme"}  # who calls or is called
MOST_REASONS = 8
REACHED = (404, 405)  # an API need not have anything at its base address


class BridgeConnector(models.Model):
    _name = "bridge.connector"
    _description = "Connector"
    _inherit = [
        "bridge.code.mixin",
        "bridge.authentication.mixin",
        "bridge.secrets.mixin",
        "bridge.network.mixin",
        "bridge.webhook.mixin",
        "bridge.registration.mixin",
        "bridge.instance.mixin",
        "bridge.guide.mixin",
        "bridge.contents.mixin",
        "bridge.overview.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "name, id"
    _link = "connector_id"

    # What it is
    name = fields.Char(required=True, tracking=True)
    code = fields.Char(required=True, copy=False, help="Names the connector in definitions and in code.")
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("disabled", "Disabled"), ("preview", "Trial"), ("live", "Live")],
        default="disabled",
        required=True,
        copy=False,
        tracking=True,
        help="Disabled: nothing runs; only Test Connection and Preview of a flow call the other system.\n"
        "Trial: the other system is read and every change is planned and shown, but nothing is written.\n"
        "Live: records are written.",
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company, index=True)
    user_id = fields.Many2one(
        "res.users",
        string="Acting User",
        default=lambda self: self.env.user - self.env.ref("base.user_root"),
        domain=[("share", "=", False)],
        tracking=True,
        help="Records are read and written in Odoo with the rights of this user.",
    )
    approval_ids = fields.One2many("bridge.approval", "connector_id", readonly=True)
    approval_problem = fields.Text("Why It Has Stopped", compute="_compute_approval_problem")
    flow_ids = fields.One2many("bridge.flow", "connector_id", string="Flows")
    flow_count = fields.Integer("Number of Flows", compute="_compute_counts")
    failure_count = fields.Integer(compute="_compute_counts", string="Open Failures")
    conflict_count = fields.Integer(compute="_compute_counts", string="Open Conflicts")
    last_success = fields.Datetime(compute="_compute_counts", string="Last Successful Run")
    health = fields.Selection(
        [("ok", "OK"), ("attention", "Attention"), ("down", "Down")], compute="_compute_health", search="_search_health"
    )
    health_reason = fields.Text(compute="_compute_health", string="What Is the Matter")
    is_shut = fields.Boolean(compute="_compute_health", help="Does it rest, wait or pause?")
    is_paused = fields.Boolean(compute="_compute_health", help="Has a person paused it?")
    responsible_ids = fields.Many2many(
        "res.users",
        "bridge_connector_responsible_rel",
        string="Responsible People",
        domain=[("share", "=", False)],
        help="Who is told when it needs attention; if nobody, the alert receivers of the settings.",
    )

    # Where it is and how to talk to it
    base_url = fields.Char(
        "Base Address", tracking=True, help="Empty where the other system only calls Odoo: all flows are “Called Only”."
    )
    caller_ids = fields.Many2many(
        "res.users",
        "bridge_connector_caller_rel",
        string="Callers",
        copy=False,
        help="Users with the role “External System” that may call this connector's flows by Odoo's external API.",
    )
    headers = fields.Text(
        "Extra Headers", help='JSON: headers sent with every request, without credentials. Example: {"Accept": "…"}'
    )
    connect_timeout = fields.Float("Connect Time-out (s)", default=5, required=True)
    read_timeout = fields.Float("Read Time-out (s)", default=30, required=True)
    total_timeout = fields.Float("Total Time-out (s)", default=120, required=True)
    verify_tls = fields.Boolean("Verify TLS Certificate", default=True)
    ca_pem = fields.Text("Own CA (PEM)", help="The certificate of your own certificate authority.")
    allowed_addresses = fields.Char(
        "Allowed Private Addresses",
        groups="base.group_system",
        help="Host names, IP addresses or networks inside your own network that this connector may call, separated by"
        " commas. Example: 10.0.0.5, 192.168.1.0/24",
    )
    timezone = fields.Selection(
        zone_choices, default="UTC", required=True, help="The zone of times that the other system sends without one."
    )
    log_level = fields.Selection(
        [("errors", "Errors"), ("changes", "Changes"), ("everything", "Everything")],
        default="changes",
        required=True,
        help="Errors: log lines and HTTP exchanges only of what failed.\n"
        "Changes: also every record that was changed.\n"
        "Everything: also every HTTP exchange.",
    )

    # How fast
    rate_requests = fields.Integer("Requests", default=0, help="So many requests in a period; 0: no limit.")
    rate_period = fields.Float("Period (s)", default=1.0, required=True)
    rate_burst = fields.Integer(
        "Burst", default=1, required=True, help="Requests that may go at once after a quiet time."
    )
    max_requests = fields.Integer(
        "Requests at Once", default=0, help="Requests under way at the same time, over all lanes; 0: no limit."
    )
    max_lanes = fields.Integer(
        "Lanes at Once", default=0, help="Lanes that work for this connector at the same time; 0: all of them."
    )

    # Creating exactly once
    idempotency_header = fields.Char(
        help="Header by which the other system knows a request that it has had already, such as Idempotency-Key."
    )
    idempotency_hours = fields.Float(
        "Remembered for (h)", default=24.0, required=True, help="How long the other system knows such a request again."
    )
    settle_seconds = fields.Float(
        "Settling Time (s)",
        default=30.0,
        required=True,
        help="How long after a lost answer the record may still come to be there. Only after that, a record that is not"
        " found is created again.",
    )

    _code_uniq = models.Constraint("UNIQUE(code)", "Another connector has this code already.")
    _limits_sensible = models.Constraint(
        "CHECK(rate_requests >= 0 AND rate_period > 0 AND rate_burst >= 1 AND max_lanes >= 0"
        f" AND max_requests BETWEEN 0 AND {MOST_REQUESTS})",
        "Limits must not be negative, the period more than 0 s, the burst at least 1, requests at once at most 64.",
    )
    _timeouts_sensible = models.Constraint(
        "CHECK(connect_timeout > 0 AND connect_timeout <= 300 AND read_timeout > 0 AND read_timeout <= 3600"
        " AND total_timeout > 0 AND total_timeout <= 3600)",
        "Time-outs must be more than 0 s; to connect at most 300 s, the others at most 3600 s.",
    )
    _times_sensible = models.Constraint(
        "CHECK(rate_period <= 86400 AND settle_seconds BETWEEN 0 AND 86400 AND idempotency_hours BETWEEN 0 AND 8760)",
        "The period and the settling time can be a day at most (86400 s), and requests be remembered for 8760 h.",
    )

    # ----------------------------------------------------------------------------------------------------------------
    # Computes
    # ----------------------------------------------------------------------------------------------------------------

    def _compute_counts(self):
        failures = dict(
            self.env["bridge.job"]._read_group(
                [("connector_id", "in", self.ids), ("state", "in", ("failed", "uncertain"))],
                ["connector_id"],
                ["__count"],
            )
        )
        conflicts = self.env["bridge.conflict"]._count_open("connector_id", self)
        successes = dict(
            self.env["bridge.run"]._read_group(
                [
                    ("connector_id", "in", self.ids),
                    ("state", "in", ENDED_WELL),
                    ("dry_run", "=", False),
                    ("trigger", "not in", SINGLE),
                ],
                ["connector_id"],
                ["finished:max"],
            )
        )
        for connector in self:
            connector.flow_count = len(connector.flow_ids)
            connector.failure_count = failures.get(connector, 0)
            connector.conflict_count = conflicts.get(connector, 0)
            connector.last_success = successes.get(connector, False)

    def _compute_health(self):
        gates = self.env["bridge.gate"].sudo()._of(self)
        situations = self.env["bridge.alert"].sudo()._situations(self.sudo(), gates).values()
        gates = {gate.connector_id: gate for gate in gates}
        for connector in self:
            own = [one for one in situations if one["connector_id"] in (connector.id, False)]
            gate = gates.get(connector, self.env["bridge.gate"])
            connector.is_shut, connector.is_paused = gate.paused or gate._is_resting(), bool(gate.held)
            if connector.state == "disabled":
                connector.health = connector.health_reason = False
                continue
            connector.health = "down" if any(one["kind"] in DOWN for one in own) else "attention" if own else "ok"
            reasons = "\n".join(connector._about_itself(one["message"]) for one in own[:MOST_REASONS])
            connector.health_reason = in_local_time(self.env, reasons)

    def _compute_approval_problem(self):
        for connector in self:
            # One that is being entered acts as nobody yet.
            problem = connector._origin and self.env["bridge.approval"]._problem(connector)
            connector.approval_problem = problem or False

    # ----------------------------------------------------------------------------------------------------------------
    # Constraints
    # ----------------------------------------------------------------------------------------------------------------

    @api.constrains("base_url", "auth_token_url", "auth_authorize_url")
    def _check_addresses(self):
        for connector in self:
            for field_name in ("base_url", "auth_token_url", "auth_authorize_url"):
                address = connector[field_name]
                if address and not is_http(address):
                    raise ValidationError(
                        self.env._(
                            "Connector “%(connector)s”: “%(address)s” is not an address that can be called. It must"
                            " begin with http:// or https:// and name a host, without a user name in it.",
                            connector=connector.name,
                            address=address,
                        )
                    )
                carrier = address and secret_in_url(address)
                if carrier:
                    raise ValidationError(
                        self.env._(
                            "Connector “%(connector)s”: the address carries a credential in “%(name)s”. Take it out,"
                            " and choose an authentication such as “API key in the address”; there it is encrypted.",
                            connector=connector.name,
                            name=carrier,
                        )
                    )

    @api.constrains("code")
    def _check_code(self):
        for connector in self:
            if not re.fullmatch(r"[a-z0-9_]+", connector.code or ""):
                raise ValidationError(
                    self.env._("The code “%s” may only have small letters, digits and underscores.", connector.code)
                )

    @api.constrains("headers")
    def _check_headers(self):
        for connector in self:
            headers = read_json(connector, "headers") or {}
            for name, value in headers.items():
                if steers(name):
                    raise ValidationError(
                        self.env._(
                            "Connector “%(connector)s”: the header “%(header)s” decides where a request goes, so it can"
                            " not be set. Remove it; what is meant belongs into the base address.",
                            connector=connector.name,
                            header=name,
                        )
                    )
                if is_credential(name) or literal_secret(value):
                    raise ValidationError(
                        self.env._(
                            "Connector “%(connector)s”: the header “%(header)s” carries credentials, which do not"
                            " belong here. Choose an authentication instead; there the secret is encrypted.",
                            connector=connector.name,
                            header=name,
                        )
                    )
                if not isinstance(value, str):
                    raise ValidationError(
                        self.env._(
                            "Connector “%(connector)s”: the value of the header “%(header)s” must be text.",
                            connector=connector.name,
                            header=name,
                        )
                    )

    @api.constrains("allowed_addresses")
    def _check_allowed_addresses(self):
        for connector in self.sudo():
            parse_addresses(self.env, connector.allowed_addresses)

    @api.constrains("user_id", "company_id", "state")
    def _check_user(self):
        for connector in self:
            user = connector.user_id
            if connector.state == "live" and not user:
                raise ValidationError(
                    self.env._("Connector “%s” needs an acting user before it goes live.", connector.name)
                )
            if user and (user.share or user == self.env.ref("base.user_root")):
                raise ValidationError(
                    self.env._(
                        "Connector “%(connector)s”: %(user)s can not be the acting user. Choose an internal user with"
                        " just the rights that the integration needs.",
                        connector=connector.name,
                        user=user.name,
                    )
                )
            if user and connector.company_id and connector.company_id not in user.company_ids:
                raise ValidationError(
                    self.env._(
                        "Connector “%(connector)s”: the acting user %(user)s has no access to %(company)s.",
                        connector=connector.name,
                        user=user.name,
                        company=connector.company_id.name,
                    )
                )

    def _check_who_moves_credentials(self, vals):
        """Only who may set credentials may say where they are sent.

        :raises AccessError: naming the connector
        """
        moves = any(name in CREDENTIAL_FIELDS or name.startswith("auth_") for name in vals)
        if not moves or self.env.su or self.env.user.has_group("base.group_system"):
            return
        for connector in self.filtered(lambda connector: any(connector[f"has_{name}"] for name in SECRETS)):
            raise AccessError(
                self.env._(
                    "The connector “%s” has credentials. Ask a system administrator to change its address or"
                    " authentication, because the credentials would be sent there.",
                    connector.name,
                )
            )

    # ----------------------------------------------------------------------------------------------------------------
    # CRUD
    # ----------------------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        approvals = self.env["bridge.approval"]
        self.env["bridge.instance"]._remember_home()
        connectors = super().create(vals_list)
        approvals._check_choice(connectors.user_id)  # also one that is a default
        approvals._check_person(connectors)
        approvals._approve(connectors)
        self.env["bridge.gate"]._ensure(connectors)
        return connectors

    def write(self, vals):
        approvals = self.env["bridge.approval"]
        if any(connector.user_id.id != vals.get("user_id", connector.user_id.id) for connector in self):
            approvals._check_choice(self.user_id.browse(vals["user_id"] or ()))
        self._check_who_moves_credentials(vals)
        had_changes = self.filtered(lambda connector: connector.active and connector.state != "disabled")
        with approvals._configuring(self, grows=bool(vals.keys() & GROWING)):
            result = super().write(vals)
        if "user_id" in vals:
            approvals._check_person(self)
            approvals._approve(self)
        if "timezone" in vals:  # what was read was read in the old one
            self.flow_ids._configuration_changed()
        if vals.get("state") in ("preview", "live"):
            check_references(self.flow_ids)
        if vals.get("state") == "live":
            self.env["bridge.instance"]._check()
        if vals.keys() & {"state", "active"}:
            capture.update(self.env)
            (self - had_changes).flow_ids.push_scan_needed = True  # nothing was kept for it until now
        if any(name in REOPENING or name.startswith("auth_") for name in vals):
            self.env["bridge.gate"].sudo()._of(self)._open()
        end_waiting(self.flow_ids)
        return result

    def unlink(self):
        self.env["bridge.approval"]._check_person(self)
        # One by one, not by cascade: flows take their entries in the Actions menus with them.
        self.with_context(active_test=False).flow_ids.unlink()
        return super().unlink()

    def copy_data(self, default=None):
        """Who may not set something can not copy it either; and who copies a connector has it act as himself."""
        default, hidden = default or {}, ()
        if not self.env.su and not self.env["bridge.approval"]._is_system(self.env.user):
            default = {"user_id": self.env.uid, **default}
            hidden = {
                name for name, field in self._fields.items() if field.groups == "base.group_system"
            } - default.keys()
        vals_list = super().copy_data(default={**dict.fromkeys(hidden, False), **default})
        for connector, vals in zip(self, vals_list, strict=True):
            for name in hidden:
                vals.pop(name, None)
            copied = {"name": self.env._("%s (copy)", connector.name), "code": "%s_copy" % connector.code}
            vals |= {**copied, **default}
        return vals_list

    # ----------------------------------------------------------------------------------------------------------------
    # Talking to the other system
    # ----------------------------------------------------------------------------------------------------------------

    def _gate(self):
        """What the lanes share about this connector.

        :rtype: BridgeGate
        """
        self.ensure_one()
        return self.env["bridge.gate"].sudo().search([("connector_id", "=", self.id)])

    def _client(self, exchanges=None):
        """One pooled HTTP session with the other system.

        :param list exchanges: every HTTP exchange is appended to it
        :rtype: Client
        """
        self.ensure_one()
        self.env["bridge.instance"]._check()
        connector = self.sudo()
        secrets, scheme = connector._unsealed(), SCHEMES[connector.auth_scheme]
        auth = scheme(
            connector._auth_options(),
            {name: secrets[name] for name in scheme.secrets if name in secrets},
            cache_key=f"{self.env.cr.dbname}/{self.id}",
            on_secret=connector._keep_secret,
            shared=SharedTokens(self.env.cr.dbname, self.id),
        )
        settings = Settings(
            base_url=connector.base_url or None,
            headers=read_json(connector, "headers") or {},
            connect_timeout=connector.connect_timeout,
            read_timeout=connector.read_timeout,
            total_timeout=connector.total_timeout,
            verify=connector.verify_tls,
            ca_pem=connector.ca_pem or None,
            allowed_addresses=connector._allowed_addresses(),
            proxy=connector._proxy_setting(secrets.get("proxy_password")),
            cookies=connector.keep_cookies,
        )
        return Client(
            settings,
            auth,
            on_exchange=exchanges.append if exchanges is not None else None,
            secrets=(*secrets.values(), *connector._hook_secrets()),
            turnstile=connector._turnstile(),
        )

    def _turnstile(self):
        if not self.rate_requests and not self.max_requests:
            return None
        return Turnstile(self.env.cr.dbname, self.id, urlsplit(self.base_url or "").hostname)

    def _allowed_addresses(self):
        everywhere = self.env["ir.config_parameter"].sudo().get_param(ALLOWED_ADDRESSES, "")
        return parse_addresses(self.env, everywhere) + parse_addresses(self.env, self.sudo().allowed_addresses)

    def _keep_secret(self, name, value):
        """A rotated refresh token: kept at once and whatever becomes of the work, because the old one is void now."""
        sealed = seal(self.env, value)
        with self.env.registry.cursor() as cr:
            connector = self.with_env(self.env(cr=cr)).sudo()
            connector[f"{name}_sealed"] = sealed

    def _explain(self, error):
        """An error of the plain layers, exactly, in the language of the person who sets the connector up.

        :param error: a RemoteError, a MappingError, or anything else
        :rtype: str
        """
        return self._in_words(error, RemoteError.render)

    def _tell(self, error):
        """The same for those who only use it: what it means and who can help comes before the details."""
        return self._in_words(error, RemoteError.told)

    def _in_words(self, error, of_remote):
        if isinstance(error, RemoteError):
            message = of_remote(error, self.env._)
            if error.kind == "protocol" and error.excerpt:
                message += "\n" + self.env._("The answer began: %s", error.excerpt)
            return message
        if isinstance(error, (MappingError, ConfigurationError)):
            template = self.env._(error.template)
            return template % error.values
        text = str(error.args[0]) if getattr(error, "args", None) else str(error)
        return text.strip() or type(error).__name__

    # ----------------------------------------------------------------------------------------------------------------
    # Definitions
    # ----------------------------------------------------------------------------------------------------------------

    def _export_definition(self):
        """This connector as a document that another database can import; it has no secrets.

        :rtype: dict
        """
        self.ensure_one()
        return export(self)

    def action_export_definition(self):
        """Download the definition as a file."""
        self.ensure_one()
        self.check_access("read")
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{self.code}.json",
                "raw": json.dumps(self._export_definition(), ensure_ascii=False, indent=2).encode(),
                "mimetype": "application/json",
            }
        )
        return {"type": "ir.actions.act_url", "url": f"/web/content/{attachment.id}?download=true", "target": "self"}

    @api.model
    def _import_definition(self, document):
        """Make or update a connector from a definition. Importing the same one again changes nothing.

        A new connector is disabled; state, acting user and credentials of an existing one stay as they are.

        :param dict document: see ``definition/schema.json``
        :rtype: BridgeConnector
        :raises UserError: naming every problem and its place; then nothing is written
        """
        check(self.env, document)
        return load(self.env, document)

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_test_connection(self):
        """Call the other system now and say in words what came of it."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        if not self.base_url:
            raise UserError(
                self.env._(
                    "“%s” has no Base Address: the other system calls Odoo. Have it call “status” of a flow to see"
                    " whether it gets in.",
                    self.name,
                )
            )
        lists = self.flow_ids.filtered(lambda flow: not flow.parent_id).operation_ids
        exchanges, operation = [], lists.filtered(lambda one: one.kind == "list")[:1]
        kind, title = "success", self.env._("The connection works")
        try:
            with self._client(exchanges) as client:
                if operation:
                    page = operation._read_first_page(client)
                    message, doubts = self._told_of_page(operation, page.records)
                    if doubts:
                        kind, title = "warning", self.env._("The connection works, but look at this")
                else:
                    answer = client.send(Request("GET", ""), accept_statuses=REACHED)
                    message = self.env._(
                        "%(address)s answered with status %(status)s. Whether address and sign-in are right shows with"
                        " the first flow: add one with a list operation.",
                        address=redact_url(answer.url),
                        status=answer.status,
                    )
                    if answer.status >= 400:  # only that somebody is there
                        kind, title = "warning", self.env._("The other system answers")
            self._gate()._open()
        except (RemoteError, UserError) as error:
            kind, title, message = "danger", self.env._("The connection does not work"), self._explain(error)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": kind, "title": title, "message": message, "sticky": kind != "success"},
        }

    def _told_of_page(self, operation, documents):
        """What a person should know of the first records of a list.

        :return: it in words, and whether there is something to doubt
        :rtype: tuple[str, bool]
        """
        flow, count = operation.flow_id, len(documents)
        said = [self.env._("%(flow)s: records on the first page: %(count)s.", flow=flow.name, count=count)]
        if not documents:
            said.append(
                self.env._(
                    "That is right if there are none yet. Otherwise look at “Records in the Answer”, at the parameters,"
                    " and at what the user of the other system may see."
                )
            )
        for reason, number in trial.reasons(flow, documents).most_common(3):
            said.append(self.env._("%(count)s of them can not be read: %(reason)s", count=number, reason=reason))
        absent = trial.absent(flow, documents) if documents and not operation.details else []
        if absent:
            said.append(
                self.env._(
                    "None of them has: %s. If the list has only a part of each record, choose “Fetch Each Record” in"
                    " its operation.",
                    ", ".join(absent),
                )
            )
        return " ".join(said), len(said) > 1

    def action_sync(self):
        """Sync every flow of the connector now."""
        self.env["bridge.run"]._check_operator(self)
        flows = self.flow_ids.filtered(lambda flow: not (flow.parent_id or flow.is_called))
        if not flows:
            raise UserError(self.env._("“%s” has no flow that Odoo runs.", self.name))
        runs = flows._enqueue(trigger="manual")
        return runs._action_open()

    def action_approve(self):
        """A system administrator says that these connectors may act as their users, for all that they do now."""
        self.check_access("write")
        self.env["bridge.approval"]._check_approver(self)
        self.env["bridge.approval"]._approve(self)
        for connector in self:
            connector.message_post(body=self.env._("Approved: it acts as %s.", connector.user_id.name))

    def action_open_flows(self):
        return self._open("flow", default_connector_id=self[:1].id)
