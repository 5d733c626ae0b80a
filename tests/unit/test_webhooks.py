"""Webhook schemes: who calls is proved over raw bytes, in time, with the secrets that are valid now (promise 4)."""

import base64
import datetime
import hmac
import json

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from integration_bridge.remote import webhooks
from integration_bridge.remote.errors import ConfigurationError, ProtocolError
from integration_bridge.remote.webhooks import HOOK_SCHEMES, REFUSALS, Call, Refused

NOW = 1_760_000_000.0
BODY = b'{"id": "evt_1", "type": "customer.updated", "created": 1759999990}'
STANDARD = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
# By scheme: its options, and a secret.
EXAMPLES = {
    "standard": ({}, STANDARD),
    "stripe": ({}, "whsec_abc"),
    "hmac": ({}, "s3cret"),
    "shopify": ({}, "s3cret"),
    "header": ({"header": "X-Token"}, "s3cret"),
    "basic": ({"username": "ann"}, "s3cret"),
    "mutual": ({"header": "X-Client-Fingerprint", "fingerprint": "AB:CD", "addresses": "10.0.0.0/8"}, None),
    "none": ({}, None),
}
SIGNED = ("standard", "stripe", "hmac", "shopify")
WITH_SECRET = (*SIGNED, "header", "basic")
# Variants of the keyed hash, each as a known system sends it.
SLACK = {"header": "X-Slack-Signature", "prefix": "v0=", "signed_text": "v0:{timestamp}:{body}"}
SLACK["timestamp_header"] = "X-Slack-Request-Timestamp"
VARIANTS = [
    {},
    {"hash": "sha512"},
    {"encoding": "base64", "header": "X-Signature"},
    {"hash": "sha512", "encoding": "base64", "header": "X-Signature", "prefix": "HMAC "},
    {"key_encoding": "hex"},
    {"key_encoding": "base64"},
    SLACK,
]


def make(name, *secrets, **options):
    given_options, secret = EXAMPLES[name]
    return HOOK_SCHEMES[name]({**given_options, **options}, secrets or (secret,))


def call(headers=(), body=BODY, now=NOW, address="10.1.2.3", method="POST", query=()):
    return Call(method, dict(query), CaseInsensitiveDict(headers), body, address, now)


def signed(scheme, body=BODY, now=NOW):
    return call(scheme.sign(body, now, "msg_1"), body, now)


def reason(scheme, one):
    with pytest.raises(Refused) as caught:
        scheme.verify(one)
    return caught.value.reason


def test_every_scheme_has_an_example():
    assert EXAMPLES.keys() == HOOK_SCHEMES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_we_sign_ourselves_is_right(name):
    make(name).verify(signed(make(name)))


@pytest.mark.parametrize("name", WITH_SECRET)
def test_fault_webhook_that_is_forged_is_refused(name):
    scheme = make(name)
    good = signed(scheme)
    assert reason(scheme, call()) == "unsigned"
    assert reason(_other(name), good) in ("signature", "secret")
    if name in SIGNED:
        assert reason(scheme, good._replace(body=BODY + b" ")) == "signature"
        assert reason(scheme, good._replace(body=BODY.replace(b"evt_1", b"evt_2"))) == "signature"


def _other(name):
    return make(name, "whsec_" + base64.b64encode(b"x" * 32).decode() if name == "standard" else "another")


@pytest.mark.parametrize(("name", "options"), [*((name, {}) for name in WITH_SECRET), ("hmac", SLACK)])
def test_headers_that_are_nonsense_are_refused_and_break_nothing(name, options):
    scheme = make(name, **options)
    for header in scheme.sign(BODY, NOW, "msg_1"):
        for value in ("", "x", "é\udcff", ",", "=", "t=,v1=", "v1,", "Basic", "Basic x", "9" * 400, "t=²,v1=x", "v1"):
            headers = {**scheme.sign(BODY, NOW, "msg_1"), header: value}
            if header != "X-Shopify-Webhook-Id":  # it is not signed
                assert reason(scheme, call(headers)) in ("unsigned", "signature", "secret")


@given(body=st.binary(max_size=200))
@pytest.mark.parametrize("name", SIGNED)
def test_any_bytes_are_signed_and_verified(name, body):
    scheme = make(name)
    scheme.verify(signed(scheme, body))
    assert reason(scheme, signed(scheme, body)._replace(body=body + b"\0")) == "signature"


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("body", [BODY, b"", b"\xff\xfe{}", "Grüße".encode()])
def test_keyed_hash_in_every_variant_is_that_of_the_standard_library(options, body):
    secret = {"hex": "00ff10", "base64": "AP8Q"}.get(options.get("key_encoding"), "s3cret")
    key = b"\x00\xff\x10" if "key_encoding" in options else b"s3cret"
    text = b"v0:%d:" % NOW + body if "signed_text" in options else body
    digest = hmac.new(key, text, options.get("hash", "sha256"))
    value = base64.b64encode(digest.digest()).decode() if "encoding" in options else digest.hexdigest()
    header = options.get("header", "X-Hub-Signature-256")
    headers = {header: options.get("prefix", "" if "header" in options else "sha256=") + value}
    if "timestamp_header" in options:
        headers[options["timestamp_header"]] = str(int(NOW))
    scheme = make("hmac", secret, **options)
    scheme.check()
    scheme.verify(call(headers, body))
    assert reason(scheme, call(headers, body + b"x")) == "signature"


def test_published_example_of_github_is_right():
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
    value = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    make("hmac", "It's a Secret to Everybody").verify(call({"X-Hub-Signature-256": value}, b"Hello, World!"))


# ----------------------------------------------------------------------------------------------------------------------
# Standard Webhooks: the library of the standard says the same
# ----------------------------------------------------------------------------------------------------------------------


@given(body=st.text(max_size=100), delivery=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1))
def test_standard_webhooks_are_signed_as_by_the_library_of_the_standard(body, delivery):
    now = datetime.datetime.now(datetime.timezone.utc)
    oracle = standardwebhooks.Webhook(STANDARD)
    headers = {"webhook-id": delivery, "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = oracle.sign(delivery, now, body)
    make("standard").verify(call(headers, body.encode(), now.timestamp()))
    assert make("standard").sign(body.encode(), now.timestamp(), delivery) == headers


def test_what_we_sign_the_library_of_the_standard_takes():
    now = datetime.datetime.now(datetime.timezone.utc).timestamp()
    oracle = standardwebhooks.Webhook(STANDARD)
    assert oracle.verify(BODY, make("standard").sign(BODY, now, "msg_1")) == json.loads(BODY)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        oracle.verify(BODY + b" ", make("standard").sign(BODY, now, "msg_1"))


def test_one_right_signature_among_several_is_enough():
    good = make("standard").sign(BODY, NOW, "msg_1")
    for others in ("v1,AAAA {}", "v1a,xyz {} v2,x", "{} v1,AAAA"):
        headers = {**good, "webhook-signature": others.format(good["webhook-signature"])}
        make("standard").verify(call(headers))
    unknown = {**good, "webhook-signature": good["webhook-signature"].replace("v1,", "v2,")}
    assert reason(make("standard"), call(unknown)) == "signature"
    stripe = make("stripe").sign(BODY, NOW, "")["Stripe-Signature"]
    make("stripe").verify(call({"Stripe-Signature": stripe.replace(",v1=", ",v0=00,v1=00,v1=")}))


def test_new_secret_is_random_and_right():
    for name in WITH_SECRET:
        one, other = (HOOK_SCHEMES[name].new_secret() for _time in range(2))
        assert one != other and len(one) > 30
        make(name, one).check()
        make(name, one).verify(signed(make(name, one)))


# ----------------------------------------------------------------------------------------------------------------------
# Time, rotation, addresses
# ----------------------------------------------------------------------------------------------------------------------

TIMED = [("standard", {}), ("stripe", {}), ("hmac", SLACK)]


@pytest.mark.parametrize(("name", "options"), TIMED)
def test_fault_webhook_that_is_late_or_from_the_future_is_refused(name, options):
    scheme = make(name, **options)
    for seconds, expected in ((300, None), (301, "late"), (-300, None), (-301, "future")):
        one = signed(scheme)._replace(now=NOW + seconds)
        if expected:
            assert reason(scheme, one) == expected
        else:
            scheme.verify(one)
    patient = make(name, **options, tolerance=600)
    patient.verify(signed(patient)._replace(now=NOW + 600))


def test_time_that_is_changed_breaks_the_signature():
    for name, options in TIMED:
        scheme = make(name, **options)
        good = signed(scheme, now=NOW - 1000)
        headers = {key: value.replace(str(int(NOW - 1000)), str(int(NOW))) for key, value in good.headers.items()}
        assert reason(scheme, call(headers)) == "signature"


@pytest.mark.parametrize("name", WITH_SECRET)
def test_old_secret_is_valid_as_long_as_it_is_given(name):
    old, new = HOOK_SCHEMES[name].new_secret(), HOOK_SCHEMES[name].new_secret()
    for secret in (old, new):
        make(name, new, old).verify(signed(make(name, secret)))
    assert reason(make(name, new), signed(make(name, old))) in ("signature", "secret")


def test_without_a_secret_nothing_is_taken():
    for name in WITH_SECRET:
        scheme = HOOK_SCHEMES[name](EXAMPLES[name][0], ("", None))
        assert reason(scheme, signed(make(name))) == "no_secret"


@pytest.mark.parametrize(
    ("listed", "address", "is_in"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("192.0.2.1, 10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "10.1.2.3", False),
        ("10.0.0.0/8", "unknown", False),
        ("10.0.0.0/8", "", False),
        ("", "10.1.2.3", True),
    ],
)
@pytest.mark.parametrize("name", ["none", "stripe"])
def test_list_of_addresses_holds_for_every_scheme(name, listed, address, is_in):
    scheme = make(name, addresses=listed)
    one = signed(scheme)._replace(address=address)
    if is_in:
        scheme.verify(one)
    else:
        assert reason(scheme, one) == "address"


def test_client_certificate_needs_the_header_and_an_address_of_the_list():
    scheme = make("mutual")
    scheme.verify(call({"X-Client-Fingerprint": "abcd"}))
    assert reason(scheme, call({"X-Client-Fingerprint": "abce"})) == "secret"
    assert reason(scheme, call({})) == "unsigned"
    assert reason(scheme, call({"X-Client-Fingerprint": "abcd"}, address="11.0.0.1")) == "address"


# ----------------------------------------------------------------------------------------------------------------------
# What a person may get wrong
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "secret", "options"),
    [
        ("standard", "whsec_not base64!", {}),
        ("hmac", "xyz", {"key_encoding": "hex"}),
        ("hmac", "x", {"signed_text": "{timestamp}", "timestamp_header": "T"}),
        ("hmac", "x", {"signed_text": "{timestamp}{body}"}),
        ("hmac", "x", {"timestamp_header": "T"}),
        ("hmac", "x", {"signed_text": "{body}{secret}"}),
    ],
)
def test_misuse_is_refused_in_words(name, secret, options):
    with pytest.raises(ConfigurationError) as caught:
        make(name, secret, **options).check()
    assert len(str(caught.value)) > 30


@pytest.mark.parametrize("text", ["x", "10.0.0.0/33", "10.0.0.1;10.0.0.2"])
def test_address_that_is_none_is_refused(text):
    with pytest.raises(ConfigurationError, match="no IP address"):
        webhooks.read_networks(text)


def test_every_refusal_has_words():
    assert set(REFUSALS) >= {"unsigned", "signature", "secret", "late", "future", "address", "no_secret"}
    assert all(REFUSALS.values())


# ----------------------------------------------------------------------------------------------------------------------
# What a call says
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type", "document"),
    [
        (BODY, "application/json", json.loads(BODY)),
        (b"[1]", "", [1]),
        (b"a=1&b=2&b=3&c=", "application/x-www-form-urlencoded", {"a": "1", "b": ["2", "3"], "c": ""}),
        (b"payload=%7B%22a%22%3A1%7D", "application/x-www-form-urlencoded; charset=utf-8", {"a": 1}),
        (b"", "application/json", None),
    ],
)
def test_body_is_json_or_a_form(body, content_type, document):
    assert webhooks.read_document(body, content_type) == document


@pytest.mark.parametrize("body", [b"<xml/>", b"\xff", b"NaN", b"[" * 1000 + b"]" * 1000])
def test_body_that_can_not_be_read_is_a_protocol_error(body):
    with pytest.raises(ProtocolError):
        webhooks.read_document(body, "application/json")


def read_path(path, document):
    return document.get(path) if isinstance(document, dict) else None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("header:X-Event", "push"),
        ("Header: x-event", "push"),
        ("header:x-other", None),
        ("type", "t"),
        ("number", "7"),
        ("list", None),
        ("flag", None),
        ("", None),
    ],
)
def test_place_is_a_header_or_in_the_body(place, value):
    document = {"type": "t", "number": 7, "list": [1], "flag": True}
    assert webhooks.read_place(place, CaseInsensitiveDict({"X-Event": "push"}), document, read_path) == value


def test_delivery_without_an_id_is_one_of_its_own():
    assert webhooks.delivery_key("evt_1") == "evt_1"
    assert webhooks.delivery_key(None) != webhooks.delivery_key(None)
    for strange in ("x" * 201, "a\0b", "\udcff"):
        assert webhooks.delivery_key(strange) == webhooks.delivery_key(strange)
        assert webhooks.delivery_key(strange).startswith("sha256:")


@pytest.mark.parametrize(
    ("place", "name", "query", "document", "echo"),
    [
        ("query", "hub.challenge", {"hub.challenge": "1158201444"}, None, "1158201444"),
        ("query", "validationToken", {}, None, None),
        ("body", "challenge", {}, {"challenge": "3eZb", "type": "url_verification"}, "3eZb"),
        ("body", "challenge", {}, {"challenge": {"x": 1}}, None),
        ("body", "challenge", {"challenge": "x"}, [1], None),
        ("query", "c", {"c": "x" * 1001}, None, None),
        ("query", "c", {"c": "x\r\ny"}, None, None),
    ],
)
def test_challenge_is_echoed(place, name, query, document, echo):
    assert webhooks.echo_of(place, name, call(query=query), document) == echo


@pytest.mark.parametrize(
    ("value", "version"),
    [
        (7, 7),
        ("7", 7),
        ("00012345678901234567890", 12345678901234567890),
        (1.5, 1.5),
        ("2026-01-01T00:00:00Z", 1767225600),
        ("2026-01-01T00:00:00+00:00", 1767225600),
        ("2026-01-01T01:00:00.250+01:00", 1767225600.25),
        ("2026-01-01T00:00:00.123456789Z", 1767225600.123456),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 1767225600),
        ("soon", None),
        ("", None),
        (None, None),
        (True, None),
        (float("inf"), None),
        ("²", None),
    ],
)
def test_versions_and_times_can_be_compared(value, version):
    found = webhooks.version_of(value)
    assert found == (pytest.approx(version, abs=1e-6) if version is not None else None)
