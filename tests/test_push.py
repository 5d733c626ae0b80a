"""Odoo to the remote: what is changed here is there afterwards, once."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..jobs.claim import claim
from ..jobs.outcome import conclude
from .common import field
from .push_case import PushCase, contacts_flow, contacts_operations


@tagged("post_install", "-at_install")
class TestPush(PushCase):
    def test_what_is_created_changed_and_deleted_in_odoo_is_so_there(self):
        flow = self.connect(contacts_flow())
        ada = self.partner(phone="1")
        self.settle()
        self.assertEqual([(one["name"], one["phone"]) for one in self.contacts.values()], [("Ada", "1")])
        ada.phone = "2"
        self.settle()
        self.assertEqual([one["phone"] for one in self.contacts.values()], ["2"])
        self.assertEqual(self.writes(), 2)
        self.settle()
        self.assertEqual(self.writes(), 0)
        binding = self.binding(flow, ada)
        self.assertEqual((binding.state, binding.external_id in self.contacts), ("linked", True))
        ada.unlink()
        self.settle()
        self.assertFalse(self.contacts)
        self.assertFalse(self.env["bridge.binding"].search([("flow_id", "=", flow.id)]))

    def test_only_changed_fields_are_sent_with_what_stands_beside_them(self):
        fields_ = [
            field("name", "name", required=True),
            field("phone", "phone"),
            field("city", "address.city"),
            field("street", "address.street"),
        ]
        self.connect(contacts_flow(fields=fields_))
        ada = self.partner(city="London", street="Dorset Street", phone="1")
        self.settle()
        self.remote.requests.clear()
        ada.city = "Paris"
        self.settle()
        sent = [request for request in self.remote.requests if request.method == "PATCH"]
        self.assertEqual([one.json for one in sent], [{"address": {"city": "Paris", "street": "Dorset Street"}}])

    def test_the_whole_record_is_sent_where_the_operation_says_so_and_keeps_what_odoo_does_not_map(self):
        whole = {"kind": "update", "method": "PUT", "path": "/contacts/{external_id}", "sends": "whole"}
        self.connect(contacts_flow(operations=contacts_operations(update=whole)))
        ada = self.partner(phone="1")
        self.settle()
        [document] = self.contacts.values()
        self.remote.put("contacts", {**document, "loyalty": "gold"})
        ada.phone = "2"
        self.settle()
        [document] = self.contacts.values()
        self.assertEqual((document["phone"], document["name"], document["loyalty"]), ("2", "Ada", "gold"))

    def test_what_the_other_system_does_not_take_is_not_sent_back(self):
        whole = {
            "kind": "update",
            "method": "PUT",
            "path": "/contacts/{external_id}",
            "sends": "whole",
            "unsent": ["quantity", "_links", "lines.total", "phone", "no.such"],
        }
        self.connect(contacts_flow(operations=contacts_operations(update=whole)))
        ada = self.partner(phone="1")
        self.settle()
        [document] = self.contacts.values()
        lines = [{"id": 1, "total": 5}, {"id": 2, "total": 7}]
        self.remote.put("contacts", {**document, "loyalty": "gold", "quantity": 3, "_links": {}, "lines": lines})
        ada.phone = "2"
        self.remote.requests.clear()
        self.settle()
        [sent] = [request.json for request in self.remote.requests if request.method == "PUT"]
        self.assertEqual((sent["loyalty"], sent["phone"], sent["lines"]), ("gold", "2", [{"id": 1}, {"id": 2}]))
        self.assertFalse({"quantity", "_links", "no"} & sent.keys())

    def test_what_is_not_sent_back_is_refused_where_it_means_nothing(self):
        flow = self.connect(contacts_flow())
        update = flow.operation_ids.filtered(lambda one: one.kind == "update")
        for values, words in [
            ({"unsent_paths": "quantity"}, "an update whose {record} is the whole record"),
            ({"sends": "whole", "unsent_paths": "a..b"}, "a name is missing"),
            ({"sends": "whole", "unsent_paths": "@"}, "nothing would be sent"),
            ({"id_header": "Location"}, "the creation of one record"),
        ]:
            with self.subTest(values), self.assertRaisesRegex(ValidationError, words):
                update.write(values)

    def test_an_empty_field_is_sent_as_the_mapping_says(self):
        fields_ = [
            field("name", "name", required=True),
            field("phone", "phone"),
            field("city", "city", when_empty="empty"),
            field("street", "street", when_empty="keep"),
            field("email", "email", when_empty="reject"),
        ]
        flow = self.connect(contacts_flow(fields=fields_))
        ada = self.partner(phone="1", city="London", street="Dorset Street")
        self.settle()
        ada.write({"phone": False, "city": False, "street": False})
        self.settle()
        [document] = self.contacts.values()
        self.assertEqual((document["phone"], document["city"], document["street"]), (None, "", "Dorset Street"))
        ada.write({"email": False, "phone": "3"})
        self.settle()
        [document] = self.contacts.values()
        self.assertEqual((document["email"], document["phone"]), ("ada@example.com", None))
        self.assertIn("empty in Odoo", self.failures(flow).error_message)
        ada.email = "ada@example.com"
        self.settle()
        [document] = self.contacts.values()
        self.assertEqual((document["phone"], self.failures(flow).ids), ("3", []))

    def test_a_record_that_enters_the_domain_is_created_and_one_that_leaves_it_follows_the_rule(self):
        for policy in ("delete", "archive", "keep"):
            with self.subTest(policy=policy):
                self.remote.records.clear()
                archive = {"kind": "archive", "method": "PATCH", "path": "/contacts/{external_id}"}
                archive["body"] = {"archived": True}
                restore = {**archive, "kind": "restore", "body": {"archived": False}}
                operations = contacts_operations(archive=archive, restore=restore)
                flow = self.connect(contacts_flow(operations=operations, leave_policy=policy))
                ada = self.partner(ref="other")
                self.settle()
                self.assertFalse(self.contacts)
                ada.ref = "bridge"
                self.settle()
                self.assertEqual(self.names_there(), ["Ada"])
                ada.ref = "other"
                self.settle()
                if policy == "delete":
                    self.assertFalse(self.contacts)
                else:
                    [document] = self.contacts.values()
                    self.assertEqual(document.get("archived", False), policy == "archive")
                    self.assertEqual(self.binding(flow, ada).state, "left")
                self.writes()
                ada.phone = "9"
                self.settle()
                self.assertEqual(self.writes(), 0)
                ada.ref = "bridge"
                self.settle()
                [document] = self.contacts.values()
                self.assertEqual((document.get("archived", False), document["phone"]), (False, "9"))
                ada.unlink()
                self.connector.unlink()

    def test_by_the_domain_nobody_learns_what_the_acting_user_may_not_read(self):
        flow = self.connect(contacts_flow())
        self.settle()
        self.patch(self.env["res.partner"]._fields["vat"], "groups", "base.group_system")
        flow.push_domain = [["vat", "=", "77"]]
        self.partner(vat="77")
        with self.assertLogs("odoo.addons.integration_bridge", "ERROR"):
            self.settle()
        job = self.failures(flow)
        self.assertEqual((self.writes(), job.state, job.error_kind), (0, "failed", "data"))
        self.assertIn("vat", job.error_message)

    def test_an_archived_record_has_left(self):
        self.connect(contacts_flow())
        ada = self.partner()
        self.settle()
        ada.action_archive()
        self.settle()
        self.assertFalse(self.contacts)
        ada.action_unarchive()
        self.settle()
        self.assertEqual(self.names_there(), ["Ada"])

    def test_where_active_is_mapped_an_archived_record_is_changed_and_not_gone(self):
        fields_ = [field("name", "name"), field("ref", "ref"), field("active", "active", "boolean")]
        self.connect(contacts_flow(fields=fields_))
        ada = self.partner()
        self.settle()
        ada.action_archive()
        self.settle()
        self.assertEqual([one["active"] for one in self.contacts.values()], [False])

    def test_a_related_record_comes_first(self):
        people = contacts_flow(
            fields=[
                field("name", "name", required=True),
                field("parent_id", "company", "many2one_binding", options={"flow": "companies"}),
            ],
            push_domain=[["ref", "=", "bridge"]],
        )
        operations = [{**one, "path": one["path"].replace("contacts", "companies")} for one in contacts_operations()]
        companies = contacts_flow(
            code="companies",
            push_domain=[["ref", "=", "company"]],
            operations=operations,
            fields=[field("name", "name", required=True)],
        )
        self.connect(people, companies)
        company = self.partner("Analytical Engines", ref="company", is_company=True)
        self.partner(parent_id=company.id)
        # Only the person is looked at: the company comes for its sake.
        self.env.cr.flush()
        self.env["bridge.change"].search([("flow_id.code", "=", "companies")]).unlink()
        self.env["bridge.flow"].search([("code", "=", "companies")]).push_scan_needed = False
        self.settle()
        [[company_id, document]] = self.remote.records["companies"].items()
        self.assertEqual(document["name"], "Analytical Engines")
        self.assertEqual([one["company"] for one in self.contacts.values()], [company_id])

    def test_a_record_that_points_to_another_of_the_flow_comes_after_it_and_circles_are_closed(self):
        fields_ = [
            field("name", "name", required=True),
            field("parent_id", "parent", "many2one_binding", options={"flow": "contacts"}),
        ]
        flow = self.connect(contacts_flow(fields=fields_))
        child = self.partner("Child")
        parent = self.partner("Parent", is_company=True)
        child.parent_id = parent
        self.settle()
        by_name = {one["name"]: one for one in self.contacts.values()}
        self.assertEqual(by_name["Child"]["parent"], by_name["Parent"]["id"])
        self.assertEqual(self.remote.counters()["by_method"], {"POST": 2})
        self.assertFalse(self.failures(flow))

    def test_the_key_of_a_related_record_that_changes_is_sent(self):
        fields_ = [
            field("name", "name", required=True),
            field("category_id", "tags", "many2many_key", options={"field": "name"}),
        ]
        self.connect(contacts_flow(fields=fields_))
        tag = self.env["res.partner.category"].create({"name": "Gold"})
        ada = self.partner(category_id=[(6, 0, tag.ids)])
        self.settle()
        self.assertEqual([one["tags"] for one in self.contacts.values()], [["Gold"]])
        tag.name = "Silver"
        self.settle()
        self.assertEqual([one["tags"] for one in self.contacts.values()], [["Silver"]])
        tag.partner_ids = [(3, ada.id)]
        self.settle()
        self.assertEqual([one["tags"] for one in self.contacts.values()], [[]])

    def test_a_refused_record_is_a_failure_of_its_own_and_closes_itself(self):
        flow = self.connect(contacts_flow())
        self.remote.refuse = lambda method, path, document: (
            (422, {"message": "Bob is not welcome"}) if document.get("name") == "Bob" else None
        )
        self.partner()
        bob = self.partner("Bob")
        self.settle()
        self.assertEqual(self.names_there(), ["Ada"])
        failure = self.failures(flow)
        self.assertEqual((failure.kind, failure.res_id, failure.state), ("push_record", bob.id, "failed"))
        self.assertIn("Bob is not welcome", failure.error_message)
        bob.name = "Robert"
        self.settle()
        self.assertEqual((self.names_there(), failure.state), (["Ada", "Robert"], "done"))

    def connect_bulk(self):
        bulk = {"size": 50, "status": "status", "record": "record", "error": "error"}
        operations = contacts_operations(
            create={
                "kind": "create",
                "method": "POST",
                "path": "/contacts/_bulk",
                "records": "results",
                "body": {"items": "{records}"},
                "bulk": {**bulk, "item": {"op": "create", "record": "{record}"}},
            },
            update={
                "kind": "update",
                "method": "POST",
                "path": "/contacts/_bulk",
                "records": "results",
                "body": {"items": "{records}"},
                "bulk": {**bulk, "item": {"op": "update", "id": "{external_id}", "record": "{record}"}},
            },
        )
        return self.connect(contacts_flow(operations=operations, page_size=100))

    def test_what_one_request_for_many_brings_no_answer_for_waits_as_any_other(self):
        flow = self.connect_bulk()
        ada = self.partner()
        self.settle()
        self.writes()
        for status in (503, 429):
            with self.subTest(status):
                self.remote.refuse = lambda method, path, document, status=status: (status, {"message": "Later"})
                ada.phone = str(status)
                self.settle()
                job = self.failures(flow).filtered(lambda job: job.kind == "push")
                self.assertEqual((self.writes(), job.state), (1, "pending"))
                self.assertGreater(job.due_at, self.env.cr.now())
                self.remote.refuse = None
                job.due_at = self.env.cr.now()
                self.connector.action_resume()
                self.settle()
                self.assertEqual((self.writes(), [one["phone"] for one in self.contacts.values()]), (1, [str(status)]))

    def test_many_records_go_in_one_request_where_the_operation_takes_many(self):
        flow = self.connect_bulk()
        self.remote.refuse = lambda method, path, document: (
            (422, {"message": "No"}) if document.get("name") == "Person 7" else None
        )
        people = self.env["res.partner"].create([{"name": f"Person {n}", "ref": "bridge"} for n in range(60)])
        self.settle()
        self.assertEqual((len(self.contacts), self.writes()), (59, 2))
        self.assertEqual(self.failures(flow).res_id, people[7].id)
        self.remote.refuse = None
        people.write({"phone": "5"})
        self.settle()
        self.assertEqual({one["phone"] for one in self.contacts.values()}, {"5"})
        self.assertEqual(len(self.contacts), 60)

    def test_nothing_is_sent_twice_when_the_flow_is_pushed_in_full(self):
        flow = self.connect(contacts_flow())
        self.env["res.partner"].create([{"name": f"Person {n}", "ref": "bridge"} for n in range(45)])
        self.settle()
        self.assertEqual((len(self.contacts), self.writes()), (45, 45))
        flow._enqueue("manual", full=True)
        self.settle()
        self.assertEqual(self.writes(), 0)

    def test_what_was_changed_past_the_orm_is_found_by_the_sweep(self):
        flow = self.connect(contacts_flow())
        ada, bob = self.partner(), self.partner("Bob")
        self.settle()
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET phone = '77' WHERE id = %s", [ada.id])
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [bob.id])
        self.env.invalidate_all()
        flow._enqueue("manual", full=True)
        self.settle()
        self.assertEqual([(one["name"], one["phone"]) for one in self.contacts.values()], [("Ada", "77")])

    def test_fault_poison_record_does_not_keep_the_others_from_their_turn(self):
        flow = self.connect(contacts_flow())
        people = self.partner(), self.partner("Bob"), self.partner("Eve")
        self.settle()
        poison = self.binding(flow, people[0]).external_id
        self.remote.fault = lambda method, path: "error" if method == "PATCH" and path.endswith(poison) else None
        for person in people:
            person.phone = "2"
        self.settle()
        for attempt in range(12):
            self.env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": "2001-01-01"})
            self.connector._gate()._open()
            people[1].phone = people[2].phone = str(attempt)  # the other system answers in between
            self.settle()
        self.assertEqual(sorted(one.get("phone") or "" for one in self.contacts.values()), ["", "11", "11"])
        job = self.failures(flow)
        self.assertEqual((job.res_id, job.state, job.error_kind), (people[0].id, "failed", "unavailable"))
        self.assertFalse(self.env["bridge.change"].search([("flow_id", "=", flow.id)]))

    def test_lists_and_key_value_pairs_are_sent_in_the_shape_that_the_system_takes(self):
        """Case 20: what is beside them in a list stays; a new record gets the list."""
        fields_ = [
            field("name", "name", required=True),
            field("email", "emails[primary=true].value", key=True),
            field("street", "street[0]"),
            field("street2", "street[1]"),
            field("phone", "attributes[code=phone].value"),
            field("ref", "ref"),
        ]
        flow = self.connect(contacts_flow(fields=fields_))
        ada = self.partner(email="ada@example.com", street2="2nd floor", phone="1")
        self.settle()
        external_id = self.binding(flow, ada).external_id
        there = self.contacts[external_id]
        self.assertEqual(
            (there["emails"], there["street"], there["attributes"]),
            (
                [{"primary": True, "value": "ada@example.com"}],
                [None, "2nd floor"],
                [{"code": "phone", "value": "1"}],
            ),
        )
        there["attributes"] = [{"code": "color", "value": "49"}, {"code": "phone", "value": "1", "by": "them"}]
        there["emails"].append({"primary": False, "value": "old@example.com"})
        ada.write({"phone": "2", "street": "Main 1"})
        self.settle()
        there = self.contacts[external_id]
        self.assertEqual(
            there["attributes"], [{"code": "color", "value": "49"}, {"code": "phone", "value": "2", "by": "them"}]
        )
        self.assertEqual((there["street"], len(there["emails"])), (["Main 1", "2nd floor"], 2))
        self.writes()
        flow._enqueue("manual", full=True)
        self.work()
        self.assertEqual(self.writes(), 0, "no echo")

    def test_relation_is_written_where_the_system_takes_it(self):
        """Case 20: ``org: {value: 5, name: X}`` is read, ``org_id: 5`` is taken, and the answer has 5 in ``org``."""
        belgium = self.env.ref("base.be")
        key = {"field": "code", "item": "value"}
        country = field("country_id", "country", "many2one_key", options=key)
        for write_path in ("country_code", "country"):
            with self.subTest(write_path=write_path):
                fields_ = [field("name", "name", required=True), field("email", "email", key=True), field("ref", "ref")]
                flow = self.connect(contacts_flow("both", fields=[*fields_, {**country, "write_path": write_path}]))
                flow._enqueue("manual")
                self.work()
                ada = self.partner(country_id=belgium.id)
                self.settle()
                external_id = self.binding(flow, ada).external_id
                self.assertEqual(self.contacts[external_id][write_path], "BE")
                ada.country_id = self.env.ref("base.fr")
                self.settle()
                self.assertEqual(self.contacts[external_id][write_path], "FR")
                self.remote.put("contacts", {**self.contacts[external_id], "country": {"value": "NL", "name": "N"}})
                flow._enqueue("manual")
                self.work()
                self.assertEqual(ada.country_id.code, "NL")
                self.forget(ada)

    def test_a_flow_has_one_at_work_that_sends(self):
        flow = self.connect(contacts_flow())
        jobs = self.env["bridge.job"]
        single = jobs._enqueue_pushes(flow, [self.partner().id])
        claimed = claim(self.env, self.lane.id)
        self.assertEqual(claimed, single)
        flow._enqueue("manual")
        self.assertFalse(claim(self.env, self.lane.id), "the drain waits for the single record")
        conclude(claimed, finished=True)
        self.assertEqual(claim(self.env, self.lane.id).kind, "push")

    def test_preview_says_what_would_be_sent_and_sends_nothing(self):
        flow = self.connect(contacts_flow())
        self.partner()
        self.env.cr.flush()
        flow.action_preview()
        run = flow.env["bridge.run"].search([("flow_id", "=", flow.id), ("dry_run", "=", True)])
        self.assertEqual((run.state, run.sent_created, run.log_ids.mapped("action")), ("done", 1, ["send_create"]))
        self.assertEqual(self.remote.counters()["requests"], 0)

    def test_the_version_may_be_in_a_header(self):
        record = {"id": "id", "updated": "updated", "deleted": "deleted", "version_header": "ETag"}
        operations = contacts_operations(conditional=True)
        operations[3]["headers"] = operations[4]["headers"] = {"If-Match": "{version}"}
        self.remote.conditional = True
        flow = self.connect(contacts_flow(operations=operations, record=record, direction="both", authority="odoo"))
        self.sync(flow)
        ada = self.partner(phone="1")
        self.settle()
        self.remote.requests.clear()
        ada.phone = "2"
        self.settle()
        [update] = [request for request in self.remote.requests if request.method != "GET"]
        self.assertEqual((update.method, update.headers["if-match"]), ("PATCH", '"1"'))
        [document] = self.contacts.values()
        self.remote.put("contacts", {**document, "email": "new@example.com"})
        ada.phone = "3"
        self.settle()
        [document] = self.contacts.values()
        self.assertEqual((document["phone"], document["email"], ada.email), ("3", "new@example.com", "new@example.com"))


@tagged("post_install", "-at_install")
class TestPushNested(PushCase):
    def connect_nested(self, direction="push"):
        children = contacts_flow(
            code="people",
            direction=direction,
            parent="contacts",
            push_domain=[],
            operations=[],
            record={"id": "id"},
            fields=[field("name", "name", required=True), field("phone", "phone")],
        )
        fields_ = [
            field("name", "name", required=True),
            field("ref", "ref"),
            field("child_ids", "people", "nested", options={"flow": "people"}),
        ]
        self.flow = self.connect(contacts_flow(direction=direction, fields=fields_), children)
        self.remote.normalise = self.give_ids

    @staticmethod
    def give_ids(document):
        """The remote gives an id to every record inside that has none."""
        people = [
            {**person, "id": person.get("id") or f"p{abs(hash(person['name'])) % 10**6}"}
            for person in document.get("people") or ()
        ]
        return {**document, "people": people}

    def people_there(self):
        return [[(person["name"], person.get("phone")) for person in one["people"]] for one in self.contacts.values()]

    def test_records_inside_go_with_their_parent(self):
        for direction in ("push", "both"):
            with self.subTest(direction=direction):
                self.connect_nested(direction)
                self.sync(self.flow)
                company = self.partner("Company", is_company=True)
                anna, bert = self.env["res.partner"].create(
                    [{"name": name, "parent_id": company.id, "type": "other"} for name in ("Anna", "Bert")]
                )
                self.settle()
                self.assertEqual(self.people_there(), [[("Anna", None), ("Bert", None)]])
                ids = [person["id"] for one in self.contacts.values() for person in one["people"]]
                self.writes()
                self.settle()
                self.assertEqual(self.writes(), 0)
                bert.phone = "5"
                self.settle()
                self.assertEqual(self.people_there(), [[("Anna", None), ("Bert", "5")]])
                again = [person["id"] for one in self.contacts.values() for person in one["people"]]
                self.assertEqual((again, self.writes()), (ids, 1), "they keep their ids")
                anna.unlink()
                self.settle()
                self.assertEqual(self.people_there(), [[("Bert", "5")]])
                self.env["res.partner"].create({"name": "Carl", "parent_id": company.id, "type": "other"})
                self.settle()
                self.assertEqual(self.people_there(), [[("Bert", "5"), ("Carl", None)]])
                self.writes()
                self.sync(self.flow, full=True)
                self.settle()
                self.assertEqual((self.writes(), len(company.child_ids)), (0, 2))
                self.assertFalse(self.failures(self.flow))
                self.forget(company.child_ids + company)
