"""The demo's part inside Odoo (run by in_odoo.py): configure the connectors, run their flows, tell what was counted."""

import time

FIGURES = ("fetched", "created", "updated", "unchanged", "archived", "failed")
# Demo logins, by the technical name of our group; the password is the login.
GROUPS = {
    "user": "integration_bridge.group_integration_bridge_user",
    "operator": "integration_bridge.group_integration_bridge_operator",
    "administrator": "integration_bridge.group_integration_bridge_administrator",
}
# Rights on the records that the flows write, for the people who look at them.
BUSINESS_GROUPS = ("base.group_partner_manager", "sales_team.group_sale_manager")
PATIENCE = 600  # seconds for one sync of everything


def configure(env, systems):
    """Import the definitions, give the secrets, and switch the connectors on.

    :param list systems: of {"definition": the document, "secret": password or key}.
    """
    for login, group in GROUPS.items():
        _make_user(env, login, group)
    env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
    for system in systems:
        connector = env["bridge.connector"]._import_definition(system["definition"])
        connector._set_secrets({"secret": system["secret"]})
        connector.write({"state": "live", "user_id": env.ref("base.user_admin").id})


def sync(env):
    """Run every flow once; return {flow code: {figure: number, "seconds": float}}."""
    flows = env["bridge.flow"].search([("parent_id", "=", False)], order="id")
    runs = {flow.code: flow._enqueue(trigger="manual", full=False) for flow in flows}
    env.cr.commit()
    _work(env)
    for run in runs.values():
        run.invalidate_recordset()
    return {code: _figures(run) for code, run in runs.items()}


def _work(env):
    """Have a lane work, the way Odoo's scheduler does, until no job is due."""
    lane = env.ref("integration_bridge.lane_1")
    deadline = time.monotonic() + PATIENCE
    while env["bridge.job"].search_count([("state", "in", ("pending", "running")), ("due_at", "<=", "now")]):
        if time.monotonic() > deadline:
            raise TimeoutError("the jobs of the demo did not end in time")
        lane.method_direct_trigger()
        env.cr.rollback()  # see what the lane has committed


def _figures(run):
    figures = {name: run[name] for name in FIGURES}
    figures["archived"] += run.removed  # what can not be archived is deleted
    return {**figures, "seconds": run.duration}


def _make_user(env, login, group):
    groups = [env.ref(name).id for name in (group, "base.group_user", *BUSINESS_GROUPS)]
    values = {"name": f"Demo {login}", "login": login, "password": login, "group_ids": [(6, 0, groups)]}
    values["odoobot_state"] = "disabled"
    env["res.users"].with_context(no_reset_password=True).create(values)
