"""Through a proxy as without one: the guard holds, TLS is with the other system, and no credential goes astray."""

import base64
import socket
from concurrent.futures import ThreadPoolExecutor

import fault_server as faults
import pytest
from connect_proxy import ConnectProxy
from fault_server import FaultServer

from integration_bridge.remote.auth import ApiKeyCookie, Bearer
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import RemoteError
from integration_bridge.remote.proxy import parse_proxy

GET = Request("GET", "/records")


@pytest.fixture
def proxy():
    with ConnectProxy() as running:
        yield running


def failure(client, request=GET):
    with pytest.raises(RemoteError) as caught:
        client.send(request)
    return caught.value


def names(monkeypatch, known):
    """Let names resolve to these addresses, and others as usual."""
    usual = socket.getaddrinfo

    def getaddrinfo(host, port, *rest):
        if host not in known:
            return usual(host, port, *rest)
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


# --- The way through


def test_request_goes_through_the_tunnel_and_the_connection_is_kept(server, connect, proxy):
    client = connect(proxy=proxy.url)
    for _time in range(3):
        assert client.send(Request("POST", "/r", body={"a": 1})).status == 200
    assert proxy.asked == [f"127.0.0.1:{server.port}"]
    assert [one.json for one in server.requests] == [{"a": 1}] * 3


def test_tls_is_with_the_other_system_and_its_certificate_is_verified(connect, authority, proxy, monkeypatch):
    with FaultServer(tls=authority.context("shop.example")) as shop:
        names(monkeypatch, {"shop.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
        settings = {"proxy": proxy.url, "ca_pem": authority.pem}
        bearer = Bearer({}, {"secret": "bearer-secret"}, "k")
        assert connect(bearer, base_url=f"https://shop.example:{shop.port}", **settings).send(GET).status == 200
        assert shop.requests[0].headers["host"] == f"shop.example:{shop.port}"
        assert b"bearer-secret" not in b"".join(proxy.heads), "the proxy sees nothing of the request"
        error = failure(connect(base_url=f"https://other.example:{shop.port}", **settings))
        assert (error.key, error.sent, len(shop.requests)) == ("tls.host", False, 1)


def test_credentials_go_to_the_proxy_and_nowhere_else(server, connect):
    expected = "Basic " + base64.b64encode("bridge:pa:ss wörd".encode()).decode()
    seen = []
    with ConnectProxy(credentials=expected) as proxy:
        url = f"http://bridge:pa%3Ass%20w%C3%B6rd@127.0.0.1:{proxy.port}"
        assert connect(None, seen.append, proxy=url).send(GET).status == 200
        assert "proxy-authorization" not in server.requests[0].headers
        error = failure(connect(None, seen.append, proxy=url.replace("pa%3Ass", "wrong-4711")))
        assert (error.kind, error.reason, error.sent) == ("auth", "proxy_auth", False)
        assert f"127.0.0.1:{proxy.port} (proxy)" in error.message
    assert not [text for text in ("pa:ss", "wrong-4711", expected) if text in repr(seen) + error.message]
    assert len(server.requests) == 1


def test_many_threads_go_through_one_proxy(server, connect, proxy):
    client = connect(proxy=proxy.url, cookies=True)
    server.fallback = lambda connection, request: faults.json_answer(
        {"path": request.path}, headers={"Set-Cookie": f"c{request.path[3:]}=1; Path=/"}
    )(connection, request)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: client.send(Request("GET", f"/r/{number}")).document, range(64)))
    assert answers == [{"path": f"/r/{number}"} for number in range(64)]
    assert 1 <= len(proxy.asked) <= 8


# --- The guard


@pytest.mark.parametrize("target", ["http://127.0.0.1", "http://10.1.2.3", "https://[::1]", "http://metadata.example"])
def test_private_target_is_refused_before_the_proxy_is_asked(connect, proxy, monkeypatch, target):
    names(monkeypatch, {"metadata.example": ["169.254.169.254"]})
    error = failure(connect(base_url=target, proxy=proxy.url, allowed_addresses=()))
    assert (error.kind, error.reason, proxy.heads) == ("rejected", "blocked_address", [])


def test_redirect_to_a_private_target_is_refused_through_a_proxy_too(server, connect, proxy):
    server.script(faults.redirect(f"http://127.0.0.2:{server.port}/"))
    error = failure(connect(proxy=proxy.url, allowed_addresses=("127.0.0.1",)))
    assert (error.reason, proxy.asked) == ("blocked_address", [f"127.0.0.1:{server.port}"])


def test_proxy_is_asked_for_the_address_that_was_looked_at(server, connect, monkeypatch):
    """A name that the proxy resolves to a private address (DNS rebinding) gains nothing."""
    names(monkeypatch, {"shop.example": ["2001:4860:4860::8888", "8.8.8.8"]})
    with ConnectProxy({("8.8.8.8", 80): ("127.0.0.1", server.port)}) as proxy:
        connect(base_url="http://shop.example", proxy=proxy.url, allowed_addresses=()).send(GET)
        assert proxy.asked == ["8.8.8.8:80"]
    assert server.requests[0].headers["host"] == "shop.example"


def test_name_that_is_not_known_here_is_not_left_to_the_proxy(connect, proxy):
    error = failure(connect(base_url="http://unknown.invalid", proxy=proxy.url, allowed_addresses=()))
    assert (error.reason, error.sent, proxy.heads) == ("dns", False, [])


def test_name_that_an_administrator_allows_is_handed_to_the_proxy(server, connect):
    with ConnectProxy({("unknown.invalid", 80): ("127.0.0.1", server.port)}) as proxy:
        client = connect(base_url="http://unknown.invalid", proxy=proxy.url, allowed_addresses=("unknown.invalid",))
        client.send(GET)
        assert proxy.asked == ["unknown.invalid:80"]


# --- The environment


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_environment_counts_where_the_connector_says_so(server, connect, proxy, monkeypatch, name):
    monkeypatch.setenv(name, proxy.url.removeprefix("http://"))
    monkeypatch.setenv("NO_PROXY", "")
    connect().send(GET)
    assert proxy.asked == []
    connect(proxy="environment").send(GET)
    assert proxy.asked == [f"127.0.0.1:{server.port}"]
    monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
    connect(proxy="environment").send(GET)
    assert (len(proxy.asked), len(server.requests)) == (1, 3)


def test_environment_has_a_proxy_of_its_own_for_https(connect, authority, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with FaultServer(tls=authority.context("127.0.0.1")) as shop:
        connect(base_url=shop.url, ca_pem=authority.pem, proxy="environment").send(GET)
        assert proxy.asked == [f"127.0.0.1:{shop.port}"]


def test_environment_without_a_proxy_calls_directly(server, connect, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert connect(proxy="environment").send(GET).status == 200


# --- What can go wrong on the way


@pytest.mark.parametrize(
    ("answer", "key", "kind"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", "proxy", "unavailable"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "proxy", "unavailable"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "proxy", "unavailable"),
        (b"SSH-2.0-OpenSSH\r\n", "not_http", "protocol"),
        (b"", "reset", "unavailable"),
    ],
)
def test_proxy_that_does_not_connect_is_named(server, connect, answer, key, kind):
    with ConnectProxy(answer=answer) as proxy:
        error = failure(connect(proxy=proxy.url), Request("POST", "/r", body={}))
    assert (error.key, error.kind, error.sent, server.requests) == (key, kind, False, [])
    assert f"127.0.0.1:{proxy.port} (proxy)" in error.message


def test_proxy_that_is_not_there_is_named(server, connect):
    with faults.nobody_listens() as url:
        error = failure(connect(proxy=url))
        assert (error.key, error.sent) == ("refused", False) and "(proxy)" in error.message


def test_proxy_whose_name_is_not_known_is_named(server, connect):
    error = failure(connect(proxy="http://no-such-proxy.invalid:3128"))
    assert (error.key, error.kind, error.sent, server.requests) == ("proxy.unknown", "unavailable", False, [])
    assert "no-such-proxy.invalid:3128 (proxy)" in error.message


def test_silent_proxy_is_timed_out(server, connect):
    with FaultServer(on_connect=lambda connected: silent.stopping.wait()) as silent:
        error = failure(connect(proxy=silent.url, read_timeout=0.1))
    assert (error.reason, error.sent, server.requests) == ("timeout", False, [])


def test_proxy_that_drips_its_answer_is_timed_out(connect):
    with FaultServer() as slow:
        slow.fallback = faults.drip(b"X-Header: 1\r\n", 0.02, before=b"HTTP/1.1 200 OK\r\n")
        error = failure(connect(proxy=slow.url, connect_timeout=0.3, total_timeout=0.5))
    assert (error.kind, error.sent) in (("unavailable", False), ("protocol", False))


@pytest.mark.parametrize(
    "url",
    ["socks5://a:1", "https://a:1", "a:1", "http://", "http://[::1", "http://a:1/path", "http://ann:pw-4711@/", "x"],
)
def test_what_is_no_proxy_is_refused_and_its_password_not_shown(server, connect, url):
    error = failure(connect(proxy=url))
    assert (error.reason, error.sent, server.requests) == ("bad_proxy", False, [])
    assert "pw-4711" not in error.message


def test_proxy_is_read_with_and_without_a_port():
    assert parse_proxy("http://proxy.example")[:2] == ("proxy.example", 80)
    assert parse_proxy("http://[fd00::1]:3128/")[:2] == ("fd00::1", 3128)


# --- Cookies


def test_cookies_are_kept_where_they_are_switched_on(server, connect):
    seen = []
    server.script(faults.answer(200, b"{}", {"Set-Cookie": "sid=cookie-4711; Path=/\r\nSet-Cookie: b=2; Path=/other"}))
    client = connect(None, seen.append, cookies=True)
    server.route("/echo", lambda connection, request: faults.json_answer({"was": request.headers.get("cookie")})(
        connection, request))  # fmt: skip
    client.send(GET)
    client.send(Request("GET", "/echo"))
    client.send(Request("GET", "/other/x"))
    assert [one.headers.get("cookie") for one in server.requests] == [None, "sid=cookie-4711", "b=2; sid=cookie-4711"]
    assert "cookie-4711" not in repr(seen)
    connect(cookies=True).send(GET)
    assert "cookie" not in server.requests[-1].headers, "another client has others"


def test_cookie_that_is_taken_back_is_no_longer_sent(server, connect):
    server.script(
        faults.json_answer({}, headers={"Set-Cookie": "sid=1; Path=/"}),
        faults.json_answer({}, headers={"Set-Cookie": "sid=; Path=/; Max-Age=0"}),
    )
    client = connect(cookies=True)
    for _time in range(3):
        client.send(GET)
    assert [one.headers.get("cookie") for one in server.requests] == [None, "sid=1", None]


def test_cookies_never_go_to_another_host_and_none_is_taken_from_it(server, connect):
    with FaultServer() as elsewhere:
        server.script(faults.json_answer({}, headers={"Set-Cookie": "sid=1; Path=/"}), faults.redirect(elsewhere.url))
        elsewhere.fallback = faults.json_answer({}, headers={"Set-Cookie": "evil=1; Path=/"})
        client = connect(cookies=True, allowed_addresses=("127.0.0.0/8", elsewhere.url.removeprefix("http://")))
        client.send(GET)
        client.send(GET)
        client.download(elsewhere.url + "/file", 100)
        client.send(GET)
        assert "cookie" not in elsewhere.requests[0].headers and "cookie" not in elsewhere.requests[1].headers
    assert server.requests[-1].headers["cookie"] == "sid=1"


def test_cookies_that_were_set_stand_beside_those_of_a_scheme(server, connect):
    server.script(faults.json_answer({}, headers={"Set-Cookie": "lb=node1; Path=/"}))
    client = connect(ApiKeyCookie({}, {"secret": "s3cret!"}, "k"), cookies=True)
    client.send(GET)
    client.send(GET)
    assert [one.headers["cookie"] for one in server.requests] == ["session=s3cret!", "session=s3cret!; lb=node1"]
