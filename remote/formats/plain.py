"""JSON, and the form of web pages."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import ijson

from .. import document
from ..errors import ProtocolError, _lt
from ..template import form_encode
from .aside import Aside
from .base import AUTO, Form, form

_TELLING = ("error", "errors", "success", "ok")  # see told.py


@form
class Auto(Form):
    """An answer in whatever format its Content-Type, or else the name of the file, tells; JSON if neither does."""

    name = AUTO
    label = _lt("As the answer says")
    answer_options = {}


@form
class Json(Form):
    """``{"items": [{"id": 1}]}`` (RFC 8259)."""

    name = "json"
    label = _lt("JSON")
    content_type = "application/json"
    media = ("application/json",)
    suffixes = (".json",)
    answer_options = {}
    body_options = {}
    accept = "application/json"
    streams = True

    def read(self, text, host):
        return document.parse(text, host)

    def stream(self, file, content_type, host, place):
        """Of an array at a plain place; with each entry beside it that may tell a failure."""
        text = _Utf8(self.lines(file, content_type, host))
        wanted, built, at = "item" if place == "@" else f"{place}.item", None, None
        try:
            for prefix, event, value in ijson.parse(text, use_float=True):
                if built is None and event != "map_key" and (prefix == wanted or prefix in _TELLING):
                    built, at = ijson.ObjectBuilder(), prefix
                if built is not None:
                    built.event(event, value)
                    if prefix == at and event not in ("start_map", "start_array", "map_key"):
                        found = self._storable(built.value, host)
                        yield found if at == wanted else Aside(at, found)
                        built = None
        except ijson.JSONError as error:
            raise ProtocolError("not_json", host=host, problem=str(error).splitlines()[0][:200]) from error

    def _storable(self, value, host):
        """As ``read`` would give it: no infinite numbers, nothing that can not be stored."""
        return document.parse(json.dumps(value), host)

    def write(self, value):
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode(), self.content_type


class _Utf8:
    """A file of text as one of bytes, as a parser of JSON wants it."""

    def __init__(self, lines):
        self._lines = lines

    def read(self, size):
        return self._lines.read(size).encode()


@form
class WebForm(Form):
    """``name=Ann&address[city]=Paris``."""

    name = "form"
    label = _lt("Form")
    content_type = "application/x-www-form-urlencoded"
    body_options = {}

    def write(self, value):
        return urlencode(form_encode(value)).encode(), self.content_type
