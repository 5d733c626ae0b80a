"""System packages by apt, where that is possible; otherwise one sentence with the command to run."""

import os
import shutil
import subprocess

from . import console
from .errors import SetupError


def install(cache, packages, why):
    """Install Debian packages.

    :param list packages: package names.
    :param str why: what they are for, for the message.
    :raise SetupError: there is no apt, no right to use it, or it failed.
    """
    by_hand = f"run: apt-get install {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise SetupError(f"{why} is missing, and this system has no apt-get", "install it with your package manager")
    prefix = _as_root()
    if prefix is None:
        raise SetupError(f"{why} is missing, and installing it needs root", f"as root, {by_hand}")
    with cache.lock("apt"), console.step(f"installing {why}"):
        options = ["-o", "DPkg::Lock::Timeout=300", "-qq"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        log = cache.log("apt-install")
        with open(log, "w") as output:
            for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
                done = subprocess.run(
                    [*prefix, "apt-get", *options, *command],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    env=environment,
                )
        # A failed `update` may be one dead third-party source: what counts is whether the package arrived.
        if done.returncode:
            raise SetupError(f"{why} could not be installed with apt-get", f"{by_hand} (details: {log})")


def _as_root():
    """Return the command prefix that makes a command run as root, or None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None
