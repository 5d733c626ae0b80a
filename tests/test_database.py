"""What goes to PostgreSQL as JSON is the same with and without the faster encoder."""

import datetime
import json
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from .. import database
from ..database import json_rows

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


@tagged("post_install", "-at_install")
class TestRows(BaseCase):
    def test_the_faster_encoder_is_there_so_that_both_are_tested(self):
        self.assertTrue(database.orjson)

    @settings(deadline=None, database=None)
    @given(st.lists(st.dictionaries(texts, values)))
    def test_rows_are_read_as_they_were(self, rows):
        for encode in (json_rows, without):
            self.assertEqual(repr(json.loads(encode(rows))), repr(rows))  # 1 is not True

    def test_what_only_one_of_them_knows_is_the_same(self):
        numbers = [2**63, 2**64, -(2**80), 1e300, 5e-324, 1.0]
        for value in (*numbers, Marked("<b>"), {1: "a name that is a number"}, (1, 2), "\U0001f600 é", True):
            with self.subTest(value=value):
                rows = [{"value": value}, {"value": [value]}]
                self.assertEqual(repr(json.loads(json_rows(rows))), repr(json.loads(without(rows))))

    def test_what_is_no_json_is_refused_by_both(self):
        for value in (datetime.datetime(2026, 1, 2), datetime.date(2026, 1, 2), b"x", object()):
            for encode in (json_rows, without):
                with self.subTest(value=value, encode=encode), self.assertRaises(TypeError):
                    encode([{"value": value}])
