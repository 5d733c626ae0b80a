"""Progress in short lines on standard error, so that standard output holds results only."""

import contextlib
import sys
import time

# A step that takes less than this many seconds was only a check, and is not worth a line of its own.
SILENT_BELOW = 0.5


def say(text):
    """Print one line of progress."""
    print(f"  {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title, always=True):
    """Announce a piece of work, and say how long it took (in seconds)."""
    started = time.monotonic()
    if always:
        say(f"{title} ...")
    yield
    seconds = time.monotonic() - started
    if always or seconds >= SILENT_BELOW:
        say(f"{title}: {seconds:.1f} s")
