"""`./dev/bench screens`: how long each screen takes to open, and how many queries, in a database that is full.

A real Odoo is asked what the web client asks: the menus, the action, its views, the records by the action's default
filters with all fields of the view, the values of the search panel, the newest record's form, graphs and pivots; and
what a person looks for. Odoo's administrator opens all of it, an operator and a user of the bridge what their menus
have: for these Odoo reads by its rules. Each screen is opened three times, and the best time counts: the first one
reads the views. What a request cost in queries is in the server's log.

We demand of ourselves that each screen is open within 2 s, and that the overview takes fewer than 40 queries, the same
for 5 connectors and for 50; else the benchmark fails.

    --bindings N    records that are bound (default 100000)
    --logs N        log lines (default 1000000)
    --failures N    records that failed (default 50000)
    --short         a twentieth of them
"""

import ast
import contextlib
import itertools
import json
import re
import time
from pathlib import Path

import requests
from benchmarks import _harness
from lxml import etree

DEFAULTS = {"bindings": 100_000, "logs": 1_000_000, "failures": 50_000}
SHORT = {"bindings": 5_000, "logs": 50_000, "failures": 2_500}
CONNECTORS, MORE = 5, 50
ROUNDS = 3
MOST_SECONDS, MOST_QUERIES = 2.0, 40
OVERVIEW = "Connectors, kanban"
ROOT = "integration_bridge.integration_bridge_menu_root"
ADMIN = "admin"
ROLES = ("operator", "user")
LIMITS = {"list": 80, "kanban": 40}  # of the web client
PANEL_LIMIT = 200
COUNTED = 10_001
# What a person looks for: one, very many, none.
SEARCHES = {
    "bridge.log": ("record_label", ("Person 77", "Person")),
    "bridge.job": ("record_label", ("SO-77", "SO-")),
    "bridge.failure": ("record", ("SO-77", "SO-")),
}
SOUGHT = ("Person 77", "SO-77", "nowhere to be found")


def run(workplace, arguments):
    """Yield the rows.

    :raises ValueError: if a screen takes longer than we demand, or the overview more queries
    """
    options = _harness.options("screens", __doc__, arguments, DEFAULTS, SHORT)
    database = workplace.databases.copy_installed("bench")
    definition = _harness.contacts_definition("http://127.0.0.1:9", 100, "system")
    _inside(workplace, database, "connect", definition=definition, first=1, number=CONNECTORS)
    _inside(workplace, database, "fill", bindings=options.bindings, logs=options.logs, failures=options.failures)
    _inside(workplace, database, "employ", roles=ROLES)
    screens = _measure(workplace, database, lambda client: client.open_all(), (ADMIN, *ROLES))
    _inside(workplace, database, "connect", definition=definition, first=CONNECTORS + 1, number=MORE - CONNECTORS)
    among_many = _measure(workplace, database, _look_among_many, (ADMIN, *ROLES))
    overviews = [few for name, few in screens.items() if name.startswith(OVERVIEW)]
    overviews += [many for name, many in among_many.items() if name.startswith(OVERVIEW)]
    screens |= {name: figures for name, figures in among_many.items() if not name.startswith(OVERVIEW)}
    for name, (seconds, queries) in screens.items():
        yield _harness.row(name, seconds * 1000, unit="ms")
        yield _harness.row(f"{name}: queries", queries, unit="queries")
    few, many = screens[OVERVIEW], among_many[OVERVIEW]
    yield _harness.row(f"overview of {MORE}", many[0] * 1000, unit="ms")
    yield _harness.row(f"overview of {MORE}: queries", many[1], unit="queries", ratio=few[1] / many[1], what="of 5")
    for role in ROLES:
        queries = among_many[f"{OVERVIEW} ({role})"][1]
        yield _harness.row(f"overview of {MORE} ({role}): queries", queries, unit="queries")
    late = sorted(name for name, (seconds, _queries) in screens.items() if seconds > MOST_SECONDS)
    quick = len(screens) - len(late)
    yield _harness.row(f"open within {MOST_SECONDS:.0f} s", quick, len(screens), "all", "screens")
    most = max(queries for _seconds, queries in overviews)
    if late or most >= MOST_QUERIES or max(seconds for seconds, _queries in overviews) > MOST_SECONDS:
        raise ValueError(f"too slow: {', '.join(late)}; the overview takes up to {most} queries")


def _look_among_many(client):
    """The overview, and in each list what is chosen in its search panel: the newest connector, which has nothing."""
    client.open_action(*client.overview())
    client.choose_all()


def _inside(workplace, database, function, **arguments):
    return _harness.call(workplace, "screens", database, function, **arguments)


def _measure(workplace, database, look, logins=(ADMIN,)):
    """Let the web client's requests be made, several times.

    :param look: gets the client, opens screens
    :param logins: who opens them
    :return: screen to its seconds and queries, each the least of the rounds
    :rtype: dict[str, tuple[float, int]]
    """
    server = workplace.odoo.server(database, name="bench-screens")
    log = Path(server.log)
    before = log.stat().st_size if log.exists() else 0
    screens, numbers = {}, itertools.count(1)
    with server:
        for login in logins:
            with contextlib.closing(WebClient(server.url, database, login, numbers)) as client:
                for _round in range(ROUNDS):
                    look(client)
            screens |= client.screens
    queries = _queries(log.read_bytes()[before:].decode(), database)
    return {
        name: (
            min(sum(seconds for _number, seconds in requests) for requests in rounds),
            min(sum(queries[number] for number, _seconds in requests) for requests in rounds),
        )
        for name, rounds in screens.items()
    }


def _queries(log, database):
    """What each request took, by its number in its address; another worktree's benchmark may write to the same log.

    :rtype: dict[int, int]
    """
    found = re.findall(rf' {re.escape(database)} .*\?n=(\d+)\S* HTTP/[\d.]+" \d+ - (\d+) ', log)
    return {int(number): int(queries) for number, queries in found}


class WebClient:
    """Asks for what Odoo's web client asks for.

    :param str url: of the server
    :param str database: which
    :param str login: who looks; screens of others than the administrator are named by them, too
    :param numbers: gives each request its own
    """

    def __init__(self, url, database, login, numbers):
        self.url = url
        self.session = requests.Session()
        self.numbers = numbers
        self.asked = []
        self.screens = {}
        self.suffix = "" if login == ADMIN else f" ({login})"
        credentials = {"db": database, "login": login, "password": "bench-screens"}
        self.user = self._post("/web/session/authenticate", credentials)["uid"]

    def close(self):
        """End the connection."""
        self.session.close()

    # Screens

    def open_all(self):
        """Open each screen of the app, and what else a person looks at."""
        for name, action in self._menus():
            self.open_action(name, action)
        self._preview()
        for model, (field, texts) in SEARCHES.items():
            for text in texts:
                with self._screen(f"{model}, {field} like “{text}”"):
                    self.call(
                        model, "web_search_read", [[field, "ilike", text]], {field: {}}, limit=80, count_limit=COUNTED
                    )
        for text in SOUGHT:
            with self._screen(f"Find a Record: “{text}”"):
                find = self.call("bridge.find", "web_save", [], {"sought": text}, {"sought": {}})[0]["id"]
                self.call("bridge.find", "action_find", [find])
                self._read_form("bridge.find", find, {})
        self._business()

    def overview(self):
        """The first menu's action: the name and the id."""
        return self._menus()[0]

    def open_action(self, name, action_id):
        """Open an action of a menu in each of its views."""
        action = self._post("/web/action/load", {"action_id": action_id})
        model, context = action.get("res_model"), _evaluated(action.get("context") or {}, self.user)
        if not model:
            return
        kinds, newest = [kind for _view, kind in action["views"]], None
        for kind in kinds:
            if kind != "form":
                with self._screen(f"{name}, {kind}"):
                    newest = self._open_view(action, model, kind, context) or newest
        if "list" in kinds:
            self._open_favourites(name, action, context)
        if "form" in kinds:
            if len(kinds) > 1 and not newest:
                raise ValueError(f"“{name}” shows no record, so nothing is measured")
            with self._screen(f"{name}, form"):
                self._read_form(model, newest, context)

    def _open_favourites(self, name, action, context):
        """What the search menu has under favourites."""
        views, model = self._views_of(action), action["res_model"]
        for favourite in views["views"]["search"]["filters"]:
            domain = [*_evaluated(action.get("domain") or [], self.user), *_evaluated(favourite["domain"], self.user)]
            groups = _evaluated(favourite["context"], self.user).get("group_by")
            with self._screen(f"{name}, “{favourite['name']}”"):
                if groups:
                    self._read_groups(views, model, "list", domain, groups, context)
                else:
                    order = ", ".join(json.loads(favourite["sort"]))
                    self._read_records(views, model, "list", domain, context, order)

    def choose_all(self):
        """Choose a value of each part of a search panel, in each list of the menus that has one."""
        for name, action_id in self._menus():
            action = self._post("/web/action/load", {"action_id": action_id})
            if "list" in [kind for _view, kind in action.get("views") or []]:
                self._choose(name, action)

    def _choose(self, name, action):
        model, context = action["res_model"], _evaluated(action.get("context") or {}, self.user)
        views = self._views_of(action)
        search = etree.fromstring(views["views"]["search"]["arch"])
        domain, _groups = self._default_domain(action, search, context)
        for field, values in self._panel(search, model, "list", domain, context).items():
            chosen = max(value["id"] for value in values)
            with self._screen(f"{name}, {field} chosen"):
                self._read_records(views, model, "list", [*domain, [field, "=", chosen]], context)

    def _preview(self):
        """What a preview would do, of many records: its search panel counts."""
        newest = self.call("bridge.run", "web_search_read", [["dry_run", "=", True]], {"id": {}}, limit=1)["records"]
        action = self.call("bridge.run", "action_open_plan", [newest[0]["id"]])
        for kind in ("list", "kanban"):
            with self._screen(f"{action['name']}, {kind}"):
                self._open_view(action, action["res_model"], kind, {})

    def _business(self):
        """A record that other systems have, as it is opened in its own app."""
        newest = self.call(
            "res.partner", "web_search_read", [["email", "=", "person7@example.com"]], {"id": {}}, limit=1
        )
        partner = newest["records"][0]["id"]
        with self._screen("res.partner, form and its status"):
            self._read_form("res.partner", partner, {})
            self.call("bridge.binding", "status_of", "res.partner", partner)
        with self._screen("res.partner, Sync Status"):
            self.call("bridge.flow", "action_sync_status", "res.partner", [partner])

    def _menus(self):
        menus = self.call("ir.ui.menu", "load_menus", False)
        root = next(menu for menu in menus.values() if menu.get("xmlid") == ROOT)
        found, waiting = [], list(root["children"])
        while waiting:
            menu = menus[str(waiting.pop(0))]
            waiting = [*menu["children"], *waiting]
            if menu["action_id"] and not menu["children"]:
                found.append((menu["name"], menu["action_id"]))
        return found

    # What a screen asks for

    def _open_view(self, action, model, kind, context):
        """Records by the default filters.

        :return: the id of the first record; None: there is none
        """
        views = self._views_of(action)
        arch, search = (etree.fromstring(views["views"][one]["arch"]) for one in (kind, "search"))
        domain, groups = self._default_domain(action, search, context)
        if kind in ("graph", "pivot"):
            columns = [_grouped(node) for node in arch.iter("field") if node.get("type") != "measure"]
            sums = [f"{node.get('name')}:sum" for node in arch.iter("field") if node.get("type") == "measure"]
            self.call(model, "formatted_read_group", domain, columns, ["__count", *sums])
            return None
        if groups:
            self._read_groups(views, model, kind, domain, groups, context)
        records = self._read_records(views, model, kind, domain, context)
        self._panel(search, model, kind, domain, context)
        return records[0]["id"] if records else None

    def _read_groups(self, views, model, kind, domain, groups, context):
        """The groups; a kanban's are unfolded."""
        arch = etree.fromstring(views["views"][kind]["arch"])
        self.call(
            model,
            "web_read_group",
            domain,
            groups,
            [],
            limit=LIMITS[kind],
            auto_unfold=kind == "kanban",
            unfold_read_specification=_specification(arch, model, views["models"]),
            context=context,
        )

    def _read_records(self, views, model, kind, domain, context, order=None):
        """The first page."""
        arch = etree.fromstring(views["views"][kind]["arch"])
        return self.call(
            model,
            "web_search_read",
            domain,
            _specification(arch, model, views["models"]),
            limit=LIMITS[kind],
            count_limit=COUNTED,
            order=order or arch.get("default_order"),
            context=context,
        )["records"]

    def _panel(self, search, model, kind, domain, context):
        """The values of the search panel, as ``_fetchCategories`` and ``_fetchFilters`` of the web client ask for them.

        :return: field to its values
        :rtype: dict[str, list]
        """
        found = {}
        for panel in search.iter("searchpanel"):
            if kind not in panel.get("view_types", "kanban,list").split(","):
                continue
            for node in panel.iter("field"):
                asked = {
                    "category_domain": [],
                    "context": context,
                    "enable_counters": node.get("enable_counters") in ("1", "True"),
                    "expand": node.get("expand") in ("1", "True"),
                    "filter_domain": [],
                    "limit": int(node.get("limit", PANEL_LIMIT)),
                    "search_domain": domain,
                }
                if node.get("select") == "multi":
                    method, more = "search_panel_select_multi_range", {"comodel_domain": [], "group_by": False}
                    more["group_domain"] = {}
                else:
                    method, more = "search_panel_select_range", {"hierarchize": True}
                found[node.get("name")] = self.call(model, method, node.get("name"), **asked, **more)["values"]
        return found

    def _views_of(self, action):
        search = action["search_view_id"] and action["search_view_id"][0]
        return self._views(action["res_model"], [*action["views"], [search, "search"]], action["id"])

    def _default_domain(self, action, search, context):
        """What an action shows at first: domain, and what is grouped by."""
        domain, groups = _default_search(search, context, self.user)
        return [*_evaluated(action.get("domain") or [], self.user), *domain], groups

    def _read_form(self, model, record, context):
        views = self._views(model, [[False, "form"]], False)
        specification = _specification(etree.fromstring(views["views"]["form"]["arch"]), model, views["models"])
        if record:
            self.call(model, "web_read", [record], specification, context=context)
        else:
            self.call(model, "onchange", [], {}, [], specification, context=context)

    def _views(self, model, views, action):
        return self.call(model, "get_views", views, {"action_id": action, "load_filters": True, "toolbar": True})

    # Requests

    @contextlib.contextmanager
    def _screen(self, name):
        """What is asked inside belongs to this screen, and nothing of what is asked after it."""
        self.asked = []
        yield
        self.screens.setdefault(name + self.suffix, []).append(self.asked)
        self.asked = []

    def call(self, model, method, *args, **kwargs):
        """A method of a model."""
        how = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", how)

    def _post(self, path, parameters):
        """:raises ValueError: Odoo's error"""
        number = next(self.numbers)
        body = {"jsonrpc": "2.0", "method": "call", "params": parameters}
        began = time.perf_counter()
        answer = self.session.post(f"{self.url}{path}?n={number}", json=body, timeout=300).json()
        self.asked.append((number, time.perf_counter() - began))
        if "error" in answer:
            raise ValueError(f"{path}: {answer['error']['data']['message']}")
        return answer["result"]


def _specification(arch, model, models):
    """The fields that a view reads, as ``getFieldsSpec`` of the web client makes them.

    :param arch: the view
    :param dict models: what ``get_views`` says of the fields
    :rtype: dict
    """
    found, fields = {}, models[model]["fields"]
    for node in _own_fields(arch):
        name = node.get("name")
        field, asked = fields[name], found.setdefault(name, {})
        if field["type"] in ("many2one", "reference"):
            asked["fields"] = {"display_name": {}}
        elif field["type"] in ("one2many", "many2many") and node.get("invisible") not in ("1", "True"):
            inner = next(iter(node.xpath("list|kanban")), None)
            asked["fields"] = (
                {"display_name": {}} if inner is None else _specification(inner, field["relation"], models)
            )
            asked["limit"] = int(inner.get("limit", 40)) if inner is not None else 40
    return found


def _own_fields(node):
    """The fields of a view, without those of the views inside."""
    for child in node:
        if child.tag == "field":
            yield child
        else:
            yield from _own_fields(child)


def _default_search(arch, context, user):
    """What the filters that an action switches on say.

    :return: domain, and what is grouped by
    """
    domain, groups, alternatives = [], [], []
    for node in [*arch.xpath("//filter|//separator|//field"), etree.Element("separator")]:
        if node.tag == "separator":
            domain += ["|"] * (len(alternatives) - 1) + [term for one in alternatives for term in _joined(one)]
            alternatives = []
        elif node.tag == "filter" and context.get(f"search_default_{node.get('name')}"):
            if node.get("domain"):
                alternatives.append(_evaluated(node.get("domain"), user))
            if "group_by" in _evaluated(node.get("context") or {}, user):
                groups.append(_evaluated(node.get("context"), user)["group_by"])
    return domain, groups


def _joined(domain):
    """A domain as one term."""
    terms = sum(not isinstance(one, str) for one in domain) - sum(
        one in ("&", "|") for one in domain if isinstance(one, str)
    )
    return ["&"] * (terms - 1) + list(domain)


def _grouped(node):
    return node.get("name") + (f":{node.get('interval')}" if node.get("interval") else "")


def _evaluated(text, user):
    """A domain or context of an action: Odoo's own are literals, but for the user."""
    return ast.literal_eval(re.sub(r"\buid\b", str(user), text)) if isinstance(text, str) else text
