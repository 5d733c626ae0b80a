"""JSON that a person edits as text in a form."""

import json

from odoo.exceptions import ValidationError

from .remote.document import DEEPEST, is_too_deep

KINDS = {dict: "{…}", list: "[…]", str: '"…"'}


def read_json(record, field_name, expected=(dict,)):
    """The value of a text field that holds JSON; None when it is empty.

    :param record: one record
    :param str field_name: a text field of it
    :param tuple expected: the types that make sense here; empty for any
    :raises ValidationError: naming the record, the field and the place in the text
    """
    text = (record[field_name] or "").strip()
    if not text:
        return None
    label = record._fields[field_name].get_description(record.env, ["string"])["string"]
    try:
        value = json.loads(text)
        if is_too_deep(value):
            raise RecursionError
    except RecursionError as error:
        raise ValidationError(
            record.env._(
                "%(record)s: “%(field)s” is nested too deeply. Write at most %(limit)s lists and objects inside each"
                " other.",
                record=record.display_name,
                field=label,
                limit=DEEPEST,
            )
        ) from error
    except ValueError as error:
        raise ValidationError(
            record.env._(
                "%(record)s: “%(field)s” is not valid JSON: %(problem)s.",
                record=record.display_name,
                field=label,
                problem=error,
            )
        ) from error
    if expected and not isinstance(value, expected):
        raise ValidationError(
            record.env._(
                "%(record)s: “%(field)s” must look like %(expected)s.",
                record=record.display_name,
                field=label,
                expected=" / ".join(KINDS[kind] for kind in expected),
            )
        )
    return value


def write_json(value):
    """The text that a form shows for a JSON value; False for nothing."""
    return json.dumps(value, ensure_ascii=False, indent=2) if value not in (None, {}, []) else False
