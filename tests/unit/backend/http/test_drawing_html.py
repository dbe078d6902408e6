"""Drawings in the page of a case: well-formed, self-contained, and escaped."""

import re
from xml.etree import ElementTree

import pytest

from backend.drawings import drawings_of
from backend.http.html_pages import PAGES
from contracts.drawing import Drawing
from tests.unit.backend.detection.events import NEW_YORK
from tests.unit.backend.drawings.stories import STORIES, journey

MACRO = PAGES.from_string('{% from "drawing.html.jinja" import drawing %}{{ drawing(drawn) }}')
STYLE = PAGES.get_template("drawing_style.html.jinja").render()


def rendered(drawing: Drawing) -> str:
    return MACRO.render(drawn=drawing)


@pytest.mark.parametrize("rule", STORIES)
def test_drawing_is_well_formed_and_has_all_marks(rule: str) -> None:
    for drawing in drawings_of(STORIES[rule]):
        figure = ElementTree.fromstring(rendered(drawing))  # what the template wrote itself
        svg = figure.find("svg")
        assert svg is not None
        assert (svg.get("role"), svg.get("aria-label")) == ("img", drawing.summary)
        assert [each.tag for each in svg] == [mark.shape for mark in drawing.marks]
        assert len(figure.findall(".//tr")) == len(drawing.rows) + 1


@pytest.mark.parametrize("rule", STORIES)
def test_drawing_loads_nothing_and_every_mark_has_a_look(rule: str) -> None:
    for drawing in drawings_of(STORIES[rule]):
        page = rendered(drawing)
        assert re.findall(r"href|src=|url\(|<script|style=|on\w+=", page) == []
        assert {role for role in re.findall(r'class="d-(\w+)', page) if f".d-{role}" not in STYLE} == set()


def test_names_in_a_drawing_are_escaped() -> None:
    hostile = "</svg><script>alert(1)</script>"
    (drawing,) = drawings_of(journey(("PT", hostile, 38.72, -9.14), NEW_YORK))
    page = rendered(drawing)
    assert "<script" not in page
    assert page.count("</svg>") == 1
