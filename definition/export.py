"""From a connector to its definition."""

from ..json_text import read_json
from ..mapping.mapper import PLACES
from ..remote.operation import FORMAT_OPTIONS, FORMATS, ITEM_PLACES, READ_OPTIONS, READS, WRITES
from .names import FIELD_KEYS, FLOW_KEYS, FORMAT, LIMITS, VERSION
from .webhook import export_webhook


def export(connector):
    """A connector as a document that another database can import; it has no secrets.

    :param BridgeConnector connector: one

    :rtype: dict
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "connector": {
            "code": connector.code,
            "name": connector.name,
            "base_url": connector.base_url or None,
            "auth": {"scheme": connector.auth_scheme, **connector._auth_options()},
            "headers": read_json(connector, "headers") or {},
            "timeouts": {
                "connect": connector.connect_timeout,
                "read": connector.read_timeout,
                "total": connector.total_timeout,
            },
            "limits": {name: connector[field_name] for name, field_name in LIMITS.items()},
            "idempotency": {
                "header": connector.idempotency_header or None,
                "hours": connector.idempotency_hours,
                "settle": connector.settle_seconds,
            },
            "verify_tls": connector.verify_tls,
            "cookies": connector.keep_cookies,
            "timezone": connector.timezone,
            "log_level": connector.log_level,
            "webhook": export_webhook(connector),
        },
        "flows": [export_flow(flow) for flow in connector.flow_ids],
    }


def export_flow(flow):
    """:rtype: dict"""
    return {
        **{key: flow[key] for key in FLOW_KEYS},
        "gone_values": read_json(flow, "gone_values") or None,
        "gone_button": flow.gone_button or None,
        "open_address": flow.open_address or None,
        "model": flow.model,
        "parent": flow.parent_id.code or None,
        "match_domain": flow._read_domain("match_domain"),
        "push_domain": flow._read_domain("push_domain"),
        "record": {
            **{place: flow[f"{place}_path"] or None for place in PLACES},
            "version_header": flow.version_header or None,
        },
        "schedule": {"every": flow.interval_number, "unit": flow.interval_type} if flow.interval_number else None,
        "operations": [export_operation(operation) for operation in flow.operation_ids],
        "fields": [export_field(mapping) for mapping in flow.mapping_ids],
    }


def export_operation(operation):
    """:rtype: dict"""
    document = {
        **{key: operation[key] for key in ("kind", "method", "path", *FORMATS)},
        "query": read_json(operation, "query") or {},
        "headers": read_json(operation, "headers") or {},
        "body": read_json(operation, "body", ()),
        **{name: read_json(operation, name) or {} for name in FORMAT_OPTIONS},
        "records": operation.records_path,
    }
    if operation.kind in READS:
        document |= {name: operation[name] for name in READ_OPTIONS}
    if operation.kind in WRITES:
        document |= {"sends": operation.sends, "repeatable": operation.repeatable, "bulk": _export_bulk(operation)}
        document |= {name: operation[name] or None for name in ("id_header", "new_id")}
        document["unsent"] = operation._unsent()
    if operation.kind in ("list", "find"):
        document["pagination"] = {"type": operation.pagination, **(read_json(operation, "pagination_options") or {})}
    if operation.kind == "list":
        document["details"] = operation.details or None
        start = operation.window_start and operation.window_start.isoformat()
        document["window"] = {"days": operation.window_days, "start": start} if operation.window_days else None
        each = {"flow": operation.for_each, "path": operation.parent_id_path or None}
        document["for_each"] = each if operation.for_each else None
        document["delta"] = {
            "type": operation.delta_kind,
            "format": operation.delta_format or "iso",
            "source": operation.delta_source,
            "path": operation.delta_path or None,
            "overlap": operation.delta_overlap,
            "sent_format": operation.delta_sent_format or None,
            "timezone": operation.delta_timezone or None,
            "reset_status": sorted(operation._reset_statuses()),
        }
    return document


def _export_bulk(operation):
    places = {name: operation[f"item_{name}_path"] or None for name in ITEM_PLACES}
    if not operation.bulk_size and not any(places.values()):
        return None
    return {"size": operation.bulk_size, "item": read_json(operation, "item", ()), **places}


def export_field(mapping):
    """:rtype: dict"""
    return {
        "field": mapping.field_name,
        **{
            key: mapping[key] or (None if key in ("path", "direction", "authority", "write_path") else mapping[key])
            for key in FIELD_KEYS
        },
        "options": read_json(mapping, "options") or {},
        "default": read_json(mapping, "default_value", ()),
    }
