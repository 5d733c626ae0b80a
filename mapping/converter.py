"""What all converters have in common: their names, their options, and how they are made."""

from dataclasses import dataclass

from .. import moments
from .alike import WAYS
from .errors import ConversionError, OptionError, _lt
from .paths import parse_path

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


LONGEST_ID = 600  # characters: an index of PostgreSQL holds no more than 2,700 bytes


def external_id(value):
    """A remote id as text; 1 and "1" are the same id, so that an id may change its type.

    :rtype: str
    :raises ConversionError: if it is no id at all
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise ConversionError("not_identifier", value=value)
    text = str(value).strip()
    if len(text) > LONGEST_ID:
        raise ConversionError("long_id", value=value, most=LONGEST_ID)
    return text


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
    "sign": ("“.” or “,”", lambda value: value in (".", ",")),
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
    :cvar bool refers: may what it reads be a reference (mapping/references.py), which the road looks up
    """

    name = None
    label = None
    options = {}
    field_types = frozenset()
    both_ways = True
    needs_path = True
    refers = True
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
        if value is None:
            return True
        nulls = self.settings["empty"]
        return bool(nulls) and any(type(value) is type(null) and value == null for null in nulls)

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

    def read_in(self, value, document):
        """The same, for a value whose meaning depends on another one of the record, such as an amount on its currency.

        :param document: the whole record
        """
        return self.read(value)

    def also_reads(self, document):
        """Those other values: when they change, the record is another one.

        :rtype: list
        """
        return []

    def write(self, value):
        """Odoo to remote.

        :param value: Odoo's value, not empty; for relational converters the external id or key of the record
        :return: a JSON value
        :raises ConversionError: if it can not be written
        """
        return value

    def write_bare(self, value):
        """The same, for a place of its own: a relation is its id or key, whatever it is inside of where it is read."""
        return self.write(value)

    def in_shape(self, value):
        """A bare value as it is where it is read: an answer may have it as it was sent."""
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
            return moments.zone_of(name)
        except ValueError:
            self.settings["timezone"] = name
            return self._refuse("timezone", "the name of a time zone, such as Europe/Brussels")
