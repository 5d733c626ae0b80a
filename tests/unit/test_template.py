"""Placeholders keep their type, leave out what is not there, and can not change what a request means."""

import re
import string
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.remote.template import TemplateError, form_encode, placeholders, render, render_path, validate

VARIABLES = {"limit": 50, "since": "2024-01-01T00:00:00Z", "flag": True, "ids": [1, 2], "cursor": None, "rate": 1.5}
VARIABLES["record"] = {"id": 7, "name": "Ann"}
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
documents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
names = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{limit}", 50),
        ("{flag}", True),
        ("{ids}", [1, 2]),
        ("{rate}", 1.5),
        ("first {limit}", "first 50"),
        ("{flag}!", "true!"),
        ("in {ids}", "in [1, 2]"),
        ("{since}/{limit}", "2024-01-01T00:00:00Z/50"),
        ("{{limit}}", "{limit}"),
        ("{{{limit}}}", "{50}"),
        ("{{", "{"),
        ("", ""),
        ("{cursor}", None),
        ("{cursor|}", ""),
        ("{cursor|0}", 0),
        ("{cursor|null}", None),
        ("{cursor|[]}", []),
        ("{cursor|*}", "*"),
        ("{limit|7}", 50),
        ("after {cursor|start}", "after start"),
        ({"a": "{cursor}", "b": "x{cursor}", "c": "{limit}"}, {"c": 50}),
        ({"a": "{cursor|null}"}, {"a": None}),
        ({"a": {"b": "{unknown}"}}, {"a": {}}),
        (["{cursor}", "{limit}", ["{cursor}"]], [50, []]),
        ({"{limit}": 1}, {"{limit}": 1}),
        ({"id": 1, "...": "{record}", "on": True}, {"id": 7, "name": "Ann", "on": True}),
        ({"...": {"a": "{limit}", "b": "{cursor}"}, "a": 1}, {"a": 1}),
        ({"...": "{cursor}", "a": 1}, {"a": 1}),
        (None, None),
        (5, 5),
    ],
)
def test_render(template, rendered):
    assert render(template, VARIABLES) == rendered
    assert type(render(template, VARIABLES)) is type(rendered)


@given(documents)
def test_a_string_that_is_one_placeholder_keeps_the_type_of_its_variable(value):
    rendered = render({"outer": ["{x}"]}, {"x": value})
    assert rendered == ({"outer": []} if value is None else {"outer": [value]})


@given(documents)
def test_values_are_never_read_as_templates(value):
    assert render("{x|1}", {"x": "{limit}", "limit": 1}) == "{limit}"
    assert render({"v": "{x}"}, {"x": value, **VARIABLES}).get("v") == value


@given(st.text())
def test_doubled_braces_are_any_text(text):
    assert render(text.replace("{", "{{").replace("}", "}}"), VARIABLES) == text


@pytest.mark.parametrize("template", ["{", "}", "{ limit }", "query { users }", "{limit", "limit}", "{1}", "{a.b}"])
def test_single_brace_is_an_error_that_says_how_to_write_it(template):
    for read in (lambda: render(template, VARIABLES), lambda: placeholders({"a": [template]})):
        with pytest.raises(TemplateError, match="literal brace"):
            read()


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
def test_path_value_is_one_segment_whatever_it_holds(value):
    path = render_path("/users/{id}/notes", {"id": value})
    before, segment, after = re.fullmatch(r"(/users/)([^/?#]*)(/notes)", path).groups()
    assert (before, unquote(segment), after) == ("/users/", value, "/notes")


@pytest.mark.parametrize("value", [None, "", ".", ".."])
def test_path_without_a_proper_value_is_an_error_and_not_the_whole_list(value):
    with pytest.raises(TemplateError, match="id"):
        render_path("/users/{id}", {"id": value})
    with pytest.raises(TemplateError):
        render_path("/users/{id}", {})


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("/ann/contacts/7.vcf", "/dav/ann/contacts/7.vcf"),
        ("ann/7", "/dav/ann/7"),
        ("/ann/a%20b%2Fc.vcf", "/dav/ann/a%20b%2Fc.vcf"),
        ("/ann/50%.vcf", "/dav/ann/50%25.vcf"),
        ("/ann/a b.vcf", "/dav/ann/a%20b.vcf"),
        ("/ann/ü?x#y", "/dav/ann/%C3%BC%3Fx%23y"),
        ("/ann/(1),2;v=3@x/", "/dav/ann/(1),2;v=3@x/"),
        (7, "/dav/7"),
    ],
)
def test_id_that_is_a_path_keeps_its_slashes_and_nothing_else_of_an_address(value, path):
    assert render_path("/dav/{+external_id}", {"external_id": value}) == path


@pytest.mark.parametrize(
    "value", [None, "", "/", "//other.example/x", "/ann/../bob", "..", "/ann/.", "/ann/%2e%2E/bob", "/ann//x", "%2e"]
)
def test_id_that_is_a_path_never_leads_elsewhere(value):
    with pytest.raises(TemplateError, match="external_id"):
        render_path("/dav/{+external_id}", {"external_id": value})


@pytest.mark.parametrize("template", ["{+id}", {"a": ["x {+id}"]}, {"{a": 1, "b": {"c": "{+id}"}}])
def test_plus_is_refused_outside_of_a_path(template):
    with pytest.raises(TemplateError, match="keeps slashes in a path"):
        validate(template, {"id"})
    validate("/x/{+id}", {"id"}, in_path=True)


def test_path_takes_numbers_and_defaults():
    assert render_path("/v{version|2}/users/{id}", {"id": 7}) == "/v2/users/7"


def test_placeholders_are_found_everywhere():
    assert placeholders({"a": "{x} {y|1}", "b": [{"c": "{z}"}], "d": 1, "e": "{{no}}"}) == {"x", "y", "z"}


@pytest.mark.parametrize("template", [{"...": "{limit}"}, {"a": [{"...": [1]}]}, {"...": "x{record}"}])
def test_entries_of_what_has_none_are_refused(template):
    with pytest.raises(TemplateError, match="puts the entries of an object"):
        validate(template, {"limit", "record"})


def test_validate_names_the_unknown_placeholder_and_the_known_ones():
    validate("{since}", {"since"})
    with pytest.raises(TemplateError, match=r"\{snice\}.*\{since\}"):
        validate({"q": "{snice}"}, {"since"})


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        ({"a": 1, "b": True, "c": None, "d": 1.5, "e": "x"},
         [("a", "1"), ("b", "true"), ("c", ""), ("d", "1.5"), ("e", "x")]),
        ({"metadata": {"key": "v"}}, [("metadata[key]", "v")]),
        ({"items": [{"price": 1}, {"price": 2}]}, [("items[0][price]", "1"), ("items[1][price]", "2")]),
        ({"expand": ["a", "b"]}, [("expand[0]", "a"), ("expand[1]", "b")]),
        ({"empty": [], "none": {}}, []),
    ],
)  # fmt: skip
def test_form_encode(body, pairs):
    assert form_encode(body) == pairs


def test_form_body_must_be_an_object():
    with pytest.raises(TemplateError):
        form_encode([1])


def decode(pairs):
    """What a server that follows the Stripe and PHP convention reads."""
    root = {}
    for name, value in pairs:
        *parents, last = re.sub(r"\]", "", name).split("[")
        place = root
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return root


def as_texts(value):
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    return {name: as_texts(item) for name, item in value.items()} if isinstance(value, dict) else value


nested = st.recursive(
    st.text(max_size=5),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(names, nested, max_size=3))
def test_form_encoding_loses_nothing(body):
    assert decode(form_encode(body)) == as_texts(body)
