"""Two versions compared: every cell and every finding that differs, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.core.verdict import judge_report
from indicators.actions import _record
from indicators.catalogue import FIELD_BY_KEY, FIELDS
from indicators.models import Submission
from indicators.workbook.read import read_report
from reports.presenters.comparison import Comparison, VersionData, comparison
from schools.actions import appoint
from schools.models import County
from schools.vocabulary import Party
from tests import builders
from tests.conftest import PASSWORD
from tests.evaluation.random_counties import AS_OF

Compare = Callable[..., Comparison]


@pytest.fixture
def compare(standard_document) -> Compare:
    """Two sets of rows and figures compared without a database."""

    def version(number: int, rows: list[builders.Row] | None, figures: builders.Figures | None) -> VersionData:
        found = read_report(builders.book_of(rows, figures))
        records = [_record(Submission(), school).__dict__ for school in found.report.schools]
        return VersionData(
            number=number,
            records=records,
            columns=found.columns,
            figures={
                code: (value if isinstance(value, int) else int(value * 10**6), found.figure_cells.get(code, ""))
                for code, value in found.report.figures.items()
            },
            result=judge_report(found.report, standard_document, AS_OF) if found.is_judgeable else None,
        )

    def make(
        before: list[builders.Row] | None = None,
        after: list[builders.Row] | None = None,
        old_figures: builders.Figures | None = None,
        new_figures: builders.Figures | None = None,
    ) -> Comparison:
        return comparison(version(1, before, old_figures), version(2, after, new_figures), standard_document)

    return make


def changed(position: int, **cells: Any) -> list[builders.Row]:
    rows = builders.good_rows()
    rows[position] |= cells
    return rows


# ── Cells ─────────────────────────────────────────────────────────────────────────────────────


def test_the_same_data_has_no_differences_at_all(compare):
    page = compare()
    assert page.sentence == "两版采用的数据完全相同；判定都没有改变。"
    assert (page.added, page.removed, page.changes, page.figures) == ((), (), (), ())
    assert page.findings is not None
    assert (page.findings.coefficients, page.findings.rows, page.findings.items) == ((), (), ())
    assert page.findings.unchanged == 1 + 14 + 7 + 33


@pytest.mark.parametrize(
    ("key", "typed", "before", "after"),
    [
        ("name", "清河县第一实验小学", "清河县实验小学", "清河县第一实验小学"),
        ("is_boarding", "是", "否", "是"),
        ("urban_rural", "镇区", "城区", "镇区"),
        ("sponsor_type", "10 民办", "7 县级教育部门", "10 民办"),
        ("built_year", 1999, "2008", "1999"),
        ("primary_backbone_teachers", 5, None, "5"),
        ("primary_backbone_teachers", None, None, "空"),
        ("primary_backbone_teachers", -3, None, "未采用"),
        ("primary_backbone_teachers", "许多", None, "未采用"),
        ("equipment_value", 400.125, None, "400.125"),
        ("music_room_areas", "96;98.5;120", None, "96；98.5；120"),
        ("music_room_areas", None, None, "空"),
    ],
)
def test_a_changed_cell_is_told_before_and_after_with_its_cells(compare, key, typed, before, after):
    [change] = [
        each for each in compare(after=changed(0, **{key: typed})).changes if each.header == FIELD_BY_KEY[key].header
    ]
    assert change.code == "3142000001"
    assert change.after == after
    assert before is None or change.before == before
    assert change.before_cell == change.after_cell == f"学校数据!{builders.cell_of(key, 0)}"


def test_an_empty_cell_that_is_now_filled_with_what_cannot_be_used_is_a_change(compare):
    empty, refused = ([*changed(0, primary_backbone_teachers=typed)] for typed in (None, "许多"))
    [change] = compare(empty, refused).changes
    assert (change.before, change.after) == ("空", "未采用")
    assert compare(refused, refused).changes == ()


def test_every_planted_change_is_found_and_no_other(compare):
    """One after the other, every count of one school is changed by one; each is found at its own cell."""
    for each in FIELDS:
        value = builders.good_rows()[1].get(each.key)
        if not isinstance(value, int) or isinstance(value, bool) or each.key == "built_year":
            continue
        changes = compare(after=changed(1, **{each.key: value + 1})).changes
        own = [change for change in changes if change.header == each.header]
        assert len(own) == 1, each.key
        assert own[0].before == str(value)
        # Another cell may only have become unusable beside it.
        assert all("未采用" in (change.before, change.after) for change in changes if change not in own), each.key


def test_schools_are_matched_by_code_and_not_by_row(compare):
    page = compare(after=list(reversed(builders.good_rows())))
    assert page.sentence.startswith("两版采用的数据完全相同")
    page = compare(after=[*reversed(changed(0, primary_backbone_teachers=30))])
    [change] = page.changes
    key, last = "primary_backbone_teachers", len(builders.good_rows()) - 1
    assert change.before_cell == f"学校数据!{builders.cell_of(key, 0)}"
    assert change.after_cell == f"学校数据!{builders.cell_of(key, last)}"


def test_added_and_removed_schools_are_named_with_their_rows(compare):
    rows = builders.good_rows()
    new = rows[5] | {"code": "0142000099", "name": "新办教学点"}
    page = compare(after=[*rows[:3], *rows[4:], new])
    assert [(school.code, school.row) for school in page.removed] == [(rows[3]["code"], builders.FIRST_ROW + 3)]
    assert [(school.name, school.row) for school in page.added] == [("新办教学点", builders.FIRST_ROW + 5)]
    assert page.sentence.startswith("增加 1 所学校，减少 1 所学校")
    words = {turn.label: turn.words for turn in page.findings.rows}
    assert words["新办教学点（0142000099）小学"] == "新增的行"
    assert words["清河县滨江九年一贯制学校（3142000004）初中"] == "不再有的行"


def test_a_code_that_stands_twice_is_compared_row_by_row(compare):
    rows = builders.good_rows()
    page = compare([*rows, rows[0]], rows)
    assert [school.row for school in page.removed] == [builders.FIRST_ROW + len(rows)]
    assert not page.added


@pytest.mark.parametrize(
    ("code", "typed", "before", "after"),
    [
        ("C01", 50.5, "48.62", "50.5"),
        ("C19", 630, "620", "630"),
        ("C27", "Ⅱ", "Ⅳ", "Ⅱ"),
        ("C33", 0.2, "0.11", "0.2"),
        ("C39", None, "2015", "空或未采用"),
    ],
)
def test_a_changed_county_figure_is_told_by_its_code(compare, code, typed, before, after):
    figures = builders.good_figures() | {code: typed}
    [change] = compare(old_figures=builders.good_figures(), new_figures=figures).figures
    assert (change.code, change.before, change.after) == (code, before, after)
    assert change.before_cell == builders.figure_cell(code)


# ── Findings ──────────────────────────────────────────────────────────────────────────────────


def test_a_coefficient_that_turned_is_marked_and_the_conclusion_with_it(compare):
    page = compare(after=changed(0, primary_backbone_teachers=80))
    found = page.findings
    assert found is not None
    turn = next(each for each in found.coefficients if "小学 L2" in each.label)
    assert (turn.before_mark.label, turn.after_mark.label, turn.words) == ("达标", "不达标", "判定改变")
    assert float(turn.before) <= 0.5 < float(turn.after)
    assert found.conclusion.is_turned
    assert (found.conclusion.before_mark.label, found.conclusion.after_mark.label) == ("尚待评定", "未达标")
    assert found.turned == 2
    assert page.sentence.endswith("2 项判定改变。")


def test_a_coefficient_that_moved_within_its_limit_is_listed_and_not_called_turned(compare):
    page = compare(after=changed(0, primary_backbone_teachers=20))
    [turn] = page.findings.coefficients
    assert turn.before != turn.after
    assert (turn.is_turned, turn.words) == (False, "只有数值或说明不同")
    assert page.sentence.endswith("判定都没有改变。")


def test_missing_data_turns_findings_to_unknown_and_never_to_met(compare):
    page = compare(after=changed(0, primary_backbone_teachers=None))
    marks = {turn.label: turn.after_mark.label for turn in (*page.findings.coefficients, *page.findings.rows)}
    assert marks["小学 L2 县级以上骨干教师差异系数"] == "无法核算"
    assert marks["清河县实验小学（3142000001）小学"] == "无法核算"
    row = next(turn for turn in page.findings.rows if "3142000001" in turn.label)
    assert (row.before, row.after) == ("达标 7 项", "达标 6 项；无法核算：L2")
    assert page.findings.conclusion.after_mark.label == "未能判定"


def test_an_item_that_turned_is_told_with_both_sentences(compare):
    page = compare(after=changed(0, trained_teachers=1))
    turn = next(each for each in page.findings.items if each.label.startswith("G9"))
    assert (turn.before_mark.label, turn.after_mark.label) == ("达标", "不达标")
    assert "100.0%" in turn.before
    assert "未全部完成的学校1所" in turn.after


def test_a_version_without_a_verdict_is_named_and_its_cells_are_compared_all_the_same(compare, standard_document):
    page = comparison(VersionData(1, []), VersionData(2, []), standard_document)
    assert page.findings is None
    assert page.without_verdict == "第 1 版、第 2 版"
    assert page.sentence == "两版采用的数据完全相同。"


# ── The page ──────────────────────────────────────────────────────────────────────────────────

Judged = Callable[..., Submission]


@pytest.fixture
def judged(standard, clerk, county, tmp_path) -> Judged:
    def make(rows: list[builders.Row] | None = None, filename: str = "清河县.xlsx", **options: Any) -> Submission:
        path = builders.write_workbook(tmp_path / "filled.xlsx", rows, **options)
        submission = upload_workbook(clerk, county, 2026, filename, path.read_bytes())
        run_waiting_jobs()
        submission.refresh_from_db()
        return submission

    return make


@pytest.fixture
def as_clerk(client, clerk) -> Client:
    client.force_login(clerk)
    return client


def page_of(client: Client, one: Submission, other: Submission) -> str:
    answer = client.get(reverse("submission_compare", args=[one.pk, other.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def main_of(text: str) -> str:
    return text[text.index("<main") : text.index("</main>")]


def test_the_page_tells_the_older_version_first_whichever_way_it_is_asked(judged, as_clerk):
    first, second = judged(), judged(changed(0, primary_backbone_teachers=80))
    text = page_of(as_clerk, second, first)
    assert main_of(text) == main_of(page_of(as_clerk, first, second))
    for words in ("第 1 版与第 2 版比较", "1 所学校的 1 个单元格有变化", "小学 L2", "判定改变", "<ins>80</ins>"):
        assert words in text, words
    assert f"学校数据!{builders.cell_of('primary_backbone_teachers', 0)}" in text


def test_the_workspace_leads_from_each_version_to_the_comparison_with_the_one_before(judged, as_clerk):
    versions = [judged(), judged(changed(0, built_year=2001)), judged(changed(0, built_year=2002))]
    text = as_clerk.get(reverse("workspace")).content.decode()
    for earlier, later in pairwise(versions):
        assert reverse("submission_compare", args=[later.pk, earlier.pk]) in text
    assert text.count("与上一版比较") == 2


def test_what_a_clerk_typed_is_inert_on_the_page_and_in_the_workbook(judged, as_clerk):
    evil = "<script>alert(1)</script>"
    formula = '+HYPERLINK("http://evil.example")'
    first = judged(changed(0, name=evil), filename="=1+1.xlsx")
    second = judged(changed(0, name=formula))
    text = page_of(as_clerk, first, second)
    assert evil not in text
    assert "&lt;script&gt;" in text
    book = load_workbook(io.BytesIO(workbook_of(as_clerk, first, second)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert any(cell.value == formula and cell.quotePrefix for cell in cells)


def workbook_of(client: Client, one: Submission, other: Submission) -> bytes:
    answer = client.get(reverse("comparison_export", args=[one.pk, other.pk]))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return b"".join(answer.streaming_content)


def test_the_workbook_holds_every_change_also_those_the_page_leaves_out(judged, as_clerk, monkeypatch):
    monkeypatch.setattr("reports.comparison_views._CHANGES_LISTED", 3)
    first = judged()
    second = judged([row | {"built_year": 1990, "name": row["name"] + "改"} for row in builders.good_rows()])
    text = page_of(as_clerk, first, second)
    assert "共 12 处，这里列出前 3 处" in text
    assert text.count("<ins>") == 3
    sheet = load_workbook(io.BytesIO(workbook_of(as_clerk, first, second)))["学校数据"]
    assert sheet.max_row == 1 + 12
    assert [cell.value for cell in sheet[1]][:3] == ["代码", "学校", "栏目"]


def test_versions_can_be_compared_where_one_has_no_verdict(judged, as_clerk, clerk, county):
    first = judged()
    second = upload_workbook(clerk, county, 2026, "坏.xlsx", b"not a workbook")
    run_waiting_jobs()
    text = page_of(as_clerk, first, second)
    assert "第 2 版没有判定结果，不能比较判定" in text
    assert "减少 6 所学校" in text
    assert workbook_of(as_clerk, first, second)


def test_a_comparison_exists_for_its_own_county_alone(
    judged, client, clerk, signer, other_clerk, other_county, inspector
):
    first, second = judged(), judged(changed(0, built_year=2001))
    chief = appoint("chief", "审定人甲", Party.CHIEF, County.objects.get(pk=first.county_id).parent.parent, PASSWORD)
    foreign = upload_workbook(other_clerk, other_county, 2026, "外.xlsx", b"x")
    addresses = [reverse(name, args=[second.pk, first.pk]) for name in ("submission_compare", "comparison_export")]
    for person, status in ((clerk, 200), (signer, 200), (other_clerk, 404), (inspector, 404), (chief, 404)):
        client.force_login(person)
        assert [client.get(address).status_code for address in addresses] == [status] * 2, person
    for person in (clerk, other_clerk):
        client.force_login(person)
        for pair in ([first.pk, foreign.pk], [foreign.pk, first.pk], [first.pk, first.pk], [first.pk, 10**9]):
            assert client.get(reverse("submission_compare", args=pair)).status_code == 404, pair
    client.logout()
    assert client.get(addresses[0]).url.startswith(reverse("login"))


def test_a_comparison_costs_the_same_queries_for_six_schools_and_for_eighty(
    judged, as_clerk, django_assert_num_queries
):
    small = judged(), judged(changed(0, built_year=2001))
    large = judged(builders.county_rows(1, 80)), judged(builders.county_rows(2, 80))
    for pair in (small, large):
        with django_assert_num_queries(9):
            page_of(as_clerk, *pair)
