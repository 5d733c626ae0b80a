"""What comes from outside, at random: read, or refused in words; never anything else, and never something unstorable.

``FUZZ=200000`` is the long form, for this file and ``tests/test_fuzz.py`` together. Hypothesis prints how to
repeat what failed; an example that has failed once stands below as an ``@example``, by its name.
"""

import copy
import datetime
import functools
import json

import pytest
from fuzz_values import TOTAL, bodies, documents, encoded, fuzzed, headers, texts, tried
from hypothesis import example
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from integration_bridge import moments
from integration_bridge.mapping.converters import CONVERTERS, make_converter
from integration_bridge.mapping.errors import MappingError
from integration_bridge.mapping.fingerprint import fingerprint
from integration_bridge.mapping.paths import parse_expression, parse_path
from integration_bridge.remote import address, redaction, status, told
from integration_bridge.remote.delta import Delta, moment_of, remote_clock
from integration_bridge.remote.document import is_too_deep, parse, storable
from integration_bridge.remote.errors import RemoteError
from integration_bridge.remote.exchange import Answer
from integration_bridge.remote.formats import FORMS, make
from integration_bridge.remote.formats.answer import open_answer
from integration_bridge.remote.pagination import PAGINATORS, build

SHARES = 34  # tests, which share seven eighths of the long form; test_fuzz.py of Odoo has the rest
random = functools.partial(fuzzed, 7 / 8 / SHARES, 60)


@pytest.fixture(scope="module", autouse=True)
def _tell():
    yield
    if TOTAL:
        print(f"\n{tried()} inputs")


def answer(document, given_headers, code=200):
    return Answer(code, CaseInsensitiveDict(given_headers), document, "https://crm.example/v1/x", 0, 0, b"")


def assert_in_words(error):
    assert error.message and "Traceback" not in error.message
    assert len(error.message) < 3_000


def assert_storable(document):
    json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    assert storable(document) == document


@random(texts)
def test_any_text_is_a_document_or_refused(text):
    try:
        assert_storable(parse(text, "crm.example"))
    except RemoteError as error:
        assert_in_words(error)


@random(bodies(), headers, st.sampled_from(["/x", "/x.csv", "/x.json.gz", "/x.vcf", "/\x00"]))
@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.answer_options is not None])
def test_any_body_is_a_document_of_its_format_or_refused(name, raw, given_headers, path):
    url = f"https://crm.example{path}"
    try:
        opened = open_answer(raw, CaseInsensitiveDict(given_headers), url, make(name), 10_000, "crm.example")
        found = opened.form.document(opened.raw, opened.content_type, "crm.example", must_have_content=False)
    except RemoteError as error:
        return assert_in_words(error)
    assert_storable(found)
    assert not is_too_deep(found)
    fingerprint(found)


@random(
    st.sampled_from([name for name in PAGINATORS if name != "stream"]),
    documents,
    headers,
    st.lists(documents, max_size=3),
)
def test_any_answer_leads_to_a_next_page_an_end_or_an_error(name, document, given_headers, records):
    options = {"cursor": {"cursor_path": "next"}, "next_url": {"next_path": "next"}, "last_record": {}}.get(name, {})
    paginator = build({"type": name, **options}, 3, "https://crm.example/v1")
    try:
        state = paginator.advance(paginator.start(), answer(document, given_headers), records)
    except RemoteError as error:
        return assert_in_words(error)
    if state is not None:
        assert_storable(state)
        paginator.variables(state)
        assert (paginator.url(state) or "https://crm.example/").startswith("https://crm.example")


BEGAN = datetime.datetime(2024, 5, 31, 12, tzinfo=datetime.timezone.utc)
# Most documents are no moment at all, and a cursor has to be one before anything happens to it.
cursors = st.one_of(
    documents,
    st.integers(-(10**12), 10**14),
    st.datetimes(timezones=st.timezones() | st.none()).map(str),
    st.dates().map(str),
)


@random(
    st.sampled_from(["timestamp", "token"]),
    st.sampled_from(["iso", "epoch", "epoch_ms", "integer", "%Y-%m-%d"]),
    st.sampled_from(["record", "body", "header"]),
    st.one_of(documents, st.fixed_dictionaries({"next": cursors})).map(
        storable
    ),  # as every document is once it is read
    headers,
    st.lists(cursors.map(storable), max_size=3),
)
@example("timestamp", "epoch", "record", None, {}, [0])  # a cursor that is read, and so is held against the beginning
@example("timestamp", "epoch", "record", None, {}, [2**33])
def test_any_cursor_is_kept_sent_or_refused(kind, form, source, document, given_headers, updates):
    delta = Delta(kind, form, source=source, path="next", overlap=5)
    try:
        kept = delta.observe(None, answer(document, given_headers), updates)
        limited = delta.limit(kept, BEGAN)
    except RemoteError as error:
        return assert_in_words(error)
    assert_storable(kept)
    assert_storable(limited)
    if limited is not None:
        delta.since(limited)
        if kind == "timestamp" and form != "integer":
            assert delta.moment(limited) <= BEGAN, "a record of the future hides no other"
    remote_clock(answer(document, given_headers))


@random(documents, st.sampled_from(["iso", "epoch", "epoch_ms", "/Date()/", "%d.%m.%Y", "%z", "integer"]))
def test_any_value_is_a_moment_or_none(value, pattern):
    moment_of(value, pattern)


@random(documents, st.sampled_from(["iso", "epoch", "epoch_s", "/Date()/", "%d.%m.%Y %H:%M"]))
def test_any_value_is_read_as_a_moment_or_refused(value, pattern):
    try:
        moments.read(value, pattern, moments.zone_of("Europe/Berlin"))
    except (ValueError, OverflowError, TypeError) as error:
        assert not isinstance(error, UnicodeError)


@random(texts, documents, documents)
def test_any_path_reads_and_writes_or_is_refused(text, document, value):
    before = copy.deepcopy(document)
    try:
        path = parse_path(text)
        path.read(document)
        assert document == before, "reading changes nothing"
        if isinstance(document, dict):
            path.write(copy.deepcopy(document), value)
    except MappingError as error:
        assert str(error)


# The notation of JMESPath's literals that is to go one day, such as two backticks with nothing between, is read as yet.
@pytest.mark.filterwarnings("ignore:deprecated string literal syntax:PendingDeprecationWarning")
@random(texts, documents)
@example("``", None)
def test_any_expression_reads_or_is_refused(text, document):
    try:
        parse_expression(text).read(document)
    except MappingError as error:
        assert str(error)


@random(documents)
@pytest.mark.parametrize("name", CONVERTERS)
def test_any_value_is_converted_or_refused(name, value):
    try:
        needed = {key: "name" for key, one in CONVERTERS[name].options.items() if one.required}
        converter = make_converter(name, needed)
    except MappingError:
        return  # it needs more to be told than a name
    try:
        converter.read(value)
    except MappingError as error:
        assert str(error)


@random(texts)
def test_any_address_is_read_or_refused(url):
    for one in (url, f"http://{url}", f"http://crm.example/{url}"):
        try:
            address.host_of(address.resolve("https://crm.example/v1", one))
            address.is_below("https://crm.example/v1", one)
            address.origin(one)
        except RemoteError as error:
            assert_in_words(error)
        address.has_dot_segments(one)
        address.add_query(one, [("a", "b")])


@random(documents, texts, headers, st.lists(st.text(min_size=8, max_size=12), max_size=2))
def test_any_document_is_redacted_and_has_no_secret_left(document, text, given_headers, secrets):
    secrets = tuple(secrets)
    redaction.redact_document(document, secrets)
    redaction.redact_headers(given_headers, secrets)
    redaction.redact_url(text, secrets)
    shown = redaction.redact_text(f"{text}{''.join(secrets)}{text}", secrets)
    assert not [one for one in secrets if one in shown]


@random(st.integers(100, 599), documents, headers)
def test_any_refusal_is_told_in_words(code, document, given_headers):
    body = encoded(document)
    error = told.told_error(code, told.words_of_body(body), CaseInsensitiveDict(given_headers), "crm.example")
    assert_in_words(error)
    told.told_failure(document)
    wait = status.retry_after(CaseInsensitiveDict(given_headers))
    assert wait is None or wait >= 0


@random(documents)
@example({"\x00": ["\ud800", {"\udfff": 1}]})
def test_any_document_becomes_storable(document):
    assert_storable(storable(document))
