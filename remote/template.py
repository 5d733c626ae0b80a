"""Typed placeholders in paths, parameters, headers and bodies of operations, and form encoding.

A string that is exactly ``{name}`` becomes the variable itself, with its type; inside a longer string it becomes text.
``{name|default}`` gives a default; ``{{`` and ``}}`` are literal braces. An entry ``"..."`` puts the entries of its
value beside its own: ``{"id": "{external_id}", "...": "{record}"}``. In a path, ``{+name}`` keeps the slashes of a
value.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote

from .errors import ConfigurationError, _lt

_TOKEN = re.compile(
    r"(?P<doubled>\{\{|\}\})|\{(?P<plus>\+?)(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\|(?P<default>[^{}]*))?\}|(?P<brace>[{}])"
)
# What {+name} leaves as it is: the signs that mean something in a path, and what is percent-encoded already.
_IN_PATH = "/:@!$&'()*+,;="
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LEFT_OUT = object()
SPREAD = "..."


class TemplateError(ConfigurationError):
    """A template that can not be read, or not be rendered with these variables."""


def text_of(value) -> str:
    """A value as text of a parameter: ``true``/``false``, numbers as in JSON, objects and lists as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (bool, dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _tokens(text: str):
    """Yield literal strings, and matches of placeholders.

    :raises TemplateError: a brace that is neither doubled nor part of a placeholder
    """
    position = 0
    for match in _TOKEN.finditer(text):
        yield text[position : match.start()]
        if match["brace"]:
            raise TemplateError(
                _lt("Unbalanced %(brace)s in %(text)s: write %(twice)s for a literal brace."),
                brace=match["brace"],
                text=repr(text),
                twice=match["brace"] * 2,
            )
        yield match["doubled"][0] if match["doubled"] else match
        position = match.end()
    yield text[position:]


def _literal(text: str):
    """A default of a placeholder that stands alone: a JSON literal if it reads as one, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _value(match, variables, alone):
    """Value of one placeholder, or ``_LEFT_OUT``."""
    value = variables.get(match["name"])
    if value is not None:
        return value
    if match["default"] is None:
        return _LEFT_OUT
    return _literal(match["default"]) if alone else match["default"]


def _render_text(text: str, variables):
    tokens = [token for token in _tokens(text) if token != ""]
    if len(tokens) == 1 and isinstance(tokens[0], re.Match):
        return _value(tokens[0], variables, alone=True)
    parts = [token if isinstance(token, str) else _value(token, variables, alone=False) for token in tokens]
    return _LEFT_OUT if _LEFT_OUT in parts else "".join(map(text_of, parts))


def _render(template, variables):
    if isinstance(template, str):
        return _render_text(template, variables)
    if isinstance(template, dict):
        rendered = {}
        for name, value in template.items():
            value = _render(value, variables)
            if value is not _LEFT_OUT:
                rendered.update(_entries(value) if name == SPREAD else {name: value})
        return rendered
    if isinstance(template, (list, tuple)):
        return [item for item in (_render(value, variables) for value in template) if item is not _LEFT_OUT]
    return template


def _entries(value):
    if not isinstance(value, dict):
        raise TemplateError(
            _lt("“...” puts the entries of an object beside others, and %(value)s is none."), value=repr(value)[:80]
        )
    return value


def render(template, variables: dict):
    """Fill the placeholders of a JSON-like template.

    An entry or item that needs a variable which is None or missing, and gives no default, is left out. Values are never
    read as templates themselves. Names of entries are not templates.

    :return: the filled template; None if all of it is one missing variable
    :raises TemplateError: unbalanced braces, or what is to be put beside other entries has none
    """
    rendered = _render(template, variables)
    return None if rendered is _LEFT_OUT else rendered


def render_path(template: str, variables: dict) -> str:
    """Fill the placeholders of a path; each value is percent-encoded as one segment (RFC 3986 section 3.3).

    ``{+name}`` is a path itself, as the other system wrote it (RFC 6570 section 3.2.3): its slashes stay.

    :raises TemplateError: a variable is missing, empty, or a dot segment: the path would name another resource
        (``DELETE /records/`` for an empty external id)
    """
    return "".join(
        token if isinstance(token, str) else _segment(token, _value(token, variables, alone=False), template)
        for token in _tokens(template)
    )


def _segment(match, value, template) -> str:
    text = "" if value is _LEFT_OUT else text_of(value)
    if match["plus"]:
        # "%2e" is a dot, too (RFC 3986 section 6.2.2.2).
        text = text.removeprefix("/")
        parts = [unquote(part) for part in text.split("/")]
        encoded = quote(_BARE_PERCENT.sub("%25", text), safe=f"{_IN_PATH}%")
    else:
        parts, encoded = [text], quote(text, safe="")
    if any(part in ("", ".", "..") for part in parts[:-1]) or parts[-1] in (".", "..") or not any(parts):
        raise TemplateError(
            _lt("The path %(path)s needs a value for {%(name)s}, and got %(text)s."),
            path=repr(template),
            name=match["name"],
            text=repr(text),
        )
    return encoded


def placeholders(template) -> set[str]:
    """Names of all placeholders in a template.

    :raises TemplateError: unbalanced braces
    """
    if isinstance(template, str):
        return {token["name"] for token in _tokens(template) if isinstance(token, re.Match)}
    if isinstance(template, dict):
        template = template.values()
    elif not isinstance(template, (list, tuple)):
        return set()
    return set().union(*map(placeholders, template))


def validate(template, allowed, in_path=False) -> None:
    """Check a template before it is stored.

    :param bool in_path: is it a path, in which ``{+name}`` means something
    :raises TemplateError: unbalanced braces, a placeholder that is not among ``allowed``, an entry ``"..."`` that is
        no object, or ``{+name}`` where it means nothing
    """
    _check_spreads(template)
    if not in_path and (plus := next(_with_plus(template), None)):
        raise TemplateError(_lt("{+%(name)s} keeps slashes in a path; write {%(name)s} here."), name=plus)
    unknown = sorted(placeholders(template) - set(allowed))
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in sorted(allowed))
        raise TemplateError(
            _lt("Unknown placeholder %(names)s. Known here: %(known)s."), names=names, known=known or "-"
        )


def _with_plus(template):
    """Names of the placeholders that are written ``{+name}``."""
    if isinstance(template, str):
        yield from (token["name"] for token in _tokens(template) if isinstance(token, re.Match) and token["plus"])
    for inner in template.values() if isinstance(template, dict) else template if isinstance(template, list) else ():
        yield from _with_plus(inner)


def _check_spreads(template):
    if isinstance(template, dict):
        spread = template.get(SPREAD, {})
        if not isinstance(spread, dict) and spread != "{record}":
            _entries(spread)
        template = list(template.values())
    for inner in template if isinstance(template, (list, tuple)) else ():
        _check_spreads(inner)


def form_encode(body) -> list[tuple[str, str]]:
    """Pairs of a form-encoded body, nested as Stripe and PHP do: ``metadata[key]``, ``items[0][price]``.

    Booleans are ``true``/``false``, None is the empty text (which clears a value), an empty list or object is nothing.

    :raises TemplateError: the body is not an object
    """
    if not isinstance(body, dict):
        raise TemplateError(_lt("A form-encoded body must be an object with names and values."))
    return [pair for name, value in body.items() for pair in _form_pairs(str(name), value)]


def _form_pairs(name, value):
    if isinstance(value, (dict, list, tuple)):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in entries:
            yield from _form_pairs(f"{name}[{key}]", item)
    else:
        yield name, text_of(value)
