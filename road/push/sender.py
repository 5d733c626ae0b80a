"""The requests about records, as one operation makes them."""

import copy

from ...mapping.errors import MappingError
from ...mapping.paths import parse_path
from ...remote import template
from ..words import SEND_CREATE
from . import answers
from .receipt import Receipt


class Words:
    """What the placeholders of a flow's operations stand for.

    :param BridgeFlow flow: read once; nothing here touches the database afterwards
    """

    def __init__(self, flow):
        self._remote_id = flow._remote_id()
        self._reference = parse_path(flow.reference_path) if flow.reference_path else None
        self._key_header = flow.connector_id.idempotency_header

    def variables(self, draft):
        """The values of the placeholders.

        :param Draft draft: what is sent
        :rtype: dict
        """
        bound, document, look = draft.bound, draft.document, draft.step.facts.look
        if draft.step.action == SEND_CREATE and self._reference and bound:
            document = copy.deepcopy(document)
            self._reference.write(document, bound.reference)
        version = look.version if look and look.version is not None else bound and bound.version
        return {
            "external_id": self._remote_id(bound.external_id) if bound and bound.external_id else None,
            "version": version,
            "record": document,
            "reference": bound and bound.reference,
        }

    def headers(self, draft):
        """Headers that only this request has: the key of a creation.

        :rtype: dict
        """
        if draft.step.action != SEND_CREATE or not self._key_header:
            return {}
        return {self._key_header: draft.bound.reference}


class Sender:
    """One operation, compiled, with how its answers are read.

    :param Operation operation: it
    :param Reading reading: of its answers
    :param Words words: what its placeholders stand for
    :param int bulk_size: records in a request; 0: each has a request of its own
    :param form: JSON: one record among many
    """

    def __init__(self, operation, reading, words, bulk_size, form):
        self.operation, self.reading, self.words = operation, reading, words
        self.bulk_size, self.form = bulk_size, form

    def tasks(self, drafts, about):
        """The requests about these records: one for each, or for many together.

        :param list[Draft] drafts: the records
        :param about: gives what names the record of a step in an exchange
        :rtype: list[Task]
        """
        if not self.bulk_size:
            return [Task(self._request(one, about), [one], self.reading) for one in drafts]
        tasks = []
        for start in range(0, len(drafts), self.bulk_size):
            some = drafts[start : start + self.bulk_size]
            records = [template.render(self.form, self.words.variables(one)) for one in some]
            request = self.operation.request({"records": records}, about=tuple(about(one.step) for one in some))
            tasks.append(BulkTask(request, some, self.reading))
        return tasks

    def _request(self, draft, about):
        words = self.words
        return self.operation.request(words.variables(draft), None, words.headers(draft), (about(draft.step),))


class Task:
    """One request about one record.

    :param Request request: what is sent
    :param list[Draft] drafts: the records that it is about: one
    :param Reading reading: how the answer is read
    """

    def __init__(self, request, drafts, reading):
        self.request = request
        self.drafts = drafts
        self.reading = reading

    def failure(self, answer, client):
        """The failure of the whole request, where an answer with a good status tells one.

        It touches no database, so that it may be called in a thread.

        :rtype: RemoteError | None
        """
        failure = self.reading.failure(answer.document, answer, client)
        return None if failure is None else self.reading.of_creation(failure, answer)

    def receipts(self, result, client):
        """What became of the records.

        :param tuple result: of the flight: (True, Answer), (False, RemoteError) or None
        :rtype: list[Receipt]
        """
        if result is None:
            return [Receipt(draft) for draft in self.drafts]
        is_answered, answer = result
        if not is_answered and self.reading.is_there_already(answer, self.request):
            return [Receipt(draft, sent=True, external_id=self.reading.chosen_id(draft)) for draft in self.drafts]
        if not is_answered:
            return [Receipt(draft, sent=answer.sent, error=answer) for draft in self.drafts]
        return self.said(answer, client)

    def said(self, answer, client):
        """What an answer says.

        :rtype: list[Receipt]
        """
        return [self.reading.note(draft, self.reading.found(answer), answer, client) for draft in self.drafts]


class BulkTask(Task):
    """One request about many records, whose answer has a result for each.

    They are expected in the order in which the records were sent. Where ids, references or keys in them show that they
    came in another one, those decide; and a result of which it can not be known to which record it belongs is none.
    """

    def failure(self, answer, client):
        results = self.reading.found(answer)
        return None if isinstance(results, list) else self.reading.told(answer.document, answer, client)

    def said(self, answer, client):
        reading, results = self.reading, self.reading.found(answer)
        if not isinstance(results, list) or len(results) != len(self.drafts):
            error = reading.unreadable(answer, client)
            return [Receipt(draft, sent=True, error=error) for draft in self.drafts]
        places = answers.in_order(
            [reading.marks_of_draft(draft) for draft in self.drafts],
            [reading.marks_of_result(result) for result in results],
        )
        return [
            Receipt(draft, sent=True, error=reading.unassignable(answer, client))
            if place is None
            else self._read_one(draft, results[place], answer, client)
            for draft, place in zip(self.drafts, places, strict=True)
        ]

    def _read_one(self, draft, result, answer, client):
        try:
            found = self.reading.record_in(result)
        except MappingError:
            return Receipt(draft, sent=True, error=self.reading.unreadable(answer, client))
        failure = self.reading.failure(result, answer, client)
        if failure is not None:
            return Receipt(draft, sent=True, error=failure)
        return self.reading.note(draft, found, answer, client)
