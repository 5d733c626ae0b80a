"""Records that are not bound yet: their Odoo records, by the key fields. No second record in Odoo is made here."""

from odoo.fields import Domain

from ...mapping.alike import alike
from ...mapping.merge import is_empty
from ...mapping.references import Many, Pending, ToCreate, comparable
from ..keyed import having, way_of
from ..terms import records_by_key, term_of
from ..words import DATA, DEPENDENCY
from .facts import GONE_HERE


def match(pull, records):
    """Look for the Odoo records of remote records that are not bound.

    :param list[Facts] records: resolved
    :rtype: list[Facts]
    """
    unbound = [facts for facts in records if is_unbound(facts)]
    if not unbound:
        return records
    if not pull.mapper.keys:
        return _refuse_unknown(pull, records)
    ways = ways_of(pull)
    pull.keys = keys_of(unbound, ways)
    return accept(pull, records, pull.keys, search(pull, ways, unbound, pull.keys))


def accept(pull, records, keys, found):
    """Records with what was found for them, where that is one and free.

    :param list[Facts] records: resolved
    :param dict keys: remote id to key, of those that are not bound
    :param dict found: key to the ids of the Odoo records that have it
    :rtype: list[Facts]
    """
    bindings = pull.env["bridge.binding"]
    taken = bindings._taken(pull.flow, {record_id for ids in found.values() for record_id in ids})
    free = bindings._free(pull.flow, taken)
    matched = []
    for facts in records:
        if is_unbound(facts):
            key = keys[facts.arrival.external_id]
            candidates = found.get(key, []) if key else []  # Odoo may have some that mean nothing, such as "-"
            if len(candidates) == 1 and candidates[0] in free:
                # It is the record that we have sent, and whose answer is not here yet; or it was deleted there, and is
                # there again with another id.
                facts = facts._replace(bound=free.pop(candidates[0]), record_id=candidates[0])
            else:
                facts = _accepted(pull, facts, candidates, taken)
                if facts.record_id:
                    taken[facts.record_id] = facts.arrival.external_id
        matched.append(facts)
    return matched


def search(pull, ways, records, keys):
    """Look for the values of the key fields, in one query.

    :param dict ways: how they are compared
    :param list[Facts] records: that are not bound
    :param dict keys: remote id to key
    :return: key to the ids of the Odoo records that have it
    :rtype: dict[tuple, list]
    """
    wanted = [facts for facts in records if keys[facts.arrival.external_id]]
    if not wanted:
        return {}
    domain = Domain(pull.flow._read_domain("match_domain"))
    for name, way in ways.items():
        domain &= having(pull.records, name, way, {comparable(facts.values[name]) for facts in wanted})
    with pull.env["bridge.key"]._by_index(pull.records, ways):
        as_terms = [term_of(pull.records._fields[name]) for name in ways]
        return records_by_key(
            pull.records,
            domain,
            list(ways),
            lambda *values: _alike((as_term(one) for as_term, one in zip(as_terms, values, strict=True)), ways),
        )


def ways_of(pull):
    """How the key fields are compared (mapping/alike.py).

    :return: name to way, in the order of the key
    :rtype: dict[str, str]
    """
    rules = {rule.field: rule for rule in pull.mapper.rules}
    return {name: way_of(pull.records._fields[name], rules[name].way) for name in pull.mapper.keys}


def keys_of(records, ways):
    """The values of the key fields; None if one of them is empty, because nothing matches "nothing".

    :param list[Facts] records: resolved
    :param dict ways: how they are compared
    :return: remote id to key
    :rtype: dict[str, tuple | None]
    """
    return {facts.arrival.external_id: _key_of(facts, ways) for facts in records}


def _key_of(facts, ways):
    values = tuple(facts.values.get(name) for name in ways)
    if any(is_empty(value) or isinstance(value, (Pending, ToCreate, Many)) for value in values):
        return None
    return _alike(map(comparable, values), ways)


def _alike(values, ways):
    key = tuple(alike(value, way) for value, way in zip(values, ways.values(), strict=True))
    return None if None in key else key


def is_unbound(facts):
    """Has it still to be found out which Odoo record it is?"""
    return facts.is_mapped and facts.record_id is None and facts.verdict != GONE_HERE


def _refuse_unknown(pull, records):
    """While it is not known what became of a creation, any unknown record there may be the one that was created."""
    unknown = [facts for facts in records if is_unbound(facts) and facts.bound is None]
    if not pull.goes_both_ways or pull.flow.reference_path or not unknown:
        return records
    waiting = [("flow_id", "=", pull.flow.id), ("state", "=", "creating"), ("sent_at", "!=", False)]
    if not pull.env["bridge.binding"].search_count(waiting, limit=1):
        return records
    message = pull.env._(
        "It may be the record that was sent there and whose answer was lost. Say first, where that failed, whether it"
        " is there."
    )
    return [
        facts.fail(DEPENDENCY, message) if is_unbound(facts) and facts.bound is None else facts for facts in records
    ]


def _accepted(pull, facts, candidates, taken):
    """A record with the Odoo record that its keys name, if that is one and free; or why not."""
    external_id = facts.arrival.external_id
    if not candidates:
        return facts
    labels = ", ".join(pull.flow._field_label(name) for name in pull.mapper.keys)
    if len(candidates) > 1:
        message = pull.env._(
            "%(count)s records of Odoo have the same %(keys)s (ids %(ids)s). Merge them or change one, then retry.",
            count=len(candidates),
            keys=labels,
            ids=", ".join(map(str, candidates[:5])),
        )
        return facts.fail(DATA, message)
    if taken.get(candidates[0], external_id) != external_id:
        return _refuse_taken(pull, facts, labels, candidates[0], taken[candidates[0]])
    return facts._replace(record_id=candidates[0])


def _refuse_taken(pull, facts, labels, record_id, other):
    """The record there that has it may be gone in a moment: its deletion comes later in the list. So it is tried again.

    :param str labels: of the key fields
    :param int record_id: the Odoo record that they name
    :param str other: the remote record that it belongs to
    """
    words = {"keys": labels, "id": record_id, "other": other}
    if pull.env["bridge.conflict"]._asks_if_gone(pull.flow, record_id):
        message = pull.env._(
            "The record of Odoo with the same %(keys)s (id %(id)s) belongs to the record %(other)s of the other system,"
            " which was deleted there and changed in Odoo. Decide that conflict first, then retry.",
            **words,
        )
        return facts.fail(DEPENDENCY, message)
    message = pull.env._(
        "The record of Odoo with the same %(keys)s (id %(id)s) belongs to the record %(other)s of the other system"
        " already. Change one of the two there, or take %(keys)s out of the key fields; then retry.",
        **words,
    )
    return facts.fail(DEPENDENCY, message)
