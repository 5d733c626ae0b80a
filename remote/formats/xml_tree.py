"""XML, read into a document and written from one, by one rule for both ways.

============================  ==========================================================================================
``<a>text</a>``               ``{"a": "text"}``: the document has one name, that of the outermost element
``<a/>``, ``<a> </a>``        ``{"a": null}``; so has ``xsi:nil="true"``
``<a><b>1</b><c/></a>``       ``{"a": {"b": "1", "c": null}}``: all values are texts
``<a><b>1</b><b>2</b></a>``   ``{"a": {"b": ["1", "2"]}}``: elements of the same name are a list
``<a id="7">text</a>``        ``{"a": {"@id": "7", "#text": "text"}}``: attributes, and text beside such
``<d:a xmlns:d="DAV:"/>``     ``{"a": null}``: no prefix, or that of the option ``namespaces``
============================  ==========================================================================================

An element that may be there once or many times is a list only if it is there many times; those named in ``lists`` are
one always. Comments and processing instructions are left out. A DOCTYPE is refused, and with it entities and whatever
else would be fetched or multiplied.
"""

from __future__ import annotations

import contextlib
import re
from xml.etree import ElementTree

import defusedxml
import defusedxml.ElementTree

from .. import document
from ..errors import ConfigurationError, ProtocolError, _lt
from ..options import Option, OptionError
from ..template import SPREAD, text_of
from .aside import Aside
from .base import Form, form

ATTRIBUTE, TEXT = "@", "#text"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_XML = "{http://www.w3.org/XML/1998/namespace}"
# One or two NCNames (XML 1.0 section 2.3), without what lies behind the alphabets of the world's first 8000 characters.
_FIRST = "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff"
_NAME = re.compile(f"[{_FIRST}][{_FIRST}0-9.-]*(:[{_FIRST}][{_FIRST}0-9.-]*)?")
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 section 2.2
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
_DECLARED = re.compile(rb"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")
_WEB_PAGE = re.compile(r"\s*(<!doctype\s+html|<html[\s>])", re.IGNORECASE)
_TELLING = ("error", "errors", "fault", "id", "status", "message", "code", "success", "ok")
_FAILURES = ("error", "errors", "fault", "errorresponse")
_NAMESPACES = Option(_lt('Prefixes and what they stand for, such as {"d": "DAV:"}'), "texts", {})


@form
class Xml(Form):
    """``<items><item id="1"/></items>`` (XML 1.0)."""

    name = "xml"
    label = _lt("XML")
    content_type = "application/xml"
    media = ("application/xml", "text/xml")  # and whatever ends with +xml, RFC 7303
    suffixes = (".xml",)
    one_is_many = True
    streams = True
    answer_options = {
        "lists": Option(
            _lt("Elements that are lists, also if there is one: names, or places such as a.b"), "names", []
        ),
        "namespaces": _NAMESPACES,
    }
    body_options = {"namespaces": _NAMESPACES}

    def _check(self):
        for prefix in self.options["namespaces"]:
            if not (prefix and _NAME.fullmatch(prefix) and ":" not in prefix):
                raise OptionError(_lt("namespaces: %(prefix)s can not be a prefix."), prefix=repr(prefix))
        self._prefixes = {uri: prefix for prefix, uri in self.options["namespaces"].items()}

    # --- Answers

    def decode(self, raw, content_type, host):
        """By the option, the BOM, the Content-Type, the XML declaration, in this order (RFC 7303 section 3)."""
        return super().decode(raw, _charset(raw, content_type), host)

    def read(self, text, host):
        start = text.lstrip()[:1]
        if start in ("{", "["):  # what is answered in place of XML, such as an error
            return document.parse(text, host)
        if _WEB_PAGE.match(text):
            raise ProtocolError("not_xml", "html", host=host)
        with _understood(host):
            # The text is decoded already, so what the declaration says of its encoding counts no more.
            root = defusedxml.ElementTree.fromstring(_DECLARATION.sub("", text, count=1), forbid_dtd=True)
            return document.storable({self._name(root.tag): self._value(root, ())})

    def lines(self, file, content_type, host):
        """As ``decode``: where the Content-Type says nothing, the declaration counts."""
        return super().lines(file, _charset(file.peek(1024), content_type), host)

    def stream(self, file, content_type, host, place):
        """Of the elements at a place; and what attributes and elements of the outermost one may tell of a failure.

        What was read is let go, so that the tree never has more than one of them.
        """
        text, wanted = _Undeclared(self.lines(file, content_type, host)), place.replace('"', "").split(".")
        above, names = [], []  # the open elements, and their names
        with _understood(host):
            for event, element in defusedxml.ElementTree.iterparse(text, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    above.append(element)
                    names.append(self._name(element.tag))
                    if len(names) == 1:
                        yield from self._asides(names[0], {ATTRIBUTE + name: one for name, one in element.items()})
                    continue
                above.pop()
                is_inside, is_aside = names[: len(wanted)] == wanted, names[1:2] != wanted[1:2]
                if is_inside and len(names) == len(wanted):
                    yield document.storable(self._value(element, tuple(names[:-1])))
                elif is_aside and len(names) == 2 and _is_telling(names[1]):
                    yield from self._asides(names[0], {names[1]: self._value(element, (names[0],))})
                is_part = is_inside and len(names) > len(wanted)
                is_part = is_part or (is_aside and len(names) > 2 and _is_telling(names[1]))
                names.pop()
                if above and not is_part:  # a part is let go with the whole
                    above[-1].remove(element)

    def _asides(self, outermost, content):
        yield from (Aside(name, value) for name, value in self.telling({outermost: content}).items())

    def _name(self, tag):
        uri, _, local = tag.rpartition("}")
        if tag.startswith(_XML):
            return f"xml:{local}"
        prefix = self._prefixes.get(uri[1:])
        return f"{prefix}:{local}" if prefix else local

    def _value(self, element, above):
        if element.get(_NIL) in ("true", "1"):
            return None
        above = (*above, self._name(element.tag))
        found = {ATTRIBUTE + self._name(name): value for name, value in element.items() if name != _NIL}
        tags = {}
        for child in element:
            name = self._name(child.tag)
            if tags.setdefault(name, child.tag) != child.tag:
                raise _TwoNames(name)
            value = self._value(child, above)
            if name in found:
                found[name] = [*found[name], value] if isinstance(found[name], list) else [found[name], value]
            else:
                found[name] = [value] if self._is_list(name, above) else value
        own = "".join([element.text or "", *(child.tail or "" for child in element)])
        if not own.strip() and element.get(f"{_XML}space") != "preserve":
            return found or None
        if not found:
            return own
        return {**found, TEXT: own.strip() if tags else own}

    def _is_list(self, name, above):
        return name in self.options["lists"] or ".".join((*above, name)) in self.options["lists"]

    def telling(self, found):
        """The outermost element says it in its name, its attributes or its elements; SOAP says it in a Fault."""
        if not isinstance(found, dict) or len(found) != 1:
            return found  # JSON in place of XML
        ((name, content),) = found.items()
        name, content = name.rpartition(":")[2].lower(), _named(content)
        if name == "envelope":
            content = _named(content.get("body"))
        if name in _FAILURES:
            return {"error": _plain(content) or True}
        fault = content.get("fault")
        told = {"error": _plain(fault)} if fault else {}
        for key in ("error", "errors", "id", "status", "message", "code"):
            if key in content and key not in told:
                told[key] = _plain(content[key])
        return told | {key: False for key in ("success", "ok") if content.get(key) in ("false", "0", "False")}

    # --- Bodies

    def check_template(self, template):
        if not isinstance(template, dict) or len(template) != 1:
            raise ConfigurationError(
                _lt('XML has one outermost element, so the body is an object with one name: {"item": "{record}"}.')
            )
        for name in _names(template):
            _check_name(name, self.options["namespaces"])

    def write(self, value):
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError("XML has one outermost element, and this has none or many")
        ((name, content),) = value.items()
        if isinstance(content, (list, tuple)):
            raise ValueError(f"XML has one outermost element, and <{name}> is a list")
        root = self._element(name, content)
        for prefix, uri in self.options["namespaces"].items():
            root.set(f"xmlns:{prefix}", uri)
        # A bare CR would be read as LF (XML 1.0 section 2.11).
        text = ElementTree.tostring(root, encoding="unicode").replace("\r", "&#13;")
        return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode(), f"{self.content_type}; charset=utf-8"

    def _element(self, name, value):
        _check_name(name, self.options["namespaces"])
        element = ElementTree.Element(name)
        if not isinstance(value, dict):
            element.text = _written(name, value)
            return element
        for key, one in value.items():
            if key == TEXT:
                element.text = _written(name, one)
            elif key.startswith(ATTRIBUTE):
                _check_name(key[1:], self.options["namespaces"])
                if one is not None:
                    element.set(key[1:], _written(key, one))
            else:
                for each in one if isinstance(one, (list, tuple)) else [one]:
                    element.append(self._element(key, each))
        return element


def spoken(body: bytes):
    """What stands in the body of an error in XML, with the names that failures have in JSON; None if it is no XML."""
    form = Xml()
    try:
        found = form.read(form.decode(body, "", ""), "")
    except ProtocolError:
        return None
    return _plain(next(iter(found.values()))) if isinstance(found, dict) else None


def _charset(beginning, content_type):
    """The Content-Type; where it says nothing of the character set, what the XML declares."""
    declared = _DECLARED.match(beginning[:1024])
    return f"charset={declared[1].decode()}" if declared and "charset" not in content_type.lower() else content_type


@contextlib.contextmanager
def _understood(host):
    """:raises ProtocolError: in words, for whatever is wrong with XML"""
    try:
        yield
    except defusedxml.DefusedXmlException as error:
        raise ProtocolError("not_xml", "doctype", host=host) from error
    except ElementTree.ParseError as error:
        raise ProtocolError("not_xml", host=host, problem=str(error)) from error
    except RecursionError as error:
        raise ProtocolError("not_xml", host=host, problem="nested too deeply") from error
    except _TwoNames as error:
        raise ProtocolError("two_namespaces", host=host, name=error.args[0]) from error


class _Undeclared:
    """A file of text without its declaration, as its encoding is known already."""

    def __init__(self, lines):
        self._lines, self._is_first = lines, True

    def read(self, size):
        text = self._lines.read(size)
        if self._is_first:
            self._is_first, text = False, _DECLARATION.sub("", text, count=1)
        return text


class _TwoNames(ValueError):
    """Two elements have one name, in two namespaces."""


def _names(template):
    """Names of elements and attributes that stand in a body as it was written."""
    for one in template if isinstance(template, list) else ():
        yield from _names(one)
    for name, value in template.items() if isinstance(template, dict) else ():
        if name not in (TEXT, SPREAD):
            yield name.removeprefix(ATTRIBUTE)
        yield from _names(value)


def _check_name(name, prefixes):
    """:raises ConfigurationError: XML can not have an element or attribute of that name"""
    prefix = name.rpartition(":")[0]
    if not _NAME.fullmatch(name):
        raise ConfigurationError(_lt("“%(name)s” can not be a name in XML."), name=name)
    if prefix and prefix not in prefixes and prefix not in ("xml", "xmlns"):
        raise ConfigurationError(
            _lt("The prefix of “%(name)s” stands for nothing; say in the option “namespaces” what it means."), name=name
        )


def _written(name, value):
    if value is None:
        return None
    if isinstance(value, (list, tuple, dict)):
        raise ValueError(f"“{name}” has a list or an object inside a list or a text, which XML can not say")
    text = text_of(value)
    if wrong := _NO_CHARACTER.search(text):
        raise ValueError(f"“{name}” has the character {wrong[0]!r}, which XML can not have")
    return text


def _named(content):
    """An element's content by names in small letters, without prefixes and marks of attributes."""
    if not isinstance(content, dict):
        return {"message": content} if isinstance(content, str) else {}
    return {_telling_name(key).lower(): value for key, value in content.items()}


def _is_telling(name):
    return _telling_name(name).lower() in _TELLING


def _plain(content):
    """A failure in XML with the names that failures have in JSON."""
    if isinstance(content, list):
        return [_plain(one) for one in content]
    if not isinstance(content, dict):
        return content
    return {_telling_name(key): _plain(value) for key, value in content.items()}


def _telling_name(key):
    local = key.removeprefix(ATTRIBUTE).rpartition(":")[2]
    if local in (TEXT, "faultstring", "Text"):
        return "message"
    return "code" if local == "faultcode" else local[:1].lower() + local[1:]
