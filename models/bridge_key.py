import datetime

from odoo import api, fields, models

from ..mapping.fingerprint import fingerprint

KEPT_HOURS = 24


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

    @api.autovacuum
    def _gc_old(self):
        """A transaction lives for minutes; a key that is older has done its work."""
        before = fields.Datetime.now() - datetime.timedelta(hours=KEPT_HOURS)
        self.env.cr.execute("DELETE FROM bridge_key WHERE create_date < %s", [before])
