"""Two documents have the same fingerprint exactly if the mapping can not tell them apart."""

import copy
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integration_bridge.mapping.converters import make_converter
from integration_bridge.mapping.fingerprint import fingerprint
from integration_bridge.mapping.mapper import Mapper, Rule
from integration_bridge.mapping.paths import parse_path

EFFECTS = {"missing": "keep", "null": "clear", "empty": "clear"}
SALT = b"s" * 32

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def rule(path, converter="text", child=None, **options):
    made = make_converter(converter, options)
    return Rule(path or "x", parse_path(path) if made.needs_path else None, made, EFFECTS, child=child)


LINES = Mapper([rule("sku"), rule("tax.rate")], {"id": "id"})
ORDER = Mapper(
    [rule("name"), rule("address.city"), rule("tags"), rule("lines", "nested", LINES, flow="lines")], {"id": "id"}, SALT
)
ANA = {
    "name": "Ana",
    "address": {"city": "Liège", "zip": "4000"},
    "tags": ["a", "b"],
    "lines": [{"id": 1, "sku": "x", "tax": {"rate": 21}, "seen": 1}, {"id": 2, "sku": "y"}],
    "updated": "today",
}


def spelled(value):
    """JSON text, in which 1, 1.0 and true differ as they do for a remote."""
    return json.dumps(value, sort_keys=True)


def shuffled(value):
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


@given(json_values)
def test_order_of_keys_does_not_matter(document):
    assert fingerprint(shuffled(document)) == fingerprint(document)


@given(json_values, json_values)
def test_different_values_have_different_fingerprints(left, right):
    assert (fingerprint(left) == fingerprint(right)) == (spelled(left) == spelled(right))


def test_salt_keeps_mappings_apart():
    assert len({fingerprint(ANA, salt) for salt in (b"", b"1", b"2", b"1" * 64)}) == 4


def test_fingerprint_is_short_and_takes_any_text():
    for value in ("漢字 🙂", "\ud800", "x" * 10**6, None):
        assert len(fingerprint(value)) == 32
        assert int(fingerprint(value), 16)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Eva"},
        {"name": None},
        {"name": ""},
        {"name": False},
        {"name": 0},
        {"address": {"city": "Gent"}},
        {"address": {}},
        {"address": None},
        {"tags": ["b", "a"]},
        {"tags": ["a"]},
        {"tags": "ab"},
        {"lines": []},
        {"lines": None},
        {"lines": ANA["lines"][::-1]},
        {"lines": ANA["lines"][:1]},
        {"lines": [*ANA["lines"], {"id": 3}]},
        {"lines": [{**ANA["lines"][0], "id": 9}, ANA["lines"][1]]},
        {"lines": [{**ANA["lines"][0], "sku": "z"}, ANA["lines"][1]]},
        {"lines": [{**ANA["lines"][0], "tax": {"rate": 6}}, ANA["lines"][1]]},
        {"lines": [{**ANA["lines"][0], "tax": {"rate": None}}, ANA["lines"][1]]},
        {"lines": [{**ANA["lines"][0], "tax": {}}, ANA["lines"][1]]},
        {"lines": ["no record", ANA["lines"][1]]},
    ],
)
def test_every_mapped_value_matters(change):
    assert ORDER.fingerprint({**ANA, **change}) != ORDER.fingerprint(ANA)


@pytest.mark.parametrize(
    "change",
    [
        {"updated": "tomorrow"},
        {"id": 5},
        {"new": {"a": 1}},
        {"address": {"city": "Liège"}},
        {"lines": [{**line, "seen": 2} for line in ANA["lines"]]},
        {"lines": [dict(reversed(line.items())) for line in ANA["lines"]]},
    ],
)
def test_what_is_not_mapped_does_not_matter(change):
    assert ORDER.fingerprint({**ANA, **change}) == ORDER.fingerprint(ANA)


def test_missing_null_no_and_empty_are_four_different_things():
    documents = [{}, {"name": None}, {"name": False}, {"name": ""}, {"name": []}, {"name": [[]]}, {"name": 0}]
    assert len({ORDER.fingerprint(document) for document in documents}) == len(documents)
    lines = [{"lines": [{"id": 1, **line}]} for line in ({}, {"sku": None}, {"sku": False}, {"sku": ""})]
    assert len({ORDER.fingerprint(document) for document in lines}) == len(lines)


def test_one_nested_record_is_a_list_of_one():
    line = ANA["lines"][0]
    assert ORDER.fingerprint({**ANA, "lines": line}) == ORDER.fingerprint({**ANA, "lines": [line]})


def test_value_moves_with_its_field():
    one = Mapper([rule("a"), rule("b")], {"id": "id"})
    assert one.fingerprint({"a": 1, "b": 2}) != one.fingerprint({"a": 2, "b": 1})
    assert one.fingerprint({"a": 1}) != one.fingerprint({"b": 1})


def test_computed_values_matter_by_their_result():
    one = Mapper([rule(None, "expression", expression="length(tags)")], {"id": "id"})
    assert one.fingerprint({"tags": ["a"]}) == one.fingerprint({"tags": ["b"]})
    assert one.fingerprint({"tags": ["a"]}) != one.fingerprint({"tags": []})


def test_changed_configuration_looks_at_every_record_again():
    assert Mapper(ORDER.rules, {"id": "id"}, b"other").fingerprint(ANA) != ORDER.fingerprint(ANA)


documents = st.fixed_dictionaries(
    {},
    optional={
        "name": json_values,
        "address": st.fixed_dictionaries({}, optional={"city": json_values, "zip": json_values}) | json_values,
        "tags": json_values,
        "lines": st.lists(
            st.fixed_dictionaries({"id": st.integers(1, 3)}, optional={"sku": json_values, "seen": json_values}),
            max_size=2,
        ),
        "other": json_values,
    },
)


def content(document):
    """What the mapping sees, written down independently of the mapper."""

    def at(value, *path):
        for step in path:
            if value is None:
                break  # inside null everything is null
            if not isinstance(value, dict) or step not in value:
                return "missing"
            value = value[step]
        return {"value": value}

    lines = document.get("lines")
    seen = [(line["id"], at(line, "sku")) for line in lines] if lines is not None else "missing"
    return spelled([at(document, "name"), at(document, "address", "city"), at(document, "tags"), seen])


@given(documents, documents)
def test_fingerprints_agree_exactly_with_what_is_mapped(left, right):
    assert (ORDER.fingerprint(left) == ORDER.fingerprint(right)) == (content(left) == content(right))


@given(document=documents, data=st.data())
def test_small_change_is_seen_exactly_if_it_is_mapped(document, data):
    changed = copy.deepcopy(document)
    name = data.draw(st.sampled_from(["name", "tags", "other", "address"]))
    if name in changed and data.draw(st.booleans()):
        del changed[name]
    else:
        changed[name] = data.draw(json_values)
    assume(spelled(changed) != spelled(document))
    assert (ORDER.fingerprint(changed) != ORDER.fingerprint(document)) == (content(changed) != content(document))
