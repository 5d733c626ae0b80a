"""The requests of a connector take their turn, across threads, processes and servers.

Nothing here uses the ORM: requests are made in threads. Every step is a small transaction on a connection of its own.
"""

import contextlib
import random
import time

from odoo.sql_db import db_connect

from ..database import in_own_transaction
from ..remote.errors import Throttled
from ..remote.rate import pause_after

LONGEST_STAY = 20.0  # seconds that a request waits for its turn; a lane has other work than to wait longer
REQUEST_LOCK = 0x62726467  # class of advisory locks; shared_tokens.py has the next one
MOST_REQUESTS = 64

LIMITS = """
    SELECT COALESCE(max_requests, 0), rate_requests > 0 FROM bridge_connector WHERE id = %(connector)s
"""
# The first place that is free; the others are not even tried, because nobody asks for a second row.
TAKE_PLACE = "SELECT place FROM unnest(%s::int[]) AS place WHERE pg_try_advisory_xact_lock(%s, place) LIMIT 1"
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

    The limits are read for every request, so that they can be changed while it works.

    :param str database: its name
    :param int connector_id: whose requests
    :param str host: for messages
    """

    def __init__(self, database, connector_id, host):
        self._open_cursor = db_connect(database).cursor
        self._connector_id = connector_id
        self._host = host

    @contextlib.contextmanager
    def turn(self):
        """Wait for the turn of one request, and hold its place while it is under way.

        :raises Throttled: reason ``own_limit``, if the turn would come too late to wait for it
        """
        with contextlib.closing(self._open_cursor()) as cr:
            cr.execute(LIMITS, self._values())
            places, is_rated = cr.fetchone() or (0, False)
            self._take_place(cr, places)
            seconds = self._take_slot() if is_rated else 0
            if seconds > 0:
                time.sleep(seconds)
            yield
            cr.rollback()  # gives the place back

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

    def _take_place(self, cr, places):
        """One of the places for requests under way: a lock that goes with the connection, whatever happens to us."""
        if not places:
            cr.rollback()
            return
        keys = [self._connector_id * MOST_REQUESTS + place for place in range(min(places, MOST_REQUESTS))]
        end = time.monotonic() + LONGEST_STAY
        while time.monotonic() < end:
            random.shuffle(keys)
            cr.execute(TAKE_PLACE, [keys, REQUEST_LOCK])
            if cr.fetchone():
                return
            time.sleep(random.uniform(0.01, 0.05))  # whichever place is free first
        self._refuse(LONGEST_STAY)

    def _refuse(self, seconds):
        raise Throttled("own_limit", sent=False, host=self._host, retry_after=seconds, seconds=f"{seconds:.0f}")
