"""Failures that an answer with a good status tells in its body, as GraphQL, JSON-RPC and many others do.

Only what leaves no doubt counts: a top-level ``error`` or ``errors`` (JSON-RPC, GraphQL), ``userErrors`` below ``data``
(GraphQL), ``success`` or ``ok`` that is false, a ``status`` of ``error`` or ``fail`` (JSend) in what is no record.
"""

from __future__ import annotations

import json
import re

from .errors import AuthFailed, RemoteError, Throttled, Unavailable
from .status import judge, retry_after

REFUSED = 422  # what a failure that says no more is like
_TELLING = {401, 408, 429, *range(500, 600)}  # a code such as 404 need not be about the record itself
_NOTHING = {"", "0", "ok", "none", "null", "false", "no error", "success"}
_MOST_WORDS = 500
_AUTH = re.compile(
    r"(odoo )?(session|token|access token|api key|credentials?) (has |have |is |are )?(expired|invalid|revoked)"
    r"|(expired|invalid) (session|session id|token|access token|auth token|api key|credentials|auth)"
    r"|sessionexpired(exception)?|unauthenticated|not authed|not authenticated|authentication (required|failed)"
)
_THROTTLED = re.compile(r"throttled|too many requests|rate ?limit(ed| exceeded)?|request limit exceeded|slow down")
_AWAY = re.compile(r"(request |gateway |query )?(timeout|timed out)|(service )?(temporarily )?unavailable")
_CODES = ("code", "status", "statusCode", "errorCode", "type", "name", "message", "error")
_WORDS = ("message", "error_description", "detail", "description", "reason", "title", "msg", "error", "errors", "value")


def told_failure(document, reading=False) -> tuple[int, str] | None:
    """What a body says of a failure that its status does not say.

    :param document: any JSON value
    :param bool reading: was something read: then what stands below ``data`` are the records, whose errors are their own
    :return: the HTTP status that it stands for, and the other system's own words; None if nothing says that it failed
    """
    problem = _problem(document, reading) if isinstance(document, dict) else None
    return None if problem is None else (meaning(problem), words(problem))


def told_error(status: int, remote: str, headers, host: str, rejected: str = "") -> RemoteError:
    """The error for a failure that is told in the body of an answer.

    :param status: what it stands for
    :param remote: the other system's own words, redacted
    :param rejected: which variety it is if the request is refused
    """
    wait = retry_after(headers)
    kind, _detail = judge(status, wait)
    detail = {AuthFailed: "auth", Throttled: "throttled", Unavailable: "failed"}.get(kind, rejected)
    remote = f": {remote.rstrip('.')}" if remote else ""
    return kind(
        "told", detail, status=status, retry_after=wait if kind is Throttled else None, host=host, remote=remote
    )


def meaning(problem) -> int:
    """The HTTP status that a failure stands for, as far as its code or its words say so."""
    for code in _codes(problem):
        if isinstance(code, int) and not isinstance(code, bool) and code in _TELLING:
            return code
        text = str(code).strip().rstrip(".!")
        if text.isdecimal() and int(text) in _TELLING:
            return int(text)
        text = text.rpartition(".")[2].replace("_", " ").lower()
        if _AUTH.fullmatch(text):
            return 401
        if _THROTTLED.fullmatch(text):
            return 429
        if _AWAY.fullmatch(text):
            return 503
    return REFUSED


def words(problem) -> str:
    """What a failure says to a person: the first sentences that are found, each once."""
    found = dict.fromkeys(_sentences(problem))
    text = "; ".join(list(found)[:3]) or (json.dumps(problem, default=str) if isinstance(problem, (dict, list)) else "")
    return text[:_MOST_WORDS]


def _problem(document, reading):
    for name in ("error", "errors"):
        if _is_something(document.get(name)):
            # {"error": true, "message": "Locked"}: the words stand beside it.
            return document if document[name] is True else document[name]
    data = None if reading else document.get("data")
    for payload in data.values() if isinstance(data, dict) else ():
        for name, value in payload.items() if isinstance(payload, dict) else ():
            if name.lower().endswith("usererrors") and value:
                return value
            if name == "errors" and isinstance(value, list) and any(isinstance(one, dict) for one in value):
                return value
    if any(document.get(name) is False for name in ("success", "ok")):
        return document
    is_record = "id" in document
    if document.get("status") in ("error", "fail") and not is_record:
        return {"message": document.get("message"), "code": document.get("code"), "errors": document.get("data")}
    return None


def _is_something(value):
    """Is it an error? ``{"code": 0, "message": "OK"}`` is none."""
    if isinstance(value, dict):
        return any(map(_is_something, value.values()))
    return value.strip().lower() not in _NOTHING if isinstance(value, str) else bool(value)


def _codes(problem, depth=3):
    """Where systems say in a word or number what went wrong, the most particular first."""
    if isinstance(problem, list):
        for one in problem:
            yield from _codes(one, depth - 1) if depth else ()
    elif isinstance(problem, dict):
        for name in ("extensions", "data"):
            if isinstance(problem.get(name), dict) and depth:
                yield from _codes(problem[name], depth - 1)
        for name in _CODES:
            value = problem.get(name)
            yield from _codes(value, depth - 1) if isinstance(value, (dict, list)) and depth else [value]
    elif problem is not None:
        yield problem


def _sentences(problem, depth=4):
    if isinstance(problem, str):
        if problem.strip():
            yield problem.strip()
    elif isinstance(problem, list) and depth:
        for one in problem:
            yield from _sentences(one, depth - 1)
    elif isinstance(problem, dict) and depth:
        inside = list(_sentences(problem["data"], depth - 1)) if isinstance(problem.get("data"), dict) else []
        inside = inside or next(
            (found for name in _WORDS if (found := list(_sentences(problem.get(name), depth - 1)))), []
        )
        # {"email": ["has been taken"]}: the names are those of fields.
        yield from inside or (text for value in problem.values() for text in _sentences(value, depth - 1))
