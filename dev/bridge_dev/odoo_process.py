"""Run the set-up Odoo: once, for a script, or as a server."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from .errors import SetupError
from .network import Server, free_port

PREFORK = Path(__file__).with_name("prefork") / "odoo_main.py"
IN_ODOO = Path(__file__).with_name("in_odoo.py")


class OdooRunner:
    """Odoo with one clone's configuration.

    :param OdooSource source: which Odoo.
    :param PythonEnv env: the Python that has its packages.
    :param Postgres postgres: where the databases are.
    :param Clone clone: whose addon is on the addons path.
    """

    def __init__(self, cache, source, env, postgres, clone):
        self.cache = cache
        self.source = source
        self.env = env
        self.postgres = postgres
        self.clone = clone
        self.data_folder = cache.folder("data")
        self.config = clone.folder / "odoo.conf"

    def write_config(self, with_clone=True):
        """Write the configuration file; an unchanged one is left alone.

        :param bool with_clone: whether Odoo shall see the addon in this clone.
        """
        addons_paths = self._addons_folders() if with_clone else []
        options = {
            "addons_path": ",".join(map(str, [*addons_paths, *self.source.addons_paths])),
            "data_dir": self.data_folder,
            "http_interface": "127.0.0.1",
            "list_db": False,
            "without_demo": True,
            "max_cron_threads": 2,
            **self.postgres.odoo_options,
        }
        text = "[options]\n" + "".join(f"{name} = {value}\n" for name, value in options.items())
        if not self.config.exists() or self.config.read_text() != text:
            temporary = self.config.with_suffix(f".{os.getpid()}")
            temporary.write_text(text)
            temporary.rename(self.config)

    def _addons_folders(self):
        return [self.clone.link()]

    @property
    def environment(self):
        """Variables for an Odoo process (dict)."""
        return {**os.environ, **self.postgres.environment, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}

    def command(self, arguments):
        """Return the command line for `odoo ARGUMENTS`; a first word without a dash is Odoo's own subcommand."""
        arguments = [str(argument) for argument in arguments]
        subcommand = arguments[:1] if arguments and not arguments[0].startswith("-") else []
        rest = arguments[len(subcommand) :]
        return [self.env.python, "-m", "odoo", *subcommand, "-c", str(self.config), *rest]

    def install(self, database, modules):
        """Install modules into a database.

        :raise SetupError: Odoo failed, or loaded with errors.
        """
        self.update(database, (), modules)

    def update(self, database, updated, installed):
        """Update and install modules of a database.

        :raise SetupError: Odoo failed, or loaded with errors.
        """
        log = self.cache.log(f"install-{database}")
        modules = [*updated, *installed]
        options = ["-d", database, "--stop-after-init", "--no-http"]
        for option, some in (("-u", updated), ("-i", installed)):
            options += [option, ",".join(some)] if some else []
        with open(log, "w") as output:
            done = subprocess.run(
                self.command(options),
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
            )
        if done.returncode:
            raise SetupError(f"Odoo could not install {', '.join(modules)}: {last_error(log)}", f"read {log}")

    def call(self, database, function, **arguments):
        """Run `in_odoo.<function>(env, **arguments)` inside Odoo; return what it returns (JSON).

        :raise SetupError: it failed.
        """
        return self.call_script(IN_ODOO, database, function, **arguments)

    def call_script(self, script, database, function, **arguments):
        """The same for the function of any script next to this file."""
        log = self.cache.log(f"call-{function}")
        with tempfile.NamedTemporaryFile("r", suffix=".json") as answer, open(log, "w") as output:
            command = [self.env.python, str(IN_ODOO), str(self.config), database, str(script), function, answer.name]
            done = subprocess.run(
                command,
                input=json.dumps(arguments),
                text=True,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
            if done.returncode:
                raise SetupError(f"{function} failed inside Odoo: {last_error(log)}", f"read {log}")
            return json.load(answer)

    def server(self, database, port=None, crons=0, name=None, server_class=Server, workers=0):
        """Return a context manager that serves `database` on loopback.

        :param int port: the port, else a free one.
        :param int crons: number of cron threads; 0 keeps scheduled actions from running by themselves.
        :param int workers: number of processes that answer; 0: one process with threads for everything.
        """
        port = port or free_port()
        # No --db-filter: with it Odoo opens a connection for each call without a session, to list the databases.
        options = ["-d", database, "--http-port", port, "--max-cron-threads", crons]
        command = self.command(options)
        if workers:
            command = [self.env.python, str(PREFORK), *command[3:]]
            command += ["--workers", str(workers), "--gevent-port", str(free_port())]
        log = self.cache.log(f"odoo-{name or database}")
        return server_class("Odoo", command, port, "/web/health", log, env=self.environment, patience=120)


class PeersRunner(OdooRunner):
    """The same Odoo with other people's addons in the place of ours.

    :param PythonEnv packages: where the addons and what they import are installed.
    """

    def __init__(self, cache, source, env, postgres, clone, packages):
        super().__init__(cache, source, env, postgres, clone)
        self.packages = packages.site_packages
        self.config = clone.folder / "peers.conf"

    def _addons_folders(self):
        return [self.packages / "odoo" / "addons"]

    @property
    def environment(self):
        """Variables for an Odoo process (dict)."""
        folders = (os.environ.get("PYTHONPATH"), str(self.packages))
        return {**super().environment, "PYTHONPATH": os.pathsep.join(filter(None, folders))}


class LooksRunner(OdooRunner):
    """The same Odoo with an addon for dark mode beside ours, and with what it needs for right-to-left.

    :param PythonEnv packages: where that addon is installed.
    :param NodeEnv node: the Node.js packages that Odoo runs.
    """

    def __init__(self, cache, source, env, postgres, clone, packages, node):
        super().__init__(cache, source, env, postgres, clone)
        self.packages = packages.site_packages
        self.node = node
        self.config = clone.folder / "looks.conf"

    def _addons_folders(self):
        return [*super()._addons_folders(), self.packages / "odoo" / "addons"]

    @property
    def environment(self):
        """Variables for an Odoo process (dict)."""
        environment = super().environment
        folders = (self.node.scripts, Path(self.node.node).parent, environment["PATH"])
        return {**environment, "PATH": os.pathsep.join(map(str, folders))}


def last_error(log):
    """Return the last line of a log that looks like the reason, for a one-line message."""
    lines = [line.strip() for line in Path(log).read_text(errors="replace").splitlines() if line.strip()]
    for line in reversed(lines):
        kind = line.split(":")[0]
        if kind.endswith(("Error", "Exception", "Violation")) and " " not in kind:
            return line[:300]
    return lines[-1][:300] if lines else "it said nothing"
