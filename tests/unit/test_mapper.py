"""Missing, null and empty each have their own effect per field, and an error names the field."""

import copy
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.converters import ByBinding, Many, Nested, make_converter
from integration_bridge.mapping.errors import ConversionError, MappingError, PathError
from integration_bridge.mapping.mapper import CLEAR, DEFAULT, KEEP, REJECT, Mapper, Rule, nested_documents
from integration_bridge.mapping.paths import MISSING, parse_path

EFFECTS = {"missing": KEEP, "null": CLEAR, "empty": CLEAR}


def rule(field="name", path="name", converter="text", options=None, **more):
    made = make_converter(converter, options or {})
    effects = {**EFFECTS, **more.pop("effects", {})}
    return Rule(field, parse_path(path) if made.needs_path else None, made, effects, **more)


def mapper(*rules, record=None, **more):
    return Mapper(rules, record or {"id": "id"}, **more)


# --- Missing, null, empty

STATES = {
    "missing": [{}, {"other": 1}],
    "null": [{"name": None}, {"name": "N/A"}, {"name": False}],
    "empty": [{"name": ""}, {"name": []}, {"name": {}}],
}
OUTCOMES = {KEEP: MISSING, CLEAR: False, DEFAULT: "Nobody", REJECT: "refused"}


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("effect", OUTCOMES)
@pytest.mark.parametrize(("state", "document"), [(state, one) for state, several in STATES.items() for one in several])
def test_absence_has_the_effect_that_the_field_says(state, document, effect, required):
    others = {other: REJECT if effect != REJECT else KEEP for other in STATES if other != state}
    one = rule(
        effects={state: effect, **others}, default="Nobody", required=required, options={"empty": ["N/A", False]}
    )
    if effect == REJECT or (required and effect != DEFAULT):
        with pytest.raises(ConversionError) as caught:
            one.read(document)
        assert caught.value.reason == state
        assert caught.value.field == "name"
        assert "“name”" in str(caught.value)
    else:
        found = one.read(document)
        assert found is OUTCOMES[effect] if effect != DEFAULT else found == "Nobody"


@pytest.mark.parametrize(("state", "document"), [(state, several[0]) for state, several in STATES.items()])
def test_default_that_is_not_set_clears_the_field_or_is_refused_for_what_was_absent(state, document):
    assert rule(effects={state: DEFAULT}).read(document) is False
    with pytest.raises(ConversionError) as caught:
        rule(effects={state: DEFAULT}, required=True).read(document)
    assert caught.value.reason == state


def test_default_is_a_remote_value_and_read_like_one():
    one = rule(
        "state", "status", "selection", {"values": {"new": "draft"}}, effects={"missing": DEFAULT}, default="new"
    )
    assert one.read({}) == "draft"
    one = rule("rate", "rate", "decimal", {"scale": 100}, effects={"null": DEFAULT}, default=0)
    assert one.read({"rate": None}) == 0.0
    with pytest.raises(ConversionError) as caught:
        rule("age", "age", "integer", effects={"missing": DEFAULT}, default="x").read({})
    assert (caught.value.reason, caught.value.field) == ("not_integer", "age")


@pytest.mark.parametrize(
    ("converter", "value", "read"), [("integer", 0, 0), ("decimal", 0, 0.0), ("boolean", False, False)]
)
def test_zero_and_no_are_values_and_not_absent(converter, value, read):
    one = rule("x", "x", converter, effects=dict.fromkeys(EFFECTS, REJECT), required=True)
    found = one.read({"x": value})
    assert found == read and type(found) is type(read)


def test_text_of_white_space_does_not_fill_a_required_field():
    with pytest.raises(ConversionError) as caught:
        rule(options={"strip": True}, required=True).read({"name": "  "})
    assert caught.value.reason == "empty"
    assert rule(options={"strip": True}).read({"name": "  "}) == ""


def test_absence_is_judged_at_the_place_of_the_path():
    one = rule("city", "address.city")
    assert one.read({"address": {"city": "Liège"}}) == "Liège"
    assert one.read({"address": {"city": None}}) is False
    assert one.read({"address": {}}) is MISSING
    assert one.read({}) is MISSING
    assert one.read({"address": None}) is False  # inside null everything is null


def test_empty_list_clears_relations_and_nested_records():
    assert rule("tags", "tags", "many2many_key", {"field": "name"}).read({"tags": []}) is False
    assert rule("lines", "lines", "nested", {"flow": "lines"}).read({"lines": []}) is False
    assert nested_documents(False) == ()
    assert nested_documents(Nested(({"id": 1},))) == ({"id": 1},)


# --- A whole record


def test_fields_that_odoo_keeps_are_not_among_the_values():
    mapped = mapper(rule(), rule("email", "email"), rule("phone", "phone")).map({"name": "Ana", "email": None})
    assert mapped.values == {"name": "Ana", "email": False}
    assert mapped.error is None


def test_error_names_the_field_and_the_reason_and_is_not_raised():
    mapped = mapper(rule(), rule("age", "age", "integer")).map({"name": "Ana", "age": "old"})
    assert (mapped.error.field, mapped.error.reason) == ("age", "not_integer")
    assert "old" in str(mapped.error)


def test_constant_and_expression_need_no_path():
    found = mapper(
        rule("type", None, "constant", {"value": "contact"}),
        rule("active", None, "expression", {"expression": "state != 'gone'", "then": "boolean"}),
        rule(
            "total",
            None,
            "expression",
            {"expression": "sum(lines[].price)", "then": "decimal", "then_options": {"scale": 100}},
        ),
        rule(
            "tag_ids",
            None,
            "expression",
            {"expression": "tags[?main].id", "then": "many2many_binding", "then_options": {"flow": "tags"}},
        ),
    ).map({"state": "here", "lines": [{"price": 150}, {"price": 50}], "tags": [{"id": 1, "main": True}, {"id": 2}]})
    assert found.values == {"type": "contact", "active": True, "total": 2.0, "tag_ids": Many((ByBinding("tags", "1"),))}


def test_expression_that_finds_nothing_is_null_and_a_failing_one_is_an_error_of_its_field():
    one = rule("x", None, "expression", {"expression": "a.b"}, effects={"missing": REJECT, "null": CLEAR})
    assert one.read({}) is False
    with pytest.raises(PathError) as caught:
        rule("x", None, "expression", {"expression": "sum(a)"}).read({"a": "text"})
    assert (caught.value.reason, caught.value.field) == ("expression_failed", "x")
    with pytest.raises(ConversionError) as caught:
        rule("x", None, "expression", {"expression": "a.b"}, required=True).read({})
    assert "a.b" in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abxn"), inner, max_size=3),
    )
)
def test_any_document_is_read_or_refused_and_never_changed(document):
    rules = [
        rule("a", "a.b", "integer"),
        rule("b", "x[0]", "datetime"),
        rule("c", "n", "many2many_binding", {"flow": "f", "item": "a"}),
        rule("d", "@", "nested", {"flow": "f"}),
        rule("e", None, "expression", {"expression": "length(a)"}),
    ]
    before = copy.deepcopy(document)
    mapped = mapper(*rules).map(document)
    assert mapped.error is None or (isinstance(mapped.error, MappingError) and mapped.error.field in "abcde")
    assert document == before


# --- What the flow says about a record


@pytest.mark.parametrize(("value", "text"), [(1, "1"), ("1", "1"), (1.0, "1"), (" c1 ", "c1"), (0, "0")])
def test_fault_id_that_changes_type_is_the_same_record(value, text):
    assert mapper(record={"id": "meta.id"}).external_id({"meta": {"id": value}}) == text


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "no_id"),
        ({"id": None}, "no_id"),
        ({"id": ""}, "not_identifier"),
        ({"id": True}, "not_identifier"),
        ({"id": [1]}, "not_identifier"),
        ({"id": 1.5}, "not_identifier"),
        ([], "not_object"),
        ("c1", "not_object"),
        (None, "not_object"),
    ],
)
def test_fault_missing_id_is_an_error_with_words(document, reason):
    with pytest.raises(ConversionError) as caught:
        mapper().external_id(document)
    assert caught.value.reason == reason
    assert str(caught.value).endswith(".")


def test_what_the_record_says_about_itself():
    one = mapper(record={"id": "id", "updated": "meta.at", "deleted": "status == 'gone'", "version": ""})
    document = {"id": 1, "meta": {"at": "2024-05-31"}, "status": "gone"}
    assert [one.about(document, name) for name in ("updated", "deleted", "version")] == ["2024-05-31", True, None]
    assert one.about({"id": 1}, "updated") is None


def test_record_place_that_does_not_parse_is_refused():
    with pytest.raises(PathError):
        mapper(record={"id": "a["})


# --- Odoo to remote


def test_document_is_made_of_odoos_values():
    one = mapper(
        rule(),
        rule("city", "address.city"),
        rule("zip", "address.zip"),
        rule("age", "age", "integer"),
        rule("vip", "flags.vip", "boolean", {"true_values": ["Y"], "false_values": ["N"]}),
        rule("since", "since", "date"),
        rule("type", None, "constant", {"value": "contact"}),
        rule("note", "note"),
    )
    values = {
        "name": "Ana",
        "city": "Liège",
        "zip": False,
        "age": 0,
        "vip": False,
        "since": datetime.date(2024, 5, 31),
        "type": "x",
    }
    assert one.write(values) == {
        "name": "Ana",
        "address": {"city": "Liège", "zip": None},
        "age": 0,
        "flags": {"vip": "N"},
        "since": "2024-05-31",
    }


@pytest.mark.parametrize("nothing", [False, None, ""])
@pytest.mark.parametrize("converter", ["text", "integer", "decimal", "date", "datetime", "selection", "html"])
def test_empty_field_of_odoo_is_null_for_the_remote(converter, nothing):
    options = {"inline": True} if converter == "image" else None
    assert mapper(rule(converter=converter, options=options)).write({"name": nothing}) == {"name": None}


# What is sent for an empty field, by what the mapping says; "refused" stands for an error.
WRITTEN = {
    "null": {"text": None, "decimal": None, "many2many_key": []},
    "empty": {"text": "", "decimal": "", "many2many_key": []},
    "keep": {"text": MISSING, "decimal": MISSING, "many2many_key": MISSING},
    "reject": {"text": "refused", "decimal": "refused", "many2many_key": "refused"},
}


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    ("when_empty", "converter", "written"),
    [(when_empty, *case) for when_empty, cases in WRITTEN.items() for case in cases.items()],
)
def test_empty_field_is_written_as_the_mapping_says(when_empty, converter, written, required):
    options = {"field": "name"} if converter == "many2many_key" else None
    one = rule("x", "a.x", converter, options, when_empty=when_empty, required=required)
    nothing = [] if converter == "many2many_key" else False
    if required or written == "refused":
        with pytest.raises(ConversionError) as caught:
            one.written(nothing)
        assert (caught.value.reason, caught.value.field) == ("empty_in_odoo", "x")
        assert "a.x" in str(caught.value)
        return
    assert one.written(nothing) == written or one.written(nothing) is written
    assert mapper(one).write({"x": nothing}) == ({} if written is MISSING else {"a": {"x": written}})


@pytest.mark.parametrize("when_empty", WRITTEN)
def test_what_is_not_empty_is_written_whatever_stands_for_nothing(when_empty):
    assert rule("x", "x", "decimal", when_empty=when_empty).written(0.0) == 0
    assert rule("x", "x", "boolean", when_empty=when_empty).written(False) is False
    assert rule(when_empty=when_empty, required=True).written("Ana") == "Ana"


@pytest.mark.parametrize("when_empty", WRITTEN)
def test_only_an_empty_field_that_keeps_what_is_there_says_nothing(when_empty):
    one = rule(when_empty=when_empty)
    assert one.says_nothing(False) == (when_empty == "keep")
    assert not one.says_nothing("Ana")
    assert not rule("n", "n", "integer", when_empty=when_empty).says_nothing(0)


@pytest.mark.parametrize(
    ("direction", "pulls", "pushes"), [("pull", True, False), ("push", False, True), ("both", True, True)]
)
def test_direction_says_which_ways_are_open(direction, pulls, pushes):
    one = rule(direction=direction)
    assert (one.pulls, one.pushes) == (pulls, pushes)
    for way in (
        rule("x", None, "constant", {"value": 1}, direction=direction),
        rule("x", None, "expression", {"expression": "a"}, direction=direction),
        rule("x", "x", "image", direction=direction),
    ):
        assert (way.pulls, way.pushes) == (pulls, False), "what can not be written back is never pushed"


def test_only_fields_that_have_a_value_and_a_way_back_are_written():
    one = mapper(rule(), rule("email", "email"), rule("photo", "photo", "image"))
    assert one.write({"name": "Ana", "photo": "abc", "other": 1}) == {"name": "Ana"}
    assert one.write({}) == {}


def test_not_a_number_is_refused_and_not_sent():
    for value in (float("nan"), float("inf")):
        with pytest.raises(ConversionError):
            rule("x", "x", "decimal").written(value)


def test_no_is_a_value_of_a_choice_that_maps_it():
    one = mapper(rule("active", "status", "selection", {"values": {"on": True, "off": False}}))
    assert one.write({"active": False}) == {"status": "off"}
    assert one.write({"active": True}) == {"status": "on"}


@pytest.mark.parametrize(
    ("rules", "values", "reason"),
    [
        ([rule("age", "age", "integer")], {"age": "x"}, "not_integer"),
        ([rule("state", "state", "selection", {"values": {"a": "b"}})], {"state": "c"}, "not_choice"),
        ([rule("name", "lines[-1].name")], {"name": "x"}, "not_writable"),
        ([rule("name", "@")], {"name": "x"}, "not_writable"),
        ([rule("name", "address"), rule("city", "address.city")], {"name": "x", "city": "y"}, "not_writable"),
    ],
)
def test_what_can_not_be_written_names_the_field(rules, values, reason):
    with pytest.raises(MappingError) as caught:
        mapper(*rules).write(values)
    assert (caught.value.reason, caught.value.field) == (reason, rules[-1].field)


@given(
    name=st.text("aé漢", min_size=1),
    age=st.integers(-(2**31), 2**31 - 1),
    vip=st.booleans(),
    at=st.datetimes(datetime.datetime(1900, 1, 1)).map(lambda one: one.replace(microsecond=0)),
)
def test_record_comes_back_as_it_was_written(name, age, vip, at):
    one = mapper(
        rule(), rule("age", "a.age", "integer"), rule("vip", "a.vip", "boolean"), rule("at", '"a.b".at', "datetime")
    )
    values = {"name": name, "age": age, "vip": vip, "at": at}
    assert one.map(one.write(values)).values == values


NOT_DELETED = [None, False, 0, "", "0", "false", "FALSE", "N", "no", " off ", "0000-00-00 00:00:00", "null", [], "0.0"]
IS_DELETED = [
    True,
    1,
    "1",
    "true",
    "Y",
    "X",
    "deleted",
    "2024-05-31",
    "2024-05-31T10:00:00.123Z",
    "1717243200",
    {"by": 1},
]


@pytest.mark.parametrize("marker", NOT_DELETED)
def test_marker_that_says_no_is_no_tombstone(marker):
    one = mapper(record={"id": "id", "deleted": "deleted"}).identify({"id": 3, "deleted": marker})
    assert (one.deleted, one.error) == (False, None)


@pytest.mark.parametrize("marker", IS_DELETED)
def test_marker_that_says_yes_or_when_is_a_tombstone(marker):
    one = mapper(record={"id": "id", "deleted": "deleted"}).identify({"id": 3, "deleted": marker})
    assert (one.deleted, one.error) == (True, None)


@pytest.mark.parametrize("marker", ["active", "published", "00x", "maybe"])
def test_marker_that_may_mean_either_is_refused(marker):
    one = mapper(record={"id": "id", "deleted": "status"}).identify({"id": 3, "status": marker})
    assert (one.deleted, one.error.reason) == (False, "not_deleted")
