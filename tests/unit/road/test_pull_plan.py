"""What is decided about a record that came: a table, without a database, a server or Odoo."""

import pytest
from samples import bound, inside, nested, policy, pulled, rule

from integration_bridge.mapping.merge import COMPARE
from integration_bridge.road.outcome import Failure
from integration_bridge.road.pull.facts import GONE_HERE
from integration_bridge.road.pull.plan import OPPOSED, THE_RECORD, decide

OLD, NEW, OTHER = {"phone": "0"}, {"phone": "1"}, {"phone": "2"}
GONE = {"deleted": True}
THERE = {"record_id": 1, "bound": bound()}


def stands(kind, decision=None, field=None):
    return {(kind, field): {"decision": decision, "remote": None}}


@pytest.mark.parametrize(
    ("facts", "flow", "action"),
    [
        # It is not known yet.
        (pulled(NEW), policy(), "create"),
        (pulled(NEW), policy(can_create=False), "skip"),
        (pulled(NEW, OLD, record_id=1), policy(), "link"),
        (pulled(NEW, failure=Failure("data", "no")), policy(), "reject"),
        # It is known.
        (pulled(OLD, OLD, **THERE), policy(), "unchanged"),
        (pulled(NEW, OLD, **THERE), policy(), "update"),
        (pulled(NEW, OLD, **THERE), policy(can_update=False), "skip"),
        (pulled(OLD, NEW, **THERE), policy(), "unchanged"),
        (pulled(NEW, OTHER, **THERE), policy(), "update"),
        (pulled(NEW, OTHER, **THERE), policy(authority="odoo"), "unchanged"),
        (pulled(NEW, OTHER, **THERE), policy(authority="ask"), "unchanged"),
        (pulled(NEW, NEW, **THERE), policy(authority="ask"), "unchanged"),
        (pulled(NEW, OTHER, {"prefer": "remote"}, **THERE), policy(authority="odoo"), "update"),
        (pulled(OLD, OLD, {"prefer": COMPARE}, **THERE), policy(), "unchanged"),
        (pulled(NEW, OTHER, {"prefer": COMPARE}, **THERE), policy(authority="odoo"), "update"),
        # The binding is of another record, or not whole.
        (pulled(OLD, OLD, record_id=2, bound=bound()), policy(), "link"),
        (pulled(OLD, OLD, record_id=1, bound=bound(state="creating")), policy(), "link"),
        (pulled(OLD, OLD, record_id=1, bound=bound(external_id="b")), policy(), "link"),
        # It was known before it was mapped.
        (pulled(verdict="unchanged", **THERE), policy(), "unchanged"),
        (pulled(verdict="flag", bound=bound(alive=False)), policy(), "flag"),
        # It is gone there.
        (pulled(arrival=GONE, odoo=OLD, **THERE), policy(), "archive"),
        (pulled(arrival=GONE, odoo=OLD, **THERE), policy(delete_policy="unlink"), "unlink"),
        (pulled(arrival=GONE, odoo=OLD, **THERE), policy(delete_policy="flag"), "flag"),
        (pulled(arrival=GONE, odoo=OLD, **THERE), policy(delete_policy="ignore"), "skip"),
        (pulled(arrival=GONE, bound=bound(alive=False)), policy(), "flag"),
        (pulled(arrival=GONE, odoo=NEW, **THERE), policy(), "conflict"),
        (pulled(arrival=GONE, odoo=NEW, **THERE), policy(direction="pull"), "archive"),
        (pulled(arrival=GONE, odoo=NEW, standing=stands("gone_there", "odoo"), **THERE), policy(), "flag"),
        (pulled(arrival=GONE, odoo=NEW, standing=stands("gone_there", "remote"), **THERE), policy(), "archive"),
        (pulled(arrival={**GONE, "prefer": "remote"}, odoo=NEW, **THERE), policy(), "archive"),
        # It is gone in Odoo, and the push that says so is still to come.
        (pulled(OLD, verdict=GONE_HERE, bound=bound(alive=False)), policy(), "unchanged"),
        (pulled(NEW, verdict=GONE_HERE, bound=bound(alive=False)), policy(), "conflict"),
        (pulled(OLD, verdict=GONE_HERE, bound=bound(alive=False, state="removed")), policy(), "conflict"),
        # It has come back.
        (pulled(OLD, OLD, record_id=1, bound=bound(state="removed")), policy(), "update"),
    ],
)
def test_action(facts, flow, action):
    assert decide(flow, facts).action == action


def test_only_what_changed_is_written():
    step = decide(policy(rule("name"), rule()), pulled({"name": "A", **NEW}, {"name": "A", **OLD}, **THERE))
    assert step.changes == {"phone": ("0", "1")}


def test_what_is_new_is_told_without_what_is_empty():
    step = decide(policy(rule("name"), rule()), pulled({"name": "A", "phone": ""}))
    assert step.changes == {"name": (None, "A")}


def test_change_of_odoo_waits_for_its_way():
    step = decide(policy(), pulled(OLD, NEW, **THERE))
    assert (step.pushes, step.kept) == ({"phone"}, {"phone"})


def test_conflict_holds_the_snapshot_and_asks():
    step = decide(policy(authority="ask"), pulled(NEW, OTHER, **THERE))
    assert (step.opposed, step.kept, step.pushes) == ({"phone": ("2", "1", "0")}, {"phone"}, frozenset())


def test_decision_of_a_person_is_the_authority_of_one_field():
    facts = pulled(NEW, OTHER, standing=stands("field", "odoo", "phone"), **THERE)
    assert decide(policy(authority="ask"), facts).pushes == {"phone"}


def test_deletion_that_a_person_wants_still_has_to_go_there():
    facts = pulled(verdict="unchanged", bound=bound(alive=False), standing=stands("gone_in_odoo", "odoo"))
    assert decide(policy(), facts).pushes == THE_RECORD


def test_conflict_about_a_record_is_about_no_field():
    assert decide(policy(), pulled(NEW, verdict=GONE_HERE, bound=bound(alive=False))).opposed == OPPOSED


def test_what_has_come_back_is_active_again():
    step = decide(policy(), pulled(OLD, OLD, record_id=1, bound=bound(state="removed")))
    assert (step.values["active"], step.terms["active"], step.changes["active"]) == (True, True, (False, True))


def test_field_for_new_records_only_is_left_alone():
    assert decide(policy(rule(create_only=True)), pulled(NEW, OLD, **THERE)).action == "unchanged"


LINES = inside()
LINE = {"bound": bound({"number": 1}, id=8, external_id="a/1", res_id=5, parent_id=7), "record_id": 5}


@pytest.mark.parametrize(
    ("child", "action"),
    [
        (nested(1), "create"),
        (nested(1, odoo={"number": 1}, **LINE), "unchanged"),
        (nested(2, odoo={"number": 1}, **LINE), "update"),
        (nested(1, odoo={"number": 1}, **{**LINE, "bound": LINE["bound"]._replace(parent_id=9)}), "update"),
        (nested(1, bound=LINE["bound"]._replace(alive=False)), "unchanged"),
        (nested(2, bound=LINE["bound"]._replace(alive=False)), "create"),
    ],
)
def test_record_inside(child, action):
    flow = policy(LINES, children={"lines": policy(rule("number"))})
    step = decide(flow, pulled({}, {}, children={"lines": (child,)}, **THERE))
    assert [one.action for one in step.children["lines"]] == [action]
    assert step.action == ("unchanged" if action == "unchanged" else "update")


def test_line_that_was_deleted_in_odoo_has_to_be_told():
    flow = policy(LINES, children={"lines": policy(rule("number"))})
    child = nested(1, bound=LINE["bound"]._replace(alive=False))
    step = decide(flow, pulled({}, {}, children={"lines": (child,)}, **THERE))
    assert (step.pushes, step.children["lines"][0].pushes) == ({"lines"}, THE_RECORD)


def test_step_changes_nothing_that_it_was_given():
    facts = pulled(dict(NEW), dict(OLD), record_id=1, bound=bound(state="removed"))
    decide(policy(), facts)
    assert (facts.values, facts.terms, facts.odoo) == (NEW, NEW, OLD)
