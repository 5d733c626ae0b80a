"""Is a document a definition that can be imported? Every mistake is named with its place."""

import functools
import json
from pathlib import Path

import jsonschema

from odoo.exceptions import UserError

from ..mapping.converters import CONVERTERS
from ..remote import formats
from ..remote.auth import SCHEMES
from ..remote.document import storable
from ..remote.pagination import PAGINATORS
from ..remote.webhooks import HOOK_SCHEMES
from .names import parents_first

SHOWN_PROBLEMS = 20


@functools.cache
def _schema():
    return json.loads(Path(__file__).with_name("schema.json").read_text())


def check(env, document):
    """Look for mistakes.

    :param dict document: see ``schema.json``
    :raises UserError: naming every problem and its place
    """
    validator = jsonschema.Draft202012Validator(_schema())
    errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    problems = [f"{_place(error.absolute_path)}: {error.message[:300]}" for error in errors]
    problems = list(_unstorable(env, document)) or problems or list(_unknown_names(env, document))
    if problems:
        raise UserError(
            env._(
                "This is not a connector definition that can be imported. Nothing was changed.\n\n%s",
                "\n".join(problems[:SHOWN_PROBLEMS]),
            )
        )


def _unstorable(env, document, path=()):
    """Texts with characters that PostgreSQL does not keep."""
    if isinstance(document, str) and storable(document) != document:
        yield env._(
            "%s: it has a character that can not be kept, NUL or half of a surrogate pair. Take it away.", _place(path)
        )
    elif isinstance(document, dict):
        for name, value in document.items():
            yield from _unstorable(env, name, path)
            yield from _unstorable(env, value, (*path, storable(name)))
    elif isinstance(document, list):
        for position, value in enumerate(document):
            yield from _unstorable(env, value, (*path, position))


def _unknown_names(env, document):
    """Names that a schema can not know: schemes, paginators, converters, models and fields."""
    scheme = document["connector"].get("auth", {}).get("scheme", "none")
    if scheme not in SCHEMES:
        yield _unknown(env, "connector.auth.scheme", scheme, SCHEMES)
    codes = [flow["code"] for flow in document["flows"]]
    yield from _unknown_of_webhook(env, document["connector"].get("webhook") or {}, codes)
    placed = [flow["code"] for flow in parents_first(document["flows"])]
    for number, flow in enumerate(document["flows"]):
        place = f"flows[{number}] ({flow['code']})"
        if flow.get("parent") and flow["parent"] not in codes:
            yield _unknown(env, f"{place}.parent", flow["parent"], codes)
        elif flow["code"] not in placed:
            yield env._("%s.parent: a flow can not be inside itself.", place)
        if codes.count(flow["code"]) > 1:
            yield env._("%(place)s.code: “%(code)s” is there twice.", place=place, code=flow["code"])
        model = env.get(flow["model"])
        if model is None:
            yield env._("%(place)s.model: there is no model “%(name)s”.", place=place, name=flow["model"])
        for position, operation in enumerate(flow.get("operations", ())):
            kind = operation.get("pagination", {}).get("type", "none")
            if kind not in PAGINATORS:
                yield _unknown(env, f"{place}.operations[{position}].pagination.type", kind, PAGINATORS)
            for key, known in (("body_format", formats.writable()), ("answer_format", formats.readable())):
                if operation.get(key, "json") not in known:
                    yield _unknown(env, f"{place}.operations[{position}].{key}", operation[key], known)
        names = [mapping["field"] for mapping in flow.get("fields", ())]
        for position, mapping in enumerate(flow.get("fields", ())):
            where = f"{place}.fields[{position}]"
            if mapping["field"] in names[:position]:
                yield env._(
                    "%(place)s.field: “%(name)s” is mapped twice. Take one of the two away; several values, or lists,"
                    " become one with the converter “expression”.",
                    place=where,
                    name=mapping["field"],
                )
            if model is not None and mapping["field"] not in model._fields:
                yield env._(
                    "%(place)s.field: the model %(model)s has no field “%(name)s”.",
                    place=where,
                    model=flow["model"],
                    name=mapping["field"],
                )
            if mapping["converter"] not in CONVERTERS:
                yield _unknown(env, f"{where}.converter", mapping["converter"], CONVERTERS)


def _unknown_of_webhook(env, webhook, codes):
    if webhook and webhook["scheme"] not in HOOK_SCHEMES:
        yield _unknown(env, "connector.webhook.scheme", webhook["scheme"], HOOK_SCHEMES)
    for number, route in enumerate(webhook.get("routes", ())):
        if route["flow"] not in codes:
            yield _unknown(env, f"connector.webhook.routes[{number}].flow", route["flow"], codes)


def _unknown(env, place, name, known):
    return env._(
        "%(place)s: there is no “%(name)s”. Known are: %(known)s.",
        place=place,
        name=name,
        known=", ".join(sorted(known)),
    )


def _place(path):
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "definition"
