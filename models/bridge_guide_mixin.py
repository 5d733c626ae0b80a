from odoo import api, fields, models


class BridgeGuideMixin(models.AbstractModel):
    """What a person who sets a connector up does next."""

    _name = "bridge.guide.mixin"
    _description = "Says What Comes Next"

    next_step = fields.Text(compute="_compute_next_step")
    unreached = fields.Text("Who Is Not Told", compute="_compute_unreached")

    @api.depends("responsible_ids.email")
    def _compute_unreached(self):
        """Nobody may believe that somebody is told by e-mail who is not."""
        for connector in self:
            receivers = self.env["bridge.alert"].sudo()._receivers_of(connector.sudo())
            names = ", ".join(receivers.filtered(lambda user: not user.email).mapped("name"))
            connector.unreached = names and self.env._(
                "Without an e-mail address, so told of trouble only in Odoo: %s. Enter one in their preferences, or"
                " choose other responsible people.",
                names,
            )

    @api.depends(
        "state",
        "flow_ids",
        "flow_ids.mapping_ids",
        "flow_ids.operation_ids",
        "base_url",
        "auth_uses",
        "has_secret",
        "user_id",
    )
    @api.depends_context("uid")
    def _compute_next_step(self):
        for connector in self:
            connector.next_step = connector._next_step() if connector.state == "disabled" else False

    def _message_auto_subscribe_notify(self, partner_ids, template):
        """Nobody is assigned to a connector: its user is the one whose rights it has."""

    def _next_step(self):
        """What is to be done first, in words.

        :rtype: str
        """
        flows = self.flow_ids.filtered(lambda flow: not flow.parent_id)
        if not self.base_url and not flows.filtered("is_called"):
            return self.env._("Next: enter the base address of the other system, and save.")
        if self._lacks_secret() and not self.env.user.has_group("base.group_system"):
            return self.env._(
                "Next: somebody with Odoo's role Administrator has to enter the secret on the tab Authentication. Then"
                " press Test Connection."
            )
        if self._lacks_secret():
            return self.env._("Next: enter how to sign in on the tab Authentication, then press Test Connection.")
        if not flows:
            return self.env._("Next: press Test Connection. Then press Add a Flow, and say what is synced.")
        unmapped = flows.filtered(lambda flow: not flow.mapping_ids)
        if unmapped:
            return self.env._("Next: open the flow “%s” and say which field goes where.", unmapped[0].name)
        unasked = flows.filtered(lambda flow: not flow.is_called and not flow.operation_ids)
        if unasked:
            return self.env._(
                "Next: open the flow “%s” and describe, on the tab Operations, how to ask for its list.",
                unasked[0].name,
            )
        if not self.user_id:
            return self.env._("Next: choose the acting user, with whose rights records are written.")
        return self.env._("Next: open a flow and press Preview, which writes nothing. When it is right, press Go Live.")

    def action_add_flow(self):
        """A new flow in a form of its own: in a dialog, what it needs would be dialogs over a dialog."""
        self.check_access("write")
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_flow_action")
        return {**action, "views": [(False, "form")], "context": {"default_connector_id": self.id}}

    def action_set_live(self):
        """From now on the flows write; what that means now is said at once."""
        self.write({"state": "live"})
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("%s is live", ", ".join(self.mapped("name"))),
                "message": " ".join(self._what_begins()),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _what_begins(self):
        """What happens from now on, in sentences.

        :rtype: list[str]
        """
        flows = self.flow_ids.filtered(lambda flow: not flow.parent_id)
        by_itself = flows.filtered(lambda flow: flow.interval_number and not flow.is_called)
        by_hand = (flows - by_itself).filtered(lambda flow: not flow.is_called and flow.direction != "push")
        sends = flows.filtered(lambda flow: flow.direction != "pull")
        return [
            *([self.env._("Runs by itself: %s.", ", ".join(by_itself.mapped("name")))] if by_itself else []),
            *([self.env._("Runs when you press Sync Now: %s.", ", ".join(by_hand.mapped("name")))] if by_hand else []),
            *([self.env._("Changes in Odoo are sent by: %s.", ", ".join(sends.mapped("name")))] if sends else []),
        ]

    def action_set_preview(self):
        self.write({"state": "preview"})

    def action_disable(self):
        self.write({"state": "disabled"})

    def _lacks_secret(self):
        """Does the way to sign in need a secret that nobody has entered?"""
        return " secret " in (self.auth_uses or "") and not self.has_secret
