"""Only the host that was meant is talked to, and a person reads why another was not."""

import socket
import ssl

import pytest
from fault_server import FaultServer, drip, json_answer

from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import RemoteError

GET = Request("GET", "/")


@pytest.fixture
def serve(authority):
    running = []

    def start(host="127.0.0.1", **kwargs):
        running.append(FaultServer(tls=authority.context(host, **kwargs)))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def failure(connect):
    def fail(server, **changes):
        with pytest.raises(RemoteError) as caught:
            connect(base_url=server.url, **changes).send(GET)
        assert server.requests == []
        assert (caught.value.kind, caught.value.sent) == ("unavailable", False)
        return caught.value

    return fail


def test_own_authority_is_accepted(serve, connect, authority):
    server = serve()
    server.script(json_answer({"safe": True}))
    assert connect(base_url=server.url, ca_pem=authority.pem).send(GET).document == {"safe": True}


def test_host_name_is_verified_although_the_connection_goes_to_an_address(serve, connect, authority, monkeypatch):
    server = serve("crm.example")
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args: [entry])
    client = connect(base_url=f"https://crm.example:{server.port}", ca_pem=authority.pem)
    assert client.send(GET).status == 200
    assert server.requests[0].headers["host"] == f"crm.example:{server.port}"


@pytest.mark.parametrize("host", ["127.0.0.9", "crm.example"])
def test_certificate_of_another_host_is_refused(serve, failure, authority, host):
    assert failure(serve(host), ca_pem=authority.pem).key == "tls.host"


def test_certificate_of_another_name_is_refused(serve, connect, authority, monkeypatch):
    server = serve("other.example")
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args: [entry])
    with pytest.raises(RemoteError) as caught:
        connect(base_url=f"https://crm.example:{server.port}", ca_pem=authority.pem).send(GET)
    assert caught.value.key == "tls.host" and "crm.example" in caught.value.message


def test_self_signed_certificate_is_refused(serve, failure, authority):
    error = failure(serve(self_signed=True), ca_pem=authority.pem)
    assert error.key == "tls.untrusted" and "own CA" in error.message


def test_unknown_authority_is_refused(serve, failure):
    assert failure(serve()).key == "tls.untrusted"


def test_expired_certificate_is_refused(serve, failure, authority):
    assert failure(serve(days=-1), ca_pem=authority.pem).key == "tls.expired"


def test_verification_can_be_switched_off(serve, connect):
    assert connect(base_url=serve("other.example", self_signed=True).url, verify=False).send(GET).status == 200


@pytest.mark.filterwarnings("ignore:.*TLSv?1:DeprecationWarning", "ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(serve, failure, authority):
    server = serve()
    server._tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    server._tls.maximum_version = ssl.TLSVersion.TLSv1_1
    assert failure(server, ca_pem=authority.pem).reason == "tls"


def test_plain_text_instead_of_tls_is_named(connect):
    def greet(connected):
        connected.recv(10)
        connected.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return connected.recv(10**6) and False

    with FaultServer(on_connect=greet) as server, pytest.raises(RemoteError) as caught:
        connect(base_url=f"https://127.0.0.1:{server.port}").send(GET)
    assert caught.value.key == "tls.not_tls" and "http://" in caught.value.message


def test_silence_in_the_handshake_is_a_timeout_before_sending(connect):
    silent = FaultServer(on_connect=lambda connected: server.stopping.wait())
    with silent as server, pytest.raises(RemoteError) as caught:
        connect(base_url=f"https://127.0.0.1:{server.port}", connect_timeout=0.1).send(GET)
    assert (caught.value.key, caught.value.sent) == ("timeout.connect", False)


@pytest.mark.parametrize(
    "pem",
    ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n"],
)
def test_own_authority_that_is_none_is_named(serve, failure, pem):
    assert failure(serve(), ca_pem=pem).key == "tls.bad_ca"


def test_deadline_holds_over_tls_too(serve, connect, authority):
    server = serve()
    server.script(drip())
    with pytest.raises(RemoteError) as caught:
        connect(base_url=server.url, ca_pem=authority.pem, total_timeout=0.2).send(GET)
    assert (caught.value.key, caught.value.sent) == ("timeout.total", True)
