"""JSON, and the form of web pages."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from .. import document
from ..errors import _lt
from ..template import form_encode
from .base import AUTO, Form, form


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

    def read(self, text, host):
        return document.parse(text, host)

    def write(self, value):
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode(), self.content_type


@form
class WebForm(Form):
    """``name=Ann&address[city]=Paris``."""

    name = "form"
    label = _lt("Form")
    content_type = "application/x-www-form-urlencoded"
    body_options = {}

    def write(self, value):
        return urlencode(form_encode(value)).encode(), self.content_type
