"""What never reaches a log: credentials by their names, and known secrets wherever and however they are written."""

from __future__ import annotations

import base64
import csv
import functools
import html
import io
import json
import logging
import re
from urllib.parse import quote, quote_plus, unquote_plus

REDACTED = "***"

# A shorter "secret" would blank ordinary words everywhere; where credentials stand by name, length does not matter.
_SHORTEST_SECRET = 4
_SHORTEST_BASE64 = 6
# In records more is at stake: what stands in one is written to Odoo. A shorter secret may be a word of the business.
_SHORTEST_IN_RECORDS = 8

# Parts of names, compared without case, dashes and underscores.
_TELLING = (
    "password|passwd|passphrase|pwd|secret|token|apikey|accesskey|privatekey|authorization|credential|cookie|sessionid"
    "|signature|assertion|cardnumber|cvc|cvv|securitycode"
)
_SENSITIVE_NAME = re.compile(_TELLING)
# Names that contain such a part and are harmless, and needed to understand a log.
_HARMLESS = {"tokentype", "nextpagetoken", "pagetoken", "nexttoken", "continuationtoken", "synctoken", "nextsynctoken"}

_JSON_ENTRY = re.compile(
    r'"(?P<name>(?:[^"\\]|\\.){1,80})"(?P<gap>\s*:\s*)(?P<value>"(?:[^"\\]|\\.)*(?:"|\\?$)|[-\w.]+)'
)
_FORM_ENTRY = re.compile(r"(?P<before>^|[?&\s;,])(?P<name>[\w.%\[\]+-]{1,120})=(?P<value>[^&\s;,\"<>]+)")
# An element of XML that has nothing but text, plain or as CDATA, cut off or not; and an attribute.
_XML_ENTRIES = (
    re.compile(r"(?<=<)(?P<name>[\w:.-]{1,80})(?P<gap>(?:\s[^<>]{0,400})?>)(?P<value>[^<]+)"),
    re.compile(
        r"(?<=<)(?P<name>[\w:.-]{1,80})(?P<gap>(?:\s[^<>]{0,400})?>\s*<!\[CDATA\[)(?P<value>.+?)(?=\]\]>|\Z)", re.DOTALL
    ),
    re.compile(r"(?<=\s)(?P<name>[\w:.-]{1,80})(?P<gap>\s*=\s*(?P<mark>[\"']))(?P<value>(?:(?!(?P=mark))[^<])+)"),
)
_DELIMITERS = ",;\t|"
_COLUMN_NAME = re.compile(r"[\w .:/#()-]{0,60}")
_USER_INFO = re.compile(r"(?<=://)[^/?#@\s]*@")


def is_sensitive(name) -> bool:
    """Whether a header, parameter or key of this name holds a credential."""
    plain = re.sub(r"[^a-z0-9]", "", str(name).lower())
    return plain not in _HARMLESS and bool(_SENSITIVE_NAME.search(plain))


def is_credential(name) -> bool:
    """Whether a header of this name is one that carries a credential.

    Wider than ``is_sensitive``: a key that was written down in clear can not be taken back.
    """
    words = set(re.split(r"[^a-z0-9]+", str(name).lower()))
    return str(name).lower() not in _HARMLESS_HEADERS and (is_sensitive(name) or bool(words & _CREDENTIAL_WORDS))


def literal_secret(document, name="") -> str | None:
    """The name under which a document has a credential itself, and no placeholder for one; None if it has none.

    :param document: JSON that a person has written: headers, parameters, a body
    """
    if isinstance(document, dict):
        return next(filter(None, (literal_secret(value, str(key)) for key, value in document.items())), None)
    if isinstance(document, list):
        return next(filter(None, (literal_secret(item, name) for item in document)), None)
    text = document if isinstance(document, str) else ""
    is_named = is_sensitive(name) and text and not _PLACEHOLDER.search(text)
    return (name or text[:4] + "…") if is_named or _SHAPES.search(text) else None


def secret_in_url(url: str) -> str | None:
    """The parameter of an address that carries a credential; None if it has none."""
    pairs = [part.partition("=") for part in url.partition("?")[2].partition("#")[0].split("&")]
    named = {unquote_plus(name): unquote_plus(value) for name, _equals, value in pairs if value}
    return literal_secret(named)


# What keys and tokens look like: of well-known systems, JWT (RFC 7519), PEM, and the values of Authorization headers.
_SHAPES = re.compile(
    r"\b(?:sk|rk|pk|whsec)_(?:live|test)_\w{8}|\bgh[pousr]_\w{20}|\bgithub_pat_\w{20}|\bglpat-[\w-]{16}|\bAKIA[0-9A-Z]{16}"
    r"|\bxox[abpors]-[\w-]{10}|\bshp(?:at|ss|ca|pa)_\w{16}|\bAIza[\w-]{30}|\beyJ[\w-]{8,}\.[\w-]{8,}\."
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|^(?:Basic|Bearer|Token|ApiKey|Digest|Negotiate) +[\w+/=.-]{8,}$"
)
# A default would be a literal again, so it has to be empty.
_PLACEHOLDER = re.compile(r"\{\+?\w+\|?\}")
_CREDENTIAL_WORDS = {"auth", "authentication", "key", "session", "access", "subscription", "jwt", "otp", "pin", "sid"}
_HARMLESS_HEADERS = {"idempotency-key", "x-idempotency-key", "sec-websocket-key", "access-control-request-method"}


def redact_headers(headers, secrets=()) -> dict[str, str]:
    """Copy of HTTP headers in which credentials are blanked."""
    return {
        str(name): REDACTED if is_sensitive(name) else redact_text(_as_text(value), secrets)
        for name, value in headers.items()
    }


def redact_url(url: str, secrets=()) -> str:
    """Copy of an address without user info, and with credentials in its parameters blanked."""
    return redact_text(_USER_INFO.sub(f"{REDACTED}@", url), secrets)


def redact_text(text: str, secrets=()) -> str:
    """Copy of any text: known secrets blanked in every notation, and JSON, form or XML entries with telling names."""
    text = _secret_pattern(frozenset(secrets)).sub(REDACTED, text)
    text = _FORM_ENTRY.sub(_blank_form, _JSON_ENTRY.sub(_blank_json, text))
    for entry in _XML_ENTRIES if "<" in text else ():
        text = entry.sub(_blank_xml, text)
    return text


def redact_start(text: str, secrets, length: int) -> str:
    """The first ``length`` characters, redacted; a secret that the cut would split does not survive in part."""
    longest = max((len(notation) for secret in secrets for notation in notations(secret)), default=0)
    redacted = redact_text(redact_columns(text[: length + longest]), secrets)
    if longest and len(text) > length + longest:
        redacted = redacted[:-longest]
    return redacted[:length]


class LogFilter(logging.Filter):
    """Blanks what the logger of somebody else would write down, by a pattern: it does not know our secrets.

    :param str pattern: what is replaced in each text that a log line is made of
    :param str instead: as ``re.sub`` takes it
    """

    def __init__(self, pattern, instead):
        super().__init__()
        self._pattern, self._instead = re.compile(pattern), instead

    def filter(self, record):
        args = record.args if isinstance(record.args, tuple) else ()
        if args:
            record.args = tuple(map(self._blanked, args))
        return True

    def _blanked(self, arg):
        return self._pattern.sub(self._instead, arg) if isinstance(arg, str) else arg


def redact_columns(text: str) -> str:
    """Copy of the beginning of a table in which columns with telling names are blanked; any other text as it is."""
    first, _, rest = text.partition("\n")
    for delimiter in _DELIMITERS if rest else ():
        names = [cell.strip(" \r\"'") for cell in first.split(delimiter)]
        secret = {number for number, name in enumerate(names) if is_sensitive(name)}
        if secret and len(names) > 1 and all(map(_COLUMN_NAME.fullmatch, names)):
            return f"{first}\n{_blank_columns(rest, delimiter, secret)}"
    return text


def _blank_columns(rows, delimiter, secret):
    blanked = io.StringIO(newline="")
    writer = csv.writer(blanked, delimiter=delimiter, lineterminator="\n")
    try:
        for row in csv.reader(io.StringIO(rows, newline=""), delimiter=delimiter):
            writer.writerow([REDACTED if number in secret and cell else cell for number, cell in enumerate(row)])
    except csv.Error:  # it is no table, and what it is is not known
        blanked.write(REDACTED)
    return blanked.getvalue()


def redact_document(document, secrets=()):
    """Copy of a JSON document: values under telling names blanked, known secrets blanked in all texts."""
    if isinstance(document, dict):
        return {
            name: REDACTED
            if is_sensitive(name) and not isinstance(value, (bool, type(None)))
            else redact_document(value, secrets)
            for name, value in document.items()
        }
    if isinstance(document, list):
        return [redact_document(item, secrets) for item in document]
    return redact_text(document, secrets) if isinstance(document, str) else document


def without_secrets(document, secrets):
    """Copy of a document in which known secrets are blanked wherever they stand; names tell nothing here.

    What the other system repeats of a credential, such as the headers of a request, would else be mapped like any
    other value, written to Odoo, and read by everybody.
    """
    known = _told_in_records(frozenset(secrets))
    return _blanked(document, _secret_pattern(known)) if known else document


def may_hold(raw: bytes, secrets) -> bool:
    """Whether a body may have one of these secrets in its texts: quick, for nearly every body has none."""
    known = _told_in_records(frozenset(secrets))
    if not known:
        return False
    # Written with escapes, or in another charset, it is found only in what was read from the body.
    if b"\0" in raw[:64] or _is_escaped(raw) or not all(map(str.isascii, known)):
        return True
    return any(notation in raw for notation in _encoded(known))


_ESCAPED = re.compile(rb"\\u00[2-7]|&#|%[0-9a-f]?[a-f]")
_ESCAPES = (b"\\u00", b"&#", b"%")


def _is_escaped(raw):
    # To look for what an escape begins with is several times as quick, and nearly no body has it.
    return any(one in raw for one in _ESCAPES) and bool(_ESCAPED.search(raw))


@functools.lru_cache(maxsize=256)
def _told_in_records(secrets: frozenset) -> frozenset:
    return frozenset(secret for secret in secrets if secret and len(secret) >= _SHORTEST_IN_RECORDS)


@functools.lru_cache(maxsize=256)
def _encoded(secrets: frozenset) -> tuple:
    return tuple(notation.encode() for secret in secrets for notation in notations(secret))


def _blanked(document, pattern):
    if isinstance(document, str):
        return pattern.sub(REDACTED, document) if len(document) >= _SHORTEST_IN_RECORDS else document
    if isinstance(document, dict):
        return {_blanked(name, pattern): _blanked(value, pattern) for name, value in document.items()}
    if isinstance(document, list):
        return [_blanked(item, pattern) for item in document]
    return document


@functools.lru_cache(maxsize=256)
@functools.lru_cache(maxsize=256)
def notations(secret: str) -> frozenset[str]:
    """The ways in which a secret may stand in a text: plain, reversed, percent-encoded, JSON, HTML, base64 at any
    offset.
    """
    if not secret or len(secret) < _SHORTEST_SECRET:
        return frozenset()
    # A server that reads the bytes of a header as Latin-1, as WSGI (PEP 3333) has it, repeats what they then look like.
    read = {secret, secret.encode(errors="replace").decode("latin-1")}
    return frozenset().union(*map(_notations, read))


def _notations(secret):
    once = {write(secret) for write in _WRITERS}
    twice = {write(text) for text in once for write in _WRITERS}  # such as headers in JSON, in a page of HTML
    slashes = {text.replace("/", "\\/") for text in once | twice}  # PHP writes slashes so in JSON
    return {secret, secret[::-1], repr(secret)[1:-1], *once, *twice, *slashes, *_base64_cores(secret)}


_WRITERS = (
    quote,
    quote_plus,
    html.escape,
    lambda text: quote(text, safe=""),
    lambda text: html.escape(text, quote=False),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
)


def _base64_cores(secret: str):
    """What stays the same of a secret's base64 whatever stands before and after it (as in ``user:secret``)."""
    if len(secret) < _SHORTEST_BASE64:
        return
    raw = secret.encode()
    for offset in range(3):
        padded = b"\0" * offset + raw
        # Characters that mix in bits of the neighbours are not ours.
        first = -(-offset * 8 // 6)
        last = len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(padded).decode()[first:last]


@functools.lru_cache(maxsize=256)
def _secret_pattern(secrets: frozenset) -> re.Pattern:
    found = {notation for secret in secrets for notation in notations(secret)}
    if not found:
        return re.compile(r"(?!)")  # matches nothing
    return re.compile("|".join(map(_any_case_escapes, sorted(found, key=len, reverse=True))))


def _any_case_escapes(text: str) -> str:
    """Pattern of a notation; percent escapes are equal in either case (RFC 3986 section 2.1)."""
    return re.sub(r"%[0-9A-F]{2}", r"(?i:\g<0>)", re.escape(text))


def _blank_json(match) -> str:
    if not is_sensitive(match["name"]) or match["value"] in ("null", "true", "false"):
        return match[0]
    return f'"{match["name"]}"{match["gap"]}"{REDACTED}"'


def _blank_form(match) -> str:
    if not is_sensitive(unquote_plus(match["name"])):
        return match[0]
    return f"{match['before']}{match['name']}={REDACTED}"


def _blank_xml(match) -> str:
    is_secret = is_sensitive(match["name"].rpartition(":")[2]) and match["value"].strip()
    return f"{match['name']}{match['gap']}{REDACTED}" if is_secret else match[0]


def _as_text(value) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
