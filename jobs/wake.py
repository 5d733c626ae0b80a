"""When lanes look for work before their next minute."""

import logging
import threading

import psycopg2

from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.sql_db import db_connect
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

CALL_AFTER = 0.2  # seconds
_callers = {}  # database to the timer that will call
# Jobs that somebody holds right now are not waiting for us, and we must not wait for them.
MAKE_DUE = """
    UPDATE bridge_job SET due_at = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE id IN (
        SELECT id FROM bridge_job
         WHERE connector_id = ANY(%(connectors)s) AND state = 'pending'
           AND error_kind IN ('unavailable', 'throttled', 'auth')
           AND due_at > clock_timestamp() AT TIME ZONE 'UTC'
           FOR UPDATE SKIP LOCKED)
"""


def call_soon(database):
    """Wake the scheduler in a moment, once for all that is committed until then.

    It takes a connection of its own, for which nobody's save should have to wait. If this process dies before, the
    scheduler looks by itself within a minute.
    """

    def call():
        _callers.pop(database, None)
        wake_scheduler(database)

    if database not in _callers:
        _callers[database] = timer = threading.Timer(CALL_AFTER, call)
        timer.daemon = True
        timer.start()


def wake_scheduler(database):
    """Tell Odoo's scheduler, wherever it runs, that this database has work; what ``ir.cron`` does after a trigger."""
    try:
        with db_connect("postgres").cursor() as cr:
            cr.execute(SQL("SELECT %s('cron_trigger', %s)", SQL.identifier(ODOO_NOTIFY_FUNCTION), database))
    except psycopg2.Error:
        _logger.info("The scheduler could not be woken; it looks for work by itself every minute")


def make_due(cr, connector_ids):
    """What waits for these connectors is due now."""
    cr.execute(MAKE_DUE, {"connectors": connector_ids})
