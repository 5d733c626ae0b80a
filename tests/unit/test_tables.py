"""CSV, JSON lines and packed files are read into documents, and written; what does not fit is refused."""

import gzip
import io
import zipfile
from email import message_from_bytes

import fault_server as faults
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.paths import parse_expression
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import ConfigurationError, ProtocolError, RemoteError
from integration_bridge.remote.formats import make
from integration_bridge.remote.operation import Operation
from integration_bridge.remote.options import OptionError
from integration_bridge.remote.pagination import build

TABLE = "id,name\r\n1,Ann\r\n2,Bob\r\n"
ROWS = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]


def answer(text, content_type="text/csv", **headers):
    raw = text if isinstance(text, bytes) else text.encode()
    return faults.answer(200, raw, {"Content-Type": content_type, **headers})


def read(client, path="/x", form=None):
    return client.send(Request("GET", path, reads=form)).document


def refused(server, client, given, form=None):
    server.script(given)
    with pytest.raises(RemoteError) as caught:
        read(client, form=form)
    return caught.value


def records(client, form=None, place="@"):
    one = Operation(
        "GET", "/x", {}, {}, None, "json", parse_expression(place), place, paginator=build({}, 10), reads=form
    )
    return one.page(client, [], one.paginator.start()).records


# --- CSV


@pytest.mark.parametrize(
    ("text", "options", "rows"),
    [
        (TABLE, {}, ROWS),
        ("id;name\n1;Ann\n2;Bob", {}, ROWS),
        ("id\tname\n1\tAnn\n\n2\tBob\n", {}, ROWS),
        ("\ufeffid,name\n1,Ann\n2,Bob\n", {}, ROWS),
        (TABLE.encode("utf-16"), {}, ROWS),
        ('id,"first, last; all"\n1,"Ann"\n', {}, [{"id": "1", "first, last; all": "Ann"}]),
        ('id,note\n1,"two\r\nlines, and a ""quote"""\n', {}, [{"id": "1", "note": 'two\r\nlines, and a "quote"'}]),
        ("007;1.234,50\n", {"columns": ["id", "price"], "header": False, "delimiter": ";"},
         [{"id": "007", "price": "1.234,50"}]),
        ("a,b\n1,Ann\n2,Bob\n", {"columns": ["id", "name"]}, ROWS),
        ("id,name\n1,'Ann, x'\n", {"quote": "'"}, [{"id": "1", "name": "Ann, x"}]),
        ('id,name\n1,5" screw\n', {"quote": ""}, [{"id": "1", "name": '5" screw'}]),
        ("id, name ,\n1,,\n", {}, [{"id": "1", "name": "", "c3": ""}]),
        ("id,name\n", {}, []),
    ],
    ids=range(13),
)  # fmt: skip
def test_table_becomes_a_list_of_objects_of_texts(server, connect, text, options, rows):
    server.script(answer(text))
    assert read(connect(), form=make("csv", options)) == rows


def test_encoding_is_that_of_the_option_or_the_content_type(server, connect):
    text = "id,name\n1,Zoë €\n".encode("cp1252")
    server.script(answer(text), answer(text, "text/csv; charset=windows-1252"))
    expected = [{"id": "1", "name": "Zoë €"}]
    assert read(connect(), form=make("csv", {"encoding": "windows-1252"})) == expected
    assert read(connect()) == expected
    assert refused(server, connect(), answer(text)).reason == "charset"


@pytest.mark.parametrize(
    ("text", "options", "key", "words"),
    [
        ("id,name\n1,Ann\n2\n", {}, "not_csv.cells", "Row 3 .* has 1 cells, and there are 2 columns"),
        ("1,2\n", {"columns": ["a", "b", "c"], "header": False}, "not_csv.cells", "has 2 cells, and there are 3"),
        ('id,name\n1,"cut off', {}, "not_csv", "at row 2"),
        ('id,name\n1,"a"b\n', {}, "not_csv", "at row 2"),
        ("id,name,id\n1,2,3\n", {}, "not_csv.twice", "two columns “id”"),
        ("id;name,x\n1;2,3\n", {}, "not_csv.delimiter", "each of ',' ';' may be"),
        ("<!DOCTYPE html><html></html>", {}, "not_csv.html", "a web page"),
        ("Session expired", {}, "not_csv.sentence", "may be a message"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(server, connect, text, options, key, words):
    error = refused(server, connect(), answer(text), make("csv", options))
    assert error.key == key
    with pytest.raises(ProtocolError, match=words):
        raise error


def test_table_without_the_column_of_the_id_is_no_empty_list(server, connect):
    error = refused(server, connect(), answer("Sorry, try later\n"), make("csv", needed=("id",)))
    assert (error.reason, error.message) == (
        "no_column",
        f"The answer of {server.url[7:]} has no column “id”, where the id should be. Its columns are: Sorry, try later."
        " Check the id of the flow, and delimiter and columns in the options of the answer.",
    )
    server.script(answer("id\n"))
    assert records(connect(), make("csv", needed=("id",))) == []


def test_failure_in_json_in_place_of_a_table_is_that_failure(server, connect):
    server.script(answer('{"error": "Session expired"}', "application/json"))
    with pytest.raises(RemoteError, match="Session expired") as caught:
        records(connect(), make("csv"))
    assert caught.value.kind == "auth"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"delimiter": ";;"}, "delimiter: write one character"),
        ({"delimiter": '"'}, "delimiter: write one character"),
        ({"quote": "''"}, "quote: write one"),
        ({"columns": ["a", "a"]}, "a name of its own"),
        ({"header": "yes"}, "neither true nor false"),
        ({"header": False}, "they are needed where"),
        ({"encoding": "klingon"}, "there is no 'klingon'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        make("csv", options)


def test_columns_with_telling_names_are_blanked_in_exchanges(server, connect):
    seen = []
    server.script(answer('id;api_key;note\n1;s3cr;"a;b"\n2;;c\n'))
    read(connect(on_exchange=seen.append))
    assert seen[0].response_body == 'id;api_key;note\n1;***;"a;b"\n2;;c\n'


def test_table_is_sent(server, connect):
    rows = [{"id": 1, "name": 'A "B"', "on": True}, {"id": 2, "name": None, "on": False}]
    connect().send(Request("POST", "/", body=rows, body_format="csv", body_options={"delimiter": ";"}))
    sent = server.requests[0]
    assert sent.headers["content-type"] == "text/csv; charset=utf-8"
    assert sent.body.decode() == 'id;name;on\r\n1;"A ""B""";true\r\n2;;false\r\n'


@pytest.mark.parametrize(
    ("value", "options", "words"),
    [
        ([{"a": [1]}], {}, "“a” is a list"),
        ([{"a": 1}, {"a": 1, "b": 2}], {}, "“b” is none of the columns"),
        ([{"a": 1, "b": 2}, {"a": 1}], {}, "rows have different columns"),
        (["a"], {}, "a row of a table is an object"),
        ([{"a": "€"}], {"encoding": "latin-1"}, "can't encode"),
        ([{"a": "b,c"}], {"quote": ""}, "need to escape"),
    ],
)
def test_what_no_table_can_say_is_refused(value, options, words):
    with pytest.raises(ValueError, match=words):
        make("csv", options, is_body=True).write(value)


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff")) | st.just('a\r\n"b"')


@given(st.lists(st.tuples(cells, cells), min_size=1))
def test_what_is_written_is_read_again(pairs):
    rows = [{"id": one, "name": other} for one, other in pairs]
    raw, content_type = make("csv", {}, is_body=True).write(rows)
    form = make("csv")
    assert form.read(form.decode(raw, content_type, ""), "") == rows


# --- Packed


def packed(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("raw", "content_type", "path"),
    [
        (gzip.compress(TABLE.encode()), "application/gzip", "/export/items.csv.gz"),
        (gzip.compress(TABLE.encode()[:9]) + gzip.compress(TABLE.encode()[9:]), "text/csv", "/x"),
        (packed(**{"a/items.csv": TABLE}), "application/zip", "/x"),
        (packed(**{"items.csv": TABLE}), "application/octet-stream", "/items.zip"),
    ],
)
def test_packed_file_is_opened(server, connect, raw, content_type, path):
    seen = []
    server.script(answer(raw, content_type))
    assert read(connect(on_exchange=seen.append), path) == ROWS
    assert seen[0].response_body == TABLE


def test_name_of_the_file_tells_the_format(server, connect):
    header = {"Content-Disposition": 'attachment; filename="items.csv"'}
    server.script(answer(TABLE, "application/octet-stream", **header))
    assert read(connect()) == ROWS


def test_one_file_of_an_archive_is_chosen(server, connect):
    raw = packed(**{"readme.txt": "x", "items-2026.csv": TABLE})
    server.script(answer(raw, "application/zip"))
    assert read(connect(), form=make("auto", {"member": "items-*.csv"})) == ROWS
    many = refused(server, connect(), answer(raw, "application/zip"))
    assert many.key == "archive.many" and "readme.txt, items-2026.csv" in many.message
    none = refused(server, connect(), answer(raw, "application/zip"), make("csv", {"member": "no*"}))
    assert none.key == "archive.none" and "no file no*" in none.message


@pytest.mark.parametrize(
    "raw",
    [gzip.compress(b"0" * 10_000_000), packed(a=b"0" * 10_000_000)],
    ids=["gzip", "zip"],
)
def test_bomb_is_stopped_at_the_limit(server, connect, raw):
    assert len(raw) < 20_000
    error = refused(server, connect(max_bytes=1024 * 1024), answer(raw, "application/zip"))
    assert (error.reason, error.values["limit"]) == ("too_big", "1")


@pytest.mark.parametrize(
    "raw",
    [
        gzip.compress(TABLE.encode())[:-4],
        gzip.compress(TABLE.encode())[:-8] + b"\0" * 8,
        packed(a=TABLE)[:-30],
        packed(a=TABLE)[:31] + b"\xff" * 4 + packed(a=TABLE)[35:],
    ],
    ids=["cut off", "wrong sum", "no directory", "damaged"],
)
def test_damaged_file_is_refused(server, connect, raw):
    error = refused(server, connect(), answer(raw, "application/zip"))
    assert (error.reason, error.kind) == ("archive", "protocol")


# --- JSON lines


def test_each_line_is_a_record(server, connect):
    text = '{"id": 1, "name": "a\\u2028b"}\r\n\n{"id": 2, "name": "\u2028"}'
    server.script(answer(text, "application/x-ndjson"), answer(text, "application/json"))
    expected = [{"id": 1, "name": "a\u2028b"}, {"id": 2, "name": "\u2028"}]
    assert read(connect()) == expected
    assert read(connect(), form=make("jsonl")) == expected


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ('{"id": 1}\n{"id": 2', "not_jsonl", "Line 2 .* is not JSON"),
        ('{"id": 1}\n[2]\n', "not_jsonl.record", "Line 2 .* is not an object"),
        ('{"id": NaN}', "not_jsonl", "NaN"),
        ("<html></html>", "not_json.html", "web page"),
    ],
)
def test_line_that_is_no_record_is_named(server, connect, text, key, words):
    error = refused(server, connect(), answer(text, "application/jsonl"))
    assert error.key == key
    with pytest.raises(ProtocolError, match=words):
        raise error


def test_nothing_is_an_empty_list_only_where_the_answer_says_its_format(server, connect):
    server.script(answer("", "application/x-ndjson"))
    assert records(connect()) == []
    assert refused(server, connect(), answer("", "text/plain"), make("jsonl")).reason == "empty"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"error": "Session expired"}', True),
        ('{"id": 1}\n{"error": {"message": "Session expired"}}', True),
        ('{"id": 1, "error": "x"}\n{"id": 2, "error": "Session expired"}', False),
        ('{"id": 1, "error": "Session expired"}', False),
    ],
)
def test_failure_on_a_line_of_its_own_is_a_failure(server, connect, text, told):
    server.script(answer(text, "application/x-ndjson"))
    form = make("auto", needed=("id",))
    if told:
        with pytest.raises(RemoteError, match="Session expired") as caught:
            records(connect(), form)
        assert caught.value.reason == "told"
    else:
        assert len(records(connect(), form)) == text.count("\n") + 1


def test_lines_are_sent(server, connect):
    connect().send(Request("POST", "/", body=[{"id": 1, "name": "é\n"}, {"id": 2}], body_format="jsonl"))
    sent = server.requests[0]
    assert sent.headers["content-type"] == "application/x-ndjson"
    assert sent.body.decode() == '{"id": 1, "name": "é\\n"}\n{"id": 2}\n'


# --- File upload


def test_file_is_uploaded_with_fields_beside_it(server, connect):
    body = {"kind": "products", "options": {"replace": True}, "upload": [{"id": 1}, {"id": 2}]}
    options = {"file": "upload", "filename": "Prüf.csv", "options": {"delimiter": ";"}}
    connect().send(Request("POST", "/", body=body, body_format="multipart", body_options=options))
    sent = server.requests[0]
    message = message_from_bytes(b"Content-Type: " + sent.headers["content-type"].encode() + b"\r\n\r\n" + sent.body)
    parts = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
    assert {name: part.get_payload(decode=True) for name, part in parts.items()} == {
        "kind": b"products",
        "options[replace]": b"true",
        "upload": b"id\r\n1\r\n2\r\n",
    }
    assert parts["upload"].get_content_type() == "text/csv"
    assert 'filename="Prüf.csv"' in sent.body.decode()


@pytest.mark.parametrize("template", ["{records}", {"a": 1}, ["{records}"]])
def test_upload_without_the_file_is_refused(template):
    with pytest.raises(ConfigurationError, match="is the file"):
        make("multipart", {}, is_body=True).check_template(template)


def test_options_of_the_file_are_checked():
    with pytest.raises(OptionError, match="not an object"):
        make("multipart", {"options": [1]}, is_body=True)
    with pytest.raises(OptionError, match="no option of “csv”"):
        make("multipart", {"options": {"speed": 1}}, is_body=True)
    with pytest.raises(OptionError, match="is none of csv"):
        make("multipart", {"format": "yaml"}, is_body=True)
