"""Runs in Odoo's Python: `bench_run.py FILE json|table ARGUMENTS`; prints the rows that FILE's `run` yields.

A benchmark is a file with `run(workplace, arguments)`, a generator of dicts:

    name     what was measured
    value    the number
    unit     of the number, such as "records/s"
    ratio    value divided by the value it is compared with, the larger the better; or None
    against  what it is compared with, or None
"""

import importlib.util
import json
import sys
from pathlib import Path

COLUMNS = ("name", "value", "unit", "ratio", "against")


def _load(path):
    specification = importlib.util.spec_from_file_location(f"bench_{Path(path).stem}", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def main(path, style, *arguments):
    """Run the benchmark in `path`; each row is printed as soon as it is there."""
    from bridge_dev.bench import shown
    from bridge_dev.workplace import Workplace

    for row in _load(path).run(Workplace(), list(arguments)):
        row = {column: row.get(column) for column in COLUMNS}
        print(json.dumps(row) if style == "json" else shown(row), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
