"""Keys are compared as people mean them, and one rule says so for all who compare."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_bridge.mapping.alike import CODE, EMAIL, EXACT, IGNORE_CASE, PHONE, WAYS, alike, rough, usual_way


@pytest.mark.parametrize(
    ("way", "one", "other"),
    [
        (EMAIL, "Ann.Lee@Example.com", "ann.lee@example.com"),
        (EMAIL, " ann.lee@example.com ", "Ann.Lee@Example.com"),
        (EMAIL, '"Ann Lee" <Ann.Lee@Example.com>', "ann.lee@example.com"),
        (CODE, "BE 0477.472.701", "BE0477472701"),
        (CODE, "be-0477-472-701", "BE0477472701"),
        (PHONE, "+32 470/12.34.56", "+32470123456"),
        (PHONE, "0032 470 12 34 56", "+32 (0)470 12 34 56"),
        (IGNORE_CASE, " Ann  Lee ", "ann lee"),
        (IGNORE_CASE, "ÉLAN", "élan"),
        (IGNORE_CASE, "Ann\u00a0Lee", "Ann Lee"),
        (EXACT, 24, 24),
    ],
)
def test_values_that_people_take_for_the_same_are_the_same(way, one, other):
    assert alike(one, way) == alike(other, way)


@pytest.mark.parametrize(
    ("way", "one", "other"),
    [
        (EXACT, "Ann", "ann"),
        (EXACT, "24", 24),
        (EMAIL, "ann.lee@example.com", "annlee@example.com"),
        (EMAIL, "ann@example.com", "ann@example.org"),
        (CODE, "BE0477472701", "BE0477472702"),
        (CODE, "007", "7"),
        (PHONE, "1-800-FLOWERS", "1-800-LAWYERS"),
        (PHONE, "+32 2 123 45 67", "+32 2 123 45 67 ext. 8"),
        (PHONE, "0470 12 34 56", "+32 470 12 34 56"),  # of which country the first is, it does not say
        (IGNORE_CASE, "Ann Lee", "AnnLee"),
    ],
)
def test_values_that_may_mean_something_else_are_not_the_same(way, one, other):
    assert alike(one, way) != alike(other, way)


@pytest.mark.parametrize(("way", "value"), [(PHONE, "-"), (CODE, " . "), (EMAIL, " "), (IGNORE_CASE, "\t")])
def test_text_that_means_nothing_names_no_record(way, value):
    assert alike(value, way) is None


@given(st.text(), st.sampled_from(["", " ", ".", "-", "\u00a0", "<", ">", "00", "(0)"]), st.sampled_from(WAYS[1:]))
def test_alike_values_are_found_by_what_the_database_is_asked_for(text, odd, way):
    variants = [text, text.upper(), text.lower(), odd + text, text + odd, " ".join(text.split()), f"x <{text}>"]
    for one in variants:
        for other in variants:
            if alike(one, way) == alike(other, way) is not None:
                assert rough(one, way) == rough(other, way)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("email", EMAIL),
        ("partner_email", EMAIL),
        ("email_from", EMAIL),
        ("vat", CODE),
        ("phone", PHONE),
        ("ref", EXACT),
        ("name", EXACT),
        ("emailed", EXACT),
    ],
)
def test_field_that_says_what_it_is_is_compared_as_that(name, way):
    assert usual_way(name) == way
