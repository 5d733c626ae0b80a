"""Every walk ends, none is cut short silently, and a record that stood still the whole time is always seen."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from integration_bridge.remote.client import Answer
from integration_bridge.remote.errors import ProtocolError
from integration_bridge.remote.pagination import PAGINATORS, OptionError, build

BASE = "https://crm.example/v1/records"


def answer(document=None, headers=None, url=BASE):
    return Answer(200, CaseInsensitiveDict(headers or {}), document, url, 0, 0, b"")


class ListServer:
    """A remote list, as one would write it; records are numbers, in ascending order.

    Each ``serve_`` method answers in the manner of one paginator. Cursors name the last record that was sent, offsets
    and pages count positions.
    """

    def __init__(self, records, cap):
        self.records, self.cap = sorted(records), cap

    def _from(self, position, limit):
        return self.records[position : position + min(limit, self.cap)]

    def _behind(self, cursor, limit):
        left = [record for record in self.records if cursor is None or record > cursor]
        page = left[: min(limit, self.cap)]
        return page, len(left) > len(page)

    def serve_none(self, _variables, _url):
        return answer({"data": self.records})

    def serve_page(self, variables, _url):
        size = min(variables["limit"], self.cap)
        return answer({"data": self._from((variables["page"] - 1) * size, size), "total": len(self.records)})

    def serve_offset(self, variables, _url):
        page = self._from(variables["offset"], variables["limit"])
        more = variables["offset"] + len(page) < len(self.records)
        return answer({"data": page, "total": len(self.records), "more": more}, {"X-Total": str(len(self.records))})

    def serve_cursor(self, variables, _url):
        page, more = self._behind(variables["cursor"], variables["limit"])
        following = page[-1] if more else None
        return answer({"data": page, "next": following, "more": more}, {"Cursor": following} if more else {})

    def serve_last_record(self, variables, _url):
        page, more = self._behind(variables["cursor"], variables["limit"])
        return answer({"data": page, "more": more})

    def serve_next_url(self, variables, url):
        query = dict(parse_qsl(urlsplit(url or BASE).query))
        page, more = self._behind(int(query["after"]) if "after" in query else None, variables["limit"])
        following = f"?after={page[-1]}" if more else None
        return answer({"data": page, "next": following}, {"Next": BASE + following} if more else {}, url or BASE)

    def serve_link_header(self, variables, url):
        sent = self.serve_next_url(variables, url)
        following = sent.headers.pop("Next", None)
        if following:
            sent.headers["Link"] = f'<{BASE}?x=1>; rel="prev first", <{following}>; title="a, b"; rel="next last"'
        return sent


WAYS = [
    {"type": "none"},
    {"type": "page"},
    {"type": "page", "end": "total", "total_path": "total"},
    {"type": "offset"},
    {"type": "offset", "end": "total", "total_path": "total"},
    {"type": "offset", "end": "total", "total_header": "x-total"},
    {"type": "offset", "end": "flag", "flag_path": "more"},
    {"type": "cursor", "cursor_path": "next"},
    {"type": "cursor", "cursor_header": "cursor"},
    {"type": "cursor", "cursor_path": "next", "end": "flag", "flag_path": "more"},
    {"type": "last_record", "record_field": "id"},
    {"type": "last_record", "record_field": "id", "end": "flag", "flag_path": "more"},
    {"type": "next_url", "next_path": "next"},
    {"type": "next_url", "next_header": "next"},
    {"type": "link_header"},
]
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
record_sets = st.sets(st.integers(1, 60), max_size=40)
changes = st.lists(
    st.tuples(st.sets(st.integers(1, 60), max_size=3), st.sets(st.integers(1, 60), max_size=3)), max_size=8
)


def walk(way, server, page_size, between=lambda: None, state=None, limit=500):
    """Yield the records of each page; the state goes through JSON as it does when a run is interrupted."""
    paginator = build(way, page_size, BASE)
    state = paginator.start() if state is None else state
    while state is not None:
        assert limit, "the walk does not end"
        limit -= 1
        state = json.loads(json.dumps(state))
        sent = getattr(server, f"serve_{way['type']}")(paginator.variables(state), paginator.url(state))
        records = [{"id": number} for number in sent.document["data"]]
        yield sent.document["data"]
        state = paginator.advance(state, sent, records)
        between()


@ways
@given(records=record_sets, page_size=st.integers(1, 45), cap=st.integers(1, 45))
def test_list_that_stands_still_is_read_once_and_completely(way, records, page_size, cap):
    if way["type"] == "page":
        cap = max(cap, page_size)  # page numbers count pages of the remote's size
    seen = [record for page in walk(way, ListServer(records, cap), page_size) for record in page]
    assert seen == sorted(records)


@ways
@given(records=record_sets, page_size=st.integers(1, 45), steps=changes)
def test_what_stood_still_is_seen_whatever_is_inserted_or_removed_while_walking(way, records, page_size, steps):
    server = ListServer(records, 1000)
    steps, touched = iter(steps), set()
    stands = {record: index for index, record in enumerate(server.records)}

    def between():
        inserted, removed = next(steps, ((), ()))
        touched.update(removed)
        server.records = sorted(set(server.records) - set(removed) | set(inserted))
        now = {record: index for index, record in enumerate(server.records)}
        for record, index in list(stands.items()):  # what never moves forward can not be jumped over by counting
            if now.get(record, -1) < index:
                del stands[record]
            else:
                stands[record] = now[record]

    seen = []
    try:
        for page in walk(way, server, page_size, between):
            seen += page
    except ProtocolError as error:
        # Counting ways: as many insertions as a page is long push the same page forward. The walk is tried again.
        assert error.reason in ("repeated_page", "page_loop") and way["type"] in ("page", "offset")
        return
    by_cursor = way["type"] in ("cursor", "last_record", "next_url", "link_header")
    if by_cursor:
        assert set(records) - touched <= set(seen)
        assert len(seen) == len(set(seen))
    else:
        assert set(stands) <= set(seen)


@ways
def test_interrupted_walk_goes_on_where_it_was(way):
    server, paginator = ListServer(range(1, 24), 100), build(way, 5, BASE)
    first = getattr(server, f"serve_{way['type']}")(paginator.variables(paginator.start()), None)
    state = paginator.advance(paginator.start(), first, [{"id": number} for number in first.document["data"]])
    rest = [record for page in walk(way, server, 5, state=state) for record in page] if state else []
    assert first.document["data"] + rest == list(range(1, 24))


@pytest.mark.parametrize("way", [{"type": "page"}, {"type": "offset"}, {"type": "last_record"}])
def test_fault_repeated_page(way):
    class Deaf(ListServer):
        """Ignores its paging parameters."""

        def __getattribute__(self, name):
            return super().__getattribute__("serve_none" if name.startswith("serve_") else name)

    with pytest.raises(ProtocolError) as caught:
        list(walk(way, Deaf(range(10), 10), 10))
    assert caught.value.reason in ("repeated_page", "page_loop")
    assert caught.value.values["host"] == "crm.example"


@given(lead=st.integers(0, 6), length=st.integers(1, 12))
@pytest.mark.parametrize("kind", ["records", "url", "cursor", "empty pages"])
def test_fault_page_loop_of_any_length_is_found(kind, lead, length):
    """Pages 0, 1 ... lead, and then a circle."""

    def page(number):
        return number if number < lead else lead + (number - lead) % length

    def sent(number):
        following = page(number + 1)
        if kind in ("records", "empty pages"):
            return {"type": "page"}, answer({"more": True})
        way = {"type": "next_url", "next_path": "next"} if kind == "url" else {"type": "cursor", "cursor_path": "next"}
        return way, answer({"next": f"?page={following}" if kind == "url" else f"c{following}"})

    way, _answer = sent(0)
    end = {"end": "flag", "flag_path": "more"} if way["type"] == "page" else {}
    paginator = build({**way, **end}, 5, BASE)
    state = paginator.start()
    with pytest.raises(ProtocolError) as caught:
        for number in range(1200 if kind == "empty pages" else 100):
            records = [] if kind == "empty pages" else [page(number) if kind == "records" else number]
            state = paginator.advance(state, sent(number)[1], records)
    assert caught.value.reason in ("page_loop", "repeated_page")


def test_state_does_not_grow():
    paginator = build({"type": "cursor", "cursor_path": "next"}, 5)
    state, sizes = paginator.start(), set()
    for number in range(2000):
        state = paginator.advance(state, answer({"next": f"{number:08}"}), [number])
        sizes.add(len(json.dumps(state)))
    assert max(sizes) < 300 and state["seen"] == 2000


@pytest.mark.parametrize(
    ("way", "document", "reason"),
    [
        ({"type": "page", "end": "flag", "flag_path": "meta.more"}, {}, "no_flag"),
        ({"type": "page", "end": "total", "total_path": "total"}, {"total": "many"}, "no_total"),
        ({"type": "page", "end": "total", "total_header": "X-Total"}, {}, "no_total"),
        ({"type": "cursor", "cursor_path": "next"}, {"next": {"a": 1}}, "no_cursor"),
        ({"type": "cursor", "cursor_path": "length(next)"}, {}, "no_cursor"),
        ({"type": "last_record", "record_field": "key"}, {}, "no_cursor"),
        ({"type": "next_url", "next_path": "next"}, {"next": 7}, "no_cursor"),
        ({"type": "next_url", "next_path": "next"}, {"next": "mailto:a@b.example"}, "no_cursor"),
        ({"type": "next_url", "next_path": "next"}, {"next": "https://evil.example/v1"}, "foreign_page"),
        ({"type": "next_url", "next_path": "next"}, {"next": "//evil.example/v1"}, "foreign_page"),
        ({"type": "next_url", "next_path": "next"}, {"next": "http://inner:8080/v1"}, "foreign_page"),
        ({"type": "next_url", "next_path": "next"}, {"next": "http://crm.example:8080/v1"}, "foreign_page"),
        ({"type": "next_url", "next_path": "next"}, {"next": "https://crm.example:8443/v1"}, "foreign_page"),
    ],
)
def test_place_that_can_not_be_read_is_an_error_and_not_the_end(way, document, reason):
    paginator = build(way, 1, "https://crm.example/v1")
    with pytest.raises(ProtocolError) as caught:
        paginator.advance(paginator.start(), answer(document), [{"id": 1}])
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("way", "document", "records", "ends"),
    [
        ({"type": "page", "end": "short_page"}, {}, 2, False),
        ({"type": "page", "end": "short_page"}, {}, 1, True),
        ({"type": "page", "end": "empty_page"}, {}, 1, False),
        ({"type": "page", "end": "empty_page"}, {}, 0, True),
        ({"type": "page", "end": "flag", "flag_path": "last", "flag_end": True}, {"last": True}, 2, True),
        ({"type": "page", "end": "flag", "flag_path": "last", "flag_end": True}, {"last": False}, 0, False),
        ({"type": "page", "end": "flag", "flag_path": "more"}, {"more": False}, 2, True),
        ({"type": "page", "end": "flag", "flag_path": "more"}, {"more": 1}, 2, False),
        ({"type": "page", "end": "flag", "flag_path": "more", "flag_end": None}, {}, 2, True),
        ({"type": "page", "end": "flag", "flag_path": "more", "flag_end": "no"}, {"more": "no"}, 2, True),
        ({"type": "page", "end": "total", "total_path": "n"}, {"n": "1"}, 1, True),
        # As many as asked for, and the total is so many: it may be that of the page.
        ({"type": "page", "end": "total", "total_path": "n"}, {"n": "2"}, 2, False),
        ({"type": "page", "end": "total", "total_path": "n"}, {"n": 3}, 2, False),
        ({"type": "page", "end": "total", "total_path": "n"}, {"n": 2}, 0, True),
        # A filter that is applied after paging leaves pages empty.
        ({"type": "page", "end": "total", "total_path": "n"}, {"n": 3}, 0, False),
        ({"type": "offset", "end": "total", "total_path": "n"}, {"n": 3}, 0, False),
        ({"type": "cursor", "cursor_path": "c"}, {"c": ""}, 2, True),
        ({"type": "cursor", "cursor_path": "c"}, {"c": 0}, 2, True),
        ({"type": "cursor", "cursor_path": "c", "end": "empty_page"}, {"c": "x"}, 0, True),
        ({"type": "next_url", "next_path": "n", "end": "short_page"}, {"n": "?a"}, 1, True),
        ({"type": "link_header"}, {}, 2, True),
    ],
)
def test_end_of_the_list(way, document, records, ends):
    paginator = build(way, 2)
    sent = [{"id": number} for number in range(records)]
    assert (paginator.advance(paginator.start(), answer(document), sent) is None) is ends


TOTALS = {
    "of the page": (116, 100, 100, lambda seen, page, count: len(page)),
    "of the page, which is smaller than asked for": (116, 100, 50, lambda seen, page, count: len(page)),
    "of the page, and the last page is full": (200, 100, 100, lambda seen, page, count: len(page)),
    "capped": (2345, 100, 100, lambda seen, page, count: min(count, 2000)),
    "of the list": (250, 100, 100, lambda seen, page, count: count),
    "of the list, and the last page is full": (300, 100, 100, lambda seen, page, count: count),
    "what is left": (230, 100, 100, lambda seen, page, count: count - seen),
}


@pytest.mark.parametrize("kind", ["page", "offset"])
@pytest.mark.parametrize("how", TOTALS)
def test_list_is_not_cut_by_a_total_that_is_not_of_the_list(how, kind):
    count, asked, given_, total_of = TOTALS[how]
    asked = given_ if kind == "page" else asked
    paginator = build({"type": kind, "end": "total", "total_path": "total"}, asked)
    state, read, requests = paginator.start(), [], 0
    while state is not None:
        offset = paginator.variables(state)["offset"]
        page = list(range(offset, min(offset + given_, count)))
        state = paginator.advance(state, answer({"total": total_of(offset, page, count)}), page)
        read, requests = read + page, requests + 1
    assert read == list(range(count))
    assert requests <= -(-count // given_) + 1


def test_no_request_more_where_the_total_is_of_the_list():
    paginator = build({"type": "page", "end": "total", "total_path": "total"}, 100)
    state = paginator.advance(paginator.start(), answer({"total": 200}), list(range(100)))
    assert paginator.advance(state, answer({"total": 200}), list(range(100, 200))) is None


def test_refusal_is_the_end_only_behind_the_total():
    paginator = build({"type": "page", "end": "total", "total_path": "total"}, 2)
    state = paginator.start()
    assert not paginator.is_end(state, 404)
    state = paginator.advance(state, answer({"total": 2}), [1, 2])
    assert paginator.is_end(state, 404)
    assert not paginator.is_end(state, 500)
    assert not paginator.is_end(state, None)


@pytest.mark.parametrize(("status", "is_end"), [(404, True), (416, True), (400, False), (422, False), (500, False)])
def test_refusal_behind_a_total_that_may_be_capped_is_the_end_only_if_it_says_so(status, is_end):
    paginator = build({"type": "page", "end": "total", "total_path": "total"}, 1000)
    state = paginator.advance(paginator.start(), answer({"total": 1000}), list(range(1000)))
    assert paginator.is_end(state, status) is is_end


def test_refusal_in_the_midst_of_a_list_by_position_is_too_deep():
    paginator = build({"type": "offset"}, 2)
    assert not paginator.is_too_deep(paginator.start(), 400)
    state = paginator.advance(paginator.start(), answer(), [1, 2])
    assert paginator.is_too_deep(state, 400)
    assert not paginator.is_too_deep(state, 404) and not paginator.is_too_deep(state, None)
    by_cursor = build({"type": "last_record"}, 2)
    assert not by_cursor.is_too_deep(by_cursor.advance(by_cursor.start(), answer(), [{"id": 1}, {"id": 2}]), 400)


@pytest.mark.parametrize(("count", "requests"), [(100, 2), (137, 2), (200, 3), (37, 1), (40, 1), (50, 2), (0, 1)])
def test_short_page_is_not_the_end_where_it_may_be_all_that_the_remote_gives_at_once(count, requests):
    paginator = build({"type": "offset", "end": "short_page"}, 200)
    state, read, asked = paginator.start(), 0, 0
    while state is not None:
        page = list(range(state["offset"], min(state["offset"] + 100, count)))
        state, read, asked = paginator.advance(state, answer(), page), read + len(page), asked + 1
    assert (read, asked) == (count, requests)


def test_short_page_behind_a_full_one_is_the_end_whatever_its_size():
    paginator = build({"type": "page", "end": "short_page"}, 200)
    state = paginator.advance(paginator.start(), answer(), list(range(200)))
    assert paginator.advance(state, answer(), list(range(100))) is None


def test_last_page_that_comes_once_more_is_an_echo_only_behind_the_end():
    paginator = build({"type": "page", "end": "short_page"}, 200)
    state = paginator.advance(paginator.start(), answer(), list(range(100)))
    assert paginator.is_echo(state, list(range(100))) and paginator.is_end(state, 404)
    assert not paginator.is_echo(state, list(range(100, 200))) and not paginator.is_echo(state, [])
    full = paginator.advance(paginator.start(), answer(), list(range(200)))
    assert not paginator.is_echo(full, list(range(200)))


@pytest.mark.parametrize(("records", "short"), [([1], (3, 5)), ([1, 2, 3], None), ([1, 2, 3, 4], None)])
def test_list_that_ends_before_its_total_says_so(records, short):
    paginator = build({"type": "page", "end": "total", "total_path": "total"}, 2)
    assert paginator.shortfall({"page": 2, "seen": 2}, answer({"total": "5"}), records) == short
    assert build({"type": "page"}, 2).shortfall({"page": 2, "seen": 2}, answer({"total": 5}), records) is None


@pytest.mark.parametrize(
    ("base", "sent", "followed"),
    [
        ("https://crm.example/v1", "http://crm.example/v1?page=2", "https://crm.example/v1?page=2"),
        ("https://crm.example/v1", "http://CRM.example:80/v1?page=2", "https://crm.example/v1?page=2"),
        ("https://crm.example:8443/v1", "http://crm.example:8443/v1?p=2", "https://crm.example:8443/v1?p=2"),
        ("http://crm.example/v1", "http://crm.example/v1?page=2", "http://crm.example/v1?page=2"),
    ],
)
def test_next_address_is_called_as_securely_as_the_first(base, sent, followed):
    paginator = build({"type": "next_url", "next_path": "next"}, 1, base)
    assert paginator.advance(paginator.start(), answer({"next": sent}, url=base), [1])["url"] == followed


def test_last_cursor_that_is_repeated_with_nothing_is_the_end():
    paginator = build({"type": "cursor", "cursor_path": "c"}, 2)
    state = paginator.advance(paginator.start(), answer({"c": "x"}), [1])
    assert paginator.advance(state, answer({"c": "x"}), []) is None
    with pytest.raises(ProtocolError):
        paginator.advance(state, answer({"c": "x"}), [2])


def test_variables_keep_their_types_and_are_all_there():
    paginator = build({"type": "page", "first_page": 0}, 20)
    assert paginator.variables(paginator.start()) == {"page": 0, "offset": 0, "cursor": None, "limit": 20}
    cursor = build({"type": "cursor", "cursor_path": "c"}, 20)
    state = cursor.advance(cursor.start(), answer({"c": 17}), [1])
    assert cursor.variables(state) == {"page": None, "offset": None, "cursor": 17, "limit": 20}
    assert cursor.url(state) is None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"type": "pages"}, "type"),
        ({"type": "page", "size": 3}, "size"),
        ({"type": "page", "first_page": "1"}, "first_page"),
        ({"type": "page", "first_page": True}, "first_page"),
        ({"type": "page", "end": "never"}, "end"),
        ({"type": "page", "end": "flag"}, "flag_path"),
        ({"type": "page", "end": "total"}, "total_path or total_header"),
        ({"type": "cursor"}, "cursor_path or cursor_header"),
        ({"type": "cursor", "cursor_path": "a.["}, "cursor_path"),
        ({"type": "cursor", "cursor_path": 5}, "cursor_path"),
        ({"type": "next_url", "next_path": ""}, "next_path"),
    ],
)
def test_wrong_option_is_named(config, words):
    with pytest.raises(OptionError, match=words):
        build(config, 10)


@pytest.mark.parametrize("name", PAGINATORS)
def test_every_paginator_says_what_it_is_for(name):
    cls = PAGINATORS[name]
    assert cls.name == name and cls.label and cls.__doc__
    assert all(option.label for option in cls.options.values())


def test_no_configuration_is_one_page():
    assert build(None, 10).advance({}, answer({}), [1]) is None


@pytest.mark.parametrize(
    ("options", "document", "headers", "total"),
    [
        ({"total_path": "meta.all"}, {"meta": {"all": 1200}}, {}, 1200),
        ({"total_path": "meta.all"}, {"meta": {"all": "1200"}}, {}, 1200),
        ({"total_header": "X-All"}, {}, {"x-all": "7"}, 7),
        ({}, {}, {"x-total-count": "7"}, 7),
        ({}, {}, {"Total-Records": "0"}, 0),
        ({}, {"total": 7}, {}, None),
        ({"total_path": "meta.all"}, {"meta": {"all": "many"}}, {}, None),
        ({"total_path": "meta.all"}, {"meta": {"all": -1}}, {}, None),
        ({"total_path": "meta.all"}, {"meta": {"all": 10**12}}, {}, None),
        ({"total_path": "length(meta)"}, {"meta": None}, {}, None),
    ],
)
def test_total_for_people_is_what_the_remote_tells_or_nothing(options, document, headers, total):
    assert build({"type": "offset", **options}, 10).total(answer(document, headers)) == total


def test_every_paginator_says_how_many_there_are_where_it_is_told():
    for name, paginator in PAGINATORS.items():
        required = {group[0]: "a" for group in paginator.required}
        assert build({"type": name, **required}, 10).total(answer({}, {"X-Total-Count": "7"})) == 7
