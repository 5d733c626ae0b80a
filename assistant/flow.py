"""From a proposal to what a definition says (``definition/schema.json``)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from ..remote.operation import WALK
from ..remote.redaction import is_sensitive, literal_secret, secret_in_url
from ..remote.template import TemplateError, placeholders
from .proposal import Collection, Paging, Proposal, Reason, Since

SENDS = ("create", "update", "delete")
GETS = ("get",)


def flow_values(collection: Collection, direction: str = "pull") -> dict:
    """What a definition says of the flow of a list, but for its names, its model and its fields."""
    proposal, paging = collection.proposal, collection.proposal.paging
    record = {"id": proposal.id.path, "updated": proposal.updated.path, "deleted": proposal.deleted.path}
    kinds = (*GETS, *(SENDS if direction != "pull" else ()))
    others = [
        {"kind": kind, **_request(collection.operations[kind])} for kind in kinds if kind in collection.operations
    ]
    return {
        "direction": direction,
        "page_size": paging.page_size,
        "record": {place: path for place, path in record.items() if path},
        "operations": [_list(collection), *others],
    }


def _request(about):
    return {name: value for name, value in about.items() if value is not None}


def _list(collection):
    proposal = collection.proposal
    fixed, _needs = said_and_asked(collection)
    query = query_of(fixed, proposal.paging, proposal.since)
    since = proposal.since
    return {
        "kind": "list",
        "method": "GET",
        "path": collection.path,
        **({"query": query} if query else {}),
        **({"headers": {since.name: "{since}"}} if since and since.place == "header" else {}),
        "records": proposal.records.path,
        "pagination": {"type": proposal.paging.kind, **proposal.paging.options},
        **({"delta": delta_of(since, proposal.updated_format)} if since else {}),
    }


def said_and_asked(collection: Collection) -> tuple[dict, tuple]:
    """The parameters that are sent with a value of the document, and those that only a person knows.

    What looks like a credential, or like a placeholder, is never taken over from a document.
    """
    said, asked = {}, list(collection.needs)
    for name, value in collection.fixed.items():
        if is_sensitive(name) or literal_secret(value) or not _is_plain(value) or not _is_plain(name):
            asked.append(name)
        else:
            said[name] = value
    return said, tuple(asked)


def _is_plain(value):
    try:
        return not placeholders(value)
    except TemplateError:
        return False


def query_of(own: dict, paging: Paging, since: Since | None) -> dict:
    """The parameters of a list.

    :param dict own: those that it has anyway; what walked it before is left out of them
    """
    kept = {name: value for name, value in own.items() if not _walks(value)}
    return {**kept, **paging.query, **({since.name: "{since}"} if since and since.place == "query" else {})}


def _walks(value):
    try:
        return bool(placeholders(value) & WALK)
    except TemplateError:
        return False


def delta_of(since: Since, updated_format: str) -> dict:
    """How only changes are asked for."""
    sent = {"sent_format": since.format} if since.format else {}
    return {"type": "timestamp", "format": updated_format, "source": "record", **sent}


def auth_options(options: dict, address: str) -> dict:
    """The options of a way to sign in, with whole addresses; one that can not be called is left out, and one over plain
    HTTP, unless all of the system is.

    :param str address: what a relative one is relative to
    """
    found = {}
    for name, value in options.items():
        whole = _whole(address, value) if name.endswith("_url") else value
        if whole:
            found[name] = whole
    return found


def _whole(address, value):
    try:
        url = urljoin(address, value)
        parts = urlsplit(url)
    except ValueError:
        return None
    schemes = ("http", "https") if address.startswith("http:") else ("https",)
    is_address = parts.scheme in schemes and parts.hostname and "@" not in parts.netloc
    return url if is_address and not secret_in_url(url) else None


def reasons_of(proposal: Proposal) -> list[tuple[str, str, Reason]]:
    """What is proposed in the order in which a person reads it: what it is about, the value, and why."""
    since, paging = proposal.since, proposal.paging
    return [
        ("records", proposal.records.path, proposal.records.reason),
        ("id", proposal.id.path, proposal.id.reason),
        ("updated", proposal.updated.path, proposal.updated.reason),
        ("deleted", proposal.deleted.path, proposal.deleted.reason),
        ("pagination", paging.kind, paging.reason),
        *([("since", since.name, since.reason)] if since else []),
    ]
