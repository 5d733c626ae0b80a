"""The webhook of a connector in its definition: how calls are verified, and where they go. Never a secret."""

from ..json_text import read_json, write_json
from ..remote.webhooks import HOOK_OPTIONS

LIMITS = ("tolerance", "max_kb", "rate")
PLACES = ("id", "event", "time")
ROUTE = {"event": "event", "action": "action", "path": "path", "version": "version_path"}


def export_webhook(connector):
    """:return: None if it has none"""
    if not connector.hook_scheme:
        return None
    options = {name: connector[f"hook_{name}"] for name in HOOK_OPTIONS if connector[f"hook_{name}"]}
    challenge = {"in": connector.hook_challenge, "name": connector.hook_challenge_name}
    return {
        "scheme": connector.hook_scheme,
        **options,
        "addresses": connector.hook_addresses or None,
        "anybody": connector.hook_anybody,
        **{name: connector[f"hook_{name}"] for name in LIMITS},
        "places": {name: connector[f"hook_{name}_place"] or None for name in PLACES},
        "challenge": challenge if connector.hook_challenge else None,
        "registration": read_json(connector, "hook_registration"),
        "routes": [
            {"flow": route.flow_id.code, **{key: route[name] or None for key, name in ROUTE.items()}}
            for route in connector.route_ids
        ],
    }


def webhook_values(about):
    """The fields of a connector; none if the definition does not say anything of a webhook.

    :param dict about: the connector in the definition
    :rtype: dict
    """
    if "webhook" not in about:
        return {}
    webhook = about["webhook"]
    if webhook is None:
        return {"hook_scheme": False}
    places, challenge = webhook.get("places", {}), webhook.get("challenge") or {}
    return {
        "hook_scheme": webhook["scheme"],
        **{f"hook_{name}": webhook.get(name) or False for name in HOOK_OPTIONS},
        "hook_addresses": webhook.get("addresses") or False,
        "hook_anybody": webhook.get("anybody", False),
        **{f"hook_{name}": webhook[name] for name in LIMITS if name in webhook},
        **{f"hook_{name}_place": places.get(name) or False for name in PLACES},
        "hook_challenge": challenge.get("in") or False,
        "hook_challenge_name": challenge.get("name") or False,
        "hook_registration": write_json(webhook.get("registration")),
    }


def route_values(connector, about):
    """The fields of the routes, in their order; None if the definition says nothing of a webhook.

    :rtype: list[dict] | None
    """
    if "webhook" not in about:
        return None
    flows = {flow.code: flow.id for flow in connector.flow_ids}
    routes = (about["webhook"] or {}).get("routes", ())
    return [
        {
            "connector_id": connector.id,
            "flow_id": flows[route["flow"]],
            "sequence": 10 * (number + 1),
            "event": route.get("event") or "*",
            "action": route["action"],
            "path": route.get("path") or "id",
            "version_path": route.get("version") or False,
        }
        for number, route in enumerate(routes)
    ]
