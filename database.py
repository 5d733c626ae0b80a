"""Transactions: done again when they lost against another one, beside the one of the work at hand, and their rows."""

import contextlib
import json
import logging
import random
import time

import psycopg2
from psycopg2 import errorcodes

try:
    import orjson
except ImportError:  # it is faster, no more
    orjson = None

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


@contextlib.contextmanager
def settings(cr, values, indexes=None):
    """Settings of PostgreSQL for what is done inside; afterwards they are what they were.

    :param cr: a cursor
    :param dict values: by their names
    :param list[str] indexes: where none of these is there, all stays as it is; None: it does not depend on any
    """
    before = _set(cr, values, indexes)
    try:
        yield
    except psycopg2.Error:
        raise  # what was set goes with what is rolled back, and nothing can be asked until then
    except BaseException:
        with contextlib.suppress(psycopg2.Error):  # it may tell of an error of PostgreSQL in other words
            _set(cr, before)
        raise
    _set(cr, before)


def _set(cr, values, indexes=None):
    """:return: what they were until now"""
    if not values:
        return {}
    cr.execute(
        """
        SELECT name, current_setting(name), set_config(name, value, TRUE)
          FROM unnest(%(names)s, %(values)s) AS wanted (name, value)
         WHERE %(indexes)s::text[] IS NULL OR EXISTS (
               SELECT FROM pg_class
                WHERE relname = ANY(%(indexes)s) AND relkind IN ('i', 'I')
                  AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema))
        """,
        {"names": list(values), "values": list(values.values()), "indexes": indexes},
    )
    return {name: before for name, before, _now in cr.fetchall()}


_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
# What is of another class than JSON has, such as a moment, is left to the encoder above, which may refuse it.
_STRICT = orjson and (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def json_rows(rows):
    """Many rows as one parameter: PostgreSQL unpacks them several times as fast as psycopg2 quotes them.

    :param rows: an iterable of dicts
    :rtype: str
    """
    rows = list(rows)
    if orjson:
        with contextlib.suppress(TypeError):  # such as a number of more than 64 bits
            return orjson.dumps(rows, option=_STRICT).decode()
    return _encode(rows)


def text(value):
    """A value for a column of text; None stays None."""
    return None if value is None else str(value)


def literal(text):
    """A text of which nothing is a wildcard of LIKE.

    :param str text: what is looked for
    :rtype: str
    """
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
