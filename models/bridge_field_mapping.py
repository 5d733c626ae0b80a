from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..json_text import read_json, write_json
from ..mapping.converters import CONVERTERS, make_converter
from ..mapping.errors import MappingError
from ..mapping.mapper import EMPTY, KEEP, NULL, REJECT, Rule
from ..mapping.paths import MISSING, parse_path
from ..remote.redaction import literal_secret
from ..road.keyed import way_of
from .bridge_flow import AUTHORITIES, DIRECTIONS
from .bridge_sample_mixin import AT_LINE
from .ir_model_fields import FORBIDDEN_FIELDS, USUAL_KEYS

EFFECTS = [
    ("keep", "Keep Odoo's value"),
    ("clear", "Empty the field"),
    ("clear_always", "Empty the field, also in a new record"),
    ("default", "Use the default"),
    ("reject", "Refuse the record"),
]
WHEN_EMPTY = [
    (NULL, "Send null"),
    (EMPTY, "Send an empty text or list"),
    (KEEP, "Keep the remote's value"),
    (REJECT, "Do not send the record"),
]
# What usually fills a field of a type; others are filled by "text".
USUAL_CONVERTERS = {
    "many2one": "many2one_key",
    "many2many": "many2many_key",
    "one2many": "nested",
    "binary": "image",
    "monetary": "decimal",
    "float": "decimal",
    **{name: name for name in ("boolean", "integer", "date", "datetime", "selection", "html")},
}


class BridgeFieldMapping(models.Model):
    _name = "bridge.field.mapping"
    _description = "Field Mapping"
    _inherit = ["bridge.flow.part"]
    _order = "flow_id, sequence, id"
    _rec_name = "field_name"

    sequence = fields.Integer(default=10)
    model = fields.Char(related="flow_id.model")

    field_id = fields.Many2one(
        "ir.model.fields",
        string="Odoo Field",
        required=True,
        ondelete="cascade",
        domain=lambda self: "[('model', '=', model), ('name', 'not in', %s)]" % sorted(FORBIDDEN_FIELDS),
    )
    field_name = fields.Char(related="field_id.name", store=True, string="Technical Name")
    path = fields.Char("Remote Path", help="Names joined by dots, for example address.lines[0].city")
    write_path = fields.Char(
        "Path for Sending",
        help="Where the value is put in what is sent, if not where it is read: project_id, where project.id is read. A"
        " relation is sent as its ID or key alone.",
    )
    converter = fields.Selection("_selection_converter", default="text", required=True)
    options = fields.Text(help="JSON: the options of the converter.")
    options_help = fields.Html(compute="_compute_options_help")

    direction = fields.Selection(DIRECTIONS, help="Empty: as the flow says.")
    ways = fields.Selection(DIRECTIONS, string="Goes", compute="_compute_ways")
    authority = fields.Selection(
        AUTHORITIES,
        help="Who wins when both sides changed the field. Empty: as the flow says.",
    )
    key = fields.Boolean(help="Records that are not bound yet are matched by the key fields before one is created.")
    required = fields.Boolean(help="A record without this value is refused.")
    create_only = fields.Boolean("Only on Create", help="Set when the record is created, and never changed again.")
    checked = fields.Boolean(
        "Only Checked",
        help="The field is not written: what Odoo has in it after the write, such as a total, must be what the other"
        " system says. If it is not, nothing of the record is written, and the error desk says why.",
    )
    on_missing = fields.Selection(EFFECTS, default="keep", required=True, help="The record has no such key.")
    on_null = fields.Selection(EFFECTS, default="clear", required=True, help="The value is null.")
    on_empty = fields.Selection(EFFECTS, default="clear", required=True, help="The value is an empty text or list.")
    default_value = fields.Text("Default", help="JSON: the remote value that stands in.")
    when_empty = fields.Selection(
        WHEN_EMPTY, "Empty in Odoo", default="null", required=True, help="What is sent when Odoo's field is empty."
    )

    _field_uniq = models.Constraint("UNIQUE(flow_id, field_id)", "A flow can map a field only once.")

    @api.model
    def _selection_converter(self):
        return [(name, self.env._(cls.label)) for name, cls in CONVERTERS.items()]

    @api.depends("converter")
    def _compute_options_help(self):
        for mapping in self:
            options = CONVERTERS[mapping.converter or "text"].known_options()
            mapping.options_help = self._render_options(
                [(name, self.env._(option.help)) for name, option in options.items()]
            )

    @api.depends("direction", "flow_id.direction", "flow_id.parent_id.direction")
    def _compute_ways(self):
        for mapping in self:
            mapping.ways = mapping._ways()

    @api.onchange("field_id")
    def _onchange_field_id(self):
        """Propose the converter that fills fields of this type, and for a related record the field that names it."""
        field = self.field_id
        if not field or self.converter not in ("text", False, *USUAL_CONVERTERS.values()):
            return
        self.converter = USUAL_CONVERTERS.get(field.ttype, "text")
        self.options = False
        related = self.env.get(field.relation) if field.relation else None
        if related is not None and self.converter in ("many2one_key", "many2many_key"):
            names = [*(name for name in USUAL_KEYS if name in related._fields), related._rec_name or "id"]
            self.options = write_json({"field": names[0]})

    @api.depends("field_id", "flow_id.name")
    def _compute_display_name(self):
        for mapping in self:
            mapping.display_name = f"{mapping.flow_id.name or ''}: {mapping.field_id.field_description or ''}"

    # ----------------------------------------------------------------------------------------------------------------
    # Constraints
    # ----------------------------------------------------------------------------------------------------------------

    @api.constrains(
        "field_id", "flow_id", "direction", "converter", "options", "path", "default_value", "key", "checked"
    )
    def _check_mapping(self):
        for mapping in self:
            mapping._check_field()
            carrier = literal_secret([read_json(mapping, name, ()) for name in ("options", "default_value")])
            if carrier:
                mapping._refuse(self.env._("“%s” is a credential, which does not belong here. Take it out", carrier))
            try:
                rule = mapping._rule()
            except MappingError as error:
                mapping._refuse(self.env["bridge.connector"]._explain(error))
            mapping._check_reader(rule)
            mapping._check_keyed(rule)
            mapping._check_fixed(rule)

    @api.constrains("on_missing", "on_null", "on_empty", "default_value")
    def _check_default(self):
        for mapping in self:
            if "default" in (mapping.on_missing, mapping.on_null, mapping.on_empty) and not mapping.default_value:
                mapping._refuse(self.env._("“Use the default” needs a default"))

    def _check_field(self):
        self.ensure_one()
        name = self.field_id.name
        model = self.env[self.flow_id.model]
        field = model._fields.get(name)
        if self.field_id.model != self.flow_id.model or field is None:
            self._refuse(self.env._("the model %s has no such field", self.flow_id.model))
        computed_only = field.compute and field.readonly and not field.inverse
        if self.checked:
            self._check_checked(field)
            return
        read_only = name in FORBIDDEN_FIELDS or computed_only or (not field.store and not field.inverse)
        if read_only and self._ways() != "push":
            self._refuse(
                self.env._(
                    "Odoo sets this field itself, it can not be filled; it can only be pushed, or pulled as “Only"
                    " Checked”"
                )
            )

    def _check_checked(self, field):
        """Can the field be held against what the other system says?"""
        if self._ways() != "pull":
            self._refuse(self.env._("“Only Checked” is for what is pulled: set the direction to pull"))
        if self.flow_id.parent_id:
            self._refuse(
                self.env._(
                    "“Only Checked” is for the record itself: check the total in the flow that this one is part of"
                )
            )
        if self.key or self.create_only:
            self._refuse(self.env._("“Only Checked” is never written: take “Key” and “Only on Create” away"))
        if field.type in ("one2many", "many2many", "binary"):
            self._refuse(self.env._("“Only Checked” is for a field with one value, such as a total or a currency"))

    def _check_reader(self, rule):
        """Can the converter, or those behind it, make a value of this field?"""
        field = self.env[self.flow_id.model]._fields[self.field_id.name]
        for reader in rule.readers:
            if reader.field_types and field.type not in reader.field_types:
                known = [
                    name for name, one in CONVERTERS.items() if not one.field_types or field.type in one.field_types
                ]
                self._refuse(
                    self.env._(
                        "the converter “%(converter)s” can not fill a field of type %(type)s. Choose one of: %(known)s",
                        converter=reader.name,
                        type=field.type,
                        known=", ".join(known),
                    )
                )

    def _check_keyed(self, rule):
        """Can the key be compared, and is what it is compared with there?"""
        way = rule.keyed_settings.get("compare")
        if not rule.is_keyed:
            if way and not rule.key:
                self._refuse(self.env._("“compare” says how a key is compared: make the field a key, or leave it out"))
            return
        related = self.env[self.env[self.flow_id.model]._fields[self.field_id.name].comodel_name]
        name = rule.keyed_settings["field"]
        field = related._fields.get(name)
        if field is None or not field._description_searchable:
            self._refuse(
                self.env._(
                    "the model %(model)s has no field “%(field)s” that can be searched for",
                    model=related._name,
                    field=name,
                )
            )
        if way and way != way_of(field, way):
            self._refuse(self.env._("“compare” is for texts, and “%s” is none", name))
        try:
            domain = Domain(rule.keyed_settings["domain"])
            domain &= Domain([(name, "=", False) for name in rule.keyed_settings["within"] or ()])
            domain.validate(related)
        except (ValueError, TypeError, KeyError) as error:
            self._refuse(self.env._("the domain can not be used: %s", error))

    def _check_fixed(self, rule):
        """Is what the configuration itself says a value of this field?"""
        field = self.env[self.flow_id.model]._fields[self.field_id.name]
        values = []
        try:
            if rule.converter.name == "constant":
                values.append(rule.read({}))
            if rule.reader.name == "selection":
                values += rule.reader.odoo_values()
        except MappingError as error:
            self._refuse(self.env["bridge.connector"]._explain(error))
        if field.type != "selection" or rule.direction == "push":
            return
        known = field.get_values(self.env)
        unknown = [value for value in values if value and value is not MISSING and value not in known]
        if unknown:
            self._refuse(
                self.env._(
                    "“%(value)s” is no choice of this field. Choose one of: %(known)s",
                    value=unknown[0],
                    known=", ".join(map(str, known)),
                )
            )

    @api.constrains("direction", "flow_id", "converter", "options", "path")
    def _check_direction(self):
        for mapping in self:
            ways = {mapping.direction, mapping.flow_id.direction} - {False, "both"}
            if len(ways) > 1:
                mapping._refuse(self.env._("it goes the other way than its flow"))
            if mapping.direction in ("push", "both") and not mapping._rule().converter.both_ways:
                mapping._refuse(
                    self.env._("the converter “%s” only reads; set the direction to pull", mapping.converter)
                )

    @api.constrains("key", "converter")
    def _check_key(self):
        for mapping in self:
            if mapping.key and not (
                mapping.field_id.store and mapping.field_id.ttype not in ("one2many", "many2many", "binary")
            ):
                mapping._refuse(self.env._("a key must be a stored field with one value"))

    def _refuse(self, problem):
        if self.env.context.get(AT_LINE):
            raise ValidationError(problem)
        raise ValidationError(
            self.env._(
                "Flow “%(flow)s”, field “%(field)s”: %(problem)s",
                flow=self.flow_id.name,
                field=self.field_id.name,
                problem=problem,
            )
        )

    # ----------------------------------------------------------------------------------------------------------------
    # Use
    # ----------------------------------------------------------------------------------------------------------------

    def _rule(self):
        """This mapping, compiled for the plain layer.

        :rtype: Rule
        :raises MappingError: if path, converter or options can not be used
        :raises ValidationError: if a text is not JSON
        """
        self.ensure_one()
        converter = make_converter(
            self.converter, read_json(self, "options"), self.flow_id.connector_id.timezone or "UTC"
        )
        reader = getattr(converter, "then", None) or converter
        child = None
        if reader.name == "nested":
            child_flow = self.flow_id.child_ids.filtered(lambda flow: flow.code == reader.settings["flow"])
            child = child_flow._mapper() if child_flow else None
        return Rule(
            field=self.field_id.name,
            path=parse_path(self.path) if converter.needs_path else None,
            converter=converter,
            effects={"missing": self.on_missing, "null": self.on_null, "empty": self.on_empty},
            default=read_json(self, "default_value", ()),
            required=self.required,
            create_only=self.create_only,
            checked=self.checked,
            key=self.key,
            authority=self.authority or self.flow_id.authority,
            direction=self._ways(),
            when_empty=self.when_empty,
            child=child,
            write_path=parse_path(self.write_path) if self.write_path and converter.needs_path else None,
        )

    def _ways(self):
        """Which ways the field really goes: those of the flow that the mapping leaves open.

        :return: ``pull``, ``push`` or ``both``
        """
        flow = self.flow_id
        while flow.parent_id:
            flow = flow.parent_id  # nested records go with their parents
        own = self.direction or "both"
        return flow.direction if own == "both" else own

    def _mapping_key(self):
        """What this mapping says, for the fingerprint: when it changes, records are looked at again."""
        self.ensure_one()
        names = ("path", "converter", "options", "direction", "authority", "key", "required", "create_only")
        names += ("on_missing", "on_null", "on_empty", "default_value", "when_empty")
        names += tuple(name for name in ("write_path", "checked") if self[name])  # others keep their fingerprint
        return [self.field_id.name, *(self[name] or None for name in names)]
