from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, thing, things_flow
from .test_webhooks import FETCH, PAYLOAD, WebhookCase


@tagged("post_install", "-at_install")
class TestFind(BridgeCase):
    """Why is this record not here? (promise 5)"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,base.group_partner_manager,integration_bridge.group_integration_bridge_{}"
        cls.user, cls.operator = (
            new_test_user(cls.env, f"find_{one}", groups.format(one)) for one in ("user", "operator")
        )

    def find(self, text, who=None):
        find = self.env["bridge.find"].with_user(who or self.user).create({"sought": text})
        find.action_find()
        return find

    def states(self, text, who=None):
        return self.find(text, who).line_ids.mapped("state")

    def setUp(self):
        super().setUp()
        self.flow = self.connect()

    def test_one_that_is_here_is_found_by_remote_id_name_and_e_mail(self):
        self.server.records["things"] = [thing(1, name="Ada Lovelace", email="ada@example.com"), thing(2)]
        self.sync(self.flow)
        for text in ("1", "Ada Lovelace", "ada lovelace", "ADA@example.com", " Lovelace "):
            with self.subTest(text):
                line = self.find(text).line_ids
                self.assertEqual((line.external_id, line.state, line.record_label), ("1", "here", "Ada Lovelace"))
        self.assertEqual(line.action_open()["res_id"], self.bound(self.flow, 1).id)

    def test_one_that_never_came_in_is_found_by_what_it_says(self):
        self.server.records["things"] = [thing(1, name=None, email="zoe@example.com")]
        self.sync(self.flow)
        job = self.failures(self.flow)
        for text in ("1", "zoe@example.com"):
            with self.subTest(text):
                line = self.find(text).line_ids
                self.assertEqual((line.state, line.job_id), ("failed", job))
                self.assertIn("It is not in Odoo. It fails since", line.story)
                self.assertRegex(line.story, "press Retry. .*ask one of them", "it is no button of his")
        self.assertFalse(line.can_retry)
        self.assertEqual(line.action_open()["res_id"], job.id)

    def test_an_operator_retries_from_the_story(self):
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.flow)
        find = self.find("1", self.operator)
        self.assertTrue(find.line_ids.can_retry)
        self.assertNotIn("ask one of them", find.line_ids.story)
        find.line_ids.action_retry()
        self.assertEqual(find.line_ids.state, "waiting")

    def test_one_that_was_ignored_says_why(self):
        self.server.records["things"] = [thing(1, name=None)]
        self.sync(self.flow)
        self.env["bridge.job.ignore"].create(
            {"reason": "A test order.", "domain": f'[["id", "=", {self.failures(self.flow).id}]]'}
        ).action_ignore()
        line = self.find("1").line_ids
        self.assertEqual(line.state, "ignored")
        self.assertIn("A test order.", line.story)

    def test_one_that_is_in_odoo_only_says_that(self):
        self.env["res.partner"].create({"name": "Only Here"})
        line = self.find("Only Here").line_ids
        self.assertEqual(line.state, "apart")
        self.assertIn("belongs to no record of", line.story)

    def test_one_that_is_not_to_be_sent_says_that(self):
        self.flow.operation_ids.create(
            {"flow_id": self.flow.id, "kind": "create", "method": "POST", "path": "/things", "records_path": "@"}
        )
        self.flow.write({"direction": "push", "push_domain": "[('ref', '=', 'shop')]"})
        partners = self.env["res.partner"].create([{"name": "Apart"}, {"name": "To Send", "ref": "shop"}])
        self.env["bridge.change"].search([]).unlink()
        self.assertEqual(self.states("Apart"), ["apart"])
        self.assertEqual(self.states("To Send"), ["waiting"])
        line = self.find("To Send", self.operator).line_ids
        self.assertRegex(line.story, "to be sent to .*, which has not happened yet. Press Send Now.$")
        self.assertTrue(line.can_send)
        mine = self.find("To Send").line_ids
        self.assertIn("ask one of them", mine.story, "it is no button of his")
        self.assertFalse(mine.can_send)
        self.connector.state = "preview"
        line = self.find("To Send", self.operator).line_ids
        self.assertIn("Nothing is sent there, because it is not live.", line.story)
        self.assertFalse(line.can_send)
        self.connector.state = "live"
        self.env["bridge.change"]._note(self.flow.id, "res.partner", partners.ids)
        self.env.cr.flush()
        self.assertIn("waits to be sent", self.find("To Send").line_ids.story)
        self.assertFalse(self.find("To Send", self.operator).line_ids.can_send)

    def test_an_operator_sends_from_the_story(self):
        self.flow.operation_ids.create(
            {"flow_id": self.flow.id, "kind": "create", "method": "POST", "path": "/things", "records_path": "@"}
        )
        self.flow.direction = "both"
        partner = self.env["res.partner"].create({"name": "To Send"})
        self.env["bridge.change"].search([]).unlink()
        find = self.find("To Send", self.operator)
        find.line_ids.action_send()
        line = find.line_ids
        self.assertIn("waits to be sent", line.story)
        self.assertFalse(line.can_send)
        self.assertEqual(self.env["bridge.change"].search([("flow_id", "=", self.flow.id)]).res_id, partner.id)

    def test_a_conflict_and_what_was_removed(self):
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(self.flow)
        self.conflict(self.flow, 1)
        self.assertEqual(self.states("1"), ["conflict"])
        self.server.records["things"] = [self.server.records["things"][0]]
        self.flow.remove_limit = 100
        self.sync(self.flow, full=True)
        found = self.find("2").line_ids
        self.assertEqual(found.mapped("state"), ["gone"])
        self.assertIn("It was deleted in", found.story)

    def test_what_is_the_matter_comes_first_however_many_are_called_so(self):
        """And what is synced comes before what is only called so."""
        self.env["res.partner"].create([{"name": "Twin", "email": f"{number}@a.example.com"} for number in range(25)])
        self.server.records["things"] = [thing(number, name="Twin") for number in (1, 2)]
        self.sync(self.flow)
        self.conflict(self.flow, 2)
        for text in ("Twin", "Twi"):
            with self.subTest(text):
                lines = self.find(text).line_ids
                self.assertEqual(lines.mapped("state"), ["conflict", "here", *["apart"] * 18])
                self.assertEqual(lines.mapped("external_id")[:2], ["2", "1"])

    def test_what_fails_is_told_however_much_else_is_known(self):
        """The list is cut off behind it, not before."""
        self.env["res.partner"].create([{"name": "Twin"} for _number in range(25)])
        self.server.records["things"] = [thing(number, name="Twin") for number in range(1, 25)]
        self.sync(self.flow)
        jobs = self.env["bridge.job"].create(
            [
                {
                    "connector_id": self.connector.id,
                    "flow_id": self.flow.id,
                    "kind": "pull_record",
                    "external_id": external_id,
                    "record_name": "Twin",
                    "state": state,
                    "error_kind": "data",
                }
                for external_id, state in [("lost", "failed"), *(("1", "done") for _number in range(25))]
            ]
        )
        found = self.find("Twin").line_ids
        self.assertLessEqual(len(found), 40)
        self.assertEqual((found[0].state, found[0].job_id), ("failed", jobs[0]))

    def test_one_that_nobody_knows_can_be_asked_for(self):
        find = self.find("4711", self.operator)
        self.assertTrue(find.is_unknown and find.has_askable)
        self.server.records["things"] = [thing(4711)]
        action = find.action_ask()
        self.assertEqual(action["context"], {"default_flow_id": self.flow.id, "default_external_ids": "4711"})

    def test_a_name_that_may_be_an_id_can_be_asked_for_all_the_same(self):
        """What is called so here need not be what the person looks for."""
        self.env["res.partner"].create({"name": "4711"})
        find = self.find("4711", self.operator)
        self.assertTrue(find.line_ids and find.has_askable)
        self.assertFalse(find.is_unknown)
        self.server.records["things"] = [thing(4711, name="It")]
        self.sync(self.flow)
        self.assertFalse(self.find("4711", self.operator).has_askable, "it is known by this ID")
        self.connector.state = "preview"
        self.assertFalse(self.find("4712", self.operator).has_askable)

    def test_only_flows_that_do_not_know_the_id_are_asked_for_it(self):
        """Customer 42 is here, order 42 never came."""
        orders = self.connect(things_flow(code="orders", name="Orders"), code="shop", name="Shop")
        self.server.records["things"] = [thing(42)]
        self.sync(self.flow)
        find = self.find("42", self.operator)
        self.assertTrue(find.has_askable)
        self.assertEqual(find.action_ask()["context"]["default_flow_id"], orders.id)

    def test_line_that_has_no_id_there_is_not_asked_for(self):
        self.server.records["things"] = [thing(1, name="Ada")]
        self.sync(self.flow)
        line = self.find("Ada", self.operator).line_ids
        for external_id in (False, "?0123"):
            line.external_id = external_id
            with self.subTest(external_id), self.assertRaisesRegex(UserError, "can not be asked for this record"):
                line.action_ask()
        line.write({"external_id": "1", "may_ask": True})
        self.connector.state = "preview"
        with self.assertRaisesRegex(UserError, "can not be asked for this record"):
            line.action_ask()

    def test_an_operator_fetches_again_from_the_story(self):
        self.server.records["things"] = [thing(1, name="Ada")]
        self.sync(self.flow)
        self.assertFalse(self.find("Ada").line_ids.can_ask)
        find = self.find("Ada", self.operator)
        self.assertTrue(find.line_ids.can_ask)
        self.server.records["things"][0]["name"] = "Ada Lovelace"
        find.line_ids.action_ask()
        line = find.line_ids
        self.assertIn("It is being fetched", line.story)
        self.assertFalse(line.can_ask)
        self.work()
        self.assertEqual(self.bound(self.flow, 1).name, "Ada Lovelace")

    def test_nothing_is_said_of_what_a_person_may_not_read(self):
        self.server.records["things"] = [thing(1, name=None, email="zoe@example.com"), thing(2, name="Hidden")]
        self.sync(self.flow)
        self.env["ir.rule"].create(
            {
                "name": "Nobody sees them",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": "[('name', '!=', 'Hidden')]",
            }
        )
        self.assertFalse(self.find("Hidden").line_ids)
        self.env["ir.model.access"].search([("model_id.model", "=", "res.partner")]).perm_read = False
        self.env["ir.model.access"].flush_model()
        self.env.registry.clear_cache()
        self.assertFalse(self.find("zoe@example").line_ids)

    def test_wildcards_are_none_and_nothing_is_refused(self):
        self.server.records["things"] = [thing(1, name="Ada")]
        self.sync(self.flow)
        self.assertFalse(
            self.find("%").line_ids.filtered(lambda line: line.external_id == "1" and line.state == "failed")
        )
        with self.assertRaisesRegex(UserError, "Write what you know"):
            self.find("  ")


@tagged("post_install", "-at_install")
class TestFindNotification(WebhookCase):
    """What the other system has told of a record belongs to its story."""

    def setUp(self):
        super().setUp()
        groups = "base.group_user,base.group_partner_manager,integration_bridge.group_integration_bridge_{}"
        self.user, self.operator = (
            new_test_user(self.env, f"told_{one}", groups.format(one)) for one in ("user", "operator")
        )

    def found(self, text, who=None):
        find = self.env["bridge.find"].with_user(who or self.user).create({"sought": text})
        find.action_find()
        return find.line_ids

    def test_one_that_was_told_and_taken(self):
        self.open(PAYLOAD)
        self.deliver(self.told(1, name="Ada Lovelace"))
        line = self.found("Ada Lovelace")
        self.assertEqual((line.state, line.delivery_id), ("here", self.deliveries))
        self.server.records["things"] = [thing(1, name="Ada Lovelace")]
        self.found("Ada Lovelace", self.operator).action_ask()
        action = line.binding_id.action_open_jobs()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]).external_id, "1")
        self.assertIn("The last notification about it came on", line.story)

    def test_one_that_waits_to_be_taken_and_one_that_was_left_aside(self):
        self.open({**FETCH, "path": "data.nothing"})
        self.send(self.told(1, name="SO-77"))
        line = self.found("so-77")
        self.assertEqual((line.state, line.delivery_id), ("waiting", self.deliveries))
        self.assertIn("and waits to be taken.", line.story)
        self.work()
        self.assertEqual(self.states(), ["ignored"])
        line = self.found("SO-77")
        self.assertEqual(line.state, "skipped")
        self.assertIn("and was left aside.", line.story)
        self.assertIn(self.deliveries.reason.rstrip("."), line.story)
        self.assertEqual(line.action_open()["res_id"], self.deliveries.id)

    def test_text_is_found_however_it_is_written_and_only_as_a_word(self):
        self.open({**FETCH, "path": "data.nothing"})
        data = r'{"id": 4712, "name": "M\u00fcller", "url": "https:\/\/a.example.com\/7"}'
        self.send(f'{{"type": "thing.updated", "data": {data}}}'.encode())
        self.work()
        for text in ("Müller", "müller", "MÜLLER", "4712", "https://a.example.com/7", "a.example.com"):
            with self.subTest(text):
                self.assertEqual(self.found(text).delivery_id, self.deliveries)
        for text in ("471", "ller", "a%", "a_example.com"):
            with self.subTest(text):
                self.assertFalse(self.found(text).delivery_id)

    def test_what_only_a_notification_says_is_no_record(self):
        """So that the person is told what to do, although something is shown."""
        self.open({**FETCH, "path": "data.nothing"})
        self.deliver(self.told(1, name="SO-77"))
        find = self.env["bridge.find"].with_user(self.user).create({"sought": "SO-77"})
        find.action_find()
        self.assertTrue(find.line_ids and find.is_unknown)

    def test_what_a_person_may_not_read_hides_nothing_that_he_may(self):
        self.open({**FETCH, "path": "data.nothing"})
        self.deliver(self.told(1, name="SO-77"))
        mine = self.deliveries
        self.deliver(*(self.told(1, "unrouted", name="SO-77") for _number in range(8)))
        self.assertEqual(self.found("SO-77").delivery_id, mine)
        self.assertEqual(len(self.found("SO-77", self.env.ref("base.user_admin"))), 5)

    def test_one_that_could_not_be_taken(self):
        self.open(PAYLOAD)
        self.send(b"{ SO-77")
        self.assertEqual(self.states(), ["failed"])
        line = self.found("SO-77", self.env.ref("base.user_admin"))
        self.assertEqual(line.state, "failed")
        self.assertIn("and could not be taken.", line.story)
        self.assertIn("press Replay", line.story)

    def test_one_that_no_route_is_for_is_told_to_who_may_read_it(self):
        """What no route is for may be about anything, so that only system administrators read it."""
        self.open({**PAYLOAD, "event": "other"})
        self.deliver(self.told(1, name="SO-77"))
        self.assertEqual(self.states(), ["ignored"])
        self.assertFalse(self.found("SO-77"), "it could be guessed letter by letter")
        line = self.found("SO-77", self.env.ref("base.user_admin"))
        self.assertEqual((line.state, line.delivery_id), ("skipped", self.deliveries))
        self.assertIn("and was left aside.", line.story)
