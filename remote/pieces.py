"""Lists that can only be read in pieces: between two moments, or one for each record of another list.

A piece is walked to its end, then the next one. Which piece it is stands in the state of the walk, as JSON, so that a
run goes on where it was interrupted.
"""

from __future__ import annotations

import copy
import datetime
from dataclasses import dataclass

from .delta import UTC, Delta
from .errors import RemoteError
from .status import is_absent

A_DAY = datetime.timedelta(days=1)


class Pieces:
    """The pieces of one list, in an order that stays.

    A subclass gives ``first(since)`` and ``after(piece)``: the next piece, as JSON, or None; and
    ``values(piece, since)``: what ``{since}`` and other placeholders stand for in it.
    """

    def page(self, operation, client, exchanges, state, since=None):
        """As ``Operation.page``, of the piece that the state names.

        :param dict state: of the walk
        :rtype: Page
        :raises RemoteError: if it can not be had
        """
        start = operation.paginator.start()
        piece, inner = (state["piece"], state["inner"]) if "piece" in state else (self.first(since), state)
        if piece is None:
            return operation.no_page()
        try:
            page = operation.page(client, exchanges, inner, **self.values(piece, since))
        except RemoteError as error:
            if not (is_absent(error) and self.may_lack(piece)):
                raise
            page = operation.no_page()
            page.lacking, page.exchanges = piece["parent"], list(exchanges)
            exchanges.clear()
        page.total = None  # it is of the piece
        page.records = [self.marked(piece, record) for record in page.records]
        following = piece if page.after is not None else self.after(piece)
        page.after = following and {"piece": following, "inner": page.after or start}
        return page

    def marked(self, piece, record):
        """A record, with what the piece says of it."""
        return record

    def may_lack(self, piece):
        """May the list of a piece not be there, without saying anything of the others?"""
        return False


@dataclass(frozen=True)
class Windows(Pieces):
    """A list that has to be told from when until when, and how much at once.

    :ivar Delta delta: how moments are written
    :ivar int days: most days between the two moments
    :ivar datetime.datetime start: where a full scan begins
    :ivar datetime.datetime now: where the last window ends, and a day for what clocks and whole days leave open
    """

    delta: Delta
    days: int
    start: datetime.datetime
    now: datetime.datetime

    def first(self, since):
        return self._from(self.start if since is None else self.delta.moment(since))

    def after(self, piece):
        until = datetime.datetime.fromisoformat(piece["until"])
        return self._from(until) if until < self.now + A_DAY else None

    def values(self, piece, since):
        since, until = (self.delta.sent(datetime.datetime.fromisoformat(piece[name])) for name in ("since", "until"))
        return {"since": since, "more": {"until": until}}

    def _from(self, moment):
        until = min(moment + datetime.timedelta(days=self.days), self.now + A_DAY)
        return {"since": moment.astimezone(UTC).isoformat(), "until": max(until, moment).astimezone(UTC).isoformat()}


@dataclass(frozen=True)
class PerParent(Pieces):
    """A list for each record of another flow, such as the items of each event.

    :ivar dict parents: a number that stays to the parent's remote id
    :ivar frozenset fresh: remote ids of parents whose list was never read: of these everything is asked for
    :ivar Path place: where the parent's id is put into each record; None: it is there already
    :ivar remote_id: gives what is sent for a remote id
    """

    parents: dict
    fresh: frozenset = frozenset()
    place: object = None
    remote_id: object = str

    def first(self, since):
        return self._behind(0)

    def after(self, piece):
        return self._behind(piece["number"])

    def values(self, piece, since):
        since = None if piece["parent"] in self.fresh else since
        return {"since": since, "more": {"parent": self.remote_id(piece["parent"])}}

    def marked(self, piece, record):
        if self.place is None or not isinstance(record, dict):
            return record
        marked = copy.deepcopy(record)
        try:
            self.place.write(marked, piece["parent"])
        except ValueError:
            return record  # it has no such place: then the mapping says what is missing
        return marked

    def may_lack(self, piece):
        return True  # its parent is gone, which the next run of the parents will tell

    def _behind(self, number):
        following = min((one for one in self.parents if one > number), default=None)
        return following and {"number": following, "parent": self.parents[following]}
