"""A Node.js environment: one folder for each content of a lock file, with the Node.js that its packages need.

Node.js itself is one of the packages, so only npm has to be there, of any age. The lock file names versions and
checksums and no address: npm asks whatever registry it is configured for.
"""

import os
import platform
import shutil
import subprocess

from . import system_packages
from .cache import REPOSITORY, short_hash
from .errors import SetupError

# First match wins; each is what npm prints, and what the developer can do.
NPM_FAILURES = (
    ("ENOSPC", "The disk is full", "free some space in BRIDGE_CACHE (1.5 GB) and in the temporary folder"),
    ("ENOTFOUND", "The registry of npm could not be reached", "connect to the network"),
    ("EAI_AGAIN", "The registry of npm could not be reached", "connect to the network"),
    ("ETARGET", "A pinned version is not offered any more", "pin another one in dev/requirements"),
    ("E404", "A pinned version is not offered any more", "pin another one in dev/requirements"),
    ("EUSAGE", "package-lock.json does not fit package.json", "run npm install --package-lock-only there"),
    ("not found: make", "A package has to be compiled", "run: apt-get install build-essential python3"),
)
LOCK = ("package.json", "package-lock.json")


class NodeEnv:
    """The packages of a folder in `dev/requirements`.

    :param Cache cache: where it lives.
    :param str name: of the folder with `package.json` and `package-lock.json`.
    :param tuple compiled: packages with a part for this machine, which is downloaded or else compiled.
    """

    def __init__(self, cache, name, compiled=()):
        self.cache = cache
        self.name = name
        self.compiled = compiled
        self.source = REPOSITORY / "dev" / "requirements" / name
        locked = [(self.source / one).read_text() for one in LOCK]
        self.hash = short_hash(platform.machine(), *locked)
        self.folder = cache.path("node", f"{name}-{self.hash}")

    @property
    def node(self):
        """Path of the Node.js among the packages, as str.

        :raise SetupError: there is none for this machine.
        """
        return str(_node_folder(self.folder, self.name) / "bin" / "node")

    @property
    def scripts(self):
        """Folder of the commands that the packages bring (Path)."""
        return self.folder / "node_modules" / ".bin"

    def command(self, package, script):
        """A command line, as list: a script of one of the packages, run by the Node.js among them."""
        return [self.node, str(self.folder / "node_modules" / package / script)]

    def prepare(self):
        """Install the packages when they are missing.

        :raise SetupError: they can not be installed.
        """
        if not self.folder.exists() and not shutil.which("npm"):
            system_packages.install(self.cache, ["npm"], "npm")
        self.cache.build_folder(self.folder, self._build, f"Node.js packages for {self.name}")
        return self

    def _build(self, folder):
        folder.mkdir()
        for one in LOCK:
            shutil.copy(self.source / one, folder)
        # What packages want to run is not run, but for those that have to be made for this machine.
        self._npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        if self.compiled:
            own = _node_folder(folder, self.name)
            path = f"{own / 'bin'}{os.pathsep}{os.environ['PATH']}"
            self._npm(folder, "rebuild", *self.compiled, PATH=path, npm_config_nodedir=str(own))

    def _npm(self, folder, *arguments, **variables):
        environment = {**os.environ, "npm_config_update_notifier": "false", **variables}
        done = subprocess.run(
            ["npm", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            log = self.cache.log(f"npm-{self.name}")
            log.write_text(done.stdout)
            for sign, problem, advice in NPM_FAILURES:
                if sign in done.stdout:
                    raise SetupError(problem, f"{advice} (details: {log})")
            raise SetupError(f"The Node.js packages for {self.name} can not be installed", f"read {log}")


def _node_folder(folder, name):
    found = sorted((folder / "node_modules").glob("node-linux-*/bin/node"))
    if not found:
        machine = f"{platform.system()} {platform.machine()}"
        raise SetupError(
            f"There is no Node.js for {machine} among the packages for {name}", "add one to its package.json"
        )
    return found[0].parent.parent
