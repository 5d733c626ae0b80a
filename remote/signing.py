"""Schemes that sign: what is sent proves that we have the secret, and the secret itself stays here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
import time
from datetime import datetime, timezone
from email.utils import formatdate
from urllib.parse import urlsplit

import oauthlib.oauth1
from requests.auth import HTTPDigestAuth
from requests.utils import parse_dict_header
from requests_aws4auth import AWS4Auth

from . import address
from .auth import Scheme, scheme
from .errors import AuthFailed, ConfigurationError, _lt
from .template import placeholders, render, validate

_FORM = "application/x-www-form-urlencoded"
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512, "sha1": hashlib.sha1, "md5": hashlib.md5}
_ENCODERS = {"hex": bytes.hex, "base64": lambda raw: base64.b64encode(raw).decode()}
_CLOCKS = {
    "s": lambda now: str(int(now)),
    "ms": lambda now: str(int(now * 1000)),
    "iso": lambda now: datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "http": lambda now: formatdate(now, usegmt=True),  # RFC 9110 section 5.6.7
}
_KEYS = {"text": str.encode, "base64": lambda text: base64.b64decode(text, validate=True), "hex": bytes.fromhex}


@scheme
class Hmac(Scheme):
    """A keyed hash (RFC 2104) of those parts of the request that the other system names."""

    name = "hmac"
    label = _lt("Signature (HMAC)")
    fields = (
        "client_id",
        "client_id_header",
        "signed_text",
        "signature_hash",
        "signature_encoding",
        "signature_header",
        "signature_format",
        "key_encoding",
        "timestamp_header",
        "timestamp_format",
        "nonce_header",
    )
    required = ("signed_text",)
    secrets = ("secret",)

    PARTS = ("method", "url", "host", "path", "query", "target", "content_type", "body", "body_sha256", "body_md5")
    OURS = ("timestamp", "nonce", "client_id")

    def check(self):
        signed, shown = self.options.get("signed_text", ""), self._format
        validate(signed, {*self.PARTS, *self.OURS})
        validate(shown, {*self.OURS, "signature"})
        if "signature" not in placeholders(shown):
            raise ConfigurationError(_lt("The signature format must have {signature} in it."))
        for name in ("timestamp", "nonce"):
            used = name in placeholders(signed) | placeholders(shown)
            if self.options.get(f"{name}_header") and name not in placeholders(signed):
                raise ConfigurationError(
                    _lt("There is a header for {%(name)s}, which is not signed. Put {%(name)s} into the signed text."),
                    name=name,
                )
            if used and not self.options.get(f"{name}_header") and name not in placeholders(shown):
                raise ConfigurationError(
                    _lt("{%(name)s} is signed, but not sent. Name a header for it, or put it into the format."),
                    name=name,
                )
        if self._secrets.get("secret"):
            self._key()

    def __call__(self, request):
        options, now = self.options, time.time()
        ours = {
            "timestamp": _CLOCKS[options.get("timestamp_format", "s")](now),
            "nonce": randomness.token_hex(16),
            "client_id": options.get("client_id", ""),
        }
        for name, value in ours.items():
            if options.get(f"{name}_header"):
                request.headers[options[f"{name}_header"]] = value
        # A body may be any bytes: surrogates keep those that are no text.
        text = render(options["signed_text"], {**_parts(request), **ours}).encode("utf-8", "surrogateescape")
        digest = hmac.new(self._key(), text, _HASHES[options.get("signature_hash", "sha256")]).digest()
        signature = _ENCODERS[options.get("signature_encoding", "hex")](digest)
        header = options.get("signature_header", "X-Signature")
        request.headers[header] = render(self._format, {**ours, "signature": signature})
        return request

    @property
    def _format(self):
        return self.options.get("signature_format", "{signature}")

    def _key(self) -> bytes:
        """:raises AuthFailed: the secret is not what ``key_encoding`` says (reason ``bad_secret``)"""
        encoding = self.options.get("key_encoding", "text")
        try:
            return _KEYS[encoding](self.secret())
        except (ValueError, binascii.Error) as error:
            raise AuthFailed("bad_secret", sent=False, encoding=encoding) from error


def _parts(request) -> dict[str, str]:
    """What of a request can be signed, as text."""
    parts, body = urlsplit(request.url), request.body or b""
    path = parts.path or "/"
    return {
        "method": request.method,
        "url": request.url,
        "host": address.host_header(request.url),
        "path": path,
        "query": parts.query,
        "target": f"{path}?{parts.query}" if parts.query else path,
        "content_type": request.headers.get("Content-Type", ""),
        "body": body.decode("utf-8", "surrogateescape"),
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "body_md5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
    }


@scheme
class OAuth1(Scheme):
    """OAuth 1.0a (RFC 5849) with HMAC: client and token, each with its secret."""

    name = "oauth1"
    label = _lt("OAuth 1.0a")
    fields = ("client_id", "token_id", "signature_hash", "realm")
    required = ("client_id",)
    secrets = ("secret", "token_secret")

    def check(self):
        if self.options.get("signature_hash") == "md5":
            raise ConfigurationError(_lt("OAuth 1.0a has no MD5; choose SHA-1, SHA-256 or SHA-512."))

    def __call__(self, request):
        # RFC 5849 section 3.4.1.3.1: of the bodies only a form is signed.
        is_form = request.method not in ("GET", "HEAD") and request.headers.get("Content-Type", "").startswith(_FORM)
        token = self.options.get("token_id")
        client = oauthlib.oauth1.Client(
            self.options.get("client_id", ""),
            client_secret=self.secret(),
            resource_owner_key=token,
            resource_owner_secret=self.secret("token_secret") if token else None,
            signature_method=f"HMAC-{self.options.get('signature_hash', 'sha1').upper()}",
            realm=self.options.get("realm"),
        )
        body, headers = (request.body.decode(), {"Content-Type": _FORM}) if is_form and request.body else (None, {})
        _url, headers, _body = client.sign(request.url, request.method, body, headers)
        request.headers["Authorization"] = headers["Authorization"]
        return request


@scheme
class AwsSignature(Scheme):
    """Amazon's Signature Version 4, which other object stores and search engines take, too."""

    name = "aws4"
    label = _lt("AWS Signature 4")
    fields = ("client_id", "region", "service")
    required = ("client_id", "region", "service")
    secrets = ("secret",)

    def __call__(self, request):
        # A plus can be read as itself or as a blank; this one can not.
        path, mark, query = request.url.partition("?")
        request.url = path + mark + query.replace("+", "%20")
        request.headers["Host"] = address.host_header(request.url)  # it is signed, and some versions forget the port
        region, service = self.options.get("region", ""), self.options.get("service", "")
        return AWS4Auth(self.options.get("client_id", ""), self.secret(), region, service)(request)


# ---------------------------------------------------------------------------------------------------------------------
# Digest
# ---------------------------------------------------------------------------------------------------------------------

_PARAMETER = r'[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,"]+)'
_CHALLENGE = re.compile(rf"\bDigest\s+({_PARAMETER}(?:\s*,\s*{_PARAMETER})*)", re.IGNORECASE)
_ALGORITHMS = {"MD5", "MD5-SESS", "SHA", "SHA-256", "SHA-512"}  # those of requests


def digest_challenges(header: str) -> list[dict[str, str]]:
    """The digest challenges of a ``WWW-Authenticate`` header, in the order of the server's preference."""
    return [
        {name.lower(): value for name, value in parse_dict_header(parameters).items()}
        for parameters in _CHALLENGE.findall(header)
    ]


def _answerable(challenge) -> bool:
    qualities = [one.strip() for one in challenge.get("qop", "auth").lower().split(",")]
    return (
        challenge.get("algorithm", "MD5").upper() in _ALGORITHMS
        and "auth" in qualities
        and {"realm", "nonce"} <= set(challenge)
    )


class _Answers(HTTPDigestAuth):
    """The arithmetic of requests, without its way of sending; each thread has a challenge of its own."""

    def take(self, challenge: dict) -> None:
        self.init_per_thread_state()
        self._thread_local.chal = {**challenge, "qop": "auth"} if "qop" in challenge else challenge

    @property
    def nonce(self) -> str | None:
        self.init_per_thread_state()
        return self._thread_local.chal.get("nonce")


@scheme
class Digest(Scheme):
    """User name and password, hashed with what the server asks (RFC 7616).

    The first request of each thread is refused, and answered; so the count of requests is never out of order.
    """

    name = "digest"
    label = _lt("User name and password (Digest)")
    fields = ("username",)
    secrets = ("secret",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._answers = _Answers(self.options.get("username", ""), self._secrets.get("secret", ""))

    def __call__(self, request):
        self.secret()
        request.token = self._answers.nonce
        if request.token:
            request.headers["Authorization"] = self._answers.build_digest_header(request.method, request.url)
        return request

    def try_again(self, client, status, headers, rejected_token):
        """:raises AuthFailed: no challenge can be answered (reason ``no_digest``)"""
        if status != 401:
            return False
        said = headers.get("WWW-Authenticate", "")
        challenge = next(filter(_answerable, digest_challenges(said)), None)
        if challenge is None:
            host = address.host_of(client.settings.base_url)
            raise AuthFailed("no_digest", status=status, host=host, problem=said[:80] or "-")
        self._answers.take(challenge)
        return challenge["nonce"] != rejected_token or challenge.get("stale", "").lower() == "true"
