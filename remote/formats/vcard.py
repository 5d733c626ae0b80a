"""vCard, as address books and CardDAV have it (RFC 6350; version 3.0: RFC 2426), by one rule for both ways.

A card is an object with one name, ``vcard``. Each of its properties is a list, because most may be there several times,
and each item an object with the ``value`` and the parameters:

=========================================  =============================================================================
``FN:Ann Lee``                             ``"fn": [{"value": "Ann Lee"}]``
``TEL;TYPE=work,voice:+1``                 ``"tel": [{"value": "+1", "type": ["work", "voice"]}]``
``N:Lee;Ann;;;``                           ``"n": [{"family": "Lee", "given": "Ann", "additional": "", …}]``
``CATEGORIES:friend,family``               ``"categories": [{"value": ["friend", "family"]}]``
``item1.EMAIL:ann@example.com``            ``"email": [{"value": "ann@example.com", "group": "item1"}]``
=========================================  =============================================================================

The library vobject splits and folds the lines; its own reading of values would keep only the first of a list.
"""

from __future__ import annotations

import io
import re

from vobject import base as lines

from .. import document
from ..errors import ConfigurationError, ProtocolError, _lt
from ..options import Option
from ..template import text_of
from .base import Form, form

CARD, VALUE, TYPE, GROUP = "vcard", "value", "type", "group"
VALUE_TYPE, MORE = "value_type", "more"  # the parameter VALUE; what stands behind the parts that have a name
# What a property consists of, in the order in which it stands there.
PARTS = {
    "n": ("family", "given", "additional", "prefix", "suffix"),
    "adr": ("box", "extended", "street", "city", "region", "code", "country"),
    "org": ("name",),
}
LISTS = ("categories", "nickname")
# Texts in which commas, semicolons and line ends are escaped. All others stay as they are: addresses, dates, pictures,
# and what only one program knows, which may use the same characters for a purpose of its own.
TEXTS = ("fn", "email", "tel", "title", "role", "note", "label", "uid", "prodid", "kind", "version")
_PIECES = re.compile(r"\\.|[^\\]", re.DOTALL)
_LINE_ENDS = re.compile(r"\r\n?|\n")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 6350 section 3.3, VALUE-CHAR
_JSON = re.compile(r"\s*[{\[]")
_VERSIONS = ("3.0", "4.0")


@form
class VCard(Form):
    """``BEGIN:VCARD``, a property on each line, ``END:VCARD``."""

    name = "vcard"
    label = _lt("vCard")
    content_type = "text/vcard"
    media = ("text/vcard", "text/x-vcard", "text/directory")
    suffixes = (".vcf",)
    one_is_many = True
    answer_options = {}
    body_options = {"version": Option(_lt("Version of a card that names none"), "choice", "3.0", _VERSIONS)}

    def read(self, text, host):
        if _JSON.match(text):  # what is answered in place of a card, such as an error
            return document.parse(text, host)
        cards, card = [], None
        # Without the quoted-printable of version 2.1, whose lines go on in another way.
        for number, (line, _of_file) in enumerate(lines.getLogicalLines(io.StringIO(text), allowQP=False), 1):
            line = line.rstrip("\r\n")
            if not line.strip():
                continue
            name, item = self._property(line, number, host)
            mark = item.get(VALUE, "").strip().upper() if name in ("begin", "end") else ""
            if (name, mark, card is None) == ("begin", "VCARD", True):
                card = {}
            elif (name, mark, card is None) == ("end", "VCARD", False):
                cards.append(self._whole(card, number, host))
                card = None
            elif name in ("begin", "end") or card is None:
                raise _not_vcard(host, number, f"“{line[:40]}” does not belong there")
            else:
                card.setdefault(name, []).append(item)
        if card is not None or not cards:
            raise _not_vcard(host, text.count("\n") + 1, "END:VCARD is missing" if card is not None else "it is none")
        return {CARD: cards[0] if len(cards) == 1 else cards}

    def _whole(self, card, number, host):
        version = card.get("version", [{VALUE: ""}])[0][VALUE]
        if version not in _VERSIONS:
            raise _not_vcard(host, number, f"its version is “{version[:20]}”, and only 3.0 and 4.0 can be read")
        return document.storable(card)

    def _property(self, line, number, host):
        try:
            name, parameters, value, group = lines.parseLine(line, number)
        except lines.ParseError as error:
            raise _not_vcard(host, number, f"“{line[:40]}” is no property") from error
        name, item = name.lower(), {GROUP: group} if group else {}
        for key, *values in parameters:
            key = key.lower()
            if not values:  # some programs write TEL;WORK:, as version 2.1 did
                key, values = TYPE, [key]
            if key == TYPE:  # its values are the same in any letters (RFC 6350 section 5.6)
                item[key] = [*item.get(key, []), *(one.lower() for value in values for one in value.split(","))]
            else:
                item[VALUE_TYPE if key == VALUE else key] = values[0] if len(values) == 1 else values
        if name in PARTS:
            return name, item | _parts(PARTS[name], value)
        return name, item | {VALUE: _value(name, item, value)}

    # --- Bodies

    def check_template(self, template):
        if isinstance(template, dict) and set(template) != {CARD}:
            raise ConfigurationError(
                _lt('The body is an object with the one name “vcard”, or "{record}" if the record is such an object.')
            )

    def write(self, value):
        if not isinstance(value, dict) or set(value) != {CARD} or not isinstance(value[CARD], dict):
            names = ", ".join(value) if isinstance(value, dict) else ""
            raise ValueError(f"a vCard is an object “vcard”, and this has: {names or 'nothing'}")
        card = value[CARD]
        written = [("version", {VALUE: self._version(card)})]
        for name, items in card.items():
            if not _NAME.fullmatch(name) or name.lower() in ("begin", "end"):
                raise ValueError(f"“{name}” can not be a property of a vCard")
            if name.lower() == "version" or items is None:
                continue
            if not isinstance(items, (list, tuple)) or not all(isinstance(one, (dict, type(None))) for one in items):
                raise ValueError(f"“{name}” has to be a list of objects: [{{“value”: …}}]")
            written += [(name.lower(), one) for one in items if one]
        out = io.StringIO()
        for line in ("BEGIN:VCARD", *filter(None, (_line(name, item) for name, item in written)), "END:VCARD"):
            lines.foldOneLine(out, line)
        return out.getvalue().encode(), f"{self.content_type}; charset=utf-8"

    def _version(self, card):
        items = card.get("version") or [{}]
        return (isinstance(items[0], dict) and items[0].get(VALUE)) or self.options["version"]


def _not_vcard(host, number, problem):
    return ProtocolError("not_vcard", host=host, number=number, problem=problem)


# --- What stands in a line


def _value(name, item, value):
    if name in LISTS:
        return [_unescaped(one) for one in _split(value, ",")]
    return _unescaped(value) if _is_text(name, item) else value


def _parts(names, value):
    """The parts of a value by their names; one that is a list itself becomes a text with commas."""
    parts = [_unescaped(one) for one in _split(value, ";")]
    found = dict(zip(names, [*parts, *[""] * (len(names) - len(parts))], strict=False))
    return found | ({MORE: parts[len(names) :]} if len(parts) > len(names) else {})


def _is_text(name, item):
    return name in TEXTS and str(item.get(VALUE_TYPE, "text")).lower() == "text" and not item.get("encoding")


def _split(value, sign):
    """The pieces between signs that are not escaped."""
    pieces = [""]
    for piece in _PIECES.findall(value):
        if piece == sign:
            pieces.append("")
        else:
            pieces[-1] += piece
    return pieces


def _unescaped(text):
    return "".join(
        ("\n" if piece[1] in "nN" else piece[1]) if len(piece) == 2 else piece for piece in _PIECES.findall(text)
    )


def _escaped(value):
    text = _LINE_ENDS.sub("\n", text_of(value)).replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace(",", "\\,").replace(";", "\\;")


def _line(name, item):
    """A property as it is written; None if it says nothing.

    :raises ValueError: a vCard can not have that
    """
    names = PARTS.get(name)
    own = {GROUP, VALUE, *(names or ()), *((MORE,) if names else ())}
    if names:
        parts = [_escaped(item.get(one)) for one in names] + [_escaped(one) for one in item.get(MORE) or ()]
        value = ";".join(parts)
        is_empty = not any(parts)
    else:
        value = _written(name, item)
        is_empty = not value
    if is_empty:
        return None
    group = f"{item[GROUP]}." if item.get(GROUP) else ""
    line = f"{group}{name.upper()}{_parameters(item, own)}:{value}"
    if wrong := _NO_CHARACTER.search(line):
        raise ValueError(f"“{name}” has the character {wrong[0]!r}, which a vCard can not have there")
    return line


def _written(name, item):
    value = item.get(VALUE)
    if name in LISTS:
        return ",".join(_escaped(one) for one in (value if isinstance(value, (list, tuple)) else [value]))
    if isinstance(value, (dict, list, tuple)):
        raise ValueError(f"the value of “{name}” is a list or an object, which a vCard can not have there")
    return _escaped(value) if _is_text(name, item) else text_of(value)


def _parameters(item, own):
    found = []
    for key, values in item.items():
        if key in own or values in (None, "", []):
            continue
        if not _NAME.fullmatch(key.replace("_", "-")):
            raise ValueError(f"“{key}” can not be a parameter in a vCard")
        texts = [text_of(one) for one in (values if isinstance(values, (list, tuple)) else [values])]
        if any('"' in text for text in texts):
            raise ValueError(f"“{key}” has a quotation mark, which a parameter in a vCard can not have")
        found.append(f";{_parameter_name(key)}={','.join(map(lines.dquoteEscape, texts))}")
    return "".join(found)


def _parameter_name(key):
    return "VALUE" if key == VALUE_TYPE else key.upper()
