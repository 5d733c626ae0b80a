"""Directus, known only by its own OpenAPI document: what is proposed from it pulls every record."""

import pytest
from bridge_dev import servers

CUSTOMERS, SMALL = 23, 5
FIELDS = {"name": "name", "email": "email", "city": "city"}


@pytest.fixture(scope="module")
def there(module_world):
    """A worker with an Odoo that knows nothing, and a Directus with customers."""
    server = module_world.enter(servers.directus(module_world.workplace))
    customers = [
        {"name": f"Käufer {number}", "email": f"customer{number}@directus.example", "city": f"Ort {number % 7}"}
        for number in range(CUSTOMERS)
    ]
    server.client("POST", "/items/customers", customers)
    document = server.client("GET", "/server/specs/oas")
    worker = module_world.worker(module_world.database("directus_document"))
    return server, document, worker


def pulled(worker):
    found = worker.call("read", model="res.partner", domain=[("email", "like", "@directus.example")], names=["email"])
    return sorted(one["email"] for one in found)


def expected():
    return sorted(f"customer{number}@directus.example" for number in range(CUSTOMERS))


def test_what_its_document_says_pulls_every_record(there):
    server, document, worker = there
    shown = worker.call(
        "connect_by_document",
        document=document,
        base_url=server.url,
        secret=server.secret,
        path="/items/customers",
        fields=FIELDS,
        page_size=SMALL,
    )
    assert (shown["model"], shown["id_path"], shown["scheme"]) == ("res.partner", "id", "bearer")
    assert (shown["records"], shown["pagination"]) == ("data", "offset")
    assert shown["state"] == "disabled", "nothing is written before a person says so"
    assert pulled(worker) == []
    worker.call("go_live")
    [row] = worker.call("sync").values()
    assert (row["state"], row["problems"], row["created"]) == ("done", [], CUSTOMERS)
    assert pulled(worker) == expected()
    [again] = worker.call("sync", full=True).values()
    assert (again["unchanged"], again["created"]) == (CUSTOMERS, 0)


def test_its_answer_alone_says_as_much(there):
    """The operation is emptied; a look at the answer sets it again, and it pulls the same records."""
    _server, _document, worker = there
    look = worker.call("look_and_apply", path="/items/customers", page_size=SMALL)
    assert (look["records_path"], look["id_path"]) == ("data", "id")
    assert look["pagination"] in ("offset", "page")
    assert "other records than the first" in look["reason"]
    [row] = worker.call("sync", full=True).values()
    assert (row["state"], row["problems"], row["fetched"]) == ("done", [], CUSTOMERS)
    assert (row["created"], pulled(worker)) == (0, expected())
