import datetime
import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..models.roles import EXTERNAL

KEY = "bridge_caller_key"


class BridgeCaller(models.TransientModel):
    """Makes the user as whom another system calls Odoo, and its key, which is shown once.

    Odoo's own form of a user can make internal and portal users only; this one is neither.
    """

    _name = "bridge.caller"
    _description = "New Caller"

    connector_id = fields.Many2one("bridge.connector", required=True, readonly=True)
    name = fields.Char("Name of the Other System", required=True)
    days = fields.Integer("Valid For (days)", default=365, help="0: without end.")
    login = fields.Char(readonly=True)
    key = fields.Char("API Key", compute="_compute_key")

    @api.depends_context(KEY)
    def _compute_key(self):
        """It goes to the person who has asked for it, and lies in no table."""
        for wizard in self:
            wizard.key = self.env.context.get(KEY, False)

    def action_create(self):
        """Make the user and its key.

        :raises AccessError: for everybody but an administrator of Odoo
        """
        self.ensure_one()
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only somebody with Odoo's role Administrator may give access. Ask one."))
        connector = self.connector_id
        login = f"{connector.code}_{uuid.uuid4().hex[:8]}"
        caller = self.env["res.users"].create(
            {
                "name": self.name,
                "login": login,
                "group_ids": [fields.Command.set(self.env.ref(EXTERNAL).ids)],
                "company_id": (connector.company_id or self.env.company).id,
                "company_ids": [fields.Command.set((connector.company_id or self.env.company).ids)],
            }
        )
        connector.caller_ids += caller
        end = fields.Datetime.now() + datetime.timedelta(days=self.days) if self.days > 0 else None
        keys = self.env["res.users.apikeys"].with_user(caller).sudo()
        self.login = login
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Caller"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {KEY: keys._generate("rpc", connector.name, end)},
        }
