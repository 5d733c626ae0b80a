"""The next page is read while the last one is written, never more than one, and an error comes when its turn comes."""

import threading

import pytest

from integration_bridge.remote.errors import ProtocolError, Unavailable
from integration_bridge.remote.walk import Page, Walk

SOON = 5  # seconds until a test gives up waiting; none of them waits that long


class List:
    """Pages 0 to last; each read is announced, and waits for its permission if there is a gate."""

    def __init__(self, last, fails_at=None, gated=False):
        self.last, self.fails_at = last, fails_at
        self.asked, self.threads = [], set()
        self.began, self.gate = threading.Semaphore(0), threading.Semaphore(0) if gated else None
        self.in_flight = self.most_in_flight = 0

    def read(self, state):
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.asked.append(state["n"])
        self.threads.add(threading.current_thread())
        self.began.release()
        if self.gate:
            assert self.gate.acquire(timeout=SOON)
        self.in_flight -= 1
        if state["n"] == self.fails_at:
            raise Unavailable("reset", host="crm.example")
        return Page([state["n"]], None, None, None if state["n"] == self.last else {"n": state["n"] + 1})


def no_thread_is_left():
    return not [one for one in threading.enumerate() if one.name.startswith("bridge-read-ahead")]


@pytest.mark.parametrize("last", [0, 1, 5])
def test_pages_come_in_order_each_once_and_their_states_with_them(last):
    source = List(last)
    with Walk(source.read, {"n": 0}) as pages:
        found = [(page.records, page.after) for page in pages]
    assert [records for records, _after in found] == [[number] for number in range(last + 1)]
    assert [after for _records, after in found] == [{"n": number} for number in range(1, last + 1)] + [None]
    assert source.asked == list(range(last + 1))
    assert no_thread_is_left()


def test_walk_begins_where_its_state_says():
    source = List(4)
    with Walk(source.read, {"n": 3}) as pages:
        assert [page.records for page in pages] == [[3], [4]]


def test_next_page_is_read_while_the_last_one_is_written():
    source = List(9, gated=True)
    with Walk(source.read, {"n": 0}) as pages:
        source.gate.release()
        assert next(iter(pages)).records == [0]
        assert source.began.acquire(timeout=SOON) and source.began.acquire(timeout=SOON)
        assert source.asked == [0, 1]  # asked for, although nobody wanted it yet
        source.gate.release()


def test_never_more_than_one_page_is_read_ahead():
    source = List(9)
    with Walk(source.read, {"n": 0}) as pages:
        for written, page in enumerate(pages):
            assert source.began.acquire(timeout=SOON)
            if page.after is not None:
                assert source.began.acquire(timeout=SOON)  # the next one is on its way
                source.began.release()
            assert source.asked[-1] <= written + 1
    assert source.most_in_flight == 1
    assert len(source.threads) == 1


@pytest.mark.parametrize("fails_at", [0, 1, 3])
def test_error_comes_at_its_page_and_those_before_it_are_given(fails_at):
    source, found = List(5, fails_at), []
    with pytest.raises(Unavailable), Walk(source.read, {"n": 0}) as pages:
        for page in pages:
            found.append(page.records[0])
    assert found == list(range(fails_at))
    assert source.asked == list(range(fails_at + 1))  # nothing behind the error
    assert no_thread_is_left()


def test_walk_that_is_left_early_waits_for_the_request_in_flight_and_closes():
    source = List(9, gated=True)
    with Walk(source.read, {"n": 0}) as pages:
        source.gate.release()
        for _page in pages:
            assert source.began.acquire(timeout=SOON) and source.began.acquire(timeout=SOON)
            source.gate.release()
            break
    assert source.asked == [0, 1]
    assert source.in_flight == 0
    assert no_thread_is_left()


def test_error_of_a_page_that_is_not_wanted_any_more_is_nobodys():
    source = List(9, fails_at=1)
    with Walk(source.read, {"n": 0}) as pages:
        for _page in pages:
            break
    assert no_thread_is_left()


def test_error_of_the_one_who_writes_closes_the_walk():
    source = List(9)
    with pytest.raises(ProtocolError), Walk(source.read, {"n": 0}) as pages:
        for _page in pages:
            raise ProtocolError("no_records", place="data")
    assert no_thread_is_left()


def test_walk_that_was_left_can_be_gone_on_with():
    source = List(3)
    with Walk(source.read, {"n": 0}) as pages:
        first = next(iter(pages)).records
        assert [first, *(page.records for page in pages)] == [[0], [1], [2], [3]]
    assert source.asked == [0, 1, 2, 3]
