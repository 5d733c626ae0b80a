"""GraphQL over HTTP (https://graphql.github.io/graphql-over-http): a query text that stays the same, and its variables.

The body of the operation are the variables, with placeholders. The query text is never a template: what comes from
records can not become part of it.
"""

from __future__ import annotations

import json
import re

from ..errors import ConfigurationError, _lt
from ..options import Option, OptionError
from ..template import SPREAD
from .base import Form, form

_STRING = re.compile(r'"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"')
_COMMENT = re.compile(r"#[^\n]*")
_OPERATION = re.compile(r"\b(?:query|mutation)\b\s*(\w*)")
_VARIABLE = re.compile(r"\$(\w+)\s*:\s*([\w\[\]!]+)\s*(=)?")
_AS_VALUE = re.compile(r":\s*(\{\w+\})")  # an object has a colon, so this is none
_WORDS = "since|limit|page|offset|cursor|external_id|record|records|reference|version"
_IN_STRING = re.compile(r"\{(?:%s)\}" % _WORDS)


@form
class GraphQL(Form):
    """``{"query": "query($after: String) {…}", "variables": {"after": "x7"}}``."""

    name = "graphql"
    label = _lt("GraphQL")
    content_type = "application/json"
    body_options = {
        "query": Option(_lt("The query or mutation; what changes stands in it as a variable")),
        "operation": Option(_lt("Name of the operation to run, where the text has several")),
    }

    def _check(self):
        text = self.options["query"] or ""
        bare = _COMMENT.sub("", _STRING.sub('""', text))
        placeholder = _AS_VALUE.search(bare) or _IN_STRING.search("".join(_STRING.findall(text)))
        if placeholder:
            raise OptionError(
                _lt(
                    "query: %(name)s can not stand in the text of a query. Declare a variable there, such as $value,"
                    ' and give its value in the body: {"value": "…"}.'
                ),
                name=placeholder[placeholder.lastindex or 0],
            )
        if "{" not in bare or any(bare.count(one) != bare.count(other) for one, other in ("{}", "()")):
            raise OptionError(_lt("query: there is no query, or a brace or bracket is not closed."))
        named, wanted = _OPERATION.findall(_without_selections(bare)), self.options["operation"]
        if wanted and wanted not in named:
            raise OptionError(_lt("operation: there is no “%(name)s” in the query."), name=wanted)
        if len(named) > 1 and not wanted:
            raise OptionError(_lt("operation: the query has several; say which is to be run."))
        self._variables = {name: (kind, default) for name, kind, default in _VARIABLE.findall(bare)}

    def check_template(self, template):
        if not isinstance(template, dict):
            raise ConfigurationError(_lt('The body is an object with the variables of the query: {"input": "…"}.'))
        for name in template:
            if name not in self._variables and name != SPREAD:
                raise ConfigurationError(_lt("The query has no variable $%(name)s."), name=name)
        for name, (kind, default) in self._variables.items():
            if kind.endswith("!") and not default and name not in template and SPREAD not in template:
                raise ConfigurationError(_lt("The variable $%(name)s of the query has no value."), name=name)

    def write(self, value):
        document = {"query": self.options["query"], "variables": value}
        if self.options["operation"]:
            document["operationName"] = self.options["operation"]
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode(), self.content_type


def _without_selections(text):
    """The outermost level of a query: what does not stand in braces."""
    outside, depth = [], 0
    for part in re.split(r"([{}])", text):
        if part in ("{", "}"):
            depth += 1 if part == "{" else -1
        elif depth == 0:
            outside.append(part)
    return " ".join(outside)
