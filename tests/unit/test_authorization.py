"""A person agrees once, in the browser; what comes back counts only for who asked."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from authorization_server import AuthorizationServer

from integration_bridge.remote.auth import SCHEMES, forget_tokens
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import ConfigurationError, RemoteError

BACK = "https://odoo.example.com/integration_bridge/authorization"
GET = Request("GET", "/records")


@pytest.fixture
def provider():
    with AuthorizationServer(BACK) as running:
        yield running


def make(provider, refresh_token=None, on_secret=None, **options):
    secrets = {"secret": provider.client_secret, "refresh_token": refresh_token}
    options = {
        "client_id": "bridge",
        "token_url": provider.url + "/token",
        "authorize_url": provider.url + "/authorize?tenant=1",
        "scope": "read offline_access",
        **options,
    }
    return SCHEMES["oauth2_authorization_code"](options, secrets, "db/1", on_secret)


def agree(asked):
    """A browser that opens the address: what it is sent back with."""
    answer = requests.get(asked.url, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    return dict(parse_qsl(back.query))


def test_person_agrees_and_requests_go_with_the_tokens(provider, connect):
    seen, kept = [], {}
    scheme = make(provider)
    asked = scheme.authorization(BACK)
    sent = dict(parse_qsl(urlsplit(asked.url).query))
    assert (sent["tenant"], sent["scope"], sent["state"]) == ("1", "read offline_access", asked.state)
    assert asked.verifier not in asked.url and re.fullmatch(r"[\w-]{43,128}", asked.verifier)
    back = agree(asked)
    assert back["state"] == asked.state
    client = connect(scheme, seen.append, base_url=provider.url)
    refresh_token = scheme.redeem(client, back["code"], asked.verifier, BACK)
    assert refresh_token in provider.refresh_tokens
    user = connect(make(provider, refresh_token, kept.__setitem__), seen.append, base_url=provider.url)
    assert user.send(GET).status == user.send(GET).status == 200
    assert provider.refreshed == [refresh_token] and kept["refresh_token"] in provider.refresh_tokens
    shown = repr(seen)
    hidden = {*provider.access_tokens, *provider.refresh_tokens, refresh_token, asked.verifier, back["code"]}
    assert not [text for text in (*hidden, provider.client_secret) if text in shown]


def test_code_counts_once_and_only_with_its_verifier(provider, connect):
    scheme = make(provider)
    client = connect(scheme, base_url=provider.url)
    asked, other = scheme.authorization(BACK), scheme.authorization(BACK)
    assert (asked.state, asked.verifier) != (other.state, other.verifier)
    code = agree(asked)["code"]
    for verifier in (other.verifier, asked.verifier):  # the code that was tried with the wrong one is void
        with pytest.raises(RemoteError) as caught:
            scheme.redeem(client, code, verifier, BACK)
        assert (caught.value.kind, caught.value.reason) == ("auth", "token_refused")


def test_answer_without_a_refresh_token_says_what_to_ask_for(provider, connect):
    provider.gives_refresh = False
    scheme = make(provider)
    asked = scheme.authorization(BACK)
    with pytest.raises(RemoteError) as caught:
        scheme.redeem(connect(scheme, base_url=provider.url), agree(asked)["code"], asked.verifier, BACK)
    assert (caught.value.kind, caught.value.reason) == ("auth", "no_refresh_token")
    assert "offline_access" in caught.value.message


def test_before_anybody_agreed_the_credential_is_missing(provider, connect):
    with pytest.raises(RemoteError) as caught:
        connect(make(provider), base_url=provider.url).send(GET)
    assert (caught.value.reason, caught.value.sent, provider.requests) == ("no_secret", False, [])


def test_further_parameters_are_sent_and_replace_nothing(provider):
    scheme = make(provider, authorize_parameters={"access_type": "offline", "prompt": "consent"})
    scheme.check()
    sent = dict(parse_qsl(urlsplit(scheme.authorization(BACK).url).query))
    assert (sent["access_type"], sent["prompt"]) == ("offline", "consent")
    with pytest.raises(ConfigurationError):
        make(provider, authorize_parameters={"state": "fixed"}).check()


def test_tokens_of_another_process_are_followed(provider, connect):
    """Its tokens are kept and replaced as those of the refresh token scheme."""
    scheme = make(provider)
    asked = scheme.authorization(BACK)
    token = scheme.redeem(connect(scheme, base_url=provider.url), agree(asked)["code"], asked.verifier, BACK)
    replaced = {}
    connect(make(provider, token, replaced.__setitem__), base_url=provider.url).send(GET)
    forget_tokens()
    assert connect(make(provider, replaced["refresh_token"]), base_url=provider.url).send(GET).status == 200
