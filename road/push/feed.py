"""What the other system is told of Odoo's records when it asks: documents in its own terms, whole, and what is gone."""

from ...mapping.errors import MappingError
from ...mapping.paths import MISSING, parse_path
from ..outcome import Failure, not_readable
from .document import UnrelatedError, fetch_pushed, nested_documents, portable
from .gather import gather
from .related import external_ids

CHANGED, DELETED, LEFT = "changed", "deleted", "left"


def told(push, record_ids, known_there):
    """What there is to say of Odoo records now.

    :param Push push: needs no client
    :param list[int] record_ids: Odoo ids; some may be gone
    :param set[int] known_there: those of which the other system wants to know when they are gone or have left
    :return: of each that the other system is to know: ``id`` (its remote id, or None), ``odoo_id``, ``action``, and of
        one that is there ``record``; ``lacking``: fields whose related record has no remote id; ``error``: why it can
        not be said
    :rtype: list[dict]
    """
    facts = gather(push, record_ids)
    there = [one.record_id for one in facts if one.exists and one.inside and one.readable]
    records = push.records.with_context(active_test=False, bin_size=False).browse(there)
    fetch_pushed(push.mapper, records)
    known, by_id, entries = external_ids(push, push.mapper, records), {record.id: record for record in records}, []
    for one in facts:
        bound = one.bound if one.bound and one.bound.external_id else None
        entry = {"id": bound and bound.external_id, "odoo_id": one.record_id}
        if one.record_id in by_id:
            said = _record(push, one, by_id[one.record_id], known)
            entries.append({**entry, "action": CHANGED, **said})
        elif not ((bound and bound.inside) or one.record_id in known_there):
            continue  # the other system knows nothing of it
        elif one.exists and one.inside:
            entries.append({**entry, "action": CHANGED, "record": None, "error": not_readable(push).message})
        else:
            entries.append({**entry, "action": LEFT if one.exists else DELETED})
    return entries


def _record(push, facts, record, known):
    """:return: ``record``, and ``lacking`` or ``error``"""
    values, lacking = {}, []
    try:
        for rule in push.mapper.rules:
            if not rule.pushes:
                continue
            if rule.is_nested:
                values[rule.field] = nested_documents(push, rule, facts.children[rule.field])
                continue
            value = portable(rule, record, known)
            if value is MISSING:
                lacking.append(rule.field)
            else:
                values[rule.field] = value
        document = push.mapper.write(values)
    except MappingError as error:
        return {"record": None, "error": Failure.of(push.flow, error).message}
    except UnrelatedError as error:
        return {"record": None, "lacking": [error.rule.field]}
    if facts.bound and facts.bound.external_id:
        parse_path(push.flow.id_path).write(document, push.flow._remote_id()(facts.bound.external_id))
    return {"record": document, **({"lacking": lacking} if lacking else {})}
