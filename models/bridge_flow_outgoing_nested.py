"""Records inside the records that are pushed, such as the lines of an order: they are sent with their parent."""

from dataclasses import dataclass, field

from odoo import models

from ..database import json_rows
from ..mapping import merge
from ..mapping.errors import MappingError
from ..mapping.paths import MISSING, parse_path
from .batch import before


@dataclass
class OutChildren:
    """The nested records of one parent.

    :ivar list ids: Odoo ids, in Odoo's order
    :ivar dict bound: Odoo id to (binding id, external id, odoo snapshot)
    :ivar list gone: binding ids of those that are not there any more
    :ivar dict terms: Odoo id to comparable values
    :ivar bool changed: does anything differ from what both sides had
    :ivar str summary: how many are new, changed and gone, for the log
    """

    ids: list
    bound: dict = field(default_factory=dict)
    gone: list = field(default_factory=list)
    terms: dict = field(default_factory=dict)
    changed: bool = False
    summary: str = ""
    documents: list = field(default_factory=list)


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    def _read_outgoing_children(self, batch, items):
        """What the nested records of these are now, and which of them changed."""
        for rule in batch.mapper.rules:
            if rule.converter.name == "nested" and rule.pushes:
                parents = [item for item in items if item.there and item.open]
                self._child_flow(rule)._read_outgoing_nested(self, rule, parents)

    def _read_outgoing_nested(self, parent_flow, rule, parents):
        records = parent_flow._records().browse(item.record_id for item in parents)
        ids = {record.id: list(record[rule.field]._ids) for record in records}
        terms = self._read_terms([one for some in ids.values() for one in some], rule.child)
        self.env.cr.execute(
            """
            SELECT parent_id, id, external_id, res_id, odoo_snapshot
              FROM bridge_binding WHERE flow_id = %s AND state != 'removed' AND parent_id = ANY(%s)
            """,
            [self.id, [item.binding.id for item in parents if item.binding]],
        )
        bound = {}
        for parent_id, *row in self.env.cr.fetchall():
            bound.setdefault(parent_id, []).append(row)
        for item in parents:
            children = OutChildren(ids[item.record_id])
            for binding_id, external_id, res_id, snapshot in bound.get(item.binding and item.binding.id, ()):
                if res_id in children.ids:
                    children.bound[res_id] = (binding_id, external_id, snapshot)
                else:
                    children.gone.append(binding_id)
            children.terms = {one: terms[one] for one in children.ids}
            self._compare_children(rule, children)
            item.children[rule.field] = children

    def _compare_children(self, rule, children):
        new = [one for one in children.ids if one not in children.bound]
        changed = [
            one
            for one, (_binding, _external_id, snapshot) in children.bound.items()
            if any(
                not merge.same(children.terms[one].get(inner.field), before(snapshot, inner.field))
                for inner in rule.child.rules
                if inner.pushes and inner.field in children.terms[one]
            )
        ]
        children.changed = bool(new or changed or children.gone)
        children.summary = f"+{len(new)} ~{len(changed)} −{len(children.gone)}"

    def _write_child_documents(self, rule, item):
        """Make the documents of the records inside; each has its remote id, if it has one.

        :raises MappingError: naming the field
        :return: False if a related record is not there
        """
        children = item.children[rule.field]
        records = self._records().with_context(active_test=False).browse(children.ids)
        external_ids = self._related_external_ids(rule.child, records)
        place, remote_id = parse_path(self.id_path), self._remote_id()
        children.documents = []
        for record in records:
            values = {
                inner.field: self._portable(inner, record, external_ids) for inner in rule.child.rules if inner.pushes
            }
            if MISSING in values.values():
                return False
            document = rule.child.write(values)
            if record.id in children.bound and self._own_id(children.bound[record.id][1]):
                place.write(document, remote_id(self._own_id(children.bound[record.id][1])))
            children.documents.append(document)
        return True

    def _own_id(self, external_id):
        """A nested record's id as the remote knows it, without that of its parent; None if it has only a place."""
        own = external_id if self.global_ids else external_id.partition("/")[2]
        return None if own.startswith("#") else own

    # ----------------------------------------------------------------------------------------------------------------
    # Journal
    # ----------------------------------------------------------------------------------------------------------------

    def _bind_children(self, batch, item):
        """Bind the nested records that were sent to those in the answer: by their ids, new ones by their order.

        :return: are all of them known, so that the answer can be compared like any other document
        :rtype: bool
        """
        known = True
        for rule in batch.mapper.rules:
            if rule.converter.name == "nested" and rule.field in item.children:
                known = self._child_flow(rule)._bind_answered(batch, rule, item) and known
        return known

    def _bind_answered(self, batch, rule, item):
        children = item.children[rule.field]
        self.env["bridge.binding"].browse(children.gone).unlink()
        try:
            answered = rule.converter.read(rule.source(item.answer)).documents
        except (MappingError, AttributeError):
            return False
        if len(answered) != len(children.ids):
            return False
        rows = []
        for position, (record_id, document) in enumerate(zip(children.ids, answered, strict=True)):
            own = rule.child.about(document, "id") if isinstance(document, dict) else None
            external_id = f"#{position + 1}" if own is None else str(own)
            if not self.global_ids or own is None:
                external_id = f"{item.remote_id}/{external_id}"
            odoo = children.terms[record_id]
            rows.append(
                {
                    "external_id": external_id,
                    "res_id": record_id,
                    "odoo_snapshot": odoo,
                    "remote_snapshot": {**odoo, **self._answered_terms(rule.child.map(document), odoo)},
                    "parent_id": item.binding.id,
                }
            )
        self._write_answered(rows)
        return True

    def _write_answered(self, rows):
        values = self._journal_values()
        self.env.cr.execute(
            """
            WITH row AS (
                SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
                       external_id text, res_id int, odoo_snapshot jsonb, remote_snapshot jsonb, parent_id int)
            ), known AS (
                UPDATE bridge_binding binding
                   SET external_id = row.external_id, odoo_snapshot = row.odoo_snapshot, state = 'linked',
                       remote_snapshot = row.remote_snapshot, parent_id = row.parent_id, synced = %(now)s
                  FROM row
                 WHERE binding.flow_id = %(flow_id)s AND binding.res_id = row.res_id
             RETURNING binding.res_id
            )
            INSERT INTO bridge_binding (
                   flow_id, res_model, state, create_date, synced, external_id, res_id, odoo_snapshot, remote_snapshot,
                   parent_id)
            SELECT %(flow_id)s, %(model)s, 'linked', %(now)s, %(now)s, row.external_id, row.res_id, row.odoo_snapshot,
                   row.remote_snapshot, row.parent_id
              FROM row WHERE NOT EXISTS (SELECT FROM known WHERE known.res_id = row.res_id)
            """,
            {**values, "rows": json_rows(rows)},
        )
        self.env["bridge.binding"].invalidate_model()
