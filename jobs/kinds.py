"""Which jobs there are, and how each kind is claimed.

Kinds of other addons are named by ``bridge.job._kinds_done_together()`` and ``_kinds_that_are_long()``.
"""

DRAINS = ("pull", "push", "compare")  # kinds of jobs that carry a whole run; a flow has one of them at work at a time
LONG = DRAINS  # kinds whose jobs are claimed one by one, because each may take a lane's whole time
TOGETHER = ("pull_record", "push_record")  # whose jobs of one flow and run are done in one batch; others one by one
TAKING = "take"  # the kind of which a connector has one at work at a time
SINGLE = ("record", "webhook")  # triggers of runs that carry single records, and end when these do
ENDED_WELL = ("done", "partial")  # states of a run that came to its end
SENDING = ("push", "push_record")  # kinds of which a flow has one at work at a time

OPEN = "state IN ('pending', 'running', 'failed', 'uncertain')"
OPEN_RECORD = f"kind = 'pull_record' AND {OPEN}"
OPEN_PUSH = f"kind = 'push_record' AND {OPEN}"
ERROR_KINDS = [
    ("unavailable", "Not available"),
    ("throttled", "Asked to wait"),
    ("auth", "Not let in"),
    ("rejected", "Refused there"),
    ("protocol", "Unexpected answer"),
    ("data", "A value does not fit"),
    ("dependency", "Related record missing"),
    ("busy", "Busy"),
    ("uncertain", "Uncertain"),
]
