"""`./dev/bench pull`: how fast a lane brings contacts into Odoo, against `create` and `load` of the same values.

One run, fresh databases, one lane process, the contacts over real HTTP from another process. The ways take turns. A
shared machine is slower for seconds now and then, and that is no matter of the one that works just then: so of each
few pages, or batches, the best round counts, and the sum of these is what a way takes.

`load_with_ids` is `load` with an external id for each record: what an import needs that may be repeated, and what a
pull keeps as well. `pull_new` and `pull_unchanged` are of a flow that only pulls. `..., both ways` are of one that goes
both ways, in a database of its own, and the push run that follows is counted in; `create` and `load` are done where
nothing is pushed, so that they are what they are in an Odoo without us.

    --records N     contacts (default 10000)
    --rounds N      turns (default 5)
    --batch N       page size, and batch size of `create` and `load` (default 500)
    --kinto N       contacts of the real Kinto (default: as --records)
    --profile FILE  write a profile of each way to FILE.<way>.prof; its rates are those under the profiler
    --short         1500 contacts
"""

import sys

from benchmarks import _harness, _walk
from bridge_dev import demo_data, servers

CODE = "contacts"
DEFAULTS = {"records": 10_000, "rounds": 5, "batch": 500, "kinto": 0, "profile": None}
SHORT = {"records": 1500, "rounds": 5, "kinto": 600}


AGAINST = {
    "load": ("create",),
    "load_with_ids": ("create",),
    "pull_new": ("create", "load", "load_with_ids"),
    "pull_new, both ways": ("create", "load", "load_with_ids"),
    "pull_unchanged": ("create",),
    "pull_unchanged, both ways": ("create",),
}


def run(workplace, arguments):
    """Yield the rows."""
    options = _harness.options("pull", __doc__, arguments, DEFAULTS, SHORT)
    with _harness.contacts_server(workplace, options.records) as server:
        one_way, both_ways = (_database(workplace, server.url, options, way) for way in ("pull", "both"))
        found = _measure(workplace, one_way, both_ways, options)
        alone = max(_walk.rate(server.url + _harness.LIST, options.batch) for _round in range(options.rounds))
    rates = {way: options.records / _harness.undisturbed(pieces) for way, pieces in found.items()}
    yield _harness.row("create", rates["create"])
    for way, others in AGAINST.items():
        for other in others:
            yield _harness.row(way, rates[way], rates[other], other)
    yield _harness.row("the server alone", alone)
    yield from _kinto(workplace, one_way, options)


def _database(workplace, url, options, direction):
    """A fresh database in which such a flow is live; return its name."""
    database = workplace.databases.copy_installed(f"bench_{direction}")
    definition = _harness.contacts_definition(url, options.batch, CODE, direction)
    _harness.call(workplace, "pull", database, "configure", definition=definition, secret="none")
    return database


def _measure(workplace, one_way, both_ways, options):
    """Return the seconds of each piece, of each time, by way."""
    numbers = {"rounds": options.rounds, "batch": options.batch, "profile": options.profile}
    return _harness.call(workplace, "pull", one_way, "measure", other=both_ways, code=CODE, **numbers)


def _kinto(workplace, database, options):
    """The same from a real Kinto, whose own time, which changes much, is what counts there: so no ratio."""
    with servers.kinto(workplace) as kinto:
        demo_data.load_kinto(kinto.client, options.kinto or options.records)
        alone = _walk.rate(kinto.url + _harness.LIST, options.batch)
        document = _harness.contacts_definition(kinto.url, options.batch, "kinto_itself")
        _harness.call(workplace, "pull", database, "configure", definition=document, secret=kinto.secret)
        yield _harness.row("kinto: the server alone", alone)
        for way in ("pull_new", "pull_unchanged"):
            rate = _harness.call(workplace, "pull", database, "pull", code="kinto_itself")
            yield _harness.row(f"kinto: {way}", rate)


if __name__ == "__main__":
    sys.exit("run ./dev/bench pull")
