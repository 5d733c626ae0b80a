"""The part of `demo_month.py` inside Odoo (run by in_odoo.py)."""

import json
import random
from datetime import timedelta

from odoo import fields

DAYS, RUNS_A_DAY = 28, 4
SEED = 20260101
HOOKED = "customers"  # the flow that webhook calls are about
FAILED_CALL = (
    "The call says of no record what it is about: there is no “data.object.id”. Correct the route, and replay."
)
OUTAGE = "Web shop is not available: the connection was refused. It is tried again now and then; all work waits."
OUT_AGO, OUT_FOR = 17, 3  # days, hours
PAST = (  # days ago, hours that it took, kind of alert, code of the connector, message
    (24, 1, "paused", "odoo_partners", "Partner company's Odoo is paused: it answered “401 Unauthorized”."),
    (OUT_AGO, OUT_FOR, "resting", "localstripe_shop", OUTAGE),
    (9, 20, "failures", "kinto_contacts", "Contacts, 4 records, for example: “FRA” is no country code."),
)


def remember(env):
    """The runs of four weeks, what was the matter, and webhook calls."""
    rng, now = random.Random(SEED), fields.Datetime.now()
    flows = env["bridge.flow"].search([("parent_id", "=", False)], order="id")
    flows.write({"interval_number": 6, "interval_type": "hours", "next_run": now + timedelta(hours=5)})
    moments = [
        now - timedelta(days=day, hours=24 // RUNS_A_DAY * part)
        for day in range(DAYS, 0, -1)
        for part in range(RUNS_A_DAY, 0, -1)
    ]
    out = now - timedelta(days=OUT_AGO)
    runs = [values for moment in moments for flow in flows for values in _runs(rng, flow, moment, out)]
    env["bridge.run"].create(runs)
    for days, hours, kind, code, message in PAST:
        opened = now - timedelta(days=days)
        connector = env["bridge.connector"].search([("code", "=", code)])
        closed = opened + timedelta(hours=hours)
        values = {"opened": opened, "closed": closed, "opening_mailed": True, "closing_mailed": True}
        key = f"{kind}:{connector.id}:past"
        values |= {"key": key, "kind": kind, "message": message, "connector_id": connector.id}
        env["bridge.alert"].with_context(tracking_disable=True).create(values)
    _call(env, rng, now)
    _follow(env)
    env.cr.commit()


def _runs(rng, flow, moment, out):
    """What the scheduled runs of a flow counted at some moment.

    :param datetime out: when the shop was gone
    """
    is_out = flow.connector_id.code == "localstripe_shop" and out <= moment < out + timedelta(hours=OUT_FOR)
    for kind in ("pull", "push") if flow.direction == "both" else ("pull",):
        seconds = rng.uniform(0.4, 6)
        values = {"flow_id": flow.id, "kind": kind, "trigger": "schedule", "state": "done", "duration": seconds}
        values |= {"started": moment, "finished": moment + timedelta(seconds=seconds * 1.2)}
        if is_out:
            yield {**values, "state": "failed", "message": OUTAGE}
        elif kind == "push":
            yield {**values, "sent_updated": rng.choice((0, 0, 0, 1, 2, 5)), "sent_created": rng.choice((0, 0, 0, 1))}
        else:
            fetched, updated = rng.choice((0, 2, 5, 14, 23)), rng.choice((0, 0, 1, 2, 4))
            created = rng.choice((0, 0, 1, 3))
            fetched = max(fetched, updated + created)
            counters = {"fetched": fetched, "created": created, "updated": updated}
            yield {**values, **counters, "unchanged": fetched - created - updated}


def _call(env, rng, now):
    """Webhook calls of a month, the last ones of today."""
    flow = env["bridge.flow"].search([("code", "=", HOOKED)])
    connector = flow.connector_id
    connector.write({"hook_scheme": "standard"})
    env["bridge.route"].create(
        {
            "connector_id": connector.id,
            "event": "customer.*",
            "flow_id": flow.id,
            "action": "fetch",
            "path": "data.object.id",
        }
    )
    bound = env["bridge.binding"].search([("flow_id", "=", flow.id)], limit=40)
    calls = []
    for number in range(60):
        binding = rng.choice(bound)
        received = now - timedelta(hours=(60 - number) * 11, minutes=rng.randrange(60))
        event = rng.choice(("customer.updated", "customer.updated", "customer.created", "invoice.paid"))
        state, reason = "done", False
        if event == "invoice.paid":
            state, reason = "ignored", "No route is for this event."
        elif number in (40, 57):
            state, reason = "failed", FAILED_CALL
        body = {"id": f"evt_{number:05d}", "type": event, "data": {"object": {"id": binding.external_id}}}
        if state == "failed":
            body["data"] = {}
        calls.append(
            {
                "connector_id": connector.id,
                "company_id": connector.company_id.id,
                "delivery_id": body["id"],
                "event": event,
                "received": received,
                "processed": received + timedelta(seconds=3),
                "address": "203.0.113.7",
                "content_type": "application/json",
                "body": json.dumps(body, indent=2),
                "state": state,
                "reason": reason,
                "flow_id": flow.id if state == "done" else False,
                "external_ids": binding.external_id if state == "done" else False,
            }
        )
    env["bridge.delivery"].create(calls)


def _follow(env):
    """Who looks after it, and a connector that somebody has only begun with."""
    connectors = env["bridge.connector"].search([])
    connectors.write({"responsible_ids": [(6, 0, env.ref("base.user_admin").ids)], "log_level": "everything"})
    env["bridge.connector"].create(
        {"name": "Field service", "code": "field_service", "base_url": "https://service.example.com/api"}
    )


def drift_apart(env):
    """What no run sees, because it went past Odoo's models; then everything is compared."""
    flow = env["bridge.flow"].search([("code", "=", "contacts")])
    bound = env["bridge.binding"].search([("flow_id", "=", flow.id), ("state", "=", "linked")], order="id", limit=60)
    people = env["res.partner"].browse(bound.mapped("res_id")).exists()
    env.cr.execute("UPDATE res_partner SET city = 'Springfield' WHERE id = ANY(%s)", [people[30:34].ids])
    env.cr.execute("UPDATE res_partner SET phone = NULL WHERE id = ANY(%s)", [people[34:36].ids])
    env.invalidate_all()
    flow.with_user(env.ref("base.user_admin")).action_compare()
    env.cr.commit()
    _work(env)


def look_ahead(env):
    """A preview of what is new there."""
    flow = env["bridge.flow"].search([("code", "=", "contacts")])
    flow.with_user(env.ref("base.user_admin")).action_preview()
    env.cr.commit()
    _work(env)


def finish(env):
    """What waits: conflicts, the outbox, a creation whose answer was lost; and whoever is to be told is told."""
    flow = env["bridge.flow"].search([("code", "=", "partners")])
    bound = env["bridge.binding"].search([("flow_id", "=", flow.id), ("state", "=", "linked")], order="id", limit=12)
    rows = []
    for number, binding in enumerate(bound[8:11]):
        person = env["res.partner"].browse(binding.res_id)
        values = {
            "function": (person.function or "Buyer", "Head of Purchasing", None),
            "phone": ("+39 06 555 010", "+39 06 555 777", person.phone or None),
            "email": (f"purchasing.{binding.external_id}@example.com", "office@example.com", person.email or None),
        }
        # One record with several fields; of the others, one has the same field in conflict as it has.
        for name in (("function",), ("phone",), ("function", "phone", "email"))[number]:
            odoo, remote, agreed = values[name]
            rows.append(
                {
                    "binding_id": binding.id,
                    "kind": "field",
                    "field_name": name,
                    "record_name": person.name,
                    "odoo_value": odoo,
                    "remote_value": remote,
                    "agreed_value": agreed,
                    "odoo_user_id": env.ref("base.user_admin").id,
                    "odoo_date": str(fields.Datetime.now() - timedelta(hours=3)),
                    "remote_date": str(fields.Datetime.now() - timedelta(hours=2)),
                }
            )
    env["bridge.conflict"]._keep(flow, rows)
    _lose_an_answer(env, flow)
    admin = env.ref("base.user_admin")
    for person in env["res.partner"].with_user(admin).browse(bound[:3].mapped("res_id")):
        person.function = "Purchasing"
    env.cr.commit()  # what was changed goes into the outbox
    env["ir.cron"]._lanes().write({"lastcall": fields.Datetime.now()})
    env["bridge.alert"]._watch()
    env.cr.commit()


def _lose_an_answer(env, flow):
    new = (
        env["res.partner"]
        .with_user(env.ref("base.user_admin"))
        .with_context(tracking_disable=True)
        .create({"name": "Margaret Hamilton", "ref": "P950"})
    )
    job = env["bridge.job"]._enqueue([{"kind": "push_record", "flow_id": flow.id, "res_id": new.id}])
    reason = "The record was sent, and no answer came. Nobody knows whether it is there: look in the other system."
    values = {"state": "uncertain", "error_kind": "uncertain", "error_message": reason, "error_group": reason}
    job.write({**values, "record_name": new.name, "attempts": 1, "finished": fields.Datetime.now()})


def _work(env):
    """Have a lane work until no job is due."""
    lane = env.ref("integration_bridge.lane_1")
    due = [("state", "in", ("pending", "running")), ("due_at", "<=", "now")]
    for _time in range(200):
        if not env["bridge.job"].search_count(due):
            return
        lane.method_direct_trigger()
        env.cr.rollback()
    raise TimeoutError("the jobs of the demo's month did not end")
