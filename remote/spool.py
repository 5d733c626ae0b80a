"""The body of a large answer: on disk, with its beginning in memory, so that it can be shown like any other."""

from __future__ import annotations

import tempfile

_KEPT = 512 * 1024  # bytes of the beginning


class Spool:
    """Takes bytes with ``+=``; ``spool[:n]`` and ``bytes(spool)`` are of its beginning, ``len`` of the whole.

    The file is gone when the spool is.
    """

    def __init__(self):
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the spool
        self._start = bytearray()
        self._size = 0

    def __iadd__(self, block: bytes):
        self.file.write(block)
        self._start += block[: max(0, _KEPT - self._size)]
        self._size += len(block)
        return self

    def __len__(self):
        return self._size

    def __getitem__(self, part):
        return self._start[part]

    def __bytes__(self):
        return bytes(self._start)

    def __del__(self):
        self.file.close()
