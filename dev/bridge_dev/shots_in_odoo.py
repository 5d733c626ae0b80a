"""The part of `./dev/shots` inside Odoo (run by in_odoo.py): makes the copy of the demo fit, and lists the screens.

The menus, their actions and the views of these are read from Odoo; what a person reaches in another way stands here.
"""

import json
import re
from pathlib import Path

from odoo import fields

ROOT = "integration_bridge.integration_bridge_menu_root"
RTL = "ar_001"
EVERYBODY = ("admin", "administrator", "operator", "user")
# Not of the menus, and everybody comes there; screens of the menus are for those who have the menu.
FOR_ALL_ROLES = (
    "failure-form",
    "find-a-record-found",
    "find-a-record-unknown",
    "find-bar",
    "partner-form",
    "run-compare-form",
    "run-failed-form",
    "run-preview-form",
    "sync-status-list",
    "uncertain-form",
    "what-would-happen-list",
)
# What the administrator of connectors sees of it differs from what Odoo's administrator sees.
FOR_ADMINISTRATOR = ("connectors-form", "connect-a-system-openapi", "flows-form", "find-a-record-form")
# Menus of which no second list has anything: the form is shown of the record that is the most telling one.
TELLING = {
    "bridge.connector": [("code", "=", "kinto_contacts")],
    "bridge.flow": [("code", "=", "contacts")],
    "bridge.run": [("state", "=", "partial"), ("dry_run", "=", False)],
    "bridge.log": [("action", "=", "update"), ("dry_run", "=", False)],
    "bridge.conflict": [("state", "=", "open")],
    "bridge.delivery": [("state", "=", "failed")],
    "bridge.gallery": [("entry", "=", "square")],
}
DOCUMENT = Path(__file__).resolve().parents[2] / "tests" / "documents" / "square.json"
RUNS = {
    "run-compare-form": [("kind", "=", "compare")],
    "run-preview-form": [("dry_run", "=", True), ("kind", "=", "pull")],
    "run-failed-form": [("state", "=", "failed")],
}


def prepare(env, kinto):
    """Make a copy of the demo's database fit for pictures, whatever day it was made.

    :param str kinto: address of an address book that answers, for what asks it
    """
    _come_to_date(env)
    admin = env.ref("base.user_admin")
    env["bridge.connector"].with_user(admin).search([], limit=1).action_same_system()  # that it is a copy is no matter
    env["ir.cron"]._lanes().write({"lastcall": fields.Datetime.now()})
    connector = env["bridge.connector"].search([("code", "=", "kinto_contacts")])
    connector.base_url = kinto
    connector._set_secrets({"secret": "demo-password"})
    if connector.sudo().approval_problem:
        connector.with_user(admin).action_approve()
    env["res.lang"]._activate_lang(RTL)
    env["bridge.alert"]._watch()
    env.cr.commit()


def _come_to_date(env):
    """Move everything that the addon has written down so far that the last run was a moment ago."""
    env.cr.execute("SELECT (now() AT TIME ZONE 'UTC') - max(finished) FROM bridge_run")
    (gone,) = env.cr.fetchone()
    env.cr.execute(
        """
        SELECT table_name, array_agg(column_name::text)
          FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
         WHERE table_schema = 'public' AND table_name LIKE 'bridge\\_%%' AND table_type = 'BASE TABLE'
           AND data_type = 'timestamp without time zone'
      GROUP BY table_name
        """
    )
    for table, columns in env.cr.fetchall():
        moved = ", ".join(f'"{column}" = "{column}" + %(gone)s' for column in columns)
        env.cr.execute(f'UPDATE "{table}" SET {moved}', {"gone": gone})
    env.invalidate_all()


def screens(env):
    """Every screen, in the order of the menus.

    :return: each with its name, the action, the view, the record, what to do there, and who sees it
    :rtype: list[dict]
    """
    env = env(user=env.ref("base.user_admin"))
    found = [*_menus(env), *_records(env), *_dialogs(env), *_steps(env)]
    seen = {login: _actions(env, login) for login in EVERYBODY}
    for screen in found:
        screen["users"] = [login for login in EVERYBODY if _is_for(login, screen, seen)]
    return found


def _is_for(login, screen, seen):
    """Whether there is something to look at as somebody: once as admin, and what a role may find otherwise."""
    if login == "admin":
        return True
    if login == "administrator":
        return screen["name"] in FOR_ADMINISTRATOR
    if screen["name"] in FOR_ALL_ROLES:
        return True
    return screen["ofMenu"] and not screen["isEmpty"] and screen["action"] in seen[login]


def _actions(env, login):
    """:return: ids of what somebody's menus open"""
    user = env["res.users"].search([("login", "=", login)])
    return {menu["action_id"] for menu in env["ir.ui.menu"].with_user(user).load_menus(False).values() if menu["id"]}


def _menus(env):
    """Each menu's action in each of its views; and with nothing in it."""
    menus = env["ir.ui.menu"].load_menus(False)
    waiting = [next(menu["id"] for menu in menus.values() if menu.get("xmlid") == ROOT)]
    while waiting:
        menu = menus[waiting.pop(0)]
        waiting = [*menu["children"], *waiting]
        if menu["action_id"] and not menu["children"]:
            for screen in _views(env, _slug(menu["name"]), env[menu["action_model"]].browse(menu["action_id"])):
                yield {**screen, "ofMenu": True}


def _views(env, name, action):
    kinds = action.view_mode.split(",")
    if kinds == ["form"]:
        yield _screen(name, action.id, "form")
        return
    for kind in kinds:
        if kind != "form":
            yield _screen(f"{name}-{kind}", action.id, kind)
    domain = [*TELLING.get(action.res_model, []), *(json.loads(_as_json(action.domain)) if action.domain else [])]
    record = env[action.res_model].search(domain, limit=1)
    if not record:
        raise ValueError(
            f"“{name}” shows no record like {domain}, so there is nothing to look at; run ./dev/demo --once"
        )
    if "form" in kinds:
        yield _screen(f"{name}-form", action.id, "form", record=record.id, tabs=True)
    yield _screen(f"{name}-empty", action.id, kinds[0], is_empty=True)


def _as_json(domain):
    return (
        domain.replace("(", "[").replace(")", "]").replace("'", '"').replace("False", "false").replace("True", "true")
    )


def _records(env):
    """Forms and lists that a person reaches from another one."""
    runs = env.ref("integration_bridge.bridge_run_action").id
    for name, domain in RUNS.items():
        yield _screen(name, runs, "form", record=_one(env, "bridge.run", domain).id, tabs=True)
    jobs = env.ref("integration_bridge.bridge_job_action").id
    failed = _one(env, "bridge.job", [("state", "=", "failed"), ("error_group", "like", "Country")])
    yield _screen("failure-form", jobs, "form", record=failed.id)
    uncertain = _one(env, "bridge.job", [("state", "=", "uncertain")])
    yield _screen("uncertain-form", jobs, "form", record=uncertain.id)
    planned = _one(env, "bridge.run", RUNS["run-preview-form"]).action_open_plan()
    for kind in ("list", "kanban"):
        yield _screen(f"what-would-happen-{kind}", planned, kind)
    bound = _one(env, "bridge.binding", [("flow_id.code", "=", "contacts"), ("state", "=", "linked")])
    partner = {
        "type": "ir.actions.act_window",
        "res_model": "res.partner",
        "views": [[False, "form"]],
        "name": "Contact",
    }
    status = {"region": ".o_bridge_status", "phone": [["click", ".o_form_view button:has(.fa-bolt)"]]}
    yield {**_screen("partner-form", {**partner, "res_id": bound.res_id}, "form"), **status}
    yield _screen("sync-status-list", env["bridge.flow"].action_sync_status("res.partner", [bound.res_id]), "list")
    mapped, there = (_one(env, model, []) for model in ("bridge.field.mapping", "bridge.operation"))
    for name, record in (("field-mapping-form", mapped), ("operation-form", there)):
        yield _screen(
            name, {**partner, "res_model": record._name, "res_id": record.id, "name": name}, "form", tabs=True
        )


def _dialogs(env):
    """Every dialog of the addon that no menu opens."""
    failed = _one(env, "bridge.job", [("state", "=", "failed"), ("kind", "=", "pull_record")])
    uncertain = _one(env, "bridge.job", [("state", "=", "uncertain")])
    flow = env["bridge.flow"].search([("code", "=", "contacts")])
    connector = {"default_connector_id": flow.connector_id.id}
    opened = {
        "bridge.caller": connector,
        "bridge.hook.secret": connector,
        "bridge.anew": {"default_flow_id": flow.id},
        "bridge.job.replay": failed.action_edit()["context"],
        "bridge.job.ignore": failed.action_ignore()["context"],
        "bridge.job.there": uncertain.action_there()["context"],
    }
    of_menus = env["ir.ui.menu"].search([("id", "child_of", env.ref(ROOT).id)]).mapped("action")
    for action in env["ir.actions.act_window"].search([("res_model", "=like", "bridge.%"), ("target", "=", "new")]):
        if action in of_menus or action.res_model == "bridge.look":  # what that shows is made when it is asked for
            continue
        context = opened[action.res_model]
        if action.res_model == "bridge.anew":
            context = {**context, "default_kind": action.xml_id.rpartition("_")[2]}
        yield _screen(_slug(action.name), {**action._get_action_dict(), "context": context}, "form")
    listing = _one(env, "bridge.operation", [("flow_id", "=", flow.id), ("kind", "=", "list")])
    yield _screen("look-at-the-answer", listing.action_look(), "form")


def _steps(env):
    """What a person sees after a step in a dialog or in the editor."""
    find = env.ref("integration_bridge.bridge_find_action").id
    press = ["click", "button[name=action_find]"]
    yield _screen(
        "find-a-record-found", find, "form", steps=[["fill", ".o_field_widget[name=sought] input", "Grace"], press]
    )
    nowhere = ["fill", ".o_field_widget[name=sought] input", "nowhere to be found"]
    yield _screen("find-a-record-unknown", find, "form", steps=[nowhere, press])
    bar = {"region": ".o_bridge_find_bar", "phone": [["click", ".o_bridge_find_bar input"]]}
    yield {**_screen("find-bar", env.ref("integration_bridge.bridge_alert_action").id, "list"), **bar}
    connect = env.ref("integration_bridge.bridge_connect_action")._get_action_dict()
    for entry in ("xero", "openapi"):
        context = {**json.loads(_as_json(connect["context"])), "default_entry": entry}
        yield _screen(f"connect-a-system-{entry}", {**connect, "context": context}, "form")
    flow = env["bridge.flow"].search([("code", "=", "contacts")])
    file = ["set_input_files", ".o_field_widget[name=document_file] input[type=file]", str(DOCUMENT)]
    context = {**json.loads(_as_json(connect["context"])), "default_entry": "openapi"}
    reading = [file, ["click", "button[name=action_read]"]]
    yield _screen("connect-by-document", {**connect, "context": context}, "form", steps=reading)
    flows = env.ref("integration_bridge.bridge_flow_action").id
    fetch = [["click", ".o_notebook .nav-link[name=mappings]"], ["click", ".o_bridge_fetch"]]
    yield _screen("mapping-sample", flows, "form", record=flow.id, steps=fetch)
    country = [*fetch, ["click", ".o_bridge_line[data-field=country_id] .o_bridge_edit"]]
    yield _screen("mapping-line", flows, "form", record=flow.id, steps=country)


def _one(env, model, domain):
    record = env[model].search(domain, limit=1)
    if not record:
        raise ValueError(f"The demo has no {model} like {domain}; run ./dev/demo --once")
    return record


def _screen(name, action, view, record=None, tabs=False, steps=(), is_empty=False):
    action = action if isinstance(action, int) else json.loads(json.dumps(action, default=str))
    screen = {
        "name": name,
        "action": action,
        "view": view,
        "record": record,
        "tabs": tabs,
        "steps": list(steps),
        "phone": [],
        "ofMenu": False,
        "region": None,
    }
    # What is empty looks the same in each language and light.
    return {**screen, "isEmpty": is_empty, "looks": ["light"] if is_empty else None}


def _slug(name):
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
