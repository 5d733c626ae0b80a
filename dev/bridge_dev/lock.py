"""Resolve `dev/requirements/*.in` into fully pinned `*.txt` files (run with `./dev/lock`)."""

import json
import re
import subprocess
import tempfile
from pathlib import Path

from . import console
from .cache import Cache
from .errors import SetupError
from .python_env import PythonEnv

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
# Names resolved together share one venv, so a package that both need gets one version.
TOGETHER = (("odoo", "bridge"), ("tools",), ("servers",), ("clients",), ("peers",), ("looks",))
# Taken alone: they require Odoo, which is no package here.
WITHOUT_DEPENDENCIES = ("peers", "looks")


def main(arguments):
    """Write all lock files. Run it with the oldest Python that is supported: newer ones take what that one takes."""
    cache = Cache.default()
    pip = PythonEnv(cache, "lock", []).prepare().python
    for names in TOGETHER:
        with console.step(f"resolving {' and '.join(names)}"):
            pins = _resolve(pip, names, {})
            for name in names:
                _write(name, _resolve(pip, [name], pins))
    return 0


def _resolve(python, names, pins):
    """Return {normalised name: (name, version)} of everything that the named `.in` files pull in."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in pins.values()))
        report = Path(folder, "report.json")
        command = [python, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", report]
        command += ["-c", constraints]
        if set(names) <= set(WITHOUT_DEPENDENCIES):
            command.append("--no-deps")
        for name in names:
            command += ["-r", REQUIREMENTS / f"{name}.in"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode:
            raise SetupError(f"pip could not resolve {names}: {done.stderr.strip()[-300:]}", "correct the .in file")
        installs = json.loads(report.read_text())["install"]
    found = ((item["metadata"]["name"], item["metadata"]["version"]) for item in installs)
    return {re.sub(r"[-_.]+", "-", name).lower(): (name, version) for name, version in found}


def _write(name, pins):
    lines = [f"# Made by ./dev/lock from {name}.in; do not edit.\n"]
    lines += [f"{key}=={pins[key][1]}\n" for key in sorted(pins)]
    (REQUIREMENTS / f"{name}.txt").write_text("".join(lines))
