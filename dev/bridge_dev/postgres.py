"""PostgreSQL: the one that PGHOST, PGPORT or PGUSER name, else a private cluster that only this user can reach."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from . import console, system_packages
from .cache import short_hash
from .errors import SetupError

# Test and demo data only: a crash of the machine may lose it, and that is the price of speed here.
SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "unix_socket_permissions": "0777",  # the folder around it is closed
}
# Linux's `sun_path` holds 108 bytes; PostgreSQL's file name takes up to 20 of them.
LONGEST_SOCKET_FOLDER = 85


class Postgres:
    """A server to connect to.

    :param Path binaries: folder of `psql`, `createdb` ...
    :param dict environment: the libpq variables (PGHOST, PGPORT, PGUSER) that reach it.
    """

    def __init__(self, binaries, environment):
        self.binaries = binaries
        self.environment = environment

    @property
    def odoo_options(self):
        """The same as lines of an Odoo configuration (dict)."""
        names = {"PGHOST": "db_host", "PGPORT": "db_port", "PGUSER": "db_user"}
        return {names[key]: value for key, value in self.environment.items() if key in names}

    def query(self, sql, database="postgres"):
        """Run SQL through psql; return the rows as lists of text.

        :raise SetupError: the server refused it.
        """
        command = [
            str(self.binaries / "psql"),
            "-X",
            "-A",
            "-t",
            "-q",
            "-F",
            "\t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
        ]
        done = subprocess.run(
            [*command, "-c", sql], capture_output=True, text=True, env={**os.environ, **self.environment}
        )
        if done.returncode:
            message = done.stderr.strip() or "no answer"
            if "No space left" in message:
                raise SetupError("The disk is full", "free some space and run the command again")
            raise SetupError(f"PostgreSQL refused: {message}", "check PGHOST, PGPORT, PGUSER, or run ./dev/clean")
        return [line.split("\t") for line in done.stdout.splitlines()]


def prepare(cache):
    """Return the server to use, installed and started when it is the private one.

    :raise SetupError: it can not be installed, started or reached.
    """
    binaries = _binaries(cache)
    if any(os.environ.get(name) for name in ("PGHOST", "PGPORT", "PGUSER")):
        return _external(binaries)
    return PrivateCluster(cache, binaries).start()


def _external(binaries):
    names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
    server = Postgres(binaries, {name: os.environ[name] for name in names if os.environ.get(name)})
    user = server.query("SELECT current_user")[0][0]
    if user == "postgres":
        raise SetupError(
            "Odoo refuses the PostgreSQL role postgres", "set PGUSER to another role that may create databases"
        )
    server.environment["PGUSER"] = user
    return server


def _binaries(cache):
    return _find_binaries() or _install_binaries(cache)


def _find_binaries():
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    return next((path for path in candidates if (path / "initdb").exists() and (path / "psql").exists()), None)


def _install_binaries(cache):
    system_packages.install(cache, ["postgresql"], "PostgreSQL")
    found = _find_binaries()
    if not found:
        raise SetupError("PostgreSQL was installed, but its initdb is not found", "put its bin folder on the PATH")
    return found


class PrivateCluster(Postgres):
    """A cluster of our own, on a Unix socket in a folder that nobody else can enter; role `bridge`, no password."""

    def __init__(self, cache, binaries):
        self.cache = cache
        self.owner = "postgres" if os.geteuid() == 0 else None
        self.folder = self._folder()
        self.data = self.folder / "data"
        super().__init__(binaries, {"PGHOST": str(self._socket_folder()), "PGPORT": "5432", "PGUSER": "bridge"})

    def _folder(self):
        if not self.owner:
            return self.cache.folder("postgres")
        # PostgreSQL will not run as root, and its own user can not enter root's home, where the cache is.
        try:
            home = pwd.getpwnam(self.owner).pw_dir
        except KeyError:
            raise SetupError(
                "PostgreSQL will not run as root, and there is no user postgres", "create it, or set PGHOST"
            ) from None
        return Path(home, f"bridge-{short_hash(self.cache.root)}")

    def _socket_folder(self):
        folder = self.folder / "run"
        if len(str(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        return Path(tempfile.gettempdir(), f"bridge-{short_hash(self.folder)}")

    def start(self):
        """Start the cluster unless it answers already; make it when it does not exist."""
        if self._answers():
            return self
        with self.cache.lock("postgres"):
            if not self._answers():
                self._make_folders()
                if not (self.data / "PG_VERSION").exists():
                    self._initialise()
                self._start()
        return self

    def stop(self):
        """Stop the cluster, when it runs; one that died with its machine has only left the file of its process."""
        if self._answers():
            self._run([self.binaries / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop"], "stopped")

    def _answers(self):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            try:
                probe.connect(f"{self.environment['PGHOST']}/.s.PGSQL.{self.environment['PGPORT']}")
            except OSError:
                return False
        return True

    def _make_folders(self):
        for folder in (self.folder, self._socket_folder()):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            if self.owner:
                shutil.chown(folder, self.owner, self.owner)

    def _initialise(self):
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        with console.step("making a PostgreSQL cluster"):
            command = [
                self.binaries / "initdb",
                "-D",
                unfinished,
                "-U",
                "bridge",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
            ]
            self._run([*command, "--no-sync"], "made")
            settings = "".join(f"{name} = {value}\n" for name, value in SETTINGS.items())
            with open(unfinished / "postgresql.conf", "a") as handle:
                handle.write(f"\n# ./dev\n{settings}unix_socket_directories = '{self.environment['PGHOST']}'\n")
            unfinished.rename(self.data)

    def _start(self):
        with console.step("starting PostgreSQL"):
            log = self.folder / "server.log"
            self._run([self.binaries / "pg_ctl", "-D", self.data, "-l", log, "-w", "-t", "60", "start"], "started")

    def _run(self, command, done_word):
        as_owner = {"user": self.owner, "group": self.owner, "extra_groups": []} if self.owner else {}
        # Not through pipes: the server would inherit them, and reading them would not end before it does.
        log = self.cache.log("postgres-control")
        with open(log, "w") as output:
            done = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C"},
                **as_owner,
            )
        if done.returncode:
            advice = f"read {log}" + (f" and {self.folder / 'server.log'}" if done_word == "started" else "")
            if "No space left" in log.read_text():
                raise SetupError("The disk is full", "free some space and run the command again")
            raise SetupError(f"The private PostgreSQL cluster could not be {done_word}", advice)
