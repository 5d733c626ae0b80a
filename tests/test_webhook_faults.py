import json
import time
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..jobs.lane import put_back
from ..jobs.outcome import conclude
from ..remote import webhooks
from ..road.pull import delivered
from .common import BridgeCase
from .servers.fault_server import FaultServer
from .test_webhook_registration import REGISTRATION, WEBHOOK, Hooks
from .test_webhooks import FETCH, PAYLOAD, WebhookCase


@tagged("post_install", "-at_install")
class TestNothingHoldsUpTheOthers(WebhookCase):
    """What one delivery, flow or rest is about must not keep back the rest (promises 3 and 5)."""

    def test_fault_webhook_with_an_endless_id_fails_alone(self):
        self.open(FETCH, {**PAYLOAD, "event": "whole.*"})
        self.send({"type": "thing.updated", "data": {"id": "x" * 8000}})
        self.send(self.told(1, event="whole.updated"))
        self.work()
        self.assertEqual(self.states(), ["failed", "done"])
        self.assertIn("characters that an identifier may have", self.deliveries[0].reason)

    def test_archived_flow_in_the_first_route_keeps_back_no_other(self):
        self.open(PAYLOAD)
        other = self.flow.copy({"code": "other", "name": "Other"})
        route = {
            "connector_id": self.connector.id,
            "flow_id": other.id,
            "sequence": -1,
            "action": "fetch",
            "path": "id",
        }
        self.env["bridge.route"].create({**route, "event": "else.*"})
        other.active = False
        self.env.flush_all()
        self.send(self.told(1))
        self.send({"type": "else.updated", "id": 3})
        self.work()
        self.assertEqual(self.states(), ["done", "ignored"])
        self.assertIn("archived", self.deliveries[1].reason)

    def test_deliveries_are_no_probe_of_a_connector_that_rests(self):
        self.open(PAYLOAD)
        gate = self.connector._gate()
        gate.write({"failures": 3, "resting_until": fields.Datetime.subtract(fields.Datetime.now(), seconds=5)})
        run = self.flow._enqueue(trigger="manual")
        self.env.flush_all()
        self.send(self.told(1))
        self.work()
        self.env.invalidate_all()
        self.assertEqual((run.state, gate.failures), ("done", 0), "the pull was the probe, and the rest is over")
        self.assertEqual(self.states(), ["done"])

    def put(self, name):
        values = {"connector_id": self.connector.id, "delivery_id": name, "event": "thing.updated", "state": "waiting"}
        values |= {"received": fields.Datetime.now(), "body": json.dumps(self.told(1, name=name))}
        self.env["bridge.delivery"].sudo().create(values)
        self.env.flush_all()

    def test_deliveries_that_wait_for_long_are_told(self):
        """Nothing else says that what was answered 2xx has not come any further."""
        self.open(PAYLOAD)
        for number in range(3):
            self.put(f"waits {number}")
        alerts = self.env["bridge.alert"]
        for state, words in (("live", "what keeps them"), ("preview", "is not live")):
            with self.subTest(state=state):
                self.connector.state = state
                self.deliveries.received = fields.Datetime.now()
                alerts._watch()
                self.assertFalse(alerts.search([("kind", "=", "waiting"), ("closed", "=", False)]))
                self.deliveries.received = fields.Datetime.subtract(fields.Datetime.now(), minutes=16)
                alerts._watch()
                alert = alerts.search([("kind", "=", "waiting"), ("closed", "=", False)])
                self.assertIn(": 3, the oldest since", alert.message)
                self.assertIn(words, alert.message)
                action = alert.action_open()
                self.assertEqual(
                    self.env[action["res_model"]].search(action["domain"]), self.deliveries.sorted("id desc")
                )

    def test_later_delivery_does_not_overtake_one_that_is_held(self):
        """The record is being fetched at the first look; when that is over the next batch has a later delivery."""
        self.open(PAYLOAD)
        self.put("Older")
        job = self.env["bridge.job"].sudo().create({"kind": "pull_record", "flow_id": self.flow.id, "external_id": "1"})
        job.state = "running"
        batches = []

        def commit(count):
            if not batches:
                job.state = "done"
                self.put("Newer")
            batches.append(count)
            return 1

        connector = self.connector.sudo()
        with patch.object(delivered, "HELD_SECONDS", 0):
            delivered.Delivered(connector, commit).work()
            self.assertEqual(self.states(), ["waiting", "waiting"], "the later one waits with it")
            delivered.Delivered(connector, commit).work()
        self.env.invalidate_all()
        self.assertEqual((self.states(), self.name_of(1)), (["done", "done"], "Newer"))

    def test_fault_delivery_that_kills_its_worker_fails_alone(self):
        """Else the connector takes nothing any more: it is the next one for ever."""
        self.open(PAYLOAD)
        for number in (1, 2, 3):
            self.send(self.told(number))
        self.deliveries.sudo()._enqueue_take(self.connector)
        job = self.env["bridge.job"].sudo().search([("kind", "=", "take"), ("connector_id", "=", self.connector.id)])
        killer, real, deaths = self.deliveries.sorted("id")[1].id, delivered.Delivered.take, []

        class Death(BaseException):
            """As the signal that no code hears."""

        def take(taker, batch):
            if killer in batch.ids:
                raise Death
            return real(taker, batch)

        with patch.object(delivered.Delivered, "take", take), self.committing_nothing():
            while job.state != "done":
                job.write({"state": "running", "lane_id": self.lane.id})
                try:
                    conclude(job, job._perform_take())
                except Death:
                    deaths.append(job.crashes)
                    put_back(job)
                    self.assertLess(len(deaths), 10, "it is never known by what")
        self.env.invalidate_all()
        self.assertEqual(self.states(), ["done", "failed", "done"])
        self.assertIn("The worker died 5 times in a row", self.deliveries.sorted("id")[1].reason)
        self.assertEqual(deaths, [0, 1, 0, 1, 2, 3, 4], "the first one was taken in between, which counts from anew")

    def test_the_test_is_known_by_its_body_too(self):
        for scheme in ("hmac", "shopify"):
            with self.subTest(scheme):
                self.open({"event": "*", "action": "fetch", "path": "id"}, scheme=scheme)
                self.send(webhooks.test_body(time.time(), "test_ab"), delivery_id="test_ab")
                self.work()
                self.assertEqual(self.states(), ["ignored"])
                self.assertIn("It has come through".lower(), self.deliveries.reason.lower())
                self.assertFalse(self.env["bridge.job"].search([("external_id", "=", "test_ab")]))
                self.connector.unlink()

    def test_secret_of_another_scheme_is_no_error_of_the_server(self):
        self.open(PAYLOAD, scheme="hmac")
        self.connector._keep_hook_secret("plain secret!", 0)
        with self.assertRaises(ValidationError):
            self.connector.hook_scheme = "standard"
        self.env.cr.execute("UPDATE bridge_connector SET hook_scheme = 'standard' WHERE id = %s", [self.connector.id])
        self.env.invalidate_all()
        headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
        self.assertEqual(self.send({}, sign=False, headers=headers).status_code, 503)

    def test_body_that_no_route_is_for_is_read_by_system_administrators_alone(self):
        self.open(scheme="none", anybody=True)
        self.send({"type": "x", "id": 9, "salary": 12345}, sign=False)
        groups = "integration_bridge.group_integration_bridge_{},base.group_user,base.group_partner_manager"
        for group in ("user", "administrator"):
            person = new_test_user(self.env, f"reads_{group}", groups.format(group))
            self.assertNotIn("12345", self.deliveries.with_user(person).body_text)
        admin = self.env.ref("base.user_admin")
        self.assertIn("12345", self.deliveries.with_user(admin).body_text)


@tagged("post_install", "-at_install")
class TestRegistrationFaults(BridgeCase):
    def begin(self, registration, **more):
        self.remote = FaultServer()
        self.addCleanup(self.remote.close)
        self.hooks = self.remote.fallback = Hooks()
        self.connect(webhook={**WEBHOOK, **more, "registration": registration})
        self.connector.base_url = self.remote.url

    def keep(self):
        with self.enter_registry_test_mode():
            self.env.ref("integration_bridge.ir_cron_keep_registered").method_direct_trigger()
        self.env.invalidate_all()

    def without_look(self):
        return {name: one for name, one in REGISTRATION.items() if name not in ("find", "address")}

    def test_webhook_that_has_ended_is_registered_again_where_nobody_can_look(self):
        self.begin(self.without_look())
        self.connector.action_register_hook()
        self.hooks.known.clear()
        past = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        self.connector.write({"hook_expires": past, "hook_checked": fields.Datetime.subtract(past, days=2)})
        self.keep()
        self.assertFalse(self.connector._has_ended())

    def test_new_address_is_no_silent_end_of_the_registered_one(self):
        self.begin(REGISTRATION)
        self.connector.action_register_hook()
        self.connector.action_new_hook_address()
        self.assertFalse(self.connector.hook_remote_id)
        stale = [one for one in self.hooks.known.values() if one["url"] != self.connector.hook_address]
        self.assertTrue(self.connector.hook_problem or not stale)
        self.connector.action_register_hook()
        self.assertIn(self.connector.hook_address, [one["url"] for one in self.hooks.known.values()])

    def test_registered_without_a_secret_known_here_is_not_called_registered(self):
        self.begin(REGISTRATION)
        self.hooks.known["7"] = {"id": "7", "url": self.connector.hook_address}  # its answer was lost
        try:
            self.connector.action_register_hook()
        except UserError as error:
            self.assertIn("secret is not known here", str(error))
        else:
            self.assertTrue(self.connector.has_hook_secret)

    def test_one_registration_that_breaks_does_not_end_those_of_others(self):
        self.begin(REGISTRATION)
        self.connector.action_register_hook()
        self.connector.hook_checked = fields.Datetime.subtract(fields.Datetime.now(), days=3)
        broken = json.loads(self.connector.hook_registration) | {"records": "sort_by(@, &id)"}
        with patch.object(type(self.connector), "_check_hook_registration", lambda self: None, create=True):
            self.connector.hook_registration = json.dumps(broken)
        self.keep()
        self.assertTrue(self.connector.hook_problem is not None)
        self.assertTrue(self.env.ref("integration_bridge.ir_cron_keep_registered").active)
