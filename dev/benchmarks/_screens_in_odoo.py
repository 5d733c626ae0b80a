"""The part of `screens.py` that runs inside Odoo, in a process of its own (see in_odoo.py): it fills a database by SQL.

Of each kind of row one is made as the addon makes it, and copied; so a new column needs no word here.
"""

from benchmarks._lane import go_live, vacuum

from odoo import fields
from odoo.tools import SQL

PASSWORD = "bench-screens"
FLOWS = 5  # among which the records are shared out
TABLES = (
    "res_partner",
    "bridge_binding",
    "bridge_change",
    "bridge_conflict",
    "bridge_delivery",
    "bridge_drift",
    "bridge_exchange",
    "bridge_job",
    "bridge_log",
    "bridge_run",
)
# What no other column says; {n} is the number of the copy, {flow} a flow of those that share them.
PARTNER = {
    "name": "'Person ' || {n}",
    "complete_name": "'Person ' || {n}",
    "email": "'person' || {n} || '@example.com'",
}
PAYLOAD = """
    jsonb_build_object('id', 'r-' || {n}, 'name', 'Person ' || {n}, 'email', 'person' || {n} || '@example.com',
                       'note', repeat('word ' || {n} || ' ', 40))
"""


def connect(env, definition, first, number):
    """So many connectors, live and well, with a schedule and a month of runs of each flow.

    :param dict definition: of the first; the others are like it
    :param int first: number of the first
    """
    for one in range(first, first + number):
        document = {
            **definition,
            "connector": {**definition["connector"], "code": f"system_{one}", "name": f"System {one}"},
        }
        go_live(env, document)
    soon = fields.Datetime.add(fields.Datetime.now(), hours=1)
    env["bridge.flow"].search([]).write({"interval_number": 2, "interval_type": "hours", "next_run": soon})
    env["ir.cron"]._lanes().write({"lastcall": fields.Datetime.now()})
    admin = env.ref("base.user_admin")
    admin.password = PASSWORD
    for flow in env["bridge.flow"].search([], order="id desc", limit=number):
        run = env["bridge.run"]._start(flow, "schedule")
        values = {"state": "partial", "started": fields.Datetime.now(), "finished": fields.Datetime.now()}
        run.write({**values, "fetched": 100, "created": 20, "updated": 30, "failed": 2})
        _copy(
            run,
            200,
            started="now() AT TIME ZONE 'UTC' - {n} * interval '3 hours'",
            finished="now() AT TIME ZONE 'UTC' - {n} * interval '3 hours'",
        )
    env.cr.commit()
    vacuum(env, "bridge_run")


def employ(env, roles):
    """One person of each role of the bridge, who has no other right.

    :param list roles: logins, each the name of a group
    """
    for role in roles:
        group = env.ref(f"integration_bridge.group_integration_bridge_{role}")
        env["res.users"].create(
            {"name": role, "login": role, "password": PASSWORD, "group_ids": [fields.Command.set(group.ids)]}
        )
    env.cr.commit()


def fill(env, bindings, logs, failures):
    """Records, and all that is kept of them.

    :param int bindings: Odoo records that are bound
    :param int logs: log lines
    :param int failures: jobs that have failed
    """
    flows = env["bridge.flow"].search([("parent_id", "=", False)], order="id", limit=FLOWS)
    flow, few = flows[0], max(failures // 50, 10)
    run = env["bridge.run"].search([("flow_id", "=", flow.id)], order="id desc", limit=1)
    person = env["res.partner"].create({"name": "Person 0", "email": "person0@example.com"})
    # The commercial partner of each is itself, which only its id says.
    _copy(person, bindings, **PARTNER, commercial_partner_id="currval('res_partner_id_seq')")
    first = person.id + 1
    some = f"(ARRAY{flows.ids})[1 + {{n}} % {len(flows)}]"
    own = {"flow_id": some, "res_id": f"{first} + {{n}} - 1", "external_id": "'r-' || {n}"}
    env["bridge.binding"]._insert_linked(flow, [{"external_id": "r-0", "res_id": person.id, "fingerprint": "f"}])
    bound = env["bridge.binding"].search([("flow_id", "=", flow.id)])
    _copy(bound, bindings, **own, odoo_snapshot=PAYLOAD, remote_snapshot=PAYLOAD)
    line = {"action": "update", "external_id": "r-0", "res_id": person.id, "record_name": "Person 0"}
    env["bridge.log"]._insert(flow, run, [{**line, "changes": {"phone": ["1", "2"]}}])
    again = {**own, "res_id": f"{first} + {{n}} % {bindings}", "external_id": f"'r-' || ({{n}} % {bindings} + 1)"}
    action = "(ARRAY['create', 'update', 'update', 'skip', 'reject', 'send_update'])[1 + {n} % 6]"
    named = f"'Person ' || ({{n}} % {bindings} + 1)"
    _copy(
        env["bridge.log"].search([], limit=1),
        logs,
        **again,
        action=action,
        record_name=named,
        run_id=f"{run.id} - {{n}} % 100",
    )
    preview = env["bridge.run"]._start(flow, "manual", dry_run=True)
    preview.write({"state": "done", "started": fields.Datetime.now(), "finished": fields.Datetime.now()})
    env["bridge.log"]._insert(flow, preview, [{**line, "changes": {"phone": ["1", "2"]}}])
    planned = env["bridge.log"].search([("run_id", "=", preview.id)])
    _copy(planned, bindings, **again, action=action, record_name=named)
    _fail(env, flow, failures, some)
    _beside(env, flow, run, few, bound, logs // 10)
    env["bridge.alert"]._watch()
    env.cr.commit()
    vacuum(env, ", ".join(TABLES))


def _fail(env, flow, number, some):
    """Records that failed for forty reasons in each flow, and as many that have succeeded since."""
    job = env["bridge.job"]._enqueue(
        [{"kind": "pull_record", "flow_id": flow.id, "external_id": "f-0", "payload": {"id": 0}}]
    )
    job.write(
        {
            "state": "failed",
            "error_kind": "data",
            "error_group": "Reason",
            "error_message": "Reason",
            "record_name": "Person",
        }
    )
    values = {
        "flow_id": some,
        "connector_id": f"(SELECT connector_id FROM bridge_flow WHERE id = {some})",
        "external_id": "'f-' || {n}",
        "record_name": "'Order SO-' || {n}",
        "payload": PAYLOAD,
        "error_group": "'Reason ' || {n} % 40 || ' of …'",
        "error_message": "'Reason ' || {n} % 40 || ' of order SO-' || {n}",
    }
    _copy(job, number, **values)
    _copy(job, number, **{**values, "external_id": "'d-' || {n}", "state": "'done'"})


def _beside(env, flow, run, few, bound, deliveries):
    """Conflicts, differences, deliveries, exchanges, the outbox."""
    env["bridge.conflict"]._keep(
        flow, [{"binding_id": bound.id, "kind": "field", "field_name": "phone", "odoo_value": "1", "remote_value": "2"}]
    )
    first = f"{bound.id} + {{n}}"
    where = {"flow_id": f"(SELECT flow_id FROM bridge_binding WHERE id = {first})"}
    where["connector_id"] = (
        "(SELECT connector_id FROM bridge_flow JOIN bridge_binding b ON b.flow_id = bridge_flow.id"
        f" WHERE b.id = {first})"
    )
    _copy(env["bridge.conflict"].search([], limit=1), few, binding_id=first, record_name="'Person ' || {n}", **where)
    drift = env["bridge.drift"].create(
        {"run_id": run.id, "flow_id": flow.id, "kind": "altered", "external_id": "r-0", "res_id": bound.res_id}
    )
    _copy(drift, few, external_id="'r-' || {n}", res_id=f"{bound.res_id} + {{n}}", record_name="'Person ' || {n}")
    delivery = env["bridge.delivery"].create(
        {
            "connector_id": flow.connector_id.id,
            "delivery_id": "e-0",
            "event": "contact.updated",
            "state": "done",
            "received": fields.Datetime.now(),
            "body": "{}",
        }
    )
    state = "CASE WHEN {n} % 50 = 0 THEN 'ignored' ELSE 'done' END"  # what nothing came of is looked through
    told = {"flow_id": str(flow.id), "external_ids": "'r-' || {n}", "body": f"({PAYLOAD})::text"}
    _copy(delivery, deliveries, delivery_id="'e-' || {n}", state=state, **told)
    exchange = env["bridge.exchange"].create(
        {
            "connector_id": flow.connector_id.id,
            "run_id": run.id,
            "started": fields.Datetime.now(),
            "method": "GET",
            "status": 200,
        }
    )
    _copy(exchange, few * 10, response_body=PAYLOAD + "::text", url="'https://example.com/contacts/' || {n}")
    change = env["bridge.change"].create(
        {"flow_id": flow.id, "res_id": bound.res_id, "path": "", "res_model": "res.partner"}
    )
    _copy(change, few, res_id=f"{bound.res_id} + {{n}}")


def _copy(record, number, **columns):
    """Copy a row by SQL.

    :param columns: expressions of SQL for what differs; ``{n}`` in them is the number of the copy
    """
    env, table = record.env, record._table
    env.flush_all()
    names = [name for name, field in record._fields.items() if field.store and field.column_type]
    values = {**{name: SQL.identifier(name) for name in names}, "id": SQL("nextval(%s)", f"{table}_id_seq")}
    values |= {name: SQL(text.replace("{n}", "number").replace("%", "%%")) for name, text in columns.items()}
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s, generate_series(1, %s) number WHERE %s.id = %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, values)),
            SQL(", ").join(values.values()),
            SQL.identifier(table),
            number,
            SQL.identifier(table),
            record.id,
        )
    )
    env.invalidate_all()
