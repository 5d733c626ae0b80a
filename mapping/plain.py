"""Texts, yes and no, choices and formatted texts."""

import html
import html.parser
import json
import re

from .converter import COMPARE, Converter, Option, converter
from .errors import ConversionError, _lt
from .yes_no import yes_or_no


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
    refers = False
    options = {
        "strip": Option("boolean", _lt("remove white space at both ends"), default=False),
        "html_entities": Option(
            "boolean", _lt("the remote text is written as in HTML, such as Tom &amp; Jerry"), default=False
        ),
        "compare": COMPARE,
    }
    field_types = frozenset({"char", "text", "html", "reference"})

    def read(self, value):
        text = _text(value)
        if self.settings["html_entities"]:
            text = html.unescape(text)
        return text.strip() if self.settings["strip"] else text

    def write(self, value):
        return html.escape(value, quote=False) if self.settings["html_entities"] and isinstance(value, str) else value


def _contains(values, value):
    """Membership that keeps 1, 1.0 and true apart, as JSON does for booleans and numbers."""
    return any(isinstance(one, bool) == isinstance(value, bool) and one == value for one in values)


@converter
class Boolean(Converter):
    """Yes or no, as nearly all systems write it (mapping/yes_no.py), or with the values that stand for them."""

    name = "boolean"
    label = _lt("Yes or no")
    refers = False
    options = {
        "true_values": Option("list", _lt("the only remote values for yes; the first one is written")),
        "false_values": Option("list", _lt("the only remote values for no; the first one is written")),
    }
    field_types = frozenset({"boolean"})

    def _prepare(self):
        self.is_usual = self.settings["true_values"] is self.settings["false_values"] is None
        for option, usual in (("true_values", [True]), ("false_values", [False])):
            if self.settings[option] is None:
                self.settings[option] = usual
            if not self.settings[option]:
                self._refuse(option, "a list with at least one value")
        if any(_contains(self.settings["false_values"], value) for value in self.settings["true_values"]):
            self._refuse("true_values", "without a value that is in false_values as well")

    def read(self, value):
        usual = yes_or_no(value) if self.is_usual else None
        if usual is not None:
            return usual
        if _contains(self.settings["true_values"], value):
            return True
        if _contains(self.settings["false_values"], value):
            return False
        raise ConversionError("not_boolean", value=value)

    def is_empty(self, value):
        return value is None

    def write(self, value):
        return self.settings["true_values" if value else "false_values"][0]


def _key_text(value):
    """How a value reads as the key of a JSON object: 1 and "1" are the same key, true is "true"."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


@converter
class Selection(Converter):
    """One of a few choices, by a table of remote and Odoo values; without a table the values are the same."""

    name = "selection"
    label = _lt("Choice")
    refers = False
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

    def odoo_values(self):
        """The values of Odoo that the table names.

        :rtype: list
        """
        return [*self._to_odoo.values(), self.settings["other"]]

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
    refers = False
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
