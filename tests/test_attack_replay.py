"""Attacks by an operator (hole 5): what he edits and replays is what he could write himself."""

import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import field, thing, things_flow
from .test_attack_acting import BRIDGE, MANAGER, AttackCase


@tagged("post_install", "-at_install")
class TestReplay(AttackCase):
    """The acting user may more than the operator."""

    def failed(self, flow=None, number=2, **values):
        """The job of a record that failed, for it had no name."""
        flow = self.connect(flow or things_flow(**values))
        self.server.records["things"] = [thing(1), thing(number, name=None)]
        self.sync(flow)
        return self.failures(flow).with_user(self.operator)

    def give_before(self, group):
        """Before the connector is made, so that it is approved."""
        self.acting.group_ids += self.env.ref(group)

    def replay(self, job, **values):
        wizard = self.env["bridge.job.replay"].with_user(job.env.user)
        wizard.create({"job_id": job.id, "payload_text": json.dumps({**thing(2), **values})}).action_replay()
        self.work()

    def test_attack_parameter_is_written_with_the_rights_of_the_acting_user(self):
        self.give_before("base.group_system")
        flow = things_flow(
            model="ir.config_parameter",
            delete_policy="ignore",
            fields=[field("key", "email", key=True, required=True), field("value", "name", required=True)],
        )
        job = self.failed(flow)
        with self.refused(""):
            self.replay(job, name="http://evil.example", email="web.base.url.forged")
        self.assertFalse(self.env["ir.config_parameter"].get_param("web.base.url.forged"))
        self.assertFalse(job.sudo().payload_edited, "what was refused has changed nothing")

    def test_attack_field_that_the_operator_does_not_see(self):
        self.give_before("base.group_erp_manager")
        job = self.failed(fields=[*things_flow()["fields"], field("signup_type", "kind")])
        with self.refused("may not write the field “signup_type”"):
            self.replay(job, name="x", kind="reset")

    def test_attack_model_that_the_operator_only_reads(self):
        self.operator.group_ids -= self.env.ref("base.group_partner_manager")
        job = self.failed()
        with self.refused(""):
            self.replay(job, name="x")
        self.assertFalse(self.bound(self.connector.flow_ids, 2))

    def hide_from_operator(self, domain):
        self.env["ir.rule"].create(
            {
                "name": "x",
                "model_id": self.model("res.partner"),
                "groups": [Command.link(self.env.ref(f"{BRIDGE}operator").id)],
                "domain_force": domain,
            }
        )

    def test_attack_record_that_a_rule_keeps_from_the_operator(self):
        job = self.failed()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(job.sudo().flow_id, full=True)
        record = self.bound(job.sudo().flow_id, 2)
        self.server.records["things"][1]["name"] = None
        self.server.records["things"][1]["phone"] = "7"
        self.sync(job.sudo().flow_id, full=True)
        self.hide_from_operator(f"[('id', '!=', {record.id})]")
        job = self.failures(job.sudo().flow_id).with_user(self.operator)
        with self.refused(""):
            self.replay(job, name="Forged")
        self.assertEqual(record.name, "Thing 2")

    def test_attack_values_that_make_it_a_record_of_others(self):
        self.hide_from_operator("[('phone', '!=', 'secret')]")
        job = self.failed()
        self.replay(job, name="Forged", phone="secret")
        self.assertFalse(self.bound(self.connector.flow_ids, 2), "the new values are not the operator's to write")
        self.assertEqual((job.sudo().state, job.sudo().error_kind), ("failed", "data"))
        self.replay(job, name="Allowed", phone="7")
        self.assertEqual(self.bound(self.connector.flow_ids, 2).name, "Allowed")
        self.assertEqual(job.sudo().edited_by_id, self.operator, "and who has written it can be read")

    def test_who_could_write_it_may_replay_it(self):
        job = self.failed()
        self.replay(job, name="By hand")
        self.assertEqual((job.sudo().state, self.bound(self.connector.flow_ids, 2).name), ("done", "By hand"))

    def test_attack_user_who_is_no_operator(self):
        job = self.failed()
        reader = new_test_user(self.env, "attack_reader", f"{MANAGER},{BRIDGE}user")
        with self.assertRaises(AccessError):
            self.replay(job.with_user(reader), name="x")
