"""Creating remotely, exactly once (DESIGN.md): intent, send, external id; and finding out what became of a lost answer.

The binding is the intent: it is committed before the request goes out, with a reference of its own. Whoever finds it in
state ``creating`` knows that the record may be there already, and asks before anything is sent again.
"""

import datetime
import functools
import json
import uuid

from odoo import fields, models
from odoo.exceptions import UserError

from ..database import json_rows
from ..jobs import claim
from ..mapping import merge
from ..mapping.paths import parse_path
from ..remote.errors import Rejected, RemoteError
from ..remote.operation import WALK
from .batch import DATA, DEPENDENCY, UNCHANGED, Failure
from .bridge_flow_pull import ABSENT
from .outgoing import LOOK_UP, SEND_CREATE, UNCERTAIN

MOST_FOUND = 5  # ids that a message names


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    # ----------------------------------------------------------------------------------------------------------------
    # Decide
    # ----------------------------------------------------------------------------------------------------------------

    def _running_jobs(self, items):
        """Which of the jobs that create these records there are at work right now.

        :rtype: set[int]
        """
        ids = {item.binding.job_id for item in items if item.binding and item.binding.job_id}
        if not ids:
            return set()
        return claim.running(self.env, ids)

    def _creation_decision(self, batch, item, kinds, running):
        """What to do about a record that we have begun to create there."""
        link = item.binding
        if link.job_id != batch.job_id and link.job_id in running:
            self._leave_to_another(item)
            return item.action
        if link.sent_at is None:
            return self._unseen_decision(item, kinds)
        if self._may_repeat(link):
            item.repeats = True
            return SEND_CREATE
        if "find" in kinds:
            if not item.looked:
                return LOOK_UP
            return self._settled_decision(item, kinds)
        item.failure = Failure(
            "uncertain",
            self.env._(
                "It was sent to be created, and the answer was lost. The other system can not be asked whether it is"
                " there. Look there, then press “It Is There” or “It Is Not There”."
            ),
        )
        return UNCERTAIN

    def _unseen_decision(self, item, kinds):
        """The other system has not seen it: it is created, if it is still one of ours."""
        if item.there and item.inside:
            return self._first_decision(item, kinds)
        self.env["bridge.binding"].browse(item.binding.id).unlink()
        return UNCHANGED

    def _settled_decision(self, item, kinds):
        """It is not found there: is that the last word, or may it still come to be there?"""
        settled = item.binding.sent_at + datetime.timedelta(seconds=self.connector_id.settle_seconds)
        if settled > fields.Datetime.now():
            item.due = settled + datetime.timedelta(seconds=1)
            message = self.env._(
                "It was sent, and the answer was lost. It is looked for there until it may be sent again."
            )
            item.fail("unavailable", message)
            return item.action
        if item.binding.intent.get("answered"):
            item.failure = Failure(
                "uncertain",
                self.env._(
                    "It was sent to be created, and answered in a way that can not be read; and it is not found there."
                    " Look there, then press “It Is There” or “It Is Not There”, and correct the operation."
                ),
            )
            return UNCERTAIN
        return self._unseen_decision(item, kinds)

    def _may_repeat(self, link):
        """Does the other system itself see to it that the same request, sent again, makes no second record?"""
        operation = self._operation("create")
        if operation.repeatable and not operation.bulk_size:
            return True
        forgotten = link.sent_at + datetime.timedelta(hours=self.connector_id.idempotency_hours)
        has_header = self.connector_id.idempotency_header and not operation.bulk_size
        return bool(has_header) and fields.Datetime.now() < forgotten

    def _finds_by_keys(self):
        """Can a record be looked up there by what it is, and not only by the reference that we gave it?"""
        find = self._operation("find")
        return bool(find and find._placeholders() - WALK - {"reference"})

    # ----------------------------------------------------------------------------------------------------------------
    # Intent
    # ----------------------------------------------------------------------------------------------------------------

    def _write_intents(self, batch, items):
        """Say what is about to be sent, and commit; nothing is held while we wait for answers."""
        creating = [item for item in items if item.action == SEND_CREATE]
        new = [item for item in creating if item.binding is None]
        self._begin_anew([item for item in creating if item.binding and item.binding.state == "removed"])
        for item in creating:
            if item.repeats:  # the very same request, or it would be another one
                item.intent = item.binding.intent
                item.document = item.intent["document"]
            else:
                item.intent = {"document": item.document, "terms": self._intended(batch.mapper, item)}
        ours = self._insert_intents(batch, new)
        ours |= self._renew_intents(batch, [item for item in creating if item not in new])
        for item in creating:
            if item.record_id not in ours:
                self._leave_to_another(item)
        batch.commit(0)
        self._refresh_links([item for item in creating if item.record_id in ours])

    def _leave_to_another(self, item):
        item.fail(DEPENDENCY, self.env._("Another job is creating this record in the other system right now."))

    def _intended(self, mapper, item):
        sent = {rule.field for rule in mapper.rules if rule.pushes} - item.late
        return {name: value for name, value in item.terms.items() if name.rstrip(".") in sent}

    def _begin_anew(self, items):
        """What was deleted there is created again: the same binding, so that its conflicts stay to be read."""
        if not items:
            return
        self.env.cr.execute(
            """
            UPDATE bridge_binding
               SET state = 'creating', external_id = NULL, reference = gen_random_uuid()::text, fingerprint = NULL,
                   odoo_snapshot = NULL, remote_snapshot = NULL, remote_updated = NULL, remote_version = NULL,
                   sent_at = NULL
             WHERE id = ANY(%s) AND state = 'removed'
            """,
            [[item.binding.id for item in items]],
        )
        self.env["bridge.binding"].invalidate_model()
        self._refresh_links(items)

    def _insert_intents(self, batch, items):
        """:return: Odoo ids of those that no other job was first with
        :rtype: set[int]
        """
        if not items:
            return set()
        self.env.cr.execute(
            """
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, inside, sent_at, job_id, create_date, res_id, reference, intent)
            SELECT %(flow_id)s, %(model)s, 'creating', TRUE, %(now)s, %(job)s, %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (res_id int, reference text, intent jsonb)
       ON CONFLICT DO NOTHING
         RETURNING res_id
            """,
            {
                **self._journal_values(),
                "job": batch.job_id,
                "rows": json_rows(
                    {"res_id": item.record_id, "reference": str(uuid.uuid4()), "intent": item.intent} for item in items
                ),
            },
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def _renew_intents(self, batch, items):
        """Take up creations that were begun before. One that is not as we have found it is another job's by now.

        :return: Odoo ids of those that are ours
        :rtype: set[int]
        """
        if not items:
            return set()
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET job_id = %(job)s, intent = row.intent, inside = TRUE,
                   sent_at = CASE WHEN row.repeats THEN binding.sent_at ELSE %(now)s END
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, intent jsonb, repeats boolean, sent_at timestamp, job_id int)
             WHERE binding.id = row.id AND binding.state = 'creating'
               AND binding.sent_at IS NOT DISTINCT FROM row.sent_at
               AND binding.job_id IS NOT DISTINCT FROM row.job_id
         RETURNING binding.res_id
            """,
            {
                "job": batch.job_id,
                "now": fields.Datetime.now(),
                "rows": json_rows(
                    {
                        "id": item.binding.id,
                        "intent": item.intent,
                        "repeats": item.repeats,
                        "sent_at": item.binding.sent_at and item.binding.sent_at.isoformat(),
                        "job_id": item.binding.job_id,
                    }
                    for item in items
                ),
            },
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def _refresh_links(self, items):
        links = self._links([item.record_id for item in items])
        for item in items:
            item.binding = links[item.record_id]

    # ----------------------------------------------------------------------------------------------------------------
    # Outcome
    # ----------------------------------------------------------------------------------------------------------------

    def _write_created(self, batch, items):
        """The records that are there now: their external ids."""
        taken = self._bound_elsewhere(items)
        created, rows = [item for item in items if item.external_id not in taken], []
        for item in items:
            if item.external_id in taken:
                self._refuse_taken(item, taken[item.external_id])
                continue
            intent = item.intent["terms"]
            odoo, remote = self._sent_values(batch.mapper, item, [name for name in intent if not name.endswith(".")])
            # What was sent may be older than what Odoo has by now: the snapshot is what was sent.
            odoo = {**odoo, **intent, **dict.fromkeys(item.late, False)}
            # What is empty was not sent: a value that the other system gives it by itself is a change of its own.
            remote |= {name: value for name, value in intent.items() if name in remote and merge.is_empty(value)}
            rows.append(
                {
                    "id": item.binding.id,
                    "external_id": item.external_id,
                    "odoo_snapshot": odoo,
                    "remote_snapshot": {**remote, **dict.fromkeys(item.late, False)},
                    "remote_version": self._answered_version(batch.mapper, item),
                }
            )
        self._adopt(rows)
        self.env["bridge.conflict"]._settle(
            (item.binding.id, kind, name) for item in created for kind, name in item.standing
        )
        differing = [item.record_id for item in created if item.late or _is_outdated(item)]
        self.env["bridge.change"]._note(self.id, self.model, differing)

    def _adopt(self, rows):
        """Bind records to those that are there; one that the pull has bound meanwhile is bound."""
        if not rows:
            return
        self.env.cr.execute(
            """
            UPDATE bridge_binding binding
               SET external_id = row.external_id, state = 'linked', fingerprint = '', synced = %(now)s,
                   odoo_snapshot = row.odoo_snapshot, remote_snapshot = row.remote_snapshot,
                   remote_version = row.remote_version, sent_at = NULL, intent = NULL, job_id = NULL
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   id int, external_id text, odoo_snapshot jsonb, remote_snapshot jsonb, remote_version text)
             WHERE binding.id = row.id AND binding.state = 'creating'
            """,
            {"now": fields.Datetime.now(), "rows": json_rows(rows)},
        )

    def _bound_elsewhere(self, items):
        """Remote ids that other Odoo records have already.

        :return: external id to Odoo id
        """
        self.env.cr.execute(
            "SELECT external_id, res_id, id FROM bridge_binding WHERE flow_id = %s AND external_id = ANY(%s)",
            [self.id, [item.external_id for item in items]],
        )
        own = {item.binding.id for item in items if item.binding}
        return {found: res_id for found, res_id, binding_id in self.env.cr.fetchall() if binding_id not in own}

    def _refuse_taken(self, item, res_id):
        item.fail(
            DATA,
            self.env._(
                "The other system says that this is its record %(id)s, which the Odoo record %(other)s has already."
                " Merge the two records of Odoo, or change one.",
                id=item.external_id,
                other=res_id,
            ),
        )
        if item.binding:
            self.env["bridge.binding"].browse(item.binding.id).unlink()

    def _write_creations_refused(self, items):
        """What the other system has not made need not be looked for."""
        creating = [item for item in items if item.action == SEND_CREATE or item.failed_action == SEND_CREATE]
        refused = [item.binding.id for item in creating if item.binding and _is_refusal(item)]
        self.env["bridge.binding"].browse(refused).unlink()
        unsent = [item for item in creating if item.binding and item.binding.id not in refused]
        # What was sent once before may be there all the same.
        unsent = [item for item in unsent if not item.repeats]
        unsent = [item.binding.id for item in unsent if not item.sent or _was_refused(item.error)]
        self.env.cr.execute(
            "UPDATE bridge_binding SET sent_at = NULL WHERE id = ANY(%s) AND state = 'creating'", [unsent]
        )
        # It was answered, and only the id was not where the operation says: that is no page of a proxy.
        answered = [item for item in creating if item.sent and getattr(item.error, "reason", None) == "no_records"]
        self.env.cr.execute(
            "UPDATE bridge_binding SET intent = intent || %s::jsonb WHERE id = ANY(%s) AND state = 'creating'",
            [json.dumps({"answered": True}), [item.binding.id for item in answered if item.binding]],
        )

    # ----------------------------------------------------------------------------------------------------------------
    # Look up
    # ----------------------------------------------------------------------------------------------------------------

    def _look_up(self, batch, items):
        """Ask the other system for these records; bind what is there."""
        self._write_sought(batch, items)
        items = [item for item in items if item.action == LOOK_UP]
        find = functools.partial(self._operation("find")._compiled().find, batch.client)
        batch.commit(0)  # nothing is held while we wait
        found = batch.flight.ask(items, lambda item: find(item.sought, item.is_sought, about=(item,)))
        matched = []
        for item, result in zip(items, found, strict=True):
            item.looked = True
            if result is None:
                batch.held.append(item)
                item.action = UNCHANGED
            elif not result[0]:
                self._settle_error(batch, item, result[1])
                if item in batch.held:
                    item.action = UNCHANGED
            elif len(result[1]) > 1:
                item.fail(
                    DATA,
                    self.env._(
                        "%(count)s records of the other system are like this one (%(ids)s). Merge them there, or link"
                        " one by hand.",
                        count=len(result[1]),
                        ids=", ".join(str(self._id_in(batch, one)) for one in result[1][:MOST_FOUND]),
                    ),
                )
            elif result[1]:
                item.external_id, item.answer = self._id_in(batch, result[1][0]), result[1][0]
                matched.append(item)
            else:
                item.again()
        batch.run._again_when_busy(self._bind_found, batch, matched)

    def _id_in(self, batch, document):
        return batch.mapper.external_id(document)

    def _write_sought(self, batch, items):
        """What tells these records from all others there: our reference, or their keys in the remote's terms."""
        place = parse_path(self.reference_path) if self.reference_path else None
        keys = [rule for rule in batch.mapper.rules if rule.key and rule.path is not None]
        fresh = [item for item in items if not (item.binding and item.binding.intent)]
        for item in fresh:
            item.action = SEND_CREATE
        self._write_documents(batch, fresh)
        for item in fresh:
            if item.failure is None:
                item.action = LOOK_UP
        for item in items:
            if item.failure is not None:
                continue
            intent = item.binding.intent["document"] if item not in fresh else item.document
            reference = item.binding and item.binding.sent_at and item.binding.reference
            wanted = {rule.field: rule.path.read(intent) for rule in keys}
            item.sought = {
                "reference": reference or None,
                **{name: value for name, value in wanted.items() if value not in (None, "")},
            }
            if place and reference:
                item.is_sought = _is_ours(place, reference)
            elif len(item.sought) == len(keys) + 1:
                item.is_sought = _has_keys([(rule.path, rule.path.read(intent)) for rule in keys])
            else:
                item.is_sought = None  # it has no key: nothing there can be known to be it

    def _bind_found(self, batch, items):
        """Records that are there already: bound, then merged like any other."""
        taken = self._bound_elsewhere(items)
        for item in items:
            if item.external_id in taken:
                self._refuse_taken(item, taken[item.external_id])
        items = [item for item in items if item.failure is None]
        known = [item for item in items if item.binding]
        self._adopt(
            [
                {
                    "id": item.binding.id,
                    "external_id": item.external_id,
                    # What we have sent is what both sides had; what differs by now was changed since.
                    "odoo_snapshot": (item.binding.intent and item.binding.intent["terms"]) or {},
                    "remote_snapshot": _plain((item.binding.intent and item.binding.intent["terms"]) or {}),
                    "remote_version": self._answered_version(batch.mapper, item),
                }
                for item in known
            ]
        )
        self._insert_linked(batch, [item for item in items if not item.binding])
        documents = [(item.answer, None) for item in items]
        for item in items:
            item.again()
            item.external_id = None
            item.looked = False
        if self.direction == "both":
            self._take_in(batch, documents, [])
        batch.commit(0)

    def _insert_linked(self, batch, items):
        """First contact: linked, and nothing agreed yet."""
        if not items:
            return
        self.env.cr.execute(
            """
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, inside, create_date, synced, fingerprint, odoo_snapshot, remote_snapshot,
                   res_id, external_id, remote_version)
            SELECT %(flow_id)s, %(model)s, 'linked', TRUE, %(now)s, %(now)s, '', '{}', '{}', row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (res_id int, external_id text, remote_version text)
            """,
            {
                **self._journal_values(),
                "rows": json_rows(
                    {
                        "res_id": item.record_id,
                        "external_id": item.external_id,
                        "remote_version": self._answered_version(batch.mapper, item),
                    }
                    for item in items
                ),
            },
        )

    def _exists_there(self, external_id):
        """Is there such a record? A flow that can not get one has to believe it.

        :rtype: bool
        :raises UserError: if the other system can not be asked now
        """
        get = self._operation("get")
        if not get:
            return True
        try:
            with self.connector_id._client() as client:
                get._get(client, external_id)
        except RemoteError as error:
            if error.status in ABSENT:
                return False
            raise UserError(self.connector_id._explain(error)) from error
        return True


def _is_outdated(item):
    """Has the record changed since it was sent?"""
    now = {name: item.terms.get(name) for name in item.intent["terms"]}
    return not (item.there and item.inside) or now != item.intent["terms"]


def _was_refused(error):
    """Is this an error after which the record is certainly not there?"""
    return error is not None and (not error.sent or error.kind in ("throttled", "auth"))


def _is_refusal(item):
    """Does this answer say that the record was not made, neither now nor before?

    One that is sent again with its key is refused for what it is only by 400 and 422: the very same request was then
    never accepted. Anything else, such as a right that is gone, says nothing about the first time.
    """
    return isinstance(item.error, Rejected) and (not item.repeats or item.error.status in (400, 422))


def _is_ours(place, reference):
    return lambda document: place.read(document) == reference


def _has_keys(wanted):
    def matches(document):
        return all(_folded(path.read(document)) == _folded(value) for path, value in wanted)

    return matches


def _folded(value):
    return str(value).strip().casefold()


def _plain(terms):
    return {name: value for name, value in terms.items() if not name.endswith(".")}
