"""The cache folder: shared by clones, safe for several commands at once, repaired after an interruption."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from . import console
from .errors import SetupError

REPOSITORY = Path(__file__).resolve().parent.parent.parent
# What can change the installed addon; a change elsewhere needs no new installation.
INSTALLED_FOLDERS = (
    "connect",
    "controllers",
    "data",
    "definition",
    "i18n",
    "jobs",
    "mapping",
    "models",
    "remote",
    "road",
    "security",
    "static",
    "views",
    "wizards",
)


def short_hash(*parts):
    """Return 8 hexadecimal digits that stand for `parts`."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:8]


class Cache:
    """Folders below `$BRIDGE_CACHE` (default: `integration-bridge` in the user's cache directory)."""

    def __init__(self, root):
        self.root = Path(root)

    @classmethod
    def default(cls):
        """Return the cache named by the environment, created when missing."""
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        root = Path(os.environ.get("BRIDGE_CACHE") or Path(base, "integration-bridge")).expanduser().absolute()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"The cache folder {root} can not be made ({error.strerror})", "set BRIDGE_CACHE to a folder of yours"
            ) from None
        return cls(root)

    def path(self, *parts):
        """Return the path of an entry; its parent is created."""
        path = self.root.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def folder(self, *parts):
        """Return the path of a folder, created when missing."""
        path = self.root.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, name):
        """Return the path of the log file `name`."""
        return self.path("logs", f"{name}.log")

    @contextlib.contextmanager
    def lock(self, name):
        """Hold the lock `name` against every other command on this cache; wait, and say so, when it is taken.

        The kernel drops the lock when its holder dies, so a killed command never blocks the next one.
        """
        with open(self.path("locks", f"{name}.lock"), "w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                console.say(f"waiting for another command that is busy with {name}")
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def build_folder(self, path, build, title):
        """Return `path`, made by `build(temporary path)` when it is not there; it is there whole or not at all.

        :param Path path: the folder that is wanted.
        :param build: makes the folder under the temporary path that it is given.
        :param str title: what is being done, for the progress line.
        """
        if path.exists():
            return path
        with self.lock(path.name):
            if path.exists():
                return path
            temporary = path.with_name(path.name + ".unfinished")
            shutil.rmtree(temporary, ignore_errors=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            with console.step(title):
                build(temporary)
            temporary.rename(path)
        return path


class Clone:
    """What belongs to one clone of the repository: its link for Odoo, its configuration, its databases' names."""

    def __init__(self, cache, repository=REPOSITORY):
        self.repository = Path(repository)
        self.hash = short_hash(self.repository)
        self.folder = cache.folder("clones", self.hash)

    def link(self):
        """Return the folder for `addons_path`; in it the repository is linked under the addon's technical name."""
        addons = self.folder / "addons"
        addons.mkdir(exist_ok=True)
        link = addons / "integration_bridge"
        if not link.is_symlink() or link.resolve() != self.repository:
            link.unlink(missing_ok=True)
            with contextlib.suppress(FileExistsError):
                link.symlink_to(self.repository)
        return addons

    def fingerprint(self):
        """Return a short text that changes when a file of the addon does (its tests and `dev/` do not count)."""
        files = sorted(
            path
            for folder in INSTALLED_FOLDERS
            for path in (self.repository / folder).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        )
        files += sorted(self.repository.glob("*.py"))
        return short_hash(*(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files))

    def database(self, purpose):
        """Return the name of this clone's database for `purpose` (`dev`, `test`, `demo` ...)."""
        return f"bridge_{self.hash}_{purpose}"
