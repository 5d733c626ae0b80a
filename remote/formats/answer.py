"""Which format an answer is in, and what stands in it."""

from __future__ import annotations

from urllib.parse import urlsplit

from .base import AUTO, FORMS, Form, make

_UNSAID = {"", "application/octet-stream", "binary/octet-stream", "application/x-download"}


def form_of(asked: Form, content_type: str, name: str) -> Form:
    """The format to read an answer in: the one that was asked for, else what the answer says.

    :param asked: the operation's
    :param content_type: as the answer has it
    :param name: of the file, or the address
    """
    if asked.name != AUTO:
        return asked
    media = content_type.partition(";")[0].strip().lower()
    common = {key: asked.options[key] for key in ("encoding", "member")}
    for one, cls in FORMS.items():
        if cls.answer_options is None:
            continue
        is_xml = one == "xml" and media.endswith("+xml") and media != "application/xhtml+xml"
        if media in cls.media or is_xml or (media in _UNSAID and _path(name).endswith(cls.suffixes or ("\0",))):
            return make(one, common, needed=asked.needed)
    return make("json", common)


def _path(name):
    return urlsplit(name).path.lower()
