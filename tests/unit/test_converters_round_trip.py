"""What Odoo holds is the same after a way to the remote and back: ``read(write(x)) == x``."""

import base64
import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.converters import ByBinding, ByKey, Many, Nested, make_converter

ZONES = ["UTC", "Europe/Brussels", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]

texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))  # what PostgreSQL can store
ids = st.integers().map(str) | texts.map(str.strip).filter(bool)
moments = st.datetimes(datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30)).map(
    lambda one: one.replace(microsecond=0)
)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(lambda one: one == 0 or 1e-300 < abs(one) < 1e300)


def there_and_back(converter, value):
    """Through JSON, as everything that is sent."""
    return converter.read(json.loads(json.dumps(converter.write(value))))


@given(texts)
@pytest.mark.parametrize("name", ["text", "html", "selection"])
def test_text(name, value):
    assert there_and_back(make_converter(name, {}), value) == value


@given(texts.map(str.strip))
def test_stripped_text(value):
    assert there_and_back(make_converter("text", {"strip": True}), value) == value


@given(st.integers(-(2**31), 2**31 - 1))
def test_whole_number_of_a_field(value):
    assert there_and_back(make_converter("integer", {}), value) == value


@given(value=floats, as_text=st.booleans())
def test_decimal_number(value, as_text):
    assert there_and_back(make_converter("decimal", {"as_text": as_text}), value) == value


@given(units=st.integers(-(10**14), 10**14), digits=st.integers(0, 6), as_text=st.booleans())
def test_amount_with_digits_is_exact(units, digits, as_text):
    value = float(f"{units}e-{digits}")
    assert there_and_back(make_converter("decimal", {"digits": digits, "as_text": as_text}), value) == value
    scaled = make_converter("decimal", {"scale": 10**digits or 1, "as_text": as_text})
    assert there_and_back(scaled, value) == value


@given(units=st.integers(-(10**15), 10**15), scale=st.sampled_from([1, 10, 100, 1000, 12]), as_text=st.booleans())
def test_minor_units_of_the_remote_survive_a_way_to_odoo_and_back(units, scale, as_text):
    converter = make_converter("decimal", {"scale": scale, "as_text": as_text})
    written = converter.write(converter.read(units))
    assert isinstance(written, str) is as_text
    assert float(written) == units


booleans = st.lists(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("yn", max_size=2), min_size=2, max_size=4, unique_by=repr
)


@given(value=st.booleans(), words=booleans, split=st.integers(1, 3))
def test_boolean_with_values_of_its_own(value, words, split):
    yes, no = words[:split] or words[:1], words[split:] or words[-1:]
    if yes[-1] is no[-1]:
        yes, no = words[:-1], words[-1:]
    assert there_and_back(make_converter("boolean", {"true_values": yes, "false_values": no}), value) is value


@given(st.dates())
@pytest.mark.parametrize("pattern", ["iso", "%d.%m.%Y", "%Y%m%d", "%m/%d/%Y", "%Y-%j", "day %d of %m in %Y"])
def test_date(pattern, value):
    assert there_and_back(make_converter("date", {"format": pattern}), value) == value


@given(value=moments, zone=st.sampled_from(ZONES))
@pytest.mark.parametrize("pattern", ["iso", "epoch", "epoch_ms", "%Y-%m-%dT%H:%M:%S%z", "%d.%m.%Y %H:%M:%S %z"])
def test_moment_with_its_offset(pattern, value, zone):
    """Also the hour that comes twice, local mean time, and both ends of the calendar."""
    assert there_and_back(make_converter("datetime", {"format": pattern, "timezone": zone}), value) == value


@given(value=moments, zone=st.sampled_from(ZONES))
@pytest.mark.parametrize("pattern", ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H.%M.%S"])
def test_naive_moment_comes_back_except_in_the_hour_that_comes_twice(pattern, value, zone):
    """Written without an offset, the second pass of that hour reads as the first: one clock change earlier.

    Nothing in the text can tell them apart. A remote that matters gets a format with an offset.
    """
    converter = make_converter("datetime", {"format": pattern, "timezone": zone})
    local = value.replace(tzinfo=datetime.timezone.utc).astimezone(converter.zone)
    back = there_and_back(converter, value)
    if local.fold:
        assert converter.write(back) == converter.write(value)
        assert back == value - (local.replace(fold=0).utcoffset() - local.utcoffset())
    else:
        assert back == value


@pytest.mark.parametrize(
    ("zone", "value"),
    [
        ("Europe/Brussels", (2024, 3, 31, 0, 59, 59)),
        ("Europe/Brussels", (2024, 3, 31, 1, 0)),
        ("Europe/Brussels", (2024, 10, 27, 0, 30)),
        ("Europe/Brussels", (2024, 10, 27, 1, 30)),
        ("America/New_York", (2024, 11, 3, 5, 30)),
        ("America/New_York", (2024, 11, 3, 6, 30)),
    ],
)
@pytest.mark.parametrize("pattern", ["iso", "epoch", "epoch_ms", "%Y-%m-%d %H:%M:%S%z"])
def test_moments_around_both_clock_changes(zone, value, pattern):
    moment = datetime.datetime(*value)
    assert there_and_back(make_converter("datetime", {"format": pattern, "timezone": zone}), moment) == moment


choices = st.text(max_size=3) | st.booleans() | st.integers(0, 3)


@given(st.lists(st.tuples(st.none() | st.integers(0, 9) | st.booleans() | st.text(max_size=2), choices), min_size=1))
def test_every_choice_of_a_table_of_pairs(pairs):
    table = {json.dumps(remote) if not isinstance(remote, str) else remote: (remote, odoo) for remote, odoo in pairs}
    converter = make_converter("selection", {"values": [list(pair) for pair in table.values()]})
    for _remote, odoo in table.values():
        back = there_and_back(converter, odoo)
        assert json.dumps(back).strip('"') == json.dumps(odoo).strip('"')


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4), min_size=1))
def test_every_choice_of_a_table(values):
    converter = make_converter("selection", {"values": values})
    assert all(there_and_back(converter, odoo) == odoo for odoo in values.values())


@given(st.lists(st.text("ab <>&;\"'/p\n", max_size=8), max_size=4).map("\n".join))
def test_plain_text_of_the_remote_survives_html(text):
    """Except line ends at its very end, which a paragraph of HTML does not keep."""
    converter = make_converter("html", {"plain_text": True})
    kept = text.rstrip("\n")
    assert converter.write(converter.read(kept)) == kept
    stored = converter.read(kept)
    assert there_and_back(converter, stored) == stored


@given(st.lists(ids, max_size=4, unique=True))
@pytest.mark.parametrize("item", [None, "id", "a.b", "@"])
def test_relations(item, found):
    place = {"item": item} if item else {}
    for external_id in found:
        converter = make_converter("many2one_binding", {"flow": "contacts", **place})
        assert there_and_back(converter, external_id) == ByBinding("contacts", external_id)
        converter = make_converter("many2one_key", {"field": "code", **place})
        assert there_and_back(converter, external_id) == ByKey(external_id)
    converter = make_converter("many2many_binding", {"flow": "contacts", **place})
    assert there_and_back(converter, found) == Many(tuple(ByBinding("contacts", one) for one in found))
    converter = make_converter("many2many_key", {"field": "name", **place})
    assert there_and_back(converter, found) == Many(tuple(ByKey(one) for one in found))


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers(), max_size=3), max_size=3))
def test_nested_documents(documents):
    assert there_and_back(make_converter("nested", {"flow": "lines"}), documents) == Nested(tuple(documents))


@given(content=st.binary(max_size=200), as_bytes=st.booleans())
def test_image_inside_the_record(content, as_bytes):
    stored = base64.b64encode(content)
    converter = make_converter("image", {"inline": True})
    assert there_and_back(converter, stored if as_bytes else stored.decode()) == stored.decode()
