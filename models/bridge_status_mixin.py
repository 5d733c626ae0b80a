from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from ..jobs import on_demand
from ..jobs.failures import open_of_bindings

# From what needs a person to what is well; of several systems the worst counts.
COLORS = {
    "failed": "danger",
    "conflict": "warning",
    "waiting": "info",
    "altered": "warning",
    "creating": "info",
    "missing": "warning",
    "removed": "muted",
    "left": "muted",
    "linked": "success",
}
PLACE = {status: place for place, status in enumerate(COLORS)}
UNSENT = ("pending", "running", "failed", "uncertain")  # states of a job that sends a record
MOST_JOBS = 80  # of one record, which has one of each flow


class BridgeStatusMixin(models.AbstractModel):
    """How a record is with the other systems; for business records a button of their own forms."""

    _name = "bridge.status.mixin"
    _description = "Status of a Record"

    failure_id = fields.Many2one("bridge.job", "Open Failure", compute="_compute_status")
    status = fields.Selection("_selection_status", compute="_compute_status")
    status_text = fields.Text("What Is the Matter", compute="_compute_status")

    @api.model
    def _selection_status(self):
        return [
            ("failed", self.env._("Failed")),
            ("conflict", self.env._("In Conflict")),
            ("waiting", self.env._("Waits to Be Sent")),
            ("altered", self.env._("Another Value Kept")),
            *self._fields["state"]._description_selection(self.env),
        ]

    @api.depends("state", "conflict_count")
    @api.depends_context("uid", "lang", "tz")
    def _compute_status(self):
        """What a person has to know of the record: what failed comes before what waits, and that before the state."""
        failures, waiting = open_of_bindings(self.env, self.ids), self.env["bridge.change"]._waiting_bindings(self.ids)
        altered = self.env["bridge.drift"]._altered_bindings(self.ids)
        for binding in self:
            binding.failure_id = failures.get(binding.id, False)
            binding.status, binding.status_text = binding.state, False
            if binding.failure_id:
                failure = binding.failure_id.sudo()
                since = format_datetime(self.env, failure.create_date, dt_format="short")
                reason = self.env._(
                    "Failed since %(since)s: %(reason)s", since=since, reason=binding.failure_id.error_text
                )
                binding.status, binding.status_text = "failed", reason
            elif binding.conflict_count:
                binding.status = "conflict"
                binding.status_text = self.env._("Both sides have changed it: decide the conflict.")
            elif binding.id in waiting:
                binding.status = "waiting"
                binding.status_text = self.env._("It was changed in Odoo, and has still to be sent.")
            elif binding.id in altered and binding.state == "linked":
                binding.status = "altered"
                binding.status_text = self.env._(
                    "One side keeps another value than it was given: the Error Desk tells in which field."
                )

    @api.model
    def status_of(self, model_name, res_id):
        """How a record is with the other systems: the worst of it.

        :param str model_name: its model
        :param int res_id: its id
        :return: ``label``, ``color`` (of Bootstrap), ``system``, ``when`` the last change was synced, ``text``: what is
            the matter, and ``url``: where the record can be opened there, False if nobody has said that
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
            when = worst.synced and worst.connector_id._moment(worst.synced)
            url = next(filter(None, (worst | bindings).mapped("open_url")), False)
            return {**status, "when": when or "", "url": url}
        sending = [*about, ("kind", "=", "push_record"), ("state", "in", UNSENT)]
        jobs = self.env["bridge.job"].search(sending, limit=MOST_JOBS)
        failed = jobs.filtered("error_kind")[:1]
        if failed:
            return self._as_status("failed", self.env._("Failed"), failed.connector_id, failed.error_text)
        waits = jobs.flow_id or self.env["bridge.change"].search([*about, ("path", "=", "")], limit=1).flow_id
        if waits:
            return self._as_status("waiting", self.env._("Waits to Be Sent"), waits[:1].connector_id, "")
        return {
            "label": self.env._("Not Synced"),
            "color": "muted",
            "system": "",
            "when": "",
            "text": self.env._("No other system has this record, as far as is known here."),
            "url": False,
        }

    @staticmethod
    def _as_status(status, label, connector, text):
        about = {"system": connector.name, "when": "", "text": text or "", "url": False}
        return {"label": label, "color": COLORS[status], **about}
