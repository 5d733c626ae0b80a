"""The part of `push.py` that runs inside Odoo, in a process of its own (see in_odoo.py)."""

import statistics
import time

from benchmarks._lane import configure, go_live, profiled, work  # noqa: F401 (configure is called from outside)

WAYS = {"create": "Idempotency-Key", "create, no way to ask": False}


def measure(env, number, profile=None):
    """Create so many contacts in each way, and change some of them; return how many a second are pushed, by way."""
    rates = {}
    for way, header in reversed(WAYS.items()):
        env["bridge.connector"].search([("code", "=", "bench")]).idempotency_header = header
        partners = _create(env, number)
        with profiled(profile, way.replace(", ", "-").replace(" ", "-")):
            rates[way] = number / _push(env)
    for one, partner in enumerate(partners):
        partner.phone = f"+44 {one}"
    env.cr.commit()
    with profiled(profile, "update"):
        rates["update"] = number / _push(env)
    bound = env["bridge.binding"].search_count([("res_id", "in", partners.ids), ("state", "=", "linked")])
    if bound != number:
        raise ValueError(f"{bound} of {number} are there")
    return rates


def _create(env, number):
    values = {"ref": "bench", "street": "1 Main Street", "city": "London", "zip": "E1", "email": "x@example.com"}
    partners = env["res.partner"].create([{**values, "name": f"Person {one}"} for one in range(number)])
    env.cr.commit()
    return partners


def _push(env):
    seconds = work(env, lambda: env["bridge.change"].search_count([], limit=1))
    failed = env["bridge.job"].search([("state", "in", ("failed", "uncertain"))])
    if failed:
        raise ValueError(failed.mapped("error_message"))
    return seconds


def saves(env, definitions, number, rounds):
    """Have a user save with each of these definitions, by turns.

    :param dict definitions: way to definition; None: no connector
    :return: way to the saves a second, by the median of all that it did
    """
    partner = env["res.partner"].create({"name": "Saved"})
    env.cr.commit()
    seconds = {way: [] for way in definitions}
    for turn in range(rounds):
        for way, definition in definitions.items():
            env["bridge.connector"].search([]).unlink()
            env.cr.commit()
            if definition:
                go_live(env, definition)
                env.cr.commit()
            seconds[way] += _save(env, partner, [f"+44 {turn} {one}" for one in range(number)])
    return {way: 1 / statistics.median(some) for way, some in seconds.items()}


def _save(env, partner, values):
    seconds = []
    for value in values:
        partner.fetch(["phone"])  # in the cache, as in a form
        started = time.perf_counter()
        partner.phone = value
        env.cr.commit()
        seconds.append(time.perf_counter() - started)
    return seconds
