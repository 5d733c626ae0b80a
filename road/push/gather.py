"""What Odoo, the bindings and persons say about records that changed: both sides, now and when they last agreed."""

from ...jobs import claim
from ...mapping import merge
from ..inside import inside
from ..outcome import NOTHING, not_readable
from ..terms import read_terms
from .facts import Children, Facts


def gather(push, record_ids):
    """What Odoo, the bindings and persons say about records now.

    :param list[int] record_ids: their Odoo ids; some may be gone
    :rtype: list[Facts]
    """
    flow, env = push.flow, push.env
    bound = env["bridge.binding"]._by_record(flow, record_ids)
    there = set(env[flow.model].sudo().browse(record_ids).exists()._ids)
    to_push = set(inside(flow, there, push)._ids)
    readable = push.records.browse(there)._filtered_access("read")
    terms = read_terms(push.records, push.mapper, list(readable._ids))
    standing = env["bridge.conflict"]._standing_of(flow, [one.id for one in bound.values()])
    names = {record.id: (record.display_name or "")[:200] for record in readable.sudo()}
    running = claim.running(env, {one.job_id for one in bound.values() if one.job_id} - {push.job_id})
    nested = {rule.field: _gather_nested(push, rule, readable, bound) for rule in push.mapper.nested if rule.pushes}
    return [
        Facts(
            record_id,
            exists=record_id in there,
            inside=record_id in to_push,
            readable=record_id in readable._ids,
            terms=terms.get(record_id, NOTHING),
            name=names.get(record_id),
            bound=bound.get(record_id),
            standing=standing.get(bound[record_id].id, NOTHING) if record_id in bound else NOTHING,
            children={name: found[record_id] for name, found in nested.items() if record_id in found},
            look=push.ledger.look(record_id),
            prefer=push.ledger.prefer.get(record_id),
            only=push.run._anew_fields(),
            taken=record_id in bound and bound[record_id].job_id in running,
            failure=not_readable(push)
            if record_id in bound and record_id in there and record_id not in readable._ids
            else None,
        )
        for record_id in record_ids
    ]


def _gather_nested(push, rule, parents, bound):
    """What the nested records are now, and which of them changed.

    :param parents: Odoo records
    :param dict bound: Odoo id to the binding of the parent
    :return: Odoo id of the parent to Children
    """
    flow = push.nested_flows[rule.field]
    ids = {record.id: list(record[rule.field]._ids) for record in parents}
    terms = read_terms(push.records_of(flow), rule.child, [one for some in ids.values() for one in some])
    known = push.env["bridge.binding"]._inside_of(flow, [bound[one].id for one in ids if one in bound])
    return {
        record_id: _compared(rule, some, known.get(bound[record_id].id, ()) if record_id in bound else (), terms)
        for record_id, some in ids.items()
    }


def _compared(rule, ids, known, terms):
    bound = {one.res_id: one for one in known if one.res_id in ids}
    gone = [one.id for one in known if one.res_id not in ids]
    new = [one for one in ids if one not in bound]
    changed = [one for one, binding in bound.items() if _has_changed(rule, terms[one], binding.odoo_snapshot)]
    return Children(
        ids,
        bound,
        gone,
        {one: terms[one] for one in ids},
        has_changed=bool(new or changed or gone),
        summary=f"+{len(new)} ~{len(changed)} −{len(gone)}",
    )


def _has_changed(rule, terms, snapshot):
    return any(
        not merge.same(terms.get(inner.field), merge.before(snapshot, inner.field))
        for inner in rule.child.rules
        if inner.pushes and inner.field in terms
    )
