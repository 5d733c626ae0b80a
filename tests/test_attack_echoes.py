"""Attacks by repeating a credential (holes 6 and 9): nothing of it is in the database after a run."""

import json

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import FaultCase, field, list_operation, thing, things_flow
from .servers.fault_server import json_answer

SECRET = "Dump/Secret+Key=24681357"


@tagged("post_install", "-at_install")
class TestEchoes(FaultCase):
    def found(self):
        """Where the secret is in any table of ours, of contacts, of messages and of e-mails."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT table_name FROM information_schema.tables
             WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
               AND (table_name LIKE 'bridge_%%' OR table_name IN ('res_partner', 'mail_message', 'mail_mail'))
            """
        )
        found = []
        for (table,) in self.env.cr.fetchall():
            self.env.cr.execute(
                f'SELECT count(*) FROM "{table}" record WHERE position(%s IN record::text) > 0', [SECRET]
            )
            found += [table] if self.env.cr.fetchone()[0] else []
        return found

    def connect_with_secret(self, *flows, **auth):
        flow = self.connect(*flows, log_level="everything")
        self.connector.write(auth)
        self.connector._set_secrets({"secret": SECRET})
        return flow

    def test_attack_headers_of_the_request_are_repeated_in_records(self):
        echo = {}

        def answer(connection, request):
            echo.update(request.headers)
            json_answer({"items": [thing(1, name=request.headers["authorization"], phone=SECRET)]})(connection, request)

        self.remote.fallback = answer
        self.addCleanup(setattr, self.remote, "fallback", self.answer_as_usual)
        flow = self.connect_with_secret(auth_scheme="bearer")
        run = self.sync(flow)
        self.assertIn(SECRET, echo["authorization"], "it was sent")
        self.assertEqual(self.bound(flow, 1).name, "Bearer ***")
        self.assertIn("Bearer ***", json.dumps(run.log_ids.mapped("changes")))
        self.assertEqual(self.found(), [])

    def test_attack_record_that_fails_keeps_no_secret_in_its_job(self):
        self.remote.fallback = lambda connection, request: json_answer(
            {"items": [thing(1, name=None, phone=SECRET, deep=[{SECRET: SECRET}])]}
        )(connection, request)
        self.addCleanup(setattr, self.remote, "fallback", self.answer_as_usual)
        flow = self.connect_with_secret(auth_scheme="bearer")
        self.sync(flow)
        self.assertEqual(self.failures(flow).payload["phone"], "***")
        self.assertEqual(self.found(), [])

    def test_attack_next_link_with_the_key_while_a_run_waits(self):
        pages = {"1": {"items": [thing(1)]}, "2": {"items": [thing(2)]}}

        def answer(connection, request):
            number = request.query.get("page", "1")
            self.assertEqual(request.query.get("k"), SECRET)
            if number == "2" and not waits.pop(0):
                json_answer({"message": "later"}, 503)(connection, request)
                return
            key = request.target.partition("k=")[2].partition("&")[0]  # as it was written
            link = f"{self.remote.url}/things?page=2&k={key}&size=3" if number == "1" else None
            json_answer({**pages[number], "next": link})(connection, request)

        waits = [False, True]
        self.remote.fallback = answer
        self.addCleanup(setattr, self.remote, "fallback", self.answer_as_usual)
        operation = list_operation("things", query={}, pagination={"type": "next_url", "next_path": "next"})
        flow = self.connect_with_secret(
            things_flow(operations=[operation]), auth_scheme="api_key_query", auth_parameter="k"
        )
        run = self.sync(flow)
        self.assertEqual(
            (run.state, run.position["state"]["url"]), ("running", f"{self.remote.url}/things?page=2&size=3")
        )
        self.assertEqual(self.found(), [])
        self.pass_time()
        self.work()
        self.assertEqual(run.state, "done")
        self.assertTrue(self.bound(flow, 2))
        self.assertEqual(self.found(), [])

    def test_attack_position_is_read_by_a_user(self):
        run = self.sync(self.connect(things_flow(fields=[field("name", "name"), field("email", "email", key=True)])))
        for group in ("user", "operator", "administrator"):
            person = new_test_user(self.env, f"attack_{group}", f"integration_bridge.group_integration_bridge_{group}")
            with self.subTest(group), self.assertRaises(AccessError):
                run.with_user(person).read(["position"])
            with self.subTest(group, way="search"), self.assertRaises(AccessError):
                self.env["bridge.run"].with_user(person).search([("position", "!=", False)])
