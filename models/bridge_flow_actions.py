"""Entries in the Actions menu of every model that a flow maps."""

from odoo import api, models
from odoo.exceptions import UserError

ENTRIES = (("status", "action_sync_status"), ("sync", "action_sync_records"))


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    @api.model
    def _update_model_actions(self):
        """Each mapped model has "Sync status" and "Sync now" in its Actions menu; other models have not."""
        mapped = self.sudo().with_context(active_test=True).search([("parent_id", "=", False)]).model_id
        present = self._model_actions()
        served = present.binding_model_id
        self._remove_model_actions(present.filtered(lambda action: action.binding_model_id not in mapped))
        labels = {"status": self.env._("Sync Status"), "sync": self.env._("Sync Now")}
        for model in mapped - served:
            for entry, method in ENTRIES:
                self._create_model_action(model, entry, labels[entry], method)

    def _create_model_action(self, model, entry, label, method):
        action = (
            self.env["ir.actions.server"]
            .sudo()
            .create(
                {
                    "name": label,
                    "model_id": model.id,
                    "binding_model_id": model.id,
                    "binding_view_types": "list,form",
                    "state": "code",
                    "code": f"action = env['bridge.flow'].{method}(records._name, records.ids)",
                    "group_ids": [(4, self.env.ref("integration_bridge.group_integration_bridge_user").id)],
                }
            )
        )
        # A name of its own, so that uninstalling the addon finds it.
        self.env["ir.model.data"].sudo().create(
            {
                "module": "integration_bridge",
                "name": f"model_action_{entry}_{model.model.replace('.', '_')}",
                "model": "ir.actions.server",
                "res_id": action.id,
                "noupdate": True,
            }
        )

    @api.model
    def _model_actions(self):
        data = (
            self.env["ir.model.data"]
            .sudo()
            .search(
                [
                    ("module", "=", "integration_bridge"),
                    ("model", "=", "ir.actions.server"),
                    ("name", "=like", "model\\_action\\_%"),
                ]
            )
        )
        return self.env["ir.actions.server"].sudo().browse(data.mapped("res_id")).exists()

    @api.model
    def _remove_model_actions(self, actions):
        names = [("model", "=", "ir.actions.server"), ("res_id", "in", actions.ids)]
        self.env["ir.model.data"].sudo().search(names).unlink()
        actions.unlink()

    @api.model
    def action_sync_status(self, model_name, record_ids):
        """The external IDs of some records, with what was synced when.

        :param str model_name: their model
        :param list[int] record_ids: their ids
        """
        self.env["bridge.binding"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_binding_action")
        domain = [("flow_id.model", "=", model_name), ("res_id", "in", record_ids)]
        return {**action, "name": self.env._("Sync Status"), "domain": domain, "context": {}}

    @api.model
    def action_sync_records(self, model_name, record_ids):
        """Fetch the remote records of some records again, now.

        :param str model_name: their model
        :param list[int] record_ids: their ids
        :raises UserError: if none of them has an external id
        """
        self.env["bridge.run"]._check_operator()
        domain = [("flow_id.model", "=", model_name), ("res_id", "in", record_ids), ("parent_id", "=", False)]
        bindings = self.env["bridge.binding"].search(domain)
        if not bindings:
            raise UserError(self.env._("None of these records has an external ID, so there is nothing to fetch."))
        return bindings.action_sync()

    @api.model
    def _name_of_record(self, model_name, record_id):
        """An Odoo record's name, as far as this user may read it."""
        if not record_id or model_name not in self.env:
            return False
        record = self.env[model_name].browse(record_id).exists()
        if not record:
            return self.env._("deleted in Odoo")
        return record.display_name if record.has_access("read") else self.env._("no access")

    @api.model
    def _open_record(self, model_name, record_id):
        """The action that shows one Odoo record."""
        return {
            "type": "ir.actions.act_window",
            "res_model": model_name,
            "res_id": record_id,
            "views": [(False, "form")],
        }
