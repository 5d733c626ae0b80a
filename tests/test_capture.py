"""Change capture: every change of what is mapped is in the outbox, nothing else, and it costs next to nothing."""

from odoo.tests import tagged

from .common import field
from .push_case import PushCase, contacts_flow


@tagged("post_install", "-at_install")
class TestCapture(PushCase):
    def setUp(self):
        super().setUp()
        self.flow = self.connect(contacts_flow(push_domain=[]))
        self.ada = self.partner()
        self.noted()

    def noted(self):
        """What the outbox has got since the last time, as (model, id, path)."""
        self.env.cr.flush()
        changes = self.env["bridge.change"].search([("flow_id", "=", self.flow.id)])
        found = {(change.res_model, change.res_id, change.path) for change in changes}
        changes.unlink()
        return found

    def own(self, *records):
        return {("res.partner", record.id, "") for record in records}

    def test_a_mapped_field_is_noted_and_another_is_not(self):
        self.ada.phone = "5"
        self.assertEqual(self.noted(), self.own(self.ada))
        self.ada.comment = "nothing to us"
        self.ada.website = "https://example.com"
        self.assertEqual(self.noted(), set())

    def test_create_copy_import_archive_and_delete_are_noted(self):
        twin = self.ada.copy()
        self.assertEqual(self.noted(), self.own(twin))
        loaded = self.env["res.partner"].load(["name", "email"], [["Bob", "bob@example.com"]])
        bob = self.env["res.partner"].browse(loaded["ids"])
        self.assertEqual(self.noted(), self.own(bob))
        bob.action_archive()
        self.assertEqual(self.noted(), self.own(bob))
        gone = self.own(twin)
        twin.unlink()
        self.assertEqual(self.noted(), gone)

    def test_merged_records_are_noted(self):
        other = self.partner("Ada", email="ada@example.org")
        self.noted()
        gone = self.own(other)
        self.env["base.partner.merge.automatic.wizard"]._merge((self.ada + other).ids, self.ada)
        self.assertTrue(gone <= self.noted())

    def test_a_record_that_is_changed_a_hundred_times_is_noted_once(self):
        for number in range(100):
            self.ada.phone = str(number)
        self.env.cr.flush()
        self.assertEqual(self.env["bridge.change"].search_count([("flow_id", "=", self.flow.id)]), 1)

    def test_what_others_change_just_before_the_commit_is_noted(self):
        bob = self.partner("Bob")
        self.noted()
        self.ada.phone = "5"
        self.env.flush_all()  # so that we are called first
        self.env.cr.precommit.add(lambda: bob.write({"phone": "6"}) and bob.flush_recordset())
        self.assertEqual(self.noted(), self.own(self.ada, bob))

    def test_nothing_is_noted_of_what_was_rolled_back(self):
        savepoint = self.env.cr.savepoint()
        self.ada.phone = "6"
        self.env.flush_all()
        savepoint.rollback()
        self.assertEqual(self.noted(), set())
        self.settle()
        self.assertEqual(self.remote.counters()["requests"], 0)

    def test_a_flow_that_is_gone_or_only_pulls_costs_nothing(self):
        self.flow.direction = "pull"
        self.ada.phone = "7"
        self.env.cr.flush()
        self.assertEqual(self.noted(), set())

    def test_what_changed_while_nothing_was_kept_is_sent_when_it_goes_on(self):
        self.flow.push_domain = [["ref", "=", "bridge"]]
        self.flow._enqueue("manual")
        self.settle()
        for record, values in (
            (self.connector, {"state": "disabled"}),
            (self.connector, {"active": False}),
            (self.flow, {"active": False}),
        ):
            with self.subTest(values, model=record._name):
                known = {name: record[name] for name in values}
                record.write(values)
                self.ada.phone = f"{record._name} {values}"
                self.assertEqual(self.noted(), set())
                record.write(known)
                self.settle()
                external_id = self.binding(self.flow, self.ada).external_id
                self.assertEqual(self.contacts[external_id]["phone"], self.ada.phone)

    def test_configuration_that_is_rolled_back_ends_no_capture(self):
        mapping = self.flow.mapping_ids.filtered(lambda one: one.field_name == "phone")
        mapping.direction = "push"
        self.env.cr.postrollback.clear()  # as far as it is committed
        mapping.unlink()
        self.flow.active = False
        self.ada.phone = "5"
        self.assertEqual(self.noted(), set())
        self.env.cr.postrollback.run()
        self.ada.phone = "6"
        self.assertEqual(self.noted(), self.own(self.ada))

    def test_unmapped_model_costs_no_query_and_a_mapped_field_one_insert(self):
        cases = (
            (self.env["res.partner.category"].create({"name": "Tag"}), "name"),
            (self.ada, "comment"),
            (self.ada, "phone"),
        )

        def queries(record, name):
            for value in ("warm", "up", "count"):
                self.assertIsNotNone(record[name])  # in the cache, as in a form
                self.env.cr.flush()
                before = self.env.cr.sql_log_count
                record[name] = value
                self.env.cr.flush()
            return self.env.cr.sql_log_count - before

        connected = [queries(*case) for case in cases]
        self.connector.unlink()
        self.env.cr.flush()
        alone = [queries(*case) for case in cases]
        self.assertEqual([have - had for have, had in zip(connected, alone, strict=True)], [0, 0, 1])


@tagged("post_install", "-at_install")
class TestCaptureOfWhatIsReached(PushCase):
    def test_a_mapping_that_can_not_be_used_does_not_keep_odoo_from_starting(self):
        options = {"field": "code"}
        self.connect_with(field("country_id", "country", "many2one_key", options=options), code="other")
        mapping = self.connector.flow_ids.mapping_ids.filtered(lambda one: one.converter == "many2one_key")
        self.env.flush_all()
        self.env.cr.execute("UPDATE bridge_field_mapping SET options = '{\"gone\": 1}' WHERE id = %s", mapping.ids)
        self.env.invalidate_all()
        with self.assertLogs("odoo.addons.integration_bridge.capture", "ERROR"):
            self.env["bridge.change"]._register_hook()

    def connect_with(self, *fields_, **values):
        fields_ = [field("name", "name"), *fields_]
        self.flow = self.connect(contacts_flow(fields=fields_, push_domain=[], **values))

    noted = TestCapture.noted
    own = TestCapture.own

    def test_stored_computed_field(self):
        self.connect_with(field("commercial_company_name", "company", direction="push"))
        company = self.partner("Company", is_company=True)
        ada = self.partner(parent_id=company.id)
        self.noted()
        company.name = "New Name"
        self.assertEqual(self.noted(), self.own(company, ada))

    def test_fields_of_another_model_that_a_mapped_one_is_made_of(self):
        self.connect_with(field("category_id", "tags", "many2many_key", options={"field": "name"}))
        tag = self.env["res.partner.category"].create({"name": "Gold"})
        ada = self.partner(category_id=[(6, 0, tag.ids)])
        self.noted()
        tag.name = "Silver"
        self.assertEqual(self.noted(), {("res.partner.category", tag.id, "category_id")})
        tag.color = 5
        self.assertEqual(self.noted(), set())
        tag.partner_ids = [(3, ada.id)]
        self.assertEqual(self.noted(), self.own(ada))
        ada.category_id = tag
        self.noted()
        tag.unlink()
        self.assertEqual(self.noted(), self.own(ada))
