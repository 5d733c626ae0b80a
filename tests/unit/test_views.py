"""What all views have in common."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [*sorted((ROOT / "views").glob("*.xml")), *sorted((ROOT / "wizards").glob("*.xml"))]
LOOKED_AT = ("list", "kanban", "form", "pivot")


def views():
    """:return: id and root of each view of ours that a person looks at"""
    for file in FILES:
        for record in ElementTree.parse(file).iter("record"):
            arch = record.find("field[@name='arch']")
            if record.get("model") == "ir.ui.view" and arch is not None and arch[0].tag in LOOKED_AT:
                yield record.get("id"), arch[0]


@pytest.mark.parametrize(("name", "root"), [pytest.param(*one, id=one[0]) for one in views()])
def test_each_view_has_the_class_by_which_static_src_looks_finds_it(name, root):
    assert "o_bridge" in root.get("class", "").split()


def test_there_are_views():
    assert len(list(views())) > 50


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_action_with_a_list_says_what_to_do_where_there_is_nothing(file):
    for action in ElementTree.parse(file).iterfind(".//record[@model='ir.actions.act_window']"):
        if action.findtext("field[@name='view_mode']") != "form":
            assert action.find("field[@name='help']") is not None, action.get("id")
