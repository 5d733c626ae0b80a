"""Pages out of one answer that is too large for memory: it is kept on disk, and its records are read one by one.

An answer that is small is read as any other, so that whatever it tells is understood in the same way; so is what is
answered in place of a list. Of a large one, what it tells beside its records is looked at when it comes.
"""

from __future__ import annotations

import dataclasses
import itertools
import threading
import uuid

import cachetools

from .delta import remote_clock
from .document import is_too_deep
from .errors import ProtocolError, RemoteError
from .formats.answer import form_of_answer
from .formats.aside import Aside
from .formats.packed import open_packed
from .operation import NOTHING_NEW
from .pagination import digest
from .told import told_failure
from .walk import Page

SMALL = 1024 * 1024  # bytes that are read as a whole
# A run is interrupted every few seconds, and mostly goes on in the same process: then nothing is fetched anew.
_FETCHED = cachetools.TTLCache(maxsize=4, ttl=3600)
_FETCHED_LOCK = threading.Lock()


def reader(operation, client, exchanges, since=None):
    """What reads the pages of a list.

    :return: a function of a paginator's state, which gives a ``Page``
    """
    if operation.paginator.name == "stream":
        return Stream(operation, client, exchanges, since).page
    return lambda state: operation.page(client, exchanges, state, since)


class Stream:
    """Reads the list of an operation whose paginator is ``stream``.

    :param Operation operation: it
    :param Client client: with ``exchanges`` as its list of exchanges
    :param since: the value of ``{since}``
    """

    def __init__(self, operation, client, exchanges, since=None):
        self._operation, self._client, self._exchanges, self._since = operation, client, exchanges, since
        self._answer = self._records = self._key = None
        self._row = 0
        self._told = {}

    def page(self, state):
        """The next records behind a position.

        :param dict state: of the paginator: ``row``, how many records come before; ``mark``, the digest of the last of
            them; ``key``, the fetched answer
        :rtype: Page
        :raises RemoteError: if it can not be had
        """
        size = self._operation.paginator.page_size
        try:
            if self._records is None or self._row != state["row"]:
                self._begin(state)
            records = self._take(size)
        except RemoteError as error:
            self._blame(error)
            raise
        after = {"row": self._row, "mark": digest(records[-1]), "key": self._key} if len(records) == size else None
        if after is None:
            self._forget()
        taken = [self._exchanges.pop(0) for _ in range(len(self._exchanges))]
        return Page(records, self._answer, remote_clock(self._answer), after, taken)

    def _blame(self, error):
        """An answer that is of no use is fetched anew; it is kept with what is wrong with it."""
        self._records = None
        self._forget()
        if self._answer is None:
            return
        error.status, error.excerpt = self._answer.status, self._client.excerpt(self._answer.raw)
        for exchange in self._exchanges[-1:]:
            exchange.error = error.message

    def _forget(self):
        with _FETCHED_LOCK:
            _FETCHED.pop(self._key, None)

    # --- Where it begins

    def _begin(self, state):
        """Fetch the answer, or take the one that was fetched, and go to the row.

        An answer that was fetched anew may have another order: if another record stands before the row than did, all
        is read once more from its beginning, which costs little, because what did not change is only counted.
        """
        with _FETCHED_LOCK:
            self._key, self._answer = state.get("key"), _FETCHED.get(state.get("key"))
        if self._answer is None:
            self._key, self._answer = uuid.uuid4().hex, self._fetch()
            with _FETCHED_LOCK:
                _FETCHED[self._key] = self._answer
        self._restart()
        if state["row"]:
            before = self._take(1, skipped=state["row"] - 1)
            if not before or digest(before[0]) != state["mark"]:
                self._restart()

    def _restart(self):
        self._row, self._told = 0, {}
        self._records = iter(self._open())  # which may be told something before the first record

    def _fetch(self):
        operation, since = self._operation, self._since
        request = operation.request({**operation.paginator.variables({}), "since": since}, spooled=True)
        return self._client.send(request, (NOTHING_NEW,) if since is not None else ())

    # --- What it has

    def _take(self, number, skipped=0):
        """The next records, behind some that are skipped.

        :raises RemoteError: the answer tells a failure beside them, or is broken
        """
        try:
            taken = list(itertools.islice(self._records, skipped, skipped + number))
        except UnicodeDecodeError as error:
            raise ProtocolError("charset", host=self._answer.host, charset=error.encoding) from error
        self._row += skipped + len(taken)
        if self._told:
            self._operation.check_complete(self._client, self._as_told())
        if any(map(is_too_deep, taken)):
            raise ProtocolError("not_json", host=self._answer.host, problem="nested too deeply")
        return [self._client.cleaned(one) for one in taken]

    def _as_told(self):
        return dataclasses.replace(self._answer, document=self._client.cleaned(self._told), form=None)

    def _open(self):
        """All records of the answer."""
        answer, operation = self._answer, self._operation
        if answer.status == NOTHING_NEW:
            return []
        asked, content_type = operation.request({}).form, answer.headers.get("Content-Type", "")
        file, member = self._file(asked)
        start = file.read(SMALL + 1) if file else b""
        form = answer.form = form_of_answer(answer.headers, answer.url, asked, member)
        if len(start) <= SMALL:
            answer.document = form.document(start, content_type, answer.host, answer.status == 200)
            return operation.records(self._client, answer, {})
        if not form.streams:
            raise ProtocolError("no_stream", host=answer.host, format=form.name)
        records = self._only_records(form.stream(self._file(asked)[0], content_type, answer.host, operation.shown))
        first = list(itertools.islice(records, 1))
        if not first:  # so large an answer, and no record in it: it may say why
            operation.records(self._client, self._as_told(), {})
            raise operation.no_records(self._client, answer)
        return itertools.chain(first, records)

    def _file(self, asked):
        """The answer as a file, unpacked, and its name in the archive; no file if it is empty."""
        spool, limit = self._answer.spool, self._client.settings.max_large
        if spool is None:
            return None, ""
        return open_packed(spool.file, asked.options.get("member"), limit, self._answer.host)

    def _only_records(self, found):
        """What stands beside records is kept for when it is looked at."""
        for item in found:
            if not isinstance(item, Aside):
                yield item
            elif item.name is not None:
                self._told[item.name] = item.value
            elif told_failure(item.value, reading=True) is None:
                yield item.value  # it only looked like a failure
            else:
                self._told.update(item.value)
