"""Attacks that want the bridge to call the inside: an address in every form, by every way that somebody can give one.

The canary listens on 127.0.0.2, which no connector allows; without the guard these would reach it, or another address
of the inside. Only the server on 127.0.0.1 may be called.
"""

import socket

import fault_server as faults
import pytest
from connect_proxy import ConnectProxy
from fault_server import FaultServer

from integration_bridge.remote import address
from integration_bridge.remote.auth import SCHEMES
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import RemoteError
from integration_bridge.remote.guard import Guard
from integration_bridge.remote.proxy import parse_proxy

FORMS = {
    "plain": "127.0.0.2",
    "short": "127.2",
    "three_parts": "127.0.2",
    "decimal": "2130706434",
    "hex": "0x7f000002",
    "hex_in_capitals": "0X7F000002",
    "hex_parts": "0x7f.0x0.0x0.0x2",
    "octal": "017700000002",
    "octal_parts": "0177.0.0.02",
    "mixed_parts": "127.0x0.00.2",
    "dot_behind": "127.0.0.2.",
    "mapped": "[::ffff:127.0.0.2]",
    "mapped_in_hex": "[::ffff:7f00:2]",
    "mapped_in_full": "[0:0:0:0:0:ffff:7f00:2]",
    "compatible": "[::127.0.0.2]",
    "translated": "[::ffff:0:7f00:2]",
    "nat64": "[64:ff9b::7f00:2]",
    "nat64_local": "[64:ff9b:1::7f00:2]",
    "six_to_four": "[2002:7f00:2::1]",
    "teredo": "[2001:0:7f00:2::]",
    "full_width_digits": "１２７.0.0.2",
    "circled_digits": "①②⑦.0.0.2",
    "ideographic_dots": "127。0。0。2",
    "full_width_dots": "127．0．0．2",
    "user_before": "user@127.0.0.2",
    "public_user": "public.example:80@127.0.0.2",
    "encoded_digits": "%31%32%37.0.0.2",
    "nul_behind": "127.0.0.2%00.public.example",
    "slash_behind": "127.0.0.2%2f",
    "loopback_6": "[::1]",
    "unspecified": "0.0.0.0",
    "zero": "0",
    "unspecified_6": "[::]",
    "link_local": "169.254.169.254",
    "link_local_decimal": "2852039166",
    "link_local_mapped": "[::ffff:a9fe:a9fe]",
    "link_local_6": "[fe80::1]",
    "link_local_zone": "[fe80::1%25lo]",
    "unique_local": "[fd00::2]",
    "site_local": "[fec0::2]",
    "ten": "10.0.0.2",
    "carrier": "100.64.0.2",
    "benchmark": "198.18.0.2",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
}
# Whole addresses, in which two readers may see two hosts.
TRICKS = {
    "fragment_then_public": "http://{inside}/#@public.example/",
    "public_then_fragment": "http://public.example#@{inside}/",
    "query_then_public": "http://{inside}?@public.example/",
    "backslash_before_user": "http://public.example\\@{inside}/",
    "backslash_behind": "http://{inside}\\@public.example/",
    "backslashes_for_slashes": "http:\\\\{inside}\\",
    "without_scheme": "//{inside}/",
    "three_slashes": "///{inside}/",
    "one_slash": "http:/{inside}/",
    "no_slash": "http:{inside}/",
    "scheme_in_capitals": "HTTP://{inside}/",
    "blank_before": " http://{inside}/",
    "tab_inside": "ht\ttp://{inside}/",
    "newline_inside": "http://{inside}\r\n/",
    "two_users": "http://public.example@public.example@{inside}/",
    "semicolon": "http://public.example;@{inside}/",
    "file": "file:///etc/passwd",
    "gopher": "gopher://{inside}/_GET",
    "ftp": "ftp://{inside}/",
    "dict": "dict://{inside}/stat",
    "data": "data:text/plain,inside",
    "unix_socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/containers",
    "jar": "jar:http://{inside}!/",
}
# Names that somebody gives to addresses of the inside.
NAMES = {
    "name_of_loopback": ["127.0.0.2"],
    "name_of_the_metadata": ["169.254.169.254"],
    "name_of_a_private_one": ["10.0.0.2", "192.168.0.2"],
    "name_of_a_mapped_one": ["::ffff:127.0.0.2"],
    "name_of_a_nat64_one": ["64:ff9b::7f00:2"],
}
MAY = ("127.0.0.1",)


def _sent(url):
    """As it stands in a header: bytes of UTF-8, as some servers send them."""
    return url.encode().decode("latin-1")


@pytest.fixture
def canary():
    with FaultServer(host="127.0.0.2") as running:
        running.fallback = faults.json_answer({"access_token": "t", "items": []})
        yield running


@pytest.fixture
def named(monkeypatch):
    """Let a name resolve to these addresses: no real server of names does so for a test."""

    def name(host, *answers):
        usual, asked = socket.getaddrinfo, []

        def getaddrinfo(asked_host, port, *rest):
            if asked_host != host:
                return usual(asked_host, port, *rest)
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            kind = {False: socket.AF_INET, True: socket.AF_INET6}
            return [(kind[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return name


class Ways:
    """How an address of the inside is given to the bridge. Each method calls it, and raises what came of it."""

    def __init__(self, server, connect):
        self.server = server
        self.connect = lambda auth=None, **about: connect(
            auth, **{"allowed_addresses": MAY, "connect_timeout": 0.5, "total_timeout": 2, **about}
        )

    def base_address(self, url):
        self.connect(base_url=url).send(Request("GET", ""))

    def operation(self, url):
        self.connect().send(Request("GET", url if url.startswith(("http:", "https:")) else address.resolve("", url)))

    def image(self, url):
        self.connect().download(url, 1000)

    def redirect(self, url):
        self.server.script(faults.redirect(_sent(url)))
        self.connect().send(Request("GET", "/a"))

    def redirect_of_an_image(self, url):
        self.server.script(faults.redirect(_sent(url)))
        self.connect().download(self.server.url + "/a.png", 1000)

    def redirect_of_a_post(self, url):
        self.server.script(faults.redirect(_sent(url), 307))
        self.connect().send(Request("POST", "/a", body={}))

    def next_page(self, url):
        self.connect().send(Request("GET", address.resolve(self.server.url + "/a", url)))

    def token_address(self, url):
        options = {"client_id": "app", "token_url": url}
        scheme = SCHEMES["oauth2_client_credentials"](options, {"secret": "s"}, "attack", None)
        self.connect(scheme).send(Request("GET", "/a"))

    def behind_a_proxy(self, url):
        with ConnectProxy() as proxy:
            try:
                self.connect(proxy=proxy.url).send(Request("GET", url))
            finally:
                assert proxy.asked == []


WAYS = [name for name in vars(Ways) if name[0] != "_"]
FOR_TRICKS = ("redirect", "image", "next_page", "token_address", "base_address")


@pytest.fixture
def ways(server, connect):
    return Ways(server, connect)


def refused(ways, canary, way, url):
    with pytest.raises(RemoteError) as caught:
        getattr(ways, way)(url)
    assert not canary.connections, caught.value
    assert [one.path for one in ways.server.requests] in ([], ["/a"], ["/a.png"])
    return caught.value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
def test_attack_inside_by_another_form(ways, canary, form, way):
    refused(ways, canary, way, f"http://{FORMS[form]}:{canary.port}/")


@pytest.mark.parametrize("way", FOR_TRICKS)
@pytest.mark.parametrize("trick", TRICKS)
def test_attack_address_that_two_read_in_two_ways(ways, canary, trick, way, named):
    named("public.example", ["127.0.0.2"])  # whoever asks for it reaches the canary as well
    url = TRICKS[trick].format(inside=f"127.0.0.2:{canary.port}")
    # A relative address is one of the server itself, which is no attack; then nothing but the server was called.
    try:
        getattr(ways, way)(url)
    except (RemoteError, ValueError) as error:
        assert isinstance(error, RemoteError), error
    assert not canary.connections


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_attack_name_of_the_inside(ways, canary, named, name, way):
    named("shop.example", NAMES[name])
    refused(ways, canary, way, f"http://shop.example:{canary.port}/")


@pytest.mark.parametrize("way", ["operation", "image", "redirect", "token_address"])
def test_attack_name_that_is_public_when_it_is_looked_at_and_private_when_it_is_called(ways, canary, named, way):
    asked = named("shop.example", ["203.0.113.1"], ["127.0.0.2"])
    refused(ways, canary, way, f"http://shop.example:{canary.port}/")
    assert len(asked) == 1, "it is looked up once, and what was looked at is called"


def test_attack_name_with_a_public_and_a_private_address_is_called_at_the_public_one_only(ways, canary, named):
    named("shop.example", ["127.0.0.2", "8.8.8.8"])
    assert [entry[4][0] for entry in Guard(MAY).resolve("shop.example", canary.port)] == ["8.8.8.8"]


def test_attack_chain_of_redirects_that_ends_inside(ways, canary):
    ways.server.script(faults.redirect("/b"), faults.redirect("/c"), faults.redirect(f"http://127.0.0.2:{canary.port}"))
    with pytest.raises(RemoteError):
        ways.connect().send(Request("GET", "/a"))
    assert not canary.connections and len(ways.server.requests) == 3


def test_attack_redirect_of_the_token_address_to_the_inside(ways, canary):
    ways.server.script(faults.redirect(f"http://127.0.0.2:{canary.port}/t", 307))
    with pytest.raises(RemoteError):
        ways.token_address(ways.server.url + "/t")
    assert not canary.connections


@pytest.mark.parametrize("form", ["plain", "decimal", "mapped", "loopback_6"])
def test_attack_proxy_that_is_the_inside(ways, canary, form):
    """Who may choose a proxy, a system administrator, decides where it is; it gets a tunnel to the outside only."""
    client = ways.connect(proxy=f"http://{FORMS[form]}:{canary.port}", base_url="http://127.0.0.2:1")
    with pytest.raises(RemoteError) as caught:
        client.send(Request("GET", "/"))
    assert caught.value.reason == "blocked_address" and not canary.connections


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://user:pass@", "ftp://127.0.0.2", "http://[::1", ""])
def test_attack_proxy_that_is_no_address_of_http(url):
    with pytest.raises((ValueError, RemoteError)):
        parse_proxy(url)


def test_canary_would_have_been_reached(canary, connect):
    """These attacks can succeed: with the address allowed, each road leads there."""
    connect(allowed_addresses=("127.0.0.0/8",), base_url=f"http://127.0.0.2:{canary.port}").send(Request("GET", "/x"))
    assert canary.requests[0].path == "/x"
