"""What held when it was tried (HOLES.md, "Held"), as named attacks, so that it keeps holding."""

import json

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import get_public_method
from odoo.tests import new_test_user, tagged

from ..models.bridge_secrets_mixin import SECRETS
from .common import definition, thing
from .test_attack_acting import BRIDGE, MANAGER, AttackCase

KEY = "Held-Secret-4711-4711"
# Public methods of ours that who only reads may call: they show, and change nothing.
SOUGHT = ("bridge.find", "bridge.find.line")
SHOWS = {
    *("action_open", "action_open_bindings", "action_open_changes", "action_open_conflicts", "action_open_drift"),
    *("action_open_binding", "action_open_counted", "action_open_deliveries", "action_open_failed_deliveries"),
    *("action_open_alerts", "action_open_plan", "action_open_there"),
    *("action_open_exchanges", "action_open_failure", "action_open_failures", "action_open_flows", "action_open_logs"),
    *("action_open_record", "action_open_records", "action_open_runs", "action_open_jobs", "action_sync_status"),
    "action_export_definition",  # what he reads
}


@tagged("post_install", "-at_install")
class TestSecretsHeld(AttackCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.connector._set_secrets(dict.fromkeys(SECRETS, KEY))
        self.env.flush_all()
        groups = f"base.group_user,base.group_allow_export,{BRIDGE}administrator"
        self.exporter = new_test_user(self.env, "attack_exporter", groups)

    def test_attack_secret_by_every_way_of_reading(self):
        names = [*SECRETS, *(f"{name}_sealed" for name in SECRETS)]
        names += ["hook_secret", "hook_address", "hook_secret_sealed", "hook_old_secret_sealed", "hook_token_sealed"]
        names.append("hook_token_hash")
        for person in (self.exporter, self.operator):
            connectors = self.env["bridge.connector"].with_user(person)
            flows = self.env["bridge.flow"].with_user(person)
            for name in names:
                attacks = {
                    "read": lambda c=connectors, n=name: c.search([]).read([n]),
                    "search": lambda c=connectors, n=name: c.search([(n, "=like", "H%")]),
                    "dotted": lambda f=flows, n=name: f.search([(f"connector_id.{n}", "=like", "H%")]),
                    "any": lambda f=flows, n=name: f.search([("connector_id", "any", [(n, "!=", False)])]),
                    "group": lambda c=connectors, n=name: c.formatted_read_group([], [n], ["__count"]),
                    "web_read": lambda c=connectors, n=name: c.search([]).web_read({n: {}}),
                    "onchange": lambda c=connectors, n=name: c.search([], limit=1).onchange({}, [n], {n: {}}),
                    "mapped": lambda c=connectors, n=name: c.search([]).mapped(n),
                    "filtered": lambda c=connectors, n=name: c.search([]).filtered_domain([(n, "!=", False)]),
                }
                if person == self.exporter:
                    attacks["export"] = lambda c=connectors, n=name: c.search([]).export_data([n])
                    attacks["export_dotted"] = lambda f=flows, n=name: f.search([]).export_data([f"connector_id/{n}"])
                for way, attack in attacks.items():
                    with self.subTest(name, way=way, who=person.login), self.assertRaises(AccessError):
                        self.env.invalidate_all()
                        attack()

    def test_attack_sealed_secret_as_a_system_administrator(self):
        connector = self.connector.with_user(self.system)
        for name in SECRETS:
            self.assertFalse(connector[name], "typed, and never shown again")
            with self.subTest(name), self.assertRaises(AccessError):
                connector.read([f"{name}_sealed"])
        self.assertNotIn(KEY, str(connector.read()))
        self.assertNotIn(KEY, str(connector.copy_data({"code": "x"})))
        self.assertNotIn(KEY, str(self.connector._export_definition()))

    def test_attack_default_in_the_context(self):
        values = {"name": "x", "code": "x", "base_url": "http://x"}
        connectors = self.env["bridge.connector"].with_user(self.adm)
        for name in (*SECRETS, "allowed_addresses"):
            with self.subTest(name), self.refused(""):
                connectors.with_context(**{f"default_{name}": "10.0.0.0/8"}).create(values)

    def test_attack_defaults_that_are_asked_for(self):
        names = [*SECRETS, *(f"{name}_sealed" for name in SECRETS), "allowed_addresses"]
        for person in (self.exporter, self.operator, self.system):
            connectors = self.env["bridge.connector"].with_user(person)
            for name in names:
                with self.subTest(name, who=person.login):
                    self.assertFalse(connectors.default_get([name]))

    def test_attack_address_is_loaded_from_a_file(self):
        """Import of rows, by the id in the database and by an external id, as the screen *Import* does it."""
        xmlid = self.connector.export_data(["id"])["datas"][0][0]
        for column, known in ((".id", str(self.connector.id)), ("id", xmlid)):
            for name, value in (("base_url", "http://evil.example"), ("auth_username", "evil")):
                before = self.connector[name]
                with self.subTest(name, by=column):
                    try:
                        answer = self.env["bridge.connector"].with_user(self.adm).load([column, name], [[known, value]])
                    except AccessError:
                        answer = {"ids": False}
                    self.env.invalidate_all()
                    self.assertFalse(answer["ids"])
                    self.assertEqual(self.connector[name], before)

    def test_attack_definition_says_what_it_may_not(self):
        document = definition(self.server.url, code="other")
        for name in ("user_id", "acting_user", "secret", "allowed_addresses", "company_id", "state"):
            forged = {**document, "connector": {**document["connector"], name: "x"}}
            with self.subTest(name), self.assertRaises(UserError):
                self.env["bridge.connector"].with_user(self.adm)._import_definition(forged)

    def test_attack_address_of_a_connector_with_a_secret(self):
        connector = self.connector.with_user(self.adm)
        values = {"base_url": "http://evil.example", "auth_token_url": "http://evil.example/t", "auth_scheme": "basic"}
        values |= {"verify_tls": False, "ca_pem": "x", "auth_username": "evil", "headers": "{}"}
        for name, value in values.items():
            for way in ("write", "web_save"):
                with self.subTest(name, way=way), self.refused("has credentials"):
                    connector.write({name: value}) if way == "write" else connector.web_save({name: value}, {})
        for placeholder in ("{secret}", "{password}"):
            with self.assertRaises(ValidationError):
                self.flow._operation("list").with_user(self.adm).path = f"/{placeholder}"


@tagged("post_install", "-at_install")
class TestRightsHeld(AttackCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        self.sync(self.flow)
        self.outsiders = {
            "user": new_test_user(self.env, "attack_user", f"base.group_user,{BRIDGE}user"),
            "plain": self.peer,
            "portal": new_test_user(self.env, "attack_portal", "base.group_portal"),
            "public": self.env.ref("base.public_user"),
        }

    def stranger(self, groups):
        """An operator of another company than the one that the connector is of."""
        other = self.env["res.company"].create({"name": "Other"})
        self.connector.company_id = self.env.company
        self.acting.company_ids |= self.env.company
        groups = f"{groups},{BRIDGE}operator"
        company = {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        return new_test_user(self.env, "attack_stranger", groups, **company)

    def methods(self):
        """Every public method that is ours, of every model that has records.

        :return: (model, method)
        """
        found = set()
        for name in self.env.registry:
            if not name.startswith("bridge.") or self.env[name]._abstract:
                continue
            for cls in type(self.env[name]).mro():
                if cls.__module__.startswith("odoo.addons.integration_bridge."):
                    found |= {(name, one) for one in vars(cls) if one.startswith("action_")}
        return sorted(found)

    def test_attack_every_public_method_as_who_only_reads_or_does_not_even(self):
        methods = self.methods()
        self.assertGreater(len(methods), 50, "the table is not empty")
        for model, method in methods:
            records = self.env[model].search([], limit=1)
            for who, person in self.outsiders.items():
                if who == "user" and method in SHOWS:
                    continue
                arguments = ("res.partner", [1]) if method in ("action_sync_status", "action_sync_records") else ()
                attacked = records.with_user(person)
                with self.subTest(model, method=method, who=who):
                    self.env.invalidate_all()
                    if model in SOUGHT and who == "user":  # his own, and what it opens asks for rights of its own
                        self.assertTrue(attacked.has_access("create"))
                    elif self.env[model]._transient:  # who can not make one has none to press a button of
                        self.assertFalse(attacked.has_access("create"))
                    elif method in SHOWS:  # it gives an action, and what that shows is not for this person
                        self.assertFalse(attacked.has_access("read"))
                    else:
                        with self.assertRaises(AccessError), self.env.cr.savepoint():
                            getattr(attacked, method)(*arguments)

    def test_attack_connector_that_acts_as_an_administrator(self):
        self.give("base.group_system")
        adm = self.adm
        connector, flow = self.connector.with_user(adm), self.flow.with_user(adm)
        mapping, operation = flow.mapping_ids[0], flow.operation_ids[0]
        conflict = self.conflict(self.flow, "1").with_user(adm)
        values = {"name": "x", "code": "x", "connector_id": connector.id, "model_id": self.model("res.partner")}
        attacks = {
            "connector": lambda: connector.write({"name": "x"}),
            "flow": lambda: flow.write({"name": "x"}),
            "new_flow": lambda: flow.create(values),
            "moved_flow": lambda: (
                self.env["bridge.flow"]
                .with_user(adm)
                .create({**values, "connector_id": self.own().id})
                .write({"connector_id": connector.id})
            ),
            "mapping": lambda: mapping.write({"path": "x"}),
            "new_mapping": lambda: self.add_field(adm),
            "operation": lambda: operation.write({"path": "/x"}),
            "command": lambda: connector.write({"flow_ids": [Command.update(flow.id, {"name": "x"})]}),
            "link": lambda: connector.write({"flow_ids": [Command.create({**values})]}),
            "unlink_mapping": lambda: mapping.unlink(),
            "unlink_flow": lambda: flow.unlink(),
            "unlink": lambda: connector.unlink(),
            "state": lambda: connector.action_disable(),
            "always_odoo": lambda: conflict.action_always_odoo(),
            "always_remote": lambda: conflict.action_always_remote(),
        }
        for name, attack in attacks.items():
            with self.subTest(name), self.refused("rights that you do not have"):
                attack()

    def test_attack_without_an_acting_user_nothing_runs(self):
        self.connector.write({"state": "preview", "user_id": False})
        self.server.requests.clear()
        for method in ("action_sync", "action_full_sync", "action_preview", "action_compare"):
            with self.subTest(method), self.assertRaisesRegex(UserError, "no acting user"):
                getattr(self.flow.with_user(self.operator), method)()
        self.assertFalse(self.server.requests)

    def test_attack_companies_in_the_context(self):
        stranger = self.stranger("base.group_user")
        for model in ("bridge.connector", "bridge.flow", "bridge.run", "bridge.job", "bridge.binding", "bridge.log"):
            records = self.env[model].with_user(stranger)
            with self.subTest(model):
                self.assertFalse(records.search([]))
                with self.assertRaises(AccessError):
                    records.with_context(allowed_company_ids=[self.env.company.id]).search([])

    def test_attack_forms_about_what_another_company_has(self):
        """A form may be made on any id; nothing is done and nothing is read through it."""
        stranger, job = self.stranger(MANAGER), self.failures(self.flow)[:1]
        self.server.requests.clear()
        forms = (
            ("bridge.recover", {"flow_id": self.flow.id, "external_ids": "1"}, "action_recover"),
            ("bridge.anew", {"flow_id": self.flow.id, "kind": "pull"}, "action_start"),
            ("bridge.job.replay", {"job_id": job.id, "payload_text": '{"id": 2}'}, "action_replay"),
            ("bridge.job.there", {"job_id": job.id, "external_id": "1"}, "action_resolve"),
        )
        jobs, state = self.env["bridge.job"].search_count([]), job.state
        for model, values, method in forms:
            with self.subTest(model), self.refused(""):
                getattr(self.env[model].with_user(stranger).create(values), method)()
        ignored = self.env["bridge.job.ignore"].with_user(stranger)
        ignored.create({"domain": json.dumps([["id", "=", job.id]]), "reason": "x"}).action_ignore()
        self.assertEqual((self.env["bridge.job"].search_count([]), job.state), (jobs, state))
        self.assertFalse(self.server.requests)

    def test_attack_internal_methods_over_rpc(self):
        for model, method in (
            ("bridge.flow", "_records"),
            ("bridge.connector", "_client"),
            ("bridge.connector", "_unsealed"),
            ("bridge.connector", "_set_secrets"),
            ("bridge.approval", "_approve"),
            ("bridge.job", "_run_lane"),
            ("bridge.job", "_replay"),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                get_public_method(self.env[model], method)
