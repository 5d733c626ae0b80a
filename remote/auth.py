"""Authentication schemes: what a request must carry so that the other system knows who asks.

Those that sign are in ``signing.py``, further ways to a token in ``grants.py``. A new scheme is one class with the
decorator ``@scheme``. Options and secrets are those of the connector; which of them a scheme uses stands in its
``fields`` and ``secrets``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import threading
from urllib.parse import quote_plus

import cachetools
import jmespath
from requests.auth import AuthBase

from . import address
from .errors import AuthFailed, RemoteError, _lt
from .exchange import Request
from .template import TemplateError, render, text_of, validate
from .tokens import Token, TokenStore

SCHEMES: dict[str, type[Scheme]] = {}
TOKENS = TokenStore()

# What a connector can say about its authentication; a scheme's ``fields`` are some of these.
OPTIONS = (
    "username",
    "parameter",
    "token_url",
    "client_id",
    "scope",
    "login_path",
    "login_method",
    "login_body",
    "token_path",
    "token_header",
    "token_format",
    "token_seconds",
    "client_in",
    "token_parameters",
    "token_cookie",
    "csrf_path",
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
    "token_id",
    "realm",
    "region",
    "service",
    "jwt_algorithm",
    "jwt_key_id",
    "jwt_claims",
    "authorize_url",
    "authorize_parameters",
)
JSON_OPTIONS = ("login_body", "token_parameters", "jwt_claims", "authorize_parameters")  # what a person writes as JSON
FIXED_PARAMETERS = ("grant_type", "client_id", "client_secret", "refresh_token", "scope")  # of a token request

# Life of a token whose answer says nothing, in seconds. RFC 6749 section 5.1 leaves it open; an hour is customary, and
# a token that dies earlier is noticed by its 401.
DEFAULT_TOKEN_SECONDS = 3600.0
_LONGEST_TOKEN_SECONDS = 30 * 86400.0
# OAuth errors that no repetition cures: RFC 6749 section 5.2.
_REFUSALS = (400, 401, 403, 404, 422)


def scheme(cls):
    """Register a scheme under its ``name``."""
    SCHEMES[cls.name] = cls
    return cls


class Scheme(AuthBase):
    """One way to authenticate. It signs the final request, on every way to the connector's own origin.

    :param dict options: what the connector says, see ``fields``
    :param dict secrets: credentials, see ``secrets``
    :param str cache_key: names the connector (and database) among all that share this process
    :param on_secret: called with name and value when the remote replaces a credential, which must then be stored
    :param shared: keeps a session token for all processes: ``lock()``, ``load(key)``, ``save(key, token)`` and
        ``refresh_token()``; None if there is only this one
    """

    name = ""
    label = ""
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()  # fields that must be filled in
    secrets: tuple[str, ...] = ()
    can_refresh = False

    def __init__(self, options: dict, secrets: dict, cache_key: str, on_secret=None, shared=None):
        self.options = {name: value for name, value in options.items() if value not in (None, "")}
        self._secrets = dict(secrets)
        self.cache_key = cache_key
        self._on_secret = on_secret or (lambda name, value: None)
        self._shared = shared

    def check(self) -> None:
        """Called when the connector is saved, with the secrets that were typed just now, if any.

        :raises ConfigurationError, AuthFailed: what is wrong with the options
        """

    def prepare(self, client) -> None:
        """Called before a request: fetch what is needed to sign it, if it is not there."""

    def __call__(self, request):
        """Sign a request, whose method, address, headers and body are final.

        :param Outgoing request: may be changed; its ``token`` says which session token was used
        :return: the request to send
        :raises AuthFailed: a credential is missing
        """
        pairs = []
        request.token = self.apply(request.headers, pairs)
        request.url = address.add_query(request.url, pairs)
        return request

    def apply(self, headers: dict, query: list) -> str | None:
        """Add credentials to the headers, or (as pairs) to the query: all that a simple scheme needs to do.

        :return: the session token used, if there is one
        """

    def try_again(self, client, status: int, headers, rejected_token) -> bool:
        """Called when a request was refused: may it be sent once more, signed anew?

        :param headers: of the answer
        :param rejected_token: the ``token`` of the request
        :raises RemoteError: of kind ``auth`` if the credentials are refused
        """
        if status != 401 or not self.can_refresh:
            return False
        self.refresh(client, rejected_token)
        return True

    def refresh(self, client, rejected_token) -> None:
        """Get a new token in place of the rejected one.

        :raises RemoteError: of kind ``auth`` if the credentials are refused
        """

    def secret_values(self) -> tuple[str, ...]:
        """Every text that must not be shown."""
        return tuple(value for value in self._secrets.values() if value)

    def secret(self, name: str = "secret") -> str:
        """:raises AuthFailed: it was not entered (reason ``no_secret``)"""
        value = self._secrets.get(name)
        if not value:
            raise AuthFailed("no_secret", sent=False, name=name)
        return value


@scheme
class NoScheme(Scheme):
    """Nothing: a public or trusted system."""

    name = "none"
    label = _lt("None")


@scheme
class Basic(Scheme):
    """User name and password in every request (RFC 7617), in UTF-8."""

    name = "basic"
    label = _lt("User name and password (Basic)")
    fields = ("username",)
    secrets = ("secret",)

    def apply(self, headers, query):
        headers["Authorization"] = basic_credentials(self.options.get("username", ""), self.secret())

    def secret_values(self):
        own = super().secret_values()
        return own + tuple(basic_credentials(self.options.get("username", ""), value)[6:] for value in own)


def basic_credentials(username: str, password: str) -> str:
    """Value of the Authorization header (RFC 7617 section 2)."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@scheme
class BasicKey(Scheme):
    """A key in the place of the user name, and no password (RFC 7617)."""

    name = "basic_key"
    label = _lt("API key as user name (Basic)")
    secrets = ("secret",)

    def apply(self, headers, query):
        headers["Authorization"] = basic_credentials(self.secret(), "")

    def secret_values(self):
        own = super().secret_values()
        return own + tuple(basic_credentials(value, "")[6:] for value in own)


@scheme
class Bearer(Scheme):
    """A fixed token in every request (RFC 6750 section 2.1)."""

    name = "bearer"
    label = _lt("Bearer token")
    secrets = ("secret",)

    def apply(self, headers, query):
        headers["Authorization"] = f"Bearer {self.secret()}"


@scheme
class ApiKeyHeader(Scheme):
    """A key in a header of its own, such as ``X-API-Key``."""

    name = "api_key_header"
    label = _lt("API key in a header")
    fields = ("parameter",)
    secrets = ("secret",)

    def apply(self, headers, query):
        headers[self.options.get("parameter", "X-API-Key")] = self.secret()


@scheme
class ApiKeyQuery(Scheme):
    """A key as a parameter of the address, such as ``?api_key=``."""

    name = "api_key_query"
    label = _lt("API key in the address")
    fields = ("parameter",)
    secrets = ("secret",)

    def apply(self, headers, query):
        query.append((self.options.get("parameter", "api_key"), self.secret()))


@scheme
class ApiKeyCookie(Scheme):
    """A token in a cookie (RFC 6265)."""

    name = "api_key_cookie"
    label = _lt("Token in a cookie")
    fields = ("parameter",)
    secrets = ("secret",)

    def apply(self, headers, query):
        add_cookies(headers, {self.options.get("parameter", "session"): self.secret()})


def add_cookies(headers: dict, cookies: dict) -> None:
    """Put cookies before those that are in the Cookie header already (RFC 6265 section 4.2)."""
    pairs = [f"{name}={value}" for name, value in cookies.items()]
    headers["Cookie"] = "; ".join(filter(None, [*pairs, headers.get("Cookie")]))


class TokenScheme(Scheme):
    """A token that is asked for, kept until it expires or is rejected, and then asked for again."""

    can_refresh = True

    @property
    def _key(self):
        """Names the token: other credentials must never be served by the token of these."""
        return self._key_of(self._secrets)

    def _key_of(self, secrets):
        told = json.dumps([self.name, self.options, secrets], sort_keys=True, default=str)
        return self.cache_key, hashlib.sha256(told.encode()).hexdigest()

    def _current(self) -> str | None:
        """The token that is kept, if it is still good."""
        return TOKENS.get(self._key)

    def prepare(self, client):
        if self._current() is None:
            self.refresh(client, None)

    def apply(self, headers, query):
        token = self._current()
        if token is not None:
            header = self.options.get("token_header", "Authorization")
            headers[header] = self.options.get("token_format", "Bearer {token}").replace("{token}", token)
        return token

    def refresh(self, client, rejected_token):
        TOKENS.renew(self._key, rejected_token, lambda: self._fetch_for_all(client, rejected_token))

    def _fetch_for_all(self, client, rejected_token) -> Token:
        """A token that another process has got meanwhile, or a new one for all of them."""
        if self._shared is None:
            return self._fetch(client)
        with self._shared.lock():
            self._catch_up()
            token = self._shared.load(self._key[1])
            if token is None or token.value == rejected_token:
                token = self._fetch(client)
                self._shared.save(self._key[1], token)
            TOKENS.put(self._key, token)  # what was caught up with may have changed the key
            return token

    def _catch_up(self):
        """Take over what other processes have changed of the credentials."""

    def secret_values(self):
        return tuple(filter(None, (*super().secret_values(), self._current())))

    def _fetch(self, client) -> Token:
        raise NotImplementedError

    def _ask(self, client, request: Request, needs_document=True):
        """Send a token request; a refusal is a matter of credentials, whatever status the remote chose for it."""
        try:
            return client.ask_token(request, needs_document)
        except RemoteError as error:
            if error.status not in _REFUSALS:
                raise
            values = {**error.values, "status": error.status, "excerpt": error.excerpt}
            raise AuthFailed("token_refused", **values) from error

    def _token(self, answer, path) -> Token:
        """:raises AuthFailed: there is no text at the path (reason ``bad_token``)"""
        value = path.search(answer.document)
        if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
            raise self._no_token(answer, path.expression)
        return Token(str(value), self._life(answer.document))

    def _no_token(self, answer, place) -> AuthFailed:
        host = address.host_of(answer.url)
        return AuthFailed("bad_token", host=host, status=answer.status, problem=f"nothing at {place}")

    def _life(self, document) -> float:
        said = document.get("expires_in") if isinstance(document, dict) else None
        for seconds in (said, self.options.get("token_seconds"), DEFAULT_TOKEN_SECONDS):
            try:
                number = float(seconds)
            except (TypeError, ValueError):
                continue
            if math.isfinite(number) and number > 0:
                return min(number, _LONGEST_TOKEN_SECONDS)
        raise AssertionError("the default is a number")


class OAuth2(TokenScheme):
    """What the grants of OAuth 2.0 have in common (RFC 6749)."""

    fields = ("token_url", "client_id", "client_in", "scope", "token_parameters")
    required = ("token_url",)
    secrets = ("secret",)
    _path = jmespath.compile("access_token")

    def _grant(self, client, body: dict):
        headers, owner = self._owner()
        scope = {"scope": self.options.get("scope")}
        body = {**self.options.get("token_parameters", {}), **scope, **owner, **body}
        body = {name: text_of(value) for name, value in body.items() if value is not None}
        url = self.options.get("token_url", "")
        return self._ask(client, Request("POST", url, headers=headers, body=body, body_format="form"))

    def _owner(self):
        """Client id and secret, as headers and as a part of the body.

        RFC 6749 section 2.3.1: a server must take the header and may take the body, and nearly all take the body.
        """
        client_id, secret = self.options.get("client_id", ""), self._secrets.get("secret") or None
        if self.options.get("client_in") != "header" or not secret:
            return {}, {"client_id": client_id, "client_secret": secret}
        return {"Authorization": basic_credentials(quote_plus(client_id), quote_plus(secret))}, {}

    def secret_values(self):
        secret = self._secrets.get("secret")
        if not secret or self.options.get("client_in") != "header":
            return super().secret_values()
        return (*super().secret_values(), self._owner()[0]["Authorization"][6:])


@scheme
class ClientCredentials(OAuth2):
    """The connector asks in its own name (RFC 6749 section 4.4)."""

    name = "oauth2_client_credentials"
    label = _lt("OAuth 2.0, client credentials")
    fields = (*OAuth2.fields, "token_header", "token_format", "token_seconds")

    def _fetch(self, client):
        self.secret()
        return self._token(self._grant(client, {"grant_type": "client_credentials"}), self._path)


@scheme
class RefreshToken(OAuth2):
    """The connector asks in the name of a person who agreed once (RFC 6749 section 6).

    The server may replace the refresh token each time and refuse the old one; then other instances of this scheme in
    the process, which were made with the old one, must go on with the new one.
    """

    name = "oauth2_refresh_token"
    label = _lt("OAuth 2.0, refresh token")
    fields = (*OAuth2.fields, "token_header", "token_format", "token_seconds")
    secrets = ("secret", "refresh_token")

    _replaced = cachetools.LRUCache(1024)
    _replacing = threading.Lock()

    @classmethod
    def forget_replaced(cls) -> None:
        with cls._replacing:
            cls._replaced.clear()

    def _follow(self) -> str:
        """The refresh token that replaced the one this instance was made with."""
        current = self.secret("refresh_token")
        with self._replacing:
            while (self.cache_key, current) in self._replaced:
                current = self._replaced[self.cache_key, current]
        return current

    @property
    def _key(self):
        if not self._secrets.get("refresh_token"):
            return super()._key
        return self._key_of({**self._secrets, "refresh_token": self._follow()})

    def secret_values(self):
        return (*super().secret_values(), *([self._follow()] if self._secrets.get("refresh_token") else []))

    def _catch_up(self):
        newest, own = self._shared.refresh_token(), self._secrets.get("refresh_token")
        if newest and own and newest != self._follow():
            with self._replacing:
                self._replaced.pop((self.cache_key, newest), None)
                if newest != own:
                    self._replaced[self.cache_key, own] = newest

    def _fetch(self, client):
        current = self._follow()
        answer = self._grant(client, {"grant_type": "refresh_token", "refresh_token": current})
        token = self._token(answer, self._path)
        new = answer.document.get("refresh_token")
        if isinstance(new, str) and new and new != current:
            self._replace(current, new, token)
        return token

    def _replace(self, current, new, token):
        with self._replacing:
            self._replaced.pop((self.cache_key, new), None)  # a server that goes back must not make us go in a circle
            self._replaced[self.cache_key, current] = new
        TOKENS.put(self._key, token)
        self._on_secret("refresh_token", new)


@scheme
class Login(TokenScheme):
    """A call with user name and password gives a session token for the calls that follow."""

    name = "login"
    label = _lt("Login call")
    fields = (
        "username",
        "login_path",
        "login_method",
        "login_body",
        "token_path",
        "token_cookie",
        "token_header",
        "token_format",
        "token_seconds",
    )
    required = ("login_path",)
    secrets = ("secret",)
    _DEFAULT_BODY = {"username": "{username}", "password": "{password}"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._path = jmespath.compile(self.options.get("token_path", "token"))
        validate(self._body_template, {"username", "password"})

    @property
    def _body_template(self):
        """:raises TemplateError: ``login_body`` is a text that is not JSON"""
        body = self.options.get("login_body", self._DEFAULT_BODY)
        if not isinstance(body, str):
            return body
        try:
            return json.loads(body)
        except ValueError as error:
            raise TemplateError(_lt("The body of the login call is not a JSON document.")) from error

    def _fetch(self, client):
        variables = {"username": self.options.get("username"), "password": self.secret()}
        method = self.options.get("login_method", "POST")
        body = render(self._body_template, variables) if method.upper() != "GET" else None
        cookie, request = (
            self.options.get("token_cookie"),
            Request(method, self.options.get("login_path", ""), body=body),
        )
        answer = self._ask(client, request, needs_document=not cookie)
        if not cookie:
            return self._token(answer, self._path)
        if not answer.cookies.get(cookie):
            raise self._no_token(answer, f"Set-Cookie: {cookie}")
        return Token(answer.cookies[cookie], self._life(answer.document))

    def apply(self, headers, query):
        cookie, token = self.options.get("token_cookie"), self._current()
        if not cookie:
            return super().apply(headers, query)
        if token is not None:
            add_cookies(headers, {cookie: token})
        return token


def forget_tokens() -> None:
    """Drop every token and replaced refresh token that this process knows (for tests, and after a restore)."""
    TOKENS.clear()
    RefreshToken.forget_replaced()
