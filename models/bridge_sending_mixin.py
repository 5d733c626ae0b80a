from odoo import api, fields, models

from ..mapping.errors import MappingError
from ..mapping.paths import parse_path
from ..remote import template


class BridgeSendingMixin(models.AbstractModel):
    """What of a record is sent, and how a new one is known there."""

    _name = "bridge.sending.mixin"
    _description = "What Is Sent"

    sends = fields.Selection(
        [("changes", "Only changed fields"), ("whole", "The whole record")],
        string="{record} Is",
        default="changes",
        required=True,
        help="Only changed fields: for a PATCH. The whole record: for a PUT; what Odoo does not map stays as the other"
        " system has it, if there is an operation that gets one record.",
    )
    repeatable = fields.Boolean(
        "Safe to Repeat",
        help="The same creation sent twice makes one record, because its id is our {reference}.",
    )
    id_header = fields.Char(
        "Header with the ID",
        help="Where the answer to a creation names the new record only in a header, such as Location: the last part of"
        " the address in it is the ID there.",
    )
    new_id = fields.Char(
        "ID of the New Record",
        help="Where we choose the address of a new record, as in CardDAV: the ID there that it then has, such as"
        " /ann/contacts/{reference}.vcf",
    )
    unsent_paths = fields.Char(
        "Not Sent Back",
        help="Of the whole record, what only the other system writes and refuses to be sent: paths separated by commas,"
        " for example quantity, _links, lines.total",
    )

    @api.constrains("kind", "id_header", "new_id", "unsent_paths", "sends", "bulk_size")
    def _check_change(self):
        for operation in self:
            for name in ("id_header", "new_id"):
                if operation[name] and (operation.kind != "create" or operation.bulk_size):
                    operation._refuse(name, self.env._("it is about the creation of one record by one request"))
            if operation.new_id:
                operation._check_new_id()
            if operation.unsent_paths and (operation.kind != "update" or operation.sends != "whole"):
                operation._refuse(
                    "unsent_paths", self.env._("it is about an update whose {record} is the whole record")
                )
            for path in operation._unsent():
                try:
                    parse_path(path)
                except MappingError as error:
                    operation._refuse("unsent_paths", self.env["bridge.connector"]._explain(error))
                if path == "@":
                    operation._refuse("unsent_paths", self.env._("then nothing would be sent; name keys of the record"))

    def _check_new_id(self):
        """:raises ValidationError: not each new record would have an id of its own"""
        if self.id_header:
            self._refuse("new_id", self.env._("the ID is either ours or in a header of the answer; empty one of both"))
        try:
            template.validate(self.new_id, {"reference"})
        except template.TemplateError as error:
            self._refuse("new_id", self.env["bridge.connector"]._explain(error))
        if "reference" not in template.placeholders(self.new_id):
            self._refuse("new_id", self.env._("it has no {reference}, so all new records would have the same one"))

    def _unsent(self):
        """Paths of what is not sent back.

        :rtype: list[str]
        """
        return [part.strip() for part in (self.unsent_paths or "").split(",") if part.strip()]
