"""CSV, as in RFC 4180 and as it really comes: each row is an object of texts by the names in the first row."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
from collections import Counter

from .. import document
from ..errors import ConfigurationError, ProtocolError, _lt
from ..options import Option, OptionError
from ..template import text_of
from .base import Form, form

_DELIMITERS = ",;\t|"
_WEB_PAGE = re.compile(r"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
_LARGEST_CELL = 500 * 1024 * 1024  # the size of an answer is limited as a whole
_SHOWN = 200  # characters of the names of columns
_SHAPE = {
    "quote": Option(_lt("Quotation mark around cells; an empty text: none"), "text", '"'),
    "header": Option(_lt("Is the first row that of the names"), "flag", True),
    "columns": Option(_lt("Names of the columns, in place of those in the first row"), "names"),
}


@form
class Csv(Form):
    """``id,name`` in the first row, ``1,Ann`` in the second."""

    name = "csv"
    label = _lt("CSV")
    content_type = "text/csv"
    media = ("text/csv", "application/csv", "text/tab-separated-values")
    suffixes = (".csv", ".tsv")
    streams = True
    answer_options = {
        "delimiter": Option(_lt("Character between cells, if the first row leaves a doubt")),
        **_SHAPE,
    }
    body_options = {
        "delimiter": Option(_lt("Character between cells"), "text", ","),
        **_SHAPE,
        "encoding": Option(_lt("Character set"), "text", "utf-8"),
    }

    def _check(self):
        delimiter, quote = self.options["delimiter"], self.options["quote"]
        if delimiter is not None and (len(delimiter) != 1 or delimiter in "\r\n" or delimiter == quote):
            raise OptionError(_lt('delimiter: write one character, such as ";" or "\\t".'))
        if len(quote) > 1 or quote in ("\r", "\n"):
            raise OptionError(_lt("quote: write one character, or an empty text."))
        columns = self.options["columns"] or []
        if len(set(columns)) < len(columns) or "" in columns:
            raise OptionError(_lt("columns: each needs a name of its own."))
        if not (columns or self.options["header"]):
            raise OptionError(_lt("columns: they are needed where the first row is not that of the names."))
        try:
            "".encode(self.options.get("encoding") or "utf-8")
        except LookupError as error:
            raise OptionError(_lt("encoding: there is no %(name)s."), name=repr(self.options["encoding"])) from error

    # --- Answers

    def read(self, text, host):
        if text.lstrip()[:1] in ("{", "["):  # what is answered in place of a table, such as an error
            with contextlib.suppress(ProtocolError):
                return document.parse(text, host)
        if _WEB_PAGE.match(text):
            raise ProtocolError("not_csv", "html", host=host)
        return document.storable(list(self._rows(io.StringIO(text, newline=""), host)))

    def stream(self, file, content_type, host, place):
        for row in self._rows(self.lines(file, content_type, host), host):
            yield document.storable(row)

    def _rows(self, lines, host):
        """Rows as objects.

        :param lines: a file of text
        :raises ProtocolError: ``not_csv``: a row does not fit; ``no_column``
        """
        first = lines.readline()
        csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))
        dialect = self._dialect(self.options["delimiter"] or self._delimiter(first, host))
        reader = csv.reader(itertools.chain([first], lines), strict=True, **dialect)
        names, is_empty = None, True
        try:
            for row in reader:
                if not row:
                    continue
                if names is None:
                    names = self._names(row, host)
                    if self.options["header"]:
                        continue
                if len(row) != len(names):
                    raise ProtocolError(
                        "not_csv", "cells", host=host, row=reader.line_num, cells=len(row), columns=len(names)
                    )
                is_empty = False
                yield dict(zip(names, row, strict=True))
        except csv.Error as error:
            raise ProtocolError("not_csv", host=host, row=reader.line_num, problem=str(error)) from error
        if is_empty and len(names) == 1 and not self.needed:  # it may be a sentence, such as that a session has expired
            raise ProtocolError("not_csv", "sentence", host=host)

    def _dialect(self, delimiter):
        quote = self.options["quote"]
        quoting = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
        return {"delimiter": delimiter, **quoting}

    def _delimiter(self, first, host):
        """The one character of the first row that can stand between cells.

        :raises ProtocolError: there are several such characters
        """
        quote = re.escape(self.options["quote"])
        bare = re.sub(f"{quote}.*?({quote}|$)", "", first) if quote else first
        found = [one for one in _DELIMITERS if one in bare]
        if len(found) > 1:
            raise ProtocolError("not_csv", "delimiter", host=host, found=" ".join(map(repr, found)))
        return found[0] if found else ","

    def _names(self, first, host):
        """Names of the columns; one that has none is called by its number: ``c3``."""
        said = self.options["columns"] or [cell.strip() for cell in first]
        names = [name or f"c{number}" for number, name in enumerate(said, 1)]
        twice = [name for name, times in Counter(names).items() if times > 1]
        shown = ", ".join(names)[:_SHOWN]
        if len(names) != len(first):
            raise ProtocolError("not_csv", "cells", host=host, row=1, cells=len(first), columns=len(names))
        if twice:
            raise ProtocolError("not_csv", "twice", host=host, name=twice[0])
        for name in self.needed:
            if name not in names:
                raise ProtocolError("no_column", host=host, name=name, names=shown)
        return names

    def telling(self, found):
        """A table tells no failure; what came in its place may."""
        return found if isinstance(found, dict) else None

    # --- Bodies

    def check_template(self, template):
        if isinstance(template, str) and "{" not in template:
            raise ConfigurationError(
                _lt('The body of a table is "{records}", "{record}", or an object or list of such.')
            )

    def write(self, value):
        rows = value if isinstance(value, (list, tuple)) else [value]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("a row of a table is an object")
        names = self.options["columns"] or list(rows[0] if rows else ())
        for row in rows:
            if strange := [name for name in row if name not in names]:
                raise ValueError(f"“{strange[0]}” is none of the columns; name all of them in the option “columns”")
            if not self.options["columns"] and len(row) < len(names):
                raise ValueError("rows have different columns; name all of them in the option “columns”")
        file = io.StringIO(newline="")
        writer = csv.writer(file, **self._dialect(self.options["delimiter"]))
        if self.options["header"]:
            writer.writerow(names)
        try:
            writer.writerows([_cell(name, row.get(name)) for name in names] for row in rows)
        except csv.Error as error:  # a delimiter in a cell, and no quotation marks
            raise ValueError(str(error)) from error
        encoding = self.options["encoding"]
        return file.getvalue().encode(encoding), f"{self.content_type}; charset={encoding}"


def _cell(name, value):
    if isinstance(value, (list, tuple, dict)):
        raise ValueError(f"“{name}” is a list or an object, which no cell can hold")
    return text_of(value)
