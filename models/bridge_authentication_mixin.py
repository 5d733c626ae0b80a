from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..json_text import read_json
from ..mapping.errors import MappingError
from ..mapping.paths import parse_expression
from ..remote import template
from ..remote.auth import FIXED_PARAMETERS, OPTIONS, SCHEMES
from ..remote.redaction import is_sensitive


class BridgeAuthenticationMixin(models.AbstractModel):
    """How a connector says who asks; the secrets themselves are the connector's."""

    _name = "bridge.authentication.mixin"
    _description = "Authentication"

    auth_scheme = fields.Selection("_selection_auth_scheme", string="Authentication", default="none", required=True)
    auth_username = fields.Char("User Name")
    auth_parameter = fields.Char("Header or Parameter Name")
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

    @api.model
    def _selection_auth_scheme(self):
        return [(name, self.env._(scheme.label)) for name, scheme in SCHEMES.items()]

    @api.constrains("auth_scheme", *(f"auth_{name}" for name in OPTIONS))
    def _check_authentication(self):
        for connector in self:
            body, problem = read_json(connector, "auth_login_body"), False
            if connector.auth_scheme.startswith("oauth2") and not connector.auth_token_url:
                problem = self.env._("enter the token address")
            if connector.auth_scheme == "login" and not connector.auth_login_path:
                problem = self.env._("enter the login path")
            try:
                template.validate(body, {"username", "password"})
                parse_expression(connector.auth_token_path or "token")
            except (template.TemplateError, MappingError) as error:
                problem = self._explain(error)
            if problem:
                raise ValidationError(
                    self.env._(
                        "Connector “%(connector)s”, authentication: %(problem)s",
                        connector=connector.name,
                        problem=problem,
                    )
                )

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

    def _auth_options(self):
        options = {name: self[f"auth_{name}"] for name in OPTIONS if self[f"auth_{name}"]}
        for name in ("login_body", "token_parameters"):
            if options.get(name):
                options[name] = read_json(self, f"auth_{name}")
        return options
