"""Ways to walk a list page by page.

A paginator has no memory of its own: where it is stands in a JSON-able state, so that a run can go on after its process
died. It asks each time ``variables`` and ``url`` for the next request, and ``advance`` with the answer, until that
gives None. A new way is one class with the decorator ``@paginator``.
"""

from __future__ import annotations

import hashlib
import marshal

import jmespath
import jmespath.exceptions
from requests.utils import parse_header_links

from . import address
from .errors import ProtocolError, Rejected, _lt
from .nothing import says_nothing
from .options import NONE_OF, Option, OptionError, check_options
from .redaction import REDACTED

PAGINATORS: dict[str, type[Paginator]] = {}

# A list may have empty pages in its midst (a filter applied after paging), but not without end.
_MOST_EMPTY_PAGES = 1000
# A remote that gives fewer records than asked for gives so many; one that does not count further stops at a multiple.
_USUAL_PAGE_SIZES = {10, 20, 25, 30, 50, 100, 200, 250, 500, 1000}
_TOTAL_HEADERS = ("X-Total-Count", "X-Total", "X-WP-Total", "Total-Records")
_LEAST_CAP = 1000
# What a remote answers when it is asked for a page behind the last one.
_NO_SUCH_PAGE = {400, 404, 416, 422}
# The same behind a total that may be capped: what refuses the request may refuse to go on, and there is more.
_NO_SUCH_PAGE_FOR_SURE = {404, 416}
# How a list that is walked by position is refused where the remote counts no further.
_TOO_DEEP = {400, 403, 413, 416, 422}


def _end_options(default):
    return {
        "end": Option(
            _lt("The list ends with"), "choice", default, ("no_next", "short_page", "empty_page", "flag", "total")
        ),
        "flag_path": Option(_lt("Path to the flag"), "path"),
        "flag_end": Option(_lt("Value of the flag at the end"), "value", False),
        "total_path": Option(_lt("Path to the total number"), "path"),
        "total_header": Option(_lt("Header with the total number")),
    }


def paginator(cls):
    """Register a paginator under its ``name``."""
    PAGINATORS[cls.name] = cls
    return cls


def build(config: dict, page_size: int, base_url: str | None = None) -> Paginator:
    """The paginator of an operation's ``pagination`` document, which names it in ``type``.

    :raises OptionError: unknown type or option
    """
    config = dict(config or {})
    name = config.pop("type", "none")
    if name not in PAGINATORS:
        raise OptionError(NONE_OF, name="type", value=repr(name), known=", ".join(PAGINATORS))
    return PAGINATORS[name](config, page_size, base_url)


class Paginator:
    """One way to walk a list.

    :param dict options: see the class attribute of the same name; None is as good as absent
    :param int page_size: records to ask for, at least 1
    :param base_url: where next addresses must lead; without it, to the host that answered
    :raises OptionError: an option is unknown or wrong
    """

    name = ""
    label = ""
    options: dict[str, Option] = {}
    required: tuple[tuple[str, ...], ...] = ()  # of each group, one must be given
    reads_records = False  # does the last record say where the next page begins
    places: tuple[str, ...] = ()  # placeholders of which a request needs one, or it would read the same page again

    def __init__(self, options: dict, page_size: int, base_url: str | None = None):
        given = {
            name: value for name, value in (options or {}).items() if value not in (None, "") or name == "flag_end"
        }
        self._check(given)
        self._given = {name: given.get(name, option.default) for name, option in self.options.items()}
        self.page_size = page_size
        self.base_url = base_url

    def _check(self, given):
        check_options(self.name, self.options, given)
        needed = {"flag": [("flag_path",)], "total": [("total_path", "total_header")]}.get(given.get("end"), [])
        for group in (*self.required, *needed):
            if not any(name in given for name in group):
                sentence = _lt("%(one)s is needed.") if len(group) == 1 else _lt("%(one)s or %(other)s is needed.")
                raise OptionError(sentence, one=group[0], other=group[-1])

    # --- What the walker calls

    def start(self) -> dict:
        """State before the first page."""
        return {}

    def variables(self, state: dict) -> dict:
        """Values of the placeholders for the next request; None where this way has no such thing."""
        return {"page": None, "offset": None, "cursor": None, "limit": self.page_size}

    def url(self, state: dict) -> str | None:
        """Absolute address of the next request if the remote gave one: then path and query are not rendered."""
        return state.get("url")

    def is_end(self, state: dict, status: int | None) -> bool:
        """Is this refusal what there is behind the last page? Only where all seems to have been read before."""
        known = {"all": _NO_SUCH_PAGE, "capped": _NO_SUCH_PAGE_FOR_SURE}.get(state.get("beyond"), ())
        return status in known

    def is_too_deep(self, state: dict, status: int | None) -> bool:
        """Is this refusal that of a remote that counts no further? What was asked for before was given."""
        return bool(state.get("seen")) and self.variables(state)["offset"] is not None and status in _TOO_DEEP

    def is_echo(self, state: dict, records: list) -> bool:
        """Is this the last page once more, as some remotes answer who is asked for one behind it?"""
        return bool(state.get("beyond") and records) and digest(records) == state["trail"]["last"]

    def total(self, answer) -> int | None:
        """How many records the remote says that the list has; None if it does not, or not as a number.

        It stands where the options say, or in a header that means nothing else. People are shown it; nothing is decided
        by it.
        """
        try:
            told = self._find_total(answer)
        except ProtocolError:
            return None
        headers = (answer.headers.get(name) for name in _TOTAL_HEADERS)
        found = str(told if told is not None else next(filter(None, headers), ""))
        return int(found) if found.isdecimal() and len(found) < 10 else None

    def shortfall(self, state: dict, answer, came: list) -> tuple | None:
        """Where a list has ended before its total: how many records there were, and how many the remote counts.

        :param came: the last page, as it came
        """
        if self._given.get("end") != "total":
            return None
        seen, total = state.get("seen", 0) + len(came), self._find_total(answer)
        is_short = str(total).isdecimal() and seen < int(total)
        return (seen, int(total)) if is_short else None

    def says_end(self, state: dict, answer) -> bool:
        """Does an answer without a list say that the list has ended? That nothing speaks against it is not enough.

        :param Answer answer: a page behind one that had records
        """
        end = self._given.get("end")
        if end == "flag":
            return self._find("flag_path", answer) is not None and self._end_flag(state, answer, [])
        if end == "total":
            return state.get("seen", 0) >= self._total(answer)
        place = self._given.get("cursor_path") or self._given.get("next_path")
        return end == "no_next" and bool(place) and says_nothing(place, answer.document)

    def advance(self, state: dict, answer, records: list, came: list | None = None) -> dict | None:
        """State after this page, or None if it was the last one.

        :param Answer answer: what the remote sent
        :param records: the records in it
        :param came: the list in it from which those were chosen, by which the end is judged; None: it is the same
        :raises ProtocolError: the walk goes in a circle, or the place of the next page can not be read
        """
        came = records if came is None else came
        if self._at_end(state, answer, came):
            return None
        following = self._next(state, answer, (records or came) if self.reads_records else came)
        if following is None:
            return None
        following["seen"] = state.get("seen", 0) + len(came)
        following |= self._beyond(state, answer, came, following["seen"])
        try:
            return {**following, "trail": _trail(state, following, records or came, answer)}
        except ProtocolError as error:
            beyond = self._past_repetition(state, came) if error.reason == "repeated_page" else None
            if beyond is None:
                raise
            return beyond

    def _past_repetition(self, state, came) -> dict | None:
        """Where to go on behind a page that was the last one again; None: the walk goes in a circle."""
        return None

    def _beyond(self, state, answer, records, seen):
        """Marks of a page that is asked for although the list seems to have ended."""
        end = self._given.get("end")
        if end == "total" and seen >= (total := self._total(answer)):
            return {"beyond": "capped" if _is_capped(total) else "all"}
        if end == "short_page" and 0 < len(records) < self.page_size:
            return {"cap": len(records), **({} if state.get("cap") else {"beyond": "all"})}
        return {}

    # --- What a way of paging says

    def _next(self, state, answer, records) -> dict | None:
        """Position of the next page, or None if there is none."""
        return None

    def _at_end(self, state, answer, records) -> bool:
        end = self._given.get("end", "no_next")
        return getattr(self, f"_end_{end}")(state, answer, records)

    def _end_no_next(self, state, answer, records):
        return False

    def _end_short_page(self, state, answer, records):
        """A page of a usual size may be as large as the remote makes any: then the next one tells."""
        size = len(records)
        may_be_capped = size in _USUAL_PAGE_SIZES and size == state.get("cap", None if state.get("seen") else size)
        return size < self.page_size and not may_be_capped

    def _end_empty_page(self, state, answer, records):
        return not records

    def _end_flag(self, state, answer, records):
        flag = self._find("flag_path", answer)
        if flag is None and self._is_bare(state, answer, records):
            return True
        # A flag that is gone must not look like the end: half the records would be missing, silently.
        if flag is None and self._given["flag_end"] is not None:
            raise ProtocolError("no_flag", host=address.host_of(answer.url), place=self._given["flag_path"])
        return flag == self._given["flag_end"] and type(flag) is type(self._given["flag_end"])

    def _is_bare(self, state, answer, records):
        """Is it an empty list that is told without anything beside it, by 204 or ``[]``?

        Behind a page that had records, it would cut the list where that page said that more would come.
        """
        return not records and not answer.document and (not state.get("seen") or bool(state.get("beyond")))

    def _end_total(self, state, answer, records):
        """A total that a full page reaches may be that of the page, or capped: then it proves no end."""
        if self._is_bare(state, answer, records) and self._find_total(answer) is None:
            return True
        total, seen = self._total(answer), state.get("seen", 0) + len(records)
        if not records:  # a filter that is applied after paging leaves pages empty in the midst of a list
            offset = self.variables(state)["offset"]
            return seen >= total or (offset is not None and offset + self.page_size >= total)
        if seen < total:
            return False
        is_full = len(records) >= self.page_size or len(records) in _USUAL_PAGE_SIZES
        return not (is_full and (seen > total or total == len(records) or _is_capped(total)))

    def _total(self, answer):
        """:raises ProtocolError: if there is no number where it should be"""
        try:
            return int(self._find_total(answer))
        except (TypeError, ValueError) as error:
            place = self._given["total_path"] or self._given["total_header"]
            raise ProtocolError("no_total", host=address.host_of(answer.url), place=place) from error

    def _find_total(self, answer):
        return self._find("total_path" if self._given.get("total_path") else "total_header", answer)

    def _find(self, name, answer):
        """What stands in the answer at the place that an option names, or None."""
        place = self._given.get(name)
        if not place:
            return None
        if name.endswith("_header"):
            return answer.headers.get(place)
        try:
            return jmespath.search(place, answer.document)
        except jmespath.exceptions.JMESPathError as error:  # such as length() of a null
            raise self._no_cursor(answer, place) from error

    def _no_cursor(self, answer, place):
        return ProtocolError("no_cursor", host=address.host_of(answer.url), place=place)


def _is_capped(total):
    return total >= _LEAST_CAP and total % _LEAST_CAP == 0


def digest(value) -> str:
    # As of version 2: later ones write the same value in more than one way. A tenth of the time of JSON.
    return hashlib.blake2b(marshal.dumps(value, 2), digest_size=8).hexdigest()


def _trail(state, following, records, answer) -> dict:
    """Notice a walk in a circle, with constant memory.

    Besides the last page, one earlier page is remembered, and moved forward at every power of two: a circle of any
    length is found after at most three rounds (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).

    :raises ProtocolError: ``repeated_page``: the same records as the page before; ``page_loop``: as an earlier one, or
        the same next address or cursor
    """
    trail = state.get("trail") or {"pages": 0, "next_mark": 1, "empty": 0}
    host = address.host_of(answer.url)
    page = digest(records) if records else None
    place = digest([following.get("url"), following.get("cursor")]) if _names_place(following) else None
    if page and page == trail.get("last"):
        raise ProtocolError("repeated_page", host=host)
    if (page and page == trail.get("mark")) or (place and place in (trail.get("place"), trail.get("place_mark"))):
        raise ProtocolError("page_loop", host=host)
    empty = 0 if records else trail["empty"] + 1
    if empty > _MOST_EMPTY_PAGES:
        raise ProtocolError("page_loop", host=host)
    pages = trail["pages"] + 1
    moved = {**trail, "last": page, "place": place, "pages": pages, "empty": empty}
    if pages >= trail["next_mark"]:
        moved |= {"mark": page, "place_mark": place, "next_mark": 2 * pages}
    return moved


def _names_place(position) -> bool:
    return "url" in position or "cursor" in position


@paginator
class SinglePage(Paginator):
    """The answer holds all records: ``{"records": [...]}``."""

    name = "none"
    label = _lt("One page")


@paginator
class PageNumber(Paginator):
    """Pages have numbers: ``?page=2&per_page=100``."""

    name = "page"
    label = _lt("Page number")
    places = ("page", "offset")
    options = {"first_page": Option(_lt("Number of the first page"), "integer", 1), **_end_options("empty_page")}

    def start(self):
        return {"page": self._given["first_page"]}

    def variables(self, state):
        offset = (state["page"] - self._given["first_page"]) * self.page_size
        return {**super().variables(state), "page": state["page"], "offset": offset}

    def _next(self, state, answer, records):
        return {"page": state["page"] + 1}


@paginator
class Offset(Paginator):
    """Records have numbers: ``?offset=200&limit=100``.

    The next offset counts the records that came, not those asked for: the remote may allow fewer per page.
    """

    name = "offset"
    label = _lt("Offset")
    places = ("offset", "page")
    options = _end_options("empty_page")

    def start(self):
        return {"offset": 0}

    def variables(self, state):
        page = state["offset"] // self.page_size + 1
        return {**super().variables(state), "page": page, "offset": state["offset"]}

    def _next(self, state, answer, records):
        return {"offset": state["offset"] + (len(records) or self.page_size)}

    def _past_repetition(self, state, came):
        """A remote that leaves records out after paging shows the same ones again, if nothing new was behind them."""
        if len(came) >= self.page_size or state.get("skipped"):
            return None
        offset = state["offset"] + self.page_size
        return {"offset": offset, "seen": offset, "skipped": True, "trail": state["trail"]}


class _ByCursor(Paginator):
    """What the ways with a cursor have in common."""

    places = ("cursor",)

    def start(self):
        return {"cursor": None}

    def variables(self, state):
        return {**super().variables(state), "cursor": state["cursor"]}


@paginator
class Cursor(_ByCursor):
    """The answer holds a value to send with the next request: ``{"data": [...], "next_cursor": "b3f"}``."""

    name = "cursor"
    label = _lt("Cursor in the answer")
    options = {
        "cursor_path": Option(_lt("Path to the cursor"), "path"),
        "cursor_header": Option(_lt("Header with the cursor")),
        **_end_options("no_next"),
    }
    required = (("cursor_path", "cursor_header"),)

    def _next(self, state, answer, records):
        name = "cursor_path" if self._given["cursor_path"] else "cursor_header"
        cursor = self._find(name, answer)
        if not cursor:
            return None
        if isinstance(cursor, (dict, list, bool)):
            raise self._no_cursor(answer, self._given[name])
        # Some systems repeat the last cursor for ever once the list is read.
        return None if cursor == state["cursor"] and not records else {"cursor": cursor}


@paginator
class LastRecord(_ByCursor):
    """A field of the last record is sent with the next request: ``?starting_after=cus_123``."""

    name = "last_record"
    reads_records = True
    label = _lt("Field of the last record")
    options = {"record_field": Option(_lt("Field of the record"), "path", "id"), **_end_options("empty_page")}

    def _next(self, state, answer, records):
        if not records:
            return None
        value = jmespath.search(self._given["record_field"], records[-1])
        if value is None or value == "" or isinstance(value, (dict, list, bool)):
            raise self._no_cursor(answer, self._given["record_field"])
        return {"cursor": value}


def on_home(home: str, current: str, reference: str, place: str) -> str:
    """Absolute address of what an answer names, if it is on the connector's own host.

    :param current: the address that was answered
    :param place: where the reference was found, for the message
    :raises ProtocolError: it leads to another host (``foreign_page``) or nowhere (``no_cursor``)
    """
    try:
        url = address.as_secure_as(home, address.resolve(current, reference))
        same = address.origin(url) == address.origin(home)
    except Rejected as error:
        raise ProtocolError("no_cursor", host=address.host_of(current), place=place) from error
    if not same:
        raise ProtocolError("foreign_page", host=address.host_of(current), target=address.host_of(url))
    return address.without_parameters(url, REDACTED)


class _ByAddress(Paginator):
    """What the ways with a next address have in common: it must stay on the host of the connector."""

    def start(self):
        return {"url": None}

    def _next(self, state, answer, records):
        reference = self._reference(answer)
        return {"url": self._absolute(reference, answer)} if reference else None

    def _reference(self, answer) -> str | None:
        raise NotImplementedError

    def _absolute(self, reference, answer):
        """:raises ProtocolError: it leads to another host (``foreign_page``) or nowhere (``no_cursor``)"""
        if not isinstance(reference, str):
            raise self._no_cursor(answer, self.label)
        return on_home(self.base_url or answer.url, answer.url, reference, self.label)


@paginator
class NextAddress(_ByAddress):
    """The answer holds the address of the next page: ``{"next": "https://.../users?page=3"}``, or a header does."""

    name = "next_url"
    label = _lt("Next address in the answer")
    options = {
        "next_path": Option(_lt("Path to the next address"), "path"),
        "next_header": Option(_lt("Header with the next address")),
        **_end_options("no_next"),
    }
    required = (("next_path", "next_header"),)

    def _reference(self, answer):
        return self._find("next_path" if self._given["next_path"] else "next_header", answer)


@paginator
class LinkHeader(_ByAddress):
    """A header holds the address of the next page: ``Link: <https://...?page=3>; rel="next"`` (RFC 8288)."""

    name = "link_header"
    label = _lt("Link header")
    options = _end_options("no_next")

    def _reference(self, answer):
        links = parse_header_links(answer.headers.get("Link", ""))
        return next((link["url"] for link in links if "next" in link.get("rel", "").lower().split()), None)


@paginator
class Stream(Paginator):
    """One answer has all records, and is too large for memory: it is read in parts, see ``stream.py``."""

    name = "stream"
    label = _lt("One large answer, read in parts")

    def start(self):
        return {"row": 0}
