from collections.abc import Iterable
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..database import literal
from ..models.bridge_status_mixin import PLACE
from ..road.inside import inside
from ..road.pull.arrival import LIKE_NONE

MOST = 20  # of each kind of thing that is looked through
SHOWN = 2 * MOST  # in one answer
MOST_NOTIFICATIONS = 5  # of those that nothing came of
SEARCHED = ("char", "text")
OPEN = ("failed", "uncertain", "pending", "running")
SINGLE_RECORDS = Domain("kind", "in", ("pull_record", "push_record"))


class _Place(NamedTuple):
    """A record of a flow, by what is known of it: its remote id, its Odoo id, or both."""

    flow: object
    external_id: str | None
    res_id: int


class BridgeFind(models.TransientModel):
    """Why is this record not here? Whatever a person knows of it is enough to find what the bridge knows of it."""

    _name = "bridge.find"
    _description = "Find a Record"
    _rec_name = "sought"

    sought = fields.Char("Name, Number, E-Mail, or ID in the Other System")
    connector_id = fields.Many2one("bridge.connector", "In", help="Empty: in all of them.")
    was_sought = fields.Char(readonly=True)
    line_ids = fields.One2many("bridge.find.line", "find_id", readonly=True)
    is_unknown = fields.Boolean(compute="_compute_is_unknown")
    has_askable = fields.Boolean(compute="_compute_is_unknown", help="It may be an ID that nobody has asked for yet.")

    @api.depends("was_sought", "line_ids", "connector_id")
    def _compute_is_unknown(self):
        for find in self:
            records = find.line_ids.filtered(lambda line: line.external_id or line.res_id)
            find.is_unknown = bool(find.was_sought and not records)
            find.has_askable = bool(find.was_sought and find._unasked())

    def action_find(self):
        """Look in what was synced, what failed, what waits, what was left out, and in Odoo itself.

        :raises UserError: if nothing was typed
        """
        self.ensure_one()
        text = (self.sought or "").strip()
        if not text:
            raise UserError(
                self.env._(
                    "Write what you know of the record: its name, number, e-mail, or its ID in the other system."
                )
            )
        places, askable = self._places(text), self._askable()
        told_of = self.env["bridge.delivery"]._last_of(
            [place.flow.id for place in places], [place.external_id for place in places if place.external_id]
        )
        lines = [self._told(place, told_of, askable) for place in places]
        lines += self._not_told_yet(text, {line["delivery_id"] for line in lines})
        lines.sort(key=lambda line: SEVERITY.index(line["state"]))
        self.write({"was_sought": text, "line_ids": [(5, 0, 0), *((0, 0, line) for line in lines)]})
        return self._shown()

    def action_ask(self):
        """Ask the other system for the record by its ID there."""
        self.ensure_one()
        self.check_access("read")
        self.env["bridge.run"]._check_operator()
        flows = self._unasked()
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_recover_action")
        chosen = flows.id if len(flows) == 1 else False
        return {**action, "context": {"default_flow_id": chosen, "default_external_ids": self.was_sought}}

    def action_open_flows(self):
        """What brings records here, and sends them."""
        self.check_access("read")
        return self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_flow_action")

    def _shown(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_find_action")
        return {**action, "res_id": self.id}

    def _flows(self):
        domain = [("parent_id", "=", False)]
        if self.connector_id:
            domain.append(("connector_id", "=", self.connector_id.id))
        return self.env["bridge.flow"].search(domain)

    def _askable(self):
        """The flows whose other system can be asked for one record."""
        return self._flows().filtered(
            lambda flow: flow.direction != "push" and flow.connector_id.state == "live" and flow._operation("get")
        )

    def _unasked(self):
        """Those of them that do not know what is looked for as the ID of a record."""
        return self._askable() - self.line_ids.filtered(lambda line: line.external_id == self.was_sought).flow_id

    def _may_ask(self, flow, external_id, askable):
        """Has a record an ID by which its flow can ask for it?

        :param BridgeFlow askable: as of ``_askable``
        """
        return bool(external_id) and not external_id.startswith(LIKE_NONE) and flow in askable

    # ----------------------------------------------------------------------------------------------------------------
    # Where a record can be
    # ----------------------------------------------------------------------------------------------------------------

    def _places(self, text):
        """What is the matter with a record, or is known of it, decides which are told where there are too many.

        :rtype: list[_Place]
        """
        flows, found = self._flows(), {}
        bindings = self.env["bridge.binding"].search(
            [("external_id", "=", text), ("flow_id", "in", flows.ids)], limit=MOST
        )
        for model, some in flows.grouped("model").items():
            bindings |= self._bindings_of(some, records := self._records(model, some, text))
            self._keep(found, (_Place(flow, None, one.id) for flow in some for one in records))
        bound = {(one.flow_id, one.res_id): one.external_id for one in bindings if one.res_id}
        found = {
            place: None
            for place in found
            if (place.flow, place.res_id) not in bound and (len(found) <= MOST or place.flow.direction != "pull")
        }
        self._keep(found, (_Place(one.flow_id, one.external_id or None, one.res_id) for one in bindings))
        jobs = self._jobs(flows, text)
        self._keep(found, (_Place(job.flow_id, job.external_id or None, job.res_id) for job in jobs))
        if not any(place.external_id for place in found):
            self._keep(found, self._logged(flows, text))
        ranks = self._ranks(found, bindings, jobs)

        def rank(place):
            return min((ranks.get(key, NOTHING_KNOWN) for key in _keys(*place)), default=NOTHING_KNOWN)

        return sorted(found, key=rank)[:SHOWN]

    def _ranks(self, places, bindings, jobs):
        """How much is the matter with records: little is much. All that is needed is asked for at once.

        :return: of each key of ``_keys``
        :rtype: dict[tuple, int]
        """
        ids = [place.res_id for place in places if place.res_id]
        waiting = [("flow_id", "in", [place.flow.id for place in places]), ("res_id", "in", ids)]
        known = [(job, 0 if job.state in OPEN else KNOWN) for job in jobs]
        known += [(change, PLACE["waiting"]) for change in self.env["bridge.change"].search(waiting)]
        known += [(binding, PLACE[binding.status]) for binding in bindings]
        ranks = {}
        for one, rank in known:
            for key in _keys(one.flow_id, getattr(one, "external_id", None), one.res_id):
                ranks[key] = min(rank, ranks.get(key, rank))
        return ranks

    @staticmethod
    def _keep(found, places: Iterable[_Place]):
        """One that is known by both ids already is not there a second time."""
        for place in places:
            same = [
                one
                for one in found
                if one.flow == place.flow
                and (
                    (place.external_id and one.external_id == place.external_id)
                    or (place.res_id and one.res_id == place.res_id)
                )
            ]
            if same:
                old = found.pop(same[0], None)
                place = _Place(place.flow, place.external_id or same[0].external_id, place.res_id or same[0].res_id)
                found[place] = old
            else:
                found[place] = None

    def _records(self, model_name, flows, text):
        """Odoo's records, as this person sees them, in which a mapped text says just this, or that are called so."""
        model = self.env.get(model_name)
        if model is None or not model.has_access("read"):
            return self.env["bridge.find"]
        names = {mapping.field_name for mapping in flows.mapping_ids} | {"name", "ref", "email"}
        names = [
            name
            for name in sorted(names & model._fields.keys())
            if model._fields[name].type in SEARCHED
            and model._fields[name].store
            and not self.env["bridge.job"]._is_hidden_field(model_name, name)
        ]
        exact = Domain.OR([Domain(name, "=ilike", literal(text)) for name in names]) if names else Domain.FALSE
        records, steps = model.with_context(active_test=False), self._steps(flows)

        def named(step, limit):
            return records.browse(one for one, _name in records.name_search(text, domain=step, limit=limit))

        found = self._first(steps, lambda step, limit: records.search(exact & step, limit=limit))
        return found or self._first(steps, named)

    @staticmethod
    def _first(steps, search):
        """The first ones, of those that are found in steps: no step is taken where there are few, or enough.

        :param list[Domain] steps: the most telling one first; the last one has all of them
        :param search: from a domain and a limit to records
        """
        found = search(steps[-1], MOST + 1)
        if len(found) <= MOST:
            return found
        found = search(steps[0], MOST)
        for step in steps[1:]:
            if len(found) < MOST:
                found |= search(step & Domain("id", "not in", found.ids), MOST - len(found))
        return found

    def _steps(self, flows):
        """What finds the Odoo records with which something is the matter, those that the bridge knows, and all others.

        :rtype: list[Domain]
        """
        mine = Domain("flow_id", "in", flows.ids)
        jobs = self.env["bridge.job"]._search(mine & SINGLE_RECORDS & Domain("state", "in", OPEN))
        conflicts = self.env["bridge.conflict"]._search(mine & Domain("state", "=", "open"))
        changes = self.env["bridge.change"]._search(mine & Domain("path", "=", ""))
        bound = mine & Domain("res_id", "!=", False)
        at_odds = Domain("external_id", "in", _column(jobs, "external_id"))
        at_odds |= Domain("id", "in", _column(conflicts, "binding_id"))
        bindings = self.env["bridge.binding"]
        troubled = [jobs, changes, bindings._search(bound & at_odds)]
        return [
            Domain.OR(Domain("id", "in", _column(some, "res_id")) for some in troubled),
            Domain("id", "in", _column(bindings._search(bound), "res_id")),
            Domain.TRUE,
        ]

    def _bindings_of(self, flows, records):
        if not records or records._name == self._name:
            return self.env["bridge.binding"]
        return self.env["bridge.binding"].search([("flow_id", "in", flows.ids), ("res_id", "in", records.ids)])

    def _jobs(self, flows, text):
        """Records that failed or wait, also those that only their content tells."""
        jobs, mine = self.env["bridge.job"], Domain("flow_id", "in", flows.ids) & SINGLE_RECORDS
        steps = [mine & Domain("state", "in", OPEN), mine]
        same = Domain("external_id", "=", text)
        found = self._first(steps, lambda step, limit: jobs.search(step & same, limit=limit))
        found |= self._first(steps, lambda step, limit: self._named(jobs, step, text, limit))
        # Only what this person may read of a record counts, or it could be guessed letter by letter.
        holding = jobs.browse(jobs.sudo()._open_with(flows.ids, text, MOST))._filtered_access("read")
        found |= holding.filtered(lambda job: text.lower() in (job.payload_text or "").lower())
        return found.sorted(lambda job: (job.state not in OPEN, -job.id))

    def _logged(self, flows, text):
        """What was left out, or is gone again: only the log knows of it."""
        lines, mine = self.env["bridge.log"], Domain("flow_id", "in", flows.ids) & Domain("dry_run", "=", False)
        found = lines.search(mine & Domain("external_id", "=", text), limit=MOST)
        found = found or self._named(lines, mine, text)
        return [_Place(one.flow_id, one.external_id or None, one.res_id or 0) for one in found]

    @staticmethod
    def _named(model, domain, text, limit=MOST):
        """The newest that are called so, as far as this person may read them; no more are looked at, however many."""
        found = model.sudo().search(domain & Domain("record_name", "ilike", text), limit=limit).ids
        return model.browse(found)._filtered_access("read")._readable()

    # ----------------------------------------------------------------------------------------------------------------
    # What is told of one
    # ----------------------------------------------------------------------------------------------------------------

    def _told(self, place, told_of, askable):
        """The story of a record: what is the matter, since when, and what can be done.

        :param dict told_of: the last notification, as of ``bridge.delivery._last_of``
        :param BridgeFlow askable: that can ask for one record
        :return: values of a line
        """
        flow, key = place.flow, self._key(place)
        line = {"flow_id": flow.id, "external_id": place.external_id, "res_id": place.res_id}
        binding = self.env["bridge.binding"].search(key, limit=1)
        job = self.env["bridge.job"].search(Domain(key) & SINGLE_RECORDS & Domain("state", "in", OPEN), limit=1)
        ignored = self.env["bridge.job"].search(Domain(key) & Domain("ignored_reason", "!=", False), limit=1)
        last = self.env["bridge.log"].search(Domain(key) & Domain("dry_run", "=", False), limit=1)
        line |= {"binding_id": binding.id, "job_id": (job or ignored).id, "log_id": last.id}
        line["record_label"] = (
            binding.record_name
            or (place.res_id and binding._name_of_record(flow.model, place.res_id))
            or (job or ignored or last).record_label
        )
        state, story = self._of_job(job)
        if not state and binding:
            state, story = self._of_binding(binding)
        if not state and ignored:
            state = "ignored"
            story = self.env._("Somebody has said that its failure is to be ignored: %s", ignored.ignored_reason)
        if not state and place.res_id:
            state, story = self._of_record(flow, place.res_id)
        if not state:
            state, story = self._of_log(last)
        if state == "failed":
            story = self.env["bridge.job"]._and_who(story)
        is_worth_it = state in ASKED or binding.state == "missing"
        may_ask = is_worth_it and self._may_ask(flow, place.external_id, askable)
        is_to_send = state == "waiting" and not (job or binding or self._is_noted(flow, place.res_id))
        may_send = is_to_send and flow.connector_id.state == "live"
        if delivery := told_of.get((flow.id, place.external_id)):
            story = f"{story} {self._of_delivery(delivery, self.env._('The last notification about it'))}"
            line["delivery_id"] = delivery.id
        return {"delivery_id": False, **line, "state": state, "story": story, "may_ask": may_ask, "may_send": may_send}

    def _not_told_yet(self, text, told):
        """Notifications that say something of a record, and of which nothing came.

        :param set told: ids of those that belong to a story already
        :return: values of lines
        :rtype: list[dict]
        """
        deliveries = self.env["bridge.delivery"]
        found = deliveries._not_taken_with(self.connector_id or self._flows().connector_id, text, MOST_NOTIFICATIONS)
        states = {"failed": "failed", "waiting": "waiting"}
        lines = []
        for delivery in found.filtered(lambda one: one.id not in told):
            state = states.get(delivery.state, "skipped")
            story = self._of_delivery(delivery, self.env._("A notification that says “%s”", text))
            if state == "failed":
                story = self.env["bridge.job"]._and_who(
                    self.env._("%s Correct the cause, then open it and press Replay.", story)
                )
            label = self.env._("A notification of %s", delivery.connector_id.name)
            values = {"delivery_id": delivery.id, "flow_id": delivery.flow_id.id, "record_label": label}
            lines.append({**values, "state": state, "story": story})
        return lines

    def _of_delivery(self, delivery, what):
        """What became of a notification.

        :param str what: how it is called
        """
        about, reason = {"what": what, "day": self._day(delivery.received)}, _sentence(delivery.reason)
        told = {
            "waiting": self.env._("%(what)s came on %(day)s, and waits to be taken.", **about),
            "done": self.env._("%(what)s came on %(day)s, and was taken.", **about),
            "failed": self.env._("%(what)s came on %(day)s, and could not be taken.", **about),
            "ignored": self.env._("%(what)s came on %(day)s, and was left aside.", **about),
            "cancelled": self.env._("%(what)s came on %(day)s, and was given up.", **about),
        }
        return f"{told[delivery.state]} {reason}".strip()

    @staticmethod
    def _key(place):
        """A record is known by its remote id, or else by its Odoo id."""
        name, value = ("external_id", place.external_id) if place.external_id else ("res_id", place.res_id)
        return [("flow_id", "=", place.flow.id), (name, "=", value)]

    def _of_job(self, job):
        if not job:
            return None, None
        since, message = self._day(job.create_date), job.error_text
        where = self._where(job)
        if job.state == "uncertain":
            return "failed", self.env._(
                "It was sent to %(system)s, and nobody knows whether it arrived there (%(since)s). Look there, then"
                " say so.",
                system=job.connector_id.name,
                since=since,
            )
        if job.state == "failed":
            return "failed", self.env._(
                "%(where)s It fails since %(since)s: %(message)s Correct the cause, then press Retry.",
                where=where,
                since=since,
                message=_sentence(message),
            )
        if message:
            return "waiting", self.env._(
                "%(where)s It failed on %(since)s: %(message)s It is tried again at %(due)s.",
                where=where,
                since=since,
                message=_sentence(message),
                due=self._day(job.due_at),
            )
        if job.kind == "pull_record":
            return "waiting", self.env._("It is being fetched; that was asked for on %s.", since)
        return "waiting", self.env._("It is being sent; that was asked for on %s.", since)

    def _where(self, job):
        if job.kind == "push_record":
            return self.env._("It is in Odoo, but not in %s as it should be.", job.connector_id.name)
        if self._is_bound(job):
            return self.env._("It is in Odoo, but not up to date.")
        return self.env._("It is not in Odoo.")

    def _is_bound(self, job):
        return bool(job.external_id and self.env["bridge.binding"]._known(job.flow_id.sudo(), [job.external_id]))

    def _of_binding(self, binding):
        system, synced = binding.connector_id.name, self._day(binding.synced)
        stories = {
            "missing": (
                "waiting",
                self.env._(
                    "It is in Odoo. The last full sync did not find it in %s any more; the next one decides.", system
                ),
            ),
            "removed": ("gone", self.env._("It was deleted in %(system)s (%(day)s).", system=system, day=synced)),
            "creating": ("waiting", self.env._("It was sent to %s; the answer is not here yet.", system)),
            "left": (
                "gone",
                self.env._("It was in agreement with %s once, and is not kept so any more: it left the flow.", system),
            ),
        }
        if binding.status == "conflict":
            return "conflict", self.env._(
                "It is on both sides, and both have changed it. A person has to decide which values are right."
            )
        if binding.status == "waiting":
            return "waiting", self.env._(
                "It is on both sides. It was changed in Odoo, and has still to be sent to %s.", system
            )
        if binding.status == "altered":
            return "altered", self.env._(
                "It is on both sides, but one of them keeps another value than it was given: the Error Desk tells in"
                " which field."
            )
        if binding.state in stories:
            return stories[binding.state]
        if not binding.res_id:
            return "gone", self.env._("It is in %s, and its Odoo record was deleted.", system)
        return "here", self.env._(
            "It is in Odoo and in %(system)s; the last change was synced on %(day)s.", system=system, day=synced
        )

    def _of_record(self, flow, res_id):
        """An Odoo record that has no partner in the other system."""
        system = flow.connector_id.name
        record = self.env[flow.model].browse(res_id).exists()
        if not record:
            return "gone", self.env._("It was deleted in Odoo.")
        if flow.direction == "pull":
            return "apart", self.env._(
                "It is in Odoo, and belongs to no record of %s: it was made here, or was not recognised.", system
            )
        if self._is_noted(flow, res_id):
            return "waiting", self.env._("It is in Odoo, and waits to be sent to %s.", system)
        if self._is_inside(flow, res_id):
            story = self.env._("It is in Odoo and is to be sent to %s, which has not happened yet.", system)
            if flow.connector_id.state != "live":
                return "waiting", self.env._("%(story)s Nothing is sent there, because it is not live.", story=story)
            return "waiting", self.env["bridge.job"]._and_who(self.env._("%s Press Send Now.", story))
        return "apart", self.env._(
            "It is in Odoo. The flow “%(flow)s” does not send it to %(system)s, because it is not among its Records to"
            " Push.",
            flow=flow.name,
            system=system,
        )

    def _is_noted(self, flow, res_id):
        """Is an Odoo record known to have changed?"""
        changes = [("flow_id", "=", flow.id), ("res_id", "=", res_id)]
        return bool(self.env["bridge.change"].search_count(changes, limit=1))

    @staticmethod
    def _is_inside(flow, res_id):
        try:
            return bool(inside(flow.sudo(), [res_id]))
        except UserError:
            return False  # the connector may do nothing now, and says so itself

    def _of_log(self, line):
        if not line:
            return "gone", self.env._("It was asked for, and is not here. Nothing more is known of it.")
        actions = dict(line._fields["action"]._description_selection(self.env))
        story = self.env._(
            "What happened last was “%(action)s”, on %(day)s. %(message)s",
            action=actions.get(line.action, ""),
            day=self._day(line.create_date),
            message=_sentence(line.message_text),
        )
        return "skipped" if line.action == "skip" else "gone", story.strip()

    def _day(self, moment):
        """A moment as this person reads it."""
        return self.env["ir.qweb.field.datetime"].value_to_html(moment, {"format": "medium"}) if moment else ""


SEVERITY = ("failed", "conflict", "waiting", "altered", "ignored", "skipped", "gone", "here", "apart")
ASKED = ("altered", "ignored", "skipped", "gone", "here")  # what asking the other system anew may tell more of
KNOWN = max(PLACE.values())  # as much as of one that is synced
NOTHING_KNOWN = KNOWN + 1


def _column(query, name):
    return query.subselect(SQL.identifier(query.table, name))


def _keys(flow, external_id, res_id):
    """What a record of a flow is known by."""
    return [(flow, name, value) for name, value in (("there", external_id), ("here", res_id)) if value]


def _sentence(message):
    message = (message or "").strip()
    return message if not message or message.endswith((".", "!", "?")) else f"{message}."
