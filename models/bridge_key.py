import contextlib
import datetime
import logging

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL, sql

from ..database import settings
from ..mapping.alike import EXACT
from ..mapping.fingerprint import fingerprint
from ..road.keyed import INDEX, can_be_indexed, index_of, rough_of

_logger = logging.getLogger(__name__)

KEPT_HOURS = 24
PATIENCE = {"lock_timeout": "500ms", "statement_timeout": "20s"}  # while an index is made, others wait
BY_INDEX = {"enable_seqscan": "off", "jit": "off"}
MOST_INDEXED = 2_000_000  # rows of a table; a larger one would be held up for too long


class BridgeKey(models.Model):
    """Keys of records that are being created, so that two lanes do not create the same record for two flows.

    Bindings are unique in a flow; a contact that two flows match by e-mail, or a tag that both make, is not. A row here
    is written in the transaction that creates the record. A transaction that meets a row which was committed after it
    had begun is done again, and then finds the record.
    """

    _name = "bridge.key"
    _description = "Key of a Created Record"

    digest = fields.Char(required=True, readonly=True)

    _digest_uniq = models.Constraint("UNIQUE(digest)", "This record is being created already.")

    @api.model
    def _take(self, keys):
        """Say that records with these keys are going to be created now.

        :param keys: (model, field names, values), each as JSON can keep it
        :raises psycopg2.errors.SerializationFailure: if another transaction has done so meanwhile
        """
        digests = sorted(
            {fingerprint(list(key)) for key in keys}
        )  # in one order, so that two never wait for each other
        if digests:
            self.env.cr.execute(
                """
                INSERT INTO bridge_key (digest, create_date)
                SELECT digest, %s FROM unnest(%s::text[]) AS new (digest)
           ON CONFLICT (digest) DO NOTHING
                """,
                [fields.Datetime.now(), digests],
            )

    @api.model
    def _have_index(self, keyed):
        """Have PostgreSQL find records by a field without looking at every record of the model.

        Who writes to the table waits until the index is committed, and the index waits for those who write to it just
        now: neither for long, so a table may be left for the next run, or for good.

        :param Keyed keyed: how records are looked for
        :return: was one made
        """
        table, column, way = keyed.model._table, keyed.name, keyed.way
        if not can_be_indexed(keyed.field, way):
            return False
        index = index_of(keyed.model, column, way)
        self.env.cr.execute("SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [table])
        (rows,) = self.env.cr.fetchone() or (0,)
        return (
            rows <= MOST_INDEXED and not sql.index_exists(self.env.cr, index) and self._index(index, table, column, way)
        )

    @api.model
    def _index(self, index, table, column, way):
        column = SQL.identifier(column)
        make = SQL(
            "CREATE INDEX %s ON %s ((%s)) WHERE %s IS NOT NULL",
            SQL.identifier(index),
            SQL.identifier(table),
            rough_of(column, way),
            column,
        )
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False), settings(self.env.cr, PATIENCE):
                self.env.cr.execute(make, log_exceptions=False)
        except psycopg2.Error as error:
            _logger.info("No index %s for now: %s", index, error)
            return False
        return True

    @contextlib.contextmanager
    def _by_index(self, model, ways):
        """Have PostgreSQL use our index, where there is one, for what is done inside.

        It takes it for nothing to compute what is left of a text, and its statistics lag behind a table that grows: so
        it would do that for the whole table with each page.

        :param model: of the records that are looked for
        :param dict ways: field name to the way in which it is compared
        """
        indexes = [index_of(model, name, way) for name, way in ways.items() if way != EXACT]
        with settings(self.env.cr, BY_INDEX, indexes) if indexes else contextlib.nullcontext():
            yield

    @api.model
    def _drop_indexes(self):
        """No index of ours is left on tables of others."""
        self.env.cr.execute(
            "SELECT indexname FROM pg_indexes WHERE starts_with(indexname, %s) AND schemaname = current_schema", [INDEX]
        )
        for (index,) in self.env.cr.fetchall():
            self.env.cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(index)))

    @api.autovacuum
    def _gc_old(self):
        """A transaction lives for minutes; a key that is older has done its work."""
        before = fields.Datetime.now() - datetime.timedelta(hours=KEPT_HOURS)
        self.env.cr.execute("DELETE FROM bridge_key WHERE create_date < %s", [before])
