"""Failures that an answer with a good status tells in its body, as GraphQL, JSON-RPC and many others do.

Only what leaves no doubt counts: a top-level ``error`` or ``errors`` (JSON-RPC, GraphQL), ``userErrors`` below ``data``
(GraphQL), ``success`` or ``ok`` that is false, a ``status`` of ``error`` or ``fail`` (JSend) in what is no record.
"""

from __future__ import annotations

import json
import re

from .errors import AuthFailed, RemoteError, Throttled, Unavailable
from .formats.xml_tree import spoken
from .status import judge, retry_after

REFUSED = 422  # what a failure that says no more is like
_TELLING = {401, 408, 429, *range(500, 600)}  # a code such as 404 need not be about the record itself
_NOTHING = {"", "0", "ok", "none", "null", "false", "no error", "success"}
_MOST_READ = 100_000  # bytes of a body that is no JSON
_AUTH = re.compile(
    r"(odoo )?(session|token|access token|api key|credentials?) (has |have |is |are )?(expired|invalid|revoked)"
    r"|(expired|invalid) (session|session id|token|access token|auth token|api key|credentials|auth)"
    r"|sessionexpired(exception)?|unauthenticated|not authed|not authenticated|authentication (required|failed)"
)
_THROTTLED = re.compile(r"throttled|too many requests|rate ?limit(ed| exceeded)?|request limit exceeded|slow down")
_AWAY = re.compile(r"(request |gateway |query )?(timeout|timed out)|(service )?(temporarily )?unavailable")
_CODES = ("code", "status", "statusCode", "errorCode", "type", "name", "message", "error")
# Where the sentence for a person stands, the best one first.
_WORDS = ("message", "error_description", "detail", "description", "reason", "msg", "title", "error", "errors", "value")
# Where what is wrong with single fields stands, beside a sentence that is about all of them.
_PARTS = ("errors", "error", "details", "fieldErrors", "field_errors", "validationErrors", "validation_errors")
_PARTS += ("violations", "invalid_params", "invalid-params", "invalidParams", "innererror")
_FIELDS = ("field", "fields", "property", "propertyName", "propertyPath", "attribute", "param", "parameter", "target")
_OF_ALL = {"non_field_errors", "nonfielderrors", "base", "_schema", "__all__", "_errors", "0"}
_ASIDE = {"id", "code", "status", "statuscode", "timestamp", "path", "type", "instance", "traceid", "requestid", "lang"}
_ASIDE |= {"request_id", "documentation_url", "errorcode", "success", "ok", "jsonrpc", "extensions", "debug", "trace"}
_TITLE = re.compile(r"<title[^>]*>\s*([^<]{1,200}?)\s*</title>", re.IGNORECASE)


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
    """What a failure says to a person: the first sentences that are found, each once; those about a field name it.

    They are whole. Who shows them blanks secrets first and cuts then: half a secret would not be known any more.
    """
    found = dict.fromkeys(_sentences(problem))
    return "; ".join(list(found)[:3]) or (json.dumps(problem, default=str) if isinstance(problem, (dict, list)) else "")


def words_of_body(body: bytes) -> str:
    """The other system's own words in the body of an error: its sentences, else the body; whole, as by ``words``."""
    text = body[:_MOST_READ].decode("utf-8", "replace").strip()
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        if text[:1] == "<" and "<html" not in text[:1000].lower() and (said := spoken(body)):
            return words(said)
        title = _TITLE.search(text)
        return title[1] if title else "" if text[:1] in ("<", "[", "{") else " ".join(text.split())
    return words(document) if document else ""


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


def _sentences(problem, name="", depth=5, are_fields=False):
    """Sentences, the most particular first.

    :param str name: of the field that they are about
    :param bool are_fields: may the names in it be those of fields, whatever they are
    """
    if isinstance(problem, str):
        if text := problem.strip():
            yield f"{name}: {text}" if name and name.lower() not in text.lower() else text
    elif isinstance(problem, list) and depth:
        for one in problem:
            yield from _sentences(one, name, depth - 1)
    elif isinstance(problem, dict) and depth:
        if are_fields and problem and all(isinstance(value, (dict, list)) for value in problem.values()):
            yield from _of_fields(problem, name, depth)
            return
        name = _field_of(problem) or name
        inside = list(_sentences(problem["data"], name, depth - 1)) if isinstance(problem.get("data"), dict) else []
        inside = inside or list(_beside(problem, name, depth))
        yield from inside or _of_fields(problem, name, depth)


def _beside(problem, name, depth):
    """What is wrong with single fields, and the sentence about all of them."""
    parts = []
    for part in _PARTS:
        if isinstance(problem.get(part), (dict, list)):
            parts += _sentences(problem[part], name, depth - 1, are_fields=part not in ("error", "innererror"))
    yield from parts
    known = [word for word in _WORDS if word not in _PARTS or isinstance(problem.get(word), str)]
    for word in known:
        found = list(_sentences(problem.get(word), name, depth - 1))
        if found and not (parts and word in ("title", "error", "errors")):
            yield from found
        if found:
            return


def _of_fields(problem, name, depth):
    """``{"email": ["has been taken"]}``: the names are those of fields."""
    for key, value in problem.items():
        if key.lower() not in _ASIDE:
            inner = ".".join(filter(None, [name, "" if key.lower() in _OF_ALL else key]))
            yield from _sentences(value, inner, depth - 1)


def _field_of(problem):
    """The field that an error names; empty if it names none."""
    names = [problem.get(one) for one in (*_FIELDS, *(("name",) if "reason" in problem else ()))]
    source, path = problem.get("source"), problem.get("path")
    if isinstance(source, dict):
        names += [str(source.get("pointer") or source.get("parameter") or "").rpartition("/")[2]]
    if isinstance(path, list):
        names += [[one for one in path if isinstance(one, str)][-1:]]
    for one in names:
        texts = [one] if isinstance(one, str) else one if isinstance(one, list) else []
        if text := ".".join(text for text in texts if isinstance(text, str)):
            return text
    return ""
