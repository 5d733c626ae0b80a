"""Facts: which fields there are, and of what kind. Made from a schema or from values; what proposes knows only them."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from .. import moments
from ..remote.errors import _lt
from .document import DocumentError, real, text_of

DEEPEST_LOOK = 4  # levels of objects in which something is looked for
MOST_FIELDS = 400  # of one object
MOST_VARIANTS = 10  # of one schema
MOST_MERGES = 1_000_000  # of one document, with those that were made before; they take some seconds
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
_ADDRESS = re.compile(r"(https?://|/|\?)\S*")
_GROUPS = ("allOf", "oneOf", "anyOf")
_LEAST_EPOCH = 10**8  # 1973; smaller numbers are counts


class _Merges:
    """The schemas of one document that were merged, so that none is merged twice, however often it is referred to.

    :ivar dict known: (id of a schema, depth) to the schema, which is kept so that its id stays its own, and the result
    :ivar int asked: how often one was asked for
    """

    def __init__(self):
        self.known, self.asked = {}, 0


_merges = ContextVar("merges", default=None)


@contextmanager
def one_document():
    """While one document is described, each of its schemas is merged once, and there is an end to it."""
    token = _merges.set(_Merges())
    try:
        yield _merges.get()
    finally:
        _merges.reset(token)


@dataclass
class Fact:
    """What is known of one field.

    :ivar tuple path: names from the outside to it
    :ivar set kinds: of string, integer, number, boolean, object, array and null; empty: unknown
    :ivar str format: of a schema, such as ``date-time``
    :ivar list values: those that were seen
    :ivar tuple choices: those that a schema allows
    :ivar str about: what a schema says of it
    :ivar bool in_all: has every record of the sample it
    """

    path: tuple
    kinds: set = field(default_factory=set)
    format: str = ""
    values: list = field(default_factory=list)
    choices: tuple = ()
    about: str = ""
    in_all: bool = True

    @property
    def name(self):
        return self.path[-1]

    @property
    def expression(self):
        return jmespath_of(self.path)

    @property
    def example(self):
        return next((value for value in self.values if value not in (None, "")), None)

    def is_scalar(self):
        return not self.kinds or bool(self.kinds & {"string", "integer", "number"})

    def moment_format(self):
        """How it writes moments, see ``moments``; empty if it writes none."""
        seen = [value for value in self.values if value not in (None, "")]
        if seen:
            formats = set(map(_format_of, seen))
            return formats.pop() if len(formats) == 1 else ""
        if self.kinds <= {"string", "null"}:
            return "" if self.format == "date" else moments.ISO
        return moments.AUTO if self.kinds & {"integer", "number"} else ""

    def is_address(self):
        """Could it be the address of the next page?"""
        seen = [value for value in self.values if value not in (None, "")]
        if seen:
            return all(isinstance(value, str) and _ADDRESS.match(value) for value in seen)
        return not self.kinds or "string" in self.kinds or bool(self.values)


def _format_of(value):
    if isinstance(value, bool) or moments.is_day(value):
        return ""
    if isinstance(value, (int, float)):
        return "" if value < _LEAST_EPOCH else "epoch_ms" if value >= 10**11 else "epoch"
    try:
        moments.read(value, moments.ISO, moments.UTC)
    except (ValueError, TypeError):
        return ""
    return moments.ISO if len(str(value)) >= 10 else ""


def jmespath_of(path):
    """A JMESPath that reads what stands under these names."""
    if not path:
        return "@"
    return ".".join(name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in path)


# --- From values


def of_records(records):
    """Facts of the fields of records, also of objects inside them.

    :param list[dict] records: at least one
    :rtype: list[Fact]
    """
    facts = {}
    for record in records:
        _gather(facts, (), record, 2)
    for fact in facts.values():
        fact.in_all = len(fact.values) == len(records)
    return list(facts.values())


def of_answer(document):
    """Facts of what stands in an answer; lists are not looked into.

    :rtype: list[Fact]
    """
    facts = {}
    if isinstance(document, dict):
        _gather(facts, (), document, DEEPEST_LOOK)
    return list(facts.values())


def _gather(facts, place, value, deeper):
    for name, one in list(value.items())[:MOST_FIELDS]:
        path = (*place, str(name))
        fact = facts.setdefault(path, Fact(path))
        fact.values.append(one)
        fact.kinds.add(_kind_of(one))
        if isinstance(one, dict) and deeper > 1:
            _gather(facts, path, one, deeper - 1)


def _kind_of(value):
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}
    return kinds.get(type(value), "null")


# --- From schemas


def of_schema(schema, depth=2, place=()):
    """Facts of the properties of a schema of an object.

    :param schema: dereferenced
    :param int depth: levels of objects
    :rtype: list[Fact]
    """
    facts = []
    for name, one in list(properties_of(schema).items())[:MOST_FIELDS]:
        merged = merged_schema(one)
        path, kinds = (*place, str(name)), kinds_of(merged)
        choices = merged.get("enum")
        facts.append(
            Fact(
                path,
                kinds,
                text_of(merged.get("format")),
                choices=tuple(map(real, choices)) if isinstance(choices, list) else (),
                about=text_of(merged.get("description")),
            )
        )
        if "object" in kinds and depth > 1:
            facts += of_schema(merged, depth - 1, path)
    return facts


def kinds_of(schema):
    """The types that a merged schema allows; null only where it says so."""
    kinds = schema.get("type")
    kinds = (
        {kinds}
        if isinstance(kinds, str)
        else set(filter(_is_text, map(real, kinds)))
        if isinstance(kinds, list)
        else set()
    )
    if schema.get("nullable") is True:
        kinds.add("null")
    if not kinds and isinstance(schema.get("properties"), dict):
        kinds.add("object")
    if not kinds and schema.get("items") is not None:
        kinds.add("array")
    return kinds


def _is_text(value):
    return isinstance(value, str)


def properties_of(schema):
    """The properties of a schema with those of its parts, and of its variants.

    :rtype: dict
    """
    properties = merged_schema(schema).get("properties")
    return properties if isinstance(properties, dict) else {}


def merged_schema(schema, depth=DEEPEST_LOOK):
    """One schema in place of ``allOf``, and of the variants of ``oneOf`` and ``anyOf``: what any of them may have.

    :rtype: dict
    :raises DocumentError: the document refers to its own parts so often that it would take too long
    """
    schema, merges = real(schema), _merges.get()
    if not isinstance(schema, dict):
        return {}
    if merges is None:
        return _merge(schema, depth)
    merges.asked += 1
    if merges.asked > MOST_MERGES:
        raise DocumentError(
            _lt("The document refers to its own parts too often to be looked through. Take out what is not needed.")
        )
    key = id(schema), depth
    if key not in merges.known:
        merges.known[key] = schema, _merge(schema, depth)
    return merges.known[key][1]


def _merge(schema, depth):
    own = {key: real(value) for key, value in schema.items() if key not in _GROUPS}
    if depth <= 0:
        return own
    kinds, found, properties = kinds_of(own), {}, {}
    for group in _GROUPS:
        parts = real(schema.get(group))
        for part in parts[:MOST_VARIANTS] if isinstance(parts, list) else ():
            part = merged_schema(part, depth - 1)
            kinds |= kinds_of(part)
            found = {**part, **found}
            if isinstance(part.get("properties"), dict):
                properties = {**part["properties"], **properties}
    if properties:
        said = own.get("properties")
        own["properties"] = {**properties, **(said if isinstance(said, dict) else {})}
    return {**found, **own, **({"type": sorted(kinds)} if kinds else {})}
