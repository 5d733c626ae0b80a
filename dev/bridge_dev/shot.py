"""`./dev/shot PATH USER FILE [--width N]`: a screenshot of a page of the running Odoo, or of one started for it."""

import argparse
import contextlib
import json
import os
import subprocess
from pathlib import Path

from . import console
from .network import LOOPBACK, Server
from .workplace import Workplace


def main(arguments):
    """Take the screenshot; return the exit code."""
    parser = argparse.ArgumentParser(prog="./dev/shot", description=__doc__)
    parser.add_argument("path", help="such as /odoo/bridge")
    parser.add_argument("user", help="login; demo users: admin, user, operator, administrator")
    parser.add_argument("file", help="PNG file to write")
    parser.add_argument("--width", type=int, default=1366, help="of the window, in pixels (default: %(default)s)")
    parser.add_argument("--height", type=int, default=900, help="at least, in pixels (default: %(default)s)")
    parser.add_argument("--password", help="default: the login")
    parser.add_argument("--database", help="default: the one that is being served, else the demo's, else dev's")
    parser.add_argument("--click", action="append", default=[], help="selector to click first (repeatable)")
    options = parser.parse_args(arguments)
    workplace = Workplace()
    with contextlib.ExitStack() as stack:
        url = _running(workplace, options.database) or _start(workplace, options.database, stack)
        return _shoot(workplace, url, options)


def _shoot(workplace, url, options):
    request = {
        "url": url,
        "path": options.path,
        "login": options.user,
        "password": options.password or options.user,
        "file": str(Path(options.file).absolute()),
        "width": options.width,
        "height": options.height,
        "click": options.click,
        "chromium": workplace.chromium,
    }
    script = Path(__file__).with_name("shot_in_browser.py")
    command = [workplace.small_env.python, str(script)]
    return subprocess.run(command, input=json.dumps(request), text=True).returncode


def _running(workplace, database):
    """Return the address of the Odoo that ./dev/odoo or ./dev/demo serves for this clone, or None."""
    with contextlib.suppress(OSError, ValueError):
        note = json.loads((workplace.clone.folder / "running.json").read_text())
        os.kill(note["pid"], 0)
        server = Server("Odoo", [], note["port"], "/web/health", None)
        if database in (None, note["database"]) and server._ready():
            return server.url
    return None


def _start(workplace, database, stack):
    databases = workplace.databases
    if not database:
        names = [workplace.clone.database(purpose) for purpose in ("demo", "dev")]
        database = next((name for name in names if databases.exists(name)), None) or databases.copy_installed("dev")
    with console.step(f"starting Odoo on {database}"):
        server = stack.enter_context(workplace.odoo.server(database, name="shot"))
    return f"http://{LOOPBACK}:{server.port}"
