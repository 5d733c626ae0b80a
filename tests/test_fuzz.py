"""Calls of the other system, and definitions, at random: done, or refused in words; never half, never a raw error.

``FUZZ=200000`` is the long form, together with ``unit/test_fuzz.py``. Hypothesis prints how to repeat what failed.
"""

import copy
import json
import logging

import psycopg2
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .attack_doors import Doors
from .common import BridgeCase, definition, field, list_operation, things_flow
from .unit.fuzz_values import TOTAL, documents, fuzzed, numbers, objects, odd, plain, texts, tried

CALLS, DEFINITIONS, DOORS = 9 / 80, 1 / 80 * 0.9, 1 / 80 * 0.1  # with seven eighths in unit/test_fuzz.py the long form
_logger = logging.getLogger(__name__)
AT_ONCE = 4  # calls one after the other, each of which finds what those before have done
FIELDS = [
    field("name", "name", required=True),
    field("email", "email", key=True),
    field("color", "color", "integer"),
    field("active", "active", "boolean"),
    field("comment", "comment", "html"),
    field("partner_latitude", "latitude", "decimal"),
    field("category_id", "tags", "many2many_key", options={"field": "name", "create": True}),
    field("parent_id", "parent", "many2one_binding", options={"flow": "fuzzed"}),
    {"field": "ref", "converter": "constant", "options": {"value": "fuzz"}, "direction": "pull"},
]
FUZZED = {
    "code": "fuzzed",
    "name": "Fuzzed",
    "model": "res.partner",
    "direction": "both",
    "is_called": True,
    "record": {"id": "id", "updated": "updated", "deleted": "deleted"},
    "push_domain": [("ref", "=", "fuzz")],
    "fields": FIELDS,
}

ids = st.one_of(st.integers(0, 5), st.integers(0, 5).map(str), plain, st.text(min_size=590, max_size=610))
# Nearly right: most fields have what they should have.
records = st.one_of(
    st.fixed_dictionaries(
        {"id": ids},
        optional={
            "name": st.one_of(texts, texts, plain),
            "email": st.one_of(st.sampled_from(["a@x.example", "b@x.example", "A@X.example "]), plain),
            "color": st.one_of(st.integers(0, 9), numbers, documents),
            "active": st.one_of(st.booleans(), documents),
            "comment": st.one_of(texts, documents),
            "latitude": st.one_of(numbers, documents),
            "tags": st.one_of(st.lists(texts, max_size=3), documents),
            "parent": st.one_of(ids, documents),
            "updated": documents,
            "deleted": st.one_of(st.booleans(), documents),
        },
    ),
    objects,
)
request_ids = st.one_of(st.none(), st.sampled_from(["r1", "r2"]), plain)
flows = st.one_of(st.just("fuzzed"), st.just("fuzzed"), st.just("fuzz.fuzzed"), documents)
calls = st.one_of(
    *[
        st.tuples(st.just("upsert"), st.fixed_dictionaries({"flow": flows, "records": rows, "request_id": request_ids}))
        for rows in (
            st.lists(records, max_size=4),
            st.lists(records, max_size=4),
            st.one_of(documents, st.lists(documents)),
        )
    ],
    st.tuples(
        st.sampled_from(["delete_by_external_id", "get"]),
        st.fixed_dictionaries({"flow": flows, "external_ids": st.one_of(st.lists(ids, max_size=4), documents)}),
    ),
    st.tuples(
        st.just("changes"),
        st.fixed_dictionaries(
            {"flow": flows}, optional={"since": plain, "limit": st.one_of(st.integers(1, 9), plain), "own": plain}
        ),
    ),
    st.tuples(st.just("status"), st.fixed_dictionaries({"flow": flows})),
)


def fuzz_definition():
    update = {"kind": "update", "path": "/things/{external_id}", "records": "@"}
    operations = [list_operation("things"), {"kind": "get", "path": "/things/{external_id}", "records": "@"}, update]
    flow = things_flow(direction="both", operations=operations, push_domain=[["id", ">", 0]])
    return json.loads(json.dumps(definition("http://crm.example/v1", [flow], auth={"scheme": "bearer"})))


def places(document, so_far=()):
    """All places of a document, as keys and positions."""
    yield so_far
    if isinstance(document, dict):
        for name, value in document.items():
            yield from places(value, (*so_far, name))
    elif isinstance(document, list):
        for position, value in enumerate(document):
            yield from places(value, (*so_far, position))


PLACES = [one for one in places(fuzz_definition()) if one]
changes = st.lists(
    st.tuples(
        st.sampled_from(PLACES),
        st.sampled_from(["replace", "drop", "add", "text"]),
        st.one_of(documents, odd),
        st.one_of(texts, st.sampled_from(["secret", "user_id", "state", "company_id", "parent", "options", "headers"])),
    ),
    min_size=1,
    max_size=3,
)


def changed(document, edits):
    """A definition in which something is another way."""
    document = copy.deepcopy(document)
    for place, kind, value, name in edits:
        inside = document
        try:
            for step in place[:-1]:
                inside = inside[step]
            if kind == "drop":
                del inside[place[-1]]
            elif kind == "add":
                inside[place[-1]][name] = value
            elif kind == "text":
                inside[place[-1]] = f"{inside[place[-1]]}{name}"
            else:
                inside[place[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier one has taken it away
    return document


class FuzzCase(BridgeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connector = cls.env["bridge.connector"]._import_definition(definition(None, [FUZZED], code="fuzz"))
        cls.flow = cls.connector.flow_ids
        cls.caller = new_test_user(cls.env, "fuzz_caller", "integration_bridge.group_integration_bridge_external")
        cls.connector.write({"user_id": cls.acting.id, "state": "live", "caller_ids": [Command.set(cls.caller.ids)]})

    def tell(self, before):
        if TOTAL:
            _logger.warning("%s inputs", tried() - before)  # so that it is shown

    def bindings(self):
        return dict(
            self.env["bridge.binding"]._read_group([("flow_id", "=", self.flow.id)], ["external_id"], ["res_id:max"])
        )

    def assert_whole(self, answer):
        """What an answer to records says is what is there."""
        bound = self.bindings()
        for result in answer["results"]:
            if result["result"] in ("created", "updated", "linked"):
                self.assertEqual(bound.get(result["id"]), result["odoo_id"])
                self.assertTrue(self.env["res.partner"].browse(result["odoo_id"]).exists())
            elif result["result"] == "failed":
                self.assertTrue(result["reason"])
                self.assertNotIn("Traceback", result["reason"])
        run = self.env["bridge.run"].browse(answer["run_id"])
        self.assertEqual(run.fetched, len(answer["results"]))
        self.assertIn(run.state, ("done", "partial"))
        doubled = self.env["bridge.binding"]._read_group(
            [("flow_id", "=", self.flow.id)], ["res_id"], ["__count"], having=[("__count", ">", 1)]
        )
        self.assertFalse(doubled)


@tagged("post_install", "-at_install")
class TestFuzz(FuzzCase):
    @mute_logger("odoo.sql_db", "odoo.addons.integration_bridge")
    def test_any_call_is_done_or_refused_in_words(self):
        flows_model = self.env(user=self.caller, context={})["bridge.flow"]

        @fuzzed(CALLS, 400, st.lists(calls, min_size=AT_ONCE, max_size=AT_ONCE), each=AT_ONCE)
        def attack(several):
            with self.env.cr.savepoint() as savepoint:
                for method, arguments in several:
                    before = self.everything()
                    try:
                        with self.env.cr.savepoint():
                            answer = call_kw(flows_model, method, [], copy.deepcopy(arguments))
                            self.env.flush_all()
                    except (AccessError, UserError) as error:
                        self.assertTrue(str(error))
                        self.env.invalidate_all()
                        self.assertEqual(self.everything(), before)
                        continue
                    json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
                    if "results" in answer and not answer.get("repeated"):
                        self.assert_whole(answer)
                savepoint.close(rollback=True)
            self.env.invalidate_all()

        before = tried()
        attack()
        self.tell(before)

    def everything(self):
        tables = ("res_partner", "res_partner_category", "bridge_binding", "bridge_run", "bridge_job", "bridge_request")
        self.env.cr.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables))
        return self.env.cr.fetchone()

    @mute_logger("odoo.sql_db")
    def test_any_definition_is_imported_whole_or_refused_in_words(self):
        connectors = self.env["bridge.connector"]
        right = fuzz_definition()
        connectors._import_definition(right)

        @fuzzed(DEFINITIONS, 40, st.one_of(changes.map(lambda edits: changed(right, edits)), documents))
        def attack(document):
            with self.env.cr.savepoint() as savepoint:
                try:
                    connector = connectors._import_definition(copy.deepcopy(document))
                    self.env.flush_all()
                    exported = connector._export_definition()
                    again = connectors._import_definition(json.loads(json.dumps(exported)))
                    self.assertEqual((again, again._export_definition()), (connector, exported))
                except (AccessError, UserError) as error:
                    self.assertTrue(str(error))
                except psycopg2.IntegrityError as error:  # Odoo says that in words, where it answers
                    self.assertTrue(error.diag.constraint_name or error.diag.column_name)
                savepoint.close(rollback=True)
            self.env.invalidate_all()

        before = tried()
        attack()
        self.tell(before)


@tagged("post_install", "-at_install")
class TestFuzzedDoors(HttpCase, FuzzCase):
    def test_any_call_over_http_is_answered(self):
        doors = Doors(self)
        doors.let_in("caller", self.caller)

        @fuzzed(DOORS, 60, st.sampled_from(["json2", "jsonrpc"]), calls)
        def attack(door, call):
            method, arguments = call
            with self.env.cr.savepoint() as savepoint:
                answer = doors.call(door, "caller", "bridge.flow", method, **arguments)
                self.assertIn(answer.said, ("done", "denied", "refused"), answer.value)
                savepoint.close(rollback=True)
            self.env.invalidate_all()

        before = tried()
        attack()
        self.tell(before)
