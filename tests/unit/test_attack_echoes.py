"""Attacks by repeating a credential (holes 6 and 9): what leaves the client has none, in whatever notation it came."""

import base64
import html
import json
import logging
from urllib.parse import quote

import fault_server as faults
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.remote import address
from integration_bridge.remote.auth import ApiKeyQuery, Basic, Bearer
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import RemoteError
from integration_bridge.remote.pagination import build
from integration_bridge.remote.redaction import REDACTED, may_hold, notations, without_secrets

SECRET = "S3cret/Key+Value=987"


def raw_json(text):
    return faults.answer(200, text.encode())


ECHOES = {
    "plain": json.dumps({"auth": f"Bearer {SECRET}"}),
    "in_a_list": json.dumps([[{"deep": [SECRET]}]]),
    "as_a_name": json.dumps({SECRET: 1}),
    "percent": json.dumps({"url": "https://x/?k=" + quote(SECRET, safe="")}),
    "percent_lower": json.dumps({"url": "https://x/?k=" + quote(SECRET, safe="").replace("%2F", "%2f")}),
    "base64": json.dumps({"auth": "Basic " + base64.b64encode(f"bob:{SECRET}".encode()).decode()}),
    "reversed": json.dumps({"auth": SECRET[::-1]}),
    "escaped": '{"auth": "' + "".join(f"\\u{ord(one):04x}" for one in SECRET) + '"}',
    "escaped_slash": '{"auth": "' + SECRET.replace("/", "\\/") + '"}',
    "html": json.dumps({"page": f"<b>{SECRET}</b>"}),
}


@pytest.mark.parametrize("name", ECHOES)
@pytest.mark.parametrize("scheme", [Bearer, Basic])
def test_attack_echo_in_a_document(server, connect, name, scheme):
    server.script(raw_json(ECHOES[name]))
    answer = connect(scheme({"username": "bob"}, {"secret": SECRET}, "k")).send(Request("GET", "/echo"))
    text = json.dumps(answer.document)
    assert REDACTED in text
    assert not any(notation in text for notation in notations(SECRET))


def test_attack_echo_in_a_header(server, connect):
    server.script(faults.answer(200, b"{}", {"ETag": f'"{SECRET}"', "Link": f"<https://x/?k={SECRET}>"}))
    answer = connect(Bearer({}, {"secret": SECRET}, "k")).send(Request("GET", "/echo"))
    assert SECRET not in repr(dict(answer.headers))
    assert answer.headers["etag"] == f'"{REDACTED}"'


@pytest.mark.parametrize("place", range(470, 501, 3))
@pytest.mark.parametrize("form", ["json", "text", "title"])
def test_attack_echo_in_a_refusal_is_cut_by_no_limit_of_words(server, connect, form, place):
    """The secret lies across the end of what is shown of the other system's words: half of it would not be known."""
    said = "x " * (place // 2) + quote(SECRET, safe="") + " y" * 400
    body = {"json": json.dumps({"message": said}), "text": said, "title": f"<html><title>{said}</title></html>"}[form]
    server.script(faults.answer(422, body.encode()))
    with pytest.raises(RemoteError) as caught:
        connect(Bearer({}, {"secret": SECRET}, "k")).send(Request("POST", "/echo"))
    assert caught.value.message
    assert SECRET[:6] not in f"{caught.value.message} {caught.value.excerpt}"


def test_attack_key_in_an_address_is_not_in_the_debug_log_of_urllib3(server, connect, caplog):
    caplog.set_level(logging.DEBUG)
    server.script(raw_json("{}"))
    connect(ApiKeyQuery({"parameter": "k"}, {"secret": SECRET}, "k")).send(Request("GET", "/echo", [("page", "1")]))
    assert "/echo?***" in caplog.text, "urllib3 has told it"
    assert not any(notation in caplog.text for notation in notations(SECRET))


def as_json_in_html(text):
    return html.escape(json.dumps({"x-key": text}))


@pytest.mark.parametrize("write", [str, json.dumps, html.escape, quote, as_json_in_html])
def test_attack_echo_of_bytes_that_were_read_as_latin_1(server, connect, write):
    secret = 'sécret-Key=987<"'
    said = write(secret.encode().decode("latin-1"))
    server.script(raw_json(json.dumps({"auth": f"Bearer {said}"}, ensure_ascii=False)))
    text = json.dumps(connect(Bearer({}, {"secret": secret}, "k")).send(Request("GET", "/echo")).document)
    assert REDACTED in text and "987" not in text


def test_attack_echo_in_xml_with_entities(server, connect):
    text = "".join(f"&#{ord(one)};" for one in SECRET)
    server.script(faults.answer(200, f"<a><b>{text}</b></a>".encode(), content_type="application/xml"))
    answer = connect(Bearer({}, {"secret": SECRET}, "k")).send(Request("GET", "/echo"))
    assert SECRET not in json.dumps(answer.document) and REDACTED in json.dumps(answer.document)


def test_attack_echo_of_another_secret_of_the_connector(server, connect):
    server.script(raw_json(json.dumps({"a": "refresh-token-1234"})))
    client = connect(Bearer({}, {"secret": SECRET}, "k"), secrets=("refresh-token-1234",))
    assert client.send(Request("GET", "/echo")).document == {"a": REDACTED}


def test_values_that_only_have_telling_names_stay():
    document = {"password": "x", "token": 1, "signature": "Ann", "note": None, "next_page_token": "abc"}
    assert without_secrets(document, (SECRET,)) == document


def test_short_secret_is_no_word_of_the_business():
    assert without_secrets({"name": "admin", "more": "demo"}, ("admin", "demo")) == {"name": "admin", "more": "demo"}


def test_document_without_a_secret_is_the_same(server, connect):
    document = {"name": "Ünï", "lines": [1, 2.5, None, True, "x" * 50]}
    server.script(raw_json(json.dumps(document)))
    assert connect(Bearer({}, {"secret": SECRET}, "k")).send(Request("GET", "/x")).document == document


@given(st.text(min_size=8, max_size=20), st.text(max_size=10), st.booleans())
def test_quick_look_misses_nothing_that_is_found_in_the_document(secret, around, ascii_only):
    document = {"value": around + secret + around}
    raw = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert may_hold(raw, (secret,)) or without_secrets(document, (secret,)) == document


# --- Where a list goes on


@pytest.mark.parametrize("url", ["{home}/list?page=1&k={secret}&page=3", "{home}/list?page=1&page=3&k={quoted}"])
def test_attack_next_link_repeats_the_key(server, connect, url):
    client = connect(ApiKeyQuery({"parameter": "k"}, {"secret": SECRET}, "k"))
    following = url.format(home=server.url, secret=SECRET, quoted=quote(SECRET, safe=""))
    server.script(raw_json(json.dumps({"items": [{"id": 1}], "next": following})))
    paginator = build({"type": "next_url", "next_path": "next"}, 1, server.url)
    answer = client.send(Request("GET", "/list"))
    state = paginator.advance(paginator.start(), answer, answer.document["items"])
    assert SECRET not in json.dumps(state) and quote(SECRET, safe="") not in json.dumps(state)
    client.send(Request("GET", paginator.url(state)))
    assert server.requests[-1].query["k"] == SECRET, "the authentication adds its own anew"
    assert "page=1&page=3" in server.requests[-1].target, "and nothing else is missing"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://x/a?k=***&b=1", "http://x/a?b=1"),
        ("http://x/a?k=%2A%2A%2A", "http://x/a"),
        ("http://x/a?b=1&b=2&c", "http://x/a?b=1&b=2&c"),
        ("http://x/a", "http://x/a"),
        ("http://x/a?", "http://x/a"),
    ],
)
def test_parameter_with_a_blanked_value_is_left_out(url, expected):
    assert address.without_parameters(url, REDACTED) == expected
