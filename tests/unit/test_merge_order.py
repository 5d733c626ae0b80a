"""Who wins, in whatever order things arrive: two records that are edited and looked at, from either side, at any time.

A *look* is what a run does: it decides about every field and applies what goes its way (a pull applies pulls, a push
applies pushes). The remote stores text in a form of its own (stripped, cut off), may leave out what is empty, and the
mapping may say that an empty field of Odoo says nothing. The rule about snapshots is that of ``mapping/merge.py``.
"""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.merge import (
    ASK,
    CONFLICT,
    DIRECTIONS,
    ODOO,
    PULL,
    PUSH,
    REMOTE,
    agree,
    decide,
    is_empty,
)
from integration_bridge.mapping.paths import MISSING

LONGEST = 3  # characters that a remote with a form of its own stores


@dataclass
class Field:
    """One mapped field, on both sides.

    :ivar bool rounds: does the remote store text stripped and cut off
    :ivar bool omits: does the remote leave out what is empty, so that it says nothing
    :ivar bool mute: does the remote never say what it has
    :ivar bool keeps: does an empty field of Odoo say nothing
    """

    odoo: str
    remote: str
    odoo_before: object = MISSING
    remote_before: object = MISSING
    rounds: bool = False
    omits: bool = False
    mute: bool = False
    keeps: bool = False

    def edit(self, side, value):
        if side == ODOO:
            self.odoo = value
        else:
            self.remote = self.stored(value)

    def stored(self, value):
        return value.strip()[:LONGEST] if self.rounds else value

    @property
    def says(self):
        """What each side says of its value."""
        odoo = MISSING if self.keeps and is_empty(self.odoo) else self.odoo
        remote = MISSING if self.mute or (self.omits and is_empty(self.remote)) else self.remote
        return odoo, remote

    def decision(self, terms):
        odoo, remote = self.says
        return decide(odoo, self.odoo_before, remote, self.remote_before, **terms)

    def look(self, way, terms):
        """Apply the decision, if it goes this way.

        :return: was anything written
        """
        applied = self.decision(terms) == way
        if applied and way == PULL:
            self.odoo = self.remote
        elif applied:
            self.remote = self.stored(self.odoo)
        if applied or agree(*self.says):
            self.odoo_before, self.remote_before = self.odoo, self.says[1]
        return applied


class Pair:
    """Two records that correspond; syncs and edits change them."""

    def __init__(self, fields, **terms):
        self.fields, self.terms = [replace(field) for field in fields], terms

    def look(self, way):
        return sum(field.look(way, self.terms) for field in self.fields)

    def do(self, events):
        """:param events: looks (``pull``, ``push``), and edits (number of the field, side, value)"""
        for event in events:
            if isinstance(event, str):
                self.look(event)
            else:
                number, side, value = event
                self.fields[number % len(self.fields)].edit(side, value)

    def settle(self, first=PULL):
        """Both looks once, as they come when no one edits any more; then it must be quiet."""
        for way in (first, PUSH if first == PULL else PULL):
            self.look(way)
        before = self.values
        assert [self.look(way) for way in (PULL, PUSH, PULL, PUSH)] == [0, 0, 0, 0], "no ping-pong"
        assert self.values == before

    @property
    def values(self):
        return [(field.odoo, field.remote) for field in self.fields]

    @property
    def conflicts(self):
        return {n for n, field in enumerate(self.fields) if field.decision(self.terms) == CONFLICT}


texts = st.sampled_from(["", "a", "b", " a", "b ", "abcd", "abce", " "])
kinds = st.fixed_dictionaries({name: st.booleans() for name in ("rounds", "omits", "mute", "keeps")})


@st.composite
def met(draw, kinds=kinds):
    """A field whose sides have agreed: they have the same, the remote in its own form."""
    field = Field(draw(texts), "", **draw(kinds))
    field.remote = field.stored(field.odoo)
    field.odoo_before, field.remote_before = field.odoo, field.says[1]
    return field


@st.composite
def strangers(draw):
    """A field whose sides meet for the first time."""
    field = Field(draw(texts), "", **draw(kinds))
    field.edit(REMOTE, draw(texts))
    return field


records = st.lists(met() | strangers(), min_size=1, max_size=4)
ways, sides = st.sampled_from([PULL, PUSH]), st.sampled_from([ODOO, REMOTE])
edits = st.lists(st.tuples(st.integers(0, 3), sides, texts), max_size=6)
looks = st.lists(ways, max_size=4)
fixed = st.sampled_from([ODOO, REMOTE])
all_terms = st.fixed_dictionaries(
    {"authority": st.sampled_from([ODOO, REMOTE, ASK]), "direction": st.sampled_from(DIRECTIONS)}
)


@given(records, st.lists(st.tuples(edits, looks, ways, looks, ways), min_size=1, max_size=4), all_terms)
def test_the_order_of_looks_does_not_matter(fields, rounds, terms):
    """Whichever way is looked first, and how often: the same values and conflicts, after every round of edits."""
    one, two = Pair(fields, **terms), Pair(fields, **terms)
    for changes, looks_of_one, last_of_one, looks_of_two, last_of_two in rounds:
        for pair, several, last in ((one, looks_of_one, last_of_one), (two, looks_of_two, last_of_two)):
            pair.do([*changes, *several])
            pair.settle(last)
        assert one.values == two.values
        assert one.conflicts == two.conflicts
        assert not one.conflicts or terms["authority"] == ASK


@given(records, st.lists(edits | looks, max_size=6), ways, all_terms)
def test_looks_in_the_midst_of_edits_come_to_rest(fields, events, last, terms):
    """When something is seen between two edits may decide who wins; it never makes looks that write without end."""
    pair = Pair(fields, **terms)
    pair.do(event for several in events for event in several)
    pair.settle(last)


speaking = met(st.fixed_dictionaries({"rounds": st.booleans()}))


@given(st.lists(speaking, min_size=1, max_size=4), st.lists(edits | looks, max_size=6), ways, fixed)
def test_both_ways_end_with_the_same_on_both_sides(fields, events, last, authority):
    """Each side in its own form; and what they have was put there by somebody, last by one of the sides."""
    pair = Pair(fields, authority=authority, direction="both")
    events = [event for several in events for event in several]
    pair.do(events)
    pair.settle(last)
    for number, (field, start) in enumerate(zip(pair.fields, fields, strict=True)):
        mine = [event for event in events if not isinstance(event, str) and event[0] % len(fields) == number]
        lasts = {side: field.stored(value) for _number, side, value in mine}
        assert field.remote == field.stored(field.odoo)
        assert field.remote in {start.remote, *lasts.values()}


@given(st.lists(speaking, min_size=1, max_size=4), st.lists(edits | looks, max_size=6), ways, fixed)
def test_edits_of_one_side_alone_all_arrive_whenever_it_is_looked(fields, events, last, authority):
    """Even fields are edited in Odoo, odd ones in the other system: the last edit is what both have."""
    pair, wanted = Pair(fields, authority=authority, direction="both"), [field.odoo for field in fields]
    for event in (event for several in events for event in several):
        if isinstance(event, str):
            pair.look(event)
            continue
        number = event[0] % len(fields)
        side = (ODOO, REMOTE)[number % 2]
        pair.do([(number, side, event[2])])
        wanted[number] = pair.fields[number].odoo if side == ODOO else pair.fields[number].remote
    pair.settle(last)
    for number, (field, value) in enumerate(zip(pair.fields, wanted, strict=True)):
        # What the other system was given back in its own form is no edit: Odoo may have it in the form of before.
        assert field.remote == field.stored(value)
        assert field.odoo == value or field.stored(field.odoo) == value, number


@given(st.lists(speaking, min_size=1, max_size=4), edits, looks, ways)
def test_asking_asks_for_what_both_changed_and_only_for_that(fields, changes, several, last):
    pair = Pair(fields, authority=ASK, direction="both")
    pair.do(changes)
    different = {
        number
        for number, (field, start) in enumerate(zip(pair.fields, fields, strict=True))
        if field.odoo != start.odoo and field.remote != start.remote and field.odoo != field.remote
    }
    contested = [pair.values[number] for number in sorted(different)]
    pair.do(several)
    pair.settle(last)
    assert pair.conflicts == different
    assert [pair.values[number] for number in sorted(different)] == contested, "nothing was written"


@pytest.mark.parametrize("first", [PULL, PUSH])
@pytest.mark.parametrize(("authority", "winner"), [(ODOO, "b"), (REMOTE, "a")])
def test_both_changed_before_anyone_looked(authority, winner, first):
    pair = Pair([Field("b", "a", "", "")], authority=authority, direction="both")
    pair.settle(first)
    assert pair.values == [(winner, winner)]


@pytest.mark.parametrize("before", ["a", ""])
def test_what_waits_for_its_way_is_not_forgotten(before):
    """A pull that sees an edit of Odoo leaves the snapshots as they are: the push finds it, and so does a merge."""
    pair = Pair([Field("b", before, before, before)], authority=ODOO, direction="both")
    pair.do([PULL, PULL])
    assert pair.values == [("b", before)]
    pair.do([(0, REMOTE, "c"), PULL, PUSH])
    assert pair.values == [("b", "b")]


@pytest.mark.parametrize("authority", [ODOO, REMOTE, ASK])
@pytest.mark.parametrize("direction", ["push", "both"])
def test_remote_that_never_says_anything_gets_what_odoo_has(authority, direction):
    """A password, say: it can be written and not be read. That it was emptied must arrive as well."""
    pair = Pair([Field("a", "", mute=True)], authority=authority, direction=direction)
    for value in ("a", "b", "", "c"):
        pair.do([(0, ODOO, value)])
        pair.settle()
        assert pair.values == [(value, value)]


@pytest.mark.parametrize("authority", [ODOO, REMOTE, ASK])
def test_text_that_the_remote_cuts_off_is_sent_once(authority):
    pair = Pair([Field(" abcd", "", "", "", rounds=True)], authority=authority, direction="both")
    pair.settle()
    assert pair.values == [(" abcd", "abc")]


@pytest.mark.parametrize("way", [PULL, PUSH])
@pytest.mark.parametrize(("authority", "other"), [(ODOO, REMOTE), (REMOTE, ODOO)])
def test_what_both_came_to_is_agreed(authority, other, way):
    """Nothing is written where both made the same change; but an edit that comes after is that of one side alone."""
    pair = Pair([Field("b", "b", "a", "a")], authority=authority, direction="both")
    pair.do([way, (0, other, "c")])
    pair.settle()
    assert pair.values == [("c", "c")]


@pytest.mark.parametrize(("direction", "authority", "other"), [("pull", ODOO, REMOTE), ("push", REMOTE, ODOO)])
def test_edit_of_the_authority_stays_although_its_way_is_shut(direction, authority, other):
    pair = Pair([Field("a", "a", "a", "a")], authority=authority, direction=direction)
    pair.do([(0, authority, "b"), direction, (0, other, "c"), direction])
    pair.settle()
    assert pair.values == [("b", "c") if authority == ODOO else ("c", "b")], "each side has its own"
