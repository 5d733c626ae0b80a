"""The three systems that nobody here wrote, by the definitions in data/gallery/, end to end: first, second and third
sync.

The chain of fixtures is the story; what each test needs is read when its stage is over, so that the tests do not depend
on their order.
"""

import datetime
import json
from dataclasses import dataclass, field

import pytest
from bridge_dev import demo_data, servers
from conftest import ROOT

CONTACTS = 40
PAGE = 7  # smaller than the data, so that Kinto has to be walked by its tokens
SHOP = {"customers": 14, "products": 12, "orders": 9}
PARTNERS = {"companies": 5, "people": 20}
TABLES = ("res_partner", "product_template", "product_product", "sale_order", "sale_order_line")
LONG = "Ünïcödé and everything beyond: 字 🛰 " * 400
ODD_CONTACTS = {
    "accents": {
        "name": "Zoë Ångström-Þórðardóttir",
        "email": " zoe@addressbook.example ",
        "phone": "+354 555 0199",
        "company": False,
        "address": {"street": "Skólavörðustígur 12", "city": "Reykjavík", "zip": "101", "country": "IS"},
        "note": f"<p>{LONG}</p>",
    },
    "cjk": {
        "name": "株式会社さくら商事",
        "email": "sakura@addressbook.example",
        "company": True,
        "address": {"street": "千代田区丸の内1-2-3", "city": "東京", "country": "JP"},
    },
    "emoji": {"name": "Café 🚀 👩‍👩‍👧", "email": None, "phone": "", "company": False},
}


@dataclass
class Story:
    """What is there to talk to, and what the syncs counted."""

    worker: object
    sql: object
    kinto: object
    shop: object
    partner: object
    ids: dict = field(default_factory=dict)
    expected: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)

    def read(self, flow, external_id, *paths):
        return self.worker.call("record", flow=flow, external_id=str(external_id), paths=paths)


@pytest.fixture(scope="module")
def story(module_world):
    """Three running systems with records, and an Odoo that knows them."""
    workplace = module_world.workplace
    database = module_world.database("three")
    kinto = module_world.enter(servers.kinto(workplace))
    localstripe = module_world.enter(servers.localstripe(workplace))
    partner = module_world.enter(servers.partner_odoo(workplace, database=workplace.clone.database("system_partner")))
    module_world.stack.callback(workplace.databases.drop, partner.database)
    worker = module_world.worker(database)
    story = Story(
        worker,
        module_world.sql(database),
        kinto,
        demo_data.Shop(localstripe.client, **SHOP),
        demo_data.PartnerOdoo(partner.client, **PARTNERS),
    )
    for name, server, path in (
        ("kinto_contacts", kinto, "/v1"),
        ("localstripe_shop", localstripe, "/v1"),
        ("odoo_partners", partner, ""),
    ):
        definition = json.loads((ROOT / "data" / "gallery" / f"{name}.json").read_text())
        definition["connector"]["base_url"] = server.url + path
        for flow in definition["flows"]:
            flow["page_size"] = PAGE
        worker.call("configure", definition=definition, secret=server.secret)
    return story


@pytest.fixture(scope="module")
def first(story):
    """After the first sync."""
    story.expected = {**demo_data.load_kinto(story.kinto.client, CONTACTS), **story.shop.load(), **story.partner.load()}
    for name, contact in ODD_CONTACTS.items():
        story.kinto.client("PUT", f"{demo_data.COLLECTION}/records/{name}", {"data": contact})
    story.ids = known_records(story)
    story.figures["first"] = story.worker.call("sync")
    story.ids["read"] = read_first(story)
    return story


def known_records(story):
    """Make records in the shop and in the other Odoo of which every value is known; return their remote ids."""
    create, call = story.shop._create, story.partner._call
    customer = create(
        "customers",
        {
            "name": "Åse Østergård",
            "email": "ase@shop.example",
            "phone": "+45 33 12 34 56",
            "description": "Pays late 💸",
            "address": {
                "line1": "Gråbrødretorv 5",
                "line2": "2. tv",
                "city": "København",
                "postal_code": "1154",
                "country": "DK",
            },
        },
    )
    plans = {}
    for sku, cents in (("KNOWN-1", 1999), ("KNOWN-2", 50)):
        product = create("products", {"name": f"Knäckebröd {sku}", "description": "Crisp", "metadata": {"sku": sku}})
        price = {"amount": cents, "currency": "eur", "interval": "month", "metadata": {"sku": sku}}
        plans[sku] = create("plans", {"product": product, **price})
    line = {"plan": plans["KNOWN-1"], "quantity": 3}
    terms = {"trial_period_days": 30, "backdate_start_date": demo_data.FIRST_ORDER + 3661}
    subscription = create("subscriptions", {"customer": customer, "items": [line], **terms})
    item = {"customer": customer, "plan": plans["KNOWN-2"], "amount": 50, "currency": "eur", "description": "A sample"}
    create("invoiceitems", item)
    note = {"description": "Leave it with the neighbour ☔"}
    invoice = create("invoices", {"customer": customer, "subscription": subscription, **note})
    # localstripe takes metadata of an invoice only when it is updated.
    story.shop.client("POST", f"/v1/invoices/{invoice}", {"metadata": {"number": "SO-KNOWN"}})
    (country,) = call("res.country", "search", domain=[["code", "=", "PT"]])
    tags = call("res.partner.category", "create", vals_list=[{"name": "Ouro ✨"}, {"name": "Prata"}])
    values = {"name": "Padaria São João", "is_company": True, "country_id": country, "email": "padaria@partner.example"}
    (company,) = call("res.partner", "create", vals_list=[{**values, "category_id": [[6, 0, tags]]}])
    values = {"name": "Inês Conceição", "parent_id": company, "function": "Padeira", "email": "ines@partner.example"}
    (person,) = call("res.partner", "create", vals_list=[values])
    return {"customer": customer, "plans": plans, "invoice": invoice, "company": company, "person": person}


def read_first(story):
    """What Odoo made of the records that are known."""
    ids = story.ids
    contact = ("name", "email", "phone", "street", "city", "zip", "country_id.code", "is_company", "comment", "active")
    person = ("name", "function", "parent_id.name", "parent_id.is_company", "country_id.code", "category_id.name")
    lines = (
        "order_line.name",
        "order_line.price_unit",
        "order_line.product_uom_qty",
        "order_line.product_id.default_code",
    )
    return {
        **{name: story.read("contacts", name, *contact) for name in ODD_CONTACTS},
        "customer": story.read("customers", ids["customer"], *contact, "street2"),
        "product": story.read(
            "products", ids["plans"]["KNOWN-1"], "name", "default_code", "list_price", "description_sale", "type"
        ),
        "order": story.read(
            "orders",
            ids["invoice"],
            "client_order_ref",
            "origin",
            "partner_id.email",
            "date_order",
            "note",
            "state",
            *lines,
        ),
        "company": story.read("partners", ids["company"], *person),
        "person": story.read("partners", ids["person"], *person),
        "contacts": story.worker.call(
            "read", model="res.partner", domain=[["email", "like", "@addressbook.example"]], names=["name", "email"]
        ),
    }


@pytest.fixture(scope="module")
def second(first):
    """After changes at the remotes and the second sync."""
    changed = {**demo_data.change_kinto(first.kinto.client, CONTACTS), **first.shop.change(), **first.partner.change()}
    first.kinto.client("DELETE", f"{demo_data.COLLECTION}/records/cjk")
    first.kinto.client(
        "PATCH", f"{demo_data.COLLECTION}/records/emoji", {"data": {"name": "Café 🌙", "note": "<p>neu</p>"}}
    )
    first.expected["second"] = changed
    before = first.sql.versions(*TABLES)
    first.figures["second"] = first.worker.call("sync")
    first.ids["second"] = {
        "written": {table: changed_rows(before[table], rows) for table, rows in first.sql.versions(*TABLES).items()},
        "cjk": first.read("contacts", "cjk", "name", "active"),
        "emoji": first.read("contacts", "emoji", "name", "phone", "comment"),
        "binding": first.sql.rows("SELECT state FROM bridge_binding WHERE external_id = 'cjk'"),
    }
    return first


@pytest.fixture(scope="module")
def third(second):
    """After a third sync, before which nothing was changed, and a full one as well."""
    second.versions = {"before": second.sql.versions(*TABLES)}
    for name, full in (("third", False), ("full", True)):
        second.figures[name] = second.worker.call("sync", full=full)
        second.versions[name] = second.sql.versions(*TABLES)
    return second


def changed_rows(before, after):
    return {row for row in before.keys() | after.keys() if before.get(row) != after.get(row)}


def figures(story, stage, *names):
    return {flow: tuple(row[name] for name in names) for flow, row in story.figures[stage].items()}


# First sync


def test_everything_that_the_remotes_have_is_in_odoo_once(first):
    numbers = {flow: row["created"] for flow, row in first.expected.items() if flow != "second"} | {"articles": 0}
    extra = {"contacts": len(ODD_CONTACTS), "customers": 1, "products": 2, "orders": 1, "partners": 2, "articles": 0}
    wanted = {flow: (number + extra[flow],) * 2 + (0, [], "done") for flow, number in numbers.items()}
    assert figures(first, "first", "fetched", "created", "failed", "problems", "state") == wanted
    emails = [contact["email"] for contact in first.ids["read"]["contacts"]]
    assert len(emails) == len(set(emails)) > CONTACTS / 2


def test_kinto_is_walked_page_by_page_with_its_tokens(first):
    fetched = CONTACTS + len(ODD_CONTACTS)
    assert first.figures["first"]["contacts"]["pages"] == -(-fetched // PAGE)


def test_accents_and_long_text_come_through(first):
    contact = first.ids["read"]["accents"]
    assert contact.pop("comment") == f"<p>{LONG}</p>".replace(" </p>", " </p>")
    assert contact == {
        "name": "Zoë Ångström-Þórðardóttir",
        "email": "zoe@addressbook.example",
        "phone": "+354 555 0199",
        "street": "Skólavörðustígur 12",
        "city": "Reykjavík",
        "zip": "101",
        "country_id.code": "IS",
        "is_company": False,
        "active": True,
    }


def test_cjk_and_missing_keys_come_through(first):
    contact = first.ids["read"]["cjk"]
    assert contact == {
        "name": "株式会社さくら商事",
        "email": "sakura@addressbook.example",
        "phone": False,
        "street": "千代田区丸の内1-2-3",
        "city": "東京",
        "zip": False,
        "country_id.code": "JP",
        "is_company": True,
        "comment": False,
        "active": True,
    }


def test_emoji_and_null_and_empty_come_through(first):
    contact = first.ids["read"]["emoji"]
    assert contact["name"] == "Café 🚀 👩‍👩‍👧"
    assert (contact["email"], contact["phone"], contact["street"], contact["country_id.code"]) == (
        False,
        False,
        False,
        None,
    )


def test_a_customer_of_the_shop_is_a_contact_with_country_and_plain_note(first):
    customer = first.ids["read"]["customer"]
    assert customer["comment"] in ("Pays late 💸", "<p>Pays late 💸</p>")
    assert {name: customer[name] for name in ("name", "email", "phone", "street", "street2", "city", "zip")} == {
        "name": "Åse Østergård",
        "email": "ase@shop.example",
        "phone": "+45 33 12 34 56",
        "street": "Gråbrødretorv 5",
        "street2": "2. tv",
        "city": "København",
        "zip": "1154",
    }
    assert customer["country_id.code"] == "DK"


def test_cents_become_amounts(first):
    product = first.ids["read"]["product"]
    assert product == {
        "name": "Knäckebröd KNOWN-1",
        "default_code": "KNOWN-1",
        "list_price": 19.99,
        "description_sale": "Crisp",
        "type": "service",
    }
    assert first.ids["read"]["order"]["order_line.price_unit"] == [0.5, 19.99]


def test_an_invoice_with_lines_is_an_order_with_lines(first):
    order = first.ids["read"]["order"]
    assert order["client_order_ref"] == "SO-KNOWN"
    assert order["origin"] == first.ids["invoice"]
    assert order["partner_id.email"] == "ase@shop.example"
    assert "Leave it with the neighbour ☔" in order["note"]
    assert order["order_line.product_uom_qty"] == [1.0, 3.0]
    assert order["order_line.product_id.default_code"] == ["KNOWN-1", "KNOWN-2"]
    assert "A sample" in order["order_line.name"]


def test_epoch_seconds_become_utc(first):
    remote = first.shop.client("GET", f"/v1/invoices/{first.ids['invoice']}")["date"]
    moment = datetime.datetime.fromtimestamp(remote, datetime.timezone.utc)
    assert first.ids["read"]["order"]["date_order"] == moment.strftime("%Y-%m-%d %H:%M:%S")


def test_people_are_in_their_company_with_country_and_tags(first):
    company, person = first.ids["read"]["company"], first.ids["read"]["person"]
    assert company["name"] == "Padaria São João"
    assert company["country_id.code"] == "PT"
    assert company["category_id.name"] == ["Ouro ✨", "Prata"]
    assert (person["name"], person["function"]) == ("Inês Conceição", "Padeira")
    assert (person["parent_id.name"], person["parent_id.is_company"]) == ("Padaria São João", True)


# Second sync


def test_only_what_changed_at_the_remotes_is_written(second):
    wanted = {**second.expected["second"], "articles": {"created": 0, "updated": 0, "archived": 0}}
    extra = {"contacts": (0, 1, 1)}
    for flow, row in second.figures["second"].items():
        created, updated, archived = extra.get(flow, (0, 0, 0))
        assert row["created"] == wanted[flow]["created"] + created, flow
        assert row["updated"] == wanted[flow]["updated"] + updated, flow
        assert row["archived"] + row["removed"] == wanted[flow]["archived"] + archived, flow
        assert (row["failed"], row["state"]) == (0, "done"), row
    assert second.figures["second"]["contacts"]["fetched"] == wanted["contacts"]["fetched"] + 2
    products = [second.figures["second"]["products"][name] for name in ("created", "updated", "archived")]
    assert len(second.ids["second"]["written"]["product_template"]) == sum(products)


def test_a_tombstone_archives_and_the_binding_remembers(second):
    assert second.ids["second"]["cjk"] == {"name": "株式会社さくら商事", "active": False}
    assert second.ids["second"]["binding"] == [("removed",)]


def test_a_change_at_the_remote_is_taken_over_field_by_field(second):
    assert second.ids["second"]["emoji"] == {"name": "Café 🌙", "phone": False, "comment": "<p>neu</p>"}


# Third sync


@pytest.mark.parametrize("stage", ["third", "full"])
def test_a_sync_without_changes_writes_no_row(third, stage):
    for flow, row in third.figures[stage].items():
        counted = tuple(row[name] for name in ("created", "updated", "archived", "removed", "failed"))
        assert counted == (0, 0, 0, 0, 0), f"{flow}: {row}"
        assert row["state"] == "done"
    for table, before in third.versions["before"].items():
        assert before, table
        assert third.versions[stage][table] == before, f"{table}: rows were written"


def test_a_delta_fetches_nothing_when_nothing_changed(third):
    assert third.figures["third"]["contacts"]["fetched"] == 0
    assert third.figures["full"]["contacts"]["fetched"] > CONTACTS
