"""The road from Odoo to the other system (DESIGN.md, "The road")."""

import functools

from odoo import fields

from ...jobs.retry import is_charged
from .. import chosen
from ..ground import Ground
from ..notes import told
from ..outcome import Outcome
from ..waves import waves
from ..words import OPERATIONS, REJECT, SEND_CREATE, SENDS
from . import document, faults, gather, journal, look, plan, related, send, sender

ROUNDS = 6  # how often a record is looked at anew because the remote has another version than we know


class Ledger:
    """What is known of the records of one push while it lasts. Written after a step has committed, never inside one.

    :param list[int] record_ids: their Odoo ids
    :param dict prefer: Odoo id to the side that a person wants
    """

    def __init__(self, record_ids, prefer=None):
        self.prefer, self.record_ids = dict(prefer or {}), frozenset(record_ids)
        self._looks, self._outcomes, self._held = {}, dict.fromkeys(record_ids), {}

    @property
    def open(self):
        """Odoo ids of those about which nothing is decided yet."""
        return [one for one in self._outcomes if self.is_open(one)]

    def is_open(self, record_id):
        return self._outcomes[record_id] is None and record_id not in self._held

    def learn(self, record_id, seen):
        """What the remote has; None: what was known counts no more.

        :param Look seen: what it is
        """
        self._looks[record_id] = seen

    def look(self, record_id):
        """:rtype: Look | None"""
        return self._looks.get(record_id)

    def settle(self, outcome):
        """This is what became of a record."""
        self._held.pop(outcome.step.record_id, None)
        self._outcomes[outcome.step.record_id] = outcome

    def hold(self, step, error=None):
        """Its turn did not come, or its outcome is not known: it stays in the outbox.

        :param RemoteError error: of its request, if there was one
        """
        self._held[step.record_id] = step, error

    def outcomes(self):
        """What became of those that are settled, in their order.

        :rtype: list[Outcome]
        """
        return [outcome for outcome in self._outcomes.values() if outcome is not None]

    @property
    def held(self):
        """Odoo id to the step and the error of those that are held.

        :rtype: dict[int, tuple]
        """
        return dict(self._held)

    def held_ids(self):
        """Odoo ids of those that are held; those that were tried last, so that they keep no others from their turn.

        :rtype: list[int]
        """
        return sorted(self._held, key=lambda record_id: self._held[record_id][1] is not None)


class Push(Ground):
    """Records of one flow on their way to the other system. What is sent is written down at once.

    Another addon extends it by a subclass that overrides a step, which ``bridge.flow._push`` then returns.

    :param BridgeFlow flow: whose records they are
    :param BridgeRun run: what they are counted and logged for
    :param Client client: asks and sends
    :param Flight flight: has several requests under way; its ``error`` says why not all could be sent
    :param list exchanges: where the client puts its exchanges
    :param commit: commits, told how many records were handled; gives the seconds that are left
    :param int job_id: the job that does it
    :param tuple ancestors: (flow, Odoo ids) of those for whose sake these are pushed
    """

    def __init__(self, flow, run, client, flight, *, exchanges, commit, job_id=None, ancestors=()):
        super().__init__(flow, run, client, commit)
        self.flight, self.exchanges, self.job_id, self.ancestors = flight, exchanges, job_id, tuple(ancestors)
        self.ledger, self.jobs = Ledger(()), {}
        self.shown = {}  # Odoo id to what a preview has shown, of those that a person has chosen there
        self.kept = {}  # what names a record to the kept exchange that was about it

    def bring(self, record_ids, prefer=None, jobs=None):
        """Bring Odoo records along the whole road.

        :param list[int] record_ids: their ids; some may be gone
        :param dict prefer: Odoo id to the side that a person wants
        :param BridgeJob jobs: the running jobs whose matter they are, if there are
        :return: what became of them; what is held stays in the outbox
        :rtype: Ledger
        """
        ledger = self.ledger = Ledger(record_ids, prefer)
        self.jobs = {(self.flow.id, job.res_id): job for job in jobs or ()}  # by what names a record in an exchange
        for _round in range(ROUNDS):
            steps = self.plan(self.look(ledger.open))
            for step in steps:
                if self.run.dry_run or not step.asks:  # there is nothing to ask the other system
                    ledger.settle(self.outcome(plan.foreseen(step)))
            asking = [step for step in steps if ledger.is_open(step.record_id)]
            # Where the remote has something to say first, it is taken in, and decided again with what was learned.
            if asking and not look.look_first(self, asking):
                related.send_first(self, asking)  # the customer before the order
                look.look_again(self, *self.send(asking))  # 409, 412, 404: fetch, merge; they stay open
            if not ledger.open:
                break
        for facts in self.look(ledger.open) if ledger.open else ():
            ledger.settle(self.outcome(plan.Step(facts, REJECT).refuse("unavailable", "changes_too_fast")))
        self._set_aside()
        self.again(journal.write, self, ledger.outcomes(), jobs)
        return ledger

    # ----------------------------------------------------------------------------------------------------------------
    # The steps; each takes a batch
    # ----------------------------------------------------------------------------------------------------------------

    def look(self, record_ids):
        """What Odoo, the bindings and persons say about records now, and what was learned of them.

        :rtype: list[Facts]
        """
        return gather.gather(self, record_ids)

    def plan(self, records):
        """What has to be done. Pure; Preview is this.

        :rtype: list[Step]
        """
        steps = plan.plan(self.policy, records, fields.Datetime.now())
        return [chosen.hold(self, one, self.shown.get(one.record_id), journal.told_changes) for one in steps]

    def send(self, steps):
        """Send records, each after those that it points to.

        :return: receipts of those that have another version there than we know, and of those that are not there
        :rtype: tuple[list[Receipt], list[Receipt]]
        """
        stale, gone = [], []
        by_id = {step.record_id: step for step in steps if step.action in SENDS}
        for level, is_circle in waves(by_id, self._points_to(by_id)):
            for receipt in send.send(self, [by_id[one] for one in level], is_circle):
                verdict = faults.judge(self.policy, receipt)
                if verdict == faults.STALE:
                    stale.append(receipt)
                elif verdict == faults.GONE:
                    gone.append(receipt)
        return stale, gone

    def _points_to(self, by_id):
        """A function of an Odoo id that gives those of the batch that are to be created there before it."""
        own = [rule for rule in self.mapper.plain if rule.pushes and rule.keyed_settings.get("flow") == self.flow.code]
        coming = {one for one, step in by_id.items() if step.action == SEND_CREATE}
        if not own or not coming:
            return lambda record_id: ()
        there = [one for one, step in by_id.items() if step.facts.exists]
        needed = {
            record.id: {one for rule in own for one in record[rule.field]._ids if one in coming}
            for record in self.records.browse(there)
        }
        return lambda record_id: needed.get(record_id, ())

    # ----------------------------------------------------------------------------------------------------------------
    # What becomes of a record
    # ----------------------------------------------------------------------------------------------------------------

    def outcome(self, step, receipt=None):
        """A step that is at its end; what the plan says in a word is put into words.

        :rtype: Outcome
        """
        failure = step.failure and step.failure._replace(message=told(self.env, step.failure.message))
        return Outcome(step.action, step, step.record_id, failure, told(self.env, step.note), receipt=receipt)

    def fail(self, step, error, receipt=None):
        """The request of a record failed; if that is not about the record, it stays in the outbox."""
        if error.kind in faults.WHOLESALE:
            self.flight.note(error)  # of one result among many it is news
            self.ledger.hold(step, error)
            return
        message = self.flow.connector_id._tell(error)
        self.ledger.settle(self.outcome(step.refuse(faults.kind_of(step, error), message), receipt))

    def _set_aside(self):
        """A record whose request fails while others are answered is a failure of its own; the others go on."""
        held = self.ledger.held
        errors = {record_id: error for record_id, (_step, error) in held.items()}
        for record_id in faults.set_aside(errors, self.flight.error, self._is_answering):
            step, error = held[record_id]
            message = self.flow.connector_id._tell(error)
            self.ledger.settle(self.outcome(step.refuse(faults.kind_of(step, error), message)))

    def _is_answering(self):
        """Does the other system answer requests, so that one without an answer is about its record?"""
        if self.flight.answered:
            return True
        had_none = self.run._own_job().error_kind == "unavailable"
        return is_charged(had_none, self.flow.connector_id._gate().failures)

    # ----------------------------------------------------------------------------------------------------------------
    # What the steps need
    # ----------------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def senders(self):
        """What sends, for each action for which there is an operation.

        :rtype: dict[str, Sender]
        """
        words = sender.Words(self.flow)
        operations = {action: self.flow._operation(kind) for action, kind in OPERATIONS.items()}
        return {action: one._sender(self.mapper, words) for action, one in operations.items() if one}

    @functools.cached_property
    def unsent(self):
        """Places of a remote record that are not sent back with it.

        :rtype: list[Path]
        """
        return document.unsent(self)

    def again(self, step, *args):
        """Do a transaction, and again when it lost against another one."""
        return self.run._again_when_busy(step, *args)

    def beside(self, flow):
        """The road of records that these point to, which have to be there first.

        :rtype: Push
        """
        return flow._push(
            self.run,
            self.client,
            self.flight,
            exchanges=self.exchanges,
            commit=self.commit,
            job_id=self.job_id,
            ancestors=self.around,
        )

    @property
    def around(self):
        """(flow, Odoo ids) of these records, and of those for whose sake they are pushed."""
        return (*self.ancestors, (self.flow, self.ledger.record_ids))

    def is_around(self, flow, record_ids):
        """Are any of these records of this push, or of one for whose sake it is done?

        :param set record_ids: Odoo ids
        """
        return any(one == flow and record_ids & known for one, known in self.around)

    def about(self, step):
        """What names a record in an exchange."""
        return self.flow.id, step.record_id
