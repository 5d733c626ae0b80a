"""Calls of webhooks at random: kept and taken, or refused; none is lost, half done or answered with a raw error.

``FUZZ=200000`` is the long form of all fuzz tests together. Hypothesis prints how to repeat what failed.
"""

import json
import time
from unittest.mock import patch

from hypothesis import example
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..remote.webhooks import Call
from ..road.pull.delivered import Delivered
from .test_fuzz import DOORS, FIELDS, FUZZED, ids, records
from .test_webhooks import WebhookCase
from .unit.fuzz_values import bodies, documents, fuzzed, names, texts

HOOKS = DOORS  # share of the long form
ROUTES = (
    {"event": "thing.deleted", "action": "delete", "path": "data.id", "version_path": "timestamp"},
    {"event": "thing.*", "action": "payload", "path": "data", "version_path": "timestamp"},
    {"event": "fetched.*", "action": "fetch", "path": "data.id"},
)
KINDS = (
    *("application/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "text/plain"),
    *("multipart/form-data", "application/json; charset=nothing", ""),
)
events = st.one_of(
    st.sampled_from(["thing.updated", "thing.created", "thing.deleted", "fetched.thing", "integration_bridge.test"]),
    texts,
    documents,
)
# Nearly right: most calls say what they should say.
told = st.fixed_dictionaries(
    {"type": events, "data": st.one_of(records, records, st.lists(records, max_size=3), documents)},
    optional={"id": ids, "timestamp": st.one_of(st.integers(0, 9), documents), "": documents},
)
raw = st.one_of(
    told.map(lambda document: json.dumps(document).encode()),
    told.map(lambda document: json.dumps(document).encode()),
    documents.map(lambda document: json.dumps(document).encode()),
    bodies(),
    st.dictionaries(names, texts, max_size=3).map(
        lambda form: "&".join(f"{a}={b}" for a, b in form.items()).encode("utf-8", "replace")
    ),
)
# What HTTP lets through as a header; one that is empty is missing.
headers = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), min_size=1, max_size=300)
DELETED = b'{"type": "thing.updated", "data": {"id": 0, "name": "", "deleted": true}}'  # and never here
deliveries = st.one_of(st.sampled_from(["msg_1", "msg_2", "msg_3"]), headers.filter(lambda text: text == text.strip()))
calls = st.lists(st.tuples(raw, deliveries, st.sampled_from(KINDS), st.booleans()), min_size=1, max_size=4)


@tagged("post_install", "-at_install")
class TestFuzzedHooks(WebhookCase):
    def setUp(self):
        super().setUp()
        flow = {**FUZZED, "direction": "pull", "fields": [one for one in FIELDS if one.get("path") != "parent"]}
        flow.pop("push_domain")
        self.open(*ROUTES, flow=flow)

    @mute_logger("odoo.sql_db", "odoo.addons.integration_bridge")
    def test_any_call_of_a_webhook_is_taken_or_refused(self):
        @example([(DELETED, "msg_1", "application/json", True)])
        @fuzzed(HOOKS, 150, calls)
        def attack(several):
            with self.env.cr.savepoint() as savepoint:
                kept = 0
                for body, delivery, content_type, is_signed in several:
                    status, _text = self.receive(body, delivery, content_type, is_signed)
                    before, kept = kept, self.env["bridge.delivery"].search_count([])
                    self.assertIn(status, (200, 204) if is_signed else (401,))
                    self.assertLessEqual(kept - before, int(is_signed), "what is repeated is kept once")
                self.take()
                for one in self.deliveries:
                    self.assert_settled(one)
                savepoint.close(rollback=True)
            self.env.invalidate_all()

        attack()

    def receive(self, body, delivery, content_type, is_signed):
        now = time.time()
        headers = {"Content-Type": content_type}
        if is_signed:
            headers |= self.connector._hook().sign(body, now, delivery)
        call = Call("POST", {}, headers, body, "127.0.0.1", now)
        no_lane = patch("odoo.addons.integration_bridge.models.bridge_delivery.call_soon")
        with patch.object(self.env.cr, "commit", self.env.flush_all), no_lane:
            return self.env["bridge.delivery"]._receive(self.connector._door(), call)

    def take(self):
        """What a lane does, in this transaction."""
        Delivered(self.connector, lambda handled: self.env.flush_all() or 1).work()

    def heard_of(self, delivery):
        binding, job = self.env["bridge.binding"], self.env["bridge.job"]
        # One that is long is cut, and an id may have a comma in it.
        begin = delivery.external_ids.split(", ")[0]
        about = [("flow_id", "=", self.flow.id), ("external_id", "=like", begin.replace("\\", "_")[:50] + "%")]
        return binding.search_count(about, limit=1) or job.search_count(about, limit=1)

    def assert_settled(self, delivery):
        self.assertIn(delivery.state, ("done", "ignored", "failed"))
        if delivery.state != "done":
            self.assertTrue(delivery.reason)
        self.assertNotIn("Traceback", delivery.reason or "")
        if delivery.state == "done" and delivery.event in ("thing.updated", "thing.created", "fetched.thing"):
            self.assertTrue(delivery.external_ids)
            known = "deleted there" in (delivery.reason or "") or self.heard_of(delivery)
            self.assertTrue(
                known, "done: the record is there, or its failure or its fetch is a job, or it says why not"
            )
        json.dumps(delivery.read(["body_text", "event", "version", "reason", "external_ids"])).encode()
