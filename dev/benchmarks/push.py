"""`./dev/bench push`: how fast changes in Odoo go out, to a remote that answers after a while.

The remote is a server of the tests in a process of its own; it answers each request 50 ms after it came, and takes
eight at a time. So no more than 8/0.05 = 160 requests a second can be done, and we demand 0.8 of it of ourselves as
long as Odoo itself is faster; the rows without latency tell how fast that is.

    --records N     records that are created, then changed (default 1500)
    --latency S     seconds before each answer (default 0.05)
    --at-once N     requests that may be under way together (default 8)
    --saves N       transactions of a user whose price is measured (default 300)
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPT = HERE / "_push_in_odoo.py"
sys.path.append(str(HERE.parents[1] / "tests" / "servers"))

from record_server import own_process  # noqa: E402


def run(workplace, arguments):
    """Yield the rows."""
    options = _options(arguments)
    database = workplace.databases.copy_installed("bench")
    with own_process() as (url, control):
        definition = _definition(url, options.at_once)
        workplace.odoo.call_script(SCRIPT, database, "configure", definition=definition)
        control({"set": {"latency": options.latency}})
        limit = options.at_once / options.latency
        slow = workplace.odoo.call_script(SCRIPT, database, "measure", number=options.records)
        control({"set": {"latency": 0}})
        fast = workplace.odoo.call_script(SCRIPT, database, "measure", number=options.records)
        assert control()["records"]["contacts"] == 2 * options.records, control()
    what = f"{options.at_once} requests at once, each {options.latency * 1000:.0f} ms"
    for way, rate in slow.items():
        yield _row(f"push, remote slow: {way}", rate, limit, what)
    for way, rate in fast.items():
        yield _row(f"push, remote fast: {way}", rate, slow[way], "remote slow")
    saves = workplace.odoo.call_script(SCRIPT, database, "saves", number=options.saves)
    for way, seconds in saves.items():
        yield _row(f"save of a user, {way}", seconds * 1e6, saves["nothing mapped"] * 1e6, "nothing mapped", "µs")


def _options(arguments):
    parser = argparse.ArgumentParser(prog="./dev/bench push", description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1500)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--saves", type=int, default=300)
    return parser.parse_args(arguments)


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
                "fields": [
                    {"field": name, "path": name, "converter": "text"}
                    for name in ("name", "ref", "email", "phone", "street", "city", "zip", "comment")
                ],
            }
        ],
    }


def _row(name, value, against, what, unit="records/s"):
    return {"name": name, "value": value, "unit": unit, "ratio": value / against, "against": what}
