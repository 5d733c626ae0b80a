"""How an answer says that there is nothing: no record, or an empty list.

That nothing was *found* proves nothing: the path may be wrong, or the answer be about something else. Proof is a null
or an empty list at the place itself or on the way to it, or in place of the whole document.
"""

import jmespath
from jmespath.visitor import TreeInterpreter

_ABSENT, _NOTHING = object(), object()
_IN_TURN = ("subexpression", "index_expression", "pipe")
_LISTS = ("projection", "filter_projection", "value_projection", "flatten")


def says_nothing(place, document):
    """Does a document say that there is nothing at a place?

    :param str place: JMESPath of a record or of a list of records
    :param document: any JSON value; None for an answer without content
    :rtype: bool
    """
    try:
        return document in (None, []) or _follow(jmespath.compile(place).parsed, document) in (None, [], _NOTHING)
    except (jmespath.exceptions.JMESPathError, ArithmeticError, TypeError, ValueError):
        return False


def _follow(node, value):
    """The value behind a step: ``_NOTHING`` if nothing is said to be there, ``_ABSENT`` if nothing is said at all."""
    kind, children = node["type"], node["children"]
    if kind in ("identity", "current"):
        return value
    if kind in _IN_TURN:
        for child in children:
            value = _follow(child, value)
        return value
    if value is _ABSENT:
        return _ABSENT
    if value is None or value is _NOTHING:
        return _NOTHING
    if kind == "field":
        return value.get(node["value"], _ABSENT) if isinstance(value, dict) else _ABSENT
    if kind == "index":
        return _item(value, node["value"])
    if kind in _LISTS:
        before = _follow(children[0], value)
        if before in (None, [], _NOTHING):
            return _NOTHING
        if not isinstance(before, (list, dict)):
            return _ABSENT
    found = TreeInterpreter().visit(node, value)
    return _ABSENT if found is None else found


def _item(value, position):
    if not isinstance(value, list):
        return _ABSENT
    if not value:
        return _NOTHING
    return value[position] if -len(value) <= position < len(value) else _ABSENT
