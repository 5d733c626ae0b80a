"""What stands in a large answer beside its records."""

from __future__ import annotations

from typing import NamedTuple


class Aside(NamedTuple):
    """An entry that may tell a failure, see ``told.py``; without a name: a document that may be a record as well."""

    name: str | None
    value: object
