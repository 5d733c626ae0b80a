"""Start a command: the right Python, and one line instead of a traceback when something is wrong.

This file and the scripts that import it must be readable by any Python 3, to be able to say that it is the wrong one.
"""

import errno
import importlib
import os
import shutil
import signal
import subprocess
import sys

SUPPORTED = ((3, 10), (3, 13))


def run(command):
    """Run `bridge_dev.<command>.main(arguments)`; return the exit code."""
    if not SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
        return _with_another_python()
    from .errors import SetupError

    # Ended by another program is the same as by Ctrl-C: whatever was started has to be ended, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return importlib.import_module("bridge_dev." + command).main(sys.argv[1:])
    except SetupError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("Interrupted; run the command again, it goes on from where it was")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail("The disk is full; free some space, or set BRIDGE_CACHE to a folder on another disk")
        if error.errno in (errno.EACCES, errno.EROFS):
            return _fail(
                "No right to write %s; set BRIDGE_CACHE to a folder of yours, or correct its owner" % error.filename
            )
        raise


def _with_another_python():
    """Go on with a supported Python when the machine has one."""
    for minor in range(SUPPORTED[1][1], SUPPORTED[0][1] - 1, -1):
        python = shutil.which("python3.%d" % minor)
        # A version manager may have put a name on the PATH that stands for nothing.
        if python and subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(python, [python, *sys.argv])
    return _fail(
        "Python %d.%d is not supported by Odoo 19; run this with Python 3.10 to 3.13" % tuple(sys.version_info[:2])
    )


def _fail(text):
    sys.stderr.write("error: %s\n" % text)
    return 1
