from odoo import models


def called(action, name):
    """An action under another name, which is the title of what it shows: Odoo takes that from both.

    :param dict action: to be shown
    :param str name: in the language of who sees it
    :rtype: dict
    """
    return {**action, "name": name, "display_name": name}


class BridgeOpeningMixin(models.AbstractModel):
    """What has buttons that show other records."""

    _name = "bridge.opening.mixin"
    _description = "With Buttons That Show Other Records"

    def _opens(self, name, domain, **values):
        """An action of ours, for who may read these records: buttons can be pressed from outside Odoo, too.

        :param str name: of the action, as in ``bridge_<name>_action``
        :param list domain: what it shows
        :param values: more of the action
        :rtype: dict
        :raises AccessError: if this person may not read these records
        """
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(f"integration_bridge.bridge_{name}_action")
        return {**action, "domain": domain, **values}
