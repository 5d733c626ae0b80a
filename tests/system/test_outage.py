"""Promise 3 and 5: an hour without the other system costs nothing but the hour, and two letters."""

import json

from conftest import things_definition, wait_for
from fault_server import FaultServer, answer, reset
from mail_sink import MailSink
from test_limits import lanes_at_work, operations

FLOW = "things_system_things"
WAITING = 10_000
PERIODS = 60
# Three failures in a row make the connector rest, and the other lane may be under way just then; each may be two
# requests, because a connection that was reset between two of them is tried once more.
MOST_BEFORE_THE_REST = 8
DONE_IN = 120


def down():
    """No answer, or one that says nothing of when to come again; in turn."""
    turns = [reset(), answer(503, b"out of order", content_type="text/plain")]

    def refuse(connection, request):
        turns.append(turns.pop(0))
        turns[-1](connection, request)

    return refuse


def one_thing(connection, request):
    number = request.path.rpartition("/")[2]
    thing = {"id": int(number), "name": f"Thing {number}", "email": f"thing{number}@example.com"}
    answer(200, json.dumps(thing).encode())(connection, request)


def test_fault_remote_is_down_for_an_hour_with_ten_thousand_jobs_waiting(world, capsys):
    remote, sink = world.enter(FaultServer()), world.enter(MailSink())
    remote.fallback = down()
    database = world.database("outage")
    worker, sql = world.worker(database), world.sql(database)
    worker.call("configure", definition=things_definition(remote.url, key=False, operations=operations()))
    worker.call("mail_through", port=sink.port)
    assert worker.call("enqueue_records", flow=FLOW, external_ids=list(range(1, WAITING + 1))) == WAITING
    rests = "SELECT failures >= 3 AND resting_until > clock_timestamp() AT TIME ZONE 'UTC' FROM bridge_gate"
    failures = "SELECT failures FROM bridge_gate"

    with lanes_at_work(worker, (1, 2)):
        wait_for(lambda: sql.value(rests), "the connector rests")
        wait_for(lambda: sql.value("SELECT count(*) FROM bridge_job WHERE state = 'running'") == 0, "the lanes stop")
        assert len(remote.requests) <= MOST_BEFORE_THE_REST
        began = len(remote.requests)
        for period in range(PERIODS):
            worker.call("watch")
            known = sql.value(failures)
            the_rest_is_over(sql)
            wait_for(lambda known=known: sql.value(failures) > known and sql.value(rests), "the next probe")
            assert len(remote.requests) == began + period + 1, "more than one probe in a period"
        probes = len(remote.requests) - began
        wait_for(lambda: sql.value("SELECT count(*) FROM bridge_job WHERE state = 'running'") == 0, "the probe ends")
        states = "SELECT state, count(*), max(attempts), max(crashes) FROM bridge_job GROUP BY 1"
        assert sql.rows(states) == [("pending", WAITING, 0, 0)], "all wait, and no attempt was burned"

        remote.fallback = one_thing
        the_rest_is_over(sql)
        done = "SELECT count(*) FROM bridge_job WHERE state = 'done'"
        wait_for(lambda: sql.value(done) == WAITING, "everything is done", DONE_IN)
    worker.call("watch")
    worker.call("watch")

    with capsys.disabled():
        print(f"\n{WAITING} jobs, {PERIODS} periods, {probes} probes, {len(sink.letters)} letters")
    assert probes == PERIODS
    assert sql.rows("SELECT state, count(*), max(attempts) FROM bridge_job GROUP BY 1") == [("done", WAITING, 0)]
    assert sql.value("SELECT count(*) FROM res_partner WHERE email LIKE 'thing%%@example.com'") == WAITING
    assert sql.rows("SELECT kind, closed IS NOT NULL FROM bridge_alert") == [("resting", True)]
    subjects = [next(line for line in one.splitlines() if line.startswith("Subject:")) for one in sink.letters]
    assert subjects == [
        "Subject: Integration Bridge: 1 need attention, 0 are over",
        "Subject: Integration Bridge: 0 need attention, 1 are over",
    ]
    assert sql.rows("SELECT id FROM mail_activity WHERE res_model = 'bridge.alert' AND active") == []


def the_rest_is_over(sql):
    """Time is moved for the gate, and for the job that was the last probe."""
    sql.rows("UPDATE bridge_job SET due_at = now() AT TIME ZONE 'UTC' WHERE due_at > now() AT TIME ZONE 'UTC'")
    sql.rows("UPDATE bridge_gate SET resting_until = now() AT TIME ZONE 'UTC' - interval '1 second'")
