"""From the bytes of an answer to a JSON document that PostgreSQL can store."""

from __future__ import annotations

import codecs
import json
import math
import re

from .errors import ProtocolError

DEEPEST = 100  # levels of lists and objects inside each other
_CONTAINERS = (dict, list)
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
# Character sets of real texts. Python knows more codecs, and not all are safe or cheap on foreign bytes.
_TEXT_CODEC = re.compile(r"utf-(8|16|32)|ascii|iso8859|cp\d|koi8|gb|big5|shift_jis|euc|latin|mac-")
_LARGE_EXPONENT = re.compile(r"[eE]\+?\d{3}")
# NUL and lone surrogates, as they stand in JSON text: PostgreSQL refuses both in text and jsonb.
_SUSPECT = re.compile("[\x00\ud800-\udfff]|\\\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def decode(raw: bytes, content_type: str, host: str) -> str:
    """Text of a body: by the declared charset, else UTF-8 (RFC 8259 section 8.1), with or without BOM.

    :raises ProtocolError: unknown charset, or bytes that are not in it (reason ``charset``)
    """
    name = codec(content_type, host)
    try:
        return raw.decode(name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ProtocolError("charset", host=host, charset=name[:40]) from error


def codec(content_type: str, host: str) -> str:
    """Python's name of the declared character set, else of UTF-8.

    :raises ProtocolError: it is unknown, or none of texts (reason ``charset``)
    """
    declared = _CHARSET.search(content_type)
    charset = declared[1] if declared else "utf-8"
    try:
        name = codecs.lookup(charset).name
        if not _TEXT_CODEC.match(name):
            raise LookupError(charset)
    except LookupError as error:
        raise ProtocolError("charset", host=host, charset=charset[:40]) from error
    return name


def parse(text: str, host: str):
    """JSON document of a text, without characters that can not be stored.

    :raises ProtocolError: not JSON (``not_json``), with the details ``html`` and ``constant`` (NaN, Infinity)
    """
    try:
        # strict=False: raw control characters in texts are common, harmless, and unambiguous.
        document = json.loads(text, strict=False, parse_constant=_refuse_constant, parse_float=_float_parser(text))
        if is_too_deep(document):
            raise RecursionError
        return storable(document) if _is_suspect(text) else document
    except _Constant as error:
        raise ProtocolError("not_json", "constant", host=host, problem=str(error)) from error
    except (ValueError, RecursionError) as error:
        detail = "html" if text.lstrip()[:1] == "<" else ""
        raise ProtocolError("not_json", detail, host=host, problem=_words(error)) from error


def _is_suspect(text):
    """May it hold what can not be stored? Nearly no text does, and to look for two characters is quicker."""
    if "\\u" in text:
        return bool(_SUSPECT.search(text))
    return "\0" in text or not (text.isascii() or _can_be_encoded(text))


def _can_be_encoded(text):
    """Is there no lone surrogate in it? The encoder sees that in a fifth of the time of a search."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_too_deep(document) -> bool:
    """Whether a document is nested deeper than any that means something, and than what looks at it can go."""
    level = [document]
    for _depth in range(DEEPEST + 1):
        level = [
            item
            for one in level
            if one.__class__ in _CONTAINERS
            for item in (one.values() if one.__class__ is dict else one)
            if item.__class__ in _CONTAINERS
        ]
        if not level:
            return False
    return True


def storable(document):
    """Copy of a document without NUL characters and lone surrogates in its texts and names."""
    if isinstance(document, str):
        return _UNSTORABLE.sub("", document)
    if isinstance(document, list):
        return [storable(item) for item in document]
    if isinstance(document, dict):
        return {storable(name): storable(value) for name, value in document.items()}
    return document


class _Constant(ValueError):
    """A number that JSON does not have."""


def _refuse_constant(name):
    raise _Constant(name)


def _finite(text):
    number = float(text)
    if math.isinf(number):
        raise _Constant(text[:40])
    return number


def _float_parser(text):
    # 1e999 would silently become infinite. Looking at every number costs time, so only where one may be so large.
    return _finite if _LARGE_EXPONENT.search(text) else None


def _words(error) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]} at line {error.lineno}, column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
