"""Transactions: done again when they lost against another one, beside the one of the work at hand, and their rows."""

import json
import logging
import random
import time

import psycopg2
from psycopg2 import errorcodes

_logger = logging.getLogger(__name__)

BUSY_ATTEMPTS, OWN_ATTEMPTS = 10, 100
# Two that write the same row at once meet at the unique indexes of these.
LOSING = ("bridge_binding", "bridge_job", "bridge_feed", "bridge_request")
BUSY = {
    errorcodes.SERIALIZATION_FAILURE,
    errorcodes.DEADLOCK_DETECTED,
    errorcodes.LOCK_NOT_AVAILABLE,
}


def again_when_busy(env, step, *args):
    """Do a transaction, and again, at once, when it lost against another one (error kind ``busy``).

    :param step: writes, and may commit, the whole transaction
    :return: what the step returns
    :raises psycopg2.Error: if it can not be done
    """
    for attempt in range(BUSY_ATTEMPTS):
        try:
            result = step(*args)
            env.flush_all()
            return result
        except psycopg2.Error as error:
            if not is_busy(error) or attempt == BUSY_ATTEMPTS - 1:
                raise
            env.cr.rollback()
            _logger.info("Another transaction was first (%s), once more", error.pgcode)
    return None


def is_busy(error):
    """Did the transaction lose against another one, so that the same work may succeed right now?

    Two lanes that bind the same record at the same time meet at the unique indexes of the bindings.
    """
    if isinstance(error, psycopg2.errors.UniqueViolation):
        return (error.diag.table_name or "") in LOSING
    return isinstance(error, psycopg2.Error) and error.pgcode in BUSY


def in_own_transaction(open_cursor, step):
    """Do a step in a transaction of its own, again when it lost against another one.

    :param open_cursor: gives a new cursor
    :param step: called with the cursor
    :return: what the step returns
    """
    for attempt in range(OWN_ATTEMPTS):
        try:
            with open_cursor() as cr:
                return step(cr)
        except psycopg2.Error as error:
            if not is_busy(error) or attempt == OWN_ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.01))  # so that the same two do not meet again
    return None


_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def json_rows(rows):
    """Many rows as one parameter: PostgreSQL unpacks them several times as fast as psycopg2 quotes them.

    :param rows: an iterable of dicts
    :rtype: str
    """
    return _encode(list(rows))


def text(value):
    """A value for a column of text; None stays None."""
    return None if value is None else str(value)


def literal(text):
    """A text of which nothing is a wildcard of LIKE.

    :param str text: what is looked for
    :rtype: str
    """
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
