"""Runs in a Python that has playwright: reads the request of shot.py from standard input, writes the PNG."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bridge_dev.chromium import FLAGS, sign_in

TALLEST = 6000  # pixels; a longer page is cut
# Odoo's web client scrolls inside the page: without this the picture ends at the window.
CONTENT_HEIGHT = """() => Math.max(document.documentElement.scrollHeight,
    ...[...document.querySelectorAll('.o_content, .o_form_sheet_bg, .o_action_manager')]
        .map(e => e.getBoundingClientRect().top + e.scrollHeight))"""
# Nothing is loading, and nothing is blocked.
SETTLED = """() => document.readyState === 'complete' && !document.querySelector('.o_blockUI, .o_loading_indicator')
    && (!document.querySelector('.o_web_client') || document.querySelector('.o_action_manager > *'))"""


def take(browser, request):
    """Log in, open the page, wait until it is quiet, and take the picture."""
    page = browser.new_page(viewport={"width": request["width"], "height": request["height"]}, locale="en-US")
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    sign_in(page, request["url"], request["login"], request["password"])
    page.goto(request["url"] + request["path"])
    settle(page)
    for selector in request["click"]:
        page.click(selector)
        settle(page)
    height = min(max(page.evaluate(CONTENT_HEIGHT), request["height"]), TALLEST)
    page.set_viewport_size({"width": request["width"], "height": int(height)})
    settle(page)
    page.screenshot(path=request["file"])
    return problems


def settle(page):
    """Wait until the network is quiet and Odoo shows no sign of work."""
    page.wait_for_load_state("load")
    page.wait_for_function(SETTLED)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function(
        "() => new Promise(done => { const before = document.body.innerHTML.length;"
        " setTimeout(() => done(before === document.body.innerHTML.length), 400) })"
    )


def main():
    """Return 0 when the picture is there and the page had no error."""
    from playwright.sync_api import Error, sync_playwright

    request = json.load(sys.stdin)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=request["chromium"], args=list(FLAGS))
        try:
            problems = take(browser, request)
        except Error as error:
            sys.stderr.write(f"error: No screenshot: {error.message.splitlines()[0]}; check the path and the login\n")
            return 1
        finally:
            browser.close()
    for problem in problems:
        sys.stderr.write(f"error: The page raised {problem}\n")
    print(request["file"])
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
