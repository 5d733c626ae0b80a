"""As much of a run as fits the lane's time: what both directions have in common."""

PREVIEW_RECORDS = 200


class Slice:
    """A run that goes on from where it stands.

    :param BridgeRun run: where its position is kept
    :param commit: commits, told how many records were handled; gives the seconds that are left
    :ivar list exchanges: what was said over HTTP and is not kept yet
    """

    def __init__(self, run, commit):
        # `with_prefetch`: what is read with the flow would be what the run's cache holds, which is nothing after a
        # commit, so its operations and mappings would be read one by one.
        self.env, self.run, self.flow, self.commit = run.env, run, run.flow_id.with_prefetch(), commit
        self.exchanges = []

    def again(self, step, *args):
        """Do a transaction, and again when it lost against another one."""
        return self.run._again_when_busy(step, *args)

    def page_size(self):
        """Records that are handled together; a preview needs no more than it shows."""
        return min(self.flow.page_size, PREVIEW_RECORDS) if self.run.dry_run else self.flow.page_size

    def is_full_preview(self):
        """Has a preview all that it shows?"""
        return self.run.dry_run and self.run.fetched >= PREVIEW_RECORDS
