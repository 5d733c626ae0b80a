"""GraphQL: values go into variables, connections are walked by a cursor, errors beside the data are failures."""

import fault_server as faults
import pytest

from integration_bridge.mapping.paths import parse_expression
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import ConfigurationError, RemoteError
from integration_bridge.remote.formats import make
from integration_bridge.remote.operation import Operation
from integration_bridge.remote.options import OptionError
from integration_bridge.remote.pagination import build

QUERY = """
query Products($first: Int!, $after: String, $search: String = "a{b}") {  # $comment: x {
  products(first: $first, after: $after, query: $search, sort: {by: NAME}) {
    nodes { id title }
    pageInfo { endCursor hasNextPage }
  }
}
"""
BODY = {"first": "{limit}", "after": "{cursor}", "search": "updated:>'{since}'"}
PAGING = {
    "type": "cursor",
    "cursor_path": "data.products.pageInfo.endCursor",
    "end": "flag",
    "flag_path": "data.products.pageInfo.hasNextPage",
}


def operation(**values):
    place = "data.products.nodes"
    options = {"query": QUERY, **values.pop("options", {})}
    shape = {"paginator": build(PAGING, 2), "body_options": options, **values}
    return Operation("POST", "/graphql", {}, {}, BODY, "graphql", parse_expression(place), place, **shape)


def page(ids, cursor, more, **beside):
    nodes = [{"id": one, "title": one} for one in ids]
    products = {"nodes": nodes, "pageInfo": {"endCursor": cursor, "hasNextPage": more}}
    return faults.json_answer({"data": {"products": products}, **beside})


def read_all(client, one, since=None):
    state, found = one.paginator.start(), []
    while state is not None:
        read = one.page(client, [], state, since)
        found += [record["id"] for record in read.records]
        state = read.after
    return found


def test_connection_is_walked_by_its_cursor_and_values_go_into_variables(server, connect):
    server.script(page("ab", "c1", True), page("c", 'c2"} {evil', True), page("", "c2", False))
    assert read_all(connect(), operation(), since='7"') == ["a", "b", "c"]
    assert {request.json["query"] for request in server.requests} == {QUERY}
    assert [request.json["variables"] for request in server.requests] == [
        {"first": 2, "search": "updated:>'7\"'"},
        {"first": 2, "after": "c1", "search": "updated:>'7\"'"},
        {"first": 2, "after": 'c2"} {evil', "search": "updated:>'7\"'"},
    ]
    assert {request.headers["content-type"] for request in server.requests} == {"application/json"}


def test_variable_without_a_value_is_left_out(server, connect):
    server.script(page("", None, False))
    read_all(connect(), operation(options={"operation": "Products"}))
    assert server.requests[0].json == {"query": QUERY, "operationName": "Products", "variables": {"first": 2}}


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "throttled"),
        ([{"message": "No", "extensions": {"code": "UNAUTHENTICATED"}}], "auth"),
        ([{"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}}], "rejected"),
        ([{"message": "Request timeout", "extensions": {"code": "TIMEOUT"}}], "unavailable"),
    ],
)
@pytest.mark.parametrize("data", [{"data": None}, {}, {"data": {"products": None}}])
def test_errors_are_failures_of_the_kind_that_their_code_tells(server, connect, errors, kind, data):
    server.script(faults.json_answer({**data, "errors": errors}))
    with pytest.raises(RemoteError) as caught:
        read_all(connect(), operation())
    assert (caught.value.reason, caught.value.kind) == ("told", kind)


def test_data_beside_errors_count_only_where_that_is_said(server, connect):
    partial = page("ab", None, False, errors=[{"message": "price is not known"}])
    server.script(partial, partial)
    with pytest.raises(RemoteError, match="price is not known") as caught:
        read_all(connect(), operation())
    assert caught.value.key == "told.partial"
    assert read_all(connect(), operation(partial_is_accepted=True)) == ["a", "b"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ('{ product(id: "{external_id}") { id } }', "{external_id} can not stand in the text"),
        ("{ product(id: {external_id}) { id } }", "{external_id} can not stand in the text"),
        ('{ p(q: """ x {since} """) { id } }', "{since} can not stand in the text"),
        ("{ products { id }", "not closed"),
        ("query($a: Int { products { id } }", "not closed"),
        ("", "there is no query"),
        (None, "there is no query"),
        ("query A { a } query B { b }", "say which is to be run"),
    ],
)
def test_query_that_can_not_be_meant_is_refused(query, words):
    with pytest.raises(OptionError, match=words):
        make("graphql", {"query": query}, is_body=True)


def test_operation_that_is_not_there_is_refused():
    with pytest.raises(OptionError, match="no “C”"):
        make("graphql", {"query": "query A { a } query B { b }", "operation": "C"}, is_body=True)
    make("graphql", {"query": "query A { query } mutation B { b(mutation: 1) }", "operation": "B"}, is_body=True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{record}", "an object with the variables"),
        ({"first": 1, "afer": "{cursor}"}, r"no variable \$afer"),
        ({"after": "{cursor}"}, r"\$first of the query has no value"),
    ],
)
def test_body_that_does_not_fit_the_query_is_refused(body, words):
    with pytest.raises(ConfigurationError, match=words):
        make("graphql", {"query": QUERY}, is_body=True).check_template(body)


@pytest.mark.parametrize("body", [BODY, {"first": 1}, {"...": "{record}"}])
def test_body_that_fits_the_query_is_accepted(body):
    make("graphql", {"query": QUERY}, is_body=True).check_template(body)


def test_a_body_that_is_no_json_is_refused(connect):
    with pytest.raises(ValueError, match="JSON compliant"):
        connect().send(
            Request("POST", "/", body={"first": float("nan")}, body_format="graphql", body_options={"query": QUERY})
        )
