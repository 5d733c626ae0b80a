"""Small transactions beside the one of the work at hand."""

import random
import time

import psycopg2

from .bridge_run import is_busy

ATTEMPTS = 100


def in_own_transaction(open_cursor, step):
    """Do a step in a transaction of its own, again when it lost against another one.

    :param open_cursor: gives a new cursor
    :param step: called with the cursor
    :return: what the step returns
    """
    for attempt in range(ATTEMPTS):
        try:
            with open_cursor() as cr:
                return step(cr)
        except psycopg2.Error as error:
            if not is_busy(error) or attempt == ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, 0.01))  # so that the same two do not meet again
    return None
