import collections
import datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .. import database
from ..jobs import failures, on_demand
from ..jobs.kinds import DRAINS, SINGLE
from ..jobs.schedule import note_failed_run
from ..remote.errors import RemoteError
from ..remote.flight import WHOLESALE
from ..road.compare import CompareSlice
from ..road.notes import told
from ..road.pull.slice import PullSlice
from ..road.push.slice import PushSlice
from ..road.words import (
    ALTERED,
    ALTERED_THERE,
    COUNTERS,
    CREATE,
    LINK,
    REMOVALS,
    SENDS,
    SENT_COUNTERS,
    SKIP,
    UPDATE,
)
from .bridge_opening_mixin import called
from .roles import is_operator

APPLICABLE = (CREATE, UPDATE, LINK, *REMOVALS, *SENDS)  # what of a preview can be done
WAITING = "waiting"  # how a run is shown that waits for the other system
PAUSED = "paused"  # and one that waits because a person has paused the connector
SLICES = {"pull": PullSlice, "push": PushSlice, "compare": CompareSlice}


class BridgeRun(models.Model):
    _name = "bridge.run"
    _description = "Run"
    _inherit = ["bridge.opening.mixin", "bridge.counted.mixin"]
    _order = "id desc"

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", index=True, readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id", store=True, index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [("pull", "To Odoo"), ("push", "To the other system"), ("compare", "Comparison")],
        string="What",
        default="pull",
        required=True,
        readonly=True,
    )
    trigger = fields.Selection(
        [
            ("manual", "By hand"),
            ("schedule", "Schedule"),
            ("record", "Single records"),
            ("change", "Change in Odoo"),
            ("call", "Called by the Other System"),
            ("webhook", "Told by the Other System"),
        ],
        string="Why It Ran",
        readonly=True,
    )
    user_id = fields.Many2one("res.users", string="Started By", readonly=True)
    full = fields.Boolean("Full Scan", readonly=True)
    dry_run = fields.Boolean("Preview", readonly=True)
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("partial", "Done, With Failures"),
            ("blocked", "Needs a Decision"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        default="pending",
        required=True,
        readonly=True,
        index=True,
    )
    message = fields.Text(readonly=True)
    # What the other system says of where its list goes on may let whoever reads it go there.
    position = fields.Json(readonly=True, groups=fields.NO_ACCESS, help="Where the run goes on after an interruption.")
    asked = fields.Char("Asks For", compute="_compute_asked", compute_sudo=True)
    anew = fields.Json(
        readonly=True,
        help="Fields that one side's values are taken for, whatever was agreed, and the IDs of the records, if it is"
        " not all.",
    )
    # Values of records, which only those may read who may read the records.
    chosen = fields.Json(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="What a preview has shown of the records that a person chose there, by their IDs; only those are applied.",
    )
    anew_text = fields.Char("Taken Anew", compute="_compute_anew_text")

    started = fields.Datetime(readonly=True)
    finished = fields.Datetime(readonly=True)
    duration = fields.Float("Seconds Worked", readonly=True, digits=(16, 3), help="Time worked, without waiting.")
    elapsed = fields.Char("Duration", compute="_compute_elapsed", help="From its start to its end, with all waiting.")
    shown_state = fields.Selection(
        "_selection_shown_state", "Result", compute="_compute_shown_state", help="With what it waits for."
    )
    fetched = fields.Integer(readonly=True, default=0)
    expected = fields.Integer(readonly=True, help="How many records the other system says that its list has.")
    created = fields.Integer(readonly=True, default=0)
    updated = fields.Integer(readonly=True, default=0)
    linked = fields.Integer(readonly=True, default=0)
    unchanged = fields.Integer(readonly=True, default=0)
    archived = fields.Integer(readonly=True, default=0)
    removed = fields.Integer("Deleted", readonly=True, default=0)
    skipped = fields.Integer(readonly=True, default=0)
    sent_created = fields.Integer("Created There", readonly=True, default=0)
    sent_updated = fields.Integer("Updated There", readonly=True, default=0)
    sent_removed = fields.Integer("Removed There", readonly=True, default=0)
    conflicts = fields.Integer(readonly=True, default=0)
    drifted = fields.Integer("Differences", readonly=True, default=0)
    altered = fields.Integer(
        "Kept Otherwise",
        readonly=True,
        default=0,
        help="Records that were written, and of which the side that they were written to keeps something else.",
    )
    drift_ids = fields.One2many("bridge.drift", "run_id", string="Report")
    failed = fields.Integer(readonly=True, default=0)

    log_ids = fields.One2many("bridge.log", "run_id", string="Log Lines")
    failed_line_ids = fields.One2many("bridge.log", "run_id", domain=[("action", "=", "reject")])
    job_ids = fields.One2many("bridge.job", "run_id", string="Jobs")
    exchange_ids = fields.One2many("bridge.exchange", "run_id", string="HTTP Exchanges")
    exchange_count = fields.Integer(compute="_compute_exchange_count")

    @api.depends("flow_id.name", "create_date")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.flow_id.name or ''} #{run.id or ''}"

    @api.depends("started", "finished")
    def _compute_elapsed(self):
        for run in self:
            seconds = int((run.finished - run.started).total_seconds()) if run.started and run.finished else None
            run.elapsed = False if seconds is None else self._say_seconds(max(seconds, 0))

    @api.depends("position")
    def _compute_asked(self):
        for run in self:
            run.asked = (run.position or {}).get("asked", "removal")

    @api.depends("anew", "flow_id")
    def _compute_anew_text(self):
        for run in self:
            flow, names = run.flow_id.sudo(), (run.anew or {}).get("fields", ())
            run.anew_text = ", ".join(flow._field_label(name) or name for name in names)

    @api.model
    def _say_seconds(self, seconds):
        """:param int seconds: for a person: hours, minutes and seconds"""
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return self.env._("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
        if minutes:
            return self.env._("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=seconds)
        return self.env._("%s s", seconds) if seconds else self.env._("less than 1 s")

    @api.model
    def _selection_shown_state(self):
        return [
            *self._fields["state"]._description_selection(self.env),
            (WAITING, self.env._("Waiting for the Other System")),
            (PAUSED, self.env._("Paused")),
        ]

    @api.depends("state", "job_ids.state", "job_ids.error_kind", "job_ids.due_at")
    def _compute_shown_state(self):
        """One whose job waits because the other system gives nothing now, or a person wants it to, is not running."""
        running = self.filtered(lambda run: run.state == "running")
        kinds = [*WHOLESALE, "protocol"]
        waiting = [("kind", "in", DRAINS), ("state", "=", "pending"), ("error_kind", "in", kinds)]
        waiting = self.env["bridge.job"].sudo().search_fetch([("run_id", "in", running.ids), *waiting], ["run_id"])
        open_ = self.filtered(lambda run: run.state in ("pending", "running"))
        held = self.env["bridge.gate"].sudo()._held(open_.connector_id)
        for run in self:
            run.shown_state = WAITING if run in waiting.run_id else run.state
            if run in open_ and run.connector_id in held:
                run.shown_state = PAUSED

    def _compute_exchange_count(self):
        counts = dict(self.env["bridge.exchange"]._read_group([("run_id", "in", self.ids)], ["run_id"], ["__count"]))
        for run in self:
            run.exchange_count = counts.get(run, 0)

    # ----------------------------------------------------------------------------------------------------------------
    # Beginning
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _check_operator(self, records=()):
        """Who may run and retry, and what.

        :param records: what it is done to; who may not read it may not run it either
        :raises AccessError: for everybody else
        """
        if records:
            records.check_access("read")
        if not self.env.su and not is_operator(self.env):
            raise AccessError(
                self.env._("Only an operator of the Integration Bridge may do this. Ask your administrator.")
            )

    @api.model
    def _start(self, flow, trigger, full=False, dry_run=None, kind="pull", anew=None):
        """A new run of a flow, not queued."""
        return self.create(
            {
                "flow_id": flow.id,
                "kind": kind,
                "trigger": trigger,
                "user_id": self.env.uid,
                "full": full,
                "dry_run": flow.connector_id.state == "preview" if dry_run is None else dry_run,
                "anew": anew,
            }
        )

    @api.model
    def _enqueue(self, flow, trigger, full=False, dry_run=None, kind="pull", anew=None):
        """A run that a lane takes up; the one of this kind that waits already, if there is one.

        :param dict anew: what is taken anew: ``fields``, and ``ids`` of records or None
        :rtype: BridgeRun
        :raises UserError: if something is to be taken anew while such a run is under way, or the flow is only called
        """
        if flow.is_called:
            raise UserError(
                self.env._("The other system calls the flow “%s”; Odoo does not call it.", flow.display_name)
            )
        jobs = self.env["bridge.job"].search(
            [("flow_id", "=", flow.id), ("kind", "=", kind), ("state", "in", ("pending", "running"))]
        )
        waiting = jobs.filtered(lambda job: job.state == "pending")
        under_way = (jobs - waiting).run_id | waiting.run_id.filtered(lambda run: run.position or run.anew)
        if anew and under_way:
            name = under_way[:1].display_name
            raise UserError(self.env._("The run “%s” is not at its end. Wait for it, or cancel it.", name))
        if waiting:
            if anew:
                waiting.run_id.anew = anew
            if not waiting.run_id.position:
                preview = flow.connector_id.state == "preview" if dry_run is None else dry_run
                waiting.run_id.write({"full": waiting.run_id.full or full, "dry_run": preview})
            waiting.write({"due_at": fields.Datetime.now()})
            self.env["ir.cron"]._wake_lanes()
            return waiting.run_id
        run = self._start(flow, trigger, full=full, dry_run=dry_run, kind=kind, anew=anew)
        self.env["bridge.job"]._enqueue([{"kind": kind, "flow_id": flow.id, "run_id": run.id}])
        return run

    @api.model
    def _asking(self, flow):
        """Pushes of a flow that have stopped until a person decides; meanwhile none starts by itself.

        :rtype: BridgeRun
        """
        return self.sudo().search([("flow_id", "=", flow.id), ("kind", "=", "push"), ("state", "=", "blocked")])

    # ----------------------------------------------------------------------------------------------------------------
    # The road
    # ----------------------------------------------------------------------------------------------------------------

    def _run_slice(self, commit):
        """Go on from where the run stands, until it ends or the time is up.

        :param commit: commits, told how many records were handled; gives the seconds that are left
        :return: has the run ended
        :rtype: bool
        :raises NotApproved: if the connector may not act as its user
        :raises RemoteError: if the remote gives no more now; what was committed stays, the position too
        """
        self.env["bridge.approval"]._check(self.connector_id)
        return SLICES[self.kind](self, commit).work()

    def _is_anew(self, record_id):
        """Are one side's values taken for this record, whatever was agreed?

        :param record_id: its remote id in a pull, its Odoo id in a push
        :rtype: bool
        """
        return bool(self.anew) and (self.anew["ids"] is None or record_id in self.anew["ids"])

    def _anew_fields(self):
        """The fields that one side's values are taken for; None: a preference is about the record as a whole.

        :rtype: frozenset | None
        """
        return frozenset(self.anew["fields"]) if self.anew else None

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self._tell()
        return result

    @api.model
    def _going_on(self, connectors):
        """Whole runs that wait or work, those at work first; a preview is nobody's business but its own.

        :rtype: BridgeRun
        """
        domain = [("connector_id", "in", connectors.ids), ("state", "in", ("pending", "running"))]
        domain += [("trigger", "not in", SINGLE), ("dry_run", "=", False)]
        return self.search_fetch(domain, order="state DESC, id")

    def _progress(self):
        """What the screens say how far it is by.

        :rtype: dict
        """
        return {name: self[name] for name in ("kind", "state", "shown_state", "fetched", "expected")}

    def _tell(self):
        """Screens that show these runs read them again. Only ids and states are told, for everybody hears them."""
        for run in self.filtered(lambda run: run.trigger not in SINGLE):
            self._tell_of(run.connector_id, run)

    @api.model
    def _tell_of(self, connectors, run=None):
        """Screens that show these connectors read them again, or this run of one."""
        users = self.env.ref("integration_bridge.group_integration_bridge_user").sudo()
        for connector in connectors:
            news = {"run": run.id, "state": run.state} if run else {"run": False, "state": False}
            users._bus_send("bridge.run", {"connector": connector.id, **news})

    def _own_job(self):
        """The job at work that carries the run."""
        return self.job_ids.filtered(lambda job: job.kind == self.kind and job.state == "running")[:1]

    def _again_when_busy(self, step, *args):
        """As in ``database``; but a preview is the caller's transaction, which is not ours to begin again."""
        return step(*args) if self.dry_run else database.again_when_busy(self.env, step, *args)

    def _written(self, external_ids, actions):
        """Which of these records a pull has written so far, by its log.

        :param list[str] external_ids: remote ids
        :param actions: what counts as written
        :rtype: list[str]
        """
        domain = [("run_id", "=", self.id), ("external_id", "in", external_ids), ("action", "in", actions)]
        domain.append(("flow_id", "=", self.flow_id.id))  # what it brought beside is in its log, too
        return self.env["bridge.log"].search_fetch(domain, ["external_id"]).mapped("external_id")

    def _count(self, outcomes, more=None):
        """Add what became of records that came to the counters.

        :param list[Outcome] outcomes: of the road to Odoo
        :param dict more: by the names of the counters
        """
        counts = collections.Counter(more or {})
        counts.update(COUNTERS[outcome.action] for outcome in outcomes)
        counts["altered"] += sum(outcome.is_altered for outcome in outcomes)
        self._add(counts)

    def _count_sent(self, outcomes):
        """Add what became of records that were pushed to the counters.

        :param list[Outcome] outcomes: of the road to the other system
        """
        counts = collections.Counter({"fetched": len(outcomes)})
        counts.update(SENT_COUNTERS[outcome.action] for outcome in outcomes)
        self._add(counts)

    def _add(self, counts):
        """:param dict counts: by the names of the counters"""
        if counts:
            self.write({name: self[name] + count for name, count in counts.items()})

    # ----------------------------------------------------------------------------------------------------------------
    # End
    # ----------------------------------------------------------------------------------------------------------------

    def _finish(self, remarks=(), is_part=False):
        """Say how it went.

        :param list[str] remarks: what a person should look at although it went well
        :param bool is_part: is it a preview that has stopped at as many records as it shows?
        """
        plan = self.env._("This is what would become of all records in question: %s.", self.fetched)
        if is_part:
            plan = self.env._("This is what would become of the first records: %s. There can be more.", self.fetched)
        plan = self.dry_run and plan
        message = "\n".join(filter(None, (plan, *remarks))) or False
        state = "partial" if self.failed else "done"
        self.write({"state": state, "finished": fields.Datetime.now(), "message": message})

    def _resume(self):
        """Go on where a run has failed; a full scan, if it is known what it has seen, else it begins anew."""
        is_forgotten = self.full and self.finished < self.env["bridge.seen"]._kept_since()
        anew = {"position": False} if is_forgotten else {}
        self.write({"state": "running", "finished": False, **anew})

    def _restart_in_full(self, error):
        """Does this error mean that the cursor is too old? Then read everything.

        :rtype: bool
        """
        statuses = self.flow_id._operation("list")._reset_statuses()
        if not self.position or self.position["since"] is None or error.status not in statuses:
            return False
        self.write({"full": True, "position": False, "expected": 0})
        return True

    def _fail(self, message):
        if not self.dry_run:
            until = note_failed_run(self.flow_id, self.kind)
            if until:
                again = self.env._("No other run starts by itself before %(time)s UTC.", time=until)
                message = f"{message} {again}"
            self.env["bridge.alert"]._wake()
        self.write({"state": "failed", "finished": fields.Datetime.now(), "message": message})

    def _finish_records(self):
        """A run that only carries single records ends when they do."""
        runs = self.filtered(lambda run: run.trigger in SINGLE)
        states = {}
        for run, state in self.env["bridge.job"]._read_group([("run_id", "in", runs.ids)], ["run_id", "state"]):
            states.setdefault(run, set()).add(state)
        now = fields.Datetime.now()
        for run in runs.filtered(lambda run: "pending" not in states.get(run, ())):
            state = "partial" if run.failed or "failed" in states.get(run, ()) else "done"
            run.write({"state": state, "started": run.started or now, "finished": now, **run._not_applied()})

    def _not_applied(self):
        """What is said of chosen records that were not applied."""
        if not self.chosen:
            return {}
        held = [one for one in self.chosen.values() if one]
        changed = self.skipped and self.env._(
            "%(skipped)s of %(all)s chosen records would not become what the preview has shown, because they were"
            " changed since. They were not applied; the log lines say which. Look at a new preview.",
            skipped=self.skipped,
            all=len(held),
        )
        left = len(self.chosen) - len(held)
        waiting = left and self.env._(
            "Chosen records that wait or failed already: %s. They were left as they are; the log lines say which.", left
        )
        message = "\n".join(filter(None, (changed, waiting)))
        return {"message": message} if message else {}

    def _apply(self, lines):
        """Have what this preview has shown of some records done: by the same road, each only if it is still that.

        :param BridgeLog lines: of this preview
        :return: the run that does it
        :rtype: BridgeRun
        :raises UserError: if nothing can be done, with what to do instead
        """
        flow, jobs = self.flow_id, self.env["bridge.job"]
        on_demand.check_works(flow)
        column = "external_id" if self.kind == "pull" else "res_id"
        lines = lines.filtered(lambda line: line.flow_id == flow and line.action in APPLICABLE and line[column])
        if not lines:
            raise UserError(
                self.env._("Nothing would happen to these records. Choose some that would be created or changed.")
            )
        if self.kind == "pull":
            on_demand.check_gets_records(flow)
        jobs.flush_model()
        # What an open job remembers may be known nowhere else, so it stays that job's whatever becomes of these.
        taken = failures.open_among(flow, column, lines.mapped(column))
        left = lines.filtered(lambda line: line[column] in taken)
        free = (lines - left).mapped(column)
        if not free:
            raise UserError(
                self.env._("All of these records wait or failed already. Look at them in Errors, and retry them there.")
            )
        run = self._start(flow, "record", dry_run=False, kind=self.kind, anew=self.anew)
        chosen = {line: {"action": line.action, "changes": line.changes} for line in lines - left}
        run.chosen = {str(line[column]): chosen.get(line) for line in lines}  # None: left to its open job
        run._leave(left)
        if self.kind == "pull":
            jobs._enqueue_records(flow, free, prefer="remote" if self.anew else None, run=run)
        else:
            jobs._enqueue_pushes(flow, free, prefer="odoo" if self.anew else None, run=run)
        return run

    def _leave(self, lines):
        """Say of chosen records that they are left to their open jobs.

        :param BridgeLog lines: of a preview
        """
        told_of = {"action": SKIP, "message": told(self.env, "has_a_job")}
        names = ("external_id", "res_id", "record_name")
        rows = [{**told_of, **{name: line[name] or None for name in names}} for line in lines]
        self.env["bridge.log"]._insert(self.flow_id, self, rows)
        self.write(self._not_applied())

    def _preview(self):
        """Plan the first records, at once and in the caller's transaction."""
        try:
            self._run_slice(lambda processed: float("inf"))
        except RemoteError as error:
            self.env["bridge.exchange"]._record(self, error.exchanges)
            self._fail(self.connector_id._tell(error))

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def _ask(self, what, message):
        """Stop until a person has said yes or no.

        :param str what: ``removal``, or another thing that the run does not do by itself
        :param str message: the question
        """
        self.write({"state": "blocked", "message": message, "position": {**self.position, "asked": what}})
        self.env["bridge.alert"]._wake()

    def _is_confirmed(self, what):
        """Has a person said yes to that?

        :rtype: bool
        """
        return what in (self.position or {}).get("confirmed", ())

    def action_confirm(self):
        """Do what the run has asked for, after all: no more than that."""
        self._check_operator(self)
        for run in self.sudo().filtered(lambda run: run.state == "blocked"):
            confirmed = [*run.position.get("confirmed", ()), run.asked]
            run.write({"state": "running", "message": False, "position": {**run.position, "confirmed": confirmed}})
            job = run.job_ids.filtered_domain([("kind", "=", run.kind)])[:1] or self.env["bridge.job"]._enqueue(
                [{"kind": run.kind, "flow_id": run.flow_id.id, "run_id": run.id, "state": "cancelled"}]
            )
            job._wait({"due_at": fields.Datetime.now(), "finished": False})
            self.env["ir.cron"]._wake_lanes()

    def action_cancel(self):
        """Stop a run that waits, needs a decision, or is between two slices."""
        self._check_operator(self)
        runs = self.sudo().filtered(lambda run: run.state in ("pending", "running", "blocked"))
        runs.job_ids.filtered(lambda job: job.kind in DRAINS and job.state == "pending").write({"state": "cancelled"})
        runs.write({"state": "cancelled", "finished": fields.Datetime.now()})

    def action_open_logs(self):
        return self._opens("log", [("run_id", "in", self.ids)], context={})

    def action_open_plan(self):
        """What a preview has shown, record by record."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_log_action_preview")
        return {**action, "domain": [("run_id", "in", self.ids)]}

    def action_open_exchanges(self):
        return self._opens("exchange", [("run_id", "in", self.ids)], context={})

    def action_open_drift(self):
        """The report of a full compare."""
        return self._opens("drift", [("run_id", "in", self.ids)])

    def _action_open(self):
        """Show these runs."""
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_run_action")
        if len(self) == 1:
            return {**action, "views": [(False, "form")], "res_id": self.id}
        if all(run.dry_run for run in self):
            action = called(action, self.env._("Preview"))
        return {**action, "domain": [("id", "in", self.ids)], "context": {}}

    # ----------------------------------------------------------------------------------------------------------------
    # Retention
    # ----------------------------------------------------------------------------------------------------------------

    @api.autovacuum
    def _gc_finished(self):
        """Delete finished runs, done jobs, log lines and exchanges that are older than the settings say."""
        parameters = self.env["ir.config_parameter"].sudo()
        done, remaining = 0, 0
        for model_name, setting, default, date, domain in RETENTION:
            days = int(parameters.get_param(f"integration_bridge.{setting}", default))
            before = fields.Datetime.now() - datetime.timedelta(days=days)
            old = self.env[model_name].sudo().search([(date, "<", before), *domain], limit=GC_BATCH, order="id")
            old.unlink()
            done += len(old)
            remaining += len(old) == GC_BATCH
        return done, remaining


GC_BATCH = 10000
TELLING = ("sent_created", "sent_updated", "sent_removed", "created", "updated", "skipped", "conflicts", "failed")
RETENTION = (
    ("bridge.exchange", "exchange_days", 14, "create_date", []),
    ("bridge.log", "log_days", 90, "create_date", []),
    # Why a failure is ignored must be known as long as it is.
    (
        "bridge.job",
        "job_days",
        30,
        "finished",
        [("state", "in", ("done", "cancelled")), ("ignored_reason", "=", False)],
    ),
    ("bridge.delivery", "delivery_days", 14, "received", [("state", "!=", "waiting")]),
    # That deliveries were taken is told by the deliveries.
    ("bridge.job", "quiet_days", 1, "finished", [("kind", "=", "take"), ("state", "=", "done")]),
    # A look at what the bridge itself has written finds nothing, and tells nobody anything; nor does its echo.
    (
        "bridge.run",
        "quiet_days",
        1,
        "create_date",
        [
            ("trigger", "in", ("change", "webhook")),
            ("job_ids", "=", False),
            ("state", "=", "done"),
            *((name, "=", 0) for name in TELLING),
        ],
    ),
    (
        "bridge.run",
        "run_days",
        90,
        "create_date",
        [
            ("state", "in", ("done", "partial", "failed", "cancelled")),
            ("job_ids", "=", False),
            ("drift_ids", "not any", [("kind", "in", (ALTERED, ALTERED_THERE))]),  # that is told until it is settled
        ],
    ),
)
