"""Lossy mode (``BRIDGE_LOSSY=1``): a transaction that may be done again is lost once, after its work, and done anew.

It holds the law that a step changes nothing that it was given (road/__init__.py): whatever the tests say of records,
bindings, snapshots, counters and log has to be so all the same. Requests are another matter: what a lost attempt has
asked for is asked for again. A test that counts them says so with ``counts_requests``.
"""

import os

import psycopg2
from psycopg2 import errorcodes, errors

from odoo.tests.test_cursor import TestCursor

from .. import database

IS_ON = os.environ.get("BRIDGE_LOSSY") == "1"


class Lost(errors.SerializationFailure):
    """As PostgreSQL says it; that its constructor takes no code is psycopg2's affair."""

    pgcode = errorcodes.SERIALIZATION_FAILURE


class Lossy:
    """Stands for ``database.again_when_busy`` and for the commits that are made in it.

    :ivar int lost: how many transactions were lost
    """

    def __init__(self):
        self.lost, self._losing = 0, False
        self._again_when_busy = database.again_when_busy

    def again_when_busy(self, env, step, *args):
        # A test that works in its own transaction, with something else in the place of the commits, has none to lose.
        if self._losing or not isinstance(env.cr, TestCursor):
            return self._again_when_busy(env, step, *args)
        # What other transactions have committed, such as the gate's, is inside this one in a test: it must not be lost.
        env.cr.commit()
        self._losing = True
        try:
            step(*args)
            env.flush_all()
            raise Lost("after the work")
        except psycopg2.Error as error:
            if not database.is_busy(error):
                raise
            env.cr.rollback()
            self.lost += 1
        finally:
            self._losing = False
        return self._again_when_busy(env, step, *args)

    def commit(self, original):
        """A commit of a lane, lost while the first attempt is made."""

        def commit(cron, *args, **kwargs):
            if self._losing:
                cron.env.flush_all()
                raise Lost("at its commit")
            return original(cron, *args, **kwargs)

        return commit


def switch_on(case):
    """Lose what can be lost, for the rest of a test.

    :param BridgeCase case: the test
    :rtype: Lossy
    """
    lossy, cron = Lossy(), type(case.env["ir.cron"])
    case.patch(database, "again_when_busy", lossy.again_when_busy)
    for commit in ("_commit_progress", "_commit_untold"):
        case.patch(cron, commit, lossy.commit(getattr(cron, commit)))
    return lossy


def counts_requests(method):
    """A test that counts requests, or what they cost; in lossy mode more are made."""
    method.counts_requests = True
    return method


def is_out(case):
    """Is this a test that lossy mode says nothing about?"""
    return getattr(getattr(case, case._testMethodName), "counts_requests", False)
