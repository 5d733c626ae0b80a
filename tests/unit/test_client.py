"""What is sent is what was asked, and every fault of the remote ends in one RemoteError of the right kind.

The faults are those of DESIGN.md, "Faults", that the client can see, each against a real socket.
"""

import gzip
import json
import resource
import socket
import threading
import time
import zlib

import fault_server as faults
import pytest

from integration_bridge.remote.auth import Bearer
from integration_bridge.remote.client import Client, Request, Settings
from integration_bridge.remote.connection import Deadline
from integration_bridge.remote.errors import ProtocolError, Rejected, RemoteError, Unavailable

PATIENCE = 30  # seconds that what is not meant to be over may take

GET = Request("GET", "/records")
POST = Request("POST", "/records", body={"a": 1})


def failure(client, request=GET):
    with pytest.raises(RemoteError) as caught:
        client.send(request)
    return caught.value


# --- What is sent


@pytest.mark.parametrize(
    ("base", "path", "query", "target"),
    [
        ("", "/records", {}, "/records"),
        ("/v1", "/records", {}, "/v1/records"),
        ("/v1/", "records", {"a": 1}, "/v1/records?a=1"),
        ("/v1", "", {}, "/v1"),
        ("", "/r?x=1&token=%2f", {"y": "a b"}, "/r?x=1&token=%2F&y=a+b"),
        ("", "/r?x=1&y=2", {"x": 3}, "/r?y=2&x=3"),
        ("", "/r", [("a", 1), ("a", True), ("b", None)], "/r?a=1&a=true"),
        ("", "/r", {"a": [1, None, 2], "created": {"gte": 5}}, "/r?a=1&a=2&created%5Bgte%5D=5"),
        ("", "/r/a%2Fb", {}, "/r/a%2Fb"),
    ],
)
def test_address_is_base_path_and_query(server, connect, base, path, query, target):
    answer = connect(base_url=server.url + base).send(Request("GET", path, query))
    assert server.requests[0].target == target
    assert answer.url == server.url + server.requests[0].target or "%2f" in path


@pytest.mark.parametrize(
    ("body", "body_format", "sent", "content_type"),
    [
        ({"a": "é"}, "json", '{"a": "é"}'.encode(), "application/json"),
        ([1], "json", b"[1]", "application/json"),
        ({"m": {"k": "a b"}}, "form", b"m%5Bk%5D=a+b", "application/x-www-form-urlencoded"),
        (None, "json", b"", None),
    ],
)
def test_body_is_json_or_form(server, connect, body, body_format, sent, content_type):
    connect().send(Request("POST", "/", body=body, body_format=body_format))
    assert (server.requests[0].body, server.requests[0].headers.get("content-type")) == (sent, content_type)


def test_headers_of_request_go_before_those_of_the_connector(server, connect):
    connect(headers={"X-A": "1", "Accept-Language": "en"}).send(Request("GET", "/", headers={"x-a": "2", "X-B": "ü"}))
    headers = server.requests[0].headers
    assert (headers["x-a"], headers["accept-language"], headers["accept"]) == ("2", "en", "application/json")
    assert headers["x-b"].encode("latin-1").decode() == "ü"


@pytest.mark.parametrize("headers", [{"X-A": "1\r\nX-B: 2"}, {"X-A\n": "1"}, {"X A": "1"}, {"X-A": "\x00"}])
def test_header_that_would_change_the_request_is_refused(server, connect, headers):
    error = failure(connect(), Request("GET", "/", headers=headers))
    assert (error.kind, error.reason, error.sent, server.requests) == ("rejected", "bad_header", False, [])


@pytest.mark.parametrize("url", ["ftp://a.example", "//a.example", "a.example", "http://", "file:///etc/passwd", ""])
def test_base_address_must_be_http(url):
    with pytest.raises(Rejected) as caught:
        Client(Settings(url))
    assert caught.value.reason == "bad_url"


def test_answer_carries_document_headers_and_figures(server, connect):
    server.script(faults.json_answer([{"id": 1}], headers={"Next-Page": "x", "X-Many": "a"}))
    answer = connect().send(GET)
    assert (answer.status, answer.document, answer.headers["next-page"]) == (200, [{"id": 1}], "x")
    assert (answer.size, answer.raw) == (11, b'[{"id": 1}]')
    assert 0 < answer.seconds < 5


def test_connections_are_kept_also_after_an_empty_answer_and_an_error(server, connect):
    client = connect()
    server.script(faults.answer(204), faults.json_answer({"message": "no"}, 422), faults.gzipped(b"{}"))
    assert client.send(GET).document is None
    assert failure(client).status == 422
    client.send(GET)
    client.send(GET)
    assert server.connections == 1


def test_proxies_of_the_environment_are_ignored(server, connect, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert connect().send(GET).status == 200


@pytest.mark.parametrize(
    ("method", "answer", "accept", "document"),
    [
        ("GET", faults.answer(204), (), None),
        ("DELETE", faults.answer(200), (), None),
        ("PUT", faults.answer(200), (), None),
        ("POST", faults.answer(201), (), None),
        ("POST", faults.answer(202), (), None),
        ("HEAD", faults.raw(faults.head(200, {"Content-Length": 10})), (), None),
        ("GET", faults.raw(faults.head(304, {"Content-Length": 10})), (304,), None),
        ("GET", faults.json_answer({"gone": 1}, 404), (404,), {"gone": 1}),
        ("GET", faults.answer(404, b"<html>", content_type="text/html"), (404,), None),
        ("GET", faults.answer(200, b"\xef\xbb\xbf[1]"), (), [1]),
        ("GET", faults.answer(200, b'"a\\u0000b"'), (), "ab"),
        ("GET", faults.gzipped(b"[1]"), (), [1]),
        ("GET", faults.answer(200, gzip.compress(b"[1") + gzip.compress(b"]"), {"Content-Encoding": "gzip"}), (), [1]),
        ("GET", faults.answer(200, zlib.compress(b"[1]"), {"Content-Encoding": "deflate"}), (), [1]),
        ("GET", faults.answer(200, zlib.compress(b"[1]")[2:-4], {"Content-Encoding": "deflate"}), (), [1]),
        ("GET", faults.chunked(b"[", b"1", b"]"), (), [1]),
        ("GET", faults.without_length(b"[1]"), (), [1]),
    ],
)  # fmt: skip
def test_good_answers_in_every_form(server, connect, method, answer, accept, document):
    server.script(answer)
    assert connect().send(Request(method, "/records"), accept).document == document


# --- Faults: no connection, nothing sent


def test_fault_refused(connect):
    with faults.nobody_listens() as url:
        error = failure(connect(base_url=url), POST)
    assert (error.kind, error.reason, error.sent) == ("unavailable", "refused", False)
    assert url.rpartition(":")[2] in error.message


def test_fault_name_not_found(connect):
    error = failure(connect(base_url="http://name.invalid"), POST)
    assert (error.kind, error.reason, error.sent) == ("unavailable", "dns", False)


def test_fault_private_address(server, connect):
    error = failure(connect(allowed_addresses=()), POST)
    assert (error.kind, error.reason, error.sent) == ("rejected", "blocked_address", False)
    assert server.connections == 0


def test_fault_timeout_before_the_request_was_sent(connect):
    with faults.nobody_accepts() as url:
        error = failure(connect(base_url=url, connect_timeout=0.1), POST)
    assert (error.kind, error.key, error.sent) == ("unavailable", "timeout.connect", False)
    assert "0.1 s" in error.message


def test_name_is_resolved_once_and_the_checked_address_is_the_one_called(server, connect, monkeypatch):
    asked = []

    def rebinding(host, port, *_rest):
        asked.append(host)
        where = "127.0.0.1" if len(asked) == 1 else "10.255.255.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    client = connect(base_url=f"http://crm.example:{server.port}", allowed_addresses=("127.0.0.1",))
    client.send(GET)
    assert asked == ["crm.example"]
    assert server.requests[0].headers["host"] == f"crm.example:{server.port}"


def test_second_address_of_a_name_is_tried(server, connect, monkeypatch):
    def two(host, port, *_rest):
        refused = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 1))
        return [refused, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    assert connect(base_url=f"http://crm.example:{server.port}").send(GET).status == 200


# --- Faults: the request was sent, the answer is missing or broken

BODY = b'{"data": [1, 2, 3]}'
OPEN = faults.head(200, {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        pytest.param(faults.silence(), "timeout.read", id="timeout after the request was sent"),
        pytest.param(faults.raw(OPEN + b"["), "timeout.read", id="silence in the body"),
        pytest.param(faults.raw(b"HTTP/1.1 200 O"), "timeout.read", id="silence in the head"),
        pytest.param(faults.reset(), "reset", id="connection reset"),
        pytest.param(faults.hang_up(), "reset", id="closed without an answer"),
        pytest.param(faults.truncated(BODY), "truncated", id="truncated with a length"),
        pytest.param(faults.truncated(b""), "truncated", id="nothing of a body with a length"),
        pytest.param(faults.chunked(BODY, end=b""), "truncated", id="truncated between chunks"),
        pytest.param(faults.chunked(end=b"ff\r\nshort"), "truncated", id="truncated in a chunk"),
        pytest.param(faults.chunked(BODY, end=b"zz\r\n"), "truncated", id="broken chunk"),
        pytest.param(faults.without_length(b'{"da', abort=True), "truncated", id="reset in a body without length"),
        pytest.param(
            faults.answer(200, gzip.compress(BODY)[:-9], {"Content-Encoding": "gzip"}), "truncated", id="gzip cut off"
        ),
        pytest.param(faults.drip(before=OPEN), "timeout.total", id="endless drip in the body"),
        pytest.param(faults.drip(b"x", before=b"HTTP/1.1 200 "), "timeout.total", id="endless drip in the head"),
        pytest.param(
            faults.drip(b"1\r\n \r\n", before=faults.head(200, {"Transfer-Encoding": "chunked"})),
            "timeout.total",
            id="endless drip of chunks",
        ),
    ],
)
@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
def test_fault_that_may_pass_is_unavailable_and_was_sent(server, connect, answer, key, request_):
    server.script(answer)
    # Only what is meant to be over is short, so that a machine that is busy makes no other error of it.
    short = {"timeout.read": {"read_timeout": 0.15}, "timeout.total": {"total_timeout": 0.5}}.get(key, {})
    begun = time.monotonic()
    error = failure(connect(**{"read_timeout": PATIENCE, "total_timeout": PATIENCE, **short}), request_)
    assert (error.kind, error.key, error.sent) == ("unavailable", key, True)
    assert len(server.requests) == 1
    assert time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        pytest.param(faults.answer(200, b"<html>Sign in</html>"), "not_json.html", id="HTML with status 200"),
        pytest.param(faults.answer(200, b""), "empty", id="empty 200"),
        pytest.param(faults.answer(200, b" \n"), "empty", id="blank 200"),
        pytest.param(faults.answer(200, b'{"a": NaN}'), "not_json.constant", id="NaN"),
        pytest.param(faults.answer(200, b'"\xe9"'), "charset", id="wrong charset"),
        pytest.param(faults.without_length(b'{"data": [1'), "not_json", id="truncated without a length"),
        pytest.param(faults.answer(200, b"[1]", {"Content-Encoding": "br"}), "encoding", id="unknown coding"),
        pytest.param(faults.answer(200, b"[1]", {"Content-Encoding": "gzip, gzip"}), "encoding", id="nested coding"),
        pytest.param(faults.answer(200, b"no gzip", {"Content-Encoding": "gzip"}), "encoding", id="no gzip"),
        pytest.param(faults.raw(b"220 mail.example ESMTP\r\n", close=True), "not_http", id="not HTTP"),
        pytest.param(faults.endless(), "too_big", id="huge body"),
        pytest.param(faults.gzip_bomb(50), "too_big", id="gzip bomb"),
        pytest.param(faults.answer(304), "status", id="304 that nobody asked for"),
    ],
)
def test_fault_in_the_form_is_a_protocol_error(server, connect, answer, key):
    server.script(answer)
    error = failure(connect(max_bytes=1024 * 1024))
    assert (error.kind, error.key, error.sent) == ("protocol", key, True)
    assert len(error.excerpt) <= 500


def test_excerpt_shows_the_beginning_of_a_web_page(server, connect):
    server.script(faults.answer(200, b"<html>Sign in" + b"." * 1000))
    assert failure(connect()).excerpt.startswith("<html>Sign in.")


def test_excerpt_of_an_answer_is_redacted_for_others_too(server, connect):
    client = connect(Bearer({}, {"secret": "bearer-secret"}, "k"))
    assert client.excerpt(b'{"echo": "bearer-secret", "n": "' + b"x" * 999)[:25] == '{"echo": "***", "n": "xxx'


def test_size_limit_is_exact(server, connect):
    client = connect(max_bytes=10)
    server.script(faults.answer(200, b'"12345678"'), faults.gzipped(b'"12345678"'))
    assert [client.send(GET).size, client.send(GET).size] == [10, 10]
    server.script(faults.answer(200, b'"123456789"'), faults.gzipped(b'"123456789"'))
    assert [failure(client).reason, failure(client).reason] == ["too_big", "too_big"]


def test_connection_with_an_unread_rest_is_not_used_again(server, connect):
    client = connect(max_bytes=100)
    server.script(faults.answer(200, b" " * 10**6), faults.json_answer({"next": 1}))
    assert failure(client).reason == "too_big"
    assert client.send(GET).document == {"next": 1}
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        faults.raw(faults.head(500, {"Content-Length": 99}) + b"oops", close=True),
        faults.answer(500, b"x" * (3 * 1024 * 1024)),
        faults.answer(500, b"no gzip", {"Content-Encoding": "gzip"}),
    ],
)
def test_status_says_more_than_a_broken_body_of_an_error(server, connect, answer):
    server.script(answer)
    error = failure(connect())
    assert (error.kind, error.status) == ("unavailable", 500)


def test_error_shows_the_remotes_own_words(server, connect):
    server.script(faults.json_answer({"error": {"message": "VAT number is not valid."}}, 422))
    error = failure(connect(), POST)
    assert (error.kind, error.status, error.sent) == ("rejected", 422, True)
    assert "VAT number is not valid" in error.message and "VAT" in error.excerpt


# --- Stale connections


def test_stale_connection_of_a_get_is_tried_again_at_once(server, connect):
    seen = []
    client = connect(on_exchange=seen.append)
    server.script(faults.once_then_close(faults.json_answer({"n": 1})), faults.json_answer({"n": 2}))
    assert [client.send(GET).document, client.send(GET).document] == [{"n": 1}, {"n": 2}]
    assert [exchange.status for exchange in seen] == [200, None, 200]


def test_stale_connection_of_a_post_is_not_tried_again(server, connect):
    client = connect()
    server.script(faults.once_then_close(faults.json_answer({"n": 1})))
    client.send(GET)
    error = failure(client, POST)
    assert (error.reason, error.sent, len(server.requests)) == ("reset", True, 1)


def test_fresh_connection_that_is_reset_is_not_tried_again(server, connect):
    server.script(faults.reset(), faults.json_answer({}))
    assert failure(connect()).reason == "reset"
    assert len(server.requests) == 1


def test_second_stale_connection_in_a_row_ends_the_attempts(server, connect):
    client = connect()
    both_arrived = threading.Barrier(2)

    def together(connection, request):
        both_arrived.wait(5)
        faults.once_then_close(faults.json_answer({}))(connection, request)

    server.script(together, together, faults.reset())
    run_threads(2, lambda: client.send(GET))
    assert failure(client).reason == "reset"


# --- Redirects


@pytest.fixture
def elsewhere():
    with faults.FaultServer() as running:
        yield running


def secretive(connect, **changes):
    return connect(Bearer({}, {"secret": "bearer-secret"}, "k"), headers={"X-Extra": "extra-secret"}, **changes)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_of_a_get_on_the_same_host_is_followed_with_credentials(server, connect, status):
    server.script(faults.redirect("/moved?x=1", status))
    answer = secretive(connect).send(Request("GET", "/records", {"page": 2}))
    assert [request.target for request in server.requests] == ["/records?page=2", "/moved?x=1"]
    assert server.requests[1].headers["authorization"] == "Bearer bearer-secret"
    assert answer.url == server.url + "/moved?x=1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_credential_travels_to_another_host(server, elsewhere, connect, status):
    server.script(faults.redirect(elsewhere.url + "/away", status))
    request = Request("GET", "/records", headers={"X-Own": "own-secret"}, body={"q": "body-secret"})
    secretive(connect).send(request)
    sent = elsewhere.requests[0]
    assert "secret" not in repr(sent)
    assert set(sent.headers) == {"host", "accept", "accept-encoding", "user-agent"}


def test_walk_that_left_our_host_gets_no_credentials_when_it_comes_back(server, elsewhere, connect):
    server.script(faults.redirect(elsewhere.url))
    elsewhere.script(faults.redirect(server.url + "/delete-everything"))
    secretive(connect).send(GET)
    assert "secret" not in repr(server.requests[1])


def test_absolute_address_of_another_host_gets_no_credentials(elsewhere, connect):
    secretive(connect).send(Request("GET", elsewhere.url + "/page2"))
    assert "secret" not in repr(elsewhere.requests[0])


@pytest.mark.parametrize(("status", "followed"), [(301, False), (302, False), (303, False), (307, True), (308, True)])
def test_redirect_of_a_post_is_followed_only_where_it_stays_a_post(server, connect, status, followed):
    server.script(faults.redirect("/moved", status))
    if followed:
        connect().send(POST)
        assert (server.requests[1].method, server.requests[1].json) == ("POST", {"a": 1})
    else:
        error = failure(connect(), POST)
        assert (error.kind, error.reason, len(server.requests)) == ("protocol", "redirect", 1)


def test_redirect_of_a_post_to_another_host_is_refused(server, elsewhere, connect):
    server.script(faults.redirect(elsewhere.url, 307))
    assert failure(connect(), POST).reason == "redirect"
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "target", ["ftp://a.example/", "http://[::1", "file:///etc/passwd", "gopher://x", "//:80", "javascript:1"]
)
def test_redirect_to_what_is_no_web_address_is_refused(server, connect, target):
    server.script(faults.redirect(target))
    assert failure(connect()).key == "redirect.target"


def test_redirect_to_a_private_address_is_refused(server, connect):
    server.script(faults.redirect(f"http://127.0.0.2:{server.port}/"))
    error = failure(connect(allowed_addresses=("127.0.0.1",)))
    assert (error.kind, error.reason) == ("rejected", "blocked_address")


def test_endless_redirects_end(server, connect):
    server.fallback = faults.redirect("/again")
    error = failure(connect(max_redirects=3))
    assert (error.kind, error.key, len(server.requests)) == ("protocol", "redirect.loop", 4)


# --- Download


def test_download_gives_bytes_and_type(server, connect):
    server.script(faults.answer(200, b"\x89PNG\x00", content_type="image/png"))
    assert connect().download(server.url + "/image", 100) == (b"\x89PNG\x00", "image/png")
    assert server.requests[0].headers["accept"] == "*/*"


def test_download_is_capped_and_judged_by_status(server, connect):
    server.script(faults.answer(200, b"x" * 101), faults.answer(404))
    for reason in ("too_big", "status"):
        with pytest.raises(RemoteError) as caught:
            connect().download(server.url + "/image", 100)
        assert caught.value.reason == reason


def test_download_from_another_host_carries_no_credentials(elsewhere, connect):
    allowed = ("127.0.0.0/8", elsewhere.url.removeprefix("http://"))
    secretive(connect, allowed_addresses=allowed).download(elsewhere.url + "/image", 100)
    assert "secret" not in repr(elsewhere.requests[0])


# --- Exchanges


def test_every_request_is_reported_also_a_failed_one(server, connect):
    seen = []
    client = connect(on_exchange=seen.append)
    server.script(faults.redirect("/b"), faults.json_answer({"n": 1}, 500), faults.reset())
    failure(client)
    failure(client, POST)
    assert [(exchange.status, bool(exchange.error)) for exchange in seen] == [(302, False), (500, False), (None, True)]
    assert [exchange.response_body for exchange in seen] == ["", '{"n": 1}', ""]
    assert all(exchange.started.utcoffset().total_seconds() == 0 and exchange.seconds >= 0 for exchange in seen)


def test_no_secret_is_in_exchanges_messages_and_excerpts(server, connect):
    seen = []
    auth = Bearer({}, {"secret": "bearer/secret"}, "k")
    client = connect(auth, seen.append, secrets=["other-secret"], headers={"X-API-Key": "key-secret"})
    echo = {"message": "bearer/secret and other-secret", "url": "?x=bearer%2Fsecret", "password": "new-secret"}
    server.script(faults.json_answer(echo, 422, {"X-Echo": "Bearer bearer/secret"}))
    request = Request("POST", "/r", {"api_key": "query-secret"}, body={"token": "body-secret", "name": "Ann"})
    error = failure(client, request)
    everything = repr(seen) + error.message + error.excerpt + repr(error.values) + repr(error)
    assert "secret" not in everything and "secret" in repr(server.requests)
    assert "Ann" in seen[0].request_body


def test_bodies_of_exchanges_are_capped(server, connect):
    seen = []
    server.script(faults.json_answer("é" * 200_000))
    connect(on_exchange=seen.append).send(Request("POST", "/", body="ü" * 200_000))
    assert (len(seen[0].request_body), len(seen[0].response_body)) == (65536, 65536)


# --- Threads and time


def run_threads(count, action):
    problems = []

    def guarded():
        try:
            action()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return problems


def test_threads_share_a_client_and_get_their_own_answers(server, connect):
    client = connect()

    def echo(connection, request):
        faults.json_answer(request.json)(connection, request)

    server.fallback = echo
    wrong = []

    def talk():
        for _ in range(20):
            mine = {"thread": threading.get_ident(), "body": "x" * 5000}
            if client.send(Request("POST", "/", body=mine)).document != mine:
                wrong.append(mine)

    assert run_threads(8, talk) == [] and wrong == []
    assert len(server.requests) == 160


def test_remote_that_takes_no_bytes_is_timed_out(server, connect):
    server._on_connect = lambda connected: server.stopping.wait()
    # More than all buffers on the way take, and time enough to get so far on a machine that is busy.
    error = failure(connect(total_timeout=2), Request("POST", "/", body="x" * 20_000_000))
    assert (error.kind, error.key, error.sent) == ("unavailable", "timeout.total", True)


def test_client_can_be_closed_and_used_again(server, connect):
    client = connect()
    with client:
        client.send(GET)
    client.send(GET)
    assert server.connections == 2


def test_deadline_has_no_time_below_zero():
    spent = Deadline(0)
    assert spent.left() == 0
    with pytest.raises(TimeoutError):
        spent.patience(1)
    assert Deadline(10).patience(1) == 1
    assert 9 < Deadline(10).patience(60) <= 10


def test_body_that_is_not_json_can_not_be_sent(server, connect):
    with pytest.raises(ValueError):
        connect().send(Request("POST", "/", body=float("nan")))
    assert server.requests == []


def test_gzip_bomb_is_stopped_in_bounded_memory(server, connect):
    server.script(faults.gzip_bomb(400))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = failure(connect(max_bytes=1024 * 1024))
    assert isinstance(error, ProtocolError)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def test_fault_nul_in_a_header_is_a_space_so_that_a_cursor_can_be_stored(server, connect):
    server.script(faults.answer(200, b"{}", {"Next": "a\0b"}))
    assert connect().send(GET).headers["next"] == "a b"


def test_unavailable_is_what_a_lost_answer_is(server, connect):
    server.script(faults.raw(faults.head(100) + faults.head(100), close=True))
    assert isinstance(failure(connect(), POST), Unavailable)
    assert json.loads(server.requests[0].body) == {"a": 1}
