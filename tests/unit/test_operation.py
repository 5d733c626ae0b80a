"""What an operation asks for, and what it takes from the answers, against a real socket."""

import fault_server as faults
import pytest

from integration_bridge.mapping.mapper import Mapper
from integration_bridge.mapping.paths import parse_expression
from integration_bridge.remote.delta import TOKEN, Delta
from integration_bridge.remote.errors import ProtocolError, RemoteError
from integration_bridge.remote.operation import Operation, as_number
from integration_bridge.remote.pagination import build
from integration_bridge.remote.status import is_absent


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


def got(server, connect, body, place="@", **values):
    """What *Get one record* makes of an answer to the question for record 7: the record, or its error."""
    answer = body if callable(body) else faults.json_answer(body)
    server.route("/r/7", answer)
    identify = Mapper([], {"id": "id", "deleted": "deleted || status == 'trash'"}).identify
    try:
        return operation("/r/{external_id}", place, identify=identify, **values).get(connect(), "7")[0]
    except RemoteError as error:
        return error


GONE = {
    "deleted_marker": ({"id": 7, "deleted": True}, "@"),
    "status_that_the_marker_compares": ({"id": 7, "status": "trash"}, "@"),
    "marker_in_a_list_of_one": ([{"id": 7, "deleted": "1"}], "@"),
    "empty_list": ([], "@"),
    "null": (None, "@"),
    "null_at_the_place": ({"data": {"customer": None}}, "data.customer"),
    "empty_list_at_the_place": ({"length": 0, "records": []}, "records[0]"),
    "empty_list_in_place_of_the_document": ([], "customers[0]"),
    "no_content": (faults.raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "@"),
}


@pytest.mark.parametrize("body, place", GONE.values(), ids=GONE)
def test_record_is_gone_where_the_answer_says_so(server, connect, body, place):
    error = got(server, connect, body, place)
    assert is_absent(error) and error.kind == "rejected" and error.status in (200, 204)


EXPIRED = {"message": "Session expired"}
NEITHER = {
    "another_record": ({"id": 8}, "@", "protocol", "8"),
    "another_one_that_is_deleted": ({"id": 8, "deleted": True}, "@", "protocol", "8"),
    "record_without_an_id": ({"message": "Back at noon"}, "@", "protocol", "no id"),
    "text": ("7", "@", "protocol", "no records"),
    "several": ([{"id": 7}, {"id": 8}], "@", "protocol", "no records"),
    "missing_place": ({"message": "Back at noon"}, "customer", "protocol", "no records"),
    "missing_place_in_a_list": ({"message": "Back at noon"}, "records[0]", "protocol", "no records"),
    "expression_that_fails": ({"items": "x"}, "sort_by(items, &id)[0]", "protocol", "no records"),
    "session_expired": ({"jsonrpc": "2.0", "id": 1, "error": EXPIRED}, "result[0]", "auth", "S"),
    "session_expired_with_our_id": (
        {"jsonrpc": "2.0", "id": 7, "error": {"message": "Session expired"}},
        "@",
        "auth",
        "S",
    ),
    "envelope_with_our_id": ({"jsonrpc": "2.0", "id": 7, "result": None}, "@", "protocol", "no records"),
    "too_many": ({"errors": [{"extensions": {"code": "THROTTLED"}}], "data": None}, "data.c", "throttled", "fewer"),
    "error": ({"data": {"c": None}, "errors": [{"message": "No rights"}]}, "data.c", "rejected", "No rights"),
    "half": ({"data": {"c": {"id": 7}}, "errors": [{"message": "Mail is off"}]}, "data.c", "rejected", "missing"),
}


@pytest.mark.parametrize("body, place, kind, words", NEITHER.values(), ids=NEITHER)
def test_what_is_neither_the_record_nor_an_empty_answer_is_an_error(server, connect, body, place, kind, words):
    error = got(server, connect, body, place)
    assert error.kind == kind and words in error.message and not is_absent(error)


def test_web_page_is_an_error_and_no_empty_answer(server, connect):
    error = got(server, connect, faults.answer(200, b"<html>Log in</html>", content_type="text/html"))
    assert error.kind == "protocol" and not is_absent(error)


def test_missing_place_is_no_record_where_the_operation_says_so(server, connect):
    assert is_absent(got(server, connect, {}, "customer", missing_is_empty=True))


def test_errors_of_the_record_itself_are_its_own(server, connect):
    record = {"id": 7, "errors": ["No postcode"], "status": "error", "deleted": False}
    assert got(server, connect, record) == record
    assert got(server, connect, {"data": record}, "data") == record


def test_partial_record_is_taken_where_the_operation_says_so(server, connect):
    body = {"data": {"c": {"id": 7}}, "errors": [{"message": "Mail is off"}]}
    assert got(server, connect, body, "data.c", partial_is_accepted=True) == {"id": 7}


# --- Empty pages


def page_of(server, connect, body, place="users", since=None, state=None, pages=None, **values):
    """The records of a page and what comes after it, or its error."""
    server.route("/records", body if callable(body) else faults.json_answer(body))
    one = operation(place=place, pages=pages or {"type": "cursor", "cursor_path": "next"}, **values)
    try:
        page = one.page(connect(), [], one.paginator.start() | (state or {}), since)
    except RemoteError as error:
        return error
    return page.records, page.after


NO_CONTENT = faults.raw(b"HTTP/1.1 204 No Content\r\n\r\n")
NOT_MODIFIED = faults.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")
LAST = {"cursor": "t2", "seen": 1}
FLAG = {"end": "flag", "flag_path": "more"}
TOTAL = {"end": "total", "total_path": "total"}
EMPTY = {
    "null": ({"users": None, "next": None}, {}),
    "list": ({"users": []}, {}),
    "list_at_the_root": ([], {}),
    "no_content": (NO_CONTENT, {}),
    "no_content_with_page_numbers": (NO_CONTENT, {"place": "@", "pages": {"end": "empty_page"}}),
    "list_at_the_root_where_a_flag_is": ([], {"pages": FLAG}),
    "no_content_where_a_total_is": (NO_CONTENT, {"pages": TOTAL}),
    "edges": ({"data": {"users": None}}, {"place": "data.users.edges[].node"}),
    "null_behind_the_last_page": ({"users": None, "next": None}, {"state": LAST}),
    "no_list_behind_the_last_page_and_it_says_so": ({"next": None}, {"state": LAST}),
    "no_list_and_the_flag_says_so": ({"more": False}, {"state": {"seen": 2}, "pages": FLAG}),
    "no_list_and_the_total_says_so": ({"total": 2}, {"state": {"seen": 2}, "pages": TOTAL}),
    "no_list_and_the_operation_says_so": ({"kind": "users"}, {"missing_is_empty": True}),
    "not_modified": (NOT_MODIFIED, {"since": "2024-01-01"}),
}


@pytest.mark.parametrize("body, how", EMPTY.values(), ids=EMPTY)
def test_page_is_empty_and_the_last_where_the_answer_says_so(server, connect, body, how):
    assert page_of(server, connect, body, **how) == ([], None)


UNSAID = {
    "no_list_on_the_first_page": ({"kind": "users"}, {}, "protocol"),
    "no_list_and_no_word_of_the_end": ({"kind": "users"}, {"state": LAST}, "protocol"),
    "no_list_and_more_to_come": ({"next": "t3"}, {"state": LAST}, "protocol"),
    "no_list_and_page_numbers": ({"m": "Back at noon"}, {"state": {"page": 2, "seen": 2}, "pages": {}}, "protocol"),
    "no_list_and_a_flag_for_more": ({"more": True}, {"state": {"seen": 2}, "pages": FLAG}, "protocol"),
    "no_list_and_a_larger_total": ({"total": 3}, {"state": {"seen": 2}, "pages": TOTAL}, "protocol"),
    "no_content_where_more_was_said": (NO_CONTENT, {"state": {"seen": 2}, "pages": FLAG}, "protocol"),
    "no_content_before_the_total": (NO_CONTENT, {"state": {"seen": 2}, "pages": TOTAL}, "protocol"),
    "text_also_where_missing_is_empty": ({"users": "x"}, {"missing_is_empty": True}, "protocol"),
    "not_modified_although_everything_was_asked_for": (NOT_MODIFIED, {}, "protocol"),
    "not_modified_in_the_midst": (NOT_MODIFIED, {"since": "1", "state": LAST}, "protocol"),
    "expired": ({"error": {"code": 100, "message": "Session expired"}}, {"missing_is_empty": True}, "auth"),
    "throttled": ({"ok": False, "error": "ratelimited"}, {}, "throttled"),
    "refused": ({"success": False, "users": None, "message": "No"}, {}, "rejected"),
    "half": ({"data": {"users": [None]}, "errors": [{"message": "timeout"}]}, {"place": "data.users"}, "unavailable"),
    "expression_that_fails": ({"users": 7}, {"place": "sort_by(users, &id)"}, "protocol"),
}


@pytest.mark.parametrize("body, how, kind", UNSAID.values(), ids=UNSAID)
def test_page_that_does_not_say_that_it_is_empty_is_an_error(server, connect, body, how, kind):
    error = page_of(server, connect, body, **how)
    assert isinstance(error, RemoteError) and error.kind == kind


def test_partial_page_is_taken_where_the_operation_says_so(server, connect):
    body = {"data": {"users": [{"id": 1}, None]}, "errors": [{"message": "timeout"}]}
    taken = page_of(server, connect, body, "data.users", partial_is_accepted=True)
    assert taken == ([{"id": 1}, None], None)


def test_look_up_does_not_take_a_failure_for_not_there(server, connect):
    server.route("/records", faults.json_answer({"success": False, "items": [], "message": "The index is down"}))
    with pytest.raises(RemoteError, match="The index is down"):
        listing().find(connect(), {"name": "Ada"}, lambda record: True)


def changes_at(base, **values):
    delta = Delta(TOKEN, source="body", path='"@odata.deltaLink"')
    paging = build({"type": "next_url", "next_path": '"@odata.nextLink"'}, 10, base)
    shape = {"method": "GET", "query": {}, "headers": {}, "body": None, "body_format": "json", **values}
    return Operation(
        path="/Customers", place=parse_expression("value"), shown="value", paginator=paging, delta=delta, **shape
    )


def test_token_that_is_an_address_is_called_as_it_is(server, connect):
    token = f"{server.url}/v4/Customers?$deltatoken=a%2Fb"
    server.script(faults.json_answer({"value": [], "@odata.nextLink": f"{token}&$skiptoken=2"}))
    server.script(faults.json_answer({"value": [{"id": 1}]}))
    client, one = connect(base_url=f"{server.url}/v4"), changes_at(f"{server.url}/v4")
    page = one.page(client, [], one.paginator.start(), token)
    assert one.page(client, [], page.after, token).records == [{"id": 1}]
    assert [request.target for request in server.requests] == [
        "/v4/Customers?$deltatoken=a%2Fb",
        "/v4/Customers?$deltatoken=a%2Fb&$skiptoken=2",
    ]


def test_token_that_is_an_address_goes_where_the_request_says(server, connect):
    server.script(faults.json_answer({"value": []}))
    one = changes_at(server.url, query={"since": "{since}"})
    one.page(connect(), [], one.paginator.start(), "https://else.example/x")
    assert server.requests[0].query == {"since": "https://else.example/x"}


@pytest.mark.parametrize("token", ["http://else.example/x", "https://127.0.0.1:1/x"])
def test_token_that_is_an_address_elsewhere_is_not_called(server, connect, token):
    one = changes_at(server.url)
    with pytest.raises(ProtocolError) as caught:
        one.page(connect(), [], one.paginator.start(), token)
    assert (caught.value.reason, server.requests) == ("foreign_page", [])
