"""Promise 3: what is done after an error is decided by its kind."""

import pytest

from integration_bridge.jobs import retry


@pytest.mark.parametrize(
    ("kind", "attempts", "again", "counted"),
    [
        ("unavailable", 0, True, 1),
        ("unavailable", 6, True, 7),
        ("unavailable", 7, False, 8),
        ("throttled", 0, True, 0),
        ("throttled", 99, True, 99),
        ("auth", 99, True, 99),
        ("rejected", 0, False, 1),
        ("protocol", 1, True, 2),
        ("protocol", 2, False, 3),
        ("data", 0, False, 1),
        ("dependency", 6, True, 7),
        ("dependency", 7, False, 8),
        ("busy", 7, False, 8),
        ("something new", 0, False, 1),
    ],
)
def test_the_kind_decides(kind, attempts, again, counted):
    verdict = retry.verdict(kind, attempts)
    assert (verdict.again, verdict.attempts) == (again, counted)


def test_waiting_for_the_other_system_never_ends_a_job():
    attempts = 0
    for _number in range(1000):
        verdict = retry.verdict("unavailable", attempts, charged=False)
        attempts = verdict.attempts
        assert verdict.again
    assert attempts == 0


@pytest.mark.parametrize(
    ("failed_before", "in_row", "charged"),
    [(False, 0, False), (False, 5, False), (True, 0, True), (True, 1, False)],
)
def test_an_attempt_counts_only_where_others_succeed(failed_before, in_row, charged):
    assert retry.is_charged(failed_before, in_row) is charged


def test_delay_grows_and_is_spread_and_ends():
    delays = [[retry.delay(attempts) for _number in range(50)] for attempts in (0, 1, 2, 20)]
    assert all(12 <= delay <= 18 for delay in delays[0] + delays[1])
    assert all(24 <= delay <= 36 for delay in delays[2])
    assert all(delay <= 3600 * 1.2 for delay in delays[3])
    assert len(set(delays[1])) > 10


def test_a_connector_rests_after_several_failures_and_longer_each_time():
    assert [retry.rest(number) for number in (0, 1, 2)] == [None, None, None]
    assert 24 <= retry.rest(3) <= 36
    assert 48 <= retry.rest(4) <= 72
    assert retry.rest(1000) <= 900 * 1.2


@pytest.mark.parametrize(
    ("asked", "in_row", "seconds"),
    [(120, 0, 120), (0, 0, 1), (0.2, 0, 1), (10**9, 0, 3600), (None, 0, 30), (None, 2, 120), (None, 500, 3600)],
)
def test_a_throttled_connector_waits_as_told_within_reason(asked, in_row, seconds):
    assert retry.wait(asked, in_row) == seconds
