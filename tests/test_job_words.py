"""What is the matter with a record, where in it, and what to do, in words of everybody (promise 5)."""

from odoo.tests import new_test_user, tagged

from ..jobs.kinds import ERROR_KINDS
from .common import BridgeCase, field, thing, things_flow
from .test_both_ways import BothWaysCase

READER, OPERATOR = (f"integration_bridge.group_integration_bridge_{name}" for name in ("user", "operator"))


@tagged("post_install", "-at_install")
class TestJobWords(BridgeCase):
    def failed(self, flow, *things):
        self.server.records["things"] = list(things)
        self.sync(flow)
        return self.failures(flow)

    def nested(self, *lines):
        people = field("child_ids", "team.people", "nested", options={"flow": "people"})
        outer = things_flow(fields=[*things_flow()["fields"], people])
        inner = {
            "code": "people",
            "name": "People",
            "model": "res.partner",
            "parent": "things",
            "fields": [field("name", "called", required=True), *lines],
        }
        return self.connect(outer, inner)

    def test_title_says_what_is_the_matter_with_which_record(self):
        job = self.failed(self.connect(), thing(7, email={"at": 1}))
        self.assertEqual(job.display_name, "Things: Thing 7 could not be read")
        job.action_retry()
        self.assertEqual(job.display_name, "Things: Thing 7 could not be read", "until it has been")
        self.server.records["things"] = [thing(7)]
        self.work()
        self.assertEqual((job.state, job.display_name), ("done", "Fetch a record · Things · Thing 7"))
        sent = self.env["bridge.job"]._enqueue([{"kind": "push_record", "flow_id": job.flow_id.id, "res_id": 1}])
        sent.write({"error_kind": "rejected", "state": "failed"})
        self.assertEqual(sent.display_name, "Things: a record could not be sent")
        sent.write({"error_kind": "uncertain", "state": "uncertain", "record_name": "Ada"})
        sent.invalidate_recordset()
        self.assertEqual(sent.display_name, "Things: is Ada in the other system?")

    def test_every_kind_of_error_says_what_to_do_until_it_is_over(self):
        job = self.failed(self.connect(), thing(1, name=None))
        for kind, _label in ERROR_KINDS:
            with self.subTest(kind):
                job.error_kind = kind
                self.assertRegex(job.next_step, r"[.!]$")
        job.state = "done"
        self.assertFalse(job.next_step)

    def test_nobody_is_asked_to_press_what_he_has_not(self):
        job = self.failed(self.connect(), thing(1, name=None))
        reader = job.with_user(new_test_user(self.env, "reader", f"base.group_user,{READER}"))
        presser = job.with_user(new_test_user(self.env, "presser", f"base.group_user,{OPERATOR}"))
        for kind, has_button in (("data", True), ("rejected", True), ("uncertain", True), ("unavailable", False)):
            with self.subTest(kind):
                job.error_kind = kind
                self.assertEqual("ask one of them" in reader.next_step, has_button)
                self.assertNotIn("ask one of them", presser.next_step)

    def test_field_and_place_of_what_failed_are_told(self):
        job = self.failed(self.connect(), thing(1, email={"at": 1}))
        self.assertEqual((job.error_field_label, job.payload_marks), ("Email", [["email"]]))

    def test_field_and_place_in_a_record_inside_are_told_with_the_line(self):
        flow = self.nested(field("color", "style.color", "integer"))
        team = {"people": [{"id": "a", "called": "Ann"}, {"id": "b", "called": "Bob", "style": {"color": "red"}}]}
        job = self.failed(flow, thing(1, team=team))
        self.assertIn("People 2: Color Index: “red” is not a whole number. Correct it, or", job.error_message)
        self.assertEqual(job.error_field, "child_ids.color")
        self.assertEqual(job.error_field_label, "Contact / Color Index")
        self.assertEqual(job.payload_marks, [["team", "people", 1, "style", "color"]])
        line = self.env["bridge.log"].search([("flow_id", "=", flow.id), ("action", "=", "reject")], limit=1)
        self.assertEqual(line.field_label, "Contact / Color Index")

    def test_related_record_that_a_record_inside_names_is_told_with_the_line(self):
        flow = self.nested(field("country_id", "country", "many2one_key", options={"field": "code"}))
        team = {"people": [{"id": "a", "called": "Ann", "country": "CH"}, {"id": "b", "called": "Bo", "country": "QQ"}]}
        job = self.failed(flow, thing(1, team=team))
        self.assertIn("People 2: Country: there is no “Country”", job.error_message)
        self.assertEqual(job.payload_marks, [["team", "people", 1, "country"]])

    def test_what_is_missing_is_marked_where_it_should_be(self):
        team = {"people": [{"id": "a", "called": "Ann"}, {"id": "b"}]}
        job = self.failed(self.nested(), thing(1, team=team))
        self.assertEqual(job.payload_marks, [["team", "people", 1]])


@tagged("post_install", "-at_install")
class TestValuesInWords(BothWaysCase):
    """No raw date, and no number of the database, where a person decides."""

    def test_difference_says_dates_and_related_records_as_a_person_reads_them(self):
        self.connect_both("ask")
        drift = self.env["bridge.drift"]
        swiss = self.env.ref("base.ch")
        said = {
            ("res.partner", "country_id", swiss.id): swiss.name,
            ("res.partner", "country_id", False): "—",
            ("res.partner", "active", False): "no",
            ("res.partner", "child_ids.country_id", swiss.id): swiss.name,
            ("res.partner", "create_date", "2026-11-25 13:03:39"): "11/25/2026 02:03:39 PM",
            ("res.partner", "create_date", "soon"): "soon",
            ("res.currency.rate", "name", "2026-11-25"): "11/25/2026",
        }
        for (model, name, value), text in said.items():
            with self.subTest(name, value=value):
                found = drift.with_context(tz="Europe/Zurich")._shown(model, name, value)
                self.assertEqual(found.replace("\u202f", " "), text)
