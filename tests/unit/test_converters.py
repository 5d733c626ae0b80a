"""Every converter reads what it promises, refuses the rest with a reason, and checks its options when configured."""

import base64
import datetime

import pytest

from integration_bridge.mapping.converters import (
    CONVERTERS,
    OPTION_KINDS,
    ByBinding,
    ByKey,
    Converter,
    Download,
    Many,
    Nested,
    Option,
    converter,
    external_id,
    make_converter,
)
from integration_bridge.mapping.errors import MESSAGES, ConversionError, MappingError, OptionError, PathError

BRUSSELS = "Europe/Brussels"
PNG = base64.b64encode(b"\x89PNG picture").decode()
VALUES = {"open": "draft", "paid": "done", "void": "cancel", "": "none"}
PAIRS = [[1, "low"], [2, "high"], [True, "top"], [None, "no"], [[1, 2], "both"], [3, "high"], [4, False]]

# The options without which a converter can not be made.
NEEDED = {
    "many2one_binding": {"flow": "contacts"},
    "many2many_binding": {"flow": "tags"},
    "many2one_key": {"field": "code"},
    "many2many_key": {"field": "name"},
    "nested": {"flow": "lines"},
    "constant": {"value": 1},
    "expression": {"expression": "a"},
    "first_of": {"ways": [{"path": "a", "converter": "text"}, {"path": "b.c", "converter": "integer"}]},
}


def made(name, connector_zone="UTC", /, **options):
    return make_converter(name, {**NEEDED.get(name, {}), **options}, connector_zone)


def day(*parts):
    return datetime.date(*parts)


def moment(*parts):
    return datetime.datetime(*parts)


def bound(*ids, flow="contacts"):
    references = tuple(ByBinding(flow, one) for one in ids)
    return references[0] if len(ids) == 1 else references


# ------------------------------------------------------------------------------------------------------------------
# Remote to Odoo
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "remote", "odoo"),
    [
        ("text", {}, "Ana", "Ana"),
        ("text", {}, "  Ana ", "  Ana "),
        ("text", {"strip": True}, "  Ana \n", "Ana"),
        ("text", {}, "漢字 🙂 é", "漢字 🙂 é"),
        ("text", {}, "a\x00b", "ab"),  # PostgreSQL can not store it
        ("text", {}, 12, "12"),
        ("text", {}, -1.5, "-1.5"),
        ("integer", {}, 3, 3),
        ("integer", {}, "3", 3),
        ("integer", {}, " -3 ", -3),
        ("integer", {}, 3.0, 3),
        ("integer", {}, "3.00", 3),
        ("integer", {}, "1e3", 1000),
        ("integer", {}, 2**31 - 1, 2**31 - 1),
        ("integer", {}, -(2**31), -(2**31)),
        ("decimal", {}, 12.5, 12.5),
        ("decimal", {}, "12.50", 12.5),
        ("decimal", {}, " 12.50 ", 12.5),
        ("decimal", {}, 7, 7.0),
        ("decimal", {"scale": 100}, 1999, 19.99),
        ("decimal", {"scale": 100}, "1999", 19.99),
        ("decimal", {"scale": 1000}, -1, -0.001),
        ("decimal", {"digits": 2}, 0.125, 0.13),  # half up, as on an invoice
        ("decimal", {"digits": 2}, 2.675, 2.68),  # by its digits, not by the float below it
        ("decimal", {"digits": 0}, "2.5", 3.0),
        ("decimal", {"scale": 100, "digits": 1}, 1995, 20.0),
        ("boolean", {}, True, True),
        ("boolean", {}, False, False),
        ("boolean", {"true_values": ["yes", 1], "false_values": ["no", 0]}, "yes", True),
        ("boolean", {"true_values": ["yes", 1], "false_values": ["no", 0]}, 1, True),
        ("boolean", {"true_values": ["yes", 1], "false_values": ["no", 0]}, 0, False),
        ("boolean", {"true_values": [{"a": 1}], "false_values": [[]]}, {"a": 1}, True),
        ("date", {}, "2024-05-31", day(2024, 5, 31)),
        ("date", {}, "2024-05-31T23:30:00+02:00", day(2024, 5, 31)),
        ("date", {}, "2024-05-31 00:00:00", day(2024, 5, 31)),
        ("date", {}, "2024-05-31Z", day(2024, 5, 31)),
        ("date", {"format": "%d.%m.%Y"}, "31.05.2024", day(2024, 5, 31)),
        ("date", {"format": "%m/%d/%y"}, "05/31/24", day(2024, 5, 31)),
        ("datetime", {}, "2024-05-31T12:00:00Z", moment(2024, 5, 31, 12)),
        ("datetime", {}, " 2024-05-31T12:00:00+02:00 ", moment(2024, 5, 31, 10)),
        ("datetime", {}, "2024-05-31 12:00:00", moment(2024, 5, 31, 12)),
        ("datetime", {}, "2024-05-31T12:00:00.987654Z", moment(2024, 5, 31, 12)),
        ("datetime", {}, "20240531T120000Z", moment(2024, 5, 31, 12)),
        ("datetime", {}, "2024-05-31", moment(2024, 5, 31)),
        ("datetime", {"timezone": BRUSSELS}, "2024-05-31T12:00:00", moment(2024, 5, 31, 10)),
        ("datetime", {"timezone": BRUSSELS}, "2024-05-31T12:00:00Z", moment(2024, 5, 31, 12)),
        ("datetime", {"format": "epoch"}, 1717156800, moment(2024, 5, 31, 12)),
        ("datetime", {"format": "epoch"}, "1717156800.9", moment(2024, 5, 31, 12)),
        ("datetime", {"format": "epoch"}, 0, moment(1970, 1, 1)),
        ("datetime", {"format": "epoch"}, -1, moment(1969, 12, 31, 23, 59, 59)),
        ("datetime", {"format": "epoch_ms"}, 1717156800999, moment(2024, 5, 31, 12)),
        ("datetime", {"format": "epoch_ms"}, -1500, moment(1969, 12, 31, 23, 59, 58)),  # as the same time in ISO
        ("datetime", {"format": "%d.%m.%Y %H:%M", "timezone": BRUSSELS}, "31.05.2024 12:00", moment(2024, 5, 31, 10)),
        ("datetime", {"format": "%Y-%m-%d %H:%M:%S %z"}, "2024-05-31 12:00:00 -0500", moment(2024, 5, 31, 17)),
        ("selection", {}, "draft", "draft"),
        ("selection", {}, 5, "5"),
        ("selection", {"values": VALUES}, "paid", "done"),
        ("selection", {"values": {"1": "low", "true": "top"}}, 1, "low"),
        ("selection", {"values": {"1": "low", "true": "top"}}, True, "top"),
        ("selection", {"values": {"x": None}}, "x", False),  # a choice that empties the field
        ("selection", {"values": VALUES, "other": "unknown"}, "new", "unknown"),
        ("selection", {"values": VALUES, "other": False}, "new", False),
        ("selection", {"values": PAIRS}, 1, "low"),
        ("selection", {"values": PAIRS}, "1", "low"),
        ("selection", {"values": PAIRS}, True, "top"),
        ("selection", {"values": PAIRS}, [1, 2], "both"),
        ("selection", {"values": PAIRS}, 4, False),
        ("html", {}, "<p>Hi</p>", "<p>Hi</p>"),
        ("html", {"plain_text": True}, "a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("html", {"plain_text": True}, "one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("many2one_binding", {}, "c1", bound("c1")),
        ("many2one_binding", {}, 7, bound("7")),
        ("many2one_binding", {"item": "id"}, {"id": 7, "name": "x"}, bound("7")),
        ("many2one_binding", {"item": "[0]"}, [7, "Azure Interior"], bound("7")),
        ("many2one_binding", {"item": "a.b"}, {"a": {"b": "c1"}}, bound("c1")),
        ("many2one_binding", {"item": "@"}, "c1", bound("c1")),
        ("many2one_key", {}, " BE ", ByKey("BE")),
        ("many2one_key", {}, 32, ByKey(32)),
        ("many2one_key", {"item": "iso"}, {"iso": "BE"}, ByKey("BE")),
        ("many2many_binding", {"flow": "contacts"}, [1, "2", 1.0], Many(bound("1", "2"))),
        ("many2many_binding", {"flow": "contacts"}, [], Many(())),
        ("many2many_binding", {"flow": "contacts", "item": "id"}, [{"id": 2}, {"id": 1}], Many(bound("2", "1"))),
        ("many2many_key", {}, ["b", "a", "b "], Many((ByKey("b"), ByKey("a")))),
        ("many2many_key", {"item": "[1]"}, [[1, "a"], [2, "b"]], Many((ByKey("a"), ByKey("b")))),
        ("nested", {}, [{"id": 1}, {"id": 2}], Nested(({"id": 1}, {"id": 2}))),
        ("nested", {}, {"id": 1}, Nested(({"id": 1},))),
        ("nested", {}, [], Nested(())),
        ("image", {}, "https://cdn.example/a.png", Download("https://cdn.example/a.png", 10 * 2**20)),
        ("image", {"max_bytes": 9}, "HTTP://cdn.example/a.png", Download("HTTP://cdn.example/a.png", 9)),
        ("image", {"inline": True}, PNG, PNG),
        ("image", {"inline": True}, "data:image/png;base64," + PNG, PNG),
        ("image", {"inline": True}, PNG[:8] + "\r\n" + PNG[8:] + "\n", PNG),  # as MIME and Ruby write it
        ("constant", {"value": "contact"}, "contact", "contact"),
        ("constant", {"value": "BE", "then": "many2one_key", "then_options": {"field": "code"}}, "BE", ByKey("BE")),
        ("expression", {}, {"any": ["thing"]}, {"any": ["thing"]}),
        ("expression", {"then": "decimal", "then_options": {"scale": 100}}, "1250", 12.5),
        ("expression", {"then": "many2many_key", "then_options": {"field": "name"}}, ["a"], Many((ByKey("a"),))),
    ],
)
def test_what_the_remote_says_is_read_in_odoos_terms(name, options, remote, odoo):
    found = made(name, **options).read(remote)
    assert found == odoo
    assert type(found) is type(odoo)


@pytest.mark.parametrize(
    ("name", "options", "remote", "reason"),
    [
        ("text", {}, True, "not_text"),
        ("text", {}, [], "not_text"),
        ("text", {}, {"a": 1}, "not_text"),
        ("html", {}, ["<p>"], "not_text"),
        ("html", {"plain_text": True}, False, "not_text"),
        ("integer", {}, 3.5, "not_integer"),
        ("integer", {}, "3,5", "number_notation"),
        ("integer", {}, "", "not_integer"),
        ("integer", {}, "three", "not_integer"),
        ("integer", {}, True, "not_integer"),
        ("integer", {}, [3], "not_integer"),
        ("integer", {}, "1_000", "not_integer"),  # Python reads it, no other system means it
        ("integer", {}, "Infinity", "not_integer"),
        ("integer", {}, "1e999999999", "not_integer"),
        ("integer", {}, "9" * 1000, "not_integer"),
        ("integer", {}, 2**31, "out_of_range"),
        ("integer", {}, -(2**31) - 1, "out_of_range"),
        ("decimal", {}, "12,50", "number_notation"),
        ("decimal", {}, "NaN", "not_decimal"),
        ("decimal", {}, float("inf"), "not_decimal"),
        ("decimal", {}, "1e400", "not_decimal"),
        ("decimal", {}, "€ 5", "number_notation"),
        ("decimal", {}, "1_0.5", "not_decimal"),
        ("decimal", {}, False, "not_decimal"),
        ("decimal", {}, {}, "not_decimal"),
        ("decimal", {"digits": 2}, 1e29, "not_decimal"),
        ("boolean", {}, 2, "not_boolean"),
        ("boolean", {}, "maybe", "not_boolean"),
        ("boolean", {}, "deleted", "not_boolean"),
        ("boolean", {"true_values": ["A"]}, "true", "not_boolean"),  # one that is set counts alone
        ("boolean", {"true_values": [1], "false_values": [0]}, True, "not_boolean"),
        ("boolean", {"true_values": ["Y"], "false_values": ["N"]}, "y", "not_boolean"),
        ("date", {}, "31.05.2024", "not_date"),
        ("date", {}, "2024-02-30", "not_date"),
        ("date", {}, "2024-05-311", "not_date"),
        ("date", {}, "2024-05", "not_date"),
        ("date", {}, "20240531", "not_date"),
        ("date", {}, "", "not_date"),
        ("date", {}, 20240531, "not_date"),
        ("date", {}, {"a": 1}, "not_date"),
        ("date", {}, ["2024-05-31"], "not_date"),
        ("date", {"format": "%d.%m.%Y"}, "2024-05-31", "not_date"),
        ("date", {"format": "%d.%m.%Y"}, 5, "not_date"),
        ("datetime", {}, "yesterday", "not_datetime"),
        ("datetime", {}, "2024-05-31T25:00:00Z", "not_datetime"),
        ("datetime", {}, "0001-01-01T00:00:00+10:00", "not_datetime"),  # before the calendar in UTC
        ("datetime", {}, 1717156800, "not_datetime"),
        ("datetime", {}, ["2024", "05"], "not_datetime"),
        ("datetime", {}, {"a": 1}, "not_datetime"),
        ("datetime", {"format": "epoch"}, "2024-05-31", "not_datetime"),
        ("datetime", {"format": "epoch"}, True, "not_datetime"),
        ("datetime", {"format": "epoch"}, 1e20, "not_datetime"),
        ("datetime", {"format": "epoch_ms"}, [], "not_datetime"),
        ("datetime", {"format": "%Y-%m-%d"}, 5, "not_datetime"),
        ("datetime", {"format": "%Y-%m-%d"}, "2024-05-31T00:00", "not_datetime"),
        ("selection", {"values": VALUES}, "new", "not_choice"),
        ("selection", {"values": VALUES}, ["open"], "not_choice"),
        ("selection", {"values": PAIRS}, False, "not_choice"),
        ("selection", {}, [], "not_text"),
        ("many2one_binding", {}, {"id": 1}, "not_identifier"),
        ("many2one_binding", {}, True, "not_identifier"),
        ("many2one_binding", {}, 1.5, "not_identifier"),
        ("many2one_binding", {}, "x" * 601, "long_id"),
        ("many2one_binding", {}, 10**600, "long_id"),
        ("many2one_binding", {"item": "id"}, {"name": "x"}, "not_identifier"),
        ("many2one_binding", {"item": "id"}, {"id": None}, "not_identifier"),
        ("many2one_binding", {"item": "[0]"}, "text", "not_identifier"),
        ("many2one_key", {}, {"iso": "BE"}, "not_identifier"),
        ("many2one_key", {"item": "iso"}, {"iso": None}, "not_identifier"),
        ("many2many_binding", {}, "1,2", "not_list"),
        ("many2many_binding", {}, {"id": 1}, "not_list"),
        ("many2many_binding", {}, [1, None], "not_identifier"),
        ("many2many_key", {}, 5, "not_list"),
        ("many2many_key", {}, [["a"]], "not_identifier"),
        ("nested", {}, "lines", "not_list"),
        ("nested", {}, 5, "not_list"),
        ("image", {}, "images/a.png", "not_address"),
        ("image", {}, "//images.example.com/a.png", "not_address"),
        ("image", {}, "/9j/4AAQSkZJRgABAQ", "not_address"),
        ("image", {}, "file:///etc/passwd", "not_address"),
        ("image", {}, PNG, "not_address"),
        ("image", {}, 5, "not_address"),
        ("image", {"inline": True}, "no base64!", "not_image"),
        ("image", {"inline": True}, 5, "not_image"),
        ("image", {"inline": True}, [], "not_image"),
        ("image", {"inline": True, "max_bytes": 5}, PNG, "too_large"),
        ("expression", {"then": "integer"}, "x", "not_integer"),
    ],
)
def test_what_can_not_be_read_is_refused_with_the_reason(name, options, remote, reason):
    with pytest.raises(ConversionError) as caught:
        made(name, **options).read(remote)
    assert caught.value.reason == reason
    assert str(caught.value).endswith(".")


def test_message_of_a_huge_value_is_short():
    with pytest.raises(ConversionError) as caught:
        made("image", inline=True).read("!" * 10_000_000)
    assert len(str(caught.value)) < 200


# ------------------------------------------------------------------------------------------------------------------
# Odoo to remote
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "odoo", "remote"),
    [
        ("text", {}, "Ana", "Ana"),
        ("integer", {}, 3, 3),
        ("integer", {}, 3.0, 3),  # a float field
        ("integer", {}, "3", 3),  # a text field
        ("integer", {}, 2**40, 2**40),  # the remote has no int4
        ("decimal", {}, 12.5, 12.5),
        ("decimal", {}, 12.0, 12),
        ("decimal", {"as_text": True}, 12.5, "12.5"),
        ("decimal", {"as_text": True, "digits": 2}, 12.5, "12.50"),
        ("decimal", {"as_text": True}, 1e22, "10000000000000000000000"),
        ("decimal", {"as_text": True}, 1e-7, "0.0000001"),
        ("decimal", {"scale": 100}, 19.99, 1999),
        ("decimal", {"scale": 100}, 0.1 + 0.2, 30),
        ("decimal", {"scale": 100}, 1.005, 101),  # a cent is never split
        ("decimal", {"scale": 100, "as_text": True}, 19.99, "1999"),
        ("boolean", {}, True, True),
        ("boolean", {}, False, False),
        ("boolean", {"true_values": ["Y", "y"], "false_values": ["N"]}, True, "Y"),
        ("boolean", {"true_values": ["Y", "y"], "false_values": ["N"]}, False, "N"),
        ("date", {}, day(2024, 5, 31), "2024-05-31"),
        ("date", {"format": "%d.%m.%Y"}, day(2024, 5, 31), "31.05.2024"),
        ("date", {"format": "%d.%m.%Y"}, day(987, 1, 2), "02.01.0987"),
        ("datetime", {}, moment(2024, 5, 31, 12), "2024-05-31T12:00:00Z"),
        ("datetime", {"timezone": BRUSSELS}, moment(2024, 5, 31, 10), "2024-05-31T12:00:00+02:00"),
        ("datetime", {"timezone": BRUSSELS}, moment(1850, 1, 1), "1850-01-01T00:00:00+00:00"),  # its offset had seconds
        ("datetime", {"timezone": BRUSSELS}, moment(9999, 12, 31, 23, 59, 59), "9999-12-31T23:59:59+00:00"),
        ("datetime", {"format": "epoch"}, moment(2024, 5, 31, 12), 1717156800),
        ("datetime", {"format": "epoch_ms"}, moment(2024, 5, 31, 12), 1717156800000),
        ("datetime", {"format": "%d.%m.%Y %H:%M", "timezone": BRUSSELS}, moment(2024, 1, 31, 11), "31.01.2024 12:00"),
        ("selection", {}, "draft", "draft"),
        ("selection", {"values": VALUES}, "done", "paid"),
        ("selection", {"values": {"a": "x", "b": "x"}}, "x", "a"),  # the first one
        ("selection", {"values": PAIRS}, "low", 1),
        ("selection", {"values": PAIRS}, "high", 2),
        ("selection", {"values": PAIRS}, False, 4),
        ("html", {}, "<p>Hi</p>", "<p>Hi</p>"),
        ("html", {"plain_text": True}, "<p>a &lt; b<br>c</p>\n<p>d</p>", "a < b\nc\n\nd"),
        ("html", {"plain_text": True}, "<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("html", {"plain_text": True}, "no tags", "no tags"),
        ("many2one_binding", {}, "c1", "c1"),
        ("many2one_binding", {"item": "id"}, "c1", {"id": "c1"}),
        ("many2one_binding", {"item": "a.b"}, "c1", {"a": {"b": "c1"}}),
        ("many2one_binding", {"item": "[0]"}, "c1", "c1"),  # what else is in the list is not ours to say
        ("many2one_binding", {"item": "@"}, "c1", "c1"),
        ("many2one_key", {}, "BE", "BE"),
        ("many2many_binding", {}, ["1", "2"], ["1", "2"]),
        ("many2many_key", {"item": "name"}, ["a", "b"], [{"name": "a"}, {"name": "b"}]),
        ("nested", {}, ({"sku": 1}, {"sku": 2}), [{"sku": 1}, {"sku": 2}]),
        ("image", {}, PNG.encode(), PNG),
        ("image", {"inline": True}, PNG, PNG),
    ],
)
def test_what_odoo_has_is_written_in_the_remotes_terms(name, options, odoo, remote):
    found = made(name, **options).write(odoo)
    assert found == remote
    assert type(found) is type(remote)


@pytest.mark.parametrize(
    ("name", "options", "odoo", "reason"),
    [
        ("integer", {}, 2.5, "not_integer"),  # never cut silently
        ("integer", {}, "abc", "not_integer"),
        ("decimal", {}, "abc", "not_decimal"),
        ("decimal", {"scale": 100}, 1e30, "not_decimal"),
        ("decimal", {"digits": 2}, 1e30, "not_decimal"),
        ("selection", {"values": VALUES}, "sent", "not_choice"),
        ("datetime", {"format": "%d.%m.%Y %H:%M", "timezone": BRUSSELS}, moment(9999, 12, 31, 23, 59), "not_datetime"),
        ("constant", {}, 1, "not_both_ways"),
        ("expression", {}, 1, "not_both_ways"),
    ],
)
def test_what_can_not_be_written_is_refused_with_the_reason(name, options, odoo, reason):
    with pytest.raises(ConversionError) as caught:
        made(name, **options).write(odoo)
    assert caught.value.reason == reason
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", CONVERTERS)
def test_converter_says_whether_it_goes_both_ways(name):
    assert made(name).both_ways == (name not in ("constant", "expression", "first_of", "image"))
    assert made(name).needs_path == (name not in ("constant", "expression", "first_of"))


def test_only_an_image_that_is_in_the_record_can_be_written():
    assert made("image", inline=True).both_ways


# ------------------------------------------------------------------------------------------------------------------
# Clock changes
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        # Spring: the hour from 2 to 3 is skipped; such a time is read with the offset before the change.
        (BRUSSELS, "2024-03-31T01:59:59", moment(2024, 3, 31, 0, 59, 59)),
        (BRUSSELS, "2024-03-31T02:30:00", moment(2024, 3, 31, 1, 30)),
        (BRUSSELS, "2024-03-31T03:00:00", moment(2024, 3, 31, 1)),
        # Autumn: the hour from 2 to 3 comes twice; the first one is meant.
        (BRUSSELS, "2024-10-27T01:59:59", moment(2024, 10, 26, 23, 59, 59)),
        (BRUSSELS, "2024-10-27T02:30:00", moment(2024, 10, 27, 0, 30)),
        (BRUSSELS, "2024-10-27T03:00:00", moment(2024, 10, 27, 2)),
        (BRUSSELS, "2024-10-27T02:30:00+02:00", moment(2024, 10, 27, 0, 30)),
        (BRUSSELS, "2024-10-27T02:30:00+01:00", moment(2024, 10, 27, 1, 30)),  # an offset leaves no doubt
        # The other half of the world changes the other way round.
        ("America/New_York", "2024-03-10T02:30:00", moment(2024, 3, 10, 7, 30)),
        ("America/New_York", "2024-11-03T01:30:00", moment(2024, 11, 3, 5, 30)),
        ("Australia/Lord_Howe", "2024-04-07T01:45:00", moment(2024, 4, 6, 14, 45)),  # half an hour, twice
        ("Asia/Kolkata", "2024-03-31T02:30:00", moment(2024, 3, 30, 21)),  # no change at all
    ],
)
@pytest.mark.parametrize("pattern", ["iso", "%Y-%m-%dT%H:%M:%S"])
def test_fault_naive_times_over_both_clock_changes(zone, local, utc, pattern):
    if pattern != "iso" and len(local) > len("2024-10-27T02:30:00"):
        pattern += "%z"
    assert made("datetime", format=pattern, timezone=zone).read(local) == utc
    assert made("datetime", zone, format=pattern).read(local) == utc


def test_zone_of_the_field_goes_before_that_of_the_connector():
    naive = "2024-05-31T12:00:00"
    assert made("datetime", BRUSSELS).read(naive) == moment(2024, 5, 31, 10)
    assert made("datetime", BRUSSELS, timezone="Asia/Tokyo").read(naive) == moment(2024, 5, 31, 3)
    assert make_converter("datetime", None, None).read(naive) == moment(2024, 5, 31, 12)


# ------------------------------------------------------------------------------------------------------------------
# Null
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("empty", "remote", "is_null"),
    [
        ([], None, True),
        ([], False, False),
        ([], 0, False),
        ([], "", False),
        ([False], False, True),
        ([False], 0, False),  # Python says 0 == False
        ([0], False, False),
        ([0], 0, True),
        ([1], True, False),
        (["N/A", "-"], "-", True),
        (["N/A", "-"], "n/a", False),
        ([{}], {}, True),
        ([[]], [], True),
        (["0000-00-00"], "0000-00-00", True),
    ],
)
@pytest.mark.parametrize("name", CONVERTERS)
def test_empty_names_the_values_that_mean_nothing(name, empty, remote, is_null):
    assert made(name, empty=empty).is_null(remote) is is_null


def test_chained_converter_knows_the_nulls_of_the_one_behind_it():
    chained = made("expression", then="date", then_options={"empty": ["0000-00-00"]}, empty=["-"])
    assert [chained.is_null(value) for value in ("-", "0000-00-00", None, "2024-05-31")] == [True, True, True, False]


# ------------------------------------------------------------------------------------------------------------------
# Options
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["telepathy", "", None, "Text"])
def test_unknown_converter_is_refused_with_those_that_are_known(name):
    with pytest.raises(OptionError) as caught:
        make_converter(name, {})
    assert caught.value.reason == "unknown_converter"
    assert all(known in str(caught.value) for known in CONVERTERS)


@pytest.mark.parametrize("name", CONVERTERS)
def test_unknown_option_is_refused_with_those_that_are_known(name):
    with pytest.raises(OptionError) as caught:
        made(name, colour="red")
    assert caught.value.reason == "unknown_option"
    assert "colour" in str(caught.value)
    assert "empty" in str(caught.value)


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, needed in NEEDED.items() for option in needed])
def test_missing_option_is_refused_with_what_it_is_for(name, option):
    with pytest.raises(OptionError) as caught:
        make_converter(name, {})
    assert caught.value.reason == "missing_option"
    assert option in str(caught.value)
    assert CONVERTERS[name].options[option].help in str(caught.value)


WRONG = {
    "text": ["", 5, None, [], True],
    "boolean": ["true", 1, 0, None],
    "count": [-1, 1.5, "2", True, None],
    "scale": [0, -1, 1.5, "100", True, None],
    "sign": [";", "", "comma", None, 5],
    "way": ["loosely", "", None, 5, []],
    "list": ["x", {}, None, 5],
    "object": [[], "x", None, 5],
    "choices": ["x", [1], [[1]], [[1, 2, 3]], [{"a": 1}], None],
    "any": [],
}


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        (name, option, value)
        for name, cls in CONVERTERS.items()
        for option, spec in {**cls.options, "empty": Option("list", "")}.items()
        for value in WRONG[spec.kind]
    ],
)
def test_option_of_the_wrong_kind_is_refused_with_the_right_kind(name, option, value):
    with pytest.raises(OptionError) as caught:
        made(name, **{option: value})
    assert caught.value.reason == "bad_option"
    assert option in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("boolean", {"true_values": []}),
        ("boolean", {"false_values": []}),
        ("boolean", {"true_values": [1, "x"], "false_values": ["x"]}),
        ("datetime", {"timezone": "Mars/Olympus"}),
        ("datetime", {"timezone": "../etc/passwd"}),
        ("selection", {"values": [[1, "a"], ["1", "b"]]}),
        ("many2one_binding", {"item": "a["}),
        ("many2many_key", {"item": "a..b"}),
        ("constant", {"then": "expression", "then_options": {"expression": "a"}}),
        ("expression", {"then": "constant", "then_options": {"value": 1}}),
    ],
)
def test_option_that_makes_no_sense_is_refused(name, options):
    with pytest.raises(OptionError) as caught:
        made(name, **options)
    assert caught.value.reason == "bad_option"
    assert name in str(caught.value)


def test_zone_of_the_connector_that_does_not_exist_is_named():
    with pytest.raises(OptionError, match="Mars/Olympus"):
        make_converter("datetime", {}, "Mars/Olympus")


def test_true_and_one_may_mean_different_things():
    one = made("boolean", true_values=[True, 0], false_values=[False, 1])
    assert [one.read(value) for value in (True, 0, False, 1)] == [True, True, False, False]


def test_converter_behind_another_one_is_checked_as_well():
    for then, options, reason in [
        ("telepathy", {}, "unknown_converter"),
        ("integer", {"colour": "red"}, "unknown_option"),
        ("many2one_key", {}, "missing_option"),
        ("decimal", {"scale": 0}, "bad_option"),
    ]:
        with pytest.raises(OptionError) as caught:
            made("expression", then=then, then_options=options)
        assert caught.value.reason == reason


def test_expression_that_does_not_parse_is_refused_when_configured():
    with pytest.raises(PathError) as caught:
        made("expression", expression="a[")
    assert caught.value.reason == "bad_expression"


@pytest.mark.parametrize("name", CONVERTERS)
def test_every_converter_and_option_says_what_it_is_for(name):
    cls = CONVERTERS[name]
    assert cls.name == name and cls.label and cls.__doc__
    assert all(option.help and option.kind in OPTION_KINDS for option in cls.options.values())


@pytest.mark.parametrize("reason", MESSAGES)
def test_every_reason_is_a_sentence(reason):
    words = dict.fromkeys(
        [
            "path",
            "detail",
            "expression",
            "converter",
            "known",
            "option",
            "help",
            "expected",
            "value",
            "most",
            "format",
            "size",
            "limit",
        ],
        "?",
    )
    assert str(MappingError(reason, **words)).endswith(".")


def test_another_addon_can_add_a_converter(monkeypatch):
    monkeypatch.setattr("integration_bridge.mapping.converter.CONVERTERS", dict(CONVERTERS))

    @converter
    class Shout(Converter):
        """Upper case."""

        name = "shout"

        def read(self, value):
            return value.upper()

    assert make_converter("shout", {"empty": ["-"]}).read("a") == "A"


# ------------------------------------------------------------------------------------------------------------------
# Ids
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), ("1", "1"), (1.0, "1"), (" 1 ", "1"), (0, "0"), (-5, "-5"), ("a/b ü", "a/b ü"), (2**70, str(2**70))],
)
def test_fault_id_that_changes_its_type_is_the_same_id(value, text):
    assert external_id(value) == text


@pytest.mark.parametrize(
    "value", [True, False, "", "  ", None, [], [1], {}, {"id": 1}, 1.5, float("nan"), float("inf")]
)
def test_what_is_no_id_is_refused(value):
    with pytest.raises(ConversionError) as caught:
        external_id(value)
    assert caught.value.reason == "not_identifier"
