"""A PostgreSQL of a test's own, which it may restart: the shared one must not fall over."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from bridge_dev.odoo_process import OdooRunner
from bridge_dev.postgres import PrivateCluster
from bridge_dev.workplace import Workplace


class OwnCluster(PrivateCluster):
    """A cluster that is made, and goes with the test. As in production, what was committed survives a crash."""

    def __init__(self, workplace):
        self.hash = workplace.clone.hash
        super().__init__(workplace.cache, workplace.postgres.binaries)

    def _folder(self):
        name = f"bridge-{self.hash}-crash"
        return Path(pwd.getpwnam(self.owner).pw_dir, name) if self.owner else self.cache.folder(name)

    def __enter__(self):
        self.remove()  # what a killed test left
        self._make_folders()
        self._initialise()
        with open(self.data / "postgresql.conf", "a") as handle:
            handle.write("synchronous_commit = on\nshared_buffers = '64MB'\nmax_connections = 50\n")
        self._start()
        return self

    def __exit__(self, *exc_info):
        self.remove()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self, mode):
        """:param str mode: ``fast`` ends all sessions, ``immediate`` is a crash with recovery"""
        command = [self.binaries / "pg_ctl", "-D", self.data, "-l", self.folder / "server.log"]
        self._run([*command, "-m", mode, "-w", "-t", "60", "restart"], "restarted")

    def take(self, source, database, name):
        """Copy a database of another server."""
        self.query(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
        dump = subprocess.Popen(
            [self.binaries / "pg_dump", "-d", database],
            stdout=subprocess.PIPE,
            env={**os.environ, **source.environment},
        )
        load = [self.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", name]
        environment = {**os.environ, **self.environment}
        subprocess.run(load, stdin=dump.stdout, stdout=subprocess.DEVNULL, env=environment, check=True)
        assert dump.wait() == 0, "pg_dump failed"
        return name


class OwnWorkplace(Workplace):
    """The same Odoo with the other PostgreSQL."""

    def __init__(self, cluster):
        super().__init__()
        self.postgres = cluster
        runner = OdooRunner(self.cache, self.source, self.odoo_env, cluster, self.clone)
        runner.config = self.clone.folder / "odoo-crash.conf"
        runner.write_config()
        self.odoo = runner
