"""Remote value <-> Odoo value, both ways.

A converter is one class with ``read`` (remote to Odoo) and ``write`` (Odoo to remote), and one registration line. What
needs the database is not decided here: relational converters give a *reference* (``ByBinding``, ``ByKey``, ``Many``,
``Nested``, ``Download``) that the road resolves for a whole batch at once.
"""

import base64
import binascii
import re

from .converter import CONVERTERS, OPTION_KINDS, Converter, Option, converter, external_id, make_converter
from .dates import Date, Datetime
from .errors import ConversionError, _lt
from .numeric import Decimal, Integer
from .paths import MISSING, parse_expression, parse_path
from .plain import Boolean, Html, Selection, Text
from .references import ByBinding, ByKey, Download, Many, Nested
from .relations import Many2manyBinding, Many2manyKey, Many2oneBinding, Many2oneKey, NestedRecords

__all__ = [
    "CONVERTERS",
    "OPTION_KINDS",
    "Boolean",
    "ByBinding",
    "ByKey",
    "Constant",
    "Converter",
    "Date",
    "Datetime",
    "Decimal",
    "Download",
    "Expression",
    "FirstOf",
    "Html",
    "Image",
    "Integer",
    "Many",
    "Many2manyBinding",
    "Many2manyKey",
    "Many2oneBinding",
    "Many2oneKey",
    "Nested",
    "NestedRecords",
    "Option",
    "Selection",
    "Text",
    "converter",
    "external_id",
    "make_converter",
]


@converter
class Image(Converter):
    """A picture, from its address, which may be a path on the connector's host, or inside the record as base64."""

    name = "image"
    label = _lt("Image")
    options = {
        "max_bytes": Option("scale", _lt("refuse larger files"), default=10 * 2**20),
        "inline": Option("boolean", _lt("the value is the file itself, as base64"), default=False),
    }
    field_types = frozenset({"binary"})

    @property
    def both_ways(self):
        return self.settings["inline"]  # a file at an address is not ours to replace

    def read(self, value):
        if self.settings["inline"]:
            return self._decode(value)
        # A JPEG as base64 begins like a path.
        if not isinstance(value, str) or not re.match(r"https?://|/(?!/|9j/)\S{1,2000}$", value, re.IGNORECASE):
            raise ConversionError("not_address", value=value)
        return Download(value, self.settings["max_bytes"])

    def _decode(self, value):
        try:
            text = value.rpartition(",")[2] if value.startswith("data:") else value
            content = base64.b64decode("".join(text.split()), validate=True)  # MIME breaks it into lines
        except (AttributeError, TypeError, ValueError, binascii.Error):
            raise ConversionError("not_image", value=value) from None
        if len(content) > self.settings["max_bytes"]:
            raise ConversionError("too_large", size=len(content), limit=self.settings["max_bytes"])
        return base64.b64encode(content).decode()

    def write(self, value):
        return value.decode() if isinstance(value, bytes) else value


class _Chained(Converter):
    """A converter that finds its value by itself and hands it to another one."""

    both_ways = False
    needs_path = False

    @property
    def refers(self):
        return bool(self.then and self.then.refers)

    def _prepare(self):
        if self.settings["then"] in {"constant", "expression"}:
            self._refuse("then", "a converter that reads a value")
        self.then = self.settings["then"] and make_converter(
            self.settings["then"], self.settings["then_options"], self.timezone
        )

    def is_null(self, value):
        return super().is_null(value) or bool(self.then and self.then.is_null(value))

    def source(self, document):
        """The remote value that this converter reads, found in the whole document."""
        raise NotImplementedError

    def read(self, value):
        return self.then.read(value) if self.then else value

    def read_in(self, value, document):
        return self.then.read_in(value, document) if self.then else value

    def also_reads(self, document):
        return self.then.also_reads(document) if self.then else []

    def write(self, value):
        raise ConversionError("not_both_ways", converter=self.name)


_THEN = {
    "then": Option("text", _lt("the converter that reads the value")),
    "then_options": Option("object", _lt("the options of that converter")),
}


@converter
class Constant(_Chained):
    """The same value for every record."""

    name = "constant"
    label = _lt("Fixed value")
    options = {"value": Option("any", _lt("the value"), required=True), **_THEN}

    def source(self, document):
        return self.settings["value"]


@converter
class Expression(_Chained):
    """A value computed by JMESPath; only from remote to Odoo."""

    name = "expression"
    label = _lt("Expression (JMESPath)")
    options = {"expression": Option("text", _lt("a JMESPath expression"), required=True), **_THEN}

    def _prepare(self):
        super()._prepare()
        self.expression = parse_expression(self.settings["expression"])

    def source(self, document):
        return self.expression.read(document)


@converter
class FirstOf(Converter):
    """The first of several ways by which the record says something: the customer by its id, else by the e-mail."""

    name = "first_of"
    label = _lt("First of several ways")
    options = {
        "ways": Option(
            "list",
            _lt("what is tried, in this order: objects with path, converter and options"),
            required=True,
        )
    }
    both_ways = False
    needs_path = False
    REFUSED = frozenset({"first_of", "nested", "constant", "expression"})

    def _prepare(self):
        self.ways = []
        for way in self.settings["ways"]:
            is_way = isinstance(way, dict) and way.keys() <= {"path", "converter", "options"}
            if not is_way or not {"path", "converter"} <= way.keys() or way["converter"] in self.REFUSED:
                self._refuse("ways", "a list of objects with path, converter (which reads one value) and options")
            self.ways.append(
                (parse_path(way["path"]), make_converter(way["converter"], way.get("options"), self.timezone))
            )
        if len(self.ways) < 2:
            self._refuse("ways", "a list of two ways or more")
        keyed = [reader for reader in self.readers if reader.settings.get("field")]
        if len(keyed) > 1:
            self._refuse("ways", "with only one way that looks for a record by a field")
        self.then = (keyed or self.readers)[0]  # whose options say how a related record is found

    @property
    def readers(self):
        """The converters of the ways."""
        return [reader for _path, reader in self.ways]

    @property
    def refers(self):
        return any(reader.refers for reader in self.readers)

    def source(self, document):
        """What the first way says that says something; null if none does, and missing if none is there."""
        place = self._first(document)
        if place is not None:
            return self.ways[place][0].read(document)
        return MISSING if all(path.read(document) is MISSING for path, _reader in self.ways) else None

    def _first(self, document):
        for place, (path, reader) in enumerate(self.ways):
            value = path.read(document)
            if not (value is MISSING or reader.is_null(value) or value in ("", [], {})):
                return place
        return None

    def read(self, value):
        return self.readers[0].read(value)

    def read_in(self, value, document):
        return self.readers[self._first(document) or 0].read_in(value, document)

    def also_reads(self, document):
        place = self._first(document)
        return [place, *self.readers[place or 0].also_reads(document)]

    def write(self, value):
        raise ConversionError("not_both_ways", converter=self.name)
