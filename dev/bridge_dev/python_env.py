"""Python environments: one folder for each content of the lock files, so that clones share and never spoil them."""

import os
import subprocess
import sys

from . import console
from .cache import REPOSITORY, short_hash
from .errors import SetupError

# First match wins; each is what pip prints, and what the developer can do.
PIP_FAILURES = (
    ("No space left on device", "The disk is full", "free some space in BRIDGE_CACHE and in the temporary folder"),
    ("different python version", None, "run this with a newer Python (3.10 to 3.13), or pin others with ./dev/lock"),
    ("No matching distribution found for", None, "run ./dev/lock to pin a version that is still offered"),
    ("Temporary failure in name resolution", "The package index could not be reached", "connect to the network"),
    ("NewConnectionError", "The package index could not be reached", "connect to the network"),
    ("Failed to establish a new connection", "The package index could not be reached", "connect to the network"),
    ("ReadTimeoutError", "The package index did not answer in time", "try again"),
    ("pg_config", "psycopg2 has no wheel for this machine", "install libpq-dev and a C compiler"),
)


def requirements(name):
    """Return the path of the lock file `name`."""
    return REPOSITORY / "dev" / "requirements" / f"{name}.txt"


class PythonEnv:
    """A venv with the packages of the named lock files, and with other folders on its path.

    :param Cache cache: where it lives.
    :param str name: what it is for.
    :param list locks: names of lock files in `dev/requirements`.
    :param list paths: folders that its Python can import from as well (through a `.pth` file).
    :param bool dependencies: whether pip shall see to what the packages require.
    """

    def __init__(self, cache, name, locks, paths=(), dependencies=True):
        self.cache = cache
        self.name = name
        self.locks = [requirements(lock) for lock in locks]
        self.paths = [str(path) for path in paths]
        self.dependencies = dependencies
        # The interpreter itself, also when this runs inside a venv: all find the same environment.
        self.base = os.path.realpath(sys.executable)
        version = ".".join(str(part) for part in sys.version_info[:3])
        contents = [lock.read_text() for lock in self.locks]
        self.folder = cache.path("venvs", f"{name}-{short_hash(self.base, version, *contents, *self.paths)}")

    @property
    def python(self):
        """Path of the environment's interpreter (str)."""
        return str(self.folder / "bin" / "python")

    def command(self, name):
        """Return the path of the console script `name`, as str."""
        return str(self.folder / "bin" / name)

    @property
    def site_packages(self):
        """Folder of the installed packages (Path)."""
        version = "python{}.{}".format(*sys.version_info[:2])
        return self.folder / "lib" / version / "site-packages"

    def prepare(self):
        """Make the environment when it is missing.

        :raise SetupError: the packages can not be installed.
        """
        # A venv can not be renamed (its scripts hold its path): a marker says that it is whole.
        if (self.folder / "complete").exists():
            return self
        with self.cache.lock(self.folder.name):
            if not (self.folder / "complete").exists():
                self._build()
        return self

    def _build(self):
        with console.step(f"Python packages for {self.name}"):
            self._run([self.base, "-m", "venv", "--clear", str(self.folder)])
            if self.locks:
                command = [self.python, "-m", "pip", "install", "--quiet", "--no-input", "--retries", "2"]
                if not self.dependencies:
                    command.append("--no-deps")
                for lock in self.locks:
                    command += ["-r", str(lock)]
                self._run(command)
            if self.paths:
                self._link_paths()
            (self.folder / "complete").touch()

    def _link_paths(self):
        link = self.site_packages / "bridge_dev_paths.pth"
        link.write_text("\n".join(self.paths) + "\n")

    def _run(self, command):
        environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise self._failure(done.stdout + done.stderr)

    def _failure(self, output):
        log = self.cache.log(f"pip-{self.name}")
        log.write_text(output)
        for sign, problem, advice in PIP_FAILURES:
            # pip says "no matching distribution" without a network as well, after its connection warnings.
            if sign in output and not (problem is None and "connection broken" in output):
                return SetupError(problem or self._last_line(output), f"{advice} (details: {log})")
        if "connection broken" in output:
            return SetupError("The package index could not be reached", f"connect to the network (details: {log})")
        if "ensurepip" in output:
            return SetupError("This Python can not make a venv", "run: apt-get install python3-venv")
        return SetupError(f"The Python packages for {self.name} can not be installed", f"read {log}")

    @staticmethod
    def _last_line(output):
        return output.strip().splitlines()[-1].replace("ERROR: ", "").strip()
