"""Systems that nobody here wrote call the webhook: localstripe, signed as Stripe does, and a flow of Directus."""

import json
import urllib.request

import pytest
from bridge_dev import servers
from conftest import ROOT, wait_for

STRIPE_SECRET = "whsec_of_localstripe"
HEADER_SECRET = "secret-of-the-directus-flow"


@pytest.fixture
def hooked(world):
    """Has a connector of demo/ live with a webhook, and a server with lanes that it calls."""

    def open_webhook(name, url, secret, webhook, hook_secret, purpose):
        database = world.database(purpose)
        definition = json.loads((ROOT / "data" / "gallery" / f"{name}.json").read_text())
        definition["connector"] |= {"base_url": url, "webhook": webhook}
        worker = world.worker(database)
        path = worker.call("configure_hooked", definition=definition, secret=secret, hook_secret=hook_secret)
        server = world.enter(world.workplace.odoo.server(database, crons=2, name=f"system-{purpose}"))
        return worker, world.sql(database), server.url + path

    return open_webhook


def arrived(sql, external_id, what, action="write_date IS NOT NULL"):
    """Wait for what a webhook tells of a record to be in Odoo; return its row."""

    def found():
        query = (
            "SELECT partner.name, partner.phone, partner.active FROM bridge_binding binding"
            " JOIN res_partner partner ON partner.id = binding.res_id"
            f" WHERE binding.res_model = 'res.partner' AND binding.external_id = %s AND partner.{action}"
        )
        return sql.rows(query, str(external_id))

    return wait_for(found, what)[0]


def test_localstripe_tells_of_its_customers(world, hooked):
    shop = world.enter(servers.localstripe(world.workplace))
    routes = [
        {"event": "customer.deleted", "flow": "customers", "action": "delete", "path": "data.object.id"},
        {"event": "customer.created", "flow": "customers", "action": "payload", "path": "data.object"},
        {"event": "customer.updated", "flow": "customers", "action": "fetch", "path": "data.object.id"},
    ]
    _worker, sql, address = hooked(
        "localstripe_shop",
        f"{shop.url}/v1",
        shop.secret,
        {"scheme": "stripe", "routes": routes},
        STRIPE_SECRET,
        "hook_stripe",
    )
    body = json.dumps({"url": address, "secret": STRIPE_SECRET}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {shop.secret}"}
    urllib.request.urlopen(urllib.request.Request(f"{shop.url}/_config/webhooks/odoo", body, headers)).close()
    customer = shop.client("POST", "/v1/customers", {"name": "Åse Østergård", "email": "ase@shop.example"})
    assert arrived(sql, customer["id"], "the new customer")[0] == "Åse Østergård"
    shop.client("POST", f"/v1/customers/{customer['id']}", {"phone": "+45 33 12 34 56"})
    assert arrived(sql, customer["id"], "its phone", "phone IS NOT NULL")[1] == "+45 33 12 34 56"
    shop.client("DELETE", f"/v1/customers/{customer['id']}")
    gone = wait_for(
        lambda: sql.rows("SELECT event FROM bridge_delivery WHERE event = 'customer.deleted'"), "the deletion"
    )
    assert gone
    done = "SELECT event, state, reason FROM bridge_delivery WHERE event LIKE 'customer.%%' AND state != 'done'"
    wait_for(lambda: not sql.rows(done), "all are taken")
    assert arrived(sql, customer["id"], "its end", "active IS NOT TRUE")[2] is False
    assert sql.value("SELECT count(*) FROM bridge_delivery WHERE event LIKE 'customer.%%'") == 3
    assert sql.value("SELECT refused FROM bridge_gate") == 0


def test_directus_tells_by_a_flow_of_its_own(world, hooked):
    shop = world.enter(servers.directus(world.workplace))
    webhook = {
        "scheme": "header",
        "header": "X-Odoo-Token",
        "places": {"event": "event"},
        "routes": [
            {"event": "customers.items.*", "flow": "directus_customers", "action": "fetch", "path": "[key, keys[]][]"}
        ],
    }
    _worker, sql, address = hooked("directus_shop", shop.url, shop.secret, webhook, HEADER_SECRET, "hook_directus")
    client = shop.client
    events = {"type": "action", "scope": ["items.create", "items.update"], "collections": ["customers"]}
    flow = {"name": "Odoo", "status": "active", "trigger": "event", "options": events}
    flow_id = client("POST", "/flows", flow)["data"]["id"]
    request = {
        "method": "POST",
        "url": address,
        "headers": [{"header": "X-Odoo-Token", "value": HEADER_SECRET}],
        "body": "{{ $trigger }}",
    }
    operation = {"name": "Tell", "key": "tell", "type": "request", "position_x": 20, "position_y": 1}
    operation = client("POST", "/operations", {**operation, "flow": flow_id, "options": request})["data"]["id"]
    client("PATCH", f"/flows/{flow_id}", {"operation": operation})
    customer = client("POST", "/items/customers", {"name": "Zoë", "email": "zoe@directus.example"})["data"]
    assert arrived(sql, customer["id"], "the new customer")[0] == "Zoë"
    client("PATCH", f"/items/customers/{customer['id']}", {"phone": "+32 2 555"})
    assert arrived(sql, customer["id"], "its phone", "phone IS NOT NULL")[1] == "+32 2 555"
    wait_for(lambda: not sql.rows("SELECT id FROM bridge_delivery WHERE state = 'waiting'"), "all are taken")
    events = dict(sql.rows("SELECT event, min(state) FROM bridge_delivery GROUP BY event"))
    assert events == {"customers.items.create": "done", "customers.items.update": "done"}
