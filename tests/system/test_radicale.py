"""Radicale, which nobody here wrote, by the definition in data/gallery/: CardDAV, with answers in XML and a vCard
inside each.

It names a contact by its address, which who creates it chooses; a change of a version that is not the newest is refused
by the ETag; what has changed, and what is gone, is asked for by a token.
"""

import json
from dataclasses import dataclass

import pytest
from bridge_dev import servers
from bridge_dev.address_book import AddressBook, contacts, lines
from conftest import ROOT, World
from two_sided import DELETE, KILLS_AT, KillingProxy, Sides, kill_again_and_again

CONTACTS = 30
TAG = "Shared Contacts"
PATHS = ("name", "email", "phone", "function", "street", "city", "zip", "country_id.code", "comment", "active")
TABLES = ("res_partner",)
READS = {"REPORT", "GET"}


@dataclass
class Shared(Sides):
    """An Odoo that is in agreement with an address book."""

    flow = "cards"
    tag = TAG

    worker: object
    sql: object
    book: AddressBook
    proxy: KillingProxy
    expected: dict
    figures: dict

    def sync(self, full=False):
        self.proxy.requests.clear()
        figures = self.worker.call("sync", full=full)["cards"]
        assert (figures["failed"], figures["problems"], figures["state"]) == (0, [], "done"), figures
        return figures

    def writes(self):
        """What was sent that could change something there."""
        return [request for request in self.proxy.requests if request[0] not in READS]

    def read(self, href):
        return self.worker.call("record", flow="cards", external_id=href, paths=PATHS)

    def card(self, href):
        return self.book.cards()[href]

    def href(self, record_id):
        """The ID there of a contact of Odoo."""
        query = "SELECT external_id FROM bridge_binding WHERE res_id = %s AND state = 'linked'"
        return self.sql.value(query, record_id)

    def create(self, **values):
        return self.worker.call("create", model="res.partner", values=values, tags=[TAG])

    def write(self, href, **values):
        self.worker.call("write", flow="cards", external_id=href, values=values)

    # Where it is killed

    def there(self):
        return {
            href: (card.email.value, card.fn.value, card.tel.value if "tel" in card.contents else None)
            for href, card in self.book.cards().items()
            if card.email.value.endswith(KILLS_AT)
        }

    def act_there(self, what, email, name):
        known = email.partition("@")[0]
        if what == DELETE:
            self.book.delete(self.book.href(known))
        else:
            self.book.put(known, f"FN:{name}", "N:;;;;", f"EMAIL:{email}", "TEL;TYPE=work:1")


@pytest.fixture(scope="module")
def shared(module_world: World):
    """After the first sync."""
    server = module_world.enter(servers.radicale(module_world.workplace))
    proxy = module_world.enter(KillingProxy(server.url, READS))
    database = module_world.database("radicale")
    worker = module_world.worker(database)
    book = AddressBook(server)
    book.make()
    expected = {}
    for name, values in contacts(CONTACTS):
        book.put(name, *lines(values))
        expected[book.href(name)] = values
    definition = json.loads((ROOT / "data" / "gallery" / "radicale_contacts.json").read_text())
    definition["connector"]["base_url"] = proxy.url
    worker.call("configure", definition=definition, secret=server.secret)
    shared = Shared(worker, module_world.sql(database), book, proxy, expected, {})
    shared.figures["first"] = shared.sync()
    shared.figures["read"] = {href: shared.read(href) for href in expected}
    assert shared.writes() == []
    yield shared
    for full in (False, True):
        shared.sync(full=full)
        assert shared.writes() == [], "no echo"


def test_every_contact_is_in_odoo_field_by_field(shared):
    assert (shared.figures["first"]["created"], shared.figures["first"]["fetched"]) == (CONTACTS, CONTACTS)
    for href, values in shared.expected.items():
        found = shared.figures["read"][href]
        note = values.get("note", "").split("\n")[0]
        assert note in (found.pop("comment") or "")
        assert found == {
            "name": values["name"],
            "email": values["email"],
            "phone": values.get("phone", False),
            "function": values.get("function", False),
            "street": values.get("street", False),
            "city": values["city"],
            "zip": values["zip"],
            "country_id.code": values["country"],
            "active": True,
        }


@pytest.mark.parametrize("full", [False, True])
def test_a_sync_without_changes_reads_and_writes_nothing(shared, full):
    shared.sync()
    before, texts = shared.sql.versions(*TABLES), shared.book.texts()
    figures = shared.sync(full=full)
    assert figures["fetched"] == (len(texts) if full else 0)
    assert shared.writes() == []
    assert shared.sql.versions(*TABLES) == before
    assert shared.book.texts() == texts


# Both ways


def test_what_is_created_in_odoo_is_a_card_with_the_name_that_we_chose(shared):
    ada = shared.create(name="Ada, Lovelace; B.Sc.", email="ada@cards.example", city="London", function="Count\\ess")
    figures = shared.sync()
    assert (figures["sent_created"], figures["sent_updated"]) == (1, 0)
    href = shared.href(ada)
    assert shared.writes() == [("PUT", href)]
    card = shared.card(href)
    assert (card.fn.value, card.email.value) == ("Ada, Lovelace; B.Sc.", "ada@cards.example")
    assert card.adr.value.city == "London"
    assert card.title.value == "Count\\ess"
    assert href == f"/demo/contacts/{card.uid.value}.vcf"
    assert shared.sync()["updated"] == 0, "its echo changes nothing"
    shared.write(href, city="Paris")
    assert shared.sync()["sent_updated"] == 1
    assert shared.card(href).adr.value.city == "Paris"


def test_a_change_in_odoo_leaves_what_is_not_mapped_as_it_is(shared):
    name, values = contacts(CONTACTS)[7]
    href = shared.book.href(name)
    shared.write(href, street="Rue Neuve 1; 2, 3", function=False, phone="+1 1")
    assert shared.sync()["sent_updated"] == 1
    card = shared.card(href)
    assert (card.adr.value.street, card.adr.value.city) == ("Rue Neuve 1; 2, 3", values["city"])
    assert {tuple(one.params["TYPE"]): one.value for one in card.tel_list} == {
        ("home",): "+32 2 000",
        ("work", "voice"): "+1 1",
    }
    assert "title" not in card.contents
    assert [one.value for one in card.contents["x-only-here"]] == ["kept"]
    assert (card.bday.value, card.n.value.family) == ("1990-05-01", values["family"])
    assert "CATEGORIES:one,two" in card.serialize()


def test_a_change_there_arrives(shared):
    name, values = contacts(CONTACTS)[3]
    shared.book.put(name, *lines({**values, "city": "Gotham", "name": "Bruce, \\ Wayne"}))
    assert shared.sync()["updated"] == 1
    assert shared.writes() == []
    found = shared.read(shared.book.href(name))
    assert (found["city"], found["name"]) == ("Gotham", "Bruce, \\ Wayne")


def test_a_change_there_that_odoo_has_not_seen_is_not_overwritten(shared):
    name, values = contacts(CONTACTS)[4]
    href = shared.book.href(name)
    shared.write(href, city="Lisboa")
    shared.book.put(name, *lines({**values, "email": "changed@cards.example"}))
    shared.proxy.requests.clear()
    shared.worker.call("push_only", flow="cards")  # no pull comes before it
    card = shared.card(href)
    assert (card.email.value, card.adr.value.city) == ("changed@cards.example", "Lisboa")
    found = shared.read(href)
    assert (found["email"], found["city"]) == ("changed@cards.example", "Lisboa")


def test_a_version_that_changes_between_look_and_change_is_refused_there(shared):
    name, values = contacts(CONTACTS)[5]
    href, changes = shared.book.href(name), []

    def somebody_is_faster(method, _path):
        if method == "PUT" and not changes:
            changes.append(shared.book.put(name, *lines({**values, "zip": "4711"})))
        return False

    shared.write(href, city="Oslo")
    shared.proxy.stop, usual = somebody_is_faster, shared.proxy.stop
    try:
        shared.sync()
    finally:
        shared.proxy.stop = usual
    assert [method for method, _path in shared.writes()] == ["PUT", "PUT"]
    assert (shared.card(href).adr.value.city, shared.card(href).adr.value.code) == ("Oslo", "4711")
    assert shared.read(href)["zip"] == "4711"


def test_a_deletion_there_is_noticed(shared):
    href = shared.book.href(contacts(CONTACTS)[8][0])
    shared.book.delete(href)
    figures = shared.sync()
    assert (figures["full"], figures["archived"]) == (False, 1)
    assert shared.read(href)["active"] is False


def test_a_deletion_in_odoo_deletes_the_card(shared):
    href = shared.book.href(contacts(CONTACTS)[9][0])
    shared.worker.call("unlink", flow="cards", external_id=href)
    assert shared.sync()["sent_removed"] == 1
    assert href not in shared.book.cards()
    assert shared.writes() == [("DELETE", href)]


def test_a_creation_whose_answer_was_lost_is_there_once(shared):
    before = shared.book.cards().keys()
    shared.proxy.lose, usual = lambda method, _path: method == "PUT" and not shared.proxy.lost, shared.proxy.lose
    try:
        lost = shared.create(name="Lost", email="lost@cards.example")
        shared.worker.call("sync")
        shared.worker.call("all_is_due")
        shared.worker.call("work")
    finally:
        shared.proxy.lose = usual
    assert [method for method, _path in shared.proxy.lost] == ["PUT"]
    assert shared.book.cards().keys() - before == {shared.href(lost)}


def test_a_card_that_can_not_be_read_concerns_nobody_else(shared):
    shared.book.put("old", "FN:Old", "N:;;;;", "EMAIL:old@cards.example", version="2.1")
    shared.book.put("new", "FN:New", "N:;;;;", "EMAIL:new@cards.example")
    figures = shared.worker.call("sync")["cards"]
    assert (figures["failed"], figures["created"], figures["state"]) == (1, 1, "partial")
    assert shared.sql.rows("SELECT external_id, state FROM bridge_job WHERE state = 'failed'") == [
        (shared.book.href("old"), "failed")
    ]
    shared.book.put("old", "FN:Old", "N:;;;;", "EMAIL:old@cards.example")
    assert shared.sync()["created"] == 1
    assert shared.sql.rows("SELECT external_id FROM bridge_job WHERE state = 'failed'") == []


def test_a_token_that_the_server_does_not_know_leads_to_a_full_scan(shared):
    shared.sql.rows("""UPDATE bridge_flow SET cursor = '"http://radicale.org/ns/sync/unknown"'""")
    figures = shared.sync()
    assert figures["full"] is True
    assert figures["fetched"] >= len(shared.book.cards()), "with those that it remembers as deleted"
    assert shared.sync()["fetched"] == 0, "the token is a new one"


def test_fault_kills_lose_and_double_nothing(shared, capsys):
    kill_again_and_again(shared, capsys)
