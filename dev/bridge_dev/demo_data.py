"""Believable records for the three third-party systems: the same at every run, loaded over their own HTTP APIs.

`load_*` fills an empty system, `change_*` then changes, adds and deletes a known number of records. Each returns what
the syncs that follow must count, as {flow code: {"fetched": n, "created": n, "updated": n, "archived": n}}; a number is
exact, and `None` means that it is not known beforehand.
"""

import random
import uuid

from .demo_names import (
    ADJECTIVES,
    CITIES,
    COMPANIES,
    FAMILY_NAMES,
    GIVEN_NAMES,
    INDUSTRIES,
    LONG_NOTE,
    MATERIALS,
    STREETS,
    THINGS,
    TITLES,
)

SEED = 20260101
COLLECTION = "/v1/buckets/crm/collections/contacts"
# Kinto's `batch_max_requests` in serve_third_party.py.
BATCH = 500
DAY = 86400
FIRST_ORDER = 1735689600  # 2025-01-01T00:00:00Z, in epoch seconds
# No subscription and no invoice refers to the last products: their prices can change without touching an order.
UNSOLD = 6


def _figures(fetched, created=0, updated=0, archived=0):
    return {"fetched": fetched, "created": created, "updated": updated, "archived": archived}


# Contacts in Kinto


def contacts(number, seed=SEED):
    """Return `number` address-book entries as Kinto stores them: with keys missing, null, and empty here and there."""
    rng = random.Random(seed)
    return [_contact(rng, position) for position in range(number)]


def _contact(rng, position):
    company = rng.random() < 0.2
    name = rng.choice(COMPANIES) if company else f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}"
    city, zip_code, country = rng.choice(CITIES)
    entry = {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "name": f"{name} {position}" if company else name,
        "company": company,
        "email": f"contact{position}@addressbook.example",
        "phone": f"+{rng.randint(1, 98)} {rng.randint(100, 999)} {rng.randint(100000, 999999)}",
        "address": {
            "street": f"{rng.randint(1, 250)} {rng.choice(STREETS)}",
            "city": city,
            "zip": zip_code,
            "country": country,
        },
        "note": f"<p>{rng.choice(TITLES)}</p>" if rng.random() < 0.9 else f"<p>{LONG_NOTE * rng.randint(5, 40)}</p>",
    }
    return _with_holes(rng, entry)


def _with_holes(rng, entry):
    """Leave some values out, or make them null or empty, as real address books have them."""
    for key in ("email", "phone", "note"):
        chance = rng.random()
        if chance < 0.06:
            del entry[key]
        elif chance < 0.12:
            entry[key] = None
        elif chance < 0.18:
            entry[key] = ""
    if rng.random() < 0.05:
        del entry["address"]
    return entry


def load_kinto(client, number=500):
    """Make the bucket and the collection, and put `number` contacts into it."""
    client("PUT", "/v1/buckets/crm", {"permissions": {"write": ["system.Authenticated"]}})
    client("PUT", COLLECTION, {})
    put_contacts(client, contacts(number))
    return {"contacts": _figures(number, created=number)}


def put_contacts(client, entries):
    """Create or replace contacts, many in one request."""
    _batch(client, "PUT", [(entry["id"], {"data": entry}) for entry in entries])


def remove_contacts(client, ids):
    """Delete contacts."""
    _batch(client, "DELETE", [(one, None) for one in ids])


def change_kinto(client, number=500, changed=7, added=5, deleted=3):
    """Change, add and delete contacts of the `number` that were loaded."""
    entries = contacts(number + added)
    phones = {"phone": "+44 20 7946 0958"}
    _batch(client, "PATCH", [(entry["id"], {"data": phones}) for entry in entries[:changed]])
    put_contacts(client, entries[number:])
    remove_contacts(client, [entry["id"] for entry in entries[number - deleted : number]])
    # Kinto's delta gives what has changed and a tombstone for what was deleted, and nothing else.
    return {"contacts": _figures(changed + added + deleted, created=added, updated=changed, archived=deleted)}


def _batch(client, method, items):
    path = COLLECTION.removeprefix("/v1") + "/records/"
    for start in range(0, len(items), BATCH):
        requests = [
            {"path": path + key, **({"body": body} if body else {})} for key, body in items[start : start + BATCH]
        ]
        answer = client("POST", "/v1/batch", {"defaults": {"method": method}, "requests": requests})
        refused = [response for response in answer["responses"] if response["status"] >= 400]
        if refused:
            raise ValueError(f"Kinto refused {len(refused)} requests, the first with {refused[0]}")


# Customers, products with prices, and invoices in localstripe


class Shop:
    """A web shop in localstripe.

    :ivar dict ids: what was created, by kind: customers, products, plans, invoices.
    """

    def __init__(self, client, customers=200, products=50, orders=100):
        self.client = client
        self.numbers = {"customers": customers, "products": products, "orders": orders}
        self.rng = random.Random(SEED)
        self.ids = {"customers": [], "products": [], "plans": [], "invoices": []}
        self.subscriptions = {}

    def load(self):
        """Fill the shop."""
        for position in range(self.numbers["customers"]):
            self._add_customer(position)
        for position in range(self.numbers["products"]):
            self._add_product(position)
        for position in range(self.numbers["orders"]):
            self._add_order(position)
        return self._expected(lambda number: _figures(number, created=number))

    def change(self):
        """Change, add and delete; localstripe lists everything each time, so everything is fetched."""
        ids = self.ids
        for customer in ids["customers"][:4]:
            self.client("POST", f"/v1/customers/{customer}", {"phone": "+33 1 70 18 99 00"})
        # The last customers have no orders.
        for customer in ids["customers"][-2:]:
            self.client("DELETE", f"/v1/customers/{customer}")
        for plan in ids["plans"][-2:]:
            self.client("POST", f"/v1/plans/{plan}", {"amount": 123456})
        self.client("DELETE", f"/v1/plans/{ids['plans'][-3]}")
        for invoice in ids["invoices"][:3]:
            self.client("POST", f"/v1/invoices/{invoice}", {"description": "Please deliver before noon ☀"})
        self.client("DELETE", f"/v1/invoices/{ids['invoices'][3]}")
        for position in range(3):
            self._add_customer(self.numbers["customers"] + position)
        self._add_product(self.numbers["products"])
        for position in range(2):
            self._add_order(self.numbers["orders"] + position)
        numbers = self.numbers
        return {
            "customers": _figures(numbers["customers"] + 3 - 2, created=3, updated=4, archived=2),
            "products": _figures(numbers["products"] + 1 - 1, created=1, updated=2, archived=1),
            "orders": _figures(numbers["orders"] + 2 - 1, created=2, updated=3, archived=1),
        }

    def _expected(self, figures):
        return {flow: figures(number) for flow, number in self.numbers.items()}

    def _add_customer(self, position):
        rng = self.rng
        city, zip_code, country = rng.choice(CITIES)
        customer = {
            "name": f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}",
            "email": f"customer{position}@shop.example",
            "description": rng.choice((None, rng.choice(TITLES))),
            "phone": rng.choice((None, f"+49 30 {rng.randint(100000, 999999)}")),
            "address": {
                "line1": f"{rng.randint(1, 99)} {rng.choice(STREETS)}",
                "line2": rng.choice(("", "2nd floor", "c/o Müller")),
                "city": city,
                "postal_code": zip_code,
                "country": country,
            },
            "metadata": {"loyalty": rng.choice(("gold", "silver", "none"))},
        }
        if rng.random() < 0.05:
            del customer["address"]
        self.ids["customers"].append(self._create("customers", customer))

    def _add_product(self, position):
        rng = self.rng
        name = f"{rng.choice(ADJECTIVES)} {rng.choice(MATERIALS)} {rng.choice(THINGS)}"
        sku = {"sku": f"SKU-{position:04d}"}
        product = {"name": name, "description": rng.choice((None, LONG_NOTE)), "metadata": sku}
        product_id = self._create("products", product)
        price = {"amount": rng.randint(99, 99999), "currency": "eur", "interval": "month", "metadata": sku}
        self.ids["products"].append(product_id)
        self.ids["plans"].append(self._create("plans", {"product": product_id, **price}))

    def _add_order(self, position):
        rng = self.rng
        customer = rng.choice(self.ids["customers"][: self.numbers["customers"] - 10])
        subscription = self.subscriptions.get(customer) or self._subscribe(customer, position)
        # An invoice has the subscription's line (with a quantity) and one line for each pending item.
        for plan in rng.sample(self._sold_plans(), rng.randint(0, 4)):
            amount = self.client("GET", f"/v1/plans/{plan}")["amount"]
            item = {"customer": customer, "plan": plan, "amount": amount, "currency": "eur"}
            self._create("invoiceitems", {**item, "description": rng.choice(TITLES)})
        invoice = {"customer": customer, "subscription": subscription, "description": rng.choice(TITLES)}
        invoice = self._create("invoices", invoice)
        # localstripe forgets the metadata of a new invoice, and keeps it on an update.
        self.client("POST", f"/v1/invoices/{invoice}", {"metadata": {"number": f"SO-{position:05d}"}})
        self.ids["invoices"].append(invoice)

    def _subscribe(self, customer, position):
        line = {"plan": self.rng.choice(self._sold_plans()), "quantity": self.rng.randint(1, 12)}
        # A trial asks for no payment; the start date decides the date of the invoice.
        terms = {"trial_period_days": 30, "backdate_start_date": FIRST_ORDER + position * DAY}
        self.subscriptions[customer] = self._create("subscriptions", {"customer": customer, "items": [line], **terms})
        return self.subscriptions[customer]

    def _sold_plans(self):
        return self.ids["plans"][: self.numbers["products"] - UNSOLD]

    def _create(self, kind, document):
        document = {key: value for key, value in document.items() if value is not None}
        return self.client("POST", f"/v1/{kind}", document)["id"]


# Partners in the second Odoo


class PartnerOdoo:
    """Companies with their people in another Odoo, over `/json/2`."""

    def __init__(self, client, companies=30, people=100):
        self.client = client
        self.numbers = {"companies": companies, "people": people}
        self.rng = random.Random(SEED)
        self.companies = []
        self.people = []

    def load(self):
        """Create companies, people in them, and their tags."""
        countries = self._countries()
        tags = self._call("res.partner.category", "create", vals_list=[{"name": name} for name in INDUSTRIES])
        values = [self._company(position, countries, tags) for position in range(self.numbers["companies"])]
        self.companies = self._call("res.partner", "create", vals_list=values)
        values = [self._person(position, tags) for position in range(self.numbers["people"])]
        self.people = self._call("res.partner", "create", vals_list=values)
        number = sum(self.numbers.values())
        return {"partners": _figures(number, created=number)}

    def change(self):
        """Change, add and archive; what the delta fetches besides depends on equal time stamps."""
        self._call("res.partner", "write", ids=self.people[:6], vals={"phone": "+32 2 290 34 90"})
        self._call("res.partner", "write", ids=self.people[-2:], vals={"active": False})
        values = [self._person(self.numbers["people"] + position, []) for position in range(4)]
        self.people += self._call("res.partner", "create", vals_list=values)
        return {"partners": _figures(None, created=4, updated=6, archived=2)}

    def _company(self, position, countries, tags):
        city, zip_code, country = self.rng.choice(CITIES)
        return {
            "name": f"{self.rng.choice(COMPANIES)} № {position}",
            "is_company": True,
            "ref": f"C{position:04d}",
            "email": f"company{position}@partner.example",
            "street": f"{self.rng.randint(1, 300)} {self.rng.choice(STREETS)}",
            "city": city,
            "zip": zip_code,
            "country_id": countries[country],
            "category_id": [[6, 0, self.rng.sample(tags, self.rng.randint(0, 3))]],
        }

    def _person(self, position, tags):
        # Odoo gives a person the address of the company, on both sides.
        return {
            "name": f"{self.rng.choice(GIVEN_NAMES)} {self.rng.choice(FAMILY_NAMES)}",
            "ref": f"P{position:04d}",
            "email": f"person{position}@partner.example",
            "phone": self.rng.choice((False, f"+39 06 {self.rng.randint(100000, 999999)}")),
            "function": self.rng.choice((False, "Developer", "Directrice générale", "営業部長")),
            "parent_id": self.rng.choice(self.companies),
            "category_id": [[6, 0, self.rng.sample(tags, min(len(tags), self.rng.randint(0, 2)))]],
        }

    def _countries(self):
        codes = sorted({country for _city, _zip, country in CITIES})
        found = self._call("res.country", "search_read", domain=[["code", "in", codes]], fields=["code"])
        return {country["code"]: country["id"] for country in found}

    def _call(self, model, method, **arguments):
        return self.client("POST", f"/json/2/{model}/{method}", arguments)


def disagree_there(client, contact):
    """Change the phone number of a contact in Kinto."""
    _batch(client, "PATCH", [(contact, {"data": {"phone": "+49 30 901820"}})])


def opposed(figures, conflicts=1, fetched=1):
    """Return what a sync must count when both sides have changed the same field of one contact."""
    contacts = {**figures["contacts"], "conflicts": conflicts, "fetched": fetched}
    # What was sent before is listed again, once, and is nothing new.
    others = {flow: {**row, "fetched": None} for flow, row in figures.items()}
    return {**others, "contacts": {**contacts, "fetched": None}, "articles": _figures(None)}


def sent(figures, here):
    """Return what a sync must count after changes in Odoo.

    :param dict here: flow code to what must be sent
    """
    both = {**figures, "articles": _figures(None)}
    return {flow: {**row, **here.get(flow, {})} for flow, row in both.items()}


def unchanged(figures):
    """Return what a sync must count when nothing has changed since the one that counted `figures`."""
    # Kinto's delta is empty then; the shop always lists everything; the other Odoo repeats the last second.
    fetched = {"contacts": 0, "partners": None}
    return {flow: _figures(fetched.get(flow, row["fetched"])) for flow, row in figures.items()}
