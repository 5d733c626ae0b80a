import logging

from odoo import models

_logger = logging.getLogger(__name__)


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        result = super().session_info()
        if self.env.user._is_internal():
            try:
                self.env["bridge.alert"]._watch_without_cron()
            except Exception:
                _logger.exception("The Integration Bridge could not look after itself")  # nobody is kept out of Odoo
        return result

    @classmethod
    def _pre_dispatch(cls, rule, args):
        result = super()._pre_dispatch(rule, args)
        # A signature is of the bytes as they came. Odoo reads a form before it calls a controller, and then they are
        # gone.
        read = rule.endpoint.routing.get("bridge_raw_body")
        if read:
            read(args["token"])
        return result
