"""Attacks by reading (hole 11): nobody reads in the bridge what he may not read in the record."""

import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .common import field, thing, things_flow
from .test_attack_acting import BRIDGE, AttackCase

SECRET = "Top-Secret-4711"
RAW = {
    "bridge.binding": ("odoo_snapshot", "remote_snapshot", "intent"),
    "bridge.log": ("changes", "message", "record_name"),
    "bridge.job": ("payload", "error_message", "record_name"),
    "bridge.drift": ("differences", "message", "record_name"),
    "bridge.conflict": ("odoo_value", "remote_value", "agreed_value", "record_name"),
    "bridge.exchange": ("url", "request_body", "response_body"),
    "bridge.run": ("position",),
}
PLACES = (*RAW, "bridge.failure", "bridge.change", "bridge.alert")


@tagged("post_install", "-at_install")
class TestReading(AttackCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.readers = {
            name: new_test_user(
                cls.env, f"attack_reads_{name}", f"base.group_user,base.group_allow_export,{BRIDGE}{name}"
            )
            for name in ("user", "operator", "administrator")
        }

    def setUp(self):
        """The secret is the phone of a contact, in every place where the bridge keeps something of a record."""
        super().setUp()
        fields = [*things_flow()["fields"], field("color", "color", "integer")]
        flow = self.flow = self.connect(things_flow(fields=fields), log_level="everything")
        self.server.records["things"] = [thing(1, phone=SECRET, color=1)]
        self.sync(flow)
        self.server.records["things"][0].update(phone=f"{SECRET}!", color=SECRET, updated=2)
        run = self.sync(flow, full=True)  # a failure whose message and payload have it
        self.record = self.bound(flow, 1)
        self.conflict(flow, 1, odoo=f"{SECRET}1", remote=f"{SECRET}2", agreed=SECRET)
        row = {"kind": "different", "external_id": "1", "res_id": self.record.id, "record_name": "Thing 1"}
        self.env["bridge.drift"]._insert(flow, run, [{**row, "differences": {"phone": [SECRET, f"{SECRET}3"]}}])
        self.env.flush_all()

    def read_as(self, person):
        """All that a person can read in all our places: text by model."""
        self.env.invalidate_all()
        found = {}
        for name in PLACES:
            model = self.env[name].with_user(person)
            if model.has_access("read"):
                about = model.fields_get(attributes=["type"])
                rows = model.search([]).read(
                    [one for one, field in about.items() if "2many" not in field["type"] and one != "exchange_count"]
                )
                found[name] = json.dumps(rows, default=str)
        return found

    def places(self, person, text=SECRET):
        return {name for name, said in self.read_as(person).items() if text in said}

    def hide_model(self):
        rows = self.env["ir.model.access"].search([("model_id.model", "=", "res.partner")])
        rows.filtered(lambda row: row.group_id != self.env.ref("base.group_partner_manager")).perm_read = False

    def hide_record(self):
        self.env["ir.rule"].create(
            {
                "name": "x",
                "model_id": self.model("res.partner"),
                "groups": [Command.link(self.env.ref(f"{BRIDGE}user").id)],
                "domain_force": "[('name', 'not like', 'Thing')]",
            }
        )

    def hide_field(self):
        for name in ("phone", "color"):
            self.patch(self.env["res.partner"]._fields[name], "groups", "base.group_system")

    def test_who_may_read_the_record_reads_what_was_synced(self):
        everywhere = {"bridge.log", "bridge.job", "bridge.drift", "bridge.conflict", "bridge.failure"}
        self.assertGreaterEqual(self.places(self.readers["user"]), everywhere)
        self.assertGreaterEqual(self.places(self.readers["operator"]), {*everywhere, "bridge.exchange"})

    def test_attacks_of_who_may_not_read_it(self):
        for hide in (self.hide_model, self.hide_record, self.hide_field):
            with self.subTest(hide.__name__), self.env.cr.savepoint() as savepoint:
                hide()
                for name, person in self.readers.items():
                    self.assertEqual(self.places(person), set(), name)
                savepoint.close(rollback=True)
            self.env.registry.clear_cache()
            self.env.invalidate_all()

    def test_attack_name_of_a_record_is_read_and_guessed(self):
        reader = self.readers["operator"]
        self.record.name = "Other"  # what is kept is the name of that moment
        names = {"bridge.log", "bridge.job", "bridge.drift", "bridge.conflict"}
        found = {name: self.env[name].with_user(reader).search([("record_label", "=like", "Thing%")]) for name in names}
        for name, lines in found.items():
            self.assertIn("Thing 1", lines[:1].display_name, name)
        self.record.name = "Thing 1"
        self.hide_record()
        for name, lines in found.items():
            with self.subTest(name):
                self.assertFalse(self.env[name].with_user(reader).search([("record_label", "=like", "Thing%")]))
                lines.invalidate_recordset()
                self.assertNotIn("Thing 1", lines[:1].display_name)

    def test_search_by_name_looks_each_record_up_by_its_id(self):
        """With more records than work_mem holds, a list of the hidden ones would be gone through for each line."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO res_partner
            SELECT many.*
              FROM res_partner one, generate_series(1, 5000) number,
                   jsonb_populate_record(one, jsonb_build_object('id', 1000000 + number)) many
             WHERE one.id = %s
            """,
            [self.record.id],
        )
        self.env.cr.execute("ANALYZE res_partner; SET LOCAL work_mem = '64kB'")
        query = self.env["bridge.log"].with_user(self.readers["user"])._search([("record_label", "=like", "Thing%")])
        self.env.cr.execute(SQL("EXPLAIN (FORMAT JSON) %s", query.select()))
        lists = [node for node in _subplans(self.env.cr.fetchone()[0][0]["Plan"]) if node["Plan Rows"] > 100]
        self.assertEqual(lists, [])

    def test_attack_raw_columns_by_every_way_of_reading(self):
        for model, names in RAW.items():
            for name in names:
                for who, person in self.readers.items():
                    records = self.env[model].with_user(person)
                    if not records.has_access("read"):
                        continue
                    attacks = {
                        "read": lambda records=records, name=name: records.search([]).read([name]),
                        "search": lambda records=records, name=name: records.search([(name, "!=", False)]),
                        "group": lambda records=records, name=name: records._read_group([], [name]),
                        "export": lambda records=records, name=name: records.search([]).export_data([name]),
                        "order": lambda records=records, name=name: records.search([], order=name),
                        "web_read": lambda records=records, name=name: records.search([]).web_read({name: {}}),
                        "mapped": lambda records=records, name=name: records.search([]).mapped(name),
                    }
                    for way, attack in attacks.items():
                        with (
                            self.subTest(model, field=name, who=who, way=way),
                            self.assertRaises(AccessError),
                        ):
                            self.env.invalidate_all()
                            attack()

    def test_attack_through_a_binding(self):
        for person in self.readers.values():
            bindings = self.env["bridge.flow"].with_user(person)
            with self.assertRaises(AccessError):
                self.env["bridge.job"].with_user(person).search([("flow_id.connector_id.secret_sealed", "!=", False)])
            with self.assertRaises(AccessError):
                self.env["bridge.conflict"].with_user(person).search([("binding_id.odoo_snapshot", "!=", False)])
            self.assertFalse(bindings.env.su)

    def keep_secret(self):
        approvals = type(self.env["bridge.approval"])
        original = approvals._is_secret
        self.patch(
            approvals, "_is_secret", lambda self, model, name: name in ("phone", "color") or original(self, model, name)
        )

    def test_attack_secret_field_is_shown_to_nobody(self):
        self.keep_secret()
        for person in (*self.readers.values(), self.system):
            self.assertEqual(self.places(person), set(), person.login)

    def test_secret_field_is_not_written_down_in_the_log(self):
        self.keep_secret()
        self.server.records["things"][0].update(color="Other-Secret", updated=3)
        self.sync(self.flow, full=True)
        job = self.failures(self.flow)
        self.assertNotIn("Other-Secret", job.error_message + job.error_group, "nor in an alert, or its e-mail")
        self.server.records["things"].append(thing(7, phone="Other-Secret", updated=3))
        run = self.sync(self.flow, full=True)
        line = self.log_of(run, "create")
        self.assertEqual(line.changes["phone"][1], "***")
        self.assertEqual(line.changes["name"][1], "Thing 7")

    def test_what_was_not_shown_is_kept_when_a_record_is_edited(self):
        self.operator.group_ids += self.env.ref("base.group_system")  # may write it, see hole 5
        self.keep_secret()
        job = self.failures(self.flow).with_user(self.operator)
        shown = json.loads(job.payload_text)
        self.assertEqual(shown["phone"], "***")
        job._replay({**shown, "color": 5, "name": "By hand"})
        self.work()
        self.assertEqual((self.record.name, self.record.phone), ("By hand", f"{SECRET}!"))


def _subplans(node):
    """What PostgreSQL does for each row of another part of a plan."""
    for inner in node.get("Plans", ()):
        if inner.get("Parent Relationship") == "SubPlan":
            yield inner
        yield from _subplans(inner)
