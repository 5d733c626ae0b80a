from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError

from ..acting import (
    CALL,
    CREATE,
    DELETE,
    MATCH,
    PULL,
    PUSH,
    SENSITIVE_MODELS,
    Approval,
    Use,
    is_among,
    is_sensitive_path,
    lapse,
)
from ..connect.versions import as_long_as
from ..jobs.failures import group_of
from ..json_text import read_json
from ..mapping.errors import MappingError
from ..remote.address import origin
from ..remote.errors import Rejected

WAYS = {"pull": (PULL,), "push": (PUSH,), "both": (PULL, PUSH)}
KEYED = ("many2one_key", "many2many_key")
MOST_TOLD = 5
# Of all rows that it depends on whether a connector may act as its user; what counts as sensitive is in the code.
VERSION = """
    SELECT md5(string_agg(part.version, ',' ORDER BY part.version))
      FROM (
        SELECT 'c' || ctid || xmin AS version FROM bridge_connector WHERE id = %(connector)s
     UNION ALL
        SELECT 'a' || ctid || xmin FROM bridge_approval WHERE connector_id = %(connector)s
     UNION ALL
        SELECT 'f' || ctid || xmin FROM bridge_flow WHERE connector_id = %(connector)s
     UNION ALL
        SELECT 'o' || operation.ctid || operation.xmin
          FROM bridge_operation operation JOIN bridge_flow flow ON flow.id = operation.flow_id
         WHERE flow.connector_id = %(connector)s
     UNION ALL
        SELECT 'm' || mapping.ctid || mapping.xmin
          FROM bridge_field_mapping mapping JOIN bridge_flow flow ON flow.id = mapping.flow_id
         WHERE flow.connector_id = %(connector)s
     UNION ALL
        SELECT 'l' || rel.ctid || rel.xmin || users.ctid || users.xmin
          FROM bridge_connector_caller_rel rel JOIN res_users users ON users.id = rel.res_users_id
         WHERE rel.bridge_connector_id = %(connector)s
     UNION ALL
        SELECT 'u' || ctid || xmin FROM res_users WHERE id = %(user)s
     UNION ALL
        SELECT 'g' || ctid || xmin FROM res_groups_users_rel WHERE uid = %(user)s
     UNION ALL
        SELECT 'i' || ctid || xmin FROM res_groups_implied_rel
      ) AS part
"""
GROUPS = """
    WITH RECURSIVE held (id) AS (
        SELECT gid FROM res_groups_users_rel WHERE uid = %s
         UNION
        SELECT implied.hid FROM res_groups_implied_rel implied JOIN held ON held.id = implied.gid
    )
    SELECT id FROM held ORDER BY id
"""


class NotApproved(UserError):
    """A connector may not act as its user now. Its jobs wait, as they do when the other system refuses credentials."""

    kind = "auth"


class BridgeApproval(models.Model):
    """Who may act as whom, decided here and nowhere else.

    * A connector acts as the person who has configured it, or as a user whom a system administrator has approved.
    * Who configures and may approve approves what he adds by that; what anybody else adds waits for approval.
    * It is asked before every run and whenever records are touched (``_check``), not only when something is configured.
    """

    _name = "bridge.approval"
    _description = "Approval of an Acting User"
    _rec_name = "user_id"

    connector_id = fields.Many2one("bridge.connector", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="connector_id.company_id")
    user_id = fields.Many2one("res.users", "Acting User", required=True, ondelete="cascade", readonly=True)
    approved_by_id = fields.Many2one("res.users", required=True, ondelete="cascade", readonly=True)
    approved = fields.Datetime("Approved On", required=True, readonly=True)
    groups = fields.Json(readonly=True, help="The ids of the acting user's groups at that moment.")
    uses = fields.Json(readonly=True, help="What the connector may do: model, field, way.")

    uses_text = fields.Text("What It May Do", compute="_compute_uses_text")

    _connector_uniq = models.Constraint("UNIQUE(connector_id)", "A connector has one approval.")

    @api.depends("uses")
    def _compute_uses_text(self):
        for approval in self:
            approval.uses_text = "\n".join(self._names_of(approval._given().uses))

    # ----------------------------------------------------------------------------------------------------------------
    # What only a system administrator may have integrated
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _sensitive_models(self):
        """Models that decide over rights, code or credentials. Other addons extend it.

        :return: names; one that ends with a dot stands for all that begin so
        :rtype: set[str]
        """
        return set(SENSITIVE_MODELS)

    @api.model
    def _is_sensitive_field(self, model_name, field_name):
        """Does a field decide over rights, code or credentials, whatever its model? Other addons extend it.

        :param str field_name: with dots for one of a related record
        :rtype: bool
        """
        field = self.env[model_name]._fields.get(field_name) if model_name in self.env else None
        if field is None:
            return is_sensitive_path(field_name)
        guarded = {fields.NO_ACCESS, "base.group_system", "base.group_erp_manager"}
        is_guarded = guarded & set((field.groups or "").split(","))
        of_others = field.type == "one2many" and is_among(field.comodel_name, self._sensitive_models())
        gives_rights = field.type == "many2many" and field.comodel_name == "res.groups"
        return bool(is_sensitive_path(field_name) or is_guarded or of_others or gives_rights)

    @api.model
    def _is_secret(self, model_name, field_name):
        """Is the value of a field never shown, to nobody? Other addons extend it.

        :rtype: bool
        """
        field = self.env[model_name]._fields.get(field_name) if model_name in self.env else None
        return is_sensitive_path(field_name) or (field is not None and field.groups == fields.NO_ACCESS)

    @api.model
    def _without_secret(self, model_name, field_name, message):
        """A message about a field; without the value, if that is never shown.

        :rtype: str
        """
        return group_of(message) if field_name and self._is_secret(model_name, field_name) else message

    @api.model
    @tools.ormcache("use")
    def _is_sensitive(self, use):
        """May only a system administrator approve this?

        The answer depends on the code of the installed addons alone, and is asked for each field before each page.

        :param Use use: of any connector
        :rtype: bool
        """
        if use.way == CALL:
            return False
        if use.field and self._is_sensitive_field(use.model, use.field):
            return True
        # To look a user up by name is usual, and tells nothing but whether there is one.
        return use.way != MATCH and self._is_sensitive_model(use.model)

    @api.model
    def _is_sensitive_model(self, model_name):
        names = self._sensitive_models()
        inside = self.env[model_name]._inherits if model_name in self.env else ()
        return any(is_among(name, names) for name in (model_name, *inside))

    @api.model
    def _warning_about(self, model_name, field_name=""):
        """What a person is told who is about to integrate this; None for what is harmless.

        :rtype: str | None
        """
        if not self._is_sensitive(Use(model_name or "", field_name or "", PULL)):
            return None
        what = f"{model_name}.{field_name}" if field_name else model_name
        return self.env._(
            "“%s” decides over rights, code or credentials. Whoever controls the other system, or what it sends, can"
            " then gain rights in Odoo. Only a system administrator may have it integrated. Do it only if there is no"
            " other way, with an acting user that may do nothing else.",
            what,
        )

    # ----------------------------------------------------------------------------------------------------------------
    # What a connector does
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _uses_of(self, connector, without=None):
        """What a connector does in Odoo, and where it sends it.

        :param without: flows, operations or mappings that do not count
        :rtype: set[Use]
        """
        connector = connector.sudo().with_context(active_test=False)
        flows, operations = connector.flow_ids, connector.flow_ids.operation_ids
        mappings = connector.flow_ids.mapping_ids
        if without is not None:
            without = without.sudo()
            flows = flows - without if without._name == flows._name else flows
            operations = (
                operations - without if without._name == operations._name else operations
            ) & flows.operation_ids
            mappings = (mappings - without if without._name == mappings._name else mappings) & flows.mapping_ids
        uses = {Use("", _origin(connector.base_url), CALL)}
        uses |= {Use("", caller.login, CALL) for caller in connector.caller_ids}  # what they may do is what it may do
        if connector.hook_scheme:  # who may call is decided by how he proves himself
            uses.add(Use("", f"webhook ({connector.hook_scheme})", CALL))
        for operation in operations:
            if (operation.path or "").startswith(("http://", "https://")):
                uses.add(Use("", _origin(operation.path), CALL))
        for flow in flows:
            uses |= self._uses_of_flow(flow)
        for mapping in mappings:
            uses |= self._uses_of_mapping(mapping)
        return uses

    @api.model
    def _uses_of_flow(self, flow):
        uses = {Use(flow.model, "", way) for way in WAYS[flow.direction]}
        for name in ("match_domain", "push_domain"):
            uses |= {Use(flow.model, path, MATCH) for path in _paths(flow._read_domain(name))}
        if flow.delete_policy == "unlink":
            uses.add(Use(flow.model, "", DELETE))
        if flow.delete_policy == "mark":
            uses |= {Use(flow.model, name, PULL) for name in read_json(flow, "gone_values") or ()}
            uses |= {Use(flow.model, f"{flow.gone_button}()", PULL)} if flow.gone_button else set()
        return uses

    @api.model
    def _uses_of_mapping(self, mapping):
        model_name, name = mapping.flow_id.model, mapping.field_id.name
        uses = {Use(model_name, name, way) for way in WAYS[mapping._ways()]}
        try:
            # One without options names no other record, and need not be compiled.
            keyed = mapping._rule().keyed_settings if mapping.options else None
        except (MappingError, ValidationError):
            return uses  # it can not run either
        if keyed and keyed.get("field"):
            related = self.env[model_name]._fields[name].comodel_name
            paths = {keyed["field"], *(keyed.get("within") or ()), *_paths(keyed.get("domain") or ())}
            uses |= {Use(related, path, MATCH) for path in paths}
            uses |= {Use(related, keyed["field"], CREATE)} if keyed.get("create") else set()
        return uses

    # ----------------------------------------------------------------------------------------------------------------
    # Asked before anything is done
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _check(self, connector):
        """May the connector act as its user, now, for all that it does?

        :raises NotApproved: if not; it says who has to do what
        :raises UserError: if there is nobody whom it could act as
        """
        if not connector.sudo().user_id.active:
            raise UserError(
                self.env._("The connector “%s” has no acting user who may work. Choose one.", connector.name)
            )
        connector = connector.sudo()
        connector.env.flush_all()  # what it depends on is looked at in the database
        connector.env.cr.execute(VERSION, {"connector": connector.id, "user": connector.user_id.id})
        # What other addons call sensitive changes with the code.
        version = connector.env.cr.fetchone()[0], self.env.registry.registry_sequence
        name = "approved", connector.env.cr.dbname, connector.id
        problem = as_long_as(name, version, lambda: self._problem_to_keep(connector))
        if problem:
            raise NotApproved(problem)

    @api.model
    def _problem_to_keep(self, connector):
        """It is asked after each page, and reads all that is configured: that nothing is wrong may be kept."""
        problem = self._problem(connector, self._groups_of(connector.user_id))
        return problem, problem is None

    @api.model
    def _problem(self, connector, groups=None):
        """Why a connector may not act as its user now, and who has to do what; None if it may.

        :param list[int] groups: all of the acting user's; None: as this process knows them, for a screen
        :rtype: str | None
        """
        connector = connector.sudo()
        user = connector.user_id
        if not user.active:
            return None  # a run says so, and fails
        uses = self._uses_of(connector)
        sensitive = {use for use in uses if self._is_sensitive(use)}
        given = connector.approval_ids._given()
        groups = user.all_group_ids.ids if groups is None else groups
        found = lapse(given, user.id, groups, uses, sensitive)
        if found is None:
            return None
        return self.env._(
            "The connector “%(connector)s” has stopped: %(reason)s. A system administrator has to look at what it does"
            " and press “Approve” in its form.",
            connector=connector.name,
            reason=self._told(found, user),
        )

    def _groups_of(self, user):
        """All groups of a user, as they stand in the database now.

        Odoo keeps in each process which groups imply which, and looks only at the start of a request or a scheduled
        action whether that still holds; a lane may work on for long.

        :rtype: list[int]
        """
        user.env["res.users"].flush_model(["group_ids"])
        user.env["res.groups"].flush_model(["implied_ids"])
        user.env.cr.execute(GROUPS, [user._origin.id])
        return [row[0] for row in user.env.cr.fetchall()]

    def _given(self):
        """:rtype: Approval | None"""
        if not self:
            return None
        uses = frozenset(Use(*use) for use in self.uses or ())
        return Approval(self.user_id.id, self.approved_by_id.id, frozenset(self.groups or ()), uses)

    @api.model
    def _told(self, found, user):
        if found.reason == "none":
            return self.env._("nobody has approved that it acts as %s", user.name)
        if found.reason == "groups":
            groups = self.env["res.groups"].sudo().browse(found.what).exists()
            names = sorted(filter(None, groups.mapped("full_name")))
            return self.env._(
                "its acting user %(user)s has gained rights since that was approved (%(groups)s)",
                user=user.name,
                groups=_some(names),
            )
        uses = _some(self._names_of(found.what))
        if found.reason == "sensitive":
            return self.env._("it integrates what decides over rights, code or credentials (%s)", uses)
        return self.env._("it was configured to do more than was approved (%s)", uses)

    @api.model
    def _names_of(self, uses):
        """Uses in words, in a stable order.

        :rtype: list[str]
        """
        ways = {
            PULL: self.env._("written"),
            PUSH: self.env._("sent"),
            MATCH: self.env._("searched"),
            CREATE: self.env._("created"),
            DELETE: self.env._("deleted"),
            CALL: self.env._("called"),
        }
        named = {}
        for use in sorted(uses):
            named.setdefault(".".join(filter(None, (use.model, use.field))), []).append(ways[use.way])
        return [f"{name}: {', '.join(found)}" for name, found in named.items()]

    # ----------------------------------------------------------------------------------------------------------------
    # Asked whenever something is configured
    # ----------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _configuring(self, connectors, grows=True):
        """Around every change of a connector, or of what belongs to it.

        :param bool grows: may the change be one of what the connector does
        :raises AccessError: if this person may not make it
        """
        self._check_person(connectors)
        before = {connector: self._uses_of(connector) for connector in connectors} if grows else {}
        yield
        self._configured(before)

    @api.model
    def _has_new(self, connectors, parts):
        """Flows, operations or mappings are new.

        :raises AccessError: if this person may not add them
        """
        self._check_person(connectors)
        self._configured({connector: self._uses_of(connector, without=parts) for connector in connectors})

    @api.model
    def _configured(self, before):
        """Something was configured: who may approve has approved what he added; what it takes more for is refused.

        :param dict before: connector to what it did before
        :raises AccessError: if it is for a system administrator
        """
        for connector, uses in before.items():
            if connector.exists():
                self._note(connector, self._uses_of(connector) - uses)

    @api.model
    def _check_person(self, connectors):
        """Nobody gains rights by configuring: the acting user has no more than the person, and has a say in it.

        :raises AccessError: naming the connector and what is in the way
        """
        person = self.env.user
        if self.env.su or self._is_system(person):
            return
        for connector in connectors.sudo():
            acting, names = connector.user_id, {"connector": connector.name, "user": connector.user_id.name}
            if not acting or acting == person:
                continue
            if acting.company_ids - person.company_ids:
                raise AccessError(
                    self.env._(
                        "The connector “%(connector)s” acts as %(user)s, who sees companies that you do not see. Ask a"
                        " system administrator to configure it.",
                        **names,
                    )
                )
            more = acting.all_group_ids - person.all_group_ids
            if more:
                raise AccessError(
                    self.env._(
                        "The connector “%(connector)s” acts as %(user)s, who has rights that you do not have"
                        " (%(groups)s). Ask a system administrator to configure it.",
                        groups=", ".join(more.mapped("full_name")[:3]),
                        **names,
                    )
                )
            given = connector.approval_ids._given()
            if given is not None and given.is_own:
                raise AccessError(
                    self.env._(
                        "The connector “%(connector)s” acts as %(user)s, who alone has configured it. Ask %(user)s or a"
                        " system administrator to change it.",
                        **names,
                    )
                )

    @api.model
    def _check_choice(self, users):
        """Who is not a system administrator lets a connector act as himself, and as nobody else.

        :param ResUsers users: who was chosen
        :raises AccessError: for anybody else
        """
        others = users.sudo() - self.env.user
        if others and not self.env.su and not self._is_system(self.env.user):
            raise AccessError(
                self.env._(
                    "Only a system administrator may let a connector act as somebody else. Choose yourself, or ask a"
                    " system administrator to choose %s.",
                    others[0].name,
                )
            )

    @api.model
    def _may_approve(self, connector):
        """A system administrator may; and who is acted as, since he could do all of it himself."""
        person = self.env.user
        return self._is_system(person) or person == connector.sudo().user_id

    @api.model
    def _check_approver(self, connectors):
        """:raises AccessError: if this person may not approve"""
        if not all(self._may_approve(connector) for connector in connectors):
            raise AccessError(
                self.env._(
                    "Only a system administrator may approve who a connector acts as. Ask one to press “Approve”."
                )
            )

    @api.model
    def _note(self, connector, added):
        person, acting = self.env.user, connector.sudo().user_id
        self._check_sensitive(connector, added)
        approval = connector.sudo().approval_ids
        if not approval or approval.user_id != acting or not self._may_approve(connector):
            return
        uses = (approval._given().uses | added) & self._uses_of(connector)
        if uses != approval._given().uses:
            by = person if person == acting else approval.approved_by_id
            approval.write({"uses": sorted(uses), "approved": fields.Datetime.now(), "approved_by_id": by.id})
            self._let_go_on(connector)

    @api.model
    def _approve(self, connectors):
        """This person, if he may, says that connectors may act as their users, for all that they do now.

        :raises AccessError: if it is for a system administrator
        """
        person = self.env.user
        for connector in connectors.sudo():
            acting, approval = connector.user_id, connector.approval_ids
            if not acting or not self._may_approve(connector):
                approval.filtered(lambda one, acting=acting: one.user_id != acting).unlink()
                continue
            uses = self._uses_of(connector)
            self._check_sensitive(connector.sudo(self.env.su), uses)
            approval.unlink()
            approval.create(
                {
                    "connector_id": connector.id,
                    "user_id": acting.id,
                    "approved_by_id": person.id,
                    "approved": fields.Datetime.now(),
                    "groups": self._groups_of(acting),
                    "uses": sorted(uses),
                }
            )
            self._let_go_on(connector)

    @api.model
    def _check_sensitive(self, connector, added):
        """What decides over rights is for a system administrator; and he is warned, where everybody can read it.

        :param added: what this person adds
        :raises AccessError: if he is none
        """
        sensitive = {use for use in added if self._is_sensitive(use)}
        if not sensitive:
            return
        names = {"connector": connector.name, "uses": _some(self._names_of(sensitive))}
        if not self.env.su and not self._is_system(self.env.user):
            raise AccessError(
                self.env._(
                    "The connector “%(connector)s”: only a system administrator may integrate what decides over rights,"
                    " code or credentials (%(uses)s). Ask one to configure it.",
                    **names,
                )
            )
        warning = self.env._(
            "Warning: it now integrates what decides over rights, code or credentials (%(uses)s). Whoever controls the"
            " other system can gain rights in Odoo by it.",
            **names,
        )
        connector.sudo().message_post(body=warning, message_type="notification")

    @api.model
    def _let_go_on(self, connector):
        """What waited for the approval is due."""
        gate = connector._gate()
        if gate.paused and not self._problem(connector):
            gate._open()

    # ----------------------------------------------------------------------------------------------------------------
    # Asked when a person writes what the other system did not send
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _check_writer(self, flow, record_id):
        """What a person edits and has done again is what he could write himself, whatever the acting user may.

        :param BridgeFlow flow: whose mapped fields are written
        :param int record_id: of the Odoo record, if there is one
        :raises AccessError: if this person may not write the model, one of its mapped fields or the record
        """
        if self.env.su:
            return
        record = self.env[flow.model].browse(record_id or ()).exists()
        record.check_access("write")
        flows = flow.sudo()
        while flows:
            for one in flows:
                self._check_writer_of(one, is_new=bool(one.parent_id) or not record)
            flows = flows.child_ids

    def _check_writer_of(self, flow, is_new):
        model = self.env[flow.model]
        for operation in ("write", "create") if is_new else ("write",):
            model.check_access(operation)
        for mapping in flow.mapping_ids.filtered(lambda mapping: mapping._ways() != "push"):
            field = model._fields[mapping.field_id.name]
            use = Use(flow.model, field.name, PULL)
            if not model._has_field_access(field, "write") or (
                self._is_sensitive(use) and not self._is_system(self.env.user)
            ):
                raise AccessError(
                    self.env._(
                        "You may not write the field “%(field)s” of %(model)s yourself, so you can not have the bridge"
                        " write it. Ask somebody who may to edit this record, or correct it in the other system.",
                        field=field.name,
                        model=flow.model,
                    )
                )

    @api.model
    def _is_system(self, person):
        return person.id == SUPERUSER_ID or person.has_group("base.group_system")


def _origin(address):
    """Scheme, host and port, as one text; what is no address as it is."""
    try:
        scheme, host, port = origin(address or "")
    except Rejected:
        return address or ""
    return f"{scheme}://{host}:{port}"


def _paths(domain):
    """The fields that a domain asks for, also those inside ``any``.

    :rtype: set[str]
    """
    found = set()
    for part in domain:
        if isinstance(part, (list, tuple)) and len(part) == 3 and isinstance(part[0], str):
            name, operator, value = part
            found.add(name)
            if operator in ("any", "not any") and isinstance(value, (list, tuple)):
                found |= {f"{name}.{path}" for path in _paths(value)}
    return found


def _some(names):
    return ", ".join([*names[:MOST_TOLD], *(["…"] if len(names) > MOST_TOLD else [])])
