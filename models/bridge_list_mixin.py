from odoo import api, fields, models

from ..mapping.errors import MappingError
from ..mapping.paths import parse_path
from ..remote.operation import Part


class BridgeListMixin(models.AbstractModel):
    """How a list is read that has not all of each record, or that can not be read at once."""

    _name = "bridge.list.mixin"
    _description = "How a List Is Read"

    details = fields.Selection(
        [("changed", "If its entry has changed"), ("all", "Always")],
        string="Fetch Each Record",
        help="For a list that has only IDs or a part of each record: Get one record is asked for the rest. If its entry"
        " has changed: for lists that say when a record was changed, or have all that matters.",
    )
    window_days = fields.Integer(
        "Days at a Time",
        help="For a list that wants to be told from when until when, {since} and {until}, and gives so many days at"
        " once; 0: it does not.",
    )
    window_start = fields.Date("Read From", help="Where a full scan begins, if it is read some days at a time.")
    for_each = fields.Char(
        "For Each Record of",
        help="The code of another flow of the connector: the list is read for each of its records, whose ID there is"
        " {parent}.",
    )
    parent_id_path = fields.Char(
        "Parent's ID In", help="Where the ID of the parent is put into each record, if it is not in it: event_id"
    )

    @api.constrains(
        "kind",
        "flow_id",
        "details",
        "pagination",
        "window_days",
        "window_start",
        "for_each",
        "parent_id_path",
        "delta_kind",
        "delta_format",
        "path",
        "query",
        "headers",
        "body",
    )
    def _check_pieces(self):
        for operation in self:
            named = operation._placeholders()
            said = [name for name in ("details", "window_days", "for_each") if operation[name]]
            if said and (operation.kind != "list" or operation.flow_id.parent_id):
                operation._refuse(said[0], self.env._("it is about the list of a flow of its own"))
            if operation.pagination == "stream" and (operation.window_days or operation.for_each):
                operation._refuse("pagination", self.env._("a list that is read in pieces has pages of its own"))
            if operation.window_days and operation.for_each:
                operation._refuse("window_days", self.env._("a list for each record of a flow is read as a whole"))
            if bool(operation.window_days) != ("until" in named):
                operation._refuse("window_days", self.env._("it and {until} in the request belong together"))
            if operation.window_days and (
                "since" not in named
                or not operation.window_start
                or operation.delta_kind != "timestamp"
                or operation.delta_format == "integer"
            ):
                operation._refuse(
                    "window_days",
                    self.env._("that needs {since} in the request, a date to read from, and a timestamp as changes"),
                )
            if bool(operation.for_each) != ("parent" in named):
                operation._refuse("for_each", self.env._("it and {parent} in the request belong together"))
            if operation.parent_id_path:
                try:
                    parse_path(operation.parent_id_path)
                except MappingError as error:
                    operation._refuse("parent_id_path", self.env["bridge.connector"]._explain(error))

    def _record_parts(self):
        """Lists inside one record that are read at addresses of their own: those of its nested flows.

        :rtype: tuple[Part]
        """
        lists = {flow.code: flow._operation("list") for flow in self.flow_id.child_ids}
        rules = [mapping._rule() for mapping in self.flow_id.mapping_ids if any(lists.values())]
        nested = [
            (rule.path, lists.get(rule.reader.settings["flow"])) for rule in rules if rule.is_nested and rule.path
        ]
        return tuple(Part(place, operation._compiled()) for place, operation in nested if operation)
