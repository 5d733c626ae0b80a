"""`./dev/bench NAME [--json]`: run `dev/benchmarks/NAME.py` inside the set-up Odoo's Python; or all, and compare."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from . import floors
from .cache import REPOSITORY
from .errors import SetupError
from .test_run import system_environment
from .workplace import Workplace

FOLDER = REPOSITORY / "dev" / "benchmarks"
FLOORS = FOLDER / "floors.json"
# A machine may be busy for a while; a slower product is slow each time.
ATTEMPTS = 3


def main(arguments):
    """Run one benchmark, or all of them; return the exit code. Further arguments are the benchmark's own."""
    parser = argparse.ArgumentParser(prog="./dev/bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("name", nargs="?", help="one of: " + (", ".join(names()) or "none yet"))
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument(
        "--check", action="store_true", help="all of them, short; fails when a ratio fell or a row left"
    )
    parser.add_argument("--renew", action="store_true", help=f"write {FLOORS.name} anew, from {ATTEMPTS} short runs")
    options, rest = parser.parse_known_args(arguments)
    if not (options.check or options.renew) and options.name not in names():
        raise SetupError(f"There is no benchmark {options.name}", f"choose one of: {', '.join(names()) or 'none yet'}")
    chosen = [options.name] if options.name else names()
    if not set(chosen) <= set(names()):
        raise SetupError(f"There is no benchmark {options.name}", f"choose one of: {', '.join(names())}")
    runner = Runner(Workplace())
    if options.renew:
        return renew(runner, chosen)
    if options.check:
        return check(runner, chosen)
    return subprocess.run(
        runner.command(options.name, "json" if options.json else "table", rest), **runner.how
    ).returncode


class Runner:
    """Runs benchmarks in Odoo's Python.

    :param Workplace workplace: the set-up
    """

    def __init__(self, workplace):
        self.workplace = workplace
        self.how = {"env": {**os.environ, **system_environment(workplace)}, "cwd": REPOSITORY}

    def command(self, name, style, rest):
        """The command line of one benchmark (list)."""
        script = str(Path(__file__).with_name("bench_run.py"))
        sys.stdout.flush()
        return [self.workplace.odoo_env.python, script, str(FOLDER / f"{name}.py"), style, *rest]

    def short(self, name):
        """Run the short form of one benchmark, and show its rows.

        :return: its rows; None if it broke
        :rtype: list[dict] | None
        """
        print(f"== {name}", flush=True)
        rows = []
        command = self.command(name, "json", ["--short"])
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **self.how) as process:
            for line in process.stdout:
                rows.append(json.loads(line))
                print(shown(rows[-1]), flush=True)
        return None if process.returncode else rows


def shown(row):
    """One row of the table (str)."""
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f} x {row['against']}"
    return f"{row['name']:<44} {row['value']:>14,.1f} {row['unit']:<12} {ratio}"


def check(runner, chosen):
    """Run benchmarks in their short form, and hold their ratios against the stored ones; return the exit code.

    One that has fallen is measured again, and the best of all attempts counts.
    """
    stored, failed = json.loads(FLOORS.read_text()), []
    for name in chosen:
        attempts, wrong = [], {}
        for _attempt in range(ATTEMPTS):
            rows = runner.short(name)
            if rows is None:
                wrong = {"it": "broke"}
                break
            attempts.append(floors.ratios(rows))
            wrong = floors.problems(stored.get(name, {}), floors.best(attempts))
            if not wrong:
                break
        failed += [f"{name}: {row} {problem}" for row, problem in wrong.items()]
    for problem in failed:
        print(f"error: {problem}", flush=True)
    return 1 if failed else 0


def renew(runner, chosen):
    """Store the medians of several short runs; return the exit code."""
    stored = json.loads(FLOORS.read_text()) if FLOORS.exists() else {}
    for name in chosen:
        attempts = [runner.short(name) for _attempt in range(ATTEMPTS)]
        if None in attempts:
            print(f"error: {name} broke", flush=True)
            return 1
        attempts = [floors.ratios(rows) for rows in attempts]
        stored[name] = {row: _figure(statistics.median(one[row] for one in attempts)) for row in attempts[0]}
    FLOORS.write_text(json.dumps(dict(sorted(stored.items())), indent=2) + "\n")
    return 0


def _figure(ratio):
    """A ratio with the three digits that say anything."""
    return float(f"{ratio:.3g}")


def names():
    """Return the names of the benchmarks."""
    return sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
