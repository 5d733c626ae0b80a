"""How a list is paged, and how only its changes are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from requests.utils import parse_header_links

from .. import moments
from ..remote.errors import _lt
from . import names
from .facts import Fact
from .proposal import Paging, Reason, Since

USUAL_SIZE = 100
HTTP_DATE, PLAIN_ISO = "%a, %d %b %Y %H:%M:%S GMT", "%Y-%m-%dT%H:%M:%S"
# Parameters that systems take although their answers do not say so; the likeliest first.
USUAL = (
    ("page", "page", "per_page"),
    ("offset", "offset", "limit"),
    ("page", "page", "limit"),
    ("page", "page", "page_size"),
    ("page", "page", "pageSize"),
    ("offset", "offset", "count"),
    ("offset", "skip", "limit"),
    ("offset", "skip", "take"),
    ("offset", "$skip", "$top"),
    ("offset", "start", "limit"),
    ("page", "_page", "_limit"),
)
_MOST_SAID = re.compile(
    r"(?:max(?:imum)?|up to|at most|between \d+ and|1\s*(?:-|–|to|and))\D{0,25}?(\d{1,5})", re.IGNORECASE
)
_SAYS_CHANGE = re.compile(r"updat|modif|chang|timestamp", re.IGNORECASE)
_SAYS_ID = re.compile(r"\bid\b|identifier", re.IGNORECASE)
_BACKWARDS = ("prev", "previous", "before", "first", "last", "self", "start", "prevpage", "previouspage")

_LINK = _lt("Its answers have a Link header with the address of the next page.")
_HEADER = _lt("Its answers have the address of the next page in the header %(name)s.")
_ADDRESS = _lt("The answer has the address of the next page in “%(name)s”.")
_CURSOR = _lt("The answer has in “%(name)s” what is sent as “%(parameter)s” to get the next page.")
_LAST_RECORD = _lt("The parameter “%(parameter)s” takes the ID of the last record of the page before.")
_PAGE = _lt("The parameter “%(parameter)s” is the number of the page.")
_PAGE_FROM_ZERO = _lt(
    "The parameter “%(parameter)s” is the number of the page, and may be 0. Whether the first page is 0 or 1 is not"
    " said; use Look at the Answer to find out."
)
_OFFSET = _lt("The parameter “%(parameter)s” is the number of records to skip.")
_USUAL_WAY = _lt(
    "The answer does not say how it is paged. “%(parameter)s” and “%(size)s” are usual; they have to be tried."
)
_NO_WAY = _lt("Nothing speaks of pages.")
_NOT_SAID = _lt("It speaks of pages, but not of how they are asked for; use Look at the Answer to find out.")
_NOT_SEEN = _lt("Nothing in the answer speaks of further pages, so it may have all records.")
_SINCE = _lt("“%(name)s” takes a time, so only what has changed since then is asked for.")


class Parameter(NamedTuple):
    """A parameter that a list can be asked with.

    :ivar str place: ``query``, ``header`` or ``body``
    :ivar int most: the largest value that is allowed; 0: not said
    :ivar least: the smallest value that is allowed; None: not said
    """

    name: str
    place: str = "query"
    kinds: frozenset = frozenset()
    format: str = ""
    about: str = ""
    default: object = None
    most: int = 0
    least: object = None


@dataclass
class Evidence:
    """What is known of the pages of a list.

    :ivar list[Parameter] parameters: those that it can be asked with
    :ivar list[Fact] answer: what stands beside the records
    :ivar dict headers: of the answer; of a document, those that it names, with an empty value
    :ivar str id_path: of a record
    :ivar int count: records of the sample; None for a document
    """

    parameters: list = field(default_factory=list)
    answer: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)
    id_path: str = "id"
    count: int | None = None

    def parameter(self, known, places=("query", "body")):
        """The parameter that is called by one of these names, the likeliest."""
        found = [
            (names.rank(one.name, known), one)
            for one in self.parameters
            if one.place in places and names.rank(one.name, known) is not None
        ]
        return min(found, key=lambda one: one[0])[1] if found else None

    @property
    def is_sample(self):
        return self.count is not None


def propose(evidence):
    """Ways to walk the list.

    :param Evidence evidence: what is known
    :return: the likeliest first; at least one
    :rtype: tuple[Paging]
    """
    found = [way for look in _LOOKS if (way := look(evidence))]
    if not evidence.is_sample:
        found.sort(key=lambda way: not way.is_sure)  # nobody tries them one after the other
    if any(way.is_sure for way in found) or (found and not evidence.is_sample):
        return tuple(found)
    if evidence.is_sample:
        return (*found, *_usual(evidence), one_page(Reason(_NOT_SEEN), is_sure=False))
    is_paged = _speaks_of_pages(evidence)
    return (one_page(Reason(_NOT_SAID if is_paged else _NO_WAY), is_sure=not is_paged),)


def one_page(reason, is_sure=True):
    """The list is one answer.

    :rtype: Paging
    """
    return Paging("none", {}, {}, reason, is_sure=is_sure)


# --- What is looked for, in this order


def _link_header(evidence):
    link = _header(evidence, "link")
    if link is None or (link and not (target := _next_link(link))):
        return None
    size = _size(evidence, target if link else "")
    return _paging("link_header", {}, {}, Reason(_LINK), size)


def _next_header(evidence):
    for name, value in evidence.headers.items():
        if names.plain(name) in ("nextpage", "xnextpage", "xnext", "nextlink", "xnextlink") and (
            not value or str(value).startswith(("http://", "https://", "/"))
        ):
            size = _size(evidence, str(value or ""))
            return _paging("next_url", {"next_header": name}, {}, Reason(_HEADER, {"name": name}), size)
    return None


def _cursor_of_a_parameter(evidence):
    parameter, fact = evidence.parameter(names.CURSOR), _cursor_fact(evidence)
    if not parameter or not fact:
        return None
    options = {"cursor_path": fact.expression, **_flag(evidence)}
    reason = Reason(_CURSOR, {"name": ".".join(fact.path), "parameter": parameter.name})
    return _paging("cursor", options, {parameter.name: "{cursor}"}, reason, _size(evidence), parameter)


def _next_address(evidence):
    rated = []
    for fact in evidence.answer:
        rank = names.rank(fact.name, names.NEXT_ADDRESS)
        if rank is None or fact.kinds & {"object", "array"} or not fact.is_address() or not _is_about_next(fact):
            continue
        if names.plain(fact.name) in ("href", "link") and names.plain(_above(fact)) != "next":
            continue
        rated.append((len(fact.path), rank, fact))
    if not rated:
        return None
    fact = min(rated, key=lambda one: one[:2])[2]
    size = _size(evidence, str(fact.example or ""))
    options = {"next_path": fact.expression, **_flag(evidence)}
    return _paging("next_url", options, {}, Reason(_ADDRESS, {"name": ".".join(fact.path)}), size)


def _cursor_without_parameter(evidence):
    fact = _cursor_fact(evidence)
    if not evidence.is_sample or not fact or evidence.parameter(names.CURSOR):
        return None
    name = fact.name
    for start in ("next_", "next"):
        if name.lower().startswith(start) and len(name) > len(start):
            name = name[len(start) :]
            name = name if start.endswith("_") else name[0].lower() + name[1:]
            break
    reason = Reason(_CURSOR, {"name": ".".join(fact.path), "parameter": name})
    options = {"cursor_path": fact.expression, **_flag(evidence)}
    way = _paging("cursor", options, {name: "{cursor}"}, reason, _size(evidence) or ("limit", 0))
    return way._replace(is_sure=False)


def _last_record(evidence):
    parameter = evidence.parameter(names.LAST_RECORD)
    flag = _flag(evidence)
    if not parameter and (not flag or not evidence.is_sample or evidence.parameter((*names.PAGE, *names.OFFSET))):
        return None
    name = parameter.name if parameter else "starting_after"
    options = {"record_field": evidence.id_path or "id", **flag}
    size = _size(evidence) or (("limit", 0) if evidence.is_sample else None)
    way = _paging(
        "last_record", options, {name: "{cursor}"}, Reason(_LAST_RECORD, {"parameter": name}), size, parameter
    )
    return way._replace(is_sure=bool(parameter))


def _offset(evidence):
    return _by_position(evidence, "offset", names.OFFSET, _OFFSET)


def _page(evidence):
    way = _by_position(evidence, "page", names.PAGE, _PAGE)
    parameter = evidence.parameter(names.PAGE)
    if way and parameter and (parameter.default == 0 or "zero-based" in parameter.about.lower()):
        way.options["first_page"] = 0
    elif way and parameter.default is None and parameter.least == 0:
        # Where 0 is only another word for the first page, that is read twice; from 1 on, a page could be missed.
        way.options["first_page"] = 0
        return way._replace(reason=Reason(_PAGE_FROM_ZERO, {"parameter": parameter.name}), is_sure=False)
    return way


def _by_position(evidence, kind, known, template):
    parameter = evidence.parameter(known)
    if not parameter or parameter.kinds & {"object", "array", "boolean"}:
        return None
    if names.plain(parameter.name) in ("from", "start") and not _means_number(parameter):
        return None
    return _paging(
        kind,
        _end(evidence),
        {parameter.name: "{%s}" % kind},
        Reason(template, {"parameter": parameter.name}),
        _size(evidence),
        parameter,
    )


def _means_number(parameter):
    """“From” and “start” are dates as often."""
    return bool(parameter.kinds & {"integer", "number"}) or not parameter.kinds


_LOOKS = (
    _link_header,
    _next_header,
    _cursor_of_a_parameter,
    _next_address,
    _last_record,
    _cursor_without_parameter,
    _offset,
    _page,
)


def _usual(evidence):
    """What may be tried: what the answer itself hints at comes first."""
    said = {names.plain(fact.name) for fact in evidence.answer}
    ways = []
    for place, (kind, name, size) in enumerate(USUAL):
        hints = (names.plain(name) in said) + (names.plain(size) in said)
        reason = Reason(_USUAL_WAY, {"parameter": name, "size": size})
        way = _paging(kind, _end(evidence), {name: "{%s}" % kind}, reason, (size, 0))
        ways.append((-hints, place, way._replace(is_sure=False)))
    return [way for *_order, way in sorted(ways, key=lambda one: one[:2])]


# --- The parts


def _paging(kind, options, query, reason, size, parameter=None):
    """:param tuple size: name of the parameter with the number of records, and the largest that it takes; or None"""
    page_size = USUAL_SIZE
    if size:
        query = {size[0]: "{limit}", **query}
        page_size = min(size[1] or USUAL_SIZE, USUAL_SIZE)
    return Paging(kind, options, query, reason, page_size)


def _size(evidence, address=""):
    """The parameter with the number of records, from the parameters, else from the next address.

    :rtype: tuple[str, int]|None
    """
    parameter = evidence.parameter(names.SIZE)
    if parameter and not parameter.kinds & {"boolean", "object", "array"}:
        said = _MOST_SAID.search(parameter.about)
        return parameter.name, parameter.most or (int(said[1]) if said else 0)
    for name, _value in parse_qsl(urlsplit(address).query):
        if names.rank(name, names.SIZE) is not None:
            return name, 0
    return None


def _header(evidence, wanted):
    return next((value for name, value in evidence.headers.items() if name.lower() == wanted), None)


def _next_link(header):
    links = parse_header_links(str(header))
    return next((link["url"] for link in links if "next" in link.get("rel", "").lower().split()), None)


def _above(fact):
    return fact.path[-2] if len(fact.path) > 1 else ""


def _is_about_next(fact):
    """Is it about the next page, and not about a part of the answer that has nothing to do with pages?"""
    above = [names.plain(name) for name in fact.path[:-1]]
    return not set(above) & set(_BACKWARDS) and all(name in (*names.ABOUT_PAGE, *names.LISTS) for name in above)


def _cursor_fact(evidence):
    """Where the answer has the cursor of the next page."""
    rated = []
    for fact in evidence.answer:
        rank = names.rank(fact.name, names.NEXT_CURSOR)
        is_address = fact.values and fact.example is not None and fact.is_address()
        if rank is None and names.plain(fact.name) == "next" and not is_address:
            rank = len(names.NEXT_CURSOR)
        if rank is None or is_address or (not fact.is_scalar() and fact.kinds != {"null"}) or not _is_about_next(fact):
            continue
        if "next" in map(names.plain, fact.path[:-1]):
            rank = -1
        rated.append((rank, len(fact.path), fact))
    return min(rated, key=lambda one: one[:2])[2] if rated else None


def _flag(evidence):
    """How a flag of the answer ends the list; nothing if there is none."""
    for known, end in ((names.MORE, False), (names.LAST, True)):
        for fact in evidence.answer:
            if fact.kinds and fact.kinds <= {"boolean"} and names.plain(fact.name) in known and _is_about_next(fact):
                return {"end": "flag", "flag_path": fact.expression, **({"flag_end": True} if end else {})}
    return {}


def _speaks_of_pages(evidence):
    """Does anything say that one answer may not have all records, although it does not say how the others come?"""
    if evidence.parameter((*names.PAGE, *names.SIZE, *names.OFFSET, *names.CURSOR)) or _flag(evidence):
        return True
    if any(_is_total(name) for name in evidence.headers) or _cursor_fact(evidence):
        return True
    told = (*names.TOTAL, *names.NEXT_ADDRESS, *names.PAGE, *names.PAGES)
    return any(names.rank(fact.name, told) is not None and _is_about_next(fact) for fact in evidence.answer)


def _is_total(header):
    return names.plain(header).removeprefix("x") in ("totalcount", "total", "wptotal")


def _end(evidence):
    """How a walk by position ends: as the answer says, else by a page that is empty, which cuts no list."""
    flag = _flag(evidence)
    if flag:
        return flag
    if evidence.is_sample:  # of a document nobody knows whether a total is really there
        for name, value in evidence.headers.items():
            if _is_total(name) and str(value).isdecimal():
                return {"end": "total", "total_header": name}
        for fact in evidence.answer:
            is_number = isinstance(fact.example, int) and not isinstance(fact.example, bool)
            is_total = is_number and names.rank(fact.name, names.TOTAL) is not None and _is_about_next(fact)
            if is_total and fact.example >= evidence.count:
                return {"end": "total", "total_path": fact.expression}
    return {"end": "empty_page"}


# --- Only changes


def propose_since(parameters, updated_format):
    """The parameter that asks only for changes.

    :param list[Parameter] parameters: those of the list
    :param str updated_format: how records write their updated-at; empty: they have none, then no cursor could move
    :rtype: Since|None
    """
    rated = []
    for one in parameters:
        if one.place not in ("query", "header") or one.kinds & {"boolean", "object"}:
            continue
        rank = names.rank(one.name, names.SINCE)
        if rank is None and names.rank(one.name, names.UNSURE_SINCE) is not None:
            is_moment = one.format == "date-time" or _SAYS_CHANGE.search(one.about)
            rank = 100 if is_moment and not _SAYS_ID.search(one.about) else None
        if rank is not None:
            rated.append((rank, one))
    if not rated or not updated_format:
        return None
    one = min(rated, key=lambda rating: rating[0])[1]
    return Since(one.name, one.place, _sent(one, updated_format), Reason(_SINCE, {"name": one.name}))


def _sent(parameter, updated_format):
    """How ``{since}`` is written; empty: as records write it."""
    if parameter.place == "header":
        is_http = names.plain(parameter.name) == "ifmodifiedsince" and parameter.format != "date-time"
        return HTTP_DATE if is_http else PLAIN_ISO
    if parameter.kinds & {"integer", "number"}:
        is_same = updated_format in moments.UNITS
        return "" if is_same else "epoch"
    return moments.ISO if updated_format == moments.AUTO else ""


__all__ = ["Evidence", "Fact", "Parameter", "one_page", "propose", "propose_since"]
