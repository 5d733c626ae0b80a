from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..connect.addresses import ALLOWED_ADDRESSES, parse_addresses
from .bridge_gone_mixin import ALLOWED_BUTTONS
from .bridge_summary import OFF
from .ir_cron import LANES

MOST_LANES = 16
NUMBERS = ("bridge_log_days", "bridge_run_days", "bridge_job_days", "bridge_exchange_days", "bridge_queue_minutes")
NUMBERS += ("bridge_delivery_days",)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    bridge_lanes = fields.Integer("Lanes", config_parameter=LANES, default=2)
    bridge_log_days = fields.Integer(
        "Keep Log Lines (days)", config_parameter="integration_bridge.log_days", default=90
    )
    bridge_job_days = fields.Integer(
        "Keep Done Jobs (days)", config_parameter="integration_bridge.job_days", default=30
    )
    bridge_exchange_days = fields.Integer(
        "Keep HTTP Exchanges (days)", config_parameter="integration_bridge.exchange_days", default=14
    )
    bridge_delivery_days = fields.Integer(
        "Keep Webhook Deliveries (days)", config_parameter="integration_bridge.delivery_days", default=14
    )
    bridge_run_days = fields.Integer(
        "Keep Finished Runs (days)", config_parameter="integration_bridge.run_days", default=90
    )
    bridge_queue_minutes = fields.Integer(
        "Queue Limit (minutes)", config_parameter="integration_bridge.queue_minutes", default=60
    )
    bridge_allowed_addresses = fields.Char("Allowed Private Addresses", config_parameter=ALLOWED_ADDRESSES)
    bridge_allowed_buttons = fields.Char("Allowed Buttons", config_parameter=ALLOWED_BUTTONS)
    bridge_alert_user_ids = fields.Many2many(
        "res.users",
        string="Alert Receivers",
        compute="_compute_bridge_alert_user_ids",
        inverse="_inverse_bridge_alert_user_ids",
        domain=[("share", "=", False)],
    )
    bridge_weekly_summary = fields.Boolean(
        "Weekly Summary", compute="_compute_bridge_weekly_summary", inverse="_inverse_bridge_weekly_summary"
    )

    @api.depends("company_id")
    def _compute_bridge_alert_user_ids(self):
        receivers = self.env["bridge.alert"]._default_receivers()
        for settings in self:
            settings.bridge_alert_user_ids = receivers

    def _inverse_bridge_alert_user_ids(self):
        for settings in self:
            self.env["ir.config_parameter"].sudo().set_param(
                "integration_bridge.alert_user_ids", ",".join(map(str, settings.bridge_alert_user_ids.ids))
            )

    @api.depends("company_id")
    def _compute_bridge_weekly_summary(self):
        self.bridge_weekly_summary = not self.env["ir.config_parameter"].sudo().get_param(OFF)

    def _inverse_bridge_weekly_summary(self):
        for settings in self:
            self.env["ir.config_parameter"].sudo().set_param(OFF, not settings.bridge_weekly_summary and "1")

    @api.constrains(*NUMBERS, "bridge_lanes")
    def _check_bridge_numbers(self):
        for settings in self:
            if not 1 <= settings.bridge_lanes <= MOST_LANES:
                raise ValidationError(self.env._("There must be 1 to %s lanes.", MOST_LANES))
            if min(settings[name] for name in NUMBERS) < 1:
                raise ValidationError(
                    self.env._("Days to keep records, and the minutes that the queue may be late, must be at least 1.")
                )

    @api.constrains("bridge_allowed_addresses")
    def _check_bridge_allowed_addresses(self):
        for settings in self:
            parse_addresses(self.env, settings.bridge_allowed_addresses)

    def set_values(self):
        result = super().set_values()
        self.env["ir.cron"]._set_lanes(self.bridge_lanes)
        return result
