"""Where Odoo 19 comes from: a checkout that the developer names, or the package in Debian's unstable suite."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from .cache import short_hash
from .errors import SetupError

# Odoo's package links to these for its web client (read off the package's dependencies).
DEBIAN_PACKAGES = (
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-font-awesome",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-glyphicons-halflings",
)


class OdooSource:
    """An Odoo 19.0 to run.

    :param Path import_path: folder that Python imports `odoo` from.
    :param list addons_paths: folders for Odoo's `addons_path`.
    """

    def __init__(self, import_path, addons_paths):
        self.import_path = Path(import_path)
        self.addons_paths = [str(path) for path in addons_paths]
        self.version = self._version()

    def _version(self):
        release = (self.import_path / "odoo" / "release.py").read_text()
        found = re.search(r"^version_info = \((\d+), (\d+)", release, re.M)
        version = ".".join(found.groups()) if found else "unknown"
        if version != "19.0":
            raise SetupError(f"{self.import_path} holds Odoo {version}", "set ODOO_SOURCE to a checkout of branch 19.0")
        return version

    @property
    def key(self):
        """A short text that changes with the Odoo that is used."""
        stamp = (self.import_path / "odoo" / "release.py").stat().st_mtime_ns
        return short_hash(self.import_path, self.version, stamp)


def prepare(cache):
    """Return the Odoo to use, downloading it when `ODOO_SOURCE` names none.

    :raise SetupError: it is not there, is another version, or can not be downloaded.
    """
    named = os.environ.get("ODOO_SOURCE")
    if named:
        return _checkout(Path(named).expanduser().absolute())
    folder = cache.path("odoo", "debian-19")
    cache.build_folder(folder, lambda temporary: _download(cache, temporary), "downloading Odoo 19")
    packages = folder / "usr" / "lib" / "python3" / "dist-packages"
    return OdooSource(packages, [packages / "odoo" / "addons"])


def _checkout(folder):
    if not (folder / "odoo" / "release.py").exists():
        raise SetupError(
            f"ODOO_SOURCE={folder} is no Odoo checkout (no odoo/release.py)", "correct or unset ODOO_SOURCE"
        )
    return OdooSource(folder, [folder / "addons", folder / "odoo" / "addons"])


def _download(cache, target):
    for tool in ("apt-get", "dpkg"):
        if not shutil.which(tool):
            raise SetupError(
                f"Odoo can not be downloaded here: there is no {tool}", "set ODOO_SOURCE to a 19.0 checkout"
            )
    state = target / "apt"
    archives = state / "archives"
    (archives / "partial").mkdir(parents=True)
    (state / "lists" / "partial").mkdir(parents=True)
    sources = state / "unstable.sources"
    sources.write_text(_unstable_source())
    # A private apt: neither the system's sources nor its lists are touched. Without root there is no user to drop to.
    options = [
        f"Dir::Etc::sourcelist={sources}",
        "Dir::Etc::sourceparts=-",
        f"Dir::State::lists={state / 'lists'}",
        f"Dir::Cache={state}",
        "APT::Sandbox::User=root",
        "Acquire::Retries=2",
        "APT::Update::Error-Mode=any",
    ]
    command = ["apt-get", "-qq", *(part for option in options for part in ("-o", option))]
    _apt(cache, [*command, "update"], archives)
    _apt(cache, [*command, "download", *DEBIAN_PACKAGES], archives)
    for package in sorted(archives.glob("*.deb")):
        _unpack(package, target)
    shutil.rmtree(state)


def _apt(cache, command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return
    output = done.stdout + done.stderr
    log = cache.log("apt-odoo")
    log.write_text(output)
    if "No space left" in output or "enough free space" in output:
        raise SetupError("The disk is full", "free some space, or set BRIDGE_CACHE to a folder on another disk")
    if "Unable to locate package" in output or "NO_PUBKEY" in output:
        problem = "Debian's unstable suite does not offer odoo-19 to this machine"
    else:
        problem = "Debian's package odoo-19 could not be downloaded"
    raise SetupError(problem, f"connect to the network, or set ODOO_SOURCE to a 19.0 checkout (details: {log})")


def _unpack(package, target):
    done = subprocess.run(["dpkg", "-x", str(package), str(target)], capture_output=True, text=True)
    if done.returncode:
        full = "No space left" in done.stderr
        problem = "The disk is full" if full else f"{package.name} could not be unpacked ({done.stderr.strip()[:200]})"
        raise SetupError(problem, "free some space and run the command again")


def _unstable_source():
    """Return the text of a `.sources` file for Debian's unstable suite, at the mirror that this machine uses."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(SOURCESENTRY)", "Created-By: Packages"],
        capture_output=True,
        text=True,
    ).stdout
    for line in targets.splitlines():
        uri, _, entry = line.partition("|")
        # The main archive: not the security one (another path), not a third party's.
        if urlsplit(uri).path.rstrip("/") == "/debian":
            signed_by = _signed_by(entry.rpartition(":")[0])
            return f"Types: deb\nURIs: {uri}\nSuites: sid\nComponents: main\n{signed_by}"
    raise SetupError("This machine has no Debian source configured for apt", "set ODOO_SOURCE to a 19.0 checkout")


def _signed_by(path):
    """Return the `Signed-By` line of the configured source, or nothing when apt's own trusted keys are used."""
    text = Path(path).read_text() if path and os.path.exists(path) else ""
    found = re.search(r"(?:^Signed-By:|signed-by=)\s*(/[^\s\]]+)", text, re.M | re.I)
    return f"Signed-By: {found.group(1)}\n" if found else ""
