"""What a process has read from the database, as long as the rows stand that it was read from.

A change counts at once and in all processes, because each look asks for the version of the rows: where they lie and
which transaction has written them (``ctid`` and ``xmin``), which is one short query.
"""

import threading

import cachetools

MOST = 500

_lock = threading.Lock()
_kept = cachetools.LRUCache(MOST)


def as_long_as(name, version, read):
    """What ``read`` gives, or has given for this version.

    :param name: whatever names it
    :param version: of the rows that it is read from, and of what else it depends on
    :param read: gives it, and whether it may be kept
    """
    with _lock:
        known, value = _kept.get(name, (None, None))
    if known != version:
        value, may_be_kept = read()
        if may_be_kept:
            with _lock:
                _kept[name] = version, value
    return value
