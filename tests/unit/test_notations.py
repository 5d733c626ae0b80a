"""Numbers, yes and no, lists in one text, as they come: read as they are meant, or refused with the option to set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.converters import ByBinding, ByKey, Many, make_converter
from integration_bridge.mapping.errors import ConversionError, OptionError
from integration_bridge.mapping.mapper import Mapper, Rule, is_deleted
from integration_bridge.mapping.paths import MISSING, parse_path
from integration_bridge.mapping.references import Money

EFFECTS = {"missing": "keep", "null": "clear", "empty": "clear"}


def read(name, value, **options):
    return make_converter(name, options).read(value)


# --- Numbers


@pytest.mark.parametrize(
    ("sign", "text", "number"),
    [
        (",", "1.234,56 €", 1234.56),
        (",", "1.234", 1234),
        (",", "12,50", 12.5),
        (",", "1 234 567,8", 1234567.8),
        (",", "1\u00a0234,5", 1234.5),
        (",", "1\u202f234,5\u00a0€", 1234.5),
        (",", "CHF 1'234,50", 1234.5),
        (",", "-5,00", -5),
        (",", "5,00-", -5),
        (",", "(5,00)", -5),
        (",", "−5", -5),
        (",", "€ -5", -5),
        (",", "1234567", 1234567),
        (",", "100 kr.", 100),
        (".", "EUR 1,234.56", 1234.56),
        (".", "1,234", 1234),
        (".", "$1,234,567.89", 1234567.89),
        (".", "-$5", -5),
        (".", "US$ 5.25", 5.25),
        (".", "12,34,567.50", 1234567.5),  # lakhs
        (".", "1234.56", 1234.56),
        (".", "+7", 7),
    ],
)
def test_number_is_read_as_its_decimal_sign_says(sign, text, number):
    assert read("decimal", text, decimal_sign=sign) == number
    if number == int(number) and number < 2**31:
        assert read("integer", text, decimal_sign=sign) == number


@pytest.mark.parametrize(
    "text", ["1,234", "1.234,56 €", "EUR 1,234.56", "€ 5", "12,50", "1 234", "1'234.50", "(5)", "5-", "5 EUR"]
)
@pytest.mark.parametrize("name", ["decimal", "integer"])
def test_text_that_may_be_several_numbers_is_refused_and_names_the_option(name, text):
    with pytest.raises(ConversionError) as caught:
        read(name, text)
    assert caught.value.reason == "number_notation"
    assert "decimal_sign" in str(caught.value)


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        (",", "1.23"),  # no group: it is the other sign
        (",", "1,234,567"),
        (".", "1.234.567"),
        (".", "1,23"),
        (".", "1,2345"),
        (".", "1,234 567"),  # two kinds of groups
        (".", "5 kg"),
        (".", "5 %"),
        (".", "(5"),
        (".", "-5-"),
        (".", ""),
        (".", "EUR"),
        (".", "1_000"),
    ],
)
def test_text_that_does_not_fit_the_decimal_sign_is_refused(sign, text):
    with pytest.raises(ConversionError) as caught:
        read("decimal", text, decimal_sign=sign)
    assert caught.value.reason == "not_decimal"


@given(st.decimals(-(10**12), 10**12, places=2), st.sampled_from([",", "."]))
def test_number_that_is_written_as_text_is_read_back(number, sign):
    convert = make_converter("decimal", {"decimal_sign": sign, "as_text": True, "digits": 2})
    assert convert.read(convert.write(float(number))) == float(number)
    grouped = f"{number:,.2f}"
    if sign == ",":
        grouped = grouped.translate({ord(","): ".", ord("."): ","})
    assert convert.read(grouped) == float(number)


# --- Minor units


def amount_rule(**options):
    converter = make_converter("decimal", {"scale_by_currency": "currency", **options})
    return Rule("amount", parse_path("amount"), converter, EFFECTS, direction="both")


@pytest.mark.parametrize(
    ("code", "minor", "major"),
    [("jpy", 5000, 5000.0), ("eur", 5000, 50.0), ("KWD", 5000, 5.0), (" EUR ", "1999", 19.99), ("CLF", 10000, 1.0)],
)
def test_amount_counts_in_the_minor_units_of_the_records_currency_both_ways(code, minor, major):
    rule = amount_rule()
    assert rule.read({"amount": minor, "currency": code}) == major
    assert rule.written(Money(major, code.strip().upper())) == int(minor)


def test_other_system_that_counts_otherwise_says_so():
    assert amount_rule(minor_units={"isk": 100}).read({"amount": 5000, "currency": "ISK"}) == 50.0
    assert amount_rule().read({"amount": 5000, "currency": "ISK"}) == 5000.0


@pytest.mark.parametrize("document", [{"amount": 1}, {"amount": 1, "currency": "XYZ"}, {"amount": 1, "currency": 978}])
def test_amount_without_a_currency_that_is_known_is_refused(document):
    with pytest.raises(ConversionError) as caught:
        amount_rule().read(document)
    assert caught.value.reason == "no_currency"
    assert caught.value.field == "amount"
    with pytest.raises(ConversionError):
        amount_rule().written(Money(5.0, None))


def test_same_amount_in_another_currency_is_another_record():
    mapper = Mapper([amount_rule()], {"id": "id"})
    euro, yen = ({"id": 1, "amount": 5000, "currency": code} for code in ("EUR", "JPY"))
    assert mapper.fingerprint(euro) != mapper.fingerprint(yen)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 100, "scale_by_currency": "c"},
        {"minor_units": {"ISK": 1}},
        {"scale_by_currency": "c", "minor_units": {"ISK": 0}},
    ],
)
def test_two_ways_to_say_the_units_are_refused_when_saved(options):
    with pytest.raises(OptionError):
        make_converter("decimal", options)


# --- Yes and no


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", "TRUE", "t", "Yes", "y", " on "])
def test_yes_is_read_without_any_setting(value):
    assert read("boolean", value) is True
    assert is_deleted(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "0", "false", "False", "F", "no", "N", "OFF "])
def test_no_is_read_without_any_setting(value):
    assert read("boolean", value) is False
    assert is_deleted(value) is False


@pytest.mark.parametrize("value", [2, -1, "2", "maybe", "ja", [], {}, [True], "null"])
def test_what_is_neither_yes_nor_no_is_refused(value):
    with pytest.raises(ConversionError) as caught:
        read("boolean", value)
    assert caught.value.reason == "not_boolean"


# --- Lists in one text


@pytest.mark.parametrize(
    ("separator", "value", "keys"),
    [
        (", ", "red, summer sale, B2B", ["red", "summer sale", "B2B"]),
        (",", "red,summer sale , B2B,", ["red", "summer sale", "B2B"]),
        (";", "red;red; blue", ["red", "blue"]),
        (" ", "red  blue\tgreen", ["red", "blue", "green"]),
        (",", " , ", []),
        (",", ["red", "blue"], ["red", "blue"]),  # a system that sends a list after all
    ],
)
def test_tags_in_one_text_are_several(separator, value, keys):
    found = read("many2many_key", value, field="name", separator=separator)
    assert found == Many(tuple(map(ByKey, keys)))


def test_ids_in_one_text_are_several_and_a_single_one_may_be_a_number():
    assert read("many2many_binding", "3,5", flow="tags", separator=",") == Many(
        (ByBinding("tags", "3"), ByBinding("tags", "5"))
    )
    assert read("many2many_binding", 3, flow="tags", separator=",") == Many((ByBinding("tags", "3"),))


def test_list_is_written_as_one_text_in_an_order_that_stays():
    convert = make_converter("many2many_key", {"field": "name", "separator": ", "})
    assert convert.write(["summer sale", "B2B", "red"]) == convert.write(["red", "summer sale", "B2B"])
    assert convert.write(["red", "B2B"]) == "B2B, red"
    assert (convert.null, convert.nothing) == (None, "")
    with pytest.raises(ConversionError) as caught:
        convert.write(["Shoes, red"])
    assert caught.value.reason == "separator_inside"


@given(st.lists(st.text(st.characters(exclude_characters=",", exclude_categories=["Z", "C"]), min_size=1), unique=True))
def test_list_in_one_text_comes_back(keys):
    convert = make_converter("many2many_key", {"field": "name", "separator": ", "})
    assert {one.value for one in convert.read(convert.write(keys)).references} == set(keys)


def test_separator_and_a_place_inside_exclude_each_other():
    with pytest.raises(OptionError):
        make_converter("many2many_key", {"field": "name", "separator": ",", "item": "id"})


# --- The first of several ways

GUESTS = [
    {"path": "customer", "converter": "many2one_binding", "options": {"flow": "customers", "empty": [0]}},
    {"path": "billing.email", "converter": "many2one_key", "options": {"field": "email", "create": True}},
]


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"customer": 7, "billing": {"email": "g@x.example"}}, ByBinding("customers", "7")),
        ({"customer": 0, "billing": {"email": "g@x.example"}}, ByKey("g@x.example")),
        ({"customer": None, "billing": {"email": "g@x.example"}}, ByKey("g@x.example")),
        ({"billing": {"email": "g@x.example"}}, ByKey("g@x.example")),
        ({"customer": 0, "billing": {"email": ""}}, False),
        ({"customer": 0}, False),
    ],
)
def test_first_way_that_says_something_counts(document, value):
    rule = Rule("partner_id", None, make_converter("first_of", {"ways": GUESTS}), EFFECTS)
    assert rule.read(document) == value
    assert rule.keyed_settings["field"] == "email"


def test_where_no_way_is_there_odoo_keeps_its_value():
    rule = Rule("partner_id", None, make_converter("first_of", {"ways": GUESTS}), EFFECTS)
    assert rule.read({"id": 1}) is MISSING


def test_same_text_by_another_way_is_another_record():
    rule = Rule("partner_id", None, make_converter("first_of", {"ways": GUESTS}), EFFECTS)
    by_id, by_email = {"customer": "7"}, {"billing": {"email": "7"}}
    mapper = Mapper([rule], {"id": "id"})
    assert mapper.fingerprint(by_id) != mapper.fingerprint(by_email)


@pytest.mark.parametrize(
    "ways",
    [
        [],
        GUESTS[:1],
        ["a", "b"],
        [GUESTS[0], {"path": "x"}],
        [GUESTS[0], {"path": "x", "converter": "nested", "options": {"flow": "a"}}],
        [GUESTS[1], GUESTS[1]],
        [GUESTS[0], {**GUESTS[1], "else": 1}],
    ],
)
def test_ways_that_can_not_be_tried_are_refused_when_saved(ways):
    with pytest.raises(OptionError):
        make_converter("first_of", {"ways": ways})


# --- Entities of HTML


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_text_with_entities_comes_back(text):
    convert = make_converter("text", {"html_entities": True})
    assert convert.read(convert.write(text)) == text


@pytest.mark.parametrize(
    ("remote", "odoo"),
    [("Tom &amp; Jerry", "Tom & Jerry"), ("Caf&eacute; &#8211; bar", "Café – bar"), ("5 < 6 & 7", "5 < 6 & 7")],
)
def test_entities_are_read_as_the_signs_that_they_are(remote, odoo):
    assert read("text", remote, html_entities=True) == odoo
    assert read("text", remote) == remote


# --- An amount for several


def price_rule(**options):
    return Rule("price", parse_path("total"), make_converter("decimal", {"per": "quantity", **options}), EFFECTS)


@pytest.mark.parametrize("quantity", [1, 3, 7, "0.125", 1.5, "-1", 999])
@pytest.mark.parametrize("total", [10.00, 0.01, 99999.99, "-0.07"])
def test_price_of_one_times_how_many_is_the_amount_to_the_cent(quantity, total):
    price = price_rule().read({"total": total, "quantity": quantity})
    assert round(price * float(quantity), 2) == float(total)


def test_amount_for_several_is_in_the_minor_units_of_its_currency():
    rule = price_rule(scale_by_currency="currency")
    assert rule.read({"total": 5000, "quantity": "2", "currency": "JPY"}) == 2500.0
    assert rule.read({"total": 5000, "quantity": "2", "currency": "USD"}) == 25.0


def test_amount_for_none_is_refused_unless_it_is_nothing():
    assert price_rule().read({"total": 0, "quantity": 0}) == 0.0
    with pytest.raises(ConversionError) as caught:
        price_rule().read({"total": 5, "quantity": "0"})
    assert caught.value.reason == "per_nothing"
    with pytest.raises(ConversionError) as caught:
        price_rule().read({"total": 5})
    assert caught.value.reason == "missing"


def test_same_amount_for_another_quantity_is_another_record():
    mapper = Mapper([price_rule()], {"id": "id"})
    two, three = ({"id": 1, "total": 6, "quantity": quantity} for quantity in (2, 3))
    assert mapper.fingerprint(two) != mapper.fingerprint(three)


def test_amount_for_several_is_only_read():
    assert not make_converter("decimal", {"per": "quantity"}).both_ways
    with pytest.raises(OptionError):
        make_converter("decimal", {"per": "a["})
