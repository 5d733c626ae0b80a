"""Reads an OpenAPI document of somebody else: nothing that it names is fetched, and nothing in it can take long.

A document may be made to harm whoever reads it: it may name files and inner addresses (``$ref``), be huge, be nested
without end, hold a few lines of YAML that stand for billions, or refer to itself. So references to anything but the
document itself are cut before a library sees them, and how large a document is counts as it would be written out.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import jsonref
import yaml

from ..remote.document import DEEPEST, storable
from ..remote.errors import ConfigurationError, _lt

MOST_BYTES = 20 * 1024 * 1024
MOST_NODES = 3_000_000
_MEGABYTE = 1024 * 1024
_TAGS = ("timestamp", "merge", "value")  # of YAML 1.1; a merge of merges can stand for billions of keys
# How a tag of YAML fails with a value that is none of its kind, such as “!!timestamp soon” and “!!bool maybe”.
_BROKEN = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_MOST_BITS = 4096  # of a number; one that is much longer can not even be written as text
_SCALARS = (str, int, float, bool, type(None))


class DocumentError(ConfigurationError):
    """The document can not be used; the sentence says what to do."""


class Document(NamedTuple):
    """An OpenAPI document.

    :ivar dict content: with references that resolve themselves when they are looked at, see ``real``
    :ivar dict plain: the same, with references as they stand
    :ivar int cut: references to other documents that were left out
    """

    content: dict
    plain: dict
    cut: int


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML as JSON has it: a date is a text, and no mapping is merged into another one."""

    def flatten_mapping(self, node):
        """No merge, also not where a document asks for it by a tag."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in _TAGS]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def read(raw: bytes) -> Document:
    """Read a document.

    :param bytes raw: JSON or YAML, in UTF-8 or UTF-16
    :raises DocumentError: it is not an OpenAPI 3 or Swagger 2 document, or one that can not be read safely
    """
    if len(raw) > MOST_BYTES:
        raise too_large()
    document = _parsed(_text(raw))
    _measure(document, {}, 0)
    if not isinstance(document, dict) or not (
        str(document.get("openapi", "")).startswith("3.") or str(document.get("swagger", "")) == "2.0"
    ):
        raise DocumentError(
            _lt(
                "This is no OpenAPI 3 or Swagger 2 document: it does not begin with “openapi” or “swagger”. The"
                " documentation of the other system usually has a link to it, called openapi.json, openapi.yaml or"
                " swagger.json."
            )
        )
    counted = [0]
    plain = storable(_cut(document, counted))
    content = jsonref.replace_refs(plain, loader=_refuse, lazy_load=True)
    return Document(content, plain, counted[0])


def too_large() -> DocumentError:
    """What is said of a document that is not even read."""
    return DocumentError(
        _lt("The document has more than %(limit)s MB. Take out the parts that are not needed, and try again."),
        limit=MOST_BYTES // _MEGABYTE,
    )


def real(value):
    """What a reference refers to; an empty object if that is nothing, or the reference itself."""
    if not isinstance(value, jsonref.JsonRef) and type(value) is not jsonref.JsonRef:
        return value
    try:
        return value.__subject__
    except (jsonref.JsonRefError, RecursionError):
        return {}


def text_of(value) -> str:
    """A value as text; empty for what is none. An object may refer to itself, so that it has no end as text."""
    value = real(value)
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _text(raw):
    try:
        is_wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        return raw.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(_lt("The document is no text in UTF-8. Save it as one, and try again.")) from error


def _parsed(text):
    start = text.lstrip()[:1]
    if start == "<":
        raise DocumentError(
            _lt(
                "This is a web page or XML, not the document itself. Look on that page for a link to a file such as"
                " openapi.json or swagger.json, and take its address."
            )
        )
    try:
        if start in "{[" and start:
            return json.loads(text, strict=False)
        return yaml.load(text, _Loader)  # a safe loader, see above
    except RecursionError as error:
        raise _too_deep() from error
    except (*_BROKEN, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", 0)
        raise DocumentError(
            _lt("The document is neither JSON nor YAML: something is wrong at line %(line)s."), line=line
        ) from error


def _too_deep():
    return DocumentError(_lt("The document is nested too deeply to be one that describes an API."))


def _measure(value, known, depth):
    """How many values there would be, and how deep, if each alias of YAML was written out.

    :raises DocumentError: too many, too deep, or without end
    """
    if not isinstance(value, (dict, list, set, tuple)):
        return 1, 0
    key = id(value)
    if key in known:
        return known[key]
    if depth > DEEPEST:  # also a circle
        raise _too_deep()
    count, height = 1, 0
    for one in value.values() if isinstance(value, dict) else value:
        size, deep = _measure(one, known, depth + 1)
        count, height = count + size, max(height, deep + 1)
    if height > DEEPEST:
        raise _too_deep()
    if count > MOST_NODES:
        raise DocumentError(
            _lt("The document describes too much: more than %(limit)s values. Take out what is not needed."),
            limit=MOST_NODES,
        )
    known[key] = count, height
    return known[key]


def _cut(value, counted):
    """A copy with texts as keys, as JSON has it, and without references to anything else than the document itself."""
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and not (reference == "#" or reference.startswith("#/")):
            counted[0] += 1
            return {}
        # What is called so and is no text is no reference, but the library asks of what kind it is before all is there.
        is_odd = "$ref" in value and not isinstance(reference, str)
        kept = [name for name in value if not (is_odd and name == "$ref")]
        return {str(_cut(name, counted)): _cut(value[name], counted) for name in kept}
    if isinstance(value, (list, tuple, set)):
        return [_cut(one, counted) for one in value]
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return None
    return value if isinstance(value, _SCALARS) else str(value)[:200]


def _refuse(uri, **_options):
    """Nothing is ever fetched for a reference: those that would need it were cut."""
    raise DocumentError(_lt("The document refers to another one, which is not read."))
