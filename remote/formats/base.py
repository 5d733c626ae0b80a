"""What all formats have in common, and their register.

A format reads the text of an answer into a document (objects, lists, texts, numbers, as JSON has them), and writes a
document as the body of a request. A new one is one class with the decorator ``@form``.
"""

from __future__ import annotations

import io

from .. import document
from ..errors import ProtocolError, _lt
from ..options import NONE_OF, Option, OptionError, check_options

FORMS: dict[str, type[Form]] = {}
AUTO = "auto"
# What any format may be told of an answer.
COMMON = {
    "encoding": Option(_lt("Character set, if the answer does not say it or says a wrong one")),
    "member": Option(_lt("Which file of a ZIP archive, such as products*.csv")),
    "inside": Option(
        _lt('Texts that are documents themselves: place and format, such as {"items.card": "vcard"}'), "texts"
    ),
}


_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8"}


def marked(raw: bytes) -> str | None:
    """The character set that a byte order mark tells."""
    return next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)


def form(cls):
    """Register a format under its ``name``."""
    FORMS[cls.name] = cls
    return cls


class Form:
    """One format, with its options.

    :param dict options: see the class attributes; None is as good as absent
    :param bool is_body: are they those of a body, and not of an answer
    :param needed: names that a record has, if there are any: of the column with the id
    :raises OptionError: an option is unknown or wrong
    """

    name = ""
    label = ""
    content_type = ""  # of a body
    media: tuple[str, ...] = ()  # what a Content-Type calls it
    suffixes: tuple[str, ...] = ()  # what the name of a file ends with
    streams = False  # can records be read one after the other
    one_is_many = False  # does a list with one record look like that record
    answer_options: dict[str, Option] | None = None  # None: it can not be read
    body_options: dict[str, Option] | None = None  # None: it can not be written

    def __init__(self, options: dict | None = None, is_body: bool = False, needed: tuple[str, ...] = ()):
        given = {name: value for name, value in (options or {}).items() if value is not None}
        known = self.known_options(is_body)
        check_options(self.name, known, given)
        self.options = {name: given.get(name, option.default) for name, option in known.items()}
        self.needed = needed
        self._inside = {} if is_body else _forms_inside(self.options["inside"] or {})
        self._check()

    def _check(self) -> None:
        """:raises OptionError: options that do not go together"""

    @classmethod
    def known_options(cls, is_body: bool) -> dict[str, Option]:
        """Of a body, or of an answer."""
        return dict(cls.body_options or {}) if is_body else {**(cls.answer_options or {}), **COMMON}

    # --- Answers

    @property
    def accept(self) -> str:
        """What is asked for, as a header of the request (RFC 9110 section 12.5.1)."""
        return ", ".join([*self.media, "*/*;q=0.1"]) if self.media else "application/json"

    def read(self, text: str, host: str):
        """The document of a text that is not blank.

        :raises ProtocolError: the text is something else
        """
        raise NotImplementedError

    def decode(self, raw: bytes, content_type: str, host: str) -> str:
        """Text of a body: by the option, the BOM, the Content-Type, else UTF-8.

        :raises ProtocolError: reason ``charset``
        """
        encoding = self.options.get("encoding") or marked(raw)
        return document.decode(raw, f"charset={encoding}" if encoding else content_type, host)

    def document(self, raw: bytes, content_type: str, host: str, must_have_content: bool = True):
        """The document of a body; None if it is blank and that says nothing.

        :raises ProtocolError: it is something else, or ``empty``
        """
        text = self.decode(raw, content_type, host)
        if text.strip():
            found = self.read(text, host)
            for place, inner in self._inside.items():
                found = _opened(found, place, inner, host)
            return found
        found = self.empty(content_type)
        if found is None and must_have_content:
            raise ProtocolError("empty", host=host)
        return found

    def lines(self, file, content_type: str, host: str):
        """The text of a large body, as a file.

        :raises ProtocolError: reason ``charset``; while it is read, a ``UnicodeDecodeError`` says the same
        """
        encoding = self.options.get("encoding") or marked(file.peek(4)[:4])
        name = document.codec(f"charset={encoding}" if encoding else content_type, host)
        return io.TextIOWrapper(file, "utf-8-sig" if name == "utf-8" else name, newline="")

    def stream(self, file, content_type: str, host: str, place: str):
        """Records of a large body, and in between each ``Aside`` that it has.

        :param file: of bytes; a ``BufferedReader``
        :param place: JMESPath of the list
        :raises ProtocolError: while it is read
        """
        raise NotImplementedError

    def empty(self, content_type: str):
        """The document of a blank text, where that says that there is nothing; None if it says nothing at all."""
        return None

    def telling(self, found):
        """What of a document may tell that the request failed, as ``told.py`` reads it.

        :param found: as ``read`` gave it
        """
        return found

    # --- Bodies

    def check_template(self, template) -> None:
        """Refuse the body of an operation that can not be written in this format.

        :param template: JSON with placeholders; None if it has none
        :raises ConfigurationError: with words for it
        """

    def write(self, value) -> tuple[bytes, str]:
        """A body, and its Content-Type.

        :raises ValueError, TypeError: it can not be written so; the words are for a person
        """
        raise NotImplementedError


def _forms_inside(given):
    """The formats of texts inside a document, by their places.

    :param dict given: names joined by dots, to the name of a format
    :raises OptionError: there is no such format
    """
    known = [name for name, cls in FORMS.items() if cls.answer_options is not None and name != AUTO]
    for name in given.values():
        if name not in known:
            raise OptionError(NONE_OF, name="inside", value=repr(name), known=", ".join(known))
    return {tuple(place.split(".")): FORMS[name]() for place, name in given.items()}


def _opened(found, place, inner, host):
    """A document in which a text is read as a document of its own; in lists, that of each item.

    A text that can not be read stays a text: then only this record lacks what is mapped.
    """
    if isinstance(found, list):
        return [_opened(one, place, inner, host) for one in found]
    if isinstance(found, dict) and place and place[0] in found:
        return {**found, place[0]: _opened(found[place[0]], place[1:], inner, host)}
    if place or not isinstance(found, str) or not found.strip():
        return found
    try:
        return inner.read(found, host)
    except ProtocolError:
        return found


def make(name: str, options: dict | None = None, is_body: bool = False, needed: tuple[str, ...] = ()) -> Form:
    """The format of that name.

    :raises OptionError: an option is unknown or wrong
    :raises KeyError: there is no such format
    """
    return FORMS[name](options, is_body, needed)


def readable() -> dict[str, str]:
    """Names and labels of the formats of answers."""
    return {name: cls.label for name, cls in FORMS.items() if cls.answer_options is not None}


def writable() -> dict[str, str]:
    """Names and labels of the formats of bodies."""
    return {name: cls.label for name, cls in FORMS.items() if cls.body_options is not None}
