"""Tests of the plain layers; no Odoo is needed or imported.

The addon's folder is registered as a package of the addon's name that has no ``__init__``, so that the tests import its
modules by the name that Odoo gives them (without ``odoo.addons``), and these can import each other relatively.
"""

import datetime
import ipaddress
import os
import ssl
import sys
import types
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "servers"))
addon = sys.modules["integration_bridge"] = types.ModuleType("integration_bridge")
addon.__path__ = [str(ROOT)]

# A slow machine is no fault of the code; and what failed once should not depend on a database of examples.
settings.register_profile("unit", deadline=None, database=None, max_examples=int(os.environ.get("EXAMPLES", "50")))
settings.load_profile("unit")

from fault_server import FaultServer  # noqa: E402

from integration_bridge.remote import auth  # noqa: E402
from integration_bridge.remote.client import Client, Settings  # noqa: E402


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_tokens_left():
    yield
    auth.forget_tokens()


@pytest.fixture
def connect(server):
    """Make clients of the server, allowed to call this machine; they are closed at the end."""
    opened = []

    def make(auth=None, on_exchange=None, secrets=(), **changes):
        options = {
            "base_url": server.url,
            "connect_timeout": 2,
            "read_timeout": 2,
            "total_timeout": 5,
            "allowed_addresses": ("127.0.0.0/8",),
        }
        opened.append(Client(Settings(**{**options, **changes}), auth, on_exchange, secrets))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


class Authority:
    """A certificate authority made for this test run, and servers' certificates signed by it or by nobody."""

    def __init__(self, folder):

        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Test authority")
        self.pem = _pem(self._sign(self._name, self._key.public_key(), None, 1))

    def context(self, host, days=1, self_signed=False) -> ssl.SSLContext:
        """TLS of a server that says it is ``host``; with negative days its certificate has expired."""

        key = ec.generate_private_key(ec.SECP256R1())
        issuer = key if self_signed else None
        certificate = self._sign(_named(host), key.public_key(), host, days, issuer)
        path = self._folder / f"{host}{days}{self_signed}.pem".replace(":", "_")
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(secret + _pem(certificate).encode())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _sign(self, subject, public_key, host, days, own_key=None):

        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if own_key else self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=10))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        return builder.sign(own_key or self._key, hashes.SHA256())


def _named(text):

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _alternative(host):

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate) -> str:

    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))
