"""What was planned is written by the ORM, with the rights of the acting user, in savepoints."""

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Command

from ...database import is_busy
from ...mapping import merge
from ...mapping.references import (
    EMPTIED,
    SCALARS,
    Download,
    Many,
    Pending,
    ToCreate,
    comparable,
    references_in,
    replaced,
    unique,
)
from ..keyed import ExistsError, Keyed
from ..outcome import Outcome
from ..terms import read_terms
from ..waves import waves
from ..words import ARCHIVE, CREATE, DATA, DEPENDENCY, LINK, MARK, UNCHANGED, UNLINK, UPDATE
from . import kept
from .halving import halve
from .plan import has_moved

WRITTEN = (CREATE, LINK, UPDATE)


def shown(steps):
    """Steps that are not carried out, as outcomes: what there is nothing to write for; and a preview.

    :rtype: list[Outcome]
    """
    return [_outcome(step) for step in steps]


def apply(pull, steps):
    """Write what was planned. A record that Odoo refuses is set aside, the others are written.

    :param list[Step] steps: each record once
    :return: what became of each, in their order
    :rtype: list[Outcome]
    :raises psycopg2.Error: if the transaction lost against another one and has to be done again
    """
    if not any(step.action in (*WRITTEN, ARCHIVE, UNLINK, MARK) for step in steps):
        return shown(steps)
    if pull.goes_both_ways:
        pull.env["bridge.change"]._withhold()  # what is written here is only noted where something is left to be sent
    return _Writer(pull).carry_out(steps)


def _outcome(step, **more):
    values = {
        "record_id": step.record_id,
        "failure": step.failure,
        "note": step.note,
        "deferred": step.deferred,
        "after": step.facts.odoo,
        "remote": step.terms,
    }
    return Outcome(step.action, step, **{**values, **more})


class _Writer:
    """Writes the records of one batch.

    :ivar dict made: remote id to Odoo id, of the records of the batch that are in Odoo
    :ivar set coming: remote ids of those that are still to be created
    """

    def __init__(self, pull):
        self.pull, self.env, self.flow, self.records = pull, pull.env, pull.flow, pull.records
        self.made, self.coming = {}, set()
        self.checked = {rule.field for rule in pull.mapper.plain if rule.checked}
        inside = {pull.nested_flows[rule.field]: rule.child for rule in pull.mapper.nested}
        # Only these fields can hold a reference; to look at all of them for each record costs as much as to plan it.
        self.referring = {
            flow._ids: [rule.field for rule in mapper.referring]
            for flow, mapper in {pull.flow: pull.mapper, **inside}.items()
        }

    def carry_out(self, steps):
        to_create = [
            one for flow, step in self._written(steps) for _name, one in self._references(flow, step, ToCreate)
        ]
        self._take_keys(steps, to_create)
        if to_create:
            steps = self._create_referenced(steps)
        self.made = {step.external_id: step.record_id for step in steps if step.record_id}
        outcomes = self._create_all([step for step in steps if step.action == CREATE])
        known = [self._without_missing(step) for step in steps if step.action in (UPDATE, LINK)]
        outcomes += self._halve([step for step in known if not step.failure], self._update)
        gone = [step for step in steps if step.action in (ARCHIVE, UNLINK, MARK)]
        outcomes += self._halve(gone, self._remove)
        done = {outcome.external_id: outcome for outcome in self._read_back(outcomes)}
        done |= {step.external_id: _outcome(step) for step in known if step.failure}
        return [done.get(step.external_id) or _outcome(step) for step in steps]

    def _halve(self, steps, do):
        return halve(self.env, steps, do, lambda step, error: _outcome(step.refuse(DATA, self._refusal(error))))

    def _refusal(self, error):
        """Why Odoo refused a record, in words."""
        if isinstance(error, psycopg2.Error):
            reason = self.records._sql_error_to_message(error)
        else:
            reason = self.flow.connector_id._explain(error)
        return self.env._("Odoo refused the record: %s", reason)

    # Keys, and records that values point to

    def _take_keys(self, steps, to_create):
        """Let no other transaction create the same records, found by the same keys, at the same time."""
        names = list(self.pull.mapper.keys)
        new = [step for step in steps if step.action == CREATE] if names else []
        keys = [(self.flow.model, names, self.pull.keys[step.external_id]) for step in new]
        keys += [(one.model, [one.field], [comparable(one.key)]) for one in to_create]
        self.env["bridge.key"]._take((model, names, values) for model, names, values in keys if values)

    def _references(self, flow, step, kind):
        """What the values of a step point to.

        :return: names of fields, each with one reference of that kind
        :rtype: Iterable[tuple]
        """
        if kind not in self.pull.unmade:  # so it is on most pages, and to look for it costs as much as to plan
            return ()
        return self._references_in(flow, step, kind)

    def _references_in(self, flow, step, kind):
        for name in self.referring[flow._ids]:
            for one in references_in(step.values.get(name), kind):
                yield name, one

    def _written(self, steps):
        """The steps that write values, and those of the records inside; each with its flow."""
        for step in steps:
            if step.action in WRITTEN:
                yield self.flow, step
                for name, children in step.children.items():
                    for child in children:
                        yield self.pull.nested_flows[name], child

    def _create_referenced(self, steps):
        """Make the records that keys name and that do not exist yet, such as a new tag."""
        made = {}
        return [self._with_referenced(step, made) if step.action in WRITTEN else step for step in steps]

    def _with_referenced(self, step, made):
        def filled(flow, one):
            return one._replace(values=self._referenced(flow, one, made))

        try:
            children = {
                name: tuple(filled(self.pull.nested_flows[name], child) for child in inside)
                for name, inside in step.children.items()
            }
            return filled(self.flow, step)._replace(children=children)
        except _RefusedError as refused:
            return step.refuse(DATA, str(refused))

    def _referenced(self, flow, step, made):
        if not any(self._references(flow, step, ToCreate)):
            return step.values
        return {
            name: unique(replaced(value, lambda one: self._made_anew(flow, one, made)))
            for name, value in step.values.items()
        }

    def _made_anew(self, flow, reference, made):
        if not isinstance(reference, ToCreate):
            return reference
        if reference not in made:
            model = self.pull.records_of(flow).env[reference.model]
            keyed = Keyed(model, reference.field, reference.domain, reference.way)
            try:
                with self.env.cr.savepoint():
                    made[reference] = keyed.make(reference.value)
            except ExistsError as exists:
                made[reference] = exists.record_id
            except Exception as error:
                if is_busy(error):
                    raise
                raise _RefusedError(self._refusal(error)) from error
        return made[reference]

    # Create

    def _create_all(self, steps):
        """Create records in an order in which each comes after those that it points to."""
        by_id, outcomes, late = {step.external_id: step for step in steps}, [], []
        self.coming = set(by_id)
        for level, is_circle in waves(by_id, lambda external_id: self._pending(by_id[external_id])):
            some = [self._without_missing(by_id[external_id]) for external_id in level]
            created = self._halve([step for step in some if not step.failure], self._create)
            created += [_outcome(step) for step in some if step.failure]
            self.made |= {one.external_id: one.record_id for one in created if one.record_id}
            self.coming.difference_update(level)
            (late if is_circle else outcomes).extend(created)
        return outcomes + self._write_late(late)

    def _pending(self, step):
        """The records of the same batch that one points to, by their remote ids."""
        return [one.external_id for _name, one in self._references(self.flow, step, Pending)]

    def _without_missing(self, step):
        """Go on without a related record of the batch that will not be there; it may be there next time."""
        missing = {}
        for name, one in self._references(self.flow, step, Pending):
            if one.external_id not in self.made and one.external_id not in self.coming:
                missing.setdefault(name, one.external_id)
        for name, external_id in missing.items():
            if self.env[self.flow.model]._fields[name].required:
                message = self.env._(
                    "%(field)s: the related record %(id)s of the other system failed.",
                    field=self.flow._field_label(name),
                    id=external_id,
                )
                return step.refuse(DEPENDENCY, message, name)
        return step.without(missing) if missing else step

    def _create(self, steps):
        vals_list = [
            self.flow._values_to_create(step, self._create_values(self.flow, step, self.made)) for step in steps
        ]
        ids = self._create_in_odoo(self.flow, vals_list)
        made = {**self.made, **{step.external_id: record_id for step, record_id in zip(steps, ids, strict=True)}}
        children = self._write_children(steps, ids, made)
        self._check(steps, ids)
        return [
            _outcome(step, record_id=record_id, children=inside)
            for step, record_id, inside in zip(steps, ids, children, strict=True)
        ]

    def _create_in_odoo(self, flow, vals_list):
        """Create records of a flow's model, as the acting user.

        :param list[dict] vals_list: for ``create``
        :return: their ids, in the same order
        """
        records = self.pull.records_of(flow)
        if flow.model == "res.partner" and not any(vals.get("parent_id") for vals in vals_list):
            # What Odoo's own import uses: the same in fewer steps. With parents it would read their accounting fields,
            # which an acting user need not be allowed to read.
            return records._load_records_create(vals_list).ids
        return records.create(vals_list).ids

    def _create_values(self, flow, step, made):
        model_fields, checked = self.env[flow.model]._fields, self.checked if flow == self.flow else ()
        return {
            name: value if type(value) in SCALARS else _odoo_value(value, made)
            for name, value in step.values.items()
            if name not in checked
            # An empty value leaves Odoo's default; "no" is a value, and so is what is emptied on purpose.
            if (type(value) is str and value)  # nearly all of them
            or value is EMPTIED
            or (_is_ready(value, made) and (not merge.is_empty(value) or model_fields[name].type == "boolean"))
        }

    def _write_late(self, outcomes):
        """The relations of a circle, now that all of its records exist."""
        return [self._with_relations(outcome) if outcome.record_id else outcome for outcome in outcomes]

    def _with_relations(self, outcome):
        """One that Odoo refuses does not undo its record, which exists and must be bound; a job tries it again."""
        step = self._without_missing(outcome.step)
        values = {
            name: _odoo_value(value, self.made)
            for name, value in step.values.items()
            if references_in(value, Pending) and name not in self.checked
        }
        if step is not outcome.step:
            outcome = outcome._replace(step=step, deferred=step.deferred, remote=step.terms)
        try:
            with self.env.cr.savepoint():
                self.records.browse(outcome.record_id).write(dict(values))  # models add to what they are given
        except Exception as error:
            if is_busy(error) or isinstance(error, psycopg2.OperationalError):
                raise
            step = step.without(values)  # what was not written is not remembered as agreed
            return outcome._replace(step=step, deferred=step.deferred, remote=step.terms, note=self._refusal(error))
        return outcome

    # Check

    def _check(self, steps, ids):
        """Does Odoo compute what the other system says? In the savepoint of the write, which is undone if it does not.

        :raises UserError: naming the field and both values
        """
        terms = read_terms(self.records, self.pull.mapper, ids) if self.checked else {}
        for step, record_id in zip(steps, ids, strict=True) if terms else ():
            record = self.records.browse(record_id)
            for name in sorted(self.checked & step.values.keys()):
                computed, meant = terms[record_id][name], step.terms.get(name)
                if _is_to_be_checked(step, name, record) and not kept.is_kept(record, name, computed, meant):
                    raise UserError(self._not_the_same(name, computed, meant))

    def _not_the_same(self, name, computed, meant):
        """Both values in words, of a relation by name."""
        field = self.records._fields[name]
        if field.type == "many2one":
            computed, meant = (self.env[field.comodel_name].browse(one or ()).display_name for one in (computed, meant))
        return self.env._(
            "“%(field)s” would be %(computed)s in Odoo, and is %(meant)s in the other system, so nothing of it was"
            " written. Correct the field mappings (prices, quantities, taxes, currency), then retry.",
            field=self.flow._field_label(name),
            computed=computed or "-",
            meant=meant or "-",
        )

    # Update, remove

    def _update(self, steps):
        records = self.records.browse(step.record_id for step in steps)
        for step, record in zip(steps, records, strict=True):
            values = {
                name: _odoo_value(step.values[name], self.made)
                for name in step.changes
                if not isinstance(step.values[name], Download) and name not in self.checked
            }
            if values:
                record.write(self.flow._values_to_write(step, values))
        ids = [step.record_id for step in steps]
        children = self._write_children(steps, ids, self.made)
        self._check(steps, ids)
        return [_outcome(step, children=inside) for step, inside in zip(steps, children, strict=True)]

    def _remove(self, steps):
        self._remove_records(self.flow, self.records, steps)
        return [_outcome(step) for step in steps]

    @staticmethod
    def _remove_records(flow, records, steps):
        archived = records.browse(step.record_id for step in steps if step.action == ARCHIVE).exists()
        if archived:
            archived.action_archive()
        marked = records.browse(step.record_id for step in steps if step.action == MARK).exists()
        if marked:
            flow._mark_gone(marked)
        records.browse(step.record_id for step in steps if step.action == UNLINK).exists().unlink()

    # Records inside the records

    def _write_children(self, parents, parent_ids, made):
        """Create, write and remove the nested records of these parents; with them or not at all.

        :return: for each parent, one2many field to the outcomes of its children
        :rtype: list[dict]
        """
        written = [{} for _parent in parents]
        for rule in self.pull.mapper.nested:
            inside = [
                (parent, parent_id, child)
                for parent, parent_id in zip(parents, parent_ids, strict=True)
                for child in parent.children.get(rule.field, ())
            ]
            inverse = self.env[self.flow.model]._fields[rule.field].inverse_name
            ids = self._write_nested(self.pull.nested_flows[rule.field], inside, inverse, made)
            for place, parent in enumerate(parents):
                if rule.field in parent.children:
                    written[place][rule.field] = tuple(
                        _outcome(child, record_id=ids.get(child.external_id, child.record_id))
                        for child in parent.children[rule.field]
                    )
        return written

    def _write_nested(self, flow, inside, inverse, made):
        """:return: remote id to Odoo id, of those that were created"""
        records = self.pull.records_of(flow)
        new = [(child, parent_id) for _parent, parent_id, child in inside if child.action == CREATE]
        vals_list = [
            {**flow._values_to_create(child, self._create_values(flow, child, made)), inverse: parent_id}
            for child, parent_id in new
        ]
        ids = self._create_in_odoo(flow, vals_list)
        for parent, parent_id, child in inside:
            if child.action == UPDATE:
                values = {name: _odoo_value(child.values[name], made) for name in child.changes}
                if has_moved(parent.facts, child.facts):
                    values[inverse] = parent_id
                records.browse(child.record_id).write(flow._values_to_write(child, values))
        self._remove_records(flow, records, [child for _parent, _parent_id, child in inside])
        return {child.external_id: record_id for (child, _parent_id), record_id in zip(new, ids, strict=True)}

    # Read back

    def _read_back(self, outcomes):
        """What Odoo's fields are after the write: they may differ from what was written, by rounding or cleaning."""
        outcomes = self._with_terms(self.flow, self.pull.mapper, outcomes)
        for rule in self.pull.mapper.nested:
            flow, name = self.pull.nested_flows[rule.field], rule.field
            inside = [child for outcome in outcomes for child in outcome.children.get(name, ())]
            read = iter(self._with_terms(flow, rule.child, inside))
            outcomes = [
                outcome._replace(
                    children={**outcome.children, name: tuple(next(read) for _child in outcome.children[name])}
                )
                if name in outcome.children
                else outcome
                for outcome in outcomes
            ]
        return outcomes

    def _with_terms(self, flow, mapper, outcomes):
        there = [outcome.record_id for outcome in outcomes if outcome.action in WRITTEN]
        records = self.pull.records_of(flow)
        terms = read_terms(records, mapper, there) if there else {}
        # Relations to records that were made meanwhile are remembered by their ids.
        names = self.referring[flow._ids] if self.pull.unmade else ()
        relational = [name for name in names if records._fields[name].relational]

        def settled(outcome):
            values, remote = outcome.step.values, outcome.remote
            relations = {
                name: comparable(replaced(values[name], lambda one: _settled(one, self.made)))
                for name in relational
                if name in values
            }
            remote = {**remote, **relations} if relations else remote
            return kept.compared(
                records, mapper, outcome._replace(after=terms.get(outcome.record_id, {}), remote=remote)
            )

        return [
            settled(outcome)
            if outcome.action in WRITTEN
            else kept.compared(records, mapper, outcome)
            if outcome.action == UNCHANGED  # inside one that was written
            else outcome
            for outcome in outcomes
        ]


class _RefusedError(Exception):
    """A record that a value points to could not be made."""


def _is_to_be_checked(step, name, record):
    """What a person has left otherwise holds up nothing; but whatever is written can change what Odoo computes."""
    is_inside = any(child.action != UNCHANGED for children in step.children.values() for child in children)
    if step.action == CREATE or is_inside or name in step.changes:
        return True
    return bool(step.changes) and kept.is_kept(record, name, step.facts.odoo.get(name), step.terms.get(name))


def _is_ready(value, made):
    """Can this value be written now? Not while it points to a record that is still to be made."""
    return type(value) in SCALARS or (
        not isinstance(value, Download) and all(one.external_id in made for one in references_in(value, Pending))
    )


def _settled(value, made):
    """A relation as the id of its record."""
    return made.get(value.external_id) if isinstance(value, Pending) else value


def _odoo_value(value, made):
    """What ``create`` and ``write`` take."""
    if value is EMPTIED:
        return False
    if isinstance(value, Many):
        return [Command.set([_settled(one, made) for one in value.references])]
    return _settled(value, made)
