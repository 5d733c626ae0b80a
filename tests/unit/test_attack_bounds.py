"""Attacks by size, depth and cost (holes 12, 13, 16): what comes and what is typed is bounded everywhere."""

import contextlib
import json
import time

import fault_server as faults
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.errors import PathError
from integration_bridge.mapping.paths import LONGEST, MOST_GROWTH, parse_expression, parse_path
from integration_bridge.remote.client import Request
from integration_bridge.remote.document import DEEPEST, is_too_deep
from integration_bridge.remote.errors import ProtocolError, Rejected
from integration_bridge.remote.guard import Guard

# --- Expressions

DOUBLING = {
    "flattened": "[@,@]" + "|[@,@][]" * 24,
    "nested": "|".join(["[@,@]"] * 40),
    "objects": "|".join(["{a:@,b:@}"] * 30),
    "wide": "|".join(["[" + ",".join(["@"] * 40) + "]"] * 3),
    "subexpression": "a." + ".".join(["[@,@]"] * 20),
    "projection": "[*]" + ".[@,@]" * 20 + "[]",
    "join": "join('',[" + ",".join(["join('',[@,@])"] * 2) + "])" + "|join('',[@,@])" * 20,
    "mapped": "map(&[@,@],@)" + "|map(&[@,@],@)" * 20,
    "filter": "[?a].[@,@]" + "|[?[0]].[@,@]" * 20,
    "slice": "[@,@][:]" + "|[@,@][:]" * 20,
    "merged": "to_array([@,@])" + "|to_array([@,@])" * 20,
    "or": "[@,@] || [@,@]" + "|[@,@]||[@,@]" * 20,
    "long": "a" + ".a" * 5000 + "|[0]",
    "deep": "(" * 20_000 + "@" + ")" * 20_000,
    "deep_list": "[" * 900 + "@" + "]" * 900,
    "not": "!" * 3000 + "@",
}


@pytest.mark.parametrize("name", DOUBLING)
def test_attack_expression_that_costs_too_much_is_refused_before_it_is_run(name):
    began = time.process_time()
    with pytest.raises(PathError) as caught:
        parse_expression(DOUBLING[name]).read([{"a": "x"}] * 3)
    assert time.process_time() - began < 1
    assert len(str(caught.value)) < 2000


USUAL = [
    "items[?status == 'open' && amount > `10`].{id: id, lines: lines[].{sku: sku, price: price.amount}}",
    "sort_by(items, &date)[-1]",
    "join(', ', [street, city, zip || '', country.name])",
    "map(&{id: id, name: join(' ', [first, last])}, people[])",
    "{" + ", ".join(f"f{number}: a.b{number}" for number in range(100)) + "}",
    "[a, b, c][?@] | [0]",
    "merge(@, {x: [a, b], y: {z: c}})",
    "addresses[?type=='billing'] | [0].lines[0]",
]


@pytest.mark.parametrize("text", USUAL)
def test_usual_expression_is_accepted(text):
    parse_expression(text)


@given(st.recursive(st.sampled_from(["@", "a", "a.b", "[0]"]), lambda inner: st.one_of(
    st.lists(inner, min_size=1, max_size=4).map(lambda parts: "[" + ", ".join(parts) + "]"),
    st.tuples(inner, inner).map(" | ".join),
    st.tuples(inner, inner).map(" || ".join),
    inner.map(lambda part: f"map(&{part}, to_array(@))"),
), max_leaves=40))  # fmt: skip
def test_what_is_accepted_never_makes_a_document_much_larger(text):
    document = {"a": {"b": [1, 2, 3]}, "c": "x" * 10}
    try:
        found = parse_expression(text).read(document)
    except PathError:
        return
    assert len(json.dumps(found)) <= 4 * (MOST_GROWTH + 1) * len(json.dumps(document))


def test_length_of_an_expression_is_bounded_exactly():
    assert parse_expression("[0]." + "a" * (LONGEST - 4))
    with pytest.raises(PathError, match="characters"):
        parse_expression("[0]." + "a" * (LONGEST - 3))


# --- Documents


def nested(depth, of_objects=False):
    return ('{"a":' * depth + "1" + "}" * depth) if of_objects else "[" * depth + "]" * depth


@pytest.mark.parametrize("of_objects", [False, True])
def test_depth_of_a_document_is_bounded_exactly(of_objects):
    assert not is_too_deep(json.loads(nested(DEEPEST, of_objects)))
    assert is_too_deep(json.loads(nested(DEEPEST + 2, of_objects)))


@pytest.mark.parametrize("depth", [DEEPEST + 2, 500, 100_000])
@pytest.mark.parametrize("of_objects", [False, True])
def test_attack_deep_answer_is_an_error_in_words(server, connect, depth, of_objects):
    server.script(faults.answer(200, nested(depth, of_objects).encode()))
    with pytest.raises(ProtocolError, match="nested too deeply"):
        connect().send(Request("GET", "/deep"))


@pytest.mark.parametrize("text", ["a" + ".a" * 100_000, "[0]" * 100_000, 'a["' + "x" * 100_000])
def test_attack_long_path_is_read_or_refused(text):
    began = time.process_time()
    with contextlib.suppress(PathError):
        parse_path(text).read({"a": {"a": 1}})
    assert time.process_time() - began < 2


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "9" * 5000, "1e99999", "1" * 400 + ".0e400"])
def test_attack_number_without_end_is_an_error_in_words(server, connect, number):
    server.script(faults.answer(200, f'{{"a": {number}}}'.encode()))
    with pytest.raises(ProtocolError, match=r"too many digits|not a JSON number"):
        connect().send(Request("GET", "/number"))


# --- Files of a private host


@pytest.fixture
def elsewhere():
    with faults.FaultServer() as running:
        yield running


def test_attack_file_of_another_port_of_an_allowed_host_is_not_read(server, elsewhere, connect):
    elsewhere.fallback = faults.answer(200, b"<html>internal</html>", content_type="text/html")
    with pytest.raises(Rejected) as caught:
        connect().download(elsewhere.url + "/web/login", 1000)
    assert caught.value.reason == "blocked_address"
    assert not elsewhere.requests


def test_attack_file_that_redirects_to_another_port_is_not_read(server, elsewhere, connect):
    server.script(faults.redirect(elsewhere.url + "/web/login"))
    with pytest.raises(Rejected, match="private address"):
        connect().download(server.url + "/a.png", 1000)
    assert not elsewhere.requests


def test_file_of_another_port_is_read_where_that_port_is_named(elsewhere, connect):
    allowed = (elsewhere.url.removeprefix("http://"),)
    connect(allowed_addresses=allowed).download(elsewhere.url + "/a.png", 1000)
    assert elsewhere.requests


@pytest.mark.parametrize(
    ("allowed", "port", "is_allowed"),
    [
        (("127.0.0.1:8080",), 8080, True),
        (("127.0.0.1:8080",), 8081, False),
        (("127.0.0.1",), 8080, True),
        (("localhost:8080",), 8080, True),
        (("[::1]:8080",), 8080, False),
        (("::1",), 8080, False),
    ],
)
def test_allowed_port_is_meant_for_that_port_only(allowed, port, is_allowed):
    host = "localhost" if "localhost" in allowed[0] else "127.0.0.1"
    if is_allowed:
        assert Guard(allowed).resolve(host, port)
    else:
        with pytest.raises(Rejected):
            Guard(allowed).resolve(host, port)


def test_attack_message_of_the_guard_tells_no_inner_address(monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args: [(2, 1, 6, "", ("10.11.12.13", 80))])
    with pytest.raises(Rejected) as caught:
        Guard().resolve("intranet.example", 80)
    assert "10.11.12.13" not in caught.value.message and "10.11.12.13" not in repr(vars(caught.value))
