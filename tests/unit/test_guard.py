"""No request reaches a private address that the connector does not allow, whatever the name resolves to."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.remote.errors import Rejected, Unavailable
from integration_bridge.remote.guard import Guard, is_public

PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "0.0.0.0", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "100.64.0.1", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1", "2001::1",
    "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a00:1::1", "::10.0.0.1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]

private_networks = st.sampled_from(
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "224.0.0.0/4"]
).map(ipaddress.ip_network)


@st.composite
def private_ipv4(draw):
    network = draw(private_networks)
    return network[draw(st.integers(0, network.num_addresses - 1))]


@pytest.mark.parametrize("text", PRIVATE)
def test_private_address_is_refused(text):
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_address_passes(text):
    assert is_public(ipaddress.ip_address(text))


@given(private_ipv4())
def test_private_address_is_refused_also_inside_an_ipv6_address(inner):
    number = int(inner)
    carriers = [
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number),
        ipaddress.IPv6Address(0x2002 << 112 | number << 80),
        ipaddress.IPv6Address(number),
    ]
    assert not any(Guard().permits("host.example", address) for address in (inner, *carriers))


@given(st.ip_addresses())
def test_what_passes_is_global_and_not_special(address):
    if is_public(address):
        assert not (address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified)


@pytest.mark.parametrize(
    ("allowed", "host", "address", "permitted"),
    [
        (("127.0.0.1",), "a.example", "127.0.0.1", True),
        (("127.0.0.1",), "a.example", "127.0.0.2", False),
        (("10.0.0.0/8",), "a.example", "10.9.9.9", True),
        (("10.0.0.0/8",), "a.example", "::ffff:10.9.9.9", True),
        (("10.0.0.7/8",), "a.example", "10.9.9.9", True),
        (("::1",), "a.example", "::1", True),
        (("[::1]",), "[::1]", "::1", True),
        (("Intra.Example.",), "intra.example", "192.168.0.1", True),
        (("intra.example",), "intra.example.", "192.168.0.1", True),
        (("intra.example",), "other.example", "192.168.0.1", False),
        (("intra.example",), "x.intra.example", "192.168.0.1", False),
        (("", " "), "a.example", "127.0.0.1", False),
    ],
)
def test_allowed_addresses_are_names_addresses_and_networks(allowed, host, address, permitted):
    assert Guard(allowed).permits(host, ipaddress.ip_address(address)) is permitted


def answers(*addresses):
    def getaddrinfo(host, port, *_rest):
        return [
            (socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))
            for text in addresses
        ]

    return getaddrinfo


def test_private_addresses_among_public_ones_are_left_out(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers("10.0.0.1", "8.8.8.8", "::1"))
    assert [entry[4] for entry in Guard().resolve("mixed.example", 443)] == [("8.8.8.8", 443)]


def test_refusal_names_the_host_and_the_setting(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers("169.254.169.254"))
    with pytest.raises(Rejected) as caught:
        Guard().resolve("metadata.example", 80)
    assert (caught.value.reason, caught.value.sent) == ("blocked_address", False)
    assert "metadata.example" in caught.value.message and "Allowed Private Addresses" in caught.value.message


@pytest.mark.parametrize("problem", [socket.gaierror("unknown"), UnicodeError("label too long")])
def test_unknown_name_is_unavailable(monkeypatch, problem):
    def fail(*_args):
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unavailable) as caught:
        Guard().resolve("nowhere.example", 80)
    assert (caught.value.reason, caught.value.sent) == ("dns", False)
    assert "nowhere.example" in caught.value.message


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
def test_odd_spellings_of_a_private_address_are_refused(host):
    with pytest.raises((Rejected, Unavailable)):
        Guard().resolve(host, 80)
