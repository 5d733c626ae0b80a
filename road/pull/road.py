"""The road from the other system to Odoo (DESIGN.md, "The road")."""

import functools

from ...mapping.references import Pending, ToCreate
from .. import chosen
from ..ground import Ground
from . import apply, arrival, brake, gather, journal, kept, match, plan, references, related, translate


class Pull(Ground):
    """Records of one flow on their way to Odoo, in the caller's transaction.

    Another addon extends it by a subclass that overrides a step, which ``bridge.flow._pull`` then returns.

    :param BridgeFlow flow: whose records they are
    :param BridgeRun run: what they are counted and logged for
    :param Client client: to ask for what is missing; None: nothing may be asked
    :param commit: commits, told how many records were handled; gives the seconds that are left
    :param int depth: relations that were followed to come here
    :param bool is_patient: may related records of the same flow still come on a later page
    :param bool is_sending: is it read for the sake of a push, which sends by itself what Odoo has to say
    :param Mapper mapper: the field mappings; None: as they are now
    :param Policy policy: what the flow may do; None: as it is now
    :param dict files: content by address, of files that were fetched for these before
    :param Twice twice: which of two records with one id counts; None: the later one
    :param dict exchange_ids: remote id to the kept exchange that the record came with; None stands for all others
    """

    def __init__(
        self,
        flow,
        run,
        client=None,
        *,
        mapper=None,
        policy=None,
        commit=None,
        depth=0,
        is_patient=False,
        is_sending=False,
        exchange_ids=None,
        files=None,
        twice=None,
    ):
        super().__init__(flow, run, client, commit, mapper)
        if policy is not None:
            self.policy = policy
        self.depth, self.is_patient, self.is_sending = depth, is_patient, is_sending
        self.exchange_ids, self.files = exchange_ids or {}, {} if files is None else files
        self.goes_both_ways, self.twice, self.made_related = flow.direction == "both", twice, 0
        # Of the batch: remote id to the values by which the record is looked for; and which kinds of references there
        # may be to records that are still to be made (mapping/references.py).
        self.keys, self.unmade = {}, frozenset({Pending, ToCreate})

    def bring(self, arrivals, jobs=None):
        """Bring arrivals along the whole road.

        :param list[Arrival] arrivals: of one that is named twice the later one counts
        :param BridgeJob jobs: the running jobs whose matter they are, if there are
        :return: what became of each, in their order
        :rtype: list[Outcome]
        :raises psycopg2.Error: if the transaction lost against another one and has to be done again
        :raises RemoteError: if what they point to can not be had now
        :raises TooManyError: if a person should be asked before
        """
        known = self.recognise(arrival.latest(arrivals))  # one query; what is unchanged ends here
        steps = self.plan(
            self.look(self.fetch(self.translate(known)))
        )  # fetch asks the remote; nothing is written before
        self.made_related = brake.check(self, steps)
        outcomes = self.apply(steps)
        outcomes = self.journal(outcomes, jobs)
        if not self.run.dry_run:  # a hook could not tell, and would write in a preview
            self.flow._after_sync(outcomes)
        return outcomes

    # ----------------------------------------------------------------------------------------------------------------
    # The steps; each takes a batch
    # ----------------------------------------------------------------------------------------------------------------

    def recognise(self, arrivals):
        """What is known of these already.

        :rtype: list[Facts]
        """
        return arrival.recognise(self, arrivals)

    def translate(self, records):
        """The remote's records in Odoo's terms: values, references, records inside.

        :rtype: list[Facts]
        """
        return translate.translate(self, records)

    def fetch(self, records):
        """Files, and related records that are not in Odoo yet.

        :rtype: list[Facts]
        """
        return related.fetch(self, records)

    def look(self, records):
        """Odoo's side of it: what they refer to, which records they are, and what those have.

        :rtype: list[Facts]
        """
        if not any(one.is_open for one in records):
            return records
        return gather.gather(self, match.match(self, references.resolve(self, records)))

    def plan(self, records):
        """What is to be done. Pure; Preview is this.

        :rtype: list[Step]
        """
        steps = plan.plan(self.policy, records)
        return [chosen.hold(self, one, one.facts.arrival.shown, journal.told_changes) for one in steps]

    def apply(self, steps):
        """Write it.

        :rtype: list[Outcome]
        """
        return apply.shown(steps) if self.run.dry_run else kept.looked_at(self, apply.apply(self, steps))

    def journal(self, outcomes, jobs=None):
        """Bindings, conflicts, outbox, failures and log, in the same transaction.

        :return: what is told; a failure that is ignored is none
        :rtype: list[Outcome]
        """
        return journal.write(self, outcomes, jobs)

    # ----------------------------------------------------------------------------------------------------------------
    # What the steps need
    # ----------------------------------------------------------------------------------------------------------------

    def beside(self, flow):
        """The road of the records that these point to; they are committed before anything else is asked for.

        :rtype: Pull
        """
        return flow._pull(self.run, self.client, commit=self.commit, depth=self.depth + 1)

    @functools.cached_property
    def naming(self):
        """The mapping that says what a person calls a record: of its name, or of its key if it has none.

        :rtype: Rule | None
        """
        name = self.env[self.flow.model]._rec_name
        rules = [rule for rule in self.mapper.rules if rule.field == name or rule.key]
        return min(rules, key=lambda rule: rule.field != name, default=None)
