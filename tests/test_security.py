from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, thing, things_flow

CONFIGURATION = ("bridge.connector", "bridge.flow", "bridge.operation", "bridge.field.mapping", "bridge.route")
STATE = ("bridge.binding", "bridge.run", "bridge.log", "bridge.job", "bridge.gate", "bridge.alert", "bridge.failure")
STATE += ("bridge.approval", "bridge.change", "bridge.conflict", "bridge.drift", "bridge.delivery")
INTERNAL = ("bridge.feed", "bridge.key", "bridge.newest", "bridge.request", "bridge.seen")

WIZARDS = (
    "bridge.anew",
    "bridge.caller",
    "bridge.connect",
    "bridge.connect.line",
    "bridge.definition.import",
    "bridge.find",
    "bridge.find.line",
    "bridge.hook.secret",
    "bridge.job.ignore",
    "bridge.job.replay",
    "bridge.job.there",
    "bridge.look",
)
WIZARDS += ("bridge.recover",)


@tagged("post_install", "-at_install")
class TestSecurity(BridgeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            name: new_test_user(
                cls.env,
                f"bridge_{name}",
                f"base.group_user,base.group_partner_manager,integration_bridge.group_integration_bridge_{name}",
            )
            for name in ("user", "operator", "administrator")
        }
        cls.people["nobody"] = new_test_user(cls.env, "bridge_nobody", "base.group_user")

    def setUp(self):
        super().setUp()
        self.flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        self.run_ = self.sync(self.flow)
        self.conflict_ = self.conflict(self.flow, 1)
        self.env["bridge.change"]._note(self.flow.id, "res.partner", self.bound(self.flow, 1).ids)
        self.env.cr.flush()
        self.env["bridge.alert"].create(
            {"key": "x", "kind": "paused", "message": "x", "connector_id": self.connector.id}
        )
        about = {"flow_id": self.flow.id, "res_id": 1}
        binding = self.env["bridge.binding"].search([("flow_id", "=", self.flow.id)], limit=1)
        self.env["bridge.change"].create({**about, "res_model": "res.partner"})
        self.env["bridge.conflict"].create({"flow_id": self.flow.id, "binding_id": binding.id, "kind": "gone_there"})
        route = {"connector_id": self.connector.id, "flow_id": self.flow.id}
        self.env["bridge.route"].create(route)
        self.env["bridge.delivery"].create(
            {
                "connector_id": self.connector.id,
                "company_id": self.connector.company_id.id,
                "delivery_id": "1",
                "received": "2026-01-01",
            }
        )
        self.env["bridge.drift"].create({**about, "run_id": self.run_.id, "kind": "different"})

    def stranger(self, group):
        """A user of one of our groups, in another company."""
        other = self.env["res.company"].create({"name": "Other"})
        return new_test_user(
            self.env,
            "bridge_stranger",
            f"base.group_user,integration_bridge.group_integration_bridge_{group}",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )

    def allowed(self, who, model, operation):
        return self.env[model].with_user(self.people[who]).has_access(operation)

    def test_every_model_has_its_rights(self):
        for model in (*CONFIGURATION, *STATE, "bridge.exchange"):
            for who in self.people:
                reads = who != "nobody" and (model != "bridge.exchange" or who != "user")
                configures = who == "administrator" and model in CONFIGURATION
                with self.subTest(model=model, who=who):
                    self.assertEqual(self.allowed(who, model, "read"), reads)
                    for operation in ("write", "create", "unlink"):
                        self.assertEqual(self.allowed(who, model, operation), configures)

    def test_the_gallery_is_read_by_administrators(self):
        for who in self.people:
            with self.subTest(who=who):
                self.assertEqual(self.allowed(who, "bridge.gallery", "read"), who == "administrator")
                self.assertFalse(any(self.allowed(who, "bridge.gallery", one) for one in ("write", "create", "unlink")))

    def test_what_only_the_code_uses_is_nobodys_matter(self):
        for model in INTERNAL:
            for who in self.people:
                for operation in ("read", "write", "create", "unlink"):
                    with self.subTest(model=model, who=who, operation=operation):
                        self.assertFalse(self.allowed(who, model, operation))

    def test_every_model_of_ours_is_in_the_table(self):
        ours = {name for name in self.env if name.startswith("bridge.") and not self.env[name]._abstract}
        self.assertEqual(ours, {*CONFIGURATION, *STATE, *WIZARDS, "bridge.exchange", "bridge.gallery", *INTERNAL})

    def test_only_operators_run_and_retry(self):
        job = self.failures(self.flow)
        binding = self.env["bridge.binding"].search([("flow_id", "=", self.flow.id)])
        calls = [
            (self.connector, "action_test_connection"),
            (self.connector, "action_sync"),
            (self.flow, "action_sync"),
            (self.flow, "action_full_sync"),
            (self.flow, "action_preview"),
            (self.run_, "action_cancel"),
            (self.run_, "action_confirm"),
            (job, "action_retry"),
            (job, "action_cancel"),
            (binding, "action_sync"),
            (job, "action_there"),
            (self.conflict_, "action_keep_odoo"),
            (self.conflict_, "action_keep_remote"),
            (self.conflict_, "action_others_odoo"),
            (self.conflict_, "action_others_remote"),
            (self.env["bridge.delivery"].search([], limit=1), "action_replay"),
            (self.env["bridge.delivery"].search([], limit=1), "action_ignore"),
        ]
        for record, method in calls:
            with self.subTest(method):
                with self.assertRaises(AccessError):
                    getattr(record.with_user(self.people["user"]), method)()
                getattr(record.with_user(self.people["operator"]), method)()

    def test_only_operators_push_everything(self):
        self.flow.operation_ids.create(
            {"flow_id": self.flow.id, "kind": "create", "method": "POST", "path": "/things", "records_path": "@"}
        )
        self.flow.direction = "push"
        with self.assertRaises(AccessError):
            self.flow.with_user(self.people["user"]).action_full_push()
        self.flow.with_user(self.people["operator"]).action_full_push()
        run = self.env["bridge.run"].search([("flow_id", "=", self.flow.id)], limit=1)
        self.assertEqual((run.kind, run.full), ("push", True))

    def test_only_administrators_let_one_side_always_win(self):
        for who in ("user", "operator"):
            for method in ("action_always_odoo", "action_always_remote"):
                with self.subTest(who=who, method=method), self.assertRaises(AccessError):
                    getattr(self.conflict_.with_user(self.people[who]), method)()
        self.conflict_.with_user(self.people["administrator"]).action_always_odoo()
        self.assertEqual((self.conflict_.state, self.conflict_.decision), ("closed", "odoo"))  # nothing is ever sent
        self.assertEqual(
            self.flow.mapping_ids.filtered(lambda mapping: mapping.field_name == "phone").authority, "odoo"
        )

    def test_public_methods_need_at_least_reading(self):
        nobody = self.people["nobody"]
        for record, method, arguments in (
            (self.connector, "action_export_definition", ()),
            (self.connector, "action_set_live", ()),
            (self.env["bridge.flow"], "action_sync_status", ("res.partner", [1])),
            (self.env["bridge.flow"], "action_sync_records", ("res.partner", [1])),
            (self.flow, "action_full_push", ()),
            (self.failures(self.flow), "action_open_record", ()),
            (self.failures(self.flow), "action_there", ()),
            (self.conflict_, "action_open_record", ()),
            (self.conflict_, "action_open_binding", ()),
            (self.env["bridge.change"].search([], limit=1), "action_open_record", ()),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(record.with_user(nobody), method)(*arguments)

    def test_operators_do_not_configure(self):
        for method in ("action_set_live", "action_set_preview", "action_disable"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(self.connector.with_user(self.people["operator"]), method)()

    def test_credentials_are_for_system_administrators(self):
        connector = self.connector.with_user(self.people["administrator"])
        for name in ("secret", "refresh_token", "secret_sealed", "refresh_token_sealed", "allowed_addresses"):
            with self.subTest(name):
                with self.assertRaises(AccessError):
                    connector.read([name])
                with self.assertRaises(AccessError):
                    connector.write({name: "x"})
        with self.assertRaises(AccessError):
            self.connector.with_user(self.env.ref("base.user_admin")).read(["secret_sealed"])

    def test_who_configures_gains_no_rights(self):
        administrator = self.people["administrator"]
        connector = self.connector.with_user(administrator)
        connector.name = "Fine: the acting user has no more rights"
        with self.assertRaisesRegex(AccessError, "act as somebody else"):
            connector.user_id = self.env.ref("base.user_admin")
        with self.assertRaisesRegex(AccessError, "act as somebody else"):
            connector.create(
                {"name": "X", "code": "x", "base_url": "http://x", "user_id": self.env.ref("base.user_admin").id}
            )
        self.acting.group_ids += self.env.ref("base.group_system")
        mapping = self.flow.mapping_ids[0]
        operation = self.flow._operation("list")
        for record, values in (
            (self.connector, {"name": "X"}),
            (self.flow, {"name": "X"}),
            (mapping, {"path": "x"}),
            (operation, {"path": "/x"}),
        ):
            with self.subTest(record._name), self.assertRaisesRegex(AccessError, "rights that you do not have"):
                record.with_user(administrator).write(values)
        for record in (mapping, operation, self.flow, self.connector):
            with self.subTest(record._name), self.assertRaisesRegex(AccessError, "rights that you do not have"):
                record.with_user(administrator).unlink()

    def test_flow_can_not_be_moved_to_a_connector_with_more_rights(self):
        other = self.connector.copy({"user_id": self.env.ref("base.user_admin").id})
        with self.assertRaisesRegex(AccessError, "rights that you do not have"):
            self.flow.with_user(self.people["administrator"]).connector_id = other

    def test_operator_of_another_company_can_not_run(self):
        stranger = self.stranger("operator")
        for record, method in (
            (self.flow, "action_sync"),
            (self.flow, "action_preview"),
            (self.run_, "action_cancel"),
            (self.run_, "action_confirm"),
            (self.connector, "action_test_connection"),
            (self.conflict_, "action_keep_odoo"),
            (self.conflict_, "action_others_odoo"),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(record.with_user(stranger), method)()

    def test_stranger_reads_nothing_through_a_wizard(self):
        self.connector.company_id = self.env.company
        job = self.failures(self.flow)
        job.write({"record_name": "Secret", "error_message": "Secret"})
        stranger = self.stranger("operator")
        for model, name, values in (
            ("bridge.job.there", "record_name", {"external_id": "1"}),
            ("bridge.job.there", "flow_id", {"external_id": "1"}),
            ("bridge.job.replay", "error_message", {"payload_text": "{}"}),
        ):
            with self.subTest(model, field=name):
                wizard = self.env[model].with_user(stranger).create({"job_id": job.id, **values})
                self.env.flush_all()
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    wizard[name]  # pylint: disable=pointless-statement

    def test_only_who_may_set_credentials_says_where_they_are_sent(self):
        connector = self.connector.with_user(self.people["administrator"])
        connector.base_url = "http://127.0.0.1:1"
        self.connector._set_secrets({"secret": "x"})
        for values in ({"base_url": "http://127.0.0.1:2"}, {"verify_tls": False}, {"auth_scheme": "bearer"}):
            with self.subTest(**values), self.assertRaisesRegex(AccessError, "has credentials"):
                connector.write(values)
        connector.name = "Still fine"

    def test_companies_do_not_see_each_other(self):
        stranger = self.stranger("administrator")
        for model in (*CONFIGURATION, *STATE):
            with self.subTest(model):
                self.assertTrue(self.env[model].with_user(self.people["user"]).search_count([]))
                ours = self.env[model].search([("company_id", "=", self.env.company.id)])
                self.assertTrue(ours)
                self.assertFalse(self.env[model].with_user(stranger).search([("id", "in", ours.ids)]))

    def test_job_can_not_be_forged(self):
        for who in self.people:
            for model in ("bridge.job", "bridge.run", "bridge.binding"):
                with self.subTest(who=who, model=model), self.assertRaises(AccessError):
                    self.env[model].with_user(self.people[who]).create({"flow_id": self.flow.id})

    def test_records_of_the_bridge_can_not_be_integrated(self):
        with self.assertRaisesRegex(Exception, "can not be integrated"):
            self.connect(things_flow(model="bridge.job", fields=[], delete_policy="ignore"))
