"""Attacks on rights by Odoo's own ways: actions, defaults, domains, related fields, copies, imports, files, chatter.

Each is a call over HTTP as a bridge administrator (``administrator``), an operator, a user of the bridge, a colleague
without any of its roles (``plain``), or a portal user. "denied" is no right to it; "refused" is in words.
"""

import base64
import json

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .attack_doors import Doors
from .common import thing
from .test_attack_acting import AttackCase

KEY = "Rights-Secret-4711-4711"
SEALED = "secret_sealed"
DENIED, REFUSED, NO = ("denied",), ("refused",), ("denied", "refused")
UNKNOWN = (*NO, "crash")  # Odoo itself does not know what is asked for, and says that with an error of its own


class RightsCase(HttpCase, AttackCase):
    """A live connector with a secret, one record that was synced and one that failed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doors = Doors(cls)
        for name in ("user", "operator", "administrator", "plain", "portal"):
            person = cls.doors.person(name)
            if person._is_internal():
                person.group_ids += cls.env.ref("base.group_allow_export")

    def setUp(self):
        super().setUp()
        self.doors.case = self
        self.flow = self.connect()
        self.connector._set_secrets({"secret": KEY})
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        self.run_ = self.sync(self.flow)
        self.job = self.failures(self.flow)
        self.partner = self.bound(self.flow, 1)
        self.env.flush_all()

    def call(self, who, model, method, ids=None, **arguments):
        return self.doors.call("json2", who, model, method, ids=ids, **arguments)

    def filled(self, value):
        """Arguments, in which a function of the test stands for what is known only now."""
        if callable(value):
            return value(self)
        if isinstance(value, dict):
            return {name: self.filled(one) for name, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, (list, tuple)) else value

    def shape(self):
        """What decides over rights, and what the bridge has: an attack that fails changes nothing of it."""
        self.env.invalidate_all()
        counted = ("ir.actions.server", "ir.cron", "ir.rule", "ir.model.access", "bridge.connector", "bridge.flow")
        counted += ("bridge.approval", "bridge.job", "bridge.binding", "bridge.operation", "bridge.field.mapping")
        counted += ("mail.followers", "mail.activity", "mail.message")
        numbers = {name: self.env[name].with_context(active_test=False).search_count([]) for name in counted}
        connector = self.connector
        about = (
            connector.user_id,
            connector.base_url,
            connector.state,
            connector.allowed_addresses,
            connector.company_id,
        )
        return numbers, about, self.flow.model, self.flow.company_id, self.job.state, self.job.error_message

    def attack(self, cases):
        """A table of attacks, each by its name: who, model, method, arguments, and how it is answered."""
        sealed = self.connector[SEALED]
        self.assertTrue(sealed)
        for name, (who, model, method, arguments, expected) in cases.items():
            before = self.shape()
            with self.subTest(name):
                answer = self.call(who, model, method, **self.filled(arguments))
                self.assertIn(answer.said, expected, answer.value)
                self.assertNotIn(KEY, str(answer.value))
                self.assertNotIn(sealed, str(answer.value))
                self.assertEqual(self.shape(), before)


def ids(name):
    return lambda self: getattr(self, name).ids


def id_of(name):
    return lambda self: getattr(self, name).id


def model_id(name):
    return lambda self: self.model(name)


def person(name):
    return lambda self: self.doors.people[name].id


def xml(name):
    return lambda self: self.env.ref(name).ids


CODE = "env['bridge.connector'].search([])[0]._unsealed()"
CONNECTOR = {"name": "x", "code": "x", "base_url": "http://x.example"}

# --- Code and machinery of Odoo that would run as somebody else
MACHINERY = {
    "server_action_with_code": (
        "administrator",
        "ir.actions.server",
        "create",
        {"vals_list": [{"name": "x", "model_id": model_id("bridge.connector"), "state": "code", "code": CODE}]},
        DENIED,
    ),
    "server_action_that_writes": (
        "administrator",
        "ir.actions.server",
        "create",
        {"vals_list": [{"name": "x", "model_id": model_id("bridge.job"), "state": "object_write"}]},
        DENIED,
    ),
    "server_action_of_ours_is_changed": (
        "administrator",
        "ir.actions.server",
        "write",
        {"ids": lambda self: self.env["ir.actions.server"]._bridge_entries().ids[:1], "vals": {"code": CODE}},
        DENIED,
    ),
    "server_action_of_ours_is_run_by_a_colleague": (
        "plain",
        "ir.actions.server",
        "run",
        {"ids": lambda self: self.env["ir.actions.server"]._bridge_entries().ids[:1]},
        NO,
    ),
    "cron_with_code": (
        "administrator",
        "ir.cron",
        "create",
        {"vals_list": [{"name": "x", "model_id": model_id("bridge.job"), "state": "code", "code": CODE}]},
        DENIED,
    ),
    "lane_is_run_by_hand": ("administrator", "ir.cron", "method_direct_trigger", {"ids": ids("lane")}, DENIED),
    "lane_is_switched_off": (
        "administrator",
        "ir.cron",
        "write",
        {"ids": ids("lane"), "vals": {"active": False}},
        DENIED,
    ),
    "lane_gets_another_user": (
        "administrator",
        "ir.cron",
        "write",
        {"ids": ids("lane"), "vals": {"user_id": 1, "code": CODE}},
        DENIED,
    ),
    "automation_by_a_default": (
        "operator",
        "ir.default",
        "set",
        {"model_name": "bridge.job", "field_name": "state", "value": "done"},
        DENIED,
    ),
    "view_of_ours_is_changed": (
        "administrator",
        "ir.ui.view",
        "write",
        {"ids": xml("integration_bridge.bridge_connector_view_form"), "vals": {"arch_db": "<form/>"}},
        DENIED,
    ),
    "parameter_of_allowed_addresses": (
        "administrator",
        "ir.config_parameter",
        "set_param",
        {"key": "integration_bridge.allowed_private_addresses", "value": "0.0.0.0/0"},
        DENIED,
    ),
    "parameter_is_read": (
        "administrator",
        "ir.config_parameter",
        "get_param",
        {"key": "integration_bridge.allowed_private_addresses"},
        DENIED,
    ),
    "settings_are_made": ("administrator", "res.config.settings", "create", {"vals_list": [{}]}, DENIED),
    "report_on_our_model": (
        "administrator",
        "ir.actions.report",
        "create",
        {"vals_list": [{"name": "x", "model": "bridge.connector", "report_name": "x"}]},
        DENIED,
    ),
    "field_that_is_added_to_our_model": (
        "administrator",
        "ir.model.fields",
        "create",
        {
            "vals_list": [
                {
                    "name": "x_secret",
                    "model_id": model_id("bridge.connector"),
                    "ttype": "char",
                    "related": SEALED,
                    "field_description": "x",
                }
            ]
        },
        DENIED,
    ),
}

# --- Rights that one would give oneself
RIGHTS = {
    "rule_is_removed": (
        "administrator",
        "ir.rule",
        "unlink",
        {"ids": xml("integration_bridge.bridge_connector_rule_company")},
        DENIED,
    ),
    "rule_that_lets_everybody": (
        "administrator",
        "ir.rule",
        "create",
        {"vals_list": [{"name": "x", "model_id": model_id("bridge.connector"), "domain_force": "[(1, '=', 1)]"}]},
        DENIED,
    ),
    "access_that_lets_everybody": (
        "administrator",
        "ir.model.access",
        "create",
        {"vals_list": [{"name": "x", "model_id": model_id("bridge.job"), "perm_write": True}]},
        DENIED,
    ),
    "access_of_ours_is_changed": (
        "administrator",
        "ir.model.access",
        "write",
        {"ids": xml("integration_bridge.access_bridge_job_user"), "vals": {"perm_write": True}},
        DENIED,
    ),
    "own_groups": (
        "operator",
        "res.users",
        "write",
        {
            "ids": lambda self: [person("operator")(self)],
            "vals": {"group_ids": [[4, lambda self: self.env.ref("base.group_system").id]]},
        },
        DENIED,
    ),
    "group_gets_a_member": (
        "administrator",
        "res.groups",
        "write",
        {"ids": xml("base.group_system"), "vals": {"user_ids": [[4, person("administrator")]]}},
        DENIED,
    ),
    "group_of_ours_implies_more": (
        "administrator",
        "res.groups",
        "write",
        {
            "ids": xml("integration_bridge.group_integration_bridge_external"),
            "vals": {"implied_ids": [[4, lambda self: self.env.ref("base.group_user").id]]},
        },
        DENIED,
    ),
    "user_for_an_external_system": (
        "administrator",
        "res.users",
        "create",
        {"vals_list": [{"login": "x", "name": "x"}]},
        DENIED,
    ),
    "key_of_somebody_else": (
        "administrator",
        "res.users.apikeys",
        "create",
        {"vals_list": [{"name": "x", "user_id": 2}]},
        NO,
    ),
    "caller_by_the_wizard": (
        "administrator",
        "bridge.caller",
        "create",
        {"vals_list": [{"connector_id": id_of("connector"), "name": "x"}]},
        DENIED,
    ),
    "approval_is_written": (
        "administrator",
        "bridge.approval",
        "create",
        {"vals_list": [{"connector_id": id_of("connector"), "user_id": 2}]},
        DENIED,
    ),
    "approval_in_a_command": (
        "administrator",
        "bridge.connector",
        "write",
        {"ids": ids("connector"), "vals": {"approval_ids": [[0, 0, {"user_id": 2}]]}},
        DENIED,
    ),
    "acting_user_by_a_write": (
        "administrator",
        "bridge.connector",
        "write",
        {"ids": ids("connector"), "vals": {"user_id": 2}},
        DENIED,
    ),
    "acting_user_by_a_default_in_the_context": (
        "administrator",
        "bridge.connector",
        "create",
        {"vals_list": [CONNECTOR], "context": {"default_user_id": 2}},
        DENIED,
    ),
    "secret_by_a_default_in_the_context": (
        "administrator",
        "bridge.connector",
        "create",
        {"vals_list": [CONNECTOR], "context": {"default_secret": "x"}},
        DENIED,
    ),
    "allowed_addresses_by_a_default_in_the_context": (
        "administrator",
        "bridge.connector",
        "create",
        {"vals_list": [CONNECTOR], "context": {"default_allowed_addresses": "10.0.0.0/8"}},
        DENIED,
    ),
    "proxy_by_a_default_in_the_context": (
        "administrator",
        "bridge.connector",
        "create",
        {"vals_list": [CONNECTOR], "context": {"default_proxy_url": "http://evil.example"}},
        DENIED,
    ),
    "superuser_in_the_context": (
        "user",
        "bridge.connector",
        "write",
        {"ids": ids("connector"), "vals": {"name": "x"}, "context": {"su": True, "uid": 1, "sudo": True}},
        DENIED,
    ),
    "import_mode_in_the_context": (
        "administrator",
        "bridge.job",
        "create",
        {"vals_list": [{"flow_id": id_of("flow")}], "context": {"install_mode": True, "import_file": True}},
        DENIED,
    ),
    "job_that_is_forged": (
        "operator",
        "bridge.job",
        "create",
        {"vals_list": [{"flow_id": id_of("flow"), "kind": "pull_record", "payload": thing(9)}]},
        DENIED,
    ),
    "job_that_is_turned": (
        "operator",
        "bridge.job",
        "write",
        {"ids": ids("job"), "vals": {"external_id": "1"}},
        DENIED,
    ),
    "lane_from_outside": ("administrator", "bridge.job", "_run_lane", {}, DENIED),
    "sealed_secret_is_written": (
        "administrator",
        "bridge.connector",
        "write",
        {"ids": ids("connector"), "vals": {SEALED: "x"}},
        DENIED,
    ),
    "secret_is_taken_away": (
        "administrator",
        "bridge.connector",
        "write",
        {"ids": ids("connector"), "vals": {"secret": False}},
        DENIED,
    ),
    "state_of_the_gate": (
        "administrator",
        "bridge.gate",
        "write",
        {"ids": lambda self: self.connector._gate().ids, "vals": {"paused": False}},
        DENIED,
    ),
}

# --- Domains, groups, orders and related fields that ask for what one may not read
ASKING = {
    "domain_on_a_secret": (
        "administrator",
        "bridge.connector",
        "search_read",
        {"domain": [[SEALED, "!=", False]]},
        DENIED,
    ),
    "domain_through_a_flow": (
        "administrator",
        "bridge.flow",
        "search_count",
        {"domain": [[f"connector_id.{SEALED}", "=like", "v%"]]},
        DENIED,
    ),
    "domain_with_any": (
        "administrator",
        "bridge.flow",
        "search_count",
        {"domain": [["connector_id", "any", [[SEALED, "!=", False]]]]},
        DENIED,
    ),
    "domain_without_rules": (
        "administrator",
        "bridge.flow",
        "search_count",
        {"domain": [["connector_id", "any!", [[SEALED, "!=", False]]]]},
        UNKNOWN,
    ),
    "domain_on_a_payload": ("operator", "bridge.job", "search_count", {"domain": [["payload", "!=", False]]}, DENIED),
    "domain_on_a_snapshot": (
        "administrator",
        "bridge.binding",
        "search_count",
        {"domain": [["odoo_snapshot", "!=", False]]},
        DENIED,
    ),
    "domain_from_partner_to_bridge": (
        "plain",
        "bridge.binding",
        "search_read",
        {"domain": [["res_model", "=", "res.partner"]]},
        DENIED,
    ),
    "order_by_a_secret": ("administrator", "bridge.connector", "search_read", {"domain": [], "order": SEALED}, DENIED),
    "order_through_a_flow": (
        "administrator",
        "bridge.flow",
        "search_read",
        {"domain": [], "order": f"connector_id.{SEALED}"},
        UNKNOWN,
    ),
    "group_by_a_secret": (
        "administrator",
        "bridge.connector",
        "formatted_read_group",
        {"domain": [], "groupby": [SEALED], "aggregates": ["__count"]},
        DENIED,
    ),
    "aggregate_of_a_secret": (
        "administrator",
        "bridge.connector",
        "formatted_read_group",
        {"domain": [], "groupby": [], "aggregates": [f"{SEALED}:array_agg"]},
        DENIED,
    ),
    "aggregate_of_payloads": (
        "operator",
        "bridge.job",
        "formatted_read_group",
        {"domain": [], "groupby": ["state"], "aggregates": ["payload:array_agg"]},
        DENIED,
    ),
    "old_read_group": (
        "administrator",
        "bridge.connector",
        "read_group",
        {"domain": [], "fields": [SEALED], "groupby": [SEALED]},
        DENIED,
    ),
    "having_a_secret": (
        "administrator",
        "bridge.connector",
        "formatted_read_group",
        {"domain": [], "groupby": ["state"], "aggregates": ["__count"], "having": [[f"{SEALED}:max", "!=", False]]},
        DENIED,
    ),
    "progress_bar": (
        "administrator",
        "bridge.connector",
        "read_progress_bar",
        {"domain": [], "group_by": SEALED, "progress_bar": {"field": "state", "colors": {"live": "success"}}},
        DENIED,
    ),
    "search_panel": (
        "administrator",
        "bridge.connector",
        "search_panel_select_range",
        {"field_name": SEALED},
        REFUSED,
    ),
    "read_of_a_secret": (
        "administrator",
        "bridge.connector",
        "read",
        {"ids": ids("connector"), "fields": [SEALED]},
        DENIED,
    ),
    "specification_of_a_secret": (
        "administrator",
        "bridge.connector",
        "web_read",
        {"ids": ids("connector"), "specification": {SEALED: {}}},
        DENIED,
    ),
    "specification_through_a_flow": (
        "administrator",
        "bridge.flow",
        "web_read",
        {"ids": ids("flow"), "specification": {"connector_id": {"fields": {SEALED: {}}}}},
        DENIED,
    ),
    "specification_through_a_wizard": (
        "operator",
        "bridge.job.there",
        "web_save",
        {
            "ids": [],
            "vals": {"job_id": id_of("job"), "external_id": "1"},
            "specification": {"job_id": {"fields": {"payload": {}, "error_message": {}}}},
        },
        DENIED,
    ),
    "onchange_of_a_secret": (
        "administrator",
        "bridge.connector",
        "onchange",
        {"ids": ids("connector"), "values": {}, "field_names": [], "fields_spec": {SEALED: {}}},
        DENIED,
    ),
    "onchange_of_a_wizard_on_a_strange_job": (
        "portal",
        "bridge.job.there",
        "onchange",
        {"ids": [], "values": {"job_id": id_of("job")}, "field_names": ["job_id"], "fields_spec": {"record_name": {}}},
        DENIED,
    ),
    "export_of_a_secret": (
        "administrator",
        "bridge.connector",
        "export_data",
        {"ids": ids("connector"), "fields_to_export": [SEALED]},
        DENIED,
    ),
    "export_through_a_flow": (
        "administrator",
        "bridge.flow",
        "export_data",
        {"ids": ids("flow"), "fields_to_export": [f"connector_id/{SEALED}"]},
        DENIED,
    ),
    "export_of_payloads": (
        "operator",
        "bridge.job",
        "export_data",
        {"ids": ids("job"), "fields_to_export": ["payload", "error_message"]},
        DENIED,
    ),
    "names_for_a_colleague": ("plain", "bridge.connector", "name_search", {"name": ""}, DENIED),
    "names_for_the_portal": ("portal", "bridge.flow", "name_search", {"name": "Things"}, DENIED),
    "metadata_for_a_colleague": ("plain", "bridge.connector", "get_metadata", {"ids": ids("connector")}, DENIED),
    "defaults_from_chosen_external_ids": (
        "plain",
        "bridge.anew",
        "default_get",
        {
            "fields_list": ["flow_id", "chosen_ids"],
            "context": {
                "active_model": "bridge.binding",
                "active_ids": lambda self: self.env["bridge.binding"].search([("flow_id", "=", self.flow.id)]).ids,
            },
        },
        DENIED,
    ),
}

# --- Copies, imports, files, chatter, favourites
CARRYING = {
    "copy_that_acts_as_somebody": (
        "administrator",
        "bridge.connector",
        "copy",
        {"ids": ids("connector"), "default": {"code": "y", "user_id": 2}},
        DENIED,
    ),
    "copy_with_allowed_addresses": (
        "administrator",
        "bridge.connector",
        "copy",
        {"ids": ids("connector"), "default": {"code": "y", "allowed_addresses": "10.0.0.1"}},
        DENIED,
    ),
    "copy_by_an_operator": ("operator", "bridge.connector", "copy", {"ids": ids("connector")}, DENIED),
    "copy_of_a_job": ("administrator", "bridge.job", "copy", {"ids": ids("job")}, DENIED),
    "copy_of_a_run": ("administrator", "bridge.run", "copy", {"ids": ids("run_")}, DENIED),
    "name_that_makes_a_connector": ("operator", "bridge.connector", "name_create", {"name": "x"}, DENIED),
    "name_that_makes_half_a_connector": ("administrator", "bridge.connector", "name_create", {"name": "x"}, REFUSED),
    "web_save_of_a_user": (
        "administrator",
        "bridge.connector",
        "web_save",
        {"ids": ids("connector"), "vals": {"user_id": 2}, "specification": {}},
        DENIED,
    ),
    "message_by_who_only_reads": (
        "user",
        "bridge.connector",
        "message_post",
        {"ids": ids("connector"), "body": "x"},
        DENIED,
    ),
    "message_by_a_colleague": (
        "plain",
        "bridge.connector",
        "message_post",
        {"ids": ids("connector"), "body": "x"},
        DENIED,
    ),
    "message_to_everybody": (
        "portal",
        "bridge.connector",
        "message_post",
        {"ids": ids("connector"), "body": "x", "partner_ids": [3]},
        DENIED,
    ),
    "colleague_follows": (
        "plain",
        "bridge.connector",
        "message_subscribe",
        {"ids": ids("connector"), "partner_ids": lambda self: self.doors.people["plain"].partner_id.ids},
        ("done",),  # it says that nothing was done
    ),
    "follower_is_written": (
        "plain",
        "mail.followers",
        "create",
        {
            "vals_list": [
                {
                    "res_model": "bridge.connector",
                    "res_id": id_of("connector"),
                    "partner_id": lambda self: self.doors.people["plain"].partner_id.id,
                }
            ]
        },
        DENIED,
    ),
    "activity_by_a_colleague": (
        "plain",
        "mail.activity",
        "create",
        {"vals_list": [{"res_model_id": model_id("bridge.connector"), "res_id": id_of("connector"), "user_id": 2}]},
        DENIED,
    ),
    "tracked_values_by_a_colleague": (
        "plain",
        "bridge.connector",
        "read",
        {"ids": ids("connector"), "fields": ["message_ids"]},
        DENIED,
    ),
    "file_at_a_connector": (
        "plain",
        "ir.attachment",
        "create",
        {"vals_list": [{"name": "x", "raw": "x", "res_model": "bridge.connector", "res_id": id_of("connector")}]},
        DENIED,
    ),
    "file_at_a_connector_by_who_only_reads": (
        "user",
        "ir.attachment",
        "create",
        {"vals_list": [{"name": "x", "raw": "x", "res_model": "bridge.connector", "res_id": id_of("connector")}]},
        DENIED,
    ),
    "file_of_a_field": (
        "administrator",
        "ir.attachment",
        "create",
        {
            "vals_list": [
                {"name": "x", "res_model": "bridge.connector", "res_field": SEALED, "res_id": id_of("connector")}
            ]
        },
        ("denied", "refused"),
    ),
    "favourite_of_somebody": (
        "plain",
        "ir.filters",
        "create",
        {"vals_list": [{"name": "x", "model_id": "bridge.connector", "user_ids": [[6, 0, [2]]]}]},
        DENIED,
    ),
    "properties_of_nothing": (
        "administrator",
        "bridge.connector",
        "read",
        {"ids": ids("connector"), "fields": ["properties.x", SEALED]},
        UNKNOWN,
    ),
    "translations_of_a_secret": (
        "administrator",
        "bridge.connector",
        "get_field_translations",
        {"ids": ids("connector"), "field_name": SEALED},
        DENIED,
    ),
}


@tagged("post_install", "-at_install")
class TestInOneStep(RightsCase):
    def test_attacks_on_the_machinery(self):
        self.attack(MACHINERY)

    def test_attacks_on_rights(self):
        self.attack(RIGHTS)

    def test_attacks_by_asking(self):
        self.attack(ASKING)

    def test_attacks_by_what_carries(self):
        self.attack(CARRYING)


@tagged("post_install", "-at_install")
class TestMoreThanOneStep(RightsCase):
    """Attacks of several steps, or whose success can be seen elsewhere."""

    def default(self, name, value):
        """A personal default, which everybody may have."""
        about = {"model_name": "bridge.connector", "field_name": name, "value": value, "user_id": True}
        return self.call("administrator", "ir.default", "set", **about)

    def test_attack_own_default_for_the_acting_user(self):
        answer = self.default("user_id", self.env.ref("base.user_admin").id)
        self.assertEqual(answer.said, "done", answer.value)
        answer = self.call("administrator", "bridge.connector", "create", vals_list=[CONNECTOR])
        self.assertEqual(answer.said, "denied", answer.value)

    def test_attack_own_default_for_what_only_a_system_administrator_sets(self):
        for name, value in (
            ("allowed_addresses", "10.0.0.0/8"),
            ("proxy_url", "http://evil.example:1"),
            ("secret", "x"),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                answer = self.default(name, value)
                if answer.said == "done":
                    made = self.call("administrator", "bridge.connector", "create", vals_list=[CONNECTOR])
                    found = self.env["bridge.connector"].browse(made.value if made.said == "done" else ())
                    self.assertFalse(name == "secret" and found.has_secret)
                    self.assertFalse(found[name], made)
                savepoint.close(rollback=True)

    def test_attack_flow_is_copied_to_a_connector_with_more_rights(self):
        mighty = self.own(self.system, code="mighty")
        answer = self.call(
            "administrator", "bridge.flow", "copy", ids=self.flow.ids, default={"connector_id": mighty.id, "code": "y"}
        )
        self.assertEqual(answer.said, "denied", answer.value)
        self.assertFalse(mighty.flow_ids)

    def test_attack_import_of_rows(self):
        rows = {
            "bridge.job": (["flow_id/.id", "kind"], [[str(self.flow.id), "pull"]]),
            "bridge.binding": (["flow_id/.id", "res_id", "external_id"], [[str(self.flow.id), "1", "9"]]),
            "bridge.approval": (["connector_id/.id", "user_id/.id"], [[str(self.connector.id), "2"]]),
            "bridge.connector": (["name", "code", "base_url", "user_id/.id"], [["x", "x", "http://x", "2"]]),
            "bridge.gate": (["connector_id/.id"], [[str(self.connector.id)]]),
        }
        secret = (["name", "code", "base_url", "secret"], [["x", "x", "http://x", "y"]])
        for model, (names, data) in [*rows.items(), ("bridge.connector", secret)]:
            before = self.shape()
            answer = self.call("administrator", model, "load", fields=names, data=data)
            with self.subTest(model, names=names):
                self.assertTrue(answer.said == "denied" or not answer.value["ids"], answer.value)
                self.assertEqual(self.shape(), before)

    def test_attack_company_in_the_context_and_in_values(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.system.company_ids += other
        theirs = self.own(self.system, code="theirs", company_id=other.id)
        for who in ("administrator", "operator", "user"):
            context = {"allowed_company_ids": other.ids}
            answer = self.call(who, "bridge.connector", "search_read", domain=[], context=context)
            self.assertEqual(answer.said, "denied", answer.value)
            found = self.call(who, "bridge.connector", "search", domain=[["id", "=", theirs.id]])
            self.assertEqual(found.value, [])
            self.assertEqual(self.call(who, "bridge.connector", "read", ids=theirs.ids, fields=["name"]).said, "denied")
            for method in ("action_test_connection", "action_sync", "action_export_definition", "action_set_live"):
                self.assertEqual(self.call(who, "bridge.connector", method, ids=theirs.ids).said, "denied", method)
        answer = self.call(
            "administrator", "bridge.connector", "create", vals_list=[{**CONNECTOR, "company_id": other.id}]
        )
        self.assertIn(answer.said, NO)
        answer = self.call(
            "administrator", "bridge.connector", "write", ids=self.connector.ids, vals={"company_id": other.id}
        )
        self.assertIn(answer.said, NO)

    def test_attack_related_record_of_a_colleague_in_a_domain_to_push(self):
        for text in (
            "[",
            "1",
            "__import__('os')",
            "[('name', None, 1)]",
            "[('name', 7, 1)]",
            "[(None, '=', 1)]",
            "[('id', '=', 1/0)]",
            "[" * 5_000,
            "[('user_ids.password', '!=', 1)]",
        ):
            values = {"push_domain": text, "direction": "push"}
            before = self.flow.push_domain
            answer = self.call("administrator", "bridge.flow", "write", ids=self.flow.ids, vals=values)
            with self.subTest(text[:20]):
                self.assertIn(answer.said, NO, answer.value)
                self.assertEqual(self.flow.push_domain, before)

    def test_attack_failures_that_are_ignored_by_a_domain(self):
        for text in ("[", "7", "{}", '[["payload", "!=", false]]', '[["no", "=", 1]]', '["|"]', "[" * 5_000, "[[1]]"):
            made = self.call("operator", "bridge.job.ignore", "create", vals_list=[{"domain": text, "reason": "x"}])
            with self.subTest(text[:20]):
                if made.said == "done":
                    made = self.call("operator", "bridge.job.ignore", "action_ignore", ids=made.value)
                self.assertIn(made.said, NO, made.value)
                self.assertEqual(self.job.state, "failed")

    def test_attack_records_to_sync_of_another_kind(self):
        for method in ("action_sync_records", "action_sync_status"):
            for ids_ in (None, "all", 7, [None], ["x"], [2**70], [-1], [[]], [{}], {"a": 1}, [1.5], [True]):
                answer = self.call("operator", "bridge.flow", method, model_name="res.partner", record_ids=ids_)
                with self.subTest(method, ids=ids_):
                    self.assertIn(answer.said, ("done", *NO), answer.value)

    def test_attack_what_is_taken_anew_of_another_kind(self):
        for chosen in ("1", 7, True, {"a": 1}, [None], [[]], [{}], [2**70], ["x" * 5_000], [1.5], []):
            vals = {"flow_id": self.flow.id, "kind": "pull", "chosen_ids": chosen}
            made = self.call("operator", "bridge.anew", "create", vals_list=[vals])
            for method in ("action_preview", "action_start"):
                answer = made if made.said != "done" else self.call("operator", "bridge.anew", method, ids=made.value)
                with self.subTest(str(chosen)[:20], method=method):
                    self.assertIn(answer.said, ("done", *NO), answer.value)
            if made.said == "done":
                answer = self.call("operator", "bridge.anew", "read", ids=made.value, fields=["count"])
                self.assertEqual(answer.said, "done", answer.value)

    def test_attack_ids_that_are_fetched_by_hand(self):
        self.server.requests.clear()
        for text in ("../../admin", "1?x=2", "1#x", "a" * 5_000, "%2e%2e/x", "1\n../2", "＃"):
            made = self.call(
                "operator", "bridge.recover", "create", vals_list=[{"flow_id": self.flow.id, "external_ids": text}]
            )
            answer = (
                made
                if made.said != "done"
                else self.call("operator", "bridge.recover", "action_recover", ids=made.value)
            )
            with self.subTest(text[:20]):
                self.assertIn(answer.said, ("done", *NO), answer.value)
        self.work()
        self.assertFalse([one for one in self.server.requests if "admin" in one and ".." not in one and "%" not in one])

    def test_attack_definition_file_that_is_none(self):
        contents = (
            b"",
            b"{",
            b"[]",
            b"7",
            b"null",
            b'"x"',
            b"\xff\xfe\x00",
            b"PK\x03\x04",
            b"{}",
            b'{"format": 1}',
            b"\x00" * 99,
        )
        contents += (
            b'{"a":' * 500 + b"1" + b"}" * 500,
            b'{"version": 1e999}',
            b'{"connector": NaN}',
            "\ud800".encode("utf-8", "surrogatepass"),
        )
        for content in contents:
            file = base64.b64encode(content).decode()
            made = self.call("administrator", "bridge.definition.import", "create", vals_list=[{"file": file}])
            answer = made
            if made.said == "done":
                answer = self.call("administrator", "bridge.definition.import", "action_import", ids=made.value)
            with self.subTest(content[:20]):
                self.assertIn(answer.said, NO, answer.value)

    def test_attack_file_of_somebody_else_s_definition(self):
        action = self.connector.with_user(self.system).action_export_definition()
        number = int(action["url"].split("/")[-1].split("?")[0])
        for who in ("administrator", "operator", "user", "plain", "portal"):
            with self.subTest(who):
                answer = self.call(who, "ir.attachment", "read", ids=[number], fields=["datas"])
                self.assertEqual(answer.said, "denied", answer.value)

    def test_attack_messages_of_a_connector_by_who_does_not_read_it(self):
        self.connector.message_post(body="Internal-4711")
        for who in ("plain", "portal"):
            answer = self.call(who, "mail.message", "search_read", domain=[["model", "=", "bridge.connector"]])
            self.assertNotIn("Internal-4711", json.dumps(answer.value))

    def test_attack_alert_by_who_does_not_read_it(self):
        alert = self.env["bridge.alert"].create(
            {"key": "x", "kind": "paused", "message": "Internal-4711", "connector_id": self.connector.id}
        )
        for who in ("plain", "portal"):
            for method, more in (
                ("read", {"fields": ["message"]}),
                ("action_open", {}),
                ("message_post", {"body": "x"}),
            ):
                self.assertEqual(self.call(who, "bridge.alert", method, ids=alert.ids, **more).said, "denied", method)

    def test_attack_form_of_somebody_else(self):
        """What a colleague has written in it, and which records he has chosen."""
        payload = json.dumps({**thing(2), "name": "Internal-4711"})
        forms = {
            "bridge.job.replay": ({"job_id": self.job.id, "payload_text": payload}, "action_replay"),
            "bridge.job.there": ({"job_id": self.job.id, "external_id": "Internal-4711"}, "action_resolve"),
            "bridge.job.ignore": ({"domain": "[]", "reason": "Internal-4711"}, "action_ignore"),
            "bridge.recover": ({"flow_id": self.flow.id, "external_ids": "Internal-4711"}, "action_recover"),
            "bridge.anew": ({"flow_id": self.flow.id, "kind": "pull", "chosen_ids": ["x"]}, "action_start"),
        }
        for model, (values, button) in forms.items():
            made = self.call("administrator", model, "create", vals_list=[values]).value
            names = list(values)
            for method, more in (
                ("read", {"fields": names}),
                ("write", {"vals": values}),
                ("unlink", {}),
                (button, {}),
            ):
                answer = self.call("operator", model, method, ids=made, **more)
                with self.subTest(model, method=method):
                    self.assertEqual(answer.said, "denied", answer.value)
            self.assertEqual(self.call("operator", model, "search", domain=[]).value, [])
        self.assertEqual(self.job.state, "failed")

    def test_attack_template_of_a_mail_shows_a_secret(self):
        body = "<t t-out='object.secret_sealed'/><t t-out='object.secret'/>{{ object.secret_sealed }}"
        values = {"name": "x", "model_id": self.model("bridge.connector"), "body_html": body, "subject": body}
        made = self.call("administrator", "mail.template", "create", vals_list=[values])
        if made.said != "done":  # only editors of templates may
            return self.assertEqual(made.said, "denied")
        values = {"model": "bridge.connector", "res_ids": str(self.connector.ids), "template_id": made.value[0]}
        mail = self.call("administrator", "mail.compose.message", "create", vals_list=[values])
        answer = mail
        if mail.said == "done":
            answer = self.call(
                "administrator", "mail.compose.message", "read", ids=mail.value, fields=["body", "subject"]
            )
        self.assertNotIn(self.connector[SEALED], str(answer.value))
        self.assertNotIn(KEY, str(answer.value))

    def test_attack_member_of_a_group_that_is_taken_away_keeps_nothing(self):
        person = self.doors.people["operator"]
        self.assertEqual(self.call("operator", "bridge.flow", "action_sync", ids=self.flow.ids).said, "done")
        person.group_ids = [Command.set(self.env.ref("base.group_user").ids)]
        for model, method in (
            ("bridge.flow", "action_sync"),
            ("bridge.job", "action_retry"),
            ("bridge.run", "action_cancel"),
        ):
            records = {"bridge.flow": self.flow, "bridge.job": self.job, "bridge.run": self.run_}[model]
            self.assertEqual(self.call("operator", model, method, ids=records.ids).said, "denied", method)

    def test_attack_records_that_are_not_there(self):
        for model, method in (
            ("bridge.connector", "action_test_connection"),
            ("bridge.connector", "action_export_definition"),
            ("bridge.connector", "action_approve"),
            ("bridge.flow", "action_preview"),
            ("bridge.flow", "action_open_records"),
            ("bridge.job", "action_edit"),
            ("bridge.job", "action_there"),
            ("bridge.run", "action_confirm"),
            ("bridge.binding", "action_open_record"),
            ("bridge.alert", "action_open"),
        ):
            for who in ("plain", "portal"):
                answer = self.call(who, model, method, ids=[999_999_999])
                with self.subTest(model, method=method, who=who):
                    self.assertIn(answer.said, NO, answer.value)
