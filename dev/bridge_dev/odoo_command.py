"""`./dev/odoo ARGS`: the set-up Odoo, by default on this clone's own database."""

import json
import os

from . import console
from .network import LOOPBACK, free_port
from .workplace import Workplace

USUAL_PORT = 8069


def main(arguments):
    """Become Odoo; does not return."""
    workplace = Workplace()
    runner = workplace.odoo
    options = list(arguments)
    database = _value(options, "-d", "--database")
    if not database:
        database = workplace.clone.database("dev")
        options += ["-d", database]
        if not workplace.databases.exists(database):
            with console.step(f"making the database {database}"):
                workplace.databases.copy_installed("dev")
    if _serves(options):
        port = _value(options, "-p", "--http-port")
        if not port:
            port = free_port(USUAL_PORT)
            options += ["--http-port", str(port)]
        console.say(f"Odoo at http://{LOOPBACK}:{port} (admin / admin), database {database}")
        note_running(workplace.clone, os.getpid(), int(port), database)
    command = runner.command(options)
    os.execve(command[0], command, runner.environment)


def note_running(clone, pid, port, database):
    """Leave word for ./dev/shot that this process serves `database` on `port`."""
    (clone.folder / "running.json").write_text(json.dumps({"pid": pid, "port": port, "database": database}))


def _serves(options):
    first = options[0] if options else ""
    return (first.startswith("-") or first in ("", "server")) and not {
        "--stop-after-init",
        "--no-http",
        "--version",
        "--help",
        "-h",
    } & set(options)


def _value(options, *names):
    """Return the value of the option given as `-d x`, `-dx`, `--database x` or `--database=x`, or None."""
    for position, option in enumerate(options):
        for name in names:
            if option == name:
                return options[position + 1] if position + 1 < len(options) else None
            glued = name if not name.startswith("--") else name + "="
            if option.startswith(glued) and not (glued == name and option.startswith("--")):
                return option[len(glued) :]
    return None
