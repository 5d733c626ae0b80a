"""What a vendor's API document allows, served by Prism with our own small data set as its examples."""

import contextlib
import copy
import json

import jsonschema
from bridge_dev import servers
from conftest import ROOT

DOCUMENTS = ROOT / "tests" / "documents"
JSON = "application/json"


def strict(node):
    """A document in which an object may have nothing but what is named, so that a misspelt field is a violation."""
    if isinstance(node, list):
        return [strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: strict(value) for key, value in node.items()}
    if found.get("type") == "object" and "properties" in found:
        found.setdefault("additionalProperties", False)
    return found


def document_of(name, examples):
    """Our document of a vendor with our own examples, which it allows, strict.

    :param dict examples: (method, path) to name of an example to the answer; a request says by the header ``Prefer``
        which it wants
    """
    document = strict(json.loads((DOCUMENTS / f"{name}.json").read_text()))
    for (method, path), answers in examples.items():
        answer = document["paths"][path][method]["responses"]["200"]["content"][JSON]
        for value in answers.values():
            jsonschema.validate(value, {**answer["schema"], "components": document["components"]})
        answer["examples"] = {key: {"value": value} for key, value in answers.items()}
    return document


@contextlib.contextmanager
def served(workplace, folder, name, examples):
    """A Prism with the document.

    :return: context manager that gives the server and a function that tells what it has refused
    """
    place = folder / f"{name}.json"
    place.write_text(json.dumps(document_of(name, examples)))
    with servers.prism(workplace, place) as server:
        yield server, lambda: [line for line in place.with_suffix(".log").read_text().splitlines() if _is_refusal(line)]


def _is_refusal(line):
    """Prism says so of each request; ``/`` is only asked to see whether it answers."""
    return "✖" in line and " get / " not in line


def preferring(definition, prefers):
    """A definition that tells Prism which of its examples is meant: the data set has several pages and records.

    :param dict prefers: (flow, kind of the operation) to the name of the example, with placeholders
    """
    definition = copy.deepcopy(definition)
    for flow in definition["flows"]:
        for operation in flow["operations"]:
            wanted = prefers.get((flow["code"], operation["kind"]))
            if wanted:
                operation["headers"] = {**(operation.get("headers") or {}), "Prefer": f"example={wanted}"}
    return definition
