"""What Odoo has, and what persons have decided, of the records that came: both sides, now and when they last agreed."""

from odoo.exceptions import AccessError

from ... import moments
from ...mapping import merge
from ...remote.delta import is_count, moment_of, naive, told_moment
from ..outcome import NOTHING, not_readable
from ..terms import read_terms
from ..words import DATA
from .facts import Facts, tombstone


def gather(pull, records):
    """What Odoo has, and what persons have decided, of the records that are still open.

    :param list[Facts] records: resolved and matched
    :rtype: list[Facts]
    """
    records = _gather_gone(pull, records)
    mapped = [facts for facts in records if facts.is_mapped]
    bound_ids = [facts.bound.id for facts in mapped if facts.bound]
    standing = pull.env["bridge.conflict"]._standing_of(pull.flow, bound_ids) if bound_ids else {}
    existing = {facts.record_id: facts for facts in mapped if facts.record_id}
    newest = _newest(pull, existing)
    odoo, hidden = _read(pull, list(existing))

    def gathered(facts):
        if facts.record_id is None and facts.bound is None:
            return facts  # new on this side: there is nothing to be known of it
        if facts.record_id in hidden:
            return facts._replace(failure=not_readable(pull))
        return facts._replace(
            odoo=odoo.get(facts.record_id, NOTHING),
            standing=standing.get(facts.bound.id, NOTHING) if facts.bound else facts.standing,
            newest=newest.get(facts.record_id),
        )

    records = [gathered(facts) if facts.is_mapped else facts for facts in records]
    for rule in pull.mapper.nested:
        records = _gather_nested(pull, rule, records)
    return records


def _read(pull, record_ids):
    """What the mapped fields of records are; a record that the acting user may not read any more holds up no other.

    :return: id to field to value, and the ids of those that may not be read
    :raises AccessError: if it is not the records but a field that may not be read
    """
    if not record_ids:
        return {}, ()
    try:
        return read_terms(pull.records, pull.mapper, record_ids), ()
    except AccessError:
        readable = pull.records.browse(record_ids)._filtered_access("read").ids
        return read_terms(pull.records, pull.mapper, readable), set(record_ids) - set(readable)


def _gather_gone(pull, records):
    """Of records that are gone there: their names, and whether Odoo has a change that was not sent."""
    gone = [facts for facts in records if facts.is_open and facts.arrival.deleted]
    if not gone:
        return records
    alive = [facts for facts in gone if facts.record_id]
    ids = [facts.record_id for facts in alive]
    names = {record.id: record.display_name for record in pull.records.sudo().browse(ids)}
    standing, odoo, hidden = {}, {}, ()
    if pull.goes_both_ways and alive:
        standing = pull.env["bridge.conflict"]._standing_of(pull.flow, [facts.bound.id for facts in alive])
        odoo, hidden = _read(pull, ids)

    def gathered(facts):
        if facts.record_id in hidden:
            return facts._replace(failure=not_readable(pull))
        return facts._replace(
            name=names.get(facts.record_id),
            odoo=odoo.get(facts.record_id, NOTHING),
            standing=standing.get(facts.bound.id, facts.standing),
        )

    return [gathered(facts) if facts.is_open and facts.arrival.deleted else facts for facts in records]


# Who changed it last


def _newest(pull, existing):
    """Which side of a record was changed last, where a field asks for that.

    :return: Odoo id to side
    """
    if not existing or not any(rule.authority == merge.NEWEST for rule in pull.mapper.rules):
        return {}
    changed = pull.env["bridge.change"]._moments(pull.flow, list(existing))
    written = {record.id: record.write_date for record in pull.records.sudo().browse(existing)}
    newest = {}
    for record_id, facts in existing.items():
        remote, odoo = remote_moment(pull.flow, facts.arrival.updated), changed.get(record_id) or written[record_id]
        if remote and odoo and remote != odoo.replace(microsecond=0):
            newest[record_id] = merge.ODOO if odoo > remote else merge.REMOTE
    return newest


def remote_moment(flow, updated):
    """When the other system says that a record was changed, naive UTC; None if it does not say.

    :rtype: datetime
    """
    return naive(moment_of(updated, *_times_of(flow)))


def counted_moment(flow, updated):
    """The same, to be held against another one: a count is as good as a time; what is kept of one is its text."""
    return remote_moment(flow, int(updated) if is_count(updated) else updated)


def shown_moment(flow, text):
    """The same for a person, from the text that is kept of it.

    :return: naive UTC; False for a text that is no time, such as a count
    """
    return told_moment(text, *_times_of(flow))


def _times_of(flow):
    """How the other system writes times: format and time zone."""
    operation = flow._operation("list")
    zone = moments.zone_of(flow.connector_id.timezone or "UTC")
    return operation._delta().format if operation else moments.ISO, zone


# Records inside the records


def _gather_nested(pull, rule, records):
    """The same for the records inside: which are known, what Odoo has of them, and which are not there any more."""
    flow, name = pull.nested_flows[rule.field], rule.field
    parents = [facts for facts in records if facts.is_mapped and name in facts.children]
    if not parents:
        return records
    by_binding = {facts.bound.id: facts.arrival.external_id for facts in parents if facts.bound}
    children = [child for facts in parents for child in facts.children[name]]
    bound = pull.env["bridge.binding"]._nested(flow, by_binding, [child.arrival.external_id for child in children])
    here = [known.res_id for known in bound.values() if known.alive]
    odoo = read_terms(pull.records_of(flow), rule.child, here) if here else {}
    gone = {}
    for external_id in bound.keys() - {child.arrival.external_id for child in children}:
        if bound[external_id].state != "removed":
            gone.setdefault(by_binding[bound[external_id].parent_id], []).append(_gone(bound[external_id]))

    doubled = _doubled(parents, name)

    def gathered(facts):
        if not (facts.is_mapped and name in facts.children):
            return facts
        inside = [
            _known(facts, name, child, bound.get(child.arrival.external_id), odoo) for child in facts.children[name]
        ]
        inside += sorted(gone.get(facts.arrival.external_id, ()), key=lambda child: child.bound.id)
        facts = facts._replace(children={**facts.children, name: tuple(inside)})
        twice = doubled.get(facts.arrival.external_id)
        if twice is None:
            return facts
        message = pull.env._("%(flow)s: two records have the id %(id)s.", flow=flow.name, id=twice)
        return facts.fail(DATA, message)

    return [gathered(facts) for facts in records]


def _known(parent, name, child, bound, odoo):
    record_id = bound.res_id if bound and bound.alive else None
    arrival = child.arrival._replace(prefer=parent.arrival.preferred(name))
    return child._replace(arrival=arrival, bound=bound, record_id=record_id, odoo=odoo.get(record_id, NOTHING))


def _gone(bound):
    """A nested record that the document does not name any more."""
    return Facts(tombstone(bound.external_id), bound, bound.res_id if bound.alive else None)


def _doubled(parents, name):
    """An id that stands for two nested records stands for none, also if they are inside different records.

    :return: remote id of the later parent to the id
    :rtype: dict[str, str]
    """
    seen, doubled = set(), {}
    for facts in parents:
        for child in facts.children[name]:
            if child.arrival.external_id in seen:
                doubled.setdefault(facts.arrival.external_id, child.arrival.external_id)
            seen.add(child.arrival.external_id)
    return doubled
