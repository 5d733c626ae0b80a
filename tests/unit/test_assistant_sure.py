"""What is proposed as sure is so: the first page, that there is only one, the ID, what is gone."""

import json

import pytest
from test_assistant_table import COUNT, FLAG, TEXT, WHEN, asked, described, many, record

from integration_bridge.assistant import sample
from integration_bridge.mapping.paths import parse_expression
from integration_bridge.remote.errors import RemoteError

# ----------------------------------------------------------------------------------------------------------------------
# The first page is the first one
# ----------------------------------------------------------------------------------------------------------------------

LISTED = [{"id": n} for n in range(12)]


def counted_from(least, records=LISTED, refused=False):
    """A list with pages of five that are counted from a number; the others are empty, or refused."""

    def fetch(way):
        if way.query.get("page") != "{page}":
            return records, records
        first = way.options.get("first_page", 1) - least
        if first < 0 and refused:
            raise RemoteError("no such page")
        return tuple(records[5 * n : 5 * n + 5] if n >= 0 else [] for n in (first, first + 1))

    return fetch


def proven(fetch, records=LISTED):
    found = sample.propose(sample.Sample({"data": records}, {}, "/things", (("page", "query"),)))
    return sample.prove(found.pagings, fetch, found.id.path, records)


@pytest.mark.parametrize("count", [3, 7, 12])
def test_pages_that_are_counted_from_zero_are_read_from_zero(count):
    way, came = proven(counted_from(0, LISTED[:count]), LISTED[:count])
    assert (way.kind, way.options["first_page"]) == ("page", 0)
    assert ("from 0" in str(came)) == (count > 5)


@pytest.mark.parametrize("refused", [False, True])
def test_pages_that_are_counted_from_one_are_read_from_one(refused):
    way, came = proven(counted_from(1, refused=refused))
    assert (way.is_sure, way.options.get("first_page", 1)) == (True, 1)
    assert str(came) == "Tried: the second page has other records than the first."


@pytest.mark.parametrize("refused", [False, True])
def test_a_way_that_does_not_begin_as_the_list_does_is_not_proven(refused):
    way, came = proven(counted_from(1, LISTED[5:], refused))
    assert (way.kind, way.is_sure) == ("page", False)
    assert "does not begin with the first record" in str(came)


def test_without_what_was_listed_only_the_second_page_proves():
    found = sample.propose(sample.Sample({"data": LISTED}, {}, "/things", (("page", "query"),)))
    assert sample.prove(found.pagings, counted_from(1), found.id.path)[0].is_sure


@pytest.mark.parametrize(
    "schema, first, is_sure",
    [({}, 1, True), ({"minimum": 1}, 1, True), ({"default": 0}, 0, True), ({"minimum": 0}, 0, False)],
)
def test_a_document_whose_pages_may_begin_at_zero_is_not_sure(schema, first, is_sure):
    page = {"name": "page", "in": "query", "schema": {"type": "integer", **schema}}
    (found,) = described(json.dumps(asked("/things", many(record(id=COUNT)), page)).encode()).values()
    way = found.proposal.paging
    assert (way.kind, way.options.get("first_page", 1), way.is_sure) == ("page", first, is_sure)


@pytest.mark.parametrize(
    "beside, parameters, headers",
    [
        ({"has_more": FLAG}, (), ()),
        ({"next_cursor": TEXT}, (), ()),
        ({"meta": record(total_count=COUNT)}, (), ()),
        ({"total": COUNT}, (), ()),
        ({"pagination": record(page=COUNT, pages=COUNT)}, (), ()),
        ({"next": COUNT}, (), ()),
        ({}, ("limit",), ()),
        ({}, (), ("X-Total-Count",)),
    ],
)
def test_a_document_that_speaks_of_pages_is_not_sure_to_have_one(beside, parameters, headers):
    content = asked("/things", record(data=many(record(id=COUNT)), **beside), *parameters, headers=headers)
    (found,) = described(json.dumps(content).encode()).values()
    way = found.proposal.paging
    assert (way.kind, way.is_sure) == ("none", False)
    assert "Look at the Answer" in str(way.reason)


def test_of_a_document_without_pages_nothing_more_is_said():
    content = asked("/things", record(data=many(record(id=COUNT)), status=TEXT, errors=many(record(code=TEXT))))
    (found,) = described(json.dumps(content).encode()).values()
    assert found.proposal.paging.kind == "none"
    assert str(found.proposal.paging.reason) == "Nothing speaks of pages."


# ----------------------------------------------------------------------------------------------------------------------
# What is no ID, or may be none
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path, fields, expected",
    [
        ("/orders", {"order_id": 1, "customer_id": 2}, ("order_id", True)),
        ("/orders", {"id": 1, "customer_id": 2}, ("id", True)),
        ("/sales-orders", {"order_id": 1}, ("order_id", False)),
        ("/repos", {"repository_id": 1}, ("repository_id", False)),
        ("/data", {"customer_id": 1}, ("customer_id", False)),
        ("/records", {"customer_id": 1}, ("customer_id", False)),
        ("/orders", {"customer_id": 1}, ("", True)),
        ("/orders", {"customer_id": 1, "number": 2}, ("number", False)),
        ("/customers", {"email": 1}, ("email", False)),
    ],
)
def test_an_id_of_a_sample_that_is_only_likely_is_not_sure(path, fields, expected):
    records = [{name: f"{name} {value} {n}" for name, value in fields.items()} for n in range(3)]
    assert sample.propose(sample.Sample(records, {}, path)).id[::2] == expected


@pytest.mark.parametrize(
    "fields, expected",
    [
        (("id", "customer_id"), ("id", True)),
        (("thing_id", "customer_id"), ("thing_id", True)),
        (("customer_id",), ("", True)),
        (("other_thing_id",), ("", True)),
        (("name", "customer_id"), ("name", False)),
    ],
)
def test_an_id_of_a_document_that_is_only_likely_is_not_sure(fields, expected):
    content = asked("/things", many(record(**dict.fromkeys(fields, TEXT))))
    (found,) = described(json.dumps(content).encode()).values()
    assert found.proposal.id[::2] == expected


# ----------------------------------------------------------------------------------------------------------------------
# What is gone
# ----------------------------------------------------------------------------------------------------------------------


def test_each_state_that_is_gone_counts_and_a_missing_one_does_not():
    state = {"type": "string", "enum": ["active", "archived", "deleted", "it's trash", "trash"]}
    (found,) = described(json.dumps(asked("/things", many(record(id=COUNT, status=state)))).encode()).values()
    chosen = found.proposal.deleted
    assert str(chosen.reason) == "“status” can be “archived”, “deleted”, “trash”."
    read = parse_expression(chosen.path).read
    told = [read({"status": one}) for one in ("active", "archived", "deleted", "trash", None)]
    assert told == [False, True, True, True, False]
    assert read({"id": 1}) is False


@pytest.mark.parametrize(
    "values, is_flag",
    [
        ((True, False), True),
        ((None, False), True),
        ((None, None), True),
        ((0, 1), True),
        ((None, "2026-03-01T10:00:00Z"), True),
        ((None, 1789000000), True),
        ((0, 2), False),
        ((3, 5), False),
        (("no", "yes"), False),
        ((1.5, 0), False),
    ],
)
def test_a_count_is_no_marker_of_what_is_gone(values, is_flag):
    records = [{"id": n, "removed": value} for n, value in enumerate(values)]
    found = sample.propose(sample.Sample(records, {}, "/things"))
    assert found.deleted.path == ("removed" if is_flag else "")


@pytest.mark.parametrize(
    "name, schema, is_flag",
    [
        ("removed", FLAG, True),
        ("removed", COUNT, False),
        ("removed", {**COUNT, "enum": [0, 1]}, True),
        ("deleted_at", COUNT, True),
        ("deleted_at", WHEN, True),
    ],
)
def test_a_count_of_a_document_is_no_marker_of_what_is_gone(name, schema, is_flag):
    content = asked("/things", many(record(id=COUNT, **{name: schema})))
    (found,) = described(json.dumps(content).encode()).values()
    assert found.proposal.deleted.path == (name if is_flag else "")
