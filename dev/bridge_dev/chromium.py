"""The browser for tours and screenshots: Debian's own, never one that a test tool downloads."""

import os
import shutil

from . import system_packages

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A machine without these shows boxes where the demo's names are Chinese, Japanese or emoji. Roboto is in Odoo's list
# of fonts; without any font of that list Chromium takes spaces and digits from the emoji.
FONTS = ("fonts-roboto-unhinted", "fonts-liberation", "fonts-noto-cjk", "fonts-noto-color-emoji")
# Without a display, a keyring or a network.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def prepare(cache):
    """Return the path of the browser, installed when missing.

    :raise SetupError: it is missing and can not be installed.
    """
    found = _find()
    if not found:
        system_packages.install(cache, ["chromium", *FONTS], "Chromium")
        found = _find() or "/usr/bin/chromium"
    return found


def sign_in(page, url, login, password):
    """Have a page of playwright show what Odoo shows to somebody."""
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url(lambda address: "/web/login" not in address)


def _find():
    named = os.environ.get("CHROME_BIN")
    if named and os.access(named, os.X_OK):
        return named
    return next((path for path in map(shutil.which, NAMES) if path), None)
