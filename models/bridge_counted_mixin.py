from odoo import api, fields, models
from odoo.exceptions import UserError

from ..jobs.kinds import SINGLE
from ..road.words import COUNTERS, SENT_COUNTERS
from .bridge_opening_mixin import called

COUNTED = {**COUNTERS, **SENT_COUNTERS}  # which counter a line of the log is counted in, by its action
CONFLICTS = "conflicts"


class BridgeCountedMixin(models.AbstractModel):
    """The counters of a run: each leads to just the records that it has counted, where these are still told of."""

    _name = "bridge.counted.mixin"
    _description = "With Counters That Lead to What They Count"

    listed = fields.Json(compute="_compute_listed", help="The counters of which each record can be shown.")

    @api.depends_context("uid")
    def _compute_listed(self):
        """Who sees a list believes that it is all of them. Of what is unchanged there are no lines; of the rest there
        are none where the connector keeps only errors, and fewer where they are old or this person may not read all.
        """
        found = {}
        about = [("run_id", "in", self.ids), ("action", "in", list(COUNTED))]
        for run, action, count in self.env["bridge.log"]._read_group(about, ["run_id", "action"], ["__count"]):
            name = COUNTED[action]
            found[run.id, name] = found.get((run.id, name), 0) + count
        for run in self:
            for_conflicts = run[CONFLICTS] and self.env["bridge.conflict"].search_count(run._conflicts_found())
            found[run.id, CONFLICTS] = for_conflicts
            names = dict.fromkeys((*COUNTED.values(), CONFLICTS))
            run.listed = [name for name in names if run[name] and run[name] == found.get((run.id, name))]

    def _conflicts_found(self):
        """A conflict does not know its run: it is one of the flow, or of one inside of it, that was found meanwhile."""
        flows = self.flow_id | self.flow_id.child_ids
        # A run of single records is only said to have started when it ends.
        since = (self.trigger not in SINGLE and self.started) or self.create_date.replace(microsecond=0)
        until = self.finished or fields.Datetime.now()
        return [("flow_id", "in", flows.ids), ("create_date", ">=", since), ("create_date", "<=", until)]

    def action_open_counted(self, counter):
        """Show just what a counter has counted.

        :param str counter: its name, one of ``listed``
        :raises UserError: if they can not all be shown
        """
        self.ensure_one()
        self.check_access("read")
        if counter not in (self.listed or ()):  # Odoo has no empty list in such a field
            raise UserError(self.env._("These records can not be shown one by one. Look at the log lines of the run."))
        name = self._fields[counter].get_description(self.env, ["string"])["string"]
        if counter == CONFLICTS:
            return called(self._opens("conflict", self._conflicts_found(), context={}), name)
        actions = [action for action, name in COUNTED.items() if name == counter]
        domain = [("run_id", "=", self.id), ("action", "in", actions)]
        if self.dry_run:
            return called({**self.action_open_plan(), "domain": domain}, name)
        return called(self._opens("log", domain, context={}), name)
