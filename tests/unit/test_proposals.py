"""Proposed field mappings: hardly any is wrong, and each says why."""

import pytest
from samples_of_systems import SAMPLES

from integration_bridge.mapping.converters import make_converter
from integration_bridge.mapping.paths import MISSING, parse_path
from integration_bridge.mapping.proposals import REASONS, Field, places, propose, words

MOST_WRONG = 0.05


def field(name, label, kind="char", relation="", selection=(), readonly=False):
    return Field(name, label, kind, relation, selection, False, readonly)


LANGUAGES = (("en_US", "English (US)"), ("fr_FR", "French"))
# As Odoo 19 has them; those that nothing could be proposed for are left out.
PARTNER = [
    field("name", "Name"),
    field("active", "Active", "boolean"),
    field("barcode", "Barcode"),
    field("category_id", "Tags", "many2many", "res.partner.category"),
    field("city", "City"),
    field("color", "Color Index", "integer"),
    field("comment", "Notes", "html"),
    field("company_id", "Company", "many2one", "res.company"),
    field("company_name", "Company Name"),
    field("company_type", "Company Type", "selection", selection=(("person", "Person"), ("company", "Company"))),
    field("complete_name", "Complete Name", readonly=True),
    field("country_code", "Country Code", readonly=True),
    field("country_id", "Country", "many2one", "res.country"),
    field("create_date", "Created on", "datetime", readonly=True),
    field("credit_limit", "Credit Limit", "float"),
    field("currency_id", "Currency", "many2one", "res.currency", readonly=True),
    field("email", "Email"),
    field("email_normalized", "Normalized Email", readonly=True),
    field("employee", "Employee", "boolean"),
    field("function", "Job Position"),
    field("image_1920", "Image", "binary"),
    field("image_128", "Image 128", "binary", readonly=True),
    field("is_company", "Is a Company", "boolean"),
    field("lang", "Language", "selection", selection=LANGUAGES),
    field("message_bounce", "Bounce", "integer"),
    field("parent_id", "Related Company", "many2one", "res.partner"),
    field("partner_latitude", "Geo Latitude", "float"),
    field("phone", "Phone"),
    field("ref", "Reference"),
    field("state_id", "State", "many2one", "res.country.state"),
    field("street", "Street"),
    field("street2", "Street2"),
    field("type", "Address Type", "selection", selection=(("contact", "Contact"), ("invoice", "Invoice"))),
    field("tz", "Timezone", "selection", selection=(("Europe/Copenhagen", "Europe/Copenhagen"), ("UTC", "UTC"))),
    field("user_id", "Salesperson", "many2one", "res.users"),
    field("vat", "Tax ID"),
    field("website", "Website Link"),
    field("zip", "Zip"),
]
PRODUCT = [
    field("name", "Name"),
    field("active", "Active", "boolean"),
    field("barcode", "Barcode"),
    field("categ_id", "Product Category", "many2one", "product.category"),
    field("default_code", "Internal Reference"),
    field("description", "Description", "html"),
    field("description_purchase", "Purchase Description", "text"),
    field("description_sale", "Sales Description", "text"),
    field("image_1920", "Image", "binary"),
    field("is_favorite", "Favorite", "boolean"),
    field("list_price", "Sales Price", "float"),
    field("product_tag_ids", "Tags", "many2many", "product.tag"),
    field("purchase_ok", "Purchase", "boolean"),
    field("sale_ok", "Sales", "boolean"),
    field("sequence", "Sequence", "integer"),
    field("standard_price", "Cost", "float"),
    field("type", "Product Type", "selection", selection=(("consu", "Goods"), ("service", "Service"))),
    field("volume", "Volume", "float"),
    field("weight", "Weight", "float"),
]
MODELS = {"partner": PARTNER, "product": PRODUCT}
COUNTRIES = {"United States", "Germany", "New Zealand"}


def key_of(model, values):
    return "name" if model == "res.country" and COUNTRIES.issuperset(values) else None


def proposed(sample):
    return {one.field: one for one in propose(sample.records, MODELS[sample.model], key_of=key_of)}


def source_of(proposal):
    return proposal.options["expression"] if proposal.converter == "expression" else proposal.path


def is_right(sample, proposal):
    return source_of(proposal) in sample.right.get(proposal.field, ())


def test_at_most_one_of_twenty_is_wrong(capsys):
    made, wrong, lines = 0, [], []
    for name, sample in SAMPLES.items():
        found = proposed(sample)
        false = [one for one in found.values() if not is_right(sample, one)]
        made += len(found)
        wrong += [f"{name}: {one.field} from {source_of(one)}" for one in false]
        lines.append(f"{name}: {len(found)} of {len(sample.right)} proposed, {len(false)} wrong")
    lines.append(f"all: {made} proposed, {len(wrong)} wrong ({len(wrong) / made:.1%})")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert made >= 100  # none at all would be none wrong
    assert len(wrong) / made <= MOST_WRONG, wrong


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_plain_is_proposed(name):
    sample = SAMPLES[name]
    found = {field for field, one in proposed(sample).items() if is_right(sample, one)}
    assert sample.found <= found


@pytest.mark.parametrize("name", SAMPLES)
def test_every_proposal_reads_every_record_and_says_why(name):
    sample = SAMPLES[name]
    for one in proposed(sample).values():
        assert one.reason in REASONS
        assert one.told
        assert 0 < one.count <= len(sample.records)
        converter = make_converter(one.converter, one.options)
        for record in sample.records:
            value = converter.source(record) if not one.path else parse_path(one.path).read(record)
            if value is not MISSING and not converter.is_null(value) and value not in ("", []):
                converter.read(value)


def only(fields, *records, **options):
    return [(one.field, one.path, one.reason) for one in propose(list(records), fields, **options)]


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({"shipping": {"city": "Lyon"}}, PARTNER),  # another address
        ({"owner": {"name": "Ada"}}, PARTNER),  # somebody else
        ({"lines": [{"name": "Ada"}]}, PARTNER),  # one of several
        ({"email": "none given"}, PARTNER),  # no e-mail address
        ({"email": None}, PARTNER),  # nothing to see
        ({"country": "Narnia"}, PARTNER),  # no country that is known
        ({"state": "enabled"}, PARTNER),  # a state of the record, not of a country
        ({"type": "User"}, PARTNER),  # no choice of the field
        ({"title": "Dr."}, PARTNER),  # of a person it is no name
        ({"price": 1990}, PRODUCT),  # perhaps cents
        ({"weight": 3, "weight_unit": "lb"}, PRODUCT),
        ({"name": "<b>Ada</b>"}, PARTNER),
        ({"active": "maybe"}, PARTNER),
        ({"vcard": {"tel": [{"value": "+1 555 0101"}, {"value": "+1 555 0102"}]}}, PARTNER),  # at work, or at home
        ({"vcard": {"n": [{"family": "Lee", "prefix": "Dr."}], "bday": [{"value": "1990-05-01"}]}}, PARTNER),
    ],
)
def test_nothing_is_proposed_where_it_could_be_wrong(record, fields):
    assert only(fields, record) == []


def test_reason_tells_how_it_was_found():
    fields = [*PARTNER, field("x_studio_club", "Club Number"), field("x_level", "Level of Trust")]
    record = {"name": "Ada", "EmailAddress": "ada@example.com", "lang": "fr_FR", "club": "7", "levelOfTrust": "high"}
    assert only(fields, record) == [
        ("name", "name", "name"),
        ("email", "EmailAddress", "synonym"),
        ("lang", "lang", "value"),
        ("x_studio_club", "club", "name"),
        ("x_level", "levelOfTrust", "label"),
    ]


def test_related_record_is_proposed_where_all_values_name_one():
    fields = [field("team_id", "Team", "many2one", "crm.team")]
    known = {"North", "South"}
    finds = lambda model, values: "name" if model == "crm.team" and known.issuperset(values) else None  # noqa: E731
    assert only(fields, {"team": "North"}, {"team": "South"}, key_of=finds) == [("team_id", "team", "value")]
    assert only(fields, {"team": "North"}, {"team": "West"}, key_of=finds) == []


def test_what_is_mapped_is_not_proposed_again():
    record = {"name": "Ada", "email": "ada@example.com", "mail": "x@example.com"}
    assert only(PARTNER, record, mapped={"name", "email"}) == []


def test_what_odoo_fills_itself_is_not_proposed():
    assert only([field("name", "Name", readonly=True)], {"name": "Ada"}) == []


def test_place_fills_one_field():
    fields = [field("x_club", "Club"), field("x_studio_club", "Number")]
    assert only(fields, {"club": "7"}) == []  # which of them is meant is not known


def test_places_are_paths_that_read_what_is_there():
    record = {"a.b": {"c": 1}, 'say "x"': 2, "@": 3, " e ": 4, "list": [{"n": 5}], "texts": ["x"], "empty": {}}
    found = places([record])
    assert {path: parse_path(path).read(record) for path in found} == {path: one[0] for path, one in found.items()}
    assert set(found) == {'"a.b".c', r'"say \"x\""', '"@"', '" e "', "list", "list[0].n", "texts", "empty"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EmailAddress", "email_address"),
        ("e-mail address", "e_mail_address"),
        ("VATNumber", "vat_number"),
        ("Zürich", "zürich"),
    ],
)
def test_words_of_a_name(text, expected):
    assert words(text) == expected
