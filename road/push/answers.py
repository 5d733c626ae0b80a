"""What answers say about the records that were sent."""

import collections
import re
from urllib.parse import unquote

from ...database import text
from ...mapping import merge
from ...mapping.converters import external_id
from ...mapping.errors import MappingError
from ...mapping.paths import MISSING
from ...mapping.references import comparable
from ...remote import template
from ...remote.errors import ProtocolError
from ...remote.status import status_error
from ...remote.told import meaning, told_error, told_failure, words
from .receipt import Receipt

_ODATA_KEY = re.compile(r"\((?:guid)?'?([^()']+)'?\)$")


class Reading:
    """How the answers of one operation are read.

    :param str kind: of the operation
    :param Mapper mapper: of the flow
    :param place: where the record (or the list of results) is in the answer
    :param str shown: the same as text
    :param str host: of the other system
    :param dict items: ``status``, ``record``, ``error``: where they are in the result of one record, or None
    :param reference: where the record has the reference that we gave it, or None
    :param str version_header: the header with the record's version, where it is in one
    :param str id_header: the header whose address ends with the id of a new record, where it is in one
    :param str new_id: the id of a new record, with ``{reference}``, where we choose it; else empty
    """

    def __init__(
        self,
        kind,
        mapper,
        place,
        shown,
        host,
        items,
        reference=None,
        version_header=None,
        id_header=None,
        new_id="",
    ):
        self.kind, self.mapper, self.place, self.shown, self.host = kind, mapper, place, shown, host
        self.reference, self.version_header, self.id_header = reference, version_header, id_header
        self.new_id = new_id
        self.item_status, self.item_record, self.item_error = (items[name] for name in ("status", "record", "error"))
        self.keys = [rule for rule in mapper.rules if rule.key and rule.path is not None]

    def found(self, answer):
        """What stands in the answer at the place of the record, or of the results; None if nothing does."""
        try:
            return self.place.read(answer.document)
        except MappingError:  # such as max_by() over a text
            return None

    def record_in(self, result):
        """The record, or its id, in the result of one record of many.

        :raises MappingError: if the operation's expression can not be applied
        """
        return self.item_record.read(result) if self.item_record else result

    # --- Has it failed?

    def failure(self, document, answer, client):
        """The failure that the result of one record tells, or the answer to a request about one.

        Where the operation says where a status or an error stands, only that counts.

        :rtype: RemoteError | None
        """
        if not (self.item_status or self.item_error):
            return self.told(document, answer, client)
        try:
            status = _status(self.item_status.read(document)) if self.item_status else None
            problem = self.item_error.read(document) if self.item_error else None
        except MappingError:
            return self.unreadable(answer, client)
        if status is not None:
            remote = self._shown_words(words(problem), client)
            if status < 400:
                return None
            return status_error(status, answer.headers, host=self.host, remote=remote, item=True)
        return self._told(meaning(problem), words(problem) or str(problem), answer, client) if problem else None

    def told(self, document, answer, client):
        """The failure that a body tells in one of the usual ways; see ``remote/told.py``.

        :rtype: RemoteError | None
        """
        told = told_failure(answer.telling if document is answer.document else document)
        return None if told is None else self._told(*told, answer, client)

    def _told(self, status, remote, answer, client):
        return told_error(status, self._shown_words(remote, client), answer.headers, self.host)

    def _shown_words(self, remote, client):
        return client.excerpt(remote.encode("utf-8", "replace")) if remote else ""

    def of_creation(self, failure, answer):
        """A creation that tells an error, and an id: was it made?

        :return: None if it was: its id stands where the operation says; a ``protocol`` error if it is not known
        """
        if self.kind != "create" or self.item_status or self.item_error or failure.kind != "rejected":
            return failure
        try:
            found = self.found(answer)
            self.mapper.external_id(found) if isinstance(found, dict) else external_id(found)
        except MappingError:
            return failure
        if self.shown.strip() != "@":
            return None
        if isinstance(found, dict) and "jsonrpc" in found:
            return failure  # the id is that of the request
        return ProtocolError("told", "doubtful", status=answer.status, **_only(failure.values, "host", "remote"))

    # --- To whom does it belong?

    def marks_of_draft(self, draft):
        """What tells a record that was sent from the others: kind of mark to value.

        :rtype: dict
        """
        keys, bound = _keys(self.keys, draft.document, is_sent=True), draft.bound
        marks = {"id": bound and bound.external_id, "reference": bound and bound.reference, "keys": keys}
        return {name: value for name, value in marks.items() if value is not None}

    def marks_of_result(self, result):
        """The same of a result, as far as it says so.

        :rtype: dict
        """
        try:
            found = self.record_in(result)
        except MappingError:
            return {}
        if not isinstance(found, dict):
            return {}
        marks = {"keys": _keys(self.keys, found)}
        if self.reference:
            reference = self.reference.read(found)
            marks["reference"] = reference if isinstance(reference, str) else None
        try:
            marks["id"] = self.mapper.external_id(found)
        except MappingError:
            marks["id"] = None
        return {name: value for name, value in marks.items() if value is not None}

    # --- What does it say?

    def note(self, draft, found, answer, client):
        """What the remote says of a record that was sent.

        :rtype: Receipt
        """
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        receipt = Receipt(draft, sent=True, answer=found if isinstance(found, dict) else None)
        if self.version_header:
            receipt = receipt._replace(version=answer.headers.get(self.version_header))
        if self.kind != "create":
            return receipt
        named = last_part(answer.headers.get(self.id_header)) if self.id_header else None
        if self.new_id:
            named = self.chosen_id(draft)
        try:
            created = self.mapper.external_id(found) if isinstance(found, dict) else external_id(found)
        except MappingError:
            if not named:
                return receipt._replace(error=self.unreadable(answer, client))
            return receipt._replace(external_id=named, answer=None)  # what the body says is no record with an id
        if named and named != created:
            return receipt._replace(error=self._protocol_error("two_ids", answer, client, header=named, body=created))
        return receipt._replace(external_id=created)

    def chosen_id(self, draft):
        """The id that we have chosen for a new record."""
        return template.render(self.new_id, {"reference": draft.bound.reference})

    def is_there_already(self, error, request):
        """Does a refusal say that a new record is there at the address that we have chosen, so that we have made it?"""
        is_only_new = any(name.lower() == "if-none-match" for name in request.headers)
        return bool(self.new_id) and self.kind == "create" and error.status == 412 and is_only_new

    def unreadable(self, answer, client):
        """The error for an answer in which nothing is where the operation says."""
        return self._protocol_error("no_records", answer, client)

    def unassignable(self, answer, client):
        """The error for results of which it can not be known to which record they belong."""
        return self._protocol_error("other_order", answer, client)

    def _protocol_error(self, reason, answer, client, **values):
        return ProtocolError(
            reason, place=self.shown, status=answer.status, excerpt=client.excerpt(answer.raw), host=self.host, **values
        )


def last_part(header):
    """The id with which an address ends: ``/customers/4711``, or ``/accounts(4711)`` as OData writes it.

    :param str header: an address, absolute or not; or the id itself
    :return: None if there is none
    """
    path = (header or "").strip().split("#", 1)[0].split("?", 1)[0].rstrip("/")
    last = unquote(path.rpartition("/")[2])
    keyed = _ODATA_KEY.search(last)
    return (keyed[1] if keyed else last) or None


def snapshots(push, receipt, names, terms=None):
    """The snapshots of the fields that were sent: Odoo's value, and what the remote has made of it.

    :param dict terms: what was sent, where that may be older than what Odoo has now
    :rtype: tuple[dict, dict]
    """
    terms = receipt.step.facts.terms if terms is None else terms
    odoo = {name: terms[name] for name in names if name in terms}
    remote = dict(odoo)
    if receipt.answer:
        remote |= terms_of(push, push.flow, push.mapper.map(receipt.answer), odoo)
    keys = (merge.key_name(name) for name in names)
    return {**odoo, **{key: terms[key] for key in keys if key in terms}}, remote


def terms_of(push, flow, mapped, sent):
    """What the remote has made of values that we have sent; relations are what we know them to be.

    :param Mapped mapped: the remote record, mapped
    :param sent: the fields that were sent
    :rtype: dict
    """
    model_fields = push.env[flow.model]._fields
    return {
        name: comparable(value)
        for name, value in mapped.values.items()
        if name in sent and not model_fields[name].relational
    }


def version_of(push, receipt):
    """The version of a record that was answered, as text."""
    if receipt.version is not None:  # of a header
        return text(receipt.version)
    return text(push.mapper.about(receipt.answer, "version")) if receipt.answer else None


def in_order(items, results):
    """Which result belongs to which record, by what both say of themselves; else by their order.

    The order counts only as long as nothing shows that it is another one. What is left over on both sides, once,
    belongs together.

    :param list[dict] items: of each record its marks: ``id``, ``reference``, ``keys``
    :param list[dict] results: of each result its marks
    :return: for each record the place of its result, or None if that can not be known
    :rtype: list[int | None]
    """
    claims = collections.defaultdict(list)  # place of a record to those of the results that say that they are its own
    silent = []
    for place, marks in enumerate(results):
        owners, is_named = _owners(items, marks)
        if len(owners) == 1:
            claims[owners[0]].append(place)
        elif owners or not is_named:
            silent.append(place)
    owned = {owner: places[0] for owner, places in claims.items() if len(places) == 1}
    if all(owner == place for owner, place in owned.items()) and not any(len(some) > 1 for some in claims.values()):
        owned |= {place: place for place in silent if place not in owned}
    taken = set(owned.values())
    left = [place for place in range(len(items)) if place not in owned]
    over = [place for place in range(len(results)) if place not in taken]
    if len(left) == len(over) == 1:
        owned[left[0]] = over[0]
    return [owned.get(place) for place in range(len(items))]


def _owners(items, marks):
    """The records that a result may belong to by its strongest mark, and whether it has one that they have, too."""
    for kind in ("id", "reference", "keys"):
        known = [place for place, item in enumerate(items) if kind in item]
        if kind in marks and known:
            return [place for place in known if items[place][kind] == marks[kind]], True
    return [], False


def _keys(rules, document, is_sent=False):
    """The values of the key fields in a document, as they are compared; None if it does not have all of them."""
    if not rules or not isinstance(document, dict):
        return None
    values = [(rule.target if is_sent else rule.path).read(document) for rule in rules]
    if any(value is MISSING or value in (None, "") for value in values):
        return None
    keys = tuple(rule.sought(value) for rule, value in zip(rules, values, strict=True))
    return None if None in keys else keys


def _status(value):
    """The HTTP status of one result, which SCIM and JSON:API write as text; None if there is none."""
    if isinstance(value, str) and value[:3].isdecimal():
        value = int(value[:3])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _only(values, *names):
    return {name: values[name] for name in names if name in values}
