from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, thing

KEPT = "Another Value Kept"


@tagged("post_install", "-at_install")
class TestStatusButton(BridgeCase):
    """Every form of a mapped model says how the record is with the other systems (promise 5)."""

    def widgets(self, model, user=None):
        model = self.env[model].with_user(user) if user else self.env[model]
        arch = etree.fromstring(model.get_view(view_type="form")["arch"])
        return len(arch.findall(".//widget[@name='bridge_status']"))

    def status(self, record):
        self.env.invalidate_all()  # each call of a form has an environment of its own
        return self.env["bridge.binding"].status_of(record._name, record.id)

    def test_forms_of_mapped_models_have_it_and_no_others(self):
        flow = self.connect()
        user = new_test_user(self.env, "has_it", "base.group_user,integration_bridge.group_integration_bridge_user")
        nobody = new_test_user(self.env, "has_it_not", "base.group_user")
        self.assertEqual(self.widgets("res.partner", user), 1)
        self.assertEqual(self.widgets("res.partner", nobody), 0)
        self.assertEqual(self.widgets("res.company", user), 0)
        flow.active = False
        self.assertEqual(self.widgets("res.partner", user), 0, "no flow maps it any more")
        flow.active = True
        self.assertEqual(self.widgets("res.partner", user), 1)

    def test_a_form_without_other_buttons_gets_a_place_for_it(self):
        flow = self.connect()
        model = self.env["ir.model"]._get("res.partner.category")
        flow.copy({"code": "tags", "model_id": model.id, "mapping_ids": [], "operation_ids": []})
        self.assertEqual(self.widgets("res.partner.category"), int(self._has_sheet("res.partner.category")))

    def _has_sheet(self, model):
        return etree.fromstring(self.env[model].get_view(view_type="form")["arch"]).find(".//sheet") is not None

    def test_the_worst_of_it_is_told(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        partner = self.bound(flow, 1)
        self.assertEqual((self.status(partner)["label"], self.status(partner)["color"]), ("Synced", "success"))
        self.conflict(flow, 1)
        self.assertEqual(self.status(partner)["color"], "warning")
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(flow, full=True)
        found = self.status(partner)
        self.assertEqual((found["color"], found["system"]), ("danger", self.connector.name))
        self.assertIn("Failed since", found["text"])

    def test_what_one_side_keeps_otherwise_and_when_it_was_synced_are_told(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        run = self.sync(flow)
        partner = self.bound(flow, 1)
        self.assertRegex(self.status(partner)["when"], r"\d:\d\d")
        row = {"kind": "altered", "external_id": "1", "res_id": partner.id, "differences": {"name": ["Here", "There"]}}
        self.env["bridge.drift"]._insert(flow, run, [row])
        self.assertEqual((self.status(partner)["label"], self.status(partner)["color"]), (KEPT, "warning"))
        self.assertIn("Error Desk", self.status(partner)["text"])
        find = self.env["bridge.find"].create({"sought": "1"})
        find.action_find()
        self.assertEqual(find.line_ids.filtered("binding_id").mapped("state"), ["altered"])
        self.env["bridge.drift"].search([("flow_id", "=", flow.id)]).state = "accepted"
        self.assertEqual(self.status(partner)["label"], "Synced")

    def test_a_new_one_waits_until_it_fails(self):
        flow = self.connect()
        partner = self.env["res.partner"].create({"name": "New"})
        job = self.env["bridge.job"]._enqueue([{"kind": "push_record", "flow_id": flow.id, "res_id": partner.id}])
        self.assertEqual((self.status(partner)["color"], self.status(partner)["text"]), ("info", ""))
        job.state = "running"
        self.assertEqual(self.status(partner)["label"], "Waits to Be Sent")
        job.write({"state": "failed", "error_kind": "data", "error_message": "It is too long."})
        self.assertEqual((self.status(partner)["label"], self.status(partner)["text"]), ("Failed", "It is too long."))

    def test_one_that_is_only_here_says_that(self):
        self.connect()
        self.assertEqual(self.status(self.env["res.partner"].create({"name": "Here"}))["label"], "Not Synced")

    def test_who_has_nothing_to_do_with_the_bridge_is_told_nothing(self):
        nobody = new_test_user(self.env, "outside", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["bridge.binding"].with_user(nobody).status_of("res.partner", 1)
