"""What the development tools do with a PostgreSQL that is not as they left it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "dev"))

from bridge_dev.postgres import PrivateCluster


def test_a_cluster_that_died_with_its_machine_is_not_stopped_once_more(tmp_path):
    """Its file names a process that is gone, or another one by now: nothing is sent to it."""

    class Left(PrivateCluster):
        def _folder(self):
            return tmp_path

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postmaster.pid").write_text("999999999\n")
    Left(None, Path("/there/is/no/pg_ctl")).stop()
