"""Read and write inside a JSON document.

Two notations, on purpose. A *path* names one place (``address.lines[0].city``, ``attributes[code=color].value``), so it
can be read and written, and it tells a key that is missing from one that is null. An *expression* is JMESPath (https://jmespath.org/specification.html):
it computes, so it can only be read, and it knows no "missing".
"""

import functools
import json
import math
import re
from typing import NamedTuple

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

from .errors import PathError


class _Missing:
    """The value of a key that is not there. Falsy, and equal only to itself."""

    def __bool__(self):
        return False

    def __repr__(self):
        return "MISSING"


MISSING = _Missing()


class Where(NamedTuple):
    """A step to the first object of a list in which a key has a value, or a list with it: ``[code=color]``.

    :ivar str name: the key
    :ivar value: text, number, true, false or null
    """

    name: str
    value: object

    def find(self, items):
        """:return: the position of the object in a list; None if it has none"""
        for position, item in enumerate(items):
            if isinstance(item, dict) and self.name in item and self._is_meant(item[self.name]):
                return position
        return None

    def _is_meant(self, value):
        if isinstance(value, list):  # a telephone number may be of several types
            return any(self._is_meant(one) for one in value)
        if isinstance(value, bool) or isinstance(self.value, bool) or value is None or self.value is None:
            return value is self.value
        return str(value) == str(self.value)  # 7 and "7" name the same


_STEP = re.compile(
    r"""
    (?P<name>[^.\[\]"]+)            # a name
    | "(?P<quoted>(?:[^"\\]|\\.)*)"   # a quoted name, for names with dots or brackets
    | \[(?P<index>-?\d+)\]            # a position in a list
    | \[\s*(?P<key>[^=\[\]"]+?)\s*=\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\[\]"]*?)\s*\]  # the object that has this value
    """,
    re.VERBOSE,
)


class Path:
    """One place in a document.

    :ivar str text: the path as it was written
    :ivar tuple steps: names (str), positions (int) and ``Where``, from the outside in
    """

    __slots__ = ("steps", "text")

    def __init__(self, text, steps):
        self.text = text
        self.steps = steps

    def read(self, document):
        """The value at this place, or ``MISSING``. What would be inside a null is null as well.

        :param document: any JSON value
        """
        for step in self.steps:
            if document is None:
                return None
            if isinstance(document, str):  # Python can index text; in JSON it has no inside
                return MISSING
            if step.__class__ is Where:
                step = step.find(document) if isinstance(document, list) else None
            try:
                document = document[step]
            except (KeyError, IndexError, TypeError):
                return MISSING
        return document

    def follow(self, document):
        """How far the way to this place goes in a document.

        :param document: any JSON value
        :return: names and positions as far as they are there, and what stands there
        :rtype: tuple[list, object]
        """
        way = []
        for step in self.steps:
            if step.__class__ is Where:
                step = step.find(document) if isinstance(document, list) else None
            is_there = isinstance(document, dict if isinstance(step, str) else list)
            size = len(document) if is_there else 0
            try:
                document = document[step] if is_there else MISSING
            except (KeyError, IndexError, TypeError):
                document = MISSING
            if document is MISSING:
                break
            way.append(step if isinstance(step, str) or step >= 0 else size + step)
        return way, document

    @property
    def is_in_list(self):
        """Is there a list on the way, so that other places may be beside this one in it?"""
        return not all(isinstance(step, str) for step in self.steps)

    def write(self, document, value):
        """Put a value at this place; what is not there on the way is made.

        :param dict document: changed in place, and only if the value finds its place
        :raises PathError: where the document has something else on the way
        """
        if not self.steps:  # the whole document has no place inside itself
            raise self._not_writable()
        made = _put(document, self.steps, value)
        if made is MISSING:
            raise self._not_writable()

    def _not_writable(self):
        return PathError("not_writable", path=self.text, detail="the record has no such place")

    def drop(self, document):
        """A document without this place; where there is a list on the way, without it in each of its items.

        :param document: any JSON value, which is not changed
        """
        return _without(document, self.steps)


def _without(value, steps):
    step, inside = steps[0], steps[1:]
    if isinstance(value, list) and isinstance(step, str):
        return [_without(one, steps) for one in value]
    if isinstance(value, list):
        at = step.find(value) if isinstance(step, Where) else step if step >= 0 else len(value) + step
        pairs = [
            (_without(one, inside) if inside and place == at else one, place == at) for place, one in enumerate(value)
        ]
        return [one for one, is_meant in pairs if inside or not is_meant]
    if isinstance(value, dict) and isinstance(step, str):
        kept = {key: one for key, one in value.items() if inside or key != step}
        return kept | {step: _without(kept[step], inside)} if step in kept else kept
    return value


def _put(container, steps, value):
    """Put a value inside a container that is there.

    :return: the container; ``MISSING`` if there is something else than the path says, and then nothing is changed
    """
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        if not isinstance(container, dict):
            return MISSING
        place, is_new = step, step not in container
    else:
        if not isinstance(container, list):
            return MISSING
        place = step.find(container) if isinstance(step, Where) else step
        is_new = place is None or place >= len(container)
        if not is_new and place < -len(container):
            return MISSING
    inside = value if not rest else _put(_new(step, rest) if is_new else container[place], rest, value)
    if inside is MISSING:
        return MISSING
    if is_new and isinstance(container, list):
        container.extend([None] * (0 if place is None else place - len(container)))
        container.append({step.name: step.value} | inside if isinstance(step, Where) and rest else inside)
    else:
        container[place] = inside
    return container


def _new(step, rest):
    """What is made where the path goes on and nothing is there."""
    return {} if isinstance(rest[0], str) else []


@functools.lru_cache(maxsize=4096)
def parse_path(text):
    """Parse ``a.b[0]."c.d"``; ``@`` is the whole document.

    :param str text: the path
    :rtype: Path
    :raises PathError: if it does not parse
    """
    text = (text or "").strip()
    if text == "@":
        return Path(text, ())
    steps, position, after_name = [], 0, False
    while position < len(text):
        if text[position] == "." and after_name:
            position += 1
            if text[position : position + 1] in {"[", ".", ""}:
                detail = f"a name is missing after the dot at position {position}"
                raise PathError("bad_path", path=text, detail=detail)
        elif after_name and text[position] != "[":
            raise _unexpected(text, position)
        match = _STEP.match(text, position)
        if not match:
            raise _unexpected(text, position)
        steps.append(_step(match))
        position, after_name = match.end(), True
    if not steps:
        raise PathError("bad_path", path=text, detail="it is empty")
    return Path(text, tuple(steps))


def _unexpected(text, position):
    return PathError("bad_path", path=text, detail=f"unexpected “{text[position]}” at position {position + 1}")


def _step(match):
    if match["index"] is not None:
        return int(match["index"])
    if match["key"] is not None:
        return Where(match["key"], _literal(match["value"]))
    if match["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", match["quoted"])
    return match["name"]


def _literal(text):
    """What a text in a path stands for: JSON where it is some, such as 7, true or "7"; else itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, (dict, list)) else value


LONGEST = 4000  # characters of an expression
MOST_GROWTH = 1000  # how many times as large as the document what an expression makes of it may be
DETAIL = 200  # characters of JMESPath's own words that an error may show


class Expression:
    """A compiled JMESPath expression.

    :ivar str text: the expression as it was written
    """

    __slots__ = ("_compiled", "_list", "text")

    def __init__(self, text):
        self.text = text
        if len(text) > LONGEST:
            detail = f"it has {len(text)} characters, more than {LONGEST}"
            raise PathError("bad_expression", expression=text[:DETAIL], detail=detail)
        try:
            self._compiled = jmespath.compile(text)
            self._list = _list_in(self._compiled.parsed)
            times = _growth(self._compiled.parsed)
        except (JMESPathError, ValueError) as error:
            detail = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise PathError("bad_expression", expression=text, detail=detail) from error
        except RecursionError as error:
            raise PathError("bad_expression", expression=text[:DETAIL], detail="it is nested too deeply") from error
        if times > MOST_GROWTH:
            detail = f"it could make the record {MOST_GROWTH} times as large"
            raise PathError("bad_expression", expression=text[:DETAIL], detail=detail)

    def read(self, document):
        """The result of the expression; None where it finds nothing.

        :raises PathError: if a function of the expression does not accept the value
        """
        try:
            return self._compiled.search(document)
        except (JMESPathError, ArithmeticError, TypeError, ValueError, RecursionError) as error:
            # A slice of step 0 is a ValueError.
            detail = str(error)[:DETAIL]  # it quotes the value
            raise PathError("expression_failed", expression=self.text, detail=detail) from error

    def list_in(self, document):
        """The list of the document that the expression filters, sorts or cuts, as it is there; None if it is none."""
        found = self._list and TreeInterpreter().visit(self._list, document)
        return found if isinstance(found, list) else None


def _growth(node):
    """How many times as large as the document the result of a compiled expression can be.

    What stands side by side adds up, what is applied one after the other multiplies: ``[@,@]|[@,@][]`` and so on
    doubles with each step, and a line of it takes minutes.
    """
    parts = [_growth(child) for child in node.get("children", ()) if isinstance(child, dict)]
    if not parts:
        return 1
    if node["type"] in _SIDE_BY_SIDE:
        return sum(parts) if node["type"] != "function_expression" or not _applies(node) else math.prod(parts)
    return min(math.prod(parts), MOST_GROWTH * 1000)  # no number of thousands of digits


def _applies(node):
    """Does a function apply an expression to a list, as ``map(&expression, list)`` does?"""
    return any(child["type"] == "expref" for child in node["children"])


_SIDE_BY_SIDE = ("multi_select_list", "multi_select_dict", "function_expression", "or_expression", "and_expression")
_SIDE_BY_SIDE += ("comparator",)


def _list_in(node):
    """The part of a compiled expression that names the list; None where it is made of several."""
    while node["type"] in _OF_A_LIST:
        first, *rest = node["children"]
        if node["type"] == "index_expression" and not any(one["type"] == "slice" for one in rest):
            return None  # one of a list
        node = first
    return node if node["type"] in ("field", "subexpression", "identity", "current") else None


_OF_A_LIST = ("pipe", "projection", "filter_projection", "flatten", "index_expression", "or_expression")
_OF_A_LIST += ("function_expression",)


_PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")


class _PlainExpression:
    """An expression that is only names and dots: read without JMESPath, which costs ten times as much."""

    __slots__ = ("_steps", "text")

    def __init__(self, text):
        self.text = text
        self._steps = tuple(text.split("."))

    def read(self, document):
        for step in self._steps:
            if not isinstance(document, dict):
                return None
            document = document.get(step)
        return document

    def list_in(self, document):
        return None  # it takes what is there


@functools.lru_cache(maxsize=4096)
def parse_expression(text):
    """Compile a JMESPath expression.

    :param str text: the expression
    :rtype: Expression
    :raises PathError: if it does not parse
    """
    text = (text or "").strip()
    if _PLAIN.match(text):
        return _PlainExpression(text)
    return Expression(text)
