"""Entries in the Actions menu of every model that a flow maps."""

from odoo import api, models

ENTRIES = (("status", "action_sync_status", "user"), ("sync", "action_sync_records", "operator"))


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    @api.model
    def _update_bridge_entries(self):
        """Each mapped model has "Sync status" and "Sync now" in its Actions menu; other models have not."""
        mapped = (
            self.env["bridge.flow"].sudo().with_context(active_test=True).search([("parent_id", "=", False)]).model_id
        )
        self.env.registry.clear_cache()  # which models are mapped is remembered, for their forms
        present = self._bridge_entries()
        served = present.binding_model_id
        present.filtered(lambda action: action.binding_model_id not in mapped)._remove_bridge_entries()
        labels = {"status": self.env._("Sync Status"), "sync": self.env._("Sync Now")}
        for model in mapped - served:
            for entry, method, group in ENTRIES:
                self._create_bridge_entry(model, entry, labels[entry], method, group)

    def _create_bridge_entry(self, model, entry, label, method, group):
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
                    "group_ids": [(4, self.env.ref(f"integration_bridge.group_integration_bridge_{group}").id)],
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
    def _bridge_entries(self):
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

    def _remove_bridge_entries(self):
        names = [("model", "=", "ir.actions.server"), ("res_id", "in", self.ids)]
        self.env["ir.model.data"].sudo().search(names).unlink()
        self.unlink()
