"""Change capture: which models and fields flows push, and what notes their changes (DESIGN.md, "Change capture")."""

import collections
import functools
import logging
from dataclasses import dataclass, field

from odoo.exceptions import ValidationError

from .mapping.errors import MappingError

_logger = logging.getLogger(__name__)

WATCHED = "integration_bridge.watched"  # where a transaction keeps what was watched before
PATCHED = ("modified", "_write_multi")


@dataclass
class Watch:
    """What is watched of one model.

    :ivar dict columns: stored columns to set of (flow id, path)
    :ivar dict others: other fields, such as many2many, to the same
    :ivar dict inverses: fields by which a nested record belongs to its parent, to the same
    :ivar set own: ids of flows whose records these are
    :ivar set reached: (flow id, path) of flows whose records only reach these
    """

    columns: dict = field(default_factory=lambda: collections.defaultdict(set))
    others: dict = field(default_factory=lambda: collections.defaultdict(set))
    inverses: dict = field(default_factory=lambda: collections.defaultdict(set))
    own: set = field(default_factory=set)
    reached: set = field(default_factory=set)

    def add(self, model, name, flow_id, path):
        """Watch a field of a model for a flow."""
        watched = self.columns if model._fields[name].column_type else self.others
        watched[name].add((flow_id, path))
        if path:
            self.reached.add((flow_id, path))
        else:
            self.own.add(flow_id)

    def concerned(self, watched, names):
        """The flows and paths that changes of these fields concern."""
        return {concern for name in names if name in watched for concern in watched[name]}


# ----------------------------------------------------------------------------------------------------------------------
# What is watched
# ----------------------------------------------------------------------------------------------------------------------


def watches(env):
    """The models and fields that some flow pushes.

    :rtype: dict[str, Watch]
    """
    found = collections.defaultdict(Watch)
    flows = env["bridge.flow"].sudo().with_context(active_test=False)
    flows = flows.search([("direction", "!=", "pull"), ("parent_id", "=", False), ("active", "=", True)])
    for flow in flows.filtered(lambda flow: _is_captured(flow) and flow.model in env):
        try:
            _watch_fields(flow, found, flow.id, env[flow.model], "")
        except (MappingError, ValidationError, SyntaxError, ValueError):
            # Such as a converter of an addon that is gone. Its runs say so too; Odoo itself has to start all the
            # same. When the mapping is corrected, everything is looked at.
            _logger.exception("The changes of flow %s are not captured: its mapping can not be used", flow.code)
    return dict(found)


def _is_captured(flow):
    # While a connector is disabled nothing is kept for it: when it goes on, everything is looked at once.
    return flow.connector_id.active and flow.connector_id.state != "disabled"


def _watch_fields(flow, watches, flow_id, model, path):
    """Watch the mapped fields of a flow, and those of its nested flows.

    :param BridgeFlow flow: whose fields
    :param int flow_id: the flow that pushes
    :param str path: how its records reach those of ``flow``
    """
    names = set(flow.mapping_ids.filtered(lambda mapping: mapping.direction != "pull").mapped("field_name"))
    names |= {model._active_name} - {None}
    if not path:
        names |= {name for name in _names_in(flow._read_domain("push_domain")) if name in model._fields}
    for name in names & model._fields.keys():
        _watch_field(flow.env, watches, flow_id, model, name, path)
    for mapping in flow.mapping_ids:
        field = model._fields.get(mapping.field_name)
        if field is None or not field.relational:
            continue
        inner = f"{path}.{field.name}" if path else field.name
        key = mapping._rule().keyed_settings.get("field")
        if key:
            _watch_field(flow.env, watches, flow_id, flow.env[field.comodel_name], key, inner)
        child = flow.child_ids.filtered(
            lambda child, mapping=mapping: (
                mapping.converter == "nested" and child.code == mapping._rule().converter.settings["flow"]
            )
        )
        if child:
            comodel = flow.env[field.comodel_name]
            _watch_field(flow.env, watches, flow_id, comodel, field.inverse_name, inner)
            watches[comodel._name].inverses[field.inverse_name].add((flow_id, inner))
            _watch_fields(child, watches, flow_id, comodel, inner)


def _watch_field(env, watches, flow_id, model, name, path):
    """Watch a field; of one that is not stored, the stored fields that it is made of."""
    seen = set()
    waiting = [(model, name, path)]
    while waiting:
        model, name, path = waiting.pop()
        field = model._fields.get(name)
        if field is None or (model._name, name, path) in seen:
            continue
        seen.add((model._name, name, path))
        if field.store or not field.compute:
            watches[model._name].add(model, name, flow_id, path)
            continue
        for dependency in env.registry.field_depends[field]:
            here, at = model, path
            *relations, last = dependency.split(".")
            for relation in relations:
                waiting.append((here, relation, at))
                at = f"{at}.{relation}" if at else relation
                here = env[here._fields[relation].comodel_name]
            waiting.append((here, last, at))


# ----------------------------------------------------------------------------------------------------------------------
# Patches, on the watched models only
# ----------------------------------------------------------------------------------------------------------------------


def update(env):
    """What flows push has changed: watch that, here and in the other Odoo processes."""
    registry = env.registry
    if not registry.ready:
        return  # the hook does it when all models are there
    env.flush_all()
    now, known = watches(env), getattr(registry, "integration_bridge_watches", {})
    if now != known:
        rollback = env.cr.postrollback
        if WATCHED not in rollback.data:  # Odoo resets its registry then, but not what was patched
            rollback.data[WATCHED] = known
            rollback.add(functools.partial(patch, registry, known))
        patch(registry, now)
        registry.registry_invalidated = True


def patch(registry, watches):
    """Have exactly these models note their changes."""
    for model_name in getattr(registry, "integration_bridge_watches", {}):
        for method in PATCHED if model_name in registry else ():
            if hasattr(vars(registry[model_name]).get(method), "integration_bridge"):
                delattr(registry[model_name], method)
    registry.integration_bridge_watches = watches
    for model_name, watch in watches.items():
        for method in _patches(watch):
            method.integration_bridge = True
            method.origin = getattr(registry[model_name], method.__name__)
            setattr(registry[model_name], method.__name__, method)


def _patches(watch):
    """The methods of a watched model: as they were, and noting what changes.

    Everything in the ORM that changes a record comes through here: ``modified`` is told of what is created, deleted and
    written, ``_write_multi`` writes the columns, also those that were computed.
    """

    def modified(self, fnames, create=False, before=False):
        if not before:
            _note(self, watch.concerned(watch.others, fnames))
            if create:
                _note(self, {(flow_id, "") for flow_id in watch.own}.union(*watch.inverses.values()))
        elif fnames is self._fields:  # so says ``unlink``
            _note(self, {(flow_id, "") for flow_id in watch.own})
            _note_reaching(self, watch.reached)
        else:
            _note_reaching(self, watch.concerned(watch.inverses, fnames))
        return modified.origin(self, fnames, create=create, before=before)

    def _write_multi(self, vals_list):
        _note(self, watch.concerned(watch.columns, {name for vals in vals_list for name in vals}))
        return _write_multi.origin(self, vals_list)

    return modified, _write_multi


def _note(records, concerned):
    ids = sorted(record_id for record_id in records._ids if record_id) if concerned else ()
    for flow_id, path in concerned if ids else ():
        records.env["bridge.change"]._note(flow_id, records._name, ids, path)


def _note_reaching(records, concerned):
    """The flow's records that reach these now, and will not when these are gone or have moved."""
    flows = records.env["bridge.flow"].sudo()
    for flow_id, path in concerned:
        flow = flows.browse(flow_id).exists()
        if flow:
            reaching = records.env[flow.model].sudo().with_context(active_test=False)
            ids = reaching.search([(path, "in", records.ids)]).ids
            records.env["bridge.change"]._note(flow_id, flow.model, ids)


def _names_in(domain):
    """The fields of the model itself that a domain looks at."""
    return {part[0].partition(".")[0] for part in domain if isinstance(part, (list, tuple))}
