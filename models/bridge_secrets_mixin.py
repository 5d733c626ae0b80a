from odoo import api, fields, models

from ..connect.secret_box import seal, unseal

SECRETS = ("secret", "refresh_token", "token_secret", "proxy_password")


class BridgeSecretsMixin(models.AbstractModel):
    """The credentials of a connector: typed, stored encrypted, and never shown again."""

    _name = "bridge.secrets.mixin"
    _description = "Credentials"

    secret = fields.Char(
        compute="_compute_secrets",
        inverse="_inverse_secret",
        groups="base.group_system",
        help="Password, token, key, private key or client secret. It is stored encrypted and never shown again.",
    )
    refresh_token = fields.Char(
        compute="_compute_secrets",
        inverse="_inverse_refresh_token",
        groups="base.group_system",
        help="It is stored encrypted and never shown again.",
    )
    token_secret = fields.Char(
        compute="_compute_secrets",
        inverse="_inverse_token_secret",
        groups="base.group_system",
        help="It is stored encrypted and never shown again.",
    )
    proxy_password = fields.Char(
        compute="_compute_secrets",
        inverse="_inverse_proxy_password",
        groups="base.group_system",
        help="It is stored encrypted and never shown again.",
    )
    secret_sealed = fields.Char(copy=False, groups=fields.NO_ACCESS)
    refresh_token_sealed = fields.Char(copy=False, groups=fields.NO_ACCESS)
    token_secret_sealed = fields.Char(copy=False, groups=fields.NO_ACCESS)
    proxy_password_sealed = fields.Char(copy=False, groups=fields.NO_ACCESS)
    has_secret = fields.Boolean("Secret Is Set", compute="_compute_has_secrets", compute_sudo=True)
    has_refresh_token = fields.Boolean("Refresh Token Is Set", compute="_compute_has_secrets", compute_sudo=True)
    has_token_secret = fields.Boolean("Token Secret Is Set", compute="_compute_has_secrets", compute_sudo=True)
    has_proxy_password = fields.Boolean("Proxy Password Is Set", compute="_compute_has_secrets", compute_sudo=True)

    def _compute_secrets(self):
        for name in SECRETS:
            self[name] = False

    @api.depends(*(f"{name}_sealed" for name in SECRETS))
    def _compute_has_secrets(self):
        for connector in self:
            for name in SECRETS:
                connector[f"has_{name}"] = bool(connector[f"{name}_sealed"])

    def _inverse_secret(self):
        self._seal("secret")

    def _inverse_refresh_token(self):
        self._seal("refresh_token")

    def _inverse_token_secret(self):
        self._seal("token_secret")

    def _inverse_proxy_password(self):
        self._seal("proxy_password")

    def _seal(self, name):
        """Store a secret that was typed; the form sends nothing when nobody typed a new one."""
        for connector in self.filtered(name):
            connector._check_typed_secret(name)
            connector.sudo()[f"{name}_sealed"] = seal(self.env, connector[name])

    def _check_typed_secret(self, name):
        """Refuse a secret that can not be used.

        :raises ValidationError: naming the connector
        """

    def _set_secrets(self, secrets):
        """Set credentials from code.

        :param dict secrets: some of ``SECRETS`` by name
        """
        for name, value in secrets.items():
            self.sudo()[f"{name}_sealed"] = seal(self.env, value)

    def _unsealed(self):
        """The credentials that are set, by name.

        :rtype: dict[str, str]
        :raises UserError: they were encrypted with another key
        """
        opened = {name: unseal(self.env, self.sudo()[f"{name}_sealed"]) for name in SECRETS}
        return {name: value for name, value in opened.items() if value}
