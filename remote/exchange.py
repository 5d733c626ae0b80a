"""The things that pass between us and the other system: settings, request, answer, and the record of one exchange."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from requests.structures import CaseInsensitiveDict

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
    verify: bool = True
    ca_pem: str | None = None
    allowed_addresses: tuple[str, ...] = ()
    max_redirects: int = 5
    pool_size: int = 8


@dataclass(frozen=True)
class Request:
    """One request of an operation: ``url`` is a path below the base address, or absolute."""

    method: str
    url: str
    query: dict | Iterable = ()
    headers: dict = field(default_factory=dict)
    body: object | None = None
    body_format: str = "json"


@dataclass
class Answer:
    """An answer whose status was accepted. ``size`` in bytes after decompression; ``seconds`` from the first send."""

    status: int
    headers: CaseInsensitiveDict
    document: object
    url: str
    seconds: float
    size: int
    raw: bytes


@dataclass
class Exchange:
    """One HTTP request and its answer, redacted, with bodies as text of at most ``LOGGED_BODY`` characters."""

    method: str
    url: str
    request_headers: dict
    request_body: str
    status: int | None
    response_headers: dict
    response_body: str
    seconds: float
    started: datetime  # aware, UTC
    error: str
