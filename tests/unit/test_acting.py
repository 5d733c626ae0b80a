"""Who may act as whom: when an approval does not hold any more."""

import pytest

from integration_bridge.acting import (
    CALL,
    CREATE,
    MATCH,
    PULL,
    PUSH,
    SENSITIVE_MODELS,
    Approval,
    Lapse,
    Use,
    is_among,
    is_sensitive_path,
    lapse,
)

USER, OTHER, SYSTEM = 7, 8, 2
NAME, MAIL = Use("res.partner", "name", PULL), Use("res.partner", "email", PULL)
SENT, LOGIN = Use("res.partner", "name", PUSH), Use("res.users", "login", PULL)
GIVEN = Approval(USER, SYSTEM, frozenset({1, 2}), frozenset({NAME, MAIL, LOGIN}))
OWN = GIVEN._replace(by=USER)

CASES = {
    "as_approved": (GIVEN, USER, {1, 2}, {NAME, MAIL}, set(), None),
    "fewer_rights": (GIVEN, USER, {1}, {NAME}, set(), None),
    "nobody_approved": (None, USER, {1}, {NAME}, set(), Lapse("none")),
    "somebody_else_was_approved": (GIVEN, OTHER, {1}, {NAME}, set(), Lapse("none")),
    "a_group_more": (GIVEN, USER, {1, 2, 3}, {NAME}, set(), Lapse("groups", frozenset({3}))),
    "another_group": (GIVEN, USER, {3}, {NAME}, set(), Lapse("groups", frozenset({3}))),
    "another_way": (GIVEN, USER, {1}, {NAME, SENT}, set(), Lapse("uses", frozenset({SENT}))),
    "another_address": (
        *(GIVEN, USER, {1}, {Use("", "http://x:80", CALL)}, set()),
        Lapse("uses", frozenset({Use("", "http://x:80", CALL)})),
    ),
    "sensitive_and_approved": (GIVEN, USER, {1}, {LOGIN}, {LOGIN}, None),
    "sensitive_and_ones_own": (OWN, USER, {1}, {LOGIN}, {LOGIN}, Lapse("sensitive", frozenset({LOGIN}))),
    "ones_own": (OWN, USER, {1, 2}, {NAME}, set(), None),
    "ones_own_with_more_rights": (OWN, USER, {9}, {NAME}, set(), Lapse("groups", frozenset({9}))),
    "nothing_was_approved": (
        GIVEN._replace(uses=frozenset()),
        USER,
        {1},
        {NAME},
        set(),
        Lapse("uses", frozenset({NAME})),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_approval(name):
    *asked, expected = CASES[name]
    assert lapse(*asked) == expected


@pytest.mark.parametrize("model", ["res.users", "res.users.apikeys", "ir.rule", "ir.actions.server", "bridge.flow"])
def test_model_is_sensitive(model):
    assert is_among(model, SENSITIVE_MODELS)


@pytest.mark.parametrize("model", ["res.partner", "res.company", "sale.order", "irregular", "bridges", "res.usersx"])
def test_model_is_harmless(model):
    assert not is_among(model, SENSITIVE_MODELS)


@pytest.mark.parametrize(
    ("path", "sensitive"),
    [
        ("password", True),
        ("user_ids.password", True),
        ("api_key_ids.key", True),
        ("x_access_token", True),
        ("name", False),
        ("country_id.code", False),
        ("create_date:month", False),
    ],
)
def test_path_is_sensitive_by_a_name_on_it(path, sensitive):
    assert is_sensitive_path(path) is sensitive


def test_use_is_compared_as_a_whole():
    assert len({NAME, MAIL, SENT, Use("res.partner", "name", CREATE), Use("res.partner", "name", MATCH)}) == 5
