from odoo.tests import TransactionCase, new_test_user

from .servers.list_server import ListServer


def definition(url, flows=None, **about):
    """A connector definition for a ``ListServer``: things to contacts."""
    return {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {"code": "things_system", "name": "System of Things", "base_url": url, **about},
        "flows": flows if flows is not None else [things_flow()],
    }


def things_flow(**values):
    """A flow of things to contacts, with offset paging."""
    return {
        "code": "things",
        "name": "Things",
        "model": "res.partner",
        "page_size": 3,
        "record": {"id": "id", "updated": "updated", "deleted": "deleted"},
        "operations": [list_operation("things"), {"kind": "get", "path": "/things/{external_id}", "records": "@"}],
        "fields": [
            field("name", "name", required=True),
            field("email", "email", key=True),
            field("phone", "phone"),
        ],
        **values,
    }


def list_operation(collection, **values):
    return {
        "kind": "list",
        "path": f"/{collection}",
        "query": {"limit": "{limit}", "offset": "{offset}"},
        "records": "items",
        "pagination": {"type": "offset", "end": "short_page"},
        **values,
    }


def field(name, path=None, converter="text", **values):
    return {"field": name, "path": path, "converter": converter, **values}


def thing(number, **values):
    return {"id": number, "name": f"Thing {number}", "email": f"thing{number}@example.com", "updated": number, **values}


class BridgeCase(TransactionCase):
    """A live connector to a real server on loopback, and lanes that can be told to work."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ListServer().start()
        cls.addClassCleanup(cls.server.stop)
        cls.env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
        cls.acting = new_test_user(cls.env, "bridge_acting", "base.group_user,base.group_partner_manager")
        cls.env["bridge.connector"].search([]).write({"state": "disabled"})
        cls.lane = cls.env.ref("integration_bridge.lane_1")

    def setUp(self):
        super().setUp()
        self.server.records.clear()
        self.server.requests.clear()
        self.server.faults.clear()

    def connect(self, *flows, **about):
        """Import a definition with these flows and go live; return the first flow."""
        document = definition(self.server.url, list(flows) or None, **about)
        self.connector = self.env["bridge.connector"]._import_definition(document)
        self.connector.write({"user_id": self.acting.id, "state": "live"})
        return self.connector.flow_ids.filtered(lambda flow: not flow.parent_id)[:1]

    def sync(self, flow, full=False):
        """Have a lane run a flow; return the run."""
        run = flow._enqueue("manual", full=full)
        self.work()
        return run

    def work(self):
        """Have a lane do all that is due, as Odoo's scheduler would."""
        with self.enter_registry_test_mode():
            self.assertIs(self.lane.method_direct_trigger(), True)
        self.env.invalidate_all()

    def counters(self, run):
        names = ("created", "updated", "linked", "unchanged", "archived", "removed", "skipped", "failed")
        return {name: run[name] for name in names if run[name]}

    def bound(self, flow, external_id):
        """The Odoo record of a remote record; empty if there is none."""
        binding = self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("external_id", "=", str(external_id))])
        return self.env[flow.model].browse(binding.res_id) if binding.res_id else self.env[flow.model]

    def failures(self, flow):
        return self.env["bridge.job"].search([("flow_id", "=", flow.id), ("state", "in", ("failed", "pending"))])

    def log_of(self, run, action=None):
        return run.log_ids.filtered(lambda line: action in (None, line.action))
