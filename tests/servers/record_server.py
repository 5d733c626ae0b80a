"""A remote system that is written to: a REST server over a real socket whose every answer, or lack of one, can be told.

    with RecordServer(idempotency=True) as server:
        server.fault = lambda method, path: "lost" if method == "POST" else None
        ...  # POST {server.url}/contacts is stored, and the connection is reset instead of an answer
        assert len(server.records["contacts"]) == 1

In a process of its own it survives its clients, and kills one when told to:

    with own_process() as (url, control):
        control({"kill": client.pid})  # at the next POST that is stored, before it is answered

| request | answer |
|---|---|
| GET /<collection>?since=&offset=&limit=&<field>=<value> | {"records": [...], "total": n} in the order of `updated` |
| GET /<collection>/<id> | the record |
| POST /<collection> | 201 and the record, with an id |
| POST /<collection>/_bulk {"items": [{"op", "id", "record"}]} | {"results": [{"status", "record", "error"}]} in order |
| PATCH, PUT /<collection>/<id> | the record, with these top-level keys changed, or replaced as a whole |
| DELETE /<collection>/<id> | 204 |
| GET, POST /_control | see `RecordServer.control` |

What is wrong is answered with {"message": "..."}. `updated` of a record is a number that grows with every change in any
collection; it is the record's version too, as ETag. With `since`, which includes its own value, a list also has
{"id", "deleted": true, "updated"} for what was deleted.
Needs only the standard library, so that unit tests, Odoo tests and the crash tests can all use it.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote, urlsplit

if __package__:
    from .fault_server import FaultServer, head, json_answer, raw, reset
else:  # a script, or found on the path
    from fault_server import FaultServer, head, json_answer, raw, reset

CONTROL = "/_control"
PATIENCE = 10  # seconds for an answer of the process of its own
_SWITCHES = ("conditional", "idempotency", "lookup", "latency")  # what another process can set
_OPERATIONS = {"create": "POST", "update": "PATCH", "delete": "DELETE"}


class Refused(Exception):
    """This request is answered with an error.

    :param document: the body, or the text of its message
    """

    def __init__(self, status: int, document: dict | str):
        super().__init__(status, document)
        self.status = status
        self.document = {"message": document} if isinstance(document, str) else document


@dataclass
class Answer:
    """What is answered if nothing goes wrong on the way."""

    status: int
    document: dict | None = None
    headers: dict = field(default_factory=dict)

    def encode(self) -> tuple[bytes, bytes]:
        """Head and body."""
        fields = {"Date": formatdate(usegmt=True), **self.headers}
        if self.document is None:
            return head(self.status, fields), b""
        body = json.dumps(self.document).encode()
        fields |= {"Content-Type": "application/json", "Content-Length": len(body)}
        return head(self.status, fields), body


# --- Faults


def _half(answer):
    """Half of the body; of an answer without one, not even the status, for HTTP can live with half of the headers."""
    first, body = answer.encode()
    return raw(first + body[: len(body) // 2] if body else b"HTTP/1.1 ", close=True)


_BEFORE_IT_IS_STORED = {
    "refused": reset(),
    "unavailable": json_answer({"message": "Down for maintenance"}, 503),
    "throttle": json_answer({"message": "Too many requests"}, 429, {"Retry-After": "1"}),
    "error": json_answer({"message": "Something went wrong"}, 500),
}
_AFTER_IT_IS_STORED = {
    "lost": lambda _answer: reset(),
    "error_after": lambda _answer: _BEFORE_IT_IS_STORED["error"],
    "truncated": _half,
}
KINDS = (*_BEFORE_IT_IS_STORED, *_AFTER_IT_IS_STORED)


class RandomFaults:
    """A `fault` that strikes at random, reads and writes alike; requests one after another have a seed's faults again.

    :raises ValueError: one of the kinds is none
    """

    def __init__(self, probability: float, kinds=KINDS, seed=None):
        if unknown := set(kinds) - set(KINDS):
            raise ValueError(f"Unknown faults {sorted(unknown)}; known are {KINDS}")
        self.probability, self.kinds = probability, list(kinds)
        self._chance, self._lock = random.Random(seed), threading.Lock()

    def __call__(self, _method, _path):
        with self._lock:
            struck, kind = self._chance.random() < self.probability, self._chance.choice(self.kinds)
        return kind if struck else None


# --- Records


class Records:
    """Collections of records that remember what was deleted. A record that is changed is a new dict, never the old one.

    :ivar dict living: collection to {id: record}, each in the order of `updated`
    :ivar dict tombstones: collection to {id: what is told of a deleted record}
    """

    def __init__(self):
        self.lock = threading.RLock()
        self.living = defaultdict(dict)
        self.tombstones = defaultdict(dict)
        self._clock = itertools.count(1)

    def put(self, collection, external_id, document):
        """Store a record as a whole; without an id it is a new one."""
        with self.lock:
            updated = next(self._clock)
            external_id = str(external_id or f"rec_{updated}")
            self.tombstones[collection].pop(external_id, None)
            self.living[collection].pop(external_id, None)  # it goes to the end
            record = {**document, "id": external_id, "updated": updated}
            self.living[collection][external_id] = record
            return record

    def delete(self, collection, external_id):
        """:raises Refused: it is gone"""
        with self.lock:
            self.get(collection, external_id)
            del self.living[collection][external_id]
            tombstone = {"id": external_id, "deleted": True, "updated": next(self._clock)}
            self.tombstones[collection][external_id] = tombstone

    def get(self, collection, external_id):
        """:raises Refused: it is gone"""
        with self.lock:
            if record := self.living[collection].get(external_id):
                return record
            raise Refused(404, f"There is no {external_id} in {collection}")

    def changed_since(self, collection, since):
        """Records in the order of `updated`; deleted ones only if there is a moment since when."""
        with self.lock:
            records = list(self.living[collection].values())
            if since:
                records += self.tombstones[collection].values()
        return sorted((one for one in records if one["updated"] >= since), key=lambda one: one["updated"])


# --- The server


@dataclass
class _First:
    """The first request with an idempotency key; its answer is there as soon as the change is stored."""

    answer: Answer | None = None
    done: threading.Event = field(default_factory=threading.Event)


class RecordServer(FaultServer):
    """Collections that are read and written over HTTP. All that it does can be switched at any time by its attributes.

    `script` and `route` of FaultServer come before it. Documents that hooks get are {} where a request has none.

    :ivar bool conditional: If-Match is heeded: 412 if it is another version
    :ivar bool idempotency: a POST with the Idempotency-Key of an earlier one that was stored gets the answer of that
        one, as soon as it is ready and whether or not it arrived, with `Idempotent-Replayed: true`
    :ivar bool lookup: lists can be filtered by equality; else such a request is a 400
    :ivar float latency: seconds before each answer, after the change was stored
    :ivar bool quiet: a change is answered 204, without the record
    :ivar bool named: a PUT to an id that is not there makes a record with it, answered 201 without the record, as
        WebDAV does; with If-None-Match it is a 412 if there is one
    :ivar refuse: (method, path, document) -> None or (status, document) for a change, also for each in a bulk
    :ivar normalise: document -> document that is stored; it must not wait
    :ivar fault: (method, path) -> None or one of KINDS; for every request, and for a bulk as a whole
    :ivar arrived: called with (method, path, document) before each answer, when the change was stored
    :ivar list requests: of FaultServer: each request as it came, control requests as well

    :param ssl.SSLContext tls: serve HTTPS with it
    :param attributes: any of these from the beginning
    """

    conditional = False
    idempotency = False
    lookup = True
    latency = 0.0
    quiet = False
    named = False
    refuse = None
    normalise = None
    fault = None
    arrived = None

    def __init__(self, tls=None, **attributes):
        for name, value in attributes.items():
            if name.startswith("_") or not hasattr(type(self), name):
                raise TypeError(f"A RecordServer has no {name}")
            setattr(self, name, value)
        self._store = Records()
        self._firsts: dict[tuple, _First] = {}
        self._kill = None
        self.reset_counters()
        super().__init__(tls, on_connect=_at_once)
        self.fallback = self._respond

    # What a test has in its hands

    @property
    def records(self) -> dict:
        """Collection to {id: record}. Who looks at many while requests come holds `lock`."""
        return self._store.living

    @property
    def lock(self):
        """Held while anything changes."""
        return self._store.lock

    def put(self, collection, document) -> dict:
        """Create a record, or replace the one with this id, as somebody at the remote would; return it."""
        return self._store.put(collection, document.get("id"), self._normalised(document))

    def delete(self, collection, external_id):
        """Delete a record, as somebody at the remote would.

        :raises Refused: it is gone
        """
        self._store.delete(collection, external_id)

    def kill_at_next(self, pid, method="POST"):
        """Send SIGKILL to a process when the next such change is stored, before it is answered."""
        if pid <= 1:
            raise ValueError(f"{pid} is not the id of one process")
        self._kill = (pid, method)

    def counters(self) -> dict:
        """What has come since the beginning or `reset_counters`, and how many records there are now.

        `requests`: all; `writes`: those that are not GET; `stored`: changes that were made, each in a bulk.
        """
        with self.lock:
            by_method = dict(self._by_method)
            return {
                "requests": sum(by_method.values()),
                "writes": sum(by_method.values()) - by_method.get("GET", 0),
                "stored": self._stored,
                "by_method": by_method,
                "records": {name: len(found) for name, found in self.records.items()},
            }

    def reset_counters(self):
        """Count from nought; records stay."""
        with self.lock:
            self._by_method, self._stored = Counter(), 0

    def control(self, document) -> dict:
        """Do what another process asks for; return the counters, and the `record` that was put.

        {"reset": true}: the counters
        {"set": {name: value}}: `conditional`, `idempotency`, `lookup`, `latency`
        {"faults": {"probability": 0.1, "kinds": [...], "seed": 1}}: random faults; null: none
        {"kill": pid, "method": "POST"}: see `kill_at_next`
        {"put": [collection, document]}, {"delete": [collection, id]}: as somebody at the remote would

        :raises Refused, ValueError, TypeError, AttributeError: it can not be done
        """
        result = {}
        if document.get("reset"):
            self.reset_counters()
        for name, value in document.get("set", {}).items():
            if name not in _SWITCHES:
                raise ValueError(f"{name} is not among {_SWITCHES}")
            setattr(self, name, value)
        if "faults" in document:
            self.fault = RandomFaults(**document["faults"]) if document["faults"] else None
        if "kill" in document:
            self.kill_at_next(document["kill"], document.get("method", "POST"))
        if "put" in document:
            result["record"] = self.put(*document["put"])
        if "delete" in document:
            self.delete(*document["delete"])
        return {**self.counters(), **result}

    # A request

    def _next_answer(self, request):
        return self._control if request.path == CONTROL else super()._next_answer(request)

    def _control(self, connection, request):
        try:
            answer = Answer(200, self.control(_document(request)))
        except Refused as refused:
            answer = Answer(refused.status, refused.document)
        except (ValueError, TypeError, AttributeError) as error:
            answer = Answer(400, {"message": str(error)})
        connection.send(b"".join(answer.encode()))

    def _respond(self, connection, request):
        with self.lock:
            self._by_method[request.method] += 1
        kind = self.fault(request.method, request.path) if self.fault else None
        if kind in _BEFORE_IT_IS_STORED:
            connection.wait(self.latency)
            send = _BEFORE_IT_IS_STORED[kind]
        else:
            answer = self._answer(connection, request)
            send = _AFTER_IT_IS_STORED[kind](answer) if kind else raw(b"".join(answer.encode()))
        send(connection, request)

    def _answer(self, connection, request):
        """Do what is asked, and let the time pass until it is answered."""
        try:
            document = _document(request)
        except (ValueError, TypeError, AttributeError):
            return Answer(400, {"message": "The body is neither a JSON object nor a form"})
        with self._first(request) as first:
            if again := first.answer is not None:
                answer = replace(first.answer, headers={**first.answer.headers, "Idempotent-Replayed": "true"})
            else:
                answer = first.answer = self._done(request, document)
            if not again and answer.status < 400:
                self._kill_who_waits(request.method)
            if self.arrived:
                self.arrived(request.method, request.path, document)
            connection.wait(self.latency)
        return answer

    @contextlib.contextmanager
    def _first(self, request):
        """The request that this one repeats, when it has its answer; else one without, which the caller answers."""
        key = (request.path, request.headers.get("idempotency-key"))
        if not (self.idempotency and request.method == "POST" and key[1]):
            yield _First()
            return
        mine = _First()
        while True:
            with self.lock:
                first = self._firsts.setdefault(key, mine)
            if first is mine:
                break
            first.done.wait()
            if first.answer:
                yield first
                return
        try:
            yield mine
        finally:
            if mine.answer and mine.answer.status >= 400:
                mine.answer = None
            if not mine.answer:  # nothing was done, so the next one with this key is the first
                with self.lock:
                    del self._firsts[key]
            mine.done.set()

    def _kill_who_waits(self, method):
        with self.lock:
            if not self._kill or self._kill[1] != method:
                return
            (pid, _method), self._kill = self._kill, None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    # What is asked

    def _done(self, request, document):
        collection, _, rest = request.path.strip("/").partition("/")
        collection, external_id = unquote(collection), unquote(rest)
        try:
            if not collection or "/" in rest:
                raise Refused(404, f"There is nothing at {request.path}")
            if request.method == "GET":
                return self._read(collection, external_id, request.query)
            if (request.method, external_id) == ("POST", "_bulk"):
                return self._bulk(collection, document)
            if request.method not in (("PATCH", "PUT", "DELETE") if external_id else ("POST",)):
                raise Refused(405, f"{request.method} can not be done to {request.path}")
            wanted = request.headers.get("if-match") if self.conditional else None
            if self.named and request.method == "PUT":
                with self.lock:
                    is_there = external_id in self.records[collection]
                    if is_there and "if-none-match" in request.headers:
                        raise Refused(412, f"There is a {external_id} already")
                    if not is_there:
                        made = self._store.put(collection, external_id, self._normalised(document))
                        self._stored += 1
                        return Answer(201, None, {"ETag": f'"{made["updated"]}"', "Content-Length": 0})
            return self._told(*self._change(request.method, collection, external_id, document, wanted))
        except Refused as refused:
            return Answer(refused.status, refused.document)

    def _read(self, collection, external_id, query):
        if external_id:
            return _about(200, self._store.get(collection, external_id))
        since, offset, limit = (_number(query, name) for name in ("since", "offset", "limit"))
        if query and not self.lookup:
            raise Refused(400, f"Records can not be found by {', '.join(query)}")
        found = [
            record
            for record in self._store.changed_since(collection, since or 0)
            if all(_text(record.get(name)) == value for name, value in query.items())
        ]
        start = offset or 0
        return Answer(200, {"records": found[start : None if limit is None else start + limit], "total": len(found)})

    def _told(self, status, record):
        return _about(204, None) if self.quiet and status == 200 else _about(status, record)

    def _change(self, method, collection, external_id, document, wanted=None):
        """Make one change; return status and record.

        :param external_id: empty for a new record
        :param wanted: a condition, as in If-Match
        """
        path = f"/{collection}/{external_id}" if external_id else f"/{collection}"
        if self.refuse and (refused := self.refuse(method, path, document)):
            raise Refused(*refused)
        with self.lock:
            old = {} if method == "POST" else self._store.get(collection, external_id)
            if wanted and not {"*", f'"{old["updated"]}"'} & {tag.strip() for tag in wanted.split(",")}:
                raise Refused(412, f"{external_id} was changed meanwhile")
            if method == "DELETE":
                self._store.delete(collection, external_id)
                record = None
            else:
                merged = {**old, **document} if method == "PATCH" else document
                record = self._store.put(collection, external_id, self._normalised(merged))
            self._stored += 1
        return {"POST": 201, "DELETE": 204}.get(method, 200), record

    def _bulk(self, collection, document):
        items = document.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Refused(400, "items must be a list of objects")
        return Answer(200, {"results": [self._bulk_item(collection, item) for item in items]})

    def _bulk_item(self, collection, item):
        try:
            method = _OPERATIONS.get(item.get("op"))
            if not method or (method == "POST") == bool(item.get("id")):
                raise Refused(422, f"op must be one of {', '.join(_OPERATIONS)}; all but create need an id")
            status, record = self._change(method, collection, str(item.get("id", "")), item.get("record") or {})
            return {"status": status, "record": record, "error": None}
        except Refused as refused:
            error = refused.document.get("message") or json.dumps(refused.document)
            return {"status": refused.status, "record": None, "error": error}

    def _normalised(self, document):
        return self.normalise(document) if self.normalise else document


def _at_once(connected):
    """An answer of several packets does not wait for the client to acknowledge the first."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _about(status, record):
    """An answer about one record, or none."""
    return Answer(status, record, {"ETag": f'"{record["updated"]}"'} if record else {})


def _number(query, name):
    """Take a number out of the query.

    :raises Refused: it is none
    """
    text = query.pop(name, "")
    if text and not text.isdecimal():
        raise Refused(400, f"{name} must be a number")
    return int(text) if text else None


def _text(value):
    """A value of a record as it is written in a query, or None."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


# --- Bodies


def _document(request):
    """The body of a request; {} if it has none.

    :raises ValueError, TypeError, AttributeError: it can not be read
    """
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return nested(parse_qsl(request.body.decode(), keep_blank_values=True))
    document = json.loads(request.body) if request.body else {}
    if not isinstance(document, dict):
        raise ValueError("The body is not an object")
    return document


def nested(pairs) -> dict:
    """A document from the pairs of a form, as Stripe and PHP read them: ``a[b]=c``, ``a[]=c``, ``a[0][b]=c``.

    :raises TypeError, AttributeError: a name is a value and an object at once
    """
    document = {}
    for name, value in pairs:
        *place, last = name.replace("]", "").split("[")
        inside = document
        for key in place:
            inside = inside.setdefault(key, {})
        inside[last or str(len(inside))] = value
    return {name: _with_lists(value) for name, value in document.items()}


def _with_lists(value):
    if not isinstance(value, dict):
        return value
    within = {name: _with_lists(one) for name, one in value.items()}
    return list(within.values()) if list(within) == [str(number) for number in range(len(within))] else within


# --- A process of its own


@contextlib.contextmanager
def own_process():
    """A server that outlives any client; with this context it ends.

    :return: context manager that gives its URL and a function of what `RecordServer.control` takes, by default nothing
    """
    command = [sys.executable, os.path.abspath(__file__)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()

        def control(document=None):
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
            with contextlib.closing(connection):
                connection.request("POST", CONTROL, json.dumps(document or {}))
                answer = connection.getresponse()
                counters = json.load(answer)
            assert answer.status == 200, counters
            return counters

        try:
            yield url, control
        finally:
            process.terminate()


def main():
    """Serve until standard input ends; the first line of output is the URL."""
    with RecordServer() as server:
        server.requests = deque(maxlen=0)  # nobody can read them, and it may serve for hours
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
