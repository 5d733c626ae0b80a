"""What a body says of a failure that the status does not say."""

import pytest

from remote.told import told_error, told_failure, words_of_body

USER_ERRORS = [{"field": ["email"], "message": "Email is taken"}]
FAILURES = [
    ({"data": {"customerUpdate": {"customer": None, "userErrors": USER_ERRORS}}}, 422, "Email is taken"),
    ({"data": {"cartCreate": {"cartUserErrors": USER_ERRORS * 2}}}, 422, "Email is taken"),
    ({"data": {"labelCreate": {"errors": [{"message": "Too long"}]}}}, 422, "Too long"),
    ({"data": None, "errors": [{"message": "Cannot query field"}]}, 422, "Cannot query field"),
    ({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}, 429, "Throttled"),
    ({"errors": [{"message": "No", "extensions": {"code": "UNAUTHENTICATED"}}]}, 401, "No"),
    ({"errors": {"email": ["has been taken"]}}, 422, "email: has been taken"),
    ({"errors": "Not found"}, 422, "Not found"),
    ({"jsonrpc": "2.0", "id": 1, "error": {"code": 100, "message": "Session expired"}}, 401, "Session expired"),
    (
        {
            "jsonrpc": "2.0",
            "error": {
                "code": 100,
                "message": "Odoo Session Expired",
                "data": {"name": "odoo.http.SessionExpiredException", "message": "Session expired"},
            },
        },
        401,
        "Session expired",
    ),
    (
        {"error": {"code": 200, "message": "Odoo Server Error", "data": {"message": "The name is missing"}}},
        422,
        "The name is missing",
    ),
    ({"error": {"code": -32603, "message": "Internal error"}}, 422, "Internal error"),
    ({"error": {"code": 503, "message": "Busy"}}, 503, "Busy"),
    ({"errors": [{"message": "x", "extensions": {"code": "SERVICE_UNAVAILABLE"}}]}, 503, "x"),
    ({"errors": [{"message": "Request timed out."}]}, 503, "Request timed out."),
    ({"errors": [{"message": "The timeout of the tag is too long"}]}, 422, "The timeout of the tag is too long"),
    ({"error": {"code": 404, "message": "No such tag"}}, 422, "No such tag"),
    ({"error": "token_expired"}, 401, "token_expired"),
    ({"error": "The token of the tag is invalid"}, 422, "The token of the tag is invalid"),
    ({"ok": False, "error": "ratelimited"}, 429, "ratelimited"),
    ({"success": False, "error": "Locked"}, 422, "Locked"),
    ({"success": False, "message": "Locked"}, 422, "Locked"),
    ({"success": False}, 422, '{"success": false}'),
    ({"error": True, "message": "Locked"}, 422, "Locked"),
    ({"status": "error", "message": "Locked"}, 422, "Locked"),
    ({"status": "fail", "data": {"title": "A title is required"}}, 422, "A title is required"),
]
NONE = [
    None,
    "OK",
    [],
    [1, 2],
    {},
    {"ok": True},
    {"success": True, "errors": []},
    {"error": None, "errors": {}},
    {"error": "", "message": "Saved"},
    {"error": 0},
    {"error": "none"},
    {"error": {"code": 0, "message": "OK"}},
    {"data": {"customerUpdate": {"customer": {"id": "1"}, "userErrors": []}}},
    {"data": {"id": "1", "attributes": {"errors": 2}}},
    {"id": 1, "status": "error", "message": "as the record has it"},
    {"jsonrpc": "2.0", "id": 1, "result": True},
]


@pytest.mark.parametrize("document, status, words", FAILURES)
def test_failure_is_told_with_what_it_stands_for(document, status, words):
    assert told_failure(document) == (status, words)


@pytest.mark.parametrize(
    "document", [{"data": {"customer": {"errors": [{"message": "its own"}]}}}, {"data": {"a": {"userErrors": [1]}}}]
)
def test_what_stands_below_data_is_a_record_where_something_was_read(document):
    assert told_failure(document) is not None
    assert told_failure(document, reading=True) is None


@pytest.mark.parametrize("document", NONE)
def test_what_leaves_a_doubt_or_says_that_all_is_well_is_no_failure(document):
    assert told_failure(document) is None


@pytest.mark.parametrize(
    "status, kind", [(422, "rejected"), (401, "auth"), (429, "throttled"), (503, "unavailable"), (409, "rejected")]
)
def test_error_has_the_kind_of_the_status_and_the_words(status, kind):
    error = told_error(status, "Sorry.", {"Retry-After": "7"}, "there")
    assert (error.kind, error.status) == (kind if status != 503 else "throttled", status)
    assert "Sorry" in error.message
    assert error.retry_after == (7 if error.kind == "throttled" else None)


def test_words_are_whole_until_secrets_are_blanked():
    assert len(told_failure({"error": "x" * 10000})[1]) == 10000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "No such customer"}}', "No such customer"),
        ('{"message": "Bad VAT"}', "Bad VAT"),
        ('{"errors": [{"message": "Name is blank"}]}', "Name is blank"),
        ('{"error": "invalid_grant", "error_description": "Expired"}', "Expired"),
        ('{"title": "Gone", "detail": "Deleted yesterday"}', "Deleted yesterday"),
        ('{"title": "Gone"}', "Gone"),
        ('{"error": "invalid_grant"}', "invalid_grant"),
        ('{"errors": ["Name is blank"]}', "Name is blank"),
        ('{"message": {"city": "is missing"}}', "city: is missing"),
        ('{"message": "  "}', '{"message": "  "}'),
        ('{"error": {"email": ["is taken"]}}', "email: is taken"),
        ("[1]", "[1]"),
        ('"text"', "text"),
        ("null", ""),
        ("{}", ""),
        # With the field: Rails, Laravel and Shopify; .NET; Django; JSON:API; GitHub; GraphQL; problem details.
        ('{"errors": {"email": ["has been taken"]}}', "email: has been taken"),
        ('{"message": "Invalid.", "errors": {"email": ["Is taken"]}}', "email: Is taken; Invalid."),
        ('{"errors": {"message": ["is too long"], "name": ["is blank"]}}', "message: is too long; name: is blank"),
        ('{"title": "One or more validation errors occurred.", "errors": {"Email": ["taken"]}}', "Email: taken"),
        ('{"email": ["taken"], "address": {"city": ["is missing"]}}', "email: taken; address.city: is missing"),
        ('{"phone": ["The number is not valid."]}', "phone: The number is not valid."),
        ('{"non_field_errors": ["Too many"]}', "Too many"),
        ('{"errors": [{"detail": "is blank", "source": {"pointer": "/data/attributes/name"}}]}', "name: is blank"),
        ('{"message": "No", "errors": [{"field": "title", "reason": "missing"}]}', "title: missing; No"),
        ('{"errors": [{"path": ["customers", 0, "email"], "message": "timeout"}]}', "email: timeout"),
        ('{"title": "Bad", "invalid-params": [{"name": "age", "reason": "is negative"}]}', "age: is negative"),
        # Salesforce; OData 2 and 4; what names its field itself; a text where others have a list.
        ('[{"errorCode": "X", "message": "Bad value", "fields": []}]', "Bad value"),
        ('[{"errorCode": "X", "message": "Bad value", "fields": ["Phone"]}]', "Phone: Bad value"),
        ('{"error": {"message": {"lang": "en", "value": "Order is closed"}}}', "Order is closed"),
        (
            '{"error": {"code": "1", "message": "No", "details": [{"target": "VAT", "message": "wrong"}]}}',
            "VAT: wrong; No",
        ),
        ('{"field": ["email"], "message": "Email is taken"}', "Email is taken"),
        ('{"errors": "Not Found"}', "Not Found"),
        ('["Closed", "Paid"]', "Closed; Paid"),
        # Nothing that is known: the beginning.
        ('{"timestamp": "2024", "status": 400, "path": "/x"}', '{"timestamp": "2024", "status": 400, "path": "/x"}'),
        ("Order 7\n is closed", "Order 7 is closed"),
        ("<html><title> Maintenance </title>", "Maintenance"),
        ("<html>", ""),
        ("", ""),
        ("[" * 100000, ""),
    ],
)
def test_the_other_systems_own_words_are_found(body, message):
    assert words_of_body(body.encode()) == message
