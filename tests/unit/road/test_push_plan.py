"""What is decided about a record that changed in Odoo: a table, without a database, a server or Odoo."""

import datetime

import pytest
from samples import bound, inside, policy, pushed, rule

from integration_bridge.mapping.paths import parse_path
from integration_bridge.road.outcome import Failure
from integration_bridge.road.policy import Creation
from integration_bridge.road.push.facts import Children, Look
from integration_bridge.road.push.plan import decide, overrules, sent_rules

NOW = datetime.datetime(2026, 1, 1)
OLD, NEW = {"phone": "0"}, {"phone": "1"}
ALL = ("list", "get", "find", "create", "update", "delete", "archive", "restore")
BY_KEYS = Creation(finds_by_keys=True)


def stands(kind, decision=None, field=None, remote=None):
    return {(kind, field): {"decision": decision, "remote": remote}}


@pytest.mark.parametrize(
    ("facts", "flow", "action"),
    [
        # It is not there, as far as we know.
        (pushed(), policy(), "send_create"),
        (pushed(), policy(kinds=["update"]), "skip"),
        (pushed(), policy(kinds=ALL, creation=BY_KEYS), "look_up"),
        (pushed(look=Look()), policy(kinds=ALL, creation=BY_KEYS), "send_create"),
        (pushed(failure=Failure("data", "no")), policy(), "reject"),
        (pushed(readable=False), policy(), "unchanged"),
        (pushed(inside=False), policy(), "unchanged"),
        # It is there.
        (pushed(OLD, bound=bound()), policy(), "unchanged"),
        (pushed(NEW, bound=bound()), policy(), "send_update"),
        (pushed(NEW, bound=bound()), policy(kinds=["create"]), "skip"),
        (pushed(OLD, bound=bound(), prefer="odoo"), policy(), "send_update"),
        # It is not one to push any more.
        (pushed(inside=False, bound=bound()), policy(), "leave"),
        (pushed(inside=False, bound=bound()), policy(leave_policy="delete"), "send_delete"),
        (pushed(inside=False, bound=bound()), policy(leave_policy="archive"), "send_archive"),
        (pushed(inside=False, bound=bound(inside=False)), policy(leave_policy="delete"), "unchanged"),
        (pushed(inside=False, bound=bound(state="left")), policy(leave_policy="delete"), "unchanged"),
        # It was deleted in Odoo.
        (pushed(exists=False, bound=bound()), policy(odoo_delete_policy="delete"), "send_delete"),
        (pushed(exists=False, bound=bound(inside=False)), policy(odoo_delete_policy="delete"), "unchanged"),
        (pushed(exists=False), policy(odoo_delete_policy="delete"), "unchanged"),
        (pushed(exists=False, bound=bound(state="removed")), policy(odoo_delete_policy="delete"), "unchanged"),
        (
            pushed(exists=False, bound=bound(), standing=stands("gone_in_odoo")),
            policy(odoo_delete_policy="delete"),
            "conflict",
        ),
        (
            pushed(exists=False, bound=bound(), standing=stands("gone_in_odoo", "odoo")),
            policy(odoo_delete_policy="delete"),
            "send_delete",
        ),
        # It was deleted there.
        (pushed(NEW, bound=bound(state="removed")), policy(delete_policy="flag"), "unchanged"),
        (pushed(NEW, bound=bound(state="removed"), prefer="remote"), policy(delete_policy="flag"), "skip"),
        (pushed(NEW, bound=bound(state="removed"), prefer="odoo"), policy(delete_policy="flag"), "send_create"),
        (pushed({**NEW, "active": True}, bound=bound(state="removed")), policy(), "send_create"),
        (pushed({**NEW, "active": False}, bound=bound(state="removed")), policy(), "unchanged"),
        (pushed(NEW, bound=bound(), standing=stands("gone_there")), policy(), "skip"),
        (pushed(NEW, bound=bound(), standing=stands("gone_there", "odoo")), policy(), "send_update"),
        # It had left.
        (pushed(NEW, bound=bound(state="left")), policy(kinds=ALL, leave_policy="archive"), "send_restore"),
        (pushed(NEW, bound=bound(state="left")), policy(kinds=ALL), "send_update"),
        # What goes along with it is in conflict.
        (
            pushed({"a": "1", "b": "0"}, bound=bound({"a": "0", "b": "0"}), standing=stands("field", None, "b", "9")),
            policy(rule("a", path="x.a"), rule("b", path="x.b", authority="ask"), kinds=["update"]),
            "skip",
        ),
    ],
)
def test_action(facts, flow, action):
    assert decide(flow, facts, NOW).action == action


def test_what_both_sides_have_by_themselves_is_agreed():
    step = decide(policy(), pushed(OLD, bound=bound()), NOW)
    assert (step.changes, step.agreed) == ({}, OLD)


def test_remote_value_of_a_conflict_is_what_a_decision_is_about():
    facts = pushed(NEW, bound=bound(), standing=stands("field", "odoo", "phone", "9"))
    assert decide(policy(authority="ask"), facts, NOW).changes == {"phone": ("9", "1")}


def test_undecided_conflict_sends_nothing():
    facts = pushed(NEW, bound=bound(), standing=stands("field", None, "phone", "9"))
    assert decide(policy(authority="ask"), facts, NOW).action == "unchanged"


def test_key_of_a_related_record_that_changed_is_sent_although_the_relation_is_the_same():
    known = bound({"country_id": 3, "country_id.": ["BE"]}, {"country_id": 3})
    facts = pushed({"country_id": 3, "country_id.": ["BX"]}, bound=known)
    step = decide(policy(rule("country_id", converter="many2one_key", options={"field": "code"})), facts, NOW)
    assert step.changes == {"country_id": (3, 3)}


@pytest.mark.parametrize("changed", [True, False])
def test_records_inside_are_sent_as_one_list(changed):
    children = Children([5], {}, [], {5: {}}, changed, "+1 ~0 −0")
    step = decide(policy(inside()), pushed({}, bound=bound({}), children={"lines": children}), NOW)
    assert step.changes == ({"lines": (None, "+1 ~0 −0")} if changed else {})


A, B, C = rule("a", path="x.a"), rule("b", path="x.b"), rule("c")


@pytest.mark.parametrize(
    ("changes", "base", "whole", "names"),
    [
        ({"a": (0, 1)}, None, False, ["a", "b"]),
        ({"c": (0, 1)}, None, False, ["c"]),
        ({"a": (0, 1)}, {"x": {}}, False, ["a"]),
        ({"a": (0, 1)}, None, True, ["a", "b", "c"]),
    ],
)
def test_what_goes_along(changes, base, whole, names):
    flow = policy(A, B, C)
    step = decide(flow, pushed({}, bound=bound({})), NOW)._replace(action="send_update", changes=changes)
    assert [one.field for one in sent_rules(flow, step, base, whole)] == names


def test_what_goes_along_overrules_only_what_nobody_has_decided():
    flow = policy(A, B)
    step = decide(flow, pushed({}, bound=bound({})), NOW)._replace(changes={"a": (0, 1)})
    for decision, expected in ((None, True), ("odoo", False)):
        facts = step.facts._replace(standing=stands("field", decision, "b"))
        assert overrules(flow, step._replace(facts=facts)) is expected


def test_place_is_where_the_rule_says():
    assert A.path.steps[:1] == parse_path("x").steps
