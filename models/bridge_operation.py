import json
import re
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import moments
from ..json_text import read_json, write_json
from ..mapping.errors import MappingError
from ..mapping.mapper import Mapper
from ..mapping.paths import parse_expression, parse_path
from ..remote import address, formats, pagination, steering, template
from ..remote.delta import Delta
from ..remote.errors import ConfigurationError
from ..remote.operation import ITEM_PLACES, READ_OPTIONS, READS, WALK, WHOLE, WRITES, Operation
from ..remote.stream import reader
from ..road.pull.pieces import pieces_of
from ..road.push.answers import Reading
from ..road.push.sender import Sender

COUNT = "integer"  # the format of what is no time
LOOK = "integration_bridge.bridge_look_action"
KINDS = [
    ("list", "List records"),
    ("get", "Get one record"),
    ("find", "Find a record"),
    ("create", "Create a record"),
    ("update", "Update a record"),
    ("delete", "Delete a record"),
    ("archive", "Archive a record"),
    ("restore", "Restore a record"),
]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "REPORT", "MERGE")
USUAL_METHODS = {
    **dict.fromkeys(("list", "get", "find"), "GET"),
    "create": "POST",
    "delete": "DELETE",
    **dict.fromkeys(("update", "archive", "restore"), "PATCH"),
}
# What a list that is paged so usually wants to be told; a person changes the names to those of the other system.
USUAL_QUERIES = {
    "page": {"page": "{page}", "per_page": "{limit}"},
    "offset": {"offset": "{offset}", "limit": "{limit}"},
    "cursor": {"cursor": "{cursor}", "limit": "{limit}"},
    "last_record": {"starting_after": "{cursor}", "limit": "{limit}"},
    "next_url": {"limit": "{limit}"},
    "link_header": {"per_page": "{limit}"},
}
PLAIN_NAME = re.compile(r'\w+|"[^"\\]+"')  # a JMESPath that is only a name
PLAIN_PLACE = re.compile(r"@|\w+(\.\w+)*")
RECORD = {"external_id", "version", "record", "reference"}
PLACEHOLDERS = {
    "list": {"since", "until", "parent", *WALK},
    "get": {"external_id"},
    "find": {"reference", *WALK},
    "create": {"record", "reference"},
    **dict.fromkeys(WRITES[1:], RECORD),
}


class BridgeOperation(models.Model):
    _name = "bridge.operation"
    _description = "Operation"
    _inherit = ["bridge.flow.part", "bridge.list.mixin", "bridge.sending.mixin"]
    _order = "flow_id, kind desc, id"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, required=True, default="list")

    # The request
    method = fields.Selection(
        [(name, name) for name in METHODS],
        required=True,
        default="GET",
        help="PROPFIND and REPORT read, as in WebDAV and CardDAV; MERGE changes, as in older OData.",
    )
    path = fields.Char(required=True, help="Behind the connector's base address, for example /contacts/{external_id}")
    query = fields.Text(help='JSON: the parameters, for example {"limit": "{limit}", "after": "{cursor}"}')
    headers = fields.Text(help="JSON: headers of this request only.")
    body = fields.Text(help="JSON with placeholders; a text that is one placeholder keeps its type.")
    body_format = fields.Selection("_selection_body_format", default="json", required=True)
    body_options = fields.Text(help="JSON: how the body is written.")
    graphql_query = fields.Text(
        "GraphQL Query",
        compute="_compute_graphql_query",
        inverse="_inverse_graphql_query",
        help="The query or mutation as it is. What changes stands in it as a variable, such as $after; the body gives"
        ' the variables: {"after": "{cursor}"}.',
    )
    body_options_help = fields.Html("Options of the Body", compute="_compute_body_options_help")
    placeholders_help = fields.Html("Placeholders", compute="_compute_placeholders_help")

    # Many records in one request
    bulk_size = fields.Integer(
        "Records in a Request", help="0: one request for each record. Else {records} in the body is a list."
    )
    item = fields.Text("Item of the List", help='JSON: what stands in the list for each record; "{record}" if empty.')
    item_status_path = fields.Char(
        "Item: Status",
        help="JMESPath of the HTTP status in the result of one record; of a request about one record: in its answer.",
    )
    item_record_path = fields.Char("Item: Record", help="JMESPath of the record (or its id) in the result of one.")
    item_error_path = fields.Char(
        "Item: Error",
        help="JMESPath of what is wrong with one record, in its result; of a request about one record: in its answer."
        " Nothing there: all is well.",
    )

    # The answer
    answer_format = fields.Selection(
        "_selection_answer_format",
        default=formats.AUTO,
        required=True,
        help="As the answer says: by its Content-Type, or else by the name of the file; JSON if neither tells. A format"
        " that is chosen here is also asked for, and holds whatever the Content-Type says.",
    )
    answer_options = fields.Text(help='JSON: how the answer is read, for example {"lists": ["line"]}')
    answer_options_help = fields.Html("Options of the Answer", compute="_compute_answer_options_help")
    records_path = fields.Char(
        "Records in the Answer",
        required=True,
        default="@",
        help="JMESPath of the list of records (or of the record); @ is the whole answer.",
    )
    missing_is_empty = fields.Boolean(
        "Missing Means None",
        help="The other system may leave out the list (or the record) where it has none. If not set, an answer that has"
        " nothing at this place is an error, because the path may be wrong: then nothing must look deleted.",
    )
    partial_is_accepted = fields.Boolean(
        "Accept Partial Answers",
        help="Records count although the answer tells a failure beside them, as GraphQL does. What is null in them then"
        " empties fields, and what is missing counts as gone.",
    )
    pagination = fields.Selection("_selection_pagination", default="none", required=True)
    pagination_options = fields.Text(help='JSON, for example {"cursor_path": "meta.next", "end": "no_next"}')
    pagination_help = fields.Html(compute="_compute_pagination_help")

    # Only what changed
    delta_kind = fields.Selection(
        [
            ("none", "Always everything"),
            ("timestamp", "Changed since a time or number"),
            ("token", "Since an opaque token"),
        ],
        string="Changes",
        default="none",
        required=True,
    )
    delta_format = fields.Char(
        "Format of Times",
        default="iso",
        help="Of Updated At, or of the header or body: iso, epoch, epoch_ms, auto (numbers by their size), integer (a"
        " count), or a pattern such as %Y-%m-%d %H:%M:%S. Times without a zone are in the connector's.",
    )
    delta_sent_format = fields.Char(
        "Format of {since}",
        help="Where {since} has to be written in another way: iso, epoch, epoch_ms, or a pattern such as %Y/%m/%d"
        " %H:%M. Empty: as the other system wrote it.",
    )
    delta_timezone = fields.Selection(
        moments.zone_choices,
        string="Zone of {since}",
        help="In which {since} is written. Empty: as the connector says.",
    )
    delta_source = fields.Selection(
        [("record", "Updated-at of the records"), ("header", "A header"), ("body", "The answer's body")],
        string="Next {since} From",
        default="record",
    )
    delta_path = fields.Char("Header or Path", help="Name of the header, or JMESPath in the body.")
    delta_overlap = fields.Integer(
        "Overlap (s)", help="Ask for this much more than needed; repeated records cost nothing."
    )
    delta_reset_status = fields.Char(
        "Full Scan on Status", default="410", help="HTTP statuses that mean: the cursor is too old, read everything."
    )

    _kind_uniq = models.Constraint("UNIQUE(flow_id, kind)", "A flow can have each kind of operation only once.")
    _bulk_sensible = models.Constraint("CHECK(bulk_size BETWEEN 0 AND 10000)", "A request takes 0 to 10000 records.")
    _overlap_positive = models.Constraint("CHECK(delta_overlap >= 0)", "The overlap can not be less than 0.")

    @api.model
    def _selection_pagination(self):
        return [(name, self.env._(cls.label)) for name, cls in pagination.PAGINATORS.items()]

    @api.model
    def _selection_body_format(self):
        return [(name, self.env._(label)) for name, label in formats.writable().items()]

    @api.model
    def _selection_answer_format(self):
        return [(name, self.env._(label)) for name, label in formats.readable().items()]

    @api.depends("body_format")
    def _compute_body_options_help(self):
        for operation in self:
            form = formats.FORMS[operation.body_format or "json"]
            operation.body_options_help = self._render_known(form.known_options(is_body=True))

    @api.depends("body_options")
    def _compute_graphql_query(self):
        for operation in self:
            try:
                options = read_json(operation, "body_options") or {}
            except ValidationError:  # said when it is saved
                options = {}
            operation.graphql_query = options.get("query") or False

    def _inverse_graphql_query(self):
        for operation in self:
            options = read_json(operation, "body_options") or {}
            operation.body_options = write_json({**options, "query": operation.graphql_query or None})

    @api.depends("answer_format")
    def _compute_answer_options_help(self):
        for operation in self:
            form = formats.FORMS[operation.answer_format or formats.AUTO]
            operation.answer_options_help = self._render_known(form.known_options(is_body=False))

    def _render_known(self, options):
        return self._render_options([(name, self.env._(option.label)) for name, option in options.items()])

    @api.depends("pagination")
    def _compute_pagination_help(self):
        for operation in self:
            options = pagination.PAGINATORS[operation.pagination or "none"].options
            operation.pagination_help = self._render_known(options)

    @api.depends("kind", "bulk_size", "flow_id.mapping_ids.key", "flow_id.mapping_ids.field_id")
    def _compute_placeholders_help(self):
        texts = self._placeholder_texts()
        for operation in self:
            names = [name for name in texts if name in PLACEHOLDERS.get(operation.kind, ())]
            rows = [("{%s}" % name, texts[name]) for name in names]
            if operation.kind == "find":
                keys = operation.flow_id.mapping_ids.filtered("key")
                rows[1:1] = [("{%s}" % key.field_name, operation._key_text(key)) for key in keys]
            if operation.bulk_size and operation.kind in WRITES:
                many = self.env._("The list of all records of the request, in the body. All others stand in the item.")
                rows.insert(0, ("{records}", many))
            operation.placeholders_help = self._render_options(rows)

    @api.model
    def _placeholder_texts(self):
        """What each placeholder stands for, in the order in which they are shown."""
        return {
            "external_id": self.env._("The ID there of the record."),
            "record": self.env._("The record: its mapped fields, in the words of the other system."),
            "reference": self.env._("What Odoo calls the record; the same whenever its creation is sent again."),
            "version": self.env._("The version of the record that Odoo knows, as for If-Match."),
            "since": self.env._("From when on changes are asked for; nothing when everything is read."),
            "until": self.env._("Until when changes are asked for, if the list is read some days at a time."),
            "parent": self.env._("The ID there of the record of another flow that the list belongs to."),
            "limit": self.env._("How many records a page has."),
            "page": self.env._("The number of the page."),
            "offset": self.env._("How many records come before the page."),
            "cursor": self.env._("Where the page before said that the next one begins."),
        }

    def _key_text(self, mapping):
        return self.env._("The key field “%s”, in the words of the other system.", mapping.field_id.field_description)

    @api.onchange("kind")
    def _onchange_kind(self):
        """Most systems use these methods."""
        self.method = USUAL_METHODS[self.kind or "list"]

    @api.onchange("pagination")
    def _onchange_pagination(self):
        """Propose the parameters that the pages are asked for with, where nothing else was typed."""
        proposed = {write_json(query) for query in USUAL_QUERIES.values()}
        if not self.query or self.query in proposed:
            self.query = write_json(USUAL_QUERIES[self.pagination]) if self.pagination in USUAL_QUERIES else False

    @api.depends("kind", "flow_id.name")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for operation in self:
            operation.display_name = f"{operation.flow_id.name or ''}: {kinds.get(operation.kind, '')}"

    # ----------------------------------------------------------------------------------------------------------------
    # Constraints
    # ----------------------------------------------------------------------------------------------------------------

    @api.constrains("kind", "path", "query", "headers", "body", "body_format", "item", "bulk_size")
    def _check_request(self):
        for operation in self:
            parts = operation._parts()
            operation._placeholders()
            if operation.kind != "find":  # its placeholders are key fields, which may not be there yet
                operation._check_placeholders()
            if address.has_dot_segments((operation.path or "").partition("?")[0]):
                operation._refuse("path", self.env._("it has a segment “.” or “..”. Write the path that is meant"))
            for key in filter(steering.steers, parts["headers"] or ()):
                operation._refuse("headers", self.env._("“%s” decides where a request goes. Remove it", key))
            for name, part in parts.items():
                key = operation._credential_in(name, part)
                if key:
                    operation._refuse(
                        name,
                        self.env._(
                            "“%s” carries a credential, which does not belong here. Choose an authentication in the"
                            " connector instead; there the secret is encrypted.",
                            key,
                        ),
                    )
            named = template.placeholders(list(parts.values()))
            is_of_one = operation.kind in ("get", *WRITES[1:]) or operation.flow_id.parent_id
            if is_of_one and "external_id" not in named:
                operation._refuse(
                    "path", self.env._("it has no {external_id}, so it would always be about the same record")
                )
            if operation.kind == "find" and not named - WALK:
                operation._refuse("query", self.env._("it does not say what to look for, such as {reference}"))

    def _parts(self):
        """What placeholders may stand in, by field."""
        self.ensure_one()
        kinds = (dict, list, str) if self.body_format != "form" or self.kind in WRITES else (dict,)
        parts = {
            "path": self.path,
            "query": read_json(self, "query"),
            "headers": read_json(self, "headers"),
            "body": read_json(self, "body", kinds),
        }
        return {**parts, "item": read_json(self, "item", (dict, list, str))} if self.kind in WRITES else parts

    def _check_placeholders(self):
        """:raises ValidationError: if a placeholder stands for nothing"""
        for operation in self:
            known = operation._known_placeholders()
            if operation.kind == "find":
                known = known | set(operation.flow_id.mapping_ids.filtered("key").mapped("field_name"))
            for name, part in operation._parts().items():
                own = known
                if operation.bulk_size and operation.kind in WRITES and name != "item":
                    own = {"records"}
                try:
                    template.validate(part, own, in_path=name == "path")
                except template.TemplateError as error:
                    operation._refuse(name, self.env["bridge.connector"]._explain(error))
            if operation.bulk_size and "records" not in template.placeholders(operation._parts()["body"]):
                operation._refuse("body", self.env._("a request for many records needs {records} in its body"))

    def _known_placeholders(self):
        # The list of a nested flow belongs to one record, and is read whole.
        return {"external_id", *WALK} if self.flow_id.parent_id else PLACEHOLDERS[self.kind]

    @api.constrains("bulk_size", "kind", "flow_id")
    def _check_bulk(self):
        for operation in self:
            if operation.bulk_size and operation.kind not in WRITES:
                operation._refuse("bulk_size", self.env._("only operations that write can be about many records"))

    @api.constrains(
        "records_path", "delta_kind", "delta_source", "delta_path", *(f"item_{name}_path" for name in ITEM_PLACES)
    )
    def _check_answer(self):
        for operation in self:
            places = ["records_path", *(f"item_{one}_path" for one in ITEM_PLACES if operation[f"item_{one}_path"])]
            if operation.delta_kind != "none" and operation.delta_source == "body":
                places.append("delta_path")
            for name in places:
                try:
                    parse_expression(operation[name])
                except MappingError as error:
                    operation._refuse(name, self.env["bridge.connector"]._explain(error))
            if operation.delta_kind != "none" and operation.delta_source == "header" and not operation.delta_path:
                operation._refuse("delta_path", self.env._("name the header that has the next value"))
            if operation.delta_kind == "token" and operation.delta_source == "record":
                operation._refuse("delta_source", self.env._("an opaque token comes from a header or from the body"))

    @api.constrains("kind", "body", "body_format", "body_options", "answer_format", "answer_options", "method")
    def _check_formats(self):
        for operation in self:
            for name, make in (("answer_options", operation._answer_form), ("body_options", operation._body_form)):
                try:
                    make()
                except ConfigurationError as error:
                    operation._refuse(name, self.env["bridge.connector"]._explain(error))
            if operation.body_format == "graphql" and operation.method == "GET":
                operation._refuse("method", self.env._("GraphQL is sent by POST"))
            try:
                if operation._body() is not None:
                    operation._body_form().check_template(operation._body())
            except ConfigurationError as error:
                operation._refuse("body", self.env["bridge.connector"]._explain(error))

    @api.constrains("kind", "flow_id", *READ_OPTIONS)
    def _check_reading(self):
        for operation in self:
            if operation.flow_id.parent_id and operation.kind != "list":
                operation._refuse(
                    "kind", self.env._("a nested flow can only list its records; they are sent with their parent")
                )
            for name in READ_OPTIONS:
                if operation[name] and operation.kind not in READS:
                    operation._refuse(name, self.env._("it is about what is read: list, get or find a record"))

    @api.constrains("delta_kind", "delta_source", "flow_id")
    def _check_delta(self):
        for operation in self:
            if (
                operation.delta_kind != "none"
                and operation.delta_source == "record"
                and not operation.flow_id.updated_path
            ):
                operation._refuse("delta_source", self.env._("the flow must say where a record's updated-at is"))

    @api.constrains("delta_kind", "delta_format", "delta_sent_format", "delta_timezone")
    def _check_delta_format(self):
        for operation in self.filtered(lambda operation: operation.delta_kind == "timestamp"):
            delta = operation._delta()
            for name, pattern in (("delta_format", delta.format), ("delta_sent_format", delta.sent_format or "iso")):
                try:
                    if name == "delta_sent_format" or pattern != COUNT:
                        moments.check_format(pattern)
                except ValueError:
                    operation._refuse(
                        name, self.env._("use iso, epoch, epoch_ms, auto, integer (a count), or a strptime pattern")
                    )
            if delta.format == COUNT and (delta.sent_format or delta.sent_zone):
                operation._refuse(
                    "delta_sent_format", self.env._("a count is sent as it is; leave format and zone empty")
                )
            if moments.AUTO in (delta.sent_format, delta.format if not delta.sent_format else None):
                operation._refuse("delta_sent_format", self.env._("say how {since} is written, such as epoch or iso"))

    @api.constrains(
        *("pagination", "pagination_options", "kind", "path", "query", "headers", "body", "body_format"),
        *("answer_format", "records_path", "delta_kind", "delta_source"),
    )
    def _check_pagination(self):
        for operation in self:
            try:
                places = operation._paginator().places
            except pagination.OptionError as error:
                operation._refuse("pagination_options", self.env["bridge.connector"]._explain(error))
            if operation.pagination == "stream":
                operation._check_stream()
            if places and operation.kind in ("list", "find") and not operation._placeholders() & set(places):
                operation._refuse(
                    "pagination",
                    self.env._("the request has no {%s}, so each page would be the first one again", places[0]),
                )

    def _check_stream(self):
        """:raises ValidationError: its answer can not be read in parts"""
        if self.kind != "list":
            self._refuse("pagination", self.env._("only a list can be one large answer"))
        if not formats.FORMS[self.answer_format].streams and self.answer_format != formats.AUTO:
            self._refuse("answer_format", self.env._("only CSV, JSON, JSON lines and XML can be read in parts"))
        if not PLAIN_PLACE.fullmatch(self.records_path):
            self._refuse("records_path", self.env._("of a large answer write @, or names with dots such as data.items"))
        if self.delta_kind != "none" and self.delta_source == "body":
            self._refuse("delta_source", self.env._("of a large answer choose the records or a header"))

    @api.constrains("delta_reset_status")
    def _check_reset_status(self):
        for operation in self:
            if not all(part.isdigit() for part in (operation.delta_reset_status or "").replace(",", " ").split()):
                operation._refuse("delta_reset_status", self.env._("write HTTP statuses such as 400, 410"))

    def _refuse(self, field_name, problem):
        raise ValidationError(
            self.env._(
                "Flow “%(flow)s”, operation “%(operation)s”, %(field)s: %(problem)s",
                flow=self.flow_id.name,
                operation=self.kind,
                field=self._fields[field_name].get_description(self.env, ["string"])["string"],
                problem=problem,
            )
        )

    def action_look(self):
        """Ask for the first page of the list, and show what it suggests; nothing is changed by that."""
        self.ensure_one()
        look = self.env["bridge.look"]._left(self) or self.env["bridge.look"]._look(self)
        return {**self.env["ir.actions.act_window"]._for_xml_id(LOOK), "res_id": look.id}

    # ----------------------------------------------------------------------------------------------------------------
    # Use
    # ----------------------------------------------------------------------------------------------------------------

    def _paginator(self, page_size=None):
        self.ensure_one()
        options = read_json(self, "pagination_options") or {}
        return pagination.build(
            {**options, "type": self.pagination},
            page_size or self.flow_id.page_size,
            self.flow_id.connector_id.base_url,
        )

    def _delta(self):
        self.ensure_one()
        return Delta(
            self.delta_kind,
            self.delta_format or "iso",
            self.delta_source,
            self.delta_path or "",
            self.delta_overlap,
            moments.zone_of(self.flow_id.connector_id.timezone or "UTC"),
            self.delta_sent_format or "",
            moments.zone_of(self.delta_timezone) if self.delta_timezone else None,
        )

    def _reset_statuses(self):
        return {int(part) for part in (self.delta_reset_status or "").replace(",", " ").split()}

    def _compiled(self, page_size=None):
        """The operation without the ORM: it may be used in threads.

        :param int page_size: most records in a page; None: as the flow says
        :rtype: Operation
        """
        self.ensure_one()
        flow = self.flow_id
        return Operation(
            method=self.method,
            path=self.path,
            query=read_json(self, "query") or {},
            headers=read_json(self, "headers") or {},
            body=self._body(),
            body_format=self.body_format,
            body_options=self._body_form().options,
            reads=self._answer_form(),
            place=parse_expression(self.records_path),
            shown=self.records_path,
            remote_id=(flow.parent_id or flow)._remote_id(),
            version_header=flow.version_header or "",
            paginator=self._paginator(page_size) if self.kind in ("list", "find") else None,
            delta=self._delta() if self.kind == "list" else None,
            identify=self._identifier() if self.kind == "get" else None,
            missing_is_empty=self.missing_is_empty,
            partial_is_accepted=self.partial_is_accepted,
            unsent=tuple(map(parse_path, self._unsent())),
            parts=self._record_parts() if self.kind == "get" else (),
        )

    def _body(self):
        """The body as a template; None if there is none."""
        body = read_json(self, "body", ())
        if body is None and self.kind in ("create", "update"):
            return json.loads(WHOLE)
        return {} if body is None and self.body_format == "graphql" else body

    def _body_form(self):
        """:raises OptionError: an option of the body is unknown or wrong"""
        return formats.make(self.body_format, read_json(self, "body_options"), is_body=True)

    def _answer_form(self):
        """:raises OptionError: an option of the answer is unknown or wrong"""
        needed = ()
        if self.kind in READS and PLAIN_NAME.fullmatch(self.flow_id.id_path or "") and "{" not in self.records_path:
            needed = (self.flow_id.id_path.strip('"'),)
        return formats.make(self.answer_format, read_json(self, "answer_options"), needed=needed)

    def _identifier(self):
        """What tells of a document which record it is, and whether it is deleted; it touches no database."""
        flow = self.flow_id
        return Mapper([], {"id": flow.id_path, "deleted": flow.deleted_path}).identify

    def _placeholders(self):
        """Names of all placeholders of the request.

        Any check may ask for them, and none can know whether the one of the braces has come before.

        :rtype: set[str]
        :raises ValidationError: a part of the request has unbalanced braces
        """
        found = set()
        for name, part in self._parts().items():
            try:
                found |= template.placeholders(part)
            except template.TemplateError as error:
                self._refuse(name, self.env["bridge.connector"]._explain(error))
        return found

    def _is_conditional(self):
        """Does the remote itself refuse a change of a version that is not the newest?"""
        return "version" in self._placeholders()

    def _is_by_position(self):
        """Are pages positions in a list, so that records can move from one to another while they are read?"""
        return self.pagination in ("page", "offset", "stream")

    def _sender(self, mapper, words):
        """The operation with how its answers are read, also without the ORM.

        :param Mapper mapper: of the flow, which reads what is answered
        :param Words words: what the placeholders stand for
        :rtype: Sender
        """
        form = read_json(self, "item", ()) or json.loads(WHOLE)
        return Sender(self._compiled(), self._reading(mapper), words, self.bulk_size, form)

    def _reading(self, mapper):
        """How the answers are read.

        :param Mapper mapper: of the flow
        :rtype: Reading
        """
        flow = self.flow_id
        places = {
            name: parse_expression(self[f"item_{name}_path"]) if self[f"item_{name}_path"] else None
            for name in ITEM_PLACES
        }
        return Reading(
            self.kind,
            mapper,
            parse_expression(self.records_path),
            self.records_path,
            urlsplit(flow.connector_id.base_url).hostname,
            places,
            parse_path(flow.reference_path) if flow.reference_path else None,
            flow.version_header,
            self.id_header,
            self.new_id or "",
        )

    def _read_first_page(self, client, most=10):
        """One small page, to see whether the other system answers as described.

        :param int most: how many records are asked for
        """
        operation, pieces = self._compiled(page_size=min(self.flow_id.page_size, most)), pieces_of(self)
        state = operation.paginator.start()
        return pieces.page(operation, client, [], state) if pieces else reader(operation, client, [])(state)

    def _get(self, client, external_id):
        """One record by its remote id.

        :rtype: dict
        :raises RemoteError: if it can not be had
        """
        return self._compiled().get(client, external_id)[0]
