"""Files that come packed: gzip (RFC 1952) and ZIP archives, opened in bounded memory."""

from __future__ import annotations

import fnmatch
import gzip
import io
import zipfile
import zlib

from .. import body
from ..errors import ProtocolError

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_MEGABYTE = 1024 * 1024
_SHOWN_NAMES = 5
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def unpack(raw: bytes, member: str | None, limit: int, host: str) -> tuple[bytes, str]:
    """What is in a packed file; any other content is given back as it is. No format of texts begins like a packed file.

    :param member: which file of a ZIP archive, with ``*`` and ``?``; None: it has only one
    :param limit: most bytes after unpacking
    :return: the content, and the name of the file in the archive (may be empty)
    :raises ProtocolError: reasons ``archive``, ``too_big``
    """
    if raw.startswith(_GZIP):
        return _inflated(raw, limit, host), ""
    if raw.startswith(_ZIP):
        return _member(raw, member, limit, host)
    return raw, ""


def open_packed(file, member: str | None, limit: int, host: str) -> tuple[io.BufferedReader, str]:
    """The same of a file on disk, which is opened and not read.

    :param file: of bytes, that can seek
    :return: a file whose reading raises ProtocolError, and the name in the archive
    """
    file.seek(0)
    start, name = file.read(4), ""
    file.seek(0)
    if start.startswith(_GZIP):
        file = gzip.GzipFile(fileobj=file)
    elif start.startswith(_ZIP):
        file, name = _opened(file, member, host)
    return io.BufferedReader(_Counted(file, limit, host), 65536), name


class _Counted(io.RawIOBase):
    """A file that is read no further than a limit, and whose damages are told in words."""

    def __init__(self, file, limit, host):
        self._file, self._left, self._limit, self._host = file, limit, limit, host

    def readable(self):
        return True

    def readinto(self, buffer):
        try:
            block = self._file.read(len(buffer))
        except _DAMAGED as error:
            raise ProtocolError("archive", host=self._host, problem=str(error)[:200]) from error
        self._left -= len(block)
        if self._left < 0:
            raise ProtocolError("too_big", host=self._host, limit=f"{self._limit / _MEGABYTE:.3g}")
        buffer[: len(block)] = block
        return len(block)


def _inflated(raw, limit, host):
    inflater = body.Inflater()
    try:
        content = inflater.feed(raw, limit)
        if len(content) <= limit:
            inflater.finish()
    except (body.BadCoding, body.Truncated) as error:
        raise ProtocolError("archive", host=host, problem=str(error) or "it has no end") from error
    return _checked(content, limit, host)


def _member(raw, member, limit, host):
    try:
        file, name = _opened(io.BytesIO(raw), member, host)
        with file:
            return _checked(file.read(limit + 1), limit, host), name
    except _DAMAGED as error:
        raise ProtocolError("archive", host=host, problem=str(error)[:200]) from error


def _opened(file, member, host):
    """The one file of an archive that is meant, and its name."""
    try:
        archive = zipfile.ZipFile(file)
        names = [one.filename for one in archive.infolist() if not one.is_dir()]
        found = [name for name in names if member is None or fnmatch.fnmatchcase(name, member)]
        if len(found) == 1:
            return archive.open(found[0]), found[0]
    except _DAMAGED as error:
        raise ProtocolError("archive", host=host, problem=str(error)[:200]) from error
    shown = ", ".join(names[:_SHOWN_NAMES]) + ("…" if len(names) > _SHOWN_NAMES else "")
    raise ProtocolError("archive", "many" if found else "none", host=host, member=member or "*", names=shown or "-")


def _checked(content, limit, host):
    if len(content) > limit:
        raise ProtocolError("too_big", host=host, limit=f"{limit / _MEGABYTE:.3g}")
    return content
