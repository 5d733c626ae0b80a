"""Directus, which nobody here wrote, by the definition in data/gallery/: both ways, orders with their lines inside, and
a filter by the time of the last change, that of the lines as well.

It has no versions and no keys of idempotency, and says of what is not there that it is forbidden.
"""

import json
from dataclasses import dataclass

import pytest
from bridge_dev import servers
from bridge_dev.demo_names import CITIES, FAMILY_NAMES, GIVEN_NAMES, LONG_NOTE
from conftest import ROOT, World
from two_sided import CREATE, DELETE, KILLS_AT, KillingProxy, Sides, kill_again_and_again

CUSTOMERS, ARTICLES, ORDERS, PAGE = 23, 5, 12, 7
TAG = "Directus"
TABLES = ("res_partner", "product_product", "product_template", "sale_order", "sale_order_line")
READS = {"GET"}
CUSTOMER, ORDER = "directus_customers", "directus_orders"
PATHS = ("name", "email", "phone", "street", "city", "country_id.code", "active")
LINES = ("name", "product_uom_qty", "price_unit", "product_id.default_code")


@dataclass
class Shop(Sides):
    """An Odoo that is in agreement with a Directus, and a client of that."""

    flow = CUSTOMER
    tag = TAG
    worker: object
    sql: object
    client: object
    proxy: KillingProxy
    customers: list
    orders: list
    figures: dict

    def sync(self, full=False):
        self.proxy.requests.clear()
        figures = self.worker.call("sync", full=full)
        for flow, row in figures.items():
            assert (row["failed"], row["problems"], row["state"]) == (0, [], "done"), (flow, row)
        return figures

    def writes(self):
        """What was sent that could change something there."""
        return [request for request in self.proxy.requests if request[0] not in READS]

    def all(self, collection, **query):
        options = "".join(f"&{name}={value}" for name, value in query.items())
        found = self.client("GET", f"/items/{collection}?fields=*.*&limit=-1{options}")["data"]
        return {one["id"]: one for one in found}

    def make(self, collection, **values):
        return self.client("POST", f"/items/{collection}?fields=*.*", values)["data"]

    def change(self, collection, record_id, **values):
        return self.client("PATCH", f"/items/{collection}/{record_id}?fields=*.*", values)["data"]

    def remove(self, collection, record_id):
        self.client("DELETE", f"/items/{collection}/{record_id}")

    def read(self, flow, external_id, *paths):
        return self.worker.call("record", flow=flow, external_id=str(external_id), paths=paths)

    def lines(self, order_id):
        """The lines of an order in Odoo, sorted by their text."""
        found = self.read(ORDER, order_id, *(f"order_line.{name}" for name in LINES))
        return found and {name: found[f"order_line.{name}"] for name in LINES}

    def write(self, flow, external_id, **values):
        self.worker.call("write", flow=flow, external_id=str(external_id), values=values)

    def record_id(self, flow, external_id):
        return self.worker.call("record_id", flow=flow, external_id=str(external_id))

    def id_there(self, flow, record_id):
        query = """
            SELECT external_id FROM bridge_binding binding JOIN bridge_flow flow ON flow.id = binding.flow_id
             WHERE flow.code = %s AND binding.res_id = %s AND binding.state = 'linked'
        """
        return self.sql.value(query, flow, record_id)

    # Where it is killed

    def there(self):
        found = self.all("customers", **{"filter[email][_contains]": KILLS_AT, "filter[status][_neq]": "archived"})
        return {key: (one["email"], one["name"], one["phone"]) for key, one in found.items()}

    def act_there(self, what, email, name):
        if what == CREATE:
            self.make("customers", email=email, name=name, phone="1")
            return
        [record_id] = self.all("customers", **{"filter[email][_eq]": email})
        self.change("customers", record_id, **({"status": "archived"} if what == DELETE else {"name": name}))


def lines_of(order):
    """The lines of an order of Directus, as `Shop.lines` has those of Odoo."""
    lines = order["lines"]
    return {
        "name": sorted(line["title"] for line in lines),
        "product_uom_qty": sorted(line["quantity"] for line in lines),
        "price_unit": sorted(line["price"] for line in lines),
        "product_id.default_code": sorted(f"D-{line['article']}" for line in lines),
    }


def load(client):
    """Fill Directus with customers, articles and orders."""
    customers = []
    for number in range(CUSTOMERS):
        city, _zip, country = CITIES[number % len(CITIES)]
        name = f"{GIVEN_NAMES[number % len(GIVEN_NAMES)]} {FAMILY_NAMES[number % len(FAMILY_NAMES)]}"
        customer = {"name": name, "email": f"customer{number}@directus.example", "city": city, "country": country}
        customer |= {"phone": None if number % 4 == 0 else f"+32 {number}", "street": "" if number % 5 == 0 else "Ü 1"}
        customers.append(customer)
    customers = client("POST", "/items/customers", customers)["data"]
    articles = [{"sku": f"D-{number}", "title": f"Knäckebröd {number}", "price": number + 0.99}
                for number in range(1, ARTICLES + 1)]  # fmt: skip
    client("POST", "/items/articles", articles)
    orders = []
    for number in range(ORDERS):
        lines = [
            {"article": 1 + (number + one) % ARTICLES, "title": f"{one}: {LONG_NOTE[:40]}", "quantity": one + 0.5,
             "price": round(3.99 * (one + 1), 2)}
            for one in range(number % 4)
        ]  # fmt: skip
        moment = f"2026-0{1 + number % 9}-10T08:{number:02}:00Z"
        order = {"number": f"N-{number}", "customer": customers[number]["id"], "ordered_at": moment, "lines": lines}
        orders.append(order)
    return customers, client("POST", "/items/orders?fields=*.*", orders)["data"]


@pytest.fixture(scope="module")
def shop(module_world: World):
    """After the first sync."""
    server = module_world.enter(servers.directus(module_world.workplace))
    proxy = module_world.enter(KillingProxy(server.url, READS))
    database = module_world.database("directus")
    worker = module_world.worker(database)
    client = server.client
    customers, orders = load(client)
    definition = json.loads((ROOT / "data" / "gallery" / "directus_shop.json").read_text())
    definition["connector"] |= {"base_url": proxy.url, "idempotency": {"settle": 0}}
    for flow in definition["flows"]:
        flow["page_size"] = PAGE
        for operation in flow["operations"][:1]:
            operation["delta"]["overlap"] = 0  # all of this happens within the seconds that it usually goes back
    worker.call("configure", definition=definition, secret=server.secret)
    shop = Shop(worker, module_world.sql(database), client, proxy, customers, orders, {})
    shop.figures["first"] = shop.sync()
    assert shop.writes() == [], "what has just been pulled is not sent back"
    shop.figures["read"] = {
        **{one["id"]: shop.read(CUSTOMER, one["id"], *PATHS) for one in customers},
        **{one["id"]: shop.read(ORDER, one["id"], "client_order_ref", "date_order", "partner_id.email", "state")
           for one in orders},
        **{("lines", one["id"]): shop.lines(one["id"]) for one in orders},
    }  # fmt: skip
    yield shop
    for full in (False, True, False):
        shop.sync(full=full)
        assert shop.writes() == [], "no echo"


# One way


def test_every_customer_is_in_odoo_field_by_field(shop):
    assert {flow: (row["fetched"], row["created"]) for flow, row in shop.figures["first"].items()} == {
        CUSTOMER: (CUSTOMERS, CUSTOMERS),
        "directus_articles": (ARTICLES, ARTICLES),
        ORDER: (ORDERS, ORDERS),
    }
    for one in shop.customers:
        assert shop.figures["read"][one["id"]] == {
            "name": one["name"],
            "email": one["email"],
            "phone": one["phone"] or False,
            "street": one["street"] or False,
            "city": one["city"],
            "country_id.code": one["country"],
            "active": True,
        }


def test_every_order_is_in_odoo_with_its_lines(shop):
    for one in shop.orders:
        found = shop.figures["read"][one["id"]]
        assert found == {
            "client_order_ref": one["number"],
            "date_order": one["ordered_at"][:19].replace("T", " "),
            "partner_id.email": one["customer"]["email"],
            "state": "draft",
        }
        assert shop.figures["read"][("lines", one["id"])] == lines_of(one)


@pytest.mark.parametrize("full", [False, True])
def test_a_sync_without_changes_writes_nothing(shop, full):
    shop.sync()
    before, there = shop.sql.versions(*TABLES), shop.all("orders")
    shop.sync(full=full)
    assert shop.writes() == []
    assert shop.sql.versions(*TABLES) == before
    assert shop.all("orders") == there


def test_only_what_changed_is_asked_for(shop):
    shop.sync(), shop.sync()
    shop.change("customers", shop.customers[1]["id"], city="Gotham")
    figures = shop.sync()
    assert figures[CUSTOMER]["updated"] == 1
    assert figures[CUSTOMER]["fetched"] < CUSTOMERS
    assert shop.read(CUSTOMER, shop.customers[1]["id"], "city") == {"city": "Gotham"}


def test_lines_that_change_there_arrive_also_if_the_order_did_not(shop):
    order = shop.orders[3]
    line = order["lines"][0]
    shop.change("order_lines", line["id"], quantity=77, price=1.25, title="More of it")
    assert shop.sync()[ORDER]["updated"] == 1
    lines = [{**line, "quantity": 77, "price": 1.25, "title": "More of it"}, *order["lines"][1:]]
    assert shop.lines(order["id"]) == lines_of({"lines": lines})
    new = {"article": 2, "title": "New", "quantity": 1, "price": 5}
    changed = shop.change("orders", order["id"], lines=[{"id": line["id"]}, new])
    assert shop.sync()[ORDER]["updated"] == 1
    assert shop.lines(order["id"]) == lines_of(changed)
    assert len(changed["lines"]) == 2


# Both ways


def test_customer_that_is_created_and_changed_in_odoo_is_there_once(shop):
    values = {"name": "Ada Lovelace ☕", "email": "ada@directus.example", "city": "London"}
    ada = shop.worker.call("create", model="res.partner", values=values, tags=[TAG])
    assert shop.sync()[CUSTOMER]["sent_created"] == 1
    there = shop.all("customers")[shop.id_there(CUSTOMER, ada)]
    assert {name: there[name] for name in values} == values
    assert there["odoo_reference"]
    shop.write(CUSTOMER, there["id"], phone="+44 1", city=False)
    assert shop.sync()[CUSTOMER]["sent_updated"] == 1
    there = shop.all("customers")[there["id"]]
    assert (there["phone"], there["city"], there["name"]) == ("+44 1", None, values["name"])


def test_order_with_lines_is_sent_and_its_lines_change_there(shop):
    partner = shop.record_id(CUSTOMER, shop.customers[2]["id"])
    products = [shop.record_id("directus_articles", one) for one in (1, 2)]
    lines = [
        [0, 0, {"product_id": product, "name": f"Line {one}", "product_uom_qty": one, "price_unit": 2.5 * one}]
        for one, product in enumerate(products, 1)
    ]
    order = shop.worker.call(
        "create",
        model="sale.order",
        values={"partner_id": partner, "client_order_ref": "FROM-ODOO", "order_line": lines},
    )
    assert shop.sync()[ORDER]["sent_created"] == 1
    external_id = int(shop.id_there(ORDER, order))
    there = shop.all("orders")[external_id]
    assert (there["number"], there["customer"]["id"]) == ("FROM-ODOO", shop.customers[2]["id"])
    assert shop.lines(external_id) == lines_of(there)
    assert len(there["lines"]) == 2
    first = min(there["lines"], key=lambda line: line["title"])
    line_id = shop.worker.call(
        "read", model="sale.order.line", domain=[["order_id", "=", order], ["name", "=", "Line 1"]], names=["id"]
    )[0]["id"]
    shop.worker.call("write_id", model="sale.order.line", record_id=line_id, values={"product_uom_qty": 9})
    assert shop.sync()[ORDER]["sent_updated"] == 1
    after = shop.all("orders")[external_id]
    assert {line["id"] for line in after["lines"]} == {line["id"] for line in there["lines"]}, "the same lines"
    assert {line["id"]: line["quantity"] for line in after["lines"]}[first["id"]] == 9
    shop.worker.call("write_id", model="sale.order", record_id=order, values={"order_line": [[2, line_id, 0]]})
    assert shop.sync()[ORDER]["sent_updated"] == 1
    assert [line["title"] for line in shop.all("orders")[external_id]["lines"]] == ["Line 2"]
    assert len(shop.all("order_lines", **{"filter[order][_null]": "true"})) == 0, "no line is left without an order"


def test_a_field_that_both_changed_is_a_conflict_and_the_others_go_on(shop):
    one = shop.customers[5]
    shop.write(CUSTOMER, one["id"], phone="+1 1", street="From Odoo 1")
    shop.change("customers", one["id"], phone="+2 2", city="From there")
    shop.sync()
    query = "SELECT odoo_value, remote_value FROM bridge_conflict WHERE state = 'open'"
    assert shop.sql.rows(query) == [("+1 1", "+2 2")]
    shop.worker.call("decide_conflicts", side="odoo")
    there = shop.all("customers")[one["id"]]
    assert (there["phone"], there["street"], there["city"]) == ("+1 1", "From Odoo 1", "From there")
    assert shop.read(CUSTOMER, one["id"], "phone", "street", "city") == {
        "phone": "+1 1",
        "street": "From Odoo 1",
        "city": "From there",
    }
    assert shop.sql.rows(query) == []


# Deletion


def test_a_customer_that_is_archived_there_is_archived_here_and_comes_back(shop):
    one = shop.customers[20]
    shop.change("customers", one["id"], status="archived")
    assert shop.sync()[CUSTOMER]["archived"] == 1
    assert shop.read(CUSTOMER, one["id"], "active") == {"active": False}
    shop.change("customers", one["id"], status="published")
    shop.sync()
    assert shop.read(CUSTOMER, one["id"], "active") == {"active": True}


def test_an_order_that_is_deleted_there_is_noticed_by_a_full_scan(shop):
    one = shop.orders[6]
    record_id = shop.record_id(ORDER, one["id"])
    shop.remove("orders", one["id"])
    shop.sync()
    assert len(shop.sql.rows("SELECT id FROM sale_order WHERE id = %s", record_id)) == 1, "a filter tells no deletion"
    assert shop.sync(full=True)[ORDER]["removed"] == 1
    assert shop.sql.rows("SELECT id FROM sale_order WHERE id = %s", record_id) == []


def test_what_is_deleted_in_odoo_is_deleted_or_archived_there(shop):
    order, customer = shop.orders[7], shop.customers[21]
    shop.worker.call("unlink", flow=ORDER, external_id=str(order["id"]))
    shop.worker.call("unlink", flow=CUSTOMER, external_id=customer["id"])
    figures = shop.sync()
    assert (figures[ORDER]["sent_removed"], figures[CUSTOMER]["sent_removed"]) == (1, 1)
    assert order["id"] not in shop.all("orders")
    assert shop.all("customers")[customer["id"]]["status"] == "archived"


def test_a_creation_whose_answer_was_lost_is_there_once(shop):
    shop.proxy.lose, usual = lambda method, _path: method == "POST" and not shop.proxy.lost, shop.proxy.lose
    values = {"name": "Lost", "email": "lost@directus.example"}
    try:
        lost = shop.worker.call("create", model="res.partner", values=values, tags=[TAG])
        shop.worker.call("sync")
        shop.worker.call("all_is_due")
        shop.worker.call("work")
    finally:
        shop.proxy.lose = usual
    assert len(shop.proxy.lost) == 1
    assert list(shop.all("customers", **{"filter[email][_eq]": values["email"]})) == [shop.id_there(CUSTOMER, lost)]


def test_fault_kills_lose_and_double_nothing(shop, capsys):
    kill_again_and_again(shop, capsys)
