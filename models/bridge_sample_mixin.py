import json

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from ..json_text import write_json
from ..mapping.alike import WAYS
from ..mapping.converters import CONVERTERS
from ..mapping.errors import MappingError
from ..mapping.mapper import NULL, PLACES, Mapper
from ..mapping.paths import MISSING, parse_expression, parse_path
from ..mapping.proposals import LABEL, NAME, PARTS, SYNONYM, VALUE, Field, places, propose
from ..remote.errors import RemoteError
from ..remote.redaction import redact_document
from ..road.keyed import Keyed
from ..road.match_sample import MatchSample
from ..road.sample import Here, There, text_of
from .ir_model_fields import FORBIDDEN_FIELDS, USUAL_KEYS, is_filled

AT_LINE = "bridge_at_line"  # in the context where a problem is shown beside the mapping that has it
MOST = 20  # records of a sample
MOST_DETAILS = 5  # of those that have to be asked for one by one
MOST_CHARACTERS = 1_000_000  # of a sample as JSON
MOST_LINES = 500
LINE = ("path", "write_path", "converter", "options", "direction", "authority", "key", "required", "create_only")
LINE += ("checked", "on_missing", "on_null", "on_empty", "default_value", "when_empty", "field_id")


class BridgeSampleMixin(models.AbstractModel):
    """A few records of a flow, to describe its field mappings by. Only the exchange log is written."""

    _name = "bridge.sample.mixin"
    _description = "Shows a Sample"

    # ----------------------------------------------------------------------------------------------------------------
    # Doors: each asks who may
    # ----------------------------------------------------------------------------------------------------------------

    def sample(self):
        """Fetch the first records of the list, also while the connector is disabled; of a flow that only sends, Odoo's.

        What is secret is blanked as in the exchange log.

        :return: ``side`` (``there`` or ``here``), ``records`` (documents, or ids of Odoo), ``titles``, ``places`` (path
            and texts, one for each record) and ``problem``, in words
        :rtype: dict
        """
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        self._check_seen()
        is_here = not self._sampled()._operation("list") and self.direction != "pull"
        return self._sample_here() if is_here else self._sample_there()

    def try_mappings(self, side, records, lines):
        """What field mappings make of a sample; nothing is written, and the lines need not be saved.

        :param str side: where the records are from: ``there`` or ``here``
        :param list records: as ``sample`` gave them
        :param list[dict] lines: values of field mappings
        :return: for each line ``problem``, ``warning``, ``found`` and ``cells``
        :rtype: list[dict]
        """
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        reader = self._reader(side, records)
        return [self._tried(reader, line) for line in self._lines(lines)]

    def match_sample(self, records, lines):
        """Which records of a sample would be matched with one of Odoo by the key fields; nothing is written.

        :param list[dict] records: of the other system, as ``sample`` gave them
        :param list[dict] lines: values of field mappings; those that are marked as key count
        :return: see ``MatchSample.told``; nothing for a flow that looks for no record of Odoo
        :rtype: dict
        """
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        reader = self._reader("there", records)
        if self.direction == "push" or self.parent_id or not reader.documents:
            return {}
        rules, wrong = [], self.env._("First correct the field mapping that is marked as Key and has a problem.")
        for line in self._lines(lines):
            if line.get("key"):
                rule, problem = self._rule_of(line)
                if problem:
                    return {"summary": "", "problem": wrong, "doubtful": [], "more": 0}
                rules += [rule] if rule else []
        return MatchSample(self, Mapper(rules, self._record_places()), reader.documents).told()

    def propose_mappings(self, records, lines):
        """Field mappings that are probably meant, by the names, types and values of a sample.

        :param list[dict] records: of the other system, as ``sample`` gave them
        :param list[dict] lines: values of the field mappings that are there
        :return: values of field mappings, each with ``reason`` and ``tried``, as ``try_mappings`` has it
        :rtype: list[dict]
        """
        self.ensure_one()
        self.env["bridge.run"]._check_operator(self)
        model, reader = self.env[self.model], self._reader("there", records)
        named = self.env["ir.model.fields"].sudo()
        names = {one.id: one.name for one in named.browse([line.get("field_id") for line in lines if line]).exists()}
        mapped = {names.get(line.get("field_id")) for line in lines} | {line.get("path") for line in lines}
        found = propose(reader.documents, self._fields_to_fill(), mapped - {None, False}, self._key_of)
        proposed = []
        for one in found:
            field = named._get(self.model, one.field)
            line = {
                "field_id": field.id,
                "path": one.path or False,
                "converter": one.converter,
                "options": write_json({key: value for key, value in one.options.items() if value is not None}),
            }
            label = self._field_label(one.field)
            about = {"field_label": label, "reason": self._reason(one, label, len(reader.documents))}
            proposed.append({**line, **about, "tried": self._tried(reader, line)})
        return proposed if model.has_access("read") else []

    def mapping_terms(self):
        """What a person chooses from: converters with their options, fields of the model, other flows.

        Of no flow, as while one is being made: the converters.

        :rtype: dict
        """
        flow = self[:1]
        self.check_access("read")
        self.env["bridge.field.mapping"].check_access("read")
        return {
            "converters": {name: self._converter_terms(cls) for name, cls in CONVERTERS.items()},
            "fields": flow._field_terms() if flow else [],
            "flows": [[one.code, one.name] for one in flow.connector_id.flow_ids],
            "ways": list(WAYS),
        }

    # ----------------------------------------------------------------------------------------------------------------
    # A sample
    # ----------------------------------------------------------------------------------------------------------------

    def _check_seen(self):
        """:raises UserError: for who may not read in Odoo what the other system's records are about"""
        if not self.env["bridge.exchange"]._sees(self):
            raise UserError(
                self.env._(
                    "A sample shows records, or fields of them, that you may not read in Odoo. Ask somebody who may."
                )
            )

    def _sampled(self):
        """The flow whose list has these records: those inside others are in the list of their parents."""
        return self.parent_id if self.parent_id and not self._operation("list") else self

    def _sample_here(self):
        """Records of Odoo, as the person may read them."""
        records = self.env[self.model].search(self._read_domain("push_domain"), limit=MOST)
        titles = [record.display_name or str(record.id) for record in records]
        problem = "" if records else self.env._("Odoo has no record that is to be pushed, or you may read none.")
        return {"side": "here", "records": records.ids, "titles": titles, "places": [], "problem": problem}

    def _sample_there(self):
        sampled, exchanges, problem, documents = self._sampled(), [], "", []
        if not sampled._operation("list"):
            raise UserError(
                self.env._(
                    "“%s” has no operation that lists records. Add one on the tab Operations, and save.", sampled.name
                )
            )
        try:
            documents = sampled._ask_for_sample(exchanges)
        except (RemoteError, UserError) as error:
            problem = self.connector_id._explain(error)
        self.env["bridge.exchange"].sudo()._record(sampled.sudo(), exchanges)
        if sampled != self:
            documents = self._inside_of(sampled, documents)
        documents = self._without_secrets(documents)
        if not documents and not problem:
            problem = self.env._(
                "The other system answered, but with no record. Look at “Records in the Answer” of the operation, and"
                " at what the user of the other system may see."
            )
        return {
            "side": "there",
            "records": documents,
            "titles": [self._title(document) for document in documents],
            "places": self._places(documents),
            "problem": problem,
        }

    def _ask_for_sample(self, exchanges):
        """The first records of the list, each whole.

        :param list exchanges: every HTTP exchange is appended to it
        :raises RemoteError: if they can not be had
        """
        operation, get = self.sudo()._operation("list"), self.sudo()._operation("get")
        with self.connector_id._client(exchanges) as client:
            documents = operation._read_first_page(client, MOST).records[:MOST]
            if not (operation.details and get):
                return documents
            mapper = self.sudo()._mapper()
            ids = [mapper.identify(document).external_id for document in documents[:MOST_DETAILS]]
            return [get._get(client, external_id) for external_id in filter(None, ids)]

    def _inside_of(self, parent, documents):
        """The records of a nested flow in those of its parent."""
        rules = [rule for rule in parent.sudo()._mapper().nested if rule.converter.settings["flow"] == self.code]
        found = [one for rule in rules for document in documents for one in self._list_of(rule.source(document))]
        return found[:MOST]

    @api.model
    def _list_of(self, value):
        return value if isinstance(value, list) else [value] if isinstance(value, dict) else []

    def _without_secrets(self, documents):
        """Blanked as in the exchange log; and no more than a browser can hold."""
        connector = self.connector_id.sudo()
        secrets, kept, left = (*connector._unsealed().values(), *connector._hook_secrets()), [], MOST_CHARACTERS
        for document in documents:
            document = redact_document(document, secrets)
            left -= len(json.dumps(document, default=str))
            if isinstance(document, dict) and left >= 0:
                kept.append(document)
        return kept

    def _title(self, document):
        try:
            found = parse_expression(self.id_path).read(document)
        except MappingError:
            found = None
        return text_of(found) if found is not None else self.env._("no ID at “%s”", self.id_path)

    @api.model
    def _places(self, documents):
        found = []
        for path in places(documents):
            values = [parse_path(path).read(document) for document in documents]
            found.append({"path": path, "texts": [None if one is MISSING else text_of(one)[:80] for one in values]})
        return found

    # ----------------------------------------------------------------------------------------------------------------
    # Lines
    # ----------------------------------------------------------------------------------------------------------------

    def _reader(self, side, records):
        """What reads a sample.

        :raises UserError: if it is none
        """
        if side == "here" and isinstance(records, list) and all(isinstance(one, int) for one in records):
            ids = records[:MOST]
            return Here(self, self.env[self.model].browse(ids).exists()._filtered_access("read"), ids)
        if side == "there" and isinstance(records, list) and all(isinstance(one, dict) for one in records):
            return There(self, records[:MOST])
        raise UserError(self.env._("These are no sample records. Fetch a sample first."))

    def _lines(self, lines):
        if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
            raise UserError(self.env._("These are no field mappings. Reload the page and try again."))
        return lines[:MOST_LINES]

    def _tried(self, reader, line):
        """What one field mapping makes of a sample."""
        tried = {"problem": "", "warning": "", "found": 0, "cells": []}
        rule, problem = self._rule_of(line)
        if rule is None:
            return tried | {"problem": problem}
        if self.env["bridge.record.mixin"]._is_hidden_field(self.model, rule.field):
            return tried | {"warning": self.env._("You may not read this field in Odoo, so its values are not shown.")}
        cells, found = reader.cells(rule), reader.found(rule)
        is_absent = isinstance(reader, There) and rule.path is not None and cells and not found
        warning = is_absent and self.env._(
            "“%(path)s” was found in none of %(count)s records. Choose a path that the sample has, or leave it if it"
            " may come later.",
            path=rule.path.text,
            count=len(cells),
        )
        return tried | {"warning": warning or "", "found": found, "cells": [cell._asdict() for cell in cells]}

    def _rule_of(self, line):
        """A line that need not be saved, compiled.

        :return: the rule, and what is wrong with the line; neither for one that has no field yet
        :rtype: tuple[Rule | None, str]
        """
        values = {name: value for name, value in line.items() if name in LINE and value not in (None, "")}
        mappings = self.sudo().env["bridge.field.mapping"].with_context(**{AT_LINE: True})
        mapping = mappings.new({**self._usual(), **values, "flow_id": self.id})
        if not mapping.field_id or mapping.field_id.model != self.model:
            return None, ""
        try:
            mapping._check_mapping()
            mapping._check_default()
            mapping._check_direction()
            mapping._check_key()
            return mapping._rule(), ""
        except MappingError as error:
            return None, self.connector_id._explain(error)
        except ValidationError as error:
            problem = str(error.args[0])
            return None, problem[:1].upper() + problem[1:]

    def _record_places(self):
        """Where a record of the other system says what it is.

        :rtype: dict[str, str]
        """
        return {place: self[f"{place}_path"] for place in PLACES if place != "reference"}

    @api.model
    def _usual(self):
        """What a line says that nobody has said anything about."""
        return {"converter": "text", "on_missing": "keep", "on_null": "clear", "on_empty": "clear", "when_empty": NULL}

    # ----------------------------------------------------------------------------------------------------------------
    # Proposals
    # ----------------------------------------------------------------------------------------------------------------

    def _fields_to_fill(self):
        """The fields of the model that a person could have filled, in English, which systems are mostly in.

        :rtype: list[Field]
        """
        model, approvals = self.env[self.model], self.env["bridge.approval"]
        english, found = model.with_context(lang="en_US"), []
        for name, field in model._fields.items():
            hidden = self.env["bridge.record.mixin"]._is_hidden_field(self.model, name)
            if name in FORBIDDEN_FIELDS or hidden or approvals._warning_about(self.model, name):
                continue
            can_fill = is_filled(field) and not (field.related and not field.inherited)
            selection = field._description_selection(english.env) if field.type == "selection" else ()
            pairs = tuple((value, str(label)) for value, label in selection or ())
            label = field.get_description(english.env, ["string"])["string"]
            found.append(
                Field(name, label, field.type, field.comodel_name or "", pairs, bool(field.required), not can_fill)
            )
        return found

    def _key_of(self, model_name, values):
        """The field by which each of some values names just one record of a model; None if there is none."""
        model = self.env.get(model_name)
        if model is None or not model.has_access("read"):
            return None
        for name in dict.fromkeys((*USUAL_KEYS, model._rec_name)):
            field = model._fields.get(name) if name else None
            if field is None or not field.store or not model._has_field_access(field, "read"):
                continue
            keyed = Keyed(model, name)
            ids = keyed.find(values)
            if all(len(ids.get(keyed.key(value), ())) == 1 for value in values):
                return name
        return None

    def _reason(self, proposal, label, total):
        """Why a field mapping is proposed, in words."""
        said = {"told": proposal.told, "field": label, "count": proposal.count, "total": total}
        return {
            NAME: self.env._("It is called like the field; %(count)s of %(total)s records have a value.", **said),
            LABEL: self.env._("It is called “%(told)s”; %(count)s of %(total)s records have a value.", **said),
            SYNONYM: self.env._(
                "“%(told)s” is what many systems call “%(field)s”; %(count)s of %(total)s records have a value.", **said
            ),
            VALUE: self.env._("All values are values of “%(field)s”: %(count)s of %(total)s records have one.", **said),
            PARTS: self.env._("The name is in two parts, %(told)s, which are put together.", **said),
        }[proposal.reason]

    # ----------------------------------------------------------------------------------------------------------------
    # What a person chooses from
    # ----------------------------------------------------------------------------------------------------------------

    @api.model
    def _converter_terms(self, cls):
        options = {
            name: {
                "kind": option.kind,
                "help": self.env._(option.help),
                "required": option.required,
                "default": option.default if isinstance(option.default, (str, int, bool)) else None,
            }
            for name, option in cls.known_options().items()
        }
        return {
            "label": self.env._(cls.label),
            "types": sorted(cls.field_types),
            "needs_path": cls.needs_path,
            "options": options,
        }

    def _field_terms(self):
        """The fields of the model, those that are filled first by their names."""
        model, found = self.env[self.model], []
        known = self.env["ir.model.fields"].sudo().search_fetch([("model", "=", self.model)], ["name"])
        ids = {one.name: one.id for one in known}
        for name, field in model._fields.items():
            if name in FORBIDDEN_FIELDS or name not in ids or not model._has_field_access(field, "read"):
                continue
            selection = field._description_selection(self.env) if field.type == "selection" else ()
            found.append(
                {
                    "id": ids[name],
                    "name": name,
                    "label": field.get_description(self.env, ["string"])["string"],
                    "type": field.type,
                    "relation": field.comodel_name or "",
                    "selection": [[value, str(label)] for value, label in selection or ()],
                    "is_filled": is_filled(field),
                }
            )
        return sorted(found, key=lambda one: (one["label"].lower(), one["name"]))
