"""An OpenAPI document is untrusted: nothing that it names is fetched, nothing in it takes long, errors are in words."""

import http.server
import json
import os
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_bridge.assistant import document, facts, flow, openapi

LEAST = {"openapi": "3.0.3", "info": {"title": "X", "version": "1"}, "paths": {}}


def listing(schema, path="/things", **more):
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}
    return {**LEAST, "paths": {path: {"get": {"responses": answer}}}, **more}


def described(content, source=""):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return openapi.describe(document.read(raw), source)


@pytest.fixture
def trap():
    """A server that counts who calls it."""
    called = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            called.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"type": "array", "items": {"type": "object"}}).encode())

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", called
    server.shutdown()
    server.server_close()
    thread.join()


NAMES = [
    ("Shop", "Shop"),
    ("Pet Store API", "Pet Store API"),
    ("2026-01-01", "shop.example.com"),
    ("Dynamic API Specification", "shop.example.com"),
    ("Swagger API v2.0", "shop.example.com"),
    ("OpenAPI 3.1 documentation", "shop.example.com"),
    ("API", "shop.example.com"),
    ("", "shop.example.com"),
    ("  ", "shop.example.com"),
    ("接口文档", "接口文档"),
]


@pytest.mark.parametrize(("title", "expected"), NAMES)
def test_a_system_is_called_by_its_title_unless_every_api_could_have_that(title, expected):
    about = {"info": {"title": title, "version": "1"}, "servers": [{"url": "https://api.shop.example.com/v1"}]}
    assert described({**LEAST, **about}).title == expected


@pytest.mark.parametrize(
    ("content", "source", "expected"),
    [
        ({"servers": [{"url": "/v1"}]}, "https://www.example.com/openapi.json", "example.com"),
        ({"servers": [{"url": "https://example.com"}]}, "https://docs.example.org/openapi.json", "example.com"),
        ({"servers": [{"url": "http://127.0.0.1:8055/items"}]}, "", "127.0.0.1"),
        ({"servers": [{"url": "https://api.io/"}]}, "", "api.io"),
        ({}, "", "API"),
    ],
)
def test_a_title_that_tells_nothing_gives_way_to_the_host_that_is_known(content, source, expected):
    assert described({**LEAST, "info": {"title": "API", "version": "1"}, **content}, source).title == expected


@pytest.mark.parametrize("place", ["schema", "path", "parameter", "scheme", "items", "example"])
def test_attack_no_reference_is_ever_fetched(trap, place):
    url, called = trap
    reference = {"$ref": f"{url}/{place}"}
    content = listing({"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}})
    get = content["paths"]["/things"]["get"]
    if place == "schema":
        get["responses"]["200"]["content"]["application/json"]["schema"] = reference
    elif place == "path":
        content["paths"]["/more"] = reference
    elif place == "parameter":
        get["parameters"] = [reference]
    elif place == "scheme":
        content["components"] = {"securitySchemes": {"one": reference}}
    elif place == "items":
        get["responses"]["200"]["content"]["application/json"]["schema"]["items"] = reference
    else:
        get["responses"]["200"]["content"]["application/json"]["example"] = reference
    found = described(content)
    assert called == []
    assert any(note.template == openapi.CUT and note.values == {"count": 1} for note in found.notes)


@pytest.mark.parametrize(
    "reference", ["file:///etc/passwd", "/etc/passwd", "../secret.yaml", "other.json#/a", "HTTP://x/", " #/a"]
)
def test_attack_no_file_is_read(reference):
    found = document.read(json.dumps(listing({"$ref": reference})).encode())
    assert found.cut == 1
    assert "passwd" not in json.dumps(found.plain)


@pytest.mark.parametrize(
    "components",
    [
        {"a": {"$ref": "#/components/schemas/a"}},
        {"a": {"$ref": "#/components/schemas/b"}, "b": {"$ref": "#/components/schemas/a"}},
        {"a": {"type": "array", "items": {"$ref": "#/components/schemas/a"}}},
        {"a": {"allOf": [{"$ref": "#/components/schemas/a"}]}},
        {"a": {"anyOf": [{"$ref": "#/components/schemas/a"}] * 10}},
        {"a": {"type": "object", "properties": {str(n): {"$ref": "#/components/schemas/a"} for n in range(30)}}},
        {"a": {"$ref": "#/nowhere"}},
        {"a": {"$ref": "#/components/schemas"}},
        {"a": {"$ref": "#"}},
        {"a": {"type": 5, "properties": [1], "allOf": "x", "items": 7, "enum": {}}},
    ],
)
def test_fault_circles_and_references_that_lead_nowhere_do_not_hang(components):
    began = time.monotonic()
    content = listing({"$ref": "#/components/schemas/a"}, components={"schemas": components})
    described(content)
    assert time.monotonic() - began < 5


def test_a_tree_of_records_is_understood():
    item = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "children": {"$ref": "#/components/schemas/all"}},
    }
    all_ = {"type": "array", "items": {"$ref": "#/components/schemas/one"}}
    found = described(listing({"$ref": "#/components/schemas/all"}, components={"schemas": {"one": item, "all": all_}}))
    assert [(one.path, one.proposal.id.path) for one in found.collections] == [("/things", "id")]


BOMB = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12))
CHAIN = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}}}\n" for n in range(1, 500))


@pytest.mark.parametrize(
    "text, words",
    [
        (BOMB, "describes too much"),
        (MERGES, "describes too much|no OpenAPI 3"),
        (CHAIN, "nested too deeply"),
        ("openapi: 3.0.0\nx: &x [*x]\n", "nested too deeply"),
        ('{"openapi": "3.0.0", "x": ' + "[" * 100000 + "]" * 100000 + "}", "nested too deeply"),
        ("openapi: 3.0.0\nx: " + "[" * 5000 + "]" * 5000, "nested too deeply|something is wrong at line"),
        ("openapi: 3.0.0\nx: !!python/object/apply:os.system [true]\n", "something is wrong at line 2"),
        ("{", "something is wrong at line 1"),
        ("a: b: c", "something is wrong at line 1"),
        ("<!DOCTYPE html><html></html>", "This is a web page"),
        ("", "no OpenAPI 3"),
        ("[]", "no OpenAPI 3"),
        ('{"info": {"_postman_id": "x"}}', "no OpenAPI 3"),
        ('{"swagger": "1.2"}', "no OpenAPI 3"),
    ],
)
def test_fault_what_can_not_be_read_is_said_at_once_and_in_words(text, words):
    began = time.monotonic()
    with pytest.raises(document.DocumentError, match=words):
        document.read(text.encode())
    assert time.monotonic() - began < 5


def test_fault_too_large_and_no_text_are_said():
    with pytest.raises(document.DocumentError, match="more than 20 MB"):
        document.read(b" " * (document.MOST_BYTES + 1))
    with pytest.raises(document.DocumentError, match="no text in UTF-8"):
        document.read(b"\xff\x00\xc3(")


def test_characters_that_can_not_be_stored_are_dropped():
    found = described({**LEAST, "info": {"title": "a\x00b\ud800", "version": "1"}})
    assert found.title == "ab"


def test_yaml_is_read_as_json_would_be():
    text = b"openapi: 3.0.3\ninfo: {title: 2026-01-01, version: '1'}\n"
    text += b"paths:\n  /x:\n    get: {responses: {200: {description: yes}}}\n"
    plain = document.read(text).plain
    assert plain["info"]["title"] == "2026-01-01"
    assert list(plain["paths"]["/x"]["get"]["responses"]) == ["200"]
    assert document.read(json.dumps(LEAST).encode("utf-16")).plain == LEAST
    assert document.read(b"\xef\xbb\xbf" + json.dumps(LEAST).encode()).plain == LEAST


def test_where_a_document_does_not_keep_to_the_standard_is_told_and_the_rest_is_used():
    content = listing({"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}})
    assert openapi.first_fault(content) == ""
    content["info"] = {"title": "X"}
    found = described(content)
    assert [note.values for note in found.notes if note.template == openapi.NOT_STANDARD] == [{"place": "info"}]
    assert len(found.collections) == 1


# ----------------------------------------------------------------------------------------------------------------------
# Addresses and ways to sign in
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "about, source, addresses",
    [
        ({"servers": [{"url": "https://a.example.com/v1/"}]}, "", ("https://a.example.com/v1",)),
        (
            {"servers": [{"url": "https://{r}.example.com", "variables": {"r": {"default": "eu"}}}]},
            "",
            ("https://eu.example.com",),
        ),
        ({"servers": [{"url": "/v2"}]}, "https://b.example.com/x/openapi.json", ("https://b.example.com/v2",)),
        ({}, "https://b.example.com/x/openapi.json", ("https://b.example.com",)),
        ({"servers": [{"url": "/v2"}]}, "", ()),
        ({"servers": [{"url": "https://u:p@a.example.com"}, {"url": "ftp://a.example.com"}, {"url": "{x}"}]}, "", ()),
        (
            {"swagger": "2.0", "host": "c.example.com", "basePath": "/api", "schemes": ["http", "https"]},
            "",
            ("https://c.example.com/api", "http://c.example.com/api"),
        ),
        ({"swagger": "2.0", "basePath": "/api"}, "http://d.example.com:81/s.json", ("http://d.example.com:81/api",)),
    ],
)
def test_base_addresses_are_those_of_the_document_or_where_it_came_from(about, source, addresses):
    content = {**LEAST, **about}
    if "swagger" in about:
        del content["openapi"]
    assert described(content, source).addresses == addresses


def api_key(place, name):
    return {"type": "apiKey", "in": place, "name": name}


@pytest.mark.parametrize(
    "scheme, expected",
    [
        ({"type": "http", "scheme": "basic"}, [("basic", {})]),
        ({"type": "http", "scheme": "Bearer"}, [("bearer", {})]),
        (api_key("header", "X-Key"), [("api_key_header", {"parameter": "X-Key"})]),
        (api_key("query", "key"), [("api_key_query", {"parameter": "key"})]),
        (api_key("cookie", "sid"), [("api_key_cookie", {"parameter": "sid"})]),
        (api_key("header", "Authorization"), [("bearer", {}), ("api_key_header", {"parameter": "Authorization"})]),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://x.example.com/t"}}},
            [("oauth2_client_credentials", {"token_url": "https://x.example.com/t"}), ("bearer", {})],
        ),
        (
            {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "tokenUrl": "https://x.example.com/t",
                        "authorizationUrl": "https://x.example.com/a",
                    }
                },
            },
            [
                (
                    "oauth2_authorization_code",
                    {"token_url": "https://x.example.com/t", "authorize_url": "https://x.example.com/a"},
                ),
                ("bearer", {}),
            ],
        ),
        ({"type": "mutualTLS"}, [("", {})]),
    ],
)
def test_ways_to_sign_in_are_ours(scheme, expected):
    found = described({**LEAST, "components": {"securitySchemes": {"one": scheme}}})
    assert [(one.scheme, one.options) for one in found.schemes] == expected
    assert any(note.template == openapi.UNKNOWN_SCHEME for note in found.notes) == (expected[0][0] == "")


def test_ways_to_sign_in_of_swagger_2():
    declared = {
        "a": {"type": "basic"},
        "b": {"type": "oauth2", "flow": "application", "tokenUrl": "https://x.example.com/t"},
    }
    content = {"swagger": "2.0", "info": LEAST["info"], "paths": {}, "securityDefinitions": declared}
    assert [one.scheme for one in described(content).schemes] == ["basic", "oauth2_client_credentials", "bearer"]


def test_the_way_that_the_lists_ask_for_comes_first():
    content = listing({"type": "array", "items": {"type": "object"}})
    content["components"] = {"securitySchemes": {"a": api_key("query", "k"), "b": {"type": "http", "scheme": "bearer"}}}
    content["paths"]["/things"]["get"]["security"] = [{"b": []}]
    assert [one.scheme for one in described(content).schemes] == ["bearer", "api_key_query"]


# ----------------------------------------------------------------------------------------------------------------------
# Lists
# ----------------------------------------------------------------------------------------------------------------------

THING = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
THINGS = {"type": "array", "items": THING}


@pytest.mark.parametrize(
    "schema, place",
    [
        (THINGS, "@"),
        ({"type": "object", "properties": {"data": THINGS}}, "data"),
        (
            {"type": "object", "properties": {"result": {"type": "object", "properties": {"items": THINGS}}}},
            "result.items",
        ),
        ({"type": "object", "properties": {"errors": THINGS, "things": THINGS}}, "things"),
        (
            {"type": "object", "properties": {"_embedded": {"type": "object", "properties": {"x": THINGS}}}},
            "_embedded.x",
        ),
        ({"type": "object", "properties": {"@odata.context": {"type": "string"}, "value": THINGS}}, "value"),
        ({"allOf": [{"type": "object", "properties": {"n": {}}}, {"properties": {"data": THINGS}}]}, "data"),
        ({"type": "object", "properties": {"id": {"type": "integer"}, "lines": THINGS}}, None),
        ({"type": "object", "properties": {"errors": THINGS}}, None),
        ({"type": "array", "items": {"type": "string"}}, None),
        ({"type": "object"}, None),
    ],
)
def test_the_list_is_found_in_an_answer(schema, place):
    found = described(listing(schema)).collections
    assert [one.proposal.records.path for one in found] == ([place] if place else [])


def test_a_path_that_needs_an_id_is_no_list():
    content = listing(THINGS, "/shops/{shop}/things")
    assert described(content).collections == ()
    assert any(note.template == openapi.NO_LISTS for note in described(content).notes)


def test_of_two_addresses_of_one_record_that_by_its_id_is_taken():
    content = listing(THINGS)

    def answering(schema):
        return {
            "get": {"responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}}
        }

    by_id = {"type": "object", "properties": {"thing": THING}}
    content["paths"] |= {"/things/{number}": answering(THING), "/things/{thing_id}": answering(by_id)}
    assert described(content).collections[0].operations["get"]["records"] == "thing"


def test_what_is_sent_stands_where_the_document_has_it():
    content = listing({"type": "object", "properties": {"things": THINGS}})
    wrapped = {"type": "object", "properties": {"thing": THING}}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": THING}}}
    content["paths"]["/things"]["post"] = {
        "requestBody": {"content": {"application/json": {"schema": wrapped}}},
        "responses": {"201": {"description": "OK", "content": {"application/json": {"schema": wrapped}}}},
    }
    content["paths"]["/things/{id}"] = {"put": {"requestBody": body, "responses": {"204": {"description": "OK"}}}}
    operations = described(content).collections[0].operations
    assert operations["create"] | {"path": ""} == {
        "method": "POST",
        "path": "",
        "records": "thing",
        "body": {"thing": "{record}"},
        "body_format": "json",
    }
    assert (operations["update"]["body"], operations["update"]["body_format"]) == ("{record}", "form")


@pytest.mark.parametrize(
    "parameter, expected",
    [
        ({"name": "updated_since", "schema": {"type": "string"}}, ("updated_since", "query", "")),
        ({"name": "modified_after", "schema": {"type": "integer"}}, ("modified_after", "query", "epoch")),
        ({"name": "since", "schema": {"type": "string", "format": "date-time"}}, ("since", "query", "")),
        ({"name": "since", "schema": {"type": "integer"}, "description": "A user ID."}, None),
        ({"name": "since", "schema": {"type": "integer"}, "description": "ID of the last changed user."}, None),
        ({"name": "since", "schema": {"type": "string"}}, None),
        ({"name": "created_after", "schema": {"type": "string"}}, None),
        ({"name": "If-Modified-Since", "in": "header"}, ("If-Modified-Since", "header", "%a, %d %b %Y %H:%M:%S GMT")),
    ],
)
def test_only_a_parameter_that_asks_for_changes_is_since(parameter, expected):
    item = {"type": "object", "properties": {"id": {}, "updated_at": {"type": "string", "format": "date-time"}}}
    content = listing({"type": "array", "items": item})
    content["paths"]["/things"]["get"]["parameters"] = [{"in": "query", **parameter}]
    since = described(content).collections[0].proposal.since
    assert (since and tuple(since[:3])) == expected


def test_without_updated_at_no_changes_are_asked_for():
    content = listing(THINGS)
    content["paths"]["/things"]["get"]["parameters"] = [{"in": "query", "name": "updated_since"}]
    assert described(content).collections[0].proposal.since is None


def test_the_size_of_a_page_is_not_larger_than_allowed():
    content = listing(THINGS)
    for schema, about, size in (({"maximum": 50}, "", 50), ({}, "Up to 25 of them.", 25), ({"maximum": 500}, "", 100)):
        told = [
            {"in": "query", "name": "page"},
            {"in": "query", "name": "limit", "schema": schema, "description": about},
        ]
        content["paths"]["/things"]["get"]["parameters"] = told
        assert described(content).collections[0].proposal.paging.page_size == size


# ----------------------------------------------------------------------------------------------------------------------
# Documents of any shape
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "about",
    [
        {"servers": [{"url": "https://[your-domain].example.com/api"}]},
        {"info": "text"},
        {"info": [1]},
        {"components": {"securitySchemes": {"a": {"type": "oauth2", "flows": {"clientCredentials": "x"}}}}},
        {"components": {"securitySchemes": {"a": {"type": "oauth2", "flows": "x"}}}},
    ],
)
def test_fault_odd_parts_are_left_out(about):
    found = described({**listing(THINGS), **about}, "https://b.example.com/openapi.json")
    assert [one.path for one in found.collections] == ["/things"]


def test_fault_properties_that_are_no_object_are_left_out():
    odd = {"allOf": [THING], "properties": ["id"]}
    assert described(listing({"type": "array", "items": odd})).collections[0].proposal.id.path == "id"


@pytest.mark.parametrize(
    "tag", ["!!timestamp soon", "!!bool maybe", "!!int ''", "!!float x", "!!binary é", "!!set [1]"]
)
def test_fault_a_tag_that_does_not_fit_is_said(tag):
    with pytest.raises(document.DocumentError, match="neither JSON nor YAML"):
        document.read(f"openapi: 3.0.0\nx: {tag}\n".encode())


@pytest.mark.parametrize("line", ["title: %s", "? %s\n  : 1"])
def test_fault_a_number_without_end_is_left_out(line):
    raw = "openapi: 3.0.0\npaths: {}\ninfo:\n  " + line % ("0x" + "f" * 20000) + "\n"
    assert openapi.describe(document.read(raw.encode())).title == ""


WHOLE = {
    "openapi": "3.0.3",
    "info": {"title": "X", "version": "1"},
    "servers": [{"url": "https://{r}.example.com/v1", "variables": {"r": {"default": "eu"}}}],
    "security": [{"a": []}],
    "paths": {
        "/things": {
            "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 9}}],
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "required": True, "schema": {"type": "integer", "default": 5}},
                    {"name": "updated_since", "in": "query", "schema": {"enum": ["a"]}},
                ],
                "responses": {
                    "200": {
                        "description": "OK",
                        "headers": {"X-Total": {"schema": {"type": "integer"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/things"}}},
                    }
                },
            },
            "post": {"requestBody": {"content": {"application/json": {"schema": THING}}}, "responses": {}},
        },
        "/things/{id}": {"get": {"responses": {"200": {"content": {"application/json": {"schema": THING}}}}}},
    },
    "components": {
        "schemas": {
            "things": {"type": "object", "properties": {"data": {"type": "array", "items": {"allOf": [THING]}}}},
        },
        "securitySchemes": {
            "a": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {}}}},
            "b": {"type": "apiKey", "in": "header", "name": "X"},
        },
    },
}
OLDER = {
    "swagger": "2.0",
    "host": "x.example.com",
    "basePath": "/v1",
    "schemes": ["https"],
    "info": {"title": "X", "version": "1"},
    "paths": {"/things": {"get": {"parameters": [], "responses": {"200": {"description": "OK", "schema": THINGS}}}}},
    "securityDefinitions": {"a": {"type": "oauth2", "flow": "application", "tokenUrl": "https://x.example.com/t"}},
}


def places_in(value, place=()):
    """Every place in a document, from the outside to the inside."""
    yield place
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places_in(one, (*place, key))


def changed(value, place, other):
    """The document with another value at a place; nothing changes if the place is gone."""
    if not place:
        return other
    name, *deeper = place
    if isinstance(value, dict) and name in value:
        return {**value, name: changed(value[name], deeper, other)}
    if isinstance(value, list) and isinstance(name, int) and name < len(value):
        return [changed(one, deeper, other) if n == name else one for n, one in enumerate(value)]
    return value


POINTERS = ["#", "#/", "#/paths", "#/nowhere", "#/info/title", "#/components/schemas/things", "#/servers/0", "#/~2/%"]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["https://[x", "//[", "{", "query", "array", "object", "id", "2026-01-01"])
    | st.sampled_from(POINTERS).map(lambda pointer: {"$ref": pointer})
    | st.sampled_from([{}, [], THING, THINGS, {"allOf": [THING, 5], "properties": [1]}, {"anyOf": {"a": 1}}]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "items", "properties", "allOf", "enum", "id", "$ref"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


@settings(max_examples=int(os.environ.get("EXAMPLES", "50")) * 4, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_property_a_document_of_any_shape_gives_proposals_or_words(data):
    content = data.draw(st.sampled_from([WHOLE, OLDER]))
    places = list(places_in(content))
    for place, other in data.draw(st.lists(st.tuples(st.sampled_from(places), ODD), min_size=1, max_size=4)):
        content = changed(content, place, other)
    try:
        found = described(content, data.draw(st.sampled_from(["", "https://b.example.com/openapi.json"])))
    except document.DocumentError:
        return
    for one in found.collections:
        flow.flow_values(one, "both")
        assert all(str(reason) for _place, _value, reason in flow.reasons_of(one.proposal))
    for scheme in found.schemes:
        flow.auth_options(scheme.options, found.addresses[0] if found.addresses else "https://x.example.com")
    assert all(str(note) for note in found.notes)


# ----------------------------------------------------------------------------------------------------------------------
# How long it takes, counted
# ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def merged(monkeypatch):
    """The schemas that were really merged, in order."""
    seen, merge = [], facts._merge

    def counting(schema, depth):
        seen.append((schema, depth))
        assert len(seen) < 5000
        return merge(schema, depth)

    monkeypatch.setattr(facts, "_merge", counting)
    return seen


def test_attack_variants_of_variants_are_merged_once(merged):
    itself = {"$ref": "#/components/schemas/a"}
    own = {**THING, **{group: [itself] * 10 for group in ("allOf", "oneOf", "anyOf")}}
    content = listing({"type": "array", "items": itself}, components={"schemas": {"a": own}})
    assert described(content).collections[0].proposal.id.path == "id"
    assert len(merged) < 100


def test_attack_a_document_that_refers_to_itself_everywhere_has_an_end(monkeypatch, merged):
    monkeypatch.setattr(facts, "MOST_MERGES", 10_000)
    itself = {"$ref": "#/components/schemas/a"}
    own = {"type": "object", "properties": {str(n): itself for n in range(400)} | {"data": THINGS}}
    with pytest.raises(document.DocumentError, match="refers to its own parts too often"):
        described(listing(itself, components={"schemas": {"a": own}}))
    assert len(merged) < 100
    assert described(listing(THINGS)).collections  # the next document begins anew
