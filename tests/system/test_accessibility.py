"""Every screen of the app, as it is in the demo, for people who do not see well or use no mouse (promise 5).

axe-core looks at what is ours of each screen; what it finds in Odoo's own parts is listed, with its reason, in
`dev/bridge_dev/axe_not_ours.json`. `./dev/shots --axe --only SCREEN` shows it, with a picture.
"""

import json
from pathlib import Path

import pytest
from bridge_dev import shots
from bridge_dev.workplace import Workplace

NOT_OURS = Path(shots.__file__).with_name("axe_not_ours.json")
FAULTY = """<main id="faulty" style="position: fixed; inset: 0; z-index: 9999; background: #fff">
    <p style="color: #bbb; background: #fff">Too pale to be read</p><img src="data:,"><button></button></main>"""


@pytest.fixture(scope="module")
def place():
    with shots.Place(Workplace()) as place:
        yield place


@pytest.fixture(scope="module")
def found(place):
    screens = place.screens()
    # How dark it is, and on which side it begins, makes no other faults on a phone than at a desk, or for another role.
    once = [{**one, "users": one["users"][:1]} for one in screens]
    others = place.visit(once, widths=[1400], looks=["dark", "rtl"], axe=True)
    return place.visit(screens, looks=["light"], axe=True) + others


def test_every_screen_opens_at_both_widths_and_in_each_look(place, found):
    assert [f"{shots.name(one)}: {problem}" for one in found for problem in one["problems"]] == []
    seen = {(one["screen"], one["width"], one["look"]) for one in found}
    screens = place.screens()
    assert {(one["name"], width, "light") for one in screens for width in shots.WIDTHS} <= seen
    looks = {(one["name"], 1400, look) for one in screens for look in one["looks"] or ("dark", "rtl")}
    assert looks <= seen


def test_axe_finds_nothing_serious_on_any_screen(found):
    assert [line for one in found for line in shots.violations(one)] == []


def test_axe_would_find_what_keeps_people_out(place):
    """Else the test above would be satisfied by a look at nothing."""
    screen = next(one for one in place.screens(["connectors-list"]))
    spoilt = {**screen, "name": "spoilt", "added": FAULTY, "region": "#faulty", "users": screen["users"][:1]}
    (one,) = place.visit([spoilt], widths=[1400], looks=["light"], axe=True)
    assert {rule["id"] for rule in one["violations"]} >= {"color-contrast", "image-alt", "button-name"}
    assert len(shots.violations(one)) >= 3
    assert all(line.startswith("spoilt-1400-light: ") for line in shots.violations(one))


def test_what_is_not_ours_is_named_with_a_reason():
    for one in json.loads(NOT_OURS.read_text()):
        assert one["rules"] and one["selector"] and one["why"]
