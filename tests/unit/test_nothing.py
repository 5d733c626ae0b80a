"""What proves that there is nothing, and what only fails to show that there is something."""

import pytest

from integration_bridge.remote.nothing import says_nothing

SAYS = [
    ("users", {"users": None}),
    ("users", {"users": []}),
    ("orders", []),  # PrestaShop, for no orders
    ("orders", None),  # 204
    ("@", []),
    ("@", None),
    ("data.customers.edges[].node", {"data": {"customers": {"edges": []}}}),
    ("data.customers.edges[].node", {"data": {"customers": None}}),
    ("data.customer", {"data": {"customer": None}}),
    ("records[0]", {"length": 0, "records": []}),
    ("[0]", []),
    ("records | [0]", {"records": []}),
    ("records[?id=='1'] | [0]", {"records": [{"id": "2"}]}),
    ("sort_by(items, &id)", []),
    ('data."x y"', {"data": {"x y": None}}),
]
SAYS_NOT = [
    ("users", {}),
    ("users", {"user": []}),
    ("users", {"users": "none"}),
    ("users", {"users": {}}),
    ("users", {"users": [None]}),
    ("users", {"users": 0}),
    ("users", {"users": False}),
    ("data.items", {"data": {}}),
    ("data.items", {"data": "x"}),
    ("data.e[].node", {"data": {"message": "maintenance"}}),
    ("records[0]", {"message": "maintenance"}),
    ("records[1]", {"records": [1]}),
    ("records[?id=='1'] | [0]", {"message": "maintenance"}),
    ("a || b", {"c": None}),
    ("sort_by(items, &id)", {"items": None}),
    ("@", {}),
    ("@", "x"),
]


@pytest.mark.parametrize("place, document", SAYS)
def test_null_or_an_empty_list_at_the_place_or_on_the_way_says_that_there_is_nothing(place, document):
    assert says_nothing(place, document)


@pytest.mark.parametrize("place, document", SAYS_NOT)
def test_what_is_missing_or_something_else_says_nothing_of_the_kind(place, document):
    assert not says_nothing(place, document)
