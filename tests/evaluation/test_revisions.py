"""Repairs accepted and cells corrected in the portal: a new version each, with what was changed, by whom."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.permissions import Refused
from evaluation.revisions import accept_repairs, correct_cell, correctable_cell, why_not_revise
from indicators.catalogue import COUNTY_SHEET, SCHOOL_SHEET
from indicators.models import CellChange, Submission
from indicators.workbook.repairs import RepairKind
from tests import builders

Uploaded = Callable[..., Submission]

PUPILS, TEACHERS = (builders.cell_of(key, 0) for key in ("primary_enrollment", "primary_full_time_teachers"))


@pytest.fixture
def judged(standard, clerk, county, tmp_path) -> Uploaded:
    """A version of the given rows, judged."""

    def make(rows: list[builders.Row] | None = None, **options: Any) -> Submission:
        content = builders.write_workbook(tmp_path / "a.xlsx", rows, **options).read_bytes()
        return settled(upload_workbook(clerk, county, 2026, "上报.xlsx", content))

    return make


@pytest.fixture
def spoilt(judged) -> Submission:
    """A version with slips of several kinds, all of them to be put right safely."""
    rows = builders.good_rows()
    rows[0] |= {"primary_enrollment": "1,260", "code": " 3142000001"}
    rows[1] |= {"primary_classes": "１４", "funds_budget": 5292000, "junior_classes": None}
    rows[2] |= {"junior_enrollment": "1150人"}
    rows[3]["primary_full_time_teachers"], rows[3]["primary_backbone_teachers"] = (
        rows[3]["primary_backbone_teachers"],
        rows[3]["primary_full_time_teachers"],
    )
    return judged(rows, figures=builders.good_figures() | {"C03": "14个", "C33": "11%"})


def settled(submission: Submission) -> Submission:
    run_waiting_jobs()
    submission.refresh_from_db()
    return submission


def cell_in(submission: Submission, cell: str, sheet: str = SCHOOL_SHEET) -> Any:
    return load_workbook(BytesIO(bytes(submission.file.content)))[sheet][cell].value


# ── Repairs ───────────────────────────────────────────────────────────────────────────────────


def test_accepting_all_repairs_gives_a_version_without_any_of_them(spoilt, clerk):
    proposed = spoilt.problems.exclude(fix="")
    assert proposed.count() >= 8
    revised = settled(accept_repairs(clerk, spoilt, {p.pk for p in proposed}))
    assert revised.problems.exclude(fix="").count() == 0
    places = {(p.sheet, p.cell) for p in proposed}
    assert [p for p in revised.problems.all() if (p.sheet, p.cell) in places] == []
    assert (revised.version, revised.based_on, revised.uploaded_by) == (2, spoilt, clerk)
    assert revised.filename == spoilt.filename
    assert revised.verdicts.count() == 1


def test_what_was_changed_stands_with_the_new_version(spoilt, clerk):
    [problem] = spoilt.problems.filter(cell=PUPILS).exclude(fix="")
    revised = settled(accept_repairs(clerk, spoilt, {problem.pk}))
    [change] = revised.changes.all()
    assert (change.sheet, change.cell, change.header) == (SCHOOL_SHEET, PUPILS, "小学在校生数")
    assert (change.before, change.after, change.kind) == ("1,260", "1260", CellChange.Kind.REPAIR)
    assert (change.changed_by, change.school) == (clerk, "3142000001")
    assert cell_in(revised, PUPILS) == 1260
    assert cell_in(spoilt, PUPILS) == "1,260", "the earlier version keeps its file"
    assert spoilt.problems.exclude(fix="").count() - revised.problems.exclude(fix="").count() == 1


def test_all_of_one_kind_are_accepted_together(spoilt, clerk):
    revised = settled(accept_repairs(clerk, spoilt, kind=RepairKind.UNIT))
    assert {(c.sheet, c.after) for c in revised.changes.all()} == {(SCHOOL_SHEET, "1150"), (COUNTY_SHEET, "14")}


def test_columns_changed_over_are_two_changes(spoilt, clerk):
    revised = settled(accept_repairs(clerk, spoilt, kind=RepairKind.SWAPPED))
    assert {c.header for c in revised.changes.all()} == {"小学专任教师数", "小学县级以上骨干教师数"}
    assert not revised.problems.filter(rule="teachers.backbone").exists()


def test_nothing_chosen_and_proposals_of_another_version_are_refused(spoilt, judged, clerk):
    foreign = spoilt.problems.exclude(fix="").first()
    rows = builders.good_rows()
    rows[0]["primary_classes"] = "三十"
    newest = judged(rows)
    for ids, kind in (((), ""), ({foreign.pk}, ""), ((), "no such kind"), ({0, -1}, "")):
        with pytest.raises(Refused, match="没有选中"):
            accept_repairs(clerk, newest, ids, kind)
    assert Submission.objects.count() == 2


def test_a_second_click_and_a_second_tab_find_the_newer_version(spoilt, clerk):
    chosen = {p.pk for p in spoilt.problems.exclude(fix="")}
    accept_repairs(clerk, spoilt, chosen)
    for again in (
        lambda: accept_repairs(clerk, spoilt, chosen),
        lambda: correct_cell(clerk, spoilt, SCHOOL_SHEET, PUPILS, "5"),
    ):
        with pytest.raises(Refused, match="已有更新的版本（第 2 版）"):
            again()
    assert Submission.objects.count() == 2


def test_a_version_still_being_read_is_not_revised(spoilt, clerk):
    waiting = accept_repairs(clerk, spoilt, kind=RepairKind.UNIT)
    with pytest.raises(Refused, match="还在处理"):
        accept_repairs(clerk, waiting, kind=RepairKind.SEPARATORS)


# ── Single cells ──────────────────────────────────────────────────────────────────────────────


def test_a_cell_is_corrected_and_judged_anew(judged, clerk):
    base = judged()
    revised = settled(correct_cell(clerk, base, SCHOOL_SHEET, TEACHERS, " ９０ "))
    [change] = revised.changes.all()
    before = builders.good_rows()[0]["primary_full_time_teachers"]
    assert (change.before, change.after, change.kind) == (str(before), "90", CellChange.Kind.CORRECTION)
    assert revised.records.get(code="3142000001").primary_full_time_teachers == 90
    assert revised.verdicts.count() == 1


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("name", "清河县新实验小学", "清河县新实验小学"),
        ("urban_rural", "乡村", "乡村"),
        ("sponsor_type", "10", "10"),
        ("is_boarding", "是", "是"),
        ("teaching_area", "8200.55", 8200.55),
        ("music_room_areas", "96;98.5", "96;98.5"),
        ("code", "0142000099", "0142000099"),
        ("senior_enrollment", "", None),
    ],
)
def test_every_kind_of_cell_can_be_corrected(judged, clerk, key, typed, kept):
    rows = builders.good_rows()
    rows[0]["senior_enrollment"] = 5
    revised = correct_cell(clerk, judged(rows), SCHOOL_SHEET, builders.cell_of(key, 0), typed)
    assert cell_in(revised, builders.cell_of(key, 0)) == kept


def test_a_county_figure_is_corrected(judged, clerk):
    base = judged(figures=builders.good_figures() | {"C15": "-"})
    revised = settled(correct_cell(clerk, base, COUNTY_SHEET, builders.figure_cell("C15"), "820"))
    assert revised.figures.get(code="C15").value == 820
    revised = settled(correct_cell(clerk, revised, COUNTY_SHEET, builders.figure_cell("C01"), "50.25"))
    assert revised.changes.get().before == "48.62"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("-3", "负数"),
        ("abc", "不是数字"),
        ("12.5", "不是整数"),
        ("99999999", "大于可信的最大值"),
        ("=1+1", "不是数字"),
        ("长" * 501, "太长"),
    ],
)
def test_what_the_form_refuses_is_refused_with_its_words(judged, clerk, typed, words):
    with pytest.raises(Refused, match=words):
        correct_cell(clerk, judged(), SCHOOL_SHEET, PUPILS, typed)
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("sheet", "cell"),
    [
        (SCHOOL_SHEET, "A1"), (SCHOOL_SHEET, "I2"), (SCHOOL_SHEET, "I99"), (SCHOOL_SHEET, "ZZ3"), (SCHOOL_SHEET, "i3"),
        (SCHOOL_SHEET, ""), (SCHOOL_SHEET, "I3:I4"), (COUNTY_SHEET, "A2"), (COUNTY_SHEET, "B3"), ("填报说明", "A1"),
        ("", "I3"),
    ],
)  # fmt: skip
def test_cells_outside_the_data_are_not_corrected(judged, clerk, sheet, cell):
    base = judged()
    assert correctable_cell(base, sheet, cell) is None
    with pytest.raises(Refused, match="不是可以在线更正的数据单元格"):
        correct_cell(clerk, base, sheet, cell, "5")


def test_the_same_content_is_no_correction(judged, clerk):
    with pytest.raises(Refused, match="现在就是“1260”"):
        correct_cell(clerk, judged(), SCHOOL_SHEET, PUPILS, "1260")


def test_a_file_whose_figures_are_formulas_is_corrected_in_the_spreadsheet(judged, clerk):
    def edit(book: Workbook) -> None:
        book[SCHOOL_SHEET]["I4"] = "=I3"

    base = judged(edit=edit)
    with pytest.raises(Refused, match="I4 是公式"):
        correct_cell(clerk, base, SCHOOL_SHEET, PUPILS, "1300")


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_only_the_clerk_of_the_county_revises_and_the_signer_is_told_why_not(spoilt, signer, other_clerk, inspector):
    for person, words in ((signer, "签报人不更正数据"), (other_clerk, "只有本县"), (inspector, "只有本县")):
        assert words in why_not_revise(person, spoilt)
        with pytest.raises(Refused, match=words):
            accept_repairs(person, spoilt, kind=RepairKind.UNIT)
        with pytest.raises(Refused, match=words):
            correct_cell(person, spoilt, SCHOOL_SHEET, PUPILS, "5")
    assert Submission.objects.count() == 1


def test_a_csv_file_is_corrected_at_home(standard, clerk, county, tmp_path):
    rows = builders.good_rows()
    rows[0]["primary_enrollment"] = "1260人"
    content = builders.write_csv(tmp_path / "a.csv", rows).read_bytes()
    base = settled(upload_workbook(clerk, county, 2026, "上报.csv", content))
    with pytest.raises(Refused, match="CSV"):
        accept_repairs(clerk, base, kind=RepairKind.UNIT)


def test_a_refused_file_is_not_revised(standard, clerk, county):
    base = settled(upload_workbook(clerk, county, 2026, "上报.xlsx", b"PK\x03\x04 broken"))
    assert "没有读取这个文件" in why_not_revise(clerk, base)


def test_a_workbook_made_from_the_portals_own_template_is_repaired_in_place(standard, clerk, county, story_workbook):
    book = load_workbook(BytesIO(story_workbook("passes")))
    sheet = book[SCHOOL_SHEET]
    row = next(row for row in sheet.iter_rows() if row[0].value == "学校标识码")[0].row
    column = next(cell.column for cell in sheet[row] if cell.value == "运动场地面积(㎡)")
    cell = next(sheet.cell(r, column) for r in range(row + 1, row + 40) if sheet.cell(r, column).value)
    before, cell.value = cell.value, f" {cell.value} "
    content = BytesIO()
    book.save(content)
    base = settled(upload_workbook(clerk, county, 2026, "模板.xlsx", content.getvalue()))
    revised = settled(accept_repairs(clerk, base, kind=RepairKind.SPACES))
    assert [c.cell for c in revised.changes.all()] == [cell.coordinate]
    assert cell_in(revised, cell.coordinate) == before
    assert not revised.problems.filter(sheet=SCHOOL_SHEET, cell=cell.coordinate).exists()
