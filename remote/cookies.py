"""Cookies of the connector's own host, kept for as long as a client lives."""

from __future__ import annotations

import threading

from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header


class Cookies:
    """What one host has set; which of it goes where, and how long, is said in RFC 6265. For many threads."""

    def __init__(self):
        self._jar = RequestsCookieJar()
        self._lock = threading.Lock()

    def add_to(self, request) -> None:
        """:param Outgoing request: to the host that the cookies are of"""
        with self._lock:
            header = get_cookie_header(self._jar, request)
        if header:
            request.headers["Cookie"] = header

    def take(self, request, raw) -> None:
        """:param raw: urllib3's answer to the request"""
        with self._lock:
            extract_cookies_to_jar(self._jar, request, raw)

    def values(self) -> tuple[str, ...]:
        """What must not be shown: a session is as good as a password."""
        with self._lock:
            return tuple(cookie.value for cookie in self._jar if cookie.value)
