"""Whatever happens to a list while it is walked, the next quiet run has seen every record, and each is kept once.

The runs here do what models/bridge_run.py does in ``_begin``, ``_checkpoint`` and ``_progress``, without Odoo.
"""

import datetime
import email.utils
import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from integration_bridge.mapping.converters import make_converter
from integration_bridge.mapping.mapper import Mapper, Rule
from integration_bridge.mapping.paths import parse_path
from integration_bridge.remote.delta import BODY, HEADER, RECORD, TIMESTAMP, TOKEN, Delta, next_cursor, remote_clock
from integration_bridge.remote.errors import ProtocolError
from integration_bridge.remote.exchange import Answer
from integration_bridge.remote.pagination import build

UTC = datetime.timezone.utc
START = 1717156800
PATTERN = "%Y-%m-%d %H:%M:%S"
BY_POSITION = ("page", "offset")
EFFECTS = {"missing": "keep", "null": "clear", "empty": "clear"}
MAPPER = Mapper(
    [Rule("value", parse_path("value"), make_converter("integer", {}), EFFECTS)], {"id": "id", "updated": "at"}
)


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, UTC)


SPELL = {
    "iso": lambda seconds: at(seconds).isoformat().replace("+00:00", "Z"),
    "epoch": lambda seconds: seconds,
    "epoch_ms": lambda seconds: seconds * 1000,
    "integer": lambda seconds: seconds,
    PATTERN: lambda seconds: at(seconds).strftime(PATTERN),
}
READ = {
    "iso": lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp(),
    "epoch": float,
    "epoch_ms": lambda number: float(number) / 1000,
    "integer": int,
    PATTERN: lambda text: datetime.datetime.strptime(text, PATTERN).replace(tzinfo=UTC).timestamp(),
}


@dataclass
class Remote:
    """A list, as one would write it: ``records`` is id to (value, changed at); its clock ticks when it is told to."""

    form: str
    order: str
    exclusive: bool
    records: dict
    now: int = START
    value: int = 0
    requests: int = 0

    def change(self, steps):
        for kind, number, tick in steps:
            self.now += tick
            self.value += 1
            if kind == "remove":
                self.records.pop(number, None)
            elif kind == "put":
                self.records[number] = (self.value, self.now)

    def answer(self, variables, since):
        records = self._changed(since)
        if "cursor" in variables and variables["cursor"] is not None:
            records = [record for record in records if int(record["id"]) > int(variables["cursor"])]
        begin = variables["offset"] or 0
        page = records[begin : begin + variables["limit"]]
        headers = {
            "Date": email.utils.format_datetime(at(self.now), usegmt=True),
            "X-Now": str(SPELL[self.form](self.now)),
        }
        document = {"data": page, "now": SPELL[self.form](self.now), "total": len(records)}
        return Answer(200, CaseInsensitiveDict(headers), document, "https://crm.example/v1", 0, 0, b"")

    def _changed(self, since):
        limit = READ[self.form](since) if since is not None else float("-inf")
        found = [
            (number, value, changed)
            for number, (value, changed) in self.records.items()
            if changed > limit or (changed == limit and not self.exclusive)
        ]
        keys = {
            "id": lambda one: one[0],
            "newest id": lambda one: -one[0],
            "oldest change": lambda one: (one[2], one[0]),
            "newest change": lambda one: (-one[2], one[0]),
        }
        self.requests += 1
        odd = self.requests % 2  # its ids are numbers or text, as it likes
        return [
            {"id": number if odd else str(number), "value": value, "at": SPELL[self.form](changed)}
            for number, value, changed in sorted(found, key=keys[self.order])
        ]


class Flow:
    """What we keep: the records, by external id, and where the next run begins."""

    def __init__(self, delta, way, page_size):
        self.delta, self.way = delta, way
        self.paginator = build(way, page_size)
        self.cursor = self.candidate = None
        self.kept = {}

    def run(self, remote, between=()):
        """One run; ``between`` has what happens to the remote after each page."""
        between = iter(between)
        since = None if self.cursor is None else self.delta.since(self.cursor)
        position = {"state": self.paginator.start(), "pages": 0, "full": self.cursor is None}
        while position["state"] is not None:
            position = json.loads(json.dumps(position))  # as an interrupted run takes it up again
            position = self._page(remote, since, position)
            remote.change(next(between, ()))
        self._progress(position)

    def _page(self, remote, since, position):
        sent = remote.answer(self.paginator.variables(position["state"]), since)
        records = sent.document["data"]
        after = self.paginator.advance(position["state"], sent, records)
        updates = []
        for record in records:
            self.kept[MAPPER.external_id(record)] = MAPPER.map(record).values["value"]
            updates.append(MAPPER.about(record, "updated"))
        return {
            **position,
            "began": position.get("began") or remote_clock(sent).isoformat(),
            "candidate": self.delta.observe(position.get("candidate"), sent, updates),
            "pages": position["pages"] + 1,
            "state": after,
        }

    def _progress(self, position):
        began = datetime.datetime.fromisoformat(position["began"])
        candidate = self.delta.limit(position["candidate"], began)
        late = position["pages"] > 1 and (self.way["type"] in BY_POSITION or self.delta.clockless)
        cursor, self.candidate = next_cursor({"candidate": candidate, "previous": self.candidate}, late)
        if cursor is not None or position["full"]:
            self.cursor = cursor

    def has_seen(self, remote):
        """Every record that exists is kept, as it is now, and once."""
        now = {str(number): value for number, (value, _changed) in remote.records.items()}
        assert {number: self.kept.get(number) for number in now} == now


changes = st.lists(
    st.tuples(st.sampled_from(["put", "put", "remove"]), st.integers(1, 30), st.integers(0, 2)), max_size=6
)
walks = st.lists(changes, max_size=8)  # what happens after each page
histories = st.lists(st.tuples(changes, walks, changes), min_size=1, max_size=4)
lists = st.dictionaries(st.integers(1, 30), st.tuples(st.just(0), st.integers(START - 50, START)), max_size=25)
forms = st.sampled_from(list(SPELL))
orders = st.sampled_from(["id", "newest id", "oldest change", "newest change"])
ends = st.sampled_from([{"end": "empty_page"}, {"end": "short_page"}, {"end": "total", "total_path": "total"}])
sources = st.sampled_from([(RECORD, "at"), (HEADER, "X-Now"), (BODY, "now")])
sizes = st.integers(1, 12)


@st.composite
def scenes(draw, forms=forms, orders=orders, sources=sources):
    """A remote, and how it tells what changed."""
    form, source, exclusive, overlap = draw(forms), draw(sources), draw(st.booleans()), draw(st.integers(0, 5))
    # A remote that leaves out what changed in the very second of {since} needs an overlap; that is what it is for.
    delta = Delta(TIMESTAMP, form, *source, max(overlap, int(exclusive)))
    return Remote(form, draw(orders), exclusive, draw(lists)), delta


def plain(records, form="epoch", exclusive=False):
    """A remote that lists by id, and the time of the records as its cursor."""
    return Remote(form, "id", exclusive, records), Delta(TIMESTAMP, form, RECORD, "at", int(exclusive))


@given(scene=scenes(), page_size=sizes, history=histories, end=ends)
@pytest.mark.parametrize("kind", BY_POSITION)
def test_fault_items_moving_between_pages_are_all_there_after_the_next_quiet_run(kind, scene, page_size, history, end):
    remote, delta = scene
    flow = Flow(delta, {"type": kind, **end}, page_size)
    for before, between, after in history:
        remote.change(before)
        try:
            flow.run(remote, between)
        except ProtocolError as error:
            # As many insertions as a page is long push the same page forward: the run fails, and its cursor stays.
            assert error.reason in ("repeated_page", "page_loop")
        remote.change(after)
        flow.run(remote)
        flow.has_seen(remote)


def walk_by_id_is_complete_in_the_end(scene, page_size, history):
    remote, delta = scene
    flow = Flow(delta, {"type": "last_record"}, page_size)
    for before, between, after in history:
        remote.change(before)
        flow.run(remote, between)
        remote.change(after)
    flow.run(remote)
    flow.has_seen(remote)


@given(scene=scenes(orders=st.just("id")), page_size=sizes, history=histories)
def test_walk_by_id_misses_nothing_however_often_it_is_disturbed(scene, page_size, history):
    walk_by_id_is_complete_in_the_end(scene, page_size, history)


@given(
    scene=scenes(st.just("integer"), st.just("id"), st.just((RECORD, "at"))), page_size=st.integers(1, 3),
    history=histories,
)  # fmt: skip
def test_walk_by_id_misses_nothing_although_no_clock_limits_its_cursor(scene, page_size, history):
    walk_by_id_is_complete_in_the_end(scene, page_size, history)


def test_count_of_a_later_page_does_not_hide_a_change_on_an_earlier_one():
    remote, delta = plain(dict.fromkeys(range(1, 5), (0, 5)), "integer")
    flow = Flow(delta, {"type": "last_record"}, 2)
    flow.run(remote, [[("put", 1, 1), ("put", 4, 1)]])  # 1 was read already, 4 comes with a higher count
    flow.run(remote)
    flow.has_seen(remote)


@given(
    scene=scenes(st.sampled_from(["iso", "epoch", "epoch_ms", PATTERN]), st.just("id"), st.just((RECORD, "at"))),
    page_size=sizes, history=histories, years=st.integers(1, 70), kind=st.sampled_from([*BY_POSITION, "last_record"]),
)  # fmt: skip
def test_fault_record_dated_2099_hides_no_other(scene, page_size, history, years, kind):
    remote, delta = scene
    remote.records[31] = (7, START + years * 31_000_000)
    flow = Flow(delta, {"type": kind}, page_size)
    for before, _between, _after in history:
        remote.change(before)
        flow.run(remote)
        flow.has_seen(remote)


@pytest.mark.parametrize("kind", [*BY_POSITION, "last_record"])
@pytest.mark.parametrize("exclusive", [False, True])
def test_fault_equal_timestamps_at_a_page_boundary(kind, exclusive):
    remote, delta = plain(dict.fromkeys(range(1, 31), (0, START)), exclusive=exclusive)
    flow = Flow(delta, {"type": kind}, 5)
    flow.run(remote)
    flow.has_seen(remote)
    remote.change([("put", number, 0) for number in (5, 6, 40)])  # in the same second still
    for _run in range(2):
        flow.run(remote)
        flow.has_seen(remote)


def test_quiet_flow_asks_for_less_and_less():
    """Being careful must not mean reading everything for ever."""
    remote, delta = plain({number: (0, START - 100 + number) for number in range(1, 31)})
    flow, seen = Flow(delta, {"type": "page"}, 5), []
    for _run in range(5):
        before = remote.requests
        flow.run(remote)
        seen.append(remote.requests - before)
    assert seen[0] == seen[1] == 7  # the whole list, and again because the first walk might have missed some
    assert seen[2] == seen[3] == seen[4] == 2  # the last record, which {since} includes, and an empty page


def test_record_that_slips_away_twice_in_a_row_is_left_to_the_next_full_scan():
    """Known and accepted: by position, nothing in two disturbed walks tells that a record was there."""
    remote, delta = plain(dict.fromkeys(range(1, 7), (0, START - 9)))
    flow = Flow(delta, {"type": "page"}, 2)
    for _quiet in range(2):
        flow.run(remote)
    remote.change([("put", number, 1) for number in (7, 8, 9, 10, 11)])
    flow.run(remote, [(), (), (), [("remove", 1, 0)]])  # 9 moves onto the page that was just read
    flow.run(remote, [(), (), [("remove", 2, 0), ("remove", 3, 0)]])  # and again
    flow.run(remote)
    assert "9" not in flow.kept
    flow.cursor = flow.candidate = None
    flow.run(remote)
    flow.has_seen(remote)


def test_token_of_the_last_page_is_the_next_since():
    delta = Delta(TOKEN, source=BODY, path="token")
    candidate = None
    for document in ({"data": [1]}, {"data": [2]}, {"data": [3], "token": "t9"}):
        sent = Answer(200, CaseInsensitiveDict(), document, "https://crm.example/v1", 0, 0, b"")
        candidate = delta.observe(candidate, sent, [])
    assert next_cursor({"candidate": candidate, "previous": "t8"}, False) == ("t9", "t9")
