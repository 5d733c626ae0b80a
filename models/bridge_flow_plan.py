"""The road: plan. What is to be done about each record, decided without writing anything (DESIGN.md, "The road")."""

import collections
import datetime

from odoo import models
from odoo.fields import Domain

from ..mapping import merge
from ..mapping.converters import ByBinding, ByKey, Many
from ..mapping.fingerprint import fingerprint
from ..mapping.paths import MISSING
from ..remote.delta import Delta, moment_of
from .batch import (
    ARCHIVE,
    CONFLICT,
    CREATE,
    DATA,
    DEPENDENCY,
    FLAG,
    LINK,
    SKIP,
    UNCHANGED,
    UPDATE,
    Bound,
    Item,
    Pending,
    ToCreate,
    before,
    comparable,
    references_in,
)
from .bridge_conflict import FIELD, GONE_THERE
from .keyed import Keyed, by_key

FIRST_YEAR = 1990  # a number that would be a moment before is a count


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    def _plan(self, batch):
        """Decide about every record: create, update, link, archive, unlink, flag, unchanged, skip or reject."""
        if not batch.open_items():
            return
        self._plan_removals([item for item in batch.open_items() if item.deleted])
        self._resolve(batch)
        self._match(batch)
        self._merge(batch)
        self._plan_children(batch)
        for item in batch.open_items():
            item.action = self._decision(item)

    def _plan_removals(self, gone):
        if not gone:
            return
        alive = self._records().sudo().browse(item.record_id for item in gone if item.binding.alive)
        names = {record.id: record.display_name for record in alive}
        changed = self._changed_in_odoo(gone) if self.direction == "both" else set()
        for item in gone:
            item.action, item.name = self._removal_action(item), names.get(item.record_id)
            standing = item.standing.get((GONE_THERE, None), {})
            if item in changed and standing.get("decision") != "remote" and item.prefer != "remote":
                item.action = CONFLICT if standing.get("decision") != "odoo" else FLAG

    def _changed_in_odoo(self, items):
        """Those of these records that have a change in Odoo which the other system has not seen."""
        alive = [item for item in items if item.binding.alive]
        self._read_standing(alive)
        mapper = self._mapper()
        terms = self._read_terms([item.record_id for item in alive], mapper)
        return {
            item
            for item in alive
            if any(
                rule.pushes
                and rule.field in terms[item.record_id]
                and not merge.same(terms[item.record_id][rule.field], before(item.binding.odoo_snapshot, rule.field))
                for rule in mapper.rules
            )
        }

    def _removal_action(self, item):
        if self.delete_policy == "ignore":
            return SKIP
        return self.delete_policy if item.binding.alive or self.delete_policy == "flag" else "flag"

    def _decision(self, item):
        if item.gone_here:
            was_there = item.binding.state != "removed"  # one that has come back has changed
            if was_there and self._is_as_before(item):
                item.binding.same = True  # nothing to be written down
                return UNCHANGED
            item.opposed = {None: (None, None, None)}
            return CONFLICT
        if item.record_id is None:
            if self.can_create:
                return CREATE
            item.note = self.env._("There is no matching record in Odoo, and this flow does not create records.")
            return SKIP
        if item.binding is None or item.binding.res_id != item.record_id or item.binding.state == "creating":
            return LINK
        if item.binding.external_id != item.external_id:
            return LINK
        if not item.changes and not item.children_changed:
            return UNCHANGED
        if not self.can_update:
            item.note = self.env._("This flow does not update records.")
            return SKIP
        return UPDATE

    # Resolve: references become record ids

    def _resolve(self, batch):
        """Replace references by ids: one query for each kind of reference, whatever the size of the batch."""
        found = {
            code: self.env["bridge.binding"]._known(self._sibling(code), external_ids)
            for code, external_ids in batch.wanted_ids().items()
        }
        keyed = self._find_keyed(batch)
        here = {item.external_id: item for item in batch.open_items() if not item.deleted}
        for reference in batch.open_references(ByBinding, ByKey):
            Resolver(self, reference, found, keyed, here).resolve()

    def _find_keyed(self, batch):
        """Records by a field's value.

        :return: (flow, rule) to how its records are looked up, and key to list of ids
        """
        rules, wanted = {}, collections.defaultdict(list)
        for reference in batch.open_references(ByKey):
            place = reference.flow, reference.rule.field
            rules[place] = reference.rule
            wanted[place] += [one.value for one in references_in(reference.value, ByKey)]
        keyed = {place: place[0]._keyed(rule) for place, rule in rules.items()}
        return {place: (one, one.find(wanted[place])) for place, one in keyed.items()}

    def _keyed(self, rule):
        """How the records that a mapping names by a field are looked up.

        :rtype: Keyed
        """
        records, settings = self._records(), rule.keyed_settings
        model = records.env[records._fields[rule.field].comodel_name]
        return Keyed(model, settings["field"], settings["domain"], settings["ignore_case"])

    # Match: records that are not bound yet

    def _match(self, batch):
        """Look for the Odoo records of remote records that are not bound, by the key fields."""
        keys = [rule.field for rule in batch.mapper.rules if rule.key]
        unbound = [item for item in batch.open_items() if item.record_id is None and not item.gone_here]
        if unbound and not keys:
            self._hold_unknown([item for item in unbound if item.binding is None])
        if not keys or not unbound:
            return
        wanted = {item: self._key_of(item, keys) for item in unbound}
        found = self._search_keys(keys, {key for key in wanted.values() if key})
        taken = self._taken({record_id for ids in found.values() for record_id in ids})
        free = self._free_bindings(taken)
        for item, key in wanted.items():
            candidates = found.get(key, []) if key else []
            if len(candidates) == 1 and candidates[0] in free:
                # It is the record that we have sent, and whose answer is not here yet; or it was deleted there, and is
                # there again with another id.
                item.binding, item.record_id = free.pop(candidates[0]), candidates[0]
                continue
            self._accept(item, candidates, taken, keys)

    def _hold_unknown(self, items):
        """While it is not known what became of a creation, any unknown record there may be the one that was created."""
        if self.direction != "both" or self.reference_path or not items:
            return
        waiting = [("flow_id", "=", self.id), ("state", "=", "creating"), ("sent_at", "!=", False)]
        if not self.env["bridge.binding"].search_count(waiting, limit=1):
            return
        message = self.env._(
            "It may be the record that was sent there and whose answer was lost. Decide about the uncertain job first."
        )
        for item in items:
            item.fail(DEPENDENCY, message)

    def _free_bindings(self, record_ids):
        """Those of these records whose binding has no record of the other system any more, or not yet.

        :return: Odoo id to Bound
        """
        if not record_ids:
            return {}
        self.env.cr.execute(
            """
            SELECT id, external_id, res_id, state, FALSE, TRUE, odoo_snapshot, remote_snapshot, parent_id
              FROM bridge_binding WHERE flow_id = %s AND res_id = ANY(%s) AND state IN ('creating', 'removed')
            """,
            [self.id, list(record_ids)],
        )
        return {row[2]: Bound(*row) for row in self.env.cr.fetchall()}

    def _key_of(self, item, keys):
        """The values of the key fields; None if one of them is empty, because nothing matches "nothing"."""
        values = tuple(item.values.get(name) for name in keys)
        unusable = any(merge.is_empty(value) or isinstance(value, (Pending, ToCreate, Many)) for value in values)
        return None if unusable else tuple(comparable(value) for value in values)

    def _search_keys(self, keys, wanted):
        if not wanted:
            return {}
        domain = Domain.AND(Domain(name, "in", [key[n] for key in wanted]) for n, name in enumerate(keys))
        domain &= Domain(self._read_domain("match_domain"))
        return by_key(self._records(), domain, keys, lambda record: tuple(self._terms(record, name) for name in keys))

    def _taken(self, record_ids):
        """Which of these records are bound by this flow already.

        :return: Odoo id to external id
        """
        bindings = self.env["bridge.binding"].search_fetch(
            [("flow_id", "=", self.id), ("res_id", "in", list(record_ids))], ["res_id", "external_id"]
        )
        return {binding.res_id: binding.external_id for binding in bindings}

    def _accept(self, item, candidates, taken, keys):
        labels = ", ".join(self._field_label(name) for name in keys)
        if len(candidates) > 1:
            message = self.env._(
                "%(count)s records of Odoo have the same %(keys)s (ids %(ids)s). Merge them or change one, then retry.",
                count=len(candidates),
                keys=labels,
                ids=", ".join(map(str, candidates[:5])),
            )
            item.fail(DATA, message)
        elif candidates and taken.get(candidates[0], item.external_id) != item.external_id:
            message = self.env._(
                "The record of Odoo with the same %(keys)s (id %(id)s) belongs to the remote record %(other)s already.",
                keys=labels,
                id=candidates[0],
                other=taken[candidates[0]],
            )
            item.fail(DATA, message)
        elif candidates:
            item.record_id = candidates[0]
            taken[candidates[0]] = item.external_id

    # Merge: which fields change

    def _merge(self, batch):
        """Three-way merge of every field of the records that exist in Odoo."""
        existing = [item for item in batch.open_items() if item.record_id]
        self._read_standing(batch.open_items())
        self._find_newest(batch.mapper, existing)
        terms = self._read_terms([item.record_id for item in existing], batch.mapper)
        for item in batch.open_items():
            item.odoo_terms = terms.get(item.record_id, {})
            item.changes = self._changes(batch.mapper, item)

    def _changes(self, mapper, item):
        """The fields that change, with their old and new value.

        :rtype: dict[str, tuple]
        """
        if item.record_id is None:
            return {
                name: (None, item.remote_terms[name])
                for name in item.values
                if not merge.is_empty(item.remote_terms[name])
            }
        bound = item.binding if item.binding and item.binding.res_id == item.record_id else None
        changes = {}
        for rule in mapper.rules:
            name = rule.field
            if name not in item.values or rule.create_only:
                continue
            decision = self._decide_field(item, rule, bound)
            if decision == merge.PULL:
                changes[name] = (item.odoo_terms.get(name), item.remote_terms[name])
            elif decision == merge.PUSH:
                item.pushes.add(name)
            elif decision == merge.CONFLICT:
                agreed = before(bound and bound.odoo_snapshot, name)
                item.opposed[name] = (
                    item.odoo_terms.get(name),
                    item.remote_terms[name],
                    None if agreed is MISSING else agreed,
                )
            if decision != merge.PULL and not merge.agree(item.odoo_terms.get(name), item.remote_terms[name]):
                item.held.add(name)
        if bound and bound.state == "removed" and self.delete_policy == ARCHIVE:
            self._revive(item, changes)
        return changes

    def _decide_field(self, item, rule, bound):
        name = rule.field
        odoo, remote = item.odoo_terms.get(name), item.remote_terms[name]
        if item.prefer == "compare":
            return merge.NONE if merge.agree(odoo, remote) or _is_settled(bound, name, odoo, remote) else merge.PULL
        if item.prefer == "remote":
            return merge.decide(odoo, MISSING, remote, MISSING, authority=merge.REMOTE, direction=rule.direction)
        standing = item.standing.get((FIELD, name), {})
        return merge.decide(
            MISSING if rule.pushes and rule.says_nothing(odoo) else odoo,
            before(bound and bound.odoo_snapshot, name),
            remote,
            before(bound and bound.remote_snapshot, name),
            authority=standing.get("decision") or rule.authority,
            direction=rule.direction,
            newest=item.newest,
        )

    def _read_standing(self, items):
        """What persons have still to decide, or have decided, about these records."""
        bound = {item.binding.id: item for item in items if item.binding}
        standing = self.env["bridge.conflict"]._standing_of(self, bound) if bound else {}
        for binding_id, found in standing.items():
            bound[binding_id].standing = found

    def _find_newest(self, mapper, items):
        """Which side of a record was changed last, where a field asks for that."""
        if not any(rule.authority == merge.NEWEST for rule in mapper.rules):
            return
        ids = [item.record_id for item in items]
        moments = self.env["bridge.change"]._moments(self, ids)
        written = {record.id: record.write_date for record in self._records().sudo().browse(ids)}
        for item in items:
            remote, odoo = self._remote_moment(item.updated), moments.get(item.record_id) or written[item.record_id]
            if remote and odoo and remote != odoo.replace(microsecond=0):
                item.newest = merge.ODOO if odoo > remote else merge.REMOTE

    def _remote_moment(self, updated):
        """When the other system says that a record was changed, naive UTC; None if it does not say.

        :rtype: datetime
        """
        delta = self._operation("list")._delta() if self._operation("list") else Delta()
        moment = moment_of(updated, delta.format)
        return moment and moment.astimezone(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)

    def _told_moment(self, text):
        """When the other system says that a record was changed, from the text that is kept of it.

        :return: naive UTC; False for a text that is no time, such as a count
        """
        moment = text and (self._remote_moment(text) or (text.isdecimal() and self._remote_moment(int(text))))
        return moment if moment and moment.year >= FIRST_YEAR else False

    def _revive(self, item, changes):
        """A record that was deleted remotely and is there again is there again in Odoo as well."""
        active = self.env[self.model]._active_name
        if active not in item.values:
            item.values[active] = item.remote_terms[active] = True
            changes[active] = (False, True)

    def _read_terms(self, record_ids, mapper):
        """What the mapped fields of Odoo records are, comparable.

        :return: id to field to value
        :rtype: dict
        """
        names = [rule.field for rule in mapper.rules if rule.converter.name != "nested"]
        keys = {rule.field: rule.keyed_settings["field"] for rule in mapper.rules if rule.pushes and rule.is_keyed}
        # Archived tags of a record are tags of the record.
        records = self._records().with_context(active_test=False).browse(record_ids)
        if not records or not names:
            return {}
        records.fetch([name for name in names if records._fields[name].type not in ("binary", "many2many")])
        terms = {record.id: {name: self._terms(record, name) for name in names} for record in records}
        for name, key in keys.items():
            # What is sent is the key of the related record, which can change while the relation does not.
            for record in records:
                terms[record.id][f"{name}."] = sorted((comparable(one[key]) for one in record[name]), key=str)
        return terms

    def _terms(self, record, name):
        field = record._fields[name]
        value = record[name]
        if field.type == "many2one":
            return value.id
        if field.type in ("many2many", "one2many"):
            return sorted(value.ids)
        if field.type == "binary":
            return fingerprint(len(value) if not value else value.decode("ascii", "replace")) if value else False
        if field.type == "html":
            return str(value) if value else False
        return comparable(value)

    # Children: records inside the record

    def _plan_children(self, batch):
        """The same for the records inside the records: which are created, changed or gone."""
        parents = [item for item in batch.open_items() if item.children]
        for rule in batch.mapper.rules:
            if rule.converter.name == "nested":
                flow = self._child_flow(rule)
                flow._plan_nested(rule, [item for item in parents if rule.field in item.children])

    def _plan_nested(self, rule, parents):
        children = [child for parent in parents for child in parent.children[rule.field]]
        self._refuse_doubles(children)
        bound = self._nested_bindings(parents, children)
        for child in children:
            child.prefer = child.parent.prefer
            child.binding = bound.pop(child.external_id, None)
            child.record_id = child.binding.res_id if child.binding and child.binding.alive else None
        terms = self._read_terms([child.record_id for child in children if child.record_id], rule.child)
        for child in children:
            child.odoo_terms = terms.get(child.record_id, {})
            child.changes = self._changes(rule.child, child)
            child.action = self._nested_action(child)
            if child.pushes:
                child.parent.pushes.add(rule.field)
        self._plan_nested_removals(rule, parents, bound.values())
        for parent in parents:
            if any(child.action != UNCHANGED for child in parent.children[rule.field]):
                parent.children_changed = True

    def _refuse_doubles(self, children):
        """An id that stands for two nested records stands for none."""
        seen = set()
        for child in children:
            if child.external_id in seen:
                message = self.env._("%(flow)s: two records have the id %(id)s.", flow=self.name, id=child.external_id)
                child.parent.fail(DATA, message)
            seen.add(child.external_id)

    def _nested_action(self, child):
        if child.record_id is None:
            if child.binding and self.parent_id.direction == "both" and self._is_as_before(child):
                child.pushes.add(None)  # it was deleted in Odoo, and the push that says so is still to come
                return UNCHANGED
            return CREATE
        return UPDATE if child.changes or child.has_moved else UNCHANGED

    def _is_as_before(self, child):
        known = child.binding.remote_snapshot
        return all(merge.same(value, before(known, name)) for name, value in child.remote_terms.items())

    def _plan_nested_removals(self, rule, parents, unseen):
        by_binding = {parent.binding.id: parent for parent in parents if parent.binding}
        for binding in unseen:
            if binding.state == "removed":
                continue
            parent = by_binding[binding.parent_id]
            child = Item(
                {}, binding.external_id, deleted=True, binding=binding, parent=parent, record_id=binding.res_id
            )
            child.action = self._removal_action(child)
            parent.children[rule.field].append(child)

    def _nested_bindings(self, parents, children):
        """What is known of nested records: those of these parents, and those that come to them from another parent.

        :return: external id to binding
        :rtype: dict[str, Bound]
        """
        parent_ids = [parent.binding.id for parent in parents if parent.binding]
        table = self.env[self.model]._table
        self.env["bridge.binding"].flush_model()
        self.env.cr.execute(
            f"""
            SELECT binding.id, binding.external_id, binding.res_id, binding.state, FALSE, record.id IS NOT NULL,
                   binding.odoo_snapshot, binding.remote_snapshot, binding.parent_id
              FROM bridge_binding binding
         LEFT JOIN "{table}" record ON record.id = binding.res_id
             WHERE binding.flow_id = %s AND (binding.parent_id = ANY(%s) OR binding.external_id = ANY(%s))
            """,
            [self.id, parent_ids, [child.external_id for child in children]],
        )
        return {row[1]: Bound(*row) for row in self.env.cr.fetchall()}


class Resolver:
    """Replaces one reference (or list of references) by what the batch found for it."""

    def __init__(self, batch_flow, reference, found, keyed, here):
        self.batch_flow, self.flow, self.rule = batch_flow, reference.flow, reference.rule
        self.item, self.value = reference.item, reference.value
        self.found, self.here = found, here
        self.keyed, self.by_key = keyed.get((self.flow, self.rule.field), (None, {}))

    def resolve(self):
        """Put ids where references were; a record that lacks one fails, waits, or goes on without it."""
        item, name = self.item, self.rule.field
        several = isinstance(self.value, Many)
        resolved = [self._one(one) for one in (self.value.references if several else [self.value])]
        if (item.parent or item).failure:
            return
        if MISSING in resolved:
            self._defer()
            return
        # Two values may name the same record, such as "Red" and "red".
        several_ids = tuple(dict.fromkeys(one for one in resolved if one is not False))
        item.values[name] = Many(several_ids) if several else resolved[0]
        item.remote_terms[name] = comparable(item.values[name])

    def _one(self, reference):
        return self._bound(reference) if isinstance(reference, ByBinding) else self._keyed(reference)

    def _bound(self, reference):
        record_id = self.found[reference.flow].get(reference.external_id)
        if record_id:
            return record_id
        if self.batch_flow.code == reference.flow and reference.external_id in self.here:
            return Pending(self.here[reference.external_id])
        return MISSING

    def _keyed(self, reference):
        settings = self.rule.keyed_settings
        key = self.keyed.key(reference.value)
        ids = self.by_key.get(key, []) if key is not None else []
        if len(ids) == 1:
            return ids[0]
        model = self.flow.env[self.flow.model]._fields[self.rule.field].comodel_name
        if not ids and settings["create"] and key is not None:
            domain = _frozen(settings["domain"])
            return ToCreate(model, settings["field"], key, domain, settings["ignore_case"], reference.value)
        if not ids and settings["optional"]:
            return False
        self._fail(reference.value, model, ids)
        return False

    def _fail(self, value, model, ids):
        env = self.flow.env
        key = self.rule.keyed_settings["field"]
        values = {
            "field": self.flow._field_label(self.rule.field),
            "model": env["ir.model"]._get(model).name,
            "key": env[model]._fields[key].get_description(env, ["string"])["string"],
            "value": value,
            "count": len(ids),
        }
        if ids:
            message = env._(
                "%(field)s: %(count)s records of “%(model)s” have %(key)s “%(value)s”; it must be one.", **values
            )
        else:
            message = env._(
                "%(field)s: there is no “%(model)s” with %(key)s “%(value)s”. Create it, or let the mapping create it.",
                **values,
            )
        (self.item.parent or self.item).fail(DATA, message, self.rule.field)

    def _defer(self):
        """The related record is not here: without it if the field allows that, and again later."""
        item, name = self.item, self.rule.field
        owner = item.parent or item
        if self.rule.required or self.flow.env[self.flow.model]._fields[name].required or item.parent:
            message = self.flow.env._(
                "%(field)s: the related remote record %(id)s is not in Odoo yet.",
                field=self.flow._field_label(name),
                id=", ".join(reference.external_id for reference in references_in(self.value, ByBinding)),
            )
            owner.fail(DEPENDENCY, message, name)
            return
        item.values.pop(name)
        item.remote_terms.pop(name, None)
        owner.deferred.add(name)


def _frozen(value):
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _is_settled(bound, name, odoo, remote):
    """Do both sides still have what they agreed upon, each in its own words?"""
    agreed = before(bound and bound.odoo_snapshot, name), before(bound and bound.remote_snapshot, name)
    return MISSING not in agreed and merge.same(odoo, agreed[0]) and merge.same(remote, agreed[1])
