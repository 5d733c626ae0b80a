"""The part of `pull.py` and `memory.py` that runs inside Odoo, in a process of its own (see in_odoo.py)."""

import collections
import copy
import itertools
import time

import psutil
from benchmarks._lane import configure, profiled, run, vacuum  # noqa: F401 (configure is called from outside)

import odoo
from odoo.addons.integration_bridge.road.pull import arrival
from odoo.modules.registry import Registry

TAG = "Address Book"  # what the mapping gives every contact
RELATIONS = ("country_id", "category_id")
TABLES = (
    "bridge_change, bridge_exchange, bridge_binding, bridge_log, bridge_job, mail_message, res_partner,"
    " res_partner_res_partner_category_rel"
)


def measure(env, other, code, rounds, batch, profile=None):
    """Have each way take its turn, in this database or in the other one, where the flow goes both ways.

    :return: way to the seconds of each piece of its work, of each time that it was done
    :rtype: dict[str, list[list[float]]]
    """
    found = collections.defaultdict(list)
    with Registry(other).cursor() as cr:
        both = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
        one_way, both_ways = _flow(env, code), _flow(both, code)
        for one in (env, both):
            _make_tag(one)
            _forget(one)
        values = _values(one_way)
        ways = {
            "load": lambda: _load(one_way, values, batch),
            "load_with_ids": lambda: _load_with_ids(one_way, values, batch),
            "create": lambda: _create(one_way, values, batch),
            "pull_new": lambda: _pull(one_way, "created", len(values)),
            "pull_unchanged": lambda: _pull(one_way, "unchanged", len(values)),
            "pull_new, both ways": lambda: _pull(both_ways, "created", len(values)),
            "pull_unchanged, both ways": lambda: _pull(both_ways, "unchanged", len(values)),
        }
        for _round in range(rounds):
            for name, way in ways.items():
                with profiled(profile, name.replace(", ", "-").replace(" ", "-")):
                    found[name].append(way())
                if not name.startswith("pull_new"):  # what it made is what the re-pull reads again
                    _forget(env if "both" not in name else both)
    return found


def pull(env, code):
    """Have the lane run the flow once, with a full scan; return the rate (records/s)."""
    seconds, runs = run(_flow(env, code))
    return runs["pull"]["fetched"] / seconds


def memory(env, code, marks):
    """Pull a long list in one lane process.

    :return: as text, since JSON has no other names: records read to (RSS in MB, seconds so far), at the marks
    """
    flow, process, found, read = _flow(env, code), psutil.Process(), {}, 0
    started = time.perf_counter()

    def after_sync(self, outcomes):
        nonlocal read
        read += len(outcomes)
        for mark in marks:
            if read >= mark and str(mark) not in found:
                found[str(mark)] = process.memory_info().rss / 1e6, time.perf_counter() - started

    type(flow)._after_sync = after_sync  # a hook that is there for other addons
    seconds, runs = run(flow)
    found[str(runs["pull"]["fetched"])] = process.memory_info().rss / 1e6, seconds
    return found


def _flow(env, code):
    return env["bridge.flow"].search([("connector_id.code", "=", code)])


# ----------------------------------------------------------------------------------------------------------------------
# The values
# ----------------------------------------------------------------------------------------------------------------------


def _values(flow):
    """The very values that the flow gives to `create`, made by its own road, and taken from the hook before it."""
    values, run_, mapper = [], flow.env["bridge.run"]._start(flow, "manual"), flow._mapper()

    def values_to_create(self, step, vals):
        values.append(copy.deepcopy(vals))
        return vals

    kept = type(flow)._values_to_create
    type(flow)._values_to_create = values_to_create
    try:
        road = flow._pull(run_, mapper=mapper)
        road.apply(road.plan(road.look(road.translate(road.recognise(arrival.identify(flow, mapper, _read(flow)))))))
    finally:
        type(flow)._values_to_create = kept
        flow.env.cr.rollback()
        flow.env.invalidate_all()
    return values


def _read(flow):
    """All remote records, read as the flow reads them."""
    with flow.connector_id._client([]) as client:
        operation = flow._operation("list")._compiled()
        state, documents = operation.paginator.start(), []
        while state is not None:
            page = operation.page(client, [], state)
            documents += page.records
            state = page.after
    return documents


# ----------------------------------------------------------------------------------------------------------------------
# The ways; each gives the seconds that its pieces took
# ----------------------------------------------------------------------------------------------------------------------


def _create(flow, values, batch):
    values = copy.deepcopy(values)  # models add to what they are given
    marks = [time.perf_counter()]
    for start in range(0, len(values), batch):
        flow._records().create(values[start : start + batch])
        flow.env.cr.commit()
        marks.append(time.perf_counter())
    return _between(marks)


def _load(flow, values, batch):
    return _load_rows(flow, *_table(values), batch)


def _load_with_ids(flow, values, batch):
    """As an import that may be repeated: it keeps an external id of each record, as the pull does."""
    columns, rows = _table(values)
    rows = [[f"bench.partner_{position}", *row] for position, row in enumerate(rows)]
    return _load_rows(flow, ["id", *columns], rows, batch)


def _table(values):
    names = sorted({name for one in values for name in one})
    columns = [f"{name}/.id" if name in RELATIONS else name for name in names]
    return columns, [[_cell(one.get(name)) for name in names] for one in values]


def _cell(value):
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):  # commands that set a relation to ids
        return ",".join(str(one) for _command, _none, ids in value for one in ids)
    return "" if value is None else str(value)


def _load_rows(flow, columns, rows, batch):
    marks = [time.perf_counter()]
    for start in range(0, len(rows), batch):
        answer = flow._records().load(columns, rows[start : start + batch])
        if not answer["ids"]:
            raise ValueError(answer["messages"][:3])
        flow.env.cr.commit()
        marks.append(time.perf_counter())
    return _between(marks)


def _pull(flow, counter, number):
    """:raises ValueError: if it was not that which was done, or if the push that follows had anything to do"""
    marks, kept = [], type(flow)._after_sync

    def after_sync(self, outcomes):
        marks.append(time.perf_counter())
        return kept(self, outcomes)

    type(flow)._after_sync = after_sync  # a hook that is there for other addons
    try:
        seconds, runs = run(flow)
    finally:
        type(flow)._after_sync = kept
    if runs["pull"][counter] != number:
        raise ValueError(f"{number} must be {counter}, but the runs say {runs}")
    if flow.direction == "both" and any(runs["push"].values()):
        raise ValueError(f"nothing must be left to be pushed, but the runs say {runs}")
    pages = _between(marks)
    return [*pages, seconds - sum(pages)]  # begin, first page, end, and the push


def _between(marks):
    return [later - earlier for earlier, later in itertools.pairwise(marks)]


# ----------------------------------------------------------------------------------------------------------------------
# Back to the beginning
# ----------------------------------------------------------------------------------------------------------------------


def _make_tag(env):
    """A record that values point to is made once, and belongs to no way."""
    env["res.partner.category"].create({"name": TAG})
    env.cr.commit()


def _forget(env):
    """No contact of the list, no binding, and tables as small as before."""
    env.cr.rollback()
    for table in ("bridge_change", "bridge_exchange", "bridge_binding", "bridge_log"):
        env.cr.execute(f"DELETE FROM {table}")
    env.cr.execute("DELETE FROM ir_model_data WHERE module = 'bench'")
    env.cr.execute("DELETE FROM mail_message WHERE model = 'res.partner'")
    env.cr.execute(
        """
        DELETE FROM res_partner
         WHERE id NOT IN (SELECT partner_id FROM res_users UNION SELECT partner_id FROM res_company)
        """
    )
    env.cr.commit()
    env.invalidate_all()
    vacuum(env, TABLES)
