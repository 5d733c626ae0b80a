"""What an operation asks for, and what it takes from the answers, against a real socket."""

import fault_server as faults
import pytest

from integration_bridge.mapping.paths import parse_expression
from integration_bridge.remote.errors import ProtocolError
from integration_bridge.remote.operation import Operation, as_number
from integration_bridge.remote.pagination import build


def operation(path="/records", place="@", pages=None, **values):
    paginator = build({"type": "page", **pages}, 2) if pages is not None else None
    shape = {"method": "GET", "query": {}, "headers": {}, "body": None, "body_format": "json", **values}
    return Operation(path=path, place=parse_expression(place), shown=place, paginator=paginator, **shape)


def listing(**values):
    query = {"page": "{page}", "since": "{since}", "name": "{name}"}
    return operation(place="items", query=query, pages={"end": "empty_page"}, **values)


# --- The request


def test_placeholders_are_filled_and_none_leaves_its_entry_out():
    request = operation("/r/{external_id}", query={"since": "{since}"}, headers={"If-Match": "{version}"}).request(
        {"external_id": "a/b", "since": None, "version": "7"}, more_headers={"X-Key": "k"}, about="it"
    )
    assert (request.url, request.query, request.about) == ("/r/a%2Fb", {}, "it")
    assert request.headers == {"If-Match": "7", "X-Key": "k"}


def test_next_address_replaces_path_and_query():
    request = operation(query={"limit": "{limit}"}).request({"limit": 5}, url="https://crm.example/r?after=7")
    assert (request.url, request.query) == ("https://crm.example/r?after=7", {})


@pytest.mark.parametrize(("external_id", "sent"), [("12", 12), ("a12", "a12")])
def test_id_is_sent_as_a_number_where_it_is_one(external_id, sent):
    assert as_number(external_id) == sent


# --- A page


def test_page_has_its_records_what_comes_after_it_and_its_exchanges(server, connect):
    server.route("/records", faults.json_answer({"items": [1, 2]}))
    exchanges = []
    client, one = connect(on_exchange=exchanges.append), listing()
    page = one.page(client, exchanges, one.paginator.start(), since=3)
    assert (page.records, len(page.exchanges), exchanges) == ([1, 2], 1, [])
    assert server.requests[0].query == {"page": "1", "since": "3"}
    assert one.paginator.variables(page.after)["page"] == 2


def test_answer_without_a_list_is_an_error_that_stands_beside_its_exchange(server, connect):
    server.route("/records", faults.json_answer({"items": "none"}))
    exchanges = []
    client, one = connect(on_exchange=exchanges.append), listing()
    with pytest.raises(ProtocolError, match="items"):
        one.page(client, exchanges, one.paginator.start())
    assert len(exchanges) == 1 and "items" in exchanges[0].error


# --- Looking up


def test_look_up_walks_on_until_a_page_has_the_record(server, connect):
    pages = [[{"id": 1}], [{"id": 2}, {"id": 3}], [{"id": 4}]]
    server.script(*(faults.json_answer({"items": items}) for items in pages))
    found = listing().find(connect(), {"name": "Ada"}, lambda record: record["id"] == 3)
    assert found == [{"id": 3}]
    assert [request.query for request in server.requests] == [
        {"page": "1", "name": "Ada"},
        {"page": "2", "name": "Ada"},
    ]


def test_look_up_ends_where_the_list_does(server, connect):
    server.script(faults.json_answer({"items": [{"id": 1}, "no record"]}), faults.json_answer({"items": []}))
    assert listing().find(connect(), {}, lambda record: record["id"] == 3) == []


def test_nothing_is_asked_where_no_record_could_be_the_one(server, connect):
    assert listing().find(connect(), {}, None) == []
    assert not server.requests


# --- One record


@pytest.mark.parametrize("body", [{"id": 7}, [{"id": 7}]])
def test_record_comes_alone_or_as_the_only_one_of_a_list_and_with_its_version(server, connect, body):
    server.route("/r/7", faults.json_answer(body, headers={"ETag": "v1"}))
    one = operation("/r/{external_id}", version_header="ETag")
    assert one.get(connect(), "7") == ({"id": 7}, "v1")


def test_version_is_none_where_no_header_has_it(server, connect):
    server.route("/r/7", faults.json_answer({"id": 7}))
    assert operation("/r/{external_id}").get(connect(), "7") == ({"id": 7}, None)


@pytest.mark.parametrize("body", [[], [{"id": 7}, {"id": 8}], "7", None])
def test_what_is_no_record_is_an_error(server, connect, body):
    server.route("/r/7", faults.json_answer(body))
    with pytest.raises(ProtocolError):
        operation("/r/{external_id}").get(connect(), "7")
