from odoo import models


class BridgeOpeningMixin(models.AbstractModel):
    """What a connector or a flow leads to: buttons that open lists of what belongs to it."""

    _name = "bridge.opening.mixin"
    _description = "Leads to What Belongs to It"

    _link = None  # the field of these lists that names it

    def _open(self, action, **more):
        """A list, with nothing but what belongs to these records.

        :param str action: its XML id, without the addon
        """
        found = self.env["ir.actions.act_window"]._for_xml_id(f"integration_bridge.{action}")
        return {**found, "domain": [(self._link, "in", self.ids)], "context": more}

    def action_open_bindings(self):
        return self._open("bridge_binding_action")

    def action_open_failures(self):
        return self._open("bridge_failure_action")

    def action_open_changes(self):
        return self._open("bridge_change_action")

    def action_open_runs(self):
        return self._open("bridge_run_action")

    def action_open_conflicts(self):
        return self.env["bridge.conflict"]._action_open_of(self._link, self)

    def _again(self, kind):
        """Where one chooses which side's values are taken anew, whatever was agreed."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"integration_bridge.bridge_anew_action_{kind}")
        return {**action, "context": {"default_kind": kind, "default_flow_id": self.id}}
