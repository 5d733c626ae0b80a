"""vCards are read into documents by one rule and written back by the same; nothing that stands in one gets lost."""

import fault_server as faults
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_xml import MULTISTATUS, records, xml_answer

from integration_bridge.mapping.paths import parse_path
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import ConfigurationError, ProtocolError, RemoteError
from integration_bridge.remote.formats import make
from integration_bridge.remote.options import OptionError

HOST = "cards.example"


def card(*lines, version="3.0"):
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""))


def read(text, **options):
    form = make("vcard", options)
    return form.document(text.encode(), "text/vcard", HOST)["vcard"]


def write(vcard, **options):
    raw, _media = make("vcard", options, is_body=True).write({"vcard": vcard})
    return raw.decode()


@pytest.mark.parametrize(
    ("line", "name", "item"),
    [
        ("FN:Ann Lee", "fn", {"value": "Ann Lee"}),
        ("FN:Lee\\, Ann\\; B.Sc. C:\\\\x\\nand\\Nmore", "fn", {"value": "Lee, Ann; B.Sc. C:\\x\nand\nmore"}),
        ("TEL;TYPE=WORK,voice;TYPE=pref:+1 555", "tel", {"value": "+1 555", "type": ["work", "voice", "pref"]}),
        ('TEL;TYPE="work,voice";PREF=1:+1', "tel", {"value": "+1", "type": ["work", "voice"], "pref": "1"}),
        ("TEL;WORK;VOICE:+1", "tel", {"value": "+1", "type": ["work", "voice"]}),
        ("item1.EMAIL:ann@example.com", "email", {"value": "ann@example.com", "group": "item1"}),
        (
            "N:Lee;Ann;Mary,Jane;Dr.;",
            "n",
            {"family": "Lee", "given": "Ann", "additional": "Mary,Jane", "prefix": "Dr.", "suffix": ""},
        ),
        (
            "ADR;TYPE=home:;;Main St 1\\nRear;Rome;;00100;IT",
            "adr",
            {"box": "", "extended": "", "street": "Main St 1\nRear", "city": "Rome", "region": "", "code": "00100"}
            | {"country": "IT", "type": ["home"]},
        ),
        ("ADR:;;Main St", "adr", dict.fromkeys(("box", "extended", "city", "region", "code", "country"), "")
         | {"street": "Main St"}),
        ("ORG:ABC\\; Inc.;North;Sales", "org", {"name": "ABC; Inc.", "more": ["North", "Sales"]}),
        ("CATEGORIES:a\\,b,c", "categories", {"value": ["a,b", "c"]}),
        ("NICKNAME:Jim,Jimmie", "nickname", {"value": ["Jim", "Jimmie"]}),
        ("BDAY;VALUE=date:1996-04-15", "bday", {"value": "1996-04-15", "value_type": "date"}),
        ("URL:https://example.com/a,b;c", "url", {"value": "https://example.com/a,b;c"}),
        ("TEL;VALUE=uri:tel:+1;ext=5", "tel", {"value": "tel:+1;ext=5", "value_type": "uri"}),
        ("PHOTO;ENCODING=b;TYPE=JPEG:AAEC/w==", "photo", {"value": "AAEC/w==", "encoding": "b", "type": ["jpeg"]}),
        ("X-PARTS:a;b,c\\;d", "x-parts", {"value": "a;b,c\\;d"}),
    ],
)  # fmt: skip
def test_one_rule_reads_every_property_and_writes_it_back(line, name, item):
    found = read(card(line))
    assert found == {"version": [{"value": "3.0"}], name: [item]}
    assert read(write(found)) == found


def test_folded_lines_and_bare_line_feeds_are_read():
    text = "BEGIN:VCARD\nVERSION:4.0\nNOTE:one \n two\n\t three\n\nEND:VCARD"
    assert read(text)["note"] == [{"value": "one two three"}]


def test_long_and_wide_values_are_folded_and_read_back():
    value = "Ünïcödé 字 🛰 " * 40
    raw = write({"fn": [{"value": value}]})
    assert max(len(line.encode()) for line in raw.split("\r\n")) <= 75
    assert read(raw)["fn"] == [{"value": value}]


def test_several_cards_are_a_list_and_one_is_one_record(server, connect):
    text = card("UID:1", "FN:Ann") + card("UID:2", "FN:Bob")
    assert [one["uid"][0]["value"] for one in read(text)] == ["1", "2"]
    client = connect()
    for one, ids in ((text, ["1", "2"]), (card("UID:1", "FN:Ann"), ["1"])):
        server.script(faults.answer(200, one.encode(), {"Content-Type": "text/vcard"}))
        assert [found["uid"][0]["value"] for found in records(client, "vcard")] == ids


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "is no property"),
        ("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\n", "END:VCARD is missing"),
        ("FN:Ann\r\n", "does not belong there"),
        (card("BEGIN:VCARD"), "does not belong there"),
        (card("BEGIN:VEVENT"), "does not belong there"),
        (card("FN:Ann", version="2.1"), "its version is “2.1”"),
        ("BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n", "its version is “”"),
    ],
)
def test_what_is_no_card_is_refused_with_words(text, words):
    with pytest.raises(ProtocolError) as caught:
        read(text)
    assert words in caught.value.message


# Bodies


@pytest.mark.parametrize(
    ("vcard", "lines"),
    [
        ({"fn": [{"value": "Ann"}], "version": [{"value": "4.0"}]}, ["VERSION:4.0", "FN:Ann"]),
        ({"fn": [{"value": "Ann"}]}, ["VERSION:3.0", "FN:Ann"]),
        ({"tel": [{"value": None, "type": "work"}, {"value": ""}, None, {}], "email": None}, ["VERSION:3.0"]),
        ({"adr": [{"type": "home"}], "categories": [{"value": []}]}, ["VERSION:3.0"]),
        ({"adr": [{"city": "Rome", "type": "home"}]}, ["VERSION:3.0", "ADR;TYPE=home:;;;Rome;;;"]),
        ({"tel": [{"value": 112}], "note": [{"value": "a\r\nb"}]}, ["VERSION:3.0", "TEL:112", "NOTE:a\\nb"]),
        ({"tel": [{"value": "1", "x-label": "a:b"}]}, ["VERSION:3.0", 'TEL;X-LABEL="a:b":1']),
    ],
)
def test_card_is_written_with_what_it_says_and_nothing_that_is_empty(vcard, lines):
    assert write(vcard).split("\r\n") == ["BEGIN:VCARD", *lines, "END:VCARD", ""]


@pytest.mark.parametrize(
    ("vcard", "words"),
    [
        ({"url": [{"value": "https://a\r\nTEL:1"}]}, "'\\r'"),
        ({"tel": [{"value": "1", "type": "a\nTEL"}]}, "'\\n'"),
        ({"tel": [{"value": "1", "type": 'a"b'}]}, "quotation mark"),
        ({"tel": [{"value": "1", "a:b": "x"}]}, "can not be a parameter"),
        ({"fn:x": [{"value": "1"}]}, "can not be a property"),
        ({"end": [{"value": "VCARD"}]}, "can not be a property"),
        ({"fn": "Ann"}, "a list of objects"),
        ({"fn": [{"value": ["a", "b"]}]}, "a list or an object"),
        ({"note": [{"value": "a\x07b"}]}, "'\\x07'"),
        ({"tel": [{"value": "1", "group": "a\r\nB"}]}, "'\\r'"),
    ],
)
def test_what_a_card_can_not_say_is_refused(vcard, words):
    with pytest.raises(ValueError, match=words.replace("\\", "\\\\")):
        write(vcard)


def test_body_is_one_card():
    form = make("vcard", {"version": "4.0"}, is_body=True)
    form.check_template("{record}")
    form.check_template({"vcard": "{record}"})
    with pytest.raises(ConfigurationError, match="one name “vcard”"):
        form.check_template({"fn": "{record}"})
    with pytest.raises(ValueError, match="href"):
        form.write({"vcard": {}, "href": "/1"})
    with pytest.raises(OptionError, match=r"2\.1"):
        make("vcard", {"version": "2.1"}, is_body=True)


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1)


@given(
    st.fixed_dictionaries(
        {
            "fn": st.lists(st.fixed_dictionaries({"value": _TEXT}), min_size=1, max_size=2),
            "n": st.just([]) | st.tuples(_TEXT, _TEXT).map(lambda two: [{"family": two[0], "given": two[1]}]),
            "categories": st.lists(_TEXT, min_size=1, max_size=3).map(lambda some: [{"value": some}]),
        }
    )
)
def test_any_text_comes_back_as_it_was(vcard):
    found = read(write(vcard))
    assert found["fn"] == vcard["fn"]
    assert found["categories"] == vcard["categories"]
    for one, sent in zip(found.get("n", []), vcard["n"], strict=True):
        assert {name: one[name] for name in sent} == sent


# Inside other documents


def test_a_card_inside_an_answer_is_read_where_it_stands(server, connect):
    second = "<D:response><D:href>/2</D:href><D:propstat><D:prop>%s</D:prop></D:propstat></D:response>"
    broken = '<C:address-data xmlns:C="urn:ietf:params:xml:ns:carddav">%s</C:address-data>'
    more = [second % "", second % (broken % "VERSION 2.1"), second % (broken % "")]
    reads = make("xml", {"inside": {"multistatus.response.propstat.prop.address-data": "vcard"}})
    server.script(xml_answer(MULTISTATUS % "".join(more), 207))
    found = records(connect(), "multistatus.response", reads=reads, method="REPORT")
    path = parse_path("propstat.prop.address-data.vcard.fn[0].value")
    assert path.read(found[0]) == "Ann & Bob"
    assert not any(path.read(one) for one in found[1:]), "these have none, or one that can not be read"
    assert found[2]["propstat"]["prop"]["address-data"] == "VERSION 2.1"


def test_json_inside_json_is_read_and_an_unknown_format_refused(server, connect):
    server.script(faults.json_answer({"events": [{"payload": '{"id": 7}'}, {"payload": "{"}, {"payload": None}]}))
    reads = make("json", {"inside": {"events.payload": "json"}})
    found = records(connect(), "events", reads=reads)
    assert [one["payload"] for one in found] == [{"id": 7}, "{", None]
    for wrong in ("yaml", "auto"):
        with pytest.raises(OptionError, match="inside"):
            make("json", {"inside": {"events.payload": wrong}})


def test_the_option_holds_for_an_answer_that_tells_its_format_by_itself(server, connect):
    server.script(xml_answer('<items><item><more>{"id": 7}</more></item></items>'))
    found = records(connect(), "items.item", reads=make("auto", {"inside": {"items.item.more": "json"}}))
    assert found == [{"more": {"id": 7}}]


def test_a_failure_in_place_of_a_card_is_that_failure(server, connect):
    server.script(faults.answer(200, b'{"error": "the address book is locked"}', {"Content-Type": "text/vcard"}))
    with pytest.raises(RemoteError, match="the address book is locked"):
        records(connect(), "vcard")


def test_a_card_is_sent_with_its_content_type(server, connect):
    server.script(faults.answer(201, b"", {"ETag": '"1"'}))
    body = {"vcard": {"fn": [{"value": "Ann"}]}}
    connect().send(Request("PUT", "/ann/1.vcf", body=body, body_format="vcard"))
    [request] = server.requests
    assert request.headers["content-type"] == "text/vcard; charset=utf-8"
    assert request.body == b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n"
