"""XML is read into documents by one rule and written back by the same; what is dangerous or unclear is refused."""

import json
from xml.etree import ElementTree

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

MULTISTATUS = """<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">
  <D:response>
    <D:href>/ann/contacts/1.vcf</D:href>
    <D:propstat>
      <D:prop>
        <D:getetag>"23ba4d-ff11fb"</D:getetag>
        <C:address-data>BEGIN:VCARD&#13;
VERSION:3.0&#13;
FN:Ann &amp; Bob&#13;
END:VCARD&#13;
</C:address-data>
      </D:prop>
      <D:status>HTTP/1.1 200 OK</D:status>
    </D:propstat>
  </D:response>%s
</D:multistatus>"""
MORE = """<D:response><D:href>/ann/contacts/2.vcf</D:href><D:propstat><D:prop/></D:propstat></D:response>"""
VCARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann & Bob\r\nEND:VCARD\r\n"


def read(text, **options):
    raw = text if isinstance(text, bytes) else text.encode()
    form = make("xml", options)
    return form.read(form.decode(raw, "application/xml", "shop.example"), "shop.example")


def xml_answer(text, status=200, content_type="application/xml"):
    raw = text if isinstance(text, bytes) else text.encode()
    return faults.answer(status, raw, {"Content-Type": content_type})


def operation(place, **values):
    shape = {"method": "GET", "path": "/x", "query": {}, "headers": {}, "body": None, "body_format": "json", **values}
    return Operation(place=parse_expression(place), shown=place, paginator=build({}, 10), **shape)


def records(client, place, **values):
    one = operation(place, **values)
    return one.page(client, [], one.paginator.start()).records


# --- How it is read


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("<a>text</a>", {"a": "text"}),
        ("<a/>", {"a": None}),
        ("<a>\n  </a>", {"a": None}),
        ('<a xml:space="preserve"> </a>', {"a": {"@xml:space": "preserve", "#text": " "}}),
        ("<a> kept as it is </a>", {"a": " kept as it is "}),
        ("<a><b>1</b><c/></a>", {"a": {"b": "1", "c": None}}),
        ("<a><b>1</b><c/><b>2</b></a>", {"a": {"b": ["1", "2"], "c": None}}),
        ("<a><b/><b/></a>", {"a": {"b": [None, None]}}),
        ('<a id="7">text</a>', {"a": {"@id": "7", "#text": "text"}}),
        ('<a id="7"/>', {"a": {"@id": "7"}}),
        ("<a>one<b/>two<!-- no --> three</a>", {"a": {"b": None, "#text": "onetwo three"}}),
        ("<a><![CDATA[<b>&amp;]]></a>", {"a": "<b>&amp;"}),
        ('<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><b xsi:nil="true"/></a>', {"a": {"b": None}}),
        ('<d:a xmlns:d="DAV:" d:x="1" xmlns="urn:b"><b/></d:a>', {"a": {"@x": "1", "b": None}}),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("latin-1"), {"a": "é"}),
        ('\ufeff<?xml version="1.0" encoding="utf-8"?><a>é</a>', {"a": "é"}),
        ('<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode("utf-16"), {"a": "é"}),
        ('<?xml version="1.0" encoding="windows-1252"?><a>€</a>'.encode("cp1252"), {"a": "€"}),
        ("<?pi x?><a>&#233;&lt;</a>", {"a": "é<"}),
    ],
)
def test_one_rule_reads_every_element(text, document):
    assert read(text) == document


def test_charset_of_the_content_type_goes_before_the_declaration(server, connect):
    text = '<?xml version="1.0" encoding="utf-8"?><a>é</a>'.encode("latin-1")
    server.script(xml_answer(text, content_type="text/xml; charset=iso-8859-1"))
    assert connect().send(Request("GET", "/")).document == {"a": "é"}


def test_elements_named_as_lists_are_lists_also_when_there_is_one():
    text = "<order><lines><line>1</line></lines><note><line>2</line></note></order>"
    assert read(text, lists=["line"]) == {"order": {"lines": {"line": ["1"]}, "note": {"line": ["2"]}}}
    assert read(text, lists=["order.lines.line"]) == {"order": {"lines": {"line": ["1"]}, "note": {"line": "2"}}}


def test_prefixes_are_those_of_the_option_whatever_the_answer_calls_them():
    text = '<x:feed xmlns:x="urn:a" xmlns="urn:b"><title>1</title><x:title>2</x:title></x:feed>'
    assert read(text, namespaces={"a": "urn:a"}) == {"a:feed": {"title": "1", "a:title": "2"}}
    with pytest.raises(ProtocolError, match="elements “title” of two kinds") as caught:
        read(text)
    assert (caught.value.reason, caught.value.kind) == ("two_namespaces", "protocol")


# --- What is refused

BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">%s]><a>&b9;</a>' % "".join(
    f'<!ENTITY b{i} "{"&b%s;" % (i - 1 if i > 1 else "") * 10}">' for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (BOMB, "not_xml.doctype", "DOCTYPE"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "not_xml.doctype", "DOCTYPE"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "not_xml.doctype", "DOCTYPE"),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "not_xml.html", "a login or"),
        ("<html>", "not_xml.html", "a login or"),
        ("<a><b></a>", "not_xml", "mismatched tag: line 1"),
        ("plain words", "not_xml", "syntax error"),
        ("<a>&b;</a>", "not_xml", "undefined entity"),
        ("<a>" * 100000 + "</a>" * 100000, "not_xml", "nested too deeply"),
    ],
    ids=range(9),
)
def test_what_is_no_plain_xml_is_refused_with_words(text, key, words):
    with pytest.raises(ProtocolError, match=words) as caught:
        read(text)
    assert caught.value.key == key


def test_answer_is_kept_with_what_is_wrong_with_it(server, connect):
    seen = []
    server.script(xml_answer("<a><token>s3cr3t-t0ken</token>"))
    with pytest.raises(ProtocolError) as caught:
        connect(on_exchange=seen.append).send(Request("GET", "/"))
    assert "not XML" in seen[0].error
    assert caught.value.excerpt == seen[0].response_body == "<a><token>***</token>"


def test_size_is_limited_as_of_json(server, connect):
    server.script(xml_answer("<a>" + "b" * 1000 + "</a>"))
    with pytest.raises(ProtocolError) as caught:
        connect(max_bytes=500).send(Request("GET", "/"))
    assert caught.value.reason == "too_big"


# --- Which answers are XML


@pytest.mark.parametrize(
    ("content_type", "path", "asked", "document"),
    [
        ("application/xml", "/x", None, {"a": None}),
        ("text/xml; charset=utf-8", "/x", None, {"a": None}),
        ("application/atom+xml", "/x", None, {"a": None}),
        ("application/octet-stream", "/export/a.XML?x=1", None, {"a": None}),
        ("text/plain", "/x", "xml", {"a": None}),
        ("application/json", "/x", "xml", {"a": None}),
        ("text/html", "/x", "xml", {"a": None}),
    ],
)
def test_content_type_tells_unless_the_operation_does(server, connect, content_type, path, asked, document):
    server.script(xml_answer("<a/>", content_type=content_type))
    answer = connect().send(Request("GET", path, reads=asked and make(asked)))
    assert answer.document == document
    accept = "application/xml, text/xml, */*;q=0.1" if asked else "application/json"
    assert server.requests[0].headers["accept"] == accept


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/xhtml+xml", "application/json"])
def test_what_is_not_said_to_be_xml_is_read_as_json(server, connect, content_type):
    server.script(xml_answer("<a/>", content_type=content_type))
    with pytest.raises(ProtocolError) as caught:
        connect().send(Request("GET", "/"))
    assert caught.value.key == "not_json.html"


# --- Records


def test_multi_status_is_a_list_of_records(server, connect):
    place = "multistatus.response"
    server.script(xml_answer(MULTISTATUS % MORE, 207), xml_answer(MULTISTATUS % "", 207))
    two, one = (
        records(connect(), place, method="REPORT", body={"d:sync": None}, body_format="xml",
                body_options={"namespaces": {"d": "DAV:"}})
        for _ in range(2)
    )  # fmt: skip
    assert [record["href"] for record in two] == ["/ann/contacts/1.vcf", "/ann/contacts/2.vcf"]
    assert one == two[:1]
    prop = one[0]["propstat"]["prop"]
    assert (prop["getetag"], prop["address-data"]) == ('"23ba4d-ff11fb"', VCARD)
    assert [request.method for request in server.requests] == ["REPORT", "REPORT"]


@pytest.mark.parametrize(("text", "found"), [("<a><b/></a>", []), ("<a><b><c/></b></a>", None), ("<a/>", [])])
def test_an_empty_element_says_that_there_is_nothing(server, connect, text, found):
    server.script(xml_answer(text))
    if found is None:  # one record without content is no empty list
        with pytest.raises(ProtocolError):
            records(connect(), "a.b.d")
    else:
        assert records(connect(), "a.b.c") == found


def test_an_empty_multi_status_answer_is_no_empty_list(server, connect):
    server.script(faults.answer(207))
    with pytest.raises(ProtocolError) as caught:
        records(connect(), "multistatus.response", method="PROPFIND")
    assert caught.value.reason == "empty"


# --- Failures that are told


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("<error><code>401</code><message>Session expired</message></error>", "auth", "Session expired"),
        ('<response status="error"><message>Locked</message></response>', "rejected", "Locked"),
        ("<response><success>false</success><message>No such list</message></response>", "rejected", "No such list"),
        (
            "<prestashop><errors><error><message>Bad filter</message></error></errors></prestashop>",
            "rejected",
            "filter",
        ),
        (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server'
            "</faultcode><faultstring>Too many requests</faultstring></s:Fault></s:Body></s:Envelope>",
            "throttled",
            "Too many requests",
        ),
        ('<ErrorResponse><Error code="9">Bad key</Error></ErrorResponse>', "rejected", "Bad key"),
        ('{"error": "Session expired"}', "auth", "Session expired"),
    ],
)
def test_failure_in_a_good_answer_is_that_failure(server, connect, text, kind, words):
    server.script(xml_answer(text))
    with pytest.raises(RemoteError, match=words) as caught:
        records(connect(), "response.items.item")
    assert (caught.value.reason, caught.value.kind) == ("told", kind)


@pytest.mark.parametrize(
    "text",
    ["<r><errors/><i>1</i></r>", "<r><error>0</error><i>1</i></r>", '<r status="ok"><i>1</i></r>'],
)
def test_an_empty_error_is_none(server, connect, text):
    server.script(xml_answer(text))
    assert records(connect(), "[r.i]") == ["1"]


def test_words_of_an_error_in_xml_are_shown(server, connect):
    server.script(xml_answer("<problem><title>No</title><detail>Phone is not valid</detail></problem>", 422))
    with pytest.raises(RemoteError, match=r"Phone is not valid.*HTTP 422"):
        connect().send(Request("GET", "/"))


# --- How it is written


def written(value, **options):
    return make("xml", options, is_body=True).write(value)[0].decode()


def test_document_is_written_by_the_same_rule(server, connect):
    order = {"order": {"@id": 7, "line": [{"sku": "A<1"}, {"sku": None}], "paid": True, "total": 12.5, "none": []}}
    connect().send(Request("POST", "/", body=order, body_format="xml"))
    sent = server.requests[0]
    assert sent.headers["content-type"] == "application/xml; charset=utf-8"
    assert sent.body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<order id="7"><line><sku>A&lt;1</sku></line><line><sku /></line><paid>true</paid><total>12.5</total></order>'
    )


def test_prefixes_are_declared():
    value = {"d:propfind": {"d:prop": {"c:address-data": None}}}
    root = ElementTree.fromstring(written(value, namespaces={"d": "DAV:", "c": "urn:c"}).partition("\n")[2])
    assert [element.tag for element in root.iter()] == ["{DAV:}propfind", "{DAV:}prop", "{urn:c}address-data"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 1, "b": 2}, "one outermost element"),
        ({"a": [1]}, "is a list"),
        ([1], "one outermost element"),
        ({"a": {"b": [[1]]}}, "a list or an object inside a list"),
        ({"a": {"@b": {"c": 1}}}, "a list or an object"),
        ({"a": "\x01"}, r"the character '\\x01'"),
        ({"a b": 1}, "can not be a name"),
        ({"a": {"1": 1}}, "can not be a name"),
        ({"d:a": 1}, "stands for nothing"),
    ],
)
def test_what_xml_can_not_say_is_refused(value, words):
    with pytest.raises(ValueError, match=words):
        written(value)


@pytest.mark.parametrize("template", ["{record}", {"a": 1, "b": 2}, {"a": {"b c": 1}}, {"d:a": "{record}"}, []])
def test_template_that_can_never_be_written_is_refused(template):
    with pytest.raises(ConfigurationError):
        make("xml", {}, is_body=True).check_template(template)


def test_template_with_placeholders_is_accepted():
    options = {"namespaces": {"d": "DAV:"}}
    make("xml", options, is_body=True).check_template({"d:a": {"@id": "{external_id}", "#text": "{record}"}})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lists": "line"}, "not a list of texts"),
        ({"speed": 1}, "no option of “xml”"),
        ({"namespaces": {"": "DAV:"}}, "can not be a prefix"),
        ({"namespaces": {"d": 1}}, "object whose values are texts"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        make("xml", options)


names = st.from_regex(r"[A-Za-z_éπ][A-Za-z0-9_.é-]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1).filter(lambda text: text.strip())
lists = st.lists(texts, min_size=2, max_size=4)
trees = st.recursive(st.none() | texts | lists, lambda inner: st.dictionaries(names, inner, min_size=1, max_size=4))


@given(
    names,
    trees.filter(lambda tree: not isinstance(tree, list)),
    st.dictionaries(names, st.text("aé\n<&\"'>"), max_size=3),
)
def test_what_is_written_is_read_again(name, tree, attributes):
    content = tree
    if isinstance(tree, dict):
        content = {**{f"@{key}": value for key, value in attributes.items()}, **tree}
    document = {name: content}
    assert read(make("xml", {}, is_body=True).write(document)[0]) == json.loads(json.dumps(document))
