"""Full compare: both sides are read, and what differs is reported. Nothing is written but the report."""

from odoo import models

from ..database import json_rows
from .bridge_drift import DIFFERENT, ONLY_ODOO, ONLY_THERE, UNLINKED, UNREADABLE
from .bridge_flow_journal import _brief


class BridgeRun(models.Model):
    _inherit = "bridge.run"

    def _compare_page(self, page, client, mapper, commit):
        """One page of the remote's list against Odoo: one transaction.

        :return: the seconds that are left
        """
        flow = self.flow_id
        batch = flow._batch(self, page.records, None, mapper, page.read)
        flow._compare(batch)
        for item in batch.items:
            if not (item.failure or item.deleted or item.superseded):
                item.action, item.prefer = None, "compare"  # whatever was agreed before
        self._read_snapshots(batch)
        flow._map(batch)
        flow._resolve(batch)
        flow._match(batch)
        flow._merge(batch)
        flow._plan_children(batch)
        rows = [
            row for item in batch.items if not (item.deleted or item.superseded) for row in self._drift(batch, item)
        ]
        self._insert_drift(rows)
        flow._mark_seen(batch)
        self._add_compared(len(page.records), len(rows))
        self._checkpoint_page(page, batch)
        return commit(len(page.records))

    def _read_snapshots(self, batch):
        """What both sides had when they agreed: rounding and formats that they agreed upon are no difference."""
        bound = {item.binding.id: item.binding for item in batch.items if item.binding}
        self.env.cr.execute(
            "SELECT id, odoo_snapshot, remote_snapshot FROM bridge_binding WHERE id = ANY(%s)", [list(bound)]
        )
        for binding_id, odoo, remote in self.env.cr.fetchall():
            bound[binding_id].odoo_snapshot, bound[binding_id].remote_snapshot = odoo, remote

    def _drift(self, batch, item):
        """What differs in one record."""
        row = {
            "external_id": item.external_id,
            "res_id": item.record_id,
            "record_name": self.flow_id._record_name(batch, item),
        }
        if item.failure:
            yield {**row, "kind": UNREADABLE, "message": item.failure.message}
        elif item.record_id is None:
            if not (item.binding and item.binding.state == "left"):
                yield {**row, "kind": ONLY_THERE}
        else:
            differences = self.flow_id._logged_changes(item)
            if item.binding is None:
                yield {**row, "kind": UNLINKED, "differences": differences}
            elif differences and item.binding.state != "left":
                yield {**row, "kind": DIFFERENT, "differences": differences}

    def _report_missing(self, commit):
        """Records of Odoo that the other system does not have.

        :return: is it done; False if the time is up
        :rtype: bool
        """
        while (after := self.position.get("missing", 0)) is not None:
            if self._again_when_busy(self._report_missing_page, after, commit) <= 0:
                return False
        return True

    def _report_missing_page(self, after, commit):
        flow, limit = self.flow_id, self._page_size()
        self.env.cr.execute(
            """
            SELECT res_id, external_id FROM bridge_binding
             WHERE flow_id = %s AND parent_id IS NULL AND res_id > %s AND state IN ('linked', 'missing')
               AND (seen_run_id IS NULL OR seen_run_id < %s)
          ORDER BY res_id LIMIT %s
            """,
            [flow.id, after, self.id, limit],
        )
        unseen = dict(self.env.cr.fetchall())
        inside = flow._inside_after(after, limit) if flow.direction != "pull" else []
        ids = sorted({*unseen, *inside})[:limit]
        found = self.env["bridge.drift"].search([("run_id", "=", self.id), ("res_id", "in", ids)])
        known = {*flow._links(ids), *found.mapped("res_id")}
        missing = [one for one in ids if one in unseen or one not in known]
        records = flow._records().browse(missing).exists()._filtered_access("read")
        self._insert_drift(
            {"kind": ONLY_ODOO, "res_id": record.id, "external_id": unseen.get(record.id), "record_name": _brief(name)}
            for record, name in ((record, record.display_name) for record in records)
        )
        self._add_compared(0, len(records))
        self.position = {**self.position, "missing": ids[-1] if ids else None}
        return commit(len(ids))

    def _add_compared(self, fetched, differing):
        self.write({"fetched": self.fetched + fetched, "drifted": self.drifted + differing})

    def _insert_drift(self, rows):
        rows = list(rows)
        if not rows:
            return
        self.env.cr.execute(
            """
            INSERT INTO bridge_drift (
                   run_id, flow_id, company_id, state, create_date, kind, external_id, res_id, record_name, differences,
                   message)
            SELECT %(run)s, %(flow_id)s, %(company_id)s, 'open', %(now)s, row.*
              FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                   kind text, external_id text, res_id int, record_name text, differences jsonb, message text)
            """,
            {**self.flow_id._journal_values(), "run": self.id, "rows": json_rows(rows)},
        )
        self.invalidate_recordset(["drift_ids"])

    def action_open_drift(self):
        """The report of a full compare."""
        action = self.env["ir.actions.act_window"]._for_xml_id("integration_bridge.bridge_drift_action")
        return {**action, "domain": [("run_id", "in", self.ids)]}


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    def action_compare(self):
        """Read both sides completely and report what differs; nothing is written."""
        self.env["bridge.run"]._check_operator(self)
        runs = self.env["bridge.run"].sudo()
        for flow in self.sudo():
            flow._check_references()
            runs += runs._enqueue(flow, trigger="manual", full=True, dry_run=False, kind="compare")
        return runs.sudo(False)._action_open()
