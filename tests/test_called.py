"""The other system calls Odoo: Odoo's external API as the way in (DESIGN.md, "Third party calls Odoo")."""

import json
import xmlrpc.client

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.roles import EXTERNAL
from .common import BridgeCase, field, thing


class CalledCase(BridgeCase):
    def setUp(self):
        super().setUp()
        self.caller = self.external("shop_caller")

    def external(self, login):
        group = self.env.ref(EXTERNAL)
        return self.env["res.users"].create({"name": login, "login": login, "group_ids": [(6, 0, group.ids)]})

    def called(self, **values):
        """A flow that the other system calls; nobody is called for it."""
        flow = {
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
                field("phone", "phone"),
                {"field": "ref", "converter": "constant", "options": {"value": "shop"}, "direction": "pull"},
            ],
        }
        self.flow = self.connect({**flow, **values}, base_url=None)
        self.connector.caller_ids = self.caller
        return self.flow

    def call(self, method, *args, who=None, **options):
        flows = self.env["bridge.flow"].with_user(who or self.caller).with_context(allowed_company_ids=None)
        return getattr(flows, method)("things", *args, **options)

    def results(self, *records, **options):
        return [one["result"] for one in self.call("upsert", list(records), **options)["results"]]

    def changes(self, since=None, **options):
        """What is told, by remote id or name, and the cursor."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        answer = self.call("changes", since, **options)
        return answer["changes"], answer["cursor"]


@tagged("post_install", "-at_install")
class TestUpsert(CalledCase):
    def setUp(self):
        super().setUp()
        self.called()

    def test_records_take_the_road_and_are_answered_one_by_one(self):
        bad = thing(2, name=None)
        answer = self.call("upsert", [thing(1), bad, thing(3)])
        first, second, third = answer["results"]
        partner = self.bound(self.flow, 1)
        self.assertEqual((partner.name, partner.create_uid, partner.ref), ("Thing 1", self.acting, "shop"))
        self.assertEqual(first, {"id": "1", "result": "created", "odoo_id": partner.id})
        self.assertEqual((second["id"], second["result"], second["field"]), ("2", "failed", "name"))
        self.assertIn("Name", second["reason"])
        self.assertEqual(third["result"], "created")
        self.assertEqual(len(self.failures(self.flow)), 1)
        run = self.env["bridge.run"].browse(answer["run_id"])
        self.assertEqual((run.state, run.trigger, run.user_id), ("partial", "call", self.caller))

    def test_again_it_changes_nothing(self):
        self.results(thing(1))
        self.assertEqual(self.results(thing(1), thing(2)), ["unchanged", "created"])
        self.assertEqual(self.results(thing(1, phone="1")), ["updated"])
        self.assertEqual(self.bound(self.flow, 1).phone, "1")

    def test_record_that_is_there_is_linked_by_its_key(self):
        there = self.env["res.partner"].create({"name": "Old", "email": "thing1@example.com"})
        self.assertEqual(self.results(thing(1)), ["linked"])
        self.assertEqual(self.bound(self.flow, 1), there)

    def test_of_one_that_is_named_twice_the_later_one_counts_and_both_are_answered(self):
        self.assertEqual(self.results(thing(1, name="A"), thing(1, name="B")), ["created", "created"])
        self.assertEqual(self.bound(self.flow, 1).name, "B")

    def test_repeated_request_is_answered_as_the_first_one_was(self):
        first = self.call("upsert", [thing(1)], request_id="r1")
        self.bound(self.flow, 1).phone = "changed"
        again = self.call("upsert", [thing(1)], request_id="r1")
        self.assertEqual(again, {**first, "repeated": True})
        self.assertEqual(self.bound(self.flow, 1).phone, "changed")
        with self.assertRaisesRegex(ValidationError, "used for another request"):
            self.call("upsert", [thing(2)], request_id="r1")
        self.assertFalse(self.bound(self.flow, 2))

    def test_preview_is_not_the_answer_for_ever(self):
        self.connector.state = "preview"
        self.assertTrue(self.call("upsert", [thing(1)], request_id="r1")["preview"])
        self.connector.state = "live"
        self.assertEqual(self.results(thing(1), request_id="r1"), ["created"])
        self.assertTrue(self.bound(self.flow, 1))

    def test_flow_that_only_takes_keeps_no_outbox(self):
        self.flow.direction = "pull"
        self.results(thing(1))
        self.assertFalse(self.env["bridge.change"].search([("flow_id", "=", self.flow.id)]))

    def test_archived_connector_takes_nothing_whatever_the_caller_says(self):
        self.connector.active = False
        flows = self.env["bridge.flow"].with_user(self.caller).with_context(active_test=False)
        with self.assertRaises(AccessError):
            flows.upsert("things", [thing(1)])

    def test_many_related_records_of_one_call_are_made(self):
        tags = field("category_id", "tags", "many2many_key", options={"field": "name", "create": True})
        self.called(fields=[field("name", "name", required=True), tags], push_domain=[], direction="pull")
        document = thing(1, tags=[f"t{number}" for number in range(300)])
        self.assertEqual(self.results(document), ["created"])

    def test_conflict_is_said(self):
        self.flow.authority = "ask"
        self.results(thing(1, phone="0"))
        self.bound(self.flow, 1).phone = "1"
        result = self.call("upsert", [thing(1, phone="2")])["results"][0]
        self.assertEqual((result["result"], result["fields"]), ("conflict", ["phone"]))
        self.assertEqual(self.bound(self.flow, 1).phone, "1")
        conflict = self.env["bridge.conflict"].search([("flow_id", "=", self.flow.id), ("state", "=", "open")])
        conflict.action_keep_remote()
        self.assertEqual(self.results(thing(1, phone="2")), ["updated"])
        self.assertEqual((self.bound(self.flow, 1).phone, conflict.state), ("2", "closed"))

    def test_what_is_gone_goes_as_the_flow_says(self):
        self.results(thing(1), thing(2))
        partner = self.bound(self.flow, 1)
        answer = self.call("delete_by_external_id", [1, "9"])
        self.assertEqual([one["result"] for one in answer["results"]], ["archived", "unchanged"])
        self.assertFalse(partner.active)
        again = self.call("delete_by_external_id", [1])
        self.assertEqual([one["result"] for one in again["results"]], ["unchanged"])

    def test_preview_writes_nothing_and_says_so(self):
        self.connector.state = "preview"
        answer = self.call("upsert", [thing(1)])
        self.assertTrue(answer["preview"])
        self.assertEqual(answer["results"][0]["result"], "created")
        self.assertFalse(self.bound(self.flow, 1))

    def test_call_that_is_not_right_is_refused_in_words_and_writes_nothing(self):
        deep = []
        for _level in range(100_000):
            deep = [deep]
        cases = [
            (("upsert", {"id": 1}), "list of JSON objects"),
            (("upsert", [thing(1), "x"]), "list of JSON objects"),
            (("upsert", [thing(n) for n in range(1001)]), "at most 1000"),
            (("upsert", [thing(1, name="x" * 10_000_001)]), "at most 10000000"),
            (("upsert", [thing(1, name=float("nan"))]), "must be JSON"),
            (("upsert", [{"id": 1, "name": deep}]), "nested too deeply"),
            (("delete_by_external_id", "1"), "list of IDs there"),
            (("delete_by_external_id", [None]), "list of IDs there"),
            (("changes", "nonsense"), "no cursor of the flow"),
            (("changes", "OTk5OTkuMQ=="), "no cursor of the flow"),
            (("changes", None, 0), "from 1 to 1000"),
        ]
        for (method, *args), words in cases:
            with self.subTest(method=method, words=words), self.assertRaisesRegex(ValidationError, words):
                self.call(method, *args)
        with self.assertRaisesRegex(ValidationError, "at most 200"):
            self.call("upsert", [thing(1)], request_id="x" * 201)
        self.assertFalse(self.bound(self.flow, 1))

    def test_nobody_calls_out_for_a_flow_that_is_called(self):
        with self.assertRaisesRegex(UserError, "Odoo does not call it"):
            self.flow.action_sync()
        with self.assertRaisesRegex(UserError, "Odoo does not call it"):
            self.flow.action_compare()
        with self.assertRaisesRegex(UserError, "no Base Address"):
            self.connector.action_test_connection()
        self.flow.write({"interval_number": 1, "next_run": "2020-01-01"})
        self.results(thing(1))
        self.bound(self.flow, 1).phone = "1"
        self.work()
        runs = self.env["bridge.run"].search([("flow_id", "=", self.flow.id)])
        self.assertEqual(set(runs.mapped("trigger")), {"call"})

    def test_failure_is_tried_again_on_the_desk(self):
        self.results(thing(1, name=None))
        mapping = self.flow.mapping_ids.filtered(lambda one: one.field_name == "name")
        mapping.write({"on_null": "default", "default_value": '"Nobody"'})
        self.work()
        self.assertEqual(self.bound(self.flow, 1).name, "Nobody")
        self.assertFalse(self.failures(self.flow))


@tagged("post_install", "-at_install")
class TestChanges(CalledCase):
    def setUp(self):
        super().setUp()
        self.called()
        self.ours = self.env["res.partner"].create({"name": "Ours", "email": "ours@example.com", "ref": "shop"})

    def test_first_time_everything_is_told_then_what_has_changed(self):
        changes, cursor = self.changes()
        record = {"name": "Ours", "email": "ours@example.com", "phone": False}
        expected = {"id": False, "odoo_id": self.ours.id, "action": "changed", "record": record}
        self.assertEqual(changes, [expected])
        self.assertEqual(self.changes(cursor), ([], cursor))
        self.ours.phone = "7"
        changes, later = self.changes(cursor)
        self.assertEqual([one["record"]["phone"] for one in changes], ["7"])
        self.assertEqual(self.changes(cursor)[0], changes, "a cursor may be used again")
        self.assertEqual(self.changes(later)[0], [])

    def test_record_gets_its_id_when_the_other_system_has_made_it(self):
        _changes, cursor = self.changes()
        self.results({"id": 5, "name": "Ours", "email": "ours@example.com", "phone": None})
        self.assertEqual(self.bound(self.flow, 5), self.ours)
        self.ours.phone = "7"
        (change,), _cursor = self.changes(cursor)
        self.assertEqual((change["id"], change["record"]["id"]), ("5", "5"))

    def test_what_the_caller_wrote_is_told_only_if_it_asks(self):
        _changes, cursor = self.changes()
        self.results(thing(1))
        self.assertEqual(self.changes(cursor)[0], [])
        (change,), _cursor = self.changes(cursor, own=True)
        self.assertEqual(change["id"], "1")

    def test_change_of_somebody_else_is_not_hidden_by_one_of_the_caller(self):
        self.results(thing(1))
        _changes, cursor = self.changes()
        self.bound(self.flow, 1).phone = "7"
        self.results(thing(1, name="Other"))
        (change,), _cursor = self.changes(cursor)
        self.assertEqual((change["record"]["name"], change["record"]["phone"]), ("Other", "7"))

    def test_what_the_caller_may_not_overrule_is_told_to_it(self):
        self.flow.authority = "odoo"
        self.results(thing(1, phone="1"))
        _changes, cursor = self.changes()
        self.bound(self.flow, 1).phone = "7"
        _changes, cursor = self.changes(cursor)
        self.results(thing(1, phone="2"))
        (change,), _cursor = self.changes(cursor)
        self.assertEqual((change["record"]["phone"], self.bound(self.flow, 1).phone), ("7", "7"))

    def test_deletion_and_leaving_are_told(self):
        self.results(thing(1), thing(2))
        _changes, cursor = self.changes()
        self.bound(self.flow, 1).unlink()
        self.bound(self.flow, 2).ref = "none"
        changes, _cursor = self.changes(cursor)
        self.assertEqual({one["id"]: one["action"] for one in changes}, {"1": "deleted", "2": "left"})

    def test_deletion_of_a_record_that_was_told_and_has_no_id_yet_is_told(self):
        _changes, cursor = self.changes()
        ours = self.ours.id
        self.env["res.partner"].create({"name": "Nobody's"}).unlink()
        self.ours.unlink()
        self.assertEqual(self.changes(cursor)[0], [{"id": False, "odoo_id": ours, "action": "deleted"}])

    def test_deletion_while_nothing_was_captured_is_told(self):
        self.results(thing(1), thing(2))
        _changes, cursor = self.changes()
        self.connector.state = "disabled"
        self.bound(self.flow, 1).unlink()
        self.connector.state = "live"
        changes, _cursor = self.changes(cursor)
        self.assertEqual({one["id"]: one["action"] for one in changes if one["id"]}, {"1": "deleted", "2": "changed"})

    def test_record_that_came_to_be_one_to_push_is_told_when_it_goes(self):
        mapping = self.flow.mapping_ids.filtered(lambda one: one.field_name == "ref")
        mapping.unlink()
        self.results(thing(1))
        partner = self.bound(self.flow, 1)
        partner.ref = "shop"
        _changes, cursor = self.changes()
        partner.unlink()
        self.assertEqual([one["action"] for one in self.changes(cursor)[0]], ["deleted"])

    def test_record_that_the_acting_user_may_not_read_has_not_left(self):
        self.results(thing(1))
        _changes, cursor = self.changes()
        partner = self.bound(self.flow, 1)
        self.env["ir.rule"].create(
            {
                "name": "Hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": [("id", "!=", partner.id)],
            }
        )
        partner.phone = "7"
        (change,), _cursor = self.changes(cursor)
        self.assertEqual((change["id"], change["action"], change["record"]), ("1", "changed", False))
        self.assertIn("may not read this record", change["error"])

    def test_archived_tag_of_a_record_is_told_as_it_is_sent(self):
        tag = self.env["res.partner.category"].create({"name": "Red", "active": False})
        tags = field("category_id", "tags", "many2many_key", options={"field": "name"})
        self.called(fields=[field("name", "name", required=True), tags], push_domain=[("ref", "=", "shop")])
        self.ours.category_id = tag
        changes, _cursor = self.changes()
        self.assertEqual([one["record"]["tags"] for one in changes], [["Red"]])

    def test_related_key_that_changes_is_a_change_of_the_record(self):
        tag = self.env["res.partner.category"].create({"name": "Red"})
        self.called(
            code="tagged",
            fields=[
                field("name", "name", required=True),
                field("category_id", "tags", "many2many_key", options={"field": "name"}),
                {"field": "ref", "converter": "constant", "options": {"value": "shop"}, "direction": "pull"},
            ],
        )
        self.ours.category_id = tag
        flows = self.env["bridge.flow"].with_user(self.caller)
        first = flows.changes("tagged")
        self.assertEqual(first["changes"][0]["record"]["tags"], ["Red"])
        tag.name = "Blue"
        self.env.flush_all()
        self.env.cr.precommit.run()
        second = flows.changes("tagged", first["cursor"])
        self.assertEqual([one["record"]["tags"] for one in second["changes"]], [["Blue"]])

    def test_all_is_told_again_where_a_person_wants_it(self):
        _changes, cursor = self.changes()
        self.assertFalse(self.flow.action_full_push())
        (change,), _cursor = self.changes(cursor)
        self.assertEqual(change["odoo_id"], self.ours.id)

    def test_limit_cuts_and_says_that_there_is_more(self):
        for number in range(5):
            self.env["res.partner"].create({"name": f"N{number}", "ref": "shop"})
        seen, cursor = [], None
        while True:
            answer = self.call("changes", cursor, limit=4)
            seen += [one["record"]["name"] for one in answer["changes"]]
            cursor = answer["cursor"]
            if not answer["more"]:
                break
        self.assertEqual(seen, ["Ours", *(f"N{number}" for number in range(5))])

    def test_get_says_what_odoo_has(self):
        self.results(thing(1))
        self.bound(self.flow, 1).phone = "7"
        answer = self.call("get", [1, "99"])
        self.assertEqual(answer["unknown"], ["99"])
        self.assertEqual(answer["records"][0]["record"]["phone"], "7")

    def test_status_tells_what_is_not_done(self):
        self.results(thing(1), thing(2, name=None))
        status = self.call("status")
        expected = ("things_system.things", "live", "both", 1, 1)
        names = ("flow", "state", "direction", "records", "failures")
        self.assertEqual(tuple(status[name] for name in names), expected)


@tagged("post_install", "-at_install")
class TestWhoMayCall(CalledCase):
    def setUp(self):
        super().setUp()
        self.called()

    def test_only_callers_of_the_connector_may_call(self):
        stranger = self.external("stranger")
        calls = {
            "upsert": [[thing(1)]],
            "delete_by_external_id": [["1"]],
            "changes": [],
            "get": [["1"]],
            "status": [],
        }
        for who in (stranger, self.acting, self.env.ref("base.user_admin"), self.env.ref("base.public_user")):
            for method, args in calls.items():
                with self.subTest(who=who.login, method=method), self.assertRaises(AccessError):
                    self.call(method, *args, who=who)
        self.assertFalse(self.bound(self.flow, 1))

    def test_caller_sees_no_model(self):
        for name in ("res.partner", "bridge.flow", "bridge.connector", "bridge.binding", "bridge.run", "bridge.log"):
            with self.subTest(model=name):
                self.assertFalse(self.env[name].with_user(self.caller).has_access("read"))
        self.assertFalse(self.caller._is_internal())

    def test_flow_of_a_name_that_is_not_there_is_as_one_that_may_not_be_called(self):
        messages = []
        for name, who in (("things", self.external("other")), ("things", self.external("third"))):
            with self.assertRaises(AccessError) as caught:
                self.env["bridge.flow"].with_user(who).status(name)
            messages.append(str(caught.exception))
        with self.assertRaises(AccessError) as caught:
            self.env["bridge.flow"].with_user(self.caller).status("nothing")
        self.assertEqual(messages[0], str(caught.exception).replace("nothing", "things"))

    def test_new_caller_gets_a_key_that_is_shown_once_and_opens_this_connector_only(self):
        wizard = self.env["bridge.caller"].with_user(self.env.ref("base.user_admin"))
        wizard = wizard.create({"connector_id": self.connector.id, "name": "Web shop", "days": 30})
        key = wizard.with_context(**wizard.action_create()["context"]).key
        self.assertFalse(wizard.key)
        caller = self.env["res.users"].search([("login", "=", wizard.login)])
        self.assertEqual(caller.group_ids, self.env.ref(EXTERNAL))
        self.assertIn(caller, self.connector.caller_ids)
        checked = self.env["res.users.apikeys"]._check_credentials(scope="rpc", key=key)
        self.assertEqual(checked, caller.id)
        self.assertEqual(self.call("status", who=caller)["records"], 0)
        self.connector.caller_ids -= caller
        with self.assertRaises(AccessError):
            self.call("status", who=caller)

    def test_only_an_administrator_of_odoo_gives_access(self):
        group = self.env.ref("integration_bridge.group_integration_bridge_administrator")
        self.acting.group_ids += group
        wizard = self.env["bridge.caller"].create({"connector_id": self.connector.id, "name": "Web shop"})
        with self.assertRaises(AccessError):
            wizard.with_user(self.acting).action_create()
        with self.assertRaises(AccessError):
            self.env["bridge.caller"].with_user(self.acting).create({"connector_id": self.connector.id, "name": "x"})

    def test_caller_that_a_bridge_administrator_adds_waits_for_approval(self):
        administrator = new_test_user(
            self.env,
            "bridge_configurer",
            "base.group_user,base.group_partner_manager,integration_bridge.group_integration_bridge_administrator",
        )
        other = self.external("other_shop")
        self.connector.with_user(administrator).caller_ids += other
        for who in (other, self.caller):
            with self.subTest(who=who.login), self.assertRaisesRegex(UserError, "more than was approved"):
                self.call("upsert", [thing(1)], who=who)
        self.connector.with_user(self.env.ref("base.user_admin")).action_approve()
        self.assertEqual(self.results(thing(1), who=other), ["created"])

    def test_acting_user_s_rights_hold(self):
        self.acting.group_ids -= self.env.ref("base.group_partner_manager")
        result = self.call("upsert", [thing(1)])["results"][0]
        self.assertEqual(result["result"], "failed")
        self.assertFalse(self.bound(self.flow, 1))

    def test_disabled_connector_takes_nothing(self):
        self.connector.state = "disabled"
        for method, args in (("upsert", [[thing(1)]]), ("changes", [])):
            with self.subTest(method=method), self.assertRaisesRegex(UserError, "disabled"):
                self.call(method, *args)

    def test_direction_is_explicit(self):
        self.flow.direction = "pull"
        with self.assertRaisesRegex(UserError, "nothing can be read"):
            self.call("changes")
        self.flow.direction = "push"
        with self.assertRaisesRegex(UserError, "takes no records"):
            self.call("upsert", [thing(1)])

    def test_flows_of_one_name_are_told_apart_by_the_connector(self):
        status = self.env["bridge.flow"].with_user(self.caller).status("things_system.things")
        self.assertEqual(status["flow"], "things_system.things")


@tagged("post_install", "-at_install")
class TestOverHttp(HttpCase, CalledCase):
    """The three protocols of Odoo's external API, by HTTP."""

    def setUp(self):
        super().setUp()
        self.called()
        self.caller.password = "shop_caller_password"
        keys = self.env["res.users.apikeys"].with_user(self.caller).sudo()
        self.key = keys._generate(None, "api", None)

    def post(self, path, **arguments):
        headers = {"Authorization": f"bearer {self.key}", "Content-Type": "application/json"}
        answer = self.url_open(f"/json/2/{path}", data=json.dumps(arguments), headers=headers)
        return answer.status_code, answer.json()

    def test_call_that_is_lost_against_another_transaction_is_done_again(self):
        for request_id, table in ((None, "bridge_log"), ("r1", "bridge_request")):
            with self.subTest(table=table):
                lost = self.lose_once("INSERT", table)
                document = thing(table, name=table)
                status, answer = self.post(
                    "bridge.flow/upsert", flow="things", records=[document], request_id=request_id
                )
                self.assertEqual((status, answer["results"][0]["result"]), (200, "created"))
                self.assertTrue(lost())
                self.assertEqual(len(self.bound(self.flow, table)), 1)

    def test_json_2(self):
        def call(method, **arguments):
            return self.post(f"bridge.flow/{method}", flow="things", **arguments)

        status, answer = call("upsert", records=[thing(1), thing(2, name=None)], request_id="1")
        self.assertEqual(status, 200)
        self.assertEqual([one["result"] for one in answer["results"]], ["created", "failed"])
        status, again = call("upsert", records=[thing(1), thing(2, name=None)], request_id="1")
        self.assertEqual((status, again), (200, {**answer, "repeated": True}))
        status, answer = call("changes", own=True)
        self.assertEqual([one["id"] for one in answer["changes"]], ["1"])
        record = call("get", external_ids=["1"])[1]["records"][0]["record"]
        self.assertEqual((record["name"], record["phone"]), ("Thing 1", None))
        self.assertEqual(call("status")[1]["records"], 1)
        status, answer = call("upsert", records="x")
        self.assertEqual(status, 422)
        self.assertIn("list of JSON objects", answer["message"])
        self.assertEqual(self.post("res.partner/search_read")[0], 403)

    def test_xml_rpc(self):
        models = self.xmlrpc_object
        arguments = (self.env.cr.dbname, self.caller.id, self.key, "bridge.flow")
        answer = models.execute_kw(*arguments, "upsert", ["things", [thing(1)]])
        self.assertEqual(answer["results"][0]["result"], "created")
        (change,) = models.execute_kw(*arguments, "changes", ["things"])["changes"]
        self.assertEqual((change["id"], change["record"]["phone"]), ("1", False))
        answer = models.execute_kw(*arguments, "delete_by_external_id", ["things", ["1"]])
        self.assertEqual(answer["results"][0]["result"], "archived")
        with self.assertRaises(xmlrpc.client.Fault) as caught:
            models.execute_kw(*arguments, "_take_called", [[thing(1)]])
        self.assertIn("Private methods", str(caught.exception))

    def test_json_rpc(self):
        arguments = [self.env.cr.dbname, self.caller.id, self.key, "bridge.flow", "upsert", ["things", [thing(1)]]]
        body = {"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute_kw"}}
        body["params"]["args"] = arguments
        answer = self.url_open("/jsonrpc", data=json.dumps(body), headers={"Content-Type": "application/json"}).json()
        self.assertEqual(answer["result"]["results"][0]["result"], "created")
