"""Lanes: the scheduled actions that do jobs (DESIGN.md, "The queue")."""

import contextlib
import itertools
import math
import time

from odoo import api, models
from odoo.exceptions import UserError

from ..jobs.lane import put_back

LANES = "integration_bridge.lanes"


class IrCron(models.Model):
    _inherit = "ir.cron"

    @api.model
    def _commit_untold(self):
        """As ``_commit_progress``, but nothing is read and written to say how much was done.

        :return: the seconds that are left
        """
        self.env.cr.commit()  # pylint: disable=invalid-commit
        return max(self.env.context.get("cron_end_time", math.inf) - time.monotonic(), 0)

    @api.model
    def _lane_count(self):
        return int(self.env["ir.config_parameter"].sudo().get_param(LANES, 2))

    @api.model
    def _lanes(self):
        """The scheduled actions that are lanes, in their order.

        :rtype: IrCron
        """
        named = [("module", "=", "integration_bridge"), ("model", "=", "ir.cron"), ("name", "=like", "lane\\_%")]
        ids = self.env["ir.model.data"].sudo()._search(named).subselect("res_id")
        return self.sudo().with_context(active_test=False).search_fetch([("id", "in", ids)], order="id")

    @api.model
    def _set_lanes(self, count):
        """Have exactly so many lanes; one more or less needs no restart.

        A lane that is at work can not be removed now. It ends its slice, does no more, and goes the next time.
        """
        lanes = self._lanes()
        for lane in lanes[count:]:
            with contextlib.suppress(UserError), self.env.cr.savepoint():
                names = self.env["ir.model.data"].sudo().search([("model", "=", "ir.cron"), ("res_id", "=", lane.id)])
                put_back(self.env["bridge.job"].sudo().search([("lane_id", "=", lane.id), ("state", "=", "running")]))
                names.unlink()
                lane.unlink()
        names = (
            self.env["ir.model.data"].sudo().search([("module", "=", "integration_bridge"), ("model", "=", "ir.cron")])
        )
        free = (number for number in itertools.count(1) if f"lane_{number}" not in names.mapped("name"))
        for _missing in range(count - len(lanes)):
            self._create_lane(next(free))

    @api.model
    def _create_lane(self, number):
        lane = self.sudo().create(
            {
                "name": f"Integration Bridge: lane {number}",
                "model_id": self.env["ir.model"]._get_id("bridge.job"),
                "state": "code",
                "code": "model._run_lane()",
                "user_id": self.env.ref("base.user_root").id,
                "interval_number": 1,
                "interval_type": "minutes",
                "priority": 5,
            }
        )
        # A name of its own, so that uninstalling the addon finds it.
        self.env["ir.model.data"].sudo().create(
            {
                "module": "integration_bridge",
                "name": f"lane_{number}",
                "model": "ir.cron",
                "res_id": lane.id,
                "noupdate": True,
            }
        )

    @api.model
    def _wake_lanes(self, at=None):
        """Have the lanes look for work when this transaction is committed, or at a time.

        :param datetime at: naive UTC; one lane is enough then
        """
        lanes = self._lanes()
        for lane in lanes[:1] if at else lanes:
            lane._trigger(at=at)
