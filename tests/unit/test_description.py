"""What Odoo's shop of apps, the README and doc/ show is there, and is made by `./dev/shots --description`."""

import ast
import re
import struct
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "static" / "description"
PAGES = [FOLDER / "index.html", ROOT / "README.rst", *sorted((ROOT / "doc").rglob("*.rst"))]
NAMED = re.compile(r'(?:src="|static/description/)([\w-]+\.png)')
MOST_BYTES = 900_000  # of all pictures: they are in the wheel

sys.path.append(str(ROOT / "dev"))

from bridge_dev.shots_description import BANNER, PICTURES  # noqa: E402


def named(page):
    return set(NAMED.findall(page.read_text()))


def size(picture):
    """Width and height, as the first chunk of a PNG file says them."""
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


@pytest.mark.parametrize("page", [page for page in PAGES if named(page)], ids=lambda page: page.name)
def test_each_picture_that_is_named_is_there(page):
    assert named(page) <= {picture.name for picture in FOLDER.glob("*.png")}


def test_each_picture_that_is_there_is_made_by_the_tool_and_named():
    made = {f"{name}.png" for name in PICTURES}
    assert {picture.name for picture in FOLDER.glob("*.png")} == made | {"banner.png", "icon.png"}
    assert made == set().union(*map(named, PAGES))


def test_pictures_are_what_the_tool_makes():
    for name, picture in PICTURES.items():
        width, height = size(FOLDER / f"{name}.png")
        assert (width, height) <= (picture.width, picture.height)
        assert width == picture.width


def test_the_shop_of_apps_gets_icon_and_banner():
    assert size(FOLDER / "banner.png") == BANNER == (560, 280)
    assert size(FOLDER / "icon.png") == (140, 140)
    assert ast.literal_eval((ROOT / "__manifest__.py").read_text())["images"] == ["static/description/banner.png"]


def test_pictures_do_not_make_the_wheel_heavy():
    assert sum(picture.stat().st_size for picture in FOLDER.glob("*.png")) < MOST_BYTES
