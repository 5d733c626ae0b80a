import json
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from .common import BridgeCase, list_operation, thing, things_flow


@tagged("post_install", "-at_install")
class TestLook(BridgeCase):
    """*Look at the Answer*: what the first page suggests, proven by the second one, and set only when ticked."""

    def setUp(self):
        super().setUp()
        self.server.records["things"] = [thing(number, deleted=None) for number in range(1, 14)]

    def bare(self, **values):
        """A flow whose list operation says nothing but its path; return the operation."""
        flow = self.connect(
            things_flow(operations=[{"kind": "list", "path": "/things", **values}], record={"id": "key"})
        )
        return flow._operation("list")

    def look(self, operation):
        action = operation.action_look()
        self.assertEqual((action["res_model"], action["target"]), ("bridge.look", "new"))
        return self.env["bridge.look"].browse(action["res_id"])

    def test_what_the_answer_suggests_is_right_and_proven(self):
        look = self.look(self.bare())
        self.assertEqual((look.take_records, look.records_path), (True, "items"))
        self.assertEqual((look.take_id, look.id_path), (True, "id"))
        self.assertEqual((look.take_deleted, look.deleted_path), (True, "deleted"))
        self.assertEqual((look.take_pagination, look.pagination), (True, "offset"))
        self.assertEqual(json.loads(look.pagination_query), {"limit": "{limit}", "offset": "{offset}"})
        self.assertIn("Tried: the second page has other records", look.pagination_reason)
        self.assertIn("Thing 1", look.shown)
        self.assertTrue(look.records_reason and look.id_reason)

    def test_what_is_applied_pulls_every_record_once(self):
        operation = self.bare()
        self.look(operation).action_apply()
        flow = operation.flow_id
        self.assertEqual((operation.records_path, operation.pagination, flow.id_path), ("items", "offset", "id"))
        flow.page_size = 5
        self.server.requests.clear()
        run = self.sync(flow)
        self.assertEqual((run.state, run.created), ("done", 13), run.message)
        self.assertGreater(len(self.server.requests), 2, "in pages")

    def test_nothing_is_changed_by_looking(self):
        operation = self.bare()
        names = ["records_path", "pagination", "pagination_options", "query", "delta_kind"]
        before, of_flow = operation.read(names), operation.flow_id.read(["id_path", "deleted_path", "page_size"])
        partners = self.env["res.partner"].search_count([])
        self.look(operation)
        self.assertEqual(operation.read(names), before)
        self.assertEqual(operation.flow_id.read(["id_path", "deleted_path", "page_size"]), of_flow)
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertTrue(all(method == "GET" for method, *_rest in self.server.requests))

    def test_what_is_not_ticked_stays_and_what_was_changed_counts(self):
        operation = self.bare()
        look = self.look(operation)
        look.write({"take_deleted": False, "take_id": True, "id_path": "email", "take_pagination": False})
        look.action_apply()
        flow = operation.flow_id
        self.assertEqual((flow.id_path, flow.deleted_path), ("email", False))
        self.assertEqual((operation.pagination, operation.query), ("none", False))
        self.assertEqual(operation.records_path, "items")

    def test_left_and_continued(self):
        """Who leaves finds what was changed, until it is applied, looked at again, or of another operation."""
        operation = self.bare()
        look = self.look(operation)
        self.assertNotEqual(self.look(operation), look, "what was cancelled is not kept")
        look.write({"take_id": True, "id_path": "email"})
        self.assertEqual(look.action_later()["type"], "ir.actions.act_window_close")
        self.assertNotEqual(operation.flow_id.id_path, "email", "nothing is set before Apply")
        self.server.requests.clear()
        self.assertEqual(self.look(operation), look)
        self.assertEqual((look.id_path, look.is_left), ("email", True))
        self.assertFalse(self.server.requests)
        other = new_test_user(
            self.env, "look_other", "base.group_user,integration_bridge.group_integration_bridge_administrator"
        )
        self.assertNotEqual(self.look(operation.with_user(other)).id, look.id, "each has his own")
        again = look.action_look_again()["res_id"]
        self.assertNotEqual(again, look.id)
        self.assertTrue(self.server.requests)
        self.env["bridge.look"].browse(again).action_later()
        self.env["bridge.look"].browse(again).action_apply()
        self.assertNotEqual(self.look(operation).id, again, "it is done")

    def test_what_was_left_is_not_for_an_operation_that_is_another_one(self):
        """Also of a flow: by another ID each record would be another one."""
        operation = self.bare()
        flow = operation.flow_id
        for one in (operation, flow, flow.connector_id):
            with self.subTest(one._name):
                look = self.look(operation)
                look.action_later()
                self.assertEqual(self.look(operation), look)
                self.env.flush_all()
                self.env.cr.execute("UPDATE bridge_look SET write_date = %s", [one.write_date])
                table = SQL.identifier(one._table)
                self.env.cr.execute(SQL("UPDATE %s SET write_date = write_date + interval '1 second'", table))
                self.env.invalidate_all()
                self.assertNotEqual(self.look(operation), look)
                self.env.cr.execute(SQL("UPDATE %s SET write_date = write_date - interval '1 second'", table))
                self.env.invalidate_all()

    def test_sample_is_kept_only_of_what_was_left(self):
        operation = self.bare()
        left, cancelled = self.look(operation), self.look(operation)
        left.action_later()
        self.env.flush_all()
        self.env.cr.execute("UPDATE bridge_look SET write_date = write_date - interval '2 hours'")
        self.env.invalidate_all()
        self.env["bridge.look"]._transient_vacuum()
        self.assertFalse(cancelled.exists())
        self.assertTrue(left.exists())

    def test_nothing_ticked_is_said(self):
        look = self.look(self.bare())
        look.write(dict.fromkeys([name for name in look._fields if name.startswith("take_")], False))
        with self.assertRaisesRegex(UserError, "Tick what is to be set"):
            look.action_apply()

    def test_what_does_not_fit_is_refused_and_nothing_is_set(self):
        operation = self.bare()
        for values, words in (
            ({"records_path": "items["}, "Records in the Answer"),
            ({"pagination_query": "{"}, "JSON"),
            ({"pagination_query": False}, "no {offset}"),
        ):
            look = self.look(operation)
            look.write(values)
            with self.subTest(words=words), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                look.action_apply()
            self.env.invalidate_all()
            self.assertEqual(operation.records_path, "@")

    def test_list_that_is_right_already_has_nothing_ticked(self):
        flow = self.connect()
        look = self.look(flow._operation("list"))
        self.assertFalse(look.take_records or look.take_id or look.take_updated or look.take_deleted)
        self.assertIn("It is so already", look.records_reason)
        self.assertIn("It is so already", look.id_reason)

    def test_what_works_is_not_replaced_unasked(self):
        listed = {"kind": "list", "path": "/things", "records": "items[?id]"}
        record = {"id": "email", "deleted": "name == 'x'"}
        look = self.look(self.connect(things_flow(operations=[listed], record=record))._operation("list"))
        self.assertEqual((look.records_path, look.id_path, look.deleted_path), ("items", "id", "deleted"))
        self.assertFalse(look.take_records or look.take_id or look.take_deleted, "shown, and not ticked")

    def test_id_of_a_flow_that_has_records_is_not_replaced_unasked(self):
        operation = self.bare()
        self.env["bridge.binding"].create({"flow_id": operation.flow_id.id, "external_id": "1", "res_id": 1})
        look = self.look(operation)
        self.assertFalse(look.take_id, "each record would be another one")

    def test_looking_is_seen_in_the_log_and_shows_no_secret(self):
        operation = self.bare()
        self.connector.log_level = "everything"
        for record in self.server.records["things"]:
            record["password"] = "Secret-of-a-record"
        exchanges = self.env["bridge.exchange"]
        before = exchanges.search_count([])
        look = self.look(operation)
        self.assertGreater(exchanges.search_count([]), before)
        self.assertIn("Thing 1", look.shown)
        self.assertNotIn("Secret-of-a-record", look.shown)

    def test_who_may_not_read_the_records_may_not_look(self):
        operation = self.bare()
        hidden = patch.object(type(self.env["bridge.exchange"]), "_sees", lambda self, flow: False)
        with hidden, self.assertRaisesRegex(UserError, "may not read"):
            operation.action_look()
        self.assertFalse(self.server.requests)

    def test_only_changes_are_proposed_where_the_list_can_be_asked_for_them(self):
        operation = self.bare(query={"updated_since": "2020-01-01T00:00:00Z", "kind": "all"})
        for number, record in enumerate(self.server.records["things"]):
            record["updated"] = f"2026-01-{number + 1:02}T10:00:00Z"
        look = self.look(operation)
        self.assertEqual((look.take_since, look.since_name, look.since_place), (True, "updated_since", "query"))
        look.action_apply()
        self.assertEqual((operation.delta_kind, operation.delta_format), ("timestamp", "iso"))
        query = json.loads(operation.query)
        self.assertEqual((query["updated_since"], query["kind"]), ("{since}", "all"), "what else was sent stays")
        self.assertEqual(operation.flow_id.updated_path, "updated")

    def test_short_list_is_not_called_proven(self):
        self.server.records["things"] = [thing(1), thing(2)]
        look = self.look(self.bare())
        self.assertFalse(look.take_pagination)
        self.assertNotIn("other records than the first", look.pagination_reason)

    def test_pagination_that_could_not_be_proven_does_not_replace_the_one_that_is_set(self):
        self.server.records["things"] = [thing(1), thing(2)]
        operation = self.bare(query={"seite": "{page}"}, pagination={"type": "page", "end": "empty_page"})
        look = self.look(operation)
        self.assertFalse(look.take_pagination)
        look.action_apply()
        self.assertEqual((operation.pagination, json.loads(operation.query)), ("page", {"seite": "{page}"}))

    def test_empty_list_proposes_nothing_that_was_not_seen(self):
        self.server.records["things"] = []
        operation = self.bare()
        look = self.look(operation)
        self.assertFalse(look.take_id or look.take_updated or look.take_pagination)
        self.assertIn("no records now", look.shown)

    def test_what_records_say_is_shown_as_text(self):
        self.server.records["things"][0]["name"] = "<script>alert(1)</script>"
        self.assertNotIn("<script", self.look(self.bare()).shown)
        self.assertIn("&lt;script", self.look(self.bare()).shown)

    def test_what_goes_wrong_is_said(self):
        operation = self.bare()
        html = {"Content-Type": "text/html"}
        cases = [
            ((404, {}, b"{}"), "404"),
            ((200, html, b"<html></html>"), "web page"),
            ((200, {"Content-Type": "application/json"}, b'{"id": 1}'), "no list of records.*began"),
        ]
        for fault, words in cases:
            self.server.faults = [fault]
            with self.subTest(words=words), self.assertRaisesRegex(UserError, words):
                operation.action_look()

    def test_one_that_lists_for_each_record_of_another_is_not_looked_at(self):
        first = things_flow()
        second = things_flow(
            code="events",
            operations=[
                list_operation("events/{parent}", for_each={"flow": "things", "path": "thing_id"}),
            ],
        )
        flow = self.connect(first, second)._sibling("events")
        with self.assertRaisesRegex(UserError, "without another record's ID"):
            flow._operation("list").action_look()

    def test_only_administrators_look(self):
        operation = self.bare()
        self.server.requests.clear()
        operator = new_test_user(
            self.env, "look_operator", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        with self.assertRaises(AccessError):
            operation.with_user(operator).action_look()
        self.assertEqual(self.server.requests, [])

    def test_administrators_of_another_company_neither_look_nor_apply(self):
        operation = self.bare()
        operation.flow_id.connector_id.company_id = self.env.company
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "look_stranger",
            "base.group_user,integration_bridge.group_integration_bridge_administrator",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.server.requests.clear()
        with self.assertRaises(AccessError):
            operation.with_user(stranger).action_look()
        self.assertEqual(self.server.requests, [])
        with self.assertRaises(AccessError):
            forms = self.env["bridge.look"].with_user(stranger)
            forms.create({"operation_id": operation.id, "take_id": True, "id_path": "email"}).action_apply()
        self.assertEqual(operation.flow_id.id_path, "key")

    def test_connector_that_may_not_act_asks_nothing(self):
        operation = self.bare()
        self.acting.active = False
        self.server.requests.clear()
        with self.assertRaisesRegex(UserError, "no acting user"):
            operation.action_look()
        self.assertEqual(self.server.requests, [])

    def test_copied_database_asks_nothing(self):
        operation = self.bare()
        self.patch(type(self.env["bridge.instance"]), "_is_at_home", lambda *_args: False)
        with self.assertRaisesRegex(UserError, "another place"):
            operation.action_look()
        self.assertEqual(self.server.requests, [])
