"""Attacks on where credentials go (holes 7 and 8): by headers that steer a request, and by paths of other tenants."""

import fault_server as faults
import pytest

from integration_bridge.remote import address
from integration_bridge.remote.auth import Bearer
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import ProtocolError, Rejected, RemoteError
from integration_bridge.remote.steering import steers

SECRET = "bearer-secret"

STEERING = [
    *("Host", "host", "HOST", "hOsT", "X-Host", "X_Host", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto"),
    *("x_forwarded_host", "X-Forwarded-Server", "X-Forwarded", "Forwarded", "Via", "X-Original-URL", "X-Original-Host"),
    *("X-Rewrite-URL", "X-HTTP-Host-Override", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"),
    *("Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding"),
    *("Upgrade", "Content-Length", "Expect", "Front-End-Https", " Host "),
]
HARMLESS = [
    *("Accept", "Accept-Language", "X-Company", "If-Match", "Prefer", "Idempotency-Key", "Content-Type", "X-Hosting"),
    *("X-Tenant", "OData-Version", "DataServiceVersion", "X-Requested-With", "X-HTTP-Method-Override", "Depth"),
]
BASE = "http://shared.example/tenantA/v1"
BELOW = [
    *("/tenantA/v1", "/tenantA/v1/", "/tenantA/v1/records", "/tenantA/v1/records?x=/../..", "/tenantA/v1/a.b/..c"),
    *("/tenantA/v1/x/../records", "/tenantA/v1/./records", "/tenantA/v1/a%20b", "/tenantA/v1/%E2%82%AC"),
]
ABOVE = [
    *("/", "", "/tenantA", "/tenantA/v10/records", "/tenantA/v1x", "/tenantEVIL/collect", "/tenanta/v1/records"),
    *("/tenantA/v1/../../tenantEVIL/collect", "/tenantA/v1/..", "/tenantA/v1/x/../../v2", "//tenantA/v1/records"),
    *("/tenantA/v1/%2e%2e/%2e%2e/tenantEVIL", "/tenantA/v1/%2E%2e/x", "/tenantA/v1/.%2e/x", "/tenantA/v1/%252e%252e/x"),
    *("/tenantA/v1/..%2f..%2ftenantEVIL", "/tenantA/v1/..%5c..%5ctenantEVIL", "/tenantA/v1/..;/..;/tenantEVIL"),
    "/tenantA/v1/..\\..\\tenantEVIL",
]


@pytest.mark.parametrize("name", STEERING)
def test_attack_header_that_steers_is_known(name):
    assert steers(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_header_that_says_something_about_the_request_is_harmless(name):
    assert not steers(name)


@pytest.mark.parametrize("path", BELOW)
def test_address_is_below_the_base(path):
    assert address.is_below(BASE, "http://shared.example" + path)


@pytest.mark.parametrize("path", ABOVE)
def test_attack_address_of_another_tenant_is_not_below_the_base(path):
    assert not address.is_below(BASE, "http://shared.example" + path)


@pytest.mark.parametrize(
    "url",
    [
        *("https://shared.example/tenantA/v1/x", "http://shared.example:8080/tenantA/v1/x"),
        *("http://evil.example/tenantA/v1/x", "http://shared.example.evil.example/tenantA/v1/x"),
        "http://shared.example@evil.example/tenantA/v1/x",
    ],
)
def test_attack_other_origin_with_the_path_of_the_base(url):
    assert not address.is_below(BASE, url)


def test_everything_of_a_host_is_below_a_base_without_a_path():
    for base in ("http://shared.example", "http://shared.example/"):
        assert address.is_below(base, "http://shared.example/any/path")


@pytest.fixture
def tenant(server, connect):
    """A client of one tenant of a host that has many."""
    return connect(
        Bearer({}, {"secret": SECRET}, "k"), base_url=server.url + "/tenantA/v1", headers={"X-Extra": "extra"}
    )


def refused(client, request):
    with pytest.raises(Rejected) as caught:
        client.send(request)
    assert caught.value.sent is False
    return caught.value


@pytest.mark.parametrize(
    "path", ["/../../tenantEVIL/collect", "/%2e%2e/%2e%2e/tenantEVIL", "{server}/tenantEVIL", "/.."]
)
def test_attack_operation_that_leads_to_another_tenant_is_not_sent(server, tenant, path):
    error = refused(tenant, Request("GET", path.format(server=server.url)))
    assert error.reason == "outside"
    assert "base address" in error.message
    assert not server.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_attack_redirect_to_another_tenant_gets_no_credentials(server, tenant, status):
    server.script(faults.redirect("/tenantEVIL/collect", status))
    tenant.send(Request("GET", "/records"))
    assert SECRET in repr(server.requests[0])
    assert SECRET not in repr(server.requests[1]) and "extra" not in repr(server.requests[1])


@pytest.mark.parametrize("status", [307, 308])
def test_attack_redirect_of_a_change_to_another_tenant_is_not_followed(server, tenant, status):
    server.script(faults.redirect("/tenantEVIL/collect", status))
    with pytest.raises(ProtocolError, match="redirect"):
        tenant.send(Request("POST", "/records", body={"a": 1}))
    assert len(server.requests) == 1


def test_attack_image_of_another_tenant_gets_no_credentials(server, tenant):
    tenant.download(server.url + "/tenantEVIL/image.png", 1000)
    assert SECRET not in repr(server.requests[0])
    tenant.download(server.url + "/tenantA/v1/image.png", 1000)
    assert SECRET in repr(server.requests[1])


def test_address_outside_is_called_where_there_is_nothing_to_keep(server, connect):
    connect(base_url=server.url + "/tenantA/v1").send(Request("GET", server.url + "/other"))
    assert server.requests[0].target == "/other"


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Transfer-Encoding", "Content-Length", "Connection"])
@pytest.mark.parametrize("place", ["connector", "operation"])
def test_attack_header_that_steers_is_not_sent(server, connect, name, place):
    client = connect(headers={name: "evil.example"} if place == "connector" else {})
    error = refused(client, Request("GET", "/x", headers={name: "evil.example"} if place == "operation" else {}))
    assert (error.reason, error.detail) == ("bad_header", "steering")
    assert not server.requests


# --- Addresses of this machine and of the own network, in the forms that somebody may try

HERE = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1"),
    *("127.0.0.2", "127.255.255.254", "0.0.0.0", "0", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"),
    *(
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ),
    *("169.254.169.254", "[fe80::1]", "[fd00::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "224.0.0.1"),
    *("127.0.0.1%00.example.com", "example.com@127.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "127.0.0.1\\@example.com"),
]


@pytest.mark.parametrize("host", HERE)
@pytest.mark.parametrize("way", ["operation", "image", "base"])
def test_attack_address_of_the_own_network_in_another_form(server, connect, host, way):
    url = f"http://{host}:{server.url.rpartition(':')[2]}"
    base = url if way == "base" else "http://public.example"
    with pytest.raises(RemoteError) as caught:  # what is no address at all is refused before there is a client
        client = connect(allowed_addresses=(), base_url=base, connect_timeout=0.5, total_timeout=1)
        client.download(url + "/x", 1000) if way == "image" else client.send(
            Request("GET", "/x" if way == "base" else url)
        )
    assert caught.value.sent is False
    assert not server.requests
