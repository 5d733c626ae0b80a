"""Schemes that get a token in a way of their own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets as randomness
import textwrap
import time
import uuid
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from . import address
from .auth import OAuth2, RefreshToken, TokenScheme, add_cookies, basic_credentials, scheme
from .errors import AuthFailed, ConfigurationError, _lt
from .exchange import Request
from .tokens import Token

_ASSERTION_SECONDS = 300  # servers take a few minutes at most
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"  # RFC 7523 section 2.1
_KEY_TYPES = {"RS256": jwk.RSAKey, "ES256": jwk.ECKey}
_KEY_FITS = {  # joserfc does not ask in all its versions
    "RS256": lambda key: isinstance(key, rsa.RSAPrivateKey),
    "ES256": lambda key: isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1),
}
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----")
_WHEN_FETCHED = ("GET", "HEAD", "OPTIONS")  # what changes nothing needs no CSRF token


def private_key_pem(text: str) -> str:
    """A private key whose line breaks a form or a JSON file has taken away.

    :raises ValueError: it is none, or is encrypted
    """
    found = _PEM.search(text.replace("\\n", "\n"))
    if not found:
        raise ValueError("no private key")
    lines = textwrap.wrap("".join(found[2].split()), 64)
    return "\n".join([f"-----BEGIN {found[1]}-----", *lines, f"-----END {found[1]}-----", ""])


@scheme
class JwtBearer(OAuth2):
    """The connector signs an assertion with its private key, and gets a token for it (RFC 7523)."""

    name = "oauth2_jwt_bearer"
    label = _lt("OAuth 2.0, JWT bearer")
    fields = ("token_url", "client_id", "jwt_algorithm", "jwt_key_id", "jwt_claims", "scope", "token_parameters")
    fields += ("token_header", "token_format", "token_seconds")

    def check(self):
        if self._secrets.get("secret"):
            self._private_key()
        for name in set(self.options.get("jwt_claims", {})) & {"iss", "iat", "exp", "jti"}:
            raise ConfigurationError(_lt("The claim “%(name)s” is set already; take it out."), name=name)

    def _owner(self):
        return {}, {}  # the assertion says who we are

    def _fetch(self, client):
        # RFC 7523 section 3: issuer, subject, audience, expiry; an identifier, so that it counts once.
        client_id, now = self.options.get("client_id", ""), int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": self.options.get("token_url", "")}
        claims |= self.options.get("jwt_claims", {})
        claims |= {"iat": now, "exp": now + _ASSERTION_SECONDS, "jti": str(uuid.uuid4())}
        header = {"alg": self._algorithm, "typ": "JWT", "kid": self.options.get("jwt_key_id")}
        header = {name: value for name, value in header.items() if value}
        assertion = jwt.encode(header, claims, self._private_key(), algorithms=[self._algorithm])
        answer = self._grant(client, {"grant_type": _JWT_BEARER, "assertion": assertion})
        return self._token(answer, self._path)

    @property
    def _algorithm(self):
        return self.options.get("jwt_algorithm", "RS256")

    def _private_key(self):
        """:raises AuthFailed: the secret is no private key for the algorithm (reason ``bad_private_key``)"""
        try:
            pem = private_key_pem(self.secret()).encode()
            if not _KEY_FITS[self._algorithm](load_pem_private_key(pem, None)):
                raise ValueError("another kind of key")
            return _KEY_TYPES[self._algorithm].import_key(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm, JoseError) as error:
            raise AuthFailed("bad_private_key", sent=False, algorithm=self._algorithm) from error


@scheme
class BasicWithCsrf(TokenScheme):
    """User name and password, and with what writes a token that is fetched first, and its session cookie (SAP)."""

    name = "basic_csrf"
    label = _lt("User name and password, with CSRF token")
    fields = ("username", "csrf_path", "token_header", "token_seconds")
    secrets = ("secret",)

    @property
    def _header(self):
        return self.options.get("token_header", "X-CSRF-Token")

    @property
    def _credentials(self):
        return basic_credentials(self.options.get("username", ""), self.secret())

    def __call__(self, request):
        request.headers["Authorization"] = self._credentials
        request.token = self._current()
        if request.token and request.method not in _WHEN_FETCHED:
            kept = json.loads(request.token)
            request.headers[self._header] = kept["token"]
            if kept["cookies"]:
                add_cookies(request.headers, kept["cookies"])
        return request

    def try_again(self, client, status, headers, rejected_token):
        if status == 403 and headers.get(self._header, "").lower() == "required":
            self.refresh(client, rejected_token)
            return True
        return super().try_again(client, status, headers, rejected_token)

    def _fetch(self, client):
        asked = {"Authorization": self._credentials, self._header: "Fetch"}
        answer = self._ask(client, Request("GET", self.options.get("csrf_path", ""), headers=asked), False)
        value = answer.headers.get(self._header, "")
        if not value or value.lower() == "required":
            raise self._no_token(answer, self._header)
        return Token(json.dumps({"token": value, "cookies": answer.cookies}), self._life(None))

    def secret_values(self):
        own = super().secret_values()
        kept = json.loads(self._current() or "{}")
        basic = [self._credentials[6:]] if self._secrets.get("secret") else []
        return (*own, *basic, *filter(None, (kept.get("token"), *kept.get("cookies", {}).values())))


# ---------------------------------------------------------------------------------------------------------------------
# Authorization code: a person agrees in the browser
# ---------------------------------------------------------------------------------------------------------------------

_AUTHORIZATION_PARAMETERS = ("response_type", "client_id", "redirect_uri", "state", "code_challenge")
_AUTHORIZATION_PARAMETERS += ("code_challenge_method", "scope")


class Authorization(NamedTuple):
    """What is remembered while a person is asked by the authorization server."""

    url: str  # where the person is sent
    state: str  # comes back, and shows that this answer is to our question
    verifier: str  # proves that who asked is who redeems; a secret (RFC 7636)


@scheme
class AuthorizationCode(RefreshToken):
    """A person agrees in the browser; from then on it is as ``RefreshToken`` (RFC 6749 section 4.1, RFC 7636)."""

    name = "oauth2_authorization_code"
    label = _lt("OAuth 2.0, authorization code")
    fields = ("authorize_url", "authorize_parameters", *RefreshToken.fields)
    required = ("authorize_url", "token_url", "client_id")
    _redeemed: tuple[str, ...] = ()

    def secret_values(self):
        return (*super().secret_values(), *self._redeemed)

    def check(self):
        for name in self.options.get("authorize_parameters", {}):
            if name in _AUTHORIZATION_PARAMETERS:
                raise ConfigurationError(_lt("The parameter “%(name)s” is sent already; take it out."), name=name)

    def authorization(self, redirect_uri: str) -> Authorization:
        """A question to the authorization server.

        :param str redirect_uri: where it sends the person back to; it must know this address
        """
        state, verifier = randomness.token_urlsafe(32), randomness.token_urlsafe(64)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        parameters = {
            **self.options.get("authorize_parameters", {}),
            "response_type": "code",
            "client_id": self.options.get("client_id", ""),
            "redirect_uri": redirect_uri,
            "scope": self.options.get("scope"),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        url = address.add_query(self.options.get("authorize_url", ""), address.query_pairs(parameters))
        return Authorization(url, state, verifier)

    def redeem(self, client, code: str, verifier: str, redirect_uri: str) -> str:
        """The refresh token for a code that the person brought back.

        :raises RemoteError: of kind ``auth`` if the code is refused, or there is no refresh token
        """
        self._redeemed = (code, verifier)
        asked = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        answer = self._grant(client, {**asked, "redirect_uri": redirect_uri})
        self._token(answer, self._path)
        refresh_token = answer.document.get("refresh_token")
        if not isinstance(refresh_token, str) or not refresh_token:
            raise AuthFailed("no_refresh_token", status=answer.status, host=address.host_of(answer.url))
        return refresh_token
