"""`./dev/bench NAME [--json]`: run `dev/benchmarks/NAME.py` inside the set-up Odoo's Python."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from .cache import REPOSITORY
from .errors import SetupError
from .test_run import system_environment
from .workplace import Workplace

FOLDER = REPOSITORY / "dev" / "benchmarks"


def main(arguments):
    """Run one benchmark; return its exit code. Further arguments are the benchmark's own."""
    parser = argparse.ArgumentParser(prog="./dev/bench", description=__doc__)
    parser.add_argument("name", help="one of: " + (", ".join(names()) or "none yet"))
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    options, rest = parser.parse_known_args(arguments)
    if options.name not in names():
        raise SetupError(f"There is no benchmark {options.name}", f"choose one of: {', '.join(names()) or 'none yet'}")
    workplace = Workplace()
    environment = system_environment(workplace)
    command = [workplace.odoo_env.python, str(Path(__file__).with_name("bench_run.py"))]
    command += [str(FOLDER / f"{options.name}.py"), "json" if options.json else "table", *rest]
    sys.stdout.flush()
    return subprocess.run(command, env={**os.environ, **environment}, cwd=REPOSITORY).returncode


def names():
    """Return the names of the benchmarks."""
    return sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
