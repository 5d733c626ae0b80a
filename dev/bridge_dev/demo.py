"""`./dev/demo [--once] [--port N]`: three real systems, syncs both ways, and a table of what each did."""

import argparse
import contextlib
import json
import time
from pathlib import Path

from . import console, demo_data, demo_month, servers
from .cache import REPOSITORY
from .network import LOOPBACK, free_port, require_port
from .odoo_command import USUAL_PORT, note_running
from .workplace import Workplace

KEPT = "demo_kept"  # as the demo was before people and scheduled actions have changed it
SCRIPT = Path(__file__).with_name("demo_in_odoo.py")
COLUMNS = ("fetched", "created", "updated", "unchanged", "archived", "sent", "conflicts", "failed")
CHECKED = ("fetched", "created", "updated", "archived", "sent_created", "sent_updated", "sent_removed")
CHECKED += ("conflicts", "failed")


def main(arguments):
    """Run the demo; return 1 when a figure is not what it must be."""
    parser = argparse.ArgumentParser(prog="./dev/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit after the syncs; do not serve Odoo")
    parser.add_argument("--port", type=int, help="port for Odoo (default: 8069, or a free one)")
    options = parser.parse_args(arguments)
    port = require_port(options.port) if options.port else free_port(USUAL_PORT)
    with contextlib.ExitStack() as stack:
        workplace = Workplace()
        stack.enter_context(workplace.cache.lock(workplace.clone.database("demo")))
        demo = Demo(workplace, stack)
        wrong = demo.run()
        for line in wrong:
            print(f"WRONG: {line}")
        print(f"{len(demo.figures)} syncs, {len(wrong)} wrong figures", flush=True)
        with console.step("letting a month pass, with what goes wrong in one"):
            demo.live()
        with console.step("keeping a copy, for pictures and tests"):
            workplace.databases.copy(demo.database, workplace.clone.database(KEPT))
        if not options.once:
            demo.serve(port)
    return 1 if wrong else 0


class Demo:
    """The demo's systems and its database.

    :param ExitStack stack: ends the servers.
    """

    def __init__(self, workplace, stack):
        self.workplace = workplace
        self.figures = []
        with console.step("preparing databases"):
            self.database = workplace.databases.copy_installed("demo")
        with console.step("starting Kinto, localstripe and a second Odoo"):
            self.kinto = stack.enter_context(servers.kinto(workplace))
            self.localstripe = stack.enter_context(servers.localstripe(workplace))
            self.partner = stack.enter_context(servers.partner_odoo(workplace))
        self.shop = demo_data.Shop(self.localstripe.client)
        self.partners = demo_data.PartnerOdoo(self.partner.client)

    def run(self):
        """Load, sync, change here and there, sync again; return what is wrong, one text each."""
        with console.step("loading records into them"):
            loaded = {**demo_data.load_kinto(self.kinto.client), **self.shop.load(), **self.partners.load()}
        self._call("configure", systems=self._systems())
        wrong = self._sync("First sync", loaded)
        changed = {**demo_data.change_kinto(self.kinto.client), **self.shop.change(), **self.partners.change()}
        wrong += self._sync("Second sync, after changes at the remotes", changed)
        quiet = demo_data.unchanged(changed)
        wrong += self._sync("Third sync, nothing has changed", quiet)
        here = self._call("change_here")
        wrong += self._sync("Fourth sync, after changes in Odoo", demo_data.sent(quiet, here))
        demo_data.disagree_there(self.kinto.client, self._call("disagree_here"))
        wrong += self._sync("Fifth sync, both sides have changed the same phone number", demo_data.opposed(quiet))
        return wrong + self._sync("Sixth sync, nothing has changed", demo_data.opposed(quiet, conflicts=0, fetched=0))

    def live(self):
        """Leave behind what a month does, for people to look at."""
        demo_month.live(self._call, self.kinto.client)

    def serve(self, port):
        """Serve Odoo until the person interrupts."""
        with self.workplace.odoo.server(self.database, port=port, crons=2) as server:
            note_running(self.workplace.clone, server.process.pid, port, self.database)
            print(f"\nOdoo: http://{LOOPBACK}:{port}/odoo")
            print("Logins: admin, user, operator, administrator (password = login). Ctrl-C ends it.", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                server.process.wait()

    def _systems(self):
        systems = (
            ("kinto_contacts", self.kinto, "/v1"),
            ("localstripe_shop", self.localstripe, "/v1"),
            ("odoo_partners", self.partner, ""),
        )
        return [self._system(name, server, path) for name, server, path in systems]

    @staticmethod
    def _system(name, server, path):
        definition = json.loads((REPOSITORY / "data" / "gallery" / f"{name}.json").read_text())
        definition["connector"]["base_url"] = server.url + path
        return {"definition": definition, "secret": server.secret}

    def _sync(self, title, expected):
        started = time.monotonic()
        figures = self._call("sync")
        self.figures.append(figures)
        print(f"\n{title} ({time.monotonic() - started:.1f} s)\n{table(figures)}", flush=True)
        return list(differences(title, figures, expected))

    def _call(self, function, script=SCRIPT, **arguments):
        return self.workplace.odoo.call_script(script, self.database, function, **arguments)


def table(figures):
    """Return {flow: {column: number}} as lines of text."""
    lines = [f"  {'flow':<14}" + "".join(f"{column:>11}" for column in COLUMNS)]
    for flow, row in figures.items():
        cells = (f"{row[column]:>11}" for column in COLUMNS)
        lines.append(f"  {flow:<14}" + "".join(cells))
    return "\n".join(lines)


def differences(title, figures, expected):
    """Yield one text for each figure that is not what it must be; an expected None is not checked."""
    for flow, wanted in expected.items():
        if flow not in figures:
            yield f"{title}: flow {flow} did not run"
            continue
        for name in CHECKED:
            must = wanted.get(name, 0)
            if must is not None and figures[flow][name] != must:
                yield f"{title}: {flow}: {name} is {figures[flow][name]}, must be {must}"
