"""requests sends what it is given once, and does nothing by itself; a scheme sees the final request."""

import zlib

import fault_server as faults
import pytest

from integration_bridge.remote.auth import Bearer, Scheme
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import RemoteError
from integration_bridge.remote.transport import Outgoing

GET = Request("GET", "/records")


class Seen(Scheme):
    """Signs over all of the request, and remembers what it saw."""

    name = "seen"
    tries = 0

    def __call__(self, request):
        assert isinstance(request, Outgoing)
        self.seen = [*getattr(self, "seen", ()), (request.method, request.url, dict(request.headers), request.body)]
        request.headers["X-Signature"] = f"{request.method} {request.url} {len(request.body or b'')}"
        return request


class Challenged(Scheme):
    """Answers a challenge with what it asks for."""

    name = "challenged"
    word = "nothing"

    def apply(self, headers, query):
        headers["X-Word"] = self.word
        return "t"

    def try_again(self, client, status, headers, rejected_token):
        self.word = headers["X-Ask"]
        return (status, rejected_token) == (403, "t")


def test_scheme_signs_the_final_request(server, connect):
    scheme = Seen({}, {}, "k")
    request = Request("POST", "/r ä", {"q": "a b"}, {"X-Own": "1"}, body={"a": 1})
    connect(scheme, headers={"X-Fixed": "2"}).send(request)
    ((method, url, headers, body),) = scheme.seen
    sent = server.requests[0]
    assert (method, url, body) == (sent.method, server.url + sent.target, sent.body)
    assert sent.target == "/r%20%C3%A4?q=a+b"
    assert {name.lower(): value for name, value in headers.items()}.items() <= sent.headers.items()
    assert {"X-Own", "X-Fixed", "Content-Type", "User-Agent", "Accept-Encoding"} <= set(headers)
    assert sent.headers["x-signature"] == f"POST {url} 8"


def test_scheme_signs_every_hop_of_its_own_origin_and_no_other(server, connect):
    with faults.FaultServer() as elsewhere:
        server.script(faults.redirect("/moved"), faults.redirect(elsewhere.url))
        connect(Seen({}, {}, "k")).send(GET)
        assert [one.headers["x-signature"].split()[1] for one in server.requests] == [
            f"{server.url}/records",
            f"{server.url}/moved",
        ]
        assert "x-signature" not in elsewhere.requests[0].headers


def test_challenge_is_answered_once_also_of_a_download(server, connect):
    refusal = faults.json_answer({}, 403, {"X-Ask": "please"})
    server.script(refusal, None, refusal, None, refusal, refusal)
    for ask in (lambda client: client.send(GET), lambda client: client.download(server.url + "/file", 100)):
        server.requests.clear()
        ask(connect(Challenged({}, {}, "k")))
        assert [one.headers["x-word"] for one in server.requests] == ["nothing", "please"]
    server.requests.clear()
    with pytest.raises(RemoteError) as caught:
        connect(Challenged({}, {}, "k")).send(GET)
    assert (caught.value.status, len(server.requests)) == (403, 2)


def test_challenge_of_another_host_is_not_answered(server, connect):
    with faults.FaultServer() as elsewhere:
        elsewhere.fallback = faults.json_answer({}, 403, {"X-Ask": "please"})
        scheme = Challenged({}, {}, "k")
        for ask in (lambda client: client.send(Request("GET", elsewhere.url)),
                    lambda client: client.download(elsewhere.url, 100)):  # fmt: skip
            with pytest.raises(RemoteError):
                ask(connect(scheme, allowed_addresses=("127.0.0.0/8", elsewhere.url.removeprefix("http://"))))
        assert (scheme.word, len(elsewhere.requests)) == ("nothing", 2)


def test_body_of_a_redirect_is_limited_too(server, connect):
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = packer.compress(b" " * 10**7) + packer.flush()
    server.script(faults.answer(302, bomb, {"Location": "/moved", "Content-Encoding": "gzip"}))
    with pytest.raises(RemoteError) as caught:
        connect(max_bytes=10**6).send(GET)
    assert (caught.value.reason, len(server.requests)) == ("too_big", 1)


def test_cookies_are_not_kept(server, connect):
    server.script(faults.json_answer({}, headers={"Set-Cookie": "session=1; Path=/"}))
    client = connect()
    client.send(GET)
    client.send(GET)
    assert "cookie" not in server.requests[1].headers


def test_netrc_is_not_read(server, connect, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password netrc-secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    connect().send(GET)
    assert "authorization" not in server.requests[0].headers


def test_copy_of_a_request_can_be_changed():
    request = Outgoing("GET", "https://a.example/", Bearer({}, {}, "k").options, None)
    request.token = "t"
    copy = request.copy()
    copy.headers["X-A"] = "1"
    assert (copy.method, copy.url, copy.token, request.headers) == ("GET", "https://a.example/", "t", {})
