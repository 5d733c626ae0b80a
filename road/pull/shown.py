"""What a person sees of the record that a job keeps, and what becomes of it when he has edited what he saw."""

import copy

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
