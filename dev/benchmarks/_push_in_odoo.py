"""The part of `push.py` that runs inside Odoo, in a process of its own (see in_odoo.py)."""

import statistics
import time


def configure(env, definition):
    """Import the definition and go live, with nothing to be sent yet."""
    env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
    connector = env["bridge.connector"]._import_definition(definition)
    connector.write({"state": "live", "user_id": env.ref("base.user_admin").id})
    connector.flow_ids.push_scan_needed = False


def measure(env, number):
    """Create and change so many contacts; return how many a second are pushed: {"create": ..., "update": ...}."""
    values = {"ref": "bench", "street": "1 Main Street", "city": "London", "zip": "E1", "email": "x@example.com"}
    partners = env["res.partner"].create([{**values, "name": f"Person {one}"} for one in range(number)])
    rates = {"create": number / _push(env)}
    for one, partner in enumerate(partners):
        partner.phone = f"+44 {one}"
    rates["update"] = number / _push(env)
    bound = env["bridge.binding"].search_count([("res_id", "in", partners.ids), ("state", "=", "linked")])
    assert bound == number, f"{bound} of {number} are there"
    return rates


def _push(env):
    env.cr.commit()
    lane = env.ref("integration_bridge.lane_1")
    started = time.perf_counter()
    while env["bridge.change"].search_count([], limit=1):
        lane.method_direct_trigger()
        env.cr.rollback()
    seconds = time.perf_counter() - started
    failed = env["bridge.job"].search([("state", "in", ("failed", "uncertain"))])
    assert not failed, failed.mapped("error_message")
    return seconds


def saves(env, number):
    """Return the median seconds of a user's transaction that changes one field: {what is mapped: seconds}."""
    partner = env["res.partner"].create({"name": "Saved"})
    env.cr.commit()
    medians = {}
    connector = env["bridge.connector"].search([("code", "=", "bench")])
    for way, name in (("mapped field", "phone"), ("unmapped field of it", "function")):
        medians[way] = _save(env, partner, name, number)
    connector.unlink()
    env.cr.commit()
    medians["nothing mapped"] = _save(env, partner, "phone", number)
    return medians


def _save(env, partner, name, number):
    seconds = []
    for one in range(number):
        partner.fetch([name])  # in the cache, as in a form
        started = time.perf_counter()
        partner[name] = f"{one}"
        env.cr.commit()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
