"""Credentials go where they belong, tokens are asked for once, and a refusal is told apart from an outage."""

import base64
import contextlib
import threading

import fault_server as faults
import pytest

from integration_bridge.remote import auth
from integration_bridge.remote.auth import SCHEMES, Scheme
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import AuthFailed, RemoteError
from integration_bridge.remote.template import TemplateError
from integration_bridge.remote.tokens import Token, TokenStore

GET = Request("GET", "/records")
FORM = "application/x-www-form-urlencoded"


def make(name, on_secret=None, secret="s3cret!", refresh_token=None, **options):
    options = {"client_id": "app", "token_url": "/token", "login_path": "/token", "username": "ann", **options}
    return SCHEMES[name](options, {"secret": secret, "refresh_token": refresh_token}, "db/1", on_secret)


def failure(client, request=GET):
    with pytest.raises(RemoteError) as caught:
        client.send(request)
    return caught.value


class TokenServer:
    """Gives out tokens t1, t2 ... at /token and accepts only the newest (or ``accepted``) elsewhere."""

    def __init__(self, server, field="access_token"):
        self.server, self.field, self.given, self.accepts = server, field, 0, True
        server.fallback = self.answer

    def answer(self, connection, request):
        if request.path == "/token":
            self.given += 1
            document = {self.field: f"t{self.given}", "token_type": "Bearer"}
            return faults.json_answer(document)(connection, request)
        right = self.accepts and request.headers.get("authorization") == f"Bearer t{self.given}"
        return faults.json_answer({}, 200 if right else 401)(connection, request)

    def forget(self):
        """Reject all tokens given so far."""
        self.given += 10


@pytest.mark.parametrize(
    ("name", "options", "header", "value"),
    [
        ("none", {}, "authorization", None),
        ("basic", {"username": "änn"}, "authorization", "Basic " + base64.b64encode("änn:s3cret!".encode()).decode()),
        ("basic_key", {}, "authorization", "Basic " + base64.b64encode(b"s3cret!:").decode()),
        ("bearer", {}, "authorization", "Bearer s3cret!"),
        ("api_key_header", {"parameter": "X-Key"}, "x-key", "s3cret!"),
        ("api_key_header", {}, "x-api-key", "s3cret!"),
    ],
)
def test_fixed_credentials_go_into_a_header(server, connect, name, options, header, value):
    connect(
        make(name, **options), headers={"authorization": "old"} if value and header == "authorization" else {}
    ).send(GET)
    assert server.requests[0].headers.get(header) == value


def test_api_key_goes_into_the_query_and_replaces_one_of_a_next_address(server, connect):
    answer = connect(make("api_key_query", parameter="key")).send(Request("GET", "/r?key=old&page=2"))
    assert server.requests[0].query == {"page": "2", "key": "s3cret!"}
    assert answer.status == 200
    assert "s3cret" not in answer.url


@pytest.mark.parametrize(
    "name", ["basic", "bearer", "api_key_header", "api_key_query", "oauth2_client_credentials", "login"]
)
def test_missing_credential_is_named_before_anything_is_sent(server, connect, name):
    error = failure(connect(make(name, secret="")))
    assert (error.kind, error.reason, error.sent, server.requests) == ("auth", "no_secret", False, [])


def test_rejected_fixed_credentials_are_sent_once(server, connect):
    server.fallback = faults.json_answer({"message": "Unknown key"}, 401)
    error = failure(connect(make("bearer")))
    assert (error.kind, error.status, len(server.requests)) == ("auth", 401, 1)
    assert "Unknown key" in error.message


def test_client_credentials_ask_once_and_are_kept(server, connect):
    tokens = TokenServer(server)
    for _client in range(2):
        connect(make("oauth2_client_credentials", scope="read")).send(GET)
    asked = server.requests[0]
    assert (asked.method, asked.headers["content-type"], tokens.given) == ("POST", FORM, 1)
    assert asked.form == {
        "grant_type": "client_credentials", "scope": "read", "client_id": "app", "client_secret": "s3cret!",
    }  # fmt: skip
    assert "authorization" not in asked.headers


def test_token_of_other_credentials_is_never_used(server, connect):
    tokens = TokenServer(server)
    connect(make("oauth2_client_credentials")).send(GET)
    connect(make("oauth2_client_credentials", secret="another")).send(GET)
    assert tokens.given == 2


def test_login_gives_a_session_token_in_its_own_header(server, connect):
    server.route("/token", faults.json_answer({"session": {"id": 77}}))
    options = {
        "login_body": '{"user": "{username}", "pass": "{password}", "app": 1}', "token_path": "session.id",
        "token_header": "X-Session", "token_format": "SID {token}",
    }  # fmt: skip
    connect(make("login", **options)).send(GET)
    assert server.requests[0].json == {"user": "ann", "pass": "s3cret!", "app": 1}
    assert server.requests[1].headers["x-session"] == "SID 77"


@pytest.mark.parametrize("body", ['{"a": "{secret}"}', "not json", '{"a": "{"}'])
def test_wrong_login_body_is_refused_when_configured(body):
    with pytest.raises(TemplateError):
        make("login", login_body=body)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_fault_401_in_mid_run_with_refresh_that_works(server, connect, method):
    tokens = TokenServer(server)
    client = connect(make("oauth2_client_credentials"))
    client.send(GET)
    tokens.forget()
    assert client.send(Request(method, "/records", body={"a": 1})).status == 200
    assert [request.path for request in server.requests] == ["/token", "/records", "/records", "/token", "/records"]


def test_fault_401_in_mid_run_with_refresh_that_does_not_help(server, connect):
    tokens = TokenServer(server)
    tokens.accepts = False
    error = failure(connect(make("oauth2_client_credentials")))
    assert (error.kind, error.key, error.status) == ("auth", "status.auth", 401)
    assert [request.path for request in server.requests] == ["/token", "/records", "/token", "/records"]


def in_threads(count, action):
    """Outcome of each of many threads that begin together."""
    outcomes, ready = [], threading.Barrier(count)

    def run():
        ready.wait(5)
        try:
            outcomes.append(action())
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return outcomes


def test_many_threads_that_meet_401_refresh_once(server, connect):
    tokens = TokenServer(server)
    clients = [connect(make("oauth2_client_credentials")) for _ in range(3)]
    clients[0].send(GET)
    tokens.forget()
    numbers = iter(range(12))
    before = tokens.given
    outcomes = in_threads(12, lambda: clients[next(numbers) % 3].send(GET).status)
    assert outcomes == [200] * 12
    assert tokens.given == before + 1


def test_many_threads_without_a_token_ask_once(server, connect):
    tokens = TokenServer(server)
    client = connect(make("login", token_path="access_token"))
    assert in_threads(8, lambda: client.send(GET).status) == [200] * 8
    assert tokens.given == 1


class CountingLock:
    """A lock that tells when it has been taken so many times."""

    def __init__(self, times):
        self._lock, self._left, self.reached = threading.Lock(), times, threading.Event()

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *_error):
        self._left -= 1
        if not self._left:
            self.reached.set()
        self._lock.release()


def test_threads_that_wait_for_a_refresh_that_fails_do_not_try_again():
    store, calls = TokenStore(), []
    # Each of eight threads takes the lock to say that it waits; the one that goes on takes it once more to look.
    store._guard = CountingLock(9)

    def fetch():
        calls.append(store._guard.reached.wait(5))
        raise AuthFailed("token_refused")

    outcomes = in_threads(8, lambda: store.renew("key", None, fetch))
    assert [type(outcome) for outcome in outcomes] == [AuthFailed] * 8
    assert calls == [True]


def test_refresh_that_failed_is_tried_again_by_those_who_come_later():
    store, answers = TokenStore(), [AuthFailed("token_refused"), Token("new", 60)]

    def fetch():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(AuthFailed):
        store.renew("key", "old", fetch)
    store.renew("key", "old", fetch)
    assert store.get("key") == "new"


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (faults.json_answer({"error": "invalid_grant", "error_description": "Expired"}, 400), "auth", "token_refused"),
        (faults.json_answer({"error": "invalid_client"}, 401), "auth", "token_refused"),
        (faults.json_answer({"message": "no"}, 403), "auth", "token_refused"),
        (faults.json_answer({}, 404), "auth", "token_refused"),
        (faults.json_answer({"token": "elsewhere"}), "auth", "bad_token"),
        (faults.json_answer([]), "auth", "bad_token"),
        (faults.json_answer({"access_token": {}}), "auth", "bad_token"),
        (faults.json_answer({"access_token": " "}), "auth", "bad_token"),
        (faults.answer(200, b"<html>"), "protocol", "not_json"),
        (faults.json_answer({}, 500), "unavailable", "status"),
        (faults.json_answer({}, 429, {"Retry-After": "9"}), "throttled", "status"),
        (faults.reset(), "unavailable", "reset"),
    ],
)
@pytest.mark.parametrize("name", ["oauth2_client_credentials", "oauth2_refresh_token"])
def test_refused_token_pauses_and_an_outage_is_tried_again(server, connect, name, answer, kind, reason):
    server.script(answer)
    error = failure(connect(make(name, refresh_token="r1")))
    assert (error.kind, error.reason, len(server.requests)) == (kind, reason, 1)


def test_refresh_token_that_is_replaced_is_handed_over_and_used(server, connect):
    kept = {}
    refreshed = [faults.json_answer({"access_token": f"a{n}", "refresh_token": f"refresh-{n}"}) for n in (2, 3)]
    server.route("/token", *refreshed)
    old, same = (make("oauth2_refresh_token", kept.__setitem__, refresh_token="refresh-1") for _ in range(2))
    client, other = connect(old), connect(same)
    client.send(GET)
    assert kept == {"refresh_token": "refresh-2"}
    # Another instance with the old refresh token, and a new one with the stored: no further request for a token.
    other.send(GET)
    connect(make("oauth2_refresh_token", refresh_token="refresh-2")).send(GET)
    assert [request.path for request in server.requests].count("/token") == 1
    # The next refresh is made with the replacement, also by the instance that knows only the first one.
    server.script(faults.json_answer({}, 401))
    other.send(GET)
    asked = [request.form["refresh_token"] for request in server.requests if request.path == "/token"]
    assert asked == ["refresh-1", "refresh-2"]
    assert kept == {"refresh_token": "refresh-3"}
    assert {"refresh-1", "refresh-3", "a3"} <= set(same.secret_values())


def test_public_client_sends_no_client_secret(server, connect):
    TokenServer(server)
    connect(make("oauth2_refresh_token", secret=None, refresh_token="refresh-1")).send(GET)
    assert server.requests[0].form == {
        "grant_type": "refresh_token", "refresh_token": "refresh-1", "client_id": "app",
    }  # fmt: skip


def test_token_may_come_from_another_host_which_sees_no_other_credentials(server, connect):
    with faults.FaultServer() as login:
        login.fallback = faults.json_answer({"access_token": "t-0001"})
        client = connect(
            make("oauth2_client_credentials", token_url=login.url + "/t"), headers={"X-Extra": "extra-secret"}
        )
        client.send(GET)
        assert "extra-secret" not in repr(login.requests)
        assert server.requests[0].headers["authorization"] == "Bearer t-0001"


@pytest.mark.parametrize("name", ["login", "oauth2_client_credentials", "oauth2_refresh_token"])
def test_no_credential_is_in_the_exchanges_of_a_token_request(server, connect, name):
    seen = []
    server.route(
        "/token", faults.json_answer({"token": "tok-4711", "access_token": "tok-4711", "refresh_token": "ref-4712"})
    )
    server.route("/records", faults.json_answer({"echo": "tok-4711", "again": "ref-4712"}))
    connect(make(name, refresh_token="ref-4700"), seen.append).send(GET)
    shown = repr(seen)
    assert len(seen) == 2
    assert not [text for text in ("s3cret!", "tok-4711", "ref-4700") if text in shown]
    if name == "oauth2_refresh_token":
        assert "ref-4712" not in shown


def test_basic_credentials_do_not_survive_in_base64(server, connect):
    seen = []
    server.fallback = lambda connection, request: faults.json_answer(
        {"message": f"bad header {request.headers['authorization']}"}, 400
    )(connection, request)
    error = failure(connect(make("basic"), seen.append))
    encoded = base64.b64encode(b"ann:s3cret!").decode()
    assert encoded not in repr(seen) + error.message + error.excerpt
    assert encoded in repr(server.requests)


@pytest.mark.parametrize(
    ("answer", "option", "life"),
    [
        ({"expires_in": 600}, None, 600), ({"expires_in": "600"}, 100, 600), ({}, 100, 100), ({}, None, 3600),
        ({"expires_in": 0}, None, 3600), ({"expires_in": "soon"}, "50", 50), ({"expires_in": 1e300}, None, 30 * 86400),
    ],
)  # fmt: skip
def test_life_of_a_token(answer, option, life):
    assert make("login", token_seconds=option)._life(answer) == life


@pytest.mark.parametrize(("life", "kept", "gone"), [(3600, 3539, 3541), (100, 89, 91)])
def test_token_is_renewed_before_its_end(life, kept, gone):
    now = [0.0]
    store = TokenStore(timer=lambda: now[0])
    store.put("key", Token("value", life))
    now[0] = kept
    assert store.get("key") == "value"
    now[0] = gone
    assert store.get("key") is None


def test_another_addon_can_add_a_scheme(server, connect, monkeypatch):
    monkeypatch.setattr(auth, "SCHEMES", dict(SCHEMES))

    @auth.scheme
    class Signed(Scheme):
        name = "signed"

        def apply(self, headers, query):
            query.append(("signed", "yes"))

    connect(auth.SCHEMES["signed"]({}, {}, "k")).send(GET)
    assert server.requests[0].query == {"signed": "yes"}


@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_says_what_it_is_and_needs(name):
    cls = SCHEMES[name]
    assert cls.name == name and cls.label and cls.__doc__
    assert set(cls.secrets) <= {"secret", "refresh_token", "token_secret"}


class SharedByHand:
    """What processes share, without a database."""

    def __init__(self, refresh_token):
        self.tokens, self.current = {}, refresh_token

    @contextlib.contextmanager
    def lock(self):
        yield

    def load(self, key):
        return self.tokens.get(key)

    def save(self, key, token):
        self.tokens[key] = token

    def refresh_token(self):
        return self.current

    def keep(self, _name, value):
        self.current = value


def test_another_process_goes_on_with_the_token_and_the_replaced_refresh_token(server, connect):
    given = []

    def answer(connection, request):
        if request.path == "/token":
            given.append(request.form["refresh_token"])
            document = {"access_token": f"t{len(given)}", "refresh_token": f"r{len(given)}"}
            return faults.json_answer(document)(connection, request)
        right = request.headers.get("authorization") == f"Bearer t{len(given)}"
        return faults.json_answer({}, 200 if right else 401)(connection, request)

    server.fallback = answer
    shared = SharedByHand("r0")
    for _process in range(2):
        auth.forget_tokens()
        scheme = SCHEMES["oauth2_refresh_token"](
            {"token_url": f"{server.url}/token"}, {"refresh_token": "r0"}, "db/1", shared.keep, shared
        )
        assert connect(scheme).send(GET).status == 200
    assert given == ["r0"], "asked for once"
    assert [request.path for request in server.requests].count("/token") == 1
    assert len(server.requests) == 3, "no request went without credentials"


# --- What a token address wants in its own way


class StrictTokenServer(TokenServer):
    """Takes the client only where it says, and wants an audience."""

    def answer(self, connection, request):
        if request.path == "/token":
            self.asked = request
            basic = "Basic " + base64.b64encode(b"app%3A1:s3c%26ret%21").decode()
            if request.headers.get("authorization") != basic or "client_secret" in request.form:
                return faults.json_answer({"error": "invalid_client"}, 401)(connection, request)
            if request.form.get("audience") != "https://api.example.com":
                return faults.json_answer({"error": "access_denied"}, 403)(connection, request)
        return super().answer(connection, request)


PARAMETERS = {"audience": "https://api.example.com", "resource": 7, "offline": True}


@pytest.mark.parametrize("name", ["oauth2_client_credentials", "oauth2_refresh_token"])
def test_client_may_stand_in_the_header_and_further_parameters_in_the_body(server, connect, name):
    strict = StrictTokenServer(server)
    options = {"client_id": "app:1", "client_in": "header", "token_parameters": PARAMETERS}
    scheme = make(name, secret="s3c&ret!", refresh_token="r1", **options)
    connect(scheme).send(GET)
    assert strict.asked.form["audience"] == "https://api.example.com"
    assert (strict.asked.form["resource"], strict.asked.form["offline"]) == ("7", "true")
    assert "client_id" not in strict.asked.form
    assert base64.b64encode(b"app%3A1:s3c%26ret%21").decode() in scheme.secret_values()


def test_client_in_the_body_is_refused_by_a_server_that_wants_the_header(server, connect):
    StrictTokenServer(server)
    error = failure(connect(make("oauth2_client_credentials", client_id="app:1", secret="s3c&ret!")))
    assert (error.kind, error.reason) == ("auth", "token_refused")
    assert "invalid_client" in error.message


def test_client_without_a_secret_stands_in_the_body(server, connect):
    seen = TokenServer(server)
    connect(make("oauth2_refresh_token", secret=None, refresh_token="r1", client_in="header")).send(GET)
    asked = next(request for request in seen.server.requests if request.path == "/token")
    assert asked.form["client_id"] == "app" and "authorization" not in asked.headers


def test_further_parameters_replace_nothing_that_is_sent_anyway(server, connect):
    seen = TokenServer(server)
    connect(make("oauth2_client_credentials", token_parameters={"grant_type": "x", "client_id": "y"})).send(GET)
    asked = next(request for request in seen.server.requests if request.path == "/token")
    assert (asked.form["grant_type"], asked.form["client_id"]) == ("client_credentials", "app")


def test_key_as_user_name_is_a_secret_in_each_form():
    assert set(make("basic_key").secret_values()) == {"s3cret!", base64.b64encode(b"s3cret!:").decode()}
    with pytest.raises(AuthFailed):
        make("basic_key", secret="").apply({}, [])
