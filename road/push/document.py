"""Odoo's values in the remote's terms: the documents that are sent."""

import uuid

from ...mapping.errors import MappingError
from ...mapping.paths import MISSING, Path, parse_path
from ...mapping.references import Money
from ..outcome import Failure
from ..terms import fetch
from ..words import DEPENDENCY, SEND_CREATE, SEND_UPDATE
from .plan import sent_rules, tops
from .receipt import Draft
from .related import external_ids


class UnrelatedError(Exception):
    """A related record is not in the other system.

    :ivar Rule rule: the mapping that points to it
    """

    def __init__(self, rule):
        super().__init__(rule.field)
        self.rule = rule


def write(push, steps):
    """Make the documents that are sent.

    :param list[Step] steps: what is about to be sent
    :return: the drafts; and the steps that lack a related record there, or can not be said in its terms, rejected
    :rtype: tuple[list[Draft], list[Step]]
    """
    # One that is gone is not sent, or in the words of the first time.
    ids = [step.record_id for step in steps if step.facts.exists and not step.repeats]
    records = push.records.with_context(active_test=False, bin_size=False).browse(ids)
    fetch_pushed(push.mapper, records)
    known = external_ids(push, push.mapper, records)
    by_id = {record.id: record for record in records}
    drafts, refused = [], []
    for step in steps:
        try:
            document, late = None, frozenset()
            if step.record_id in by_id:
                document, late = _document(push, step, by_id[step.record_id], known)
            drafts.append(Draft(step, document, late, step.facts.bound, str(uuid.uuid4())))
        except MappingError as error:
            refused.append(step.refuse(*Failure.of(push.flow, error)))
        except UnrelatedError as error:
            refused.append(_unrelated(push, step, error.rule))
    return drafts, refused


def fetch_pushed(mapper, records):
    fetch(records, [rule.field for rule in mapper.plain if rule.pushes])


def _document(push, step, record, known):
    """:return: document, and the fields that come later"""
    is_new, base = step.action == SEND_CREATE, step.facts.look and step.facts.look.base
    whole, values, late = push.policy.sends_whole, {}, set()
    for rule in sent_rules(push.policy, step, base, whole=is_new or whole):
        if rule.is_nested:
            values[rule.field] = nested_documents(push, rule, step.facts.children[rule.field])
            continue
        value = portable(rule, record, known)
        if value is MISSING:
            if not _is_late(push, rule, record):
                raise UnrelatedError(rule)
            late.add(rule.field)
            continue
        if is_new and rule.converter.is_empty(value) and not (rule.required or rule.when_empty == "reject"):
            continue  # what is not there yet need not be emptied
        values[rule.field] = value
    document = push.mapper.write(values, None if is_new else base)
    if base is not None and not is_new:
        document = overlaid(_sent_back(push, base) if whole else _beside(push.mapper, step, base), document)
    return document, frozenset(late)


def nested_documents(push, rule, children):
    """The documents of the records inside; each has its remote id, if it has one.

    :raises MappingError: naming the field
    :raises UnrelatedError: if a related record is not there
    """
    flow = push.nested_flows[rule.field]
    records = push.records_of(flow).with_context(active_test=False).browse(children.ids)
    fetch_pushed(rule.child, records)
    known = external_ids(push, rule.child, records)
    place, remote_id, documents = parse_path(flow.id_path), flow._remote_id(), []
    for record in records:
        values = {inner.field: portable(inner, record, known) for inner in rule.child.rules if inner.pushes}
        if MISSING in values.values():
            raise UnrelatedError(rule)
        document = rule.child.write(values)
        own = record.id in children.bound and _own_id(flow, children.bound[record.id].external_id)
        if own:
            place.write(document, remote_id(own))
        documents.append(document)
    return documents


def _own_id(flow, external_id):
    """A nested record's id as the remote knows it, without that of its parent; None if it has only a place."""
    own = external_id if flow.global_ids else external_id.partition("/")[2]
    return None if own.startswith("#") else own


def portable(rule, record, known):
    """Odoo's value as a converter writes it; ``MISSING`` if a related record is not there.

    :param dict known: of ``related.external_ids``
    """
    value = record[rule.field]
    field = record._fields[rule.field]
    if rule.keyed_settings.get("scale_by_currency") and not rule.converter.is_empty(value):
        return Money(value, _currency_of(record, field))
    if not field.relational:
        return str(value) if field.type == "html" and value else value
    settings = rule.keyed_settings
    if rule.is_keyed:
        keys = [one[settings["field"]] for one in value]
    else:
        ids = known.get(settings.get("flow"), {})
        keys = [ids.get(one.id, MISSING) for one in value]
    if MISSING in keys:
        return MISSING
    return keys if field.type in ("many2many", "one2many") else keys[0] if keys else False


def _currency_of(record, field):
    """The code of the currency of a record's amount; None if it has none."""
    name = (field.type == "monetary" and field.get_currency_field(record)) or "currency_id"
    return (name in record._fields and record[name].name) or None


def _is_late(push, rule, record):
    """Is the related record of the same circle, or one for whose sake this one is sent? Then it comes later."""
    if rule.required:
        return False
    return push.is_around(push.flow._sibling(rule.keyed_settings["flow"]), set(record[rule.field]._ids))


def _unrelated(push, step, rule):
    flow = push.flow
    message = push.env._(
        "%(field)s: the related record is not in the other system, and the flow “%(flow)s” could not send it.",
        field=flow._field_label(rule.field),
        flow=flow._sibling(rule.keyed_settings.get("flow")).name or rule.keyed_settings.get("flow"),
    )
    return step.refuse(DEPENDENCY, message, rule.field)


def _beside(mapper, step, base):
    """What stands in the remote record beside the fields that change."""
    document, changed = {}, tops(mapper.rules, step.changes)
    for rule in mapper.rules:
        if rule.path is not None and rule.target.steps[:1] in changed and rule.field not in step.changes:
            value = rule.target.read(base)
            if value is not MISSING:
                rule.target.write(document, value)
    return document


def _sent_back(push, base):
    """The remote record without what the other system does not take."""
    for place in push.unsent:
        base = place.drop(base)
    return base


def unsent(push):
    """Places of a remote record that are not sent back with it.

    :rtype: list[Path]
    """
    places = list(push.senders[SEND_UPDATE].operation.unsent) if SEND_UPDATE in push.senders else []
    # What is sent at another place, and lists that are read at an address of their own, are not said twice.
    tops = {rule.target.steps[:1] for rule in push.mapper.rules if rule.pushes}
    for rule in push.mapper.rules:
        if rule.pushes and rule.write_path and rule.path.steps[:1] not in tops:
            places.append(Path(rule.path.text, rule.path.steps[:1]))
    nested = {rule.path.steps for rule in push.mapper.nested if rule.pushes}
    parts = push.flow._operation("get")._record_parts()
    return places + [part.place for part in parts if part.place.steps not in nested]


def overlaid(base, document):
    """A remote record with our values in their places.

    :rtype: dict
    """
    merged = dict(base)
    for name, value in document.items():
        inside = merged.get(name)
        merged[name] = overlaid(inside, value) if isinstance(inside, dict) and isinstance(value, dict) else value
    return merged
