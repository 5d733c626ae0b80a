from odoo import api, models

from ..jobs import on_demand

# From what needs a person to what is well; of several systems the worst counts.
COLORS = {
    "failed": "danger",
    "conflict": "warning",
    "waiting": "info",
    "creating": "info",
    "missing": "warning",
    "removed": "muted",
    "left": "muted",
    "linked": "success",
}
PLACE = {status: place for place, status in enumerate(COLORS)}


class BridgeStatusMixin(models.AbstractModel):
    """How a business record is with the other systems, for a button of its own form."""

    _name = "bridge.status.mixin"
    _description = "Status of a Record"

    @api.model
    def status_of(self, model_name, res_id):
        """How a record is with the other systems: the worst of it.

        :param str model_name: its model
        :param int res_id: its id
        :return: ``label``, ``color`` (of Bootstrap), ``system``, ``text``: what is the matter, and ``url``: where the
            record can be opened there, False if nobody has said that
        :rtype: dict
        :raises AccessError: if this person may not read external IDs
        """
        self.check_access("read")
        on_demand.check_ids(self.env, [res_id])
        about = [("flow_id.model", "=", model_name), ("res_id", "=", res_id)]
        bindings = self.search([*about, ("parent_id", "=", False)])
        if bindings:
            worst = min(bindings, key=lambda one: PLACE[one.status])
            labels = {**dict(worst._selection_status()), "linked": self.env._("Synced")}
            status = self._as_status(worst.status, labels[worst.status], worst.connector_id, worst.status_text)
            return {**status, "url": next(filter(None, (worst | bindings).mapped("open_url")), False)}
        failed = [*about, ("kind", "=", "push_record"), ("state", "in", ("pending", "failed", "uncertain"))]
        job = self.env["bridge.job"].search(failed, limit=1)
        if job:
            return self._as_status("failed", self.env._("Failed"), job.connector_id, job.error_text)
        waits = self.env["bridge.change"].search([*about, ("path", "=", "")], limit=1)
        if waits:
            return self._as_status("waiting", self.env._("Waits to Be Sent"), waits.flow_id.connector_id, "")
        return {
            "label": self.env._("Not Synced"),
            "color": "muted",
            "system": "",
            "text": self.env._("No other system has this record, as far as is known here."),
            "url": False,
        }

    @staticmethod
    def _as_status(status, label, connector, text):
        return {"label": label, "color": COLORS[status], "system": connector.name, "text": text or "", "url": False}
