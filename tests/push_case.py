"""What the tests of pushing have in common: contacts of a server that is written to."""

from .common import BridgeCase, definition, field
from .servers.record_server import RecordServer


def contacts_flow(direction="push", authority="odoo", **values):
    """Contacts of a ``RecordServer``, with everything a two-way flow needs."""
    return {
        "code": "contacts",
        "name": "Contacts",
        "model": "res.partner",
        "direction": direction,
        "authority": authority,
        "page_size": 20,
        "push_domain": [["ref", "=", "bridge"]],
        "odoo_delete_policy": "delete",
        "leave_policy": "delete",
        "record": {"id": "id", "updated": "updated", "version": "updated", "deleted": "deleted"},
        "operations": contacts_operations(),
        "fields": [
            field("name", "name", required=True),
            field("email", "email", key=True),
            field("phone", "phone"),
            field("ref", "ref"),
        ],
        **values,
    }


def contacts_operations(*without, conditional=False, **more):
    one = "/contacts/{external_id}"
    headers = {"If-Match": '"{version}"'} if conditional else {}
    operations = {
        "list": {
            "kind": "list",
            "path": "/contacts",
            "query": {"since": "{since}", "limit": "{limit}", "offset": "{offset}"},
            "records": "records",
            "pagination": {"type": "offset", "end": "short_page"},
            "delta": {"type": "timestamp", "format": "integer", "source": "record"},
        },
        "get": {"kind": "get", "path": one},
        "create": {"kind": "create", "method": "POST", "path": "/contacts"},
        "update": {"kind": "update", "method": "PATCH", "path": one, "headers": headers},
        "delete": {"kind": "delete", "method": "DELETE", "path": one, "headers": headers},
        **more,
    }
    return [operation for kind, operation in operations.items() if kind not in without]


class PushCase(BridgeCase):
    """A live connector to a server that is written to."""

    def setUp(self):
        super().setUp()
        self.remote = RecordServer()
        self.addCleanup(self.remote.close)

    def connect(self, *flows, **about):
        document = definition(self.remote.url, list(flows), **about)
        self.connector = self.env["bridge.connector"]._import_definition(document)
        self.connector.write({"user_id": self.acting.id, "state": "live"})
        return self.connector.flow_ids.filtered(lambda flow: not flow.parent_id)[:1]

    def partner(self, name="Ada", **values):
        email = f"{name.lower().replace(' ', '.')}@example.com"
        return self.env["res.partner"].create({"name": name, "email": email, "ref": "bridge", **values})

    def there(self, **values):
        """What somebody puts there."""
        return self.remote.put("contacts", values)

    def forget(self, records):
        """Begin anew: neither side has anything, and no flow connects them."""
        self.connector.unlink()
        records.exists().unlink()
        self.remote.records.clear()

    @property
    def contacts(self):
        return self.remote.records["contacts"]

    def names_there(self):
        return sorted(document["name"] for document in self.contacts.values())

    def binding(self, flow, record):
        return self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("res_id", "=", record.id)])

    def settle(self):
        """Commit as a user's transaction would, and have a lane do what is due."""
        self.env.cr.flush()
        self.work()

    def writes(self):
        """How many requests that are not GET came since the last time."""
        writes = self.remote.counters()["writes"]
        self.remote.reset_counters()
        return writes
