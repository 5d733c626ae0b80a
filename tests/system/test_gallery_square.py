"""Square by the definition in data/gallery/, against its API document: Prism holds each request against it."""

import json

import pytest
from conftest import ROOT
from lossy_proxy import LossyProxy
from vendor_documents import preferring, served

SEARCHES = ("/v2/customers/search", "/v2/catalog/search", "/v2/orders/search")
TABLES = ("res_partner", "product_product", "product_template", "sale_order", "sale_order_line", "crm_team")
WHEN = "2026-03-01T10:00:00Z"
ORDERS = "square_orders"


def usd(amount):
    return {"amount": amount, "currency": "USD"}


def yen(amount):
    return {"amount": amount, "currency": "JPY"}


def variation(number, sku, price):
    about = {"item_id": f"ITEM{number}", "name": "Regular" if number == 1 else "Large", "sku": sku}
    about |= {"pricing_type": "FIXED_PRICING", "price_money": usd(price)}
    return {
        "type": "ITEM_VARIATION",
        "id": f"V{number}",
        "updated_at": WHEN,
        "version": 1,
        "is_deleted": False,
        "item_variation_data": about,
    }


def detail(number, sku, price, name):
    item = {"type": "ITEM", "id": f"ITEM{number}", "item_data": {"name": name}}
    return {"object": variation(number, sku, price), "related_objects": [item]}


def item(uid, quantity, total, base, **more):
    about = {"uid": uid, "name": "Tea", "quantity": quantity, "catalog_object_id": "V1", "variation_name": "Regular"}
    money = {"currency": more.pop("currency", "USD")}
    about |= {"base_price_money": {"amount": base, **money}, "variation_total_price_money": {"amount": total, **money}}
    return {**about, **more}


def order(order_id, total, location="L1", state="COMPLETED", **more):
    about = {"id": order_id, "location_id": location, "state": state, "created_at": WHEN, "updated_at": WHEN}
    return {**about, "version": 3, "total_money": total, **more}


# Square rounds half a cent to the even one, Odoo away from zero: 1.5 x 1.03 is 1.54 there.
HARD = order(
    "HARD",
    usd(1538),
    customer_id="C1",
    reference_id="N-1001",
    line_items=[
        item(
            "a",
            "3",
            999,
            333,
            modifiers=[
                {
                    "uid": "m",
                    "name": "Honey",
                    "quantity": "1",
                    "base_price_money": usd(50),
                    "total_price_money": usd(150),
                }
            ],
        ),
        item("b", "1.5", 154, 103, name="Loose tea"),
    ],
    discounts=[{"uid": "d", "name": "Friends", "percentage": "10", "applied_money": usd(130)}],
    taxes=[{"uid": "t", "name": "Sales tax", "type": "ADDITIVE", "percentage": "8.875", "applied_money": usd(104)}],
    service_charges=[
        {"uid": "s", "name": "Service", "percentage": "5", "applied_money": usd(59), "total_money": usd(59)}
    ],
    rounding_adjustment={"uid": "r", "name": "Cash", "amount_money": usd(2)},
    total_tip_money=usd(200),
)
# The tax is in the price, and the tip is not in the total; nobody is named, and nothing of the catalogue.
INCLUSIVE = order(
    "INCL",
    usd(1001),
    line_items=[
        item("a", "1", 1000, 1000, name="Special", catalog_object_id=""),
        item("z", "1", 1, 1, name="", catalog_object_id=""),
    ],
    taxes=[{"uid": "t", "name": "VAT", "type": "INCLUSIVE", "percentage": "20", "applied_money": usd(167)}],
    total_tip_money=usd(100),
)
PAGE_2 = order(
    "PAGE2",
    usd(0),
    ticket_name="Table 7",
    tenders=[{"id": "T", "customer_id": "C2"}],
    line_items=[item("a", "2", 66, 33)],
    discounts=[{"uid": "d", "name": "All of it", "percentage": "100", "applied_money": usd(66)}],
)
GONE = order("GONE", usd(66), state="CANCELED", line_items=[item("a", "2", 66, 33)])
YEN = order(
    "YEN",
    yen(1099),
    location="L2",
    customer_id="C1",
    line_items=[item("a", "3", 999, 333, currency="JPY")],
    taxes=[{"uid": "t", "name": "Tax", "type": "ADDITIVE", "percentage": "10", "applied_money": yen(100)}],
)
# More decimals than Odoo's unit of a product has at first.
FINE = order("FINE", usd(25), location="L2", customer_id="C1", line_items=[item("a", "0.125", 25, 200)])
TOTALS = {"HARD": 15.38, "INCL": 10.01, "PAGE2": 0.0}

CUSTOMERS = [
    {
        "id": "C1",
        "given_name": "Amélie",
        "family_name": "Ørsted",
        "email_address": "c1@square.example",
        "phone_number": "+1 212 555 0100",
        "note": "a < b",
        "version": 2,
        "created_at": WHEN,
        "updated_at": WHEN,
        "address": {
            "address_line_1": "5 Main St",
            "locality": "New York",
            "administrative_district_level_1": "NY",
            "postal_code": "10003",
            "country": "US",
        },
    },
    {"id": "C2", "company_name": "Tea & Co", "version": 0, "created_at": WHEN, "updated_at": WHEN},
]
EXAMPLES = {
    ("get", "/v2/locations"): {
        "all": {
            "locations": [
                {"id": "L1", "name": "Harbour", "status": "ACTIVE", "currency": "USD"},
                {"id": "L2", "name": "Ginza", "status": "ACTIVE", "currency": "JPY"},
            ]
        }
    },
    ("post", "/v2/customers/search"): {
        "first": {"customers": CUSTOMERS[:1], "cursor": "more"},
        "more": {"customers": CUSTOMERS[1:]},
    },
    ("post", "/v2/catalog/search"): {"all": {"objects": [variation(1, "TEA", 333), variation(2, "TEA-L", 450)]}},
    ("get", "/v2/catalog/object/{object_id}"): {
        "V1": detail(1, "TEA", 333, "Tea"),
        "V2": detail(2, "TEA-L", 450, "Tea"),
    },
    ("post", "/v2/orders/search"): {
        "L1-first": {"orders": [HARD, INCLUSIVE], "cursor": "more"},
        "L1-more": {"orders": [PAGE_2, GONE]},
        "L2-first": {"orders": [YEN, FINE]},
    },
    ("get", "/v2/orders/{order_id}"): {"YEN": {"order": YEN}, "FINE": {"order": FINE}},
}
PREFERS = {
    ("square_customers", "list"): "{cursor|first}",
    ("square_products", "get"): "{external_id}",
    (ORDERS, "list"): "{parent}-{cursor|first}",
    (ORDERS, "get"): "{external_id}",
}


@pytest.fixture(scope="module")
def square(module_world, tmp_path_factory):
    """An Odoo that knows nothing, a Square, and what was complained of."""
    folder = tmp_path_factory.mktemp("square")
    server, violations = module_world.enter(served(module_world.workplace, folder, "square", EXAMPLES))
    proxy = module_world.enter(LossyProxy(server.url))
    database = module_world.database("square")
    worker, sql = module_world.worker(database), module_world.sql(database)
    definition = preferring(json.loads((ROOT / "data" / "gallery" / "square.json").read_text()), PREFERS)
    definition["connector"]["base_url"] = proxy.url
    worker.call("activate_currency", code="JPY")
    worker.call("configure", definition=definition, secret=server.secret, flow={"interval_number": 0})
    first = worker.call("sync")
    yield worker, sql, proxy, first
    assert violations() == []
    assert proxy.requests and all(method == "GET" or path in SEARCHES for method, path in proxy.requests)


def total(worker, external_id):
    if not worker.call("record_id", flow=ORDERS, external_id=external_id):
        return None
    found = worker.call("record", flow=ORDERS, external_id=external_id, paths=["amount_total", "currency_id.name"])
    return found["amount_total"], found["currency_id.name"]


def test_all_is_in_odoo_page_by_page_and_place_by_place(square):
    worker, _sql, _proxy, first = square
    figures = {flow: (row["fetched"], row["created"], row["failed"]) for flow, row in first.items()}
    assert figures == {
        "square_locations": (2, 2, 0),
        "square_customers": (2, 2, 0),
        "square_products": (2, 2, 0),
        ORDERS: (6, 3, 2),
    }
    paths = ("name", "email", "state_id.code", "country_id.code", "phone", "category_id.name")
    customer = worker.call("record", flow="square_customers", external_id="C1", paths=paths)
    assert customer == {
        "name": "Amélie Ørsted",
        "email": "c1@square.example",
        "state_id.code": "NY",
        "country_id.code": "US",
        "phone": "+1 212 555 0100",
        "category_id.name": ["Square"],
    }
    assert worker.call("record", flow="square_customers", external_id="C2", paths=["name"]) == {"name": "Tea & Co"}
    products = [
        worker.call("record", flow="square_products", external_id=one, paths=["name", "default_code", "lst_price"])
        for one in ("V1", "V2")
    ]
    assert products == [
        {"name": "Tea", "default_code": "TEA", "lst_price": 3.33},
        {"name": "Tea Large", "default_code": "TEA-L", "lst_price": 4.5},
    ]


@pytest.mark.parametrize("order_id", sorted(TOTALS))
def test_total_is_right_to_the_cent(square, order_id):
    assert total(square[0], order_id) == (TOTALS[order_id], "USD")


def test_lines_say_what_makes_the_total(square):
    worker, _sql, _proxy, _first = square
    paths = ("name", "partner_id.name", "team_id.name", "client_order_ref", "origin", "state")
    found = worker.call("record", flow=ORDERS, external_id="HARD", paths=paths)
    assert {**found, "name": ""} == {
        "name": "",
        "partner_id.name": "Amélie Ørsted",
        "team_id.name": "Harbour",
        "client_order_ref": "N-1001",
        "origin": "HARD",
        "state": "draft",
    }
    names = ("name", "product_uom_qty", "price_subtotal", "product_id.name", "tax_ids.name")
    lines = worker.call("read_path", flow=ORDERS, external_id="HARD", path="order_line", names=names)
    assert lines == [
        ["Tea", 3.0, 9.99, "Tea", []],
        ["Loose tea", 1.5, 1.54, "Tea", []],
        ["Honey", 1.0, 1.5, "Square modifier", []],
        ["Friends", 1.0, -1.3, "Square discount", []],
        ["Sales tax", 1.0, 1.04, "Square tax", []],
        ["Service", 1.0, 0.59, "Square service charge", []],
        ["Rounding", 1.0, 0.02, "Square rounding", []],
        ["Tip", 1.0, 2.0, "Square tip", []],
    ]
    guest = worker.call(
        "record", flow=ORDERS, external_id="INCL", paths=["partner_id.name", "order_line.product_id.name"]
    )
    assert guest["partner_id.name"] == "Walk-in customer (Square)"
    by_tender = worker.call("record", flow=ORDERS, external_id="PAGE2", paths=["partner_id.name", "client_order_ref"])
    assert by_tender == {"partner_id.name": "Tea & Co", "client_order_ref": "Table 7"}


def test_cancelled_order_does_not_come(square):
    assert square[1].value("SELECT count(*) FROM sale_order WHERE origin = 'GONE'") == 0


@pytest.mark.parametrize("full", [False, True])
def test_second_sync_changes_nothing(square, full):
    worker, sql, _proxy, _first = square
    before = sql.versions(*TABLES)
    figures = worker.call("sync", full=full)
    written = {flow: (row["created"], row["updated"], row["archived"]) for flow, row in figures.items()}
    assert written == dict.fromkeys(figures, (0, 0, 0))
    assert sql.versions(*TABLES) == before


def test_what_would_not_be_right_is_refused_with_the_way_out_and_comes_then(square):
    """Yen in an Odoo of dollars, and a quantity that Odoo would round."""
    worker, _sql, _proxy, first = square
    problems = " ".join(first[ORDERS]["problems"])
    assert "Currency" in problems and "would be USD in Odoo, and is JPY in the other system" in problems
    assert "would be 0.26 in Odoo, and is 0.25 in the other system" in problems
    assert (total(worker, "YEN"), total(worker, "FINE")) == (None, None)
    worker.call("create_pricelist", name="Square", currency="JPY")
    worker.call("set_decimals", usage="Product Unit", digits=3)
    worker.call("sync", full=True)
    assert total(worker, "YEN") == (1099.0, "JPY")
    assert total(worker, "FINE") == (0.25, "USD")
