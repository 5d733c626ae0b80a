"""The three systems that nobody here wrote, both ways: what people change in Odoo is there, once, and nothing echoes.

Kinto refuses stale changes (If-Match) and leaves tombstones; the other Odoo is spoken to over /json/2; localstripe
takes forms, and ignores idempotency keys, so that a lost creation has to be looked up by its metadata.
"""

import json
from dataclasses import dataclass

import pytest
from bridge_dev import demo_data, servers
from conftest import ROOT, World
from lossy_proxy import LossyProxy

CONTACTS = 12
ADDRESS_BOOK, WEB_SHOP = "Address Book", "Web Shop"


@dataclass
class Systems:
    """An Odoo that is in agreement with three systems, and clients of these."""

    worker: object
    sql: object
    kinto: object
    stripe: object
    partner: object
    proxy: object

    def sync(self, full=False):
        figures = self.worker.call("sync", full=full)
        for flow, row in figures.items():
            assert (row["failed"], row["problems"]) == (0, []), (flow, row)
        return {flow: sent(row) for flow, row in figures.items() if sent(row)}

    def write(self, flow, external_id, **values):
        self.worker.call("write", flow=flow, external_id=str(external_id), values=values)

    def read(self, flow, external_id, *paths):
        return self.worker.call("record", flow=flow, external_id=str(external_id), paths=paths)

    def create(self, model, **values):
        return self.worker.call("create", model=model, values=values)

    def id_there(self, flow, record_id):
        query = """
            SELECT external_id FROM bridge_binding binding JOIN bridge_flow flow ON flow.id = binding.flow_id
             WHERE flow.code = %s AND binding.res_id = %s AND binding.state = 'linked'
        """
        return self.sql.value(query, flow, record_id)

    def contacts(self):
        answer = self.kinto("GET", f"{demo_data.COLLECTION}/records?_limit=1000")
        return {contact["id"]: contact for contact in answer["data"]}

    def customers(self):
        return {one["id"]: one for one in self.stripe("GET", "/v1/customers?limit=100")["data"]}

    def partners(self, *domain, model="res.partner", names=("name", "ref", "phone", "parent_id", "active")):
        domain = [*domain, ["active", "in", [True, False]]]
        return self.partner._call(model, "search_read", domain=domain, fields=list(names))


def sent(row):
    """What a sync has sent: created, updated, removed; nothing if all of it is 0."""
    counted = tuple(row.get(name, 0) for name in ("sent_created", "sent_updated", "sent_removed"))
    return counted if any(counted) else None


@pytest.fixture(scope="module")
def systems(module_world: World):
    """Everything was pulled; nothing had to be sent."""
    workplace = module_world.workplace
    database = module_world.database("both")
    kinto = module_world.enter(servers.kinto(workplace))
    localstripe = module_world.enter(servers.localstripe(workplace))
    partner = module_world.enter(
        servers.partner_odoo(workplace, database=workplace.clone.database("system_both_partner"))
    )
    module_world.stack.callback(workplace.databases.drop, partner.database)
    proxy = module_world.enter(LossyProxy(localstripe.url))
    worker = module_world.worker(database)
    shop = demo_data.Shop(localstripe.client, customers=12, products=2, orders=0)
    systems = Systems(
        worker,
        module_world.sql(database),
        kinto.client,
        localstripe.client,
        demo_data.PartnerOdoo(partner.client, companies=2, people=5),
        proxy,
    )
    demo_data.load_kinto(kinto.client, CONTACTS)
    shop.load()
    systems.partner.load()
    for name, server, url in (
        ("kinto_contacts", kinto, f"{kinto.url}/v1"),
        ("localstripe_shop", localstripe, f"{proxy.url}/v1"),
        ("odoo_partners", partner, partner.url),
    ):
        definition = json.loads((ROOT / "data" / "gallery" / f"{name}.json").read_text())
        definition["connector"]["base_url"] = url
        definition["connector"]["idempotency"] = {"header": None, "hours": 24, "settle": 0}
        worker.call("configure", definition=definition, secret=server.secret)
    assert systems.sync() == {}, "what has just been pulled is not sent back"
    yield systems
    assert [systems.sync(full=full) for full in (False, True, False)] == [{}, {}, {}], "no echo"


def some(records, number=0):
    return sorted(records)[number]


def test_kinto_gets_what_is_created_changed_and_deleted_in_odoo(systems):
    before = systems.contacts()
    grace = systems.worker.call(
        "create",
        model="res.partner",
        values={"name": "Grace Hopper", "email": "grace@addressbook.example", "city": "New York"},
        tags=[ADDRESS_BOOK],
    )
    changed, gone = some(before), some(before, 1)
    systems.write("contacts", changed, city="Gotham")
    systems.worker.call("unlink", flow="contacts", external_id=gone)
    assert systems.sync()["contacts"] == (1, 1, 1)
    after = systems.contacts()
    created = after[systems.id_there("contacts", grace)]
    assert (created["name"], created["address"]["city"]) == ("Grace Hopper", "New York")
    assert after.keys() - before.keys() == {created["id"]}
    assert before.keys() - after.keys() == {gone}
    there = {**before[changed], "address": {**before[changed].get("address", {}), "city": "Gotham"}}
    assert {**after[changed], "last_modified": None} == {**there, "last_modified": None}
    tombstones = systems.kinto("GET", f"{demo_data.COLLECTION}/records?_since=1")["data"]
    assert [one["id"] for one in tombstones if one.get("deleted")] == [gone]


def test_a_change_in_kinto_that_odoo_has_not_seen_is_not_overwritten(systems):
    contact = some(systems.contacts(), 2)
    systems.write("contacts", contact, city="Lisboa")
    changed = {"data": {"email": "changed@addressbook.example"}}
    systems.kinto("PATCH", f"{demo_data.COLLECTION}/records/{contact}", changed)
    systems.worker.call("push_only", flow="contacts")  # the pull does not come before: Kinto answers 412
    there = systems.contacts()[contact]
    assert (there["email"], there["address"]["city"]) == ("changed@addressbook.example", "Lisboa")
    assert systems.read("contacts", contact, "email", "city") == {
        "email": "changed@addressbook.example",
        "city": "Lisboa",
    }


def test_a_phone_number_that_both_sides_changed_is_a_conflict(systems):
    contact = some(systems.contacts(), 3)
    systems.write("contacts", contact, phone="+1 1")
    systems.kinto("PATCH", f"{demo_data.COLLECTION}/records/{contact}", {"data": {"phone": "+2 2"}})
    assert "contacts" not in systems.sync()
    query = "SELECT odoo_value, remote_value FROM bridge_conflict WHERE state = 'open'"
    assert systems.sql.rows(query) == [("+1 1", "+2 2")]
    systems.worker.call("decide_conflicts", side="odoo")
    assert systems.contacts()[contact]["phone"] == "+1 1"
    assert systems.sql.rows(query) == []


def test_the_other_odoo_gets_partners_and_articles(systems):
    (person,) = systems.partners(["ref", "=", "P0001"])
    (company,) = systems.partners(["ref", "=", "C0001"])
    ada = systems.create("res.partner", name="Ada Lovelace", ref="P9001", email="ada@partner.example")
    article = systems.create("product.template", name="Engine", default_code="A-1", list_price=12.5)
    systems.write("partners", person["id"], phone="+32 2 555 12 12")
    parent = systems.worker.call("record_id", flow="partners", external_id=str(company["id"]))
    systems.worker.call("write_id", model="res.partner", record_id=ada, values={"parent_id": parent})
    done = systems.sync()
    assert (done["partners"], done["articles"]) == ((1, 1, 0), (1, 0, 0))
    (there,) = systems.partners(["ref", "=", "P9001"])
    assert (str(there["id"]), there["name"]) == (systems.id_there("partners", ada), "Ada Lovelace")
    assert there["parent_id"][0] == company["id"]
    assert systems.partners(["ref", "=", "P0001"])[0]["phone"] == "+32 2 555 12 12"
    (there,) = systems.partners(
        ["default_code", "=", "A-1"], model="product.template", names=("name", "list_price", "default_code")
    )
    assert (str(there["id"]), there["list_price"]) == (systems.id_there("articles", article), 12.5)
    systems.partner._call("product.template", "write", ids=[there["id"]], vals={"list_price": 15.0})
    systems.sync()
    assert systems.read("articles", there["id"], "list_price") == {"list_price": 15.0}


def test_a_partner_that_is_deleted_in_odoo_is_archived_in_the_other_odoo(systems):
    (person,) = systems.partners(["ref", "=", "P0002"])
    systems.worker.call("unlink", flow="partners", external_id=str(person["id"]))
    assert systems.sync()["partners"] == (0, 0, 1)
    assert [one["active"] for one in systems.partners(["ref", "=", "P0002"])] == [False]


def test_localstripe_gets_forms(systems):
    before = systems.customers()
    alan = systems.worker.call(
        "create",
        model="res.partner",
        values={"name": "Alan Turing", "email": "alan@shop.example", "city": "Wilmslow", "zip": "SK9"},
        tags=[WEB_SHOP],
    )
    changed = some(before)
    systems.write("customers", changed, phone="+44 1")
    assert systems.sync()["customers"] == (1, 1, 0)
    after = systems.customers()
    created = after[systems.id_there("customers", alan)]
    assert (created["name"], created["address"]["city"], created["address"]["postal_code"]) == (
        "Alan Turing",
        "Wilmslow",
        "SK9",
    )
    assert after[changed]["phone"] == "+44 1"
    assert created["metadata"]["odoo_reference"]


def test_localstripe_has_a_customer_once_though_the_answers_were_lost(systems):
    before = systems.customers()
    systems.proxy.lose = lambda method, path: method == "POST" and path == "/v1/customers" and not systems.proxy.lost
    names = [f"Lost {number}" for number in range(4)]
    ids = [
        systems.worker.call(
            "create", model="res.partner", values={"name": name, "email": f"{name[-1]}@lost.example"}, tags=[WEB_SHOP]
        )
        for name in names
    ]
    systems.worker.call("sync")
    assert systems.proxy.lost == [("POST", "/v1/customers")]
    systems.worker.call("all_is_due")
    systems.worker.call("work")
    systems.sync()
    after = systems.customers()
    assert sorted(one["name"] for key, one in after.items() if key not in before) == names
    assert {systems.id_there("customers", one) for one in ids} == after.keys() - before.keys()
