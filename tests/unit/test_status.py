"""Each status has one meaning, and a remote that asks to wait is understood in every form."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from requests.structures import CaseInsensitiveDict

from integration_bridge.remote.errors import AuthFailed, ProtocolError, Rejected, Throttled, Unavailable
from integration_bridge.remote.status import retry_after, status_error

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


SECONDARY = "You have exceeded a secondary rate limit"
SPENT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "45"}


@pytest.mark.parametrize(
    ("status", "headers", "remote", "kind", "wait"),
    [
        (403, {"Retry-After": "30"}, "", Throttled, 30), (403, {"Retry-After": "soon"}, "", Rejected, None),
        (403, SPENT, "", Throttled, 45), (403, {**SPENT, "Retry-After": "30"}, SECONDARY, Throttled, 30),
        (403, SPENT, "You may not change this", Rejected, None), (413, SPENT, "Too large", Rejected, None),
        (403, {}, SECONDARY, Throttled, None), (403, {}, "userRateLimitExceeded", Throttled, None),
        (403, {**SPENT, "X-RateLimit-Remaining": "7"}, "Not yours", Rejected, None),
        (430, {"Retry-After": "2"}, "", Throttled, 2), (413, {"Retry-After": "2"}, "", Throttled, 2),
        (404, SPENT, "", Rejected, None), (422, SPENT, SECONDARY, Rejected, None), (401, SPENT, "", AuthFailed, None),
        (503, SPENT, "", Throttled, 45), (400, {"Retry-After": "2"}, "", Rejected, None),
    ],
)  # fmt: skip
def test_refusal_that_says_when_to_come_again_is_a_limit(status, headers, remote, kind, wait):
    error = status_error(status, CaseInsensitiveDict(headers), host="crm.example", remote=remote)
    assert (type(error), error.retry_after) == (kind, wait)


def test_limits_in_the_headers_of_a_bulk_are_not_those_of_its_items():
    error = status_error(403, CaseInsensitiveDict(SPENT), host="crm.example", item=True)
    assert type(error) is Rejected
