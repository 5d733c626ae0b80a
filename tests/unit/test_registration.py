"""Registering a webhook: the requests of a definition, and what their answers say."""

import json

import pytest
from fault_server import json_answer

from integration_bridge.remote.errors import ConfigurationError, ProtocolError, Rejected
from integration_bridge.remote.registration import Registered, Registration

VALUES = {
    "address": "https://odoo.example.com/hook/t0ken-of-the-address",
    "secret": "s3cret-of-the-webhook",
    "events": ["order.created", "order.updated"],
    "hook_id": "7",
    "expires": "2026-12-01T00:00:00Z",
}
SPEC = {
    "find": {"path": "/hooks"},
    "create": {"path": "/hooks", "body": {"url": "{address}", "events": "{events}", "key": "{secret}"}},
    "renew": {"method": "PATCH", "path": "/hooks/{hook_id}", "body": {"until": "{expires}"}},
    "delete": {"path": "/hooks/{hook_id}"},
    "records": "data",
    "address": "url",
    "expires": "until",
    "secret": "signing_key",
}


def answering(server, *answers):
    left = list(answers)
    server.fallback = lambda connection, request: json_answer(*left.pop(0))(connection, request)


def test_what_is_there_is_found_by_its_address(server, connect):
    ours = {"id": 7, "url": VALUES["address"], "until": "2026-12-01T00:00:00Z"}
    answering(server, ({"data": [{"id": 6, "url": "https://x.example.com"}, ours]},), ({"data": []},))
    client = connect(secrets=("t0ken-of-the-address", "s3cret-of-the-webhook"))
    found = Registration(SPEC).registered(client, VALUES)
    assert (found.hook_id, found.secret, found.expires.isoformat()) == ("7", None, "2026-12-01T00:00:00+00:00")
    assert Registration(SPEC).registered(client, VALUES) is None


def test_creation_sends_address_secret_and_events(server, connect):
    answering(server, ({"id": 9, "signing_key": "made-there"}, 201))
    told = Registration(SPEC).create(connect(), VALUES)
    assert told == Registered("9", "made-there", None)
    (request,) = server.requests
    body = {"url": VALUES["address"], "events": VALUES["events"], "key": VALUES["secret"]}
    assert (request.method, request.path, json.loads(request.body)) == ("POST", "/hooks", body)


def test_secret_that_is_ours_is_not_taken_for_one_of_theirs(server, connect):
    answering(server, ({"id": 9, "signing_key": VALUES["secret"]}, 201))
    assert Registration(SPEC).create(connect(secrets=(VALUES["secret"],)), VALUES).secret is None


def test_renewal_and_removal_name_it(server, connect):
    answering(server, ({"id": 7, "until": "2026-12-05T00:00:00Z"},), ({}, 404))
    assert Registration(SPEC).renew(connect(), VALUES).expires.day == 5
    Registration(SPEC).delete(connect(), VALUES)
    assert [(one.method, one.path) for one in server.requests] == [("PATCH", "/hooks/7"), ("DELETE", "/hooks/7")]


def test_check_tells_what_is_gone(server, connect):
    spec = {**SPEC, "check": {"path": "/hooks/{hook_id}"}}
    del spec["find"]
    answering(server, ({"id": 7},), ({}, 404), ({"message": "no"}, 403))
    assert Registration(spec).registered(connect(), VALUES).hook_id == "7"
    assert Registration(spec).registered(connect(), VALUES) is None
    with pytest.raises(Rejected):
        Registration(spec).registered(connect(), VALUES)
    assert Registration(spec).registered(connect(), {**VALUES, "hook_id": ""}) is None


def test_list_that_is_none_proves_nothing(server, connect):
    answering(server, ({"message": "maintenance"},))
    with pytest.raises(ProtocolError):
        Registration(SPEC).registered(connect(), VALUES)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"find": {"path": "/x"}, "address": "url"}, "needs “create”"),
        ({**SPEC, "crate": {}}, "has no “crate”"),
        ({"create": {"path": "/x"}, "find": {"path": "/x"}}, "needs “address”"),
        ({"create": {"body": {}}}, "object with “path”"),
        ({"create": {"path": "/x", "verb": "POST"}}, "object with “path”"),
        ({"create": {"path": "/x/{other}"}}, "other"),
        ({"create": {"path": "/x"}, "id": "a["}, "no[t]? a JMESPath"),
        ({"create": {"path": "/x"}, "days": -1}, "number"),
        ({"create": {"path": "/x"}, "days": True}, "number"),
    ],
)
def test_misuse_is_refused_in_words(spec, words):
    with pytest.raises(ConfigurationError, match=words):
        Registration(spec).check()


def test_right_one_is_not_refused():
    Registration(SPEC).check()
