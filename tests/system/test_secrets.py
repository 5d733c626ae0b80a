"""No secret is found anywhere, after each scheme of authentication has met each kind of error.

The other system is as hostile as it can be: it repeats what it was sent, headers and credentials, in all its answers.
Looked into: a dump of the database, files, server logs at debug level, e-mails, exports, and all that RPC reads.
"""

import base64
import html
import json
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
BRIDGE = "integration_bridge.group_integration_bridge_"
BUSY = """
    CREATE FUNCTION always_busy() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE SQLSTATE '40001'; END $$;
    CREATE TRIGGER always_busy BEFORE INSERT ON bridge_binding FOR EACH ROW EXECUTE FUNCTION always_busy();
"""
NOT_BUSY = "DROP TRIGGER always_busy ON bridge_binding; DROP FUNCTION always_busy()"
DEBUG = "--log-handler=:DEBUG"


def secret(about):
    """It has what is written in other ways in addresses, in HTML and in JSON."""
    return f'{about}+{random_secrets.token_hex(8)}/&%"<é=x'


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
        self.heard = set()
        server.fallback = self.answer

    def fresh(self):
        token = f"session-{random_secrets.token_hex(12)}"
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


def forms(one):
    """How a secret may be written where it was not meant to be.

    :rtype: set[str]
    """
    raw = one.encode()
    found = {one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], quote(one), quote(one, safe="")}
    found |= {
        quote_plus(one),
        html.escape(one),
        raw.hex(),
        json.dumps(json.dumps(one))[3:-3],
        html.escape(one, quote=False),
    }
    for shift in range(3):  # inside a longer text in Base64
        start, whole = (0, 2, 3)[shift], base64.b64encode(b"\x00" * shift + raw).decode().rstrip("=")
        found.add(whole[start + (1 if shift else 0) : -2])
    return {form for form in found if len(form) > 8}


class Door:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def call(self, model, method, **arguments):
        """The text of an answer, also of a refusal."""
        headers = {"Authorization": f"bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/json/2/{model}/{method}", json.dumps(arguments).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as given:
                return given.read()
        except urllib.error.HTTPError as error:
            return error.read()


def pem():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def test_attack_secrets_are_sought_everywhere(world, capsys):
    server = world.enter(FaultServer())
    gossip, sink = Gossip(server), world.enter(MailSink())
    database = world.database("secrets")
    worker = world.worker(database, DEBUG)
    sql, workplace = world.sql(database), world.workplace
    worker.call("mail_through", port=sink.port)
    port = free_port()
    options = ["-d", database, "--http-port", port, "--max-cron-threads", 0, "--db-filter", f"^{database}$", DEBUG]
    log = workplace.cache.log(f"odoo-{database}")
    web = world.enter(
        Server("Odoo", workplace.odoo.command(options), port, "/web/health", log, env=workplace.odoo.environment)
    )
    doors = {
        "administrator": Door(
            web.url,
            worker.call(
                "key_of",
                login="bridge_admin",
                groups=["base.group_user", "base.group_allow_export", f"{BRIDGE}administrator"],
            ),
        ),
        "system": Door(web.url, worker.call("key_of", login="admin", groups=[])),
    }
    kept, kinds, flows = set(), set(), {}
    for scheme in SCHEMES:
        given = {"secret": secret("secret"), "token_secret": secret("token"), "refresh_token": secret("refresh")}
        if scheme == "oauth2_jwt_bearer":
            given["secret"] = pem()
            kept |= {line for line in given["secret"].splitlines() if len(line) > 40}
        flows[scheme] = worker.call("known_secrets", definition=definition(server.url, scheme), **given)
        kept |= {value for value in given.values() if "\n" not in value}
    # One is typed by a person: the form sends it to Odoo.
    typed = secret("typed")
    kept.add(typed)
    (connector,) = sql.rows("SELECT connector_id FROM bridge_flow WHERE id = %s", flows["bearer"])
    said = doors["system"].call(
        "bridge.connector", "web_save", ids=list(connector), vals={"secret": typed}, specification={"has_secret": {}}
    )
    assert b'"has_secret": true' in said, said
    for number, (scheme, flow) in enumerate(flows.items()):
        # What is repeated in a refusal and in a record meets all; the other kinds take turns.
        for kind in ("rejected", "data", TURNS[number % len(TURNS)]):
            gossip.kind = kind
            kinds |= set(worker.call("fail_once", flow=flow))
        doors["administrator"].call("bridge.connector", "action_test_connection", ids=[connector[0]])
        gossip.kind = "done"
        if scheme == "bearer":  # every transaction is lost against another one
            sql.rows(BUSY)
            kinds |= set(worker.call("fail_once", flow=flow))
            sql.rows(NOT_BUSY)
        worker.call("one_to_push", name=scheme)
        for _turn in ("pull", "push"):
            kinds |= set(worker.call("fail_once", flow=flow))
    worker.call("watch")
    assert kinds >= KINDS, KINDS - kinds
    kept |= gossip.given
    heard = "\n".join(gossip.heard)
    assert len([one for one in kept if any(form in heard for form in forms(one))]) >= 10, (
        "it was sent, by all that do not sign"
    )

    places = {"definitions": json.dumps(worker.call("definitions"), ensure_ascii=False).encode()}
    for who, door in doors.items():
        for model in worker.call("all_models"):
            places[f"{model} as {who}"] = door.call(model, "search_read", domain=[], limit=200)
            if model.startswith("bridge."):
                found = json.loads(door.call(model, "search", domain=[], limit=300))
                names = json.loads(door.call(model, "fields_get", attributes=["type"]))
                if isinstance(found, list) and isinstance(names, dict):
                    places[f"export of {model} as {who}"] = door.call(
                        model,
                        "export_data",
                        ids=found,
                        fields_to_export=[name for name in names if "2many" not in name],
                    )
    dump = subprocess.run(
        [workplace.postgres.binaries / "pg_dump", database],
        env=workplace.odoo.environment,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    places["dump"] = dump.stdout
    places["letters"] = "\n".join(sink.letters).encode()
    places["log of the lanes"] = Path(workplace.cache.log(f"system-{database}")).read_bytes()
    places["log of the web server"] = Path(log).read_bytes()
    for path in (workplace.odoo.data_folder / "filestore" / database).rglob("*"):
        if path.is_file():
            places[f"file {path.name}"] = path.read_bytes()
    sought = {form: one for one in kept for form in forms(one)}
    leaks = sorted(
        {(place, one[:9]) for place, text in places.items() for form, one in sought.items() if form.encode() in text}
    )
    with capsys.disabled():
        size = sum(map(len, places.values()))
        parts = {name: len(places[name]) for name in ("dump", "log of the lanes", "log of the web server", "letters")}
        print(f"\n{len(kept)} secrets in {len(sought)} forms, sought in {len(places)} places, {size} bytes; {parts}")
    assert not leaks
    assert sink.letters and b"DEBUG" in places["log of the lanes"] and b"DEBUG" in places["log of the web server"]


def test_attack_secret_would_be_found():
    """The search itself: a secret that lies in the open is seen in each form."""
    one = secret("x")
    there = [one, quote_plus(one), json.dumps({"a": one}), html.escape(one), one.encode().hex()]
    there += [base64.b64encode(f"{before}{one}".encode()).decode() for before in ("", "ann:", "an:", "b:")]
    for text in there:
        assert any(form in text for form in forms(one)), text
