"""Typed placeholders in paths, parameters, headers and bodies of operations, and form encoding.

A string that is exactly ``{name}`` becomes the variable itself, with its type; inside a longer string it becomes text.
``{name|default}`` gives a default; ``{{`` and ``}}`` are literal braces. An entry ``"..."`` puts the entries of its
value beside its own: ``{"id": "{external_id}", "...": "{record}"}``.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from .errors import ConfigurationError, _lt

_TOKEN = re.compile(r"(\{\{|\}\})|\{([A-Za-z_][A-Za-z0-9_]*)(?:\|([^{}]*))?\}|([{}])")
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
        if match[4]:
            raise TemplateError(
                _lt("Unbalanced %(brace)s in %(text)s: write %(twice)s for a literal brace."),
                brace=match[4],
                text=repr(text),
                twice=match[4] * 2,
            )
        yield match[1][0] if match[1] else match
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
    value = variables.get(match[2])
    if value is not None:
        return value
    if match[3] is None:
        return _LEFT_OUT
    return _literal(match[3]) if alone else match[3]


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

    :raises TemplateError: a variable is missing, empty, or a dot segment: the path would name another resource
        (``DELETE /records/`` for an empty external id)
    """
    return "".join(
        token if isinstance(token, str) else _segment(token, _value(token, variables, alone=False), template)
        for token in _tokens(template)
    )


def _segment(match, value, template) -> str:
    text = "" if value is _LEFT_OUT else text_of(value)
    if text in ("", ".", ".."):
        raise TemplateError(
            _lt("The path %(path)s needs a value for {%(name)s}, and got %(text)s."),
            path=repr(template),
            name=match[2],
            text=repr(text),
        )
    return quote(text, safe="")


def placeholders(template) -> set[str]:
    """Names of all placeholders in a template.

    :raises TemplateError: unbalanced braces
    """
    if isinstance(template, str):
        return {token[2] for token in _tokens(template) if isinstance(token, re.Match)}
    if isinstance(template, dict):
        template = template.values()
    elif not isinstance(template, (list, tuple)):
        return set()
    return set().union(*map(placeholders, template))


def validate(template, allowed) -> None:
    """Check a template before it is stored.

    :raises TemplateError: unbalanced braces, a placeholder that is not among ``allowed``, or an entry ``"..."`` that is
        no object
    """
    _check_spreads(template)
    unknown = sorted(placeholders(template) - set(allowed))
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in sorted(allowed))
        raise TemplateError(
            _lt("Unknown placeholder %(names)s. Known here: %(known)s."), names=names, known=known or "-"
        )


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
