"""Registering a webhook at the other system, as a definition describes it: which request does it, and what it answers.

What can be found is not registered again, so that doing it twice changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import jmespath
import jmespath.exceptions

from .. import moments
from .errors import ConfigurationError, ProtocolError, RemoteError, _lt
from .exchange import Request
from .redaction import REDACTED
from .status import is_absent
from .template import render, render_path, validate

STEPS = ("find", "check", "create", "renew", "delete")
PARTS = {"method", "path", "query", "headers", "body", "body_format"}
PLACES = ("records", "address", "id", "secret", "expires")  # JMESPath in an answer
KNOWN = {*STEPS, *PLACES, "days"}
PLACEHOLDERS = {
    "address": _lt("The address of the webhook."),
    "secret": _lt("Its secret, where we make it."),
    "events": _lt("The events of the routes, as a list."),
    "hook_id": _lt("What the other system calls it."),
    "expires": _lt("When it shall end, if it ends: ISO 8601."),
}


class Registered(NamedTuple):
    """What the other system says of the webhook.

    :ivar str hook_id: its id there
    :ivar str secret: that it has made; None: none
    :ivar datetime expires: when it ends, with zone; None: it says nothing
    """

    hook_id: str
    secret: str | None = None
    expires: object = None


class Registration:
    """The requests of a definition.

    :param dict spec: ``find``, ``check``, ``create``, ``renew`` and ``delete``, each with ``method``, ``path``,
        ``query``, ``headers``, ``body`` and ``body_format``; where in the answers is what: ``records``, ``address``,
        ``id``, ``secret``, ``expires``; and ``days``: for how long it is registered
    """

    def __init__(self, spec: dict):
        self.spec = spec

    def check(self) -> None:
        """:raises ConfigurationError: what is wrong"""
        for name in self.spec.keys() - KNOWN:
            raise ConfigurationError(
                _lt("The registration has no “%(name)s”; it has: %(known)s."), name=name, known=", ".join(sorted(KNOWN))
            )
        if "create" not in self.spec:
            raise ConfigurationError(_lt("The registration needs “create”: the request that registers the webhook."))
        if "find" in self.spec and "address" not in self.spec:
            raise ConfigurationError(
                _lt("“find” needs “address”: where an entry of the list has its address, so that ours is known.")
            )
        for step in STEPS:
            self._check_step(step, self.spec.get(step))
        for place in PLACES:
            self._compiled(place)
        days = self.spec.get("days", 0)
        if isinstance(days, bool) or not isinstance(days, (int, float)) or not 0 <= days <= 3650:
            raise ConfigurationError(_lt("“days” is a number: for how long the webhook is registered."))

    def _check_step(self, step, parts):
        if parts is None:
            return
        if not isinstance(parts, dict) or not isinstance(parts.get("path"), str) or parts.keys() - PARTS:
            raise ConfigurationError(
                _lt("“%(step)s” is an object with “path”, and any of: %(known)s."),
                step=step,
                known=", ".join(sorted(PARTS)),
            )
        for name, part in parts.items():
            if name not in ("method", "body_format"):
                validate(part, set(PLACEHOLDERS), in_path=name == "path")

    def _compiled(self, place):
        text = self.spec.get(place)
        try:
            return jmespath.compile(text) if text else None
        except (jmespath.exceptions.JMESPathError, TypeError) as error:
            raise ConfigurationError(
                _lt("“%(place)s” of the registration is not a JMESPath expression."), place=place
            ) from error

    def can(self, step: str) -> bool:
        """Does the definition say how that is done?"""
        return step in self.spec

    def registered(self, client, values: dict) -> Registered | None:
        """Is it there?

        :param Client client: of the connector
        :param dict values: of the placeholders
        :return: None if it is not, or if nobody can know
        :raises RemoteError: if nothing can be had now
        """
        if self.can("find"):
            return self._found(client, values)
        if not self.can("check") or not values["hook_id"]:
            return Registered(values["hook_id"]) if values["hook_id"] else None
        try:
            return self._read(self._send(client, "check", values), values)
        except RemoteError as error:
            if is_absent(error):
                return None
            raise

    def _found(self, client, values):
        document, records = self._send(client, "find", values), self._compiled("records")
        entries = records.search(document) if records else document
        if not isinstance(entries, list):
            raise ProtocolError("not_json", host="-", problem="no list of webhooks where the registration looks")
        address, ours = self._compiled("address"), client.cleaned(values["address"])  # as it stands in an answer
        for entry in entries:
            if address.search(entry) == ours:
                return self._read(entry, values)
        return None

    def create(self, client, values: dict) -> Registered:
        """:raises RemoteError: if it can not be registered"""
        return self._read(self._send(client, "create", values), values)

    def renew(self, client, values: dict) -> Registered:
        """:raises RemoteError: if it can not be renewed"""
        return self._read(self._send(client, "renew", values), values)

    def delete(self, client, values: dict) -> None:
        """:raises RemoteError: if it can not be taken back"""
        try:
            self._send(client, "delete", values)
        except RemoteError as error:
            if not is_absent(error):
                raise

    def _send(self, client, step, values):
        parts = self.spec[step]
        method = parts.get("method") or {"find": "GET", "check": "GET", "delete": "DELETE"}.get(step, "POST")
        body = parts.get("body")
        request = Request(
            method,
            render_path(parts["path"], values),
            render(parts.get("query") or {}, values),
            render(parts.get("headers") or {}, values),
            None if body is None else render(body, values),
            parts.get("body_format") or "json",
        )
        return client.send(request).document

    def _read(self, document, values):
        told = {place: self._told(place, document) for place in ("id", "secret", "expires")}
        hook_id = told["id"] if told["id"] is not None else values["hook_id"]
        secret = None if REDACTED in str(told["secret"]) else told["secret"]  # one that we have sent ourselves
        return Registered(str(hook_id or "-"), secret and str(secret), _moment(told["expires"]))

    def _told(self, place, document):
        expression = self._compiled(place) or (jmespath.compile("id") if place == "id" else None)
        value = expression.search(document) if expression and document is not None else None
        return value if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _moment(value):
    try:
        return moments.read(value, "auto", moments.UTC) if value else None
    except (ValueError, OverflowError):
        return None
