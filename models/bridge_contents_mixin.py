from odoo import models


class BridgeContentsMixin(models.AbstractModel):
    """What a connector or a flow leads to: buttons that open lists of what belongs to it."""

    _name = "bridge.contents.mixin"
    _description = "Leads to What Belongs to It"
    _inherit = ["bridge.opening.mixin"]

    _link = None  # the field of these lists that names it

    def _open(self, name, **more):
        """A list, with nothing but what belongs to these records.

        :param str name: of the action, as in ``bridge_<name>_action``
        :param more: its context
        :raises AccessError: if this person may not read these records
        """
        return self._opens(name, [(self._link, "in", self.ids)], context=more)

    def action_open_bindings(self):
        return self._open("binding")

    def action_open_failures(self):
        return self._open("failure")

    def action_open_alerts(self):
        return self._open("alert", search_default_open=1)

    def action_open_changes(self):
        return self._open("change")

    def action_open_runs(self):
        return self._open("run")

    def action_open_conflicts(self):
        return self.env["bridge.conflict"]._action_open_of(self._link, self)
