"""The server that tests of pushing talk to keeps its own promises, else those tests would prove nothing."""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
from record_server import KINDS, RandomFaults, RecordServer, own_process

PATIENCE = 10  # seconds


@pytest.fixture
def server():
    with RecordServer() as running:
        yield running


class Caller:
    """A kept connection; without one that is kept, each request would have another."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)

    def __call__(self, method, path, document=None, **headers):
        """Return status, document and headers; headers are named as in Python, with `_`."""
        body = document if document is None or isinstance(document, str) else json.dumps(document)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self.connection.request(method, path, body, named)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        return answer.status, json.loads(content) if content else None, answer.headers


@pytest.fixture
def call(server):
    caller = Caller(server.url)
    yield caller
    caller.connection.close()


def in_thread(function, *args, **kwargs):
    """Begin a call; return a function that waits for what it returns."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*args, **kwargs)))
    thread.start()

    def result():
        thread.join(PATIENCE)
        return results[0]

    return result


def names(listed):
    return [record.get("name") for record in listed["records"]]


# --- Records


def test_record_is_created_changed_replaced_and_deleted(server, call):
    status, created, headers = call("POST", "/contacts", {"name": "Ada", "email": "ada@example.com"})
    place = f"/contacts/{created['id']}"
    assert (status, created["name"], isinstance(created["id"], str)) == (201, "Ada", True)
    assert headers["ETag"] == f'"{created["updated"]}"'
    status, changed, headers = call("PATCH", place, {"name": "Ada L."})
    assert (status, changed) == (200, {**created, "name": "Ada L.", "updated": changed["updated"]})
    assert changed["updated"] > created["updated"]
    assert headers["ETag"] == f'"{changed["updated"]}"'
    status, replaced, _ = call("PUT", place, {"name": "Lovelace"})
    assert (status, sorted(replaced)) == (200, ["id", "name", "updated"])
    assert call("GET", place)[:2] == (200, replaced)
    assert server.records["contacts"] == {created["id"]: replaced}
    assert call("DELETE", place)[:2] == (204, None)
    assert [call(method, place, {})[0] for method in ("GET", "PATCH", "PUT", "DELETE")] == [404] * 4
    assert server.connections == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/contacts", "{", 400),
        ("POST", "/contacts", "[]", 400),
        ("POST", "/contacts/1", "{}", 405),
        ("DELETE", "/contacts", None, 405),
        ("GET", "/contacts?limit=x", None, 400),
        ("GET", "/a/b/c", None, 404),
        ("GET", "/", None, 404),
        ("POST", "/contacts/_bulk", "{}", 400),
    ],
)
def test_what_is_wrong_is_refused_in_words(call, method, path, body, status):
    answered, document, _ = call(method, path, body)
    assert (answered, list(document)) == (status, ["message"])


def test_list_is_in_the_order_of_changes_and_has_tombstones_since_a_moment(server, call):
    one, two, three = (server.put("contacts", {"name": name}) for name in ("One", "Two", "Three"))
    call("PATCH", f"/contacts/{one['id']}", {"name": "One again"})
    listed = call("GET", "/contacts")[1]
    assert (names(listed), listed["total"]) == (["Two", "Three", "One again"], 3)
    listed = call("GET", "/contacts?offset=1&limit=1")[1]
    assert (names(listed), listed["total"]) == (["Three"], 3)
    server.delete("contacts", two["id"])
    assert names(call("GET", "/contacts?since=0")[1]) == ["Three", "One again"]
    listed = call("GET", f"/contacts?since={three['updated'] + 1}")[1]["records"]
    assert [record["id"] for record in listed] == [one["id"], two["id"]]
    assert listed[1] == {"id": two["id"], "deleted": True, "updated": listed[0]["updated"] + 1}
    server.put("contacts", two)
    assert [record.get("deleted") for record in call("GET", "/contacts?since=1")[1]["records"]] == [None] * 3


def test_records_are_found_by_equality_if_that_is_switched_on(server, call):
    server.put("contacts", {"reference": "A 1", "active": True})
    server.put("contacts", {"reference": "A 2", "active": True})
    assert call("GET", "/contacts?reference=A%201")[1]["total"] == 1
    assert call("GET", "/contacts?active=true")[1]["total"] == 2
    assert call("GET", "/contacts?active=true&reference=A+3")[1]["total"] == 0
    server.lookup = False
    assert call("GET", "/contacts?reference=A%201&limit=1")[0] == 400
    assert call("GET", "/contacts?limit=1")[0] == 200


def test_form_is_read_as_stripe_does(call):
    form = "name=Ada+L.&address[city]=London&items[0][price]=1&items[1][price]=2&tags[]=a&tags[]=b"
    created = call("POST", "/contacts", form, Content_Type="application/x-www-form-urlencoded")[1]
    document = {"name": "Ada L.", "address": {"city": "London"}, "items": [{"price": "1"}, {"price": "2"}]}
    assert created == {**document, "tags": ["a", "b"], "id": created["id"], "updated": created["updated"]}
    broken = call("POST", "/contacts", "a=1&a[b]=2", Content_Type="application/x-www-form-urlencoded")
    assert broken[0] == 400


def test_bulk_is_answered_item_by_item_in_the_same_order(server, call):
    server.refuse = lambda method, _path, document: (422, {"message": "no name"}) if document == {"name": ""} else None
    old, gone = (server.put("contacts", {"name": name, "city": "Ulm"})["id"] for name in ("Old", "Gone"))
    items = [
        {"op": "create", "record": {"name": "New"}},
        {"op": "update", "id": old, "record": {"name": "Older"}},
        {"op": "create", "record": {"name": ""}},
        {"op": "delete", "id": gone},
        {"op": "update", "id": gone, "record": {"name": "Late"}},
        {"op": "merge", "id": old},
    ]
    status, answered, _ = call("POST", "/contacts/_bulk", {"items": items})
    results = answered["results"]
    assert (status, [one["status"] for one in results]) == (200, [201, 200, 422, 204, 404, 422])
    assert results[1]["record"] == server.records["contacts"][old]
    assert (results[1]["record"]["name"], results[1]["record"]["city"]) == ("Older", "Ulm")
    assert results[2] == {"status": 422, "record": None, "error": "no name"}
    assert [bool(one["error"]) for one in results] == [False, False, True, False, True, True]
    assert (server.counters()["writes"], server.counters()["stored"]) == (1, 3)


# --- What can be switched


def test_another_version_is_refused_only_if_conditional(server, call):
    record = server.put("contacts", {"name": "Ada"})
    place, old = f"/contacts/{record['id']}", f'"{record["updated"]}"'
    assert call("PATCH", place, {"name": "Not heeded"}, If_Match='"0"')[0] == 200
    server.conditional = True
    for method in ("PATCH", "PUT", "DELETE"):
        status, document, headers = call(method, place, {}, If_Match=old)
        assert (status, list(document), headers["ETag"]) == (412, ["message"], None)
    current = call("GET", place)[2]["ETag"]
    assert call("PATCH", place, {"name": "Heeded"}, If_Match=current)[0] == 200
    assert call("PATCH", place, {"name": "Unconditional"})[0] == 200
    assert call("DELETE", place, If_Match="*")[0] == 204


def test_same_key_gets_the_first_answer_only_if_idempotency_is_on(server, call):
    first, second = (call("POST", "/contacts", {"name": "Ada"}, Idempotency_Key="k")[1]["id"] for _ in range(2))
    assert first != second
    server.idempotency = True
    status, created, headers = call("POST", "/contacts", {"name": "Bob"}, Idempotency_Key="k")
    assert headers["Idempotent-Replayed"] is None
    call("PATCH", f"/contacts/{created['id']}", {"name": "Bob changed"})
    again, replayed, headers = call("POST", "/contacts", {"name": "Bob"}, Idempotency_Key="k")
    assert (again, replayed, headers["Idempotent-Replayed"]) == (status, created, "true")
    assert len(server.records["contacts"]) == 3


def test_key_of_a_request_that_was_refused_can_be_used_again(server, call):
    server.idempotency = True
    server.refuse = lambda *_request: (422, {"message": "no"})
    assert call("POST", "/contacts", {}, Idempotency_Key="k")[0] == 422
    server.refuse = None
    assert call("POST", "/contacts", {}, Idempotency_Key="k")[0] == 201


def test_same_key_waits_for_the_first_that_is_still_worked_on(server, call):
    server.idempotency = True
    came, stored, go_on = threading.Semaphore(0), threading.Event(), threading.Event()
    server.fault = lambda *_request: came.release()
    server.arrived = lambda *_request: stored.set() or go_on.wait(PATIENCE)
    other = Caller(server.url)
    first = in_thread(other, "POST", "/contacts", {"name": "Ada"}, Idempotency_Key="k")
    assert stored.wait(PATIENCE)
    second = in_thread(call, "POST", "/contacts", {"name": "Ada"}, Idempotency_Key="k")
    assert all(came.acquire(timeout=PATIENCE) for _ in range(2))
    go_on.set()
    assert first()[1] == second()[1]
    assert second()[2]["Idempotent-Replayed"] == "true"
    assert len(server.records["contacts"]) == 1
    other.connection.close()


def test_refused_document_is_not_stored(server, call):
    asked = []
    server.refuse = lambda *request: asked.append(request) or (422, {"errors": {"email": "taken"}})
    assert call("POST", "/contacts", {"email": "x"})[:2] == (422, {"errors": {"email": "taken"}})
    assert asked == [("POST", "/contacts", {"email": "x"})]
    assert server.records["contacts"] == {}


def test_document_is_stored_as_the_remote_normalises_it(server, call):
    server.normalise = lambda document: {**document, "name": document["name"].strip()}
    created = call("POST", "/contacts", {"name": " Ada "})[1]
    assert created["name"] == "Ada"
    assert call("PATCH", f"/contacts/{created['id']}", {"name": "Bob "})[1]["name"] == "Bob"


def test_latency_delays_each_answer_but_no_other_connection(server, call):
    server.latency = 0.5  # one behind the other they would take four times as long, also on a machine that is busy
    others = [Caller(server.url) for _ in range(4)]
    began = time.monotonic()
    for result in [in_thread(other, "GET", "/contacts") for other in others]:
        assert result()[0] == 200
    assert server.latency <= time.monotonic() - began < len(others) * server.latency
    for other in others:
        other.connection.close()


def test_server_that_stops_ends_what_it_delays():
    stored = threading.Event()
    with RecordServer(latency=PATIENCE, arrived=lambda *_request: stored.set()) as server:
        caller = Caller(server.url)

        def lost():
            with pytest.raises(http.client.RemoteDisconnected):
                caller("POST", "/contacts", {})
            return True

        result = in_thread(lost)
        assert stored.wait(PATIENCE)
    assert result()


def test_attribute_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match="idempotent"):
        RecordServer(idempotent=True)


# --- Faults


@pytest.mark.parametrize(
    ("kind", "outcome", "stored"),
    [
        ("lost", ConnectionResetError, 1),
        ("truncated", http.client.IncompleteRead, 1),
        ("error_after", 500, 1),
        ("error", 500, 0),
        ("unavailable", 503, 0),
        ("throttle", 429, 0),
        ("refused", ConnectionResetError, 0),
    ],
)
def test_fault_is_before_or_after_the_change_is_stored(server, call, kind, outcome, stored):
    server.idempotency = True
    server.fault = lambda method, path: kind if (method, path) == ("POST", "/contacts") else None
    if isinstance(outcome, int):
        status, document, headers = call("POST", "/contacts", {"name": "Ada"}, Idempotency_Key="k")
        assert (status, list(document)) == (outcome, ["message"])
        assert headers["Retry-After"] == ("1" if kind == "throttle" else None)
    else:
        with pytest.raises(outcome):
            call("POST", "/contacts", {"name": "Ada"}, Idempotency_Key="k")
    assert len(server.records["contacts"]) == stored
    assert call("GET", "/contacts")[1]["total"] == stored
    server.fault = None
    status, _, headers = call("POST", "/contacts", {"name": "Ada"}, Idempotency_Key="k")
    assert (status, headers["Idempotent-Replayed"]) == (201, "true" if stored else None)
    assert len(server.records["contacts"]) == 1


def test_truncated_answer_without_a_body_is_none_at_all(server, call):
    record = server.put("contacts", {})
    server.fault = lambda *_request: "truncated"
    with pytest.raises(http.client.HTTPException):
        call("DELETE", f"/contacts/{record['id']}")
    assert server.records["contacts"] == {}


def test_random_faults_come_again_with_their_seed():
    def struck(seed):
        fault = RandomFaults(0.3, seed=seed)
        return [fault("GET", "/contacts") for _ in range(300)]

    assert struck(1) == struck(1) != struck(2)
    assert set(struck(1)) == {*KINDS, None}
    assert 60 < sum(map(bool, struck(1))) < 120
    with pytest.raises(ValueError, match="loss"):
        RandomFaults(0.1, ["loss"])


def test_script_of_the_fault_server_comes_first(server, call):
    server.script(lambda connection, _request: connection.reset())
    with pytest.raises(ConnectionResetError):
        call("POST", "/contacts", {})
    assert (call("POST", "/contacts", {})[0], server.counters()["stored"]) == (201, 1)


def test_arrived_is_called_when_the_change_is_stored_and_not_answered(server, call):
    seen = []
    server.arrived = lambda *request: seen.append((*request, len(server.records["contacts"])))
    call("POST", "/contacts", {"name": "Ada"})
    call("GET", "/contacts")
    assert seen == [("POST", "/contacts", {"name": "Ada"}, 1), ("GET", "/contacts", {}, 1)]


def test_writers_at_the_same_time_get_versions_of_their_own(server):
    def write(number):
        caller = Caller(server.url)
        answers = [caller("POST", "/contacts", {"writer": number})[1] for _ in range(25)]
        caller.connection.close()
        return answers

    records = [one for result in [in_thread(write, number) for number in range(4)] for one in result()]
    for field in ("id", "updated"):
        assert len({record[field] for record in records}) == 100
    assert list(server.records["contacts"].values()) == sorted(records, key=lambda record: record["updated"])


# --- Another process


def test_control_sets_the_switches_changes_records_and_is_not_counted(server, call):
    record = call("POST", "/_control", {"put": ["contacts", {"name": "Ada"}]})[1]["record"]
    assert server.records["contacts"] == {record["id"]: record}
    call("POST", "/_control", {"set": {"idempotency": True, "latency": 0.001}})
    assert (server.idempotency, server.latency) == (True, 0.001)
    call("POST", "/contacts", {})
    call("GET", "/contacts")
    expected = {"requests": 2, "writes": 1, "stored": 1, "by_method": {"POST": 1, "GET": 1}, "records": {"contacts": 2}}
    assert call("GET", "/_control")[1] == server.counters() == expected
    call("POST", "/_control", {"faults": {"probability": 1, "kinds": ["unavailable"], "seed": 1}})
    assert call("GET", "/contacts")[0] == 503
    call("POST", "/_control", {"faults": None})
    call("POST", "/_control", {"delete": ["contacts", record["id"]]})
    assert call("GET", f"/contacts/{record['id']}")[0] == 404
    counters = call("POST", "/_control", {"reset": True})[1]
    assert (counters["requests"], counters["records"]) == (0, {"contacts": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        {"set": {"fault": 1}},
        {"faults": {"probability": 1, "kinds": ["loss"]}},
        {"faults": {"chance": 1}},
        {"kill": 0},
        {"put": ["contacts"]},
        {"set": 1},
    ],
    ids=str,
)
def test_control_refuses_what_it_does_not_know(call, wrong):
    assert call("POST", "/_control", wrong)[0] == 400


CLIENT = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1])
sys.stdin.read()  # until it is told to begin
connection.request("POST", "/contacts", '{"name": "Ada"}')
connection.getresponse()
"""


def test_process_of_its_own_kills_a_client_whose_change_is_stored_and_not_answered():
    with own_process() as (url, control):
        command = [sys.executable, "-S", "-c", CLIENT, urlsplit(url).netloc]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as client:
            control({"kill": client.pid})
            client.stdin.close()
            assert client.wait(PATIENCE) == -signal.SIGKILL
        counters = control()
        assert (counters["writes"], counters["records"]) == (1, {"contacts": 1})
    with pytest.raises(ConnectionRefusedError):
        control()
