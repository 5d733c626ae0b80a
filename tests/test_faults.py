"""Promise 3: what the other system's side of the wire can do to a pull, against real sockets; one fault a test.

Every fault strikes the second page of a run. What was read before stays, cursor and position do not move, nothing is
sent in vain, the person reads why, and the run goes on from its position once it can.
"""

from collections import namedtuple
from contextlib import nullcontext

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..remote.auth import forget_tokens
from .common import FaultCase, field, list_operation, no, thing, things_flow, with_a_test_for_each
from .servers import fault_server as faults

# What the remote does, the error's kind, words that the person reads; status of the answer; is it about time.
Fault = namedtuple("Fault", "answers kind words status quick", defaults=(None, False))
OPEN = faults.head(200, {"Content-Type": "application/json"})


def again(connection, request):
    faults.redirect(request.target)(connection, request)


def unavailable(words, *answers, quick=False):
    return Fault(answers, "unavailable", words, None, quick)


def broken(words, answer):
    return Fault((answer,), "protocol", words)


def status(number, kind, words="Sorry, no", **headers):
    return Fault((no(number, **headers),), kind, words, number)


FAULTS = {
    # No answer, or half of one. A GET on a kept connection is sent once more at once, so these have to happen twice.
    "connection_reset": unavailable("closed the connection", faults.reset(), faults.reset()),
    "closed_without_an_answer": unavailable("closed the connection", faults.hang_up(), faults.hang_up()),
    "timeout_after_the_request_was_sent": unavailable("within 0.3 s", faults.silence(), quick=True),
    "silence_in_the_body": unavailable("within 0.3 s", faults.raw(OPEN + b"["), quick=True),
    "endless_drip": unavailable("within 0.6 s in all", faults.drip(before=OPEN), quick=True),
    "truncated_body_with_a_length": unavailable("broke off", faults.truncated(b'{"items": []}')),
    "truncated_body_in_chunks": unavailable("broke off", faults.chunked(b'{"items": []}', end=b"")),
    "reset_in_the_body": unavailable("broke off", faults.without_length(b'{"items"', abort=True)),
    # An answer, but none to be believed.
    "truncated_body_without_a_length": broken("is not JSON", faults.without_length(b'{"items": [{"id": 5')),
    "huge_body": broken("larger than 50 MB", faults.endless()),
    "gzip_bomb": broken("larger than 50 MB", lambda *exchange: faults.gzip_bomb(51)(*exchange)),
    "not_http": broken("not HTTP", faults.raw(b"220 mail.example ESMTP\r\n", close=True)),
    "html_with_status_200": broken("web page", faults.answer(200, b"<html>Under maintenance</html>")),
    "empty_200": broken("answered with nothing", faults.answer(200, b"")),
    "nan": broken("NaN", faults.answer(200, b'{"items": [{"id": NaN}]}')),
    "wrong_charset": broken("character set", faults.answer(200, b'{"items": [{"id": "\xe9"}]}')),
    "no_records_where_the_mapping_looks": broken("no records at items", faults.json_answer({"data": []})),
    "repeated_page": broken("same page twice", faults.json_answer({"items": [thing(n) for n in (2, 3, 4)]})),
    "redirect_without_end": Fault((again,) * 6, "protocol", "redirected more than"),
    # An answer that says no.
    "400": status(400, "rejected"),
    "401_without_refresh": status(401, "auth"),
    "403": status(403, "rejected"),
    "403_with_retry_after": status(403, "throttled", Retry_After="60"),
    "403_with_nothing_left": Fault(
        (
            faults.json_answer(
                {"message": "API rate limit exceeded"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}
            ),
        ),
        "throttled",
        "rate limit exceeded",
        403,
    ),
    "403_with_nothing_left_and_other_words": status(403, "rejected", X_RateLimit_Remaining="0", X_RateLimit_Reset="60"),
    "404": status(404, "rejected"),
    "408": status(408, "unavailable"),
    "409": status(409, "rejected"),
    "412": status(412, "rejected"),
    "422": status(422, "rejected"),
    "429": status(429, "throttled"),
    "500": status(500, "unavailable"),
    "502": status(502, "unavailable"),
    "503_without_retry_after": status(503, "unavailable"),
    "503_with_retry_after": status(503, "throttled", Retry_After="60"),
}
# Where no connection comes to be: the base address, the error's kind and words.
NO_CONNECTION = {
    "timeout_before_the_request_was_sent": (
        lambda case: faults.nobody_accepts(),
        "unavailable",
        "did not accept a connection within 0.3 s",
    ),
    "refused": (lambda case: faults.nobody_listens(), "unavailable", "refused the connection"),
    "unknown_name": (lambda case: nullcontext("http://name.invalid"), "unavailable", "was not found"),
    "no_tls": (
        lambda case: nullcontext(case.server.url.replace("http", "https")),
        "unavailable",
        "does not speak TLS",
    ),
    "private_address": (
        lambda case: nullcontext(case.remote.url.replace("127.0.0.1", "127.0.0.2")),
        "rejected",
        "private address",
    ),
}
# What the token address says when it is asked again, what is asked in all, and the words of the error.
LOCKED = {"error": "invalid_grant", "error_description": "Client was locked"}
REFRESHES = {
    "is_refused": (faults.json_answer(LOCKED, 400), ["0", "3", "/token"], "Client was locked"),
    "does_not_help": ("second", ["0", "3", "/token", "3"], "did not accept the credentials"),
}
PAGE = faults.json.dumps({"items": [thing(3, name="Th\0ing 3"), thing(4), thing(5)]}).encode()
NEXT = "/things?since=2&limit=3&offset=3"
NO_FAULTS = {
    "301_to_the_same_host": faults.redirect(NEXT, 301),
    "302_to_the_same_host": faults.redirect(NEXT, 302),
    "307_to_the_same_host": faults.redirect(NEXT, 307),
    "bom": faults.answer(200, b"\xef\xbb\xbf" + PAGE),
    "nul_in_text": faults.answer(200, PAGE),
    "compression": faults.gzipped(PAGE),
    "chunks": faults.chunked(PAGE[:9], PAGE[9:]),
}
# Asked for one record: the answer; the job's state, error and attempts; does Odoo's record stay active?
RECORDS = {
    "404": (no(404), "done", False, 0, False),
    "403": (no(403), "failed", "rejected", 1, True),
    "422": (no(422), "failed", "rejected", 1, True),
    "500": (no(500), "pending", "unavailable", 0, True),
    "html": (faults.answer(200, b"<html>Under maintenance</html>"), "pending", "protocol", 1, True),
}


@tagged("post_install", "-at_install")
@with_a_test_for_each("test_fault_", FAULTS, "check_fault")
@with_a_test_for_each("test_fault_no_connection_", NO_CONNECTION, "check_no_connection")
@with_a_test_for_each("test_fault_that_is_none_", NO_FAULTS, "check_read")
@with_a_test_for_each("test_fault_401_in_mid_run_with_refresh_that_", REFRESHES, "check_refresh")
@with_a_test_for_each("test_fault_record_", RECORDS, "check_record")
class TestFaults(FaultCase):
    def check_fault(self, fault):
        flow = self.connect(self.delta_flow())
        self.up_to_date(flow)
        if fault.quick:
            self.connector.write({"read_timeout": 0.3, "total_timeout": 0.6})
        self.remote.script(None, *fault.answers)
        run = self.sync(flow)
        self.assert_outcome(run, fault.kind, fault.words)
        self.assertEqual(self.asked(), ["0", *["3"] * len(fault.answers)], "what was refused is not sent again")
        self.assertEqual((run.fetched, self.counters(run)), (3, {"created": 2, "unchanged": 1}), "the first page stays")
        position = run.position
        self.assertEqual((position["since"], position["state"]["offset"], position["pages"]), (2, 3, 1))
        self.assertEqual((flow.cursor, flow.candidate, flow.binding_count), (2, 2, 4))
        kept = run.exchange_ids[:1]
        self.assertIn(fault.words, kept.error or f"{kept.status} {kept.response_body}")
        self.assertEqual(kept.status, fault.status or kept.status)
        self.connector.write({"read_timeout": 5, "total_timeout": 5})
        self.recover(run)
        self.assertEqual(self.asked(), ["3"], "it goes on from its position")
        self.assertEqual((run.fetched, self.counters(run)), (5, {"created": 4, "unchanged": 1}))
        self.assertEqual((flow.cursor, flow.binding_count), (2, 6), "walked by position: it lags one walk")
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 5}, "nothing was done twice")

    # --- No connection

    def check_no_connection(self, case):
        where, kind, words = case
        flow = self.connect(self.delta_flow())
        self.up_to_date(flow)
        with where(self) as self.connector.base_url:
            self.connector.connect_timeout = 0.3
            run = self.sync(flow)
        self.assert_outcome(run, kind, words)
        self.assertEqual((run.fetched, run.position["state"], flow.cursor), (0, {"offset": 0}, 2))
        self.assertFalse(self.asked(), "nothing was sent")
        self.connector.write({"base_url": self.remote.url, "connect_timeout": 5})
        self.recover(run)
        self.assertEqual((self.counters(run), self.asked()), ({"created": 4, "unchanged": 1}, ["0", "3"]))

    # --- Answers that look odd and are good

    def check_read(self, answer):
        flow = self.connect(self.delta_flow())
        self.up_to_date(flow)
        self.remote.script(None, answer)
        self.server.records["things"].append(thing(7))
        run = self.sync(flow)
        self.assertEqual((run.state, run.failed, run.job_ids.attempts), ("done", 0, 0), run.message)
        self.assertTrue(self.bound(flow, 5))
        self.assertNotIn("\0", "".join(self.bound(flow, n).name for n in (3, 4, 5)))
        self.assertEqual(self.gate.failures, 0)

    def test_fault_redirect_to_another_host_gets_no_credentials(self):
        """301, 302, 307 to another host are followed without credentials, and never to a private address."""
        flow = self.connect(self.delta_flow(), auth={"scheme": "bearer"})
        self.connector._set_secrets({"secret": "hush-hush-42"})
        self.up_to_date(flow)
        with faults.FaultServer() as elsewhere:
            elsewhere.fallback = self.answer_as_usual
            target = f"{elsewhere.url}/things?since=2&limit=3&offset="
            self.remote.script(*(faults.redirect(target + offset, code) for offset, code in (("0", 301), ("3", 307))))
            self.assertEqual(self.counters(self.sync(flow)), {"created": 4, "unchanged": 1})
            self.assertEqual([request.query["offset"] for request in elsewhere.requests], ["0", "3"])
            self.assertNotIn("hush-hush", repr(elsewhere.requests))
            self.assertIn("hush-hush", repr(self.remote.requests))
            self.remote.script(faults.redirect(elsewhere.url.replace("127.0.0.1", "127.0.0.2")))
            self.assert_outcome(self.sync(flow), "rejected", "private address")

    # --- Credentials

    def token_flow(self, *tokens):
        """A flow whose remote gives these tokens in turn (an answer, if it is no text)."""
        self.addCleanup(forget_tokens)
        address = f"{self.remote.url}/token"
        auth = {"scheme": "oauth2_client_credentials", "token_url": address, "client_id": "bridge"}
        flow = self.connect(self.delta_flow(), auth=auth)
        self.connector._set_secrets({"secret": "hush-hush-42"})
        answers = [faults.json_answer({"access_token": one}) if isinstance(one, str) else one for one in tokens]
        self.remote.route("/token", *answers)
        self.up_to_date(flow)
        return flow

    def test_fault_401_in_mid_run_with_refresh_that_works(self):
        flow = self.token_flow("first", "second")
        self.remote.script(None, no(401))
        run = self.sync(flow)
        self.assertEqual((run.state, run.created, run.job_ids.attempts), ("done", 4, 0))
        sent = [request.headers.get("authorization") for request in self.remote.requests]
        self.assertEqual(sent, ["Bearer first", "Bearer first", None, "Bearer second"])
        self.assertEqual(self.asked(), ["0", "3", "/token", "3"], "only the page that was refused is asked again")

    def check_refresh(self, case):
        second, asked, words = case
        flow = self.token_flow("first", second, "third")
        self.remote.script(None, no(401), None, no(401))
        run = self.sync(flow)
        self.assert_outcome(run, "auth", words)
        self.assertEqual(self.asked(), asked)
        self.assertEqual((run.fetched, flow.cursor), (3, 2))
        self.work()
        self.assertEqual(self.asked(), [], "nothing is called with credentials that are refused")
        self.remote.forget()
        self.remote.route("/token", faults.json_answer({"access_token": "third"}))
        self.recover(run)
        self.assertEqual(run.created, 4)

    # --- An answer that stays wrong

    @mute_logger("odoo.addons.integration_bridge.jobs.outcome")
    def test_fault_that_stays_is_given_up_with_the_beginning_of_the_body(self):
        flow = self.connect(self.delta_flow())
        self.up_to_date(flow)
        self.remote.fallback, usual = faults.answer(200, b"<html>Under maintenance</html>"), self.remote.fallback
        self.addCleanup(setattr, self.remote, "fallback", usual)
        run = self.sync(flow)
        for attempts in (1, 2):
            self.assertEqual((run.job_ids.state, run.job_ids.attempts), ("pending", attempts))
            self.pass_time()
            self.work()
        self.assertEqual((run.job_ids.state, run.job_ids.attempts, run.state), ("failed", 3, "failed"))
        self.assertIn("Under maintenance", run.message)
        self.assertEqual((flow.cursor, run.position["pages"], len(self.remote.requests)), (2, 0, 3))

    # --- One record is asked for

    def check_record(self, case):
        answer, state, kind, attempts, active = case
        flow = self.connect(self.delta_flow())
        self.up_to_date(flow)
        partners = self.bound(flow, 1), self.bound(flow, 2)
        self.remote.route("/things/1", answer)
        self.server.records["things"][1]["phone"] = "7"
        jobs = self.env["bridge.job"]._enqueue_records(flow, ["1", "2"])
        self.work()
        job = jobs.filtered(lambda job: job.external_id == "1")
        self.assertEqual((job.state, job.error_kind, job.attempts), (state, kind, attempts), job.error_message)
        self.assertEqual((partners[0].active, partners[0].name), (active, "Thing 1"))
        self.assertEqual(partners[1].phone, "7", "the other one is not held up")

    def test_fault_when_a_related_record_is_asked_for_leaves_the_page_for_later(self):
        owner = field("parent_id", "owner", "many2one_binding", options={"flow": "owners"}, required=True)
        get = {"kind": "get", "path": "/owners/{external_id}", "records": "@"}
        owners = things_flow(code="owners", name="Owners", operations=[list_operation("owners"), get])
        flow = self.connect(self.delta_flow(fields=[*things_flow()["fields"], owner]), owners)
        self.server.records["owners"] = [thing(50)]
        self.server.records["things"] = [thing(1, owner=50)]
        self.remote.route("/owners/50", no(500))
        run = self.sync(flow)
        self.assert_outcome(run, "unavailable", "Sorry, no")
        self.assertEqual((run.fetched, run.failed, flow.binding_count), (0, 0, 0))
        self.remote.route("/owners/50", self.answer_as_usual)
        self.recover(run)
        self.assertEqual((self.counters(run), self.bound(flow, 1).parent_id.name), ({"created": 1}, "Thing 50"))
