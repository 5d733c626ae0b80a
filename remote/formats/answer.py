"""Opening an answer: what is packed, and which format it is in."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

from .base import AUTO, COMMON, FORMS, Form, make
from .packed import unpack

# Content types that say nothing of what is inside.
_UNSAID = {"", "application/octet-stream", "binary/octet-stream", "application/force-download"}
_UNSAID |= {"application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed"}


@dataclass(frozen=True)
class Opened:
    """``raw`` is what was packed, ``form`` the format to read it in."""

    raw: bytes
    form: Form
    content_type: str


def open_answer(raw: bytes, headers, url: str, asked: Form, limit: int, host: str) -> Opened:
    """Open an answer.

    :param headers: of the answer
    :param asked: the operation's format
    :param limit: most bytes after unpacking
    :raises ProtocolError: reasons ``archive``, ``too_big``
    """
    raw, member = unpack(raw, asked.options.get("member"), limit, host)
    return Opened(raw, form_of_answer(headers, url, asked, member), headers.get("Content-Type", ""))


def form_of_answer(headers, url: str, asked: Form, member: str) -> Form:
    """The format to read an answer in.

    :param member: name of the file in an archive; empty if there is none
    """
    if asked.name != AUTO:
        return asked
    name = member or _file_name(headers) or urlsplit(url).path
    return _told_form(headers.get("Content-Type", ""), name, asked)


def _told_form(content_type, name, asked):
    """The format that the answer tells by its Content-Type, or else by its name; JSON if neither does."""
    media = content_type.partition(";")[0].strip().lower()
    name = name.lower().removesuffix(".gz")
    common = {key: asked.options[key] for key in COMMON}
    for one, cls in FORMS.items():
        if cls.answer_options is None:
            continue
        is_xml = one == "xml" and media.endswith("+xml") and media != "application/xhtml+xml"
        if media in cls.media or is_xml or (media in _UNSAID and any(map(name.endswith, cls.suffixes))):
            return make(one, common, needed=asked.needed)
    return make("json", common)


def _file_name(headers):
    """The name in Content-Disposition (RFC 6266); empty if there is none."""
    message = Message()
    message["Content-Disposition"] = headers.get("Content-Disposition", "")
    return message.get_filename("")
