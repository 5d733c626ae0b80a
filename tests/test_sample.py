import json

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import BridgeCase, field, list_operation, thing, things_flow


class SampleCase(BridgeCase):
    """A flow whose connector is disabled, and somebody who may look at a sample of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls.person("operator")

    @classmethod
    def person(cls, role, *groups):
        roles = ("base.group_user", f"integration_bridge.group_integration_bridge_{role}", *groups)
        return new_test_user(cls.env, f"sample_{role}", ",".join(roles))

    def connect(self, *flows, **about):
        flow = super().connect(*flows, **about)
        self.connector.state = "disabled"
        return flow.with_user(self.operator)

    def line(self, name, path, converter="text", **values):
        field_id = self.env["ir.model.fields"]._get("res.partner", name).id
        options = values.pop("options", None)
        return {
            "field_id": field_id,
            "path": path,
            "converter": converter,
            "options": json.dumps(options) if options else False,
            **values,
        }

    def tried(self, flow, *lines, records=None):
        """What becomes of some lines, each as its texts there and here, or what is said instead."""
        sample = {"side": "there", "records": records} if records is not None else flow.sample()
        return flow.try_mappings(sample["side"], sample["records"], list(lines))

    def hide(self, record):
        """From everybody who is not Odoo itself."""
        self.env["ir.rule"].create(
            {
                "name": "not this one",
                "model_id": self.env["ir.model"]._get_id(record._name),
                "domain_force": f"[('id', '!=', {record.id})]",
                "groups": [Command.link(self.env.ref("base.group_user").id)],
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()  # what the test has just written is no longer in the cache of who looks

    def texts(self, tried):
        return [(cell["there"], cell["here"], cell["sent"]) for cell in tried["cells"]]


@tagged("post_install", "-at_install")
class TestSample(SampleCase):
    """A sample shows what the other system has, and nothing is written but the exchange log."""

    def test_sample_is_fetched_from_a_disabled_connector_and_nothing_is_written(self):
        flow = self.connect(things_flow(page_size=200), log_level="everything")
        self.server.records["things"] = [thing(number) for number in range(1, 41)]
        self.env.flush_all()
        watched = ("res.partner", "bridge.run", "bridge.job", "bridge.log", "bridge.binding", "bridge.change")
        before = {name: self.env[name].search_count([]) for name in watched}
        sample = flow.sample()
        self.assertEqual([one["id"] for one in sample["records"]], list(range(1, 21)))
        self.assertEqual(sample["titles"][0], "1")
        self.assertEqual({name: self.env[name].search_count([]) for name in watched}, before)
        [request] = self.server.requests
        self.assertEqual((request[0], request[2]["limit"]), ("GET", "20"))
        exchange = self.env["bridge.exchange"].search([("flow_id", "=", flow.id)])
        self.assertEqual((len(exchange), exchange.run_id.id, exchange.status), (1, False, 200))
        self.assertIn("Thing 1", exchange.with_user(self.operator).response_text)
        self.assertEqual(flow.cursor, False)

    def test_places_have_the_texts_of_each_record(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, address={"city": "Bern"}), thing(2, tags=["a"])]
        found = {one["path"]: one["texts"] for one in flow.sample()["places"]}
        self.assertEqual(found["address.city"], ["Bern", None])
        self.assertEqual(found["tags"], [None, '["a"]'])
        self.assertEqual(found["name"], ["Thing 1", "Thing 2"])

    def test_secrets_are_blanked_as_in_the_exchange_log(self):
        flow = self.connect(auth={"scheme": "bearer"})
        self.connector.sudo().secret = "correct-horse-battery"
        self.server.records["things"] = [thing(1, api_token="abc", note="it is correct-horse-battery, really")]
        [record] = flow.sample()["records"]
        self.assertEqual(record["api_token"], "***")
        self.assertNotIn("correct-horse", json.dumps(record))

    def test_only_operators_see_a_sample_and_only_of_what_they_may_read(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        user = self.person("user")
        for name, arguments in (
            ("sample", ()),
            ("try_mappings", ("there", [], [])),
            ("propose_mappings", ([], [])),
            ("match_sample", ([], [])),
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                getattr(flow.with_user(user), name)(*arguments)
        self.assertEqual(self.server.requests, [])
        hidden = self.env["res.partner"].create({"name": "Hidden"})
        self.env["bridge.binding"].create({"flow_id": flow.id, "external_id": "1", "res_id": hidden.id})
        self.hide(hidden)
        with self.assertRaisesRegex(UserError, "may not read in Odoo"):
            flow.sample()
        self.assertEqual(self.server.requests, [])

    def test_what_goes_wrong_is_said_and_logged(self):
        flow = self.connect()
        self.server.faults.append((403, {}, b'{"message": "No, sorry"}'))
        sample = flow.sample()
        self.assertEqual(sample["records"], [])
        self.assertIn("No, sorry", sample["problem"])
        exchange = self.env["bridge.exchange"].search([("flow_id", "=", flow.id)])
        self.assertEqual(exchange.status, 403)
        self.server.records["things"] = []
        self.assertIn("no record", flow.sample()["problem"])

    def test_flow_without_a_list_says_what_to_add(self):
        flow = self.connect()
        flow.sudo().operation_ids.unlink()
        with self.assertRaisesRegex(UserError, "Operations"):
            flow.sample()

    def test_list_with_a_part_of_each_record_is_completed(self):
        operations = [list_operation("things", details="all"), {"kind": "get", "path": "/things/{external_id}"}]
        flow = self.connect(things_flow(operations=operations, page_size=200))
        self.server.records["things"] = [thing(number) for number in range(1, 9)]
        self.assertEqual(len(flow.sample()["records"]), 5)
        self.assertEqual(
            [request[1] for request in self.server.requests[1:]], [f"/things/{one}" for one in range(1, 6)]
        )

    def test_sample_of_a_nested_flow_is_inside_its_parents_records(self):
        nested = {
            "code": "people",
            "name": "People",
            "model": "res.partner",
            "parent": "things",
            "fields": [field("name", "name")],
        }
        fields = [
            field("name", "name"),
            field("child_ids", "people", "nested", options={"flow": "people"}),
        ]
        parent = self.connect(nested, things_flow(fields=fields))
        child = self.connector.flow_ids.filtered("parent_id").with_user(self.operator)
        self.assertTrue(child, parent)
        self.server.records["things"] = [
            thing(1, people=[{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}]),
            thing(2),
        ]
        self.assertEqual([one["name"] for one in child.sample()["records"]], ["Ada", "Bob"])


@tagged("post_install", "-at_install")
class TestTryMappings(SampleCase):
    """Beside each field mapping stands what it makes of the sample, before it is saved."""

    def pushing(self, **values):
        operations = [{"kind": "create", "method": "POST", "path": "/things"}]
        return things_flow(direction="push", operations=operations, **values)

    def test_values_before_and_after_conversion(self):
        flow = self.connect()
        self.server.records["things"] = [
            thing(1, born="2020-05-31", country="CH", vip="yes"),
            thing(2, born="31.5.2020", country="XX"),
        ]
        name, country, vip = self.tried(
            flow,
            self.line("name", "name"),
            self.line("country_id", "country", "many2one_key", options={"field": "code"}),
            self.line("is_company", "vip", "boolean"),
        )
        self.assertEqual(self.texts(name)[0], ("Thing 1", "Thing 1", None))
        self.assertEqual(country["cells"][0]["here"], self.env.ref("base.ch").name)
        self.assertIn("There is no", country["cells"][1]["problem"])
        self.assertEqual((vip["cells"][0]["here"], vip["cells"][1]["here"]), ("Yes", None))
        self.assertEqual((name["found"], vip["found"]), (2, 1))

    def test_path_that_no_record_has_is_said_at_its_line(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, address={"city": "Bern"}), thing(2)]
        wrong, right = self.tried(flow, self.line("city", "adress.city"), self.line("city", "address.city"))
        self.assertIn("“adress.city” was found in none of 2 records", wrong["warning"])
        self.assertEqual((right["warning"], right["found"]), ("", 1))

    def test_problem_is_said_at_its_line_and_the_others_go_on(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, when="yesterday")]
        cases = {
            "not a path": self.line("name", "a..b"),
            "no option": self.line("name", "name", options={"strange": 1}),
            "not JSON": self.line("name", "name") | {"options": "{"},
            "wrong converter": self.line("name", "name", "boolean"),
            "filled by Odoo": self.line("commercial_company_name", "name"),
        }
        *wrong, right = self.tried(flow, *cases.values(), self.line("name", "name"))
        for name, one in zip(cases, wrong, strict=True):
            with self.subTest(name):
                self.assertTrue(one["problem"])
                self.assertNotIn("Flow “", one["problem"], "it stands at the line already")
                self.assertEqual(one["cells"], [])
        self.assertEqual((right["problem"], len(right["cells"])), ("", 1))

    def test_value_that_can_not_be_read_is_said_at_its_record(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1, vip="perhaps"), thing(2, vip=True)]
        [vip] = self.tried(flow, self.line("is_company", "vip", "boolean"))
        self.assertIn("perhaps", vip["cells"][0]["problem"])
        self.assertEqual((vip["cells"][1]["problem"], vip["cells"][1]["here"]), ("", "Yes"))

    def test_of_a_flow_both_ways_what_would_be_sent_is_shown(self):
        operations = [*things_flow()["operations"], {"kind": "create", "method": "POST", "path": "/things"}]
        flow = self.connect(things_flow(direction="both", operations=operations))
        self.server.records["things"] = [thing(1, vip="Y", country="CH")]
        vip, country, name = self.tried(
            flow,
            self.line("is_company", "vip", "boolean", options={"true_values": ["Y"], "false_values": ["N"]}),
            self.line("country_id", "country", "many2one_key", options={"field": "code"}),
            self.line("name", "name", direction="pull"),
        )
        self.assertEqual([one["cells"][0]["sent"] for one in (vip, country, name)], ["Y", "CH", None])

    def test_of_a_flow_that_pushes_odoos_records_are_the_sample(self):
        flow = self.connect(self.pushing(push_domain=[["ref", "=", "sample"]]))
        country = self.env.ref("base.ch")
        self.env["res.partner"].create({"name": "Ada", "ref": "sample", "country_id": country.id, "is_company": True})
        country, vip, email = self.tried(
            flow,
            self.line("country_id", "country", "many2one_key", options={"field": "code"}),
            self.line("is_company", "vip", "boolean", options={"true_values": ["Y"], "false_values": ["N"]}),
            self.line("email", "email", when_empty="reject"),
        )
        self.assertEqual(self.texts(country), [("CH", self.env.ref("base.ch").name, None)])
        self.assertEqual(self.texts(vip), [("Y", "Yes", None)])
        self.assertIn("does not send", email["cells"][0]["problem"])
        self.assertEqual(self.server.requests, [])

    def test_operator_sees_of_odoo_only_what_he_may_read(self):
        flow = self.connect(self.pushing())
        secret = self.env["res.partner"].create({"name": "Secret", "ref": "sample"})
        self.hide(secret)
        self.assertNotIn(secret.id, flow.sample()["records"])
        [name] = flow.try_mappings("here", [secret.id], [self.line("name", "name")])
        self.assertEqual(self.texts(name), [(None, None, None)])
        self.assertNotIn("Secret", json.dumps(name))

    def test_related_record_that_he_may_not_read_costs_only_its_own_cell(self):
        flow = self.connect(self.pushing())
        hidden, seen = self.env["res.partner.industry"].create([{"name": "Secret works"}, {"name": "Mills"}])
        tags = self.env["res.partner.category"].create([{"name": "Secret tag"}, {"name": "Known tag"}])
        partners = self.env["res.partner"].create(
            [
                {"name": "Ada", "industry_id": hidden.id, "category_id": tags.ids},
                {"name": "Bob", "industry_id": seen.id, "category_id": tags[1].ids},
            ]
        )
        self.hide(hidden)
        self.hide(tags[0])
        # To these Odoo's own words would name the record.
        self.operator.sudo().group_ids += self.env.ref("base.group_no_one")
        name, key, bound, many = flow.try_mappings(
            "here",
            partners.ids,
            [
                self.line("name", "name"),
                self.line("industry_id", "industry", "many2one_key", options={"field": "name"}),
                self.line("industry_id", "industry", "many2one_binding", options={"flow": "things"}),
                self.line("category_id", "tags", "many2many_key", options={"field": "name"}),
            ],
        )
        self.assertEqual([one["problem"] for one in (name, key, bound, many)], [""] * 4)
        self.assertEqual(self.texts(name), [("Ada", "Ada", None), ("Bob", "Bob", None)])
        self.assertEqual(self.texts(key), [(None, "no access", None), ("Mills", "Mills", None)])
        self.assertIn("may not read", key["cells"][0]["problem"])
        self.assertEqual(key["cells"][1]["problem"], "")
        self.assertEqual([cell["here"] for cell in bound["cells"]], ["no access", "Mills"])
        self.assertEqual(self.texts(many)[1], ('["Known tag"]', "Known tag", None))
        self.assertNotIn("Secret", json.dumps([name, key, bound, many]))

    def test_key_that_he_may_not_read_of_related_records_costs_only_its_own_line(self):
        self.env["res.partner.industry"].create({"name": "Mills", "full_name": "Secret mills"})
        self.patch(self.env.registry["res.partner.industry"]._fields["full_name"], "groups", "base.group_system")
        key = self.line("industry_id", "industry", "many2one_key", options={"field": "full_name"})
        flow = self.connect()
        name, industry = self.tried(
            flow, self.line("name", "name"), key, records=[thing(1, industry="Secret mills"), thing(2)]
        )
        self.assertEqual(self.texts(name)[0], ("Thing 1", "Thing 1", None))
        self.assertEqual(self.texts(industry)[0], ("Secret mills", "Secret mills", None))
        self.assertNotIn("Mills", json.dumps(industry))

    def test_cells_stand_at_their_records_though_one_is_gone_or_hidden_meanwhile(self):
        flow = self.connect(self.pushing())
        partners = self.env["res.partner"].create([{"name": name} for name in ("Ada", "Secret", "Gone", "Dan")])
        ids = partners.ids
        partners[2].unlink()
        self.hide(partners[1])
        [name] = flow.try_mappings("here", ids, [self.line("name", "name")])
        nothing = (None, None, None)
        self.assertEqual(self.texts(name), [("Ada", "Ada", None), nothing, nothing, ("Dan", "Dan", None)])
        self.assertEqual([bool(cell["problem"]) for cell in name["cells"]], [False, True, True, False])
        self.assertEqual(name["found"], 2)

    def test_what_is_no_sample_is_refused(self):
        flow = self.connect()
        for side, records in (("there", "x"), ("there", [1]), ("here", [{}]), ("there", {"a": 1})):
            with self.assertRaisesRegex(UserError, "sample"):
                flow.try_mappings(side, records, [])
        with self.assertRaisesRegex(UserError, "field mappings"):
            flow.try_mappings("there", [], ["x"])


@tagged("post_install", "-at_install")
class TestProposeMappings(SampleCase):
    """Proposals are ready to be accepted, and are all that a pull needs."""

    def propose(self, flow, *lines):
        return flow.propose_mappings(flow.sample()["records"], list(lines))

    def test_proposals_say_why_and_what_they_would_make(self):
        flow = self.connect(things_flow(page_size=20, fields=[]))
        self.server.records["things"] = [
            thing(1, address={"city": "Bern", "country": "CH", "postal_code": "3000"}, phone_number="+41 31 000 00 00"),
            thing(2, address=None),
        ]
        found = {self.env["ir.model.fields"].browse(one["field_id"]).name: one for one in self.propose(flow)}
        self.assertEqual(
            {name: one["path"] for name, one in found.items()},
            {
                "name": "name",
                "email": "email",
                "phone": "phone_number",
                "city": "address.city",
                "zip": "address.postal_code",
                "country_id": "address.country",
            },
        )
        country = found["country_id"]
        self.assertEqual((country["converter"], json.loads(country["options"])), ("many2one_key", {"field": "code"}))
        self.assertEqual(country["tried"]["cells"][0]["here"], self.env.ref("base.ch").name)
        self.assertIn("1 of 2 records", country["reason"])
        self.assertIn("many systems", found["phone"]["reason"])
        self.assertFalse(any(one["tried"]["problem"] or one["tried"]["warning"] for one in found.values()))

    def test_what_is_mapped_is_left_out(self):
        flow = self.connect()
        self.server.records["things"] = [thing(1)]
        found = self.propose(flow, self.line("name", "name"), self.line("ref", "email"))
        self.assertEqual([one["path"] for one in found], [])

    def test_related_record_is_proposed_where_every_value_names_one_that_is_there(self):
        flow = self.connect(things_flow(fields=[]))
        self.env["res.partner.industry"].create([{"name": "Bakeries"}, {"name": "Mills"}])
        self.server.records["things"] = [thing(1, industry="Bakeries"), thing(2, industry="Mills")]
        industry = self.env["ir.model.fields"]._get("res.partner", "industry_id").id
        found = {one["field_id"]: one for one in self.propose(flow)}
        self.assertEqual(json.loads(found[industry]["options"]), {"field": "name"})
        self.server.records["things"][1]["industry"] = "Nobody knows"
        self.assertNotIn(industry, {one["field_id"] for one in self.propose(flow)})

    def test_accepted_proposals_are_all_that_a_pull_needs(self):
        flow = self.connect(things_flow(fields=[field("email", "email", key=True)]))
        self.server.records["things"] = [thing(1, address={"city": "Bern", "country": "CH"})]
        lines = self.env["bridge.field.mapping"]
        for one in self.propose(flow, self.line("email", "email")):
            values = {name: value for name, value in one.items() if name in lines._fields}
            lines.create({**values, "flow_id": flow.id})
        self.connector.write({"state": "live"})
        self.assertEqual(self.sync(flow.sudo()).state, "done")
        partner = self.bound(flow, 1)
        self.assertEqual((partner.name, partner.city, partner.country_id), ("Thing 1", "Bern", self.env.ref("base.ch")))

    def test_no_field_is_proposed_that_decides_over_rights(self):
        flow = self.connect()
        found = {one.name for one in flow._fields_to_fill()}
        self.assertIn("email", found)
        self.assertFalse({"signup_type", "id", "create_date"} & found)
        flow.sudo().mapping_ids.unlink()
        flow.sudo().model_id = self.env["ir.model"]._get("res.users")
        self.assertEqual(flow._fields_to_fill(), [])

    def test_terms_name_fields_converters_and_flows(self):
        terms = self.connect().with_user(self.person("user")).mapping_terms()
        country = next(one for one in terms["fields"] if one["name"] == "country_id")
        self.assertEqual(
            (country["type"], country["relation"], country["is_filled"]), ("many2one", "res.country", True)
        )
        self.assertFalse(next(one for one in terms["fields"] if one["name"] == "complete_name")["is_filled"])
        self.assertEqual(terms["converters"]["many2one_key"]["options"]["field"]["kind"], "text")
        self.assertEqual(terms["flows"], [["things", "Things"]])
