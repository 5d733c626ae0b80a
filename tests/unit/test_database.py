"""What goes to PostgreSQL as JSON is the same with and without the faster encoder."""

import datetime
import json
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge import database
from integration_bridge.database import json_rows

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)


class Marked(str):
    """As Odoo's Markup."""


def without(rows):
    with patch.object(database, "orjson", None):
        return json_rows(rows)


def test_the_faster_encoder_is_there_so_that_both_are_tested():
    assert database.orjson


@given(st.lists(st.dictionaries(texts, values)))
def test_rows_are_read_as_they_were(rows):
    assert repr(json.loads(json_rows(rows))) == repr(json.loads(without(rows))) == repr(rows)  # 1 is not True


@pytest.mark.parametrize(
    "value",
    [2**63, 2**64, -(2**80), Marked("<b>"), {1: "a name that is a number"}, (1, 2), 1e300, 5e-324, "\U0001f600 é"],
)
def test_what_only_one_of_them_knows_is_the_same(value):
    rows = [{"value": value}, {"value": [value]}]
    assert repr(json.loads(json_rows(rows))) == repr(json.loads(without(rows)))


@pytest.mark.parametrize("value", [datetime.datetime(2026, 1, 2), datetime.date(2026, 1, 2), b"x", object()])
def test_what_is_no_json_is_refused_by_both(value):
    for encode in (json_rows, without):
        with pytest.raises(TypeError):
            encode([{"value": value}])
