"""What a person sees of the record that a job keeps, and what becomes of it when he has edited what he saw."""

import copy
import re

from ...remote.redaction import REDACTED, redact_document


def shown(job, document):
    """The document without what this person may not read in the Odoo record, and without what is never shown.

    :param BridgeJob job: as the person sees it
    :param dict document: the record as the other system sent it
    :return: None if it can not be told what in it such a field is made of
    :rtype: dict | None
    """
    document = copy.deepcopy(document)
    return redact_document(document) if _blank(job, job.flow_id.sudo(), document) else None


def _blank(job, flow, document):
    """Blank what may not be read, also in the records inside.

    :param BridgeFlow flow: of this record
    :return: could it be told where that stands
    :rtype: bool
    """
    for mapping in flow.mapping_ids:
        rule, is_hidden = mapping._rule(), job._is_hidden_field(flow.model, mapping.field_id.name)
        if is_hidden and rule.path is None and rule.converter.name != "constant":
            return False  # it may be made of anything
        if is_hidden and rule.path is not None and rule.path.read(document):
            rule.path.write(document, REDACTED)
        if rule.is_nested and not is_hidden and not _blank_inside(job, mapping, rule, document):
            return False
    return True


def _blank_inside(job, mapping, rule, document):
    child = mapping.flow_id.child_ids.filtered(lambda one: one.code == rule.keyed_settings.get("flow"))
    if rule.path is None:
        return not any(job._is_hidden_field(child.model, one.field_id.name) for one in child.mapping_ids)
    inside = rule.path.read(document)
    inside = inside if isinstance(inside, list) else [inside]
    return all(_blank(job, child, one) for one in inside if isinstance(one, dict))


def blamed(job, document):
    """Where in the record stands what the job failed of.

    :param BridgeJob job: names the field; of a record inside, its message says which one
    :param dict document: the record as the other system sent it
    :return: the way to each place, by names and positions, as far as it is there
    :rtype: list[list]
    """
    outer, _dot, inner = (job.error_field or "").partition(".")
    ways = []
    for mapping in job.flow_id.mapping_ids.filtered(lambda one: one.field_name == outer):
        rule = mapping._rule()
        if rule.path is None:
            continue
        way, value = rule.path.follow(document)
        child = mapping.flow_id.child_ids.filtered(lambda one, rule=rule: one.code == rule.keyed_settings.get("flow"))
        if not inner or not child:
            ways.append(way)
            continue
        said = re.match(rf"{re.escape(child.name)} (\d+): ", job.error_message or "")
        if said and isinstance(value, list) and 0 < int(said[1]) <= len(value):
            position = int(said[1]) - 1
            way, value = [*way, position], value[position]
        for line in child.mapping_ids.filtered(lambda one: one.field_name == inner):
            place = line._rule().path
            ways.append([*way, *(place.follow(value)[0] if place else ())])
    return [way for way in ways if way]


def as_kept(edited, kept):
    """What was written, with the values that were not shown as they were.

    :param edited: any JSON value; a text that is only the mark of what was blanked stands for what was there
    :param kept: what the job has
    """
    if kept is not None and (edited == REDACTED or (isinstance(edited, str) and edited == redact_document(kept))):
        return kept
    if isinstance(edited, dict) and isinstance(kept, dict):
        return {name: as_kept(value, kept.get(name)) for name, value in edited.items()}
    if isinstance(edited, list) and isinstance(kept, list) and len(edited) == len(kept):
        return [as_kept(*pair) for pair in zip(edited, kept, strict=True)]
    return edited


def has_mark(document):
    """Does the mark of what was blanked stand somewhere in it?

    :param document: any JSON value
    :rtype: bool
    """
    if isinstance(document, dict):
        return any(map(has_mark, document.values()))
    if isinstance(document, list):
        return any(map(has_mark, document))
    return isinstance(document, str) and REDACTED in document
