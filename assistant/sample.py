"""What may be proposed from the first page of a list, and proven with its second one."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from ..mapping.paths import parse_expression
from ..remote.errors import RemoteError, _lt
from . import facts, names, paging, records
from .proposal import NOTHING, Choice, Proposal, Reason

MOST_RECORDS = 200  # of a sample that are looked at
MOST_TRIED = 12  # ways of paging
SMALL_PAGE = 5
_GENERIC = ("search", "list", "query", "all", "find", "index", "json", "searchread", "websearchread")

_PROVEN = _lt("Tried: the second page has other records than the first.")
_PROVEN_FROM_ZERO = _lt("Tried: the pages are counted from 0, and the second page has other records than the first.")
_OTHER_START = _lt(
    "Tried: its first page does not begin with the first record of the list, so whether it reads all is not proven."
)
_ENDED = _lt("Tried: the list ends with its first page, so whether more pages come is not proven.")
_REFUSED = _lt("Tried, and refused: %(problem)s")
_SAME = _lt("Tried: the second page has the same records as the first.")
_NONE_PROVEN = _lt(
    "None of the usual ways of paging gave other records. If the list has more records than these, look up in the"
    " documentation of the other system how the next page is asked for."
)
_NOT_TRIED = _lt("The list has no records now, so nothing could be tried.")


class Sample(NamedTuple):
    """The first page of a list.

    :ivar document: the answer, read
    :ivar dict headers: of the answer
    :ivar str path: that was asked for
    :ivar tuple parameters: names of what was sent, as (name, place)
    """

    document: object
    headers: dict = {}
    path: str = ""
    parameters: tuple = ()


def segment_of(path: str) -> str:
    """The part of an address that says what is listed: ``customers`` of ``/v2/customers.json``."""
    parts = [part for part in urlsplit(path).path.split("/") if part and not part.startswith("{")]
    parts = [part.partition(".json")[0] for part in parts]
    while len(parts) > 1 and names.plain(parts[-1]) in _GENERIC:
        parts.pop()
    return parts[-1].rpartition(".")[2] if parts else ""


def lists_in(document):
    """The path of each list of objects in an answer.

    :rtype: list[tuple]
    """
    if isinstance(document, list):
        return [()] if _is_of_objects(document) else []
    found, level = [], [((), document)] if isinstance(document, dict) else []
    for _depth in range(facts.DEEPEST_LOOK):
        deeper = []
        for path, value in level:
            for name, one in list(value.items())[: facts.MOST_FIELDS]:
                if isinstance(one, dict):
                    deeper.append(((*path, str(name)), one))
                elif isinstance(one, list) and _is_of_objects(one):
                    found.append((*path, str(name)))
        level = deeper
    return found


def _is_of_objects(value):
    return all(isinstance(one, dict) for one in value[:MOST_RECORDS])


def propose(sample: Sample) -> Proposal | None:
    """What the answer suggests.

    :return: None if no list of objects is in it
    """
    segment = segment_of(sample.path)
    chosen = records.choose_list(_with_records_first(sample.document), segment)
    if chosen is None:
        return None
    path, _why = chosen
    place = facts.jmespath_of(path)
    found = [one for one in parse_expression(place).read(sample.document) or () if isinstance(one, dict)]
    about = facts.of_records(found[:MOST_RECORDS]) if found else []
    evidence = paging.Evidence(
        [paging.Parameter(name, where) for name, where in sample.parameters],
        [fact for fact in facts.of_answer(sample.document) if fact.path[: len(path)] != path],
        dict(sample.headers),
        count=len(found),
    )
    proposal = proposal_of(chosen, segment, about, evidence)
    return proposal if found else proposal._replace(id=Choice("", NOTHING))


def proposal_of(chosen, segment, about, evidence):
    """All that is proposed about a list, of an answer or of a document.

    :param chosen: where the records are, and why, see ``records.choose_list``
    :param str segment: see ``segment_of``
    :param list[Fact] about: of the fields of a record
    :param Evidence evidence: of its pages; it is told where a record has its id
    :rtype: Proposal
    """
    path, why = chosen
    owner = _owner(path, segment)
    record_id, (updated, form) = records.choose_id(about, owner), records.choose_updated(about)
    evidence.id_path = record_id.path
    return Proposal(
        Choice(facts.jmespath_of(path), why),
        record_id,
        updated,
        form,
        records.choose_deleted(about, owner),
        paging.propose(evidence),
        paging.propose_since(evidence.parameters, form),
    )


def _with_records_first(document):
    """Lists that have records; those that are empty only if there is no other one."""
    lists = lists_in(document)
    full = [path for path in lists if not path or parse_expression(facts.jmespath_of(path)).read(document)]
    return full or lists


def _owner(path, segment):
    """What the records are called: as their list, if that says more than “data”."""
    name = path[-1] if path else segment
    return segment if names.plain(name) in names.LISTS else name


# --- Proven by the second page


def prove(pagings, fetch, id_path, listed=()):
    """Try ways of paging until one gives other records with its second page.

    :param pagings: the likeliest first
    :param fetch: called with a way, gives the records of its first and of its second page; that is None if the list
        ended with the first one. Raises RemoteError
    :param str id_path: of a record; empty: whole records are compared
    :param list listed: the records of the list as it was asked for before. A way has to begin with the first of them:
        where pages are counted from 0, pages 1 and 2 differ too, and page 0 would never be read
    :return: the way, and what came of it
    :rtype: tuple[Paging, Reason]
    """
    read = parse_expression(id_path or "@").read
    known = [str(read(one)) for one in listed if isinstance(one, dict)][:1]
    ended = problem = None
    for way in pagings[:MOST_TRIED]:
        if way.kind == "none":
            continue
        try:
            way, (first, second) = _begun(way, fetch, known, read)
        except RemoteError as error:
            problem = problem or (way, Reason(_REFUSED, {"problem": error}))
            continue
        if not _begins(first, known, read):
            problem = problem or (way, Reason(_OTHER_START))
            continue
        if not first:
            return way, Reason(_NOT_TRIED)
        if second is None or not second:
            # A parameter that is not known is ignored: then all came, however few were asked for.
            was_heeded = way.is_sure or len(first) <= SMALL_PAGE
            ended = ended or ((way, Reason(_ENDED)) if was_heeded and way.is_sure else None)
        elif not {str(read(one)) for one in first} & {str(read(one)) for one in second}:
            is_from_zero = way.kind == "page" and way.options.get("first_page") == 0
            return way._replace(is_sure=True), Reason(_PROVEN_FROM_ZERO if is_from_zero else _PROVEN)
        else:
            problem = problem or (way, Reason(_SAME))
    if ended:
        return ended
    if problem and problem[0].is_sure:
        way, why = problem
        return way._replace(is_sure=False), why  # it was tried, and did not do
    last = next((way for way in pagings if way.kind == "none"), None)
    return last or paging.one_page(Reason(_NONE_PROVEN)), Reason(_NONE_PROVEN)


def _begun(way, fetch, known, read):
    """The way, with page 0 as its first one if only that begins as the list does, and its first two pages."""
    pages = fetch(way)
    if way.kind != "page" or "first_page" in way.options or _begins(pages[0], known, read):
        return way, pages
    from_zero = way._replace(options={**way.options, "first_page": 0})
    try:
        begun = fetch(from_zero)
    except RemoteError:  # there is no page 0
        return way, pages
    return (from_zero, begun) if _begins(begun[0], known, read) else (way, pages)


def _begins(records, known, read):
    """Is the first of the records the one that is known? Nothing is known of a list that had none."""
    return not known or (bool(records) and str(read(records[0])) == known[0])
