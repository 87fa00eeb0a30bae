"""Charts: told in words, coloured by classes, the same every time, and never more than the rows of their table."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from defusedxml import ElementTree as ET

from reports.charts.bars import Bar, BarChart
from reports.charts.drawing import INKS, WIDTH, Chart
from reports.charts.inline import svg
from reports.charts.picture import png
from reports.charts.strip import Strip, StripChart, stacked
from reports.charts.waterfall import Step, WaterfallChart
from reports.charts.years import YearPoint, YearsChart
from tests.conftest import ROOT

HOSTILE = "<script>alert(1)</script>&\"'$\\frac{1}{2}$\x00\x1b\n]]>"
BARS = BarChart(
    "小学：差异系数",
    "上限 0.50。",
    (
        Bar("L1 教师", 0.25, "0.250 ✓", "met"),
        Bar("L2 教师", 1.0, "1.000 ✗", "not_met"),
        Bar("L3", None, "无法核算", "unknown"),
    ),
    0.5,
    "上限 0.50",
)  # fmt: skip
CHARTS: list[Chart] = [
    BARS,
    WaterfallChart(
        "为什么变了",
        "以前 0.300，现在 0.250。",
        (Step("以前", "0.300", 0.3, True), Step("资源变化", "−0.050", 0.25), Step("现在", "0.250", 0.25, True)),
        0.5,
        "上限 0.50",
    ),
    YearsChart(
        "历年",
        "逐年列出。",
        "最大的一个",
        (
            YearPoint(2023, "0.520", 0.52, 0.65, "a"),
            YearPoint(2024, "0.430", 0.43, 0.5, "b"),
            YearPoint(2025, "0.410", 0.41, 0.5, "b"),
        ),
    ),
    StripChart("并列", "逐县列出。", (Strip("L1 教师", (0.1, 0.2, None, 0.2), 0.5),), "上限 0.50", 1),
]


def drawn(chart: Chart, name: str = "c") -> Any:
    return ET.fromstring(svg(chart, name))


def words_in(chart: Chart) -> list[str]:
    return [text.text for text in drawn(chart).iter("text")]


def lengths(chart: Chart, ink: str) -> list[float]:
    """How long the bars of an ink are, in drawing units."""
    found = re.findall(
        rf'chart-fill-{ink}" fill="none" d="M|chart-fill-{ink}" d="M ([\d.]+) [\d.]+ L ([\d.]+)', svg(chart, "c")
    )
    return [float(end) - float(begin) for begin, end in found]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: type(chart).__name__)
def test_a_chart_is_well_formed_told_in_words_and_asks_the_content_policy_for_nothing(chart):
    found = drawn(chart)
    assert found.get("role") == "img"
    assert found.get("aria-labelledby") == "c-title c-desc"
    assert [found.find("title").text, found.find("desc").text] == [chart.title, chart.description]
    assert found.get("viewBox") == f"0 0 {WIDTH} {chart.height}"
    for element in found.iter():
        assert element.tag in {"svg", "title", "desc", "path", "text"}
        assert not {"style", "href", "onload"} & set(element.keys())
    ids = [element.get("id") for element in found.iter() if element.get("id")]
    assert ids == ["c-title", "c-desc"]
    assert len(svg(chart, "c").encode()) < 15_000


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: type(chart).__name__)
def test_the_same_chart_is_the_same_bytes_and_another_name_changes_its_ids_alone(chart):
    drawn_once = svg.__wrapped__(chart, "a")
    assert svg.__wrapped__(chart, "a") == drawn_once
    assert svg.__wrapped__(chart, "b").replace('"b-', '"a-').replace(" b-", " a-") == drawn_once


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: type(chart).__name__)
def test_every_shape_has_its_ink_in_the_sheet_of_the_site(chart):
    sheet = (ROOT / "static/site.css").read_text(encoding="utf-8")
    classes = {name for element in drawn(chart).iter() for name in (element.get("class") or "").split()}
    assert len(classes) > 2
    for name in classes - {"chart"}:
        assert f".{name} " in sheet or f".{name}," in sheet, name
        assert name.removeprefix("chart-fill-").removeprefix("chart-stroke-") in INKS


def test_a_bar_is_as_long_as_its_figure_and_the_limit_stands_where_it_belongs():
    assert lengths(BARS, "met") == pytest.approx([WIDTH * 0.25], abs=0.1)
    assert lengths(BARS, "not_met") == pytest.approx([WIDTH * 1.0], abs=0.1)
    assert lengths(BARS, "unknown") == []
    limits = re.findall(r'chart-stroke-limit"[^>]* d="M ([\d.]+) ', svg(BARS, "c"))
    assert {float(at) for at in limits} == {WIDTH * 0.5}
    assert words_in(BARS) == ["L1 教师", "0.250 ✓", "L2 教师", "1.000 ✗", "L3", "无法核算", "上限 0.50"]


def test_a_step_begins_where_the_one_before_it_ended():
    [chart] = [each for each in CHARTS if isinstance(each, WaterfallChart)]
    top = 0.5 * 1.15
    assert lengths(chart, "accent") == pytest.approx([WIDTH * 0.3 / top, WIDTH * 0.25 / top], abs=0.2)
    assert lengths(chart, "met") == pytest.approx([WIDTH * 0.05 / top], abs=0.2)
    assert {"0.300", "−0.050", "0.250"} <= set(words_in(chart))


def test_the_line_of_years_breaks_where_the_standard_changed():
    [chart] = [each for each in CHARTS if isinstance(each, YearsChart)]
    lines = re.findall(r'chart-stroke-accent" stroke-width="2.5"[^>]* d="([^"]+)"', svg(chart, "c"))
    # One year by the first standard has no line to anywhere, two by the second have one.
    assert [line.count("L") for line in lines if " L " in line] == [1]
    assert words_in(chart).count("标准变了") == 1


def test_counties_with_the_same_figure_stand_one_above_the_other():
    assert stacked([(0.1, 1), (0.2, 2), (0.2, 3), (0.9, 4)], 0.05) == [
        (1, 0, 0.1), (2, 0, 0.2), (3, 1, 0.2), (4, 0, 0.9),
    ]  # fmt: skip
    [chart] = [each for each in CHARTS if isinstance(each, StripChart)]
    assert sorted(set(words_in(chart)) & set("①②③④")) == ["①", "②", "④"]


def test_a_name_that_would_be_markup_or_mathematics_is_drawn_as_it_is_written():
    chart = BarChart(HOSTILE, HOSTILE, (Bar(HOSTILE[:12], 2.0, "1%$x^2$", "above"),))
    text = svg(chart, "x")
    assert "<script" not in text
    found = drawn(chart, "x")
    assert {element.tag for element in found.iter()} <= {"svg", "title", "desc", "path", "text"}
    assert found.findall("text")[0].text == "<script>aler"
    assert found.findall("text")[1].text == "1%$x^2$"


def test_a_picture_for_documents_is_made_from_the_same_drawing():
    picture = png(BARS, 72)
    assert picture.startswith(b"\x89PNG")
    assert png.__wrapped__(BARS, 72) == picture
    width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
    assert (width, height) == (WIDTH, BARS.height)


def test_nothing_waits_for_the_drawing_library_that_draws_nothing():
    program = (
        "import django, sys; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns;"
        "sys.exit('matplotlib' in sys.modules)"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0
