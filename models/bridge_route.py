import fnmatch

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..mapping.errors import MappingError
from ..mapping.paths import parse_expression

FETCH, PAYLOAD, DELETE = "fetch", "payload", "delete"


class BridgeRoute(models.Model):
    """What is done with an event that a webhook tells. All routes count whose pattern is that of the event."""

    _name = "bridge.route"
    _description = "Webhook Route"
    _inherit = ["bridge.derived.mixin"]
    _order = "connector_id, sequence, id"
    _rec_name = "event"

    connector_id = fields.Many2one("bridge.connector", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connector_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    event = fields.Char(
        required=True, default="*", help="The event, such as order.created; * stands for anything: order.*"
    )
    flow_id = fields.Many2one(
        "bridge.flow",
        required=True,
        ondelete="cascade",
        index=True,
        domain="[('connector_id', '=', connector_id), ('parent_id', '=', False), ('direction', '!=', 'push')]",
    )
    action = fields.Selection(
        [(FETCH, "Fetch the record"), (PAYLOAD, "Use what was sent"), (DELETE, "It is gone there")],
        required=True,
        default=FETCH,
        help="Fetch the record: the call only names it; it is asked for, so what comes late does no harm.\n"
        "Use what was sent: the call has the whole record.\n"
        "It is gone there: what becomes of it in Odoo is the flow's rule.",
    )
    path = fields.Char(
        "Where",
        required=True,
        default="id",
        help="JMESPath in the body: of the ID there, or of the record if what was sent is used. It may find several.",
    )
    version_path = fields.Char(
        "Version In",
        help="JMESPath in the body of a version or time. What is older than what was taken of the record is ignored."
        " Empty: the time of the event, if the webhook tells one.",
    )

    @api.constrains("connector_id", "flow_id", "path", "version_path", "action")
    def _check_route(self):
        for route in self:
            flow, problem = route.flow_id, None
            if flow.connector_id != route.connector_id:
                problem = self.env._("the flow belongs to another connector. Choose one of this connector.")
            elif flow.parent_id:
                problem = self.env._("the flow is inside another one. Choose the flow of the whole record.")
            elif flow.direction == "push":
                problem = self.env._("the flow only goes to the other system. Choose one that takes records.")
            else:
                try:
                    for path in filter(None, (route.path, route.version_path)):
                        parse_expression(path)
                except MappingError as error:
                    problem = self.env["bridge.connector"]._explain(error)
            if problem:
                raise ValidationError(
                    self.env._("Route of “%(event)s”: %(problem)s", event=route.event, problem=problem)
                )

    @api.model_create_multi
    def create(self, vals_list):
        routes = super().create(vals_list)
        self.env["bridge.approval"]._check_person(routes.connector_id)
        return routes

    def write(self, vals):
        connectors = self.connector_id | self.connector_id.browse(vals.get("connector_id") or ())
        self.env["bridge.approval"]._check_person(connectors)
        return super().write(vals)

    def unlink(self):
        self.env["bridge.approval"]._check_person(self.connector_id)
        return super().unlink()

    def _of(self, event):
        """Those that are for an event.

        :param str event: as the call told it, or False
        :rtype: BridgeRoute
        """
        return self.filtered(lambda route: fnmatch.fnmatchcase(event or "", _pattern(route.event)))


def _pattern(text):
    """Only the star means something."""
    return text.replace("[", "[[]").replace("?", "[?]")
