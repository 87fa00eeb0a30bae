"""The method page and the table of evaluation/README.md are printed from one list, which names what is there."""

from __future__ import annotations

import ast
import html
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from evaluation.core.items import RULES
from evaluation.core.method import STEP_BY_KEY, STEPS, TABLE_BEGINS, TABLE_ENDS, method_table, with_method_table
from evaluation.core.standard import read_standard
from evaluation.management.commands import method_table as command
from reports.method_views import EXAMPLE
from reports.presenters.method import MethodPage, method_page
from reports.presenters.method_example import example_county
from tests.alternative import judge_county
from tests.conftest import ROOT

CODES = ("2017-quality", "99-quality-2026", "2012-basic")
STANDARDS = {code: read_standard(ROOT / f"fixtures/standards/{code}.toml") for code in CODES}


def page_of(code: str) -> MethodPage:
    standard = STANDARDS[code]
    return method_page(standard, example_county(EXAMPLE.read_text(encoding="utf-8"), standard, "/method/"))


# ── One list ──────────────────────────────────────────────────────────────────────────────────


def test_the_table_of_the_readme_is_exactly_what_the_list_prints():
    readme = (ROOT / "evaluation/README.md").read_text(encoding="utf-8")
    assert with_method_table(readme) == readme, "run manage.py method_table"
    assert method_table() in readme
    for step in STEPS:
        assert f"| {step.title} | {step.words} | {step.formula} |" in readme


def test_the_command_writes_the_table_and_leaves_the_rest_of_the_readme(tmp_path, monkeypatch, capsys):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{TABLE_BEGINS}\nold\n{TABLE_ENDS}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(command, "README", readme)
    call_command("method_table")
    assert readme.read_text(encoding="utf-8") == f"before\n{TABLE_BEGINS}\n{method_table()}{TABLE_ENDS}\nafter\n"
    assert "已更新" in capsys.readouterr().out
    call_command("method_table")
    assert "没有变化" in capsys.readouterr().out


def test_a_readme_without_its_marks_is_not_written_over():
    with pytest.raises(ValueError, match="no lines"):
        with_method_table("no table here")


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def test_every_function_and_every_test_the_method_names_is_there():
    for step in STEPS:
        module, function = step.function
        assert function in names_in(ROOT / f"evaluation/core/{module}.py"), step.key
        module, test = step.test
        assert test.startswith("test_"), step.key
        assert test in names_in(ROOT / f"tests/evaluation/{module}.py"), step.key


def test_every_rule_of_an_item_is_a_step_with_its_own_function():
    assert len(STEP_BY_KEY) == len(STEPS)
    for rule, function in RULES.items():
        assert STEP_BY_KEY[rule].function == ("items", function.__name__)


def test_no_number_of_a_standard_is_typed_into_the_list():
    for step in STEPS:
        numbers = set(re.findall(r"(?<![\w.−-])\d+(?:\.\d+)?(?:e-\d+)?%?", f"{step.words} {step.formula}"))
        # What the form fixes and no standard changes: 万元 in 元, per cent, and the years standards were issued in.
        assert numbers <= {"0", "1", "100", "10000", "2017", "2012", "1e-9"}, (step.key, numbers)


# ── The page ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", CODES)
def test_every_indicator_and_every_item_has_its_words_formula_and_worked_example(code):
    standard, page = STANDARDS[code], page_of(code)
    entries = {entry.anchor: entry for section in page.sections for entry in section.entries}
    for indicator in standard.indicators:
        entry = entries[indicator.code]
        assert entry.title == indicator.name
        assert len(entry.formulas) == 2
        assert entry.example, indicator.code
        assert entry.form
        assert len(entry.limits) == (4 if standard.has_school_rule else 0)
    for criterion in standard.criteria:
        entry = entries[criterion.code]
        assert criterion.requirement in entry.words
        assert entry.article == criterion.article
        assert entry.outcome
        assert entry.example, criterion.code
        if criterion.rule:
            assert entry.formulas
    asked = {question for entry in entries.values() for question, _ in entry.questions}
    assert asked == {question.question for question in standard.open_questions}


def test_the_worked_example_has_the_figures_of_the_second_implementation():
    example = example_county(EXAMPLE.read_text(encoding="utf-8"), STANDARDS["2017-quality"], "")
    second = judge_county(example.report, example.as_of)
    for stage, told in example.result["stages"].items():
        for code, found in told["indicators"].items():
            again = second["stages"][stage]["indicators"][code]
            assert found["coefficient"] == pytest.approx(float(again["coefficient"]))
            assert found["passed"] == again["passed"]
    assert {row["code"] for row in example.result["excluded"]} == {"9901010006"}


def test_the_example_shows_the_published_split_of_166_and_210_pupils():
    split = next(entry for entry in page_of("2017-quality").sections[0].entries if entry.anchor == "split")
    steps = {step.label: step.text for step in split.example}
    assert steps["加权学生数合计"] == "166 + 231 = 397"


def test_what_a_province_makes_stricter_is_marked_with_what_it_was():
    page = page_of("99-quality-2026")
    entries = {entry.anchor: entry for section in page.sections for entry in section.entries}
    assert entries["L1"].mark == "加严"
    assert [(limit.before, limit.text) for limit in entries["L1"].limits if limit.before] == [
        ("4.2", "4.5 人"),
        ("5.3", "5.5 人"),
    ]
    assert entries["X1"].mark == "新增"
    assert entries["L2"].mark == ""
    assert {limit.before for limit in entries["coefficient"].limits} == {"0.50", "0.45"}
    assert [limit.before for limit in entries["G11"].limits] == ["10"]


def test_a_province_with_no_item_of_its_own_and_one_that_asks_more_have_other_worked_examples():
    national, province = page_of("2017-quality"), page_of("99-quality-2026")
    told = [
        next(entry.outcome for section in page.sections for entry in section.entries if entry.anchor == "coefficient")
        for page in (national, province)
    ]
    assert "0.50" in told[0]
    assert "0.48" in told[1]


@pytest.mark.parametrize("code", CODES)
def test_the_page_is_open_to_everybody_and_every_anchor_a_page_points_to_is_on_it(client, db, code):
    call_command("load_standard", verbosity=0)
    answer = client.get(reverse("method", args=[code]))
    assert answer.status_code == 200
    page = html.unescape(answer.content.decode())
    anchors = re.findall(r'\bid="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    wanted = [each.code for each in STANDARDS[code].indicators] + [each.code for each in STANDARDS[code].criteria]
    assert {*wanted, "coefficient", "composite"} <= set(anchors)
    assert "None" not in re.sub(r"<[^>]+>", "", page)
    main = page[page.index("<main") : page.index("</main>")]
    assert "<script" not in main
    assert reverse("method", args=[code]) in client.get(reverse("standard", args=[code])).content.decode()


def test_a_standard_that_is_not_loaded_has_no_method(client, db):
    assert client.get(reverse("method", args=["2030-unknown"])).status_code == 404
