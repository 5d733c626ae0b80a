"""The remote's records in Odoo's terms; references stay references."""

from ...mapping.mapper import nested_documents
from ...mapping.references import SCALARS, comparable
from ..outcome import Failure
from .arrival import identify_one
from .facts import Arrival, Facts


def translate(pull, records):
    """Read every field of the records that are not settled.

    :param list[Facts] records: recognised
    :rtype: list[Facts]
    """
    nested = {rule.field for rule in pull.mapper.nested}
    return [_translated(pull, facts, nested) if facts.is_mapped else facts for facts in records]


def _translated(pull, facts, nested):
    mapped = facts.arrival.mapped or pull.mapper.map(facts.arrival.document)
    if mapped.error:
        return facts._replace(failure=Failure.of(pull.flow, mapped.error))
    values = {name: value for name, value in mapped.values.items() if name not in nested}
    facts = facts._replace(values=values, terms=_terms(values))
    for rule in pull.mapper.nested:
        if rule.field in mapped.values and not facts.failure:
            facts = _with_children(pull, facts, rule, nested_documents(mapped.values[rule.field]))
    return facts


def _terms(values):
    # Nearly all are what they are; to call for each of them costs as much as all the rest of this step.
    return {name: value if type(value) in SCALARS else comparable(value) for name, value in values.items()}


def _with_children(pull, facts, rule, documents):
    flow, children = pull.nested_flows[rule.field], []
    for position, document in enumerate(documents):
        child = _child(flow, rule.child, facts.arrival.external_id, document, position)
        if child.failure:
            return facts.fail(*child.failure.inside(flow, rule.field, position + 1))
        children.append(child)
    return facts._replace(children={**facts.children, rule.field: tuple(children)})


def _child(flow, mapper, parent_id, document, position):
    """A nested document; one without an id of its own is known by its place in the parent."""
    if isinstance(document, dict) and mapper.about(document, "id") is None:
        arrival = Arrival(document, f"{parent_id}/#{position + 1}")
    else:
        arrival = identify_one(flow, mapper, document)
        if not flow.global_ids:
            arrival = arrival._replace(external_id=f"{parent_id}/{arrival.external_id}")
    if arrival.failure:
        return Facts(arrival, failure=arrival.failure)
    mapped = mapper.map(document)
    if mapped.error:
        return Facts(arrival, failure=Failure.of(flow, mapped.error))
    return Facts(arrival, values=dict(mapped.values), terms=_terms(mapped.values))
