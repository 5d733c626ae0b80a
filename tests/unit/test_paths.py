"""A path names one place, tells missing from null, writes without damage; an expression computes or says why not."""

import copy

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.errors import EXCERPT, MappingError, PathError
from integration_bridge.mapping.paths import MISSING, parse_expression, parse_path

DOCUMENT = {
    "name": "Ana",
    "none": None,
    "empty": "",
    "address": {"city": "Liège", "lines": [{"text": "Rue 1"}, {"text": None}, "plain"]},
    "a.b": {"c[0]": 'say "hi"'},
    "with space": 1,
    "list": [[1, 2], [3]],
    "0": "zero",
}

names = st.text(min_size=1, max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
steps = st.lists(names | st.integers(-3, 3), min_size=1, max_size=4)


def spelled(path_steps):
    """A path as a person would have to write it, with every name quoted."""
    text = ""
    for step in path_steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'{"." if text else ""}"{escaped}"'
    return text


# --- Reading


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Ana"),
        (" name ", "Ana"),
        ("none", None),
        ("empty", ""),
        ("nothing", MISSING),
        ("address.city", "Liège"),
        ("address.lines[0].text", "Rue 1"),
        ("address.lines[1].text", None),
        ("address.lines[-1]", "plain"),
        ("address.lines[3]", MISSING),
        ("address.lines[-4]", MISSING),
        ("address.lines.text", MISSING),
        ("list[0][1]", 2),
        ("list[1][1]", MISSING),
        ('"a.b"."c[0]"', 'say "hi"'),
        ('"with space"', 1),
        ("with space", 1),
        ("0", "zero"),
        ("[0]", MISSING),  # the document is no list
        ("name[0]", MISSING),  # text has no inside
        ("name.upper", MISSING),
        ("none.city", None),  # what is inside null is null
        ("@", DOCUMENT),
    ],
)
def test_path_tells_a_value_from_null_from_missing(path, value):
    found = parse_path(path).read(DOCUMENT)
    assert found is MISSING if value is MISSING else found == value


@given(document=json_values, path_steps=steps)
def test_reading_never_fails_and_never_changes_the_document(document, path_steps):
    before = copy.deepcopy(document)
    parse_path(spelled(path_steps)).read(document)
    assert document == before


def test_missing_is_only_itself():
    assert not MISSING
    assert MISSING not in (None, False, "", 0)
    assert repr(MISSING) == "MISSING"


# --- Parsing


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        (None, "it is empty"),
        (".a", "unexpected “.” at position 1"),
        ("a.", "after the dot at position 2"),
        ("a..b", "after the dot at position 2"),
        ("a.[0]", "after the dot at position 2"),
        ("a[", "unexpected “[” at position 2"),
        ("a[]", "unexpected “[” at position 2"),
        ("a[x]", "unexpected “[” at position 2"),
        ("a]", "unexpected “]” at position 2"),
        ("a[0]b", "unexpected “b” at position 5"),
        ('a"b"', 'unexpected “"” at position 2'),
        ('a."b', 'unexpected “"” at position 3'),
        ("a[*]", "unexpected “[” at position 2"),
    ],
)
def test_path_that_does_not_parse_is_refused_with_the_place(path, place):
    with pytest.raises(PathError) as caught:
        parse_path(path)
    assert caught.value.reason == "bad_path"
    assert place in str(caught.value)


@given(path_steps=steps)
def test_every_name_can_be_quoted_and_every_position_written(path_steps):
    assert parse_path(spelled(path_steps)).steps == tuple(path_steps)


@given(st.text(alphabet='ab.[]"\\0-1@ ', max_size=12))
def test_any_text_is_a_path_or_an_error_with_words(text):
    try:
        assert parse_path(text).text == text.strip()
    except PathError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a[code=x].v", 1),
        ("a[code = x].v", 1),
        ("a[primary=true].v", 2),
        ("a[code=7].v", 3),
        ('a[code="7"].v', 3),
        ("a[code=z].v", MISSING),
        ("a[code=X].v", MISSING),
        ("a[code=true].v", MISSING),
        ("a[none=null].v", 4),
        ("a[code=a.b].v", 5),
        ("a[0].v", 1),
        ("b[code=x].v", MISSING),
        ("c[code=x]", MISSING),
        ("a[code=work].v", 6),
        ("a[code=voice].v", 6),
        ("a[code=fax].v", MISSING),
    ],
)
def test_object_of_a_list_is_found_by_what_it_says(path, found):
    items = [{"code": "x", "v": 1}, 5, {"primary": True, "v": 2}, {"code": 7, "v": 3}, {"none": None, "v": 4}]
    document = {"a": [*items, {"code": "a.b", "v": 5}, {"code": ["work", "voice"], "v": 6}], "b": {"code": "x", "v": 1}}
    assert parse_path(path).read(document) == found


# --- Writing


@pytest.mark.parametrize(
    ("document", "path", "after"),
    [
        ({}, "a", {"a": 1}),
        ({}, "a.b.c", {"a": {"b": {"c": 1}}}),
        ({"a": {"x": 2}}, "a.b", {"a": {"x": 2, "b": 1}}),
        ({"a": 5}, "a", {"a": 1}),
        ({"a": [5, 6]}, "a[1]", {"a": [5, 1]}),
        ({"a": [5, 6]}, "a[-2]", {"a": [1, 6]}),
        ({"a": [{"b": 0}]}, "a[0].b", {"a": [{"b": 1}]}),
        ({"a": [{}]}, "a[0].b.c", {"a": [{"b": {"c": 1}}]}),
        ({}, '"a.b"', {"a.b": 1}),
        ({}, "a[0]", {"a": [1]}),
        ({"a": [1]}, "a[1]", {"a": [1, 1]}),
        ({"a": [5]}, "a[2]", {"a": [5, None, 1]}),
        ({}, "a.b[0].c", {"a": {"b": [{"c": 1}]}}),
        ({}, "a[code=x].v", {"a": [{"code": "x", "v": 1}]}),
        (
            {"a": [{"code": "y", "v": 5}, {"code": "x", "v": 6, "w": 7}]},
            "a[code=x].v",
            {"a": [{"code": "y", "v": 5}, {"code": "x", "v": 1, "w": 7}]},
        ),
        ({"a": [{"code": "y", "v": 5}]}, "a[code=x].v.w", {"a": [{"code": "y", "v": 5}, {"code": "x", "v": {"w": 1}}]}),
        ({"a": [{"code": "x"}, 5]}, "a[code=x]", {"a": [1, 5]}),
    ],
)
def test_write_makes_what_is_missing_on_the_way(document, path, after):
    parse_path(path).write(document, 1)
    assert document == after


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"a": "text"}, "a.b"),
        ({"a": None}, "a.b"),
        ({"a": [1]}, "a.b"),
        ({"a": [1]}, "a[-2]"),
        ({}, "a[-1]"),
        ({"a": {}}, "a[0]"),
        ({"a": {}}, "a[code=x].v"),
        ({"a": [{"code": "x", "v": 5}]}, "a[code=x].v.w"),
        ({"a": {"b": 3}}, "a.b.c.d"),
        ({"a": 1}, "@"),
    ],
)
def test_write_without_a_place_is_refused_and_changes_nothing(document, path):
    before = copy.deepcopy(document)
    with pytest.raises(PathError) as caught:
        parse_path(path).write(document, 1)
    assert caught.value.reason == "not_writable"
    assert path in str(caught.value)
    assert document == before


@given(document=st.dictionaries(names, json_values, max_size=4), path_steps=steps, value=json_values)
def test_what_is_written_is_read_back_or_nothing_is_changed(document, path_steps, value):
    before, path = copy.deepcopy(document), parse_path(spelled(path_steps))
    try:
        path.write(document, value)
    except PathError:
        assert document == before
    else:
        assert path.read(document) == value
        others = {name: inside for name, inside in document.items() if name != path_steps[0]}
        assert others == {name: inside for name, inside in before.items() if name != path_steps[0]}


# --- Expressions


@pytest.mark.parametrize("text", ["", None, "a[", "a.", "foo(", "a ||", "`{", "'x", "a[?b]]", "&"])
def test_expression_that_does_not_parse_is_refused(text):
    with pytest.raises(PathError) as caught:
        parse_expression(text)
    assert caught.value.reason == "bad_expression"
    assert str(text or "") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("max(a)", {"a": None}),
        ("sort(a)", {"a": [1, "b"]}),
        ("join(',', a)", {"a": [1]}),
        ("nothing(a)", {"a": 1}),
        ("length(a, b)", {"a": 1}),
        ("a[::0]", {"a": [1]}),  # JMESPath lets Python's own error through
        ("ceil(a)", {"a": float("inf")}),
    ],
)
def test_expression_that_can_not_be_applied_says_so(text, document):
    with pytest.raises(PathError) as caught:
        parse_expression(text).read(document)
    assert caught.value.reason == "expression_failed"
    assert text in str(caught.value)


def test_error_of_an_expression_does_not_quote_a_whole_record():
    with pytest.raises(PathError) as caught:
        parse_expression("sum(a)").read({"a": ["x" * 10_000]})
    assert len(str(caught.value)) < 400


@pytest.mark.filterwarnings("ignore:deprecated string literal:PendingDeprecationWarning")
@given(st.text(alphabet="abc.[]()|&*@?`'\"{}:,! <=0-1", max_size=14))
def test_any_text_is_an_expression_or_an_error_with_words(text):
    try:
        parse_expression(text).read({"a": {"b": [1, 2]}, "c": "x"})
    except PathError as error:
        assert str(error)


@given(
    document=json_values | st.just(DOCUMENT), text=st.sampled_from(["name", "address.city", "none.x", "a.b", "_x.y1"])
)
def test_short_way_for_plain_names_gives_what_jmespath_gives(document, text):
    assert parse_expression(text).read(document) == jmespath.search(text, document)


def test_expression_knows_no_missing():
    assert parse_expression("a.b").read({}) is None
    assert parse_expression("a[0].b").read({}) is None


# --- Errors


def test_foreign_value_in_a_message_is_quoted_and_cut():
    for value in ("x" * 1000, ["x"] * 1000, {"a": "x" * 1000}):
        assert len(MappingError("not_text", value=value).values["value"]) <= EXCERPT
    assert str(MappingError("not_integer", value="1.5")) == "“1.5” is not a whole number."
    assert str(MappingError("not_integer", value=True)) == "true is not a whole number."


@pytest.mark.parametrize(
    ("path", "document", "left"),
    [
        ("a", {"a": 1, "b": 2}, {"b": 2}),
        ("a.b", {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}),
        ("lines.total", {"lines": [{"total": 1, "id": 2}, {"id": 3}, 4]}, {"lines": [{"id": 2}, {"id": 3}, 4]}),
        ("lines[0]", {"lines": [1, 2]}, {"lines": [2]}),
        ("lines[-1].id", {"lines": [{"id": 1}, {"id": 2}]}, {"lines": [{"id": 1}, {}]}),
        ("a.b.c", {"a": None}, {"a": None}),
        ("a.b", {"a": "text"}, {"a": "text"}),
        ("x", {"a": 1}, {"a": 1}),
        ("x.y", {"a": 1}, {"a": 1}),
    ],
)
def test_document_without_a_place(path, document, left):
    before = copy.deepcopy(document)
    assert parse_path(path).drop(document) == left
    assert document == before


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("items[?kind == 'a']", [1, 2, 3]),
        ("items[?kind == 'a'].{id: id}", [1, 2, 3]),
        ("items[].id", [1, 2, 3]),
        ("items[*]", [1, 2, 3]),
        ("items[1:]", [1, 2, 3]),
        ("sort_by(items, &id)", [1, 2, 3]),
        ("items[?kind == 'a'] | sort_by(@, &id)", [1, 2, 3]),
        ("items || `[]`", [1, 2, 3]),
        ("inside.items[].lines[]", [4]),
        ("lists[0][?kind]", None),
        ("[items, inside.items][]", None),
        ("none[?kind == 'a']", None),
        ("items", None),
        ("inside[?kind]", None),
    ],
)
def test_list_that_an_expression_chooses_from(expression, found):
    document = {"items": [1, 2, 3], "inside": {"items": [4]}, "lists": [[5]]}
    assert parse_expression(expression).list_in(document) == found


@pytest.mark.parametrize(
    ("path", "way", "value"),
    [
        ("address.city", ["address", "city"], "Liège"),
        ("address.lines[-1]", ["address", "lines", 2], "plain"),
        ("address.lines[text=Rue 1].text", ["address", "lines", 0, "text"], "Rue 1"),
        ("address.street.number", ["address"], MISSING),
        ("name.length", ["name"], MISSING),
        ("list.first", ["list"], MISSING),
        ("list[1][7]", ["list", 1], MISSING),
        ("list[2].id", ["list"], MISSING),
        ("nowhere", [], MISSING),
    ],
)
def test_way_to_a_place_is_told_as_far_as_it_is_there(path, way, value):
    assert parse_path(path).follow(DOCUMENT) == (way, value)
