"""Build backend (PEP 517): addon-odoo-wheel, on a copy of the repository without what only developers need.

Given a git checkout, addon-odoo-wheel packs every tracked file and leaves nothing out; given a plain folder, it packs
that. So it is given a plain folder.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from addon_odoo_wheel import builder
from addon_odoo_wheel.builder import build_editable, build_sdist, prepare_metadata_for_build_editable  # noqa: F401

DEVELOPERS_ONLY = (".ci", ".git", "dev", "doc", "tests")
SHOWN_IN_ODOO = "doc/gallery/"  # of the folders above
DEVELOPERS_FILES = (
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".prettierrc.json",
    ".pylintrc",
    "CHANGELOG.rst",
    "CONTRIBUTING.rst",
    "PKG-INFO",
    "eslint.config.cjs",
)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the wheel; return its file name."""
    wheel_directory = str(Path(wheel_directory).absolute())
    with _export():
        return builder.build_wheel(wheel_directory, config_settings, metadata_directory)


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Write the wheel's metadata; return the folder's name."""
    metadata_directory = str(Path(metadata_directory).absolute())
    with _export():
        return builder.prepare_metadata_for_build_wheel(Path(metadata_directory), config_settings)


@contextlib.contextmanager
def _export():
    source = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(_is_wanted, _files(source)):
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(source)


def _files(source):
    """Return the paths (text) of the files to choose from: those that git tracks, or all where there is no git."""
    if (source / ".git").exists():
        listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=source, text=True)
        return [name for name in listed.split("\0") if name and (source / name).exists()]
    return [str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()]


def _is_wanted(name):
    folders = any(name.startswith(f"{folder}/") for folder in DEVELOPERS_ONLY) and not name.startswith(SHOWN_IN_ODOO)
    return not folders and name not in DEVELOPERS_FILES and "__pycache__" not in name
