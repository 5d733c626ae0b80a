import collections
import datetime
import math
import time
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..database import again_when_busy
from ..jobs.kinds import DRAINS
from ..jobs.outcome import progressed
from ..remote.delta import next_cursor
from ..remote.errors import RemoteError
from ..remote.walk import Walk
from .batch import COUNTERS, REMOVALS

PREVIEW_RECORDS = 200
BY_POSITION = ("page", "offset")


class BridgeRun(models.Model):
    _name = "bridge.run"
    _description = "Run"
    _order = "id desc"

    flow_id = fields.Many2one("bridge.flow", required=True, ondelete="cascade", index=True, readonly=True)
    connector_id = fields.Many2one(related="flow_id.connector_id", store=True, index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [("pull", "Remote to Odoo"), ("push", "Odoo to remote"), ("compare", "Full compare")],
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
        ],
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
    position = fields.Json(readonly=True, help="Where the run goes on after an interruption.")

    started = fields.Datetime(readonly=True)
    finished = fields.Datetime(readonly=True)
    duration = fields.Float("Seconds", readonly=True, digits=(16, 1), help="Time worked, without waiting.")
    fetched = fields.Integer(readonly=True, default=0)
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
    drift_ids = fields.One2many("bridge.drift", "run_id", string="Report")
    failed = fields.Integer(readonly=True, default=0)

    log_ids = fields.One2many("bridge.log", "run_id", string="Log Lines")
    job_ids = fields.One2many("bridge.job", "run_id", string="Jobs")
    exchange_ids = fields.One2many("bridge.exchange", "run_id", string="HTTP Exchanges")
    exchange_count = fields.Integer(compute="_compute_exchange_count")

    @api.depends("flow_id.name", "create_date")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.flow_id.name or ''} #{run.id or ''}"

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
        if not self.env.su and not self.env.user.has_group("integration_bridge.group_integration_bridge_operator"):
            raise AccessError(
                self.env._("Only an operator of the Integration Bridge may do this. Ask your administrator.")
            )

    @api.model
    def _start(self, flow, trigger, full=False, dry_run=None, kind="pull"):
        """A new run of a flow, not queued."""
        return self.create(
            {
                "flow_id": flow.id,
                "kind": kind,
                "trigger": trigger,
                "user_id": self.env.uid,
                "full": full,
                "dry_run": flow.connector_id.state == "preview" if dry_run is None else dry_run,
            }
        )

    @api.model
    def _enqueue(self, flow, trigger, full=False, dry_run=None, kind="pull"):
        """A run that a lane takes up; the one of this kind that waits already, if there is one.

        :rtype: BridgeRun
        """
        waiting = self.env["bridge.job"].search(
            [("flow_id", "=", flow.id), ("kind", "=", kind), ("state", "=", "pending")]
        )
        if waiting:
            if not waiting.run_id.position:
                preview = flow.connector_id.state == "preview" if dry_run is None else dry_run
                waiting.run_id.write({"full": waiting.run_id.full or full, "dry_run": preview})
            waiting.write({"due_at": fields.Datetime.now()})
            self.env["ir.cron"]._wake_lanes()
            return waiting.run_id
        run = self._start(flow, trigger, full=full, dry_run=dry_run, kind=kind)
        self.env["bridge.job"]._enqueue([{"kind": kind, "flow_id": flow.id, "run_id": run.id}])
        return run

    # ----------------------------------------------------------------------------------------------------------------
    # The road
    # ----------------------------------------------------------------------------------------------------------------

    def _run_slice(self, commit):
        """Walk on from where the run stands, until it ends or the time is up.

        :param commit: commits, told how many records were handled; gives the seconds that are left
        :return: has the run ended
        :rtype: bool
        :raises RemoteError: if the remote can not be read; what was committed stays, the position too
        """
        exchanges = []
        self._again_when_busy(self._begin, commit)
        step = self._compare_page if self.kind == "compare" else self._pull_page
        try:
            flow = self.flow_id
            mapper = flow._mapper()
            with flow.connector_id._client(exchanges) as client:
                with self._fetch(client, mapper, exchanges) as pages:
                    for page in pages:
                        left = self._again_when_busy(step, page, client, mapper, commit)
                        if page.after is None or self._preview_is_full():
                            break
                        if self.state == "cancelled":
                            return True
                        if left <= 0 or flow.connector_id.state == "disabled":
                            return False
                if self.kind == "compare":
                    if not self._report_missing(commit):
                        return False
                elif not self._remove_unseen(client, commit):
                    return self.state == "blocked"
        except RemoteError as error:
            error.exchanges = exchanges
            raise
        self.env["bridge.exchange"]._record(self, exchanges)
        self._again_when_busy(self._finish, commit)
        return True

    def _pull_page(self, page, client, mapper, commit):
        """One page along the road (DESIGN.md, "The road"): one transaction.

        :param Page page: fetched already
        :param Mapper mapper: the flow's, compiled once for the slice
        :return: the seconds that are left
        """
        flow, started = self.flow_id, time.monotonic()
        batch = flow._batch(self, page.records, client, mapper, page.read, commit=commit, patient=True)
        batch.exchange_id = next(iter(self.env["bridge.exchange"]._record(self, page.exchanges).values()), None)
        flow._compare(batch)
        flow._map(batch)
        flow._fetch_related(batch)
        flow._plan(batch)
        flow._apply(batch)
        flow._journal(batch)
        self._checkpoint(page, batch, time.monotonic() - started)
        return commit(len(page.records))

    def _begin(self, commit):
        """From waiting to running; decide what is read, once."""
        flow = self.flow_id
        operation = flow._operation("list")
        if flow.connector_id.state == "preview" and not self.dry_run and self.kind != "compare":
            self.dry_run = True  # switched to preview while the run waited
        if not self.position:
            cursor = flow.cursor or None  # Odoo reads an empty JSON field as False
            full = self.full or flow.full_scan_needed or cursor is None or operation.delta_kind == "none"
            full = full or flow._is_full_scan_due()
            self.full = full
            self.position = {
                "since": None if full else operation._delta().since(cursor),
                "state": operation._paginator(self._page_size()).start(),
                "pages": 0,
                "first": not self.env["bridge.binding"].search_count([("flow_id", "=", flow.id)], limit=1),
                "mapping": flow._mapping_key().decode(),
            }
        if self.state != "running":
            self.write({"state": "running", "started": self.started or fields.Datetime.now(), "message": False})
        commit(0)

    def _page_size(self):
        return min(self.flow_id.page_size, PREVIEW_RECORDS) if self.dry_run else self.flow_id.page_size

    def _preview_is_full(self):
        return self.dry_run and self.fetched >= PREVIEW_RECORDS

    @contextmanager
    def _fetch(self, client, mapper, exchanges):
        """The pages from the run's position on, the next one read ahead and its records identified.

        :return: an iterable of ``Page``; iterating raises RemoteError
        """
        if self.position["state"] is None:  # every page was read before the interruption
            yield ()
            return
        operation, since = self.flow_id._operation("list")._compiled(self._page_size()), self.position["since"]

        # Where nothing is known yet, every record is going to be mapped; else only those that have changed.
        begin = mapper.identify_and_map if self.position["first"] else mapper.only_identify

        def read_and_map(state):
            # In the reading thread, which works while this one waits for the database.
            page = operation.page(client, exchanges, state, since)
            page.read = [begin(document) for document in page.records]
            return page

        with Walk(read_and_map, self.position["state"]) as pages:
            yield pages

    def _again_when_busy(self, step, *args):
        """As ``again_when_busy``; but a preview is the caller's transaction, which is not ours to begin again."""
        return step(*args) if self.dry_run else again_when_busy(self.env, step, *args)

    def _checkpoint(self, page, batch, seconds):
        """Position and counters, in the same transaction as the records, so that they can never disagree."""
        self._count(batch, {"fetched": len(page.records), "duration": seconds})
        self._checkpoint_page(page, batch)

    def _checkpoint_page(self, page, batch):
        position = dict(self.position)
        delta = self.flow_id._operation("list")._delta()
        position["began"] = position.get("began") or page.began.isoformat()
        updates = [item.updated for item in batch.items]
        position["candidate"] = delta.observe(position.get("candidate"), page.answer, updates)
        position["pages"] += 1
        position["state"] = page.after
        self.position = position
        progressed(self.job_ids.filtered(lambda job: job.kind in DRAINS))

    def _count(self, batch, more=None):
        """Add what became of a batch to the counters."""
        counts = collections.Counter(more or {})
        counts.update(COUNTERS[item.action] for item in batch.items)
        self._add(counts)

    def _add(self, counts):
        """:param collections.Counter counts: by the names of the counters"""
        if counts:
            self.write({name: self[name] + count for name, count in counts.items()})

    # ----------------------------------------------------------------------------------------------------------------
    # What a full scan did not see
    # ----------------------------------------------------------------------------------------------------------------

    def _remove_unseen(self, client, commit):
        """Remove what a full scan did not see, as the flow's rule says, if that is believable.

        :return: is it done; False if the time is up or a person has to decide first
        :rtype: bool
        """
        flow = self.flow_id
        if not self.full or self.dry_run or flow.delete_policy == "ignore":
            return True
        if not self._is_believable():
            commit(0)
            return False
        while unseen := self._unseen(limit=flow.page_size):
            if self._again_when_busy(self._remove_page, unseen, client, commit) <= 0:
                return False
        return True

    def _unseen(self, limit=None, count=False):
        domain = [
            ("flow_id", "=", self.flow_id.id),
            ("state", "in", ("linked", "missing")),
            ("parent_id", "=", False),
            "|",
            ("seen_run_id", "<", self.id),  # a later scan may have seen it since
            ("seen_run_id", "=", False),
            ("create_date", "<=", self.started),  # what was bound meanwhile is not missing
        ]
        bindings = self.env["bridge.binding"]
        return bindings.search_count(domain) if count else bindings.search(domain, limit=limit, order="id")

    def _is_believable(self):
        """The brake: a scan that misses more than the flow's limit more likely went wrong than told the truth."""
        flow = self.flow_id
        if self.position.get("confirmed"):
            return True
        total = self.env["bridge.binding"].search_count(
            [("flow_id", "=", flow.id), ("state", "in", ("linked", "missing")), ("parent_id", "=", False)]
        )
        missing = self._unseen(count=True)
        if missing <= math.ceil(total * flow.remove_limit / 100):
            return True
        self.write(
            {
                "state": "blocked",
                "message": self.env._(
                    "The full scan did not find %(missing)s of %(total)s records. That is more than the limit of"
                    " %(limit)s %%, so nothing was removed. If they are really gone, press “Remove Them”; otherwise"
                    " press “Cancel” and check the other system.",
                    missing=missing,
                    total=total,
                    limit=flow.remove_limit,
                ),
            }
        )
        self.env["bridge.alert"]._wake()
        return False

    def _remove_page(self, unseen, client, commit):
        flow, started = self.flow_id, time.monotonic()
        gone = self._verify_gone(unseen, client)
        batch = flow._removal_batch(self, gone)
        flow._plan(batch)
        flow._apply(batch)
        flow._journal(batch)
        # This scan is done with what stays, such as a conflict that a person has to decide.
        left = [item.binding.id for item in batch.items if item.action not in REMOVALS]
        self.env["bridge.binding"].browse(left).write({"seen_run_id": self.id})
        self._count(batch, {"duration": time.monotonic() - started})
        return commit(len(unseen))

    def _verify_gone(self, unseen, client):
        """Which of the records that the scan did not see are really gone.

        One that moved to a page which we had read already is still there. The remote says so where it can be asked for
        one record; else, where pages are positions, a record has to be missing in two scans.
        """
        operation = self.flow_id._operation("get")
        if operation:
            there = unseen.filtered(lambda binding: _is_there(operation, client, binding.external_id))
        elif self.position["pages"] > 1 and self.flow_id._operation("list").pagination in BY_POSITION:
            there = unseen.filtered(lambda binding: binding.state == "linked")
            there.state = "missing"
        else:
            there = unseen.browse()
        there.seen_run_id = self.id
        return unseen - there

    # ----------------------------------------------------------------------------------------------------------------
    # End
    # ----------------------------------------------------------------------------------------------------------------

    def _finish(self, commit):
        """Move the flow's cursor, look again at what waited for other records, and say how it went."""
        flow = self.flow_id
        if not self.dry_run and self.kind == "pull":
            flow.write(self._progress())
            self.env["bridge.job"]._make_due(flow, arrived=bool(self.created or self.linked))
        message = self.env._("This is what the first %s records would become.", self.fetched) if self.dry_run else False
        self.write(
            {
                "state": "partial" if self.failed else "done",
                "finished": fields.Datetime.now(),
                "message": message,
            }
        )
        commit(0)

    def _progress(self):
        """Cursor and candidate of the flow after this walk."""
        flow, position = self.flow_id, self.position
        operation = flow._operation("list")
        began = datetime.datetime.fromisoformat(position.get("began") or "1970-01-01T00:00:00+00:00")
        delta = operation._delta()
        candidate = delta.limit(position.get("candidate"), began)
        waits = position["pages"] > 1 and (operation.pagination in BY_POSITION or delta.clockless)
        # The first full scan after a changed mapping has nothing before it that could be trusted.
        previous = None if flow.full_scan_needed else flow.candidate or None
        cursor, candidate = next_cursor({"candidate": candidate, "previous": previous}, waits)
        progress = {"last_full_scan": fields.Datetime.now()} if self.full else {}
        if candidate is not None:  # a quiet walk tells nothing, and so forgets nothing
            progress["candidate"] = candidate
        if cursor is not None or (self.full and waits):
            progress["cursor"] = cursor
        # A mapping that was changed while we walked still wants its full scan.
        if self.full and position["mapping"] == flow._mapping_key().decode():
            progress["full_scan_needed"] = False
        return progress

    def _restart_in_full(self, error):
        """Does this error mean that the cursor is too old? Then read everything.

        :rtype: bool
        """
        statuses = self.flow_id._operation("list")._reset_statuses()
        if not self.position or self.position["since"] is None or error.status not in statuses:
            return False
        self.write({"full": True, "position": False})
        return True

    def _fail(self, message):
        self.write({"state": "failed", "finished": fields.Datetime.now(), "message": message})
        if not self.dry_run:
            self.env["bridge.alert"]._wake()

    def _finish_records(self):
        """A run that only carries single records ends when they do."""
        runs = self.filtered(lambda run: run.trigger == "record")
        states = {}
        for run, state in self.env["bridge.job"]._read_group([("run_id", "in", runs.ids)], ["run_id", "state"]):
            states.setdefault(run, set()).add(state)
        now = fields.Datetime.now()
        for run in runs.filtered(lambda run: "pending" not in states.get(run, ())):
            state = "partial" if run.failed or "failed" in states.get(run, ()) else "done"
            run.write({"state": state, "started": run.started or now, "finished": now})

    def _preview(self):
        """Plan the first records, at once and in the caller's transaction."""
        step = self._push_slice if self.kind == "push" else self._run_slice
        try:
            step(lambda processed: float("inf"))
        except RemoteError as error:
            self.env["bridge.exchange"]._record(self, error.exchanges)
            self._fail(self.connector_id._explain(error))

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_confirm_removal(self):
        """Remove what the scan did not find after all."""
        self._check_operator(self)
        for run in self.sudo().filtered(lambda run: run.state == "blocked"):
            run.write({"state": "running", "message": False, "position": {**run.position, "confirmed": True}})
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
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_log_action")
        return {**action, "domain": [("run_id", "in", self.ids)], "context": {}}

    def action_open_exchanges(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_exchange_action")
        return {**action, "domain": [("run_id", "in", self.ids)], "context": {}}

    def _action_open(self):
        """Show these runs."""
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_run_action")
        if len(self) == 1:
            return {**action, "views": [(False, "form")], "res_id": self.id}
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
    # A look at what the bridge itself has written finds nothing, and tells nobody anything.
    (
        "bridge.run",
        "quiet_days",
        1,
        "create_date",
        [("trigger", "=", "change"), ("state", "=", "done"), *((name, "=", 0) for name in TELLING)],
    ),
    (
        "bridge.run",
        "run_days",
        90,
        "create_date",
        [("state", "in", ("done", "partial", "failed", "cancelled")), ("job_ids", "=", False)],
    ),
)


def _is_there(operation, client, external_id):
    try:
        operation._get(client, external_id)
    except RemoteError as error:
        if error.status in (404, 410):
            return False
        raise
    return True
