import time

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.http import request

from ..json_text import read_json
from ..mapping.errors import MappingError
from ..mapping.paths import parse_expression
from ..remote import template
from ..remote.auth import FIXED_PARAMETERS, JSON_OPTIONS, OPTIONS, SCHEMES
from ..remote.errors import ConfigurationError, RemoteError
from ..remote.redaction import is_sensitive, literal_secret

CALLBACK = "/integration_bridge/authorization"
PENDING = "integration_bridge_authorizations"  # in the browser session
PATIENCE = 600  # seconds that a person may take to agree
MOST_PENDING = 8


class BridgeAuthenticationMixin(models.AbstractModel):
    """How a connector says who asks; the secrets themselves are the connector's."""

    _name = "bridge.authentication.mixin"
    _description = "Authentication"

    auth_scheme = fields.Selection("_selection_auth_scheme", string="Authentication", default="none", required=True)
    auth_username = fields.Char("User Name")
    auth_parameter = fields.Char("Header, Parameter or Cookie Name")
    auth_token_url = fields.Char("Token Address")
    auth_client_id = fields.Char("Client ID")
    auth_scope = fields.Char("Scope")
    auth_login_path = fields.Char("Login Path")
    auth_login_method = fields.Selection([("POST", "POST"), ("PUT", "PUT"), ("GET", "GET")], string="Login Method")
    auth_login_body = fields.Text(
        "Login Body", help='JSON with placeholders: {"user": "{username}", "pw": "{password}"}'
    )
    auth_token_path = fields.Char("Token in the Answer", help="JMESPath of the token in the answer of the login.")
    auth_token_header = fields.Char("Token Header")
    auth_token_format = fields.Char("Token Format", help="For example: Bearer {token}")
    auth_token_seconds = fields.Integer("Token Lifetime (s)")
    auth_client_in = fields.Selection(
        [("body", "The body"), ("header", "The Authorization header (Basic)")],
        string="Client Credentials In",
        help="Where the token address wants client ID and secret; the body if nothing is chosen.",
    )
    auth_token_parameters = fields.Text(
        "Token Parameters",
        help='JSON: what else the token address wants, such as {"audience": "https://api.example.com"}',
    )

    auth_token_cookie = fields.Char(
        "Token Cookie", help="The cookie of the login's answer that is the token; it is sent back as a cookie."
    )
    auth_csrf_path = fields.Char(
        "CSRF Token Path", help="Where the token is asked for, such as the service document; else the base address."
    )
    auth_client_id_header = fields.Char("Client ID Header", help="A header that the client ID is sent in, if any.")
    auth_signed_text = fields.Text(
        "Signed Text",
        help="The parts that are signed, in their order, with what stands between them. Example:"
        " {method}{target}{timestamp}{body}",
    )
    auth_signature_hash = fields.Selection(
        [("sha256", "SHA-256"), ("sha512", "SHA-512"), ("sha1", "SHA-1"), ("md5", "MD5")],
        string="Hash",
        help="If nothing is chosen: SHA-256, and SHA-1 for OAuth 1.0a.",
    )
    auth_signature_encoding = fields.Selection([("hex", "Hexadecimal"), ("base64", "Base64")], string="Signature As")
    auth_signature_header = fields.Char("Signature Header")
    auth_signature_format = fields.Char("Signature Format", help="For example: HMAC {client_id}:{signature}")
    auth_key_encoding = fields.Selection(
        [("text", "Text"), ("base64", "Base64"), ("hex", "Hexadecimal")], string="Secret Is Written As"
    )
    auth_timestamp_header = fields.Char("Time Header", help="A header that {timestamp} is sent in.")
    auth_timestamp_format = fields.Selection(
        [
            ("s", "Seconds since 1970"),
            ("ms", "Milliseconds since 1970"),
            ("iso", "ISO 8601, UTC"),
            ("http", "HTTP date"),
        ],
        string="Time As",
    )
    auth_nonce_header = fields.Char("Nonce Header", help="A header that {nonce} is sent in.")
    auth_token_id = fields.Char("Token ID", help="What OAuth 1.0a calls the token; its secret is the token secret.")
    auth_realm = fields.Char("Realm")
    auth_region = fields.Char("Region", help="For example: eu-central-1")
    auth_service = fields.Char("Service", help="For example: s3, es, execute-api")
    auth_jwt_algorithm = fields.Selection([("RS256", "RS256"), ("ES256", "ES256")], string="Signed With")
    auth_jwt_key_id = fields.Char("Key ID", help="Goes into the header of the assertion (kid).")
    auth_jwt_claims = fields.Text(
        "Claims",
        help='JSON: further claims, or others than usual. Example: {"sub": "ann@example.com", "aud": "https://…"}',
    )
    auth_authorize_url = fields.Char("Authorization Address", help="Where a person is asked to agree.")
    auth_authorize_parameters = fields.Text(
        "Authorization Parameters",
        help='JSON: what else that address wants, such as {"access_type": "offline", "prompt": "consent"}',
    )
    auth_redirect_uri = fields.Char(
        "Redirect Address",
        compute="_compute_auth_redirect_uri",
        help="Enter it in the other system: where it sends the person back to.",
    )
    auth_uses = fields.Char(compute="_compute_auth_uses")  # for the form: names in blanks

    @api.model
    def _selection_auth_scheme(self):
        return [(name, self.env._(scheme.label)) for name, scheme in SCHEMES.items()]

    @api.depends("auth_scheme")
    def _compute_auth_uses(self):
        for connector in self:
            connector.auth_uses = uses_of(connector.auth_scheme)

    def _compute_auth_redirect_uri(self):
        for connector in self:
            connector.auth_redirect_uri = connector.get_base_url() + CALLBACK

    @api.constrains("auth_scheme", *(f"auth_{name}" for name in OPTIONS))
    def _check_authentication(self):
        for connector in self:
            connector._refuse_authentication(connector._authentication_problem({}))

    def _check_typed_secret(self, name):
        self._refuse_authentication(self._authentication_problem({name: self[name]}))

    def _refuse_authentication(self, problem):
        """:raises ValidationError: if there is a problem"""
        if problem:
            raise ValidationError(
                self.env._(
                    "Connector “%(connector)s”, authentication: %(problem)s",
                    connector=self.name,
                    problem=problem,
                )
            )

    def _authentication_problem(self, secrets):
        """What is wrong with the options.

        :param dict secrets: those that were typed just now
        :return: a sentence, or None
        """
        scheme, options = SCHEMES[self.auth_scheme], self._auth_options()
        for name in scheme.required:
            if not options.get(name):
                label = self._fields[f"auth_{name}"].get_description(self.env, ["string"])["string"]
                return self.env._("“%s” is missing; enter it", label)
        for name in JSON_OPTIONS:
            carrier = literal_secret(read_json(self, f"auth_{name}", ()))
            if carrier:
                return self.env._("“%s” is a credential; enter it as the secret, where it is encrypted", carrier)
        try:
            template.validate(options.get("login_body"), {"username", "password"})
            parse_expression(self.auth_token_path or "token")
            scheme(options, secrets, "").check()
        except (ConfigurationError, MappingError, RemoteError) as error:
            return self.env["bridge.connector"]._explain(error)
        return None

    @api.constrains("auth_token_parameters")
    def _check_token_parameters(self):
        for connector in self:
            parameters = read_json(connector, "auth_token_parameters") or {}
            problem = False
            for name, value in parameters.items():
                if name in FIXED_PARAMETERS:
                    problem = self.env._("“%s” is sent already; take it out", name)
                elif is_sensitive(name):
                    problem = self.env._("“%s” looks like a credential; enter it as the secret instead", name)
                elif isinstance(value, (dict, list)) or value is None:
                    problem = self.env._("“%s” must be a text, a number, or true or false", name)
            if problem:
                raise ValidationError(
                    self.env._(
                        "Connector “%(connector)s”, token parameters: %(problem)s.",
                        connector=connector.name,
                        problem=problem,
                    )
                )

    # ----------------------------------------------------------------------------------------------------------------
    # A person agrees in the browser
    # ----------------------------------------------------------------------------------------------------------------

    def _check_may_connect(self):
        """:raises AccessError: who connects sets credentials"""
        self.check_access("write")
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only a system administrator can connect, because that sets credentials."))

    def action_connect(self):
        """Send the person to the authorization server; ``controllers/authorization.py`` is the way back."""
        self.ensure_one()
        self._check_may_connect()
        if "authorize_url" not in SCHEMES[self.auth_scheme].fields or not request:
            raise UserError(self.env._("Choose an authentication that a person agrees to, and press the button there."))
        with self._client() as client:
            asked = client.auth.authorization(self.auth_redirect_uri)
        now = time.time()
        pending = {state: one for state, one in (request.session.get(PENDING) or {}).items() if one["until"] > now}
        pending[asked.state] = {
            "connector": self.id,
            "uid": self.env.uid,
            "verifier": asked.verifier,
            "redirect_uri": self.auth_redirect_uri,
            "until": now + PATIENCE,
        }
        request.session[PENDING] = dict(list(pending.items())[-MOST_PENDING:])
        return {"type": "ir.actions.act_url", "url": asked.url, "target": "self"}

    def _redeem(self, code, verifier, redirect_uri):
        """Keep the refresh token that a code stands for.

        :raises UserError: the other system did not give one
        """
        try:
            with self._client() as client:
                refresh_token = client.auth.redeem(client, code, verifier, redirect_uri)
        except RemoteError as error:
            raise UserError(self._explain(error)) from error
        self.refresh_token = refresh_token
        self.message_post(body=self.env._("Connected: the other system agreed."))

    def _auth_options(self):
        options = {name: self[f"auth_{name}"] for name in OPTIONS if self[f"auth_{name}"]}
        for name in JSON_OPTIONS:
            if options.get(name):
                options[name] = read_json(self, f"auth_{name}")
        return options


def uses_of(name):
    """The options and secrets of an authentication scheme, for the conditions of a form: names in blanks.

    :param str name: of the scheme; False for none
    :rtype: str
    """
    scheme = SCHEMES[name or "none"]
    return f" {' '.join((*scheme.fields, *scheme.secrets))} "
