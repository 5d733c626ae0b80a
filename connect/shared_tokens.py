"""The session token of a connector is shared by threads, processes and servers.

Nothing here uses the ORM: requests are made in threads. Every step is a small transaction on a connection of its own.
"""

import contextlib
import json
import time

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.sql_db import db_connect

from ..database import in_own_transaction
from ..remote.tokens import Token
from .secret_box import seal, unseal

TOKEN_LOCK = 0x62726468  # class of advisory locks; turnstile.py has the one before


class SharedTokens:
    """The session token of a connector, for all processes: whoever has to renew it does so for all.

    :param str database: its name
    :param int connector_id: whose token
    """

    def __init__(self, database, connector_id):
        self._open_cursor = db_connect(database).cursor
        self._connector_id = connector_id

    @contextlib.contextmanager
    def lock(self):
        """Only one of all processes renews at a time."""
        with contextlib.closing(self._open_cursor()) as cr:
            cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TOKEN_LOCK, self._connector_id])
            yield
            cr.rollback()

    def load(self, key):
        """The token, if it is one of these credentials and still good.

        :param str key: stands for the credentials
        :rtype: Token | None
        """
        sealed = self._read("SELECT token_sealed FROM bridge_gate WHERE connector_id = %s")
        kept = json.loads(sealed) if sealed else {}
        left = kept.get("until", 0) - time.time()
        return Token(kept["value"], left) if kept.get("key") == key and left > 0 else None

    def save(self, key, token):
        """Keep a token for the others."""
        kept = {"key": key, "value": token.value, "until": time.time() + token.seconds}

        def write(cr):
            sealed = seal(_environment(cr), json.dumps(kept))
            cr.execute("UPDATE bridge_gate SET token_sealed = %s WHERE connector_id = %s", [sealed, self._connector_id])

        in_own_transaction(self._open_cursor, write)

    def refresh_token(self):
        """The refresh token as it is now; another process may have replaced it.

        :rtype: str
        """
        return self._read("SELECT refresh_token_sealed FROM bridge_connector WHERE id = %s")

    def _read(self, query):
        with contextlib.closing(self._open_cursor()) as cr:
            cr.execute(query, [self._connector_id])
            row = cr.fetchone()
            try:
                return unseal(_environment(cr), row[0]) if row and row[0] else ""
            except UserError:  # sealed with a key of another server: as good as none
                return ""


def _environment(cr):
    return api.Environment(cr, SUPERUSER_ID, {})
