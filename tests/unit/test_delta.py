"""A cursor never moves further than what was surely seen, and speaks the remote's own language."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from integration_bridge.remote.delta import (
    BODY,
    HEADER,
    NO_DELTA,
    RECORD,
    TIMESTAMP,
    TOKEN,
    Delta,
    is_count,
    moment_of,
    naive,
    next_cursor,
    remote_clock,
    told_moment,
)
from integration_bridge.remote.errors import ProtocolError
from integration_bridge.remote.exchange import Answer

UTC = datetime.timezone.utc
PATTERN = "%Y-%m-%d %H:%M:%S"
NOON = datetime.datetime(2024, 5, 31, 12, tzinfo=UTC)

# format, earlier, later, the later one less ten (seconds, or counts)
FORMATS = [
    ("iso", "2024-05-31T11:00:00Z", "2024-05-31T12:00:00Z", "2024-05-31T11:59:50Z"),
    ("iso", "2024-05-31T12:30:00+02:00", "2024-05-31T12:00:00", "2024-05-31T11:59:50Z"),  # naive is UTC
    ("iso", "2024-05-31", "2024-05-31T12:00:00.5Z", "2024-05-31T11:59:50.500000Z"),
    ("epoch", 1717153200, 1717156800, 1717156790),
    ("epoch", "1717153200", "1717156800", 1717156790),
    ("epoch", 1717153200.25, 1717156800.75, 1717156790),
    ("epoch_ms", 1717153200000, 1717156800001, 1717156790001),
    ("integer", 9, 10, 0),
    ("integer", "99", "100", 90),
    ("integer", '"99"', '"100"', 90),
    ("integer", 'W/"99"', 'W/"100"', 90),
    (PATTERN, "2024-05-31 11:00:00", "2024-05-31 12:00:00", "2024-05-31 11:59:50"),
    ("%d.%m.%Y %H:%M %z", "31.05.2024 12:00 +0100", "31.05.2024 12:00 +0000", "31.05.2024 11:59 +0000"),
]
formats = pytest.mark.parametrize(("form", "earlier", "later", "back"), FORMATS)


def answer(headers=None, document=None, seconds=0.0):
    return Answer(200, CaseInsensitiveDict(headers or {}), document, "https://crm.example/v1", seconds, 0, b"")


# --- What {since} is


@formats
def test_cursor_is_sent_back_as_the_remote_wrote_it(form, earlier, later, back):
    assert Delta(TIMESTAMP, form).since(later) is later


@formats
def test_overlap_goes_back_in_the_same_format(form, earlier, later, back):
    found = Delta(TIMESTAMP, form, overlap=10).since(later)
    assert found == back
    assert type(found) is type(back)


def test_without_cursor_or_delta_everything_is_asked_for():
    assert Delta(TIMESTAMP, overlap=10).since(None) is None
    assert Delta(NO_DELTA).since("2024-05-31") is None
    assert Delta(TOKEN, source=BODY, path="t").since(None) is None


def test_token_is_opaque_whatever_the_overlap_says():
    assert Delta(TOKEN, source=HEADER, path="Sync", overlap=60).since("b3f==") == "b3f=="


@pytest.mark.parametrize(
    ("form", "cursor", "since"),
    [
        ("iso", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),  # .NET's "never"
        ("iso", "0001-01-01T00:00:00+02:00", "1970-01-01T00:00:00Z"),
        ("epoch", 5, -5),
        ("integer", 3, 0),
        ("integer", 0, 0),
    ],
)
def test_overlap_at_the_beginning_of_time(form, cursor, since):
    assert Delta(TIMESTAMP, form, overlap=10).since(cursor) == since


@given(st.integers(0, 2**32), st.integers(0, 10**6))
@pytest.mark.parametrize("form", ["iso", "epoch", "epoch_ms", PATTERN])
def test_overlap_is_exact_in_every_format(form, seconds, overlap):
    spell = Delta(TIMESTAMP, form)._text
    moment = datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=seconds)
    earlier = moment - datetime.timedelta(seconds=overlap)
    assert Delta(TIMESTAMP, form, overlap=overlap).since(spell(moment)) == spell(earlier)


# --- What a page tells: records


@formats
def test_latest_record_gives_the_next_cursor(form, earlier, later, back):
    delta = Delta(TIMESTAMP, form)
    assert delta.observe(None, answer(), [earlier, later]) is later
    assert delta.observe(None, answer(), [later, earlier]) is later
    assert delta.observe(later, answer(), [earlier]) is later
    assert delta.observe(earlier, answer(), [later]) is later
    assert delta.observe(earlier, answer(), []) is earlier
    assert delta.observe(None, answer(), []) is None


@pytest.mark.parametrize("form", ["iso", "epoch", "epoch_ms", "integer", PATTERN])
@pytest.mark.parametrize(
    "odd", [None, "", "soon", [], ["2", "0", "2", "4"], {}, {"a": 1, "b": 2, "c": 3, "d": 4}, float("nan")]
)
def test_record_without_a_readable_time_does_not_stop_the_others(form, odd):
    good = next(later for name, _earlier, later, _back in FORMATS if name == form)
    assert Delta(TIMESTAMP, form).observe(None, answer(), [odd, good, odd]) is good
    assert Delta(TIMESTAMP, form).observe(good, answer(), [odd]) is good
    assert Delta(TIMESTAMP, form).observe(None, answer(), [odd]) is None


def test_number_too_large_for_a_time_is_not_a_time():
    assert Delta(TIMESTAMP, "epoch").observe(5, answer(), [10**30, float("inf")]) == 5


@given(st.lists(st.lists(st.integers(0, 2**31)), max_size=5))
def test_pages_in_any_cut_give_the_same_cursor(pages):
    delta, candidate = Delta(TIMESTAMP, "epoch"), None
    for updates in pages:
        candidate = delta.observe(candidate, answer(), updates)
    assert candidate == max((value for updates in pages for value in updates), default=None)


def test_without_delta_there_is_no_cursor():
    assert Delta(NO_DELTA).observe("x", answer({"Cursor": "y"}), ["2024-05-31"]) is None


# --- What a page tells: header and body


@pytest.mark.parametrize(
    ("source", "path", "sent"),
    [
        (HEADER, "etag", lambda value: answer({"ETag": value} if value else {})),
        (BODY, "meta.at", lambda value: answer(document={"meta": {"at": value}})),
    ],
)
def test_clock_is_right_on_the_first_page_and_a_token_on_the_last(source, path, sent):
    pages = [sent('"11"'), sent(None), sent('"12"'), sent(None)]

    def observed(delta):
        candidate = None
        for page in pages:
            candidate = delta.observe(candidate, page, ["99"])
        return candidate

    assert observed(Delta(TIMESTAMP, "integer", source, path)) == '"11"'
    assert observed(Delta(TOKEN, "integer", source, path)) == '"12"'


def test_place_that_is_not_there_leaves_the_cursor_alone():
    for delta in (Delta(TIMESTAMP, "iso", HEADER, "X"), Delta(TOKEN, source=BODY, path="a.b")):
        assert delta.observe(None, answer(document=None), []) is None
        assert delta.observe("old", answer(document={"a": []}), []) == "old"


@pytest.mark.parametrize(
    ("delta", "page"),
    [
        (Delta(TIMESTAMP, "iso", HEADER, "Last-Modified"), answer({"Last-Modified": "Fri, 31 May 2024 12:00:00 GMT"})),
        (Delta(TIMESTAMP, "epoch", BODY, "at"), answer(document={"at": "2024-05-31"})),
        (Delta(TIMESTAMP, "iso", BODY, "at"), answer(document={"at": 5})),
        (Delta(TIMESTAMP, "integer", HEADER, "ETag"), answer({"ETag": '"b3f"'})),
        (Delta(TOKEN, source=BODY, path="max(at)"), answer(document={"at": 5})),
        (Delta(TOKEN, source=BODY, path="at[::0]"), answer(document={"at": [5]})),
    ],
)
def test_cursor_that_could_not_be_sent_back_is_an_error_when_it_comes_and_not_at_the_next_run(delta, page):
    with pytest.raises(ProtocolError) as caught:
        delta.observe(None, page, [])
    assert caught.value.reason == "no_since"
    assert delta.path in caught.value.message


def test_format_of_a_header_may_be_a_pattern():
    page = answer({"Last-Modified": "Fri, 31 May 2024 12:00:00 GMT"})
    delta = Delta(TIMESTAMP, "%a, %d %b %Y %H:%M:%S GMT", HEADER, "Last-Modified", overlap=60)
    assert delta.since(delta.observe(None, page, [])) == "Fri, 31 May 2024 11:59:00 GMT"


# --- How far it may move


@pytest.mark.parametrize(
    ("form", "past", "future", "limited"),
    [
        ("iso", "2024-05-31T11:59:59Z", "2099-01-01T00:00:00Z", "2024-05-31T12:00:00Z"),
        ("iso", "2024-05-31T12:00:00Z", "2024-05-31T12:00:01", "2024-05-31T12:00:00Z"),
        ("iso", "2024-05-31T13:59:59+02:00", "2024-05-31T12:00:00-05:00", "2024-05-31T12:00:00Z"),
        ("epoch", 1717156800, 4070908800, 1717156800),
        ("epoch_ms", 1717156800000, "4070908800000", 1717156800000),
        (PATTERN, "2024-05-31 12:00:00", "2099-01-01 00:00:00", "2024-05-31 12:00:00"),
    ],
)
def test_fault_cursor_from_the_future_stops_where_the_walk_began(form, past, future, limited):
    delta = Delta(TIMESTAMP, form)
    assert delta.limit(past, NOON) is past
    assert delta.limit(future, NOON) == limited
    assert delta.limit(delta.observe(None, answer(), [past, future, past]), NOON) == limited


def test_what_no_clock_can_judge_is_not_limited():
    assert Delta(TIMESTAMP, "integer").limit(10**15, NOON) == 10**15
    assert Delta(TOKEN, source=BODY, path="t").limit("2099-01-01", NOON) == "2099-01-01"
    assert Delta(TIMESTAMP, "iso").limit(None, NOON) is None


def test_only_counts_of_records_are_clockless():
    assert Delta(TIMESTAMP, "integer", RECORD).clockless
    assert not Delta(TIMESTAMP, "integer", HEADER, "ETag").clockless  # it is from the first page
    assert not Delta(TIMESTAMP, "epoch", RECORD).clockless
    assert not Delta(NO_DELTA, "integer", RECORD).clockless


@pytest.mark.parametrize(
    ("header", "seconds", "clock"),
    [
        ("Fri, 31 May 2024 12:00:00 GMT", 0, NOON),
        ("Fri, 31 May 2024 14:00:00 +0200", 0, NOON),
        ("Fri, 31 May 2024 12:00:00 -0000", 0, NOON),  # the same, by RFC 5322, wherever this machine stands
        ("Fri, 31 May 2024 12:00:10 GMT", 9.5, NOON),  # it looked when it was asked, not when it had answered
        ("Thu, 01 Jan 1970 00:00:01 GMT", 1, datetime.datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_fault_clock_skew_the_remotes_own_clock_counts(header, seconds, clock, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    found = remote_clock(answer({"date": header}, seconds=seconds))
    assert found == clock
    assert found.utcoffset() == datetime.timedelta(0)


@pytest.mark.parametrize("header", [None, "", "yesterday", "Fri, 99 May 2024", "Fri, 31 Dec 9999 23:59:59 -0100"])
def test_without_the_remotes_clock_our_own_is_as_good_as_we_have(header):
    before = datetime.datetime.now(UTC)
    found = remote_clock(answer({"Date": header} if header is not None else {}, seconds=30))
    assert found <= before - datetime.timedelta(seconds=29)
    assert found >= before - datetime.timedelta(seconds=32)
    assert found.microsecond == 0


def test_walk_by_position_over_several_pages_moves_the_cursor_one_walk_later():
    assert next_cursor({"candidate": 5, "previous": 3}, False) == (5, 5)
    assert next_cursor({"candidate": 5, "previous": 3}, True) == (3, 5)
    assert next_cursor({"candidate": 5, "previous": None}, True) == (None, 5)
    assert next_cursor({"candidate": None, "previous": 3}, True) == (3, None)
    assert next_cursor({}, False) == (None, None)


# --- When was it changed there


@pytest.mark.parametrize(
    ("value", "pattern", "moment"),
    [
        ("2024-05-31T12:00:00Z", "iso", NOON),
        ("2024-05-31T14:00:00+02:00", "iso", NOON),
        ("2024-05-31 12:00:00", "iso", NOON),  # naive is UTC
        (1717156800, "iso", NOON),  # most numbers that stand for a time count from 1970
        (1717156800000, "iso", NOON),
        (1717156800.0, "epoch", NOON),
        ("1717156800", "epoch", NOON),
        ("1717156800000", "epoch_ms", NOON),
        (1717156800000, "integer", NOON),  # milliseconds by its size
        ("1717156800", "integer", NOON),
        ("2024-05-31 12:00:00", PATTERN, NOON),
        ("2024-05-31T12:00:00Z", PATTERN, NOON),  # not in the flow's own format, but plain enough
    ],
)
def test_moment_of_a_change_is_read_in_the_flows_format_or_as_most_systems_write_it(value, pattern, moment):
    assert moment_of(value, pattern) == moment


@pytest.mark.parametrize("value", [None, "", "yesterday", [], {}, True, "W/x", float("nan"), float("inf"), 10**30])
@pytest.mark.parametrize("pattern", ["iso", "epoch", "epoch_ms", "integer", PATTERN])
def test_what_is_no_moment_is_none_and_never_an_error(value, pattern):
    assert moment_of(value, pattern) is None


BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "pattern", "told"),
    [
        ("2024-05-31T14:00:00.75+02:00", "iso", datetime.datetime(2024, 5, 31, 12)),
        ("2024-05-31 14:00:00", "auto", datetime.datetime(2024, 5, 31, 12)),
        ("20240531", "%Y%m%d", datetime.datetime(2024, 5, 30, 22)),  # digits are a date where the format says so
        ("1717156800", "iso", datetime.datetime(2024, 5, 31, 12)),
        ("1717156800000", "integer", datetime.datetime(2024, 5, 31, 12)),
        ("1717156800000", "auto", datetime.datetime(2024, 5, 31, 12)),
        ("41", "integer", False),  # a count
        ("2026", "integer", False),
        ("2026", "auto", False),
        ("9" * 5000, "iso", False),
        ("0001-01-01T00:00:00", "iso", False),  # .NET's "never", which is in no calendar as UTC
        ("9999-12-31T23:59:59-10:00", "auto", False),
        ("yesterday", "auto", False),
        ("", "iso", False),
        (None, "auto", False),
    ],
)
def test_a_moment_is_told_to_a_person_as_odoo_keeps_it(text, pattern, told):
    assert told_moment(text, pattern, BERLIN) == told


def test_a_moment_outside_of_the_calendar_is_none():
    assert naive(datetime.datetime(1, 1, 1, tzinfo=BERLIN)) is None
    assert naive(datetime.datetime(9999, 12, 31, 23, tzinfo=datetime.timezone(-datetime.timedelta(hours=10)))) is None
    assert naive(None) is None
    assert naive(NOON) == datetime.datetime(2024, 5, 31, 12)


def test_a_count_is_a_text_of_digits_that_are_not_too_many():
    assert is_count("1717156800000")
    assert not any(map(is_count, (None, "", 5, "5.0", "-5", "W/5", "9" * 5000)))


@given(st.datetimes(datetime.datetime(2001, 9, 10), datetime.datetime(2200, 1, 1)))
def test_moment_of_a_change_is_the_same_in_every_format(moment):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    seconds = int(moment.timestamp())
    for value, pattern in (
        (moment.isoformat(), "iso"),
        (seconds, "epoch"),
        (seconds * 1000, "epoch_ms"),
        (seconds, "integer"),
        (seconds * 1000, "integer"),
        (moment.strftime(PATTERN), PATTERN),
    ):
        assert moment_of(value, pattern) == moment
