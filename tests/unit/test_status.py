"""Each status has one meaning, and a remote that asks to wait is understood in every form."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from integration_bridge.remote.errors import AuthFailed, ProtocolError, Rejected, Throttled, Unavailable
from integration_bridge.remote.status import remote_message, retry_after, status_error

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def http_date(seconds):
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5), ("0", 0), ("1.5", 1.5), (" 7 ", 7), ("86400", 3600), ("99999999999999999999", None),
        ("-5", None), ("soon", None), ("", None), ("NaN", None), ("1e3", None), ("٣", 3),
        (http_date(30), 30), (http_date(-30), 0), (http_date(10**6), 3600), ("Wed, 99 May 2024 12:00:00 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_by_the_remotes_own_clock(text, seconds):
    assert retry_after({"Retry-After": text, "Date": http_date(0)}) == seconds


def test_retry_after_as_a_date_without_the_remotes_clock_is_measured_by_ours():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < retry_after({"Retry-After": later}) <= 60
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        (400, {}, Rejected, None), (401, {}, AuthFailed, None), (403, {}, Rejected, None), (404, {}, Rejected, None),
        (409, {}, Rejected, None), (412, {}, Rejected, None), (422, {}, Rejected, None), (418, {}, Rejected, None),
        (408, {}, Unavailable, None), (500, {}, Unavailable, None), (502, {}, Unavailable, None),
        (503, {}, Unavailable, None), (504, {"Retry-After": "3"}, Unavailable, None),
        (503, {"Retry-After": "3"}, Throttled, 3), (503, {"Retry-After": "absurd"}, Unavailable, None),
        (429, {}, Throttled, None), (429, {"Retry-After": "absurd"}, Throttled, None),
        (429, {"Retry-After": "2"}, Throttled, 2), (304, {}, ProtocolError, None), (300, {}, ProtocolError, None),
    ],
)  # fmt: skip
def test_status_decides_the_kind(status, headers, kind, wait):
    error = status_error(status, headers, host="crm.example")
    assert (type(error), error.status, error.retry_after, error.sent) == (kind, status, wait, True)
    assert str(status) in error.message and "crm.example" in error.message


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
        ('{"message": {"not": "a text"}}', ""),
        ('{"message": "  "}', ""),
        ("[1]", ""),
        ('"text"', ""),
        ("<html>", ""),
        ("", ""),
        ("[" * 100000, ""),
    ],
)
def test_the_remotes_own_words_are_found(body, message):
    assert remote_message(body.encode()) == message
