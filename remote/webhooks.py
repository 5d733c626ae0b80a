"""Webhook schemes: how a call that comes in proves who has sent it, and what it says of itself.

A new scheme is one class with the decorator ``@hook_scheme``. It sees the raw bytes, compares in constant time, and
knows the secrets that are valid now: the newest, and after a rotation the one before it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import secrets as randomness
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from .. import moments
from .document import decode, parse
from .errors import ConfigurationError, ProtocolError, _lt
from .rate import date_of
from .template import placeholders, render, validate

HOOK_SCHEMES: dict[str, type[HookScheme]] = {}
# What a connector can say about its webhook; a scheme's ``fields`` are some of these.
HOOK_OPTIONS = (
    "header",
    "prefix",
    "hash",
    "encoding",
    "key_encoding",
    "signed_text",
    "timestamp_header",
    "username",
    "fingerprint",
)
# Why a call is refused, for the person who looks at the connector; the caller is never told.
REFUSALS = {
    "unsigned": _lt("a header that proves who calls was missing or could not be read"),
    "signature": _lt("the signature was not made with the secret"),
    "secret": _lt("the secret was another one"),
    "late": _lt("the call was signed too long ago"),
    "future": _lt("the call was signed in the future"),
    "address": _lt("the caller's IP address is not in the list"),
    "no_secret": _lt("no secret is set, so nothing can be checked"),
}
LONGEST_NAME = 200  # characters of a delivery id or an event
LONGEST_ECHO = 1000
TEST_EVENT = "integration_bridge.test"
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
_FORM = "application/x-www-form-urlencoded"
_HEADER = "header:"
_NO_ID = "none:"  # how the keys of calls begin that tell no delivery id
_LONGEST_TIME = 12  # digits


def hook_scheme(cls):
    """Register a webhook scheme under its ``name``."""
    HOOK_SCHEMES[cls.name] = cls
    return cls


class Call(NamedTuple):
    """A call as it came.

    :ivar Mapping headers: by name, whatever the case
    :ivar str address: the caller's IP address
    :ivar float now: when it came, in seconds since 1970
    """

    method: str
    query: Mapping
    headers: Mapping
    body: bytes
    address: str
    now: float

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


class Refused(Exception):
    """A call that does not prove who has sent it.

    :param str reason: a key of ``REFUSALS``
    """

    def __init__(self, reason):
        self.reason = reason
        super().__init__(reason)


class HookScheme:
    """One way to prove who calls.

    :param dict options: what the connector says, see ``fields``; and for all schemes ``addresses`` (IP addresses and
        networks, None for all) and ``tolerance`` (seconds)
    :param secrets: those that are valid now, the newest first

    :cvar str id_place: where a call says its delivery id, unless the connector names another place (``read_place``);
        empty where senders have none: what stands at "id" there is mostly the id of a record
    :cvar str event_place: where it says what has happened
    :cvar str time_place: where it says when that was
    """

    name = ""
    label = ""
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    has_secret = True
    has_time = False  # is the time of the call signed, too
    needs_yes = False  # may it only be used if a person has said that anybody may call
    needs_addresses = False
    id_place = ""
    event_place = "type"
    time_place = ""

    def __init__(self, options: dict, secrets=()):
        self.options = {name: value for name, value in options.items() if value not in (None, "")}
        self.secrets = tuple(filter(None, secrets))

    def check(self) -> None:
        """Called when the connector is saved, and with a secret when one is typed.

        :raises ConfigurationError: what is wrong
        """

    def verify(self, call: Call) -> None:
        """:raises Refused: the call does not prove who has sent it"""
        if not _is_among(call.address, self.options.get("addresses")):
            raise Refused("address")
        if self.has_secret and not self.secrets:
            raise Refused("no_secret")
        self.prove(call)

    def prove(self, call: Call) -> None:
        """What is particular to the scheme.

        :raises Refused: it does not
        """
        raise NotImplementedError

    def sign(self, body: bytes, now: float, delivery_id: str) -> dict[str, str]:
        """The headers of a call that is right, for *Send a Test*."""
        return {}

    def answer(self, call: Call) -> tuple[int, str]:
        """Status and text of the answer to a call that is kept now."""
        return 200, ""

    @classmethod
    def new_secret(cls) -> str:
        """A secret that nobody can guess."""
        return randomness.token_urlsafe(32)

    def _check_time(self, seconds: float, now: float) -> None:
        tolerance = self.options.get("tolerance", 300)
        if seconds < now - tolerance:
            raise Refused("late")
        if seconds > now + tolerance:
            raise Refused("future")

    def _told(self, call: Call, name: str) -> str:
        """A header that must be there."""
        value = call.headers.get(name, "").strip()
        if not value:
            raise Refused("unsigned")
        return value


def _is_same(one, other) -> bool:
    """In constant time, and also for texts that are not ASCII."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _is_any(given, expected) -> bool:
    """Is one of the given the same as one of the expected? All are compared, so that the time tells nothing."""
    found = [_is_same(one, other) for one in given for other in expected]
    return True in found


def _seconds(text: str) -> float:
    if not text.isascii() or not text.isdecimal() or len(text) > _LONGEST_TIME:
        raise Refused("unsigned")
    return float(text)


def _is_among(address: str, networks) -> bool:
    if not networks:
        return True
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False
    one = getattr(one, "ipv4_mapped", None) or one
    return any(one in network for network in read_networks(networks))


def read_networks(text):
    """IP addresses and networks, separated by commas.

    :raises ConfigurationError: one of them is none
    """
    networks = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(part, strict=False))
        except ValueError as error:
            raise ConfigurationError(
                _lt("“%(part)s” is no IP address and no network. Write for example 192.0.2.7, 198.51.100.0/24."),
                part=part,
            ) from error
    return networks


@hook_scheme
class StandardWebhooks(HookScheme):
    """Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, time and body."""

    name = "standard"
    label = _lt("Standard Webhooks")
    has_time = True
    id_place = "header:webhook-id"
    time_place = "timestamp"

    PREFIX = "whsec_"

    def check(self):
        for secret in self.secrets:
            self._key(secret)

    def prove(self, call):
        told = self._told(call, "webhook-timestamp")
        signed = _bytes(f"{self._told(call, 'webhook-id')}.{told}.") + call.body
        versions = [part.partition(",") for part in self._told(call, "webhook-signature").split(" ")]
        given = [signature for version, _comma, signature in versions if version == "v1"]
        if not _is_any(given, [self._signature(secret, signed) for secret in self.secrets]):
            raise Refused("signature")
        self._check_time(_seconds(told), call.now)

    def sign(self, body, now, delivery_id):
        signed = f"{delivery_id}.{int(now)}.".encode() + body
        signature = self._signature(self.secrets[0], signed)
        named = {"webhook-id": delivery_id, "webhook-timestamp": str(int(now))}
        return {**named, "webhook-signature": f"v1,{signature}"}

    @classmethod
    def new_secret(cls):
        return cls.PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()

    def _signature(self, secret, signed):
        return base64.b64encode(hmac.new(self._key(secret), signed, hashlib.sha256).digest()).decode()

    def _key(self, secret):
        return _decoded("base64", secret.removeprefix(self.PREFIX))


@hook_scheme
class StripeSignature(HookScheme):
    """The ``Stripe-Signature`` header: HMAC-SHA256 over time and body; others sign so, too."""

    name = "stripe"
    label = _lt("Stripe")
    has_time = True
    id_place = "id"
    time_place = "created"

    def prove(self, call):
        pairs = [part.strip().partition("=") for part in self._told(call, "Stripe-Signature").split(",")]
        told = next((value for name, _equals, value in pairs if name == "t"), "")
        signed = _bytes(told) + b"." + call.body
        given = [value for name, _equals, value in pairs if name == "v1"]
        if not _is_any(given, [_hex(secret, signed) for secret in self.secrets]):
            raise Refused("signature")
        self._check_time(_seconds(told), call.now)

    def sign(self, body, now, delivery_id):
        told = str(int(now))
        return {"Stripe-Signature": f"t={told},v1={_hex(self.secrets[0], told.encode() + b'.' + body)}"}

    @classmethod
    def new_secret(cls):
        return "whsec_" + randomness.token_urlsafe(24)


def _hex(secret, signed):
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


@hook_scheme
class HmacHeader(HookScheme):
    """A keyed hash in a header, as GitHub and most others send it; of the body, or of time and body."""

    name = "hmac"
    label = _lt("Signature in a header (HMAC)")
    fields = ("header", "prefix", "hash", "encoding", "key_encoding", "signed_text", "timestamp_header")
    id_place = "header:X-GitHub-Delivery"
    event_place = "header:X-GitHub-Event"

    def check(self):
        signed = self._signed
        validate(signed, {"body", "timestamp"})
        if "body" not in placeholders(signed):
            raise ConfigurationError(_lt("The signed text must have {body} in it, else anything could be sent."))
        if ("timestamp" in placeholders(signed)) != bool(self.options.get("timestamp_header")):
            raise ConfigurationError(
                _lt("{timestamp} in the signed text and the time header belong together: enter both, or none.")
            )
        for secret in self.secrets:
            self._key(secret)

    def prove(self, call):
        header, prefix = self._header, self._prefix
        values = [value.strip() for value in self._told(call, header).split(",")]
        given = [value.removeprefix(prefix) for value in values if value.startswith(prefix)]
        told = self._told(call, self.options["timestamp_header"]) if "timestamp_header" in self.options else ""
        seconds = _seconds(told) if told else call.now
        if not _is_any(given, [self._signature(secret, call.body, told) for secret in self.secrets]):
            raise Refused("signature")
        self._check_time(seconds, call.now)

    def sign(self, body, now, delivery_id):
        header = self.options.get("timestamp_header")
        told = str(int(now)) if header else ""
        headers = {self._header: self._prefix + self._signature(self.secrets[0], body, told)}
        return {**headers, header: told} if header else headers

    @property
    def _header(self):
        return self.options.get("header", "X-Hub-Signature-256")

    @property
    def _prefix(self):
        # What GitHub writes belongs to the header of GitHub.
        return self.options.get("prefix", "" if "header" in self.options else "sha256=")

    @property
    def _signed(self):
        return self.options.get("signed_text", "{body}")

    def _signature(self, secret, body, told):
        text = body
        if self._signed != "{body}":
            parts = {"body": body.decode("utf-8", "surrogateescape"), "timestamp": told}
            text = render(self._signed, parts).encode("utf-8", "surrogateescape")
        digest = hmac.new(self._key(secret), text, _HASHES[self.options.get("hash", "sha256")]).digest()
        return digest.hex() if self.options.get("encoding", "hex") == "hex" else base64.b64encode(digest).decode()

    def _key(self, secret):
        return _decoded(self.options.get("key_encoding", "text"), secret)


def _decoded(encoding, secret) -> bytes:
    """:raises ConfigurationError: the secret is not written so"""
    try:
        if encoding == "text":
            return secret.encode()
        return bytes.fromhex(secret) if encoding == "hex" else base64.b64decode(secret, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ConfigurationError(
            _lt("The webhook's secret is not written as %(encoding)s. Copy it again from the other system."),
            encoding=encoding,
        ) from error


@hook_scheme
class Shopify(HookScheme):
    """``X-Shopify-Hmac-Sha256``: HMAC-SHA256 of the body, in base64."""

    name = "shopify"
    label = _lt("Shopify")
    id_place = "header:X-Shopify-Webhook-Id"
    event_place = "header:X-Shopify-Topic"
    time_place = "header:X-Shopify-Triggered-At"

    HEADER = "X-Shopify-Hmac-Sha256"

    def prove(self, call):
        if not _is_any([self._told(call, self.HEADER)], [self._signature(one, call.body) for one in self.secrets]):
            raise Refused("signature")

    def sign(self, body, now, delivery_id):
        return {self.HEADER: self._signature(self.secrets[0], body), "X-Shopify-Webhook-Id": delivery_id}

    def _signature(self, secret, body):
        return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@hook_scheme
class StaticHeader(HookScheme):
    """The secret itself, in a header."""

    name = "header"
    label = _lt("Secret in a header")
    fields = ("header", "prefix")
    required = ("header",)

    def prove(self, call):
        prefix = self.options.get("prefix", "")
        if not _is_any([self._told(call, self.options["header"])], [(prefix + one).strip() for one in self.secrets]):
            raise Refused("secret")

    def sign(self, body, now, delivery_id):
        return {self.options["header"]: self.options.get("prefix", "") + self.secrets[0]}


@hook_scheme
class BasicPassword(HookScheme):
    """User name and password (RFC 7617); the password is the secret."""

    name = "basic"
    label = _lt("User name and password (Basic)")
    fields = ("username",)
    required = ("username",)

    def prove(self, call):
        scheme, _blank, value = self._told(call, "Authorization").partition(" ")
        if scheme.lower() != "basic":
            raise Refused("unsigned")
        if not _is_any([value.strip()], [self._value(secret) for secret in self.secrets]):
            raise Refused("secret")

    def sign(self, body, now, delivery_id):
        return {"Authorization": f"Basic {self._value(self.secrets[0])}"}

    def _value(self, secret):
        return base64.b64encode(f"{self.options['username']}:{secret}".encode()).decode()


@hook_scheme
class MutualTls(HookScheme):
    """A client's certificate, which the proxy in front of Odoo has checked and tells in a header.

    Whoever reaches Odoo past the proxy could write the header himself, so the addresses are needed, too.
    """

    name = "mutual"
    label = _lt("Client certificate (mutual TLS) and IP list")
    fields = ("header", "fingerprint")
    required = ("header", "fingerprint")
    has_secret = False
    needs_addresses = True

    def prove(self, call):
        given = _plain(self._told(call, self.options["header"]))
        if not _is_any([given], [_plain(one) for one in self.options["fingerprint"].split(",")]):
            raise Refused("secret")

    def sign(self, body, now, delivery_id):
        return {self.options["header"]: self.options["fingerprint"].split(",")[0].strip()}


def _plain(fingerprint):
    return fingerprint.strip().lower().replace(":", "")


@hook_scheme
class Nothing(HookScheme):
    """Nothing but the address, which is random."""

    name = "none"
    label = _lt("None: whoever knows the address")
    has_secret = False
    needs_yes = True

    def prove(self, call):
        return


# ---------------------------------------------------------------------------------------------------------------------
# What a call says
# ---------------------------------------------------------------------------------------------------------------------


def read_document(body: bytes, content_type: str):
    """The document of a body: JSON, or the fields of a form; None if there is no body.

    :raises ProtocolError: it is neither
    """
    if not body:
        return None
    text = decode(body, content_type, "-")
    if content_type.partition(";")[0].strip().lower() == _FORM:
        return _form(text)
    return parse(text, "-")


def _form(text):
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise ProtocolError("not_json", host="-", problem="a form with too many fields") from error
    named = {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    # Some systems send a form with the whole document as JSON in one field.
    (first, *more) = named.values() or ("",)
    if not more and isinstance(first, str) and first[:1] == "{":
        return parse(first, "-")
    return named


def header_of(place: str) -> str | None:
    """The header that a place names; None if it is a place in the body."""
    return place[len(_HEADER) :].strip() if place.lower().startswith(_HEADER) else None


def read_place(place: str, headers, document, read_path):
    """What stands at a place of a call: ``header:NAME``, or a JMESPath in the body.

    :param read_path: reads a path of the document; what can not be read is None
    :return: a text, or None
    """
    header = header_of(place) if place else None
    value = headers.get(header) if header else read_path(place, document) if place else None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value).strip() or None


def delivery_key(told) -> str:
    """The delivery id; one that is no name is known by its hash, and a call without one is a delivery of its own.

    The same body is no sign that a call is the same: a record that changes twice may be told in the same words.
    """
    if not told:
        return f"{_NO_ID}{randomness.token_hex(12)}"
    if len(told) <= LONGEST_NAME and told.isprintable():
        return told
    return "sha256:" + hashlib.sha256(_bytes(told)).hexdigest()


def echo_of(place: str, name: str, call: Call, document) -> str | None:
    """The text by which a new address is confirmed; None if the call is no such question.

    :param str place: ``query`` or ``body``
    :param str name: of the parameter, or of the field
    """
    value = call.query.get(name) if place == "query" else document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ECHO or not value.isprintable():
        return None
    return value


def version_of(value):
    """A version that can be compared: a number, or a time in seconds since 1970; None for anything else.

    :rtype: int | float | None
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return value if abs(value) < 1e30 else None
    text = str(value).strip()
    if text.isascii() and text.isdecimal() and len(text) <= 30:
        return int(text)
    try:
        return moments.read(text, "auto", moments.UTC).timestamp()
    except (ValueError, OverflowError):
        date = date_of(text)  # as in a header
    return date.timestamp() if date else None


def test_body(now: float, delivery_id: str) -> bytes:
    """The body of *Send a Test*."""
    document = {"id": delivery_id, "type": TEST_EVENT, "created": int(now), "data": {}}
    return json.dumps(document).encode()
