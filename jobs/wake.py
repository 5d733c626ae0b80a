"""When lanes look for work before their next minute."""

import logging
import threading

import psycopg2

from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.sql_db import db_connect
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

CALL_AFTER = 0.2  # seconds
NOT_WOKEN = "No lane of %s could be woken; they look for work by themselves every minute"
_callers = {}  # database to the timer that will call
# What ``ir.cron`` does to trigger the first lane that is switched on.
TRIGGER = r"""
    INSERT INTO ir_cron_trigger (cron_id, call_at, create_uid, create_date, write_uid, write_date)
    SELECT cron.id, present.moment, 1, present.moment, 1, present.moment
      FROM ir_model_data data
      JOIN ir_cron cron ON cron.id = data.res_id AND cron.active
CROSS JOIN (SELECT date_trunc('second', now() AT TIME ZONE 'UTC') AS moment) AS present
     WHERE data.module = 'integration_bridge' AND data.model = 'ir.cron' AND data.name LIKE 'lane\_%'
  ORDER BY data.id
     LIMIT 1
"""
# A gate that lets nothing through, or did not lately.
IS_SHUT = "(gate.failures > 0 OR gate.throttles > 0 OR gate.resting_until IS NOT NULL)"
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
    """Wake a lane in a moment, once for all that is committed until then.

    It takes a connection of its own, for which no save and no caller should have to wait. If this process dies before,
    the lanes look by themselves within a minute.
    """

    def call():
        _callers.pop(database, None)
        wake_lane(database)

    if database not in _callers:
        timer = threading.Timer(CALL_AFTER, call)
        timer.daemon = True
        _callers[database] = timer
        try:
            timer.start()
        except RuntimeError:  # the process can have no more threads now
            _callers.pop(database, None)
            _logger.info(NOT_WOKEN, database)


def wake_lane(database):
    """Have a lane look for work now."""
    try:
        with db_connect(database).cursor() as cr:
            cr.execute(TRIGGER)
    except psycopg2.Error:
        _logger.info(NOT_WOKEN, database)
    else:
        wake_scheduler(database)


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
