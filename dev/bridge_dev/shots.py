"""`./dev/shots [FOLDER]`: pictures of every screen, as SCREEN-WIDTH-LOOK.png; with --axe also what keeps people out.

The screens are those of a copy of the demo's database, which is set up when it is not there.
"""

import argparse
import contextlib
import json
import subprocess
import tempfile
from pathlib import Path

from . import console, demo, demo_data, servers, shots_description
from .errors import SetupError
from .network import LOOPBACK
from .workplace import Workplace

SCRIPT = Path(__file__).with_name("shots_in_odoo.py")
BROWSER = Path(__file__).with_name("shots_in_browser.py")
LOOKS = ("light", "dark", "rtl")
WIDTHS = (1400, 400)
USERS = ("admin", "administrator", "operator", "user")
SERIOUS = ("serious", "critical")


def main(arguments):
    """Take the pictures; return 1 when a screen does not open, or axe finds something serious."""
    parser = argparse.ArgumentParser(prog="./dev/shots", description=__doc__)
    parser.add_argument("folder", nargs="?", help="for the pictures (default: shots, in the cache)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="screens whose names begin so")
    parser.add_argument("--width", default="1400,400", help="of the window, in pixels (default: %(default)s)")
    parser.add_argument("--look", default=",".join(LOOKS), help="(default: %(default)s)")
    parser.add_argument("--axe", action="store_true", help="ask axe-core as well")
    parser.add_argument("--list", action="store_true", help="only print the names of the screens")
    parser.add_argument("--description", action="store_true", help="make the pictures of static/description anew")
    options = parser.parse_args(arguments)
    widths, looks = _widths(parser, options.width), options.look.split(",")
    if not set(looks) <= set(LOOKS):
        parser.error(f"--look takes some of {', '.join(LOOKS)}, separated by commas")
    workplace = Workplace()
    folder = Path(options.folder).absolute() if options.folder else workplace.clone.folder / "shots"
    folder.mkdir(parents=True, exist_ok=True)
    with Place(workplace) as place:
        if options.description:
            found = shots_description.make(workplace, place)
            return _conclude(found, shots_description.FOLDER)
        screens = place.screens(options.only)
        if options.list:
            print("\n".join(screen["name"] for screen in screens))
            return 0
        found = place.visit(screens, widths=widths, looks=looks, folder=folder, axe=options.axe)
    return _conclude(found, folder)


def _conclude(found, folder):
    serious = [line for one in found for line in violations(one)]
    wrong = [f"{name(one)}: {problem}" for one in found for problem in one["problems"]]
    for line in [*serious, *wrong]:
        print(f"WRONG: {line}")
    print(f"{len(found)} pictures in {folder}, {len(wrong)} with errors, {len(serious)} faults that are serious")
    return 1 if serious or wrong else 0


def _widths(parser, text):
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        parser.error(f"--width takes numbers of pixels, separated by commas, such as 1400,400; not {text}")


def name(found):
    """What a picture is called, without its ending."""
    return f"{found['screen']}-{found['width']}-{found['look']}"


def violations(found):
    """What axe found on a screen that is serious.

    :param dict found: what the browser says of the screen
    :return: a text for each element
    :rtype: list[str]
    """
    return [
        f"{name(found)}: {rule['id']} ({rule['impact']}): {node['target']}: {node['why']} {node['html']}"
        for rule in found["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


class Place:
    """A copy of the demo's database that is being served, as a context manager.

    :param Workplace workplace: where
    """

    def __init__(self, workplace):
        self.workplace = workplace
        self.stack = contextlib.ExitStack()
        self.url = None

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._prepare(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def _prepare(self, stack):
        workplace, databases = self.workplace, self.workplace.databases
        source = workplace.clone.database(demo.KEPT)
        if not databases.exists(source):
            with console.step("setting up the demo"):
                demo.main(["--once"])
        self.database = workplace.clone.database("shots")
        stack.enter_context(workplace.cache.lock(self.database))
        with console.step("copying the demo's database"):
            databases.copy(source, self.database)
            stack.callback(databases.drop, self.database)
        with console.step("bringing it up to date, with dark mode"):
            workplace.looks.update(self.database, ["integration_bridge"], ["web_dark_mode"])
        with console.step("starting a Kinto, for what asks it"):
            kinto = stack.enter_context(servers.kinto(workplace))
            demo_data.load_kinto(kinto.client)
        self._call("prepare", kinto=kinto.url + "/v1")
        with console.step("starting Odoo"):
            server = stack.enter_context(workplace.looks.server(self.database, name="shots"))
        self.url = f"http://{LOOPBACK}:{server.port}"

    def _call(self, function, **arguments):
        return self.workplace.looks.call_script(SCRIPT, self.database, function, **arguments)

    def screens(self, only=()):
        """The screens that there are.

        :param only: beginnings of names; none: all
        :rtype: list[dict]
        :raise SetupError: none is called so.
        """
        screens = self._call("screens")
        chosen = [one for one in screens if not only or one["name"].startswith(tuple(only))]
        if not chosen:
            raise SetupError(f"No screen's name begins with {' or '.join(only)}", "./dev/shots --list has all names")
        return chosen

    def visit(self, screens, widths=WIDTHS, looks=LOOKS, folder=None, axe=False, pages=()):
        """Open screens in a browser.

        :param Path folder: for pictures; None: none are taken
        :param bool axe: whether axe-core is asked
        :param pages: pages of our own that are drawn as well: ``html``, ``size``, ``file``
        :return: what was found on each
        :rtype: list[dict]
        """
        script = self.workplace.looks_node.folder / "node_modules" / "axe-core" / "axe.min.js"
        request = {
            "url": self.url,
            "screens": screens,
            "widths": widths,
            "looks": looks,
            "users": USERS,
            "folder": folder and str(folder),
            "pages": list(pages),
            "axe": str(script) if axe else None,
            "chromium": self.workplace.chromium,
        }
        with tempfile.TemporaryFile("w+") as given, console.step(f"opening {len(screens)} screens"):
            json.dump(request, given)
            given.seek(0)
            command = [self.workplace.small_env.python, str(BROWSER)]
            done = subprocess.run(command, stdin=given, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SetupError("The browser did not open the screens", "read what it said above")
        return [json.loads(line) for line in done.stdout.splitlines()]
