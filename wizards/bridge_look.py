import dataclasses
import time
from urllib.parse import urlsplit

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.constants import GC_UNLINK_LIMIT

from ..assistant import sample as samples
from ..assistant.flow import delta_of, query_of
from ..assistant.proposal import Paging, Since
from ..json_text import read_json, write_json
from ..mapping.errors import MappingError
from ..mapping.paths import parse_expression
from ..remote import pagination, template
from ..remote.errors import RemoteError, Unavailable
from .bridge_connect import KEPT_HOURS
from .reasons import told

FIRST_PAGE = 10
SHOWN_RECORDS, SHOWN_FIELDS, SHOWN_TEXT = 5, 6, 60
UNUSED_HOURS = 1
MOST_SECONDS = 60  # for all ways of paging that are tried
PLACES = ("records", "id", "updated", "deleted")


class BridgeLook(models.TransientModel):
    """What the first page of a list suggests for its operation. Nothing is changed before *Apply*."""

    _name = "bridge.look"
    _description = "Look at the Answer"
    _rec_name = "operation_id"
    _transient_max_hours = KEPT_HOURS

    operation_id = fields.Many2one("bridge.operation", required=True, readonly=True, ondelete="cascade")
    shown = fields.Html("The First Records", readonly=True)
    is_left = fields.Boolean(readonly=True, help="Somebody wants to go on with it later.")

    take_records = fields.Boolean("Set Records in the Answer")
    records_path = fields.Char("Records in the Answer")
    records_reason = fields.Text(readonly=True)
    take_id = fields.Boolean("Set ID There")
    id_path = fields.Char("ID There")
    id_reason = fields.Text(readonly=True)
    take_updated = fields.Boolean("Set Updated At")
    updated_path = fields.Char("Updated At")
    updated_reason = fields.Text(readonly=True)
    take_deleted = fields.Boolean("Set Deleted Marker")
    deleted_path = fields.Char("Deleted Marker")
    deleted_reason = fields.Text(readonly=True)
    take_pagination = fields.Boolean("Set Pagination")
    pagination = fields.Selection(
        lambda self: self.env["bridge.operation"]._fields["pagination"]._description_selection(self.env)
    )
    pagination_options = fields.Text("Options", help='JSON, for example {"cursor_path": "meta.next"}')
    pagination_query = fields.Text(
        "Parameters of the Pages", help='JSON, for example {"limit": "{limit}", "page": "{page}"}'
    )
    page_size = fields.Integer()
    pagination_reason = fields.Text(readonly=True)
    take_since = fields.Boolean("Ask Only for Changes")
    since_name = fields.Char("Parameter or Header")
    since_place = fields.Selection([("query", "Parameter"), ("header", "Header")], readonly=True)
    since_format = fields.Char("Format of {since}")
    updated_format = fields.Char("Format of Times", help="Of Updated At.")
    since_reason = fields.Text(readonly=True)

    # ----------------------------------------------------------------------------------------------------------------
    # Looking
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _left(self, operation):
        """What this person has left for later, unless something that it would set or has asked is another since.

        :rtype: BridgeLook
        """
        mine = [("operation_id", "=", operation.id), ("create_uid", "=", self.env.uid), ("is_left", "=", True)]
        left = self.search(mine, order="id desc", limit=1)
        asked = operation, operation.flow_id, operation.flow_id.connector_id
        return left.filtered(lambda look: all(look.write_date >= one.write_date for one in asked))

    def _transient_clean_rows_older_than(self, seconds):
        """A sample of foreign records that nobody has left for later is kept no longer than anything transient."""
        unused = fields.Datetime.subtract(fields.Datetime.now(), hours=UNUSED_HOURS)
        self.sudo().search([("is_left", "=", False), ("write_date", "<", unused)], limit=GC_UNLINK_LIMIT).unlink()
        return super()._transient_clean_rows_older_than(seconds)

    @api.model
    def _look(self, operation):
        """Ask for the first page, say what it suggests, and try the second page.

        :param BridgeOperation operation: that lists records
        :rtype: BridgeLook
        :raises UserError: there is no answer, or no list in it; with what to do
        """
        self.check_access("create")
        operation.check_access("write")
        connector = operation.flow_id.connector_id
        self.env["bridge.approval"]._check(connector)
        self.env["bridge.instance"]._check()
        if operation.kind != "list" or operation.for_each or operation.flow_id.parent_id:
            raise UserError(
                self.env._("Only a list that is asked for without another record's ID can be looked at here.")
            )
        operation.flow_id._check_seen()
        compiled, exchanges = operation._compiled(page_size=FIRST_PAGE), []
        try:
            with connector._client(exchanges) as client:
                answer = client.send(compiled.request(compiled.paginator.variables(compiled.paginator.start())))
                proposal = samples.propose(self._sample(operation, compiled, answer))
                if proposal is None:
                    raise UserError(
                        self.env._(
                            "The answer has no list of records. Check the path, the parameters and how the connector"
                            " signs in. The answer began: %s",
                            client.excerpt(answer.raw),
                        )
                    )
                listed = parse_expression(proposal.records.path).read(answer.document) or []
                trial = _Trial(operation, compiled, client, proposal.records.path)
                way, came = samples.prove(proposal.pagings, trial, proposal.id.path, listed)
        except RemoteError as error:
            raise UserError(connector._explain(error)) from error
        self.env["bridge.exchange"].sudo()._record(operation.flow_id.sudo(), exchanges)
        return self.create(self._values_of(operation, answer.document, listed, proposal, way, came))

    def _sample(self, operation, compiled, answer):
        place = _place_of_pages(operation)
        sent = [(name, "header") for name in compiled.headers]
        sent += [(name, "query") for name in compiled.query]
        sent += [(name, "body") for name in compiled.body] if place == "body" else []
        return samples.Sample(answer.document, dict(answer.headers), operation.path, tuple(sent))

    def _values_of(self, operation, document, records, proposal, way, came):
        """What the form shows; ticked is what is sure, where what is set now finds nothing."""
        flow = operation.flow_id
        values = {"operation_id": operation.id, "shown": self._records_table(flow._without_secrets(records))}
        now = {"records": operation.records_path, **{name: flow[f"{name}_path"] for name in PLACES[1:]}}
        for name in PLACES:
            choice = getattr(proposal, name)
            is_other = bool(choice.path) and choice.path != now[name]
            values |= {
                f"take_{name}": is_other
                and choice.is_sure
                and not self._serves(flow, name, now[name], document, records),
                f"{name}_path": choice.path or now[name],
                f"{name}_reason": self._said(choice.reason, choice.path and not is_other),
            }
        if records:
            values |= self._paging_values(operation, way, came)
        else:
            values |= {"pagination": operation.pagination, "pagination_reason": told(self.env, came)}
        since = proposal.since
        if since:
            values |= {
                "take_since": operation.delta_kind == "none",
                "since_name": since.name,
                "since_place": since.place,
                "since_format": since.format,
                "updated_format": proposal.updated_format,
                "since_reason": told(self.env, since.reason),
            }
        return values

    def _serves(self, flow, name, path, document, records):
        """Does what is set now find something? Then it is meant, and a person says if it is to be another."""
        if name == "records":
            found = _read(path, document)
            return isinstance(found, list) and bool(found)
        if name == "deleted":
            return bool(path)  # few records are deleted, so that a marker mostly finds nothing
        found = [_read(path, one) for one in records]
        if name == "updated":
            return any(one is not None for one in found)
        # By another id each record would be another one.
        is_used = bool(self.env["bridge.binding"].sudo().search_count([("flow_id", "=", flow.id)], limit=1))
        return is_used or (None not in found and len({str(one) for one in found}) == len(records) > 0)

    def _paging_values(self, operation, way, came):
        options, query = write_json(way.options), write_json(way.query)
        own = read_json(operation, _place_of_pages(operation)) or {}
        is_same = (
            way.kind == operation.pagination
            and way.options.items() <= (read_json(operation, "pagination_options") or {}).items()
            and query_of(own, way, None) == own
        )
        reasons = [self._said(way.reason, is_same)]
        if str(came) != str(way.reason):
            reasons.append(told(self.env, came))
        return {
            # A way that a person has chosen is not replaced unasked.
            "take_pagination": not is_same and way.is_sure and operation.pagination == "none",
            "pagination": way.kind,
            "pagination_options": options,
            "pagination_query": query,
            "page_size": way.page_size,
            "pagination_reason": "\n".join(reasons),
        }

    def _said(self, reason, is_same):
        text = told(self.env, reason)
        return self.env._("%s It is so already.", text) if is_same else text

    def _records_table(self, records):
        """The first records, with the first of their fields that are no lists or objects."""
        records = [one for one in records if isinstance(one, dict)][:SHOWN_RECORDS]
        names = list(dict.fromkeys(name for one in records for name, value in one.items() if _is_scalar(value)))
        names = names[:SHOWN_FIELDS]
        if not names:
            return Markup("<p class='text-muted'>%s</p>") % self.env._("The list has no records now.")
        head, cell, row = Markup("<th class='pe-3'>%s</th>"), Markup("<td class='pe-3'>%s</td>"), Markup("<tr>%s</tr>")
        rows = [row % Markup("").join(head % name for name in names)]
        for one in records:
            shown = [
                template.text_of(one.get(name))[:SHOWN_TEXT] if _is_scalar(one.get(name)) else "…" for name in names
            ]
            rows.append(row % Markup("").join(cell % value for value in shown))
        table = "<table class='table table-sm'>%s</table>"
        return Markup(table) % Markup("").join(rows)

    # ----------------------------------------------------------------------------------------------------------------
    # Applying
    # ----------------------------------------------------------------------------------------------------------------

    def action_later(self):
        """Keep what was changed in the form, and go on another time."""
        self.ensure_one()
        self.is_left = True
        return {"type": "ir.actions.act_window_close"}

    def action_look_again(self):
        """Ask for the first page once more, and forget what was left."""
        self.ensure_one()
        self.check_access("write")
        self.is_left = False
        return self.operation_id.action_look()

    def action_apply(self):
        """Set what is ticked.

        :raises ValidationError: naming what does not fit
        """
        self.ensure_one()
        self.check_access("write")
        operation = self.operation_id
        operation.check_access("write")
        flow, of_flow, of_list = operation.flow_id, {}, {}
        for name in PLACES[1:]:
            if self[f"take_{name}"]:
                of_flow[f"{name}_path"] = self[f"{name}_path"] or False
        if self.take_records:
            of_list["records_path"] = self.records_path
        if self.take_pagination:
            of_flow |= {"page_size": self.page_size} if self.page_size else {}
            of_list |= {"pagination": self.pagination, "pagination_options": self.pagination_options or False}
        if self.take_pagination or self.take_since:
            of_list |= self._request_values(operation)
        if not of_flow and not of_list:
            raise UserError(self.env._("Tick what is to be set, or press Cancel to leave all as it is."))
        flow.write(of_flow)
        operation.write(of_list)
        self.is_left = False
        return {"type": "ir.actions.act_window_close"}

    def _request_values(self, operation):
        """The parameters, headers and changes of the operation."""
        values, place = {}, _place_of_pages(operation)
        since = Since(self.since_name, self.since_place, self.since_format or "", None) if self.take_since else None
        parts = {name: read_json(operation, name) or {} for name in ("query", "headers", place)}
        if self.take_pagination:
            way = Paging(self.pagination, {}, read_json(self, "pagination_query") or {}, None)
            parts[place] = query_of(parts[place], way, None)
        if since:
            if not since.name:
                raise UserError(self.env._("Say which parameter or header asks only for changes, or do not tick it."))
            parts["headers" if since.place == "header" else "query"][since.name] = "{since}"
            delta = delta_of(since, self.updated_format or "iso")
            values = {
                "delta_kind": delta["type"],
                "delta_format": delta["format"],
                "delta_source": delta["source"],
                "delta_sent_format": delta.get("sent_format", False),
            }
        return {**values, **{name: write_json(part) for name, part in parts.items()}}


def _read(path, document):
    """What is at a path; None if that can not be read."""
    try:
        return parse_expression(path or "").read(document)
    except MappingError:
        return None


class _Trial:
    """Asks for the first two pages of a list by a way of paging, without changing the operation."""

    def __init__(self, operation, compiled, client, records_path):
        self._compiled, self._client, self._path = compiled, client, records_path
        self._base_url, self._place = operation.flow_id.connector_id.base_url, _place_of_pages(operation)
        self._host = urlsplit(self._base_url).hostname
        self._end = time.monotonic() + MOST_SECONDS

    def __call__(self, way):
        if time.monotonic() > self._end:
            raise Unavailable("timeout", "total", sent=False, host=self._host, seconds=MOST_SECONDS)
        own = getattr(self._compiled, self._place)
        operation = dataclasses.replace(
            self._compiled,
            **{self._place: query_of(own, way, None)},
            place=parse_expression(self._path),
            shown=self._path,
            paginator=pagination.build({**way.options, "type": way.kind}, samples.SMALL_PAGE, self._base_url),
        )
        first = operation.page(self._client, [], operation.paginator.start())
        if first.after is None:
            return first.records, None
        return first.records, operation.page(self._client, [], first.after).records


def _place_of_pages(operation):
    """Where the parameters of the pages stand: in the body of a list that is asked for by one."""
    return "body" if operation.method != "GET" and isinstance(read_json(operation, "body", ()), dict) else "query"


def _is_scalar(value):
    return not isinstance(value, (dict, list))
