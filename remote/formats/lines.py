"""JSON lines: a document on each line (https://jsonlines.org, https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations

import itertools
import json

from .. import document
from ..errors import ProtocolError, _lt
from .aside import Aside
from .base import Form, form

LONGEST = 10 * 1024 * 1024  # characters of a line of a large answer


@form
class JsonLines(Form):
    """``{"id": 1}`` on the first line, ``{"id": 2}`` on the second."""

    name = "jsonl"
    label = _lt("JSON lines")
    content_type = "application/x-ndjson"
    media = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
    suffixes = (".jsonl", ".ndjson")
    streams = True
    answer_options = {}
    body_options = {}

    def read(self, text, host):
        return [self._record(line, number, host) for number, line in enumerate(text.split("\n"), 1) if line.strip()]

    def stream(self, file, content_type, host, place):
        """The last line is held back until it is known to be the last: it may tell a failure."""
        lines, before, last = self.lines(file, content_type, host), None, None
        for number in itertools.count(1):
            line = lines.readline(LONGEST)
            if len(line) == LONGEST:
                raise ProtocolError("not_jsonl", host=host, number=number, problem="it is too long")
            if line.strip():
                if last is not None:
                    yield last
                before, last = last, self._record(line, number, host)
            if not line:
                break
        told = self.telling([one for one in (before, last) if one is not None])
        if told:
            yield Aside(None, told)
        elif last is not None:
            yield last

    def _record(self, line, number, host):
        try:
            record = document.parse(line, host)
        except ProtocolError as error:
            if error.detail == "html":
                raise
            problem = error.values["problem"]
            raise ProtocolError("not_jsonl", host=host, number=number, problem=problem) from error
        if not isinstance(record, dict):
            raise ProtocolError("not_jsonl", "record", host=host, number=number)
        return record

    def empty(self, content_type):
        """Nothing is an empty list only where the answer says that it is in this format."""
        return [] if content_type.partition(";")[0].strip().lower() in self.media else None

    def telling(self, found):
        """A failure stands on a line of its own, the last one, which looks like no record."""
        last = found[-1] if found else {}
        before = found[-2] if len(found or ()) > 1 else {}
        return None if last.keys() & {*before, *self.needed} else last

    def write(self, value):
        records = value if isinstance(value, (list, tuple)) else [value]
        text = "".join(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n" for record in records)
        return text.encode(), self.content_type
