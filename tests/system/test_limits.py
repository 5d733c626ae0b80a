"""Rate limits, places and tokens are shared by all lanes in all processes; measured where they count, at the server."""

import contextlib
import json
import os
import threading
import time

import pytest
from conftest import PATIENCE, things, things_definition, wait_for
from fault_server import FaultServer, json_answer

LONG = "BRIDGE_CRASHES" in os.environ
SECONDS = 30 if LONG else 8  # that a rate is measured
RESOLUTION = 0.005  # seconds by which the clocks of PostgreSQL and of this process may differ meanwhile
FLOW = "things_system_things"
LANES = (1, 2, 3)


class Traffic:
    """What arrives at a server, and when; each request can be held back.

    :ivar hold: called with the path while the request is under way
    """

    def __init__(self, server):
        self.arrivals = []
        self.paths = []
        self.under_way = self.most_under_way = 0
        self.hold = None
        self._lock = threading.Lock()
        server.gate = self._gate

    def _gate(self, path, _query):
        with self._lock:
            self.arrivals.append(time.monotonic())
            self.paths.append(path)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        if self.hold:
            self.hold(path)
        with self._lock:
            self.under_way -= 1

    def within(self, begin, end):
        """Arrivals between two moments."""
        return [moment for moment in list(self.arrivals) if begin <= moment < end]


def too_early(arrivals, begin, rate, burst=1):
    """Those that came before their turn could be. One may be late, on a busy machine, and then is close to the next.

    :param float begin: when the first turn could be, of ``time.monotonic()``
    :return: seconds by which they came too early
    """
    turns = (begin + max(0, number + 1 - burst) / rate for number in range(len(arrivals)))
    return [turn - moment for turn, moment in zip(turns, sorted(arrivals), strict=True) if moment < turn - RESOLUTION]


@pytest.fixture(scope="module")
def ready(module_world):
    """A server with many single records to fetch, and an Odoo process with three lanes."""
    server = module_world.server()
    server.records["things"] = things(2000)
    database = module_world.database("limits")
    worker = module_world.worker(database)
    worker.call("configure", definition=things_definition(server.url, key=False, operations=operations()))
    worker.call("lanes", count=4)
    return server, module_world.sql(database), worker


@pytest.fixture
def place(ready):
    """The same with nothing to do and no limit."""
    server, sql, _worker = ready
    server.requests.clear()
    server.faults.clear()
    sql.rows("DELETE FROM bridge_job")
    sql.rows("UPDATE bridge_gate SET next_slot = 0, failures = 0, throttles = 0, resting_until = NULL")
    limit(sql, requests=0)
    yield *ready, Traffic(server)
    server.gate = None


def operations():
    listed = things_definition("http://x")["flows"][0]["operations"]
    return [*listed, {"kind": "get", "path": "/things/{external_id}", "records": "@"}]


def limit(sql, requests=0, burst=1, at_once=0):
    sql.rows(
        "UPDATE bridge_connector SET rate_requests = %s, rate_period = 1, rate_burst = %s, max_requests = %s",
        requests,
        burst,
        at_once,
    )


@contextlib.contextmanager
def lanes_at_work(worker, lanes=LANES):
    """Lanes in processes of their own; gives the functions that kill them."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(worker.forked("lane", number=number)) for number in lanes]


def all_lanes_have_asked(sql, traffic):
    """The first request of a process is late: it opens its connections. What is measured are turns."""
    at_work = "SELECT count(DISTINCT lane_id) FROM bridge_job WHERE state = 'running'"
    wait_for(lambda: sql.value(at_work) == len(LANES), "all lanes have work")
    enough = len(traffic.arrivals) + 4 * len(LANES)
    wait_for(lambda: len(traffic.arrivals) >= enough, "requests")


def give_work(worker):
    """A run of single records for each lane."""
    for number in LANES:
        worker.call("enqueue_records", flow=FLOW, external_ids=list(range(number * 500, number * 500 + 500)))


@contextlib.contextmanager
def nothing_on_the_way(traffic):
    """All lanes wait for an answer that comes at the end: what they ask for next, they take a turn for then."""
    released = threading.Event()
    traffic.hold = lambda _path: released.wait(PATIENCE)
    try:
        wait_for(lambda: traffic.under_way == len(LANES), "all lanes wait for an answer")
        yield
    finally:
        traffic.hold = None
        released.set()


def let_pass(seconds):
    """A rate is requests over time."""
    threading.Event().wait(seconds)


def come_to(traffic, begin, number, seconds):
    """A limit is used: so many requests come, in a time that a busy machine needs as well.

    :param float begin: when counting begins, of ``time.monotonic()``
    :param float seconds: from then on; a lane that does not use the limit needs longer
    """
    wait_for(
        lambda: len(traffic.within(begin, time.monotonic())) >= number,
        f"{number:g} requests",
        max(begin + seconds - time.monotonic(), 0.1),
    )


@pytest.mark.parametrize("burst", [1, 5])
def test_rate_limit_holds_over_three_processes_and_is_used(place, burst, capsys):
    _server, sql, worker, traffic = place
    limit(sql, requests=50)
    give_work(worker)
    with lanes_at_work(worker):
        all_lanes_have_asked(sql, traffic)
        with nothing_on_the_way(traffic):
            limit(sql, requests=10, burst=burst)
            sql.rows("UPDATE bridge_gate SET next_slot = 0")  # as after a quiet time, so that the burst is seen as well
            begin = time.monotonic()
        let_pass(SECONDS)
        measured = traffic.within(begin, begin + SECONDS)
        come_to(traffic, begin, 0.9 * 10 * SECONDS, 2 * SECONDS)
    with capsys.disabled():
        print(f"\nburst {burst}: {len(measured)} requests in {SECONDS} s")
    assert len(set(traffic.paths)) == len(traffic.paths), "no record was asked for twice"
    assert too_early(measured, begin, 10, burst) == []


def test_rate_limit_can_be_changed_while_lanes_work(place, capsys):
    _server, sql, worker, traffic = place
    limit(sql, requests=10)
    give_work(worker)
    counts = {}
    with lanes_at_work(worker):
        all_lanes_have_asked(sql, traffic)
        for rate in (20, 5):
            with nothing_on_the_way(traffic):
                limit(sql, requests=rate)
                begin = time.monotonic()
            let_pass(SECONDS / 2)
            counts[rate] = begin, traffic.within(begin, begin + SECONDS / 2)
            # With the rate of before it would take twice the time.
            come_to(traffic, begin, 0.85 * rate * SECONDS / 2, 1.6 * SECONDS / 2)
    with capsys.disabled():
        print("\nchanged:", {rate: f"{len(found)} in {SECONDS / 2:g} s" for rate, (_begin, found) in counts.items()})
    for rate, (begin, found) in counts.items():
        assert too_early(found, begin, rate) == []


def test_requests_at_once_hold_over_three_processes(place):
    _server, sql, worker, traffic = place
    limit(sql, at_once=2)
    give_work(worker)
    third = threading.Event()
    traffic.hold = lambda _path: third.set() if traffic.under_way > 2 else third.wait(0.02)
    with lanes_at_work(worker):
        wait_for(lambda: len(traffic.arrivals) >= 20 * SECONDS, "requests", 2 * PATIENCE)
    assert traffic.most_under_way == 2


def test_fault_place_of_a_killed_lane_is_free_at_once(place):
    _server, sql, worker, traffic = place
    limit(sql, at_once=2)
    give_work(worker)
    released = threading.Event()
    traffic.hold = lambda _path: released.wait(PATIENCE)
    at_work = "SELECT count(DISTINCT lane_id) FROM bridge_job WHERE state = 'running'"
    try:
        with lanes_at_work(worker, (1, 2)) as (kill_first, _kill_second):
            wait_for(lambda: traffic.under_way == 2, "both places are taken")
            with lanes_at_work(worker, (3,)):
                wait_for(lambda: sql.value(at_work) == 3, "the third lane has work")
                let_pass(0.5)
                assert len(traffic.arrivals) == 2
                began = time.monotonic()
                kill_first()
                # The server still works on the request of the dead, which no client can know.
                wait_for(lambda: len(traffic.arrivals) == 3, "the third lane has the place")
                assert time.monotonic() - began < 5
                traffic.hold = None
                released.set()
                wait_for(lambda: len(traffic.arrivals) >= 100, "both go on")
    finally:
        released.set()


def test_remote_that_says_none_are_left_is_left_alone_until_its_reset(place):
    server, sql, worker, traffic = place
    limit(sql, requests=50)
    give_work(worker)
    rest = 3

    def say_once(_path):
        if len(traffic.arrivals) == 5:
            headers = {"Content-Type": "application/json", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(rest)}
            server.faults.append((200, headers, json.dumps(server.records["things"][0]).encode()))

    traffic.hold = say_once
    with lanes_at_work(worker, (1,)):
        wait_for(lambda: len(server.requests) >= 9, "it goes on")
    # The sixth request gets the header (and passes the gate of the test by); the one after it comes after the reset.
    gaps = [later - earlier for earlier, later in zip(traffic.arrivals, traffic.arrivals[1:], strict=False)]
    assert rest <= gaps[4] < rest + 2
    assert max(gaps[:4] + gaps[5:7]) < 1


# --------------------------------------------------------------------------------------------------------------------
# Tokens
# --------------------------------------------------------------------------------------------------------------------


class TokenServer:
    """Gives tokens for refresh tokens, each of which it takes once; its things are for those with the latest token.

    :ivar bool revoked: requests with the latest token are held, and refused when `release` is set
    """

    def __init__(self, server):
        self.granted, self.refused, self.strangers = [], [], []
        self.number, self.revoked = 0, False
        self._lock = threading.Lock()
        self.held, self.release = 0, threading.Event()
        server.route("/token", self._token)
        server.fallback = self._thing

    def _token(self, connection, request):
        with self._lock:
            if request.form.get("refresh_token") != f"refresh-{self.number}":
                self.refused.append(request.form)
                answer = json_answer({"error": "invalid_grant"}, 400)
            else:
                self.number += 1
                self.revoked = False
                self.granted.append(request.form["refresh_token"])
                token = {"access_token": f"access-{self.number}", "refresh_token": f"refresh-{self.number}"}
                answer = json_answer({**token, "expires_in": 3600})
        answer(connection, request)

    def _thing(self, connection, request):
        mine = request.path.strip("/")  # other records for each flow: here nothing but tokens is shared
        items = [{"id": number, "name": f"{mine} {number}", "email": f"{number}@{mine}.example"} for number in range(3)]
        answer, shown = json_answer({"items": items}), request.headers.get("authorization")
        if shown != f"Bearer access-{self.number}":
            self.strangers.append(shown)
            answer = json_answer({"error": "who are you"}, 401)
        elif self.revoked:
            with self._lock:
                self.held += 1
            self.release.wait(PATIENCE)
            answer = json_answer({"error": "expired"}, 401)
        answer(connection, request)


def token_definition(url, flows=4):
    """A connector with as many flows as lanes shall meet."""
    definition = things_definition(url)
    (flow,) = definition["flows"]
    definition["connector"]["auth"] = {"scheme": "oauth2_refresh_token", "token_url": f"{url}/token", "client_id": "us"}
    (listed,) = flow["operations"]
    definition["flows"] = [
        {**flow, "code": f"things_{number}", "operations": [{**listed, "path": f"/things-{number}"}]}
        for number in range(flows)
    ]
    return definition


def test_fault_401_of_four_processes_at_once_is_one_token_request(world):
    lanes = (1, 2, 3, 4)
    remote = world.enter(FaultServer())
    tokens = TokenServer(remote)
    database = world.database("tokens")
    worker, sql = world.worker(database), world.sql(database)
    worker.call("configure", definition=token_definition(remote.url))
    worker.call("set_secrets", secret="ours", refresh_token="refresh-0")
    worker.call("lanes", count=len(lanes))
    done = "SELECT count(*) FROM bridge_job WHERE state = 'done'"
    with lanes_at_work(worker, lanes):
        worker.call("enqueue")
        wait_for(lambda: sql.value(done) == 4, "with the first token")
        assert tokens.granted == ["refresh-0"]
        tokens.revoked = True
        for number in range(len(lanes)):  # each flow finds another lane free
            worker.call("enqueue", flows=[f"things_{number}"])
            wait_for(lambda number=number: tokens.held == number + 1, "another process asks")
        tokens.release.set()
        wait_for(lambda: sql.value(done) == 8 or sql.value("SELECT paused FROM bridge_gate"), "with the second token")
    assert tokens.granted == ["refresh-0", "refresh-1"]
    assert tokens.refused == [], "an old refresh token was used again"
    assert tokens.strangers == [], "requests with no token, or an old one"
    assert sql.rows("SELECT paused, failures FROM bridge_gate") == [(False, 0)]
    assert sql.value(done) == 8
    with lanes_at_work(worker, (1,)):  # a process that has seen none of it
        worker.call("enqueue")
        wait_for(lambda: sql.value(done) == 12, "with the token of the others")
    assert len(tokens.granted) == 2


def test_two_databases_in_one_process_share_no_token(world):
    remotes = [world.enter(FaultServer()) for _database in range(2)]
    tokens = [TokenServer(remote) for remote in remotes]
    databases = [world.database(f"tokens_{number}") for number in range(2)]
    worker = world.worker(databases[0])
    # One address for both, so that only the database tells them apart: the second one's remote must see no request.
    for number, database in enumerate(databases):
        definition = token_definition(remotes[0].url, flows=1)
        for function, arguments in (
            ("configure", {"definition": definition}),
            ("set_secrets", {"secret": "ours", "refresh_token": f"refresh-{number}"}),
            ("sync", {}),
        ):
            worker.call("elsewhere", database=database, wanted=function, arguments=arguments)
    assert tokens[0].granted == ["refresh-0", "refresh-1"]
    assert tokens[0].refused == []
    assert remotes[1].requests == []
