"""What comes out of an answer can be stored in PostgreSQL, or is refused in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.remote.document import decode, parse
from integration_bridge.remote.errors import ProtocolError

any_text = st.text(st.characters())  # with surrogates and NUL
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=10,
)


@given(values)
def test_every_document_can_be_stored_as_utf8_without_nul(document):
    stored = json.dumps(parse(json.dumps(document), "crm.example"), ensure_ascii=False)
    assert "\\u0000" not in stored
    stored.encode()


@pytest.mark.parametrize(
    ("raw", "content_type", "document"),
    [
        (b'{"a": "\xc3\xa9"}', "application/json", {"a": "é"}),
        (b'\xef\xbb\xbf{"a": 1}', "application/json", {"a": 1}),
        (b'{"a": "\xe9"}', "application/json; charset=ISO-8859-1", {"a": "é"}),
        (b'{"a": "\xe9"}', 'application/json; charset="windows-1252"; x=y', {"a": "é"}),
        ('{"a": "é"}'.encode("utf-16"), "application/json; charset=utf-16", {"a": "é"}),
        (b'{"a": "x\\u0000y"}', "", {"a": "xy"}),
        (b'{"a": "x\x00y\tz\n"}', "", {"a": "xy\tz\n"}),
        (b'{"a\\u0000": ["\\ud83d", "\\ud83d\\ude00"]}', "", {"a": ["", "\U0001f600"]}),
        (b'{"a": "\\\\u0000"}', "", {"a": "\\u0000"}),
        (b"1e99", "", 1e99),
        (b"1e100", "", 1e100),
        (b"[12345678901234567890]", "", [12345678901234567890]),
    ],
)
def test_documents_are_read_in_their_charset(raw, content_type, document):
    assert parse(decode(raw, content_type, "crm.example"), "crm.example") == document


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b'{"a": "\xe9"}', "application/json"),
        (b'{"a": "\xe9"}', "application/json; charset=utf-8"),
        (b"{}", "application/json; charset=klingon"),
        (b"{}", "application/json; charset=zlib"),
        (b"{}", "application/json; charset=rot13"),
        (b"{}", "application/json; charset=unicode_escape"),
        ('{"a": 1}'.encode("utf-16"), "application/json"),
    ],
)
def test_wrong_charset_is_a_protocol_error(raw, content_type):
    with pytest.raises(ProtocolError) as caught:
        decode(raw, content_type, "crm.example")
    assert caught.value.reason == "charset"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"a": NaN}', "not_json.constant"),
        ("[Infinity]", "not_json.constant"),
        ("[-Infinity]", "not_json.constant"),
        ("[1e999]", "not_json.constant"),
        ("[-1.5E+400]", "not_json.constant"),
        ("<!DOCTYPE html><html>", "not_json.html"),
        ("\n <html>", "not_json.html"),
        ('{"a": ', "not_json"),
        ('{"a": 1} trailing', "not_json"),
        ("[" * 100000, "not_json"),
        ("1" * 5000, "not_json"),
    ],
)
def test_what_is_not_json_is_refused_in_words(text, key):
    with pytest.raises(ProtocolError) as caught:
        parse(text, "crm.example")
    assert caught.value.key == key
    assert "crm.example" in caught.value.message


def test_half_of_a_pair_is_left_out_written_as_it_is_or_escaped():
    assert parse('["a\ud800b", "a\\ud800b"]', "crm.example") == ["ab", "ab"]
