"""A copied database writes into nobody's system: nothing leaves it until a person has said what it is."""

import contextlib

import pytest
from conftest import Sql, things, things_definition


@pytest.fixture
def original(world):
    """A database that is live, has synced, and has work waiting."""
    server = world.server()
    server.records["things"] = things(5)
    database = world.database("original")
    worker = world.worker(database)
    worker.call("configure", definition=things_definition(server.url))
    worker.call("enqueue")
    worker.call("work")
    with contextlib.closing(Sql(world.workplace, database)) as sql:
        assert sql.value("SELECT count(*) FROM bridge_binding") == 5
    worker.call("enqueue")  # this waits when the copy is made
    return server, database, worker


@pytest.mark.parametrize(("is_same", "is_elsewhere"), [(True, True), (False, True), (False, False)])
def test_nothing_leaves_a_copy_until_a_person_has_said_what_it_is(world, original, tmp_path, is_same, is_elsewhere):
    """In another data directory, as after a restore; or beside the original, under another name."""
    server, database, worker = original
    worker.__exit__()
    copy = world.database("copy", source=database, at_home=False)
    there = world.worker(copy, *(["--data-dir", str(tmp_path)] if is_elsewhere else []))
    server.requests.clear()
    there.call("lane")
    there.call("lane", number=2)
    assert "moved, or it is a copy" in there.call("test_connection")
    there.start("go_live")
    assert "moved, or it is a copy" in there.outcome()["error"]
    sql = world.sql(copy)
    assert server.requests == []
    assert sql.rows("SELECT state FROM bridge_connector") == [("preview",)]
    there.call("say", is_same=is_same)
    there.call("work")
    waiting = sql.rows("SELECT state FROM bridge_job WHERE kind = 'pull' ORDER BY id DESC LIMIT 1")
    if is_same:
        assert sql.rows("SELECT state FROM bridge_connector") == [("live",)]
        assert waiting == [("done",)] and server.requests
    else:
        assert sql.rows("SELECT state FROM bridge_connector") == [("preview",)]
        assert waiting == [("cancelled",)] and server.requests == []
    there.call("test_connection")
    assert server.requests
    at_home = world.worker(database)
    server.requests.clear()
    at_home.call("work")
    assert server.requests, "the original goes on as if nothing had happened"
