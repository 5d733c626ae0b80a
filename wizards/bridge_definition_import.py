import base64
import json

from odoo import fields, models
from odoo.exceptions import UserError

from ..remote.document import is_too_deep


class BridgeDefinitionImport(models.TransientModel):
    _name = "bridge.definition.import"
    _description = "Import a Connector Definition"

    file = fields.Binary("Definition", required=True, attachment=False)
    file_name = fields.Char()

    def action_import(self):
        """Import the file and open the connector."""
        self.ensure_one()
        self.env["bridge.connector"].check_access("create")
        try:
            document = json.loads(base64.b64decode(self.file).decode("utf-8-sig"))
            if is_too_deep(document):
                raise RecursionError
        except RecursionError as error:
            raise UserError(
                self.env._("The file “%s” is nested too deeply. Is it a connector definition?", self.file_name or "")
            ) from error
        except ValueError as error:
            raise UserError(
                self.env._("The file “%(name)s” is not JSON: %(problem)s", name=self.file_name or "", problem=error)
            ) from error
        connector = self.env["bridge.connector"]._import_definition(document)
        return self.env["bridge.binding"]._show_record(connector._name, connector.id)
