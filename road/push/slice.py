"""A run from Odoo to the other system, as much as fits the lane's time: the outbox, and now and then everything."""

from odoo import fields

from ...jobs.failures import open_among
from ...jobs.outcome import progressed
from ...jobs.schedule import end_waiting, is_full_scan_due
from ...mapping import merge
from ...remote.errors import RemoteError
from ..inside import inside_after, waits_for_matching
from ..slice import Slice
from . import brake
from .send import flight_of


class PushSlice(Slice):
    """Goes on until nothing is left to be looked at, or the time is up."""

    def work(self):
        """Do it.

        :return: has the run ended
        :rtype: bool
        :raises RemoteError: if the remote takes nothing now; what was committed stays, the rest is in the outbox
        """
        if not self.again(self.begin):
            return True
        try:
            with self.flow.connector_id._client(self.exchanges) as client, flight_of(self.flow) as flight:
                while True:
                    record_ids, change_ids, after = self.again(self.next)
                    if not record_ids and not change_ids and after is None:
                        break
                    if not self.again(self.is_believable, record_ids):
                        break
                    ledger = self.road(client, flight).bring(record_ids, self.wanted(record_ids))
                    seconds = self.again(self.checkpoint, ledger, change_ids, after, flight)
                    if flight.error is not None:
                        raise flight.error
                    if self.run.state == "cancelled" or self.is_full_preview():
                        break
                    if seconds <= 0 or ledger.held:
                        return False
        except RemoteError as error:
            error.exchanges = self.exchanges
            raise
        self.env["bridge.exchange"]._record(self.run, self.exchanges)
        if self.run.state not in ("cancelled", "blocked"):
            self.again(self.finish)
        return True

    def road(self, client, flight):
        """:rtype: Push"""
        job_id = self.run._own_job().id or None
        return self.flow._push(self.run, client, flight, exchanges=self.exchanges, commit=self.commit, job_id=job_id)

    # ----------------------------------------------------------------------------------------------------------------
    # Steps; each is a transaction, and changes nothing that it is given
    # ----------------------------------------------------------------------------------------------------------------

    def begin(self):
        """From waiting to running; decide whether everything is looked at, once.

        :return: may it go on
        :rtype: bool
        """
        run, flow = self.run, self.flow
        if waits_for_matching(flow) and not run.dry_run:
            run._fail(
                self.env._(
                    "Records of the two sides must be matched before anything is sent, or all of them would be there"
                    " twice. Let the flow read everything once: press “Full Sync”."
                )
            )
            self.commit(0)
            return False
        if not run.position:
            due = flow.push_scan_needed or is_full_scan_due(flow, flow.last_push_scan)
            run.full = run.full or bool(run.anew) or due
            run.position = {"scan": 0 if run.full else None, "mapping": flow._mapping_key().decode()}
        if run.state != "running":
            run.write({"state": "running", "started": run.started or fields.Datetime.now(), "message": False})
        self.commit(0)
        return True

    def next(self):
        """What is to be looked at next: what has changed, then, in a full push, everything else.

        :return: Odoo ids, ids of the outbox rows that brought them, and where a full push goes on; None: not at all
        :rtype: tuple[list[int], list[int], int | None]
        """
        limit, after, ids = self.page_size(), self.run.position["scan"], (self.run.anew or {}).get("ids")
        if held := self.run.position.get("held"):
            return held[:limit], [], after
        if ids is not None:
            ids = sorted(one for one in ids if one > after)[:limit]
            return ids, [], ids[-1] if ids else None
        if not self.run.dry_run:
            record_ids, change_ids = self.env["bridge.change"]._take(self.flow, limit)
            if record_ids or change_ids:
                return record_ids, change_ids, after
        if after is None:
            return [], [], None
        # Those that are to be pushed, and those that were and are not any more, also if they were deleted by SQL.
        inside = inside_after(self.flow, after, limit)
        ids = sorted({*inside, *self.env["bridge.binding"]._records_after(self.flow, after, limit)})[:limit]
        # What has failed is not sent again before something about it changes, or a person says so.
        failed = () if self.run.anew else open_among(self.flow, "res_id", ids)
        return [one for one in ids if one not in failed], [], ids[-1] if ids else None

    def wanted(self, record_ids):
        """Of what is to be sent anew, Odoo's values stand.

        :return: Odoo id to side
        :rtype: dict
        """
        return {one: merge.ODOO for one in record_ids if self.run._is_anew(one)}

    def is_believable(self, record_ids):
        """May these be pushed, or has a person to decide first?

        :rtype: bool
        """
        believable = brake.is_believable(self.run, record_ids)
        if not believable:
            self.commit(0)
        return believable

    def checkpoint(self, ledger, change_ids, after, flight):
        """What was looked at leaves the outbox; what could not be sent stays in it.

        :param Ledger ledger: what became of the records
        :return: the seconds that are left
        """
        changes, held = self.env["bridge.change"], ledger.held_ids()
        if change_ids:
            changes._done(change_ids)
        position = dict(self.run.position)
        if self.run.anew:  # the outbox does not know whose values stand
            later = [one for one in position.get("held", ()) if one not in ledger.record_ids]
            position["held"] = [*later, *held]
        if held and (change_ids or not self.run.anew):
            changes._note(self.flow.id, self.flow.model, held)
        if position["scan"] is not None:
            position["scan"] = after
        self.run.position = position
        if flight.error is None or flight.answered:
            progressed(self.run, answered=bool(flight.answered))
        return self.commit(len(ledger.outcomes()))

    def finish(self):
        """Say how it went, and look again at what waited for other records."""
        run, flow = self.run, self.flow
        is_of_all = not run.anew or run.anew["ids"] is None
        if run.full and not run.dry_run and is_of_all:
            progress = {"last_push_scan": fields.Datetime.now()}
            if run.position["mapping"] == flow._mapping_key().decode():
                progress["push_scan_needed"] = False
            flow.write(progress)
        if not run.dry_run:
            end_waiting(flow, ["push"])
            brake.end_asking(run)
            self.env["bridge.job"]._make_due(flow, arrived=bool(run.sent_created))
        run._finish(is_part=self.is_full_preview())
        self.commit(0)
