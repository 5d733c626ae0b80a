"""`./dev/bench queue`: how fast jobs are put in, claimed and done, against OCA's queue_job in the same run.

Ours: one lane, called the way Odoo's scheduler calls it, in a process of its own. Theirs: a real, threaded Odoo with
their runner, channel `root:1`, so one job at a time as well, and their own test job. The two take turns and the best
round of each counts, because other work on the machine slows down single rounds. Claims from a table with done jobs and
from one without take turns one by one.

    --jobs N        jobs that ours does in a round, in each way (default 5000)
    --peer-jobs N   jobs that are put into queue_job, and done by it, in a round (default 1000)
    --enqueue N     jobs that are put into ours in a round (default 20000)
    --rounds N      turns (default 2)
    --done N        done jobs in the table for the last rows (default 1000000)
    --claims N      claims whose median is taken (default 300)
    --profile FILE  write a profile of each of our ways to FILE.<way>.prof; its rates are those under the profiler
    --short         fewer of everything
"""

import contextlib
import time

import psycopg2
from benchmarks import _harness
from bridge_dev.errors import SetupError

OURS, THEIRS = "queue", "queue_job"
CHUNK = 1000  # jobs that are put in together, in one transaction
PATIENCE = 120  # seconds for the runner to do its jobs
POLL = 0.05  # seconds
DEFAULTS = {
    "jobs": 5_000,
    "peer_jobs": 1_000,
    "enqueue": 20_000,
    "rounds": 2,
    "done": 1_000_000,
    "claims": 300,
    "profile": None,
}
SHORT = {"jobs": 1_000, "peer_jobs": 200, "enqueue": 4_000, "done": 20_000, "claims": 40}


def run(workplace, arguments):
    """Yield the rows."""
    options = _harness.options("queue", __doc__, arguments, DEFAULTS, SHORT)
    ours, theirs = _measure(workplace, options)
    for way, rate in theirs.items():
        yield _row(f"queue_job: {way}", rate)
    for way, rate in ours.items():
        peer = "enqueue" if way == "enqueue" else "done"
        yield _row(way, rate, theirs[peer], f"queue_job: {peer}")
    yield from _claims(workplace, options)


def _measure(workplace, options):
    """Return the best rate of each of our ways, and of theirs."""
    database, peers_database = _prepare(workplace), _prepare_peers(workplace)
    numbers = {"jobs": options.jobs, "enqueued": options.enqueue, "chunk": CHUNK, "profile": options.profile}
    ours, theirs = [], []
    for _round in range(options.rounds):
        ours.append(_harness.call(workplace, OURS, database, "measure", **numbers))
        jobs = options.peer_jobs
        enqueued = workplace.peers.call_script(
            _harness.HERE / f"_{THEIRS}_in_odoo.py", peers_database, "enqueue", jobs=jobs, chunk=CHUNK
        )
        theirs.append({"enqueue": enqueued, "done": _runner_rate(workplace, peers_database, jobs)})
    return _harness.best(ours), _harness.best(theirs)


def _prepare(workplace, purpose="bench"):
    """Return a fresh database with our addon and one live flow; the lane never calls the other system."""
    database = workplace.databases.copy_installed(purpose)
    definition = _harness.contacts_definition("http://127.0.0.1:9", CHUNK, "queue")
    _harness.call(workplace, OURS, database, "configure", definition=definition, secret="none")
    return database


def _prepare_peers(workplace):
    database = workplace.clone.database("peers")
    workplace.databases.copy(workplace.databases.prepare_template(), database)
    workplace.peers.install(database, ["queue_job"])
    return database


def _runner_rate(workplace, database, number):
    """Have their runner, in its own Odoo, do the jobs that wait; return jobs a second.

    :raise SetupError: they are not done in time.
    """
    server = workplace.peers.server(database, name="queue-job")
    server.command += ["--load", "base,rpc,web,queue_job", "--log-level", "warn"]
    server.env = {**server.env, "ODOO_QUEUE_JOB_CHANNELS": "root:1", "NO_PROXY": "127.0.0.1"}
    with contextlib.closing(psycopg2.connect(dbname=database)) as connection, server:
        connection.autocommit = True
        # The first ones are the runner's start, and not counted.
        warm, began = _wait_done(connection, number // 10, server)
        done, ended = _wait_done(connection, number, server)
    return (done - warm) / (ended - began)


def _wait_done(connection, number, server):
    """Wait until so many jobs are done; return (jobs done, when)."""
    deadline = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM queue_job WHERE state = 'done'")
            done, now = cursor.fetchone()[0], time.perf_counter()
            if done >= number:
                return done, now
            time.sleep(POLL)
    raise SetupError(f"queue_job has done {done} of {number} jobs in {PATIENCE} s", f"read {server.log}")


def _claims(workplace, options):
    """Rows with the time of a claim, in a table with nothing else and in one with many done jobs."""
    empty, full = _prepare(workplace), _prepare(workplace, "bench_full")
    _harness.call(workplace, OURS, full, "add_done", number=options.done)
    medians = _harness.call(workplace, OURS, empty, "claim", other=full, repetitions=options.claims)
    for way, (alone, among) in medians.items():
        yield _row(f"{way}, nothing done", 1 / alone, unit="claims/s")
        yield _row(f"{way}, {options.done} done", 1 / among, 1 / alone, "nothing done", "claims/s")
    workplace.databases.drop(full)


def _row(name, value, against=None, what=None, unit="jobs/s"):
    return _harness.row(name, value, against, what, unit)
