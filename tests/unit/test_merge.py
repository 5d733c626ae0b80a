"""Who wins, field by field: the whole table, and what must hold for any values."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.merge import (
    ASK,
    AUTHORITIES,
    CONFLICT,
    DIRECTIONS,
    NEWEST,
    NONE,
    ODOO,
    PULL,
    PUSH,
    REMOTE,
    decide,
    is_empty,
    same,
)
from mapping.paths import MISSING

OPEN = {"pull": {PULL, CONFLICT}, "push": {PUSH, CONFLICT}, "both": {PULL, PUSH, CONFLICT}}

# (authority, side that changed last) to the winner where both sides changed
WINNERS = {
    (ODOO, None): PUSH,
    (ODOO, "remote"): PUSH,
    (REMOTE, None): PULL,
    (REMOTE, "odoo"): PULL,
    (NEWEST, "odoo"): PUSH,
    (NEWEST, "remote"): PULL,
    (NEWEST, None): CONFLICT,
    (ASK, None): CONFLICT,
    (ASK, "odoo"): CONFLICT,
}
A, B, C, EMPTY = "a", "b", "c", False

# What changed, as (odoo, odoo before, remote, remote before), to who wins with both ways open; BOTH asks the authority.
BOTH = "authority"
CHANGES = {
    "nothing": ((A, A, A, A), NONE),
    "nothing, in different terms": ((A, A, B, B), NONE),
    "remote": ((A, A, B, A), PULL),
    "remote, cleared": ((A, A, EMPTY, A), PULL),
    "remote, filled": ((EMPTY, EMPTY, A, EMPTY), PULL),
    "remote, in different terms": ((A, A, C, B), PULL),
    "odoo": ((B, A, A, A), PUSH),
    "odoo, cleared": ((EMPTY, A, A, A), PUSH),
    "odoo, in different terms": ((C, A, B, B), PUSH),
    "both, the same": ((B, A, B, A), NONE),
    "both, cleared": ((EMPTY, A, None, A), NONE),
    "both, differently": ((B, A, C, A), BOTH),
    "both, odoo cleared": ((EMPTY, A, C, A), BOTH),
    "both, remote cleared": ((B, A, EMPTY, A), BOTH),
    "first contact, the same": ((A, MISSING, A, MISSING), NONE),
    "first contact, both empty": ((EMPTY, MISSING, "", MISSING), NONE),
    "first contact, odoo empty": ((EMPTY, MISSING, A, MISSING), PULL),
    "first contact, different": ((A, MISSING, B, MISSING), BOTH),
    "remote says nothing": ((A, A, MISSING, A), NONE),
    "remote never said anything": ((A, A, MISSING, MISSING), NONE),
    "remote says nothing, odoo changed": ((B, A, MISSING, A), PUSH),
    "remote never said anything, odoo changed": ((B, A, MISSING, MISSING), PUSH),
    "remote says nothing, odoo cleared": ((EMPTY, A, MISSING, MISSING), NONE),
    "remote speaks for the first time": ((A, A, B, MISSING), PULL),
    "remote speaks for the first time, odoo cleared": ((EMPTY, A, B, MISSING), BOTH),
}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("authority", "newest"), WINNERS)
@pytest.mark.parametrize("changed", CHANGES)
def test_table_of_decisions(changed, authority, newest, direction):
    (odoo, odoo_before, remote, remote_before), winner = CHANGES[changed]
    if winner == BOTH:
        winner = WINNERS[authority, newest]
    found = decide(odoo, odoo_before, remote, remote_before, authority=authority, direction=direction, newest=newest)
    assert found == (winner if winner in OPEN[direction] else NONE)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("authority", AUTHORITIES)
def test_at_first_contact_an_empty_value_wins_only_if_the_remote_is_the_truth(authority, direction):
    for remote in (EMPTY, MISSING):
        truth = NONE if remote is MISSING else PULL
        winner = truth if authority == REMOTE else PUSH
        found = decide(A, MISSING, remote, MISSING, authority=authority, direction=direction)
        assert found == (winner if winner in OPEN[direction] else NONE)


def test_without_more_words_the_remote_is_pulled():
    assert decide(B, A, C, A) == PULL
    assert decide(B, A, A, A) == NONE


# --- For any values

scalars = st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "a", "b", 1.0, 0.0])
values = scalars | st.lists(st.integers(1, 3), max_size=2)
or_missing = values | st.just(MISSING)
authorities, directions = st.sampled_from(AUTHORITIES), st.sampled_from(DIRECTIONS)
newests = st.sampled_from(["odoo", "remote", None])
situations = st.tuples(values, or_missing, or_missing, or_missing)
terms = {"authority": authorities, "direction": directions, "newest": newests}


@given(situation=situations, direction=directions, authority=authorities, newest=newests)
def test_one_way_never_goes_the_wrong_way(situation, direction, authority, newest):
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    assert found in {NONE, *OPEN[direction]}


@given(situation=situations, stored=values, **terms)
def test_after_the_decision_there_is_nothing_left_to_decide(situation, stored, authority, direction, newest):
    """Each side may keep what it was given in its own way (rounded, trimmed): ``stored`` is any value at all."""
    odoo, _odoo_before, remote, _remote_before = situation
    for receiver in (stored, remote if remote is not MISSING else odoo):
        odoo, _, remote, _ = situation
        found = decide(*situation, authority=authority, direction=direction, newest=newest)
        if found == CONFLICT:
            assert decide(*situation, authority=authority, direction=direction, newest=newest) == CONFLICT
            continue
        if found == PULL:
            odoo = receiver
        elif found == PUSH:
            remote = receiver
        for again in itertools.product(AUTHORITIES, DIRECTIONS, ("odoo", "remote", None)):
            settings = dict(zip(("authority", "direction", "newest"), again, strict=True))
            assert decide(odoo, odoo, remote, remote, **settings) == NONE


@given(situation=situations, **terms)
def test_no_change_of_a_side_is_lost_unless_the_authority_says_so(situation, authority, direction, newest):
    odoo, odoo_before, remote, remote_before = situation
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    if MISSING in (odoo_before, remote_before, remote):
        return
    odoo_changed, remote_changed = not same(odoo, odoo_before), not same(remote, remote_before)
    if found == PULL and odoo_changed:  # Odoo's change is overwritten
        assert remote_changed and (authority == REMOTE or (authority == NEWEST and newest == "remote"))
    if found == PUSH and remote_changed:
        assert odoo_changed and (authority == ODOO or (authority == NEWEST and newest == "odoo"))
    if found == NONE and direction == "both":
        assert same(odoo, remote) or not (odoo_changed or remote_changed)


@given(situation=situations, **terms)
def test_what_was_not_changed_is_not_sent(situation, authority, direction, newest):
    odoo, odoo_before, remote, remote_before = situation
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    if found == PULL:
        assert remote is not MISSING and (remote_before is MISSING or not same(remote, remote_before))
    if found == PUSH:
        assert odoo_before is MISSING or not same(odoo, odoo_before)
    if found == CONFLICT:
        assert authority in (ASK, NEWEST) and not same(odoo, remote)


@given(situation=situations, newest=newests)
def test_one_way_is_both_ways_with_one_side_shut(situation, newest):
    for authority, direction in itertools.product(AUTHORITIES, ("pull", "push")):
        both = decide(*situation, authority=authority, direction="both", newest=newest)
        one = decide(*situation, authority=authority, direction=direction, newest=newest)
        assert one == (both if both in OPEN[direction] else NONE)


# --- The same


@pytest.mark.parametrize("value", [None, False, "", [], (), MISSING])
def test_nothing_is_nothing_however_it_is_written(value):
    assert is_empty(value)
    assert same(value, False) and same(None, value)
    assert not same(value, 0) and not same("a", value)


@pytest.mark.parametrize("value", [0, 0.0, True, "0", " ", [0], [False], {}])
def test_zero_is_a_value(value):
    assert not is_empty(value)
    assert same(value, value)


@pytest.mark.parametrize(
    ("left", "right", "are_same"),
    [(1, 1.0, True), (1, True, False), (0, False, False), ("1", 1, False), ("a", "a ", False), ([1, 2], [2, 1], False)],
)
def test_same_is_what_a_user_would_call_the_same(left, right, are_same):
    assert same(left, right) is are_same
    assert same(right, left) is are_same


@given(or_missing, or_missing, or_missing)
def test_being_the_same_is_an_equivalence(one, two, three):
    assert same(one, one)
    assert same(one, two) == same(two, one)
    assert not (same(one, two) and same(two, three)) or same(one, three)
