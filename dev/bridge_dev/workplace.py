"""Everything that is set up, in one object; each part is prepared when it is first asked for."""

from functools import cached_property

from . import chromium, directus, odoo_source, postgres
from .cache import Cache, Clone
from .database import Databases
from .node_env import NodeEnv
from .odoo_process import LooksRunner, OdooRunner, PeersRunner
from .python_env import PythonEnv


class Workplace:
    """One clone's set-up. Every property may raise SetupError."""

    def __init__(self, cache=None, clone=None):
        self.cache = cache or Cache.default()
        self.clone = clone or Clone(self.cache)

    @cached_property
    def small_env(self):
        """Python with the addon's and the tests' packages, without Odoo."""
        return PythonEnv(self.cache, "bridge", ["bridge"]).prepare()

    @cached_property
    def tools_env(self):
        """Python with the linters, the wheel's build system and Sphinx."""
        return PythonEnv(self.cache, "tools", ["tools"]).prepare()

    @cached_property
    def servers_env(self):
        """Python with the third-party servers."""
        return PythonEnv(self.cache, "servers", ["servers"]).prepare()

    @cached_property
    def clients_env(self):
        """Python with the clients by which other systems call Odoo."""
        return PythonEnv(self.cache, "clients", ["clients"]).prepare()

    @cached_property
    def directus_env(self):
        """Node.js with Directus."""
        return NodeEnv(self.cache, "directus", directus.COMPILED).prepare()

    @cached_property
    def javascript_env(self):
        """Node.js with the linters of ``static/``."""
        return NodeEnv(self.cache, "javascript").prepare()

    @cached_property
    def prism_env(self):
        """Node.js with Prism, which serves an OpenAPI document."""
        return NodeEnv(self.cache, "prism").prepare()

    @cached_property
    def odoo_env(self):
        """Python with Odoo, its packages and ours."""
        return PythonEnv(self.cache, "odoo", ["odoo", "bridge"], [self.source.import_path]).prepare()

    @cached_property
    def peers_env(self):
        """The Odoo addons that the benchmarks compare with: packages only, Odoo's own Python runs them."""
        return PythonEnv(self.cache, "peers", ["peers"], dependencies=False).prepare()

    @cached_property
    def source(self):
        """The Odoo that is used."""
        return odoo_source.prepare(self.cache)

    @cached_property
    def postgres(self):
        """A PostgreSQL that answers."""
        return postgres.prepare(self.cache)

    @cached_property
    def chromium(self):
        """Path of the browser (str)."""
        return chromium.prepare(self.cache)

    @cached_property
    def odoo(self):
        """The runner of the set-up Odoo, with its configuration written."""
        runner = OdooRunner(self.cache, self.source, self.odoo_env, self.postgres, self.clone)
        runner.write_config()
        return runner

    @cached_property
    def peers(self):
        """The runner of the same Odoo with the peers' addons instead of ours."""
        runner = PeersRunner(self.cache, self.source, self.odoo_env, self.postgres, self.clone, self.peers_env)
        runner.write_config()
        return runner

    @cached_property
    def looks_node(self):
        """Node.js with axe-core, and with what makes style sheets right-to-left."""
        return NodeEnv(self.cache, "looks").prepare()

    @cached_property
    def looks(self):
        """The runner of the same Odoo, with dark mode and right-to-left."""
        packages = PythonEnv(self.cache, "looks", ["looks"], dependencies=False).prepare()
        runner = LooksRunner(
            self.cache, self.source, self.odoo_env, self.postgres, self.clone, packages, self.looks_node
        )
        runner.write_config()
        return runner

    @cached_property
    def databases(self):
        """This clone's databases."""
        return Databases(self.postgres, self.odoo, self.clone, self.cache)
