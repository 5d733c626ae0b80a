"""`./dev/test [OPTIONS] [PYTEST ARGUMENTS]`: unit tests, Odoo tests, system tests, and one sum."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from . import chromium
from .cache import REPOSITORY
from .workplace import Workplace

PARTS = ("unit", "odoo", "system")
CRASH_TESTS = ("crash", "push_crash", "limits", "radicale", "directus")
CRASH_TESTS = tuple(f"tests/system/test_{name}.py" for name in CRASH_TESTS)
SOAK_TEST = "tests/system/test_soak.py"
SOAK_STEPS = "2000"
CRASHES = {"BRIDGE_CRASHES": "200", "BRIDGE_PUSH_CRASHES": "1000", "BRIDGE_SYSTEM_CRASHES": "50"}
MOST_AT_ONCE = 4  # each has a database, a browser now and then, and a gigabyte of memory
NO_TESTS = 5  # pytest's exit code when it collected nothing (or everything was deselected)
# What Odoo and pytest-odoo say when a browser test was left out.
BROWSER_SKIPS = re.compile(r"chrom|browser|websocket|odoo-http", re.I)


@dataclass
class Result:
    """What one part came to. `skips` are the reasons given for skipped tests."""

    passed: int = 0
    failed: int = 0
    skips: list = field(default_factory=list)
    exit_code: int = 0

    def __add__(self, other):
        code = self.exit_code or other.exit_code
        return Result(self.passed + other.passed, self.failed + other.failed, self.skips + other.skips, code)


def main(arguments):
    """Run the tests; return the exit code."""
    parser = argparse.ArgumentParser(prog="./dev/test", description=__doc__, allow_abbrev=False)
    parser.add_argument("--fast", action="store_true", help="unit tests only: no Odoo, no PostgreSQL")
    parser.add_argument(
        "--crash", action="store_true", help="the tests of crashes and limits alone, long: 1,300 kills, and lossy"
    )
    parser.add_argument(
        "--lossy", action="store_true", help="the Odoo tests alone, every transaction that may be done again lost once"
    )
    parser.add_argument("--soak", action="store_true", help=f"the two-sided soak alone, long: {SOAK_STEPS} steps")
    parser.add_argument(
        "--strict", action="store_true", help="a skipped browser test is a failure (default when CI=true)"
    )
    options, rest = parser.parse_known_args(arguments)
    if options.crash:
        for name, number in CRASHES.items():
            os.environ.setdefault(name, number)
        rest = [*rest, *(() if any(map(part_of, rest)) else CRASH_TESTS)]
    if options.lossy:
        os.environ["BRIDGE_LOSSY"] = "1"
        rest = [*rest, *(() if any(map(part_of, rest)) else odoo_tests())]
    if options.soak:
        os.environ.setdefault("BRIDGE_SOAK", SOAK_STEPS)
        rest = [*rest, *(() if any(map(part_of, rest)) else [SOAK_TEST])]
    strict = options.strict or os.environ.get("CI") == "true"
    started = time.monotonic()
    workplace = Workplace()
    total = Result()
    for part in chosen_parts(rest, options.fast):
        print(f"== {part} tests", flush=True)
        total += globals()[f"_run_{part}"](workplace, [arg for arg in rest if _belongs(arg, part)])
    if options.crash and not any(map(part_of, arguments)):
        print("== odoo tests, every transaction lost once", flush=True)
        os.environ["BRIDGE_LOSSY"] = "1"
        total += _run_odoo(workplace, [])
    return _conclude(total, strict, time.monotonic() - started)


def chosen_parts(arguments, fast=False):
    """Return the parts to run: those that a path among `arguments` lies in, else all."""
    named = {part for part in map(part_of, arguments) if part}
    return [part for part in PARTS if (part == "unit" or not fast) and (not named or part in named)]


def part_of(argument):
    """Return the part that a path (or pytest node id) belongs to, or None when it is no path to tests."""
    path = argument.split("::")[0]
    if argument.startswith("-") or not (REPOSITORY / path).exists():
        return None
    relative = os.path.relpath(REPOSITORY / path, REPOSITORY).split(os.sep)
    if relative[0] != "tests" or len(relative) < 2:
        return None
    return relative[1] if relative[1] in ("unit", "system") else "odoo"


def _belongs(argument, part):
    return part_of(argument) in (None, part)


def odoo_tests():
    """The files of the Odoo tests, below the repository.

    :rtype: list[str]
    """
    return [str(test.relative_to(REPOSITORY)) for test in sorted(REPOSITORY.glob("tests/test_*.py"))]


def side_by_side(arguments):
    """The options that spread all tests of a part over the machine's cores; none where `arguments` say how many.

    :rtype: list[str]
    """
    if any(argument.startswith("-n") for argument in arguments):
        return []
    return ["-n", str(min(os.cpu_count() or 1, MOST_AT_ONCE)), "--dist", "loadscope"]


def _run_unit(workplace, arguments):
    # pytest-odoo is installed there, Odoo is not.
    return _pytest("unit", workplace.small_env.python, ["-p", "no:odoo", *arguments], REPOSITORY, {})


def _run_odoo(workplace, arguments):
    if not odoo_tests():
        return Result()
    chromium.prepare(workplace.cache)
    database = workplace.clone.database("test")
    options = ["--odoo-database", database, "--odoo-config", str(workplace.odoo.config), "--odoo-http"]
    if not any(map(part_of, arguments)):
        arguments = [*odoo_tests(), *arguments]
    if set(odoo_tests()) <= set(arguments):
        arguments = [*side_by_side(arguments), *arguments]
    # pytest-odoo copies the database for each of the processes, with PostgreSQL's own commands. They share one
    # filestore: what two would write there at once (the assets) is in the database already.
    variables = dict(workplace.odoo.environment)
    variables["PATH"] = os.pathsep.join([str(workplace.postgres.binaries), variables["PATH"]])
    # Through the link (and not with it as the working folder, which Python would resolve), so that the folder's name is
    # the addon's.
    through_link = [f"integration_bridge/{argument}" if part_of(argument) else argument for argument in arguments]
    folder = workplace.clone.link()
    with workplace.cache.lock(database):
        workplace.databases.copy_installed("test")
        return _pytest("odoo", workplace.odoo_env.python, [*options, *through_link], folder, variables)


def _run_system(workplace, arguments):
    if not (REPOSITORY / "tests" / "system").is_dir():
        return Result()
    environment = system_environment(workplace)
    return _pytest("system", workplace.odoo_env.python, ["-p", "no:odoo", *arguments], REPOSITORY, environment)


def system_environment(workplace):
    """Return the variables by which tests and benchmarks find the set-up (see dev/README.md)."""
    return {
        **workplace.postgres.environment,
        "PYTHONPATH": str(REPOSITORY / "dev"),
        "BRIDGE_CACHE": str(workplace.cache.root),
        "BRIDGE_PYTHON": workplace.odoo_env.python,
        "BRIDGE_ODOO_CONFIG": str(workplace.odoo.config),
        "BRIDGE_TEMPLATE": workplace.databases.prepare_template(),
        "BRIDGE_INSTALLED": workplace.databases.prepare_installed(),
        "BRIDGE_DATABASE_PREFIX": workplace.clone.database(""),
        "BRIDGE_SERVERS_PYTHON": workplace.servers_env.python,
        "BRIDGE_CHROMIUM": workplace.chromium,
    }


def _pytest(part, python, arguments, folder, environment):
    """Run pytest on one part; it prints what it does, we count by its JUnit report."""
    command = [python, "-m", "pytest", "-p", "no:cacheprovider"]
    if part != "odoo":
        command += ["-c", f"tests/{part}/pytest.ini", "--rootdir", str(REPOSITORY)]
        if not any(map(part_of, arguments)):
            command.append(f"tests/{part}")
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.xml")
        variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
        command += ["--junitxml", str(report), *arguments]
        code = subprocess.run(command, cwd=folder, env=variables).returncode
        result = _counted(report)
    if code not in (0, NO_TESTS):
        result.exit_code = code
        # pytest may stop before it counts anything (a plugin, a wrong option): that is a failure, too.
        result.failed = max(result.failed, 1)
    return result


def _counted(report):
    result = Result()
    if not report.exists():
        return result
    for case in ElementTree.parse(report).iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
        elif skipped is not None:
            result.skips.append(f"{case.get('name')}: {skipped.get('message')}")
        else:
            result.passed += 1
    return result


def _conclude(total, strict, seconds):
    browser = [reason for reason in total.skips if BROWSER_SKIPS.search(reason)] if strict else []
    for reason in browser:
        print(f"error: a browser test was skipped: {reason}")
    failed = total.failed + len(browser)
    print(f"== {seconds:.0f} s")
    print(f"{total.passed} passed, {failed} failed, {len(total.skips) - len(browser)} skipped", flush=True)
    if not total.passed and not failed:
        sys.stderr.write("error: No test was run; check the path or the -k expression\n")
        return 1
    return 1 if failed else total.exit_code
