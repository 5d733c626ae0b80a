"""Can lanes work, and do they?"""

from odoo import fields
from odoo.tools import config

LONG_SILENCE = 15  # minutes


def problem(env, oldest):
    """Why no lane works, in words; False if lanes do.

    :param datetime oldest: since when the first job waits that a lane could do now; False: none does
    :rtype: str | bool
    """
    lanes = env["ir.cron"]._lanes()
    return cron_problem(env, lanes) or lane_problem(env, lanes, oldest)


def cron_problem(env, lanes):
    """Why no lane can work, in words; False if lanes can.

    :rtype: str | bool
    """
    if config["max_cron_threads"] == 0 and not _have_lanes_worked(env, lanes):
        return env._(
            "This Odoo server runs no scheduled actions (max_cron_threads = 0), so nothing will be synced. Set it"
            " to 2 or more in Odoo's configuration file, or run them on another server of this database."
        )
    if not lanes.filtered("active"):
        return env._(
            "The scheduled actions that do the work of the Integration Bridge are all switched off, so nothing will be"
            " synced. Activate those whose names begin with “Integration Bridge”."
        )
    return False


def lane_problem(env, lanes, oldest):
    """Why work waits although lanes should do it, in words; False if it does not.

    :rtype: str | bool
    """
    long_ago = fields.Datetime.subtract(fields.Datetime.now(), minutes=LONG_SILENCE)
    if not oldest or oldest > long_ago:
        return False
    worked = _last_work(env, lanes)
    if worked and worked > long_ago:
        return False
    return env._(
        "Work waits since %(due)s UTC, but nothing has been done since %(worked)s UTC. Check that the Odoo server"
        " which runs scheduled actions is up.",
        due=oldest,
        worked=worked,
    )


def _last_work(env, lanes):
    """When a lane has worked last, on whatever server; False if never.

    :rtype: datetime
    """
    progress = env["ir.cron.progress"].sudo().search_fetch([("cron_id", "in", lanes.ids)], order="id desc", limit=20)
    return max((time for time in (*progress.mapped("write_date"), *lanes.mapped("lastcall")) if time), default=False)


def _have_lanes_worked(env, lanes):
    """Have lanes worked lately? Then another server of this database runs them."""
    worked = _last_work(env, lanes)
    return bool(worked and worked > fields.Datetime.subtract(fields.Datetime.now(), minutes=LONG_SILENCE))
