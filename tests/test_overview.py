import json
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import Form, new_test_user, tagged

from ..jobs import lane
from . import lossy
from .common import BridgeCase, definition, list_operation, thing, things_flow


@tagged("post_install", "-at_install")
class TestOverview(BridgeCase):
    """The app's first screen, and what leads from it (promise 5)."""

    def test_a_card_says_how_each_flow_is(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2, name=None)]
        self.sync(flow)
        (line,) = self.connector.overview
        self.assertEqual((line["name"], line["icon"], line["color"]), (flow.name, "fa-arrow-down", "warning"))
        self.assertTrue(line["last"] and line["result"])
        self.assertFalse(line["next"], "it is run by hand")
        flow.write({"interval_number": 1, "next_run": Datetime.now()})
        self.connector.invalidate_recordset()
        (line,) = self.connector.overview
        self.assertTrue(line["last"] and line["next"], "both are said")
        (graph,) = json.loads(self.connector.activity_graph)
        self.assertEqual(len(graph["values"]), 14)
        self.assertEqual((graph["values"][-1]["value"], graph["values"][-1]["type"]), (2, "past"))
        self.assertEqual([bar["value"] for bar in graph["values"][:-1]], [0] * 13)

    def test_card_says_of_today_the_time_and_else_the_day(self):
        connector = self.env["bridge.connector"].with_context(tz="Europe/Berlin", lang="en_US")
        with freeze_time("2026-11-29 12:00:00"):
            said = [connector._moment(Datetime.to_datetime(f"2026-11-{at}")) for at in ("29 06:04", "29 23:30")]
        said = [one.strip("\u2068\u2069").replace("\u202f", " ") for one in said]
        self.assertEqual(said, ["7:04 AM", "Nov 30, 12:30 AM"])

    def test_card_does_not_say_the_name_that_stands_above(self):
        self.connect()
        told = [f"{self.connector.name}: things fail.", f"{self.connector.name} is not there.", "Work is due."]
        self.assertEqual(
            [self.connector._about_itself(one) for one in told], ["Things fail.", *told[1:]], "only as a heading"
        )
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.connector.flow_ids)
        self.connector.invalidate_recordset()
        self.assertRegex(self.connector.health_reason, "^Things, ")

    def test_connector_says_how_many_records_wait_to_be_sent(self):
        flow = self.connect()
        self.assertEqual(self.connector.change_count, 0)
        partners = self.env["res.partner"].create([{"name": "Ada"}, {"name": "Bob"}])
        about = {"flow_id": flow.id, "res_model": "res.partner"}
        self.env["bridge.change"].create([{**about, "res_id": partner.id} for partner in partners])
        self.connector.invalidate_recordset()
        self.assertEqual(self.connector.change_count, 2)
        changes = self.env["bridge.change"].search(self.connector.action_open_changes()["domain"])
        self.assertEqual(len(changes), 2)

    def test_only_administrators_are_asked_to_connect_a_system(self):
        for login, can in (("user", False), ("operator", False), ("administrator", True)):
            group = f"base.group_user,integration_bridge.group_integration_bridge_{login}"
            connectors = self.env["bridge.connector"].with_user(new_test_user(self.env, f"a_{login}", group))
            self.assertEqual("button" in connectors.get_empty_list_help("<p>button</p>"), can, login)
            arch = connectors.get_view(view_type="form")["arch"]
            self.assertEqual('name="next_step"' in arch, can, login)
            card = connectors.get_view(view_type="kanban")["arch"]
            self.assertEqual("it says what comes next" in card, can, login)

    def test_first_flow_is_made_in_a_form_of_its_own(self):
        connector = self.env["bridge.connector"].create({"name": "New", "code": "new", "base_url": "https://a.example"})
        self.assertIn("Add a Flow", connector.next_step)
        action = connector.action_add_flow()
        self.assertEqual((action["res_model"], action["target"]), ("bridge.flow", "current"))
        form = Form(self.env["bridge.flow"].with_context(**action["context"]))
        self.assertEqual(form.connector_id, connector)

    def test_one_that_has_done_nothing_has_no_graph(self):
        connector = self.env["bridge.connector"].create({"name": "New", "code": "new"})
        self.assertEqual((connector.overview, connector.activity_graph), (False, False))

    def test_a_hundred_cards_take_no_more_queries_than_two(self):
        self.sync(self.connect())
        fields = {field.get("name"): {} for field in self._card_fields()}

        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["bridge.connector"].web_search_read([], fields, limit=40)
            return self.env.cr.sql_log_count - before

        queries()  # what is kept from one request to the next
        few = queries()
        for number in range(8):
            document = definition("http://127.0.0.1:1")
            document["connector"] |= {"code": f"more_{number}", "name": f"More {number}"}
            connector = self.env["bridge.connector"]._import_definition(document)
            connector.write({"user_id": self.acting.id, "state": "live"})
            run = self.env["bridge.run"]._start(connector.flow_ids, "schedule")
            run.write({"state": "failed", "started": Datetime.now(), "finished": Datetime.now(), "message": "Why"})
        many = queries()
        self.assertLessEqual(many, few + 2, "each card costs queries of its own")
        self.assertLess(many, 36)  # the view itself takes three more, and we want the screen below forty

    def _card_fields(self):
        from lxml import etree

        view = self.env.ref("integration_bridge.bridge_connector_view_kanban")
        return etree.fromstring(view.arch).iter("field")

    # Progress, and pause

    def pages_of_five(self):
        flow = self.connect(
            things_flow(
                operations=[
                    list_operation("things", pagination={"type": "offset", "end": "short_page", "total_path": "total"})
                ]
            )
        )
        self.server.records["things"] = [thing(number) for number in range(1, 6)]
        return flow

    @lossy.counts_requests  # a hook is called in each attempt
    def test_run_that_goes_on_is_on_the_card_with_how_many_there_are(self):
        flow, seen = self.pages_of_five(), []

        def after_sync(flow, _outcomes):
            flow.env.flush_all()
            flow.connector_id.invalidate_recordset()
            seen.append(flow.connector_id.overview[0]["runs"])

        run = flow._enqueue("manual")
        self.assertEqual([one["state"] for one in self.connector.overview[0]["runs"]], ["pending"])
        with patch.object(type(flow), "_after_sync", after_sync):
            self.work()
        self.assertEqual([[(one["id"], one["state"]) for one in some] for some in seen], [[(run.id, "running")]] * 2)
        self.assertEqual((run.state, run.fetched, run.expected), ("done", 5, 5))
        self.connector.invalidate_recordset()
        self.assertEqual(self.connector.overview[0]["runs"], [])

    def test_screens_are_told_of_a_run_by_its_id_alone(self):
        flow = self.pages_of_five()
        self.env["bus.bus"].search([]).unlink()
        run = self.sync(flow)
        self.env["ir.cron"].flush_model()
        told = [json.loads(one.message) for one in self.env["bus.bus"].search([])]
        told = [one["payload"] for one in told if one["type"] == "bridge.run"]
        self.assertGreaterEqual(len(told), 2, "that it began, and that it ended")
        self.assertEqual({(one["run"], one["connector"]) for one in told}, {(run.id, self.connector.id)})
        self.assertEqual({*told[0]}, {"run", "connector", "state"}, "nothing of the records")
        channels = {json.loads(one.channel)[1] for one in self.env["bus.bus"].search([])}
        self.assertLessEqual(channels, {"res.groups", "res.partner"}, "who may not see it is not told")

    def test_pause_holds_everything_until_a_person_resumes(self):
        flow = self.pages_of_five()
        operator = new_test_user(
            self.env, "pauser", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        self.connector.with_user(operator).action_pause()
        run = self.sync(flow)
        self.assertEqual((run.state, self.server.requests), ("pending", []))
        self.assertEqual(self.connector.health, "attention")
        self.assertIn("pauser", self.connector.health_reason)
        self.assertTrue(self.connector.is_paused and self.connector.is_shut)
        self.connector.base_url = self.server.url + "/"
        self.work()
        self.assertEqual(run.state, "pending", "a change of the settings is no word to go on")
        self.connector.action_test_connection()
        self.work()
        self.assertEqual(run.state, "pending", "nor is it that the other system is there")
        self.connector.with_user(operator).action_resume()
        self.work()
        self.assertEqual((run.state, self.connector.is_paused), ("done", False))

    def test_pause_ends_a_run_that_is_at_work_with_its_page(self):
        flow = self.pages_of_five()

        def after_sync(flow, _outcomes):
            flow.connector_id.sudo()._gate()._pause(flow.env.user)

        with patch.object(type(flow), "_after_sync", after_sync):
            run = self.sync(flow)
        self.assertEqual((run.state, run.shown_state, run.fetched), ("running", "paused", 3))
        self.connector.action_resume()
        self.work()
        self.assertEqual((run.state, run.shown_state, run.fetched), ("done", "done", 5))

    def test_pause_in_the_last_page_of_a_full_scan_comes_before_what_is_gone_is_archived(self):
        flow = self.pages_of_five()
        self.sync(flow)
        gone = self.bound(flow, 1)
        self.server.records["things"] = self.server.records["things"][1:]

        def after_sync(flow, outcomes):
            if flow.connector_id.flow_ids.last_run_id.fetched:  # the second page
                flow.connector_id.sudo()._gate()._pause(flow.env.user)

        with patch.object(type(flow), "_after_sync", after_sync):
            run = self.sync(flow, full=True)
        self.assertEqual((run.state, run.shown_state, run.fetched), ("running", "paused", 4))
        self.assertTrue(gone.active)
        self.assertFalse(self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("state", "=", "missing")]))
        self.connector.action_resume()
        self.work()
        self.assertEqual((run.state, run.fetched), ("done", 4))
        self.assertTrue(self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("state", "=", "missing")]))

    def test_card_shows_each_run_that_goes_on_those_at_work_first(self):
        flow = self.pages_of_five()
        pull = flow._enqueue("manual")
        pull.state = "running"
        runs = self.env["bridge.run"]
        push = runs.create({"flow_id": flow.id, "kind": "push", "trigger": "manual"})
        for values in ({"trigger": "webhook"}, {"dry_run": True}, {"state": "done"}):
            runs.create({"flow_id": flow.id, "trigger": "manual", **values})
        (line,) = self.connector.overview
        self.assertEqual([(one["id"], one["kind"]) for one in line["runs"]], [(pull.id, "pull"), (push.id, "push")])

    def test_how_many_there_are_holds_when_a_run_begins_anew(self):
        flow = self.pages_of_five()
        run = flow._enqueue("manual")
        run.write({"fetched": 3, "expected": 5})
        self.work()
        self.assertEqual((run.fetched, run.expected), (8, 8))

    def test_pause_ends_the_taking_of_deliveries_between_two_batches(self):
        self.connect()
        job = self.env["bridge.job"].create({"kind": "take", "flow_id": self.connector.flow_ids[:1].id})
        with self.committing_nothing(left=30):
            commit = lane.committer(job)
            self.assertEqual(commit(1), 30)
            self.connector.action_pause()
            self.assertEqual(commit(1), 0)
            self.connector.action_resume()
            self.assertEqual(commit(1), 30)
            self.connector.state = "disabled"
            self.assertEqual(commit(1), 0)

    def test_user_may_not_pause(self):
        self.connect()
        user = new_test_user(self.env, "looker", "base.group_user,integration_bridge.group_integration_bridge_user")
        with self.assertRaises(AccessError):
            self.connector.with_user(user).action_pause()

    def test_what_comes_next_is_said_until_it_is_live(self):
        connector = self.env["bridge.connector"].create({"name": "Guided", "code": "guided"})
        self.assertIn("enter the base address", connector.next_step)
        connector.write({"base_url": "https://guided.example.com", "auth_scheme": "bearer"})
        self.assertIn("enter how to sign in", connector.next_step)
        groups = "base.group_user,integration_bridge.group_integration_bridge_administrator"
        ours = new_test_user(self.env, "bridge_guided", groups)
        self.assertIn("Odoo's role Administrator has to enter the secret", connector.with_user(ours).next_step)
        connector.auth_scheme = "none"
        self.assertIn("Add a Flow", connector.next_step)
        flow = self.env["bridge.flow"].create(
            {
                "name": "Contacts",
                "code": "contacts",
                "connector_id": connector.id,
                "model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.assertIn("which field goes where", connector.next_step)
        flow.mapping_ids = [
            (0, 0, {"field_id": self.env["ir.model.fields"]._get("res.partner", "name").id, "path": "name"})
        ]
        self.assertIn("how to ask for its list", connector.next_step)
        flow.operation_ids = [(0, 0, {"kind": "list", "path": "/contacts", "records_path": "@"})]
        self.assertIn("acting user", connector.next_step)
        connector.user_id = self.env.ref("base.user_admin")
        self.assertIn("press Preview", connector.next_step)
        flow.action_go_live()
        self.assertEqual((connector.state, connector.next_step), ("live", False))

    def test_the_gear_of_a_flow_leads_to_what_is_rare(self):
        flow = self.connect()
        for kind in ("pull", "push"):
            action = getattr(flow, f"action_{kind}_again")()
            self.assertEqual(action["context"], {"default_kind": kind, "default_flow_id": flow.id})
            Form(self.env["bridge.anew"].with_context(**action["context"]))
        for entry in ("full_sync", "full_push", "compare", "recover", "pull_again", "push_again"):
            action = self.env.ref(f"integration_bridge.bridge_flow_action_{entry}")
            groups = action.group_ids.mapped("full_name")
            self.assertEqual(len(groups), 1, f"{entry} is for operators alone, not for {groups}")

    def test_the_error_desk_finds_a_record_by_its_name_and_remote_id(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name=None), thing(22, name=None, email="no address")]
        self.sync(flow)
        failures = self.env["bridge.failure"]
        self.assertTrue(failures.search([("record", "ilike", "22")]))
        self.assertFalse(failures.search([("record", "ilike", "333")]))
        action = failures.search([("record", "ilike", "22")], limit=1).action_open_jobs()
        self.assertTrue(action["context"]["bridge_of_one_sort"])

    def test_connectors_that_need_attention_are_found(self):
        flow = self.connect()
        connectors, mine = self.env["bridge.connector"], flow.connector_id
        self.assertIn(mine, connectors.search([("health", "=", "ok")]))
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(flow)
        self.assertEqual(mine.health, "attention")
        self.assertIn(mine, connectors.search([("health", "in", ("attention", "down"))]))
        self.assertNotIn(mine, connectors.search([("health", "=", "down")]))
        self.assertNotIn(mine, connectors.search([("health", "not in", ("attention", "down"))]))

    def test_connectors_are_grouped_by_their_health(self):
        flow = self.connect()
        connectors, mine = self.env["bridge.connector"], flow.connector_id
        other = connectors.create({"name": "Off", "code": "off", "base_url": "https://a.example", "state": "disabled"})
        kept = mine.copy({"code": "kept", "active": False, "state": "live"})
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(flow)
        domain = [("id", "in", (mine | other | kept).ids), ("active", "in", (True, False))]
        for group in connectors.formatted_read_group(domain, ["health"], ["__count"]):
            found = connectors.search([*domain, *group["__extra_domain"]])
            self.assertEqual(set(found.mapped("health")), {group["health"]})
            self.assertEqual(len(found), group["__count"])
        groups = dict(connectors._read_group(domain, ["health"], ["id:recordset"]))
        self.assertEqual(groups, {"attention": mine, kept.health: kept, False: other})

    def test_no_health_is_worked_out_to_say_that_connectors_can_be_grouped_by_it(self):
        self.connect()
        connectors = self.env["bridge.connector"]
        with patch.object(type(connectors), "_healths", side_effect=AssertionError):
            self.assertTrue(connectors.fields_get(["health"], ["groupable"])["health"]["groupable"])

    def test_going_live_says_what_happens_from_now_on(self):
        flow = self.connect()
        connector = flow.connector_id
        connector.action_disable()
        said = flow.action_go_live()["params"]
        self.assertEqual((connector.state, said["title"]), ("live", "System of Things is live"))
        self.assertEqual(said["message"], "Runs when you press Sync Now: Things.")
        flow.operation_ids.create({"flow_id": flow.id, "kind": "create", "method": "POST", "path": "/things"})
        flow.write({"interval_number": 5, "direction": "both", "authority": "ask"})
        self.assertEqual(
            connector.action_set_live()["params"]["message"],
            "Runs by itself: Things. Changes in Odoo are sent by: Things.",
        )
