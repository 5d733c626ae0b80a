"""Webhooks under load, while workers, lanes and PostgreSQL die: what was answered 2xx is done exactly once (promise 3).

`./dev/test --crash` has 200 deliveries a second for 60 s; without it there is a short form.
"""

import contextlib
import os
import random
import socket
import time
from urllib.parse import urlsplit

import pytest
from bridge_dev.workplace import Workplace
from conftest import ROOT, OdooWorker, Sql
from hook_sender import HookSender
from hook_storm import ROUTE, SECRET, HookStorm, definition, processes
from own_cluster import OwnCluster, OwnWorkplace

IS_LONG = bool(os.environ.get("BRIDGE_CRASHES"))
RATE, SECONDS, RESTARTS = (200, 60, 3) if IS_LONG else (40, 15, 1)
SEED = int(os.environ.get("BRIDGE_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture
def own():
    """A workplace with a PostgreSQL that may be restarted, and the installed addon in a database of it."""
    with contextlib.ExitStack() as stack:
        shared = Workplace()
        workplace = OwnWorkplace(stack.enter_context(OwnCluster(shared)))
        database = workplace.clone.database("system_webhooks")
        workplace.postgres.take(shared.postgres, os.environ["BRIDGE_INSTALLED"], database)
        yield workplace, database, stack


def test_fault_workers_lanes_and_postgresql_die_under_a_storm_of_webhooks(own, capsys):
    workplace, database, stack = own
    with OdooWorker(workplace, database) as worker:
        path = worker.call("configure_webhook", definition=definition(), secret=SECRET, route=ROUTE)
    server = stack.enter_context(workplace.odoo.server(database, crons=2, name="system-webhooks", workers=2))
    restart = workplace.postgres.restart
    storm = HookStorm(server, path, lambda: Sql(workplace, database).connection, restart, RATE, SECONDS, RESTARTS, SEED)
    seconds, sender = storm.run(), storm.sender
    with capsys.disabled():
        p50, p99 = (sender.percentile(share) * 1000 for share in (0.5, 0.99))
        print(f"\nseed {SEED}: {len(sender.taken)} deliveries at {RATE}/s, answers {dict(sender.statuses)},", end=" ")
        print(f"p50 {p50:.0f} ms, p99 {p99:.0f} ms; killed {storm.killed}, {storm.restarted} restarts;", end=" ")
        print(f"all taken after {seconds:.0f} s")
    assert storm.problems() == []
    assert storm.killed["door"] and storm.killed["lane"] and storm.restarted
    assert sum(sender.taken.values()) > sender.number, "none was sent again"
    assert storm.left() == []


def test_burst_of_callers_waits_at_the_door_while_all_workers_are_busy(world, hooked):
    """What the system does not keep tries again after a whole second; Odoo's own queue is 16 for two workers."""
    database, _worker, path = hooked
    with world.workplace.odoo.server(database, workers=2) as server, contextlib.ExitStack() as stack:
        sender = HookSender(server.url + path, SECRET, 10, 0.5, repeated=0)
        assert sender.run().statuses == {200: 5}  # the worker that has answered has loaded the addon
        busy = processes(server)["door"]
        assert len(busy) == 2
        for worker in busy:
            stack.callback(worker.resume)
            worker.suspend()
        host, port = urlsplit(server.url).netloc.split(":")
        for _caller in range(100):
            began = time.monotonic()
            stack.enter_context(socket.create_connection((host, int(port)), timeout=20))
            assert time.monotonic() - began < 0.9, "the system did not answer, and it was tried again"


@pytest.fixture
def hooked(world):
    database = world.database("hook")
    worker = world.worker(database)
    path = worker.call("configure_webhook", definition=definition(), secret=SECRET, route=ROUTE)
    return database, worker, path


def test_button_sends_a_test_through_the_real_door(world, hooked):
    database, worker, _path = hooked
    sql = world.sql(database)
    with world.workplace.odoo.server(database) as server:
        worker.call("set_base_url", url=server.url)
        assert worker.call("send_test")["type"] == "success"
        assert sql.rows("SELECT event, state FROM bridge_delivery") == [("integration_bridge.test", "waiting")]
        worker.call("lane")
        assert sql.rows("SELECT state FROM bridge_delivery") == [("ignored",)]
        sql.rows("UPDATE bridge_connector SET hook_addresses = '192.0.2.1'")
        told = worker.call("send_test")
        assert told["type"] == "danger" and "401" in told["message"] and "IP addresses" in told["message"]
    told = worker.call("send_test")
    assert told["type"] == "danger" and "does not reach its own address" in told["message"]


def test_neutralized_copy_has_no_webhook(world, hooked):
    database, _worker, path = hooked
    sql = world.sql(database)
    with world.workplace.odoo.server(database) as server:
        sender = HookSender(server.url + path, SECRET, 10, 0.5, repeated=0)
        assert sender.run().statuses == {200: 5}
        sql.rows((ROOT / "data" / "neutralize.sql").read_text().replace("%", "%%"))
        assert sql.rows("SELECT DISTINCT state FROM bridge_delivery") == [("cancelled",)]
        assert sender._send(6)[0] == 401
    hidden = "hook_token_hash, hook_token_sealed, hook_secret_sealed, hook_old_secret_sealed"
    assert sql.rows(f"SELECT {hidden} FROM bridge_connector") == [(None, None, None, None)]
