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
    for mapping in job.flow_id.sudo().mapping_ids:
        if not job._is_hidden_field(mapping.flow_id.model, mapping.field_id.name):
            continue
        rule = mapping._rule()
        if rule.path is None and rule.converter.name != "constant":
            return None  # it may be made of anything
        if rule.path is not None and rule.path.read(document):
            document = copy.deepcopy(document)
            rule.path.write(document, REDACTED)
    return redact_document(document)


def as_kept(edited, kept):
    """What was written, with the values that were not shown as they were.

    :param edited: any JSON value; a text that is only the mark of what was blanked stands for what was there
    :param kept: what the job has
    """
    if edited == REDACTED and kept is not None:
        return kept
    if isinstance(edited, dict) and isinstance(kept, dict):
        return {name: as_kept(value, kept.get(name)) for name, value in edited.items()}
    if isinstance(edited, list) and isinstance(kept, list) and len(edited) == len(kept):
        return [as_kept(*pair) for pair in zip(edited, kept, strict=True)]
    return edited
