"""Who wins, field by field: the whole table, what doc/ says of it, and what must hold for any values."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.merge import (
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
    agree,
    begun,
    begun_name,
    decide,
    is_empty,
    renew,
    same,
)
from integration_bridge.mapping.paths import MISSING

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

# Answers that are not the same for every authority: the authority's own, and that of a remote which is the truth.
BOTH, TRUTH = "authority", "truth"

# What happened, in the words of the page; each with its cells, as (odoo, odoo before, remote, remote before), and who
# wins with both ways open.
TABLE = {
    "Nobody changed it": {
        "nobody": ((A, A, A, A), NONE),
        "nobody, in different terms": ((A, A, B, B), NONE),
        "nobody, odoo empty": ((EMPTY, EMPTY, B, B), NONE),
        "nobody, remote empty": ((A, A, EMPTY, EMPTY), NONE),
    },
    "Only Odoo changed it": {
        "odoo": ((B, A, A, A), PUSH),
        "odoo, filled": ((A, EMPTY, EMPTY, EMPTY), PUSH),
        "odoo, in different terms": ((C, A, B, B), PUSH),
        "odoo speaks for the first time": ((B, MISSING, A, A), PUSH),
    },
    "Only Odoo changed it: emptied it": {
        "odoo, cleared": ((EMPTY, A, A, A), PUSH),
        "odoo, cleared, in different terms": ((EMPTY, A, B, B), PUSH),
    },
    "Only the other system changed it": {
        "remote": ((A, A, B, A), PULL),
        "remote, filled": ((EMPTY, EMPTY, A, EMPTY), PULL),
        "remote, in different terms": ((A, A, C, B), PULL),
        "remote speaks for the first time": ((A, A, B, MISSING), PULL),
    },
    "Only the other system changed it: emptied it": {
        "remote, cleared": ((A, A, EMPTY, A), PULL),
        "remote, cleared, in different terms": ((A, A, EMPTY, B), PULL),
        "remote speaks for the first time, empty": ((A, A, EMPTY, MISSING), PULL),
    },
    "Both have the same value now": {
        "both, the same": ((B, A, B, A), NONE),
        "both, the same, from different terms": ((C, A, C, B), NONE),
        "odoo, to what the remote has": ((B, A, B, B), NONE),
        "remote, to what odoo has": ((A, A, A, B), NONE),
        "both, cleared": ((EMPTY, A, None, A), NONE),
    },
    "Both changed it, to different values": {
        "both, differently": ((B, A, C, A), BOTH),
        "both, each to what the other had": ((B, A, A, B), BOTH),
        "both speak, odoo for the first time": ((A, MISSING, C, B), BOTH),
        "both speak, remote for the first time": ((B, A, C, MISSING), BOTH),
    },
    "One emptied it, the other changed it": {
        "both, odoo cleared": ((EMPTY, A, C, A), BOTH),
        "both, remote cleared": ((B, A, EMPTY, A), BOTH),
        "remote speaks for the first time, odoo cleared": ((EMPTY, A, B, MISSING), BOTH),
    },
    "The other system says nothing, Odoo changed it": {
        "remote says nothing, odoo changed": ((B, A, MISSING, A), PUSH),
        "remote says nothing, odoo cleared": ((EMPTY, A, MISSING, A), PUSH),
        "remote never said anything, odoo changed": ((B, A, MISSING, MISSING), PUSH),
        "remote never said anything, odoo cleared": ((EMPTY, A, MISSING, MISSING), PUSH),
        "remote says nothing, odoo speaks for the first time": ((B, MISSING, MISSING, A), PUSH),
    },
    "The other system says nothing, Odoo did not change it": {
        "remote says nothing": ((A, A, MISSING, A), NONE),
        "remote says nothing, odoo empty": ((EMPTY, EMPTY, MISSING, A), NONE),
        "remote never said anything": ((A, A, MISSING, MISSING), NONE),
        "remote says nothing, odoo never had anything": ((EMPTY, MISSING, MISSING, A), NONE),
    },
    "Odoo says nothing, the other system changed it": {
        "odoo says nothing, remote changed": ((MISSING, A, B, A), PULL),
        "odoo said nothing before, remote changed": ((MISSING, EMPTY, B, A), PULL),
        "odoo never said anything, remote changed": ((MISSING, MISSING, B, A), PULL),
        "odoo says nothing, remote speaks for the first time": ((MISSING, A, B, MISSING), PULL),
    },
    "Odoo says nothing, the other system emptied it or did not change it": {
        "odoo says nothing": ((MISSING, A, A, A), NONE),
        "odoo said nothing before": ((MISSING, EMPTY, A, A), NONE),
        "odoo never said anything": ((MISSING, MISSING, A, A), NONE),
        "odoo says nothing, remote cleared": ((MISSING, A, EMPTY, A), NONE),
        "odoo says nothing, remote empty": ((MISSING, A, EMPTY, EMPTY), NONE),
    },
    "Both say nothing": {
        "both say nothing": ((MISSING, A, MISSING, A), NONE),
        "both say nothing any more, in different terms": ((MISSING, A, MISSING, B), NONE),
        "odoo says nothing, remote never said anything": ((MISSING, A, MISSING, MISSING), NONE),
        "remote says nothing, odoo never said anything": ((MISSING, MISSING, MISSING, A), NONE),
    },
    "First contact: the same value, or none on either side": {
        "first contact, the same": ((A, MISSING, A, MISSING), NONE),
        "first contact, both empty": ((EMPTY, MISSING, "", MISSING), NONE),
        "first contact, odoo empty, remote says nothing": ((EMPTY, MISSING, MISSING, MISSING), NONE),
        "first contact, odoo says nothing, remote empty": ((MISSING, MISSING, EMPTY, MISSING), NONE),
        "first contact, both say nothing": ((MISSING, MISSING, MISSING, MISSING), NONE),
    },
    "First contact: different values": {
        "first contact, different": ((A, MISSING, B, MISSING), BOTH),
    },
    "First contact: Odoo has none": {
        "first contact, odoo empty": ((EMPTY, MISSING, A, MISSING), PULL),
        "first contact, odoo says nothing": ((MISSING, MISSING, A, MISSING), PULL),
    },
    "First contact: the other system has none": {
        "first contact, remote empty": ((A, MISSING, EMPTY, MISSING), TRUTH),
    },
    "First contact: the other system says nothing": {
        "first contact, remote says nothing": ((A, MISSING, MISSING, MISSING), PUSH),
    },
}
CELLS = {cell: content for cells in TABLE.values() for cell, content in cells.items()}


def winner_of(answer, authority, newest, direction):
    """What a cell of the table comes to: which way, if it is open."""
    if answer == TRUTH:
        answer = PULL if authority == REMOTE else PUSH
    winner = WINNERS[authority, newest] if answer == BOTH else answer
    return winner if winner in OPEN[direction] else NONE


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("authority", "newest"), WINNERS)
@pytest.mark.parametrize("cell", CELLS)
def test_table_of_decisions(cell, authority, newest, direction):
    (odoo, odoo_before, remote, remote_before), answer = CELLS[cell]
    found = decide(odoo, odoo_before, remote, remote_before, authority=authority, direction=direction, newest=newest)
    assert found == winner_of(answer, authority, newest, direction)


def row_of(odoo, odoo_before, remote, remote_before):
    """The row of the table that a situation belongs to, in the words of a person who reads it from the top."""
    if odoo_before is MISSING and remote_before is MISSING:
        return f"First contact: {_meeting(odoo, remote)}"
    if odoo is MISSING and remote is MISSING:
        return "Both say nothing"
    if remote is MISSING:
        did = "did not change it" if same(odoo, odoo_before) else "changed it"
        return f"The other system says nothing, Odoo {did}"
    remote_changed = remote_before is MISSING or not same(remote, remote_before)
    if odoo is MISSING:
        did = "changed it" if remote_changed and not is_empty(remote) else "emptied it or did not change it"
        return f"Odoo says nothing, the other system {did}"
    odoo_changed = odoo_before is MISSING or not same(odoo, odoo_before)
    if not odoo_changed and not remote_changed:
        return "Nobody changed it"
    if same(odoo, remote):
        return "Both have the same value now"
    if odoo_changed and remote_changed:
        one_emptied_it = is_empty(odoo) or is_empty(remote)
        return "One emptied it, the other changed it" if one_emptied_it else "Both changed it, to different values"
    who, value = ("Odoo", odoo) if odoo_changed else ("the other system", remote)
    return f"Only {who} changed it" + (": emptied it" if is_empty(value) else "")


def _meeting(odoo, remote):
    if same(odoo, remote):
        return "the same value, or none on either side"
    if is_empty(odoo):
        return "Odoo has none"
    if remote is MISSING:
        return "the other system says nothing"
    return "the other system has none" if is_empty(remote) else "different values"


@pytest.mark.parametrize("what", TABLE)
def test_every_cell_stands_in_the_row_that_a_reader_looks_it_up_in(what):
    assert {row_of(*situation) for situation, _answer in TABLE[what].values()} == {what}


def test_no_situation_is_without_a_row():
    """Four values can be the same or not in every way that there is; each can be empty, and each can be missing."""
    for situation in itertools.product([A, B, C, "d", EMPTY, MISSING], repeat=4):
        answers = {answer for _situation, answer in TABLE[row_of(*situation)].values()}
        assert len(answers) == 1, "one row, one answer"
        for (authority, newest), direction in itertools.product(WINNERS, DIRECTIONS):
            found = decide(*situation, authority=authority, direction=direction, newest=newest)
            assert found == winner_of(*answers, authority, newest, direction), situation


def test_without_more_words_the_remote_is_pulled():
    assert decide(B, A, C, A) == PULL
    assert decide(B, A, A, A) == NONE


# --- The page

PAGE = Path(__file__).resolve().parents[2] / "doc" / "reference" / "both_ways.rst"
HEADINGS = ["What happened", "Odoo", "The other system", "Newest", "Ask"]
WORDS = {"nothing": NONE, "pulled": PULL, "pushed": PUSH, "conflict": CONFLICT}
LATER = {"odoo": PUSH, "remote": PULL, None: CONFLICT}


def rows_of_the_page():
    """The table of the page: what happened, then a word for each authority."""
    table = PAGE.read_text().split(".. list-table:: Who wins\n", 1)[1]
    table = re.split(r"\n(?=\S)", table, maxsplit=1)[0]
    rows = re.split(r"^ +\* - ", table, flags=re.MULTILINE)[1:]
    return [[" ".join(one.split()) for one in re.split(r"^ +- ", row, flags=re.MULTILINE)] for row in rows]


def test_the_page_says_what_is_decided():
    headings, *rows = rows_of_the_page()
    assert headings == HEADINGS
    assert [row[0] for row in rows] == list(TABLE), "one row for each situation, in the same order and words"
    for what, *words in rows:
        for (situation, _answer), (authority, word) in itertools.product(
            TABLE[what].values(), zip((ODOO, REMOTE, NEWEST, ASK), words, strict=True)
        ):
            for newest, direction in itertools.product(LATER, DIRECTIONS):
                said = LATER[newest] if word == "the later one" else WORDS[word]
                found = decide(*situation, authority=authority, direction=direction, newest=newest)
                assert found == (said if said in OPEN[direction] else NONE), (what, authority, newest, direction)


# --- For any values

scalars = st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "a", "b", 1.0, 0.0])
values = scalars | st.lists(st.integers(1, 3), max_size=2)
or_missing = values | st.just(MISSING)
authorities, directions = st.sampled_from(AUTHORITIES), st.sampled_from(DIRECTIONS)
newests = st.sampled_from(["odoo", "remote", None])
situations = st.tuples(or_missing, or_missing, or_missing, or_missing)
terms = {"authority": authorities, "direction": directions, "newest": newests}


@given(situation=situations, **terms)
def test_any_values_are_decided_as_the_table_says(situation, authority, direction, newest):
    answers = {answer for _situation, answer in TABLE[row_of(*situation)].values()}
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    assert found == winner_of(answers.pop(), authority, newest if authority == NEWEST else None, direction)


@given(situation=situations, direction=directions, authority=authorities, newest=newests)
def test_one_way_never_goes_the_wrong_way(situation, direction, authority, newest):
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    assert found in {NONE, *OPEN[direction]}


@given(situation=situations, stored=values, **terms)
def test_after_the_decision_there_is_nothing_left_to_decide(situation, stored, authority, direction, newest):
    """Each side may keep what it was given in its own way (rounded, trimmed): ``stored`` is any value at all."""
    settings = {"authority": authority, "direction": direction, "newest": newest}
    for receiver in (stored, situation[2] if situation[2] is not MISSING else situation[0]):
        odoo, odoo_before, remote, remote_before = situation
        found = decide(*situation, **settings)
        if found == PULL:
            odoo = receiver
        elif found == PUSH:
            remote = receiver
        if found != CONFLICT:  # nothing is written for a conflict, and it stays one
            odoo_before, remote_before = odoo, remote
        again = decide(odoo, odoo_before, remote, remote_before, **settings)
        assert again == (CONFLICT if found == CONFLICT else NONE)
        if found != CONFLICT:  # and no change of the settings makes old values move
            for other in itertools.product(AUTHORITIES, DIRECTIONS, ("odoo", "remote", None)):
                assert decide(odoo, odoo, remote, remote, **dict(zip(settings, other, strict=True))) == NONE


@given(situation=situations, **terms)
def test_no_change_of_a_side_is_lost_unless_the_authority_says_so(situation, authority, direction, newest):
    odoo, odoo_before, remote, remote_before = situation
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    odoo_changed = MISSING not in (odoo, odoo_before) and not same(odoo, odoo_before)
    remote_changed = MISSING not in (remote, remote_before) and not same(remote, remote_before)
    if MISSING in (odoo_before, remote_before):
        return
    if found == PULL and odoo_changed:  # Odoo's change is overwritten
        assert remote_changed and (authority == REMOTE or (authority == NEWEST and newest == "remote"))
    if found == PUSH and remote_changed:
        assert odoo_changed and (authority == ODOO or (authority == NEWEST and newest == "odoo"))
    if found == NONE and direction == "both":
        assert same(odoo, remote) or not (odoo_changed or remote_changed)


@given(situation=st.tuples(values, values, values, values), **terms)
def test_what_one_side_changed_alone_is_on_both_sides_afterwards(situation, authority, direction, newest):
    odoo, odoo_before, remote, remote_before = situation
    odoo_changed, remote_changed = not same(odoo, odoo_before), not same(remote, remote_before)
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    if odoo_changed and not remote_changed and direction != "pull":
        assert found == PUSH or same(odoo, remote)
    if remote_changed and not odoo_changed and direction != "push":
        assert found == PULL or same(odoo, remote)


@given(situation=situations, **terms)
def test_what_was_not_changed_is_not_sent(situation, authority, direction, newest):
    odoo, odoo_before, remote, remote_before = situation
    found = decide(*situation, authority=authority, direction=direction, newest=newest)
    if found == PULL:
        assert remote is not MISSING and (remote_before is MISSING or not same(remote, remote_before))
    if found == PUSH:
        assert odoo is not MISSING and (odoo_before is MISSING or not same(odoo, odoo_before))
    if found == CONFLICT:
        assert authority in (ASK, NEWEST) and not same(odoo, remote) and MISSING not in (odoo, remote)


@given(situation=situations, newest=newests)
def test_one_way_is_both_ways_with_one_side_shut(situation, newest):
    for authority, direction in itertools.product(AUTHORITIES, ("pull", "push")):
        both = decide(*situation, authority=authority, direction="both", newest=newest)
        one = decide(*situation, authority=authority, direction=direction, newest=newest)
        assert one == (both if both in OPEN[direction] else NONE)


@given(situation=st.tuples(values, values, values, values), newest=newests)
def test_both_sides_are_treated_alike(situation, newest):
    """Once they have met and as long as both say something, nothing depends on which side is Odoo."""
    odoo, odoo_before, remote, remote_before = situation
    mirror = {ODOO: REMOTE, REMOTE: ODOO, "odoo": "remote", "remote": "odoo", PULL: PUSH, PUSH: PULL}
    for authority, direction in itertools.product(AUTHORITIES, DIRECTIONS):
        found = decide(*situation, authority=authority, direction=direction, newest=newest)
        seen = decide(
            *(remote, remote_before, odoo, odoo_before),
            authority=mirror.get(authority, authority),
            direction=mirror.get(direction, direction),
            newest=mirror.get(newest),
        )
        assert seen == mirror.get(found, found)


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


@given(or_missing, or_missing)
def test_sides_agree_only_where_the_remote_says_something(odoo, remote):
    assert agree(odoo, remote) == (remote is not MISSING and same(odoo, remote))


@given(or_missing, or_missing, or_missing)
def test_being_the_same_is_an_equivalence(one, two, three):
    assert same(one, one)
    assert same(one, two) == same(two, one)
    assert not (same(one, two) and same(two, three)) or same(one, three)


def test_what_was_being_sent_is_forgotten_when_the_remote_says_what_it_has():
    snapshot = {"phone": "1", begun_name("phone"): ["2"], begun_name("city"): None}
    assert begun(snapshot) == {"phone": "2"}
    assert renew(snapshot, {"phone": "2"}, agreed={"phone"}) == {"phone": "2", begun_name("city"): None}
    assert begun(renew(snapshot, {"phone": "2"}, agreed=(), kept={"phone"})) == {"phone": "2"}
    assert begun(renew(snapshot, {"name": "Ann"}, agreed={"name"})) == {"phone": "2"}
