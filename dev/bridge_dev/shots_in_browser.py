"""Runs in a Python that has playwright: reads the request of shots.py from standard input, opens every screen.

One browser; a page for each user, width and look. A page is loaded once, then goes from screen to screen by Odoo's own
service of actions. What was found is written to standard output, as JSON, a line for each screen.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bridge_dev.chromium import FLAGS

HEIGHT, TALLEST = 900, 5000  # pixels; a longer page is cut
AT_ONCE = 3  # pages; the server and the browser share the machine's cores
PHONE = 768  # pixels; Odoo folds things away below
QUIET = 150  # milliseconds without a change and a request
PATIENCE = 30_000
DARK = {"dark": True, "light": False, "rtl": False}
LANGUAGES = {"dark": "en_US", "light": "en_US", "rtl": "ar_001"}

# When something changed last, and what is still asked for.
WATCH = """
window.bridgeChanged = performance.now();
new MutationObserver(() => { window.bridgeChanged = performance.now(); })
    .observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
"""
SETTLED = """(quiet) => performance.now() - window.bridgeChanged > quiet && document.readyState === 'complete'
    && !document.querySelector('.o_blockUI, .o_loading_indicator') && document.querySelector('.o_action_manager > *')
    && [...document.images].every((image) => image.complete)"""
OPEN = """async ({ action, view, record, isEmpty }) => {
    const { action: service, notification, dialog } = odoo.__WOWL_DEBUG__.root.env.services;
    dialog.closeAll();
    document.querySelectorAll('.o_notification_close').forEach((one) => one.click());
    const props = record ? { resId: record } : {};
    if (isEmpty) {
        const loaded = await service.loadAction(action);
        action = { ...loaded, domain: [["id", "=", 0]], context: {}, path: false };
    }
    await service.doAction(action, { viewType: view, props, clearBreadcrumbs: true });
    const controller = service.currentController;
    if (view && controller?.view && controller.view.type !== view && !document.querySelector('.o_dialog')) {
        await service.switchView(view, props);  // a phone prefers cards, and a person may choose
    }
}"""
# Odoo's web client scrolls inside the page: without this the picture ends at the window.
CONTENT_HEIGHT = """() => Math.max(document.documentElement.scrollHeight,
    ...[...document.querySelectorAll('.o_content, .o_form_sheet_bg, .o_action_manager, .o_dialog .modal-content')]
        .map(e => e.getBoundingClientRect().top + e.scrollHeight))"""
# A graph grows for a second on its canvas, of which nothing in the page tells.
GROWN = """() => Object.values(window.Chart?.instances || {}).forEach((one) => { one.stop(); one.update('none'); })"""
TABS = "() => [...document.querySelectorAll('.o_notebook .nav-link')].map((one) => one.getAttribute('name'))"
# What is ours: a dialog, or else the view. Not ours, and not looked at: Odoo's menus, its control panel with the
# search, the conversation below a form; and of what Odoo draws inside of a view the faults of axe_not_ours.json.
DIALOG, VIEW = ".o_dialog .modal-content", ".o_view_controller .o_content"
FOREIGN = [".o-mail-Form-chatter", ".o_control_panel"]
NOT_OURS = json.loads(Path(__file__).with_name("axe_not_ours.json").read_text())
AXE = """async ({ region, foreign, notOurs }) => {
    const there = (all) => all.filter((one) => document.querySelector(one));
    const [include] = there(region);
    if (!include) { throw new Error(`There is nothing to look at in ${region}`); }
    const ours = (rule) => (node) => !notOurs.some(
        (one) => one.rules.includes(rule) && node.element.matches(one.selector));
    const found = await axe.run({ include: [include], exclude: there(foreign) },
        { resultTypes: ['violations'], elementRef: true });
    return found.violations.map(({ id, impact, help, nodes }) => ({ id, impact, help,
        nodes: nodes.filter(ours(id)).map(({ html, target, any, all, none }) => ({ html: html.slice(0, 300),
            target: target.join(' '), why: [...any, ...all, ...none].map((one) => one.message).join('; ') })) }))
        .filter(({ nodes }) => nodes.length);
}"""


class Visit:
    """One user in one look, in a window of one width.

    :param page: of playwright
    :param dict request: what shots.py asks for
    """

    def __init__(self, page, request, user, width, look):
        self.page = page
        self.request = request
        self.user, self.width, self.look = user, width, look
        self.asked = set()
        self.problems = []
        page.on("request", lambda one: self.asked.add(one) if "websocket" not in one.url else None)
        page.on("requestfinished", lambda one: self.asked.discard(one))
        page.on("requestfailed", lambda one: self.asked.discard(one))
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    async def begin(self):
        """Load the web client, as this user likes it."""
        await self.page.add_init_script(WATCH)
        await self.page.goto(self.request["url"] + "/odoo/bridge")
        await self.settle()
        if self.request["axe"]:
            await self.page.add_script_tag(path=self.request["axe"])

    async def settle(self):
        """Wait until nothing changes and nothing is asked for."""
        deadline = time.monotonic() + PATIENCE / 1000
        while True:
            await self.page.wait_for_function(SETTLED, arg=QUIET, timeout=PATIENCE, polling=50)
            if not self.asked:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"the page waits for {sorted(map(str, self.asked))[:3]}")
            await self.page.wait_for_timeout(20)

    async def visit(self, screen):
        """Open a screen and each of its tabs."""
        await self.page.evaluate(OPEN, {key: screen[key] for key in ("action", "view", "record", "isEmpty")})
        await self.page.mouse.move(0, 0)  # nothing is hovered over
        await self.settle()
        for kind, selector, *value in [*(screen["phone"] if self.width < PHONE else []), *screen["steps"]]:
            target = self.page.locator(selector).first
            await getattr(target, kind)(*value, timeout=PATIENCE)
            await self.settle()
        if screen.get("added"):  # a test puts faults there, where Odoo draws nothing anew
            await self.page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", screen["added"])
        yield await self.look_at(screen, screen["name"])
        tabs = await self.page.evaluate(TABS) if screen["tabs"] else []
        for tab in tabs[1:]:
            await self.page.locator(f".o_notebook .nav-link[name={tab}]").first.click()
            await self.settle()
            yield await self.look_at(screen, f"{screen['name']}-{tab}")

    async def look_at(self, screen, name):
        """Take the picture, and ask axe.

        :return: what was found
        :rtype: dict
        """
        name = name if self.user == "admin" else f"{name}-as-{self.user}"
        found = {"screen": name, "width": self.width, "look": self.look, "violations": []}
        if self.request["axe"]:
            region = [screen["region"]] if screen["region"] else [DIALOG, VIEW]
            how = {"region": region, "foreign": FOREIGN, "notOurs": NOT_OURS}
            found["violations"] = await self.page.evaluate(AXE, how)
        if self.request["folder"]:
            await self.picture(Path(self.request["folder"], f"{name}-{self.width}-{self.look}.png"))
        found["problems"], self.problems = self.problems, []
        return found

    async def picture(self, file):
        """Write the whole page, not only what fits into the window."""
        height = int(min(max(await self.page.evaluate(CONTENT_HEIGHT), HEIGHT), TALLEST))
        if height > HEIGHT:
            await self.page.set_viewport_size({"width": self.width, "height": height})
            await self.settle()
        await self.page.evaluate(GROWN)
        await self.page.screenshot(path=file)
        if height > HEIGHT:
            await self.page.set_viewport_size({"width": self.width, "height": HEIGHT})


async def _sign_in(browser, request, login):
    """:return: the cookies of somebody who has signed in"""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(request["url"] + "/web/login")
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", login)
    await page.click("form.oe_login_form button[type=submit]")
    await page.wait_for_url(lambda url: "/web/login" not in url)
    state = await context.storage_state()
    session = await _ask(context, request, "/web/session/get_session_info", {})
    await context.close()
    return state, session["uid"]


async def _prefer(context, request, user, look):
    """The person's own settings, as the form of preferences writes them."""
    values = {"lang": LANGUAGES[look], "dark_mode": DARK[look]}
    body = {"model": "res.users", "method": "write", "args": [[user], values], "kwargs": {}}
    await _ask(context, request, "/web/dataset/call_kw/res.users/write", body)


async def _ask(context, request, path, parameters):
    """:raise RuntimeError: Odoo's error"""
    body = {"jsonrpc": "2.0", "method": "call", "params": parameters}
    told = await (await context.request.post(request["url"] + path, data=body)).json()
    if "error" in told:
        raise RuntimeError(told["error"]["data"]["message"])
    return told["result"]


async def _draw(browser, html, size, file):
    page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
    await page.set_content(html)
    await page.screenshot(path=file)
    await page.close()


async def _run(browser, request):
    for page in request["pages"]:
        await _draw(browser, **page)
    for look in request["looks"]:
        work = []
        for login in request["users"]:
            screens = [one for one in request["screens"] if login in one["users"] and look in (one["looks"] or [look])]
            if look != "light" and login != "admin":
                continue  # what a role sees differs, how it looks does not
            if screens:
                state, user = await _sign_in(browser, request, login)
                context = await browser.new_context(storage_state=state)
                await _prefer(context, request, user, look)
                await context.close()
                # Several pages share the screens of a width, so that all cores have something to do.
                parts = 2 if len(screens) > 10 else 1
                work += [
                    _visit_all(browser, request, state, (login, width, look), screens[part::parts])
                    for width in request["widths"]
                    for part in range(parts)
                ]
                await _warm_up(browser, request, state)
        limit = asyncio.Semaphore(AT_ONCE)

        async def limited(one, limit=limit):
            async with limit:
                await one

        await asyncio.gather(*(limited(one) for one in work))


async def _warm_up(browser, request, state):
    """Load the web client once, alone: of two that ask for a style sheet that is not made yet, one gets another."""
    context = await browser.new_context(storage_state=state)
    visit = Visit(await context.new_page(), request, "", 0, "")
    await visit.begin()
    await context.close()


async def _visit_all(browser, request, state, who, screens):
    from playwright.async_api import Error

    _login, width, _look = who
    context = await browser.new_context(
        storage_state=state,
        viewport={"width": width, "height": HEIGHT},
        locale="en-US",
        reduced_motion="reduce",
        has_touch=width < PHONE,
    )
    visit = Visit(await context.new_page(), request, *who)
    await visit.begin()
    for screen in screens:
        try:
            async for found in visit.visit(screen):
                print(json.dumps(found), flush=True)
        except (Error, TimeoutError) as error:  # of one screen; the others are looked at
            problem = {"screen": screen["name"], "width": width, "look": who[2], "violations": []}
            print(json.dumps({**problem, "problems": [str(error)[:1000]]}), flush=True)
            await visit.begin()
    await context.close()


async def main():
    """Visit all screens that are asked for."""
    from playwright.async_api import async_playwright

    request = json.load(sys.stdin)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=request["chromium"], args=list(FLAGS))
        try:
            await _run(browser, request)
        finally:
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
