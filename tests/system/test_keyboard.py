"""Without a mouse: a conflict is decided, a field mapping is made, a run is ended and a record is found (promise 5).

Whatever the keyboard comes to has a name that is read aloud, and shows that it is what the next key is for.
"""

import re

import pytest
from browser import browser_page
from conftest import things_definition, wait_for

FOCUSED = "(selector) => Boolean(document.activeElement?.matches(selector))"
# How what has the focus looks with it, and without; a cursor is seen in whatever is typed into.
SHOWS = """() => {
    const one = document.activeElement;
    if (one.matches('input:not([type=checkbox]):not([type=radio]), textarea, [contenteditable]')) { return true; }
    const look = () => [one, one.parentElement, ...one.children].map((part) => {
        const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor, color, textDecorationLine }
            = getComputedStyle(part);
        return [outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor, color, textDecorationLine].join();
    }).join('|');
    const focused = look();
    one.blur();
    const other = look();
    one.focus();
    return focused !== other;
}"""
OURS = """() => Boolean(document.activeElement.closest('.o_bridge'))
    && !document.activeElement.closest('.o_list_table, .o_cp_bottom, .o-mail-Form-chatter, .nav-tabs')"""


class Keyboard:
    """Who has no mouse.

    :param Page page: of playwright, signed in
    """

    def __init__(self, page):
        self.page = page
        page.emulate_media(reduced_motion="reduce")  # what glides is not there yet
        self.accessibility = page.context.new_cdp_session(page)
        self.seen = []

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text):
        self.page.keyboard.type(text)

    def begin(self):
        """Come from the browser's own bar: Odoo's field to search in, where a page begins, keeps Tab for itself."""
        self.page.evaluate("() => { document.body.tabIndex = -1; document.body.focus(); }")

    def tab_to(self, selector, most=120):
        """Press Tab until that is reached, and look at all of ours on the way."""
        for _stop in range(most):
            if self.page.evaluate(FOCUSED, selector):
                self.look()
                return
            self.press("Tab")
            self.look()
        raise AssertionError(f"no way leads to {selector}; it went by {self.seen[-9:]}")

    def look(self):
        """What has the focus has a name, and shows that it has it; what is Odoo's own is not looked at."""
        if not self.page.evaluate(OURS):
            return
        role, name = self.name()
        what = self.page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
        self.seen.append((role, name))
        assert name, f"it has no name: {what}"
        assert self.page.evaluate(SHOWS), f"nobody sees that it has the focus: {what}"

    def name(self):
        """:return: role and name of what has the focus, as a screen reader gets them"""
        found = self.accessibility.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]
        about = {"objectId": found["objectId"], "fetchRelatives": False}
        node = self.accessibility.send("Accessibility.getPartialAXTree", about)["nodes"][0]
        return node.get("role", {}).get("value"), node.get("name", {}).get("value", "").strip()


@pytest.fixture(scope="module")
def place(module_world):
    """A connector with a flow, and Odoo without lanes: what is asked for waits."""
    world = module_world
    server = world.server()
    server.records["things"] = [
        {"id": 1, "name": "Ada", "email": "ada@example.com", "address": {"city": "Bern"}},
        {"id": 2, "name": "Bo", "email": "bo@example.com", "address": {"city": "Basel"}},
    ]
    database = world.database("keyboard")
    with world.worker(database) as worker:
        worker.call("configure", definition=things_definition(server.url))
        worker.call("open_conflict", name="Ada", field_name="phone", values=["111", "222", "000"])
    odoo = world.enter(world.workplace.odoo.server(database, name="keyboard"))
    return world.workplace, odoo.url, world.sql(database)


@pytest.fixture
def open_page(place):
    """Open an address, as the administrator."""
    workplace, url, _sql = place
    with browser_page(workplace, url, "admin", "admin") as page:
        keyboard = Keyboard(page)

        def open_address(path, ready):
            page.goto(url + path)
            page.locator(ready).first.wait_for()
            return keyboard

        yield open_address


def test_conflict_is_decided(place, open_page):
    _workplace, _url, sql = place
    keyboard = open_page("/odoo/bridge-conflicts", ".o_data_row")
    keyboard.page.locator(".o_searchview_input").focus()
    keyboard.press("ArrowDown", "ArrowDown", "ArrowRight", "Enter")  # from the search into the list
    keyboard.page.locator(".o_form_view").wait_for()
    keyboard.tab_to("button[name=action_keep_remote]")
    assert keyboard.name() == ("button", "Keep Theirs")
    keyboard.press("Enter")
    keyboard.page.locator(".o_arrow_button_current", has_text="Decided").wait_for()
    assert sql.rows("SELECT state, decision FROM bridge_conflict") == [("decided", "remote")]
    for button in ("action_always_odoo", "action_keep_odoo"):
        keyboard.press("Shift+Tab")  # the focus has stayed
        assert keyboard.page.evaluate(FOCUSED, f"button[name={button}]")
        keyboard.look()
    keyboard.press("Space")
    wait_for(lambda: sql.value("SELECT decision FROM bridge_conflict") == "odoo", "another decision, by the space bar")


def test_field_is_mapped_by_a_sample(place, open_page):
    _workplace, _url, sql = place
    flow = sql.value("SELECT id FROM bridge_flow")
    keyboard = open_page(f"/odoo/bridge-flows/{flow}", ".o_bridge_fetch")
    page = keyboard.page
    keyboard.tab_to(".o_bridge_fetch")
    keyboard.press("Enter")
    page.locator(".o_bridge_title").wait_for()
    keyboard.tab_to(".o_bridge_next")
    keyboard.press("Space")
    page.locator(".o_bridge_position", has_text="2").wait_for()
    keyboard.tab_to(".o_bridge_edit")  # of the first line
    keyboard.tab_to(".o_bridge_add")
    keyboard.press("Enter")
    keyboard.tab_to(".o_bridge_open .o_bridge_path input")
    keyboard.type("city")
    page.locator(".o-autocomplete--dropdown-item", has_text=re.compile("address.city.*Basel")).wait_for()
    if page.locator(".o_bridge_path .ui-state-active").count() == 0:
        keyboard.press("ArrowDown")
    keyboard.press("Enter")
    keyboard.tab_to(".o_bridge_open [name=field_id] input")
    keyboard.type("City")
    page.locator(".o-autocomplete--dropdown-item .ui-state-active", has_text=re.compile("^City")).wait_for()
    keyboard.press("Enter")
    page.locator(".o_bridge_open .o_bridge_here", has_text="Basel").wait_for()
    keyboard.tab_to(".o_bridge_open .o_bridge_done")
    keyboard.press("Enter")
    page.locator(".o_bridge_line[data-field=city]:not(.o_bridge_open)").wait_for()
    keyboard.press("Alt+s")
    found = "SELECT path, converter FROM bridge_field_mapping WHERE path = 'address.city'"
    wait_for(lambda: sql.rows(found) == [("address.city", "text")], "it is saved")


def test_record_is_found_by_enter(open_page):
    keyboard = open_page("/odoo/bridge", ".o_kanban_record")
    keyboard.begin()
    keyboard.tab_to("[data-menu-xmlid='integration_bridge.bridge_find_menu']")
    keyboard.press("Enter")
    keyboard.page.locator(".modal .o_field_widget[name=sought] input").wait_for()
    assert keyboard.page.evaluate(FOCUSED, ".modal .o_field_widget[name=sought] input"), "one can type at once"
    keyboard.type("Ada")
    keyboard.press("Enter")
    keyboard.page.locator(".modal .o_kanban_record", has_text="Ada").wait_for()


def test_record_is_found_from_the_bar(open_page):
    keyboard = open_page("/odoo/bridge-runs", ".o_list_view")
    keyboard.begin()
    keyboard.tab_to(".o_bridge_find_bar input")
    assert keyboard.name() == ("searchbox", "Name, number, e-mail, or ID in the other system")
    keyboard.type("Ada")
    keyboard.press("Enter")
    keyboard.page.locator(".modal .o_kanban_record", has_text="Ada").wait_for()
    keyboard.press("Escape")
    keyboard.page.locator(".modal").wait_for(state="detached")
    keyboard.press("Alt+Shift+f")
    assert keyboard.page.evaluate(FOCUSED, ".o_bridge_find_bar input"), "it has a key of its own"


def test_way_to_connect_a_system_can_be_gone(open_page):
    keyboard = open_page("/odoo/bridge", ".o_kanban_record")
    keyboard.begin()
    keyboard.tab_to(".o_control_panel_main_buttons button:not(.o-kanban-button-new)")
    keyboard.press("Enter")
    keyboard.page.locator(".modal .o_field_widget[name=entry]").wait_for()
    for name in ("name", "base_url"):
        keyboard.tab_to(f".modal .o_field_widget[name={name}] input")
    keyboard.tab_to(".modal button[name=action_ask]")
    keyboard.tab_to(".modal button[name=action_create]")
    keyboard.press("Escape")
    keyboard.page.locator(".modal").wait_for(state="detached")


def test_run_is_ended_on_the_card(place, open_page):
    _workplace, _url, sql = place
    keyboard = open_page("/odoo/bridge", ".o_kanban_record")
    keyboard.press("ArrowDown")  # from the search to the cards
    keyboard.tab_to(".o_kanban_record button[name=action_sync]")
    keyboard.press("Enter")
    keyboard.page.locator(".o_form_view, .o_list_view").first.wait_for()
    keyboard = open_page("/odoo/bridge", ".o_bridge_cancel")
    keyboard.press("ArrowDown")
    keyboard.tab_to(".o_bridge_cancel")
    keyboard.press("Space")
    wait_for(lambda: sql.value("SELECT count(*) FROM bridge_run WHERE state = 'pending'") == 0, "it is cancelled")
