"""What is proposed for twelve systems, from a sample and from a document: at least nine of ten parts are right.

The samples are shapes, written by hand from the public reference of each system: names, types and what is beside the
records are facts, the values are ours. ``MISSES`` lists every part that is proposed wrongly, so that a change which
makes one better or worse is seen.
"""

import json
from pathlib import Path

import pytest

from integration_bridge.assistant import document, openapi, sample

DOCUMENTS_OF_VENDORS = Path(__file__).resolve().parents[1] / "documents"
SPECS = Path("/work/shared/specs")  # what the vendors publish, where it is on the machine
OURS = {"square": DOCUMENTS_OF_VENDORS / "square.json", "xero": DOCUMENTS_OF_VENDORS / "xero.json"}
THEIRS = {"square": SPECS / "square/api.json", "xero": SPECS / "xero/xero_accounting.yaml"}
SOURCES = {"ours": OURS, **({"published": THEIRS} if SPECS.is_dir() else {})}
LEAST = 0.9


def twice(**values):
    """Two records that differ in their id, and a text."""
    return [{name: one(n) if callable(one) else one for name, one in values.items()} for n in (1, 2)]


def moment(n):
    return f"2026-03-0{n}T10:00:00Z"


def page_of(records, **wanted):
    """A list of which the first and second page of this size are asked for by these parameters."""

    def fetch(way):
        names = {value: name for name, value in way.query.items()}
        if names.get("{limit}") != wanted["size"] or not any(
            names.get("{%s}" % kind) == wanted["by"] for kind in KINDS
        ):
            return records[:20], records[:20]  # an unknown parameter is ignored
        return records[:5], records[5:10]

    return fetch


KINDS = ("page", "offset", "cursor")

# ----------------------------------------------------------------------------------------------------------------------
# Samples: answer, headers, path, parameters that were sent, how further pages are given; and what is right
# ----------------------------------------------------------------------------------------------------------------------

SAMPLES = {
    "Stripe": (
        {
            "object": "list",
            "url": "/v1/customers",
            "has_more": True,
            "data": twice(
                id=lambda n: f"cus_{n}", object="customer", created=1680893993, email=None, livemode=False, metadata={}
            ),
        },
        {},
        "/v1/customers",
        (),
        page_of([{"id": f"cus_{n}"} for n in range(40)], size="limit", by="starting_after"),
        ("data", "id", "", "last_record", {"record_field": "id", "end": "flag", "flag_path": "has_more"}),
    ),
    "Odoo JSON-2": (
        twice(
            id=lambda n: n, name="One", write_date=lambda n: f"2026-03-0{n} 10:00:00", create_date="2026-01-01 00:00:00"
        ),
        {},
        "/json/2/res.partner/search_read",
        (("domain", "body"), ("limit", "body"), ("offset", "body")),
        None,
        ("@", "id", "write_date", "offset", {"end": "empty_page"}),
    ),
    "Directus": (
        {
            "data": twice(
                id=lambda n: f"0f-{n}", status="published", date_created=moment, date_updated=moment, name="One"
            )
        },
        {},
        "/items/customers",
        (("fields", "query"), ("limit", "query"), ("page", "query")),
        None,
        ("data", "id", "date_updated", "page", {"end": "empty_page"}),
    ),
    "Kinto": (
        {"data": twice(id=lambda n: f"b8f3-{n}", last_modified=lambda n: 1789000000000 + n, title="One", schema=1789)},
        {
            "ETag": '"1789000000002"',
            "Next-Page": "http://kinto.example.com/v1/buckets/b/collections/c/records?_limit=2&_token=eyJs",
        },
        "/buckets/b/collections/c/records",
        (),
        None,
        ("data", "id", "last_modified", "next_url", {"next_header": "Next-Page"}),
    ),
    "Xero": (
        {
            "Id": "04e9",
            "Status": "OK",
            "ProviderName": "X",
            "DateTimeUTC": "/Date(1551399323399)/",
            "pagination": {"page": 1, "pageSize": 2, "pageCount": 9, "itemCount": 18},
            "Warnings": [],
            "Contacts": twice(
                ContactID=lambda n: f"5cc8-{n}",
                ContactStatus="ACTIVE",
                Name="One",
                Addresses=[{"City": "X"}],
                UpdatedDateUTC=lambda n: f"/Date(150334854422{n}+0000)/",
            ),
        },
        {},
        "/Contacts",
        (("page", "query"), ("pageSize", "query")),
        None,
        ("Contacts", "ContactID", "UpdatedDateUTC", "page", {"end": "total", "total_path": "pagination.itemCount"}),
    ),
    "Square": (
        {
            "customers": twice(id=lambda n: f"JD{n}", created_at=moment, updated_at=moment, version=1),
            "cursor": "9dpS093Uy",
        },
        {},
        "/v2/customers",
        (),
        None,
        ("customers", "id", "updated_at", "cursor", {"cursor_path": "cursor"}),
    ),
    "GitHub": (
        twice(
            id=lambda n: n, node_id=lambda n: f"M{n}", name="x", owner={"id": 1}, created_at=moment, updated_at=moment
        ),
        {"Link": '<https://api.github.com/organizations/1/repos?per_page=2&page=2>; rel="next", <x>; rel="last"'},
        "/orgs/o/repos",
        (),
        None,
        ("@", "id", "updated_at", "link_header", {}),
    ),
    "Shopify": (
        {
            "customers": twice(
                id=lambda n: n, email="a@example.com", updated_at=moment, addresses=[{"id": 1}], state="disabled"
            )
        },
        {"Link": '<https://shop.example.com/admin/api/2026-01/customers.json?limit=2&page_info=hijg>; rel="next"'},
        "/admin/api/2026-01/customers.json",
        (),
        None,
        ("customers", "id", "updated_at", "link_header", {}),
    ),
    "WooCommerce": (
        twice(
            id=lambda n: n,
            date_created="2026-03-01T10:00:00",
            date_modified=lambda n: f"2026-03-0{n}T12:00:00",
            date_modified_gmt=lambda n: f"2026-03-0{n}T10:00:00",
            status="publish",
            meta_data=[],
        ),
        {
            "X-WP-Total": "40",
            "X-WP-TotalPages": "20",
            "Link": '<https://w.example.com/wp-json/wc/v3/products?page=2>; rel="next"',
        },
        "/wp-json/wc/v3/products",
        (),
        None,
        ("@", "id", "date_modified_gmt", "link_header", {}),
    ),
    "HubSpot": (
        {
            "results": twice(
                id=lambda n: f"{n}51",
                properties={"email": "a@example.com", "lastmodifieddate": "2026-03-01T10:00:00Z"},
                createdAt=moment,
                updatedAt=moment,
                archived=False,
            ),
            "paging": {"next": {"after": "NTI1", "link": "https://api.hubapi.com/crm/v3/objects/contacts?after=NTI1"}},
        },
        {},
        "/crm/v3/objects/contacts",
        (),
        None,
        ("results", "id", "updatedAt", "next_url", {"next_path": "paging.next.link"}),
    ),
    "Zendesk": (
        {
            "users": twice(id=lambda n: n, url=lambda n: f"https://z.example.com/{n}", updated_at=moment, active=True),
            "meta": {"has_more": True, "after_cursor": "xxx", "before_cursor": "yyy"},
            "links": {
                "next": "https://z.example.com/api/v2/users.json?page[after]=xxx&page[size]=2",
                "prev": "https://z.example.com/api/v2/users.json?page[before]=yyy&page[size]=2",
            },
        },
        {},
        "/api/v2/users.json",
        (),
        None,
        (
            "users",
            "id",
            "updated_at",
            "next_url",
            {"next_path": "links.next", "end": "flag", "flag_path": "meta.has_more"},
        ),
    ),
    "Mailchimp": (
        {
            "members": twice(
                id=lambda n: f"852a{n}", email_address="a@example.com", status="subscribed", last_changed=moment
            ),
            "list_id": "a6b5",
            "total_items": 40,
            "_links": [{"rel": "self", "href": "https://m.example.com/3.0/lists/a6b5/members", "method": "GET"}],
        },
        {},
        "/lists/a6b5/members",
        (),
        page_of([{"id": n} for n in range(40)], size="count", by="offset"),
        ("members", "id", "last_changed", "offset", {"end": "total", "total_path": "total_items"}),
    ),
}

# What is proposed wrongly, and why it is left so.
MISSES = set()


def parts(proposal, way):
    """What counts: the list, the id, updated-at and the pagination."""
    return {
        "list": proposal.records.path,
        "id": proposal.id.path,
        "updated": proposal.updated.path,
        "pagination": (way.kind, way.options),
    }


def expected(right):
    place, record_id, updated, kind, options = right
    return {"list": place, "id": record_id, "updated": updated, "pagination": (kind, options)}


def rate(table):
    """:return: share of right parts, and the wrong ones as (system, part)"""
    wrong = {(name, part) for name, (got, right) in table.items() for part in right if got[part] != right[part]}
    return 1 - len(wrong) / sum(len(right) for _got, right in table.values()), wrong


def proposed(name):
    answer, headers, path, parameters, fetch, right = SAMPLES[name]
    found = sample.propose(sample.Sample(answer, headers, path, parameters))
    way = found.paging if fetch is None else sample.prove(found.pagings, fetch, found.id.path)[0]
    return parts(found, way), expected(right)


def test_nine_of_ten_parts_are_right_from_a_sample():
    assert len(SAMPLES) >= 10
    share, wrong = rate({name: proposed(name) for name in SAMPLES})
    assert wrong == MISSES, {one: (proposed(one[0])[0][one[1]], proposed(one[0])[1][one[1]]) for one in wrong}
    assert share >= LEAST


@pytest.mark.parametrize("name", SAMPLES)
def test_each_part_of_a_sample_has_a_reason_that_can_be_shown(name):
    answer, headers, path, parameters, _fetch, _right = SAMPLES[name]
    found = sample.propose(sample.Sample(answer, headers, path, parameters))
    reasons = [found.records.reason, found.id.reason, found.updated.reason, found.deleted.reason]
    for reason in (*reasons, *(way.reason for way in found.pagings)):
        assert str(reason).endswith(".")
        assert "%(" not in str(reason)


# ----------------------------------------------------------------------------------------------------------------------
# Documents
# ----------------------------------------------------------------------------------------------------------------------

TEXT, WHEN, COUNT, FLAG = (
    {"type": "string"},
    {"type": "string", "format": "date-time"},
    {"type": "integer"},
    {"type": "boolean"},
)


def record(**fields):
    return {"type": "object", "properties": fields}


def many(item):
    return {"type": "array", "items": item}


def asked(path, answer, *parameters, headers=None, version=3):
    """A document with one list."""
    told = [
        {"name": one, "in": "query", **(COUNT if version == 2 else {"schema": COUNT})} if isinstance(one, str) else one
        for one in parameters
    ]
    response = {"description": "OK", **({"headers": {key: {"schema": TEXT} for key in headers}} if headers else {})}
    response |= {"schema": answer} if version == 2 else {"content": {"application/json": {"schema": answer}}}
    about = {"swagger": "2.0", "host": "x.example.com"} if version == 2 else {"openapi": "3.0.3"}
    item = {"get": {"parameters": told, "responses": {"200": response}}}
    return {**about, "info": {"title": "X", "version": "1"}, "paths": {path: item}}


def text(name, **more):
    return {"name": name, "in": "query", "schema": TEXT, **more}


DOCUMENTS = {
    "Stripe": (
        asked(
            "/v1/customers",
            record(object=TEXT, url=TEXT, has_more=FLAG, data=many(record(id=TEXT, created=COUNT, email=TEXT))),
            "limit",
            text("ending_before"),
            text("starting_after"),
            text("email"),
        ),
        ("data", "id", "", "last_record", {"record_field": "id", "end": "flag", "flag_path": "has_more"}),
    ),
    "GitHub": (
        asked(
            "/repositories", many(record(id=COUNT, name=TEXT, updated_at=WHEN)), "per_page", "page", headers=["Link"]
        ),
        ("@", "id", "updated_at", "link_header", {}),
    ),
    "Shopify": (
        asked(
            "/customers.json",
            record(
                customers=many(record(id=COUNT, created_at=WHEN, updated_at=WHEN, addresses=many(record(id=COUNT))))
            ),
            "limit",
            text("page_info"),
            text("updated_at_min"),
            "since_id",
        ),
        ("customers", "id", "updated_at", "link_header", {}),
    ),
    "WooCommerce": (
        asked(
            "/wc/v3/customers",
            many(record(id=COUNT, date_modified=WHEN, date_modified_gmt=WHEN, email=TEXT)),
            "page",
            "per_page",
            "offset",
            headers=["X-WP-Total", "Link"],
        ),
        ("@", "id", "date_modified_gmt", "link_header", {}),
    ),
    "HubSpot": (
        asked(
            "/crm/v3/objects/contacts",
            record(
                results=many(record(id=TEXT, properties=record(), createdAt=WHEN, updatedAt=WHEN, archived=FLAG)),
                paging=record(next=record(after=TEXT, link=TEXT)),
            ),
            "limit",
            text("after"),
        ),
        ("results", "id", "updatedAt", "cursor", {"cursor_path": "paging.next.after"}),
    ),
    "Zendesk": (
        asked(
            "/api/v2/users",
            record(
                users=many(record(id=COUNT, url=TEXT, updated_at=WHEN, active=FLAG)),
                meta=record(has_more=FLAG, after_cursor=TEXT),
                links=record(next=TEXT, prev=TEXT),
            ),
            text("page[size]"),
            text("page[after]"),
        ),
        (
            "users",
            "id",
            "updated_at",
            "cursor",
            {"cursor_path": "meta.after_cursor", "end": "flag", "flag_path": "meta.has_more"},
        ),
    ),
    "Mailchimp": (
        asked(
            "/lists",
            record(
                lists=many(record(id=TEXT, name=TEXT, date_created=WHEN)),
                total_items=COUNT,
                _links=many(record(rel=TEXT)),
            ),
            "count",
            "offset",
            version=2,
        ),
        ("lists", "id", "", "offset", {"end": "empty_page"}),
    ),
    "Directus": (
        asked(
            "/items/customers",
            record(data=many(record(id=TEXT, date_updated=WHEN, status=TEXT)), meta=record(total_count=COUNT)),
            "limit",
            "offset",
            text("meta"),
        ),
        ("data", "id", "date_updated", "offset", {"end": "empty_page"}),
    ),
}

# Shopify's document has no Link header, in which alone the next page stands: what it has is a parameter of the records.
DOCUMENT_MISSES = {("Shopify", "pagination")}

PUBLISHED = {
    ("square", "/v2/customers"): ("customers", "id", "updated_at", "cursor", {"cursor_path": "cursor"}),
    ("square", "/v2/payments"): ("payments", "id", "updated_at", "cursor", {"cursor_path": "cursor"}),
    ("square", "/v2/catalog/list"): ("objects", "id", "updated_at", "cursor", {"cursor_path": "cursor"}),
    ("square", "/v2/locations"): ("locations", "id", "", "none", {}),
    ("square", "/v2/invoices"): ("invoices", "id", "updated_at", "cursor", {"cursor_path": "cursor"}),
    ("xero", "/Contacts"): (
        "Contacts",
        "ContactID",
        "UpdatedDateUTC",
        "page",
        {"end": "empty_page"},
    ),
    ("xero", "/Invoices"): (
        "Invoices",
        "InvoiceID",
        "UpdatedDateUTC",
        "page",
        {"end": "empty_page"},
    ),
    ("xero", "/Items"): ("Items", "ItemID", "UpdatedDateUTC", "none", {}),
    ("xero", "/Payments"): (
        "Payments",
        "PaymentID",
        "UpdatedDateUTC",
        "page",
        {"end": "empty_page"},
    ),
    ("xero", "/Journals"): ("Journals", "JournalID", "", "offset", {"end": "empty_page"}),
}


def described(raw):
    found = openapi.describe(document.read(raw), "https://x.example.com/openapi.json")
    return {one.path: one for one in found.collections}


def of_collection(one):
    return parts(one.proposal, one.proposal.paging)


def test_nine_of_ten_parts_are_right_from_a_document():
    table = {}
    for name, (content, right) in DOCUMENTS.items():
        (found,) = described(json.dumps(content).encode()).values()
        table[name] = of_collection(found), expected(right)
    share, wrong = rate(table)
    assert wrong == DOCUMENT_MISSES, {one: (table[one[0]][0][one[1]], table[one[0]][1][one[1]]) for one in wrong}
    assert share >= LEAST


@pytest.mark.parametrize("source", SOURCES)
def test_nine_of_ten_parts_are_right_from_the_documents_of_vendors(source):
    files = {name: described(place.read_bytes()) for name, place in SOURCES[source].items()}
    table = {one: (of_collection(files[one[0]][one[1]]), expected(right)) for one, right in PUBLISHED.items()}
    share, wrong = rate(table)
    assert wrong == set(), {one: table[one[0]] for one in wrong}
    assert share >= LEAST


@pytest.mark.parametrize("source", SOURCES)
def test_what_belongs_to_a_list_of_a_vendor_is_found(source):
    square = described(SOURCES[source]["square"].read_bytes())
    customers = square["/v2/customers"]
    assert {kind: (one["method"], one["path"]) for kind, one in customers.operations.items()} == {
        "create": ("POST", "/v2/customers"),
        "get": ("GET", "/v2/customers/{external_id}"),
        "update": ("PUT", "/v2/customers/{external_id}"),
        "delete": ("DELETE", "/v2/customers/{external_id}"),
    }
    assert customers.operations["get"]["records"] == "customer"
    assert square["/v2/cards"].operations["create"]["body"] == {"card": "{record}"}
    assert square["/v2/invoices"].needs == ("location_id",)
    assert square["/v2/payments"].proposal.since[:2] == ("updated_at_begin_time", "query")
    assert square["/v2/catalog/list"].proposal.deleted.path == "is_deleted"
    xero = described(SOURCES[source]["xero"].read_bytes())
    contacts = xero["/Contacts"]
    assert contacts.operations["update"]["path"] == "/Contacts/{external_id}"
    assert contacts.operations["update"]["body"] == {"Contacts": ["{record}"]}
    assert contacts.proposal.since[:3] == ("If-Modified-Since", "header", "%Y-%m-%dT%H:%M:%S")
    assert contacts.proposal.deleted.path == "ContactStatus == 'ARCHIVED' || ContactStatus == 'GDPRREQUEST'"
    assert contacts.needs == ("xero-tenant-id",)
