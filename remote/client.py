"""One pooled session with the other system: send a request, get an answer or a ``RemoteError``."""

from __future__ import annotations

import contextlib
import functools
import http.client
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions

from . import address, body, status
from .connection import Attempt, Deadline, running, tls_context
from .cookies import Cookies
from .errors import ProtocolError, Rejected, RemoteError, Unavailable
from .exchange import EXCERPT, LOGGED_BODY, Answer, Exchange, Request, Settings
from .formats import Form, make
from .formats.answer import open_answer
from .guard import Guard
from .redaction import REDACTED, may_hold, redact_headers, redact_start, redact_url, without_secrets
from .spool import Spool
from .steering import steers
from .told import words_of_body
from .transport import GuardedSession, Outgoing

__all__ = ["Answer", "Client", "Exchange", "Request", "Settings"]

_USER_AGENT = "IntegrationBridge"
# The body of an error is only shown, so little of it is enough.
_ERROR_BYTES = 1024 * 1024
_NO_CONTENT = {204, 205, 304}
_FULL = {200, 207}  # an answer to a question that has nothing in it answers nothing
_MEGABYTE = 1024 * 1024


@dataclass
class _Call:
    """One HTTP request on its way: what is sent, and what has come back."""

    request: Outgoing
    deadline: Deadline
    limit: int
    hidden: bool = False  # the answer holds a credential
    trusted: bool = False  # it goes to where credentials may be seen
    is_file: bool = False  # the other system says where it lies
    resendable: bool = True
    status: int | None = None
    answer_headers: CaseInsensitiveDict = field(default_factory=CaseInsensitiveDict)
    cookies: dict = field(default_factory=dict)
    raw: bytearray = field(default_factory=bytearray)
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    clock: float = field(default_factory=time.monotonic)
    exchange: Exchange | None = None
    about: object = None
    address: str = ""  # without the credentials that belong into it
    asked: Form | None = None  # the format that the answer shall have

    @property
    def host(self) -> str:
        return address.host_of(self.request.url)


class Client:
    """Session of one connector; ``send`` and ``download`` may be called from many threads.

    :param Settings settings: where and how
    :param auth: a scheme of ``auth.py``, or None
    :param on_exchange: called with one ``Exchange`` after every HTTP request, also failed ones and token requests
    :param secrets: further texts that must not appear in messages and exchanges
    :param turnstile: makes every request wait for its turn: ``turn()`` gives a context manager, ``observe(headers)``
        learns from the answer, ``close()`` gives back what it holds; None for no limit
    """

    def __init__(self, settings: Settings, auth=None, on_exchange=None, secrets=(), turnstile=None):
        self.settings = settings
        self.auth = auth
        self._on_exchange = on_exchange
        self._secrets = tuple(filter(None, secrets))
        self._turnstile = turnstile
        self._guard = Guard(settings.allowed_addresses)
        self._guard_of_files = Guard(settings.allowed_addresses, is_for_files=True)
        # None: a system that only calls us.
        self._origin = None if settings.base_url is None else address.origin(settings.base_url)
        self._session = None
        self._cookies = Cookies() if settings.cookies else None
        self._opening = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def close(self) -> None:
        """Close the pooled connections. The client opens new ones if it is used again."""
        with self._opening:
            if self._session is not None:
                self._session.close()
        if self._turnstile is not None:
            self._turnstile.close()

    # --- What others call

    def send(self, request: Request, accept_statuses=()) -> Answer:
        """Send a request with the connector's authentication; what it is refused for may be tried once more.

        :param accept_statuses: statuses besides 2xx that are answers and not errors; their body need not be JSON
        :raises RemoteError: of the kind that says what to do
        :raises ValueError, TypeError: the body can not be written in its format
        """
        call = self._walk_signed(request, accept_statuses)
        return self._answer(call, accept_statuses, _must_have_content(request.method))

    def download(self, url: str, max_bytes: int) -> tuple[bytes, str]:
        """Fetch a file, such as an image; credentials travel only if it lies below the connector's base address.

        :return: content, and its Content-Type as sent (may be empty)
        :raises RemoteError: also if it is larger than ``max_bytes`` (reason ``too_big``)
        """
        call = self._walk_signed(Request("GET", url), (), limit=max_bytes, defaults={"Accept": "*/*"})
        if not 200 <= call.status < 300:
            raise self._status_error(call)
        return bytes(call.raw), call.answer_headers.get("Content-Type", "")

    def ask_token(self, request: Request, needs_document=True) -> Answer:
        """Send a request for a token: without authentication, and its answer is not logged.

        :param bool needs_document: the token is in the body, which else need not be JSON
        :raises RemoteError: as ``send``
        """
        call = self._walk(request, hidden=True)
        return self._answer(call, () if needs_document else range(200, 300), needs_document)

    def excerpt(self, raw: bytes) -> str:
        """The beginning of a body as it may be shown to a person: redacted, at most ``EXCERPT`` characters."""
        return self._shown(raw, None, EXCERPT)

    def cleaned(self, document, raw=None, call=None):
        """A document of the other system without the credentials that it may repeat; nothing else of it is changed.

        :param bytes raw: what it was read from, where that is at hand
        """
        secrets = self._own_secrets(call)
        return document if raw is not None and not may_hold(raw, secrets) else without_secrets(document, secrets)

    # --- From address to address

    def _walk_signed(self, request: Request, accept_statuses, **options) -> _Call:
        """``_walk`` with authentication; a token that is rejected is replaced once, a challenge answered once."""
        if self.auth is None:
            return self._walk(request, **options)
        self.auth.prepare(self)
        call = self._walk(request, **options)
        if call.status < 400 or call.status in accept_statuses or not call.trusted:
            return call
        if self.auth.try_again(self, call.status, call.answer_headers, call.request.token):
            return self._walk(request, **options)
        return call

    def _walk(self, request: Request, limit=None, defaults=None, hidden=False) -> _Call:
        """Send a request and follow its redirects; any status is returned.

        :raises Rejected: it would need credentials where none may be sent (``outside``), or has a header that steers it
        """
        deadline, is_file = Deadline(self.settings.total_timeout), limit is not None
        if limit is None:
            limit = self.settings.max_large if request.spooled else self.settings.max_bytes
        url = address.add_query(
            address.join_base(self.settings.base_url, request.url), address.query_pairs(request.query)
        )
        content, content_type = _content(request)
        # A token may come from another host than the records; the request's own headers are meant for it.
        home = address.origin(url) if hidden else self._origin
        trusted = True
        _refuse_steering({**self.settings.headers, **request.headers})
        for hop in range(self.settings.max_redirects + 1):
            # Once the walk has left what is ours, no address it leads to gets credentials, be it ours.
            trusted = trusted and (
                address.origin(url) == home if hidden else address.is_below(self.settings.base_url, url)
            )
            if not trusted and not hop and not is_file and self._withholds(url):
                raise Rejected("outside", sent=False, url=redact_url(url), base=redact_url(self.settings.base_url))
            headers = CaseInsensitiveDict({"Accept": request.form.accept, **(defaults or {})})
            if trusted:
                own = self.settings.headers if address.origin(url) == self._origin else {}
                _update(headers, {**content_type, **own})
                _update(headers, request.headers)
            headers["Accept-Encoding"] = body.ACCEPT_ENCODING
            headers.setdefault("User-Agent", _USER_AGENT)
            sent = Outgoing(request.method.upper(), address.on_the_wire(url), headers, content if trusted else None)
            if trusted and self._keeps_cookies_of(url):
                self._cookies.add_to(sent)
            if trusted and not hidden and self.auth is not None:
                sent = self.auth(sent)
            call = _Call(sent, deadline, limit, hidden, trusted)
            call.about, call.address, call.asked = request.about, url, request.form
            call.is_file = is_file
            call.raw = Spool() if request.spooled else call.raw
            self._take_turn(call)
            if call.status not in status.REDIRECTS or not call.answer_headers.get("Location"):
                return call
            try:
                url = self._redirect_target(call)
            except ProtocolError as error:
                _blame(call, error)
                raise
        host, limit = address.host_of(url), self.settings.max_redirects
        error = ProtocolError("redirect", "loop", status=call.status, host=host, limit=limit)
        _blame(call, error)
        raise error

    def _withholds(self, url: str) -> bool:
        """Would credentials be missing at this address of our own host, which is not below the base address?"""
        return address.origin(url) == self._origin and (self.auth is not None or bool(self.settings.headers))

    def _keeps_cookies_of(self, url: str) -> bool:
        return self._cookies is not None and address.origin(url) == self._origin

    def _redirect_target(self, call: _Call) -> str:
        """Where a redirect leads, if it may be followed (RFC 9110 section 15.4).

        :raises ProtocolError: reason ``redirect``
        """
        try:
            target = address.resolve(call.request.url, call.answer_headers["Location"])
            same = address.origin(target) == address.origin(call.request.url)
            if call.trusted and not call.hidden:  # what is sent is meant for what lies below the base address
                same = same and address.is_below(self.settings.base_url, target)
        except Rejected as error:
            raise ProtocolError(
                "redirect", "target", status=call.status, host=call.host, sent=_may_be_done(call)
            ) from error
        if call.request.method not in ("GET", "HEAD") and not (call.status in (307, 308) and same):
            where, sent = address.host_of(target), _may_be_done(call)
            raise ProtocolError(
                "redirect", status=call.status, host=call.host, target=where, method=call.request.method, sent=sent
            )
        return target

    # --- One HTTP request

    def _take_turn(self, call: _Call) -> None:
        """Make the request when the connector's limits allow it; waiting for that is no part of its time."""
        if self._turnstile is None:
            self._exchange(call)
            return
        waiting = time.monotonic()
        with self._turnstile.turn():
            call.clock, call.started = time.monotonic(), datetime.now(timezone.utc)
            call.deadline.extend(call.clock - waiting)
            self._exchange(call)
        self._turnstile.observe(call.answer_headers)

    def _exchange(self, call: _Call) -> None:
        """Send once and read the answer into ``call``; always report the exchange."""
        try:
            try:
                self._transfer(call)
            except _Stale:
                self._report(call, Unavailable("reset", host=call.host))
                call.resendable, call.started = False, datetime.now(timezone.utc)
                self._transfer(call)
        except RemoteError as error:
            self._report(call, error)
            raise
        self._report(call, None)

    def _transfer(self, call: _Call) -> None:
        settings = self.settings
        timeouts = settings.connect_timeout, settings.read_timeout
        is_far = call.is_file and address.origin(call.request.url) != self._origin
        guard = self._guard_of_files if is_far else self._guard
        attempt = Attempt(guard, call.deadline, *timeouts, settings.proxy)
        with running(attempt):
            try:
                response = self._open(call)
            except exceptions.HTTPError as error:
                if _went_stale(error, call, attempt):
                    raise _Stale from error
                raise self._no_answer(error, call) from error
            with contextlib.closing(response.raw):
                call.status, call.answer_headers = response.status_code, _without_nul(response.headers)
                call.cookies = response.cookies.get_dict()
                if call.trusted and self._keeps_cookies_of(call.request.url):
                    self._cookies.take(call.request, response.raw)
                self._read(response.raw, call)

    def _open(self, call: _Call) -> requests.Response:
        return self._sending().send(call.request)

    def _sending(self) -> GuardedSession:
        with self._opening:
            if self._session is None:
                context = tls_context(self.settings.verify, self.settings.ca_pem)
                self._session = GuardedSession(context, self.settings.pool_size)
            return self._session

    def _read(self, response, call: _Call) -> None:
        failed = call.status >= 400
        limit = min(call.limit, _ERROR_BYTES) if failed else call.limit
        try:
            expected = call.request.method != "HEAD" and call.status not in _NO_CONTENT
            body.read_body(response, limit, call.raw, expected)
            response.release_conn()  # an empty body does not do it by itself
        except (body.TooBig, body.Truncated, body.BadCoding, exceptions.HTTPError, OSError) as error:
            response.close()  # what is left on the wire must not be read as the next answer
            if not failed:  # the status says more than a broken body of an error page
                raise self._broken_body(error, call) from error

    # --- Failures in words

    def _no_answer(self, error, call: _Call) -> RemoteError:
        """The error for a request that was sent and not answered."""
        cause = error.args[1] if isinstance(error, exceptions.ProtocolError) and len(error.args) > 1 else error
        if isinstance(cause, (TimeoutError, exceptions.TimeoutError)):
            return self._timed_out(call)
        if isinstance(error, exceptions.LocationParseError):
            return Rejected("bad_url", sent=False, url=self._url(call))
        if isinstance(cause, http.client.HTTPException) and not isinstance(cause, ConnectionError):
            return ProtocolError("not_http", host=call.host)
        if isinstance(error, exceptions.SSLError):
            return Unavailable("tls", host=call.host, problem="broken off by the other side")
        return Unavailable("reset", host=call.host)

    def _timed_out(self, call: _Call) -> RemoteError:
        total = not call.deadline.left()
        seconds = call.deadline.seconds if total else self.settings.read_timeout
        return Unavailable("timeout", "total" if total else "read", host=call.host, seconds=f"{seconds:g}")

    def _broken_body(self, error, call: _Call) -> RemoteError:
        excerpt = self._excerpt(call)
        if isinstance(error, body.TooBig):
            limit = f"{call.limit / _MEGABYTE:.3g}"
            return ProtocolError("too_big", status=call.status, host=call.host, limit=limit, excerpt=excerpt)
        if isinstance(error, body.BadCoding):
            problem = redact_start(str(error), self._all_secrets(call), 80)
            return ProtocolError("encoding", status=call.status, host=call.host, problem=problem)
        if isinstance(error, (TimeoutError, exceptions.TimeoutError)) or not call.deadline.left():
            return self._timed_out(call)
        return Unavailable("truncated", status=call.status, host=call.host, excerpt=excerpt)

    def _status_error(self, call: _Call) -> RemoteError:
        secrets = self._all_secrets(call)
        remote = redact_start(words_of_body(bytes(call.raw)), secrets, EXCERPT)
        excerpt = self._excerpt(call)
        return status.status_error(call.status, call.answer_headers, host=call.host, remote=remote, excerpt=excerpt)

    def _excerpt(self, call: _Call) -> str:
        if call.hidden and call.status < 400:
            return ""
        return self._shown(call.raw, call, EXCERPT)

    def _shown(self, content, call: _Call | None, length: int) -> str:
        return _beginning(content, self._all_secrets(call), length)

    def _all_secrets(self, call: _Call | None) -> tuple[str, ...]:
        cookies = self._cookies.values() if self._cookies is not None else ()
        return (*self._own_secrets(call), *filter(None, cookies))

    def _own_secrets(self, call: _Call | None) -> tuple[str, ...]:
        """Those of the connector and its session; a cookie may hold a word such as the name of a language."""
        own = self.auth.secret_values() if self.auth is not None else ()
        return tuple(filter(None, (*self._secrets, *own, call and call.request.token)))

    def _url(self, call: _Call) -> str:
        return redact_url(call.request.url, self._all_secrets(call))

    # --- Answers and their record

    def _answer(self, call: _Call, accept_statuses, must_have_content: bool) -> Answer:
        try:
            return self._judged(call, accept_statuses, must_have_content)
        except ProtocolError as error:
            _blame(call, error)
            raise

    def _judged(self, call: _Call, accept_statuses, must_have_content: bool) -> Answer:
        accepted = call.status in accept_statuses
        if not accepted and not 200 <= call.status < 300:
            raise self._status_error(call)
        raw, form, headers = bytes(call.raw), None, call.answer_headers
        if not call.hidden:  # a token is read from its answer
            headers = CaseInsensitiveDict(self.cleaned(dict(headers), call=call))
        if isinstance(call.raw, Spool):
            seconds = time.monotonic() - call.clock
            spool, size = call.raw if call.raw else None, len(call.raw)
            return Answer(call.status, headers, None, call.address, seconds, size, raw, call.cookies, None, spool)
        try:
            parsed, form = self._parsed(raw, call, must_have_content and not accepted)
        except ProtocolError as error:
            if not accepted:
                error.status, error.excerpt = call.status, self._excerpt(call)
                raise
            parsed = None
        seconds, raw = time.monotonic() - call.clock, bytes(call.raw)
        if not call.hidden:
            parsed = self.cleaned(parsed, raw, call)
        return Answer(call.status, headers, parsed, call.address, seconds, len(raw), raw, call.cookies, form)

    def _parsed(self, raw: bytes, call: _Call, must_have_content: bool):
        """The document of an answer, and the format that it was read in."""
        opened = open_answer(raw, call.answer_headers, call.address, call.asked, call.limit, call.host)
        if opened.raw is not raw:
            call.raw = bytearray(opened.raw)  # what is shown of the answer is what was packed
        must = must_have_content and call.status in _FULL
        return opened.form.document(opened.raw, opened.content_type, call.host, must), opened.form

    def _report(self, call: _Call, error: RemoteError | None) -> None:
        if self._on_exchange is None:
            return
        call.exchange = Exchange(
            method=call.request.method,
            url=self._url(call),
            status=call.status,
            seconds=time.monotonic() - call.clock,
            started=call.started,
            error=error.message if error else "",
            redact=functools.partial(_redacted, call, self._all_secrets(call)),
            about=call.about,
        )
        self._on_exchange(call.exchange)


def _redacted(call: _Call, secrets):
    """Headers and bodies of an exchange as they may be kept."""
    hidden = call.hidden and call.raw and call.status is not None and call.status < 400
    return (
        redact_headers(call.request.headers, secrets),
        _beginning(call.request.body or b"", secrets, LOGGED_BODY),
        redact_headers(call.answer_headers, secrets),
        REDACTED if hidden else _beginning(call.raw, secrets, LOGGED_BODY),
    )


def _beginning(content, secrets, length: int) -> str:
    # Four bytes a character at most; the rest is room for a secret that lies across the cut.
    text = bytes(content[: 4 * length + LOGGED_BODY]).decode("utf-8", "replace")
    return redact_start(text.replace("\0", "\ufffd"), secrets, length)  # no database keeps a NUL in a text


def _blame(call: _Call, error: RemoteError) -> None:
    """Note an error on its exchange, which looked well until its content was read."""
    if call.exchange is not None:
        call.exchange.error = error.message


class _Stale(Exception):
    """A kept connection was closed by the other side before it saw our request."""


def _went_stale(error, call: _Call, attempt: Attempt) -> bool:
    """Whether sending again at once is safe and sensible: a read on a reused connection (RFC 9110 section 9.2.2)."""
    cause = error.args[1] if len(error.args) > 1 else error
    harmless = call.resendable and call.request.method in ("GET", "HEAD")
    return harmless and not attempt.fresh and isinstance(cause, ConnectionError)


def _may_be_done(call: _Call) -> bool:
    """Whether a change that was answered by a redirect may have been made: 302 and 303 often follow one that was."""
    return call.status not in (301, 307, 308)


def _must_have_content(method: str) -> bool:
    # Many systems answer a change or removal with an empty 200.
    return method.upper() in ("GET", "POST", "PROPFIND", "REPORT")


def _content(request: Request) -> tuple[bytes | None, dict]:
    """Bytes of the body, and the header that names their format."""
    if request.body is None:
        return None, {}
    content, content_type = make(request.body_format, request.body_options, is_body=True).write(request.body)
    return content, {"Content-Type": content_type}


def _refuse_steering(headers) -> None:
    """:raises Rejected: one of them decides where the request goes (reason ``bad_header``, detail ``steering``)"""
    for name in headers:
        if steers(name):
            raise Rejected("bad_header", "steering", sent=False, name=repr(name)[:80])


def _without_nul(headers) -> CaseInsensitiveDict:
    # RFC 9110 5.5: NUL is invalid in a field value; refuse it or take a space. A cursor with one could not be stored.
    return CaseInsensitiveDict({name: value.replace("\0", " ") for name, value in headers.items()})


def _update(headers: CaseInsensitiveDict, more: dict) -> None:
    """Set headers, replacing those of the same name in any case; None takes one away."""
    for name, value in more.items():
        headers.pop(name, None)
        if value is not None:
            headers[name] = str(value)
