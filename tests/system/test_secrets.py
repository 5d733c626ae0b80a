"""No secret is found anywhere, after each scheme of authentication has met each kind of error.

The other system is as hostile as it can be: it repeats what it was sent, headers and credentials, in all its answers,
and in the webhook that it calls. Looked into: a dump of the database, files, server logs at debug level, e-mails,
exports, and all that RPC reads of what was written meanwhile.

All secrets have the same mark, so one search for it, in each way of writing it, finds them all, half ones too.
"""

import base64
import html
import json
import re
import secrets as random_secrets
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, quote_plus

from bridge_dev.network import Server, free_port
from conftest import PATIENCE
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fault_server import FaultServer, answer, json_answer
from mail_sink import MailSink

KINDS = {"unavailable", "throttled", "auth", "rejected", "protocol", "data", "dependency", "busy", "uncertain"}
REFUSALS = {"unavailable": 500, "throttled": 429, "auth": 401, "rejected": 400}
TURNS = ("unavailable", "throttled", "auth", "protocol", "dependency")
SIGNING = {"digest", "hmac", "oauth1", "aws4"}  # schemes that send no secret
MOST = 2000  # records of a model
BRIDGE = "integration_bridge.group_integration_bridge_"
BUSY = """
    CREATE FUNCTION always_busy() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE SQLSTATE '40001'; END $$;
    CREATE TRIGGER always_busy BEFORE INSERT ON bridge_binding FOR EACH ROW EXECUTE FUNCTION always_busy();
"""
NOT_BUSY = "DROP TRIGGER always_busy ON bridge_binding; DROP FUNCTION always_busy()"
DEBUG = "--log-handler=:DEBUG"
# Odoo's own logger of calls writes down their arguments at level debug, so what a person types (doc/security.rst, "Not
# promised"). A line begins with the time; a value may have more lines.
TYPED_LOGGER = re.compile(
    rb"^\d{4}-\d\d-\d\d [^\n]* DEBUG \S+ odoo\.service\.model: .*?(?=^\d{4}-|\Z)", re.MULTILINE | re.DOTALL
)
MARK = random_secrets.token_hex(6)


def secret(about):
    """It has what is written in other ways in addresses, in HTML and in JSON."""
    return f'{about}+{MARK}{random_secrets.token_hex(8)}/&%"<é=x'


SCHEMES = {
    "basic": {"username": "ann"},
    "basic_key": {},
    "bearer": {},
    "api_key_header": {"parameter": "X-Key"},
    "api_key_query": {"parameter": "k"},
    "api_key_cookie": {"parameter": "sid"},
    "digest": {"username": "ann"},
    "basic_csrf": {"username": "ann", "csrf_path": "/csrf"},
    "hmac": {"signed_text": "{method}{target}", "signature_header": "X-Sign"},
    "oauth1": {"client_id": "app", "token_id": "t"},
    "aws4": {"client_id": "app", "region": "r", "service": "s"},
    "oauth2_client_credentials": {"client_id": "app", "token_url": "{url}/token"},
    "oauth2_refresh_token": {"client_id": "app", "token_url": "{url}/token"},
    "oauth2_jwt_bearer": {"client_id": "app", "token_url": "{url}/token"},
    "login": {"username": "ann", "login_path": "/login"},
}


def definition(url, scheme):
    url = f"{url}/{scheme}"
    auth = {"scheme": scheme, **{name: value.replace("{url}", url) for name, value in SCHEMES[scheme].items()}}
    fields = [
        {"field": "name", "path": "name", "converter": "text", "required": True},
        {"field": "comment", "path": "comment", "converter": "html"},
        {"field": "color", "path": "color", "converter": "integer"},
        {"field": "parent_id", "path": "parent", "converter": "many2one_binding", "options": {"flow": scheme}},
    ]
    operations = [
        {
            "kind": "list",
            "path": "/things",
            "query": {"page": "{page}"},
            "records": "items",
            "pagination": {"type": "page", "end": "empty_page"},
        },
        {"kind": "create", "method": "POST", "path": "/things", "records": "@"},
    ]
    flow = {"code": scheme, "name": scheme, "model": "res.partner", "direction": "both", "record": {"id": "id"}}
    flow |= {"operations": operations, "fields": fields, "push_domain": [["ref", "=", scheme]]}
    about = {"code": scheme, "name": scheme, "base_url": url, "auth": auth}
    return {"format": "integration_bridge.connector", "version": 1, "connector": about, "flows": [flow]}


class Gossip:
    """The other system: it takes every credential, and repeats it wherever it can.

    :ivar str kind: what it does now
    :ivar set given: session tokens that it gave out
    """

    def __init__(self, server):
        self.kind, self.given, self.lock, self.number = "done", set(), threading.Lock(), 0
        self.heard, self.url = set(), server.url
        server.fallback = self.answer

    def heard_of(self, schemes):
        """Those whose credentials came.

        :rtype: set[str]
        """
        marks = [one.decode() for one in notations(MARK.encode())]
        told = [said.split("/")[1] for said in self.heard if any(mark in said for mark in marks)]
        return set(told) & set(schemes)

    def fresh(self):
        token = f"session-{MARK}{random_secrets.token_hex(12)}"
        with self.lock:
            self.given.add(token)
        return token

    def answer(self, connection, request):
        step = request.path.rpartition("/")[2]
        body = request.body.decode(errors="replace")
        said = f"{request.target} {json.dumps(request.headers, ensure_ascii=False)} {body}"
        self.heard.add(said)
        if step == "token":
            return json_answer({"access_token": self.fresh(), "refresh_token": self.fresh()})(connection, request)
        if step == "login":
            return json_answer({"token": self.fresh(), "you": said})(connection, request)
        if step == "csrf":
            return json_answer({}, 200, {"X-CSRF-Token": self.fresh(), "Set-Cookie": "s=1"})(connection, request)
        if request.path.startswith("/digest/") and "authorization" not in request.headers:
            challenge = 'Digest realm="r", qop="auth", nonce="n1", algorithm=SHA-256'
            return json_answer({}, 401, {"WWW-Authenticate": challenge})(connection, request)
        if request.method == "POST":
            return connection.reset()
        return self.listed(said, request)(connection, request)

    def listed(self, said, request):
        heard = {"X-Echo": quote(said)[:4000]}
        if self.kind in REFUSALS:
            document = {"message": f"No: {said}", "errors": [{"field": said, "message": said}], "echo": said}
            return json_answer(document, REFUSALS[self.kind], heard)
        if self.kind == "protocol":
            return answer(200, f"<html><body>{html.escape(said)} {said}</body></html>".encode(), heard, "text/html")
        self.number += 1
        record = {"id": self.number, "name": said, "comment": said, "color": 1, "auth": said}
        record |= {"data": {"color": said}, "dependency": {"parent": f"none-{self.number} {said}"[:500]}}.get(
            self.kind, {}
        )
        is_first = request.query.get("page") in (None, "1")
        return json_answer({"items": [record] if is_first else [], "echo": said}, 200, heard)


def in_base64(raw):
    """What stays the same of it whatever stands before and after it.

    :rtype: set[bytes]
    """
    found = set()
    for shift, start in enumerate((0, 2, 3)):
        padded = b"\0" * shift + raw
        found.add(base64.b64encode(padded)[start : len(padded) * 8 // 6])
    return found


def notations(raw):
    """How it may be written: JSON, addresses, HTML and XML leave letters and digits as they are.

    :rtype: set[bytes]
    """
    return {raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode(), *in_base64(raw)}


class Search:
    """Seeks secrets in bytes.

    :ivar set secrets: what has to be found nowhere
    :ivar set sought: what is looked for: the mark of most of them; those that can not have it themselves
    """

    def __init__(self, secrets):
        self.secrets = secrets
        found = {MARK, *(one for one in secrets if MARK not in one)}
        self.sought = set().union(*(notations(one.encode()) for one in found))

    def leaks(self, places):
        """Where there is one, and what stands around it.

        :param dict[str, bytes] places: by name
        :rtype: list
        """
        return [
            (name, text[max(at - 60, 0) : at + 40])
            for name, text in places.items()
            for one in sorted(self.sought)
            if (at := text.find(one)) >= 0
        ]


class Door:
    """Odoo's external API, as a person with a key.

    :ivar str database: of the server
    """

    def __init__(self, url, database, person):
        self.url, self.database, (self.uid, self.key) = url, database, person

    def call(self, model, method, **arguments):
        """:return: the bytes of an answer, also of a refusal"""
        headers = {"Authorization": f"bearer {self.key}", "Content-Type": "application/json"}
        return posted(f"{self.url}/json/2/{model}/{method}", arguments, headers)[1]

    def typed(self, model, ids, values):
        """What the form does when it is saved: the server calls ``web_save`` by the same function."""
        arguments = [self.database, self.uid, self.key, model, "web_save", [ids, values], {"specification": {}}]
        params = {"service": "object", "method": "execute_kw", "args": arguments}
        said = posted(f"{self.url}/jsonrpc", {"jsonrpc": "2.0", "method": "call", "params": params}, {})[1]
        assert "error" not in json.loads(said), said

    def everything(self, model):
        """All that it answers about the records of a model, by what was asked.

        :rtype: dict[str, bytes]
        """
        known = json.loads(self.call(model, "fields_get", attributes=["type"]))
        # An administrator of Odoo may read the address of a webhook, and gives it to the other system.
        names = [name for name in known if not (model == "bridge.connector" and name == "hook_address")]
        found = {"read": self.call(model, "search_read", domain=[], fields=names, limit=MOST)}
        if model.startswith("bridge."):
            ids = [one["id"] for one in json.loads(found["read"]) if "id" in one]
            found["export"] = self.call(
                model, "export_data", ids=ids, fields_to_export=[name for name in names if "2many" not in name]
            )
        return found


def posted(url, document, headers):
    """:return: status and bytes of the answer"""
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, json.dumps(document).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as given:
            return given.status, given.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def pem():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def call_webhook(web, worker, flow):
    """Somebody calls with the right secret, and repeats it; then with it in the wrong place.

    :return: the secrets of the webhook, that of its address among them
    :rtype: set[str]
    """
    hook = f"hook-{MARK}{random_secrets.token_hex(8)}"
    path = worker.call("open_hook", flow=flow, secret=hook)
    said = f"{hook} called {path}"
    document = {"type": said, "id": said, "data": {"id": "hooked", "name": said, "comment": said, "color": said}}
    answers = [posted(web.url + path, document, {name: hook, "X-Said": hook})[0] for name in ("X-Hook", "X-Other")]
    assert answers == [200, 401]
    return {hook, path.rpartition("/")[2]}


def meet_every_error(worker, sql, gossip, flows):
    """Each scheme meets each kind of error; what is repeated in a refusal and in a record meets all, others take turns.

    :return: kinds of errors that there were
    :rtype: set[str]
    """
    kinds = set()
    for number, (scheme, flow) in enumerate(flows.items()):
        for gossip.kind in ("rejected", "data", TURNS[number % len(TURNS)]):
            kinds |= set(worker.call("fail_once", flow=flow))
        gossip.kind = "done"
        if scheme == "bearer":  # every transaction is lost against another one
            sql.rows(BUSY)
            kinds |= set(worker.call("fail_once", flow=flow))
            sql.rows(NOT_BUSY)
        if number % 5 == 0:  # what is pushed is never answered, so nothing is repeated
            worker.call("one_to_push", name=scheme)
            for _turn in ("pull", "push"):
                kinds |= set(worker.call("fail_once", flow=flow))
    return kinds


def test_attack_secrets_are_sought_everywhere(world, capsys):
    gossip, sink = Gossip(world.enter(FaultServer())), world.enter(MailSink())
    database, workplace = world.database("secrets"), world.workplace
    logs = {name: Path(workplace.cache.log(f"{name}-{database}")) for name in ("system", "odoo")}
    for log in logs.values():
        log.unlink(missing_ok=True)  # of an earlier run
    sql, worker = world.sql(database), world.worker(database, DEBUG)
    began = sql.value("SELECT (now() AT TIME ZONE 'UTC')::text")
    worker.call("mail_through", port=sink.port)
    port = free_port()
    options = ["-d", database, "--http-port", port, "--max-cron-threads", 0, "--db-filter", f"^{database}$", DEBUG]
    command, environment = workplace.odoo.command(options), workplace.odoo.environment
    web = world.enter(Server("Odoo", command, port, "/web/health", logs["odoo"], env=environment))
    groups = ["base.group_user", "base.group_allow_export", f"{BRIDGE}administrator"]
    people = {
        "administrator": worker.call("key_of", login="bridge_admin", groups=groups),
        "system": worker.call("key_of", login="admin", groups=[]),
    }
    doors = {who: Door(web.url, database, person) for who, person in people.items()}

    kept, flows = set(), {}
    for scheme in SCHEMES:
        given = {"secret": secret("secret"), "token_secret": secret("token"), "refresh_token": secret("refresh")}
        if scheme == "oauth2_jwt_bearer":
            given["secret"] = pem()
            kept |= set(re.findall(r"[A-Za-z0-9]{16,}", given["secret"])[2:6])
        flows[scheme] = worker.call("known_secrets", definition=definition(gossip.url, scheme), **given)
        kept |= {value for value in given.values() if "\n" not in value}
    connector = sql.value("SELECT connector_id FROM bridge_flow WHERE id = %s", flows["bearer"])
    typed = secret("typed")
    doors["system"].typed("bridge.connector", [connector], {"secret": typed})
    kept |= {typed, *call_webhook(web, worker, flows["bearer"])}

    kinds = meet_every_error(worker, sql, gossip, flows)
    doors["administrator"].call("bridge.connector", "action_test_connection", ids=[connector])
    worker.call("watch")
    assert kinds >= KINDS, KINDS - kinds
    kept |= gossip.given
    assert gossip.heard_of(SCHEMES) == set(SCHEMES) - SIGNING, "what is not sent can not be repeated"

    places = {"definitions": json.dumps(worker.call("definitions"), ensure_ascii=False).encode()}
    for model in worker.call("models_written", since=began):
        for who, door in doors.items():
            places |= {f"{how} of {model} as {who}": text for how, text in door.everything(model).items()}
    dump = [workplace.postgres.binaries / "pg_dump", database]
    places["dump"] = subprocess.run(dump, env=environment, capture_output=True, timeout=PATIENCE, check=True).stdout
    places["letters"] = "\n".join(sink.letters).encode()
    for path in (workplace.odoo.data_folder / "filestore" / database).rglob("*"):
        if path.is_file():
            places[f"file {path.name}"] = path.read_bytes()
    for name, log in logs.items():
        places[f"log {name}"] = log.read_bytes()
        assert b" DEBUG " in places[f"log {name}"]
    calls = b"".join(TYPED_LOGGER.findall(places["log odoo"]))
    assert typed.encode() in calls, "Odoo does not write it down any more: look into the whole log"
    places["log odoo"] = TYPED_LOGGER.sub(b"", places["log odoo"])
    assert sink.letters and places["dump"] and places["definitions"]
    assert b"POST /integration_bridge/hook/*** HTTP" in places["log odoo"], "the call of the webhook is there"
    answered = sum(text[:2] == b"[{" or text[:10] == b'{"datas": ' for text in places.values())
    assert answered > 50, "there are records to read"

    search = Search(kept)
    with capsys.disabled():
        sizes = {name: len(places[name]) for name in ("dump", "log system", "log odoo", "letters", "definitions")}
        size = sum(map(len, places.values()))
        print(f"\n{len(kept)} secrets, {len(search.sought)} notations, {size} bytes: {sizes}")
        print(f"{len(places)} places, of which {answered} are records that were read by RPC")
    assert search.leaks(places) == []


def test_attack_secret_would_be_found():
    """The search itself: a secret that lies in the open, or half of one, is seen in each notation."""
    one = secret("x")
    there = [one, one[:-15], quote_plus(one), json.dumps({"a": one}), html.escape(one), one.encode().hex()]
    there += [base64.b64encode(f"{before}{one}".encode()).decode() for before in ("", "ann:", "an:", "b:")]
    for text in there:
        assert Search({one}).leaks({"here": text.encode()}), text
    assert Search({one, "other-secret"}).leaks({"here": b"an other-secret"})
    assert not Search({one}).leaks({"here": b"nothing"})


def test_attack_only_the_logger_of_calls_is_left_out():
    log = b"2026-01-01 1 DEBUG d odoo.service.model: call a\nb\n2026-01-01 1 DEBUG d odoo.sql_db: query\nmore\n"
    assert TYPED_LOGGER.sub(b"", log) == b"2026-01-01 1 DEBUG d odoo.sql_db: query\nmore\n"
