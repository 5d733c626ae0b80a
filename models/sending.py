"""Requests that are sent, and what their answers say about the records in them."""

from ..mapping.converters import external_id
from ..mapping.errors import MappingError
from ..remote.errors import ProtocolError
from ..remote.status import status_error


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

    def settle(self, answer, client):
        """Note what the answer says about the record."""
        for item in self.items:
            self.reading.note(item, self.reading.found(answer), answer, client)


class BulkTask(Task):
    """One request about many records, whose answer has a result for each, in the same order."""

    def settle(self, answer, client):
        results = self.reading.found(answer)
        if not isinstance(results, list) or len(results) != len(self.items):
            error = self.reading.unreadable(answer, client)
            for item in self.items:
                item.sent, item.error = True, error
            return
        for item, result in zip(self.items, results, strict=True):
            self._settle_one(item, result, answer, client)

    def _settle_one(self, item, result, answer, client):
        reading = self.reading
        try:
            status = _status(reading.item_status.read(result)) if reading.item_status else None
            problem = reading.item_error.read(result) if reading.item_error else None
            found = reading.item_record.read(result) if reading.item_record else result
        except MappingError:
            item.sent, item.error = True, reading.unreadable(answer, client)
            return
        if (status is not None and status >= 400) or (status is None and problem):
            item.sent = True
            item.error = status_error(status or 422, {}, host=reading.host, remote=_words(problem))
            return
        reading.note(item, found, answer, client)


class Reading:
    """How the answers of one operation are read.

    :param str kind: of the operation
    :param Mapper mapper: of the flow
    :param place: where the record (or the list of results) is in the answer
    :param str shown: the same as text
    :param str version_header: the header with the record's version, where it is in one
    :param dict items: ``status``, ``record``, ``error``: where they are in the result of one record, or None
    """

    def __init__(self, kind, mapper, place, shown, host, items, version_header=None):
        self.kind, self.mapper, self.place, self.shown, self.host = kind, mapper, place, shown, host
        self.version_header = version_header
        self.item_status, self.item_record, self.item_error = (items[name] for name in ("status", "record", "error"))

    def found(self, answer):
        """What stands in the answer at the place of the record, or of the results; None if nothing does."""
        try:
            return self.place.read(answer.document)
        except MappingError:  # such as max_by() over a text
            return None

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
        return ProtocolError(
            "no_records", place=self.shown, status=answer.status, excerpt=client.excerpt(answer.raw), host=self.host
        )


def _status(value):
    """The HTTP status of one result, which SCIM and JSON:API write as text; None if there is none."""
    if isinstance(value, str) and value[:3].isdecimal():
        value = int(value[:3])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _words(problem):
    return problem if isinstance(problem, str) else str(problem)[:500] if problem else ""
