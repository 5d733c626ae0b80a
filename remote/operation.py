"""Operations: what is asked of the other system, and where the answers have it."""

from __future__ import annotations

from dataclasses import dataclass

from requests.structures import CaseInsensitiveDict

from . import template
from .client import Request
from .delta import Delta, remote_clock
from .errors import ProtocolError, RemoteError
from .exchange import Answer
from .pagination import Paginator
from .walk import Page

WRITES = ("create", "update", "delete", "archive", "restore")
WALK = {"cursor", "page", "offset", "limit"}
ITEM_PLACES = ("status", "record", "error")
WHOLE = '"{record}"'  # the body of a request that says nothing else


@dataclass(frozen=True)
class Operation:
    """One operation, compiled. It has no recordset and touches no database, so a thread may use it.

    :ivar str path: behind the base address; it, the query, the headers and the body may have placeholders
    :ivar place: reads the list of records (or the record) from an answer; has ``read(document)``
    :ivar str shown: the same place, as a person wrote it
    :ivar remote_id: from a remote id to what is sent for it
    :ivar str version_header: the header with the version of one record; empty for none
    :ivar Paginator paginator: how a list is walked; None for an operation that has no list
    :ivar Delta delta: how only changes are asked for; None where they are not
    """

    method: str
    path: str
    query: dict
    headers: dict
    body: object
    body_format: str
    place: object
    shown: str
    remote_id: object = str
    version_header: str = ""
    paginator: Paginator | None = None
    delta: Delta | None = None

    def request(self, variables, url=None, more_headers=(), about=None):
        """The request for values of the placeholders.

        A placeholder that is None leaves its entry out.

        :param dict variables: name to value
        :param str url: the next address, as the remote gave it; it replaces path and query
        :param more_headers: further headers
        :param about: what the exchange is kept with
        :rtype: Request
        """
        return Request(
            method=self.method,
            url=url or template.render_path(self.path, variables),
            query={} if url else template.render(self.query, variables),
            headers={**template.render(self.headers, variables), **dict(more_headers)},
            body=template.render(self.body, variables),
            body_format=self.body_format,
            about=about,
        )

    def page(self, client, exchanges, state, since=None):
        """Read one page of the list.

        :param Client client: with ``exchanges`` as its list of exchanges, which go to the page
        :param dict state: of the paginator
        :param since: the value of ``{since}``
        :rtype: Page
        :raises RemoteError: if it can not be had
        """
        variables = {**self.paginator.variables(state), "since": since}
        request = self.request(variables, self.paginator.url(state))
        try:
            answer = client.send(request)
        except RemoteError as error:
            if not self.paginator.is_end(state, error.status):
                raise
            nothing = Answer(error.status, CaseInsensitiveDict(), None, request.url, 0, 0, b"")
            return Page([], nothing, remote_clock(nothing), None, _taken(exchanges))
        try:
            records = self._records(client, answer)
            after = self.paginator.advance(state, answer, records)
        except ProtocolError as error:
            for exchange in exchanges[-1:]:  # the answer that is to blame is kept with what is wrong with it
                exchange.error = error.message
            raise
        return Page(records, answer, remote_clock(answer), after, _taken(exchanges))

    def find(self, client, sought, is_sought, about=None):
        """Look records up: the first page that has any of them.

        :param dict sought: values of the placeholders
        :param is_sought: tells whether a document is the record; None: nothing is asked
        :rtype: list[dict]
        :raises RemoteError: if the remote does not say
        """
        found, state = [], self.paginator.start()
        while is_sought is not None and state is not None and not found:
            variables = {**self.paginator.variables(state), **sought}
            answer = client.send(self.request(variables, self.paginator.url(state), about=about))
            records = self._records(client, answer)
            found += [record for record in records if isinstance(record, dict) and is_sought(record)]
            state = self.paginator.advance(state, answer, records)
        return found

    def get(self, client, external_id, about=None):
        """One record by its remote id, and its version where that is in a header.

        :rtype: tuple[dict, str | None]
        :raises RemoteError: if it can not be had
        """
        answer = client.send(self.request({"external_id": self.remote_id(external_id)}, about=about))
        document = self.place.read(answer.document)
        if isinstance(document, list) and len(document) == 1:
            document = document[0]
        if not isinstance(document, dict):
            raise self._no_records(client, answer)
        return document, answer.headers.get(self.version_header)

    def _records(self, client, answer):
        records = self.place.read(answer.document)
        if not isinstance(records, list):
            raise self._no_records(client, answer)
        return records

    def _no_records(self, client, answer):
        return ProtocolError("no_records", place=self.shown, status=answer.status, excerpt=client.excerpt(answer.raw))


def _taken(exchanges):
    """Those that are there now; others may come at this moment."""
    return [exchanges.pop(0) for _ in range(len(exchanges))]


def as_number(external_id):
    """A remote id as it is sent where ids are numbers."""
    return int(external_id) if external_id.isdigit() else external_id
