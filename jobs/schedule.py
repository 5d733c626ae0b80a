"""Which flows' time has come."""

from odoo import fields
from odoo.exceptions import UserError


def enqueue_due(env):
    """Start a run of every flow whose time has come."""
    now = fields.Datetime.now()
    due = (
        env["bridge.flow"]
        .sudo()
        .search([("next_run", "<=", now), ("connector_id.state", "!=", "disabled"), ("parent_id", "=", False)])
    )
    for flow in env["bridge.change"].sudo()._waiting_flows():
        env["bridge.run"].sudo()._enqueue(flow, trigger="change", kind="push")
    for flow in due:
        try:
            with env.cr.savepoint():
                flow._enqueue(trigger="schedule")
        except UserError as error:  # one flow that is not right must not keep the others from their work
            env["bridge.run"].sudo()._start(flow, trigger="schedule")._fail(str(error))
        flow._schedule(now)
