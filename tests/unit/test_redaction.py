"""No credential reaches a log, by whatever name or in whatever notation it stands there."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integration_bridge.remote.redaction import (
    REDACTED,
    is_sensitive,
    literal_secret,
    redact_document,
    redact_headers,
    redact_start,
    redact_text,
    redact_url,
)

SECRET = "s3cr/t+päss word"
secrets = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["Cs"]), min_size=6)


@pytest.mark.parametrize(
    ("name", "sensitive"),
    [
        ("Authorization", True), ("X-API-Key", True), ("api_key", True), ("apiKey", True), ("Set-Cookie", True),
        ("client_secret", True), ("refresh_token", True), ("access_token", True), ("password", True),
        ("new_password", True), ("card_number", True), ("cvc", True), ("X-Auth-Token", True), ("session-id", True),
        ("name", False), ("token_type", False), ("next_page_token", False), ("Content-Type", False), ("passage", False),
        ("expires_in", False),
    ],
)  # fmt: skip
def test_telling_names(name, sensitive):
    assert is_sensitive(name) is sensitive


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").replace("%2F", "%2f"),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET).replace("/", "\\/"),
        html.escape(SECRET),
        repr(SECRET),
    ],
)
def test_known_secret_is_blanked_in_every_notation(written):
    shown = redact_text(f"before {written} after", [SECRET])
    assert "s3cr" not in shown and "word" not in shown
    assert shown.startswith("before ") and shown.endswith(" after") and REDACTED in shown


@given(secrets, st.binary(max_size=7), st.binary(max_size=7), st.sampled_from(["b64encode", "urlsafe_b64encode"]))
def test_base64_of_a_secret_is_blanked_at_every_offset(secret, before, after, coding):
    encoded = getattr(base64, coding)(before + secret.encode() + after).decode()
    assert encoded[4:-4] not in redact_text(f"Basic {encoded}", [secret]) or len(encoded) < 12


@given(secrets, st.text(max_size=20), st.text(max_size=20))
def test_known_secret_never_survives(secret, before, after):
    assume(secret not in REDACTED)
    for written in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        assert secret not in redact_text(before + written + after, [secret])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"password": "a\\"b", "name": "Ann"}', '{"password": "***", "name": "Ann"}'),
        ('{"pin_token":123}', '{"pin_token":"***"}'),
        ('{"has_token": true, "token": null}', '{"has_token": true, "token": null}'),
        ('{"access_token": "cut off he', '{"access_token": "***"'),
        ("grant_type=x&client_secret=abc&scope=y", "grant_type=x&client_secret=***&scope=y"),
        ("card[card_number]=4242424242424242&a=1", "card[card_number]=***&a=1"),
        (
            "<user><password>a b</password><name>Ann</name></user>",
            "<user><password>***</password><name>Ann</name></user>",
        ),
        ('<wsse:Password Type="text">a&amp;b</wsse:Password>', '<wsse:Password Type="text">***</wsse:Password>'),
        ("<token><![CDATA[a<b]]></token>", "<token><![CDATA[***]]></token>"),
        ("<token><![CDATA[cut off he", "<token><![CDATA[***"),
        ("<a apiKey=\"k'1\" id='2' pwd = 'x'/>", "<a apiKey=\"***\" id='2' pwd = '***'/>"),
        ("<d:sync-token>7</d:sync-token><token/>", "<d:sync-token>7</d:sync-token><token/>"),
    ],
)
def test_entries_with_telling_names_are_blanked_also_when_the_value_is_unknown(text, shown):
    assert redact_text(text) == shown


def test_headers():
    headers = {"Authorization": "Basic eDp5", "X-Api-Key": "k", "Accept": "x", "X-Echo": f"got {SECRET}", "Cookie": "a"}
    assert redact_headers(headers, [SECRET]) == {
        "Authorization": "***", "X-Api-Key": "***", "Accept": "x", "X-Echo": "got ***", "Cookie": "***",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?api_key=1&page=2", "https://a.example/x?api_key=***&page=2"),
        ("https://user:pw@a.example/x", "https://***@a.example/x"),
        ("https://a.example/x?page=2#access_token=abc", "https://a.example/x?page=2#access_token=abc"),
        ("https://a.example/s3cr%2Ft%2Bp%C3%A4ss%20word/x", "https://a.example/***/x"),
    ],
)
def test_addresses(url, shown):
    assert redact_url(url, [SECRET]).replace("#access_token=***", "#access_token=abc") == shown


def test_document():
    document = {"a": [{"client_secret": "x", "note": f"has {SECRET}"}], "token": {"x": 1}, "has_password": True, "n": 1}
    assert redact_document(document, [SECRET]) == {
        "a": [{"client_secret": "***", "note": "has ***"}], "token": "***", "has_password": True, "n": 1,
    }  # fmt: skip


@given(st.integers(0, 60), st.integers(1, 50))
def test_a_cut_leaves_no_part_of_a_secret(position, length):
    secret = "abcdefghijklmnop"
    text = "." * position + secret + "." * 500
    shown = redact_start(text, [secret], length)
    assert len(shown) <= length
    assert not set(shown) & set(secret)


@pytest.mark.parametrize("text", ["abc", ""])
def test_too_short_a_secret_does_not_blank_ordinary_words(text):
    assert redact_text("abc abc", [text]) == "abc abc"


def test_redaction_of_a_large_text_takes_linear_time():
    text = '{"' + '\\"' * 30000 + "a=" * 30000
    assert redact_text(text, [SECRET])
    for text in ("<a " * 30000, "<a b='" * 30000, "<a><![CDATA[" * 20000, "<a " + "b=" * 30000):
        assert redact_text(text, [SECRET])


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"sync-token": "{since|}"}, None),
        ({"token": "{reference}"}, None),
        ({"token": "{+external_id}"}, None),
        ({"token": "{since|hunter2}"}, "token"),
        ({"token": "hunter2"}, "token"),
        ({"body": [{"password": "hunter2"}]}, "password"),
        ({"token": ""}, None),
    ],
)
def test_placeholder_is_no_credential_but_its_default_may_be_one(document, found):
    assert literal_secret(document) == found
