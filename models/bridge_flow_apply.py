"""The road: apply. What was planned is written by the ORM, with the rights of the acting user, in savepoints."""

import psycopg2

from odoo import models
from odoo.fields import Command

from ..database import is_busy
from ..mapping import merge
from ..mapping.converters import Download, Many
from .batch import ARCHIVE, CREATE, DATA, DEPENDENCY, LINK, UNCHANGED, UNLINK, UPDATE, Pending, ToCreate, comparable


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    def _apply(self, batch):
        """Write what was planned. A record that Odoo refuses is set aside, the others are written.

        :raises psycopg2.Error: if the transaction lost against another one and has to be done again
        """
        if batch.run.dry_run or not batch.having(CREATE, UPDATE, LINK, ARCHIVE, UNLINK):
            return
        self._take_keys(batch)
        self._create_referenced(batch)
        late = []
        for wave in self._waves(batch.having(CREATE), late):
            self._halve(batch, wave, self._create_records)
        for item in batch.having(UPDATE, LINK):
            self._drop_missing(item)
        self._halve(batch, batch.having(UPDATE, LINK), self._update_records)
        self._write_late([item for item in late if not item.failure])
        self._halve(batch, batch.having(ARCHIVE, UNLINK), self._remove_records)
        self._read_back(batch)

    # Hooks for other addons

    def _values_to_create(self, item, values):
        """What ``create`` gets for a record. Extend it to add what the remote does not know.

        :param Item item: the remote record and what the mapping made of it
        :param dict values: by the field mappings
        :rtype: dict
        """
        return values

    def _values_to_write(self, item, values):
        """What ``write`` gets for a record; only the fields that change.

        :rtype: dict
        """
        return values

    # Keys

    def _take_keys(self, batch):
        """Let no other transaction create the same records, found by the same keys, at the same time."""
        names = [rule.field for rule in batch.mapper.rules if rule.key]
        keys = [(self.model, names, self._key_of(item, names)) for item in batch.having(CREATE)] if names else []
        for flow, _item, name, value in self._mapped_values_of(batch.having(CREATE, UPDATE, LINK), batch):
            parts = value.references if isinstance(value, Many) else (value,)
            model = flow.env[flow.model]._fields[name].comodel_name
            keys += [(model, [one.field], [one.value]) for one in parts if isinstance(one, ToCreate)]
        self.env["bridge.key"]._take((model, names, values) for model, names, values in keys if values)

    # Halving

    def _halve(self, batch, items, step):
        """Apply a step to items in one savepoint; if that fails, to each half, until the bad record stands alone.

        :param step: called with the batch and items
        """
        if not items:
            return
        before = [(item, item.record_id) for item in items]
        try:
            with self.env.cr.savepoint():
                step(batch, items)
        except Exception as error:
            if is_busy(error) or isinstance(error, psycopg2.OperationalError):
                raise
            for item, record_id in before:
                item.record_id = record_id
            if len(items) == 1:
                items[0].fail(DATA, self._refusal(error))
                return
            middle = len(items) // 2
            self._halve(batch, items[:middle], step)
            self._halve(batch, items[middle:], step)

    def _refusal(self, error):
        """Why Odoo refused a record, in words."""
        if isinstance(error, psycopg2.Error):
            reason = self._records()._sql_error_to_message(error)
        else:
            reason = self.connector_id._explain(error)
        return self.env._("Odoo refused the record: %s", reason)

    # Records that values point to

    def _create_referenced(self, batch):
        """Make the records that keys name and that do not exist yet, such as a new tag."""
        made = {}
        for flow, item, name, value in self._mapped_values_of(batch.having(CREATE, UPDATE, LINK), batch):
            several = isinstance(value, Many)
            parts = [self._referenced(flow, item, one, made) for one in (value.references if several else [value])]
            item.values[name] = Many(tuple(parts)) if several else parts[0]

    def _mapped_values_of(self, items, batch):
        for item in items:
            yield from ((self, item, name, value) for name, value in list(item.values.items()) if _creates(value))
            for name, children in item.children.items():
                flow = self._child_flow(next(rule for rule in batch.mapper.rules if rule.field == name))
                for child in children:
                    yield from (
                        (flow, child, name, value) for name, value in list(child.values.items()) if _creates(value)
                    )

    def _referenced(self, flow, item, reference, made):
        if not isinstance(reference, ToCreate):
            return reference
        if reference not in made:
            values = {reference.field: reference.value}
            # A domain such as [("type", "=", "x")] says what the records are, so it says it of a new one as well.
            values |= {name: value for name, operator, value in reference.domain if operator == "=" and "." not in name}
            try:
                with self.env.cr.savepoint():
                    made[reference] = flow._records().env[reference.model].create(values).id
            except Exception as error:
                if is_busy(error):
                    raise
                (item.parent or item).fail(DATA, self._refusal(error))
                return False
        return made[reference]

    # Create

    def _waves(self, items, late):
        """Records in an order in which each comes after those that it points to.

        :param list late: gets the records of circles, whose relations are written when all of them exist
        """
        waiting = [item for item in items if not item.failure]
        while waiting:
            ready = [item for item in waiting if all(_is_settled(one.item) for one in _pending(item))]
            if not ready:
                ready = waiting
                late.extend(ready)
            for item in ready:
                self._drop_missing(item)
            yield [item for item in ready if not item.failure]
            waiting = [item for item in waiting if item not in ready and not item.failure]

    def _drop_missing(self, item):
        """Go on without a related record of the batch that will not be there; it may be there next time."""
        for name, value in list(item.values.items()):
            failed = [one for one in _pending_in(value) if _is_missing(one.item)]
            if not failed:
                continue
            if self.env[self.model]._fields[name].required:
                message = self.env._(
                    "%(field)s: the related remote record %(id)s failed.",
                    field=self._field_label(name),
                    id=failed[0].item.external_id,
                )
                item.fail(DEPENDENCY, message, name)
                return
            item.values.pop(name)
            item.remote_terms.pop(name, None)
            item.changes.pop(name, None)
            item.deferred.add(name)

    def _create_records(self, batch, items):
        vals_list = [self._values_to_create(item, self._create_values(item)) for item in items]
        for item, record in zip(items, self._create_in_odoo(vals_list), strict=True):
            item.record_id = record.id
        self._apply_children(batch, items)

    def _create_in_odoo(self, vals_list):
        """Create records of the flow's model, as the acting user.

        :param list[dict] vals_list: for ``create``
        :return: the records, in the same order
        """
        records = self._records()
        if self.model == "res.partner" and not any(vals.get("parent_id") for vals in vals_list):
            # What Odoo's own import uses: the same in fewer steps. With parents it would read their accounting fields,
            # which an acting user need not be allowed to read.
            return records._load_records_create(vals_list)
        return records.create(vals_list)

    def _create_values(self, item):
        model_fields = self.env[self.model]._fields
        return {
            name: _odoo_value(value)
            for name, value in item.values.items()
            # An empty value leaves Odoo's default; "no" is a value.
            if _is_ready(value) and (not merge.is_empty(value) or model_fields[name].type == "boolean")
        }

    def _write_late(self, items):
        """The relations of a circle, now that all of its records exist.

        One that Odoo refuses does not undo its record, which exists and must be bound; it is tried again by a job.
        """
        records = self._records()
        for item in items:
            values = {name: _odoo_value(value) for name, value in item.values.items() if _pending_in(value)}
            try:
                with self.env.cr.savepoint():
                    records.browse(item.record_id).write(dict(values))  # models add to what they are given
            except Exception as error:
                if is_busy(error) or isinstance(error, psycopg2.OperationalError):
                    raise
                item.deferred |= values.keys()
                for name in values:  # what was not written is not remembered as agreed
                    item.values.pop(name)
                    item.remote_terms.pop(name, None)
                    item.changes.pop(name, None)
                item.note = self._refusal(error)

    # Update

    def _update_records(self, batch, items):
        records = self._records().browse(item.record_id for item in items)
        for item, record in zip(items, records, strict=True):
            values = {
                name: _odoo_value(item.values[name])
                for name in item.changes
                if not isinstance(item.values[name], Download)
            }
            if values:
                record.write(self._values_to_write(item, values))
        self._apply_children(batch, items)

    # Records inside the record

    def _apply_children(self, batch, parents):
        """Create, write and remove the nested records of these parents; with them or not at all."""
        for rule in batch.mapper.rules:
            if rule.converter.name != "nested":
                continue
            children = [child for parent in parents for child in parent.children.get(rule.field, ())]
            inverse = self.env[self.model]._fields[rule.field].inverse_name
            self._child_flow(rule)._apply_nested(children, inverse)

    def _apply_nested(self, children, inverse):
        records = self._records()
        new = [child for child in children if child.action in (None, CREATE)]
        vals_list = [
            {**self._values_to_create(child, self._create_values(child)), inverse: child.parent.record_id}
            for child in new
        ]
        for child, record in zip(new, self._create_in_odoo(vals_list), strict=True):
            child.record_id = record.id
        for child in children:
            if child.action == UPDATE:
                values = {name: _odoo_value(child.values[name]) for name in child.changes}
                if child.has_moved:
                    values[inverse] = child.parent.record_id
                records.browse(child.record_id).write(self._values_to_write(child, values))
        self._remove_records(None, [child for child in children if child.action in (ARCHIVE, UNLINK)])

    # Remove

    def _remove_records(self, batch, items):
        records = self._records()
        archived = records.browse(item.record_id for item in items if item.action == ARCHIVE).exists()
        if archived:
            archived.action_archive()
        records.browse(item.record_id for item in items if item.action == UNLINK).exists().unlink()

    # Read back

    def _read_back(self, batch):
        """What Odoo's fields are after the write: they may differ from what was written, by rounding or cleaning."""
        items = batch.having(CREATE, UPDATE, LINK)
        terms = self._read_terms([item.record_id for item in items], batch.mapper)
        for item in items:
            item.odoo_terms = terms[item.record_id]
            self._settle_terms(item)
        for rule in batch.mapper.rules:
            if rule.converter.name == "nested":
                self._child_flow(rule)._read_back_nested(
                    rule.child,
                    [
                        child
                        for item in items
                        for child in item.children.get(rule.field, ())
                        if child.action != UNCHANGED
                    ],
                )

    def _read_back_nested(self, mapper, children):
        there = [child for child in children if child.action in (None, CREATE, UPDATE)]
        terms = self._read_terms([child.record_id for child in there], mapper)
        for child in there:
            child.odoo_terms = terms[child.record_id]
            self._settle_terms(child)

    def _settle_terms(self, item):
        """Relations to records that were made meanwhile are remembered by their ids."""
        model_fields = self.env[self.model]._fields
        for name, value in item.values.items():
            if model_fields[name].relational:
                item.remote_terms[name] = comparable(_settled(value))


def _pending_in(value):
    if isinstance(value, Pending):
        return [value]
    return [one for one in value.references if isinstance(one, Pending)] if isinstance(value, Many) else []


def _pending(item):
    """The records of the same batch that an item points to."""
    return [one for value in item.values.values() for one in _pending_in(value)]


def _is_missing(item):
    return not item.record_id and item.action != CREATE


def _is_settled(item):
    return bool(item.record_id) or _is_missing(item)


def _creates(value):
    return isinstance(value, ToCreate) or (
        isinstance(value, Many) and any(isinstance(one, ToCreate) for one in value.references)
    )


def _is_ready(value):
    """Can this value be written now? Not while it points to a record that is still to be made."""
    return not isinstance(value, Download) and all(one.item.record_id for one in _pending_in(value))


def _settled(value):
    """A relation as the id or ids of its records."""
    if isinstance(value, Many):
        return [_settled(one) for one in value.references]
    return value.item.record_id if isinstance(value, Pending) else value


def _odoo_value(value):
    """What ``create`` and ``write`` take."""
    if isinstance(value, Many):
        return [Command.set([_odoo_value(one) for one in value.references])]
    if isinstance(value, Pending):
        return value.item.record_id
    return value
