"""An Odoo process that a test talks to: `odoo_worker.py CONFIG DATABASE`; JSON requests and answers, one a line.

Each request runs in a transaction of its own as the superuser and is committed. The process can be killed at any time.
"""

import base64
import contextlib
import json
import logging
import os
import random
import sys
import threading
import time

import psycopg2

_logger = logging.getLogger("odoo_worker")

PATIENCE = 120  # seconds for all that is due


def configure(env, definition, secret=None, flow=None):
    """Import a definition and go live as the administrator."""
    env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
    imported = env["bridge.connector"]._import_definition(definition)
    if secret:
        imported._set_secrets({"secret": secret})
    imported.write({"state": "live", "user_id": env.ref("base.user_admin").id})
    if flow:
        imported.flow_ids.filtered(lambda one: not one.parent_id).write(flow)
    return imported.id


def connect_by_document(env, document, base_url, secret, path, fields, page_size):
    """Connect by the assistant, as an administrator does, and say which fields go where; tell what was proposed."""
    env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
    env = env(user=env.ref("base.user_admin").id)
    raw = base64.b64encode(json.dumps(document).encode())
    wizard = env["bridge.connect"].create({"entry": "openapi", "document_file": raw, "base_url": base_url})
    wizard.action_read()
    line = wizard.line_ids.filtered(lambda one: one.path == path)
    line.is_chosen = True
    wizard.action_create()
    flow = env["bridge.flow"].search([])
    flow.connector_id._set_secrets({"secret": secret})
    for name, place in fields.items():
        field = env["ir.model.fields"]._get(flow.model, name)
        values = {"flow_id": flow.id, "field_id": field.id, "path": place, "converter": "text"}
        env["bridge.field.mapping"].create(values)
    flow.page_size = page_size
    operation = flow._operation("list")
    return {
        "model": line.model_id.model,
        "scheme": flow.connector_id.auth_scheme,
        "state": flow.connector_id.state,
        "id_path": flow.id_path,
        "records": operation.records_path,
        "pagination": operation.pagination,
    }


def look_and_apply(env, path, page_size):
    """Forget how a list is read, look at its answer, and apply what is ticked; tell what that was."""
    env = env(user=env.ref("base.user_admin").id)
    operation = env["bridge.operation"].search([("kind", "=", "list"), ("path", "=", path)])
    forgotten = {"query": False, "pagination": "none", "pagination_options": False, "records_path": "@"}
    operation.write({**forgotten, "delta_kind": "none"})
    operation.flow_id.id_path = "odd"
    look = env["bridge.look"].browse(operation.action_look()["res_id"])
    look.take_id = True  # of a flow that has records it is never ticked unasked
    look.action_apply()
    operation.flow_id.page_size = page_size
    return {
        "records_path": operation.records_path,
        "id_path": operation.flow_id.id_path,
        "pagination": operation.pagination,
        "reason": look.pagination_reason,
    }


def configure_called(env, definition):
    """Import a definition whose flows are called; return the API key of a user who may call them."""
    connector = env["bridge.connector"]._import_definition(definition)
    group = env.ref("integration_bridge.group_integration_bridge_external")
    caller = env["res.users"].create(
        {"name": "Shop", "login": "shop_caller", "group_ids": [(6, 0, group.ids)], "password": "shop_caller"}
    )
    connector.write({"state": "live", "user_id": env.ref("base.user_admin").id, "caller_ids": [(6, 0, caller.ids)]})
    return env["res.users.apikeys"].with_user(caller).sudo()._generate("rpc", "shop", None)


def configure_webhook(env, definition, secret, route):
    """Import a definition, go live, and open a webhook; return the path of its address."""
    connector = env["bridge.connector"].browse(configure(env, definition))
    connector.write({"hook_scheme": "standard", "hook_rate": 0})
    connector._keep_hook_secret(secret, 0)
    env["bridge.route"].create({"connector_id": connector.id, "flow_id": connector.flow_ids[0].id, **route})
    return "/" + connector.hook_address.split("/", 3)[3]


def configure_hooked(env, definition, secret, hook_secret):
    """Import a definition with a webhook, and go live; return the path of its address. Nothing runs by schedule."""
    connector = env["bridge.connector"].browse(configure(env, definition, secret, {"interval_number": 0}))
    connector._keep_hook_secret(hook_secret, 0)
    return "/" + connector.hook_address.split("/", 3)[3]


def set_base_url(env, url):
    env["ir.config_parameter"].set_param("web.base.url", url)


def send_test(env):
    """What the button tells."""
    env.cr.commit()
    return env["bridge.connector"].search([]).action_send_test()["params"]


def change_phone(env, phone, seed):
    """A person changes a record that is bound; which one, the seed says."""
    bound = env["bridge.binding"].search([("res_model", "=", "res.partner")])
    if bound:
        env["res.partner"].browse(bound[int(seed * len(bound))].res_id).phone = phone


def test_connection(env):
    return env["bridge.connector"].search([]).action_test_connection()["params"]["message"]


def go_live(env):
    env["bridge.connector"].search([]).action_set_live()


def say(env, is_same):
    """An administrator says whether this database is the same system, moved, or a copy."""
    connector = env["bridge.connector"].with_user(env.ref("base.user_admin")).search([])
    connector.action_same_system() if is_same else connector.action_is_copy()


def enqueue(env, flows=None, full=False):
    """Queue the runs of these flows (of all, by default); return {code: run ids}."""
    domain = [("parent_id", "=", False), ("connector_id.state", "=", "live")]
    domain += [("code", "in", flows)] if flows else []
    found = env["bridge.flow"].search(domain, order="id")
    return {flow.code: flow._enqueue("manual", full=full).ids for flow in found}


def lane(env, number=1):
    """Have a lane work once, as Odoo's scheduler calls it.

    :raises BlockingIOError: if it works already, or PostgreSQL has not noticed yet that its process is dead
    """
    cron = env.ref(f"integration_bridge.lane_{number}")
    claimed = cron._acquire_one_job(env.cr, cron.id, include_not_ready=True)
    if not claimed:
        raise BlockingIOError(f"lane {number} works already")
    cron._process_job(env.cr, claimed)
    env.cr.commit()  # so does the scheduler; else Odoo, after three kills in a row, would call it timed out for ever


def work(env, number=1):
    """Have a lane work until nothing is due."""
    deadline = time.monotonic() + PATIENCE
    due = [("state", "in", ("pending", "running")), ("due_at", "<=", "now")]
    while env["bridge.job"].search_count(due):
        if time.monotonic() > deadline:
            raise TimeoutError("the jobs did not end in time")
        lane(env, number)


def sync(env, flows=None, full=False):
    """Queue, work, and return the runs' figures by flow."""
    runs = enqueue(env, flows, full)
    env.cr.commit()
    work(env)
    return {code: figures(env, run_ids) for code, run_ids in runs.items()}


def figures(env, run_ids):
    """Return what runs of a flow counted, how many pages were read, what was sent, and what went wrong."""
    runs = env["bridge.run"].browse(run_ids)
    run, push = runs[:1], runs.filtered(lambda run: run.kind == "push")
    names = ("fetched", "created", "updated", "unchanged", "archived", "removed", "failed", "state", "message", "full")
    problems = runs.log_ids.filtered(lambda line: line.action == "reject").mapped("message")
    sent = {name: push[name] for name in ("sent_created", "sent_updated", "sent_removed")} if push else {}
    counted = {name: run[name] for name in names}
    return {**counted, "pages": (run.position or {}).get("pages"), "problems": problems, **sent}


def past_the_claim(env, flow):
    """Run a flow without a job: nothing keeps another process from doing the same at the same time."""
    run = env["bridge.run"]._start(env["bridge.flow"].search([("code", "=", flow)]), "manual")
    env.cr.commit()

    def commit(_processed):
        env.cr.commit()
        return float("inf")

    while not _slice(run, commit):
        env.cr.rollback()
    return run.id


def _slice(run, commit):
    """One slice; a transaction that lost against another one is begun again, as a job does with a `busy` error."""
    try:
        return run._run_slice(commit)
    except psycopg2.errors.SerializationFailure:
        return False


def record(env, flow, external_id, paths):
    """Return {path: value} of the Odoo record of a remote record; of many related records the sorted values."""
    binding = env["bridge.binding"].search([("flow_id.code", "=", flow), ("external_id", "=", external_id)])
    found = env[binding.res_model].with_context(active_test=False).browse(binding.res_id).exists()
    return {path: _value(found, path.split(".")) for path in paths} if found else None


def _value(found, names):
    several = False
    for name in names[:-1]:
        several = several or found._fields[name].type in ("one2many", "many2many")
        found = found[name]
    values = [one[names[-1]] for one in found]
    return sorted(values) if several else values[0] if values else None


def read_path(env, flow, external_id, path, names):
    """Return rows of values of the records that the Odoo record of a remote record has at a field, in their order."""
    binding = env["bridge.binding"].search([("flow_id.code", "=", flow), ("external_id", "=", external_id)])
    inside = env[binding.res_model].browse(binding.res_id)[path]
    return [[_value(one, name.split(".")) for name in names] for one in inside]


def activate_currency(env, code):
    """Use another currency, which is as much as the company's own."""
    env["res.currency"].with_context(active_test=False).search([("name", "=", code)]).active = True


def create_pricelist(env, name, currency):
    """A pricelist, which is what gives a sales order its currency."""
    currency = env["res.currency"].search([("name", "=", currency)])
    return env["product.pricelist"].create({"name": name, "currency_id": currency.id}).id


def set_decimals(env, usage, digits):
    """How many decimals are kept, as in Settings > Technical > Decimal Accuracy."""
    env["decimal.precision"].search([("name", "=", usage)]).digits = digits


def set_up_accounting(env):
    """A chart of accounts, without which there is no journal."""
    env["account.chart.template"].try_loading("generic_coa", company=env.company, install_demo=False)


def create(env, model, values, tags=()):
    """A record that somebody creates in Odoo; a contact may have tags."""
    if tags:
        category = env["res.partner.category"]
        values["category_id"] = [(6, 0, category.search([("name", "in", list(tags))]).ids)]
    return env[model].create(values).id


def record_id(env, flow, external_id):
    """The Odoo id of a remote record."""
    return env["bridge.binding"].search([("flow_id.code", "=", flow), ("external_id", "=", external_id)]).res_id


def write(env, flow, external_id, values):
    """Change the Odoo record of a remote record."""
    found = env["bridge.flow"].search([("code", "=", flow)])
    env[found.model].browse(record_id(env, flow, external_id)).write(values)


def write_id(env, model, record_id, values):
    """Change an Odoo record."""
    env[model].browse(record_id).write(values)


def unlink(env, flow, external_id):
    """Delete the Odoo record of a remote record."""
    found = env["bridge.flow"].search([("code", "=", flow)])
    env[found.model].browse(record_id(env, flow, external_id)).unlink()


def push_only(env, flow):
    """Send what has changed, without looking at the remote before."""
    found = env["bridge.flow"].search([("code", "=", flow)])
    env["bridge.run"]._enqueue(found, trigger="manual", kind="push")
    env.cr.commit()
    work(env)


def decide_conflicts(env, side):
    """Decide every open conflict, and carry it out."""
    getattr(env["bridge.conflict"].search([("state", "=", "open")]), f"action_keep_{side}")()
    env.cr.commit()
    lane(env)
    work(env)


def all_is_due(env):
    """All that waits only for the time to pass."""
    env["bridge.job"].search([("state", "=", "pending")]).write({"due_at": "2001-01-01"})
    env["bridge.gate"].search([])._open()


def read(env, model, domain, names):
    """Return the fields of records, archived ones as well, in the order of their ids."""
    return env[model].with_context(active_test=False).search(domain, order="id").read(names, load=None)


def uninstall(env):
    """Uninstall the addon as a person would."""
    env["ir.module.module"].search([("name", "=", "integration_bridge")]).button_immediate_uninstall()


# --------------------------------------------------------------------------------------------------------------------
# Processes that are cheap to kill
# --------------------------------------------------------------------------------------------------------------------


def fork(env, repeated, arguments):
    """Run a function again and again in a child process, until that is killed; return its process id.

    Odoo is loaded already, so that a new process costs milliseconds. A lost transaction or connection is what happens
    to Odoo's scheduler as well: it tries again.
    """
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()  # a lock that it held at this moment would be held in the child for ever
    database, pid = env.cr.dbname, os.fork()
    if pid:
        return pid
    try:
        _forget_connections()
        while True:
            _once_more(database, globals()[repeated], arguments)
    except BaseException:
        _logger.exception("The child process ends")
    finally:
        os._exit(1)


def _forget_connections():
    """What the parent talks through is not ours; psycopg2 closes no connection of another process."""
    from odoo import sql_db

    for pool in filter(None, (sql_db._Pool, sql_db._Pool_readonly)):
        pool._connections.clear()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    random.seed()


def _once_more(database, function, arguments):
    import odoo
    from odoo.modules.registry import Registry

    try:
        with Registry(database).cursor() as cr:
            function(odoo.api.Environment(cr, odoo.SUPERUSER_ID, {}), **arguments)
    except (psycopg2.Error, BlockingIOError):
        _logger.info("Once more", exc_info=True)
    time.sleep(0.01)  # two processors have more to do than to ask whether there is work


def sync_and_work(env, number=1):
    """Queue a run, now and then a full one, and have a lane work once."""
    enqueue(env, full=random.random() < 0.2)
    env.cr.commit()
    lane(env, number)


def reap(env, pid):
    """Wait for the end of a child; return the signal that killed it, or 0."""
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


# --------------------------------------------------------------------------------------------------------------------
# Further acts
# --------------------------------------------------------------------------------------------------------------------


def lanes(env, count):
    """Have so many lanes."""
    env["ir.config_parameter"].set_param("integration_bridge.lanes", count)
    env["ir.cron"]._set_lanes(count)


def enqueue_records(env, flow, external_ids):
    """Queue single records of a flow, many at once; return the number of jobs."""
    flow = env["bridge.flow"].search([("code", "=", flow)])
    run = env["bridge.run"]._start(flow, "record")
    values = {"kind": "pull_record", "flow_id": flow.id, "run_id": run.id}
    return len(env["bridge.job"]._enqueue([{**values, "external_id": str(one)} for one in external_ids]))


def create_contacts(env, names, **values):
    """Contacts that somebody creates in Odoo, each with an e-mail address made of the name."""
    rows = [{"name": name, "email": f"{name.lower().replace(' ', '.')}@example.com", **values} for name in names]
    return env["res.partner"].create(rows).ids


def act(env, acts):
    """What people do to contacts in Odoo, each act in a transaction of its own, which is done again if it was lost.

    :param list acts: (what, e-mail address, values); what: create, write, unlink
    :return: how many were done; one that is about a contact which is not there any more is not
    """
    return sum(as_a_request(env, "_act", {"what": what, "email": email, "values": rest}) for what, email, rest in acts)


def as_a_request(env, wanted, arguments):
    """Do what a click does: it is committed, and done again if another transaction was first."""
    from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

    while True:
        try:
            result = globals()[wanted](env, **arguments)
            env.cr.commit()
            return result
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            env.cr.rollback()


def _act(env, what, email, values):
    if what == "create":
        env["res.partner"].create({"email": email, **values})
        return True
    partner = env["res.partner"].with_context(active_test=False).search([("email", "=", email)])
    if partner and what == "unlink":
        partner.unlink()
    elif partner:
        partner.write(values)
    return bool(partner)


def decide_conflict(env, side):
    """A person decides the oldest open conflict."""
    conflict = env["bridge.conflict"].search([("state", "=", "open")], order="id", limit=1)
    getattr(conflict, f"action_keep_{side}")()
    return len(conflict)


def open_conflict(env, name, field_name, values):
    """A contact that both sides have, and of which both have changed a field.

    :param list values: in Odoo, in the other system, and when both last agreed
    """
    flow = env["bridge.flow"].search([], limit=1)
    contact = env["res.partner"].create({"name": name})
    binding = env["bridge.binding"].create({"flow_id": flow.id, "external_id": "7", "res_id": contact.id})
    columns = dict(zip(("odoo_value", "remote_value", "agreed_value"), values, strict=True))
    about = {"binding_id": binding.id, "kind": "field", "field_name": field_name, "record_name": name}
    env["bridge.conflict"]._keep(flow, [{**about, **columns}])


def decide(env, there):
    """Look at every uncertain creation as a person does.

    :param dict there: e-mail address to remote id
    :return: how many are there, and how many are not
    """
    jobs = env["bridge.job"].search([("state", "=", "uncertain")])
    found = {job: there.get(env["res.partner"].browse(job.res_id).email) for job in jobs}
    for job, external_id in found.items():
        if external_id:
            job._resolve_there(external_id)
        else:
            job.action_not_there()
    return [sum(map(bool, found.values())), sum(not one for one in found.values())]


def watch(env):
    """Look for what needs a person, as the scheduled action does; the last digest was 15 minutes ago."""
    env["ir.config_parameter"].set_param("integration_bridge.last_digest", "")
    env["bridge.alert"]._watch()


def mail_through(env, port):
    """Send e-mail to this port of this machine, and let the administrator have an address."""
    env.ref("base.user_admin").email = "admin@example.com"
    env["ir.mail_server"].create(
        {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
    )


def set_secrets(env, **secrets):
    """Enter credentials of all connectors."""
    env["bridge.connector"].search([])._set_secrets(secrets)


def known_secrets(env, definition, **secrets):
    """A live connector of a definition, with these credentials; return the id of its first flow."""
    env["ir.config_parameter"].set_param("integration_bridge.allowed_private_addresses", "127.0.0.1")
    connector = env["bridge.connector"]._import_definition(definition)
    connector._set_secrets(secrets)
    connector.write({"state": "live", "user_id": env.ref("base.user_admin").id, "log_level": "everything"})
    return connector.flow_ids[:1].id


def fail_once(env, flow):
    """Run a flow, with whatever comes of it, and have the connector go on; return the kinds of its errors."""
    flow = env["bridge.flow"].browse(flow)
    run = flow._enqueue("manual", full=True)
    env.cr.commit()
    lane(env)
    env.cr.rollback()
    jobs = env["bridge.job"].search([("flow_id", "=", flow.id)])
    kinds = sorted(set(filter(None, jobs.mapped("error_kind"))))
    jobs.filtered(lambda job: job.state in ("pending", "running")).action_cancel()
    run.action_cancel()
    flow.connector_id.action_resume()
    return kinds


def one_to_push(env, name):
    """A record that a flow has to send."""
    env["res.partner"].create({"name": name, "ref": name})


def open_hook(env, flow, secret):
    """Open the webhook of a flow's connector, with this secret in X-Hook; return the path of its address."""
    flow = env["bridge.flow"].browse(flow)
    flow.connector_id.write({"hook_scheme": "header", "hook_header": "X-Hook"})
    flow.connector_id._keep_hook_secret(secret, 0)
    values = {"flow_id": flow.id, "connector_id": flow.connector_id.id}
    env["bridge.route"].create({**values, "event": "*", "action": "payload", "path": "data"})
    return "/" + flow.connector_id.hook_address.split("/", 3)[3]


def models_written(env, since):
    """Our models, and all others of which a record was written since then, or that do not say when it was."""
    found = []
    for name, model in sorted(env.items()):
        if model._abstract or not (model._auto or name.startswith("bridge.")):
            continue
        if model._table_query:  # a query has no table in which something could be; it is read as all others are
            found.append(name)
            continue
        when = f"write_date >= '{since}'" if model._auto and model._log_access else "true"
        env.cr.execute(f'SELECT EXISTS (SELECT FROM "{model._table}" WHERE {when})')
        if env.cr.fetchone()[0]:
            found.append(name)
    return found


def add_person(env, role):
    """Somebody with one of our roles and no other right; role, login and password are the same word."""
    groups = [env.ref(name).id for name in ("base.group_user", f"integration_bridge.group_integration_bridge_{role}")]
    env["res.users"].create({"name": role, "login": role, "password": role, "group_ids": [(6, 0, groups)]})


def key_of(env, login, groups):
    """The id of a user, who is made if there is none of that name, and an API key."""
    user = env["res.users"].search([("login", "=", login)])
    user = user or env["res.users"].create(
        {"name": login, "login": login, "group_ids": [(6, 0, [env.ref(group).id for group in groups])]}
    )
    return user.id, env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", "secrets", None)


def definitions(env):
    """All connectors as definitions; the files are made, too."""
    connectors = env["bridge.connector"].search([])
    for connector in connectors:
        connector.action_export_definition()
    return [connector._export_definition() for connector in connectors]


def elsewhere(env, database, wanted, arguments):
    """Run a function in another database, in this process."""
    import odoo
    from odoo.modules.registry import Registry

    with Registry(database).cursor() as cr:
        return globals()[wanted](odoo.api.Environment(cr, odoo.SUPERUSER_ID, {}), **arguments)


def _open_cursor(registry):
    """A cursor that works: PostgreSQL may have been restarted, and the pool notices when it is asked."""
    while True:
        try:
            with contextlib.ExitStack() as stack:
                cr = stack.enter_context(contextlib.closing(registry.cursor()))
                cr.execute("SELECT 1")
                stack.pop_all()
                return cr
        except psycopg2.DatabaseError:
            time.sleep(0.01)


def main(config_path, database, *options):
    """Serve requests until standard input ends."""
    import odoo
    from odoo.modules.registry import Registry
    from odoo.tools import config

    answers, sys.stdout = sys.stdout, sys.stderr
    config.parse_config(["-c", config_path, "-d", database, "--no-http", *options], setup_logging=True)
    Registry(database)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            with _open_cursor(Registry(database)) as cr:
                env = odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})
                answer = {"result": globals()[request["function"]](env, **request["arguments"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
