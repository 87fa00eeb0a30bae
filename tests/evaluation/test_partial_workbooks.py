"""A workbook with some schools only: shown cell by cell first, applied by a person, and nothing else is touched."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from evaluation import actions, jobs, partials
from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.models import Job, JobState
from evaluation.partials import apply_partial, discard_partial, upload_partial, why_not_apply
from evaluation.permissions import Refused
from evaluation.revisions import correct_cell
from indicators.catalogue import FIELDS, SCHOOL_SHEET
from indicators.models import CellChange, PartialWorkbook, SchoolRecord, Submission
from indicators.workbook.sandbox import FileRefused
from schools.models import School
from schools.queries import current_school_year
from tests import builders
from tests.conftest import ROOT
from tests.indicators import hostile

State = PartialWorkbook.State
YEAR = 2026
PUPILS, SENIOR = (builders.cell_of(key, 0) for key in ("primary_enrollment", "senior_enrollment"))

Rows = list[builders.Row]


def row_of(position: int, **cells: Any) -> builders.Row:
    """A good row with other cells in it."""
    return builders.good_rows()[position] | cells


@pytest.fixture
def content_of(tmp_path: Path) -> Callable[..., bytes]:
    def make(rows: Rows | None = None, **options: Any) -> bytes:
        return builders.write_workbook(tmp_path / "made.xlsx", rows, **options).read_bytes()

    return make


@pytest.fixture
def judged(standard, clerk, county, content_of) -> Callable[..., Submission]:
    """A version with the given rows, read and judged."""

    def make(rows: Rows | None = None, filename: str = "全县.xlsx", **options: Any) -> Submission:
        return settled(upload_workbook(clerk, county, YEAR, filename, content_of(rows, **options)))

    return make


@pytest.fixture
def base(judged) -> Submission:
    return judged()


@pytest.fixture
def previewed(clerk, county, content_of) -> Callable[..., PartialWorkbook]:
    """A partial workbook with the given rows, read by a worker."""

    def make(rows: Rows, **options: Any) -> PartialWorkbook:
        options = {"figures": {}} | options
        return settled(upload_partial(clerk, county, YEAR, "几所学校.xlsx", content_of(rows, **options)))

    return make


def settled(taken: Any) -> Any:
    run_waiting_jobs()
    return type(taken).objects.get(pk=taken.pk)


def cells_of(partial: PartialWorkbook) -> list[tuple[str, str, str]]:
    return [(told["cell"], told["before"], told["after"]) for told in partial.changes]


def figures_of(version: Submission) -> dict[str, dict[str, Any]]:
    keys = [field.key for field in FIELDS]
    return {record["code"]: record for record in version.records.values(*keys, "row", "rejected")}


def rows_judged(version: Submission) -> dict[tuple[str, str], Any]:
    import json

    result = json.loads(version.verdicts.get().document)
    return {(row["code"], row["stage"]): row for row in result["schools"]}


# ── Preview, then apply ───────────────────────────────────────────────────────────────────────


def test_nothing_changes_before_somebody_confirms(base, previewed):
    before = figures_of(base), base.verdicts.get().document
    partial = previewed([row_of(0, primary_enrollment=1262), row_of(1, senior_enrollment=None)])
    assert partial.state == State.READY
    assert partial.faults == []
    assert cells_of(partial) == [(PUPILS, "1260", "1262")]
    assert Submission.objects.count() == 1
    assert (figures_of(base), base.verdicts.get().document) == before


def test_applied_it_gives_a_version_in_which_exactly_the_previewed_cells_differ(base, previewed, clerk):
    partial = previewed([row_of(0, primary_enrollment=1262, name="清河县第一实验小学"), row_of(2, built_year=2016)])
    told = set(cells_of(partial))
    assert len(told) == 3
    result = settled(apply_partial(clerk, partial))
    assert (result.version, result.based_on, result.uploaded_by) == (2, base, clerk)
    assert {(c.cell, c.before, c.after) for c in result.changes.all()} == told
    assert {c.kind for c in result.changes.all()} == {CellChange.Kind.PARTIAL}
    partial.refresh_from_db()
    assert (partial.state, partial.result, partial.decided_by) == (State.APPLIED, result, clerk)
    before, after = figures_of(base), figures_of(result)
    assert list(before) == list(after)
    for code in before.keys() - {"3142000001", "3142000003"}:
        assert before[code] == after[code]
    differing = {(code, key) for code in before for key in before[code] if before[code][key] != after[code][key]}
    assert differing == {("3142000001", "primary_enrollment"), ("3142000001", "name"), ("3142000003", "built_year")}


def test_a_school_that_is_not_in_the_file_keeps_its_judged_row_to_the_byte(base, previewed, clerk):
    result = settled(apply_partial(clerk, previewed([row_of(0, primary_enrollment=1262)])))
    before, after = rows_judged(base), rows_judged(result)
    assert before.keys() == after.keys()
    assert [key for key in before if before[key] != after[key]] == [("3142000001", "PRIMARY")]
    assert {f.code: f.value for f in base.figures.all()} == {f.code: f.value for f in result.figures.all()}


def test_a_file_from_the_portals_own_template_is_updated_in_place(standard, clerk, county, story_workbook):
    base = settled(upload_workbook(clerk, county, YEAR, "模板.xlsx", story_workbook("passes")))
    book = load_workbook(BytesIO(bytes(base.file.content)))
    sheet = book[SCHOOL_SHEET]
    header = next(row for row in sheet.iter_rows() if row[0].value == "学校标识码")
    column = next(cell.column for cell in header if cell.value == "图书册数" or cell.value == "学校名称")
    kept = header[0].row + 2
    sheet.cell(kept, column).value = "望棠区改名小学"
    for row in range(header[0].row + 1, sheet.max_row + 1):
        if row != kept:
            for cell in sheet[row]:
                cell.value = None
    content = BytesIO()
    book.save(content)
    partial = settled(upload_partial(clerk, county, YEAR, "一所.xlsx", content.getvalue()))
    assert (partial.faults, [told["after"] for told in partial.changes]) == ([], ["望棠区改名小学"])
    result = settled(apply_partial(clerk, partial))
    assert result.records.filter(name="望棠区改名小学").count() == 1
    assert result.records.count() == base.records.count()


def test_columns_that_the_file_does_not_have_are_not_touched(base, previewed, clerk):
    partial = previewed([row_of(0, primary_enrollment=1262)], keys=("code", "primary_enrollment"))
    assert (partial.faults, cells_of(partial)) == ([], [(PUPILS, "1260", "1262")])
    result = settled(apply_partial(clerk, partial))
    assert result.records.get(code="3142000001").name == "清河县实验小学"


def test_an_emptied_cell_is_a_change_to_empty(judged, previewed, clerk):
    judged([row_of(0, senior_enrollment=5), *builders.good_rows()[1:]])
    partial = previewed([row_of(0, senior_enrollment=None)])
    assert (partial.faults, cells_of(partial)) == ([], [(SENIOR, "5", "")])
    result = settled(apply_partial(clerk, partial))
    assert result.records.get(code="3142000001").senior_enrollment is None


def test_a_cell_that_was_refused_in_the_version_is_replaced(judged, previewed, clerk):
    judged([row_of(0, primary_enrollment="1260人"), *builders.good_rows()[1:]])
    partial = previewed([row_of(0)])
    assert cells_of(partial) == [(PUPILS, "1260人", "1260")]
    result = settled(apply_partial(clerk, partial))
    assert result.records.get(code="3142000001").primary_enrollment == 1260


def test_a_figure_refused_for_what_another_cell_said_is_no_change_of_its_own(judged, previewed):
    key = "primary_full_time_teachers"
    judged([row_of(0, primary_full_time_teachers=1), *builders.good_rows()[1:]])
    assert "primary_bachelor_teachers" in SchoolRecord.objects.get(code="3142000001").rejected
    partial = previewed([row_of(0)])
    assert [told["header"] for told in partial.changes] == ["小学专任教师数"]
    assert cells_of(partial) == [(builders.cell_of(key, 0), "1", str(builders.good_rows()[0][key]))]


def test_a_school_the_version_does_not_have_gets_a_row_of_its_own(base, previewed, clerk):
    partial = previewed([row_of(1), builders.special_row()])
    assert partial.faults == []
    assert {(told["code"], told["is_new"], told["row"]) for told in partial.changes} == {("3142000007", True, 9)}
    result = settled(apply_partial(clerk, partial))
    added = result.records.get(code="3142000007")
    assert (added.row, added.name, added.school_type) == (9, "清河县特殊教育学校", "special")
    assert result.records.count() == base.records.count() + 1
    for code, record in figures_of(base).items():
        assert figures_of(result)[code] == record


def test_a_new_school_stands_below_whatever_the_sheet_ends_with(judged, previewed, clerk):
    def total(book: Workbook) -> None:
        book[SCHOOL_SHEET]["B12"] = "合计"
        book[SCHOOL_SHEET]["I12"] = 9999

    judged(edit=total)
    partial = previewed([builders.special_row()])
    assert {told["row"] for told in partial.changes} == {13}
    result = settled(apply_partial(clerk, partial))
    assert result.records.get(code="3142000007").row == 13
    assert load_workbook(BytesIO(bytes(result.file.content)))[SCHOOL_SHEET]["I12"].value == 9999


def test_a_new_school_with_the_name_of_a_known_one_is_pointed_out(base, previewed):
    partial = previewed([row_of(1, code="3142000022")])
    assert any("同名" in note and "3142000002" in note for note in partial.notes)


def test_a_school_of_another_county_is_no_new_school_of_this_one(base, previewed, clerk, other_county):
    School.objects.create(
        code="3142000007",
        name="棠南特殊教育学校",
        county=other_county,
        school_type="special",
        sponsor_type=7,
        urban_rural="town",
    )
    partial = previewed([row_of(1), builders.special_row()])
    assert any("属于另一个县" in fault["message"] for fault in partial.faults)
    with pytest.raises(Refused):
        apply_partial(clerk, partial)


def test_without_a_difference_there_is_nothing_to_apply(base, previewed, clerk):
    partial = previewed([row_of(0), row_of(3)])
    assert (partial.state, partial.changes, partial.faults) == (State.READY, [], [])
    with pytest.raises(Refused, match="没有需要更新的单元格"):
        apply_partial(clerk, partial)


def test_other_county_figures_are_said_and_left_alone(base, previewed, clerk):
    partial = previewed([row_of(0, primary_enrollment=1262)], figures=builders.good_figures() | {"C04": 213})
    assert any("「县级数据」有 1 项" in note for note in partial.notes)
    result = settled(apply_partial(clerk, partial))
    assert result.figures.get(code="C04").value == 212


def test_the_preview_says_what_the_verdict_would_be(base, previewed):
    partial = previewed([row_of(0, sports_ground_area=100)])
    assert any(note.startswith("试算：现在是“尚待评定”，更新后是“未达标”。") for note in partial.notes)


def test_what_would_contradict_the_rest_of_the_row_is_said_before(base, previewed):
    partial = previewed([row_of(0, primary_full_time_teachers=1)], keys=("code", "primary_full_time_teachers"))
    assert partial.faults == []
    assert any("更新后会新出现" in note for note in partial.notes)


# ── What keeps it from being applied ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row_of(0, primary_enrollment="1260人"), row_of(1, primary_classes=-3)], ["文本", "负数"]),
        ([row_of(0), row_of(0, primary_enrollment=1262)], ["重复", "重复"]),
        ([row_of(0, primary_enrollment=None)], ["必填项"]),
    ],
)
def test_faults_are_listed_with_their_cells_and_nothing_is_applied(base, previewed, clerk, rows, words):
    partial = previewed(rows)
    assert partial.state == State.READY
    assert len(partial.faults) == len(words)
    for fault, part in zip(partial.faults, words, strict=True):
        assert part in fault["message"]
        assert fault["cell"]
    with pytest.raises(Refused, match=f"请在文件中更正这 {len(words)} 处后重新上传"):
        apply_partial(clerk, partial)
    assert Submission.objects.count() == 1


def test_what_the_version_lacks_just_as_well_is_no_fault(judged, previewed):
    judged([row_of(0, primary_classes=None), *builders.good_rows()[1:]])
    partial = previewed([row_of(0, primary_classes=None, primary_enrollment=1262)])
    assert (partial.faults, cells_of(partial)) == ([], [(PUPILS, "1260", "1262")])


def test_a_code_that_stands_twice_in_the_version_cannot_be_matched(judged, previewed):
    judged([*builders.good_rows(), row_of(0, name="又一所")])
    partial = previewed([row_of(0, primary_enrollment=1262)])
    [fault] = partial.faults
    assert "第 3、9 行都是这个标识码" in fault["message"]


def test_a_version_whose_figures_are_formulas_on_a_changed_cell_is_updated_in_the_spreadsheet(judged, previewed, clerk):
    def edit(book: Workbook) -> None:
        book[SCHOOL_SHEET][builders.cell_of("primary_enrollment", 1)] = f"={PUPILS}"

    judged(edit=edit)
    partial = previewed([row_of(0, primary_enrollment=1262)])
    assert any("是公式" in fault["message"] for fault in partial.faults)
    with pytest.raises(Refused):
        apply_partial(clerk, partial)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (hostile.random_bytes, "无法识别"),
        (hostile.bomb_in_the_sheet, ""),
        (hostile.entities_in_the_sheet, ""),
        (hostile.macros, "宏"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_hostile_file_is_refused_in_words_and_nothing_happens(base, clerk, county, client, tmp_path, make, words):
    content = make(tmp_path / "hostile.xlsx").read_bytes()
    partial = settled(upload_partial(clerk, county, YEAR, "坏.xlsx", content))
    assert (partial.state, partial.changes, partial.job.state) == (State.REFUSED, [], JobState.DONE)
    [fault] = partial.faults
    assert words in fault["message"]
    client.force_login(clerk)
    assert fault["message"][:10] in client.get(reverse("partial", args=[partial.pk])).content.decode()
    with pytest.raises(Refused):
        apply_partial(clerk, partial)
    assert Submission.objects.count() == 1


def test_a_file_without_any_school_is_refused(base, previewed):
    partial = previewed([])
    assert partial.state == State.REFUSED
    assert any("没有任何学校" in fault["message"] for fault in partial.faults)


@pytest.mark.parametrize("kind", ["none", "csv", "unreadable", "waiting"])
def test_there_must_be_a_readable_version_to_update(standard, clerk, county, content_of, tmp_path, kind):
    content, words = content_of([row_of(0)]), "还没有上传过完整的工作簿"
    if kind == "csv":
        csv = builders.write_csv(tmp_path / "a.csv").read_bytes()
        settled(upload_workbook(clerk, county, YEAR, "a.csv", csv))
        words = "CSV 文件"
    elif kind == "unreadable":
        settled(upload_workbook(clerk, county, YEAR, "a.xlsx", b"no workbook"))
        words = "没有可用的学校数据"
    elif kind == "waiting":
        upload_workbook(clerk, county, YEAR, "a.xlsx", content_of())
        words = "还在处理"
    with pytest.raises(Refused, match=words):
        upload_partial(clerk, county, YEAR, "b.xlsx", content)
    assert not PartialWorkbook.objects.exists()


# ── Two tabs, stale versions, giving up ───────────────────────────────────────────────────────


def test_the_same_file_sent_twice_waits_once(base, clerk, county, content_of):
    content = content_of([row_of(0, primary_enrollment=1262)])
    first, second = (upload_partial(clerk, county, YEAR, "a.xlsx", content) for _ in range(2))
    assert first == second
    assert Job.objects.filter(partial__isnull=False).count() == 1


def test_a_version_made_meanwhile_makes_the_preview_stale(base, previewed, clerk):
    partial = previewed([row_of(0, primary_enrollment=1262)])
    settled(correct_cell(clerk, base, SCHOOL_SHEET, PUPILS, "1259"))
    with pytest.raises(Refused, match=r"第 2 版.*已经过时"):
        apply_partial(clerk, partial)
    partial.refresh_from_db()
    assert partial.state == State.READY
    assert Submission.objects.count() == 2


def test_a_second_confirmation_is_told_that_it_is_done(base, previewed, clerk):
    partial = previewed([row_of(0, primary_enrollment=1262)])
    in_another_tab = PartialWorkbook.objects.get(pk=partial.pk)
    apply_partial(clerk, partial)
    with pytest.raises(Refused, match="已经更新为第 2 版"):
        apply_partial(clerk, in_another_tab)
    with pytest.raises(Refused, match="不能再放弃"):
        discard_partial(clerk, PartialWorkbook.objects.get(pk=partial.pk))
    assert Submission.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_that_confirm_at_once_exactly_one_wins(base, previewed, clerk):
    partial = previewed([row_of(0, primary_enrollment=1262)])
    barrier, told = threading.Barrier(4), []

    def confirm() -> None:
        mine = PartialWorkbook.objects.get(pk=partial.pk)
        barrier.wait()
        try:
            told.append(apply_partial(clerk, mine).version)
        except Refused as refusal:
            told.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each for each in told if isinstance(each, int)] == [2]
    assert all("已经更新为第 2 版" in each for each in told if isinstance(each, str))
    assert Submission.objects.count() == 2


def test_given_up_it_changes_nothing_and_is_over(base, previewed, clerk):
    partial = previewed([row_of(0, primary_enrollment=1262)])
    discard_partial(clerk, partial)
    partial.refresh_from_db()
    assert (partial.state, partial.decided_by) == (State.DISCARDED, clerk)
    for again in (apply_partial, discard_partial):
        with pytest.raises(Refused):
            again(clerk, partial)
    assert Submission.objects.count() == 1


def test_given_up_while_it_is_read_it_stays_given_up(base, clerk, county, content_of):
    partial = upload_partial(clerk, county, YEAR, "a.xlsx", content_of([row_of(0, primary_enrollment=1262)]))
    discard_partial(clerk, partial)
    partial = settled(partial)
    assert (partial.state, partial.changes, partial.job.state) == (State.DISCARDED, [], JobState.DONE)


# ── Whole uploads that are small ──────────────────────────────────────────────────────────────


def test_a_whole_upload_with_few_schools_can_become_an_update_of_the_version_before(base, judged, clerk, client):
    small = judged([row_of(0, primary_enrollment=1262), row_of(1)], "三所.xlsx", figures={})
    client.force_login(clerk)
    page = client.get(reverse("submission", args=[small.pk])).content.decode()
    assert "这份文件只有 2 所学校，上一版（第 1 版）有 6 所，其中 2 所相同" in page
    answer = client.post(reverse("update_with_version", args=[small.pk]))
    partial = settled(PartialWorkbook.objects.get())
    assert answer.url == reverse("partial", args=[partial.pk])
    assert (partial.base, partial.file, cells_of(partial)) == (base, small.file, [(PUPILS, "1260", "1262")])
    result = settled(apply_partial(clerk, partial))
    assert (result.version, result.based_on, result.records.count()) == (3, base, 6)


def test_the_corrected_file_of_a_small_version_still_updates_the_version_before_it(base, judged, previewed, clerk):
    small = judged([row_of(0, primary_enrollment="1262人")], "一所.xlsx", figures={})
    first = settled(partials.update_with_version(clerk, small))
    with pytest.raises(Refused, match="请在文件中更正这 1 处"):
        apply_partial(clerk, first)
    again = previewed([row_of(0, primary_enrollment=1262)])
    assert (again.base, cells_of(again)) == (base, [(PUPILS, "1260", "1262")])
    result = settled(apply_partial(clerk, again))
    assert (result.version, result.based_on, result.records.count()) == (3, base, 6)


@pytest.mark.parametrize(
    "rows",
    [
        builders.good_rows()[:4],
        [builders.special_row("3142000099")],
    ],
)
def test_more_than_half_the_schools_or_quite_other_ones_are_no_update(base, judged, clerk, client, rows):
    small = judged(rows, "另一份.xlsx")
    client.force_login(clerk)
    page = client.get(reverse("submission", args=[small.pk])).content.decode()
    assert reverse("update_with_version", args=[small.pk]) not in page
    with pytest.raises(Refused, match="不是只含部分学校"):
        partials.update_with_version(clerk, small)


def test_only_the_small_version_itself_may_stand_above_the_one_it_updates(base, judged, clerk):
    small = judged([row_of(0, primary_enrollment=1262)], "一所.xlsx")
    partial = settled(partials.update_with_version(clerk, small))
    judged([row_of(2)], "又一所.xlsx")
    assert "已经过时" in why_not_apply(clerk, partial)
    with pytest.raises(Refused, match="已经过时"):
        apply_partial(clerk, partial)


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_the_signer_looks_and_is_told_why_not_and_others_find_nothing(base, previewed, signer, other_clerk, client):
    partial = previewed([row_of(0, primary_enrollment=1262)])
    page, apply, discard = (reverse(n, args=[partial.pk]) for n in ("partial", "partial_apply", "partial_discard"))
    client.force_login(signer)
    assert "签报人不更正数据" in client.get(page).content.decode()
    for address in (apply, discard):
        assert "签报人不更正数据" in client.post(address, follow=True).content.decode()
    client.force_login(other_clerk)
    for name in ("partial", "partial_progress", "partial_file"):
        assert client.get(reverse(name, args=[partial.pk]), headers={"HX-Request": "true"}).status_code == 404
    for name in ("partial_apply", "partial_discard", "partial_retry"):
        assert client.post(reverse(name, args=[partial.pk])).status_code == 404
    assert client.post(reverse("update_with_version", args=[base.pk])).status_code == 404
    partial.refresh_from_db()
    assert partial.state == State.READY
    for person, words in ((signer, "签报人不上传"), (other_clerk, "只有本县的填报员")):
        with pytest.raises(Refused, match=words):
            upload_partial(person, base.county, YEAR, "a.xlsx", b"x")


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────


def test_a_clerk_walks_from_the_upload_through_the_preview_to_the_new_version(
    standard, clerk, county, client, content_of
):
    year = current_school_year()
    client.force_login(clerk)
    desk = client.get(reverse("workspace")).content.decode()
    assert "本学年还没有上传过完整的工作簿" in desk
    base = settled(upload_workbook(clerk, county, year, "全县.xlsx", content_of()))
    file = SimpleUploadedFile("一所.xlsx", content_of([row_of(0, primary_enrollment=1262)], figures={}))
    answer = client.post(reverse("upload"), {"file": file, "only_some_schools": "on"})
    partial = PartialWorkbook.objects.get()
    assert answer.url == reverse("partial", args=[partial.pk])
    waiting = client.get(answer.url).content.decode()
    assert reverse("partial_progress", args=[partial.pk]) in waiting
    assert reverse("partial", args=[partial.pk]) in client.get(reverse("workspace")).content.decode()
    moving = client.get(reverse("partial_progress", args=[partial.pk]), headers={"HX-Request": "true"})
    assert "正在排队" in moving.content.decode()
    run_waiting_jobs()
    moved = client.get(reverse("partial_progress", args=[partial.pk]), headers={"HX-Request": "true"})
    assert moved.headers["HX-Refresh"] == "true"
    page = client.get(answer.url).content.decode()
    assert "将更新 1 所学校的 1 个单元格" in page
    for part in ("清河县实验小学", "小学在校生数", PUPILS, "<del>1260</del>", "<ins>1262</ins>"):
        assert part in page
    applied = client.post(reverse("partial_apply", args=[partial.pk]), follow=True)
    result = Submission.objects.get(version=2)
    assert applied.redirect_chain[-1][0] == reverse("submission", args=[result.pk])
    assert "已更新 1 个单元格，保存为第 2 版" in applied.content.decode()
    run_waiting_jobs()
    assert "部分学校更新" in client.get(reverse("submission", args=[result.pk])).content.decode()
    assert "保存为第 2 版" in client.get(answer.url).content.decode()
    assert reverse("partial", args=[partial.pk]) not in client.get(reverse("workspace")).content.decode()
    again = client.post(reverse("partial_apply", args=[partial.pk]), follow=True).content.decode()
    assert "已经更新为第 2 版" in again
    assert (Submission.objects.count(), base.records.count()) == (2, 6)


def test_what_a_file_says_is_printed_and_never_runs(base, previewed, clerk, client):
    partial = previewed([row_of(0, name="<script>alert(1)</script>")])
    client.force_login(clerk)
    page = client.get(reverse("partial", args=[partial.pk])).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_given_up_on_the_page_it_leaves_the_desk(base, previewed, clerk, client):
    partial = previewed([row_of(0, primary_enrollment=1262)])
    client.force_login(clerk)
    desk = client.post(reverse("partial_discard", args=[partial.pk]), follow=True).content.decode()
    assert "数据没有任何改动" in desk
    assert reverse("partial", args=[partial.pk]) not in desk


def test_the_steward_sees_the_jobs_of_partial_workbooks_too(base, previewed, client):
    from schools.actions import appoint
    from schools.models import Division
    from schools.vocabulary import Party

    partial = previewed([row_of(0, primary_enrollment=1262)])
    client.force_login(appoint("steward", "管理员甲", Party.STEWARD, Division.objects.get(pk="990000"), "x" * 20))
    assert client.get(reverse("admin:evaluation_job_changelist")).status_code == 200
    assert client.get(reverse("admin:evaluation_job_change", args=[partial.job.pk])).status_code == 200


# ── The job ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def waiting(base, clerk, county, content_of) -> PartialWorkbook:
    return upload_partial(clerk, county, YEAR, "a.xlsx", content_of([row_of(0, primary_enrollment=1262)], figures={}))


def test_a_worker_that_lost_its_lease_writes_no_preview(waiting):
    slow = jobs.claim()
    Job.objects.filter(partial=waiting).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    quick = jobs.claim()
    actions.run_job(slow)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.changes) == (State.READING, [])
    actions.run_job(quick)
    waiting.refresh_from_db()
    assert (waiting.state, len(waiting.changes)) == (State.READY, 1)


def test_a_machine_that_cannot_read_sets_the_job_aside_and_the_clerk_revives_it(
    waiting, clerk, other_clerk, client, monkeypatch
):
    def fail(uploaded: Any) -> None:
        raise FileRefused("file.reader_unavailable", "暂时无法读取。")

    monkeypatch.setattr(actions, "_read", fail)
    for _ in range(jobs.MOST_ATTEMPTS):
        Job.objects.update(not_before=None)
        assert run_waiting_jobs() == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.job.state) == (State.READING, JobState.SET_ASIDE)
    with pytest.raises(Refused):
        actions.retry_job(other_clerk, waiting.job)
    client.force_login(clerk)
    assert "没有读完" in client.get(reverse("partial", args=[waiting.pk])).content.decode()
    monkeypatch.undo()
    client.post(reverse("partial_retry", args=[waiting.pk]))
    assert settled(waiting).state == State.READY


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stage", ["reading", "computing", "storing"])
def test_a_worker_killed_while_it_reads_leaves_nothing_and_the_next_takes_it_up(waiting, worker_environment, stage):
    script = (
        "import django, time; django.setup()\n"
        "from evaluation import actions, jobs\n"
        "announce = jobs.report_stage\n"
        "def stop_at(job, stage, *rest):\n"
        "    announce(job, stage, *rest)\n"
        f"    if stage == {stage!r}: print('here', flush=True); time.sleep(60)\n"
        "jobs.report_stage = stop_at\n"
        "actions.run_job(jobs.claim())\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=worker_environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "here\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.changes) == (State.READING, [])

    restarted = subprocess.Popen([sys.executable, "manage.py", "work"], cwd=ROOT, env=worker_environment)
    try:
        deadline = time.monotonic() + 30
        while Job.objects.get(partial=waiting).state != JobState.DONE and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        restarted.terminate()
        restarted.wait(20)
    waiting.refresh_from_db()
    assert (waiting.state, len(waiting.changes), waiting.job.attempts) == (State.READY, 1, 2)
