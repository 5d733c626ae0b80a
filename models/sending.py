"""Requests that are sent, and what their answers say about the records in them."""

import collections

from ..mapping.converters import external_id
from ..mapping.errors import MappingError
from ..mapping.paths import MISSING
from ..remote.errors import ProtocolError
from ..remote.status import status_error
from ..remote.told import meaning, told_error, told_failure, words


class Task:
    """One request about one record.

    :param Request request: what is sent
    :param list[Outgoing] items: the records that it is about: one
    :param reading: how the answer is read: see ``Reading``
    """

    def __init__(self, request, items, reading):
        self.request = request
        self.items = items
        self.reading = reading

    def failure(self, answer, client):
        """The failure of the whole request, where an answer with a good status tells one.

        It touches no database, so that it may be called in a thread.

        :rtype: RemoteError | None
        """
        failure = self.reading.failure(answer.document, answer, client)
        return None if failure is None else self.reading.of_creation(failure, answer)

    def settle(self, answer, client):
        """Note what the answer says about the record."""
        for item in self.items:
            self.reading.note(item, self.reading.found(answer), answer, client)


class BulkTask(Task):
    """One request about many records, whose answer has a result for each.

    They are expected in the order in which the records were sent. Where ids, references or keys in them show that they
    came in another one, those decide; and a result of which it can not be known to which record it belongs is none.
    """

    def failure(self, answer, client):
        results = self.reading.found(answer)
        return None if isinstance(results, list) else self.reading.told(answer.document, answer, client)

    def settle(self, answer, client):
        results = self.reading.found(answer)
        if not isinstance(results, list) or len(results) != len(self.items):
            error = self.reading.unreadable(answer, client)
            for item in self.items:
                item.sent, item.error = True, error
            return
        owners = in_order(
            [self.reading.marks_of_item(item) for item in self.items],
            [self.reading.marks_of_result(result) for result in results],
        )
        for item, place in zip(self.items, owners, strict=True):
            if place is None:
                item.sent, item.error = True, self.reading.unassignable(answer, client)
            else:
                self._settle_one(item, results[place], answer, client)

    def _settle_one(self, item, result, answer, client):
        reading = self.reading
        try:
            found = reading.record_in(result)
        except MappingError:
            item.sent, item.error = True, reading.unreadable(answer, client)
            return
        failure = reading.failure(result, answer, client)
        if failure is not None:
            item.sent, item.error = True, failure
            return
        reading.note(item, found, answer, client)


class Reading:
    """How the answers of one operation are read.

    :param str kind: of the operation
    :param Mapper mapper: of the flow
    :param place: where the record (or the list of results) is in the answer
    :param str shown: the same as text
    :param reference: where the record has the reference that we gave it, or None
    :param str version_header: the header with the record's version, where it is in one
    :param dict items: ``status``, ``record``, ``error``: where they are in the result of one record, or None
    """

    def __init__(self, kind, mapper, place, shown, host, items, reference=None, version_header=None):
        self.kind, self.mapper, self.place, self.shown, self.host = kind, mapper, place, shown, host
        self.reference, self.version_header = reference, version_header
        self.item_status, self.item_record, self.item_error = (items[name] for name in ("status", "record", "error"))
        self.keys = [rule.path for rule in mapper.rules if rule.key and rule.path is not None]

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
            return status_error(status, answer.headers, host=self.host, remote=remote) if status >= 400 else None
        return self._told(meaning(problem), words(problem) or str(problem), answer, client) if problem else None

    def told(self, document, answer, client):
        """The failure that a body tells in one of the usual ways; see ``remote/told.py``.

        :rtype: RemoteError | None
        """
        told = told_failure(document)
        return None if told is None else self._told(*told, answer, client)

    def _told(self, status, remote, answer, client):
        return told_error(status, self._shown_words(remote, client), answer.headers, self.host)

    def _shown_words(self, remote, client):
        return client.excerpt(remote.encode("utf-8", "replace")) if remote else ""

    def of_creation(self, failure, answer):
        """A creation that tells an error, and an id: was it made?

        :return: None if it was: its id stands where the operation says; an error of kind ``protocol`` if nobody knows
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

    def marks_of_item(self, item):
        """What tells a record that was sent from the others: kind of mark to value."""
        keys = _keys(self.keys, item.document)
        marks = {"id": item.remote_id, "reference": item.binding and item.binding.reference, "keys": keys}
        return {name: value for name, value in marks.items() if value is not None}

    def marks_of_result(self, result):
        """The same of a result, as far as it says so."""
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

    def note(self, item, found, answer, client):
        """Note what the remote says of a record that was sent."""
        item.sent, item.error = True, None
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if isinstance(found, dict):
            item.answer = found
        if self.version_header:
            item.version = answer.headers.get(self.version_header)
        if self.kind != "create":
            return
        try:
            item.external_id = self.mapper.external_id(found) if isinstance(found, dict) else external_id(found)
        except MappingError:
            item.error = self.unreadable(answer, client)

    def unreadable(self, answer, client):
        """The error for an answer in which nothing is where the operation says."""
        return self._protocol_error("no_records", answer, client)

    def unassignable(self, answer, client):
        """The error for results of which it can not be known to which record they belong."""
        return self._protocol_error("other_order", answer, client)

    def _protocol_error(self, reason, answer, client):
        return ProtocolError(
            reason, place=self.shown, status=answer.status, excerpt=client.excerpt(answer.raw), host=self.host
        )


def in_order(items, results):
    """Which result belongs to which record, by what both say of themselves; else by their order.

    The order counts only as long as nothing shows that it is another one. A single one that is left over on both sides
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


def _keys(paths, document):
    """The values of the key fields in a document, as they are compared; None if it does not have all of them."""
    if not paths or not isinstance(document, dict):
        return None
    values = [path.read(document) for path in paths]
    if any(value is MISSING or value in (None, "") for value in values):
        return None
    return tuple(str(value).strip().casefold() for value in values)


def _status(value):
    """The HTTP status of one result, which SCIM and JSON:API write as text; None if there is none."""
    if isinstance(value, str) and value[:3].isdecimal():
        value = int(value[:3])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _only(values, *names):
    return {name: values[name] for name in names if name in values}
