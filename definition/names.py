"""The words of a definition, and the fields that they stand for."""

FORMAT, VERSION = "integration_bridge.connector", 1
# Definition key to field, where the value is taken over as it is.
FLOW_KEYS = (
    "code",
    "name",
    "direction",
    "is_called",
    "authority",
    "can_create",
    "can_update",
    "delete_policy",
    "leave_policy",
    "odoo_delete_policy",
    "number_ids",
    "remove_limit",
    "page_size",
    "chatter",
    "global_ids",
    "full_scan_days",
)
LIMITS = {
    "requests": "rate_requests",
    "period": "rate_period",
    "burst": "rate_burst",
    "requests_at_once": "max_requests",
    "lanes_at_once": "max_lanes",
}
IDEMPOTENCY = {"header": "idempotency_header", "hours": "idempotency_hours", "settle": "settle_seconds"}
FIELD_KEYS = ("path", "converter", "direction", "authority", "key", "required", "create_only", "checked")
FIELD_KEYS += ("on_missing", "on_null", "on_empty", "when_empty", "write_path")


def parents_first(documents):
    """Flows so that each comes after the one that it is inside of; circles are left out.

    :rtype: list[dict]
    """
    ordered, placed = [], {None}
    while ready := [one for one in documents if one.get("parent") in placed and one not in ordered]:
        ordered += ready
        placed |= {one["code"] for one in ready}
    return ordered


def given(document, keys, rename=str):
    """The values of the keys that a document has; the others keep their default. Null is "not set".

    :param rename: from key to field name
    """
    return {rename(key): False if document[key] is None else document[key] for key in keys if key in document}
