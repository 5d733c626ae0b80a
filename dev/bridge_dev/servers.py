"""The third-party systems that nobody here wrote, real and on loopback, as context managers.

with servers.kinto(workplace) as kinto:
    kinto.url, kinto.username, kinto.secret
"""

import http.client
import json
import shutil
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

from . import directus as shop
from .errors import SetupError
from .network import LOOPBACK, Server, free_port

SCRIPT = Path(__file__).with_name("serve_third_party.py")


class JsonClient:
    """One kept connection that sends and receives JSON; for loading data, not for syncing it.

    :param str url: the server's address.
    :param dict headers: sent with every request.
    """

    def __init__(self, url, headers):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        self.headers = {"Content-Type": "application/json", **headers}

    def __call__(self, method, path, document=None):
        """Send a request; return the decoded answer.

        :raise SetupError: the server refused it.
        """
        body = None if document is None else json.dumps(document).encode()
        self.connection.request(method, path, body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            excerpt = content[:300].decode(errors="replace")
            raise SetupError(
                f"{method} {path} answered {answer.status}: {excerpt}", "correct dev/bridge_dev/demo_data.py"
            )
        return json.loads(content) if content else None


class System(Server):
    """A third-party server, and what one needs to talk to it.

    :param str username: for basic authentication, or None.
    :param str secret: password or API key.
    :param str database: the name of its Odoo database, or None.
    """

    username = None
    secret = None
    database = None

    @property
    def client(self):
        """A new JsonClient that is signed in."""
        if self.username:
            pair = b64encode(f"{self.username}:{self.secret}".encode()).decode()
            return JsonClient(self.url, {"Authorization": f"Basic {pair}"})
        return JsonClient(self.url, {"Authorization": f"Bearer {self.secret}"})


def kinto(workplace, port=None):
    """Return a Kinto with an empty memory; any user name and password make an account. Its API is below `/v1`."""
    server = _third_party(workplace, "kinto", port, "/v1/__lbheartbeat__")
    server.username, server.secret = "demo", "demo-password"
    return server


def localstripe(workplace, port=None):
    """Return a localstripe with an empty memory; any key that begins with `sk_` is good. Its API is below `/v1`."""
    server = _third_party(workplace, "localstripe", port, "/js.stripe.com/v3/")
    server.secret = "sk_test_demo"
    return server


def radicale(workplace, port=None):
    """Return a Radicale without address books; any user name is an account."""
    server = _third_party(workplace, "radicale", port, "/.web/")
    server.username, server.secret = "demo", "demo-password"
    return server


class _Directus(System):
    """A Directus that forgets everything when it ends."""

    secret = shop.TOKEN

    def __init__(self, env, port, folder, log, is_temporary=True):
        super().__init__("directus", shop.command(env), port, "/server/ping", log, shop.variables(env, port, folder))
        self.folder = folder
        self.is_temporary = is_temporary

    @property
    def client(self):
        """A new JsonClient that is signed in; it keeps no connection, as Directus closes one after five seconds."""
        return JsonClient(self.url, {"Authorization": f"Bearer {self.secret}", "Connection": "close"})

    def stop(self):
        super().stop()
        if self.is_temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


def directus(workplace, port=None):
    """Return a Directus with empty collections, and a token of its administrator (its `secret`)."""
    env, log = workplace.directus_env, workplace.cache.log("directus")
    source = shop.prepared_data(env, lambda port, folder: _Directus(env, port, folder, log, is_temporary=False))
    return _Directus(env, port or free_port(), shop.fresh_folder(source), log)


def prism(workplace, document, port=None):
    """Return a Prism that serves an OpenAPI document with its examples, and refuses what the document does not allow.

    :param Path document: a file, whose paths are served from the root; what Prism says stands in a log beside it.
    """
    port = port or free_port()
    command = workplace.prism_env.command("@stoplight/prism-cli", "dist/index.js")
    command += ["mock", "--errors", "--host", LOOPBACK, "--port", port, document]
    server = System("prism", command, port, "/", document.with_suffix(".log"))
    server.secret = "demo-token"
    return server


def partner_odoo(workplace, port=None, database=None):
    """Return a second Odoo on a fresh copy of the template, with an API key for `/json/2` (its `secret`)."""
    database = database or workplace.clone.database("partner")
    workplace.databases.copy(workplace.databases.prepare_template(), database)
    server = workplace.odoo.server(database, port=port, name="partner", server_class=System)
    server.database = database
    server.secret = workplace.odoo.call(database, "make_api_key")
    return server


def _third_party(workplace, name, port, path):
    port = port or free_port()
    command = [workplace.servers_env.python, SCRIPT, name, port]
    return System(name, command, port, path, workplace.cache.log(name))


def address(server, path="/v1"):
    """Return the base address for a connector to `server`."""
    return f"http://{LOOPBACK}:{server.port}{path}"
