"""`./dev/bench memory`: do the memory of a lane and the cost of a record grow with the number of remote records?

One lane process pulls one long list, all of it new, into a light model (contact tags); its resident memory is read when
20,000 and when 200,000 records have gone through.

    --records N   length of the list (default 200000)
    --first N     the first mark (default 20000)
"""

import argparse
import importlib.util
import itertools
from pathlib import Path

CODE = "long_list"
PAGE = 500


def run(workplace, arguments):
    """Yield the rows."""
    options = _options(arguments)
    pull = _sibling("pull")
    database = workplace.databases.copy_installed("bench")
    with pull.contacts_server(workplace, options.records, "light") as server:
        pull.call(workplace, database, "configure", definition=_definition(pull, server.url))
        marks = [options.first, options.records // 2]
        found = pull.call(workplace, database, "memory", code=CODE, marks=marks)
    found = {int(mark): values for mark, values in found.items()}
    for mark, (megabytes, _seconds) in found.items():
        yield _row(f"memory after {mark} records", megabytes, "MB")
    yield _row("memory", found[options.records][0] - found[options.first][0], "MB")
    yield from _rates(found)


def _options(arguments):
    parser = argparse.ArgumentParser(prog="./dev/bench memory", description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--first", type=int, default=20_000)
    return parser.parse_args(arguments)


def _definition(pull, url):
    """Contacts of the list as tags: only their name."""
    document = pull.definition(url, PAGE, code=CODE)
    document["connector"]["log_level"] = "errors"
    flow = document["flows"][0]
    flow["model"] = "res.partner.category"
    flow["fields"] = [{"field": "name", "path": "name", "converter": "text", "required": True}]
    return document


def _sibling(name):
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _rates(found):
    """Rows with the rate between one mark and the next, each against the first one."""
    marks = [(0, 0.0), *((mark, seconds) for mark, (_megabytes, seconds) in found.items())]
    first = None
    for (start, began), (end, ended) in itertools.pairwise(marks):
        rate = (end - start) / (ended - began)
        first = first or rate
        yield {**_row(f"rate from {start} to {end}", rate, "records/s"), "ratio": rate / first, "against": "the first"}


def _row(name, value, unit):
    return {"name": name, "value": value, "unit": unit}
