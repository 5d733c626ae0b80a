"""Databases: a template with the modules we depend on, made once, and copies of it."""

import os
import shutil
from pathlib import Path

from . import console
from .cache import short_hash
from .errors import SetupError

# What the tests and the demo map to. Loaded once into the template, without the addon.
MODULES = ("mail", "contacts", "product", "sale_management")
# Change this when `in_odoo.prepare_template` or `create_empty` changes.
TEMPLATE_EDITION = 3


class Databases:
    """The databases of one clone.

    :param Postgres postgres: where they are.
    :param OdooRunner odoo: what fills them.
    :param Clone clone: whose they are.
    """

    def __init__(self, postgres, odoo, clone, cache):
        self.postgres = postgres
        self.odoo = odoo
        self.clone = clone
        self.cache = cache

    @property
    def template(self):
        """Name of the template, shared by the clones that use the same Odoo."""
        return f"bridge_template_{short_hash(self.odoo.source.key, TEMPLATE_EDITION, *MODULES)}"

    def exists(self, name):
        """Tell whether the database `name` is there."""
        return bool(self.postgres.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))

    def names(self, prefix):
        """Return the names of all databases that begin with `prefix`."""
        rows = self.postgres.query(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{prefix}')")
        return sorted(row[0] for row in rows)

    def drop(self, name):
        """Drop a database and its files; nothing happens when it is not there."""
        self.postgres.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(self._files(name), ignore_errors=True)

    def copy(self, source, name):
        """Make the database `name` anew as a copy of `source`, with its files; return `name`."""
        self.drop(name)
        self.postgres.query(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        if self._files(source).exists():
            # Odoo's files are named by their content and never written again: a link is as good as a copy.
            shutil.copytree(self._files(source), self._files(name), copy_function=os.link, dirs_exist_ok=True)
        return name

    def prepare_template(self):
        """Return the template's name; it is made when missing.

        :raise SetupError: Odoo can not install its own modules.
        """
        if not self.exists(self.template):
            with self.cache.lock(self.template):
                if not self.exists(self.template):
                    self._make_template()
        return self.template

    def _make_template(self):
        unfinished = self.template + "_unfinished"
        with console.step(f"template database with {', '.join(MODULES)} (once)"):
            self.drop(unfinished)
            self.create_empty(unfinished)
            self.odoo.install(unfinished, MODULES)
            self.odoo.call(unfinished, "prepare_template")
            shutil.rmtree(self._files(unfinished), ignore_errors=True)
            self.postgres.query(f'ALTER DATABASE "{unfinished}" RENAME TO "{self.template}"')
            # Nobody may connect: a connection would block every copy.
            self.postgres.query(f'ALTER DATABASE "{self.template}" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false')

    def create_empty(self, name):
        """Create a database as Odoo itself would: collation C, so that indexes serve prefix searches, and trigrams."""
        self.postgres.query(
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        )
        self.postgres.query("CREATE EXTENSION IF NOT EXISTS pg_trgm", name)

    def prepare_installed(self):
        """Return the name of a database with the addon as it is in this clone, to be copied, not used.

        :raise SetupError: the addon can not be installed; the log is named.
        """
        name = self.clone.database("installed")
        note = self.clone.folder / "installed"
        with self.cache.lock(name):
            state = f"{self.template} {self.clone.fingerprint()}, with assets"
            if not (self.exists(name) and note.exists() and note.read_text() == state):
                note.unlink(missing_ok=True)
                with console.step("installing the addon"):
                    self.install_addon(name)
                    self.odoo.call(name, "compile_assets")
                note.write_text(state)
        return name

    def copy_installed(self, purpose):
        """Make this clone's database for `purpose` anew, with the addon; return its name."""
        return self.copy(self.prepare_installed(), self.clone.database(purpose))

    def install_addon(self, name):
        """Make the database `name` anew from the template, with the addon; half-made ones are dropped."""
        self.copy(self.prepare_template(), name)
        try:
            self.odoo.install(name, ["integration_bridge"])
        except SetupError:
            self.drop(name)
            raise
        return name

    def _files(self, name):
        return Path(self.odoo.data_folder, "filestore", name)
