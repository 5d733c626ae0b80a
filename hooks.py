from odoo.exceptions import UserError


def post_init_hook(env):
    """Give a new database its lanes."""
    env["bridge.job"]._set_lanes(env["bridge.job"]._lane_count())


def uninstall_hook(env):
    """Leave nothing behind that would call models which are gone."""
    env["bridge.job"]._set_lanes(0)
    if env["bridge.job"]._lanes():
        raise UserError(env._("A lane of the Integration Bridge is at work. Uninstall the addon again in a minute."))
    env["bridge.flow"]._remove_model_actions(env["bridge.flow"]._model_actions())
    env["ir.config_parameter"].sudo().search([("key", "=like", "integration\\_bridge.%")]).unlink()
