"""What Odoo keeps after a write, held against what was meant: models may change what they are given.

A contact of a company gets the company's address, a price is computed anew, a default stands where nothing was said.
What a field makes of a value by itself is no difference: rounding, cleaned HTML, white space.
"""

from odoo.tools import float_is_zero, html2plaintext

from ...mapping import merge
from ...mapping.alike import alike, usual_way
from ..outcome import Outcome
from ..words import CREATE, UNCHANGED


def looked_at(pull, outcomes):
    """Outcomes of records that were mapped and of which nothing was written, with what Odoo keeps of them otherwise.

    :param list[Outcome] outcomes: of any records
    :rtype: list[Outcome]
    """
    return [
        _looked_at(pull, one) if one.action == UNCHANGED and one.step.values and one.record_id else one
        for one in outcomes
    ]


def _looked_at(pull, outcome):
    children = {}
    for rule in pull.mapper.nested:
        records = pull.records_of(pull.nested_flows[rule.field])
        children[rule.field] = tuple(
            compared(
                records, rule.child, Outcome(one.action, one, one.record_id, after=one.facts.odoo, remote=one.terms)
            )
            for one in outcome.step.children.get(rule.field, ())
        )
    return compared(pull.records, pull.mapper, outcome)._replace(children=children)


def compared(records, mapper, outcome):
    """An outcome with what Odoo keeps otherwise than it was meant: now, and since before.

    :param records: the model, as somebody sees it
    :param Mapper mapper: of the record
    :param Outcome outcome: of a record that was written and read back, or looked at
    :rtype: Outcome
    """
    if not outcome.record_id:
        return outcome
    found = _otherwise(records, mapper, outcome)
    if not found:
        return outcome
    before = outcome.step.kept if outcome.action != CREATE else ()
    return outcome._replace(
        altered={name: pair for name, pair in found.items() if name not in before},
        different={name: pair for name, pair in found.items() if name in before},
    )


def _otherwise(records, mapper, outcome):
    """:return: field to (what Odoo keeps, what was meant), comparable"""
    after, remote, found = outcome.after, outcome.remote, {}
    for rule in mapper.plain:
        name = rule.field
        if name not in after or name not in remote:
            continue
        kept, meant = after[name], remote[name]
        if type(kept) is type(meant) and kept == meant:  # nearly all of them
            continue
        # Of files only fingerprints and addresses are known, and Odoo makes images smaller.
        if records._fields[name].type == "binary" or not _is_meant(rule, outcome.step, outcome.action):
            continue
        if not is_kept(records.browse(outcome.record_id), name, kept, meant):
            found[name] = (kept, meant)
    return found


def _is_meant(rule, step, action):
    """Is Odoo to have what the other system says?"""
    name = rule.field
    if not rule.pulls or name not in step.values or name in step.deferred:
        return False
    if action == CREATE:
        return True
    if rule.create_only or name in step.pushes or name in step.opposed:
        return False
    return name not in step.kept or is_settled(step, name)


def is_settled(step, name):
    """Do both sides still have what they agreed upon in this field, each in its own words?

    :param Step step: of the record
    :rtype: bool
    """
    bound = step.facts.bound
    return merge.is_settled(
        step.facts.odoo.get(name),
        step.terms.get(name),
        merge.before(bound and bound.odoo_snapshot, name),
        merge.before(bound and bound.remote_snapshot, name),
    )


def is_kept(record, name, kept, meant):
    """Is what Odoo has what was meant, but for what the field does to every value?

    :param record: the Odoo record
    :param str name: of the field
    :param kept: what Odoo has, comparable
    :param meant: what the other system says, comparable
    :rtype: bool
    """
    if merge.same(kept, meant):
        return True
    field = record._fields[name]
    if field.type in ("integer", "float", "monetary"):
        return _is_same_number(field, record, kept, meant)
    if field.type == "html":
        # How Odoo keeps a text: nearly all of them, and to parse one costs much.
        written = meant.replace("& ", "&amp; ") if isinstance(meant, str) else None
        if written and kept in (written, f"<p>{written}</p>"):
            return True
        return _words(html2plaintext(kept or "")) == _words(html2plaintext(meant or ""))
    if isinstance(kept, list) and isinstance(meant, list):
        return set(kept) == set(meant)
    if isinstance(kept, str) and isinstance(meant, str):
        way = usual_way(name)  # a number of a telephone, or a VAT, that Odoo writes in its own way
        return _words(kept) == _words(meant) or alike(kept, way) == alike(meant, way)
    return False


def _is_same_number(field, record, kept, meant):
    if merge.is_empty(meant) or merge.is_empty(kept):
        return not (kept or meant)  # a number is never empty in Odoo
    digits = _digits(field, record)
    unit = 10.0**-digits if digits is not None else abs(meant) * 1e-9
    # Half of the last digit, and a bit more: Odoo may round the half the other way.
    return float_is_zero(kept - meant, precision_digits=15) or abs(kept - meant) <= unit * 0.5000001


def _digits(field, record):
    """Decimals that the field keeps; None if it keeps what it gets."""
    if field.type == "integer":
        return 0
    if field.type == "monetary":
        currency_name = field.get_currency_field(record)
        currency = record.sudo()[currency_name] if currency_name else record.env.company.currency_id
        return (currency or record.env.company.currency_id).decimal_places
    digits = field.get_digits(record.env)
    return digits[1] if digits else None


def _words(text):
    return " ".join(text.split())
