"""The part of `webhooks.py` that runs inside Odoo, in a process of its own (see in_odoo.py)."""

from benchmarks._lane import go_live


def configure_webhook(env, definition, secret, route):
    """A live connector with a webhook; return the path of its address."""
    connector = go_live(env, definition)
    connector.write({"hook_scheme": "standard", "hook_rate": 0})
    connector._keep_hook_secret(secret, 0)
    env["bridge.route"].create({"connector_id": connector.id, "flow_id": connector.flow_ids.id, **route})
    env.cr.commit()
    return "/" + connector.hook_address.split("/", 3)[3]
