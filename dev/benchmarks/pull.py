"""`./dev/bench pull`: how fast a lane brings contacts into Odoo, against `create` and `load` of the same values.

One run, one fresh database, one lane process, the contacts over real HTTP from another process. The ways take turns and
the best round of each counts, because other work on the machine slows down single rounds. `load_with_ids` is `load`
with an external id for each record: what an import needs that may be repeated, and what a pull keeps as well.

    --records N     contacts (default 10000)
    --rounds N      turns (default 3)
    --batch N       page size, and batch size of `create` and `load` (default 500)
    --profile FILE  write a profile of each way to FILE.<way>.prof; its rates are those under the profiler
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

from bridge_dev import demo_data, servers
from bridge_dev.cache import REPOSITORY
from bridge_dev.network import Server, free_port

HERE = Path(__file__).parent
IN_ODOO = HERE / "_pull_in_odoo.py"
LIST = "/v1/buckets/crm/collections/contacts/records"
CODE = "kinto_contacts"


def run(workplace, arguments):
    """Yield the rows."""
    options = _options(arguments)
    database = workplace.databases.copy_installed("bench")
    with contacts_server(workplace, options.records) as server:
        call(workplace, database, "configure", definition=definition(server.url, options.batch))
        best, walked = _measure(workplace, database, server, options)
    yield _row("create", best["create"])
    yield _row("load", best["load"], best["create"], "create")
    yield _row("load_with_ids", best["load_with_ids"], best["create"], "create")
    for against in ("create", "load", "load_with_ids"):
        yield _row("pull_new", best["pull_new"], best[against], against)
    yield _row("pull_unchanged", best["pull_unchanged"], walked, "the server alone")
    yield from _kinto(workplace, database, options)


def _options(arguments):
    parser = argparse.ArgumentParser(prog="./dev/bench pull", description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--profile")
    return parser.parse_args(arguments)


def _measure(workplace, database, server, options):
    """Return the best rate of each way, and the rate at which the server alone can be read."""
    rates = call(
        workplace, database, "measure", code=CODE, rounds=options.rounds, batch=options.batch, profile=options.profile
    )
    walked = max(_walk_rate(server.url, options.batch) for _round in range(options.rounds))
    return {name: max(measured) for name, measured in rates.items()}, walked


def _kinto(workplace, database, options):
    """The same from a real Kinto, whose own time is what counts there."""
    with servers.kinto(workplace) as kinto:
        demo_data.load_kinto(kinto.client, options.records)
        walked = _walk_rate(kinto.url, options.batch)
        document = definition(kinto.url, options.batch, code="kinto_itself")
        call(workplace, database, "configure", definition=document, secret=kinto.secret)
        seconds, result = call(workplace, database, "pull", code="kinto_itself")
        yield _row("kinto: the server alone", walked)
        yield _row("kinto: pull_new", result["fetched"] / seconds, walked, "the server alone")
        seconds, result = call(workplace, database, "pull", code="kinto_itself")
        yield _row("kinto: pull_unchanged", result["fetched"] / seconds, walked, "the server alone")


def contacts_server(workplace, number, kind="people"):
    """Return a context manager: our small server with so many contacts, in its own process."""
    port = free_port()
    command = [sys.executable, "-I", HERE / "_contacts_server.py", port, number, kind]
    return Server("contacts", command, port, f"{LIST}?_limit=1", workplace.cache.log("bench-contacts"))


def definition(url, batch, code=CODE):
    """Return the demo's definition for contacts, for another address."""
    document = json.loads((REPOSITORY / "demo" / "kinto_contacts.json").read_text())
    document["connector"] |= {"base_url": f"{url}/v1", "code": code}
    document["flows"][0] |= {"page_size": batch, "schedule": None}
    return document


def call(workplace, database, function, **arguments):
    """Run a function of `_pull_in_odoo.py` in a lane process; return what it returns."""
    return workplace.odoo.call_script(IN_ODOO, database, function, **arguments)


def _walk_rate(url, batch):
    specification = importlib.util.spec_from_file_location("pull_in_odoo", IN_ODOO)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    records, seconds = module.walk(url + LIST, batch)
    return records / seconds


def _row(name, value, against=None, what=None):
    return {
        "name": name,
        "value": value,
        "unit": "records/s",
        "ratio": against and value / against,
        "against": what,
    }


if __name__ == "__main__":
    sys.exit("run ./dev/bench pull")
