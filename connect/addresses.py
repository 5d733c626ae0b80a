"""Addresses as a person writes them: the one of a system, and those in the own network that may be called."""

import ipaddress
import re
from urllib.parse import urlsplit

from odoo.exceptions import ValidationError

ALLOWED_ADDRESSES = "integration_bridge.allowed_private_addresses"


def is_http(address):
    """Can a system be called there, and are no credentials in it?"""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def parse_addresses(env, text):
    """Host names, IP addresses and networks, as a person separates them; the first two may have a port.

    :rtype: tuple
    :raises ValidationError: naming the one that is none of them
    """
    names = tuple(part for part in re.split(r"[\s,;]+", text or "") if part)
    for name in names:
        name = re.sub(r"(?<=[\w\].-]):\d{1,5}$", "", name) if name.count(":") == 1 or "]" in name else name
        try:
            ipaddress.ip_network(name.strip("[]"), strict=False)
        except ValueError:
            if re.fullmatch(r"(?!.*/)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", name) is None:
                raise ValidationError(
                    env._("“%s” is not a host name, an IP address or a network such as 192.168.1.0/24.", name)
                ) from None
    return names
