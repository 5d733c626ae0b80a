"""Operations: what is asked of the other system, and where the answers have it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from requests.structures import CaseInsensitiveDict

from . import address, template
from .client import Request
from .delta import TOKEN, Delta, remote_clock
from .errors import ProtocolError, Rejected, RemoteError
from .exchange import Answer
from .formats import Form
from .nothing import says_nothing
from .pagination import Paginator, on_home
from .status import is_absent
from .told import told_error, told_failure
from .walk import Page

WRITES = ("create", "update", "delete", "archive", "restore")
READS = ("list", "get", "find")
READ_OPTIONS = ("missing_is_empty", "partial_is_accepted")  # of operations that read
FORMATS = ("body_format", "answer_format")
FORMAT_OPTIONS = ("body_options", "answer_options")  # of these formats
WALK = {"cursor", "page", "offset", "limit"}
ITEM_PLACES = ("status", "record", "error")
ENVELOPE = object()  # an answer that is no record, whatever it says
NOTHING_NEW = 304  # the answer to a list of what has changed since
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
    :ivar identify: gives the Identity of a record that was got (``external_id``, ``deleted``); None: it is believed
    :ivar bool missing_is_empty: may an answer say that there is nothing by having nothing at the place
    :ivar bool partial_is_accepted: do records count although the answer tells a failure beside them
    :ivar tuple[Part] parts: of one record that are read at addresses of their own
    :ivar Form reads: the format of the answers; None: as each answer says
    :ivar dict body_options: of the format of the body
    :ivar tuple unsent: places of what is not sent back in a whole record; each has ``drop(document)``
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
    identify: object = None
    missing_is_empty: bool = False
    partial_is_accepted: bool = False
    unsent: tuple = ()
    parts: tuple = ()
    reads: Form | None = None
    body_options: dict = field(default_factory=dict)

    def request(self, variables, url=None, more_headers=(), about=None, spooled=False):
        """The request for values of the placeholders.

        A placeholder that is None leaves its entry out.

        :param dict variables: name to value
        :param str url: the next address, as the remote gave it; it replaces path and query
        :param more_headers: further headers
        :param about: what the exchange is kept with
        :param bool spooled: is the answer large, and read later
        :rtype: Request
        """
        return Request(
            method=self.method,
            url=url or template.render_path(self.path, variables),
            query={} if url else template.render(self.query, variables),
            headers={**template.render(self.headers, variables), **dict(more_headers)},
            body=template.render(self.body, variables),
            body_format=self.body_format,
            body_options=self.body_options,
            reads=self.reads,
            spooled=spooled,
            about=about,
        )

    def no_page(self):
        """The page of a list that nobody has to be asked for, because there is none."""
        nothing = Answer(200, CaseInsensitiveDict(), None, "", 0, 0, b"")
        return Page([], nothing, remote_clock(nothing), None, [])

    def page(self, client, exchanges, state, since=None, more=()):
        """Read one page of the list.

        :param Client client: with ``exchanges`` as its list of exchanges, which go to the page
        :param dict state: of the paginator
        :param since: the value of ``{since}``
        :param dict more: values of further placeholders
        :rtype: Page
        :raises RemoteError: if it can not be had
        """
        variables = {**self.paginator.variables(state), "since": since, **dict(more)}
        is_quiet = since is not None and state == self.paginator.start()
        url = self._address_of_changes(client, since) if is_quiet else self.paginator.url(state)
        request = self.request(variables, url)
        try:
            answer = client.send(request, (NOTHING_NEW,) if is_quiet else ())
        except RemoteError as error:
            if not self.paginator.is_end(state, error.status):
                if error.kind == "rejected" and self.paginator.is_too_deep(state, error.status):
                    raise _too_deep(error, state["seen"]) from error
                raise
            nothing = Answer(error.status, CaseInsensitiveDict(), None, request.url, 0, 0, b"")
            return Page([], nothing, remote_clock(nothing), None, _taken(exchanges))
        if answer.status == NOTHING_NEW:
            return Page([], answer, remote_clock(answer), None, _taken(exchanges))
        try:
            records = self.records(client, answer, state)
            if self.paginator.is_echo(state, records):
                return Page([], answer, remote_clock(answer), None, _taken(exchanges))
            came = self._came(answer, records)
            after = self.paginator.advance(state, answer, records, came)
            short = self.paginator.shortfall(state, answer, came) if after is None else None
        except RemoteError as error:
            for exchange in exchanges[-1:]:  # the answer that is to blame is kept with what is wrong with it
                exchange.error = error.message
            raise
        total = self.paginator.total(answer)
        return Page(records, answer, remote_clock(answer), after, _taken(exchanges), short=short, total=total)

    def some(self, client, exchanges, external_ids):
        """Records that are got one by one, as a page; those that are not there are missing in it.

        :param list[str] external_ids: their ids
        :rtype: Page
        :raises RemoteError: if one can not be had for another reason
        """
        documents = []
        for external_id in external_ids:
            try:
                documents.append(self.get(client, external_id)[0])
            except RemoteError as error:
                if not is_absent(error):
                    raise
        page = self.no_page()
        page.records, page.exchanges = documents, _taken(exchanges)
        return page

    def _address_of_changes(self, client, since):
        """The address of what has changed, where the token is one, as OData's; None: it goes into the request.

        :raises ProtocolError: ``foreign_page``: it is on another host than the connector's
        """
        is_token = self.delta is not None and self.delta.kind == TOKEN
        is_address = is_token and str(since).startswith(("http://", "https://"))
        if not is_address or "since" in template.placeholders([self.path, self.query, self.headers, self.body]):
            return None
        home = client.settings.base_url
        return on_home(home, home, since, self.delta.path)

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
            records = self.records(client, answer, state)
            found += [record for record in records if isinstance(record, dict) and is_sought(record)]
            state = self.paginator.advance(state, answer, records, self._came(answer, records))
        return found

    def get(self, client, external_id, about=None):
        """One record by its remote id, and its version where that is in a header.

        :rtype: tuple[dict, str | None]
        :raises RemoteError: if it can not be had; ``status.is_absent`` tells whether it is because it is gone
        """
        answer = client.send(self.request({"external_id": self.remote_id(external_id)}, about=about))
        document = self._found(client, answer)
        if isinstance(document, list) and len(document) == 1:
            document = document[0]
        if isinstance(document, dict) and "jsonrpc" in document:
            document = ENVELOPE  # its id is that of the request
        identity = self.identify(document) if self.identify and isinstance(document, dict) else None
        if isinstance(document, dict) and (identity is None or identity.external_id == external_id):
            if document is not answer.document:
                self.check_complete(client, answer)
            if identity is not None and identity.deleted:
                raise Rejected("gone", status=answer.status, host=address.host_of(answer.url))
            for part in self.parts:
                document = part.put_into(document, client, external_id, about)
            return document, answer.headers.get(self.version_header)
        self._check_told(client, answer)
        if self._is_nothing(answer, document):
            raise Rejected("gone", "nothing", status=answer.status, host=address.host_of(answer.url))
        if identity is not None:
            raise self._other_record(client, answer, external_id, identity.external_id)
        raise self.no_records(client, answer)

    def all_of(self, client, external_id, about=None):
        """All records of a list that belongs to one record.

        :param str external_id: of that record
        :rtype: list
        :raises RemoteError: if one page can not be had
        """
        records, state, sought = [], self.paginator.start(), {"external_id": self.remote_id(external_id)}
        while state is not None:
            variables = {**self.paginator.variables(state), **sought}
            try:
                answer = client.send(self.request(variables, self.paginator.url(state), about=about))
            except RemoteError as error:
                if self.paginator.is_end(state, error.status):
                    break
                raise
            some = self.records(client, answer, state)
            if self.paginator.is_echo(state, some):
                break
            records += some
            came = self._came(answer, some)
            after = self.paginator.advance(state, answer, some, came)
            if after is None and (short := self.paginator.shortfall(state, answer, came)):
                raise ProtocolError("part", "cut", host=address.host_of(answer.url), seen=short[0], total=short[1])
            state = after
        return records

    # --- What an answer says

    def _found(self, client, answer):
        """:raises ProtocolError: the expression can not be applied, such as ``sort_by`` to a text"""
        try:
            return self.place.read(answer.document)
        except ValueError as error:
            self._check_told(client, answer)
            if says_nothing(self.shown, answer.document):
                return None
            raise self.no_records(client, answer) from error

    def records(self, client, answer, state):
        """:raises RemoteError: it tells a failure, or has neither a list nor says that there is nothing"""
        records = self._found(client, answer)
        if isinstance(records, dict) and answer.form is not None and answer.form.one_is_many:
            records = [records]
        if isinstance(records, list):
            self.check_complete(client, answer)
            return records
        self._check_told(client, answer)
        if self._is_nothing(answer, records) or (
            records is None and state.get("seen") and self.paginator.says_end(state, answer)
        ):
            return []
        raise self.no_records(client, answer)

    def _came(self, answer, records):
        """The list as it came, of which *Records in the Answer* may take only some.

        :rtype: list
        """
        found = self.place.list_in(answer.document)
        return records if found is None else found

    def _is_nothing(self, answer, found):
        if found not in (None, []):
            return False
        return says_nothing(self.shown, answer.document) or self.missing_is_empty

    def check_complete(self, client, answer):
        """An answer that has records and tells a failure has not all of them, or not all of each."""
        if not self.partial_is_accepted:
            self._check_told(client, answer, "partial")

    def _check_told(self, client, answer, detail=""):
        """:raises RemoteError: the body tells a failure, so an expired session is never taken for an empty list"""
        told = told_failure(answer.telling, reading=True)
        if told is not None:
            status, remote = told
            remote = client.excerpt(remote.encode("utf-8", "replace"))
            raise told_error(status, remote, answer.headers, address.host_of(answer.url), detail)

    def no_records(self, client, answer):
        """What is wrong with an answer that has no list where the operation says.

        :rtype: ProtocolError
        """
        return ProtocolError("no_records", place=self.shown, status=answer.status, excerpt=client.excerpt(answer.raw))

    def _other_record(self, client, answer, asked, given):
        detail = "" if given else "no_id"
        values = {"host": address.host_of(answer.url), "asked": asked, "given": given}
        return ProtocolError("other_record", detail, status=answer.status, excerpt=client.excerpt(answer.raw), **values)


@dataclass(frozen=True)
class Part:
    """A list inside a record that the other system gives at an address of its own, such as the lines of an order.

    :ivar Path place: where it is put
    :ivar Operation operation: lists it, with ``{external_id}``
    """

    place: object
    operation: Operation

    def put_into(self, document, client, external_id, about=None):
        """The record with its list; a new document.

        :raises RemoteError: if the list can not be had; never one that says that the record is gone
        """
        document = copy.deepcopy(document)
        try:
            found = self.operation.all_of(client, external_id, about)
        except RemoteError as error:
            if is_absent(error):  # of the list; the record itself was there just now
                raise ProtocolError("part", problem=error.message) from error
            raise
        try:
            self.place.write(document, found)
        except ValueError as error:
            raise ProtocolError("part", "place", place=self.place.text) from error
        return document


def _taken(exchanges):
    """Those that are there now; others may come at this moment."""
    return [exchanges.pop(0) for _ in range(len(exchanges))]


def as_number(external_id):
    """A remote id as it is sent where ids are numbers."""
    return int(external_id) if external_id.isdigit() else external_id


def _too_deep(error, seen):
    """A refusal of a list in its midst, with what to do about it.

    :param int seen: how many records it has given
    """
    said = {name: error.values.get(name, "") for name in ("host", "remote")}
    return Rejected("too_deep", status=error.status, excerpt=error.excerpt, seen=seen, **said)
