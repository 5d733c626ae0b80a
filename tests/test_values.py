"""Values as they really come (cases from practice): read as people mean them, or refused in words; never guessed."""

import json

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..mapping.alike import WAYS
from ..mapping.converters import make_converter
from ..mapping.mapper import Rule
from ..mapping.paths import parse_path
from ..road.keyed import Keyed
from ..road.push.document import portable
from .common import BridgeCase, field, list_operation, thing, things_flow
from .test_both_ways import BothWaysCase


@tagged("post_install", "-at_install")
class TestKeysAsPeopleMeanThem(BridgeCase):
    def connect_by(self, name, **options):
        fields_ = [field("name", "name", required=True), field(name, name, options=options, key=True)]
        return self.connect(things_flow(fields=fields_))

    def test_contact_is_found_however_its_key_is_written(self):
        cases = [
            (
                "email",
                {},
                "Ann.Lee@Example.com",
                ["ann.lee@example.com", " ann.lee@example.com ", "ANN.LEE@EXAMPLE.COM"],
            ),
            ("vat", {}, "BE0477472701", ["BE 0477.472.701", "be0477472701", "BE-0477-472-701"]),
            ("phone", {}, "+32 470 12 34 56", ["+32 470/12.34.56", "0032470123456", "+32 (0)470 12 34 56"]),
            ("ref", {"compare": "ignore_case"}, "Élan Vital", ["élan  vital", " ÉLAN VITAL", "Élan Vital"]),
            ("ref", {"compare": "code"}, "AB-12", ["ab 12", "AB.12", "ab12"]),
        ]
        for name, options, kept, spellings in cases:
            for spelling in spellings:
                with self.subTest(name=name, spelling=spelling):
                    ann = self.env["res.partner"].create({"name": "Ann", name: kept})
                    flow = self.connect_by(name, **options)
                    self.server.records["things"] = [{"id": 1, "name": "Ann", name: spelling}]
                    self.assertEqual(self.counters(self.sync(flow)), {"linked": 1})
                    self.assertEqual(self.bound(flow, 1), ann)
                    self.connector.unlink()
                    ann.unlink()

    def test_key_that_must_be_exact_is_compared_letter_by_letter(self):
        ann = self.env["res.partner"].create({"name": "Ann", "email": "Ann.Lee@Example.com", "ref": "ab"})
        for name, value in (("ref", "AB"), ("email", "ann.lee@example.com")):
            flow = self.connect_by(name, **({"compare": "exact"} if name == "email" else {}))
            self.server.records["things"] = [{"id": 1, "name": "Ann", name: value}]
            self.assertEqual(self.counters(self.sync(flow)), {"created": 1})
            self.assertNotEqual(self.bound(flow, 1), ann)
            self.connector.unlink()

    def test_key_that_several_records_have_is_a_question_not_a_guess(self):
        emails = ["ann@example.com", "Ann@Example.com"]
        both = self.env["res.partner"].create([{"name": "Ann", "email": email} for email in emails])
        flow = self.connect_by("email")
        self.server.records["things"] = [thing(1, email="ann@example.com")]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"failed": 1})
        message = run.log_ids.message
        self.assertIn("2 records of Odoo have the same Email", message)
        self.assertTrue(all(str(one.id) in message for one in both), message)

    def test_key_of_signs_that_mean_nothing_matches_nothing(self):
        self.env["res.partner"].create([{"name": "A", "phone": "-"}, {"name": "B", "phone": "--"}])
        flow = self.connect_by("phone")
        self.server.records["things"] = [thing(1, phone="-")]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})

    def test_each_record_of_a_page_finds_its_own_contact(self):
        flow = self.connect_by("email")
        self.server.records["things"] = [thing(n, email=f" THING{n}@example.com") for n in range(3)]
        self.env["res.partner"].create([{"name": "x", "email": f"thing{n}@example.com"} for n in range(3)])
        self.assertEqual(self.counters(self.sync(flow)), {"linked": 3})
        self.assertEqual({self.bound(flow, n).name for n in range(3)}, {"Thing 0", "Thing 1", "Thing 2"})

    def test_what_both_sides_have_is_kept_of_each_as_it_is(self):
        flow = self.connect_by("email")
        pairs = [
            ({"name": "A", "active": True}, {"name": "A", "active": True}),
            ({"name": "A", "active": True}, {"name": "A", "active": 1}),
            ({"name": "A", "color": 1.0}, {"color": 1, "name": "A"}),
            ({"name": "A"}, {"name": "A", "color": 1}),
            ({"name": "A", "category_id": [1, 2]}, {"name": "A", "category_id": [1, 2]}),
            ({}, {}),
        ]
        common = {"fingerprint": "f", "remote_updated": None, "remote_version": None, "parent_id": None}
        made = self.env["bridge.binding"]._insert_linked(
            flow,
            [
                {**common, "external_id": str(n), "res_id": n, "odoo_snapshot": odoo, "remote_snapshot": remote}
                for n, (odoo, remote) in enumerate(pairs, 1)
            ],
        )
        self.env.cr.execute(
            "SELECT odoo_snapshot::text, remote_snapshot::text FROM bridge_binding WHERE id = ANY(%s) ORDER BY res_id",
            [list(made.values())],
        )
        kept = [tuple(map(json.loads, row)) for row in self.env.cr.fetchall()]
        kept, meant = (
            [[{name: (type(value), value) for name, value in one.items()} for one in pair] for pair in some]
            for some in (kept, pairs)
        )
        self.assertEqual(kept, meant)

    def test_number_of_odoo_that_is_none_is_compared_and_kept_like_any_other(self):
        place = field("partner_latitude", "place", "decimal")
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], place]))
        self.server.records["things"] = [thing(1, place=1.5)]
        self.sync(flow)
        contact = self.bound(flow, 1)
        self.env.cr.execute("UPDATE res_partner SET partner_latitude = 'NaN' WHERE id = %s", [contact.id])
        contact.invalidate_recordset()
        self.server.records["things"][0]["phone"] = "+32 1"
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"updated": 1})
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 1})
        self.server.records["things"][0]["place"] = 2.5
        self.assertEqual(self.counters(self.sync(flow, full=True)), {"updated": 1})
        self.assertEqual(contact.partner_latitude, 2.5)

    def test_related_record_by_an_email_in_other_letters(self):
        boss = self.env["res.partner"].create({"name": "Boss", "email": "Boss@Example.com"})
        parent = field("parent_id", "boss", "many2one_key", options={"field": "email", "create": True})
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], parent]))
        self.server.records["things"] = [thing(1, boss=" boss@example.com "), thing(2, boss="BOSS@example.com")]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 2})
        self.assertEqual({self.bound(flow, n).parent_id for n in (1, 2)}, {boss})

    def test_what_is_created_by_a_loose_key_is_found_by_it(self):
        tags = field(
            "category_id", "tags", "many2many_key", options={"field": "name", "create": True, "compare": "code"}
        )
        flow = self.connect(things_flow(page_size=1, fields=[*things_flow()["fields"], tags]))
        self.server.records["things"] = [thing(1, tags=["B2-B!"]), thing(2, tags=["b2b"]), thing(3, tags=["B 2 B"])]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 3})
        found = self.bound(flow, 1).category_id
        self.assertEqual((found.name, self.bound(flow, 3).category_id), ("B2-B!", found))

    def test_way_to_compare_that_means_nothing_is_refused_when_saved(self):
        cases = [
            (field("name", "name", options={"compare": "loosely"}, key=True), "exact, ignore_case, email, code, phone"),
            (field("ref", "ref", options={"compare": "code"}), "make the field a key"),
        ]
        for mapped, words in cases:
            with self.assertRaises(ValidationError) as caught:
                self.connect(things_flow(fields=[field("email", "email"), mapped]))
            self.assertIn(words, str(caught.exception))


@tagged("post_install", "-at_install")
class TestTimes(BridgeCase):
    def connect_delta(self, zone="America/New_York", **delta):
        query = {"changed_since": "{since}", "limit": "{limit}", "offset": "{offset}"}
        delta = {"type": "timestamp", "format": "iso", "source": "record", **delta}
        operations = [list_operation("things", query=query, delta=delta), things_flow()["operations"][1]]
        return self.connect(things_flow(operations=operations), timezone=zone)

    def asked_since(self, flow):
        """What the next run asks for."""
        self.server.requests.clear()
        self.sync(flow)
        return self.server.requests[0][2].get("changed_since")

    def test_records_tell_a_time_in_one_format_and_are_asked_for_in_another(self):
        cases = [
            ({"sent_format": "%Y/%m/%d %H:%M"}, "2024/06/01 08:00"),
            ({"sent_format": "%Y/%m/%d %H:%M", "timezone": "Europe/Brussels"}, "2024/06/01 14:00"),
            ({"sent_format": "epoch_ms"}, "1717243200000"),
            ({}, "2024-06-01T12:00:00.000+0000"),
        ]
        for delta, since in cases:
            with self.subTest(delta=delta):
                flow = self.connect_delta(**delta)
                self.server.records["things"] = [thing(1, updated="2024-06-01T12:00:00.000+0000")]
                self.assertEqual(self.sync(flow).message, False)
                self.assertEqual(self.asked_since(flow), since)
                exported = self.connector._export_definition()["flows"][0]["operations"][0]["delta"]
                self.assertEqual({name: exported[name] for name in delta}, delta)
                self.connector.unlink()

    def test_run_says_when_no_updated_at_can_be_read(self):
        flow = self.connect_delta(format="%Y/%m/%d %H:%M")
        self.server.records["things"] = [thing(n, updated="2024-06-01T12:00:00Z") for n in range(2)]
        run = self.sync(flow)
        self.assertEqual((run.state, run.created), ("done", 2))
        self.assertIn("None of the 2 records has an Updated At that can be read as “%Y/%m/%d %H:%M”", run.message)
        self.assertIn("“2024-06-01T12:00:00Z”", run.message)
        flow._operation("list").delta_format = "iso"
        self.assertFalse(self.sync(flow).message)
        self.assertEqual(flow.cursor, "2024-06-01T12:00:00Z")

    def test_one_record_without_a_time_is_no_reason_to_doubt(self):
        flow = self.connect_delta()
        self.assertFalse(self.sync(flow).message, "nothing was read, so nothing is known")
        self.server.records["things"] = [thing(1, updated=None), thing(2, updated="2024-06-01T12:00:00Z")]
        self.assertFalse(self.sync(flow).message)

    def test_format_that_can_not_be_sent_is_refused_when_saved(self):
        for delta, words in (
            ({"sent_format": "yyyy/mm"}, "strptime pattern"),
            ({"format": "integer", "sent_format": "iso"}, "a count is sent as it is"),
            ({"format": "auto"}, "say how {since} is written"),
            ({"format": "%Q"}, "strptime pattern"),
        ):
            with self.assertRaises(ValidationError) as caught:
                self.connect_delta(**delta)
            self.assertIn(words, str(caught.exception))

    def test_zone_that_is_corrected_reads_all_records_again(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        self.sync(flow)
        self.assertFalse(flow.full_scan_needed)
        before = flow._mapping_key()
        self.connector.timezone = "Europe/Brussels"
        self.assertTrue(flow.full_scan_needed)
        self.assertNotEqual(flow._mapping_key(), before, "a record that did not change there is read anew")
        self.connector.timezone = "UTC"
        self.assertEqual(flow._mapping_key(), before)


@tagged("post_install", "-at_install")
class TestNotations(BothWaysCase):
    def test_tags_in_one_text_go_both_ways_without_echo(self):
        tags = field(
            "category_id", "tags", "many2many_key", options={"field": "name", "create": True, "separator": ", "}
        )
        fields_ = [field("name", "name", required=True), field("email", "email", key=True), field("ref", "ref"), tags]
        self.connect_both("newest", fields=fields_)
        ada, there = self.in_agreement(tags="red, summer sale, B2B")
        self.assertEqual(sorted(ada.category_id.mapped("name")), ["B2B", "red", "summer sale"])
        self.assertEqual(self.writes(), 0, "another order of the same tags is no change")
        ada.category_id = [(3, ada.category_id.filtered(lambda tag: tag.name == "red").id)]
        self.sync(self.flow)
        self.assertEqual(self.contacts[there]["tags"], "B2B, summer sale")
        self.writes()
        for _again in range(2):
            self.sync(self.flow, full=True)
        self.assertEqual(self.writes(), 0, "no echo")

    def test_amount_is_sent_in_the_minor_units_of_the_odoo_records_currency(self):
        converter = make_converter("decimal", {"scale_by_currency": "currency", "as_text": True})
        rule = Rule("rate", parse_path("rate"), converter, {}, direction="both")
        for code, sent in (("JPY", "50"), ("EUR", "5000"), ("KWD", "50000")):
            currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
            rate = self.env["res.currency.rate"].create({"currency_id": currency.id, "name": "2001-01-01", "rate": 50})
            self.assertEqual(rule.written(portable(rule, rate, {})), sent)


@tagged("post_install", "-at_install")
class TestOneConverterInAnother(BridgeCase):
    def people_flows(self, **options):
        people = field("child_ids", None, "expression", options={**options, "then_options": {"flow": "people"}})
        child = {
            "code": "people",
            "name": "People",
            "model": "res.partner",
            "parent": "things",
            "delete_policy": "unlink",
        }
        child["fields"] = [field("name", "name", required=True)]
        return things_flow(fields=[*things_flow()["fields"], people]), child

    def test_records_inside_may_be_filtered_and_merged_before_they_are_read(self):
        expression = "[people[?kind != 'bot'], guests][]"
        flow = self.connect(*self.people_flows(expression=expression, then="nested"))
        people = [{"id": "a", "name": "Ann"}, {"id": "b", "name": "Bot", "kind": "bot"}]
        document = thing(1, people=people, guests=[{"id": "g", "name": "Gil"}])
        self.server.records["things"] = [document]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 1})
        parent, ann = self.bound(flow, 1), self.bound(flow.child_ids, "1/a")
        self.assertEqual(sorted(parent.child_ids.mapped("name")), ["Ann", "Gil"])
        document["guests"] = [{"id": "h", "name": "Hal"}]
        people[0]["name"] = "Anna"
        self.assertEqual(self.counters(self.sync(flow)), {"updated": 1})
        self.assertEqual(sorted(parent.child_ids.mapped("name")), ["Anna", "Hal"])
        self.assertEqual((self.bound(flow.child_ids, "1/a"), ann.name), (ann, "Anna"), "it keeps its identity")
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1})

    def test_two_lists_become_the_lines_of_one_record(self):
        """Both have a line 1; what a line is called says of which list it is."""
        kinds = ("positions", "fees")
        named = [f"{kind}[].{{id: join('-', ['{kind}', to_string(id)]), name: name}}" for kind in kinds]
        flow = self.connect(*self.people_flows(expression=f"[{', '.join(named)}][]", then="nested"))
        document = thing(1, positions=[{"id": 1, "name": "Ticket"}, {"id": 2, "name": "Meal"}])
        document["fees"] = [{"id": 1, "name": "Shipping"}]
        self.server.records["things"] = [document]
        self.sync(flow)
        order = self.bound(flow, 1)
        self.assertEqual(sorted(order.child_ids.mapped("name")), ["Meal", "Shipping", "Ticket"])
        shipping, meal = (self.bound(flow.child_ids, f"1/{one}") for one in ("fees-1", "positions-2"))
        self.assertEqual((shipping.name, meal.name), ("Shipping", "Meal"))
        del document["positions"][0]
        document["fees"].insert(0, {"id": 3, "name": "Handling"})
        self.assertEqual(self.counters(self.sync(flow)), {"updated": 1})
        self.assertEqual(sorted(order.child_ids.mapped("name")), ["Handling", "Meal", "Shipping"])
        self.assertEqual(shipping | meal, order.child_ids.filtered(lambda one: one.name != "Handling"))
        self.assertEqual(self.counters(self.sync(flow)), {"unchanged": 1})

    def test_value_in_a_message_is_shown_as_it_came(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, name={"first": None, "is": True})]
        run = self.sync(flow)
        self.assertIn('{"first": null, "is": true} is not text', run.log_ids.message)

    def test_inner_converter_that_does_not_fit_the_field_is_refused_when_saved(self):
        cases = [
            ({"expression": "people", "then": "many2one_binding"}, "can not fill a field of type one2many"),
            ({"expression": "people", "then": "nested"}, "there is no flow “people”"),
        ]
        for options, words in cases:
            parent, child = self.people_flows(**options)
            with self.assertRaises(ValidationError) as caught:
                self.connect(parent, {**child, "code": "others"})
            self.assertIn(words, str(caught.exception))


@tagged("post_install", "-at_install")
class TestRefusedWhenSaved(BridgeCase):
    def refused(self, *flows):
        with self.assertRaises(ValidationError) as caught:
            self.connect(*flows)
        return str(caught.exception)

    def test_mapping_that_can_never_be_right_is_refused_when_saved(self):
        cases = [
            (field("country_id", "c", "many2one_key", options={"field": "codex"}), "no field “codex”"),
            (
                field("country_id", "c", "many2one_key", options={"field": "phone_code", "compare": "code"}),
                "is for texts",
            ),
            (field("country_id", "c", "many2one_key", options={"field": "code", "domain": [["x", "=", 1]]}), "domain"),
            (field("type", None, "constant", options={"value": "bill"}), "“bill” is no choice"),
            (field("type", None, "constant", options={"value": 5, "then": "date"}), "can not fill a field"),
            (field("color", None, "constant", options={"value": "x", "then": "integer"}), "not a whole number"),
            (field("type", "t", "selection", options={"values": {"b": "bill"}}), "“bill” is no choice"),
            (field("type", "t", "selection", options={"values": {}, "other": "bill"}), "“bill” is no choice"),
        ]
        for mapped, words in cases:
            with self.subTest(words=words):
                self.assertIn(words, self.refused(things_flow(fields=[*things_flow()["fields"], mapped])))

    def test_what_is_a_choice_is_accepted(self):
        mapped = field("type", "t", "selection", options={"values": {"i": "invoice", "x": None}, "other": False})
        self.assertTrue(self.connect(things_flow(fields=[*things_flow()["fields"], mapped])))

    def test_paging_without_its_placeholder_is_refused_when_saved(self):
        for pagination, place in (
            ({"type": "offset", "end": "short_page"}, "{offset}"),
            ({"type": "page", "end": "short_page"}, "{page}"),
            ({"type": "cursor", "cursor_path": "next"}, "{cursor}"),
        ):
            list_ = list_operation("things", query={"limit": "{limit}"}, pagination=pagination)
            self.assertIn(f"the request has no {place}", self.refused(things_flow(operations=[list_])))


@tagged("post_install", "-at_install")
class TestEmptied(BridgeCase):
    def test_field_may_be_emptied_in_a_new_record_too(self):
        self.env["ir.default"].set("res.partner", "function", "Clerk")
        for effect, default in (("clear", "Clerk"), ("clear_always", False)):
            with self.subTest(effect=effect):
                role = field("function", "role", on_null=effect, on_empty="clear", on_missing=effect)
                flow = self.connect(things_flow(page_size=9, fields=[*things_flow()["fields"], role]))
                things = [thing(1, role=None), thing(2), thing(3, role=""), thing(4, role="Boss")]
                self.server.records["things"] = things
                self.assertEqual(self.counters(self.sync(flow)), {"created": 4})
                partners = [self.bound(flow, n) for n in (1, 2, 3, 4)]
                self.assertEqual([partner.function for partner in partners], [default, default, "Clerk", "Boss"])
                self.assertEqual(self.counters(self.sync(flow, full=True)), {"unchanged": 4})
                self.connector.unlink()
                self.env["res.partner"].browse(partner.id for partner in partners).unlink()

    def test_relation_may_be_emptied_in_a_new_record_too(self):
        there = self.env["res.partner.category"].create({"name": "Default"})
        self.env["ir.default"].set("res.partner", "category_id", there.ids)
        tags = field("category_id", "tags", "many2many_key", options={"field": "name"}, on_empty="clear_always")
        flow = self.connect(things_flow(fields=[*things_flow()["fields"], tags]))
        self.server.records["things"] = [thing(1, tags=[]), thing(2)]
        self.assertEqual(self.counters(self.sync(flow)), {"created": 2})
        self.assertEqual([self.bound(flow, n).category_id for n in (1, 2)], [there.browse(), there])


@tagged("post_install", "-at_install")
class TestWithin(BridgeCase):
    def connect_addresses(self, **options):
        options = {"field": "code", "within": {"country_id.code": "address.country"}, **options}
        place = [
            field("country_id", "address.country", "many2one_key", options={"field": "code"}),
            field("state_id", "address.province", "many2one_key", options=options),
        ]
        return self.connect(things_flow(page_size=9, fields=[*things_flow()["fields"], *place]))

    def test_state_is_the_one_of_the_records_own_country(self):
        flow = self.connect_addresses()
        codes = [("US", "CA"), ("ES", "CA"), ("us", "ca"), ("US", "NY")]
        options = {"field": "code", "compare": "ignore_case"}
        flow.mapping_ids.filtered(lambda one: one.field_name == "country_id").options = json.dumps(options)
        state = flow.mapping_ids.filtered(lambda one: one.field_name == "state_id")
        state.options = json.dumps({**json.loads(state.options), "compare": "ignore_case"})
        self.server.records["things"] = [
            thing(n, address={"country": country, "province": province}) for n, (country, province) in enumerate(codes)
        ]
        run = self.sync(flow)
        self.assertEqual(self.counters(run), {"created": 4}, run.log_ids.mapped("message"))
        california, new_york = self.env.ref("base.state_us_5"), self.env.ref("base.state_us_27")
        cadiz = self.env["res.country.state"].search([("country_id.code", "=", "ES"), ("code", "=", "CA")])
        self.assertEqual([self.bound(flow, n).state_id for n in range(4)], [california, cadiz, california, new_york])

    def test_state_that_the_country_does_not_have_is_left_empty_or_said(self):
        for options, counters in (({"optional": True}, {"created": 2}), ({}, {"failed": 2})):
            with self.subTest(options=options):
                flow = self.connect_addresses(**options)
                addresses = [{"country": "BE", "province": "CA"}, {"province": "NY", "country": None}]
                self.server.records["things"] = [thing(n, address=one) for n, one in enumerate(addresses)]
                run = self.sync(flow)
                self.assertEqual(self.counters(run), counters)
                if not options:
                    self.assertIn("“CA, BE”", "".join(run.log_ids.mapped("message")))
                self.assertFalse(self.bound(flow, 0).state_id)
                self.connector.unlink()

    def test_country_that_changes_changes_the_state(self):
        flow = self.connect_addresses()
        document = thing(1, address={"country": "US", "province": "CA"})
        self.server.records["things"] = [document]
        self.sync(flow)
        document["address"] = {"country": "ES", "province": "CA"}
        self.sync(flow)
        self.assertEqual(self.bound(flow, 1).state_id.country_id.code, "ES")

    def test_what_can_not_be_looked_up_is_refused_when_saved(self):
        for options, words in (
            ({"within": {"country_id.codex": "address.country"}}, "the domain can not be used"),
            ({"within": {"country_id": 5}}, "an object of Odoo fields and paths"),
            ({"create": True}, "left out where within is set"),
        ):
            with self.assertRaises(ValidationError) as caught:
                self.connect_addresses(**options)
            self.assertIn(words, str(caught.exception))


@tagged("post_install", "-at_install")
class TestGuests(BridgeCase):
    def flows(self, otherwise):
        customer = {"path": "customer", "converter": "many2one_binding", "options": {"flow": "people", "empty": [0]}}
        parent = field("parent_id", None, "first_of", options={"ways": [customer, otherwise]})
        things = things_flow(page_size=1, fields=[*things_flow()["fields"], parent])
        people = things_flow(code="people", name="People", operations=[list_operation("people")])
        # The guests stand in the same list: one contact for each e-mail.
        guests = things_flow(
            code="guests",
            name="Guests",
            record={"id": "guest"},
            operations=[list_operation("things", records="items[?customer == `0` && guest]")],
            fields=[field("name", "guest_name", required=True), field("email", "guest", key=True)],
            can_update=False,
        )
        return things, people, guests

    def bring(self, otherwise):
        things = self.connect(*self.flows(otherwise))
        flows = {flow.code: flow for flow in self.connector.flow_ids}
        self.server.records["people"] = [thing(7, email="seven@example.com")]
        self.server.records["things"] = [
            thing(1, customer=7, guest="g@example.com", guest_name="Gil"),
            thing(2, customer=0, guest="g@example.com", guest_name="Gil"),
            thing(3, customer=0, guest="g@example.com", guest_name="Gil"),
            thing(4, customer=0, guest=None),
        ]
        self.sync(flows["people"])
        self.sync(flows["guests"])
        run = self.sync(things)
        self.assertEqual(self.counters(run), {"created": 4}, run.log_ids.mapped("message"))
        guest = self.env["res.partner"].search([("email", "=", "g@example.com")])
        self.assertEqual(len(guest), 1, "one contact for each e-mail")
        parents = [self.bound(things, n).parent_id for n in (1, 2, 3, 4)]
        self.assertEqual(parents, [self.bound(flows["people"], 7), guest, guest, guest.browse()])
        self.assertEqual(self.counters(self.sync(things, full=True)), {"unchanged": 4})

    def test_customer_by_one_flow_else_guest_by_another(self):
        self.bring({"path": "guest", "converter": "many2one_binding", "options": {"flow": "guests"}})

    def test_customer_by_a_flow_else_guest_by_a_field(self):
        self.bring({"path": "guest", "converter": "many2one_key", "options": {"field": "email"}})

    def test_flow_of_a_way_that_is_not_there_is_refused(self):
        with self.assertRaises(ValidationError) as caught:
            self.connect(*self.flows({"path": "guest", "converter": "many2one_binding", "options": {"flow": "nobody"}}))
        self.assertIn("there is no flow “nobody”", str(caught.exception))


@tagged("post_install", "-at_install")
class TestMadeIsFound(BridgeCase):
    """What ``create`` makes is found again by the rule that looked for it, whatever the value, or it is not made."""

    ODD = (
        "a",
        "A ",
        " x  y ",
        "é",
        "É",
        "ß",
        "ẞ",
        "İ",
        "K",
        "漢字",
        "50%",
        "a_b",
        "c\\d",
        "<b>",
        "'",
        '"',
        "\u00a0z",
        "0",
        "00",
        "-",
    )

    def test_what_is_made_is_found_by_the_same_rule(self):
        for way in WAYS:
            keyed = Keyed(self.env["res.partner.category"], "name", way=way)
            for value in (*self.ODD, 0, 24, 24.0, 1.5):
                with self.subTest(way=way, value=value):
                    key = keyed.key(value)
                    if key is None:
                        continue  # nothing of it can be compared, so that nothing is looked for or made
                    found = keyed.find([value]).get(key)
                    if not found:
                        with self.env.cr.savepoint():
                            found = [keyed.make(value)]
                    self.assertEqual(keyed.find([value, "other"])[keyed.key(value)], found)
