"""Records as the plans see them, made with as few words as a table wants."""

from integration_bridge.mapping.converters import make_converter
from integration_bridge.mapping.mapper import Mapper, Rule
from integration_bridge.mapping.paths import parse_path
from integration_bridge.road.bound import Bound
from integration_bridge.road.policy import Creation, Policy
from integration_bridge.road.pull.facts import Arrival
from integration_bridge.road.pull.facts import Facts as Pulled
from integration_bridge.road.push.facts import Facts as Pushed

KEEPS = {"missing": "keep", "null": "clear", "empty": "clear"}


def rule(name="phone", direction="both", path=None, converter="text", options=None, child=None, **values):
    """A field mapping, compiled."""
    place = parse_path(path or name)
    return Rule(
        name, place, make_converter(converter, options or {}), KEEPS, direction=direction, child=child, **values
    )


def inside(name="lines", **values):
    """A mapping of records inside the record, which have a number."""
    child = Mapper([rule("number", **values)], {"id": "id"})
    return rule(name, converter="nested", options={"flow": "lines"}, child=child, **values)


def policy(*rules, direction="both", kinds=("list", "get", "create", "update"), **values):
    """What a flow may do."""
    rules = rules or (rule(direction=direction, authority=values.get("authority", "remote")),)
    creation = values.pop("creation", Creation())
    return Policy(rules, direction, kinds=frozenset(kinds), active_name="active", creation=creation, **values)


def bound(odoo=None, remote=None, **values):
    """A binding whose record is there, with what both sides had."""
    same = {"phone": "0"} if odoo is None else odoo
    known = {"id": 7, "external_id": "a", "res_id": 1, "state": "linked", "inside": True}
    return Bound(**{**known, "odoo_snapshot": same, "remote_snapshot": same if remote is None else remote, **values})


def pulled(remote=None, odoo=None, arrival=None, **values):
    """A remote record that has come: with what it says, and what Odoo has."""
    terms = {} if remote is None else remote
    known = {"values": terms, "terms": terms, "odoo": {} if odoo is None else odoo}
    return Pulled(Arrival({"id": "a"}, "a", "print", **(arrival or {})), **{**known, **values})


def pushed(terms=None, **values):
    """An Odoo record that has changed."""
    return Pushed(1, **{"terms": {"phone": "0"} if terms is None else terms, "name": "Ada", **values})


def nested(number, **values):
    """A record inside another one that has come."""
    terms = {"number": number}
    return Pulled(Arrival({}, values.pop("external_id", "a/1")), values=terms, terms=terms, **values)
