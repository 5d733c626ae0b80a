"""Records that a person chose in a preview: what it has shown of them is held against what would happen now."""

from .words import FORGET, LOOK_UP, REJECT, SKIP, UNCERTAIN, UNCHANGED

NOT_AS_SHOWN = "not_as_shown"  # a note

# What still has to be asked is decided again with the answer; what fails, or is in doubt, says so by itself; and where
# nothing would be written, the record is as it was to become.
NEVER_HELD = (LOOK_UP, REJECT, UNCERTAIN, FORGET, UNCHANGED)
# After these it is tried again as it was; after another error it is a failure like any other, which somebody corrects.
OUTAGES = ("unavailable", "throttled", "auth", "busy")


def shown_of(job):
    """What a preview has shown of the record of a job, as long as that is what is to be done.

    :param BridgeJob job: one
    :rtype: dict | None
    """
    if job.error_kind and job.error_kind not in OUTAGES:
        return None
    return (job.run_id.chosen or {}).get(job.external_id if job.kind == "pull_record" else str(job.res_id))


def hold(road, step, shown, changes):
    """A step; one that is not as it was shown does nothing, and says so.

    :param road: ``Pull`` or ``Push``
    :param step: what would happen now
    :param dict shown: what the preview has shown, as a run keeps it; None: nobody has chosen
    :param changes: gives what the log would say of this step
    """
    if shown is None or step.action in NEVER_HELD or _is_begun(step.facts.bound):
        return step
    if step.action == shown["action"] and road.env["bridge.log"]._says_same(road.flow, shown["changes"], changes(step)):
        return step
    return type(step)(step.facts, SKIP, note=NOT_AS_SHOWN)


def _is_begun(bound):
    """May the other system have the record already, so that its creation has to be brought to an end?"""
    return bound is not None and bound.state == "creating" and bound.sent_at is not None
