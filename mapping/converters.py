"""Remote value <-> Odoo value, both ways.

A converter is one class with ``read`` (remote to Odoo) and ``write`` (Odoo to remote), and one registration line. What
needs the database is not decided here: relational converters give a *reference* (``ByBinding``, ``ByKey``, ``Many``,
``Nested``, ``Download``) that the road resolves for a whole batch at once.
"""

import base64
import binascii
import datetime
import decimal
import html
import html.parser
import json
import math
import re
import zoneinfo
from dataclasses import dataclass

import dateutil.parser

from .alike import IGNORE_CASE, WAYS
from .errors import ConversionError, OptionError, PathError, _lt
from .paths import MISSING, parse_expression, parse_path
from .references import ByBinding, ByKey, Download, Many, Nested

CONVERTERS = {}


def converter(cls):
    """Register a converter under its name; an outside addon does the same."""
    CONVERTERS[cls.name] = cls
    return cls


def make_converter(name, options, timezone="UTC"):
    """A converter, ready for use.

    :param str name: a key of ``CONVERTERS``
    :param dict options: what the person set; each must be known to the converter
    :param str timezone: IANA name, for times that carry no zone
    :rtype: Converter
    :raises OptionError: naming the converter and the option
    """
    if name not in CONVERTERS:
        raise OptionError("unknown_converter", converter=str(name), known=", ".join(sorted(CONVERTERS)))
    return CONVERTERS[name](options or {}, timezone)


def external_id(value):
    """A remote id as text; 1 and "1" are the same id, so that an id may change its type.

    :rtype: str
    :raises ConversionError: if it is no id at all
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise ConversionError("not_identifier", value=value)
    return str(value).strip()


# ------------------------------------------------------------------------------------------------------------------
# Options
# ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One setting of a converter.

    :ivar str kind: a key of ``OPTION_KINDS``
    :ivar str help: what it does, for a person
    :ivar default: its value when it is not set
    :ivar bool required: must it be set
    """

    kind: str
    help: str
    default: object = None
    required: bool = False


def _is_whole_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


OPTION_KINDS = {
    "text": ("text", lambda value: isinstance(value, str) and value != ""),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "count": ("a whole number from 0", lambda value: _is_whole_number(value) and value >= 0),
    "scale": ("a whole number from 1", lambda value: _is_whole_number(value) and value >= 1),
    "way": ("one of " + ", ".join(WAYS), lambda value: value in WAYS),
    "list": ("a list", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "choices": (
        "an object or a list of pairs",
        lambda value: (
            isinstance(value, dict)
            or (isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value))
        ),
    ),
    "any": ("any value", lambda value: True),
}

COMPARE = Option(
    "way",
    _lt(
        "how keys are compared: exact, ignore_case (nor blanks), email, code (letters and digits only, as of a VAT"
        " number), phone (digits only); if not set, as fits the field"
    ),
)
_NULLS = Option("list", _lt("remote values that mean “nothing here”, for example [false]"), default=())


class Converter:
    """Base of all converters.

    :cvar str name: what definitions call it
    :cvar str label: what a person reads
    :cvar dict options: the options it knows, by name
    :cvar frozenset field_types: the types of Odoo fields it can fill; empty for any
    :cvar bool both_ways: can it write as well
    :cvar bool needs_path: does it read a place of the document
    """

    name = None
    label = None
    options = {}
    field_types = frozenset()
    both_ways = True
    needs_path = True
    null, nothing = None, ""  # what is sent for an empty field, where the mapping says null, and where it says empty

    def __init__(self, options, timezone="UTC"):
        known = self.known_options()
        for option, value in options.items():
            if option not in known:
                raise OptionError(
                    "unknown_option", converter=self.name, option=str(option), known=", ".join(sorted(known))
                )
            expected, accepts = OPTION_KINDS[known[option].kind]
            if not accepts(value):
                raise OptionError("bad_option", converter=self.name, option=option, expected=expected, value=value)
        for option, spec in known.items():
            if spec.required and option not in options:
                raise OptionError("missing_option", converter=self.name, option=option, help=spec.help)
        self.settings = {option: options.get(option, spec.default) for option, spec in known.items()}
        self.timezone = timezone
        self._prepare()

    @classmethod
    def known_options(cls):
        """Every option that can be set: the converter's own, and those that all converters have.

        :rtype: dict[str, Option]
        """
        return {**cls.options, "empty": _NULLS}

    def _prepare(self):
        """Check and compile what the options say. :raises OptionError:"""

    def is_null(self, value):
        """Does this remote value mean "nothing here"?"""
        return value is None or any(type(value) is type(null) and value == null for null in self.settings["empty"])

    def is_empty(self, value):
        """Does this Odoo value mean "nothing here"? Odoo's empty fields are False."""
        return value is None or value is False or value in ("", [], ())

    def read(self, value):
        """Remote to Odoo.

        :param value: a JSON value that is neither missing nor null
        :return: what ``create`` and ``write`` take, or a reference
        :raises ConversionError: if it can not be read
        """
        raise NotImplementedError

    def write(self, value):
        """Odoo to remote.

        :param value: Odoo's value, not empty; for relational converters the external id or key of the record
        :return: a JSON value
        :raises ConversionError: if it can not be written
        """
        return value

    def _refuse(self, option, expected):
        raise OptionError(
            "bad_option", converter=self.name, option=option, expected=expected, value=self.settings[option]
        )

    def _path(self, option):
        text = self.settings[option]
        return parse_path(text) if text else None

    def _zone(self):
        name = self.settings.get("timezone") or self.timezone or "UTC"
        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            self.settings["timezone"] = name
            return self._refuse("timezone", "the name of a time zone, such as Europe/Brussels")


# ------------------------------------------------------------------------------------------------------------------
# Plain values
# ------------------------------------------------------------------------------------------------------------------


def _text(value):
    if isinstance(value, str):
        return value.replace("\x00", "")  # PostgreSQL can not store it
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return json.dumps(value)
    raise ConversionError("not_text", value=value)


@converter
class Text(Converter):
    """Text as it is; numbers become their digits."""

    name = "text"
    label = _lt("Text")
    options = {"strip": Option("boolean", _lt("remove white space at both ends"), default=False), "compare": COMPARE}
    field_types = frozenset({"char", "text", "html", "reference"})

    def read(self, value):
        text = _text(value)
        return text.strip() if self.settings["strip"] else text


@converter
class Integer(Converter):
    """A whole number, also written as text or as 3.0."""

    name = "integer"
    label = _lt("Whole number")
    field_types = frozenset({"integer", "float", "monetary", "char"})
    LARGEST = 2**31 - 1  # PostgreSQL's int4

    def read(self, value):
        number = _decimal(value, "not_integer")
        if number != number.to_integral_value():
            raise ConversionError("not_integer", value=value)
        if not -self.LARGEST - 1 <= number <= self.LARGEST:
            raise ConversionError("out_of_range", value=value)
        return int(number)

    def write(self, value):
        number = _decimal(value, "not_integer")
        if number != number.to_integral_value():
            raise ConversionError("not_integer", value=value)
        return int(number)


def _decimal(value, reason="not_decimal"):
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ConversionError(reason, value=value)
    if isinstance(value, str) and "_" in value:  # Python's own way to group digits, and nobody else's
        raise ConversionError(reason, value=value)
    try:
        # Through text, because Decimal(0.1) has 55 digits.
        number = decimal.Decimal(value.strip() if isinstance(value, str) else repr(value))
    except decimal.InvalidOperation:
        raise ConversionError(reason, value=value) from None
    if not number.is_finite() or abs(number.adjusted()) > 300:  # a float's range
        raise ConversionError(reason, value=value)
    return number


@converter
class Decimal(Converter):
    """A number as number or text, in major units or in minor ones (``scale`` 100 for cents)."""

    name = "decimal"
    label = _lt("Decimal number")
    options = {
        "scale": Option("scale", _lt("how many minor units make one, 100 for cents"), default=1),
        "digits": Option("count", _lt("round to so many decimals")),
        "as_text": Option("boolean", _lt("write it as text"), default=False),
    }
    field_types = frozenset({"float", "monetary", "integer", "char"})

    def read(self, value):
        return float(self._round(_decimal(value) / self.settings["scale"]))

    def write(self, value):
        number = self._round(_decimal(value)) * self.settings["scale"]
        if self.settings["scale"] > 1:  # minor units are counted, never split
            number = _quantize(number, 0)
        if self.settings["as_text"]:
            return format(number, "f")
        return int(number) if number == number.to_integral_value() else float(number)

    def _round(self, number):
        return number if self.settings["digits"] is None else _quantize(number, self.settings["digits"])


def _quantize(number, digits):
    try:
        return number.quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    except decimal.InvalidOperation:  # more digits than a decimal context holds
        raise ConversionError("not_decimal", value=str(number)) from None


def _contains(values, value):
    """Membership that keeps 1, 1.0 and true apart, as JSON does for booleans and numbers."""
    return any(isinstance(one, bool) == isinstance(value, bool) and one == value for one in values)


@converter
class Boolean(Converter):
    """Yes or no, with the values that stand for them."""

    name = "boolean"
    label = _lt("Yes or no")
    options = {
        "true_values": Option("list", _lt("remote values for yes; the first one is written"), default=(True,)),
        "false_values": Option("list", _lt("remote values for no; the first one is written"), default=(False,)),
    }
    field_types = frozenset({"boolean"})

    def _prepare(self):
        for option in ("true_values", "false_values"):
            if not self.settings[option]:
                self._refuse(option, "a list with at least one value")
        if any(_contains(self.settings["false_values"], value) for value in self.settings["true_values"]):
            self._refuse("true_values", "without a value that is in false_values as well")

    def read(self, value):
        if _contains(self.settings["true_values"], value):
            return True
        if _contains(self.settings["false_values"], value):
            return False
        raise ConversionError("not_boolean", value=value)

    def is_empty(self, value):
        return value is None

    def write(self, value):
        return self.settings["true_values" if value else "false_values"][0]


@converter
class Date(Converter):
    """A day. ``format`` is ``iso`` (2024-05-31) or one of Python's strptime."""

    name = "date"
    label = _lt("Date")
    options = {"format": Option("text", _lt("iso, or a pattern such as %d.%m.%Y"), default="iso")}
    field_types = frozenset({"date"})

    def read(self, value):
        pattern = self.settings["format"]
        try:
            if pattern == "iso":
                return _iso_date(value)
            return datetime.datetime.strptime(value, pattern).date()
        except (TypeError, ValueError):
            raise ConversionError("not_date", value=value, format=pattern) from None

    def write(self, value):
        pattern = self.settings["format"]
        return value.isoformat() if pattern == "iso" else _strftime(value, pattern)


_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")


def _iso_date(value):
    # A time or zone behind it does not matter. Not date.fromisoformat alone: what it accepts depends on the Python.
    if not _ISO_DATE.match(value):
        raise ValueError(value)
    return datetime.date.fromisoformat(value[:10])


def _strftime(moment, pattern):
    # The C library writes the year 999 as "999", which strptime's %Y then refuses.
    return moment.strftime(pattern.replace("%Y", f"{moment.year:04d}"))


_EPOCHS = {"epoch": 1, "epoch_ms": 1000}  # units in a second


@converter
class Datetime(Converter):
    """A moment. Odoo keeps whole seconds in UTC without a zone; so does what this reads.

    ``format`` is ``iso``, ``epoch`` (seconds), ``epoch_ms``, or a strptime pattern. Naive times are in ``timezone``
    (else the connector's): in the hour that comes twice the first is meant, and an hour that a clock change skips is
    read with the offset before the change (PEP 495, fold 0).
    """

    name = "datetime"
    label = _lt("Date and time")
    options = {
        "format": Option("text", _lt("iso, epoch, epoch_ms, or a pattern such as %d.%m.%Y %H:%M"), default="iso"),
        "timezone": Option("text", _lt("zone of times that carry none, such as Europe/Brussels")),
    }
    field_types = frozenset({"datetime"})

    def _prepare(self):
        self.zone = self._zone()

    def read(self, value):
        pattern = self.settings["format"]
        try:
            moment = self._parse(value, pattern)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self.zone)
            return moment.astimezone(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
        except (TypeError, ValueError, AttributeError, OverflowError, ConversionError):
            raise ConversionError("not_datetime", value=value, format=pattern) from None

    def _parse(self, value, pattern):
        if pattern in _EPOCHS:
            seconds = _decimal(value) / _EPOCHS[pattern]
            # Not fromtimestamp: it knows no moment before 1970 on some systems.
            epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            return epoch + datetime.timedelta(seconds=math.floor(seconds))
        if pattern == "iso":
            return dateutil.parser.isoparse(value.strip())
        return datetime.datetime.strptime(value, pattern)

    def write(self, value):
        pattern = self.settings["format"]
        moment = value.replace(tzinfo=datetime.timezone.utc)
        if pattern in _EPOCHS:
            epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            return (moment - epoch) // datetime.timedelta(seconds=1) * _EPOCHS[pattern]
        if pattern == "iso":
            return self._iso(moment)
        try:
            return _strftime(moment.astimezone(self.zone), pattern)
        except OverflowError:
            raise ConversionError("not_datetime", value=str(value), format=pattern) from None

    def _iso(self, moment):
        try:
            local = moment.astimezone(self.zone)
        except OverflowError:  # the calendar's first and last hours, such as 9999-12-31 23:59:59 for "never"
            local = moment
        if local.utcoffset().seconds % 60:  # local mean time of old days; ISO 8601 has no seconds in an offset
            local = moment
        return local.isoformat().replace("+00:00", "Z") if self.zone.key == "UTC" else local.isoformat()


def _key_text(value):
    """How a value reads as the key of a JSON object: 1 and "1" are the same key, true is "true"."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


@converter
class Selection(Converter):
    """One of a few choices, by a table of remote and Odoo values; without a table the values are the same."""

    name = "selection"
    label = _lt("Choice")
    options = {
        "values": Option("choices", _lt("remote value: Odoo value; or a list of such pairs")),
        "other": Option("any", _lt("Odoo value for remote values that are not in the table")),
    }
    field_types = frozenset({"selection", "char", "boolean", "integer"})

    def _prepare(self):
        values = self.settings["values"]
        pairs = list(values.items() if isinstance(values, dict) else values or ())
        pairs = [(remote, False if odoo is None else odoo) for remote, odoo in pairs]  # null: Odoo's empty field
        self._to_odoo = {_key_text(remote): odoo for remote, odoo in pairs}
        if len(self._to_odoo) < len(pairs):
            self._refuse("values", "without a remote value that is in it twice")
        self._to_remote = {}
        for remote, odoo in pairs:  # the first remote value of several is the one that is written
            self._to_remote.setdefault(_key_text(odoo), remote)

    def is_empty(self, value):
        return super().is_empty(value) and _key_text(value) not in self._to_remote

    def read(self, value):
        if self.settings["values"] is None:
            return _text(value)
        choice = self._to_odoo.get(_key_text(value), self.settings["other"])
        if choice is None:
            raise ConversionError("not_choice", value=value, known=", ".join(self._to_odoo))
        return choice

    def write(self, value):
        if self.settings["values"] is None:
            return value
        if _key_text(value) not in self._to_remote:
            raise ConversionError("not_choice", value=value, known=", ".join(self._to_remote))
        return self._to_remote[_key_text(value)]


class _PlainText(html.parser.HTMLParser):
    """The words of an HTML text, a line a paragraph."""

    BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.parts = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag):
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data):
        self.parts.append(data)


@converter
class Html(Converter):
    """Formatted text. Odoo removes what is not safe, so Odoo's value may differ from what was read."""

    name = "html"
    label = _lt("Formatted text (HTML)")
    options = {"plain_text": Option("boolean", _lt("the remote side has plain text, not HTML"), default=False)}
    field_types = frozenset({"html", "text"})

    def read(self, value):
        text = _text(value)
        if not self.settings["plain_text"]:
            return text
        paragraphs = html.escape(text, quote=False).split("\n\n")
        return "".join("<p>%s</p>" % paragraph.replace("\n", "<br>") for paragraph in paragraphs)

    def write(self, value):
        if not self.settings["plain_text"]:
            return str(value)
        # Two line ends close a paragraph when it is read back.
        paragraphs = re.split(r"(?i)</p>\s*", str(value))
        return "\n\n".join("".join(_PlainText(part).parts) for part in paragraphs if part.strip()).rstrip("\n")


# ------------------------------------------------------------------------------------------------------------------
# Relations
# ------------------------------------------------------------------------------------------------------------------

_FLOW = Option("text", _lt("the code of the flow that holds these records"), required=True)
_ITEM = Option("text", _lt("where the id or key is inside the value, for example id or [0]"))
_KEY = Option("text", _lt("the Odoo field that the value is compared with"), required=True)
_DOMAIN = Option("list", _lt("an Odoo domain that the records must match"), default=())
_CREATE = Option("boolean", _lt("create a record when there is none"), default=False)
_OPTIONAL = Option("boolean", _lt("leave the field empty when there is none"), default=False)
_IGNORE_CASE = Option("boolean", _lt("the same as compare: ignore_case"), default=False)
_KEYED = {
    "field": _KEY,
    "domain": _DOMAIN,
    "create": _CREATE,
    "optional": _OPTIONAL,
    "item": _ITEM,
    "compare": COMPARE,
    "ignore_case": _IGNORE_CASE,
}


class _Relation(Converter):
    """What relations have in common: where in the value the id or key of one record is."""

    def _prepare(self):
        try:
            self.item = self._path("item")
        except PathError:
            self._refuse("item", "a path such as id or [0]")

    def read(self, value):
        found = self.item.read(value) if self.item else value
        if found is MISSING:
            raise ConversionError("not_identifier", value=value)
        return self._reference(found)

    def write(self, value):
        if self.item is None or not self.item.steps or not isinstance(self.item.steps[0], str):
            return value
        document = {}
        self.item.write(document, value)
        return document

    def _reference(self, value):
        raise NotImplementedError


class _Several(_Relation):
    """A list of relations."""

    null = nothing = []  # a list of none
    field_types = frozenset({"many2many"})

    def read(self, value):
        if not isinstance(value, (list, tuple)):
            raise ConversionError("not_list", value=value)
        references = (super(_Several, self).read(item) for item in value)
        return Many(tuple(dict.fromkeys(references)))  # a list that names one twice means it once

    def write(self, value):
        return [super(_Several, self).write(item) for item in value]


class _Bound(_Relation):
    def _reference(self, value):
        return ByBinding(self.settings["flow"], external_id(value))


class _Keyed(_Relation):
    def _prepare(self):
        super()._prepare()
        if self.settings["ignore_case"]:
            if self.settings["compare"] not in (None, IGNORE_CASE):
                self._refuse("compare", "left out where ignore_case is set")
            self.settings["compare"] = IGNORE_CASE

    def _reference(self, value):
        if isinstance(value, (dict, list)) or value is None:
            raise ConversionError("not_identifier", value=value)
        return ByKey(value.strip() if isinstance(value, str) else value)


@converter
class Many2oneBinding(_Bound):
    """A record that another flow (or this one) has brought here, by its remote id."""

    name = "many2one_binding"
    label = _lt("Related record, by the external id of a flow")
    options = {"flow": _FLOW, "item": _ITEM}
    field_types = frozenset({"many2one"})


@converter
class Many2oneKey(_Keyed):
    """A record of Odoo that has this value in a field, such as a country by its code."""

    name = "many2one_key"
    label = _lt("Related record, by a field")
    options = _KEYED
    field_types = frozenset({"many2one"})


@converter
class Many2manyBinding(_Several, _Bound):
    """Records that another flow has brought here, by their remote ids."""

    name = "many2many_binding"
    label = _lt("Related records, by the external ids of a flow")
    options = {"flow": _FLOW, "item": _ITEM}


@converter
class Many2manyKey(_Several, _Keyed):
    """Records of Odoo by a field, such as tags by their names."""

    name = "many2many_key"
    label = _lt("Related records, by a field")
    options = _KEYED


@converter
class NestedRecords(Converter):
    """Records that live inside this one, such as the lines of an order; a child flow describes them."""

    name = "nested"
    label = _lt("Records inside this record")
    options = {"flow": _FLOW}
    field_types = frozenset({"one2many"})
    null = nothing = []  # a list of none

    def read(self, value):
        documents = [value] if isinstance(value, dict) else value
        if not isinstance(documents, (list, tuple)):
            raise ConversionError("not_list", value=value)
        return Nested(tuple(documents))

    def write(self, value):
        return list(value)


# ------------------------------------------------------------------------------------------------------------------
# Files, fixed and computed values
# ------------------------------------------------------------------------------------------------------------------


@converter
class Image(Converter):
    """A picture, from its address or inside the record as base64."""

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
        if not isinstance(value, str) or not re.match(r"https?://", value, re.IGNORECASE):
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
