import ast
import re

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .. import capture
from ..definition.ready import check_references
from ..jobs import on_demand
from ..jobs.schedule import KINDS, end_waiting, schedule
from ..mapping.errors import MappingError
from ..mapping.fingerprint import fingerprint
from ..mapping.mapper import PLACES, Mapper
from ..mapping.paths import parse_expression, parse_path
from ..remote.operation import as_number
from ..road.inside import inside
from ..road.order import in_order
from ..road.pull.road import Pull
from ..road.push.road import Push
from .bridge_opening_mixin import called
from .bridge_status_mixin import UNSENT

DIRECTIONS = [("pull", "To Odoo"), ("push", "To the other system"), ("both", "Both ways")]
AUTHORITIES = [
    ("remote", "The other system"),
    ("odoo", "Odoo"),
    ("newest", "The side changed last"),
    ("ask", "Ask a person"),
]
LEAVE_POLICIES = [("delete", "Delete it there"), ("archive", "Archive it there"), ("keep", "Leave it there")]
CONFIGURED = {  # what says what records become, or what is done with them
    *("model_id", "active", "direction", "authority", "can_create", "can_update", "id_path", "updated_path"),
    *("match_domain", "push_domain", "delete_policy", "gone_values", "gone_button"),
}

WAITS = "Runs have failed as a whole, so that the next one does not start by itself before. “Sync Now” starts at once."
# What Python and Odoo say of a domain that is none.
UNUSABLE = (ValueError, TypeError, AttributeError, SyntaxError, RecursionError, MemoryError)
UNUSABLE += (NotImplementedError, UserError)


class BridgeFlow(models.Model):
    _name = "bridge.flow"
    _description = "Flow"
    _inherit = ["bridge.code.mixin", "bridge.derived.mixin", "bridge.gone.mixin", "bridge.called.mixin"]
    _inherit += ["bridge.contents.mixin", "bridge.sample.mixin", "bridge.there.mixin"]
    _link = "flow_id"
    _order = "connector_id, sequence, id"

    # What is kept in agreement
    name = fields.Char(required=True)
    code = fields.Char(required=True, help="Names the flow in definitions and in the options of converters.")
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    connector_id = fields.Many2one("bridge.connector", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connector_id.company_id", store=True, index=True)
    connector_state = fields.Selection(related="connector_id.state", string="Connector State")
    risk = fields.Text(compute="_compute_risk")
    model_id = fields.Many2one(
        "ir.model",
        string="Odoo Model",
        required=True,
        ondelete="cascade",
        domain=[("transient", "=", False), ("abstract", "=", False)],
    )
    model = fields.Char(related="model_id.model", store=True, index=True, string="Model Name")
    parent_id = fields.Many2one(
        "bridge.flow",
        string="Part of Flow",
        ondelete="cascade",
        index=True,
        domain="[('connector_id', '=', connector_id), ('id', '!=', id)]",
        help="The flow in whose records these records are nested, such as orders for order lines.",
    )
    global_ids = fields.Boolean(
        "IDs Are Global",
        help="The ids of nested records are unique among all of them, so a record may move from one parent to another."
        " Otherwise an id counts only inside its parent, like a line number.",
    )
    child_ids = fields.One2many("bridge.flow", "parent_id", string="Nested Flows")
    operation_ids = fields.One2many("bridge.operation", "flow_id", string="Operations", copy=True)
    mapping_ids = fields.One2many("bridge.field.mapping", "flow_id", string="Field Mappings", copy=True)

    # The rules
    direction = fields.Selection(DIRECTIONS, default="pull", required=True)
    authority = fields.Selection(
        AUTHORITIES,
        default="remote",
        required=True,
        help="Whose value stands when both sides changed the same field. A field mapping can say otherwise.",
    )
    can_create = fields.Boolean("Create in Odoo", default=True)
    can_update = fields.Boolean("Update in Odoo", default=True)
    match_domain = fields.Char(default="[]", help="Only Odoo records in this domain are matched by the key fields.")
    push_domain = fields.Char(
        "Records to Push",
        default="[]",
        help="Only Odoo records in this domain are sent. One that enters it is created or linked in the other system;"
        " what happens to one that leaves it is the rule below.",
    )
    leave_policy = fields.Selection(
        LEAVE_POLICIES,
        string="Left the Domain",
        default="keep",
        required=True,
        help="What happens in the other system to a record that is not one to push any more, or is archived in Odoo.",
    )
    odoo_delete_policy = fields.Selection(
        LEAVE_POLICIES,
        string="Deleted in Odoo",
        default="keep",
        required=True,
        help="What happens in the other system to a record that was deleted in Odoo.",
    )
    remove_limit = fields.Integer(
        "Removal Limit (%)",
        default=10,
        required=True,
        help="A full scan that would remove more than this share of the records in Odoo removes nothing, and asks; so"
        " does a push that would remove more in the other system.",
    )
    chatter = fields.Boolean(
        "Log in Chatter", help="Write a note in the chatter of each record that is changed. Slower."
    )

    # Where a record says what it is
    id_path = fields.Char("ID There", required=True, default="id", help="JMESPath of the ID in a record.")
    updated_path = fields.Char("Updated At", help="JMESPath of the time of the last change.")
    version_path = fields.Char("Version", help="JMESPath of a version or ETag.")
    version_header = fields.Char(
        help="Header of answers about one record that holds its version, such as ETag; a record is fetched before it is"
        " changed, and {version} is what the header says."
    )
    deleted_path = fields.Char("Deleted Marker", help="JMESPath that gives a value when the record is a tombstone.")
    reference_path = fields.Char(
        "Our Reference",
        help="Where a record of the other system keeps the reference that Odoo gives to a record it creates there, such"
        " as metadata.odoo_reference. By it a record is found again when the answer was lost.",
    )
    number_ids = fields.Boolean("IDs Are Numbers", help="They are sent as numbers, not as text.")
    page_size = fields.Integer(default=200, required=True)

    # When
    interval_number = fields.Integer("Run Every", help="0: only by hand.")
    interval_type = fields.Selection(
        [("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days"), ("weeks", "Weeks")],
        default="minutes",
        required=True,
    )
    next_run = fields.Datetime(copy=False, index=True)
    pull_failures = fields.Integer("Failed Pulls in a Row", readonly=True, copy=False)
    push_failures = fields.Integer("Failed Pushes in a Row", readonly=True, copy=False)
    pull_waits_until = fields.Datetime("Pulls Wait Until", readonly=True, copy=False, help=WAITS)
    push_waits_until = fields.Datetime("Pushes Wait Until", readonly=True, copy=False, help=WAITS)
    full_scan_days = fields.Integer(
        "Full Scan Every (days)",
        default=7,
        help="Read everything, not only changes, so often: it finds what was deleted without a trace. 0: only by hand.",
    )
    last_full_scan = fields.Datetime(readonly=True, copy=False)

    # Where it stands
    cursor = fields.Json(copy=False)
    candidate = fields.Json(copy=False, help="Where the last walk ended, when it may not move the cursor yet.")
    full_scan_needed = fields.Boolean(default=True, copy=False)
    doubles = fields.Json(readonly=True, copy=False, help="IDs There that the list has for several records.")
    push_scan_needed = fields.Boolean(
        default=True, copy=False, help="The next push looks at every record, not only at what has changed."
    )
    last_push_scan = fields.Datetime("Last Full Push", readonly=True, copy=False)
    binding_count = fields.Integer(compute="_compute_counts", string="External IDs")
    failure_count = fields.Integer(compute="_compute_counts", string="Open Failures")
    conflict_count = fields.Integer(compute="_compute_counts", string="Open Conflicts")
    change_count = fields.Integer(compute="_compute_counts", string="Waiting to Be Sent")
    last_run_id = fields.Many2one("bridge.run", compute="_compute_last_run")
    last_run_state = fields.Selection(
        lambda self: self.env["bridge.run"]._selection_shown_state(), compute="_compute_last_run", string="Last Result"
    )

    _code_uniq = models.Constraint("UNIQUE(connector_id, code)", "The connector has a flow with this code already.")
    _limits = models.Constraint(
        "CHECK(page_size BETWEEN 1 AND 10000 AND remove_limit BETWEEN 0 AND 100"
        " AND interval_number >= 0 AND full_scan_days >= 0)",
        "The page size must be 1 to 10000, the removal limit 0 to 100 %, the interval not negative.",
    )

    # ----------------------------------------------------------------------------------------------------------------
    # Computes
    # ----------------------------------------------------------------------------------------------------------------

    @api.depends("name", "connector_id.name")
    def _compute_display_name(self):
        for flow in self:
            flow.display_name = f"{flow.connector_id.name or ''}: {flow.name or ''}"

    def _compute_counts(self):
        bindings = dict(self.env["bridge.binding"]._read_group([("flow_id", "in", self.ids)], ["flow_id"], ["__count"]))
        failures = dict(
            self.env["bridge.job"]._read_group(
                [("flow_id", "in", self.ids), ("state", "in", ("failed", "uncertain"))], ["flow_id"], ["__count"]
            )
        )
        conflicts = self.env["bridge.conflict"]._count_open("flow_id", self)
        changes = dict(self.env["bridge.change"]._read_group([("flow_id", "in", self.ids)], ["flow_id"], ["__count"]))
        for flow in self:
            flow.binding_count = bindings.get(flow, 0)
            flow.failure_count = failures.get(flow, 0)
            flow.conflict_count = conflicts.get(flow, 0)
            flow.change_count = changes.get(flow, 0)

    def _compute_last_run(self):
        real = [("flow_id", "in", self.ids), ("dry_run", "=", False)]
        runs = dict(self.env["bridge.run"]._read_group(real, ["flow_id"], ["id:max"]))
        for flow in self:
            flow.last_run_id = runs.get(flow, False)
        for flow in self:  # all runs are known now, so they are read together
            flow.last_run_state = flow.last_run_id.shown_state

    @api.depends("model_id", "mapping_ids.field_id")
    def _compute_risk(self):
        """The warning that everybody reads who opens or edits the flow."""
        approvals = self.env["bridge.approval"]
        for flow in self:
            risks = [approvals._warning_about(flow.model_id.model)]
            risks += [approvals._warning_about(flow.model_id.model, one.field_id.name) for one in flow.mapping_ids]
            flow.risk = next(filter(None, risks), False)

    @api.onchange("direction")
    def _onchange_direction(self):
        """What goes one way has its truth where it comes from."""
        if self.direction == "push" and self.authority == "remote":
            self.authority = "odoo"
        elif self.direction == "pull" and self.authority == "odoo":
            self.authority = "remote"

    # ----------------------------------------------------------------------------------------------------------------
    # Constraints
    # ----------------------------------------------------------------------------------------------------------------

    @api.constrains("code")
    def _check_code(self):
        for flow in self:
            if not re.fullmatch(r"[a-z0-9_]+", flow.code or ""):
                flow._refuse(self.env._("the code may only have small letters, digits and underscores"))

    @api.constrains("model_id")
    def _check_model(self):
        for flow in self:
            model = self.env.get(flow.model)
            if model is None or model._abstract or model._transient or not model._auto:
                flow._refuse(self.env._("the model %s keeps no records of its own", flow.model))
            if flow.model.startswith("bridge."):
                flow._refuse(self.env._("the bridge's own records can not be integrated"))

    @api.constrains("id_path", "updated_path", "version_path", "deleted_path", "reference_path")
    def _check_paths(self):
        for flow in self:
            for place in PLACES:
                try:
                    if flow[f"{place}_path"]:
                        parse = parse_path if place == "reference" else parse_expression  # it is written as well
                        parse(flow[f"{place}_path"])
                except MappingError as error:
                    flow._refuse(self.env["bridge.connector"]._explain(error))

    @api.constrains("match_domain", "push_domain", "model_id")
    def _check_domains(self):
        for flow in self:
            for name in ("match_domain", "push_domain"):
                try:
                    domain = Domain(flow._read_domain(name))
                    domain.validate(self.env[flow.model])
                    self.env[flow.model].sudo()._search(domain)  # such as a field that can not be searched for
                except UNUSABLE as error:
                    label = self._fields[name].get_description(self.env, ["string"])["string"]
                    flow._refuse(
                        self.env._("the domain “%(name)s” can not be used: %(error)s", name=label, error=error)
                    )

    @api.constrains("parent_id", "connector_id")
    def _check_parent(self):
        for flow in self:
            if flow._has_cycle():
                flow._refuse(self.env._("a flow can not be inside itself"))
            if flow.parent_id and flow.parent_id.connector_id != flow.connector_id:
                flow._refuse(self.env._("the flow that it is inside of belongs to another connector"))

    def _refuse(self, problem):
        raise ValidationError(self.env._("Flow “%(flow)s”: %(problem)s", flow=self.name, problem=problem))

    def _read_domain(self, name):
        # A literal, never an expression: what a person types is not executed.
        return ast.literal_eval(self[name] or "[]")

    # ----------------------------------------------------------------------------------------------------------------
    # CRUD
    # ----------------------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        flows = super().create(vals_list)
        self.env["bridge.approval"]._has_new(flows.connector_id, flows)
        self.env["ir.actions.server"]._update_bridge_entries()
        capture.update(self.env)
        schedule(flows, fields.Datetime.now())
        return flows

    def write(self, vals):
        connectors = self.connector_id | self.connector_id.browse(vals.get("connector_id") or ())
        grows = bool((CONFIGURED | {"connector_id", "parent_id"}) & vals.keys())
        with self.env["bridge.approval"]._configuring(connectors, grows=grows):
            result = super().write(vals)
        if CONFIGURED & vals.keys():
            self._configuration_changed()
        if {"model_id", "active"} & vals.keys():
            self.env["ir.actions.server"]._update_bridge_entries()
        if {"model_id", "active", "direction", "connector_id", "parent_id"} & vals.keys():
            capture.update(self.env)
        if {"interval_number", "interval_type"} & vals.keys():
            schedule(self, fields.Datetime.now())
        return result

    def unlink(self):
        with self.env["bridge.approval"]._configuring(self.connector_id):
            result = super().unlink()
        self.env["ir.actions.server"]._update_bridge_entries()
        capture.update(self.env)
        return result

    def _configuration_changed(self):
        """What records become has changed: the next run looks at all of them, not only at what changed remotely."""
        flows = self | self.parent_id
        needed = {"full_scan_needed": True, "push_scan_needed": True}
        flows.filtered(lambda flow: not (flow.full_scan_needed and flow.push_scan_needed)).sudo().write(needed)
        capture.update(self.env)
        end_waiting(flows)
        self.env["bridge.job"].sudo()._retry_data_failures(flows)

    # ----------------------------------------------------------------------------------------------------------------
    # Use
    # ----------------------------------------------------------------------------------------------------------------

    def _mapper(self):
        """The field mappings, compiled.

        :rtype: Mapper
        """
        self.ensure_one()
        return Mapper([mapping._rule() for mapping in self.mapping_ids], self._record_places(), self._mapping_key())

    def _mapping_key(self):
        """Changes when the mapping says something else; part of every fingerprint.

        :rtype: bytes
        """
        mappings = [mapping._mapping_key() for mapping in (self | self.child_ids).mapping_ids]
        zone = self.connector_id.timezone or "UTC"
        said = [
            self.model,
            self.direction,
            self.authority,
            self.can_update,
            mappings,
            *([] if zone == "UTC" else [zone]),
        ]
        return fingerprint(said).encode()

    @api.model
    @tools.ormcache("model_name")
    def _is_mapped_model(self, model_name):
        """Is there a flow whose records are of this model, but for those inside others?"""
        flows = self.sudo().with_context(active_test=True)
        return bool(flows.search_count([("model", "=", model_name), ("parent_id", "=", False)], limit=1))

    def _operation(self, kind):
        return self.operation_ids.filtered(lambda operation: operation.kind == kind)

    def _records(self):
        """The flow's model, as the connector's acting user sees it.

        :raises NotApproved: if there is none, or the connector may not act as him any more
        """
        self.ensure_one()
        connector = self.connector_id.sudo()
        self.env["bridge.approval"]._check(connector)
        context = {"bridge_connector_id": connector.id}
        if not self.chatter:
            context |= {"tracking_disable": True, "mail_create_nolog": True}
        env = self.env(
            user=connector.user_id.id,
            su=False,
            context={
                "lang": connector.user_id.lang,
                "tz": connector.user_id.tz,
                "allowed_company_ids": (connector.company_id or connector.user_id.company_id).ids,
                **context,
            },
        )
        return env[self.model]

    def _row_values(self):
        """What is the same for every row that is written about this flow.

        :rtype: dict
        """
        return {
            "flow_id": self.id,
            "connector_id": self.connector_id.id,
            "company_id": self.company_id.id or None,
            "model": self.model,
            "now": fields.Datetime.now(),
        }

    def _field_label(self, field_name):
        field = self.env[self.model]._fields.get(field_name)
        return field.get_description(self.env, ["string"])["string"] if field is not None else ""

    def _sibling(self, code):
        """Another flow of the connector, by its code."""
        return self.connector_id.flow_ids.filtered(lambda flow: flow.code == code)

    def _remote_id(self):
        """A function from remote id to what is sent for it; it touches no database.

        :rtype: collections.abc.Callable
        """
        return as_number if self.number_ids else str

    # ----------------------------------------------------------------------------------------------------------------
    # Hooks for other addons
    # ----------------------------------------------------------------------------------------------------------------

    def _pull(self, run, client=None, **options):
        """The road from the other system to Odoo. Return a subclass of ``Pull`` to change one of its steps.

        :param BridgeRun run: what the records are counted and logged for
        :param Client client: to ask for what is missing; None: nothing may be asked
        :param options: see ``Pull``
        :rtype: Pull
        """
        self.ensure_one()
        return Pull(self, run, client, **options)

    def _push(self, run, client, flight, **options):
        """The road from Odoo to the other system. Return a subclass of ``Push`` to change one of its steps.

        :param BridgeRun run: what the records are counted and logged for
        :param Client client: asks and sends
        :param Flight flight: has several requests under way
        :param options: see ``Push``
        :rtype: Push
        """
        self.ensure_one()
        return Push(self, run, client, flight, **options)

    def _values_to_create(self, step, values):
        """What ``create`` gets for a record. Extend it to add what the remote does not know.

        :param Step step: the remote record (``document``, ``external_id``) and what the mapping made of it
        :param dict values: by the field mappings
        :rtype: dict
        """
        return values

    def _values_to_write(self, step, values):
        """What ``write`` gets for a record; only the fields that change.

        :param Step step: as for ``_values_to_create``, with the Odoo id (``record_id``)
        :rtype: dict
        """
        return values

    def _after_sync(self, outcomes):
        """Called when a batch that came is written, before it is committed; not in a preview.

        :param list[Outcome] outcomes: what became of each record (``action``, ``external_id``, ``record_id`` ...)
        """

    def _after_push(self, outcomes):
        """Called when a batch was pushed, before what is written of it is committed; not in a preview.

        :param list[Outcome] outcomes: what became of each record (``action``, ``external_id``, ``record_id`` ...)
        """

    # ----------------------------------------------------------------------------------------------------------------
    # Running
    # ----------------------------------------------------------------------------------------------------------------

    def _enqueue(self, trigger, full=False, dry_run=None, kinds=None):
        """Have each flow run as soon as a lane is free; a flow that waits already is not queued twice.

        :param str trigger: who or what started it: ``manual``, ``schedule``
        :param bool full: read everything, not only what changed
        :param list kinds: what is done of it: ``pull``, ``push``; None: all
        :return: the runs, in the order in which they are to be done: what others refer to first
        :rtype: BridgeRun
        """
        runs, ready = self.env["bridge.run"].sudo(), self.browse().sudo()
        for flow in self.sudo():
            if flow.connector_id.state == "disabled":
                raise UserError(
                    self.env._("The connector “%s” is disabled. Set it to Trial or Live first.", flow.connector_id.name)
                )
            if trigger == "manual":  # else the run says it, and its job waits
                self.env["bridge.approval"]._check(flow.connector_id)
            check_references(flow)
            ready |= flow
        for flow in in_order(ready):
            for kind in KINDS[flow.direction] if kinds is None else kinds:
                runs += runs._enqueue(flow, trigger=trigger, full=full, dry_run=dry_run, kind=kind)
        return runs.sudo(False)

    # ----------------------------------------------------------------------------------------------------------------
    # Buttons
    # ----------------------------------------------------------------------------------------------------------------

    def action_sync(self):
        """Sync what changed, now."""
        self.env["bridge.run"]._check_operator(self)
        return self._enqueue(trigger="manual")._action_open()

    def action_full_sync(self):
        """Read everything, now; finds what was deleted without a trace."""
        self.env["bridge.run"]._check_operator(self)
        return self._enqueue(trigger="manual", full=True)._action_open()

    def action_full_push(self):
        """Look at every record to push, now; finds what was changed past Odoo's models."""
        self.env["bridge.run"]._check_operator(self)
        if "pull" in self.mapped("direction"):
            raise UserError(self.env._("This flow sends nothing. Set its direction first."))
        called = self.filtered("is_called")
        called.sudo().push_scan_needed = True  # the next reader is told of all records
        if called == self:
            return False
        return (self - called)._enqueue(trigger="manual", full=True, kinds=["push"])._action_open()

    def action_compare(self):
        """Read both sides completely and report what differs; nothing is written."""
        self.env["bridge.run"]._check_operator(self)
        runs = self.env["bridge.run"].sudo()
        for flow in self.sudo():
            self.env["bridge.approval"]._check(flow.connector_id)
            check_references(flow)
            runs += runs._enqueue(flow, trigger="manual", full=True, dry_run=False, kind="compare")
        return runs.sudo(False)._action_open()

    def action_preview(self):
        """Show what a sync would do, and write nothing."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        self.env["bridge.approval"]._check(self.connector_id)
        check_references(self.sudo())
        runs = self.env["bridge.run"].sudo()
        for kind in KINDS[self.direction]:
            run = runs._start(self, trigger="manual", dry_run=True, kind=kind)
            run._preview()
            runs += run
        return runs.sudo(False)._action_open()

    @api.model
    def action_sync_status(self, model_name, record_ids):
        """The external IDs of some records, with what was synced when.

        :param str model_name: their model
        :param list[int] record_ids: their ids
        """
        self.env["bridge.binding"].check_access("read")
        on_demand.check_ids(self.env, record_ids)
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_status_action")
        domain = [("flow_id.model", "=", model_name), ("res_id", "in", record_ids)]
        if not self.env["bridge.binding"].search_count(domain, limit=1):
            failed = [*domain, ("kind", "=", "push_record"), ("state", "in", UNSENT), ("error_kind", "!=", False)]
            if self.env["bridge.job"].search_count(failed, limit=1):  # it has no external ID, because it failed
                action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_failed_action")
                domain = failed
        return {**called(action, self.env._("Sync Status")), "domain": domain, "context": {}}

    @api.model
    def action_sync_records(self, model_name, record_ids):
        """Fetch the remote records of some records again, and send what is new in Odoo, now.

        :param str model_name: their model
        :param list[int] record_ids: their ids
        :raises UserError: if no flow has anything to do with them
        """
        self.env["bridge.run"]._check_operator()
        on_demand.check_ids(self.env, record_ids)
        if model_name not in self.env:
            raise UserError(self.env._("There is no model “%s”.", model_name))
        domain = [("flow_id.model", "=", model_name), ("res_id", "in", record_ids), ("parent_id", "=", False)]
        bound = self.env["bridge.binding"].search(domain).grouped("flow_id")
        sending = self.search([("model", "=", model_name), ("direction", "!=", "pull"), ("parent_id", "=", False)])
        readable = self.env[model_name].browse(record_ids).exists()._filtered_access("read").ids
        fetched, looked_at = set(), set()
        for flow in self.union(*bound, sending.filtered(lambda flow: flow.connector_id.state == "live")):
            bindings = bound.get(flow, self.env["bridge.binding"])
            new = inside(flow, readable).ids if flow in sending else []
            on_demand.sync_records(flow, bindings, {*bindings.mapped("res_id"), *new}, fetched, looked_at)
        if not fetched and not looked_at:
            raise UserError(
                self.env._("None of these records has an external ID or is one to push, so there is nothing to sync.")
            )
        return on_demand.tell(self.env, fetched, looked_at)

    def action_recover(self):
        """Fetch records by their remote ids."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        on_demand.check_gets_records(self)
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_recover_action")
        return {**action, "context": {"default_flow_id": self.id}}

    def action_pull_again(self):
        """Take the other system's values, whatever both sides had agreed on."""
        return self._again("pull")

    def action_push_again(self):
        """Send Odoo's values, whatever both sides had agreed on."""
        return self._again("push")

    def action_go_live(self):
        return self.connector_id.action_set_live()

    def _again(self, kind):
        """Where one chooses what is taken anew, whatever was agreed."""
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(f"integration_bridge.bridge_anew_action_{kind}")
        return {**action, "context": {"default_kind": kind, "default_flow_id": self.id}}

    def action_open_records(self):
        """The Odoo records that this flow keeps in agreement."""
        self.ensure_one()
        ids = self.env["bridge.binding"].search([("flow_id", "=", self.id), ("state", "=", "linked")]).mapped("res_id")
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self.model,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", ids)],
            "context": {"active_test": False},
        }
