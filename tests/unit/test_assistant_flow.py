"""What is proposed becomes a definition that can be imported, and the model that a list is proposed for."""

import json
from pathlib import Path

import jsonschema
import pytest

from integration_bridge.assistant import document, flow, openapi
from integration_bridge.assistant.model_names import model_for

SCHEMA = json.loads((Path(__file__).parents[2] / "definition" / "schema.json").read_text())
CUSTOMER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "updated_at": {"type": "string", "format": "date-time"},
        "deleted": {"type": "boolean"},
    },
}


def answer(schema):
    return {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}


def parameter(name, place="query", kind="integer", **more):
    return {"name": name, "in": place, "schema": {"type": kind, **more.pop("schema", {})}, **more}


def shop(*parameters, **paths):
    """A document with one list of customers, which are also made and changed."""
    items = {"type": "object", "properties": {"items": {"type": "array", "items": CUSTOMER}}}
    body = {"content": {"application/json": {"schema": CUSTOMER}}}
    one = {method: {"responses": answer(CUSTOMER), "requestBody": body} for method in ("get", "patch", "delete")}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://shop.example.com/v1"}],
        "paths": {
            "/customers": {
                "get": {"parameters": list(parameters), "responses": answer(items)},
                "post": {"requestBody": body, "responses": answer(CUSTOMER)},
            },
            "/customers/{id}": one,
            **paths,
        },
    }


def collection(*parameters):
    return openapi.describe(document.read(json.dumps(shop(*parameters)).encode())).collections[0]


PAGED = (parameter("page"), parameter("per_page"), parameter("updated_since", kind="string"))


@pytest.mark.parametrize("direction", ["pull", "push", "both"])
def test_what_is_proposed_can_be_imported(direction):
    values = flow.flow_values(collection(*PAGED), direction)
    whole = {"code": "customers", "name": "Customers", "model": "res.partner", **values}
    definition = {
        "format": "integration_bridge.connector",
        "version": 1,
        "connector": {"code": "shop", "name": "Shop"},
        "flows": [whole],
    }
    jsonschema.Draft202012Validator(SCHEMA).validate(definition)
    kinds = [operation["kind"] for operation in values["operations"]]
    assert kinds == ["list", "get"] + (["create", "update", "delete"] if direction != "pull" else [])


def test_list_is_asked_for_by_page_and_by_change():
    values = flow.flow_values(collection(*PAGED))
    assert values["record"] == {"id": "id", "updated": "updated_at", "deleted": "deleted"}
    assert values["operations"][0] == {
        "kind": "list",
        "method": "GET",
        "path": "/customers",
        "query": {"per_page": "{limit}", "page": "{page}", "updated_since": "{since}"},
        "records": "items",
        "pagination": {"type": "page", "end": "empty_page"},
        "delta": {"type": "timestamp", "format": "iso", "source": "record"},
    }


def test_since_in_a_header_is_sent_there():
    found = flow.flow_values(collection(parameter("If-Modified-Since", "header", "string")))["operations"][0]
    assert found["headers"] == {"If-Modified-Since": "{since}"}
    assert "query" not in found
    assert found["delta"]["sent_format"].startswith("%a, %d")


def test_attack_a_document_brings_no_credential_and_no_placeholder():
    """What a document says of itself is sent as it stands, so it may neither sign in nor be read as a template."""
    bad = {
        "api_key": "abcdefgh12345678",
        "odd": "{external_id}",
        "broken": "{",
        "good": "all",
    }
    asked = [parameter(name, kind="string", required=True, schema={"default": value}) for name, value in bad.items()]
    found = collection(*asked)
    assert flow.said_and_asked(found) == ({"good": "all"}, ("api_key", "odd", "broken"))
    assert flow.flow_values(found)["operations"][0]["query"] == {"good": "all"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/oauth/token", "https://shop.example.com/oauth/token"),
        ("https://login.example.com/t", "https://login.example.com/t"),
        ("javascript:alert(1)", None),
        ("https://ann:secret@login.example.com/t", None),
        ("https://login.example.com/t?access_token=abcdefgh1234", None),
        ("https://[broken/t", None),
    ],
)
def test_token_address_is_whole_or_left_out(value, expected):
    found = flow.auth_options({"token_url": value}, "https://shop.example.com/v1")
    assert found.get("token_url") == expected


def test_what_walked_a_list_before_is_replaced():
    paging = collection(*PAGED).proposal.paging
    before = {"offset": "{offset}", "limit": "{limit|50}", "status": "all", "odd": "{"}
    found = flow.query_of(before, paging, None)
    assert found == {"status": "all", "odd": "{", "per_page": "{limit}", "page": "{page}"}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("customers", "res.partner"),
        ("Contacts", "res.partner"),
        ("companies", "res.partner"),
        ("people", "res.partner"),
        ("products", "product.template"),
        ("product_variants", "product.product"),
        ("productCategories", "product.category"),
        ("orders", "sale.order"),
        ("draft_orders", "sale.order"),
        ("salesOrders", "sale.order"),
        ("purchase-orders", "purchase.order"),
        ("Invoices", "account.move"),
        ("currencies", "res.currency"),
        ("taxes", "account.tax"),
        ("order_items", ""),
        ("product_reviews", ""),
        ("customer_groups", ""),
        ("accounts", ""),
        ("users", ""),
        ("", ""),
    ],
)
def test_model_is_proposed_by_the_name_of_the_list(name, model):
    assert model_for(name, lambda _model: True) == model


def test_no_model_is_proposed_that_no_app_has():
    assert model_for("orders", lambda model: model != "sale.order") == ""
