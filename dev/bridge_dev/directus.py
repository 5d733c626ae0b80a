"""Directus with a small shop in it: customers, articles, and orders with their lines (SQLite).

What takes long is done once and kept in the cache: the packages, and a database with the collections.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .cache import short_hash
from .network import LOOPBACK, free_port

TOKEN = "demo-token"
# The packages that have to be made for this machine.
COMPILED = ("isolated-vm", "sqlite3")
ENVIRONMENT = {
    "HOST": LOOPBACK,
    "SECRET": "only for tests on loopback, and nowhere else",
    "ADMIN_EMAIL": "admin@example.com",
    "ADMIN_PASSWORD": "demo-password",
    "ADMIN_TOKEN": TOKEN,
    "DB_CLIENT": "sqlite3",
    "LOG_LEVEL": "warn",
    "TELEMETRY": "false",
    "SERVE_APP": "false",
    "PRESSURE_LIMITER_ENABLED": "false",
    "NO_UPDATE_NOTIFIER": "1",
}


def _field(name, kind, **meta):
    return {"field": name, "type": kind, "meta": meta, "schema": {}}


def _collection(name, key, *fields):
    own = {**key, "schema": {"is_primary_key": True, **key.get("schema", {})}}
    changed = _field("date_updated", "timestamp", special=["date-created", "date-updated"])
    return {"collection": name, "schema": {}, "meta": {}, "fields": [own, *fields, changed]}


UUID = {"field": "id", "type": "uuid", "meta": {"special": ["uuid"]}}
NUMBER = {"field": "id", "type": "integer", "meta": {}, "schema": {"has_auto_increment": True}}
COLLECTIONS = (
    _collection(
        "customers",
        UUID,
        {**_field("status", "string"), "schema": {"default_value": "published"}},
        *(_field(name, "string") for name in ("name", "email", "phone", "street", "city", "country", "odoo_reference")),
    ),
    _collection("articles", NUMBER, _field("sku", "string"), _field("title", "string"), _field("price", "float")),
    _collection(
        "orders",
        NUMBER,
        _field("number", "string"),
        _field("customer", "uuid", special=["m2o"]),
        _field("ordered_at", "timestamp"),
        _field("odoo_reference", "string"),
        {"field": "lines", "type": "alias", "meta": {"special": ["o2m"]}},
    ),
    _collection(
        "order_lines",
        NUMBER,
        _field("order", "integer"),
        _field("article", "integer", special=["m2o"]),
        _field("title", "string"),
        _field("quantity", "float"),
        _field("price", "float"),
    ),
)
RELATIONS = (
    {"collection": "orders", "field": "customer", "related_collection": "customers", "schema": {}},
    {"collection": "order_lines", "field": "article", "related_collection": "articles", "schema": {}},
    {
        "collection": "order_lines",
        "field": "order",
        "related_collection": "orders",
        "meta": {"one_field": "lines", "one_deselect_action": "delete"},
        "schema": {"on_delete": "CASCADE"},
    },
)


def command(env):
    """Return the command that serves Directus."""
    return [env.node, str(env.folder / "node_modules" / "directus" / "cli.js"), "start"]


def variables(env, port, folder):
    """Return the environment of a Directus that keeps everything in a folder."""
    own = {"PORT": str(port), "PUBLIC_URL": f"http://{LOOPBACK}:{port}", "DB_FILENAME": str(folder / "data.db")}
    own |= {"STORAGE_LOCAL_ROOT": str(folder), "EXTENSIONS_PATH": str(folder), "npm_package_name": env.name}
    own["IMPORT_IP_DENY_LIST"] = "169.254.169.254"  # its flows may call this machine
    path = f"{Path(env.node).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **ENVIRONMENT, **own, "PATH": path}


def prepared_data(env, serve):
    """Return a folder with a database that has the collections, made when it is missing.

    :param NodeEnv env: with Directus.
    :param serve: makes the server for a port and a folder.
    """
    folder = env.cache.path("node", f"directus-data-{short_hash(env.hash, ENVIRONMENT, COLLECTIONS, RELATIONS)}")
    return env.cache.build_folder(folder, lambda place: _fill(env, serve, place), "Directus with its collections")


def _fill(env, serve, folder):
    folder.mkdir()
    port = free_port()
    subprocess.run(
        [*command(env)[:-1], "bootstrap"],
        cwd=folder,
        env=variables(env, port, folder),
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    with serve(port, folder) as server:
        client = server.client
        for collection in COLLECTIONS:
            client("POST", "/collections", collection)
        for relation in RELATIONS:
            client("POST", "/relations", relation)


def fresh_folder(source):
    """Return a new temporary folder with a copy of the prepared database."""
    folder = Path(tempfile.mkdtemp(prefix="bridge-directus-"))
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder
