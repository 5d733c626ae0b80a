from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..connect.secret_box import seal, unseal
from ..remote.webhooks import HOOK_SCHEMES

SHOWN = "bridge_hook_secret"
MOST_HOURS = 720


class BridgeHookSecret(models.TransientModel):
    """Rotates the secret of a webhook: the other system needs some time to learn the new one."""

    _name = "bridge.hook.secret"
    _description = "New Webhook Secret"

    connector_id = fields.Many2one("bridge.connector", required=True, readonly=True)
    has_old = fields.Boolean(related="connector_id.has_hook_secret")
    given = fields.Char(
        "Secret from the Other System",
        compute="_compute_given",
        inverse="_inverse_given",
        help="Empty: a new one is made here, and shown once.",
    )
    given_sealed = fields.Char(groups=fields.NO_ACCESS)
    hours = fields.Float(
        "Old One Valid For (h)", default=24.0, help="Both are taken until then; 0: the old one ends now."
    )
    secret = fields.Char("New Secret", compute="_compute_secret")

    def _compute_given(self):
        self.given = False

    def _inverse_given(self):
        for wizard in self.filtered("given"):
            wizard.sudo().given_sealed = seal(self.env, wizard.given)

    @api.depends_context(SHOWN)
    def _compute_secret(self):
        """It goes to the person who has asked for it, and lies in no table."""
        for wizard in self:
            wizard.secret = self.env.context.get(SHOWN, False)

    @api.constrains("hours")
    def _check_hours(self):
        for wizard in self:
            if not 0 <= wizard.hours <= MOST_HOURS:
                raise ValidationError(self.env._("The old secret can be valid for %s hours at most.", MOST_HOURS))

    def action_rotate(self):
        """Set the new secret.

        :raises AccessError: for everybody but an administrator of Odoo
        """
        self.ensure_one()
        connector = self.connector_id
        connector._check_sets_credentials()
        given = unseal(self.env, self.sudo().given_sealed)
        scheme = HOOK_SCHEMES.get(connector.hook_scheme)
        secret = given or (scheme.new_secret() if scheme else "")
        connector._keep_hook_secret(secret, self.hours)
        self.sudo().given_sealed = False
        connector.message_post(body=self.env._("The secret of the webhook was rotated."))
        if given:
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Webhook Secret"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {SHOWN: secret},
        }
