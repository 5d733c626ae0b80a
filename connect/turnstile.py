"""The requests of a connector take their turn, across threads, processes and servers.

Nothing here uses the ORM: requests are made in threads. Every step is a small transaction on a connection of its own.
"""

import contextlib
import random
import time

import psycopg2

from odoo.sql_db import db_connect

from ..database import in_own_transaction
from ..remote.errors import Throttled
from ..remote.rate import pause_after

LONGEST_STAY = 20.0  # seconds that a request waits for its turn; a lane has other work than to wait longer
REQUEST_LOCK = 0x62726467  # class of advisory locks; shared_tokens.py has the next one
MOST_REQUESTS = 64

# Both limits, and one of the places that is free; the others are not even tried, because nobody asks for a second row.
ENTER = """
    SELECT COALESCE(connector.max_requests, 0), connector.rate_requests > 0,
           (SELECT place FROM unnest(%(places)s::int[]) AS place
             WHERE CASE WHEN place < connector.max_requests
                        THEN pg_try_advisory_xact_lock(%(lock)s, connector.id * %(most)s + place) END LIMIT 1)
      FROM bridge_connector connector WHERE connector.id = %(connector)s
"""
# The generic cell rate algorithm (ITU-T I.371): `next_slot` is when a request would be exactly on time; a burst may be
# early. One statement takes a slot, so that no two lanes get the same one.
TAKE_SLOT = """
    UPDATE bridge_gate gate
       SET next_slot = GREATEST(gate.next_slot, clock.now) + connector.rate_period / connector.rate_requests
      FROM bridge_connector connector, (SELECT extract(epoch FROM clock_timestamp()) AS now) clock
     WHERE connector.id = gate.connector_id AND connector.id = %(connector)s AND connector.rate_requests > 0
       AND gate.next_slot - clock.now
           - (connector.rate_burst - 1) * connector.rate_period / connector.rate_requests <= %(longest)s
 RETURNING gate.next_slot - clock.now - connector.rate_burst * connector.rate_period / connector.rate_requests
"""
NEXT_SLOT = """
    SELECT gate.next_slot - extract(epoch FROM clock_timestamp())
           - (connector.rate_burst - 1) * connector.rate_period / connector.rate_requests
      FROM bridge_gate gate
      JOIN bridge_connector connector ON connector.id = gate.connector_id
     WHERE connector.id = %(connector)s AND connector.rate_requests > 0
"""
HOLD = """
    UPDATE bridge_gate gate
       SET next_slot = GREATEST(gate.next_slot, extract(epoch FROM clock_timestamp()) + %(seconds)s
                       + (connector.rate_burst - 1) * connector.rate_period / connector.rate_requests)
      FROM bridge_connector connector
     WHERE connector.id = gate.connector_id AND connector.id = %(connector)s AND connector.rate_requests > 0
"""


class Turnstile:
    """Lets the requests of a connector through as its limits say.

    The limits are read for every request, so that they can be changed while it works. The database connections are
    kept from one request to the next, because to borrow one asks the database more than the turn itself does.

    :param str database: its name
    :param int connector_id: whose requests
    :param str host: for messages
    """

    def __init__(self, database, connector_id, host):
        self._open_cursor = db_connect(database).cursor
        self._connector_id = connector_id
        self._host = host
        self._idle = []  # cursors; filled and emptied by many threads

    @contextlib.contextmanager
    def turn(self):
        """Wait for the turn of one request, and hold its place while it is under way.

        :raises Throttled: reason ``own_limit``, if the turn would come too late to wait for it
        """
        cr, is_rated = self._enter()
        try:
            seconds = self._take_slot() if is_rated else 0
            if seconds > 0:
                time.sleep(seconds)
            yield
        finally:
            self._leave(cr)

    def close(self):
        """Give the connections back. It opens new ones if it is used again."""
        while self._idle:
            _drop(self._idle.pop())

    def observe(self, headers):
        """Hold the next requests if the remote says that it takes none before some time."""
        seconds = pause_after(headers)
        if seconds:
            in_own_transaction(self._open_cursor, lambda cr: cr.execute(HOLD, self._values(seconds=seconds)))

    def _values(self, **values):
        return {"connector": self._connector_id, **values}

    def _take_slot(self):
        """:return: seconds until this request may go"""

        def take(cr):
            cr.execute(TAKE_SLOT, self._values(longest=LONGEST_STAY))
            taken = cr.fetchone()
            if taken:
                return float(taken[0]), True
            cr.execute(NEXT_SLOT, self._values())
            late = cr.fetchone()
            return (float(late[0]), False) if late else (0.0, True)

        seconds, taken = in_own_transaction(self._open_cursor, take)
        if not taken:
            self._refuse(seconds)
        return seconds

    def _enter(self):
        """Take one of the places for requests under way: a lock that goes with the connection, whatever happens to us.

        :return: the cursor that holds it, and whether there is a rate too
        """
        places, end = list(range(MOST_REQUESTS)), time.monotonic() + LONGEST_STAY
        cr, (most, is_rated, place) = self._ask(places)
        try:
            while most and place is None and time.monotonic() < end:
                time.sleep(random.uniform(0.01, 0.05))  # whichever place is free first
                _most, _is_rated, place = self._ask_with(cr, places)
            if not most:
                cr.rollback()
        except BaseException:
            _drop(cr)
            raise
        if most and place is None:
            self._leave(cr)
            self._refuse(LONGEST_STAY)
        return cr, is_rated

    def _ask(self, places):
        """:return: a cursor, and what it was told; a connection that was broken meanwhile is replaced"""
        with contextlib.suppress(IndexError):
            while True:
                cr = self._idle.pop()
                try:
                    return cr, self._ask_with(cr, places)
                except psycopg2.Error:
                    _drop(cr)
        cr = self._open_cursor()
        try:
            return cr, self._ask_with(cr, places)
        except BaseException:
            _drop(cr)
            raise

    def _ask_with(self, cr, places):
        random.shuffle(places)
        cr.execute(ENTER, self._values(places=places, lock=REQUEST_LOCK, most=MOST_REQUESTS))
        return cr.fetchone() or (0, False, None)

    def _leave(self, cr):
        """Give the place back; keep the connection."""
        try:
            cr.rollback()
        except psycopg2.Error:
            _drop(cr)
        else:
            self._idle.append(cr)

    def _refuse(self, seconds):
        raise Throttled("own_limit", sent=False, host=self._host, retry_after=seconds, seconds=f"{seconds:.0f}")


def _drop(cr):
    with contextlib.suppress(psycopg2.Error):  # of one whose connection is broken
        cr.close()
