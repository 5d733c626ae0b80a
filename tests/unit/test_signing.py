"""Signatures are those of the standards: published test vectors, and servers that verify by themselves."""

import base64
import hashlib
import hmac
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import fault_server as faults
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from requests.structures import CaseInsensitiveDict

from integration_bridge.remote.auth import SCHEMES
from integration_bridge.remote.client import Request
from integration_bridge.remote.errors import AuthFailed, ConfigurationError, RemoteError
from integration_bridge.remote.grants import private_key_pem
from integration_bridge.remote.signing import digest_challenges
from integration_bridge.remote.template import TemplateError
from integration_bridge.remote.transport import Outgoing

GET = Request("GET", "/records")


def make(name, secrets="s3cret!", **options):
    secrets = {"secret": secrets} if isinstance(secrets, str) else secrets
    return SCHEMES[name](options, secrets, "db/1")


def outgoing(method, url, headers=(), body=None):
    return Outgoing(method, url, CaseInsensitiveDict(headers), body)


def failure(client, request=GET):
    with pytest.raises(RemoteError) as caught:
        client.send(request)
    return caught.value


def verified(server, verify):
    """Let the server answer 200 where its own check agrees, else 401."""
    server.fallback = lambda connection, request: faults.json_answer({}, 200 if verify(request) else 401)(
        connection, request
    )


# ----------------------------------------------------------------------------------------------------------------------
# HMAC
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "body", "algorithm", "expected"),
    [  # RFC 4231 test cases 1 and 2, RFC 2202 test case 2
        ("0b" * 20, b"Hi There", "sha256", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe".hex(), b"what do ya want for nothing?", "sha256",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (b"Jefe".hex(), b"what do ya want for nothing?", "sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (b"Jefe".hex(), b"what do ya want for nothing?", "md5", "750c783e6ab0b503eaa86e310a5db738"),
    ],
)  # fmt: skip
def test_hmac_is_that_of_the_published_vectors(key, body, algorithm, expected):
    scheme = make("hmac", key, key_encoding="hex", signed_text="{body}", signature_hash=algorithm)
    request = scheme(outgoing("POST", "https://a.example/", {}, body))
    assert request.headers["X-Signature"] == expected
    text = make("hmac", key, key_encoding="hex", signed_text="{body}", signature_hash=algorithm,
                signature_encoding="base64")  # fmt: skip
    signed = text(outgoing("POST", "https://a.example/", {}, body)).headers["X-Signature"]
    assert base64.b64decode(signed).hex() == expected


def test_server_that_knows_the_key_verifies_parts_time_and_nonce(server, connect):
    options = {
        "client_id": "key-1",
        "client_id_header": "X-Key",
        "signed_text": "{method}\n{host}\n{path}\n{query}\n{timestamp}\n{nonce}\n{body_sha256}",
        "signature_hash": "sha512",
        "signature_encoding": "base64",
        "signature_header": "Authorization",
        "signature_format": "HMAC {client_id}:{signature}",
        "key_encoding": "base64",
        "timestamp_header": "X-Time",
        "timestamp_format": "ms",
        "nonce_header": "X-Nonce",
    }
    nonces = set()

    def verify(request):
        sent = request.headers
        parts = urlsplit(request.target)
        text = [request.method, sent["host"], parts.path, parts.query, sent["x-time"], sent["x-nonce"]]
        text = "\n".join([*text, hashlib.sha256(request.body).hexdigest()])
        expected = base64.b64encode(hmac.new(b"\xffkey", text.encode(), "sha512").digest()).decode()
        is_new = sent["x-nonce"] not in nonces and abs(int(sent["x-time"]) / 1000 - time.time()) < 60
        nonces.add(sent["x-nonce"])
        return is_new and sent["authorization"] == f"HMAC {sent['x-key']}:{expected}"

    verified(server, verify)
    scheme = make("hmac", base64.b64encode(b"\xffkey").decode(), **options)
    scheme.check()
    client = connect(scheme)
    client.send(Request("GET", "/records", {"q": "ä b"}))
    client.send(Request("POST", "/records/a%2Fb", body={"name": "Zoë"}))
    assert failure(connect(make("hmac", base64.b64encode(b"other").decode(), **options))).status == 401


def test_body_that_is_no_text_is_signed_byte_by_byte():
    body = bytes(range(256))
    signed = make("hmac", "k", signed_text="{method}{body}")(outgoing("PUT", "https://a.example/", {}, body))
    assert signed.headers["X-Signature"] == hmac.new(b"k", b"PUT" + body, "sha256").hexdigest()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "a.example|/||/"),
        ("https://a.example:443/x?y=1", "a.example|/x|y=1|/x?y=1"),
        ("https://a.example:8443/x", "a.example:8443|/x||/x"),
    ],
)
def test_parts_are_those_that_are_sent(url, expected):
    signed = make("hmac", "k", signed_text="{host}|{path}|{query}|{target}")(outgoing("GET", url))
    assert signed.headers["X-Signature"] == hmac.new(b"k", expected.encode(), "sha256").hexdigest()


@pytest.mark.parametrize(
    ("how", "pattern"),
    [
        ("s", r"\d{10}"), ("ms", r"\d{13}"), ("iso", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("http", r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"),
    ],
)  # fmt: skip
def test_time_is_written_as_chosen(how, pattern):
    scheme = make("hmac", "k", signed_text="{timestamp}", timestamp_header="Date", timestamp_format=how)
    signed = scheme(outgoing("GET", "https://a.example/"))
    assert re.fullmatch(pattern, signed.headers["Date"])
    assert signed.headers["X-Signature"] == hmac.new(b"k", signed.headers["Date"].encode(), "sha256").hexdigest()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"signed_text": "{methods}"}, "Unknown placeholder {methods}"),
        ({"signed_text": "{body"}, "Unbalanced"),
        ({"signed_text": "{body}", "signature_format": "x"}, "must have {signature}"),
        ({"signed_text": "{body}", "signature_format": "{signature}{body}"}, "Unknown placeholder {body}"),
        ({"signed_text": "{timestamp}"}, "signed, but not sent"),
        ({"signed_text": "{body}{nonce}"}, "signed, but not sent"),
        ({"signed_text": "{body}", "timestamp_header": "X-Time"}, "which is not signed"),
    ],
)
def test_signature_that_nobody_could_verify_is_refused_when_it_is_configured(options, words):
    with pytest.raises((ConfigurationError, TemplateError)) as caught:
        make("hmac", **options).check()
    assert words in str(caught.value)


@pytest.mark.parametrize(("encoding", "key"), [("base64", "no base64!"), ("hex", "xyz")])
def test_key_that_is_not_what_it_should_be_is_named_and_not_shown(server, connect, encoding, key):
    scheme = make("hmac", key, signed_text="{body}", key_encoding=encoding)
    with pytest.raises(AuthFailed):
        scheme.check()
    error = failure(connect(scheme))
    assert (error.kind, error.reason, error.sent, server.requests) == ("auth", "bad_secret", False, [])
    assert encoding in error.message and key not in error.message


# ----------------------------------------------------------------------------------------------------------------------
# OAuth 1.0a
# ----------------------------------------------------------------------------------------------------------------------


def escaped(text):
    return quote(text, safe="~")


def oauth1_signature(method, url, parameters, client_secret, token_secret, algorithm):
    """RFC 5849 section 3.4.1 and 3.4.2, written down once more."""
    pairs = sorted((escaped(name), escaped(value)) for name, value in parameters)
    base = "&".join([method, escaped(url), escaped("&".join(f"{name}={value}" for name, value in pairs))])
    key = f"{escaped(client_secret)}&{escaped(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), algorithm).digest()).decode()


def test_own_arithmetic_is_that_of_rfc_5849():
    said = {
        "file": "vacation.jpg", "size": "original", "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_token": "nnch734d00sl2jdk", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "137131202",
        "oauth_nonce": "chapoH",
    }  # fmt: skip
    url, secrets = "http://photos.example.net/photos", ("kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
    assert oauth1_signature("GET", url, said.items(), *secrets, "sha1") == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/a~b/ä", [("q", "a b"), ("q", "+&="), ("empty", ""), ("r[gte]", "1")]),
        Request("POST", "/a", {"x": "1"}, body={"a": "b&c", "d": ["é"]}, body_format="form"),
        Request("POST", "/a", {"x": "1"}, body={"a": "b"}),
        Request("DELETE", "/a%2Fb"),
    ],
)
def test_server_verifies_oauth_1_by_its_own_arithmetic(server, connect, algorithm, request_):
    def verify(request):
        said = request.headers["authorization"]
        assert said.startswith('OAuth realm="1234_SB1", ')
        given = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', said)}
        assert given.pop("realm") == "1234_SB1"
        signature = given.pop("oauth_signature")
        assert given["oauth_signature_method"] == f"HMAC-{algorithm.upper()}"
        assert abs(int(given["oauth_timestamp"]) - time.time()) < 60 and len(given["oauth_nonce"]) > 10
        parts = urlsplit(request.target)
        pairs = [*parse_qsl(parts.query, keep_blank_values=True), *given.items()]
        if request.headers.get("content-type") == "application/x-www-form-urlencoded":
            pairs += parse_qsl(request.body.decode(), keep_blank_values=True)
        url = server.url + parts.path
        return signature == oauth1_signature(request.method, url, pairs, "s3c&ret", "t0k ken", algorithm)

    verified(server, verify)
    options = {"client_id": "app", "token_id": "tok", "signature_hash": algorithm, "realm": "1234_SB1"}
    scheme = make("oauth1", {"secret": "s3c&ret", "token_secret": "t0k ken"}, **options)
    scheme.check()
    assert connect(scheme).send(request_).status == 200
    wrong = make("oauth1", {"secret": "s3c&ret", "token_secret": "other"}, **options)
    assert failure(connect(wrong), request_).status == 401


def test_oauth_1_names_what_is_missing_or_impossible(server, connect):
    error = failure(connect(make("oauth1", client_id="app", token_id="tok")))
    assert (error.reason, "token_secret" in error.message, server.requests) == ("no_secret", True, [])
    with pytest.raises(ConfigurationError):
        make("oauth1", signature_hash="md5").check()


# ----------------------------------------------------------------------------------------------------------------------
# Digest
# ----------------------------------------------------------------------------------------------------------------------


def digest_response(algorithm, user, realm, password, nonce, count, cnonce, method, uri, qop="auth"):
    """RFC 7616 section 3.4.1, written down once more."""

    def hashed(text):
        return hashlib.new(algorithm, text.encode()).hexdigest()

    middle = f"{nonce}:{count}:{cnonce}:{qop}" if qop else nonce
    return hashed(f"{hashed(f'{user}:{realm}:{password}')}:{middle}:{hashed(f'{method}:{uri}')}")


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("md5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("sha256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_own_arithmetic_is_that_of_rfc_7616(algorithm, expected):
    said = ("Mufasa", "http-auth@example.org", "Circle of Life", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v")
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    assert digest_response(algorithm, *said, "00000001", cnonce, "GET", "/dir/index.html") == expected


class DigestServer:
    """Asks for Digest, and verifies each answer; a nonce is good for so many requests, counted without a gap."""

    def __init__(self, server, offer, algorithm="sha256", password="s3cret!", uses=1000):
        self.server, self.offer, self.algorithm, self.password, self.uses = server, offer, algorithm, password, uses
        self.counts = {}
        server.fallback = self.answer

    def answer(self, connection, request):
        is_right, is_stale = self.judge(request)
        if is_right and not is_stale:
            return faults.json_answer({})(connection, request)
        nonce = f"n{len(self.counts)}"
        self.counts[nonce] = 0
        stale = ", stale=true" if is_stale else ""
        said = {"WWW-Authenticate": self.offer.replace("NONCE", nonce) + stale}
        return faults.json_answer({}, 401, said)(connection, request)

    def judge(self, request):
        said = request.headers.get("authorization", "")
        if not said.startswith("Digest "):
            return False, False
        given = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([\w-]+))', said)}
        nonce, count = given["nonce"], given.get("nc", "")
        expected = digest_response(
            self.algorithm, given["username"], given["realm"], self.password, nonce, count, given.get("cnonce", ""),
            request.method, request.target, given.get("qop", ""),
        )  # fmt: skip
        if given["response"] != expected or given["uri"] != request.target or nonce not in self.counts:
            return False, False
        self.counts[nonce] += 1
        in_order = not count or int(count, 16) == self.counts[nonce]
        return in_order, self.counts[nonce] > self.uses


SHA256 = 'Digest realm="api, v1", nonce="NONCE", qop="auth-int, auth", algorithm=SHA-256, opaque="x"'
MD5 = 'Digest realm="api, v1", nonce="NONCE"'


@pytest.mark.parametrize(
    ("offer", "algorithm"),
    [
        (SHA256, "sha256"),
        (MD5, "md5"),
        (f'Basic realm="x", {SHA256}', "sha256"),
        (f"{SHA256}, {MD5}", "sha256"),
        (f"Digest realm=\"x\", nonce=\"NONCE\", algorithm=SHA-512-256, {MD5}", "md5"),
    ],
)  # fmt: skip
def test_digest_challenge_is_answered_and_then_no_longer_asked(server, connect, offer, algorithm):
    DigestServer(server, offer, algorithm)
    client = connect(make("digest", username="ann"))
    client.send(Request("POST", "/records", {"q": "a b"}, body={"a": 1}))
    client.send(GET)
    assert [bool(one.headers.get("authorization")) for one in server.requests] == [False, True, True]
    assert server.requests[1].json == {"a": 1}


def test_digest_goes_on_with_a_new_nonce(server, connect):
    asked = DigestServer(server, SHA256, uses=2)
    client = connect(make("digest", username="ann"))
    for _time in range(5):
        assert client.send(GET).status == 200
    assert len(server.requests) == 5 + len(asked.counts)


def test_digest_in_many_threads_counts_without_a_gap(server, connect):
    DigestServer(server, SHA256)
    client = connect(make("digest", username="ann"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _number: client.send(GET).status, range(80)))
    assert answers == [200] * 80
    assert len(server.requests) <= 80 + 8


def test_wrong_digest_password_is_tried_twice_and_never_shown(server, connect):
    seen = []
    DigestServer(server, SHA256, password="another")
    error = failure(connect(make("digest", username="ann"), seen.append))
    assert (error.kind, error.key, len(server.requests)) == ("auth", "status.auth", 2)
    assert "s3cret" not in repr(seen) + error.message


@pytest.mark.parametrize("offer", ['Basic realm="x"', 'Digest realm="x", nonce="n", qop="auth-int"', "", "Digest"])
def test_challenge_that_can_not_be_answered_is_named(server, connect, offer):
    DigestServer(server, offer)
    error = failure(connect(make("digest", username="ann")))
    assert (error.kind, error.reason, len(server.requests)) == ("auth", "no_digest", 1)
    assert "Choose another authentication" in error.message


def test_challenges_are_read_with_commas_and_quotes_in_them():
    said = 'Basic realm="a, Digest b", Digest realm="c \\"d\\", e", nonce=n, qop="auth,auth-int", digest Nonce="2"'
    assert digest_challenges(said)[-1] == {"nonce": "2"}
    assert digest_challenges(said)[-2]["qop"] == "auth,auth-int"


# ----------------------------------------------------------------------------------------------------------------------
# AWS
# ----------------------------------------------------------------------------------------------------------------------

AWS = {"client_id": "AKIAIOSFODNN7EXAMPLE", "region": "us-east-1", "service": "s3"}
AWS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("query", "signature"),
    [  # "Examples: Signature Calculations" of the Amazon S3 API Reference
        ("lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_aws_signature_is_that_of_the_published_examples(query, signature):
    headers = {"X-Amz-Date": "20130524T000000Z"}
    request = outgoing("GET", f"https://examplebucket.s3.amazonaws.com/?{query}", headers)
    said = make("aws4", AWS_KEY, **AWS)(request).headers["Authorization"]
    assert said == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f" SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"
    )


def aws_signature(request, host, key, region, service):
    """The signature that a server works out, from what came over the wire."""
    said = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=\w+/(\d+)/([^ ]+), SignedHeaders=([\w;-]+), Signature=(\w+)",
        request.headers["authorization"],
    )
    day, scope, names, signature = said.groups()
    parts = urlsplit(request.target)
    pairs = sorted(part.partition("=")[::2] for part in parts.query.split("&") if part)
    headers = "".join(f"{name}:{request.headers[name]}\n" for name in names.split(";"))
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = [request.method, quote(parts.path), "&".join(f"{name}={value}" for name, value in pairs)]
    canonical = "\n".join([*canonical, headers, names, digest])
    moment = request.headers["x-amz-date"]
    text = "\n".join(["AWS4-HMAC-SHA256", moment, f"{day}/{scope}", hashlib.sha256(canonical.encode()).hexdigest()])
    secret = f"AWS4{key}".encode()
    for part in (day, region, service, "aws4_request", text):
        secret = hmac.new(secret, part.encode(), "sha256").digest()
    return signature, secret.hex(), {"host", "x-amz-date"} <= set(names.split(";"))


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/index/_search", {"q": "a b+c", "size": 2}),
        Request("POST", "/index/doc%2F1", body={"name": "Zoë"}),
        Request("DELETE", "/index/ä"),
    ],
)
def test_server_verifies_aws_by_its_own_arithmetic(server, connect, request_):
    def verify(request):
        given, expected, is_bound = aws_signature(request, server.url, AWS_KEY, "eu-west-1", "es")
        return given == expected and is_bound

    verified(server, verify)
    options = {**AWS, "region": "eu-west-1", "service": "es"}
    assert connect(make("aws4", AWS_KEY, **options)).send(request_).status == 200
    assert failure(connect(make("aws4", "other", **options)), request_).status == 401


# ----------------------------------------------------------------------------------------------------------------------
# JWT bearer grant
# ----------------------------------------------------------------------------------------------------------------------


def pem_of(key):
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*how).decode()


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(assertion, public_key):
    """Header and claims of a JWT whose signature is right (RFC 7515), read with another library than the one we use.

    :raises cryptography.exceptions.InvalidSignature: it is not
    """
    signed, _, signature = assertion.rpartition(".")
    raw = unpacked(signature)
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        pair = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        public_key.verify(encode_dss_signature(*pair), signed.encode(), ec.ECDSA(hashes.SHA256()))
    header, claims = (json.loads(unpacked(part)) for part in signed.split("."))
    return header, claims


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_token_is_given_for_an_assertion_that_the_server_verifies(server, connect, algorithm, rsa_key, ec_key):
    key = rsa_key if algorithm == "RS256" else ec_key
    seen, identifiers = [], set()

    def answer(connection, request):
        if request.path != "/token":
            right = request.headers.get("authorization") == "Bearer a-token"
            return faults.json_answer({}, 200 if right else 401)(connection, request)
        assert request.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert set(request.form) == {"grant_type", "assertion", "scope"}
        header, claims = claims_of(request.form["assertion"], key.public_key())
        seen.append(request.form["assertion"])
        assert header == {"alg": algorithm, "typ": "JWT", "kid": "key-7"}
        assert claims["exp"] > time.time() > claims["iat"] - 5 and claims["exp"] - claims["iat"] <= 3600
        assert (claims["iss"], claims["sub"], claims["aud"]) == ("app", "ann@example.com", f"{server.url}/token")
        identifiers.add(claims["jti"])
        return faults.json_answer({"access_token": "a-token"})(connection, request)

    server.fallback = answer
    options = {"token_url": f"{server.url}/token", "client_id": "app", "jwt_algorithm": algorithm, "scope": "read"}
    options |= {"jwt_key_id": "key-7", "jwt_claims": {"sub": "ann@example.com"}}
    exchanges, pem = [], pem_of(key)
    scheme = make("oauth2_jwt_bearer", pem.replace("\n", " "), **options)  # as a form's one line gives it
    scheme.check()
    client = connect(scheme, exchanges.append)
    client.send(GET)
    server.script(faults.json_answer({}, 401))
    client.send(GET)
    assert len(seen) == len(identifiers) == 2, "an assertion is used once"
    shown = repr(exchanges)
    assert not [text for text in (*seen, "a-token", pem.split("\n")[1]) if text in shown]


def test_token_for_an_assertion_is_one_for_all_clients_of_the_connector(server, connect, rsa_key):
    asked = []

    def answer(connection, request):
        asked.extend([request.path] if request.path == "/token" else [])
        return faults.json_answer({"access_token": "a-token"})(connection, request)

    server.fallback = answer
    for _process in range(2):
        scheme = make("oauth2_jwt_bearer", pem_of(rsa_key), token_url=f"{server.url}/token", client_id="app")
        connect(scheme).send(GET)
    assert asked == ["/token"]


@pytest.mark.parametrize("spoil", [lambda pem: pem.replace("\n", ""), lambda pem: pem.replace("\n", "\\n"),
                                   lambda pem: f"  {pem}\r\n", lambda pem: pem.replace("\n", "\r\n")])  # fmt: skip
def test_private_key_is_read_however_its_lines_were_broken(spoil, ec_key):
    assert private_key_pem(spoil(pem_of(ec_key))) == pem_of(ec_key)


@pytest.mark.parametrize(
    ("algorithm", "secret"),
    [("RS256", "nonsense"), ("RS256", "ec"), ("ES256", "rsa"), ("ES256", "p384"), ("RS256", "broken"), ("RS256", "")],
)
def test_secret_that_is_no_private_key_for_the_algorithm_is_named(server, connect, algorithm, secret, rsa_key, ec_key):
    broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
    pems = {"ec": pem_of(ec_key), "rsa": pem_of(rsa_key), "broken": broken}
    pems["p384"] = pem_of(ec.generate_private_key(ec.SECP384R1()))
    scheme = make("oauth2_jwt_bearer", pems.get(secret, secret), token_url="/token", jwt_algorithm=algorithm)
    error = failure(connect(scheme))
    assert (error.kind, server.requests) == ("auth", [])
    assert error.reason == ("bad_private_key" if secret else "no_secret")
    if secret:
        with pytest.raises(AuthFailed):
            scheme.check()


def test_claim_that_is_set_anyway_is_refused():
    with pytest.raises(ConfigurationError) as caught:
        make("oauth2_jwt_bearer", {}, jwt_claims={"exp": 1}).check()
    assert "“exp”" in str(caught.value)


# ----------------------------------------------------------------------------------------------------------------------
# Cookies and CSRF tokens
# ----------------------------------------------------------------------------------------------------------------------


def test_token_goes_into_a_cookie(server, connect):
    connect(make("api_key_cookie", parameter="sid")).send(GET)
    connect(make("api_key_cookie")).send(GET)
    assert [one.headers["cookie"] for one in server.requests] == ["sid=s3cret!", "session=s3cret!"]


def test_login_may_give_its_token_in_a_cookie(server, connect):
    seen = []
    cookies = {"Set-Cookie": "lang=en; Path=/\r\nSet-Cookie: sid=token-4711; HttpOnly; Path=/"}
    server.route("/login", faults.answer(200, b"<p>Welcome", cookies, "text/html"))
    scheme = make("login", username="ann", login_path="/login", token_cookie="sid")
    client = connect(scheme, seen.append)
    client.send(GET)
    client.send(GET)
    assert [one.headers.get("cookie") for one in server.requests] == [None, "sid=token-4711", "sid=token-4711"]
    assert "token-4711" not in repr(seen)
    server.route("/login", faults.json_answer({}))
    error = failure(connect(make("login", username="bob", login_path="/login", token_cookie="sid")))
    assert (error.kind, error.reason) == ("auth", "bad_token") and "sid" in error.message


class CsrfServer:
    """Takes what writes only with the token that was fetched, and with the cookie of its session."""

    def __init__(self, server):
        self.server, self.given = server, 0
        server.fallback = self.answer

    def answer(self, connection, request):
        basic = "Basic " + base64.b64encode(b"ann:s3cret!").decode()
        if request.headers.get("authorization") != basic:
            return faults.json_answer({}, 401)(connection, request)
        if request.headers.get("x-csrf-token") == "Fetch":
            self.given += 1
            said = {"X-CSRF-Token": f"csrf-{self.given}", "Set-Cookie": f"SESSION=s-{self.given}0; Path=/; HttpOnly"}
            return faults.answer(200, b"<service/>", said, "application/xml")(connection, request)
        sent = request.headers.get("x-csrf-token"), request.headers.get("cookie")
        if request.method == "GET" or sent == (f"csrf-{self.given}", f"SESSION=s-{self.given}0"):
            return faults.json_answer({})(connection, request)
        return faults.json_answer({}, 403, {"X-CSRF-Token": "Required"})(connection, request)


def test_csrf_token_is_fetched_first_and_sent_with_what_writes(server, connect):
    seen, asked = [], CsrfServer(server)
    client = connect(make("basic_csrf", username="ann", csrf_path="/service"), seen.append)
    client.send(GET)
    client.send(Request("POST", "/records", body={"a": 1}))
    client.send(Request("DELETE", "/records/1"))
    assert [one.path for one in server.requests] == ["/service", "/records", "/records", "/records/1"]
    assert "cookie" not in server.requests[1].headers and "x-csrf-token" not in server.requests[1].headers
    asked.given += 10  # the session is forgotten
    client.send(Request("POST", "/records", body={"a": 2}))
    assert server.requests[-1].headers["x-csrf-token"] == "csrf-12"
    shown = repr(seen)
    assert not [text for text in ("s3cret!", "csrf-1", "s-10", "csrf-12", "s-120") if text in shown]


@pytest.mark.parametrize(
    ("password", "path", "reason"), [("wrong", "/service", "token_refused"), ("s3cret!", "/plain", "bad_token")]
)
def test_csrf_token_that_is_not_given_is_a_matter_of_authentication(server, connect, password, path, reason):
    CsrfServer(server)
    server.route("/plain", faults.json_answer({}))
    error = failure(connect(make("basic_csrf", password, username="ann", csrf_path=path)))
    assert (error.kind, error.reason, len(server.requests)) == ("auth", reason, 1)


# ----------------------------------------------------------------------------------------------------------------------
# What holds for all
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hmac", "oauth1", "aws4", "digest", "api_key_cookie", "basic_csrf"])
def test_nothing_is_sent_without_the_secret(server, connect, name):
    options = {"signed_text": "{body}", "client_id": "a", "region": "r", "service": "s", "csrf_path": "/s"}
    error = failure(connect(make(name, {}, **options)))
    assert (error.kind, error.reason, error.sent, server.requests) == ("auth", "no_secret", False, [])


@pytest.mark.parametrize("name", ["hmac", "oauth1", "aws4", "digest", "api_key_cookie"])
def test_no_secret_is_in_requests_of_another_host_or_in_what_is_kept(server, connect, name):
    options = {"signed_text": "{body}", "client_id": "client-4711", "region": "r", "service": "s"}
    options |= {"client_id_header": "X-Key", "username": "client-4711"}
    seen = []
    with faults.FaultServer() as elsewhere:
        DigestServer(server, SHA256)
        with pytest.raises(RemoteError):
            connect(make(name, "s3cret-s3cret", **options), seen.append).send(GET)
        server.fallback = faults.redirect(elsewhere.url)
        connect(make(name, "s3cret-s3cret", **options), seen.append).send(GET)
        assert "s3cret-s3cret" not in repr(seen)
        assert set(elsewhere.requests[0].headers) == {"host", "accept", "accept-encoding", "user-agent"}
