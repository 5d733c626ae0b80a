"""The comparison of the benchmarks with what they were: what fell, and what is not measured any more, is named."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "dev"))

from bridge_dev import floors


def row(name, ratio, against="create"):
    return {"name": name, "value": 1234.5, "unit": "records/s", "ratio": ratio, "against": against}


def test_only_ratios_are_compared_and_each_by_what_it_is_against():
    rows = [row("pull", 0.9), row("pull", 1.1, "load"), row("create", None, None)]
    assert floors.ratios(rows) == {"pull / create": 0.9, "pull / load": 1.1}


@pytest.mark.parametrize(
    ("measured", "wrong"),
    [
        (1.2, False),
        (1.0, False),  # as it was
        (0.76, False),
        (0.75, False),  # exactly a quarter less
        (0.74, True),
        (0.0, True),
    ],
)
def test_ratio_may_fall_by_a_quarter_and_no_more(measured, wrong):
    assert bool(floors.problems({"pull / create": 1.0}, {"pull / create": measured})) is wrong


def test_what_fell_is_told_in_figures():
    said = floors.problems({"pull / create": 0.8, "load / create": 1.0}, {"pull / create": 0.4, "load / create": 1.0})
    assert said == {"pull / create": "is 0.40, which is 50 % under 0.80"}


def test_row_that_is_not_measured_any_more_is_a_problem():
    said = floors.problems({"pull / create": 0.8, "load / create": 1.0}, {"load / create": 1.0})
    assert said == {"pull / create": "is not measured any more"}


def test_new_row_wants_a_floor():
    assert list(floors.problems({}, {"pull / create": 0.8})) == ["pull / create"]


def test_best_of_several_attempts_counts_and_a_row_of_one_attempt_too():
    attempts = [{"a / b": 0.5, "c / d": 0.9}, {"a / b": 0.7, "c / d": 0.2}, {"e / f": 0.1}]
    assert floors.best(attempts) == {"a / b": 0.7, "c / d": 0.9, "e / f": 0.1}
