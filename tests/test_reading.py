"""What the answers to questions say: there is nothing, it is gone, or it is not known."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import FaultCase, field, list_operation, thing, things_flow
from .push_case import contacts_operations
from .servers import fault_server as faults
from .test_faults_push import FaultsPushCase

NO_CONTENT = faults.raw(b"HTTP/1.1 204 No Content\r\n\r\n")
NOT_MODIFIED = faults.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")
EXPIRED = {"jsonrpc": "2.0", "id": 1, "error": {"code": 100, "message": "Session expired"}}


@tagged("post_install", "-at_install")
class TestGone(FaultCase):
    """Thing 1 is not in the list any more; what does *Get one record* say of it?"""

    def scan(self, answer, **values):
        """Full scan that does not find thing 1, for which this is answered.

        :return: the run, and thing 1 in Odoo
        """
        flow = self.connect(things_flow(**values))
        self.server.records["things"] = [thing(number) for number in range(1, 11)]
        self.sync(flow)
        del self.server.records["things"][0]
        self.remote.route("/things/1", answer)
        return self.sync(flow, full=True), self.bound(flow, 1)

    def assert_gone(self, answer, **values):
        run, record = self.scan(answer, **values)
        self.assertEqual((run.state, self.counters(run)["archived"], record.active), ("done", 1, False))

    def test_answer_with_the_deleted_marker(self):
        self.assert_gone(faults.json_answer({"id": 1, "deleted": True}))

    def test_answer_with_the_status_that_the_marker_compares(self):
        record = {"id": "id", "deleted": "status == 'trash'"}
        self.assert_gone(faults.json_answer(thing(1, status="trash")), record=record)

    def test_empty_answer_of_a_search(self):
        operations = [list_operation("things"), {"kind": "get", "path": "/things/{external_id}", "records": "rows[0]"}]
        self.assert_gone(faults.json_answer({"length": 0, "rows": []}), operations=operations)

    def test_null(self):
        self.assert_gone(faults.json_answer(None))

    def test_no_content(self):
        self.assert_gone(NO_CONTENT)

    def assert_kept(self, answer, kind, words, run_kind="pull"):
        run, record = self.scan(answer)
        job = run.job_ids.filtered(lambda one: one.kind == run_kind)
        self.assertTrue(record.active)
        self.assertEqual(job.error_kind, kind)
        self.assertIn(words, job.error_message)
        return run

    def test_expired_session_is_not_gone(self):
        self.assert_kept(faults.json_answer(EXPIRED), "auth", "credentials")
        self.assertTrue(self.gate.paused)

    def test_web_page_is_not_gone(self):
        self.assert_kept(faults.answer(200, b"<html>", content_type="text/html"), "protocol", "web page")

    def test_another_record_is_a_failure_of_this_one_and_ends_no_other(self):
        run, record = self.scan(faults.json_answer(thing(2)))
        job = self.failures(run.flow_id)
        self.assertTrue(record.active)
        self.assertEqual((run.state, job.external_id, job.error_kind), ("partial", "1", "protocol"))
        self.assertIn("asked for the record 1 and answered with 2", job.error_message)
        self.remote.forget()
        self.pass_time()
        self.work()
        self.assertFalse(self.failures(run.flow_id))
        self.assertFalse(record.active)

    def test_record_that_a_person_syncs_is_archived_by_its_marker(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.remote.route("/things/1", faults.json_answer({"id": 1, "deleted": True}))
        self.env["bridge.binding"].search([("flow_id", "=", flow.id)]).action_sync()
        self.work()
        self.assertFalse(self.bound(flow, 1).active)

    def test_another_record_is_not_taken_in_for_the_one_that_a_person_syncs(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1), thing(2)]
        self.sync(flow)
        self.remote.route("/things/1", faults.json_answer(thing(3)))
        self.env["bridge.binding"].search([("flow_id", "=", flow.id), ("external_id", "=", "1")]).action_sync()
        self.work()
        self.assertFalse(self.bound(flow, 3))
        self.assertEqual(self.failures(flow).error_kind, "protocol")

    def test_related_record_that_is_deleted_is_missing_and_not_made(self):
        company = field("parent_id", "company", "many2one_binding", options={"flow": "things"})
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], company]))
        self.server.records["things"] = [thing(1, company=99)]
        self.remote.route("/things/99", faults.json_answer({"id": 99, "name": "Old", "deleted": True}))
        self.sync(flow)
        self.assertFalse(self.bound(flow, 99))
        self.assertEqual(self.failures(flow).error_kind, "dependency")


@tagged("post_install", "-at_install")
class TestGoneBeforeSending(FaultsPushCase):
    """What is fetched before a change is sent may say that there is nothing to change any more."""

    def ask_first(self, document, direction="both"):
        """Ada is in agreement; who asks for her record gets this.

        :param document: what is answered; ``{"id": True}``: with her id
        """
        update = {"kind": "update", "method": "PUT", "path": "/contacts/{external_id}", "sends": "whole"}
        self.connect_push(direction, operations=contacts_operations(update=update))
        ada = self.in_agreement("Ada")
        (external_id,) = self.contacts
        if isinstance(document, dict) and document.get("id") is True:
            document = {**document, "id": external_id}
        self.remote.route(f"/contacts/{external_id}", faults.json_answer(document))
        return ada

    def test_record_that_the_answer_calls_deleted_is_archived_and_not_sent(self):
        ada = self.ask_first({"id": True, "name": "Ada", "deleted": True})
        ada.phone = "2"
        self.settle()
        self.assertEqual((self.sent(), self.binding(self.flow, ada).state), ([], "linked"))
        conflict = self.env["bridge.conflict"].search([("flow_id", "=", self.flow.id)])
        self.assertEqual(conflict.kind, "gone_there")

    def test_flow_that_only_pushes_does_not_send_to_a_record_that_is_gone(self):
        for document in ({"id": True, "deleted": True}, [], None):
            with self.subTest(document=document):
                ada = self.ask_first(document, "push")
                ada.phone = "2"
                self.settle()
                self.assertEqual(self.sent(), ["POST"])  # Odoo is the authority: it is created again
                self.remote.forget()
                self.forget(ada)

    def test_another_record_is_a_failure_and_nothing_is_sent(self):
        ada = self.ask_first({"id": "another", "name": "Bob", "email": "bob@example.com"})
        ada.phone = "2"
        self.settle()
        self.assertEqual((self.sent(), ada.name, self.jobs().error_kind), ([], "Ada", "protocol"))
        self.assertFalse(self.env["bridge.binding"].search([("external_id", "=", "another")]))

    def test_expired_session_is_no_reason_to_archive(self):
        ada = self.ask_first(EXPIRED)
        ada.phone = "2"
        self.settle()
        self.assertEqual((self.sent(), ada.active, self.gate.paused), ([], True, True))

    def test_deletion_by_a_flow_that_only_pushes_asks_nothing(self):
        """It would learn that the record is gone, and that is what is wanted."""
        ada = self.ask_first(None, "push")
        ada.unlink()
        self.remote.requests.clear()
        self.settle()
        self.assertEqual([request.method for request in self.remote.requests], ["DELETE"])
        self.assertFalse(self.jobs())


@tagged("post_install", "-at_install")
class TestEmpty(FaultCase):
    """How an empty page is told."""

    def setUp(self):
        super().setUp()
        self.server.records["things"] = [thing(number) for number in (1, 2)]

    def test_run_without_news_is_done_however_that_is_told(self):
        answers = {
            "null": faults.json_answer({"items": None}),
            "list at the root": faults.json_answer([]),
            "204": NO_CONTENT,
            "304": NOT_MODIFIED,
        }
        flow = self.connect(self.delta_flow())
        self.sync(flow)
        for name, answer in answers.items():
            with self.subTest(name):
                self.remote.script(answer)
                run = self.sync(flow)
                self.assertEqual((run.state, run.full, run.fetched, flow.cursor), ("done", False, 0, 2))

    def test_cursor_that_the_answer_tells_stays_where_the_answer_has_no_content(self):
        delta = {"type": "timestamp", "format": "integer", "source": "body", "path": "max(items[].updated)"}
        query = {"since": "{since}", "limit": "{limit}", "offset": "{offset}"}
        flow = self.connect(self.delta_flow(operations=[list_operation("things", query=query, delta=delta)]))
        self.sync(flow)
        for answer in (NO_CONTENT, NOT_MODIFIED):
            self.remote.script(answer)
            self.assertEqual((self.sync(flow).state, flow.cursor), ("done", 2))

    def test_last_page_that_is_null_ends_the_run(self):
        paging = {"type": "cursor", "cursor_path": "next"}
        flow = self.connect(
            things_flow(operations=[list_operation("things", pagination=paging, query={"c": "{cursor}"})])
        )
        self.remote.script(
            faults.json_answer({"items": [thing(1)], "next": "t2"}), faults.json_answer({"items": None, "next": None})
        )
        run = self.sync(flow)
        self.assertEqual((run.state, self.counters(run)), ("done", {"created": 1}))
        self.assertTrue(flow.last_full_scan)

    def test_full_scan_whose_list_is_missing_removes_nothing(self):
        flow = self.connect()
        self.sync(flow)
        self.remote.script(faults.json_answer({"message": "Back at noon"}))
        run = self.sync(flow, full=True)
        self.assertEqual((run.state, run.job_ids.error_kind), ("running", "protocol"))
        self.assertTrue(self.bound(flow, 1).active and self.bound(flow, 2).active)

    def test_full_scan_that_finds_nothing_stops_at_the_removal_limit(self):
        for answer in (faults.json_answer({"items": None}), NO_CONTENT, faults.json_answer([])):
            with self.subTest(answer):
                flow = self.connect()
                self.sync(flow)
                self.remote.script(answer)
                run = self.sync(flow, full=True)
                self.assertEqual(run.state, "blocked")
                self.assertTrue(self.bound(flow, 1).active and self.bound(flow, 2).active)
                self.connector.unlink()

    def test_operation_may_say_that_the_list_is_missing_where_there_is_none(self):
        flow = self.connect(things_flow(operations=[list_operation("things", missing_is_empty=True)]))
        self.remote.script(faults.json_answer({"kind": "things"}))
        self.assertEqual(self.sync(flow).state, "done")

    def test_expired_session_is_no_empty_list(self):
        flow = self.connect(things_flow(operations=[list_operation("things", missing_is_empty=True)]))
        self.sync(flow)
        self.remote.script(faults.json_answer(EXPIRED))
        run = self.sync(flow, full=True)
        self.assertEqual((run.job_ids.error_kind, self.gate.paused), ("auth", True))

    def test_partial_page_empties_and_removes_nothing(self):
        place = list_operation("things", records="data.things.nodes", pagination={"type": "none"})
        flow = self.connect(things_flow(operations=[place]))
        self.remote.script(faults.json_answer({"data": {"things": {"nodes": [thing(1, phone="1"), thing(2)]}}}))
        self.sync(flow)
        error = {"path": ["things", "nodes", 0, "phone"], "message": "The phone book is closed"}
        half = {"data": {"things": {"nodes": [thing(1, phone=None), None]}}, "errors": [error]}
        self.remote.script(faults.json_answer(half))
        run = self.sync(flow, full=True)
        self.assertEqual((run.state, self.bound(flow, 1).phone, self.bound(flow, 2).active), ("failed", "1", True))
        self.assertIn("The phone book is closed", run.message)

    def test_partial_page_is_taken_where_the_operation_says_so(self):
        place = list_operation("things", records="data.things", pagination={"type": "none"}, partial_is_accepted=True)
        flow = self.connect(things_flow(operations=[place]))
        half = {"data": {"things": [thing(1)]}, "errors": [{"message": "The phone book is closed"}]}
        self.remote.script(faults.json_answer(half))
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})

    def test_definition_keeps_what_the_operation_says_of_its_answers(self):
        flow = self.connect(things_flow(operations=[list_operation("things", missing_is_empty=True)]))
        operation = flow.operation_ids
        operation.partial_is_accepted = True
        exported = self.connector._export_definition()
        self.connector.unlink()
        operation = self.env["bridge.connector"]._import_definition(exported).flow_ids.operation_ids
        self.assertEqual((operation.missing_is_empty, operation.partial_is_accepted), (True, True))

    def test_operation_that_changes_something_reads_no_list(self):
        create = {"kind": "create", "path": "/things", "missing_is_empty": True}
        with self.assertRaisesRegex(ValidationError, "Missing Means None: it is about what is read"):
            self.connect(things_flow(operations=[list_operation("things"), create]))


@tagged("post_install", "-at_install")
class TestNotCut(FaultCase):
    """A list is never cut silently."""

    def connect_list(self, get=False, **pagination):
        listing = list_operation("things", pagination={"type": "offset", **pagination})
        return self.connect(things_flow(operations=[listing, *things_flow()["operations"][1:]] if get else [listing]))

    def test_list_that_is_refused_beyond_a_position_says_what_to_do_and_keeps_what_was_read(self):
        flow = self.connect_list()
        self.server.records["things"] = [thing(number) for number in range(1, 8)]
        for _run in range(2):
            self.remote.script(None, faults.json_answer({"message": "paging beyond 3 is not allowed"}, 400))
            run = self.sync(flow)
            self.assertEqual((run.state, run.fetched), ("failed", 3))
            self.assertIn("gives the first 3 records", run.message)
            self.assertIn("paging beyond 3 is not allowed", run.message)
            self.assertIn("Field of the last record", run.message)
            self.assertTrue(self.bound(flow, 3))
            self.assertFalse(flow.last_full_scan)

    def test_list_that_ends_before_its_total_says_so_and_removes_nothing(self):
        flow = self.connect_list(end="total", total_path="total")
        self.server.records["things"] = [thing(number) for number in range(1, 6)]
        self.assertFalse(self.sync(flow).message)
        first = {"items": [thing(number) for number in (1, 2, 3)], "total": 5}
        self.remote.script(faults.json_answer(first), faults.json_answer({"items": [thing(4)], "total": 5}))
        self.remote.script(faults.json_answer({"items": [], "total": 5}))
        run = self.sync(flow, full=True)
        self.assertEqual((run.state, self.counters(run)), ("done", {"unchanged": 4}))
        self.assertIn("ended after 4 records, although the other system counts 5", run.message)
        self.assertTrue(self.bound(flow, 5).active)

    def test_list_that_ends_before_its_total_removes_what_the_other_system_says_is_gone(self):
        flow = self.connect_list(get=True, end="total", total_path="total")
        self.server.records["things"] = [thing(number) for number in range(1, 6)]
        flow.remove_limit = 50
        self.sync(flow)
        del self.server.records["things"][4]
        self.remote.script(faults.json_answer({"items": self.server.records["things"], "total": 6}))
        self.remote.script(faults.json_answer({"items": [], "total": 6}))
        run = self.sync(flow, full=True)
        self.assertEqual((self.counters(run)["archived"], self.bound(flow, 5).active), (1, False))

    def test_next_address_of_a_list_that_ends_at_another_host_says_what_to_do(self):
        flow = self.connect_list(type="next_url", next_path="next")
        self.remote.script(faults.json_answer({"items": [thing(1)], "next": "http://inner:8080/things?page=2"}))
        run = self.sync(flow)
        self.assertEqual(run.job_ids.error_kind, "protocol")
        self.assertIn("put that name into the connector's base address", run.message)
