"""Attacks on the answer to "who may act as whom" (holes 1 and 2): each is tried as a person would, and fails."""

from contextlib import contextmanager

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models.bridge_approval import NotApproved
from .common import BridgeCase, field, thing, things_flow
from .push_case import PushCase, contacts_flow

BRIDGE = "integration_bridge.group_integration_bridge_"
MANAGER = "base.group_user,base.group_partner_manager"
# One of each kind that the list of sensitive models names: rights, code, credentials, what carries them.
SENSITIVE = (
    *("res.users", "res.groups", "ir.model.access", "ir.rule", "ir.actions.server", "ir.actions.act_window", "ir.cron"),
    *("ir.config_parameter", "ir.mail_server", "ir.ui.view", "mail.template", "ir.attachment", "ir.model.fields"),
    *("ir.default", "ir.filters", "res.groups.privilege", "fetchmail.server"),
)


class AttackCase(BridgeCase):
    """A bridge administrator without Odoo's role Administrator, a colleague, an operator; and who may approve."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.adm = new_test_user(cls.env, "attack_adm", f"{MANAGER},{BRIDGE}administrator")
        cls.operator = new_test_user(cls.env, "attack_operator", f"{MANAGER},{BRIDGE}operator")
        cls.peer = new_test_user(cls.env, "attack_peer", "base.group_user")
        cls.system = cls.env.ref("base.user_admin")

    def own(self, person=None, **values):
        """A connector that a person has made, so that it acts as that person."""
        values = {"name": "Own", "code": "own", "base_url": self.server.url, "state": "preview", **values}
        return self.env["bridge.connector"].with_user(person or self.adm).create(values)

    def model(self, name):
        return self.env["ir.model"]._get_id(name)

    def field_id(self, model, name):
        return self.env["ir.model.fields"]._get(model, name).id

    def add_field(self, person, name="comment", **values):
        flow = self.connector.flow_ids
        values = {"flow_id": flow.id, "field_id": self.field_id("res.partner", name), "path": "x", **values}
        return self.env["bridge.field.mapping"].with_user(person).create(values)

    @contextmanager
    def refused(self, words):
        """What is tried is refused with an AccessError that says this, and leaves nothing behind, as in a request."""
        with self.assertRaisesRegex(AccessError, words), self.env.cr.savepoint():
            yield
        self.env.invalidate_all()

    def assert_stopped(self, words):
        self.env.invalidate_all()
        self.assertIn(words, self.connector.approval_problem)
        self.assertIn("system administrator", self.connector.approval_problem, "it says who has to act")
        self.assertIn("Approve", self.connector.approval_problem, "and what to do")
        with self.assertRaises(NotApproved):
            self.connector.flow_ids[:1]._records()


@tagged("post_install", "-at_install")
class TestActingAsSomebodyElse(AttackCase):
    """Hole 1: whose rights a connector has."""

    def test_attack_new_connector_that_acts_as_a_colleague(self):
        with self.refused("act as somebody else"):
            self.own(user_id=self.peer.id)
        self.assertEqual(self.own().user_id, self.adm)

    def test_attack_own_connector_is_turned_over_to_a_colleague(self):
        connector = self.own()
        for values in ({"user_id": self.peer.id}, {"name": "x", "user_id": self.acting.id}):
            with self.refused("act as somebody else"):
                connector.write(values)
        with self.refused("act as somebody else"):
            connector.web_save({"user_id": self.peer.id}, {})
        with self.refused("act as somebody else"):
            connector.with_context(default_user_id=self.peer.id).create(
                {"name": "x", "code": "x", "base_url": "http://x", "user_id": self.peer.id}
            )

    def test_attack_default_in_the_context_names_a_colleague(self):
        with self.assertRaises(AccessError):
            self.env["bridge.connector"].with_user(self.adm).with_context(default_user_id=self.peer.id).create(
                {"name": "x", "code": "x", "base_url": self.server.url}
            )

    def test_attack_copy_of_a_connector_that_acts_as_a_colleague(self):
        self.connect()
        copy = self.connector.with_user(self.adm).copy()
        self.assertEqual(copy.user_id, self.adm, "who copies it has it act as himself")
        with self.refused("act as somebody else"):
            self.connector.with_user(self.adm).copy({"user_id": self.peer.id, "code": "again"})

    def test_attack_connector_of_a_colleague_is_configured(self):
        colleague = new_test_user(self.env, "attack_colleague", f"{MANAGER},{BRIDGE}administrator")
        connector = self.own(colleague)
        flow = (
            self.env["bridge.flow"]
            .with_user(colleague)
            .create({"name": "x", "code": "x", "connector_id": connector.id, "model_id": self.model("res.partner")})
        )
        adm = connector.with_user(self.adm)
        attacks = {
            "address": lambda: adm.write({"base_url": "http://evil.example"}),
            "state": lambda: adm.action_set_live(),
            "flow": lambda: flow.with_user(self.adm).write({"direction": "push"}),
            "new_flow": lambda: flow.with_user(self.adm).copy({"code": "y"}),
            "mapping": lambda: flow.with_user(self.adm).write(
                {"mapping_ids": [Command.create({"field_id": self.field_id("res.partner", "name"), "path": "x"})]}
            ),
            "removed": lambda: adm.unlink(),
        }
        for name, attack in attacks.items():
            with self.subTest(name), self.refused("who alone has configured it"):
                attack()
        flow.name = "The colleague may"

    def test_what_an_administrator_of_odoo_chooses_is_approved(self):
        connector = self.own(self.system, user_id=self.peer.id)
        self.assertFalse(connector.approval_problem)
        self.assertEqual(
            (connector.approval_ids.user_id, connector.approval_ids.approved_by_id), (self.peer, self.system)
        )

    def test_connector_that_is_being_entered_needs_no_approval_yet(self):
        entered = self.env["bridge.connector"].with_user(self.adm).new({"name": "New", "user_id": self.adm.id})
        self.assertFalse(entered.approval_problem, "the form would say that “False” has stopped")

    def test_attack_sudo_of_an_inner_method_approves_nothing(self):
        self.connect()
        self.connector.with_user(self.adm).sudo().write({"base_url": "http://evil.example"})
        self.assert_stopped("http://evil.example:80: called")

    def test_attack_forged_approval(self):
        self.connect()
        approval = self.connector.approval_ids
        for person in (self.adm, self.operator, self.system):
            forged = self.env["bridge.approval"].with_user(person)
            attacks = {
                "create": lambda forged=forged: forged.create(
                    {"connector_id": self.connector.id, "user_id": self.system.id, "approved_by_id": self.system.id}
                ),
                "write": lambda person=person: approval.with_user(person).write({"user_id": self.system.id}),
                "unlink": lambda person=person: approval.with_user(person).unlink(),
                "command": lambda person=person: self.connector.with_user(person).write(
                    {"approval_ids": [Command.update(approval.id, {"uses": []})]}
                ),
            }
            for name, attack in attacks.items():
                with self.subTest(name, person=person.login), self.assertRaises(AccessError):
                    attack()

    def test_attack_button_pressed_by_who_may_not_approve(self):
        self.connect()
        for person in (self.adm, self.operator, self.peer):
            with self.subTest(person.login), self.assertRaises(AccessError):
                self.connector.with_user(person).action_approve()


@tagged("post_install", "-at_install")
class TestRightsThatCameLater(AttackCase):
    """Hole 2: what was right when it was configured is asked again at every run."""

    def setUp(self):
        super().setUp()
        self.flow = self.connect(
            things_flow(
                direction="both",
                operations=[
                    *things_flow()["operations"],
                    {"kind": "create", "method": "POST", "path": "/things", "records": "@"},
                ],
            )
        )
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        self.flow._enqueue("manual", kinds=["pull"])
        self.work()
        self.assertTrue(self.bound(self.flow, 1))
        self.failure = self.failures(self.flow)
        self.server.requests.clear()

    def promote(self):
        self.acting.group_ids += self.env.ref("base.group_system")

    def test_attack_each_way_in_after_the_acting_user_was_promoted(self):
        self.promote()
        self.assert_stopped("has gained rights")
        operator = self.flow.with_user(self.operator)
        ways = {
            "sync": operator.action_sync,
            "full_sync": operator.action_full_sync,
            "full_push": operator.action_full_push,
            "compare": operator.action_compare,
            "preview": operator.action_preview,
            "connector": self.connector.with_user(self.operator).action_sync,
            "records": lambda: operator.action_sync_records("res.partner", self.bound(self.flow, 1).ids),
            "replay": lambda: self.failure.with_user(self.operator)._replay(thing(2)),
            "there": lambda: self.failure.with_user(self.operator)._resolve_there("9"),
            "retry": self.failure.with_user(self.operator).action_retry,
            "binding": self.env["bridge.binding"]
            .search([("flow_id", "=", self.flow.id), ("external_id", "=", "1")])
            .with_user(self.operator)
            .action_sync,
        }
        told = set()
        for name, way in ways.items():
            with self.subTest(name):
                try:
                    way()
                except NotApproved as error:
                    self.assertIn("has gained rights", str(error))
                    told.add(name)
                self.work()
                self.assertFalse(self.server.requests, "nothing was asked, nothing was sent")
                self.assertFalse(self.bound(self.flow, 2))
        self.assertGreaterEqual(
            told, {"sync", "full_sync", "full_push", "compare", "preview", "connector", "replay", "there"}
        )

    def test_attack_what_was_found_right_is_not_found_right_any_longer(self):
        """The answer is kept as long as nothing has changed; each of these is a change of another table."""
        system = self.env.ref("base.group_system")
        other = new_test_user(self.env, "attack_other", "base.group_user")
        ways = {
            "the user": lambda: self.env.cr.execute("UPDATE bridge_connector SET user_id = %s", [other.id]),
            "a field": lambda: self.add_field(self.adm),
            "the model of a lookup": lambda: (
                self.flow.mapping_ids[:1].with_user(self.adm).write({"field_id": self.field_id("res.partner", "ref")})
            ),
            "an address": lambda: (
                self.flow.operation_ids[:1].with_user(self.adm).write({"path": "http://other.example/x"})
            ),
            "a policy": lambda: self.flow.with_user(self.adm).write({"delete_policy": "unlink"}),
            "the approval": lambda: self.connector.sudo().approval_ids.unlink(),
            # This process has kept what groups imply, as a lane does that has been at work for long.
            "a group implies another one, which another process has said": lambda: self.env.cr.execute(
                "INSERT INTO res_groups_implied_rel (gid, hid) VALUES (%s, %s)",
                [self.env.ref("base.group_user").id, system.id],
            ),
            "a group of the user's implies another one": lambda: self.env.ref("base.group_user").write(
                {"implied_ids": [Command.link(system.id)]}
            ),
        }
        for name, way in ways.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.flow._records()
                self.assertFalse(self.connector.approval_problem)
                way()
                self.env.flush_all()
                self.env.invalidate_all()
                with self.assertRaises(NotApproved):
                    self.flow._records()
                savepoint.close(rollback=True)
            self.env.invalidate_all()
            self.env.registry.clear_all_caches()  # Odoo keeps what groups imply, and knows of no savepoint
        self.flow._records()

    def test_attack_schedule_needs_no_click(self):
        self.promote()
        self.flow.interval_number = 1
        self.flow.next_run = "2020-01-01 00:00:00"
        self.server.records["things"].append(thing(3))
        self.work()
        self.work()
        self.assertFalse(self.server.requests)
        self.assertFalse(self.bound(self.flow, 3))
        runs = self.env["bridge.run"].search([("flow_id", "=", self.flow.id), ("trigger", "=", "schedule")])
        self.assertIn("has gained rights", " ".join(filter(None, runs.mapped("message"))))
        self.assertIn("approval", {one["kind"] for one in self.env["bridge.alert"]._situations().values()})
        self.assertEqual(self.connector.health, "down")

    def test_stopped_work_goes_on_by_itself_when_it_is_approved(self):
        self.promote()
        self.server.records["things"].append(thing(3))
        self.flow._enqueue("schedule", kinds=["pull"])
        self.work()
        self.assertTrue(self.connector._gate().paused)
        self.connector.with_user(self.system).action_approve()
        self.assertFalse(self.connector.approval_problem)
        self.work()
        self.assertTrue(self.bound(self.flow, 3))

    def test_rights_that_are_lost_need_no_approval(self):
        self.acting.group_ids -= self.env.ref("base.group_partner_manager")
        self.assertFalse(self.connector.approval_problem)


@tagged("post_install", "-at_install")
class TestRightsThatCameLaterAndThePush(PushCase):
    def test_attack_change_of_a_record_needs_no_click(self):
        self.connect(contacts_flow())
        self.partner("Ada")
        self.settle()
        self.acting.group_ids += self.env.ref("base.group_system")
        bob = self.partner("Bob")
        self.settle()
        self.settle()
        self.assertEqual(self.names_there(), ["Ada"], "nothing was sent")
        self.assertTrue(self.env["bridge.change"].search([("res_id", "=", bob.id)]), "and nothing is lost")
        self.connector.action_approve()
        self.settle()
        self.assertEqual(self.names_there(), ["Ada", "Bob"])


@tagged("post_install", "-at_install")
class TestConfigurationThatGrows(AttackCase):
    """Who may not approve can add, and has to wait until somebody has who may."""

    def setUp(self):
        super().setUp()
        self.flow = self.connect()

    def test_what_stays_inside_the_approval_needs_nobody(self):
        adm = self.flow.with_user(self.adm)
        adm.mapping_ids[0].path = "other"
        adm.write({"name": "x", "page_size": 7, "updated_path": "changed"})
        self.connector.with_user(self.adm).write({"name": "x", "log_level": "errors"})
        self.assertFalse(self.connector.approval_problem)
        self.assertEqual(self.sync(self.flow).state, "done")

    def test_attacks_that_go_beyond_the_approval_stop_the_connector(self):
        operation = self.flow._operation("list")
        keyed = {"converter": "many2one_key", "options": '{"field": "code"}'}
        attacks = {
            "field": (lambda: self.add_field(self.adm), "res.partner.comment: written"),
            "key": (lambda: self.add_field(self.adm, "country_id", **keyed), "res.country.code: searched"),
            "way": (lambda: self.flow.with_user(self.adm).write({"direction": "push", "authority": "odoo"}), "sent"),
            "search": (
                lambda: self.flow.with_user(self.adm).write({"match_domain": "[('user_ids.login', '=', 'a')]"}),
                "res.partner.user_ids.login: searched",
            ),
            "deletes": (lambda: self.flow.with_user(self.adm).write({"delete_policy": "unlink"}), "deleted"),
            "gone": (
                lambda: self.flow.with_user(self.adm).write({"delete_policy": "mark", "gone_values": '{"ref": "x"}'}),
                "res.partner.ref: written",
            ),
            "address": (
                lambda: self.connector.with_user(self.adm).write({"base_url": "https://evil.example/"}),
                "https://evil.example:443: called",
            ),
            "operation": (
                lambda: operation.with_user(self.adm).write({"path": "http://evil.example/things"}),
                "http://evil.example:80: called",
            ),
            "model": (
                lambda: (
                    self.env["bridge.flow"]
                    .with_user(self.adm)
                    .create(
                        {
                            **{"name": "x", "code": "x", "connector_id": self.connector.id},
                            "model_id": self.model("res.partner.category"),
                        }
                    )
                ),
                "res.partner.category: written",
            ),
        }
        for name, (attack, words) in attacks.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                attack()
                self.assert_stopped(words)
                savepoint.close(rollback=True)
            self.env.invalidate_all()
        self.assertFalse(self.connector.approval_problem)

    def test_what_who_may_approve_adds_is_approved_and_what_waits_goes_on_waiting(self):
        self.add_field(self.adm)
        self.add_field(self.system, "ref")
        self.assert_stopped("res.partner.comment")
        self.assertNotIn("res.partner.ref", self.connector.approval_problem, "the administrator has added it himself")
        self.connector.with_user(self.system).action_approve()
        self.assertFalse(self.connector.approval_problem)

    def test_attack_what_was_approved_and_removed_does_not_come_back(self):
        self.add_field(self.system).with_user(self.system).unlink()
        self.add_field(self.adm)
        self.assert_stopped("res.partner.comment")


@tagged("post_install", "-at_install")
class TestWhatDecidesOverRights(AttackCase):
    """Flows on models and fields that decide over rights, code or credentials: by a system administrator only."""

    def flow_on(self, person, model, connector=None, **values):
        connector = connector or self.own(person)
        values = {"name": model, "code": "x", "connector_id": connector.id, "delete_policy": "ignore", **values}
        return self.env["bridge.flow"].with_user(person).create({**values, "model_id": self.model(model)})

    def test_attack_flow_on_each_kind_of_sensitive_model(self):
        connector = self.own()
        for model in SENSITIVE:
            if model not in self.env:
                self.assertEqual(model, "fetchmail.server", "only this one may not be installed")
                continue
            with self.subTest(model), self.refused("only a system administrator may integrate"):
                self.flow_on(self.adm, model, connector)

    def test_attack_commands_inside_another_write(self):
        connector = self.own()
        harmless = self.flow_on(self.adm, "res.partner", connector)
        evil = {"name": "x", "code": "evil", "model_id": self.model("res.users"), "delete_policy": "ignore"}
        for name, attack in {
            "create": lambda: connector.write({"flow_ids": [Command.create(evil)]}),
            "update": lambda: connector.write(
                {"flow_ids": [Command.update(harmless.id, {"model_id": self.model("res.users")})]}
            ),
            "new": lambda: self.own(code="two", flow_ids=[Command.create(evil)]),
            "import": lambda: (
                self.env["bridge.connector"]
                .with_user(self.adm)
                ._import_definition(
                    {
                        **{"format": "integration_bridge.connector", "version": 1},
                        "connector": {"code": "three", "name": "x", "base_url": self.server.url},
                        "flows": [things_flow(model="res.users", fields=[field("login", "login", key=True)])],
                    }
                )
            ),
        }.items():
            with self.subTest(name), self.refused("only a system administrator may integrate"):
                attack()

    def test_attack_sensitive_fields_of_harmless_models(self):
        flow = self.flow_on(self.adm, "res.partner")
        for name in ("signup_type", "user_ids"):  # of Odoo's rights administrators; the users themselves
            values = {"flow_id": flow.id, "field_id": self.field_id("res.partner", name), "path": "x"}
            with self.subTest(name), self.refused("only a system administrator may integrate"):
                values |= {"converter": "nested", "options": '{"flow": "x"}'} if name == "user_ids" else {}
                self.env["bridge.field.mapping"].with_user(self.adm).create(values)

    def test_attack_user_that_is_created_by_its_key(self):
        flow = self.flow_on(self.adm, "res.partner")
        values = {"flow_id": flow.id, "field_id": self.field_id("res.partner", "user_id"), "path": "seller"}
        values |= {"converter": "many2one_key"}
        mappings = self.env["bridge.field.mapping"].with_user(self.adm)
        with self.refused("res.users.login: created"):
            mappings.create({**values, "options": '{"field": "login", "create": true}'})
        mappings.create({**values, "options": '{"field": "login"}'})

    def test_attack_flow_is_taken_over_from_a_system_administrator(self):
        connector = self.own(self.system, user_id=self.adm.id)
        self.flow_on(self.system, "res.users", connector)
        self.assertFalse(connector.approval_problem)
        with self.refused("rights, code or credentials"):
            connector.with_user(self.adm).user_id = self.adm.id
        self.assertFalse(connector.approval_problem, "what was refused has changed nothing")

    def test_system_administrator_may_and_is_warned_each_time(self):
        connector = self.own(self.system)
        for number, model in enumerate(("res.users", "ir.cron"), 1):
            flow = self.flow_on(self.system, model, connector, code=f"x{number}")
            self.assertIn("decides over rights, code or credentials", flow.risk)
            warnings = connector.message_ids.filtered(lambda one: "Warning" in (one.body or ""))
            self.assertEqual(len(warnings), number)
        self.assertFalse(self.flow_on(self.system, "res.partner", connector, code="y").risk)

    def test_another_addon_adds_to_the_list(self):
        approvals = type(self.env["bridge.approval"])
        original = approvals._sensitive_models
        connector = self.own()
        flow = self.flow_on(self.adm, "res.partner.category", connector)
        self.assertFalse(connector.approval_problem)
        self.patch(approvals, "_sensitive_models", lambda self: original(self) | {"res.partner.category"})
        self.env.registry.clear_cache()  # as the installation of an addon does
        self.connector = connector
        self.assert_stopped("rights, code or credentials")
        with self.refused("only a system administrator may integrate"):
            flow.write({"direction": "push", "authority": "odoo"})
