"""`./dev/bench push`: how fast changes in Odoo go out, to a remote that answers after a while; and what a save pays.

The remote is a server of the tests in a process of its own; it answers each request 50 ms after it came, and takes
eight at a time. So no more than 8/0.05 = 160 requests a second can be done, and we demand 0.85 of it of ourselves as
long as Odoo itself is faster; the rows without latency tell how fast that is.

`create` is to a remote that knows a creation again by its key, or can be asked for it. `create, no way to ask` is to
one where nobody can know what became of a creation whose answer was lost: there no more is begun than can be sent at
once, and all of it has landed before the next are begun, so that a worker that dies leaves few cases for a person.

The price of a save is that of a user who writes the telephone number of a contact and commits: where that field is
mapped, where only others of its model are, and where nothing is mapped at all. The three take turns.

    --records N     records that are created, then changed (default 1500)
    --latency S     seconds before each answer (default 0.05)
    --at-once N     requests that may be under way together (default 8)
    --saves N       transactions of a user in a turn, whose median is taken (default 100)
    --rounds N      turns (default 3)
    --profile FILE  write a profile of each way to FILE.<way>.prof; its rates are those under the profiler
    --short         320 records, 2 turns
"""

import sys
from pathlib import Path

from benchmarks import _harness

sys.path.append(str(Path(__file__).parents[2] / "tests" / "servers"))

from record_server import own_process

DEFAULTS = {"records": 1500, "latency": 0.05, "at_once": 8, "saves": 100, "rounds": 3, "profile": None}
SHORT = {"records": 320, "saves": 40, "rounds": 2}
FIELDS = ("name", "ref", "email", "phone", "street", "city", "zip", "comment")


def run(workplace, arguments):
    """Yield the rows."""
    options = _harness.options("push", __doc__, arguments, DEFAULTS, SHORT)
    database = workplace.databases.copy_installed("bench")
    with own_process() as (url, control):
        definition = _definition(url, options.at_once)
        _harness.call(workplace, "push", database, "configure", definition=definition)
        slow, fast = [], []
        for _round in range(options.rounds):
            for latency, found in ((options.latency, slow), (0, fast)):
                control({"set": {"latency": latency}})
                numbers = {"number": options.records, "profile": options.profile and f"{options.profile}.{latency}"}
                found.append(_harness.call(workplace, "push", database, "measure", **numbers))
        there = control()["records"]["contacts"]
        if there != 4 * options.rounds * options.records:
            raise ValueError(f"{there} records are there")
    limit = options.at_once / options.latency
    for way, rate in _harness.best(slow).items():
        what = f"{options.at_once} requests at once, each {options.latency * 1000:.0f} ms"
        yield _harness.row(f"push, remote slow: {way}", rate, limit, what)
    for way, rate in _harness.best(fast).items():
        yield _harness.row(f"push, remote fast: {way}", rate)
    yield from _saves(workplace, database, definition, options)


def _saves(workplace, database, definition, options):
    """Rows with the saves a second of a user."""
    unmapped = [
        {**flow, "fields": [one for one in flow["fields"] if one["field"] != "phone"]} for flow in definition["flows"]
    ]
    definitions = {
        "field mapped": definition,
        "others mapped": {**definition, "flows": unmapped},
        "nothing mapped": None,
    }
    numbers = {"definitions": definitions, "number": options.saves, "rounds": options.rounds}
    found = _harness.call(workplace, "push", database, "saves", **numbers)
    for way, rate in found.items():
        alone = way == "nothing mapped"
        yield _harness.row(
            f"save of a user, {way}",
            rate,
            None if alone else found["nothing mapped"],
            None if alone else "nothing mapped",
            "saves/s",
        )


def _definition(url, at_once):
    one = "/contacts/{external_id}"
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {
            "code": "bench",
            "name": "Benchmark",
            "base_url": url,
            "limits": {"requests_at_once": at_once},
        },
        "flows": [
            {
                "code": "contacts",
                "name": "Contacts",
                "model": "res.partner",
                "direction": "push",
                "authority": "odoo",
                "push_domain": [["ref", "=", "bench"]],
                "record": {"id": "id", "version": "updated"},
                "page_size": 500,
                "operations": [
                    {"kind": "create", "method": "POST", "path": "/contacts"},
                    {
                        "kind": "update",
                        "method": "PATCH",
                        "path": one,
                        "headers": {"If-Match": '"{version}"'},
                    },
                ],
                "fields": [{"field": name, "path": name, "converter": "text"} for name in FIELDS],
            }
        ],
    }
