"""Which addresses may be called: public ones, and the private ones that the connector allows.

The guard looks at addresses after DNS resolution, and ``connection.py`` connects to the very address that was looked
at: a name that resolves differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from .errors import Rejected, Unavailable

# IPv6 ranges that carry an IPv4 address, and how far to shift to find it. A packet to such an address may end at the
# IPv4 address inside, so both have to be harmless. RFC 6052 (NAT64), 3056 (6to4), 4291 2.5.5.1 (compatible).
_EMBEDDING = (
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
    (ipaddress.ip_network("::/96"), 0),
)
# Never public, whatever the running Python's tables say: local-use NAT64 (RFC 8215), Teredo (RFC 4380), site-local
# (RFC 3879), carrier-grade NAT (RFC 6598).
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(text) for text in ("64:ff9b:1::/48", "2001::/32", "fec0::/10", "100.64.0.0/10")
)


def embedded_ipv4(address):
    """The IPv4 address that an IPv6 address stands for, or None."""
    if address.version == 4:
        return None
    if address.ipv4_mapped:
        return address.ipv4_mapped
    for network, shift in _EMBEDDING:
        if address in network:
            return ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return None


def is_public(address) -> bool:
    """Whether an ``ipaddress`` object is globally reachable, and so is the IPv4 address inside it."""
    inner = embedded_ipv4(address)
    if inner is not None and not is_public(inner):
        return False
    if any(address.version == network.version and address in network for network in _NEVER_PUBLIC):
        return False
    if inner is not None:
        # Its range may be "reserved" as a whole (mapped addresses are); what counts is where it leads.
        return True
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    return not (special or address.is_reserved or address.is_unspecified) and address.is_global


def _host_name(text: str) -> str:
    return text.strip().strip("[]").rstrip(".").lower()


class Guard:
    """The addresses one connector may call.

    :param allowed: host names, IP addresses and CIDR networks that may be called although they are private; a name or
        address with a port, ``10.0.0.5:8080``, is meant for that port only
    :param bool is_for_files: may only what is named with its port be called? Where a file lies is for the other system
        to say, which must not so read what else listens on a private host
    """

    def __init__(self, allowed=(), is_for_files=False):
        self._names = set()
        self._networks = []
        self._ports = set()
        for entry in filter(None, map(_host_name, allowed)):
            name, _colon, port = entry.rpartition(":")
            if port.isdigit() and (":" not in name or name.startswith("[")):
                self._ports.add((name.strip("[]"), int(port)))
                continue
            if is_for_files:
                continue
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._names.add(entry)

    def permits(self, host: str, address) -> bool:
        """Whether this address (``ipaddress`` object) of this host may be called."""
        if is_public(address) or _host_name(host) in self._names:
            return True
        inner = embedded_ipv4(address)
        return self._listed(address) or (inner is not None and self._listed(inner))

    def _listed(self, address) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)

    def resolve(self, host: str, port: int) -> list[tuple]:
        """Look the host up once and keep the addresses that may be called.

        :return: ``getaddrinfo`` entries, in the resolver's order
        :raises Unavailable: the name is not known (reason ``dns``)
        :raises Rejected: it has only addresses that may not be called (reason ``blocked_address``)
        """
        found = self.lookup(host, port)
        permitted = [
            entry
            for entry in found
            if self.permits(host, ipaddress.ip_address(entry[4][0]))
            or {(_host_name(host), port), (entry[4][0], port)} & self._ports
        ]
        if not permitted:
            raise Rejected("blocked_address", sent=False, host=host)
        return permitted

    def target_of_a_proxy(self, host: str, port: int) -> str:
        """What a proxy may be asked for: an address that may be called, not a name that it would look up once more.

        A host that is allowed by its name has nothing to hide; the proxy gets the name, which need not be known here.

        :raises Unavailable, Rejected: as ``resolve``
        """
        if _host_name(host) in self._names:
            return host.strip("[]")
        addresses = [entry[4][0] for entry in self.resolve(host, port)]
        return next((one for one in addresses if ":" not in one), addresses[0])  # few proxies have a way to IPv6

    def lookup(self, host: str, port: int) -> list[tuple]:
        """All addresses of a host, as ``getaddrinfo`` gives them.

        :raises Unavailable: the name is not known (reason ``dns``)
        """
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, 0, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that IDNA can not encode
            raise Unavailable("dns", sent=False, host=host) from error
        if not found:
            raise Unavailable("dns", sent=False, host=host)
        return found
