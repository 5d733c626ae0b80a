"""What doc/ and the map of the house say is what the code has."""

import ast
import itertools
import json
import re
from pathlib import Path

import jsonschema
import pytest

from integration_bridge.jobs.kinds import ERROR_KINDS
from integration_bridge.mapping.converters import CONVERTERS
from integration_bridge.remote.auth import OPTIONS, SCHEMES
from integration_bridge.remote.formats import FORMS, readable, writable
from integration_bridge.remote.formats.base import COMMON
from integration_bridge.remote.pagination import PAGINATORS
from integration_bridge.remote.registration import KNOWN
from integration_bridge.remote.webhooks import HOOK_OPTIONS, HOOK_SCHEMES

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "doc" / "reference"
SCHEMA = json.loads((ROOT / "definition" / "schema.json").read_text())
LITERAL = re.compile(r"``(.+?)``")


def rows_of(page, title):
    """A list-table of doc/reference, without its headings.

    :param str page: name of the file
    :param str title: of the table
    :return: text of the cells
    :rtype: list[list[str]]
    """
    table = (REFERENCE / f"{page}.rst").read_text().split(f".. list-table:: {title}\n", 1)[1]
    table = re.split(r"\n(?=\S)", table, maxsplit=1)[0]
    rows = re.split(r"^ +\* - ?", table, flags=re.MULTILINE)[2:]
    return [[" ".join(cell.split()) for cell in re.split(r"^ {5}-(?= |$)", row, flags=re.MULTILINE)] for row in rows]


def literals(cell):
    return LITERAL.findall(cell)


def named(cell):
    """The one name in a cell."""
    (name,) = literals(cell)
    return name


def as_json(value):
    """A default as it stands on the page; nothing for none."""
    return "" if value is None else f"``{json.dumps(list(value) if isinstance(value, tuple) else value)}``"


# ----------------------------------------------------------------------------------------------------------------------
# Converters
# ----------------------------------------------------------------------------------------------------------------------


def test_converters_are_those_of_the_code():
    said = {named(name): (label, kinds) for label, name, kinds, _what in rows_of("converters", "Converters")}
    assert {name: label for name, (label, _kinds) in said.items()} == {
        name: str(cls.label) for name, cls in CONVERTERS.items()
    }
    assert {name: set(kinds.split(", ")) for name, (_label, kinds) in said.items()} == {
        name: set(cls.field_types) or {"any"} for name, cls in CONVERTERS.items()
    }


def test_options_of_converters_are_those_of_the_code():
    said = {}
    for owners, option, default, _what in rows_of("converters", "Options of the converters"):
        for owner in CONVERTERS if owners == "all" else literals(owners):
            said[owner, named(option)] = default
    assert said == {
        (name, option): "needed" if spec.required else as_json(spec.default)
        for name, cls in CONVERTERS.items()
        for option, spec in cls.known_options().items()
    }


# ----------------------------------------------------------------------------------------------------------------------
# Pagination
# ----------------------------------------------------------------------------------------------------------------------


def test_ways_of_paging_are_those_of_the_code():
    rows = rows_of("pagination", "Ways to walk a list")
    assert {named(name): label for label, name, _what, _end in rows} == {
        name: str(cls.label) for name, cls in PAGINATORS.items()
    }
    ends = {named(name): literals(end) for _label, name, _what, end in rows}
    assert ends == {
        name: [cls.options["end"].default] if "end" in cls.options else [] for name, cls in PAGINATORS.items()
    }


def test_options_of_the_ways_of_paging_are_those_of_the_code():
    said = {}
    for owners, option, default, _what in rows_of("pagination", "Options of the ways"):
        named_ones = set(literals(owners))
        for owner in PAGINATORS.keys() - named_ones if owners.startswith("all but") else named_ones:
            said[owner, named(option)] = default
    assert said == {
        (name, option): "see above" if option == "end" else as_json(spec.default)
        for name, cls in PAGINATORS.items()
        for option, spec in cls.options.items()
    }


def test_ends_of_a_list_are_those_of_the_code():
    page = (REFERENCE / "pagination.rst").read_text()
    listed = re.findall(r"^\* ``(\w+)``:", page, flags=re.MULTILINE)
    assert tuple(listed) == PAGINATORS["page"].options["end"].choices


# ----------------------------------------------------------------------------------------------------------------------
# Formats
# ----------------------------------------------------------------------------------------------------------------------


def test_formats_are_those_of_the_code():
    said = {named(name): (label, purposes) for label, name, purposes, _what in rows_of("formats", "Formats")}
    purposes = {
        name: ", ".join(["answers"] * (name in readable()) + ["bodies"] * (name in writable())) for name in FORMS
    }
    assert said == {name: (str(cls.label), purposes[name]) for name, cls in FORMS.items()}


def test_options_of_formats_are_those_of_the_code():
    said = {}
    for owner, purposes, option, default, _what in rows_of("formats", "Options of the formats"):
        for purpose, name in itertools.product(purposes.split(", "), literals(owner) or [owner]):
            said[name, purpose, named(option)] = default
    known = {("all", "answers", name): option for name, option in COMMON.items()}
    for name, cls in FORMS.items():
        known |= {(name, "answers", option): spec for option, spec in (cls.answer_options or {}).items()}
        known |= {(name, "bodies", option): spec for option, spec in (cls.body_options or {}).items()}
    assert said == {key: as_json(option.default) for key, option in known.items()}


# ----------------------------------------------------------------------------------------------------------------------
# Authentication
# ----------------------------------------------------------------------------------------------------------------------


def test_schemes_their_options_and_secrets_are_those_of_the_code():
    rows = rows_of("authentication", "Authentication schemes")
    said = {named(name): (label, set(literals(options)), set(literals(keys))) for label, name, options, keys in rows}
    assert said == {name: (str(cls.label), set(cls.fields), set(cls.secrets)) for name, cls in SCHEMES.items()}


def test_options_of_the_schemes_are_those_of_the_code():
    rows = rows_of("authentication", "Options of the schemes")
    assert [named(option) for _label, option, _default, _what in rows] == list(OPTIONS)


# ----------------------------------------------------------------------------------------------------------------------
# Webhooks
# ----------------------------------------------------------------------------------------------------------------------


def test_webhook_schemes_their_options_and_places_are_those_of_the_code():
    said = {
        named(name): (label, tuple(literals(options)), tuple(literals(places)))
        for label, name, options, places in rows_of("webhooks", "Webhook schemes")
    }
    assert said == {
        name: (str(cls.label), cls.fields, tuple(filter(None, (cls.id_place, cls.event_place, cls.time_place))))
        for name, cls in HOOK_SCHEMES.items()
    }


def test_every_webhook_scheme_has_a_paragraph():
    page = (REFERENCE / "webhooks.rst").read_text()
    assert len(re.findall(r"^\* \*\*[^*]+\*\*(?: \([^)]*\))?:", page, re.MULTILINE)) >= len(HOOK_SCHEMES)


def test_options_of_webhook_schemes_are_those_of_definitions():
    keys = SCHEMA["$defs"]["webhook"]["properties"].keys()
    assert set(HOOK_OPTIONS) <= keys
    assert {option for cls in HOOK_SCHEMES.values() for option in cls.fields} == set(HOOK_OPTIONS)


def test_keys_of_a_registration_are_those_of_the_code():
    assert {named(key) for key, _meaning in rows_of("webhooks", "Keys of a registration")} == KNOWN


# ----------------------------------------------------------------------------------------------------------------------
# What else is listed
# ----------------------------------------------------------------------------------------------------------------------


def test_kinds_of_errors_are_those_of_the_code():
    said = [row[0] for row in rows_of("runs_and_errors", "Kinds of errors")]
    assert sorted(said) == sorted(label for _kind, label in ERROR_KINDS)


def constant(path, name):
    """The literal that a file gives to a name; the file is not run."""
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.Assign) and [target.id for target in node.targets] == [name]:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path} has no {name}")


def test_kinds_of_alerts_are_those_of_the_code():
    kinds, down = dict(constant("models/bridge_alert.py", "KINDS")), constant("models/bridge_alert.py", "DOWN")
    said = {label: health for label, health, _when in rows_of("alerts", "Kinds of alerts")}
    assert said == {label: "Down" if kind in down else "Attention" for kind, label in kinds.items()}


def test_definition_on_the_page_keeps_to_the_schema():
    page = (REFERENCE / "definition.rst").read_text()
    block = page.split(".. code-block:: json\n", 1)[1]
    document = json.loads(re.split(r"\n(?=\S)", block, maxsplit=1)[0])
    jsonschema.validate(document, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "version": "one"}, SCHEMA)


PARTS = {
    "Keys of connector": SCHEMA["properties"]["connector"],
    "Keys of a webhook": SCHEMA["$defs"]["webhook"],
    "Keys of a flow": SCHEMA["$defs"]["flow"],
    "Keys of an operation": SCHEMA["$defs"]["operation"],
    "Keys of a field mapping": SCHEMA["$defs"]["field"],
}


def words_of(spec):
    """The words that the schema allows at a place, or the keys of the object that is there; empty if there are none."""
    spec = SCHEMA["$defs"][spec["$ref"].rpartition("/")[2]] if "$ref" in spec else spec
    return {word for word in spec.get("enum", ()) if word} or set(spec.get("properties", ()))


@pytest.mark.parametrize("title", PARTS)
def test_keys_of_a_definition_are_those_of_the_schema(title):
    rows, part = {named(key): (values, said) for key, values, said in rows_of("definition", title)}, PARTS[title]
    assert rows.keys() == part["properties"].keys()
    for key, spec in part["properties"].items():
        values, said = rows[key]
        if words_of(spec) and key not in ("auth", "webhook"):  # their options have a table of their own
            assert set(literals(values)) == words_of(spec), key
        if key in part["required"]:
            assert "needed" in values + said, key


# ----------------------------------------------------------------------------------------------------------------------
# Pages and files
# ----------------------------------------------------------------------------------------------------------------------

PAGES = [ROOT / "README.rst", ROOT / "CONTRIBUTING.rst", ROOT / "CHANGELOG.rst", *sorted(ROOT.glob("doc/**/*.rst"))]


def test_readme_is_short():
    assert len((ROOT / "README.rst").read_text().splitlines()) <= 250


def links(page):
    """Files that a page names as links or pictures, as paths from the root."""
    text = page.read_text()
    found = re.findall(r"<([\w./-]+)>`__?", text) + re.findall(r"^ *\.\. image:: (\S+)", text, flags=re.MULTILINE)
    return [(page.parent / name).resolve() for name in found if "://" not in name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    assert not [str(path) for path in links(page) if not path.exists()]


def test_readme_links_to_every_page_of_the_reference():
    assert set(links(ROOT / "README.rst")) >= set(REFERENCE.glob("*.rst"))


# ----------------------------------------------------------------------------------------------------------------------
# The map of the house
# ----------------------------------------------------------------------------------------------------------------------

MAPPED = re.compile(r"``([\w./]+\.py)``")


def files_of_the_map():
    """Files that the docstring of ``road`` names; one without a folder is beside the one before it.

    :rtype: list[str]
    """
    found = []
    for name in MAPPED.findall(ast.get_docstring(ast.parse((ROOT / "road" / "__init__.py").read_text()))):
        found.append(name if "/" in name or (ROOT / name).exists() else str(Path(found[-1]).parent / name))
    return found


def test_every_file_of_the_map_is_there():
    files = files_of_the_map()
    assert len(files) > 20
    assert not [name for name in files if not (ROOT / name).is_file()]


def test_map_names_what_is_in_a_file():
    text = (ROOT / "road" / "__init__.py").read_text()
    inside = re.findall(r"``([\w./]+\.py)`` \(``(\w+)``\)", text)
    assert inside
    for name, function in inside:
        defined = {node.name for node in ast.walk(ast.parse((ROOT / name).read_text())) if hasattr(node, "name")}
        assert function in defined, name
    assert "# Hooks for other addons" in (ROOT / "models" / "bridge_flow.py").read_text()


@pytest.mark.parametrize(
    "path", sorted(itertools.chain(ROOT.glob("road/**/*.py"), ROOT.glob("jobs/**/*.py"))), ids=lambda path: path.name
)
def test_file_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
