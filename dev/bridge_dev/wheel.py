"""`./dev/wheel [FOLDER]`: build the wheel, and prove that Odoo loads the addon from it, in a venv without the clone."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from . import console
from .cache import REPOSITORY
from .errors import SetupError
from .odoo_process import OdooRunner
from .python_env import PythonEnv, requirements
from .workplace import Workplace

# Never in the wheel; and what proves that the addon is.
FORBIDDEN = ("dev/", ".ci/", "tests/")  # what tests import would not be there
ADDON = "odoo/addons/integration_bridge/"


def main(arguments):
    """Build and check; the wheel stays in FOLDER when it is given."""
    workplace = Workplace()
    with tempfile.TemporaryDirectory() as scratch:
        with console.step("building the wheel"):
            wheel = build(workplace, scratch)
        check_contents(wheel)
        check_installed(workplace, wheel, Path(scratch))
        print(f"{wheel.name}: Odoo loads the addon from it", flush=True)
        if arguments:
            shutil.copy(wheel, arguments[0])
    return 0


def build(workplace, folder):
    """Build the wheel into `folder`; return its path."""
    command = [workplace.tools_env.python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    _run([*command, "--wheel-dir", str(folder), str(REPOSITORY)], "The wheel could not be built")
    return next(Path(folder).glob("*.whl"))


def check_contents(wheel):
    """Check what is in the wheel.

    :raise SetupError: something is in it that must not be, or the addon is not.
    """
    names = zipfile.ZipFile(wheel).namelist()
    wrong = [name for name in names if name.removeprefix(ADDON).startswith(FORBIDDEN)]
    if wrong:
        raise SetupError(f"{wheel.name} contains {wrong[0]}", "correct dev/packaging/bridge_wheel.py")
    if ADDON + "__manifest__.py" not in names:
        raise SetupError(f"{wheel.name} has no {ADDON}__manifest__.py", "correct pyproject.toml")


def check_installed(workplace, wheel, scratch):
    """Install the wheel into a clean venv, and from there the addon into a database.

    :raise SetupError: pip can not install it, or Odoo can not load it.
    """
    env = _clean_env(workplace, wheel, scratch)
    runner = OdooRunner(workplace.cache, workplace.source, env, workplace.postgres, workplace.clone)
    runner.config = scratch / "odoo.conf"
    runner.write_config(with_clone=False)
    database = workplace.clone.database("wheel")
    workplace.databases.copy(workplace.databases.prepare_template(), database)
    try:
        with console.step("installing the addon from the wheel"):
            runner.install(database, ["integration_bridge"])
        found = runner.call(database, "where_is_the_addon")
    finally:
        workplace.databases.drop(database)
    if not found["path"] or not Path(found["path"]).is_relative_to(scratch) or found["state"] != "installed":
        raise SetupError(f"Odoo did not load the addon from the wheel, but: {found}", "check the wheel's contents")


def _clean_env(workplace, wheel, scratch):
    """Return a venv with the wheel and its own dependencies; Odoo's packages are visible behind them."""
    odoo_only = PythonEnv(workplace.cache, "odoo-only", ["odoo"]).prepare()
    env = PythonEnv(workplace.cache, "wheel", [], [odoo_only.site_packages, workplace.source.import_path])
    env.folder = scratch / "venv"
    env.prepare()
    command = [env.python, "-m", "pip", "install", "--quiet", "--ignore-installed", str(wheel)]
    _run([*command, "-c", str(requirements("bridge"))], "The wheel could not be installed")
    return env


def _run(command, problem):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SetupError(problem, "read what pip said above")
