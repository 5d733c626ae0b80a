import collections
import datetime
import json
import re

from babel.dates import format_skeleton
from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import babel_locale_parse, format_date, format_time, get_lang

from .roles import is_administrator

DAYS = 14
CAME_IN = ("created", "updated", "linked", "archived", "removed")
SENT_OUT = ("sent_created", "sent_updated", "sent_removed")
DONE = (*CAME_IN, *SENT_OUT)
ISOLATED = "\u2068%s\u2069"  # read in its own direction, whatever stands around it
ICONS = {"pull": "fa-arrow-down", "push": "fa-arrow-up", "both": "fa-exchange"}
COLORS = {
    "failed": "danger",
    "partial": "warning",
    "blocked": "warning",
    "waiting": "warning",
    "paused": "warning",
    "done": "success",
}


class BridgeOverviewMixin(models.AbstractModel):
    """The card of a connector on the app's first screen. Its figures take the same queries for one as for a hundred."""

    _name = "bridge.overview.mixin"
    _description = "Card of a Connector"

    overview = fields.Json(
        compute="_compute_overview", help="For each flow: what it is called, which way, how it went."
    )
    activity_graph = fields.Text(compute="_compute_activity_graph", help="Changes and failures of the last days.")

    change_count = fields.Integer(compute="_compute_change_count", string="Waiting to Be Sent")

    def _compute_change_count(self):
        counts = collections.Counter()
        for flow, count in self.env["bridge.change"]._read_group(
            [("flow_id.connector_id", "in", self.ids)], ["flow_id"], ["__count"]
        ):
            counts[flow.connector_id] += count
        for connector in self:
            connector.change_count = counts[connector]

    def _compute_overview(self):
        results = dict(self.env["bridge.run"]._fields["shown_state"]._description_selection(self.env))
        ways = dict(self.env["bridge.flow"]._fields["direction"]._description_selection(self.env))
        going_on = self.env["bridge.run"]._going_on(self).grouped("flow_id")
        for connector in self:
            connector.overview = [
                {
                    "id": flow.id,
                    "name": flow.name,
                    "ways": ways[flow.direction],
                    "icon": ICONS[flow.direction],
                    "result": results.get(flow.last_run_state),
                    "color": COLORS.get(flow.last_run_state, "muted"),
                    "last": self._last(flow),
                    "next": self._next(flow),
                    "runs": [{"id": run.id, **run._progress()} for run in going_on.get(flow, ())],
                }
                for flow in connector.flow_ids
                if not flow.parent_id
            ]

    @api.model
    def get_empty_list_help(self, help_message=""):
        """Whoever may not connect a system is not asked to."""
        if is_administrator(self.env):
            return super().get_empty_list_help(help_message)
        return Markup('<p class="o_view_nocontent_smiling_face">%s</p><p>%s</p>') % (
            self.env._("No system here"),
            self.env._("Administrators of the Integration Bridge connect systems."),
        )

    @api.model
    def _healths(self):
        """Health is worked out anew each time somebody looks, and there are few connectors.

        :return: id to health, of those that have one
        :rtype: dict[int, str]
        """
        enabled = self.with_context(active_test=False).search([("state", "!=", "disabled")])
        return {connector.id: connector.health for connector in enabled}

    @api.model
    def _search_health(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = Domain("id", "in", [one for one, health in self._healths().items() if health in value])
        return found | Domain("state", "=", "disabled") if False in value else found

    def _read_group_groupby(self, alias, groupby_spec, query):
        """Connectors are grouped by their health, too; Odoo asks with no records whether they can be."""
        if groupby_spec != "health":
            return super()._read_group_groupby(alias, groupby_spec, query)
        healths = {} if query.is_empty() else self._healths()
        return SQL("(%s::jsonb ->> %s::text)", json.dumps(healths), SQL.identifier(alias, "id"))

    def action_pause(self):
        """Nothing goes on until somebody resumes it; what is at work ends with its page or batch of records."""
        self.env["bridge.run"]._check_operator(self)
        for connector in self:
            connector._gate()._pause(self.env.user)

    def action_resume(self):
        """Go on, and try the other system again now."""
        self.env["bridge.run"]._check_operator(self)
        for connector in self:
            connector._gate()._resume()

    def _last(self, flow):
        """When it ran last."""
        moment = flow.last_run_id.finished or flow.last_run_id.started
        return self._moment(moment) if moment else ""

    def _next(self, flow):
        """When it runs by itself."""
        if flow.connector_id.state == "live" and flow.interval_number and flow.next_run:
            return self.env._("next: %s", self._moment(flow.next_run))
        return ""

    @api.model
    def _moment(self, moment):
        """As short as a card is narrow: of what is today only the time, else the day without its year."""
        local, now = (fields.Datetime.context_timestamp(self, one) for one in (moment, fields.Datetime.now()))
        time = format_time(self.env, local.time(), time_format="short")
        day = format_skeleton("MMMd", local.date(), locale=babel_locale_parse(get_lang(self.env).code))
        return ISOLATED % (time if local.date() == now.date() else f"{day}, {time}")

    def _about_itself(self, message):
        """What is told of a connector to somebody who looks at that connector: its name need not be said."""
        self.ensure_one()
        named = re.match(rf"{re.escape(self.name or '')}\s?:\s", message)
        if not named:
            return message
        message = message[named.end() :]
        return message[:1].upper() + message[1:]

    def _compute_activity_graph(self):
        start = fields.Datetime.now() - datetime.timedelta(days=DAYS - 1)
        rows = self.env["bridge.run"]._read_group(
            [("connector_id", "in", self.ids), ("dry_run", "=", False), ("started", ">=", start.date())],
            ["connector_id", "started:day"],
            [f"{name}:sum" for name in (*DONE, "failed")],
        )
        found = collections.defaultdict(dict)
        for connector, day, *numbers in rows:
            found[connector][day.date()] = sum(filter(None, numbers[:-1])), numbers[-1] or 0
        days = [start.date() + datetime.timedelta(days=number) for number in range(DAYS)]
        for connector in self:
            connector.activity_graph = json.dumps(self._graph(days, found[connector])) if connector in found else False

    def _graph(self, days, numbers):
        """What Odoo's dashboard graph shows: a bar a day; one with failures is of another colour."""
        return [
            {
                "key": self.env._("Changes"),
                "values": [
                    {
                        "label": format_date(self.env, day, date_format="d"),
                        "value": changes + failures,
                        "type": "past" if failures else "future",
                    }
                    for day, (changes, failures) in ((day, numbers.get(day, (0, 0))) for day in days)
                ],
                "title": self.env._("Records changed in the last days"),
            }
        ]
