"""An address book on a CardDAV server (RFC 6352), filled and looked at past the bridge, with vobject's own reading."""

import http.client
import random
from base64 import b64encode
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import vobject

from .demo_names import CITIES, FAMILY_NAMES, GIVEN_NAMES, LONG_NOTE, STREETS, TITLES
from .errors import SetupError

DAV, CARDDAV = "{DAV:}", "{urn:ietf:params:xml:ns:carddav}"
MAKE = """<D:mkcol xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:set><D:prop>
<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype></D:prop></D:set></D:mkcol>"""
QUERY = """<C:addressbook-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:getetag/>
<C:address-data/></D:prop></C:addressbook-query>"""


class AddressBook:
    """One collection of contacts, with a kept connection.

    :param System server: as `servers.radicale` gives it.
    """

    def __init__(self, server, path="/demo/contacts/"):
        self.path = path
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        pair = b64encode(f"{server.username}:{server.secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"}

    def make(self):
        self._send("MKCOL", self.path, MAKE)

    def put(self, name, *lines, version="3.0"):
        """Write the contact of a file, whole, as a program on a telephone does it."""
        card = "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", f"UID:{name}", *lines, "END:VCARD", ""))
        self._send("PUT", self.path + quote(f"{name}.vcf"), card, {"Content-Type": "text/vcard; charset=utf-8"})

    def delete(self, href):
        self._send("DELETE", href)

    def href(self, name):
        """The address of a contact's file, which is its ID there."""
        return self.path + quote(f"{name}.vcf")

    def cards(self):
        """Return {address: card}, each as vobject reads it."""
        root = ElementTree.fromstring(self._send("REPORT", self.path, QUERY))
        found = {one.findtext(f"{DAV}href"): one.findtext(f".//{CARDDAV}address-data") for one in root}
        return {href: vobject.readOne(text) for href, text in found.items() if text}

    def texts(self):
        """Return {address: the card as it is kept}."""
        return {href: card.serialize() for href, card in self.cards().items()}

    def _send(self, method, path, body=None, headers=()):
        self._connection.request(method, path, body and body.encode(), {**self._headers, **dict(headers)})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise SetupError(f"{method} {path} answered {answer.status}: {content[:300]!r}", "read the server's log")
        return content.decode()


def contacts(number, seed=20260101):
    """Return [(name of the file, values)]: contacts as different as people are, with values missing here and there."""
    rng, found = random.Random(seed), []
    for position in range(number):
        given, family = rng.choice(GIVEN_NAMES), rng.choice(FAMILY_NAMES)
        city, code, country = rng.choice(CITIES)
        values = {
            "name": f"{given} {family}, {rng.choice(TITLES)}",
            "family": family,
            "given": given,
            "email": f"card{position}@cards.example",
            "phone": f"+{rng.randint(1, 98)} {rng.randint(100000, 999999)}",
            "function": rng.choice(TITLES),
            "street": f"{rng.randint(1, 250)} {rng.choice(STREETS)}; rear, left",
            "city": city,
            "zip": code,
            "country": country,
            "note": LONG_NOTE if rng.random() < 0.1 else "Call\nfirst; then, write \\o/",
        }
        for name in ("phone", "function", "note", "street"):
            if rng.random() < 0.15:
                del values[name]
        found.append((f"card {position}" if position % 5 else f"ünï-{position}", values))
    return found


def lines(values):
    """The lines of a card with these values, as RFC 2426 wants them."""
    found = [f"FN:{_text(values['name'])}", f"N:{_text(values['family'])};{_text(values['given'])};;;"]
    found.append(f"EMAIL;TYPE=INTERNET:{values['email']}")
    if "phone" in values:
        found += ["TEL;TYPE=HOME:+32 2 000", f"TEL;TYPE=WORK,VOICE:{values['phone']}"]
    if "function" in values:
        found.append(f"TITLE:{_text(values['function'])}")
    place = (values.get("street", ""), values["city"], "", values["zip"], values["country"])
    found.append(f"ADR;TYPE=WORK:;;{';'.join(map(_text, place))}")
    if "note" in values:
        found.append(f"NOTE:{_text(values['note'])}")
    return [*found, "CATEGORIES:one,two", "X-ONLY-HERE:kept", "BDAY:1990-05-01"]


def _text(value):
    value = value.replace("\\", "\\\\").replace("\n", "\\n")
    return value.replace(",", "\\,").replace(";", "\\;")
