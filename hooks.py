from odoo.exceptions import UserError


def post_init_hook(env):
    """Give a new database its lanes, and its digests our figures."""
    env["ir.cron"]._set_lanes(env["ir.cron"]._lane_count())
    env["bridge.kpi"]._offer()


def uninstall_hook(env):
    """Leave nothing behind that would call models which are gone."""
    env["ir.cron"]._set_lanes(0)
    if env["ir.cron"]._lanes():
        raise UserError(env._("A lane of the Integration Bridge is at work. Uninstall the addon again in a minute."))
    env["bridge.kpi"]._withdraw()
    env["bridge.key"]._drop_indexes()
    env["ir.actions.server"]._bridge_entries()._remove_bridge_entries()
    env["ir.config_parameter"].sudo().search([("key", "=like", "integration\\_bridge.%")]).unlink()
