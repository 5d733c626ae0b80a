"""A run of pages, as much of it as fits the lane's time: position, cursor, and what comes after the last page."""

import datetime
import functools
import time
from contextlib import contextmanager

from odoo import fields

from ...jobs.outcome import progressed
from ...jobs.schedule import end_waiting, is_full_scan_due
from ...mapping import merge
from ...mapping.errors import excerpt
from ...remote.delta import next_cursor
from ...remote.errors import RemoteError
from ...remote.stream import reader
from ...remote.walk import Walk
from ..outcome import NOTHING
from ..policy import policy_of
from ..slice import PREVIEW_RECORDS, Slice
from . import arrival, detail
from .brake import RELATED, TooManyError
from .lookups import lookups
from .pieces import pieces_of
from .twice import MOST, Twice, ended
from .unseen import Unseen

STOPPED = ("cancelled", "blocked")  # states of a run that a person has ended, or has to decide about


class PullSlice(Slice):
    """Walks on from where a run stands, until it ends or the time is up."""

    def __init__(self, run, commit):
        super().__init__(run, commit)
        # Compiled once a slice: what they are made of is read anew after each commit.
        self.mapper = self.policy = self.delta = self.details = None

    def work(self):
        """Do it.

        :return: has the run ended
        :rtype: bool
        :raises RemoteError: if the remote can not be read; what was committed stays, the position too
        """
        is_new = not self.run.position
        self.again(self.begin)
        self.mapper = self.flow._mapper()
        self.policy = policy_of(self.flow, self.mapper)
        operation = self.flow._operation("list")
        self.delta, self.details = operation._delta(), operation.details
        if is_new and self.run.kind == "pull" and not self.run.dry_run:
            self.again(self.index)
        try:
            with self.flow.connector_id._client(self.exchanges) as client:
                has_ended = self.walk(client)
        except RemoteError as error:
            error.exchanges = self.exchanges
            raise
        except TooManyError as error:
            self.env.cr.rollback()
            self.again(self.ask, error)
            return True
        self.env["bridge.exchange"]._record(self.run, self.exchanges)
        if has_ended and self.run.state not in STOPPED:
            self.again(self.finish)  # the cursor moves
        return has_ended

    def walk(self, client):
        """The pages, and what comes after the last one.

        :return: has the run ended; False if the time is up
        :rtype: bool
        """
        with self.pages(client) as pages:
            for page in pages:  # fetch: the next one is read meanwhile
                seconds = self.again(self.take, page, client, self.arrivals(page, client))
                if self.run.state == "cancelled":
                    return True
                if self.is_full_preview():
                    break
                if seconds <= 0:
                    return False
        return self.end(client) or self.run.state in STOPPED

    # ----------------------------------------------------------------------------------------------------------------
    # Steps; each is a transaction, and changes nothing that it is given
    # ----------------------------------------------------------------------------------------------------------------

    def begin(self):
        """From waiting to running; decide what is read, once."""
        run, flow = self.run, self.flow
        if flow.connector_id.state == "preview" and not run.dry_run and run.kind != "compare":
            run.dry_run = True  # switched to preview while the run waited
        if not run.position:
            operation = flow._operation("list")
            cursor = flow.cursor or None  # Odoo reads an empty JSON field as False
            full = (
                run.full or bool(run.anew) or flow.full_scan_needed or cursor is None or operation.delta_kind == "none"
            )
            run.full = full or is_full_scan_due(flow, flow.last_full_scan)
            run.position = {
                "since": None if run.full else operation._delta().since(cursor),
                "state": operation._paginator(self.page_size()).start(),
                "pages": 0,
                "before": run.fetched,  # one that begins anew has counted some already
                "first": not self.env["bridge.binding"].search_count([("flow_id", "=", flow.id)], limit=1),
                "mapping": flow._mapping_key().decode(),
            }
        if run.state != "running":
            run.write({"state": "running", "started": run.started or fields.Datetime.now(), "message": False})
        self.commit(0)

    def index(self):
        """Records that are compared by a rule are found quickly however many there are, from the first page on."""
        for keyed in lookups(self.flow._pull(self.run, mapper=self.mapper, policy=self.policy)):
            if self.env["bridge.key"]._have_index(keyed):
                self.commit(0)

    def arrivals(self, page, client):
        """The records of a page, identified.

        :rtype: list[Arrival]
        :raises RemoteError: if they have to be asked for one by one, and nothing can be had now
        """
        arrivals = self.anew(arrival.identify(self.flow, self.mapper, page.records, page.read))
        return detail.fetched(self, arrivals, client) if self.details else arrivals

    def take(self, page, client, arrivals):
        """One page, one transaction: records, bindings, log and position can never disagree.

        :param Page page: fetched already
        :param list[Arrival] arrivals: its records
        :return: the seconds that are left
        """
        started = time.monotonic()
        is_whole = self.run.full and not self.run.dry_run and not self.run.anew
        twice = Twice(self.run) if is_whole else None
        kept = self.env["bridge.exchange"]._record(self.run, page.exchanges)
        pull = self.flow._pull(
            self.run,
            client,
            mapper=self.mapper,
            policy=self.policy,
            commit=self.commit,
            is_patient=True,
            exchange_ids={None: next(iter(kept.values()), None)},
            twice=twice,
        )
        outcomes = pull.bring(twice.one_each(arrivals) if twice else arrivals)
        found = {"twice": twice.found} if twice and twice.found else {}
        if pull.made_related:
            found[RELATED] = self.run.position.get(RELATED, 0) + pull.made_related
        self.checkpoint(page, arrivals, outcomes, time.monotonic() - started, found)
        return self.commit(len(page.records))

    def ask(self, error):
        """Nothing of the page is written before a person has said that its related records are right."""
        message = self.env._(
            "The run would make %(made)s related records for %(read)s records that it has read. They may be the same"
            " ones again and again: look at the mappings that create what is missing, and at the key by which they look"
            " it up. If the records are right, press “Create Them”; otherwise press “Cancel”.",
            made=error.count,
            read=error.read,
        )
        self.run._ask(RELATED, message)
        self.commit(0)

    def anew(self, arrivals):
        """The arrivals; of those that are to be taken anew the other system's values stand. A preview shows only them.

        :rtype: list[Arrival]
        """
        if not self.run.anew:
            return arrivals
        run, only = self.run, self.run._anew_fields()
        if run.dry_run:
            arrivals = [one for one in arrivals if run._is_anew(one.external_id)]
        return [
            one._replace(prefer=merge.REMOTE, only=only) if run._is_anew(one.external_id) else one for one in arrivals
        ]

    def checkpoint(self, page, arrivals, outcomes, seconds, found):
        """Position and counters, in the transaction of the records.

        :param dict found: what else the position has to keep
        """
        repeated = len(arrivals) - len(outcomes)  # a later document of the page has spoken for these
        self.run._count(outcomes, {"fetched": len(arrivals), "unchanged": repeated, "duration": seconds})
        self.advance(page, arrivals, found)

    def advance(self, page, arrivals, found=NOTHING):
        """The next slice begins behind this page."""
        position = {**self.run.position, **found}
        position["began"] = position.get("began") or page.began.isoformat()
        updates = [one.updated for one in arrivals]
        position["candidate"] = self.delta.observe(position.get("candidate"), page.answer, updates)
        if self.delta.reads_records:
            position["times"] = self.times(position.get("times"), updates)
        position["pages"] += 1
        position["state"] = page.after
        if page.short:
            position["short"] = page.short
        if page.lacking:
            position["lacking"] = [*position.get("lacking", ()), page.lacking]
        self.run.position = position
        is_of_page = page.after is not None and page.total == len(page.records)
        if page.total and not is_of_page:
            self.run.expected = page.total + position.get("before", 0)
        progressed(self.run)

    def times(self, known, updates):
        """How many records say when they were changed; one that does is enough, and no others are read for it.

        :param dict known: of the pages before: ``read``, ``unread``, and what one says that can not be read
        :rtype: dict
        """
        if known and known["read"]:
            return known
        unread = [value for value in updates if not self.delta.is_readable(value)]
        known = known or {"read": 0, "unread": 0, "said": None}
        return {
            "read": known["read"] + len(updates) - len(unread),
            "unread": known["unread"] + len(unread),
            "said": known["said"] or next((excerpt(value) for value in unread if value is not None), None),
        }

    def doubt(self):
        """Why the position will never move, so that every run reads all again; None if it does."""
        times = self.run.position.get("times") or {}
        if times.get("read") or not times.get("unread"):
            return None
        return self.env._(
            "None of the %(count)s records has an Updated At that can be read as “%(format)s”%(said)s, so {since} does"
            " not move, and changes are read again in every run. Correct Updated At in the flow, or Format of Times in"
            " the list operation.",
            count=times["unread"],
            format=self.delta.format,
            said=f" ({times['said']})" if times["said"] else "",
        )

    def doubled(self):
        """Which ids the list has for several records; None if there are none."""
        doubles, _alone = ended(self.run.position)
        if not doubles:
            return None
        return self.env._(
            "The list has the same ID There for several records, of which only one can be in Odoo: %(ids)s"
            " (%(count)s). The newer one counts where Updated At tells, else the later one of the list. If they are"
            " different records, choose another ID There in the flow.",
            ids=", ".join(list(doubles)[:5]),
            count=len(doubles) if len(doubles) < MOST else self.env._("%s or more", MOST),
        )

    def end(self, client):
        """After the last page: remove what a full scan did not see.

        :return: is it done; False if the time is up, it was cancelled, or a person has to decide first
        :rtype: bool
        """
        return Unseen(self, client).remove()

    def finish(self):
        """Move the flow's cursor, look again at what waited for other records, and say how it went."""
        run, flow = self.run, self.flow
        if not run.dry_run and run.kind == "pull":
            flow.write(self.progress())
            end_waiting(flow, ["pull"])
            self.env["bridge.job"]._make_due(flow, arrived=bool(run.created or run.linked))
        run._finish(self.remarks(), is_part=self.is_full_preview())
        self.commit(0)

    def remarks(self):
        """What a person should know of a walk that went well.

        :rtype: list[str]
        """
        remarks = list(filter(None, [self.doubt(), self.doubled()]))
        if lacking := self.run.position.get("lacking"):
            remarks.append(
                self.env._(
                    "The other system has no list for %(count)s of the parents, such as %(ids)s; what was not found was"
                    " not removed. Sync the flow of the parents.",
                    count=len(lacking),
                    ids=", ".join(lacking[:5]),
                )
            )
        if short := self.run.position.get("short"):
            sentence = self.env._(
                "The list ended after %(seen)s records, although the other system counts %(total)s. Check whether its"
                " total counts what this user may not see; if so, choose another end of the list in the operation.",
                seen=short[0],
                total=short[1],
            )
            removed = self.env._("So what was not found was only removed where the other system says that it is gone.")
            remarks.append(f"{sentence} {removed}" if self.run.full else sentence)
        return remarks

    def progress(self):
        """Cursor and candidate of the flow after this walk.

        :return: columns of the flow
        """
        flow, position = self.flow, self.run.position
        operation = flow._operation("list")
        began = datetime.datetime.fromisoformat(position.get("began") or "1970-01-01T00:00:00+00:00")
        delta = operation._delta()
        candidate = delta.limit(position.get("candidate"), began)
        waits = position["pages"] > 1 and (operation._is_by_position() or delta.clockless)
        # The first full scan after a changed mapping has nothing before it that could be trusted.
        previous = None if flow.full_scan_needed else flow.candidate or None
        cursor, candidate = next_cursor({"candidate": candidate, "previous": previous}, waits)
        progress = {"last_full_scan": fields.Datetime.now()} if self.run.full else {}
        if candidate is not None:  # a quiet walk tells nothing, and so forgets nothing
            progress["candidate"] = candidate
        if cursor is not None or (self.run.full and waits):
            progress["cursor"] = cursor
        if self.run.full:
            progress["doubles"], alone = ended(position)
            if alone:  # what did not count is all that is left: the next run looks at it
                return {**progress, "full_scan_needed": True}
        # A mapping that was changed while we walked still wants its full scan.
        if self.run.full and position["mapping"] == flow._mapping_key().decode():
            progress["full_scan_needed"] = False
        return progress

    # ----------------------------------------------------------------------------------------------------------------
    # Fetch
    # ----------------------------------------------------------------------------------------------------------------

    @contextmanager
    def pages(self, client):
        """The pages from the run's position on, the next one read ahead and its records identified.

        :return: an iterable of ``Page``; iterating raises RemoteError
        """
        position = self.run.position
        if position["state"] is None:  # every page was read before the interruption
            yield ()
            return
        ids, get = (self.run.anew or {}).get("ids"), self.flow._operation("get")
        if self.run.dry_run and ids is not None and get:  # they may be far behind the first records of the list
            yield [get._compiled().some(client, self.exchanges, ids[:PREVIEW_RECORDS])]
            return
        listing = self.flow._operation("list")
        operation, exchanges, pieces = listing._compiled(self.page_size()), self.exchanges, pieces_of(listing)
        # Where nothing is known yet, every record is going to be mapped; else only those that have changed.
        is_to_be_mapped = position["first"] and not self.details
        begin = self.mapper.identify_and_map if is_to_be_mapped else self.mapper.only_identify

        if pieces is None:
            read = reader(operation, client, exchanges, position["since"])
        else:
            read = functools.partial(pieces.page, operation, client, exchanges, since=position["since"])

        def read_and_map(state):
            # In the reading thread, which works while this one waits for the database.
            page = read(state)
            page.read = [begin(document) for document in page.records]
            return page

        with Walk(read_and_map, position["state"]) as pages:
            yield pages
