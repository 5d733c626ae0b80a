"""Where the records are in an answer, and what in a record is its id, its updated-at and its deleted marker."""

from __future__ import annotations

from ..remote.errors import _lt
from . import names
from .proposal import NOTHING, Choice, Reason

_NAMED = _lt("“%(name)s” is what most systems call it.")
_NAMED_SO = _lt("“%(name)s” is what most systems call it, for example %(example)s.")
_OWN_ID = _lt("“%(name)s” is named after the record.")
_ONLY_ID = _lt("“%(name)s” ends like an ID, and nothing fits better. Look whether it is that of the record itself.")
_WEAK_ID = _lt("There is no ID; “%(name)s” could tell one record from another. Look whether it ever changes.")
_NO_ID = _lt("No field looks like an ID. Enter the one that never changes and no other record has.")
_NO_UPDATED = _lt("No field says when a record was changed, so each run reads everything.")
_FLAG = _lt("“%(name)s” tells that a record is not used any more.")
_STATE = _lt("“%(name)s” can be “%(value)s”.")
_ACTIVE = _lt("“%(name)s” is false for a record that is not used any more.")
_WHOLE = _lt("The answer itself is the list.")
_KNOWN_LIST = _lt("“%(name)s” is a list of objects, and most systems call it so.")
_NAMED_LIST = _lt("“%(name)s” is a list of objects that is named like the address.")
ONLY_LIST = _lt("“%(name)s” is the only list of objects in the answer.")
NO_LIST = Reason(_lt("There is no list of objects in the answer."))
MOST_STATES = 10  # of those that are gone


# --- The list


def choose_list(lists, segment=""):
    """Which of the lists in an answer has the records.

    :param list[tuple] lists: the path of each list of objects in an answer; an empty one is the answer itself
    :param str segment: the last part of the address, such as ``customers``
    :return: the path, and the reason; None if there is none
    :rtype: tuple[tuple, Reason]|None
    """
    rated = sorted(((_rate(path, segment), -len(path), path) for path in lists), key=lambda one: one[:2], reverse=True)
    if not rated or rated[0][0] < 0:
        return None
    rating, _length, path = rated[0]
    name = ".".join(path)
    if not path:
        return path, Reason(_WHOLE)
    if rating >= 200:
        return path, Reason(_NAMED_LIST, {"name": name})
    return path, Reason(_KNOWN_LIST if rating >= 100 else ONLY_LIST, {"name": name})


def _rate(path, segment):
    if not path:
        return 300
    name, wanted = names.plain(path[-1]), names.plain(segment)
    if name in names.BESIDE or path[-1].startswith("_"):
        return -1
    if wanted and names.singular(name) == names.singular(wanted):
        return 200
    place = names.rank(path[-1], names.LISTS)
    if place is not None:
        return 150 - place
    if len(path) > 1 and names.plain(path[0]) == "embedded":
        return 100
    return 50


# --- In a record


def choose_id(facts, owner=""):
    """The id of a record.

    :param list[Fact] facts: of the fields of a record
    :param str owner: how the list is called, such as ``Contacts``
    :rtype: Choice
    """
    one = names.singular(names.plain(owner))
    own = {f"{one}id", f"{one}uuid", f"{one}key"} if one else set()
    rated = []
    for place, fact in enumerate(facts):
        if not fact.is_scalar() or not _tells_apart(fact):
            continue
        name, deep = names.plain(fact.name), len(fact.path) - 1
        if deep and names.plain(fact.path[0]) not in names.INSIDE:
            continue
        rank = names.rank(fact.name, names.IDS)
        if name in own:
            rated.append((85 - 40 * deep, -place, fact, _OWN_ID))
        elif rank is not None:
            rated.append(((100 if not rank else 80 - rank) - 40 * deep, -place, fact, _NAMED_SO))
        elif not deep and fact.values and _may_be_own(fact.name, one):
            rated.append((20, -place, fact, _ONLY_ID))
        elif not deep and name in names.WEAK_IDS:
            rated.append((10 - names.WEAK_IDS.index(name) / 10, -place, fact, _WEAK_ID))
    if not rated:
        return Choice("", Reason(_NO_ID))
    *_order, fact, template = max(rated, key=lambda one: one[:2])
    return Choice(fact.expression, _because(fact, template), template not in (_ONLY_ID, _WEAK_ID))


def _may_be_own(name, one):
    """Is it called an ID, and not that of something else, as ``customer_id`` of an order is?

    A document has no values that would tell, so that nothing of one is taken for an ID by its ending alone.
    """
    ending = next((ending for ending in ("_id", "ID", "Id") if name.endswith(ending)), "")
    of = names.singular(names.plain(name.removesuffix(ending)))
    return bool(ending) and (not one or one in map(names.singular, names.LISTS) or of in one or one in of)


def _tells_apart(fact):
    """Has every record one of its own, as far as was seen?"""
    if not fact.values:
        return True
    seen = [value for value in fact.values if value not in (None, "") and not isinstance(value, (dict, list))]
    return fact.in_all and len(seen) == len(fact.values) and len(set(map(str, seen))) == len(seen)


def _because(fact, template):
    if fact.example is None and template == _NAMED_SO:
        template = _NAMED
    return Reason(template, {"name": ".".join(fact.path), "example": str(fact.example)[:60]})


def choose_updated(facts):
    """When a record was last changed.

    :return: where, and how it is written
    :rtype: tuple[Choice, str]
    """
    rated = []
    for fact in facts:
        rank, deep = names.rank(fact.name, names.UPDATED), len(fact.path) - 1
        if rank is None or (deep and names.plain(fact.path[0]) not in names.INSIDE):
            continue
        form = fact.moment_format()
        if form:
            rated.append((-rank - 100 * deep, fact, form))
    if not rated:
        return Choice("", Reason(_NO_UPDATED)), ""
    _order, fact, form = max(rated, key=lambda one: one[0])
    return Choice(fact.expression, _because(fact, _NAMED_SO)), form


def choose_deleted(facts, owner=""):
    """What tells that a record is gone.

    :rtype: Choice
    """
    for known in (names.DELETED, names.ARCHIVED):
        for fact in facts:
            if len(fact.path) == 1 and names.plain(fact.name) in known and _is_flag(fact):
                return Choice(fact.expression, Reason(_FLAG, {"name": fact.name}))
    one = names.singular(names.plain(owner))
    for fact in facts:
        if len(fact.path) > 1 or names.plain(fact.name) not in ("status", "state", f"{one}status", f"{one}state"):
            continue
        seen = [value for value in (*fact.choices, *fact.values) if isinstance(value, str)]
        gone = [value for value in dict.fromkeys(seen) if names.plain(value) in names.GONE_STATES][:MOST_STATES]
        if gone:
            # Each compared by itself: a status that is missing is none of them. To look for it in a list would fail.
            path = " || ".join(f"{fact.expression} == {_quoted(value)}" for value in gone)
            return Choice(path, Reason(_STATE, {"name": fact.name, "value": "”, “".join(gone)}))
    for fact in facts:
        if len(fact.path) == 1 and names.plain(fact.name) in names.ACTIVE and fact.kinds <= {"boolean", "null"}:
            return Choice(f"{fact.expression} == `false`", Reason(_ACTIVE, {"name": fact.name}))
    return Choice("", NOTHING)


def _is_flag(fact):
    """Is it a flag, or the moment from which on it counts? A number of removed things is neither."""
    if fact.kinds & {"object", "array"}:
        return False
    seen = [value for value in fact.values if value is not None]
    if not seen and fact.kinds & {"integer", "number"}:  # of a document, which has no values
        name = names.plain(fact.name)
        is_moment = name.startswith("date") or name.endswith(("at", "on"))
        return is_moment or (bool(fact.choices) and all(one in (0, 1, None) for one in fact.choices))
    return all(value in (False, True, 0, 1, "") for value in seen) or bool(fact.moment_format())


def _quoted(value):
    said = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{said}'"
