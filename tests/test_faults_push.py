"""Promise 3: what the other system's side of the wire can do to a push, against real sockets; one fault a test.

Ada and Bob are changed, created or deleted, and the fault strikes the first request about Ada. Whatever it is: nothing
is lost, nothing is there twice, the person reads why, and once it is over everything is there and nothing is sent any
more.
"""

import datetime
from collections import namedtuple
from contextlib import nullcontext

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..jobs.retry import WAITING
from ..road.push import document, intent, journal
from .common import field, no, with_a_test_for_each
from .push_case import PushCase, contacts_flow, contacts_operations
from .servers import fault_server as faults

# What the remote answers, the error's kind, words that the person reads; has it done what was asked; is it about time.
# Is it certain that it was not done?
Fault = namedtuple("Fault", "answer kind words done quick certain", defaults=(False, False, False))
OPEN = faults.head(200, {"Content-Type": "application/json"})
MAINTENANCE = faults.answer(200, b"<html>Under maintenance</html>", content_type="text/html")
BY_REFERENCE = {"kind": "find", "path": "/contacts", "query": {"reference": "{reference}"}, "records": "records"}
RECORD = {"id": "id", "updated": "updated", "version": "updated", "deleted": "deleted", "reference": "reference"}
SETTLE = 60


def away(words, answer, done=False, quick=False):
    return Fault(answer, "unavailable", words, done, quick)


def broken(words, answer, done=False):
    return Fault(answer, "protocol", words, done)


def refused(number, kind="rejected", words="Sorry, no", **headers):
    return Fault(no(number, **headers), kind, words, certain=kind != "unavailable")


def told(document, words, kind="rejected"):
    return Fault(faults.json_answer(document), kind, words, certain=kind != "unavailable")


EXPIRED = {"code": 100, "message": "Odoo Session Expired", "data": {"message": "Session expired"}}
USER_ERRORS = [{"field": ["email"], "message": "Email is taken"}]
FAULTS = {
    # No answer, or half of one; it may have been done or not.
    "connection_reset": away("closed the connection", faults.reset()),
    "connection_reset_after_it_was_done": away("closed the connection", faults.reset(), True),
    "closed_without_an_answer": away("closed the connection", faults.hang_up(), True),
    "timeout_after_the_request_was_sent": away("within 0.3 s", faults.silence(), quick=True),
    "timeout_after_it_was_done": away("within 0.3 s", faults.silence(), True, quick=True),
    "endless_drip": away("within 0.6 s in all", faults.drip(before=OPEN), True, quick=True),
    "truncated_body_with_a_length": away("broke off", faults.truncated(b'{"id": "rec'), True),
    "reset_in_the_body": away("broke off", faults.without_length(b'{"id"', abort=True), True),
    # An answer, but none to be believed.
    "truncated_body_without_a_length": broken("is not JSON", faults.without_length(b'{"id": "rec'), True),
    "huge_body": broken("larger than 50 MB", faults.endless(), True),
    "gzip_bomb": broken("larger than 50 MB", lambda *exchange: faults.gzip_bomb(51)(*exchange), True),
    "not_http": broken("not HTTP", faults.raw(b"220 mail.example ESMTP\r\n", close=True)),
    "html_with_status_200": broken("web page", MAINTENANCE),
    "html_with_status_200_after_it_was_done": broken("web page", MAINTENANCE, True),
    "not_json": broken("is not JSON", faults.answer(200, b"OK, stored"), True),
    "nan": broken("NaN", faults.answer(200, b'{"id": NaN}'), True),
    "wrong_charset": broken("character set", faults.answer(200, b'{"id": "\xe9"}'), True),
    "301": broken("redirects to", faults.redirect("/elsewhere", 301))._replace(certain=True),
    "302": broken("redirects to", faults.redirect("/login", 302)),
    "303_after_it_was_done": broken("redirects to", faults.redirect("/contacts", 303), True),
    "307_to_another_host": broken("redirects", faults.redirect("http://127.0.0.2:9/", 307))._replace(certain=True),
    "307_to_nowhere": broken("without naming", faults.redirect("http://[", 307))._replace(certain=True),
    # An answer that says no.
    "400": refused(400),
    "401": refused(401, "auth"),
    "403": refused(403),
    "408": refused(408, "unavailable"),
    "409": refused(409),
    "412": refused(412),
    "422": refused(422),
    "403_with_seconds": refused(403, "throttled", Retry_After="60"),
    "400_that_names_a_field": Fault(
        faults.json_answer({"phone": ["The number is not valid."]}, 400),
        "rejected",
        "phone: The number is not valid",
        certain=True,
    ),
    "429_with_seconds": refused(429, "throttled", Retry_After="60"),
    "429_with_a_date": refused(429, "throttled", Retry_After="Fri, 31 Dec 2999 23:59:59 GMT"),
    "429_with_nothing": refused(429, "throttled"),
    "500": refused(500, "unavailable"),
    "500_after_it_was_done": refused(500, "unavailable")._replace(done=True),
    "502": refused(502, "unavailable"),
    "503_without_retry_after": refused(503, "unavailable"),
    "503_with_retry_after": refused(503, "throttled", Retry_After="60"),
    # An answer that says yes, and means no.
    "200_with_user_errors": told({"data": {"save": {"customer": None, "userErrors": USER_ERRORS}}}, "Email is taken"),
    "200_with_success_false": told({"success": False, "error": "Locked"}, "Locked"),
    "200_with_a_jsonrpc_error": told(
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "No"}}, "failed: No"
    ),
    "200_with_an_expired_session": told({"jsonrpc": "2.0", "id": 1, "error": EXPIRED}, "Session expired", "auth"),
    "200_that_is_throttled": told(
        {"errors": [{"message": "Wait", "extensions": {"code": "THROTTLED"}}]}, "fewer requests: Wait", "throttled"
    ),
    "200_that_is_busy": told({"error": {"code": 503, "message": "Busy"}}, "Busy", "unavailable"),
}
# What an update or a deletion can be answered with, and is done by: 204 and 404 have their own tests.
NO_FAULTS = {
    "empty_200": faults.answer(200, b""),
    "204": faults.raw(faults.head(204)),
    "an_answer_without_id": faults.json_answer({"ok": True}),
    "a_text": faults.json_answer("OK"),
    "nul_and_lone_surrogates": faults.answer(200, b'{"name": "A\\u0000da", "phone": "2", "email": "\\ud800"}'),
    "a_bom": faults.answer(200, b'\xef\xbb\xbf{"ok": true}'),
    "compression": faults.gzipped(b'{"ok": true}'),
}
# What a creation can not be answered with, although it was made.
WITHOUT_ID = {
    "empty_200": faults.answer(200, b""),
    "204": faults.raw(faults.head(204)),
    "an_answer_without_id": faults.json_answer({"ok": True}, 201),
    "an_empty_id": faults.json_answer({"id": ""}, 201),
    "no_object": faults.json_answer([1, 2], 201),
}
NO_CONNECTION = {
    "timeout_before_the_request_was_sent": (lambda case: faults.nobody_accepts(), "within 0.3 s"),
    "refused": (lambda case: faults.nobody_listens(), "refused the connection"),
    "unknown_name": (lambda case: nullcontext("http://name.invalid"), "was not found"),
    "no_tls": (lambda case: nullcontext(case.server.url.replace("http", "https")), "does not speak TLS"),
}
# By kind: where the record waits, the states of drain and run, and of the gate: failures in a row, rest, paused.
Outcome = namedtuple("Outcome", "waits job run failures rests paused")
OUTCOMES = {
    "unavailable": Outcome("outbox", "pending", "running", 1, False, False),
    "throttled": Outcome("outbox", "pending", "running", 0, "throttled", False),
    "auth": Outcome("outbox", "pending", "running", 0, False, True),
    "rejected": Outcome("failed", "done", "partial", 0, False, False),
    "protocol": Outcome("pending", "done", "partial", 0, False, False),
}


class FaultsPushCase(PushCase):
    """Writes are answered as told, else as a ``RecordServer`` does; requests go one behind the other."""

    def setUp(self):
        super().setUp()
        self.told = []  # (is it about this request, answer, is it done before), used up in turn
        self.storm = None  # (answer, is it done before) of every request
        self.remote.fallback = self.answer
        self.addCleanup(self.told.clear)

    def answer(self, connection, request):
        if self.storm:
            answer, done = self.storm
            if done and request.method != "GET":
                self.remote._answer(connection, request)
            return answer(connection, request)
        for one in self.told if request.method != "GET" else ():
            is_meant, answer, done = one
            if is_meant(request):
                self.told.remove(one)
                if done:
                    self.remote._answer(connection, request)
                return answer(connection, request)
        return self.remote._respond(connection, request)

    def tell(self, answer, done=False, times=1, is_meant=lambda request: True):
        self.told += [(is_meant, answer, done)] * times

    def sent(self):
        """Methods of the requests since the last time, without look-ups and fetches."""
        sent = [request.method for request in self.remote.requests if request.method != "GET"]
        self.remote.requests.clear()
        return sent

    # --- Records

    def connect_push(self, direction="push", authority="odoo", operations=None, conditional=False, **about):
        self.remote.conditional = conditional
        operations = operations or contacts_operations(find=BY_REFERENCE, conditional=conditional)
        idempotency = {"settle": SETTLE, **about.pop("idempotency", {})}
        values = {"record": RECORD, "operations": operations, "remove_limit": 100}
        self.flow = self.connect(contacts_flow(direction, authority, **values), idempotency=idempotency, **about)
        self.connector.max_requests = 1
        self.settle()
        if direction == "both":
            self.sync(self.flow, full=True)
        self.sent()
        return self.flow

    def in_agreement(self, *names):
        """People that are there already."""
        people = self.env["res.partner"].union(*(self.partner(name, phone="1") for name in names))
        self.settle()
        self.sent()
        return people

    def about_ada(self):
        """Is a request about Ada, who may be there already?"""
        known = [external_id for external_id, one in self.contacts.items() if one["name"] == "Ada"]
        return lambda request: any(request.path.endswith(one) for one in known) or b'"Ada"' in request.body

    def there_now(self):
        return sorted((one["name"], one["phone"]) for one in self.contacts.values())

    # --- What is found afterwards

    @property
    def gate(self):
        return self.connector._gate()

    @property
    def outbox(self):
        return sorted(set(self.env["bridge.change"].search([("flow_id", "=", self.flow.id)]).mapped("res_id")))

    def jobs(self, kind="push_record", states=("pending", "failed", "uncertain", "running")):
        domain = [("flow_id", "=", self.flow.id), ("kind", "=", kind), ("state", "in", states)]
        return self.env["bridge.job"].search(domain)

    @property
    def drain(self):
        """The last job that pushed what was in the outbox."""
        return self.env["bridge.job"].search([("flow_id", "=", self.flow.id), ("kind", "=", "push")], limit=1)

    def assert_outcome(self, record_id, kind, words):
        """Outbox, jobs, run and gate are as the kind of the error wants them."""
        drain, own, gate = self.drain, self.jobs(), self.gate
        waits = own.state if own else "outbox" if record_id in self.outbox else None
        rests = gate.resting_until > fields.Datetime.now() and gate.rest_kind if gate.resting_until else False
        found = Outcome(waits, drain.state, drain.run_id.state, gate.failures, rests, gate.paused)
        concerned = own or drain
        self.assertEqual((concerned.error_kind, found), (kind, OUTCOMES[kind]), concerned.error_message)
        self.assertIn(words, concerned.error_message)
        self.assertEqual(concerned.attempts, 1 if own else 0)
        if own:
            self.assertEqual((own.res_id, record_id in self.outbox), (record_id, False))
        if concerned.state == "pending" and kind not in WAITING:
            self.assertGreater(concerned.due_at, fields.Datetime.now() + datetime.timedelta(seconds=5))
        exchanges = concerned.run_id.exchange_ids
        self.assertTrue(any(words in (one.error or "") or (one.status or 0) >= 400 for one in exchanges), "it is kept")

    # --- Later

    def pass_time(self):
        """All that waits only for the time to pass is due."""
        past = fields.Datetime.now() - datetime.timedelta(seconds=1)
        self.env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": past})
        self.gate.filtered("resting_until").write({"resting_until": past})
        for binding in self.env["bridge.binding"].search([("sent_at", "!=", False)]):
            binding.sent_at -= datetime.timedelta(seconds=SETTLE + 1)
        self.env.flush_all()

    def later(self):
        self.pass_time()
        self.work()

    def recover(self):
        """What a person or the time does about an error; then lanes work again."""
        self.connector.write({"read_timeout": 5, "total_timeout": 5})
        self.jobs(states=("failed",)).action_retry()
        if self.gate.paused:
            self.connector.action_resume()
        for _round in range(3):
            self.later()

    def assert_quiet(self, *expected):
        """This is there, once; nothing waits, and nothing is sent any more."""
        self.assertEqual(self.there_now(), sorted(expected))
        open_jobs = self.jobs() + self.jobs("push")
        self.assertEqual((open_jobs.mapped("error_message"), self.outbox), ([], []))
        self.assertEqual(set(self.env["bridge.job"].search([]).mapped("state")) - {"done", "cancelled"}, set())
        states = self.env["bridge.binding"].search([("flow_id", "=", self.flow.id)])
        self.assertEqual([one.state for one in states], ["linked"] * len(expected))
        self.assertEqual(sorted(states.mapped("external_id")), sorted(self.contacts))
        self.assertEqual((self.gate.failures, self.gate.resting_until, self.gate.paused), (0, False, False))
        self.sent()
        for _again in range(2):
            self.flow._enqueue("manual", full=True)
            self.later()
        self.assertEqual((self.sent(), self.there_now()), ([], sorted(expected)), "no echo")


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_fault_of_an_update_", FAULTS, "check_update")
@with_a_test_for_each("test_fault_of_a_creation_", FAULTS, "check_creation")
@with_a_test_for_each("test_fault_of_a_deletion_", FAULTS, "check_deletion")
@with_a_test_for_each("test_fault_that_is_none_", NO_FAULTS, "check_done")
@with_a_test_for_each("test_fault_of_a_creation_without_id_", WITHOUT_ID, "check_without_id")
@with_a_test_for_each("test_fault_no_connection_", NO_CONNECTION, "check_no_connection")
class TestFaultsPush(FaultsPushCase):
    def strike(self, fault):
        if fault.quick:
            self.connector.write({"read_timeout": 0.3, "total_timeout": 0.6})
        self.tell(fault.answer, fault.done, is_meant=self.about_ada())
        self.settle()
        self.assertFalse(self.told, "it was struck")

    def check_update(self, fault):
        self.connect_push()
        ada, bob = people = self.in_agreement("Ada", "Bob")
        people.phone = "2"
        self.strike(fault)
        self.assert_outcome(ada.id, fault.kind, fault.words)
        self.assertEqual(bob.id in self.outbox, OUTCOMES[fault.kind].waits == "outbox", "the other one goes its way")
        self.assertEqual(self.sent(), ["PATCH"] * (1 if bob.id in self.outbox else 2), "nothing is sent in vain")
        self.recover()
        self.assertLessEqual(len(self.sent()), 2)
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))

    def check_creation(self, fault):
        flow = self.connect_push()
        ada, bob = self.partner(phone="2"), self.partner("Bob", phone="2")
        self.strike(fault)
        self.assert_outcome(ada.id, fault.kind, fault.words)
        self.assertEqual(bob.id in self.outbox, OUTCOMES[fault.kind].waits == "outbox")
        binding = self.binding(flow, ada)
        self.assertEqual(binding.state, False if fault.kind == "rejected" else "creating")
        self.assertEqual(bool(binding.sent_at), not fault.certain, "it is looked for only if it may be there")
        self.assertEqual(self.sent(), ["POST"] * (1 if bob.id in self.outbox else 2))
        self.recover()
        sent = [request.json["name"] for request in self.remote.requests if request.method == "POST"]
        self.assertEqual(sent.count("Ada"), 0 if fault.done else 1, "sent again only if it is not there")
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))

    def check_deletion(self, fault):
        self.connect_push()
        ada, bob = people = self.in_agreement("Ada", "Bob")
        ada_id, bob_id = people.ids
        (ada + bob).unlink()
        self.strike(fault)
        self.assert_outcome(ada_id, fault.kind, fault.words)
        self.assertEqual(bob_id in self.outbox, OUTCOMES[fault.kind].waits == "outbox")
        self.assertEqual(len(self.sent()), 1 if bob_id in self.outbox else 2)
        self.recover()
        self.assertLessEqual(len(self.sent()), 2)
        self.assert_quiet()

    def check_no_connection(self, case):
        where, words = case
        flow = self.connect_push()
        self.in_agreement("Ada").phone = "2"
        bob = self.partner("Bob", phone="2")
        with where(self) as address:
            self.connector.write({"base_url": address, "connect_timeout": 0.3})
            self.settle()
        self.assert_outcome(bob.id, "unavailable", words)
        self.assertEqual((self.sent(), len(self.outbox)), ([], 2))
        self.assertEqual((self.binding(flow, bob).state, self.binding(flow, bob).sent_at), ("creating", False))
        self.connector.write({"base_url": self.remote.url, "connect_timeout": 5})
        self.recover()
        self.assertEqual(sorted(self.sent()), ["PATCH", "POST"])
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))

    # --- Answers that look odd

    def check_done(self, answer):
        self.connect_push()
        ada, bob = self.in_agreement("Ada", "Bob")
        ada.phone = "2"
        bob.unlink()
        self.tell(answer, done=True, times=2)
        self.settle()
        self.assertEqual((sorted(self.sent()), self.told), (["DELETE", "PATCH"], []))
        self.assert_quiet(("Ada", "2"))

    def check_without_id(self, answer):
        self.connect_push()
        ada = self.partner(phone="2")
        self.tell(answer, done=True)
        self.settle()
        self.assertEqual(self.binding(self.flow, ada).state, "creating")
        self.assertEqual((self.jobs().state, self.jobs().error_kind), ("pending", "protocol"))
        self.recover()
        self.assertEqual(self.sent(), ["POST"], "it was looked for, and found")
        self.assert_quiet(("Ada", "2"))

    def test_fault_that_is_none_307_to_the_same_host(self):
        self.connect_push()
        ada = self.in_agreement("Ada")
        ada.phone = "2"
        self.tell(lambda connection, request: faults.redirect(request.target, 307)(connection, request))
        self.settle()
        self.partner("Bob", phone="2")
        self.tell(faults.redirect("/contacts", 308))
        self.settle()
        self.assertEqual(self.sent(), ["PATCH", "PATCH", "POST", "POST"])
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))


# Whose data the flow follows; what becomes of a record that is not there any more when it is changed in Odoo.
GONE = {
    "created_again": ("push", "odoo", [("Ada", "2")], None),
    "rejected": ("push", "remote", [], "failed"),
    "a_conflict": ("both", "ask", [], None),
}


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_fault_remote_gone_during_an_update_is_", GONE, "check_gone")
class TestFaultsPushRecords(FaultsPushCase):
    """What is wrong with one record, or with an answer about many."""

    def check_gone(self, case):
        direction, authority, there, state = case
        self.connect_push(direction, authority, conditional=True)
        ada, _bob = people = self.in_agreement("Ada", "Bob")
        (gone,) = (external_id for external_id, one in self.contacts.items() if one["name"] == "Ada")
        self.remote.delete("contacts", gone)
        people.phone = "2"
        self.settle()
        self.assertEqual(self.there_now(), sorted([*there, ("Bob", "2")]), "the other one is not held up")
        self.assertEqual((self.jobs().state or None, self.outbox), (state, []))
        conflicts = self.env["bridge.conflict"].search([("flow_id", "=", self.flow.id), ("state", "=", "open")])
        self.assertEqual(conflicts.mapped("kind"), ["gone_there"] if direction == "both" else [])
        self.assertEqual(ada.phone, "2")
        self.sent()
        self.flow._enqueue("manual", full=True)
        self.later()
        self.assertEqual((self.sent(), len(self.contacts)), ([], len(there) + 1), "and then it is quiet")

    def test_fault_404_of_a_deletion_is_what_was_wanted(self):
        for answer in (no(404), no(410)):
            self.connect_push()
            ada = self.in_agreement("Ada")
            ada.unlink()
            self.tell(answer, done=True)
            self.settle()
            self.assertEqual(self.sent(), ["DELETE"])
            self.assert_quiet()
            self.connector.unlink()

    def test_fault_404_of_a_creation_is_refused_and_named(self):
        flow = self.connect_push()
        ada = self.partner(phone="2")
        self.tell(no(404))
        self.settle()
        self.assertEqual((self.jobs().state, self.jobs().error_kind, self.sent()), ("failed", "rejected", ["POST"]))
        self.assertFalse(self.binding(flow, ada))
        self.recover()
        self.assert_quiet(("Ada", "2"))

    # --- Another version there

    def test_fault_412_is_fetched_merged_and_sent_again(self):
        self.connect_push("both", "ask", conditional=True)
        ada = self.in_agreement("Ada")
        ((external_id, document),) = self.contacts.items()
        self.remote.put("contacts", {**document, "email": "countess@example.com"})
        ada.phone = "2"
        self.settle()
        self.assertEqual(self.sent(), ["PATCH", "PATCH"])
        self.assertEqual((ada.email, self.contacts[external_id]["email"]), ("countess@example.com",) * 2)
        self.assert_quiet(("Ada", "2"))

    def test_fault_412_of_a_deletion_where_odoo_decides_is_fetched_and_sent_again(self):
        self.connect_push(conditional=True)
        ada = self.in_agreement("Ada")
        ((_external_id, document),) = self.contacts.items()
        self.remote.put("contacts", {**document, "loyalty": "gold"})
        ada.unlink()
        self.settle()
        self.assertEqual(self.sent(), ["DELETE", "DELETE"])
        self.assert_quiet()

    def test_fault_409_that_stays_is_refused_in_the_remotes_own_words(self):
        """It is not about the version: what is there has not changed. So it is not sent again and again."""
        for conditional in (False, True):
            with self.subTest(conditional=conditional):
                self.connect_push(conditional=conditional)
                ada = self.in_agreement("Ada")
                ada.phone = "2"
                self.tell(no(409), times=20)
                self.settle()
                job = self.jobs()
                self.assertEqual((job.state, job.error_kind, job.attempts), ("failed", "rejected", 1))
                self.assertIn("Sorry, no", job.error_message)
                self.assertLessEqual(len(self.sent()), 2)
                self.told.clear()
                self.recover()
                self.assert_quiet(("Ada", "2"))
                ada.unlink()
                self.settle()
                self.connector.unlink()

    def test_fault_record_that_changes_there_all_the_time_is_left_for_later(self):
        self.connect_push(conditional=True)
        ada = self.in_agreement("Ada")
        ada.phone = "2"

        def meanwhile(method, path, document):
            if method == "PATCH" and meanwhile.busy:
                (one,) = self.contacts.values()
                self.remote.put("contacts", {**one, "loyalty": str(one["updated"])})

        meanwhile.busy = True
        self.remote.refuse = meanwhile
        self.settle()
        job = self.jobs()
        self.assertEqual((job.state, job.error_kind), ("pending", "unavailable"))
        self.assertLess(len(self.sent()), 10)
        meanwhile.busy = False
        self.recover()
        self.assert_quiet(("Ada", "2"))

    # --- A creation that is repeated with its key

    def test_fault_409_of_a_repeated_creation_is_asked_again_with_the_same_key(self):
        """The first request is still being worked on there (draft-ietf-httpapi-idempotency-key-header, 2.6)."""
        for status in (409, 403, 404):
            with self.subTest(status=status):
                self.remote.idempotency = True
                flow = self.connect_push(operations=contacts_operations(), idempotency={"header": "Idempotency-Key"})
                ada = self.partner(phone="2")
                self.tell(faults.reset(), done=True)
                self.settle()
                self.tell(no(status))
                self.later()
                self.assertEqual((self.told, self.binding(flow, ada).state), ([], "creating"), "it may be there")
                self.assertIn("Sorry, no", self.jobs().error_message)
                self.recover()
                self.assertEqual(len({one.headers["idempotency-key"] for one in self.remote.requests}), 1)
                self.assert_quiet(("Ada", "2"))
                ada.unlink()
                self.settle()
                self.connector.unlink()

    def test_fault_answer_of_a_creation_that_can_not_be_believed_where_nothing_can_be_asked_is_uncertain(self):
        self.connect_push(operations=contacts_operations())
        self.partner(phone="2")
        self.tell(MAINTENANCE, done=True)
        self.settle()
        self.assertEqual((self.jobs().state, self.jobs().error_kind), ("pending", "protocol"))
        self.assertIn("Under maintenance", self.jobs().error_message)
        self.later()
        self.assertEqual((self.jobs().state, self.sent()), ("uncertain", ["POST"]), "never a blind second one")
        (there,) = self.contacts
        self.jobs()._resolve_there(there)
        self.settle()
        self.assert_quiet(("Ada", "2"))

    # --- Ids

    def test_fault_id_reuse_of_another_record_is_refused(self):
        flow = self.connect_push()
        ada = self.in_agreement("Ada")
        (external_id,) = self.contacts
        bob = self.partner("Bob", phone="2")
        self.tell(faults.json_answer({"id": external_id, "name": "Ada"}, 201))
        self.settle()
        job = self.jobs()
        self.assertEqual((job.state, job.error_kind, job.res_id), ("failed", "data", bob.id))
        self.assertIn("has already", job.error_message)
        self.assertEqual((self.binding(flow, ada).external_id, self.binding(flow, bob).ids), (external_id, []))
        self.recover()
        self.assert_quiet(("Ada", "1"), ("Bob", "2"))

    def test_fault_id_reuse_within_the_same_answers_is_refused(self):
        """A remote that takes two new records for the same one."""
        flow = self.connect_push()
        ada, bob = self.partner("Ada", phone="1"), self.partner("Bob", phone="2")
        self.tell(faults.json_answer({"id": "7", "name": "Ada"}, 201), times=2)
        self.settle()
        bound = [self.binding(flow, one).external_id for one in (ada, bob)]
        self.assertEqual(sorted(map(str, bound)), ["7", "False"])
        self.assertEqual((self.jobs().state, self.jobs().error_kind), ("failed", "data"))
        self.assertIn("has already", self.jobs().error_message)

    @mute_logger("odoo.sql_db")
    def test_fault_id_reuse_is_refused_also_when_another_transaction_was_first(self):
        flow = self.connect_push()
        self.in_agreement("Ada")
        (external_id,) = self.contacts
        bob = self.partner("Bob", phone="2")
        self.tell(faults.json_answer({"id": external_id, "name": "Ada"}, 201))
        self.lose_against_another_transaction(journal, "ended", 2)
        self.settle()
        self.assertEqual((self.jobs().error_kind, self.binding(flow, bob).ids), ("data", []))
        self.recover()
        self.assert_quiet(("Ada", "1"), ("Bob", "2"))

    # --- Serialization failures

    def lose_against_another_transaction(self, module, step, times):
        """This step of the road fails so often; give what is left."""
        original, left = getattr(module, step), [times]

        def lose(push, *args, **kwargs):
            result = original(push, *args, **kwargs)
            if left[0]:
                left[0] -= 1
                push.env.cr.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
            return result

        self.patch(module, step, lose)
        return left

    @mute_logger("odoo.sql_db")
    def test_fault_serialization_failure_after_sending_sends_nothing_twice(self):
        for module, step in ((journal, "sent"), (journal, "write"), (intent, "write")):
            with self.subTest(step=f"{module.__name__}.{step}"):
                self.connect_push()
                ada, bob = self.in_agreement("Ada", "Bob")
                ada.phone = "2"
                bob.unlink()
                self.partner("Carl", phone="2")
                left = self.lose_against_another_transaction(module, step, 2)
                self.settle()
                self.assertEqual((sorted(self.sent()), left), (["DELETE", "PATCH", "POST"], [0]))
                self.assert_quiet(("Ada", "2"), ("Carl", "2"))
                self.env["res.partner"].search([("ref", "=", "bridge")]).unlink()
                self.settle()
                self.connector.unlink()

    @mute_logger("odoo.sql_db")
    def test_fault_serialization_failure_without_end_is_left_for_later_and_makes_no_duplicate(self):
        self.connect_push()
        self.in_agreement("Ada").phone = "2"
        self.partner("Bob", phone="2")
        left = self.lose_against_another_transaction(journal, "sent", 1000)
        self.settle()
        self.assertEqual((self.drain.state, self.drain.error_kind, len(self.outbox)), ("pending", "busy", 2))
        self.assertEqual((sorted(self.sent()), self.gate.failures), (["PATCH", "POST"], 0))
        left[0] = 0
        self.recover()
        self.assertNotIn("POST", self.sent())
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))

    # --- What Odoo has

    def test_fault_nul_and_lone_surrogates_in_odoos_text_do_not_come_to_be(self):
        self.connect_push()
        ada = self.in_agreement("Ada")
        for text in ("A\0da", "A\ud800da"):
            with self.assertRaises(ValueError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                ada.name = text
                self.env.flush_all()
            self.env.invalidate_all()
        self.settle()
        self.assert_quiet(("Ada", "1"))

    @mute_logger("odoo.sql_db")
    def test_fault_nan_that_came_past_odoo_is_refused_alone(self):
        fields_ = [field("name", "name", required=True), field("partner_latitude", "latitude", "decimal")]
        self.flow = flow = self.connect(contacts_flow(fields=[*fields_, field("phone", "phone")]))
        ada, bob = self.in_agreement("Ada", "Bob")
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET partner_latitude = 'NaN', phone = '2' WHERE id = %s", [ada.id])
        self.env.invalidate_all()
        bob.phone = "2"
        flow._enqueue("manual", full=True)
        self.settle()
        self.assertEqual(self.there_now(), [("Ada", "1"), ("Bob", "2")])
        self.assertEqual((self.jobs().res_id, self.jobs().state, self.jobs().error_kind), (ada.id, "failed", "data"))
        ada.partner_latitude = 1.5
        self.settle()
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))

    def test_fault_what_can_not_be_written_as_json_is_refused_alone(self):
        """An addon's own converter may give anything."""
        self.connect_push()
        original = document.portable

        def portable(rule, record, known):
            value = original(rule, record, known)
            return {1, 2} if value == "unwritable" else value

        ada, _bob = people = self.in_agreement("Ada", "Bob")
        self.patch(document, "portable", portable)
        people.phone = "2"
        ada.phone = "unwritable"
        self.settle()
        self.assertEqual(self.there_now(), [("Ada", "1"), ("Bob", "2")])
        self.assertEqual((self.jobs().res_id, self.jobs().state), (ada.id, "failed"))
        self.assertIn("can not be written as JSON", self.jobs().error_message)
        ada.phone = "2"
        self.settle()
        self.assert_quiet(("Ada", "2"), ("Bob", "2"))
