"""Walking a list: one page after the other, the next one read ahead while the last one is written."""

import concurrent.futures
from dataclasses import dataclass, field


@dataclass
class Page:
    """One page of a list.

    :ivar list records: the records, as the remote sent them
    :ivar Answer answer: the whole answer
    :ivar datetime.datetime began: what the remote's clock said when the page was asked for
    :ivar dict after: the paginator's state behind this page; None at the end of the list
    :ivar list exchanges: the HTTP exchanges that it took
    :ivar list read: what the reader has made of each record, where it has done that
    :ivar str lacking: the remote id of the parent whose list is not there
    :ivar int total: how many records the remote says that the list has; for people, nothing is decided by it
    :ivar tuple short: of a last page: how many records the list had and how many the remote counts, if those are more
    """

    records: list
    answer: object
    began: object
    after: dict | None
    exchanges: list = field(default_factory=list)
    read: list = field(default_factory=list)
    short: tuple | None = None
    lacking: str | None = None
    total: int | None = None


class Walk:
    """Reads pages of one list operation.

    Reading ahead is one thread with one request in flight; it uses nothing but the client.

    :param read_page: called with a paginator's state, gives a ``Page``; raises RemoteError
    :param dict state: where to begin
    """

    def __init__(self, read_page, state):
        self._read_page = read_page
        self._executor = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="bridge-read-ahead")
        self._ahead = self._executor.submit(read_page, state)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._executor.shutdown(wait=True, cancel_futures=True)

    def __iter__(self):
        while self._ahead:
            page = self._ahead.result()
            self._ahead = self._executor.submit(self._read_page, page.after) if page.after is not None else None
            yield page
