"""References become record ids: one query for each kind of reference, whatever the size of the batch."""

import collections
from typing import NamedTuple

from ...mapping.paths import MISSING
from ...mapping.references import SCALARS, ByBinding, ByKey, Many, Pending, ToCreate, comparable, references_in
from ..keyed import Keyed, belongs
from ..words import DATA, DEPENDENCY
from .facts import throughout


class Reference(NamedTuple):
    """A value of a record that has to be looked up.

    :ivar flow: the flow of the record; for a record inside another one its nested flow
    :ivar Rule rule: the mapping that the value comes from
    :ivar value: one reference, or several
    :ivar bool is_inside: is the record inside another one
    """

    flow: object
    rule: object
    value: object
    is_inside: bool = False


def references(pull, facts, *kinds):
    """What a record, and the records inside it, refer to.

    :rtype: Iterator[Reference]
    """
    yield from _own_references(pull.flow, pull.mapper, facts, kinds)
    for rule in pull.mapper.nested:
        for child in facts.children.get(rule.field, ()):
            yield from _own_references(pull.nested_flows[rule.field], rule.child, child, kinds, is_inside=True)


def _own_references(flow, mapper, facts, kinds, is_inside=False):
    for rule in mapper.referring:
        value = facts.values.get(rule.field)
        if type(value) not in SCALARS and references_in(value, kinds):
            yield Reference(flow, rule, value, is_inside)


def wanted_ids(pull, records):
    """Remote ids that these records refer to.

    :param list[Facts] records: those that are not mapped do not count
    :return: flow code to ids
    :rtype: dict[str, dict]
    """
    return _wanted_ids(_all_references(pull, records, ByBinding))


def _all_references(pull, records, *kinds):
    return [one for facts in records if facts.is_mapped for one in references(pull, facts, *kinds)]


def _wanted_ids(found):
    wanted = {}
    for reference in found:
        for one in references_in(reference.value, ByBinding):
            wanted.setdefault(one.flow, {})[one.external_id] = True
    return wanted


def resolve(pull, records):
    """Put ids where references were; a record that lacks one fails, waits, or goes on without it.

    :param list[Facts] records: translated
    :rtype: list[Facts]
    """
    bindings, found = pull.env["bridge.binding"], _all_references(pull, records, ByBinding, ByKey)
    bound = {code: bindings._known(pull.flow._sibling(code), ids) for code, ids in _wanted_ids(found).items()}
    here = {facts.arrival.external_id for facts in records if facts.is_mapped}
    found = _Found(pull, bound, _find_keyed(pull, found), here)
    records = [found.put_into(facts) if facts.is_mapped else facts for facts in records]
    pull.unmade = frozenset(found.unmade)
    return records


def _find_keyed(pull, found):
    """Records by a field's value.

    :param list[Reference] found: what all records of the batch refer to
    :return: (flow's ids, field, what they are within) to how its records are looked up, and key to list of ids
    :rtype: dict[tuple, tuple[Keyed, dict]]
    """
    named, wanted = {}, collections.defaultdict(dict)
    for reference in found:
        for one in references_in(reference.value, ByKey):
            place = reference.flow._ids, reference.rule.field, one.within
            named[place] = reference
            wanted[place][one.value.__class__, one.value] = one.value  # 1 and True are equal, and name others
    keyed = {place: keyed_of(pull.records_of(one.flow), one.rule, place[2]) for place, one in named.items()}
    return {place: (one, one.find(wanted[place].values())) for place, one in keyed.items()}


def keyed_of(records, rule, within=()):
    """How the records that a mapping names by a field are looked up.

    :param records: the model of the mapping's flow
    :param tuple within: what else must be true of them, as (field, value)
    :rtype: Keyed
    """
    settings = rule.keyed_settings
    model = records.env[records._fields[rule.field].comodel_name]
    domain = [*settings["domain"], *(belongs(name, value) for name, value in within)]
    return Keyed(model, settings["field"], domain, settings["compare"])


class _Found:
    """Replaces the references of a record by what the batch found for them."""

    def __init__(self, pull, bound, keyed, here):
        self.pull, self.env = pull, pull.env
        self.bound, self.keyed, self.here = bound, keyed, here
        self.looked_up, self.several = {}, {}  # a page names the same country many times
        self.unmade = set()  # kinds of references to records that are still to be made

    def put_into(self, facts):
        """A record, and those inside it, with ids."""
        return throughout(self.pull, facts, self._own)

    def _own(self, flow, mapper, facts, is_inside):
        """:return: the facts, and what is wrong with them: kind, message and field; None if nothing"""
        found = list(_own_references(flow, mapper, facts, (ByBinding, ByKey), is_inside))
        if not found:
            return facts, None
        values, terms, deferred = dict(facts.values), dict(facts.terms), facts.deferred
        for reference in found:
            name, value = reference.rule.field, reference.value
            several = isinstance(value, Many)
            resolved = []
            for one in value.references if several else (value,):
                record_id, problem = self._one(reference, one)
                if problem:
                    return facts, problem
                resolved.append(record_id)
            if MISSING not in resolved:
                value = resolved[0]
                values[name], terms[name] = self._several(tuple(resolved)) if several else (value, comparable(value))
                continue
            problem = self._is_needed(reference)
            if problem:
                return facts, problem
            values.pop(name)  # without it, and again later
            terms.pop(name, None)
            deferred |= {name}
        return facts._replace(values=values, terms=terms, deferred=deferred), None

    def _several(self, resolved):
        """:return: the value of a field for several records, and how it is compared"""
        if resolved in self.several:
            return self.several[resolved]
        # Two values may name the same record, such as "Red" and "red".
        value = Many(tuple(dict.fromkeys(one for one in resolved if one is not False)))
        said = value, comparable(value)
        if all(type(one) in SCALARS for one in resolved):  # equal references may be written in another way
            self.several[resolved] = said  # a page names the same ones many times
        return said

    def _one(self, reference, one):
        if isinstance(one, ByBinding):
            record_id = self.bound[one.flow].get(one.external_id)
            if not record_id and self.pull.flow.code == one.flow and one.external_id in self.here:
                self.unmade.add(Pending)
                return Pending(one.external_id), None
            return record_id or MISSING, None
        if isinstance(one, ByKey):
            # The class, because 1 and True are equal, and name different records.
            place = reference.flow._ids, reference.rule.field, one.within, one.value.__class__, one.value
            if place not in self.looked_up:
                self.looked_up[place] = self._by_key(reference, one)
            return self.looked_up[place]
        return one, None

    def _by_key(self, reference, one):
        settings = reference.rule.keyed_settings
        keyed, by_key = self.keyed[reference.flow._ids, reference.rule.field, one.within]
        key = keyed.key(one.value)
        ids = by_key.get(key, []) if key is not None else []
        if len(ids) == 1:
            return ids[0], None
        model = self.env[reference.flow.model]._fields[reference.rule.field].comodel_name
        if not ids and settings["create"] and key is not None:
            domain = _frozen(settings["domain"])
            self.unmade.add(ToCreate)
            return ToCreate(model, settings["field"], key, domain, keyed.way, one.value), None
        if not ids and settings["optional"]:
            return False, None
        return False, self._not_one(reference, one, model, ids)

    def _not_one(self, reference, one, model, ids):
        key = reference.rule.keyed_settings["field"]
        values = {
            "field": reference.flow._field_label(reference.rule.field),
            "model": self.env["ir.model"]._get(model).name,
            "key": self.env[model]._fields[key].get_description(self.env, ["string"])["string"],
            "value": ", ".join(str(part) for part in (one.value, *(value for _name, value in one.within))),
            "count": len(ids),
        }
        if ids:
            message = self.env._(
                "%(field)s: %(count)s records of “%(model)s” have %(key)s “%(value)s”; it must be one.", **values
            )
        else:
            message = self.env._(
                "%(field)s: there is no “%(model)s” with %(key)s “%(value)s”. Create it in Odoo, or have an"
                " administrator let the flow create it.",
                **values,
            )
        # One that another flow brings may come later; of several none comes to be right by itself.
        siblings = reference.flow.connector_id.flow_ids
        may_come = not ids and any(one.model == model and one.direction != "push" for one in siblings)
        return DEPENDENCY if may_come else DATA, message, reference.rule.field

    def _is_needed(self, reference):
        """Why a record can not do without a related record that is not here; None if it can."""
        name = reference.rule.field
        needed = reference.rule.required or self.env[reference.flow.model]._fields[name].required
        if not needed and not reference.is_inside:
            return None
        message = self.env._(
            "%(field)s: the related record %(id)s of the other system is not in Odoo yet.",
            field=reference.flow._field_label(name),
            id=", ".join(one.external_id for one in references_in(reference.value, ByBinding)),
        )
        return DEPENDENCY, message, name


def _frozen(value):
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
