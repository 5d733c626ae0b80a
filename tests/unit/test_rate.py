"""What remotes say about their limits, in the forms that they use."""

from datetime import UTC, datetime

import pytest
from requests.structures import CaseInsensitiveDict

from integration_bridge.remote.rate import pause_after

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "60"}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH + 90)}, 90),
        ({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "Fri, 01 May 2026 12:00:07 GMT"}, 7),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH - 5)}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "999999"}, 3600),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH * 1000 + 5000)}, 5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-05-01T12:00:05Z"}, 5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-05-01 14:00:05.000+02:00"}, 5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-05-01T12:00:05"}, 5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-99-01T12:00:05Z"}, 0),
        ({"X-RateLimit-Remaining": "0"}, 0),
        ({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "60"}, 0),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "2.5"}, 2.5),
        ({"RateLimit": '"default";r=0;t=30'}, 30),
        ({"RateLimit": '"default";r=12;t=30'}, 0),
        ({"RateLimit": "limit=100, remaining=0, reset=45"}, 45),
        ({"X-Shopify-Shop-Api-Call-Limit": "40/40"}, 1),
        ({"X-Shopify-Shop-Api-Call-Limit": "39/40"}, 0),
    ],
)
def test_pause(headers, seconds):
    assert pause_after(CaseInsensitiveDict(headers), NOW) == seconds
