"""A small authorization server of OAuth 2.0 with PKCE (RFC 6749, 7636), and an API that takes its tokens.

A person who opens its ``/authorize`` agrees at once (or not, see ``agrees``). Needs only the standard library.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from urllib.parse import urlencode

try:
    from .fault_server import FaultServer, json_answer, redirect
except ImportError:  # the unit tests import the servers without their package
    from fault_server import FaultServer, json_answer, redirect


class AuthorizationServer(FaultServer):
    """Gives codes, tokens for codes, and tokens for refresh tokens.

    :param str redirect_uri: the only one that it knows
    :param answer: answers a request of the API that has a good token, as the answers of a ``FaultServer``
    :ivar bool agrees: whether the person agrees
    :ivar bool gives_refresh: whether a refresh token is given
    :ivar list refreshed: refresh tokens that were used
    """

    client_id, client_secret = "bridge", "client-secret-4711"

    def __init__(self, redirect_uri, answer=None):
        super().__init__()
        self.redirect_uri, self._api = redirect_uri, answer or json_answer({})
        self.agrees = self.gives_refresh = True
        self.codes, self.refresh_tokens, self.access_tokens = {}, set(), set()
        self.refreshed: list[str] = []
        self.fallback = self._answer

    def _answer(self, connection, request):
        paths = {"/authorize": self._authorize, "/token": self._token}
        paths.get(request.path, self._resource)(connection, request)

    def _authorize(self, connection, request):
        asked = request.query
        well_formed = (
            (asked.get("client_id"), asked.get("redirect_uri")) == (self.client_id, self.redirect_uri)
            and (asked.get("response_type"), asked.get("code_challenge_method")) == ("code", "S256")
            and len(asked.get("code_challenge", "")) == 43
        )
        if not well_formed:
            return json_answer({"error": "invalid_request"}, 400)(connection, request)
        back = {"state": asked.get("state", "")}
        if self.agrees:
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked["code_challenge"]
            back["code"] = code
        else:
            back |= {"error": "access_denied", "error_description": "The <b>person</b> said no"}
        return redirect(f"{self.redirect_uri}?{urlencode(back)}")(connection, request)

    def _token(self, connection, request):
        asked = request.form
        if (asked.get("client_id"), asked.get("client_secret")) != (self.client_id, self.client_secret):
            return json_answer({"error": "invalid_client"}, 401)(connection, request)
        if asked.get("grant_type") == "authorization_code":
            challenge = self.codes.pop(asked.get("code"), None)  # a code counts once
            verifier = asked.get("code_verifier", "")
            proof = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
            is_right = challenge == proof and 43 <= len(verifier) <= 128 and asked["redirect_uri"] == self.redirect_uri
        else:
            used = asked.get("refresh_token")
            self.refreshed.append(used)
            is_right = asked.get("grant_type") == "refresh_token" and used in self.refresh_tokens
            self.refresh_tokens.discard(used)  # it is replaced each time
        if not is_right:
            return json_answer({"error": "invalid_grant"}, 400)(connection, request)
        token = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 3600}
        self.access_tokens.add(token["access_token"])
        if self.gives_refresh:
            token["refresh_token"] = secrets.token_urlsafe(16)
            self.refresh_tokens.add(token["refresh_token"])
        return json_answer(token)(connection, request)

    def _resource(self, connection, request):
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self.access_tokens:
            return json_answer({"message": "Unknown token"}, 401)(connection, request)
        return self._api(connection, request)
