"""Files that come packed: gzip (RFC 1952) and ZIP archives, opened in bounded memory."""

from __future__ import annotations

import fnmatch
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
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
            found = [name for name in names if member is None or fnmatch.fnmatchcase(name, member)]
            if len(found) != 1:
                shown = ", ".join(names[:_SHOWN_NAMES]) + ("…" if len(names) > _SHOWN_NAMES else "")
                detail = "none" if not found else "many"
                raise ProtocolError("archive", detail, host=host, member=member or "*", names=shown or "-")
            with archive.open(found[0]) as file:
                return _checked(file.read(limit + 1), limit, host), found[0]
    except _DAMAGED as error:
        raise ProtocolError("archive", host=host, problem=str(error)[:200]) from error


def _checked(content, limit, host):
    if len(content) > limit:
        raise ProtocolError("too_big", host=host, limit=f"{limit / _MEGABYTE:.3g}")
    return content
