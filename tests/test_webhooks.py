"""Webhooks: what the other system calls is kept, answered, and done once (promises 3, 4 and 5)."""

import base64
import itertools
import json
import os
import time
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged

from ..connect import callers, secret_box
from ..remote.webhooks import HOOK_SCHEMES
from .common import BridgeCase, thing

SECRETS = itertools.count(1)
FETCH = {"event": "thing.*", "action": "fetch", "path": "data.id"}
PAYLOAD = {"event": "thing.*", "action": "payload", "path": "data"}
DELETE = {"event": "thing.deleted", "action": "delete", "path": "data.id"}


class WebhookCase(HttpCase, BridgeCase):
    def open(self, *routes, scheme="standard", flow=None, **settings):
        """A connector with a webhook and these routes to its first flow."""
        self.flow = self.connect(*([flow] if flow else []))
        self.connector.write({"hook_scheme": scheme, **{f"hook_{name}": value for name, value in settings.items()}})
        if HOOK_SCHEMES[scheme].has_secret:
            self.secret = HOOK_SCHEMES[scheme].new_secret()
            self.connector._keep_hook_secret(self.secret, 0)
        for sequence, route in enumerate(routes):
            values = {"connector_id": self.connector.id, "flow_id": self.flow.id, "sequence": sequence}
            self.env["bridge.route"].create({**values, **route})
        self.env.flush_all()
        return self.flow

    @property
    def path(self):
        return "/" + self.connector.hook_address.split("/", 3)[3]

    def send(self, document, delivery_id=None, now=None, headers=(), sign=True, path=None, method="POST"):
        """Call the webhook; return the answer."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        signed = {}
        if sign:
            delivery_id = delivery_id or f"msg_{next(SECRETS)}"
            signed = self.connector._hook().sign(body, now or time.time(), delivery_id)
        headers = {"Content-Type": "application/json", **signed, **dict(headers)}
        answer = self.url_open(path or self.path, data=body, headers=headers, method=method)
        self.env.invalidate_all()
        return answer

    def told(self, number, event="thing.updated", **values):
        """An event about a thing."""
        version = {"timestamp": values.pop("timestamp")} if "timestamp" in values else {}
        return {"type": event, **version, "data": thing(number, **values)}

    def deliver(self, *documents, **options):
        """Call the webhook for each, have a lane work, and return the deliveries in their order."""
        for document in documents:
            self.assertEqual(self.send(document, **options).status_code, 200)
        self.work()
        return self.deliveries

    @property
    def deliveries(self):
        return self.env["bridge.delivery"].search([("connector_id", "=", self.connector.id)], order="id")

    def states(self):
        return self.deliveries.mapped("state")

    def name_of(self, number):
        return self.bound(self.flow, number).name


@tagged("post_install", "-at_install")
class TestDoor(WebhookCase):
    """Who may come in, and what is kept of it."""

    def test_delivery_is_kept_and_answered_before_anything_is_done(self):
        self.open(PAYLOAD)
        answer = self.send(self.told(1), "msg_a")
        self.assertEqual((answer.status_code, answer.text), (200, ""))
        delivery = self.deliveries
        self.assertEqual((delivery.delivery_id, delivery.event, delivery.state), ("msg_a", "thing.updated", "waiting"))
        self.assertEqual((delivery.connector_id, delivery.company_id), (self.connector, self.connector.company_id))
        self.assertFalse(self.bound(self.flow, 1))
        self.work()
        self.assertEqual((self.deliveries.state, self.name_of(1)), ("done", "Thing 1"))

    def test_every_scheme_opens_the_door(self):
        options = {
            "header": {"header": "X-Token"},
            "basic": {"username": "ann"},
            "mutual": {"header": "X-Fingerprint", "fingerprint": "AB:CD", "addresses": "127.0.0.1"},
            "none": {"anybody": True},
        }
        for scheme in HOOK_SCHEMES:
            with self.subTest(scheme=scheme):
                self.open(scheme=scheme, **options.get(scheme, {}))
                self.assertEqual(self.send({"id": scheme, "type": "x"}).status_code, 200)
                if scheme != "none":
                    self.assertEqual(self.send({"id": 2}, sign=False).status_code, 401)
                self.assertEqual(len(self.deliveries), 1)
                self.connector.unlink()

    def test_fault_webhook_repeated_is_kept_and_done_once(self):
        self.open(PAYLOAD)
        for _time in range(3):
            self.assertEqual(self.send(self.told(1), "msg_a").status_code, 200)
        self.work()
        self.assertEqual(self.send(self.told(1, name="Later"), "msg_a").status_code, 200)
        self.work()
        self.assertEqual((len(self.deliveries), self.name_of(1)), (1, "Thing 1"))
        log = self.env["bridge.log"].search([("flow_id", "=", self.flow.id), ("external_id", "=", "1")])
        self.assertEqual(log.mapped("action"), ["create"])

    def test_calls_without_an_id_are_all_kept_also_in_the_same_words(self):
        """A record that changes twice may be told twice in the same words; and what stands at "id" is the record's."""
        self.open(scheme="none", anybody=True)
        for document in ({"a": 1}, {"a": 1}, {"type": "created", "id": 1}, {"type": "deleted", "id": 1}):
            self.send(document)
        self.assertEqual(len(self.deliveries), 4)

    def test_fault_webhook_that_is_forged_is_refused_in_few_words_and_counted(self):
        self.open(PAYLOAD)
        good = self.connector._hook().sign(b"{}", time.time(), "m")
        forged = {**good, "webhook-signature": "v1," + base64.b64encode(b"x" * 32).decode()}
        for headers in ({}, forged):
            answer = self.send({}, sign=False, headers=headers)
            self.assertEqual((answer.status_code, answer.text), (401, ""))
        self.assertFalse(self.deliveries)
        self.assertGreaterEqual(self.connector.hook_refused, 1)
        self.assertIn("header that proves", self.connector.hook_refused_text)

    def test_address_that_does_not_exist_is_answered_as_a_call_that_is_forged(self):
        self.open()
        answers = [
            self.send({}, sign=False),
            self.send({}, path="/integration_bridge/hook/unknown"),
            self.send(b"x" * 3_000_000, path="/integration_bridge/hook/unknown"),
            self.send({}, sign=False, method="GET"),
        ]
        path = self.path
        for values in ({"active": False}, {"active": True, "hook_scheme": False}):
            self.connector.write(values)
            answers.append(self.send({}, sign=False, path=path))
        self.assertEqual({(one.status_code, one.text) for one in answers}, {(401, "")})

    def test_many_refused_calls_write_little_and_are_told(self):
        self.open()
        gate = self.connector._gate()
        clock = itertools.count(100.0, 0.1)
        with patch.object(callers.time, "monotonic", lambda: next(clock)):
            for _time in range(41):
                self.send({}, sign=False)
        self.env.invalidate_all()
        self.assertIn(gate.refused, range(31, 41))
        self.assertEqual(self.send({}).status_code, 200)
        self.assertEqual(gate.refused, 41)
        (situation,) = [
            one for one in self.env["bridge.alert"]._situations(self.connector).values() if one["kind"] == "refused"
        ]
        self.assertIn("many notifications in the name of the other system were refused", situation["message"])

    def test_fault_webhook_late_or_from_the_future_is_refused(self):
        self.open()
        for seconds, status in ((-400, 401), (400, 401), (-200, 200), (200, 200)):
            with self.subTest(seconds=seconds):
                self.assertEqual(self.send({}, now=time.time() + seconds).status_code, status)
        self.connector.hook_tolerance = 1000
        self.assertEqual(self.send({}, now=time.time() - 400).status_code, 200)

    def test_fault_webhook_too_big_is_refused_before_it_is_read(self):
        self.open(max_kb=2)
        self.assertEqual(self.send({"x": "y" * 1500}).status_code, 200)
        for form in ("application/json", "application/x-www-form-urlencoded"):
            with self.subTest(form=form):
                self.assertEqual(self.send({"x": "y" * 3000}, headers={"Content-Type": form}).status_code, 413)

        def chunks():
            yield from [b"x" * 1000] * 5

        for most, status in ((2, 413), (100, 200)):
            self.connector.hook_max_kb = most
            self.env.flush_all()
            path, headers = self.path, self.connector._hook().sign(b"x" * 5000, time.time(), "chunks")
            answer = self.opener.post(self.base_url() + path, data=chunks(), headers=headers, timeout=10)
            self.assertEqual(answer.status_code, status)
        self.assertEqual(len(self.deliveries), 2)

    def test_signature_is_of_the_raw_bytes_also_of_a_form(self):
        self.open(scheme="hmac", event_place="type")
        form = b"type=thing.updated&b=%20+x&empty=&data=%7B%7D"
        answer = self.send(form, headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual((answer.status_code, self.deliveries.event), (200, "thing.updated"))
        self.assertEqual(json.loads(self.deliveries.body_text)["b"], "  x")

    def test_calls_beyond_the_rate_are_told_to_wait(self):
        self.open(rate=2)
        with patch.object(callers.time, "monotonic", lambda: 1000.0):
            answers = [self.send({"n": number}) for number in range(6)]
        self.assertEqual([one.status_code for one in answers], [200] * 4 + [429] * 2)
        self.assertEqual(answers[-1].headers["Retry-After"], "1")

    def test_rotation_lets_the_old_secret_be_valid_for_a_chosen_time(self):
        self.open()
        old = self.connector._hook()

        def send_with(scheme):
            return self.send({}, sign=False, headers=scheme.sign(b"{}", time.time(), f"m{next(SECRETS)}")).status_code

        wizard = self.env["bridge.hook.secret"].create({"connector_id": self.connector.id, "hours": 1})
        shown = wizard.with_context(**wizard.action_rotate()["context"]).secret
        new = HOOK_SCHEMES["standard"]({}, [shown])
        self.assertEqual((send_with(new), send_with(old)), (200, 200))
        self.connector.hook_old_until = fields.Datetime.subtract(fields.Datetime.now(), seconds=1)
        self.assertEqual((send_with(new), send_with(old)), (200, 401))
        typed = HOOK_SCHEMES["standard"].new_secret()
        wizard = self.env["bridge.hook.secret"].create({"connector_id": self.connector.id, "hours": 0, "given": typed})
        wizard.action_rotate()
        self.assertFalse(wizard.sudo().given_sealed)
        self.assertEqual((send_with(HOOK_SCHEMES["standard"]({}, [typed])), send_with(new)), (200, 401))

    def test_key_that_is_lost_and_put_back(self):
        """Meanwhile a sender is told to try again, and a person why nothing can be signed; no restart is needed."""
        self.open()
        signed = self.connector._hook()

        def send():
            return self.send({}, sign=False, headers=signed.sign(b"{}", time.time(), f"m{next(SECRETS)}")).status_code

        other = patch.dict(os.environ, {secret_box.KEY_VARIABLE: Fernet.generate_key().decode()})
        with patch.object(type(self), "path", self.path):
            with other:
                self.connector.hook_tolerance += 1  # the row is another one: nothing of it is kept
                self.env.flush_all()
                self.assertEqual((send(), send()), (503, 503))
                with self.assertRaisesRegex(UserError, "another key"):
                    self.connector.action_send_test()
            self.assertEqual(send(), 200, "the row is the same, and the key is there again")
            with other:
                wizard = self.env["bridge.hook.secret"].create({"connector_id": self.connector.id, "hours": 24})
                shown = wizard.with_context(**wizard.action_rotate()["context"]).secret
                self.assertFalse(self.connector.hook_old_until, "what can not be read is not kept beside the new one")
                signed = HOOK_SCHEMES["standard"]({}, [shown])
                self.assertEqual(send(), 200)

    def test_new_address_ends_the_old_one(self):
        self.open()
        old = self.path
        self.connector.action_new_hook_address()
        self.assertEqual(self.send({}, path=old).status_code, 401)
        self.assertEqual(self.send({}).status_code, 200)

    def test_challenges_are_echoed(self):
        self.open(challenge="query", challenge_name="hub.challenge")
        answer = self.url_open(f"{self.path}?hub.mode=subscribe&hub.challenge=11&hub.verify_token=x")
        self.assertEqual((answer.status_code, answer.text), (200, "11"))
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        self.connector.hook_challenge_name = "validationToken"
        answer = self.url_open(f"{self.path}?validationToken=%3Cscript%3E", data=b"", method="POST")
        self.assertEqual((answer.status_code, answer.text), (200, "<script>"))
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.connector.write({"hook_challenge": "body", "hook_challenge_name": "challenge"})
        answer = self.send({"type": "url_verification", "challenge": "3eZb"})
        self.assertEqual((answer.status_code, answer.text), (200, "3eZb"))
        self.assertEqual(self.send({"challenge": "3eZb"}, sign=False).status_code, 401)
        self.assertFalse(self.deliveries)

    def test_body_that_can_not_be_read_is_kept_and_told(self):
        self.open(PAYLOAD)
        self.assertEqual(self.send(b"<xml/>\0\xff").status_code, 200)
        self.assertEqual(self.deliveries.state, "failed")
        self.assertIn("neither JSON nor a form", self.deliveries.reason)
        self.assertEqual(self.connector.delivery_failed_count, 1)
        kinds = [one["kind"] for one in self.env["bridge.alert"]._situations(self.connector).values()]
        self.assertIn("deliveries", kinds)

    def test_time_of_an_event_is_a_moment_in_whatever_form_it_comes(self):
        self.open(PAYLOAD, time_place="at")
        self.connector.timezone = "Europe/Zurich"
        self.env.flush_all()
        forms = {
            "2026-11-25T14:03:39.5+01:00": "2026-11-25 13:03:39",
            "2026-11-25 14:03:39": "2026-11-25 13:03:39",
            "1795611819": "2026-11-25 13:03:39",
            1795611819965: "2026-11-25 13:03:39",
            17: False,
            2026: False,  # as likely a count as a year
            "v17": False,
            None: False,
        }
        for number, (told, moment) in enumerate(forms.items(), 1):
            with self.subTest(told=told):
                self.send({**self.told(number), "at": told})
                delivery = self.deliveries[-1:]
                self.assertEqual(delivery.version, str(told) if told else False)
                self.assertEqual(delivery.happened, moment and fields.Datetime.to_datetime(moment))

    def test_credentials_that_are_repeated_are_blanked_before_it_is_kept(self):
        self.open(PAYLOAD)
        self.connector._set_secrets({"secret": "our-api-key-123"})
        document = self.told(1, name=f"{self.secret} our-api-key-123")
        document["data"]["password"] = "hunter2hunter2"
        document |= {"type": f"thing.{self.secret}", "at": f"at {self.secret}"}
        self.connector.write({"hook_id_place": "data.name", "hook_time_place": "at"})
        self.send(document)
        delivery = self.deliveries.sudo()
        self.assertEqual((delivery.event, delivery.version), ("thing.***", "at ***"))
        self.assertEqual(delivery.delivery_id, "*** ***")
        kept = delivery.body
        self.assertNotIn(self.secret, kept)
        self.assertNotIn("our-api-key-123", kept)
        self.assertNotIn("hunter2", self.deliveries.body_text)

    def test_body_in_another_charset_is_kept_as_it_was_meant(self):
        self.open(PAYLOAD)
        body = json.dumps(self.told(1, name="Zoë"), ensure_ascii=False).encode("latin-1")
        signed = self.connector._hook().sign(body, time.time(), "latin")
        signed["Content-Type"] = "application/json; charset=iso-8859-1"
        self.assertEqual(self.send(body, sign=False, headers=signed).status_code, 200)
        self.work()
        self.assertEqual(self.name_of(1), "Zoë")

    def test_call_is_taken_although_another_credential_can_not_be_read(self):
        self.open(PAYLOAD)
        self.connector.sudo().secret_sealed = "sealed elsewhere"
        self.assertEqual(self.send(self.told(1)).status_code, 200)
        self.connector.sudo().hook_secret_sealed = "sealed elsewhere"
        body = b"{}"
        headers = HOOK_SCHEMES["standard"]({}, [self.secret]).sign(body, time.time(), "later")
        self.assertEqual(self.send(body, sign=False, headers=headers).status_code, 503)

    def test_door_keeps_but_does_nothing_while_the_connector_may_not_work(self):
        self.open(PAYLOAD)
        for state in ("preview", "disabled"):
            self.connector.state = state
            self.deliver(self.told(1))
        self.assertEqual(self.states(), ["waiting", "waiting"])
        self.assertFalse(self.bound(self.flow, 1))
        self.connector.state = "live"
        self.work()
        self.assertEqual(self.states(), ["done", "done"])
        self.assertTrue(self.bound(self.flow, 1))

    def test_connector_that_is_not_approved_keeps_what_comes_until_somebody_approves(self):
        self.open(PAYLOAD)
        self.acting.group_ids += self.env.ref("base.group_system")
        self.deliver(self.told(1))
        self.assertEqual(self.states(), ["waiting"])
        self.assertFalse(self.bound(self.flow, 1))
        self.connector.with_user(self.env.ref("base.user_admin")).action_approve()
        self.work()
        self.assertEqual(self.states(), ["done"])

    def test_copied_database_keeps_and_does_nothing(self):
        self.open(PAYLOAD)
        self.work()
        with patch.object(type(self.env["bridge.instance"]), "_place", lambda instance: "elsewhere"):
            self.deliver(self.told(1))
            self.assertEqual(self.states(), ["waiting"])
            self.env["bridge.instance"].with_user(self.env.ref("base.user_admin"))._answer(is_same=False)
        self.assertEqual(self.states(), ["cancelled"])


@tagged("post_install", "-at_install")
class TestTaking(WebhookCase):
    """What lanes do with it."""

    def test_record_that_is_named_is_fetched(self):
        self.server.records["things"] = [thing(1), thing(2)]
        self.open(FETCH)
        self.deliver(self.told(1, name="Not this"))
        self.assertEqual((self.states(), self.name_of(1)), (["done"], "Thing 1"))
        self.assertFalse(self.bound(self.flow, 2))
        run = self.deliveries.run_id
        self.assertEqual((run.trigger, run.state, run.created), ("webhook", "done", 1))

    def test_record_that_was_sent_is_used_and_nothing_is_asked(self):
        self.open(PAYLOAD)
        self.deliver(self.told(1), self.told(1, name="New"))
        self.assertEqual((self.states(), self.name_of(1)), (["done", "done"], "New"))
        self.assertFalse(self.server.requests)

    def test_record_that_is_gone_there_is_handled_by_the_rule_of_the_flow(self):
        self.open(DELETE, PAYLOAD | {"event": "thing.updated"})
        self.deliver(self.told(1))
        self.deliver(self.told(1, "thing.deleted"))
        self.assertFalse(self.bound(self.flow, 1).active)

    def test_what_no_route_is_for_is_ignored_and_said(self):
        self.open(FETCH | {"event": "order.*"})
        self.deliver(self.told(1))
        self.assertEqual((self.states(), self.deliveries.reason), (["ignored"], "No route is for this event."))
        self.connector.route_ids.event = "thing.?pdated"
        self.deliver(self.told(1))
        self.assertEqual(self.states(), ["ignored", "ignored"])

    def test_list_of_ids_and_of_records(self):
        self.server.records["things"] = [thing(1), thing(2), thing(3)]
        self.open({"event": "changed", "action": "fetch", "path": "[?kind=='thing'].id"}, event_place="[0].event")
        self.deliver([{"event": "changed", "kind": kind, "id": one} for one, kind in ((1, "thing"), (2, "other"))])
        self.assertTrue(self.bound(self.flow, 1))
        self.assertFalse(self.bound(self.flow, 2))
        self.connector.route_ids.write({"action": "payload", "path": "[].record"})
        self.deliver([{"event": "changed", "record": thing(one)} for one in (2, 3)])
        self.assertEqual(self.deliveries[-1].external_ids, "2, 3")
        self.assertTrue(self.bound(self.flow, 2) and self.bound(self.flow, 3))

    def test_fault_webhook_out_of_order_does_not_bring_back_what_was(self):
        self.open(PAYLOAD, DELETE)
        new, old = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"
        self.deliver(self.told(1, name="New", timestamp=new))
        self.deliver(self.told(1, name="Old", timestamp=old))
        self.assertEqual((self.states(), self.name_of(1)), (["done", "ignored"], "New"))
        self.assertIn("Something newer", self.deliveries[1].reason)
        self.deliver(self.told(2, name="Old", timestamp=new), self.told(2, name="Older", timestamp=old))
        self.assertEqual(self.name_of(2), "Old")

    def test_fault_webhook_late_does_not_revive_what_was_deleted(self):
        self.open(PAYLOAD | {"event": "thing.updated"}, DELETE)
        self.deliver(self.told(1, timestamp=1))
        self.deliver(self.told(1, "thing.deleted", timestamp=3))
        self.deliver(self.told(1, name="Old", timestamp=2))
        self.assertEqual(self.states(), ["done", "done", "ignored"])
        self.assertFalse(self.bound(self.flow, 1).active)

    def test_fault_webhook_older_than_what_the_pull_has_read_is_ignored(self):
        self.server.records["things"] = [thing(1, name="Pulled", updated="2026-01-02T00:00:00Z")]
        self.open(PAYLOAD)
        self.sync(self.flow)
        self.deliver(self.told(1, name="Old", updated="2026-01-01T00:00:00Z"))
        self.assertEqual((self.states(), self.name_of(1)), (["ignored"], "Pulled"))

    def test_burst_about_one_record_is_one_request(self):
        self.server.records["things"] = [thing(1)]
        self.open(FETCH)
        for _time in range(20):
            self.send(self.told(1))
        self.work()
        self.assertEqual(set(self.states()), {"done"})
        self.assertEqual(len([one for one in self.server.requests if "/things/1" in str(one)]), 1)

    def test_delivery_waits_while_its_record_is_being_fetched(self):
        """What is fetched just now may be older than what the delivery tells."""
        self.server.records["things"] = [thing(1)]
        self.open(FETCH)
        job = self.env["bridge.job"]._enqueue_records(self.flow, ["1"])
        other = self.env["ir.cron"]._lanes()[1]
        job.write({"state": "running", "lane_id": other.id})
        self.env.flush_all()
        self.deliver(self.told(1))
        self.assertEqual(self.states(), ["waiting"])
        take = self.env["bridge.job"].search([("kind", "=", "take"), ("state", "=", "pending")])
        self.assertGreater(take.due_at, fields.Datetime.now())
        job.write({"state": "done", "lane_id": False})
        take.due_at = fields.Datetime.now()
        self.work()
        self.assertEqual((self.states(), self.name_of(1)), (["done"], "Thing 1"))

    def test_record_that_fails_is_a_failure_of_the_record(self):
        self.open(PAYLOAD)
        self.deliver(self.told(1, name=None), self.told(2))
        self.assertEqual(self.states(), ["done", "done"])
        self.assertIn("error desk", self.deliveries[0].reason)
        self.assertEqual(self.failures(self.flow).external_id, "1")
        self.assertTrue(self.bound(self.flow, 2))
        self.deliver(self.told(1))
        self.assertFalse(self.failures(self.flow))

    def test_delivery_that_does_not_fit_its_route_fails_alone_and_can_be_replayed(self):
        self.open(PAYLOAD | {"path": "record"})
        self.deliver(self.told(1), {"type": "thing.updated", "record": 7}, {"type": "thing.x", "record": thing(3)})
        self.assertEqual(self.states(), ["ignored", "failed", "done"])
        self.assertIn("no record at “record”", self.deliveries[1].reason)
        self.connector.route_ids.path = "data"
        self.deliveries[0].action_replay()
        self.work()
        self.assertEqual((self.deliveries[0].state, self.name_of(1)), ("done", "Thing 1"))
        self.deliveries[1].action_ignore()
        self.assertEqual(self.deliveries[1].state, "ignored")

    def test_delivery_that_breaks_holds_up_no_other(self):
        self.open(PAYLOAD)
        flows = type(self.env["bridge.flow"])

        def broken(flow, outcomes):
            if any(one.external_id == "2" for one in outcomes):
                raise ZeroDivisionError("broken")

        with patch.object(flows, "_after_sync", broken), self.assertLogs("odoo.addons.integration_bridge", "ERROR"):
            self.deliver(*(self.told(one) for one in range(1, 6)))
        self.assertEqual(self.states(), ["done", "failed", "done", "done", "done"])
        self.assertEqual([bool(self.bound(self.flow, one)) for one in range(1, 6)], [True, False, True, True, True])
        self.deliveries[1].action_replay()
        self.work()
        self.assertEqual(set(self.states()), {"done"})

    def test_batch_that_lost_its_transaction_is_taken_again_whole(self):
        self.open(PAYLOAD)
        lost = self.lose_once("UPDATE", "bridge_delivery")
        self.deliver(self.told(1), self.told(2))
        self.assertTrue(lost())
        self.assertEqual(self.states(), ["done", "done"])
        self.assertEqual(len(self.env["res.partner"].search([("name", "in", ("Thing 1", "Thing 2"))])), 2)

    def test_job_of_a_lane_that_died_gives_way_to_no_other_and_stops_no_lane(self):
        self.open(PAYLOAD)
        self.send(self.told(1))
        self.env["bridge.delivery"]._enqueue_take(self.connector)
        dead = self.env["bridge.job"].search([("kind", "=", "take")])
        dead.write({"state": "running", "lane_id": self.lane.id})
        self.env.flush_all()
        self.env["bridge.delivery"]._enqueue_take(self.connector)
        with self.assertLogs("odoo.addons.integration_bridge", "WARNING"):
            self.work()
        self.assertEqual((self.states(), dead.state), (["done"], "done"))

    def test_taking_again_changes_nothing(self):
        self.open(PAYLOAD)
        self.deliver(self.told(1), self.told(2))
        before = self.env["bridge.log"].search_count([("flow_id", "=", self.flow.id)])
        self.deliveries.action_replay()
        self.work()
        self.assertEqual(set(self.states()), {"done"})
        self.assertEqual(self.env["bridge.log"].search_count([("flow_id", "=", self.flow.id)]), before)

    def test_fetch_of_a_flow_that_can_not_says_so(self):
        self.open(FETCH)
        self.flow._operation("get").unlink()
        self.deliver(self.told(1))
        self.assertEqual(self.states(), ["failed"])
        self.assertIn("no operation that gets one record", self.deliveries.reason)

    def test_scheduled_pull_catches_what_webhooks_lost(self):
        self.server.records["things"] = [thing(1), thing(2)]
        self.open(FETCH)
        self.deliver(self.told(1))
        self.sync(self.flow)
        self.assertEqual(self.name_of(2), "Thing 2")

    def test_test_is_ignored_by_every_route(self):
        self.open(PAYLOAD | {"event": "*"})
        self.deliver({"id": "x", "type": "integration_bridge.test", "data": {}})
        self.assertEqual(
            (self.states(), self.deliveries.reason), (["ignored"], "This is the test: it has come through.")
        )

    def test_old_deliveries_go(self):
        self.open()
        self.deliver({"a": 1}, {"a": 2})
        self.deliveries[0].received = "2020-01-01"
        self.env.flush_all()
        self.env["bridge.run"]._gc_finished()
        self.assertEqual(len(self.deliveries), 1)


@tagged("post_install", "-at_install")
class TestConfigured(WebhookCase):
    """Who may set it up, and what is refused."""

    def administrator(self):
        return new_test_user(
            self.env,
            "bridge_configurer",
            "base.group_user,base.group_partner_manager,integration_bridge.group_integration_bridge_administrator",
        )

    def test_misuse_is_refused_in_words(self):
        self.open()
        for values, words in (
            ({"hook_scheme": "none"}, "anybody who learns the address"),
            ({"hook_scheme": "header"}, "enter “Header”"),
            ({"hook_scheme": "basic"}, "enter “Webhook User Name”"),
            ({"hook_scheme": "mutual", "hook_header": "X", "hook_fingerprint": "ab"}, "IP Addresses"),
            ({"hook_addresses": "10.0.0.300"}, "no IP address"),
            ({"hook_challenge": "query"}, "name of the parameter"),
            ({"hook_event_place": "a["}, "a\\["),
            ({"hook_scheme": "hmac", "hook_signed_text": "x"}, "\\{body\\}"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                self.connector.write(values)
        with self.assertRaisesRegex(ValidationError, "not written as base64"):
            self.connector.hook_secret = "no base64!"
        for values, words in (
            ({"path": "a["}, "a\\["),
            ({"flow_id": self.flow.copy({"code": "out", "direction": "push"}).id}, "only goes to the other system"),
        ):
            with self.subTest(words=words), self.assertRaisesRegex(ValidationError, words):
                self.env["bridge.route"].create({"connector_id": self.connector.id, "flow_id": self.flow.id, **values})
        with self.assertRaisesRegex(UserError, "Set a secret first"):
            self.connector.copy().action_send_test()

    def test_secret_and_address_are_read_by_nobody(self):
        self.open()
        connector = self.connector.with_user(self.administrator())
        for name in ("hook_secret", "hook_address", "hook_secret_sealed", "hook_token_sealed", "hook_token_hash"):
            with self.subTest(name), self.assertRaises(AccessError):
                connector.read([name])
        self.assertFalse(self.connector.hook_secret)
        row = self.connector.sudo()
        token = self.path.rpartition("/")[2]
        self.assertNotIn(self.secret, row.hook_secret_sealed)
        self.assertNotIn(token, row.hook_token_sealed + row.hook_token_hash)
        for method in ("action_new_hook_address",):
            with self.assertRaises(AccessError):
                getattr(connector, method)()
        with self.assertRaises(AccessError):
            self.env["bridge.hook.secret"].with_user(connector.env.user).create({"connector_id": connector.id})

    def test_copy_has_an_address_and_no_secret_of_its_own(self):
        self.open()
        copy = self.connector.copy()
        self.assertNotEqual(copy.hook_address, self.connector.hook_address)
        self.assertFalse(copy.has_hook_secret)

    def test_door_that_is_opened_wider_waits_for_approval(self):
        self.open(PAYLOAD)
        self.connector.user_id = self.acting
        administrator = self.administrator()
        self.connector.with_user(administrator).write({"hook_scheme": "none", "hook_anybody": True})
        self.assertIn("more than was approved", self.connector.approval_problem)
        self.deliver(self.told(1))
        self.assertEqual(self.states(), ["waiting"])

    def test_what_was_sent_is_read_by_who_may_read_the_records(self):
        self.open(PAYLOAD)
        self.deliver(self.told(1, name="Ann Secret"))
        user = new_test_user(
            self.env, "bridge_reader", "base.group_user,integration_bridge.group_integration_bridge_operator"
        )
        self.assertIn("Ann Secret", self.deliveries.with_user(user).body_text)
        with self.assertRaises(AccessError):
            self.deliveries.with_user(user).read(["body"])
        self.env["ir.rule"].create(
            {
                "name": "Hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('name', '!=', 'Ann Secret')]",
            }
        )
        self.env.invalidate_all()
        self.assertIn("no access", self.deliveries.with_user(user).body_text)
