"""Connector definitions: a connector as one JSON document, without secrets, to hand on, keep and compare."""

import functools
import json

import jsonschema

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import file_open

from ..json_text import read_json, write_json
from ..mapping.converters import CONVERTERS
from ..remote.auth import SCHEMES
from ..remote.pagination import PAGINATORS
from .bridge_connector import AUTH_OPTIONS
from .bridge_flow import RECORD_PLACES
from .bridge_operation import ITEM_PLACES, WRITES

FORMAT, VERSION = "integration_bridge.connector", 1
SHOWN_PROBLEMS = 20

# Definition key to field, where the value is taken over as it is.
FLOW_KEYS = (
    "code",
    "name",
    "direction",
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
FIELD_KEYS = ("path", "converter", "direction", "authority", "key", "required", "create_only")
FIELD_KEYS += ("on_missing", "on_null", "on_empty", "when_empty")


@functools.cache
def _schema():
    with file_open("integration_bridge/data/connector_definition.schema.json") as stream:
        return json.load(stream)


class BridgeConnector(models.Model):
    _inherit = "bridge.connector"

    # ----------------------------------------------------------------------------------------------------------------
    # Export
    # ----------------------------------------------------------------------------------------------------------------

    def _export_definition(self):
        """This connector as a document that another database can import; it has no secrets.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "format": FORMAT,
            "version": VERSION,
            "connector": {
                "code": self.code,
                "name": self.name,
                "base_url": self.base_url,
                "auth": {"scheme": self.auth_scheme, **self._auth_options()},
                "headers": read_json(self, "headers") or {},
                "timeouts": {
                    "connect": self.connect_timeout,
                    "read": self.read_timeout,
                    "total": self.total_timeout,
                },
                "limits": {name: self[field_name] for name, field_name in LIMITS.items()},
                "idempotency": {
                    "header": self.idempotency_header or None,
                    "hours": self.idempotency_hours,
                    "settle": self.settle_seconds,
                },
                "verify_tls": self.verify_tls,
                "timezone": self.timezone,
                "log_level": self.log_level,
            },
            "flows": [flow._export_definition() for flow in self.flow_ids],
        }

    def action_export_definition(self):
        """Download the definition as a file."""
        self.ensure_one()
        self.check_access("read")
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{self.code}.json",
                "raw": json.dumps(self._export_definition(), ensure_ascii=False, indent=2).encode(),
                "mimetype": "application/json",
            }
        )
        return {"type": "ir.actions.act_url", "url": f"/web/content/{attachment.id}?download=true", "target": "self"}

    # ----------------------------------------------------------------------------------------------------------------
    # Import
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _import_definition(self, document):
        """Make or update a connector from a definition. Importing the same one again changes nothing.

        A new connector is disabled; state, acting user and credentials of an existing one stay as they are.

        :param dict document: see ``data/connector_definition.schema.json``
        :rtype: BridgeConnector
        :raises UserError: naming every problem and its place; then nothing is written
        """
        self._check_definition(document)
        about = document["connector"]
        values = self._definition_values(about)
        connector = self.with_context(active_test=False).search([("code", "=", about["code"])])
        if connector:
            _write_changes(connector, values)
        else:
            connector = self.create(values)
        connector._import_flows(document["flows"])
        connector.flow_ids._check_references()
        return connector

    @api.model
    def _check_definition(self, document):
        validator = jsonschema.Draft202012Validator(_schema())
        errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
        problems = [f"{_place(error.absolute_path)}: {error.message[:300]}" for error in errors]
        problems = problems or list(self._unknown_names(document))
        if problems:
            raise UserError(
                self.env._(
                    "This is not a connector definition that can be imported. Nothing was changed.\n\n%s",
                    "\n".join(problems[:SHOWN_PROBLEMS]),
                )
            )

    def _unknown_names(self, document):
        """Names that a schema can not know: schemes, paginators, converters, models and fields."""
        scheme = document["connector"].get("auth", {}).get("scheme", "none")
        if scheme not in SCHEMES:
            yield self._unknown("connector.auth.scheme", scheme, SCHEMES)
        codes = [flow["code"] for flow in document["flows"]]
        placed = [flow["code"] for flow in _parents_first(document["flows"])]
        for number, flow in enumerate(document["flows"]):
            place = f"flows[{number}] ({flow['code']})"
            if flow.get("parent") and flow["parent"] not in codes:
                yield self._unknown(f"{place}.parent", flow["parent"], codes)
            elif flow["code"] not in placed:
                yield self.env._("%s.parent: a flow can not be inside itself.", place)
            if codes.count(flow["code"]) > 1:
                yield self.env._("%(place)s.code: “%(code)s” is there twice.", place=place, code=flow["code"])
            model = self.env.get(flow["model"])
            if model is None:
                yield self.env._("%(place)s.model: there is no model “%(name)s”.", place=place, name=flow["model"])
            for position, operation in enumerate(flow.get("operations", ())):
                kind = operation.get("pagination", {}).get("type", "none")
                if kind not in PAGINATORS:
                    yield self._unknown(f"{place}.operations[{position}].pagination.type", kind, PAGINATORS)
            names = [mapping["field"] for mapping in flow.get("fields", ())]
            for position, mapping in enumerate(flow.get("fields", ())):
                where = f"{place}.fields[{position}]"
                if mapping["field"] in names[:position]:
                    yield self.env._("%(place)s.field: “%(name)s” is mapped twice.", place=where, name=mapping["field"])
                if model is not None and mapping["field"] not in model._fields:
                    yield self.env._(
                        "%(place)s.field: the model %(model)s has no field “%(name)s”.",
                        place=where,
                        model=flow["model"],
                        name=mapping["field"],
                    )
                if mapping["converter"] not in CONVERTERS:
                    yield self._unknown(f"{where}.converter", mapping["converter"], CONVERTERS)

    def _unknown(self, place, name, known):
        return self.env._(
            "%(place)s: there is no “%(name)s”. Known are: %(known)s.",
            place=place,
            name=name,
            known=", ".join(sorted(known)),
        )

    @api.model
    def _definition_values(self, about):
        auth = about.get("auth", {"scheme": "none"})
        values = {f"auth_{name}": auth.get(name, False) for name in AUTH_OPTIONS}
        values["auth_login_body"] = write_json(auth.get("login_body"))
        timeouts = about.get("timeouts", {})
        return {
            **values,
            **_given(about, ("code", "name", "base_url", "verify_tls", "timezone", "log_level")),
            **{f"{name}_timeout": value for name, value in timeouts.items()},
            **{LIMITS[name]: value for name, value in about.get("limits", {}).items()},
            **_given(about.get("idempotency", {}), IDEMPOTENCY, IDEMPOTENCY.get),
            "auth_scheme": auth["scheme"],
            "headers": write_json(about.get("headers")),
        }

    def _import_flows(self, documents):
        """Make or update the flows; those that the definition does not have are removed."""
        self.ensure_one()
        present = {flow.code: flow for flow in self.with_context(active_test=False).flow_ids}
        places = {document["code"]: 10 * (position + 1) for position, document in enumerate(documents)}
        flows = {}
        for document in _parents_first(documents):
            values = {
                **self._flow_values(document),
                "connector_id": self.id,
                "parent_id": flows[document["parent"]].id if document.get("parent") else False,
                "sequence": places[document["code"]],
            }
            flow = present.pop(document["code"], None)
            if flow:
                _write_changes(flow, values)
            else:
                flow = self.env["bridge.flow"].create(values)
            flows[document["code"]] = flow
        self.env["bridge.flow"].browse(flow.id for flow in present.values()).unlink()
        # Children first, because a nested mapping compiles the mappings of its child.
        for document in reversed(_parents_first(documents)):
            flows[document["code"]]._import_operations(document.get("operations", ()))
            flows[document["code"]]._import_fields(document.get("fields", ()))

    @api.model
    def _flow_values(self, document):
        record = document.get("record", {})
        schedule = document.get("schedule") or {"every": 0, "unit": "minutes"}
        return {
            **_given(document, FLOW_KEYS),
            **{f"{place}_path": record.get(place) or ("id" if place == "id" else False) for place in RECORD_PLACES},
            "version_header": record.get("version_header") or False,
            "model_id": self.env["ir.model"]._get_id(document["model"]),
            "match_domain": repr(document.get("match_domain", [])),
            "push_domain": repr(document.get("push_domain", [])),
            "interval_number": schedule["every"],
            "interval_type": schedule["unit"],
        }


class BridgeFlow(models.Model):
    _inherit = "bridge.flow"

    def _export_definition(self):
        """:rtype: dict"""
        self.ensure_one()
        return {
            **{key: self[key] for key in FLOW_KEYS},
            "model": self.model,
            "parent": self.parent_id.code or None,
            "match_domain": self._read_domain("match_domain"),
            "push_domain": self._read_domain("push_domain"),
            "record": {
                **{place: self[f"{place}_path"] or None for place in RECORD_PLACES},
                "version_header": self.version_header or None,
            },
            "schedule": {"every": self.interval_number, "unit": self.interval_type} if self.interval_number else None,
            "operations": [operation._export_definition() for operation in self.operation_ids],
            "fields": [mapping._export_definition() for mapping in self.mapping_ids],
        }

    def _import_operations(self, documents):
        present = {operation.kind: operation for operation in self.operation_ids}
        for document in documents:
            values = {**self.env["bridge.operation"]._definition_values(document), "flow_id": self.id}
            operation = present.pop(document["kind"], None)
            if operation:
                _write_changes(operation, values)
            else:
                self.env["bridge.operation"].create(values)
        self.env["bridge.operation"].browse(operation.id for operation in present.values()).unlink()

    def _import_fields(self, documents):
        present = {mapping.field_name: mapping for mapping in self.mapping_ids}
        for sequence, document in enumerate(documents):
            values = {
                **_given(document, FIELD_KEYS),
                "flow_id": self.id,
                "sequence": 10 * (sequence + 1),
                "field_id": self.env["ir.model.fields"]._get(self.model, document["field"]).id,
                "options": write_json(document.get("options")),
                "default_value": False if document.get("default") is None else json.dumps(document["default"]),
            }
            mapping = present.pop(document["field"], None)
            if mapping:
                _write_changes(mapping, values)
            else:
                self.env["bridge.field.mapping"].create(values)
        self.env["bridge.field.mapping"].browse(mapping.id for mapping in present.values()).unlink()


class BridgeOperation(models.Model):
    _inherit = "bridge.operation"

    def _export_definition(self):
        """:rtype: dict"""
        self.ensure_one()
        document = {
            **{key: self[key] for key in ("kind", "method", "path", "body_format")},
            "query": read_json(self, "query") or {},
            "headers": read_json(self, "headers") or {},
            "body": read_json(self, "body", ()),
            "records": self.records_path,
        }
        if self.kind in WRITES:
            document |= {"sends": self.sends, "repeatable": self.repeatable, "bulk": self._export_bulk()}
        if self.kind in ("list", "find"):
            document["pagination"] = {"type": self.pagination, **(read_json(self, "pagination_options") or {})}
        if self.kind == "list":
            document["delta"] = {
                "type": self.delta_kind,
                "format": self.delta_format or "iso",
                "source": self.delta_source,
                "path": self.delta_path or None,
                "overlap": self.delta_overlap,
                "reset_status": sorted(self._reset_statuses()),
            }
        return document

    def _export_bulk(self):
        if not self.bulk_size:
            return None
        places = {name: self[f"item_{name}_path"] or None for name in ITEM_PLACES}
        return {"size": self.bulk_size, "item": read_json(self, "item", ()), **places}

    @api.model
    def _bulk_values(self, document):
        places = {f"item_{name}_path": document.get(name) or False for name in ITEM_PLACES}
        return {"bulk_size": document.get("size", 0), "item": write_json(document.get("item")), **places}

    @api.model
    def _definition_values(self, document):
        pagination = dict(document.get("pagination", {"type": "none"}))
        delta = document.get("delta", {})
        return {
            **_given(document, ("kind", "method", "path", "body_format", "sends", "repeatable")),
            **self._bulk_values(document.get("bulk") or {}),
            **{name: write_json(document.get(name)) for name in ("query", "headers", "body")},
            "records_path": document.get("records", "@"),
            "pagination": pagination.pop("type"),
            "pagination_options": write_json(pagination),
            "delta_kind": delta.get("type", "none"),
            "delta_format": delta.get("format", "iso"),
            "delta_source": delta.get("source", "record"),
            "delta_path": delta.get("path") or False,
            "delta_overlap": delta.get("overlap", 0),
            "delta_reset_status": ", ".join(map(str, delta.get("reset_status", [410]))),
        }


class BridgeFieldMapping(models.Model):
    _inherit = "bridge.field.mapping"

    def _export_definition(self):
        """:rtype: dict"""
        self.ensure_one()
        return {
            "field": self.field_name,
            **{
                key: self[key] or (None if key in ("path", "direction", "authority") else self[key])
                for key in FIELD_KEYS
            },
            "options": read_json(self, "options") or {},
            "default": read_json(self, "default_value", ()),
        }


def _parents_first(documents):
    """Flows so that each comes after the one that it is inside of; circles are left out.

    :rtype: list[dict]
    """
    ordered, placed = [], {None}
    while ready := [one for one in documents if one.get("parent") in placed and one not in ordered]:
        ordered += ready
        placed |= {one["code"] for one in ready}
    return ordered


def _given(document, keys, rename=str):
    """The values of the keys that a document has; the others keep their default. Null is "not set".

    :param rename: from key to field name
    """
    return {rename(key): False if document[key] is None else document[key] for key in keys if key in document}


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


def _place(path):
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "definition"
