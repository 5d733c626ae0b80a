"""An operator watches a long run, without a reload, and ends it (promise 5): real lanes, a real browser, the bus.

A user watches it as well, and has no button to end it.
"""

import contextlib
import re
import threading

from browser import browser_page
from conftest import things, things_definition, wait_for

NUMBER, PAGE = 5_000, 100
PER_PAGE = 0.25  # seconds that the other system takes; screens are told once a second
# Only what the bus tells is seen: the look that is taken now and then, for where it does not get through, is not.
NO_LOOKS = """
    const setInterval = window.setInterval;
    window.setInterval = (work, time, ...rest) => (time === 5000 ? 0 : setInterval(work, time, ...rest));
"""


def test_run_of_5000_is_watched_on_the_card_and_in_its_form_and_cancelled(world):
    server, gate = world.server(), Gate()
    server.records["things"] = things(NUMBER)
    server.gate = gate
    database = world.database("watch")
    definition = things_definition(server.url, page_size=PAGE)
    definition["flows"][0]["operations"][0]["pagination"]["total_path"] = "total"
    with world.worker(database) as worker:
        worker.call("configure", definition=definition)
        for role in ("user", "operator"):
            worker.call("add_person", role=role)
    sql = world.sql(database)
    odoo = world.enter(world.workplace.odoo.server(database, crons=2, name="watch"))
    try:
        with watching(world, odoo, "operator") as (page, card):
            gate.let_through(300)
            card.get_by_role("button", name="Sync Now").click()
            page.goto(f"{odoo.url}/odoo/bridge")
            progress = card.locator(".o_bridge_progress")
            before = counted(progress)
            gate.let_through(1500)
            wait_for(lambda: counted(progress) > before, "it goes on")
            wait_for(lambda: is_filled(progress), "the bar tells the same")
            (run,) = sql.rows("SELECT id FROM bridge_run")[0]
            page.goto(f"{odoo.url}/odoo/bridge-runs/{run}")
            live = page.locator(".o_bridge_live")
            before = counted(live)
            wait_for(lambda: is_filled(live), "the bar tells the same")
            gate.let_through(2500)
            page.get_by_text(re.compile(r"of 5,000 records, [\d,]+ a second, \d+ (s|min) left")).wait_for()
            assert counted(live) >= before
        with watching(world, odoo, "user") as (_page, card):
            before = counted(card.locator(".o_bridge_progress"))
            gate.let_through(3000)
            wait_for(lambda: counted(card.locator(".o_bridge_progress")) > before, "it goes on for a user as well")
            assert card.get_by_role("button", name=re.compile("Cancel|Sync Now")).count() == 0
        with watching(world, odoo, "operator") as (_page, card):
            card.locator(".o_bridge_progress").get_by_role("button", name="Cancel").click()
            card.locator(".o_bridge_progress").wait_for(state="detached")
            gate.let_through(NUMBER)
            over = "SELECT count(*) FROM bridge_job WHERE state IN ('pending', 'running')"
            wait_for(lambda: sql.value(over) == 0, "the lane ends the run")
            card.get_by_text("Cancelled").wait_for()
    finally:
        gate.let_through(NUMBER)
    state, fetched = sql.rows("SELECT state, fetched FROM bridge_run")[0]
    assert state == "cancelled"
    assert 0 < fetched < NUMBER - PAGE, "it went on to the end"
    assert sql.value("SELECT count(*) FROM bridge_binding") == fetched, "what was brought is kept, whole"


@contextlib.contextmanager
def watching(world, odoo, role):
    """Somebody of that role before the connectors.

    :return: context manager that gives the page and the connector's card
    """
    with browser_page(world.workplace, odoo.url, role, role, NO_LOOKS) as page:
        page.goto(f"{odoo.url}/odoo/bridge")
        yield page, page.locator(".o_kanban_record", has_text="System of Things")


def counted(place):
    """How many records a progress says were handled, once it says of how many."""
    place.get_by_text(re.compile("of 5,000 records")).wait_for()
    return int(re.search(r"([\d,]+) of 5,000", place.inner_text())[1].replace(",", ""))


def is_filled(place):
    """Is the bar as long as the count says?"""
    before, style = counted(place), place.locator(".progress-bar").get_attribute("style")
    return style == f"width: {100 * before // NUMBER}%" and counted(place) == before


class Gate:
    """The other system answers up to a record, and no further until it is let."""

    def __init__(self):
        self._upto, self._changed = 0, threading.Condition()

    def let_through(self, upto):
        with self._changed:
            self._upto = max(self._upto, upto)
            self._changed.notify_all()

    def __call__(self, _path, query):
        with self._changed:
            self._changed.wait_for(lambda: int(query.get("offset", 0)) < self._upto, 120)
        threading.Event().wait(PER_PAGE)
