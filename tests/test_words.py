"""What somebody with the role User reads has no word that a shop manager would not know (promise 5)."""

import re

from lxml import etree

from odoo.tests import TransactionCase, new_test_user, tagged

ROOT = "integration_bridge.integration_bridge_menu_root"
# What those build who make such an addon; a person who runs a shop need not know what it means.
UNKNOWN = re.compile(
    r"\b(acting|API|authority|binding|bound|chatter|code|converter|cron|cursor|domain|endpoint|exchange|external IDs?"
    r"|fingerprint|HTTP|JMESPath|job|JSON|lane|mapping|model|operation|outbox|page size|pagination|parameter|path"
    r"|payload|query|queue|record ID|remote|remotely|scan|schema|snapshot|SQL|technical|token|tombstone|trigger|URL"
    r"|webhook|worker)(s|es)?\b",
    re.IGNORECASE,
)
# Where a person comes to from the menus: failures one by one, Sync Status, what waits, what a preview has shown.
REACHED = ("bridge_failed_action", "bridge_status_action", "bridge_change_action", "bridge_log_action_preview")
VIEWS = ("list", "kanban", "form", "graph", "pivot")
SHOWN = ("string", "title", "confirm", "aria-label")


@tagged("post_install", "-at_install")
class TestWordsOfUser(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = new_test_user(cls.env, "manager", "integration_bridge.group_integration_bridge_user")
        cls.own = cls.env(user=cls.person)

    def menus(self):
        """:return: the menus of the app that the person has"""
        menus = self.own["ir.ui.menu"].load_menus(False)
        waiting, found = [next(one for one in menus.values() if one.get("xmlid") == ROOT)], []
        while waiting:
            menu = waiting.pop(0)
            found.append(menu)
            waiting += [menus[one] for one in menu["children"]]
        return found

    def actions(self):
        of_menus = [
            self.env[menu["action_model"]].browse(menu["action_id"])
            for menu in self.menus()
            if menu["action_id"] and not menu["children"]
        ]
        return [*of_menus, *(self.env.ref(f"integration_bridge.{name}") for name in REACHED)]

    def told(self):
        """:return: where it stands, and what: each text that the person can read without opening a record"""
        for menu in self.menus():
            yield f"menu {menu['xmlid']}", menu["name"]
        for action in self.actions():
            yield action.xml_id, action.name
            yield f"{action.xml_id}, empty", etree.fromstring(f"<p>{action.help or ''}</p>").xpath("string()")
            asked = {mode: view_id for view_id, mode in action.views if mode in VIEWS}
            asked["search"] = action.search_view_id.id
            got = self.own[action.res_model].get_views(
                [(view_id, kind) for kind, view_id in asked.items()], {"toolbar": True}
            )
            for kind, view in got["views"].items():
                where = f"{action.res_model} {kind}"
                for entry in [one for some in view.get("toolbar", {}).values() for one in some]:
                    yield f"{where}, gear", entry["name"]
                yield from self.of_arch(where, etree.fromstring(view["arch"]), action.res_model, kind)

    def of_arch(self, where, node, model, kind):
        if not isinstance(node.tag, str) or _is_hidden(node):
            return
        where_here = f"{where}, {node.tag} {node.get('name') or ''}"
        yield from ((where_here, node.get(name)) for name in SHOWN if node.get(name))
        yield where_here, node.text
        inside = model
        field = self.own[model]._fields.get(node.get("name")) if node.tag == "field" else None
        if field is not None:
            about = field.get_description(self.own, ["string", "help", "selection"])
            if kind != "kanban" and not node.get("string"):
                yield where_here, about["string"]
            if kind != "kanban":
                yield f"{where_here}, help", about.get("help")
            yield from ((f"{where_here}, choice", label) for _value, label in about.get("selection") or ())
            inside = field.comodel_name or model
        for child in node:
            # A field that holds lines has views of its own inside, of the model of the lines.
            is_view = field is not None and child.tag in VIEWS
            yield from self.of_arch(where, child, inside if is_view else model, child.tag if is_view else kind)
            yield where_here, child.tail

    def test_user_reads_no_word_that_a_shop_manager_would_not_know(self):
        told = {(where, " ".join(text.split())) for where, text in self.told() if text and text.strip()}
        self.assertGreater(len(told), 300, "it has looked at nearly nothing")
        wrong = sorted(f"{where}: {text}" for where, text in told if UNKNOWN.search(text))
        self.assertEqual(wrong, [])

    def test_operator_sees_more(self):
        """Else the test above would hold because nobody sees anything."""
        operator = new_test_user(self.env, "operator_too", "integration_bridge.group_integration_bridge_operator")
        mine = len(self.menus())
        self.own = self.env(user=operator)
        self.assertGreater(len(self.menus()), mine)
        self.assertTrue([text for _where, text in self.told() if text and UNKNOWN.search(text)])


def _is_hidden(node):
    told = {node.get("invisible"), node.get("column_invisible")}
    return bool(told & {"1", "True"}) or "d-none" in (node.get("class") or "").split()
