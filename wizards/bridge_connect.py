import base64
import json
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..assistant import challenge, openapi
from ..assistant import document as documents
from ..assistant import flow as flows
from ..connect.addresses import is_http
from ..definition.names import FORMAT, VERSION
from ..models.bridge_authentication_mixin import uses_of
from ..models.bridge_code_mixin import code_of
from ..remote.auth import OPTIONS
from ..remote.client import Client, Request, Settings
from ..remote.errors import RemoteError
from ..remote.redaction import redact_url, secret_in_url
from .guides import as_html, guide_of
from .reasons import told

GALLERY = Path(__file__).parent.parent / "data" / "gallery"
WITHOUT = "none"  # nothing from the gallery: only an address
BY_DOCUMENT = "openapi"
LIKE = "like"  # another connector
ACTION = "integration_bridge.bridge_connect_action"
ANY_STATUS = range(200, 600)  # each says something about signing in
ACCEPT = "application/json, application/yaml, text/yaml, text/plain;q=0.5, */*;q=0.1"
FETCH_SECONDS = 30
TO_ENTER = "YOUR-"  # what a value of the gallery begins with that each who connects has to enter
OWN = (WITHOUT, BY_DOCUMENT, LIKE, False)  # not of the gallery
KEPT_HOURS = 14 * 24


class BridgeConnect(models.TransientModel):
    """From nothing to a connector that can be tried.

    It comes from the gallery, an OpenAPI document, another connector, or from nothing but an address. One that is left
    is kept for two weeks, so that its person can go on.
    """

    _name = "bridge.connect"
    _description = "Connect a System"
    _rec_name = "name"
    _transient_max_hours = KEPT_HOURS

    entry = fields.Selection("_selection_entry", "System", required=True, default=WITHOUT)
    about = fields.Html(compute="_compute_about")
    guide = fields.Html(compute="_compute_about")
    like_id = fields.Many2one("bridge.connector", ondelete="cascade", help="Its secrets are not taken over.")
    is_left = fields.Boolean(readonly=True)
    unfinished_id = fields.Many2one("bridge.connect", compute="_compute_unfinished", string="Begun and Left")
    name = fields.Char(help="How people here call it.")
    base_url = fields.Char("Base Address")
    auth_scheme = fields.Selection(
        lambda self: self.env["bridge.connector"]._fields["auth_scheme"]._description_selection(self.env),
        string="Signs In By",
        default="none",
    )
    auth_username = fields.Char("Login")
    auth_parameter = fields.Char("Name of the Header or Parameter")
    asked = fields.Html("What the Address Answers", readonly=True)
    auth_client_id = fields.Char(
        "Client ID", help="What the other system calls this Odoo, when it is registered there."
    )
    own_header = fields.Char("Header to Enter", compute="_compute_about")
    own_header_value = fields.Char("Its Value", help="The guide says where the other system shows it.")
    uses = fields.Char(compute="_compute_uses")

    # What an OpenAPI document says
    document_url = fields.Char("Address of the Document", help="Of the OpenAPI 3 or Swagger 2 document, JSON or YAML.")
    document_file = fields.Binary("Or Its File", attachment=False)
    document_name = fields.Char()
    said = fields.Html("What the Document Says", readonly=True)
    auth_proposed = fields.Json("Options of Its Ways to Sign In", readonly=True)
    line_ids = fields.One2many("bridge.connect.line", "connect_id", "Lists")

    @api.model
    def _documents(self):
        """The definitions of the gallery. Other addons add to it.

        :return: name to definition (``definition/schema.json``)
        :rtype: dict[str, dict]
        """
        return {path.stem: json.loads(path.read_text()) for path in sorted(GALLERY.glob("*.json"))}

    @api.model
    def _guide(self, entry):
        """The page about a definition of the gallery: what to enter where. Other addons add theirs.

        :param str entry: name of the definition
        :return: reStructuredText; empty if there is none
        :rtype: str
        """
        return guide_of(entry)

    @api.model
    def _selection_entry(self):
        named = [(name, document["connector"]["name"]) for name, document in self._documents().items()]
        own = [
            (WITHOUT, self.env._("Another system: I have its address")),
            (BY_DOCUMENT, self.env._("Another system: I have its OpenAPI document")),
            (LIKE, self.env._("Another system like one that is connected")),
        ]
        return [*own, *sorted(named, key=lambda one: one[1])]

    @api.depends("entry", "like_id")
    def _compute_about(self):
        for one in self:
            document = one._document()
            one.about = bool(document) and one._about(document)
            one.guide = one.entry not in OWN and as_html(self._guide(one.entry))
            headers = document["connector"].get("headers", {}) if one.entry not in OWN else {}
            one.own_header = next((name for name, value in headers.items() if _is_to_enter(value)), False)

    def _document(self):
        """The definition that the connector is made of; None where it is from nothing, or from an OpenAPI document.

        :rtype: dict | None
        """
        if self.entry == LIKE:
            self.like_id.check_access("read")
            return self.like_id._export_definition() if self.like_id else None
        return None if self.entry in OWN else self._documents()[self.entry]

    def _compute_unfinished(self):
        for one in self:
            one.unfinished_id = not one._origin and one._unfinished()

    def _unfinished(self):
        """What this person has begun last, and left.

        :rtype: BridgeConnect
        """
        mine = [("create_uid", "=", self.env.uid), ("is_left", "=", True), ("id", "not in", self.ids)]
        return self.search([*mine, ("name", "!=", False)], order="write_date DESC, id DESC", limit=1)

    @api.depends("auth_scheme")
    def _compute_uses(self):
        for one in self:
            one.uses = uses_of(one.auth_scheme)

    @api.onchange("entry", "like_id")
    def _onchange_entry(self):
        document = self._document()
        if not document:
            return
        about = document["connector"]
        auth = about.get("auth", {})
        name = about["name"] if self.entry != LIKE else self.env._("%s (copy)", about["name"])
        self.name, self.base_url = name, about.get("base_url") or False
        self.auth_scheme = auth.get("scheme", "none")
        self.auth_username, self.auth_parameter = auth.get("username"), auth.get("parameter")
        self.auth_client_id = False if _is_to_enter(auth.get("client_id")) else auth.get("client_id")

    def _about(self, document):
        """What is synced, which way, and who wins; and what this Odoo has not."""
        ways = dict(self.env["bridge.flow"]._fields["direction"]._description_selection(self.env))
        winners = dict(self.env["bridge.flow"]._fields["authority"]._description_selection(self.env))
        row = Markup("<li><b>%s</b>: %s%s</li>")
        rows = [
            row
            % (
                flow["name"],
                ways[flow.get("direction", "pull")],
                self.env._("; if both sides have changed it: %s", winners.get(flow.get("authority", "remote")))
                if flow.get("direction") == "both"
                else "",
            )
            for flow in document["flows"]
            if not flow.get("parent") and flow["model"] in self.env
        ]
        text = Markup("<ul>%s</ul>") % Markup("").join(rows)
        left_out = [flow for flow in document["flows"] if flow["model"] not in self.env]
        if left_out:
            names = ", ".join(f"{flow['name']} ({flow['model']})" for flow in left_out)
            text += Markup("<p class='text-muted'>%s</p>") % self.env._(
                "Left out, because no app here has it: %s", names
            )
        return text

    # ----------------------------------------------------------------------------------------------------------------
    # Left, and gone on with
    # ----------------------------------------------------------------------------------------------------------------

    def action_later(self):
        """Leave: what was entered has been saved, as by any button. What may hold a secret is not kept."""
        self.check_access("write")
        self.write({"is_left": True, "document_file": False, "document_name": False})
        for name in ("document_url", "base_url"):
            if self[name] and secret_in_url(self[name]):
                self[name] = False
        return {"type": "ir.actions.act_window_close"}

    def action_continue(self):
        """Go on with what was begun last; this one is not needed then."""
        self.check_access("write")
        unfinished = self._unfinished()
        if not unfinished:
            raise UserError(self.env._("Nothing is left to go on with: it was finished or removed. Begin anew here."))
        self.unlink()
        unfinished.is_left = False
        return unfinished._shown()

    def action_forget(self):
        """Begin anew; what was begun is removed."""
        self.check_access("write")
        unfinished = self._unfinished()
        unfinished.unlink()
        return self._shown()

    def _shown(self):
        return {**self.env["ir.actions.act_window"]._for_xml_id(ACTION), "res_id": self.id}

    # ----------------------------------------------------------------------------------------------------------------
    # What the address says
    # ----------------------------------------------------------------------------------------------------------------

    def action_ask(self):
        """Ask the base address, without credentials, how one signs in; propose that, with the reason.

        :raises UserError: it can not be asked; what to do is said
        """
        self.ensure_one()
        self.env["bridge.connector"].check_access("create")
        self.check_access("write")
        url = (self.base_url or "").strip()
        if not is_http(url) or secret_in_url(url):
            raise UserError(
                self.env._(
                    "“%s” can not be asked: enter a base address that begins with http:// or https:// and carries no"
                    " user name, password or key.",
                    redact_url(url),
                )
            )
        try:
            answer = self._answer_of(url, accept_statuses=ANY_STATUS)
        except RemoteError as error:
            raise UserError(self.env["bridge.connector"]._explain(error)) from error
        elsewhere = answer.url if answer.url.rstrip("/") != url.rstrip("/") else ""
        proposed = challenge.propose(answer.status, answer.headers.get("WWW-Authenticate", ""), elsewhere)
        self.asked = Markup("<p>%s</p>") % told(self.env, proposed.reason)
        if proposed.scheme:
            self.auth_scheme = proposed.scheme
        return self._shown()

    # ----------------------------------------------------------------------------------------------------------------
    # What an OpenAPI document says
    # ----------------------------------------------------------------------------------------------------------------

    def action_read(self):
        """Read the document and show what it says. Nothing is made yet.

        :raises UserError: it can not be had, or is none; what to do is said
        """
        self.ensure_one()
        self.env["bridge.connector"].check_access("create")
        self.check_access("write")
        try:
            raw, source = self._document_read()
            description = openapi.describe(documents.read(raw), source)
        except (documents.DocumentError, RemoteError) as error:
            raise UserError(self.env["bridge.connector"]._explain(error)) from error
        self.line_ids.unlink()
        self.write(self._values_of(description, source))
        return self._shown()

    def _document_read(self):
        """:return: the document, and where it came from; empty for a file
        :rtype: tuple[bytes, str]
        """
        if self.document_file:
            return base64.b64decode(self.document_file), ""
        url = (self.document_url or "").strip()
        if not url:
            raise UserError(self.env._("Enter the address of the OpenAPI document, or choose its file."))
        return self._fetch(url)

    def _fetch(self, url):
        """:return: the document, and where it came from
        :rtype: tuple[bytes, str]
        """
        if not is_http(url) or secret_in_url(url):
            raise UserError(
                self.env._(
                    "“%s” can not be fetched: the address must begin with http:// or https:// and carry no user name,"
                    " password or key. Else download the document, and choose its file.",
                    redact_url(url),
                )
            )
        try:
            answer = self._answer_of(url, spooled=True)
        except RemoteError as error:
            raise (documents.too_large() if error.reason == "too_big" else error) from error
        if answer.spool is None:  # it is empty
            return b"", answer.url
        answer.spool.file.seek(0)
        return answer.spool.file.read(), answer.url

    def _answer_of(self, url, spooled=False, accept_statuses=()):
        """Ask by the guarded transport, without credentials; only where connectors may call by the settings."""
        self.env["bridge.instance"]._check()
        parts = urlsplit(url)
        settings = Settings(
            base_url=f"{parts.scheme}://{parts.netloc}",
            total_timeout=FETCH_SECONDS,
            read_timeout=FETCH_SECONDS,
            allowed_addresses=self.env["bridge.connector"]._allowed_addresses(),
            max_large=documents.MOST_BYTES,
        )
        with Client(settings) as client:
            return client.send(Request("GET", url, headers={"Accept": ACCEPT}, spooled=spooled), accept_statuses)

    def _values_of(self, description, source):
        """What the form shows of a description; what a person has typed stays."""
        known = [one for one in description.schemes if one.scheme]
        address = next(iter(description.addresses), "")
        auth = {one.scheme: flows.auth_options(one.options, address or source) for one in reversed(known)}
        values = {
            "said": self._told(description, _elsewhere(auth, address or source)),
            "auth_proposed": auth,
            "line_ids": [(0, 0, line) for line in self._lines_of(description)],
            "name": self.name or description.title or False,
            "base_url": self.base_url or address or False,
        }
        if known and self.auth_scheme in ("none", False):
            values |= {"auth_scheme": known[0].scheme, "auth_parameter": auth[known[0].scheme].get("parameter")}
        return values

    def _lines_of(self, description):
        """The lists of the document: those whose model is known first."""
        lines = self.env["bridge.connect.line"]
        values = [lines._values_of(one) for one in description.collections]
        return sorted(values, key=lambda line: not line["model_id"])

    def _told(self, description, hosts):
        labels = dict(self._fields["auth_scheme"]._description_selection(self.env))
        ways = ", ".join(str(labels[one.scheme]) for one in description.schemes if one.scheme)
        rows = [
            (self.env._("System"), description.title),
            (self.env._("Addresses"), ", ".join(description.addresses[:5])),
            (self.env._("Signs in by"), ways),
            (self.env._("Lists"), str(len(description.collections))),
        ]
        row = Markup("<li><b>%s</b>: %s</li>")
        text = Markup("<ul>%s</ul>") % Markup("").join(row % pair for pair in rows if pair[1])
        note = Markup("<p class='text-warning-emphasis mb-1'>%s</p>")
        notes = [told(self.env, one) for one in description.notes]
        if hosts:
            warning = self.env._(
                "It signs in at %s, which is not the host of its address: what you enter to sign in is sent there."
                " Go on only if you know that this belongs to the system.",
                ", ".join(hosts),
            )
            notes.append(warning)
        return text + Markup("").join(note % one for one in notes)

    def _definition_of_document(self, code):
        """The definition with the chosen lists as flows.

        :raises UserError: naming what is missing
        """
        if not self.said:
            raise UserError(self.env._("Press “Read the Document” first; then choose what to sync."))
        chosen = self.line_ids.filtered("is_chosen")
        if not chosen:
            raise UserError(self.env._("Tick at least one list to sync."))
        taken = set()
        return {
            "format": FORMAT,
            "version": VERSION,
            "connector": {"code": code, "name": self.name, "base_url": self.base_url},
            "flows": [line._flow(taken) for line in chosen],
        }

    # ----------------------------------------------------------------------------------------------------------------
    # The connector
    # ----------------------------------------------------------------------------------------------------------------

    def action_create(self):
        """Make the connector, disabled, and test the connection if that can be: nothing is written before *Go Live*.

        :raises UserError: naming what is missing or can not be used
        """
        self.ensure_one()
        connectors = self.env["bridge.connector"]
        connectors.check_access("create")
        if not self.name or not self.base_url:
            raise UserError(self.env._("Give the system a name, and enter its base address."))
        self._check_entered()
        code = self._free_code()
        if self.entry == WITHOUT:
            connector = connectors.create({"name": self.name, "code": code, "base_url": self.base_url})
        elif self.entry == BY_DOCUMENT:
            connector = connectors._import_definition(self._definition_of_document(code))
        else:
            connector = connectors._import_definition(self._named(code))
        values = {"user_id": self.env.uid, "auth_scheme": self.auth_scheme or "none"}
        if self.entry == BY_DOCUMENT:
            options = (self.auth_proposed or {}).get(self.auth_scheme) or {}
            values |= {f"auth_{name}": value for name, value in options.items() if name in OPTIONS}
        values |= {name: self[name] for name in ("auth_username", "auth_parameter", "auth_client_id") if self[name]}
        connector.write(values)
        shown = self.env["bridge.binding"]._show_record(connector._name, connector.id)
        if connector._lacks_secret():
            return shown  # which says what comes next; a secret is typed there alone, where it is encrypted at once
        told = connector.action_test_connection()
        return {**told, "params": {**told["params"], "next": shown}}

    def _check_entered(self):
        """:raises UserError: naming what a definition of the gallery leaves to each who connects"""
        if self.entry in OWN:
            return
        client_id = self._documents()[self.entry]["connector"].get("auth", {}).get("client_id")
        if _is_to_enter(client_id) and " client_id " in (self.uses or "") and not self.auth_client_id:
            raise UserError(
                self.env._("Enter the Client ID: register this Odoo in the other system, which shows it then.")
            )
        if self.own_header and not (self.own_header_value or "").strip():
            raise UserError(
                self.env._(
                    "Enter the value of the header “%s”: the guide below says where the other system shows it.",
                    self.own_header,
                )
            )

    def _named(self, code):
        """The definition under these names, without the flows of apps that are not here."""
        document = self._document()
        if not document:
            raise UserError(self.env._("Choose the connector that the new one is to be like."))
        document["connector"] |= {"code": code, "name": self.name, "base_url": self.base_url}
        if self.own_header:
            document["connector"]["headers"][self.own_header] = self.own_header_value.strip()
        document["flows"] = [flow for flow in document["flows"] if flow["model"] in self.env]
        return document

    def _free_code(self):
        """A code from the name; with a number, if there is a connector of that code."""
        code = own = code_of(self.name) or "system"
        taken = self.env["bridge.connector"].sudo().with_context(active_test=False)
        number = 1
        while taken.search_count([("code", "=", code)], limit=1):
            number += 1
            code = f"{own}_{number}"
        return code


def _is_to_enter(value):
    return isinstance(value, str) and value.startswith(TO_ENTER)


def _elsewhere(auth, address):
    """Hosts that credentials would be sent to, but for the one of the system's address."""
    urls = [value for options in auth.values() for name, value in options.items() if name.endswith("_url")]
    return sorted({urlsplit(url).hostname for url in urls} - {urlsplit(address).hostname})
