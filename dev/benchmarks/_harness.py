"""What the benchmarks have in common on this side: options and their short form, rows, the list of contacts, calls.

A ratio is the larger the better in every row, so that one rule compares them all (bridge_dev/floors.py): what has a
price in seconds is told as a rate.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

from bridge_dev.cache import REPOSITORY
from bridge_dev.network import Server, free_port

FEW = 5  # pieces of work, such as pages
HERE = Path(__file__).parent
LIST = "/v1/buckets/crm/collections/contacts/records"


def options(name, description, arguments, defaults, short):
    """Read the command line of a benchmark.

    :param dict defaults: option to its value; an option without one is a text
    :param dict short: values of the options in the short form, ``--short``
    :rtype: argparse.Namespace
    """
    parser = argparse.ArgumentParser(prog=f"./dev/bench {name}", description=description.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="quick, to see that it works and what the ratios are")
    for option, value in defaults.items():
        kind = str if value is None else type(value)
        parser.add_argument("--" + option.replace("_", "-"), type=kind)
    given = vars(parser.parse_args(arguments))
    values = {**defaults, **(short if given["short"] else {})}
    return argparse.Namespace(**values | {option: value for option, value in given.items() if value is not None})


def row(name, value, against=None, what=None, unit="records/s", ratio=None):
    """One row of the table.

    :param float value: what was measured
    :param float against: what it is compared with, in the same unit; the more the better
    :param str what: what that is, in words
    :param float ratio: where it is not ``value`` by ``against``
    """
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "ratio": ratio or (against and value / against),
        "against": what,
    }


def best(rounds):
    """The best round of each way: other work on the machine slows down single rounds.

    :param list[dict] rounds: way to rate
    """
    return {way: max(one[way] for one in rounds) for way in rounds[0]}


def undisturbed(times):
    """How long work takes that was done several times, each time in the same pieces.

    Other work on the machine slows down single seconds, and makes none faster: so of each few pieces the best time
    counts. Of a few, not of one, because a piece also has costs that meet now this one and now that one.

    :param list[list[float]] times: seconds of the pieces
    :rtype: float
    """
    few = [[sum(one[start : start + FEW]) for start in range(0, len(one), FEW)] for one in times]
    return sum(map(min, zip(*few, strict=True)))


def contacts_server(workplace, number, kind="people"):
    """Return a context manager: our small server with so many contacts, in its own process."""
    port = free_port()
    command = [sys.executable, "-I", HERE / "_contacts_server.py", port, number, kind]
    return Server("contacts", command, port, f"{LIST}?_limit=1", workplace.cache.log("bench-contacts"))


def contacts_definition(url, batch, code, direction="pull"):
    """Return the demo's definition for contacts, for another address and direction."""
    document = json.loads((REPOSITORY / "data" / "gallery" / "kinto_contacts.json").read_text())
    document["connector"] |= {"base_url": f"{url}/v1", "code": code}
    document["flows"][0] |= {"page_size": batch, "schedule": None, "direction": direction}
    return document


def call(workplace, script, database, function, **arguments):
    """Run a function of ``_<script>_in_odoo.py`` in a process of its own; return what it returns."""
    return workplace.odoo.call_script(HERE / f"_{script}_in_odoo.py", database, function, **arguments)


def module(name):
    """Load a file of this folder that is not a benchmark and needs no Odoo."""
    specification = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded
