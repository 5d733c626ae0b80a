"""A whole document at once: the rules of a flow, applied.

Three things a remote can say without saying a value, each with its own effect per field: the key is *missing*, its
value is *null* (or one of the values that the converter's ``empty`` option names), or it is *empty* (``""``, ``[]``,
``{}``).
"""

import copy
import re
from dataclasses import dataclass, field

from .alike import EXACT, IGNORE_CASE, alike, usual_way
from .converter import Converter
from .converters import external_id
from .errors import ConversionError, MappingError
from .fingerprint import fingerprint
from .paths import MISSING, parse_expression
from .references import EMPTIED, Nested
from .yes_no import NO, YES

PLACES = ("id", "updated", "version", "deleted", "reference")  # where a record says what it is
DELETED = "deleted"  # the fingerprint of a tombstone
KEEP, CLEAR, CLEAR_ALWAYS, DEFAULT, REJECT = "keep", "clear", "clear_always", "default", "reject"
NULL, EMPTY = "null", "empty"  # what is sent for an empty field of Odoo; KEEP sends nothing, REJECT refuses


@dataclass(frozen=True)
class Rule:
    """One field mapping, compiled.

    :ivar str field: the Odoo field
    :ivar Path path: where the value is in the document; None for converters that find it by themselves
    :ivar Converter converter: how it is read and written
    :ivar dict effects: ``missing``, ``null``, ``empty`` to one of keep, clear, clear_always, default, reject
    :ivar default: the remote value that stands in, for the effect *default*
    :ivar bool required: is a record without it refused
    :ivar bool create_only: is it set when the record is created, and never again
    :ivar bool checked: is it never set, but held against what Odoo computes
    :ivar str authority: who wins when both sides changed it
    :ivar str direction: which ways are open
    :ivar str when_empty: what is sent for an empty field: null, empty, keep or reject
    :ivar Mapper child: the mapper of the records inside, for nested records
    :ivar Path write_path: where the value is put in what is sent; None: where it is read
    """

    field: str
    path: object
    converter: object
    effects: dict
    default: object = None
    required: bool = False
    create_only: bool = False
    checked: bool = False
    key: bool = False
    authority: str = "remote"
    direction: str = "pull"
    when_empty: str = "null"
    child: object = None
    write_path: object = None

    @property
    def pulls(self):
        return self.direction != "push"

    @property
    def pushes(self):
        return self.direction != "pull" and self.converter.both_ways and self.path is not None

    @property
    def target(self):
        """Where the value is in a document that is sent.

        :rtype: Path
        """
        return self.write_path or self.path

    @property
    def is_nested(self):
        """Are the values records inside the record?"""
        return self.reader.name == "nested"

    @property
    def reader(self):
        """The converter that makes Odoo's value: the one behind a fixed or computed value, or the converter itself."""
        return getattr(self.converter, "then", None) or self.converter

    @property
    def readers(self):
        """All converters that may make Odoo's value."""
        return getattr(self.converter, "readers", None) or [self.reader]

    @property
    def is_keyed(self):
        return bool(self.keyed_settings.get("field"))

    @property
    def way(self):
        """How its values are compared where it is a key (mapping/alike.py)."""
        if self.is_keyed:
            return EXACT  # the value is a record; "compare" is about how that one is found
        return self.keyed_settings.get("compare") or usual_way(self.field)

    def sought(self, value):
        """What a value of the other system is as a key, for records that the other system has found or made.

        It was asked for them, so letters and blanks tell nothing apart that it holds for the same.
        """
        return alike(str(value), IGNORE_CASE if self.way == EXACT else self.way)

    def says_nothing(self, value):
        """Is this an empty Odoo value that leaves the remote's value as it is?"""
        return self.when_empty == KEEP and self.converter.is_empty(value)

    def written(self, value):
        """What stands for an Odoo value in the remote document; ``MISSING`` where nothing is sent.

        :raises MappingError: naming the field
        """
        try:
            if not self.converter.is_empty(value):
                return self.converter.write_bare(value) if self.write_path else self.converter.write(value)
            if self.required or self.when_empty == REJECT:
                raise ConversionError("empty_in_odoo", path=self._place())
            return {NULL: self.converter.null, EMPTY: self.converter.nothing, KEEP: MISSING}[self.when_empty]
        except MappingError as error:
            error.field = self.field
            raise

    @property
    def keyed_settings(self):
        """The options of the converter that looks records up by a field, also behind a fixed or computed value."""
        return self.reader.settings

    def source(self, document):
        """The remote value as it stands in the document, or ``MISSING``.

        :raises MappingError: naming the field
        """
        try:
            return self.converter.source(document) if self.path is None else self.path.read(document)
        except MappingError as error:
            error.field = self.field
            raise

    def read(self, document):
        """The value in Odoo's terms; ``MISSING`` where Odoo keeps what it has; False where it is cleared.

        :raises MappingError: naming the field
        """
        return self.take(self.source(document), document)

    def take(self, value, document):
        """The same of what stands in the document, as ``source`` has read it.

        :raises MappingError: naming the field
        """
        try:
            if self.write_path:
                value = self.converter.in_shape(value)
            effect = self._effect(value)
            if effect is None:
                return self._present(self.converter.read_in(value, document))
            if effect == DEFAULT and self.default is not None:
                return self.converter.read_in(self.default, document)
            if self.required or effect == REJECT:
                raise ConversionError(_what_is_absent(value, self.converter), path=self._place())
            return {KEEP: MISSING, CLEAR_ALWAYS: EMPTIED}.get(effect, False)
        except MappingError as error:
            error.field = self.field
            raise

    def _present(self, value):
        if self.required and value == "":  # text of nothing but white space, stripped
            raise ConversionError("empty", path=self._place())
        return value

    def _effect(self, value):
        if value is MISSING:
            return self.effects["missing"]
        if self.converter.is_null(value):
            return self.effects["null"]
        if not value and value in ("", [], {}):  # nearly all say something
            return self.effects["empty"]
        return None

    def _place(self):
        return self.path.text if self.path else self.converter.settings.get("expression", "")


def _what_is_absent(value, converter):
    if value is MISSING:
        return "missing"
    return "null" if converter.is_null(value) else "empty"


@dataclass
class Identity:
    """What a document is.

    :ivar str external_id: the remote id; None if it has none
    :ivar str fingerprint: equal for documents that the mapping can not tell apart
    :ivar bool deleted: is it a tombstone
    :ivar updated: when the remote says that it was changed
    :ivar version: the remote's version of it
    :ivar MappingError error: why it can not be identified
    """

    external_id: str = None
    fingerprint: str = ""
    deleted: bool = False
    updated: object = None
    version: object = None
    error: MappingError = None


@dataclass
class Mapped:
    """What the mapping made of one document.

    :ivar dict values: Odoo field to value or reference; fields that Odoo keeps are not in it
    :ivar MappingError error: the first field that could not be read; None if all could
    """

    values: dict = field(default_factory=dict)
    error: MappingError = None


class Mapper:
    """The rules of one flow.

    :param list[Rule] rules: in the order of the form
    :param dict record: JMESPath of ``id``, ``updated``, ``version``, ``deleted``; only ``id`` is needed
    :param bytes salt: changes with the configuration, so that a changed mapping looks at every record again
    :ivar tuple[Rule] nested: those for records inside the record
    :ivar tuple[Rule] plain: all others
    :ivar tuple[Rule] referring: of these, the ones whose values may be references
    :ivar frozenset[str] fields: all of Odoo that they name
    :ivar tuple[str] keys: the fields by which records are matched
    """

    def __init__(self, rules, record, salt=b""):
        self.rules = tuple(rules)
        self.salt = salt
        self.nested = tuple(rule for rule in self.rules if rule.is_nested)
        self.plain = tuple(rule for rule in self.rules if not rule.is_nested)
        self.referring = tuple(rule for rule in self.plain if rule.converter.refers)
        self.fields = frozenset(rule.field for rule in self.rules)
        self.keys = tuple(rule.field for rule in self.rules if rule.key)
        self._places = {name: parse_expression(text) for name, text in record.items() if text}
        self._parts = [_part_of(rule) for rule in self.rules]

    def external_id(self, document):
        """The remote id as text.

        :raises ConversionError: if there is none
        """
        if not isinstance(document, dict):
            raise ConversionError("not_object", value=document)
        value = self._places["id"].read(document)
        if value is None:
            raise ConversionError("no_id", path=self._places["id"].text)
        return external_id(value)

    def identify(self, document):
        """What a document is, before it is mapped.

        :rtype: Identity
        """
        return self._identified(document)[0]

    def _identified(self, document):
        """The same, and what its rules have read of it; None where there is nothing to map."""
        identity, sources = Identity(), None
        try:
            identity.external_id = self.external_id(document)
            identity.deleted = is_deleted(self.about(document, "deleted"))
            identity.updated = self.about(document, "updated")
            identity.version = self.about(document, "version")
            if identity.deleted:
                identity.fingerprint = DELETED
            else:
                sources = self._sources(document)
                identity.fingerprint = self.fingerprint(document, sources)
        except MappingError as error:
            identity.error = error
        return identity, sources

    def only_identify(self, document):
        """:rtype: tuple[Identity, None]"""
        return self.identify(document), None

    def identify_and_map(self, document):
        """:return: identity, and what the mapping makes of the document; None where there is nothing to map
        :rtype: tuple[Identity, Mapped | None]
        """
        identity, sources = self._identified(document)
        return identity, None if identity.error or identity.deleted else self.map(document, sources)

    def about(self, document, name):
        """The record's ``updated``, ``version`` or ``deleted``; None where the flow or the record has none."""
        place = self._places.get(name)
        return place.read(document) if place else None

    def fingerprint(self, document, sources=None):
        """Equal for documents that the mapping can not tell apart.

        :param list sources: what the rules have read of it already
        :rtype: str
        :raises MappingError: if an expression can not be applied
        """
        return fingerprint(self._content(document, sources or self._sources(document)), self.salt)

    def _sources(self, document):
        return [source(document) for source, _also_reads, _child in self._parts]

    def _content(self, document, sources):
        """What a fingerprint is made of: all that the mapping reads of a document."""
        return [
            _part(document, value, also_reads, child)
            for value, (_source, also_reads, child) in zip(sources, self._parts, strict=True)
        ]

    def identified_content(self, document):
        """Content and id of a record inside another one, as its parent's fingerprint sees it."""
        if not isinstance(document, dict):
            return document
        remote_id = self._places["id"].read(document) if "id" in self._places else None
        return [remote_id, self._content(document, self._sources(document))]

    def map(self, document, sources=None):
        """Read every field.

        :param list sources: what the rules have read of it already, to be identified
        :rtype: Mapped
        """
        mapped = Mapped()
        for position, rule in enumerate(self.rules):
            try:
                value = rule.read(document) if sources is None else rule.take(sources[position], document)
            except MappingError as error:
                mapped.error = error
                return mapped
            if value is not MISSING:
                mapped.values[rule.field] = value
        return mapped

    def write(self, values, base=None):
        """The remote document that these Odoo values make.

        :param dict values: Odoo field to value, relations already as external ids or keys
        :param dict base: the remote record, where it is known: what is beside a value in a list stays
        :rtype: dict
        :raises MappingError: naming the field
        """
        document = self._lists_of(base, values) if base else {}
        for rule in self.rules:
            if rule.field not in values or rule.path is None or not rule.converter.both_ways:
                continue
            value = rule.written(values[rule.field])
            if value is MISSING:
                continue
            try:
                rule.target.write(document, value)
            except MappingError as error:
                error.field = rule.field
                raise
        return document

    def _lists_of(self, base, values):
        """Copies of the top-level values of a record in which these values are inside a list."""
        places = (rule.target for rule in self.rules if rule.field in values and rule.path is not None)
        tops = {place.steps[0] for place in places if place.is_in_list and isinstance(place.steps[0], str)}
        return {top: copy.deepcopy(base[top]) for top in tops if isinstance(base.get(top), (dict, list))}


def _part_of(rule):
    """What a rule reads of a document, for its fingerprint: two functions of the document, and the mapper inside."""
    converter = rule.converter
    reads_alone = type(converter).also_reads is Converter.also_reads  # nearly all do
    source = converter.source if rule.path is None else rule.path.read
    return source, None if reads_alone else converter.also_reads, rule.child


def _part(document, value, also_reads, child):
    if value is MISSING:
        return []  # not the same as null, which is [None]
    if child and isinstance(value, (list, dict)):
        documents = [value] if isinstance(value, dict) else value
        return [[child.identified_content(document) for document in documents]]
    return [value, *also_reads(document)] if also_reads else [value]


# Texts in which systems say yes and no; a moment at which it was deleted says yes, one of nothing but zeros says no.
_NO = NO | {"", "0.0", "none", "null", "nil", "never"}
_YES = YES | {"x", "d", "deleted", "removed", "trash", "trashed", "archived", "gone"}
_NO_MOMENT = re.compile(r"[0:.\-/ TZ+]+")
_MOMENT = re.compile(r"\d[\d:.,\-/ TZ+]{3,}|/Date\(\d+.*", re.IGNORECASE)


def is_deleted(marker):
    """Does what stands at the deleted marker say that the record is deleted?

    :param marker: any JSON value
    :rtype: bool
    :raises ConversionError: if it is a text that may mean either
    """
    if not isinstance(marker, str):
        return bool(marker)
    text = marker.strip().lower()
    if text in _YES:
        return True
    if text in _NO or _NO_MOMENT.fullmatch(text.upper()):
        return False
    if _MOMENT.fullmatch(text):
        return True
    raise ConversionError("not_deleted", value=marker)


def nested_documents(value):
    """The documents of a nested value; none where the field was cleared.

    :rtype: tuple
    """
    return value.documents if isinstance(value, Nested) else ()
