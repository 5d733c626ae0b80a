from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..remote.errors import Rejected
from ..remote.proxy import ENVIRONMENT, parse_proxy


class BridgeNetworkMixin(models.AbstractModel):
    """The way of a connector's requests through the network."""

    _name = "bridge.network.mixin"
    _description = "Way through the Network"

    proxy = fields.Selection(
        [("none", "None"), (ENVIRONMENT, "As this server (HTTPS_PROXY)"), ("own", "This one")],
        default="none",
        required=True,
        groups="base.group_system",
        help="None: the other system is called directly, whatever the environment of this server says.\n"
        "As this server: the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the server count.\n"
        "This one: always through the proxy below.",
    )
    proxy_url = fields.Char("Proxy Address", groups="base.group_system")
    proxy_username = fields.Char("Proxy User Name", groups="base.group_system")
    keep_cookies = fields.Boolean(
        help="Cookies that the other system sets are sent back to it, for the time of one run or slice. They are never"
        " sent to another host."
    )

    def _add_missing_default_values(self, values):
        """Who may not set something does not get it by a default of his own (Odoo's ``ir.default``) either."""
        complete = super()._add_missing_default_values(values)
        for name in () if self.env.su else complete.keys() - values.keys():
            field = self._fields[name]
            if f"default_{name}" in self.env.context or self._has_field_access(field, "write"):
                continue  # a default in the context is refused like a value
            if field.default:
                complete[name] = field.default(self)
            else:
                del complete[name]
        return complete

    @api.constrains("proxy", "proxy_url")
    def _check_proxy(self):
        for connector in self.sudo():
            problem = None
            if connector.proxy == "own" and not connector.proxy_url:
                problem = self.env._("enter the address of the proxy, such as http://proxy.example.com:3128")
            elif "@" in (connector.proxy_url or ""):
                problem = self.env._(
                    "the address has a user name in it. Enter it as the proxy user name, and the password as the proxy"
                    " password; there it is encrypted"
                )
            elif connector.proxy_url:
                try:
                    parse_proxy(connector.proxy_url)
                except Rejected as error:
                    problem = self.env["bridge.connector"]._explain(error).rstrip(".")
            if problem:
                raise ValidationError(
                    self.env._(
                        "Connector “%(connector)s”, proxy: %(problem)s.", connector=connector.name, problem=problem
                    )
                )

    def _proxy_setting(self, password):
        """What the client wants to know of the proxy.

        :param str|None password: of the proxy, if there is one
        :rtype: str
        """
        connector = self.sudo()
        if connector.proxy != "own":
            return ENVIRONMENT if connector.proxy == ENVIRONMENT else ""
        if not connector.proxy_username:
            return connector.proxy_url
        person = f"{quote(connector.proxy_username, safe='')}:{quote(password or '', safe='')}"
        return connector.proxy_url.replace("://", f"://{person}@", 1)
