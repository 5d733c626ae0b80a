"""Promise 3: while we push, the other system is away, has had enough of us, does not know us, or answers many at once.

Then the whole connector waits, what was not sent stays in the outbox, and nobody's save knows anything of it.
"""

import contextlib
import time

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..jobs.claim import claim
from ..remote.auth import forget_tokens
from ..remote.errors import Throttled
from .common import field, no, with_a_test_for_each
from .push_case import contacts_flow, contacts_operations
from .servers import fault_server as faults
from .test_faults_push import BY_REFERENCE, FaultsPushCase

LOCKED = {"error": "invalid_grant", "error_description": "Client was locked"}
REFRESHES = {
    "is_refused": (faults.json_answer(LOCKED, 400), "Client was locked"),
    "does_not_help": (faults.json_answer({"access_token": "second"}), "did not accept the credentials"),
}
# Headers of a 429, and the seconds that the connector waits: at least, at most.
NOW = {"Date": "Mon, 23 Nov 2026 12:00:00 GMT"}
WAITS = {
    "seconds": ({"Retry-After": "120"}, 120, 120),
    "a_date": ({**NOW, "Retry-After": "Mon, 23 Nov 2026 12:01:30 GMT"}, 90, 90),
    "nothing": ({}, 24, 36),
}


class Turns:
    """A limit of our own that lets so many requests through."""

    def __init__(self, left):
        self.left = left

    @contextlib.contextmanager
    def turn(self):
        if not self.left:
            raise Throttled("own_limit", sent=False, host="there", retry_after=40, seconds="40")
        self.left -= 1
        yield

    def observe(self, headers):
        pass

    def close(self):
        pass


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_fault_429_in_mid_push_with_", WAITS, "check_wait")
@with_a_test_for_each("test_fault_401_in_mid_push_with_refresh_that_", REFRESHES, "check_refresh")
class TestFaultsPushConnector(FaultsPushCase):
    def people(self, count):
        """So many people who are to be created there; those who are there already are changed."""
        self.env["res.partner"].search([("ref", "=", "bridge")]).phone = "2"
        return self.env["res.partner"].create(
            [{"name": f"Person {n:02}", "ref": "bridge", "phone": "2"} for n in range(count)]
        )

    def all_there(self, count):
        return [(f"Person {n:02}", "2") for n in range(count)]

    def assert_nothing_burned(self):
        jobs = self.jobs() + self.jobs("push")
        self.assertEqual((set(jobs.mapped("state")), sum(jobs.mapped("attempts"))), ({"pending"}, 0))

    # --- It is away

    def test_fault_500_storm_and_recovery(self):
        """Whether the other system has done what it was asked or not, before it said 500."""
        for done in (False, True):
            with self.subTest(done=done):
                self.connect_push()
                self.connector.max_requests = 4
                self.people(12)
                self.storm = no(500), done
                self.settle()
                self.assertIn(len(self.sent()), range(1, 5), "at most what may be under way together")
                self.assertEqual(self.gate.failures, 1)
                for failures in (2, 3):
                    self.pass_time()
                    self.work()
                    self.assertEqual(self.gate.failures, failures)
                self.sent()
                self.assertEqual((self.gate._is_resting(), self.gate.rest_kind), (True, "unavailable"))
                self.env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": "2000-01-01"})
                self.work()
                self.assertEqual(self.remote.requests, [], "while it rests, nothing is sent")
                self.later()
                self.assertEqual((len(self.remote.requests), self.gate.failures), (1, 4), "one probe")
                self.remote.requests.clear()
                self.assert_nothing_burned()
                self.storm = None
                self.recover()
                self.assertEqual(len(self.contacts), 12)
                self.assert_quiet(*self.all_there(12))
                self.env["res.partner"].search([("ref", "=", "bridge")]).unlink()
                self.settle()
                self.connector.unlink()

    def test_fault_record_whose_answer_is_always_500_holds_up_no_other_and_ends(self):
        flow = self.connect_push()
        ada, bob = self.in_agreement("Ada", "Bob")
        is_about_ada = self.about_ada()
        self.tell(no(500), times=100, is_meant=is_about_ada)
        for number in range(15):
            (ada + bob).phone = f"{number}"
            self.settle()
            self.pass_time()
            self.settle()
            self.pass_time()
        self.assertEqual([one["phone"] for one in self.contacts.values() if one["name"] == "Bob"], ["14"])
        job = self.jobs()
        self.assertEqual((job.state, job.error_kind, job.res_id), ("failed", "unavailable", ada.id))
        self.assertIn("Sorry, no", job.error_message)
        self.assertFalse(self.gate._is_resting(), "the others are not kept from their work")
        self.assertEqual(self.env["bridge.run"].search([("flow_id", "=", flow.id), ("state", "=", "failed")]).ids, [])
        self.told.clear()
        self.recover()
        self.assert_quiet(("Ada", "14"), ("Bob", "14"))

    # --- It has had enough

    def check_wait(self, case):
        headers, least, most = case
        self.connect_push()
        self.people(3)
        begun = fields.Datetime.now()
        self.remote.script(None, faults.json_answer({"message": "Sorry, no"}, 429, headers))
        self.settle()
        self.assertEqual((len(self.sent()), len(self.contacts), len(self.outbox)), (2, 1, 2))
        waits = (self.gate.resting_until - begun).total_seconds()
        self.assertTrue(least <= waits <= most + 5, waits)
        self.assertEqual((self.gate.rest_kind, self.gate.failures), ("throttled", 0))
        self.assert_nothing_burned()
        self.env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": "2000-01-01"})
        self.work()
        self.assertEqual(self.sent(), [], "while it waits, nothing is sent")
        self.recover()
        self.assertEqual(self.sent(), ["POST"] * 2, "what was not taken was not done, so it need not be looked for")
        self.assert_quiet(*self.all_there(3))

    def test_fault_our_own_limit_is_used_up_in_mid_push(self):
        self.connect_push()
        turns = Turns(2)
        self.patch(type(self.connector), "_turnstile", lambda connector: turns)
        self.people(5)
        self.settle()
        self.assertEqual((self.sent(), len(self.outbox), self.gate.resting_until), (["POST"] * 2, 3, False))
        self.assertIn("limit of requests that you set", self.drain.error_message)
        waits = (self.drain.due_at - fields.Datetime.now()).total_seconds()
        self.assertTrue(35 <= waits <= 42, waits)
        self.assert_nothing_burned()
        turns.left = 100
        self.recover()
        self.assertEqual(self.sent(), ["POST"] * 3)
        self.assert_quiet(*self.all_there(5))

    # --- It does not know us

    def connect_with_token(self, *answers):
        self.addCleanup(forget_tokens)
        address = f"{self.remote.url}/token"
        self.remote.route("/token", faults.json_answer({"access_token": "first"}), *answers)
        auth = {"scheme": "oauth2_client_credentials", "token_url": address, "client_id": "bridge"}
        self.connect_push(auth=auth)
        self.connector._set_secrets({"secret": "hush-hush-42"})

    def is_token(self, *tokens):
        return lambda request: request.headers.get("authorization") in {f"Bearer {token}" for token in tokens}

    def changes(self):
        sent = [request.path for request in self.remote.requests if request.method != "GET"]
        self.remote.requests.clear()
        return sent

    def test_fault_401_in_mid_push_with_refresh_that_works(self):
        self.connect_with_token(faults.json_answer({"access_token": "second"}))
        self.people(1)
        self.settle()
        self.people(2)
        self.changes()
        self.tell(no(401), times=1, is_meant=self.is_token("first"))
        self.settle()
        one, *others = self.changes()
        self.assertEqual(others, ["/token", one, "/contacts"], "only what was refused is sent again")
        self.assertEqual((self.drain.state, self.drain.attempts, self.gate.failures), ("done", 0, 0))
        self.assertEqual(len(self.contacts), 3)

    def check_refresh(self, case):
        answer, words = case
        self.env["bridge.alert"].search([]).unlink()
        self.connect_with_token(answer)
        self.people(1)
        self.settle()
        self.changes()
        self.tell(no(401), times=100, is_meant=self.is_token("first", "second"))
        self.env["res.partner"].create([{"name": name, "ref": "bridge", "phone": "2"} for name in ("Ada", "Bob")])
        self.settle()
        self.assertLessEqual(len(self.changes()), 3)
        self.assertEqual((self.gate.paused, len(self.outbox)), (True, 2))
        self.assertIn(words, self.drain.error_message)
        self.assert_nothing_burned()
        for _look in range(2):
            self.env["bridge.alert"]._watch()
        alert = self.env["bridge.alert"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual((alert.mapped("kind"), alert.mapped("closed")), (["paused"], [False]))
        self.later()
        self.assertEqual(self.changes(), [], "nothing is sent with credentials that are refused")
        self.remote.route("/token", faults.json_answer({"access_token": "third"}))
        self.recover()
        self.assertEqual(sorted(self.there_now()), [("Ada", "2"), ("Bob", "2"), ("Person 00", "2")])
        self.assertLessEqual(len(self.changes()), 4, "the old token may be tried once")

    # --- Jobs

    def test_fault_record_of_a_batch_whose_turn_did_not_come_waits_on(self):
        """Single records are pushed together; what the first of them meets is not the others' fault."""
        self.connect_push()
        people = self.in_agreement("Ada", "Bob", "Carl")
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET phone = '2' WHERE id = ANY(%s)", [people.ids])
        self.env.invalidate_all()
        jobs = self.env["bridge.job"]._enqueue_pushes(self.flow, people.ids)
        self.remote.script(None, no(503))
        self.settle()
        self.assertEqual(len(self.sent()), 2)
        self.assertEqual(sorted(jobs.mapped("state")), ["done", "pending", "pending"])
        self.assertEqual(max(jobs.mapped("attempts")), 1, "only the one that was refused while another was taken")
        self.assertEqual(sum(jobs.mapped("attempts")), 1)
        self.recover()
        self.assertEqual(sorted(self.sent()), ["PATCH"] * 2)
        self.assert_quiet(("Ada", "2"), ("Bob", "2"), ("Carl", "2"))

    def test_fault_related_record_that_can_not_be_sent_now_leaves_both_in_the_outbox(self):
        owner = field("parent_id", "company", "many2one_binding", options={"flow": "companies"}, required=True)
        operations = [{**one, "path": one["path"].replace("contacts", "companies")} for one in contacts_operations()]
        companies = contacts_flow(
            code="companies",
            push_domain=[["ref", "=", "company"]],
            operations=operations,
            fields=[field("name", "name", required=True)],
        )
        self.connect(contacts_flow(fields=[field("name", "name", required=True), owner]), companies)
        self.connector.max_requests = 1
        self.flow, sibling = self.connector.flow_ids.sorted(lambda flow: flow.code == "companies")
        company = self.partner("Analytical Engines", ref="company", is_company=True)
        ada = self.partner(parent_id=company.id)
        self.env.cr.flush()
        self.env["bridge.change"].search([("flow_id", "=", sibling.id)]).unlink()
        sibling.push_scan_needed = False
        self.tell(no(429), is_meant=lambda request: "companies" in request.path)
        self.settle()
        self.assertEqual((self.jobs().ids, self.outbox), ([], [ada.id]), "it is not the record's own failure")
        waiting = self.env["bridge.change"].search([("flow_id", "=", sibling.id)])
        self.assertEqual(waiting.mapped("res_id"), company.ids)
        self.recover()
        [[company_id, _document]] = self.remote.records["companies"].items()
        self.assertEqual([one["company"] for one in self.contacts.values()], [company_id])
        self.assertEqual((self.jobs().ids, self.outbox), ([], []))

    def test_fault_two_lanes_on_one_flow_pull_push_and_compare_never_run_at_once(self):
        flow = self.connect_push("both")
        other = self.env.ref("integration_bridge.lane_2")
        for kind in ("pull", "push", "compare"):
            self.env["bridge.run"]._enqueue(flow, trigger="manual", kind=kind)
        self.env.flush_all()
        order = []
        for _turn in range(3):
            claimed = claim(self.env, self.lane.id)
            self.assertEqual(len(claimed), 1)
            self.assertFalse(claim(self.env, other.id), "the flow is taken")
            order.append(claimed.kind)
            claimed.write({"state": "done", "lane_id": False})
            self.env.flush_all()
        self.assertEqual(sorted(order), ["compare", "pull", "push"])

    # --- Nobody's save

    def test_save_while_the_other_system_does_not_answer_is_as_fast_as_ever_and_asks_nothing(self):
        self.connect_push()
        ada, bob = self.in_agreement("Ada", "Bob")
        with faults.nobody_accepts() as address:
            self.connector.base_url = address
            self.env.cr.flush()
            begun = time.monotonic()
            ada.phone = "2"
            bob.unlink()
            self.partner("Carl", phone="2")
            self.env.cr.flush()
            self.assertLess(time.monotonic() - begun, 5, "a connection would have been waited for 10 s")
        self.assertEqual((self.sent(), len(self.outbox)), ([], 3))
        self.connector.base_url = self.remote.url
        self.later()
        self.assert_quiet(("Ada", "2"), ("Carl", "2"))

    def test_save_makes_no_request_whatever_the_state_of_the_connector(self):
        self.connect_push()
        ada = self.in_agreement("Ada")
        gate = self.gate
        for values in ({"paused": True}, {"paused": False, "resting_until": "2999-01-01"}, {"failures": 9}):
            gate.write(values)
            ada.phone = "2"
            self.env.cr.flush()
            self.assertEqual((self.remote.requests, self.outbox), ([], ada.ids))
            ada.phone = "1"
        ada.phone = "2"
        self.connector.action_resume()
        self.settle()
        self.later()
        self.assert_quiet(("Ada", "2"))

    def test_a_users_rollback_sends_nothing(self):
        self.connect_push()
        ada = self.in_agreement("Ada")
        savepoint = self.env.cr.savepoint()
        ada.phone = "2"
        self.partner("Bob")
        self.env.flush_all()
        savepoint.rollback()
        self.env.invalidate_all()
        self.settle()
        self.later()
        self.assertEqual((self.remote.requests, self.outbox), ([], []))
        self.assert_quiet(("Ada", "1"))


BULK = {"size": 50, "status": "status", "record": "record", "error": "error"}


def fewer(results):
    return results[:-1]


def more(results):
    return [*results, results[0]]


def one_says(status, error="Sorry, no"):
    """What the remote makes of its results: it has not done the first."""
    return lambda results: [{"status": status, "record": None, "error": error}, *results[1:]]


# What becomes of the results; done of the first record there; its job's state and error; the gate.
BULKS = {
    "fewer_results_than_records": (fewer, True, "pending", "protocol"),
    "more_results_than_records": (more, True, "pending", "protocol"),
    "no_list_of_results": (lambda results: {"ok": True}, True, "pending", "protocol"),
    "nothing": (lambda results: None, True, "pending", "protocol"),
    "an_item_422": (one_says(422), False, "failed", "rejected"),
    "an_item_422_as_text": (one_says("422 Unprocessable"), False, "failed", "rejected"),
    "an_item_without_status": (one_says(None), False, "failed", "rejected"),
    "an_item_429": (one_says(429), False, "outbox", "throttled"),
    "an_item_401": (one_says(401), False, "outbox", "auth"),
    "an_item_500": (one_says(500), False, "pending", "unavailable"),
}


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_fault_bulk_creation_", BULKS, "check_creation")
@with_a_test_for_each("test_fault_bulk_update_", BULKS, "check_update")
class TestFaultsPushBulk(FaultsPushCase):
    """One answer about many records."""

    def connect_bulk(self):
        ways = {"create": {"op": "create"}, "update": {"op": "update", "id": "{external_id}"}}
        bulks = {
            kind: {
                "kind": kind,
                "method": "POST",
                "path": "/contacts/_bulk",
                "records": "results",
                "body": {"items": "{records}"},
                "bulk": {**BULK, "item": {**way, "record": "{record}"}},
            }
            for kind, way in ways.items()
        }
        return self.connect_push(operations=contacts_operations(find=BY_REFERENCE, **bulks))

    def answer_with(self, made, done):
        """The next bulk is answered with what is made of its results; the first record may be left undone."""

        def answer(connection, request):
            document = request.json
            items = document["items"] if done else document["items"][1:]
            results = self.remote._bulk("contacts", {"items": items}).document["results"]
            results = results if done else [{"status": 200, "record": None, "error": None}, *results]
            faults.json_answer({"results": made(results)})(connection, request)

        self.tell(answer)

    def check(self, case, send):
        made, done, state, kind = case
        ada, bob = send()
        self.answer_with(made, done)
        self.settle()
        job, whole = self.jobs().filtered(lambda job: job.res_id == ada.id), done
        waits = job.state if job else "outbox" if ada.id in self.outbox else None
        self.assertEqual((waits, (job or self.drain).error_kind), (state, kind))
        self.assertEqual(len(self.jobs()), 2 if whole else 1 if job else 0)
        self.assertEqual(len(self.sent()), 1, "it is not sent again at once")
        self.assertNotIn(bob.id, self.outbox)
        gate = self.gate
        rests = (gate.failures, bool(gate.resting_until), gate.paused)
        self.assertEqual(rests, (1 if kind == "unavailable" else 0, kind == "throttled", kind == "auth"))
        self.recover()
        self.assertLessEqual(len(self.sent()), 2)
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))

    def check_creation(self, case):
        self.connect_bulk()
        self.check(case, lambda: (self.partner(phone="2"), self.partner("Bob", phone="2")))

    def check_update(self, case):
        self.connect_bulk()
        people = self.in_agreement("Ada", "Bob")

        def send():
            people.phone = "2"
            return people

        self.check(case, send)

    def test_fault_bulk_update_of_a_record_that_is_gone_creates_it_again(self):
        self.connect_bulk()
        people = self.in_agreement("Ada", "Bob")
        gone = next(external_id for external_id, one in self.contacts.items() if one["name"] == "Ada")
        self.remote.delete("contacts", gone)
        people.phone = "2"
        self.settle()
        self.assertEqual(len(self.sent()), 2)
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))

    @mute_logger("odoo.addons.integration_bridge.jobs.outcome")
    def test_fault_bulk_answer_that_the_operations_expression_can_not_read(self):
        flow = self.connect_bulk()
        flow.operation_ids.filtered(lambda one: one.kind == "create").item_record_path = "max(record)"
        self.partner(phone="2")
        self.settle()
        self.assertEqual((self.jobs().state, self.jobs().error_kind), ("pending", "protocol"))
        flow.operation_ids.filtered(lambda one: one.kind == "create").item_record_path = "record"
        self.recover()
        self.assertEqual(len(self.sent()), 1, "it was looked for, and found")
        self.assert_quiet(("Ada", "2"))
