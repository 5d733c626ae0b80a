"""How one signs in, by what a system answers to a request without credentials."""

import pytest

from integration_bridge.assistant.challenge import SCHEMES, challenges, propose
from integration_bridge.remote.auth import SCHEMES as KNOWN


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("", []),
        ("Basic", ["Basic"]),
        ('Basic realm="shop"', ["Basic"]),
        ("bearer", ["bearer"]),
        ('Bearer realm="a, Basic b", error="invalid_token"', ["Bearer"]),
        (r'Digest realm="a \" , Basic", nonce="x", qop="auth, auth-int", algorithm=MD5', ["Digest"]),
        ('Digest realm="a", nonce="x", Basic realm="b"', ["Digest", "Basic"]),
        ('Negotiate, NTLM, Basic realm="x"', ["Negotiate", "NTLM", "Basic"]),
        ("Negotiate YWJj==, Bearer", ["Negotiate", "Bearer"]),
        ('Basic realm="a", Basic realm="b"', ["Basic"]),
        ("ApiKey", ["ApiKey"]),
        ("=, ,", []),
    ],
)
def test_ways_that_a_header_offers(header, asked):
    assert challenges(header) == asked


@pytest.mark.parametrize(
    ("status", "header", "scheme", "words"),
    [
        (401, 'Bearer realm="x"', "bearer", "asks for Bearer"),
        (401, 'Negotiate, Basic realm="x"', "basic", "asks for Negotiate, Basic"),
        (401, 'Digest realm="x", nonce="y"', "digest", "asks for Digest"),
        (401, 'OAuth realm="x"', "oauth1", "asks for OAuth"),
        (403, "Bearer", "bearer", "answers 403"),
        (401, "NTLM", "", "not known here"),
        (401, "", "", "does not say how one signs in"),
        (403, "", "", "Look in its documentation"),
        (200, "", "none", "without credentials"),
        (404, "", "", "says nothing about signing in"),
        (500, "", "", "answers 500"),
    ],
)
def test_what_is_proposed_and_why(status, header, scheme, words):
    found = propose(status, header)
    assert found.scheme == scheme
    assert words in str(found.reason)


def test_page_that_one_is_led_to_says_nothing_about_signing_in():
    found = propose(200, "", "https://x.example.com/login")
    assert found.scheme == ""
    assert "leads to https://x.example.com/login" in str(found.reason)


def test_each_scheme_that_is_proposed_can_be_chosen():
    assert set(SCHEMES.values()) <= set(KNOWN)
