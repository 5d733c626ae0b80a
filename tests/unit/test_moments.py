"""A moment is the same in whatever notation it comes; a zone that is named counts, or the value is refused."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge import moments
from integration_bridge.mapping.converters import make_converter
from integration_bridge.mapping.errors import ConversionError, OptionError
from integration_bridge.remote.delta import TIMESTAMP, Delta, moment_of

UTC = datetime.timezone.utc
NOON = datetime.datetime(2024, 6, 1, 12, tzinfo=UTC)
BRUSSELS = zoneinfo.ZoneInfo("Europe/Brussels")
WITH_ZONE = "%Y-%m-%d %H:%M:%S %Z"

NOTATIONS = [
    ("/Date(1717243200000+0200)/", "iso"),
    ("/Date(1717243200000)/", "iso"),
    (" /Date(1717243200000-0500)/ ", "iso"),
    ("2024-06-01T12:00:00Z[UTC]", "iso"),
    ("2024-06-01T14:00:00+02:00[Europe/Brussels]", "iso"),
    ("2024-06-01T14:00:00[Europe/Brussels]", "iso"),
    ("2024-06-01 14:00:00 +0200", "iso"),
    ("2024-06-01 14:00:00 +02:00", "iso"),
    ("2024-06-01 12:00:00 UTC", "iso"),
    ("2024-06-01 12:00:00UTC", "iso"),
    ("2024-06-01T12:00:00 Z", "iso"),
    ("2024-06-01 12:00:00 GMT", "iso"),
    ("2024-06-01 14:00:00 Europe/Brussels", "iso"),
    ("2024-06-01T12:00:00.000+0000", "iso"),
    ("2024-06-01T12:00:00,0000000Z", "iso"),
    ("2024-06-01 14:00:00", "iso"),  # in the connector's zone
    ("20240601T140000", "iso"),
    (1717243200, "epoch"),
    ("1717243200000", "epoch_ms"),
    (1717243200, "auto"),
    (1717243200000, "auto"),
    (1717243200000000, "auto"),
    ("1717243200", "auto"),
    ("1717243200000", "auto"),
    ("2024-06-01T12:00:00Z", "auto"),
    ("/Date(1717243200000)/", "auto"),
    ("2024-06-01 12:00:00 UTC", WITH_ZONE),
    ("2024-06-01 14:00:00 Europe/Brussels", WITH_ZONE),
    ("Sat Jun 01 12:00:00 UTC 2024", "%a %b %d %H:%M:%S %Z %Y"),
    ("2024-06-01 07:00:00 EST", WITH_ZONE),
]


@pytest.mark.parametrize(("value", "form"), NOTATIONS)
def test_moment_is_the_same_in_every_notation_as_field_and_as_updated_at(value, form, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")  # this machine's zone says nothing
    read = make_converter("datetime", {"format": form}, "Europe/Brussels").read(value)
    assert read == NOON.replace(tzinfo=None)
    assert moments.read(value, form, BRUSSELS) == NOON
    assert Delta(TIMESTAMP, form, zone=BRUSSELS).observe(None, None, [value]) is value
    assert moment_of(value, form, BRUSSELS) == NOON


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2024-06-01 12:00:00 CST", "iso"),  # China, Cuba, or the middle of America
        ("2024-06-01 12:00:00 CST", WITH_ZONE),
        ("2024-06-01 12:00:00 JST", WITH_ZONE),  # what the machine's own zone is called
        ("2024-06-01T12:00:00+02:00 UTC", "iso"),  # which one?
        ("2024-06-01T12:00:00[Nowhere/Town]", "iso"),
        ("/Date(soon)/", "iso"),
        ("2024-06-01 12:00:00", WITH_ZONE),
        (1717243200, "iso"),
        ("20240601140000", "auto"),  # digits of a calendar, or milliseconds
        ("5", "auto"),
        (True, "auto"),
        (10**18, "auto"),
        (None, "auto"),
    ],
)
def test_moment_that_may_be_several_is_refused(value, form, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with pytest.raises(ValueError):
        moments.read(value, form, BRUSSELS)
    with pytest.raises(ConversionError) as caught:
        make_converter("datetime", {"format": form}, "Europe/Brussels").read(value)
    assert caught.value.reason == "not_datetime"


@pytest.mark.parametrize(
    ("options", "value", "day"),
    [
        ({"instant": True}, "2024-05-31T22:00:00Z", (2024, 6, 1)),
        ({"instant": True}, "2024-05-31T21:59:59Z", (2024, 5, 31)),
        ({"instant": True}, "2024-06-01", (2024, 6, 1)),  # a day is a day
        ({"instant": True, "timezone": "America/New_York"}, "2024-05-31T22:00:00Z", (2024, 5, 31)),
        ({"format": "epoch"}, 1717192800, (2024, 6, 1)),
        ({"format": "epoch_ms"}, "1717192800000", (2024, 6, 1)),
        ({}, "/Date(1717192800000+0000)/", (2024, 6, 1)),
        ({}, "2024-05-31T22:00:00Z", (2024, 5, 31)),  # the day that stands there
        ({"format": "%d.%m.%Y %H:%M %z", "instant": True}, "31.05.2024 22:00 +0000", (2024, 6, 1)),
    ],
)
def test_day_that_is_sent_as_a_moment_is_the_day_in_the_connectors_zone(options, value, day):
    assert make_converter("date", options, "Europe/Brussels").read(value) == datetime.date(*day)


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 1, 1)))
@pytest.mark.parametrize("options", [{"instant": True}, {"format": "epoch"}, {"format": "epoch_ms"}])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels", "America/Sao_Paulo", "Pacific/Auckland"])
def test_day_that_is_sent_as_a_moment_comes_back(options, zone, day):
    convert = make_converter("date", options, zone)
    assert convert.read(convert.write(day)) == day


@pytest.mark.parametrize("form", ["ISO", "yyyy-mm-dd", "%Q", "%H %", "rfc2822"])
@pytest.mark.parametrize("name", ["date", "datetime"])
def test_format_in_which_nothing_can_be_read_is_refused_when_saved(name, form):
    with pytest.raises(OptionError) as caught:
        make_converter(name, {"format": form})
    assert "or a pattern such as" in str(caught.value)


def test_name_of_a_zone_that_is_written_can_be_read_again():
    convert = make_converter("datetime", {"format": WITH_ZONE}, "Europe/Brussels")
    assert convert.write(datetime.datetime(2024, 6, 1, 12)) == "2024-06-01 12:00:00 UTC"
    assert convert.read("2024-06-01 12:00:00 UTC") == datetime.datetime(2024, 6, 1, 12)


# --- What {since} stands for


@pytest.mark.parametrize(
    ("form", "cursor", "sent", "zone", "since"),
    [
        ("iso", "2024-06-01T12:00:00.000+0000", "%Y/%m/%d %H:%M", "America/New_York", "2024/06/01 08:00"),
        ("iso", "2024-06-01T12:00:59Z", "%Y/%m/%d %H:%M", None, "2024/06/01 14:00"),  # never later than it was
        ("iso", "2024-06-01T12:00:00Z", "epoch_ms", None, 1717243200000),
        ("epoch", 1717243200, "iso", None, "2024-06-01T12:00:00Z"),
        ("epoch", 1717243200, "iso", "America/New_York", "2024-06-01T08:00:00-04:00"),
        ("%Y-%m-%d %H:%M", "2024-06-01 14:00", "", None, "2024-06-01 14:00"),
        ("%Y-%m-%d %H:%M", "2024-06-01 14:00", "", "America/New_York", "2024-06-01 08:00"),
        ("auto", "1717243200000", "epoch", None, 1717243200),
    ],
)
def test_records_tell_a_time_in_one_format_and_it_is_asked_for_in_another(form, cursor, sent, zone, since):
    delta = Delta(TIMESTAMP, form, zone=BRUSSELS, sent_format=sent, sent_zone=zone and moments.zone_of(zone))
    assert delta.since(cursor) == since


def test_hour_that_comes_twice_is_asked_for_from_before_it():
    twice = ["2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"]
    delta = Delta(TIMESTAMP, "iso", zone=BRUSSELS, sent_format="%Y-%m-%d %H:%M")
    assert [delta.since(one) for one in twice] == ["2024-10-27 01:30", "2024-10-27 01:30"]
    assert delta.since("2024-10-27T02:30:00Z") == "2024-10-27 03:30"


def test_naive_time_of_a_record_is_in_the_connectors_zone():
    local = "2024-06-01T08:00:00"
    assert moment_of(local, "iso", zoneinfo.ZoneInfo("America/New_York")) == NOON
    assert moment_of("2024-06-01T14:00:00", "iso", BRUSSELS) == NOON
    assert moment_of("2024-06-01T12:00:00Z", "iso", BRUSSELS) == NOON
    delta = Delta(TIMESTAMP, "%Y-%m-%d %H:%M:%S", zone=BRUSSELS)
    assert delta.limit("2099-01-01 00:00:00", NOON) == "2024-06-01 14:00:00"
