"""The matrix: each model and each public method of ours, as each kind of person, over each door (attack_table.py)."""

import base64
import json

from odoo.tests import HttpCase, tagged

from . import attack_table as table
from .attack_doors import Doors
from .common import definition, field, thing, things_flow
from .test_attack_acting import AttackCase

OURS = "odoo.addons.integration_bridge."
CRUD = {"r": "read", "w": "write", "c": "create", "d": "unlink"}
CALLED = {
    "code": "called",
    "name": "Called",
    "model": "res.partner",
    "direction": "both",
    "is_called": True,
    "record": {"id": "id"},
    "delete_policy": "ignore",
    "push_domain": [("ref", "=", "door")],
    "fields": [field("name", "name", required=True)],
}
ABOUT_OURS = (
    "{}: say in tests/attack_table.py ({}) who may do what with it, and take the least. Is it for our code only? Then"
    " let its name begin with “_”."
)


def public_methods(env):
    """Each public method that a class of ours defines, of each model that has it.

    :return: ``model.method``
    :rtype: set[str]
    """
    found = set()
    for name in env.registry:
        for cls in type(env[name]).mro():
            if cls.__module__.startswith(OURS):
                found |= {(name, one) for one, value in vars(cls).items() if callable(value) and one[0] != "_"}
    return {
        f"{name}.{one}"
        for name, one in found
        if one not in CRUD.values()
        and not any(getattr(getattr(cls, one, None), "_api_private", False) for cls in type(env[name]).mro())
    }


class MatrixCase(HttpCase, AttackCase):
    """One record of each model of ours, and each kind of person with a key."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doors = Doors(cls)
        for name in table.PEOPLE[:-1]:
            cls.doors.person(name)

    def setUp(self):
        super().setUp()
        self.doors.case = self
        self.flow = self.connect(things_flow(), CALLED, log_level="everything")
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        run = self.sync(self.flow)
        self.connector.caller_ids = self.doors.people["external"]
        self.give_records(run)
        self.connector.action_approve()

    def give_records(self, run):
        """One record of each model that has not got one by the run."""
        flow, partner = self.flow, self.bound(self.flow, 1)
        conflict = self.conflict(flow, 1)
        self.env["bridge.change"]._note(flow.id, "res.partner", partner.ids)
        self.env.cr.flush()
        about = {"flow_id": flow.id, "res_id": partner.id}
        job = self.failures(flow)
        make = {
            "bridge.alert": {"key": "x", "kind": "paused", "message": "x", "connector_id": self.connector.id},
            "bridge.drift": {**about, "run_id": run.id, "kind": "different", "external_id": "1"},
            "bridge.exchange": {
                "connector_id": self.connector.id,
                "run_id": run.id,
                "method": "GET",
                "url": "http://x",
            },
            "bridge.delivery": {"connector_id": self.connector.id, "delivery_id": "x", "received": "2026-01-01"},
            "bridge.feed": {**about, "number": 1},
            "bridge.newest": {"flow_id": flow.id, "external_id": "1", "version": 1.0},
            "bridge.route": {"connector_id": self.connector.id, "flow_id": flow.id, "event": "*", "action": "fetch"},
            "bridge.key": {"model": "res.partner", "digest": "x"},
            "bridge.request": {"flow_id": flow.id, "request_id": "x", "digest": "x", "answer": {}},
            "bridge.seen": {"run_id": run.id, "external_id": "1"},
            "bridge.change": {**about, "res_model": "res.partner"},
        }
        self.wizards = {
            "bridge.anew": {"flow_id": flow.id, "kind": "pull"},
            "bridge.caller": {"connector_id": self.connector.id, "name": "x"},
            "bridge.connect": {"entry": "none", "name": "x", "base_url": self.server.url},
            "bridge.connect.line": {"connect_id": self.own_connect, "name": "x"},
            "bridge.look": {"operation_id": flow._operation("list").id, "take_id": True, "id_path": "id"},
            "bridge.find": {"sought": "1"},
            "bridge.find.line": {"find_id": self.own_find, "flow_id": flow.id, "res_id": partner.id},
            "bridge.hook.secret": {"connector_id": self.connector.id},
            "bridge.definition.import": {"file": base64.b64encode(json.dumps(definition("http://x")).encode())},
            "bridge.job.ignore": {"domain": json.dumps([("id", "in", job.ids)]), "reason": "x"},
            "bridge.job.replay": {"job_id": job.id, "payload_text": json.dumps(thing(2))},
            "bridge.job.there": {"job_id": job.id, "external_id": "1"},
            "bridge.recover": {"flow_id": flow.id, "external_ids": "1"},
            "res.config.settings": {},
        }
        for model, values in make.items():
            names = self.env[model]._fields
            if not self.env[model].search_count([], limit=1):
                self.env[model].create({name: value for name, value in values.items() if name in names})
        self.assertTrue(job and conflict)
        self.env.flush_all()

    def of(self, model, who):
        """The record of a model that a person attacks: of a form his own, if he can make one, else somebody's.

        :rtype: list[int]
        """
        records = self.env[model]
        if model not in self.wizards:
            same_flow = [("flow_id", "=", self.flow.id)] if "flow_id" in records._fields and records._auto else []
            found = records.search(same_flow, limit=1) or records.search([], limit=1)
            self.assertTrue(found or records._abstract, f"no record of {model}")
            return found.ids
        person = self.doors.people.get(who)
        is_able = person and records.with_user(person).has_access("create")
        maker = person if is_able else self.doors.people["system"]
        values = {name: one(maker) if callable(one) else one for name, one in self.wizards[model].items()}
        return records.with_user(maker).create(values).ids

    def own_find(self, maker):
        return self.env["bridge.find"].with_user(maker).create({"sought": "1"}).id

    def own_connect(self, maker):
        return self.env["bridge.connect"].with_user(maker).create({"entry": "openapi"}).id

    def attempt(self, door, who, model, method, may, **arguments):
        """Call it; what it does is undone."""
        with self.env.cr.savepoint() as savepoint:
            answer = self.doors.call(door, who, model, method, **arguments)
            savepoint.close(rollback=True)
        self.env.invalidate_all()
        with self.subTest(model=model, method=method, who=who, door=door):
            expected = ("done", "refused") if may else ("denied",)
            self.assertIn(answer.said, expected, str(answer.value)[-1500:])
        return answer


@tagged("post_install", "-at_install")
class TestTable(AttackCase):
    """The table has a row for each model and each method, and no other."""

    def test_each_model_has_its_row(self):
        ours = {name for name in self.env.registry if self.env[name]._original_module == "integration_bridge"}
        rows = table.MODELS.keys() | table.ABSTRACT
        for name in sorted(ours ^ rows):
            self.fail(ABOUT_OURS.format(name, "MODELS") if name in ours else f"{name} is gone: take its row away")
        self.assertEqual({name for name in ours if self.env[name]._abstract}, table.ABSTRACT)

    def test_each_public_method_has_its_row(self):
        found = public_methods(self.env)
        found -= {name for name in found - table.METHODS.keys() if name.rpartition(".")[0] in table.ABSTRACT}
        rows = table.METHODS.keys() | table.ODOO_S_OWN
        for name in sorted(found ^ rows):
            self.fail(ABOUT_OURS.format(name, "METHODS") if name in found else f"{name} is gone: take its row away")

    def test_each_person_has_his_column(self):
        self.assertTrue(all(len(row) == len(table.COLUMNS) for row in table.MODELS.values()))
        self.assertLess(set(table.METHODS.values()), {*table.ROLES, "?"})


@tagged("post_install", "-at_install")
class TestMatrix(MatrixCase):
    def crud(self, door):
        for model in (
            *table.MODELS,
            *sorted(table.ABSTRACT if door == "json2" else ()),
        ):  # without records once will do
            rights = dict(zip(table.COLUMNS, table.MODELS.get(model, ()), strict=False))
            name = next(
                (
                    one.name
                    for one in self.env[model]._fields.values()
                    if one.store and one.type in ("char", "text", "integer") and one.name != "id" and not one.groups
                ),
                "display_name",
            )
            for who in table.PEOPLE:
                if not self.env[model]._abstract:
                    ids = self.of(model, who)
                else:
                    ids = [1]
                arguments = {
                    "read": {"ids": ids, "fields": ["display_name"]},
                    "write": {"ids": ids, "vals": {name: 7}},
                    "create": {"vals_list": [{}]},
                    "unlink": {"ids": ids},
                }
                for letter, method in CRUD.items():
                    may = letter in rights.get(who, "-")
                    answer = self.attempt(door, who, model, method, may, **arguments[method])
                    if method == "read" and may:
                        self.assertTrue(answer.value, f"{who} reads {model}")

    def methods(self, door):
        abstract = {name for name in public_methods(self.env) if name.rpartition(".")[0] in table.ABSTRACT}
        for name in sorted({*table.METHODS, *abstract}):
            model, _dot, method = name.rpartition(".")
            is_model = getattr(getattr(type(self.env[model]), method), "_api_model", False)
            for who in table.PEOPLE:
                may = who in table.ROLES.get(table.METHODS.get(name), ())
                ids = None if is_model else [1] if model in table.ABSTRACT else self.of(model, who)
                arguments = table.ARGUMENTS.get(name) or table.ARGUMENTS.get(f"bridge.flow.{method}", {})
                self.attempt(door, who, model, method, may, ids=ids, **arguments)


for one in ("json2", "jsonrpc", "xmlrpc"):
    for what in ("crud", "methods"):

        def attack(self, door=one, what=what):
            getattr(self, what)(door)

        setattr(TestMatrix, f"test_attack_{what}_over_{one}", attack)
