"""Promise 3 and 4: any process may die at any moment, and running at the same time is as safe as running again."""

import contextlib
import threading

import pytest
from conftest import PATIENCE, things, things_definition, wait_for

FLOW = "things_system_things"
NUMBER = 63


@pytest.fixture(scope="module")
def ready(module_world):
    """A server with things, and a configured database to be copied."""
    server = module_world.server()
    server.records["things"] = things(NUMBER)
    database = module_world.database("lanes_ready")
    with module_world.worker(database) as worker:
        worker.call("configure", definition=things_definition(server.url, key=False))
    return server, database


@pytest.fixture
def place(world, ready):
    """The server and a fresh copy of the configured database, with a way to look into it."""
    server, source = ready
    server.requests.clear()
    server.gate = None
    database = world.database("lanes", source)
    yield server, database, world.sql(database)
    server.gate = None


def nothing_doubled_or_missing(sql):
    partners = sql.rows("SELECT name, count(*) FROM res_partner WHERE name LIKE 'Thing %%' GROUP BY name")
    assert sorted(partners) == sorted((thing["name"], 1) for thing in things(NUMBER))
    bindings = sql.rows("SELECT external_id, count(*), count(DISTINCT res_id) FROM bridge_binding GROUP BY external_id")
    assert sorted(bindings) == sorted((str(thing["id"]), 1, 1) for thing in things(NUMBER))


def nobody_works(sql):
    assert sql.rows("SELECT id, kind, state FROM bridge_job WHERE state IN ('running', 'pending', 'failed')") == []


def test_fault_two_lanes_started_at_the_same_time_make_no_duplicate(world, place):
    _server, database, sql = place
    lanes = [world.worker(database).ready() for _lane in range(2)]
    lanes[0].call("enqueue")
    for number, lane in enumerate(lanes, start=1):
        lane.start("work", number=number)
    for lane in lanes:
        lane.result()
    nothing_doubled_or_missing(sql)
    nobody_works(sql)
    assert runs(sql) == [("done", NUMBER, NUMBER)]


def test_fault_a_flow_that_runs_is_not_taken_up_by_another_lane(world, place):
    server, database, sql = place
    lanes = [world.worker(database).ready() for _lane in range(2)]
    with held_at_page(server, 30) as reached:
        lanes[0].call("enqueue")
        lanes[0].start("work")
        reached()
        lanes[1].call("enqueue")
        lanes[1].call("lane", number=2)  # comes back at once: there is nothing that it may do
        assert sql.rows("SELECT state FROM bridge_job ORDER BY id") == [("running",), ("pending",)]
    lanes[0].result()
    lanes[1].call("work", number=2)
    nothing_doubled_or_missing(sql)
    nobody_works(sql)
    assert runs(sql) == [("done", NUMBER, NUMBER), ("done", NUMBER, 0)]


def test_fault_two_processes_past_the_claim_make_no_duplicate(world, place):
    server, database, sql = place
    sql.rows("UPDATE bridge_flow SET delete_policy = 'ignore'")  # neither may remove what the other one saw
    both_ask = threading.Barrier(2)
    server.gate = lambda _path, query: query["offset"] == "0" and both_ask.wait(PATIENCE)
    workers = [world.worker(database).ready() for _worker in range(2)]
    for worker in workers:
        worker.start("past_the_claim", flow=FLOW)
    runs = [worker.result() for worker in workers]
    nothing_doubled_or_missing(sql)
    counted = sql.rows("SELECT state, fetched, coalesce(failed, 0) FROM bridge_run WHERE id = ANY(%s)", runs)
    assert counted == [("done", NUMBER, 0)] * 2
    assert sql.value("SELECT sum(created) FROM bridge_run") == NUMBER


def test_fault_two_flows_that_match_by_the_same_key_make_no_duplicate(world, place):
    """A contact of two systems is one contact, also when both bring it for the first time at the same moment."""
    server, database, sql = place
    sql.rows("UPDATE bridge_flow SET delete_policy = 'ignore'")
    workers = [world.worker(database).ready() for _worker in range(2)]
    flows = ["shop_things", "till_things"]
    for code in ("shop", "till"):
        workers[0].call("configure", definition=things_definition(server.url, code=code, page_size=NUMBER + 1))
    both_have_planned = threading.Barrier(2)
    server.gate = lambda _path, _query: both_have_planned.wait(PATIENCE)
    for worker, flow in zip(workers, flows, strict=True):
        worker.start("past_the_claim", flow=flow)
    for worker in workers:
        worker.result()
    partners = sql.rows("SELECT name, count(*) FROM res_partner WHERE name LIKE 'Thing %%' GROUP BY name")
    assert sorted(partners) == sorted((thing["name"], 1) for thing in things(NUMBER))
    assert sql.rows("SELECT count(*), count(DISTINCT res_id) FROM bridge_binding") == [(2 * NUMBER, NUMBER)]
    assert sql.value("SELECT count(*) FROM bridge_run WHERE failed > 0") == 0


# Where the process dies: the SQL that holds it there, or the offset of the page whose request does.
MOMENTS = {
    "before the first page": 0,
    "while a page is written and the next one read": 30,
    "when the last page is asked for": 60,
    "with partners written, bindings not": "LOCK TABLE bridge_binding IN EXCLUSIVE MODE",
    "with bindings written, log not": "LOCK TABLE bridge_log IN EXCLUSIVE MODE",
    "with the log written, position not": "SELECT id FROM bridge_run FOR UPDATE",
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_fault_a_killed_lane_goes_on_from_its_position(world, place, moment):
    server, database, sql = place
    lane = world.worker(database).ready()
    lane.call("enqueue")
    with held(world, server, sql, moment) as reached:
        lane.start("lane")
        reached()
        lane.kill()
    wait_for(lambda: sessions(sql) == 0, "PostgreSQL notices that the lane is dead")
    server.gate = None
    assert sql.rows("SELECT state FROM bridge_job") == [("running",)], "the kill came too late"
    ((_state, committed, created),) = runs(sql)
    assert committed == created == sql.value("SELECT count(*) FROM bridge_binding")
    assert committed < NUMBER
    server.requests.clear()

    next_lane = world.worker(database)
    next_lane.call("work")

    assert [int(query["offset"]) for _method, _path, query in server.requests] == list(range(committed, NUMBER, 10))
    nothing_doubled_or_missing(sql)
    nobody_works(sql)
    assert runs(sql) == [("done", NUMBER, NUMBER)]


def test_fault_a_postgresql_restart_costs_only_the_page_that_was_under_way(world, place):
    server, database, sql = place
    lane = world.worker(database).ready()
    lane.call("enqueue")
    with held_at_page(server, 30) as reached:
        lane.start("lane")
        reached()
        wait_for(lambda: runs(sql)[0][1] == 30, "what was read is committed")
        # What a restart does to its clients; the cluster itself is everybody's.
        ended = sql.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
        assert ended, "the lane had a session"
    lane.outcome()  # whatever the scheduler is told
    assert sql.rows("SELECT state FROM bridge_job") == [("running",)], "nobody could say what became of it"
    server.requests.clear()

    lane.call("work")  # the same process, as Odoo's server goes on after a restart of its database

    assert [int(query["offset"]) for _method, _path, query in server.requests] == [30, 40, 50, 60]
    nothing_doubled_or_missing(sql)
    nobody_works(sql)
    assert runs(sql) == [("done", NUMBER, NUMBER)]


def sessions(sql):
    """Odoo's connections to the database."""
    return sql.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
    )


def held(world, server, sql, moment):
    """Hold the lane at a moment: a context manager that gives a function that waits until the lane is there."""
    return held_at_page(server, moment) if isinstance(moment, int) else held_at_lock(world, server, sql, moment)


@contextlib.contextmanager
def held_at_page(server, offset):
    asked, released = threading.Event(), threading.Event()

    def gate(_path, query):
        if int(query["offset"]) == offset and not released.is_set():
            asked.set()
            released.wait(PATIENCE)

    server.gate = gate
    yield lambda: asked.wait(PATIENCE) or pytest.fail("the page was never asked for")
    released.set()


@contextlib.contextmanager
def held_at_lock(world, server, sql, statement):
    """A lock that the lane's page has to wait for; the first pages pass, so that there is a position to go on from."""
    locked = threading.Event()
    holder = world.sql(database_of(sql))
    holder.connection.autocommit = False
    server.gate = lambda _path, query: query["offset"] == "20" and locked.wait(PATIENCE)

    def reached():
        wait_for(lambda: sql.value("SELECT coalesce(fetched, 0) FROM bridge_run") >= 10, "the first page is committed")
        holder.rows(statement)
        locked.set()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        wait_for(lambda: sql.value(waiting), "the lane stands before the lock")

    yield reached
    holder.connection.rollback()
    holder.close()


def database_of(sql):
    return sql.value("SELECT current_database()")


def runs(sql):
    return sql.rows("SELECT state, coalesce(fetched, 0), coalesce(created, 0) FROM bridge_run ORDER BY id")
