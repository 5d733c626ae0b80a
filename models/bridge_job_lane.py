"""Names of version 19.0.1.0, for addons that rebind them; ``bridge.job._kinds_done_together()`` is the new way."""

from ..jobs.kinds import LONG, TOGETHER  # noqa: F401
