"""The demo's part inside Odoo (run by in_odoo.py): configure the connectors, run their flows, tell what was counted."""

import time

FIGURES = ("fetched", "created", "updated", "unchanged", "archived", "removed", "failed")
SENT = ("sent_created", "sent_updated", "sent_removed", "conflicts", "failed")
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
    env.invalidate_all()
    return {code: _figures(some) for code, some in runs.items()}


def change_here(env):
    """Create, change and delete records in Odoo; return what the next sync must send, by flow code."""
    category = env["res.partner.category"]
    book, shop = (category.search([("name", "=", name)], limit=1) for name in ("Address Book", "Web Shop"))
    people = [("Grace Hopper", "grace"), ("Alan Turing", "alan"), ("Edsger Dijkstra", "edsger")]
    env["res.partner"].create(
        [
            {"name": name, "email": f"{login}@addressbook.example", "city": "London", "category_id": [(6, 0, book.ids)]}
            for name, login in people
        ]
    )
    env["res.partner"].create(
        [
            {"name": name, "email": f"{login}@shop.example", "phone": "+1 555 0100", "category_id": [(6, 0, shop.ids)]}
            for name, login in people[:2]
        ]
    )
    env["res.partner"].create(
        [
            {"name": name, "email": f"{login}@partner.example", "ref": f"P9{number}"}
            for number, (name, login) in enumerate(people)
        ]
    )
    env["product.template"].create(
        [{"name": f"Article {number}", "default_code": f"A-{number}", "list_price": 10 * number} for number in (1, 2)]
    )
    expected = {
        "contacts": {"sent_created": 3, "sent_updated": 4, "sent_removed": 1},
        "customers": {"sent_created": 2, "sent_updated": 3},
        "partners": {"sent_created": 3, "sent_updated": 2},
        "articles": {"sent_created": 2},
    }
    for code, changed in (("contacts", 4), ("customers", 3), ("partners", 2)):
        records = _records(env, code)
        for number, record in enumerate(records[:changed]):
            record.write({"phone": f"+44 20 7946 01{number:02d}"})
    _records(env, "contacts")[-1].unlink()
    env.cr.commit()
    return expected


def disagree_here(env):
    """Change a contact's phone number, which is about to be changed at the remote as well; return its remote id."""
    record = _records(env, "contacts")[5]
    record.phone = "+44 20 7946 0999"
    env.cr.commit()
    binding = env["bridge.binding"].search([("flow_id.code", "=", "contacts"), ("res_id", "=", record.id)])
    return binding.external_id


def _records(env, code):
    """The linked records of a flow that are active, in the order of their ids."""
    bindings = env["bridge.binding"].search([("flow_id.code", "=", code), ("state", "=", "linked")])
    return env[bindings[:1].res_model].search([("id", "in", bindings.mapped("res_id"))], order="id")


def _work(env):
    """Have a lane work, the way Odoo's scheduler does, until no job is due."""
    lane = env.ref("integration_bridge.lane_1")
    deadline = time.monotonic() + PATIENCE
    while env["bridge.job"].search_count([("state", "in", ("pending", "running")), ("due_at", "<=", "now")]):
        if time.monotonic() > deadline:
            raise TimeoutError("the jobs of the demo did not end in time")
        lane.method_direct_trigger()
        env.cr.rollback()  # see what the lane has committed


def _figures(runs):
    pull = runs.filtered(lambda run: run.kind == "pull")
    push = runs - pull
    figures = {name: sum(pull.mapped(name)) for name in FIGURES}
    figures["archived"] += figures.pop("removed")  # what can not be archived is deleted
    figures |= {name: figures.get(name, 0) + sum(push.mapped(name)) for name in SENT}
    figures["conflicts"] += sum(pull.mapped("conflicts"))
    figures["sent"] = figures["sent_created"] + figures["sent_updated"] + figures["sent_removed"]
    return {**figures, "seconds": sum(runs.mapped("duration"))}


def _make_user(env, login, group):
    groups = [env.ref(name).id for name in (group, "base.group_user", *BUSINESS_GROUPS)]
    values = {"name": f"Demo {login}", "login": login, "password": login, "group_ids": [(6, 0, groups)]}
    values["odoobot_state"] = "disabled"
    env["res.users"].with_context(no_reset_password=True).create(values)
