import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.http import request

from ..database import again_when_busy
from ..definition.ready import check_references
from ..remote.document import DEEPEST, is_too_deep, storable
from ..road.pull import arrival
from ..road.pull.facts import tombstone
from ..road.push.feed import told
from ..road.words import (
    ARCHIVE,
    CONFLICT,
    CREATE,
    FLAG,
    LINK,
    MARK,
    REJECT,
    SKIP,
    UNCHANGED,
    UNLINK,
    UPDATE,
)
from .roles import is_external

MOST_RECORDS, MOST_BYTES = 1000, 10_000_000  # of one call
# What the other system is told of each record that it has sent.
RESULTS = {
    CREATE: "created",
    UPDATE: "updated",
    LINK: "linked",
    UNCHANGED: "unchanged",
    ARCHIVE: "archived",
    UNLINK: "deleted",
    MARK: "marked",
    FLAG: "flagged",
    SKIP: "skipped",
    REJECT: "failed",
    CONFLICT: "conflict",
}


class BridgeCalledMixin(models.AbstractModel):
    """The door for a system that calls Odoo: its records take the same road as those that are fetched.

    These are the public methods of ``bridge.flow``, for Odoo's external API. The caller names a flow by its code, or by
    ``connector.flow``. What is done is done as the connector's acting user.
    """

    _name = "bridge.called.mixin"
    _description = "Called by the Other System"

    is_called = fields.Boolean(
        "Called Only",
        help="The other system calls Odoo, by Odoo's external API; Odoo does not call it, and needs no operations.",
    )

    @api.model
    def upsert(self, flow, records, request_id=None):
        """Bring records of the other system into Odoo.

        :param str flow: its code
        :param list[dict] records: as the other system writes them, at most 1,000
        :param str request_id: a repeated call with the same id changes nothing, and is answered as the first one was
        :return: ``results``: for each record, in the order of the call, its ``id``, ``result``, ``odoo_id``, and
            ``reason``, ``field``, ``fields`` where there is something to say
        :rtype: dict
        :raises AccessError: if the caller may not use the flow
        :raises ValidationError: if the call itself is not right
        :raises UserError: if the flow can not take records now
        """
        one = self._called_flow(flow, "pull")
        records = _read_records(self.env, records)
        return one._answer_once(request_id, ["upsert", records], lambda: one._take_called(records))

    @api.model
    def delete_by_external_id(self, flow, external_ids, request_id=None):
        """Tell that records are gone in the other system; the flow's rule says what becomes of them in Odoo.

        :param list external_ids: remote ids, at most 1,000
        :return: as ``upsert``
        """
        one = self._called_flow(flow, "pull")
        ids = _read_ids(self.env, external_ids)
        return one._answer_once(request_id, ["delete", ids], lambda: one._take_gone(ids))

    @api.model
    def changes(self, flow, since=None, limit=500, own=False):
        """What has changed in Odoo, in the other system's terms.

        :param str since: the ``cursor`` of the last answer; None: everything
        :param int limit: most records, up to 1,000
        :param bool own: also what the caller has changed itself
        :return: ``changes``, each with ``id`` (None: it is not there yet), ``odoo_id``, ``action`` (``changed``,
            ``deleted`` or ``left``) and ``record``; ``cursor``; ``more``: call again at once
        :rtype: dict
        """
        one = self._called_flow(flow, "push")
        if type(limit) is not int or not 1 <= limit <= MOST_RECORDS:
            raise ValidationError(self.env._("“limit” is a number from 1 to %s.", MOST_RECORDS))

        def read():
            feed = self.env["bridge.feed"].sudo()
            is_more = feed._fill(one)
            ids, cursor = feed._read_after(one, since, limit, bool(own))
            changes = told(one._asked_road(), ids, feed._told_before(one, ids)) if ids else []
            feed._note_told(one, changes)
            return {"changes": changes, "cursor": cursor, "more": is_more or len(ids) == limit}

        return _portable(again_when_busy(self.env, read))

    @api.model
    def get(self, flow, external_ids):
        """What Odoo has of records, in the other system's terms.

        :param list external_ids: remote ids, at most 1,000
        :return: ``records``, as the changes of ``changes``; ``unknown``: ids that Odoo does not know
        :rtype: dict
        """
        one = self._called_flow(flow, "push")
        ids = _read_ids(self.env, external_ids)
        known = self.env["bridge.binding"].sudo()._known(one, ids)
        here = list(dict.fromkeys(known.values()))
        records = told(one._asked_road(), here, set(here)) if here else []
        return _portable({"records": records, "unknown": [each for each in ids if each not in known]})

    @api.model
    def status(self, flow):
        """How a flow is: for a caller that wants to know whether it may send, and what is not done.

        :rtype: dict
        """
        one = self._called_flow(flow)
        failed = [("flow_id", "=", one.id), ("state", "in", ("failed", "uncertain"))]
        return {
            "flow": f"{one.connector_id.code}.{one.code}",
            "state": one.connector_id.state,
            "direction": one.direction,
            "records": self.env["bridge.binding"].sudo().search_count([("flow_id", "=", one.id)]),
            "failures": self.env["bridge.job"].sudo().search_count(failed),
            "conflicts": self.env["bridge.conflict"]
            .sudo()
            .search_count([("flow_id", "=", one.id), ("state", "=", "open")]),
            "waiting": self.env["bridge.change"].sudo().search_count([("flow_id", "=", one.id), ("own", "=", False)]),
        }

    # ----------------------------------------------------------------------------------------------------------------
    # Who may call what
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _called_flow(self, name, way=None):
        """The flow that a caller names. One that he may not use is as one that is not there.

        :param str name: its code, or ``connector.flow``
        :param str way: ``pull``: records come in; ``push``: they are read
        :rtype: BridgeFlow
        :raises AccessError: if the caller may not use it
        :raises UserError: if it does not go that way, or not now
        """
        if not isinstance(name, str) or not is_external(self.env):
            raise AccessError(
                self.env._("Only a user with the role “External System” may call a flow. Ask your administrator.")
            )
        connector, _dot, code = name.rpartition(".")
        domain = [("code", "=", code), ("parent_id", "=", False), ("connector_id.caller_ids", "in", self.env.uid)]
        domain += [("active", "=", True), ("connector_id.active", "=", True)]
        if connector:
            domain.append(("connector_id.code", "=", connector))
        # What the caller says of the context counts nowhere.
        flows = self.env(su=True, context={})["bridge.flow"]
        flow = flows.search(domain) if name == storable(name) else flows
        if not flow:
            raise AccessError(
                self.env._(
                    "There is no flow “%s” that this user may call. Its connector has to name the user under"
                    " “Callers”.",
                    storable(name),
                )
            )
        if len(flow) > 1:
            raise ValidationError(
                self.env._("Several connectors have a flow “%(code)s”. Call it connector.%(code)s.", code=code)
            )
        flow = flow.with_context(lang=flow.connector_id.user_id.lang)
        if way:
            flow._check_called(way)
        return flow

    def _check_called(self, way):
        self.env["bridge.instance"]._check()
        if self.connector_id.state == "disabled":
            raise UserError(self.env._("The connector “%s” is disabled. Try again later.", self.connector_id.name))
        if self.direction not in (way, "both"):
            refusal = (
                self.env._("The flow “%s” only goes from Odoo to the other system: it takes no records.")
                if way == "pull"
                else self.env._("The flow “%s” only goes from the other system to Odoo: nothing can be read from it.")
            )
            raise UserError(refusal % self.code)
        if way == "push" and not self.is_called:
            raise UserError(
                self.env._("Odoo sends the records of the flow “%s” by itself: it is not “Called Only”.", self.code)
            )
        check_references(self)

    # ----------------------------------------------------------------------------------------------------------------
    # What is done
    # ----------------------------------------------------------------------------------------------------------------

    def _answer_once(self, request_id, sent, work):
        """One transaction, which is done again if another one was first; once for each request id."""
        is_text = isinstance(request_id, str) and request_id == storable(request_id)
        if request_id is not None and not (is_text and 0 < len(request_id) <= 200):
            raise ValidationError(self.env._("A request ID is a text of at most 200 characters."))
        requests = self.env["bridge.request"]
        return _portable(again_when_busy(self.env, lambda: requests._once(self, request_id, sent, work)))

    def _take_called(self, records):
        """The results of records that came."""
        mapper = self._mapper()
        return self._taken(arrival.identify(self, mapper, records), mapper)

    def _take_gone(self, external_ids):
        return self._taken([tombstone(external_id) for external_id in external_ids], self._mapper())

    def _taken(self, arrivals, mapper):
        run = self.env["bridge.run"]._start(self, "call")
        run.write({"state": "running", "started": fields.Datetime.now()})
        outcomes = self._pull(run, mapper=mapper).bring(arrivals)
        run._count(outcomes, {"fetched": len(arrivals), "unchanged": len(arrivals) - len(outcomes)})
        run._finish()
        if self.is_called and self.direction != "pull" and not run.dry_run:
            written = [one.record_id for one in outcomes if one.action in (CREATE, UPDATE, LINK) and one.record_id]
            self.env["bridge.change"]._note_own(self, written)
        by_id = {one.external_id: _result(one) for one in outcomes}
        results = [by_id[one.external_id] for one in arrivals]
        return {"results": results, "run_id": run.id, **({"preview": True} if run.dry_run else {})}

    def _asked_road(self):
        """What is read takes no client: the other system asks."""
        return self._push(self.env["bridge.run"], None, None, exchanges=[], commit=None)


def _portable(answer):
    """The answer, as the protocol can carry it: Odoo's XML-RPC knows no null, and says false in its place.

    Odoo hides the request from what is called by XML-RPC and by the old JSON-RPC; ``/json/2`` shows it.
    """
    if request:
        return answer
    if isinstance(answer, dict):
        return {name: _portable(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [_portable(one) for one in answer]
    return False if answer is None else answer


def _result(outcome):
    """What the other system is told of one of its records."""
    step = outcome.step
    result = {"id": outcome.external_id, "result": RESULTS[outcome.action], "odoo_id": outcome.record_id or None}
    if outcome.failure:
        failure = outcome.failure
        result |= {"result": "failed", "reason": failure.message, "field": failure.field, "kind": failure.kind}
    if opposed := [name for name in step.opposed if name]:
        result["fields"] = sorted(opposed)
        result["result"] = "conflict" if outcome.action == UNCHANGED else result["result"]
    if outcome.deferred:
        result["lacking"] = sorted(outcome.deferred)
    return {name: value for name, value in result.items() if value is not None}


def _read_records(env, records):
    """The records of a call, as they can be stored.

    :rtype: list[dict]
    :raises ValidationError: saying what is wrong with the call
    """
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise ValidationError(env._("“records” is a list of JSON objects, one for each record."))
    _check_number(env, records)
    if any(map(is_too_deep, records)):
        raise ValidationError(
            env._("A record is nested too deeply: at most %s levels of lists and objects are taken.", DEEPEST)
        )
    try:
        size = len(json.dumps(records, allow_nan=False))
    except (ValueError, TypeError) as error:
        raise ValidationError(env._("“records” must be JSON, without NaN and numbers without end.")) from error
    if size > MOST_BYTES:
        raise ValidationError(
            env._(
                "The records have %(size)s characters; at most %(most)s are taken at once. Send them in several calls.",
                size=size,
                most=MOST_BYTES,
            )
        )
    return storable(records)


def _read_ids(env, external_ids):
    """:rtype: list[str]"""
    is_list = isinstance(external_ids, list)
    if not is_list or not all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in external_ids):
        raise ValidationError(env._("“external_ids” is a list of IDs there: texts or numbers."))
    _check_number(env, external_ids)
    try:
        return [storable(str(one)) for one in external_ids]
    except ValueError as error:  # Python writes no number of more than 4300 digits
        raise ValidationError(env._("“external_ids” is a list of IDs there: texts or numbers.")) from error


def _check_number(env, some):
    if len(some) > MOST_RECORDS:
        raise ValidationError(
            env._(
                "The call has %(count)s records; at most %(most)s are taken at once. Send them in several calls.",
                count=len(some),
                most=MOST_RECORDS,
            )
        )
