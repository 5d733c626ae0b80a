"""Attacks by who calls Odoo as another system, and by who has got into its network: over HTTP, by each door."""

import base64
import json

from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .attack_doors import Doors
from .common import BridgeCase, definition, field, thing, with_a_test_for_each

DOORS = ("json2", "jsonrpc", "xmlrpc")
CALLS = {
    "upsert": {"records": [{"id": 1, "name": "Forged"}]},
    "delete_by_external_id": {"external_ids": ["1"]},
    "changes": {},
    "get": {"external_ids": ["1"]},
    "status": {},
}
SECRET = "Of-The-Rival-4711"
DEEP = {"json2": (102, 103, 500, 900), "jsonrpc": (102, 900), "xmlrpc": (102, 150)}  # a reader of XML goes no deeper


def called_flow(**values):
    return {
        "code": "things",
        "name": "Things",
        "model": "res.partner",
        "direction": "both",
        "is_called": True,
        "record": {"id": "id"},
        "push_domain": [("ref", "=", "shop")],
        "fields": [
            field("name", "name", required=True),
            field("email", "email", key=True),
            field("color", "color", "integer"),
            field("comment", "comment"),
            {"field": "ref", "converter": "constant", "options": {"value": "shop"}, "direction": "pull"},
        ],
        **values,
    }


def nested(depth):
    """An object with so many levels in it."""
    document = "x"
    for _level in range(depth - 1):
        document = [document]
    return {"id": 1, "name": "Deep", "comment": document}


class ApiCase(HttpCase, BridgeCase):
    """A shop that calls its flow, and a rival that calls one of the same name; each knows how the other is called."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doors = Doors(cls)
        cls.connectors = {}
        for name in ("shop", "rival"):
            cls.connectors[name] = cls.add_connector(name)
        cls.connector = cls.connectors["shop"]
        cls.flow = cls.connector.flow_ids
        cls.theirs = cls.flow_of("rival", called_flow()["code"])
        partner = {"name": SECRET, "email": "rival@example.com", "ref": "shop"}
        cls.victim = cls.env["res.partner"].create(partner)
        cls.env["bridge.binding"].create(
            {"flow_id": cls.theirs.id, "res_id": cls.victim.id, "external_id": "77", "state": "linked"}
        )

    @classmethod
    def add_connector(cls, name):
        flow = called_flow(push_domain=[("ref", "=", "shop"), ("name", "!=" if name == "shop" else "=", SECRET)])
        document = definition(None, [flow], code=name, name=name)
        connector = cls.env["bridge.connector"]._import_definition(document)
        caller = cls.doors.person(name, "integration_bridge.group_integration_bridge_external")
        connector.write({"user_id": cls.acting.id, "state": "live", "caller_ids": [Command.set(caller.ids)]})
        return connector

    @classmethod
    def flow_of(cls, connector, code):
        return cls.connectors[connector].flow_ids.filtered(lambda one: one.code == code)

    def setUp(self):
        super().setUp()
        self.doors.case = self

    def call(self, method, door="json2", who="shop", flow="things", **arguments):
        return self.doors.call(door, who, "bridge.flow", method, flow=flow, **{**CALLS[method], **arguments})

    def upsert(self, *records, **options):
        """The results of records that are sent in one call."""
        answer = self.call("upsert", records=list(records), **options)
        self.assertEqual(answer.said, "done", answer.value)
        return [one["result"] for one in answer.value["results"]]

    def everything(self):
        """How much there is, so that what was refused has left nothing."""
        self.env.invalidate_all()
        counted = ("res.partner", "bridge.binding", "bridge.run", "bridge.log", "bridge.job", "bridge.request")
        return {name: self.env[name].with_context(active_test=False).search_count([]) for name in counted}

    def refused(self, answer, *words):
        self.assertIn(answer.said, ("refused", "denied"), answer.value[-2000:] if answer.value else answer)
        for one in words:
            self.assertIn(one, str(answer.value))

    def nothing_changes(self):
        before = self.everything()
        self.addCleanup(lambda: self.assertEqual(self.everything(), before))


@tagged("post_install", "-at_install")
class TestWhoCalls(ApiCase):
    def test_attack_flow_of_another_connector_by_each_door(self):
        self.nothing_changes()
        for door in DOORS:
            for method in CALLS:
                answer = self.call(method, door, flow="rival.things")
                with self.subTest(method, door=door):
                    self.assertEqual(answer.said, "denied", answer.value)
                    self.assertNotIn(SECRET, answer.value)

    def test_attack_flow_that_is_named_by_something_else(self):
        self.nothing_changes()
        names = [self.theirs.id, True, None, [], ["things"], {"code": "things"}, "", ".", "%", "things%", "_hings"]
        names += [
            "rival.%",
            "rival.",
            "shop.rival.things",
            "THINGS",
            "things ",
            "things\x00",
            "\ud800",
            "x" * 9999,
        ]
        for name in names:
            for method in CALLS:
                with self.subTest(repr(name)[:30], method=method):
                    self.assertEqual(self.call(method, flow=name).said, "denied")

    def test_attack_nested_flow_is_called_by_itself(self):
        children = {"name": "Lines", "code": "lines", "connector_id": self.connector.id, "parent_id": self.flow.id}
        children |= {"model_id": self.env["ir.model"]._get_id("res.partner"), "parent_field_name": "parent_id"}
        known = self.env["bridge.flow"]._fields
        self.env["bridge.flow"].create({name: value for name, value in children.items() if name in known})
        self.nothing_changes()
        for method in CALLS:
            self.assertEqual(self.call(method, flow="lines").said, "denied", method)

    def test_attack_record_of_another_flow_is_read(self):
        answer = self.call("get", external_ids=["77"])
        self.assertEqual(answer.value, {"records": [], "unknown": ["77"]})
        told = self.call("changes", own=True).value["changes"]
        self.assertNotIn(SECRET, json.dumps(told))

    def test_attack_record_of_another_flow_is_deleted(self):
        answer = self.call("delete_by_external_id", external_ids=["77", self.victim.id])
        self.assertEqual([one["result"] for one in answer.value["results"]], ["unchanged", "unchanged"])
        self.assertTrue(self.victim.exists().active)

    def test_attack_record_says_which_odoo_record_it_is(self):
        forged = {"odoo_id": self.victim.id, "res_id": self.victim.id, "binding_id": 1, "flow_id": self.theirs.id}
        self.assertEqual(self.upsert({"id": 5, "name": "Mine", **forged}), ["created"])
        self.assertEqual(self.victim.name, SECRET)
        self.assertNotEqual(self.bound(self.flow, 5), self.victim)

    def test_attack_record_of_another_company_is_taken_over_by_its_key(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.victim.company_id = company
        self.assertEqual(self.upsert({"id": 6, "name": "Mine", "email": self.victim.email}), ["created"])
        self.assertEqual(self.victim.name, SECRET)

    def test_attack_external_id_of_a_record_of_another_company(self):
        self.assertEqual(self.upsert({"id": 8, "name": "First"}), ["created"])
        record = self.bound(self.flow, 8)
        record.company_id = self.env["res.company"].create({"name": "Other"})
        self.env.flush_all()
        answer = self.call("get", external_ids=["8"])
        self.assertNotIn("First", json.dumps(answer.value["records"]))
        results = self.upsert({"id": 8, "name": "Second"}, {"id": 81, "name": "Another"})
        self.assertEqual(results, ["failed", "created"], "it holds up no other")
        self.assertEqual(record.name, "First")

    def test_attack_fields_that_no_mapping_names(self):
        extra = {"user_ids": [[0, 0, {"login": "x"}]], "company_id": 1, "active": False, "create_uid": 1, "name.x": 1}
        self.upsert({"id": 9, "name": "Plain", **extra, "__proto__": {"x": 1}, "__class__": "x"})
        record = self.bound(self.flow, 9)
        self.assertTrue(record.active)
        self.assertEqual((record.user_ids.ids, record.create_uid), ([], self.acting))

    def test_attack_request_id_of_another_caller(self):
        """Callers of a connector are one system: the same request is answered once, and another one never by it."""
        other = self.doors.person("second", "integration_bridge.group_integration_bridge_external")
        self.connector.caller_ids += other
        first = self.call("upsert", records=[thing(1)], request_id="r1").value
        again = self.call("upsert", who="second", records=[thing(1)], request_id="r1").value
        self.assertEqual(again, {**first, "repeated": True})
        self.nothing_changes()
        self.refused(self.call("upsert", who="second", records=[thing(2)], request_id="r1"), "another request")
        self.refused(self.call("delete_by_external_id", who="second", request_id="r1"), "another request")

    def test_attack_request_id_of_another_connector_tells_nothing(self):
        first = self.call("upsert", records=[thing(1)], request_id="r1").value
        other = self.call("upsert", who="rival", records=[thing(1)], request_id="r1").value
        self.assertNotIn("repeated", other)
        self.assertNotEqual(first["run_id"], other["run_id"])

    def test_attack_context_says_who_calls(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.nothing_changes()
        contexts = [
            {"uid": 1, "su": True, "sudo": True, "user": 2},
            {"allowed_company_ids": other.ids},
            {"active_test": False, "bin_size": True, "prefetch_fields": False},
            {"default_user_id": 1, "default_caller_ids": [[4, 1]]},
            {"install_mode": True, "import_file": True, "module": "base", "test_mode": True},
        ]
        for context in contexts:
            for door in DOORS:
                answer = self.call("status", door, flow="rival.things", context=context)
                with self.subTest(str(context), door=door):
                    self.assertEqual(answer.said, "denied", answer.value)

    def test_attack_context_reaches_what_is_written(self):
        context = {"default_comment": "Forged", "default_parent_id": self.victim.id, "lang": "en_US", "tz": "x"}
        self.upsert({"id": 10, "name": "Plain"}, context=context)
        record = self.bound(self.flow, 10)
        self.assertEqual((record.comment, record.parent_id.id), (False, False))

    def test_attack_key_of_who_is_not_a_caller_any_more(self):
        person, connector = self.doors.people["shop"], self.connector
        with self.subTest("not named"):
            connector.caller_ids -= person
            self.assertEqual(self.call("status").said, "denied")
        connector.caller_ids += person
        self.assertEqual(self.call("status").said, "done")
        with self.subTest("without the role"):
            groups, person.group_ids = person.group_ids, self.env.ref("base.group_portal")
            self.assertEqual(self.call("status").said, "denied")
            person.group_ids = groups
        with self.subTest("archived"):
            person.active = False
            for door in DOORS:
                self.assertEqual(self.call("status", door).said, "denied", door)

    def test_attack_key_that_is_revoked_forged_or_none(self):
        self.nothing_changes()
        right = self.doors.keys["shop"]
        for key in (None, "", "x", right[:-1], right[::-1], right.upper() + "0", "bearer", "0" * 40):
            self.doors.keys["shop"] = key
            with self.subTest(key):
                self.assertEqual(self.call("status").said, "denied")
        self.doors.keys["shop"] = right
        self.env["res.users.apikeys"].search([("user_id", "=", self.doors.people["shop"].id)]).unlink()
        for door in DOORS:
            self.assertEqual(self.call("status", door).said, "denied", door)

    def test_attack_key_of_another_user_by_number(self):
        self.nothing_changes()
        self.doors.people["shop"], person = self.env.ref("base.user_admin"), self.doors.people["shop"]
        for door in ("jsonrpc", "xmlrpc"):
            self.assertEqual(self.call("status", door).said, "denied", door)
        self.doors.people["shop"] = person

    def test_attack_method_of_the_inside_by_each_door(self):
        self.nothing_changes()
        inner = ("_take_called", "_take_gone", "_answer_once", "_called_flow", "_enqueue", "_pull", "_push", "__init__")
        inner += ("sudo", "with_user", "with_env", "with_context", "browse", "_write", "init", "env", "_cr", "pool")
        for method in inner:
            for door in DOORS:
                answer = self.doors.call(door, "shop", "bridge.flow", method, ids=self.flow.ids)
                with self.subTest(method, door=door):
                    self.assertNotEqual(answer.said, "done", answer.value)

    def test_attack_generic_methods_as_an_external_system(self):
        self.nothing_changes()
        flow = self.flow
        attempts = {
            "read": {"ids": flow.ids, "fields": ["name"]},
            "search": {"domain": []},
            "search_read": {"domain": []},
            "search_count": {"domain": []},
            "search_fetch": {"domain": [], "field_names": ["name"]},
            "web_read": {"ids": flow.ids, "specification": {"name": {}}},
            "web_search_read": {"domain": [], "specification": {"name": {}}},
            "formatted_read_group": {"domain": [], "groupby": ["state"], "aggregates": ["__count"]},
            "web_read_group": {"domain": [], "groupby": ["direction"], "aggregates": ["__count"]},
            "name_search": {"name": "Things"},
            "export_data": {"ids": flow.ids, "fields_to_export": ["name"]},
            "copy": {"ids": flow.ids},
            "name_create": {"name": "x"},
            "load": {"fields": ["name"], "data": [["x"]]},
            "web_save": {"ids": flow.ids, "vals": {"name": "x"}, "specification": {}},
            "write": {"ids": flow.ids, "vals": {"name": "x"}},
            "unlink": {"ids": flow.ids},
            "toggle_active": {"ids": flow.ids},
            "action_archive": {"ids": flow.ids},
            "get_metadata": {"ids": flow.ids},
            "exists": {"ids": flow.ids},
        }
        for method, arguments in attempts.items():
            answer = self.doors.call("json2", "shop", "bridge.flow", method, **arguments)
            with self.subTest(method):
                self.assertNotIn("Things", str(answer.value))
                if method == "export_data":
                    self.assertIn("rights to export", answer.value)
                elif method not in ("exists", "toggle_active", "load"):  # they tell, or do, nothing
                    self.assertEqual(answer.said, "denied", answer.value)

    def test_attack_other_models_as_an_external_system(self):
        self.nothing_changes()
        models = ("res.partner", "res.users", "res.company", "ir.config_parameter", "ir.attachment", "mail.message")
        models += ("ir.model", "ir.model.fields", "res.groups", "ir.cron", "ir.actions.server", "ir.rule")
        for model in models:
            answer = self.doors.call("json2", "shop", model, "search_read", domain=[], limit=5)
            with self.subTest(model):
                self.assertTrue(answer.said == "denied" or not answer.value, answer.value)

    def test_attack_login_of_an_external_system_in_the_browser(self):
        self.doors.people["shop"].password = "shop-password-4711"
        self.authenticate("door_shop", "shop-password-4711")
        page = self.url_open("/odoo/bridge", allow_redirects=False)
        self.assertNotIn(b"Things", page.content)
        for model, method in (("bridge.flow", "search_read"), ("bridge.connector", "search_read")):
            body = {"params": {"model": model, "method": method, "args": [[]], "kwargs": {}}}
            answer = self.url_open(
                f"/web/dataset/call_kw/{model}/{method}",
                data=json.dumps(body),
                headers={"Content-Type": "application/json"},
            ).json()
            self.assertIn("AccessError", answer["error"]["data"]["name"])

    def test_attack_file_of_a_definition_by_its_number(self):
        action = self.connector.with_user(self.env.ref("base.user_admin")).action_export_definition()
        address = action["url"]
        self.assertEqual(self.url_open(address).status_code, 404, "without a login")
        self.doors.people["shop"].password = "shop-password-4711"
        self.authenticate("door_shop", "shop-password-4711")
        self.assertEqual(self.url_open(address).status_code, 404)

    def test_attack_other_verbs_and_addresses(self):
        self.nothing_changes()
        headers = {"Authorization": f"bearer {self.doors.keys['shop']}", "Content-Type": "application/json"}
        for verb in ("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
            answer = self.url_open("/json/2/bridge.flow/status", headers=headers, method=verb)
            self.assertIn(answer.status_code, (200, 204, 404, 405, 422), verb)
            self.assertNotIn(b"things", answer.content)
        for path in ("bridge.flow/../bridge.connector/search_read", "bridge.flow%00/status", "bridge.flow/status/x"):
            answer = self.url_open(f"/json/2/{path}", data="{}", headers=headers)
            self.assertIn(answer.status_code, (400, 403, 404, 405, 422), path)


@tagged("post_install", "-at_install")
class TestWhatIsSent(ApiCase):
    """What is sent is refused in words, or taken as it is; nothing of it is a crash."""

    def test_attack_record_that_is_nested_without_end(self):
        self.nothing_changes()
        for door, depths in DEEP.items():
            for depth in depths:
                answer = self.call("upsert", door, records=[nested(depth)])
                with self.subTest(depth, door=door):
                    self.refused(answer, "nested too deeply")

    def test_record_as_deep_as_is_taken(self):
        self.assertEqual(self.upsert(nested(99)), ["failed"])  # its comment is no text; the record itself was read

    @mute_logger("odoo.http")
    def test_attack_body_that_is_nested_beyond_what_can_be_read(self):
        self.nothing_changes()
        for depth in (3_000, 200_000):
            body = '{"flow": "things", "records": [{"id": 1, "name": ' + "[" * depth + "]" * depth + "}]}"
            status, _document = self.doors.json2("shop", "bridge.flow", "upsert", body)
            self.assertGreaterEqual(status, 400)
        self.assertEqual(self.call("status").said, "done", "the server lives")

    def test_attack_numbers_that_json_does_not_have(self):
        self.nothing_changes()
        for number in ("NaN", "Infinity", "-Infinity", "1e999", "1" * 5000):
            body = '{"flow": "things", "records": [{"id": 1, "name": "x", "color": %s}]}' % number
            status, document = self.doors.json2("shop", "bridge.flow", "upsert", body)
            with self.subTest(number[:10]):
                self.assertIn(status, (400, 422), document)

    def test_attack_giant_numbers_in_a_field(self):
        records = [
            {"id": n, "name": "x", "color": value} for n, value in enumerate((2**31, 2**63, 10**300, -(2**70), 1e308))
        ]
        self.assertEqual(self.upsert(*records, {"id": 99, "name": "Good", "color": 1}), ["failed"] * 5 + ["created"])

    def test_attack_giant_numbers_as_ids(self):
        ids = [2**31, 2**63, 10**300, -1, 0]
        self.assertEqual(self.upsert(*({"id": one, "name": "x"} for one in ids)), ["created"] * 5)
        self.assertEqual(self.call("get", external_ids=ids).value["unknown"], [])
        self.assertEqual(self.call("get", external_ids=[2**64]).value["unknown"], [str(2**64)])

    def test_attack_nul_and_lone_surrogates_in_a_record(self):
        for door in ("json2", "jsonrpc"):
            records = [{"id": f"n\x00{door}", "name": "a\x00b\ud800c", "comment": "\udfff", "\x00": {"\ud800": "\x00"}}]
            self.assertEqual(self.upsert(*records, door=door), ["created"])
            self.assertEqual(self.bound(self.flow, f"n{door}").name, "abc")

    def test_attack_nul_and_lone_surrogates_in_ids(self):
        for one in ("\x00", "a\x00", "\ud800", "\udc00x"):
            with self.subTest(repr(one)):
                self.assertEqual(self.call("get", external_ids=[one]).said, "done")
                answer = self.call("delete_by_external_id", external_ids=[one])
                self.assertEqual(answer.value["results"][0]["result"], "unchanged")

    def test_attack_nul_and_lone_surrogates_in_a_request_id(self):
        self.nothing_changes()
        for one in ("\x00", "a\x00b", "\ud800"):
            self.refused(self.call("upsert", request_id=one), "request ID")

    def test_attack_request_id_of_another_kind(self):
        self.nothing_changes()
        for one in ("", "x" * 201, 7, True, 1.5, [], ["r1"], {"r": 1}):
            with self.subTest(repr(one)[:20]):
                self.refused(self.call("upsert", request_id=one), "request ID")

    def test_attack_records_of_another_kind(self):
        self.nothing_changes()
        for one in (None, True, 7, "x", {}, {"id": 1}, [1], [None], [[{"id": 1}]], ["{}"], [{"id": 1}, 2]):
            with self.subTest(repr(one)[:20]):
                self.refused(self.call("upsert", records=one), "list of JSON objects")

    def test_attack_ids_of_another_kind(self):
        self.nothing_changes()
        for one in (None, True, 7, "x", {}, [None], [True], [1.5], [[]], [{}], [["1"]]):
            for method in ("get", "delete_by_external_id"):
                with self.subTest(repr(one)[:20], method=method):
                    self.refused(self.call(method, external_ids=one), "list of IDs there")

    def test_attack_id_of_a_record_of_another_kind(self):
        for one in (None, [], {}, True, "", " ", [1], {"a": 1}):
            results = self.upsert({"id": one, "name": "x"}, {"id": f"good-{one!r}", "name": "Good"})
            with self.subTest(repr(one)):
                self.assertEqual(results[1], "created")
                self.assertEqual(results[0], "failed")

    def test_attack_id_that_is_longer_than_an_index_can_hold(self):
        long = base64.b64encode(bytes(range(256)) * 40).decode()[::-1]
        mixed = "".join(chr(33 + (n * n * 7 + n // 3) % 90) for n in range(9000))
        for number, one in enumerate((long, mixed)):
            results = self.upsert({"id": one, "name": "x"}, {"id": f"good{number}", "name": "Good"})
            self.assertEqual(results, ["failed", "created"])
            self.assertEqual(self.call("get", external_ids=[one]).value["unknown"], [one])
            answer = self.call("delete_by_external_id", external_ids=[one])
            self.assertEqual(answer.said, "done", answer.value)

    def test_attack_more_than_is_taken(self):
        self.nothing_changes()
        self.refused(self.call("upsert", records=[{"id": n} for n in range(1001)]), "at most 1000")
        self.refused(self.call("upsert", records=[{"id": 1, "name": "x" * 10_000_001}]), "at most 10000000")
        self.refused(self.call("get", external_ids=list(range(1001))), "at most 1000")
        self.refused(self.call("delete_by_external_id", external_ids=list(range(1001))), "at most 1000")

    def test_attack_limit_of_another_kind(self):
        self.nothing_changes()
        for one in (0, -1, 1001, 2**70, 1.5, "1", True, None, [], {}):
            with self.subTest(repr(one)):
                self.refused(self.call("changes", limit=one), "from 1 to 1000")

    def test_attack_cursor_that_is_none(self):
        self.nothing_changes()
        for one in ("", "x", "\x00", "\ud800", 0, 7, True, [], {}, "=" * 10_000, "ÄÖ", "1.1", "' OR 1=1 --"):
            with self.subTest(repr(one)[:20]):
                self.refused(self.call("changes", since=one), "no cursor")

    def test_attack_cursor_that_is_forged(self):
        right = self.call("changes").value["cursor"]
        flow, number, mark = base64.urlsafe_b64decode(right).decode().split(".")
        forged = {
            "of another flow": f"{self.theirs.id}.{number}.{mark}",
            "behind the end": f"{flow}.{int(number) + 1}.{mark}",
            "far behind the end": f"{flow}.{2**31 - 1}.{mark}",
            "negative": f"{flow}.-1.{mark}",
            "giant": f"{flow}.{'9' * 5000}.{mark}",
            "of another database": f"{flow}.{number}.{'0' * len(mark)}",
            "of before": f"{flow}.{number}",
            "longer": f"{flow}.{number}.{mark}.1",
            "no number": f"{flow}.x.{mark}",
            "in other digits": f"{flow}.{number}.{mark.upper()}x",
        }
        self.nothing_changes()
        for name, text in forged.items():
            with self.subTest(name):
                self.refused(self.call("changes", since=base64.urlsafe_b64encode(text.encode()).decode()), "no cursor")
        self.assertEqual(self.call("changes", since=right).said, "done")

    def test_attack_cursor_of_the_rival(self):
        theirs = self.call("changes", who="rival").value["cursor"]
        self.refused(self.call("changes", since=theirs), "no cursor")

    def test_attack_arguments_that_are_none_of_the_method(self):
        self.nothing_changes()
        for more in ({"su": True}, {"env": {}}, {"one": 1}, {"way": "push"}, {"__class__": 1}):
            with self.subTest(str(more)):
                self.assertIn(self.call("status", **more).said, ("refused", "denied"))

    def test_attack_ids_for_a_method_of_the_model(self):
        self.nothing_changes()
        answer = self.doors.call("json2", "shop", "bridge.flow", "status", ids=self.theirs.ids, flow="rival.things")
        self.assertIn(answer.said, ("refused", "denied"))

    def test_attack_body_that_is_no_json_or_no_object(self):
        self.nothing_changes()
        for body in ("{", "[]", "7", "null", '"x"', b"\xff\xfe", "{'flow': 1}", '{"flow": "things"', "\x00"):
            status, _document = self.doors.json2("shop", "bridge.flow", "upsert", body)
            with self.subTest(repr(body)):
                self.assertIn(status, (400, 422))


CHARACTERS = {
    "quote": "' OR 1=1; DROP TABLE res_partner; --",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "template": "{{7*7}} ${7*7} %(name)s %s {0} {name}",
    "expression": "__import__('os').system('id')",
    "path": "../../../../etc/passwd",
    "bidi": "‮evil​⁦",
    "emoji": "👩‍👩‍👧‍👦" * 50,
    "controls": "\x01\x02\x07\x1b[31m\x7f\x85",
    "newlines": "a\r\nX-Header: evil\r\n\r\n",
    "formula": "=cmd|' /C calc'!A0",
}


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_attack_text_", CHARACTERS, "check_text")
class TestTexts(ApiCase):
    def check_text(self, text):
        """A text that means something elsewhere is a text here: as id, name, flow, request id, and in messages."""
        for door in DOORS if text.isprintable() else ("json2",):
            text = f"{door}{text}x"  # blanks at the end would be trimmed
            record = {"id": text, "name": text, "comment": text}
            self.assertEqual(self.upsert(record, door=door, request_id=text[:200]), ["created"])
            partner = self.bound(self.flow, text)
            self.assertEqual(partner.name, text)
            self.assertEqual(self.call("get", door, external_ids=[text]).said, "done")
            self.assertEqual(self.call("status", door, flow=text).said, "denied")
            self.assertEqual(self.upsert({"id": text, "name": ""}, door=door), ["failed"])
