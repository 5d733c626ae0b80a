"""The part of the benchmark that runs inside Odoo, in a process of its own (see in_odoo.py)."""

import contextlib
import cProfile
import http.client
import json
import time
from urllib.parse import urlsplit

import psutil

PARTNERS = "res.partner"
COUNTRIES = ("country_id",)


def configure(env, definition, secret="none"):
    """Import a definition and go live as the administrator."""
    env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
    connector = env["bridge.connector"]._import_definition(definition)
    connector._set_secrets({"secret": secret})
    connector.write({"state": "live", "user_id": env.ref("base.user_admin").id})
    # Nothing else may work in the lane meanwhile.
    env["bridge.flow"].search([]).write({"interval_number": 0, "next_run": False})


def measure(env, code, rounds, batch, profile=None):
    """Return the rates (records/s) of each way in each round: {"create": [...], "load": [...], ...}."""
    flow = env["bridge.flow"].search([("connector_id.code", "=", code)])
    values = _values(flow)
    rates = {}
    for _round in range(rounds):
        for name, way in WAYS.items():
            with profiled(profile, name):
                seconds = way(flow, values, batch)
            rates.setdefault(name, []).append(len(values) / seconds)
            if name != "pull_new":  # what it made is what the re-pull reads again
                _forget(env)
    return rates


def pull(env, code, full=True):
    """Have the lane run the flow once; return the seconds and how many records were fetched and created."""
    flow = env["bridge.flow"].search([("connector_id.code", "=", code)])
    return _pull(flow, full)


def memory(env, code, marks):
    """Pull a long list in one lane process; return {records read: (RSS in MB, seconds so far)} at the marks."""
    flow = env["bridge.flow"].search([("connector_id.code", "=", code)])
    process, found, started = psutil.Process(), {}, time.perf_counter()
    original = type(flow)._journal

    def journal(self, batch, jobs=None):
        result = original(self, batch, jobs)
        for mark in marks:
            if batch.run.fetched >= mark and str(mark) not in found:
                found[str(mark)] = process.memory_info().rss / 1e6, time.perf_counter() - started
        return result

    type(flow)._journal = journal
    seconds, run = _pull(flow, full=True)
    found[str(run["fetched"])] = process.memory_info().rss / 1e6, seconds
    return found


def _values(flow):
    """The very values that the flow would create, made by its own road."""
    run = flow.env["bridge.run"]._start(flow, "manual")
    batch = flow._batch(run, _documents(flow))
    for step in (flow._compare, flow._map, flow._plan):
        step(batch)
    values = [flow._create_values(item) for item in batch.having("create")]
    flow.env.cr.rollback()
    return values


def _documents(flow):
    """All remote records, read as the flow reads them."""
    with flow.connector_id._client([]) as client:
        operation = flow._operation("list")._compiled()
        state, documents = operation.paginator.start(), []
        while state is not None:
            page = operation.page(client, [], state)
            documents += page.records
            state = page.after
    return documents


def _create(flow, values, batch):
    started = time.perf_counter()
    for start in range(0, len(values), batch):
        flow._records().create(values[start : start + batch])
        flow.env.cr.commit()
    return time.perf_counter() - started


def _load(flow, values, batch):
    return _load_rows(flow, *_table(values), batch)


def _load_with_ids(flow, values, batch):
    """As an import that may be repeated: it keeps an external id of each record, as the pull does."""
    columns, rows = _table(values)
    rows = [[f"bench.partner_{position}", *row] for position, row in enumerate(rows)]
    return _load_rows(flow, ["id", *columns], rows, batch)


def _table(values):
    names = sorted({name for one in values for name in one})
    columns = [f"{name}/.id" if name in COUNTRIES else name for name in names]
    return columns, [[_cell(one.get(name)) for name in names] for one in values]


def _load_rows(flow, columns, rows, batch):
    started = time.perf_counter()
    for start in range(0, len(rows), batch):
        answer = flow._records().load(columns, rows[start : start + batch])
        if not answer["ids"]:
            raise ValueError(answer["messages"][:3])
        flow.env.cr.commit()
    return time.perf_counter() - started


def _cell(value):
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def _pull_new(flow, values, batch):
    seconds, run = _pull(flow, full=True)
    _demand(run, "created", len(values))
    return seconds


def _pull_unchanged(flow, values, batch):
    seconds, run = _pull(flow, full=True)
    _demand(run, "unchanged", len(values))
    return seconds


def _demand(run, counter, number):
    if run[counter] != number:
        raise ValueError(f"{number} must be {counter}, but the run says {run}")


WAYS = {
    "create": _create,
    "load": _load,
    "load_with_ids": _load_with_ids,
    "pull_new": _pull_new,
    "pull_unchanged": _pull_unchanged,
}


def _pull(flow, full):
    """Queue a run and let the lane work, by the clock, the way Odoo's scheduler calls it."""
    env = flow.env
    lane = env.ref("integration_bridge.lane_1")
    run = flow._enqueue("manual", full=full)
    env.cr.commit()
    started = time.perf_counter()
    while run.state in ("pending", "running"):
        lane.method_direct_trigger()
        env.cr.rollback()
        run.invalidate_recordset()
    seconds = time.perf_counter() - started
    if run.state != "done":
        raise ValueError(f"the run is {run.state}: {run.message}")
    return seconds, {name: run[name] for name in ("fetched", "created", "unchanged", "failed", "duration")}


def _forget(env):
    """Back to the beginning: no contact of the list, no binding, and tables as small as before."""
    env.cr.rollback()
    env.cr.execute("DELETE FROM bridge_binding")
    env.cr.execute("DELETE FROM bridge_log")
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
    vacuum(env, "res_partner, bridge_binding, bridge_log, mail_message")


def vacuum(env, tables):
    """Leave tables as if nothing had ever been deleted from them."""
    connection = env.cr._cnx
    connection.autocommit = True
    env.cr._obj.execute(f"VACUUM ANALYZE {tables}")
    connection.autocommit = False


@contextlib.contextmanager
def profiled(path, name):
    if not path:
        yield
        return
    profile = cProfile.Profile()
    with profile:
        yield
    profile.dump_stats(f"{path}.{name}.prof")


def walk(url, limit):
    """Read a whole list with one kept connection and do nothing with it; return (records, seconds)."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    path, records, started = f"{urlsplit(url).path}?_limit={limit}&_sort=last_modified", 0, time.perf_counter()
    headers = {"Authorization": "Basic ZGVtbzpkZW1vLXBhc3N3b3Jk"}
    while path:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        records += len(json.loads(answer.read())["data"])
        following = answer.headers["Next-Page"]
        path = following and "{0.path}?{0.query}".format(urlsplit(following))
    return records, time.perf_counter() - started
