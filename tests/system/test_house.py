"""The addon in its house: Odoo's own scheduler, copies of databases, and leaving without a trace."""

import subprocess
import sys

import pytest
from bridge_dev.network import Server, free_port
from conftest import things, things_definition, wait_for

# Odoo's scheduler looks at all databases once a minute.
A_MINUTE_AND_SOME = 110
NAMES = ("north", "south")


@pytest.fixture(scope="module", autouse=True)
def scheduled(module_world):
    """One Odoo with cron threads serves two databases, each with a flow that is due; the other tests give it time."""
    workplace, places = module_world.workplace, {}
    for position, name in enumerate(NAMES):
        server = module_world.server()
        server.records["things"] = [{**thing, "name": f"{name} {thing['id']}"} for thing in things(8 + position)]
        database = module_world.database(name)
        with module_world.worker(database) as worker:
            definition = things_definition(server.url, schedule={"every": 5, "unit": "minutes"})
            worker.call("configure", definition=definition, flow={"next_run": "2020-01-01 00:00:00"})
        places[name] = server, module_world.sql(database), database
    port, databases = free_port(), ",".join(place[2] for place in places.values())
    options = ["-d", databases, "--http-port", port, "--max-cron-threads", 2, "--db-filter", "^no_page_is_asked_for$"]
    module_world.enter(
        Server(
            "Odoo",
            workplace.odoo.command(options),
            port,
            "/web/health",
            workplace.cache.log("system-scheduled"),
            env=workplace.odoo.environment,
            patience=120,
        )
    )
    return places


@pytest.fixture(scope="module")
def used(module_world):
    """A database whose addon has worked: connector with a secret, bindings, menu entries on the mapped model."""
    server = module_world.server()
    server.records["things"] = things(5)
    database = module_world.database("used")
    with module_world.worker(database) as worker:
        worker.call("configure", definition=things_definition(server.url), secret="very secret")
        assert worker.call("sync")["things_system_things"]["created"] == 5
        worker.call("enqueue")  # and something that is still to be done
    return database


def test_fault_a_copied_database_that_is_neutralized_can_not_call_anybody(world, used):
    database = world.database("neutral", used)
    sql = world.sql(database)
    assert sql.rows("SELECT state, secret_sealed IS NULL FROM bridge_connector") == [("live", False)]
    workplace = world.workplace
    command = workplace.odoo.command(["neutralize", "-d", database])
    subprocess.run(command, check=True, env=workplace.odoo.environment, stdout=sys.stderr)
    assert sql.rows("SELECT state, secret_sealed, refresh_token_sealed FROM bridge_connector") == [
        ("disabled", None, None)
    ]
    assert sql.value("SELECT count(*) FROM bridge_job WHERE state IN ('pending', 'running')") == 0


def test_uninstalling_leaves_nothing_behind(world, used):
    database = world.database("leaving", used)
    sql = world.sql(database)
    assert leftovers(sql), "there is something that could be left behind"
    with world.worker(database) as worker:
        worker.call("uninstall")
    assert leftovers(sql) == {}
    # What it brought into Odoo belongs to Odoo.
    assert sql.value("SELECT count(*) FROM res_partner WHERE name LIKE 'Thing %%'") == 5


def leftovers(sql):
    """What is in the database because of the addon, by place."""
    queries = {
        "crons": "SELECT cron_name FROM ir_cron WHERE cron_name LIKE 'Integration Bridge%%'",
        "server actions": "SELECT code FROM ir_act_server WHERE code LIKE '%%bridge%%' OR code LIKE '%%_run_lane%%'",
        "names": "SELECT model, name FROM ir_model_data WHERE module = 'integration_bridge'",
        "models": "SELECT model FROM ir_model WHERE model LIKE 'bridge.%%'",
        "tables": "SELECT relname FROM pg_class WHERE relname LIKE 'bridge\\_%%' AND relkind IN ('r', 'v')",
        "indexes": "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'bridge\\_%%'",
        "groups": "SELECT id FROM res_groups WHERE name->>'en_US' LIKE '%%Integration Bridge%%'",
        "parameters": "SELECT key FROM ir_config_parameter WHERE key LIKE 'integration_bridge.%%'",
        "figures in digests": "SELECT name FROM ir_model_fields WHERE name LIKE 'x\\_kpi\\_bridge%%'",
        "columns": "SELECT attname FROM pg_attribute WHERE attname LIKE 'x\\_kpi\\_bridge%%' AND NOT attisdropped",
        "views": "SELECT name FROM ir_ui_view WHERE arch_db::text LIKE '%%kpi_bridge%%'",
        "triggers": "SELECT t.id FROM ir_cron_trigger t JOIN ir_cron c ON c.id = t.cron_id"
        " WHERE c.cron_name LIKE 'Integration Bridge%%'",
    }
    found = {place: sql.rows(query) for place, query in queries.items()}
    return {place: rows for place, rows in found.items() if rows}


def test_a_schedule_needs_nobody_and_databases_do_not_disturb_each_other(scheduled):
    for name, (server, sql, _database) in scheduled.items():
        wait_for(
            lambda sql=sql: sql.rows("SELECT id FROM bridge_run WHERE state = 'done'"),
            f"the schedule of {name}",
            A_MINUTE_AND_SOME,
        )
        number = len(server.records["things"])
        runs = sql.rows("SELECT trigger, state, created, coalesce(failed, 0) FROM bridge_run")
        assert runs == [("schedule", "done", number, 0)]
        there = sql.rows(
            "SELECT split_part(name, ' ', 1), count(*) FROM res_partner WHERE name ~ '^(north|south) ' GROUP BY 1"
        )
        assert there == [(name, number)], "its own records, and nobody else's"
        assert {path for _method, path, _query in server.requests} == {"/things"}
        assert len(server.requests) == 1, "read once"
        assert sql.value("SELECT next_run > now() AT TIME ZONE 'UTC' FROM bridge_flow"), "and due again later"
