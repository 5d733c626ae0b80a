"""From a definition to a connector. Importing the same one again changes nothing."""

import json

from odoo import fields

from ..json_text import write_json
from ..mapping.mapper import PLACES
from ..remote.auth import JSON_OPTIONS, OPTIONS
from ..remote.operation import FORMAT_OPTIONS, FORMATS, ITEM_PLACES, READ_OPTIONS
from .names import FIELD_KEYS, FLOW_KEYS, IDEMPOTENCY, LIMITS, given, parents_first
from .ready import check_references
from .webhook import route_values, webhook_values


def load(env, document):
    """Make or update a connector; state, acting user and credentials of one that is there stay as they are.

    :param dict document: one that ``check`` has found right
    :rtype: BridgeConnector
    """
    about, connectors = document["connector"], env["bridge.connector"]
    values = _connector_values(about)
    connector = connectors.with_context(active_test=False).search([("code", "=", about["code"])])
    if connector:
        _write_changes(connector, values)
    else:
        connector = connectors.create(values)
    _load_flows(connector, document["flows"])
    _load_routes(connector, route_values(connector, about))
    check_references(connector.flow_ids)
    return connector


def _connector_values(about):
    auth = about.get("auth", {"scheme": "none"})
    values = {f"auth_{name}": auth.get(name, False) for name in OPTIONS}
    for name in JSON_OPTIONS:
        values[f"auth_{name}"] = write_json(auth.get(name))
    timeouts = about.get("timeouts", {})
    return {
        **values,
        **given(about, ("code", "name", "base_url", "verify_tls", "timezone", "log_level")),
        **given(about, ("cookies",), {"cookies": "keep_cookies"}.get),
        **{f"{name}_timeout": value for name, value in timeouts.items()},
        **{LIMITS[name]: value for name, value in about.get("limits", {}).items()},
        **given(about.get("idempotency", {}), IDEMPOTENCY, IDEMPOTENCY.get),
        "auth_scheme": auth["scheme"],
        "headers": write_json(about.get("headers")),
        **webhook_values(about),
    }


def _load_flows(connector, documents):
    """Make or update the flows; those that the definition does not have are removed."""
    present = {flow.code: flow for flow in connector.with_context(active_test=False).flow_ids}
    places = {document["code"]: 10 * (position + 1) for position, document in enumerate(documents)}
    flows = {}
    for document in parents_first(documents):
        values = {
            **_flow_values(connector.env, document),
            "connector_id": connector.id,
            "parent_id": flows[document["parent"]].id if document.get("parent") else False,
            "sequence": places[document["code"]],
        }
        flow = present.pop(document["code"], None)
        if flow:
            _write_changes(flow, values)
        else:
            flow = connector.env["bridge.flow"].create(values)
        flows[document["code"]] = flow
    connector.env["bridge.flow"].browse(flow.id for flow in present.values()).unlink()
    # Children first, because a nested mapping compiles the mappings of its child.
    for document in reversed(parents_first(documents)):
        _load_operations(flows[document["code"]], document.get("operations", ()))
        _load_fields(flows[document["code"]], document.get("fields", ()))


def _flow_values(env, document):
    record = document.get("record", {})
    schedule = document.get("schedule") or {"every": 0, "unit": "minutes"}
    return {
        **given(document, FLOW_KEYS),
        **{f"{place}_path": record.get(place) or ("id" if place == "id" else False) for place in PLACES},
        "version_header": record.get("version_header") or False,
        "gone_values": write_json(document.get("gone_values")),
        "gone_button": document.get("gone_button") or False,
        "open_address": document.get("open_address") or False,
        "model_id": env["ir.model"]._get_id(document["model"]),
        "match_domain": repr(document.get("match_domain", [])),
        "push_domain": repr(document.get("push_domain", [])),
        "interval_number": schedule["every"],
        "interval_type": schedule["unit"],
    }


def _load_operations(flow, documents):
    present = {operation.kind: operation for operation in flow.operation_ids}
    for document in documents:
        values = {**_operation_values(document), "flow_id": flow.id}
        operation = present.pop(document["kind"], None)
        if operation:
            _write_changes(operation, values)
        else:
            flow.env["bridge.operation"].create(values)
    flow.env["bridge.operation"].browse(operation.id for operation in present.values()).unlink()


def _load_fields(flow, documents):
    present = {mapping.field_name: mapping for mapping in flow.mapping_ids}
    for sequence, document in enumerate(documents):
        values = {
            **given(document, FIELD_KEYS),
            "flow_id": flow.id,
            "sequence": 10 * (sequence + 1),
            "field_id": flow.env["ir.model.fields"]._get(flow.model, document["field"]).id,
            "options": write_json(document.get("options")),
            "default_value": False if document.get("default") is None else json.dumps(document["default"]),
        }
        mapping = present.pop(document["field"], None)
        if mapping:
            _write_changes(mapping, values)
        else:
            flow.env["bridge.field.mapping"].create(values)
    flow.env["bridge.field.mapping"].browse(mapping.id for mapping in present.values()).unlink()


def _load_routes(connector, rows):
    """Routes have no name of their own: they are known by their place."""
    if rows is None:
        return
    present = connector.route_ids
    for route, values in zip(present, rows, strict=False):
        _write_changes(route, values)
    connector.env["bridge.route"].create(rows[len(present) :])
    present[len(rows) :].unlink()


def _bulk_values(document):
    places = {f"item_{name}_path": document.get(name) or False for name in ITEM_PLACES}
    return {"bulk_size": document.get("size", 0), "item": write_json(document.get("item")), **places}


def _operation_values(document):
    pagination = dict(document.get("pagination", {"type": "none"}))
    delta = document.get("delta", {})
    return {
        **given(document, ("kind", "method", "path", *FORMATS, "sends", "repeatable", *READ_OPTIONS)),
        **_bulk_values(document.get("bulk") or {}),
        **{name: document.get(name) or False for name in ("id_header", "new_id")},
        "details": document.get("details") or False,
        "window_days": (document.get("window") or {}).get("days", 0),
        "window_start": fields.Date.to_date((document.get("window") or {}).get("start")) or False,
        "for_each": (document.get("for_each") or {}).get("flow") or False,
        "parent_id_path": (document.get("for_each") or {}).get("path") or False,
        "unsent_paths": ", ".join(document.get("unsent") or ()) or False,
        **{name: write_json(document.get(name)) for name in ("query", "headers", "body", *FORMAT_OPTIONS)},
        "records_path": document.get("records", "@"),
        "pagination": pagination.pop("type"),
        "pagination_options": write_json(pagination),
        "delta_kind": delta.get("type", "none"),
        "delta_format": delta.get("format", "iso"),
        "delta_source": delta.get("source", "record"),
        "delta_path": delta.get("path") or False,
        "delta_overlap": delta.get("overlap", 0),
        "delta_sent_format": delta.get("sent_format") or False,
        "delta_timezone": delta.get("timezone") or False,
        "delta_reset_status": ", ".join(map(str, delta.get("reset_status", [410]))),
    }


def _write_changes(record, values):
    """Write only what differs, so that importing a definition again changes nothing."""
    changed = {}
    for name, value in values.items():
        field = record._fields[name]
        current = record[name].id if field.type == "many2one" else record[name]
        if (current or False) != (value or False):
            changed[name] = value
    if changed:
        record.write(changed)
