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


def test_inside_a_line_of_the_error_desk_what_all_have_is_not_repeated_and_the_record_has_room():
    columns = {column.get("name"): column for column in dict(views())["bridge_job_view_list"].iterfind("field")}
    told_above = [name for name, one in columns.items() if "bridge_of_one_sort" in one.get("column_invisible", "")]
    assert told_above == ["flow_id", "error_kind"]
    for name in ("record_label", "external_id"):
        assert not columns[name].get("optional")
        assert int(columns[name].get("width").removesuffix("px")) >= 90


def test_card_of_what_is_down_has_resume_however_long_it_rests():
    card = dict(views())["bridge_connector_view_kanban"]
    shown = card.find(".//footer/button[@name='action_resume']").get("t-if")
    assert "record.health.raw_value == 'down'" in shown.split(" or ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_action_with_a_list_says_what_to_do_where_there_is_nothing(file):
    for action in ElementTree.parse(file).iterfind(".//record[@model='ir.actions.act_window']"):
        if action.findtext("field[@name='view_mode']") != "form":
            assert action.find("field[@name='help']") is not None, action.get("id")
