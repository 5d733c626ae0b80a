"""`./dev/clean [--stop] [--all]`: drop this clone's databases.

`--stop` ends the private PostgreSQL that all clones share; `--all` drops
every clone's databases, ends PostgreSQL, and removes the cache.
"""

import shutil

from . import console
from .postgres import PrivateCluster
from .workplace import Workplace


def main(arguments):
    """Clean up; return the exit code."""
    workplace = Workplace()
    prefix = "bridge_" if "--all" in arguments else f"bridge_{workplace.clone.hash}_"
    server = workplace.postgres
    for name in workplace.databases.names(prefix):
        server.query(f'ALTER DATABASE "{name}" WITH IS_TEMPLATE false')
        workplace.databases.drop(name)
        console.say(f"dropped {name}")
    if isinstance(server, PrivateCluster) and {"--stop", "--all"} & set(arguments):
        server.stop()
        if "--all" in arguments:
            shutil.rmtree(server.folder, ignore_errors=True)
    shutil.rmtree(workplace.clone.folder, ignore_errors=True)
    if "--all" in arguments:
        shutil.rmtree(workplace.cache.root, ignore_errors=True)
        console.say(f"removed {workplace.cache.root}")
    return 0
