"""What the benchmarks have in common inside Odoo: a connector that is live, a lane that works, tables as new."""

import contextlib
import cProfile
import time

from odoo import fields


def go_live(env, definition, secret=None):
    """Import a definition and go live as the administrator; nothing else may work in the lane meanwhile.

    A flow that sends has done its first full push already, as one that lives.

    :rtype: BridgeConnector
    """
    env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
    connector = env["bridge.connector"]._import_definition(definition)
    if secret:
        connector._set_secrets({"secret": secret})
    connector.write({"state": "live", "user_id": env.ref("base.user_admin").id})
    now = fields.Datetime.now()
    env["bridge.flow"].search([]).write({"interval_number": 0, "next_run": False})
    connector.flow_ids.write({"push_scan_needed": False, "last_push_scan": now})
    return connector


def configure(env, definition, secret=None):
    """The same, as a function that a benchmark calls."""
    go_live(env, definition, secret)


def work(env, is_left):
    """Let the lane work, the way Odoo's scheduler calls it, as long as something is left; return the seconds.

    :param is_left: tells whether something is left
    """
    lane = env.ref("integration_bridge.lane_1")
    started = time.perf_counter()
    while is_left():
        lane.method_direct_trigger()
        env.cr.rollback()
        env.invalidate_all()
    return time.perf_counter() - started


def run(flow):
    """Have the lane do a full pull, and the push that follows it in a flow that goes both ways, by the clock.

    :return: the seconds, and the counters of each run by its kind
    :rtype: tuple[float, dict]
    :raises ValueError: if a run did not end well
    """
    total, counters = 0, {}
    for kind in ("pull", "push") if flow.direction == "both" else ("pull",):
        one = flow._enqueue("manual", full=kind == "pull", kinds=[kind])
        flow.env.cr.commit()
        total += work(flow.env, lambda one=one: one.state in ("pending", "running"))
        if one.state != "done":
            raise ValueError(f"the {kind} is {one.state}: {one.message}")
        counters[kind] = {name: one[name] for name in ("fetched", "created", "updated", "unchanged", "failed")}
    return total, counters


def vacuum(env, tables):
    """Leave tables as if nothing had ever been deleted from them."""
    connection = env.cr._cnx
    connection.autocommit = True
    env.cr._obj.execute(f"VACUUM ANALYZE {tables}")
    connection.autocommit = False


@contextlib.contextmanager
def profiled(path, name):
    """Write a profile of what is done inside to ``path.name.prof``, if there is a path."""
    if not path:
        yield
        return
    profile = cProfile.Profile()
    with profile:
        yield
    profile.dump_stats(f"{path}.{name}.prof")
