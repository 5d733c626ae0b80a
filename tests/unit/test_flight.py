"""Requests are under way together, and nothing new is begun once the other system gives no more or the time is up."""

import threading
import time

import pytest

from integration_bridge.remote.errors import AuthFailed, ProtocolError, Rejected, Throttled, Unavailable
from integration_bridge.remote.flight import Flight

FOREVER = float("inf")
PATIENCE = 10  # seconds for what happens at once


def echo(task):
    return f"sent {task}"


def failing(errors):
    """Send what is not among these tasks; the others fail with their error."""

    def send(task):
        if task in errors:
            raise errors[task]
        return echo(task)

    return send


def test_results_come_in_the_order_of_the_tasks_whoever_is_first():
    first_may_end = threading.Event()

    def send(task):
        if task == 0:
            assert first_may_end.wait(PATIENCE)
        if task == 3:
            first_may_end.set()
        return echo(task)

    with Flight(4, FOREVER) as flight:
        assert flight.begin(range(4), send)() == [(True, f"sent {task}") for task in range(4)]
    assert (flight.error, flight.answered) == (None, 4)


def test_as_many_as_allowed_are_under_way_at_once_and_no_more():
    together, lock, most, under_way = threading.Barrier(3, timeout=PATIENCE), threading.Lock(), [], []

    def send(task):
        with lock:
            under_way.append(task)
            most.append(len(under_way))
        together.wait()
        with lock:
            under_way.remove(task)
        return task

    with Flight(3, FOREVER) as flight:
        flight.begin(range(9), send)()
    assert max(most) == 3


def test_the_caller_goes_on_while_they_are_under_way():
    go_on = threading.Event()
    with Flight(1, FOREVER) as flight:
        landed = flight.begin(["a"], lambda _task: go_on.wait(PATIENCE))
        go_on.set()
        assert landed() == [(True, True)]


@pytest.mark.parametrize("error", [Unavailable("reset"), Throttled("status"), AuthFailed("status")])
def test_error_that_is_not_about_one_record_ends_the_flight(error):
    with Flight(1, FOREVER) as flight:
        assert flight.begin("abc", failing({"b": error}))() == [(True, "sent a"), (False, error), None]
        assert flight.begin("de", echo)() == [None, None], "nor does it begin anything else"
    assert (flight.error, flight.answered, flight.is_over) == (error, 1, True)


@pytest.mark.parametrize("error", [Rejected("status", status=422), ProtocolError("empty", status=200)])
def test_error_of_one_record_is_an_answer_and_the_others_go_on(error):
    with Flight(1, FOREVER) as flight:
        assert flight.begin("ab", failing({"a": error}))() == [(False, error), (True, "sent b")]
    assert (flight.error, flight.answered, flight.is_over) == (None, 2, False)


def test_what_only_reads_is_answered_and_says_nothing_about_changes():
    with Flight(2, FOREVER) as flight:
        assert flight.ask("ab", failing({"a": Rejected("status", status=404)}))[1] == (True, "sent b")
        assert flight.answered == 0
        flight.ask("a", failing({"a": Unavailable("reset")}))
    assert flight.is_over


def test_what_was_never_sent_is_no_answer():
    with Flight(1, FOREVER) as flight:
        flight.begin("a", failing({"a": Rejected("bad_header", sent=False)}))()
    assert flight.answered == 0


def test_the_first_of_several_errors_stays():
    first, second = Unavailable("reset"), Throttled("status")
    with Flight(1, FOREVER) as flight:
        flight.note(first)
        flight.note(second)
    assert flight.error is first


def test_when_the_time_is_up_nothing_new_is_begun():
    with Flight(2, time.monotonic() - 1) as flight:
        assert flight.begin("ab", echo)() == [None, None]
    assert (flight.error, flight.is_over) == (None, True)


def test_what_is_no_remote_error_is_raised_where_the_results_are_read():
    with Flight(1, FOREVER) as flight:
        landed = flight.begin("a", failing({"a": KeyError("a")}))
        with pytest.raises(KeyError):
            landed()


def test_at_the_end_nothing_is_under_way_and_what_was_not_begun_never_is():
    begun, go_on, sent = threading.Event(), threading.Event(), []

    def send(task):
        begun.set()
        assert go_on.wait(PATIENCE)
        sent.append(task)

    flight = Flight(1, FOREVER)
    with flight:
        flight.begin(range(3), send)
        assert begun.wait(PATIENCE)
        threading.Timer(0.05, go_on.set).start()
    assert sent == [0]


# --- A system that is likely to be away


def test_careful_one_request_is_enough_to_see_that_it_is_still_away():
    error, sent = Unavailable("reset"), []

    def send(task):
        sent.append(task)
        raise error

    with Flight(4, FOREVER, careful=True) as flight:
        results = flight.begin(range(4), send)()
    assert (len(sent), results.count(None), flight.error) == (1, 3, error)


def test_careful_all_go_together_once_it_has_answered():
    together, answered = threading.Barrier(3, timeout=PATIENCE), []

    def send(task):
        if answered:
            together.wait()  # only if three are under way at once does any of them end
        answered.append(task)
        return task

    with Flight(4, FOREVER, careful=True) as flight:
        flight.begin(range(7), send)()
        assert flight.answered == 7
