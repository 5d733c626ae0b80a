"""When a snapshot may be renewed: the other half of the merge."""

import pytest

from integration_bridge.mapping.merge import key_name, keys_in, renew, without_keys

KEY = key_name("tags")


@pytest.mark.parametrize(
    ("snapshot", "terms", "options", "expected"),
    [
        (None, {"a": 1}, {"agreed": {"a"}}, {"a": 1}),
        ({"a": 0}, {"a": 1}, {"agreed": {"a"}}, {"a": 1}),
        ({"a": 0}, {"a": 1}, {"agreed": {"a"}, "kept": {"a"}}, {"a": 0}),
        ({"a": 0}, {"a": 1}, {"agreed": ()}, {"a": 0}),
        (None, {"a": 1}, {"agreed": ()}, {}),
        ({"a": 0, "b": 0}, {"a": 1}, {"agreed": {"a"}}, {"a": 1, "b": 0}),
        ({"a": 0, "b": 0}, {"a": 1}, {"agreed": {"a"}, "known": {"a"}}, {"a": 1}),
        # The keys of a relation go with it.
        ({}, {"tags": [1], KEY: ["x"]}, {"agreed": {"tags"}}, {"tags": [1], KEY: ["x"]}),
        ({KEY: ["x"]}, {"tags": [1], KEY: ["y"]}, {"agreed": {"tags"}, "kept": {"tags"}}, {KEY: ["x"]}),
        ({KEY: ["x"], "b": 1}, {}, {"agreed": (), "known": {"tags"}}, {KEY: ["x"]}),
    ],
)
def test_renewed(snapshot, terms, options, expected):
    assert renew(snapshot, terms, **options) == expected


def test_snapshot_that_was_given_stays_as_it_is():
    snapshot = {"a": 0}
    renew(snapshot, {"a": 1}, agreed={"a"})
    assert snapshot == {"a": 0}


def test_keys_and_the_rest_are_the_whole():
    terms = {"tags": [1], KEY: ["x"], "a": 1}
    assert {**without_keys(terms), **keys_in(terms)} == terms
    assert without_keys(terms) == {"tags": [1], "a": 1}
