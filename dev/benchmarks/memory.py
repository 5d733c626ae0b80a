"""`./dev/bench memory`: do the memory of a lane and the cost of a record grow with the number of remote records?

One lane process pulls one long list, all of it new, into a light model (contact tags); its resident memory is read when
20,000 and when 200,000 records have gone through. The ratio of a memory is that at the first mark by it: 1 is flat,
less is growth.

    --records N   length of the list (default 200000)
    --first N     the first mark (default 20000)
    --short       3,000 to 15,000 records
"""

import itertools

from benchmarks import _harness

CODE = "long_list"
PAGE = 500
DEFAULTS = {"records": 200_000, "first": 20_000}
SHORT = {"records": 15_000, "first": 3_000}


def run(workplace, arguments):
    """Yield the rows."""
    options = _harness.options("memory", __doc__, arguments, DEFAULTS, SHORT)
    database = workplace.databases.copy_installed("bench")
    with _harness.contacts_server(workplace, options.records, "light") as server:
        _harness.call(workplace, "pull", database, "configure", definition=_definition(server.url), secret="none")
        marks = [options.first, options.records // 2]
        found = _harness.call(workplace, "pull", database, "memory", code=CODE, marks=marks)
    found = {int(mark): values for mark, values in found.items()}
    first = found[options.first][0]
    for mark, (megabytes, _seconds) in found.items():
        name, what = f"memory after {mark} records", f"after {options.first} records"
        yield _harness.row(name, megabytes, what=what, unit="MB", ratio=first / megabytes)
    yield from _rates(found)


def _definition(url):
    """Contacts of the list as tags: only their name."""
    document = _harness.contacts_definition(url, PAGE, CODE)
    document["connector"]["log_level"] = "errors"
    fields = [{"field": "name", "path": "name", "converter": "text", "required": True}]
    document["flows"][0] |= {"model": "res.partner.category", "push_domain": [], "fields": fields}
    return document


def _rates(found):
    """Rows with the rate between one mark and the next, each against the first one."""
    marks = [(0, 0.0), *((mark, seconds) for mark, (_megabytes, seconds) in found.items())]
    rates = [(end - start, ended - began) for (start, began), (end, ended) in itertools.pairwise(marks)]
    first = rates[0][0] / rates[0][1]
    for (start, _began), (records, seconds) in zip(marks, rates, strict=False):
        yield _harness.row(f"rate from {start} to {start + records}", records / seconds, first, "the first")
