"""Xero by the definition in data/gallery/, against its API document: Prism holds each request against it."""

import json
import urllib.error
import urllib.request

import pytest
from conftest import ROOT, wait_for
from fault_server import FaultServer, json_answer
from lossy_proxy import LossyProxy
from vendor_documents import preferring, served

TABLES = ("res_partner", "product_product", "product_template", "account_move", "account_move_line")
CONTACTS, ITEMS, INVOICES = "xero_contacts", "xero_items", "xero_invoices"
TENANT = "45e4708e-d862-4111-ab3a-dd8cd03913e1"
CHANGED, DAY = "/Date(1772359200000+0000)/", "/Date(1772323200000+0000)/"  # 2026-03-01, 10:00 and 00:00 UTC


def uuid(kind, number):
    return f"00000000-0000-4000-8000-0000000{kind}{number:04}"


ANN, BEN, NEW = (uuid("a", number) for number in (1, 2, 3))
TEA = uuid("b", 1)


def contact(contact_id, name, **more):
    return {"ContactID": contact_id, "Name": name, "ContactStatus": "ACTIVE", "UpdatedDateUTC": CHANGED, **more}


CUSTOMERS = [
    contact(
        ANN,
        "Åse & Sons",
        EmailAddress="ann@xero.example",
        Addresses=[
            {"AddressType": "POBOX", "AddressLine1": "PO Box 1", "City": "Elsewhere"},
            {
                "AddressType": "STREET",
                "AddressLine1": "5 High St",
                "City": "Perth",
                "PostalCode": "6000",
                "Country": "Australia",
            },
        ],
        Phones=[
            {"PhoneType": "FAX", "PhoneNumber": "1"},
            {"PhoneType": "DEFAULT", "PhoneCountryCode": "61", "PhoneAreaCode": "8", "PhoneNumber": "5550 100"},
        ],
    ),
    contact(BEN, "Ben Supplies"),
    contact(uuid("a", 9), "Gone", ContactStatus="ARCHIVED"),
]
BOX = CUSTOMERS[0]["Addresses"][0]


def line(number, quantity, unit, amount, tax=0, **more):
    about = {"LineItemID": uuid("c", number), "Description": f"Line {number}", "Quantity": quantity}
    return {**about, "UnitAmount": unit, "LineAmount": amount, "TaxAmount": tax, **more}


def invoice(number, total, tax, lines, kind="Exclusive", **more):
    about = {"InvoiceID": uuid("d", number), "Type": "ACCREC", "Status": "AUTHORISED", "Contact": {"ContactID": ANN}}
    about |= {"InvoiceNumber": f"INV-{number}", "Date": DAY, "DueDate": DAY, "CurrencyCode": "USD"}
    about |= {"LineAmountTypes": kind, "LineItems": lines, "TotalTax": tax, "Total": total, "UpdatedDateUTC": CHANGED}
    return {**about, **more}


# Half a cent is rounded to the even one there and away from zero in Odoo; a discount; a tax that somebody corrected.
HARD = invoice(
    1,
    35.56,
    4.65,
    [
        line(1, 3, 0.335, 0.93, 0.14, DiscountRate=7.5, Item={"ItemID": TEA, "Code": "TEA"}),
        line(2, 1.5, 19.99, 29.98, 4.51),
    ],
    Reference="PO 7",
)
INCLUSIVE = invoice(
    2,
    20.02,
    3.34,
    [line(3, 2, 10.01, 20.02, 3.34), {"LineItemID": uuid("c", 4), "Description": "Thanks"}],
    kind="Inclusive",
)
YEN = invoice(3, 999, 0, [line(5, 3, 333, 999)], kind="NoTax", CurrencyCode="JPY")
BILL = invoice(4, 120.01, 20, [line(6, 7, 14.2871, 100.01, 20)], Type="ACCPAY", Contact={"ContactID": BEN})
VOIDED = invoice(5, 1, 0, [line(7, 1, 1, 1)], Status="VOIDED")
WRONG = invoice(6, 11, 0, [line(8, 1, 10, 10)])  # its total is not that of its lines
TOTALS = {
    1: (35.56, "USD", "out_invoice"),
    2: (20.02, "USD", "out_invoice"),
    3: (999.0, "JPY", "out_invoice"),
    4: (120.01, "USD", "in_invoice"),
}
SENT = {**CUSTOMERS[0], "EmailAddress": "new@xero.example", "UpdatedDateUTC": "/Date(1772362800000+0000)/"}
MADE = contact(NEW, "Cy Customer", EmailAddress="cy@xero.example")


def page(name, records, number, of):
    return {"pagination": {"page": number, "pageSize": 100, "pageCount": 2, "itemCount": of}, name: records}


EXAMPLES = {
    ("get", "/Contacts"): {
        "page1": page("Contacts", CUSTOMERS[:2], 1, 3),
        "page2": page("Contacts", CUSTOMERS[2:], 2, 3),
        "nothing": {"Contacts": []},
    },
    ("get", "/Contacts/{ContactID}"): {one["ContactID"]: {"Contacts": [one]} for one in CUSTOMERS},
    ("put", "/Contacts"): {"made": {"Contacts": [MADE]}},
    ("post", "/Contacts/{ContactID}"): {ANN: {"Contacts": [SENT]}},
    ("get", "/Items"): {
        "all": {
            "Items": [
                {
                    "ItemID": TEA,
                    "Code": "TEA",
                    "Name": "Tea",
                    "UpdatedDateUTC": CHANGED,
                    "SalesDetails": {"UnitPrice": 0.335},
                }
            ]
        }
    },
    ("get", "/Invoices"): {
        "page1": page("Invoices", [HARD, INCLUSIVE, YEN], 1, 6),
        "page2": page("Invoices", [BILL, VOIDED, WRONG], 2, 6),
    },
    ("get", "/Invoices/{InvoiceID}"): {one["InvoiceID"]: {"Invoices": [one]} for one in (HARD, WRONG)},
}
PREFERS = {
    (CONTACTS, "list"): "page{page}",
    (CONTACTS, "find"): "nothing",
    (INVOICES, "list"): "page{page}",
    **{(flow, kind): "{external_id}" for flow in (CONTACTS, INVOICES) for kind in ("get", "update")},
}


@pytest.fixture(scope="module")
def xero(module_world, tmp_path_factory):
    """An Odoo with a chart of accounts, a Xero, its identity server, and what was complained of."""
    folder = tmp_path_factory.mktemp("xero")
    server, violations = module_world.enter(served(module_world.workplace, folder, "xero", EXAMPLES))
    proxy = module_world.enter(LossyProxy(server.url))
    identity = module_world.enter(FaultServer())
    identity.route("/token", json_answer({"access_token": server.secret, "expires_in": 1800, "refresh_token": "next"}))
    database = module_world.database("xero")
    worker, sql = module_world.worker(database), module_world.sql(database)
    definition = preferring(json.loads((ROOT / "data" / "gallery" / "xero.json").read_text()), PREFERS)
    definition["connector"]["base_url"] = proxy.url
    definition["connector"]["auth"] |= {"token_url": f"{identity.url}/token", "client_id": "our-client"}
    definition["connector"]["headers"]["xero-tenant-id"] = TENANT
    worker.call("activate_currency", code="JPY")
    worker.call("set_up_accounting")
    worker.call("configure", definition=definition, secret="our-secret", flow={"interval_number": 0})
    worker.call("set_secrets", secret="our-secret", refresh_token="first")
    first = worker.call("sync")
    yield worker, sql, proxy, identity, first
    assert violations() == []


def sent_by(proxy, wanted):
    """The contacts of the requests of a method, of which there is one."""
    (body,) = (body for (method, _path), body in zip(proxy.requests, proxy.bodies, strict=True) if method == wanted)
    return json.loads(body)["Contacts"]


def test_token_comes_as_xero_gives_it(xero):
    """By the refresh token of the person who agreed, with client id and secret in the header."""
    (asked,) = xero[3].requests
    assert (asked.form["grant_type"], asked.form["refresh_token"]) == ("refresh_token", "first")
    assert set(asked.form) == {"grant_type", "refresh_token", "scope"}
    assert asked.headers["authorization"].startswith("Basic ")


def test_all_is_in_odoo_place_by_place(xero):
    worker, *_rest, first = xero
    figures = {flow: (row["fetched"], row["created"], row["failed"], row["pages"]) for flow, row in first.items()}
    assert figures == {CONTACTS: (3, 2, 0, 2), ITEMS: (1, 1, 0, 1), INVOICES: (6, 4, 1, 2)}
    paths = ("name", "email", "street", "city", "zip", "country_id.code", "phone", "category_id.name")
    assert worker.call("record", flow=CONTACTS, external_id=ANN, paths=paths) == {
        "name": "Åse & Sons",
        "email": "ann@xero.example",
        "street": "5 High St",
        "city": "Perth",
        "zip": "6000",
        "country_id.code": "AU",
        "phone": "61 8 5550 100",
        "category_id.name": ["Xero"],
    }
    item = worker.call("record", flow=ITEMS, external_id=TEA, paths=["name", "default_code", "lst_price"])
    assert item == {"name": "Tea", "default_code": "TEA", "lst_price": 0.335}


@pytest.mark.parametrize("number", sorted(TOTALS))
def test_total_is_right_to_the_cent(xero, number):
    paths = ["amount_total", "currency_id.name", "move_type"]
    found = xero[0].call("record", flow=INVOICES, external_id=uuid("d", number), paths=paths)
    assert tuple(found.values()) == TOTALS[number]


def test_lines_say_what_makes_the_total(xero):
    worker = xero[0]
    names = ("name", "quantity", "price_subtotal", "product_id.default_code", "tax_ids.name")
    assert worker.call("read_path", flow=INVOICES, external_id=uuid("d", 1), path="invoice_line_ids", names=names) == [
        ["Line 1", 3.0, 0.93, "TEA", []],
        ["Line 2", 1.5, 29.98, None, []],
        ["Tax", 1.0, 4.65, None, []],
    ]
    paths = ("ref", "invoice_origin", "invoice_date", "invoice_date_due", "state", "partner_id.name")
    found = worker.call("record", flow=INVOICES, external_id=uuid("d", 1), paths=paths)
    assert tuple(found.values()) == ("INV-1", "PO 7", "2026-03-01", "2026-03-01", "draft", "Åse & Sons")


def test_invoice_whose_lines_do_not_make_its_total_is_refused_and_voided_ones_do_not_come(xero):
    _worker, sql, *_rest, first = xero
    (problem,) = first[INVOICES]["problems"]
    assert "“Total” would be 10.0 in Odoo, and is 11.0 in the other system" in problem
    assert sql.value("SELECT count(*) FROM account_move WHERE ref IN ('INV-5', 'INV-6')") == 0


@pytest.mark.parametrize("full", [False, True])
def test_second_sync_changes_nothing(xero, full):
    worker, sql, proxy, *_rest = xero
    before = sql.versions(*TABLES)
    begin = len(proxy.requests)
    figures = worker.call("sync", full=full)
    written = {flow: (row["created"], row["updated"], row["archived"]) for flow, row in figures.items()}
    assert written == dict.fromkeys(figures, (0, 0, 0))
    assert sql.versions(*TABLES) == before
    assert {method for method, _path in proxy.requests[begin:]} == {"GET"}


def test_contact_goes_to_xero_as_its_document_allows(xero):
    """What is not mapped of a list stays in it, and a new contact is there once."""
    worker, _sql, proxy, *_rest = xero
    worker.call("write", flow=CONTACTS, external_id=ANN, values={"email": "new@xero.example", "street": "6 High St"})
    figures = worker.call("sync", flows=[CONTACTS])
    assert (figures[CONTACTS]["sent_updated"], figures[CONTACTS]["problems"]) == (1, [])
    (sent,) = sent_by(proxy, "POST")
    assert sent["ContactID"] == ANN
    assert sent["Addresses"][0] == BOX
    assert sent["Addresses"][1] == {**CUSTOMERS[0]["Addresses"][1], "AddressLine1": "6 High St"}
    values = {"name": "Cy Customer", "email": "cy@xero.example"}
    worker.call("create", model="res.partner", values=values, tags=["Xero"])
    figures = worker.call("sync", flows=[CONTACTS])
    assert (figures[CONTACTS]["sent_created"], figures[CONTACTS]["problems"]) == (1, [])
    (sent,) = sent_by(proxy, "PUT")
    assert sent.pop("ContactNumber"), "our own reference, by which it is found again"
    assert sent == {"Name": "Cy Customer", "EmailAddress": "cy@xero.example"}


def test_prism_refuses_what_the_document_does_not_allow(world, tmp_path):
    """Else no test above would prove anything: a field that is not named, a header that is missing, no token."""
    server, violations = world.enter(served(world.workplace, tmp_path, "xero", EXAMPLES))
    good = {"Authorization": "Bearer x", "xero-tenant-id": TENANT, "Content-Type": "application/json"}

    def status(headers, body):
        request = urllib.request.Request(f"{server.url}/Contacts", json.dumps(body).encode(), headers, method="PUT")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    assert status(good, {"Contacts": [{"Name": "A"}]}) == 200
    assert violations() == []
    assert status(good, {"Contacts": [{"Nmae": "A"}]}) == 422
    without = {name: value for name, value in good.items() if name != "xero-tenant-id"}
    assert status(without, {"Contacts": []}) == 422
    without = {name: value for name, value in good.items() if name != "Authorization"}
    assert status(without, {"Contacts": []}) == 401
    wait_for(lambda: len(violations()) == 6, "a line for what is wrong, and one for the refusal, of each")
