"""Values at random, for all that is fuzzed: ``test_fuzz.py`` here, and the one of Odoo beside this folder."""

import functools
import itertools
import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOTAL = int(os.environ.get("FUZZ", "0"))  # of all tests together; 0: the short form
ran = itertools.count()  # inputs that were really tried


def fuzzed(share, short, *strategies, each=1):
    """A test that is called with values at random.

    :param float share: of the long form
    :param int short: inputs in the short form
    :param int each: inputs that one example has
    """

    def decorate(test):
        @functools.wraps(test)
        def counted(*args, **kwargs):
            for _one in range(each):
                next(ran)
            return test(*args, **kwargs)

        examples = settings(
            max_examples=max(int(TOTAL * share) if TOTAL else short, each) // each,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        return examples(given(*strategies)(counted))

    return decorate


def tried():
    """How many inputs there were up to now."""
    return int(repr(ran)[6:-1])


odd = st.sampled_from(
    [
        *(
            "\x00",
            "\ud800",
            "\udfff",
            "\ufeff",
            "\u202e",
            "\r\n",
            "'",
            '"',
            "\\",
            "<",
            "&",
            "%",
            "{",
            "}",
            "${",
            "@",
            "*",
        ),
        *(
            "NaN",
            "Infinity",
            "-0",
            "1e999",
            "9" * 400,
            "null",
            "true",
            "[]",
            "{}",
            "<!DOCTYPE x>",
            "<?xml",
            "]]>",
            "BEGIN:",
        ),
        *(
            "0000-00-00",
            "9999-12-31T23:59:60Z",
            "/Date(1)/",
            "1,234.5",
            "%00",
            "..",
            "//",
            "http://",
            "\u0660",
            "\U0001f600",
        ),
    ]
)
texts = st.lists(st.one_of(st.text(max_size=8), odd), max_size=6).map("".join)
numbers = st.one_of(
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**308, 1e308, 5e-324]),
)
plain = st.one_of(st.none(), st.booleans(), numbers, texts)
names = st.one_of(
    st.sampled_from(["id", "name", "items", "next", "total", "updated", "error", "errors", "data", "more"]), texts
)
documents = st.recursive(
    plain,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
objects = st.dictionaries(names, documents, max_size=5)
headers = st.dictionaries(
    st.sampled_from(["Link", "Retry-After", "Date", "ETag", "Next", "X-Total", "Content-Type", "Content-Disposition"]),
    # So HTTP is read, and the client makes a space of NUL (RFC 9110 5.5).
    texts.map(lambda text: text.encode("latin-1", "ignore").decode("latin-1").replace("\0", " ")),
    max_size=4,
)
# Bytes that are nearly something: a document of some format, cut, doubled or changed at random.
SEEDS = [
    b'{"items": [{"id": 1, "name": "A"}], "next": "x", "total": 1}',
    b'id,name\r\n1,"A, B"\r\n2,\xc3\xa9\r\n',
    b'{"id": 1}\n{"id": 2}\n',
    b"<?xml version='1.0'?><list xmlns='u'><item a='1'>x</item><item/></list>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:A\r\nTEL;TYPE=home:1\r\nEND:VCARD\r\n",
    b'{"data": {"things": {"nodes": [{"id": 1}], "pageInfo": {"endCursor": "x", "hasNextPage": true}}}}',
    b"<html><body>Sorry</body></html>",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    b"PK\x03\x04\x14\x00\x00\x00\x00\x00",
]


@st.composite
def bodies(draw):
    raw = draw(st.one_of(st.binary(max_size=60), st.sampled_from(SEEDS), documents.map(encoded)))
    for _change in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(raw)))
        kind = draw(st.sampled_from(["cut", "insert", "double", "drop"]))
        inserted = draw(st.one_of(st.binary(max_size=6), odd.map(lambda text: text.encode("utf-8", "surrogatepass"))))
        raw = {
            "cut": raw[:place],
            "insert": raw[:place] + inserted + raw[place:],
            "double": raw + raw[place:],
            "drop": raw[:place] + raw[place + 1 :],
        }[kind]
    return raw


def encoded(document):
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
