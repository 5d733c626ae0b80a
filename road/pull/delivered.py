"""From webhook deliveries to records: routed by their event, older ones ignored, bursts about one record once.

Nothing here asks the other system. What is only named becomes a job that fetches it; what was sent takes the same road
as what is fetched. A batch is one transaction: deliveries, records, jobs and versions can not disagree.
"""

import logging
import threading
from typing import NamedTuple

import psycopg2

from odoo.exceptions import UserError

from ... import database
from ...jobs.failures import group_of
from ...mapping.converter import external_id
from ...mapping.errors import MappingError
from ...mapping.paths import parse_expression
from ...remote.errors import ProtocolError
from ...remote.webhooks import TEST_EVENT, version_of
from ..words import CREATE, LINK, UNCHANGED, UPDATE
from . import arrival
from .facts import tombstone
from .gather import counted_moment

_logger = logging.getLogger(__name__)

BATCH = 200
ALONE_AFTER = 2  # deaths of the worker in a row
GATHER_SECONDS = 0.3  # that a stream is left alone, so that many are taken together and the door has the processor
HELD_SECONDS = 2  # until a delivery is looked at again whose record is being fetched just now
SHOWN_IDS = 5
BETWEEN_IDS = ", "  # where a delivery tells of several
TOO_MUCH = "54"  # PostgreSQL's class of errors for a value that is too large; psycopg2 counts it among its breakdowns
FETCH, PAYLOAD, DELETE = "fetch", "payload", "delete"


class Item(NamedTuple):
    """What one delivery says of one record.

    :ivar BridgeDelivery delivery: that says it
    :ivar str action: ``fetch``, ``payload`` or ``delete``
    :ivar Arrival arrival: of what was sent; None if it is to be fetched
    :ivar version: of the record, a number; None if none was told
    """

    delivery: object
    action: str
    external_id: str
    arrival: object = None
    version: object = None


class NotUsable(Exception):
    """A delivery does not have what its route looks for."""


class Delivered:
    """Takes the deliveries of a connector that wait.

    :param BridgeConnector connector: one
    :param commit: commits, told how many deliveries were handled; gives the seconds that are left
    :param BridgeJob job: that does it; one whose worker died twice in a row takes as many as a batch has one by one, to
        find the one to blame
    """

    def __init__(self, connector, commit, job=None):
        self.connector, self.env, self.commit = connector, connector.env, commit
        self.job, self.alone = job, BATCH if job and job.crashes >= ALONE_AFTER else 0
        self.deliveries, self.held = self.env["bridge.delivery"].sudo(), set()
        self.about = set()  # flow and remote id of what is held: what is told later of it waits, too

    def work(self):
        """Until none waits, or the time is up."""
        left, is_stream = 1, False
        while left > 0:
            size = 1 if self.alone else BATCH
            if self.alone:
                self.job.payload = self.deliveries._next(self.connector, 1, self.held).ids
                self.commit(0)  # should the worker die now, it is known by what
            handled, held = database.again_when_busy(self.env, self.take_batch, size)
            if not handled:
                break
            self.held |= held
            self.alone = max(self.alone - handled + len(held), 0)
            left = self.commit(handled - len(held))
            if is_stream and handled < size:
                threading.Event().wait(GATHER_SECONDS)
            is_stream = True  # what comes now came while we were at work
        if self.job and self.job.payload:
            self.job.payload = None
        if left <= 0 or self.held:
            self.deliveries._enqueue_take(self.connector, 0 if left <= 0 else HELD_SECONDS)

    def take_batch(self, size):
        """:return: how many deliveries were looked at, and the ids of those that wait for something else"""
        batch = self.deliveries._next(self.connector, size, self.held)
        return len(batch), self.take_or_halve(batch) if batch else set()

    def take_or_halve(self, batch):
        """One that can not be taken must not hold up the others.

        :return: ids of those that wait for something else
        :rtype: set[int]
        """
        try:
            with self.env.cr.savepoint():
                return self.take(batch)
        except Exception as error:
            is_of_database = isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError))
            is_of_database &= (getattr(error, "pgcode", None) or "")[:2] != TOO_MUCH
            if database.is_busy(error) or is_of_database:
                raise
            self.env.invalidate_all()
            if len(batch) > 1:
                middle = len(batch) // 2
                return self.take_or_halve(batch[:middle]) | self.take_or_halve(batch[middle:])
            if not isinstance(error, UserError):
                _logger.exception("Delivery %s can not be taken", batch.id)
            self.deliveries._settle([_row(batch, "failed", group_of(self.connector._explain(error)))])
            return set()

    def take(self, batch):
        """One transaction's worth.

        :return: ids of those that wait for something else
        :rtype: set[int]
        """
        rows, items = {}, {}
        for delivery in batch:
            try:
                found = self.routed(delivery)
                if not any(found.values()):
                    rows[delivery.id] = _row(delivery, "ignored", self._why_nothing(delivery, found))
            except (NotUsable, MappingError, ProtocolError) as error:
                rows[delivery.id] = _row(delivery, "failed", self._words(error))
                continue
            for flow, some in found.items():
                items.setdefault(flow, []).extend(some)
        held = self.at_work(items)
        for flow, some in items.items():
            if rows_of_flow := self.bring(flow, [one for one in some if one.delivery.id not in held]):
                _join(rows, rows_of_flow)
        self.deliveries._settle(list(rows.values()))
        return held

    # ----------------------------------------------------------------------------------------------------------------
    # Routing
    # ----------------------------------------------------------------------------------------------------------------

    def routed(self, delivery):
        """What a delivery says, by flow.

        :rtype: dict[BridgeFlow, list[Item]]
        :raises NotUsable, MappingError, ProtocolError: if it does not have what its route looks for
        """
        found, document = {}, None
        for route in self.connector.route_ids._of(delivery.event).filtered("flow_id.active"):
            document = delivery._document() if document is None else document
            if self._is_test(delivery, document):
                return {}
            found.setdefault(route.flow_id, []).extend(self._items(delivery, route, document))
        return found

    @staticmethod
    def _is_test(delivery, document=None):
        """Have we sent it ourselves? Where the event is told in a header of the other system it stands in the body."""
        told = document.get("type") if isinstance(document, dict) else None
        return TEST_EVENT in (delivery.event, told)

    def _items(self, delivery, route, document):
        flow, values = route.flow_id, parse_expression(route.path).read(document)
        values = values if isinstance(values, list) else [] if values is None else [values]
        versions = self._versions(delivery, route, document, len(values))
        if route.action != PAYLOAD:
            return [
                Item(delivery, route.action, self._id(route, value), _gone(route, self._id(route, value)), version)
                for value, version in zip(values, versions, strict=True)
            ]
        if not all(isinstance(value, dict) for value in values):
            raise NotUsable(self.env._("There is no record at “%s” of what was sent. Correct the route.", route.path))
        arrivals = arrival.identify(flow, self._mapper(flow), values)
        return [
            Item(delivery, PAYLOAD, one.external_id, one, version)
            for one, version in zip(arrivals, versions, strict=True)
        ]

    def _id(self, route, value):
        if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
            raise NotUsable(self.env._("There is no ID at “%s” of what was sent. Correct the route.", route.path))
        return external_id(value)

    def _versions(self, delivery, route, document, count):
        told = parse_expression(route.version_path).read(document) if route.version_path else delivery.version
        if isinstance(told, list) and len(told) == count:
            return [version_of(one) for one in told]
        return [version_of(None if isinstance(told, (list, dict)) else told)] * count

    def _mapper(self, flow):
        mappers = self.__dict__.setdefault("mappers", {})
        if flow not in mappers:
            mappers[flow] = flow._mapper()
        return mappers[flow]

    def _why_nothing(self, delivery, found):
        if self._is_test(delivery, delivery._document()):
            return self.env._("This is the test: it has come through.")
        if found:
            return self.env._("It names no record.")
        if self.connector.route_ids._of(delivery.event):
            return self.env._("The flow that it is for is archived.")
        return self.env._("No route is for this event.")

    def _words(self, error):
        return str(error) if isinstance(error, NotUsable) else group_of(self.connector._explain(error))

    # ----------------------------------------------------------------------------------------------------------------
    # Records
    # ----------------------------------------------------------------------------------------------------------------

    def at_work(self, items):
        """Deliveries about records that are being fetched just now: the answer may be older than what they tell.

        :return: their ids
        :rtype: set[int]
        """
        held = set()
        for flow, some in items.items():
            running = (
                self.env["bridge.job"]
                .sudo()
                .search(
                    [
                        ("flow_id", "=", flow.id),
                        ("external_id", "in", [one.external_id for one in some]),
                        ("kind", "=", "pull_record"),
                        ("state", "=", "running"),
                    ]
                )
            )
            at_work = set(running.mapped("external_id"))
            waiting = [one for one in some if one.external_id in at_work or (flow.id, one.external_id) in self.about]
            held |= {one.delivery.id for one in waiting}
        # One delivery may tell of several records; all of them wait with it.
        self.about |= {
            (flow.id, one.external_id) for flow, some in items.items() for one in some if one.delivery.id in held
        }
        return held

    def bring(self, flow, items):
        """What deliveries say of the records of one flow.

        :param list[Item] items: in the order in which they came
        :return: what became of each
        :rtype: list[dict]
        """
        if not items:
            return []
        newest = _newest(items)
        older = self.older(flow, newest)
        chosen = [one for one in newest.values() if one.external_id not in older]
        run, outcomes = self.env["bridge.run"].sudo(), {}
        if chosen:
            run = run._start(flow, "webhook")
            run.write({"state": "running", "started": self.env.cr.now()})
            sent = [one.arrival for one in chosen if one.action != FETCH]
            outcomes = self._write(flow, run, sent) if sent else {}
            if wanted := [one.external_id for one in chosen if one.action == FETCH]:
                self.env["bridge.job"]._enqueue_records(flow, wanted, run=run)
            run._finish_records()
        return [self._became(flow, run, one, newest, older, outcomes) for one in items]

    def older(self, flow, newest):
        """:return: remote ids of which something newer was taken already
        :rtype: set[str]
        """
        versions = {one.external_id: one.version for one in newest.values() if one.version is not None}
        older = self.env["bridge.newest"].sudo()._advance(flow, versions)
        told = {one.external_id: one.arrival.updated for one in newest.values() if one.action == PAYLOAD}
        told = {external_id: updated for external_id, updated in told.items() if updated is not None}
        known = self.env["bridge.binding"].sudo()._fingerprints(flow, list(told)) if told else {}
        for one, (_fingerprint, updated) in known.items():
            here, there = counted_moment(flow, updated), counted_moment(flow, told[one])
            if here and there and here > there:
                older.add(one)
        return older

    def _write(self, flow, run, arrivals):
        outcomes = flow._pull(run, mapper=self._mapper(flow)).bring(arrivals)
        run._count(outcomes, {"fetched": len(arrivals), "unchanged": len(arrivals) - len(outcomes)})
        if flow.is_called and flow.direction != "pull":
            written = [one.record_id for one in outcomes if one.action in (CREATE, UPDATE, LINK) and one.record_id]
            self.env["bridge.change"]._note_own(flow, written)
        return {one.external_id: one for one in outcomes}

    def _became(self, flow, run, item, newest, older, outcomes):
        reason, state, external_id = None, "done", item.external_id
        if external_id in older or _is_older(item, newest[external_id]):
            state, reason = "ignored", self.env._("Something newer was taken of the record already.")
        elif newest[external_id] is not item:
            reason = self.env._("A later delivery tells the same record.")
        elif external_id in outcomes and outcomes[external_id].failure:
            reason = self.env._("The record failed: it is on the error desk, and tried again there.")
        elif item.arrival and item.arrival.deleted and _is_nothing(outcomes.get(external_id)):
            reason = self.env._("It was deleted there, and Odoo has nothing of it that this would change.")
        row = _row(item.delivery, state, reason)
        return {**row, "flow": flow.id, "run": run.id or None, "ids": external_id}


def _gone(route, external_id):
    return tombstone(external_id) if route.action == DELETE else None


def _newest(items):
    """Of what is said of a record the newest; of what has no version, or the same, the last.

    :return: remote id to Item
    """
    newest = {}
    for one in items:
        other = newest.get(one.external_id)
        if other is None or not _is_older(one, other):
            newest[one.external_id] = one
    return newest


def _is_nothing(outcome):
    return outcome is None or outcome.action == UNCHANGED


def _is_older(item, other):
    return item.version is not None and other.version is not None and item.version < other.version


def _row(delivery, state, reason=None):
    return {"id": delivery.id, "state": state, "reason": reason}


def _join(rows, more):
    """A delivery that says something of several records is done if any of it was."""
    for row in more:
        known = rows.setdefault(row["id"], {**row, "ids": ""})
        ids = [*filter(None, known["ids"].split(BETWEEN_IDS)), row["ids"]]
        known["ids"] = BETWEEN_IDS.join(dict.fromkeys(ids[:SHOWN_IDS]))
        if known["state"] == "ignored" and row["state"] == "done":
            known |= {"state": "done", "reason": row["reason"], "run": row["run"], "flow": row["flow"]}
