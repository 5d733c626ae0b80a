"""Which field mappings are probably meant, from sample records and the fields of a model.

A wrong proposal costs more than none: it is read quickly, accepted, and found when records are wrong. So a path is
proposed only where its name says what it is, at a place that is about the record itself (not about its shipping
address, its owner or its plan), and where every value of the sample can be read by the field. What two places could
mean alike is left to the person.
"""

import re
from typing import NamedTuple

from .converters import make_converter
from .errors import MappingError
from .paths import parse_path

DEEPEST = 5  # how far inside a record values are looked at
MOST_PLACES = 400  # of a record with more, the first ones


class Field(NamedTuple):
    """A field of a model.

    :ivar str relation: the model that it refers to; empty if it is no relation
    :ivar tuple selection: pairs of value and label
    :ivar bool readonly: does the model fill it by itself
    """

    name: str
    label: str
    type: str
    relation: str = ""
    selection: tuple = ()
    required: bool = False
    readonly: bool = False


class Proposal(NamedTuple):
    """A field mapping that is probably meant.

    :ivar str path: empty for an expression
    :ivar str reason: a key of ``REASONS``
    :ivar str told: the name, of the field or in the record, that the reason is about
    :ivar int count: how many records of the sample have a value there
    """

    field: str
    path: str
    converter: str
    options: dict
    reason: str
    told: str
    count: int


NAME, LABEL, SYNONYM, VALUE, PARTS = "name", "label", "synonym", "value", "parts"
REASONS = (NAME, LABEL, SYNONYM, VALUE, PARTS)


# ----------------------------------------------------------------------------------------------------------------------
# What a sample has
# ----------------------------------------------------------------------------------------------------------------------


def places(documents):
    """Every place of some records that has no object in it, with what stands there.

    :param list documents: JSON
    :return: path, as a person would write it, to the values, in the order of the records
    :rtype: dict[str, list]
    """
    found = {}
    for document in documents:
        for path, value in _walk(document, "", 0):
            if path in found or len(found) < MOST_PLACES:
                found.setdefault(path, []).append(value)
    return found


def _walk(value, path, depth):
    is_deep = depth < DEEPEST
    if isinstance(value, dict) and value and is_deep:
        for name, one in value.items():
            yield from _walk(one, f"{path}.{_step(name)}" if path else _step(name), depth + 1)
        return
    if path:
        yield path, value
    if isinstance(value, list) and is_deep and any(isinstance(one, dict) for one in value):
        yield from _walk(value[0], f"{path}[0]", depth + 1)


def _step(name):
    """A key as it is written in a path."""
    plain = re.fullmatch(r'[^.\[\]"@\s](?:[^.\[\]"]*[^.\[\]"\s])?', name)
    return name if plain else '"%s"' % re.sub(r'(["\\])', r"\\\1", name)


# ----------------------------------------------------------------------------------------------------------------------
# What names mean
# ----------------------------------------------------------------------------------------------------------------------

# Parts of a record that are only wrapped around its values.
WRAPPERS = {"properties", "attributes", "fields", "data", "item"}
# Parts that have the record's own address, the likeliest first; a shipping address is another one.
ADDRESSES = ("address", "default_address", "main_address", "primary_address", "billing", "billing_address")
ADDRESSES += ("invoice_address", "postal_address", "mailing_address")
OF_ADDRESS = {"street", "street2", "city", "zip", "country_id", "state_id", "phone", "company_name"}

CARD = "vcard"
# What stands in a vCard (``remote/formats/vcard.py``), by property and part, as other systems would call it.
OF_CARD = {
    ("fn", "value"): "full_name",
    ("email", "value"): "email",
    ("tel", "value"): "phone",
    ("title", "value"): "job_title",
    ("org", "name"): "company_name",
    ("url", "value"): "website",
    ("note", "value"): "note",
    ("categories", "value"): "tags",
    ("adr", "street"): "street",
    ("adr", "city"): "city",
    ("adr", "code"): "zip",
    ("adr", "region"): "region",
    ("adr", "country"): "country",
}

# What other systems call it, the likeliest first.
SYNONYMS = {
    "name": ("name", "full_name", "fullname", "display_name", "displayname"),
    "email": ("email", "email_address", "emailaddress", "e_mail", "mail"),
    "email_from": ("email", "email_address", "emailaddress", "e_mail"),
    "phone": ("phone", "phone_number", "phonenumber", "telephone", "tel"),
    "mobile": ("mobile", "mobile_phone", "mobilephone", "mobile_number", "cell_phone"),
    "website": ("website", "website_url", "web_site", "homepage", "home_page"),
    "street": (
        "street",
        "street1",
        "line1",
        "address1",
        "address_1",
        "address_line_1",
        "address_line1",
        "street_address",
    ),
    "street2": ("street2", "line2", "address2", "address_2", "address_line_2", "address_line2"),
    "city": ("city", "town", "locality"),
    "zip": ("zip", "zip_code", "zipcode", "postal_code", "postalcode", "postcode", "plz"),
    "country_id": ("country_code", "country_iso", "country"),
    "state_id": ("state_code", "province_code", "state", "province", "region", "administrative_district_level_1"),
    "vat": ("vat", "vat_number", "vat_id", "vatnumber", "tax_number", "tax_id"),
    "function": ("job_title", "jobtitle", "job_position"),
    "company_name": ("company_name", "company", "organization_name", "organisation_name"),
    "comment": ("note", "notes", "comment", "comments"),
    "category_id": ("tags", "labels"),
    "tz": ("timezone", "time_zone"),
    "image_1920": ("avatar_url", "picture_url", "photo_url", "image_url", "avatar", "picture", "photo", "image.src"),
    "ref": ("ref", "reference", "customer_number"),
    "active": ("active", "is_active"),
    "default_code": ("default_code", "sku", "product_code", "item_code", "article_number", "internal_reference"),
    "barcode": ("barcode", "ean", "ean13", "gtin", "upc", "gtin13"),
    "list_price": ("list_price", "regular_price", "sales_price", "unit_price", "price"),
    "standard_price": ("standard_price", "cost_price", "purchase_price", "cost"),
    "product_tag_ids": ("tags",),
}
TITLE = ("title", "subject")  # what things are called; a person's title is another matter
FIRST_NAMES = ("first_name", "firstname", "given_name", "givenname", "forename")
LAST_NAMES = ("last_name", "lastname", "family_name", "familyname", "surname")

# Fields that nobody wants filled because something there is called alike.
NEVER = {
    "id",
    "create_uid",
    "create_date",
    "write_uid",
    "write_date",
    "display_name",
    "company_id",
    "state",
    "stage_id",
}
NEVER |= {"color", "sequence", "priority", "user_id", "user_ids", "password", "login", "parent_id", "type", "date"}
NEVER_BEGINS = ("message_", "activity_", "access_", "image_1024", "image_512", "image_256", "image_128", "avatar_")

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+?[\d(][\d\s().\-/]{5,}(?:\s*(?:x|ext\.?)\s*\d+)?", re.IGNORECASE)
WEBSITE = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", re.IGNORECASE)
CODE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9 .\-_/]{2,}")
SHAPES = {  # how every value of a field looks, whatever its place is called
    "email": EMAIL,
    "email_from": EMAIL,
    "phone": PHONE,
    "mobile": PHONE,
    "website": WEBSITE,
    "vat": CODE,
    "barcode": re.compile(r"\d{8,14}"),
    "state_id": re.compile(r"[A-Z0-9]{1,3}"),
    "zip": re.compile(r"(?=.*\d)[\w \-]{2,12}"),
}


def words(text):
    """A name in small letters with underscores, however it is written: ``EmailAddress``, ``e-mail address``."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return "_".join(re.findall(r"[^\W_]+", text.lower()))


# ----------------------------------------------------------------------------------------------------------------------
# What is proposed
# ----------------------------------------------------------------------------------------------------------------------


def propose(documents, fields, mapped=(), key_of=None):
    """Field mappings for some records.

    :param list[dict] documents: sample records
    :param list[Field] fields: of the model
    :param mapped: names of fields and paths that are mapped already
    :param key_of: a function of a model and some values: the field of that model in which each of them is found in just
        one record; None if there is none
    :rtype: list[Proposal]
    """
    return _Proposer(documents, fields, set(mapped), key_of or (lambda _model, _values: None)).work()


class _Place(NamedTuple):
    """A place that is about the record itself."""

    path: str
    name: str  # in small letters with underscores
    address: int  # the place in ``ADDRESSES`` of the part that it is in; -1 if it is in none
    values: list


class _Proposer:
    def __init__(self, documents, fields, mapped, key_of):
        self.fields = {one.name: one for one in fields if not (one.readonly or _is_never(one.name))}
        self.mapped, self.key_of, self.total = mapped, key_of, len(documents)
        own = [_own_place(path, values, documents) for path, values in places(documents).items()]
        self.places = [one for one in own if one and one.path not in mapped]
        self.all = {one.path: one for one in own if one}

    def work(self):
        found = {}
        for name, field in self.fields.items():
            if name not in self.mapped:
                proposal = self._known(field) or self._same(field)
                if proposal:
                    found[name] = proposal
        if "name" in self.fields and "name" not in found and "name" not in self.mapped:
            parts = self._parts()
            found |= {"name": parts} if parts else {}
        return self._each_path_once(found)

    def _each_path_once(self, found):
        """A place fills one field: the one that is called so; if both are, the person decides."""
        by_path = {}
        for one in found.values():
            by_path.setdefault(one.path or one.field, []).append(one)
        kept = []
        for rivals in by_path.values():
            best = min(REASONS.index(one.reason) for one in rivals)
            rivals = [one for one in rivals if REASONS.index(one.reason) == best]
            kept += rivals if len(rivals) == 1 else []
        order = list(self.fields)
        return sorted(kept, key=lambda one: order.index(one.field))

    def _known(self, field):
        """By what other systems call it."""
        names = SYNONYMS.get(field.name, ())
        if field.name == "name" and "email" not in self.fields:
            names += TITLE
        allowed = range(-1, len(ADDRESSES)) if field.name in OF_ADDRESS else (-1,)
        candidates = [one for one in self.places if one.name in names and one.address in allowed and one.values]
        for place in sorted(candidates, key=lambda one: (one.address, names.index(one.name))):
            if SHAPES.get(field.name) and not all(_fits(SHAPES[field.name], one) for one in _some(place.values)):
                continue
            proposal = self._read(field, place, NAME if place.name == field.name else SYNONYM)
            if proposal:
                return proposal
        return None

    def _same(self, field):
        """By its own name or label, where just one place is called so."""
        bare = re.sub(r"^x_(studio_)?|_ids?$", "", field.name)
        for reason, name in ((NAME, field.name), (NAME, bare), (LABEL, words(field.label))):
            candidates = [one for one in self.places if one.name == name and one.address == -1]
            if field.name not in SYNONYMS and len(name) > 2 and len(candidates) == 1:
                proposal = self._read(field, candidates[0], reason)
                if proposal:
                    return proposal
        return None

    def _parts(self):
        """A name that is in two parts."""
        own = [one for one in self.places if one.address == -1]
        first = next((one for one in own if one.name in FIRST_NAMES and _all(one.values, str)), None)
        last = next((one for one in own if one.name in LAST_NAMES and _all(one.values, str)), None)
        is_plain = (
            first and last and all(re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", one.path) for one in (first, last))
        )
        if not is_plain:
            return None
        options = {"expression": f"join(' ', [{first.path}, {last.path}][?@])"}
        count = max(len(_some(first.values)), len(_some(last.values)))
        return Proposal("name", "", "expression", options, PARTS, f"{first.path}, {last.path}", count)

    def _read(self, field, place, reason):
        """A proposal, if every value can be read by a converter that fills fields of this type."""
        values = _some(place.values, keeps_false=field.type == "boolean")
        made = self._converter(field, place, values) if values else None
        if made is None:
            return None
        converter, options, is_found = made
        if field.type != "boolean" and any(one is False for one in place.values):
            options = {**options, "empty": [False]}  # as Odoo itself writes it
        try:
            reader = make_converter(converter, options)
            for value in values:
                reader.read(value)
        except MappingError:
            return None
        told = place.path if reason == SYNONYM else field.label if reason == LABEL else field.name
        return Proposal(field.name, place.path, converter, options, VALUE if is_found else reason, told, len(values))

    # ------------------------------------------------------------------------------------------------------------------
    # By type: converter, options, and whether the values themselves are the reason; None if the values do not fit
    # ------------------------------------------------------------------------------------------------------------------

    def _converter(self, field, place, values):
        make = getattr(self, f"_for_{field.type}", None)
        return make(field, place, values) if make else None

    def _for_char(self, field, place, values):
        is_code = field.name in ("barcode", "default_code", "ref", "zip", "vat", "phone")
        texts = [one for one in values if isinstance(one, str) or (is_code and type(one) is int)]
        is_short = all(len(str(one)) <= 250 and "\n" not in str(one) for one in texts)
        return ("text", {}, False) if len(texts) == len(values) and is_short and not _is_markup(texts) else None

    def _for_text(self, field, place, values):
        if not _all(values, str):
            return None
        return ("html" if _is_markup(values) else "text"), {}, False

    def _for_html(self, field, place, values):
        if not _all(values, str):
            return None
        return "html", ({} if _is_markup(values) else {"plain_text": True}), False

    def _for_boolean(self, field, place, values):
        return ("boolean", {}, False) if _all(values, bool) else None

    def _for_integer(self, field, place, values):
        return ("integer", {}, False) if all(type(one) is int for one in values) else None

    def _for_float(self, field, place, values):
        # Amounts of a place called so are in major units; whole numbers alone may be cents.
        is_number = all(_is_decimal(one) for one in values)
        is_price = "price" in field.name or field.type == "monetary"
        is_whole = all(type(one) is int for one in values)
        if is_price and is_whole and any(one >= 1000 for one in values):
            return None
        if self._is_other_unit(place):
            return None
        return ("decimal", {}, False) if is_number else None

    _for_monetary = _for_float

    def _is_other_unit(self, place):
        """Does the record say beside a weight or length that it is not in Odoo's kilograms and metres?"""
        beside = re.sub(r'[^."\[\]]+$', "", place.path)
        units = [
            one.values
            for path, one in self.all.items()
            if path.startswith(beside)
            and one.name in (f"{place.name}_unit", f"{place.name}_units", f"{place.name}_uom")
        ]
        return any(
            str(value).lower() not in ("kg", "kgs", "kilogram", "m") for found in units for value in _some(found)
        )

    def _for_date(self, field, place, values):
        day = re.compile(r"\d{4}-\d\d-\d\d")
        return ("date", {}, False) if all(_fits(day, one) for one in values) else None

    def _for_datetime(self, field, place, values):
        moment = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
        return ("datetime", {}, False) if all(_fits(moment, one) for one in values) else None

    def _for_selection(self, field, place, values):
        if not _all(values, str):
            return None
        known = {value for value, _label in field.selection if isinstance(value, str)}
        if known.issuperset(values):
            return "selection", {}, True
        labels = {label.strip().lower(): value for value, label in field.selection}
        if all(one.strip().lower() in labels for one in values):
            return "selection", {"values": {one: labels[one.strip().lower()] for one in dict.fromkeys(values)}}, True
        return None

    def _for_binary(self, field, place, values):
        return ("image", {}, False) if all(_fits(re.compile(r"https?://\S+"), one) for one in values) else None

    def _for_many2one(self, field, place, values):
        if field.relation == "res.country":
            return self._country(field, values)
        if field.relation == "res.country.state":
            country = self._country_beside(place)
            within = {"country_id.code": country.path} if country else None
            return ("many2one_key", {"field": "code", "within": within, "optional": True}, False) if within else None
        item = {}
        if all(isinstance(one, list) and len(one) == 2 and isinstance(one[1], str) for one in values):
            values, item = [one[1] for one in values], {"item": "[1]"}  # as Odoo itself writes it
        key = self.key_of(field.relation, values) if _all(values, str) else None
        return ("many2one_key", {"field": key, **item}, True) if key else None

    def _country(self, field, values):
        if all(_fits(re.compile("[A-Z]{2}"), one) for one in values):
            return "many2one_key", {"field": "code"}, False
        key = self.key_of(field.relation, values) if _all(values, str) else None
        return ("many2one_key", {"field": key}, True) if key else None

    def _country_beside(self, place):
        """Where the code of the country is, in the part of the record that a state stands in."""
        beside = place.path[: -len(place.path.rpartition(".")[2])]
        for one in self.all.values():
            is_country = one.name in SYNONYMS["country_id"] and one.path.rpartition(".")[0] == beside.rstrip(".")
            if (
                is_country
                and _some(one.values)
                and all(_fits(re.compile("[A-Z]{2}"), code) for code in _some(one.values))
            ):
                return one
        return None

    def _for_many2many(self, field, place, values):
        if field.name not in ("category_id", "product_tag_ids", "tag_ids"):
            return None
        options = {"field": "name", "create": True}
        if all(isinstance(one, list) and _all(one, str) for one in values):
            return ("many2many_key", options, False) if any(values) else None
        if _all(values, str) and any(", " in one for one in values):
            return "many2many_key", {**options, "separator": ", "}, False
        return None


def _own_place(path, values, documents):
    """A place as one of the record itself; None if it is about something else."""
    steps = parse_path(path).steps
    if steps[0] == CARD:
        return _place_of_card(path, steps, values, documents)
    if not all(isinstance(one, str) for one in steps):
        return None  # in a list: which of them is meant is not known
    *outer, last = map(words, steps)
    while outer and outer[0] in WRAPPERS:
        outer = outer[1:]
    if outer == ["image"]:
        return _Place(path, f"image.{last}", -1, values)
    if not outer:
        return _Place(path, last, -1, values)
    if len(outer) == 1 and outer[0] in ADDRESSES:
        return _Place(path, last, ADDRESSES.index(outer[0]), values)
    return None


def _place_of_card(path, steps, values, documents):
    """A place of a vCard, each property of which is a list; None where a card has several: which is not known."""
    name = OF_CARD.get((steps[1], steps[-1])) if len(steps) == 4 else None
    items = [parse_path(f"{CARD}.{steps[1]}").read(one) for one in documents] if name else []
    is_several = any(isinstance(one, list) and len(one) > 1 for one in items)
    return _Place(path, name, -1, values) if name and not is_several else None


def _is_never(name):
    return name in NEVER or name.startswith(NEVER_BEGINS)


def _some(values, keeps_false=False):
    """Those values that say something."""
    said = [one for one in values if one is not None and one not in ("", [], {})]
    return said if keeps_false else [one for one in said if one is not False]


def _all(values, kind):
    return bool(values) and all(isinstance(one, kind) for one in values if one is not None)


def _fits(shape, value):
    return isinstance(value, (str, int)) and not isinstance(value, bool) and bool(shape.fullmatch(str(value).strip()))


def _is_decimal(value):
    if isinstance(value, bool):
        return False
    return isinstance(value, (int, float)) or (isinstance(value, str) and bool(re.fullmatch(r"-?\d+(\.\d+)?", value)))


def _is_markup(values):
    return any(re.search(r"<[a-zA-Z/][^<>]*>", one) for one in values if isinstance(one, str))
