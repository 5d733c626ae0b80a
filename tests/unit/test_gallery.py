"""The gallery: each definition has its guide, and what is asked of a vendor is what its document allows."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GALLERY = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "data" / "gallery").glob("*.json"))}
GUIDES = ROOT / "doc" / "gallery"
VENDORS = ("xero", "square")
DOCUMENTS = {name: json.loads((ROOT / "tests" / "documents" / f"{name}.json").read_text()) for name in VENDORS}
SPECS = Path("/work/shared/specs")
PUBLISHED = {"xero": SPECS / "xero/xero_accounting.yaml", "square": SPECS / "square/api.json"}
TITLES = ["What is synced", "Rules", "What to enter where", "What is not covered"]
WAYS = {"pull": "To Odoo", "push": "From Odoo", "both": "Both ways"}
WINNERS = {
    "remote": "the other system",
    "odoo": "Odoo",
    "newest": "the side changed last",
    "ask": "a person is asked",
}


def guide(name):
    return (GUIDES / f"{name}.rst").read_text()


def outer(definition):
    return [flow for flow in definition["flows"] if not flow.get("parent")]


# --- Guides


def test_each_definition_has_a_guide_and_each_guide_a_definition():
    pages = {path.stem for path in GUIDES.glob("*.rst")} - {"index"}
    assert pages == set(GALLERY)
    assert set(re.findall(r"^   (\w+)$", guide("index"), flags=re.MULTILINE)) == pages


@pytest.mark.parametrize("name", GALLERY)
def test_guide_says_what_is_synced_which_way_and_who_wins(name):
    text = guide(name)
    assert text.startswith(GALLERY[name]["connector"]["name"] + "\n=")
    assert re.findall(r"^(.+)\n-+$", text, flags=re.MULTILINE) == TITLES
    rows = re.findall(r"^   \* - (.+)\n     - .*\(``(.+)``\)\n     - (.+)\n     - (.+)$", text, flags=re.MULTILINE)
    assert rows == [
        (flow["name"], flow["model"], WAYS[flow["direction"]], WINNERS[flow["authority"]])
        for flow in outer(GALLERY[name])
    ]


@pytest.mark.parametrize("name", GALLERY)
def test_guide_names_what_has_to_be_entered(name):
    text, connector = guide(name), GALLERY[name]["connector"]
    wanted = ["*Secret*"] if connector["auth"]["scheme"] != "none" else []
    wanted += ["*Login*"] if "username" in connector["auth"] else []
    wanted += ["*Client ID*", "*Redirect Address*"] if connector["auth"]["scheme"].startswith("oauth2_auth") else []
    wanted += [f"``{header}``" for header, value in connector["headers"].items() if value.startswith("YOUR-")]
    wanted += [
        f"*{one[2]}*" for flow in outer(GALLERY[name]) for one in flow.get("push_domain", ()) if "category" in one[0]
    ]
    assert [one for one in wanted if one not in text] == []


@pytest.mark.parametrize("name", GALLERY)
def test_guide_can_be_shown_in_odoo(name):
    """Sphinx's own roles and directives mean nothing there."""
    assert not re.findall(r":(?:doc|ref|term|file):`", guide(name))
    assert set(re.findall(r"^\.\. ([\w-]+)::", guide(name), flags=re.MULTILINE)) <= {"list-table"}


# --- What is asked of a vendor


def paths_like(path):
    """A path with its placeholders, whatever they are called."""
    return re.sub(r"\{[^}]+\}", "{}", path)


def operation_of(document, operation):
    found = {paths_like(path): methods for path, methods in document["paths"].items()}[paths_like(operation["path"])]
    return found[operation.get("method", "GET").lower()]


ASKED = [
    (name, flow["code"], operation)
    for name in VENDORS
    for flow in GALLERY[name]["flows"]
    for operation in flow["operations"]
]


@pytest.mark.parametrize(("name", "code", "operation"), ASKED, ids=[f"{code}-{one['kind']}" for _n, code, one in ASKED])
def test_each_parameter_is_in_the_document_of_the_vendor(name, code, operation):
    """Prism lets a parameter pass that it does not know."""
    known = operation_of(DOCUMENTS[name], operation).get("parameters", [])
    for place, sent in (("query", operation.get("query")), ("header", operation.get("headers"))):
        assert set(sent or ()) <= {one["name"] for one in known if one["in"] == place}
    needed = {one["name"] for one in known if one.get("required") and one["in"] in ("query", "header")}
    everywhere = GALLERY[name]["connector"]["headers"]
    assert needed <= set(operation.get("query") or ()) | set(operation.get("headers") or ()) | set(everywhere)


@pytest.mark.parametrize("name", VENDORS)
def test_signs_in_where_the_document_of_the_vendor_says(name):
    connector, document = GALLERY[name]["connector"], DOCUMENTS[name]
    assert connector["base_url"] == document["servers"][0]["url"]
    (scheme,) = document["components"]["securitySchemes"].values()
    flow = scheme["flows"]["authorizationCode"]
    if connector["auth"]["scheme"] == "bearer":  # a token of the application itself
        return
    assert (connector["auth"]["authorize_url"], connector["auth"]["token_url"]) == (
        flow["authorizationUrl"],
        flow["tokenUrl"],
    )
    scopes = set(connector["auth"]["scope"].split()) - {"offline_access"}
    assert scopes <= set(flow["scopes"])
    for _name, _code, operation in (one for one in ASKED if one[0] == name):
        accepted = set(*[set(*one.values()) for one in operation_of(document, operation)["security"]])
        assert scopes & accepted, operation


# --- Ours against theirs


def says_more(ours, theirs, whole, place=()):
    """Places where our document says something that the vendor's does not."""
    if isinstance(theirs, dict) and "$ref" in theirs and not (isinstance(ours, dict) and "$ref" in ours):
        theirs = resolved(theirs, whole)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if "$ref" in ours:
            return [] if ours.get("$ref") == theirs.get("$ref") else [(*place, ours["$ref"])]
        return [
            found
            for key, value in ours.items()
            if key not in ("description", "scopes")
            for found in (
                says_more(value, theirs[key], whole, (*place, key)) if key in theirs else [(*place, key, value)]
            )
        ]
    if isinstance(ours, list) and isinstance(theirs, list):
        known = [resolved(one, whole) for one in theirs]
        return [(*place, str(one)) for one in ours if not any(not says_more(one, other, whole) for other in known)]
    if isinstance(ours, bool) and isinstance(theirs, str):
        return [] if str(ours).lower() == theirs else [(*place, ours)]
    return [] if ours == theirs else [(*place, ours, theirs)]


def resolved(node, whole):
    """A node with what it refers to in its place; what stands beside the reference stays."""
    while isinstance(node, dict) and "$ref" in node:
        found = whole
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


@pytest.mark.parametrize(
    ("ours", "is_more"),
    [
        ({"type": "object", "properties": {"id": {"type": "string"}}}, False),
        ({"properties": {"id": {"type": "integer"}}}, True),
        ({"properties": {"name": {"type": "string"}}}, True),
        ({"enum": ["A"]}, False),
        ({"enum": ["B"]}, True),
        ({"required": ["id"]}, True),
    ],
)
def test_comparison_finds_what_is_more(ours, is_more):
    theirs = {"type": "object", "properties": {"id": {"$ref": "#/ids"}}, "enum": ["A", "C"], "description": "x"}
    assert bool(says_more(ours, theirs, {"ids": {"type": "string"}})) == is_more


if SPECS.is_dir():  # only where the vendors' own documents are, there is something to compare with

    @pytest.mark.parametrize("name", VENDORS)
    def test_our_document_says_nothing_that_the_vendors_does_not(name):
        theirs = yaml.safe_load(PUBLISHED[name].read_text())
        ours = DOCUMENTS[name]
        found = []
        for path, methods in ours["paths"].items():
            whole_item = theirs["paths"][path]
            for method, operation in methods.items():
                other = dict(whole_item[method])
                other["parameters"] = [*whole_item.get("parameters", []), *other.get("parameters", [])]
                found += says_more(operation, other, theirs, (path, method))
        for kind in ("schemas", "securitySchemes"):
            found += says_more(ours["components"][kind], theirs["components"][kind], theirs, (kind,))
        assert found == []
