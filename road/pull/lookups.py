"""By which fields of Odoo a pull looks for records: the database gets an index of those that it has none of."""

from ..keyed import Keyed
from .match import ways_of
from .references import keyed_of


def lookups(pull):
    """The fields by which records are looked for: the key fields of the flow, and those of related records.

    :param Pull pull: of the flow
    :return: each once
    :rtype: list[Keyed]
    """
    found = [Keyed(pull.records, name, (), way) for name, way in ways_of(pull).items()]
    mappers = {pull.flow: pull.mapper} | {pull.nested_flows[rule.field]: rule.child for rule in pull.mapper.nested}
    for flow, mapper in mappers.items():
        records = pull.records_of(flow)
        found += [keyed_of(records, rule) for rule in mapper.referring if _is_there(records, rule)]
    return list({(one.model._name, one.name, one.way): one for one in found}.values())


def _is_there(records, rule):
    """Does the mapping name records by a field, and is it one that Odoo has, still?"""
    comodel = getattr(records._fields.get(rule.field), "comodel_name", None)
    return bool(rule.is_keyed and comodel and rule.keyed_settings["field"] in records.env[comodel]._fields)
