"""What Odoo keeps is held against what was meant (tests/README.md, "Cases from practice": A10)."""

import random
from unittest.mock import patch

from odoo.tests import new_test_user, tagged

from ..road.pull import kept as pull_kept
from ..road.pull.kept import is_kept
from ..road.words import ALTERED, ALTERED_THERE
from .common import BridgeCase, field, thing, things_flow
from .test_both_ways import BothWaysCase

ADDRESS = ("street", "city")
# field of a contact, what Odoo keeps, what was meant: a difference that a field makes of any value is none
THE_SAME = [
    ("name", "Ann", "Ann"),
    ("name", "Ann Lee", " Ann  Lee "),
    ("phone", False, ""),
    ("partner_latitude", 1.1234567, 1.12345671),
    ("partner_latitude", 0.0, False),
    ("color", 0, None),
    ("comment", "<p>Call <b>her</b></p>", "<p onclick='x()'>Call <b>her</b></p>"),
    ("comment", "<p>Call her</p>", "Call her"),
    ("comment", "<p>Call her &amp; ask</p>", "<p>Call her & ask</p>"),
    ("comment", "<p>Call her &amp; ask</p>", "Call her & ask"),
    ("comment", False, "<p> </p>"),
    ("category_id", [1, 2, 10], [1, 10, 2]),
    ("vat", "BE0477472701", "BE 0477.472.701"),
    ("phone", "+32 470 12 34 56", "+32470123456"),
]
ANOTHER = [
    ("name", "Ann", "Anna"),
    ("name", "ann", "Ann"),
    ("phone", False, "1"),
    ("phone", "1", False),
    ("partner_latitude", 1.12, 1.2),
    ("partner_latitude", 0.0, 0.1),
    ("color", 1, False),
    ("comment", "<p>Call him</p>", "<p>Call her</p>"),
    ("comment", "<p>a &amp;lt; b</p>", "<p>a &lt; b</p>"),
    ("comment", "<p>a &amp;amp; b</p>", "<p>a &amp; b</p>"),
    ("comment", "<p>None</p>", None),
    ("comment", "<p>False</p>", False),
    ("category_id", [1, 2], [1]),
    ("country_id", 1, 2),
    ("is_company", True, False),
]


@tagged("post_install", "-at_install")
class TestKept(BridgeCase):
    def setUp(self):
        super().setUp()
        self.operator = new_test_user(
            self.env, "bridge_kept", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )

    def company_flow(self, **values):
        """Contacts with a company and an address of their own, which Odoo replaces by that of the company."""
        flow = things_flow(page_size=10, **values)
        flow["fields"] += [field(name, name) for name in ADDRESS]
        flow["fields"].append(field("parent_id", "company", "many2one_binding", options={"flow": "things"}))
        return flow

    def company(self):
        flow = self.connect(self.company_flow())
        self.server.records["things"] = [
            thing(1, name="Company", street="Main Street 1", city="Ghent"),
            thing(2, name="Ann", street="Side Street 2", city="Ghent", company=1),
            thing(3, name="Bob", street="Main Street 1", city="Ghent", company=1),
        ]
        return flow

    def lines(self, flow, **values):
        domain = [
            ("flow_id", "=", flow.id),
            ("kind", "=", ALTERED),
            *((name, "=", value) for name, value in values.items()),
        ]
        return self.env["bridge.drift"].with_user(self.operator).search(domain)

    def desk(self, flow):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["bridge.failure"].with_user(self.operator).search([("flow_id", "=", flow.id)])

    def test_what_the_field_itself_makes_of_a_value_is_no_difference(self):
        record = self.env["res.partner"].create({"name": "Ann"})
        for name, kept, meant in THE_SAME:
            with self.subTest(field=name, kept=kept, meant=meant):
                self.assertTrue(is_kept(record, name, kept, meant))
        for name, kept, meant in ANOTHER:
            with self.subTest(field=name, kept=kept, meant=meant):
                self.assertFalse(is_kept(record, name, kept, meant))

    def test_usual_text_is_not_parsed_for_that(self):
        record = self.env["res.partner"].create({"name": "Ann"})
        with patch.object(pull_kept, "html2plaintext", side_effect=AssertionError):
            for kept, meant in [("<p>A &amp; B</p>", "<p>A & B</p>"), ("<p>A &amp; B</p>", "A & B"), ("<p>A</p>", "A")]:
                self.assertTrue(is_kept(record, "comment", kept, meant))

    def test_another_value_is_told_on_the_run_the_log_the_desk_and_the_record_is_synced(self):
        flow = self.company()
        run = self.sync(flow)
        self.assertEqual((run.state, run.created, run.failed, run.altered), ("done", 3, 0, 1))
        line = self.lines(flow)
        self.assertEqual((line.record_label, line.external_id, line.res_id), ("Ann", "2", self.bound(flow, 2).id))
        self.assertEqual(line.sudo().differences, {"street": ["Main Street 1", "Side Street 2"]})
        self.assertIn("Street: Odoo Main Street 1, theirs Side Street 2", line.differences_text)
        told = self.log_of(run, "create").filtered("message")
        self.assertEqual((told.external_id, told.message), ("2", "Odoo keeps another value: Street"))
        group = self.desk(flow)
        self.assertEqual((group.error_kind, group.job_count, group.state), (ALTERED, 1, "open"))
        self.assertIn("Side Street 2", group.example_message)
        self.assertEqual(self.failures(flow).ids, [])

    def test_a_later_sync_has_nothing_to_do_and_it_stays_told(self):
        flow = self.company()
        self.sync(flow)
        run = self.sync(flow, full=True)
        self.assertEqual((self.counters(run), run.altered), ({"unchanged": 3}, 0))
        self.assertEqual(self.lines(flow).mapped("external_id"), ["2"])

    def test_full_compare_tells_it(self):
        flow = self.company()
        self.sync(flow)
        run = flow._enqueue("manual", kinds=["compare"])
        self.work()
        self.assertEqual((run.state, run.drifted), ("done", 1))
        different = run.drift_ids.filtered(lambda line: line.kind == "different")
        self.assertEqual(different.sudo().differences, {"street": ["Main Street 1", "Side Street 2"]})
        self.bound(flow, 2).write({"type": "other", "street": "Side Street 2"})
        run = flow._enqueue("manual", kinds=["compare"])
        self.work()
        self.assertEqual((run.drifted, self.lines(flow).ids), (0, []), "put right by hand")

    def test_retry_writes_the_values_again(self):
        flow = self.company()
        self.sync(flow)
        self.stays_in("Main Street 1")
        self.desk(flow).action_retry()
        self.assertEqual(self.desk(flow).ids, [])
        self.work()
        self.assertEqual(self.lines(flow, state="open").mapped("external_id"), ["2"], "Odoo keeps the other again")
        self.stays_in(None)
        self.desk(flow).action_retry()
        self.work()
        self.assertEqual((self.lines(flow).ids, self.bound(flow, 2).street), ([], "Side Street 2"))

    def stays_in(self, street):
        """Have contacts live in one street, whatever is written; None: no more."""
        write = type(self.env["res.partner"]).write
        self.street = street
        if not hasattr(write, "stays"):

            def written(partners, values):
                if self.street and "street" in values:
                    values = {**values, "street": self.street}
                return write(partners, values)

            written.stays = True
            self.patch(type(self.env["res.partner"]), "write", written)

    def test_what_is_accepted_is_told_again_only_if_it_changes(self):
        flow = self.company()
        self.sync(flow)
        self.stays_in("Main Street 1")
        self.desk(flow).action_cancel()
        self.assertEqual((self.lines(flow).state, self.desk(flow).ids), ("accepted", []))
        self.server.records["things"][1] |= {"phone": "1", "updated": 9}
        self.sync(flow, full=True)
        self.assertEqual(self.lines(flow).state, "accepted")
        self.server.records["things"][1] |= {"street": "Side Street 3", "updated": 10}
        run = self.sync(flow, full=True)
        self.assertEqual((run.updated, run.altered, self.lines(flow).state), (1, 1, "open"))
        self.assertEqual(self.lines(flow).sudo().differences, {"street": ["Main Street 1", "Side Street 3"]})

    def test_group_opens_its_records(self):
        flow = self.company()
        self.sync(flow)
        action = self.desk(flow).action_open_jobs()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), self.lines(flow))

    def test_record_that_is_gone_is_told_no_more(self):
        flow = self.company()
        self.sync(flow)
        self.server.records["things"][1] = {"id": 2, "deleted": True, "updated": 9}
        self.sync(flow, full=True)
        self.assertEqual(self.lines(flow).ids, [])

    def test_default_where_nothing_was_meant_is_told(self):
        flow = things_flow()
        flow["fields"].append(field("lang", "language", "selection", options={"values": {"english": "en_US"}}))
        flow = self.connect(flow)
        self.env["ir.default"].set("res.partner", "lang", "en_US")
        self.server.records["things"] = [thing(1, language=None)]
        self.sync(flow)
        self.assertEqual(self.lines(flow).sudo().differences, {"lang": ["en_US", False]})

    def test_record_inside_another_one_is_told_with_it(self):
        parent, child = self.nested()
        flow = self.connect(parent, child)
        people = [
            {"id": 7, "name": "Ann", "street": "Side Street 2"},
            {"id": 8, "name": "Bob", "street": "Main Street 1"},
        ]
        self.server.records["things"] = [thing(1, name="Company", street="Main Street 1", people=people)]
        run = self.sync(flow)
        self.assertEqual((run.created, run.altered), (1, 1))
        self.assertEqual(self.lines(flow).sudo().differences, {"child_ids.street": ["Main Street 1", "Side Street 2"]})
        self.assertIn("Street: Odoo Main Street 1, theirs Side Street 2", self.lines(flow).differences_text)

    def nested(self):
        parent = things_flow(page_size=10)
        parent["fields"] += [
            field("street", "street"),
            field("child_ids", "people", "nested", options={"flow": "people"}),
        ]
        child = {
            "code": "people",
            "name": "People",
            "model": "res.partner",
            "parent": "things",
            "fields": [field("name", "name"), field("street", "street")],
        }
        return parent, child

    def test_model_that_changes_values_at_will_never_differs_in_silence(self):
        """Property: what Odoo has differs from what was meant only where that is told, in values of every kind."""
        seed = random.randrange(10**6)
        with self.subTest(seed=seed):
            self.check_at_will(random.Random(seed))

    def check_at_will(self, chance):
        flow = things_flow(page_size=7)
        flow["fields"] += [field(name, name) for name in ("street", "city", "comment")]
        flow["fields"].append(field("lang", "lang", "selection", options={"values": {"en_US": "en_US"}}))
        flow["fields"] += [field("color", "color", "integer"), field("partner_latitude", "lat", "decimal")]
        flow = self.connect(flow)
        at_will(self, chance)
        for turn in range(3):
            self.server.records["things"] = [self.anything(chance, number, turn) for number in range(1, 30)]
            run = self.sync(flow, full=True)
            self.assertEqual((run.state, run.failed), ("done", 0), run.message)
            self.check_told(flow)

    def anything(self, chance, number, turn):
        texts = [None, "", "Ann", " Bob ", "x" * 20, "1 < 2"]
        return thing(
            number,
            updated=100 * turn + number,
            **{name: chance.choice(texts) for name in ("phone", "street", "city")},
            comment=chance.choice([None, "<p>Hello</p>", "<b onclick='x()'>Hello</b>", "Hello"]),
            lang=chance.choice([None, "en_US"]),
            color=chance.choice([None, 0, 3]),
            lat=chance.choice([None, 0, 1.5, 2.123456789]),
        )

    def check_told(self, flow):
        self.env.invalidate_all()
        told = {line.external_id: set(line.differences) for line in self.lines(flow).sudo()}
        mapper = flow._mapper()
        for document in self.server.records["things"]:
            external_id = str(document["id"])
            record, values = self.bound(flow, external_id), mapper.map(document).values
            differing = {name for name, value in values.items() if not is_kept(record, name, term(record, name), value)}
            self.assertEqual(told.get(external_id, set()), differing, (external_id, document))


@tagged("post_install", "-at_install")
class TestKeptThere(BothWaysCase):
    """What the other system keeps is held against what was sent (A14)."""

    def setUp(self):
        super().setUp()
        self.connect_both("ask")
        self.ada, self.ada_there = self.in_agreement(phone="1")
        # It takes an empty number for none at all, and answers 200.
        self.remote.normalise = lambda document: {**document, "phone": document.get("phone") or "1"}
        self.ada.phone = False
        self.settle()

    @property
    def lines(self):
        return self.env["bridge.drift"].search([("flow_id", "=", self.flow.id), ("kind", "=", ALTERED_THERE)])

    def test_what_was_not_taken_is_told_and_not_undone(self):
        self.assertEqual((self.ada.phone, self.contacts[self.ada_there]["phone"]), (False, "1"))
        self.assertEqual((self.lines.differences, self.lines.state), ({"phone": [False, "1"]}, "open"))
        run = self.lines.run_id
        self.assertEqual((run.kind, run.state, run.altered), ("push", "done", 1))
        self.env.flush_all()
        group = self.env["bridge.failure"].search([("flow_id", "=", self.flow.id)])
        self.assertEqual((group.error_kind, group.job_count), (ALTERED_THERE, 1))
        self.assertIn("The other system keeps another value: Phone: Odoo —, theirs 1", group.example_message)
        self.flow._enqueue("manual", full=True)
        self.settle()
        self.assertEqual((self.ada.phone, self.writes() and len(self.lines)), (False, 1))
        lines = self.env["bridge.drift"].search([("flow_id", "=", self.flow.id), ("kind", "=", "altered")])
        self.assertEqual(lines.ids, [], "it is not Odoo that keeps another value")

    def test_retry_sends_it_again(self):
        self.remote.normalise = None
        self.env.flush_all()
        self.env["bridge.failure"].search([("flow_id", "=", self.flow.id)]).action_retry()
        self.settle()
        self.assertEqual((self.lines.ids, self.contacts[self.ada_there]["phone"]), ([], None))

    def test_it_is_told_until_that_field_is_settled(self):
        self.ada.city = "Ghent"
        self.settle()
        self.assertEqual(self.lines.differences, {"phone": [False, "1"]}, "another field was sent and taken")
        self.put(self.ada_there, city="Bruges")
        self.flow._enqueue("manual")
        self.settle()
        self.assertEqual((self.ada.city, self.lines.differences), ("Bruges", {"phone": [False, "1"]}))
        self.lines.action_accept()
        self.ada.city = "Antwerp"
        self.settle()
        self.assertEqual((self.lines.state, self.lines.differences), ("accepted", {"phone": [False, "1"]}))

    def test_later_change_there_ends_it(self):
        self.put(self.ada_there, phone="7")
        self.flow._enqueue("manual")
        self.settle()
        self.assertEqual((self.lines.ids, self.ada.phone), ([], "7"))


@tagged("post_install", "-at_install")
class TestKeptThereInSilence(BothWaysCase):
    """The same where the answer to a change does not show the record (A14): the next look tells."""

    def setUp(self):
        super().setUp()
        self.connect_both("ask", conditional=False)
        self.remote.quiet = True
        self.ada, self.ada_there = self.in_agreement(phone="1", city="London")

    @property
    def lines(self):
        return self.env["bridge.drift"].search([("flow_id", "=", self.flow.id), ("kind", "=", ALTERED_THERE)])

    def ignore_phone(self):
        """It takes no other number, and answers 204 all the same."""
        self.remote.normalise = lambda document: {**document, "phone": "1"}

    def look(self):
        run = self.flow._enqueue("manual", kinds=["pull"])
        self.settle()
        return run

    def test_what_did_not_arrive_is_told_and_not_undone(self):
        self.ignore_phone()
        self.ada.write({"phone": "2", "city": "Ghent"})
        self.settle()
        self.assertFalse(self.lines, "nobody knows yet")
        run = self.look()
        self.assertEqual((self.ada.phone, self.ada.city), ("2", "Ghent"))
        self.assertEqual((self.lines.differences, run.altered), ({"phone": ["2", "1"]}, 1))
        for _again in range(2):
            self.flow._enqueue("manual", full=True)
            self.settle()
            self.assertEqual((self.ada.phone, self.lines.differences), ("2", {"phone": ["2", "1"]}))
        altered = self.env["bridge.drift"].search([("flow_id", "=", self.flow.id), ("kind", "=", "altered")])
        self.assertEqual((altered.ids, self.conflicts().ids), ([], []), "it is not Odoo that keeps another value")

    def test_what_arrived_is_in_agreement(self):
        self.ada.phone = "2"
        self.settle()
        run = self.look()
        self.assertEqual((self.lines.ids, run.altered, self.ada.phone), ([], 0, "2"))
        self.put(self.ada_there, phone="1")  # somebody there takes it back, later
        self.look()
        self.assertEqual((self.lines.ids, self.ada.phone), ([], "1"))

    def test_what_is_changed_there_later_is_taken_and_ends_it(self):
        self.ignore_phone()
        self.ada.phone = "2"
        self.settle()
        self.look()
        self.remote.normalise = None
        self.put(self.ada_there, phone="7")
        self.look()
        self.assertEqual((self.lines.ids, self.ada.phone), ([], "7"))

    def test_retry_that_helps_ends_it(self):
        self.ignore_phone()
        self.ada.phone = "2"
        self.settle()
        self.look()
        self.remote.normalise = None
        self.lines.action_push()
        self.settle()
        self.look()
        self.assertEqual((self.lines.ids, self.ada.phone, self.contacts[self.ada_there]["phone"]), ([], "2", "2"))

    def test_another_change_in_odoo_meanwhile_is_sent(self):
        self.ignore_phone()
        self.ada.phone = "2"
        self.settle()
        self.remote.normalise = None
        self.ada.phone = "3"
        self.look()
        self.assertEqual((self.contacts[self.ada_there]["phone"], self.ada.phone), ("3", "3"))
        self.look()
        self.assertEqual((self.lines.ids, self.conflicts().ids), ([], []))


def term(record, name):
    value = record[name]
    return str(value) if record._fields[name].type == "html" and value else value


def at_will(case, chance):
    """Have contacts change some of what they are given."""
    model = type(case.env["res.partner"])
    create, write = model.create, model.write

    def changed(values):
        return {name: spoilt(name, value) for name, value in values.items()}

    def spoilt(name, value):
        if name not in ("phone", "street", "city", "comment", "color") or chance.random() < 0.8:
            return value
        return chance.choice([5, 0]) if name == "color" else chance.choice([False, "kept", f"{value} and more"])

    case.patch(model, "create", lambda self, vals_list: create(self, [changed(values) for values in vals_list]))
    case.patch(model, "write", lambda self, values: write(self, changed(values)))
