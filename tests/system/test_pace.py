"""From the addon's installation to the first synced record, at a person's pace and in a browser, in three ways.

A person needs some seconds for each click or field. Each is counted, with 3 s, and added to what the machine took by
the clock: nothing waits for that. `PACE=1 ./dev/test tests/system/test_pace.py -s` does wait, for a look at it.
"""

import contextlib
import json
import os
import time

import pytest
from bridge_dev import demo_data, servers
from browser import browser_page
from conftest import wait_for

SECONDS_AN_ACTION = 3
MOST_SECONDS = 300  # promise: install to first synced record
WAITS = os.environ.get("PACE") == "1"
SIGN_IN = 3  # actions of browser_page: login, password, the button
APP, NAMED = "integration_bridge.integration_bridge_menu_root", ".o_navbar [data-menu-xmlid='integration_bridge.%s']"
CONTACTS = 5
KNOWN_THERE = ("name", "email", "phone")


class Person:
    """Who clicks and types, one thing after the other; everything is counted.

    :param Page page: of playwright, signed in
    :param float began: when the person began, by time.monotonic()
    """

    def __init__(self, page, began):
        self.page, self.began, self.actions = page, began, SIGN_IN

    def _acts(self):
        self.actions += 1
        if WAITS:
            self.page.wait_for_timeout(SECONDS_AN_ACTION * 1000)

    def see(self, selector, text=None):
        """What is in the dialog, or on the page if there is none."""
        places = f".modal:not(.o_inactive_modal) {selector}, body:not(:has(.modal)) {selector}"
        return self.page.locator(places, has_text=text).filter(visible=True)

    def wait(self, selector, text=None):
        """Look until it is there."""
        self.see(selector, text).first.wait_for()

    def click(self, selector, text=None):
        self._acts()
        self.see(selector, text).click()

    def press(self, name):
        """A button, by the method that it calls."""
        self.click(f"button[name={name}]")

    def confirm(self):
        """Yes to what is asked, and the dialog is gone."""
        self.click(".modal-footer .btn-primary")
        self.page.locator(".modal").wait_for(state="detached")

    def fill(self, field, text):
        self._acts()
        self.see(f".o_field_widget[name={field}] :is(input, textarea)").fill(text)

    def choose(self, field, text):
        """A value of a list that opens: a click and a choice."""
        self.click(f".o_field_widget[name={field}] input")
        self._acts()
        self.page.locator(".o-dropdown-item", has_text=text).click()

    def look_up(self, field, text):
        """A record: its name and a choice."""
        self.fill(field, text)
        self._acts()
        self.page.get_by_role("option", name=text, exact=True).click()

    def hand_over(self, field, path):
        """A file."""
        self._acts()
        self.page.locator(f".o_field_widget[name={field}] input[type=file]").set_input_files(path)

    def open_app(self):
        self.click(".o_navbar_apps_menu button")
        self._acts()
        self.page.locator(f".o_app[data-menu-xmlid='{APP}']").click()

    def open_menu(self, menu, entry):
        self.click(NAMED % menu)
        self._acts()
        self.page.locator(f".o-dropdown--menu [data-menu-xmlid='integration_bridge.{entry}']").click()

    def begin(self):
        """What the empty app offers."""
        self.open_app()
        self.click(".o_view_nocontent a", "Connect a System")

    def enter_secret(self, secret):
        """What the form of the new connector asks for next; and try it."""
        self.wait(".alert", "Next: enter how to sign in")
        self.click("a[name=auth]")
        self.fill("secret", secret)
        self.press("action_test_connection")
        self.page.locator(".o_notification", has_text="The connection works").wait_for()

    def map_by_sample(self):
        """All field mappings that are proposed by the values of a sample."""
        self.click("a[name=mappings]")
        self.click(".o_bridge_fetch")
        self.wait(".o_bridge_title")
        self.click(".o_bridge_propose")
        self.click(".o_bridge_accept_all")

    def go_live(self):
        """In the form of a flow: look at what would happen, then let it happen."""
        self.press("action_preview")
        self.wait(f":is(td, .o_field_widget)[name=created]:has-text('{CONTACTS}')")
        self.click(".o_back_button")
        self.press("action_go_live")
        self.confirm()
        self.press("action_sync")

    def took(self, way):
        """:return: seconds of the machine and the person together; the figures are printed"""
        seconds = time.monotonic() - self.began - (WAITS and SECONDS_AN_ACTION * (self.actions - SIGN_IN))
        together = seconds + self.actions * SECONDS_AN_ACTION
        print(f"\n{way}: {self.actions} actions, {seconds:.0f} s, together {together:.0f} s")
        return together


@contextlib.contextmanager
def somebody(world, server, installing):
    """The administrator of the database, who signs in when the addon has been installed.

    :param float installing: seconds that this took
    :return: context manager that gives the Person
    """
    began = time.monotonic() - installing
    with browser_page(world.workplace, server.url, "admin", "admin") as page:
        yield Person(page, began)


@pytest.fixture(scope="module")
def installed(module_world):
    """A database in which the addon has just been installed, and how many seconds that took."""
    databases, name = module_world.workplace.databases, module_world.workplace.clone.database("system_pace_installed")
    databases.prepare_template()
    module_world.stack.callback(databases.drop, name)
    began = time.monotonic()
    databases.install_addon(name)
    return name, time.monotonic() - began


@pytest.fixture
def odoo(world, installed):
    """A server of such a database, and a look into it."""
    database = world.database("pace", source=installed[0])
    sql = world.sql(database)
    # A real system is not on loopback; only because this one is, an administrator of the server allows it beforehand.
    allowed = ("integration_bridge.allowed_private_addresses", "127.0.0.1")
    sql.rows("INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)", *allowed)
    server = world.enter(world.workplace.odoo.server(database, crons=2, name="pace"))
    return server, sql


@pytest.fixture
def kinto(world):
    """An address book with contacts."""
    kinto = world.enter(servers.kinto(world.workplace))
    demo_data.load_kinto(kinto.client, number=0)
    demo_data.put_contacts(kinto.client, [contact(number) for number in range(CONTACTS)])
    return kinto


def contact(number):
    address = {"street": f"Gasse {number}", "city": "Bern", "zip": "3000", "country": "CH"}
    about = {"name": f"Ada {number}", "email": f"ada{number}@there.example", "phone": f"+41 31 000 00 0{number}"}
    return {"id": f"contact-{number}", "company": False, "note": "", "address": address, **about}


def synced(sql):
    """How many records of the other system are in Odoo, each with its external ID."""
    return sql.value(
        "SELECT count(*) FROM bridge_binding b JOIN res_partner p ON b.res_model = 'res.partner' AND b.res_id = p.id"
        " WHERE p.email LIKE %s AND p.name LIKE 'Ada %%'",
        "%@there.example",
    )


def go_live_in_time(person, sql, way):
    """In the form of the flow: the first record comes in time, and then the others."""
    person.go_live()
    wait_for(lambda: synced(sql), "the first record of the other system is in Odoo")
    assert person.took(way) < MOST_SECONDS
    wait_for(lambda: synced(sql) == CONTACTS, "all of them")


def test_from_the_gallery(world, installed, odoo, kinto):
    server, sql = odoo
    with somebody(world, server, installed[1]) as person:
        person.open_app()
        person.open_menu("integration_bridge_menu_configuration", "bridge_gallery_menu")
        person.click(".o_kanban_record:has-text('Kinto') button[name=action_connect]")
        person.fill("base_url", f"{kinto.url}/v1")
        person.fill("auth_username", kinto.username)
        person.press("action_create")
        person.enter_secret(kinto.secret)
        person.press("action_open_flows")
        person.click(".o_data_row td[name=name]")
        go_live_in_time(person, sql, "gallery")


def test_by_an_openapi_document(world, installed, odoo, tmp_path):
    server, sql = odoo
    directus = world.enter(servers.directus(world.workplace))
    entries = [contact(number) for number in range(CONTACTS)]
    directus.client("POST", "/items/customers", [{name: one[name] for name in KNOWN_THERE} for one in entries])
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(directus.client("GET", "/server/specs/oas")))
    with somebody(world, server, installed[1]) as person:
        person.begin()
        person.choose("entry", "I have its OpenAPI document")
        person.hand_over("document_file", document)
        person.press("action_read")
        person.wait(".o_field_widget[name=said]", "Lists")
        person.fill("base_url", directus.url)
        person.click(".o_data_row:has-text('customers') td[name=is_chosen]")
        person.press("action_create")
        person.enter_secret(directus.secret)
        person.press("action_open_flows")
        person.click(".o_data_row td[name=name]")
        person.map_by_sample()
        go_live_in_time(person, sql, "document")


def test_by_nothing_but_an_address(world, installed, odoo, kinto):
    server, sql = odoo
    with somebody(world, server, installed[1]) as person:
        person.begin()
        person.fill("name", "Address book")
        person.fill("base_url", f"{kinto.url}/v1")
        person.press("action_ask")
        person.wait(".o_field_widget[name=asked]", "Without credentials")
        person.choose("auth_scheme", "User name and password (Basic)")
        person.fill("auth_username", kinto.username)
        person.press("action_create")
        person.enter_secret(kinto.secret)
        person.press("action_open_flows")
        person.click(".o_list_button_add")
        person.fill("name", "Contacts")
        person.look_up("model_id", "Contact")
        person.click("a[name=operations]")
        person.click(".o_field_widget[name=operation_ids] .o_field_x2many_list_row_add a")
        person.fill("path", "/buckets/crm/collections/contacts/records")
        person.click(".o_form_button_save")
        person.wait(".o_data_row td[name=path]")
        person.press("action_look")
        person.press("action_apply")
        person.map_by_sample()
        go_live_in_time(person, sql, "address")
