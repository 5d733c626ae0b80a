"""A list of any size out of one answer: in bounded memory, from row to row, and complete or not at all."""

import gzip
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import fault_server as faults
import pytest

from integration_bridge.mapping.paths import parse_expression
from integration_bridge.remote import stream
from integration_bridge.remote.errors import ProtocolError, RemoteError
from integration_bridge.remote.formats import make
from integration_bridge.remote.operation import Operation
from integration_bridge.remote.pagination import build

NUMBER = 20_000
ROWS = [{"id": str(number), "name": f"Name of {number}, é", "note": "x" * 60} for number in range(NUMBER)]


def as_csv(rows):
    return make("csv", {}, is_body=True).write(rows)[0]


def as_lines(rows):
    return make("jsonl", {}, is_body=True).write(rows)[0]


def as_xml(rows):
    return make("xml", {}, is_body=True).write({"items": {"item": rows}})[0]


def as_array(rows):
    return json.dumps(rows).encode()


def operation(place="@", size=1000, **options):
    paginator = build({"type": "stream"}, size)
    form = make(options.pop("form", "auto"), options)
    shape = {"place": parse_expression(place), "shown": place, "paginator": paginator, "reads": form}
    return Operation("GET", "/x", {}, {}, None, "json", **shape)


def read_all(client, one, state=None):
    read, state, found = stream.reader(one, client, []), state or one.paginator.start(), []
    while state is not None:
        page = read(state)
        assert len(page.records) <= one.paginator.page_size
        found += page.records
        state = page.after
    return found


def answer(raw, content_type, status=200):
    return faults.answer(status, raw, {"Content-Type": content_type})


LARGE = {
    "csv": (as_csv(ROWS), "text/csv", "@"),
    "lines": (as_lines(ROWS), "application/x-ndjson", "@"),
    "array": (as_array(ROWS), "application/json", "@"),
    "inside": (json.dumps({"n": [1], "d": {"items": ROWS}, "errors": []}).encode(), "application/json", "d.items"),
    "utf-16": (as_csv(ROWS).decode().encode("utf-16"), "text/csv", "@"),
    "json in latin-1": (
        json.dumps(ROWS, ensure_ascii=False).encode("latin-1"), "application/json; charset=iso-8859-1", "@"
    ),
    "xml": (as_xml(ROWS), "application/xml", "items.item"),
    "xml further in": (
        b"<d:a xmlns:d='DAV:'><x><y>1</y></x><d:b><n>2</n>" + as_xml(ROWS)[38:] + b"</d:b></d:a>", "text/xml",
        "a.b.items.item",
    ),
    "xml in latin-1": (
        as_xml(ROWS).decode().replace("utf-8", "iso-8859-1").encode("latin-1"), "text/xml", "items.item"
    ),
    "gzip": (gzip.compress(as_lines(ROWS)), "application/x-ndjson", "@"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "content_type", "place"), LARGE.values(), ids=LARGE)
def test_large_list_is_read_page_by_page_by_one_request(server, connect, raw, content_type, place):
    server.script(answer(raw, content_type))
    assert read_all(connect(), operation(place)) == ROWS
    assert len(server.requests) == 1


@pytest.mark.parametrize("number", [0, 1, 999, 1000, 1001])
@pytest.mark.parametrize("write", [as_csv, as_lines, as_array])
def test_small_list_is_read_as_any_other(server, connect, number, write):
    kind = {as_csv: "text/csv", as_lines: "application/x-ndjson", as_array: "application/json"}[write]
    raw = b"id,name,note\r\n" if (write, number) == (as_csv, 0) else write(ROWS[:number])
    server.script(answer(raw, kind))
    assert read_all(connect(), operation()) == ROWS[:number]


def test_run_goes_on_from_its_row_out_of_the_same_file(server, connect):
    server.script(answer(as_lines(ROWS), "application/x-ndjson"))
    client, one = connect(), operation()
    first = stream.reader(one, client, [])(one.paginator.start())
    assert json.loads(json.dumps(first.after)) == first.after
    assert first.records + read_all(client, one, first.after) == ROWS
    assert len(server.requests) == 1


@pytest.mark.parametrize("order", ["same", "other"])
def test_run_goes_on_from_its_row_after_the_file_is_gone(server, connect, order):
    again = ROWS if order == "same" else ROWS[::-1]
    server.script(*(answer(as_lines(rows), "application/x-ndjson") for rows in (ROWS, again)))
    client, one = connect(), operation()
    after = stream.reader(one, client, [])(one.paginator.start()).after
    stream._FETCHED.clear()
    found = read_all(client, one, after)
    assert found == (ROWS[1000:] if order == "same" else ROWS[::-1])
    assert len(server.requests) == 2


# --- What is no list


@pytest.mark.parametrize(
    ("raw", "content_type", "reason", "words"),
    [
        (as_lines(ROWS)[:-20], "application/x-ndjson", "not_jsonl", "Line 20000 "),
        (as_array(ROWS)[:-20], "application/json", "not_json", "not JSON"),
        (as_csv(ROWS)[:-80], "text/csv", "not_csv", "at row 20001 "),
        (as_csv(ROWS) + b"\xff", "text/csv", "charset", "character set"),
        (as_lines(ROWS) + b'{"error": "Session expired"}', "application/x-ndjson", "told", "Session expired"),
        (b'{"a": %s, "errors": ["Too slow"]}' % as_array(ROWS), "application/json", "told", "Too slow"),
        (b'{"errors": ["Too slow"], "a": %s}' % as_array(ROWS), "application/json", "told", "Too slow"),
        (b'{"error": "Session expired", "x": "%s"}' % (b"y" * 2_000_000), "application/json", "told", "expired"),
        (b'{"x": "%s"}' % (b"y" * 2_000_000), "application/json", "no_records", "no records at a"),
        (b'{"error": "Session expired"}', "application/json", "told", "Session expired"),
        (b"{}", "application/json", "no_records", "no records at a"),
        (b"", "application/json", "empty", "nothing"),
        (b"<a>%s</a>" % (b"y" * 2_000_000), "application/xml", "no_records", "no records at items.item"),
        (as_xml(ROWS)[:-20], "application/xml", "not_xml", "not XML"),
        (as_xml(ROWS)[:-8] + b"<errors><error>Too slow</error></errors></items>", "text/xml", "told", "Too slow"),
        (as_xml(ROWS).replace(b"<items>", b"<items success='false' message='Too slow'>"), "text/xml", "told", "slow"),
        (as_xml(ROWS).replace(b"<items>", b"<!DOCTYPE items><items>"), "text/xml", "not_xml", "DOCTYPE"),
        (b"BEGIN:VCARD\r\n%s" % (b"NOTE:y\r\n" * 300_000), "text/vcard", "no_stream", "can not be read in parts"),
        (b'{"x": "%s"}' % (b"y" * 2_000_000), "text/json", "no_records", "no records at @"),
        (gzip.compress(as_lines(ROWS))[:-9], "application/x-ndjson", "archive", "can not be opened"),
    ],
    ids=range(20),
)
def test_what_is_cut_off_or_tells_a_failure_is_no_list(server, connect, raw, content_type, reason, words):
    server.script(answer(raw, content_type))
    place = "a" if content_type == "application/json" and raw[:1] != b"[" else "@"
    place = "items.item" if "xml" in content_type else place
    with pytest.raises(RemoteError, match=words) as caught:
        read_all(connect(), operation(place))
    assert (caught.value.reason, bool(stream._FETCHED)) == (reason, False)


def test_last_record_without_a_name_of_the_others_is_a_record(server, connect):
    rows = [*ROWS, {"key": 1}]
    server.script(answer(as_lines(rows), "application/x-ndjson"))
    assert read_all(connect(), operation())[-1] == {"key": 1}


def test_bomb_is_stopped_at_the_limit(server, connect):
    server.script(answer(gzip.compress(as_lines(ROWS)), "application/x-ndjson"))
    with pytest.raises(ProtocolError) as caught:
        read_all(connect(max_large=2_000_000), operation())
    assert caught.value.reason == "too_big"


def test_size_of_what_is_read_as_a_whole_is_no_limit(server, connect):
    server.script(answer(as_lines(ROWS), "application/x-ndjson"), answer(as_lines(ROWS), "application/x-ndjson"))
    assert read_all(connect(max_bytes=1_000_000), operation()) == ROWS
    with pytest.raises(ProtocolError) as caught:
        read_all(connect(max_large=1_000_000), operation())
    assert caught.value.reason == "too_big"


def test_status_of_an_error_and_its_words_are_as_ever(server, connect):
    seen = []
    server.script(faults.json_answer({"message": "Sorry"}, 422))
    with pytest.raises(RemoteError, match=r": Sorry.*HTTP 422"):
        read_all(connect(on_exchange=seen.append), operation())
    assert seen[0].response_body == '{"message": "Sorry"}'


def test_exchange_shows_the_beginning_also_when_the_file_is_gone(server, connect):
    seen = []
    server.script(answer(as_csv([{"id": 1, "api_key": "s3cr3t"}] * 60_000), "text/csv"))
    read_all(connect(on_exchange=seen.append), operation())
    assert seen[0].response_body.startswith("id,api_key\r\n1,***\n")
    assert "s3cr3t" not in seen[0].response_body


# --- Memory

MEASURE = textwrap.dedent("""
    import resource, sys
    sys.path[:0] = [{unit!r}]
    import conftest
    from integration_bridge.remote.client import Client, Settings
    from integration_bridge.remote.formats import make
    from integration_bridge.remote.stream import reader
    import test_stream

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    settings = Settings({url!r}, allowed_addresses=("127.0.0.0/8",), read_timeout=60)
    with Client(settings) as client:
        one = test_stream.operation({place!r})
        read, state, rows = reader(one, client, []), one.paginator.start(), 0
        while state is not None:
            page = read(state)
            rows, state = rows + len(page.records), page.after
    print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
""")


def endless(kind, first, row, last, times):
    """An answer of any size, which is not held in memory either."""

    def respond(connection, _request):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n"
        block = row * 1000
        length = len(first) + len(block) * times + len(last)
        connection.send(f"{head}Content-Length: {length}\r\n\r\n".encode() + first)
        for _ in range(times):
            connection.send(block)
        connection.send(last)
        raise faults.Closed

    return respond


LONG = b"x" * 480
ENDLESS = {
    "csv": ("text/csv", b"id,note\n", b"12345," + LONG + b"\n", b""),
    "lines": ("application/x-ndjson", b"", b'{"id": 12345, "note": "' + LONG + b'"}\n', b""),
    "array": ("application/json", b"[", b'{"id": 12345, "note": "' + LONG + b'"},', b'{"id": 1}]'),
    "xml": ("text/xml", b"<items>", b"<item><id>12345</id><note>" + LONG + b"</note></item>\n", b"</items>"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_memory_does_not_grow_with_the_answer(server, name):
    """500 MB (``STREAM_MEGABYTES=500``) cost less than 100 MB; what is read here costs less than half of its size."""
    megabytes = int(os.environ.get("STREAM_MEGABYTES", "60"))
    times = megabytes * 1_000_000 // (1000 * len(ENDLESS[name][2]))
    server.fallback = endless(*ENDLESS[name], times)
    place = "items.item" if name == "xml" else "@"
    code = MEASURE.format(unit=str(Path(__file__).parent), url=server.url, place=place)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows, grown = map(int, done.stdout.split())
    assert rows == times * 1000 + (name == "array")
    assert grown < min(100, megabytes / 2)
