"""The things that pass between us and the other system: settings, request, answer, and the record of one exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from requests.structures import CaseInsensitiveDict

from . import address
from .formats import AUTO, Form, make
from .spool import Spool

# Most characters of a body in an exchange; longest beginning of a body shown with an error.
LOGGED_BODY = 64 * 1024
EXCERPT = 500


@dataclass(frozen=True)
class Settings:
    """How one connector may be talked to. Time-outs in seconds, sizes in bytes after decompression."""

    base_url: str
    headers: dict = field(default_factory=dict)
    connect_timeout: float = 10
    read_timeout: float = 60
    total_timeout: float = 300
    max_bytes: int = 50 * 1024 * 1024
    max_large: int = 2 * 1024 * 1024 * 1024  # of an answer that is kept on disk, packed and unpacked
    verify: bool = True
    ca_pem: str | None = None
    allowed_addresses: tuple[str, ...] = ()
    max_redirects: int = 5
    pool_size: int = 8
    proxy: str = ""  # see ``proxy.proxy_for``
    cookies: bool = False  # whether those of the connector's own host are kept and sent back


@dataclass(frozen=True)
class Request:
    """One request of an operation: ``url`` is a path below the base address, or absolute."""

    method: str
    url: str
    query: dict | Iterable = ()
    headers: dict = field(default_factory=dict)
    body: object | None = None
    body_format: str = "json"
    body_options: dict = field(default_factory=dict)
    reads: Form | None = None  # the format of the answer; None: as the answer says
    spooled: bool = False  # the answer may be large: it is kept on disk, and not read
    about: object | None = None  # whose matter it is; its exchanges are, too

    @cached_property
    def form(self) -> Form:
        return self.reads or make(AUTO)


@dataclass
class Answer:
    """An answer whose status was accepted. ``size`` in bytes after decompression; ``seconds`` from the first send.

    ``url`` is without the credentials that the authentication has added; ``form`` is the format that it was read in.
    """

    status: int
    headers: CaseInsensitiveDict
    document: object
    url: str
    seconds: float
    size: int
    raw: bytes
    cookies: dict[str, str] = field(default_factory=dict)  # those that this answer sets
    form: Form | None = None
    spool: Spool | None = None  # of an answer that was not read

    @property
    def host(self) -> str:
        return address.host_of(self.url)

    @property
    def telling(self):
        """What of the document may tell that the request failed, see ``told.py``."""
        return self.form.telling(self.document) if self.form else self.document


@dataclass(repr=False, eq=False)
class Exchange:
    """One HTTP request and its answer, with bodies as text of at most ``LOGGED_BODY`` characters.

    Headers and bodies are redacted when they are looked at for the first time: most exchanges are never kept.
    """

    method: str
    url: str
    status: int | None
    seconds: float
    started: datetime  # aware, UTC
    error: str
    redact: Callable[[], tuple]  # gives request headers and body, response headers and body
    about: object = None  # what its request was about
    job: object = None  # whose matter it is, for whoever keeps it

    @cached_property
    def _texts(self):
        return self.redact()

    def __repr__(self):
        return f"{self.method} {self.url} {self.status} {self.error} {self._texts}"

    @property
    def failed(self) -> bool:
        return bool(self.error) or (self.status or 0) >= 400

    @property
    def request_headers(self) -> dict:
        return self._texts[0]

    @property
    def request_body(self) -> str:
        return self._texts[1]

    @property
    def response_headers(self) -> dict:
        return self._texts[2]

    @property
    def response_body(self) -> str:
        return self._texts[3]
