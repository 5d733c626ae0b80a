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
        if not self.env["bridge.binding"].search_count(domain, limit=1):
            failed = [*domain, ("kind", "=", "push_record"), ("state", "in", ("pending", "failed", "uncertain"))]
            if self.env["bridge.job"].search_count(failed, limit=1):  # it has no external ID, because it failed
                action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_job_action")
                domain = failed
        return {**action, "name": self.env._("Sync Status"), "domain": domain, "context": {}}

    @api.model
    def action_sync_records(self, model_name, record_ids):
        """Fetch the remote records of some records again, and send what is new in Odoo, now.

        :param str model_name: their model
        :param list[int] record_ids: their ids
        :raises UserError: if no flow has anything to do with them
        """
        self.env["bridge.run"]._check_operator()
        domain = [("flow_id.model", "=", model_name), ("res_id", "in", record_ids), ("parent_id", "=", False)]
        bound = self.env["bridge.binding"].search(domain).grouped("flow_id")
        sending = self.search([("model", "=", model_name), ("direction", "!=", "pull"), ("parent_id", "=", False)])
        readable = self.env[model_name].browse(record_ids).exists()._filtered_access("read").ids
        fetched, looked_at = set(), set()
        for flow in self.union(*bound, sending.filtered(lambda flow: flow.connector_id.state == "live")):
            bindings = bound.get(flow, self.env["bridge.binding"])
            new = flow._inside(readable).ids if flow in sending else []
            flow._sync_records(bindings, {*bindings.mapped("res_id"), *new}, fetched, looked_at)
        if not fetched and not looked_at:
            raise UserError(
                self.env._("None of these records has an external ID or is one to push, so there is nothing to sync.")
            )
        return self._tell_synced(fetched, looked_at)

    def _sync_records(self, bindings, record_ids, fetched, looked_at):
        """Have some records of this flow fetched, and those that it may have to send looked at.

        :param BridgeBinding bindings: what is known of them
        :param record_ids: their Odoo ids
        :param set fetched: gets the (model, id) of those that are fetched
        :param set looked_at: gets the (model, id) of those that are sent if they have changed
        :raises UserError: if the flow does not work now
        """
        self.ensure_one()
        known = bindings.filtered("external_id")
        if known and (self.direction == "pull" or (self.direction == "both" and self._operation("get"))):
            self.env["bridge.job"]._enqueue_records(self, known.mapped("external_id"))
            fetched.update((self.model, res_id) for res_id in known.mapped("res_id"))
        record_ids = set(record_ids) - {0}
        if record_ids and self.direction != "pull":
            self._check_works()
            self.env["bridge.change"]._note(self.id, self.model, record_ids)
            looked_at.update((self.model, res_id) for res_id in record_ids)

    @api.model
    def _tell_synced(self, fetched, looked_at):
        """Say in the corner of the screen what is going to be done."""
        parts = []
        if fetched:
            parts.append(self.env._("Records that will be fetched again: %s.", len(fetched)))
        if looked_at:
            parts.append(self.env._("Records that will be sent if they have changed: %s.", len(looked_at)))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if parts else "warning",
                "message": " ".join(parts) or self.env._("There is nothing to sync."),
            },
        }

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
