"""What a full scan did not see: removed as the flow's rule says, if that is believable."""

import math
import time

from ...remote.errors import RemoteError
from ...remote.status import is_absent
from ..outcome import Failure
from ..words import REMOVAL, REMOVALS
from .facts import doubtful, tombstone


class Unseen:
    """The end of a full scan.

    :param PullSlice walk: that has read all pages
    :param Client client: to ask for single records
    """

    def __init__(self, walk, client):
        self.env, self.run, self.flow, self.walk, self.client = walk.env, walk.run, walk.flow, walk, client

    def remove(self):
        """Remove it.

        :return: is it done; False if the time is up or a person has to decide first
        :rtype: bool
        """
        if not self.run.full or self.run.dry_run or self.flow.delete_policy == "ignore":
            return True
        is_doubtful = self.run.position.get("short") or self.run.position.get("lacking")
        if is_doubtful and not self.flow._operation("get"):
            return True  # the list may have been cut, and nobody can be asked
        if not self.is_believable():
            self.walk.commit(0)
            return False
        while unseen := self.env["bridge.seen"]._unseen(self.run, self.flow.page_size):
            if self.walk.again(self.take, unseen) <= 0 or self.run.state == "cancelled":
                return False
        return True

    def is_believable(self):
        """The brake: a scan that misses more than the flow's limit more likely went wrong than told the truth.

        :rtype: bool
        """
        if self.run._is_confirmed(REMOVAL):
            return True
        missing, total = self.env["bridge.seen"]._count(self.run)
        if missing <= math.ceil(total * self.flow.remove_limit / 100):
            return True
        message = self.env._(
            "The full sync did not find %(missing)s of %(total)s records. That is more than the limit of"
            " %(limit)s %%, so nothing was removed. If they are really gone, press “Remove Them”; otherwise"
            " press “Cancel” and check the other system.",
            missing=missing,
            total=total,
            limit=self.flow.remove_limit,
        )
        self.run._ask(REMOVAL, message)
        return False

    def take(self, unseen):
        """Some of them along the road, as records that are gone: one transaction.

        :return: the seconds that are left
        """
        started = time.monotonic()
        arrivals = self.verify_gone(unseen)
        outcomes = self.flow._pull(self.run, mapper=self.walk.mapper).bring(arrivals)
        # This scan is done with what stays, such as a conflict that a person has to decide, or one that is in doubt.
        left = [outcome.step.facts.bound.id for outcome in outcomes if outcome.action not in REMOVALS]
        self.env["bridge.seen"]._note(self.run, left)
        self.run._count(outcomes, {"duration": time.monotonic() - started})
        return self.walk.commit(len(unseen))

    def verify_gone(self, unseen):
        """Which of the records that the scan did not see are really gone.

        One that moved to a page which we had read already is still there. The remote says so where it can be asked for
        one record; else, where pages are positions, a record has to be missing in two scans.

        :return: those, and those of which it can not be known
        :rtype: list[Arrival]
        """
        operation, doubts = self.flow._operation("get"), {}
        if operation:
            there = unseen.filtered(lambda binding: self.is_there(operation, binding.external_id, doubts))
        elif self.run.position["pages"] > 1 and self.flow._operation("list")._is_by_position():
            there = unseen.filtered(lambda binding: binding.state == "linked")
            there.state = "missing"
        else:
            there = unseen.browse()
        self.env["bridge.seen"]._note(self.run, there.ids)
        return [doubts.get(one) or tombstone(one) for one in (unseen - there).mapped("external_id")]

    def is_there(self, operation, external_id, doubts):
        """Does the other system have a record?

        :param dict doubts: gets the arrival of one for which it gives another one, by remote id; others go on
        :rtype: bool
        :raises RemoteError: if the other system can not say
        """
        try:
            operation._get(self.client, external_id)
        except RemoteError as error:
            if error.reason == "other_record":
                message = self.flow.connector_id._tell(error)
                doubts[external_id] = doubtful(external_id, Failure(error.kind, message))
            elif not is_absent(error):
                raise
            return False
        return True
