"""A person's browser, for system tests: Chromium, signed in, in which an error of the page fails the test."""

import contextlib

from bridge_dev.chromium import FLAGS, sign_in
from playwright.sync_api import sync_playwright

PATIENCE = 60_000  # milliseconds that anything may take before the test fails


@contextlib.contextmanager
def browser_page(workplace, url, login, password, script="", width=1400):
    """A page that shows Odoo.

    :param str url: of the server
    :param str script: JavaScript that runs before any of the page's own
    :return: context manager that gives the page
    :raises AssertionError: at the end, if the page has raised something
    """
    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=workplace.chromium, args=list(FLAGS))
        try:
            page = browser.new_page(viewport={"width": width, "height": 1000}, locale="en-US")
            page.set_default_timeout(PATIENCE)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda said: said.type == "error" and problems.append(said.text))
            if script:
                page.add_init_script(script)
            sign_in(page, url, login, password)
            yield page
        finally:
            browser.close()
    assert problems == [], "the page raised errors"
