"""Reading a body in bounded memory: its size is counted after decompression (a gzip bomb is small on the wire).

Decompression is done here and not by urllib3, as that inflates a whole block, and any number of nested codings, before
anyone can count.
"""

from __future__ import annotations

import zlib

_BLOCK = 65536
ACCEPT_ENCODING = "gzip, deflate"


class TooBig(Exception):
    """The decoded body passes the limit."""


class Truncated(Exception):
    """The body ends before it should."""


class BadCoding(Exception):
    """The content coding is unknown or its data are damaged."""


class Plain:
    """A body that is not compressed."""

    def feed(self, block: bytes, room: int) -> bytes:
        return block

    def finish(self) -> None:
        """Nothing can be missing."""


class Inflater:
    """gzip (RFC 1952, also several members) and deflate (RFC 1950, or raw RFC 1951 as some servers send)."""

    def __init__(self):
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by its header
        self._started = False

    def feed(self, block: bytes, room: int) -> bytes:
        """Decode a block into at most ``room`` + 1 bytes: one too many tells the caller that it is too big.

        :raises BadCoding: damaged data
        """
        decoded = b""
        while block and len(decoded) <= room:
            if self._inflate.eof:
                if not block.strip(b"\0"):  # padding after the last member
                    break
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
            decoded += self._step(block, room + 1 - len(decoded))
            block = self._inflate.unused_data or self._inflate.unconsumed_tail
        return decoded

    def _step(self, block, most):
        try:
            return self._inflate.decompress(block, most)
        except zlib.error as error:
            if self._started:
                raise BadCoding(str(error)) from error
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        finally:
            self._started = True
        return self._step(block, most)

    def finish(self) -> None:
        """:raises Truncated: the compressed data have no end"""
        if self._started and not self._inflate.eof:
            raise Truncated


def _decoder(coding: str):
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return Plain()
    if coding in ("gzip", "x-gzip", "deflate"):
        return Inflater()
    raise BadCoding(coding)


def read_body(response, limit: int, body: bytearray, expected: bool = True) -> None:
    """Read and decode the body of a urllib3 response into ``body``, which keeps what came if this fails.

    :param int limit: most bytes after decoding
    :param expected: whether the Content-Length speaks of this body (not so for HEAD and 304)
    :raises TooBig, Truncated, BadCoding: see there
    :raises urllib3.exceptions.HTTPError: from the connection
    """
    decoder = _decoder(response.headers.get("Content-Encoding", ""))
    received = 0
    for block in response.stream(_BLOCK, decode_content=False):
        received += len(block)
        body += decoder.feed(block, limit - len(body))
        if len(body) > limit:
            raise TooBig
    # Older urllib3 does not compare by itself.
    declared = response.headers.get("Content-Length", "")
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    if expected and declared.isdigit() and not chunked and received < int(declared):
        raise Truncated
    decoder.finish()
