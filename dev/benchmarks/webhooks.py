"""`./dev/bench webhooks`: how fast a webhook is answered, and whether all of it is done once, whatever dies meanwhile.

Odoo runs with two workers and two lanes, and PostgreSQL with durable commits, in a cluster of its own. A sender calls
at a steady rate, a tenth of the calls twice, and again until each is answered 2xx. First nothing dies; then a worker
and a lane are killed every ten seconds, and PostgreSQL is restarted.

We demand of ourselves that in both rounds 99 of 100 answers come within 250 ms, and that each delivery that was
answered 2xx is done exactly once. The first is for the long form: in ten seconds, the calls that wait while a server
starts are more than one in a hundred. And it is for a machine that has the time: a second caller asks the same server
meanwhile for the least that Odoo answers, its health; where even that takes 99 of 100 times more than half as long, it
is the machine that is late, and webhooks may take twice as long as the health.

    --rate N        deliveries a second (default 200)
    --seconds N     how long, each round (default 60)
    --restarts N    restarts of PostgreSQL in the second round (default 1)
    --every S       seconds between two kills of a worker and a lane (default 10)
    --short         100 a second for 10 s, a kill every 5 s
"""

import contextlib
import sys
import threading
import time
from pathlib import Path

import requests
from benchmarks import _harness

TESTS = Path(__file__).parents[2] / "tests"
sys.path += [str(TESTS / "servers"), str(TESTS / "system")]

import psycopg2  # noqa: E402
from hook_sender import percentile  # noqa: E402
from hook_storm import ROUTE, SECRET, HookStorm, definition  # noqa: E402
from own_cluster import OwnCluster, OwnWorkplace  # noqa: E402

WITHIN, LONG = 250, 12_000  # ms, deliveries
TIMES = 2  # how much longer than Odoo's own health an answer may take, where that takes long
HEALTH, ASKED_EVERY, PATIENCE = "/web/health", 0.1, 20  # of Odoo's own; seconds
DEFAULTS = {"rate": 200, "seconds": 60, "restarts": 1, "every": 10.0}
SHORT = {"rate": 100, "seconds": 10, "every": 5.0}
SEED = 7


def run(shared, arguments):
    """Yield the rows.

    :raises ValueError: if a delivery was not done exactly once, or the answers of the long form came too late
    """
    options = _harness.options("webhooks", __doc__, arguments, DEFAULTS, SHORT)
    installed = shared.databases.copy_installed("bench")
    with contextlib.ExitStack() as stack:
        workplace = OwnWorkplace(stack.enter_context(OwnCluster(shared)))
        database = workplace.postgres.take(shared.postgres, installed, shared.clone.database("bench_webhooks"))
        path = _harness.call(
            workplace, "webhooks", database, "configure_webhook", definition=definition(), secret=SECRET, route=ROUTE
        )
        server = stack.enter_context(workplace.odoo.server(database, crons=2, name="bench-webhooks", workers=2))
        environment = workplace.postgres.environment

        def connect():
            names = {"host": environment["PGHOST"], "port": environment.get("PGPORT")}
            return psycopg2.connect(dbname=database, user=environment.get("PGUSER"), **names)

        for what, restart in (("quiet", None), ("storm", workplace.postgres.restart)):
            storm = HookStorm(
                server,
                path,
                connect,
                restart,
                options.rate,
                options.seconds,
                options.restarts,
                SEED,
                f"{what}_",
                options.every,
            )
            health = HealthCaller(server.url + HEALTH, storm.sender.over)
            health.start()
            seconds = storm.run()
            yield from _rows(what, storm, seconds, health)


class HealthCaller(threading.Thread):
    """Asks for the health of the server, again and again, and keeps how long it took.

    :param Event over: when it is enough
    :ivar list seconds: of each answer
    """

    def __init__(self, url, over):
        super().__init__(daemon=True)
        self.url, self.seconds, self.over = url, [], over

    def run(self):
        while not self.over.wait(ASKED_EVERY):
            began = time.monotonic()
            with contextlib.suppress(requests.RequestException):  # lost, as webhooks are then
                if requests.get(self.url, timeout=PATIENCE).ok:
                    self.seconds.append(time.monotonic() - began)


def _rows(what, storm, seconds, health):
    sender, problems = storm.sender, storm.problems()
    if problems:
        raise ValueError(f"{what}: {'; '.join(problems)}")
    for share in (0.5, 0.99):
        answer = sender.percentile(share) * 1000
        yield _harness.row(f"{what}, answer, {share * 100:.0f} of 100 within", answer, unit="ms")
        least = percentile(health.seconds, share) * 1000
        yield _harness.row(f"{what}, health, {share * 100:.0f} of 100 within", least, unit="ms")
    yield _harness.row(f"{what}, sent later than meant by", sender.late * 1000, unit="ms")
    yield _harness.row(f"{what}, killed", sum(storm.killed.values()) + storm.restarted, unit="processes")
    yield _harness.row(f"{what}, done once", len(sender.taken), sender.number, "sent", "deliveries")
    yield _harness.row(f"{what}, taken", sender.number / seconds, unit="deliveries/s")
    within = max(WITHIN, TIMES * least)
    if sender.number >= LONG and answer > within:
        raise ValueError(f"{what}: one in a hundred answers took more than {within:.0f} ms")
