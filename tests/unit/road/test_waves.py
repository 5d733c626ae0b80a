"""What comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.road.waves import waves


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ({}, []),
        ({"a": [], "b": []}, [["a", "b"]]),
        ({"a": ["b"], "b": []}, [["b"], ["a"]]),
        ({"a": ["b"], "b": ["c"], "c": []}, [["c"], ["b"], ["a"]]),
        ({"a": ["elsewhere"]}, [["a"]]),
        ({"a": ["b"], "b": ["a"], "c": []}, [["c"], ["a", "b"]]),
        ({"a": ["a"]}, [["a"]]),
    ],
)
def test_levels(needs, expected):
    assert [level for level, _is_circle in waves(needs, needs.__getitem__)] == expected


def test_circle_says_that_it_is_one():
    needs = {"a": ["b"], "b": ["a"], "c": []}
    assert [is_circle for _level, is_circle in waves(needs, needs.__getitem__)] == [False, True]


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=3), max_size=9))
def test_each_comes_once_and_after_what_it_points_to_unless_that_is_in_a_circle(needs):
    done = set()
    for level, is_circle in waves(needs, needs.__getitem__):
        assert is_circle or all(one in done or one not in needs for place in level for one in needs[place])
        assert not done & set(level)
        done |= set(level)
    assert done == needs.keys()
